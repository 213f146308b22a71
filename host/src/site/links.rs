//! Addresses of the pages. All of them are made here, so that the same pages
//! can stand below another path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

use crate::domain::{NoteId, Tag};
use crate::store::{SiteOrder, TagFilter, TagOrder, TagPlace};

/// All but the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The word in addresses for the best first.
pub(super) const RELEVANCE: &str = "relevance";

/// Makes addresses below a base path.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    base: String,
}

impl Links {
    /// Addresses that hold everywhere, such as in feeds.
    pub(super) fn absolute(port: u16) -> Self {
        Self {
            base: format!("http://localhost:{port}"),
        }
    }

    pub(super) fn home(&self) -> String {
        self.path("/")
    }

    pub(super) fn tags(&self) -> String {
        self.path("/tags")
    }

    /// The list of tags in this order, only those that have `filter` in their name.
    pub(super) fn tags_sorted(&self, order: TagOrder, filter: &str) -> String {
        let mut query = Serializer::new(String::new());
        if order != TagOrder::default() {
            query.append_pair("sort", order_name(order));
        }
        if !filter.is_empty() {
            query.append_pair("filter", filter);
        }
        with_query(self.tags(), &query.finish())
    }

    /// A page of that list.
    pub(super) fn tags_from(&self, order: TagOrder, filter: &str, place: &TagPlace) -> String {
        let mut query = Serializer::new(String::new());
        match place {
            TagPlace::From(tag) => query.append_pair("from", tag.as_str()),
            TagPlace::Before(id) => query.append_pair("before", &id.0.to_string()),
        };
        with_query(self.tags_sorted(order, filter), &query.finish())
    }

    pub(super) fn sites(&self) -> String {
        self.path("/sites")
    }

    /// The list of sites in this order, those that have `filter` in their name, from
    /// this one on.
    pub(super) fn sites_sorted(
        &self,
        order: SiteOrder,
        filter: &str,
        from: Option<&str>,
    ) -> String {
        let mut query = Serializer::new(String::new());
        if order != SiteOrder::default() {
            query.append_pair("sort", site_order_name(order));
        }
        if !filter.is_empty() {
            query.append_pair("filter", filter);
        }
        if let Some(from) = from {
            query.append_pair("from", from);
        }
        with_query(self.sites(), &query.finish())
    }

    /// The notes of a site, those before `before`.
    pub(super) fn site(&self, site: &str, before: Option<NoteId>) -> String {
        let mut query = Serializer::new(String::new());
        append_before(&mut query, before);
        let site = utf8_percent_encode(site, RESERVED);
        with_query(self.path(&format!("/site/{site}")), &query.finish())
    }

    pub(super) fn feed(&self) -> String {
        self.path("/feed.atom")
    }

    /// The feed of the notes that pass the filter.
    pub(super) fn tag_feed(&self, filter: &TagFilter) -> String {
        let page = self.narrowed(filter, None);
        let (path, query) = page.split_once('?').unwrap_or((&page, ""));
        with_query(format!("{path}/feed.atom"), query)
    }

    pub(super) fn tag(&self, tag: &Tag) -> String {
        self.path(&tag.path())
    }

    /// The notes that pass the filter. Its first tag names the page; it has one.
    pub(super) fn narrowed(&self, filter: &TagFilter, before: Option<NoteId>) -> String {
        let Some((first, others)) = filter.with.split_first() else {
            return self.tags();
        };
        let mut query = Serializer::new(String::new());
        for tag in others {
            query.append_pair("with", tag.as_str());
        }
        for tag in &filter.without {
            query.append_pair("without", tag.as_str());
        }
        append_before(&mut query, before);
        with_query(self.tag(first), &query.finish())
    }

    pub(super) fn all(&self, page: u64) -> String {
        self.path(&format!("/all/{page}"))
    }

    pub(super) fn note(&self, id: NoteId) -> String {
        self.path(&format!("/note/{}", id.0))
    }

    /// The page that searches.
    pub(super) fn search(&self) -> String {
        self.path("/search")
    }

    /// What was found, the newest first, those before `before`.
    pub(super) fn found(&self, query: &str, before: Option<NoteId>) -> String {
        let mut parameters = Serializer::new(String::new());
        parameters.append_pair("q", query);
        append_before(&mut parameters, before);
        with_query(self.search(), &parameters.finish())
    }

    /// What was found, the best first.
    pub(super) fn best(&self, query: &str) -> String {
        let mut parameters = Serializer::new(String::new());
        parameters.append_pair("q", query);
        parameters.append_pair("sort", RELEVANCE);
        with_query(self.search(), &parameters.finish())
    }

    pub(super) fn style(&self) -> String {
        self.path("/style.css")
    }

    pub(super) fn script(&self) -> String {
        self.path("/site.js")
    }

    /// The description of the search, for browsers that add it to theirs.
    pub(super) fn opensearch(&self) -> String {
        self.path("/opensearch.xml")
    }

    pub(super) fn icon(&self) -> String {
        self.path("/favicon.ico")
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// The word for an order in addresses.
pub(super) fn order_name(order: TagOrder) -> &'static str {
    match order {
        TagOrder::Uses => "uses",
        TagOrder::Name => "name",
        TagOrder::Recent => "recent",
    }
}

/// The word for an order of sites in addresses.
pub(super) fn site_order_name(order: SiteOrder) -> &'static str {
    match order {
        SiteOrder::Uses => "uses",
        SiteOrder::Name => "name",
    }
}

fn append_before(query: &mut Serializer<'_, String>, before: Option<NoteId>) {
    if let Some(id) = before {
        query.append_pair("before", &id.0.to_string());
    }
}

/// The tags `.` and `..` have a query in their address already.
fn with_query(path: String, query: &str) -> String {
    match query {
        "" => path,
        query if path.contains('?') => format!("{path}&{query}"),
        query => format!("{path}?{query}"),
    }
}
