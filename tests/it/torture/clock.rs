//! The whole program on a computer with a wrong clock.

use jiff::Timestamp;
use serde_json::json;

use super::shim::Shim;
use crate::host::{ORIGIN, TestHost, op_id};
use crate::site::client::get;

const DAY: i64 = 24 * 60 * 60;
/// Offsets from now into the year 9999, and to a year beyond the range of our calendar.
const FAR: [i64; 2] = [7_970 * 366 * DAY, 8_200 * 366 * DAY];

fn run(shim: &Shim, ahead: i64, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = shim.program_ahead(ahead).args(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn host(shim: &Shim, ahead: i64) -> TestHost {
    TestHost::start(shim.program_ahead(ahead).arg(ORIGIN), &shim.folder())
}

fn save(host: &mut TestHost, url: &str) -> Result<serde_json::Value, serde_json::Value> {
    host.ask(
        "saveNote",
        json!({"opId": op_id(), "url": url, "title": "A"}),
    )
}

#[test]
fn a_host_started_with_the_clock_sixty_days_ahead_leaves_the_trash_alone() {
    let shim = Shim::new();
    let id = {
        let mut host = host(&shim, 0);
        let saved = save(&mut host, "https://example.org/a").unwrap();
        let id = saved["note"]["id"].clone();
        host.call("deleteNote", json!({"opId": op_id(), "id": id}));
        id
    };
    for ahead in [60 * DAY, 60 * DAY, 0, 90 * DAY] {
        let mut host = host(&shim, ahead);
        save(&mut host, &format!("https://example.org/{ahead}")).unwrap();
        assert_eq!(host.call("stats", json!({}))["trash"], 1, "{ahead}");
    }
    let mut host = host(&shim, 0);
    host.call("restoreNote", json!({"opId": op_id(), "id": id}));
}

#[test]
fn a_clock_in_the_year_9999_gives_a_sentence_and_the_save_succeeds_later() {
    let shim = Shim::new();
    run(&shim, 0, &["add", "https://example.org/before"]);
    for ahead in FAR {
        let (code, _, said) = run(&shim, ahead, &["add", "https://example.org/a"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("The clock of this computer shows the year 9999"),
            "{said}"
        );
        for arguments in [
            &["list"][..],
            &["stats"],
            &["doctor"],
            &["check"],
            &["export", "json", "-"],
        ] {
            let (_, out, said) = run(&shim, ahead, arguments);
            assert!(!said.contains("panicked"), "{arguments:?}: {said}");
            assert!(!out.is_empty(), "{arguments:?}: {said}");
        }
        let mut host = host(&shim, ahead);
        let refused = save(&mut host, "https://example.org/b").unwrap_err();
        assert_eq!(refused["data"]["kind"], "clock_wrong");
        let found = host.call("noteForUrl", json!({"url": "https://example.org/before"}));
        assert!(found["note"].is_object(), "{found}");
    }
    let mut host = host(&shim, 0);
    save(&mut host, "https://example.org/b").unwrap();
    assert_eq!(host.call("stats", json!({}))["notes"], 2);
}

/// Returns the offset from now to that time, in seconds.
fn until_then(moment: &str) -> i64 {
    let moment: Timestamp = moment.parse().unwrap();
    moment.as_second() - url_notes::clock::now().as_second()
}

#[test]
fn site_feeds_and_searches_are_right_under_every_clock() {
    let shim = Shim::new();
    let first = "1970-01-01T00:01:00Z";
    let last = "2199-12-31T23:50:00Z";
    let mut ids = Vec::new();
    for (title, moment) in [("First", first), ("Last", last)] {
        let mut host = host(&shim, until_then(moment));
        let url = format!("https://example.org/{title}");
        let note = json!({"opId": op_id(), "url": url, "title": title, "tags": ["x"]});
        let saved = host.call("saveNote", note);
        ids.push(saved["note"]["id"].as_i64().unwrap());
    }
    let clocks = [
        "1900-01-01T00:00:00Z",
        "1970-01-01T00:00:05Z",
        "2026-01-01T00:00:00Z",
        "2199-12-31T23:59:00Z",
        "2300-06-01T00:00:00Z",
        "9999-12-01T00:00:00Z",
    ];
    let zones = ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"];
    for (number, clock) in clocks.iter().enumerate() {
        let zone = zones[number % zones.len()];
        let ahead = until_then(clock);
        let mut program = shim.program_ahead(ahead);
        program.env("TZ", zone);
        let mut host = TestHost::start(program.arg(ORIGIN), &shim.folder());
        let port = host.site_port();
        for (target, expected) in [
            ("/", &["First", "Last"][..]),
            ("/all/0", &["First", "Last"]),
            ("/tag/x", &["First", "Last"]),
            (
                "/feed.atom",
                &["First", "Last", "1970-01-01T00:0", "2199-12-31T23:5"],
            ),
            ("/tag/x/feed.atom", &["First", "Last"]),
            ("/api/notes", &["First", "Last"]),
            ("/search?q=before:1980", &["First"]),
            ("/search?q=after:2199", &["Last"]),
            ("/search?q=after:1969+before:9999", &["First", "Last"]),
            ("/search?q=tag:x+after:2200-01-02", &[]),
            (&format!("/note/{}", ids[0]), &["First"]),
            (&format!("/note/{}", ids[1]), &["Last"]),
        ] {
            let answer = get(port, target);
            assert_eq!(answer.status, 200, "{target} at {clock} in {zone}");
            for title in expected {
                assert!(
                    answer.body.contains(title),
                    "{title} on {target} at {clock}"
                );
            }
            if target.starts_with("/search") {
                for title in ["First", "Last"] {
                    let found = answer.body.contains(&format!(">{title}<"));
                    assert_eq!(
                        found,
                        expected.contains(&title),
                        "{title} on {target} at {clock}"
                    );
                }
            }
        }
        let query = |query: &str| {
            let mut command = shim.program_ahead(ahead);
            let output = command.env("TZ", zone).args(["search", query, "--json"]);
            let output = output.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(!said.contains("panicked"), "{said}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(query("before:1980").contains("First"), "{clock}");
        assert!(query("after:2199").contains("Last"), "{clock}");
        host.call("stats", json!({}));
        let doctor = shim.program_ahead(ahead).arg("doctor").output().unwrap();
        let said = String::from_utf8(doctor.stderr).unwrap();
        assert!(!said.contains("panicked"), "{clock}: {said}");
    }
}

#[test]
fn a_clock_before_1970_gives_a_sentence() {
    let shim = Shim::new();
    let (code, _, said) = run(&shim, -80 * 366 * DAY, &["add", "https://example.org/a"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the year 194"), "{said}");
    let (code, _, said) = run(&shim, -20 * 366 * DAY, &["add", "https://example.org/a"]);
    assert_eq!(code, Some(0), "{said}");
}
