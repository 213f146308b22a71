//! `/`: the most used tags and the latest notes.

use maud::{Markup, html};

use crate::{
    domain::Note,
    site::views::{
        layout::{Breadcrumb, Layout, Tab, counted},
        note_card::{Body, by_day, counted_tags, preview},
    },
    store::{Counts, SavedSearch, TagCount},
};

pub(in crate::site) fn home(
    layout: &Layout,
    counts: Counts,
    notes: &[Note],
    tags: &[TagCount],
    searches: &[SavedSearch],
) -> String {
    let place = Breadcrumb {
        tab: Some(Tab::Home),
        feed: Some(layout.feeds.feed()),
        ..Breadcrumb::default()
    };
    let content = html! {
        @if notes.is_empty() {
            @if layout.links.are_files() {
                section.paper aria-label="Message" { p { "There are no notes yet." } }
            } @else {
                (first_steps())
            }
        } @else {
            @if !tags.is_empty() {
                section aria-labelledby="tags" {
                    h2 #tags { "Most used tags" }
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
                                    "Feed" span.unseen { " of " (search.name) }
                                }
                            }
                        }
                    }
                }
            }
            section aria-labelledby="latest" {
                h2 #latest { "Latest notes" }
                (by_day(layout, 3, notes, |note| note, |note| preview(layout, note, 4, &Body::Whole)))
                p.more { a href=(layout.links.all(0)) { "All " (counted(counts.notes, "note")) } }
            }
        }
    };
    layout.page(&place, &content)
}

fn first_steps() -> Markup {
    html! {
        section.paper aria-labelledby="first" {
            h2 #first { "No notes yet" }
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
