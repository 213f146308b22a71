//! Answers that were made before: the same as long as nothing was written.
//!
//! Going back, reloading and turning pages ask for the same few pages again.
//! They are kept for one revision of the store, up to a limit in bytes.

use std::collections::HashMap;

/// All kept answers together, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// What a page was made of: the same version, the same page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// Which file; another one counts its revisions anew.
    pub file: u64,
    pub revision: u64,
    /// Days since 1970 where the site is: `after:yesterday` means another day then.
    pub day: i64,
}

/// The kept pages, by path and query.
#[derive(Debug, Default)]
pub(super) struct ResponseCache {
    version: Version,
    pages: HashMap<String, CachedResponse>,
    bytes: usize,
}

/// A page, a feed or data that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CachedResponse {
    pub content_type: &'static str,
    pub body: String,
}

impl ResponseCache {
    /// The page as it was made of this version.
    pub(super) fn get(&self, version: Version, target: &str) -> Option<CachedResponse> {
        let current = self.version == version;
        self.pages.get(target).filter(|_| current).cloned()
    }

    /// Keeps a page that was made of this version, or of a newer one: then it is
    /// merely forgotten too early.
    pub(super) fn keep(&mut self, version: Version, target: &str, page: CachedResponse) {
        let size = target.len() + page.body.len();
        if size > MAX_BYTES || self.pages.contains_key(target) && self.version == version {
            return;
        }
        if self.version != version || self.bytes + size > MAX_BYTES {
            *self = Self {
                version,
                ..Self::default()
            };
        }
        self.bytes += size;
        self.pages.insert(target.to_owned(), page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> CachedResponse {
        CachedResponse {
            content_type: "text/html",
            body: body.into(),
        }
    }

    fn version(revision: u64) -> Version {
        Version {
            file: 1,
            revision,
            day: 0,
        }
    }

    #[test]
    fn a_page_is_kept_until_something_is_written() {
        let mut rendered = ResponseCache::default();
        rendered.keep(version(1), "/a", page("old"));
        assert_eq!(rendered.get(version(1), "/a"), Some(page("old")));
        assert_eq!(rendered.get(version(2), "/a"), None);
        assert_eq!(rendered.get(version(1), "/b"), None);
        rendered.keep(version(2), "/a", page("new"));
        assert_eq!(rendered.get(version(2), "/a"), Some(page("new")));
        assert_eq!(rendered.get(version(1), "/a"), None);
        // Another file may be at the same revision.
        let other = Version {
            day: 0,
            file: 2,
            revision: 2,
        };
        assert_eq!(rendered.get(other, "/a"), None);
    }

    #[test]
    fn never_holds_more_than_its_limit() {
        let mut rendered = ResponseCache::default();
        let quarter = "x".repeat(MAX_BYTES / 4);
        for number in 0..20 {
            rendered.keep(version(1), &format!("/{number}"), page(&quarter));
            rendered.keep(version(1), &format!("/{number}"), page(&quarter));
            let held: usize = rendered
                .pages
                .iter()
                .map(|(k, v)| k.len() + v.body.len())
                .sum();
            assert_eq!(held, rendered.bytes);
            assert!(held <= MAX_BYTES);
            assert!(rendered.get(version(1), &format!("/{number}")).is_some());
        }
        rendered.keep(version(1), "/large", page(&"x".repeat(MAX_BYTES)));
        assert_eq!(rendered.get(version(1), "/large"), None);
    }
}
