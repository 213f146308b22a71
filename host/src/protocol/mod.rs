//! The messages between extension and host: their only definition.
//!
//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), one request or answer in each native
//! messaging frame. Names on the wire are camelCase, error kinds snake_case. This module has types
//! and the parsing of the envelope. `handler.rs` carries requests out; `domain` validates values.
//!
//! The typings in `extension/protocol.d.ts` are generated from here (`cargo test` compares them;
//! `UPDATE_EXPECT=1 cargo test` writes them).

mod envelope;
mod error_kind;
mod feeds;
mod gists;
mod icons;
mod library;
mod links;
mod markdown;
mod messages;
mod search;
mod suggest;
mod sync;
mod tags;
mod texts;

pub use envelope::*;
pub use error_kind::*;
pub use feeds::*;
pub use gists::*;
pub use icons::*;
pub use library::*;
pub use links::*;
pub use markdown::*;
pub use messages::*;
pub use search::*;
pub use suggest::*;
pub use sync::*;
pub use tags::*;
pub use texts::*;

#[cfg(test)]
mod tests;
