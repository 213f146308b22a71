//! `url-notes edit`
//!
//! Typed text is kept in a folder beside the notes until it is saved, so that neither a mistake nor
//! a crash loses it.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::{
    cli::{
        add,
        context::Invocation,
        draft::{self, Draft},
        front_matter,
        many::{self, Many},
        note_ref::NoteRef,
        print::clean,
        terminal::{self, EditorFailure},
    },
    domain::{Change, Note, PageUrl, Tag, nearest, parse_tags},
    error::{Error, Result},
    platform, protocol,
    store::{BulkChange, Store},
    wire::wire_note,
};

/// An editor that exits within this time may have left its window open, because nobody reads a note
/// so fast.
const AT_ONCE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without options, `url-notes edit` opens title, tags and note in your editor (VISUAL or EDITOR).

Examples:
  url-notes edit https://example.org
  url-notes edit 1755000000000000 --tag gpu --untag \"to read\"
  url-notes edit 1755000000000000 --url https://example.org/moved
  url-notes edit --query 'is:untagged site:arxiv.org' --tag paper --dry-run
  url-notes edit --query is:moved --follow
  EDITOR='code --wait' url-notes edit 1755000000000000")]
pub(super) struct Edit {
    /// Id or address
    #[arg(value_name = "ID|URL", required_unless_present_any = ["query", "undo"], conflicts_with_all = ["query", "undo"])]
    which: Option<NoteRef>,
    #[command(flatten)]
    many: Many,
    /// Undo an edit of many notes; its output shows the number
    #[arg(long, value_name = "EDIT", conflicts_with_all = ["query", "title", "tags", "untags", "summary", "file", "read", "unread", "url", "delete", "follow"])]
    undo: Option<i64>,
    /// Mark as read
    #[arg(long)]
    read: bool,
    /// Mark as unread
    #[arg(long, conflicts_with = "read")]
    unread: bool,
    /// New address; the note keeps the old one as a further address
    #[arg(long, value_name = "URL", conflicts_with = "query")]
    url: Option<String>,
    /// Move the matching notes to the trash
    #[arg(long, requires = "query", conflicts_with_all = ["tags", "untags", "read", "unread"])]
    delete: bool,
    /// Give the matching notes whose pages have moved the pages' new addresses; the notes keep the old ones as further addresses
    #[arg(long, requires = "query", conflicts_with_all = ["tags", "untags", "read", "unread", "delete"])]
    follow: bool,
    /// New title
    #[arg(long, allow_hyphen_values = true, conflicts_with = "query")]
    title: Option<String>,
    /// Add a tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
    /// Remove a tag; may be given several times
    #[arg(long = "untag", value_name = "TAG", allow_hyphen_values = true)]
    untags: Vec<String>,
    /// Replace the note, in Markdown; - reads it from standard input
    #[arg(
        long,
        value_name = "MD",
        allow_hyphen_values = true,
        conflicts_with = "query"
    )]
    summary: Option<String>,
    /// Read title, tags and note from a file in the format that the editor shows; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["title", "tags", "untags", "summary", "read", "unread", "url", "query"])]
    file: Option<PathBuf>,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Output {
    note: protocol::Note,
    changed: bool,
}

/// The result of an edit.
struct Edited {
    note: Note,
    changed: bool,
    /// Further messages, as sentences.
    besides: Vec<String>,
}

impl Edit {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if let Some(edit) = self.undo {
            return many::undo(invocation, edit);
        }
        if let Some(query) = &self.many.query {
            let change = BulkChange {
                add_tags: parse_tags(&self.tags)?,
                remove_tags: parse_tags(&self.untags)?,
                read: self.read_state(),
                delete: self.delete,
                restore: false,
                follow: self.follow,
            };
            return self.many.run(invocation, query, &change);
        }
        let Some(which) = &self.which else {
            bail!("Enter the id or the address of a note, or use --query.");
        };
        let mut store = invocation.store()?;
        let note = which.live(&store)?;
        let edited = if let Some(file) = &self.file {
            match Draft::of_file(&invocation.config, note.id, file)? {
                Some(draft) => {
                    let seen = seen(&draft, &note);
                    let (mut edited, taken) = by_file(&mut store, &seen, file)?;
                    edited.besides.extend(draft.done(&taken));
                    edited
                }
                None => by_file(&mut store, &note, file)?.0,
            }
        } else if self.title.is_some()
            || self.summary.is_some()
            || !self.tags.is_empty()
            || !self.untags.is_empty()
            || self.read_state().is_some()
            || self.url.is_some()
        {
            let change = self.change(&store, &note)?;
            self.with_address(&mut store, &note, change)?
        } else {
            in_editor(invocation, &mut store, &note)?
        };
        for besides in &edited.besides {
            invocation.hint(besides);
        }
        if invocation.json {
            return invocation.print_json(&Output {
                note: wire_note(&edited.note),
                changed: edited.changed,
            });
        }
        invocation.style().brief(invocation.out, &edited.note)?;
        let done = if edited.changed {
            "Changed."
        } else {
            "Nothing was changed."
        };
        writeln!(invocation.out, "{done}")?;
        Ok(())
    }

    fn read_state(&self) -> Option<bool> {
        (self.read || self.unread).then_some(self.read)
    }

    /// Changes the address, if `--url` is given, and applies the other changes.
    fn with_address(
        &self,
        store: &mut Store,
        note: &Note,
        change: Change,
    ) -> anyhow::Result<Edited> {
        let Some(url) = &self.url else {
            return Ok(apply(store, note, change)?);
        };
        let url = PageUrl::parse(url)?;
        url.require_savable(true)?;
        let moved = store.write(crate::clock::now(), |writer| {
            writer.change_address(note.id, &url)
        });
        let moved = match moved {
            Err(Error::AddressTaken(other)) => bail!(
                "This page already has another note. To merge the two, run `url-notes merge {other} {}`.",
                note.id.0
            ),
            moved => moved?,
        };
        let edited = apply(store, &moved, change)?;
        Ok(Edited {
            changed: edited.changed || moved.url != note.url,
            ..edited
        })
    }

    /// Returns the change that the options describe.
    fn change(&self, store: &Store, note: &Note) -> anyhow::Result<Change> {
        let mut tags = note.tags.clone();
        for tag in store.tags_of_names(&parse_tags(&self.untags)?)? {
            let Some(at) = tags.iter().position(|own| *own == tag) else {
                let own = note.tags.iter().map(Tag::as_str);
                match nearest(tag.as_str(), own) {
                    Some(name) => {
                        bail!("The note doesn't have the tag \"{tag}\". Did you mean \"{name}\"?")
                    }
                    None => bail!("The note doesn't have the tag \"{tag}\"."),
                }
            };
            tags.remove(at);
        }
        for tag in store.tags_of_names(&parse_tags(&self.tags)?)? {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let summary = match self.summary.as_deref() {
            Some("-") => Some(add::read_summary()?),
            given => given.map(str::to_owned),
        };
        let read = self.read_state().filter(|read| *read != note.read);
        let change = difference(note, self.title.clone(), Some(tags), summary);
        Ok(Change { read, ..change })
    }
}

/// Returns the change that turns the note into this form.
fn difference(
    note: &Note,
    title: Option<String>,
    tags: Option<Vec<Tag>>,
    summary: Option<String>,
) -> Change {
    let tags = tags.filter(|tags| *tags != note.tags);
    let summary = summary.filter(|summary| *summary != note.summary);
    Change {
        read: None,
        title: title.filter(|title| *title != note.title),
        seen_tags: tags.is_some().then(|| note.tags.clone()),
        seen_summary: summary.is_some().then(|| note.summary.clone()),
        tags,
        summary,
    }
}

/// Returns the change that a file describes.
///
/// # Errors
/// A sentence.
fn change_of(bytes: &[u8], note: &Note) -> Result<Change> {
    let form = front_matter::read(bytes).map_err(Error::InvalidParams)?;
    let title = form
        .title
        .filter(|title| *title != front_matter::one_line(&note.title));
    let tags = form.tags.map(|tags| parse_tags(&tags)).transpose()?;
    // Line endings and surrounding blank lines come from the editor, not from the user.
    let same = form.summary == front_matter::plain(&note.summary);
    Ok(difference(
        note,
        title,
        tags,
        (!same).then_some(form.summary),
    ))
}

/// Applies a change made to `note` as it was read.
fn apply(store: &mut Store, note: &Note, change: Change) -> Result<Edited> {
    if change.title.is_none()
        && change.tags.is_none()
        && change.summary.is_none()
        && change.read.is_none()
    {
        return Ok(Edited {
            note: note.clone(),
            changed: false,
            besides: Vec::new(),
        });
    }
    let fields = |note: &Note| {
        let (title, tags) = (note.title.clone(), note.tags.clone());
        (title, tags, note.summary.clone(), note.read)
    };
    let before = store.note(note.id)?;
    let changed = store.write(crate::clock::now(), |writer| {
        writer.update_note(note.id, change.clone())
    })?;
    if let Err(error) = store.run_maintenance() {
        log::warn!("upkeep: {}", error.chain());
    }
    let is_same = before
        .as_ref()
        .is_some_and(|before| fields(before) == fields(&changed));
    let besides = before
        .filter(|before| fields(before) != fields(note))
        .map(|before| match change.title {
            // Of two titles only one can stay.
            Some(_) if before.title != note.title => format!(
                "The note was changed elsewhere while you edited it. Both changes are kept, except the other title \"{}\".",
                before.title
            ),
            _ => "The note was changed elsewhere while you edited it. Both changes are kept.".into(),
        });
    Ok(Edited {
        // An alias of a tag is no change.
        changed: !is_same,
        note: changed,
        besides: besides.into_iter().collect(),
    })
}

/// Applies a file to the note. Returns the result and the file's content.
fn by_file(store: &mut Store, note: &Note, file: &Path) -> anyhow::Result<(Edited, Vec<u8>)> {
    let bytes = if file == Path::new("-") {
        draft::read(io::stdin().lock())
    } else {
        File::open(file).and_then(draft::read)
    };
    let bytes =
        bytes.map_err(|error| anyhow::anyhow!("{} can't be read ({error}).", file.display()))?;
    let change = change_of(&bytes, note).with_context(|| file.display().to_string())?;
    Ok((apply(store, note, change)?, bytes))
}

/// Returns the note as it was when a kept draft was started; later changes aren't the draft's.
fn seen(draft: &Draft, note: &Note) -> Note {
    let mut seen = note.clone();
    let Ok(form) = draft
        .before()
        .map(|bytes| front_matter::read(&bytes).unwrap_or_default())
    else {
        return seen;
    };
    if let Some(tags) = form.tags.and_then(|tags| parse_tags(&tags).ok()) {
        seen.tags = tags;
    }
    if let Some(title) = form.title
        && title != front_matter::one_line(&note.title)
    {
        seen.title = title;
    }
    if form.summary != front_matter::plain(&note.summary) {
        seen.summary = form.summary;
    }
    seen
}

fn in_editor(
    invocation: &Invocation<'_>,
    store: &mut Store,
    note: &Note,
) -> anyhow::Result<Edited> {
    let config = &invocation.config;
    let (draft, other) = Draft::begin(config, note)?;
    loop {
        let begun = Instant::now();
        match terminal::edit(&config.terminal, &draft.path) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => return draft.give_up(&sentence_of(&failure)),
            Err(error) => {
                return draft.give_up(&format!("The editor can't be started ({error})."));
            }
        }
        let is_at_once = begun.elapsed() < AT_ONCE;
        let mistake = match draft.typed() {
            Ok(bytes) if front_matter::is_blank(&bytes) => {
                return draft.give_up("The file is empty, so nothing was changed.");
            }
            Ok(bytes) => {
                match change_of(&bytes, note).and_then(|change| apply(store, note, change)) {
                    Ok(mut edited) => {
                        edited.besides.extend(other.map(|path| {
                            format!(
                                "Another edit of this note is open or unfinished. It is in {}.",
                                path.display()
                            )
                        }));
                        edited
                            .besides
                            .extend(if is_at_once && draft.is_as_before() {
                                Some(window_may_be_open(&draft))
                            } else {
                                draft.done(&bytes)
                            });
                        return Ok(edited);
                    }
                    Err(error) => {
                        log::warn!("edit: {}", error.chain());
                        error.to_string()
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                "The file is longer than 1 MiB, the limit for an edited note.".into()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return draft.give_up("The editor left no file, so nothing was changed.");
            }
            Err(error) => {
                return draft.give_up(&format!("Your text can't be read ({error})."));
            }
        };
        // If asking fails, the typed text is kept.
        if !ask_to_edit_again(&mistake).unwrap_or(false) {
            return draft.give_up(&mistake);
        }
    }
}

/// Explains that some editors exit at once and leave their window open.
fn window_may_be_open(draft: &Draft) -> String {
    format!(
        "The editor ended at once. If its window is still open, save there and run `{}`. To make url-notes wait for the window, set EDITOR='code --wait' or similar.",
        draft.command()
    )
}

fn sentence_of(failure: &EditorFailure) -> String {
    match failure {
        EditorFailure::None => {
            "No editor is set. Set EDITOR, for example `EDITOR=nano url-notes edit …`.".into()
        }
        EditorFailure::Absent(name) => {
            format!("The editor \"{name}\" can't be started. Set VISUAL or EDITOR to your editor.")
        }
        EditorFailure::Failed(status) => {
            match (status.code(), platform::signal_that_ended(*status)) {
                (Some(code), _) => {
                    format!("The editor exited with status {code}, so nothing was changed.")
                }
                (None, signal) => format!(
                    "Signal {} ended the editor, so nothing was changed.",
                    signal.unwrap_or_default()
                ),
            }
        }
    }
}

/// Prints what is wrong and asks whether to edit again. Doesn't ask if there is no terminal.
fn ask_to_edit_again(sentence: &str) -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(false);
    }
    write!(
        io::stderr(),
        "url-notes: {} Edit again? [Y/n] ",
        clean(sentence)
    )?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer)?;
    Ok(read > 0 && !answer.trim_start().starts_with(['n', 'N']))
}
