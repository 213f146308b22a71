//! The error type of requests: a sentence for the user and a stable kind for the wire. Errors of
//! the byte stream are `messaging::StreamError`.

use crate::protocol::{ErrorKind, ErrorObject};

/// The result type of `domain`, `store` and `handler`.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed. `Display` is a sentence that says what to do, without SQL and without
/// paths. The underlying cause, if any, is the error's source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text isn't a URL, or its URL can't be saved.
    #[error("This address can't be saved: {0}.")]
    InvalidUrl(String),
    /// The text isn't a valid tag.
    #[error("This can't be a tag: {0}.")]
    InvalidTag(String),
    /// An edit names a tag that no note has.
    #[error("No note has the tag \"{0}\".")]
    UnknownTag(String),
    /// A text is longer than its limit.
    #[error("The {field} is too long: it takes {limit} at most.")]
    TooLarge {
        /// The field's name, as the user knows it.
        field: &'static str,
        /// The limit with its unit.
        limit: &'static str,
    },
    /// A parameter has the right type but an invalid value.
    #[error("{0}")]
    InvalidParams(String),
    /// There is no such note.
    #[error("This note doesn't exist. It may have been deleted permanently.")]
    NotFound,
    /// There is no such feed, or it was removed.
    #[error("There is no such feed. To list the feeds, run `url-notes feed list`.")]
    UnknownFeed,
    /// The inbox doesn't have the page any more: it was kept, skipped or too old.
    #[error("This page isn't in the inbox any more.")]
    UnknownArrival,
    /// A note can't be restored because its page was saved again.
    #[error("This page was saved again. Delete its new note first, then restore the old one.")]
    Conflict,
    /// The page of the new address already has a note, which has this id.
    #[error("This page already has another note. Merge the two notes, or use another address.")]
    AddressTaken(i64),
    /// A value of another device isn't one of a note's conflicts any more.
    #[error("This choice was made already, here or on another device. Look at the note again.")]
    SettledAlready,
    /// There is no such edit of many notes, or its record was deleted.
    #[error("This edit is unknown or too old. Edits can be undone for 30 days.")]
    UnknownEdit,
    /// The number of selected notes isn't the one that the user saw.
    #[error(
        "There are now {found} notes instead of {expected}, so nothing was changed. Check them again."
    )]
    SelectionChanged {
        /// The number that the user saw.
        expected: u64,
        /// The current number.
        found: u64,
    },
    /// `opId` used twice for different things.
    #[error("This operation id was already used for another operation.")]
    OpIdReused,
    /// The extension uses a protocol version that this host doesn't support.
    #[error(
        "The extension speaks protocol {theirs}, this host speaks {ours}. Update the older one of the two, then restart the browser."
    )]
    ProtocolUnsupported {
        /// The extension's protocol version.
        theirs: u32,
        /// `protocol::PROTOCOL`.
        ours: u32,
    },
    /// The response exceeds the browser's size limit.
    #[error("The response is longer than the browser accepts. Ask for fewer notes at a time.")]
    ResponseTooLarge,
    /// The computer's clock is implausible, so nothing is written with its date.
    #[error(
        "The clock of this computer shows the year {year}, so nothing was changed. Set the clock, then try again."
    )]
    ClockWrong {
        /// The year that the clock shows.
        year: i16,
    },
    /// The store failed.
    #[error("{fault}")]
    Store {
        /// The kind of fault.
        fault: StoreFault,
        /// The error of SQLite or of the system, for the log.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A bug in this program.
    #[error(
        "url-notes failed because of a fault in the program. Nothing was changed. See the log for details."
    )]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The names of the files that a [`StoreFault`] is about.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Obstacle(pub String);

/// The known faults of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// ENOSPC, or the quota is used up.
    #[error("The disk is full. Nothing was changed. Free up space and try again.")]
    Full,
    /// `user_version` is newer than the known migrations.
    #[error(
        "The notes were written by a newer version of url-notes. Nothing was changed. Install the newest version of url-notes."
    )]
    Newer,
    /// The database stayed locked for longer than the busy timeout.
    #[error("Another program is using the notes. Try again in a moment.")]
    Busy,
    /// The file isn't a database, or it is malformed.
    #[error(
        "The notes can't be read: the file is damaged or not a database. Nothing was changed. To recover what can be read, run `url-notes check --repair` in a terminal."
    )]
    Broken,
    /// The file has another `application_id`.
    #[error(
        "The file at the path of the notes is another program's database. Nothing was changed. Move the file to another folder."
    )]
    Foreign,
    /// A pipe, a device or a folder has the name of one of SQLite's side files.
    #[error(
        "A pipe, device or folder has the name of the notes' log or journal file. Nothing was changed. Move it to another folder."
    )]
    Beside,
    /// No permission, a read-only file system, or a missing folder.
    #[error(
        "The notes can't be changed because their file or folder is read-only. Give yourself write access."
    )]
    Unwritable,
    /// A symbolic link has no target.
    #[error(
        "A link in the path of the notes leads to a file or folder that doesn't exist, perhaps on a disk that isn't mounted. Mount the disk, or fix the link."
    )]
    LinkToNothing,
    /// ELOOP.
    #[error("A link in the path of the notes leads back to itself. Fix the link.")]
    LinkLoop,
    /// ENOTDIR.
    #[error("The path of the notes contains a file where a folder should be. Move the file away.")]
    NoFolder,
    /// The path is relative, and the working folder was removed.
    #[error(
        "The current folder was removed, so the notes can't be found from there. Run url-notes in another folder."
    )]
    FolderGone,
    /// EIO.
    #[error("The disk reports an error. Nothing was changed. Check the disk.")]
    Io,
}

impl Error {
    /// Returns a store fault without a source.
    #[must_use]
    pub fn store(fault: StoreFault) -> Self {
        Self::Store {
            fault,
            source: None,
        }
    }

    /// Returns an internal error with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the error's kind on the wire. This is the only place that maps errors to kinds.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidUrl(_) => ErrorKind::InvalidUrl,
            Self::InvalidTag(_) => ErrorKind::InvalidTag,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::InvalidParams(_) | Self::UnknownTag(_) => ErrorKind::InvalidParams,
            Self::NotFound | Self::UnknownEdit | Self::UnknownFeed | Self::UnknownArrival => {
                ErrorKind::NotFound
            }
            Self::Conflict => ErrorKind::Conflict,
            Self::OpIdReused => ErrorKind::OpIdReused,
            Self::AddressTaken(_) => ErrorKind::AddressTaken,
            Self::SettledAlready => ErrorKind::SettledAlready,
            Self::SelectionChanged { .. } => ErrorKind::SelectionChanged,
            Self::ProtocolUnsupported { .. } => ErrorKind::ProtocolUnsupported,
            Self::ResponseTooLarge => ErrorKind::ResponseTooLarge,
            Self::ClockWrong { .. } => ErrorKind::ClockWrong,
            Self::Store { fault, .. } => match fault {
                StoreFault::Full => ErrorKind::StoreFull,
                StoreFault::Newer => ErrorKind::StoreNewer,
                StoreFault::Busy => ErrorKind::StoreBusy,
                StoreFault::Broken | StoreFault::Foreign | StoreFault::Beside => {
                    ErrorKind::StoreBroken
                }
                StoreFault::Unwritable
                | StoreFault::LinkToNothing
                | StoreFault::LinkLoop
                | StoreFault::NoFolder
                | StoreFault::FolderGone => ErrorKind::StoreUnwritable,
                StoreFault::Io => ErrorKind::StoreIo,
            },
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Converts the error to its form on the wire.
    #[must_use]
    pub fn to_wire(&self) -> ErrorObject {
        ErrorObject::new(self.kind(), self.to_string())
    }

    /// Returns the names of the files in the way. For the user of this computer only, never for the
    /// wire.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        let source = std::error::Error::source(self)?;
        source.downcast_ref().map(|Obstacle(names)| names.clone())
    }

    /// Returns the sentence and its chain of causes on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(" / ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
