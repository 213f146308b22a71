//! When a host may be asked again.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Time between the end of a visit to a host and the next one.
pub(super) const GAP: Duration = Duration::from_secs(5);
/// Hosts visited at once.
const HOSTS_AT_ONCE: usize = 4;
/// Longest wait within a run for a host that asked for one. A longer one ends the visit.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(60);

/// A clock to wait by, which tests replace.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time since some fixed moment.
    fn now(&self) -> Duration;
    /// Waits.
    fn sleep(&self, time: Duration);
}

/// The computer's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

#[derive(Debug, Default)]
struct Host {
    is_busy: bool,
    /// When it may be asked again, by the clock.
    next_at: Duration,
    /// Whether the host itself asked for the wait.
    asked_for_wait: bool,
}

/// Lets each host be asked once at a time, with a gap in between.
#[derive(Debug)]
pub(super) struct Pace {
    clock: Box<dyn Clock>,
    hosts: Mutex<HashMap<String, Host>>,
    freed: Condvar,
}

/// A host that asked not to be visited for this time.
#[derive(Debug)]
pub(super) struct AskedToWait(pub(super) Duration);

impl Pace {
    pub(super) fn new(clock: Box<dyn Clock>) -> Self {
        Self {
            clock,
            hosts: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a host may be asked, and keeps it until the lease is dropped.
    ///
    /// # Errors
    /// [`AskedToWait`] if the host asked for more than [`MAX_WAIT`].
    pub(super) fn begin(&self, name: &str) -> Result<Lease<'_>, AskedToWait> {
        let mut hosts = self.hosts();
        loop {
            let now = self.clock.now();
            let host = hosts.entry(name.to_owned()).or_default();
            let wait = host.next_at.saturating_sub(now);
            if host.is_busy {
                hosts = self
                    .freed
                    .wait(hosts)
                    .unwrap_or_else(PoisonError::into_inner);
            } else if host.asked_for_wait && wait > MAX_WAIT {
                return Err(AskedToWait(wait));
            } else if !wait.is_zero() {
                drop(hosts);
                self.clock.sleep(wait);
                hosts = self.hosts();
            } else {
                host.is_busy = true;
                host.asked_for_wait = false;
                return Ok(Lease {
                    pace: self,
                    name: name.to_owned(),
                });
            }
        }
    }

    /// Returns how long a visit to this host would have to wait. A host that would refuse has no
    /// wait.
    fn wait(&self, name: &str) -> Duration {
        let now = self.clock.now();
        let hosts = self.hosts();
        let Some(host) = hosts.get(name) else {
            return Duration::ZERO;
        };
        let wait = host.next_at.saturating_sub(now);
        match host.asked_for_wait && wait > MAX_WAIT {
            true => Duration::ZERO,
            false => wait,
        }
    }

    /// Does `work` with each job, on [`HOSTS_AT_ONCE`] threads. A job begins when its host is free;
    /// of those that have to wait, the first to be due begins first.
    pub(super) fn each<J: Send>(
        &self,
        jobs: Vec<J>,
        host: impl Fn(&J) -> String + Sync,
        work: impl Fn(J) + Sync,
    ) {
        struct Queue<J> {
            waiting: Vec<(String, J)>,
            taken: HashSet<String>,
        }
        let waiting = jobs.into_iter().map(|job| (host(&job), job)).collect();
        let queue = Mutex::new(Queue {
            waiting,
            taken: HashSet::new(),
        });
        let done = Condvar::new();
        let worker = || {
            let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
            let mut open = lock();
            while !open.waiting.is_empty() {
                let free = open.waiting.iter().enumerate();
                let free = free.filter(|(_, (name, _))| !open.taken.contains(name));
                let first = free
                    .map(|(at, (name, _))| (self.wait(name), at))
                    .min_by_key(|(wait, at)| (*wait, *at));
                match first {
                    None => open = done.wait(open).unwrap_or_else(PoisonError::into_inner),
                    Some((wait, at)) if wait.is_zero() => {
                        let (name, job) = open.waiting.remove(at);
                        open.taken.insert(name.clone());
                        drop(open);
                        work(job);
                        open = lock();
                        open.taken.remove(&name);
                        done.notify_all();
                    }
                    Some((wait, _)) => {
                        drop(open);
                        self.clock.sleep(wait.min(GAP));
                        open = lock();
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..HOSTS_AT_ONCE {
                scope.spawn(worker);
            }
        });
    }
}

/// The right to ask a host.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pace: &'a Pace,
    name: String,
}

impl Lease<'_> {
    /// The host's name.
    pub(super) fn host(&self) -> &str {
        &self.name
    }

    /// Leaves the host alone for this time, which it asked for.
    pub(super) fn postpone(&self, time: Duration) {
        let until = self.pace.clock.now().saturating_add(time);
        if let Some(host) = self.pace.hosts().get_mut(&self.name) {
            host.next_at = host.next_at.max(until);
            host.asked_for_wait = true;
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let until = self.pace.clock.now().saturating_add(GAP);
        if let Some(host) = self.pace.hosts().get_mut(&self.name) {
            host.is_busy = false;
            host.next_at = host.next_at.max(until);
        }
        self.pace.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::fetch::test_clock::TestClock;

    fn pace() -> (Pace, TestClock) {
        let clock = TestClock::default();
        (Pace::new(Box::new(clock.clone())), clock)
    }

    #[test]
    fn a_host_is_asked_again_after_five_seconds_and_another_at_once() {
        let (pace, clock) = pace();
        drop(pace.begin("a.example"));
        drop(pace.begin("b.example"));
        assert!(clock.slept().is_empty());
        drop(pace.begin("a.example"));
        assert_eq!(clock.slept(), [GAP]);
    }

    #[test]
    fn a_short_wait_that_a_host_asks_for_is_waited_and_a_long_one_ends_the_visit() {
        let (pace, clock) = pace();
        let lease = pace.begin("a.example").unwrap();
        lease.postpone(Duration::from_secs(20));
        drop(lease);
        let lease = pace.begin("a.example").unwrap();
        assert_eq!(clock.slept(), [Duration::from_secs(20)]);
        lease.postpone(Duration::from_secs(3600));
        drop(lease);
        let refused = pace.begin("a.example").unwrap_err();
        assert_eq!(refused.0, Duration::from_secs(3600));
        assert_eq!(clock.slept().len(), 1);
    }

    #[test]
    fn at_most_four_hosts_are_visited_at_once_and_no_host_twice() {
        let (pace, _) = pace();
        let now: Mutex<Vec<u32>> = Mutex::default();
        let (most, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Twelve hosts, five jobs each.
        let jobs: Vec<u32> = (0..60).collect();
        pace.each(
            jobs,
            |job| format!("{}.example", job % 12),
            |job| {
                let lease = pace.begin(&format!("{}.example", job % 12)).unwrap();
                let mut open = now.lock().unwrap();
                assert!(!open.contains(&(job % 12)), "{open:?}");
                open.push(job % 12);
                most.fetch_max(open.len(), Ordering::Relaxed);
                drop(open);
                thread::yield_now();
                now.lock().unwrap().retain(|host| *host != job % 12);
                all.fetch_add(1, Ordering::Relaxed);
                drop(lease);
            },
        );
        assert_eq!(all.into_inner(), 60);
        assert!(most.into_inner() <= 4);
    }

    /// A clock whose waits last until two jobs are done.
    #[derive(Debug, Clone, Default)]
    struct UntilTwo {
        clock: TestClock,
        done: Arc<AtomicUsize>,
    }

    impl Clock for UntilTwo {
        fn now(&self) -> Duration {
            self.clock.now()
        }

        fn sleep(&self, time: Duration) {
            while self.done.load(Ordering::Acquire) < 2 {
                thread::yield_now();
            }
            self.clock.sleep(time);
        }
    }

    #[test]
    fn a_host_that_has_to_wait_does_not_hold_up_others() {
        let clock = UntilTwo::default();
        let pace = Pace::new(Box::new(clock.clone()));
        drop(pace.begin("slow.example"));
        let jobs = vec!["slow.example", "a.example", "b.example"];
        pace.each(
            jobs,
            |job| (*job).to_owned(),
            |job| {
                drop(pace.begin(job));
                clock.done.fetch_add(1, Ordering::Release);
            },
        );
        assert_eq!(clock.done.load(Ordering::Acquire), 3);
    }
}
