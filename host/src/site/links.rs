//! Builds the addresses of all pages, so that the same pages can be files below another path.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

use super::file_names::FileNames;
use crate::{
    domain::{NoteId, Tag},
    store::{Month, SiteOrder, TagFilter, TagOrder, TagPlace, tag_alone},
};

/// All except the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The value for sorting by relevance in addresses.
pub(super) const RELEVANCE: &str = "relevance";
pub(super) const NEWEST: &str = "newest";

/// Builds addresses below a base path.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    base: String,
    /// For exported sites: the names of files.
    files: Option<Files>,
}

/// How files are addressed.
#[derive(Debug, Clone)]
struct Files {
    names: Arc<FileNames>,
    /// The file name of a folder's page. Servers add it; `file:` addresses need it.
    index: &'static str,
}

impl Links {
    /// Builds absolute addresses at this origin, for feeds and the like.
    pub(super) fn absolute(origin: &str) -> Self {
        Self {
            base: origin.to_owned(),
            files: None,
        }
    }

    /// Builds relative addresses for files, from a page this many folders deep. They work wherever
    /// the exported site is, on a server or on a disk.
    pub(super) fn relative(names: &Arc<FileNames>, depth: usize) -> Self {
        let base = match depth {
            0 => ".".to_owned(),
            deep => vec![".."; deep].join("/"),
        };
        Self {
            base,
            files: Some(Files {
                names: Arc::clone(names),
                index: "index.html",
            }),
        }
    }

    /// Builds addresses for files on a server, below this path or full address.
    pub(super) fn below(names: &Arc<FileNames>, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            files: Some(Files {
                names: Arc::clone(names),
                index: "",
            }),
        }
    }

    /// Returns whether the pages are files, without a server that answers queries.
    pub(super) fn are_files(&self) -> bool {
        self.files.is_some()
    }

    pub(super) fn home(&self) -> String {
        self.page("")
    }

    pub(super) fn tags(&self) -> String {
        self.page("/tags")
    }

    /// Address of the list of tags in this order, limited to names that contain `filter`.
    pub(super) fn tags_sorted(&self, order: TagOrder, filter: &str) -> String {
        if self.are_files() {
            return self.tags_page(order, 0);
        }
        let mut query = Serializer::new(String::new());
        if order != TagOrder::default() {
            query.append_pair("sort", order_name(order));
        }
        if !filter.is_empty() {
            query.append_pair("filter", filter);
        }
        with_query(self.tags(), &query.finish())
    }

    /// Address of a page of that list.
    pub(super) fn tags_from(&self, order: TagOrder, filter: &str, place: &TagPlace) -> String {
        let mut query = Serializer::new(String::new());
        match place {
            TagPlace::From(tag) => query.append_pair("from", tag.as_str()),
            TagPlace::Before(id) => query.append_pair("before", &id.0.to_string()),
        };
        with_query(self.tags_sorted(order, filter), &query.finish())
    }

    /// Address of a page of that list by number, starting at 0, for exported sites.
    pub(super) fn tags_page(&self, order: TagOrder, number: usize) -> String {
        let folder = match order {
            TagOrder::Uses => "/tags".to_owned(),
            order => format!("/tags/{}", order_name(order)),
        };
        self.numbered(&folder, number)
    }

    pub(super) fn sites(&self) -> String {
        self.page("/sites")
    }

    /// Address of the list of sites in this order, starting at this one, limited to names that
    /// contain `filter`.
    pub(super) fn sites_sorted(
        &self,
        order: SiteOrder,
        filter: &str,
        from: Option<&str>,
    ) -> String {
        if self.are_files() {
            return self.sites_page(order, 0);
        }
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

    /// Address of a page of that list by number, starting at 0, for exported sites.
    pub(super) fn sites_page(&self, order: SiteOrder, number: usize) -> String {
        let folder = match order {
            SiteOrder::Uses => "/sites".to_owned(),
            order => format!("/sites/{}", site_order_name(order)),
        };
        self.numbered(&folder, number)
    }

    /// Address of the notes of a site, those before `before`.
    pub(super) fn site(&self, site: &str, before: Option<NoteId>) -> String {
        if self.are_files() {
            return self.site_page(site, 0);
        }
        let mut query = Serializer::new(String::new());
        append_before(&mut query, before);
        let site = utf8_percent_encode(site, RESERVED);
        with_query(self.path(&format!("/site/{site}")), &query.finish())
    }

    /// Address of a page of the notes of a site by number, starting at 0, for exported sites.
    pub(super) fn site_page(&self, site: &str, number: usize) -> String {
        self.numbered(&self.folder("site", site), number)
    }

    pub(super) fn feed(&self) -> String {
        self.path("/feed.atom")
    }

    /// Address of the feed of the notes that pass the filter.
    pub(super) fn tag_feed(&self, filter: &TagFilter) -> String {
        if let (true, Some(tag)) = (self.are_files(), filter.with.first()) {
            return self.path(&format!("{}/feed.atom", self.folder("tag", tag.as_str())));
        }
        let page = self.narrowed(filter, None);
        let (path, query) = page.split_once('?').unwrap_or((&page, ""));
        with_query(format!("{path}/feed.atom"), query)
    }

    pub(super) fn tag(&self, tag: &Tag) -> String {
        if self.are_files() {
            return self.tag_page(tag, 0);
        }
        self.path(&tag.path())
    }

    /// Address of the notes with a tag itself, without those that imply it.
    pub(super) fn tag_alone(&self, tag: &Tag) -> String {
        let alone = tag_alone(tag);
        match self.are_files() {
            true => self.found(&format!("{} ", tag_condition("", &alone)), None),
            false => self.tag(&alone),
        }
    }

    /// Address of a page of the notes with a tag by number, starting at 0, for exported sites.
    pub(super) fn tag_page(&self, tag: &Tag, number: usize) -> String {
        self.numbered(&self.folder("tag", tag.as_str()), number)
    }

    /// Address of the notes that pass the filter. The filter has at least one tag; the first one
    /// names the page.
    pub(super) fn narrowed(&self, filter: &TagFilter, before: Option<NoteId>) -> String {
        let Some((first, others)) = filter.with.split_first() else {
            return self.tags();
        };
        if self.are_files() && !(others.is_empty() && filter.without.is_empty()) {
            let with = filter.with.iter().map(|tag| ("", tag));
            let without = filter.without.iter().map(|tag| ("-", tag));
            let conditions = with.chain(without);
            let conditions: Vec<String> = conditions
                .map(|(sign, tag)| tag_condition(sign, tag))
                .collect();
            return self.found(&format!("{} ", conditions.join(" ")), None);
        }
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
        self.page(&format!("/all/{page}"))
    }

    /// Address of the inbox, or of its part from one feed, of the pages before `before`; not where
    /// the pages are files.
    pub(super) fn inbox(&self, feed: Option<i64>, before: Option<i64>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, number) in [("feed", feed), ("before", before)] {
            if let Some(number) = number {
                query.append_pair(name, &number.to_string());
            }
        }
        with_query(self.path("/inbox"), &query.finish())
    }

    /// The page of all notes that has the newest of a month; not where the pages are files.
    pub(super) fn month(&self, month: Month) -> String {
        self.path(&format!("/all?month={:04}-{:02}", month.year, month.month))
    }

    /// Leads to a note at random, of those with `tag`; not where the pages are files.
    pub(super) fn random(&self, tag: Option<&Tag>) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(tag) = tag {
            query.append_pair("tag", tag.as_str());
        }
        with_query(self.path("/random"), &query.finish())
    }

    pub(super) fn note(&self, id: NoteId) -> String {
        self.page(&format!("/note/{}", id.0))
    }

    /// Address of the text of a note's page.
    pub(super) fn text(&self, id: NoteId) -> String {
        self.page(&format!("/note/{}/text", id.0))
    }

    /// Address of the search page.
    pub(super) fn search(&self) -> String {
        self.page("/search")
    }

    /// Address of search results, newest first, those before `before`.
    pub(super) fn found(&self, query: &str, before: Option<NoteId>) -> String {
        let mut parameters = Serializer::new(String::new());
        parameters.append_pair("q", query);
        // Exported sites have only one order.
        if !self.are_files() {
            parameters.append_pair("sort", NEWEST);
        }
        append_before(&mut parameters, before);
        with_query(self.search(), &parameters.finish())
    }

    /// Address of search results by relevance.
    pub(super) fn best(&self, query: &str) -> String {
        let mut parameters = Serializer::new(String::new());
        parameters.append_pair("q", query);
        with_query(self.search(), &parameters.finish())
    }

    /// Returns the link to the results of a query in an order.
    pub(super) fn search_for(&self, query: &str, newest: bool) -> String {
        match newest {
            true => self.found(query, None),
            false => self.best(query),
        }
    }

    /// Returns the address of the feed of a saved search.
    pub(super) fn search_feed(&self, name: &str) -> String {
        self.path(&format!(
            "/search/{}/feed.atom",
            utf8_percent_encode(name, RESERVED)
        ))
    }

    pub(super) fn style(&self) -> String {
        self.path("/style.css")
    }

    /// The publisher's own style sheet.
    pub(super) fn custom_style(&self) -> String {
        self.path("/custom.css")
    }

    pub(super) fn script(&self) -> String {
        self.path("/site.js")
    }

    /// Address of the OpenSearch description.
    pub(super) fn opensearch(&self) -> String {
        self.path("/opensearch.xml")
    }

    pub(super) fn icon(&self) -> String {
        match self.files {
            // Servers derive the content type from the file name.
            Some(_) => self.path("/favicon.svg"),
            None => self.path("/favicon.ico"),
        }
    }

    /// Address of the icon of a web site, by its name.
    pub(super) fn site_icon(&self, name: &str) -> String {
        self.path(&format!("/icon/{name}.png"))
    }

    /// Returns the id of a feed or an entry, a tag URI (RFC 4151). It doesn't depend on the site's
    /// address, so it stays when that changes. Published sites use their own name, because other
    /// people's notes are different ones.
    pub(super) fn identity(&self, path: &str) -> String {
        let path = path.trim_start_matches('/');
        match self.are_files() && self.base.starts_with("http") {
            true => format!("{}/{path}", self.base),
            false => format!("tag:url-notes.localhost,2025:{path}"),
        }
    }

    /// Address of the search script of exported sites.
    pub(super) fn search_script(&self) -> String {
        self.path("/search.js")
    }

    /// Address of a page that may be the only one in its folder.
    fn page(&self, path: &str) -> String {
        match &self.files {
            Some(files) => format!("{}{path}/{}", self.base, files.index),
            None if path.is_empty() => self.path("/"),
            None => self.path(path),
        }
    }

    /// Address of a page of a list. Pages after the first are beside it.
    fn numbered(&self, folder: &str, number: usize) -> String {
        match number {
            0 => self.page(folder),
            _ => self.path(&format!("{folder}/{}.html", number + 1)),
        }
    }

    /// Address of the folder of a tag or a site.
    fn folder(&self, kind: &str, name: &str) -> String {
        let file = match &self.files {
            Some(files) => files.names.of(name),
            None => name.into(),
        };
        format!("/{kind}/{}", utf8_percent_encode(&file, RESERVED))
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Returns a tag as a condition of a search.
pub(super) fn tag_condition(sign: &str, tag: &Tag) -> String {
    // An unquoted bracket would be parsed as one of the query.
    match tag
        .as_str()
        .contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')'))
    {
        true => format!("{sign}tag:\"{tag}\""),
        false => format!("{sign}tag:{tag}"),
    }
}

/// Returns the word for an order of tags in addresses.
pub(super) fn order_name(order: TagOrder) -> &'static str {
    match order {
        TagOrder::Uses => "uses",
        TagOrder::Name => "name",
        TagOrder::Recent => "recent",
    }
}

/// Returns the word for an order of sites in addresses.
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

/// The addresses of the tags `.` and `..` already have a query.
fn with_query(path: String, query: &str) -> String {
    match query {
        "" => path,
        query if path.contains('?') => format!("{path}&{query}"),
        query => format!("{path}?{query}"),
    }
}
