//! Checks links, four hosts at once, and records each result as it comes.
//!
//! A computer without a network must not make all pages unreachable. So checks without an answer
//! are recorded only once some host has answered.

use std::{
    collections::HashSet,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use jiff::Timestamp;
use url_notes::store::{LinkCheck, LinkToCheck, Store};

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
        let mut has_answers = false;
        for (link, outcome) in outcomes {
            if is_without_answer(&outcome) {
                waiting.push((link, outcome));
                if waiting.len() < WAITING {
                    continue;
                }
                if self.has_network(&waiting, has_answers) == Some(false) {
                    return Ok(End::NoNetwork);
                }
            } else {
                has_answers |= matches!(outcome, Outcome::Found { .. });
                if has_answers {
                    for (link, outcome) in waiting.drain(..) {
                        report(self.record(link, outcome)?)?;
                    }
                }
                report(self.record(link, outcome)?)?;
                continue;
            }
            for (link, outcome) in waiting.drain(..) {
                report(self.record(link, outcome)?)?;
            }
        }
        let hosts = hosts(&waiting).len();
        let is_sure = waiting.is_empty() || has_answers && hosts <= DOWN_BY_CHANCE;
        if !is_sure
            && !self
                .has_network(&waiting, has_answers)
                .unwrap_or(hosts <= DOWN_BY_CHANCE)
        {
            return Ok(End::NoNetwork);
        }
        for (link, outcome) in waiting {
            report(self.record(link, outcome)?)?;
        }
        Ok(End::Done)
    }

    /// Returns whether a host answers that answered before. `None` if there is none to ask.
    fn has_network(&self, without: &[(LinkToCheck, Outcome)], has_answers: bool) -> Option<bool> {
        let mut asked = hosts(without);
        let mut is_any = false;
        for control in &self.controls {
            let Some(url) = Asker::address(control) else {
                continue;
            };
            if !asked.insert(host_of(&url)) {
                continue;
            }
            is_any = true;
            if self.asker.answers(&url) {
                return Some(true);
            }
            if asked.len() >= hosts(without).len() + CONTROLS {
                break;
            }
        }
        match is_any {
            true => Some(false),
            false => has_answers.then_some(true),
        }
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
                    due_at: links::due_at(&judged, *busy, now),
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
