//! `/search`: what was found, or how to look for it.

use maud::{Markup, html};

use super::preview::{Body, counted_tags, preview};
use super::shell::{Place, Shell, counted, turn_page};
use crate::store::{Found, TagCount};

/// The notes that were found; `near` are tags to look at where there are none.
pub(in crate::site) fn search(
    shell: &Shell,
    query: &str,
    found: &Found,
    first: bool,
    near: &[TagCount],
) -> String {
    let newer = (!first).then(|| ("Newest notes", shell.links.found(query, None)));
    let older = found
        .hits
        .last()
        .filter(|_| found.more)
        .map(|hit| ("Older notes", shell.links.found(query, Some(hit.note.id))));
    let content = html! {
        p.status role="status" { (outcome(found, first)) }
        @if found.hits.is_empty() {
            (near_tags(shell, near))
            (operators())
        } @else {
            section aria-label="Notes" {
                @for hit in &found.hits {
                    (preview(shell, &hit.note, 2, &Body::Snippet(&hit.snippet)))
                }
            }
        }
        (turn_page(newer, older))
    };
    shell.page(&place(query), &content)
}

/// The page as long as there is nothing to look for.
pub(in crate::site) fn search_help(shell: &Shell, query: &str) -> String {
    shell.page(&place(query), &operators())
}

fn place(query: &str) -> Place<'_> {
    let mut steps = vec![("search", None)];
    if !query.is_empty() {
        steps.push((query, None));
    }
    Place {
        steps,
        query,
        ..Place::default()
    }
}

fn outcome(found: &Found, first: bool) -> String {
    let shown = counted(found.hits.len() as u64, "note");
    match (first, found.more) {
        (true, false) if found.hits.is_empty() => "No note has all of this.".into(),
        (true, false) => shown,
        (true, true) => format!("The newest {shown} of more"),
        (false, true) => format!("{shown} of more"),
        (false, false) => format!("The oldest {shown}"),
    }
}

/// Tags that might have been meant.
pub(super) fn near_tags(shell: &Shell, near: &[TagCount]) -> Markup {
    html! {
        @if !near.is_empty() {
            section aria-labelledby="near" {
                h2 #near { "Tags that come near" }
                (counted_tags(near, |tag| shell.links.tag(tag)))
            }
        }
    }
}

fn operators() -> Markup {
    let rows = [
        (
            "gpu prices",
            "notes with both words, in any form of the letters",
        ),
        ("\"context window\"", "this very phrase"),
        ("-nvidia", "not this word"),
        (
            "tag:llm",
            "with this tag; tag:\"large language model\" for one with spaces",
        ),
        ("-tag:amd", "without this tag"),
        ("site:arxiv.org", "from this web site"),
        (
            "before:2025-08-01",
            "saved before this day; also a month or a year",
        ),
        ("after:2025-08-01", "saved on this day or later"),
    ];
    html! {
        section.paper aria-labelledby="how" {
            h2 #how { "How to search" }
            p { "Titles, notes, descriptions, tags and addresses are searched. All conditions hold at once." }
            dl.operators {
                @for (typed, meaning) in rows {
                    div { dt { code { (typed) } } dd { (meaning) } }
                }
            }
        }
    }
}
