//! Exports the user's quotes as W3C Web Annotations (<https://www.w3.org/TR/annotation-model/>), as
//! JSON-LD: each quote is a highlight of its page, found by a `TextQuoteSelector`.

use std::io::Write;

use serde::Serialize;

use super::{json::Texts, note_batches::each_note};
use crate::{
    domain::{SavedQuote, plain_text, timestamp_text, words_around},
    store::Reader,
};

/// Length of the words around a quote that come from the text of its page, in characters. The
/// model recommends enough to tell the quote from others.
const AROUND_CHARS: usize = 32;

#[derive(Serialize)]
struct Annotation<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'a str,
    motivation: &'a str,
    created: &'a str,
    modified: &'a str,
    target: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    /// The address of the page.
    source: &'a str,
    selector: Selector<'a>,
}

#[derive(Serialize)]
struct Selector<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    exact: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    prefix: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    suffix: &'a str,
}

/// Writes an `AnnotationCollection` with one page of annotations, one per line, oldest note first.
/// Prefix and suffix come from the link of a quote, or else, if the export contains texts, from the
/// kept text of its page.
///
/// # Errors
/// Those of the store and of `out`.
pub fn jsonld(store: &Reader, texts: Texts, out: &mut dyn Write) -> anyhow::Result<()> {
    write!(
        out,
        "{{\"@context\": \"http://www.w3.org/ns/anno.jsonld\",\n\
         \"id\": \"tag:url-notes.localhost,2025:quotes\",\n\
         \"type\": \"AnnotationCollection\",\n\
         \"label\": \"Quotes in url-notes\",\n\
         \"first\": {{\"id\": \"tag:url-notes.localhost,2025:quotes/1\", \"type\": \"AnnotationPage\", \
         \"startIndex\": 0, \"items\": ["
    )?;
    let mut total = 0_u64;
    each_note(store, &mut |note| {
        let quotes = SavedQuote::all(&note.summary);
        if quotes.is_empty() {
            return Ok(());
        }
        let has_context = |quote: &SavedQuote| !quote.prefix.is_empty() || !quote.suffix.is_empty();
        let text = match texts {
            Texts::Include if !quotes.iter().all(has_context) => {
                store.text(note.id)?.map(|text| plain_text(&text.markdown))
            }
            Texts::Include | Texts::LeaveOut => None,
        };
        let (created, modified) = (
            timestamp_text(note.saved_at),
            timestamp_text(note.updated_at),
        );
        let address = note.address();
        for (number, quote) in (1..).zip(&quotes) {
            let exact = quote.exact();
            if exact.is_empty() {
                continue;
            }
            let (prefix, suffix) = match &text {
                Some(text) if !has_context(quote) => {
                    words_around(text, quote, AROUND_CHARS).unwrap_or_default()
                }
                _ => (quote.prefix.clone(), quote.suffix.clone()),
            };
            out.write_all(if total == 0 { b"\n" } else { b",\n" })?;
            total += 1;
            let annotation = Annotation {
                id: format!(
                    "tag:url-notes.localhost,2025:note/{}#quote-{number}",
                    note.id.0
                ),
                kind: "Annotation",
                motivation: "highlighting",
                created: &created,
                modified: &modified,
                target: Target {
                    source: &address,
                    selector: Selector {
                        kind: "TextQuoteSelector",
                        exact: &exact,
                        prefix: &prefix,
                        suffix: &suffix,
                    },
                },
            };
            serde_json::to_writer(&mut *out, &annotation)?;
        }
        Ok(())
    })?;
    writeln!(out, "\n]}},\n\"total\": {total}}}")?;
    Ok(())
}
