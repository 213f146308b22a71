//! Tests that jumps of the computer's clock lose nothing.

use super::*;

/// Saves and deletes a note at the store's current time.
fn deleted(t: &mut TestStore) -> NoteId {
    let id = t.save("https://e.org/deleted", "A", &["x"], "text").note.id;
    t.write(|writer| writer.delete_note(id)).unwrap();
    id
}

fn is_there(t: &TestStore, id: NoteId) -> bool {
    t.store.trashed_note(id).unwrap().is_some()
}

#[test]
fn a_start_with_a_clock_sixty_days_ahead_keeps_the_trash() {
    let mut t = TestStore::checked();
    let id = deleted(&mut t);
    t.now += SignedDuration::from_hours(24 * 60);
    for number in 0..40 {
        t.store.prune(t.now).unwrap();
        t.save(&format!("https://e.org/{number}"), "B", &[], "");
        assert!(is_there(&t, id), "after {number} saves");
    }
    // After the clock is corrected, the note can be restored.
    t.now -= SignedDuration::from_hours(24 * 60);
    t.save("https://e.org/right", "C", &[], "");
    assert_eq!(
        t.write(|writer| writer.restore_note(id)).unwrap().summary,
        "text"
    );
}

#[test]
fn a_clock_that_jumps_at_each_start_leaves_the_trash_alone() {
    let mut t = TestStore::checked();
    let id = deleted(&mut t);
    let right = t.now;
    for number in 0..100 {
        let years = [0, 60 * 24, -50_000, 170 * 365 * 24][number % 4];
        t.now = right + SignedDuration::from_hours(years);
        t.store.prune(t.now).unwrap();
        t.save(&format!("https://e.org/{number}"), "B", &[], "");
        assert!(is_there(&t, id), "after {number} saves");
    }
}

#[test]
fn after_a_jump_the_trash_ages_a_day_per_day() {
    let mut t = TestStore::checked();
    let id = deleted(&mut t);
    // The computer is off for three weeks.
    t.now += SignedDuration::from_hours(24 * 21);
    t.let_hours_pass(24 * 28);
    assert!(is_there(&t, id));
    t.let_hours_pass(24 * 2);
    assert!(!is_there(&t, id));
}

#[test]
fn a_note_that_is_deleted_while_the_clock_is_behind_stays_thirty_days() {
    let mut t = TestStore::checked();
    t.save("https://e.org/first", "A", &[], "");
    let right = t.now;
    t.now = "1970-01-01T00:00:30Z".parse().unwrap();
    let id = deleted(&mut t);
    assert!(is_there(&t, id));
    t.now = right;
    t.store.prune(t.now).unwrap();
    t.let_hours_pass(24 * TRASH_DAYS - 24);
    assert!(is_there(&t, id));
    t.let_hours_pass(24 * 2);
    assert!(!is_there(&t, id));
}

#[test]
fn an_operation_is_applied_once_even_after_a_clock_jump() {
    let mut t = TestStore::checked();
    let operation = Operation {
        id: Uuid::from_u128(7),
        method: "saveNote",
    };
    let save = |t: &mut TestStore| {
        let number = t.store.counts().unwrap().notes;
        let new = new_note(&format!("https://e.org/{number}"), "", &[], "");
        let saved = |writer: &Writer<'_>| {
            Ok(OperationResult {
                new_title: None,
                note: writer.save_note(&new)?.note,
                created: true,
            })
        };
        t.store.idempotent(operation, t.now, saved).unwrap().note.id
    };
    let first = save(&mut t);
    for days in [0, 400, -9000, 400] {
        t.now += SignedDuration::from_hours(24 * days);
        t.store.prune(t.now).unwrap();
        assert_eq!(save(&mut t), first);
    }
}

#[test]
fn an_implausible_clock_is_refused_and_loses_nothing() {
    let mut t = TestStore::checked();
    let id = deleted(&mut t);
    let right = t.now;
    for moment in [
        "1969-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
        "9999-12-30T21:00:00Z",
    ] {
        t.now = moment.parse().unwrap();
        let refused = t.store.write(t.now, |_| Ok(())).unwrap_err();
        assert_eq!(refused.kind(), crate::protocol::ErrorKind::ClockWrong);
        let year = &moment[..4];
        assert_eq!(
            refused.to_string(),
            format!(
                "The clock of this computer shows the year {year}, so nothing was changed. Set the clock, then try again."
            )
        );
        assert!(t.store.prune(t.now).is_err());
    }
    t.now = right;
    t.save("https://e.org/right", "B", &[], "");
    assert!(is_there(&t, id));
}

#[test]
fn a_database_without_a_clock_starts_at_its_newest_time() {
    let mut t = TestStore::checked();
    let id = deleted(&mut t);
    t.store
        .conn
        .execute(
            "UPDATE meta SET clock = NULL, clock_seen = NULL, clock_highest = NULL",
            [],
        )
        .unwrap();
    t.now += SignedDuration::from_hours(24 * 60);
    t.store.prune(t.now).unwrap();
    assert!(is_there(&t, id));
}
