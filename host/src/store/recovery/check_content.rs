//! Checks the content of a database: SQLite's own checks, and the consistency of the tables.

use std::collections::HashMap;

use rusqlite::{Connection, types::ValueRef};

use crate::{
    domain::{NoteId, PageUrl, Tag, is_comma},
    error::{Error, Result, StoreFault},
    store::{
        migrations,
        notes::{
            note_rows::{labels, other_keys},
            page_keys,
            texts::inflated,
        },
        recovery::{
            check_sync::synced,
            faults::{Area, Fault, asked, fault},
        },
    },
};

/// Returns whether SQLite finds no fault in its b-trees, including the full-text index, and every
/// foreign key refers to a row.
pub(in crate::store) fn sound_pages(conn: &Connection) -> Result<bool> {
    let mut faults = Vec::new();
    trees(conn, &mut faults)?;
    Ok(faults.is_empty())
}

/// Checks all invariants of a database with the current schema.
pub(in crate::store) fn examine(conn: &Connection) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    if readable(missing(conn, &mut faults), &mut faults)?.unwrap_or(true) {
        trees(conn, &mut faults)?;
        return Ok(faults);
    }
    for look in [
        trees, texts, counts, index, addresses, tags, page_texts, links, inbox, synced,
    ] {
        readable(look(conn, &mut faults), &mut faults)?;
    }
    Ok(faults)
}

/// Adds a fault and returns `None` if something couldn't be read because the file is damaged.
fn readable<T>(done: Result<T>, faults: &mut Vec<Fault>) -> Result<Option<T>> {
    match done {
        Err(Error::Store {
            fault: StoreFault::Broken,
            ..
        }) => {
            faults.push(fault(Area::Pages, "Not everything can be read."));
            Ok(None)
        }
        done => done.map(Some),
    }
}

/// Compares tables, indexes and triggers with those of a new database. Additional ones belong to
/// the user. Returns whether some are missing or different.
fn missing(conn: &Connection, faults: &mut Vec<Fault>) -> Result<bool> {
    let parts = |conn: &Connection| -> Result<HashMap<String, Option<String>>> {
        Ok(conn
            .prepare("SELECT name, sql FROM sqlite_schema")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?)
    };
    let new = Connection::open_in_memory()?;
    let tx = new.unchecked_transaction()?;
    migrations::migrate_in(&tx, 0)?;
    let there = parts(conn)?;
    let wrong = parts(&tx)?
        .iter()
        .filter(|(name, sql)| there.get(*name) != Some(sql))
        .count();
    if wrong > 0 {
        faults.push(fault(
            Area::Pages,
            format!("Tables, indexes or triggers are missing or changed ({wrong})."),
        ));
    }
    Ok(wrong > 0)
}

/// Most messages that are requested from SQLite.
const MANY: usize = 100;

pub(super) fn trees(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    let messages = conn
        .prepare(&format!("PRAGMA integrity_check({MANY})"))?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    if messages != ["ok"] {
        let first = messages.first().map_or("", |message| message.as_str());
        let (area, what) = if first.contains("inverted index") {
            (Area::Index, "The full-text index is damaged")
        } else {
            (Area::Pages, "The file is damaged inside")
        };
        let count = match messages.len() {
            MANY.. => format!("{MANY} or more places"),
            1 => "one place".into(),
            count => format!("{count} places"),
        };
        let first = first.lines().last().unwrap_or_default();
        faults.push(fault(area, format!("{what}, in {count}: {first}.")));
    }
    let strays = conn
        .prepare("SELECT count(*) FROM pragma_foreign_key_check")?
        .query_row([], |row| row.get::<_, u64>(0))?;
    if strays > 0 {
        faults.push(fault(
            Area::References,
            format!("{strays} rows refer to notes, tags, web sites or feeds that don't exist."),
        ));
    }
    Ok(())
}

/// Checks for valid UTF-8, which SQLite doesn't.
fn texts(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    let mut wrong = 0_u64;
    for sql in [
        "SELECT * FROM notes",
        "SELECT * FROM trash",
        "SELECT * FROM tags",
        "SELECT * FROM tag_aliases",
        "SELECT * FROM sites",
        "SELECT method, result FROM operations",
        "SELECT labels, name FROM icons",
        "SELECT * FROM feeds",
        "SELECT * FROM arrivals",
        "SELECT maker, text, tags FROM gists",
        "SELECT device, name, place, problem FROM sync",
        "SELECT name, version, tag, shown FROM sync_aliases",
        "SELECT kind, name, version, value FROM sync_registers",
        "SELECT device, file, problem FROM sync_segments",
        "SELECT device, name, program FROM sync_devices",
        "SELECT x'' FROM feeds WHERE NOT json_valid(tags)",
        "SELECT x'' FROM gists WHERE NOT json_valid(tags)",
        // Tags in the trash must be a JSON list of texts, or they can't be read.
        "SELECT x'' FROM trash WHERE NOT json_valid(tags)",
    ] {
        let mut query = conn.prepare(sql)?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let readable = |value: ValueRef<'_>| match value {
                ValueRef::Text(bytes) => std::str::from_utf8(bytes).is_ok(),
                ValueRef::Blob(_) => false,
                _ => true,
            };
            for column in 0..columns {
                wrong += u64::from(!readable(row.get_ref(column)?));
            }
        }
    }
    if wrong > 0 {
        faults.push(fault(
            Area::Pages,
            format!("Some texts are damaged ({wrong})."),
        ));
    }
    Ok(())
}

fn counts(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    for (sql, what) in [
        (
            "SELECT count(*) <> 1 FROM meta",
            "The row of counts is missing",
        ),
        (
            "SELECT count(*) FROM meta WHERE notes <> (SELECT count(*) FROM notes)",
            "The number of notes is wrong",
        ),
        (
            "SELECT count(*) FROM tags t WHERE uses <> \
             (SELECT count(*) FROM note_tags WHERE tag_id = t.id)",
            "The numbers of notes are wrong for some tags",
        ),
        (
            "SELECT count(*) FROM tags WHERE uses < 0 OR \
             iif(uses = 0, grade <> 0, (uses << 1) >> grade <> 1)",
            "The order of tags by number of notes is wrong",
        ),
        (
            "SELECT count(*) FROM meta WHERE tags <> (SELECT count(*) FROM tags WHERE uses > 0)",
            "The number of tags is wrong",
        ),
        (
            "SELECT count(*) FROM sites s WHERE uses <> \
             (SELECT count(*) FROM notes WHERE site_id = s.id)",
            "The numbers of notes are wrong for some web sites",
        ),
        (
            "SELECT count(*) FROM notes WHERE shift IS NOT NULL AND shift NOT BETWEEN 1 AND id - 1",
            "The dates of some notes are invalid",
        ),
        (
            "SELECT (SELECT count(*) FROM (SELECT id FROM notes EXCEPT SELECT note_id FROM note_tags
                         EXCEPT SELECT note_id FROM untagged))
                  + (SELECT count(*) FROM untagged WHERE note_id NOT IN (SELECT id FROM notes)
                         OR EXISTS (SELECT 1 FROM note_tags nt WHERE nt.note_id = untagged.note_id))",
            "The list of notes without tags is wrong",
        ),
        (
            "SELECT count(*) FROM meta WHERE untagged <> (SELECT count(*) FROM untagged)",
            "The number of notes without tags is wrong",
        ),
        (
            "SELECT count(*) FROM icons WHERE (unused_since IS NULL) <>
                 EXISTS (SELECT 1 FROM sites s WHERE s.labels = icons.labels AND s.uses > 0)",
            "Some icons are wrongly marked as used or unused",
        ),
        (
            "SELECT count(*) FROM meta WHERE sites <> (SELECT count(*) FROM sites WHERE uses > 0)",
            "The number of sites is wrong",
        ),
        (
            "SELECT count(*) FROM meta WHERE texts <> (SELECT count(*) FROM texts)",
            "The number of texts of pages is wrong",
        ),
        (
            "SELECT count(*) FROM meta WHERE arrivals <>
                 (SELECT count(*) FROM arrivals WHERE skipped_at IS NULL)",
            "The number of pages in the inbox is wrong",
        ),
    ] {
        asked(conn, faults, Area::Counts, sql, what)?;
    }
    Ok(())
}

fn index(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    for (sql, what) in [
        (
            "SELECT count(*) FROM (SELECT id / ?1 FROM notes EXCEPT SELECT rowid FROM notes_fts)",
            "Notes are missing from the full-text index",
        ),
        (
            "SELECT count(*) FROM (SELECT rowid FROM notes_fts EXCEPT SELECT id / ?1 FROM notes)",
            "The full-text index lists notes that don't exist",
        ),
        (
            "SELECT count(*) FROM (SELECT 1 FROM notes GROUP BY id / ?1 HAVING count(*) > 1)",
            "Some notes share an entry in the full-text index",
        ),
        (
            "SELECT (SELECT count(*) FROM (SELECT id FROM tags EXCEPT SELECT rowid FROM tag_names))
                  + (SELECT count(*) FROM (SELECT rowid FROM tag_names EXCEPT SELECT id FROM tags))",
            "The index of tag names doesn't match the tags",
        ),
        (
            "SELECT count(*) FROM (SELECT note_id FROM texts WHERE note_id IN (SELECT id FROM notes)
                 EXCEPT SELECT note_id FROM text_rows
                     WHERE fts_row IN (SELECT rowid FROM texts_fts)
                 EXCEPT SELECT note_id FROM texts
                     WHERE note_id / ?1 IN (SELECT rowid FROM late_texts_fts))",
            "Texts of pages are missing from their full-text index",
        ),
        (
            "SELECT (SELECT count(*) FROM (SELECT rowid FROM texts_fts
                         EXCEPT SELECT fts_row FROM text_rows
                             WHERE note_id IN (SELECT id FROM notes)))
                  + (SELECT count(*) FROM (SELECT rowid FROM late_texts_fts
                         EXCEPT SELECT note_id / ?1 FROM texts
                             WHERE note_id IN (SELECT id FROM notes)
                             AND note_id NOT IN (SELECT note_id FROM text_rows)))",
            "The full-text index lists texts of pages that don't exist",
        ),
        (
            "SELECT (SELECT count(*) FROM text_rows WHERE note_id NOT IN (SELECT note_id FROM texts))
                  + (SELECT count(*) FROM
                         (SELECT note_id < lag(note_id) OVER (ORDER BY fts_row) AS before
                          FROM text_rows) WHERE before)",
            "The rows of texts in the full-text index are wrong",
        ),
    ] {
        asked(conn, faults, Area::Index, sql, what)?;
    }
    Ok(())
}

/// Checks the pages in the inbox.
fn inbox(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM arrivals WHERE page_key IN (SELECT page_key FROM notes)
             OR page_key IN (SELECT page_key FROM address_keys)",
        "Some pages in the inbox are notes already",
    )?;
    let mut query = conn.prepare("SELECT url, page_key FROM arrivals")?;
    let mut rows = query.query([])?;
    let mut wrong = 0_u64;
    while let Some(row) = rows.next()? {
        let text = |at| {
            row.get_ref(at)
                .map(|value| value.as_str().unwrap_or_default())
        };
        let url = PageUrl::parse(text(0)?);
        wrong += u64::from(!url.is_ok_and(|url| text(1).is_ok_and(|key| key == url.key())));
    }
    if wrong > 0 {
        let sentence = format!(
            "The page keys of some pages in the inbox don't match their addresses ({wrong})."
        );
        faults.push(fault(Area::Addresses, sentence));
    }
    Ok(())
}

/// Checks the texts of pages, and the summaries by a model.
fn page_texts(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM gists WHERE note_id NOT IN (SELECT id FROM notes)
             AND note_id NOT IN (SELECT id FROM trash)",
        "Some summaries by a model belong to no note",
    )?;
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM texts WHERE note_id NOT IN (SELECT id FROM notes)
             AND note_id NOT IN (SELECT id FROM trash)",
        "Some texts of pages belong to no note",
    )?;
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM text_fetches WHERE note_id NOT IN (SELECT id FROM notes)
             OR note_id IN (SELECT note_id FROM texts)",
        "Some failed downloads of texts belong to no note or to one with a text",
    )?;
    let mut query = conn.prepare("SELECT body, bytes FROM texts")?;
    let mut rows = query.query([])?;
    let mut wrong = 0_u64;
    while let Some(row) = rows.next()? {
        let bytes: i64 = row.get(1)?;
        let text = row.get_ref(0)?.as_blob().ok().map(inflated);
        let is_sound = matches!(text, Some(Ok(text)) if i64::try_from(text.len()) == Ok(bytes));
        wrong += u64::from(!is_sound);
    }
    if wrong > 0 {
        faults.push(fault(
            Area::Pages,
            format!("Some texts of pages are damaged ({wrong})."),
        ));
    }
    Ok(())
}

/// Checks what is known of links.
fn links(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM links WHERE note_id NOT IN (SELECT id FROM notes)
             AND note_id NOT IN (SELECT id FROM trash)",
        "Some checks of links belong to no note",
    )?;
    asked(
        conn,
        faults,
        Area::References,
        "SELECT count(*) FROM links WHERE verdict NOT BETWEEN 0 AND 5
             OR (failing_since IS NULL) <> (failed_at IS NULL)",
        "Some checks of links are damaged",
    )
}

fn addresses(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    let mut query = conn.prepare(
        "SELECT n.url, n.page_key, s.labels, n.id, n.addresses FROM notes n LEFT JOIN sites s ON s.id = n.site_id",
    )?;
    let mut rows = query.query([])?;
    let (mut keys, mut sites, mut others) = (0_u64, 0_u64, 0_u64);
    let mut known =
        conn.prepare("SELECT page_key FROM address_keys WHERE note_id = ? ORDER BY page_key")?;
    while let Some(row) = rows.next()? {
        let text = |at| {
            row.get_ref(at)
                .map(|value| value.as_str().unwrap_or_default())
        };
        let (url, key, site) = (text(0)?, text(1)?, text(2)?);
        match PageUrl::parse(url) {
            Ok(url)
                if url.key() == key || page_keys::apart(url.key(), NoteId(row.get(3)?)) == key =>
            {
                let addresses = row.get_ref(4)?.as_str_or_null().unwrap_or_default();
                let addresses: Option<Vec<String>> = match addresses {
                    None => Some(Vec::new()),
                    Some(text) => serde_json::from_str(text).ok(),
                };
                let stored = known
                    .query_map([row.get::<_, i64>(3)?], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<String>>>()?;
                let right = addresses.is_some_and(|list| other_keys(&list, url.key()) == stored);
                others += u64::from(!right);
                let wrong = match url.site() {
                    "" => !site.is_empty(),
                    name => labels(name) != site,
                };
                sites += u64::from(wrong);
            }
            _ => keys += 1,
        }
    }
    for (wrong, what) in [
        (
            keys,
            "The page keys of some notes don't match their addresses",
        ),
        (
            sites,
            "The host names of some notes don't match their addresses",
        ),
        (others, "Some notes can't be found by their other addresses"),
    ] {
        if wrong > 0 {
            faults.push(fault(Area::Addresses, format!("{what} ({wrong}).")));
        }
    }
    Ok(())
}

fn tags(conn: &Connection, faults: &mut Vec<Fault>) -> Result<()> {
    // Positions may have gaps, but no duplicates.
    asked(
        conn,
        faults,
        Area::Tags,
        "SELECT count(*) FROM (SELECT 1 FROM note_tags GROUP BY note_id, position HAVING count(*) > 1)",
        "The order of tags is lost on some notes",
    )?;
    asked(
        conn,
        faults,
        Area::Tags,
        "SELECT count(*) FROM tag_aliases a JOIN tags t ON t.name = a.name \
         WHERE t.uses > 0 OR t.id = a.tag_id",
        "Some aliases are also tags of notes",
    )?;
    asked(
        conn,
        faults,
        Area::Tags,
        "WITH RECURSIVE above (tag_id, id) AS (
             SELECT tag_id, parent_id FROM tag_parents
             UNION SELECT a.tag_id, p.parent_id FROM above a JOIN tag_parents p ON p.tag_id = a.id
         ) SELECT count(*) FROM above WHERE tag_id = id",
        "Some tags imply themselves",
    )?;
    let mut query = conn
        .prepare("SELECT name, folded FROM tags UNION ALL SELECT name, folded FROM tag_aliases")?;
    let mut rows = query.query([])?;
    let (mut wrong, mut accents) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        let text = |at| row.get_ref(at).map(|value| value.as_str().ok());
        let (name, folded) = (text(0)?.unwrap_or_default(), text(1)?);
        // Tags of older versions that wouldn't be valid today are accepted.
        match Tag::sought(name) {
            Ok(tag) if tag.as_str() == name => {
                accents += u64::from(tag.folded().as_deref() != folded);
            }
            _ => wrong += 1,
        }
    }
    for (wrong, what) in [
        (wrong, "Some tags aren't in normal form"),
        (accents, "Some tags can't be found without their accents"),
    ] {
        if wrong > 0 {
            faults.push(fault(Area::Tags, format!("{what} ({wrong}).")));
        }
    }
    Ok(())
}

/// Returns the tags in use that contain a comma of a script other than Latin.
pub(super) fn listed(conn: &Connection) -> Result<Vec<Tag>> {
    let names: Vec<Tag> = conn
        .prepare("SELECT name FROM tags WHERE uses > 0 ORDER BY name")?
        .query_map([], |row| row.get(0).map(Tag::from_stored))?
        .collect::<rusqlite::Result<_>>()?;
    let listed = |name: &Tag| name.as_str().contains(is_comma);
    Ok(names.into_iter().filter(listed).collect())
}
