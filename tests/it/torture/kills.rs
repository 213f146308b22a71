//! Sixteen browsers whose hosts are killed at random moments.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Dice,
    judge::{Numbers, judge},
    saves::Save,
    tell, times,
};
use crate::host::TestHost;

const WRITERS: u64 = 16;

/// A save that was answered before.
struct Known {
    save: Save,
    answer_bytes: usize,
}

impl Known {
    /// Returns how many of its answers nearly fill a pipe. On Linux a pipe has sixteen memory
    /// pages, and each frame occupies whole ones.
    fn nearly_a_pipe(&self) -> usize {
        (16 * (4096 / (4 + self.answer_bytes))).saturating_sub(1)
    }
}

/// The statistics of a writer.
#[derive(Default)]
struct Account {
    saves: Numbers,
    kills: u64,
    /// Saves that were answered before their host was killed.
    answered: u64,
    /// Saves that the killed host had committed but not answered.
    unanswered: u64,
    /// Saves that it hadn't committed.
    undone: u64,
}

#[test]
fn an_answered_save_survives_kill_9_among_sixteen_writers_and_none_is_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let kills = times(20);
    let accounts: Vec<Account> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let dir = dir.path();
                scope.spawn(move || write_and_be_killed(dir, kills, Dice::new(writer)))
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let mut total = Account::default();
    for account in accounts {
        total.saves.extend(account.saves);
        total.kills += account.kills;
        total.answered += account.answered;
        total.unanswered += account.unanswered;
        total.undone += account.undone;
    }
    judge(dir.path(), &total.saves, &total.saves);
    assert_eq!(
        total.answered + total.unanswered + total.undone,
        u64::try_from(total.saves.len()).unwrap()
    );
    tell(
        "kill -9",
        format!(
            "{} kills, {} saves answered before them, {} done but unanswered, {} not done",
            total.kills, total.answered, total.unanswered, total.undone
        ),
    );
    // The kills happened during the work.
    assert!(total.answered > 0 && total.unanswered > 0 && total.undone > 0);
}

fn write_and_be_killed(dir: &Path, kills: u64, mut dice: Dice) -> Account {
    let mut account = Account::default();
    // How long a save takes on this computer at present.
    let mut pace = Duration::from_millis(20);
    let mut again: Vec<Save> = Vec::new();
    let mut known: Option<Known> = None;
    let mut killed_at = url_notes::clock::now();
    loop {
        let mut host = TestHost::on(dir);
        for save in again.drain(..) {
            let begun = Instant::now();
            // If it was committed before the kill, the answer is the stored result.
            let note = save.done(&mut host)["note"].take();
            let updated: Timestamp = note["updatedAt"].as_str().unwrap().parse().unwrap();
            if updated <= killed_at {
                account.unanswered += 1;
            } else {
                account.undone += 1;
                pace = (pace + begun.elapsed()) / 2;
            }
        }
        if account.kills == kills {
            return account;
        }
        let filler = known.as_ref().filter(|_| dice.coin());
        if let Some(known) = filler {
            // Sends requests whose answers nobody reads. They nearly fill the pipe, so that the
            // host commits a save and then can't send its answer. Otherwise only a moment lies
            // between the two, which one kill in a hundred hits.
            for _ in 0..known.nearly_a_pipe() {
                known.save.send_again(&mut host);
            }
        }
        let batch: Vec<Save> = (0..=dice.below(3)).map(|_| Save::new()).collect();
        for save in &batch {
            save.send(&mut host);
        }
        let steps = batch.len() * if filler.is_some() { 6 } else { 1 };
        let longest = pace * u32::try_from(steps).unwrap();
        let moment = dice.below(u64::try_from(longest.as_micros()).unwrap());
        thread::sleep(Duration::from_micros(moment));
        host.kill();
        killed_at = url_notes::clock::now();
        account.kills += 1;
        // Answers that it had sent are still in the pipe.
        let mut answered = 0;
        let mut last_answer = None;
        while let Some(answer) = host.try_read_frame() {
            assert!(answer["result"].is_object(), "{answer}");
            if filler.is_some_and(|known| answer["id"] == known.save.number) {
                continue;
            }
            assert_eq!(answer["id"], batch[answered].number);
            last_answer = Some(Known {
                save: batch[answered].clone(),
                answer_bytes: answer.to_string().len(),
            });
            answered += 1;
        }
        known = last_answer.or(known);
        account.answered += u64::try_from(answered).unwrap();
        account.saves.extend(batch.iter().map(|save| save.number));
        again = batch.into_iter().skip(answered).collect();
    }
}
