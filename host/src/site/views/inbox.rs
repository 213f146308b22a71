//! `/inbox`: the pages that arrived from feeds, day by day.

use maud::{Markup, html};

use crate::{
    domain::PageUrl,
    site::views::{
        layout::{Breadcrumb, Layout, Tab, grouped, turn_page},
        note_card::{clock_time, long_day, published_on, saved_on, site_icon},
    },
    store::{Arrival, Feed},
};

/// Longest excerpt, in bytes, that is shown without clamping it.
const SHORT_EXCERPT: usize = 200;

/// The content of the inbox.
#[derive(Debug)]
pub(in crate::site) struct InboxPage<'a> {
    /// The feeds with pages in the inbox, by name, each with their number.
    pub feeds: &'a [(&'a Feed, u64)],
    /// Number of pages in the inbox.
    pub total: u64,
    /// The only feed that is shown.
    pub shown: Option<&'a Feed>,
    /// The pages, the latest first.
    pub pages: &'a [Arrival],
    /// Whether there are feeds at all.
    pub has_feeds: bool,
    /// The address of the latest pages, unless these are them.
    pub latest: Option<String>,
    /// The address of earlier pages, if there are any.
    pub earlier: Option<String>,
}

pub(in crate::site) fn inbox(layout: &Layout, inbox: &InboxPage<'_>) -> String {
    let name = inbox.shown.map(|feed| feed.name());
    let whole = layout.links.inbox(None, None);
    let mut steps = vec![("inbox", name.as_ref().map(|_| whole))];
    if let Some(name) = &name {
        steps.push((name, None));
    }
    let place = Breadcrumb {
        steps,
        heading: name.is_none().then_some("Inbox"),
        tab: Some(Tab::Inbox),
        is_private: true,
        ..Breadcrumb::default()
    };
    let content = html! {
        @if inbox.feeds.len() > 1 || inbox.shown.is_some() { (feeds(layout, inbox)) }
        @if inbox.pages.is_empty() {
            (nothing(inbox))
        } @else {
            @if inbox.latest.is_none() {
                p.status { "New pages from your feeds. To keep one, open it and click the url-notes button." }
            }
            @let day = |page: &Arrival| saved_on(layout, page.arrived_at());
            @for pages in inbox.pages.chunk_by(|a, b| day(a) == day(b)) {
                @let date = day(&pages[0]);
                section.day {
                    h2 { time datetime=(date) { (long_day(date)) } }
                    @for page in pages { (arrival(layout, page, inbox.shown.is_none())) }
                }
            }
        }
        (turn_page(
            inbox.latest.clone().map(|address| ("Latest pages", address)),
            inbox.earlier.clone().map(|address| ("Earlier pages", address)),
        ))
    };
    layout.page(&place, &content)
}

/// Renders links to the pages of each feed.
fn feeds(layout: &Layout, inbox: &InboxPage<'_>) -> Markup {
    let shown = inbox.shown.map(|feed| feed.id);
    html! {
        nav.inbox-feeds aria-label="Feeds" {
            ul.tags.counted role="list" {
                li { a href=(layout.links.inbox(None, None)) aria-current=[shown.is_none().then_some("true")] {
                    "All feeds " span.count { (grouped(inbox.total)) }
                } }
                @for (feed, count) in inbox.feeds {
                    li { a href=(layout.links.inbox(Some(feed.id), None)) aria-current=[(shown == Some(feed.id)).then_some("true")] {
                        bdi { (feed.name()) } " " span.count { (grouped(*count)) }
                    } }
                }
            }
        }
    }
}

fn nothing(inbox: &InboxPage<'_>) -> Markup {
    html! {
        section.paper aria-label="Message" {
            @if inbox.shown.is_some() {
                p { "Nothing from this feed is in the inbox." }
            } @else if inbox.has_feeds {
                p { "Nothing new. Pages arrive here when your feeds are fetched:" }
                pre { code { "url-notes feed fetch" } }
            } @else {
                p { "New pages from feeds arrive here, apart from your notes. To add a feed:" }
                pre { code { "url-notes feed add https://example.org/" } }
            }
        }
    }
}

/// Renders a page. `with_feed`: whether to name its feed.
fn arrival(layout: &Layout, page: &Arrival, with_feed: bool) -> Markup {
    let url = PageUrl::parse(&page.url).ok();
    let site = url.as_ref().map(|url| url.site().to_owned());
    let lang = page.lang.as_deref().unwrap_or_default();
    let excerpt = page.excerpt.as_deref().unwrap_or_default();
    // Apart from what follows it, but no bdi: dir="auto" would look past that.
    let title = html! { span.apart { (page.name()) } };
    html! {
        article.note.arrival {
            h3.title dir="auto" lang=(lang) {
                @if url.is_some_and(|url| url.is_linkable()) {
                    a href=(page.address()) target="_blank" rel="noreferrer noopener" { (title) }
                } @else {
                    (title)
                }
            }
            @if !excerpt.is_empty() {
                div .clamped[excerpt.len() > SHORT_EXCERPT] {
                    p.excerpt dir="auto" lang=(lang) { (excerpt) }
                }
            }
            ul.facts role="list" {
                @if let Some(site) = site.filter(|site| !site.is_empty()) { li { (site_icon(layout, &site)) bdi { (site) } } }
                @if with_feed {
                    li { a href=(layout.links.inbox(Some(page.feed_id), None)) { bdi { (page.feed) } } }
                }
                li { "Arrived " (clock_time(layout, page.arrived_at())) }
                @if let Some(date) = page.published_at.as_deref() { li.published { "Published " (published_on(date)) } }
            }
        }
    }
}
