//! `/all/{page}`: every note, day by day.

use maud::{Markup, html};

use crate::site::views::layout::{Breadcrumb, Layout, Tab, turn_page};

/// Renders page `page` (from 0) of `pages`. `notes` is their rendered list, or `None` if there are
/// none.
pub(in crate::site) fn all(
    layout: &Layout,
    page: u64,
    pages: u64,
    notes: Option<&Markup>,
) -> String {
    let position = format!("page {} of {pages}", page + 1);
    let place = Breadcrumb {
        steps: vec![
            ("all", (page > 0).then(|| layout.links.all(0))),
            (&position, None),
        ],
        tab: Some(Tab::All),
        feed: Some(layout.feeds.feed()),
        ..Breadcrumb::default()
    };
    let newer = page
        .checked_sub(1)
        .map(|newer| ("Newer notes", layout.links.all(newer)));
    let older = (page + 1 < pages).then(|| ("Older notes", layout.links.all(page + 1)));
    let content = html! {
        @match notes {
            Some(notes) => (notes),
            None => section.paper aria-label="Message" {
                @if layout.links.are_files() {
                    p { "There are no notes yet." }
                } @else {
                    p { "This view lists all pages you save, day by day. " a href=(layout.links.home()) { "How to save your first page" } }
                }
            },
        }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}
