//! `/all/{page}`: every note, day by day.

use maud::{Markup, html};

use crate::site::views::layout::{Place, Shell, Tab, turn_page};

/// Page `page` (from 0) of `pages`; `notes` are its list, none where there are none.
pub(in crate::site) fn all(shell: &Shell, page: u64, pages: u64, notes: Option<&Markup>) -> String {
    let position = format!("page {} of {pages}", page + 1);
    let place = Place {
        steps: vec![
            ("all", (page > 0).then(|| shell.links.all(0))),
            (&position, None),
        ],
        tab: Some(Tab::All),
        feed: Some(shell.links.feed()),
        ..Place::default()
    };
    let newer = page
        .checked_sub(1)
        .map(|newer| ("Newer notes", shell.links.all(newer)));
    let older = (page + 1 < pages).then(|| ("Older notes", shell.links.all(page + 1)));
    let content = html! {
        @match notes {
            Some(notes) => (notes),
            None => section.paper aria-label="Message" {
                @if shell.links.are_files() {
                    p { "There are no notes here yet." }
                } @else {
                    p { "Every page you save is listed here, day by day. " a href=(shell.links.home()) { "How to save the first one" } }
                }
            },
        }
        (turn_page(newer, older))
    };
    shell.page(&place, &content)
}
