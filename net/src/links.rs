//! Whether a saved page is still there, judged by what its host answers. Pure: asks nothing and
//! stores nothing. `page.rs` reads title and text of an answer, `compare.rs` compares texts.
//!
//! A page is called dead only on strong evidence, since hosts shut programs out, are down for a day,
//! or answer a missing page with status 200.

mod compare;
mod page;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;
use url_notes::domain::{LinkFailures, PageUrl};

use self::compare::shared;
pub use self::page::Page;
use crate::wall::wall;
pub use url_notes::domain::LinkVerdict as Verdict;

/// Least time between the first and the last answer 404 before a page is gone.
const GONE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Checks without an answer before a page is unreachable.
const DOWN_CHECKS: u32 = 3;
/// Time within which these checks are. An older failure is forgotten.
const DOWN_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Checks that follow each other sooner are one.
const CHECKS_APART: SignedDuration = SignedDuration::from_hours(20);
/// Time until a page is checked again.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Least time until a host is asked again that is busy.
const BUSY_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Time until a page is tried again that may not be asked for.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Share of shingles from which two pages are the same.
const SAME: f64 = 0.9;
/// Share of shingles below which a page has nothing of its kept text.
const NOTHING_OF_IT: f64 = 0.1;
/// Share of shingles from which a page at another address has the kept text.
const MOST_OF_IT: f64 = 0.5;

/// What a host answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Where it came from, after all redirects.
    pub url: Url,
    /// Where permanent redirects led.
    pub moved_to: Option<Url>,
    /// What was read of the page.
    pub page: Page,
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

/// Another page of a host, which shows what its answers are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// An address that can't be there.
    MadeUp,
    /// The front page.
    Front,
}

/// What is known of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The last verdict.
    pub verdict: Verdict,
    /// The checks that failed since then.
    pub failures: Option<LinkFailures>,
}

/// Judges an answer. `kept` is the text that was kept with the note. `ask` returns what the same
/// host answers to other addresses, `None` if nothing; it is called only if the answer alone
/// doesn't decide.
#[must_use]
pub fn finding(
    url: &Url,
    kept: Option<&str>,
    answer: &Answer,
    ask: &mut dyn FnMut(Probe) -> Option<Answer>,
) -> Finding {
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
    let share = kept.and_then(|kept| shared(kept, &answer.page.text));
    let mut is_elsewhere = ends_elsewhere(url, &answer.url);
    let says_missing = says_missing(&answer.page.title);
    // What comes after the beginning that was read may be the text.
    let is_other_text = !answer.page.is_cut && share.is_some_and(|share| share < NOTHING_OF_IT);
    let signs = [is_elsewhere, says_missing, is_other_text];
    let signs = signs.into_iter().filter(|sign| *sign).count();
    if signs >= 2 {
        return Finding::Replaced;
    }
    let target = answer
        .moved_to
        .as_ref()
        .filter(|target| is_other_page(url, target));
    let is_proved = share.is_some_and(|share| share >= MOST_OF_IT);
    if signs == 1 || target.is_some() && !is_proved {
        let made_up = ask(Probe::MadeUp).filter(|made_up| (200..=299).contains(&made_up.status));
        if let Some(made_up) = made_up {
            // All addresses of the host lead to the same other one.
            is_elsewhere |= target.is_some() && made_up.url == answer.url;
            let is_any = is_same(answer, &made_up);
            // A page that a script fills is the same for all addresses until the script runs.
            let mut is_filled_later = || {
                let front = ask(Probe::Front);
                front.is_none_or(|front| is_same(&front, &made_up))
            };
            if is_any && (is_elsewhere || says_missing || is_other_text && !is_filled_later()) {
                return Finding::Replaced;
            }
        }
    }
    match target {
        Some(target)
            if !is_elsewhere && !says_missing && share.is_none_or(|share| share >= MOST_OF_IT) =>
        {
            Finding::Moved(target.clone())
        }
        _ => Finding::There,
    }
}

/// Adds a finding to what is known of a page.
#[must_use]
pub fn judged(known: Option<History>, finding: &Finding, now: Timestamp) -> History {
    let plain = |verdict| History {
        verdict,
        failures: None,
    };
    let is_missing = match finding {
        Finding::There => return plain(Verdict::Ok),
        Finding::Moved(_) => return plain(Verdict::Moved),
        Finding::Replaced => return plain(Verdict::Soft),
        Finding::Walled => return plain(Verdict::Walled),
        Finding::Missing => true,
        Finding::Down => false,
    };
    let before = known.map_or(Verdict::Ok, |known| known.verdict);
    if let (Some(known), Verdict::Gone, false) = (known, before, is_missing) {
        // That its host is down is no news of the page.
        return known;
    }
    let first = History {
        verdict: match (before, is_missing) {
            // Its host is back.
            (Verdict::Unreachable, true) => Verdict::Ok,
            (before, _) => before,
        },
        failures: Some(LinkFailures {
            since: now,
            last: now,
            count: 1,
            is_missing,
        }),
    };
    let failures = known.and_then(|known| known.failures);
    let Some(same) = failures.filter(|failures| failures.is_missing == is_missing) else {
        return first;
    };
    let is_new = now.duration_since(same.last) >= CHECKS_APART;
    let next = LinkFailures {
        count: same.count.saturating_add(u32::from(is_new)),
        last: if is_new { now } else { same.last },
        ..same
    };
    let lasts = now.duration_since(same.since);
    let verdict = match is_missing {
        true if lasts >= GONE_AFTER => Verdict::Gone,
        false if before != Verdict::Unreachable && lasts > DOWN_WITHIN => return first,
        false if next.count >= DOWN_CHECKS => Verdict::Unreachable,
        _ => before,
    };
    History {
        verdict,
        failures: Some(next),
    }
}

/// Returns when a page is to be checked again. `busy`: how long its host asked to be left alone, if
/// it is busy (429, 503).
#[must_use]
pub fn due_at(judged: &History, busy: Option<Duration>, now: Timestamp) -> Timestamp {
    let wait = match (judged.verdict, judged.failures) {
        (Verdict::Gone | Verdict::Unreachable, _) => AGAIN_AFTER,
        (_, Some(failures)) if failures.is_missing => {
            // Then it is gone, or back.
            GONE_AFTER - now.duration_since(failures.since)
        }
        (_, Some(_)) => CHECKS_APART,
        (_, None) => busy.map_or(AGAIN_AFTER, busy_for),
    };
    after(now, wait)
}

/// Returns when a page is to be tried again that may not be asked for: its address is private, or
/// robots.txt forbids it.
#[must_use]
pub fn refused_until(now: Timestamp) -> Timestamp {
    after(now, REFUSED_FOR)
}

/// Returns when a page is to be tried again whose host asked to be left alone.
#[must_use]
pub fn busy_until(wait: Duration, now: Timestamp) -> Timestamp {
    after(now, busy_for(wait))
}

fn busy_for(wait: Duration) -> SignedDuration {
    SignedDuration::try_from(wait).map_or(BUSY_FOR, |wait| wait.max(BUSY_FOR))
}

fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// Returns whether a page asks who visits it, or whether a program does.
fn is_wall(url: &Url, answer: &Answer) -> bool {
    let is_login = answer.page.asks_for_password && ends_elsewhere(url, &answer.url);
    is_login || wall(url, &answer.url, &answer.page.title).is_some()
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
fn is_same(one: &Answer, other: &Answer) -> bool {
    (200..=299).contains(&other.status)
        && one.page.title == other.page.title
        && shared(&one.page.text, &other.page.text).is_some_and(|share| share >= SAME)
}

#[cfg(test)]
mod tests;
