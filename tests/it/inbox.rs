//! Feeds and the inbox: the command line and the messages, without the network.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use serde_json::{Value, json};
use url_notes::{
    domain::parse_tags,
    store::{FeedProblem, Fetched, NewArrival, NewFeed, Retention, Store},
};

use crate::host::{TestHost, op_id, run, run_ok};

/// Returns a feed that was read.
fn listing(title: &str, entries: Vec<NewArrival>) -> Fetched {
    Fetched::New {
        title: title.into(),
        site_url: Some("https://e.org/".into()),
        etag: None,
        last_modified: None,
        wait_s: 3600,
        moved_to: None,
        entries,
    }
}

fn entry(url: &str, title: &str) -> NewArrival {
    NewArrival {
        guid: url.into(),
        url: url.into(),
        title: title.into(),
        excerpt: Some(format!("About {title}.")),
        tags: vec!["keyword".into()],
        ..NewArrival::default()
    }
}

/// Adds a feed with pages in the inbox, the latest first, as the program with the network does.
pub(crate) fn bring(dir: &Path, feed: &str, tags: &[&str], pages: Vec<NewArrival>) {
    let mut store = Store::open(&dir.join("notes.db")).unwrap();
    let now = url_notes::clock::now();
    let title = feed.trim_start_matches("https://");
    store
        .write(now, |writer| {
            let new = NewFeed::new(feed, parse_tags(tags)?)?;
            let id = writer.add_feed(&new)?.feed.id;
            let keep = Retention::default();
            writer.record_fetch(id, &listing(title, Vec::new()), keep)?;
            writer.record_fetch(id, &listing(title, pages), keep)
        })
        .unwrap();
}

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, &[arguments, &["--json"]].concat())).unwrap()
}

/// Returns the titles of the pages in the inbox.
fn titles(dir: &Path) -> Vec<String> {
    let pages = json_of(dir, &["inbox"]);
    let pages = pages.as_array().unwrap().iter();
    pages
        .map(|page| page["title"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn pages_of_the_inbox_are_listed_kept_skipped_and_brought_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let page = |name: &str| entry(&format!("https://e.org/{name}"), &format!("Page {name}"));
    bring(
        dir,
        "https://one.example",
        &["blog"],
        vec![page("c"), page("b"), page("a")],
    );
    bring(dir, "https://two.example", &[], vec![page("d")]);
    let listed = json_of(dir, &["inbox", "--limit", "2"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["feed"], "two.example");
    assert_eq!(listed[0]["keywords"], json!(["keyword"]));
    let plain = run_ok(dir, &["inbox", "--feed", "one"]);
    assert!(
        plain.contains("Page c") && !plain.contains("Page d"),
        "{plain}"
    );

    let id = listed[1]["id"].to_string();
    let kept = json_of(dir, &["inbox", "keep", &id, "--tag", "rust"]);
    assert_eq!(kept[0]["title"], "Page c");
    assert_eq!(kept[0]["tags"], json!(["blog", "rust"]));
    assert_eq!(kept[0]["excerpt"], "About Page c.");
    let message = refused(dir, &["inbox", "keep", &id]);
    assert_eq!(
        message,
        "url-notes: This page isn't in the inbox any more.\n"
    );
    let message = refused(
        dir,
        &["inbox", "skip", "https://e.org/a", "https://e.org/zzz"],
    );
    assert!(
        message.contains("https://e.org/zzz, so nothing was changed"),
        "{message}"
    );

    run_ok(dir, &["inbox", "skip", "https://e.org/a?utm_source=x"]);
    assert_eq!(titles(dir), ["Page d", "Page b"]);
    let skipped = json_of(dir, &["inbox", "skip", "--feed", "two"]);
    assert_eq!(skipped, json!({"skipped": 1}));
    assert_eq!(
        json_of(dir, &["inbox", "undo"]),
        json!({"restored": 1, "changed": 0})
    );
    let all = run_ok(dir, &["inbox", "skip", "--all"]);
    assert!(all.starts_with("Skipped 2 pages.\n"), "{all}");
    assert_eq!(run_ok(dir, &["inbox"]), "The inbox is empty.\n");
    run_ok(dir, &["inbox", "undo"]);
    // A page that is saved anywhere leaves the inbox.
    run_ok(dir, &["add", "https://e.org/b#part"]);
    assert_eq!(titles(dir), ["Page d"]);
    // A kept page goes back, unless its note was changed.
    let kept = run_ok(dir, &["inbox", "keep", "https://e.org/d"]);
    assert!(
        kept.ends_with("To undo, run `url-notes inbox undo`.\n"),
        "{kept}"
    );
    assert_eq!(
        run_ok(dir, &["inbox", "undo"]),
        "Back in the inbox: 1 page (“Page d”). Its note is in the trash.\n"
    );
    assert_eq!(titles(dir), ["Page d"]);
    run_ok(dir, &["inbox", "keep", "https://e.org/d"]);
    run_ok(dir, &["edit", "https://e.org/d", "--tag", "mine"]);
    let undone = run_ok(dir, &["inbox", "undo"]);
    assert!(
        undone.starts_with("Back in the inbox: 0 pages. A note can't go back"),
        "{undone}"
    );
    run_ok(dir, &["show", "https://e.org/d"]);
    for usage in [
        &["inbox", "skip"][..],
        &["inbox", "keep"],
        &["inbox", "skip", "--all", "--feed", "one"],
        &["feed", "pause"],
        &["feed", "export", "--json"],
    ] {
        assert_eq!(run(dir, usage).status.code(), Some(2), "{usage:?}");
    }
}

#[test]
fn arrivals_are_in_no_output_or_export_of_notes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let canary = NewArrival {
        tags: vec!["canarykeyword".into()],
        ..entry("https://canary.example/canary", "canarytitle")
    };
    bring(
        dir,
        "https://canaryfeed.example",
        &["canarytag"],
        vec![canary],
    );
    run_ok(
        dir,
        &[
            "add",
            "https://e.org/note",
            "--title",
            "A note",
            "--tag",
            "x",
        ],
    );
    for command in [
        &["list"][..],
        &["search", "canarytitle"],
        &["search", "-x"],
        &["tag", "list"],
        &["stats"],
        &["export", "json"],
        &["export", "jsonl"],
        &["export", "jsonld"],
        &["export", "netscape"],
        &["export", "csv"],
    ] {
        let output = run(dir, command);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("canary"), "{command:?}: {text}");
    }
    for format in ["site", "markdown"] {
        let folder = dir.join(format);
        run_ok(dir, &["export", format, folder.to_str().unwrap()]);
        let found = Command::new("grep")
            .args(["-rlie", "canary", "-e", "/inbox"])
            .arg(&folder)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "", "{format}");
    }
    assert!(run_ok(dir, &["feed", "export"]).contains("canaryfeed"));
}

#[test]
fn lists_of_feeds_are_imported_after_a_dry_run_and_exported_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("feeds.opml");
    fs::write(
        &file,
        "<opml version='2.0'><body>
<outline text='Tech'>
<outline text='Rust'><outline type='rss' text='A &amp; B' xmlUrl='https://e.org/a?x=1&amp;y=2'/></outline>
<outline type='rss' text='本' xmlUrl='https://u:p@e.org/b' htmlUrl='https://e.org/'/>
</outline>
<outline type='rss' text='again' xmlUrl='https://e.org/b2'/>
<outline type='rss' text='again' xmlUrl='https://E.org/b2#x'/>
<outline type='rss' text='bad' xmlUrl='ftp://e.org/'/>
<outline type='link' text='a link' url='https://e.org/link'/>
</body></opml>",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let tried = json_of(dir, &["feed", "import", path, "--dry-run"]);
    assert_eq!(json_of(dir, &["feed", "list"]), json!([]));
    let done = json_of(dir, &["feed", "import", path]);
    for key in ["read", "new", "existing", "refused", "refusals"] {
        assert_eq!(tried[key], done[key], "{key}");
    }
    assert_eq!(
        [
            &done["read"],
            &done["new"],
            &done["existing"],
            &done["refused"]
        ],
        [&json!(6), &json!(3), &json!(1), &json!(2)]
    );
    assert_eq!(done["refusals"][0]["line"], 8);
    let feeds = json_of(dir, &["feed", "list"]);
    assert_eq!(feeds[0]["tags"], json!(["tech", "rust"]));
    assert_eq!(feeds[1]["url"], "https://e.org/b");

    let output = run(dir, &["feed", "export"]);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "url-notes: User names and passwords in addresses were left out (1 of 3 feeds).\n"
    );
    let exported = String::from_utf8(output.stdout).unwrap();
    assert!(!exported.contains("u:p@"), "{exported}");
    let other = tempfile::tempdir().unwrap();
    let copy = other.path().join("copy.opml");
    fs::write(&copy, &exported).unwrap();
    run_ok(other.path(), &["feed", "import", copy.to_str().unwrap()]);
    let again = json_of(other.path(), &["feed", "list"]);
    let of = |feeds: &Value| -> Vec<(String, Value)> {
        let feeds = feeds.as_array().unwrap().iter();
        let mut all: Vec<_> = feeds
            .map(|feed| {
                (
                    feed["url"].to_string(),
                    json!([feed["title"], feed["tags"]]),
                )
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    assert_eq!(of(&again), of(&feeds));

    // More than fit.
    let many: String = (0..600)
        .map(|n| format!("<outline xmlUrl='https://many.example/{n}'/>\n"))
        .collect();
    fs::write(&file, format!("<opml><body>\n{many}</body></opml>")).unwrap();
    let full = json_of(dir, &["feed", "import", path]);
    assert_eq!((&full["new"], &full["refused"]), (&json!(497), &json!(103)));
    assert_eq!(
        full["refusals"][0]["reason"],
        "There are already 500 feeds. Remove one first."
    );
    fs::write(&file, "no feeds").unwrap();
    assert!(refused(dir, &["feed", "import", path]).contains("isn't a list of feeds"));
}

#[test]
fn feeds_are_paused_resumed_and_removed_by_number_address_or_title() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    bring(
        dir,
        "https://one.example",
        &[],
        vec![entry("https://e.org/a", "A")],
    );
    bring(dir, "https://two.example", &[], Vec::new());
    let mut store = Store::open(&dir.join("notes.db")).unwrap();
    store
        .write(url_notes::clock::now(), |writer| {
            let failed = Fetched::Failed {
                problem: FeedProblem::NotAFeed,
                retry_after_s: None,
            };
            writer.record_fetch(2, &failed, Retention::default())
        })
        .unwrap();
    drop(store);
    let problems = json_of(dir, &["feed", "list", "--problems"]);
    assert_eq!(problems.as_array().unwrap().len(), 1);
    assert_eq!(problems[0]["problem"], "not_a_feed");
    let plain = run_ok(dir, &["feed", "list", "--problems"]);
    assert!(plain.contains("has no feed that can be read."), "{plain}");
    assert_eq!(
        run_ok(dir, &["feed", "pause", "1", "two"]),
        "Paused: one.example\nPaused: two.example\n"
    );
    let paused = json_of(dir, &["feed", "list"]);
    assert_eq!(
        (&paused[0]["state"], &paused[0]["nextAt"]),
        (&json!("paused"), &json!(null))
    );
    assert_eq!(
        json_of(dir, &["feed", "resume", "https://one.example/"])[0]["state"],
        "on"
    );
    assert!(refused(dir, &["feed", "rm", "example"]).contains("Several feeds match"));
    assert!(refused(dir, &["feed", "rm", "1", "none"]).contains("no such feed"));
    assert_eq!(
        run_ok(dir, &["feed", "rm", "1"]),
        "Removed: one.example, and 1 page from the inbox. Notes stay.\n"
    );
    assert_eq!(titles(dir), [""; 0]);
    let offered = run_ok(dir, &["complete", "3", "--", "url-notes", "feed", "rm", ""]);
    assert_eq!(offered, "2\ttwo.example\n");
}

#[test]
fn what_needs_the_network_is_left_to_another_program() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bin");
    fs::create_dir(&place).unwrap();
    let own = place.join("url-notes");
    let built = env!("CARGO_BIN_EXE_url-notes");
    if fs::hard_link(built, &own).is_err() {
        fs::copy(built, &own).unwrap();
    }
    let start = |arguments: &[&str]| {
        Command::new(&own)
            .args(arguments)
            .env("URL_NOTES_DATA_DIR", dir.path())
            .output()
            .unwrap()
    };
    for command in [&["feed", "fetch"][..], &["feed", "add", "https://e.org/"]] {
        let output = start(command);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "url-notes: This needs url-notes-net, which isn't installed. To install it, run `./install.sh --net`.\n"
        );
    }
    let net = place.join("url-notes-net");
    fs::write(
        &net,
        "#!/bin/sh\nprintf '<%s>' \"$URL_NOTES_DATA_DIR\" \"$@\"\nexit 7\n",
    )
    .unwrap();
    fs::set_permissions(&net, fs::Permissions::from_mode(0o755)).unwrap();
    let output = start(&["feed", "add", "https://e.org/", "--tag", "a b", "--json"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!(
            "<{}><feed><add><https://e.org/><--tag><a b><--json>",
            dir.path().display()
        )
    );
    // What is wrong is noticed before.
    assert_eq!(start(&["feed", "add"]).status.code(), Some(2));
}

#[test]
fn the_extension_lists_keeps_and_skips_pages_of_the_inbox() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    let hello = |host: &mut TestHost| {
        host.call("hello", json!({"protocol": 1, "extension": "0"}))["arrivals"].clone()
    };
    assert_eq!(hello(&mut host), json!(null));
    let pages = |feed: &str, count: usize| -> Vec<NewArrival> {
        let url = |n| format!("https://{feed}.example/{n}");
        (0..count)
            .map(|n| entry(&url(n), &format!("{feed} {n}")))
            .collect()
    };
    bring(dir.path(), "https://b.example", &["blog"], pages("b", 3));
    bring(dir.path(), "https://a.example", &[], pages("a", 2));
    assert_eq!(hello(&mut host), json!(5));
    let listed = host.call("listArrivals", json!({"limit": 3}));
    assert_eq!(
        (&listed["more"], &listed["total"]),
        (&json!(true), &json!(5))
    );
    let feeds = &listed["feeds"];
    assert_eq!(
        (&feeds[0]["name"], &feeds[0]["count"]),
        (&json!("a.example"), &json!(2))
    );
    assert_eq!(feeds[1]["tags"], json!(["blog"]));
    let last = listed["arrivals"][2].clone();
    let rest = host.call(
        "listArrivals",
        json!({"before": last["id"], "feed": feeds[1]["id"]}),
    );
    assert_eq!(rest["arrivals"].as_array().unwrap().len(), 2);
    assert_eq!(rest["more"], false);

    let operation = json!({"opId": op_id(), "id": last["id"], "tags": ["new"]});
    let kept = host.call("keepArrival", operation.clone());
    assert_eq!(kept["created"], true);
    assert_eq!(kept["note"]["tags"], json!(["new"]));
    assert_eq!(kept["note"]["title"], "b 0");
    // The same operation again has the same result.
    assert_eq!(host.call("keepArrival", operation), kept);
    let tagged = json!({"opId": op_id(), "id": rest["arrivals"][0]["id"]});
    assert_eq!(
        host.call("keepArrival", tagged)["note"]["tags"],
        json!(["blog"])
    );
    let again = json!({"opId": op_id(), "id": last["id"]});
    assert_eq!(host.fail("keepArrival", again.clone()), "not_found");
    let back = json!({"opId": op_id(), "note": kept["note"]["id"]});
    for _ in 0..2 {
        assert_eq!(host.call("unkeepArrival", back.clone())["restored"], 1);
    }
    let listed = host.call("listArrivals", json!({}));
    assert!(listed["arrivals"].as_array().unwrap().contains(&last));
    assert_eq!(
        host.call("keepArrival", again)["note"]["tags"],
        json!(["blog"])
    );
    let invalid = json!({"opId": op_id(), "id": rest["arrivals"][1]["id"], "tags": ["a,b"]});
    assert_eq!(host.fail("keepArrival", invalid), "invalid_tag");

    let newest = rest["arrivals"][1]["id"].clone();
    let skip = json!({"opId": op_id(), "feed": feeds[1]["id"], "upTo": newest});
    let skipped = host.call("skipArrivals", skip);
    assert_eq!(skipped["skipped"], 1);
    let back = json!({"opId": op_id(), "skip": skipped["skip"]});
    assert_eq!(host.call("unskipArrivals", back)["restored"], 1);
    assert_eq!(hello(&mut host), json!(3));
    // A save by the button keeps the page, too.
    host.save("https://a.example/0", "Saved", &[]);
    assert_eq!(host.call("listArrivals", json!({}))["total"], 2);
    for wrong in [
        json!({"opId": op_id()}),
        json!({"opId": op_id(), "ids": [1], "feed": 1}),
        json!({"opId": op_id(), "ids": vec![1; 1001]}),
    ] {
        assert_eq!(host.fail("skipArrivals", wrong), "invalid_params");
    }
}

#[test]
fn a_response_with_large_arrivals_fits_into_a_frame() {
    let dir = tempfile::tempdir().unwrap();
    let pages = (0..100).map(|n| NewArrival {
        title: "\u{1}".repeat(16 * 1024),
        excerpt: Some("本".repeat(1300)),
        ..entry(&format!("https://e.org/{n}"), "")
    });
    bring(dir.path(), "https://e.org/feed", &[], pages.collect());
    let mut host = TestHost::on(dir.path());
    let (mut seen, mut before) = (0, json!(null));
    loop {
        let listed = host.call("listArrivals", json!({"limit": 200, "before": before}));
        let pages = listed["arrivals"].as_array().unwrap();
        seen += pages.len();
        if listed["more"] == false {
            break;
        }
        before = pages.last().unwrap()["id"].clone();
    }
    assert_eq!(seen, 100);
}
