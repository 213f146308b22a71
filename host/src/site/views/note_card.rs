//! A note as every list shows it, and its parts.

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date};
use maud::{Markup, PreEscaped, html};

use crate::{
    domain::{Note, PageUrl, Snippet, Tag, timestamp_text},
    site::{markdown, views::layout::Layout},
    store::{Hit, TagCount},
};

/// From so many notes on a tag stands out among others.
const OFTEN: u64 = 10;

/// What stands between the tags and the dates of a note.
pub(super) enum Body<'a> {
    /// The user's text, else the page's description.
    Whole,
    /// The piece that was found, and what matched in title and tags.
    Found(&'a Hit),
}

/// Notes with a heading for each day, as `<h{level}>`: those in their order that
/// were saved on the same day.
pub(super) fn by_day<T>(
    layout: &Layout,
    level: usize,
    items: &[T],
    note: impl Fn(&T) -> &Note,
    shown: impl Fn(&T) -> Markup,
) -> Markup {
    let day = |item: &T| saved_on(layout, note(item).saved_at);
    html! {
        @for items in items.chunk_by(|a, b| day(a) == day(b)) {
            @let date = day(&items[0]);
            @let time = day_of_notes(date);
            section.day {
                @if level == 2 { h2 { (time) } } @else { h3 { (time) } }
                @for item in items { (shown(item)) }
            }
        }
    }
}

/// A list of notes, with a heading for each day: what most pages are.
pub(in crate::site) fn day_by_day(layout: &Layout, notes: &[Note]) -> Markup {
    by_day(
        layout,
        2,
        notes,
        |note| note,
        |note| preview(layout, note, 3, &Body::Whole),
    )
}

/// The same of previews that were made before, by [`listed`], each with the moment of
/// the save.
pub(in crate::site) fn listed_day_by_day(layout: &Layout, notes: &[(Timestamp, String)]) -> Markup {
    let day = |(saved, _): &(Timestamp, String)| saved_on(layout, *saved);
    html! {
        @for notes in notes.chunk_by(|a, b| day(a) == day(b)) {
            section.day {
                h2 { (day_of_notes(day(&notes[0]))) }
                @for (_, preview) in notes { (PreEscaped(preview)) }
            }
        }
    }
}

/// A note as it stands in those lists.
pub(in crate::site) fn listed(layout: &Layout, note: &Note) -> Markup {
    preview(layout, note, 3, &Body::Whole)
}

fn day_of_notes(date: Date) -> Markup {
    html! { time datetime=(date) { (long_day(date)) } }
}

/// The note with its title as `<h{level}>`.
pub(super) fn preview(layout: &Layout, note: &Note, level: usize, body: &Body<'_>) -> Markup {
    html! {
        article.note {
            @match body {
                Body::Whole => {
                    (heading(note, level))
                    (tag_links(layout, &note.tags))
                    (text(note, level + 1))
                },
                Body::Found(hit) => {
                    (heading_of(note, level, &pieces(&hit.title)))
                    (links_of_tags(layout, &note.tags, |at| match hit.tags.get(at) {
                        Some(tag) => pieces(tag),
                        None => html! { (note.tags[at]) },
                    }))
                    (marked(&hit.snippet))
                },
            }
            ul.facts role="list" {
                @if let Some(site) = site(note) { li { (site_link(layout, &site)) } }
                li { "Saved " (moment(layout, note.saved_at)) }
                @if let Some(date) = published(note) { li { "Published " (date) } }
                li { a rel="bookmark" href=(layout.links.note(note.id)) { "Details" } }
            }
        }
    }
}

/// The title, a link to the page in a new tab.
pub(super) fn heading(note: &Note, level: usize) -> Markup {
    heading_of(note, level, &html! { (title(note)) })
}

fn heading_of(note: &Note, level: usize, title: &Markup) -> Markup {
    // Apart from what follows it, but no bdi: dir="auto" would look past that.
    let title = html! { span.apart { (title) } };
    let title = html! {
        @if is_linkable(note) {
            a href=(note.address()) target="_blank" rel="noreferrer noopener" { (title) }
        } @else {
            (title)
        }
    };
    // Of unknown language if the page didn't say.
    let lang = note.metadata.lang.as_deref().unwrap_or_default();
    html! {
        @match level {
            1 => h1.title dir="auto" lang=(lang) { (title) },
            2 => h2.title dir="auto" lang=(lang) { (title) },
            3 => h3.title dir="auto" lang=(lang) { (title) },
            _ => h4.title dir="auto" lang=(lang) { (title) },
        }
        @if !is_linkable(note) && !note.title.is_empty() {
            p.address { bdi { (note.address()) } }
        }
    }
}

/// What a note is called: without a title, by its URL.
pub(in crate::site) fn title(note: &Note) -> Cow<'_, str> {
    note.name()
}

pub(super) fn tag_links(layout: &Layout, tags: &[Tag]) -> Markup {
    links_of_tags(layout, tags, |at| html! { (tags[at]) })
}

fn links_of_tags(layout: &Layout, tags: &[Tag], name: impl Fn(usize) -> Markup) -> Markup {
    html! {
        @if !tags.is_empty() {
            ul.tags role="list" aria-label="Tags" {
                @for (at, tag) in tags.iter().enumerate() {
                    li { a rel="tag" href=(layout.links.tag(tag)) dir="auto" { (name(at)) } }
                }
            }
        }
    }
}

/// Tags with their number of notes.
pub(super) fn counted_tags<'a>(
    tags: impl IntoIterator<Item = &'a TagCount>,
    address: impl Fn(&Tag) -> String,
) -> Markup {
    html! {
        ul.tags.counted role="list" {
            @for TagCount { tag, uses } in tags {
                li .often[*uses >= OFTEN] { a href=(address(tag)) { bdi { (tag) } " " span.count { (super::layout::grouped(*uses)) } } }
            }
        }
    }
}

/// What tags, or sites, with so many notes stand under, and how much they are to
/// catch the eye. The larger the numbers, the wider their range.
pub(super) fn uses_group(uses: u64) -> (String, &'static str) {
    match uses {
        0 | 1 => ("One note".into(), "light"),
        2 => ("2 notes".into(), "light"),
        3..=4 => ("3 or 4 notes".into(), "middling"),
        5..=9 => ("5 to 9 notes".into(), "middling"),
        _ => {
            let mut from = 10;
            while uses / from >= 10 {
                from *= 10;
            }
            let from = super::layout::grouped(from);
            (format!("{from} or more notes"), "heavy")
        }
    }
}

/// The user's text as HTML, else the page's description.
pub(super) fn text(note: &Note, top_heading: usize) -> Markup {
    html! {
        @if !note.summary.trim().is_empty() {
            div.summary dir="auto" lang="" { (markdown::render(&note.summary, top_heading)) }
        } @else {
            (excerpt(note))
        }
    }
}

/// What the page says of itself.
pub(super) fn excerpt(note: &Note) -> Markup {
    html! {
        @if let Some(excerpt) = &note.metadata.excerpt {
            p.excerpt dir="auto" lang=(note.metadata.lang.as_deref().unwrap_or_default()) { (excerpt) }
        }
    }
}

fn marked(snippet: &Snippet) -> Markup {
    html! {
        @if !snippet.0.is_empty() {
            p.snippet dir="auto" lang="" {
                (pieces(snippet))
            }
        }
    }
}

/// A text with its matches marked.
fn pieces(snippet: &Snippet) -> Markup {
    html! {
        @for piece in &snippet.0 {
            @if piece.matched { mark { (piece.text) } } @else { (piece.text) }
        }
    }
}

/// The web site a note is from; in punycode where its name isn't ASCII, so
/// that no look-alike passes for another.
pub(in crate::site) fn site(note: &Note) -> Option<String> {
    let url = PageUrl::parse(&note.url).ok()?;
    Some(url.site().to_owned()).filter(|site| !site.is_empty())
}

/// Whether its address may be a link.
pub(in crate::site) fn is_linkable(note: &Note) -> bool {
    PageUrl::parse(&note.url).is_ok_and(|url| url.is_linkable())
}

/// The page of a web site.
pub(super) fn site_link(layout: &Layout, site: &str) -> Markup {
    html! { a href=(layout.links.site(site, None)) { bdi { (site) } } }
}

/// The day of a moment, as the user's clock has it.
pub(super) fn moment(layout: &Layout, moment: Timestamp) -> Markup {
    html! { time datetime=(timestamp_text(moment)) { (day(saved_on(layout, moment))) } }
}

/// Day and time of a moment, as the user's clock has it.
pub(super) fn whole_moment(layout: &Layout, moment: Timestamp) -> Markup {
    let clock = moment.to_zoned(layout.zone.clone());
    html! { time datetime=(timestamp_text(moment)) { (clock.strftime("%-d %b %Y, %H:%M")) } }
}

/// The day of a moment.
pub(in crate::site) fn saved_on(layout: &Layout, moment: Timestamp) -> Date {
    moment.to_zoned(layout.zone.clone()).date()
}

/// `Thursday, 21 August 2025`.
pub(super) fn long_day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

/// The day that the page gives as its own, in its own time zone.
pub(super) fn published(note: &Note) -> Option<Markup> {
    let written = note.metadata.published_at.as_deref()?;
    let date: Option<Date> = written.get(..10).and_then(|date| date.parse().ok());
    Some(match date {
        Some(date) => html! { time datetime=(written) { (day(date)) } },
        None => html! { bdi { (written) } },
    })
}

fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_people_would() {
        for (uses, group) in [
            (1, "One note"),
            (4, "3 or 4 notes"),
            (9, "5 to 9 notes"),
            (10, "10 or more notes"),
            (99, "10 or more notes"),
            (123_456, "100,000 or more notes"),
        ] {
            assert_eq!(uses_group(uses).0, group);
        }
    }
}
