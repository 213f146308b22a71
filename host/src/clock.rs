//! The computer's clock.

use std::time::SystemTime;

use jiff::Timestamp;

/// Returns the current time by the computer's clock, which may be wrong. A time beyond the range of
/// [`Timestamp`] (years -9999 to 9999), for which `Timestamp::now` panics, becomes the nearest
/// valid one. The store refuses to write at far less extreme times.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    let now = SystemTime::now();
    let nearest = match now < SystemTime::UNIX_EPOCH {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    };
    Timestamp::try_from(now).unwrap_or(nearest)
}
