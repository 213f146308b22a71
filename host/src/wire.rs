//! Converts notes, tags and results to their form on the wire, which `--json` prints as well.

use std::collections::HashMap;

use serde::Serialize;

use crate::{
    domain::{
        self, Difference, Link, LinkVerdict, NewTitle, Note, NoteId, PageUrl, Problem, ProblemKind,
        Reason, Suggestion, Tag, timestamp_text, tokens_in,
    },
    protocol::{
        self, Alternative, EditResult, EditState, FoundNote, ImpliedTag, LinkInfo,
        MAX_RESPONSE_BYTES, NoteConflicts, NoteRow, QueryProblem, QueryProblemKind, RefusalReason,
        RefusedNote, SamePage, SamePageReason, SaveNoteResult, StatsResult, SuggestReason,
        SuggestedTag, SyncInfo,
    },
    store::{
        Arrival, BroughtTag, BulkEdit, BulkState, Feed, Gist, Hit, KeptText, ListOrder, NoteSync,
        PageSync, Refusal, SavedSearch, SyncConflict, TagCount, TextSummary,
    },
};

/// Converts a note.
#[must_use]
pub(crate) fn wire_note(note: &Note) -> protocol::Note {
    protocol::Note {
        id: note.id.0,
        url: note.address().into_owned(),
        addresses: note.other_addresses(),
        title: note.title.clone(),
        page_title: note.page_title.clone(),
        tags: note.tags.iter().map(Tag::to_string).collect(),
        summary: note.shown_summary().into_owned(),
        excerpt: note.metadata.excerpt.clone(),
        saved_at: timestamp_text(note.saved_at),
        updated_at: timestamp_text(note.updated_at),
        published_at: note.metadata.published_at.clone(),
        site_name: note.metadata.site_name.clone(),
        lang: note.metadata.lang.clone(),
        deleted_at: note.deleted_at.map(timestamp_text),
        read: note.read,
    }
}

/// Converts the result of a save under `url`.
#[must_use]
pub(crate) fn wire_saved(url: &PageUrl, note: &Note, created: bool) -> SaveNoteResult {
    let because = PageUrl::parse(&note.url)
        .ok()
        .and_then(|first| url.same_page_as(&first));
    SaveNoteResult {
        note: wire_note(note),
        created,
        same_page: because.map(|(because, difference)| SamePage {
            url: note.address().into_owned(),
            because,
            reason: match difference {
                Difference::Version => SamePageReason::Version,
                Difference::Form => SamePageReason::Form,
                Difference::Tracking => SamePageReason::Tracking,
                Difference::Place => SamePageReason::Place,
                Difference::UserInfo => SamePageReason::UserInfo,
                Difference::Spelling => SamePageReason::Spelling,
            },
        }),
        tokens: wire_tokens(note),
        deleted_note: None,
        new_title: None,
        text: None,
    }
}

/// The text of a page, as in exports, in the API and on the command line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireText {
    /// The note's id, if the text isn't a part of the note.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// The text.
    markdown: String,
    #[serde(flatten)]
    info: protocol::TextInfo,
    /// Where it came from: `click`, `fetch`, `file` or `import`.
    source: &'static str,
}

impl WireText {
    /// Converts the text of a note.
    pub(crate) fn of(id: NoteId, text: KeptText) -> Self {
        Self {
            id: Some(id.0),
            ..Self::from(text)
        }
    }
}

impl From<KeptText> for WireText {
    fn from(text: KeptText) -> Self {
        Self {
            id: None,
            markdown: text.markdown,
            info: wire_text(text.summary),
            source: text.summary.source.name(),
        }
    }
}

/// A note with the text of its page, as in exports.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteWithText {
    #[serde(flatten)]
    note: protocol::Note,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_text: Option<WireText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gist: Option<ExportedGist>,
}

/// Converts a note with the text of its page and the summary by a model.
#[must_use]
pub(crate) fn note_with_text(
    note: &Note,
    text: Option<KeptText>,
    gist: Option<Gist>,
) -> NoteWithText {
    NoteWithText {
        note: wire_note(note),
        page_text: text.map(WireText::from),
        gist: gist.map(|gist| ExportedGist {
            text: gist.text,
            maker: gist.maker,
            made_at: timestamp_text(gist.made_at),
            tags: gist.tags.iter().map(Tag::to_string).collect(),
            text_at: gist.text_at.map(timestamp_text),
        }),
    }
}

/// Converts what is known about the text of a note.
#[must_use]
pub(crate) fn wire_text(text: TextSummary) -> protocol::TextInfo {
    protocol::TextInfo {
        words: text.words,
        taken_at: timestamp_text(text.taken_at),
        whole: text.whole,
    }
}

/// Converts a summary by a model.
#[must_use]
pub(crate) fn wire_gist(gist: &Gist) -> protocol::GistInfo {
    protocol::GistInfo {
        text: gist.text.clone(),
        maker: gist.maker.clone(),
        made_at: timestamp_text(gist.made_at),
        outdated: gist.is_outdated,
    }
}

/// A summary by a model, as in exports.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedGist {
    text: String,
    maker: String,
    made_at: String,
    tags: Vec<String>,
    /// When the text that was summarised had been read; null for a description.
    text_at: Option<String>,
}

/// Converts the changed title of a page.
#[must_use]
pub(crate) fn wire_new_title(new: NewTitle) -> protocol::NewTitle {
    protocol::NewTitle {
        title: new.title,
        before: new.before,
    }
}

/// Drops the other addresses of a note that don't fit into a response beside its remaining fields.
pub(crate) fn fit_addresses(note: &mut protocol::Note) {
    let mut room = MAX_RESPONSE_BYTES / 4;
    note.addresses.retain(|url| {
        let fits = url.len() <= room;
        room = room.saturating_sub(url.len());
        fits
    });
}

/// Returns the names of the secret parameters in a note's addresses, without duplicates.
pub(crate) fn wire_tokens(note: &Note) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for url in std::iter::once(&note.url).chain(&note.addresses) {
        for name in tokens_in(url) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Converts a tag and its count.
#[must_use]
pub(crate) fn wire_tag(tag: TagCount) -> protocol::TagCount {
    protocol::TagCount {
        name: tag.tag.to_string(),
        count: tag.uses,
        implied: Some(tag.implied).filter(|implied| *implied > 0),
    }
}

/// Converts a tag that a chosen one implies.
pub(crate) fn wire_implied(brought: BroughtTag) -> ImpliedTag {
    ImpliedTag {
        name: brought.tag.to_string(),
        by: brought.by.to_string(),
    }
}

/// Converts a suggested tag.
pub(crate) fn wire_suggestion(suggestion: Suggestion) -> SuggestedTag {
    let score = (suggestion.score * 1000.0).round() / 1000.0;
    let (because, reason, detail) = match suggestion.because {
        Reason::InTitle => ("appears in the title".into(), SuggestReason::InTitle, None),
        Reason::InText => ("appears in the text".into(), SuggestReason::InText, None),
        Reason::InAddress => (
            "appears in the address".into(),
            SuggestReason::InAddress,
            None,
        ),
        Reason::Similar(1) => (
            "1 similar note".into(),
            SuggestReason::SimilarNotes,
            Some("1".into()),
        ),
        Reason::Similar(notes) => (
            format!("{notes} similar notes"),
            SuggestReason::SimilarNotes,
            Some(notes.to_string()),
        ),
        Reason::UsualOn(site) => (
            format!("common on {site}"),
            SuggestReason::UsualOnSite,
            Some(site),
        ),
        Reason::OftenWith(tag) => (
            format!("often used with {tag}"),
            SuggestReason::OftenWith,
            Some(tag.to_string()),
        ),
        Reason::UsedOften => ("often used".into(), SuggestReason::UsedOften, None),
        Reason::Keyword => (
            "page keyword (new tag)".into(),
            SuggestReason::Keyword,
            None,
        ),
        Reason::Model => ("chosen by the model".into(), SuggestReason::Model, None),
    };
    SuggestedTag {
        name: suggestion.tag.to_string(),
        score,
        because,
        reason,
        detail,
    }
}

/// Converts a search result.
#[must_use]
pub(crate) fn wire_hit(hit: Hit) -> FoundNote {
    FoundNote {
        id: hit.note.id.0,
        saved_at: timestamp_text(hit.note.saved_at),
        tags: hit.note.tags.iter().map(Tag::to_string).collect(),
        url: hit.note.address().into_owned(),
        title: hit.note.title,
        r#where: match hit.in_text {
            true => protocol::SearchPlace::Text,
            false => protocol::SearchPlace::Note,
        },
        snippet: hit.snippet.text(),
    }
}

/// Converts the statistics of the library.
#[must_use]
pub(crate) fn wire_stats(stats: &crate::store::Stats) -> StatsResult {
    StatsResult {
        notes: stats.notes,
        tags: stats.tags,
        sites: stats.sites,
        trash: stats.trash,
        database_bytes: stats.database_bytes,
        first_saved_at: stats.first.map(timestamp_text),
        last_saved_at: stats.last.map(timestamp_text),
    }
}

/// Converts an invalid part of a query.
pub(crate) fn wire_problem(problem: &Problem) -> QueryProblem {
    QueryProblem {
        kind: match problem.kind {
            ProblemKind::UnknownKey => QueryProblemKind::UnknownKey,
            ProblemKind::UnknownValue => QueryProblemKind::UnknownValue,
            ProblemKind::NoValue => QueryProblemKind::NoValue,
            ProblemKind::NoDate => QueryProblemKind::NoDate,
            ProblemKind::NoTag => QueryProblemKind::NoTag,
            ProblemKind::OpenBracket => QueryProblemKind::OpenBracket,
            ProblemKind::StrayBracket => QueryProblemKind::StrayBracket,
            ProblemKind::DanglingOr => QueryProblemKind::DanglingOr,
            ProblemKind::TooDeep => QueryProblemKind::TooDeep,
            ProblemKind::TooMany => QueryProblemKind::TooMany,
            ProblemKind::TooLong => QueryProblemKind::TooLong,
            ProblemKind::NotHere => QueryProblemKind::NotHere,
        },
        part: problem.part.clone(),
        message: problem.to_string(),
    }
}

/// Converts the order of a list.
pub(crate) fn list_order(order: protocol::ListOrder) -> ListOrder {
    match order {
        protocol::ListOrder::Newest => ListOrder::Newest,
        protocol::ListOrder::Oldest => ListOrder::Oldest,
        protocol::ListOrder::Updated => ListOrder::Updated,
        protocol::ListOrder::Title => ListOrder::Title,
    }
}

/// Converts a note in a list, with the text of its page, the summary by a model, and what is known
/// of its page.
pub(crate) fn wire_row(
    note: &Note,
    text: Option<TextSummary>,
    gist: Option<&Gist>,
    link: Option<&Link>,
    sync: &NoteSync,
) -> NoteRow {
    let url = PageUrl::parse(&note.url);
    NoteRow {
        id: note.id.0,
        url: note.address().into_owned(),
        title: note.title.clone(),
        tags: note.tags.iter().map(Tag::to_string).collect(),
        saved_at: timestamp_text(note.saved_at),
        updated_at: timestamp_text(note.updated_at),
        deleted_at: note.deleted_at.map(timestamp_text),
        read: note.read,
        site: url.map(|url| url.site().to_owned()).unwrap_or_default(),
        has_note: !note.summary.is_empty(),
        text: text.map(wire_text),
        gist: gist.map(wire_gist),
        link: link.map(|link| wire_link(link, note.id, &note.url)),
        sync: sync.from.as_ref().map(wire_sync),
        conflicts: (sync.conflict.as_ref())
            .map(|conflict| u32::try_from(conflict.count()).unwrap_or(u32::MAX)),
    }
}

/// Converts where the last change of a note came from.
pub(crate) fn wire_sync(from: &PageSync) -> SyncInfo {
    SyncInfo {
        device: from.device.clone(),
        arrived_at: timestamp_text(from.arrived_at),
    }
}

/// Converts what was written at the same time. Values that don't fit into `limit`, in bytes of JSON
/// of all together, are only counted.
pub(crate) fn wire_conflicts(conflict: &SyncConflict, limit: usize) -> NoteConflicts {
    let (mut room, mut more) = (limit, 0);
    let mut fitting = |all: &[domain::sync::Alternative]| {
        let mut shown = Vec::with_capacity(all.len());
        for other in all {
            let bytes = serde_json::to_string(&other.text).map_or(usize::MAX, |json| json.len());
            if bytes > room {
                more += 1;
                continue;
            }
            room -= bytes;
            shown.push(Alternative {
                text: other.text.clone(),
                written_at: timestamp_text(NoteId(other.at.micros).moment()),
            });
        }
        shown
    };
    NoteConflicts {
        titles: fitting(&conflict.titles),
        texts: fitting(&conflict.texts),
        more: Some(more).filter(|more| *more > 0),
    }
}

/// Converts what is known of the page of a note. `url`: the note's.
#[must_use]
pub(crate) fn wire_link(link: &Link, id: NoteId, url: &str) -> LinkInfo {
    LinkInfo {
        verdict: match link.verdict {
            LinkVerdict::Ok => protocol::LinkVerdict::Ok,
            LinkVerdict::Moved => protocol::LinkVerdict::Moved,
            LinkVerdict::Gone => protocol::LinkVerdict::Gone,
            LinkVerdict::Soft => protocol::LinkVerdict::Soft,
            LinkVerdict::Unreachable => protocol::LinkVerdict::Unreachable,
            LinkVerdict::Walled => protocol::LinkVerdict::Walled,
        },
        checked_at: timestamp_text(link.checked_at),
        since: timestamp_text(link.since()),
        final_url: link.final_url.clone(),
        archive_url: match link.is_lost() {
            true => link.copy_of(url, id.moment()),
            false => None,
        },
    }
}

/// A note with what is known of its page and of the sync, as in lists on the command line and in the
/// API. What isn't known is absent.
#[derive(Debug, Serialize)]
pub(crate) struct ListedNote {
    #[serde(flatten)]
    note: protocol::Note,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<SyncInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<NoteConflicts>,
}

impl ListedNote {
    /// Converts a note.
    pub(crate) fn of(note: &Note, link: Option<&Link>, sync: &NoteSync) -> Self {
        let conflicts = sync.conflict.as_ref();
        Self {
            note: wire_note(note),
            link: link.map(|link| wire_link(link, note.id, &note.url)),
            sync: sync.from.as_ref().map(wire_sync),
            conflicts: conflicts.map(|conflict| wire_conflicts(conflict, usize::MAX)),
        }
    }
}

/// The same with the summary by a model, as on the command line.
#[derive(Debug, Serialize)]
pub(crate) struct ShownNote {
    #[serde(flatten)]
    note: ListedNote,
    /// Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    gist: Option<protocol::GistInfo>,
}

impl ShownNote {
    /// Converts a note.
    pub(crate) fn of(
        note: &Note,
        link: Option<&Link>,
        gist: Option<&Gist>,
        sync: &NoteSync,
    ) -> Self {
        Self {
            note: ListedNote::of(note, link, sync),
            gist: gist.map(wire_gist),
        }
    }
}

/// Converts an edit of many notes.
pub(crate) fn wire_edit(edit: &BulkEdit) -> EditResult {
    let refused = edit.refused.0.iter().map(|(id, why)| RefusedNote {
        id: id.0,
        reason: match why {
            Refusal::TooManyTags => RefusalReason::TooManyTags,
            Refusal::PageSavedAgain => RefusalReason::PageSavedAgain,
            Refusal::ChangedSince => RefusalReason::ChangedSince,
            Refusal::AddressTaken => RefusalReason::AddressTaken,
        },
    });
    EditResult {
        edit: edit.id,
        state: match edit.state {
            BulkState::DryRun => EditState::Rehearsed,
            BulkState::Running => EditState::Running,
            BulkState::Done => EditState::Done,
            BulkState::Undoing => EditState::Undoing,
            BulkState::Undone => EditState::Undone,
        },
        total: edit.total,
        changed: edit.changed,
        unchanged: edit.unchanged,
        restored: edit.restored,
        missing: edit.missing.0.iter().map(|id| id.0).collect(),
        missing_count: edit.missing.1,
        refused: refused.collect(),
        refused_count: edit.refused.1,
    }
}

/// Converts a page in the inbox.
#[must_use]
pub(crate) fn wire_arrival(page: &Arrival) -> protocol::Arrival {
    protocol::Arrival {
        id: page.id,
        feed_id: page.feed_id,
        feed: page.feed.clone(),
        url: page.address().into_owned(),
        title: page.title.clone(),
        excerpt: page.excerpt.clone(),
        published_at: page.published_at.clone(),
        lang: page.lang.clone(),
        keywords: page.keywords.clone(),
        arrived_at: timestamp_text(page.arrived_at()),
    }
}

/// Converts the feeds that have pages in the inbox, sorted by title. `counts`: by the feeds' ids.
#[must_use]
pub(crate) fn wire_feed_counts(
    feeds: Vec<Feed>,
    counts: &HashMap<i64, u64>,
) -> Vec<protocol::FeedCount> {
    let counted = feeds.into_iter().filter_map(|feed| {
        Some(protocol::FeedCount {
            id: feed.id,
            name: feed.name().into_owned(),
            tags: feed.tags.iter().map(Tag::to_string).collect(),
            count: *counts.get(&feed.id)?,
        })
    });
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_cached_key(|feed| (feed.name.to_lowercase(), feed.id));
    counted
}

/// Converts a saved search.
pub(crate) fn wire_search(search: &SavedSearch) -> protocol::SavedSearch {
    protocol::SavedSearch {
        name: search.name.clone(),
        query: search.query.clone(),
        saved_at: timestamp_text(search.saved_at),
    }
}
