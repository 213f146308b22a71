//! Why a request is refused: stable kinds, their codes, and the JSON-RPC error object.

use serde::{Deserialize, Serialize};

/// Why a request was refused. The extension branches only on this word. Append-only: the name and
/// the code of a kind never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The frame isn't JSON in UTF-8, or contains a lone surrogate.
    ParseError,
    /// The frame is JSON, but not a JSON-RPC 2.0 request with an id.
    InvalidRequest,
    /// There is no such method.
    UnknownMethod,
    /// A parameter is missing or of the wrong type.
    InvalidParams,
    /// A bug in the host. The log has details.
    Internal,
    /// The URL is invalid or can't be saved.
    InvalidUrl,
    /// The tag is empty or too long, or contains a comma or a control character.
    InvalidTag,
    /// A text is longer than its limit.
    TooLarge,
    /// There is no note with this id.
    NotFound,
    /// The page was saved again, so the old note can't be restored.
    Conflict,
    /// The disk is full.
    StoreFull,
    /// The database was written by a newer version.
    StoreNewer,
    /// Another program has locked the database for too long.
    StoreBusy,
    /// The file is damaged or not a database.
    StoreBroken,
    /// The folder or the file isn't writable.
    StoreUnwritable,
    /// The disk reports an error.
    StoreIo,
    /// The frame is longer than [`MAX_REQUEST_BYTES`].
    FrameTooLarge,
    /// The answer would be longer than [`MAX_RESPONSE_BYTES`].
    ResponseTooLarge,
    /// The protocol version in `hello` isn't supported by this host.
    ProtocolUnsupported,
    /// The `opId` was already used for another method.
    OpIdReused,
    /// The stream ended inside a frame.
    FrameCutShort,
    /// The computer's clock is outside the years 1970 to 2200.
    ClockWrong,
    /// The page of a new address has another note.
    AddressTaken,
    /// There are more or fewer notes than the user was shown.
    SelectionChanged,
    /// The value isn't one of the note's conflicts any more.
    SettledAlready,
}

impl ErrorKind {
    /// Returns the JSON-RPC code.
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
            Self::SettledAlready => -32019,
        }
    }
}

/// The `error` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorObject {
    /// The JSON-RPC code.
    pub code: i32,
    /// One sentence for the user that says what to do.
    pub message: String,
    /// Data for programs.
    pub data: ErrorData,
}

/// `error.data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorData {
    /// A stable word for the cause.
    pub kind: ErrorKind,
}

impl ErrorObject {
    /// Creates an error of `kind` with its code and a sentence for the user.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            code: kind.code(),
            message: message.into(),
            data: ErrorData { kind },
        }
    }
}
