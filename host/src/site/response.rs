//! An answer, before it is written to a connection.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// A page, a file or an error, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// The target of a redirect, percent-encoded.
    pub location: Option<String>,
    /// The ETag (RFC 9110, 8.8.3), with its quotation marks. Without one, the answer isn't cached.
    pub tag: Option<String>,
    pub body: Cow<'static, str>,
    /// An image, which is sent instead of `body`. Its address changes with it, so it is cached
    /// without asking again.
    pub image: Option<Vec<u8>>,
}

impl Answer {
    /// Creates an HTML page.
    pub(super) fn page(status: u16, html: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            location: None,
            tag: None,
            body: html.into(),
            image: None,
        }
    }

    /// Creates an Atom feed.
    pub(super) fn atom(feed: String) -> Self {
        Self::data(200, "application/atom+xml; charset=utf-8", feed)
    }

    /// Creates an answer that isn't a page: data, or a file built into the program.
    pub(super) fn data(
        status: u16,
        content_type: &'static str,
        body: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            content_type,
            location: None,
            tag: None,
            body: body.into(),
            image: None,
        }
    }

    /// Creates an image whose address is `name`.
    pub(super) fn png(name: &str, image: Vec<u8>) -> Self {
        Self {
            tag: Some(format!("\"{name}\"")),
            image: Some(image),
            ..Self::data(200, "image/png", "")
        }
    }

    /// Returns what is sent after the header.
    pub(super) fn bytes(&self) -> &[u8] {
        self.image.as_deref().unwrap_or(self.body.as_bytes())
    }

    /// Creates a 304: the client's copy is current.
    pub(super) fn unchanged(tag: String) -> Self {
        Self {
            tag: Some(tag),
            body: "".into(),
            ..Self::page(304, String::new())
        }
    }

    /// Creates a redirect to the canonical address. It isn't permanent, because an alias can be
    /// removed.
    pub(super) fn moved(location: String) -> Self {
        Self {
            status: 308,
            location: Some(location),
            ..Self::sentence(308, "This view has moved to another address.".into())
        }
    }

    /// Creates a redirect to a page that may be another one the next time (RFC 9110, 15.4.4).
    pub(super) fn see_other(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::sentence(303, "This is at another address.".into())
        }
    }

    /// Creates a redirect to the same page at the site's own origin. The answer is the same for
    /// every target, even one that doesn't exist, and changes with the origin.
    pub(super) fn redirect(origin: &str, target: &str) -> Self {
        // Whatever the request contained, a Location is ASCII without spaces.
        const BLANKS: &AsciiSet = &CONTROLS.add(b' ');
        let target = utf8_percent_encode(target, BLANKS);
        Self {
            location: Some(format!("{origin}{target}")),
            ..Self::sentence(307, "The notes have moved to another address.".into())
        }
    }

    pub(super) fn sentence(status: u16, sentence: String) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            location: None,
            tag: None,
            body: (sentence + "\n").into(),
            image: None,
        }
    }
}

/// Answers with content that changes only with the program.
pub(super) fn unchanging(
    content_type: &'static str,
    body: Cow<'static, str>,
    has: Option<&str>,
) -> Answer {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:x}\"", hasher.finish());
    if has.is_some_and(|has| names(has, &tag)) {
        return Answer::unchanged(tag);
    }
    Answer {
        tag: Some(tag),
        ..Answer::data(200, content_type, body)
    }
}

/// Returns whether `If-None-Match` contains this ETag (RFC 9110, 13.1.2: weak comparison). `*`,
/// which no browser sends for a page, is answered with the page.
pub(super) fn names(has: &str, tag: &str) -> bool {
    has.split(',')
        .map(|one| one.trim_ascii())
        .any(|one| one.strip_prefix("W/").unwrap_or(one) == tag)
}
