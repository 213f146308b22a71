//! The exported site, by the real program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Output,
};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use crate::host::{program, run, run_ok, until};

/// Names that are difficult for addresses, HTML or file systems.
const PICKY: [&str; 28] = [
    "web/tech",
    "c++",
    "100%",
    "?",
    "#x",
    ".",
    "..",
    "../../etc/passwd",
    "%2e%2e",
    "%2f",
    "a&b=c",
    "<b>\"'",
    "<script>alert(1)</script>",
    "\\",
    "//",
    "feed.atom",
    "index.html",
    "2.html",
    "🙂",
    "👩‍👩‍👧",
    "機械学習",
    "למידת מכונה",
    "gödel",
    "con",
    "lpt1.txt",
    "a b",
    "a_b",
    "a-b",
];

/// Returns the single error sentence of a command that must fail.
fn sentence(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.ends_with(".\n"), "{message}");
    message
}

fn add(dir: &Path, url: &str, title: &str, tags: &[&str]) {
    let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
    let arguments: Vec<&str> = ["add", url, "--title", title]
        .into_iter()
        .chain(tags)
        .collect();
    run_ok(dir, &arguments);
}

/// Fills a store with more than one listing page of everything, and all difficult names. Uses an
/// import, which is faster.
fn fill(dir: &Path) {
    let mut lines = Vec::new();
    for (number, tag) in PICKY.iter().enumerate() {
        let site = number % 4;
        lines.push(serde_json::json!({
            "url": format!("https://s{site}.example.org/{number}"), "title": format!("Note {number} <i>"),
            "tags": [tag, "common", &format!("tag {}", number % 3)],
            "summary": "# Head\n- **words** in *it* <script>alert(1)</script>\n- [x](javascript:alert(1))",
        }));
    }
    for (url, title) in [
        ("javascript:alert(1)", "Script"),
        ("http://[::1]:8080/x", ""),
        ("mailto:a@e.org", "Mail \u{202e}turned"),
    ] {
        lines.push(serde_json::json!({"url": url, "title": title, "tags": ["x".repeat(100)]}));
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let file = dir.join("notes.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    run_ok(dir, &["import", file.to_str().unwrap()]);
    fs::remove_file(file).unwrap();
}

fn export(dir: &Path, folder: &Path, options: &[&str]) -> Value {
    let arguments = [
        &["export", "site", folder.to_str().unwrap(), "--json"],
        options,
    ]
    .concat();
    serde_json::from_str(&run_ok(dir, &arguments)).unwrap()
}

/// Returns the files below a folder, and everything that isn't a file.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), path);
            }
        }
    }
    found
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path.as_ref())
        .unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Returns what follows each `start` up to a quotation mark, with HTML entities decoded.
fn values<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(start).skip(1).map(|rest| {
        let value = rest.split_once('"').unwrap().0;
        let value = value.replace("&quot;", "\"").replace("&lt;", "<");
        value.replace("&gt;", ">").replace("&amp;", "&")
    })
}

/// Follows every link of every file and returns how many lead to another file. `served` is the base
/// address of a server that adds index files; without it, links are resolved on the disk.
fn follow_all(folder: &Path, served: Option<&str>) -> usize {
    let files = files(folder);
    let base = match served {
        Some(base) => Url::parse(base).unwrap(),
        None => Url::parse("file:///some/where/").unwrap(),
    };
    let mut followed = 0;
    let mut reached = BTreeSet::new();
    for (name, path) in &files {
        let atom = name.ends_with(".atom");
        if !atom && !name.ends_with(".html") {
            continue;
        }
        // The page for missing files is shown only by a server, at any address.
        if name == "404.html" && served.is_none() {
            continue;
        }
        let text = read(path);
        let encoded: Vec<String> = name.split('/').map(encoded).collect();
        let page = match name.as_str() {
            "404.html" => base.join("no/such/page").unwrap(),
            _ => base.join(&encoded.join("/")).unwrap(),
        };
        let links = values(&text, " href=\"").chain(values(&text, " src=\""));
        for link in links.chain(values(&text, " action=\"")) {
            let url = page.join(&link).unwrap();
            if let Some(place) = link.strip_prefix('#') {
                assert!(text.contains(&format!("id=\"{place}\"")), "{name}");
                continue;
            }
            if !url.as_str().starts_with(base.as_str()) {
                assert!(
                    matches!(url.scheme(), "http" | "https" | "mailto")
                        && url.origin() != base.origin(),
                    "{name} leads out: {link}"
                );
                continue;
            }
            let target = &url.path()[base.path().len()..];
            let mut target = percent_decode_str(target)
                .decode_utf8()
                .unwrap()
                .into_owned();
            if served.is_some() && (target.is_empty() || target.ends_with('/')) {
                target.push_str("index.html");
            }
            let there = files.get(&target);
            let there = there.unwrap_or_else(|| panic!("{name} leads to nothing: {link}"));
            if let Some(place) = url.fragment().filter(|place| !place.is_empty()) {
                assert!(read(there).contains(&format!("id=\"{place}\"")), "{link}");
            }
            followed += 1;
            reached.insert(target);
        }
    }
    for name in files.keys().filter(|name| name.ends_with(".html")) {
        let known = ["404.html", "index.html"].contains(&name.as_str());
        assert!(known || reached.contains(name), "no page leads to {name}");
    }
    followed
}

fn encoded(segment: &str) -> String {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn title(page: &str) -> String {
    let (_, rest) = page.split_once("<title>").unwrap();
    rest.split_once("</title>").unwrap().0.to_owned()
}

#[test]
fn every_link_of_every_file_leads_to_one_from_a_disk_and_below_any_path() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    let out = dir.join("out");
    export(dir, &out, &["--base-path", "/url-notes"]);
    let followed = follow_all(&out, None);
    assert!(followed > 2_000, "{followed}");
    follow_all(&out, Some("https://me.github.io/url-notes/"));
    let other = dir.join("other");
    export(dir, &other, &[]);
    follow_all(&other, Some("http://localhost:8000/"));
    // Only the page shown at missing addresses has to know its location.
    for (name, content) in contents(&out) {
        let same = content == fs::read(other.join(&name)).unwrap();
        assert_eq!(same, name != "404.html", "{name}");
    }
    let whole = dir.join("whole");
    let address = "https://me.github.io/url-notes";
    export(dir, &whole, &["--base-path", address]);
    follow_all(&whole, Some("https://me.github.io/url-notes/"));
    let feed: atom_syndication::Feed = read(whole.join("feed.atom")).parse().unwrap();
    assert_eq!(feed.id(), "https://me.github.io/url-notes/feed.atom");
    assert_eq!(feed.links()[1].href(), "https://me.github.io/url-notes/");
}

#[test]
fn pages_have_their_titles_and_addresses_that_a_reader_understands() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    add(
        dir,
        "https://e.org/1",
        "One",
        &["gpu", "large language model"],
    );
    let out = dir.join("out");
    export(dir, &out, &[]);
    for (file, expected) in [
        ("index.html", "url-notes"),
        ("tags/index.html", "url-notes | tags"),
        ("tags/name/index.html", "url-notes | tags"),
        ("tags/recent/index.html", "url-notes | tags"),
        ("tag/gpu/index.html", "url-notes | tag | gpu"),
        (
            "tag/large language model/index.html",
            "url-notes | tag | large language model",
        ),
        ("tag/common/index.html", "url-notes | tag | common"),
        ("tag/common/2.html", "url-notes | tag | common"),
        ("all/0/index.html", "url-notes | all | page 1 of 2"),
        ("all/1/index.html", "url-notes | all | page 2 of 2"),
        ("sites/index.html", "url-notes | sites"),
        ("sites/name/index.html", "url-notes | sites"),
        ("site/e.org/index.html", "url-notes | site | e.org"),
        ("search/index.html", "url-notes | search"),
        ("404.html", "url-notes | not found"),
    ] {
        assert_eq!(title(&read(out.join(file))), expected, "{file}");
    }
    for file in [
        ".nojekyll",
        "robots.txt",
        "style.css",
        "favicon.ico",
        "favicon.svg",
        "feed.atom",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    // Every tag has a page of its own, whatever its name, and a valid feed.
    let mut titles = BTreeSet::new();
    for entry in fs::read_dir(out.join("tag")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.len() <= 100 && !name.starts_with('.'), "{name}");
        titles.insert(title(&read(folder.join("index.html"))));
        let feed: atom_syndication::Feed = read(folder.join("feed.atom")).parse().unwrap();
        assert!(!feed.entries().is_empty(), "{name}");
    }
    for tag in PICKY {
        let name = tag
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let expected = format!("url-notes | tag | {}", name.replace('"', "&quot;"));
        assert!(titles.contains(&expected), "{expected}");
    }
    let tags: Value =
        serde_json::from_str(&run_ok(dir, &["tag", "list", "--limit", "1000", "--json"])).unwrap();
    let tags = tags
        .as_array()
        .or_else(|| tags["tags"].as_array())
        .unwrap()
        .len();
    assert_eq!(titles.len(), tags);
}

#[test]
fn excluded_notes_are_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(
        dir,
        "https://e.org/public",
        "Public canary",
        &["gpu", "shared"],
    );
    add(
        dir,
        "https://e.org/both",
        "Both canary",
        &["gpu", "secretive"],
    );
    add(
        dir,
        "https://hidden.example/private",
        "Hidden canary",
        &["secretive", "onlyhidden", "shared"],
    );
    add(
        dir,
        "https://e.org/trash",
        "Trashed canary",
        &["gpu", "trashtag"],
    );
    run_ok(dir, &["rm", "https://e.org/trash"]);
    run_ok(dir, &["tag", "alias", "hush", "secretive"]);
    let out = dir.join("out");
    let has = |word: &str| {
        let mut found = files(&out).into_iter();
        found.any(|(name, path)| {
            let bytes = fs::read(path).unwrap();
            name.to_lowercase().contains(word)
                || String::from_utf8_lossy(&bytes)
                    .to_lowercase()
                    .contains(word)
        })
    };
    // Also by an alias.
    for name in ["secretive", "hush", "SECRETIVE"] {
        let reported = export(dir, &out, &["--exclude-tag", name]);
        assert_eq!(
            (reported["notes"].as_u64(), reported["tags"].as_u64()),
            (Some(1), Some(2))
        );
        for word in [
            "secretive",
            "hush",
            "onlyhidden",
            "hidden canary",
            "hidden.example",
            "both canary",
            "trash",
        ] {
            assert!(!has(word), "{word}");
        }
        assert!(has("public canary"));
        assert!(read(out.join("tag/shared/index.html")).contains("<p class=\"status\">1 note</p>"));
    }
    let data = dir.to_str().unwrap().to_lowercase();
    assert!(!has(&data) && !has("localhost:") && !has("127.0.0.1"));
    // Only notes with all of these tags.
    export(dir, &out, &["--tag", "gpu", "--tag", "hush"]);
    assert!(has("both canary") && !has("public canary") && !has("hidden canary"));
    export(dir, &out, &["--tag", "shared", "--exclude-tag", "gpu"]);
    assert!(has("hidden canary") && !has("public canary") && !has("both canary"));
    // A mistyped tag publishes nothing.
    let before = files(&out);
    for option in ["--tag", "--exclude-tag"] {
        let arguments = ["export", "site", out.to_str().unwrap(), option, "secretiv"];
        let message = sentence(&run(dir, &arguments));
        assert!(
            message.contains("No note has the tag “secretiv”"),
            "{message}"
        );
    }
    assert_eq!(files(&out), before);
    // Tags that no note has together still give a site.
    add(dir, "https://e.org/alone", "Alone", &["alone"]);
    let reported = export(dir, &out, &["--tag", "gpu", "--tag", "alone"]);
    assert_eq!(reported["notes"], 0);
    follow_all(&out, None);
}

/// Returns modification time and inode of each file.
fn stamps(folder: &Path) -> BTreeMap<String, (i64, i64)> {
    let about = |path: PathBuf| {
        let about = path.symlink_metadata().unwrap();
        (about.mtime(), about.mtime_nsec())
    };
    let files = files(folder).into_iter();
    files.map(|(name, path)| (name, about(path))).collect()
}

#[test]
fn unchanged_files_are_kept_and_obsolete_ones_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    add(dir, "https://e.org/1", "One", &["soon gone"]);
    let out = dir.join("out");
    let first = export(dir, &out, &[]);
    assert_eq!(
        (first["unchanged"].as_u64(), first["removed"].as_u64()),
        (Some(0), Some(0))
    );
    let count = first["written"].as_u64().unwrap();
    assert_eq!(usize::try_from(count).unwrap() + 1, files(&out).len());
    let before = stamps(&out);
    let second = export(dir, &out, &[]);
    assert_eq!(
        (second["written"].as_u64(), second["unchanged"].as_u64()),
        (Some(0), Some(count))
    );
    let same = |name: &str| !name.starts_with(".url-notes-site");
    let strip = |mut stamps: BTreeMap<String, (i64, i64)>| {
        stamps.retain(|name, _| same(name));
        stamps
    };
    assert_eq!(strip(stamps(&out)), strip(before.clone()));
    run_ok(dir, &["rm", "https://e.org/1"]);
    let third = export(dir, &out, &[]);
    let of = |name: &str| third[name].as_u64().unwrap();
    assert!(of("removed") >= 3 && of("written") > 3, "{third}");
    assert_eq!(
        usize::try_from(of("written") + of("unchanged")).unwrap() + 1,
        files(&out).len()
    );
    assert!(!out.join("tag/soon gone").exists() && !out.join("site/e.org").exists());
    let after = stamps(&out);
    assert_eq!(before["style.css"], after["style.css"]);
    follow_all(&out, None);
    // No temporary file is left beside it.
    assert!(files(dir).keys().all(|name| !name.contains(".part")));
}

#[test]
fn the_users_own_files_in_the_folder_stay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "https://e.org/1", "One", &["gpu"]);
    // A new repository for publishing.
    let out = dir.join("pages");
    for (name, content) in [
        (".git/HEAD", "ref"),
        ("CNAME", "e.org"),
        ("README.md", "mine"),
        (".nojekyll", ""),
    ] {
        fs::create_dir_all(out.join(name).parent().unwrap()).unwrap();
        fs::write(out.join(name), content).unwrap();
    }
    let inode = |name: &str| fs::metadata(out.join(name)).unwrap().ino();
    let kept = [inode(".git/HEAD"), inode("CNAME"), inode(".git")];
    export(dir, &out, &[]);
    fs::write(out.join("own.html"), "mine").unwrap();
    add(dir, "https://e.org/2", "Two", &["gpu"]);
    export(dir, &out, &[]);
    assert_eq!([inode(".git/HEAD"), inode("CNAME"), inode(".git")], kept);
    assert_eq!(read(out.join("own.html")), "mine");
    assert!(read(out.join("index.html")).contains("Two"));
    // As readable as the folder, because a server reads it.
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
    add(dir, "https://e.org/3", "Three", &["gpu"]);
    export(dir, &out, &[]);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(out.join("index.html")), 0o644);
    assert_eq!(mode(out.join("tag/gpu")), 0o755);
    let private = dir.join("private");
    export(dir, &private, &[]);
    assert_eq!(mode(private.clone()), 0o700);
    assert_eq!(mode(private.join("tag")), 0o700);
    assert_eq!(mode(private.join("index.html")), 0o600);
    // Also unchanged files.
    fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
    export(dir, &private, &[]);
    assert_eq!(mode(private.join("style.css")), 0o644);
}

#[test]
fn a_folder_without_an_export_is_refused_and_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "https://e.org/1", "One", &["gpu"]);
    let to = |folder: &Path| run(dir, &["export", "site", folder.to_str().unwrap()]);
    let mine = dir.join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("thesis.tex"), "mine").unwrap();
    let message = sentence(&to(&mine));
    assert!(message.contains("that no export wrote"), "{message}");
    assert_eq!(files(&mine).len(), 1);
    let file = mine.join("thesis.tex");
    assert!(sentence(&to(&file)).contains("is not a folder"));
    assert_eq!(read(&file), "mine");
    // The user has taken the name of a part of the site since.
    let out = dir.join("out");
    assert!(to(&out).status.success());
    fs::write(
        out.join(".url-notes-site"),
        "index.html\n../mine\n/etc\nall\n",
    )
    .unwrap();
    let message = sentence(&to(&out));
    assert!(message.contains("no export wrote it"), "{message}");
    assert_eq!(read(&file), "mine");
    assert!(files(&out).keys().all(|name| !name.contains(".part")));
    // The target of a link is never written to or removed.
    let linked = dir.join("linked");
    symlink(dir.join("site"), &linked).unwrap();
    fs::create_dir(dir.join("site")).unwrap();
    assert!(to(&linked).status.success());
    assert!(dir.join("site/index.html").is_file() && linked.is_symlink());
    for part in ["tag", "index.html"] {
        let path = linked.join(part);
        match path.is_dir() {
            true => fs::remove_dir_all(&path).unwrap(),
            false => fs::remove_file(&path).unwrap(),
        }
    }
    for (link, target) in [("tag", &mine), ("index.html", &file)] {
        let link = linked.join(link);
        symlink(target, &link).unwrap();
        assert!(sentence(&to(&linked)).contains(link.file_name().unwrap().to_str().unwrap()));
        assert!(link.is_symlink());
        fs::remove_file(&link).unwrap();
    }
    assert!(to(&linked).status.success());
    assert_eq!(read(&file), "mine");
    assert_eq!(files(&mine).len(), 1);
    for wrong in ["?x", "ftp://e.org/", "/a?b", "/a#b"] {
        let arguments = [
            "export",
            "site",
            out.to_str().unwrap(),
            "--base-path",
            wrong,
        ];
        assert_eq!(run(dir, &arguments).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_users_own_files_and_edits_among_the_pages_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "https://e.org/1", "One", &["gpu"]);
    add(dir, "https://e.org/2", "Two", &["soon gone"]);
    let out = dir.join("out");
    let to = || run(dir, &["export", "site", out.to_str().unwrap()]);
    assert!(to().status.success());
    run_ok(dir, &["rm", "https://e.org/2"]);
    let edited = "was changed after it was exported";
    let strange = "no export wrote it";
    for (name, content, why) in [
        ("tag/mine.txt", Some("mine"), strange),
        ("note/drafts/essay.html", Some("mine"), strange),
        ("tag/gpu/feed.atom", Some("mine"), edited),
        ("tag/soon gone/index.html", Some("mine"), edited),
        ("robots.txt", Some("User-agent: *\nDisallow: /\n"), edited),
        ("sites/index.html", None, edited),
    ] {
        let file = out.join(name);
        let before = fs::read(&file).ok();
        match content {
            Some(content) => {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, content).unwrap();
            }
            None => {
                fs::remove_file(&file).unwrap();
                symlink(dir.join("notes.db"), &file).unwrap();
            }
        }
        let there = stamps(&out);
        let message = sentence(&to());
        assert!(message.contains(name) && message.contains(why), "{message}");
        assert_eq!(stamps(&out), there, "{name}");
        fs::remove_file(&file).unwrap();
        match before {
            Some(before) => fs::write(&file, before).unwrap(),
            None => assert!(content.is_some()),
        }
    }
    // Missing files, and files restored to their old content, are no obstacle.
    fs::remove_file(out.join("style.css")).unwrap();
    assert!(to().status.success());
    assert!(!out.join("tag/soon gone").exists());
    // With a mark file that has no list, files that this export doesn't write aren't known to be an
    // export's.
    let mark = read(out.join(".url-notes-site"));
    let names: Vec<&str> = mark.lines().filter(|line| !line.contains(' ')).collect();
    fs::write(out.join(".url-notes-site"), names.join("\n")).unwrap();
    fs::write(out.join("tag/mine.txt"), "mine").unwrap();
    assert!(sentence(&to()).contains("tag/mine.txt"));
    assert_eq!(read(out.join("tag/mine.txt")), "mine");
    fs::remove_file(out.join("tag/mine.txt")).unwrap();
    assert!(to().status.success());
    let again: BTreeSet<String> = read(out.join(".url-notes-site"))
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(again, mark.lines().map(str::to_owned).collect());
}

#[test]
fn what_a_killed_export_had_moved_away_comes_back_with_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    let out = dir.join("out");
    export(dir, &out, &[]);
    // As a kill leaves it where a folder is exchanged by two moves.
    let left = out.join(".url-notes.4194304-0.part");
    fs::create_dir_all(left.join("old")).unwrap();
    fs::rename(out.join("tag"), left.join("old/tag")).unwrap();
    // Of this one, the mark file knows nothing: it was removed before.
    fs::write(left.join("old/custom.css"), "").unwrap();
    let again = export(dir, &out, &[]);
    assert_eq!(again["written"], 0, "{again}");
    assert!(out.join("tag").is_dir() && !left.exists());
    assert!(!out.join("custom.css").exists());
}

#[test]
fn a_killed_export_leaves_nothing_that_git_would_publish() {
    use rustix::process::{Pid, Signal, kill_process};

    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    let out = dir.join("out");
    export(dir, &out, &[]);
    let parts = || -> Vec<PathBuf> {
        let entries = fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.to_string_lossy().ends_with(".part"))
            .collect()
    };
    let mut stopped = 0;
    for signal in [Signal::KILL, Signal::INT, Signal::TERM] {
        let mut child = program(dir)
            .args(["export", "site", out.to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        until("the export is under way", || {
            let ended = child.try_wait().unwrap().is_some();
            let own = out.join(format!(".url-notes.{}-0.part/site", child.id()));
            let begun = count_files(&own) > 3;
            (begun || ended).then_some(())
        });
        let _ = kill_process(Pid::from_child(&child), signal);
        let output = child.wait_with_output().unwrap();
        match signal {
            Signal::KILL => {
                for part in parts() {
                    assert_eq!(read(part.join(".gitignore")), "*\n");
                }
            }
            _ => {
                assert_eq!(parts(), Vec::<PathBuf>::new());
                if !output.status.success() {
                    assert!(sentence(&output).contains("was stopped"));
                    stopped += 1;
                }
            }
        }
    }
    assert!(stopped > 0, "it was never stopped");
}

/// Returns each file with its content, except the mark file and temporary files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let kept = |name: &str| name != ".url-notes-site" && !name.contains(".part/");
    let files = files(folder).into_iter();
    let files = files.filter(|(name, _)| kept(name));
    files
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_killed_export_leaves_the_site_unchanged_and_the_next_one_cleans_up() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fill(dir);
    let out = dir.join("out");
    export(dir, &out, &[]);
    let before = contents(&out);
    add(dir, "https://e.org/new", "New", &["gpu", "common"]);
    let new = dir.join("new");
    export(dir, &new, &[]);
    let after = contents(&new);
    let mut as_it_was = 0;
    for files_written in [0, 1, 20, 100, 200, 300] {
        let mut child = program(dir)
            .args(["export", "site", out.to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        until("the export is under way", || {
            let parts = fs::read_dir(&out).unwrap().flatten();
            let part = parts.filter(|entry| entry.file_name().to_string_lossy().contains(".part"));
            let written: usize = part
                .map(|part| count_files(&part.path().join("site")))
                .sum();
            let ended = child.try_wait().unwrap().is_some();
            (written > files_written || ended).then_some(())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        let now = contents(&out);
        assert!(now == before || now == after, "half of each");
        as_it_was += usize::from(now == before);
        if now == after {
            break;
        }
    }
    assert!(as_it_was > 0, "it was never cut off in the middle");
    let file = dir.join("notes.json");
    fs::write(dir.join(".url-notes.4194304-7.part"), "half").unwrap();
    run_ok(dir, &["export", "json", file.to_str().unwrap()]);
    export(dir, &out, &[]);
    assert_eq!(contents(&out), after);
    assert!(files(dir).keys().all(|name| !name.contains(".part")));
}

/// Counts the files of a folder that changes and may disappear.
fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let counts = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => count_files(&entry.path()),
        _ => 1,
    });
    counts.sum()
}

#[test]
fn without_write_access_there_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "https://e.org/1", "One", &["gpu"]);
    // Not with permissions, because tests may run as root.
    let file = dir.join("file");
    fs::write(&file, "mine").unwrap();
    let below = file.join("site");
    let message = sentence(&run(dir, &["export", "site", below.to_str().unwrap()]));
    assert!(message.contains("can't be written"), "{message}");
    let message = sentence(&run(dir, &["export", "site", "/"]));
    assert!(message.contains("that no export wrote"), "{message}");
    let message = sentence(&run(dir, &["export", "site", "/proc/none"]));
    assert!(message.contains("can't be written"), "{message}");
}

#[test]
fn a_saved_search_is_published_under_a_name_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(
        dir,
        "https://e.org/rust",
        "Rust page",
        &["rust", "web/tech"],
    );
    add(dir, "https://e.org/secret", "Canary7", &["hush"]);
    run_ok(dir, &["search", "tag:rust", "--save", "Systems", "--json"]);
    let (start, css) = (dir.join("start.md"), dir.join("own.css"));
    fs::write(&start, "Hello **reader**.\n").unwrap();
    fs::write(&css, "h1 { color: teal; }\n").unwrap();
    let out = dir.join("out");
    let options = [
        "--saved",
        "Systems",
        "--title",
        "Ann reads",
        "--lang",
        "en-GB",
        "--start",
        start.to_str().unwrap(),
        "--css",
        css.to_str().unwrap(),
        "--base-path",
        "https://ann.example/r",
    ];
    let report = export(dir, &out, &options);
    assert_eq!((&report["notes"], &report["tags"]), (&1.into(), &2.into()));
    let home = read(out.join("index.html"));
    for part in [
        "<html lang=\"en-GB\">",
        "<strong>reader</strong>",
        "Rust page",
        "https://ann.example/r/",
    ] {
        assert!(home.contains(part), "{part}: {home}");
    }
    assert_eq!(read(out.join("custom.css")), "h1 { color: teal; }\n");
    for path in files(&out).values() {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(
            !text.contains("Canary7") && !text.contains("hush"),
            "{}",
            path.display()
        );
    }
    // Each file of the sitemap is there, also with names that are difficult.
    let sitemap = read(out.join("sitemap.xml"));
    for address in sitemap.split("<loc>https://ann.example/r/").skip(1) {
        let path = address.split("</loc>").next().unwrap();
        let path = percent_decode_str(path).decode_utf8().unwrap();
        assert!(out.join(&*path).join("index.html").is_file(), "{path}");
    }

    let other = dir.join("other");
    for (options, expected) in [
        (
            &["--saved", "nothing"][..],
            "There is no saved search \"nothing\".",
        ),
        (
            &["--query", "is:deleted"],
            "Deleted notes can't be published.",
        ),
        (
            &["--query", "rust before:someday"],
            "Nothing was published: ",
        ),
        (
            &["--lang", "e n"],
            "--lang takes a language tag such as en, de or pt-BR.",
        ),
        (&["--title", " "], "--title can't be empty."),
        (
            &["--start", "/nowhere/at-all.md"],
            "/nowhere/at-all.md can't be read",
        ),
    ] {
        let arguments = [&["export", "site", other.to_str().unwrap()], options].concat();
        let said = sentence(&run(dir, &arguments));
        assert!(said.contains(expected), "{options:?}: {said}");
        assert!(!other.exists(), "{options:?}");
    }
}
