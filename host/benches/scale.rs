//! Measures the cost of a million notes compared with a thousand, in one run: queries, saves into a
//! running host, import, disk, memory.
//!
//! `cargo bench --bench scale` measures everything; `-- queries implied search saves suggest import
//! million memory` selects parts. The stores are created at the first run (some minutes, 3 GB under
//! `target/tmp/stores`) and kept. Times depend on the computer; the ratios count.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures"
)]

mod data;
mod frames;

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use url_notes::{
    domain::{Choices, NewNote, NoteId, PageText, Query, Tag},
    store::{Facets, Origin, Reader, Store, TagFilter, TagOrder},
    transfer::import::{self, ImportOptions, Source},
};

const SMALL: u64 = 1_000;
const MIDDLE: u64 = 100_000;
const LARGE: u64 = 1_000_000;
/// Notes and tags per listing page of the site.
const PAGE: u32 = 21;
const RELATED: u32 = 16;
/// Tags on a page of their list.
const LISTED_TAGS: u32 = 1_000;
/// Notes that the import bench adds.
const IMPORTED: u64 = 10_000;
/// Saves into the running host.
const SAVES: usize = 400;

fn main() -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a bench is its own program")]
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let part = |name: &str| wanted.is_empty() || wanted.iter().any(|part| part == name);
    if part("import") {
        import()?;
    }
    if part("million") {
        import_of_a_million()?;
    }
    if !["queries", "implied", "search", "saves", "suggest", "memory"]
        .into_iter()
        .any(part)
    {
        return Ok(());
    }
    let small = data::store_of(SMALL)?;
    let large = data::store_of(LARGE)?;
    settle(&small);
    settle(&large);
    println!(
        "disk: {:.0} B a note at 1M, {:.0} B at 1k",
        fs::metadata(&large)?.len() as f64 / LARGE as f64,
        fs::metadata(&small)?.len() as f64 / SMALL as f64,
    );
    // From memory, as on a computer where the notes are in use, because disks differ too much.
    io::copy(&mut File::open(&large)?, &mut io::sink())?;
    let readers = (open(&small), open(&large));
    if part("queries") {
        queries(&readers);
    }
    if part("search") {
        searches(&readers);
    }
    drop(readers);
    if part("implied") {
        implied(&large);
        tags_with_implied(&large);
    }
    if part("saves") {
        saves(&small, &large)?;
    }
    if part("suggest") {
        suggestions(&small, &large)?;
    }
    if part("memory") {
        memory(&small, &large)?;
    }
    Ok(())
}

fn open(database: &Path) -> Reader {
    Reader::open(database).expect("a store")
}

/// Migrates a store of an earlier run, and does all the maintenance that a host would do while
/// idle.
fn settle(database: &Path) {
    let begin = Instant::now();
    let mut store = Store::open(database).expect("a store");
    let mut pieces = 0;
    while let Some(wait) = store.run_maintenance().expect("the index is merged") {
        thread::sleep(wait);
        pieces += 1;
    }
    println!(
        "upkeep: {pieces} pieces of {:.1} ms",
        begin.elapsed().as_secs_f64() * 1e3 / f64::from(pieces.max(1))
    );
}

/// Times of many runs, sorted.
struct Times(Vec<Duration>);

impl Times {
    fn of(runs: usize, mut run: impl FnMut(usize)) -> Self {
        for warm in 0..runs.min(20) {
            run(warm);
        }
        let times = (0..runs)
            .map(|number| {
                let begin = Instant::now();
                run(number);
                begin.elapsed()
            })
            .collect();
        Self::sorted(times)
    }

    fn sorted(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// Returns a percentile in µs.
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent / 100).min(self.0.len() - 1);
        self.0[at].as_secs_f64() * 1e6
    }
}

/// Prints one line: both stores, and the goal.
fn compare(what: &str, small: &Times, large: &Times, goal: &str) {
    println!(
        "{what:<44} 1k {:>8.0} µs   1M {:>8.0} µs  p99 {:>8.0}  max {:>8.0}   {:>6.2} x   {goal}",
        small.percentile(50),
        large.percentile(50),
        large.percentile(99),
        large.percentile(100),
        large.percentile(50) / small.percentile(50),
    );
}

fn with(ranks: &[u64]) -> TagFilter {
    TagFilter {
        with: ranks.iter().map(|rank| data::tag(*rank)).collect(),
        without: Vec::new(),
    }
}

/// Compares what the page of a tag reads at a million notes: of a tag, and of one that others imply
/// and that no note has itself. The implications are removed afterwards.
fn implied(large: &Path) {
    println!(
        "\nimplied tags at 1M, p50: page of a plain tag with as many notes, of the implied one, ratio"
    );
    let mut store = Store::open(large).expect("a store");
    for implying in [2_u64, 20, 60, 200] {
        let top = Tag::parse(&format!("{implying} together")).expect("a tag");
        let below: Vec<Tag> = (0..implying).map(|n| data::tag(20 + n * 3)).collect();
        let now = url_notes::clock::now();
        store
            .write(now, |writer| {
                for tag in &below {
                    writer.imply_tag(tag, &top)?;
                }
                Ok(())
            })
            .expect("implied tags");
        let reader = open(large);
        let facets = Facets::read(&reader).expect("facets");
        let filter = TagFilter::of(&top);
        let notes = facets.count(&reader, &filter).expect("a count");
        // The plain tag of which the number of notes is nearest.
        let distance = |rank: &u64| {
            let uses = reader.tag_uses(&data::tag(*rank)).expect("a count");
            uses.abs_diff(notes)
        };
        let rank = (0..300).min_by_key(distance).expect("a tag");
        let page = |filter: &TagFilter| {
            let total = |tag: &Tag| facets.count(&reader, &TagFilter::of(tag));
            facets.count(&reader, filter).expect("a count");
            facets.related(&reader, filter, RELATED).expect("tags");
            facets.notes(&reader, filter, None, PAGE).expect("notes");
            reader.tag_family(&filter.with[0], total).expect("tags");
        };
        let plain = with(&[rank]);
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..60 {
            for (times, filter) in times.iter_mut().zip([&plain, &filter]) {
                let begin = Instant::now();
                reader
                    .read_transaction(|_| {
                        page(filter);
                        Ok(())
                    })
                    .expect("a page");
                times.push(begin.elapsed());
            }
        }
        let [plain, of_implied] = times.map(Times::sorted);
        println!(
            "{implying:>4} tags imply it, {notes:>7} notes   {:>8.0} µs   {:>8.0} µs   {:>5.2} x   ≤ 1.5 x",
            plain.percentile(50),
            of_implied.percentile(50),
            of_implied.percentile(50) / plain.percentile(50),
        );
        store
            .write(now, |writer| {
                for tag in &below {
                    writer.remove_implication(tag, &top)?;
                }
                Ok(())
            })
            .expect("implied tags");
    }
}

/// Compares what the list of tags reads at a million notes, with tags that others imply: in the order
/// of their own notes, and with those by implication; and a completion with and without implied tags.
/// The implications are removed afterwards.
fn tags_with_implied(large: &Path) {
    println!("\nlist of tags at 1M, p50: by their own notes, with those by implication, ratio");
    let mut store = Store::open(large).expect("a store");
    let now = url_notes::clock::now();
    let reader = open(large);
    let typed = ["a", "com", "lea", "xyz"];
    let complete = || {
        Times::of(400, |number| {
            reader
                .read_transaction(|reader| reader.complete_tags(typed[number % 4], 8, &[]))
                .expect("tags");
        })
    };
    let without = complete();
    for tops in [10_u64, 100] {
        let edges: Vec<[Tag; 2]> = (0..tops)
            .flat_map(|top| (1..4).map(move |n| [data::tag(top * 5 + n), data::tag(top * 5)]))
            .collect();
        store
            .write(now, |writer| {
                for [tag, implied] in &edges {
                    writer.imply_tag(tag, implied)?;
                }
                Ok(())
            })
            .expect("implied tags");
        let facets = Facets::read(&reader).expect("facets");
        let total = |tag: &Tag| facets.count(&reader, &TagFilter::of(tag));
        let own = || {
            let mut tags = reader.top_tags(LISTED_TAGS).expect("tags");
            reader.count_implied(&mut tags, total).expect("counts");
            reader.tag_tree(total).expect("a tree");
        };
        let all = || {
            let list = reader.tag_list(TagOrder::Uses, "", None, LISTED_TAGS, total);
            list.expect("tags");
            reader.tag_tree(total).expect("a tree");
        };
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..60 {
            for (times, page) in times.iter_mut().zip([&own as &dyn Fn(), &all]) {
                let begin = Instant::now();
                reader
                    .read_transaction(|_| {
                        page();
                        Ok(())
                    })
                    .expect("a page");
                times.push(begin.elapsed());
            }
        }
        let [own, all] = times.map(Times::sorted);
        println!(
            "{tops:>4} implied tags   {:>8.0} µs   {:>8.0} µs   {:>5.2} x   ≤ 1.5 x",
            own.percentile(50),
            all.percentile(50),
            all.percentile(50) / own.percentile(50),
        );
        let with = complete();
        println!(
            "{tops:>4} implied tags, completion   {:>6.0} µs without   {:>6.0} µs   p99 {:>6.0}",
            without.percentile(50),
            with.percentile(50),
            with.percentile(99),
        );
        store
            .write(now, |writer| {
                for [tag, implied] in &edges {
                    writer.remove_implication(tag, implied)?;
                }
                Ok(())
            })
            .expect("implied tags");
    }
}

/// Returns the id of the note at this position in the store, in thousandths from the oldest.
fn depth(notes: u64, thousandth: u64) -> NoteId {
    NoteId::at(data::moment(notes * thousandth / 1000))
}

fn queries((small, large): &(Reader, Reader)) {
    println!("\nqueries, p50");
    let both = |runs: usize, run: &dyn Fn(&Reader, u64, usize)| {
        (
            Times::of(runs, |number| run(small, SMALL, number)),
            Times::of(runs, |number| run(large, LARGE, number)),
        )
    };
    let (s, l) = both(500, &|reader, _, _| {
        let notes =
            reader.read_transaction(|reader| reader.notes_with_tags(&with(&[0]), None, PAGE));
        assert!(!notes.expect("notes").is_empty());
    });
    compare("tag page, most used tag", &s, &l, "≤ 200 µs, ≤ 1.2 x");
    let (s, l) = both(500, &|reader, notes, number| {
        let before = depth(notes, number as u64 * 2 % 1000);
        reader
            .read_transaction(|reader| reader.notes_with_tags(&with(&[0]), Some(before), PAGE))
            .expect("notes");
    });
    compare("tag page, any depth", &s, &l, "≤ 2 x the first page");
    let (s, l) = both(300, &|reader, _, _| {
        reader
            .read_transaction(|reader| reader.latest_notes(None, PAGE))
            .expect("notes");
    });
    compare("all notes, first page", &s, &l, "");

    let begin = Instant::now();
    let facets = (
        Facets::read(small).expect("facets"),
        Facets::read(large).expect("facets"),
    );
    println!("facets read in {:.1} s", begin.elapsed().as_secs_f64());
    let both = |runs: usize, run: &dyn Fn(&Facets, &Reader, u64, usize)| {
        (
            Times::of(runs, |number| run(&facets.0, small, SMALL, number)),
            Times::of(runs, |number| run(&facets.1, large, LARGE, number)),
        )
    };
    let (s, l) = both(300, &|facets, reader, notes, number| {
        let start = facets.page_start(notes * (number as u64 % 300) / 300);
        reader
            .read_transaction(|reader| reader.latest_notes(Some(start), PAGE))
            .expect("notes");
    });
    compare(
        "all notes, page of any number",
        &s,
        &l,
        "≤ 2 x the first page",
    );
    let triples: Vec<[u64; 3]> = vec![[0, 1, 2], [0, 3, 7], [1, 2, 30], [4, 9, 200], [0, 50, 1000]];
    let (s, l) = both(300, &|facets, reader, _, number| {
        let filter = with(&triples[number % triples.len()]);
        facets.count(reader, &filter).expect("a count");
    });
    compare("3 tags, exact count", &s, &l, "≤ 500 µs");
    let (s, l) = both(200, &|facets, reader, _, number| {
        let filter = with(&triples[number % triples.len()]);
        facets.notes(reader, &filter, None, PAGE).expect("notes");
    });
    compare("3 tags, first page", &s, &l, "");
    for rank in [0, 10, 100, 1000] {
        let (s, l) = both(60, &|facets, reader, _, _| {
            let rank = rank.min(if std::ptr::eq(reader, small) {
                100
            } else {
                rank
            });
            facets
                .related(reader, &with(&[rank]), RELATED)
                .expect("tags");
        });
        compare(
            &format!("related tags, tag of rank {rank}"),
            &s,
            &l,
            "≤ 10,000 µs",
        );
    }
    let begin = Instant::now();
    let names: Vec<Tag> = (0..5000).map(|n| data::tag(n * 7 % 20_000)).collect();
    for (what, from, length) in [
        ("completion, 1 character", 0, 1),
        ("completion, 2 characters", 0, 2),
        ("completion, 3 characters", 0, 3),
        ("completion, 5 characters", 0, 5),
        ("completion, 3 characters from inside", 1, 3),
        ("completion, 4 characters from inside", 2, 4),
    ] {
        let text = |number: usize| -> String {
            names[number % names.len()]
                .as_str()
                .chars()
                .skip(from)
                .take(length)
                .collect()
        };
        let s = Times::of(1000, |number| {
            small
                .read_transaction(|small| small.complete_tags(&text(number), 6, &[]))
                .expect("tags");
        });
        let l = Times::of(2000, |number| {
            large
                .read_transaction(|large| large.complete_tags(&text(number), 6, &[]))
                .expect("tags");
        });
        compare(what, &s, &l, "p50 ≤ 110 µs, p99 ≤ 150 µs");
    }
    println!("completions took {:.1} s", begin.elapsed().as_secs_f64());
}

fn searches((small, large): &(Reader, Reader)) {
    println!("\nsearch, newest 20 with snippets; nothing over 60 ms, p99 ≤ 1 ms");
    let w = data::word;
    let facets = (
        Facets::read(small).expect("facets"),
        Facets::read(large).expect("facets"),
    );
    let kinds: Vec<(&str, Vec<String>)> = vec![
        ("frequent words", (0..40).map(|n| w(n) + " ").collect()),
        (
            "words of all kinds",
            (0..200).map(|n| w(n * 290 + 30) + " ").collect(),
        ),
        (
            "rare words",
            (0..100).map(|n| w(59_000 - n * 7) + " ").collect(),
        ),
        ("a word that isn't there", vec!["qqqqqq ".into()]),
        (
            "two words",
            (0..60)
                .map(|n| format!("{} {} ", w(n), w(n * 31 + 60)))
                .collect(),
        ),
        (
            "three words, the last one goes on",
            (0..40)
                .map(|n| format!("{} {} {}", w(n), w(n + 9), &w(n * 5 + 40)[..2]))
                .collect(),
        ),
        (
            "one letter that goes on",
            ('a'..='z').map(String::from).collect(),
        ),
        (
            "two letters that go on",
            (0..60).map(|n| w(n * 97)[..2].to_owned()).collect(),
        ),
        (
            "three letters that go on",
            (0..60)
                .map(|n| w(n * 97 + 30).chars().take(3).collect())
                .collect(),
        ),
        (
            "phrases",
            (0..60)
                .map(|n| format!("\"{} {}\"", w(n % 7), w(n)))
                .collect(),
        ),
        (
            "phrase of frequent words, five of them",
            (0..10)
                .map(|n| format!("\"{} {} {} {} {}\"", w(n), w(n + 1), w(n + 2), w(n), w(n)))
                .collect(),
        ),
        (
            "without a frequent word",
            (0..20).map(|n| format!("-{}", w(n))).collect(),
        ),
        (
            "word and without",
            (0..20).map(|n| format!("{} -{}", w(n), w(n + 1))).collect(),
        ),
        (
            "frequent word, frequent tag",
            (0..20)
                .map(|n| format!("{} tag:\"{}\"", w(n), data::tag(n)))
                .collect(),
        ),
        (
            "frequent word, rare tag",
            (0..20)
                .map(|n| format!("{} tag:\"{}\"", w(n), data::tag(90_000 + n)))
                .collect(),
        ),
        (
            "rare word, frequent tag",
            (0..20)
                .map(|n| format!("{} tag:\"{}\"", w(50_000 + n), data::tag(n)))
                .collect(),
        ),
        (
            "three tags",
            (0..20)
                .map(|n| {
                    format!(
                        "tag:\"{}\" tag:\"{}\" tag:\"{}\"",
                        data::tag(n),
                        data::tag(n + 5),
                        data::tag(n * 3 + 11)
                    )
                })
                .collect(),
        ),
        (
            "a tag without another, and a word",
            (0..20)
                .map(|n| {
                    format!(
                        "{} tag:\"{}\" -tag:\"{}\"",
                        w(n),
                        data::tag(n + 3),
                        data::tag(n)
                    )
                })
                .collect(),
        ),
        (
            "without a frequent tag",
            (0..10)
                .map(|n| format!("-tag:\"{}\"", data::tag(n)))
                .collect(),
        ),
        (
            "frequent site",
            (0..10)
                .map(|n| format!("site:{}{n}.example", w(n)))
                .collect(),
        ),
        (
            "frequent word, frequent site",
            (0..10)
                .map(|n| format!("{} site:{}{n}.example", w(n), w(n)))
                .collect(),
        ),
        (
            "rare word, rare site",
            (0..10)
                .map(|n| {
                    format!(
                        "{} site:{}{}.example",
                        w(n + 40_000),
                        w(n + 30_000),
                        n + 30_000
                    )
                })
                .collect(),
        ),
        ("everything of .example", vec!["site:example".into()]),
        (
            "before a date long ago",
            (0..10)
                .map(|n| format!("{} before:2011-02", w(n)))
                .collect(),
        ),
        (
            "after a date",
            (0..10)
                .map(|n| format!("{} after:2025-01-01", w(n + 40_000)))
                .collect(),
        ),
        (
            "a lone quote, signs, nothing",
            vec![
                "\"".into(),
                "c++".into(),
                "-".into(),
                "*".into(),
                "(((".into(),
            ],
        ),
        ("many words", vec![(0..32).map(|n| w(n) + " ").collect()]),
        (
            "many words at random",
            (0..5_u64)
                .map(|k| (0..30).map(|n| w(n * 131 + k) + " ").collect())
                .collect(),
        ),
    ];
    for (what, queries) in kinds {
        let queries: Vec<Query> = queries.iter().map(|text| Query::parse(text)).collect();
        let run = |facets: &Facets, reader: &Reader, number: usize| {
            // As host and site do it: SQLite's locks are taken once.
            let query = &queries[number % queries.len()];
            reader
                .read_transaction(|reader| {
                    if query.joins_tags() {
                        reader.search_with(facets, query, None, 20)
                    } else {
                        reader.search(query, None, 20)
                    }
                })
                .expect("a result");
        };
        let runs = queries.len().max(30);
        // A slow query is repeated less often, so that the bench ends.
        let begin = Instant::now();
        run(&facets.1, large, 0);
        let runs = if begin.elapsed() > Duration::from_millis(50) {
            queries.len().min(20)
        } else {
            runs
        };
        let s = Times::of(runs, |number| run(&facets.0, small, number));
        let l = Times::of(runs, |number| run(&facets.1, large, number));
        compare(what, &s, &l, "");
    }
}

/// A host as a browser starts it.
struct Host {
    child: Child,
}

const ORIGIN: &str = "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/";

impl Host {
    fn start(data: &Path, port: u16) -> io::Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_url-notes"))
            .arg(ORIGIN)
            .env_clear()
            .env("URL_NOTES_DATA_DIR", data)
            .env("URL_NOTES_PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child })
    }

    fn ask(&mut self, method: &str, params: &str) -> io::Result<String> {
        let pipe = self.child.stdin.as_mut().expect("piped");
        pipe.write_all(&frames::request(method, params))?;
        frames::answer(self.child.stdout.as_mut().expect("piped"))
    }

    /// Returns the anonymous memory in MB. B-tree pages of the database in the page cache don't
    /// count.
    fn anonymous(&self) -> io::Result<f64> {
        Ok(anonymous_of(&self.child)?.expect("Linux tells it"))
    }
}

/// Returns the anonymous memory of a program in MB, or `None` if it has ended.
fn anonymous_of(child: &Child) -> io::Result<Option<f64>> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok());
    Ok(kilobytes.map(|kilobytes| kilobytes / 1024.0))
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended on its own.
        let _ = self.child.wait();
    }
}

/// Makes a writable copy.
fn copy(database: &Path) -> io::Result<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = dir.path().join("notes.db");
    fs::copy(database, &path)?;
    File::open(&path)?.sync_all()?;
    io::copy(&mut File::open(&path)?, &mut io::sink())?;
    Ok((dir, path))
}

fn saves(small: &Path, large: &Path) -> io::Result<()> {
    println!("\ndurable saves into a running host, as a person saves: with pauses");
    for (what, notes, database) in [("1k", SMALL, small), ("1M", LARGE, large)] {
        let (dir, path) = copy(database)?;
        let mut host = Host::start(dir.path(), 0)?;
        host.ask("hello", r#"{"protocol":1,"extension":"0.1.0"}"#)?;
        let mut probe = OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.path().join("probe"))?;
        let mut saves = Vec::new();
        let mut syncs = Vec::new();
        for number in 0..SAVES {
            if number % 20 == 0 {
                // As at the start, because some systems reclaim memory within seconds.
                io::copy(&mut File::open(&path)?, &mut io::sink())?;
            }
            let note = data::note(notes + number as u64, data::tags_for(notes));
            let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
            let params = serde_json::json!({
                "opId": format!("00000000-0000-4000-8000-{number:012x}"),
                "url": note.url.as_str(),
                "title": note.title,
                "tags": tags,
                "summary": note.summary,
            });
            let params = params.to_string();
            let begin = Instant::now();
            host.ask("saveNote", &params)?;
            saves.push(begin.elapsed());
            // Shorter than the time between two saves of a user; the host uses it for maintenance.
            thread::sleep(Duration::from_millis(120));
            let begin = Instant::now();
            probe.write_all(&[0; 8192])?;
            probe.sync_data()?;
            syncs.push(begin.elapsed());
        }
        let (saves, syncs) = (Times::sorted(saves), Times::sorted(syncs));
        println!(
            "{what}: save p50 {:.0} µs p99 {:.0}, fdatasync of 8 KB p50 {:.0} p99 {:.0}: p50 {:.2} x (≤ 2.5), p99 {:.2} x of its p50 (≤ 5), {:.2} x of its p99",
            saves.percentile(50),
            saves.percentile(99),
            syncs.percentile(50),
            syncs.percentile(99),
            saves.percentile(50) / syncs.percentile(50),
            saves.percentile(99) / syncs.percentile(50),
            saves.percentile(99) / syncs.percentile(99),
        );
    }
    Ok(())
}

/// Measures suggestions for pages that aren't saved yet, in a store that has learned, and right
/// after a save.
fn suggestions(small: &Path, large: &Path) -> io::Result<()> {
    println!("\nsuggested tags, p99 ≤ 5 ms at 100k, ≤ 15 ms at 1M");
    for (what, notes, database) in [
        ("1k", SMALL, small),
        ("100k", MIDDLE, data::store_of(MIDDLE)?.as_path()),
        ("1M", LARGE, large),
    ] {
        let (_dir, path) = copy(database)?;
        let tags = data::tags_for(notes);
        let mut store = Store::open(&path).expect("a store");
        let begin = Instant::now();
        let mut pieces = 0;
        while store.learn().expect("learned") {
            pieces += 1;
        }
        let learned = begin.elapsed();
        let ask = |store: &mut Store, note: &NewNote, chosen: &[Tag], text: &str| {
            let page = PageText {
                url: note.url.as_str(),
                title: &note.title,
                texts: [text, ""],
            };
            let choices = Choices {
                chosen: chosen.to_vec(),
                ..Choices::default()
            };
            let begin = Instant::now();
            store.suggest_tags(page, &choices, 10).expect("tags");
            begin.elapsed()
        };
        let note = |number: usize| data::note(notes + number as u64, tags);
        let first = ask(&mut store, &note(0), &[], "");
        let titles = (0..1000).map(|number| ask(&mut store, &note(number), &[], ""));
        let titles = Times::sorted(titles.collect());
        let texts = (0..1000).map(|number| {
            let note = note(number);
            ask(&mut store, &note, &note.tags[..2], &note.summary)
        });
        let texts = Times::sorted(texts.collect());
        let after_saves = (0..200_u64).map(|number| {
            let note = data::note(notes + number, tags);
            let moment = data::moment(notes + number);
            store
                .write(moment, |writer| writer.save_note_of(&note, moment))
                .expect("a save");
            let next = data::note(notes + number + 1, tags);
            ask(&mut store, &next, &[], &next.summary)
        });
        let after_saves = Times::sorted(after_saves.collect());
        for (case, times) in [
            ("title only", &titles),
            ("with text, two tags chosen", &texts),
            ("right after a save", &after_saves),
        ] {
            println!(
                "{what:<5} {case:<28} p50 {:>6.0} µs  p99 {:>6.0}  max {:>6.0}",
                times.percentile(50),
                times.percentile(99),
                times.percentile(100),
            );
        }
        println!(
            "{what:<5} learning {:.0} ms in {pieces} pieces; first answer {:.1} ms",
            learned.as_secs_f64() * 1e3,
            first.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}

fn import() -> io::Result<()> {
    let tags = data::tags_for(MIDDLE);
    let notes: Vec<_> = (MIDDLE..MIDDLE + IMPORTED)
        .map(|number| (data::note(number, tags), data::moment(number)))
        .collect();
    println!("\nimport of 10k into 100k notes, one transaction (≥ 5,000 a second)");
    for (what, summaries) in [
        ("bookmarks with 7.7 tags", false),
        ("and a text of 1 KB", true),
    ] {
        let mut file = String::from("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n");
        for (note, moment) in &notes {
            let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
            let (url, title) = (note.url.as_str(), &note.title);
            let (moment, tags) = (moment.as_second(), tags.join(","));
            writeln!(
                file,
                "<DT><A HREF=\"{url}\" ADD_DATE=\"{moment}\" TAGS=\"{tags}\">{title}</A>"
            )
            .expect("memory");
            if summaries {
                writeln!(file, "<DD>{}", note.summary.replace('<', "&lt;")).expect("memory");
            }
        }
        let (_dir, path) = copy(&data::store_of(MIDDLE)?)?;
        let mut store = Store::open(&path).expect("a store");
        store.expect_many().expect("memory");
        let begin = Instant::now();
        let report = store
            .write(data::moment(MIDDLE + IMPORTED), |writer| {
                let mut source = Source::of_bytes(file.into_bytes())?;
                let format = import::detect(&mut source)?;
                let origin = Origin {
                    file: "bookmarks.html".into(),
                    format: format.name.into(),
                };
                let wishes = ImportOptions {
                    folders: true,
                    base: None,
                    strip_user_info: false,
                };
                let rows = writer.import(origin, data::moment(MIDDLE));
                let report = import::run(&mut source, format, wishes, &rows, &mut |_| ())?;
                rows.finish()?;
                Ok(report)
            })
            .expect("an import");
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{what}: {:.0} a second ({} new, {} merged)",
            IMPORTED as f64 / seconds,
            report.new,
            report.merged
        );
    }
    Ok(())
}

/// Runs the program itself, as a user does.
fn import_of_a_million() -> io::Result<()> {
    println!("\nimport of 1M Netscape bookmarks into an empty store");
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = dir.path().join("bookmarks.html");
    let tags = data::tags_for(LARGE);
    let mut file = io::BufWriter::new(File::create(&path)?);
    writeln!(file, "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>")?;
    for number in 0..LARGE {
        let note = data::note(number, tags);
        let names: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        writeln!(
            file,
            "<DT><A HREF=\"{}\" ADD_DATE=\"{}\" TAGS=\"{}\">{}</A>",
            note.url.as_str(),
            data::moment(number).as_second(),
            names.join(","),
            note.title
        )?;
    }
    file.into_inner()?.sync_all()?;
    let megabytes = fs::metadata(&path)?.len() as f64 / 1e6;
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_url-notes"))
        .env("URL_NOTES_DATA_DIR", dir.path().join("data"))
        .arg("import")
        .arg(&path)
        .stdout(Stdio::null())
        .spawn()?;
    let mut most: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        most = most.max(anonymous_of(&child)?.unwrap_or(0.0));
        thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "the import is done");
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{megabytes:.0} MB of HTML: {:.0} a second, at most {most:.0} MB anonymous (≤ 150)",
        LARGE as f64 / seconds
    );
    Ok(())
}

fn memory(small: &Path, large: &Path) -> io::Result<()> {
    println!("\nanonymous memory of a host that serves the site");
    for (what, database) in [("1k", small), ("1M", large)] {
        let folder = database.parent().expect("a folder");
        let port = 45_000 + u16::try_from(std::process::id() % 10_000).expect("small");
        let mut host = Host::start(folder, port)?;
        host.ask("hello", r#"{"protocol":1,"extension":"0.1.0"}"#)?;
        let page = |path: &str| -> io::Result<String> {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            )?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        while page("/robots.txt").is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        let idle = host.anonymous()?;
        let tag = data::tag(0);
        let address = format!("/tag/{}", tag.as_str().replace(' ', "%20"));
        let mut peak: f64 = 0.0;
        // Until the facets are read, the page says that it has counted only a part.
        while page(&address)?.contains("of the newest") {
            peak = peak.max(host.anonymous()?);
            thread::sleep(Duration::from_millis(10));
        }
        let after = host.anonymous()?;
        println!(
            "{what}: idle {idle:.1} MB (≤ 2), with a tag page's facets {after:.1} MB (≤ 70), most while they were read {peak:.1} MB (≤ 130)"
        );
    }
    Ok(())
}
