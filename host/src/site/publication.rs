//! How an exported site presents itself.

/// What the publisher of a site chose. The local site has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The name of the site, in its heading, its titles and its feeds.
    pub title: String,
    /// Who publishes it.
    pub author: Option<String>,
    /// What it is, in a sentence, for search engines and previews.
    pub description: Option<String>,
    /// Its language as a BCP 47 tag.
    pub lang: Option<String>,
    /// Markdown above the notes of the first page.
    pub start: Option<String>,
    /// A style sheet that is read after the site's own.
    pub css: Option<String>,
}

impl Default for Publication {
    fn default() -> Self {
        Self {
            title: "url-notes".into(),
            author: None,
            description: None,
            lang: None,
            start: None,
            css: None,
        }
    }
}

impl Publication {
    /// Returns the name for the author of feeds, which need one (RFC 4287, 4.1.1).
    pub(super) fn author(&self) -> &str {
        self.author.as_deref().unwrap_or(&self.title)
    }
}
