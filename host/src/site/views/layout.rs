//! The layout of all pages: title, masthead, navigation and search box.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use crate::site::links::Links;

/// The Content-Security-Policy of exported pages: only our own files. (A server sends it as a
/// header.) A search from a page on the disk leads to another local file, which Firefox doesn't
/// count as `'self'`.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    form-action 'self' file:; base-uri 'none'";

/// What is needed to render any page.
#[derive(Debug)]
pub(in crate::site) struct Layout {
    pub links: Links,
    /// Addresses of feeds, for feed readers.
    pub feeds: Links,
    /// The time zone of dates on the page.
    pub zone: TimeZone,
}

/// The location of a page: `url-notes | tag | gpu`.
#[derive(Debug, Default)]
pub(super) struct Breadcrumb<'a> {
    /// The steps after `url-notes`, each with the address of its page unless it is the current one.
    pub steps: Vec<(&'a str, Option<String>)>,
    /// Replaces the last step in the title. The page then has its heading in its content, and the
    /// masthead isn't a heading.
    pub title: Option<&'a str>,
    /// The current entry of the navigation.
    pub tab: Option<Tab>,
    /// Address of the feed with the page's notes.
    pub feed: Option<String>,
    /// The content of the search box.
    pub query: &'a str,
    /// Whether the page is wider than a text should be, for lists of many small items.
    pub wide: bool,
    /// Whether the page of an exported site searches by itself.
    pub searches: bool,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Home,
    Tags,
    Sites,
    All,
    Search,
}

impl Layout {
    /// Renders the whole page around its content.
    pub(super) fn page(&self, place: &Breadcrumb<'_>, content: &Markup) -> String {
        let tab = |tab| (place.tab == Some(tab)).then_some("page");
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    @if self.links.are_files() { meta http-equiv="Content-Security-Policy" content=(POLICY); }
                    title { (place.full_title()) }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    meta name="color-scheme" content="light dark";
                    link rel="stylesheet" href=(self.links.style());
                    script src=(self.links.script()) defer {}
                    @if !self.links.are_files() {
                        link rel="search" href=(self.links.opensearch()) title="url-notes"
                            type="application/opensearchdescription+xml";
                    } @else if place.searches {
                        script src=(self.links.search_script()) defer {}
                    }
                    @if let Some(feed) = &place.feed {
                        link rel="alternate" href=(feed) title=(place.full_title()) type="application/atom+xml";
                    }
                    link rel="icon" href=(self.links.icon()) type="image/svg+xml";
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.top {
                        @if place.title.is_some() {
                            p.masthead { (self.masthead(place)) }
                        } @else {
                            h1.masthead { (self.masthead(place)) }
                        }
                        div.bar {
                            nav aria-label="Site" {
                                ul.menu role="list" {
                                    li { a href=(self.links.home()) aria-current=[tab(Tab::Home)] { "Home" } }
                                    li { a href=(self.links.tags()) aria-current=[tab(Tab::Tags)] { "Tags" } }
                                    li { a href=(self.links.sites()) aria-current=[tab(Tab::Sites)] { "Sites" } }
                                    li { a href=(self.links.all(0)) aria-current=[tab(Tab::All)] { "All" } }
                                }
                            }
                            form role="search" action=(self.links.search()) {
                                label.unseen for="q" { "Search the notes" }
                                input #q type="search" name="q" value=(place.query) dir="auto"
                                    placeholder="Search the notes" autocomplete="off"
                                    autocapitalize="none" spellcheck="false";
                                button { "Search" }
                            }
                        }
                    }
                    main #content .wide[place.wide] tabindex="-1" { (content) }
                    footer.foot {
                        ul.menu role="list" {
                            li { a href=(self.links.search()) aria-current=[tab(Tab::Search)] { "How to search" } }
                            @if let Some(feed) = &place.feed { li { a href=(feed) { "Atom feed" } } }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    fn masthead(&self, place: &Breadcrumb<'_>) -> Markup {
        html! {
            // On the home page, this link would lead to itself.
            @if place.tab == Some(Tab::Home) { "url-notes" } @else {
                a href=(self.links.home()) { "url-notes" }
            }
            @for (text, address) in &place.steps {
                // Hidden from screen readers: "url-notes, tag, gpu" is enough.
                " " span.divider aria-hidden="true" { "|" } " "
                @match address {
                    Some(address) => a href=(address) { bdi { (text) } },
                    None => bdi { (text) },
                }
            }
        }
    }
}

impl Breadcrumb<'_> {
    fn full_title(&self) -> String {
        let mut title = String::from("url-notes");
        let last = self.steps.len().saturating_sub(1);
        for (index, (text, _)) in self.steps.iter().enumerate() {
            title.push_str(" | ");
            title.push_str(self.title.filter(|_| index == last).unwrap_or(text));
        }
        title
    }
}

/// Renders the orders of a list, each with its name, its address, and whether it is the current
/// one.
pub(super) fn sorted_by(label: &str, orders: &[(&str, String, bool)]) -> Markup {
    html! {
        nav aria-label=(label) {
            ul.menu role="list" {
                @for (name, address, present) in orders {
                    li { a href=(address) aria-current=[present.then_some("true")] { (name) } }
                }
            }
        }
    }
}

/// Renders a field that limits a list to names that contain a text.
pub(super) fn filter_form(address: &str, label: &str, sort: Option<&str>, filter: &str) -> Markup {
    html! {
        form.filter action=(address) {
            @if let Some(sort) = sort { input type="hidden" name="sort" value=(sort); }
            label.unseen for="filter" { (label) }
            input #filter type="search" name="filter" value=(filter) dir="auto" placeholder=(label)
                autocomplete="off" autocapitalize="none" spellcheck="false";
            button { "Filter" }
        }
    }
}

/// Renders links to the previous and next pages, if any.
pub(super) fn turn_page(newer: Option<(&str, String)>, older: Option<(&str, String)>) -> Markup {
    html! {
        @if newer.is_some() || older.is_some() {
            nav.turn aria-label="Pages" {
                @if let Some((text, address)) = newer {
                    a.newer rel="prev" href=(address) { (text) }
                }
                @if let Some((text, address)) = older {
                    a.older rel="next" href=(address) { (text) }
                }
            }
        }
    }
}

/// Formats a count: "1 note", "12,345 notes".
pub(super) fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count))
}

/// Formats a number with thousands separators.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_people_do() {
        assert_eq!(counted(0, "note"), "0 notes");
        assert_eq!(counted(1, "note"), "1 note");
        assert_eq!(counted(999, "tag"), "999 tags");
        assert_eq!(counted(1_234_567, "tag"), "1,234,567 tags");
    }

    #[test]
    fn a_title_names_every_step() {
        let place = Breadcrumb {
            steps: vec![("tag", Some("/tags".into())), ("gpu", None)],
            ..Breadcrumb::default()
        };
        assert_eq!(place.full_title(), "url-notes | tag | gpu");
        let note = Breadcrumb {
            steps: vec![("note", None)],
            title: Some("A <title>"),
            ..Breadcrumb::default()
        };
        assert_eq!(note.full_title(), "url-notes | A <title>");
        assert_eq!(Breadcrumb::default().full_title(), "url-notes");
    }
}
