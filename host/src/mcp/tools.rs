//! The tools and the resource that an assistant is offered. None of them changes anything.
//!
//! Their descriptions are part of each conversation, so they are short.

use serde_json::{Value, json};

use crate::domain::NoteId;

/// What comes before the id in the address of a note.
const NOTE_URI: &str = "url-notes://note/";

/// Most notes in a result, and how many there are by default.
pub(super) const MAX_NOTES: u32 = 20;
pub(super) const DEFAULT_NOTES: u32 = 10;
/// Most tags in a list, and how many there are by default.
pub(super) const MAX_TAGS: u32 = 200;
pub(super) const DEFAULT_TAGS: u32 = 50;
/// Most characters of a text in a result, and how many there are by default.
pub(super) const MAX_CHARS: usize = 8_000;
pub(super) const DEFAULT_CHARS: usize = 4_000;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    SearchNotes,
    GetNote,
    ReadText,
    ListTags,
    NotesWithTag,
}

impl Tool {
    const ALL: [Self; 5] = [
        Self::SearchNotes,
        Self::GetNote,
        Self::ReadText,
        Self::ListTags,
        Self::NotesWithTag,
    ];

    /// Returns the tool with a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::SearchNotes => "search_notes",
            Self::GetNote => "get_note",
            Self::ReadText => "read_text",
            Self::ListTags => "list_tags",
            Self::NotesWithTag => "notes_with_tag",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::SearchNotes => "Search notes",
            Self::GetNote => "Show a note",
            Self::ReadText => "Read the text of a page",
            Self::ListTags => "List tags",
            Self::NotesWithTag => "List notes by tags",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::SearchNotes => {
                "Search saved pages: first the user's notes, then the texts of pages. Words are combined \
                 with AND."
            }
            Self::GetNote => {
                "One note: the user's own text and tags, and what is known of its page."
            }
            Self::ReadText => "The kept text of a note's page, as Markdown, in parts.",
            Self::ListTags => {
                "Tags with their numbers of notes, most used first; a second number counts notes with tags that \
                 imply it."
            }
            Self::NotesWithTag => "Notes that have all tags of `with`, newest first.",
        }
    }

    fn parameters(self) -> Value {
        let cursor = || json!({ "type": "string", "description": "`next` of the result before" });
        let limit = |default: u32, most: u32| json!({ "type": "integer", "minimum": 1, "maximum": most, "default": default });
        let id = || json!({ "type": "integer" });
        let tags = || json!({ "type": "array", "items": { "type": "string" } });
        match self {
            Self::SearchNotes => json!({
                "query": {
                    "type": "string",
                    "description": "Words, \"a phrase\", -word, a OR b, tag:x, title:x, url:x, site:arxiv.org, \
                        before:2025-08-01, after:-7d, is:unread, is:untagged, has:text",
                },
                "in": { "enum": ["note", "text"], "description": "Where; otherwise in both" },
                "sort": { "enum": ["newest", "relevance"], "default": "newest" },
                "limit": limit(DEFAULT_NOTES, MAX_NOTES),
                "cursor": cursor(),
            }),
            Self::GetNote => json!({
                "id": id(),
                "url": { "type": "string", "description": "Instead of id" },
                "offset": { "type": "integer", "description": "Where to go on in a long note, in characters" },
            }),
            Self::ReadText => json!({
                "id": id(),
                "offset": { "type": "integer", "default": 0, "description": "In characters" },
                "max_chars": limit(4_000, 8_000),
            }),
            Self::ListTags => json!({
                "filter": { "type": "string", "description": "Part of the name" },
                "limit": limit(DEFAULT_TAGS, MAX_TAGS),
            }),
            Self::NotesWithTag => json!({
                "with": tags(),
                "without": tags(),
                "limit": limit(DEFAULT_NOTES, MAX_NOTES),
                "cursor": cursor(),
            }),
        }
    }

    fn required(self) -> Value {
        match self {
            Self::SearchNotes => json!(["query"]),
            Self::ReadText => json!(["id"]),
            Self::NotesWithTag => json!(["with"]),
            Self::GetNote | Self::ListTags => json!([]),
        }
    }

    fn definition(self) -> Value {
        json!({
            "name": self.name(),
            "title": self.title(),
            "description": self.description(),
            "inputSchema": {
                "type": "object",
                "properties": self.parameters(),
                "required": self.required(),
                "additionalProperties": false,
            },
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        })
    }
}

/// Returns the definitions of all tools, always in the same order.
pub(super) fn all() -> Vec<Value> {
    Tool::ALL.into_iter().map(Tool::definition).collect()
}

/// Returns the template of the addresses of notes.
pub(super) fn note_template() -> Value {
    json!({
        "uriTemplate": format!("{NOTE_URI}{{id}}"),
        "name": "note",
        "title": "A note and its page",
        "mimeType": "text/plain",
    })
}

/// Returns the note that an address names.
pub(super) fn note_of_uri(uri: &str) -> Option<NoteId> {
    let digits = uri.strip_prefix(NOTE_URI)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok().map(NoteId)).flatten()
}
