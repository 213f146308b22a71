//! Sync beside backups, repairs, imports, undo and wrong clocks.
//!
//! Devices hand each other their states through a place, as a run does with files.

use std::{fs, path::PathBuf, rc::Rc};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    tests::{Device, PAGE, Shown},
    *,
};
use crate::{
    domain::{
        ExportedFields, ImportedRow, Metadata, NoteId, PageUrl, Tag, parse_tags,
        sync::{Life, PageId, State},
    },
    store::{
        check,
        notes::{bulk_edits::BulkChange, import::Origin, tag_edits::TagEdit},
        recovery::{
            backup::restore_backup, check_content::examine, damaged_database::DamagedDatabase,
            faults::Area, rebuild::repair,
        },
        test_store::TestStore,
        transaction::Operation,
    },
};

/// The files of all devices.
#[derive(Clone, Default)]
struct Place {
    files: Vec<Rc<(String, Unpublished)>>,
}

impl Device {
    /// Reads the files that the database doesn't know.
    fn read_unknown(&mut self, place: &Place, only_own: bool) -> Applied {
        let mut applied = Applied::default();
        let known = self.t.store.segments().unwrap();
        for (number, file) in place.files.iter().enumerate() {
            let name = number.to_string();
            let is_known = known.iter().any(|segment| segment.file == name);
            if is_known || only_own && file.0 != self.id {
                continue;
            }
            applied.add(self.read(&file.1, &file.0));
            self.note_segment(&file.0, name);
        }
        applied
    }

    fn note_segment(&mut self, device: &str, file: String) {
        let segment = SegmentRecord {
            device: device.to_owned(),
            file,
            bytes: 1,
            found_at: self.t.now,
            read_at: Some(self.t.now),
            problem: None,
            folded_at: None,
            gone_at: None,
        };
        self.t
            .store
            .record_segments(&[segment], self.t.now)
            .unwrap();
    }

    fn publish_into(&mut self, place: &mut Place) {
        let published = self.publish();
        if !published.is_empty() {
            let id = self.id.clone();
            self.note_segment(&id, place.files.len().to_string());
            place.files.push(Rc::new((id, published)));
        }
    }

    /// Runs as `sync now` does.
    fn run(&mut self, place: &mut Place) -> Applied {
        self.read_unknown(place, true);
        self.publish_into(place);
        let applied = self.read_unknown(place, false);
        self.publish_into(place);
        self.t.store.purge_states(self.t.now).unwrap();
        self.t.store.record_sync_run(None, self.t.now).unwrap();
        assert_eq!(examine(&self.t.store.conn).unwrap(), []);
        applied
    }

    fn backup(&self) -> PathBuf {
        let made = self.t.store.backup(None, false, self.t.now);
        made.unwrap().file
    }

    fn restore(&mut self, file: &std::path::Path, everywhere: bool) -> RestoredSync {
        self.t.now += SignedDuration::from_secs(1);
        let path = self.t.store.path.clone();
        let done = restore_backup(&path, file, everywhere, self.t.now).unwrap();
        self.t.store.refresh().unwrap();
        done.sync
    }

    fn delete(&mut self, id: NoteId) {
        self.write(|writer| writer.delete_note(id));
    }

    fn is_in_trash(&self, url: &str) -> bool {
        let url = PageUrl::parse(url).unwrap();
        self.note(url.as_str()).is_none()
            && self.t.store.trashed_note_for_url(&url).unwrap().is_some()
    }

    fn import(&mut self, urls: &[&str], updated_at: Timestamp) {
        self.write(|writer| {
            let origin = Origin {
                file: "a.json".into(),
                format: "json".into(),
            };
            let import = writer.import(origin, updated_at);
            for url in urls {
                import.note(ImportedRow {
                    url: PageUrl::parse(url)?,
                    title: "Imported".into(),
                    tags: parse_tags(&["import"])?,
                    summary: "imported text".into(),
                    metadata: Metadata::default(),
                    saved_at: Some(updated_at),
                    updated_at: Some(updated_at),
                    kept: ExportedFields::default(),
                })?;
            }
            import.finish()
        });
    }

    fn edit_many(&mut self, ids: &[NoteId], change: &BulkChange) -> i64 {
        self.t.now += SignedDuration::from_secs(1);
        let operation = Operation {
            id: Uuid::new_v4(),
            method: "editNotes",
        };
        let (store, now) = (&mut self.t.store, self.t.now);
        let edit = store.edit_notes(operation, now, ids, change).unwrap();
        while store.continue_edits(now).unwrap() {}
        edit.id.unwrap()
    }

    fn undo_many(&mut self, edit: i64) {
        self.t.now += SignedDuration::from_secs(1);
        let operation = Operation {
            id: Uuid::new_v4(),
            method: "undoEdit",
        };
        let (store, now) = (&mut self.t.store, self.t.now);
        store.undo_edit(operation, now, edit).unwrap();
        while store.continue_edits(now).unwrap() {}
    }
}

/// Lets all devices run until nothing is new.
#[track_caller]
fn settle(devices: &mut [&mut Device], place: &mut Place) {
    for _ in 0..10 {
        let files = place.files.len();
        for device in devices.iter_mut() {
            device.run(place);
        }
        let is_done = !(devices.iter()).any(|device| {
            device.t.store.has_unpublished_changes().unwrap()
                && device.t.store.unpublished(1).unwrap().is_empty()
        });
        if place.files.len() == files && is_done {
            for device in &devices[1..] {
                assert_eq!(difference(device, devices[0]), "");
                assert_eq!(device.implied(), devices[0].implied());
                assert_eq!(device.searches(), devices[0].searches());
            }
            return;
        }
    }
    panic!("the devices go on publishing");
}

/// Returns which notes of two devices differ, with their texts cut off.
fn difference(one: &Device, other: &Device) -> String {
    let (one, other) = (one.all(), other.all());
    let only = |of: &[Shown], others: &[Shown]| {
        let notes = of.iter().filter(|note| !others.contains(note));
        let notes = notes.map(|note| {
            let mut note = note.clone();
            note.2.truncate(40);
            format!("{note:?}\n")
        });
        notes.collect::<String>()
    };
    let (left, right) = (only(&one, &other), only(&other, &one));
    match left.is_empty() && right.is_empty() {
        true => String::new(),
        false => format!("{left}but\n{right}"),
    }
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn page(number: u32) -> String {
    format!("https://e.org/{number}")
}

#[test]
fn after_a_restored_backup_all_changes_since_come_again() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let ids: Vec<NoteId> = (0..5)
        .map(|n| a.save(&page(n), "A", &["x"], "one\n"))
        .collect();
    settle(&mut [&mut a, &mut b], &mut place);
    // Not absorbed when the backup is made.
    a.rewrite(ids[4], "one\nnot yet published\n");
    let backup = a.backup();
    a.delete(ids[0]);
    b.delete(ids[1]);
    b.rewrite(ids[2], "one\nfrom b\n");
    a.retag(ids[3], &["x", "new"]);
    a.save(&page(5), "Later", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    let before = a.all();
    b.t.let_hours_pass(24 * 40);
    b.t.store.purge_states(b.t.now).unwrap();
    assert_eq!(a.restore(&backup, false), RestoredSync::Continues);
    assert_eq!(a.t.store.counts().unwrap().notes, 5);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.all(), before);
    assert!(a.is_in_trash(&page(0)) && a.is_in_trash(&page(1)));
    assert_eq!(a.note(&page(2)).unwrap().summary, "one\nfrom b\n");
    assert_eq!(
        a.note(&page(4)).unwrap().summary,
        "one\nnot yet published\n"
    );
}

#[test]
fn a_backup_restored_everywhere_becomes_the_newest_version_on_all_devices() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let ids: Vec<NoteId> = (0..4)
        .map(|n| a.save(&page(n), "A", &["ml"], "one\n"))
        .collect();
    settle(&mut [&mut a, &mut b], &mut place);
    a.delete(ids[3]);
    settle(&mut [&mut a, &mut b], &mut place);
    let backup = a.backup();
    let wanted = a.all();
    let rename = TagEdit::Rename {
        from: Tag::parse("ml").unwrap(),
        to: Tag::parse("machine learning").unwrap(),
        alias: true,
    };
    b.write(|writer| writer.edit_tags(&rename));
    b.delete(ids[0]);
    b.rewrite(ids[1], "ruined\n");
    b.write(|writer| writer.restore_note(ids[3]));
    b.write(|writer| {
        let moved = PageUrl::parse("https://elsewhere.example/")?;
        writer.change_address(ids[2], &moved)
    });
    b.save(&page(9), "Saved since", &["later"], "keep me in the trash");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.restore(&backup, true), RestoredSync::Everywhere);
    assert!(a.t.store.has_unpublished_changes().unwrap());
    settle(&mut [&mut a, &mut b], &mut place);
    let visible = |all: &[Shown]| {
        let notes = all.iter().map(|note| {
            let tags: Vec<&str> = note.3.iter().map(Tag::as_str).collect();
            format!("{} {} {} {tags:?} {}", note.0, note.1, note.2, note.4)
        });
        notes.collect::<Vec<_>>()
    };
    assert_eq!(visible(&b.all()), visible(&wanted));
    for device in [&a, &b] {
        assert!(device.is_in_trash(&page(9)));
        assert!(device.is_in_trash(&page(3)));
    }
    // The alias of the renamed tag is gone, too.
    b.save(&page(10), "New", &["ml"], "");
    assert_eq!(b.tags(&page(10)), ["ml"]);
    // Once, not again and again.
    b.retitle(ids[0], "Typed later");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.note(&page(0)).unwrap().title, "Typed later");
}

#[test]
fn a_backup_from_before_sync_ends_it_and_can_be_restored_everywhere() {
    let (mut a, mut b, mut place) = (Device::unsynced(1), Device::new(2), Place::default());
    let id = a.save(PAGE, "A", &[], "old");
    let backup = a.backup();
    a.begin();
    settle(&mut [&mut a, &mut b], &mut place);
    b.delete(id);
    b.save(&page(1), "B", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    let current = a.backup();
    let ended = RestoredSync::Ended("folder:/nowhere".into());
    assert_eq!(a.restore(&backup, false), ended);
    assert_eq!(a.t.store.sync_setup().unwrap(), None);
    assert_eq!(a.absorb(), 0);
    let path = a.t.store.path.clone();
    assert!(restore_backup(&path, &backup, true, a.t.now).is_err());
    // The replaced notes were synced, but the ones here aren't by now.
    let not_resumed = RestoredSync::NotResumed("folder:/nowhere".into());
    assert_eq!(a.restore(&current, false), not_resumed);
    a.begin();
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(
        a.is_in_trash(PAGE),
        "states are kept, so nothing resurrects"
    );
    assert_eq!(a.restore(&backup, true), RestoredSync::Everywhere);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.note(PAGE).unwrap().summary, "old");
    assert!(b.is_in_trash(&page(1)));
}

#[test]
fn a_backup_of_another_device_leaves_this_one_what_it_is() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    a.save(PAGE, "A", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    let backup = a.backup();
    b.save(&page(1), "Only b", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.restore(&backup, false), RestoredSync::Continues);
    let setup = b.t.store.sync_setup().unwrap().unwrap();
    assert_eq!(
        (&setup.device, &setup.name),
        (&b.id, &format!("device {}", b.id))
    );
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(b.note(&page(1)).is_some());
    // Its own files say what it has published: it heals those, not the files of the other device.
    b.t.store.record_healing(true, b.t.now).unwrap();
    let again = b.t.store.unpublished(usize::MAX).unwrap();
    assert_eq!(again.pages.len(), 1);
    // A computer without notes goes on as the device of the backup.
    let dir = tempfile::tempdir().unwrap();
    let done = restore_backup(&dir.path().join("notes.db"), &backup, false, a.t.now).unwrap();
    assert_eq!(done.sync, RestoredSync::Resumed("folder:/nowhere".into()));
}

#[test]
fn an_undone_import_leaves_what_another_device_edited() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let kept = a.save(&page(0), "Mine", &[], "mine");
    settle(&mut [&mut a, &mut b], &mut place);
    let old: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let urls: Vec<String> = (0..5).map(page).collect();
    let urls: Vec<&str> = urls.iter().map(|url| &**url).collect();
    a.import(&urls, old);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 5);
    // One that b edits and a reads, by a clock that is years behind, and one that a doesn't read before
    // the undo.
    let now = b.t.now;
    b.t.now = "2015-01-01T00:00:00Z".parse().unwrap();
    let id = b.note(&page(1)).unwrap().id;
    b.retag(id, &["import", "b"]);
    b.t.now = now;
    settle(&mut [&mut a, &mut b], &mut place);
    let id = b.note(&page(2)).unwrap().id;
    b.rewrite(id, "edited by b");
    let undone = a.write(|writer| writer.undo_import());
    assert_eq!((undone.removed, undone.kept), (3, 1));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.note(&page(1)).unwrap().title, "Imported");
    assert_eq!(a.note(&page(2)).unwrap().summary, "edited by b");
    assert!(b.is_in_trash(&page(3)) && b.is_in_trash(&page(4)));
    assert_eq!(b.t.store.note(kept).unwrap().unwrap().summary, "mine");
}

#[test]
fn an_import_of_a_page_that_another_device_saved_first_is_undone_without_its_note() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    b.t.now -= days(4000);
    b.save(PAGE, "B", &["b"], "from b");
    b.t.now += days(4000);
    a.import(&[PAGE], "2020-01-01T00:00:00Z".parse().unwrap());
    settle(&mut [&mut a, &mut b], &mut place);
    a.write(|writer| writer.undo_import());
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(b.note(PAGE).unwrap().summary.contains("from b"));
}

#[test]
fn a_page_that_another_device_saves_while_its_import_is_undone_is_the_same_on_both() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    a.import(&[PAGE], "2020-01-01T00:00:00Z".parse().unwrap());
    a.run(&mut place);
    a.write(|writer| writer.undo_import());
    a.run(&mut place);
    // It hasn't read anything yet.
    b.save(PAGE, "B", &["b"], "from b");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.tags(PAGE), ["import", "b"]);
}

#[test]
fn edits_of_many_notes_and_their_undo_reach_the_other_device() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let ids: Vec<NoteId> = (0..4).map(|n| a.save(&page(n), "A", &["x"], "")).collect();
    settle(&mut [&mut a, &mut b], &mut place);
    let tags = |name: &str| BulkChange {
        add_tags: parse_tags(&[name]).unwrap(),
        remove_tags: parse_tags(&["x"]).unwrap(),
        ..BulkChange::default()
    };
    let first = a.edit_many(&ids, &tags("one"));
    settle(&mut [&mut a, &mut b], &mut place);
    let second = a.edit_many(&ids, &tags("two"));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.tags(&page(1)), ["one", "two"]);
    b.retag(ids[0], &["one", "two", "b"]);
    settle(&mut [&mut a, &mut b], &mut place);
    a.undo_many(second);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.tags(&page(0)), ["one", "b"]);
    assert_eq!(b.tags(&page(1)), ["one"]);
    a.undo_many(first);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.tags(&page(0)), ["b", "x"]);
    assert_eq!(b.tags(&page(1)), ["x"]);
    // Deletions: one note is edited elsewhere before it learns of them.
    let delete = BulkChange {
        delete: true,
        ..BulkChange::default()
    };
    let deletion = a.edit_many(&ids, &delete);
    b.rewrite(ids[3], "needed");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 1);
    a.undo_many(deletion);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 4);
    assert_eq!(a.note(&page(3)).unwrap().summary, "needed");
}

#[test]
fn an_undo_is_exact_although_the_clocks_of_the_devices_disagree() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let id = a.save(PAGE, "A", &["b", "a", "x"], "");
    settle(&mut [&mut a, &mut b], &mut place);
    b.t.now += days(3000);
    b.retitle(id, "Typed in the future");
    settle(&mut [&mut a, &mut b], &mut place);
    let edit = a.edit_many(
        &[id],
        &BulkChange {
            add_tags: parse_tags(&["y"]).unwrap(),
            remove_tags: parse_tags(&["b"]).unwrap(),
            ..BulkChange::default()
        },
    );
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.tags(PAGE), ["a", "x", "y"]);
    a.undo_many(edit);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.tags(PAGE), ["b", "a", "x"], "in the order of before");
    a.import(&[PAGE], "2020-01-01T00:00:00Z".parse().unwrap());
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(b.tags(PAGE).contains(&"import".to_owned()));
    let undone = a.write(|writer| writer.undo_import());
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!((undone.restored, undone.kept), (1, 0));
    assert_eq!(b.tags(PAGE), ["b", "a", "x"]);
}

#[test]
fn a_merged_note_that_another_device_edits_is_shown_on_all_devices() {
    let mut devices = [1, 2, 3].map(Device::new);
    let mut place = Place::default();
    let [a, b, c] = &mut devices;
    let keep = a.save(&page(0), "Keep", &["k"], "kept");
    let drop = a.save(&page(1), "Drop", &["d"], "dropped");
    settle(&mut [a, b, c], &mut place);
    a.write(|writer| writer.merge_notes(keep, drop));
    a.run(&mut place);
    c.run(&mut place);
    b.retag(drop, &["d", "b"]);
    settle(&mut [a, b, c], &mut place);
    for device in [a, b, c] {
        assert_eq!(device.tags(&page(0)), ["k", "d"]);
        assert_eq!(device.tags(&page(1)), ["d", "b"]);
    }
}

#[test]
fn merged_and_restored_notes_are_the_same_on_all_devices() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let keep = a.save(&page(0), "Keep", &["k"], "kept");
    let drop = a.save(&page(1), "Drop", &["d"], "dropped");
    settle(&mut [&mut a, &mut b], &mut place);
    a.write(|writer| writer.merge_notes(keep, drop));
    b.retag(keep, &["k", "b"]);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 1);
    assert_eq!(b.tags(&page(0)), ["k", "d", "b"]);
    a.write(|writer| writer.restore_note(drop));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.note(&page(1)).unwrap().title, "Drop");
    // A page that is saved anew, and the old note restored with it.
    b.delete(keep);
    let anew = b.save(&page(0), "Anew", &["n"], "anew");
    b.write(|writer| writer.restore_note_with(keep, anew));
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(a.tags(&page(0)).contains(&"n".to_owned()));
    assert_eq!(a.t.store.counts().unwrap().notes, 2);
}

#[test]
fn a_cloned_disk_and_a_database_of_yesterday_lose_nothing() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let ids: Vec<NoteId> = (0..3)
        .map(|n| a.save(&page(n), "A", &["x"], "one\n"))
        .collect();
    settle(&mut [&mut a, &mut b], &mut place);
    let mut twin = Device {
        t: a.t.cloned(),
        id: a.id.clone(),
    };
    let yesterday = a.t.cloned();
    a.rewrite(ids[0], "one\nfrom a\n");
    twin.rewrite(ids[0], "from twin\none\n");
    twin.delete(ids[1]);
    twin.save(&page(7), "Twin", &[], "");
    a.save(&page(8), "A", &[], "");
    settle(&mut [&mut a, &mut twin, &mut b], &mut place);
    assert_eq!(
        b.note(&page(0)).unwrap().summary,
        "from twin\none\nfrom a\n"
    );
    assert!(b.is_in_trash(&page(1)));
    assert_eq!(b.t.store.counts().unwrap().notes, 4);
    a.t = yesterday;
    a.t.now += days(1);
    a.retag(ids[2], &["x", "y"]);
    settle(&mut [&mut a, &mut b, &mut twin], &mut place);
    assert_eq!(a.t.store.counts().unwrap().notes, 4);
    assert_eq!(b.tags(&page(2)), ["x", "y"]);
    assert!(a.is_in_trash(&page(1)));
}

#[test]
fn clocks_of_1970_and_2200_decide_nothing_but_dates() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let id = a.save(PAGE, "A", &["x"], "one\n");
    settle(&mut [&mut a, &mut b], &mut place);
    b.t.now = "2200-12-01T00:00:00Z".parse().unwrap();
    b.rewrite(id, "one\nfrom 2200\n");
    b.save(&page(1), "Saved in 2200", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    a.t.now = "1970-01-02T00:00:00Z".parse().unwrap();
    a.rewrite(id, "one\nfrom 2200\nand 1970\n");
    a.save(&page(2), "Saved in 1970", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.note(PAGE).unwrap().summary, "one\nfrom 2200\nand 1970\n");
    a.delete(id);
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(b.is_in_trash(PAGE));
    b.write(|writer| writer.restore_note(id));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.tags(PAGE), ["x"]);
    assert_eq!(a.t.store.counts().unwrap().notes, 3);
}

#[test]
fn a_note_that_another_device_edits_survives_the_purge_of_its_deletion() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let (edited, gone) = (
        a.save(PAGE, "A", &["x"], "text"),
        a.save(&page(1), "B", &[], ""),
    );
    settle(&mut [&mut a, &mut b], &mut place);
    a.delete(edited);
    a.delete(gone);
    a.run(&mut place);
    b.retag(edited, &["x", "b"]);
    a.t.let_hours_pass(24 * 35);
    a.run(&mut place);
    assert!(a.t.store.trashed_note(edited).unwrap().is_none());
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.tags(PAGE), ["x", "b"]);
    assert_eq!(a.note(PAGE).unwrap().summary, "text");
    assert!(b.is_in_trash(&page(1)));
    assert!(a.note(&page(1)).is_none());
    // Saved anew where the old note is only in the trash of the other.
    a.save(&page(1), "Anew", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.note(&page(1)).unwrap().title, "Anew");
}

#[test]
fn many_notes_deleted_elsewhere_are_counted_and_in_the_trash() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let ids: Vec<NoteId> = (0..30).map(|n| a.save(&page(n), "A", &["x"], "")).collect();
    settle(&mut [&mut a, &mut b], &mut place);
    let delete = BulkChange {
        delete: true,
        ..BulkChange::default()
    };
    b.edit_many(&ids[..25], &delete);
    b.run(&mut place);
    assert_eq!(a.run(&mut place).trashed, 25);
    assert!(a.is_in_trash(&page(3)));
    a.write(|writer| writer.restore_note(ids[3]));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 6);
}

/// A state of a page as a device with other rules of page keys publishes it.
fn under_another_key(mut file: Unpublished, url: &str, key: &str) -> Unpublished {
    let page = PageId::of(key).to_string();
    for line in &mut file.pages {
        line.insert("k".into(), page.clone().into());
        let origin = match &mut line["origin"] {
            serde_json::Value::Object(versions) => versions.values_mut().next().unwrap(),
            bare => bare,
        };
        origin[0] = url.into();
    }
    file
}

#[test]
fn two_pages_that_become_one_are_shown_as_one_note_without_end() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let (old_url, url) = ("https://e.org/x%7Ey", "https://e.org/x~y");
    // What an older program saved under the key that its rules gave.
    let mut older = Device::new(3);
    let id = older.save(url, "Older", &["old"], "by the older program");
    let first = under_another_key(older.publish(), old_url, old_url);
    a.save(url, "A", &["a"], "by a");
    settle(&mut [&mut a, &mut b], &mut place);
    place.files.push(Rc::new((older.id.clone(), first)));
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(a.t.store.counts().unwrap().notes, 1);
    let note = b.note(url).unwrap();
    assert!(note.summary.contains("by a") && note.summary.contains("by the older program"));
    assert_eq!(note.summary.matches("by a").count(), 1);
    older.rewrite(id, "by the older program\nwith a further line");
    let second = under_another_key(older.publish(), old_url, old_url);
    place.files.push(Rc::new((older.id.clone(), second)));
    settle(&mut [&mut a, &mut b], &mut place);
    assert!(b.note(url).unwrap().summary.contains("with a further line"));
    a.save(&page(1), "More", &[], "");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.counts().unwrap().notes, 2);
}

#[test]
fn a_note_that_took_over_another_page_tells_where_that_one_went() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    let (old_url, url) = ("https://e.org/x%7Ey", "https://e.org/x~y");
    let mut older = Device::new(3);
    older.save(url, "Older", &["old"], "by the older program");
    let file = under_another_key(older.publish(), old_url, old_url);
    let page = PageId::of(old_url);
    place.files.push(Rc::new((older.id.clone(), file)));
    settle(&mut [&mut a, &mut b], &mut place);
    // As the migration to new rules does: the younger note is gone, the older one has its content.
    let young = a.note(url).unwrap();
    a.write(|writer| {
        writer.remove(young.id)?;
        let id = NoteId(young.id.0 - 1_000_000);
        let mut note = young.clone();
        note.id = id;
        note.saved_at = id.moment();
        writer.insert(&note, &PageUrl::parse(url)?)
    });
    settle(&mut [&mut a, &mut b], &mut place);
    let state = a.write(|writer| {
        let states = states::States::new(writer)?;
        Ok(states.of_page(page)?.unwrap().state)
    });
    assert_eq!(state.life(), Some(&Life::Moved(PageId::of(url))));
    assert_eq!(b.note(url).unwrap().summary, "by the older program");
    assert_eq!(b.t.store.counts().unwrap().notes, 1);
}

/// Two devices that know the same.
fn filled() -> (Device, Device, Place) {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    for number in 0..40 {
        let text = format!("text {number}\n").repeat(if number % 9 == 0 { 700 } else { 12 });
        let tags = [
            format!("tag {}", number % 7),
            "all".into(),
            format!("own {number}"),
        ];
        let tags: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
        let id = a.save(&page(number), &format!("Title {number}"), &tags, &text);
        if number % 3 == 0 {
            a.put_text(id, &format!("words of page {number} ").repeat(30));
        }
    }
    let rename = TagEdit::Rename {
        from: Tag::parse("tag 3").unwrap(),
        to: Tag::parse("third").unwrap(),
        alias: true,
    };
    for number in 0..7 {
        a.imply(&format!("tag {number}"), "all");
        a.imply(&format!("own {number}"), &format!("tag {number}"));
        a.save_search(
            &format!("Search {number}"),
            &format!("tag:\"tag {number}\""),
        );
    }
    settle(&mut [&mut a, &mut b], &mut place);
    b.write(|writer| writer.edit_tags(&rename));
    b.no_longer_imply("tag 2", "all");
    b.imply("tag 2", "own 9");
    b.write(|writer| writer.forget_search("search 2"));
    b.save_search("search 4", "newer");
    for number in [5, 6] {
        let id = b.note(&page(number)).unwrap().id;
        b.delete(id);
    }
    for number in [9, 12] {
        let id = b.note(&page(number)).unwrap().id;
        b.write(|writer| writer.remove_text(id));
        b.put_text(
            b.note(&page(number + 12)).unwrap().id,
            &"a longer text ".repeat(90),
        );
    }
    for number in 10..20 {
        let id = b.note(&page(number)).unwrap().id;
        b.rewrite(id, &format!("rewritten {number}\n").repeat(20));
    }
    settle(&mut [&mut a, &mut b], &mut place);
    (a, b, place)
}

#[test]
fn whatever_page_of_the_file_is_lost_nothing_is_lost_on_any_device() {
    const BYTES: usize = 4096;
    let (a, b, place) = filled();
    let wanted = (b.all(), b.texts());
    let wanted_registers = (b.implied(), b.searches());
    assert!(wanted_registers.0.contains(&"own 3>third".to_owned()));
    let clone = a.t.cloned();
    let path = clone.store.path.clone();
    drop(clone.store);
    let bytes = fs::read(&path).unwrap();
    let (mut completed, mut ended, mut lost_states) = (0, 0, 0);
    let damaged = DamagedDatabase::open(&path).unwrap();
    let mut pages: Vec<usize> = vec![0];
    for name in [
        "notes",
        "notes_by_page",
        "note_tags",
        "tags",
        "tag_aliases",
        "trash",
        "sync",
        "sync_pages",
        "sync_lists",
        "sync_tag_edits",
        "sync_aliases",
        "sync_registers",
        "tag_parents",
        "tag_parents_by_parent",
        "searches",
        "sync_page_texts",
        "texts",
    ] {
        let own = damaged
            .own(name)
            .map(|page| usize::try_from(page).unwrap() - 1);
        pages.extend(own);
    }
    for number in pages {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut damaged = bytes.clone();
        damaged[number * BYTES..(number + 1) * BYTES].fill(0);
        fs::write(&path, &damaged).unwrap();
        let now = a.t.now + SignedDuration::from_secs(60);
        // Nobody notices a lost end of a long text.
        let Some(salvage) = repair(&path, now).unwrap().salvage else {
            continue;
        };
        let mut place = place.clone();
        let mut repaired = Device {
            t: TestStore::in_folder(dir, now),
            id: a.id.clone(),
        };
        let mut other = Device {
            t: b.t.cloned(),
            id: b.id.clone(),
        };
        println!(
            "{number}: {} {} {}",
            salvage.synced, salvage.lost_states, salvage.sync_ended
        );
        completed += salvage.synced;
        lost_states += salvage.lost_states;
        if repaired.t.store.sync_setup().unwrap().is_none() {
            assert!(salvage.sync_ended, "page {number}: {salvage:?}");
            ended += 1;
            repaired.begin();
        }
        settle(&mut [&mut repaired, &mut other], &mut place);
        assert!(other.all() == wanted.0, "page {number}: {salvage:?}");
        assert!(other.texts() == wanted.1, "page {number}: {salvage:?}");
        assert!(repaired.texts() == wanted.1, "page {number}: {salvage:?}");
        assert!(other.is_in_trash(&page(5)), "page {number}");
        assert_eq!(
            other.implied(),
            wanted_registers.0,
            "page {number}: {salvage:?}"
        );
        assert_eq!(
            other.searches(),
            wanted_registers.1,
            "page {number}: {salvage:?}"
        );
    }
    assert!(
        completed > 0 && lost_states == 0 && ended == 1,
        "{completed} {lost_states} {ended}"
    );
}

#[test]
fn a_repair_keeps_what_the_user_changed_since_the_last_run() {
    let (mut a, mut b, mut place) = filled();
    let id = a.note(&page(1)).unwrap().id;
    a.rewrite(id, "typed before the disk broke");
    a.save(&page(99), "Saved before the disk broke", &["all"], "");
    a.no_longer_imply("tag 1", "all");
    a.imply("tag 1", "one");
    a.write(|writer| writer.forget_search("search 1"));
    a.save_search("search 5", "typed before the disk broke");
    let path = a.t.store.path.clone();
    a.t.store
        .conn
        .execute("UPDATE meta SET tags = 0", [])
        .unwrap();
    let salvage = repair(&path, a.t.now).unwrap().salvage.unwrap();
    assert_eq!((salvage.synced, salvage.sync_ended), (0, false));
    a.t.store.refresh().unwrap();
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(
        b.note(&page(1)).unwrap().summary,
        "typed before the disk broke"
    );
    assert!(b.note(&page(99)).is_some());
    let implied = b.implied();
    let has = |pair: &str| implied.contains(&pair.to_owned());
    assert!(has("tag 1>one") && has("tag 2>own 9") && !has("tag 1>all") && !has("tag 2>all"));
    let searches = b.searches();
    assert_eq!(searches.len(), 5);
    assert!(searches.contains(&"search 5: typed before the disk broke".to_owned()));
    assert_eq!(
        b.note(&page(11)).unwrap().summary,
        "rewritten 11\n".repeat(20)
    );
}

#[test]
fn check_finds_faults_of_sync() {
    for damage in [
        "UPDATE sync SET device = 'x'",
        "UPDATE sync SET place = ''",
        "UPDATE sync SET restoring = 7",
        "UPDATE sync_pages SET state = x'00' WHERE page = (SELECT min(page) FROM sync_pages)",
        "UPDATE sync_pages SET state = (SELECT state FROM sync_pages ORDER BY page DESC LIMIT 1)
         WHERE page = (SELECT min(page) FROM sync_pages)",
        "DELETE FROM sync_lists WHERE number = 0",
        "UPDATE sync_lists SET edits = '[1]'",
        "UPDATE sync_tag_edits SET from_names = 'x'",
        "UPDATE sync_tag_edits SET id = 'x'",
        "UPDATE sync_aliases SET version = 'x'",
        "UPDATE sync_registers SET version = 'x'",
        "UPDATE sync_registers SET name = '['",
        "UPDATE sync_registers SET value = '{' WHERE kind = 'search'",
        "UPDATE sync_registers SET list = 99",
        "DROP INDEX sync_pages_by_note; UPDATE sync_pages SET note_id = (SELECT max(id) FROM notes)",
        "UPDATE sync_pages SET note_id = 1000000 WHERE page = (SELECT min(page) FROM sync_pages
             WHERE note_id IN (SELECT id FROM notes))",
    ] {
        let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
        for number in 0..3 {
            a.save(&page(number), "A", &["x"], "text");
        }
        settle(&mut [&mut a, &mut b], &mut place);
        let rename = TagEdit::Rename {
            from: Tag::parse("x").unwrap(),
            to: Tag::parse("y").unwrap(),
            alias: true,
        };
        a.write(|writer| writer.edit_tags(&rename));
        a.save(&page(3), "A", &["z"], "text");
        a.imply("y", "z");
        a.save_search("S", "tag:z");
        settle(&mut [&mut a, &mut b], &mut place);
        let path = a.t.store.path.clone();
        a.t.store.conn.execute_batch(damage).unwrap();
        let health = check(&path).unwrap();
        let found = health.faults.iter().any(|fault| fault.area == Area::Sync);
        let is_schema = damage.starts_with("DROP");
        assert!(
            found || is_schema && health.is_damaged(),
            "{damage}: {health:?}"
        );
        repair(&path, a.t.now).unwrap().salvage.unwrap();
        assert_eq!(check(&path).unwrap().faults, []);
        a.t.store.refresh().unwrap();
        if a.t.store.sync_setup().unwrap().is_none() {
            a.begin();
        }
        let wanted = b.all();
        settle(&mut [&mut a, &mut b], &mut place);
        assert_eq!(b.all(), wanted, "{damage}");
        assert_eq!(b.implied(), ["y>z"], "{damage}");
        assert_eq!(b.searches(), ["S: tag:z"], "{damage}");
    }
}

#[test]
fn implied_tags_and_searches_changed_since_a_restored_backup_come_again() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    a.save(PAGE, "A", &["ml"], "");
    a.imply("ml", "cs");
    a.imply("x", "y");
    a.save_search("Old", "tag:old");
    a.save_search("Both", "tag:old");
    settle(&mut [&mut a, &mut b], &mut place);
    // Not absorbed when the backup is made.
    a.imply("unseen", "y");
    let backup = a.backup();
    a.no_longer_imply("x", "y");
    let rename = TagEdit::Rename {
        from: Tag::parse("ml").unwrap(),
        to: Tag::parse("machine learning").unwrap(),
        alias: true,
    };
    b.write(|writer| writer.edit_tags(&rename));
    b.imply("new", "cs");
    b.write(|writer| writer.forget_search("old"));
    b.save_search("Both", "tag:new");
    settle(&mut [&mut a, &mut b], &mut place);
    let wanted = ["machine learning>cs", "new>cs", "unseen>y"];
    assert_eq!(a.implied(), wanted);
    assert_eq!(a.restore(&backup, false), RestoredSync::Continues);
    assert_eq!(a.implied(), ["ml>cs", "unseen>y", "x>y"]);
    assert_eq!(a.searches().len(), 2);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.implied(), wanted);
    assert_eq!(b.searches(), ["Both: tag:new"]);
}

#[test]
fn implied_tags_and_searches_of_a_backup_restored_everywhere_are_those_of_all_devices() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    a.save(PAGE, "A", &["ml"], "");
    a.imply("ml", "cs");
    a.imply("a", "b");
    a.save_search("Old", "tag:old");
    settle(&mut [&mut a, &mut b], &mut place);
    let backup = a.backup();
    let (implied, searches) = (a.implied(), a.searches());
    // What is left out now would have room in the backup.
    a.imply("p", "q");
    b.t.now += SignedDuration::from_mins(5);
    b.imply("q", "p");
    let rename = TagEdit::Rename {
        from: Tag::parse("ml").unwrap(),
        to: Tag::parse("machine learning").unwrap(),
        alias: true,
    };
    b.write(|writer| writer.edit_tags(&rename));
    b.no_longer_imply("a", "b");
    b.imply("new", "cs");
    b.write(|writer| writer.forget_search("old"));
    b.save_search("New", "tag:new");
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.t.store.left_out_implications().unwrap().len(), 1);
    assert_eq!(a.restore(&backup, true), RestoredSync::Everywhere);
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!((b.implied(), b.searches()), (implied, searches));
    assert!(a.t.store.left_out_implications().unwrap().is_empty());
    assert_eq!(b.tags(PAGE), ["ml"]);
}

#[test]
fn an_undone_import_takes_back_its_implied_tags_and_searches_on_all_devices() {
    let (mut a, mut b, mut place) = (Device::new(1), Device::new(2), Place::default());
    a.imply("mine", "cs");
    a.save_search("Mine", "tag:mine");
    settle(&mut [&mut a, &mut b], &mut place);
    a.t.now += SignedDuration::from_mins(1);
    a.write(|writer| {
        let origin = Origin {
            file: "a.json".into(),
            format: "json".into(),
        };
        let import = writer.import(origin, writer.now);
        for tag in ["mine", "imported"] {
            import.implication(&Tag::parse(tag)?, &Tag::parse("cs")?)?;
        }
        import.search("Imported", "tag:imported")?;
        import.finish()
    });
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.implied(), ["imported>cs", "mine>cs"]);
    assert_eq!(b.searches(), ["Imported: tag:imported", "Mine: tag:mine"]);
    a.write(|writer| writer.undo_import());
    settle(&mut [&mut a, &mut b], &mut place);
    assert_eq!(b.implied(), ["mine>cs"]);
    assert_eq!(b.searches(), ["Mine: tag:mine"]);
}

#[test]
fn a_state_that_is_read_again_says_what_was_published() {
    let (mut a, mut place) = (Device::new(1), Place::default());
    a.save(PAGE, "A", &[], "");
    a.absorb();
    // The file is written, but the database has no record of it.
    let found = a.t.store.unpublished(usize::MAX).unwrap();
    let line = found.pages[0].clone();
    place.files.push(Rc::new((a.id.clone(), found)));
    a.run(&mut place);
    assert_eq!(place.files.len(), 1);
    a.t.store.record_healing(true, a.t.now).unwrap();
    let again = a.t.store.unpublished(usize::MAX).unwrap();
    assert_eq!(again.pages, std::slice::from_ref(&line));
    assert!(State::from_json(line, &again.lists).is_ok());
}
