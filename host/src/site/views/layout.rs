//! What all pages have around them: title, masthead, navigation, search.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use crate::site::links::{Links, NEWEST};

/// What a page that comes from a file may load: nothing but our own. (A server says it
/// in its answer.) From a page on the disk the search goes to another one there, which is
/// not `'self'` to Firefox.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    form-action 'self' file:; base-uri 'none'";

/// What all pages are made with.
#[derive(Debug)]
pub(in crate::site) struct Layout {
    pub links: Links,
    /// Feeds, where programs that read them find them.
    pub feeds: Links,
    /// Whose days the notes were saved on.
    pub zone: TimeZone,
}

/// Where a page stands: `url-notes | tag | gpu`.
#[derive(Debug, Default)]
pub(super) struct Breadcrumb<'a> {
    /// The steps after `url-notes`, each with its page where that is another one.
    pub steps: Vec<(&'a str, Option<String>)>,
    /// Stands in the title instead of the last step. Then the page has its
    /// heading in its content, and the masthead is none.
    pub title: Option<&'a str>,
    /// Its entry in the navigation.
    pub tab: Option<Tab>,
    /// Address of the feed with the page's notes.
    pub feed: Option<String>,
    /// What the search box holds.
    pub query: &'a str,
    /// A page of many small things, broader than a text should be.
    pub wide: bool,
    /// Where the pages are files: it looks for notes by itself.
    pub searches: bool,
    /// Whether the next search is to be in the order of time, too.
    pub newest: bool,
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
    /// The whole page around its content.
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
                                @if place.newest { input type="hidden" name="sort" value=(NEWEST); }
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
            // On the first page this would lead nowhere.
            @if place.tab == Some(Tab::Home) { "url-notes" } @else {
                a href=(self.links.home()) { "url-notes" }
            }
            @for (text, address) in &place.steps {
                // Not spoken: "url-notes, tag, gpu" says it all.
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

/// The orders of a list, each with its name and address, and whether it is the present one.
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

/// A field that shortens a list to what has a text in its name.
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

/// Links to the pages before and after, where there are any.
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

/// "1 note", "12,345 notes".
pub(super) fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count))
}

/// A number with its thousands apart.
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
