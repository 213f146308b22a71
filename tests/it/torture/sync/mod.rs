//! Five devices with real programs and a real place: random saves, edits, imports and deletions, runs
//! at random moments and many at once, some of them killed, clocks that jump, copies of a folder that
//! are carried late, cut and never, databases that are put back, places that are lost.
//!
//! In the end everything is carried. Then all devices show the same, and nothing that a device
//! answered for is gone, except what a user removed who saw it.

mod device;
mod oracle;
mod places;
mod steps;

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::PathBuf, time::Instant};

use serde_json::Value;

use super::{Dice, tell, times};
use device::Device;
use oracle::{Fact, Oracle, Words};
use places::{Carrying, Copy, Pages, carry, git};

const DEVICES: usize = 5;
/// Histories in an ordinary run of the tests.
const FEW: u64 = 2;
/// Steps of most histories.
const STEPS: u64 = 110;
const DAY: i64 = 24 * 60 * 60;
/// Rounds after which all devices have said everything.
const MOST_ROUNDS: usize = 16;

/// What carries the notes.
enum Place {
    /// Each device has a copy of the folder, or all use the same, which each knows by a link of its
    /// own.
    Folder(Vec<Copy>),
    /// A repository, which each device knows by a link of its own.
    Git(PathBuf),
}

struct World {
    dice: Dice,
    dir: tempfile::TempDir,
    devices: Vec<Device>,
    place: Place,
    shares_folder: bool,
    oracle: Oracle,
    words: Words,
    pages: Pages,
    imported: u64,
    /// Whether nothing is put back, lost or damaged.
    is_calm: bool,
    log: Vec<String>,
    count: Count,
}

/// What happened in a history.
#[derive(Default)]
struct Count {
    steps: u64,
    runs: u64,
    kills: u64,
    /// Words that were promised.
    promised: usize,
    /// Those of them that a user took back, or that a disaster destroyed.
    gone: usize,
    rounds: usize,
}

impl World {
    fn new(mut dice: Dice) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        let place = match dice.below(6) {
            0 => {
                let repository = dir.path().join("repository.git");
                git(&repository, &["init", "--quiet", "--bare"]);
                Place::Git(repository)
            }
            1 => Place::Folder(vec![Copy::new(&dir.path().join("shared"))]),
            _ => Place::Folder(Vec::new()),
        };
        let oracle = Oracle::new(dice.below(3) == 0);
        let is_calm = dice.coin();
        let mut world = Self {
            dice,
            dir,
            devices: Vec::new(),
            shares_folder: matches!(&place, Place::Folder(copies) if !copies.is_empty()),
            place,
            oracle,
            words: Words::default(),
            pages: Pages::new(),
            imported: 0,
            is_calm,
            log: Vec::new(),
            count: Count::default(),
        };
        for _ in 0..DEVICES {
            world.add_device();
        }
        world
    }

    /// Adds a device, which isn't synced yet. Returns its index.
    fn add_device(&mut self) -> usize {
        let number = self.devices.len();
        let path = self.dir.path().join(format!("place{number}"));
        let place = match &mut self.place {
            Place::Folder(copies) if self.shares_folder => {
                symlink(&copies[0].path, &path).unwrap();
                format!("folder:{}", path.display())
            }
            Place::Folder(copies) => {
                copies.push(Copy::new(&path));
                format!("folder:{}", path.display())
            }
            Place::Git(repository) => {
                symlink(repository, &path).unwrap();
                format!("git:file://{}", path.display())
            }
        };
        let name = format!("device{number}");
        let device = Device::new(&name, &self.dir.path().join("home"), place);
        self.devices.push(device);
        number
    }

    /// Begins to sync on the first device, and joins with the others.
    fn begin(&mut self) {
        self.init(0);
        for d in 1..DEVICES {
            if self.dice.coin() {
                self.save(d);
            }
            self.join(d);
        }
    }

    fn init(&mut self, d: usize) {
        let device = &self.devices[d];
        device.ok(&["sync", "init", &device.place, "--name", &device.name]);
        self.synced(d);
    }

    fn join(&mut self, d: usize) {
        // Something must have arrived.
        if let Place::Folder(copies) = &self.place
            && !self.shares_folder
            && copies[d].files().is_empty()
        {
            for from in 0..copies.len() {
                self.carry(from, d, Carrying::Well);
            }
        }
        let device = &self.devices[d];
        let arguments = ["sync", "join", &device.place, "--name", &device.name];
        device.ok(&arguments);
        self.synced(d);
    }

    fn synced(&mut self, d: usize) {
        let id = self.devices[d].id();
        if let Place::Folder(copies) = &mut self.place
            && !self.shares_folder
        {
            copies[d].belongs_to(id);
        }
    }

    fn carry(&mut self, from: usize, to: usize, how: Carrying) -> u32 {
        let is_cut_off = [from, to].iter().any(|d| self.devices[*d].is_cut_off);
        match &mut self.place {
            Place::Folder(copies) if from != to && !is_cut_off && !self.shares_folder => {
                // What a removed file said may be nowhere else after a disaster.
                let removes = self.is_calm;
                carry(copies, from, to, how, removes, &mut self.dice)
            }
            _ => 0,
        }
    }

    /// Returns the copy that a device uses.
    fn copy_of(&mut self, d: usize) -> Option<&mut Copy> {
        let at = if self.shares_folder { 0 } else { d };
        match &mut self.place {
            Place::Folder(copies) => Some(&mut copies[at]),
            Place::Git(_) => None,
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.dice.below(u64::try_from(limit).unwrap())).unwrap()
    }

    fn note(&mut self, what: impl std::fmt::Display) {
        self.log.push(format!("  {what}"));
    }

    /// Kills and collects what is due.
    fn tend(&mut self) {
        for device in &mut self.devices {
            device.tend();
        }
    }

    fn rest_all(&mut self) {
        for device in &mut self.devices {
            device.rest();
        }
    }

    /// Returns what all devices and whole files have.
    fn present(&self) -> BTreeSet<Fact> {
        let mut found: BTreeSet<Fact> = self.devices.iter().flat_map(Device::facts).collect();
        if let Place::Folder(copies) = &self.place {
            for copy in copies {
                found.extend(copy.facts(&self.pages));
            }
        }
        found
    }

    /// Does what destroys something. What was nowhere else can't be asked for.
    fn destroy(&mut self, work: impl FnOnce(&mut Self)) {
        self.rest_all();
        let before = self.present();
        work(self);
        self.rest_all();
        let after = self.present();
        let lost: Vec<Fact> = before.difference(&after).cloned().collect();
        self.note(format_args!("destroyed {lost:?}"));
        self.oracle.release(lost);
    }

    /// Does what changes notes on a device, while no run changes them: what it doesn't show any more
    /// was removed by a user who saw it.
    fn changing<T>(&mut self, d: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        self.devices[d].rest();
        let before = self.devices[d].facts();
        let result = work(self);
        let after = self.devices[d].facts();
        let gone: Vec<Fact> = before.difference(&after).cloned().collect();
        let new: Vec<Fact> = after.difference(&before).cloned().collect();
        self.note(format_args!("removed {gone:?}, added {new:?}"));
        self.oracle.release(gone);
        self.oracle.promise(new);
        result
    }

    /// A run that nothing disturbs and that must succeed.
    fn run_well(&mut self, d: usize) -> Value {
        self.count.runs += 1;
        self.devices[d].run_well()
    }

    fn cut_off(&mut self, d: usize) {
        let path = self.dir.path().join(format!("place{d}"));
        if !self.devices[d].is_cut_off {
            self.devices[d].rest();
            fs::rename(&path, path.with_extension("away")).unwrap();
            self.devices[d].is_cut_off = true;
        }
    }

    fn reconnect(&mut self, d: usize) {
        let path = self.dir.path().join(format!("place{d}"));
        if self.devices[d].is_cut_off {
            self.devices[d].rest();
            fs::rename(path.with_extension("away"), &path).unwrap();
            self.devices[d].is_cut_off = false;
        }
    }

    /// Heals everything, and runs until nothing is left to say.
    fn converge(&mut self) {
        self.log.push("all is carried".to_owned());
        self.rest_all();
        for d in 0..self.devices.len() {
            self.reconnect(d);
            self.devices[d].close_host(false);
            // Devices look after their files once a day.
            self.devices[d].ahead = 2 * DAY;
        }
        if let Place::Folder(copies) = &self.place {
            let devices = self.devices.iter().map(Device::id).collect();
            copies
                .iter()
                .for_each(|copy| copy.forget_broken_files(&devices));
        }
        for round in 1..=MOST_ROUNDS {
            let mut is_quiet = true;
            for d in 0..self.devices.len() {
                let outcome = self.run_well(d);
                is_quiet &= outcome["writtenFiles"] == 0
                    && outcome["readFiles"] == 0
                    && outcome["waiting"] == serde_json::json!([]);
                // Notes that moved to the same address.
                assert!(
                    outcome["refused"] == 0 || self.oracle.mixes_pages,
                    "{outcome}"
                );
            }
            for from in 0..self.devices.len() {
                for to in 0..self.devices.len() {
                    is_quiet &= self.carry(from, to, Carrying::Well) == 0;
                }
            }
            self.count.rounds = round;
            if is_quiet {
                return;
            }
        }
        panic!("devices publish for ever");
    }

    fn check(&mut self) {
        if let Place::Folder(copies) = &self.place {
            assert!(!copies.iter().any(Copy::has_broken_files));
        }
        // Who comes now gets everything.
        let newcomer = self.add_device();
        self.devices[newcomer].ahead = 2 * DAY;
        for from in 0..newcomer {
            self.carry(from, newcomer, Carrying::Well);
        }
        self.join(newcomer);
        let (first, first_orders) = (self.devices[0].shown(), self.devices[0].orders());
        for device in &self.devices[1..] {
            let other = device.shown();
            for ((name, first), (other_name, other)) in first.iter().zip(&other) {
                let who = &device.name;
                assert_eq!(name, other_name, "{who} has other notes");
                assert_eq!(first, other, "{who} shows another {name} than device0");
            }
            assert_eq!(first.len(), other.len(), "{} has other notes", device.name);
            for (first, other) in first_orders.iter().zip(device.orders()) {
                let first: Vec<_> = first.iter().filter(|note| other.contains(note)).collect();
                let other: Vec<_> = other.iter().filter(|note| first.contains(note)).collect();
                assert_eq!(first, other, "{} lists another order", device.name);
            }
        }
        let there = self.devices[0].facts();
        (self.count.promised, self.count.gone) = self.oracle.figures();
        let lost = self.oracle.lost(&there);
        assert!(lost.is_empty(), "promised and gone: {lost:?}");
        for device in &self.devices {
            let found = device.json(&["check"]);
            assert_eq!(found["faults"], serde_json::json!([]), "{}", device.name);
            assert_eq!(found["sound"], true, "{}", device.name);
            let status = device.json(&["sync", "status"]);
            assert_eq!(status["state"], "ok", "{status}");
            assert_eq!(status["unpublished"], 0, "{status}");
            assert_eq!(status["waiting"], serde_json::json!([]), "{status}");
        }
    }
}

/// Prints the number and the steps of a history that fails, and keeps its files.
struct Printed(u64, World);

#[expect(
    clippy::print_stderr,
    reason = "a failing test says what happened before"
)]
impl Drop for Printed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.1.dir.disable_cleanup(true);
            let dir = self.1.dir.path().display();
            eprintln!(
                "history {}, files in {dir}:\n{}",
                self.0,
                self.1.log.join("\n")
            );
            for device in &mut self.1.devices {
                let folder = device.keep();
                eprintln!("{}: {}", device.name, folder.display());
            }
        }
    }
}

fn history(number: u64, steps: u64) -> Count {
    let mut printed = Printed(number, World::new(Dice::new(0x5e5 + number)));
    let world = &mut printed.1;
    world.begin();
    for _ in 0..steps {
        world.step();
        world.tend();
    }
    world.count.steps = steps;
    world.converge();
    world.check();
    std::mem::take(&mut world.count)
}

#[test]
fn devices_agree_in_the_end_and_nothing_that_was_answered_is_gone() {
    let mut total = Count::default();
    let histories = times(FEW);
    for number in 1..=histories {
        let started = Instant::now();
        // Files are folded only in long ones.
        let steps = if number % 8 == 0 { 6 * STEPS } else { STEPS };
        let count = history(number, steps);
        eprintln!(
            "history {number}: {steps} steps, {} runs, {} kills, {} words, {} of them removed, {} rounds, {:.1} s",
            count.runs,
            count.kills,
            count.promised,
            count.gone,
            count.rounds,
            started.elapsed().as_secs_f64()
        );
        total.steps += count.steps;
        total.runs += count.runs;
        total.kills += count.kills;
        total.promised += count.promised;
        total.gone += count.gone;
    }
    tell(
        "five devices",
        format!(
            "{histories} histories, {} steps, {} runs, {} kills, {} words kept",
            total.steps,
            total.runs,
            total.kills,
            total.promised - total.gone
        ),
    );
}
