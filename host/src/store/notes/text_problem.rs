//! Why pages give no text when they are downloaded.

/// Why the last attempt to download the text of a page failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextProblem {
    /// No server answered: its name isn't known, or no connection was possible.
    Unreachable,
    /// The server refused (such as 403).
    Refused,
    /// The server asked to wait (429, 503).
    Busy,
    /// The page isn't there: 404, 410, or a page that says so.
    NotFound,
    /// The connection isn't secure.
    Tls,
    /// The page is too long.
    TooLarge,
    /// The address leads into a private network, and that isn't allowed.
    PrivateAddress,
    /// The server reports a fault of its own (5xx).
    ServerError,
    /// The answer took too long.
    TooSlow,
    /// The server redirects too often, in a circle, or to an address that isn't followed.
    Redirects,
    /// The server's answer breaks the rules of HTTP.
    Malformed,
    /// What is at the address has no text that can be read: an image, a film, an archive.
    WrongType,
    /// A PDF.
    Pdf,
    /// The address leads to another page by now.
    OtherPage,
    /// The page asks for a login.
    Login,
    /// The page wants to know whether a person visits it.
    Challenge,
    /// The page asks for consent first.
    Consent,
    /// The page is empty until its scripts have run.
    Scripts,
    /// The page has hardly any words.
    NoText,
    /// robots.txt of the host doesn't allow it.
    Robots,
    /// The user removed the text that the page gave.
    Removed,
}

impl TextProblem {
    /// Numbers and words never change: databases and scripts have them.
    const ALL: [(Self, i64, &str, &str); 21] = [
        (
            Self::Unreachable,
            1,
            "unreachable",
            "The server can't be reached.",
        ),
        (Self::Refused, 2, "refused", "The server refuses access."),
        (
            Self::Busy,
            3,
            "busy",
            "The server is busy and asks to wait.",
        ),
        (
            Self::NotFound,
            4,
            "not_found",
            "The page isn't there any more.",
        ),
        (
            Self::Tls,
            5,
            "tls",
            "The server's certificate isn't valid, so the connection isn't secure.",
        ),
        (Self::TooLarge, 6, "too_large", "The page is too large."),
        (
            Self::PrivateAddress,
            7,
            "private_address",
            "The address leads into a private network. To allow that, use --allow-private HOST.",
        ),
        (
            Self::ServerError,
            8,
            "server_error",
            "The server has a fault.",
        ),
        (
            Self::TooSlow,
            9,
            "too_slow",
            "The server takes too long to answer.",
        ),
        (
            Self::Redirects,
            10,
            "redirects",
            "The server redirects too often, or to an address that isn't followed.",
        ),
        (
            Self::Malformed,
            11,
            "malformed",
            "The server's answer can't be understood.",
        ),
        (
            Self::WrongType,
            12,
            "wrong_type",
            "There is no page at the address, but an image, a film or another file.",
        ),
        (
            Self::Pdf,
            13,
            "pdf",
            "It is a PDF. Download it and use `url-notes text add`.",
        ),
        (
            Self::OtherPage,
            14,
            "other_page",
            "The address leads to another page now.",
        ),
        (Self::Login, 15, "login", "The page asks for a login."),
        (
            Self::Challenge,
            16,
            "challenge",
            "The page lets only people in, not programs.",
        ),
        (
            Self::Consent,
            17,
            "consent",
            "The page asks for consent first.",
        ),
        (
            Self::Scripts,
            18,
            "scripts",
            "The page is empty until its scripts run, which only a browser does.",
        ),
        (Self::NoText, 19, "no_text", "The page has hardly any text."),
        (
            Self::Robots,
            20,
            "robots",
            "The web site doesn't allow programs to fetch this page (robots.txt).",
        ),
        (
            Self::Removed,
            21,
            "removed",
            "You removed its text, so it isn't downloaded again.",
        ),
    ];

    pub(in crate::store) fn number(self) -> i64 {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or(1, |(_, number, ..)| *number)
    }

    pub(in crate::store) fn from_number(number: i64) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known, ..)| *known == number);
        found.map(|(problem, ..)| *problem)
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or("unreachable", |(_, _, name, _)| *name)
    }

    /// Returns a sentence for the user.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or("The page can't be fetched.", |(.., sentence)| *sentence)
    }

    /// Returns whether it may be over within hours.
    pub(super) fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Busy | Self::ServerError | Self::TooSlow | Self::Malformed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_a_number_and_a_word_of_its_own() {
        for (at, (problem, number, name, _)) in TextProblem::ALL.iter().enumerate() {
            assert_eq!(problem.number(), *number);
            assert_eq!(TextProblem::from_number(*number), Some(*problem));
            assert!(
                !TextProblem::ALL[..at]
                    .iter()
                    .any(|(_, _, other, _)| other == name)
            );
        }
        assert_eq!(TextProblem::from_number(0), None);
    }
}
