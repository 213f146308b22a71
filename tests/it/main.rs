//! Tests of the real program: it is started as a browser or a shell would
//! start it, and spoken to over its pipes and its port.

#![allow(
    clippy::unwrap_used,
    reason = "all of this crate is a test; clippy knows only #[test] functions for tests"
)]

mod command_line;
mod contract;
mod doctor;
mod edit;
mod faults;
mod files;
mod host;
mod imports;
mod layers;
mod life;
mod messages;
mod obstacles;
mod register;
mod search;
mod site;
mod tags;
mod tidy;
mod torture;
mod transfer;
