//! Pocket's export: a zip file of `part_000000.csv` and so on. One of those files by
//! itself is `csv.rs`'s, and the older HTML is `netscape.rs`'s.

use super::{csv, row::Sink, source::Source, zip};
use crate::error::Result;

/// Whether a file of a zip file is a table.
pub(super) fn is_part(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    name.to_ascii_lowercase().ends_with(".csv") && !name.starts_with('.')
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    if !source.is_zip()? {
        return csv::read(source, sink);
    }
    for entry in zip::entries(source)? {
        if !is_part(&entry.name) {
            continue;
        }
        zip::each_row(source, &entry, sink, |_, part, sink| csv::read(part, sink))?;
    }
    Ok(())
}
