//! The one error of requests: what can go wrong between a question and its
//! answer, said as one sentence for the user, and its kind on the wire.
//! The error of the byte stream itself is `messaging::StreamError`.

use crate::protocol::{ErrorKind, ErrorObject};

/// Shorthand used by `domain`, `store` and `handler`.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request wasn't done. `Display` is a sentence that says what to do,
/// without SQL and without paths; the cause, where there is one, is the source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address, or none that can be saved.
    #[error("This address can't be saved: {0}.")]
    InvalidUrl(String),
    /// Not a tag.
    #[error("This can't be a tag: {0}.")]
    InvalidTag(String),
    /// An edit of a tag that no note has.
    #[error("No note has the tag \"{0}\".")]
    UnknownTag(String),
    /// A text over its limit.
    #[error("The {field} is too long: it takes {limit} at most.")]
    TooLarge {
        /// What the user calls the field.
        field: &'static str,
        /// The limit with its unit.
        limit: &'static str,
    },
    /// A parameter that has its type but no sense.
    #[error("{0}")]
    InvalidParams(String),
    /// No such note.
    #[error("This note doesn't exist. It may have been deleted permanently.")]
    NotFound,
    /// Restoring a note whose page was saved anew.
    #[error("This page was saved again. Delete its new note first, then restore the old one.")]
    Conflict,
    /// Another note has the page of a new address; its id.
    #[error("This page already has another note. Merge the two, or give another address.")]
    AddressTaken(i64),
    /// No such edit of many notes.
    #[error("This edit isn't known any more. Edits can be undone for 30 days.")]
    UnknownEdit,
    /// Not as many notes as the user was shown.
    #[error(
        "There are {found} notes now, not {expected}, so nothing was changed. Look at them again."
    )]
    SelectionChanged {
        /// As many as were shown.
        expected: u64,
        /// As many as there are.
        found: u64,
    },
    /// `opId` used twice for different things.
    #[error("This operation id was already used for another operation.")]
    OpIdReused,
    /// The extension speaks a protocol that this host doesn't.
    #[error(
        "The extension speaks protocol {theirs}, this host speaks {ours}. Update the older one of the two, then restart the browser."
    )]
    ProtocolUnsupported {
        /// What the extension said.
        theirs: u32,
        /// `protocol::PROTOCOL`.
        ours: u32,
    },
    /// The answer wouldn't fit the browser's limit.
    #[error("The response is longer than the browser accepts. Ask for fewer notes at a time.")]
    ResponseTooLarge,
    /// The computer's clock can't be right, so nothing is written with its date.
    #[error(
        "The clock of this computer shows the year {year}, so nothing was changed. Set the clock, then try again."
    )]
    ClockWrong {
        /// What it says.
        year: i16,
    },
    /// The store can't do it.
    #[error("{fault}")]
    Store {
        /// Which kind of trouble.
        fault: StoreFault,
        /// What SQLite or the system said; for the log.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A fault of this program.
    #[error(
        "url-notes failed because of a fault in the program. Nothing was changed. See the log for details."
    )]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The names of what a [`StoreFault`] is about.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Obstacle(pub String);

/// The known troubles of a database on somebody's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// ENOSPC, or the quota.
    #[error("The disk is full. Nothing was changed. Free up space and try again.")]
    Full,
    /// `user_version` is beyond the known migrations.
    #[error(
        "The notes were written by a newer version of url-notes. Nothing was changed. Update url-notes with ./install.sh."
    )]
    Newer,
    /// Locked for longer than the busy timeout.
    #[error("Another program is using the notes. Try again in a moment.")]
    Busy,
    /// Not a database, or malformed.
    #[error(
        "The notes can't be read: the file is damaged or not a database. Nothing was changed. To recover what can be read, run `url-notes check --repair` in a terminal."
    )]
    Broken,
    /// Another `application_id`.
    #[error(
        "The file at the path of the notes is another program's database. Nothing was changed. Move the file to another folder."
    )]
    Foreign,
    /// A pipe, a device or a folder with the name of a file that SQLite keeps.
    #[error(
        "A pipe, device or folder has the name of the notes' log or journal file. Nothing was changed. Move it to another folder."
    )]
    Beside,
    /// No permission, read-only file system, missing folder.
    #[error(
        "The notes can't be changed because their file or folder is read-only. Give yourself write access."
    )]
    Unwritable,
    /// A symbolic link whose target isn't there.
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
    /// A relative path, and the working folder was removed.
    #[error(
        "The current folder was removed, so the notes can't be found from there. Run url-notes in another folder."
    )]
    FolderGone,
    /// EIO.
    #[error("The disk reports an error. Nothing was changed. Check the disk.")]
    Io,
}

impl Error {
    /// A store fault without further details.
    #[must_use]
    pub fn store(fault: StoreFault) -> Self {
        Self::Store {
            fault,
            source: None,
        }
    }

    /// A fault of this program, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable word for it on the wire: the one place that maps.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidUrl(_) => ErrorKind::InvalidUrl,
            Self::InvalidTag(_) => ErrorKind::InvalidTag,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::InvalidParams(_) | Self::UnknownTag(_) => ErrorKind::InvalidParams,
            Self::NotFound | Self::UnknownEdit => ErrorKind::NotFound,
            Self::Conflict => ErrorKind::Conflict,
            Self::OpIdReused => ErrorKind::OpIdReused,
            Self::AddressTaken(_) => ErrorKind::AddressTaken,
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

    /// The error as it goes over the wire.
    #[must_use]
    pub fn to_wire(&self) -> ErrorObject {
        ErrorObject::new(self.kind(), self.to_string())
    }

    /// What is in the way, by its names: for who sits at this computer, never for the wire.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        let source = std::error::Error::source(self)?;
        source.downcast_ref().map(|Obstacle(names)| names.clone())
    }

    /// The sentence and its chain of causes on one line, for the log.
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
