//! Search over the wire and on the command line.

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run, run_ok};

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
        ("하 ", vec![]),
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
fn the_command_line_sorts_by_relevance_if_told_to() {
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
        best.contains("Rust\n") && best.contains("There are more; --limit 5"),
        "{best}"
    );
    assert_eq!(
        run(&dir, &["search", "rust", "--sort", "size"])
            .status
            .code(),
        Some(2)
    );
}
