//! An answer, before it is written to a connection.

use std::borrow::Cow;

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
        }
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
        }
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
        }
    }
}
