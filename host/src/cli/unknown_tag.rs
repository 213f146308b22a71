//! The sentence for a tag that no note has.

use crate::{
    domain::{Tag, nearest},
    error::Result,
    store::{Reader, TagOrder},
};

/// Returns a sentence saying that no note has the tag, with a suggestion, or `None` if a note has
/// it by any of its names.
pub(super) fn unknown_tag(store: &Reader, tag: &Tag) -> Result<Option<String>> {
    if store.has_notes(tag)? {
        return Ok(None);
    }
    let tags = store.tags(TagOrder::Uses)?;
    let aliases = store.aliases()?;
    let names = tags.iter().map(|tag| tag.tag.as_str());
    let names = names.chain(aliases.iter().map(|alias| alias.name.as_str()));
    let meant = match nearest(tag.as_str(), names) {
        Some(name) => Some(name.to_owned()),
        None => store
            .complete_tags(tag.as_str(), 1, &[])?
            .first()
            .map(|tag| tag.tag.to_string()),
    };
    Ok(Some(match meant {
        Some(name) => format!("No note has the tag \"{tag}\". Did you mean \"{name}\"?"),
        None => format!("No note has the tag \"{tag}\"."),
    }))
}
