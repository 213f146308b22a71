//! Asks for one page, and for other addresses of its host if those decide.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use url::Url;
use url_notes::{
    domain::{is_public_page, plain_text, without_user_info},
    store::{LinkToCheck, Reader},
};

use crate::{
    fetch::{FetchError, Fetcher, Request, Response, Size, Visit},
    links::{self, Answer, Finding, Page, Probe},
};

/// How much of a page is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// What came of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was asked for.
    Found {
        finding: Finding,
        /// The status code of the answer, if there was one.
        status: Option<u16>,
        /// Why there was none.
        error: Option<FetchError>,
        /// How long the host asked to be left alone, if it is busy.
        busy: Option<Duration>,
    },
    /// It wasn't asked for.
    Refused(Refusal),
    /// Its host asked before to be left alone for this time.
    Busy(Duration),
}

/// Why a page isn't asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its address leads to this computer or to its network.
    Private,
    /// It redirects to such an address.
    PrivateTarget,
    /// robots.txt forbids it.
    Robots,
    /// Its address can't be asked for.
    BadAddress,
}

impl Refusal {
    /// Returns the stable word and the sentence.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Private => (
                "private_address",
                "not asked for, because its address is private; to allow that, use --allow-private",
            ),
            Self::PrivateTarget => (
                "private_address",
                "not checked, because it redirects to a private address",
            ),
            Self::Robots => (
                "robots",
                "not asked for, because the web site's robots.txt forbids it for long runs",
            ),
            Self::BadAddress => (
                "bad_address",
                "not asked for, because its address can't be read",
            ),
        }
    }
}

/// Asks for pages. Each host is asked for other addresses once.
pub(super) struct Asker<'a> {
    fetcher: &'a Fetcher,
    allow_private: bool,
    /// Whether robots.txt counts.
    obeys_robots: bool,
    /// For the kept texts.
    texts: Mutex<Reader>,
    /// A path that isn't there.
    made_up: String,
    probes: Mutex<HashMap<(String, bool), Option<Answer>>>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        fetcher: &'a Fetcher,
        texts: Reader,
        allow_private: bool,
        obeys_robots: bool,
    ) -> Self {
        let random = RandomState::new().hash_one(0);
        Self {
            fetcher,
            allow_private,
            obeys_robots,
            texts: Mutex::new(texts),
            made_up: format!("url-notes-no-such-page-{random:016x}"),
            probes: Mutex::default(),
        }
    }

    /// Returns the address under which a note's page is asked for: without user name and password.
    pub(super) fn address(url: &str) -> Option<Url> {
        let mut url = Url::parse(&without_user_info(url)).ok()?;
        url.set_fragment(None);
        Some(url)
    }

    /// Returns whether an address says that its page is in a private network. Names of such
    /// networks need not show that.
    pub(super) fn is_private(url: &str) -> bool {
        Self::address(url).is_some_and(|mut url| {
            url.set_path("/");
            url.set_query(None);
            !is_public_page(url.as_str())
        })
    }

    /// Asks for the page of a note.
    pub(super) fn ask(&self, link: &LinkToCheck) -> Outcome {
        let (Some(url), Ok(named)) = (Self::address(&link.url), Url::parse(&link.url)) else {
            return Outcome::Refused(Refusal::BadAddress);
        };
        let mut visit = self.fetcher.visit();
        if self.obeys_robots {
            match visit.robots_allow(&url, self.allow_private) {
                Ok(true) => {}
                Ok(false) => return Outcome::Refused(Refusal::Robots),
                Err(error) => return failed(error, visit.is_redirected()),
            }
        }
        let response = match visit.get(&self.request(url.clone())) {
            Ok(response) => response,
            Err(error) => return failed(error, visit.is_redirected()),
        };
        let status = response.status;
        let busy = match status {
            429 | 503 => Some(response.retry_after.unwrap_or_default()),
            _ => None,
        };
        let answer = answer_of(url.clone(), response);
        let kept = match status {
            200..=299 => self.kept_text(link),
            _ => None,
        };
        let mut ask = |probe| self.probe(&mut visit, &url, probe);
        let finding = links::finding(&named, kept.as_deref(), &answer, &mut ask);
        Outcome::Found {
            finding,
            status: Some(status),
            error: None,
            busy,
        }
    }

    /// Returns whether a host answers at all. `None` if it may not be asked.
    pub(super) fn answers(&self, url: &Url) -> Option<bool> {
        let request = Request {
            size: Size::Some(1),
            ..self.request(url.clone())
        };
        match self.fetcher.visit().get(&request) {
            // The network that the computer is in answers instead (RFC 6585).
            Ok(response) => Some(response.status != 511),
            Err(error) => match failed(error, false) {
                Outcome::Found { finding, .. } => Some(finding != Finding::Down),
                Outcome::Refused(_) | Outcome::Busy(_) => None,
            },
        }
    }

    fn request(&self, url: Url) -> Request {
        Request {
            url,
            accept: "text/html, application/xhtml+xml, */*;q=0.8",
            etag: None,
            last_modified: None,
            allow_private: self.allow_private,
            size: Size::Some(MAX_BYTES),
        }
    }

    /// Returns the text that was kept with a note, without markup. A text that can't be read is
    /// none: the check of the notes says so.
    fn kept_text(&self, link: &LinkToCheck) -> Option<String> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts.text(link.id).ok().flatten()?;
        drop(texts);
        Some(plain_text(&text.markdown).to_string())
    }

    /// Returns what the host of a page answers to another address.
    fn probe(&self, visit: &mut Visit<'_>, url: &Url, probe: Probe) -> Option<Answer> {
        let key = (
            url.origin().ascii_serialization(),
            matches!(probe, Probe::MadeUp),
        );
        let probes = || self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = probes().get(&key) {
            return known.clone();
        }
        let address = match probe {
            Probe::MadeUp => url.join(&self.made_up).ok(),
            Probe::Front => url.join("/").ok(),
        };
        let answer = address.and_then(|address| {
            let is_allowed = !self.obeys_robots
                || visit
                    .robots_allow(&address, self.allow_private)
                    .unwrap_or(false);
            let response = is_allowed.then(|| visit.get(&self.request(address.clone())))?;
            response.ok().map(|response| answer_of(address, response))
        });
        probes().insert(key, answer.clone());
        answer
    }
}

fn answer_of(asked: Url, response: Response) -> Answer {
    let content_type = response.content_type.as_deref();
    Answer {
        status: response.status,
        asked,
        url: response.url,
        moved_to: response.moved_to,
        page: Page::read(&response.body, content_type, response.is_cut),
    }
}

fn failed(error: FetchError, is_redirected: bool) -> Outcome {
    let found = |finding| Outcome::Found {
        finding,
        status: None,
        error: Some(error),
        busy: None,
    };
    match error {
        FetchError::PrivateAddress if is_redirected => Outcome::Refused(Refusal::PrivateTarget),
        FetchError::PrivateAddress => Outcome::Refused(Refusal::Private),
        FetchError::BadAddress => Outcome::Refused(Refusal::BadAddress),
        FetchError::Busy(wait) => Outcome::Busy(wait),
        // The host is there. Many send those who aren't logged in round in circles.
        FetchError::BadRedirect
        | FetchError::Downgrade
        | FetchError::TooManyRedirects
        | FetchError::TooLarge => found(Finding::Walled),
        FetchError::UnknownHost
        | FetchError::Unreachable
        | FetchError::TooSlow
        | FetchError::Tls
        | FetchError::NotHttp
        | FetchError::Proxy => found(Finding::Down),
    }
}
