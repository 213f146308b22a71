//! The methods for icons of web sites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `putIcon`: stores the icon of a page's web site, replacing an older one. Returns
/// [`PutIconResult`]. A repeated request changes nothing. The extension sends it only if `hello`
/// says `icons`.
/// Errors: `invalid_url`; `invalid_params` if it isn't such an image; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PutIconParams {
    /// Address of a saved page.
    pub url: String,
    /// The image: PNG, at most 64 × 64 pixels and 4,096 bytes, not interlaced, in Base64.
    pub icon: String,
}

/// Result of `putIcon`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PutIconResult {
    /// Whether the store was changed. False if it has the icon already, or no note from the web
    /// site.
    pub stored: bool,
}

/// `icons`: returns icons of web sites. Errors: the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IconsParams {
    /// Web sites as in [`NoteRow`](super::NoteRow). The first 100 are answered.
    pub sites: Vec<String>,
}

/// Result of `icons`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IconsResult {
    /// A PNG image in Base64 for each of the web sites that has an icon.
    pub icons: BTreeMap<String, String>,
}
