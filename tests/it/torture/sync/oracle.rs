//! What devices answered for, and what may be gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Something that was typed for a page: the page's number, and a word that nobody types twice.
pub(super) type Fact = (u64, String);

/// The first letters of the words: lines of texts, titles and tags.
const LINE: char = 'L';
const TITLE: char = 'T';
const TAG: char = 't';

/// Returns the address of a page.
pub(super) fn url(page: u64) -> String {
    format!("https://e.org/{page}")
}

fn page_of(url: &Value) -> Option<u64> {
    url.as_str()?.strip_prefix("https://e.org/")?.parse().ok()
}

/// Returns the words in a text that were typed once.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let typed = words.filter(|word| word.len() == 7 && word.starts_with([LINE, TITLE, TAG]));
    let typed = typed.filter(|word| word[1..].bytes().all(|byte| byte.is_ascii_digit()));
    typed.map(str::to_owned).collect()
}

/// Makes words that nobody has typed.
#[derive(Default)]
pub(super) struct Words(u64);

impl Words {
    fn next(&mut self, kind: char) -> String {
        self.0 += 1;
        format!("{kind}{:06}", self.0)
    }

    pub(super) fn line(&mut self) -> String {
        self.next(LINE)
    }

    pub(super) fn title(&mut self) -> String {
        self.next(TITLE)
    }

    pub(super) fn tag(&mut self) -> String {
        self.next(TAG)
    }
}

/// Returns what a note shows.
pub(super) fn facts_of(note: &Value) -> BTreeSet<Fact> {
    let Some(page) = page_of(&note["url"]) else {
        return BTreeSet::new();
    };
    let mut found = words(note["title"].as_str().unwrap_or_default());
    found.extend(words(note["summary"].as_str().unwrap_or_default()));
    for tag in note["tags"].as_array().into_iter().flatten() {
        found.extend(words(tag.as_str().unwrap_or_default()));
    }
    found.into_iter().map(|word| (page, word)).collect()
}

/// Returns the other titles that `sync conflicts` lists for a note.
pub(super) fn conflicting_titles(conflict: &Value) -> BTreeSet<Fact> {
    let Some(page) = page_of(&conflict["url"]) else {
        return BTreeSet::new();
    };
    let titles = conflict["titles"].as_array().into_iter().flatten();
    let titles = titles.flat_map(|title| words(title.as_str().unwrap_or_default()));
    titles.map(|word| (page, word)).collect()
}

/// What was promised by answers, and what users took back.
#[derive(Default)]
pub(super) struct Oracle {
    /// Whether words may move from page to page: then it only matters that they are somewhere.
    pub(super) mixes_pages: bool,
    promised: BTreeSet<Fact>,
    gone: BTreeSet<Fact>,
    /// Names that are, or were, of the same tag.
    renamed: BTreeMap<String, BTreeSet<String>>,
    /// Tags that were removed from all notes, or became part of one that many notes have.
    removed: BTreeSet<String>,
}

impl Oracle {
    pub(super) fn new(mixes_pages: bool) -> Self {
        Self {
            mixes_pages,
            ..Self::default()
        }
    }

    /// An answer showed these.
    pub(super) fn promise(&mut self, facts: impl IntoIterator<Item = Fact>) {
        let facts = facts.into_iter().map(|fact| self.placed(fact));
        let facts: Vec<Fact> = facts.collect();
        self.promised.extend(facts);
    }

    /// A user who saw these removed them, or they were nowhere but in what was destroyed.
    pub(super) fn release(&mut self, facts: impl IntoIterator<Item = Fact>) {
        let facts = facts.into_iter().map(|fact| self.placed(fact));
        let facts: Vec<Fact> = facts.collect();
        self.gone.extend(facts);
    }

    fn placed(&self, (page, word): Fact) -> Fact {
        (if self.mixes_pages { 0 } else { page }, word)
    }

    /// A page's note was deleted by a user who may have seen each of its titles.
    pub(super) fn release_titles(&mut self, page: u64) {
        let (page, _) = self.placed((page, String::new()));
        let titles = self
            .promised
            .range((page, String::new())..(page + 1, String::new()));
        let titles = titles.filter(|(_, word)| word.starts_with(TITLE)).cloned();
        self.gone.extend(titles.collect::<Vec<_>>());
    }

    /// A tag was renamed, or merged into another one.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let is_word = |name: &str| words(name).contains(name);
        if is_word(from) && is_word(to) {
            for (one, other) in [(from, to), (to, from)] {
                let others = self.renamed.entry(one.to_owned()).or_default();
                others.insert(other.to_owned());
            }
        } else {
            self.removed.insert(from.to_owned());
        }
    }

    /// A tag was removed from all notes.
    pub(super) fn remove(&mut self, tag: &str) {
        self.removed.insert(tag.to_owned());
    }

    /// Returns how much was promised and not taken back.
    pub(super) fn owed(&self) -> usize {
        self.promised.difference(&self.gone).count()
    }

    /// Returns what was promised, not taken back, and isn't there.
    pub(super) fn lost(&self, there: &BTreeSet<Fact>) -> Vec<Fact> {
        let there: BTreeSet<Fact> = there.iter().map(|fact| self.placed(fact.clone())).collect();
        let owed = self.promised.difference(&self.gone);
        let lost = owed.filter(|(page, word)| {
            !(self.names(word).into_iter()).any(|name| {
                let is_removed = self.removed.contains(&name);
                let fact = (*page, name);
                is_removed || there.contains(&fact) || self.gone.contains(&fact)
            })
        });
        lost.cloned().collect()
    }

    /// Returns all names of a tag. Who removed it may have seen a name that it had before or has by now.
    fn names(&self, typed: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([typed.to_owned()]);
        let mut open = vec![typed.to_owned()];
        while let Some(name) = open.pop() {
            for next in self.renamed.get(&name).into_iter().flatten() {
                if names.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        names
    }
}
