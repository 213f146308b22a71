//! Answers requests for the views of a search, and for feeds of notes.

use crate::{
    domain::{Note, NoteId, Query, SearchPlace},
    error::Result,
    site::{
        controller::{Controller, FEED_NOTES, NEAR_TAGS, PAGE_NOTES, found},
        did_you_mean,
        feed::{self, Feed},
        response::Answer,
        route::Unknown,
        views,
    },
    store::{Found, Reader, TagFilter},
};

/// Most matches in texts of pages below those in notes.
const SHOWN_TEXTS: u32 = 10;

impl Controller {
    pub(super) fn search(
        &self,
        reader: &Reader,
        query: &str,
        before: Option<NoteId>,
    ) -> Result<Answer> {
        let parsed = Query::parse_in(query, &self.days());
        if parsed.is_empty() {
            return Ok(found(views::search_help(&self.layout, query, &parsed)));
        }
        let first = before.is_none();
        let (result, in_texts) = match parsed.place {
            Some(SearchPlace::Text) => (
                reader.search_texts(None, &parsed, before, PAGE_NOTES)?,
                Found::default(),
            ),
            _ => {
                let result = self
                    .facet_cache
                    .search(reader, &parsed, before, PAGE_NOTES)?;
                let in_texts = match first {
                    true => reader.search_texts(None, &parsed, None, SHOWN_TEXTS)?,
                    false => Found::default(),
                };
                (result, in_texts)
            }
        };
        let near =
            if first && result.hits.is_empty() && result.next.is_none() && in_texts.hits.is_empty()
            {
                did_you_mean::tags(reader, &parsed.wanted_words(), NEAR_TAGS)?
            } else {
                Vec::new()
            };
        let asked = views::Asked {
            text: query,
            query: &parsed,
            newest: true,
        };
        let page = views::search(&self.layout, &asked, &result, &in_texts, first, &near);
        Ok(found(page))
    }

    pub(super) fn best(&self, reader: &Reader, query: &str) -> Result<Answer> {
        let parsed = Query::parse_in(query, &self.days());
        if parsed.is_empty() {
            return Ok(found(views::search_help(&self.layout, query, &parsed)));
        }
        // Without words, all matches rank equally.
        if !parsed.ranks() || parsed.place == Some(SearchPlace::Text) {
            return self.search(reader, query, None);
        }
        let best = self.facet_cache.search_best(reader, &parsed, PAGE_NOTES)?;
        let in_texts = reader.search_texts(None, &parsed, None, SHOWN_TEXTS)?;
        let near = if best.hits.is_empty() && !best.more && in_texts.hits.is_empty() {
            did_you_mean::tags(reader, &parsed.wanted_words(), NEAR_TAGS)?
        } else {
            Vec::new()
        };
        let asked = views::Asked {
            text: query,
            query: &parsed,
            newest: false,
        };
        Ok(found(views::best(
            &self.layout,
            &asked,
            &best,
            &in_texts,
            &near,
        )))
    }

    pub(super) fn feed(&self, reader: &Reader, filter: Option<&TagFilter>) -> Result<Answer> {
        let links = &self.layout.feeds;
        let Some(filter) = filter else {
            let notes = reader.latest_notes(None, FEED_NOTES)?;
            let feed = Feed {
                title: "url-notes",
                author: "url-notes",
                address: &links.feed(),
                page: &links.home(),
                updated: feed::updated(&notes),
            };
            return Ok(Answer::atom(feed::atom(links, &feed, &notes)));
        };
        let right = TagFilter {
            with: reader.tags_of_names(&filter.with)?,
            without: reader.tags_of_names(&filter.without)?,
        };
        if right != *filter {
            return Ok(Answer::moved(self.layout.links.tag_feed(&right)));
        }
        let counted = self.facet_cache.ask(reader, |facets| {
            facets.notes(reader, filter, None, FEED_NOTES)
        })?;
        let notes = match counted {
            Some(notes) => notes,
            None => reader.notes_with_tags(filter, None, FEED_NOTES)?,
        };
        if notes.is_empty() {
            return self.no_such_tag(reader, filter);
        }
        let feed = Feed {
            title: &format!("url-notes | tag | {}", views::filter_name(filter)),
            author: "url-notes",
            address: &links.tag_feed(filter),
            page: &links.narrowed(filter, None),
            updated: feed::updated(&notes),
        };
        Ok(Answer::atom(feed::atom(links, &feed, &notes)))
    }

    pub(super) fn search_feed(&self, reader: &Reader, name: &str) -> Result<Answer> {
        let links = &self.layout.feeds;
        let Some(search) = reader.saved_search(name)? else {
            return self.missing(
                reader,
                &Unknown {
                    sentence: format!("There is no saved search “{name}”."),
                    words: name.to_owned(),
                },
                Vec::new(),
            );
        };
        let query = Query::parse_in(&search.query, &self.days());
        let found = match query.place {
            Some(SearchPlace::Text) => reader.search_texts(None, &query, None, FEED_NOTES)?,
            _ => self.facet_cache.search(reader, &query, None, FEED_NOTES)?,
        };
        let notes: Vec<Note> = found.hits.into_iter().map(|hit| hit.note).collect();
        let feed = Feed {
            title: &format!("url-notes | search | {}", search.name),
            author: "url-notes",
            address: &links.search_feed(&search.name),
            page: &links.found(&search.query, None),
            updated: feed::updated(&notes),
        };
        Ok(Answer::atom(feed::atom(links, &feed, &notes)))
    }
}
