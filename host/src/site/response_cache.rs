//! Caches answers until something is written.
//!
//! Going back, reloading and paging request the same few pages again. They are kept for one
//! revision of the store, up to a limit in bytes.

use std::collections::HashMap;

/// Size limit of all cached answers, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The state of the database from which a page was rendered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// The database file; another file counts its revisions independently.
    pub file: u64,
    pub revision: u64,
    /// The number of the current day: on a new day, `after:yesterday` means another day, and the
    /// first page shows other notes from earlier years.
    pub day: i32,
}

/// The cached pages, by path and query.
#[derive(Debug, Default)]
pub(super) struct ResponseCache {
    version: Version,
    pages: HashMap<String, CachedResponse>,
    bytes: usize,
}

/// A cached page, feed or API response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CachedResponse {
    pub content_type: &'static str,
    pub body: String,
}

impl ResponseCache {
    /// Returns the cached page of this version.
    pub(super) fn get(&self, version: Version, target: &str) -> Option<CachedResponse> {
        let current = self.version == version;
        self.pages.get(target).filter(|_| current).cloned()
    }

    /// Caches a page that was rendered from this version, or from a newer one, in which case it is
    /// merely dropped too early.
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
    fn a_page_is_cached_until_something_is_written() {
        let mut rendered = ResponseCache::default();
        rendered.keep(version(1), "/a", page("old"));
        assert_eq!(rendered.get(version(1), "/a"), Some(page("old")));
        assert_eq!(rendered.get(version(2), "/a"), None);
        assert_eq!(rendered.get(version(1), "/b"), None);
        rendered.keep(version(2), "/a", page("new"));
        assert_eq!(rendered.get(version(2), "/a"), Some(page("new")));
        assert_eq!(rendered.get(version(1), "/a"), None);
        // Another file may have the same revision.
        let other = Version {
            day: 0,
            file: 2,
            ..version(2)
        };
        assert_eq!(rendered.get(other, "/a"), None);
        let tomorrow = Version {
            day: 1,
            ..version(2)
        };
        assert_eq!(rendered.get(tomorrow, "/a"), None);
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
