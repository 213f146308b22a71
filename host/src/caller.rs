//! The browser that started the program, as far as argv shows it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The browser that started the program as a host, as far as argv shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The browser's family, recognised by the form of argv.
    pub family: Family,
    /// The path of the host manifest, which only Firefox and its derivatives pass.
    pub manifest: Option<PathBuf>,
}

/// A browser family: it determines the form of argv and of the host manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Chromium and its derivatives.
    Chromium,
    /// Firefox and its derivatives.
    Firefox,
}
