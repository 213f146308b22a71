//! What stands in front of a page: a login, a question for consent, a test for programs. Judged by
//! addresses and titles alone.

use url::Url;

/// What a visitor has to do first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wall {
    /// Log in.
    Login,
    /// Show that it isn't a program.
    Challenge,
    /// Agree to something.
    Consent,
}

/// Beginnings of titles, in lower case.
const TITLES: &[(Wall, &[&str])] = &[
    (
        Wall::Challenge,
        &[
            "access denied",
            "are you a robot",
            "attention required",
            "bot verification",
            "captcha",
            "checking your browser",
            "client challenge",
            "ddos-guard",
            "just a moment",
            "one more step",
            "please wait",
            "robot check",
            "security check",
            "verify you are human",
        ],
    ),
    (Wall::Login, &["log in", "sign in"]),
    (Wall::Consent, &["before you continue"]),
];

/// Parts of paths.
const PATHS: &[(Wall, &[&str])] = &[
    (Wall::Challenge, &["challenge"]),
    (Wall::Login, &["auth", "login", "signin", "sign-in", "sso"]),
    (Wall::Consent, &["consent"]),
];

/// Returns what a page with this title at `end` wants first, if `asked` was asked for.
pub(crate) fn wall(asked: &Url, end: &Url, title: &str) -> Option<Wall> {
    let title = title.to_lowercase();
    let by_title = TITLES
        .iter()
        .find(|(_, titles)| titles.iter().any(|wall| title.starts_with(wall)));
    let has = |url: &Url, paths: &[&str]| {
        let mut words = url.path().split(['/', '.', '_']);
        words.any(|word| paths.contains(&word.to_ascii_lowercase().as_str()))
    };
    // A page about logins has the word in its own address.
    let is_wall_before = PATHS.iter().any(|(_, paths)| has(asked, paths));
    let by_path = PATHS
        .iter()
        .find(|(_, paths)| !is_wall_before && has(end, paths));
    by_title.or(by_path).map(|(wall, _)| *wall)
}
