//! What robots.txt allows (RFC 9309), for runs that ask for many pages that the user didn't name one
//! by one.

use std::{
    collections::HashMap,
    panic::catch_unwind,
    sync::{Mutex, PoisonError},
};

use robotstxt::DefaultMatcher;
use url::Url;

use super::exchange::FetchError;

/// Our name in robots.txt.
const NAME: &str = "url-notes";
/// What is known of an origin.
#[derive(Debug, Clone)]
pub(super) enum Rules {
    /// The file's text. Empty if there is none.
    Text(String),
    /// The server has a fault, so nothing is allowed (section 2.3.1.4).
    Nothing,
    /// The server couldn't be asked.
    Unknown(FetchError),
}

impl Rules {
    /// Returns whether a page may be asked for.
    ///
    /// # Errors
    /// Why the server couldn't be asked.
    pub(super) fn allow(&self, url: &Url) -> Result<bool, FetchError> {
        match self {
            Self::Text(text) => Ok(is_allowed(text, url)),
            Self::Nothing => Ok(false),
            Self::Unknown(error) => Err(*error),
        }
    }
}

/// The files that were read, by origin.
#[derive(Debug, Default)]
pub(super) struct Robots(Mutex<HashMap<String, Rules>>);

impl Robots {
    /// Returns what is known of a page's origin.
    pub(super) fn known(&self, url: &Url) -> Option<Rules> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&origin(url)).cloned()
    }

    pub(super) fn remember(&self, url: &Url, rules: Rules) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(origin(url), rules);
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn is_allowed(robots: &str, url: &Url) -> bool {
    let allowed = catch_unwind(|| {
        DefaultMatcher::default().one_agent_allowed_by_robots(robots, NAME, url.as_str())
    });
    allowed.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_our_name_counts_and_the_longest_rule() {
        let robots = "User-agent: *\nDisallow: /\n\nUser-agent: url-notes\nDisallow: /private/\nAllow: /private/open\n";
        let allowed = |robots, path| {
            let url = Url::parse("https://e.org").unwrap().join(path).unwrap();
            is_allowed(robots, &url)
        };
        assert!(allowed(robots, "/page"));
        assert!(!allowed(robots, "/private/page"));
        assert!(allowed(robots, "/private/open"));
        assert!(!allowed("User-agent: *\nDisallow: /*.pdf$", "/a.pdf"));
        assert!(allowed("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?b"));
        assert!(allowed("", "/page"));
        assert!(allowed("<html>not found</html>", "/page"));
    }

    #[test]
    fn fuzz_robots() {
        let seeds = [
            "User-agent: *\nDisallow: /a*b$\nAllow: /a\nCrawl-delay: 10\nSitemap: https://e.org/s",
            "user-agent: url-notes\ndisallow: /ä%c3%a4\n",
        ];
        let url = Url::parse("https://e.org/ab%C3%A4?c=d").unwrap();
        crate::fuzz::text(&seeds, |text| {
            DefaultMatcher::default().one_agent_allowed_by_robots(text, NAME, url.as_str());
        });
    }
}
