//! Measures sync: what it adds to saves and edits, the files of 100,000 notes and the time and memory
//! to join them, saves during that, a year in a git repository, ten years in a folder.
//!
//! `cargo bench --bench sync -- saves join git years` selects parts, and a number among them is that of
//! the notes to join. Times depend on the computer; the ratios and sizes count.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
mod data;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::atomic::{AtomicI64, Ordering},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use url_notes::{
    clock,
    domain::Change,
    store::{Store, SyncSetup},
    sync::{
        carrier::{Carrier, Programs, folder::FolderCarrier, git::GitCarrier},
        device::DeviceId,
        run::{Outcome, Retention, Run},
        seal::Seal,
    },
};

const NOTES: u64 = 100_000;
/// Saves and edits that are measured.
const SAVES: u64 = 1_500;
/// Pause between saves while another device's notes are read.
const PAUSE: Duration = Duration::from_millis(5);

fn main() -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a bench is its own program")]
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|part| !part.starts_with("--"))
        .collect();
    let notes = parts.iter().find_map(|part| part.parse().ok());
    let part = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    if part("saves") {
        saves()?;
    }
    if part("join") {
        join(notes.unwrap_or(NOTES))?;
    }
    if part("git") {
        git()?;
    }
    if part("years") {
        years()?;
    }
    Ok(())
}

fn folder() -> io::Result<tempfile::TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))
}

fn setup(place: &Path) -> SyncSetup {
    SyncSetup {
        device: DeviceId::random().to_string(),
        name: "bench".into(),
        place: place.display().to_string(),
        encrypted: false,
        number: 0,
        healed_at: None,
        ran_at: None,
        ok_at: None,
        problem: None,
    }
}

/// Runs once, with a clock of the bench.
fn run(
    store: &mut Store,
    carrier: &mut dyn Carrier,
    retention: SignedDuration,
    now: fn() -> Timestamp,
) -> Outcome {
    let setup = store.sync_setup().expect("a store").expect("synced");
    let mut run = Run::new(store, carrier, Seal::Plain, setup, Retention(retention));
    run.now = now;
    run.run().expect("a run")
}

/// The files of a folder, with those in it.
fn files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        match kind.is_dir() {
            true => found.extend(files(&entry.path())?),
            false => found.push((entry.path(), kind.len())),
        }
    }
    Ok(found)
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A store of 10,000 notes with and without sync, in turn. Each transaction is synced to the disk, so
/// the disk's own time is shown, too.
fn saves() -> io::Result<()> {
    const STORED: u64 = 10_000;
    let original = data::store_of(STORED)?;
    let place = folder()?;
    let dirs = [folder()?, folder()?];
    let mut stores = Vec::new();
    for (dir, is_synced) in dirs.iter().zip([false, true]) {
        let path = dir.path().join("notes.db");
        fs::copy(&original, &path)?;
        let mut store = Store::open(&path).expect("a store");
        if is_synced {
            let mut carrier = FolderCarrier::new(place.path(), &Programs::default());
            carrier.create().expect("a place");
            store
                .begin_sync(&setup(place.path()), clock::now())
                .expect("a store");
            run(&mut store, &mut carrier, SignedDuration::ZERO, clock::now);
        }
        stores.push(store);
    }
    let tags = data::tags_for(STORED);
    let mut saved = [Vec::new(), Vec::new()];
    let mut edited = [Vec::new(), Vec::new()];
    for number in 0..SAVES {
        // Who goes first changes.
        for which in [number % 2, (number + 1) % 2] {
            let which = usize::try_from(which).expect("0 or 1");
            let new = data::note(STORED + number, tags);
            let begin = Instant::now();
            stores[which]
                .write(clock::now(), |writer| writer.save_note(&new))
                .expect("saved");
            saved[which].push(begin.elapsed());
            let id = stores[which]
                .note_for_url(&data::note(number, tags).url)
                .expect("a store")
                .expect("saved before")
                .id;
            let change = Change {
                summary: Some(format!("{}\n\nLooked at again.", new.summary)),
                ..Change::default()
            };
            let begin = Instant::now();
            stores[which]
                .write(clock::now(), |writer| writer.update_note(id, change))
                .expect("edited");
            edited[which].push(begin.elapsed());
        }
    }
    println!("{SAVES} saves and edits in turn, without and with sync (median; goals 1.02 and 1.1)");
    for (what, times) in [("first save", saved), ("edit of a text", edited)] {
        let [without, with] = times.map(|mut times| percentile(&mut times, 50));
        println!(
            "  {what:14} {without:6.2} ms  {with:6.2} ms  {:.3} x",
            with / without
        );
    }
    Ok(())
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

fn program(data: &Path, arguments: &[&str]) -> io::Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_url-notes"))
        .arg("--data-dir")
        .arg(data)
        .args(arguments)
        .spawn()
}

/// What a program took.
struct Taken {
    time: Duration,
    /// Its own time and the system's for it, in seconds.
    processor: [f64; 2],
    /// Its greatest anonymous memory in MB.
    memory: f64,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [own, system] = self.processor;
        let time = self.time.as_secs_f64();
        write!(
            f,
            "{time:6.1} s ({own:.1} of its own, {system:.1} of the system), {:.0} MB of memory",
            self.memory
        )
    }
}

/// Waits for a program, and looks every few milliseconds at what it takes. Calls `meanwhile` before
/// each look.
fn watch(mut child: Child, mut meanwhile: impl FnMut()) -> io::Result<Taken> {
    let begin = Instant::now();
    let mut taken = Taken {
        time: Duration::ZERO,
        processor: [0.0; 2],
        memory: 0.0,
    };
    loop {
        if let Some(status) = child.try_wait()? {
            assert!(status.success(), "the program succeeds");
            taken.time = begin.elapsed();
            return Ok(taken);
        }
        if let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", child.id())) {
            // After the name, which may have spaces, the 12th and 13th field, in ticks of 10 ms.
            let rest = stat.rsplit(')').next().unwrap_or_default();
            let ticks = rest.split_whitespace().skip(11).take(2);
            for (sum, ticks) in taken.processor.iter_mut().zip(ticks) {
                // That of a program that has ended is 0.
                *sum = f64::max(*sum, ticks.parse::<f64>().unwrap_or(0.0) / 100.0);
            }
        }
        if let Ok(status) = fs::read_to_string(format!("/proc/{}/status", child.id())) {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("RssAnon:"));
            let number = line.and_then(|line| line.split_whitespace().next());
            let kilobytes: f64 = number.and_then(|text| text.parse().ok()).unwrap_or(0.0);
            taken.memory = f64::max(taken.memory, kilobytes / 1024.0);
        }
        meanwhile();
        thread::sleep(PAUSE);
    }
}

/// Many notes at a place, joined by an empty computer.
fn join(notes: u64) -> io::Result<()> {
    let original = data::store_of(notes)?;
    let place = folder()?;
    let [first, second] = [folder()?, folder()?];
    fs::copy(&original, first.path().join("notes.db"))?;
    let before = fs::metadata(&original)?.len();
    let at = place.path().display().to_string();
    let taken = watch(program(first.path(), &["sync", "init", &at])?, || {})?;
    println!("{notes} notes");
    println!("  init           {taken}");
    let found = files(place.path())?;
    let bytes: u64 = found.iter().map(|(_, bytes)| bytes).sum();
    println!(
        "  at the place   {:6.1} MB in {} files, {} bytes a note (goals 40, 8, 450)",
        megabytes(bytes),
        found
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|end| end == "seg"))
            .count(),
        bytes / notes
    );
    drop(Store::open(&first.path().join("notes.db")).expect("a store"));
    let after = fs::metadata(first.path().join("notes.db"))?.len();
    println!(
        "  in the database {} bytes a note more (goal 120)",
        (after - before) / notes
    );
    // The second computer's user saves meanwhile.
    let path = second.path().join("notes.db");
    let mut store = Store::open(&path).expect("a store");
    let mut number = notes * 2;
    let mut save = |store: &mut Store| {
        number += 1;
        let new = data::note(number, data::tags_for(notes));
        let begin = Instant::now();
        store
            .write(clock::now(), |writer| writer.save_note(&new))
            .expect("saved");
        begin.elapsed()
    };
    let mut alone = Vec::new();
    for _ in 0..SAVES {
        alone.push(save(&mut store));
        thread::sleep(PAUSE);
    }
    let third = folder()?;
    let taken = watch(program(third.path(), &["sync", "join", &at])?, || {})?;
    println!("  join           {taken} (goals 20, 60)");
    let mut during = Vec::new();
    let joining = program(second.path(), &["sync", "join", &at])?;
    let taken = watch(joining, || during.push(save(&mut store)))?;
    let [alone_99, during_99] = [percentile(&mut alone, 99), percentile(&mut during, 99)];
    println!(
        "  {} saves during a join of {:.1} s: median {:.2} ms, p99 {during_99:.2} ms; alone {:.2} and {alone_99:.2} ms: {:.2} x (goal 2)",
        during.len(),
        taken.time.as_secs_f64(),
        percentile(&mut during, 50),
        percentile(&mut alone, 50),
        during_99 / alone_99
    );
    Ok(())
}

/// The time of the simulated days, in µs since 1970.
static TIME: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);

fn simulated() -> Timestamp {
    Timestamp::from_microsecond(TIME.load(Ordering::Relaxed)).expect("a moment")
}

fn pass(time: SignedDuration) {
    let micros = i64::try_from(time.as_micros()).expect("some years");
    TIME.fetch_add(micros, Ordering::Relaxed);
}

/// Days of saves, some in each run. Returns the number of runs.
fn days(
    carrier: &mut dyn Carrier,
    place: &Path,
    days: u64,
    runs: u64,
    saves: u64,
    retention: SignedDuration,
    mut each_year: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<()> {
    let dir = folder()?;
    let mut store = Store::open(&dir.path().join("notes.db")).expect("a store");
    carrier.create().expect("a place");
    store
        .begin_sync(&setup(place), simulated())
        .expect("a store");
    let tags = data::tags_for(10_000);
    let mut number = 0;
    for day in 0..days {
        for _ in 0..runs {
            store
                .write(simulated(), |writer| {
                    for _ in 0..saves {
                        number += 1;
                        writer.save_note(&data::note(number, tags))?;
                    }
                    Ok(())
                })
                .expect("saved");
            run(&mut store, carrier, retention, simulated);
            pass(SignedDuration::from_hours(24) / i32::try_from(runs).expect("few"));
        }
        if day % 365 == 364 {
            each_year(number)?;
        }
    }
    Ok(())
}

/// A year of 30 saves a day, in ten runs, in a git repository.
fn git() -> io::Result<()> {
    let [place, clone] = [folder()?, folder()?];
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(place.path())
            .args(arguments)
            .output();
        String::from_utf8(done.expect("git runs").stdout).expect("text")
    };
    git(&["init", "--quiet", "--bare"]);
    let url = format!("file://{}", place.path().display());
    let mut carrier = GitCarrier::open(&url, clone.path(), &Programs::default()).expect("git");
    let begin = Instant::now();
    days(
        &mut carrier,
        Path::new(&format!("git:{url}")),
        365,
        10,
        3,
        SignedDuration::ZERO,
        |notes| {
            git(&["gc", "--quiet"]);
            let packs = git(&["count-objects", "-v"]);
            let pack = packs
                .lines()
                .find_map(|line| line.strip_prefix("size-pack: "));
            let kilobytes: u64 = pack.expect("packed").parse().expect("a number");
            let tip = git(&["ls-tree", "-r", "-l", "url-notes"]);
            let sizes = tip
                .lines()
                .filter_map(|line| line.split_whitespace().nth(3));
            let bytes: u64 = sizes.filter_map(|size| size.parse::<u64>().ok()).sum();
            println!(
                "a year of 30 notes a day in git: {} bytes a note with the history (goal 1,500), {} at the tip, {} files; {:.0} ms a run",
                kilobytes * 1024 / notes,
                bytes / notes,
                tip.lines().count(),
                begin.elapsed().as_secs_f64() * 1e3 / 3650.0
            );
            Ok(())
        },
    )
}

/// Ten years of 20 saves a day, in five runs, in a folder.
fn years() -> io::Result<()> {
    let place = folder()?;
    let mut carrier = FolderCarrier::new(place.path(), &Programs::default());
    let mut most = 0;
    days(
        &mut carrier,
        place.path(),
        3650,
        5,
        4,
        SignedDuration::from_hours(7 * 24),
        |notes| {
            let found = files(place.path())?;
            most = most.max(found.len());
            let bytes: u64 = found.iter().map(|(_, bytes)| bytes).sum();
            println!(
                "20 notes a day in a folder, {notes} notes: {} files, {:.1} MB",
                found.len(),
                megabytes(bytes)
            );
            Ok(())
        },
    )?;
    println!("at most {most} files at the end of a year (goal 200)");
    Ok(())
}
