//! The part of url-notes that uses the network, only when asked: feeds and links.
//!
//! The program that browsers start doesn't contain this crate, so it has no HTTP client, no TLS and
//! no resolver. `fetch` has the rules that hold for every request. `feed` reads feeds, `page_text`
//! reads pages and `links` judges answers; they know nothing of the network. `cli` is the program `url-notes-net`, which
//! `url-notes` executes.

pub mod cli;
mod encoding;
pub mod feed;
pub mod fetch;
#[cfg(test)]
#[path = "../../host/src/fuzz.rs"]
mod fuzz;
pub mod links;
pub mod model;
pub mod page_text;
#[cfg(test)]
#[path = "../../tests/net/server.rs"]
mod test_server;
mod wall;
