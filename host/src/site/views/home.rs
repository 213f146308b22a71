//! `/`: the latest notes, the most used tags, what was saved on this day in earlier years, and notes to
//! look at again.

use maud::{Markup, html};

use crate::{
    domain::Note,
    site::{
        leads::Gists,
        markdown,
        views::{
            layout::{Breadcrumb, Layout, Tab, counted},
            note_card::{counted_tags, day_by_day, saved_on, title},
        },
    },
    store::{Counts, Rediscovered, SavedSearch, TagCount},
};

/// The content of the home page.
#[derive(Debug)]
pub(in crate::site) struct HomePage<'a> {
    pub counts: Counts,
    /// The latest notes, newest first.
    pub notes: &'a [Note],
    /// Summaries by a model that stand in for texts.
    pub gists: &'a Gists,
    /// The most used tags.
    pub tags: &'a [TagCount],
    /// Notes saved on this day in earlier years, newest first.
    pub on_this_day: &'a [Note],
    /// Notes to look at again today.
    pub again: &'a [Rediscovered],
    pub searches: &'a [SavedSearch],
}

pub(in crate::site) fn home(layout: &Layout, home: &HomePage<'_>) -> String {
    let HomePage {
        counts,
        notes,
        gists,
        tags,
        on_this_day,
        again,
        searches,
    } = *home;
    let place = Breadcrumb {
        tab: Some(Tab::Home),
        heading: Some(if notes.is_empty() {
            "No notes yet"
        } else {
            "Latest notes"
        }),
        lists_notes: !notes.is_empty(),
        feed: Some(layout.feeds.feed()),
        ..Breadcrumb::default()
    };
    let content = html! {
        @if let Some(start) = &layout.publication.start {
            section.paper.start dir="auto" { (markdown::render(start, 2)) }
        }
        @if notes.is_empty() {
            @if layout.links.are_files() {
                section.paper aria-label="Message" { p { "Nothing has been published yet." } }
            } @else {
                (first_steps())
            }
        } @else {
            @if !tags.is_empty() {
                nav.top-tags aria-label="Most used tags" {
                    (counted_tags(tags, |tag| layout.links.tag(tag)))
                    p.more { a href=(layout.links.tags()) { "All " (counted(counts.tags, "tag")) } }
                }
            }
            @if !searches.is_empty() {
                section aria-labelledby="searches" {
                    h2 #searches { "Saved searches" }
                    ul.tags role="list" {
                        @for search in searches {
                            li {
                                a href=(layout.links.best(&search.query)) title=(search.query) dir="auto" { (search.name) }
                                " "
                                a.feed href=(layout.feeds.search_feed(&search.name)) {
                                    "Feed" span.visually-hidden { " of " (search.name) }
                                }
                            }
                        }
                    }
                }
            }
            (earlier_years(layout, on_this_day))
            (to_look_at_again(layout, again))
            section aria-label="Latest notes" { (day_by_day(layout, notes, gists)) }
            p.more { a href=(layout.links.all(0)) { "All " (counted(counts.notes, "note")) }
                @if !layout.links.are_files() { " · " a href=(layout.links.random(None)) { "Random note" } }
            }
        }
    };
    layout.page(&place, &content)
}

/// Renders the notes saved on this day in earlier years, one line each.
fn earlier_years(layout: &Layout, notes: &[Note]) -> Markup {
    html! {
        @if !notes.is_empty() {
            section.on-this-day aria-labelledby="on-this-day" {
                h2 #on-this-day { "On this day" }
                ul role="list" {
                    @for note in notes {
                        li {
                            span.year { (saved_on(layout, note.saved_at).year()) }
                            " "
                            a href=(layout.links.note(note.id)) dir="auto"
                                lang=(note.metadata.lang.as_deref().unwrap_or_default()) { (title(note)) }
                        }
                    }
                }
            }
        }
    }
}

/// Renders notes to look at again, one line each, with why.
fn to_look_at_again(layout: &Layout, notes: &[Rediscovered]) -> Markup {
    html! {
        @if !notes.is_empty() {
            section.on-this-day.again aria-labelledby="again" {
                h2 #again { "Look again" }
                ul role="list" {
                    @for Rediscovered { note, tag } in notes {
                        li {
                            span.year { (saved_on(layout, note.saved_at).year()) }
                            " "
                            a href=(layout.links.note(note.id)) dir="auto"
                                lang=(note.metadata.lang.as_deref().unwrap_or_default()) { (title(note)) }
                            @if let Some((tag, notes)) = tag {
                                " "
                                span.why { "· " bdi { (tag) } ", " (counted((*notes).into(), "recent note")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn first_steps() -> Markup {
    html! {
        section.paper aria-label="First steps" {
            p { "The pages you save appear here, newest first." }
            ol {
                li { "Open a page that you want to keep." }
                li { "Click the url-notes button in the browser's toolbar. The page is saved at once." }
                li { "Add tags (press Enter after each) and, if you like, a note." }
                li { "Reload this view." }
            }
            p { "Or from a terminal:" }
            pre { code { "url-notes add https://example.org/ --tag reading" } }
        }
    }
}
