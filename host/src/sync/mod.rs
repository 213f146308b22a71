//! Sync: immutable files of notes, and the places that carry them between a user's devices.
//!
//! A device writes segments ([`segment`]) into a folder of its own, each under a name that holds
//! the hash of its bytes ([`segment_name`]), and never changes them. A carrier ([`carrier`]) moves
//! them to and from a place ([`place`]), sealed or plain ([`seal`]). What the notes in a segment
//! mean, and what a device does with them, isn't decided here.
//!
//! On any carrier, a library looks like this:
//!
//! ```text
//! <place>/url-notes-1/README.txt
//! <place>/url-notes-1/<device>/<number>-<hash>.seg
//! ```

pub mod carrier;
pub mod device;
pub mod gaps;
mod interrupts;
pub mod place;
mod power;
pub mod problem;
mod program;
mod records;
pub mod run;
pub mod schedule;
pub mod seal;
pub mod segment;
pub mod segment_name;
pub mod session;
mod whole_file;
