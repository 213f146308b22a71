//! `/inbox`: the pages that arrived from feeds. Exported sites have none.

use super::{
    controller::{Controller, found},
    response::Answer,
    route::Unknown,
    views,
};
use crate::{error::Result, store::Reader};

/// Pages of the inbox per listing page.
const PAGE_ARRIVALS: u32 = 50;

impl Controller {
    /// Answers with the inbox, or its part from one feed, those before `before`.
    pub(super) fn inbox(
        &self,
        reader: &Reader,
        feed: Option<i64>,
        before: Option<i64>,
    ) -> Result<Answer> {
        let counts = reader.arrivals_by_feed()?;
        let mut feeds = reader.feeds()?;
        let any = !feeds.is_empty();
        let shown = feeds.iter().find(|known| Some(known.id) == feed).cloned();
        if feed.is_some() && shown.is_none() {
            let unknown = Unknown {
                sentence: "There is no such feed.".into(),
                words: String::new(),
            };
            return self.missing(reader, &unknown, Vec::new());
        }
        feeds.retain(|feed| counts.contains_key(&feed.id));
        feeds.sort_by_cached_key(|feed| (feed.name().to_lowercase(), feed.id));
        let mut pages = reader.arrivals(feed, before, PAGE_ARRIVALS + 1)?;
        let length = usize::try_from(PAGE_ARRIVALS).unwrap_or(usize::MAX);
        let links = &self.layout.links;
        let earlier = (pages.len() > length).then(|| {
            pages.truncate(length);
            pages.last().map(|page| links.inbox(feed, Some(page.id)))
        });
        let inbox = views::InboxPage {
            feeds: &feeds
                .iter()
                .map(|feed| (feed, counts.get(&feed.id).copied().unwrap_or(0)))
                .collect::<Vec<_>>(),
            total: reader.arrivals_count()?,
            shown: shown.as_ref(),
            pages: &pages,
            has_feeds: any,
            latest: before.map(|_| links.inbox(feed, None)),
            earlier: earlier.flatten(),
        };
        Ok(found(views::inbox(&self.layout, &inbox)))
    }
}
