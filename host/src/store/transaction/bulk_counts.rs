//! Keeps the counts of a large import in memory.

use std::collections::HashMap;

/// Most counts, and ids by name, held at once.
const HELD: usize = if cfg!(test) { 4 } else { 100_000 };

/// Counts that aren't written yet.
#[derive(Debug)]
pub(in crate::store) struct Bulk {
    /// The statements that recreate the triggers.
    pub(in crate::store) triggers: Vec<String>,
    pub(in crate::store) notes: i64,
    pub(in crate::store) tags: HashMap<i64, i64>,
    pub(in crate::store) sites: HashMap<i64, i64>,
    /// Ids of tags and sites by name, which saves looking them up.
    pub(in crate::store) tag_ids: HashMap<String, i64>,
    pub(in crate::store) site_ids: HashMap<String, i64>,
    /// Whether no tag has an alias.
    pub(in crate::store) no_aliases: bool,
}

impl Bulk {
    pub(in crate::store) fn add_note(&mut self, site: Option<i64>) {
        self.notes += 1;
        if let Some(site) = site {
            *self.sites.entry(site).or_default() += 1;
        }
    }

    pub(in crate::store) fn add_tag(&mut self, tag: i64) {
        *self.tags.entry(tag).or_default() += 1;
    }

    pub(in crate::store) fn know_tag(&mut self, name: &str, id: i64) {
        remember(&mut self.tag_ids, name, id);
    }

    pub(in crate::store) fn know_site(&mut self, labels: &str, id: i64) {
        remember(&mut self.site_ids, labels, id);
    }

    pub(in crate::store) fn is_full(&self) -> bool {
        self.tags.len() + self.sites.len() >= HELD
    }
}

fn remember(ids: &mut HashMap<String, i64>, name: &str, id: i64) {
    if ids.len() >= HELD {
        ids.clear();
    }
    ids.insert(name.to_owned(), id);
}
