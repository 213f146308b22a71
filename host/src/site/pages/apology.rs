//! Pages for what isn't there, each with a way on.

use maud::html;

use super::search::near_tags;
use super::shell::{Place, Shell};
use super::tag::{chosen, name};
use crate::domain::NoteId;
use crate::site::route::Unknown;
use crate::store::{TagCount, TagFilter};

fn place(what: &str) -> Place<'_> {
    Place {
        steps: vec![(what, None)],
        ..Place::default()
    }
}

/// Nothing is at the address; `near` are tags that might have been meant.
pub(in crate::site) fn missing(shell: &Shell, unknown: &Unknown, near: &[TagCount]) -> String {
    let words = unknown.words.trim();
    let content = html! {
        section.paper aria-label="Message" {
            p { (unknown.sentence) }
            @if !words.is_empty() {
                p { a href=(shell.links.found(words, None)) { "Search the notes for “" bdi { (words) } "”" } }
            }
            p { a href=(shell.links.tags()) { "All tags" } }
        }
        (near_tags(shell, near))
    };
    shell.page(&place("not found"), &content)
}

/// Each of the tags is in use, but not on one note together.
pub(in crate::site) fn nothing_with_tags(shell: &Shell, filter: &TagFilter) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p { "No note is tagged like this: " bdi { (name(filter)) } "." }
            (chosen(shell, filter))
            p { a href=(shell.links.tag(&filter.with[0])) { "All notes with the tag “" bdi { (filter.with[0]) } "”" } }
        }
    };
    shell.page(&place("not found"), &content)
}

/// There are only so many pages of all notes.
pub(in crate::site) fn beyond_all(shell: &Shell, pages: u64) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p { "There are not so many notes." }
            p {
                a href=(shell.links.all(0)) { "The newest ones" } " or "
                a href=(shell.links.all(pages - 1)) { "the oldest ones" }
            }
        }
    };
    shell.page(&place("not found"), &content)
}

/// The note is deleted, and can be had back.
pub(in crate::site) fn in_the_trash(shell: &Shell, id: NoteId) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p { "This note is in the trash. To have it back:" }
            pre { code { "url-notes restore " (id.0) } }
        }
    };
    shell.page(&place("not found"), &content)
}

/// The store doesn't answer; `sentence` says why.
pub(in crate::site) fn failed(shell: &Shell, sentence: &str) -> String {
    let content = html! {
        section.paper aria-label="Message" {
            p { (sentence) }
            p { code { "url-notes doctor" } " looks for the cause." }
        }
    };
    shell.page(&place("error"), &content)
}
