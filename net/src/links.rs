//! Whether a saved page is still there, judged by what its host answers. Pure: asks nothing and
//! stores nothing. `page.rs` reads title and text of an answer, `compare.rs` compares texts.
//!
//! A page is called dead only on strong evidence, since hosts shut programs out, are down for a day,
//! or answer a missing page with status 200.

mod compare;
mod page;
mod shell;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;
use url_notes::domain::{LinkFailures, PageUrl};

use self::compare::{is_short, shared};
pub use self::page::Page;
use crate::wall::wall;
pub use url_notes::domain::LinkVerdict as Verdict;

/// Least time between the first and the last answer 404 before a page is gone.
const GONE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Checks without an answer before a page is unreachable.
const DOWN_CHECKS: u32 = 3;
/// Least time between the first and the last of these checks.
const DOWN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Checks that are further apart have nothing to do with each other.
const DOWN_GAP: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Time until a page is checked again that has just become unreachable.
const DOWN_AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Time until a page is checked again that was unreachable before.
const STILL_DOWN_AGAIN: SignedDuration = SignedDuration::from_hours(30 * 24);
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
    /// What was asked for.
    pub asked: Url,
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

/// Judges an answer. `url` is the address of the note; its user name and password weren't sent.
/// `kept` is the text that was kept with the note. `ask` returns what the same host answers to
/// other addresses, `None` if nothing; it is called only if the answer alone doesn't decide.
#[must_use]
pub fn finding(
    url: &Url,
    kept: Option<&str>,
    answer: &Answer,
    ask: &mut dyn FnMut(Probe) -> Option<Answer>,
) -> Finding {
    let found = finding_of(&without_user(url), kept, answer, ask);
    let has_user = !url.username().is_empty() || url.password().is_some();
    match found {
        Finding::There | Finding::Down => found,
        // Hosts say that a page is missing, or show another one, to those who may not see it.
        _ if has_user => Finding::Walled,
        _ => found,
    }
}

fn finding_of(
    url: &Url,
    kept: Option<&str>,
    answer: &Answer,
    ask: &mut dyn FnMut(Probe) -> Option<Answer>,
) -> Finding {
    match answer.status {
        200..=299 => {}
        404 | 410 => return Finding::Missing,
        // The network that the computer is in asks for a login (RFC 6585).
        503 | 511 => return Finding::Walled,
        500..=599 | 408 | 425 => return Finding::Down,
        // Not for programs, a fault of ours, a redirect without a target, or no status of HTTP.
        _ => return Finding::Walled,
    }
    let share = kept.and_then(|kept| shared(kept, &answer.page.text));
    if is_wall(url, kept, share, answer) {
        return Finding::Walled;
    }
    let mut is_elsewhere = ends_elsewhere(url, &answer.url);
    let says_missing = says_missing(&answer.page.title);
    // What comes after the beginning that was read may be the text, and a script may fill it in.
    let is_whole = !answer.page.is_cut && !answer.page.is_shell;
    let is_other_text = is_whole && share.is_some_and(|share| share < NOTHING_OF_IT);
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
    let mut leads_anywhere = false;
    if signs == 1 || target.is_some() && !is_proved {
        let made_up = ask(Probe::MadeUp).filter(|made_up| (200..=299).contains(&made_up.status));
        if let Some(made_up) = made_up {
            // All addresses of the host lead to the same other one.
            is_elsewhere |= target.is_some() && is_same_place(answer, &made_up);
            leads_anywhere = looks_same(answer, &made_up);
            let is_any = is_same(answer, &made_up);
            // A page that a script fills is the same for all addresses until the script runs.
            let mut is_filled_later = || {
                let front = ask(Probe::Front);
                front.is_none_or(|front| is_same(&front, &made_up))
            };
            let is_elsewhere = is_elsewhere && !answer.page.is_shell;
            if is_any && (is_elsewhere || says_missing || is_other_text && !is_filled_later()) {
                return Finding::Replaced;
            }
        }
    }
    match target {
        Some(target)
            if !is_elsewhere
                && !says_missing
                && !leads_anywhere
                && (is_proved || kept.is_none()) =>
        {
            Finding::Moved(target.clone())
        }
        _ => Finding::There,
    }
}

/// Adds a finding to what is known of a page.
#[must_use]
pub fn judged(known: Option<History>, finding: &Finding, now: Timestamp) -> History {
    let known = known.map(|known| believed(known, now));
    let plain = |verdict| History {
        verdict,
        failures: None,
    };
    let is_missing = match finding {
        Finding::There => return plain(Verdict::Ok),
        Finding::Moved(_) => return plain(Verdict::Moved),
        Finding::Replaced => return plain(Verdict::Soft),
        Finding::Walled => return walled(known),
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
    let gap = now.duration_since(same.last);
    let is_new = gap >= CHECKS_APART;
    let next = LinkFailures {
        count: same.count.saturating_add(u32::from(is_new)),
        last: if is_new { now } else { same.last },
        ..same
    };
    let lasts = now.duration_since(same.since);
    let verdict = match is_missing {
        true if lasts >= GONE_AFTER => Verdict::Gone,
        false if before != Verdict::Unreachable && gap > DOWN_GAP => return first,
        false if next.count >= DOWN_CHECKS && lasts >= DOWN_FOR => Verdict::Unreachable,
        _ => before,
    };
    History {
        verdict,
        failures: Some(next),
    }
}

/// Returns what is known without failures in the future: the clock was wrong then.
fn believed(known: History, now: Timestamp) -> History {
    let is_past = |failures: &LinkFailures| failures.since <= now && failures.last <= now;
    History {
        failures: known.failures.filter(is_past),
        ..known
    }
}

/// Returns what is known after an answer that says nothing of the page, except that its host is
/// there.
fn walled(known: Option<History>) -> History {
    let plain = History {
        verdict: Verdict::Walled,
        failures: None,
    };
    let Some(known) = known else {
        return plain;
    };
    let failures = known.failures.filter(|failures| failures.is_missing);
    match known.verdict {
        Verdict::Unreachable => plain,
        Verdict::Ok if failures.is_none() => plain,
        verdict => History { verdict, failures },
    }
}

/// Returns when a page is to be checked again. `known`: what was known before this check. `busy`:
/// how long its host asked to be left alone, if it is busy (429, 503).
#[must_use]
pub fn due_at(
    known: Option<History>,
    judged: &History,
    busy: Option<Duration>,
    now: Timestamp,
) -> Timestamp {
    let wait = match (judged.verdict, judged.failures) {
        (Verdict::Gone, _) => AGAIN_AFTER,
        (Verdict::Unreachable, _) => {
            match known.is_some_and(|known| known.verdict == Verdict::Unreachable) {
                true => STILL_DOWN_AGAIN,
                false => DOWN_AGAIN,
            }
        }
        (_, Some(failures)) if failures.is_missing => {
            // Then it is gone, or back.
            match GONE_AFTER - now.duration_since(failures.since) {
                left if left > SignedDuration::ZERO => left,
                // Its host didn't say.
                _ => REFUSED_FOR,
            }
        }
        (_, Some(_)) => CHECKS_APART,
        (_, None) if busy.is_some() => BUSY_FOR,
        (_, None) => AGAIN_AFTER,
    };
    after(now, busy.map_or(wait, |busy| wait.max(busy_for(busy))))
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
    SignedDuration::try_from(wait).map_or(AGAIN_AFTER, |wait| wait.clamp(BUSY_FOR, AGAIN_AFTER))
}

fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// Returns whether a page asks who visits it, or whether a program does. `share`: how much it has
/// of the kept text.
fn is_wall(url: &Url, kept: Option<&str>, share: Option<f64>, answer: &Answer) -> bool {
    let page = &answer.page;
    let is_own = share.is_some_and(|share| share >= MOST_OF_IT);
    let is_other = match share {
        Some(share) => share < NOTHING_OF_IT,
        None => kept.is_some() && is_short(&page.text),
    };
    let is_login = page.asks_for_password
        && !is_own
        && (is_other_path(url, &answer.url) || is_other && !page.is_cut);
    is_login || wall(url, &answer.url, &page.title).is_some()
}

/// Returns whether an address has another path or host, but for `www.` and a slash at the end.
fn is_other_path(url: &Url, other: &Url) -> bool {
    let key = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix("www.").unwrap_or(host).to_owned();
        (host, url.path().trim_end_matches('/').to_owned())
    };
    key(url) != key(other)
}

/// Returns whether the answer to an address that can't be there comes from the same place as
/// `answer`, but for what was asked for, which some put into the query.
fn is_same_place(answer: &Answer, made_up: &Answer) -> bool {
    let place = |url: &Url| (url.origin(), url.path().to_owned());
    if place(&answer.url) != place(&made_up.url) {
        return false;
    }
    let asked = made_up.asked.path().rsplit('/').next().unwrap_or_default();
    let (one, other) = (answer.url.query_pairs(), made_up.url.query_pairs());
    one.count() == other.count()
        && one.zip(other).all(|(one, other)| {
            one == other || one.0 == other.0 && !asked.is_empty() && other.1.contains(asked)
        })
}

/// Returns an address without user name and password.
fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    // Addresses with a host can have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
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

/// Returns whether two answers can't be told apart, also if they are too short to be compared.
fn looks_same(one: &Answer, other: &Answer) -> bool {
    one.page.title == other.page.title
        && (one.page.text == other.page.text
            || shared(&one.page.text, &other.page.text).is_some_and(|share| share >= SAME))
}

/// Returns whether two answers are the same page under two addresses.
fn is_same(one: &Answer, other: &Answer) -> bool {
    (200..=299).contains(&other.status)
        && one.page.title == other.page.title
        && shared(&one.page.text, &other.page.text).is_some_and(|share| share >= SAME)
}

#[cfg(test)]
mod tests;
