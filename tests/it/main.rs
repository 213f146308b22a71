//! Tests of the real program, started as a browser or a shell starts it and used through its pipes
//! and its port.

#![allow(
    clippy::unwrap_used,
    reason = "all of this crate is a test; clippy knows only #[test] functions for tests"
)]

mod command_line;
mod contract;
mod dangling_links;
mod database_lifecycle;
mod dependencies;
mod devices;
mod doctor;
mod edit;
mod gists;
mod host;
mod icons;
mod implied_tags;
mod imports;
mod inbox;
mod layers;
mod links;
mod many_notes;
mod messages;
mod note_sync;
mod older_extension;
mod page_texts;
mod provoked_faults;
mod register;
mod search;
mod site;
mod static_site;
mod sync;
mod tags;
mod tidy;
mod titles;
mod torture;
mod transfer;
