//! The read-only site at localhost.
