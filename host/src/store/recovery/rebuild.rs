//! Repairs a damaged database: copies every readable row into a new one. Counts, keys and the
//! full-text index are rebuilt by the same code that saves notes. The damaged files are kept.
//!
//! Rows are read page by page (`btree_reader.rs`), so a bad page loses only its own rows. Many
//! values are stored twice: a note's tags are in a table and in its index, and the index of page
//! keys still has address and date of a note whose own page is lost.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use crate::{
    domain::{Icon, Metadata, Note, NoteId, PageUrl, Tag},
    error::{Error, Result, StoreFault},
    store::{
        connection::{
            clock::Clock,
            connect,
            db_files::{AtomicFile, beside, stamp, unused},
            schema,
            sqlite_error::{of_file_system, refine_error},
        },
        migrations,
        notes::{
            note_rows::{name_of, note_of_page},
            saved_searches::SavedSearch,
        },
        recovery::{
            backup::raise_revision,
            btree_reader::{Row, Value},
            check::{self, check},
            check_content,
            damaged_database::{DamagedDatabase, RowLocation},
            damaged_rows::{LARGE_IDS, SavedRow, is_note_id, live_row, named, trashed_row},
            swap_database::{remove_copies, replace},
        },
        transaction::{
            Writer,
            pending_index::{Indexed, Pending},
        },
    },
};

/// The result of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What was recovered, or `None` if the notes weren't damaged and at most file modes were
    /// corrected.
    pub salvage: Option<Salvage>,
}

/// What a repair recovered from a damaged database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvage {
    /// The damaged files' new location.
    pub broken: PathBuf,
    /// Whether any data of ours was recognised.
    pub recognised: bool,
    /// Number of notes recovered.
    pub notes: u64,
    /// Number of notes merged with an older note of the same page.
    pub joined: u64,
    /// Number of those that lost a part of their text.
    pub partial: u64,
    /// Number of notes recovered with address, date and tags only.
    pub addresses: u64,
    /// Number of notes that the damaged database recorded.
    pub expected: Option<u64>,
    /// Number of notes recovered in the trash.
    pub trash: u64,
    /// Number of notes whose page has another note; they are in the trash.
    pub same_page: u64,
    /// Number of tags on notes whose names are lost.
    pub nameless_tags: u64,
    /// Number of notes, complete or not, from pages that belong to no table. Some of them may have
    /// been deleted.
    pub uncertain: u64,
    /// Number of damaged texts of pages.
    pub lost_texts: u64,
    /// Number of notes whose lost parts, or all of which, came from what devices exchange.
    pub synced: u64,
    /// Number of pages whose exchanged states couldn't be read. They are read again from the files.
    pub lost_states: u64,
    /// Whether the notes were synced and aren't any more, since it isn't known with which place.
    pub sync_ended: bool,
    /// Number of pages and rows that couldn't be read, whatever they contained.
    pub unread: u64,
}

/// Repairs the database at `path`. A damaged database is kept under a name that says so; a sound
/// one is not changed. Other programs wait meanwhile.
///
/// # Errors
/// `store_newer`; `store_broken` for another program's database; the other `store_*` kinds. On an
/// error nothing was changed.
pub fn repair(path: &Path, now: Timestamp) -> Result<Repaired> {
    let health = check(path)?;
    if !health.exists {
        return Ok(Repaired { salvage: None });
    }
    if is_foreign(path) {
        return Err(Error::store(StoreFault::Foreign));
    }
    check::make_private(path);
    if !health.is_damaged() {
        return Ok(Repaired { salvage: None });
    }
    let part = AtomicFile::new(path).map_err(of_file_system)?;
    let new = empty(part.path()).map_err(|error| refine_error(error, part.path()))?;
    let done = replace(path, part, new, |new, held| {
        let name = beside(path, &[".broken-", &stamp(now)].concat());
        let broken = unused(&name, "");
        held.keep_files(path, &broken)?;
        let salvaged = salvage(path, &broken, new, now);
        if salvaged.is_err() {
            remove_copies(&broken);
        }
        salvaged
    })?;
    log::warn!(
        "the database was damaged and made anew: {} notes, {} only as addresses",
        done.notes,
        done.addresses
    );
    Ok(Repaired {
        salvage: Some(done),
    })
}

/// Creates a database without notes in an empty file.
fn empty(path: &Path) -> Result<Connection> {
    let new = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
    // The file is synced once it is complete.
    new.pragma_update(None, "synchronous", "OFF")?;
    let tx = new.unchecked_transaction()?;
    migrations::migrate_in(&tx, 0)?;
    tx.commit()?;
    Ok(new)
}

/// Copies what can be read from `broken`, the copy of the database at `path`, into `new`.
fn salvage(path: &Path, broken: &Path, new: &Connection, now: Timestamp) -> Result<Salvage> {
    let mut salvage = DamagedDatabase::open(broken)?.rebuilt_in(new, now)?;
    broken.clone_into(&mut salvage.broken);
    raise_revision(new, path)?;
    match check_content::examine(new)?.first() {
        None => Ok(salvage),
        Some(fault) => Err(Error::internal(format!(
            "what was salvaged isn't sound: {}",
            fault.sentence
        ))),
    }
}

/// Returns whether it is a sound database of another program. Checks the tables in case only our
/// `application_id` is damaged.
fn is_foreign(path: &Path) -> bool {
    if path.exists() && !path.is_file() {
        return true;
    }
    let Ok(reader) = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return false;
    };
    let foreign = matches!(
        schema::recognised(&reader.conn),
        Err(Error::Store {
            fault: StoreFault::Foreign,
            ..
        })
    );
    foreign
        && reader
            .conn
            .query_row(
                "SELECT count(*) < 4 FROM sqlite_schema
                 WHERE name IN ('notes', 'note_tags', 'trash', 'notes_fts')",
                [],
                |row| row.get(0),
            )
            .unwrap_or(false)
}

/// Positions of note, position and tag in a row of `note_tags`, and in its index.
const BY_TAG: [usize; 3] = [1, 2, 0];
const BY_NOTE: [usize; 3] = [0, 1, 2];

impl DamagedDatabase {
    /// Collects the tags of notes in a temporary table.
    fn stage_tags(&self, tx: &Connection) -> Result<()> {
        tx.execute_batch(
            "CREATE TEMP TABLE salvaged (
                 note_id INTEGER, position INTEGER, tag_id INTEGER, PRIMARY KEY (note_id, tag_id)
             ) WITHOUT ROWID",
        )?;
        let mut insert = tx.prepare("INSERT OR IGNORE INTO temp.salvaged VALUES (?, ?, ?)")?;
        let mut stage = |row: &Row, order: Option<[usize; 3]>| -> Result<()> {
            let [Value::Integer(a), Value::Integer(b), Value::Integer(c)] = row.values.as_slice()
            else {
                return Ok(());
            };
            let numbers = [*a, *b, *c];
            let stray = order.is_none();
            let order = order.unwrap_or(if LARGE_IDS.contains(a) {
                BY_NOTE
            } else {
                BY_TAG
            });
            let [note, position, tag] = order.map(|at| numbers[at]);
            // The index of notes by site also has three numbers, but the last two have the same
            // range.
            if !stray || LARGE_IDS.contains(&note) && !LARGE_IDS.contains(&position) {
                insert.execute([note, position, tag])?;
            }
            Ok(())
        };
        for row in self.rows(self.own("note_tags")) {
            stage(&row, Some(BY_TAG))?;
        }
        if self.is_damaged("note_tags") {
            for row in self.rows(self.own("note_tags_by_note")) {
                stage(&row, Some(BY_NOTE))?;
            }
            // If either of the two is intact, nothing is missing.
            if self.is_damaged("note_tags_by_note") {
                for row in self.rows(self.strays.iter().copied()) {
                    stage(&row, None)?;
                }
            }
        }
        Ok(())
    }

    /// Rebuilds the notes in an empty database with the current schema.
    fn rebuilt_in(&self, new: &Connection, now: Timestamp) -> Result<Salvage> {
        let tx = new.unchecked_transaction()?;
        let names = self.tag_names();
        self.stage_tags(&tx)?;
        let notes = self.places("notes", live_row);
        let trash = self.places("trash", trashed_row);
        let salvage = Salvage {
            recognised: !self.trees.is_empty() || !notes.is_empty() || !trash.is_empty(),
            expected: self.expected(),
            unread: self.unread,
            ..Salvage::default()
        };
        let clock = Clock::at(&tx, now)?;
        let mut rebuilding = Rebuilding {
            writer: Writer {
                tx,
                now,
                clock,
                pending: Pending::default(),
                bulk: std::cell::RefCell::default(),
                many_changes: std::cell::Cell::default(),
            },
            names,
            nameless: HashSet::new(),
            renewed: HashSet::new(),
            salvage,
        };
        self.each(&notes, live_row, |row, place| rebuilding.note(row, place))?;
        self.addresses(&mut rebuilding, &notes, &trash)?;
        self.each(&trash, trashed_row, |row, place| {
            // The note was restored, and its old row in the trash is still readable.
            if notes.contains_key(&row.note.id.0) {
                return Ok(());
            }
            rebuilding.trashed(row, place)
        })?;
        self.aliases(&rebuilding.writer, &rebuilding.names)?;
        self.implications(&rebuilding.writer, &rebuilding.names)?;
        rebuilding.salvage.lost_texts = self.texts(&rebuilding.writer)?;
        for restore in [
            Self::operations,
            Self::searches,
            Self::icons,
            Self::links,
            Self::feeds,
            Self::gists,
            Self::text_fetches,
        ] {
            restore(self, &rebuilding.writer)?;
        }
        self.sync(&rebuilding.writer, &mut rebuilding.salvage)?;
        let Rebuilding {
            writer,
            nameless,
            mut salvage,
            ..
        } = rebuilding;
        salvage.nameless_tags = u64::try_from(nameless.len()).unwrap_or(u64::MAX);
        writer.write_index()?;
        writer.execute("DROP TABLE temp.salvaged", [])?;
        for sql in [
            "INSERT INTO notes_fts (notes_fts) VALUES ('optimize')",
            "INSERT INTO texts_fts (texts_fts) VALUES ('optimize')",
            "INSERT INTO late_texts_fts (late_texts_fts) VALUES ('optimize')",
        ] {
            writer.execute(sql, [])?;
        }
        writer.tx.commit()?;
        Ok(salvage)
    }

    /// Recovers notes whose own rows are lost from the index of page keys, because a page key is an
    /// address of its page.
    fn addresses(
        &self,
        rebuilding: &mut Rebuilding<'_>,
        notes: &BTreeMap<i64, RowLocation>,
        trash: &BTreeMap<i64, RowLocation>,
    ) -> Result<()> {
        if !self.is_damaged("notes") {
            return Ok(());
        }
        // The index had another name before schema 7.
        const OLDER: &str = "sqlite_autoindex_notes_1";
        let keys = match self.trees.contains_key(OLDER) {
            true => OLDER,
            false => "notes_by_page",
        };
        let mut seen = HashSet::new();
        let own = self.own(keys).map(|page| (page, false));
        for (page, stray) in own.chain(self.stray(keys).map(|page| (page, true))) {
            for row in self.pages.rows(page).rows {
                let Some((key, id)) = named(&row) else {
                    continue;
                };
                let known = notes.contains_key(&id) || trash.contains_key(&id);
                if !known
                    && is_note_id(id)
                    && (!stray || LARGE_IDS.contains(&id))
                    && seen.insert(id)
                {
                    rebuilding.address(key, NoteId(id), stray)?;
                }
            }
        }
        Ok(())
    }

    /// Restores the saved searches from rows of three texts and a time.
    fn searches(&self, writer: &Writer<'_>) -> Result<()> {
        let pages = self.own("searches").chain(self.stray("searches"));
        for row in pages.flat_map(|page| self.pages.rows(page).rows) {
            if let [
                Value::Text(_),
                Value::Text(name),
                Value::Text(query),
                Value::Integer(saved_at),
            ] = row.values.as_slice()
                && row.rowid.is_none()
                && let Ok(search) = SavedSearch::new(name, query, NoteId(*saved_at).moment())
            {
                writer.save_search(&search)?;
            }
        }
        Ok(())
    }

    /// Restores the icons of web sites. A damaged image is left out.
    fn icons(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("icons").chain(self.stray("icons"))) {
            if let [
                Value::Text(labels),
                Value::Text(_),
                Value::Blob(png),
                Value::Integer(_) | Value::Null,
            ] = row.values.as_slice()
                && row.rowid.is_some()
                && labels.ends_with('.')
                && let Ok(icon) = Icon::parse(png)
            {
                writer.put_icon(&name_of(labels), &icon)?;
            }
        }
        Ok(())
    }

    fn operations(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("operations").chain(self.stray("operations"))) {
            // Up to schema 2 there was no number before the other values.
            let values = match row.values.as_slice() {
                [Value::Null, values @ ..] => values,
                values => values,
            };
            if let [
                Value::Blob(id),
                Value::Text(method),
                Value::Text(result),
                Value::Integer(done_at),
            ] = values
                // A repair doesn't restore the records of edits of many notes.
                && !matches!(method.as_str(), "editNotes" | "undoEdit")
            {
                writer.execute(
                    "INSERT OR IGNORE INTO operations (op_id, method, result, done_at) VALUES (?, ?, ?, ?)",
                    params![id, method, result, done_at],
                )?;
            }
        }
        Ok(())
    }
}

/// Returns whether a note has the tag by which imports mark unread pages. Migration 7 uses the same
/// rule.
fn has_unread_tag(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| tag.as_str() == "to read")
}

/// The new database in the making.
struct Rebuilding<'a> {
    writer: Writer<'a>,
    names: HashMap<i64, Tag>,
    nameless: HashSet<i64>,
    /// Page keys computed by the current rules.
    renewed: HashSet<String>,
    salvage: Salvage,
}

impl Rebuilding<'_> {
    fn note(&mut self, row: SavedRow, place: RowLocation) -> Result<()> {
        let mut note = row.note;
        // If the address is damaged, the page key may still identify the page.
        let url = match PageUrl::parse(&note.url).or_else(|_| PageUrl::parse(&row.page_key)) {
            Ok(url) => url,
            Err(_) => {
                self.salvage.unread += 1;
                return Ok(());
            }
        };
        url.as_str().clone_into(&mut note.url);
        note.tags = self.tags_of(note.id)?;
        if !row.has_read_column {
            note.read = !has_unread_tag(&note.tags);
        }
        note.id = self.writer.free_id(note.id)?;
        // These were two pages when they were saved and are one by the current rules.
        if row.page_key != url.key() {
            self.renewed.insert(url.key().to_owned());
        }
        if self.renewed.contains(url.key())
            && let Some(older) = note_of_page(&self.writer.tx, &url)?
            && let Ok(joined) = older.joined(&note)
        {
            self.writer.store_fields(&joined)?;
            self.writer.store_tags(&joined)?;
            self.writer.index(&joined, Indexed::Not);
            self.salvage.joined += 1;
        } else if self.has(url.key())? {
            note.deleted_at = Some(self.writer.now);
            self.salvage.same_page += 1;
            self.writer.put_into_trash(&note, url.key())?;
        } else {
            self.writer.insert(&note, &url)?;
            self.salvage.notes += 1;
            self.salvage.partial += u64::from(row.partial);
        }
        self.salvage.uncertain += u64::from(place.stray);
        Ok(())
    }

    fn address(&mut self, key: &str, id: NoteId, stray: bool) -> Result<()> {
        let Ok(url) = PageUrl::parse(key) else {
            return Ok(());
        };
        if url.key() != key || self.has(key)? {
            return Ok(());
        }
        let note = Note {
            id: self.writer.free_id(id)?,
            saved_at: id.moment(),
            url: key.to_owned(),
            title: String::new(),
            title_typed: false,
            page_title: None,
            addresses: Vec::new(),
            tags: self.tags_of(id)?,
            summary: String::new(),
            metadata: Metadata::default(),
            updated_at: id.moment(),
            deleted_at: None,
            read: true,
        };
        self.writer.insert(&note, &url)?;
        self.salvage.addresses += 1;
        self.salvage.uncertain += u64::from(stray);
        Ok(())
    }

    fn trashed(&mut self, row: SavedRow, place: RowLocation) -> Result<()> {
        let mut note = row.note;
        let tags = row.tags.unwrap_or_default();
        let names: Vec<String> = serde_json::from_str(&tags).unwrap_or_default();
        note.tags = names
            .iter()
            .filter_map(|name| Tag::sought(name).ok())
            .collect();
        if !row.has_read_column {
            note.read = !has_unread_tag(&note.tags);
        }
        note.id = self.writer.free_id(note.id)?;
        let key = PageUrl::parse(&note.url).map_or(row.page_key, |url| url.key().to_owned());
        self.writer.put_into_trash(&note, &key)?;
        self.salvage.trash += 1;
        self.salvage.uncertain += u64::from(place.stray);
        Ok(())
    }

    fn has(&self, key: &str) -> Result<bool> {
        let mut query = self
            .writer
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM notes WHERE page_key = ?)")?;
        Ok(query.query_row([key], |row| row.get(0))?)
    }

    fn tags_of(&mut self, id: NoteId) -> Result<Vec<Tag>> {
        let mut query = self.writer.tx.prepare_cached(
            "SELECT tag_id FROM temp.salvaged WHERE note_id = ? ORDER BY position, tag_id",
        )?;
        let ids = query
            .query_map([id.0], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        let mut tags = Vec::with_capacity(ids.len());
        for id in ids {
            match self.names.get(&id) {
                // Two tags that differed in a damaged character may be equal now.
                Some(tag) if tags.contains(tag) => {}
                Some(tag) => tags.push(tag.clone()),
                None => {
                    self.nameless.insert(id);
                }
            }
        }
        Ok(tags)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{
        prelude::*,
        test_runner::{RngAlgorithm, TestRng},
    };

    use super::*;
    use crate::{
        domain::{LinkFailures, LinkVerdict, NewNote, parse_tags, plain_png},
        store::{
            connection::{reader::Reader, schema::SCHEMA},
            feeds::{
                arrivals::SkipSelection,
                feed::NewFeed,
                fetched::{Fetched, NewArrival, Retention},
                problem::FeedProblem,
            },
            notes::{
                gists::{Gist, GistProblem},
                links::LinkCheck,
                text_problem::TextProblem,
                texts::{NewText, TextSource},
            },
            recovery::{check_content, damaged_database::DamagedDatabase},
            transaction::{Operation, OperationResult, Store},
        },
    };

    const NOTES: usize = 120;

    fn save(store: &mut Store, url: &str, title: &str, tags: &[Tag]) {
        let new = NewNote {
            url: PageUrl::parse(url).unwrap(),
            title: title.into(),
            tags: tags.to_vec(),
            summary: String::new(),
            metadata: Metadata::default(),
            quote: None,
            read: true,
        };
        store
            .write(crate::clock::now(), |writer| writer.save_note(&new))
            .unwrap();
    }

    /// Creates a database, in a single file, with rows in every table.
    fn filled(path: &Path) {
        let mut store = Store::open(path).unwrap();
        let mut now: Timestamp = "2025-08-12T10:00:00Z".parse().unwrap();
        for n in 0..NOTES {
            now += jiff::SignedDuration::from_secs(1);
            let operation = Operation {
                id: uuid::Uuid::from_u128(n.try_into().unwrap()),
                method: "saveNote",
            };
            let (some, other) = (format!("tag {}", n % 17), format!("機械 {}", n % 5));
            let new = NewNote {
                url: PageUrl::parse(&format!("https://e{}.org/{n}", n % 7)).unwrap(),
                title: format!("Title {n}"),
                tags: parse_tags(&["z", &some, "a", &other]).unwrap(),
                // Some texts need several overflow pages.
                summary: format!("Text {n} ").repeat(if n % 20 == 0 { 900 } else { 30 }),
                metadata: Metadata {
                    excerpt: Some("what the page says".into()),
                    ..Metadata::default()
                },
                quote: None,
                read: true,
            };
            // Some notes have the same time, as imports create them.
            let moment = if n % 10 < 3 {
                now - jiff::SignedDuration::from_secs((n % 10).try_into().unwrap())
            } else {
                now
            };
            store
                .idempotent(operation, now, |writer| {
                    Ok(OperationResult {
                        new_title: None,
                        note: {
                            let note = writer.save_note_of(&new, moment)?.note;
                            let title = format!("The page's own title {n}");
                            match n % 4 {
                                0 => writer.save_page(NewNote { title, ..new }, &[])?.note,
                                _ => note,
                            }
                        },
                        created: true,
                    })
                })
                .unwrap();
        }
        let ids: Vec<NoteId> = store
            .latest_notes(None, 90)
            .unwrap()
            .iter()
            .map(|note| note.id)
            .collect();
        store
            .write(now, |writer| {
                let id = writer.tag_id(&Tag::parse("z").unwrap())?;
                writer.execute(
                    "INSERT INTO tag_aliases (name, tag_id, folded) VALUES ('zéd', ?, 'zed')",
                    [id],
                )?;
                let [tag, implied] = ["z", "zz"].map(|name| Tag::parse(name).unwrap());
                writer.imply_tag(&tag, &implied)?;
                writer.put_icon("e1.org", &Icon::parse(&plain_png(7))?)?;
                writer.put_icon("e2.org", &Icon::parse(&plain_png(8))?)?;
                let deleted = NoteId::at("2025-08-12T10:00:05Z".parse().unwrap());
                // Some texts arrive in the order of their notes, and some don't.
                let (late, in_order): (Vec<_>, Vec<_>) = ids
                    .iter()
                    .enumerate()
                    .partition(|(number, _)| number % 7 == 1);
                for (number, id) in in_order.into_iter().rev().chain(late) {
                    let words =
                        format!("# Page {number}\n\n{}", "what it says ".repeat(number * 9));
                    let text = NewText::new(&words, now, TextSource::File, number % 2 == 0)?;
                    writer.put_text(*id, &text, false)?;
                }
                for (number, id) in [ids[0], ids[40], deleted].into_iter().enumerate() {
                    let gist = Gist {
                        text: format!("Summary {number}"),
                        maker: "model:4b".into(),
                        made_at: now,
                        tags: parse_tags(&["z", "a"])?,
                        text_at: (number == 1).then_some(now),
                        is_outdated: number != 1,
                    };
                    writer.put_gist(id, &gist)?;
                }
                writer.fail_gist(ids[7], GistProblem::CutOff, None)?;
                let text = NewText::new("a deleted page", now, TextSource::Click, true)?;
                writer.put_text(deleted, &text, true)?;
                for (number, id) in ids.iter().chain([&deleted]).enumerate() {
                    check_link(writer, *id, number)?;
                }
                writer.delete_note(deleted)?;
                let note = writer.live(ids[0])?.unwrap();
                writer.remove_text(note.id)?;
                for problem in [TextProblem::Busy, TextProblem::Login] {
                    writer.record_failed_text_fetch(note.id, &note.url, problem, None)?;
                }
                Ok(())
            })
            .unwrap();
        fill_inbox(&mut store, now);
    }

    /// Adds the result of a check of a note's page.
    fn check_link(writer: &Writer<'_>, id: NoteId, number: usize) -> Result<()> {
        let note = writer.live(id)?.ok_or(Error::NotFound)?;
        let moment = id.moment();
        let check = LinkCheck {
            verdict: LinkVerdict::from_number((number % 6).try_into().unwrap_or(0)).unwrap(),
            status: (!number.is_multiple_of(4)).then_some(404),
            final_url: number
                .is_multiple_of(6)
                .then(|| format!("https://new.example/{number}")),
            failures: number.is_multiple_of(3).then_some(LinkFailures {
                since: moment,
                last: moment,
                count: 2,
                is_missing: number.is_multiple_of(2),
            }),
            due_at: moment,
        };
        writer.record_link(id, &note.url, &check)?;
        if number.is_multiple_of(5) {
            writer.set_archive_of_link(id, Some("https://web.archive.org/web/1/x"))?;
        }
        Ok(())
    }

    /// Adds feeds with pages in the inbox.
    fn fill_inbox(store: &mut Store, now: Timestamp) {
        let page = |feed: usize, n: usize| NewArrival {
            guid: n.to_string(),
            url: format!("https://inbox.example/{feed}/{n}"),
            title: format!("Arrival {n}"),
            excerpt: Some("what the feed says ".repeat(20)),
            tags: vec!["keyword".into()],
            ..NewArrival::default()
        };
        store
            .write(now, |writer| {
                for feed in 0..4 {
                    let url = format!("https://feeds.example/{feed}");
                    let new = NewFeed::new(&url, parse_tags(&["z"])?)?;
                    let id = writer.add_feed(&new)?.feed.id;
                    let fetched = |entries| Fetched::New {
                        title: "A feed".into(),
                        site_url: Some("https://feeds.example/".into()),
                        etag: Some("\"e\"".into()),
                        last_modified: None,
                        wait_s: 7200,
                        moved_to: Some("https://feeds.example/new".into()),
                        entries,
                    };
                    let keep = Retention::default();
                    writer.record_fetch(id, &fetched(Vec::new()), keep)?;
                    let entries = (0..30).map(|n| page(feed, n)).collect();
                    writer.record_fetch(id, &fetched(entries), keep)?;
                    let failed = Fetched::Failed {
                        problem: FeedProblem::Busy,
                        retry_after_s: None,
                    };
                    writer.record_fetch(id, &failed, keep)?;
                    let skipped = SkipSelection::Feed {
                        feed: id,
                        up_to: Some(now.as_microsecond() + 40),
                    };
                    writer.skip_arrivals(&skipped)?;
                }
                Ok(())
            })
            .unwrap();
    }

    /// Returns all notes, newest first, followed by the trash.
    fn notes(store: &Reader) -> Vec<Note> {
        let mut notes = store.latest_notes(None, u32::MAX).unwrap();
        let mut trash = store
            .conn
            .prepare("SELECT id FROM trash ORDER BY id")
            .unwrap();
        let ids = trash.query_map([], |row| row.get(0)).unwrap();
        notes.extend(ids.map(|id| store.trashed_note(NoteId(id.unwrap())).unwrap().unwrap()));
        notes
    }

    /// Returns the rows of a query as text.
    fn lines(conn: &Connection, sql: &str) -> Vec<String> {
        let mut query = conn.prepare(sql).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    const OPERATIONS: &str =
        "SELECT hex(op_id) || method || result || done_at FROM operations ORDER BY op_id";
    const ALIASES: &str =
        "SELECT a.name || ' ' || t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id";

    const IMPLICATIONS: &str = "SELECT t.name || ' ' || p.name FROM tag_parents e
        JOIN tags t ON t.id = e.tag_id JOIN tags p ON p.id = e.parent_id";

    /// Rebuilds a database into an empty one with the current schema.
    fn rebuilt(path: &Path) -> (Reader, Salvage) {
        let reader =
            connect::connect(Path::new(":memory:"), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let tx = reader.conn.unchecked_transaction().unwrap();
        migrations::migrate_in(&tx, 0).unwrap();
        tx.commit().unwrap();
        let salvage = DamagedDatabase::open(path)
            .unwrap()
            .rebuilt_in(&reader.conn, crate::clock::now())
            .unwrap();
        assert_eq!(check_content::examine(&reader.conn).unwrap(), []);
        (reader, salvage)
    }

    #[test]
    fn a_sound_database_is_read_completely() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        filled(&path);
        let store = Store::open(&path).unwrap();
        let (new, salvage) = rebuilt(&path);
        assert_eq!(notes(&new), notes(&store));
        let kept = |note: &Note| note.page_title.is_some();
        assert!(
            notes(&new)
                .iter()
                .any(|note| kept(note) && note.deleted_at.is_some())
        );
        assert!(
            notes(&new)
                .iter()
                .any(|note| kept(note) && note.deleted_at.is_none())
        );
        for sql in [
            OPERATIONS,
            ALIASES,
            IMPLICATIONS,
            "SELECT labels || name || hex(png) FROM icons ORDER BY labels",
            "SELECT name || uses FROM tags ORDER BY name",
            "SELECT note_id || ',' || taken_at || source || whole || words || bytes || hex(body)
             FROM texts ORDER BY note_id",
            "SELECT 'row of ' || note_id FROM texts_fts f JOIN text_rows ON fts_row = f.rowid
             UNION ALL
             SELECT 'row of ' || note_id FROM late_texts_fts f
                 JOIN texts ON note_id / 1000 = f.rowid
             ORDER BY 1",
            "SELECT format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', id, added_at, url,
                 title, site_url, tags, etag, wait_s, next_at, tried_at, ok_at, listed_at, failures,
                 problem, state, moved_to, moves) FROM feeds ORDER BY id",
            "SELECT format('%s|%s|%s|%s|%s|%s|%s', id, feed_id, page_key, title, excerpt, keywords,
                 skipped_at) FROM arrivals ORDER BY id",
            "SELECT feed_id || hex(guid) || seen_at FROM arrived ORDER BY feed_id, guid",
            "SELECT hex(page) || seen_at FROM arrived_pages ORDER BY page",
            "SELECT 'arrivals ' || arrivals FROM meta",
            "SELECT format('%s|%s|%s|%s|%s|%s|%s|%s', note_id, tried_at, tried_text_at, made_at, maker,
                 text, tags, text_at) FROM gists WHERE text IS NOT NULL ORDER BY note_id",
            "SELECT format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', note_id, due_at, checked_at, verdict,
                 status, final_url, failing_since, failed_at, failures, missing, archive_url)
             FROM links ORDER BY note_id",
            "SELECT format('%s|%s|%s|%s|%s', note_id, tried_at, next_at, failures, problem)
             FROM text_fetches",
        ] {
            let expected = lines(&store.conn, sql);
            assert!(!expected.is_empty());
            assert_eq!(lines(&new.conn, sql), expected);
        }
        let whole = Salvage {
            recognised: true,
            notes: (NOTES - 1).try_into().unwrap(),
            expected: Some((NOTES - 1).try_into().unwrap()),
            trash: 1,
            ..Salvage::default()
        };
        assert_eq!(salvage, whole);
    }

    #[test]
    fn databases_of_older_schemas_are_read_as_well() {
        for schema in 1..SCHEMA {
            let saved = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("../tests/databases/schema-{schema}.db"));
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("notes.db");
            fs::copy(saved, &path).unwrap();
            let (new, _) = rebuilt(&path);
            let store = Store::open(&path).unwrap();
            assert_eq!(notes(&new), notes(&store), "schema {schema}");
            assert_eq!(lines(&new.conn, OPERATIONS), lines(&store.conn, OPERATIONS));
        }
    }

    /// Repairs a damaged copy and checks what must hold after any damage. Returns what was salvaged
    /// and the notes.
    fn repaired(damaged: &[u8]) -> (Salvage, Vec<Note>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        fs::write(&path, damaged).unwrap();
        let salvage = repair(&path, crate::clock::now()).unwrap().salvage;
        let health = check::check(&path).unwrap();
        assert!(!health.is_damaged(), "{:?}", health.faults);
        let Some(salvage) = salvage else {
            // The damage hit unused bytes.
            assert_eq!(fs::read(&path).unwrap(), damaged);
            let store = Reader::open(&path).unwrap();
            return (Salvage::default(), notes(&store));
        };
        assert_eq!(fs::read(&salvage.broken).unwrap(), damaged);
        assert!(!beside(&path, ".part").exists());
        let store = Store::open(&path).unwrap();
        assert_eq!(
            store.counts().unwrap().notes,
            salvage.notes + salvage.addresses
        );
        let notes = notes(&store);
        (salvage, notes)
    }

    /// Counts the notes that were recovered completely, and partly.
    fn left_of(original: &[Note], found: &[Note]) -> (usize, usize) {
        let whole = original.iter().filter(|note| found.contains(note)).count();
        let addresses = found
            .iter()
            .filter(|note| !original.contains(note))
            .map(|left| {
                let note = original.iter().find(|note| note.id == left.id);
                let note = note.unwrap_or_else(|| panic!("made up: {left:?}"));
                assert_eq!(left.url, note.url);
                assert!(left.tags.iter().all(|tag| note.tags.contains(tag)));
                // The text is empty or a prefix of the original.
                assert!(left.title.is_empty() || left.title == note.title);
                assert!(note.summary.starts_with(&left.summary));
            })
            .count();
        (whole, addresses)
    }

    fn original() -> (Vec<u8>, Vec<Note>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        filled(&path);
        let all = notes(&Reader::open(&path).unwrap());
        (fs::read(&path).unwrap(), all)
    }

    const PAGE: usize = 4096;

    #[test]
    fn no_note_loses_its_address_with_a_lost_page() {
        let (bytes, all) = original();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        // All kinds of pages are among the first ones, where the tables begin.
        let count = bytes.len() / PAGE;
        for page in (0..count).filter(|page| *page < 24 || page % 5 == 0) {
            let mut damaged = bytes.clone();
            damaged[page * PAGE..(page + 1) * PAGE].fill(0);
            fs::write(&path, &damaged).unwrap();
            let (new, salvage) = rebuilt(&path);
            let found = notes(&new);
            let (whole, parts) = left_of(&all, &found);
            let in_trash = found
                .iter()
                .filter(|note| note.deleted_at.is_some())
                .count();
            // Notes in the trash are stored only once.
            assert!(
                whole + parts + 1 - in_trash == all.len(),
                "page {page}: {salvage:?}"
            );
            assert!(parts <= 12, "page {page}: {salvage:?}");
            let lost = u64::try_from(parts).unwrap();
            assert_eq!(salvage.addresses + salvage.partial, lost, "page {page}");
            assert_eq!(salvage.nameless_tags, 0, "page {page}");
            let aliases = lines(&new.conn, ALIASES);
            assert!(
                aliases.iter().all(|alias| alias == "zéd z"),
                "page {page}: {aliases:?}"
            );
            let implications = lines(&new.conn, IMPLICATIONS);
            assert!(
                implications.iter().all(|known| known == "z zz"),
                "page {page}: {implications:?}"
            );
        }
    }

    #[test]
    fn without_all_roots_tags_of_many_pages_have_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        filled(&path);
        let mut store = Store::open(&path).unwrap();
        let names = (0..600).map(|n| format!("some tag of a longer name {n}"));
        let tags: Vec<Tag> = names.map(|name| Tag::parse(&name).unwrap()).collect();
        for (n, tags) in tags.chunks(50).enumerate() {
            save(&mut store, &format!("https://tags.org/{n}"), "", tags);
        }
        let (before, aliases) = (notes(&store), lines(&store.conn, ALIASES));
        drop(store);
        let mut bytes = fs::read(&path).unwrap();
        bytes[..PAGE].fill(0);
        fs::write(&path, bytes).unwrap();
        let (new, _) = rebuilt(&path);
        assert_eq!(notes(&new), before);
        assert_eq!(lines(&new.conn, ALIASES), aliases);
    }

    #[test]
    fn a_file_cut_short_keeps_the_notes_before_the_cut() {
        let (bytes, all) = original();
        let mut most = 0;
        for eighth in 1..8 {
            let (salvage, found) = repaired(&bytes[..bytes.len() / 8 * eighth]);
            let (whole, _) = left_of(&all, &found);
            assert!(salvage.recognised);
            assert!(whole >= most, "{whole} after {most}");
            most = whole;
        }
        assert!(most > NOTES / 2, "{most}");
    }

    #[test]
    fn a_definition_that_is_not_utf_8_is_damage() {
        let (mut bytes, all) = original();
        let name =
            b"TRIGGER texts_of_deleted_notes AFTER DELETE ON notes\nWHEN EXISTS (SELECT 1 FROM ";
        let found: Vec<usize> = bytes
            .windows(name.len())
            .enumerate()
            .filter(|(_, part)| part == name)
            .map(|(at, _)| at + name.len())
            .collect();
        assert!(!found.is_empty());
        for at in found {
            bytes[at] = 0xff;
        }
        let (salvage, notes) = repaired(&bytes);
        assert!(salvage.recognised);
        assert_eq!(notes, all);
    }

    #[test]
    fn a_lost_first_page_loses_nothing() {
        let (bytes, all) = original();
        for junk in [0, 0xff, b'x'] {
            let mut damaged = bytes.clone();
            damaged[..PAGE].fill(junk);
            let (_, found) = repaired(&damaged);
            assert_eq!(left_of(&all, &found), (all.len(), 0));
        }
        // Only our `application_id` is damaged.
        let mut damaged = bytes.clone();
        damaged[68..72].fill(0);
        let (_, found) = repaired(&damaged);
        assert_eq!(left_of(&all, &found), (all.len(), 0));
    }

    #[test]
    fn whatever_is_damaged_the_result_is_sound() {
        let (bytes, all) = original();
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut below = |end: usize| usize::try_from(random.next_u64()).unwrap() % end;
        for round in 0..24 {
            let mut damaged = bytes.clone();
            for _ in 0..=below(4) {
                let at = below(damaged.len());
                match below(4) {
                    0 => damaged[at] ^= 1 << below(8),
                    1 => damaged[at] = 0xff,
                    2 => {
                        let end = (at + below(3 * PAGE)).min(damaged.len());
                        damaged[at..end].fill_with(|| below(256).try_into().unwrap());
                    }
                    _ if round % 5 == 0 => damaged.truncate(at.max(PAGE)),
                    _ => {
                        // A page that was written to the wrong place.
                        let from = below(damaged.len() / PAGE) * PAGE;
                        let to = at / PAGE * PAGE;
                        let last = damaged.len() - PAGE;
                        damaged.copy_within(from..from + PAGE, to.min(last));
                    }
                }
            }
            let (salvage, found) = repaired(&damaged);
            // Most of the file is unchanged, unless it was truncated.
            if damaged.len() == bytes.len() {
                assert!(found.len() >= all.len() / 2, "round {round}: {salvage:?}");
            }
        }
    }

    #[test]
    fn saves_only_in_the_wal_are_recovered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        filled(&path);
        let mut store = Store::open(&path).unwrap();
        save(&mut store, "https://e.org/late", "Late", &[]);
        let copy = dir.path().join("copy.db");
        let mut bytes = fs::read(&path).unwrap();
        bytes[..PAGE].fill(0);
        fs::write(&copy, bytes).unwrap();
        fs::copy(beside(&path, "-wal"), beside(&copy, "-wal")).unwrap();
        repair(&copy, crate::clock::now()).unwrap();
        let store = Store::open(&copy).unwrap();
        assert!(
            store
                .note_for_url(&PageUrl::parse("https://e.org/late").unwrap())
                .unwrap()
                .is_some()
        );
        assert_eq!(store.counts().unwrap().notes, u64::try_from(NOTES).unwrap());
    }

    #[test]
    fn derived_data_is_rebuilt() {
        for damage in [
            "UPDATE meta SET notes = notes + 1, tags = 0",
            "UPDATE tags SET uses = uses + 1 WHERE name = 'z'",
            "DELETE FROM notes_fts WHERE rowid = (SELECT max(id) / 1000 FROM notes)",
            "UPDATE notes SET page_key = 'https://e.org/other' WHERE id = (SELECT max(id) FROM notes)",
            "UPDATE notes SET site_id = NULL",
            "DROP INDEX notes_by_site",
            "DROP TABLE notes_fts",
            "DROP TRIGGER notes_counted",
            "UPDATE note_tags SET position = 0",
            "DELETE FROM notes_fts_data WHERE id > 10",
            "PRAGMA foreign_keys = OFF; DELETE FROM sites",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("notes.db");
            filled(&path);
            let before = notes(&Reader::open(&path).unwrap());
            let conn = Connection::open(&path).unwrap();
            conn.execute_batch(&format!("PRAGMA writable_schema = ON; {damage}"))
                .unwrap();
            drop(conn);
            assert!(check::check(&path).unwrap().is_damaged(), "{damage}");
            let done = repair(&path, crate::clock::now()).unwrap();
            assert!(done.salvage.is_some());
            assert_eq!(check::check(&path).unwrap().faults, []);
            let mut after = notes(&Reader::open(&path).unwrap());
            if damage.contains("position") {
                after.iter_mut().for_each(|note| {
                    note.tags
                        .sort_by_key(|tag| before[0].tags.iter().position(|t| t == tag))
                });
            }
            assert_eq!(after.len(), before.len(), "{damage}");
        }
    }

    #[test]
    fn an_open_store_works_after_a_repair() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        filled(&path);
        let mut running = Store::open(&path).unwrap();
        let reader = Reader::open(&path).unwrap();
        let revision = reader.revision().unwrap();
        running
            .conn
            .execute("UPDATE meta SET tags = 0", [])
            .unwrap();
        repair(&path, crate::clock::now()).unwrap().salvage.unwrap();
        assert!(reader.is_current().unwrap());
        assert!(reader.revision().unwrap() > revision);
        running
            .write(crate::clock::now(), |writer| {
                writer.delete_note(NoteId::at("2025-08-12T10:00:09Z".parse().unwrap()))
            })
            .unwrap();
        assert_eq!(check::check(&path).unwrap().faults, []);
    }
}
