//! Titles of pages: cleaned, typed, changed.

use std::path::Path;

use crate::{
    domain::{Change, NewTitle, Note, NoteId},
    store::{
        SavedNote,
        recovery::check_content::examine,
        test_store::{TestStore, new_note},
    },
};

const URL: &str = "https://www.youtube.com/watch?v=a1";

/// Saves the page as the extension does, with titles of its metadata.
fn save_page(t: &mut TestStore, title: &str, others: &[&str]) -> SavedNote {
    let new = new_note(URL, title, &[], "");
    let others: Vec<String> = others.iter().map(|&other| other.into()).collect();
    t.write(|writer| writer.save_page(new, &others)).unwrap()
}

fn type_title(t: &mut TestStore, id: NoteId, title: &str) -> Note {
    let change = Change {
        title: Some(title.into()),
        ..Change::default()
    };
    t.write(|writer| writer.update_note(id, change)).unwrap()
}

fn titles(note: &Note) -> (&str, Option<&str>) {
    (&note.title, note.page_title.as_deref())
}

#[test]
fn the_pages_own_title_is_kept_beside_the_cleaned_one() {
    let mut t = TestStore::checked();
    let note = save_page(&mut t, "(3) Tea - YouTube", &["Tea"]).note;
    assert_eq!(titles(&note), ("Tea", Some("(3) Tea - YouTube")));
    assert_eq!(t.store.note(note.id).unwrap().as_ref(), Some(&note));
    // Equal to the title, it isn't stored twice.
    let plain = save_page(&mut t, "Tea", &[]).note;
    assert_eq!(titles(&plain), ("Tea", None));
    assert_eq!(plain.own_title(), Some("Tea"));
    // In the trash, and restored from it.
    save_page(&mut t, "Coffee - YouTube", &[]);
    t.write(|writer| writer.delete_note(note.id)).unwrap();
    let trashed = t.store.trashed_note(note.id).unwrap().unwrap();
    assert_eq!(titles(&trashed), ("Coffee", Some("Coffee - YouTube")));
    let restored = t.write(|writer| writer.restore_note(note.id)).unwrap();
    assert_eq!(titles(&restored), ("Coffee", Some("Coffee - YouTube")));
    assert_eq!(examine(&t.store.conn).unwrap(), []);
}

#[test]
fn a_later_save_without_metadata_does_not_make_the_title_worse() {
    let mut t = TestStore::checked();
    let first = save_page(&mut t, "How to brew tea | Kitchen", &["How to brew tea"]).note;
    assert_eq!(first.title, "How to brew tea");
    let again = save_page(&mut t, "How to brew tea | Kitchen", &[]).note;
    assert_eq!(again.title, "How to brew tea");
    let other = save_page(&mut t, "How to brew coffee | Kitchen", &[]).note;
    assert_eq!(other.title, "How to brew coffee | Kitchen");
}

#[test]
fn a_title_that_the_user_typed_is_never_cleaned() {
    let mut t = TestStore::checked();
    let note = t.save(URL, "(3) Tea - YouTube", &[], "").note;
    assert_eq!(titles(&note), ("(3) Tea - YouTube", None));
    let note = type_title(&mut t, note.id, "(4) Mine - YouTube");
    assert_eq!(note.title, "(4) Mine - YouTube");
    let saved = save_page(&mut t, "(5) Tea - YouTube", &["Tea"]);
    assert_eq!(
        titles(&saved.note),
        ("(4) Mine - YouTube", Some("(5) Tea - YouTube"))
    );
}

#[test]
fn the_changed_title_of_a_page_is_offered_once() {
    let mut t = TestStore::checked();
    let note = save_page(&mut t, "(1) Tea - YouTube", &[]).note;
    let typed = type_title(&mut t, note.id, "Mine");
    assert_eq!(titles(&typed), ("Mine", Some("(1) Tea - YouTube")));
    // Another counter is no other title, and the address is none.
    for title in ["(2) Tea - YouTube", "www.youtube.com/watch?v=a1"] {
        assert_eq!(save_page(&mut t, title, &[]).new_title, None, "{title}");
    }
    let saved = save_page(&mut t, "Green tea - YouTube", &[]);
    let offered = NewTitle {
        title: "Green tea".into(),
        before: "Tea".into(),
    };
    assert_eq!(saved.new_title, Some(offered));
    assert_eq!(titles(&saved.note), ("Mine", Some("Green tea - YouTube")));
    assert_eq!(
        save_page(&mut t, "Green tea - YouTube", &[]).new_title,
        None
    );
    // The note has it already.
    type_title(&mut t, note.id, "Black tea");
    assert_eq!(
        save_page(&mut t, "Black tea - YouTube", &[]).new_title,
        None
    );
}

#[test]
fn a_title_that_nobody_typed_follows_the_page_without_an_offer() {
    let mut t = TestStore::checked();
    save_page(&mut t, "Tea - YouTube", &[]);
    let saved = save_page(&mut t, "Green tea - YouTube", &[]);
    assert_eq!(saved.new_title, None);
    assert_eq!(saved.note.title, "Green tea");
}

#[test]
fn merged_notes_keep_a_title_of_the_page() {
    let mut t = TestStore::checked();
    let mine = t.save("https://e.org/mine", "Mine", &[], "").note;
    let page = save_page(&mut t, "Tea - YouTube", &[]).note;
    let merged = t
        .write(|writer| writer.merge_notes(mine.id, page.id))
        .unwrap();
    assert_eq!(titles(&merged), ("Mine", Some("Tea - YouTube")));
}

#[test]
fn notes_of_one_page_in_two_forms_are_merged_when_the_rules_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/databases/schema-6.db");
    std::fs::copy(saved, &path).unwrap();
    let old = rusqlite::Connection::open(&path).unwrap();
    for (id, site, url, title, addresses) in [
        (
            1_000_000,
            "org.arxiv.",
            "https://arxiv.org/abs/1706.03762",
            "Attention",
            None,
        ),
        (
            2_000_000,
            "org.arxiv.",
            "https://arxiv.org/pdf/1706.03762v5",
            "1706.03762v5.pdf",
            Some("[\"https://old.reddit.com/r/a/comments/1ab/b/\"]"),
        ),
        (
            3_000_000,
            "org.e.",
            "https://e.org/some-long-title/amp/",
            "Amp",
            None,
        ),
    ] {
        for sql in [
            "INSERT OR IGNORE INTO sites (labels) VALUES (?5)",
            "INSERT INTO notes (id, page_key, url, title, summary, updated_at, addresses, site_id)
             SELECT ?1, ?2, ?2, ?3, ?3, ?1, ?4, id FROM sites WHERE labels = ?5",
            "INSERT INTO untagged (note_id) VALUES (?1)",
            "INSERT INTO notes_fts (rowid, title, summary) VALUES (?1 / 1000, ?3, ?3)",
        ] {
            let mut insert = old.prepare(sql).unwrap();
            let values = rusqlite::params![id, url, title, addresses, site];
            for place in 1..=5 {
                // Some statements have fewer.
                if insert.parameter_count() >= place {
                    insert
                        .raw_bind_parameter(place, &values[place - 1])
                        .unwrap();
                }
            }
            insert.raw_execute().unwrap();
        }
    }
    old.execute(
        "INSERT INTO address_keys VALUES ('https://old.reddit.com/r/a/comments/1ab/b', 2000000)",
        [],
    )
    .unwrap();
    drop(old);

    let store = crate::store::Store::open(&path).unwrap();
    let find = |url: &str| {
        let url = crate::domain::PageUrl::parse(url).unwrap();
        store.note_for_url(&url).unwrap().map(|note| note.id.0)
    };
    assert_eq!(find("https://arxiv.org/html/1706.03762v1"), Some(1_000_000));
    assert_eq!(find("https://www.reddit.com/comments/1ab"), Some(1_000_000));
    assert_eq!(find("https://e.org/some-long-title"), Some(3_000_000));
    let note = store.note(NoteId(1_000_000)).unwrap().unwrap();
    assert_eq!(note.url, "https://arxiv.org/abs/1706.03762");
    assert_eq!(
        note.addresses,
        [
            "https://arxiv.org/pdf/1706.03762v5",
            "https://old.reddit.com/r/a/comments/1ab/b/"
        ]
    );
    assert_eq!(note.summary, "Attention\n\n1706.03762v5.pdf");
    assert_eq!(store.note(NoteId(2_000_000)).unwrap(), None);
    let kept = store.note(NoteId(3_000_000)).unwrap().unwrap();
    assert_eq!(kept.url, "https://e.org/some-long-title/amp/");
    drop(store);
    let health = crate::store::recovery::check::check(&path).unwrap();
    assert!(!health.is_damaged(), "{:?}", health.faults);
}
