//! The whole program on a computer whose clock is wrong.

use serde_json::json;

use super::shim::Shim;
use crate::host::{ORIGIN, TestHost, op_id};

const DAY: i64 = 24 * 60 * 60;
/// From now into the year 9999, and into one that no calendar of ours reaches.
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
fn a_clock_in_the_year_9999_is_a_sentence_and_the_save_is_taken_later() {
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

#[test]
fn a_clock_before_1970_is_a_sentence() {
    let shim = Shim::new();
    let (code, _, said) = run(&shim, -80 * 366 * DAY, &["add", "https://example.org/a"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the year 194"), "{said}");
    let (code, _, said) = run(&shim, -20 * 366 * DAY, &["add", "https://example.org/a"]);
    assert_eq!(code, Some(0), "{said}");
}
