//! Pages for what doesn't exist, each with links to continue.

use maud::{Markup, html};

use crate::{
    domain::{Note, NoteId},
    site::{
        route::Unknown,
        views::{
            layout::{Breadcrumb, Layout},
            note_card::title,
            search::near_tags,
            sites::counted_sites,
            tag::{chosen, name},
        },
    },
    store::{SiteCount, TagCount, TagFilter},
};

/// Suggestions for what was meant.
#[derive(Debug, Default)]
pub(in crate::site) struct DidYouMean {
    /// Pages, by name and address.
    pub pages: Vec<(&'static str, String)>,
    pub tags: Vec<TagCount>,
    pub sites: Vec<SiteCount>,
}

fn place(what: &str) -> Breadcrumb<'_> {
    Breadcrumb {
        steps: vec![(what, None)],
        heading: Some(if what == "error" {
            "Error"
        } else {
            "Not found"
        }),
        ..Breadcrumb::default()
    }
}

/// Renders the page for an unknown address, with suggestions in `near`.
pub(in crate::site) fn missing(layout: &Layout, unknown: &Unknown, near: &DidYouMean) -> String {
    let words = unknown.words.trim();
    let content = html! {
        section.paper aria-label="Message" {
            p.lead { (unknown.sentence) }
            @for (name, address) in &near.pages {
                p { "Did you mean " a href=(address) { (name) } "?" }
            }
            @if !words.is_empty() {
                p { a href=(layout.links.best(words)) { "Search the notes for “" bdi { (words) } "”" } }
            }
            (ways_on(layout))
        }
        (near_tags(layout, &near.tags))
        @if !near.sites.is_empty() {
            section aria-labelledby="near-sites" {
                h2 #near-sites { "Similar sites" }
                (counted_sites(layout, near.sites.iter()))
            }
        }
    };
    layout.page(&place("not found"), &content)
}

/// Renders what a file server shows for unknown addresses. A script on the page looks for the file
/// that was meant (`assets/lost.js`); the text is for browsers without JavaScript.
pub(in crate::site) fn lost(layout: &Layout) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p.lead #lost role="status" { "This page doesn't exist." }
            (ways_on(layout))
        }
    };
    layout.page(&place("not found"), &content)
}

fn ways_on(layout: &Layout) -> Markup {
    html! {
        p {
            a href=(layout.links.tags()) { "All tags" } " · "
            a href=(layout.links.sites()) { "all sites" } " · "
            a href=(layout.links.all(0)) { "all notes" }
        }
    }
}

/// Renders a page saying that each of the tags is in use, but no note has all of them.
pub(in crate::site) fn nothing_with_tags(layout: &Layout, filter: &TagFilter) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p.lead { "No note has this combination of tags: " bdi { (name(filter)) } "." }
            p { "Remove a condition:" }
            (chosen(layout, filter))
            p { a href=(layout.links.tag(&filter.with[0])) { "All notes with the tag “" bdi { (filter.with[0]) } "”" } }
        }
    };
    layout.page(&place("not found"), &content)
}

/// Renders a page saying that the list of all notes has fewer pages.
pub(in crate::site) fn beyond_all(layout: &Layout, pages: u64) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p.lead { "There are fewer notes than that." }
            p {
                a href=(layout.links.all(0)) { "The newest ones" } " or "
                a href=(layout.links.all(pages - 1)) { "the oldest ones" }
            }
        }
    };
    layout.page(&place("not found"), &content)
}

/// Renders a page for a note in the trash. `anew` is a newer note of the same page.
pub(in crate::site) fn in_the_trash(layout: &Layout, note: &Note, anew: Option<NoteId>) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p.lead { "This note is in the trash: “" bdi { (title(note)) } "”." }
            @if let Some(anew) = anew {
                p { a href=(layout.links.note(anew)) { "You saved this page again since then" } }
            } @else {
                p { "It stays there for 30 days after the deletion. To bring it back, run this in a terminal:" }
                pre { code { "url-notes restore " (note.id.0) } }
            }
        }
    };
    layout.page(&place("not found"), &content)
}

/// Renders a page saying why the store doesn't answer.
pub(in crate::site) fn failed(layout: &Layout, sentence: &str) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p.lead { (sentence) }
            p { code { "url-notes doctor" } " finds the cause." }
        }
    };
    layout.page(&place("error"), &content)
}
