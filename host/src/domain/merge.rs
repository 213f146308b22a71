//! Merge rules: a page is saved again, two users change a note at the same time, two notes become
//! one, or a row of a file meets a note. Nothing that the user typed is lost.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    note::{
        Change, MAX_SUMMARY_BYTES, MAX_TAGS, Metadata, NewNote, Note, NoteId, check_summary,
        check_tag_count, check_title, with_quote,
    },
    page_title::cleaned_title,
    page_url::PageUrl,
    secrets::{with_user_info_of, without_user_info},
    tag::Tag,
};
use crate::error::Result;

/// The origin of the title in a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TitleOf<'a> {
    /// The page's own title. Cleaned, it replaces an earlier title of the page but never one that
    /// the user typed. With the titles in the page's metadata, the best first.
    Page(&'a [String]),
    /// Typed by the user.
    User,
}

impl Note {
    /// Adds an address that the page was also saved under.
    pub fn keep_address(&mut self, url: &str) {
        // Exports lack the passwords of stored addresses.
        let is_known = |known: &String| known == url || without_user_info(known) == url;
        if !is_known(&self.url) && !self.addresses.iter().any(is_known) {
            self.addresses.push(url.to_owned());
        }
    }

    /// Returns the note with a new address. The old one is kept in `addresses`.
    #[must_use]
    pub fn moved(mut self, url: &PageUrl, now: Timestamp) -> Self {
        let old = std::mem::replace(&mut self.url, url.as_str().to_owned());
        let new = &self.url;
        self.addresses.retain(|other| other != new);
        self.keep_address(&old);
        self.updated_at = self.later(now);
        self
    }

    /// Returns the note with the tags, texts and addresses of another note for the same page. It
    /// keeps its own title and address.
    ///
    /// # Errors
    /// `TooLarge`, or `InvalidTag` for too many tags, if both don't fit into one note.
    pub fn merged_with(self, other: &Self, now: Timestamp) -> Result<Self> {
        let updated_at = self.later(now);
        let mut note = self.joined(other)?;
        note.updated_at = updated_at;
        Ok(note)
    }

    /// Returns a note from the trash with the content of a younger note of the same page. It takes
    /// the younger note's title, which is more recent, unless the user typed only the older one.
    ///
    /// # Errors
    /// `TooLarge`, or `InvalidTag` for too many tags, if both don't fit into one note.
    pub fn restored_with(mut self, younger: &Self, now: Timestamp) -> Result<Self> {
        self.deleted_at = None;
        let keeps_title = self.title_typed && !younger.title_typed;
        if !keeps_title && !younger.title.is_empty() {
            self.title.clone_from(&younger.title);
        }
        if let Some(own) = younger.own_title() {
            self.set_own_title(Some(own.to_owned()));
        }
        self.merged_with(younger, now)
    }

    /// Fills what the note lacks with what its page says of itself: title, excerpt, date, name of the
    /// web site and language. Nothing that the note has is changed, so neither is its time of the
    /// last change. `others`: the titles in the page's metadata, the best first.
    #[must_use]
    pub fn completed_by_page(mut self, title: &str, others: &[String], metadata: Metadata) -> Self {
        self.metadata = metadata.refreshed_by(self.metadata);
        if let (true, Ok(own), Ok(url)) = (
            self.title.is_empty(),
            check_title(title),
            PageUrl::parse(&self.url),
        ) {
            let cleaned = cleaned_title(&own, &url, self.metadata.site_name.as_deref(), others);
            self.retitled_by_page(own, cleaned);
        }
        self
    }

    /// Takes the current title of the page: cleaned, as the note's title, unless the user typed
    /// another one, and as it is, as the page's own.
    fn retitled_by_page(&mut self, own: String, cleaned: String) {
        if own.is_empty() {
            return;
        }
        if !self.title_typed || self.title.is_empty() {
            self.title = cleaned;
            self.title_typed = false;
        }
        self.set_own_title(Some(own));
    }

    /// Sets the page's own title, which isn't stored twice.
    fn set_own_title(&mut self, own: Option<String>) {
        self.page_title = own.filter(|own| *own != self.title);
    }

    /// Returns the page's title that the user may want instead of the typed one: it has changed
    /// since the last save. `before`: the note before the save that was made with this title.
    fn new_title(before: &Self, own: &str, clean: impl Fn(&str) -> String) -> Option<NewTitle> {
        if !before.title_typed || before.title.is_empty() || own.is_empty() {
            return None;
        }
        let known = before.own_title().unwrap_or(&before.title);
        let (title, was) = (clean(own), clean(known));
        (title != was && title != before.title && own != before.title)
            .then_some(NewTitle { title, before: was })
    }

    /// Merges a younger note of the same page into this one. Nothing of either is lost.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many): both stay separate then.
    pub fn joined(self, younger: &Self) -> Result<Self> {
        // Differs from the time that an import left, so that undoing the import keeps the note.
        let updated_at = self.later(younger.updated_at);
        let own = self.own_title().or(younger.own_title());
        let own = own.map(str::to_owned);
        let mut note = self.enriched(
            &younger.title,
            &younger.tags,
            &younger.summary,
            &younger.metadata,
        )?;
        note.title_typed |= younger.title_typed && note.title == younger.title;
        note.set_own_title(own);
        note.read &= younger.read;
        for url in std::iter::once(&younger.url).chain(&younger.addresses) {
            note.keep_address(url);
        }
        note.updated_at = updated_at;
        Ok(note)
    }

    /// Returns the note after its page was saved again: the tags of both, the user's title and
    /// summary unchanged (or the new ones if there are none yet), a new quote at the end, the
    /// page's current metadata, and the new address.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn resaved(
        mut self,
        new: NewNote,
        title: TitleOf<'_>,
        now: Timestamp,
    ) -> Result<(Self, Option<NewTitle>)> {
        let given = check_title(&new.title)?;
        let mut new_title = None;
        match title {
            // The save of a page that is loading has its address as title.
            TitleOf::Page(_) if self.title_typed && is_address(&given, &new.url) => {}
            TitleOf::Page(others) => {
                let known = self.metadata.site_name.as_deref();
                let site = new.metadata.site_name.as_deref().or(known);
                let clean = |title: &str| cleaned_title(title, &new.url, site, others);
                new_title = Self::new_title(&self, &given, clean);
                // A later save has less metadata than the first one.
                let is_known = others.is_empty() && self.own_title() == Some(&*given);
                let cleaned = match is_known && !self.title_typed {
                    true => self.title.clone(),
                    false => clean(&given),
                };
                self.retitled_by_page(given, cleaned);
            }
            TitleOf::User if given.is_empty() => {}
            // The user gives a title to a note that has only the page's.
            TitleOf::User if !self.title_typed || self.title.is_empty() => {
                let own = self.own_title().map(str::to_owned);
                self.title = given;
                self.title_typed = true;
                self.set_own_title(own);
            }
            TitleOf::User => {}
        }
        self.unite_tags(&new.tags)?;
        self.keep_address(new.url.as_str());
        let summary = if self.summary.trim().is_empty() {
            new.summary
        } else {
            self.summary
        };
        self.summary = with_quote(summary, new.quote.as_ref(), &new.url.shown())?;
        self.metadata = self.metadata.refreshed_by(new.metadata);
        self.updated_at = self.later(now);
        Ok((self, new_title))
    }

    /// Replaces the given fields. If tags or summary have changed since they were seen, both
    /// changes are kept.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn changed(mut self, change: Change, now: Timestamp) -> Result<Self> {
        if let Some(title) = change.title {
            let title = check_title(&title)?;
            let own = self.own_title().map(str::to_owned);
            self.title_typed |= title != self.title;
            self.title = title;
            self.set_own_title(own);
        }
        if let Some(wanted) = change.tags {
            self.tags = match change.seen_tags {
                Some(seen) if seen != self.tags => join_tags(&self.tags, &seen, &wanted),
                _ => wanted,
            };
            check_tag_count(&self.tags)?;
        }
        if let Some(wanted) = change.summary {
            // A sender that saw the stored text itself meant to remove what is missing now.
            let (wanted, seen) = match change.seen_summary {
                Some(seen) if seen == self.summary => (wanted, Some(seen)),
                seen => (
                    with_user_info_of(&self.summary, wanted),
                    seen.map(|seen| with_user_info_of(&self.summary, seen)),
                ),
            };
            self.summary = match seen {
                Some(seen) if seen != self.summary => join_summaries(&self.summary, &seen, wanted),
                _ => wanted,
            };
            check_summary(&self.summary)?;
        }
        if let Some(read) = change.read {
            self.read = read;
        }
        self.updated_at = self.later(now);
        Ok(self)
    }

    /// Returns the time of a change made now: later than the last change and the save, even if the
    /// clock was set back since.
    #[must_use]
    pub fn later(&self, now: Timestamp) -> Timestamp {
        now.max(self.updated_at + SignedDuration::from_micros(1))
    }

    /// Adds what another program has for the page. Nothing is removed. A new text is added below
    /// the existing one.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn enriched(
        mut self,
        title: &str,
        tags: &[Tag],
        summary: &str,
        metadata: &Metadata,
    ) -> Result<Self> {
        self.unite_tags(tags)?;
        if self.title.is_empty() {
            self.title = check_title(title)?;
        }
        // Exports lack the passwords in stored texts.
        let summary = with_user_info_of(&self.summary, summary.to_owned());
        if !summary.trim().is_empty() && !says(&self.summary, &summary, str::trim) {
            self.summary = match self.summary.trim_end() {
                "" => summary,
                own => format!("{own}\n\n{summary}"),
            };
            check_summary(&self.summary)?;
        }
        self.metadata = metadata.clone().refreshed_by(self.metadata);
        Ok(self)
    }

    /// Adds missing tags at the end.
    ///
    /// # Errors
    /// `InvalidTag` over [`MAX_TAGS`].
    pub fn unite_tags(&mut self, more: &[Tag]) -> Result<()> {
        let have: HashSet<&Tag> = self.tags.iter().collect();
        let new: Vec<Tag> = more
            .iter()
            .filter(|tag| !have.contains(tag))
            .cloned()
            .collect();
        self.tags.extend(new);
        check_tag_count(&self.tags)
    }
}

/// A note in a file.
#[derive(Debug, Clone)]
pub struct ImportedRow {
    /// Its address.
    pub url: PageUrl,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The user's text.
    pub summary: String,
    /// The page's metadata.
    pub metadata: Metadata,
    /// When it was saved, or `None` if the file doesn't say.
    pub saved_at: Option<Timestamp>,
    /// When it was last changed, or `None` if not since it was saved.
    pub updated_at: Option<Timestamp>,
    /// The fields that only our own exports have.
    pub kept: ExportedFields,
}

impl ImportedRow {
    /// Returns when it was saved, if the file says so. Exports have milliseconds; if the id is in
    /// the same millisecond, it also has the microseconds.
    pub fn saved(&self) -> Option<Timestamp> {
        let of_id = self.kept.id.map(NoteId::moment);
        match (self.saved_at, of_id) {
            (Some(saved), Some(of_id)) if saved.as_millisecond() != of_id.as_millisecond() => {
                Some(saved)
            }
            (saved, of_id) => of_id.or(saved),
        }
    }
}

/// Fields that only our own exports have.
#[derive(Debug, Clone, Default)]
pub struct ExportedFields {
    /// Whether the page is read. Other programs' marks are imported as a tag.
    pub read: Option<bool>,
    /// Its id, which it gets again if that is free.
    pub id: Option<NoteId>,
    /// When it was moved to the trash.
    pub deleted_at: Option<Timestamp>,
    /// Other addresses of the page.
    pub addresses: Vec<String>,
    /// The page's own title.
    pub page_title: Option<String>,
}

/// A part of a row that doesn't fit into the existing note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omission {
    /// Some of the tags.
    Tags,
    /// The end of the text, or all of it.
    Text,
}

impl NewNote {
    /// Creates the first note of the page, saved at `saved_at`.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn into_note(
        self,
        id: NoteId,
        title: TitleOf<'_>,
        saved_at: Timestamp,
        now: Timestamp,
    ) -> Result<Note> {
        let summary = with_quote(self.summary, self.quote.as_ref(), &self.url.shown())?;
        check_tag_count(&self.tags)?;
        let is_typed = title == TitleOf::User;
        let given = check_title(&self.title)?;
        let (title, page_title) = match title {
            TitleOf::User => (given.clone(), None),
            TitleOf::Page(others) => {
                let site = self.metadata.site_name.as_deref();
                let cleaned = cleaned_title(&given, &self.url, site, others);
                let own = Some(given.clone()).filter(|own| *own != cleaned);
                (cleaned, own)
            }
        };
        Ok(Note {
            id,
            saved_at,
            title_typed: is_typed && !given.is_empty(),
            title,
            page_title,
            addresses: Vec::new(),
            tags: self.tags,
            summary,
            metadata: self.metadata,
            updated_at: now,
            deleted_at: None,
            read: self.read,
            url: self.url.as_str().to_owned(),
        })
    }
}

/// The result of merging a row into a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The note.
    pub note: Note,
    /// Whether its save is earlier now, so that it needs another id.
    pub is_earlier: bool,
    /// The parts of the row that didn't fit.
    pub omissions: Vec<Omission>,
}

impl ImportedRow {
    /// Creates the note of a row whose page has none, and returns the row's URL with it. The store
    /// supplies `saved_at` and `id`.
    #[must_use]
    pub fn into_note(self, id: NoteId, saved_at: Timestamp) -> (Note, PageUrl) {
        // Exports have milliseconds: a note that wasn't changed since it was saved gets the same
        // time for both.
        let updated_at = match self.updated_at {
            Some(moment) if moment.as_millisecond() != saved_at.as_millisecond() => moment,
            _ => saved_at,
        };
        let note = Note {
            id,
            saved_at,
            url: self.url.as_str().to_owned(),
            title_typed: !self.title.is_empty(),
            page_title: self.kept.page_title.filter(|own| *own != self.title),
            title: self.title,
            addresses: self.kept.addresses,
            tags: self.tags,
            summary: self.summary,
            metadata: self.metadata,
            updated_at,
            deleted_at: None,
            read: self.kept.read.unwrap_or(true),
        };
        (note, self.url)
    }

    /// Checks the row and normalises its title.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn checked(mut self) -> Result<Self> {
        // All formats except our own exports mark unread pages by a tag.
        let is_marked_unread = || self.tags.iter().any(Tag::is_to_read);
        self.kept.read = self
            .kept
            .read
            .or_else(|| is_marked_unread().then_some(false));
        check_tag_count(&self.tags)?;
        self.title = check_title(&self.title)?;
        check_summary(&self.summary)?;
        Ok(self)
    }
}

impl Note {
    /// Merges a row into the note. Nothing of the note is removed, and what doesn't fit is left
    /// out. `is_own`: whether the note was created by the same import; then it gets the earlier
    /// time of both and keeps its last change.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag` (too many).
    pub fn with_row(&self, row: &ImportedRow, is_own: bool, now: Timestamp) -> Result<Merged> {
        let summary = with_user_info_of(&self.summary, row.summary.clone());
        let (tags, summary, omissions) = self.room_for(&row.tags, &summary);
        let mut note = self
            .clone()
            .enriched(&row.title, tags, summary, &row.metadata)?;
        note.title_typed |= note.title != self.title;
        let own = self.own_title().or(row.kept.page_title.as_deref());
        note.set_own_title(own.map(str::to_owned));
        // If two rows of a file have the same page, it is unread if either row says so. An
        // existing note keeps its state, which is the user's.
        if is_own {
            note.read &= row.kept.read.unwrap_or(true);
        }
        note.keep_address(row.url.as_str());
        for url in &row.kept.addresses {
            note.keep_address(url);
        }
        let earlier = row
            .saved()
            .map(|moment| NoteId::at(moment).moment())
            .filter(|moment| is_own && *moment < self.saved_at);
        if let Some(moment) = earlier {
            // An unchanged note stays unchanged.
            if note.updated_at == note.saved_at {
                note.updated_at = moment;
            }
            note.saved_at = moment;
        } else if !is_own && note != *self {
            note.updated_at = self.later(now);
        }
        Ok(Merged {
            note,
            is_earlier: earlier.is_some(),
            omissions,
        })
    }

    /// Returns the part of tags and text that fits into the note.
    fn room_for<'t>(
        &self,
        tags: &'t [Tag],
        summary: &'t str,
    ) -> (&'t [Tag], &'t str, Vec<Omission>) {
        let mut omissions = Vec::new();
        let mut room = MAX_TAGS.saturating_sub(self.tags.len());
        let fits = |tag: &&Tag| {
            let is_new = !self.tags.contains(tag);
            let fits = !is_new || room > 0;
            room = room.saturating_sub(usize::from(is_new));
            fits
        };
        let all = self.tags.len() + tags.iter().filter(|tag| !self.tags.contains(tag)).count();
        let count = match all > MAX_TAGS {
            true => tags.iter().take_while(fits).count(),
            false => tags.len(),
        };
        if count < tags.len() {
            omissions.push(Omission::Tags);
        }
        let room = MAX_SUMMARY_BYTES.saturating_sub(self.summary.trim_end().len() + 2);
        let length = summary.len();
        let is_new = !self.summary.is_empty() && !self.summary.contains(summary.trim());
        let end = match is_new && length > room {
            true => summary.floor_char_boundary(room),
            false => length,
        };
        if end < length {
            omissions.push(Omission::Text);
        }
        (&tags[..count], &summary[..end], omissions)
    }
}

/// The title of a page that has changed since its note got a title from the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTitle {
    /// The page's title now, cleaned.
    pub title: String,
    /// The title that the page had, cleaned.
    pub before: String,
}

/// Returns whether a title is (a part of) the address that a browser shows until the page has one.
fn is_address(title: &str, url: &PageUrl) -> bool {
    let bare = title.split_once("://").map_or(title, |(_, rest)| rest);
    !bare.is_empty() && bare.contains(['.', '/', ':']) && url.as_str().contains(bare)
}

/// Applies the additions and removals between `seen` and `wanted` to `current`.
fn join_tags(current: &[Tag], seen: &[Tag], wanted: &[Tag]) -> Vec<Tag> {
    let taken = |tag: &Tag| seen.contains(tag) && !wanted.contains(tag);
    let added = |tag: &Tag| !seen.contains(tag) && !current.contains(tag);
    let kept = current.iter().filter(|tag| !taken(tag));
    kept.chain(wanted.iter().filter(|tag| added(tag)))
        .cloned()
        .collect()
}

/// Returns the other side's text with ours in place of what we saw, if that is at its end, or else
/// with ours below it.
pub(super) fn join_summaries(current: &str, seen: &str, wanted: String) -> String {
    if current.trim().is_empty() || says(&wanted, current, str::trim_end) {
        return wanted;
    }
    if says(current, &wanted, str::trim_end) {
        return current.to_owned();
    }
    let theirs = match seen.trim() {
        "" => current,
        seen => current.trim_end().strip_suffix(seen).unwrap_or(current),
    };
    format!("{}\n\n{wanted}", theirs.trim_end())
}

/// Returns whether `text` contains the lines of `part`, each trimmed by `trimmed`. Compares whole
/// lines: "yesterday" doesn't contain "yes".
fn says(text: &str, part: &str, trimmed: fn(&str) -> &str) -> bool {
    let lines = |text: &str| {
        let lines: Vec<&str> = text.trim().lines().map(trimmed).collect();
        format!("\n{}\n", lines.join("\n"))
    };
    lines(text).contains(&lines(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::note::parse_tags;

    fn note(tags: &[&str], summary: &str) -> Note {
        Note {
            id: NoteId(7),
            saved_at: NoteId(7).moment(),
            url: "https://e.org/".into(),
            title: String::new(),
            title_typed: true,
            page_title: None,
            addresses: Vec::new(),
            tags: parse_tags(tags).unwrap(),
            summary: summary.into(),
            metadata: Metadata::default(),
            updated_at: NoteId(7).moment(),
            deleted_at: None,
            read: true,
        }
    }

    #[test]
    fn tags_of_two_concurrent_edits_are_joined() {
        for (current, seen, wanted, joined) in [
            (&["a"][..], &["a"][..], &["a", "b"][..], &["a", "b"][..]),
            (&["a", "x"], &["a"], &["a", "b"], &["a", "x", "b"]),
            (&["a", "x"], &["a"], &[], &["x"]),
            (&[], &["a"], &["a", "b"], &["b"]),
            (&["x"], &[], &["x"], &["x"]),
            (&["a", "b"], &["a", "b"], &["b", "a"], &["b", "a"]),
        ] {
            let change = Change {
                tags: Some(parse_tags(wanted).unwrap()),
                seen_tags: Some(parse_tags(seen).unwrap()),
                ..Change::default()
            };
            let changed = note(current, "")
                .changed(change, Timestamp::UNIX_EPOCH)
                .unwrap();
            assert_eq!(
                changed.tags,
                parse_tags(joined).unwrap(),
                "{current:?} {seen:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn a_password_in_a_text_goes_only_where_it_was_seen() {
        let stored = "a https://jo:pw@e.org/";
        for (seen, wanted, result) in [
            (
                "a https://e.org/",
                "b https://e.org/",
                "b https://jo:pw@e.org/",
            ),
            (stored, "b https://e.org/", "b https://e.org/"),
            ("a https://e.org/", "b", "b"),
        ] {
            let change = Change {
                summary: Some(wanted.into()),
                seen_summary: Some(seen.into()),
                ..Change::default()
            };
            let changed = note(&[], stored)
                .changed(change, Timestamp::UNIX_EPOCH)
                .unwrap();
            assert_eq!(changed.summary, result, "{seen:?} {wanted:?}");
        }
    }

    #[test]
    fn texts_of_two_concurrent_edits_are_joined() {
        for (current, seen, wanted, joined) in [
            ("", "", "mine", "mine"),
            ("seen", "seen", "mine", "mine"),
            ("theirs", "", "mine", "theirs\n\nmine"),
            // Typed further after the first merge.
            ("theirs\n\nmin", "min", "mine", "theirs\n\nmine"),
            ("theirs", "old", "old and mine", "theirs\n\nold and mine"),
            ("theirs\n\nmine", "", "mine", "theirs\n\nmine"),
            ("yes", "", "yesterday", "yes\n\nyesterday"),
            ("both", "", "both\nand mine", "both\nand mine"),
        ] {
            let change = Change {
                summary: Some(wanted.into()),
                seen_summary: Some(seen.into()),
                ..Change::default()
            };
            let changed = note(&[], current)
                .changed(change, Timestamp::UNIX_EPOCH)
                .unwrap();
            assert_eq!(changed.summary, joined, "{current:?} {seen:?} {wanted:?}");
        }
    }
}
