//! url-notes: pages saved from the browser, kept in SQLite, read at localhost.
//!
//! One way through: browser → frame → request → handler → store → answer →
//! frame; and: address → route → store → page → response. Nothing flows back
//! up. `domain` does no I/O and imports nothing but `error`; `protocol`
//! imports nothing of ours; `store` is given a path, never the configuration;
//! the command line, the message handler and the site are three thin faces on
//! the same store and domain.

pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod error;
pub mod extension_registry;
mod fs_open;
#[cfg(test)]
mod fuzz;
pub mod handler;
pub mod logging;
pub mod messaging;
pub mod protocol;
pub mod registration;
pub mod site;
pub mod store;
pub mod transfer;
mod wire;
mod wiring;
