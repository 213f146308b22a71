//! Maintenance that is waiting until the host is idle.

use std::thread;

/// The maintenance that is due.
#[derive(Debug)]
pub(in crate::store) struct PendingWork {
    /// Whether an edit of many notes may be under way.
    pub(in crate::store) edits: bool,
    /// Whether notes may have the words of an older version in the full-text index.
    pub(in crate::store) renew: bool,
    /// Whether the full-text index may have segments to merge.
    pub(in crate::store) merge: bool,
    /// Transactions since the last checkpoint of the WAL.
    pub(in crate::store) logged: u32,
    /// The running checkpoint. Returns whether all frames were checkpointed.
    pub(in crate::store) moving: Option<thread::JoinHandle<bool>>,
    /// Whether nothing was written since the checkpoint began.
    pub(in crate::store) unchanged: bool,
    /// Whether commits may return before they are durable: only inside of
    /// [`Store::without_waiting`], and after a panic there.
    pub(in crate::store) async_commits: bool,
}

impl PendingWork {
    /// The maintenance that an earlier process may have left.
    pub(in crate::store) fn at_open() -> Self {
        Self {
            edits: true,
            renew: true,
            merge: true,
            logged: 0,
            moving: None,
            unchanged: false,
            async_commits: false,
        }
    }

    /// Records a write transaction.
    pub(in crate::store) fn after_write(&mut self) {
        self.merge = true;
        self.logged += 1;
        self.unchanged = false;
    }

    pub(in crate::store) fn async_commits(&self) -> bool {
        self.async_commits
    }
}
