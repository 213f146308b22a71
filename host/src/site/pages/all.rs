//! `/all/{page}`: every note, day by day.

use maud::html;

use super::preview::{Body, by_day, preview};
use super::shell::{Place, Shell, Tab, turn_page};
use crate::domain::Note;

/// Page `page` (from 0) of `pages`.
pub(in crate::site) fn all(shell: &Shell, page: u64, pages: u64, notes: &[Note]) -> String {
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
        @if notes.is_empty() {
            section.paper aria-label="Message" {
                p { "Every page you save is listed here, day by day. " a href=(shell.links.home()) { "How to save the first one" } }
            }
        }
        (by_day(shell, 2, notes, |note| note, |note| preview(shell, note, 3, &Body::Whole)))
        (turn_page(newer, older))
    };
    shell.page(&place, &content)
}
