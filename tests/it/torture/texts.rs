//! Texts of pages, which follow the saves of their notes: whatever happens between the two or
//! during the second, the note is kept, and its text is stored whole or not at all.

use std::{path::Path, thread, time::Duration};

use rusqlite::Connection;
use serde_json::{Value, json};
use url_notes::{domain::NoteId, store::Store};

use super::{Dice, saves, tell, times};
use crate::host::{TestHost, op_id};

const WRITERS: u64 = 4;

/// The text of a page, to be stored for a note.
pub(super) struct Text {
    number: u64,
    note: i64,
    op_id: String,
}

impl Text {
    /// Saves a page and returns a text for its note, which isn't stored yet. `number` is unique in a
    /// store.
    pub(super) fn of_saved_page(number: u64, host: &mut TestHost) -> Self {
        let saved = host.call(
            "saveNote",
            json!({"opId": op_id(), "url": url(number), "title": "A page"}),
        );
        Self {
            number,
            note: saved["note"]["id"].as_i64().unwrap(),
            op_id: op_id(),
        }
    }

    fn markdown(&self) -> String {
        let word = saves::word(self.number);
        format!("# {word}\n\n{}", "some words of a page ".repeat(200))
    }

    fn send(&self, host: &mut TestHost) {
        let params = json!({"opId": self.op_id, "id": self.note, "text": self.markdown(),
                            "whole": true, "takenAt": "2026-11-29T12:00:00Z"});
        saves::send(host, self.number, "putText", &params);
    }

    /// Stores the text: the result or the error.
    pub(super) fn ask(&self, host: &mut TestHost) -> Result<Value, Value> {
        self.send(host);
        saves::answer(host, self.number)
    }
}

fn url(number: u64) -> String {
    format!("https://e.org/text/{number}")
}

/// Checks that the store is sound, and that it has exactly these texts.
pub(super) fn judge_texts(dir: &Path, texts: &[Text]) {
    let database = dir.join("notes.db");
    let conn = Connection::open(&database).unwrap();
    let one = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let integrity: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    for index in ["notes_fts", "texts_fts", "late_texts_fts"] {
        conn.execute_batch(&format!(
            "INSERT INTO {index} ({index}) VALUES ('integrity-check')"
        ))
        .unwrap();
    }
    let expected = i64::try_from(texts.len()).unwrap();
    for count in [
        "SELECT count(*) FROM notes",
        "SELECT count(*) FROM texts",
        "SELECT texts FROM meta",
        "SELECT (SELECT count(*) FROM texts_fts) + (SELECT count(*) FROM late_texts_fts)",
    ] {
        assert_eq!(one(count), expected, "{count}");
    }
    let mut search = conn
        .prepare(
            "SELECT note_id FROM texts_fts JOIN text_rows ON fts_row = texts_fts.rowid
             WHERE texts_fts MATCH ?1
             UNION ALL
             SELECT note_id FROM late_texts_fts f JOIN texts ON note_id / 1000 = f.rowid
             WHERE late_texts_fts MATCH ?1",
        )
        .unwrap();
    let store = Store::open(&database).unwrap();
    for text in texts {
        let hits: Vec<i64> = search
            .query_map([saves::word(text.number)], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(hits, [text.note]);
        let kept = store.text(NoteId(text.note)).unwrap().unwrap();
        assert_eq!(kept.markdown, text.markdown());
    }
}

/// The texts of a writer, and how many the killed hosts had stored.
type Account = (Vec<Text>, u64);

fn write_and_be_killed(dir: &Path, writer: u64, kills: u64) -> Account {
    let mut dice = Dice::new(writer);
    let mut pace = Duration::from_millis(20);
    let mut texts: Vec<Text> = Vec::new();
    let mut stored = 0;
    loop {
        let mut host = TestHost::on(dir);
        if let Some(last) = texts.last() {
            let found = host.call("noteForUrl", json!({"url": url(last.number)}));
            assert_eq!(found["note"]["id"], last.note, "the note is kept");
            let is_stored = found["text"].is_object();
            stored += u64::from(is_stored);
            assert_eq!(last.ask(&mut host).unwrap()["kept"], "new");
            // Some kills come before the text is stored and some after, however fast the disk is.
            pace = if is_stored { pace / 2 } else { pace * 2 };
            pace = pace.max(Duration::from_micros(50));
        }
        if u64::try_from(texts.len()).unwrap() == kills {
            return (texts, stored);
        }
        let number = writer * kills + u64::try_from(texts.len()).unwrap() + 1;
        let text = Text::of_saved_page(number, &mut host);
        text.send(&mut host);
        let longest = 3 * pace;
        let moment = dice.below(u64::try_from(longest.as_micros()).unwrap());
        thread::sleep(Duration::from_micros(moment));
        host.kill();
        texts.push(text);
    }
}

#[test]
fn a_note_survives_kill_9_before_its_text_which_is_stored_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let kills = times(12);
    let accounts: Vec<Account> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let dir = dir.path();
                scope.spawn(move || write_and_be_killed(dir, writer, kills))
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let stored: u64 = accounts.iter().map(|(_, stored)| stored).sum();
    let texts: Vec<Text> = accounts.into_iter().flat_map(|(texts, _)| texts).collect();
    judge_texts(dir.path(), &texts);
    tell(
        "kill -9 between a save and its text",
        format!("{} kills, {stored} texts stored before them", texts.len()),
    );
    // The kills happened during the work.
    assert!(stored > 0 && stored < u64::try_from(texts.len()).unwrap());
}
