//! The page with the text of a note's page.

use super::{
    controller::{Controller, found},
    response::Answer,
    route::Unknown,
    views,
};
use crate::{domain::NoteId, error::Result, store::Reader};

impl Controller {
    pub(super) fn text(&self, reader: &Reader, id: NoteId) -> Result<Answer> {
        let Some(note) = reader.note(id)? else {
            return self.note(reader, id);
        };
        let Some(text) = reader.text(id)? else {
            let unknown = Unknown {
                sentence: "No text of this page is kept.".into(),
                words: String::new(),
            };
            let pages = vec![("the note", self.layout.links.note(id))];
            return self.missing(reader, &unknown, pages);
        };
        Ok(found(views::reader(&self.layout, &note, &text)))
    }
}
