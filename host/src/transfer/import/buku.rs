//! Reads buku's database, which has no dates.

use super::{
    row::{Found, Row, Sink},
    source::Source,
};
use crate::{
    error::{Error, Result},
    store,
};

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut database = source.held_bytes()?;
    if database.get(68..72) == Some(&store::APPLICATION_ID.to_be_bytes()) {
        return Err(Error::InvalidParams(
            "It is a database of url-notes. To restore it, use `url-notes restore-backup`. To import it, export it first with `url-notes --data-dir FOLDER export json`."
                .into(),
        ));
    }
    // A database in memory can't have a WAL, so its header is changed to say that it has none.
    if let Some(versions @ [2, 2]) = database.get_mut(18..20) {
        versions.fill(1);
    }
    let query = "SELECT id, URL, metadata, tags, \"desc\" FROM bookmarks ORDER BY id";
    store::each_foreign_row(&database, query, &mut |[id, url, title, tags, note]| {
        let line = id.parse().unwrap_or(0);
        sink(Found::from(Row {
            line,
            url,
            title,
            tags: tags.split(',').map(str::to_owned).collect(),
            note,
            ..Row::default()
        }))
    })
}
