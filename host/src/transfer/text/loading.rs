//! Takes what a reader of Markdown would load from elsewhere out of a text.

use std::{borrow::Cow, ops::Range};

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::inline::{Line, escape_mark_at_end, escaped_start};
use crate::domain::is_too_deep;

/// How often a text is read. What is left then is escaped without reading it: text that became
/// Markdown only because the HTML around it was escaped.
const PASSES: usize = 4;

/// Returns Markdown with each image replaced by its description and all HTML as text, as url-notes
/// shows it. Texts of pages have neither, unless a user gave a file of Markdown.
#[must_use]
pub fn without_loading(markdown: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(markdown);
    for _ in 0..PASSES {
        if !text.contains("![") && !text.contains('<') {
            return text;
        }
        if is_too_deep(&text) {
            break;
        }
        let edits = edits(&text);
        if edits.is_empty() {
            return text;
        }
        text = Cow::Owned(edited(&text, &edits));
    }
    Cow::Owned(escaped(&text))
}

/// Returns the ranges of images and HTML with what replaces them.
fn edits(text: &str) -> Vec<(Range<usize>, String)> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut edits = Vec::new();
    // Images in the description of the current one, itself included.
    let mut images = 0_usize;
    let mut is_collapsed = false;
    let mut description = Line::default();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Image { link_type, .. }) => {
                if images == 0 {
                    is_collapsed = link_type == LinkType::Collapsed;
                }
                images += 1;
            }
            Event::End(TagEnd::Image) => {
                images -= 1;
                if images == 0 {
                    let mut range = range;
                    // pulldown-cmark counts the empty brackets as text after it.
                    if is_collapsed && text[range.end..].starts_with("[]") {
                        range.end += 2;
                    }
                    let description = std::mem::take(&mut description).into_one_line();
                    let mut description = escaped_start(&description).replace('|', "\\|");
                    // A link may follow.
                    if text[range.end..].starts_with('[') {
                        escape_mark_at_end(&mut description);
                    }
                    edits.push((range, description));
                }
            }
            Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) if images > 0 => {
                description.text(&part);
            }
            Event::SoftBreak | Event::HardBreak if images > 0 => description.space(),
            Event::Html(_) | Event::InlineHtml(_) => {
                let html = &text[range.clone()];
                let escaped = escaped(html);
                if escaped != html {
                    edits.push((range, escaped));
                }
            }
            _ => {}
        }
    }
    edits
}

fn edited(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut edited = String::with_capacity(text.len());
    let mut end = 0;
    for (range, new) in edits {
        edited.push_str(&text[end..range.start]);
        edited.push_str(new);
        end = range.end;
    }
    edited + &text[end..]
}

/// Escapes every sign that begins an image or HTML. A backslash before it changes nothing about that.
fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace("![", "&#33;[")
}
