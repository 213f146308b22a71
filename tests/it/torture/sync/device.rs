//! A device: its programs, some of which are killed, and what it shows.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    super::{saves::send, shim::Shim},
    oracle::{Fact, conflicting_titles, facts_of},
};
use crate::host::{ORIGIN, PATIENCE, TestHost};

/// What a popup read and hasn't sent yet.
pub(super) struct Popup {
    pub(super) page: u64,
    pub(super) note: Value,
}

/// A run of sync in the background.
struct Running {
    child: Child,
    started: Instant,
    dies_at: Option<Instant>,
    /// Whether it is killed with the programs that it runs.
    dies_with_all: bool,
    may_fail: bool,
}

pub(super) struct Device {
    pub(super) name: String,
    shim: Shim,
    /// The home folder.
    home: PathBuf,
    /// Seconds that the clock is ahead.
    pub(super) ahead: i64,
    host: Option<TestHost>,
    requests: u64,
    running: Vec<Running>,
    pub(super) popups: Vec<Popup>,
    /// The place as the device names it.
    pub(super) place: String,
    /// Whether the place can't be reached.
    pub(super) is_cut_off: bool,
    /// Whether a run was killed since the last good one, and the git that it had started may still be
    /// at work in the clone of the next run.
    has_stray_git: bool,
    /// An earlier copy of the data folder.
    pub(super) copy: Option<tempfile::TempDir>,
    pub(super) has_backup: bool,
    /// The last edit of many notes.
    pub(super) edit: Option<String>,
    pub(super) has_imported: bool,
}

impl Device {
    pub(super) fn new(name: &str, home: &Path, place: String) -> Self {
        let shim = Shim::new();
        fs::write(shim.folder().join("config.toml"), "[sync]\nauto = false\n").unwrap();
        Self {
            name: name.to_owned(),
            shim,
            home: home.to_owned(),
            ahead: 0,
            host: None,
            requests: 0,
            running: Vec::new(),
            popups: Vec::new(),
            place,
            is_cut_off: false,
            has_stray_git: false,
            copy: None,
            has_backup: false,
            edit: None,
            has_imported: false,
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.shim.folder()
    }

    /// Keeps the data folder after the test. Returns it.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.shim.keep()
    }

    pub(super) fn backup_file(&self) -> PathBuf {
        self.folder().with_file_name("backup.db")
    }

    fn program(&self) -> Command {
        let mut command = self.shim.program_ahead(self.ahead);
        command
            .env("HOME", &self.home)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    // ---- The host

    /// Returns the host, started if there is none.
    pub(super) fn host(&mut self) -> &mut TestHost {
        if self.host.is_none() {
            self.host = Some(TestHost::start(self.program().arg(ORIGIN), &self.folder()));
        }
        self.host.as_mut().unwrap()
    }

    pub(super) fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.host().ask(method, params)
    }

    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        let name = self.name.clone();
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{name}: {method}: {error}"))
    }

    /// Sends a request to a host that is killed soon. Returns the answer, if it was given.
    pub(super) fn ask_dying(
        &mut self,
        method: &str,
        params: &Value,
        lives: Duration,
    ) -> Option<Value> {
        self.requests += 1;
        let id = 1_000_000 + self.requests;
        self.host();
        let mut host = self.host.take().unwrap();
        send(&mut host, id, method, params);
        std::thread::sleep(lives);
        host.kill();
        // What it had answered is still in the pipe.
        let frame = host.try_read_frame()?;
        assert_eq!(frame["id"], id);
        Some(frame["result"].clone()).filter(Value::is_object)
    }

    pub(super) fn close_host(&mut self, with_kill: bool) {
        if let Some(mut host) = self.host.take() {
            match with_kill {
                true => host.kill(),
                false => assert!(host.end().success(), "{}", self.name),
            }
        }
        self.popups.clear();
    }

    // ---- Commands

    /// Runs a command to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.program().args(arguments).output().unwrap();
        self.check_output(arguments, &output.stderr);
        output
    }

    /// Runs a command, and kills it if it takes longer than `lives`. Returns its standard output if it
    /// has succeeded.
    pub(super) fn run_dying(&self, arguments: &[&str], lives: Option<Duration>) -> Option<String> {
        let Some(lives) = lives else {
            let output = self.run(arguments);
            let text = String::from_utf8(output.stdout).unwrap();
            return output.status.success().then_some(text);
        };
        let mut child = self.spawn(arguments);
        std::thread::sleep(lives);
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        self.check_output(arguments, &output.stderr);
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(text)
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.program()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn check_output(&self, arguments: &[&str], stderr: &[u8]) {
        let said = String::from_utf8_lossy(stderr);
        assert!(
            !said.contains("panicked") && !said.contains("internal"),
            "{} {arguments:?}: {said}",
            self.name
        );
    }

    /// Runs a command that must succeed. Returns what it prints.
    pub(super) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{} {arguments:?}: {said}",
            self.name
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap()
    }

    // ---- Runs of sync

    /// Starts a run in the background, which may be killed after a while.
    pub(super) fn start_run(
        &mut self,
        arguments: &[&str],
        lives: Option<Duration>,
        dies_with_all: bool,
    ) {
        let arguments = [&["sync", "now"], arguments].concat();
        let now = Instant::now();
        self.running.push(Running {
            child: self.spawn(&arguments),
            started: now,
            dies_at: lives.map(|lives| now + lives),
            dies_with_all,
            may_fail: self.is_cut_off || self.has_stray_git,
        });
    }

    /// Runs until it succeeds: what a killed run leaves is mended by the next ones. Returns the
    /// outcome.
    pub(super) fn run_well(&mut self) -> Value {
        self.rest();
        let mut last = String::new();
        for _ in 0..4 {
            let output = self.run(&["sync", "now", "--json"]);
            if output.status.success() {
                self.has_stray_git = false;
                return serde_json::from_slice(&output.stdout).unwrap();
            }
            last = String::from_utf8(output.stderr).unwrap();
            if !self.has_stray_git {
                break;
            }
        }
        panic!("{}: a run failed: {last}", self.name);
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Kills runs whose time has come, and looks at those that have ended.
    pub(super) fn tend(&mut self) {
        let now = Instant::now();
        let mut at = 0;
        while let Some(run) = self.running.get_mut(at) {
            let is_killed = run.dies_at.is_some_and(|at| at <= now);
            if is_killed {
                run.kill();
            }
            let Some(status) = run.child.try_wait().unwrap() else {
                assert!(
                    now - run.started < 6 * PATIENCE,
                    "{}: a run hangs",
                    self.name
                );
                at += 1;
                continue;
            };
            let run = self.running.swap_remove(at);
            let mut said = String::new();
            let _ = run.child.stderr.unwrap().read_to_string(&mut said);
            if is_killed {
                self.has_stray_git = self.place.starts_with("git:");
            }
            assert!(
                status.success() || is_killed || run.may_fail,
                "{}: a run failed: {said}",
                self.name
            );
            self.check_output(&["sync", "now"], said.as_bytes());
            // It may have waited for another run before it failed.
            let reasons = (said.lines())
                .filter(|line| !line.contains("Another run of sync is under way."))
                .count();
            assert!(reasons <= 1 || is_killed, "{}: {said}", self.name);
        }
    }

    /// Waits until no run is under way.
    pub(super) fn rest(&mut self) {
        while !self.running.is_empty() {
            self.tend();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    // ---- What it shows

    fn exported(&self) -> Value {
        serde_json::from_str(&self.ok(&["export", "json", "-"])).unwrap()
    }

    pub(super) fn is_synced(&self) -> bool {
        let output = self.run(&["sync", "status", "--json"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        status["state"] != "off"
    }

    /// Returns the id that sync gave the device.
    pub(super) fn id(&self) -> String {
        let output = self.run(&["sync", "status", "--json"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        status["device"].as_str().unwrap().to_owned()
    }

    /// Returns the words in the notes, and in what is listed beside them.
    pub(super) fn facts(&self) -> BTreeSet<Fact> {
        let exported = self.exported();
        let notes = exported["notes"].as_array().unwrap();
        let mut found: BTreeSet<Fact> = notes.iter().flat_map(facts_of).collect();
        let conflicts = self.json(&["sync", "conflicts"]);
        found.extend(
            conflicts
                .as_array()
                .unwrap()
                .iter()
                .flat_map(conflicting_titles),
        );
        found
    }

    /// Returns all that must be the same on all devices, with names.
    pub(super) fn shown(&self) -> Vec<(String, String)> {
        let mut exported = self.exported();
        let mut shown = Vec::new();
        let notes = exported["notes"].as_array_mut().unwrap();
        for note in notes {
            // Ids may be taken on one of the devices. A change that was taken back before the next run
            // is a change there, and none elsewhere.
            note["id"].take();
            note["updatedAt"].take();
            let url = note["url"].as_str().unwrap().to_owned();
            shown.push((url, format!("{note:#}")));
        }
        shown.sort();
        shown.push(("aliases".to_owned(), format!("{:#}", exported["aliases"])));
        let implied = self.json(&["tag", "imply"]);
        shown.push(("implied tags".to_owned(), format!("{implied:#}")));
        let status = self.json(&["sync", "status"]);
        let left_out = format!("{:#}", status["leftOutImplications"]);
        shown.push(("implied tags left out".to_owned(), left_out));
        let searches = self.json(&["search", "--list-saved"]);
        shown.push(("saved searches".to_owned(), format!("{searches:#}")));
        let mut conflicts = self.json(&["sync", "conflicts"]);
        for conflict in conflicts.as_array_mut().unwrap() {
            conflict["id"].take();
        }
        let mut conflicts: Vec<String> = (conflicts.as_array().unwrap().iter())
            .map(|conflict| format!("{conflict:#}"))
            .collect();
        conflicts.sort();
        shown.push(("conflicts".to_owned(), conflicts.join("\n")));
        let tags = self.json(&["tag", "list"]);
        shown.push(("tags".to_owned(), format!("{tags:#}")));
        let stats = self.json(&["stats"]);
        let counts = format!("{} notes, {} tags", stats["notes"], stats["tags"]);
        shown.push(("counts".to_owned(), counts));
        shown
    }

    /// Returns the ids and addresses of the notes in each order. An id is taken where another note has
    /// it, so notes that were saved in the same millisecond may have other ones elsewhere.
    pub(super) fn orders(&self) -> [Vec<(i64, String)>; 3] {
        ["newest", "oldest", "title"].map(|order| {
            let listed = self.json(&["list", "--limit", "1000", "--order", order]);
            let listed = listed.as_array().unwrap().iter();
            let listed = listed.map(|note| {
                let url = note["url"].as_str().unwrap();
                (note["id"].as_i64().unwrap(), url.to_owned())
            });
            listed.collect()
        })
    }
}

impl Running {
    fn kill(&mut self) {
        let programs = match self.dies_with_all {
            true => descendants(self.child.id()),
            false => Vec::new(),
        };
        self.child.kill().unwrap();
        for program in programs.into_iter().filter_map(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(program, Signal::KILL);
        }
        self.child.wait().unwrap();
    }
}

/// Returns the processes that a process has started, and those that they have started.
fn descendants(process: u32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let children = fs::read_to_string(thread.path().join("children"));
        for child in children.unwrap_or_default().split_whitespace() {
            found.push(child.parse().unwrap());
            found.extend(descendants(child.parse().unwrap()));
        }
    }
    found
}

impl Drop for Device {
    fn drop(&mut self) {
        for run in &mut self.running {
            let _ = run.child.kill();
            let _ = run.child.wait();
        }
    }
}
