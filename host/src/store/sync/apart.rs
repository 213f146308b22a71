//! Keeps a page that can't be written from stopping the others.

use jiff::Timestamp;

use crate::{
    error::{Error, Result},
    store::transaction::{Store, Writer},
};

/// What became of pages or notes that were written apart.
pub(super) struct WrittenApart<T, R> {
    /// The results, one for each transaction.
    pub(super) done: Vec<R>,
    /// What couldn't be written, and why.
    pub(super) failed: Vec<(T, Error)>,
}

/// Returns whether an error may come from what was written. Others concern the whole database.
fn is_of_content(error: &Error) -> bool {
    !matches!(error, Error::Store { .. } | Error::ClockWrong { .. })
}

impl Store {
    /// Runs `work` for items in one transaction. If that fails because of one of them, that one is
    /// left out and nothing of it is written.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn write_apart<T: Copy, R>(
        &mut self,
        items: &[T],
        now: Timestamp,
        work: &impl Fn(&Writer<'_>, &[T]) -> Result<R>,
    ) -> Result<WrittenApart<T, R>> {
        let mut written = WrittenApart {
            done: Vec::new(),
            failed: Vec::new(),
        };
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            match self.write(now, |writer| work(writer, part)) {
                Ok(done) => written.done.push(done),
                Err(error) if !is_of_content(&error) => return Err(error),
                Err(error) => match part {
                    [item] => written.failed.push((*item, error)),
                    _ => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                },
            }
        }
        Ok(written)
    }
}
