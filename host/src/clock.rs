//! What the computer's clock says.

use std::time::SystemTime;

use jiff::Timestamp;

/// The moment that the computer's clock says it is, which need not be right. Beyond what
/// [`Timestamp`] can hold (years -9999 to 9999), where `Timestamp::now` panics, it is the
/// nearest that it can; the store refuses to write long before.
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
