//! url-notes saves pages from the browser in SQLite and shows them on a local site.
//!
//! Data flows one way: browser → frame → request → handler → store → answer → frame, and address →
//! route → store → page → response. Imports never point back up. `domain` does no I/O and imports
//! only `error`; `protocol` imports no other module of this crate; `store` receives a path, never
//! the configuration. The command line, the message handler and the site are three thin layers on
//! the same store and domain.

pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod error;
pub mod extension_registry;
#[cfg(test)]
mod fuzz;
pub mod handler;
pub mod logging;
pub mod mcp;
pub mod messaging;
pub mod platform;
pub mod protocol;
pub mod registration;
pub mod site;
pub mod store;
pub mod sync;
pub mod transfer;
mod wire;
mod wiring;
