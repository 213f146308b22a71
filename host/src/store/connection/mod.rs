//! Connections to the database: files, settings, and errors of SQLite.

pub(in crate::store) mod clock;
pub(in crate::store) mod connect;
pub(in crate::store) mod db_files;
pub(in crate::store) mod obstacle;
pub(in crate::store) mod query_deadline;
pub(in crate::store) mod reader;
pub(in crate::store) mod schema;
pub(in crate::store) mod sqlite_error;
pub(in crate::store) mod untrusted_db;
