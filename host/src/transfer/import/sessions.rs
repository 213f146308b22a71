//! Managers of tabs: Toby, Tab Session Manager, Session Buddy. What they keep is lists
//! of pages inside of windows, sessions and collections, which become tags by their name.

use std::collections::BTreeSet;

use super::{
    json_list::{self, Naming},
    outline::{Node, Outline},
    row::{Found, Sink},
    source::Source,
};
use crate::error::Result;

/// Toby's: lists with cards; from version 4 on in groups. A card may have a title and a
/// description of the user's own.
///
/// Sources: of version 3 a schema that an importer validates exports by, of version 4 an
/// importer's test that was reduced from a real export. In the latter lists have the ids
/// of labels, and the table of labels is empty: what it looks like otherwise isn't known.
pub(super) fn toby(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let naming = Naming {
        folder: &["title", "name"],
        tags: &["labels"],
        saved: &[],
        skip: &[],
    };
    let outline = Outline::of(source)?.unwrap_or_default();
    let labels = outline.top().and_then(Node::object);
    let has_labels = labels
        .and_then(|members| members.get("labels")?.object())
        .is_some_and(|labels| !labels.is_empty());
    json_list::walk(source, &naming, sink, &mut BTreeSet::new())?;
    if has_labels {
        sink(Found::Notice(
            "Labels of lists were left out: how version 4 writes them isn't known.".into(),
        ))?;
    }
    Ok(())
}

/// Tab Session Manager's: sessions with windows with tabs, each by its number. What a
/// session was saved by is a tag there only for those that the program saved itself.
pub(super) fn tab_session_manager(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    const OWN: [&str; 5] = ["regular", "winClose", "browserExit", "temp", "userSave"];
    let naming = Naming {
        folder: &["name"],
        tags: &["tag"],
        saved: &["date", "sessionStartTime", "lastEditedTime"],
        skip: &["windowsInfo"],
    };
    let mut own = |found| {
        let found = match found {
            Found::Row(mut row) => {
                row.tags
                    .retain(|tag| !OWN.contains(&tag.as_str()) && !tag.starts_with('_'));
                Found::Row(row)
            }
            found => found,
        };
        sink(found)
    };
    json_list::walk(source, &naming, &mut own, &mut BTreeSet::new())
}

/// Session Buddy's: collections with folders with links; before version 4, sessions with
/// windows with tabs. What it saved of itself is its history.
///
/// Source: four importers of other programs, which read `collections` with `folders` and
/// `links`, and `sessions` with `windows` and `tabs`. No real export of a version before 4
/// was found: its dates and its history aren't verified.
pub(super) fn session_buddy(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let outline = Outline::of(source)?.unwrap_or_default();
    let holds = |name: &str| match outline.top() {
        Some(Node::Object(members)) => members.get(name).is_some_and(Node::has_address),
        _ => false,
    };
    // It is all there is in some exports.
    let left_out = holds("history") && (holds("collections") || holds("sessions"));
    let naming = Naming {
        folder: &["title", "name"],
        tags: &["tags"],
        saved: &["created", "saved", "generated", "modified"],
        skip: if left_out {
            &["history", "sessionLimits"]
        } else {
            &[]
        },
    };
    json_list::walk(source, &naming, sink, &mut BTreeSet::new())?;
    if left_out {
        sink(Found::Notice(
            "The history that Session Buddy saved was left out.".into(),
        ))?;
    }
    Ok(())
}
