//! The web sites of a `site:` condition, as labels of the table of sites.

use crate::{domain::is_site_part, store::notes::note_rows::labels};

/// The web sites that a `site:` condition means.
#[derive(Debug, Clone)]
pub(super) enum Sites {
    /// A site and its subdomains, as a range of labels.
    Below(String, String),
    /// All sites with this part in their names.
    With(String),
}

impl Sites {
    pub(super) fn of(site: &str) -> Self {
        if is_site_part(site) {
            return Self::With(site.to_owned());
        }
        let (first, end) = range(site);
        Self::Below(first, end)
    }

    pub(super) fn has(&self, labels: &str) -> bool {
        match self {
            Self::Below(first, end) => labels >= first.as_str() && labels < end.as_str(),
            Self::With(part) => labels.split('.').any(|label| label == part),
        }
    }
}

/// Returns the range of labels of a site and its subdomains: `arxiv.org` includes
/// `export.arxiv.org`.
pub(in crate::store) fn range(site: &str) -> (String, String) {
    let first = labels(site);
    // '/' is the character after '.'.
    let end = [first.trim_end_matches('.'), "/"].concat();
    (first, end)
}
