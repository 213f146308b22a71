//! Implied tags and saved searches of several devices.

use std::fs;

use serde_json::{Value, json};

use super::commands::Devices;
use crate::host::until;

fn pairs(listed: &Value) -> Vec<String> {
    let pairs = listed.as_array().unwrap().iter();
    pairs
        .map(|pair| {
            format!(
                "{}>{}",
                pair["tag"].as_str().unwrap(),
                pair["implies"].as_str().unwrap()
            )
        })
        .collect()
}

/// Returns how many changes wait, once both forms of the status say the same.
#[track_caller]
fn waiting(devices: &Devices, device: &str) -> u64 {
    let count = devices.json(device, &["sync", "status"])["unpublished"].as_u64();
    let text = devices.on(device, &["sync", "status"]);
    let says = text.contains("There are changes that aren't sent yet.");
    assert_eq!(says, count.unwrap() > 0, "{count:?}\n{text}");
    count.unwrap()
}

#[test]
fn implied_tags_and_saved_searches_are_the_same_on_both_devices() {
    let devices = Devices::new();
    devices.on("desktop", &["add", "https://e.org/1", "--tag", "tokio"]);
    devices.on("laptop", &["tag", "imply", "tokio", "rust"]);
    devices.on("laptop", &["search", "--save", "Rust", "tag:rust"]);
    devices.exchange();
    let found = devices.on("desktop", &["list", "--tag", "rust"]);
    assert!(found.contains("https://e.org/1"), "{found}");
    let found = devices.on("desktop", &["search", "--saved", "rust"]);
    assert!(found.contains("https://e.org/1"), "{found}");
    devices.on("desktop", &["tag", "rename", "tokio", "async"]);
    devices.on("laptop", &["tag", "imply", "mio", "tokio"]);
    devices.on("laptop", &["search", "--forget", "Rust"]);
    devices.exchange();
    for device in ["laptop", "desktop"] {
        let listed = devices.json(device, &["tag", "imply"]);
        assert_eq!(pairs(&listed), ["async>rust", "mio>async"], "{device}");
        let refused = devices.refused(device, &["search", "--saved", "Rust"]);
        assert!(refused.contains("Rust"), "{refused}");
        assert_eq!(devices.json(device, &["check"])["faults"], json!([]));
    }
}

#[test]
fn both_forms_of_the_status_say_the_same_of_changes_that_wait() {
    let devices = Devices::new();
    assert_eq!(waiting(&devices, "laptop"), 0);
    let changes: [&[&str]; 7] = [
        &["add", "https://e.org/1", "--title", "One", "--tag", "x"],
        &["edit", "https://e.org/1", "--title", "Typed"],
        &["tag", "rename", "x", "y"],
        &["tag", "alias", "z", "y"],
        &["tag", "imply", "y", "w"],
        &["search", "--save", "Saved", "tag:y"],
        &["rm", "https://e.org/1"],
    ];
    for change in changes {
        devices.on("laptop", change);
        assert!(waiting(&devices, "laptop") > 0, "{change:?}");
        devices.on("laptop", &["sync", "now"]);
        assert_eq!(waiting(&devices, "laptop"), 0, "{change:?}");
    }
    // Nothing is sent twice, and nothing that came from others.
    devices.on("desktop", &["sync", "now"]);
    assert_eq!(waiting(&devices, "desktop"), 0);
    devices.on("laptop", &["add", "https://e.org/2"]);
    devices.on("laptop", &["tag", "imply", "a", "b"]);
    devices.on("laptop", &["search", "--save", "A", "tag:b"]);
    assert_eq!(waiting(&devices, "laptop"), 3);
}

#[test]
fn an_implied_tag_that_would_close_a_circle_is_told_and_can_be_removed() {
    let devices = Devices::new();
    devices.on("laptop", &["tag", "imply", "a", "b"]);
    devices.on("laptop", &["sync", "now"]);
    devices.on("desktop", &["tag", "imply", "b", "a"]);
    devices.exchange();
    let told = "\"b\" was made to imply \"a\"";
    for device in ["laptop", "desktop"] {
        let listed = devices.json(device, &["tag", "imply"]);
        assert_eq!(pairs(&listed), ["a>b"], "{device}");
        let status = devices.json(device, &["sync", "status"]);
        assert_eq!(status["leftOutImplications"], json!([["b", "a"]]));
        for command in [&["sync", "status"], &["tag", "imply"]] {
            let text = devices.on(device, command);
            assert!(
                text.contains(told) && text.contains("`url-notes tag imply --rm b a`"),
                "{text}"
            );
        }
    }
    devices.on("laptop", &["tag", "imply", "--rm", "b", "a"]);
    devices.exchange();
    let status = devices.json("desktop", &["sync", "status"]);
    assert_eq!(status["leftOutImplications"], json!([]));
    devices.refused("desktop", &["tag", "imply", "--rm", "b", "a"]);
}

#[test]
fn a_command_that_changes_implied_tags_or_searches_starts_a_run() {
    let devices = Devices::new();
    fs::write(devices.folder("laptop").join("config.toml"), "").unwrap();
    let commands: [&[&str]; 2] = [
        &["tag", "imply", "tokio", "rust"],
        &["search", "--save", "Rust", "tag:rust"],
    ];
    for command in commands {
        let before = devices.files(Some("laptop")).len();
        devices.on("laptop", command);
        until("a run after the command", || {
            (devices.files(Some("laptop")).len() > before).then_some(())
        });
    }
}
