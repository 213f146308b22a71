//! When something was written, and by which version.

use super::unique_id::UniqueId;

/// Orders what several devices wrote. The clock decides first, and since clocks err, the version
/// settles the rest alike on all devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// In µs since 1970.
    pub micros: i64,
    /// The version.
    pub version: UniqueId,
}
