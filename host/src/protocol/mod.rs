//! The messages between extension and host: the one definition.
//!
//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), one request or
//! answer in each native messaging frame. Wire names are camelCase, error
//! kinds snake_case. This module holds types and the parsing of the envelope;
//! what a request *does* is `handler.rs`, what a value *may be* is `domain`.
//!
//! The typings in `extension/protocol.d.ts` are generated from here
//! (`cargo test` compares them; `UPDATE_EXPECT=1 cargo test` writes them).

mod envelope;
mod error_kind;
mod library;
mod markdown;
mod messages;
mod search;

pub use envelope::*;
pub use error_kind::*;
pub use library::*;
pub use markdown::*;
pub use messages::*;
pub use search::*;

#[cfg(test)]
mod tests;
