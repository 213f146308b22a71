//! `fetch`: downloads the pages of notes that have no text, and keeps their texts.

use std::{
    io::Write,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use url::{Host, Url};
use url_notes::{
    cli::{Bar, Fetch, clean, query_of},
    clock,
    config::KeepText,
    domain::{Note, NoteId, Query, timestamp_text},
    error::Result as StoreResult,
    store::{FetchedPage, NewText, Store, TextDue, TextFetch, TextProblem, TextSource, Writer},
};

use super::context::Invocation;
use crate::{
    fetch::{FetchError, Fetcher, Request, Response, Size, Visit, host_of},
    page_text::{self, AskedPage, Found, PageText},
};

/// Largest page, in bytes.
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Most pages that are asked for without robots.txt: as many as a user could open by hand.
const FEW_PAGES: usize = 20;
/// Most pages that refer to another one, one after the other.
const MAX_REFRESHES: usize = 2;

/// The media types that can be read.
const ACCEPT: &str =
    "text/html, application/xhtml+xml, text/plain;q=0.8, text/markdown;q=0.8, */*;q=0.1";

/// What `--json` prints of a page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageOutput {
    id: i64,
    title: String,
    url: String,
    /// `due`, `kept`, `failed` or `skipped`.
    result: &'static str,
    /// Number of words of the text.
    words: Option<u32>,
    /// False if the text was too long and was cut.
    whole: Option<bool>,
    problem: Option<&'static str>,
    /// The problem as a sentence.
    message: Option<&'static str>,
    /// When the page was asked for, if it failed.
    tried_at: Option<String>,
    /// When it may be asked for again.
    next_at: Option<String>,
}

/// A page to be asked for.
struct Job {
    id: NoteId,
    /// The address as the note has it.
    stored: String,
    /// Its address as it is shown.
    address: String,
    /// The same, to be asked for.
    url: Url,
    title: String,
    allow_private: bool,
}

/// What came of a page.
enum Outcome {
    Page(Box<FetchedPage>),
    Failed(TextProblem, Option<SignedDuration>),
}

/// Downloads the texts, and prints a line for each page.
pub(super) fn run(fetch: &Fetch, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let query = query(fetch)?;
    let allowed = hosts(&fetch.allow_private)?;
    if invocation.config.keep_text == KeepText::Never && !fetch.problems {
        bail!("No text is downloaded, because keep-text is \"never\" in config.toml.");
    }
    let mut store = invocation.store()?;
    if fetch.problems {
        return list_problems(invocation, &store, &query);
    }
    let _lock = match fetch.dry_run {
        true => None,
        false => invocation.lock(
            "texts.lock",
            "Texts are being downloaded already. Run this again when that is done.",
        )?,
    };
    let now = clock::now();
    let due = |note: Option<&Note>, failure: Option<&TextFetch>| {
        is_due(fetch, &allowed, now, note, failure)
    };
    let limit = usize::try_from(fetch.limit).unwrap_or(usize::MAX);
    let missing = store.missing_texts(&query, limit, due)?;
    if fetch.dry_run {
        let outputs: Vec<_> = missing.due.iter().map(PageOutput::due).collect();
        return finish_list(invocation, &outputs, missing.more, missing.later);
    }
    if missing.due.is_empty() {
        return finish_list(invocation, &[], 0, missing.later);
    }
    let jobs: Vec<Job> = missing
        .due
        .iter()
        .filter_map(|note| Job::of(note, &allowed))
        .collect();
    let total = jobs.len();
    let (mut all, mut bar) = (Vec::new(), Bar::new(invocation.config.terminal.dumb));
    let ended = fetch_all(invocation, &mut store, jobs, |out, json, done| {
        bar.clear();
        if !json {
            // At once: a run can take minutes.
            writeln!(out, "{}", line(&done))?;
            out.flush()?;
        }
        all.push(done);
        let count = all.len();
        bar.show(|_| format!("{count} of {total} pages"));
        Ok(())
    });
    bar.clear();
    ended.with_context(|| {
        let done = all.len();
        format!("The run ended after {done} of {total} pages, whose results are kept")
    })?;
    finish(invocation, &all, missing.more)
}

fn query(fetch: &Fetch) -> anyhow::Result<Query> {
    let query = query_of(&fetch.query.join(" "));
    if let Some(problem) = query.problems.first() {
        // A partly ignored query would ask for more pages than intended.
        bail!("{problem} Nothing was fetched.");
    }
    if query.deleted {
        bail!("The pages of notes in the trash aren't fetched.");
    }
    Ok(query)
}

/// A host that may be in a private network, with its port if only that one is meant.
type Allowed = (Host<String>, Option<u16>);

/// Reads names of hosts, which may have a scheme, a port or a path.
fn hosts(names: &[String]) -> anyhow::Result<Vec<Allowed>> {
    let host = |name: &String| {
        let url = match name.contains("://") {
            true => Url::parse(name),
            false => Url::parse(&format!("http://{name}")),
        };
        match url
            .ok()
            .and_then(|url| url.host().map(|host| host.to_owned()))
        {
            Some(host) => Ok((host, port_of(name))),
            None => bail!("\"{}\" isn't the name of a host.", clean(name)),
        }
    };
    names.iter().map(host).collect()
}

/// Returns the port that is written behind the name of a host.
fn port_of(name: &str) -> Option<u16> {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

fn is_allowed(allowed: &[Allowed], url: &Url) -> bool {
    let Some(host) = url.host().map(|host| host.to_owned()) else {
        return false;
    };
    let port = url.port_or_known_default();
    allowed
        .iter()
        .any(|(known, only)| *known == host && only.is_none_or(|only| port == Some(only)))
}

fn is_due(
    fetch: &Fetch,
    allowed: &[Allowed],
    now: Timestamp,
    note: Option<&Note>,
    failure: Option<&TextFetch>,
) -> TextDue {
    let url = note.map(asked_url);
    if url == Some(None) {
        return TextDue::Never;
    }
    let is_private = |failure: &TextFetch| failure.problem == TextProblem::PrivateAddress;
    let is_named = url.flatten().is_some_and(|url| is_allowed(allowed, &url));
    match failure {
        // It is allowed now.
        Some(failure) if is_private(failure) && is_named => TextDue::Now,
        Some(failure) if failure.problem == TextProblem::Removed => TextDue::Never,
        Some(failure) if !fetch.again && now < failure.next_at => TextDue::Later,
        _ => TextDue::Now,
    }
}

/// Returns what is asked for to get the page of a note. `None` if its address isn't one of http.
fn asked_url(note: &Note) -> Option<Url> {
    let url: Url = note.address().parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl Job {
    fn of(note: &Note, allowed: &[Allowed]) -> Option<Self> {
        let url = asked_url(note)?;
        Some(Self {
            id: note.id,
            stored: note.url.clone(),
            address: note.address().into_owned(),
            allow_private: is_allowed(allowed, &url),
            title: note.title.clone(),
            url,
        })
    }
}

/// Asks for pages, four hosts at once, and records each result as it comes.
fn fetch_all(
    invocation: &mut Invocation<'_>,
    store: &mut Store,
    jobs: Vec<Job>,
    mut report: impl FnMut(&mut dyn Write, bool, PageOutput) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let fetcher = invocation.fetcher()?;
    let obeys_robots = jobs.len() > FEW_PAGES;
    let is_over = AtomicBool::new(false);
    let (send, receive) = mpsc::channel::<(Job, Outcome)>();
    thread::scope(|scope| {
        let (fetcher, is_over) = (&fetcher, &is_over);
        scope.spawn(move || {
            // The sender is moved in, so that the receiver ends with the last page.
            let send = send;
            fetcher.each(
                jobs,
                |job| host_of(&job.url),
                |job| {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let outcome = outcome(fetcher, &job, obeys_robots);
                    // Nobody receives after an error of the store.
                    let _ = send.send((job, outcome));
                },
            );
        });
        let done = receive.iter().try_for_each(|(job, outcome)| {
            let output = store.write(clock::now(), |writer| record(writer, &job, &outcome))?;
            report(invocation.out, invocation.json, output)
        });
        is_over.store(true, Ordering::Relaxed);
        done
    })
}

/// Asks for a page.
fn outcome(fetcher: &Fetcher, job: &Job, obeys_robots: bool) -> Outcome {
    let mut visit = fetcher.visit();
    match download(&mut visit, job, obeys_robots) {
        Ok(page) => match fetched_page(page) {
            Ok(page) => Outcome::Page(Box::new(page)),
            Err(_) => Outcome::Failed(TextProblem::NoText, None),
        },
        Err((problem, wait)) => {
            let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok());
            Outcome::Failed(problem, wait)
        }
    }
}

type Failure = (TextProblem, Option<Duration>);

fn download(visit: &mut Visit<'_>, job: &Job, obeys_robots: bool) -> Result<PageText, Failure> {
    if page_text::is_shown_by_scripts(&job.url) {
        return Err((TextProblem::Scripts, None));
    }
    let mut url = job.url.clone();
    url.set_fragment(None);
    let mut allow_private = job.allow_private;
    if obeys_robots {
        visit.obey_robots();
    }
    for _ in 0..=MAX_REFRESHES {
        if obeys_robots
            && !visit
                .robots_allow(&url, allow_private)
                .map_err(failure_of)?
        {
            let problem = match visit.robots_have_fault(&url) {
                true => TextProblem::ServerError,
                false => TextProblem::Robots,
            };
            return Err((problem, None));
        }
        let request = Request {
            url: url.clone(),
            accept: ACCEPT,
            etag: None,
            last_modified: None,
            allow_private,
            size: Size::Whole(MAX_BYTES),
        };
        let response = match visit.get(&request) {
            Err(_) if visit.is_forbidden_by_robots() => return Err((TextProblem::Robots, None)),
            response => response.map_err(failure_of)?,
        };
        if let Some(problem) = problem_of(response.status) {
            return Err((problem, response.retry_after));
        }
        let asked = AskedPage {
            url: &job.url,
            title: &job.title,
            is_moved: response.moved_to.as_ref() == Some(&response.url),
        };
        let Response {
            url: end,
            content_type,
            body,
            ..
        } = response;
        match page_text::read(asked, &end, content_type.as_deref(), &body) {
            Found::Page(page) => return Ok(*page),
            Found::Nothing(problem) => return Err((problem, None)),
            // As for other redirects.
            Found::Refresh(target) if end.scheme() == "https" && target.scheme() == "http" => {
                return Err((TextProblem::Redirects, None));
            }
            Found::Refresh(target) => {
                allow_private &= target.host() == url.host();
                url = target;
            }
        }
    }
    Err((TextProblem::Redirects, None))
}

fn failure_of(error: FetchError) -> Failure {
    let problem = match error {
        FetchError::Busy(wait) => return (TextProblem::Busy, Some(wait)),
        FetchError::PrivateAddress => TextProblem::PrivateAddress,
        FetchError::BadAddress
        | FetchError::BadRedirect
        | FetchError::Downgrade
        | FetchError::TooManyRedirects => TextProblem::Redirects,
        FetchError::TooLarge => TextProblem::TooLarge,
        FetchError::TooSlow => TextProblem::TooSlow,
        FetchError::Tls => TextProblem::Tls,
        FetchError::NotHttp => TextProblem::Malformed,
        FetchError::UnknownHost | FetchError::Unreachable | FetchError::Proxy => {
            TextProblem::Unreachable
        }
    };
    (problem, None)
}

/// Returns why an answer with this status has no page.
fn problem_of(status: u16) -> Option<TextProblem> {
    match status {
        204 | 205 => Some(TextProblem::NoText),
        200..=299 => None,
        300..=399 => Some(TextProblem::Redirects),
        401 | 407 => Some(TextProblem::Login),
        404 | 410 => Some(TextProblem::NotFound),
        429 | 503 => Some(TextProblem::Busy),
        408 | 425 | 500.. => Some(TextProblem::ServerError),
        _ => Some(TextProblem::Refused),
    }
}

fn fetched_page(page: PageText) -> StoreResult<FetchedPage> {
    let now = clock::now();
    // Exports write milliseconds.
    let now = now.round(jiff::Unit::Millisecond).unwrap_or(now);
    let text = page.text;
    Ok(FetchedPage {
        text: NewText::new(&text.markdown, now, TextSource::Fetch, text.whole)?,
        title: page.title,
        other_titles: page.other_titles,
        metadata: page.metadata,
    })
}

fn record(writer: &Writer<'_>, job: &Job, outcome: &Outcome) -> StoreResult<PageOutput> {
    let mut output = PageOutput::of(job);
    match outcome {
        Outcome::Page(page) => {
            if let Some(kept) = writer.keep_fetched_text(job.id, &job.stored, page)? {
                output.result = "kept";
                (output.words, output.whole) = (Some(kept.words), Some(kept.whole));
                if output.title.is_empty() {
                    output.title.clone_from(&page.title);
                }
            }
        }
        Outcome::Failed(problem, wait) => {
            let failure = writer.record_failed_text_fetch(job.id, &job.stored, *problem, *wait)?;
            if let Some(failure) = failure {
                output.fail(&failure);
            }
        }
    }
    Ok(output)
}

impl PageOutput {
    /// Returns the output of a page of which nothing was recorded.
    fn of(job: &Job) -> Self {
        Self {
            id: job.id.0,
            title: job.title.clone(),
            url: job.address.clone(),
            result: "skipped",
            words: None,
            whole: None,
            problem: None,
            message: None,
            tried_at: None,
            next_at: None,
        }
    }

    fn due(note: &Note) -> Self {
        Self {
            id: note.id.0,
            title: note.title.clone(),
            url: note.address().into_owned(),
            result: "due",
            words: None,
            whole: None,
            problem: None,
            message: None,
            tried_at: None,
            next_at: None,
        }
    }

    fn fail(&mut self, failure: &TextFetch) {
        self.result = "failed";
        self.problem = Some(failure.problem.name());
        self.message = Some(failure.problem.sentence());
        self.tried_at = Some(timestamp_text(failure.tried_at));
        let is_over = failure.problem == TextProblem::Removed;
        self.next_at = (!is_over).then(|| timestamp_text(failure.next_at));
    }

    fn name(&self) -> &str {
        match self.title.as_str() {
            "" => &self.url,
            title => title,
        }
    }
}

fn list_problems(
    invocation: &mut Invocation<'_>,
    store: &Store,
    query: &Query,
) -> anyhow::Result<()> {
    let failed = store.failed_text_fetches(query)?;
    let outputs: Vec<_> = failed
        .iter()
        .map(|(note, failure)| {
            let mut output = PageOutput::due(note);
            output.fail(failure);
            output
        })
        .collect();
    if invocation.json {
        return invocation.print_json(&outputs);
    }
    for output in &outputs {
        writeln!(invocation.out, "{}", line(output))?;
    }
    if outputs.is_empty() {
        writeln!(invocation.out, "No download of a text has failed.")?;
    }
    Ok(())
}

/// Prints pages that weren't asked for.
fn finish_list(
    invocation: &mut Invocation<'_>,
    outputs: &[PageOutput],
    more: u64,
    later: u64,
) -> anyhow::Result<()> {
    if invocation.json {
        return invocation.print_json(&outputs);
    }
    let out = &mut *invocation.out;
    for output in outputs {
        match output.title.as_str() {
            "" => writeln!(out, "{}", clean(&output.url))?,
            title => writeln!(out, "{}: {}", clean(title), clean(&output.url))?,
        }
    }
    let sentence = match outputs.len() {
        0 if later == 0 => "There is no matching note without a text.".to_owned(),
        0 => "No page is due.".to_owned(),
        1 => "1 page would be asked for.".to_owned(),
        count => format!("{count} pages would be asked for."),
    };
    writeln!(out, "{sentence}{}{}", of_more(more), of_later(later))?;
    Ok(())
}

fn of_more(more: u64) -> String {
    match more {
        0 => String::new(),
        1 => " 1 more note has no text.".to_owned(),
        more => format!(" {more} more notes have no text."),
    }
}

fn of_later(later: u64) -> String {
    match later {
        0 => String::new(),
        1 => " 1 page gave no text lately; to ask for it now, use --again.".to_owned(),
        later => format!(" {later} pages gave no text lately; to ask for them now, use --again."),
    }
}

fn finish(invocation: &mut Invocation<'_>, all: &[PageOutput], more: u64) -> anyhow::Result<()> {
    let of = |result: &str| all.iter().filter(|done| done.result == result).count();
    let (kept, failed) = (of("kept"), of("failed"));
    if invocation.json {
        invocation.print_json(&all)?;
    } else {
        let pages = match all.len() {
            1 => "1 page".to_owned(),
            count => format!("{count} pages"),
        };
        let texts = match kept {
            1 => "1 text".to_owned(),
            count => format!("{count} texts"),
        };
        let failed = match failed {
            0 => String::new(),
            count => format!(", {count} without one"),
        };
        writeln!(invocation.out, "{pages}, {texts}{failed}.{}", of_more(more))?;
    }
    match failed {
        0 => Ok(()),
        1 => bail!("A page gave no text. To see it again, run `url-notes fetch --problems`."),
        _ => bail!(
            "{failed} pages gave no text. To see them again, run `url-notes fetch --problems`."
        ),
    }
}

/// Returns a page's line for people.
fn line(done: &PageOutput) -> String {
    let result = match (done.message, done.words) {
        (Some(message), _) => message.to_owned(),
        (None, Some(1)) => "1 word".to_owned(),
        (None, Some(words)) => format!("{words} words"),
        (None, None) => "The note was changed or deleted meanwhile.".to_owned(),
    };
    let cut = match done.whole {
        Some(false) => ", cut at 256 KiB",
        _ => "",
    };
    clean(&format!("{}: {result}{cut}", done.name()))
}

#[cfg(test)]
mod tests;
