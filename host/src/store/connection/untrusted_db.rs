//! Databases of other programs, for imports: read from memory and treated as untrusted.

use std::io::Cursor;

use rusqlite::{Connection, config::DbConfig, limits::Limit, types::ValueRef};

use crate::error::{Error, Result};

/// Longest value, in bytes.
const MAX_VALUE_BYTES: i32 = 4 << 20;

/// Runs a query on the database in `bytes` and calls `take` with each row. NULL becomes an empty
/// text.
///
/// # Errors
/// `InvalidParams` if the database can't be read; those of `take`.
pub fn each_foreign_row<const COLUMNS: usize>(
    bytes: &[u8],
    query: &str,
    take: &mut dyn FnMut([String; COLUMNS]) -> Result<()>,
) -> Result<()> {
    let broken = |error: rusqlite::Error| {
        log::warn!("import: {error}");
        Error::InvalidParams(
            "The database is damaged, or it isn't from buku. To import from a browser, export its bookmarks as HTML. Nothing was imported."
                .into(),
        )
    };
    let mut conn = Connection::open_in_memory().map_err(broken)?;
    conn.deserialize_read_exact("main", Cursor::new(bytes), bytes.len(), true)
        .map_err(broken)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
        .and_then(|_| conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false))
        .and_then(|_| conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES))
        .and_then(|_| conn.pragma_update(None, "query_only", true))
        .and_then(|()| conn.pragma_update(None, "cell_size_check", true))
        .map_err(broken)?;
    let mut statement = conn.prepare(query).map_err(broken)?;
    let mut rows = statement.query([]).map_err(broken)?;
    while let Some(row) = rows.next().map_err(broken)? {
        let mut texts = [const { String::new() }; COLUMNS];
        for (at, text) in texts.iter_mut().enumerate() {
            *text = match row.get_ref(at).map_err(broken)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
            };
        }
        take(texts)?;
    }
    Ok(())
}
