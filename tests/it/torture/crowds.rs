//! Many programs at once: all of them get their turn.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    judge::{Numbers, judge},
    saves::Save,
    tell, times,
};
use crate::host::TestHost;

#[test]
fn no_save_of_thirty_two_writers_is_refused_lost_or_applied_twice() {
    const WRITERS: usize = 32;
    let dir = tempfile::tempdir().unwrap();
    let saves = times(20);
    let (mut numbers, mut durations) = (Numbers::new(), Vec::new());
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut host = TestHost::on(dir.path());
                    // Excludes start and first open from the time of a save.
                    host.call("stats", json!({}));
                    (0..saves)
                        .map(|_| {
                            let save = Save::new();
                            let begun = Instant::now();
                            let answer = save.ask(&mut host);
                            let duration = begun.elapsed();
                            assert!(answer.is_ok(), "after {duration:?}: {answer:?}");
                            (save.number, duration)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for writer in writers {
            for (number, duration) in writer.join().unwrap() {
                numbers.insert(number);
                durations.push(duration);
            }
        }
    });
    judge(dir.path(), &numbers, &numbers);
    durations.sort();
    let at = |percent: usize| milliseconds(durations[(durations.len() - 1) * percent / 100]);
    tell(
        "32 writers",
        format!(
            "{} saves, p50 {} ms, p99 {} ms, longest {} ms",
            durations.len(),
            at(50),
            at(99),
            at(100)
        ),
    );
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1000.0)
}

#[test]
fn twelve_first_opens_at_once_all_succeed() {
    const HOSTS: usize = 12;
    let rounds = times(12);
    for _ in 0..rounds {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("not/there/yet");
        let mut hosts: Vec<_> = (0..HOSTS).map(|_| TestHost::on(&folder)).collect();
        let saves: Vec<_> = (0..HOSTS).map(|_| Save::new()).collect();
        for (host, save) in hosts.iter_mut().zip(&saves) {
            save.send(host);
        }
        for host in &mut hosts {
            let answer = host.read_frame();
            assert!(answer["result"].is_object(), "{answer}");
        }
        drop(hosts);
        let numbers: Numbers = saves.iter().map(|save| save.number).collect();
        judge(&folder, &numbers, &numbers);
    }
    tell(
        "first opens",
        format!("{rounds} stores, {HOSTS} programs each"),
    );
}
