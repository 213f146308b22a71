//! Full-text search, newest first.

use rusqlite::{params_from_iter, types::Value};

use super::{
    Reader, TagFilter, index,
    notes::{labels, load, select_notes},
};
use crate::{
    domain::{Note, NoteId, Query, Snippet, Term, plain_text, snippet, spaced},
    error::Result,
};

/// One note that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The note.
    pub note: Note,
    /// Why it was found.
    pub snippet: Snippet,
}

/// A page of results.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// Whether there are older ones.
    pub more: bool,
}

impl Reader {
    /// The newest notes that match, those before `before`. An empty query matches nothing.
    ///
    /// # Errors
    /// The `store_*` kinds; never because of what was typed.
    pub fn search(&self, query: &Query, before: Option<NoteId>, limit: u32) -> Result<Found> {
        if query.is_empty() {
            return Ok(Found::default());
        }
        let tags = TagFilter {
            with: query.with.clone(),
            without: query.without.clone(),
        };
        let Some(tags) = self.tag_ids(&tags)? else {
            return Ok(Found::default());
        };

        let mut conditions: Vec<&str> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut condition = |text, value| {
            conditions.push(text);
            values.push(value);
        };
        // The index walks its own row ids, so those carry the range and the order.
        let (select, earlier, later, newest_first) = match match_expression(&query.terms) {
            Some(expression) => {
                condition("notes_fts MATCH ?", expression.into());
                (
                    select_notes!(
                        "JOIN notes_fts ON n.id >= notes_fts.rowid * 1000 \
                         AND n.id < notes_fts.rowid * 1000 + 1000 WHERE "
                    ),
                    "notes_fts.rowid <= ?",
                    "notes_fts.rowid >= ?",
                    " ORDER BY notes_fts.rowid DESC LIMIT ?",
                )
            }
            None => {
                // FTS5 has no NOT with nothing before it.
                for term in &query.terms {
                    condition(
                        "n.id / 1000 NOT IN (SELECT rowid FROM notes_fts WHERE notes_fts MATCH ?)",
                        phrase(term).into(),
                    );
                }
                (
                    select_notes!("WHERE "),
                    "n.id / 1000 <= ?",
                    "n.id / 1000 >= ?",
                    " ORDER BY n.id DESC LIMIT ?",
                )
            }
        };
        let before = [before, query.before].into_iter().flatten().min();
        let before = before.unwrap_or(NoteId::MAX);
        condition(earlier, index::row(before).into());
        condition("n.id < ?", before.0.into());
        if let Some(after) = query.after {
            condition(later, index::row(after).into());
            condition("n.id >= ?", after.0.into());
        }
        for id in tags.with {
            condition(
                "EXISTS (SELECT 1 FROM note_tags o WHERE o.tag_id = ? AND o.note_id = n.id)",
                id.into(),
            );
        }
        for id in tags.without {
            condition(
                "NOT EXISTS (SELECT 1 FROM note_tags o WHERE o.tag_id = ? AND o.note_id = n.id)",
                id.into(),
            );
        }
        // The site itself or one below it: `arxiv.org` also stands for `export.arxiv.org`.
        let within = "n.site_id IN (SELECT id FROM sites WHERE labels >= ? AND labels < ?)";
        let mut site_values = |site: &String| {
            let first = labels(site);
            // '/' is the character after '.'.
            let end = [first.trim_end_matches('.'), "/"].concat();
            values.extend([Value::from(first), Value::from(end)]);
        };
        query.sites.iter().for_each(&mut site_values);
        query.without_sites.iter().for_each(&mut site_values);
        let any_site = ["(", &vec![within; query.sites.len()].join(" OR "), ")"].concat();
        if !query.sites.is_empty() {
            conditions.push(&any_site);
        }
        // A page from no site is none of those sites'.
        let not_site = ["(", within, ") IS NOT TRUE"].concat();
        conditions.extend(vec![not_site.as_str(); query.without_sites.len()]);
        // One more than asked for tells whether there are more.
        values.push(i64::from(limit).saturating_add(1).into());
        let sql = [select, &conditions.join(" AND "), newest_first].concat();

        let mut notes = load(&self.conn, &sql, params_from_iter(values))?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = notes.len() > wanted;
        notes.truncate(wanted);
        let hits = notes
            .into_iter()
            .map(|note| Hit {
                snippet: snippet_of(&note, &query.terms),
                note,
            })
            .collect();
        Ok(Found { hits, more })
    }
}

/// The surroundings of the match in the user's text, else in the page's.
fn snippet_of(note: &Note, terms: &[Term]) -> Snippet {
    let summary = plain_text(&note.summary);
    let in_summary = snippet(&summary, terms);
    let excerpt = note.metadata.excerpt.as_deref().unwrap_or_default();
    let found = |snippet: &Snippet| snippet.0.iter().any(|piece| piece.matched);
    if found(&in_summary) || excerpt.is_empty() {
        return in_summary;
    }
    let in_excerpt = snippet(excerpt, terms);
    if found(&in_excerpt) || summary.is_empty() {
        in_excerpt
    } else {
        in_summary
    }
}

/// All words and phrases as one FTS5 expression; None where there is nothing
/// that has to occur. Everything typed stands in quotes, so nothing of it is syntax.
fn match_expression(terms: &[Term]) -> Option<String> {
    let list = |negated: bool, separator: &str| {
        let phrases: Vec<String> = terms
            .iter()
            .filter(|term| term.negated == negated)
            .map(phrase)
            .collect();
        (!phrases.is_empty()).then(|| phrases.join(separator))
    };
    let wanted = list(false, " AND ")?;
    Some(match list(true, " OR ") {
        Some(unwanted) => format!("({wanted}) NOT ({unwanted})"),
        None => wanted,
    })
}

fn phrase(term: &Term) -> String {
    let text = spaced(&term.text).replace('"', "\"\"");
    let star = if term.prefix { "*" } else { "" };
    format!("\"{text}\"{star}")
}
