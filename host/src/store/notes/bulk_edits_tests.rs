//! Edits of many notes are applied to all or none, once, and can be undone completely.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;
use crate::{
    domain::{Change, parse_tags},
    store::test_store::{TestStore, new_note},
};

struct Many {
    t: TestStore,
    ids: Vec<NoteId>,
    operations: u128,
}

impl Many {
    /// Saves this many notes, each with the tag `old` and one of its own.
    fn new(notes: usize) -> Self {
        let mut t = TestStore::new();
        let mut ids = Vec::new();
        for number in 0..notes {
            let own = format!("own {number}");
            let url = format!("https://e.org/{number}");
            let new = new_note(&url, &format!("Title {number}"), &["old", &own], "text");
            t.now += SignedDuration::from_secs(1);
            ids.push(t.store.write(t.now, |w| w.save_note(&new)).unwrap().note.id);
        }
        Self {
            t,
            ids,
            operations: 0,
        }
    }

    fn operation(&mut self, method: &'static str) -> Operation {
        self.operations += 1;
        Operation {
            id: Uuid::from_u128(self.operations),
            method,
        }
    }

    fn now(&mut self) -> Timestamp {
        self.t.now += SignedDuration::from_secs(1);
        self.t.now
    }

    fn edit(&mut self, change: &BulkChange) -> BulkEdit {
        let (operation, now, ids) = (self.operation("editNotes"), self.now(), self.ids.clone());
        self.t
            .store
            .edit_notes(operation, now, &ids, change)
            .unwrap()
    }

    fn undo(&mut self, edit: &BulkEdit) -> BulkEdit {
        let (operation, now) = (self.operation("undoEdit"), self.now());
        self.t
            .store
            .undo_edit(operation, now, edit.id.unwrap())
            .unwrap()
    }

    fn finish(&mut self, edit: &BulkEdit) -> BulkEdit {
        let now = self.now();
        while self.t.store.continue_edits(now).unwrap() {}
        self.t.store.bulk_edit(edit.id.unwrap()).unwrap()
    }

    /// Returns all notes, including those in the trash.
    fn notes(&self) -> Vec<Option<Note>> {
        let store = &self.t.store;
        let note = |id: &NoteId| {
            let live = store.note(*id).unwrap();
            live.or_else(|| store.trashed_note(*id).unwrap())
        };
        self.ids.iter().map(note).collect()
    }

    fn tags(&self, number: usize) -> String {
        let note = self.t.store.note(self.ids[number]).unwrap().unwrap();
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        tags.join(", ")
    }

    fn found(&self, query: &str) -> usize {
        let query = crate::domain::Query::parse(query);
        self.t.store.matching_ids(&query).unwrap().len()
    }
}

fn tagging(add: &[&str], remove: &[&str]) -> BulkChange {
    BulkChange {
        add_tags: parse_tags(add).unwrap(),
        remove_tags: parse_tags(remove).unwrap(),
        ..BulkChange::default()
    }
}

fn counts(edit: &BulkEdit) -> (BulkState, u64, u64, u64) {
    (edit.state, edit.total, edit.changed, edit.unchanged)
}

#[test]
fn an_edit_changes_tags_of_many_notes_and_its_undo_restores_them() {
    for notes in [3, 12, 33] {
        let mut many = Many::new(notes);
        let before = many.notes();
        let change = tagging(&["new", "own 1"], &["old"]);
        let dry_run = many.t.store.dry_run_edit(&many.ids, &change).unwrap();
        let all = notes as u64;
        assert_eq!(counts(&dry_run), (BulkState::DryRun, all, all, 0));
        assert_eq!(many.notes(), before);

        let edit = many.edit(&change);
        assert_eq!(edit.is_under_way(), notes > AT_ONCE);
        let edit = many.finish(&edit);
        assert_eq!(counts(&edit), (BulkState::Done, all, all, 0));
        assert_eq!(many.tags(0), "own 0, new, own 1");
        assert_eq!(many.tags(1), "own 1, new");
        // The index has the new words.
        assert_eq!((many.found("tag:new"), many.found("new")), (notes, notes));
        assert_eq!((many.found("tag:old"), many.found("old")), (0, 0));
        many.t.check();

        let undone = many.undo(&edit);
        let undone = many.finish(&undone);
        assert_eq!(undone.state, BulkState::Undone);
        assert_eq!(undone.restored, all);
        assert_eq!(many.notes(), before);
        assert_eq!((many.found("tag:old"), many.found("new")), (notes, 0));
        many.t.check();
    }
}

#[test]
fn an_edit_counts_unchanged_notes_and_lists_missing_ones() {
    let mut many = Many::new(6);
    let now = many.now();
    let (gone, tagged) = (many.ids[2], many.ids[4]);
    many.t.store.write(now, |w| w.delete_note(gone)).unwrap();
    many.ids.push(NoteId(7));
    let change = BulkChange {
        read: Some(false),
        ..tagging(&["own 4"], &[])
    };
    let unread = Change {
        read: Some(false),
        ..Change::default()
    };
    many.t
        .store
        .write(now, |w| w.update_note(tagged, unread))
        .unwrap();
    let dry_run = many.t.store.dry_run_edit(&many.ids, &change).unwrap();
    let edit = many.edit(&change);
    assert_eq!(counts(&edit), (BulkState::Done, 5, 4, 1));
    assert_eq!(edit.missing, (vec![NoteId(7), gone], 2));
    assert_eq!(
        (dry_run.total, dry_run.changed, dry_run.unchanged),
        (5, 4, 1)
    );
    assert_eq!(dry_run.missing, edit.missing);
    assert_eq!(many.found("is:unread"), 5);
    many.undo(&edit);
    assert_eq!(many.found("is:unread"), 1);
}

#[test]
fn a_repeated_edit_is_applied_once() {
    let mut many = Many::new(4);
    let operation = many.operation("editNotes");
    let (now, ids) = (many.now(), many.ids.clone());
    let change = tagging(&["new"], &[]);
    let store = &mut many.t.store;
    let first = store.edit_notes(operation, now, &ids, &change).unwrap();
    store
        .write(now, |w| {
            w.update_note(
                ids[0],
                Change {
                    tags: Some(Vec::new()),
                    ..Change::default()
                },
            )
        })
        .unwrap();
    let again = store.edit_notes(operation, now, &ids, &change).unwrap();
    assert_eq!(first, again);
    assert!(store.note(ids[0]).unwrap().unwrap().tags.is_empty());
    let other = Operation {
        method: "undoEdit",
        ..operation
    };
    assert!(matches!(
        store.undo_edit(other, now, first.id.unwrap()),
        Err(Error::OpIdReused)
    ));
    assert!(matches!(
        store.idempotent(
            Operation {
                method: "saveNote",
                ..operation
            },
            now,
            |_| unreachable!()
        ),
        Err(Error::OpIdReused)
    ));
}

#[test]
fn undoing_an_edit_keeps_later_changes() {
    let mut many = Many::new(5);
    let edit = many.edit(&BulkChange {
        read: Some(false),
        ..tagging(&["new"], &["old"])
    });
    let now = many.now();
    let ids = many.ids.clone();
    let change = |tags: &[&str], summary: &str| Change {
        tags: Some(parse_tags(tags).unwrap()),
        summary: Some(summary.into()),
        ..Change::default()
    };
    let store = &mut many.t.store;
    store
        .write(now, |w| {
            w.update_note(ids[0], change(&["own 0", "new", "mine"], "mine"))
        })
        .unwrap();
    store
        .write(now, |w| w.update_note(ids[1], change(&["own 1"], "text")))
        .unwrap();
    store.write(now, |w| w.delete_note(ids[2])).unwrap();
    let undone = many.undo(&edit);
    assert_eq!(undone.state, BulkState::Undone);
    assert_eq!(many.tags(0), "own 0, mine, old");
    assert_eq!(many.tags(1), "own 1, old");
    assert_eq!(many.tags(3), "old, own 3");
    let note = many.t.store.note(ids[0]).unwrap().unwrap();
    assert_eq!((note.summary.as_str(), note.read), ("mine", true));
    assert_eq!(undone.refused, (vec![(ids[2], Refusal::ChangedSince)], 1));
    assert_eq!(undone.restored, 4);
    // Repeating it changes nothing.
    let notes = many.notes();
    many.undo(&edit);
    assert_eq!(many.notes(), notes);
}

#[test]
fn many_notes_are_deleted_and_restored() {
    let mut many = Many::new(7);
    let before = many.notes();
    let deletion = BulkChange {
        delete: true,
        ..BulkChange::default()
    };
    let edit = many.edit(&deletion);
    assert_eq!(counts(&edit), (BulkState::Done, 7, 7, 0));
    assert_eq!(many.found("is:deleted tag:old"), 7);
    // The page was saved again meanwhile, so the old note can't be restored.
    let now = many.now();
    let again = new_note("https://e.org/3", "Again", &[], "");
    many.t.store.write(now, |w| w.save_note(&again)).unwrap();
    let undone = many.undo(&edit);
    assert_eq!(undone.restored, 6);
    assert_eq!(
        undone.refused,
        (vec![(many.ids[3], Refusal::PageSavedAgain)], 1)
    );
    let mut after = many.notes();
    after[3] = before[3].clone();
    assert_eq!(after, before);

    let edit = many.edit(&deletion);
    let restoring = BulkChange {
        restore: true,
        ..BulkChange::default()
    };
    let deleted = many.notes();
    let restored = many.edit(&restoring);
    assert_eq!((restored.changed, restored.refused.1), (6, 1));
    many.undo(&restored);
    assert_eq!(many.notes(), deleted);
    assert_eq!(edit.unchanged, 1);
    many.t.check();
}

#[test]
fn an_edit_refuses_notes_that_would_have_too_many_tags() {
    let mut many = Many::new(3);
    let now = many.now();
    let names: Vec<String> = (0..MAX_TAGS).map(|n| format!("t{n}")).collect();
    let full = Change {
        tags: Some(parse_tags(&names).unwrap()),
        ..Change::default()
    };
    let id = many.ids[1];
    many.t
        .store
        .write(now, |w| w.update_note(id, full))
        .unwrap();
    let edit = many.edit(&tagging(&["new"], &[]));
    assert_eq!(
        (edit.changed, edit.refused),
        (2, (vec![(id, Refusal::TooManyTags)], 1))
    );
    let names: Vec<String> = (0..10_000).map(|n| format!("t{n}")).collect();
    let tags: Vec<Tag> = names.iter().map(|name| Tag::parse(name).unwrap()).collect();
    let (operation, now, ids) = (many.operation("editNotes"), many.now(), many.ids.clone());
    let change = BulkChange {
        add_tags: tags,
        ..BulkChange::default()
    };
    let refused = many.t.store.edit_notes(operation, now, &ids, &change);
    assert!(matches!(refused, Err(Error::InvalidTag(_))), "{refused:?}");
}

#[test]
fn other_programs_save_during_an_edit_and_the_next_one_completes_it() {
    let mut many = Many::new(43);
    let edit = many.edit(&tagging(&["new"], &["old"]));
    assert_eq!(edit.state, BulkState::Running);
    let now = many.now();
    assert!(many.t.store.continue_edits(now).unwrap());
    assert_eq!(many.found("tag:new"), PART);
    // Another program saves a page, and changes a note before its part runs.
    let mut other = Store::open(&many.t.store.path).unwrap();
    let last = many.ids[42];
    other.write(now, |w| w.delete_note(last)).unwrap();
    // The first program is killed.
    while other.continue_edits(now).unwrap() {}
    let edit = other.bulk_edit(edit.id.unwrap()).unwrap();
    assert_eq!(counts(&edit), (BulkState::Done, 42, 42, 0));
    assert_eq!(edit.missing, (vec![last], 1));
    assert_eq!(many.found("tag:new"), 42);
}

#[test]
fn cancelling_an_edit_takes_back_all_its_changes() {
    let mut many = Many::new(43);
    let before = many.notes();
    let edit = many.edit(&tagging(&["new"], &["old"]));
    let now = many.now();
    for _ in 0..3 {
        many.t.store.continue_edits(now).unwrap();
    }
    assert_eq!(many.found("tag:new"), 3 * PART);
    let cancelled = many.t.store.cancel_edit(now, edit.id.unwrap()).unwrap();
    assert_eq!(
        (cancelled.state, cancelled.restored),
        (BulkState::Undone, 15)
    );
    assert_eq!(many.notes(), before);
    assert!(!many.t.store.continue_edits(now).unwrap());
    // A completed edit can't be cancelled.
    let edit = many.edit(&tagging(&["new"], &[]));
    let edit = many.finish(&edit);
    let now = many.now();
    let kept = many.t.store.cancel_edit(now, edit.id.unwrap()).unwrap();
    assert_eq!(kept.state, BulkState::Done);
    assert!(matches!(
        many.t.store.cancel_edit(now, 99),
        Err(Error::UnknownEdit)
    ));
}

#[test]
fn records_of_edits_are_deleted_with_the_trash() {
    let mut many = Many::new(3);
    let edit = many.edit(&tagging(&["new"], &[]));
    let later = many.t.now + SignedDuration::from_hours(24 * 31);
    many.t.store.prune(later).unwrap();
    let forgotten = many.t.store.bulk_edit(edit.id.unwrap());
    // The store accepts a later clock only in small steps.
    if forgotten.is_ok() {
        let rows = "UPDATE edits SET started_at = 1";
        many.t.store.conn.execute(rows, []).unwrap();
        many.t.store.prune(later).unwrap();
    }
    assert!(matches!(
        many.t.store.bulk_edit(edit.id.unwrap()),
        Err(Error::UnknownEdit)
    ));
    let left: i64 = many
        .t
        .store
        .conn
        .query_row("SELECT count(*) FROM edited", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_note_is_still_found_by_the_old_address_after_a_change() {
    let mut t = TestStore::checked();
    let note = t.save("https://old.example/a", "A", &["x"], "").note;
    let other = t.save("https://e.org/b", "B", &[], "").note;
    let url = |text: &str| crate::domain::PageUrl::parse(text).unwrap();
    let new = url("https://new.example/a");
    let moved = t.write(|w| w.change_address(note.id, &new)).unwrap();
    assert_eq!(moved.url, "https://new.example/a");
    assert_eq!(moved.addresses, ["https://old.example/a"]);
    for address in ["https://old.example/a", "https://new.example/a"] {
        let found = t.store.note_for_url(&url(address)).unwrap();
        assert_eq!(found.map(|note| note.id), Some(note.id), "{address}");
    }
    assert_eq!(t.found("site:new.example"), ["A"]);
    assert!(t.found("site:old.example").is_empty());
    let taken = t.write(|w| w.change_address(note.id, &url("https://e.org/b?utm_source=x")));
    assert!(matches!(taken, Err(Error::AddressTaken(id)) if id == other.id.0));
    // And back again.
    let back = url("https://old.example/a");
    let back = t.write(|w| w.change_address(note.id, &back)).unwrap();
    assert_eq!(back.addresses, ["https://new.example/a"]);
}

#[test]
fn restoring_a_merged_note_separates_the_two_again() {
    let mut t = TestStore::checked();
    let keep = t.save("https://e.org/a", "A", &["x"], "mine").note;
    let drop = t.save("https://e.org/b", "B", &["y"], "other").note;
    let merged = t.write(|w| w.merge_notes(keep.id, drop.id)).unwrap();
    assert_eq!(merged.title, "A");
    assert_eq!(merged.summary, "mine\n\nother");
    assert_eq!(merged.tags, parse_tags(&["x", "y"]).unwrap());
    assert_eq!(merged.addresses, ["https://e.org/b"]);
    assert_eq!(t.found("title:B"), Vec::<String>::new());
    let page = crate::domain::PageUrl::parse("https://e.org/b").unwrap();
    assert_eq!(t.store.note_for_url(&page).unwrap().unwrap().id, keep.id);
    let restored = t.write(|w| w.restore_note(drop.id)).unwrap();
    assert_eq!(
        (restored.url.as_str(), restored.summary.as_str()),
        ("https://e.org/b", "other")
    );
    assert_eq!(t.store.note_for_url(&page).unwrap().unwrap().id, drop.id);
    let kept = t.store.note(keep.id).unwrap().unwrap();
    assert_eq!((kept.addresses.len(), kept.tags.len()), (0, 2));
    let itself = t.write(|w| w.merge_notes(keep.id, keep.id));
    assert!(matches!(itself, Err(Error::InvalidParams(_))));
}
