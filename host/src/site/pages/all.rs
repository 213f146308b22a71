//! `/all/{page}`: every note, day by day.

use jiff::civil::Date;
use maud::html;

use super::preview::{Body, preview};
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
        ..Place::default()
    };
    let newer = page
        .checked_sub(1)
        .map(|newer| ("Newer notes", shell.links.all(newer)));
    let older = (page + 1 < pages).then(|| ("Older notes", shell.links.all(page + 1)));
    let day = |note: &Note| -> Date { note.id.saved_at().to_zoned(shell.zone.clone()).date() };
    let content = html! {
        @if notes.is_empty() {
            p.status { "No notes yet. " a href=(shell.links.home()) { "How to save the first one" } }
        }
        @for notes in notes.chunk_by(|a, b| day(a) == day(b)) {
            @let date = day(&notes[0]);
            section.day {
                h2 { time datetime=(date) { (date.strftime("%A, %-d %B %Y")) } }
                @for note in notes { (preview(shell, note, 3, &Body::Whole)) }
            }
        }
        (turn_page(newer, older))
    };
    shell.page(&place, &content)
}
