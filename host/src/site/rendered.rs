//! Pages that were made before: the same as long as nothing was written.
//!
//! Going back, reloading and turning pages ask for the same few pages again.
//! They are kept for one revision of the store, up to a limit in bytes.

use std::collections::HashMap;

/// All kept pages together, in bytes of HTML.
const MAX_BYTES: usize = 1024 * 1024;

/// The kept pages, by path and query.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    revision: u64,
    pages: HashMap<String, String>,
    bytes: usize,
}

impl Rendered {
    /// The page as it was made at this revision.
    pub(super) fn get(&self, revision: u64, target: &str) -> Option<String> {
        let current = self.revision == revision;
        self.pages.get(target).filter(|_| current).cloned()
    }

    /// Keeps a page that was made when the store had this revision, or a newer
    /// one: then it is merely forgotten too early.
    pub(super) fn keep(&mut self, revision: u64, target: &str, page: &str) {
        let size = target.len() + page.len();
        if size > MAX_BYTES || self.pages.contains_key(target) && self.revision == revision {
            return;
        }
        if self.revision != revision || self.bytes + size > MAX_BYTES {
            *self = Self {
                revision,
                ..Self::default()
            };
        }
        self.bytes += size;
        self.pages.insert(target.to_owned(), page.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_until_something_is_written() {
        let mut rendered = Rendered::default();
        rendered.keep(1, "/a", "old");
        assert_eq!(rendered.get(1, "/a").as_deref(), Some("old"));
        assert_eq!(rendered.get(2, "/a"), None);
        assert_eq!(rendered.get(1, "/b"), None);
        rendered.keep(2, "/a", "new");
        assert_eq!(rendered.get(2, "/a").as_deref(), Some("new"));
        assert_eq!(rendered.get(1, "/a"), None);
    }

    #[test]
    fn never_holds_more_than_its_limit() {
        let mut rendered = Rendered::default();
        let page = "x".repeat(MAX_BYTES / 4);
        for number in 0..20 {
            rendered.keep(1, &format!("/{number}"), &page);
            rendered.keep(1, &format!("/{number}"), &page);
            let held: usize = rendered.pages.iter().map(|(k, v)| k.len() + v.len()).sum();
            assert_eq!(held, rendered.bytes);
            assert!(held <= MAX_BYTES);
            assert!(rendered.get(1, &format!("/{number}")).is_some());
        }
        rendered.keep(1, "/large", &"x".repeat(MAX_BYTES));
        assert_eq!(rendered.get(1, "/large"), None);
    }
}
