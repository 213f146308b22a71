//! `renderMarkdown`: a note as a tree of nodes, never as HTML.

use serde::{Deserialize, Serialize};

/// `renderMarkdown`: a note's text as a tree of elements, made by what renders it for
/// the site. Needs no notes. Errors: `too_large` where the text is over 64 KiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownParams {
    /// CommonMark with GFM tables, strikethrough and task lists; up to 64 KiB.
    pub text: String,
}

/// Answer to `renderMarkdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownResult {
    /// The text, block by block. One `pre` with the text as it was typed where it nests
    /// elements deeper than 60 or has more than 50,000 parts.
    pub nodes: Vec<MarkdownNode>,
}

/// A part of a text: plain text, or an element. Never HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum MarkdownNode {
    /// Plain text.
    Text(String),
    /// An element with what it contains.
    Element(MarkdownElement),
}

/// An element of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct MarkdownElement {
    /// Its name in HTML; `task` for the box of a task.
    pub name: MarkdownName,
    /// `a`: an http, https or mailto address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// `a`: the title of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `ol`: its first number, where that isn't 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub start: Option<u64>,
    /// `th`, `td`: `center` or `right`; absent where the text is where lines begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<MarkdownAlign>,
    /// `task`: whether it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// What it contains; absent where that is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(test, ts(as = "Option<Vec<MarkdownNode>>"))]
    pub children: Vec<MarkdownNode>,
}

/// On which side the text of a table's cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum MarkdownAlign {
    /// In the middle.
    Center,
    /// On the right.
    Right,
}

/// The elements that a text can have. Headings begin with `h2`: a note's are below those
/// of the page that shows it.
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
    /// The box of a task, before its text.
    Task,
}
