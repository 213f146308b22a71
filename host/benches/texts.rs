//! Measures texts of pages: how long it takes to store one, what one takes on the disk, and searches
//! in a store of 100,000 notes with and without their texts, in one run.
//!
//! `cargo bench --bench texts`; `-- put` or `-- search` a part of it. The stores are created at the first run (some minutes, 2 GB under
//! `target/tmp/stores`) and kept. Times depend on the computer; the ratios count.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
mod data;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use url_notes::{
    domain::Query,
    store::{NewText, Operation, Reader, Store, TextSource},
};

const NOTES: u64 = 100_000;
/// Words of a text: the mean of real pages.
const WORDS: usize = 1_530;
/// Texts per transaction while the store is filled.
const BATCH: usize = 1_000;
/// Notes without a text in the store with texts, to measure storing them.
const LEFT: usize = 200;

fn main() -> io::Result<()> {
    let plain = data::store_of(NOTES)?;
    let (with_texts, made) = store_with_texts(&plain)?;
    let size = |path: &Path| fs::metadata(path).map(|file| file.len());
    let texts = NOTES - LEFT as u64;
    println!(
        "{texts} texts of {WORDS} words; a text takes {} bytes on the disk with its index (≤ 9,000)",
        (size(&with_texts)? - size(&plain)?) / texts
    );
    if let Some(time) = made {
        println!("stored in {:.0} s", time.as_secs_f64());
    }
    #[expect(clippy::disallowed_methods, reason = "a bench is its own program")]
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    if wanted("put") {
        puts(&with_texts)?;
    }
    if wanted("search") {
        searches(&plain, &with_texts);
    }
    Ok(())
}

/// Returns the markdown of a text.
fn markdown(number: usize) -> String {
    let mut random = fastrand::Rng::with_seed(number as u64 + 7_000_000);
    let mut text = String::from("# Head\n\n");
    for word in 1..=WORDS {
        text.push_str(&data::word(data::zipf(&mut random, data::VOCABULARY)));
        text.push_str(match word {
            _ if word % 90 == 0 => ".\n\n",
            _ if word % 15 == 0 => ". ",
            _ => " ",
        });
    }
    text
}

fn new_text(number: usize) -> NewText {
    let now = url_notes::clock::now();
    NewText::new(&markdown(number), now, TextSource::Click, true).expect("a text")
}

/// Returns the store of the same notes with texts, and how long it took to store them if that
/// wasn't done before.
fn store_with_texts(plain: &Path) -> io::Result<(PathBuf, Option<Duration>)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stores/100000-texts");
    let database = folder.join("notes.db");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok((database, None));
    }
    fs::create_dir_all(&folder)?;
    fs::copy(plain, &database)?;
    let begin = Instant::now();
    let mut store = Store::open(&database).expect("a store");
    let ids = store.matching_ids(&Query::all()).expect("ids");
    // Oldest first, as clicks do.
    let ids: Vec<_> = ids[LEFT..].iter().rev().collect();
    for (batch, ids) in ids.chunks(BATCH).enumerate() {
        store
            .write(url_notes::clock::now(), |writer| {
                for (number, id) in ids.iter().enumerate() {
                    writer.put_text(**id, &new_text(batch * BATCH + number), false)?;
                }
                Ok(())
            })
            .expect("texts are stored");
        store.run_maintenance().expect("maintenance");
    }
    while let Some(wait) = store.run_maintenance().expect("the index is merged") {
        std::thread::sleep(wait);
    }
    drop(store);
    File::create(complete)?;
    Ok((database, Some(begin.elapsed())))
}

/// Stores texts one by one, as clicks do, and compares with the disk.
fn puts(database: &Path) -> io::Result<()> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = dir.path().join("notes.db");
    fs::copy(database, &path)?;
    File::open(&path)?.sync_all()?;
    let mut store = Store::open(&path).expect("a store");
    let ids = store.matching_ids(&Query::all()).expect("ids");
    let mut probe = OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.path().join("probe"))?;
    let (mut puts, mut preparations, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
    for (number, id) in ids[..LEFT].iter().rev().enumerate() {
        let text = markdown(number + 500_000);
        let operation = Operation {
            id: uuid::Uuid::from_u128(number as u128 + 1),
            method: "putText",
        };
        let begin = Instant::now();
        let now = url_notes::clock::now();
        let text = NewText::new(&text, now, TextSource::Click, true).expect("a text");
        preparations.push(begin.elapsed());
        store
            .put_text_once(operation, now, *id, &text, false)
            .expect("stored");
        puts.push(begin.elapsed());
        // The host does this between two requests.
        while let Some(wait) = store.run_maintenance().expect("maintenance") {
            std::thread::sleep(wait);
        }
        let begin = Instant::now();
        probe.write_all(&[0; 8192])?;
        probe.sync_data()?;
        syncs.push(begin.elapsed());
    }
    let (puts, syncs) = (Times::sorted(puts), Times::sorted(syncs));
    println!(
        "putText: p50 {:.0} µs p99 {:.0} ({:.0} before its transaction), fdatasync of 8 KB p50 {:.0} \
         p99 {:.0}: p50 {:.2} x (≤ 4)",
        puts.percentile(50),
        puts.percentile(99),
        Times::sorted(preparations).percentile(50),
        syncs.percentile(50),
        syncs.percentile(99),
        puts.percentile(50) / syncs.percentile(50),
    );
    Ok(())
}

fn searches(plain: &Path, with_texts: &Path) {
    let w = data::word;
    // A store of an earlier run may have an older schema, which only this migrates.
    for database in [plain, with_texts] {
        drop(Store::open(database).expect("a store"));
    }
    let plain = Reader::open(plain).expect("a store");
    let texts = Reader::open(with_texts).expect("a store");
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
            "two letters that go on",
            (0..60).map(|n| w(n * 97)[..2].to_owned()).collect(),
        ),
        (
            "four letters that go on",
            (0..60)
                .map(|n| w(n * 97 + 30).chars().take(4).collect())
                .collect(),
        ),
        (
            "phrases",
            (0..60)
                .map(|n| format!("\"{} {}\"", w(n % 7), w(n)))
                .collect(),
        ),
        (
            "alternatives",
            (0..40)
                .map(|n| format!("({} OR {}) {} ", w(n + 4_000), w(n + 900), w(n + 5)))
                .collect(),
        ),
        (
            "without a word, with a tag",
            (0..40)
                .map(|n| format!("{} -{} tag:\"{}\"", w(n + 40), w(n + 9), data::tag(n)))
                .collect(),
        ),
    ];
    println!("\nthe newest 20, in µs: notes (without texts, with texts), and texts (p99 ≤ 20,000)");
    let (mut before, mut after, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for (what, queries) in &kinds {
        let queries: Vec<Query> = queries.iter().map(|text| Query::parse(text)).collect();
        let run = |ask: &dyn Fn(&Query)| {
            let mut times = Vec::new();
            for round in 0..4 {
                for query in &queries {
                    let begin = Instant::now();
                    ask(query);
                    if round > 0 {
                        times.push(begin.elapsed());
                    }
                }
            }
            times
        };
        let notes = |reader: &Reader, query: &Query| {
            reader.search(query, None, 20).expect("a search");
        };
        let plain = run(&|query| notes(&plain, query));
        let same = run(&|query| notes(&texts, query));
        let found = run(&|query| {
            texts.search_texts(None, query, None, 20).expect("a search");
        });
        before.extend(&plain);
        after.extend(&same);
        all.extend(&found);
        let (plain, same, found) = (
            Times::sorted(plain),
            Times::sorted(same),
            Times::sorted(found),
        );
        println!(
            "{what:<36} notes p50 {:>6.0} -> {:>6.0}   texts p50 {:>6.0}  p99 {:>6.0}  max {:>6.0}",
            plain.percentile(50),
            same.percentile(50),
            found.percentile(50),
            found.percentile(99),
            found.percentile(100),
        );
    }
    let (before, after, all) = (
        Times::sorted(before),
        Times::sorted(after),
        Times::sorted(all),
    );
    println!(
        "all: notes p99 {:.0} -> {:.0} ({:.2} x), texts p50 {:.0} p99 {:.0} max {:.0}",
        before.percentile(99),
        after.percentile(99),
        after.percentile(99) / before.percentile(99),
        all.percentile(50),
        all.percentile(99),
        all.percentile(100),
    );
}

/// Times of many runs, sorted.
struct Times(Vec<Duration>);

impl Times {
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
