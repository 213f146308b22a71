//! `/all/{page}`: every note, day by day.

use maud::{Markup, html};

use crate::{
    site::views::layout::{Breadcrumb, Layout, Tab, turn_page},
    store::Month,
};

const MONTH_NAMES: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The content of a page of all notes.
#[derive(Debug)]
pub(in crate::site) struct AllPage<'a> {
    /// Its number, from 0.
    pub page: u64,
    /// The number of pages.
    pub pages: u64,
    /// The rendered list of its notes, or `None` if there are none.
    pub notes: Option<&'a Markup>,
    /// The months in which notes were saved, newest first, with the addresses of their pages.
    pub months: &'a [(Month, String)],
}

pub(in crate::site) fn all(layout: &Layout, all: &AllPage<'_>) -> String {
    let AllPage {
        page,
        pages,
        notes,
        months,
    } = *all;
    let position = format!("page {} of {pages}", page + 1);
    let shown = format!("Page {} of {pages}", page + 1);
    let place = Breadcrumb {
        steps: vec![
            ("all", (page > 0).then(|| layout.links.all(0))),
            (&position, None),
        ],
        heading: Some(if page == 0 { "All notes" } else { &shown }),
        lists_notes: notes.is_some(),
        tab: Some(Tab::All),
        feed: Some(layout.feeds.feed()),
        ..Breadcrumb::default()
    };
    let newer = page
        .checked_sub(1)
        .map(|newer| ("Newer notes", layout.links.all(newer)));
    let older = (page + 1 < pages).then(|| ("Older notes", layout.links.all(page + 1)));
    let content = html! {
        (jump_to_month(months))
        @match notes {
            Some(notes) => (notes),
            None => section.paper aria-label="Message" {
                @if layout.links.are_files() {
                    p { "Nothing has been published yet." }
                } @else {
                    p { "This view lists all pages you save, day by day. " a href=(layout.links.home()) { "How to save your first page" } }
                }
            },
        }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}

/// Renders the years, each with links to its months.
fn jump_to_month(months: &[(Month, String)]) -> Markup {
    let name = |month: Month| {
        usize::try_from(month.month - 1)
            .ok()
            .and_then(|place| MONTH_NAMES.get(place))
            .copied()
            .unwrap_or_default()
    };
    html! {
        @if months.len() > 1 {
            details.months {
                summary { "Jump to a month" }
                dl {
                    @for year in months.chunk_by(|(a, _), (b, _)| a.year == b.year) {
                        div {
                            dt { (year[0].0.year) }
                            dd {
                                ul.menu role="list" {
                                    @for (month, address) in year.iter().rev() {
                                        li { a href=(address) { (name(*month)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
