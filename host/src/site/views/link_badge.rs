//! What is known of the page of a note, if it moved or may be lost.

use maud::{Markup, html};

use crate::{
    domain::{Link, LinkVerdict, Note},
    site::views::{
        layout::Layout,
        note_card::{day, saved_on},
    },
};

/// Renders what is known, with links to a copy and to the kept text. `None` if there is nothing to
/// say.
pub(super) fn link_badge(layout: &Layout, note: &Note) -> Option<Markup> {
    let (link, has_text) = layout.known_links.of(note.id)?;
    Some(match (link.verdict, &link.final_url) {
        (LinkVerdict::Moved, Some(target)) => html! {
            span.said { "Moved" }
            span.more { " to " a href=(target) target="_blank" rel="noreferrer noopener" { bdi { (target) } } }
        },
        _ => lost(layout, note, &link, has_text),
    })
}

fn lost(layout: &Layout, note: &Note, link: &Link, has_text: bool) -> Markup {
    let since = saved_on(layout, link.since());
    let since = html! { time datetime=(since) { (day(since)) } };
    let copy = link.copy_of(&note.url, note.saved_at);
    let saved = day(saved_on(layout, note.saved_at));
    html! {
        span.said.lost {
            @match link.verdict {
                LinkVerdict::Gone => { "Gone since " (since) },
                LinkVerdict::Unreachable => { "Unreachable since " (since) },
                _ => "May be gone",
            }
        }
        span.more {
            " · "
            a href=(copy) target="_blank" rel="noreferrer noopener"
                title={ "The copy at the Wayback Machine nearest to " (saved) } { "archived copy" }
            @if has_text { " · " a href=(layout.links.text(note.id)) { "kept text" } }
        }
    }
}
