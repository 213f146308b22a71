//! The inbox: pages that arrived, which the user keeps as notes or skips.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Metadata, NewNote, NoteId, PageUrl, Tag, without_user_info},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::note_writes::SavedNote,
        transaction::{Operation, Store, Writer, operations},
    },
};

/// Most keywords of an entry that are kept.
const MAX_KEYWORDS: usize = 20;
/// Longest keyword that is kept, in bytes.
const MAX_KEYWORD_BYTES: usize = 100;

/// A page in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its id: when it arrived, in µs since 1970, increased on collision.
    pub id: i64,
    /// The id of the feed that brought it.
    pub feed_id: i64,
    /// The feed's name: its title, or else its address as it is shown.
    pub feed: String,
    /// Its address, including any password. [`Arrival::address`] is what is shown.
    pub url: String,
    /// Its title, or an empty text.
    pub title: String,
    /// The beginning of its text, or its summary.
    pub excerpt: Option<String>,
    /// When it was published: RFC 3339, or a day, a month or a year in ISO 8601.
    pub published_at: Option<String>,
    /// Its language, as a BCP 47 tag.
    pub lang: Option<String>,
    /// Its categories in the feed.
    pub keywords: Vec<String>,
}

impl Arrival {
    /// Returns when the page arrived.
    #[must_use]
    pub fn arrived_at(&self) -> Timestamp {
        NoteId(self.id).moment()
    }

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

/// The settings of saves that apply to kept pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepOptions {
    /// Whether the page counts as read.
    pub read: bool,
    /// Whether user name and password are removed from its address.
    pub strip_user_info: bool,
    /// Whether the note gets the tags of the feed, too.
    pub feed_tags: bool,
}

/// Which pages of the inbox are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipSelection {
    /// Those with these ids. Others are ignored.
    Ids(Vec<i64>),
    /// All of a feed. `up_to`: the newest one that the user has seen.
    Feed {
        /// The feed's id.
        feed: i64,
        /// The id of a page; later ones stay.
        up_to: Option<i64>,
    },
    /// All.
    All,
}

/// The result of skipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Number of pages that were skipped, or that came back.
    pub count: u64,
    /// What identifies this skip, to undo it.
    pub skip: i64,
}

/// Returns the column with the keywords of an entry, without those that are too long.
pub(super) fn keywords_column(keywords: &[String]) -> Result<Option<String>> {
    let mut kept: Vec<&str> = Vec::new();
    for keyword in keywords.iter().map(|keyword| keyword.trim()) {
        let fits = (1..=MAX_KEYWORD_BYTES).contains(&keyword.len());
        if fits && kept.len() < MAX_KEYWORDS && !kept.contains(&keyword) {
            kept.push(keyword);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(&kept).map_err(Error::internal)?;
    Ok(Some(text))
}

/// Builds a `SELECT` of arrivals.
macro_rules! select_arrivals {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.feed_id, f.title, f.url, a.url, a.title, a.excerpt, a.published_at, \
             a.lang, a.keywords FROM arrivals a JOIN feeds f ON f.id = a.feed_id \
             WHERE a.skipped_at IS NULL ",
            $rest
        )
    };
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Arrival> {
    let title: String = row.get(2)?;
    let url: String = row.get(3)?;
    let keywords: Option<String> = row.get(9)?;
    Ok(Arrival {
        id: row.get(0)?,
        feed_id: row.get(1)?,
        feed: match title.as_str() {
            "" => without_user_info(&url).into_owned(),
            _ => title,
        },
        url: row.get(4)?,
        title: row.get(5)?,
        excerpt: row.get(6)?,
        published_at: row.get(7)?,
        lang: row.get(8)?,
        keywords: keywords
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
    })
}

fn by_id(conn: &Connection, id: i64) -> Result<Option<Arrival>> {
    let mut query = conn.prepare_cached(select_arrivals!("AND a.id = ?"))?;
    Ok(query.query_row([id], of_row).optional()?)
}

impl Reader {
    /// Returns pages of the inbox, the latest first; with `feed`, only those of one feed; with
    /// `before`, only those that arrived earlier than the one with that id.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn arrivals(
        &self,
        feed: Option<i64>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Arrival>> {
        let before = before.unwrap_or(i64::MAX);
        let (sql, feed) = match feed {
            None => (
                select_arrivals!("AND a.id < ?1 AND ?2 IS NULL ORDER BY a.id DESC LIMIT ?3"),
                None,
            ),
            feed => (
                select_arrivals!("AND a.id < ?1 AND a.feed_id = ?2 ORDER BY a.id DESC LIMIT ?3"),
                feed,
            ),
        };
        let mut query = self.conn.prepare_cached(sql)?;
        let found = query.query_map(params![before, feed, limit], of_row)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns a page of the inbox.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn arrival(&self, id: i64) -> Result<Option<Arrival>> {
        by_id(&self.conn, id)
    }

    /// Returns the page of the inbox with the page key of this address.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn arrival_for_url(&self, url: &PageUrl) -> Result<Option<Arrival>> {
        let mut query = self
            .conn
            .prepare_cached(select_arrivals!("AND a.page_key = ?"))?;
        Ok(query.query_row([url.key()], of_row).optional()?)
    }
}

impl Store {
    /// Skips pages, once for each operation: see [`Writer::skip_arrivals`].
    ///
    /// # Errors
    /// Those of `skip_arrivals`; `OpIdReused`.
    pub fn skip_arrivals_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        which: &SkipSelection,
    ) -> Result<Skipped> {
        self.skip_once(operation, now, |writer| writer.skip_arrivals(which))
    }

    /// Undoes a skip, once for each operation: see [`Writer::unskip_arrivals`].
    ///
    /// # Errors
    /// Those of `unskip_arrivals`; `OpIdReused`.
    pub fn unskip_arrivals_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        skip: i64,
    ) -> Result<Skipped> {
        self.skip_once(operation, now, |writer| writer.unskip_arrivals(skip))
    }

    fn skip_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<Skipped>,
    ) -> Result<Skipped> {
        self.write(now, |writer| {
            if let Some(result) = operations::stored_result(&writer.tx, operation)? {
                return serde_json::from_str(&result).map_err(Error::internal);
            }
            let done = work(writer)?;
            let text = serde_json::to_string(&done).map_err(Error::internal)?;
            operations::store(&writer.tx, operation, &text, writer.clock.stamp(now))?;
            Ok(done)
        })
    }
}

impl Writer<'_> {
    /// Saves a page of the inbox as a note, with the tags of its feed if wanted, and `tags`. It
    /// leaves the inbox. If the note is new, that can be undone for a while.
    ///
    /// # Errors
    /// `UnknownArrival`; those of `save_page`.
    pub fn keep_arrival(&self, id: i64, tags: &[Tag], options: KeepOptions) -> Result<SavedNote> {
        let arrival = by_id(&self.tx, id)?.ok_or(Error::UnknownArrival)?;
        let mut all = match options.feed_tags {
            true => self.feed(arrival.feed_id)?.tags,
            false => Vec::new(),
        };
        all.extend(
            tags.iter()
                .filter(|tag| !all.contains(tag))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let page = self.page_to_keep(id)?;
        let saved = self.save_page(
            NewNote {
                url: match options.strip_user_info {
                    true => PageUrl::parse(&arrival.url)?.without_user_info(),
                    false => PageUrl::parse(&arrival.url)?,
                },
                title: arrival.title,
                tags: all,
                summary: String::new(),
                metadata: Metadata {
                    excerpt: arrival.excerpt,
                    published_at: arrival.published_at,
                    site_name: None,
                    lang: arrival.lang,
                },
                quote: None,
                read: options.read,
            },
            &[],
        )?;
        if let (None, Some(page)) = (&saved.before, page) {
            self.record_kept(page, &saved.note)?;
        }
        Ok(saved)
    }

    /// Takes pages out of the inbox without saving them. For some days the skip can be undone.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn skip_arrivals(&self, which: &SkipSelection) -> Result<Skipped> {
        let latest: Option<i64> = self
            .tx
            .prepare_cached("SELECT max(skipped_at) FROM arrivals WHERE skipped_at IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        let stamp = self.clock.stamp(self.now).as_microsecond();
        let skip = stamp.max(latest.map_or(0, |latest| latest.saturating_add(1)));
        const SKIP: &str = "UPDATE arrivals SET skipped_at = ?1 WHERE skipped_at IS NULL";
        let count = match which {
            SkipSelection::Ids(ids) => {
                let mut query = self.tx.prepare_cached(&format!("{SKIP} AND id = ?2"))?;
                let mut count = 0;
                for id in ids {
                    count += query.execute([skip, *id])?;
                }
                count
            }
            SkipSelection::Feed { feed, up_to } => {
                let sql = format!("{SKIP} AND feed_id = ?2 AND id <= ?3");
                let mut query = self.tx.prepare_cached(&sql)?;
                query.execute([skip, *feed, up_to.unwrap_or(i64::MAX)])?
            }
            SkipSelection::All => self.tx.prepare_cached(SKIP)?.execute([skip])?,
        };
        Ok(Skipped {
            count: u64::try_from(count).unwrap_or(u64::MAX),
            skip,
        })
    }

    /// Brings skipped pages back to the inbox, except those that were saved meanwhile.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn unskip_arrivals(&self, skip: i64) -> Result<Skipped> {
        let count = self
            .tx
            .prepare_cached("UPDATE arrivals SET skipped_at = NULL WHERE skipped_at = ?")?
            .execute([skip])?;
        Ok(Skipped {
            count: u64::try_from(count).unwrap_or(u64::MAX),
            skip,
        })
    }
}
