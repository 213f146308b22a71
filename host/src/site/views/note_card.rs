//! A note as shown in every list, and its parts.

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date};
use maud::{Markup, PreEscaped, html};

use crate::{
    domain::{Link, LinkVerdict, Note, PageUrl, Snippet, Tag, timestamp_text},
    site::{leads::Gists, markdown, views::layout::Layout},
    store::{Gist, Hit, TagCount},
};

/// Number of notes from which a tag is highlighted.
const OFTEN: u64 = 10;

/// Number of a note's tags that a list shows at first.
const FIRST_TAGS: usize = 6;
/// Longest text, in bytes and lines, that a list shows without clamping it to four lines.
const SHORT_TEXT: usize = 200;
const SHORT_LINES: usize = 3;

/// The content between tags and dates of a note.
pub(super) enum Body<'a> {
    /// The user's text, or else the page's description, or else this summary by a model.
    Whole(Option<&'a Gist>),
    /// The snippet of a match, and the marks in title and tags.
    Found(&'a Hit),
}

/// Renders notes with an `<h{level}>` for each day. Consecutive notes of the same day share one.
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

/// A list of notes, with a heading for each day.
pub(in crate::site) fn day_by_day(layout: &Layout, notes: &[Note], gists: &Gists) -> Markup {
    by_day(
        layout,
        2,
        notes,
        |note| note,
        |note| preview(layout, note, 3, &Body::Whole(gists.get(&note.id))),
    )
}

/// Renders the same list from cards that [`listed`] rendered, each with the time of its save.
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

/// Renders a list of notes, each with its own date.
pub(in crate::site) fn one_by_one(layout: &Layout, notes: &[Note], gists: &Gists) -> Markup {
    html! {
        h2.visually-hidden { "Notes" }
        @for note in notes { (preview(layout, note, 3, &Body::Whole(gists.get(&note.id)))) }
    }
}

/// The same of previews that were made before, by [`listed`].
pub(in crate::site) fn listed_one_by_one(notes: &[(Timestamp, String)]) -> Markup {
    html! {
        h2.visually-hidden { "Notes" }
        @for (_, preview) in notes { (PreEscaped(preview)) }
    }
}

/// Renders a note as it appears in those lists.
pub(in crate::site) fn listed(layout: &Layout, note: &Note) -> Markup {
    preview(layout, note, 3, &Body::Whole(None))
}

fn day_of_notes(date: Date) -> Markup {
    html! { time datetime=(date) { (long_day(date)) } }
}

/// Renders a note with its title as `<h{level}>`.
pub(super) fn preview(layout: &Layout, note: &Note, level: usize, body: &Body<'_>) -> Markup {
    html! {
        article.note {
            @match body {
                Body::Whole(gist) => {
                    (heading(note, level))
                    (first_tag_links(layout, note))
                    @if let Some(gist) = gist {
                        (gist_maker(gist))
                        @if gist.text.len() > SHORT_TEXT {
                            div.clamped { (gist_text(note, gist)) }
                            a.show-more href=(layout.links.note(note.id)) { "More" }
                        } @else {
                            (gist_text(note, gist))
                        }
                    } @else if is_long(note) {
                        div.clamped { (text(note, level + 1)) }
                        a.show-more href=(layout.links.note(note.id)) { "More" }
                    } @else {
                        (text(note, level + 1))
                    }
                }
                Body::Found(hit) => {
                    (heading_of(note, level, &pieces(&hit.title)))
                    (first_links(layout, note, |at| match hit.tags.get(at) {
                        Some(tag) => pieces(tag),
                        None => html! { (note.tags[at]) },
                    }))
                    (marked(&hit.snippet))
                }
            }
            ul.facts role="list" {
                @if let Some(badge) = link_badge(layout, note) { li.link-state { (badge) } }
                @if let Some(site) = site(note) { li { (site_link(layout, &site)) } }
                li.saved { "Saved " (moment(layout, note.saved_at)) }
                @if let Some(date) = published(note) { li.published { "Published " (date) } }
                @if matches!(body, Body::Found(hit) if hit.in_text) {
                    li { a href=(layout.links.text(note.id)) { "Text" } }
                }
                li { a rel="bookmark" href=(layout.links.note(note.id)) { "Details" } }
            }
        }
    }
}

/// Renders what is known, with links to a copy and to the kept text. `None` if there is nothing to
/// say.
pub(super) fn link_badge(layout: &Layout, note: &Note) -> Option<Markup> {
    let (link, has_text) = layout.known_links.of(note.id)?;
    Some(match (link.verdict, &link.final_url) {
        (LinkVerdict::Moved, Some(target)) => html! {
            span.said { "Moved" }
            span.beside { " to " a href=(target) target="_blank" rel="noreferrer noopener" { bdi { (target) } } }
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
        span.said.lost[link.verdict != LinkVerdict::Soft].unsure[link.verdict == LinkVerdict::Soft] {
            @match link.verdict {
                LinkVerdict::Gone => { "Gone since " (since) },
                LinkVerdict::Unreachable => { "Unreachable since " (since) },
                _ => "May be gone",
            }
        }
        span.beside {
            @if let Some(copy) = copy {
                " · "
                a href=(copy) target="_blank" rel="noreferrer noopener"
                    title={ "The copy at the Wayback Machine nearest to " (saved) } { "archived copy" }
            }
            @if has_text { " · " a href=(layout.links.text(note.id)) { "kept text" } }
        }
    }
}

/// Renders the title as a link that opens the page in a new tab.
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
    // Marked as unknown if the page didn't specify its language.
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

/// Returns the title, or else the URL.
pub(in crate::site) fn title(note: &Note) -> Cow<'_, str> {
    note.name()
}

/// Renders the tags of a note in a list. Tags after the first few are hidden behind a link that
/// shows them or, without JavaScript, leads to the page of the note.
fn first_tag_links(layout: &Layout, note: &Note) -> Markup {
    first_links(layout, note, |at| html! { (note.tags[at]) })
}

fn first_links(layout: &Layout, note: &Note, name: impl Fn(usize) -> Markup) -> Markup {
    // A single further tag takes no more room than the link.
    if note.tags.len() <= FIRST_TAGS + 1 {
        return links_of_tags(layout, &note.tags, name);
    }
    let hidden = note.tags.len() - FIRST_TAGS;
    html! {
        ul.tags.folded role="list" aria-label="Tags" {
            @for (at, tag) in note.tags.iter().enumerate() {
                li { a rel="tag" href=(layout.links.tag(tag)) dir="auto" { (name(at)) } }
            }
            li.rest {
                a href=(layout.links.note(note.id)) aria-label={ (hidden) " more tags" } { "+" (hidden) }
            }
        }
    }
}

/// Returns whether a list clamps the text of a note.
fn is_long(note: &Note) -> bool {
    let text = match note.summary.trim() {
        "" => note.metadata.excerpt.as_deref().unwrap_or_default(),
        summary => summary,
    };
    text.len() > SHORT_TEXT || text.lines().count() > SHORT_LINES
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

/// Renders the number of notes of a tag: `12`, or `12 + 31` if 31 others have it by implication.
pub(super) fn tag_count(count: &TagCount) -> Markup {
    html! {
        span.count title=[(count.implied > 0).then(|| by_implication(count))] {
            (super::layout::grouped(count.uses))
            @if count.implied > 0 { " + " (super::layout::grouped(count.implied)) }
        }
    }
}

fn by_implication(count: &TagCount) -> String {
    format!(
        "{} with the tag, {} with tags that imply it",
        count.uses, count.implied
    )
}

/// Renders tags with their numbers of notes.
pub(super) fn counted_tags<'a>(
    tags: impl IntoIterator<Item = &'a TagCount>,
    address: impl Fn(&Tag) -> String,
) -> Markup {
    html! {
        ul.tags.counted role="list" {
            @for count in tags {
                li .often[count.total() >= OFTEN] {
                    a href=(address(&count.tag)) { bdi { (count.tag) } " " (tag_count(count)) }
                }
            }
        }
    }
}

/// Returns the heading and the weight for tags, or sites, with this number of notes. Ranges grow
/// with the numbers.
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

/// Renders the user's text, or else the page's description.
pub(super) fn text(note: &Note, top_heading: usize) -> Markup {
    html! {
        @if !note.summary.trim().is_empty() {
            div.summary dir="auto" lang="" { (markdown::render(&note.shown_summary(), top_heading)) }
        } @else {
            (excerpt(note))
        }
    }
}

/// Renders the page's description.
pub(super) fn excerpt(note: &Note) -> Markup {
    html! {
        @if let Some(excerpt) = &note.metadata.excerpt {
            p.excerpt dir="auto" lang=(note.metadata.lang.as_deref().unwrap_or_default()) { (excerpt) }
        }
    }
}

/// Renders a summary by a model: plain text, which never looks like the user's.
pub(super) fn gist_text(note: &Note, gist: &Gist) -> Markup {
    html! {
        p.excerpt.gist dir="auto" lang=(note.metadata.lang.as_deref().unwrap_or_default()) { (gist.text) }
    }
}

/// Says that a summary is a model's.
pub(super) fn gist_maker(gist: &Gist) -> Markup {
    html! {
        p.gist-maker {
            "Summary by " bdi { (gist.maker) } ", not yours"
            @if gist.is_outdated { ", of an earlier text" }
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

/// Renders a text with its matches marked.
fn pieces(snippet: &Snippet) -> Markup {
    html! {
        @for piece in &snippet.0 {
            @if piece.matched { mark { (piece.text) } } @else { (piece.text) }
        }
    }
}

/// Renders the web site of a note. A name that isn't ASCII is shown in punycode, so that it can't
/// imitate another one.
pub(in crate::site) fn site(note: &Note) -> Option<String> {
    let url = PageUrl::parse(&note.url).ok()?;
    Some(url.site().to_owned()).filter(|site| !site.is_empty())
}

/// Returns whether the note's address may be a link.
pub(in crate::site) fn is_linkable(note: &Note) -> bool {
    PageUrl::parse(&note.url).is_ok_and(|url| url.is_linkable())
}

/// Renders the icon of a web site, or a placeholder of the same size. Renders nothing if no web site
/// has an icon.
pub(super) fn site_icon(layout: &Layout, site: &str) -> Markup {
    html! {
        @if let Some(name) = layout.icons.name_of(site) {
            img.icon src=(layout.links.site_icon(&name)) width="16" height="16" alt=""
                loading="lazy" decoding="async";
        } @else if !layout.icons.is_empty() {
            span.icon {}
        }
    }
}

/// Renders a link to the page of a web site.
pub(super) fn site_link(layout: &Layout, site: &str) -> Markup {
    html! { a href=(layout.links.site(site, None)) { (site_icon(layout, site)) bdi { (site) } } }
}

/// Renders the local day of a moment, with the time in the tooltip.
pub(super) fn moment(layout: &Layout, moment: Timestamp) -> Markup {
    html! {
        time datetime=(timestamp_text(moment)) title=(day_and_time(layout, moment)) {
            (day(saved_on(layout, moment)))
        }
    }
}

/// Renders the day and the time of day in the user's time zone.
pub(super) fn whole_moment(layout: &Layout, moment: Timestamp) -> Markup {
    html! { time datetime=(timestamp_text(moment)) { (day_and_time(layout, moment)) } }
}

fn day_and_time(layout: &Layout, moment: Timestamp) -> String {
    let clock = moment.to_zoned(layout.zone.clone());
    clock.strftime("%-d %b %Y, %H:%M").to_string()
}

/// Returns the day of a time.
pub(in crate::site) fn saved_on(layout: &Layout, moment: Timestamp) -> Date {
    moment.to_zoned(layout.zone.clone()).date()
}

/// Formats a date: `Thursday, 21 August 2025`.
pub(super) fn long_day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

/// Renders the page's own publication date, in the page's time zone.
pub(super) fn published(note: &Note) -> Option<Markup> {
    note.metadata.published_at.as_deref().map(published_on)
}

/// Renders a publication date as stored.
pub(super) fn published_on(written: &str) -> Markup {
    let date: Option<Date> = written.get(..10).and_then(|date| date.parse().ok());
    match date {
        Some(date) => html! { time datetime=(written) { (day(date)) } },
        None => html! { bdi { (written) } },
    }
}

/// Renders the time of day in the user's time zone, with the day in the tooltip.
pub(super) fn clock_time(layout: &Layout, moment: Timestamp) -> Markup {
    let clock = moment.to_zoned(layout.zone.clone());
    html! {
        time datetime=(timestamp_text(moment)) title=(day_and_time(layout, moment)) {
            (clock.strftime("%H:%M"))
        }
    }
}

/// Formats a date: `21 Aug 2025`.
pub(super) fn day(date: Date) -> String {
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
