//! Power cuts: hosts run with the shim, and its records show what the disk would contain after a
//! power cut at any moment. Everything answered by then must be there.

use std::{collections::HashMap, thread};

use byteorder::{ByteOrder as _, NativeEndian};
use serde_json::Value;

use super::{
    Dice,
    disk::{Cut, Disk, below},
    judge::{Numbers, judge, verdict},
    saves::Save,
    shim::{EIO, Event, Fault, Record, SYNC, Shim},
    tell, times,
};
use crate::host::TestHost;

/// Hosts with their records and requests.
struct Story {
    records: Vec<Record>,
    saves: Vec<Save>,
}

impl Story {
    /// Runs several hosts at once, which all exit now and then, so that the WAL is also
    /// checkpointed, removed and created again.
    fn of_writers(writers: usize, shim: &Shim) -> Self {
        let mut saves = Vec::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                let writers: Vec<_> = (0..writers)
                    .map(|_| scope.spawn(|| write(&mut shim.recorded_host())))
                    .collect();
                for writer in writers {
                    saves.extend(writer.join().unwrap());
                }
            });
            // The last process cleans up. Among hosts, that is sometimes the site, which can't;
            // this command always can.
            let mut list = shim.recorded_program();
            assert!(list.arg("stats").output().unwrap().status.success());
        }
        Self {
            records: shim.records(),
            saves,
        }
    }

    /// Returns how often the database itself, not its WAL, was synced.
    fn checkpoints(&self) -> usize {
        let mut database = None;
        let mut count = 0;
        for record in &self.records {
            match &record.event {
                Event::Created { file, path } if path == "notes.db" => database = Some(*file),
                Event::Synced { file } if Some(*file) == database => count += 1,
                _ => {}
            }
        }
        count
    }

    fn numbers(&self) -> Numbers {
        self.saves.iter().map(|save| save.number).collect()
    }

    /// Returns the disk and the answered saves after this many records.
    fn until(&self, moment: usize, mut disk: Disk) -> (Disk, Numbers) {
        let mut answers = Answers::default();
        for record in &self.records[..moment] {
            disk.take(&record.event);
            answers.take(record);
        }
        (disk, answers.good)
    }

    /// Cuts the power after this many records and checks that no answered save is lost, and that
    /// unanswered ones are applied once when they are sent again.
    fn cut(&self, moment: usize, cut: Cut, dice: &mut Dice) {
        let (disk, answered) = self.until(moment, Disk::default());
        let found = Shim::new();
        disk.leave(cut, dice, &found.folder());
        let place = format!("{cut:?}, after {moment} of {}", self.records.len());
        let mut host = found.host();
        let mut kept = answered.clone();
        let unanswered = self.saves.iter().filter(|s| !answered.contains(&s.number));
        for save in unanswered.take(4) {
            let done = save.ask(&mut host);
            assert!(done.is_ok(), "{place}: {done:?}");
            kept.insert(save.number);
        }
        assert!(host.end().success());
        if kept.is_empty() {
            return;
        }
        if let Err(fault) = verdict(&found.folder(), &kept, &self.numbers()) {
            panic!("{place}: {fault}");
        }
    }
}

fn write(host: &mut TestHost) -> Vec<Save> {
    let saves: Vec<Save> = (0..8).map(|_| Save::of_bytes(30_000)).collect();
    for save in &saves {
        save.done(host);
    }
    assert!(host.end().success());
    saves
}

/// The hosts' answers, reassembled from their output.
#[derive(Default)]
struct Answers {
    /// The incomplete frame of each process.
    rest: HashMap<u32, Vec<u8>>,
    /// Saves that were answered with a result.
    good: Numbers,
}

impl Answers {
    fn take(&mut self, record: &Record) {
        let Event::Answered { bytes } = &record.event else {
            return;
        };
        let rest = self.rest.entry(record.process).or_default();
        rest.extend(bytes);
        while let Some((length, after)) = rest.split_at_checked(4) {
            let length = usize::try_from(NativeEndian::read_u32(length)).unwrap();
            let Some(payload) = after.get(..length) else {
                break;
            };
            let answer: Value = serde_json::from_slice(payload).unwrap();
            if answer["result"].is_object() {
                self.good.insert(answer["id"].as_u64().unwrap());
            }
            rest.drain(..4 + length);
        }
    }
}

#[test]
fn an_answered_save_survives_a_power_cut_at_any_moment() {
    let shim = Shim::new();
    let story = Story::of_writers(4, &shim);
    judge(&shim.folder(), &story.numbers(), &story.numbers());
    // At creation, at the end, and in between.
    assert!(story.checkpoints() > 2, "{}", story.checkpoints());
    let mut dice = Dice::new(1);
    let cuts = times(60);
    for _ in 0..cuts {
        let moment = below(&mut dice, story.records.len() + 1);
        let cut = Cut::ALL[below(&mut dice, Cut::ALL.len())];
        story.cut(moment, cut, &mut dice);
    }
    tell(
        "power cuts",
        format!(
            "{cuts} in {} calls of {} saves and {} checkpoints",
            story.records.len(),
            story.saves.len(),
            story.checkpoints()
        ),
    );
}

#[test]
fn the_very_first_save_survives_a_power_cut_after_each_call() {
    let shim = Shim::new();
    let save = Save::new();
    let mut host = shim.recorded_host();
    save.done(&mut host);
    assert!(host.end().success());
    let story = Story {
        records: shim.records(),
        saves: vec![save],
    };
    let mut dice = Dice::new(2);
    // Each moment with one kind of cut, or, in a longer run, with all of them.
    let sorts = usize::try_from(times(1)).unwrap().min(Cut::ALL.len());
    for moment in 0..=story.records.len() {
        for sort in 0..sorts {
            story.cut(
                moment,
                Cut::ALL[(moment + sort) % Cut::ALL.len()],
                &mut dice,
            );
        }
    }
    tell(
        "power cuts of a first save",
        format!("{} moments", story.records.len() + 1),
    );
}

#[test]
fn a_save_refused_for_a_failed_fsync_loses_no_other_save_in_a_power_cut() {
    let mut dice = Dice::new(3);
    let mut injected = 0;
    let rounds = times(6);
    for round in 0..rounds {
        let shim = Shim::new();
        let mut host = shim.recorded_host();
        let mut saves = vec![Save::new()];
        saves[0].done(&mut host);
        shim.fail(&Fault {
            calls: SYNC,
            first: round + 1,
            last: round + 1,
            errno: EIO,
            torn: false,
            files: "notes.db*",
        });
        for _ in 0..8 {
            let save = Save::of_bytes(30_000);
            if save.ask(&mut host).is_err() {
                save.done(&mut host);
            }
            saves.push(save);
        }
        assert!(host.end().success());
        injected += shim.heal().injected;
        let story = Story {
            records: shim.records(),
            saves,
        };
        for cut in Cut::ALL {
            let moment = below(&mut dice, story.records.len() + 1);
            story.cut(moment, cut, &mut dice);
            story.cut(story.records.len(), cut, &mut dice);
        }
    }
    assert!(injected > 0);
    tell(
        "power cuts after a failed fsync",
        format!("{injected} failed"),
    );
}

#[test]
fn a_disk_that_lies_about_fsync_is_caught() {
    let shim = Shim::new();
    let story = Story::of_writers(2, &shim);
    let mut dice = Dice::new(4);
    let (mut cuts, mut lost) = (0, 0);
    for _ in 0..20 {
        let moment = below(&mut dice, story.records.len() + 1);
        let (disk, answered) = story.until(moment, Disk::lying_about("-wal"));
        let found = tempfile::tempdir().unwrap();
        disk.leave(Cut::Clean, &mut dice, found.path());
        if answered.is_empty() {
            continue;
        }
        cuts += 1;
        lost += u32::from(verdict(found.path(), &answered, &story.numbers()).is_err());
    }
    tell("lying disk", format!("{lost} of {cuts} cuts lost a save"));
    assert!(lost > 0, "what these tests look for, they can't see");
}
