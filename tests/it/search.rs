//! Search over the wire, on the command line and on the site.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::{
    host::{TestHost, op_id, program, run, run_ok},
    site::client::get,
};

fn titles(found: &Value) -> Vec<&str> {
    let notes = found.as_array().unwrap();
    notes
        .iter()
        .map(|note| note["title"].as_str().unwrap())
        .collect()
}

fn note(host: &mut TestHost, title: &str, tags: &[&str], summary: &str) {
    let url = format!("https://e.org/{}", op_id());
    host.call(
        "saveNote",
        json!({"opId": op_id(), "url": url, "title": title, "tags": tags, "summary": summary}),
    );
}

#[test]
fn whatever_is_typed_is_found_or_not_found() {
    let mut host = TestHost::new();
    note(&mut host, "Gödel, Straße, ﬁne", &["機械学習"], "");
    note(
        &mut host,
        "C++ and .NET",
        &["#lojban"],
        "snake_case 3.11 ada@e.example",
    );
    note(
        &mut host,
        "שלום عليكم สวัสดี 한국어",
        &[],
        "soft\u{ad}hyphen 🔥 Iſtanbul",
    );
    let [first, second, third] = [
        "Gödel, Straße, ﬁne",
        "C++ and .NET",
        "שלום عليكم สวัสดี 한국어",
    ];
    for (query, found) in [
        ("godel", vec![first]),
        ("GO\u{308}DEL", vec![first]),
        ("ＧＯＤＥＬ", vec![first]),
        ("strasse fine", vec![first]),
        ("学習", vec![first]),
        ("tag:機械学習", vec![first]),
        ("習学", vec![]),
        ("c++", vec![second]),
        (".net", vec![second]),
        ("#lojban", vec![second]),
        ("c#", vec![]),
        ("snake_case", vec![second]),
        ("3.11", vec![second]),
        ("\"ada@e.example\"", vec![second]),
        ("שלום", vec![third]),
        ("สวัส", vec![third]),
        ("국어", vec![third]),
        ("하", vec![third]),
        ("하 ", vec![third]),
        ("\"하\"", vec![]),
        ("softhyphen istan", vec![third]),
        ("🔥", vec![third]),
        ("site:e.org -godel -c++", vec![third]),
        ("\"", vec![]),
        ("tag:", vec![]),
        ("tag:\"", vec![]),
        ("-", vec![]),
        ("before: after:x", vec![]),
    ] {
        let answer = host.call("searchNotes", json!({"query": query}));
        assert_eq!(titles(&answer["notes"]), found, "{query:?}");
        let listed = run_ok(host.dir(), &["search", "--json", "--", query]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(titles(&listed), found, "{query:?}");
    }
}

#[test]
fn next_leads_from_page_to_page() {
    let mut host = TestHost::new();
    for number in 0..7 {
        note(&mut host, &number.to_string(), &[], "word");
    }
    let mut found = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = host.call(
            "searchNotes",
            json!({"query": "wor", "limit": 3, "before": before}),
        );
        found.extend(
            titles(&page["notes"])
                .iter()
                .map(|title| (*title).to_owned()),
        );
        assert_eq!(page["more"], page.get("next").is_some());
        match page.get("next") {
            Some(next) => before = next.clone(),
            None => break,
        }
    }
    assert_eq!(found, ["6", "5", "4", "3", "2", "1", "0"]);
}

#[test]
fn the_command_line_sorts_by_relevance_on_request() {
    let mut host = TestHost::new();
    note(&mut host, "Rust", &[], "");
    note(&mut host, "newer", &[], "about rust");
    let dir = host.dir().to_owned();
    let search = |arguments: &[&str]| {
        let arguments = [&["search", "rust", "--json"], arguments].concat();
        let found: Value = serde_json::from_str(&run_ok(&dir, &arguments)).unwrap();
        titles(&found).join(" ")
    };
    assert_eq!(search(&[]), "newer Rust");
    assert_eq!(search(&["--sort", "newest"]), "newer Rust");
    assert_eq!(search(&["--sort", "relevance"]), "Rust newer");
    let best = run_ok(
        &dir,
        &["search", "rust", "--sort", "relevance", "--limit", "1"],
    );
    assert!(
        best.contains("Rust\n") && best.contains("To see more matches, use --limit 5"),
        "{best}"
    );
    assert_eq!(
        run(&dir, &["search", "rust", "--sort", "size"])
            .status
            .code(),
        Some(2)
    );
}

/// Returns the titles that the command line finds in a time zone.
#[track_caller]
fn found_in(dir: &Path, zone: &str, query: &str) -> Vec<String> {
    let mut command = program(dir);
    let output = command
        .env("TZ", zone)
        .args(["search", "--json", "--", query])
        .output()
        .unwrap();
    assert!(output.status.success(), "{query}: {output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    titles(&found).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_word_is_found_by_its_parts_and_in_each_spelling() {
    let mut host = TestHost::new();
    let texts: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "A Hi-Fi set",
            &["hifi", "hi-fi", "hi fi", "HiFi", "\"hi fi\""][..],
        ),
        ("On vue.js", &["vuejs", "vue js", "vue.js", "\"js\""]),
        ("LLaMA-3 weights", &["llama3", "LLaMA3", "llama 3"]),
        ("N.A.S.A. photos", &["nasa", "n.a.s.a."]),
        ("v2.4.1 is out", &["2.4.1", "v2.4.1", "2.4", "v2"]),
        ("RFC 1149", &["rfc1149", "rfc-1149"]),
        ("Can’t stop", &["cant", "can't", "can`t"]),
        ("D’Angelo", &["dangelo", "angelo", "d'angelo"]),
        ("12,345,678 rows", &["12345678", "12.345.678"]),
        ("read_to_end", &["readtoend", "end", "readToEnd"]),
        (
            "parseXMLValue",
            &["xml", "parsexmlvalue", "parse_xml_value"],
        ),
        ("کتاب‌ها", &["كتاب", "کتاب ها", "کتابها"]),
        ("मंदिर और सम्बन्ध", &["मन्दिर", "संबंध"]),
        ("٢٠٢٤", &["2024", "२०२४"]),
    ]);
    for title in texts.keys() {
        note(&mut host, title, &[], "");
    }
    for (title, queries) in &texts {
        for query in *queries {
            let answer = host.call("searchNotes", json!({"query": query}));
            assert_eq!(titles(&answer["notes"]), [*title], "{query:?}");
        }
    }
}

#[test]
fn no_condition_takes_away_what_an_unfinished_word_finds() {
    let mut host = TestHost::new();
    host.save("https://b.example/", "Sailing ships of old", &["sea"]);
    for query in [
        "ship",
        "old ship",
        "ship old",
        "sail shi ol",
        "ship tag:sea",
        "tag:sea ship",
        "ship site:b.example",
        "site:b.example ship -tree",
        "ship ",
        "ship after:2020 sai",
        "\"of old\" ship",
    ] {
        let answer = host.call("searchNotes", json!({"query": query}));
        assert_eq!(
            titles(&answer["notes"]),
            ["Sailing ships of old"],
            "{query:?}"
        );
    }
    for query in ["\"ship\"", "\"ship\" old", "ships tree"] {
        let answer = host.call("searchNotes", json!({"query": query}));
        assert_eq!(titles(&answer["notes"]), [""; 0], "{query:?}");
    }
}

#[test]
fn notes_without_tags_are_found_and_listed() {
    let mut host = TestHost::new();
    note(&mut host, "bare", &[], "words");
    note(&mut host, "tagged", &["x"], "words");
    let check = |host: &mut TestHost, query: &str, expected: &[&str]| {
        let answer = host.call("searchNotes", json!({"query": query}));
        assert_eq!(titles(&answer["notes"]), expected, "{query}");
    };
    check(&mut host, "is:untagged", &["bare"]);
    check(&mut host, "IS:untagged wor", &["bare"]);
    check(&mut host, "-is:untagged", &["tagged"]);
    check(&mut host, "is:untagged tag:x", &[]);
    let listed = run_ok(host.dir(), &["list", "--untagged", "--json"]);
    assert_eq!(titles(&serde_json::from_str(&listed).unwrap()), ["bare"]);
    assert_eq!(
        run(host.dir(), &["list", "--untagged", "--tag", "x"])
            .status
            .code(),
        Some(2)
    );
    // As tags come and go.
    run_ok(host.dir(), &["tag", "rm", "x"]);
    check(&mut host, "is:untagged", &["tagged", "bare"]);
    let id = serde_json::from_str::<Value>(&listed).unwrap()[0]["id"].clone();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": id, "tags": ["y"]}),
    );
    check(&mut host, "is:untagged", &["tagged"]);
    host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    check(&mut host, "is:untagged", &["tagged"]);
    host.call("restoreNote", json!({"opId": op_id(), "id": id}));
    host.call("updateNote", json!({"opId": op_id(), "id": id, "tags": []}));
    check(&mut host, "is:untagged", &["tagged", "bare"]);
    assert_eq!(
        serde_json::from_str::<Value>(&run_ok(host.dir(), &["check", "--json"])).unwrap()["faults"],
        json!([])
    );
}

#[test]
fn a_hash_filters_by_tag_if_it_exists() {
    let mut host = TestHost::new();
    note(&mut host, "one", &["gpu"], "");
    note(&mut host, "two", &["#lojban", "deep learning"], "");
    note(&mut host, "three", &[], "gpu, C# and issue #42");
    run_ok(host.dir(), &["tag", "alias", "graphics", "gpu"]);
    for (query, expected) in [
        ("#gpu", &["one"][..]),
        ("#GPU", &["one"]),
        ("#graphics", &["one"]),
        ("-#gpu", &["three", "two"]),
        ("gpu -#gpu", &["three"]),
        ("#lojban", &["two"]),
        ("#\"deep learning\" #lojban", &["two"]),
        ("#42", &["three"]),
        ("c#", &["three"]),
        ("#nothing", &[]),
    ] {
        let answer = host.call("searchNotes", json!({"query": query}));
        assert_eq!(titles(&answer["notes"]), expected, "{query:?}");
    }
}

#[test]
fn a_hash_filters_by_tag_on_the_command_line_on_the_site_and_for_scripts() {
    let mut host = TestHost::new();
    note(&mut host, "one", &["gpu", "日本語"], "");
    note(&mut host, "two", &["deep learning", "c#"], "");
    note(&mut host, "three", &["n/a"], "a #gpu in words");
    let port = host.site_port();
    for (query, expected) in [
        ("#gpu", &["one"][..]),
        ("#日本語", &["one"]),
        ("#\"deep learning\"", &["two"]),
        ("#c#", &["two"]),
        ("#n/a", &["three"]),
        ("-#gpu", &["three", "two"]),
        ("words -#gpu", &["three"]),
        ("#absent", &[]),
    ] {
        let dir = host.dir();
        let found = run(dir, &["search", "--json", "--", query]);
        let printed = String::from_utf8(found.stdout).unwrap();
        let found: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(titles(&found), expected, "{query:?}: {found}");
        let plain = String::from_utf8(run(dir, &["search", "--", query]).stdout).unwrap();
        for title in ["one", "two", "three"] {
            let stands = plain.lines().any(|line| line.trim_end().ends_with(title));
            assert_eq!(stands, expected.contains(&title), "{query:?}: {plain}");
        }
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let scripts = get(port, &format!("/api/notes?q={encoded}")).body;
        let scripts: Value = serde_json::from_str(&scripts).unwrap();
        assert_eq!(titles(&scripts["notes"]), expected, "{query:?}");
        let page = get(port, &format!("/search?q={encoded}")).body;
        for title in ["one", "two", "three"] {
            let stands = page.contains(&format!(">{title}<"));
            assert_eq!(stands, expected.contains(&title), "{query:?}: {page}");
        }
    }
}

#[test]
fn days_are_those_of_the_local_time_zone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("in.json");
    let rows = json!([
        {"href": "https://e.org/1", "description": "evening", "time": "2024-03-10T06:30:00Z", "tags": ""},
        {"href": "https://e.org/2", "description": "morning", "time": "2024-03-10T12:00:00Z", "tags": ""},
    ]);
    std::fs::write(&file, rows.to_string()).unwrap();
    run_ok(
        dir.path(),
        &["import", "--format", "pinboard", file.to_str().unwrap()],
    );
    for (zone, before, after) in [
        ("UTC", &[][..], &["morning", "evening"][..]),
        ("America/Los_Angeles", &["evening"], &["morning"]),
        ("PST8PDT,M3.2.0,M11.1.0", &["evening"], &["morning"]),
        ("Pacific/Auckland", &[], &["morning", "evening"]),
    ] {
        assert_eq!(
            found_in(dir.path(), zone, "before:2024-03-10"),
            before,
            "{zone}"
        );
        assert_eq!(
            found_in(dir.path(), zone, "after:2024-03-10"),
            after,
            "{zone}"
        );
    }
    // The next day in New Zealand.
    let there = found_in(dir.path(), "Pacific/Auckland", "after:2024-03-11");
    assert_eq!(there, ["morning"]);
    assert_eq!(
        found_in(dir.path(), "America/Los_Angeles", "after:2024-03-11"),
        [""; 0]
    );
}

#[test]
fn an_unknown_time_zone_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let reported = |zone: &str| {
        let mut command = program(dir.path());
        let output = command.env("TZ", zone).args(["doctor", "--json"]).output();
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().iter();
        let mut found = checks.filter(|check| check["cause"] == "time_zone");
        found
            .next()
            .map(|check| check["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(reported("America/Los_Angeles"), None);
    assert_eq!(reported("UTC"), None);
    let sentence = reported("America/Los_Angels").unwrap();
    assert!(
        sentence.contains("is unknown, so dates and times are shown in UTC."),
        "{sentence}"
    );
}

#[test]
fn texts_of_pages_are_found_below_the_notes_on_every_side() {
    let mut host = TestHost::new();
    let port = host.site_port();
    note(&mut host, "Rotary engines", &[], "");
    let url = "https://e.org/embeddings";
    let saved = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": url, "title": "Embeddings"}),
    );
    let id = saved["note"]["id"].as_i64().unwrap();
    host.call(
        "putText",
        json!({
            "opId": op_id(), "id": id, "whole": true, "takenAt": "2026-01-02T03:04:05Z",
            "text": "# Positions\n\nA *rotary* <b>encoding</b> of positions."
        }),
    );

    // The command line.
    let listed: Value =
        serde_json::from_str(&run_ok(host.dir(), &["search", "rotary", "--json"])).unwrap();
    assert_eq!(titles(&listed), ["Rotary engines", "Embeddings"]);
    assert_eq!(listed[0]["where"], "note");
    assert_eq!(listed[1]["where"], "text");
    let printed = run_ok(host.dir(), &["search", "rotary"]);
    let (first, second) = printed.split_once("In the text of pages:\n").unwrap();
    assert!(first.contains("Rotary engines") && second.contains("Embeddings"));
    for (place, expected) in [("note", "Rotary engines"), ("text", "Embeddings")] {
        let found = run_ok(host.dir(), &["search", "rotary", "--in", place, "--json"]);
        assert_eq!(titles(&serde_json::from_str(&found).unwrap()), [expected]);
    }
    let relevance = ["search", "rotary", "--sort", "relevance", "--json"];
    let found = serde_json::from_str(&run_ok(host.dir(), &relevance)).unwrap();
    assert_eq!(titles(&found), ["Rotary engines", "Embeddings"]);

    // The site, in both orders, and its API.
    for order in ["", "&sort=newest"] {
        let page = get(port, &format!("/search?q=rotary{order}")).body;
        let (first, second) = page.split_once("In the text of pages").unwrap();
        assert!(first.contains(" engines<") && !first.contains("Embeddings"));
        assert!(second.contains("Embeddings") && second.contains("<mark>rotary</mark>"));
        assert!(second.contains(&format!("/note/{id}/text")) && !second.contains("<b>"));
        let page = get(port, &format!("/search?q=encoding{order}")).body;
        let (first, second) = page.split_once("In the text of pages").unwrap();
        assert!(first.contains("No matches in your notes.") && second.contains("Embeddings"));
        let page = get(port, &format!("/search?q=nowhere{order}")).body;
        assert!(page.contains("No matches.") && !page.contains("In the text of pages"));
    }
    let page = get(port, "/search?q=in:text+rotary").body;
    assert!(page.contains("Embeddings") && !page.contains(" engines<"));
    let page = get(port, "/search?q=in:note+rotary").body;
    assert!(page.contains(" engines<") && !page.contains("Embeddings"));
    let notes = get(port, "/api/notes?q=in:text+rotary").body;
    let notes: Value = serde_json::from_str(&notes).unwrap();
    assert_eq!(titles(&notes["notes"]), ["Embeddings"]);

    // A word of a text that was removed isn't found.
    host.call("removeText", json!({"opId": op_id(), "id": id}));
    let page = get(port, "/search?q=rotary").body;
    assert!(!page.contains("In the text of pages") && !page.contains("Embeddings"));
}
