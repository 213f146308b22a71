//! What is known of whether the page of a note is still there.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::domain::{public_address::is_public_page, secrets::without_user_info};

/// What is said of a page after some checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkVerdict {
    /// It is there, as far as anybody knows.
    Ok,
    /// It is at another address for good.
    Moved,
    /// It isn't there any more: missing twice, a week apart.
    Gone,
    /// Its host answers with something else.
    Soft,
    /// Its host didn't answer three times, over at least a week.
    Unreachable,
    /// Its host shuts programs out. That says nothing of the page.
    Walled,
}

impl LinkVerdict {
    /// All verdicts with their names. The position is the number in the database.
    const ALL: [(Self, &'static str); 6] = [
        (Self::Ok, "ok"),
        (Self::Moved, "moved"),
        (Self::Gone, "gone"),
        (Self::Soft, "soft"),
        (Self::Unreachable, "unreachable"),
        (Self::Walled, "walled"),
    ];

    /// Returns the name, as in JSON and in `is:gone`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(verdict, _)| *verdict == self);
        found.map_or("", |(_, name)| name)
    }

    /// Returns the verdict with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(verdict, _)| *verdict)
    }

    pub(crate) fn number(self) -> i64 {
        (0_i64..)
            .zip(Self::ALL)
            .find(|(_, (verdict, _))| *verdict == self)
            .map_or(0, |(number, _)| number)
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let at = usize::try_from(number).ok()?;
        Self::ALL.get(at).map(|(verdict, _)| *verdict)
    }
}

/// Checks in a row that failed in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkFailures {
    /// When the page began to be missing or its host to be down.
    pub since: Timestamp,
    /// When the last counted check was.
    pub last: Timestamp,
    /// How many checks failed since then.
    pub count: u32,
    /// Whether the page is missing, and not its host down.
    pub is_missing: bool,
}

/// What the checks of a note's page found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is said of the page.
    pub verdict: LinkVerdict,
    /// When the page was last asked for.
    pub checked_at: Timestamp,
    /// The status code of the last answer; `None` if there was none.
    pub status: Option<u16>,
    /// Where a moved page is. Has no user name and no password.
    pub final_url: Option<String>,
    /// The failures that led to the verdict, or that may lead to another one.
    pub failures: Option<LinkFailures>,
    /// A copy at the Wayback Machine, if it was asked for one.
    pub archive_url: Option<String>,
}

impl Link {
    /// Returns since when the verdict is known to hold: for a failing page, since the first
    /// failure; otherwise since the last check.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match (self.verdict, self.failures) {
            (LinkVerdict::Gone | LinkVerdict::Unreachable, Some(failures)) => failures.since,
            _ => self.checked_at,
        }
    }

    /// Returns whether the page may be lost: it is gone, replaced, or its host is.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(
            self.verdict,
            LinkVerdict::Gone | LinkVerdict::Soft | LinkVerdict::Unreachable
        )
    }

    /// Returns the address of the copy at the Wayback Machine (`web.archive.org`): the one that it
    /// named, or else the one nearest to `saved_at`, which it finds by itself. Nothing is asked for.
    /// `None` if the page isn't public, so that there is no copy, and a click would reveal its address.
    #[must_use]
    pub fn copy_of(&self, url: &str, saved_at: Timestamp) -> Option<String> {
        match &self.archive_url {
            Some(archive) => Some(archive.clone()),
            None => is_public_page(url).then(|| archived_copy(url, saved_at)),
        }
    }
}

/// Returns the address at which the Wayback Machine has the copy of a page nearest to a moment:
/// `/web/YYYYMMDDhhmmss/URL`, in UTC. User name and password are left out.
#[must_use]
pub fn archived_copy(url: &str, moment: Timestamp) -> String {
    let url: Cow<'_, str> = without_user_info(url);
    let url = url.split('#').next().unwrap_or_default();
    format!(
        "https://web.archive.org/web/{}/{url}",
        moment.strftime("%Y%m%d%H%M%S")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_a_name_and_a_number_of_its_own() {
        for (number, (verdict, name)) in (0_i64..).zip(LinkVerdict::ALL) {
            assert_eq!(verdict.number(), number);
            assert_eq!(verdict.name(), name);
            assert_eq!(LinkVerdict::from_number(number), Some(verdict));
            assert_eq!(LinkVerdict::of_name(name), Some(verdict));
        }
        assert_eq!(LinkVerdict::from_number(6), None);
        assert_eq!(LinkVerdict::from_number(-1), None);
    }

    #[test]
    fn the_copy_is_of_the_day_of_the_save_and_has_no_password() {
        let moment: Timestamp = "2026-05-03T04:05:06.7Z".parse().unwrap();
        for (url, copy) in [
            (
                "https://e.org/a?b=c#d",
                "https://web.archive.org/web/20260503040506/https://e.org/a?b=c",
            ),
            (
                "https://me:secret@e.org/a",
                "https://web.archive.org/web/20260503040506/https://e.org/a",
            ),
        ] {
            assert_eq!(archived_copy(url, moment), copy);
        }
    }
}
