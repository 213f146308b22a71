//! Tab managers: Toby, Tab Session Manager, Session Buddy. They store lists of pages in windows,
//! sessions and collections, whose names become tags.

use std::collections::BTreeSet;

use super::{
    json_list::{self, Naming},
    outline::{Node, Outline},
    row::{Found, Sink},
    source::Source,
};
use crate::error::Result;

/// Reads Toby: lists of cards, from version 4 on in groups. A card may have a custom title and
/// description.
///
/// Sources: for version 3 a schema with which an importer validates exports, for version 4 an
/// importer's test reduced from a real export. In the latter, lists have the ids of labels, but the
/// table of labels is empty, so its format isn't known.
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

/// Reads Tab Session Manager: sessions with windows with tabs, each by its number. Why a session
/// was saved becomes a tag only if the program saved it automatically.
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

/// Reads Session Buddy: collections with folders with links; before version 4, sessions with
/// windows with tabs. What it saved automatically is its history.
///
/// Source: four importers of other programs, which read `collections` with `folders` and `links`,
/// and `sessions` with `windows` and `tabs`. No real export of a version before 4 was found, so its
/// dates and its history aren't verified.
pub(super) fn session_buddy(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let outline = Outline::of(source)?.unwrap_or_default();
    let holds = |name: &str| match outline.top() {
        Some(Node::Object(members)) => members.get(name).is_some_and(Node::has_address),
        _ => false,
    };
    // Some exports contain nothing else.
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
