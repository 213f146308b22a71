//! Query parameters, in the encoding of HTML forms.

use std::borrow::Cow;

use url::form_urlencoded;

use crate::{
    domain::{MAX_CONDITIONS, NoteId, Tag},
    error::Result,
    store::TagFilter,
};

/// Parsed query parameters; `+` is decoded as a space.
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

    /// Returns the text that names must contain.
    pub(super) fn filter(&self) -> String {
        self.value("filter").unwrap_or_default().trim().to_owned()
    }

    /// Adds the tags of `with` (or `tag`) and `without` without duplicates, up to the limit of a
    /// search's conditions. A page repeats them in each of its links.
    pub(super) fn add_tags(&self, filter: &mut TagFilter) -> Result<()> {
        let mut room = MAX_CONDITIONS.saturating_sub(filter.with.len() + filter.without.len());
        // `tag` is the name of `with` on the command line and in searches.
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

    /// Returns the id of the note before which a list of older notes begins.
    ///
    /// # Errors
    /// The text isn't a number.
    pub(super) fn before(&self) -> std::result::Result<Option<NoteId>, std::num::ParseIntError> {
        let id = self.value("before").map(str::parse).transpose()?;
        Ok(id.map(NoteId))
    }
}
