//! Notes as states show them, and states as notes.
//!
//! A state has no user names and passwords of addresses: like exports, it leaves the computer. The
//! note keeps its own.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    page_view::{Conflicts, PageView},
    state::{Life, PageId},
};
use crate::{
    domain::{
        note::{Metadata, Note, NoteId, check_summary, check_title},
        page_url::PageUrl,
        secrets::{text_without_user_info, with_user_info_of, without_user_info},
        tag::Tag,
    },
    error::Result,
};

impl PageId {
    /// Returns the id of the page with this page key. Devices find each other's notes by it, so the
    /// rules of page keys that it stands for are numbered: `1`.
    #[must_use]
    pub fn of(page_key: &str) -> Self {
        let hash = Sha256::new().chain_update("1\n").chain_update(page_key);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

impl PageView {
    /// Returns a note as a state shows it.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        Self {
            life: match note.deleted_at {
                None => Life::Live,
                Some(moment) => Life::Trash(moment.as_microsecond()),
            },
            url: note.address().into_owned(),
            saved_at: note.saved_at.as_microsecond(),
            title: note.title.clone(),
            title_typed: note.title_typed,
            page_title: note.page_title.clone(),
            summary: note.shown_summary().into_owned(),
            tags: note
                .tags
                .iter()
                .map(|tag| tag.as_str().to_owned())
                .collect(),
            read: note.read,
            addresses: note.other_addresses(),
            excerpt: note.metadata.excerpt.clone(),
            site_name: note.metadata.site_name.clone(),
            lang: note.metadata.lang.clone(),
            published_at: note.metadata.published_at.clone(),
            updated_at: note.updated_at.as_microsecond(),
            conflicts: Conflicts::default(),
        }
    }

    /// Returns what a note here shows of the view: what no note can have is left out. `own`: the note
    /// so far. `None` if no note can show it.
    #[must_use]
    pub fn as_shown(&self, own: Option<&Note>) -> Option<Self> {
        let url = PageUrl::parse(&self.url).ok()?;
        let note = self.to_note(NoteId::MIN, &url, own).ok()?;
        let mut shown = Self::of(&note);
        shown.life.clone_from(&self.life);
        shown.url.clone_from(&self.url);
        shown.saved_at = self.saved_at;
        shown.updated_at = self.updated_at;
        shown.conflicts.clone_from(&self.conflicts);
        Some(shown)
    }

    /// Returns a hash of what the user sees and can change.
    #[must_use]
    pub fn mark(&self) -> i64 {
        let life = match self.life {
            Life::Live => 0,
            Life::Trash(_) => 1,
            Life::Moved(_) => 2,
        };
        let shown = json!([
            life,
            self.url,
            self.saved_at,
            self.title,
            self.title_typed,
            self.page_title,
            self.summary,
            self.tags,
            self.read,
            self.addresses,
            self.excerpt,
            self.site_name,
            self.lang,
            self.published_at,
        ]);
        let hash = Sha256::digest(shown.to_string());
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        i64::from_be_bytes(first)
    }

    /// Returns the address that the view shows, as that of `own`, the note so far, if it differs only
    /// in its user name and password.
    ///
    /// # Errors
    /// `InvalidUrl` and other reasons why a page can't be saved.
    pub fn address(&self, own: Option<&Note>) -> Result<PageUrl> {
        match own {
            Some(own) if without_user_info(&own.url) == self.url => PageUrl::parse(&own.url),
            _ => {
                let url = PageUrl::parse(&self.url)?;
                url.require_savable(true)?;
                Ok(url)
            }
        }
    }

    /// Returns the note that the view shows. `own`: the note so far, whose user names and passwords
    /// it keeps. What a note can't have is left out: other devices are trusted no more than files are.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn to_note(&self, id: NoteId, url: &PageUrl, own: Option<&Note>) -> Result<Note> {
        let title = check_title(&self.title)?;
        let summary = match own {
            Some(own) => with_user_info_of(&own.summary, self.summary.clone()),
            None => text_without_user_info(&self.summary).into_owned(),
        };
        check_summary(&summary)?;
        let mut tags: Vec<Tag> = Vec::with_capacity(self.tags.len());
        for name in &self.tags {
            // A name of an older version stays as it is where the note has it.
            let kept = own.and_then(|own| own.tags.iter().find(|tag| tag.as_str() == name));
            let tag = kept.cloned().or_else(|| Tag::parse(name).ok());
            if let Some(tag) = tag
                && !tags.contains(&tag)
            {
                tags.push(tag);
            }
        }
        let mut addresses: Vec<String> = Vec::with_capacity(self.addresses.len());
        for shown in &self.addresses {
            let kept = own.and_then(|own| {
                (own.addresses.iter()).find(|address| without_user_info(address) == *shown)
            });
            if kept.is_some() || PageUrl::parse(shown).is_ok() {
                addresses.push(kept.unwrap_or(shown).clone());
            }
        }
        let page_title = self.page_title.as_deref().map(check_title).transpose()?;
        Ok(Note {
            id,
            saved_at: NoteId(self.saved_at).moment(),
            url: url.as_str().to_owned(),
            title_typed: self.title_typed,
            page_title: page_title.filter(|own| *own != title),
            title,
            addresses,
            tags,
            summary,
            metadata: Metadata {
                excerpt: self.excerpt.clone(),
                published_at: self.published_at.clone(),
                site_name: self.site_name.clone(),
                lang: self.lang.clone(),
            }
            .from_export(),
            updated_at: NoteId(self.updated_at).moment(),
            deleted_at: None,
            read: self.read,
        })
    }
}
