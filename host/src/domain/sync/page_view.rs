//! The note that a state shows. Every device with the same state and the same tag history shows the
//! same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    moment::Moment,
    state::{Life, Register, State, TextSet, Version, field},
    tag_history::TagNames,
    text_merge::{join_texts, merge_lines},
};
use crate::domain::note::{MAX_SUMMARY_BYTES, MAX_TAGS};

/// 1990 in µs since 1970. No page was saved before; an earlier time comes from a wrong clock.
const EARLIEST_SAVE: i64 = 631_152_000_000_000;

/// A note as a state shows it. Times are in µs since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageView {
    /// Whether it exists.
    pub life: Life,
    /// The address of its first save.
    pub url: String,
    /// When it was first saved.
    pub saved_at: i64,
    /// The title.
    pub title: String,
    /// Whether the user typed it.
    pub title_typed: bool,
    /// The page's own title, where it differs.
    pub page_title: Option<String>,
    /// The user's text.
    pub summary: String,
    /// The tags in the user's order.
    pub tags: Vec<String>,
    /// Whether the user has read the page.
    pub read: bool,
    /// Other addresses.
    pub addresses: Vec<String>,
    /// The page's description.
    pub excerpt: Option<String>,
    /// The name of the web site.
    pub site_name: Option<String>,
    /// The language.
    pub lang: Option<String>,
    /// When the page was published.
    pub published_at: Option<String>,
    /// When it was last changed.
    pub updated_at: i64,
    /// What devices wrote at the same time and only one of which is shown.
    pub conflicts: Conflicts,
}

/// Values that devices wrote without knowing of each other, and that the view doesn't show whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Titles that the user typed elsewhere.
    pub titles: Vec<Alternative>,
    /// Texts that couldn't be merged: those that stand below another one in the summary, or aren't
    /// shown because all together would be too long.
    pub texts: Vec<Alternative>,
}

/// A value that isn't shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alternative {
    /// When it was written, and by which version.
    pub at: Moment,
    /// The value.
    pub text: String,
}

/// A field of which a view may not show all values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictField {
    /// The title.
    Title,
    /// The user's text.
    Text,
}

impl Conflicts {
    /// Returns the values of a field that aren't shown.
    #[must_use]
    pub fn of(&self, field: ConflictField) -> &[Alternative] {
        match field {
            ConflictField::Title => &self.titles,
            ConflictField::Text => &self.texts,
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.titles.is_empty() && self.texts.is_empty()
    }
}

impl State {
    /// Returns the note that the state shows, or `None` if the state has no address.
    #[must_use]
    pub fn view(&self, names: &TagNames<'_>) -> Option<PageView> {
        let (url, saved_at) = self.origin()?;
        let titles = self.titles();
        let newest = titles.last();
        let (title, title_typed) = newest.map_or((String::new(), false), |(_, typed, text)| {
            ((*text).to_owned(), *typed)
        });
        let mut conflicts = Conflicts::default();
        for (at, typed, text) in &titles {
            if *typed
                && **text != title
                && !conflicts.titles.iter().any(|other| other.text == *text)
            {
                conflicts.titles.push(Alternative {
                    at: *at,
                    text: (*text).to_owned(),
                });
            }
        }
        let (summary, texts) = self.text();
        conflicts.texts = texts;
        let page_title = self.newest_text(field::PAGE_TITLE);
        Some(PageView {
            life: self.life().cloned().unwrap_or(Life::Live),
            url,
            saved_at,
            page_title: page_title.filter(|own| *own != title),
            title,
            title_typed,
            summary,
            tags: self.tag_names(names),
            read: (self.newest(field::READ)).is_none_or(|read| *read != Value::Bool(false)),
            addresses: in_order(self, &self.addresses),
            excerpt: self.newest_text(field::EXCERPT),
            site_name: self.newest_text(field::SITE_NAME),
            lang: self.newest_text(field::LANG),
            published_at: self.newest_text(field::PUBLISHED_AT),
            updated_at: self.updated_at(),
            conflicts,
        })
    }

    /// Returns the address and the time of the earliest plausible save.
    pub(crate) fn origin(&self) -> Option<(String, i64)> {
        let origins = self.registers.get(field::ORIGIN)?;
        let least = (origins.iter())
            .filter_map(|(version, value)| {
                let list = value.as_array()?;
                let (url, saved) = (list.first()?.as_str()?, list.get(1)?.as_i64()?);
                Some((saved < EARLIEST_SAVE, saved, *version, url))
            })
            .min()?;
        Some((least.3.to_owned(), least.1))
    }

    /// Returns the titles; the last one is shown. One that the user typed counts more than one that
    /// the page gave, and none at all counts least.
    fn titles(&self) -> Vec<(Moment, bool, &str)> {
        let mut titles: Vec<(bool, bool, Moment, &str)> = (self.values(field::TITLE))
            .filter_map(|(version, value)| {
                let (typed, text) = match value {
                    Value::Array(list) => (true, list.first()?.as_str()?),
                    value => (false, value.as_str()?),
                };
                Some((typed, !text.is_empty(), self.moment(version), text))
            })
            .collect();
        titles.sort_unstable();
        let titles = titles.into_iter();
        titles
            .map(|(typed, _, at, text)| (at, typed, text))
            .collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = (Version, &Value)> {
        let register: Option<&Register> = self.registers.get(name);
        (register.into_iter().flatten()).map(|(version, value)| (*version, value))
    }

    /// Returns the newest value of a field that isn't null.
    fn newest(&self, name: &str) -> Option<&Value> {
        let values = self.values(name).filter(|(_, value)| !value.is_null());
        let newest = values.max_by_key(|(version, _)| self.moment(*version));
        newest.map(|(_, value)| value)
    }

    fn newest_text(&self, name: &str) -> Option<String> {
        self.newest(name)?.as_str().map(str::to_owned)
    }

    /// Returns the texts that no version has replaced, the oldest first.
    pub(super) fn texts(&self) -> Vec<SurvivingText<'_>> {
        let mut texts: Vec<SurvivingText<'_>> = (self.values(field::TEXT))
            .filter_map(|(version, value)| SurvivingText::of(self.moment(version), value))
            .collect();
        texts.sort_unstable_by_key(|text| text.at);
        texts
    }

    /// Merges the surviving texts. Also returns those that couldn't be merged.
    fn text(&self) -> (String, Vec<Alternative>) {
        let mut texts = self.texts();
        let Some(newest) = texts.pop() else {
            return (String::new(), Vec::new());
        };
        let mut merged = newest.text.to_owned();
        let mut apart: Vec<Alternative> = Vec::new();
        for text in texts.iter().rev() {
            if text.text == newest.text || text.text.trim().is_empty() && text.replaced.is_empty() {
                continue;
            }
            let ancestor = self.common_ancestor(text, &newest);
            match ancestor.and_then(|base| merge_lines(base, text.text, &merged)) {
                Some(text) => merged = text,
                None if apart.iter().any(|other| other.text == text.text) => {}
                None => apart.push(Alternative {
                    at: text.at,
                    text: text.text.to_owned(),
                }),
            }
        }
        apart.reverse();
        if apart.is_empty() && merged.len() <= MAX_SUMMARY_BYTES {
            return (merged, apart);
        }
        let mut parts: Vec<&str> = apart.iter().map(|other| &*other.text).collect();
        parts.push(&merged);
        let whole = join_texts(&parts);
        if whole.len() <= MAX_SUMMARY_BYTES {
            return (whole, apart);
        }
        // All together would be too long.
        let mut others: Vec<Alternative> = Vec::new();
        for text in &texts {
            if text.text != newest.text && !text.text.trim().is_empty() {
                others.push(Alternative {
                    at: text.at,
                    text: text.text.to_owned(),
                });
            }
        }
        (newest.text.to_owned(), others)
    }

    /// Returns the newest text that both texts replaced.
    fn common_ancestor(&self, one: &SurvivingText<'_>, other: &SurvivingText<'_>) -> Option<&str> {
        let shared = one.replaced.intersection(&other.replaced);
        let kept = shared.filter_map(|version| {
            let (micros, text) = self.replaced.get(version)?;
            Some((*micros, *version, &**text))
        });
        kept.max().map(|(_, _, text)| text)
    }

    /// Returns the current names of the tags: first those in the user's newest order, then the others
    /// in the order in which they were added.
    fn tag_names(&self, names: &TagNames<'_>) -> Vec<String> {
        let none = BTreeSet::new();
        let current = |version: Version, name: &str| {
            let known = self.written.get(&version);
            names.current(name, known.map_or(&none, |written| &written.edits))
        };
        let mut present: Vec<String> = Vec::new();
        for (version, name) in by_moment(self, &self.tags) {
            if let Some(name) = current(version, name)
                && !present.contains(&name)
            {
                present.push(name);
            }
        }
        let order = (self.values(field::ORDER))
            .max_by_key(|(version, _)| self.moment(*version))
            .and_then(|(version, order)| Some((version, order.as_array()?)));
        let mut tags: Vec<String> = Vec::with_capacity(present.len());
        if let Some((version, order)) = order {
            for name in order.iter().filter_map(Value::as_str) {
                if let Some(name) = current(version, name)
                    && present.contains(&name)
                    && !tags.contains(&name)
                {
                    tags.push(name);
                }
            }
        }
        for name in present {
            if !tags.contains(&name) {
                tags.push(name);
            }
        }
        tags.truncate(MAX_TAGS);
        tags
    }

    /// Returns the greatest time of what is shown. A deletion is no change of the note.
    fn updated_at(&self) -> i64 {
        let alive = (self.life.iter()).filter(|(_, life)| **life == Life::Live);
        let versions = (alive.map(|(version, _)| version))
            .chain(self.registers.values().flat_map(|values| values.keys()))
            .chain(self.tags.keys())
            .chain(self.addresses.keys());
        versions
            .map(|version| self.moment(*version).micros)
            .max()
            .unwrap_or(0)
    }
}

/// A text that no version has replaced.
#[derive(Debug)]
pub(super) struct SurvivingText<'a> {
    pub(super) at: Moment,
    pub(super) text: &'a str,
    /// The versions whose texts it replaced.
    pub(super) replaced: BTreeSet<Version>,
}

impl<'a> SurvivingText<'a> {
    fn of(at: Moment, value: &'a Value) -> Option<Self> {
        let (text, replaced) = match value {
            Value::Array(list) => (list.first()?.as_str()?, list.get(1)?.as_array()?.as_slice()),
            value => (value.as_str()?, [].as_slice()),
        };
        let replaced = replaced.iter().filter_map(Value::as_str);
        Some(Self {
            at,
            text,
            replaced: replaced
                .filter_map(|version| version.parse().ok())
                .collect(),
        })
    }
}

/// Returns the texts of a set with their versions, in the order in which they were added.
pub(super) fn by_moment<'a>(state: &State, set: &'a TextSet) -> Vec<(Version, &'a str)> {
    let mut versions: Vec<Moment> = set.keys().map(|version| state.moment(*version)).collect();
    versions.sort_unstable();
    let versions = versions.into_iter().map(|moment| moment.version);
    versions
        .flat_map(|version| set[&version].iter().map(move |text| (version, &**text)))
        .collect()
}

fn in_order(state: &State, set: &TextSet) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (_, text) in by_moment(state, set) {
        if !texts.iter().any(|other| other == text) {
            texts.push(text.to_owned());
        }
    }
    texts
}
