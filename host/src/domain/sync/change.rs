//! What a user's change writes into a state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    page_view::{ConflictField, PageView, by_moment},
    state::{Life, State, Version, Written, field},
    tag_history::{KnownEdits, TagNames},
};

/// A version about to be written.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The random number.
    pub version: Version,
    /// When the user made the change, in µs since 1970.
    pub micros: i64,
    /// The tag edits that this device knows.
    pub edits: KnownEdits,
}

impl State {
    /// Writes what `after` has other than the state shows. Returns false if it shows the same, so
    /// that nothing was written.
    ///
    /// A note that is saved anew after a deletion replaces all that was: `after.saved_at` is another
    /// one then.
    pub fn change(&mut self, after: &PageView, new: &NewVersion, names: &TagNames<'_>) -> bool {
        self.change_from(self.view(names), after, new, names)
    }

    /// The same for a note that showed `before`, which may lack what a note can't have. What wasn't
    /// shown wasn't removed.
    pub fn change_from(
        &mut self,
        before: Option<PageView>,
        after: &PageView,
        new: &NewVersion,
        names: &TagNames<'_>,
    ) -> bool {
        let is_new = match &before {
            None => true,
            Some(before) => {
                before.life != Life::Live
                    && after.life == Life::Live
                    && before.saved_at != after.saved_at
            }
        };
        let before = before.filter(|_| !is_new);
        if before.as_ref().is_some_and(|before| before.shows(after)) {
            return false;
        }
        let version = new.version;
        // A restored note shows the time of its last change again.
        let is_restored = before.as_ref().is_some_and(|before| {
            let mut live = before.clone();
            live.life = Life::Live;
            before.life != Life::Live && live.shows(after)
        });
        let micros = match is_restored {
            true => new.micros,
            false => new.micros.max(self.latest().saturating_add(1)),
        };
        let written = Written {
            micros,
            edits: new.edits.clone(),
        };
        if is_new {
            self.registers.clear();
            self.tags.clear();
            self.addresses.clear();
            self.replaced.clear();
            self.seen.clone_from(&self.life_seen);
        }
        self.life_seen.insert(version);
        self.seen.insert(version);
        self.written.insert(version, written);
        self.life.clear();
        self.life.insert(version, after.life.clone());
        // A deletion says nothing of the rest, which others may be changing.
        if is_new || after.life == Life::Live {
            self.change_fields(before.as_ref(), after, version);
            self.change_tags(before.as_ref(), after, version, names);
        }
        self.tidy();
        true
    }

    fn change_fields(&mut self, before: Option<&PageView>, after: &PageView, version: Version) {
        let differs = |same: fn(&PageView, &PageView) -> bool| match before {
            None => true,
            Some(before) => !same(before, after),
        };
        if differs(|a, b| a.url == b.url && a.saved_at == b.saved_at) {
            self.set(field::ORIGIN, version, json!([after.url, after.saved_at]));
        }
        if differs(|a, b| a.title == b.title && a.title_typed == b.title_typed) {
            let title = match after.title_typed {
                true => json!([after.title]),
                false => json!(after.title),
            };
            self.set(field::TITLE, version, title);
        }
        if differs(|a, b| a.summary == b.summary) {
            let hidden = self.text().hidden;
            self.set_text(&after.summary, version, &hidden);
        }
        if differs(|a, b| a.read == b.read) && (before.is_some() || !after.read) {
            self.set(field::READ, version, json!(after.read));
        }
        type OptionalText = fn(&PageView) -> &Option<String>;
        let texts: [(&str, OptionalText); 5] = [
            (field::PAGE_TITLE, |view| &view.page_title),
            (field::EXCERPT, |view| &view.excerpt),
            (field::SITE_NAME, |view| &view.site_name),
            (field::LANG, |view| &view.lang),
            (field::PUBLISHED_AT, |view| &view.published_at),
        ];
        for (name, of) in texts {
            let (old, new) = (before.and_then(|before| of(before).as_ref()), of(after));
            if old != new.as_ref() {
                self.set(name, version, json!(new));
            }
        }
        let old = before.map_or(&[] as &[String], |before| &before.addresses);
        let is_gone = |url: &String| old.contains(url) && !after.addresses.contains(url);
        for urls in self.addresses.values_mut() {
            urls.retain(|url| !is_gone(url));
        }
        self.addresses.retain(|_, urls| !urls.is_empty());
        let is_added = |url: &&String| !old.contains(url);
        let added: Vec<String> = after.addresses.iter().filter(is_added).cloned().collect();
        if !added.is_empty() {
            self.addresses.insert(version, added);
        }
    }

    /// Replaces all values of a field.
    fn set(&mut self, name: &str, version: Version, value: Value) {
        self.registers
            .insert(name.to_owned(), [(version, value)].into());
    }

    /// Replaces the surviving texts but those of versions in `hidden`, which the user hasn't seen. The
    /// replaced ones remain as ancestors for merging.
    fn set_text(&mut self, text: &str, version: Version, hidden: &BTreeSet<Version>) {
        let mut replaced: BTreeSet<Version> = BTreeSet::new();
        let mut old = Vec::new();
        for text in self.texts() {
            if !hidden.contains(&text.at.version) {
                replaced.extend(&text.replaced);
                replaced.insert(text.at.version);
                old.push((text.at, text.text.to_owned()));
            }
        }
        for (at, text) in old {
            self.replaced.insert(at.version, (at.micros, text));
        }
        if text.is_empty() && replaced.is_empty() {
            return;
        }
        // Those whose text is no longer kept can't be ancestors.
        self.forget_old_texts();
        replaced.retain(|version| self.replaced.contains_key(version));
        let replaced: Vec<String> = replaced.iter().map(ToString::to_string).collect();
        let value = match replaced.is_empty() {
            true => json!(text),
            false => json!([text, replaced]),
        };
        let texts = self.registers.entry(field::TEXT.to_owned()).or_default();
        texts.retain(|version, _| hidden.contains(version));
        texts.insert(version, value);
    }

    fn change_tags(
        &mut self,
        before: Option<&PageView>,
        after: &PageView,
        version: Version,
        names: &TagNames<'_>,
    ) {
        let old = before.map_or(&[] as &[String], |before| &before.tags);
        if old == after.tags {
            return;
        }
        let is_gone = |name: &String| old.contains(name) && !after.tags.contains(name);
        let mut kept = self.tags.clone();
        for (version, name) in by_moment(self, &self.tags) {
            let known = &self
                .written
                .get(&version)
                .map(|written| written.edits.clone());
            let known = known.clone().unwrap_or_default();
            if names.current(name, &known).as_ref().is_some_and(is_gone)
                && let Some(own) = kept.get_mut(&version)
            {
                own.retain(|other| other != name);
            }
        }
        kept.retain(|_, names| !names.is_empty());
        self.tags = kept;
        let is_added = |name: &&String| !old.contains(name);
        let added: Vec<String> = after.tags.iter().filter(is_added).cloned().collect();
        if !added.is_empty() {
            self.tags.insert(version, added);
        }
        // The order in which they were added is the user's in most cases.
        let shown = self.view(names).map(|view| view.tags);
        if shown.as_ref() != Some(&after.tags) {
            self.set(field::ORDER, version, json!(after.tags));
        }
    }

    /// Replaces all values of the fields that have conflicts by what is shown, as a user does who
    /// agrees with it. Returns false if there are no conflicts.
    pub fn settle(&mut self, new: &NewVersion, names: &TagNames<'_>) -> bool {
        self.settle_fields(new, names, |_| true)
    }

    /// The same of one field.
    pub fn settle_field(
        &mut self,
        field: ConflictField,
        new: &NewVersion,
        names: &TagNames<'_>,
    ) -> bool {
        self.settle_fields(new, names, |other| other == field)
    }

    fn settle_fields(
        &mut self,
        new: &NewVersion,
        names: &TagNames<'_>,
        is_wanted: impl Fn(ConflictField) -> bool,
    ) -> bool {
        let Some(view) = self.view(names) else {
            return false;
        };
        let has = |field| is_wanted(field) && !view.conflicts.of(field).is_empty();
        let (title, text) = (has(ConflictField::Title), has(ConflictField::Text));
        if !title && !text {
            return false;
        }
        let written = Written {
            micros: new.micros.max(self.latest().saturating_add(1)),
            edits: new.edits.clone(),
        };
        self.life_seen.insert(new.version);
        self.seen.insert(new.version);
        if title {
            self.set(field::TITLE, new.version, json!([view.title]));
        }
        if text {
            // Who keeps what is shown knows of what isn't.
            self.set_text(&view.summary, new.version, &BTreeSet::new());
        }
        // Only now, since `set_text` forgets versions that hold nothing.
        self.written.insert(new.version, written);
        self.tidy();
        true
    }
}

impl PageView {
    /// Returns whether both show the same to the user. The time of the last change isn't compared.
    #[must_use]
    pub fn shows(&self, other: &Self) -> bool {
        if self.life != Life::Live && other.life != Life::Live {
            return matches!(self.life, Life::Moved(_)) == matches!(other.life, Life::Moved(_));
        }
        let mut same = other.clone();
        same.updated_at = self.updated_at;
        same.conflicts.clone_from(&self.conflicts);
        same == *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sync::{Conflicts, EditLists, PageId, TagHistory, UniqueId};

    fn new(number: u64) -> NewVersion {
        NewVersion {
            version: UniqueId::from_random(number << 4),
            micros: 5,
            edits: KnownEdits::default(),
        }
    }

    fn saved(text: &str) -> PageView {
        PageView {
            life: Life::Live,
            url: "https://e.org/".into(),
            saved_at: 1,
            title: String::new(),
            title_typed: false,
            page_title: None,
            summary: text.into(),
            tags: Vec::new(),
            read: true,
            addresses: Vec::new(),
            excerpt: None,
            site_name: None,
            lang: None,
            published_at: None,
            updated_at: 1,
            conflicts: Conflicts::default(),
        }
    }

    #[test]
    fn a_settled_text_has_a_time_and_can_be_written() {
        let history = TagHistory::default();
        let names = history.names();
        let (mut state, mut other) = (State::default(), State::default());
        state.change(&saved("one"), &new(1), &names);
        other.change(&saved("two"), &new(2), &names);
        state.join(&other);
        assert!(state.settle(&new(3), &names));
        assert_eq!(state.moment(new(3).version).micros, 6);
        let mut lists = EditLists::default();
        let line = state.to_json(PageId([0; 16]), &mut lists);
        assert_eq!(State::from_json(line, &lists).unwrap().1, state);
    }
}
