//! Why a request is refused: the stable kinds, their codes, and the JSON-RPC error object.

use serde::{Deserialize, Serialize};

/// Why a request wasn't done. The extension branches on this word alone.
/// Append-only: a kind keeps its name and its code for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The frame isn't JSON in UTF-8, or holds a lone surrogate.
    ParseError,
    /// JSON, but no JSON-RPC 2.0 request with an id.
    InvalidRequest,
    /// No such method.
    UnknownMethod,
    /// A parameter is missing or of the wrong type.
    InvalidParams,
    /// A fault of the host itself; the log knows more.
    Internal,
    /// Not an address that can be saved.
    InvalidUrl,
    /// Empty, too long, or with a comma or a control character.
    InvalidTag,
    /// A text is longer than its field takes.
    TooLarge,
    /// No note has this id.
    NotFound,
    /// The page was saved anew meanwhile, so the old note can't come back.
    Conflict,
    /// The disk is full.
    StoreFull,
    /// The database was written by a newer version.
    StoreNewer,
    /// Another program holds the database for too long.
    StoreBusy,
    /// The file is no database, or a damaged one.
    StoreBroken,
    /// The folder or the file can't be written.
    StoreUnwritable,
    /// The disk reports an error.
    StoreIo,
    /// The frame is longer than [`MAX_REQUEST_BYTES`].
    FrameTooLarge,
    /// The answer would be longer than [`MAX_RESPONSE_BYTES`].
    ResponseTooLarge,
    /// `hello` with a protocol that this host doesn't speak.
    ProtocolUnsupported,
    /// The `opId` was used for another method before.
    OpIdReused,
    /// The stream ended inside a frame.
    FrameCutShort,
    /// The computer's clock is outside the years 1970 to 2200.
    ClockWrong,
    /// The page of a new address has another note.
    AddressTaken,
    /// There are more or fewer notes than the user was shown.
    SelectionChanged,
}

impl ErrorKind {
    /// The JSON-RPC code of the kind.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest => -32600,
            Self::UnknownMethod => -32601,
            Self::InvalidParams => -32602,
            Self::Internal => -32603,
            Self::InvalidUrl => -32000,
            Self::InvalidTag => -32001,
            Self::TooLarge => -32002,
            Self::NotFound => -32003,
            Self::Conflict => -32004,
            Self::StoreFull => -32005,
            Self::StoreNewer => -32006,
            Self::StoreBusy => -32007,
            Self::StoreBroken => -32008,
            Self::StoreUnwritable => -32009,
            Self::StoreIo => -32010,
            Self::FrameTooLarge => -32011,
            Self::ResponseTooLarge => -32012,
            Self::ProtocolUnsupported => -32013,
            Self::OpIdReused => -32014,
            Self::FrameCutShort => -32015,
            Self::ClockWrong => -32016,
            Self::AddressTaken => -32017,
            Self::SelectionChanged => -32018,
        }
    }
}

/// The `error` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorObject {
    /// JSON-RPC code.
    pub code: i32,
    /// One sentence for the user that says what to do.
    pub message: String,
    /// What programs branch on.
    pub data: ErrorData,
}

/// `error.data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorData {
    /// Stable word for the cause.
    pub kind: ErrorKind,
}

impl ErrorObject {
    /// An error of `kind` with its code and the sentence for the user.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            code: kind.code(),
            message: message.into(),
            data: ErrorData { kind },
        }
    }
}
