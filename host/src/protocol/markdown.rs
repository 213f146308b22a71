//! `renderMarkdown`: returns a note as a tree of nodes, never as HTML.

use serde::{Deserialize, Serialize};

/// `renderMarkdown`: returns a text as a tree of elements, with the same renderer as the site.
/// Doesn't need the notes. Errors: `too_large` for a text over 64 KiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownParams {
    /// CommonMark with GFM tables, strikethrough and task lists; up to 64 KiB.
    pub text: String,
}

/// Result of `renderMarkdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownResult {
    /// The text, block by block. A single `pre` with the text as typed if it nests elements deeper
    /// than 60 or has more than 50,000 parts.
    pub nodes: Vec<MarkdownNode>,
}

/// A node: plain text or an element, never HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum MarkdownNode {
    /// Plain text.
    Text(String),
    /// An element with its content.
    Element(MarkdownElement),
}

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct MarkdownElement {
    /// Its HTML name, or `task` for the checkbox of a task.
    pub name: MarkdownName,
    /// `a`: an http, https or mailto address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// `a`: the title of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `ol`: its first number, unless it is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub start: Option<u64>,
    /// `th`, `td`: `center` or `right`; absent for text aligned to the start of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<MarkdownAlign>,
    /// `task`: whether it is ticked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// Its content; absent if empty.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(test, ts(as = "Option<Vec<MarkdownNode>>"))]
    pub children: Vec<MarkdownNode>,
}

/// The alignment of a table cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum MarkdownAlign {
    /// In the middle.
    Center,
    /// On the right.
    Right,
}

/// The elements of a text. Headings start with `h2`, because they are below those of the
/// surrounding page.
#[expect(
    missing_docs,
    reason = "each is the HTML element of its name, but for Task"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum MarkdownName {
    #[default]
    P,
    H2,
    H3,
    H4,
    H5,
    H6,
    Blockquote,
    Pre,
    Code,
    Ul,
    Ol,
    Li,
    Hr,
    Br,
    Em,
    Strong,
    Del,
    A,
    Table,
    Thead,
    Tbody,
    Tr,
    Th,
    Td,
    /// The checkbox of a task, before its text.
    Task,
}
