//! What a page, a file or an error is, before it is written to a connection.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a page, a file or an error is, once it is ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Where it is instead; percent-encoded.
    pub location: Option<String>,
    /// By what the client can ask whether it is still the same (RFC 9110, 8.8.3),
    /// with its quotation marks; without one it isn't kept.
    pub tag: Option<String>,
    pub body: Cow<'static, str>,
}

impl Answer {
    /// A page of the site.
    pub(super) fn page(status: u16, html: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            location: None,
            tag: None,
            body: html.into(),
        }
    }

    /// What is no page: data, or a file that is part of the program.
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

    /// What the client has is still the same.
    pub(super) fn unchanged(tag: String) -> Self {
        Self {
            tag: Some(tag),
            body: "".into(),
            ..Self::page(304, String::new())
        }
    }

    /// The same page has another address. Browsers may keep that for good only
    /// where an answer may be kept, and none may: an alias can be taken back.
    pub(super) fn moved(location: String) -> Self {
        Self {
            status: 308,
            location: Some(location),
            ..Self::sentence(308, "This view has moved to another address.".into())
        }
    }

    /// What is asked for is at another address now, and may be elsewhere the next time
    /// (RFC 9110, 15.4.4).
    pub(super) fn see_other(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::sentence(303, "This is at another address.".into())
        }
    }

    /// The same page at the site's own origin. The same answer for whatever is asked for, also
    /// for what isn't there; and another one as soon as the origin is another.
    pub(super) fn redirect(origin: &str, target: &str) -> Self {
        // Whatever came over the wire, a Location is ASCII without blanks.
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
