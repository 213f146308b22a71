//! Reads Linkwarden's JSON: collections with their links. A collection may have a parent. Pinned
//! links are repeated in a list of their own.

use std::collections::{HashMap, HashSet};

use super::{
    json::{self, Fields},
    row::{FOLDERS, Found, Row, STARRED, Sink},
    source::Source,
};
use crate::error::Result;

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut pinned = HashSet::new();
    let mut names: HashMap<String, (String, String)> = HashMap::new();
    json::each_folder(source, &["pinnedLinks"], &mut |_| Ok(()), &mut |item, _| {
        if let Ok(link) = item.fields() {
            pinned.insert(link.text("id"));
        }
        Ok(())
    })?;
    json::each_folder(source, &["collections"], &mut |_| Ok(()), &mut |item, _| {
        if let Ok(collection) = item.fields() {
            names.insert(
                collection.text("id"),
                (collection.text("name"), collection.text("parentId")),
            );
        }
        Ok(())
    })?;
    json::each_folder(source, &["collections"], sink, &mut |item, sink| {
        let collection = match item.fields() {
            Ok(collection) => collection,
            Err(refused) => return sink(refused),
        };
        let folders = path(&collection, &names);
        for link in collection.objects("links") {
            sink(found(&link, &folders, &pinned, item.line_of(&link)))?;
        }
        Ok(())
    })
}

/// Returns the names of a collection and its parents, the outermost first.
fn path(collection: &Fields<'_>, names: &HashMap<String, (String, String)>) -> Vec<String> {
    let mut path = vec![collection.text("name")];
    let mut parent = collection.text("parentId");
    // They may refer to each other in a circle.
    while let Some((name, above)) = names.get(&parent)
        && path.len() <= FOLDERS
    {
        path.push(name.clone());
        parent = above.clone();
    }
    path.reverse();
    path
}

fn found(link: &Fields<'_>, folders: &[String], pinned: &HashSet<String>, line: u64) -> Found {
    let mut tags = link.texts("tags");
    if pinned.contains(&link.text("id")) {
        tags.push(STARRED.into());
    }
    if link.some("url").is_none() {
        return Found::refused(line, "It is a file without an address.");
    }
    Row {
        line,
        url: link.text("url"),
        title: link.first(&["name", "title"]),
        tags,
        folders: folders.to_vec(),
        note: link.text("description"),
        saved: link.first_date(&["importDate", "createdAt"]),
        updated: link.date("updatedAt"),
        ..Row::default()
    }
    .into()
}
