//! Tests that "saved" means saved: every answered save survives kills, power cuts, failing disks
//! and many concurrent programs, exactly once.
//!
//! Each test is limited to a few seconds. `URL_NOTES_TORTURE=10` multiplies its work by ten;
//! `tests/torture/run.sh` runs everything at full length. `URL_NOTES_TORTURE_SEED` sets the seed of
//! random choices, which each test prints.

mod crowds;
mod judge;
mod kills;
mod saves;
mod texts;

// The shim requires glibc on 64-bit Linux. Elsewhere, preloading works differently, and libraries
// make other calls.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod clock;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod disk;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod failing_disk;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod power_cuts;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod shim;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod sync;

use std::fmt::Display;

/// Returns the number of repetitions: `bounded`, or more in a longer run.
fn times(bounded: u64) -> u64 {
    bounded * asked("URL_NOTES_TORTURE")
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much to try is the tester's choice, no configuration of the program"
)]
fn asked(variable: &str) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")),
        Err(_) => 1,
    }
}

/// A reproducible random generator: SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    /// Creates a generator with other numbers for each `stream`, the same in each run with the same
    /// seed.
    fn new(stream: u64) -> Self {
        let mut seed = Self(asked("URL_NOTES_TORTURE_SEED"));
        Self(seed.roll() ^ Self(stream).roll())
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Prints statistics of a test; shown by `cargo test -- --nocapture`.
#[expect(
    clippy::print_stdout,
    reason = "standard output of a test is for who runs it"
)]
fn tell(what: &str, figures: impl Display) {
    println!(
        "{what}: {figures} (seed {})",
        asked("URL_NOTES_TORTURE_SEED")
    );
}
