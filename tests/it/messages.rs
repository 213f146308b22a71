//! Every method over real frames.

use serde_json::{Value, json};

use crate::{
    host::{TestHost, op_id, run, run_ok},
    site::client::get,
};

#[test]
fn hello_has_versions_paths_and_counts() {
    let mut host = TestHost::new();
    host.save("https://e.org/a", "A", &["x", "y"]);
    let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
    assert_eq!(hello["protocol"], 1);
    assert_eq!(hello["host"], env!("CARGO_PKG_VERSION"));
    assert_eq!(hello["notes"], 1);
    assert_eq!(hello["tags"], 2);
    assert_eq!(hello["saveOnOpen"], Value::Null);
    assert_eq!(
        hello["database"].as_str().unwrap(),
        host.dir().join("notes.db").to_str().unwrap()
    );
    let kind = host.fail("hello", json!({"protocol": 99, "extension": "9.0.0"}));
    assert_eq!(kind, "protocol_unsupported");
}

#[test]
fn a_save_is_answered_with_the_note_as_it_is_stored() {
    let mut host = TestHost::new();
    let params = json!({
        "opId": op_id(), "url": "https://e.org/a?utm_source=x", "title": " A title ",
        "tags": ["Large  Language Model", "GPU"], "summary": "**bold**", "excerpt": "said by the page",
        "publishedAt": "2025-08-12", "siteName": "E", "lang": "en",
        "quote": {"text": "selected words", "prefix": "the", "suffix": "here"},
    });
    let saved = host.call("saveNote", params.clone());
    assert_eq!(saved["created"], true);
    assert_eq!(saved.get("samePage"), None);
    let note = &saved["note"];
    assert_eq!(note["url"], "https://e.org/a?utm_source=x");
    assert_eq!(note["title"], "A title");
    assert_eq!(note["tags"], json!(["large language model", "gpu"]));
    assert_eq!(
        note["summary"],
        "**bold**\n\n> selected words\n>\n> [Go to passage](<https://e.org/a?utm_source=x#:~:text=the-,selected%20words,-here>)"
    );
    assert_eq!(note["excerpt"], "said by the page");
    assert_eq!(note["publishedAt"], "2025-08-12");
    assert_eq!(note["siteName"], "E");
    assert_eq!(note["lang"], "en");
    assert_eq!(note["deletedAt"], Value::Null);
    assert_eq!(
        note["savedAt"].as_str().unwrap().len(),
        "2025-08-12T10:00:00.000Z".len()
    );
    assert!(note["id"].as_i64().unwrap() < 1 << 53);

    let found = host.call("noteForUrl", json!({"url": "http://E.org/a/#part"}));
    assert_eq!(found["note"], *note);
    assert_eq!(found["onThisSite"], 1);

    let again = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": "http://e.org/a", "title": "Other", "tags": ["new"]}),
    );
    assert_eq!(again["created"], false);
    assert_eq!(again["note"]["id"], note["id"]);
    // The user didn't type the first title.
    assert_eq!(again["note"]["title"], "Other");
    assert_eq!(again["note"]["addresses"], json!(["http://e.org/a"]));
    assert_eq!(again["note"]["savedAt"], note["savedAt"]);
    assert_eq!(
        again["note"]["tags"],
        json!(["large language model", "gpu", "new"])
    );
    assert_eq!(again["samePage"]["url"], "https://e.org/a?utm_source=x");
    assert_eq!(
        again["samePage"]["because"],
        "same page with utm_source, over https"
    );
}

#[test]
fn a_title_that_the_user_has_typed_outlives_those_of_the_page() {
    let mut host = TestHost::new();
    let save = |host: &mut TestHost, title: &str| {
        let params = json!({"opId": op_id(), "url": "https://e.org/a", "title": title});
        host.call("saveNote", params)["note"].clone()
    };
    let note = save(&mut host, "Loading");
    assert_eq!(save(&mut host, "The page's")["title"], "The page's");
    assert_eq!(save(&mut host, "")["title"], "The page's");
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": note["id"], "title": "Mine"}),
    );
    assert_eq!(save(&mut host, "The page's, later")["title"], "Mine");
}

#[test]
fn the_first_date_of_a_page_that_can_be_read_is_kept() {
    let mut host = TestHost::new();
    for (params, date) in [
        (json!({"publishedAt": "2019/05/08"}), json!("2019-05-08")),
        (
            json!({"publishedAt": "last week", "otherDates": ["03/04/2019", "8 May 2019"]}),
            json!("2019-05-08"),
        ),
        (
            json!({"publishedAt": "03/04/2019", "lang": "de"}),
            json!("2019-04-03"),
        ),
        (json!({"publishedAt": "03/04/2019"}), Value::Null),
    ] {
        let mut params = params;
        params["opId"] = op_id().into();
        params["url"] = format!("https://e.org/{}", op_id()).into();
        params["title"] = "".into();
        assert_eq!(
            host.call("saveNote", params.clone())["note"]["publishedAt"],
            date,
            "{params}"
        );
    }
}

#[test]
fn a_password_in_an_address_is_stored_and_in_no_answer_list_or_export() {
    let mut host = TestHost::new();
    let url = "https://jo:pazz0@e.org/a?token=t0ken";
    let saved = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": url, "title": "", "tags": ["x"], "quote": {"text": "words"}}),
    );
    assert_eq!(saved["tokens"], json!(["token"]));
    let again = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": "https://jo:pazz1@e.org/a?token=t0ken#b", "title": ""}),
    );
    let found = host.call("noteForUrl", json!({"url": url}));
    assert_eq!(found["note"]["url"], "https://e.org/a?token=t0ken");
    let dir = host.dir();
    let mut shown = format!("{saved}{again}{found}");
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["search", "token"],
        &["show", "https://e.org/a?token=t0ken"],
        &["export", "json"],
        &["export", "jsonl"],
        &["export", "csv"],
        &["export", "netscape"],
    ] {
        let printed = run_ok(dir, arguments);
        assert!(printed.contains("e.org/a"), "{arguments:?} {printed}");
        shown.push_str(&printed);
    }
    let out = tempfile::tempdir().unwrap();
    let export = |format: &str, name: &str, more: &[&str]| {
        let to = out.path().join(name);
        let first = ["export", format, to.to_str().unwrap()];
        run_ok(dir, &[&first, more].concat());
        let grep = std::process::Command::new("cat")
            .arg("--")
            .args(files_below(&to))
            .output()
            .unwrap();
        String::from_utf8_lossy(&grep.stdout).into_owned()
    };
    let site = export("site", "without", &[]);
    assert!(!site.contains("t0ken"));
    let site = export("site", "with", &["--include-secrets"]);
    assert!(site.contains("t0ken"));
    shown.push_str(&site);
    shown.push_str(&export("markdown", "vault", &[]));
    assert!(!shown.contains("pazz"), "{shown}");
    let database = std::fs::read(dir.join("notes.db")).unwrap();
    let log = std::fs::read(dir.join("notes.db-wal")).unwrap_or_default();
    let stored = String::from_utf8_lossy(&[database, log].concat()).into_owned();
    assert!(stored.contains(url));
}

/// Returns the files below a folder.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_password_in_a_link_of_a_text_is_stored_and_nowhere_shown() {
    let mut host = TestHost::new();
    let text = "Said [there](https://jo:pazz0@e.org/b#:~:text=x), <http://me:pazz1@f.org/>, \
                `curl https://jo@g.org/` and [here](https:jo:pazz2@h.org/); needle.";
    let shown = text
        .replace("jo:pazz0@", "")
        .replace("me:pazz1@", "")
        .replace("jo@", "");
    let params = json!({"opId": op_id(), "url": "https://e.org/a", "title": "T", "summary": text});
    let saved = host.call("saveNote", params);
    // Without slashes, the text stays as it is; the link leads there without user info.
    assert_eq!(saved["note"]["summary"], shown);
    let dir = host.dir().to_owned();
    let printed = |arguments: &[&str]| {
        let printed = run_ok(&dir, arguments);
        assert!(printed.contains("f.org"), "{arguments:?} {printed}");
        printed
    };
    let mut all = String::new();
    for arguments in [
        &["show", "https://e.org/a"][..],
        &["list", "--json"],
        &["search", "needle", "--json"],
        &["search", "needle"],
        &["export", "json"],
        &["export", "jsonl"],
        &["export", "csv"],
        &["export", "netscape"],
    ] {
        all.push_str(&printed(arguments));
    }
    let out = tempfile::tempdir().unwrap();
    for format in ["site", "markdown"] {
        let to = out.path().join(format);
        run_ok(&dir, &["export", format, to.to_str().unwrap()]);
        for file in files_below(&to) {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
        }
    }
    let port = host.site_port();
    for path in ["/", "/feed.atom", "/search?q=needle", "/api/notes"] {
        let page = get(port, path).body;
        assert!(page.contains("f.org"), "{path} {page}");
        all.push_str(&page);
    }
    assert!(!all.contains("pazz0") && !all.contains("pazz1"), "{all}");
    assert!(!all.contains("href=\"https:jo"), "{all}");

    // An edit of what is shown takes nothing away that wasn't.
    let edited = format!("{shown} More.");
    let params = json!({
        "opId": op_id(), "id": saved["note"]["id"], "summary": edited, "seen": {"summary": shown},
    });
    let updated = host.call("updateNote", params);
    assert_eq!(updated["note"]["summary"], edited);
    // Nor does an import of our own export, which adds nothing.
    let file = out.path().join("notes.json");
    std::fs::write(&file, run_ok(&dir, &["export", "json"])).unwrap();
    let reported = run_ok(&dir, &["import", file.to_str().unwrap(), "--json"]);
    assert!(reported.contains("\"unchanged\": 1"), "{reported}");
    host.end();
    let stored = std::fs::read(dir.join("notes.db")).unwrap();
    let log = std::fs::read(dir.join("notes.db-wal")).unwrap_or_default();
    let stored = String::from_utf8_lossy(&[stored, log].concat()).into_owned();
    assert!(stored.contains(&format!("{text} More.")), "kept as typed");
}

#[test]
fn the_same_operation_again_returns_the_same_and_changes_nothing() {
    let mut host = TestHost::new();
    let save = json!({"opId": op_id(), "url": "https://e.org/a", "title": "A", "tags": ["x"]});
    let first = host.call("saveNote", save.clone());
    let id = &first["note"]["id"];
    let update = json!({"opId": op_id(), "id": id, "title": "B"});
    let updated = host.call("updateNote", update.clone());
    assert_eq!(updated["note"]["title"], "B");
    assert_eq!(host.call("saveNote", save.clone()), first);
    assert_eq!(host.call("updateNote", update), updated);

    let delete = json!({"opId": op_id(), "id": id});
    let deleted = host.call("deleteNote", delete.clone());
    let restore = json!({"opId": op_id(), "id": id});
    host.call("restoreNote", restore);
    assert_eq!(host.call("deleteNote", delete.clone()), deleted);
    assert_eq!(host.call("stats", json!({}))["notes"], 1);

    // Also from another process, after the first has ended.
    let dir = host.dir().to_owned();
    let mut other = TestHost::on(&dir);
    assert_eq!(other.call("saveNote", save.clone()), first);
    let mut reused = delete;
    reused["opId"] = save["opId"].clone();
    assert_eq!(other.fail("deleteNote", reused), "op_id_reused");
}

#[test]
fn a_note_is_changed_deleted_and_restored() {
    let mut host = TestHost::new();
    let note = host.save("https://e.org/a", "A", &["x", "y"])["note"].take();
    let id = &note["id"];
    let changed = host.call(
        "updateNote",
        json!({"opId": op_id(), "id": id, "tags": ["y", "z"], "summary": "text"}),
    );
    assert_eq!(changed["note"]["tags"], json!(["y", "z"]));
    assert_eq!(changed["note"]["title"], "A");
    let deleted = host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    assert!(deleted["note"]["deletedAt"].is_string());
    assert_eq!(
        host.call("noteForUrl", json!({"url": "https://e.org/a"}))["note"],
        Value::Null
    );
    let restored = host.call("restoreNote", json!({"opId": op_id(), "id": id}));
    assert_eq!(restored["note"], changed["note"]);

    host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    host.save("https://e.org/a", "A", &[]);
    assert_eq!(
        host.fail("restoreNote", json!({"opId": op_id(), "id": id})),
        "conflict"
    );
    for method in ["updateNote", "deleteNote", "restoreNote"] {
        assert_eq!(
            host.fail(method, json!({"opId": op_id(), "id": 1})),
            "not_found"
        );
    }
}

#[test]
fn a_page_saved_again_gets_back_the_note_that_was_deleted() {
    let mut host = TestHost::new();
    let page = "https://e.org/a";
    let old = host.save(page, "A", &["x"])["note"]["id"].take();
    let update = json!({"opId": op_id(), "id": old, "title": "Mine", "summary": "before"});
    let saved_at = host.call("updateNote", update)["note"]["savedAt"].take();
    host.call("deleteNote", json!({"opId": op_id(), "id": old}));
    assert_eq!(
        host.call("noteForUrl", json!({"url": page}))["deletedNote"]["tags"],
        json!(["x"])
    );

    let again = host.save(page, "A, changed", &["y"]);
    assert_eq!(again["deletedNote"]["id"], old);
    assert!(again["deletedNote"]["deletedAt"].is_string());
    let new = &again["note"]["id"];
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": new, "summary": "after"}),
    );
    let restore = json!({"opId": op_id(), "id": old, "mergeWith": new});
    let restored = host.call("restoreNote", restore.clone());
    let note = &restored["note"];
    assert_eq!(note["id"], old);
    assert_eq!(note["savedAt"], saved_at);
    assert_eq!(note["title"], "Mine");
    assert_eq!(note["tags"], json!(["x", "y"]));
    assert_eq!(note["summary"], "before\n\nafter");
    assert_eq!(note["deletedAt"], Value::Null);
    assert_eq!(host.call("restoreNote", restore), restored);
    let stats = host.call("stats", json!({}));
    assert_eq!((&stats["notes"], &stats["trash"]), (&json!(1), &json!(0)));
    let found = host.call("noteForUrl", json!({"url": page}));
    assert_eq!(found["note"]["id"], old);
    assert_eq!(found.get("deletedNote"), None);
    // Saved once more, it isn't created, so there is nothing to restore.
    assert_eq!(host.save(page, "A", &[]).get("deletedNote"), None);
    let search = host.call("searchNotes", json!({"query": "after"}));
    assert_eq!(search["notes"][0]["id"], old);
}

#[test]
fn a_title_of_the_page_is_brought_up_to_date_when_its_note_is_restored() {
    let mut host = TestHost::new();
    let old = host.save("https://e.org/a", "Old", &["x"])["note"]["id"].take();
    host.call("deleteNote", json!({"opId": op_id(), "id": old}));
    let new = host.save("https://e.org/a", "New", &[])["note"]["id"].take();
    let restore = json!({"opId": op_id(), "id": old, "mergeWith": new});
    assert_eq!(host.call("restoreNote", restore)["note"]["title"], "New");

    // Of two titles that the user typed, the newer one.
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": old, "title": "First"}),
    );
    host.call("deleteNote", json!({"opId": op_id(), "id": old}));
    let new = host.save("https://e.org/a", "New", &[])["note"]["id"].take();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": new, "title": "Second"}),
    );
    let restore = json!({"opId": op_id(), "id": old, "mergeWith": new});
    assert_eq!(host.call("restoreNote", restore)["note"]["title"], "Second");
}

#[test]
fn a_note_is_restored_with_no_other_note_than_that_of_its_page() {
    let mut host = TestHost::new();
    let page = "https://e.org/a";
    let old = host.save(page, "A", &["x"])["note"]["id"].take();
    let other = host.save("https://e.org/b", "B", &["b"])["note"]["id"].take();
    let mut delete = |id: &Value| host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    delete(&old);
    let new = host.save(page, "A", &["y"])["note"]["id"].take();
    let with = |id: &Value| json!({"opId": op_id(), "id": old, "mergeWith": id});
    assert_eq!(host.fail("restoreNote", with(&other)), "conflict");
    assert_eq!(host.fail("restoreNote", with(&json!(1))), "conflict");

    // Both together have more tags than a note may have.
    let tags = |prefix: &str| (0..150).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    for (id, prefix) in [(&new, "n"), (&other, "b")] {
        host.call(
            "updateNote",
            json!({"opId": op_id(), "id": id, "tags": tags(prefix)}),
        );
    }
    host.call("deleteNote", json!({"opId": op_id(), "id": other}));
    let newer = host.save("https://e.org/b", "B", &[])["note"]["id"].take();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": newer, "tags": tags("c")}),
    );
    let restore = json!({"opId": op_id(), "id": other, "mergeWith": newer});
    assert_eq!(host.fail("restoreNote", restore), "invalid_tag");
    let found = host.call("noteForUrl", json!({"url": "https://e.org/b"}));
    assert_eq!(found["note"]["tags"].as_array().unwrap().len(), 150);

    // The new note was deleted meanwhile: the old one is restored as it was.
    host.call("deleteNote", json!({"opId": op_id(), "id": new}));
    assert_eq!(
        host.call("restoreNote", with(&new))["note"]["tags"],
        json!(["x"])
    );
}

#[test]
fn changes_of_two_popups_are_merged() {
    let mut host = TestHost::new();
    let note = host.save("https://e.org/a", "A", &["x"])["note"].take();
    let mut update = |tags: Value, summary: &str| {
        let seen = json!({"tags": ["x"], "summary": ""});
        host.call(
            "updateNote",
            json!({"opId": op_id(), "id": note["id"], "tags": tags, "summary": summary, "seen": seen}),
        )["note"]
            .take()
    };
    update(json!(["x", "one"]), "first");
    let joined = update(json!(["two"]), "second");
    assert_eq!(joined["tags"], json!(["one", "two"]));
    assert_eq!(joined["summary"], "first\n\nsecond");
}

#[test]
fn tags_are_completed() {
    let mut host = TestHost::new();
    host.save("https://e.org/a", "A", &["rust", "trust"]);
    host.save("https://e.org/b", "B", &["trust"]);
    let tags = host.call("completeTags", json!({"text": "RU"}));
    assert_eq!(
        tags["tags"],
        json!([{"name": "rust", "count": 1}, {"name": "trust", "count": 2}])
    );
    let tags = host.call(
        "completeTags",
        json!({"text": "ru", "limit": 1, "exclude": ["Rust", ""]}),
    );
    assert_eq!(tags["tags"], json!([{"name": "trust", "count": 2}]));
}

#[test]
fn notes_are_searched() {
    let mut host = TestHost::new();
    for n in 0..3 {
        host.save(
            &format!("https://e.org/{n}"),
            &format!("Gödel {n}"),
            &["logic"],
        );
    }
    let found = host.call(
        "searchNotes",
        json!({"query": "godel tag:logic", "limit": 2}),
    );
    assert_eq!(found["more"], true);
    assert_eq!(found["notes"][0]["title"], "Gödel 2");
    let last = &found["notes"][1]["id"];
    let rest = host.call("searchNotes", json!({"query": "godel", "before": last}));
    assert_eq!(rest["more"], false);
    assert_eq!(rest["notes"][0]["title"], "Gödel 0");
    assert_eq!(rest["notes"][0]["tags"], json!(["logic"]));
    for odd in ["\"", "", "tag:", "* XOR (", "-"] {
        assert_eq!(
            host.call("searchNotes", json!({"query": odd}))["notes"],
            json!([])
        );
    }
}

#[test]
fn an_answer_stays_under_the_browsers_limit() {
    let mut host = TestHost::new();
    let title = "word \u{1}".repeat(16 * 1024 / 6);
    for n in 0..100 {
        host.save(&format!("https://e.org/{n}"), &title, &[]);
    }
    let found = host.call("searchNotes", json!({"query": "word", "limit": 100}));
    assert_eq!(found["more"], true);
    let got = found["notes"].as_array().unwrap().len();
    assert!((10..100).contains(&got), "{got}");
    let last = &found["notes"][got - 1]["id"];
    let next = host.call(
        "searchNotes",
        json!({"query": "word", "limit": 100, "before": last}),
    );
    assert!(!next["notes"].as_array().unwrap().is_empty());
}

#[test]
fn stats_has_the_figures() {
    let mut host = TestHost::new();
    let empty = host.call("stats", json!({}));
    assert_eq!(empty["notes"], 0);
    assert_eq!(empty["firstSavedAt"], Value::Null);
    let note = host.save("https://e.org/a", "A", &["x"])["note"].take();
    let stats = host.call("stats", json!({}));
    assert_eq!(stats["notes"], 1);
    assert_eq!(stats["tags"], 1);
    assert_eq!(stats["sites"], 1);
    assert_eq!(stats["lastSavedAt"], note["savedAt"]);
    assert!(stats["databaseBytes"].as_u64().unwrap() > 0);
}

#[test]
fn bad_parameters_get_their_kind() {
    let mut host = TestHost::new();
    let save = |url: &str| json!({"opId": op_id(), "url": url, "title": "A"});
    for url in [
        "example.com/a",
        "",
        "about:blank",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
    ] {
        assert_eq!(host.fail("saveNote", save(url)), "invalid_url", "{url}");
    }
    for tags in [
        json!([""]),
        json!(["a,b"]),
        json!(["x".repeat(101)]),
        json!(["a", " "]),
        json!(["\u{7}"]),
    ] {
        let mut params = save("https://e.org/a");
        params["tags"] = tags;
        assert_eq!(host.fail("saveNote", params), "invalid_tag");
    }
    let mut params = save("https://e.org/a");
    params["title"] = "x".repeat(16 * 1024 + 1).into();
    assert_eq!(host.fail("saveNote", params), "too_large");
    let mut params = save("https://e.org/a");
    params["summary"] = "x".repeat(64 * 1024 + 1).into();
    assert_eq!(host.fail("saveNote", params), "too_large");
    let mut params = save("https://e.org/a");
    params["opId"] = "not a uuid".into();
    assert_eq!(host.fail("saveNote", params), "invalid_params");
    assert_eq!(
        host.fail("saveNote", json!({"url": "https://e.org/a"})),
        "invalid_params"
    );
    assert_eq!(
        host.fail("noteForUrl", json!({"url": "no url"})),
        "invalid_url"
    );
    assert_eq!(
        host.fail("mindRead", json!({"url": "https://e.org/", "title": ""})),
        "unknown_method"
    );
    // Metadata of the page must not make the save fail.
    let mut params = save("https://e.org/a");
    params["publishedAt"] = "yesterday".into();
    params["lang"] = "???".into();
    params["excerpt"] = "x".repeat(100_000).into();
    let note = host.call("saveNote", params)["note"].take();
    assert_eq!(note["publishedAt"], Value::Null);
    assert_eq!(note["excerpt"].as_str().unwrap().len(), 4096);
    assert_eq!(host.call("stats", json!({}))["notes"], 1);
}

#[test]
fn files_are_saved_where_the_user_turned_it_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("config.toml"),
        "save-file-urls = true\nsave-on-open = false\n",
    )
    .unwrap();
    let mut host = TestHost::on(dir.path());
    assert_eq!(
        host.save("file:///home/me/a.html", "A", &[])["created"],
        true
    );
    let hello = host.call("hello", json!({"protocol": 1, "extension": "0"}));
    assert_eq!(hello["saveOnOpen"], false);
}

#[test]
fn naughty_strings_come_back_as_they_were() {
    let mut host = TestHost::new();
    for (n, text) in [
        "'; DROP TABLE notes; --",
        "\u{0}",
        "\u{202e}right to left",
        "<script>alert(1)</script>",
        "\r\n\t",
        "𝕳𝖊𝖑𝖑𝖔",
        "שלום",
        "機械学習",
        "👩‍👩‍👧‍👦",
        "%s%n%x",
        "../../etc/passwd",
        "\u{feff}bom",
        "${{7*7}}",
        "\\",
        "\"",
    ]
    .into_iter()
    .enumerate()
    {
        let url = format!("https://e.org/{n}?q={text}");
        let params =
            json!({"opId": op_id(), "url": url, "title": format!("x{text}x"), "summary": text});
        let note = host.call("saveNote", params)["note"].take();
        assert_eq!(note["url"], url);
        assert_eq!(note["title"], format!("x{text}x"));
        assert_eq!(note["summary"], text);
        let found = host.call("noteForUrl", json!({"url": url}));
        assert_eq!(found["note"], note);
    }
}

#[test]
fn two_hosts_and_the_command_line_share_one_store() {
    let mut one = TestHost::new();
    let dir = one.dir().to_owned();
    let mut two = TestHost::on(&dir);
    one.save("https://e.org/1", "1", &["x"]);
    two.save("https://e.org/2", "2", &["x"]);
    assert!(
        run(&dir, &["add", "https://e.org/3", "--tag", "x"])
            .status
            .success()
    );
    for host in [&mut one, &mut two] {
        assert_eq!(host.call("stats", json!({}))["notes"], 3);
    }
}
