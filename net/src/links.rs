//! Whether a saved page is still there, judged by what its host answers. Pure: asks nothing and
//! stores nothing.
//!
//! A page is called dead only on strong evidence, since hosts shut programs out, are down for a day,
//! or answer a missing page with status 200.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use url::Url;
use url_notes::domain::PageUrl;

/// Least time between the first and the last answer 404 before a page is gone.
const GONE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Checks without an answer before a page is unreachable.
const DOWN_CHECKS: u32 = 3;
/// Time within which these checks are. An older failure is forgotten.
const DOWN_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Checks that follow each other sooner are one.
const CHECKS_APART: SignedDuration = SignedDuration::from_hours(20);
/// Words of a shingle.
const SHINGLE_WORDS: usize = 4;
/// Texts with fewer words aren't compared.
const MIN_WORDS: usize = 30;
/// Share of shingles from which two pages are the same.
const SAME: f64 = 0.9;
/// Share of shingles below which a page has nothing of its kept text.
const NOTHING_OF_IT: f64 = 0.1;
/// Share of shingles from which a page at another address has the kept text.
const MOST_OF_IT: f64 = 0.5;

/// What a host answered.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// Where it came from, after all redirects.
    pub url: &'a Url,
    /// Where permanent redirects led.
    pub moved_to: Option<&'a Url>,
    /// The page's title as text.
    pub title: &'a str,
    /// The page's text, as far as it was read.
    pub text: &'a str,
}

/// What one check of a page found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is there.
    There,
    /// It is there, at another address for good.
    Moved(Url),
    /// Its host says that it isn't there (404, 410).
    Missing,
    /// Its host answers with something else, as if it were the page.
    Replaced,
    /// Its host shuts programs out, asks for a login or to wait.
    Walled,
    /// Its host doesn't answer, or has a fault.
    Down,
}

/// What is said of a page after some checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is there.
    Ok,
    /// It is at another address for good.
    Moved,
    /// It isn't there any more: missing twice, a week apart.
    Gone,
    /// Its host answers with something else.
    Soft,
    /// Its host didn't answer three times within two weeks.
    Unreachable,
    /// Its host shuts programs out. That says nothing of the page.
    Walled,
}

/// What is kept of the checks of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The last verdict.
    pub verdict: Verdict,
    /// When the page began to be missing or its host to be down.
    pub failing_since: Option<Timestamp>,
    /// Checks since then that failed in the same way.
    pub failures: u32,
    /// When the last of them was.
    pub failed_at: Option<Timestamp>,
    /// Whether it is missing, and not its host down.
    pub is_missing: bool,
}

/// Judges one answer. `kept` is the text that was kept with the note. `made_up` is the answer of the
/// same host to an address that cannot be there. `None` as the answer is no answer.
#[must_use]
pub fn finding(
    url: &Url,
    kept: Option<&str>,
    answer: Option<&Answer<'_>>,
    made_up: Option<&Answer<'_>>,
) -> Finding {
    let Some(answer) = answer else {
        return Finding::Down;
    };
    match answer.status {
        200..=299 => {}
        404 | 410 => return Finding::Missing,
        401 | 402 | 403 | 407 | 429 | 451 | 503 => return Finding::Walled,
        500.. | 408 | 425 => return Finding::Down,
        // A fault of ours, or a redirect without a target.
        _ => return Finding::Walled,
    }
    if is_wall(url, answer) {
        return Finding::Walled;
    }
    let share = kept.and_then(|kept| shared(kept, answer.text));
    let signs = [
        ends_elsewhere(url, answer.url),
        says_missing(answer.title),
        made_up.is_some_and(|made_up| is_same(answer, made_up)),
        share.is_some_and(|share| share < NOTHING_OF_IT),
    ];
    if signs.iter().filter(|sign| **sign).count() >= 2 {
        return Finding::Replaced;
    }
    match answer.moved_to {
        Some(target)
            if is_other_page(url, target)
                && !signs[0]
                && !signs[1]
                && share.is_none_or(|share| share >= MOST_OF_IT) =>
        {
            Finding::Moved(target.clone())
        }
        _ => Finding::There,
    }
}

/// Adds a finding to what is known of a page.
#[must_use]
pub fn judged(history: Option<&History>, finding: &Finding, now: Timestamp) -> History {
    let before = history.map_or(Verdict::Ok, |history| history.verdict);
    let plain = |verdict| History {
        verdict,
        failing_since: None,
        failures: 0,
        failed_at: None,
        is_missing: false,
    };
    let is_missing = match finding {
        Finding::There => return plain(Verdict::Ok),
        Finding::Moved(_) => return plain(Verdict::Moved),
        Finding::Replaced => return plain(Verdict::Soft),
        Finding::Walled => return plain(Verdict::Walled),
        Finding::Missing => true,
        Finding::Down => false,
    };
    let first = History {
        failing_since: Some(now),
        failures: 1,
        failed_at: Some(now),
        is_missing,
        ..plain(before)
    };
    let same = history.filter(|history| history.is_missing == is_missing && history.failures > 0);
    let Some((same, since, last)) =
        same.and_then(|same| Some((same, same.failing_since?, same.failed_at?)))
    else {
        return first;
    };
    let is_new = now.duration_since(last) >= CHECKS_APART;
    let next = History {
        failures: same.failures.saturating_add(u32::from(is_new)),
        failed_at: Some(if is_new { now } else { last }),
        ..*same
    };
    let lasts = now.duration_since(since);
    match is_missing {
        true if lasts >= GONE_AFTER => History {
            verdict: Verdict::Gone,
            ..next
        },
        false if next.verdict != Verdict::Unreachable && lasts > DOWN_WITHIN => first,
        false if next.failures >= DOWN_CHECKS => History {
            verdict: Verdict::Unreachable,
            ..next
        },
        _ => next,
    }
}

/// Returns whether a page asks who visits it, or whether a program does.
fn is_wall(url: &Url, answer: &Answer<'_>) -> bool {
    const TITLES: &[&str] = &[
        "access denied",
        "are you a robot",
        "attention required",
        "before you continue",
        "bot verification",
        "captcha",
        "checking your browser",
        "client challenge",
        "ddos-guard",
        "just a moment",
        "log in",
        "one more step",
        "please wait",
        "robot check",
        "security check",
        "sign in",
        "verify you are human",
    ];
    const PATHS: &[&str] = &[
        "auth",
        "challenge",
        "consent",
        "login",
        "signin",
        "sign-in",
        "sso",
    ];
    let title = answer.title.to_lowercase();
    let has = |url: &Url| {
        let mut words = url.path().split(['/', '.', '_']);
        words.any(|word| PATHS.contains(&word.to_ascii_lowercase().as_str()))
    };
    TITLES.iter().any(|wall| title.starts_with(wall)) || has(answer.url) && !has(url)
}

/// Returns whether an answer is from the front page or a page for errors, which wasn't asked for.
pub(crate) fn ends_elsewhere(url: &Url, end: &Url) -> bool {
    const ERRORS: &[&str] = &[
        "404",
        "410",
        "error",
        "errors",
        "missing",
        "not-found",
        "not_found",
        "notfound",
        "page-not-found",
        "pagenotfound",
    ];
    let is_front = |url: &Url| url.path() == "/" && url.query().is_none();
    let is_error = |url: &Url| {
        let mut parts = url.path().split('/');
        parts.any(|part| {
            let name = part.split('.').next().unwrap_or_default();
            ERRORS.contains(&name.to_ascii_lowercase().as_str())
        })
    };
    is_front(end) && !is_front(url) || is_error(end) && !is_error(url)
}

/// Returns whether a title says that a page isn't there, in one of twelve languages.
pub(crate) fn says_missing(title: &str) -> bool {
    const PHRASES: &[&str] = &[
        "404",
        // English
        "not found",
        "page doesn't exist",
        "page does not exist",
        "no longer available",
        "can't be found",
        "cannot be found",
        // German
        "nicht gefunden",
        "existiert nicht",
        "nicht mehr verfügbar",
        // French
        "introuvable",
        "non trouvée",
        "n'existe pas",
        // Spanish
        "no encontrada",
        "no existe",
        // Portuguese
        "não encontrada",
        "não existe",
        // Italian
        "non trovata",
        "non esiste",
        // Dutch
        "niet gevonden",
        "bestaat niet",
        // Polish
        "nie znaleziono",
        "nie istnieje",
        // Russian
        "не найдена",
        "не существует",
        // Japanese
        "見つかりません",
        "見つかりませんでした",
        // Chinese
        "页面不存在",
        "找不到",
        "頁面不存在",
        // Korean
        "찾을 수 없",
    ];
    let title = title.to_lowercase().replace('\u{2019}', "'");
    // A page about the number has a longer title.
    PHRASES.iter().any(|phrase| match *phrase {
        "404" => title
            .split(|c: char| !c.is_alphanumeric())
            .take(2)
            .any(|word| word == "404"),
        phrase => title.contains(phrase) && title.chars().count() < 80,
    })
}

pub(crate) fn is_other_page(url: &Url, other: &Url) -> bool {
    let key = |url: &Url| {
        PageUrl::parse(url.as_str())
            .map(|url| url.key().to_owned())
            .ok()
    };
    match (key(url), key(other)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    }
}

/// Returns whether two answers are the same page under two addresses.
fn is_same(one: &Answer<'_>, other: &Answer<'_>) -> bool {
    (200..=299).contains(&other.status)
        && one.title == other.title
        && shared(one.text, other.text).is_some_and(|share| share >= SAME)
}

/// Returns how much of the shorter text is in the other, from 0 to 1. `None` if one is too short to
/// tell.
fn shared(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (shingles(one)?, shingles(other)?);
    let common = u32::try_from(one.intersection(&other).count()).ok()?;
    let least = u32::try_from(one.len().min(other.len())).ok()?;
    Some(f64::from(common) / f64::from(least.max(1)))
}

/// Returns the sequences of words of a text. In scripts without spaces, a letter is a word.
fn shingles(text: &str) -> Option<HashSet<String>> {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if word.chars().any(|c| ('\u{2e80}'..='\u{9fff}').contains(&c)) {
            words.extend(word.split("").filter(|letter| !letter.is_empty()));
        } else {
            words.push(word);
        }
    }
    if words.len() < MIN_WORDS {
        return None;
    }
    Some(
        words
            .windows(SHINGLE_WORDS)
            .map(|words| words.join(" "))
            .collect(),
    )
}

#[cfg(test)]
mod tests;
