//! The layout of exported pages, and their files.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::site::{
    has_feeds::HasFeeds, known_links::KnownLinks, links::Links, publication::Publication,
    site_icons::SiteIcons, views::Layout,
};

pub(super) fn layout(
    links: Links,
    icons: &Arc<SiteIcons>,
    known_links: &Arc<KnownLinks>,
    publication: &Arc<Publication>,
) -> Layout {
    Layout {
        feeds: links.clone(),
        links,
        zone: TimeZone::system(),
        icons: Arc::clone(icons),
        feeds_known: HasFeeds::default(),
        known_links: Arc::clone(known_links),
        publication: Arc::clone(publication),
    }
}

/// Returns the file of a page of a list, as `Links` addresses it.
pub(super) fn numbered(folder: &str, number: usize) -> String {
    match number {
        0 => format!("{folder}/index.html"),
        _ => format!("{folder}/{}.html", number + 1),
    }
}
