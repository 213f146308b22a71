//! `/note/{id}`: one note with everything there is to it.

use maud::html;

use super::preview::{
    excerpt, heading, moment, published, site, site_link, tag_links, text, title, whole_moment,
};
use super::shell::{Place, Shell, counted};
use crate::domain::Note;

/// So many tags that both have are told.
const SHARED: usize = 4;

pub(in crate::site) fn note(shell: &Shell, note: &Note, related: &[Note]) -> String {
    let place = Place {
        steps: vec![("note", None)],
        title: Some(title(note)),
        ..Place::default()
    };
    let metadata = &note.metadata;
    let content = html! {
        article.note {
            (heading(note, 1))
            (tag_links(shell, &note.tags))
            (text(note, 2))
            @if !note.summary.trim().is_empty() && metadata.excerpt.is_some() {
                section.described aria-labelledby="described" {
                    h2 #described { "The page's own words" }
                    (excerpt(note))
                }
            }
            dl.facts {
                div { dt { "Address" } dd { bdi { (note.url) } } }
                @if let Some(site) = site(note) {
                    div {
                        dt { "Site" }
                        dd {
                            @if let Some(name) = &metadata.site_name { bdi { (name) } ", " }
                            (site_link(shell, &site))
                        }
                    }
                }
                div { dt { "Saved" } dd { (whole_moment(shell, note.id.saved_at())) } }
                @if note.updated_at != note.id.saved_at() {
                    div { dt { "Changed" } dd { (whole_moment(shell, note.updated_at)) } }
                }
                @if let Some(date) = published(note) {
                    div { dt { "Published" } dd { (date) } }
                }
                @if let Some(lang) = &metadata.lang {
                    div { dt { "Language" } dd { (lang) } }
                }
            }
        }
        @if !related.is_empty() {
            section.related-notes aria-labelledby="related" {
                h2 #related { "Related notes" }
                ul role="list" {
                    @for other in related {
                        li {
                            a href=(shell.links.note(other.id)) dir="auto"
                                lang=(other.metadata.lang.as_deref().unwrap_or_default()) { (title(other)) }
                            ul.facts role="list" {
                                @if let Some(site) = site(other) { li { bdi { (site) } } }
                                li { (moment(shell, other.id.saved_at())) }
                                @let shared: Vec<_> = other.tags.iter().filter(|tag| note.tags.contains(tag)).collect();
                                @for tag in shared.iter().take(SHARED) { li { bdi { (tag) } } }
                                @if shared.len() > SHARED { li { "and " (counted((shared.len() - SHARED) as u64, "more tag")) } }
                            }
                        }
                    }
                }
            }
        }
    };
    shell.page(&place, &content)
}
