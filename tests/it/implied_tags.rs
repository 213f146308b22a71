//! Implied tags: a note is found by what its tags imply, wherever tags are used, and no note changes.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    host::{TestHost, run, run_ok},
    site::client::get,
};

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, &[arguments, &["--json"]].concat())).unwrap()
}

fn add(dir: &Path, page: &str, tags: &[&str]) {
    let url = format!("https://e.org/{page}");
    let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
    let title = ["--title", page];
    let arguments = ["add", url.as_str()].into_iter().chain(title).chain(tags);
    run_ok(dir, &arguments.collect::<Vec<_>>());
}

/// Returns the titles of a command's notes.
fn titles(dir: &Path, arguments: &[&str]) -> Vec<String> {
    let notes = json_of(dir, arguments);
    let title = |note: &Value| note["title"].as_str().unwrap().to_owned();
    notes.as_array().unwrap().iter().map(title).collect()
}

#[track_caller]
fn refusal(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    sentence
}

/// Notes about Rust, Go and programming in general; `tokio` implies `rust`, and that and `go` imply
/// `programming`.
fn programming(dir: &Path) {
    add(dir, "tokio-page", &["tokio", "async"]);
    add(dir, "rust-page", &["rust", "to read"]);
    add(dir, "go-page", &["go", "async"]);
    add(dir, "general", &["programming"]);
    add(dir, "other", &["async"]);
    for (tag, implied) in [
        ("tokio", "rust"),
        ("rust", "programming"),
        ("go", "programming"),
    ] {
        run_ok(dir, &["tag", "imply", tag, implied]);
    }
}

#[test]
fn a_tag_finds_notes_with_tags_that_imply_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    programming(dir);
    let all = ["general", "go-page", "rust-page", "tokio-page"];
    assert_eq!(titles(dir, &["list", "--tag", "programming"]), all);
    assert_eq!(titles(dir, &["list", "--tag", "=programming"]), ["general"]);
    assert_eq!(
        titles(dir, &["list", "--tag", "rust"]),
        ["rust-page", "tokio-page"]
    );
    let without = ["list", "--tag", "async", "--without", "programming"];
    assert_eq!(titles(dir, &without), ["other"]);
    let found = |query: &str| -> Vec<String> {
        let found = json_of(dir, &["search", query]);
        let hits = found["notes"].as_array().or(found.as_array()).unwrap();
        let title = |hit: &Value| hit["title"].as_str().unwrap().to_owned();
        hits.iter().map(title).collect()
    };
    assert_eq!(found("tag:programming"), all);
    assert_eq!(found("tag:=programming"), ["general"]);
    assert_eq!(found("#programming -tag:rust"), ["general", "go-page"]);
    assert_eq!(
        found("tag:rust OR tag:=programming"),
        ["general", "rust-page", "tokio-page"]
    );
    assert_eq!(
        found("programming"),
        ["general"],
        "an implied tag isn't text of the note"
    );
    // No note has changed.
    assert_eq!(
        json_of(dir, &["show", "https://e.org/tokio-page"])["tags"],
        json!(["tokio", "async"])
    );
    assert_eq!(
        json_of(dir, &["tag", "list", "--filter", "programming"]),
        json!([{"name": "programming", "count": 1, "implied": 3}])
    );
    assert_eq!(
        run_ok(dir, &["tag", "imply"]),
        "programming  1 + 3\n  rust  1 + 1\n    tokio  1\n  go  1\n"
    );
    // Edits of what a query finds.
    run_ok(
        dir,
        &[
            "edit",
            "--query",
            "tag:programming",
            "--tag",
            "work",
            "--yes",
        ],
    );
    assert_eq!(titles(dir, &["list", "--tag", "work"]), all);
    run_ok(dir, &["tag", "imply", "--rm", "rust", "programming"]);
    assert_eq!(
        titles(dir, &["list", "--tag", "programming"]),
        ["general", "go-page"]
    );
}

#[test]
fn a_tag_without_notes_can_be_implied() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "one", &["rust"]);
    assert_eq!(
        run_ok(dir, &["tag", "imply", "Rust", "Programming"]),
        "\"rust\" implies \"programming\", which now finds 0 + 1 notes.\n"
    );
    assert_eq!(
        run_ok(dir, &["tag", "imply", "rsut", "programming"]),
        "\"rsut\" implies \"programming\", which now finds 0 + 1 notes.\n\
         No note has the tag \"rsut\". Did you mean \"rust\"?\n"
    );
    run_ok(dir, &["tag", "imply", "--rm", "rsut", "programming"]);
    assert_eq!(
        run_ok(dir, &["tag", "imply", "rust", "programming"]),
        "\"rust\" already implies \"programming\".\n"
    );
    assert_eq!(titles(dir, &["list", "--tag", "programming"]), ["one"]);
    // It follows a rename, and so does a removal.
    run_ok(dir, &["tag", "rename", "programming", "coding"]);
    assert_eq!(titles(dir, &["list", "--tag", "coding"]), ["one"]);
    run_ok(dir, &["tag", "imply", "coding", "work"]);
    run_ok(dir, &["tag", "rm", "coding"]);
    assert_eq!(
        json_of(dir, &["tag", "imply"]),
        json!([{"tag": "rust", "implies": "work"}])
    );
}

#[test]
fn circles_are_refused_in_commands_merges_and_imports() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    programming(dir);
    assert_eq!(
        refusal(dir, &["tag", "imply", "programming", "tokio"]),
        "url-notes: \"programming\" can't imply \"tokio\", because \"tokio\" implies \"rust\", \
         which implies \"programming\".\n"
    );
    assert_eq!(
        refusal(dir, &["tag", "imply", "rust", "rust"]),
        "url-notes: \"rust\" can't imply itself.\n"
    );
    assert_eq!(
        refusal(dir, &["tag", "imply", "--rm", "tokio", "programming"]),
        "url-notes: \"tokio\" doesn't imply \"programming\" itself, only through another tag. To list \
         all implied tags, run `url-notes tag imply`.\n"
    );
    // By an alias.
    run_ok(dir, &["tag", "alias", "coding", "programming"]);
    assert!(refusal(dir, &["tag", "imply", "coding", "go"]).contains("\"go\" implies"));
    run_ok(dir, &["tag", "imply", "async", "coding"]);
    assert_eq!(titles(dir, &["list", "--tag", "coding"]).len(), 5);
    let file = dir.join("circle.json");
    let circle = json!({"urlNotes": 1, "notes": [], "implications": [
        {"tag": "programming", "implies": "tokio"},
        {"tag": "programming", "implies": "work"},
        {"tag": "", "implies": "x"},
    ]});
    fs::write(&file, circle.to_string()).unwrap();
    let report = json_of(dir, &["import", file.to_str().unwrap()]);
    assert_eq!(
        (&report["new"], &report["refused"]),
        (&json!(1), &json!(2)),
        "{report}"
    );
    let undone = json_of(dir, &["import", "--undo"]);
    assert_eq!(
        (&undone["aliases"], &undone["implications"]),
        (&json!(0), &json!(1))
    );
    assert!(!run_ok(dir, &["tag", "imply"]).contains("work"));
    // A merge of the ends of a chain. What the tag itself implies has precedence.
    let merged = run_ok(dir, &["tag", "merge", "tokio", "programming"]);
    assert!(
        merged.contains("\"programming\" doesn't imply \"rust\", because"),
        "{merged}"
    );
    let left = json_of(dir, &["tag", "imply"]);
    assert!(
        left.as_array()
            .unwrap()
            .contains(&json!({"tag": "rust", "implies": "programming"}))
    );
    assert_eq!(json_of(dir, &["check"])["faults"], json!([]));
}

#[test]
fn the_site_applies_implied_tags() {
    let mut host = TestHost::new();
    let port = host.site_port();
    programming(host.dir());
    let page = get(port, "/tag/programming").body;
    for part in [
        "4 notes: <a href=\"/tag/%3Dprogramming\">1 with this tag</a> + 3 with tags that imply it",
        "Implied by",
        "<bdi>rust</bdi> <span class=\"count\" title=\"1 with the tag, 1 with tags that imply it\">1 + 1</span>",
        "tokio-page",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let alone = get(port, "/tag/%3Dprogramming").body;
    assert!(
        alone.contains("general") && !alone.contains("rust-page"),
        "{alone}"
    );
    assert!(
        alone.contains("<a href=\"/tag/programming\">Also with tags that imply it</a>"),
        "{alone}"
    );
    let narrowed = get(port, "/tag/async?with=programming").body;
    assert!(narrowed.contains("tokio-page") && narrowed.contains("go-page"));
    assert!(!narrowed.contains("\">other<"), "{narrowed}");
    let without = get(port, "/tag/async?without=programming").body;
    assert!(without.contains("other") && !without.contains("go-page"));
    // The page of another tag offers it.
    let related = get(port, "/tag/async").body;
    assert!(related.contains("0 + 2"), "{related}");
    assert!(get(port, "/tag/rust").body.contains("Implies"));
    let feed = get(port, "/tag/programming/feed.atom");
    assert_eq!(feed.status, 200);
    assert_eq!(feed.body.matches("<entry>").count(), 4);
    let tags = get(port, "/tags").body;
    let tree = tags.split("Implied tags").nth(1).unwrap();
    for part in ["programming", "rust", "tokio", "go"] {
        assert!(tree.contains(&format!("<bdi>{part}</bdi>")), "{part}");
    }
    let api: Value = serde_json::from_str(&get(port, "/api/tags?filter=programming").body).unwrap();
    assert_eq!(
        api["tags"],
        json!([{"name": "programming", "count": 1, "implied": 3}])
    );
    let api: Value = serde_json::from_str(&get(port, "/api/notes?tag=rust").body).unwrap();
    assert_eq!(api["count"], 2, "{api}");
    let random = get(port, "/random?tag=programming");
    assert_eq!(random.status, 303);
    assert_eq!(get(port, "/tag/%3Dunknown").status, 404);
}

#[test]
fn suggestions_leave_out_what_chosen_tags_imply() {
    let mut host = TestHost::new();
    programming(host.dir());
    for n in 0..4 {
        add(host.dir(), &format!("both-{n}"), &["rust", "programming"]);
    }
    let asked = |host: &mut TestHost, tags: Value| {
        host.call(
            "suggestTags",
            json!({"url": "https://e.org/new", "title": "Programming in Rust", "tags": tags}),
        )
    };
    let without = asked(&mut host, json!([]));
    assert!(
        without["tags"].to_string().contains("\"programming\""),
        "{without}"
    );
    assert_eq!(without.get("implied"), None);
    let with = asked(&mut host, json!(["tokio"]));
    assert!(
        !with["tags"].to_string().contains("\"programming\""),
        "{with}"
    );
    assert_eq!(
        with["implied"],
        json!([{"name": "rust", "by": "tokio"}, {"name": "programming", "by": "tokio"}])
    );
}

#[test]
fn exports_keep_implied_tags_and_an_import_recreates_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    programming(dir);
    let implied = json_of(dir, &["tag", "imply"]);
    for format in ["json", "jsonl"] {
        let file = dir.join(format!("all.{format}"));
        run_ok(dir, &["export", format, file.to_str().unwrap()]);
        let other = tempfile::tempdir().unwrap();
        run_ok(other.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(
            json_of(other.path(), &["tag", "imply"]),
            implied,
            "{format}"
        );
        let again = other.path().join("again");
        run_ok(other.path(), &["export", format, again.to_str().unwrap()]);
        assert_eq!(
            fs::read(&again).unwrap(),
            fs::read(&file).unwrap(),
            "{format}"
        );
        let undone = run_ok(other.path(), &["import", "--undo"]);
        let expected = "implied tags are no longer implied.\n";
        assert!(undone.contains(expected), "{undone}");
        assert_eq!(json_of(other.path(), &["tag", "imply"]), json!([]));
    }
    // Bookmarks are in folders, which don't become tags of notes again.
    let bookmarks = run_ok(dir, &["export", "netscape"]);
    let lines: Vec<String> = bookmarks
        .lines()
        .filter(|line| line.contains("<H3") || line.contains("<A "))
        .map(|line| {
            let depth = line.len() - line.trim_start().len();
            let text = line.rsplit_once("</").unwrap().0;
            format!("{} {}", depth / 4, text.rsplit_once('>').unwrap().1)
        })
        .collect();
    let expected = [
        "1 other",
        "1 programming",
        "2 general",
        "2 go",
        "3 go-page",
        "2 rust",
        "3 rust-page",
        "3 tokio",
        "4 tokio-page",
    ];
    assert_eq!(lines, expected, "{bookmarks}");
    let file = dir.join("bookmarks.html");
    fs::write(&file, &bookmarks).unwrap();
    let other = tempfile::tempdir().unwrap();
    run_ok(other.path(), &["import", file.to_str().unwrap()]);
    assert_eq!(
        json_of(other.path(), &["show", "https://e.org/tokio-page"])["tags"],
        json!(["tokio", "async"])
    );
    assert_eq!(
        json_of(other.path(), &["list", "--limit", "9"])
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn a_tag_whose_name_begins_with_the_sign_is_still_found() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    programming(dir);
    add(dir, "sign", &["=rust"]);
    assert_eq!(titles(dir, &["list", "--tag", "=rust"]), ["sign"]);
    assert_eq!(titles(dir, &["list", "--tag", "==rust"]), ["sign"]);
    assert_eq!(titles(dir, &["list", "--tag", "=go"]), ["go-page"]);
}
