//! Tests of feeds and the inbox in a store.

use jiff::{SignedDuration, Timestamp};

use super::{
    arrivals::{KeepOptions, SkipSelection},
    feed::{Feed, FeedState, MAX_FEEDS, NewFeed},
    fetched::{FetchRecorded, Fetched, NewArrival, Retention},
    kept::BroughtBack,
    problem::FeedProblem,
};
use crate::{
    domain::{ExportedFields, ImportedRow, Metadata, PageUrl, Query, Tag, parse_tags},
    error::{Error, Result},
    store::{
        check,
        notes::{
            import::Origin,
            tag_edits::TagEdit,
            tags::{TagFilter, TagOrder},
        },
        test_store::new_note,
        transaction::{Operation, Store, Writer},
    },
};

const KEEP: KeepOptions = KeepOptions {
    read: true,
    strip_user_info: false,
    feed_tags: true,
};
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

struct Feeds {
    _dir: tempfile::TempDir,
    store: Store,
    now: Timestamp,
    keep: Retention,
}

/// Returns an entry of a page at e.org, whose id is its path.
fn entry(path: &str) -> NewArrival {
    NewArrival {
        guid: path.into(),
        url: format!("https://e.org/{path}"),
        title: format!("Title of {path}"),
        ..NewArrival::default()
    }
}

fn entries(paths: &[&str]) -> Vec<NewArrival> {
    paths.iter().map(|path| entry(path)).collect()
}

fn listing(entries: Vec<NewArrival>) -> Fetched {
    Fetched::New {
        title: "A feed".into(),
        site_url: Some("https://e.org/".into()),
        etag: None,
        last_modified: None,
        wait_s: HOUR,
        moved_to: None,
        entries,
    }
}

fn failed(problem: FeedProblem) -> Fetched {
    Fetched::Failed {
        problem,
        retry_after_s: None,
    }
}

impl Feeds {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&dir.path().join("notes.db")).unwrap(),
            now: "2026-06-01T10:00:00Z".parse().unwrap(),
            keep: Retention::default(),
            _dir: dir,
        }
    }

    #[track_caller]
    fn write<T>(&mut self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> T {
        self.now += SignedDuration::from_secs(1);
        self.store.write(self.now, work).unwrap()
    }

    fn pass_days(&mut self, days: i64) {
        for _ in 0..days {
            self.now += SignedDuration::from_hours(24);
            self.store.write(self.now, |_| Ok(())).unwrap();
        }
    }

    fn add(&mut self, url: &str, tags: &[&str]) -> Feed {
        let new = NewFeed::new(url, parse_tags(tags).unwrap()).unwrap();
        self.write(|writer| writer.add_feed(&new)).feed
    }

    /// Adds a feed that was fetched once without entries, so that all later ones arrive.
    fn fetched(&mut self, url: &str) -> i64 {
        let feed = self.add(url, &[]).id;
        self.fetch(feed, &listing(Vec::new()));
        feed
    }

    #[track_caller]
    fn fetch(&mut self, feed: i64, fetched: &Fetched) -> FetchRecorded {
        let keep = self.keep;
        self.write(|writer| writer.record_fetch(feed, fetched, keep))
    }

    #[track_caller]
    fn bring(&mut self, feed: i64, paths: &[&str]) -> u64 {
        self.fetch(feed, &listing(entries(paths))).arrived
    }

    /// Returns the paths of the pages in the inbox, the latest first.
    fn inbox(&self) -> Vec<String> {
        let found = self.store.arrivals(None, None, 1000).unwrap();
        let path = |url: String| url.trim_start_matches("https://e.org/").to_owned();
        found.into_iter().map(|page| path(page.url)).collect()
    }

    fn id_of(&self, path: &str) -> i64 {
        let url = PageUrl::parse(&format!("https://e.org/{path}")).unwrap();
        self.store.arrival_for_url(&url).unwrap().unwrap().id
    }

    fn feed(&self, id: i64) -> Feed {
        self.store.feed(id).unwrap().unwrap()
    }

    /// Returns in how many seconds a feed is due.
    fn due_in(&self, id: i64) -> i64 {
        (self.feed(id).next_at - self.now.as_microsecond()) / 1_000_000
    }

    #[track_caller]
    fn is_sound(&self) {
        let health = check(&self.store.path).unwrap();
        let faults: Vec<_> = health.faults.iter().map(|fault| &fault.sentence).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn new_entries_arrive_once_with_the_newest_first() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    assert_eq!(t.bring(feed, &["b", "a"]), 2);
    assert_eq!(t.bring(feed, &["c", "b", "a"]), 1);
    assert_eq!(t.bring(feed, &["c", "b", "a"]), 0);
    assert_eq!(t.inbox(), ["c", "b", "a"]);
    assert_eq!(t.store.arrivals_count().unwrap(), 3);
    let first = t.store.arrivals(None, None, 2).unwrap();
    let rest = t.store.arrivals(Some(feed), Some(first[1].id), 9).unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert_eq!(
        (rest[0].title.as_str(), rest[0].feed.as_str()),
        ("Title of a", "A feed")
    );
    assert_eq!(t.store.arrivals(Some(feed + 1), None, 9).unwrap(), []);
    t.is_sound();
}

#[test]
fn the_first_fetch_brings_the_ten_newest_entries() {
    let mut t = Feeds::new();
    let feed = t.add("https://e.org/feed", &[]).id;
    let names: Vec<String> = (0..30).map(|n| format!("p{n:02}")).collect();
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(t.bring(feed, &paths), 10);
    assert_eq!(t.inbox(), paths[..10]);
    // The older ones don't arrive later.
    assert_eq!(t.bring(feed, &paths), 0);
    // A feed in the opposite order, with dates.
    let other = t.add("https://e.org/other", &[]).id;
    let dated = (10..30).map(|day| NewArrival {
        published_at: Some(format!("2026-05-{day}T10:00:00Z")),
        ..entry(&format!("d{day}"))
    });
    t.fetch(other, &listing(dated.collect()));
    let inbox = t.inbox();
    assert_eq!((inbox[0].as_str(), inbox[9].as_str()), ("d29", "d20"));
    t.is_sound();
}

#[test]
fn a_page_arrives_from_one_feed_alone_even_after_it_was_skipped() {
    let mut t = Feeds::new();
    let (one, two) = (t.fetched("https://e.org/1"), t.fetched("https://e.org/2"));
    assert_eq!(t.bring(one, &["a", "b"]), 2);
    let same_page = NewArrival {
        guid: "other".into(),
        url: "https://E.org/a?utm_source=feed#top".into(),
        ..entry("a")
    };
    assert_eq!(t.fetch(two, &listing(vec![same_page])).arrived, 0);
    let b = t.id_of("b");
    t.write(|writer| writer.skip_arrivals(&SkipSelection::Ids(vec![b])));
    assert_eq!(t.bring(two, &["b"]), 0);
    assert_eq!(t.inbox(), ["a"]);
    t.is_sound();
}

#[test]
fn a_page_that_has_a_note_does_not_arrive() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    let noted = new_note("https://e.org/noted", "", &[], "");
    let gone = new_note("https://e.org/gone", "", &[], "");
    t.write(|writer| {
        writer.save_note(&noted)?;
        let id = writer.save_note(&gone)?.note.id;
        writer.delete_note(id)
    });
    let done = t.fetch(feed, &listing(entries(&["noted", "gone", "new"])));
    assert_eq!((done.arrived, done.noted), (1, 2));
    assert_eq!(t.inbox(), ["new"]);
    t.is_sound();
}

#[test]
fn a_page_that_is_saved_in_any_way_leaves_the_inbox() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    let trashed = new_note("https://e.org/restored", "", &[], "");
    let deleted = t.write(|writer| writer.save_note(&trashed)).note.id;
    let paths = [
        "saved",
        "moved-to",
        "imported",
        "many0",
        "many11",
        "other-address",
        "stays",
    ];
    assert_eq!(t.bring(feed, &paths), 7);

    let saved = new_note("https://e.org/saved?utm_source=x", "", &[], "");
    t.write(|writer| writer.save_note(&saved));
    let elsewhere = new_note("https://e.org/elsewhere", "", &[], "");
    t.write(|writer| {
        let id = writer.save_note(&elsewhere)?.note.id;
        writer.change_address(id, &PageUrl::parse("https://e.org/moved-to")?)
    });
    // A note that is merged into another one leaves its address there.
    let merged = new_note("https://e.org/other-address", "", &[], "");
    t.write(|writer| {
        let into = writer.save_note(&new_note("https://e.org/into", "", &[], ""))?;
        let other = writer.save_note(&merged)?;
        writer.merge_notes(into.note.id, other.note.id)
    });
    let row = |path: &str| ImportedRow {
        url: PageUrl::parse(&format!("https://e.org/{path}")).unwrap(),
        title: String::new(),
        tags: Vec::new(),
        summary: String::new(),
        metadata: Metadata::default(),
        saved_at: None,
        updated_at: None,
        kept: ExportedFields::default(),
    };
    let import = |t: &mut Feeds, rows: Vec<ImportedRow>| {
        let now = t.now;
        t.write(|writer| {
            let origin = Origin {
                file: String::new(),
                format: String::new(),
            };
            let import = writer.import(origin, now);
            for row in rows {
                import.note(row)?;
            }
            import.finish()
        });
    };
    import(&mut t, vec![row("imported")]);
    import(&mut t, (0..40).map(|n| row(&format!("many{n}"))).collect());
    assert_eq!(t.inbox(), ["stays"]);
    assert_eq!(t.store.arrivals_count().unwrap(), 1);
    // The triggers are there again.
    t.write(|writer| writer.delete_note(deleted));
    t.write(|writer| writer.restore_note(deleted));
    let last = new_note("https://e.org/stays", "", &[], "");
    t.write(|writer| writer.save_note(&last));
    assert_eq!(t.inbox(), [""; 0]);
    t.is_sound();
}

#[test]
fn arrivals_are_in_no_list_count_search_or_tag_of_notes() {
    let mut t = Feeds::new();
    let feed = t.add("https://canary-feed.example/rss", &["canarytag"]).id;
    let canary = NewArrival {
        guid: "canaryguid".into(),
        url: "https://canary-page.example/canarypath".into(),
        title: "canarytitle".into(),
        excerpt: Some("canaryexcerpt".into()),
        lang: Some("en".into()),
        tags: vec!["canarykeyword".into()],
        published_at: Some("2026-05-01".into()),
    };
    t.fetch(feed, &listing(vec![canary]));
    let note = new_note("https://e.org/", "A note", &["x"], "words");
    let id = t.write(|writer| writer.save_note(&note)).note.id;
    let store = &t.store;
    for query in [
        "canarytitle",
        "canaryexcerpt",
        "canaryp",
        "site:canary-page.example",
        "tag:canarytag",
        "in:text canaryexcerpt",
        "-x",
        "",
    ] {
        let found = store.search(&Query::parse(query), None, 50).unwrap();
        assert!(found.hits.iter().all(|hit| hit.note.id == id), "{query}");
    }
    assert_eq!(store.latest_notes(None, 9).unwrap().len(), 1);
    let stats = store.stats().unwrap();
    assert_eq!(
        (stats.notes, stats.tags, stats.sites, stats.trash),
        (1, 1, 1, 0)
    );
    assert_eq!(store.tags(TagOrder::Uses).unwrap().len(), 1);
    assert_eq!(store.notes_on_site("canary-page.example").unwrap(), 0);
    let with = TagFilter {
        with: parse_tags(&["canarytag"]).unwrap(),
        without: Vec::new(),
    };
    assert!(store.notes_with_tags(&with, None, 9).unwrap().is_empty());
    let url = PageUrl::parse("https://canary-page.example/canarypath").unwrap();
    assert!(store.note_for_url(&url).unwrap().is_none());
}

#[test]
fn a_kept_page_becomes_a_note_with_the_tags_of_its_feed() {
    let mut t = Feeds::new();
    let alias = Tag::parse("ml").unwrap();
    let tag = Tag::parse("machine learning").unwrap();
    t.write(|writer| writer.alias_tag(&alias, &tag));
    let feed = t.add("https://e.org/feed", &["Blog", "ml"]).id;
    assert_eq!(
        t.feed(feed).tags,
        parse_tags(&["blog", "machine learning"]).unwrap()
    );
    let full = NewArrival {
        excerpt: Some("About it.".into()),
        published_at: Some("2026-05-01T08:00:00Z".into()),
        lang: Some("en".into()),
        ..entry("a")
    };
    t.fetch(feed, &listing(vec![full]));
    let id = t.id_of("a");
    let tags = parse_tags(&["rust", "blog"]).unwrap();
    let kept = t.write(|writer| writer.keep_arrival(id, &tags, KEEP));
    assert!(kept.before.is_none());
    let note = t.store.note(kept.note.id).unwrap().unwrap();
    assert_eq!(
        note.tags,
        parse_tags(&["blog", "machine learning", "rust"]).unwrap()
    );
    assert_eq!(
        (note.title.as_str(), note.title_typed),
        ("Title of a", false)
    );
    assert_eq!(note.metadata.excerpt.as_deref(), Some("About it."));
    assert_eq!(
        note.metadata.published_at.as_deref(),
        Some("2026-05-01T08:00:00Z")
    );
    assert_eq!(note.saved_at, t.now);
    assert_eq!(t.inbox(), [""; 0]);
    let again = t
        .store
        .write(t.now, |writer| writer.keep_arrival(id, &[], KEEP));
    assert!(matches!(again, Err(Error::UnknownArrival)));
    t.is_sound();
}

#[test]
fn skipped_pages_can_come_back_unless_they_were_saved() {
    let mut t = Feeds::new();
    let (one, two) = (t.fetched("https://e.org/1"), t.fetched("https://e.org/2"));
    t.bring(one, &["c", "b", "a"]);
    t.bring(two, &["d"]);
    let seen = t.id_of("b");
    let some = t.write(|writer| {
        writer.skip_arrivals(&SkipSelection::Feed {
            feed: one,
            up_to: Some(seen),
        })
    });
    assert_eq!(some.count, 2);
    assert_eq!(t.inbox(), ["d", "c"]);
    let all = t.write(|writer| writer.skip_arrivals(&SkipSelection::All));
    assert_eq!((all.count, t.store.arrivals_count().unwrap()), (2, 0));
    assert_eq!(t.store.arrivals_by_feed().unwrap().len(), 0);
    let saved = new_note("https://e.org/b", "", &[], "");
    t.write(|writer| writer.save_note(&saved));
    assert_eq!(t.write(|writer| writer.unskip_arrivals(some.skip)).count, 1);
    assert_eq!(t.inbox(), ["a"]);
    assert_eq!(
        t.write(|writer| writer.undo_in_inbox()),
        Some(BroughtBack::Skip(all.count))
    );
    assert_eq!(t.inbox(), ["d", "c", "a"]);
    assert_eq!(t.write(|writer| writer.undo_in_inbox()), None);
    assert_eq!(t.store.arrivals_by_feed().unwrap()[&one], 2);
    t.is_sound();
}

#[test]
fn a_repeated_skip_changes_nothing() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    t.bring(feed, &["a"]);
    let operation = |method| Operation {
        id: uuid::Uuid::from_u128(7),
        method,
    };
    let all = SkipSelection::All;
    let skip = |t: &mut Feeds| {
        let now = t.now;
        t.store
            .skip_arrivals_once(operation("skipArrivals"), now, &all)
    };
    let first = skip(&mut t).unwrap();
    assert_eq!(first.count, 1);
    t.bring(feed, &["b", "a"]);
    assert_eq!(skip(&mut t).unwrap(), first);
    assert_eq!(t.inbox(), ["b"]);
    let other = t
        .store
        .unskip_arrivals_once(operation("other"), t.now, first.skip);
    assert!(matches!(other, Err(Error::OpIdReused)));
}

#[test]
fn the_newest_pages_of_each_feed_stay_for_some_days() {
    let mut t = Feeds::new();
    t.keep = Retention {
        per_feed: 3,
        days: 60,
    };
    let (one, two) = (t.fetched("https://e.org/1"), t.fetched("https://e.org/2"));
    t.bring(two, &["x"]);
    t.bring(one, &["e", "d", "c", "b", "a"]);
    assert_eq!(t.inbox(), ["e", "d", "c", "x"]);
    t.pass_days(40);
    t.bring(one, &["f", "e"]);
    assert_eq!(t.inbox(), ["f", "e", "d", "x"]);
    t.pass_days(21);
    t.bring(one, &["f"]);
    assert_eq!(t.inbox(), ["f"]);
    t.is_sound();
}

#[test]
fn entries_are_remembered_until_90_days_after_they_left_the_feed() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    t.bring(feed, &["a"]);
    let unchanged = Fetched::Unchanged {
        etag: None,
        last_modified: None,
        wait_s: HOUR,
        moved_to: None,
    };
    // It lists the entry for longer than that.
    t.pass_days(100);
    t.fetch(feed, &unchanged);
    assert_eq!(t.bring(feed, &["b"]), 1);
    // The entry left just now.
    t.pass_days(89);
    assert_eq!(t.bring(feed, &["a", "b"]), 0);
    assert_eq!(t.bring(feed, &["b"]), 0);
    t.pass_days(92);
    assert_eq!(t.bring(feed, &["b"]), 0);
    assert_eq!(t.bring(feed, &["a", "b"]), 1);
    t.is_sound();
}

#[test]
fn a_feed_that_fails_waits_twice_as_long_each_time_up_to_a_week() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    assert_eq!(t.due_in(feed), HOUR);
    let mut waits = Vec::new();
    for _ in 0..10 {
        t.fetch(feed, &failed(FeedProblem::Unreachable));
        waits.push(t.due_in(feed) / HOUR);
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 168, 168, 168]);
    let found = t.feed(feed);
    assert_eq!(
        (found.failures, found.problem),
        (10, Some(FeedProblem::Unreachable))
    );
    assert_eq!(found.state, FeedState::On);
    t.bring(feed, &["a"]);
    let found = t.feed(feed);
    assert_eq!(
        (found.failures, found.problem, t.due_in(feed)),
        (0, None, HOUR)
    );
    // A server that asks to wait is obeyed, up to a week.
    for (asks, waits) in [
        (5 * HOUR, 5 * HOUR),
        (30 * DAY, 7 * DAY),
        (-5, 7 * HOUR + HOUR),
    ] {
        t.fetch(
            feed,
            &Fetched::Failed {
                problem: FeedProblem::Busy,
                retry_after_s: Some(asks),
            },
        );
        assert_eq!(t.due_in(feed), waits, "{asks}");
    }
}

#[test]
fn a_feed_is_due_after_the_wait_that_it_asks_for_between_an_hour_and_a_week() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    for (wait_s, due) in [(-1, HOUR), (60, HOUR), (DAY, DAY), (i64::MAX, 7 * DAY)] {
        t.fetch(
            feed,
            &Fetched::Unchanged {
                etag: Some("\"x\"".into()),
                last_modified: None,
                wait_s,
                moved_to: None,
            },
        );
        assert_eq!(t.due_in(feed), due);
    }
    assert_eq!(t.feed(feed).etag.as_deref(), Some("\"x\""));
    let other = t.add("https://e.org/other", &[]).id;
    let due = |t: &Feeds, seconds: i64| -> Vec<i64> {
        let at = t.now + SignedDuration::from_secs(seconds);
        let due = t.store.due_feeds(at).unwrap();
        due.into_iter().map(|feed| feed.id).collect()
    };
    assert_eq!(due(&t, 0), [other]);
    assert_eq!(due(&t, 8 * DAY), [other, feed]);
    // A clock that was far ahead once doesn't stop a feed.
    assert_eq!(due(&t, -60 * DAY), [other, feed]);
    t.write(|writer| writer.pause_feed(other));
    assert_eq!(due(&t, 0), [0; 0]);
    t.write(|writer| writer.resume_feed(other));
    assert_eq!(due(&t, 0), [other]);
}

#[test]
fn a_feed_that_is_gone_ends_until_the_user_resumes_it() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    t.bring(feed, &["a"]);
    t.fetch(feed, &failed(FeedProblem::Gone));
    assert_eq!(t.feed(feed).state, FeedState::Gone);
    let later = t.now + SignedDuration::from_hours(24 * 365);
    assert_eq!(t.store.due_feeds(later).unwrap(), []);
    assert_eq!(t.inbox(), ["a"]);
    let resumed = t.write(|writer| writer.resume_feed(feed));
    assert_eq!((resumed.state, resumed.problem), (FeedState::On, None));
    assert_eq!(t.store.due_feeds(t.now).unwrap().len(), 1);
}

#[test]
fn an_address_is_taken_over_after_three_permanent_redirects_in_a_row() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/old");
    let to = |url: Option<&str>| Fetched::Unchanged {
        etag: None,
        last_modified: None,
        wait_s: HOUR,
        moved_to: url.map(str::to_owned),
    };
    let new = Some("https://e.org/new");
    for (answer, url) in [
        (new, "old"),
        (new, "old"),
        (None, "old"),
        (new, "old"),
        (Some("https://e.org/third"), "old"),
        (Some("file:///etc/passwd"), "old"),
        (new, "old"),
        (new, "old"),
        (new, "new"),
    ] {
        t.fetch(feed, &to(answer));
        assert_eq!(t.feed(feed).url, format!("https://e.org/{url}"));
    }
    // The address of another feed is not taken over.
    let other = t.fetched("https://e.org/other");
    for _ in 0..5 {
        assert_eq!(t.fetch(other, &to(new)).moved_from, None);
    }
    assert_eq!(t.feed(other).url, "https://e.org/other");
    t.is_sound();
}

#[test]
fn entries_without_an_address_are_counted_and_long_fields_cut() {
    let mut t = Feeds::new();
    let feed = t.fetched("https://e.org/feed");
    let mut all: Vec<NewArrival> = [
        "",
        "no address",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "mailto:a@e.org",
    ]
    .iter()
    .map(|url| NewArrival {
        url: (*url).into(),
        ..entry("x")
    })
    .collect();
    all.push(NewArrival {
        guid: String::new(),
        title: "日".repeat(20_000),
        excerpt: Some("本".repeat(20_000)),
        lang: Some("not a language".into()),
        published_at: Some("some day".into()),
        tags: vec!["k".repeat(1000), " ok ".into(), "ok".into()],
        ..entry("long")
    });
    let done = t.fetch(feed, &listing(all));
    assert_eq!((done.arrived, done.unreadable), (1, 5));
    let page = t.store.arrivals(None, None, 9).unwrap().remove(0);
    assert!(page.title.len() <= 16 * 1024 && page.excerpt.unwrap().len() <= 4 * 1024);
    assert_eq!((page.lang, page.published_at), (None, None));
    assert_eq!(page.keywords, ["ok"]);
    // More entries than the limit.
    let many: Vec<NewArrival> = (0..700).map(|n| entry(&format!("n{n}"))).collect();
    let done = t.fetch(feed, &listing(many));
    assert_eq!((done.arrived, done.unreadable), (500, 0));
    assert_eq!(t.store.arrivals_count().unwrap(), 100);
    t.is_sound();
}

#[test]
fn there_are_500_feeds_at_most_and_none_twice() {
    let mut t = Feeds::new();
    let first = t.add("https://e.org/0", &["a"]);
    t.write(|writer| writer.pause_feed(first.id));
    let again = NewFeed::new("HTTPS://e.org/0#x", parse_tags(&["b"]).unwrap()).unwrap();
    let again = t.write(|writer| writer.add_feed(&again));
    assert!(!again.is_new);
    assert_eq!(again.feed.tags, parse_tags(&["a", "b"]).unwrap());
    assert_eq!((again.feed.id, again.feed.state), (first.id, FeedState::On));
    t.write(|writer| {
        for n in 1..MAX_FEEDS {
            writer.add_feed(&NewFeed::new(&format!("https://e.org/{n}"), Vec::new())?)?;
        }
        Ok(())
    });
    let one_more = NewFeed::new("https://e.org/more", Vec::new()).unwrap();
    let refused = t.store.write(t.now, |writer| writer.add_feed(&one_more));
    let sentence = refused.unwrap_err().to_string();
    assert_eq!(sentence, "There are already 500 feeds. Remove one first.");
    t.write(|writer| writer.remove_feed(first.id));
    let added = t.write(|writer| writer.add_feed(&one_more));
    assert!(added.feed.id > i64::from(MAX_FEEDS));
    t.is_sound();
}

#[test]
fn a_removed_feed_takes_its_arrivals_along_and_leaves_kept_notes() {
    let mut t = Feeds::new();
    let (one, two) = (t.fetched("https://e.org/1"), t.fetched("https://e.org/2"));
    t.bring(one, &["skipped", "kept", "waiting"]);
    t.bring(two, &["x"]);
    let (kept, skipped) = (t.id_of("kept"), t.id_of("skipped"));
    t.write(|writer| {
        writer.keep_arrival(kept, &[], KEEP)?;
        writer.skip_arrivals(&SkipSelection::Ids(vec![skipped]))
    });
    assert_eq!(t.write(|writer| writer.remove_feed(one)), 1);
    assert_eq!(t.inbox(), ["x"]);
    assert_eq!(t.store.counts().unwrap().notes, 1);
    let unknown = t.store.write(t.now, |writer| writer.remove_feed(one));
    assert!(matches!(unknown, Err(Error::UnknownFeed)));
    let gone = t.store.write(t.now, |writer| {
        writer.record_fetch(one, &listing(Vec::new()), Retention::default())
    });
    assert!(matches!(gone, Err(Error::UnknownFeed)));
    // Added again, it brings what was waiting, and nothing that the user has decided about.
    let again = t.add("https://e.org/1", &[]).id;
    assert_eq!(t.bring(again, &["skipped", "kept", "waiting"]), 1);
    assert_eq!(t.inbox(), ["waiting", "x"]);
    t.is_sound();
}

#[test]
fn a_feed_is_found_by_number_address_or_part_of_its_title() {
    let mut t = Feeds::new();
    let titled = |t: &mut Feeds, url: &str, title: &str| {
        let new = NewFeed::new(url, Vec::new()).unwrap().titled(title);
        t.write(|writer| writer.add_feed(&new)).feed.id
    };
    let rust = titled(
        &mut t,
        "https://user:secret@rust.example/feed.xml",
        "The Rust  Blog",
    );
    let other = titled(&mut t, "https://e.org/rss", "Rust");
    for (text, id) in [
        ("1", rust),
        ("HTTPS://e.org/rss", other),
        ("rust", other),
        ("the rust blog", rust),
        ("feed.xml", rust),
    ] {
        assert_eq!(t.store.find_feed(text).unwrap().id, id, "{text}");
    }
    for text in ["", "99", "python", "secret"] {
        assert!(
            matches!(t.store.find_feed(text), Err(Error::UnknownFeed)),
            "{text}"
        );
    }
    let many = t.store.find_feed("rus").unwrap_err().to_string();
    assert!(
        many.contains("\"The Rust Blog\" (1) and \"Rust\" (2)"),
        "{many}"
    );
}

#[test]
fn a_renamed_tag_is_renamed_on_feeds_too() {
    let mut t = Feeds::new();
    let feed = t.add("https://e.org/feed", &["old", "other"]).id;
    let note = new_note("https://e.org/", "", &["old", "other"], "");
    t.write(|writer| writer.save_note(&note));
    let tag = |name: &str| Tag::parse(name).unwrap();
    let rename = TagEdit::Rename {
        from: tag("old"),
        to: tag("new"),
        alias: false,
    };
    t.write(|writer| writer.edit_tags(&rename));
    assert_eq!(t.feed(feed).tags, [tag("new"), tag("other")]);
    t.write(|writer| writer.edit_tags(&TagEdit::Remove(tag("other"))));
    assert_eq!(t.feed(feed).tags, [tag("new")]);
    let lone = t.add("https://e.org/lone", &["lonely"]).id;
    t.write(|writer| writer.alias_tag(&tag("lonely"), &tag("new")));
    assert_eq!(t.feed(lone).tags, [tag("new")]);
}

#[test]
fn numbers_and_words_of_problems_never_change() {
    let problems: Vec<(i64, &str)> = (1..=13)
        .map(|number| {
            let problem = FeedProblem::from_number(number).unwrap();
            assert!(problem.sentence().ends_with('.'));
            (problem.number(), problem.name())
        })
        .collect();
    assert_eq!(
        problems,
        [
            (1, "unreachable"),
            (2, "refused"),
            (3, "busy"),
            (4, "gone"),
            (5, "tls"),
            (6, "not_a_feed"),
            (7, "too_large"),
            (8, "private_address"),
            (9, "not_found"),
            (10, "server_error"),
            (11, "too_slow"),
            (12, "redirects"),
            (13, "malformed"),
        ]
    );
    assert_eq!(FeedProblem::from_number(14), None);
}
