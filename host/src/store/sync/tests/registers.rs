//! Implied tags and saved searches of several devices.

use super::*;
use crate::{
    domain::{
        Implication,
        sync::{RegisterKey, Said, UniqueId},
    },
    store::notes::saved_searches::MAX_SEARCHES,
    sync::gaps::Gaps,
};

fn tag(name: &str) -> Tag {
    Tag::parse(name).unwrap()
}

fn rename(from: &str, to: &str) -> TagEdit {
    TagEdit::Rename {
        from: tag(from),
        to: tag(to),
        alias: false,
    }
}

fn merge(from: &[&str], into: &str, alias: bool) -> TagEdit {
    TagEdit::Merge {
        from: from.iter().copied().map(tag).collect(),
        into: tag(into),
        alias,
    }
}

impl Device {
    fn edit_tags(&mut self, edit: &TagEdit) {
        self.write(|writer| writer.edit_tags(edit));
    }

    fn left_out(&self) -> Vec<String> {
        let left_out = self.t.store.left_out_implications().unwrap().into_iter();
        left_out
            .map(|pair| format!("{}>{}", pair.tag, pair.implied))
            .collect()
    }

    fn forget_search(&mut self, name: &str) -> bool {
        self.write(|writer| writer.forget_search(name))
    }

    fn is_waiting(&self) -> bool {
        self.t.store.has_unpublished_changes().unwrap()
    }
}

#[test]
fn implied_tags_reach_the_other_device_and_so_does_their_removal() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    exchange(&mut a, &mut b);
    assert!(!a.is_waiting());
    a.imply("tokio", "rust");
    a.imply("rust", "programming");
    assert!(a.is_waiting());
    exchange(&mut a, &mut b);
    assert!(!a.is_waiting());
    assert_eq!(b.implied(), ["rust>programming", "tokio>rust"]);
    b.no_longer_imply("tokio", "rust");
    assert!(b.is_waiting());
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["rust>programming"]);
    // What is taken back before a run is no change.
    a.imply("x", "y");
    a.no_longer_imply("x", "y");
    assert!(a.publish().is_empty());
    a.imply("tokio", "rust");
    exchange(&mut a, &mut b);
    assert_eq!(b.implied(), ["rust>programming", "tokio>rust"]);
}

#[test]
fn a_device_that_joins_keeps_its_implied_tags_and_searches() {
    let (mut a, mut b) = (Device::new(1), Device::unsynced(2));
    a.imply("tokio", "rust");
    a.save_search("A", "tag:a");
    b.imply("go", "programming");
    b.imply("tokio", "rust");
    b.save_search("B", "tag:b");
    b.begin();
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["go>programming", "tokio>rust"]);
    assert_eq!(a.searches(), ["A: tag:a", "B: tag:b"]);
    // What is changed while sync is stopped is said when it begins again.
    b.t.store.stop_sync(b.t.now).unwrap();
    b.no_longer_imply("tokio", "rust");
    b.imply("tokio", "async");
    b.edit_tags(&rename("go", "golang"));
    assert!(b.forget_search("a"));
    assert!(b.left_out().is_empty());
    b.begin();
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["golang>programming", "tokio>async"]);
    assert_eq!(a.searches(), ["B: tag:b"]);
}

#[test]
fn two_implications_that_make_a_circle_together_are_one_on_both_devices() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    exchange(&mut a, &mut b);
    a.imply("a", "b");
    a.imply("b", "c");
    b.t.now += SignedDuration::from_mins(5);
    b.imply("c", "a");
    b.imply("x", "a");
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["a>b", "b>c", "x>a"]);
    assert_eq!(
        (a.left_out(), b.left_out()),
        (vec!["c>a".into()], vec!["c>a".into()])
    );
    // It holds as soon as there is room for it, beside what the user sets meanwhile.
    a.no_longer_imply("b", "c");
    a.imply("y", "x");
    exchange(&mut a, &mut b);
    assert_eq!(b.implied(), ["a>b", "c>a", "x>a", "y>x"]);
    assert!(b.left_out().is_empty());
}

#[test]
fn an_implication_that_is_left_out_can_be_removed() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.imply("a", "b");
    b.t.now += SignedDuration::from_mins(5);
    b.imply("b", "a");
    exchange(&mut a, &mut b);
    assert_eq!(b.left_out(), ["b>a"]);
    b.no_longer_imply("b", "a");
    assert!(b.is_waiting());
    exchange(&mut a, &mut b);
    a.no_longer_imply("a", "b");
    exchange(&mut a, &mut b);
    assert!(a.implied().is_empty() && a.left_out().is_empty());
    let refused =
        a.t.write(|writer| writer.remove_implication(&tag("b"), &tag("a")));
    assert!(
        matches!(refused, Err(Error::InvalidParams(_))),
        "{refused:?}"
    );
}

#[test]
fn what_the_user_sets_stays_although_it_closes_a_circle_with_what_was_left_out() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.imply("a", "b");
    b.t.now += SignedDuration::from_mins(5);
    b.imply("b", "a");
    exchange(&mut a, &mut b);
    // Both at once: "b>a" would hold now, but the user has set the contrary since.
    a.no_longer_imply("a", "b");
    a.imply("a", "c");
    a.imply("c", "b");
    exchange(&mut a, &mut b);
    assert_eq!(b.implied(), ["a>c", "c>b"]);
    assert!(a.left_out().is_empty());
}

#[test]
fn implied_tags_follow_renamed_merged_and_removed_tags_of_both_devices() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["ml", "x"], "");
    a.imply("ml", "cs");
    a.imply("x", "mid");
    a.imply("mid", "top");
    exchange(&mut a, &mut b);
    // Nobody says again what follows from the edit.
    a.edit_tags(&rename("ml", "machine learning"));
    let published = a.publish();
    assert_eq!((published.edits.len(), published.registers.len()), (1, 0));
    b.imply("tokio", "ml");
    b.no_longer_imply("ml", "cs");
    let id = a.id.clone();
    b.read(&published, &id);
    exchange(&mut a, &mut b);
    let wanted = ["mid>top", "tokio>machine learning", "x>mid"];
    assert_eq!(a.implied(), wanted);
    a.edit_tags(&TagEdit::Remove(tag("mid")));
    b.imply("y", "mid");
    exchange(&mut a, &mut b);
    let wanted = ["tokio>machine learning", "x>top", "y>top"];
    assert_eq!(a.implied(), wanted);
    a.edit_tags(&merge(&["machine learning", "top"], "all", true));
    b.imply("top", "tokio");
    exchange(&mut a, &mut b);
    let mut left = a.implied();
    left.extend(a.left_out());
    left.sort();
    assert_eq!(left, ["all>tokio", "tokio>all", "x>all", "y>all"]);
    // Typed again after the edit, it means what was typed.
    b.imply("mid", "top level");
    exchange(&mut a, &mut b);
    assert!(a.implied().contains(&"mid>top level".to_owned()));
}

#[test]
fn implied_tags_follow_an_alias_that_is_set_on_another_device() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    exchange(&mut a, &mut b);
    a.write(|writer| writer.alias_tag(&tag("ml"), &tag("machine learning")));
    b.imply("ml", "cs");
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["machine learning>cs"]);
    b.imply("ml", "ai");
    b.write(|writer| writer.remove_alias(&tag("ml")));
    b.imply("ml", "markup");
    exchange(&mut a, &mut b);
    let wanted = ["machine learning>ai", "machine learning>cs", "ml>markup"];
    assert_eq!(a.implied(), wanted);
}

#[test]
fn a_name_that_is_renamed_and_implied_anew_before_a_run_is_both() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.imply("ml", "cs");
    exchange(&mut a, &mut b);
    a.edit_tags(&rename("ml", "m2"));
    a.imply("ml", "cs");
    exchange(&mut a, &mut b);
    assert_eq!(b.implied(), ["m2>cs", "ml>cs"]);
    b.no_longer_imply("m2", "cs");
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["ml>cs"]);
}

#[test]
fn an_edit_of_another_device_that_is_not_applied_yet_loses_nothing() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    b.save(PAGE, "B", &["ml"], "");
    b.imply("ml", "cs");
    exchange(&mut a, &mut b);
    a.edit_tags(&rename("ml", "m2"));
    a.imply("m2", "ai");
    let published = a.publish();
    let (mut history, mut registers) = (TagHistory::default(), Registers::default());
    for edit in &published.edits {
        history.add_edit(edit.clone());
    }
    for (key, said) in &published.registers {
        registers.add(key.clone(), said.clone());
    }
    let now = b.t.now;
    (b.t.store)
        .apply_history(&history, &registers, now)
        .unwrap();
    // The run is killed, and the user goes on with the old name.
    b.imply("x", "ml");
    b.absorb();
    assert_eq!(b.implied(), ["m2>ai", "ml>cs", "x>ml"]);
    b.imply("y", "ml");
    b.t.store.renew_notes(b.t.now, || ()).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["m2>ai", "m2>cs", "x>m2", "y>m2"]);
}

#[test]
fn saved_searches_reach_the_other_device_and_the_newest_query_of_a_name_counts() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    exchange(&mut a, &mut b);
    a.save_search("Unread GPUs", "is:unread tag:gpu");
    assert!(a.is_waiting());
    exchange(&mut a, &mut b);
    assert_eq!(b.searches(), ["Unread GPUs: is:unread tag:gpu"]);
    let saved_at = |device: &Device| device.t.store.saved_searches().unwrap()[0].saved_at;
    assert_eq!(saved_at(&a), saved_at(&b));
    a.save_search("unread gpus", "tag:a");
    b.t.now += SignedDuration::from_mins(9);
    b.save_search("Unread GPUs", "tag:b");
    exchange(&mut a, &mut b);
    assert_eq!(a.searches(), ["Unread GPUs: tag:b"]);
    // A new name, and a removal that the other one sees later than a change.
    let renamed = SavedSearch::new("GPUs", "tag:b", a.t.now).unwrap();
    a.write(|writer| writer.rename_search("unread gpus", &renamed));
    exchange(&mut a, &mut b);
    assert_eq!(b.searches(), ["GPUs: tag:b"]);
    assert!(a.forget_search("gpus"));
    b.t.now += SignedDuration::from_mins(9);
    b.save_search("GPUs", "tag:newer");
    exchange(&mut a, &mut b);
    assert_eq!(a.searches(), ["GPUs: tag:newer"]);
    assert!(b.forget_search("gpus"));
    exchange(&mut a, &mut b);
    assert!(a.searches().is_empty());
}

#[test]
fn of_too_many_saved_searches_the_newest_are_shown_and_none_is_lost() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    for n in 0..MAX_SEARCHES {
        a.save_search(&format!("a{n}"), "tag:a");
    }
    a.absorb();
    b.t.now += SignedDuration::from_hours(1);
    b.save_search("b0", "tag:b");
    b.save_search("b1", "tag:b");
    exchange(&mut a, &mut b);
    assert_eq!(a.searches().len(), MAX_SEARCHES);
    assert!(a.searches().contains(&"b1: tag:b".to_owned()));
    assert!(!a.is_waiting());
    // Nothing that is hidden counts as removed.
    assert!(a.forget_search("b0") && a.forget_search("b1"));
    exchange(&mut a, &mut b);
    assert_eq!(b.searches().len(), MAX_SEARCHES);
    assert!(b.searches().contains(&"a0: tag:a".to_owned()));
}

#[test]
fn a_device_that_knows_no_registers_passes_by_and_one_that_lacks_a_kind_passes_on() {
    let (mut a, mut b, mut older) = (Device::new(1), Device::new(2), Device::new(3));
    a.save(PAGE, "A", &["x"], "");
    a.imply("x", "y");
    a.save_search("S", "tag:x");
    let mut published = a.publish();
    let key = RegisterKey {
        kind: "later".into(),
        name: r#"{"a":[1]}"#.into(),
    };
    let said = Said {
        at: published.registers[0].1.at,
        value: Some(r#"{"x":1}"#.into()),
        edits: published.registers[0].1.edits.clone(),
    };
    published.registers.push((key.clone(), said.clone()));
    let id = a.id.clone();
    b.read(&published, &id);
    // The older program reads the pages alone, and changes one of them.
    let mut without = published.clone();
    without.registers.clear();
    older.read(&without, &id);
    older.retag(older.note(PAGE).unwrap().id, &["x", "older"]);
    let id = older.id.clone();
    let from_older = older.publish();
    for device in [&mut a, &mut b] {
        device.read(&from_older, &id);
        assert_eq!(device.implied(), ["x>y"]);
        assert_eq!(device.searches(), ["S: tag:x"]);
        assert_eq!(device.tags(PAGE), ["x", "older"]);
    }
    // What is folded has the unknown kind, too, and so has all that is published again.
    let folded = b.t.store.published(&[], &[], true).unwrap();
    assert!(folded.registers.contains(&(key.clone(), said.clone())));
    b.t.store.take_over(None, b.t.now).unwrap();
    let again = b.t.store.unpublished(usize::MAX).unwrap();
    assert!(again.registers.contains(&(key, said)));
    assert_eq!(again.registers.len(), 3);
}

#[test]
fn what_no_tag_or_search_can_be_is_kept_and_not_shown() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.imply("x", "y");
    a.save_search("S", "tag:x");
    let mut published = a.publish();
    let said = |value: &str| Said {
        at: published.registers[0].1.at,
        value: Some(value.into()),
        edits: Default::default(),
    };
    let key = |kind: &str, name: &str| RegisterKey {
        kind: kind.into(),
        name: name.into(),
    };
    let forged = [
        (key("implies", r#"["X","y"]"#), said("true")),
        (key("implies", "5"), said("true")),
        (key("implies", r#"["p","q"]"#), said("5")),
        (
            key("search", r#""other""#),
            said(r#"{"name":"Name","query":"q","savedAt":1}"#),
        ),
        (
            key("search", r#""n""#),
            said(r#"{"name":"n","query":"","savedAt":1}"#),
        ),
        (
            key("search", r#""m""#),
            said(r#"{"name":"m","query":"q","savedAt":-9e99}"#),
        ),
        (
            key("search", r#""l""#),
            said(r#"{"name":"l","query":"q","savedAt":-5}"#),
        ),
        (key("search", "null"), said("[]")),
    ];
    published.registers.extend(forged);
    let id = a.id.clone();
    b.read(&published, &id);
    assert_eq!(b.implied(), ["x>y"]);
    assert_eq!(b.searches(), ["S: tag:x"]);
    assert!(!b.is_waiting());
    let folded = b.t.store.published(&[], &[], true).unwrap();
    assert_eq!(folded.registers.len(), 10);
}

#[test]
fn tags_with_names_of_older_versions_stay_here_and_are_implied_here_alone() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let [old, top] = ["Old\u{1}", "top"].map(|name| Tag::from_stored(name.to_owned()));
    a.write(|writer| writer.imply_tag(&old, &top));
    let pair = Implication {
        tag: old,
        implied: top,
    };
    a.imply("x", "top");
    a.absorb();
    let published = a.publish();
    let id = a.id.clone();
    b.read(&published, &id);
    assert_eq!(b.implied(), ["x>top"]);
    b.imply("y", "top");
    let (published, id) = (b.publish(), b.id.clone());
    a.read(&published, &id);
    assert_eq!(a.implied().len(), 3);
    assert!(a.t.store.tag_graph().unwrap().iter().any(|own| own == pair));
    assert!(!a.is_waiting());
}

#[test]
fn a_wrong_clock_does_not_bring_back_what_was_removed() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    b.t.now = "2200-12-01T00:00:00Z".parse().unwrap();
    b.imply("x", "y");
    b.save_search("S", "tag:x");
    exchange(&mut a, &mut b);
    a.t.now = "1970-01-02T00:00:00Z".parse().unwrap();
    a.no_longer_imply("x", "y");
    a.write(|writer| writer.forget_search("s"));
    a.imply("x", "z");
    exchange(&mut a, &mut b);
    assert_eq!(b.implied(), ["x>z"]);
    assert!(b.searches().is_empty());
    // One that leaves no time after it.
    let mut published = b.publish();
    let key = RegisterKey {
        kind: "search".into(),
        name: r#""s""#.into(),
    };
    let at = crate::domain::sync::Moment {
        micros: i64::MAX,
        version: UniqueId::from_random(u64::MAX / 2),
    };
    let value = Some(r#"{"name":"S","query":"forged","savedAt":1}"#.into());
    let said = Said {
        at,
        value,
        edits: Default::default(),
    };
    published.registers.push((key, said));
    let id = b.id.clone();
    a.read(&published, &id);
    assert_eq!(a.searches(), ["S: forged"]);
    assert!(a.forget_search("s"));
    exchange(&mut a, &mut b);
    assert!(b.searches().is_empty());
}

#[test]
fn an_older_database_says_its_implied_tags_and_searches_and_reads_all_files_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    let saved = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/databases/schema-13.db"
    );
    std::fs::copy(saved, &path).unwrap();
    let mut a = Device {
        t: TestStore::in_folder(dir, "2026-12-02T00:00:00Z".parse().unwrap()),
        id: String::new(),
    };
    a.id = a.t.store.sync_setup().unwrap().unwrap().device;
    let segments = a.t.store.segments().unwrap();
    let unread = segments.iter().filter(|file| file.read_at.is_none());
    assert_eq!((segments.len(), unread.count()), (3, 2));
    assert!(Gaps::of(&a.t.store).unwrap().waiting.is_empty());
    assert!(a.is_waiting());
    assert_eq!(a.t.store.sync_counts().unwrap().unpublished, 5);
    let mut b = Device::new(2);
    let (published, id) = (a.publish(), a.id.clone());
    assert_eq!((published.registers.len(), published.pages.len()), (5, 0));
    b.read(&published, &id);
    assert_eq!(b.implied(), ["rust>programming", "tokio>rust"]);
    assert_eq!(b.searches().len(), 3);
    assert!(!a.is_waiting());
}
