//! What goes wrong around `url-notes sync`: at the place, with keys, and with other processes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use url_notes::sync::{
    segment::{Header, SegmentWriter},
    segment_name::SegmentName,
};

use super::commands::Devices;
use crate::host::{program, run, until};

/// Runs a command with age within reach.
fn sealed(devices: &Devices, device: &str, arguments: &[&str]) -> Output {
    program(&devices.folder(device))
        .env("PATH", "/usr/bin:/bin")
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(words), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Begins an encrypted library on `laptop`, with a note. Returns the file with its key.
fn encrypted(devices: &Devices) -> String {
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    let place = devices.place();
    done(&sealed(
        devices,
        "laptop",
        &["sync", "init", &place, "--encrypt", "--name", "laptop"],
    ));
    let key = done(&sealed(devices, "laptop", &["sync", "key"]));
    let file = devices.dir.path().join("key.txt");
    fs::write(&file, key).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Writes a file of another device at the place.
fn put(devices: &Devices, device: &str, number: u32, lines: &[&str]) -> PathBuf {
    let header = Header {
        needs: 1,
        device: device.parse().unwrap(),
        name: "far \u{1b}[31maway".to_owned(),
        number,
        at: 1_764_500_000_000_000,
        program: "9".to_owned(),
        lists: vec![vec![]],
        other: serde_json::Map::new(),
    };
    let mut writer = SegmentWriter::new(&header).unwrap();
    for line in lines {
        assert_eq!(writer.push(line), Ok(true));
    }
    let bytes = writer.finish();
    let name = SegmentName::of(device.parse().unwrap(), number, &bytes);
    let folder = devices.dir.path().join("place/url-notes-1").join(device);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name.file());
    fs::write(&file, bytes).unwrap();
    file
}

/// Has only the name of a file here, as Nextcloud does.
fn evict(file: &Path) -> PathBuf {
    let stub = PathBuf::from(format!("{}.nextcloud", file.display()));
    fs::rename(file, &stub).unwrap();
    fs::write(&stub, "").unwrap();
    stub
}

/// Returns what doctor says of sync: the cause.
fn doctor(devices: &Devices, device: &str) -> Value {
    let output = run(&devices.folder(device), &["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let sync = checks.iter().find(|check| check["area"] == "sync");
    sync.unwrap()["cause"].clone()
}

#[test]
fn a_device_joins_only_once_it_is_known_whether_the_files_are_encrypted() {
    let devices = Devices::alone();
    encrypted(&devices);
    for file in devices.files(None) {
        evict(&file);
    }
    let before = devices.files(None);
    devices.on("desktop", &["add", "https://e.org/2", "--title", "Private"]);
    let join = sealed(&devices, "desktop", &["sync", "join", &devices.place()]);
    refused(&join, "has arrived completely");
    assert_eq!(devices.files(None), before);
    assert_eq!(devices.json("desktop", &["sync", "status"])["state"], "off");
}

#[test]
fn a_plain_file_does_not_make_an_encrypted_place_plain() {
    let devices = Devices::alone();
    let key = encrypted(&devices);
    let forged = put(&devices, "0000000000000001", 1, &[]);
    devices.on("desktop", &["add", "https://e.org/2", "--title", "Private"]);
    let place = devices.place();
    refused(
        &sealed(&devices, "desktop", &["sync", "join", &place]),
        "--key FILE",
    );
    done(&sealed(
        &devices,
        "desktop",
        &["sync", "join", &place, "--key", &key],
    ));
    for file in devices.files(Some("desktop")) {
        assert!(
            fs::read(file)
                .unwrap()
                .starts_with(b"age-encryption.org/v1")
        );
    }
    // It is told until it is gone.
    let file = forged.file_name().unwrap().to_str().unwrap();
    let status = devices.on("desktop", &["sync", "status"]);
    assert!(
        status.contains("isn't encrypted and isn't read") && status.contains(file),
        "{status}"
    );
    assert_eq!(doctor(&devices, "desktop"), "sync_not_encrypted");
    fs::remove_file(forged).unwrap();
    done(&sealed(&devices, "desktop", &["sync", "now"]));
    assert_eq!(doctor(&devices, "desktop"), Value::Null);
}

#[test]
fn a_wrong_key_is_refused_and_keys_of_places_that_were_left_are_kept() {
    let devices = Devices::alone();
    let key = encrypted(&devices);
    let place = devices.place();
    // The tablet was at an encrypted place of its own.
    let other = devices.dir.path().join("other");
    let other = other.to_str().unwrap();
    done(&sealed(
        &devices,
        "tablet",
        &["sync", "init", other, "--encrypt"],
    ));
    let old = done(&sealed(&devices, "tablet", &["sync", "key"]));
    let old_file = devices.dir.path().join("old.txt");
    fs::write(&old_file, &old).unwrap();
    let old_file = old_file.to_str().unwrap();
    done(&sealed(&devices, "tablet", &["sync", "stop"]));

    let before = devices.files(None);
    let join = ["sync", "join", &place, "--key", old_file];
    refused(
        &sealed(&devices, "desktop", &join),
        "encrypted with another key",
    );
    assert!(!devices.folder("desktop").join("sync/key").exists());
    assert!(!devices.folder("desktop").join("sync/key.new").exists());
    refused(
        &sealed(&devices, "tablet", &join[..3]),
        "another key than the one of this device",
    );
    assert_eq!(devices.files(None), before);
    assert_eq!(devices.json("desktop", &["sync", "status"])["state"], "off");

    for device in ["desktop", "tablet"] {
        done(&sealed(
            &devices,
            device,
            &["sync", "join", &place, "--key", &key],
        ));
        assert_eq!(devices.notes(device).len(), 1);
    }
    let folder = devices.folder("tablet").join("sync");
    let mut keys = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let aside = keys.find(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.starts_with("key.")
    });
    assert!(
        fs::read_to_string(aside.unwrap())
            .unwrap()
            .contains(old.trim())
    );
}

#[test]
fn an_own_file_that_is_only_in_the_cloud_is_waited_for() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("laptop", &["sync", "now"]);
    let known = devices.files(Some("laptop")).pop().unwrap();
    // One that the database doesn't know, as after it was put back.
    let unknown = known.with_file_name("000009-00000000000000000000000000000000.seg");
    fs::write(&unknown, "x").unwrap();
    let unknown = evict(&unknown);
    evict(&known);
    let before = devices.files(None);
    for _ in 0..2 {
        let run = devices.json("laptop", &["sync", "now"]);
        assert_eq!(
            (&run["writtenFiles"], &run["healed"]),
            (&json!(0), &json!(false))
        );
        assert_eq!(run["waiting"][0]["problem"], "not_here");
    }
    assert_eq!(devices.files(None), before);
    // One that isn't whole is written again, once.
    fs::write(unknown.with_extension(""), "x").unwrap();
    let healed = |run: Value| run["healed"].clone();
    assert_eq!(healed(devices.json("laptop", &["sync", "now"])), true);
    fs::remove_file(unknown).unwrap();
    devices.on("laptop", &["sync", "now"]);
    assert_eq!(healed(devices.json("laptop", &["sync", "now"])), false);
}

#[test]
fn a_device_with_files_that_were_not_read_is_forgotten_only_on_demand() {
    let devices = Devices::new();
    devices.on("desktop", &["add", "https://e.org/1", "--title", "One"]);
    devices.on("desktop", &["sync", "now"]);
    let file = devices.files(Some("desktop")).pop().unwrap();
    let stub = evict(&file);
    devices.on("laptop", &["sync", "now"]);
    let sentence = devices.refused("laptop", &["sync", "forget", "desktop"]);
    assert!(sentence.contains("--unread") && stub.exists(), "{sentence}");
    devices.on("laptop", &["sync", "forget", "desktop", "--unread"]);
    assert!(!stub.exists());
    for unknown in ["ffffffffffffffff", "nobody"] {
        let sentence = devices.refused("laptop", &["sync", "forget", unknown]);
        assert!(sentence.contains("no such device"), "{sentence}");
    }
}

#[test]
fn a_place_that_went_back_is_told_until_its_device_has_written_again() {
    let devices = Devices::new();
    devices.on("laptop", &["add", "https://e.org/1", "--title", "One"]);
    devices.exchange();
    let id = devices.json("laptop", &["sync", "status"])["device"].clone();
    fs::remove_file(devices.files(Some("laptop")).pop().unwrap()).unwrap();
    for _ in 0..2 {
        devices.on("desktop", &["sync", "now"]);
        let status = devices.json("desktop", &["sync", "status"]);
        assert_eq!(status["wentBack"], json!([id]));
        let status = devices.on("desktop", &["sync", "status"]);
        assert!(
            status.contains("The newest files of laptop are missing"),
            "{status}"
        );
        assert_eq!(doctor(&devices, "desktop"), "sync_went_back");
    }
    devices.on("laptop", &["sync", "now", "--all"]);
    devices.on("desktop", &["sync", "now"]);
    assert_eq!(
        devices.json("desktop", &["sync", "status"])["wentBack"],
        json!([])
    );
    assert_eq!(doctor(&devices, "desktop"), Value::Null);
}

#[test]
fn notes_that_cannot_be_saved_here_are_told_until_they_are_gone() {
    let devices = Devices::new();
    let device = "00000000000000aa";
    let line = r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAB"],"w":[[1764000000000000,0]],"life":0,"origin":["javascript:1",1764000000000000],"title":"T"}"#;
    put(&devices, device, 1, &[line]);
    assert_eq!(devices.json("desktop", &["sync", "now"])["refused"], 1);
    for _ in 0..2 {
        assert_eq!(devices.json("desktop", &["sync", "now"])["refused"], 0);
        assert_eq!(devices.json("desktop", &["sync", "status"])["refused"], 1);
        let status = devices.on("desktop", &["sync", "status"]);
        assert!(
            status.contains("1 note of other devices can't be saved here"),
            "{status}"
        );
        assert!(
            !devices
                .on("desktop", &["sync", "devices"])
                .contains('\u{1b}')
        );
        assert_eq!(doctor(&devices, "desktop"), "sync_pages_refused");
    }
    let trashed = r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAC","AAAAAAAAAB"],"w":[[1764000000000001,0],[1764000000000000,0]],"life":1764000000000001,"origin":{"1":["javascript:1",1764000000000000]},"title":{"1":"T"}}"#;
    put(&devices, device, 2, &[trashed]);
    devices.on("desktop", &["sync", "now"]);
    assert_eq!(devices.json("desktop", &["sync", "status"])["refused"], 0);
    assert_eq!(doctor(&devices, "desktop"), Value::Null);
}

#[test]
fn a_file_under_the_name_of_another_is_no_file_of_its_device() {
    let devices = Devices::new();
    let file = put(&devices, "00000000000000aa", 1, &[]);
    let name = file.file_name().unwrap().to_str().unwrap();
    fs::rename(&file, file.with_file_name(name.replace("000001", "000900"))).unwrap();
    let run = devices.json("desktop", &["sync", "now"]);
    assert_eq!(run["waiting"][0]["problem"], "malformed");
    assert!(
        !devices
            .on("desktop", &["sync", "devices"])
            .contains("00000000000000aa")
    );
}

#[test]
fn a_huge_file_is_not_read() {
    let devices = Devices::new();
    let file = put(&devices, "00000000000000aa", 1, &[]);
    // Sparse, so that it takes no space.
    let huge = fs::OpenOptions::new().write(true).open(&file).unwrap();
    huge.set_len(1 << 40).unwrap();
    let run = devices.json("desktop", &["sync", "now"]);
    assert_eq!(run["waiting"][0]["problem"], "too_large");
}

#[test]
fn a_command_that_has_to_wait_for_another_run_says_so() {
    let devices = Devices::new();
    let lock = devices.folder("laptop").join("sync/lock");
    let held = fs::File::options().append(true).open(lock).unwrap();
    held.lock().unwrap();
    let mut stop = program(&devices.folder("laptop"))
        .args(["sync", "stop"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(stop.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("Another run of sync is under way"), "{said}");
    held.unlock().unwrap();
    assert!(stop.wait().unwrap().success());
    assert_eq!(devices.json("laptop", &["sync", "status"])["state"], "off");
}

#[test]
fn a_signal_ends_a_run_with_the_programs_that_it_runs() {
    let devices = Devices::new();
    let laptop = devices.folder("laptop");
    let pid_file = devices.dir.path().join("place/pid");
    fs::write(
        laptop.join("config.toml"),
        "[sync]\nauto = false\npull = \"echo $$ >pid.new; mv pid.new pid; exec sleep 600\"\n",
    )
    .unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let mut now = program(&laptop).args(["sync", "now"]).spawn().unwrap();
        let pid = until("the command", || {
            let text = fs::read_to_string(&pid_file).ok()?;
            Pid::from_raw(text.trim().parse().unwrap())
        });
        fs::remove_file(&pid_file).unwrap();
        kill_process(Pid::from_child(&now), signal).unwrap();
        let status = now.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(test_kill_process(pid).is_err());
    }
    // That is no fault of the place.
    assert_eq!(devices.json("laptop", &["sync", "status"])["state"], "ok");
}

#[test]
fn commands_carry_a_folder_from_the_beginning() {
    let devices = Devices::alone();
    let server = devices.dir.path().join("server");
    fs::create_dir(&server).unwrap();
    let server = server.to_str().unwrap();
    // Each device sends its own folder, and fetches those of the others.
    let push = format!(
        "if [ -d url-notes-1/$URL_NOTES_DEVICE ]; then cp -R url-notes-1/$URL_NOTES_DEVICE '{server}/'; fi"
    );
    let pull = format!("mkdir -p url-notes-1; cp -R '{server}/.' url-notes-1/");
    let place = |device: &str| {
        let folder = devices.dir.path().join(format!("place of {device}/"));
        folder.to_str().unwrap().to_owned()
    };
    for device in ["laptop", "desktop"] {
        let settings = format!("[sync]\nauto = false\npull = \"{pull}\"\npush = \"{push}\"\n");
        fs::write(devices.folder(device).join("config.toml"), settings).unwrap();
        devices.on(
            device,
            &["add", &format!("https://e.org/{device}"), "--title", device],
        );
    }
    devices.on("laptop", &["sync", "init", &place("laptop")]);
    devices.on("desktop", &["sync", "join", &place("desktop")]);
    devices.exchange();
    assert_eq!(devices.notes("desktop").len(), 2);
    assert_eq!(devices.notes("desktop"), devices.notes("laptop"));
    assert_eq!(fs::read_dir(server).unwrap().count(), 2);
}
