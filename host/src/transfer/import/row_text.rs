//! The text of a page in a row.

use jiff::Timestamp;

use crate::{
    domain::PageUrl,
    store::{NewText, TextSource},
    transfer::text::ReadText,
};

/// The text of a page in a file.
#[derive(Debug, Clone)]
pub(super) enum RowText {
    /// As HTML.
    Html(String),
    /// As in our own exports.
    Own {
        markdown: String,
        taken_at: Option<Timestamp>,
        source: TextSource,
        whole: bool,
    },
}

impl RowText {
    /// Returns the HTML as a text, unless it is blank.
    pub(super) fn html(html: Option<String>) -> Option<Self> {
        html.filter(|html| !html.trim().is_empty()).map(Self::Html)
    }

    /// Converts it for the note of a page that was saved at this time. Also returns whether it was
    /// cut now. A text without words is none.
    pub(super) fn read(
        self,
        url: &PageUrl,
        saved: Option<Timestamp>,
        latest: Timestamp,
    ) -> Option<(NewText, bool)> {
        let (read, was_whole, taken_at, source) = match self {
            Self::Html(html) => {
                let base = url::Url::parse(url.as_str()).ok();
                let read = ReadText::of_article(&html, base.as_ref());
                (read, true, saved, TextSource::Import)
            }
            Self::Own {
                markdown,
                taken_at,
                source,
                whole,
            } => {
                let read = ReadText::of_export(markdown);
                (read, whole, taken_at.or(saved), source)
            }
        };
        let taken_at = taken_at
            .filter(|at| *at <= latest)
            .unwrap_or_else(crate::clock::now);
        let whole = read.whole && was_whole;
        let new = NewText::new(&read.markdown, taken_at, source, whole).ok()?;
        Some((new, !read.whole))
    }
}
