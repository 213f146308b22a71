//! A clock for tests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::Clock;

/// A clock on which waiting takes no time.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestClock(Arc<Mutex<Vec<Duration>>>);

impl TestClock {
    /// Returns all waits.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    fn sleep(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}
