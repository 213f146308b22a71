//! Texts of pages on several devices, with real processes.

use std::{fs, io::Read as _};

use crate::sync::commands::Devices;

const TEXT: &str = "The zebra crossed the river.\n";

/// Saves a page with a text. Returns the id of the note.
fn save(devices: &Devices, device: &str, url: &str, text: &str) -> String {
    devices.on(device, &["add", url]);
    let file = devices.dir.path().join("page.md");
    fs::write(&file, text).unwrap();
    let notes = devices.json(device, &["list"]);
    let id = notes[0]["id"].to_string();
    devices.on(device, &["text", "add", &id, file.to_str().unwrap()]);
    id
}

#[test]
fn texts_reach_all_devices_and_are_removed_on_all() {
    let devices = Devices::new();
    let id = save(&devices, "laptop", "https://e.org/a", TEXT);
    let sent = devices.on("laptop", &["sync", "now"]);
    assert!(
        sent.contains("Texts of pages: 1 sent, 0 received."),
        "{sent}"
    );
    let received = devices.json("desktop", &["sync", "now"]);
    assert_eq!(
        (&received["changedTexts"], &received["writtenTexts"]),
        (&1.into(), &0.into())
    );
    assert_eq!(
        devices.on("desktop", &["text", "show", &id]).trim(),
        TEXT.trim()
    );
    let found = devices.json("desktop", &["search", "in:text zebra"]);
    assert!(found.to_string().contains("https://e.org/a"), "{found}");
    // The files are lost, and written again with the text.
    for file in devices.files(None) {
        fs::remove_file(file).unwrap();
    }
    devices.on("laptop", &["sync", "now", "--all"]);
    devices.on(
        "tablet",
        &["sync", "join", &devices.place(), "--name", "tablet"],
    );
    assert_eq!(
        devices.on("tablet", &["text", "show", &id]).trim(),
        TEXT.trim()
    );
    devices.on("tablet", &["text", "rm", &id]);
    devices.on("tablet", &["sync", "now"]);
    devices.exchange();
    for device in ["laptop", "desktop"] {
        assert!(
            devices
                .refused(device, &["text", "show", &id])
                .contains("No text")
        );
    }
    devices.exchange();
    let again = devices.on("laptop", &["sync", "now"]);
    assert!(
        again.starts_with("0 sent, 0 changed here") && !again.contains("Texts"),
        "{again}"
    );
}

#[test]
fn texts_stay_on_a_computer_whose_user_wants_that() {
    let devices = Devices::new();
    let config = devices.folder("laptop").join("config.toml");
    fs::write(&config, "[sync]\nauto = false\ntexts = false\n").unwrap();
    let id = save(&devices, "laptop", "https://e.org/a", TEXT);
    devices.on("laptop", &["sync", "now", "--all"]);
    devices.exchange();
    assert!(
        devices
            .refused("desktop", &["text", "show", &id])
            .contains("No text")
    );
    for file in devices.files(Some("laptop")) {
        let bytes = fs::read(file).unwrap();
        let mut text = String::new();
        let mut content = flate2::read::ZlibDecoder::new(&bytes[4..]);
        content.read_to_string(&mut text).unwrap();
        assert!(!text.contains("zebra"), "{text}");
    }
    // Those of the others arrive all the same.
    let other = save(&devices, "desktop", "https://e.org/b", "Of a giraffe.");
    devices.exchange();
    assert!(
        devices
            .on("laptop", &["text", "show", &other])
            .contains("giraffe")
    );
    fs::write(&config, "[sync]\nauto = false\n").unwrap();
    devices.on("laptop", &["sync", "now", "--all"]);
    devices.exchange();
    assert_eq!(
        devices.on("desktop", &["text", "show", &id]).trim(),
        TEXT.trim()
    );
}
