//! Parses addresses. Pure: path and query in, a [`Route`] out.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{
    api::Api,
    links::{Links, NEWEST, RELEVANCE, order_name, site_order_name},
    query_string::Parameters,
};
use crate::{
    domain::{Icon, NoteId, Tag, site_of},
    error::Result,
    store::{Month, SiteOrder, TagFilter, TagOrder, TagPlace},
};

/// A page, a file, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Home,
    Tags {
        order: TagOrder,
        filter: String,
        place: Option<TagPlace>,
    },
    Sites {
        order: SiteOrder,
        filter: String,
        from: Option<String>,
    },
    /// The notes of a web site, by its name in the store.
    Site {
        site: String,
        before: Option<NoteId>,
    },
    Tag {
        /// A filter with at least one tag.
        filter: TagFilter,
        before: Option<NoteId>,
    },
    All {
        page: u64,
    },
    /// The pages that arrived from feeds, or from the feed with this id.
    Inbox {
        feed: Option<i64>,
        before: Option<i64>,
    },
    /// Redirects to the page of all notes with the newest note of a month.
    Month(Month),
    /// Redirects to a random note, or to a random one with a tag.
    Random(Option<Tag>),
    Note(NoteId),
    /// The text of a note's page.
    Text(NoteId),
    Search {
        query: String,
        before: Option<NoteId>,
    },
    /// Search results by relevance.
    Best {
        query: String,
    },
    /// The newest notes as Atom: all notes, or those that pass a filter.
    Feed(Option<TagFilter>),
    /// The feed of a saved search.
    SearchFeed(String),
    Api(Api),
    OpenSearch,
    Style,
    Script,
    Robots,
    Icon,
    /// The icon of a web site, by its name.
    SiteIcon(String),
    /// A redirect to the canonical address of the same page.
    Moved(String),
    Unknown(Unknown),
}

/// An address that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// The words of the address, to search for what was meant.
    pub words: String,
}

impl Route {
    /// Parses path and query, still percent-encoded.
    pub(super) fn parse(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // Removes trailing slashes, as long as there is such a page without them. A loop, because
        // thousands of slashes must not need a deep stack.
        let mut shorter = path;
        while let Some(without) = shorter.strip_suffix('/')
            && !without.is_empty()
            && without != "/tag"
        {
            shorter = without;
        }
        if shorter.len() == path.len() {
            return Self::of(path, query);
        }
        match Self::of(shorter, query) {
            nowhere_or_further @ (Self::Unknown(_) | Self::Moved(_)) => nowhere_or_further,
            _ => Self::Moved(with_query(shorter, query)),
        }
    }

    /// Parses an address without trailing slashes.
    fn of(path: &str, query: &str) -> Self {
        // Split before decoding, because %2F is part of a name and not a separator.
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').skip(1).collect();
        let query = Parameters::read(query);
        match segments.as_slice() {
            [] if path == "/" => Self::Home,
            ["tags"] => tags(&query),
            ["tag"] => match query.value("name") {
                Some(name) => tag(name, &query),
                None => Self::Moved(Links::default().tags()),
            },
            ["tag", name] => match percent_decode_str(name).decode_utf8() {
                Ok(name) => tag(&name, &query),
                Err(_) => unknown("The address of this tag is not UTF-8.", ""),
            },
            ["tag", "", "feed.atom"] => match query.value("name") {
                Some(name) => tag_feed(name, &query),
                None => Self::Moved(Links::default().feed()),
            },
            ["tag", name, "feed.atom"] => match percent_decode_str(name).decode_utf8() {
                Ok(name) => tag_feed(&name, &query),
                Err(_) => unknown("The address of this tag is not UTF-8.", ""),
            },
            ["search", name, "feed.atom"] => match percent_decode_str(name).decode_utf8() {
                Ok(name) => Self::SearchFeed(name.into_owned()),
                Err(_) => unknown("The address of this search is not UTF-8.", ""),
            },
            ["sites"] => sites(&query),
            ["site"] => Self::Moved(Links::default().sites()),
            ["site", name] => match percent_decode_str(name).decode_utf8() {
                Ok(name) => site(&name, &query),
                Err(_) => unknown("The address of this web site is not UTF-8.", ""),
            },
            ["all"] => match query.value("month") {
                Some(month) => match month_of(month) {
                    Some(month) => Self::Month(month),
                    None => unknown("A month is written as 2025-08.", ""),
                },
                None => Self::Moved(Links::default().all(0)),
            },
            ["random"] => match query.value("tag").map(Tag::sought).transpose() {
                Ok(tag) => Self::Random(tag),
                Err(error) => unknown(&error.to_string(), ""),
            },
            ["all", page] => match page.parse() {
                Ok(number) => canonical(
                    Self::All { page: number },
                    Links::default().all(number),
                    path,
                ),
                Err(_) => unknown(
                    "The list of all notes has numbered pages, starting at 0.",
                    "",
                ),
            },
            ["note", id] => match id.parse().map(NoteId) {
                Ok(id) => canonical(Self::Note(id), Links::default().note(id), path),
                Err(_) => unknown(
                    "The address of a note must contain its number.",
                    &words(&[id]),
                ),
            },
            ["note", id, "text"] => match id.parse().map(NoteId) {
                Ok(id) => canonical(Self::Text(id), Links::default().text(id), path),
                Err(_) => unknown(
                    "The address of a note must contain its number.",
                    &words(&[id]),
                ),
            },
            ["inbox"] => inbox(&query),
            ["search"] => search(&query),
            ["feed.atom"] => Self::Feed(None),
            ["api", rest @ ..] => Self::Api(Api::parse(rest, &query)),
            ["opensearch.xml"] => Self::OpenSearch,
            ["style.css"] => Self::Style,
            ["site.js"] => Self::Script,
            ["robots.txt"] => Self::Robots,
            ["favicon.ico"] => Self::Icon,
            ["icon", file] => match file.strip_suffix(".png") {
                Some(name) if Icon::is_name(name) => Self::SiteIcon(name.to_owned()),
                _ => unknown("There is no such icon.", ""),
            },
            segments => unknown("This address doesn't exist.", &words(segments)),
        }
    }
}

fn unknown(sentence: &str, words: &str) -> Route {
    Route::Unknown(Unknown {
        sentence: sentence.to_owned(),
        words: words.to_owned(),
    })
}

/// Returns the route if the request used its canonical address, and a redirect otherwise.
fn canonical(route: Route, address: String, path: &str) -> Route {
    if path == address {
        route
    } else {
        Route::Moved(address)
    }
}

fn tags(query: &Parameters<'_>) -> Route {
    let orders = [TagOrder::Uses, TagOrder::Name, TagOrder::Recent];
    let order = match query.value("sort") {
        None => TagOrder::default(),
        Some(name) => match orders.into_iter().find(|order| {
            order_name(*order) == name
                // Common synonyms.
                || matches!((order, name), (TagOrder::Uses, "use") | (TagOrder::Recent, "recency"))
        }) {
            Some(order) => order,
            None => return unknown("Tags can be sorted by uses, name or recent.", ""),
        },
    };
    let place = match (query.value("from"), before(query)) {
        (_, Err(unknown)) => return unknown,
        (_, Ok(Some(id))) => Some(TagPlace::Before(id)),
        (None, Ok(None)) => None,
        (Some(name), Ok(None)) => match Tag::sought(name) {
            Ok(tag) => Some(TagPlace::From(tag)),
            Err(error) => return unknown(&error.to_string(), name),
        },
    };
    Route::Tags {
        order,
        filter: query.filter(),
        place,
    }
}

fn sites(query: &Parameters<'_>) -> Route {
    let orders = [SiteOrder::Uses, SiteOrder::Name];
    let order = match query.value("sort") {
        None => SiteOrder::default(),
        Some(name) => match orders
            .into_iter()
            .find(|order| site_order_name(*order) == name)
        {
            Some(order) => order,
            None => return unknown("Sites can be sorted by uses or name.", ""),
        },
    };
    Route::Sites {
        order,
        filter: query.filter(),
        from: query.value("from").map(str::to_owned),
    }
}

fn site(name: &str, query: &Parameters<'_>) -> Route {
    let site = site_of(name.trim());
    if site.is_empty() {
        return unknown("This is not the name of a web site.", name);
    }
    match before(query) {
        Ok(before) if site == name => Route::Site { site, before },
        Ok(before) => Route::Moved(Links::default().site(&site, before)),
        Err(unknown) => unknown,
    }
}

fn inbox(query: &Parameters<'_>) -> Route {
    let number = |name| query.value(name).map(str::parse).transpose();
    match (number("feed"), number("before")) {
        (Ok(feed), Ok(before)) => Route::Inbox { feed, before },
        _ => unknown("A feed and `before` are numbers.", ""),
    }
}

fn search(parameters: &Parameters<'_>) -> Route {
    // A trailing space means that the last word is complete.
    let query = parameters.value("q").unwrap_or_default().trim_start();
    let query = query.to_owned();
    match (parameters.value("sort"), before(parameters)) {
        (Some(sort), _) if ![RELEVANCE, NEWEST].contains(&sort) => {
            unknown("Results can be sorted by newest or relevance.", "")
        }
        (_, Err(unknown)) => unknown,
        (Some(RELEVANCE), _) | (None, Ok(None)) => Route::Best { query },
        (_, Ok(before)) => Route::Search { query, before },
    }
}

fn tag(name: &str, query: &Parameters<'_>) -> Route {
    let filter = match filter(name, query) {
        Ok(filter) => filter,
        Err(error) => return unknown(&error.to_string(), name),
    };
    match before(query) {
        Ok(before) if filter.with[0].as_str() == name => Route::Tag { filter, before },
        Ok(before) => Route::Moved(Links::default().narrowed(&filter, before)),
        Err(unknown) => unknown,
    }
}

fn tag_feed(name: &str, query: &Parameters<'_>) -> Route {
    match filter(name, query) {
        Ok(filter) if filter.with[0].as_str() == name => Route::Feed(Some(filter)),
        Ok(filter) => Route::Moved(Links::default().tag_feed(&filter)),
        Err(error) => unknown(&error.to_string(), name),
    }
}

fn filter(name: &str, query: &Parameters<'_>) -> Result<TagFilter> {
    let mut filter = TagFilter {
        with: vec![Tag::sought(name)?],
        without: Vec::new(),
    };
    query.add_tags(&mut filter)?;
    Ok(filter)
}

/// Parses a month such as `2025-08`.
fn month_of(text: &str) -> Option<Month> {
    let day = format!("{text}-01").parse().ok()?;
    (text.len() == 7).then(|| Month::of(day))
}

/// Returns the words of a path, to search for what was meant.
fn words(segments: &[&str]) -> String {
    let decoded: Vec<_> = segments
        .iter()
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    decoded.join("/")
}

fn with_query(path: &str, query: &str) -> String {
    // Whatever the request contained, a Location is ASCII without spaces.
    const BLANKS: &AsciiSet = &CONTROLS.add(b' ');
    let ascii = |text: &str| utf8_percent_encode(text, BLANKS).to_string();
    match query {
        "" => ascii(path),
        query => format!("{}?{}", ascii(path), ascii(query)),
    }
}

fn before(query: &Parameters<'_>) -> std::result::Result<Option<NoteId>, Route> {
    query
        .before()
        .map_err(|_| unknown("`before` must be the number of a note.", ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::MAX_CONDITIONS;

    #[test]
    fn a_million_slashes_need_no_deep_stack() {
        let slashes = "/".repeat(1_000_000);
        assert_eq!(Route::parse(&slashes), Route::Moved("/".into()));
        assert_eq!(
            Route::parse(&format!("/tags{slashes}?sort=name")),
            Route::Moved("/tags?sort=name".into())
        );
        assert!(matches!(
            Route::parse(&format!("/nowhere{slashes}")),
            Route::Unknown(_)
        ));
    }

    #[test]
    fn an_address_has_at_most_as_many_conditions_as_a_search() {
        let many: Vec<String> = (0..1_000)
            .map(|number| format!("without=t{number}"))
            .collect();
        let Route::Tag { filter, .. } = Route::parse(&format!("/tag/a?{}", many.join("&"))) else {
            panic!("a tag page");
        };
        assert_eq!(filter.with.len() + filter.without.len(), MAX_CONDITIONS);
    }

    fn tag_page(names: &[&str]) -> Route {
        Route::Tag {
            filter: TagFilter {
                with: names.iter().map(|name| Tag::parse(name).unwrap()).collect(),
                without: Vec::new(),
            },
            before: None,
        }
    }

    #[track_caller]
    fn check(target: &str, route: &Route) {
        assert_eq!(&Route::parse(target), route, "{target}");
    }

    #[track_caller]
    fn check_moved(target: &str, address: &str) {
        check(target, &Route::Moved(address.into()));
    }

    #[test]
    fn finds_the_pages() {
        check("/", &Route::Home);
        check("/?utm_source=x", &Route::Home);
        check(
            "/tags",
            &Route::Tags {
                order: TagOrder::Uses,
                filter: String::new(),
                place: None,
            },
        );
        check(
            "/tags?sort=recent&filter=+a%2Bb+",
            &Route::Tags {
                order: TagOrder::Recent,
                filter: "a+b".into(),
                place: None,
            },
        );
        check(
            "/tags?sort=recency",
            &Route::Tags {
                order: TagOrder::Recent,
                filter: String::new(),
                place: None,
            },
        );
        check(
            "/tags?sort=name&from=C%2B%2B",
            &Route::Tags {
                order: TagOrder::Name,
                filter: String::new(),
                place: Some(TagPlace::From(Tag::parse("c++").unwrap())),
            },
        );
        check(
            "/sites?sort=name&filter=Arxiv&from=a.org",
            &Route::Sites {
                order: SiteOrder::Name,
                filter: "Arxiv".into(),
                from: Some("a.org".into()),
            },
        );
        check(
            "/site/export.arxiv.org?before=7",
            &Route::Site {
                site: "export.arxiv.org".into(),
                before: Some(NoteId(7)),
            },
        );
        check(
            "/site/%5B%3A%3A1%5D",
            &Route::Site {
                site: "[::1]".into(),
                before: None,
            },
        );
        check("/feed.atom", &Route::Feed(None));
        check("/all/0", &Route::All { page: 0 });
        check(
            "/note/1754993472000000",
            &Route::Note(NoteId(1_754_993_472_000_000)),
        );
        check(
            "/search?q=%22a+phrase%22+tag%3Ac%2B%2B&before=7",
            &Route::Search {
                query: "\"a phrase\" tag:c++".into(),
                before: Some(NoteId(7)),
            },
        );
        check(
            "/search",
            &Route::Best {
                query: String::new(),
            },
        );
        check(
            "/search?q=x&sort=relevance",
            &Route::Best { query: "x".into() },
        );
    }

    #[test]
    fn finds_tags_however_their_address_is_written() {
        check("/tag/gpu", &tag_page(&["gpu"]));
        check("/tag/web%2Ftech", &tag_page(&["web/tech"]));
        check("/tag/web%2ftech", &tag_page(&["web/tech"]));
        check("/tag/c++", &tag_page(&["c++"]));
        check("/tag/c%2B%2B", &tag_page(&["c++"]));
        check("/tag/%23lojban", &tag_page(&["#lojban"]));
        check("/tag/機械学習", &tag_page(&["機械学習"]));
        check(
            "/tag/large%20language%20model",
            &tag_page(&["large language model"]),
        );
        check("/tag/100%", &tag_page(&["100%"]));
        check("/tag/..", &tag_page(&[".."]));
        check("/tag/%2E%2E", &tag_page(&[".."]));
        check("/tag/?name=%2E%2E", &tag_page(&[".."]));
        check("/tag?name=.", &tag_page(&["."]));
        check(
            "/tag/gpu?with=llm&with=ft+(financial+times)&with=gpu",
            &tag_page(&["gpu", "llm", "ft (financial times)"]),
        );
        check(
            "/tag/gpu?without=amd&before=5",
            &Route::Tag {
                filter: TagFilter {
                    with: vec![Tag::parse("gpu").unwrap()],
                    without: vec![Tag::parse("amd").unwrap()],
                },
                before: Some(NoteId(5)),
            },
        );
    }

    #[test]
    fn a_tag_has_a_feed_whatever_its_name() {
        for name in [
            "gpu",
            "web/tech",
            ".",
            "..",
            "feed.atom",
            "c++",
            "100%",
            "?",
        ] {
            let filter = TagFilter {
                with: vec![Tag::parse(name).unwrap(), Tag::parse("llm").unwrap()],
                without: vec![Tag::parse("#x").unwrap()],
            };
            let address = Links::default().tag_feed(&filter);
            check(&address, &Route::Feed(Some(filter)));
        }
        check("/tag/feed.atom", &tag_page(&["feed.atom"]));
        check_moved("/tag/GPU/feed.atom", "/tag/gpu/feed.atom");
    }

    #[test]
    fn leads_to_the_one_right_address() {
        check_moved(
            "/site/WWW.B\u{fc}cher.example",
            "/site/xn--bcher-kva.example",
        );
        check_moved(
            "/site/https%3A%2F%2Fe.org%2Fa?before=5",
            "/site/e.org?before=5",
        );
        check_moved("/site/", "/sites");
        check_moved("/site/e.org/", "/site/e.org");
        check_moved("/feed.atom/", "/feed.atom");
        check_moved("/tag/GPU", "/tag/gpu");
        check_moved(
            "/tag/Large%20%20Language?with=A&without=B&before=5",
            "/tag/large%20language?with=a&without=b&before=5",
        );
        check_moved("/tag/Go%CC%88del", "/tag/g%C3%B6del");
        check_moved("/tag/gpu/", "/tag/gpu");
        check_moved("/tag/gpu/?with=a", "/tag/gpu?with=a");
        check_moved("/tag/機/", "/tag/%E6%A9%9F");
        check_moved("/tag/large language/", "/tag/large%20language");
        check_moved("/tag/ ¡/", "/tag/%C2%A1");
        check_moved("/tag/GPU/?with=A b", "/tag/gpu?with=a+b");
        check_moved("/tag/", "/tags");
        check_moved("/tag", "/tags");
        check_moved("/tags/", "/tags");
        check_moved("/all", "/all/0");
        check_moved("/all/007", "/all/7");
        check_moved("/note/+7", "/note/7");
    }

    #[test]
    fn says_why_there_is_no_page() {
        for (target, sentence, words) in [
            ("/nowhere", "This address doesn't exist", "nowhere"),
            (
                "/../../etc/passwd",
                "This address doesn't exist",
                "../../etc/passwd",
            ),
            (
                "/%2e%2e/%2e%2e/etc/passwd",
                "This address doesn't exist",
                "../../etc/passwd",
            ),
            (
                "//evil.example/x",
                "This address doesn't exist",
                "/evil.example/x",
            ),
            (
                "//evil.example/",
                "This address doesn't exist",
                "/evil.example",
            ),
            (
                "/\\evil.example/",
                "This address doesn't exist",
                "\\evil.example",
            ),
            ("/nowhere/", "This address doesn't exist", "nowhere"),
            (
                "/tag/web/tech",
                "This address doesn't exist",
                "tag/web/tech",
            ),
            ("/tag/a%2Cb", "comma", "a,b"),
            ("/tag/%00", "control", "\0"),
            ("/tag/%20", "empty", " "),
            ("/tag/%FF", "not UTF-8", ""),
            ("/tag/gpu?with=", "empty", "gpu"),
            ("/tag/gpu?before=yesterday", "must be the number", ""),
            ("/tags?sort=size", "sorted by", ""),
            ("/tags?from=", "empty", ""),
            ("/sites?sort=size", "sorted by", ""),
            ("/site/%FF", "not UTF-8", ""),
            ("/site/%20", "not the name", " "),
            ("/search?q=x&sort=size", "sorted by", ""),
            ("/all/-1", "starting at 0", ""),
            ("/note/latest", "contain its number", "latest"),
        ] {
            let Route::Unknown(unknown) = Route::parse(target) else {
                panic!("{target} leads nowhere");
            };
            assert!(
                unknown.sentence.contains(sentence),
                "{target}: {}",
                unknown.sentence
            );
            assert_eq!(unknown.words, words, "{target}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_page_survives_its_address_and_back(names in prop::collection::vec("\\PC{1,20}", 1..4)) {
            let mut filter = TagFilter::default();
            for tag in names.iter().filter_map(|name| Tag::parse(name).ok()) {
                if !filter.with.contains(&tag) {
                    filter.with.push(tag);
                }
            }
            prop_assume!(!filter.with.is_empty());
            let address = Links::default().narrowed(&filter, None);
            prop_assert_eq!(Route::parse(&address), Route::Tag { filter, before: None });
        }

        #[test]
        fn leads_to_addresses_that_can_stand_in_a_header(target in "/(tag/|tag|all/|note/)?\\PC{0,30}[/]?") {
            if let Route::Moved(address) = Route::parse(&target) {
                prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{}", address);
                prop_assert!(address.starts_with('/') && !address.starts_with("//"), "{}", address);
                // There is never a second redirect.
                prop_assert!(!matches!(Route::parse(&address), Route::Moved(_)), "{}", address);
            }
        }
    }

    #[test]
    fn fuzz_route() {
        crate::fuzz::text(
            &[
                "/tag/large%20language?with=a&without=b&before=5",
                "/search?q=c%2B%2B&sort=relevance",
                "/all/007",
                "/note/7/",
                "/tags?sort=uses&filter=x",
            ],
            |text| {
                // `request.rs` rejects all other targets.
                let target = &format!("/{}", text.trim_start_matches('/'));
                if let Route::Moved(address) = Route::parse(target) {
                    assert!(
                        address.bytes().all(|byte| byte.is_ascii_graphic()),
                        "{address}"
                    );
                    assert!(
                        address.starts_with('/') && !address.starts_with("//"),
                        "{address}"
                    );
                    assert!(
                        !matches!(Route::parse(&address), Route::Moved(_)),
                        "{address}"
                    );
                }
            },
        );
    }
}
