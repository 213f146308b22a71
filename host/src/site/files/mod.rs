//! The site as files, for a server that only serves them (GitHub Pages) and for the disk:
//! the same pages by the same renderer.
//!
//! Owns which file has what. Each page is read from the store once, as the notes come,
//! oldest first, and each note is made into HTML once, into `spool`; which notes are
//! on which page is known as numbers before (`catalog`). Then all pages are put together,
//! side by side, into `folder`.
//!
//! Whatever asks a server is something else here, or isn't there: narrowing is a search,
//! and that is done by the page (`index`); pages of a list have numbers.

mod folder;
mod fragment_store;
mod index;
mod page_plan;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{HashSet, VecDeque},
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::bail;
use folder::{Folder, NO_JEKYLL};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    feed::{self, Feed},
    links::Links,
};
use crate::{
    domain::{Note, Searched, Tag},
    site::{
        controller::{
            FEED_NOTES, HOME_TAGS, ICON, PAGE_NOTES, PAGE_TAGS, RELATED_NOTES, RELATED_TAGS,
            SCRIPT, STYLE,
        },
        files::{
            fragment_store::{Extent, FragmentStore, Piece},
            page_plan::{PagePlan, Sites, Tally},
        },
        views::{self, Layout, Related},
    },
    store::{
        Counts, ListedTag, Reader, RelatedTags, SiteCount, SiteList, SiteOrder, TagFilter, TagList,
        TagOrder,
    },
};

pub(super) use crate::site::file_names::FileNames;

/// What it runs on besides the site's own script.
const FILES_SCRIPT: &str = include_str!("../assets/files.js");
const SEARCH_SCRIPTS: [&str; 6] = [
    include_str!("../assets/invisible.js"),
    include_str!("../assets/letters.js"),
    include_str!("../assets/words.js"),
    include_str!("../assets/query.js"),
    include_str!("../assets/pieces.js"),
    include_str!("../assets/search.js"),
];
/// What looks where an address of the other site leads here.
const LOST_SCRIPTS: [&str; 6] = [
    include_str!("../assets/invisible.js"),
    include_str!("../assets/letters.js"),
    include_str!("../assets/words.js"),
    include_str!("../assets/query.js"),
    include_str!("../assets/pieces.js"),
    include_str!("../assets/lost.js"),
];
/// For whoever doesn't read the page before asking for an icon.
const PICTURE: &[u8] = include_bytes!("../../../../extension/icons/icon-32.png");
/// Whoever publishes notes wants them to be found.
const ROBOTS: &str = "User-agent: *\nAllow: /\n";

/// Notes that are made into HTML at once; full pieces of what is searched.
const BATCH: usize = 12 * index::NOTES_PER_PIECE;
/// Pages of notes that are put together at once.
const PAGES_AT_ONCE: usize = 240;
/// Threads: more of them wait for the disk.
const MAX_THREADS: usize = 8;

/// Where the site will be served: below a path, or a whole address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address(String);

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = text.contains("://");
        let base = url::Url::parse("http://localhost/").expect("it is one");
        let url = match whole {
            true => url::Url::parse(text),
            false => base.join(&format!("/{}", text.trim_start_matches('/'))),
        };
        let url = url.map_err(|error| format!("it isn't a path or an address ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the address must begin with http:// or https://".into());
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err("it must be a path such as /url-notes, or an address such as https://me.github.io/url-notes".into());
        }
        let path = url.path().trim_matches('/');
        let path = match path {
            "" => String::new(),
            path => format!("/{path}"),
        };
        Ok(Self(match whole {
            true => format!("{}{path}", url.origin().ascii_serialization()),
            false => path,
        }))
    }
}

impl Address {
    fn is_whole(&self) -> bool {
        !self.0.is_empty() && !self.0.starts_with('/')
    }
}

/// What becomes of notes whose address has an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// They aren't published.
    LeaveOut,
    /// They are.
    Publish,
}

/// What an export of the site did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Left out, since their addresses have access tokens.
    pub with_tokens: u64,
    /// On the site.
    pub notes: u64,
    /// On the site.
    pub tags: u64,
    /// Files that are new or have another content.
    pub written: u64,
    /// Files that are as they were.
    pub unchanged: u64,
    /// Files that are no more.
    pub removed: u64,
}

/// Writes the site of the notes that pass the filter into a folder. `progress` receives
/// how much of how much is done. Where `stop` is set meanwhile, the place stays as it was.
///
/// # Errors
/// Those of the store and of files, `Interrupted` where it was stopped; a sentence where a tag
/// of the filter isn't in use, or something else is in the way.
pub fn write_files(
    store: &Reader,
    filter: &TagFilter,
    tokens: Tokens,
    address: &Address,
    place: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
    stop: &AtomicBool,
) -> anyhow::Result<Written> {
    store.read_transaction(|store| {
        Ok(export(
            store, filter, tokens, address, place, progress, stop,
        ))
    })?
}

fn export(
    store: &Reader,
    filter: &TagFilter,
    tokens: Tokens,
    address: &Address,
    place: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
    stop: &AtomicBool,
) -> anyhow::Result<Written> {
    for tag in filter.with.iter().chain(&filter.without) {
        // One that is mistyped would publish what should be left out.
        if store.tag_uses(tag)? == 0 {
            bail!("No note has the tag “{tag}”.");
        }
    }
    let filter = TagFilter {
        with: store.tags_of_names(&filter.with)?,
        without: store.tags_of_names(&filter.without)?,
    };
    let left_out = match tokens {
        Tokens::LeaveOut => store.notes_with_tokens()?,
        Tokens::Publish => HashSet::new(),
    };
    let (outline, with_tokens) = store.outline_without(&filter, &left_out)?;
    let catalog = PagePlan::of(outline);
    let sites = Sites::of(&catalog.outline);
    let folder = Folder::new(place, stop)?;
    let tags = catalog.outline.tags.iter().map(Tag::as_str);
    let names = tags.chain(sites.counts().map(|count| count.site.as_str()));
    let names = Arc::new(FileNames::of_all(names));
    let count = catalog.outline.notes.len() as u64;
    let site = Maker {
        names: &names,
        shells: [0, 1, 2].map(|depth| layout(Links::relative(&names, depth))),
        feed_links: [0, 2].map(|depth| match address.is_whole() {
            true => Links::below(&names, &address.0),
            false => Links::relative(&names, depth),
        }),
        folder: &folder,
        catalog: &catalog,
        sites: &sites,
        progress: &|done| progress(done, 2 * count),
        done: AtomicU64::new(0),
    };
    let write = || {
        let made = site.make_pieces(store)?;
        site.write_pages(&made)?;
        site.write_rest(&made, &layout(Links::below(&names, &address.0)))
    };
    let changes = write().and_then(|()| folder.finish())?;
    Ok(Written {
        with_tokens,
        notes: count,
        tags: catalog.outline.tags.len() as u64,
        written: changes.written,
        unchanged: changes.unchanged,
        removed: changes.removed,
    })
}

fn layout(links: Links) -> Layout {
    Layout {
        feeds: links.clone(),
        links,
        zone: TimeZone::system(),
    }
}

/// What makes the files of one export.
struct Maker<'a> {
    names: &'a Arc<FileNames>,
    /// For pages that lie no, one, and two folders deep.
    shells: [Layout; 3],
    /// For the feed of all notes and those of tags.
    feed_links: [Links; 2],
    folder: &'a Folder<'a>,
    catalog: &'a PagePlan,
    sites: &'a Sites,
    progress: &'a (dyn Fn(u64) + Sync),
    done: AtomicU64,
}

/// A batch of notes with the number of the first.
type Batch = (u32, Vec<Note>);

/// What was made of all notes.
struct Made {
    spools: FragmentStore,
    /// By the number of the note.
    places: Vec<Extent>,
    updated: Vec<Timestamp>,
    /// The newest, newest first.
    newest: Vec<Note>,
    words: Vec<index::Index>,
}

/// What a thread made of its share of them.
struct Share {
    spool: fragment_store::Writer,
    places: Vec<(u32, Extent, Timestamp)>,
    words: index::Index,
}

/// A part of the pages.
#[derive(Debug, Clone, Copy)]
enum Job {
    /// What is searched.
    Words,
    /// The pages of a tag.
    Tag(usize),
    /// The pages of a site.
    Site(usize),
    /// Pages of all notes, from this one on.
    All(usize),
    /// Pages of notes, from this number on.
    Notes(usize),
}

impl Maker<'_> {
    /// Reads all notes and makes of each what pages are put together of.
    fn make_pieces(&self, store: &Reader) -> anyhow::Result<Made> {
        let in_feeds = self.in_feeds();
        let threads = threads();
        let (send, receive) = sync_channel::<Batch>(threads * 2);
        // Held by the threads alone: with the last of them it is gone, and reading ends.
        let receive = Arc::new(Mutex::new(receive));
        let mut newest = VecDeque::new();
        let in_feeds = &in_feeds;
        let shares = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|number| {
                    let receive = Arc::clone(&receive);
                    scope.spawn(move || self.make_share(number, &receive, in_feeds))
                })
                .collect();
            drop(receive);
            let read = self.read(store, &send, &mut newest);
            drop(send);
            let shares = workers.into_iter().map(|worker| match worker.join() {
                Ok(share) => share,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            let shares: anyhow::Result<Vec<Share>> = shares.collect();
            // Where a thread fails, reading ends as well, for a reason that says less.
            let shares = shares?;
            read.map(|()| shares)
        })?;
        let count = self.catalog.outline.notes.len();
        let mut made = Made {
            spools: FragmentStore(Vec::new()),
            places: vec![Extent::default(); count],
            updated: vec![Timestamp::UNIX_EPOCH; count],
            newest: newest.into_iter().rev().collect(),
            words: Vec::new(),
        };
        for share in shares {
            made.spools.0.push(share.spool.finish()?);
            made.words.push(share.words);
            for (number, place, updated) in share.places {
                made.places[number as usize] = place;
                made.updated[number as usize] = updated;
            }
        }
        Ok(made)
    }

    /// Hands out the notes of the site, oldest first.
    fn read(
        &self,
        store: &Reader,
        send: &SyncSender<Batch>,
        newest: &mut VecDeque<Note>,
    ) -> anyhow::Result<()> {
        let ids = &self.catalog.outline.notes;
        let limit = u32::try_from(BATCH)?;
        let mut batch = Vec::with_capacity(BATCH);
        let mut number = 0_usize;
        let mut first = 0_u32;
        // Of few notes among many each is asked for by itself.
        let few = u64::try_from(ids.len())? < store.counts()?.notes / 8;
        let mut last = None;
        while number < ids.len() {
            let notes = match few {
                true => store.note(ids[number])?.into_iter().collect(),
                false => store.notes_after(last, limit)?,
            };
            if notes.is_empty() {
                bail!("The notes don't match their index. For details, run `url-notes check`.");
            }
            for note in notes {
                last = Some(note.id);
                if ids.get(number) != Some(&note.id) {
                    continue;
                }
                number += 1;
                if ids.len() - number < FEED_NOTES as usize {
                    newest.push_back(note.clone());
                }
                batch.push(note);
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    send.send((first, full))?;
                    first = u32::try_from(number)?;
                }
            }
        }
        if !batch.is_empty() {
            send.send((first, batch))?;
        }
        Ok(())
    }

    fn make_share(
        &self,
        number: usize,
        receive: &Mutex<Receiver<Batch>>,
        in_feeds: &[bool],
    ) -> anyhow::Result<Share> {
        let spool = fragment_store::Writer::create(self.folder.scratch(), u32::try_from(number)?)?;
        let mut share = Share {
            spool,
            places: Vec::new(),
            words: index::Index::default(),
        };
        loop {
            let batch = receive
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((first, notes)) = batch else {
                return Ok(share);
            };
            self.make_batch(&mut share, first, &notes, in_feeds)?;
            self.advance(notes.len());
        }
    }

    fn make_batch(
        &self,
        share: &mut Share,
        first: u32,
        notes: &[Note],
        in_feeds: &[bool],
    ) -> anyhow::Result<()> {
        let layout = &self.shells[2];
        let mut texts = Vec::with_capacity(notes.len());
        for (number, note) in (first..).zip(notes) {
            let entry = match in_feeds[number as usize] {
                true => feed::entry(&self.feed_links[1], note),
                false => String::new(),
            };
            let place = share.spool.put([
                &views::title(note),
                &views::listed(layout, note).into_string(),
                &views::article(layout, note).into_string(),
                &views::about(layout, note).into_string(),
                &entry,
            ])?;
            share.places.push((number, place, note.updated_at));
            let searched = Searched::of(note);
            let site = views::site_of(note);
            share.words.add(number, note, &searched, site.as_deref());
            texts.push((note, searched, site));
        }
        let piece = first as usize / index::NOTES_PER_PIECE;
        for (piece, notes) in (piece..).zip(texts.chunks(index::NOTES_PER_PIECE)) {
            let notes = notes.iter().map(|(note, texts, site)| {
                let saved = views::saved_on(layout, note.saved_at);
                index::Found::of(note, texts, site.as_deref(), saved, self.names)
            });
            index::put_notes(self.folder, piece, &notes.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Of each note whether it is among the newest of one of its tags.
    fn in_feeds(&self) -> Vec<bool> {
        let mut in_feeds = vec![false; self.catalog.outline.notes.len()];
        for tag in 0..self.catalog.outline.tags.len() {
            for note in newest(self.catalog.notes_with(tag), FEED_NOTES) {
                in_feeds[*note as usize] = true;
            }
        }
        in_feeds
    }

    fn advance(&self, notes: usize) {
        let done = self.done.fetch_add(notes as u64, Relaxed) + notes as u64;
        (self.progress)(done);
    }

    /// Puts all pages together that have notes on them, side by side.
    fn write_pages(&self, made: &Made) -> anyhow::Result<()> {
        let count = self.catalog.outline.notes.len();
        // The longest first, so that no thread is left with one.
        let tags = self.catalog.tags_by(TagOrder::Uses).into_iter();
        let mut jobs = vec![Job::Words];
        jobs.extend(tags.map(Job::Tag));
        let pages = count.div_ceil(PAGE_NOTES as usize).max(1);
        jobs.extend((0..pages).step_by(PAGES_AT_ONCE).map(Job::All));
        jobs.extend((0..self.sites.len()).map(Job::Site));
        jobs.extend((0..count).step_by(PAGES_AT_ONCE).map(Job::Notes));
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let work = || -> anyhow::Result<()> {
            let mut tags = Tally::below(self.catalog.outline.tags.len());
            let mut notes = Tally::below(count);
            while let Some(job) = jobs.get(next.fetch_add(1, Relaxed)) {
                if failed.load(Relaxed) {
                    break;
                }
                let done = match job {
                    Job::Words => self.words(made),
                    Job::Tag(tag) => self.tag(*tag, made, &mut tags),
                    Job::Site(site) => self.site(*site, made),
                    Job::All(from) => self.all(*from..pages.min(from + PAGES_AT_ONCE), pages, made),
                    Job::Notes(from) => {
                        self.notes(*from..count.min(from + PAGES_AT_ONCE), made, &mut notes)
                    }
                };
                if done.is_err() {
                    failed.store(true, Relaxed);
                }
                done?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            done.collect()
        })
    }

    /// Notes by their numbers, newest first, as a list.
    fn list(&self, notes: &[u32], made: &Made) -> io::Result<maud::Markup> {
        let notes = notes.iter().rev().map(|note| {
            let number = *note as usize;
            let preview = made.spools.get(&made.places[number], Piece::Listed)?;
            Ok((self.catalog.outline.saved[number], preview))
        });
        let notes: Vec<(Timestamp, String)> = notes.collect::<io::Result<_>>()?;
        Ok(views::listed_day_by_day(&self.shells[2], &notes))
    }

    fn tag(&self, tag: usize, made: &Made, tally: &mut Tally<u32>) -> anyhow::Result<()> {
        let notes = self.catalog.notes_with(tag);
        let name = self.catalog.tag(tag);
        let layout = &self.shells[2];
        let filter = TagFilter {
            with: vec![name.clone()],
            without: Vec::new(),
        };
        let related = RelatedTags {
            tags: self.catalog.related_tags(tag, RELATED_TAGS as usize, tally),
            exact: true,
        };
        let folder = format!("tag/{}", self.names.of(name.as_str()));
        let pages = notes.rchunks(PAGE_NOTES as usize);
        let last = pages.len().saturating_sub(1);
        for (number, notes) in pages.enumerate() {
            let page = views::TagPage {
                filter: &filter,
                count: self.catalog.notes_with(tag).len() as u64,
                related: &related,
                notes: &self.list(notes, made)?,
                newest: (number > 0).then(|| layout.links.tag(name)),
                older: (number < last).then(|| layout.links.tag_page(name, number + 1)),
            };
            self.put(&numbered(&folder, number), &views::tag(layout, &page))?;
        }
        let links = &self.feed_links[1];
        let notes: Vec<&u32> = newest(notes, FEED_NOTES).iter().rev().collect();
        let updated = notes.iter().map(|note| made.updated[**note as usize]);
        let entries = notes.iter().map(|note| {
            let place = &made.places[**note as usize];
            made.spools.get(place, Piece::Entry)
        });
        let feed = Feed {
            title: &format!("url-notes | tag | {name}"),
            address: &links.tag_feed(&filter),
            page: &links.tag(name),
            updated: updated.max().unwrap_or(Timestamp::UNIX_EPOCH),
        };
        let identity = links.identity(&Links::default().tag_feed(&filter));
        let entries: Vec<String> = entries.collect::<io::Result<_>>()?;
        let feed = feed::feed_of_entries(&feed, &identity, &entries);
        Ok(self.put(&format!("{folder}/feed.atom"), &feed)?)
    }

    fn site(&self, site: usize, made: &Made) -> anyhow::Result<()> {
        let name = self.sites.name(site);
        let family = self.sites.family(site);
        let notes = self.sites.notes_of(site);
        let layout = &self.shells[2];
        let folder = format!("site/{}", self.names.of(name));
        let pages = notes.rchunks(PAGE_NOTES as usize);
        let last = pages.len().saturating_sub(1);
        for (number, notes) in pages.enumerate() {
            let list = self.list(notes, made)?;
            let newest = (number > 0).then(|| layout.links.site(name, None));
            let older = (number < last).then(|| layout.links.site_page(name, number + 1));
            let page = views::site(layout, name, &family, &list, newest, older);
            self.put(&numbered(&folder, number), &page)?;
        }
        Ok(())
    }

    fn all(&self, wanted: std::ops::Range<usize>, pages: usize, made: &Made) -> anyhow::Result<()> {
        let count = u32::try_from(self.catalog.outline.notes.len())?;
        let length = PAGE_NOTES as usize;
        for page in wanted {
            let end = count.saturating_sub(u32::try_from(page * length)?);
            let notes: Vec<u32> = (end.saturating_sub(PAGE_NOTES)..end).collect();
            let list = match notes.is_empty() {
                true => None,
                false => Some(self.list(&notes, made)?),
            };
            let html = views::all(&self.shells[2], page as u64, pages as u64, list.as_ref());
            self.put(&format!("all/{page}/index.html"), &html)?;
        }
        Ok(())
    }

    fn notes(
        &self,
        wanted: std::ops::Range<usize>,
        made: &Made,
        tally: &mut Tally<f64>,
    ) -> anyhow::Result<()> {
        let count = wanted.len();
        for number in wanted {
            let place = &made.places[number];
            let note = u32::try_from(number)?;
            let related = self.catalog.related_notes(note, RELATED_NOTES, tally);
            let related = related.into_iter().map(|other| {
                Ok(Related {
                    about: made
                        .spools
                        .get(&made.places[other as usize], Piece::About)?,
                    shared: self.catalog.shared(note, other),
                })
            });
            let related: Vec<Related> = related.collect::<io::Result<_>>()?;
            let title = made.spools.get(place, Piece::Title)?;
            let article = maud::PreEscaped(made.spools.get(place, Piece::Article)?);
            let page = views::around(&self.shells[2], &title, &article, &related);
            let id = self.catalog.outline.notes[number].0;
            self.put(&format!("note/{id}/index.html"), &page)?;
        }
        self.advance(count);
        Ok(())
    }

    /// What there is one of, and the lists of tags and sites.
    fn write_rest(&self, made: &Made, at_base: &Layout) -> anyhow::Result<()> {
        let [home, one_deep, _] = &self.shells;
        for order in [TagOrder::Uses, TagOrder::Name, TagOrder::Recent] {
            self.tag_list(order)?;
        }
        for order in [SiteOrder::Uses, SiteOrder::Name] {
            self.site_list(order)?;
        }
        let counts = Counts {
            notes: self.catalog.outline.notes.len() as u64,
            tags: self.catalog.outline.tags.len() as u64,
        };
        let latest = &made.newest[..made.newest.len().min(PAGE_NOTES as usize)];
        let tags = self.catalog.top_tags(HOME_TAGS as usize);
        self.put("index.html", &views::home(home, counts, latest, &tags, &[]))?;
        self.put("search/index.html", &views::search_alone(one_deep))?;
        self.put("404.html", &views::lost(at_base))?;
        let links = &self.feed_links[0];
        let feed = Feed {
            title: "url-notes",
            address: &links.feed(),
            page: &links.home(),
            updated: feed::updated(&made.newest),
        };
        let entries = made.newest.iter().map(|note| feed::entry(links, note));
        let entries: Vec<String> = entries.collect();
        let identity = links.identity(&Links::default().feed());
        self.put(
            "feed.atom",
            &feed::feed_of_entries(&feed, &identity, &entries),
        )?;
        self.put("style.css", STYLE)?;
        self.put("site.js", &[SCRIPT, FILES_SCRIPT].concat())?;
        self.put("search.js", &as_one_script(&SEARCH_SCRIPTS))?;
        self.put("404.js", &as_one_script(&LOST_SCRIPTS))?;
        self.put("favicon.svg", ICON)?;
        self.folder.put("favicon.ico", &picture()?)?;
        self.put("robots.txt", ROBOTS)?;
        // GitHub Pages would leave out what begins with `_`, and take its time.
        self.put(NO_JEKYLL, "")?;
        Ok(())
    }

    fn words(&self, made: &Made) -> anyhow::Result<()> {
        Ok(index::write(
            self.folder,
            &made.words,
            &self.catalog.outline,
        )?)
    }

    fn tag_list(&self, order: TagOrder) -> anyhow::Result<()> {
        let (layout, folder) = match order {
            TagOrder::Uses => (&self.shells[1], "tags"),
            TagOrder::Name => (&self.shells[2], "tags/name"),
            TagOrder::Recent => (&self.shells[2], "tags/recent"),
        };
        let links = &layout.links;
        let tags = self.catalog.tags_by(order);
        let length = PAGE_TAGS as usize;
        let mut jumps: Vec<(String, String)> = Vec::new();
        if order == TagOrder::Name {
            for (place, tag) in tags.iter().enumerate() {
                let initial = self.catalog.tag(*tag).as_str().chars().next();
                let initial = initial.unwrap_or('#');
                let name = views::initial_of(initial);
                if jumps.last().is_none_or(|(last, _)| *last != name)
                    && jumps.iter().all(|(known, _)| *known != name)
                {
                    let page = links.tags_page(order, place / length);
                    jumps.push((name, format!("{page}#{}", views::place_of(initial))));
                }
            }
        }
        let count = tags.len();
        let last = count.div_ceil(length).max(1) - 1;
        for number in 0..=last {
            let shown = &tags[number * length..count.min((number + 1) * length)];
            let list = TagList {
                tags: shown
                    .iter()
                    .map(|tag| self.catalog.listed(*tag))
                    .collect::<Vec<ListedTag>>(),
                next: None,
                matching: Some(count as u64),
            };
            let page = views::TagsPage {
                order,
                filter: "",
                list: &list,
                untagged: self.catalog.outline.untagged(),
                first: (number > 0).then(|| links.tags_page(order, 0)),
                more: (number < last).then(|| links.tags_page(order, number + 1)),
                initials: &jumps,
            };
            self.put(&numbered(folder, number), &views::tags(layout, &page))?;
        }
        Ok(())
    }

    fn site_list(&self, order: SiteOrder) -> anyhow::Result<()> {
        let (layout, folder) = match order {
            SiteOrder::Uses => (&self.shells[1], "sites"),
            SiteOrder::Name => (&self.shells[2], "sites/name"),
        };
        let links = &layout.links;
        let mut sites: Vec<&SiteCount> = self.sites.counts().collect();
        sites.sort_by_key(|site| match order {
            SiteOrder::Uses => (Reverse(site.notes), &site.site),
            SiteOrder::Name => (Reverse(0), &site.site),
        });
        let count = sites.len();
        let length = PAGE_TAGS as usize;
        let last = count.div_ceil(length).max(1) - 1;
        for number in 0..=last {
            let shown = &sites[number * length..count.min((number + 1) * length)];
            let list = SiteList {
                sites: shown.iter().map(|site| (*site).clone()).collect(),
                next: None,
                matching: Some(count as u64),
            };
            let first = (number > 0).then(|| links.sites_page(order, 0));
            let more = (number < last).then(|| links.sites_page(order, number + 1));
            let page = views::sites(layout, order, "", &list, first, more);
            self.put(&numbered(folder, number), &page)?;
        }
        Ok(())
    }

    fn put(&self, path: &str, content: &str) -> io::Result<()> {
        self.folder.put(path, content.as_bytes())
    }
}

/// Modules as one script, each after those that it needs: a page that was opened from a
/// disk may load no modules.
fn as_one_script(modules: &[&str]) -> String {
    let mut script = String::from("\"use strict\";\n{\n");
    let mut importing = false;
    for line in modules.iter().flat_map(|module| module.lines()) {
        // One may be broken over lines.
        importing |= line.starts_with("import ");
        if importing {
            importing = !line.contains(" from \"./");
            continue;
        }
        script.push_str(line.strip_prefix("export ").unwrap_or(line));
        script.push('\n');
    }
    script.push_str("}\n");
    script
}

/// The file of a page of a list, as `Links` has it.
fn numbered(folder: &str, number: usize) -> String {
    match number {
        0 => format!("{folder}/index.html"),
        _ => format!("{folder}/{}.html", number + 1),
    }
}

fn newest(notes: &[u32], limit: u32) -> &[u32] {
    &notes[notes.len().saturating_sub(limit as usize)..]
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(MAX_THREADS))
}

/// A picture as a file of icons: a head, and the picture as it is.
fn picture() -> anyhow::Result<Vec<u8>> {
    let mut icon = vec![0, 0, 1, 0, 1, 0, 32, 32, 0, 0, 1, 0, 32, 0];
    icon.extend(u32::try_from(PICTURE.len())?.to_le_bytes());
    icon.extend(22_u32.to_le_bytes());
    icon.extend(PICTURE);
    Ok(icon)
}
