//! Feeds: what is known about each, and how the user adds, pauses and removes them.

use std::{borrow::Cow, collections::HashMap};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    domain::{NoteId, Tag, check_tag_count, feed_address, without_user_info},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        feeds::{hashes::page_hash, problem::FeedProblem},
        notes::{
            aliases::without_aliases,
            note_rows::{tags_for_trash, tags_of_trash},
        },
        transaction::Writer,
    },
};

/// Most feeds.
pub const MAX_FEEDS: u32 = 500;
/// Longest wait between two attempts, in seconds.
pub(super) const MOST_WAIT_S: i64 = 7 * 24 * 60 * 60;
/// Longest title of a feed that is kept, in bytes; the rest is cut.
const MAX_FEED_TITLE_BYTES: usize = 1024;

/// Whether a feed is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedState {
    /// When it is due.
    On,
    /// Not until the user resumes it.
    Paused,
    /// Not any more: its server said that it is gone for good (status 410, RFC 9110, 15.5.11).
    Gone,
}

impl FeedState {
    const ALL: [(Self, i64, &str); 3] = [
        (Self::On, 0, "on"),
        (Self::Paused, 1, "paused"),
        (Self::Gone, 2, "gone"),
    ];

    fn number(self) -> i64 {
        let found = Self::ALL.iter().find(|(state, ..)| *state == self);
        found.map_or(0, |(_, number, _)| *number)
    }

    pub(in crate::store) fn from_number(number: i64) -> Self {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == number);
        found.map_or(Self::On, |(state, ..)| *state)
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(state, ..)| *state == self);
        found.map_or("on", |(.., name)| *name)
    }
}

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id, which no other feed gets, even after it is removed.
    pub id: i64,
    /// When the user added it.
    pub added_at: Timestamp,
    /// Its address, including any password. [`Feed::address`] is what is shown.
    pub url: String,
    /// Its title, or an empty text if it isn't known yet.
    pub title: String,
    /// The address of its web site.
    pub site_url: Option<String>,
    /// The tags that pages from it get when they are kept.
    pub tags: Vec<Tag>,
    /// The validator of the last answer (RFC 9110, 8.8.3).
    pub etag: Option<String>,
    /// When the last answer was modified, as the server wrote it (RFC 9110, 8.8.2).
    pub last_modified: Option<String>,
    /// Seconds between two attempts, without failures.
    pub wait_s: i64,
    /// When it is due, in µs since 1970.
    pub next_at: i64,
    /// When it was fetched last, in µs since 1970, whatever the result.
    pub tried_at: Option<i64>,
    /// When it was fetched last without a failure, in µs since 1970.
    pub ok_at: Option<i64>,
    /// When its entries were read last, in µs since 1970.
    pub(in crate::store) listed_at: Option<i64>,
    /// Number of failures since the last success.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<FeedProblem>,
    /// Whether the address may lead into a private network.
    pub allow_private: bool,
    /// Whether it is fetched.
    pub state: FeedState,
    /// Where it last redirected to permanently (301, 308).
    pub moved_to: Option<String>,
    /// How often in a row it redirected there.
    pub moves: u32,
}

impl Feed {
    /// Returns the address without user name and password, as it is shown.
    #[must_use]
    pub fn address(&self) -> Cow<'_, str> {
        without_user_info(&self.url)
    }

    /// Returns the title, or else the address.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self.title.as_str() {
            "" => self.address(),
            title => Cow::Borrowed(title),
        }
    }
}

/// A feed to be added.
#[derive(Debug, Clone)]
pub struct NewFeed {
    url: String,
    title: String,
    site_url: Option<String>,
    tags: Vec<Tag>,
    allow_private: bool,
}

impl NewFeed {
    /// Checks the address of a feed and the number of its tags.
    ///
    /// # Errors
    /// `InvalidParams` for an address that isn't http or https; `InvalidTag` for too many tags.
    pub fn new(url: &str, tags: Vec<Tag>) -> Result<Self> {
        check_tag_count(&tags)?;
        Ok(Self {
            url: feed_address(url)?,
            title: String::new(),
            site_url: None,
            tags,
            allow_private: false,
        })
    }

    /// Sets the title until the feed's own is known.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        self.title = feed_title(title);
        self
    }

    /// Sets the address of the feed's web site, if it is one.
    #[must_use]
    pub fn of_site(mut self, url: Option<&str>) -> Self {
        self.site_url = url.and_then(|url| feed_address(url).ok());
        self
    }

    /// Allows the address to lead into a private network.
    #[must_use]
    pub fn private(mut self, allowed: bool) -> Self {
        self.allow_private = allowed;
        self
    }

    /// Returns the address in the form in which it is stored.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The result of adding a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedFeed {
    /// The feed.
    pub feed: Feed,
    /// False if the feed was there already. Then the new tags were added to it, and it was resumed.
    pub is_new: bool,
}

/// Returns a title on one line, cut to the longest one that is kept.
pub(super) fn feed_title(title: &str) -> String {
    let mut title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    title.truncate(title.floor_char_boundary(MAX_FEED_TITLE_BYTES));
    title
}

const COLUMNS: &str = "id, added_at, url, title, site_url, tags, etag, last_modified, wait_s, \
     next_at, tried_at, ok_at, listed_at, failures, problem, private, state, moved_to, moves";

fn of_row(row: &Row<'_>) -> rusqlite::Result<Feed> {
    let tags: String = row.get(5)?;
    let problem: Option<i64> = row.get(14)?;
    Ok(Feed {
        id: row.get(0)?,
        added_at: NoteId(row.get(1)?).moment(),
        url: row.get(2)?,
        title: row.get(3)?,
        site_url: row.get(4)?,
        tags: tags_of_trash(&tags).unwrap_or_default(),
        etag: row.get(6)?,
        last_modified: row.get(7)?,
        wait_s: row.get(8)?,
        next_at: row.get(9)?,
        tried_at: row.get(10)?,
        ok_at: row.get(11)?,
        listed_at: row.get(12)?,
        failures: row.get(13)?,
        problem: problem.and_then(FeedProblem::from_number),
        allow_private: row.get(15)?,
        state: FeedState::from_number(row.get(16)?),
        moved_to: row.get(17)?,
        moves: row.get(18)?,
    })
}

fn all(conn: &Connection) -> Result<Vec<Feed>> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds ORDER BY id"))?;
    let feeds = query.query_map([], of_row)?;
    Ok(feeds.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn by_id(conn: &Connection, id: i64) -> Result<Option<Feed>> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE id = ?"))?;
    Ok(query.query_row([id], of_row).optional()?)
}

pub(super) fn by_url(conn: &Connection, url: &str) -> Result<Option<Feed>> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE url = ?"))?;
    Ok(query.query_row([url], of_row).optional()?)
}

impl Reader {
    /// Returns all feeds, in the order in which they were added.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn feeds(&self) -> Result<Vec<Feed>> {
        all(&self.conn)
    }

    /// Returns whether there are feeds.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_feeds(&self) -> Result<bool> {
        let mut query = self.conn.prepare_cached("SELECT 1 FROM feeds LIMIT 1")?;
        Ok(query.exists([])?)
    }

    /// Returns the feed with this id.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn feed(&self, id: i64) -> Result<Option<Feed>> {
        by_id(&self.conn, id)
    }

    /// Returns the feeds that are due, the longest overdue first. A feed that is due later than any
    /// wait allows was dated by a wrong clock, so it counts as due.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn due_feeds(&self, now: Timestamp) -> Result<Vec<Feed>> {
        let now = now.as_microsecond();
        let latest = now.saturating_add(2 * MOST_WAIT_S * 1_000_000);
        let mut feeds = all(&self.conn)?;
        feeds.retain(|feed| {
            feed.state == FeedState::On && (feed.next_at <= now || feed.next_at > latest)
        });
        feeds.sort_by_key(|feed| feed.next_at);
        Ok(feeds)
    }

    /// Returns the feed that the user means: by its id, its address, or a part of its title or
    /// address that no other feed has.
    ///
    /// # Errors
    /// `UnknownFeed`; `InvalidParams` if several feeds have the text; the `store_*` kinds.
    pub fn find_feed(&self, text: &str) -> Result<Feed> {
        let text = text.trim();
        let feeds = self.feeds()?;
        let id = text.parse::<i64>().ok();
        let url = feed_address(text).ok();
        let exact = |feed: &&Feed| {
            Some(feed.id) == id
                || Some(&feed.url) == url.as_ref()
                || feed.title.eq_ignore_ascii_case(text) && !text.is_empty()
        };
        if let Some(feed) = feeds.iter().find(exact) {
            return Ok(feed.clone());
        }
        let part = text.to_lowercase();
        let has = |feed: &&Feed| {
            let name = feed.title.to_lowercase();
            !part.is_empty() && (name.contains(&part) || feed.address().contains(&part))
        };
        let mut found = feeds.iter().filter(has);
        match (found.next(), found.next()) {
            (None, _) => Err(Error::UnknownFeed),
            (Some(feed), None) => Ok(feed.clone()),
            (Some(one), Some(other)) => Err(Error::InvalidParams(format!(
                "Several feeds match \"{text}\", such as \"{}\" ({}) and \"{}\" ({}). Give the number of one.",
                one.name(),
                one.id,
                other.name(),
                other.id
            ))),
        }
    }

    /// Returns how many pages from each feed are in the inbox. Feeds without any are left out.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn arrivals_by_feed(&self) -> Result<HashMap<i64, u64>> {
        let mut query = self.conn.prepare_cached(
            "SELECT feed_id, count(*) FROM arrivals WHERE skipped_at IS NULL GROUP BY feed_id",
        )?;
        let counts = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Adds a feed, which is due at once. A feed that is there already gets the new tags and is
    /// resumed.
    ///
    /// # Errors
    /// `InvalidParams` over [`MAX_FEEDS`]; `InvalidTag` for too many tags; the `store_*` kinds.
    pub fn add_feed(&self, new: &NewFeed) -> Result<AddedFeed> {
        let now = self.now.as_microsecond();
        let tags = without_aliases(&self.tx, &new.tags)?;
        let Some(mut feed) = by_url(&self.tx, &new.url)? else {
            let feeds: u32 = self
                .tx
                .query_row("SELECT count(*) FROM feeds", [], |row| row.get(0))?;
            if feeds >= MAX_FEEDS {
                return Err(Error::InvalidParams(format!(
                    "There are already {MAX_FEEDS} feeds. Remove one first."
                )));
            }
            self.execute(
                "INSERT INTO feeds (added_at, url, title, site_url, tags, wait_s, next_at, private)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?1, ?6)",
                params![
                    now,
                    new.url,
                    new.title,
                    new.site_url,
                    tags_for_trash(&tags)?,
                    new.allow_private
                ],
            )?;
            return Ok(AddedFeed {
                feed: self.feed(self.tx.last_insert_rowid())?,
                is_new: true,
            });
        };
        for tag in tags {
            if !feed.tags.contains(&tag) {
                feed.tags.push(tag);
            }
        }
        check_tag_count(&feed.tags)?;
        feed.allow_private |= new.allow_private;
        if feed.title.is_empty() {
            feed.title.clone_from(&new.title);
        }
        if feed.state != FeedState::On || feed.problem.is_some() {
            resume(&mut feed, now);
        }
        self.store_feed(&feed)?;
        Ok(AddedFeed {
            feed,
            is_new: false,
        })
    }

    /// Pauses a feed, so that it isn't fetched until it is resumed.
    ///
    /// # Errors
    /// `UnknownFeed`; the `store_*` kinds.
    pub fn pause_feed(&self, id: i64) -> Result<Feed> {
        let mut feed = self.feed(id)?;
        feed.state = FeedState::Paused;
        self.store_feed(&feed)?;
        Ok(feed)
    }

    /// Resumes a feed that was paused or gone. It is due at once.
    ///
    /// # Errors
    /// `UnknownFeed`; the `store_*` kinds.
    pub fn resume_feed(&self, id: i64) -> Result<Feed> {
        let mut feed = self.feed(id)?;
        if feed.state != FeedState::On {
            resume(&mut feed, self.now.as_microsecond());
            self.store_feed(&feed)?;
        }
        Ok(feed)
    }

    /// Removes a feed and what arrived from it. Notes of pages that were kept stay. Returns the
    /// number of pages that were in the inbox.
    ///
    /// # Errors
    /// `UnknownFeed`; the `store_*` kinds.
    pub fn remove_feed(&self, id: i64) -> Result<u64> {
        self.feed(id)?;
        // If the user adds the feed again, what was still in the inbox may arrive again.
        let mut query = self
            .tx
            .prepare("SELECT page_key FROM arrivals WHERE feed_id = ? AND skipped_at IS NULL")?;
        let waiting: Vec<String> = query
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for key in &waiting {
            self.execute(
                "DELETE FROM arrived_pages WHERE page = ?",
                [page_hash(key).as_slice()],
            )?;
        }
        for sql in [
            "DELETE FROM arrivals WHERE feed_id = ?",
            "DELETE FROM arrived WHERE feed_id = ?",
            "DELETE FROM feeds WHERE id = ?",
        ] {
            self.execute(sql, [id])?;
        }
        Ok(u64::try_from(waiting.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn feed(&self, id: i64) -> Result<Feed> {
        by_id(&self.tx, id)?.ok_or(Error::UnknownFeed)
    }

    /// Writes a feed; a repair also adds one.
    pub(in crate::store) fn store_feed(&self, feed: &Feed) -> Result<()> {
        self.execute(
            &format!(
                "INSERT INTO feeds ({COLUMNS})
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (id) DO UPDATE SET url = excluded.url, title = excluded.title,
                     site_url = excluded.site_url, tags = excluded.tags, etag = excluded.etag,
                     last_modified = excluded.last_modified, wait_s = excluded.wait_s,
                     next_at = excluded.next_at, tried_at = excluded.tried_at,
                     ok_at = excluded.ok_at, listed_at = excluded.listed_at,
                     failures = excluded.failures, problem = excluded.problem,
                     private = excluded.private, state = excluded.state,
                     moved_to = excluded.moved_to, moves = excluded.moves"
            ),
            params![
                feed.id,
                feed.added_at.as_microsecond(),
                feed.url,
                feed.title,
                feed.site_url,
                tags_for_trash(&feed.tags)?,
                feed.etag,
                feed.last_modified,
                feed.wait_s,
                feed.next_at,
                feed.tried_at,
                feed.ok_at,
                feed.listed_at,
                feed.failures,
                feed.problem.map(FeedProblem::number),
                feed.allow_private,
                feed.state.number(),
                feed.moved_to,
                feed.moves,
            ],
        )
    }
}

fn resume(feed: &mut Feed, now: i64) {
    feed.state = FeedState::On;
    feed.failures = 0;
    feed.problem = None;
    feed.next_at = now;
}
