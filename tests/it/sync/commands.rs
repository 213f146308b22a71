//! `url-notes sync` with real processes, a folder as the place.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, program, run, run_ok, until};

/// Devices with a common place.
pub(super) struct Devices {
    pub(super) dir: tempfile::TempDir,
}

impl Devices {
    /// `laptop` has begun, and `desktop` has joined.
    pub(super) fn new() -> Self {
        let devices = Self::alone();
        devices.on(
            "laptop",
            &["sync", "init", &devices.place(), "--name", "laptop"],
        );
        devices.on(
            "desktop",
            &["sync", "join", &devices.place(), "--name", "desktop"],
        );
        devices
    }

    /// Nobody has begun. A save never starts a run by itself.
    pub(super) fn alone() -> Self {
        let devices = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        for device in ["laptop", "desktop", "tablet"] {
            fs::create_dir(devices.folder(device)).unwrap();
            fs::write(
                devices.folder(device).join("config.toml"),
                "[sync]\nauto = false\n",
            )
            .unwrap();
        }
        fs::create_dir(devices.dir.path().join("place")).unwrap();
        devices
    }

    pub(super) fn folder(&self, device: &str) -> std::path::PathBuf {
        self.dir.path().join(device)
    }

    pub(super) fn place(&self) -> String {
        self.dir.path().join("place").to_str().unwrap().to_owned()
    }

    pub(super) fn on(&self, device: &str, arguments: &[&str]) -> String {
        let output = run(&self.folder(device), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{device} {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the sentence of a command that fails.
    pub(super) fn refused(&self, device: &str, arguments: &[&str]) -> String {
        let output = run(&self.folder(device), arguments);
        assert!(!output.status.success(), "{device} {arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(super) fn json(&self, device: &str, arguments: &[&str]) -> Value {
        let text = self.on(device, &[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn exchange(&self) {
        for device in ["laptop", "desktop", "laptop"] {
            self.on(device, &["sync", "now"]);
        }
    }

    /// Returns titles and tags of all notes.
    pub(super) fn notes(&self, device: &str) -> Vec<(String, Value)> {
        let notes = self.json(device, &["list", "--limit", "1000"]);
        let notes = notes.as_array().unwrap().iter();
        notes
            .map(|note| {
                (
                    note["title"].as_str().unwrap().to_owned(),
                    note["tags"].clone(),
                )
            })
            .collect()
    }

    /// Returns the files of all devices, or of one.
    pub(super) fn files(&self, device: Option<&str>) -> Vec<std::path::PathBuf> {
        let root = self.dir.path().join("place/url-notes-1");
        let id = device.map(|device| {
            let status = self.json(device, &["sync", "status"]);
            status["device"].as_str().unwrap().to_owned()
        });
        let mut files = Vec::new();
        for folder in fs::read_dir(root).unwrap() {
            let folder = folder.unwrap().path();
            if !folder.is_dir() || id.as_ref().is_some_and(|id| !folder.ends_with(id)) {
                continue;
            }
            files.extend(
                fs::read_dir(folder)
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
        }
        files.sort();
        files
    }
}

#[test]
fn two_devices_have_the_same_notes() {
    let devices = Devices::alone();
    devices.on(
        "laptop",
        &["add", "https://e.org/1", "--title", "One", "--tag", "x"],
    );
    devices.on(
        "desktop",
        &["add", "https://e.org/2", "--title", "Two", "--tag", "y"],
    );
    devices.on(
        "laptop",
        &["sync", "init", &devices.place(), "--name", "laptop"],
    );
    let joined = devices.json("desktop", &["sync", "join", &devices.place()]);
    assert_eq!(
        (&joined["changed"], &joined["writtenPages"]),
        (&json!(1), &json!(1))
    );
    // Own notes are backed up before.
    assert_eq!(
        fs::read_dir(devices.folder("desktop").join("backups"))
            .unwrap()
            .count(),
        1
    );
    devices.exchange();
    let both = vec![("Two".into(), json!(["y"])), ("One".into(), json!(["x"]))];
    assert_eq!(devices.notes("laptop"), both);
    assert_eq!(devices.notes("desktop"), both);
    devices.on("laptop", &["tag", "rename", "x", "z"]);
    devices.on("desktop", &["rm", "https://e.org/2"]);
    devices.exchange();
    let left = vec![("One".into(), json!(["z"]))];
    assert_eq!(devices.notes("laptop"), left);
    assert_eq!(devices.notes("desktop"), left);
    let listed = devices.json("laptop", &["sync", "devices"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(devices.json("laptop", &["sync", "status"])["state"], "ok");
    // Nothing is written if nothing has changed.
    let files = devices.files(None);
    let again = devices.json("laptop", &["sync", "now"]);
    assert_eq!(
        (&again["writtenFiles"], &again["readFiles"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(devices.files(None), files);
}

#[test]
fn a_host_starts_a_run_after_a_save_and_when_the_browser_closes_it() {
    let devices = Devices::new();
    let laptop = devices.folder("laptop");
    fs::write(laptop.join("config.toml"), "").unwrap();
    let mut host = TestHost::on(&laptop);
    let save = |host: &mut TestHost, url: &str| {
        host.call(
            "saveNote",
            json!({ "opId": op_id(), "url": url, "title": url }),
        )
    };
    host.call("hello", json!({ "protocol": 1, "extension": "test" }));
    save(&mut host, "https://e.org/by-host");
    let before = devices.files(Some("laptop")).len();
    until("a run after the save", || {
        (devices.files(Some("laptop")).len() > before).then_some(())
    });
    save(&mut host, "https://e.org/at-the-end");
    assert!(host.end().success());
    until("a run at the end", || {
        devices.on("desktop", &["sync", "now"]);
        (devices.notes("desktop").len() == 2).then_some(())
    });
}

#[test]
fn a_command_that_changes_notes_starts_a_run() {
    let devices = Devices::new();
    fs::write(devices.folder("laptop").join("config.toml"), "").unwrap();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    until("a run after the command", || {
        devices.on("desktop", &["sync", "now"]);
        (devices.notes("desktop").len() == 1).then_some(())
    });
}

#[test]
fn files_that_are_cut_flipped_or_missing_are_told_and_written_again() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("laptop", &["sync", "now"]);
    // The first file has no notes.
    let [_, file] = &devices.files(Some("laptop"))[..] else {
        panic!("{:?}", devices.files(Some("laptop")));
    };
    let whole = fs::read(file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (bytes, problem) in [
        (&whole[..whole.len() - 1], "changed"),
        (&whole[..3], "changed"),
        (&[], "incomplete"),
        (&flipped, "changed"),
    ] {
        fs::write(file, bytes).unwrap();
        let read = devices.json("desktop", &["sync", "now"]);
        let [waiting] = &read["waiting"].as_array().unwrap()[..] else {
            panic!("{read}");
        };
        assert_eq!(waiting["problem"], problem);
        assert!(devices.notes("desktop").is_empty());
        assert!(
            devices
                .on("desktop", &["sync", "status"])
                .contains("isn't whole yet")
        );
    }
    // Its own device writes it again, also if it has only other bytes.
    let run = devices.json("laptop", &["sync", "now", "--all"]);
    assert_eq!(run["healed"], true);
    devices.exchange();
    assert_eq!(devices.notes("desktop").len(), 1);
    assert_eq!(
        devices.json("desktop", &["sync", "status"])["waiting"],
        json!([])
    );
}

#[test]
fn other_files_at_the_place_are_ignored() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("laptop", &["sync", "now"]);
    let file = devices.files(Some("laptop")).pop().unwrap();
    let folder = file.parent().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    for other in [
        name.replace(".seg", " (conflicted copy).seg"),
        name.replace(".seg", ".sync-conflict-20261130-101010-ABCDEFG.seg"),
        name.to_uppercase(),
        ".DS_Store".into(),
        ".part-1".into(),
    ] {
        fs::copy(&file, folder.join(other)).unwrap();
    }
    fs::write(folder.parent().unwrap().join("desktop.ini"), "x").unwrap();
    let read = devices.json("desktop", &["sync", "now"]);
    assert_eq!(
        (&read["readFiles"], &read["waiting"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(devices.notes("desktop").len(), 1);
}

#[test]
fn files_of_a_newer_program_wait() {
    let devices = Devices::new();
    let id = "00000000000000aa";
    let folder = devices.dir.path().join("place/url-notes-1").join(id);
    fs::create_dir(&folder).unwrap();
    let header = json!({ "needs": 2, "device": id, "number": 1 });
    let mut bytes = b"uNS1".to_vec();
    let mut zlib = flate2::write::ZlibEncoder::new(&mut bytes, flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, format!("{header}\n").as_bytes()).unwrap();
    zlib.finish().unwrap();
    let name = url_notes::sync::segment_name::SegmentName::of(id.parse().unwrap(), 1, &bytes);
    fs::write(folder.join(name.file()), &bytes).unwrap();
    let read = devices.json("desktop", &["sync", "now"]);
    assert_eq!(read["waiting"][0]["problem"], "newer");
    assert!(
        devices
            .on("desktop", &["sync", "status"])
            .contains("update url-notes")
    );
    let doctor = run(&devices.folder("desktop"), &["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let sync = checks.iter().find(|check| check["area"] == "sync").unwrap();
    assert_eq!(sync["cause"], "sync_newer");
}

#[test]
fn a_place_that_is_missing_is_a_fault_and_never_an_empty_library() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.exchange();
    let place = devices.dir.path().join("place");
    let away = devices.dir.path().join("unmounted");
    fs::rename(&place, &away).unwrap();
    fs::create_dir(&place).unwrap();
    devices.on("laptop", &["add", "https://e.org/2", "--title", "Two"]);
    let sentence = devices.refused("laptop", &["sync", "now"]);
    assert!(sentence.contains("no notes at the place"), "{sentence}");
    let sentence = devices.refused("laptop", &["sync", "status"]);
    assert!(sentence.contains("The last run failed"), "{sentence}");
    assert_eq!(devices.notes("laptop").len(), 2);
    fs::remove_dir(&place).unwrap();
    fs::rename(&away, &place).unwrap();
    devices.exchange();
    assert_eq!(devices.notes("desktop").len(), 2);
    assert_eq!(devices.json("laptop", &["sync", "status"])["state"], "ok");
}

#[test]
fn a_lost_folder_is_written_again_by_each_device() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("desktop", &["add", "https://e.org/2", "--title", "Two"]);
    devices.exchange();
    for file in devices.files(None) {
        fs::remove_file(file).unwrap();
    }
    devices.on("laptop", &["sync", "now", "--all"]);
    devices.on("desktop", &["sync", "now", "--all"]);
    devices.on("tablet", &["sync", "join", &devices.place()]);
    assert_eq!(devices.notes("tablet"), devices.notes("laptop"));
    assert_eq!(devices.notes("tablet").len(), 2);
}

#[test]
fn many_small_files_are_folded_and_a_new_device_reads_them() {
    let devices = Devices::new();
    for number in 0..20 {
        let url = format!("https://e.org/{number}");
        devices.on("laptop", &["add", &url, "--title", &url]);
        devices.on("laptop", &["sync", "now"]);
    }
    // The first one, twenty, and the folded one; the old ones stay for those that read slowly.
    assert_eq!(devices.files(Some("laptop")).len(), 22);
    devices.on("tablet", &["sync", "join", &devices.place()]);
    assert_eq!(devices.notes("tablet").len(), 20);
    assert_eq!(devices.notes("tablet"), devices.notes("laptop"));
}

#[test]
fn a_device_that_is_gone_is_forgotten_and_its_notes_stay() {
    let devices = Devices::new();
    devices.on("desktop", &["add", "https://e.org/1", "--title", "One"]);
    devices.exchange();
    let sentence = devices.refused("laptop", &["sync", "forget", "laptop"]);
    assert!(sentence.contains("This is this device"), "{sentence}");
    assert!(!devices.files(Some("desktop")).is_empty());
    let gone = devices.files(Some("desktop"));
    devices.on("laptop", &["sync", "forget", "desktop"]);
    assert!(gone.iter().all(|file| !file.exists()));
    devices.on("tablet", &["sync", "join", &devices.place()]);
    assert_eq!(devices.notes("tablet").len(), 1);
    assert!(
        !devices
            .on("laptop", &["sync", "devices"])
            .contains("desktop")
    );
}

#[test]
fn a_device_that_stops_keeps_its_notes_and_can_join_again() {
    let devices = Devices::new();
    devices.on("desktop", &["add", "https://e.org/1", "--title", "One"]);
    devices.exchange();
    devices.on("desktop", &["sync", "stop"]);
    assert_eq!(devices.json("desktop", &["sync", "status"])["state"], "off");
    devices.on(
        "desktop",
        &["edit", "https://e.org/1", "--title", "Changed while apart"],
    );
    devices.on("laptop", &["add", "https://e.org/2", "--title", "Two"]);
    devices.on("laptop", &["sync", "now"]);
    devices.on("desktop", &["sync", "join", &devices.place()]);
    devices.exchange();
    assert_eq!(devices.notes("desktop"), devices.notes("laptop"));
    assert_eq!(devices.notes("laptop")[1].0, "Changed while apart");
}

#[test]
fn conflicts_are_listed_and_settled() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.exchange();
    devices.on(
        "laptop",
        &["edit", "https://e.org/1", "--title", "By laptop"],
    );
    devices.on(
        "desktop",
        &["edit", "https://e.org/1", "--title", "By desktop"],
    );
    devices.exchange();
    for device in ["laptop", "desktop"] {
        let listed = devices.json(device, &["sync", "conflicts"]);
        assert_eq!(listed[0]["title"], "By desktop");
        assert_eq!(listed[0]["titles"], json!(["By laptop"]));
    }
    devices.on(
        "laptop",
        &["sync", "conflicts", "--keep", "https://e.org/1"],
    );
    devices.exchange();
    for device in ["laptop", "desktop"] {
        assert_eq!(devices.json(device, &["sync", "conflicts"]), json!([]));
        assert_eq!(devices.notes(device)[0].0, "By desktop");
    }
}

#[test]
fn a_run_follows_a_command_of_sync_that_leaves_changes() {
    let devices = Devices::new();
    let nothing_waits = || {
        let status = devices.on("laptop", &["sync", "status"]);
        (!status.contains("aren't sent yet")).then_some(())
    };
    for command in [
        &["sync", "conflicts", "--keep", "https://e.org/1"][..],
        // A command that fails may have kept the last run of a host from the lock.
        &["sync", "forget", "unknown"],
    ] {
        let settings = devices.folder("laptop").join("config.toml");
        fs::write(&settings, "[sync]\nauto = false\n").unwrap();
        devices.on("laptop", &["add", "https://e.org/1", "--tag", command[1]]);
        assert!(nothing_waits().is_none());
        fs::remove_file(&settings).unwrap();
        run(&devices.folder("laptop"), command);
        until("a run after the command", nothing_waits);
    }
}

#[test]
fn a_mass_deletion_elsewhere_is_backed_up_and_told() {
    let devices = Devices::new();
    for number in 0..120 {
        let url = format!("https://e.org/{number}");
        devices.on("laptop", &["add", &url, "--title", &url, "--tag", "all"]);
    }
    devices.exchange();
    devices.on("laptop", &["rm", "--query", "tag:all", "--yes"]);
    devices.on("laptop", &["sync", "now"]);
    let read = devices.json("desktop", &["sync", "now"]);
    assert_eq!(read["trashed"], 120);
    let backup = read["backup"].as_str().unwrap();
    assert!(Path::new(backup).is_file());
    assert!(devices.notes("desktop").is_empty());
    let status = devices.json("desktop", &["sync", "status"]);
    assert_eq!(status["deletedElsewhere"], 120);
    devices.on("desktop", &["restore-backup", backup]);
    assert_eq!(devices.notes("desktop").len(), 120);
}

#[test]
fn places_that_cannot_be_used_are_refused_with_a_sentence() {
    let devices = Devices::alone();
    let own = devices.folder("laptop").join("inside");
    for (place, said) in [
        ("relative", "isn't a place for sync"),
        ("", "isn't a place for sync"),
        ("https://e.org/x", "git:"),
        (own.to_str().unwrap(), "can't be in the folder of the notes"),
        (
            devices.dir.path().to_str().unwrap(),
            "can't contain the folder of the notes",
        ),
    ] {
        let sentence = devices.refused("laptop", &["sync", "init", place]);
        assert!(sentence.contains(said), "{place}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
    let sentence = devices.refused("laptop", &["sync", "join", &devices.place()]);
    assert!(
        sentence.contains("no notes at this place yet"),
        "{sentence}"
    );
    for command in ["now", "devices", "key", "stop"] {
        let sentence = devices.refused("laptop", &["sync", command]);
        assert!(sentence.contains("aren't synced"), "{command}: {sentence}");
    }
    assert!(
        devices
            .on("laptop", &["sync", "status"])
            .contains("aren't synced")
    );
    assert_eq!(devices.on("laptop", &["sync", "now", "--quiet"]), "");
    // Two libraries in one place.
    devices.on("laptop", &["sync", "init", &devices.place()]);
    let sentence = devices.refused("desktop", &["sync", "init", &devices.place()]);
    assert!(sentence.contains("sync join"), "{sentence}");
    let sentence = devices.refused("laptop", &["sync", "init", &devices.place()]);
    assert!(sentence.contains("already synced"), "{sentence}");
}

#[test]
fn a_second_run_leaves_if_it_is_quiet() {
    let devices = Devices::new();
    let lock = devices.folder("laptop").join("sync/lock");
    let held = fs::File::options().append(true).open(&lock).unwrap();
    held.lock().unwrap();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("laptop", &["sync", "now", "--quiet"]);
    assert_eq!(devices.files(Some("laptop")).len(), 1);
    held.unlock().unwrap();
    devices.on("laptop", &["sync", "now", "--quiet"]);
    assert_eq!(devices.files(Some("laptop")).len(), 2);
}

#[test]
fn the_key_of_encrypted_files_is_needed_to_join() {
    let devices = Devices::alone();
    let path = std::env::split_paths(&std::ffi::OsString::from("/usr/bin:/bin"))
        .find(|folder| folder.join("age").exists());
    assert!(path.is_some(), "age is missing; tests/run.sh installs it");
    let on = |device: &str, arguments: &[&str]| {
        let output = program(&devices.folder(device))
            .env("PATH", "/usr/bin:/bin")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            said,
        )
    };
    let place = devices.place();
    devices.on(
        "laptop",
        &["add", "https://e.org/1", "--title", "A secret title"],
    );
    let (is_done, _, said) = on("laptop", &["sync", "init", &place, "--encrypt"]);
    assert!(is_done, "{said}");
    let key_file = devices.folder("laptop").join("sync/key");
    assert_eq!(
        key_file.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    for file in devices.files(None) {
        let bytes = fs::read(file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
    }
    let (is_done, _, said) = on("desktop", &["sync", "join", &place]);
    assert!(!is_done && said.contains("--key FILE"), "{said}");
    let (is_done, key, said) = on("laptop", &["sync", "key"]);
    assert!(is_done, "{said}");
    let file = devices.dir.path().join("key.txt");
    fs::write(&file, key).unwrap();
    let (is_done, _, said) = on(
        "desktop",
        &["sync", "join", &place, "--key", file.to_str().unwrap()],
    );
    assert!(is_done, "{said}");
    assert_eq!(devices.notes("desktop").len(), 1);
    // A forged file that isn't encrypted.
    let plain = Devices::new();
    plain.on(
        "laptop",
        &["add", "https://e.org/forged", "--title", "Forged"],
    );
    plain.on("laptop", &["sync", "now"]);
    let forged = plain.files(Some("laptop")).pop().unwrap();
    let target = devices
        .dir
        .path()
        .join("place/url-notes-1")
        .join(forged.parent().unwrap().file_name().unwrap());
    fs::create_dir(&target).unwrap();
    fs::copy(&forged, target.join(forged.file_name().unwrap())).unwrap();
    let (is_done, read, said) = on("desktop", &["sync", "now", "--json"]);
    assert!(is_done, "{said}");
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["waiting"][0]["problem"], "not_encrypted");
    assert_eq!(devices.notes("desktop").len(), 1);
    // Without the program, a sentence with its cure.
    devices.on("desktop", &["add", "https://e.org/2", "--title", "Two"]);
    let output = program(&devices.folder("desktop"))
        .env("PATH", "/nowhere")
        .args(["sync", "now"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("age"), "{said}");
}

#[test]
fn a_place_that_cannot_be_written_loses_nothing() {
    let devices = Devices::new();
    let id = devices.json("laptop", &["sync", "status"])["device"].clone();
    let root = devices.dir.path().join("place/url-notes-1");
    // A file where the device's folder would be: root ignores modes.
    let own = root.join(id.as_str().unwrap());
    let _ = fs::remove_dir_all(&own);
    fs::write(&own, "in the way").unwrap();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    let sentence = devices.refused("laptop", &["sync", "now"]);
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    fs::remove_file(&own).unwrap();
    devices.exchange();
    assert_eq!(
        run_ok(&devices.folder("desktop"), &["list"])
            .lines()
            .count(),
        2
    );
}
