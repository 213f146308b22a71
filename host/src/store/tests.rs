//! Tests of the store through its public methods.

mod clock;
mod model;
mod titles;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    connection::schema::SCHEMA,
    notes::tags::renew_names,
    recovery::check_content::examine,
    test_store::{TestStore, new_note},
    transaction::writes::PRUNED_AT_ONCE,
    *,
};
use crate::{
    domain::{Change, NewNote, Note, NoteId, PageUrl, Query, Quote, Tag, parse_tags},
    error::{Error, Result, StoreFault},
};

fn names(note: &Note) -> Vec<&str> {
    note.tags.iter().map(Tag::as_str).collect()
}

fn counted(tags: &[TagCount]) -> Vec<(&str, u64)> {
    tags.iter()
        .map(|tag| (tag.tag.as_str(), tag.uses))
        .collect()
}

#[test]
fn a_saved_note_is_found_as_it_was_saved() {
    let mut t = TestStore::checked();
    let saved = t.save(
        "https://e.org/a?utm_source=x",
        "A",
        &["z", "a", "m"],
        "**b**",
    );
    assert!(saved.before.is_none());
    assert_eq!(saved.note.id, NoteId::at(t.now));
    let url = PageUrl::parse("http://e.org/a/").unwrap();
    let note = t.store.note_for_url(&url).unwrap().unwrap();
    assert_eq!(note, saved.note);
    assert_eq!(note.url, "https://e.org/a?utm_source=x");
    assert_eq!(names(&note), ["z", "a", "m"]);
    assert_eq!(t.store.note(note.id).unwrap(), Some(note));
    assert_eq!(t.store.counts().unwrap(), Counts { notes: 1, tags: 3 });
}

#[test]
fn a_resave_keeps_the_users_text_and_unites_the_tags() {
    let mut t = TestStore::checked();
    let first = t
        .save("https://e.org/a", "Mine", &["b", "a"], "my text")
        .note;
    let mut again = new_note("http://e.org/a", "Theirs", &["a", "c"], "other text");
    again.metadata.excerpt = Some("what the page says".into());
    let saved = t.write(|writer| writer.save_note(&again)).unwrap();
    assert!(saved.before.is_some());
    assert_eq!(saved.note.id, first.id);
    assert_eq!(saved.note.url, "https://e.org/a");
    assert_eq!(saved.note.title, "Mine");
    assert_eq!(saved.note.summary, "my text");
    assert_eq!(names(&saved.note), ["b", "a", "c"]);
    assert_eq!(
        saved.note.metadata.excerpt.as_deref(),
        Some("what the page says")
    );
    assert!(saved.note.updated_at > first.updated_at);
    // A page without metadata now doesn't erase what it had before.
    let third = t.save("https://e.org/a", "", &[], "").note;
    assert_eq!(third.metadata, saved.note.metadata);
    assert_eq!(t.store.counts().unwrap(), Counts { notes: 1, tags: 3 });
}

#[test]
fn an_empty_title_and_summary_take_the_new_ones() {
    let mut t = TestStore::checked();
    t.save("https://e.org/a", "", &[], "");
    let note = t.save("https://e.org/a", "Title", &[], "text").note;
    assert_eq!(
        (note.title.as_str(), note.summary.as_str()),
        ("Title", "text")
    );
}

#[test]
fn a_quote_is_appended_once() {
    let mut t = TestStore::checked();
    let mut new = new_note("https://e.org/a", "A", &[], "my text");
    new.quote = Quote::new("selected", "", "");
    let first = t.write(|writer| writer.save_note(&new)).unwrap().note;
    assert!(first.summary.starts_with("my text\n\n> selected\n"));
    let again = t.write(|writer| writer.save_note(&new)).unwrap().note;
    assert_eq!(again.summary, first.summary);
}

#[test]
fn an_update_replaces_what_is_given_and_nothing_else() {
    let mut t = TestStore::checked();
    let note = t.save("https://e.org/a", "A", &["x", "y"], "text").note;
    let change = Change {
        tags: Some(parse_tags(&["y", "z", "x"]).unwrap()),
        ..Change::default()
    };
    let changed = t
        .write(|writer| writer.update_note(note.id, change))
        .unwrap();
    assert_eq!(names(&changed), ["y", "z", "x"]);
    assert_eq!(
        (changed.title.as_str(), changed.summary.as_str()),
        ("A", "text")
    );
    assert_eq!(t.store.note(note.id).unwrap(), Some(changed));
    let change = Change {
        title: Some("B".into()),
        tags: Some(Vec::new()),
        summary: Some(String::new()),
        ..Change::default()
    };
    let changed = t
        .write(|writer| writer.update_note(note.id, change))
        .unwrap();
    assert_eq!((names(&changed).len(), changed.title.as_str()), (0, "B"));
    assert_eq!(t.store.counts().unwrap(), Counts { notes: 1, tags: 0 });
    assert_eq!(t.found("text"), [""; 0]);
    let missing = t.write(|writer| writer.update_note(NoteId(1), Change::default()));
    assert!(matches!(missing, Err(Error::NotFound)));
}

#[test]
fn a_deleted_note_is_only_in_the_trash_and_is_restored_completely() {
    let mut t = TestStore::checked();
    let note = t
        .save("https://e.org/a", "Needle", &["b", "a"], "text")
        .note;
    let deleted = t.write(|writer| writer.delete_note(note.id)).unwrap();
    assert_eq!(deleted.deleted_at, Some(t.now));
    assert_eq!(t.store.note(note.id).unwrap(), None);
    assert_eq!(
        t.store.trashed_note(note.id).unwrap(),
        Some(deleted.clone())
    );
    assert_eq!(t.found("needle"), [""; 0]);
    assert_eq!(t.store.counts().unwrap(), Counts { notes: 0, tags: 0 });
    assert_eq!(t.store.latest_notes(None, 9).unwrap(), []);
    // Deleting a deleted note changes nothing.
    assert_eq!(
        t.write(|writer| writer.delete_note(note.id)).unwrap(),
        deleted
    );

    let back = t.write(|writer| writer.restore_note(note.id)).unwrap();
    assert_eq!(back, note);
    assert_eq!(t.store.note(note.id).unwrap(), Some(note.clone()));
    assert_eq!(t.found("needle"), ["Needle"]);
    assert_eq!(t.store.counts().unwrap(), Counts { notes: 1, tags: 2 });
    assert_eq!(t.store.trashed_note(note.id).unwrap(), None);
}

#[test]
fn a_page_saved_again_keeps_its_deleted_note_in_the_trash() {
    let mut t = TestStore::checked();
    let old = t.save("https://e.org/a", "Old", &["x"], "").note;
    t.write(|writer| writer.delete_note(old.id)).unwrap();
    let new = t.save("https://e.org/a", "New", &[], "");
    assert!(new.before.is_none());
    assert_ne!(new.note.id, old.id);
    let restored = t.write(|writer| writer.restore_note(old.id));
    assert!(matches!(restored, Err(Error::Conflict)));
    t.write(|writer| writer.delete_note(new.note.id)).unwrap();
    assert_eq!(
        t.write(|writer| writer.restore_note(old.id)).unwrap().title,
        "Old"
    );
}

#[test]
fn the_trash_is_emptied_after_thirty_days() {
    let mut t = TestStore::checked();
    let note = t.save("https://e.org/a", "A", &[], "").note;
    t.write(|writer| writer.delete_note(note.id)).unwrap();
    t.let_hours_pass(24 * TRASH_DAYS - 1);
    t.save("https://e.org/b", "B", &[], "");
    assert!(t.store.trashed_note(note.id).unwrap().is_some());
    t.now += SignedDuration::from_hours(2);
    t.save("https://e.org/c", "C", &[], "");
    assert!(t.store.trashed_note(note.id).unwrap().is_none());
}

#[test]
fn saves_at_the_same_time_have_different_ids() {
    let mut t = TestStore::checked();
    let now = t.now;
    let ids: Vec<i64> = (0..3)
        .map(|n| {
            let new = new_note(&format!("https://e.org/{n}"), "", &[], "");
            t.store
                .write(now, |writer| writer.save_note(&new))
                .unwrap()
                .note
                .id
                .0
        })
        .collect();
    let first = NoteId::at(now).0;
    assert_eq!(ids, [first, first + 1_000, first + 2_000]);
    // Nor the id of a note in the trash.
    t.store
        .write(now, |writer| writer.delete_note(NoteId(first + 2_000)))
        .unwrap();
    let new = new_note("https://e.org/x", "", &[], "");
    let note = t
        .store
        .write(now, |writer| writer.save_note(&new))
        .unwrap()
        .note;
    assert_eq!(note.id.0, first + 3_000);
}

#[test]
fn a_note_keeps_the_time_of_its_save_even_if_others_share_it() {
    let mut t = TestStore::checked();
    let midnight: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let just_before = midnight - SignedDuration::from_millis(1);
    // Times on two days, increased on collision.
    let moments = [just_before; 3].into_iter().chain([midnight; 2]);
    let mut ids = Vec::new();
    for (number, moment) in moments.enumerate() {
        let new = new_note(
            &format!("https://e.org/{number}"),
            &format!("n{number}"),
            &["x"],
            "",
        );
        let saved = t
            .write(|writer| writer.save_note_of(&new, moment))
            .unwrap()
            .note;
        assert_eq!(saved.saved_at, moment);
        assert_eq!(t.store.note(saved.id).unwrap().unwrap(), saved);
        ids.push(saved.id);
    }
    let first = NoteId::at(just_before).0;
    let expected = [0, 1, 2, 3, 4].map(|ms| NoteId(first + ms * 1000));
    assert_eq!(ids, expected);

    // A date filter finds exactly what was saved then, on every listing page.
    assert_eq!(t.found("after:2024 tag:x"), ["n4", "n3"]);
    assert_eq!(t.found("before:2024 tag:x"), ["n2", "n1", "n0"]);
    assert_eq!(t.found("before:2024 n1"), ["n1"]);
    assert_eq!(t.found("after:2024 n1"), [""; 0]);
    let query = Query::parse("before:2024");
    let mut place = None;
    let mut pages = Vec::new();
    loop {
        let found = t.store.search(&query, place, 1).unwrap();
        pages.extend(found.hits.into_iter().map(|hit| hit.note.title));
        place = found.next;
        if place.is_none() {
            break;
        }
    }
    assert_eq!(pages, ["n2", "n1", "n0"]);

    let stats = t.store.stats().unwrap();
    assert_eq!(stats.first, Some(just_before));
    assert_eq!(stats.last, Some(midnight));
    let recent = t
        .store
        .tag_list(TagOrder::Recent, "", None, 9, |_| Ok(0))
        .unwrap();
    assert_eq!(recent.tags[0].newest, Some(midnight));
    let outline = t.store.outline(&TagFilter::default()).unwrap();
    assert_eq!(
        outline.saved,
        [just_before, just_before, just_before, midnight, midnight]
    );

    // Also after a change, in the trash, and after a restore.
    let change = Change {
        title: Some("changed".into()),
        ..Change::default()
    };
    let note = t
        .write(|writer| writer.update_note(ids[2], change))
        .unwrap();
    let deleted = t.write(|writer| writer.delete_note(ids[2])).unwrap();
    assert_eq!(
        (note.saved_at, deleted.saved_at),
        (just_before, just_before)
    );
    assert_eq!(t.store.trashed_note(ids[2]).unwrap().unwrap(), deleted);
    let restored = t.write(|writer| writer.restore_note(ids[2])).unwrap();
    assert_eq!(restored, note);
    assert_eq!(t.store.note(ids[2]).unwrap().unwrap(), note);
}

#[test]
fn a_change_is_later_than_the_save_whatever_the_clock_says() {
    let mut t = TestStore::checked();
    let saved = t.save("https://e.org/", "", &[], "").note;
    t.now -= SignedDuration::from_hours(1);
    let mut last = saved.saved_at;
    for tag in ["a", "b"] {
        let note = t.save("https://e.org/", "", &[tag], "").note;
        assert!(note.updated_at > last, "{note:?}");
        last = note.updated_at;
    }
}

#[test]
fn an_operation_is_applied_once() {
    let mut t = TestStore::checked();
    let operation = Operation {
        id: Uuid::from_u128(7),
        method: "saveNote",
    };
    let new = new_note("https://e.org/a", "A", &["x"], "");
    let save = |t: &mut TestStore, title: &str| -> Result<String> {
        let new = NewNote {
            title: title.into(),
            ..new.clone()
        };
        let done = t.store.idempotent(operation, t.now, |writer| {
            let saved = writer.save_note(&new)?;
            Ok(OperationResult {
                new_title: None,
                created: saved.before.is_none(),
                note: saved.note,
            })
        })?;
        assert!(done.created);
        Ok(done.note.title)
    };
    assert_eq!(save(&mut t, "first").unwrap(), "first");
    let revision = t.store.revision().unwrap();
    t.now += SignedDuration::from_hours(1);
    assert_eq!(save(&mut t, "second").unwrap(), "first");
    assert_eq!(t.store.revision().unwrap(), revision);
    assert_eq!(t.store.counts().unwrap().notes, 1);

    let other = Operation {
        method: "deleteNote",
        ..operation
    };
    let reused = t
        .store
        .idempotent(other, t.now, |_| unreachable!("another method"));
    assert!(matches!(reused, Err(Error::OpIdReused)));

    // A failed operation wasn't applied, so it can be repeated.
    let failing = Operation {
        id: Uuid::from_u128(8),
        method: "saveNote",
    };
    let failed = t.store.idempotent(failing, t.now, |writer| {
        writer.save_note(&new_note("https://e.org/b", "B", &[], ""))?;
        Err(Error::NotFound)
    });
    assert!(failed.is_err());
    assert_eq!(t.store.counts().unwrap().notes, 1);
    let done = t.store.idempotent(failing, t.now, |writer| {
        Ok(OperationResult {
            new_title: None,
            note: writer
                .save_note(&new_note("https://e.org/b", "B", &[], ""))?
                .note,
            created: true,
        })
    });
    assert_eq!(done.unwrap().note.title, "B");
}

#[test]
fn a_repeated_operation_has_the_same_result_whatever_happened_to_its_note() {
    let mut t = TestStore::checked();
    let operation = Operation {
        id: Uuid::from_u128(9),
        method: "saveNote",
    };
    let mut new = new_note("https://e.org/a?utm_source=x", "A", &["x", "y z"], "text");
    new.metadata.excerpt = Some("what the page says".into());
    new.metadata.lang = Some("en".into());
    let save = |t: &mut TestStore| {
        let done = t.store.idempotent(operation, t.now, |writer| {
            Ok(OperationResult {
                new_title: None,
                note: writer.save_note(&new)?.note,
                created: true,
            })
        });
        done.unwrap()
    };
    let first = save(&mut t);
    t.write(|writer| writer.delete_note(first.note.id)).unwrap();
    assert_eq!(save(&mut t), first);
}

#[test]
fn an_operation_of_an_earlier_version_answers_with_its_note() {
    let mut t = TestStore::checked();
    let note = t.save("https://e.org/a", "A", &["x"], "").note;
    let operation = Operation {
        id: Uuid::from_u128(10),
        method: "saveNote",
    };
    let stored = format!(
        r#"{{"note":{{"id":{},"url":"https://e.org/a","title":"A","tags":["x"],"summary":"",
            "savedAt":"2025-08-12T10:00:01.000Z","updatedAt":"2025-08-12T10:00:01.000Z"}},"created":true}}"#,
        note.id.0
    );
    t.store
        .conn
        .execute(
            "INSERT INTO operations (op_id, method, result, done_at) VALUES (?, 'saveNote', ?, ?)",
            rusqlite::params![operation.id.as_bytes(), stored, t.now.as_microsecond()],
        )
        .unwrap();
    let again = |t: &mut TestStore| {
        let done = t
            .store
            .idempotent(operation, t.now, |_| unreachable!("done before"));
        done.unwrap()
    };
    let done = again(&mut t);
    assert!(done.created);
    assert_eq!(done.note, note);
    t.write(|writer| writer.delete_note(note.id)).unwrap();
    assert_eq!(again(&mut t).note.id, note.id);
}

#[test]
fn each_write_raises_the_revision() {
    let mut t = TestStore::checked();
    let before = t.store.revision().unwrap();
    let note = t.save("https://e.org/a", "A", &[], "").note;
    assert!(t.store.revision().unwrap() > before);
    let saved = t.store.revision().unwrap();
    t.write(|writer| writer.delete_note(note.id)).unwrap();
    assert!(t.store.revision().unwrap() > saved);
    let failed = t.write(|writer| writer.delete_note(NoteId(1)));
    assert!(failed.is_err());
}

#[test]
fn lists_are_newest_first_and_paged() {
    let mut t = TestStore::checked();
    for n in 0..5 {
        t.save(&format!("https://e.org/{n}"), &n.to_string(), &["x"], "");
    }
    let titles = |notes: Vec<Note>| notes.into_iter().map(|n| n.title).collect::<Vec<_>>();
    let first = t.store.latest_notes(None, 2).unwrap();
    let last = first[1].id;
    assert_eq!(titles(first), ["4", "3"]);
    assert_eq!(
        titles(t.store.latest_notes(Some(last), 2).unwrap()),
        ["2", "1"]
    );
    assert_eq!(titles(t.store.notes_page(1, 2).unwrap()), ["2", "1"]);
    assert_eq!(titles(t.store.notes_page(2, 2).unwrap()), ["0"]);
    assert_eq!(titles(t.store.notes_page(u64::MAX, 20).unwrap()), [""; 0]);
    let filter = TagFilter {
        with: parse_tags(&["x"]).unwrap(),
        ..TagFilter::default()
    };
    assert_eq!(
        titles(t.store.notes_with_tags(&filter, Some(last), 2).unwrap()),
        ["2", "1"]
    );
}

#[test]
fn tags_narrow_and_exclude() {
    let mut t = TestStore::checked();
    t.save("https://e.org/1", "1", &["gpu", "llm"], "");
    t.save("https://e.org/2", "2", &["gpu", "amd"], "");
    t.save("https://e.org/3", "3", &["gpu", "llm", "amd"], "");
    t.save("https://e.org/4", "4", &["other"], "");
    let check = |with: &[&str], without: &[&str], titles: &[&str]| {
        let filter = TagFilter {
            with: parse_tags(with).unwrap(),
            without: parse_tags(without).unwrap(),
        };
        let notes = t.store.notes_with_tags(&filter, None, 20).unwrap();
        let found: Vec<&str> = notes.iter().map(|note| note.title.as_str()).collect();
        assert_eq!(found, titles, "{with:?} {without:?}");
        let count = t.store.count_with_tags(&filter).unwrap();
        assert_eq!(usize::try_from(count).unwrap(), titles.len());
    };
    check(&["gpu"], &[], &["3", "2", "1"]);
    check(&["gpu", "llm"], &[], &["3", "1"]);
    check(&["gpu", "gpu"], &[], &["3", "2", "1"]);
    check(&["gpu"], &["llm"], &["2"]);
    check(&[], &["gpu"], &["4"]);
    check(&["gpu"], &["unknown"], &["3", "2", "1"]);
    check(&["unknown"], &[], &[]);
    let filter = TagFilter {
        with: parse_tags(&["gpu"]).unwrap(),
        ..TagFilter::default()
    };
    let related = t.store.related_tags(&filter, 9).unwrap();
    assert!(related.exact);
    assert_eq!(counted(&related.tags), [("amd", 2), ("llm", 2)]);
    assert_eq!(counted(&t.store.top_tags(2).unwrap())[0], ("gpu", 3));
    assert_eq!(
        counted(&t.store.tags(TagOrder::Name).unwrap())[0],
        ("amd", 2)
    );
    assert_eq!(
        counted(&t.store.tags(TagOrder::Recent).unwrap())[0],
        ("other", 1)
    );
}

#[test]
fn completes_beginnings_before_insides() {
    let mut t = TestStore::checked();
    t.save("https://e.org/1", "1", &["rust", "trust", "rusty nail"], "");
    t.save("https://e.org/2", "2", &["trust", "rusty nail"], "");
    t.save("https://e.org/3", "3", &["trust", "100%", "a_b"], "");
    let complete = |text: &str, exclude: &[&str]| {
        let tags = t
            .store
            .complete_tags(text, 8, &parse_tags(exclude).unwrap())
            .unwrap();
        tags.iter()
            .map(|tag| format!("{} {}", tag.tag, tag.uses))
            .collect::<Vec<_>>()
    };
    assert_eq!(complete("RUS", &[]), ["rusty nail 2", "rust 1", "trust 3"]);
    assert_eq!(complete("rus", &["rusty nail"]), ["rust 1", "trust 3"]);
    assert_eq!(complete("", &[])[0], "trust 3");
    assert_eq!(complete("%", &[]), ["100% 1"]);
    assert_eq!(complete("_", &[]), ["a_b 1"]);
    assert_eq!(complete("a,b", &[]), [""; 0]);
    assert_eq!(complete("rusty ", &[]), ["rusty nail 2"]);
}

#[test]
fn a_tag_is_completed_without_its_accents_and_in_other_widths() {
    let mut t = TestStore::checked();
    t.save("https://e.org/1", "1", &["café", "gödel", "naïve café"], "");
    t.save(
        "https://e.org/2",
        "2",
        &["café", "ＡＩ", "straße", "godiva"],
        "",
    );
    t.save(
        "https://e.org/3",
        "3",
        &["cafeteria", "ガンダム", "한국어"],
        "",
    );
    t.write(|writer| {
        let [name, of] = ["maße", "straße"].map(|name| Tag::parse(name).unwrap());
        writer.alias_tag(&name, &of)
    })
    .unwrap();
    let complete = |t: &TestStore, text: &str| {
        let tags = t.store.complete_tags(text, 8, &[]).unwrap();
        tags.into_iter()
            .map(|tag| tag.tag.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(complete(&t, "cafe"), ["cafeteria", "café", "naïve café"]);
    assert_eq!(complete(&t, "café"), ["café", "cafeteria", "naïve café"]);
    assert_eq!(complete(&t, "god"), ["godiva", "gödel"]);
    assert_eq!(complete(&t, "göd"), ["gödel", "godiva"]);
    assert_eq!(complete(&t, "ai"), ["ａｉ", "naïve café"]);
    assert_eq!(complete(&t, "ＣＡＦ"), ["café", "cafeteria", "naïve café"]);
    assert_eq!(complete(&t, "strasse"), ["straße"]);
    assert_eq!(complete(&t, "masse"), ["straße"]);
    assert_eq!(complete(&t, "ｶﾞﾝ"), ["ガンダム"]);
    assert_eq!(complete(&t, "국"), ["한국어"]);
    let filtered = |text: &str| {
        let list = t
            .store
            .tag_list(TagOrder::Name, text, None, 9, |_| Ok(0))
            .unwrap();
        assert_eq!(list.matching, Some(list.tags.len() as u64));
        let names = list.tags.into_iter().map(|tag| tag.count.tag.to_string());
        names.collect::<Vec<_>>()
    };
    for text in ["cafe", "café"] {
        assert_eq!(filtered(text), ["cafeteria", "café", "naïve café"]);
    }
    assert_eq!(filtered("ai"), ["naïve café", "ａｉ"]);

    // Found only by its new name after the rename.
    let edit = TagEdit::Rename {
        from: Tag::parse("gödel").unwrap(),
        to: Tag::parse("logik für alle").unwrap(),
        alias: false,
    };
    t.write(|writer| writer.edit_tags(&edit)).unwrap();
    assert_eq!(complete(&t, "godel"), [""; 0]);
    assert_eq!(complete(&t, "fur all"), ["logik für alle"]);
    assert_eq!(examine(&t.store.conn).unwrap(), []);
}

#[test]
fn finds_words_accents_and_cjk_inside_a_run() {
    let mut t = TestStore::checked();
    t.save(
        "https://arxiv.org/abs/1",
        "Gödel's proof",
        &["logic"],
        "A **theorem** about `provability`",
    );
    t.save(
        "https://www.example.jp/2",
        "GPUの性能について",
        &["機械学習"],
        "",
    );
    t.save(
        "https://export.arxiv.org/3",
        "שלום עולם",
        &["עברית"],
        "large language model",
    );
    assert_eq!(t.found("godel"), ["Gödel's proof"]);
    assert_eq!(t.found("GÖDEL theorem"), ["Gödel's proof"]);
    assert_eq!(t.found("prov"), ["Gödel's proof"]);
    assert_eq!(t.found("\"prov\""), [""; 0]);
    assert_eq!(t.found("性能"), ["GPUの性能について"]);
    assert_eq!(t.found("能性"), [""; 0]);
    assert_eq!(t.found("学習"), ["GPUの性能について"]);
    assert_eq!(t.found("gpu"), ["GPUの性能について"]);
    assert_eq!(t.found("שלום"), ["שלום עולם"]);
    assert_eq!(t.found("\"language model\""), ["שלום עולם"]);
    assert_eq!(t.found("\"model language\""), [""; 0]);
    assert_eq!(t.found("example"), ["GPUの性能について"]);
    assert_eq!(t.found("site:arxiv.org"), ["שלום עולם", "Gödel's proof"]);
    assert_eq!(t.found("-site:arxiv.org"), ["GPUの性能について"]);
    assert_eq!(t.found("site:example.jp"), ["GPUの性能について"]);
    assert_eq!(t.found("site:%"), [""; 0]);
    assert_eq!(t.found("tag:logic theorem"), ["Gödel's proof"]);
    assert_eq!(t.found("-tag:logic"), ["שלום עולם", "GPUの性能について"]);
    assert_eq!(t.found("-theorem"), ["שלום עולם", "GPUの性能について"]);
    assert_eq!(t.found("language -model"), [""; 0]);
    assert_eq!(t.found("before:2025-08-13 after:2025-08-12").len(), 3);
    assert_eq!(t.found("before:2025-08-12"), [""; 0]);
    assert_eq!(t.found("tag:unknown"), [""; 0]);
}

#[test]
fn nothing_typed_is_an_error() {
    let mut t = TestStore::checked();
    t.save("https://e.org/1", "c++ and .net", &["c++"], "");
    for query in [
        "",
        "\"",
        "'",
        "c++",
        ".net",
        "#lojban",
        "a AND",
        "NOT",
        "OR b",
        "(",
        "NEAR(a b)",
        "a*b",
        "title:x",
        "^a",
        "{a b}: c",
        "\u{0}a",
        "-",
        "--",
        "-\"\"",
        "tag:",
        "a\u{1F600}",
        "\\",
        "%",
        "Ⓐ",
        "٣",
    ] {
        assert!(
            t.store.search(&Query::parse(query), None, 5).is_ok(),
            "{query:?}"
        );
        assert!(t.store.complete_tags(query, 5, &[]).is_ok(), "{query:?}");
    }
    assert_eq!(t.found("c++"), ["c++ and .net"]);
}

#[test]
fn search_tells_whether_there_is_more() {
    let mut t = TestStore::checked();
    for n in 0..3 {
        t.save(&format!("https://e.org/{n}"), &n.to_string(), &[], "word");
    }
    let page = t.store.search(&Query::parse("word"), None, 2).unwrap();
    let last = page.hits[1].note.id;
    assert_eq!(page.next, Some(last));
    let rest = t
        .store
        .search(&Query::parse("word"), Some(last), 2)
        .unwrap();
    assert_eq!(rest.next, None);
    assert_eq!(rest.hits[0].note.title, "0");
    assert!(rest.hits[0].snippet.0[0].matched);
}

#[test]
fn a_reader_sees_what_a_writer_committed() {
    let mut t = TestStore::checked();
    let reader = Reader::open(&t.store.path).unwrap();
    assert_eq!(reader.counts().unwrap().notes, 0);
    t.save("https://e.org/1", "1", &[], "");
    assert_eq!(reader.counts().unwrap().notes, 1);
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let t = TestStore::checked();
    let path = t.store.path.clone();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap();
                for n in 0..20 {
                    let new = new_note(&format!("https://e.org/{writer}/{n}"), "", &["x"], "");
                    store
                        .write(crate::clock::now(), |w| w.save_note(&new))
                        .unwrap();
                }
            });
        }
    });
    t.check();
    assert_eq!(
        t.store.counts().unwrap(),
        Counts {
            notes: 160,
            tags: 1
        }
    );
    assert_eq!(t.store.tag_uses(&Tag::parse("x").unwrap()).unwrap(), 160);
}

#[test]
fn the_trash_is_emptied_even_if_nobody_writes() {
    let mut t = TestStore::checked();
    let ids: Vec<NoteId> = (0..2 * PRUNED_AT_ONCE)
        .map(|n| {
            let new = new_note(&format!("https://e.org/{n}"), "", &[], "");
            let save = |writer: &Writer<'_>| {
                let id = writer.save_note(&new)?.note.id;
                writer.delete_note(id)
            };
            t.store.write(t.now, save).unwrap().id
        })
        .collect();
    t.let_hours_pass(24 * TRASH_DAYS - 1);
    t.store.prune(t.now).unwrap();
    assert!(t.store.trashed_note(ids[0]).unwrap().is_some());
    t.now += SignedDuration::from_hours(2);
    t.store.prune(t.now).unwrap();
    let revision = t.store.revision().unwrap();
    assert_eq!(t.store.stats().unwrap().trash, 0);
    // Nothing has expired, so nothing is written.
    t.store.prune(t.now).unwrap();
    assert_eq!(t.store.revision().unwrap(), revision);
}

#[test]
fn a_save_goes_into_the_database_at_the_path_not_one_moved_away() {
    let mut t = TestStore::checked();
    let path = t.store.path.clone();
    t.save("https://e.org/old", "Old", &[], "");
    let other = path.with_file_name("other.db");
    drop(Store::open(&other).unwrap());
    let away = path.with_file_name("away.db");
    std::fs::rename(&path, &away).unwrap();
    std::fs::rename(
        path.with_file_name("notes.db-wal"),
        path.with_file_name("away.db-wal"),
    )
    .unwrap();
    std::fs::remove_file(path.with_file_name("notes.db-shm")).unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert!(!t.store.is_current().unwrap());
    t.save("https://e.org/new", "New", &[], "");
    let titles = |path: &Path| -> Vec<String> {
        let notes = Store::open(path).unwrap().latest_notes(None, 9).unwrap();
        notes.into_iter().map(|note| note.title).collect()
    };
    assert_eq!(titles(&path), ["New"]);
    assert_eq!(titles(&away), ["Old"]);
}

#[test]
fn a_store_migrated_meanwhile_is_not_written_to() {
    let mut t = TestStore::checked();
    t.save("https://e.org/old", "Old", &[], "");
    let newer = SCHEMA + 1;
    t.store
        .conn
        .pragma_update(None, "user_version", newer)
        .unwrap();
    let is_newer = |error: Error| {
        matches!(
            error,
            Error::Store {
                fault: StoreFault::Newer,
                ..
            }
        )
    };
    let new = new_note("https://e.org/new", "New", &[], "");
    assert!(is_newer(
        t.store
            .write(t.now, |writer| writer.save_note(&new))
            .unwrap_err()
    ));
    assert!(is_newer(t.store.is_current().unwrap_err()));
    assert_eq!(t.store.counts().unwrap().notes, 1);
}

#[test]
fn a_glance_at_closed_notes_leaves_no_file_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["notes.db", "file:a?b#c %41é.db"] {
        let folder = dir.path().join(format!("of {name}"));
        let path = folder.join(name);
        let mut store = Store::open(&path).unwrap();
        let note = new_note("https://e.org/", "Title", &[], "");
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        store.write(now, |writer| writer.save_note(&note)).unwrap();
        let time = std::time::Duration::from_secs(60);
        assert_eq!(glance(&path, time).unwrap().notes, Some(1), "open");
        drop(store);
        let names = || {
            let entries = std::fs::read_dir(&folder).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let before = names();
        let found = glance(&path, time).unwrap();
        assert_eq!(found.notes, Some(1));
        assert!(found.finished && found.faults.is_empty());
        assert_eq!(names(), before);
    }
}

#[test]
fn a_glance_ends_in_time() {
    let mut store = TestStore::checked();
    for number in 0..40 {
        let url = format!("https://e.org/{number}");
        store.save(&url, "Title", &["tag"], &"words of it ".repeat(200));
    }
    let path = store.store.path.clone();
    let sound = glance(&path, std::time::Duration::from_secs(60)).unwrap();
    assert!(sound.finished && sound.faults.is_empty());
    assert_eq!(
        (sound.notes, sound.schema),
        (Some(40), Some(sound.newest_schema))
    );
    let hurried = glance(&path, std::time::Duration::ZERO).unwrap();
    assert!(!hurried.finished && hurried.faults.is_empty());
    assert!(!is_open_to_others(&path) && !is_unwritable(&path));
}

#[test]
fn tags_of_older_versions_get_a_valid_look_alike_name_if_it_is_free() {
    let mut t = TestStore::checked();
    for page in 1..4 {
        t.save(&format!("https://e.org/{page}"), "A page", &["x"], "");
    }
    let number = |conn: &rusqlite::Connection, sql: &str| -> String {
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let conn = &t.store.conn;
    conn.execute_batch(
        "INSERT INTO tags (name) VALUES ('a\u{200b}b'), ('c\u{200b}d'), ('cd'), ('e\u{200b}f'), ('e\u{200c}f'), ('g，h');
         INSERT INTO tag_aliases (name, tag_id) VALUES ('i\u{200b}j', 1);",
    )
    .unwrap();
    let tx = conn.unchecked_transaction().unwrap();
    renew_names(&tx).unwrap();
    let names = number(
        &tx,
        "SELECT group_concat(name, ' ') FROM (SELECT name FROM tags ORDER BY id)",
    );
    assert_eq!(names, "x ab c\u{200b}d cd ef e\u{200c}f g，h");
    assert_eq!(number(&tx, "SELECT name FROM tag_aliases"), "ij");
}

#[test]
fn a_tag_of_an_older_version_with_a_comma_is_reported_and_can_be_renamed() {
    let mut t = TestStore::checked();
    t.save("https://e.org/1", "A page", &["x"], "");
    let conn = &t.store.conn;
    conn.execute(
        "UPDATE tags SET name = '絵，本', folded = '絵,本' WHERE name = 'x'",
        [],
    )
    .unwrap();
    let old = Tag::from_stored("絵，本".into());
    let health = check(&t.store.path).unwrap();
    assert_eq!((health.faults, health.listed), (vec![], vec![old.clone()]));
    let from = t.store.stored_tag(&Tag::sought("絵，本").unwrap()).unwrap();
    let to = Tag::parse("絵 本").unwrap();
    let alias = false;
    t.write(|writer| writer.edit_tags(&TagEdit::Rename { from, to, alias }))
        .unwrap();
    assert_eq!(check(&t.store.path).unwrap().listed, []);
    assert_eq!(t.found("tag:\"絵 本\""), ["A page"]);
}

#[test]
fn many_notes_are_reindexed_piece_by_piece() {
    let mut t = TestStore::checked();
    for page in 0..60 {
        t.save(&format!("https://e.org/{page}"), "A Hi-Fi page", &[], "");
    }
    // As an older version stored it.
    t.store
        .conn
        .execute_batch(
            "INSERT INTO notes_fts (notes_fts) VALUES ('delete-all');
             INSERT INTO notes_fts (rowid, title) SELECT id / 1000, 'a hi fi page' FROM notes;
             UPDATE meta SET reindex = (SELECT max(id) + 1 FROM notes);",
        )
        .unwrap();
    assert_eq!(t.found("\"hifi\"").len(), 0);
    assert_eq!(t.found("hi fi").len(), 60);
    let path = t.store.path.clone();
    let mut store = Store::open(&path).unwrap();
    while store.run_maintenance().unwrap().is_some() {}
    assert_eq!(t.found("\"hifi\"").len(), 60);
    let left: i64 = t
        .store
        .conn
        .query_row("SELECT reindex FROM meta", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    t.check();
}
