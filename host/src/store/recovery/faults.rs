//! Faults of a database, and queries that count them.

use rusqlite::{Connection, params_from_iter};

use crate::{error::Result, store::notes::fts_index::ROW_MICROS};

/// The subject of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// The file itself.
    File,
    /// The b-trees of tables and indexes.
    Pages,
    /// Rows that refer to missing rows.
    References,
    /// Stored counts.
    Counts,
    /// The full-text index.
    Index,
    /// Addresses, their page keys and sites.
    Addresses,
    /// Tags, their order, and aliases.
    Tags,
    /// What devices exchange.
    Sync,
    /// File permissions.
    Modes,
}

impl Area {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pages => "pages",
            Self::References => "references",
            Self::Counts => "counts",
            Self::Index => "index",
            Self::Addresses => "addresses",
            Self::Tags => "tags",
            Self::Sync => "sync",
            Self::Modes => "modes",
        }
    }
}

/// A violated invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The subject of the fault.
    pub area: Area,
    /// The fault as a sentence.
    pub sentence: String,
}

pub(super) fn fault(area: Area, sentence: impl Into<String>) -> Fault {
    Fault {
        area,
        sentence: sentence.into(),
    }
}

/// Runs a query that counts invalid rows.
pub(super) fn asked(
    conn: &Connection,
    faults: &mut Vec<Fault>,
    area: Area,
    sql: &str,
    what: &str,
) -> Result<()> {
    let mut query = conn.prepare(sql)?;
    // The only parameter of some queries: how many ids one row of the index covers.
    let micros = [ROW_MICROS];
    let given = micros.iter().take(query.parameter_count());
    let wrong: u64 = query.query_row(params_from_iter(given), |row| row.get(0))?;
    if wrong > 0 {
        faults.push(fault(area, format!("{what} ({wrong}).")));
    }
    Ok(())
}
