//! Messages about suggested tags.

use serde::{Deserialize, Serialize};

/// `suggestTags`: returns tags for a page, learned from the user's other notes. Only tags in use,
/// followed by the page's own keywords. Empty if nothing is likely. Never fails because of the
/// page: without any information, the usual tags are suggested.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SuggestTagsParams {
    /// Address of the page.
    pub url: String,
    /// Title of the page.
    pub title: String,
    /// The page's description or, if it has none, its first paragraphs.
    pub excerpt: Option<String>,
    /// Other text: the user's, or the page's. The first 16 KiB are used.
    pub text: Option<String>,
    /// Chosen tags: they aren't suggested, and influence the others.
    pub tags: Option<Vec<String>>,
    /// Suggested tags that the user dismissed: neither they nor related tags are suggested as
    /// easily.
    pub dismissed: Option<Vec<String>>,
    /// Tags dismissed on other pages of this site, with the number of times: they are less likely
    /// to be suggested.
    pub refused: Option<std::collections::BTreeMap<String, u32>>,
    /// The page's own keywords.
    pub keywords: Option<Vec<String>>,
    /// Most results: 1 to 100, default 10.
    pub limit: Option<u32>,
}

/// Result of `suggestTags`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SuggestTagsResult {
    /// The likeliest first.
    pub tags: Vec<SuggestedTag>,
    /// Tags that the chosen ones imply, without the chosen ones themselves, if there are any. They
    /// aren't suggested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub implied: Option<Vec<ImpliedTag>>,
}

/// A tag that a chosen one implies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ImpliedTag {
    /// Name of the implied tag.
    pub name: String,
    /// The chosen tag, which implies it directly or through others.
    pub by: String,
}

/// A suggested tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SuggestedTag {
    /// Normalised name.
    pub name: String,
    /// Its probability, 0 to 1.
    pub score: f64,
    /// The reason in English: "3 similar notes", "appears in the title", "common on arxiv.org".
    pub because: String,
    /// The same as a word, for translation.
    pub reason: SuggestReason,
    /// `similar_notes`: how many. `usual_on_site`: the site. `often_with`: the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub detail: Option<String>,
}

/// The main reason for a suggestion. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SuggestReason {
    /// Its name occurs in the title.
    InTitle,
    /// Its name occurs in the text.
    InText,
    /// Its name occurs in the address.
    InAddress,
    /// Similar notes have it.
    SimilarNotes,
    /// Notes of this site have it.
    UsualOnSite,
    /// It often occurs with a chosen tag.
    OftenWith,
    /// It is used often.
    UsedOften,
    /// The page names it as a keyword, and no note has it.
    Keyword,
    /// A language model chose it from the user's tags.
    Model,
}
