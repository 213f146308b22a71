//! What a fetch of a feed changes: which pages arrive, when the feed is due next, and what is
//! forgotten.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{MAX_TITLE_BYTES, Metadata, PageUrl, feed_address},
    error::Result,
    store::{
        connection::reader::Reader,
        feeds::{
            arrivals::keywords_column,
            feed::{Feed, FeedState, MOST_WAIT_S, by_url, feed_title},
            hashes::{guid_hash, page_hash},
            problem::FeedProblem,
        },
        notes::note_rows::note_of_other_address,
        transaction::Writer,
    },
};

/// Most entries of a feed that are read, the first ones.
pub const MAX_ENTRIES: usize = 500;
/// Number of pages that the first fetch of a feed brings.
const FIRST_ARRIVALS: usize = 10;
/// Shortest wait between two attempts, in seconds.
const LEAST_WAIT_S: i64 = 60 * 60;
/// Number of days that an entry is remembered after its feed doesn't list it any more.
const REMEMBERED_DAYS: i64 = 90;
/// Number of days that a skipped page can come back.
pub(super) const SKIPPED_DAYS: i64 = 30;
/// Number of permanent redirects in a row after which the feed's address changes.
const MOVES: u32 = 3;

/// How much of what arrived is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Most pages of each feed in the inbox: the newest ones.
    pub per_feed: u32,
    /// Number of days that a page stays in the inbox.
    pub days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            per_feed: 100,
            days: 60,
        }
    }
}

/// An entry of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewArrival {
    /// What identifies the entry in its feed. If it is empty, the address does.
    pub guid: String,
    /// The absolute address of its page.
    pub url: String,
    /// Its title as plain text.
    pub title: String,
    /// The beginning of its text, or its summary, as plain text.
    pub excerpt: Option<String>,
    /// When it was published, in any form that a page's metadata may have.
    pub published_at: Option<String>,
    /// Its language, as a BCP 47 tag.
    pub lang: Option<String>,
    /// Its categories.
    pub tags: Vec<String>,
}

/// The result of fetching a feed. `wait_s`: seconds that the feed asks to wait until the next
/// attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The feed hasn't changed (304).
    Unchanged {
        /// The validator, if the answer had one.
        etag: Option<String>,
        /// When it was modified, if the answer said so.
        last_modified: Option<String>,
        /// See above.
        wait_s: i64,
        /// Where the address redirects permanently (301, 308).
        moved_to: Option<String>,
    },
    /// The feed was read.
    New {
        /// Its title.
        title: String,
        /// The address of its web site.
        site_url: Option<String>,
        /// The validator.
        etag: Option<String>,
        /// When it was modified.
        last_modified: Option<String>,
        /// See above.
        wait_s: i64,
        /// Where the address redirects permanently (301, 308).
        moved_to: Option<String>,
        /// The entries, in the feed's order.
        entries: Vec<NewArrival>,
    },
    /// The feed couldn't be read.
    Failed {
        /// Why.
        problem: FeedProblem,
        /// How long the server asks to wait, in seconds (Retry-After; RFC 9110, 10.2.3).
        retry_after_s: Option<i64>,
    },
}

/// What a fetch changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRecorded {
    /// The feed after the fetch.
    pub feed: Feed,
    /// Number of pages that arrived.
    pub arrived: u64,
    /// Number of new entries whose page is a note already.
    pub noted: u64,
    /// Number of entries without an address that can be opened.
    pub unreadable: u64,
    /// The address before, if the feed was moved to the address that it redirects to.
    pub moved_from: Option<String>,
}

/// An entry whose address was read.
struct Entry<'a> {
    entry: &'a NewArrival,
    url: PageUrl,
    guid: [u8; 8],
    metadata: Metadata,
}

impl<'a> Entry<'a> {
    fn of(entry: &'a NewArrival) -> Option<Self> {
        let url = PageUrl::parse(&entry.url).ok()?;
        url.require_savable(false).ok()?;
        let guid = match entry.guid.trim() {
            "" => url.as_str(),
            guid => guid,
        };
        Some(Self {
            guid: guid_hash(guid),
            metadata: Metadata::from_page(
                entry.excerpt.as_deref(),
                entry.published_at.as_deref(),
                None,
                entry.lang.as_deref(),
            ),
            entry,
            url,
        })
    }

    fn title(&self) -> String {
        let mut title = self
            .entry
            .title
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        title.truncate(title.floor_char_boundary(MAX_TITLE_BYTES));
        title
    }
}

impl Reader {
    /// Returns how many pages are in the inbox.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn arrivals_count(&self) -> Result<u64> {
        let mut query = self.conn.prepare_cached("SELECT arrivals FROM meta")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }
}

impl Writer<'_> {
    /// Records the result of fetching a feed.
    ///
    /// An entry arrives once. It doesn't if its page is a note, is in the trash, or arrived from
    /// another feed. The first fetch of a feed brings [`FIRST_ARRIVALS`] pages, the newest ones.
    ///
    /// # Errors
    /// `UnknownFeed` if the feed was removed meanwhile; the `store_*` kinds.
    pub fn record_fetch(
        &self,
        feed_id: i64,
        fetched: &Fetched,
        keep: Retention,
    ) -> Result<FetchRecorded> {
        let now = self.now.as_microsecond();
        let mut done = FetchRecorded {
            feed: self.feed(feed_id)?,
            arrived: 0,
            noted: 0,
            unreadable: 0,
            moved_from: None,
        };
        let feed = &mut done.feed;
        feed.tried_at = Some(now);
        match fetched {
            Fetched::Failed {
                problem,
                retry_after_s,
            } => fail(feed, *problem, *retry_after_s, now),
            Fetched::Unchanged {
                etag,
                last_modified,
                wait_s,
                moved_to,
            } => {
                feed.etag = etag.clone().or(feed.etag.take());
                feed.last_modified = last_modified.clone().or(feed.last_modified.take());
                succeed(feed, *wait_s, now);
                done.moved_from = self.follow_move(feed, moved_to.as_deref())?;
            }
            Fetched::New {
                title,
                site_url,
                etag,
                last_modified,
                wait_s,
                moved_to,
                entries,
            } => {
                let title = feed_title(title);
                if !title.is_empty() {
                    feed.title = title;
                }
                let site_url = site_url.as_deref();
                feed.site_url = site_url.and_then(|url| feed_address(url).ok());
                feed.etag.clone_from(etag);
                feed.last_modified.clone_from(last_modified);
                succeed(feed, *wait_s, now);
                done.moved_from = self.follow_move(feed, moved_to.as_deref())?;
                self.take_entries(&mut done, entries)?;
            }
        }
        self.store_feed(&done.feed)?;
        self.forget_arrivals(&done.feed, keep)?;
        Ok(done)
    }

    /// Takes over the address that a feed redirects to permanently, after [`MOVES`] times. Returns
    /// the address before.
    fn follow_move(&self, feed: &mut Feed, moved_to: Option<&str>) -> Result<Option<String>> {
        let moved_to = moved_to.and_then(|url| feed_address(url).ok());
        let moved_to = moved_to.filter(|url| *url != feed.url);
        feed.moves = match &moved_to {
            None => 0,
            to if *to == feed.moved_to => feed.moves + 1,
            Some(_) => 1,
        };
        feed.moved_to = moved_to;
        match feed.moved_to.take_if(|_| feed.moves >= MOVES) {
            Some(url) if by_url(&self.tx, &url)?.is_none() => {
                feed.moves = 0;
                Ok(Some(std::mem::replace(&mut feed.url, url)))
            }
            Some(url) => {
                // Another feed has the address. This one stays as it is: each page arrives once.
                feed.moved_to = Some(url);
                feed.moves = MOVES;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn take_entries(&self, done: &mut FetchRecorded, entries: &[NewArrival]) -> Result<()> {
        let (feed, seen_at) = (done.feed.id, self.clock.stamp(self.now).as_microsecond());
        let is_first = done.feed.listed_at.is_none();
        let listed = entries.len().min(MAX_ENTRIES);
        let read: Vec<Entry<'_>> = entries.iter().take(listed).filter_map(Entry::of).collect();
        done.unreadable = u64::try_from(listed - read.len()).unwrap_or(u64::MAX);
        // Until now, the feed listed the entries that it had at the last look. Those that it still
        // has get the next time.
        self.execute(
            "UPDATE arrived SET seen_at = ? WHERE feed_id = ? AND seen_at = ?",
            params![seen_at - 1, feed, done.feed.listed_at],
        )?;
        done.feed.listed_at = Some(seen_at);
        let mut new = Vec::new();
        for entry in newest_first(read) {
            let known: Option<i64> = self
                .tx
                .prepare_cached("SELECT seen_at FROM arrived WHERE feed_id = ? AND guid = ?")?
                .query_row(params![feed, entry.guid.as_slice()], |row| row.get(0))
                .optional()?;
            self.execute(
                "INSERT OR REPLACE INTO arrived (feed_id, guid, seen_at) VALUES (?, ?, ?)",
                params![feed, entry.guid.as_slice(), seen_at],
            )?;
            // Keeps the pages that are still listed from arriving from another feed.
            self.execute(
                "UPDATE arrived_pages SET seen_at = ? WHERE page = ?",
                params![seen_at, page_hash(entry.url.key()).as_slice()],
            )?;
            if known.is_none() && !(is_first && new.len() == FIRST_ARRIVALS) {
                new.push(entry);
            }
        }
        // The newest one last, so that it has the latest id.
        let mut id = self.now.as_microsecond();
        for entry in new.into_iter().rev() {
            if self.has_note(&entry.url)? {
                done.noted += 1;
            } else if self.has_not_arrived(&entry.url, seen_at)? {
                id = self.free_arrival_id(id)?;
                self.insert_arrival(id, feed, &entry)?;
                done.arrived += 1;
            }
        }
        Ok(())
    }

    /// Returns whether a page is a note, or in the trash.
    fn has_note(&self, url: &PageUrl) -> Result<bool> {
        for sql in [
            "SELECT 1 FROM notes WHERE page_key = ?",
            "SELECT 1 FROM trash WHERE page_key = ?",
        ] {
            if self.tx.prepare_cached(sql)?.exists([url.key()])? {
                return Ok(true);
            }
        }
        Ok(note_of_other_address(&self.tx, url)?.is_some())
    }

    /// Remembers that a page arrives. Returns false if it has arrived already.
    fn has_not_arrived(&self, url: &PageUrl, seen_at: i64) -> Result<bool> {
        let added = self
            .tx
            .prepare_cached("INSERT OR IGNORE INTO arrived_pages (page, seen_at) VALUES (?, ?)")?
            .execute(params![page_hash(url.key()).as_slice(), seen_at])?;
        let mut there = self
            .tx
            .prepare_cached("SELECT 1 FROM arrivals WHERE page_key = ?")?;
        Ok(added == 1 && !there.exists([url.key()])?)
    }

    fn free_arrival_id(&self, from: i64) -> Result<i64> {
        let mut id = from;
        let mut taken = self
            .tx
            .prepare_cached("SELECT 1 FROM arrivals WHERE id = ?")?;
        while taken.exists([id])? {
            id += 1;
        }
        Ok(id)
    }

    fn insert_arrival(&self, id: i64, feed: i64, entry: &Entry<'_>) -> Result<()> {
        self.execute(
            "INSERT INTO arrivals (id, feed_id, page_key, url, title, excerpt, published_at, lang,
                                   keywords)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                id,
                feed,
                entry.url.key(),
                entry.url.as_str(),
                entry.title(),
                entry.metadata.excerpt,
                entry.metadata.published_at,
                entry.metadata.lang,
                keywords_column(&entry.entry.tags)?,
            ],
        )
    }

    /// Removes what is too old or too much: pages of this feed beyond its newest ones, pages of all
    /// feeds after some days, skipped pages, and the entries that no feed lists any more.
    fn forget_arrivals(&self, feed: &Feed, keep: Retention) -> Result<()> {
        self.execute(
            "DELETE FROM arrivals WHERE feed_id = ?1 AND skipped_at IS NULL AND id < (
                 SELECT id FROM arrivals WHERE feed_id = ?1 AND skipped_at IS NULL
                 ORDER BY id DESC LIMIT 1 OFFSET ?2 - 1)",
            params![feed.id, keep.per_feed.max(1)],
        )?;
        self.execute(
            "DELETE FROM arrivals WHERE id < ?",
            [self.clock.days_ago(keep.days.max(1).into())],
        )?;
        self.execute(
            "DELETE FROM arrivals WHERE skipped_at < ?",
            [self.clock.days_ago(SKIPPED_DAYS)],
        )?;
        let forgotten = self.clock.days_ago(REMEMBERED_DAYS);
        // While the feed doesn't change, it still lists what it had.
        self.execute(
            "DELETE FROM arrived WHERE feed_id = ? AND seen_at < ? AND seen_at IS NOT ?",
            params![feed.id, forgotten, feed.listed_at],
        )?;
        self.execute("DELETE FROM arrived_pages WHERE seen_at < ?", [forgotten])
    }
}

/// Sorts entries by date if each has one; otherwise they stay in the feed's order, which is usually
/// the newest first.
fn newest_first(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let date = |entry: &Entry<'_>| {
        let text = entry.metadata.published_at.as_deref()?;
        text.parse::<Timestamp>().ok()
    };
    if entries.iter().all(|entry| date(entry).is_some()) {
        entries.sort_by_key(|entry| std::cmp::Reverse(date(entry)));
    }
    entries
}

fn succeed(feed: &mut Feed, wait_s: i64, now: i64) {
    feed.ok_at = Some(now);
    feed.failures = 0;
    feed.problem = None;
    feed.wait_s = wait_s.clamp(LEAST_WAIT_S, MOST_WAIT_S);
    feed.next_at = now.saturating_add(feed.wait_s * 1_000_000);
    // A feed that the user fetched although it was gone is there again.
    if feed.state == FeedState::Gone {
        feed.state = FeedState::On;
    }
}

/// Doubles the wait with each failure.
fn fail(feed: &mut Feed, problem: FeedProblem, retry_after_s: Option<i64>, now: i64) {
    feed.failures = feed.failures.saturating_add(1);
    feed.problem = Some(problem);
    if problem == FeedProblem::Gone {
        feed.state = FeedState::Gone;
    }
    let wait = feed.wait_s.clamp(LEAST_WAIT_S, MOST_WAIT_S);
    let doubled = wait << feed.failures.min(10);
    let asked = retry_after_s.unwrap_or(0);
    let wait = doubled.max(asked).clamp(LEAST_WAIT_S, MOST_WAIT_S);
    feed.next_at = now.saturating_add(wait * 1_000_000);
}
