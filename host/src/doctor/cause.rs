//! The known causes of "url-notes can't be reached", with their words, sentences and fixes. The
//! popup learns less from its browser; for the causes that it can distinguish it shows the same
//! sentences (`extension/background/diagnosis.js`, `_locales/en/messages.json`). Tests of both
//! sides read `tests/contract/causes.json`.

/// Why an extension doesn't reach its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There is no host manifest where the browser looks.
    NotRegistered,
    /// The host manifest is unusable.
    RegistrationDamaged,
    /// The host manifest doesn't allow the extension.
    NotAllowed,
    /// The host manifest names a program that doesn't exist.
    ProgramMissing,
    /// The host manifest names a program that the user may not execute.
    ProgramNotExecutable,
    /// The program exits without an answer.
    ProgramCrashed,
    /// The program's answer is invalid.
    ProgramGarbled,
    /// The program doesn't answer in time.
    ProgramSilent,
    /// The program's protocol is older than the extension's.
    HostTooOld,
    /// The program's protocol is newer than the extension's.
    HostTooNew,
}

/// Builds, installs and registers. To be run in the url-notes folder.
const INSTALL: &str = "./install.sh";

impl Cause {
    /// All causes.
    pub const ALL: [Self; 10] = [
        Self::NotRegistered,
        Self::RegistrationDamaged,
        Self::NotAllowed,
        Self::ProgramMissing,
        Self::ProgramNotExecutable,
        Self::ProgramCrashed,
        Self::ProgramGarbled,
        Self::ProgramSilent,
        Self::HostTooOld,
        Self::HostTooNew,
    ];

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Returns a sentence that says what is wrong.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.row().1
    }

    /// Returns the command that fixes it, to be run in the url-notes folder.
    #[must_use]
    pub fn fix(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotRegistered => (
                "not_registered",
                "url-notes isn't installed for this browser.",
                INSTALL,
            ),
            Self::RegistrationDamaged => (
                "registration_damaged",
                "The url-notes registration for this browser is damaged.",
                INSTALL,
            ),
            Self::NotAllowed => (
                "not_allowed",
                "The url-notes registration for this browser doesn't allow this extension.",
                INSTALL,
            ),
            Self::ProgramMissing => (
                "program_missing",
                "The url-notes program is missing.",
                INSTALL,
            ),
            Self::ProgramNotExecutable => (
                "program_not_executable",
                "The url-notes program can't be run.",
                INSTALL,
            ),
            Self::ProgramCrashed => (
                "program_crashed",
                "The url-notes program stopped unexpectedly.",
                INSTALL,
            ),
            Self::ProgramGarbled => (
                "program_garbled",
                "The url-notes program sent an invalid answer. It may be damaged or replaced by another program.",
                INSTALL,
            ),
            Self::ProgramSilent => (
                "program_silent",
                "The url-notes program is running but doesn't respond.",
                INSTALL,
            ),
            Self::HostTooOld => (
                "host_too_old",
                "The url-notes program is too old for this extension.",
                INSTALL,
            ),
            // The extension is loaded from the folder. A newer program means that the folder was
            // updated and the browser still runs the old extension.
            Self::HostTooNew => (
                "host_too_new",
                "This extension is too old for the url-notes program.",
                "git pull && ./install.sh",
            ),
        }
    }
}
