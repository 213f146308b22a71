//! `gist`: asks a language model for summaries of notes.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead as _, IsTerminal as _, Write},
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Serialize;
use url_notes::{
    cli::{GistAsk, clean, query_of},
    clock,
    config::{Config, ModelKey, ModelSettings},
    domain::{
        Note, NoteId, PageText, Tag, beginning_in_paragraphs, model_name, parse_tags, tokens_in,
    },
    error::Error,
    store::{DueGists, Gist, GistProblem, GistSelection, Store},
};

use super::{
    context::Invocation,
    gist_server::{Failure, ModelServer},
};
use crate::{
    fetch::Service,
    model::{Question, endpoint},
};

/// Most of the user's tags that a model may choose from.
const MAX_TAGS: usize = 60;
/// Failures in a row after which a run ends.
const MAX_FAILURES: u32 = 3;
/// Longest title that is sent, in bytes.
const MAX_TITLE_BYTES: usize = 1024;

/// What `--json` prints of a note.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GistOutput {
    id: i64,
    title: String,
    url: String,
    /// `made`, `failed` or `skipped`; with `--dry-run`, `due`.
    result: &'static str,
    /// The summary, or null.
    text: Option<String>,
    maker: Option<String>,
    /// Tags that the model chose.
    tags: Vec<String>,
    /// Number of tags that the model invented, which were left out.
    invented_tags: usize,
    /// Number of characters of the text.
    chars: usize,
    problem: Option<&'static str>,
    /// The problem as a sentence.
    message: Option<String>,
}

/// What is sent of a note.
struct Material {
    note: Note,
    text: String,
    /// When the text had been read; `None` for a description.
    text_at: Option<Timestamp>,
}

/// Asks about the notes, and prints each summary.
pub(super) fn run(ask: &GistAsk, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let settings = settings(&invocation.config)?;
    let url = endpoint(&settings.url).map_err(|_| crate::fetch::ServiceRefusal::BadAddress)?;
    let service = Service::new(
        &url,
        settings.remote,
        Duration::from_secs(settings.timeout.into()),
        invocation.config.proxy.as_deref(),
    )?;
    let key = settings.key()?;
    let mut store = invocation.store()?;
    let due = selected(ask, &settings, &store)?;
    if ask.dry_run {
        return rehearse(invocation, &store, &settings, &service, &due);
    }
    if due.ids.is_empty() {
        return nothing_to_do(ask, invocation, &store, &due);
    }
    if service.is_remote() && !ask.yes && !is_allowed(&service, due.ids.len())? {
        writeln!(invocation.out, "Nothing was sent.")?;
        return Ok(());
    }
    let _lock = lock(&invocation.config)?;
    let mut run = Run {
        server: ModelServer::new(service, &settings.name, key.as_ref().map(ModelKey::secret)),
        maker: model_name(&settings.name).unwrap_or_default(),
        settings: &settings,
        store: &mut store,
        outputs: Vec::new(),
        failed_in_a_row: 0,
    };
    let end = run.ask_all(invocation, &due);
    run.finish(invocation, &due, end)
}

/// Returns the settings of the model.
fn settings(config: &Config) -> anyhow::Result<ModelSettings> {
    let Some(settings) = config.model.clone() else {
        if config.model_problem.is_some() {
            // The problem itself was printed when the program started.
            bail!(
                "No model is asked until that is mended in {}.",
                config.file.display()
            );
        }
        bail!(
            "No model is set up. To use one of Ollama, add these three lines to {}: [model], then \
             url = \"http://localhost:11434/v1\", then name = \"gemma3:4b\".",
            config.file.display()
        );
    };
    Ok(settings)
}

/// Returns the notes that the model is to be asked about.
fn selected(ask: &GistAsk, settings: &ModelSettings, store: &Store) -> anyhow::Result<DueGists> {
    let limit = usize::try_from(ask.limit.unwrap_or(settings.per_run))?;
    let mut among: Option<Vec<NoteId>> = None;
    if !ask.notes.is_empty() {
        let mut ids = Vec::new();
        for which in &ask.notes {
            let id = which.live(store)?.id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        among = Some(ids);
    } else if ask.query.is_some() || !ask.tags.is_empty() {
        let mut query = query_of(ask.query.as_deref().unwrap_or_default());
        if let Some(problem) = query.problems.first() {
            // A partly ignored query would send more notes than intended.
            bail!("{problem} Nothing was sent.");
        }
        query.deleted = false;
        query
            .with
            .extend(store.tags_of_names(&parse_tags(&ask.tags)?)?);
        among = Some(store.matching_ids(&query)?);
    }
    let selection = GistSelection {
        among: among.as_deref(),
        again: ask.again,
        limit,
    };
    Ok(store.due_gists(selection)?)
}

/// Says why no note is due.
fn nothing_to_do(
    ask: &GistAsk,
    invocation: &mut Invocation<'_>,
    store: &Store,
    due: &DueGists,
) -> anyhow::Result<()> {
    if invocation.json {
        return invocation.print_json(&[(); 0]);
    }
    let unreadable = unreadable(due.unreadable);
    let sentence = match (ask.notes.is_empty(), due.unreadable) {
        _ if store.counts()?.notes == 0 => "There are no notes.".to_owned(),
        (false, 1..) => format!("{unreadable}."),
        (_, 0) => "No note is due. To ask about notes again, use --again.".to_owned(),
        (true, _) => format!("No note is due. {unreadable}."),
    };
    writeln!(invocation.out, "{sentence}")?;
    Ok(())
}

/// Prints what a run would send.
fn rehearse(
    invocation: &mut Invocation<'_>,
    store: &Store,
    settings: &ModelSettings,
    service: &Service,
    due: &DueGists,
) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    for id in &due.ids {
        if let Some(material) = Material::of(store, *id, settings.max_chars)? {
            outputs.push(GistOutput::of(&material, "due"));
        }
    }
    if invocation.json {
        return invocation.print_json(&outputs);
    }
    for output in &outputs {
        let line = format!("{}: {} characters", output.name(), output.chars);
        writeln!(invocation.out, "{}", clean(&line))?;
    }
    let (count, host) = (counted(outputs.len() as u64, "note"), service.host());
    writeln!(
        invocation.out,
        "{count} would be sent to {host}. Nothing was sent."
    )?;
    Ok(())
}

/// Asks whether notes may be sent to another computer.
fn is_allowed(service: &Service, notes: usize) -> anyhow::Result<bool> {
    let what = format!(
        "Title, address, text and language of {}, with up to {MAX_TAGS} of your tags, will be sent to {}.",
        counted(notes as u64, "note"),
        service.host()
    );
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        bail!("{what} To allow it, use --yes.");
    }
    write!(io::stderr(), "{what} Continue? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

/// Keeps two runs from asking about the same notes. The lock ends with its file.
fn lock(config: &Config) -> anyhow::Result<Option<File>> {
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(config.database.with_file_name("gists.lock"))
        .context("The folder of the notes can't be written to")?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("A model is being asked already. Run this again when that is done.")
        }
        // File systems without locks.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// What `problem` is for a fault of the server, which isn't recorded: the note stays due.
const SERVER: &str = "server";

/// Why a run ends before all notes were asked about.
enum End {
    /// It doesn't.
    Done,
    /// The limit of the day.
    PerDay,
    /// The server; every other note would fail in the same way.
    Server(String),
    /// Too many failures in a row.
    Failures,
}

struct Run<'a> {
    server: ModelServer,
    maker: String,
    settings: &'a ModelSettings,
    store: &'a mut Store,
    outputs: Vec<GistOutput>,
    failed_in_a_row: u32,
}

impl Run<'_> {
    fn ask_all(&mut self, invocation: &mut Invocation<'_>, due: &DueGists) -> anyhow::Result<End> {
        let shows = io::stderr().is_terminal() && !invocation.config.terminal.dumb;
        for (place, id) in due.ids.iter().enumerate() {
            // Notes may have changed during the minutes before.
            let Some(material) = Material::of(self.store, *id, self.settings.max_chars)? else {
                continue;
            };
            let per_day = self.settings.per_day;
            if !self
                .store
                .write(clock::now(), |writer| writer.count_question(per_day))?
            {
                return Ok(End::PerDay);
            }
            if shows {
                let (place, all) = (place + 1, due.ids.len());
                write!(
                    io::stderr(),
                    "\r\u{1b}[K{place} of {all}: {}",
                    clean(&self.maker)
                )?;
            }
            let answered = self.ask(&material);
            if shows {
                write!(io::stderr(), "\r\u{1b}[K")?;
            }
            let Some(output) = answered? else {
                // The note was deleted meanwhile.
                continue;
            };
            let (output, end) = output;
            if !invocation.json {
                output.print(invocation.out)?;
            }
            self.failed_in_a_row = match output.result {
                "failed" => self.failed_in_a_row + 1,
                _ => 0,
            };
            self.outputs.push(output);
            if let Some(sentence) = end {
                return Ok(End::Server(sentence));
            }
            if self.failed_in_a_row == MAX_FAILURES {
                return Ok(End::Failures);
            }
        }
        Ok(End::Done)
    }

    /// Asks about a note and records the result. Returns it, with a sentence if the server is the
    /// cause; `None` if the note is gone.
    fn ask(&mut self, material: &Material) -> anyhow::Result<Option<(GistOutput, Option<String>)>> {
        let note = &material.note;
        let page = PageText {
            url: &note.url,
            title: &note.title,
            texts: ["", &material.text],
        };
        let tags = self.store.tags_to_choose_from(page, MAX_TAGS)?;
        let address = address(note);
        let question = Question {
            title: &note.title[..note.title.floor_char_boundary(MAX_TITLE_BYTES)],
            address: &address,
            lang: note.metadata.lang.as_deref(),
            text: &material.text,
            tags: &tags,
        };
        let mut output = GistOutput::of(material, "failed");
        let now = clock::now;
        let (recorded, end) = match self.server.ask(&question) {
            Ok(answer) => {
                output.result = "made";
                output.text = Some(answer.summary.clone());
                output.maker = Some(self.maker.clone());
                output.tags = answer.tags.iter().map(Tag::to_string).collect();
                output.invented_tags = answer.invented;
                let gist = Gist {
                    text: answer.summary,
                    maker: self.maker.clone(),
                    made_at: now(),
                    tags: answer.tags,
                    text_at: material.text_at,
                    is_outdated: false,
                };
                let stored = self
                    .store
                    .write(now(), |writer| writer.put_gist(note.id, &gist));
                (stored, None)
            }
            Err(Failure::Note(problem, sentence)) => {
                output.fail(problem.name(), sentence);
                (self.record(material, problem), None)
            }
            Err(Failure::Server(sentence)) => {
                output.fail(SERVER, sentence);
                (Ok(()), None)
            }
            Err(Failure::Everything(sentence)) => {
                output.fail(SERVER, sentence.clone());
                (Ok(()), Some(sentence))
            }
        };
        match recorded {
            Ok(()) => Ok(Some((output, end))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn record(&mut self, material: &Material, problem: GistProblem) -> Result<(), Error> {
        let (id, text_at) = (material.note.id, material.text_at);
        self.store.write(clock::now(), |writer| {
            writer.fail_gist(id, problem, text_at)
        })
    }

    fn finish(
        self,
        invocation: &mut Invocation<'_>,
        due: &DueGists,
        end: anyhow::Result<End>,
    ) -> anyhow::Result<()> {
        let count = |result: &str| {
            let found = self.outputs.iter().filter(|output| output.result == result);
            found.count() as u64
        };
        let (made, failed) = (count("made"), count("failed"));
        let is_still_due = |output: &&GistOutput| output.problem == Some(SERVER);
        let still_due = self.outputs.iter().filter(is_still_due).count() as u64;
        if invocation.json {
            invocation.print_json(&self.outputs)?;
        } else {
            let maker = &self.maker;
            let mut line = format!("{} by {maker}", counted_summaries(made));
            if failed > 0 {
                line.push_str(&format!(", {failed} failed"));
            }
            line.push('.');
            match due.due.saturating_sub(made + failed - still_due) {
                0 => {}
                1 if still_due > 0 => line.push_str(" 1 note is still due."),
                more if still_due > 0 => line.push_str(&format!(" {more} notes are still due.")),
                1 => line.push_str(" 1 more note is due."),
                more => line.push_str(&format!(" {more} more notes are due.")),
            }
            if due.unreadable > 0 {
                line.push_str(&format!(" {}.", unreadable(due.unreadable)));
            }
            writeln!(invocation.out, "{}", clean(&line))?;
        }
        match end? {
            End::Server(sentence) => bail!(sentence),
            End::Failures => bail!(
                "Stopped after {MAX_FAILURES} failures in a row. {}",
                without_summary(failed - still_due, still_due)
            ),
            End::PerDay => {
                let sentence = format!(
                    "The model was asked {} times today, the most that per-day in [model] allows.",
                    self.settings.per_day
                );
                match invocation.json {
                    true => writeln!(io::stderr(), "url-notes: {sentence}")?,
                    false => writeln!(invocation.out, "{sentence}")?,
                }
            }
            End::Done => {}
        }
        match failed {
            0 => Ok(()),
            _ => bail!(without_summary(failed - still_due, still_due)),
        }
    }
}

impl Material {
    /// Reads what is sent of a note. `None` if it is gone or there is nothing to read.
    fn of(store: &Store, id: NoteId, max_chars: usize) -> anyhow::Result<Option<Self>> {
        let read = store.read_transaction(|store| Ok((store.note(id)?, store.text(id)?)))?;
        let (Some(note), text) = read else {
            return Ok(None);
        };
        let (text, text_at) = match text {
            Some(text) => (text.markdown, Some(text.summary.taken_at)),
            None => (note.metadata.excerpt.clone().unwrap_or_default(), None),
        };
        let text = beginning_in_paragraphs(text.trim(), max_chars).to_owned();
        Ok((!text.is_empty()).then_some(Self {
            note,
            text,
            text_at,
        }))
    }
}

/// Returns the address of a note as it is sent: without user name, password and, if it has access
/// tokens, everything after the path.
fn address(note: &Note) -> String {
    let address = note.address().into_owned();
    let Ok(mut url) = url::Url::parse(&address) else {
        return address;
    };
    url.set_fragment(None);
    if !tokens_in(&address).is_empty() {
        url.set_query(None);
    }
    url.into()
}

impl GistOutput {
    fn of(material: &Material, result: &'static str) -> Self {
        let note = &material.note;
        Self {
            id: note.id.0,
            title: note.title.clone(),
            url: note.address().into_owned(),
            result,
            text: None,
            maker: None,
            tags: Vec::new(),
            invented_tags: 0,
            chars: material.text.chars().count(),
            problem: None,
            message: None,
        }
    }

    fn fail(&mut self, problem: &'static str, sentence: String) {
        self.problem = Some(problem);
        self.message = Some(sentence);
    }

    fn name(&self) -> &str {
        match self.title.as_str() {
            "" => &self.url,
            title => title,
        }
    }

    /// Prints a note for people, at once: the next one can take minutes.
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", clean(self.name()))?;
        let text = self.text.as_deref().or(self.message.as_deref());
        writeln!(out, "    {}", clean(text.unwrap_or_default()))?;
        let mut tags = match self.tags.is_empty() {
            true => String::new(),
            false => format!("    Tags that fit: {}", self.tags.join(", ")),
        };
        match self.invented_tags {
            0 => {}
            invented => {
                tags.push_str(if tags.is_empty() { "    " } else { "; " });
                tags.push_str(&format!(
                    "{} left out",
                    counted(invented as u64, "invented tag")
                ));
            }
        }
        if !tags.is_empty() {
            // The indent isn't part of what is cleaned.
            writeln!(out, "    {}", clean(tags.trim_start()))?;
        }
        out.flush()
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// Says what becomes of notes without a summary. `recorded`: those whose failure is recorded.
fn without_summary(recorded: u64, still_due: u64) -> String {
    let mut sentences = Vec::new();
    match recorded {
        0 => {}
        1 => sentences.push(
            "A note has no summary. The next runs leave it out; --again asks once more.".to_owned(),
        ),
        _ => sentences.push(format!(
            "{recorded} notes have no summary. The next runs leave them out; --again asks once more."
        )),
    }
    match still_due {
        0 => {}
        1 => sentences.push("The server failed for 1 note, which stays due.".to_owned()),
        _ => sentences.push(format!(
            "The server failed for {still_due} notes, which stay due."
        )),
    }
    sentences.join(" ")
}

fn counted_summaries(count: u64) -> String {
    match count {
        1 => "1 summary".into(),
        count => format!("{count} summaries"),
    }
}

/// Says how many notes have nothing to read, without a full stop.
fn unreadable(count: u64) -> String {
    match count {
        1 => "1 note has neither a text nor a description, so there is nothing to send".into(),
        count => format!(
            "{count} notes have neither a text nor a description, so there is nothing to send"
        ),
    }
}
