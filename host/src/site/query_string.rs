//! The parameters of an address, as forms write them.

use std::borrow::Cow;

use url::form_urlencoded;

use crate::{
    domain::{MAX_CONDITIONS, NoteId, Tag},
    error::Result,
    store::TagFilter,
};

/// A query as forms write it: `+` is a space.
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    pub(super) fn read(query: &'a str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_ref())
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The text that names are to have in them.
    pub(super) fn filter(&self) -> String {
        self.value("filter").unwrap_or_default().trim().to_owned()
    }

    /// Adds the tags of `with` (or `tag`) and `without`, each once: as many as a search has conditions.
    /// A page repeats them in the address of each of its links.
    pub(super) fn add_tags(&self, filter: &mut TagFilter) -> Result<()> {
        let mut room = MAX_CONDITIONS.saturating_sub(filter.with.len() + filter.without.len());
        // `tag` is what command line and search call `with`.
        for (parameter, is_wanted) in [("with", true), ("tag", true), ("without", false)] {
            let list = if is_wanted {
                &mut filter.with
            } else {
                &mut filter.without
            };
            for name in self.values(parameter) {
                let tag = Tag::sought(name)?;
                if !list.contains(&tag) && room > 0 {
                    room -= 1;
                    list.push(tag);
                }
            }
        }
        Ok(())
    }

    /// The id of the note that a list of older notes begins before.
    ///
    /// # Errors
    /// The text isn't a number.
    pub(super) fn before(&self) -> std::result::Result<Option<NoteId>, std::num::ParseIntError> {
        let id = self.value("before").map(str::parse).transpose()?;
        Ok(id.map(NoteId))
    }
}
