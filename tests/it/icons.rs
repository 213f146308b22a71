//! Icons of web sites: stored by the host, kept by exports and imports.

use std::{fs, io::Write as _};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run, run_ok};

/// Returns the icon of the contract pairs, in Base64.
pub(crate) fn icon() -> String {
    let pairs: Value = serde_json::from_str(include_str!("../contract/icons.json")).unwrap();
    let icon = &pairs[1]["request"]["params"]["icon"];
    icon.as_str().unwrap().to_owned()
}

fn put(host: &mut TestHost, url: &str) -> Value {
    host.call("putIcon", json!({"url": url, "icon": icon()}))["stored"].take()
}

fn icons(host: &mut TestHost, sites: &[&str]) -> Value {
    host.call("icons", json!({"sites": sites}))["icons"].take()
}

#[test]
fn exports_and_imports_keep_the_icons_of_web_sites() {
    let mut host = TestHost::new();
    host.save("https://www.e.org/1", "Kept", &[]);
    let deleted = host.save("https://f.org/1", "Deleted", &[]);
    assert_eq!(put(&mut host, "https://e.org/"), true);
    assert_eq!(put(&mut host, "https://f.org/"), true);
    let id = &deleted["note"]["id"];
    host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    let expected = json!({"e.org": icon(), "f.org": icon()});
    for format in ["json", "jsonl"] {
        let file = host.dir().join(format!("notes.{format}"));
        run_ok(host.dir(), &["export", format, file.to_str().unwrap()]);
        let mut other = TestHost::new();
        let import = ["import", file.to_str().unwrap()];
        run_ok(other.dir(), &import);
        assert_eq!(icons(&mut other, &["e.org", "f.org"]), expected, "{format}");
        let again = run_ok(other.dir(), &import);
        assert!(again.contains("unchanged"), "{again}");
        let checked = run_ok(other.dir(), &["check", "--json"]);
        let checked: Value = serde_json::from_str(&checked).unwrap();
        assert_eq!(checked["faults"], json!([]));
        // An icon of the importing library stays.
        let copy = other.dir().join("again.json");
        run_ok(other.dir(), &["export", "json", copy.to_str().unwrap()]);
        assert!(fs::read_to_string(&copy).unwrap().contains("\"icons\": ["));
    }
}

#[test]
fn an_icon_in_a_file_that_cannot_be_used_is_refused_with_its_line() {
    let host = TestHost::new();
    let file = host.dir().join("notes.jsonl");
    let mut lines = fs::File::create(&file).unwrap();
    for line in [
        json!({"url": "https://e.org/1", "title": "A", "savedAt": "2025-01-01T00:00:00Z"}),
        json!({"site": "e.org", "icon": "PHN2Zy8+"}),
        json!({"site": "https://e.org/", "icon": icon()}),
        json!({"site": "e.org", "icon": icon()}),
    ] {
        writeln!(lines, "{line}").unwrap();
    }
    let output = run(host.dir(), &["import", file.to_str().unwrap()]);
    let report = [output.stdout, output.stderr].concat();
    let report = String::from_utf8(report).unwrap();
    assert!(
        report.contains("line 2: The icon can't be used: it isn't a PNG image."),
        "{report}"
    );
    assert!(
        report.contains("line 3: Its icon isn't that of a web site."),
        "{report}"
    );
}

#[test]
fn hostile_icons_change_nothing_and_the_host_goes_on() {
    let mut host = TestHost::new();
    host.save("https://e.org/1", "A", &[]);
    for hostile in [
        String::new(),
        "\0".into(),
        "data:image/svg+xml,<svg onload=alert(1)>".into(),
        "A".repeat(3 << 20),
        // A PNG image of 65535 by 65535 pixels.
        "iVBORw0KGgoAAAANSUhEUgAA//8AAP//CAYAAACzrblrAAAAAElFTkSuQmCC".into(),
        format!("{}UEsDBA==", icon()),
    ] {
        let refused = host
            .ask(
                "putIcon",
                json!({"url": "https://e.org/1", "icon": hostile}),
            )
            .unwrap_err();
        let sentence = refused["message"].as_str().unwrap();
        assert!(
            sentence.starts_with("The icon can't be used: "),
            "{sentence}"
        );
        assert_eq!(refused["data"]["kind"], "invalid_params");
    }
    assert_eq!(icons(&mut host, &["e.org"]), json!({}));
    assert_eq!(put(&mut host, "https://e.org/2"), true);
    assert_eq!(put(&mut host, "https://e.org/1"), false);
    // More web sites than one answer has.
    let many: Vec<String> = (0..5_000).map(|number| format!("s{number}.org")).collect();
    host.call("icons", json!({"sites": many}));
}
