//! Turns an address into an answer: reads what the view needs from the store, then renders it. All
//! reads end before anything is sent.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    clock,
    domain::{Days, Note, NoteId, PageUrl, Query, Tag},
    error::{Error, Result},
    site::{
        api, did_you_mean,
        facet_cache::FacetCache,
        feed,
        has_feeds::HasFeeds,
        leads::{with_stand_in, with_stand_ins},
        links::Links,
        response::{Answer, names, unchanging},
        response_cache::{CachedResponse, ResponseCache, Version},
        route::{Route, Unknown},
        views::{self, DidYouMean, Layout},
    },
    store::{
        Month, Reader, RelatedTags, SiteOrder, TagFamily, TagFilter, TagOrder, TagPlace, TagTree,
    },
};

/// Notes per listing page.
pub(super) const PAGE_NOTES: u32 = 20;
/// Notes in a feed.
pub(super) const FEED_NOTES: u32 = 50;
/// Tags on the home page.
pub(super) const HOME_TAGS: u32 = 8;
/// Tags, or sites, per listing page. Browsers become slow with a hundred thousand.
pub(super) const PAGE_TAGS: u32 = 1_000;
/// Related tags on a tag page.
pub(super) const RELATED_TAGS: u32 = 12;
/// Notes of earlier years on the home page.
const ON_THIS_DAY: usize = 3;
/// Notes on the home page to look at again.
const LOOK_AGAIN: usize = 3;
/// Related notes on the page of a note.
pub(super) const RELATED_NOTES: usize = 6;
/// Suggested tags, or sites, if the requested one doesn't exist.
pub(super) const NEAR_TAGS: u32 = 8;
/// Most idle connections to the store.
const IDLE_READERS: usize = 2;

pub(super) const STYLE: &str = concat!(
    include_str!("../../../extension/styles/tokens.css"),
    include_str!("assets/site.css"),
    include_str!("assets/reader.css"),
);
pub(super) const SCRIPT: &str = include_str!("assets/site.js");
pub(super) const ICON: &str = include_str!("../../../extension/icons/icon.svg");
/// Keeps crawlers out, even if somebody puts the site behind a public address.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// The site of one database.
pub(super) struct Controller {
    database: PathBuf,
    pub(super) layout: Layout,
    /// The origin for browsers, used in what is read outside of the site.
    origin: String,
    absolute: Links,
    idle: Mutex<Vec<Reader>>,
    rendered: Mutex<ResponseCache>,
    pub(super) facet_cache: FacetCache,
    /// A number that differs in each process, because a newer program renders the same notes
    /// differently.
    edition: u64,
}

impl Controller {
    /// Creates the site of `database`, which browsers get at `origin`. Feed readers get its feeds
    /// at `feeds`.
    pub(super) fn new(database: PathBuf, origin: String, feeds: &str) -> Self {
        Self {
            facet_cache: FacetCache::new(database.clone()),
            database,
            layout: Layout {
                links: Links::default(),
                feeds: Links::absolute(feeds),
                zone: TimeZone::system(),
                icons: Arc::default(),
                feeds_known: HasFeeds::default(),
                known_links: Arc::default(),
                publication: Arc::default(),
            },
            absolute: Links::absolute(&origin),
            origin,
            idle: Mutex::new(Vec::new()),
            rendered: Mutex::default(),
            edition: RandomState::new().build_hasher().finish(),
        }
    }

    pub(super) fn days(&self) -> Days {
        Days::at(crate::clock::now(), &self.layout.zone)
    }

    /// Its address in browsers, without a slash at the end.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Answers a request for a path and query. `has` is the value of `If-None-Match`.
    pub(super) fn answer_to(&self, target: &str, has: Option<&str>) -> Answer {
        let read = |page: &dyn Fn(&Reader) -> Result<Answer>| {
            self.lend(|reader| {
                reader.read_transaction(|reader| self.once_a_revision(reader, target, has, page))
            })
        };
        let file = |content_type, body| unchanging(content_type, body, has);
        let answer = match Route::parse(target) {
            Route::Style => return file("text/css; charset=utf-8", STYLE.into()),
            Route::Script => return file("text/javascript; charset=utf-8", SCRIPT.into()),
            Route::Icon => return file("image/svg+xml", ICON.into()),
            Route::SiteIcon(name) => return self.site_icon(&name, has),
            Route::Robots => return file("text/plain; charset=utf-8", ROBOTS.into()),
            Route::OpenSearch => {
                let description = feed::opensearch(&self.absolute);
                return file("application/opensearchdescription+xml", description.into());
            }
            Route::Moved(address) => return Answer::moved(address),
            Route::Home => read(&|reader| self.home(reader)),
            Route::Tags {
                order,
                filter,
                place,
            } => read(&|reader| self.tags(reader, order, &filter, place.as_ref())),
            Route::Sites {
                order,
                filter,
                from,
            } => read(&|reader| self.sites(reader, order, &filter, from.as_deref())),
            Route::Site { site, before } => read(&|reader| self.site(reader, &site, before)),
            Route::Tag { filter, before } => read(&|reader| self.tag(reader, &filter, before)),
            Route::All { page } => read(&|reader| self.all(reader, page)),
            Route::Inbox { feed, before } => read(&|reader| self.inbox(reader, feed, before)),
            Route::Month(month) => read(&|reader| self.month(reader, month)),
            Route::Random(tag) => read(&|reader| self.random(reader, tag.as_ref())),
            Route::Note(id) => read(&|reader| self.note(reader, id)),
            Route::Text(id) => read(&|reader| self.text(reader, id)),
            Route::Search { query, before } => read(&|reader| self.search(reader, &query, before)),
            Route::Best { query } => read(&|reader| self.best(reader, &query)),
            Route::SearchFeed(name) => read(&|reader| self.search_feed(reader, &name)),
            Route::Feed(filter) => read(&|reader| self.feed(reader, filter.as_ref())),
            Route::Unknown(unknown) => read(&|reader| {
                let pages = did_you_mean::pages(&self.layout.links, &unknown.words);
                self.missing(reader, &unknown, pages)
            }),
            Route::Api(question) => {
                let answer = read(&|reader| question.answer(reader, &self.facet_cache));
                return answer.unwrap_or_else(|error| {
                    log::error!("a request to the API failed: {}", error.chain());
                    api::failed(&error)
                });
            }
        };
        answer.unwrap_or_else(|error| {
            log::error!("a page of the site failed: {}", error.chain());
            Answer::page(503, views::failed(&self.layout, &error.to_string()))
        })
    }

    #[cfg(test)]
    fn answer(&self, target: &str) -> Answer {
        self.answer_to(target, None)
    }

    /// Answers with the icon of a web site.
    fn site_icon(&self, name: &str, has: Option<&str>) -> Answer {
        let read = |reader: &Reader| {
            let Some(icon) = reader.icon_named(name)? else {
                return Ok(Answer::sentence(404, "There is no such icon.".into()));
            };
            let answer = Answer::png(name, icon.png().to_vec());
            Ok(match (has, answer.tag) {
                (Some(has), Some(tag)) if names(has, &tag) => Answer::unchanged(tag),
                (_, tag) => Answer { tag, ..answer },
            })
        };
        self.lend(read).unwrap_or_else(|error| {
            log::error!("an icon can't be read: {}", error.chain());
            Answer::sentence(503, error.to_string())
        })
    }

    /// Runs `read` with a read-only connection to the store.
    fn lend(&self, read: impl FnOnce(&Reader) -> Result<Answer>) -> Result<Answer> {
        let kept = locked(&self.idle).pop();
        let reader = match kept {
            Some(reader) if reader.is_current()? => reader,
            Some(_) => {
                locked(&self.idle).clear();
                self.facet_cache.forget();
                Reader::open(&self.database)?
            }
            None => Reader::open(&self.database)?,
        };
        let answer = read(&reader)?;
        // A connection that failed isn't reused.
        let mut idle = locked(&self.idle);
        if idle.len() < IDLE_READERS {
            idle.push(reader);
        }
        Ok(answer)
    }

    /// Returns the cached page if nothing was written since, or 304 if the client has it already.
    fn once_a_revision(
        &self,
        reader: &Reader,
        target: &str,
        has: Option<&str>,
        page: impl Fn(&Reader) -> Result<Answer>,
    ) -> Result<Answer> {
        let version = Version {
            file: reader.file_number(),
            revision: reader.revision()?,
            day: i32::from(self.today().year()) * 366 + i32::from(self.today().day_of_year()),
        };
        let tag = self.tag_of(version);
        if has.is_some_and(|has| names(has, &tag)) {
            return Ok(Answer::unchanged(tag));
        }
        let kept = locked(&self.rendered).get(version, target);
        let mut answer = match kept {
            Some(kept) => Answer::data(200, kept.content_type, kept.body),
            None => {
                let missed = self.facet_cache.missed();
                self.layout.icons.refresh(reader)?;
                self.layout.feeds_known.refresh(reader)?;
                self.layout.known_links.refresh(reader)?;
                let answer = page(reader)?;
                // A page rendered without the facets isn't cached, because a better one is possible
                // in a moment.
                if answer.status != 200 || self.facet_cache.missed() != missed {
                    return Ok(answer);
                }
                let kept = CachedResponse {
                    content_type: answer.content_type,
                    body: answer.body.clone().into_owned(),
                };
                locked(&self.rendered).keep(version, target, kept);
                answer
            }
        };
        answer.tag = Some(tag);
        Ok(answer)
    }

    /// Returns the `ETag` of all pages that this process renders of one version.
    fn tag_of(&self, version: Version) -> String {
        let Version {
            file,
            revision,
            day,
        } = version;
        format!("\"{:x}-{file:x}-{revision:x}-{day:x}\"", self.edition)
    }

    /// Returns today's date in the site's time zone.
    fn today(&self) -> Date {
        clock::now().to_zoned(self.layout.zone.clone()).date()
    }

    fn home(&self, reader: &Reader) -> Result<Answer> {
        let counts = reader.counts()?;
        let (notes, gists) = with_stand_ins(reader, reader.latest_notes(None, PAGE_NOTES)?)?;
        let total = |tag: &Tag| self.facet_cache.total(reader, tag);
        let tags = reader.top_tags_with_implied(HOME_TAGS, total)?;
        let today = self.today();
        let earlier = reader.on_this_day(today, &self.layout.zone, ON_THIS_DAY)?;
        let zone = &self.layout.zone;
        let mut again = reader.notes_to_rediscover(today, zone, LOOK_AGAIN + earlier.len())?;
        again.retain(|again| earlier.iter().all(|note| note.id != again.note.id));
        again.truncate(LOOK_AGAIN);
        let home = views::HomePage {
            counts,
            notes: &notes,
            gists: &gists,
            tags: &tags,
            on_this_day: &earlier,
            again: &again,
            searches: &reader.saved_searches()?,
        };
        Ok(found(views::home(&self.layout, &home)))
    }

    fn tags(
        &self,
        reader: &Reader,
        order: TagOrder,
        filter: &str,
        place: Option<&TagPlace>,
    ) -> Result<Answer> {
        let total = |tag: &Tag| self.facet_cache.total(reader, tag);
        let list = reader.tag_list(order, &Tag::typed(filter), place, PAGE_TAGS, total)?;
        let tree = match (filter, place) {
            ("", None) => reader.tag_tree(total)?,
            _ => TagTree::default(),
        };
        let initials = match (order, filter) {
            (TagOrder::Name, "") => reader.tag_initials(views::MANY_INITIALS)?,
            _ => Vec::new(),
        };
        let links = &self.layout.links;
        let page = views::TagsPage {
            order,
            filter,
            list: &list,
            tree: &tree,
            untagged: reader.untagged_count()?,
            first: place.map(|_| links.tags_sorted(order, filter)),
            more: list
                .next
                .as_ref()
                .map(|next| links.tags_from(order, filter, next)),
            initials: &views::initials(&self.layout, &initials),
        };
        Ok(found(views::tags(&self.layout, &page)))
    }

    fn sites(
        &self,
        reader: &Reader,
        order: SiteOrder,
        filter: &str,
        from: Option<&str>,
    ) -> Result<Answer> {
        let limit = usize::try_from(PAGE_TAGS).unwrap_or(usize::MAX);
        let list = reader.site_list(order, &filter.to_lowercase(), from, limit)?;
        let address = |from| self.layout.links.sites_sorted(order, filter, from);
        let first = from.map(|_| address(None));
        let more = list.next.as_deref().map(|next| address(Some(next)));
        let page = views::sites(&self.layout, order, filter, &list, first, more);
        Ok(found(page))
    }

    fn site(&self, reader: &Reader, site: &str, before: Option<NoteId>) -> Result<Answer> {
        let family = reader.site_family(site)?;
        if family.sites.is_empty() {
            let near = DidYouMean {
                sites: did_you_mean::sites(reader, site, NEAR_TAGS)?,
                ..DidYouMean::default()
            };
            let unknown = Unknown {
                sentence: format!("No note is from “{site}”."),
                words: site.to_owned(),
            };
            return Ok(Answer::page(
                404,
                views::missing(&self.layout, &unknown, &near),
            ));
        }
        let query = Query {
            sites: vec![site.to_owned()],
            ..Query::default()
        };
        let notes = reader.search(&query, before, PAGE_NOTES)?;
        let address = |before| self.layout.links.site(site, before);
        let newest = before.map(|_| address(None));
        let older = notes.next.map(|next| address(Some(next)));
        let notes: Vec<Note> = notes.hits.into_iter().map(|hit| hit.note).collect();
        let (notes, gists) = with_stand_ins(reader, notes)?;
        let notes = views::one_by_one(&self.layout, &notes, &gists);
        let page = views::site(&self.layout, site, &family, &notes, newest, older);
        Ok(found(page))
    }

    fn tag(&self, reader: &Reader, filter: &TagFilter, before: Option<NoteId>) -> Result<Answer> {
        let right = TagFilter {
            with: reader.tags_of_names(&filter.with)?,
            without: reader.tags_of_names(&filter.without)?,
        };
        if right != *filter {
            return Ok(Answer::moved(self.layout.links.narrowed(&right, before)));
        }
        let listed = self.tagged(reader, filter, before)?;
        if listed.count == 0 {
            return self.no_such_tag(reader, filter);
        }
        let (family, alone_of) = match (filter.with.as_slice(), filter.without.as_slice()) {
            ([tag], []) => (
                reader.tag_family(tag, |tag| self.facet_cache.total(reader, tag))?,
                reader.tag_named_alone(tag)?,
            ),
            _ => (TagFamily::default(), None),
        };
        let own = match family.implying.is_empty() {
            true => listed.count,
            false => reader.tag_uses(&filter.with[0])?,
        };
        let mut notes = listed.notes;
        let address = |before| self.layout.links.narrowed(filter, before);
        let older = cut_page(&mut notes);
        let (notes, gists) = with_stand_ins(reader, notes)?;
        let list = views::TagPage {
            filter,
            count: listed.count,
            own,
            alone_of: alone_of.as_ref(),
            family: &family,
            related: &listed.related,
            notes: &views::one_by_one(&self.layout, &notes, &gists),
            newest: before.map(|_| address(None)),
            older: older.map(|id| address(Some(id))),
        };
        Ok(found(views::tag(&self.layout, &list)))
    }

    /// Reads a tag page, with one note more than it shows.
    fn tagged(
        &self,
        reader: &Reader,
        filter: &TagFilter,
        before: Option<NoteId>,
    ) -> Result<Tagged> {
        let limit = PAGE_NOTES + 1;
        let counted = self.facet_cache.ask(reader, |facets| {
            Ok(Tagged {
                count: facets.count(reader, filter)?,
                related: RelatedTags {
                    tags: facets.related(reader, filter, RELATED_TAGS)?,
                    exact: true,
                },
                notes: facets.notes(reader, filter, before, limit)?,
            })
        })?;
        match counted {
            Some(tagged) => Ok(tagged),
            None => Ok(Tagged {
                count: reader.count_with_tags(filter)?,
                related: reader.related_tags(filter, RELATED_TAGS)?,
                notes: reader.notes_with_tags(filter, before, limit)?,
            }),
        }
    }

    pub(super) fn no_such_tag(&self, reader: &Reader, filter: &TagFilter) -> Result<Answer> {
        // Finds out whether one of the tags is on no note, or only their combination.
        for tag in &filter.with {
            if !reader.has_notes(tag)? {
                return self.missing(
                    reader,
                    &Unknown {
                        sentence: format!("No note has the tag “{tag}”."),
                        words: tag.as_str().to_owned(),
                    },
                    Vec::new(),
                );
            }
        }
        Ok(Answer::page(
            404,
            views::nothing_with_tags(&self.layout, filter),
        ))
    }

    fn all(&self, reader: &Reader, page: u64) -> Result<Answer> {
        let pages = reader.counts()?.notes.div_ceil(PAGE_NOTES.into()).max(1);
        if page >= pages {
            return Ok(Answer::page(404, views::beyond_all(&self.layout, pages)));
        }
        let skipped = page.saturating_mul(PAGE_NOTES.into());
        let start = self
            .facet_cache
            .ask(reader, |facets| Ok(facets.page_start(skipped)))?;
        let notes = match start {
            Some(start) => reader.latest_notes(Some(start), PAGE_NOTES),
            None => reader.notes_page(page, PAGE_NOTES),
        };
        let (notes, gists) = with_stand_ins(reader, notes?)?;
        let notes = (!notes.is_empty()).then(|| views::day_by_day(&self.layout, &notes, &gists));
        let months = reader.months(&self.layout.zone)?;
        let months = months
            .into_iter()
            .map(|month| (month, self.layout.links.month(month)));
        let all = views::AllPage {
            page,
            pages,
            notes: notes.as_ref(),
            months: &months.collect::<Vec<_>>(),
        };
        Ok(found(views::all(&self.layout, &all)))
    }

    fn month(&self, reader: &Reader, month: Month) -> Result<Answer> {
        let Some(newer) = reader.notes_after_month(month, &self.layout.zone)? else {
            let unknown = Unknown {
                sentence: "There is no such month.".into(),
                words: String::new(),
            };
            return self.missing(reader, &unknown, Vec::new());
        };
        // A month before the oldest note leads to the last page.
        let last = reader.counts()?.notes.saturating_sub(1);
        let page = newer.min(last) / u64::from(PAGE_NOTES);
        Ok(Answer::see_other(self.layout.links.all(page)))
    }

    fn random(&self, reader: &Reader, tag: Option<&Tag>) -> Result<Answer> {
        let tag = match tag {
            Some(tag) => reader
                .tags_of_names(std::slice::from_ref(tag))?
                .into_iter()
                .next(),
            None => None,
        };
        let random = RandomState::new().build_hasher().finish();
        Ok(match (reader.random_note(tag.as_ref(), random)?, tag) {
            (Some(id), _) => Answer::see_other(self.layout.links.note(id)),
            (None, Some(tag)) => self.no_such_tag(reader, &TagFilter::of(&tag))?,
            (None, None) => Answer::see_other(self.layout.links.home()),
        })
    }

    pub(super) fn note(&self, reader: &Reader, id: NoteId) -> Result<Answer> {
        match reader.note(id)? {
            Some(note) => {
                let related = reader.related_notes(&note, RELATED_NOTES)?;
                let text = reader.text_summary(id)?;
                let sync = reader.sync_of(&note)?;
                let (note, gist) = with_stand_in(reader, note)?;
                let page = views::note(&self.layout, &note, text, gist.as_ref(), &sync, &related);
                Ok(found(page))
            }
            None => match reader.trashed_note(id)? {
                Some(note) => {
                    let url = PageUrl::parse(&note.url);
                    let anew = url.and_then(|url| reader.note_for_url(&url))?;
                    let anew = anew.map(|note| note.id);
                    let page = views::in_the_trash(&self.layout, &note, anew);
                    Ok(Answer::page(404, page))
                }
                None => self.missing(
                    reader,
                    &Unknown {
                        sentence: Error::NotFound.to_string(),
                        words: String::new(),
                    },
                    Vec::new(),
                ),
            },
        }
    }

    pub(super) fn missing(
        &self,
        reader: &Reader,
        unknown: &Unknown,
        pages: Vec<(&'static str, String)>,
    ) -> Result<Answer> {
        let near = DidYouMean {
            pages,
            tags: did_you_mean::tags(reader, &unknown.words, NEAR_TAGS)?,
            ..DidYouMean::default()
        };
        Ok(Answer::page(
            404,
            views::missing(&self.layout, unknown, &near),
        ))
    }
}

/// The content of a tag page.
struct Tagged {
    count: u64,
    related: RelatedTags,
    notes: Vec<Note>,
}

/// Ignores poisoning: a panic leaves the lists behind these locks valid.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn found(html: String) -> Answer {
    Answer::page(200, html)
}

/// Removes the extra note. Returns the id at which the next listing page begins.
fn cut_page(notes: &mut Vec<Note>) -> Option<NoteId> {
    let length = usize::try_from(PAGE_NOTES).unwrap_or(usize::MAX);
    if notes.len() <= length {
        return None;
    }
    notes.truncate(length);
    notes.last().map(|note| note.id)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::{Icon, Metadata, NewNote, PageUrl, parse_tags, plain_png},
        store::{NewText, SITES_LISTED, Store, TextSource},
    };

    const ORIGIN: &str = "http://localhost:6683";

    /// A store in a temporary folder, and its site.
    struct TestSite {
        _folder: tempfile::TempDir,
        store: Store,
        site: Controller,
        saved: i64,
    }

    impl TestSite {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let database = folder.path().join("notes.db");
            let store = Store::open(&database).unwrap();
            let mut site = Controller::new(database, ORIGIN.into(), ORIGIN);
            site.layout.zone = TimeZone::UTC;
            Self {
                _folder: folder,
                store,
                site,
                saved: 0,
            }
        }

        /// Saves one note per day, starting on 1 November 2025.
        fn save(&mut self, url: &str, title: &str, tags: &[&str], summary: &str) -> NoteId {
            let metadata = Metadata::from_page(
                Some("What the page says."),
                Some("2025-10-01"),
                None,
                Some("en"),
            );
            let start: Timestamp = "2025-11-01T12:00:00Z".parse().unwrap();
            let now = start + jiff::SignedDuration::from_hours(24 * self.saved);
            self.saved += 1;
            let new = NewNote {
                url: PageUrl::parse(url).unwrap(),
                title: title.into(),
                tags: parse_tags(tags).unwrap(),
                summary: summary.into(),
                metadata,
                quote: None,
                read: true,
            };
            let saved = self.store.write(now, |writer| writer.save_note(&new));
            saved.unwrap().note.id
        }

        #[track_caller]
        fn page(&self, target: &str, status: u16) -> String {
            let answer = self.site.answer(target);
            assert_eq!(answer.status, status, "{target}: {}", answer.body);
            answer.body.into_owned()
        }

        #[track_caller]
        fn title(&self, target: &str, status: u16) -> String {
            let page = self.page(target, status);
            let (_, rest) = page.split_once("<title>").unwrap();
            rest.split_once("</title>").unwrap().0.to_owned()
        }
    }

    /// Returns the page's main content without the layout.
    fn content(page: &str) -> &str {
        let (_, content) = page.split_once("<main").unwrap();
        content
            .split_once('>')
            .unwrap()
            .1
            .split_once("</main>")
            .unwrap()
            .0
    }

    /// Keeps a text, read on 29 November 2026.
    fn keep_text(place: &mut TestSite, id: NoteId, markdown: &str, whole: bool) {
        let taken_at = "2026-11-29T12:00:00Z".parse().unwrap();
        let text = NewText::new(markdown, taken_at, TextSource::Click, whole).unwrap();
        let put = place
            .store
            .write(taken_at, |writer| writer.put_text(id, &text, false));
        put.unwrap();
    }

    #[test]
    fn a_text_that_was_downloaded_later_says_so() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/a", "A", &[], "");
        let now = "2026-11-29T12:00:00Z".parse().unwrap();
        let text = NewText::new("some words", now, TextSource::Fetch, true).unwrap();
        let put = place
            .store
            .write(now, |writer| writer.put_text(id, &text, false));
        put.unwrap();
        let note = place.page(&format!("/note/{}", id.0), 200);
        assert!(
            note.contains("2 words</a>, downloaded later, on <time"),
            "{note}"
        );
        let reader = place.page(&format!("/note/{}/text", id.0), 200);
        assert!(
            reader.contains("<li>Downloaded later, on <time"),
            "{reader}"
        );
    }

    #[test]
    fn the_text_of_a_page_is_shown_with_the_quotes_of_its_note() {
        let mut place = TestSite::new();
        let id = place.save(
            "https://e.org/a",
            "A <title>",
            &["x"],
            "> a QUOTE across\n>\n> blocks\n\n> not there",
        );
        let text = "# A title\n\nHere is **a quote** across\n\n- blocks <script>\n\n## Head\n\n\
                    ![i](https://e.org/i) [l](javascript:x)";
        keep_text(&mut place, id, text, false);
        let address = format!("/note/{}/text", id.0);
        assert_eq!(
            place.title(&address, 200),
            "url-notes | Text of A &lt;title&gt;"
        );
        let page = place.page(&address, 200);
        assert!(page.contains(r#"<meta name="robots" content="noindex">"#));
        let shown = content(&page);
        // The heading that repeats the title is left out, and the next one takes its level.
        expect![[r#"
            <p>Here is <strong><mark>a quote</mark></strong><mark> across</mark></p>
            <ul>
            <li><mark>blocks</mark> &lt;script&gt;</li>
            </ul>
            <h2>Head</h2>
            <p><a href="https://e.org/i" rel="noreferrer noopener" target="_blank">i</a> l</p>
        "#]]
        .assert_eq(
            shown
                .split_once(r#"<div class="page-text" dir="auto" lang="en">"#)
                .unwrap()
                .1
                .split_once("</div>")
                .unwrap()
                .0,
        );
        for part in [
            r#"<a href="https://e.org/a" target="_blank""#,
            r#"Read on <time datetime="2026-11-29T12:00:00.000Z">29 Nov 2026</time>"#,
            "<li>12 words, about 1 minute</li>",
            "<li>1 quote marked</li>",
            &format!(r#"<a href="/note/{}">Your note</a>"#, id.0),
            "The text was cut here: of a page, 256 KiB of text are kept.",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let note = place.page(&format!("/note/{}", id.0), 200);
        let line = format!(
            r#"<div><dt>Text</dt><dd><a href="{address}">12 words</a>, read on <time datetime"#
        );
        assert!(note.contains(&line), "{note}");
        assert!(!place.page("/all/0", 200).contains("Here is"));
    }

    #[test]
    fn a_missing_text_is_said_in_one_sentence() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/a", "A", &[], "");
        let page = place.page(&format!("/note/{}/text", id.0), 404);
        assert!(page.contains("No text of this page is kept."));
        assert!(page.contains(&format!(
            r#"Did you mean <a href="/note/{}">the note</a>"#,
            id.0
        )));
        assert!(
            !place
                .page(&format!("/note/{}", id.0), 200)
                .contains("<dt>Text</dt>")
        );
        assert!(
            place
                .page("/note/7/text", 404)
                .contains("This note doesn't exist")
        );
        assert!(
            place
                .page("/note/x/text", 404)
                .contains("must contain its number")
        );
        keep_text(&mut place, id, "words", true);
        let now = clock::now();
        let deleted = place.store.write(now, |writer| writer.delete_note(id));
        deleted.unwrap();
        let page = place.page(&format!("/note/{}/text", id.0), 404);
        assert!(page.contains("This note is in the trash"));
        assert!(!page.contains("words"));
    }

    #[test]
    fn the_length_of_japanese_is_given_in_characters() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/a", "題", &[], "> 読む");
        keep_text(&mut place, id, &"本を読む。".repeat(200), true);
        let page = place.page(&format!("/note/{}/text", id.0), 200);
        assert!(
            page.contains("<li>800 characters, about 3 minutes</li>"),
            "{page}"
        );
        assert!(page.contains("本を<mark>読む</mark>。本を読む"));
    }

    #[test]
    fn the_api_has_the_text_of_a_page() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/a", "A", &[], "");
        let note = format!("/api/notes/{}", id.0);
        let read = |place: &TestSite, target: &str, status| -> serde_json::Value {
            serde_json::from_str(&place.page(target, status)).unwrap()
        };
        assert_eq!(read(&place, &note, 200)["text"], serde_json::Value::Null);
        let missing = read(&place, &format!("{note}/text"), 404);
        assert_eq!(missing["error"]["kind"], "not_found");
        assert_eq!(missing["error"]["message"], "No text of this page is kept.");
        keep_text(&mut place, id, "One *two*", true);
        let info = serde_json::json!({
            "words": 2, "takenAt": "2026-11-29T12:00:00.000Z", "whole": true
        });
        assert_eq!(read(&place, &note, 200)["text"], info);
        assert_eq!(
            read(&place, &format!("{note}/text"), 200),
            serde_json::json!({
                "id": id.0, "markdown": "One *two*", "source": "click",
                "words": 2, "takenAt": "2026-11-29T12:00:00.000Z", "whole": true
            })
        );
        assert!(
            read(&place, "/api/notes", 200)["notes"][0]
                .get("text")
                .is_none()
        );
        assert_eq!(
            read(&place, "/api/notes/x/text", 400)["error"]["kind"],
            "invalid_params"
        );
        assert_eq!(
            read(&place, "/api/notes/7/text", 404)["error"]["kind"],
            "not_found"
        );
    }

    #[test]
    fn each_page_has_its_title() {
        let mut place = TestSite::new();
        let mut id = NoteId::MIN;
        for number in 1..=41 {
            let url = format!("https://e.org/{number}");
            id = place.save(&url, &format!("Title {number}"), &["gpu", "llm"], "words");
        }
        for (target, title) in [
            ("/", "url-notes"),
            ("/tags", "url-notes | tags"),
            ("/tag/gpu", "url-notes | tag | gpu"),
            ("/tag/gpu?with=llm", "url-notes | tag | gpu + llm"),
            ("/tag/gpu?without=amd", "url-notes | tag | gpu − amd"),
            ("/all/0", "url-notes | all | page 1 of 3"),
            ("/all/2", "url-notes | all | page 3 of 3"),
            (&format!("/note/{}", id.0), "url-notes | Title 41"),
            ("/search", "url-notes | search"),
            ("/sites", "url-notes | sites"),
            ("/site/e.org", "url-notes | site | e.org"),
            (
                "/search?q=words+%3Cb%3E",
                "url-notes | search | words &lt;b&gt;",
            ),
        ] {
            assert_eq!(place.title(target, 200), title);
        }
        for target in [
            "/nothing",
            "/tag/nothing",
            "/tag/gpu?without=llm",
            "/all/3",
            "/note/7",
        ] {
            assert_eq!(place.title(target, 404), "url-notes | not found");
        }
    }

    #[test]
    fn a_note_is_shown_as_saved() {
        let mut place = TestSite::new();
        place.save(
            "https://e.org/a?b=1&c=\"2\"",
            "A <b>title</b>",
            &["web/tech", "c++"],
            "# Head\n- **one**\n  - two",
        );
        expect![[r#"
            <section aria-label="Notes"><h2 class="visually-hidden">Notes</h2><article class="note"><h3 class="title" dir="auto" lang="en"><a href="https://e.org/a?b=1&amp;c=&quot;2&quot;" target="_blank" rel="noreferrer noopener"><span class="apart">A &lt;b&gt;title&lt;/b&gt;</span></a></h3><ul class="tags" role="list" aria-label="Tags"><li><a rel="tag" href="/tag/web%2Ftech" dir="auto">web/tech</a></li><li><a rel="tag" href="/tag/c%2B%2B" dir="auto">c++</a></li></ul><div class="summary" dir="auto" lang=""><h4>Head</h4>
            <ul>
            <li><strong>one</strong>
            <ul>
            <li>two</li>
            </ul>
            </li>
            </ul>
            </div><ul class="facts" role="list"><li><a href="/site/e.org"><bdi>e.org</bdi></a></li><li class="saved">Saved <time datetime="2025-11-01T12:00:00.000Z" title="1 Nov 2025, 12:00">1 Nov 2025</time></li><li class="published">Published <time datetime="2025-10-01">1 Oct 2025</time></li><li><a rel="bookmark" href="/note/1761998400000000">Details</a></li></ul></article></section>"#]]
        .assert_eq(content(&place.page("/tag/c++", 200)).split_once("</details>").unwrap().1);
    }

    #[test]
    fn without_a_title_or_text_the_address_and_the_pages_words_are_shown() {
        let mut place = TestSite::new();
        place.save("https://e.org/untitled", "", &[], " \n");
        let page = place.page("/", 200);
        assert!(page.contains(r#"<span class="apart">https://e.org/untitled</span>"#));
        assert!(
            page.contains(r#"<p class="excerpt" dir="auto" lang="en">What the page says.</p>"#)
        );
    }

    #[test]
    fn without_text_and_description_the_first_sentences_of_the_page_are_shown() {
        let mut place = TestSite::new();
        let described = place.save("https://e.org/described", "", &["x"], "");
        keep_text(&mut place, described, "Not shown. Never.", true);
        let new = NewNote {
            url: PageUrl::parse("https://e.org/bare").unwrap(),
            title: "Bare".into(),
            tags: parse_tags(&["x"]).unwrap(),
            summary: String::new(),
            metadata: Metadata::default(),
            quote: None,
            read: true,
        };
        let now = "2025-12-01T12:00:00Z".parse().unwrap();
        let saved = place.store.write(now, |writer| writer.save_note(&new));
        let bare = saved.unwrap().note.id;
        let text = "# Bare\n\nBees \\<b> *dance*. They sing. They hum.";
        keep_text(&mut place, bare, text, true);
        let note = format!("/note/{}", bare.0);
        for target in ["/", "/tag/x", "/site/e.org", "/all/0", &note] {
            let page = place.page(target, 200);
            assert!(
                page.contains(">Bees &lt;b&gt; dance. They sing.</p>"),
                "{target}: {page}"
            );
            assert!(
                !page.contains("hum") && !page.contains("Not shown"),
                "{target}"
            );
        }
        for target in ["/feed.atom", "/api/notes"] {
            assert!(!place.page(target, 200).contains("sing"), "{target}");
        }
    }

    #[test]
    fn other_schemes_are_shown_but_never_linked() {
        let mut place = TestSite::new();
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
        ] {
            let id = place.save(url, "Title", &[], "");
            for target in ["/", "/all/0", &format!("/note/{}", id.0), "/search?q=title"] {
                let page = place.page(target, 200);
                assert!(page.contains(&format!("<bdi>{url}</bdi>")), "{target}");
                assert!(!page.contains(&format!("\"{url}")), "{target}");
            }
        }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let mut place = TestSite::new();
        let mut expected = Vec::new();
        for number in 0..45 {
            let id = place.save(
                &format!("https://e.org/{number}"),
                "Title",
                &["gpu"],
                "words",
            );
            expected.insert(0, format!("/note/{}", id.0));
        }
        for start in ["/all/0", "/tag/gpu", "/search?q=words&sort=newest"] {
            let mut shown = Vec::new();
            let mut next = Some(start.to_owned());
            while let Some(target) = next {
                let page = place.page(&target, 200);
                let links = page.split(" href=\"").skip(1);
                let links = links.filter_map(|link| link.split_once('"'));
                shown.extend(
                    links
                        .filter(|link| link.0.starts_with("/note/"))
                        .map(|link| link.0.to_owned()),
                );
                next = page
                    .split_once("rel=\"next\" href=\"")
                    .map(|(_, rest)| rest.split_once('"').unwrap().0.replace("&amp;", "&"));
            }
            assert_eq!(shown, expected, "{start}");
        }
        assert_eq!(
            place
                .page("/all/0", 200)
                .matches("<section class=\"day\">")
                .count(),
            20
        );
    }

    #[test]
    fn related_tags_narrow_and_can_be_removed_again() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "Both", &["gpu", "llm"], "");
        place.save("https://e.org/2", "One", &["gpu"], "");
        let page = place.page("/tag/gpu", 200);
        assert!(page.contains(r#"<a href="/tag/gpu?with=llm">"#));
        assert!(
            page.contains(r#"<a class="not" href="/tag/gpu?without=llm" title="Without “llm”">"#)
        );
        let narrowed = place.page("/tag/gpu?with=llm", 200);
        assert!(narrowed.contains("Both") && !narrowed.contains("One"));
        assert!(narrowed.contains(r#"<a href="/tag/llm">with <bdi>gpu</bdi>"#));
        assert!(narrowed.contains(r#"<a href="/tag/gpu">with <bdi>llm</bdi>"#));
        let without = place.page("/tag/gpu?without=llm", 200);
        assert!(without.contains("One") && !without.contains("Both"));
        assert!(without.contains(r#"<a href="/tag/gpu">without <bdi>llm</bdi>"#));
    }

    #[test]
    fn every_tag_survives_its_address_and_back() {
        let mut place = TestSite::new();
        let names = [
            ".",
            "..",
            "...",
            "%2e%2e",
            "100%",
            "?",
            "#lojban",
            "a&b=c",
            "c++",
            "web/tech",
            "\\",
            "gödel",
            "機械学習",
            "ft (financial times)",
            "למידת מכונה",
            "'",
            "\"",
            "<b>",
            "a;b",
            "/",
            "//",
        ];
        for (number, name) in names.iter().enumerate() {
            place.save(
                &format!("https://e.org/{number}"),
                &format!("Note {number}."),
                &[name],
                "",
            );
        }
        for (number, name) in names.iter().enumerate() {
            let page = place.page(&Tag::parse(name).unwrap().path(), 200);
            assert!(page.contains(&format!("Note {number}.")), "{name}");
            assert!(page.contains("<p class=\"status\">1 note</p>"), "{name}");
        }
        assert!(place.page("/tag/..", 200).contains("Note 1."));
    }

    #[test]
    fn tags_are_sorted_and_filtered() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "", &["beta", "alpha"], "");
        place.save("https://e.org/2", "", &["beta", "gamma"], "");
        let order = |target: &str| -> Vec<String> {
            let page = place.page(target, 200);
            let tags = page.split("<a href=\"/tag/").skip(1);
            tags.map(|tag| tag.split_once('"').unwrap().0.to_owned())
                .collect()
        };
        assert_eq!(order("/tags"), ["beta", "alpha", "gamma"]);
        assert_eq!(order("/tags?sort=name"), ["alpha", "beta", "gamma"]);
        assert_eq!(order("/tags?sort=recent"), ["beta", "gamma", "alpha"]);
        assert_eq!(order("/tags?filter=MM"), ["gamma"]);
        let nothing = place.page("/tags?filter=%3Cx%3E", 200);
        assert!(nothing.contains("0 tags with “<bdi>&lt;x&gt;</bdi>” in the name"));
    }

    #[test]
    fn pages_for_what_is_missing_have_links() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/1", "Title", &["large language model"], "");
        for target in [
            "/tag/language",
            "/tag/large%20models",
            "/language",
            "/tag/larch",
            "/tag/Modell%20language",
        ] {
            let answer = place.site.answer(target);
            let page = match &answer.location {
                Some(address) => place.page(address, 404),
                None => place.page(target, 404),
            };
            assert!(
                page.contains("<a href=\"/tag/large%20language%20model\">"),
                "{target}"
            );
        }
        assert!(
            place
                .page("/tag/gpu", 404)
                .contains("No note has the tag “gpu”.")
        );
        assert!(
            place
                .page("/tag/gpu", 404)
                .contains("<a href=\"/search?q=gpu\">")
        );
        assert!(place.page("/tag/a%2Cb", 404).contains("contain a comma"));
        assert!(place.page("/all/1", 404).contains("<a href=\"/all/0\">"));
        place
            .store
            .write("2026-01-01T00:00:00Z".parse().unwrap(), |writer| {
                writer.delete_note(id)
            })
            .unwrap();
        let trashed = place.page(&format!("/note/{}", id.0), 404);
        assert!(trashed.contains(&format!("url-notes restore {}", id.0)));
    }

    #[test]
    fn search_shows_why_and_what_else() {
        let mut place = TestSite::new();
        place.save(
            "https://e.org/1",
            "Title",
            &["gpu"],
            "some *important* words <i>",
        );
        let page = place.page("/search?q=important+tag%3Agpu", 200);
        assert!(
            page.contains("some <mark>important</mark> words &lt;i&gt;"),
            "{page}"
        );
        assert!(page.contains("value=\"important tag:gpu\""));
        assert!(
            place
                .page("/search?q=gp+nowhere", 200)
                .contains("<a href=\"/tag/gpu\">")
        );
        for query in [
            "%22", "*", "AND", "tag:", "-", "%00", "NEAR(", "a%22b", "%FF", "before:x",
        ] {
            place.page(&format!("/search?q={query}"), 200);
        }
    }

    #[test]
    fn an_empty_store_says_what_to_do() {
        let place = TestSite::new();
        assert!(place.page("/", 200).contains("Click the url-notes button"));
        assert_eq!(place.title("/all/0", 200), "url-notes | all | page 1 of 1");
        assert!(place.page("/tags", 200).contains("0 tags"));
        assert_eq!(
            place.site.answer("/tag/GPU"),
            Answer::moved("/tag/gpu".into())
        );
    }

    #[test]
    fn an_unreadable_store_gives_a_sentence_and_later_a_page_again() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "Title", &[], "");
        let TestSite {
            _folder,
            store,
            site,
            ..
        } = place;
        // After the last writer has closed, the WAL is gone and all data is in one file.
        drop(store);
        let database = site.database;
        let aside = database.with_extension("aside");
        let fresh = Controller::new(database.clone(), ORIGIN.into(), ORIGIN);
        std::fs::rename(&database, &aside).unwrap();
        std::fs::write(&database, "no database at all").unwrap();
        let answer = fresh.answer("/");
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("not a database"), "{}", answer.body);
        assert!(!answer.body.contains(database.to_str().unwrap()));
        std::fs::rename(&aside, &database).unwrap();
        assert_eq!(fresh.answer("/").status, 200);
    }

    #[test]
    fn a_page_is_rendered_again_after_a_write() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/1", "First", &["gpu"], "");
        for target in ["/", "/tag/gpu", "/all/0", "/search?q=first"] {
            assert_eq!(place.page(target, 200), place.page(target, 200));
        }
        place.save("https://e.org/2", "First again", &["gpu"], "");
        for target in ["/", "/tag/gpu", "/all/0", "/search?q=first"] {
            let page = place.page(target, 200);
            assert!(
                page.replace("</mark>", "").contains("First again"),
                "{target}"
            );
        }
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        place
            .store
            .write(now, |writer| writer.delete_note(id))
            .unwrap();
        for target in ["/", "/tag/gpu", "/all/0", "/search?q=first"] {
            let page = place.page(target, 200);
            assert!(!page.contains(&format!("/note/{}", id.0)), "{target}");
        }
    }

    #[test]
    fn nothing_in_the_pages_is_inline() {
        let mut place = TestSite::new();
        place.save(
            "https://e.org/1",
            "Title",
            &["gpu"],
            "|a|\n|:-:|\n|b|\n\n- [x] c\n\n1. d",
        );
        for target in [
            "/",
            "/tags",
            "/tag/gpu",
            "/all/0",
            "/search?q=a",
            "/search",
            "/nothing",
        ] {
            let page = place.site.answer(target).body;
            for inline in [
                "<script>",
                "javascript:",
                "<style",
                " style=",
                " onclick=",
                "<img",
                "<iframe",
                "http-equiv",
            ] {
                assert!(!page.contains(inline), "{target} has {inline}");
            }
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn a_search_says_what_it_does_not_understand_and_keeps_its_order() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "About gpu", &["a(b"], "");
        place.save("https://e.org/2", "Gpu and more", &["a(b"], "gpu");
        place.save("https://e.org/3", "Gpu again", &[], "gpu");
        let page = place.page("/search?q=gpu+before:gestern+(x+OR+gpu", 200);
        assert!(
            page.contains("“before:gestern” has no valid date"),
            "{page}"
        );
        assert!(page.contains("A closing bracket is missing"), "{page}");
        assert!(page.contains("About <mark>gpu</mark>"), "{page}");
        assert!(
            place
                .page("/search?q=%28", 200)
                .contains("A closing bracket is missing")
        );
        // All links and the form keep the chosen order.
        let narrower = "/search?q=gpu+tag%3A%22a%28b%22+&amp;sort=newest";
        let newest = place.page("/search?q=gpu&sort=newest", 200);
        assert!(newest.contains(narrower), "{newest}");
        assert!(
            newest.contains("name=\"sort\" value=\"newest\""),
            "{newest}"
        );
        assert!(!place.page("/search?q=gpu", 200).contains("name=\"sort\""));
        // Without words, a search is a list in pages, newest first.
        assert!(!place.page("/search?q=has:note", 200).contains("best first"));
    }

    #[test]
    fn a_saved_search_is_at_the_home_with_a_feed() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "First", &["gpu"], "");
        place.save("https://e.org/2", "Second", &[], "");
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let search = crate::store::SavedSearch::new("My GPUs", "tag:gpu", now).unwrap();
        let save = |writer: &crate::store::Writer<'_>| writer.save_search(&search);
        place.store.write(now, save).unwrap();
        let home = place.page("/", 200);
        assert!(home.contains("Saved searches") && home.contains("/search/My%20GPUs/feed.atom"));
        let feed = place.site.answer("/search/my%20gpus/feed.atom");
        assert_eq!(feed.status, 200);
        assert!(feed.body.contains("First") && !feed.body.contains("Second"));
        assert_eq!(place.site.answer("/search/other/feed.atom").status, 404);
    }

    #[test]
    fn a_mistyped_tag_offers_those_that_come_near() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "First", &["economics"], "");
        let page = place.page("/tag/ecnomics", 404);
        assert!(page.contains("<a href=\"/tag/economics\">"), "{page}");
    }

    #[test]
    fn what_was_found_is_shown_newest_or_best_first() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "About gpu", &[], "");
        place.save("https://e.org/2", "Newer", &[], "a gpu");
        let order = |page: &str| {
            let at = |text: &str| page.find(text).unwrap();
            at("About <mark>gpu</mark>") < at("Newer")
        };
        let newest = place.page("/search?q=gpu&sort=newest", 200);
        assert!(!order(content(&newest)));
        assert!(newest.contains(r#"<a href="/search?q=gpu">Best match first</a>"#));
        let best = place.page("/search?q=gpu", 200);
        assert_eq!(best, place.page("/search?q=gpu&sort=relevance", 200));
        assert!(order(content(&best)));
        assert!(best.contains("2 notes, the best first"));
        assert!(best.contains(r#"<a href="/search?q=gpu&amp;sort=newest">Newest first</a>"#));
        let none = place.page("/search?q=nothing&sort=relevance", 200);
        assert!(none.contains("No matches."));
        place.page("/search?q=gpu&sort=size", 404);
    }

    #[test]
    fn suggested_tags_resemble_the_name_not_the_word_tag() {
        let mut place = TestSite::new();
        place.save(
            "https://e.org/1",
            "One",
            &["tagless-final", "xylophone"],
            "",
        );
        let page = place.page("/search?q=tag:xyl+nothing", 200);
        assert!(content(&page).contains("/tag/xylophone"), "{page}");
        assert!(!content(&page).contains("tagless-final"), "{page}");
    }

    /// Follows every link from the home page, each address once.
    fn crawl(place: &TestSite) -> Vec<(String, Answer)> {
        let mut seen = std::collections::BTreeSet::from(["/".to_owned()]);
        let mut open = vec!["/".to_owned()];
        let mut found = Vec::new();
        while let Some(target) = open.pop() {
            let answer = place.site.answer(&target);
            let links = answer.body.split(" href=\"").skip(1);
            for link in links.filter_map(|link| link.split_once('"')) {
                let link = link.0.replace("&amp;", "&");
                // Resolves it like a browser, which removes segments `.` and `..`.
                let base = url::Url::parse("http://localhost:6683").unwrap();
                let url = base.join(&target).unwrap().join(&link).unwrap();
                let local = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
                // Filters can be combined without end.
                let conditions = local.matches("with").count() + local.matches("tag%3A").count();
                if url.origin() == base.origin() && conditions < 2 && seen.insert(local.clone()) {
                    open.push(local);
                }
            }
            found.push((target, answer));
            assert!(found.len() < 5_000, "the pages never end");
        }
        found
    }

    #[test]
    fn every_link_leads_to_a_page() {
        let mut place = TestSite::new();
        let picky = [
            ".",
            "..",
            "web/tech",
            "c++",
            "100%",
            "?",
            "#x",
            "a&b",
            "\"",
            "🙂",
            "feed.atom",
        ];
        for (number, tag) in picky.iter().enumerate() {
            place.save(
                &format!("https://s{}.example/{number}", number % 3),
                "Title",
                &[tag, "common"],
                "words",
            );
        }
        place.save("http://[::1]:8080/", "", &[&"x".repeat(100)], "");
        let answers = crawl(&place);
        assert!(answers.len() > 100, "{}", answers.len());
        for (target, answer) in answers {
            if let (303, Some(location)) = (answer.status, &answer.location) {
                assert_eq!(place.site.answer(location).status, 200, "{target}");
                continue;
            }
            // All other links of ours lead to a page without a redirect.
            assert_eq!(answer.status, 200, "{target}");
        }
    }

    #[test]
    fn every_kind_of_answer_is_sent_once_and_again_when_something_was_written() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/1", "Title", &["gpu"], "words");
        let note = format!("/note/{}", id.0);
        let note_data = format!("/api/notes/{}", id.0);
        let files = [
            "/style.css",
            "/site.js",
            "/favicon.ico",
            "/robots.txt",
            "/opensearch.xml",
        ];
        let pages = [
            "/",
            "/tags",
            "/tags?sort=recent",
            "/tag/gpu",
            "/all/0",
            &note,
            "/search?q=words",
            "/search?q=words&sort=relevance",
            "/search",
            "/sites",
            "/site/e.org",
            "/feed.atom",
            "/tag/gpu/feed.atom",
            "/api/notes",
            &note_data,
            "/api/tags",
        ];
        let mut tags = Vec::new();
        for target in files.iter().chain(&pages) {
            let answer = place.site.answer(target);
            assert_eq!(answer.status, 200, "{target}");
            let tag = answer.tag.unwrap_or_else(|| panic!("{target} has no tag"));
            let again = place.site.answer_to(target, Some(&tag));
            assert_eq!((again.status, &*again.body), (304, ""), "{target}");
            assert_eq!(again.tag.as_ref(), Some(&tag), "{target}");
            let from_memory = place.site.answer(target);
            assert_eq!(from_memory.body, answer.body, "{target}");
            assert_eq!(from_memory.content_type, answer.content_type, "{target}");
            tags.push(tag);
        }
        place.save("https://e.org/2", "Another", &["gpu"], "words");
        for (number, target) in files.iter().chain(&pages).enumerate() {
            let status = place.site.answer_to(target, Some(&tags[number])).status;
            let expected = if number < files.len() { 304 } else { 200 };
            assert_eq!(status, expected, "{target}");
        }
        for target in [
            "/nothing",
            "/tag/nothing",
            "/api/nothing",
            "/api/notes?limit=0",
        ] {
            assert_eq!(place.site.answer(target).tag, None, "{target}");
        }
    }

    #[test]
    fn the_icon_of_a_web_site_is_before_its_name_or_a_placeholder_of_the_same_size() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/1", "One", &["gpu"], "words");
        place.save("https://f.org/1", "Two", &["gpu"], "words");
        let targets = [
            "/",
            "/tag/gpu",
            "/all/0",
            "/search?q=words",
            "/sites",
            &format!("/note/{}", id.0),
        ];
        for target in targets {
            assert!(
                !place.page(target, 200).contains("class=\"icon\""),
                "{target}"
            );
        }
        let icon = Icon::parse(&plain_png(7)).unwrap();
        let put = |place: &mut TestSite, icon: &Icon| {
            let now = clock::now();
            let put = place
                .store
                .write(now, |writer| writer.put_icon("e.org", icon));
            assert!(put.unwrap());
        };
        put(&mut place, &icon);
        let address = format!("/icon/{}.png", icon.name());
        let image = format!(
            "<img class=\"icon\" src=\"{address}\" width=\"16\" height=\"16\" alt=\"\" \
             loading=\"lazy\" decoding=\"async\"><bdi>e.org</bdi>"
        );
        for target in targets {
            let page = place.page(target, 200);
            assert!(page.contains(&image), "{target}: {page}");
            let other = "<span class=\"icon\"></span><bdi>f.org</bdi>";
            assert!(page.contains(other), "{target}: {page}");
        }
        let answer = place.site.answer(&address);
        assert_eq!((answer.status, answer.content_type), (200, "image/png"));
        assert_eq!(answer.bytes(), icon.png());
        let again = place.site.answer_to(&address, answer.tag.as_deref());
        assert_eq!((again.status, again.bytes()), (304, &[][..]));
        // Another icon has another address.
        let newer = Icon::parse(&plain_png(8)).unwrap();
        put(&mut place, &newer);
        assert!(place.page("/all/0", 200).contains(&newer.name()));
        assert_eq!(place.site.answer(&address).status, 404);
        for wrong in ["/icon", "/icon/e.org", "/icon/..%2F..png", "/icon/ABC.png"] {
            assert_eq!(place.site.answer(wrong).status, 404, "{wrong}");
        }
    }

    #[test]
    fn a_month_leads_to_the_page_of_its_newest_note() {
        let mut place = TestSite::new();
        let months = |place: &TestSite| place.page("/all/0", 200).matches("/all?month=").count();
        place.save("https://e.org/0", "Title", &[], "");
        assert_eq!(months(&place), 0, "one month needs no jump");
        for number in 1..65 {
            place.save(&format!("https://e.org/{number}"), "Title", &[], "");
        }
        assert_eq!(months(&place), 3);
        for (month, page) in [
            ("2026-01", 0),
            ("2025-12", 0),
            ("2025-11", 1),
            ("2024-01", 3),
        ] {
            let answer = place.site.answer(&format!("/all?month={month}"));
            assert_eq!(
                (answer.status, answer.location),
                (303, Some(format!("/all/{page}"))),
                "{month}"
            );
        }
        for month in ["2025-13", "2025-1", "x", "99999-01", "2025-08-01", ""] {
            let answer = place.site.answer(&format!("/all?month={month}"));
            assert_eq!(answer.status, 404, "{month}");
        }
    }

    #[test]
    fn a_random_note_is_another_address_each_time_and_never_kept() {
        let mut place = TestSite::new();
        let nowhere = place.site.answer("/random");
        assert_eq!(nowhere.location.as_deref(), Some("/"));
        let one = place.save("https://e.org/1", "Title", &["gpu"], "");
        place.save("https://e.org/2", "Title", &[], "");
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 2 {
            let answer = place.site.answer("/random");
            assert_eq!((answer.status, answer.tag), (303, None));
            seen.extend(answer.location);
        }
        let tagged = place.site.answer("/random?tag=gpu");
        assert_eq!(tagged.location, Some(format!("/note/{}", one.0)));
        assert_eq!(place.site.answer("/random?tag=none").status, 404);
    }

    #[test]
    fn the_first_page_has_notes_of_this_day_in_earlier_years() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "First & last", &[], "");
        let today = place.page("/", 200);
        assert!(!today.contains("On this day"), "{today}");
        let reader = Reader::open(&place.site.database).unwrap();
        let day = jiff::civil::date(2027, 11, 1);
        let earlier = reader
            .on_this_day(day, &place.site.layout.zone, ON_THIS_DAY)
            .unwrap();
        let home = views::HomePage {
            counts: reader.counts().unwrap(),
            notes: &earlier,
            gists: &crate::site::leads::Gists::new(),
            tags: &[],
            on_this_day: &earlier,
            again: &[],
            searches: &[],
        };
        let page = views::home(&place.site.layout, &home);
        assert!(page.contains("On this day"), "{page}");
        assert!(page.contains("2025</span>"), "{page}");
        assert!(page.contains("First &amp; last</a>"), "{page}");
    }

    #[test]
    fn the_first_page_has_notes_to_look_at_again() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "Old & gold", &["gpu"], "");
        let note = Reader::open(&place.site.database).unwrap();
        let note = note.latest_notes(None, 1).unwrap().remove(0);
        place.save("https://e.org/2", "Another", &["gpu"], "");
        let again = crate::store::Rediscovered {
            note,
            tag: Some((Tag::parse("gpu").unwrap(), 1)),
        };
        let home = views::HomePage {
            counts: Reader::open(&place.site.database)
                .unwrap()
                .counts()
                .unwrap(),
            notes: std::slice::from_ref(&again.note),
            gists: &crate::site::leads::Gists::new(),
            tags: &[],
            on_this_day: &[],
            again: std::slice::from_ref(&again),
            searches: &[],
        };
        let page = views::home(&place.site.layout, &home);
        let section = page.split("Look again").nth(1).unwrap();
        assert!(section.contains("Old &amp; gold</a>"), "{section}");
        assert!(
            section.contains("<bdi>gpu</bdi>, 1 recent note<"),
            "{section}"
        );
    }

    #[test]
    fn a_note_links_to_the_copy_of_its_day_if_its_page_is_public() {
        let mut place = TestSite::new();
        for (url, is_public) in [
            ("https://e.org/1", true),
            ("http://localhost:8000/1", false),
            ("https://e.org/2?access_token=abcdef0123456789", false),
            ("https://user:secret@e.org/3", false),
        ] {
            let id = place.save(url, "Title", &[], "");
            let page = place.page(&format!("/note/{}", id.0), 200);
            let link = "https://web.archive.org/web/202511";
            assert_eq!(page.contains(link), is_public, "{url}: {page}");
        }
    }

    #[test]
    fn notes_stand_under_their_day_or_have_a_date_of_their_own() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "First", &["gpu"], "words");
        place.save("https://e.org/2", "Second", &["gpu"], "words");
        for target in ["/tag/gpu", "/site/e.org"] {
            let page = place.page(target, 200);
            assert_eq!(page.matches("</time></h").count(), 0, "{target}");
            assert!(
                page.contains("Saved <time datetime=\"2025-11-02T"),
                "{page}"
            );
        }
        for target in ["/", "/all/0", "/search?q=words&sort=newest"] {
            let page = place.page(target, 200);
            let days: Vec<&str> = page
                .split("<time datetime=\"2025-11-0")
                .filter_map(|rest| rest.split_once("</time></h"))
                .map(|(day, _)| day)
                .collect();
            assert_eq!(
                days,
                [
                    "2\">Sunday, 2 November 2025",
                    "1\">Saturday, 1 November 2025"
                ],
                "{target}"
            );
        }
    }

    #[test]
    fn with_very_many_sites_the_page_says_which_it_lists() {
        let mut place = TestSite::new();
        for number in 0..SITES_LISTED {
            place.save(&format!("https://s{number}.example/"), "", &[], "");
        }
        assert!(place.page("/sites", 200).contains("50 sites"));
        place.save("https://late.example/", "", &[], "");
        let sites = place.page("/sites", 200);
        assert!(sites.contains("The first 50 sites that you saved from"));
        assert!(!sites.contains("late.example"));
        let filtered = place.page("/sites?filter=late", 200);
        assert!(filtered.contains("that you saved from with “<bdi>late</bdi>” in the name"));
    }

    #[test]
    fn sites_lead_to_their_notes_and_those_below() {
        let mut place = TestSite::new();
        place.save("https://www.arxiv.org/1", "On the site", &[], "");
        place.save("https://export.arxiv.org/2", "Below the site", &[], "");
        place.save("https://e.org/3", "Elsewhere", &[], "");
        let sites = place.page("/sites", 200);
        assert!(sites.contains("<a href=\"/site/export.arxiv.org\"><bdi>export.arxiv.org</bdi>"));
        assert!(sites.contains("3 sites"));
        let filtered = place.page("/sites?filter=ARXIV", 200);
        assert!(filtered.contains("2 sites with “<bdi>ARXIV</bdi>” in the name"));
        assert!(!filtered.contains("/site/e.org"));
        let page = place.page("/site/arxiv.org", 200);
        assert!(page.contains("On the site") && page.contains("Below the site"));
        assert!(page.contains("2 notes") && !page.contains("Elsewhere"));
        let below = place.page("/site/export.arxiv.org", 200);
        assert!(below.contains("1 note") && !below.contains("On the site"));
        let unknown = place.page("/site/arxiv.example", 404);
        assert!(unknown.contains("No note is from “arxiv.example”."));
        assert!(unknown.contains("<a href=\"/site/export.arxiv.org\">"));
        assert_eq!(
            place.site.answer("/site/www.ARXIV.org"),
            Answer::moved("/site/arxiv.org".into())
        );
    }

    #[test]
    fn feeds_have_the_notes_of_their_page() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "Both", &["gpu", "llm"], "**words**");
        place.save("https://e.org/2", "One", &["gpu"], "");
        let titles = |target: &str| -> Vec<String> {
            let answer = place.site.answer(target);
            assert_eq!(answer.status, 200, "{target}");
            assert_eq!(answer.content_type, "application/atom+xml; charset=utf-8");
            let feed: atom_syndication::Feed = answer.body.parse().unwrap();
            let alternate = feed.links().iter().find(|link| link.rel() == "alternate");
            let page = alternate
                .unwrap()
                .href()
                .replace("http://localhost:6683", "");
            assert!(place.page(&page, 200).contains(&format!(
                "href=\"{ORIGIN}{}\"",
                target.replace('&', "&amp;")
            )));
            feed.entries()
                .iter()
                .map(|entry| entry.title().to_string())
                .collect()
        };
        assert_eq!(titles("/feed.atom"), ["One", "Both"]);
        assert_eq!(titles("/tag/gpu/feed.atom"), ["One", "Both"]);
        assert_eq!(titles("/tag/gpu/feed.atom?with=llm"), ["Both"]);
        assert_eq!(titles("/tag/gpu/feed.atom?without=llm"), ["One"]);
        assert!(
            place
                .page("/tag/nothing/feed.atom", 404)
                .contains("No note has the tag")
        );
    }

    #[test]
    fn data_has_the_filters_of_the_pages() {
        let mut place = TestSite::new();
        let first = place.save(
            "https://arxiv.org/1",
            "First",
            &["gpu", "llm"],
            "some words",
        );
        place.save("https://e.org/2", "Second", &["gpu"], "more words");
        place.save("https://e.org/3", "Third", &["c++"], "");
        let data = |target: &str| -> serde_json::Value {
            let answer = place.site.answer(target);
            assert_eq!(answer.status, 200, "{target}: {}", answer.body);
            assert_eq!(answer.content_type, "application/json; charset=utf-8");
            serde_json::from_str(&answer.body).unwrap()
        };
        let titles = |target: &str| -> String {
            let notes = data(target);
            let titles = notes["notes"].as_array().unwrap().iter();
            let titles: Vec<&str> = titles.map(|note| note["title"].as_str().unwrap()).collect();
            titles.join(" ")
        };
        assert_eq!(titles("/api/notes"), "Third Second First");
        assert_eq!(titles("/api/notes?with=GPU"), "Second First");
        assert_eq!(titles("/api/notes?with=gpu&with=llm"), "First");
        assert_eq!(titles("/api/notes?tag=gpu&tag=llm"), "First");
        assert_eq!(titles("/api/notes?without=gpu"), "Third");
        assert_eq!(titles("/api/notes?with=c%2B%2B"), "Third");
        assert_eq!(titles("/api/notes?with=nothing"), "");
        assert_eq!(titles("/api/notes?site=e.org"), "Third Second");
        assert_eq!(titles("/api/notes?site=e.org&with=gpu"), "Second");
        assert_eq!(titles("/api/notes?q=words"), "Second First");
        assert_eq!(titles("/api/notes?q=words+-tag:llm"), "Second");
        assert_eq!(titles("/api/notes?q=words&without=llm"), "Second");
        assert_eq!(titles("/api/notes?q=%22"), "");
        assert_eq!(
            titles("/api/notes?q=words&sort=relevance&limit=1"),
            "Second"
        );
        let page = data("/api/notes?limit=2");
        assert_eq!(page["count"], 3);
        assert_eq!(
            titles(&format!("/api/notes?limit=2&before={}", page["next"])),
            "First"
        );
        assert_eq!(
            data(&format!("/api/notes?before={}", page["next"]))["next"],
            serde_json::Value::Null
        );
        expect![[r#"
            {
              "id": 1761998400000000,
              "url": "https://arxiv.org/1",
              "addresses": [],
              "title": "First",
              "tags": [
                "gpu",
                "llm"
              ],
              "summary": "some words",
              "excerpt": "What the page says.",
              "savedAt": "2025-11-01T12:00:00.000Z",
              "updatedAt": "2025-11-01T12:00:00.000Z",
              "publishedAt": "2025-10-01",
              "siteName": null,
              "lang": "en",
              "deletedAt": null,
              "read": true
            }"#]]
        .assert_eq(
            &serde_json::from_str::<crate::protocol::Note>(
                &place.site.answer(&format!("/api/notes/{}", first.0)).body,
            )
            .map(|note| serde_json::to_string_pretty(&note).unwrap())
            .unwrap(),
        );
        assert_eq!(
            place.site.answer("/api/tags").body,
            "{\"tags\":[{\"name\":\"gpu\",\"count\":2},{\"name\":\"c++\",\"count\":1},{\"name\":\"llm\",\"count\":1}],\"count\":3,\"next\":null}\n"
        );
        assert_eq!(data("/api/tags?limit=1")["next"], "llm");
        assert_eq!(data("/api/tags?sort=name&from=d")["tags"][0]["name"], "gpu");
        assert_eq!(data("/api/tags?sort=recent")["tags"][0]["name"], "c++");
        assert_eq!(data("/api/tags?filter=+L")["count"], 1);
        assert_eq!(data("/api/tags?with=gpu")["tags"][0]["name"], "llm");
    }

    #[test]
    fn missing_data_is_reported_as_json() {
        let mut place = TestSite::new();
        let id = place.save("https://e.org/1", "Title", &[], "");
        place
            .store
            .write("2026-01-01T00:00:00Z".parse().unwrap(), |writer| {
                writer.delete_note(id)
            })
            .unwrap();
        for (target, status, kind, word) in [
            ("/api", 404, "not_found", "/api/notes"),
            ("/api/nothing", 404, "not_found", "/api/notes"),
            ("/api/notes/7", 404, "not_found", "note doesn't exist"),
            (
                &format!("/api/notes/{}", id.0),
                404,
                "not_found",
                "in the trash",
            ),
            ("/api/notes/x", 400, "invalid_params", "number"),
            ("/api/notes?limit=0", 400, "invalid_params", "1 to 200"),
            ("/api/notes?limit=201", 400, "invalid_params", "1 to 200"),
            ("/api/notes?before=x", 400, "invalid_params", "number"),
            (
                "/api/notes?sort=size",
                400,
                "invalid_params",
                "newest or relevance",
            ),
            ("/api/notes?site=", 400, "invalid_params", "web site"),
            ("/api/notes?with=a,b", 400, "invalid_tag", "comma"),
            (
                "/api/tags?sort=size",
                400,
                "invalid_params",
                "uses, name or recent",
            ),
            ("/api/tags?from=", 400, "invalid_tag", "empty"),
        ] {
            let answer = place.site.answer(target);
            let data: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer.status, status, "{target}");
            assert_eq!(data["error"]["kind"], kind, "{target}");
            let message = data["error"]["message"].as_str().unwrap();
            assert!(message.contains(word), "{target}: {message}");
        }
    }

    #[test]
    fn conditions_of_a_search_can_be_taken_off_and_put_on() {
        let mut place = TestSite::new();
        place.save("https://e.org/1", "One", &["gpu", "to read"], "words");
        place.save("https://e.org/2", "Two", &["gpu", "to read"], "words");
        place.save("https://e.org/3", "Three", &["gpu"], "words");
        let page = place.page("/search?q=words+tag%3Agpu+after%3A2025", 200);
        for (address, condition) in [
            ("/search?q=tag%3Agpu+after%3A2025", "words"),
            ("/search?q=words+after%3A2025", "tag:gpu"),
            ("/search?q=words+tag%3Agpu", "after:2025"),
        ] {
            assert!(
                page.contains(&format!("<a href=\"{address}\"><bdi>{condition}</bdi>")),
                "{page}"
            );
        }
        let narrower = "/search?q=words+tag%3Agpu+after%3A2025+tag%3A%22to+read%22+";
        assert!(page.contains(&format!("<a href=\"{narrower}\">")), "{page}");
        assert!(!place.page(narrower, 200).contains(">Three<"));
        let without = narrower.replace("+tag%3A%22to", "+-tag%3A%22to");
        assert!(page.contains(&format!("<a class=\"not\" href=\"{without}\"")));
        assert!(!place.page(&without, 200).contains(">One<"));
    }

    #[test]
    fn a_typo_finds_the_subcommand() {
        let place = TestSite::new();
        let page = place.page("/tgas", 404);
        assert!(
            page.contains("Did you mean <a href=\"/tags\">tags</a>?"),
            "{page}"
        );
        assert!(!place.page("/tag/tgas", 404).contains("Did you mean"));
    }
}
