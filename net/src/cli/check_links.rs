//! `check-links`: asks for the saved pages that are due and records whether they are still there.
//!
//! `ask.rs` asks for one page, `run.rs` for all, `archive.rs` asks for copies; `crate::links` judges.

mod archive;
mod ask;
mod run;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    io::{self, Write},
};

use anyhow::bail;
use jiff::tz::TimeZone;
use serde::Serialize;
use url::Url;
use url_notes::{
    cli::{Bar, CheckLinks, clean, query_of},
    clock,
    domain::{LinkVerdict, NoteId, timestamp_text, without_user_info},
    store::{LinkToCheck, Reader, Store},
};

use self::{
    archive::Copy,
    ask::{Asker, Outcome},
    run::{Checked, End, Run},
};
use super::context::Invocation;
use crate::{
    fetch::{Fetcher, host_of},
    links::Finding,
};

/// Runs with more pages obey robots.txt.
const WITHOUT_ROBOTS: usize = 20;
/// How many addresses may tell whether there is a network.
const CONTROLS: u32 = 50;

/// What `--json` prints of a page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedOutput {
    id: i64,
    url: String,
    /// `checked`, or why the page wasn't asked for.
    result: &'static str,
    verdict: Option<&'static str>,
    status: Option<u16>,
    /// Why there was no answer, as a sentence.
    message: Option<String>,
    final_url: Option<String>,
    failing_since: Option<String>,
    #[serde(skip)]
    failing: Failing,
    due_at: Option<String>,
    archive_url: Option<String>,
}

/// How a check fails, if that isn't its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failing {
    Not,
    Missing,
    Down,
    /// Its host shuts programs out now, so what was known before stays.
    Walled,
}

/// Checks the links, and prints a line for each that isn't as it was saved.
pub(super) fn run(check: &CheckLinks, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let ids = selected(check, &store)?;
    let ids = ids.as_deref();
    // Before the pages are chosen: those of a run that just ended aren't due.
    let _lock = match check.dry_run {
        true => None,
        false => invocation.lock(
            "links.lock",
            "Links are being checked already. Run this again when that is done.",
        )?,
    };
    if ids.is_some_and(<[_]>::is_empty) && !invocation.json {
        writeln!(invocation.out, "No note matches.")?;
        return Ok(());
    }
    let limit = usize::try_from(check.limit).unwrap_or(usize::MAX);
    let mut links = to_ask(check, &store, ids)?;
    let all = links.len();
    links.truncate(limit);
    if check.dry_run {
        return dry_run(check, invocation, all, &links);
    }
    let fetcher = invocation.fetcher()?;
    let reader = Reader::open(&invocation.config.database)?;
    let asker = Asker::new(
        &fetcher,
        reader,
        check.allow_private,
        links.len() > WITHOUT_ROBOTS,
    );
    let mut controls = store.links_that_answered(CONTROLS)?;
    // Others at each run: those that don't answer any more must not stop all runs.
    let start = RandomState::new().hash_one(0) % u64::from(CONTROLS);
    let start = usize::try_from(start)? % controls.len().max(1);
    controls.rotate_left(start);
    let mut printer = Printer::new(invocation, links.len());
    let is_nothing = links.is_empty();
    let end = Run {
        fetcher: &fetcher,
        asker: &asker,
        store: &mut store,
        now: &clock::now,
        controls,
    }
    .check(links, |checked| printer.print(&checked))?;
    printer.bar.clear();
    let mut outputs = std::mem::take(&mut printer.outputs);
    let copies = match check.archive && end == End::Done {
        true => archive(check, &fetcher, &mut store, ids, &mut outputs),
        false => Ok(None),
    };
    if invocation.json {
        invocation.print_json(&outputs)?;
    } else {
        let due = store.links_due(ids, clock::now())?;
        print_summary(invocation.out, &outputs, is_nothing, due)?;
        if let Ok(Some(copies)) = &copies {
            writeln!(invocation.out, "{copies}")?;
        }
    }
    if end == End::NoNetwork {
        bail!(
            "Web sites don't answer, and none shows that there is a network. Is this computer online? What was checked before is recorded, and nothing is called unreachable."
        );
    }
    copies.map(drop)
}

/// Returns the pages that are due, and those in a private network that weren't allowed before.
fn to_ask(
    check: &CheckLinks,
    store: &Store,
    ids: Option<&[NoteId]>,
) -> anyhow::Result<Vec<LinkToCheck>> {
    let now = clock::now();
    let mut links = store.links_to_check(ids, check.again, now, usize::MAX)?;
    if check.allow_private && !check.again {
        let due: HashSet<NoteId> = links.iter().map(|link| link.id).collect();
        let all = store.links_to_check(ids, true, now, usize::MAX)?;
        links.extend(all.into_iter().filter(|link| {
            link.known.is_none() && Asker::is_private(&link.url) && !due.contains(&link.id)
        }));
    }
    Ok(links)
}

/// Returns the notes that the query selects; `None` for all.
fn selected(check: &CheckLinks, store: &Store) -> anyhow::Result<Option<Vec<NoteId>>> {
    if check.query.is_empty() {
        return Ok(None);
    }
    let query = query_of(&check.query.join(" "));
    if let Some(problem) = query.problems.first() {
        bail!("{problem} Nothing was checked.");
    }
    if query.deleted {
        bail!("Links of notes in the trash aren't checked.");
    }
    Ok(Some(store.matching_ids(&query)?))
}

fn dry_run(
    check: &CheckLinks,
    invocation: &mut Invocation<'_>,
    all: usize,
    links: &[LinkToCheck],
) -> anyhow::Result<()> {
    let (private, asked): (Vec<_>, Vec<_>) = links
        .iter()
        .partition(|link| !check.allow_private && Asker::is_private(&link.url));
    let hosts: HashSet<String> = asked
        .iter()
        .filter_map(|link| Asker::address(&link.url))
        .map(|url| host_of(&url))
        .collect();
    if invocation.json {
        return invocation.print_json(&serde_json::json!({
            "due": all,
            "pages": asked.len(),
            "hosts": hosts.len(),
        }));
    }
    let out = &mut *invocation.out;
    if asked.is_empty() {
        writeln!(out, "No page would be asked for.")?;
    } else {
        writeln!(
            out,
            "{} of {}.",
            match asked.len() {
                1 => "1 page would be asked for".to_owned(),
                count => format!("{} pages would be asked for", grouped(count)),
            },
            match hosts.len() {
                1 => "1 web site".to_owned(),
                count => format!("{} web sites", grouped(count)),
            }
        )?;
    }
    if !private.is_empty() {
        writeln!(
            out,
            "{} to be in private networks; to ask for them, use --allow-private.",
            match private.len() {
                1 => "1 page seems".to_owned(),
                count => format!("{} pages seem", grouped(count)),
            }
        )?;
    }
    if all > links.len() {
        writeln!(
            out,
            "{} are left for later runs.",
            grouped(all - links.len())
        )?;
    }
    Ok(())
}

/// Prints lines as the checks come, and the progress on a terminal.
struct Printer<'a, 'b> {
    invocation: &'a mut Invocation<'b>,
    outputs: Vec<CheckedOutput>,
    total: usize,
    bar: Bar,
}

impl<'a, 'b> Printer<'a, 'b> {
    fn new(invocation: &'a mut Invocation<'b>, total: usize) -> Self {
        let bar = Bar::new(invocation.config.terminal.dumb);
        Self {
            invocation,
            outputs: Vec::new(),
            total,
            bar,
        }
    }

    fn print(&mut self, checked: &Checked) -> anyhow::Result<()> {
        let output = CheckedOutput::of(checked);
        if !self.invocation.json
            && let Some(line) = output.line(&TimeZone::system())
        {
            self.bar.clear();
            // At once: a run can take an hour.
            writeln!(self.invocation.out, "{}", clean(&line))?;
            self.invocation.out.flush()?;
        }
        self.outputs.push(output);
        let (done, total) = (self.outputs.len(), self.total);
        self.bar
            .show(|_| format!("{} of {} pages", grouped(done), grouped(total)));
        Ok(())
    }
}

impl CheckedOutput {
    fn of(checked: &Checked) -> Self {
        let link = &checked.link;
        let mut output = Self {
            id: link.id.0,
            url: without_user_info(&link.url).into_owned(),
            result: "checked",
            verdict: None,
            status: None,
            message: None,
            final_url: None,
            failing_since: None,
            failing: Failing::Not,
            due_at: None,
            archive_url: link
                .known
                .as_ref()
                .and_then(|known| known.archive_url.clone()),
        };
        match &checked.outcome {
            Outcome::Found { error, .. } => output.message = error.map(|error| error.to_string()),
            Outcome::Refused(refusal) => {
                let (word, sentence) = refusal.words();
                output.result = word;
                output.message = Some(sentence.to_owned());
            }
            Outcome::Busy(_) => {
                output.result = "busy";
                output.message = Some(
                    "not asked for, because its web site asked to be left alone for a while"
                        .to_owned(),
                );
            }
        }
        let is_walled = matches!(
            checked.outcome,
            Outcome::Found {
                finding: Finding::Walled,
                ..
            }
        );
        if let Some(check) = &checked.check {
            output.verdict = Some(check.verdict.name());
            output.status = check.status;
            output.final_url.clone_from(&check.final_url);
            output.due_at = Some(timestamp_text(check.due_at));
            if let Some(failures) = check.failures {
                output.failing_since = Some(timestamp_text(failures.since));
                output.failing = match (check.verdict, failures.is_missing) {
                    (LinkVerdict::Gone | LinkVerdict::Unreachable, _) => Failing::Not,
                    (_, true) => Failing::Missing,
                    (_, false) => Failing::Down,
                };
            }
            if is_walled {
                output.failing = Failing::Walled;
            }
        }
        output
    }

    /// Returns the line for people, with days in a time zone; `None` if there is nothing to say.
    fn line(&self, zone: &TimeZone) -> Option<String> {
        let day = |moment: &Option<String>| -> String {
            let moment = moment.as_ref().and_then(|moment| moment.parse().ok());
            let moment: jiff::Timestamp = moment.unwrap_or_default();
            let here = moment.to_zoned(zone.clone());
            here.strftime("%-d %b %Y").to_string()
        };
        let (since, due) = (day(&self.failing_since), day(&self.due_at));
        let result = match (self.verdict, self.failing, &self.message) {
            (None, _, message) => message.clone()?,
            (_, Failing::Walled, _) => return None,
            (_, Failing::Missing, _) => format!(
                "its web site says that it isn't there; if it still does on {due}, it is gone"
            ),
            (_, Failing::Down, Some(message)) => format!("no answer. {message}"),
            (_, Failing::Down, None) => match self.status {
                Some(status) => format!("a fault of its web site (status {status})"),
                None => "no answer".to_owned(),
            },
            (Some("gone"), ..) => format!("gone since {since}"),
            (Some("unreachable"), ..) => format!("unreachable since {since}"),
            (Some("soft"), ..) => {
                "may be gone: its web site answers with something else".to_owned()
            }
            (Some("moved"), ..) => {
                format!("moved to {}", self.final_url.as_deref().unwrap_or_default())
            }
            _ => return None,
        };
        Some(format!("{}: {result}", self.url))
    }
}

fn print_summary(
    out: &mut dyn Write,
    outputs: &[CheckedOutput],
    is_nothing: bool,
    due: usize,
) -> io::Result<()> {
    if is_nothing {
        return writeln!(out, "No page is due. To check pages again, use --again.");
    }
    let count =
        |is: &dyn Fn(&CheckedOutput) -> bool| outputs.iter().filter(|output| is(output)).count();
    let verdict = |name: &'static str| {
        count(&|output| output.verdict == Some(name) && output.failing == Failing::Not)
    };
    let parts = [
        (verdict("ok"), "there"),
        (verdict("moved"), "moved"),
        (verdict("gone"), "gone"),
        (verdict("soft"), "may be gone"),
        (verdict("unreachable"), "unreachable"),
        (
            count(&|output| output.failing == Failing::Walled),
            "closed to programs",
        ),
        (
            count(&|output| matches!(output.failing, Failing::Missing | Failing::Down)),
            "failed and checked again soon",
        ),
        (count(&|output| output.verdict.is_none()), "not asked for"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
    let pages = pages(outputs.len());
    match parts.is_empty() {
        // No web site answers.
        true => {}
        false => writeln!(out, "{pages}: {}", parts.join(", "))?,
    }
    match due {
        0 => Ok(()),
        1 => writeln!(out, "1 more page is due."),
        due => writeln!(out, "{} more pages are due.", grouped(due)),
    }
}

/// Asks the Wayback Machine for the pages that are gone, and records each answer. Returns the
/// summary; `None` if there was nothing to ask for.
fn archive(
    check: &CheckLinks,
    fetcher: &Fetcher,
    store: &mut Store,
    ids: Option<&[NoteId]>,
    outputs: &mut [CheckedOutput],
) -> anyhow::Result<Option<String>> {
    let endpoint = Url::parse(archive::AVAILABLE)?;
    let limit = usize::try_from(check.limit).unwrap_or(usize::MAX);
    let links = archive::within(limit, store.links_without_archive(ids, usize::MAX)?);
    if links.is_empty() {
        return Ok(None);
    }
    archive_all(fetcher, &endpoint, false, store, &links, outputs).map(Some)
}

fn archive_all(
    fetcher: &Fetcher,
    endpoint: &Url,
    allow_private: bool,
    store: &mut Store,
    links: &[LinkToCheck],
    outputs: &mut [CheckedOutput],
) -> anyhow::Result<String> {
    let (mut found, mut secret, mut unclear) = (0_usize, 0_usize, 0_usize);
    for link in links {
        let copy = match archive::copy_of(fetcher, endpoint, allow_private, link)? {
            Copy::At(copy) => Some(copy),
            Copy::None => None,
            Copy::Secret => {
                secret += 1;
                continue;
            }
            Copy::Unclear => {
                unclear += 1;
                continue;
            }
        };
        store.write(clock::now(), |writer| {
            writer.set_archive_of_link(link.id, copy.as_deref())
        })?;
        found += usize::from(copy.is_some());
        if let Some(output) = outputs.iter_mut().find(|output| output.id == link.id.0) {
            output.archive_url = copy;
        }
    }
    let answered = links.len() - secret - unclear;
    let mut sentences = Vec::new();
    if answered > 0 {
        sentences.push(format!(
            "The Wayback Machine has copies of {} of {} that {} gone.",
            grouped(found),
            pages(answered),
            if answered == 1 { "is" } else { "are" }
        ));
    }
    if unclear > 0 {
        sentences.push(format!(
            "The Wayback Machine gave no clear answer for {}.",
            pages(unclear)
        ));
    }
    if secret > 0 {
        sentences.push(format!(
            "The Wayback Machine wasn't asked for {} with a private address, a password or an access token.",
            pages(secret)
        ));
    }
    Ok(sentences.join(" "))
}

fn pages(count: usize) -> String {
    match count {
        1 => "1 page".to_owned(),
        count => format!("{} pages", grouped(count)),
    }
}

/// Formats a number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
