//! `url-notes search`

use std::{convert::Infallible, ffi::OsString};

use anyhow::bail;
use jiff::tz::TimeZone;

use crate::{
    cli::{context::Invocation, print, unknown_tag::unknown_tag},
    domain::{Days, NoteId, Query, SearchPlace},
    error::Result,
    store::{Found, Hit, RANKED, SavedSearch},
    wire::{wire_hit, wire_search},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes search memory bandwidth -cpu
  url-notes search '\"to be read\" tag:gpu site:arxiv.org after:2025'
  url-notes search c++ --sort relevance --limit 5
  url-notes search is:untagged")]
pub(super) struct Search {
    /// Words and conditions; a note must match all of them
    #[arg(required_unless_present_any = ["list_saved", "forget", "saved"], value_name = "QUERY", value_parser = unshielded)]
    query: Vec<String>,
    /// Save the query under a name, replacing one of the same name
    #[arg(long, value_name = "NAME", requires = "query")]
    save: Option<String>,
    /// Search for the query saved under a name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "save"])]
    saved: Option<String>,
    /// List saved queries
    #[arg(long, conflicts_with_all = ["query", "save", "saved"])]
    list_saved: bool,
    /// Forget the query saved under a name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "save", "saved", "list_saved"])]
    forget: Option<String>,
    /// Maximum number
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Order; `relevance` ranks the newest 500 matches
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    sort: Sort,
    /// Where to search; by default in notes, then in the texts of pages
    #[arg(long = "in", value_name = "PLACE", value_enum)]
    place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// Title, note, description, tags and address
    Note,
    /// The texts of pages; leaves out notes that match by themselves
    Text,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Sort {
    #[default]
    Newest,
    Relevance,
}

/// Inserted before a word of the query that looks like an option.
const SHIELD: &str = "\u{2060}";

/// Protects excluded words such as `-cpu` in `search gpu -cpu`, which clap would parse as options.
/// After `search`, `fetch` and `check-links`, a single dash begins a word of the query; all options have two
/// dashes, except `-h`.
#[must_use]
pub fn shield_exclusions(mut argv: Vec<OsString>) -> Vec<OsString> {
    let mut arguments = argv.iter().enumerate().skip(1);
    let subcommand = loop {
        match arguments.next() {
            Some((_, argument)) if argument == "--data-dir" || argument == "--color" => {
                arguments.next();
            }
            Some((_, argument)) if argument.to_string_lossy().starts_with('-') => {}
            Some((at, argument))
                if ["search", "fetch", "check-links"]
                    .iter()
                    .any(|name| argument == name) =>
            {
                break at;
            }
            _ => return argv,
        }
    };
    for argument in argv.iter_mut().skip(subcommand + 1) {
        let text = argument.to_string_lossy();
        if text.starts_with('-') && !text.starts_with("--") && text != "-h" {
            *argument = format!("{SHIELD}{text}").into();
        }
    }
    argv
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of a clap value parser"
)]
pub(super) fn unshielded(word: &str) -> std::result::Result<String, Infallible> {
    Ok(word.strip_prefix(SHIELD).unwrap_or(word).to_owned())
}

impl Search {
    /// Returns whether it saves or forgets a search.
    pub(super) fn changes_saved_ones(&self) -> bool {
        self.save.is_some() || self.forget.is_some()
    }

    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.list_saved {
            return list_saved(invocation);
        }
        if let Some(name) = &self.forget {
            return forget(invocation, name);
        }
        let text = match &self.saved {
            Some(name) => match invocation.reader()?.saved_search(name)? {
                Some(search) => search.query,
                None => bail!("There is no saved search \"{name}\"."),
            },
            None => self.query.join(" "),
        };
        if let Some(name) = &self.save {
            let now = crate::clock::now();
            let search = SavedSearch::new(name, &text, now)?;
            let mut store = invocation.store()?;
            store.write(now, |writer| writer.save_search(&search))?;
            invocation.hint(&format!("Saved as \"{}\".", search.name));
        }
        let mut query = Query::parse_in(&text, &days());
        match self.place {
            Some(Place::Note) => query.place = Some(SearchPlace::Note),
            Some(Place::Text) => query.place = Some(SearchPlace::Text),
            None => {}
        }
        let store = invocation.reader()?;
        let (hits, more) = store.read_transaction(|store| {
            let (mut hits, mut more) = match self.sort {
                Sort::Newest => newest(self.limit, |before, limit| {
                    store.search(&query, before, limit)
                })?,
                Sort::Relevance => {
                    let best = store.search_best(&query, self.limit)?;
                    let more = best.more || best.hits.len() < best.compared;
                    (best.hits, more)
                }
            };
            let left = self
                .limit
                .saturating_sub(u32::try_from(hits.len()).unwrap_or(u32::MAX));
            if left > 0 {
                let (in_texts, more_texts) = newest(left, |before, limit| {
                    store.search_texts(None, &query, before, limit)
                })?;
                hits.extend(in_texts);
                more |= more_texts;
            }
            Ok((hits, more))
        })?;
        if invocation.json {
            let notes: Vec<_> = hits.into_iter().map(wire_hit).collect();
            return invocation.print_json(&notes);
        }
        for problem in &query.problems {
            invocation.hint(&problem.to_string());
        }
        for name in query.named_tags() {
            if let Some(sentence) = unknown_tag(&store, name)? {
                invocation.hint(&sentence);
            }
        }
        if hits.is_empty() && invocation.look.is_terminal() {
            invocation.hint("No matches.");
        }
        let style = invocation.style();
        let links = hits.iter().map(|hit| store.link(hit.note.id));
        let links: Vec<_> = links.collect::<Result<_>>()?;
        invocation.page(&|out| {
            let first_in_text = hits.iter().position(|hit| hit.in_text);
            for (at, hit) in hits.iter().enumerate() {
                if Some(at) == first_in_text {
                    writeln!(out, "In the text of pages:")?;
                }
                style.brief(out, &hit.note)?;
                style.link(out, &hit.note, links[at].as_ref())?;
                let snippet = print::clean(&hit.snippet.text().replace('\n', " "));
                if !snippet.is_empty() {
                    style.below(out, &snippet)?;
                }
            }
            if more {
                let older = match self.sort {
                    Sort::Relevance if self.limit >= RANKED => "without --sort".to_owned(),
                    _ => format!("--limit {}", self.limit.max(1).saturating_mul(5)),
                };
                writeln!(out, "To see more matches, use {older}.")?;
            }
            Ok(())
        })
    }
}

fn list_saved(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let searches = invocation.reader()?.saved_searches()?;
    if invocation.json {
        let searches: Vec<_> = searches.iter().map(wire_search).collect();
        return invocation.print_json(&searches);
    }
    if searches.is_empty() {
        invocation.hint(
            "There are no saved searches. Save one with `url-notes search QUERY --save NAME`.",
        );
    }
    for search in searches {
        let (name, query) = (print::clean(&search.name), print::clean(&search.query));
        writeln!(invocation.out, "{name}\t{query}")?;
    }
    Ok(())
}

fn forget(invocation: &mut Invocation<'_>, name: &str) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let is_gone = store.write(crate::clock::now(), |writer| writer.forget_search(name))?;
    if !is_gone {
        bail!("There is no saved search \"{name}\".");
    }
    if invocation.json {
        let searches = store.saved_searches()?;
        let searches: Vec<_> = searches.iter().map(wire_search).collect();
        return invocation.print_json(&searches);
    }
    writeln!(invocation.out, "Forgotten.")?;
    Ok(())
}

/// Returns the days of a query in the computer's time zone.
pub(super) fn days() -> Days {
    Days::at(crate::clock::now(), &TimeZone::system())
}

/// Returns the newest matches, and whether there are more. Unlike a page of the site, this has no
/// time limit.
fn newest(
    limit: u32,
    mut search: impl FnMut(Option<NoteId>, u32) -> Result<Found>,
) -> Result<(Vec<Hit>, bool)> {
    let mut hits = Vec::new();
    let mut before = None;
    loop {
        let left = limit.saturating_sub(u32::try_from(hits.len()).unwrap_or(u32::MAX));
        let mut found = search(before, left)?;
        hits.append(&mut found.hits);
        before = found.next;
        let full = u32::try_from(hits.len()).is_ok_and(|found| found >= limit);
        if full || before.is_none() {
            return Ok((hits, before.is_some()));
        }
    }
}
