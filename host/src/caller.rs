//! Which browser has started the program, as far as argv says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Who has started the program as a host, as far as argv says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// By the form of argv.
    pub family: Family,
    /// The host manifest, which Firefox and its relatives name.
    pub manifest: Option<PathBuf>,
}

/// Which of the two kinds of host manifest and of argv a browser has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Chromium and what is made of it.
    Chromium,
    /// Firefox and what is made of it.
    Firefox,
}
