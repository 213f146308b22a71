//! The known causes of "url-notes can't be reached", their words and their cures: the
//! one table of them. The popup, which learns less from its browser, says the same of
//! what it can tell apart (`extension/background/diagnosis.js`, `_locales/en/messages.json`);
//! `tests/contract/causes.json` is read by the tests of both sides.

/// Why an extension doesn't reach its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There is no host manifest where the browser looks.
    NotRegistered,
    /// There is one that the browser can't use.
    RegistrationDamaged,
    /// There is one that doesn't name the extension.
    NotAllowed,
    /// It names a program that isn't there.
    ProgramMissing,
    /// It names a program that the user may not execute.
    ProgramNotExecutable,
    /// The program ends without an answer.
    ProgramCrashed,
    /// What it answers is no answer.
    ProgramGarbled,
    /// It doesn't answer in time.
    ProgramSilent,
    /// It speaks an older protocol than the extension.
    HostTooOld,
    /// It speaks a newer one.
    HostTooNew,
}

/// The command that builds, installs and registers; to be run in the url-notes folder.
const INSTALL: &str = "./install.sh";

impl Cause {
    /// All there are.
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

    /// A stable word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What is wrong, as a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.row().1
    }

    /// The command that mends it, to be run in the url-notes folder.
    #[must_use]
    pub fn cure(self) -> &'static str {
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
            // The extension is loaded from the folder: a newer program means that the
            // folder was updated and the browser still runs the extension of before.
            Self::HostTooNew => (
                "host_too_new",
                "This extension is too old for the url-notes program.",
                "git pull && ./install.sh",
            ),
        }
    }
}
