//! Two real Syncthings on this computer, by the recipe of docs/sync.md. They know nobody else: no
//! discovery, no relays.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::host::{program, until, until_within};

/// How long both Syncthings may take to bring all files. One that missed a change of the folder looks
/// through all of it each five seconds; one that couldn't fetch a file, because that was replaced
/// meanwhile, tries again after `pullerPauseS`, then after twice as long, and so on.
const PATIENCE: Duration = Duration::from_secs(600);

/// A user's computer: a home with notes and a folder that Syncthing shares.
struct Computer {
    name: &'static str,
    home: PathBuf,
    /// The id that Syncthing has given it.
    id: String,
    /// Where Syncthing listens for the other one, and for its user.
    ports: [u16; 2],
}

impl Computer {
    fn new(dir: &Path, name: &'static str) -> Self {
        let home = dir.join(name);
        fs::create_dir_all(home.join("Sync")).unwrap();
        fs::create_dir(home.join("data")).unwrap();
        let settings = home.join("data/config.toml");
        fs::write(settings, "[sync]\nauto = false\n").unwrap();
        let mut computer = Self {
            name,
            home,
            id: String::new(),
            ports: [free_port(), free_port()],
        };
        let made = computer
            .syncthing(&["generate", "--no-default-folder"])
            .output();
        let made = made.expect("syncthing is missing; tests/run.sh installs it");
        assert!(made.status.success(), "{made:?}");
        let id = computer.syncthing(&["--device-id"]).output().unwrap();
        computer.id = String::from_utf8(id.stdout).unwrap().trim().to_owned();
        assert_eq!(computer.id.len(), 63, "{}", computer.id);
        computer
    }

    fn syncthing(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("syncthing");
        command
            .args(arguments)
            .arg(format!("--home={}", self.home.join("syncthing").display()))
            .env("HOME", &self.home)
            .env("STNOUPGRADE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Shares `~/Sync` with the other computer, as a user does in Syncthing's window.
    fn share_with(&self, other: &Self) {
        let devices: String = [self, other]
            .map(|computer| {
                format!(
                    "<device id=\"{}\" name=\"{}\" compression=\"metadata\"><address>tcp://127.0.0.1:{}</address></device>",
                    computer.id, computer.name, computer.ports[0]
                )
            })
            .concat();
        let shared: String = [self, other]
            .map(|computer| format!("<device id=\"{}\"></device>", computer.id))
            .concat();
        let folder = self.home.join("Sync");
        let config = format!(
            "<configuration version=\"35\">\
             <folder id=\"sync\" label=\"Sync\" path=\"{}\" type=\"sendreceive\" rescanIntervalS=\"5\" \
             fsWatcherEnabled=\"true\" fsWatcherDelayS=\"1\"><pullerPauseS>1</pullerPauseS>{shared}</folder>{devices}\
             <gui enabled=\"true\" tls=\"false\"><address>127.0.0.1:{}</address><apikey>test</apikey></gui>\
             <options><listenAddress>tcp://127.0.0.1:{}</listenAddress>\
             <globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>\
             <relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>\
             <crashReportingEnabled>false</crashReportingEnabled><autoUpgradeIntervalH>0</autoUpgradeIntervalH>\
             <startBrowser>false</startBrowser><reconnectionIntervalS>1</reconnectionIntervalS></options>\
             </configuration>",
            folder.display(),
            self.ports[1],
            self.ports[0]
        );
        fs::write(self.home.join("syncthing/config.xml"), config).unwrap();
    }

    fn start(&self) -> Syncthing {
        let log = fs::File::create(self.home.join("log")).unwrap();
        let child = self
            .syncthing(&["serve", "--no-browser", "--no-restart"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut running = Syncthing(child);
        until("Syncthing", || {
            let ended = running.0.try_wait().unwrap();
            assert!(ended.is_none(), "{}", self.log());
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports[1])).ok()
        });
        running
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.home.join("data"));
        command.env("HOME", &self.home).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{} {arguments:?}: {said}",
            self.name
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn sync_now(&self) {
        self.ok(&["sync", "now"]);
    }

    /// Returns the notes by address, without what tells where they came from and without their ids: of
    /// two notes that both computers save in the same millisecond, each has its own first.
    fn notes(&self) -> Vec<Value> {
        let exported: Value = serde_json::from_str(&self.ok(&["export", "json", "-"])).unwrap();
        let mut notes = exported["notes"].as_array().unwrap().clone();
        for note in &mut notes {
            note.as_object_mut().unwrap().remove("id");
        }
        notes.sort_by_key(|note| note["url"].to_string());
        notes
    }

    /// Returns the names of all files in the shared folder, with their folders, in order.
    fn files(&self) -> Vec<String> {
        let root = self.home.join("Sync");
        let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => open.push(path),
                    false => {
                        let name = path.strip_prefix(&root).unwrap();
                        found.push(name.to_str().unwrap().to_owned());
                    }
                }
            }
        }
        found.sort();
        found
    }
}

/// A running Syncthing, which ends with the test.
struct Syncthing(Child);

impl Drop for Syncthing {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn two_computers_that_share_a_folder_by_syncthing_have_the_same_notes() {
    const ROUNDS: usize = 18;
    let dir = tempfile::tempdir().unwrap();
    let [laptop, desktop] = ["laptop", "desktop"].map(|name| Computer::new(dir.path(), name));
    laptop.share_with(&desktop);
    desktop.share_with(&laptop);
    let _running = [laptop.start(), desktop.start()];

    laptop.ok(&["add", "https://e.org/first", "--title", "First"]);
    // The desktop joins before anything has arrived.
    let joining = desktop
        .command(&[
            "sync",
            "join",
            "~/Sync/notes",
            "--wait",
            "--name",
            "desktop",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    laptop.ok(&["sync", "init", "~/Sync/notes", "--name", "laptop"]);
    let joined = joining.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&joined.stderr);
    assert!(joined.status.success(), "{said}");
    assert_eq!(desktop.notes(), laptop.notes());

    // Both save at the same time, often enough for their files to be folded.
    thread::scope(|scope| {
        for computer in [&laptop, &desktop] {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let url = format!("https://e.org/{}/{round}", computer.name);
                    computer.ok(&["add", &url, "--title", &url, "--tag", computer.name]);
                    computer.ok(&[
                        "add",
                        "https://e.org/first",
                        "--tag",
                        &format!("{}-{round}", computer.name),
                    ]);
                    computer.sync_now();
                }
            });
        }
    });
    laptop.ok(&["rm", "https://e.org/laptop/0"]);
    desktop.ok(&["edit", "https://e.org/desktop/0", "--summary", "Changed."]);
    laptop.sync_now();
    desktop.sync_now();
    let notes = until_within(PATIENCE, "both to have all notes", || {
        // Runs of sync would take the time from Syncthing, so there are none until it has brought
        // all files. They may write files themselves, as they fold.
        if laptop.files() != desktop.files() {
            return None;
        }
        laptop.sync_now();
        desktop.sync_now();
        let notes = laptop.notes();
        let is_done = notes.len() == 2 * ROUNDS && notes == desktop.notes();
        (is_done && laptop.files() == desktop.files()).then_some(notes)
    });
    let of = |url: &str| notes.iter().find(|note| note["url"] == url);
    assert_eq!(of("https://e.org/laptop/0"), None);
    assert_eq!(
        of("https://e.org/desktop/0").unwrap()["summary"],
        "Changed."
    );
    let first = of("https://e.org/first").unwrap();
    assert_eq!(first["tags"].as_array().unwrap().len(), 2 * ROUNDS);

    // Each has more than one file a round, and of those that both had, none met another.
    for computer in [&laptop, &desktop] {
        let status = computer.json(&["sync", "status"]);
        assert_eq!(status["state"], "ok", "{status}");
        assert_eq!(status["waiting"], json!([]), "{status}");
        let id = status["device"].as_str().unwrap();
        let files = computer.files();
        let own = files.iter().filter(|file| file.contains(id)).count();
        assert!(own > ROUNDS + 1, "{files:?}");
        let conflicts: Vec<_> = files
            .iter()
            .filter(|file| file.contains("sync-conflict"))
            .collect();
        assert!(conflicts.is_empty(), "{conflicts:?}");
    }
}
