//! The layout of all pages: title, navigation, search box, heading and foot.

use std::sync::Arc;

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use crate::site::{
    has_feeds::HasFeeds,
    known_links::KnownLinks,
    links::{Links, NEWEST},
    publication::Publication,
    site_icons::SiteIcons,
};

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
    /// The web sites that have an icon.
    pub icons: Arc<SiteIcons>,
    /// Whether there are feeds.
    pub feeds_known: HasFeeds,
    /// The links that moved or may be lost.
    pub known_links: Arc<KnownLinks>,
    /// How the site presents itself.
    pub publication: Arc<Publication>,
}

/// The location of a page: `url-notes | tag | gpu`.
#[derive(Debug, Default)]
pub(super) struct Breadcrumb<'a> {
    /// The steps after `url-notes`, each with the address of its page unless it is the current one.
    pub steps: Vec<(&'a str, Option<String>)>,
    /// Replaces the last step in the title. The content of such a page has its own `h1`.
    pub title: Option<&'a str>,
    /// The text of the `h1`, unless it is the last step.
    pub heading: Option<&'a str>,
    /// Whether the page lists notes, which can be shown as compact rows.
    pub lists_notes: bool,
    /// The current entry of the navigation.
    pub tab: Option<Tab>,
    /// Address of the feed with the page's notes.
    pub feed: Option<String>,
    /// The content of the search box.
    pub query: &'a str,
    /// Whether search engines must not list the page.
    pub is_private: bool,
    /// Whether the page is wider than a text should be, for lists of many small items.
    pub wide: bool,
    /// Whether the page of an exported site searches by itself.
    pub searches: bool,
    /// Whether the search form keeps the order newest first.
    pub newest: bool,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Home,
    Tags,
    Sites,
    All,
    Inbox,
    Search,
}

impl Layout {
    /// Renders the whole page around its content.
    pub(super) fn page(&self, place: &Breadcrumb<'_>, content: &Markup) -> String {
        let tab = |tab| (place.tab == Some(tab)).then_some("page");
        let name = &self.publication.title;
        let full_title = place.full_title(name);
        html! {
            (DOCTYPE)
            html lang=(self.publication.lang.as_deref().unwrap_or("en")) {
                head {
                    meta charset="utf-8";
                    @if self.links.are_files() { meta http-equiv="Content-Security-Policy" content=(POLICY); }
                    title { (full_title) }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if place.is_private { meta name="robots" content="noindex"; }
                    meta name="referrer" content="no-referrer";
                    meta name="color-scheme" content="light dark";
                    link rel="stylesheet" href=(self.links.style());
                    @if self.publication.css.is_some() { link rel="stylesheet" href=(self.links.custom_style()); }
                    @if self.links.are_files() { (self.preview(place, &full_title)) }
                    // Not deferred: it sets how notes are shown before the first paint.
                    script src=(self.links.script()) {}
                    @if !self.links.are_files() {
                        link rel="search" href=(self.links.opensearch()) title="url-notes"
                            type="application/opensearchdescription+xml";
                    } @else if place.searches {
                        script src=(self.links.search_script()) defer {}
                    }
                    @if let Some(feed) = &place.feed {
                        link rel="alternate" href=(feed) title=(full_title) type="application/atom+xml";
                    }
                    link rel="icon" href=(self.links.icon()) type="image/svg+xml";
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.top {
                        div.bar {
                            p.wordmark .own[*name != Publication::default().title] dir="auto" {
                                // On the home page, this link would lead to itself.
                                @if place.tab == Some(Tab::Home) { (name) } @else {
                                    a href=(self.links.home()) { (name) }
                                }
                            }
                            nav aria-label="Site" {
                                ul.menu role="list" {
                                    li { a href=(self.links.home()) aria-current=[tab(Tab::Home)] { "Home" } }
                                    li { a href=(self.links.tags()) aria-current=[tab(Tab::Tags)] { "Tags" } }
                                    li { a href=(self.links.sites()) aria-current=[tab(Tab::Sites)] { "Sites" } }
                                    li { a href=(self.links.all(0)) aria-current=[tab(Tab::All)] { "All" } }
                                    @if self.feeds_known.known() {
                                        li { a href=(self.links.inbox(None, None)) aria-current=[tab(Tab::Inbox)] { "Inbox" } }
                                    }
                                }
                            }
                            form role="search" action=(self.links.search()) {
                                label.visually-hidden for="q" { "Search the notes" }
                                input #q type="search" name="q" value=(place.query) dir="auto"
                                    placeholder="Search the notes" autocomplete="off"
                                    autocapitalize="none" spellcheck="false";
                                @if place.newest { input type="hidden" name="sort" value=(NEWEST); }
                                button { "Search" }
                            }
                        }
                    }
                    main #content .wide[place.wide] tabindex="-1" {
                        @if place.title.is_none() { (self.heading(place)) }
                        (content)
                    }
                    footer.foot {
                        ul.menu role="list" {
                            li { a href=(self.links.search()) aria-current=[tab(Tab::Search)] { "How to search" } }
                            @if let Some(feed) = &place.feed { li { a href=(feed) { "Atom feed" } } }
                            @if let Some(author) = &self.publication.author { li { "By " bdi { (author) } } }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    /// Renders what search engines and previews show (<https://ogp.me>).
    fn preview(&self, place: &Breadcrumb<'_>, full_title: &str) -> Markup {
        let kind = match place.title {
            Some(_) => "article",
            None => "website",
        };
        let publication = &self.publication;
        html! {
            meta property="og:type" content=(kind);
            meta property="og:site_name" content=(publication.title);
            meta property="og:title" content=(place.title.unwrap_or(full_title));
            @if let Some(author) = &publication.author { meta name="author" content=(author); }
            @if let (Some(description), Some(Tab::Home)) = (&publication.description, place.tab) {
                meta name="description" content=(description);
                meta property="og:description" content=(description);
            }
        }
    }

    /// Renders the `h1` below links to its parent pages.
    fn heading(&self, place: &Breadcrumb<'_>) -> Markup {
        let (last, parents) = match place.steps.split_last() {
            Some(((last, _), parents)) => (*last, parents),
            None => (self.publication.title.as_str(), &[][..]),
        };
        html! {
            div.page-heading {
                div {
                    @for (text, address) in parents {
                        @if let Some(address) = address { p.parents { a href=(address) { (text) } } }
                    }
                    h1 dir="auto" { (place.heading.unwrap_or(last)) }
                }
                @if place.lists_notes {
                    label.compact-switch { input #compact type="checkbox" autocomplete="off"; "Compact" }
                }
            }
        }
    }
}

impl Breadcrumb<'_> {
    fn full_title(&self, name: &str) -> String {
        let mut title = String::from(name);
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
            label.visually-hidden for="filter" { (label) }
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
        assert_eq!(place.full_title("url-notes"), "url-notes | tag | gpu");
        let note = Breadcrumb {
            steps: vec![("note", None)],
            title: Some("A <title>"),
            ..Breadcrumb::default()
        };
        assert_eq!(note.full_title("url-notes"), "url-notes | A <title>");
        assert_eq!(Breadcrumb::default().full_title("url-notes"), "url-notes");
    }
}
