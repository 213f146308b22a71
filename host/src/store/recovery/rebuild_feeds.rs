//! Repairs feeds and the inbox: recognises their rows in a damaged database.

use rusqlite::params;

use crate::{
    domain::{NoteId, PageUrl, feed_address},
    error::Result,
    store::{
        feeds::{
            feed::{Feed, FeedState},
            problem::FeedProblem,
        },
        notes::note_rows::tags_of_trash,
        recovery::{
            btree_reader::{Row, Value},
            damaged_database::DamagedDatabase,
            damaged_rows::LARGE_IDS,
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores feeds, the pages in the inbox, and what is known to have arrived. Comes after the
    /// notes: a page that is a note doesn't go back to the inbox.
    pub(super) fn feeds(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("feeds").chain(self.stray("feeds"))) {
            if let Some(feed) = feed_row(&row) {
                let mut there = writer
                    .tx
                    .prepare_cached("SELECT 1 FROM feeds WHERE id = ? OR url = ?")?;
                if !there.exists(params![feed.id, feed.url])? {
                    writer.store_feed(&feed)?;
                }
            }
        }
        for row in self.rows(self.own("arrivals").chain(self.stray("arrivals"))) {
            arrival(writer, &row)?;
        }
        for row in self.rows(self.own("arrived").chain(self.stray("arrived"))) {
            if let [
                Value::Integer(feed),
                Value::Blob(guid),
                Value::Integer(seen_at),
            ] = row.values.as_slice()
                && row.rowid.is_none()
                && guid.len() == 8
            {
                writer.execute(
                    "INSERT OR IGNORE INTO arrived (feed_id, guid, seen_at)
                     SELECT id, ?2, ?3 FROM feeds WHERE id = ?1",
                    params![feed, guid, seen_at],
                )?;
            }
        }
        let pages = self.own("arrived_pages").chain(self.stray("arrived_pages"));
        for row in self.rows(pages) {
            if let [Value::Blob(page), Value::Integer(seen_at)] = row.values.as_slice()
                && row.rowid.is_none()
                && page.len() == 8
            {
                writer.execute(
                    "INSERT OR IGNORE INTO arrived_pages (page, seen_at) VALUES (?, ?)",
                    params![page, seen_at],
                )?;
            }
        }
        Ok(())
    }
}

fn text(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::Text(text) => Some(Some(text.clone())),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Option<i64>> {
    match value {
        Value::Null => Some(None),
        Value::Integer(number) => Some(Some(*number)),
        _ => None,
    }
}

/// Reads a row of `feeds`. An incomplete row is left out.
fn feed_row(row: &Row) -> Option<Feed> {
    let [
        Value::Null,
        added_at,
        Value::Text(url),
        Value::Text(title),
        site_url,
        Value::Text(tags),
        etag,
        last_modified,
        numbers @ ..,
        moved_to,
        Value::Integer(moves),
    ] = row.values.as_slice()
    else {
        return None;
    };
    let numbers: Vec<Option<i64>> = numbers.iter().map(number).collect::<Option<_>>()?;
    let &[
        Some(wait_s),
        Some(next_at),
        tried_at,
        ok_at,
        listed_at,
        Some(failures),
        problem,
        Some(private),
        Some(state),
    ] = numbers.as_slice()
    else {
        return None;
    };
    if row.partial {
        return None;
    }
    Some(Feed {
        id: row.rowid.filter(|id| *id > 0)?,
        added_at: NoteId(number(added_at)??).moment(),
        url: feed_address(url).ok().filter(|address| address == url)?,
        title: title.clone(),
        site_url: text(site_url)?,
        tags: tags_of_trash(tags).ok()?,
        etag: text(etag)?,
        last_modified: text(last_modified)?,
        wait_s,
        next_at,
        tried_at,
        ok_at,
        listed_at,
        failures: u32::try_from(failures).ok()?,
        problem: problem.and_then(FeedProblem::from_number),
        allow_private: private == 1,
        state: FeedState::from_number(state),
        moved_to: text(moved_to)?,
        moves: u32::try_from(*moves).ok()?,
    })
}

/// Restores a row of `arrivals`, unless it is incomplete, its feed is lost, or its page is a note.
fn arrival(writer: &Writer<'_>, row: &Row) -> Result<()> {
    let [
        Value::Null,
        Value::Integer(feed),
        Value::Text(_),
        Value::Text(url),
        Value::Text(title),
        excerpt,
        published_at,
        lang,
        keywords,
        skipped_at,
    ] = row.values.as_slice()
    else {
        return Ok(());
    };
    let id = row.rowid.filter(|id| LARGE_IDS.contains(id));
    let texts = [excerpt, published_at, lang, keywords].map(text);
    let (
        Some(id),
        Ok(page),
        [
            Some(excerpt),
            Some(published_at),
            Some(lang),
            Some(keywords),
        ],
    ) = (id, PageUrl::parse(url), texts)
    else {
        return Ok(());
    };
    let Some(skipped_at) = number(skipped_at).filter(|_| !row.partial) else {
        return Ok(());
    };
    writer.execute(
        "INSERT OR IGNORE INTO arrivals (id, feed_id, page_key, url, title, excerpt, published_at,
                                         lang, keywords, skipped_at)
         SELECT ?2, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM feeds WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM notes WHERE page_key = ?3)
             AND NOT EXISTS (SELECT 1 FROM address_keys WHERE page_key = ?3)",
        params![
            feed,
            id,
            page.key(),
            url,
            title,
            excerpt,
            published_at,
            lang,
            keywords,
            skipped_at
        ],
    )
}
