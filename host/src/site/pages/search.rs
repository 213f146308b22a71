//! `/search`: what was found, or how to look for it.

use maud::{Markup, html};

use super::preview::{Body, counted_tags, moment, preview};
use super::shell::{Place, Shell, counted, grouped, turn_page};
use crate::store::{Best, Found, Hit, RANKED, TagCount};

/// The notes that were found, the newest first; `near` are tags to look at where
/// there are none.
pub(in crate::site) fn search(
    shell: &Shell,
    query: &str,
    found: &Found,
    first: bool,
    near: &[TagCount],
) -> String {
    let newer = (!first).then(|| ("Newest notes", shell.links.found(query, None)));
    let older = found.next.map(|next| {
        let name = match found.hits.is_empty() {
            true => "Search older notes",
            false => "Older notes",
        };
        (name, shell.links.found(query, Some(next)))
    });
    let content = html! {
        p.status role="status" {
            (outcome(shell, found, first))
            @if !found.hits.is_empty() { " · " a href=(shell.links.best(query)) { "Best match first" } }
        }
        (hits(shell, &found.hits))
        (turn_page(newer, older))
        @if found.hits.is_empty() {
            (near_tags(shell, near))
            (operators())
        }
    };
    shell.page(&place(query), &content)
}

/// The notes that were found, the best first.
pub(in crate::site) fn best(shell: &Shell, query: &str, best: &Best) -> String {
    let content = html! {
        p.status role="status" {
            (ranked(best)) " · " a href=(shell.links.found(query, None)) { "Newest first" }
        }
        (hits(shell, &best.hits))
        @if best.hits.is_empty() { (operators()) }
    };
    shell.page(&place(query), &content)
}

fn hits(shell: &Shell, hits: &[Hit]) -> Markup {
    html! {
        @if !hits.is_empty() {
            section aria-label="Notes" {
                @for hit in hits {
                    (preview(shell, &hit.note, 2, &Body::Snippet(&hit.snippet)))
                }
            }
        }
    }
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

fn outcome(shell: &Shell, found: &Found, first: bool) -> Markup {
    let shown = counted(found.hits.len() as u64, "note");
    let sentence = match (found.next, found.hits.is_empty()) {
        // What is rare among frequent words takes more than one look.
        (Some(next), true) => {
            return html! {
                "No note since " (moment(shell, next.saved_at())) " has all of this. Older ones weren’t searched yet."
            };
        }
        (Some(_), false) if first => format!("The newest {shown} of more"),
        (Some(_), false) => format!("{shown} of more"),
        (None, true) if first => "No note has all of this.".into(),
        (None, true) => "No older note has all of this.".into(),
        (None, false) if first => shown,
        (None, false) => format!("The oldest {shown}"),
    };
    html! { (sentence) }
}

fn ranked(best: &Best) -> Markup {
    let shown = counted(best.hits.len() as u64, "note");
    html! {
        @if best.hits.is_empty() && best.more { "None of the newest notes has all of this. Older ones weren’t searched." }
        @else if best.hits.is_empty() { "No note has all of this." }
        @else if best.more { "The best " (shown) " of the newest " (grouped(best.compared as u64)) " that were found" }
        @else if best.hits.len() < best.compared { "The best " (shown) " of " (grouped(best.compared as u64)) }
        @else { (shown) ", the best first" }
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
        ("c++ .net #lojban", "with these signs; c also finds c++"),
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
            p { "Titles, notes, descriptions, tags and addresses are searched. All conditions hold at once. The last word may be unfinished." }
            dl.operators {
                @for (typed, meaning) in rows {
                    div { dt { code { (typed) } } dd { (meaning) } }
                }
            }
            p {
                "Newest notes come first. “Best match” puts the newest " (RANKED)
                " that match into order: titles and tags count most, then notes, then descriptions and addresses."
            }
        }
    }
}
