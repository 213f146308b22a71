//! Tests of what is known of links: what is due, and what follows a note.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    domain::PageUrl,
    store::{
        notes::bulk_edits::{BulkChange, BulkEdit, Refusal},
        recovery::check_content,
        test_store::TestStore,
        transaction::Operation,
    },
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn check(verdict: LinkVerdict, due_at: Timestamp) -> LinkCheck {
    LinkCheck {
        verdict,
        status: Some(200),
        final_url: None,
        failures: None,
        due_at,
    }
}

/// Returns the notes to be checked.
fn due(t: &TestStore) -> Vec<NoteId> {
    let due = t.store.links_to_check(None, false, t.now, 100).unwrap();
    due.into_iter().map(|link| link.id).collect()
}

#[test]
fn a_page_is_due_after_its_time_and_failed_ones_come_first() {
    let mut t = TestStore::checked();
    let [old, failed, never, mail] = [
        "https://e.org/old",
        "https://e.org/failed",
        "https://e.org/never",
        "mailto:a@e.org",
    ]
    .map(|url| t.save(url, "", &[], "").note);
    let at = t.now;
    let recorded = t.write(|w| {
        w.record_link(old.id, &old.url, &check(LinkVerdict::Ok, at + DAY * 90))?;
        let missing = LinkCheck {
            failures: Some(LinkFailures {
                since: at,
                last: at,
                count: 1,
                is_missing: true,
            }),
            status: Some(404),
            ..check(LinkVerdict::Ok, at + DAY * 7)
        };
        w.record_link(failed.id, &failed.url, &missing)
    });
    assert!(recorded.unwrap());
    assert_eq!(due(&t), [never.id]);
    t.let_hours_pass(24 * 91);
    assert_eq!(due(&t), [failed.id, never.id, old.id]);
    assert!(!due(&t).contains(&mail.id));
    let some = t
        .store
        .links_to_check(Some(&[old.id]), false, t.now, 100)
        .unwrap();
    assert_eq!(some.len(), 1);
    assert_eq!(t.store.links_to_check(None, true, at, 2).unwrap().len(), 2);
    // A page that may not be asked for waits too, and nothing is said of it.
    let later = t.now + DAY;
    t.write(|w| w.postpone_link(never.id, &never.url, later))
        .unwrap();
    t.write(|w| w.postpone_link(failed.id, &failed.url, later))
        .unwrap();
    assert_eq!(due(&t), [old.id]);
    assert_eq!(t.store.link(never.id).unwrap(), None);
    let link = t.store.link(failed.id).unwrap().unwrap();
    assert_eq!((link.status, link.failures.unwrap().count), (Some(404), 1));
}

#[test]
fn what_is_known_follows_a_note_to_the_trash_and_back_but_not_to_another_address() {
    let mut t = TestStore::checked();
    let note = t.save("https://e.org/a", "", &[], "").note;
    let at = t.now;
    let gone = check(LinkVerdict::Gone, at + DAY * 90);
    t.write(|w| w.record_link(note.id, &note.url, &gone))
        .unwrap();
    let known = t.store.link(note.id).unwrap();
    assert_eq!(known.as_ref().unwrap().verdict, LinkVerdict::Gone);

    t.write(|w| w.delete_note(note.id)).unwrap();
    assert_eq!(t.store.link(note.id).unwrap(), known);
    assert_eq!(due(&t), []);
    // The answer came too late.
    assert!(
        !t.write(|w| w.record_link(note.id, &note.url, &gone))
            .unwrap()
    );
    t.write(|w| w.restore_note(note.id)).unwrap();
    assert_eq!(t.store.link(note.id).unwrap(), known);

    let other = PageUrl::parse("https://e.org/b").unwrap();
    t.write(|w| w.change_address(note.id, &other)).unwrap();
    assert_eq!(t.store.link(note.id).unwrap(), None);
    assert_eq!(due(&t), [note.id]);
    assert!(
        !t.write(|w| w.record_link(note.id, &note.url, &gone))
            .unwrap()
    );

    t.write(|w| w.record_link(note.id, "https://e.org/b", &gone))
        .unwrap();
    t.write(|w| w.delete_note(note.id)).unwrap();
    t.let_hours_pass(31 * 24);
    assert_eq!(t.store.link(note.id).unwrap(), None);
    t.check();
}

#[test]
fn a_merged_note_keeps_what_is_known_of_its_own_address() {
    let mut t = TestStore::checked();
    let [keep, drop] =
        ["https://e.org/a", "https://e.org/b"].map(|url| t.save(url, "", &[], "").note);
    let at = t.now;
    t.write(|w| {
        w.record_link(keep.id, &keep.url, &check(LinkVerdict::Ok, at))?;
        w.record_link(drop.id, &drop.url, &check(LinkVerdict::Gone, at))
    })
    .unwrap();
    t.write(|w| w.merge_notes(keep.id, drop.id)).unwrap();
    let verdict = |t: &TestStore, id| t.store.link(id).unwrap().map(|link| link.verdict);
    assert_eq!(verdict(&t, keep.id), Some(LinkVerdict::Ok));
    assert_eq!(verdict(&t, drop.id), Some(LinkVerdict::Gone));
    t.write(|w| w.restore_note(drop.id)).unwrap();
    assert_eq!(verdict(&t, drop.id), Some(LinkVerdict::Gone));
}

#[test]
fn the_wayback_machine_is_asked_once_for_each_page_that_is_gone() {
    let mut t = TestStore::checked();
    let [gone, there] =
        ["https://e.org/a", "https://e.org/b"].map(|url| t.save(url, "", &[], "").note);
    let at = t.now;
    t.write(|w| {
        w.record_link(gone.id, &gone.url, &check(LinkVerdict::Gone, at))?;
        w.record_link(there.id, &there.url, &check(LinkVerdict::Ok, at))
    })
    .unwrap();
    let missing = |t: &TestStore| -> Vec<NoteId> {
        let found = t.store.links_without_archive(None, 100).unwrap();
        found.into_iter().map(|link| link.id).collect()
    };
    assert_eq!(missing(&t), [gone.id]);
    assert_eq!(t.store.links_that_answered(3).unwrap(), ["https://e.org/b"]);
    t.write(|w| w.set_archive_of_link(gone.id, None)).unwrap();
    assert_eq!(missing(&t), []);
    assert_eq!(t.store.link(gone.id).unwrap().unwrap().archive_url, None);
    let copy = "https://web.archive.org/web/20200101000000/https://e.org/a";
    t.write(|w| w.set_archive_of_link(gone.id, Some(copy)))
        .unwrap();
    // A later check doesn't lose it.
    t.write(|w| w.record_link(gone.id, &gone.url, &check(LinkVerdict::Ok, at)))
        .unwrap();
    let link = t.store.link(gone.id).unwrap().unwrap();
    assert_eq!(link.archive_url.as_deref(), Some(copy));
}

#[test]
fn links_are_found_by_what_their_checks_found() {
    let mut t = TestStore::checked();
    let [gone, moved, soft, there, never] =
        ["gone", "moved", "soft", "there", "never"].map(|name| {
            t.save(&format!("https://e.org/{name}"), name, &["a"], "")
                .note
        });
    let at = t.now;
    for (note, verdict) in [
        (&gone, LinkVerdict::Gone),
        (&moved, LinkVerdict::Moved),
        (&soft, LinkVerdict::Soft),
        (&there, LinkVerdict::Ok),
    ] {
        t.write(|w| w.record_link(note.id, &note.url, &check(verdict, at)))
            .unwrap();
    }
    let found = |t: &TestStore, query: &str| {
        let query = crate::domain::Query::parse(query);
        assert_eq!(query.problems, []);
        let ids = t.store.matching_ids(&query).unwrap();
        let page = t.store.search(&query, None, 10).unwrap();
        let shown: Vec<NoteId> = page.hits.iter().map(|hit| hit.note.id).collect();
        assert_eq!(ids, shown);
        ids
    };
    assert_eq!(found(&t, "is:gone"), [gone.id]);
    assert_eq!(found(&t, "is:moved tag:a"), [moved.id]);
    assert_eq!(found(&t, "is:soft gone"), []);
    assert_eq!(found(&t, "is:unreachable"), []);
    assert_eq!(
        found(&t, "-is:gone -is:moved tag:a"),
        [never.id, there.id, soft.id]
    );
    t.write(|w| w.delete_note(gone.id)).unwrap();
    assert_eq!(found(&t, "is:gone"), []);
    assert_eq!(found(&t, "is:deleted is:gone"), [gone.id]);
    assert_eq!(found(&t, "is:deleted -is:gone"), []);
}

/// Records that the page of a note has moved.
fn moved_to(t: &mut TestStore, id: NoteId, target: &str) {
    let at = t.now;
    let note = t.store.note(id).unwrap().unwrap();
    let check = LinkCheck {
        final_url: Some(target.to_owned()),
        ..check(LinkVerdict::Moved, at)
    };
    t.write(|w| w.record_link(id, &note.url, &check)).unwrap();
}

fn edit(t: &mut TestStore, ids: &[NoteId]) -> BulkEdit {
    let follow = BulkChange {
        follow: true,
        ..BulkChange::default()
    };
    follow.check().unwrap();
    let operation = Operation {
        id: uuid::Uuid::new_v4(),
        method: "editNotes",
    };
    let counted = t.store.dry_run_edit(ids, &follow).unwrap();
    t.now += SignedDuration::from_secs(1);
    let done = t.store.edit_notes(operation, t.now, ids, &follow).unwrap();
    t.check();
    assert_eq!(
        (counted.changed, counted.unchanged, counted.refused),
        (done.changed, done.unchanged, done.refused.clone())
    );
    done
}

fn undo(t: &mut TestStore, edit: &BulkEdit) -> BulkEdit {
    let operation = Operation {
        id: uuid::Uuid::new_v4(),
        method: "undoEdit",
    };
    t.now += SignedDuration::from_secs(1);
    let undone = t.store.undo_edit(operation, t.now, edit.id.unwrap());
    t.check();
    undone.unwrap()
}

#[test]
fn notes_follow_their_moved_pages_and_an_undo_takes_them_back() {
    let mut t = TestStore::checked();
    let [moved, part, taken, same, stays] = [
        "https://old.example/a",
        "https://old.example/b#part",
        "https://old.example/c",
        "https://old.example/d",
        "https://new.example/c",
    ]
    .map(|url| t.save(url, "A", &["x"], "").note);
    moved_to(&mut t, moved.id, "https://new.example/a");
    moved_to(&mut t, part.id, "https://new.example/b");
    moved_to(&mut t, taken.id, "https://new.example/c");
    // Two pages became one.
    moved_to(&mut t, same.id, "https://new.example/a?utm_source=x");
    let all = [moved.id, part.id, taken.id, same.id, stays.id];
    assert_eq!(
        t.store.followed(part.id).unwrap().as_deref(),
        Some("https://new.example/b#part")
    );
    let done = edit(&mut t, &all);
    assert_eq!((done.changed, done.unchanged), (2, 1));
    assert_eq!(
        done.refused.0,
        [
            (taken.id, Refusal::AddressTaken),
            (same.id, Refusal::AddressTaken)
        ]
    );
    let note = |t: &TestStore, id| t.store.note(id).unwrap().unwrap();
    assert_eq!(note(&t, moved.id).url, "https://new.example/a");
    assert_eq!(note(&t, moved.id).addresses, ["https://old.example/a"]);
    assert_eq!(note(&t, part.id).url, "https://new.example/b#part");
    // Nothing is known of the new address.
    assert_eq!(t.store.link(moved.id).unwrap(), None);
    assert_eq!(edit(&mut t, &[moved.id]).changed, 0);

    // One of them was changed since.
    let change = crate::domain::Change {
        title: Some("Other".into()),
        ..crate::domain::Change::default()
    };
    t.write(|w| w.update_note(part.id, change)).unwrap();
    let undone = undo(&mut t, &done);
    assert_eq!((undone.restored, undone.refused.1), (2, 2));
    assert_eq!(note(&t, moved.id), moved);
    assert_eq!(note(&t, part.id).url, part.url);
    assert_eq!(note(&t, part.id).title, "Other");
    let link = t.store.link(moved.id).unwrap().unwrap();
    assert_eq!(link.verdict, LinkVerdict::Moved);
    assert_eq!(link.final_url.as_deref(), Some("https://new.example/a"));
    assert_eq!(t.found("site:new.example"), ["A"]);
}

#[test]
fn an_undo_keeps_an_address_that_was_changed_since() {
    let mut t = TestStore::checked();
    let note = t.save("https://old.example/a", "A", &[], "").note;
    moved_to(&mut t, note.id, "https://new.example/a");
    let done = edit(&mut t, &[note.id]);
    let other = PageUrl::parse("https://other.example/").unwrap();
    t.write(|w| w.change_address(note.id, &other)).unwrap();
    let undone = undo(&mut t, &done);
    assert_eq!(undone.refused.0, [(note.id, Refusal::ChangedSince)]);
    assert_eq!(
        t.store.note(note.id).unwrap().unwrap().url,
        "https://other.example/"
    );
}

#[test]
fn damaged_records_of_checks_are_found() {
    let mut t = TestStore::new();
    let note = t.save("https://e.org/a", "", &[], "").note;
    let at = t.now;
    t.write(|w| w.record_link(note.id, &note.url, &check(LinkVerdict::Ok, at)))
        .unwrap();
    let faults = |t: &TestStore| -> Vec<String> {
        let faults = check_content::examine(&t.store.conn).unwrap();
        faults.into_iter().map(|fault| fault.sentence).collect()
    };
    assert_eq!(faults(&t), [""; 0]);
    for (damage, sentence) in [
        (
            "UPDATE links SET verdict = 6",
            "Some checks of links are damaged (1).",
        ),
        (
            "UPDATE links SET verdict = 0, failed_at = 1",
            "Some checks of links are damaged (1).",
        ),
        (
            "UPDATE links SET failed_at = NULL, note_id = 7",
            "Some checks of links belong to no note (1).",
        ),
    ] {
        t.store.conn.execute(damage, []).unwrap();
        assert_eq!(faults(&t), [sentence], "{damage}");
    }
}

#[test]
fn a_page_that_is_due_later_than_any_check_asks_for_is_due() {
    let mut t = TestStore::new();
    let note = t.save("https://e.org/a", "", &[], "").note;
    for (days, expected) in [(90, vec![]), (92, vec![note.id]), (4000, vec![note.id])] {
        let due_at = t.now + SignedDuration::from_hours(24 * days);
        t.write(|w| w.record_link(note.id, &note.url, &check(LinkVerdict::Ok, due_at)))
            .unwrap();
        assert_eq!(due(&t), expected, "{days}");
    }
}

#[test]
fn an_address_with_an_access_token_is_no_new_address() {
    let mut t = TestStore::checked();
    let note = t.save("https://e.org/old", "", &[], "").note;
    let moved = LinkCheck {
        final_url: Some("https://e.org/new?access_token=eyJhbGciOiJIUzI1NiJ9.e30.abc".into()),
        ..check(LinkVerdict::Moved, t.now + DAY * 90)
    };
    let recorded = t.write(|w| w.record_link(note.id, &note.url, &moved));
    assert!(recorded.unwrap());
    let known = t.store.link(note.id).unwrap().unwrap();
    assert_eq!((known.verdict, known.final_url), (LinkVerdict::Ok, None));
}
