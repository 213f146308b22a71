//! Measures the export of the site, compared with creating the same files without content of ours,
//! and with hugo on the same notes.
//!
//! `cargo bench --bench files -- 100000 [hugo] [/dev/shm]`: the number of notes, and the folder.
//! Rounds alternate, so that both meet the same noise; the ratio of the medians is what counts.
//! Both end when everything is on the disk. The baseline writes files with the same names and sizes
//! from one buffer, with as many threads; hugo (Debian: apt-get install hugo) gets the output of
//! `export markdown`, with a plain layout for pages, lists and tags, twenty to a page, and no
//! theme.

#[allow(dead_code, reason = "shared with the other benches")]
mod data;

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use url_notes::{
    site::{self, Address},
    store::{Reader, TagFilter},
    transfer::export,
};

const ROUNDS: usize = 3;

#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program whose output is its result"
)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let count: u64 = number.unwrap_or(10_000);
    let database = data::store_of(count).expect("a store");
    let place = arguments.iter().find(|argument| argument.starts_with('/'));
    let place = place.map_or(env!("CARGO_TARGET_TMPDIR"), |place| place.as_str());
    let work = tempfile::tempdir_in(place).expect("a folder");
    let store = Reader::open(&database).expect("a store");
    let mut ours = Vec::new();
    let mut bare = Vec::new();
    let mut peak = 0;
    let mut files = Vec::new();
    for round in 0..ROUNDS {
        let place = work.path().join("site");
        let before = anonymous();
        let (taken, most) = watched(|| export_site(&store, &place));
        ours.push(taken);
        peak = peak.max(most.saturating_sub(before));
        if round == 0 {
            files = sizes(&place, &place);
        }
        fs::remove_dir_all(&place).expect("it was made");
        let place = work.path().join("bare");
        let start = Instant::now();
        create(&place, &files).expect("room");
        bare.push(start.elapsed());
        fs::remove_dir_all(&place).expect("it was made");
    }
    let bytes: usize = files.iter().map(|(_, size)| size).sum();
    let total = files.len();
    println!("{count} notes: {total} files, {} MB", bytes >> 20);
    let rate = |taken: Duration| total as f64 / taken.as_secs_f64();
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "the site as files  {:>8.0} files/s  {:.1} s",
        rate(ours),
        ours.as_secs_f64()
    );
    println!(
        "bare creation      {:>8.0} files/s  {:.1} s",
        rate(bare),
        bare.as_secs_f64()
    );
    println!(
        "ratio              {:>8.2} x",
        bare.as_secs_f64() / ours.as_secs_f64()
    );
    println!(
        "anonymous memory   {:>8} kB more than before, at most",
        peak
    );

    // Again into the same folder, without changes.
    let place = work.path().join("again");
    export_site(&store, &place);
    let start = Instant::now();
    export_site(&store, &place);
    println!("again, unchanged   {:>8.0} files/s", rate(start.elapsed()));
    fs::remove_dir_all(&place).expect("it was made");

    if arguments.iter().any(|argument| argument == "hugo") {
        let taken = hugo(&store, work.path());
        let ratio = taken.as_secs_f64() / ours.as_secs_f64();
        println!(
            "hugo               {:.1} s, {ratio:.1} x as long",
            taken.as_secs_f64()
        );
    }
}

fn export_site(store: &Reader, place: &Path) {
    let filter = TagFilter::default();
    site::write_files(
        store,
        &filter,
        &site::Extras::default(),
        &Address::default(),
        place,
        &|_, _| {},
        &AtomicBool::new(false),
    )
    .expect("room");
}

fn median(mut taken: Vec<Duration>) -> Duration {
    taken.sort();
    taken[taken.len() / 2]
}

/// Returns the files below a folder with their sizes.
fn sizes(folder: &Path, top: &Path) -> Vec<(PathBuf, usize)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let about = path.symlink_metadata().expect("it is there");
        if about.is_dir() {
            found.append(&mut sizes(&path, top));
        } else {
            let size = usize::try_from(about.len()).expect("small");
            found.push((path.strip_prefix(top).expect("below").to_owned(), size));
        }
    }
    found
}

/// Creates files of these sizes.
fn create(place: &Path, files: &[(PathBuf, usize)]) -> io::Result<()> {
    let longest = files.iter().map(|(_, size)| *size).max().unwrap_or(0);
    let content = vec![b'x'; longest];
    let next = AtomicUsize::new(0);
    DirBuilder::new().mode(0o700).create(place)?;
    let work = || -> io::Result<()> {
        while let Some((path, size)) = files.get(next.fetch_add(1, Relaxed)) {
            let path = place.join(path);
            let mut options = File::options();
            options.write(true).create_new(true);
            let file = match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(path.parent().expect("it has one"))?;
                    options.open(&path)
                }
                done => done,
            };
            file?.write_all(&content[..*size])?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        done.collect::<io::Result<()>>()
    })?;
    rustix::fs::syncfs(File::open(place)?)?;
    Ok(())
}

/// Returns how long it takes, and the most anonymous memory meanwhile, in kB.
fn watched(work: impl FnOnce()) -> (Duration, u64) {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !ended.load(Relaxed) {
                most = most.max(anonymous());
                thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let start = Instant::now();
        work();
        let taken = start.elapsed();
        ended.store(true, Relaxed);
        (taken, watch.join().expect("no panic"))
    })
}

/// Returns this process's anonymous memory in kB.
fn anonymous() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok());
    kilobytes.unwrap_or(0)
}

/// Runs hugo on the same notes.
fn hugo(store: &Reader, work: &Path) -> Duration {
    let site = work.join("hugo");
    let write = |name: &str, text: &str| {
        let path = site.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("room");
    };
    write(
        "config.toml",
        "baseURL = \"/\"\ntitle = \"url-notes\"\npaginate = 20\ndisableKinds = [\"sitemap\"]\n\
         [taxonomies]\ntag = \"tags\"\n",
    );
    let head = "<!doctype html><html lang=en><meta charset=utf-8><title>{{ .Title }}</title>\n";
    let note = "<article><h2><a href=\"{{ .Params.link }}\">{{ .Title }}</a></h2>\
        <ul>{{ range .GetTerms \"tags\" }}<li><a href=\"{{ .RelDetails }}\">{{ .LinkTitle }}</a></li>{{ end }}</ul>\
        {{ .Content }}<p>{{ .Date.Format \"2 Jan 2006\" }} <a href=\"{{ .RelDetails }}\">Details</a></p></article>\n";
    write("layouts/_default/single.html", &format!("{head}{note}"));
    let list =
        "{{ range .Paginator.Pages }}NOTE{{ end }}{{ template \"_internal/pagination.html\" . }}\n";
    let list = format!("{head}{}", list.replace("NOTE", note));
    write("layouts/_default/list.html", &list);
    write("layouts/index.html", &list);
    write(
        "layouts/_default/terms.html",
        &format!(
            "{head}{{{{ range .Data.Terms.ByCount }}}}<a href=\"{{{{ .Page.RelDetails }}}}\">{{{{ .Page.Title }}}}</a> {{{{ .Count }}}}\n{{{{ end }}}}"
        ),
    );
    let notes = site.join("content");
    export::markdown(
        store,
        &notes,
        export::Texts::LeaveOut,
        &AtomicBool::new(false),
    )
    .expect("room");
    let start = Instant::now();
    let done = Command::new("hugo")
        .args(["--quiet", "--source"])
        .arg(&site)
        .status()
        .expect("apt-get install hugo");
    rustix::fs::syncfs(File::open(&site).expect("it is there")).expect("a disk");
    assert!(done.success(), "hugo: {done}");
    start.elapsed()
}
