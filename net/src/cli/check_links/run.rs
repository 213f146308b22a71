//! Checks links, four hosts at once, and records each result as it comes.
//!
//! A computer without a network must not make all pages unreachable. So checks without an answer
//! are recorded only once some host has answered. A network that asks for a login first answers in
//! place of all hosts, but not over TLS.

use std::{
    collections::HashSet,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use jiff::Timestamp;
use url_notes::{
    domain::tokens_in,
    store::{LinkCheck, LinkToCheck, Store},
};

use super::ask::{Asker, Outcome};
use crate::{
    fetch::{Fetcher, host_of},
    links::{self, Finding, History},
};

/// Most checks without an answer that wait to be recorded.
const WAITING: usize = 20;
/// Hosts without an answer that may be down by chance.
const DOWN_BY_CHANCE: usize = 2;
/// Hosts that are asked to find out whether there is a network.
const CONTROLS: usize = 3;

/// A link with what came of it.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) link: LinkToCheck,
    pub(super) outcome: Outcome,
    /// What was recorded; `None` if the page wasn't asked for.
    pub(super) check: Option<LinkCheck>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// No host answers. The checks without an answer weren't recorded.
    NoNetwork,
}

/// A run.
pub(super) struct Run<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) asker: &'a Asker<'a>,
    pub(super) store: &'a mut Store,
    pub(super) now: &'a dyn Fn() -> Timestamp,
    /// Addresses that answered before, to find out whether there is a network.
    pub(super) controls: Vec<String>,
}

impl Run<'_> {
    /// Checks the links, and passes each to `report` when it is recorded.
    pub(super) fn check(
        &mut self,
        links: Vec<LinkToCheck>,
        mut report: impl FnMut(Checked) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let is_over = AtomicBool::new(false);
        // No result waits but those in the hands of the threads, so that a kill loses no more.
        let (send, receive) = mpsc::sync_channel::<(LinkToCheck, Outcome)>(0);
        let (fetcher, asker) = (self.fetcher, self.asker);
        thread::scope(|scope| {
            let is_over = &is_over;
            scope.spawn(move || {
                // The sender is moved in, so that the receiver ends with the last link.
                let send = send;
                let host = |link: &LinkToCheck| {
                    let url = Asker::address(&link.url);
                    url.as_ref().map(host_of).unwrap_or_default()
                };
                fetcher.each(links, host, |link| {
                    if !is_over.load(Ordering::Relaxed) {
                        let outcome = asker.ask(&link);
                        // Nobody receives after an error of the store.
                        let _ = send.send((link, outcome));
                    }
                });
            });
            let done = self.record_all(receive, &mut report);
            is_over.store(true, Ordering::Relaxed);
            done
        })
    }

    fn record_all(
        &mut self,
        outcomes: mpsc::Receiver<(LinkToCheck, Outcome)>,
        report: &mut impl FnMut(Checked) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut waiting: Vec<(LinkToCheck, Outcome)> = Vec::new();
        let mut seen = Seen::default();
        for (link, outcome) in outcomes {
            if is_without_answer(&outcome) {
                waiting.push((link, outcome));
                if waiting.len() < WAITING {
                    continue;
                }
                if !self.has_network(&waiting, seen) {
                    return Ok(End::NoNetwork);
                }
            } else {
                let is_secure = seen.add(&link, &outcome);
                report(self.record(link, outcome)?)?;
                if !is_secure {
                    continue;
                }
            }
            for (link, outcome) in waiting.drain(..) {
                report(self.record(link, outcome)?)?;
            }
        }
        if !waiting.is_empty() && !self.has_network(&waiting, seen) {
            return Ok(End::NoNetwork);
        }
        for (link, outcome) in waiting {
            report(self.record(link, outcome)?)?;
        }
        Ok(End::Done)
    }

    /// Returns whether there is a network, although some hosts don't answer: if few don't, and one
    /// has answered over TLS in this run; or else if one answers that answered before.
    fn has_network(&self, without: &[(LinkToCheck, Outcome)], seen: Seen) -> bool {
        let mut asked = hosts(without);
        if seen.secure && asked.len() <= DOWN_BY_CHANCE {
            return true;
        }
        let controls = self.controls.iter().filter_map(|url| Asker::address(url));
        let (secure, plain): (Vec<_>, Vec<_>) = controls.partition(|url| url.scheme() == "https");
        let (mut count, mut is_secure_down) = (0, false);
        for url in secure.iter().chain(&plain) {
            let is_secure = url.scheme() == "https";
            // What answers without TLS need not be the host.
            if count >= CONTROLS || is_secure_down && !is_secure {
                break;
            }
            if !asked.insert(host_of(url)) {
                continue;
            }
            match self.asker.answers(url) {
                Some(true) => return true,
                Some(false) => {
                    count += 1;
                    is_secure_down |= is_secure;
                }
                None => {}
            }
        }
        // No host shows that there is no network.
        count == 0 && seen.any
    }

    fn record(&mut self, link: LinkToCheck, outcome: Outcome) -> anyhow::Result<Checked> {
        let now = (self.now)();
        let known = link.known.as_ref().map(|known| History {
            verdict: known.verdict,
            failures: known.failures,
        });
        let check = match &outcome {
            Outcome::Found {
                finding,
                status,
                busy,
                ..
            } => {
                // A target with an access token isn't stored, and shown nowhere.
                let finding = match finding {
                    Finding::Moved(url) if !tokens_in(url.as_str()).is_empty() => &Finding::There,
                    finding => finding,
                };
                let judged = links::judged(known, finding, now);
                let final_url = match finding {
                    Finding::Moved(url) => Some(url.to_string()),
                    _ => None,
                };
                Ok(LinkCheck {
                    verdict: judged.verdict,
                    status: *status,
                    // A page that is missing now has still moved there, as far as is known.
                    final_url: final_url.or_else(|| match judged.verdict {
                        links::Verdict::Moved => link.known.as_ref()?.final_url.clone(),
                        _ => None,
                    }),
                    failures: judged.failures,
                    due_at: links::due_at(known, &judged, *busy, now),
                })
            }
            Outcome::Refused(_) => Err(links::refused_until(now)),
            Outcome::Busy(wait) => Err(links::busy_until(*wait, now)),
        };
        self.store.write(now, |writer| match &check {
            Ok(check) => writer.record_link(link.id, &link.url, check),
            Err(due_at) => writer.postpone_link(link.id, &link.url, *due_at),
        })?;
        Ok(Checked {
            link,
            outcome,
            check: check.ok(),
        })
    }
}

/// The answers of a run.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Whether there was one.
    any: bool,
    /// Whether there was one over TLS.
    secure: bool,
}

impl Seen {
    /// Adds what came of a page. Returns whether it was an answer over TLS.
    fn add(&mut self, link: &LinkToCheck, outcome: &Outcome) -> bool {
        let is_answer = match outcome {
            Outcome::Found { status, .. } => *status != Some(511),
            Outcome::Refused(_) | Outcome::Busy(_) => false,
        };
        let is_https = Asker::address(&link.url).is_some_and(|url| url.scheme() == "https");
        self.any |= is_answer;
        self.secure |= is_answer && is_https;
        is_answer && is_https
    }
}

fn is_without_answer(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Found {
            finding: Finding::Down,
            status: None,
            ..
        }
    )
}

fn hosts(outcomes: &[(LinkToCheck, Outcome)]) -> HashSet<String> {
    let urls = outcomes
        .iter()
        .filter_map(|(link, _)| Asker::address(&link.url));
    urls.map(|url| host_of(&url)).collect()
}
