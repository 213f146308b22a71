//! `/note/{id}`: one note with all its fields.

use maud::{Markup, PreEscaped, html};

use crate::{
    domain::{Note, NoteId, Tag, archived_copy, is_public_page, sync::Alternative},
    site::{
        markdown,
        views::{
            layout::{Breadcrumb, Layout, counted},
            note_card::{
                excerpt, gist_maker, gist_text, heading, link_badge, moment, published, site,
                site_icon, site_link, tag_links, text, title, whole_moment,
            },
        },
    },
    store::{Gist, NoteSync, SyncConflict, TextSource, TextSummary},
};

/// Most common tags that are shown.
const SHARED: usize = 4;

/// A related note, in two parts: the note, and the tags in common.
#[derive(Debug)]
pub(in crate::site) struct Related {
    /// As rendered by [`about`].
    pub about: String,
    pub shared: Vec<Tag>,
}

pub(in crate::site) fn note(
    layout: &Layout,
    note: &Note,
    text: Option<TextSummary>,
    gist: Option<&Gist>,
    sync: &NoteSync,
    related: &[Note],
) -> String {
    let related = related.iter().map(|other| {
        let shared = other.tags.iter().filter(|tag| note.tags.contains(tag));
        Related {
            about: about(layout, other).into_string(),
            shared: shared.cloned().collect(),
        }
    });
    let related: Vec<Related> = related.collect();
    around(
        layout,
        &title(note),
        &article(layout, note, text, gist, sync),
        &related,
    )
}

/// Renders the page around a note that [`article`] rendered.
pub(in crate::site) fn around(
    layout: &Layout,
    title: &str,
    article: &Markup,
    related: &[Related],
) -> String {
    let place = Breadcrumb {
        steps: vec![("note", None)],
        title: Some(title),
        ..Breadcrumb::default()
    };
    let content = html! {
        (article)
        @if !related.is_empty() {
            section.related-notes aria-labelledby="related" {
                h2 #related { "Related notes" }
                ul role="list" {
                    @for Related { about, shared } in related {
                        li {
                            (PreEscaped(about))
                            @for tag in shared.iter().take(SHARED) { li { bdi { (tag) } } }
                            @if shared.len() > SHARED { li { "and " (counted((shared.len() - SHARED) as u64, "more tag")) } }
                            (PreEscaped("</ul>"))
                        }
                    }
                }
            }
        }
    };
    layout.page(&place, &content)
}

/// Renders a note as listed below a related one, up to its list of common tags, which is left open.
pub(in crate::site) fn about(layout: &Layout, other: &Note) -> Markup {
    html! {
        a href=(layout.links.note(other.id)) dir="auto"
            lang=(other.metadata.lang.as_deref().unwrap_or_default()) { (title(other)) }
        (PreEscaped("<ul class=\"facts\" role=\"list\">"))
        @if let Some(site) = site(other) { li { (site_icon(layout, &site)) bdi { (site) } } }
        li { (moment(layout, other.saved_at)) }
    }
}

/// Returns the words before the day of a text.
fn read_or_downloaded(source: TextSource) -> &'static str {
    match source {
        TextSource::Fetch => "downloaded later, on",
        TextSource::Click | TextSource::File | TextSource::Import => "read on",
    }
}

/// Returns where the Wayback Machine may have a copy of the page, unless the page isn't public or its
/// link offers the copy already.
fn copy_of_that_day(layout: &Layout, note: &Note) -> Option<String> {
    let is_offered = (layout.known_links.of(note.id))
        .is_some_and(|(link, _)| link.copy_of(&note.url, note.saved_at).is_some());
    (!is_offered && is_public_page(&note.url)).then(|| archived_copy(&note.url, note.saved_at))
}

/// Renders what devices wrote at the same time and the note doesn't show.
fn elsewhere(layout: &Layout, note: &Note, conflict: &SyncConflict) -> Markup {
    let written = |at: &Alternative| moment(layout, NoteId(at.at.micros).moment());
    let beside: Vec<_> = conflict.texts_beside(&note.summary).collect();
    html! {
        section.elsewhere aria-labelledby="elsewhere" {
            h2 #elsewhere { "Changed on several devices" }
            @if !conflict.titles.is_empty() {
                ul role="list" {
                    @for other in &conflict.titles {
                        li { "Also titled “" bdi { (other.text) } "”, " (written(other)) }
                    }
                }
            }
            @if beside.len() < conflict.texts.len() {
                p { "Texts that couldn’t be merged stand one below another in this note." }
            }
            @for other in beside {
                p { "A text that couldn’t be merged, " (written(other)) ":" }
                div.summary dir="auto" lang="" { (markdown::render(&other.text, 3)) }
            }
            p.hint { "To choose, edit the note in the extension’s library." }
        }
    }
}

/// Renders all fields of a note, a link to the text of its page, a summary by a model, and what is
/// known from other devices, if there are any.
pub(in crate::site) fn article(
    layout: &Layout,
    note: &Note,
    kept: Option<TextSummary>,
    gist: Option<&Gist>,
    sync: &NoteSync,
) -> Markup {
    let metadata = &note.metadata;
    html! {
        article.note {
            (heading(note, 1))
            (tag_links(layout, &note.tags))
            (text(note, 2))
            @if let Some(gist) = gist {
                (gist_maker(gist))
                (gist_text(note, gist))
            }
            @if !note.summary.trim().is_empty() && metadata.excerpt.is_some() {
                section.described aria-labelledby="described" {
                    h2 #described { "Description" }
                    (excerpt(note))
                }
            }
            @if let Some(conflict) = &sync.conflict { (elsewhere(layout, note, conflict)) }
            dl.facts {
                @if let Some(badge) = link_badge(layout, note) {
                    div.link-state { dt { "Link" } dd { (badge) } }
                }
                @if let Some(kept) = kept {
                    div {
                        dt { "Text" }
                        dd {
                            a href=(layout.links.text(note.id)) { (counted(kept.words.into(), "word")) }
                            ", " (read_or_downloaded(kept.source)) " " (moment(layout, kept.taken_at))
                        }
                    }
                }
                @if let Some(own) = &note.page_title {
                    div { dt { "Page title" } dd { bdi { (own) } } }
                }
                div {
                    dt { "Address" }
                    dd {
                        bdi { (note.address()) }
                        @if let Some(copy) = copy_of_that_day(layout, note) {
                            " "
                            a.copy href=(copy) target="_blank" rel="noreferrer noopener"
                                title="The copy at the Wayback Machine nearest to the day of the save" { "copy of that day" }
                        }
                    }
                }
                @let others = note.other_addresses();
                @if !others.is_empty() {
                    div {
                        dt { "Also saved as" }
                        @for url in &others { dd { bdi { (url) } } }
                    }
                }
                @if let Some(site) = site(note) {
                    div {
                        dt { "Site" }
                        dd {
                            @if let Some(name) = &metadata.site_name { bdi { (name) } ", " }
                            (site_link(layout, &site))
                        }
                    }
                }
                div { dt { "Saved" } dd { (whole_moment(layout, note.saved_at)) } }
                @if note.updated_at != note.saved_at {
                    div { dt { "Changed" } dd { (whole_moment(layout, note.updated_at)) } }
                }
                @if let Some(from) = &sync.from {
                    div.from { dt { "From" } dd { bdi { (from.device) } ", " (moment(layout, from.arrived_at)) } }
                }
                @if let Some(date) = published(note) {
                    div { dt { "Published" } dd { (date) } }
                }
                @if let Some(lang) = &metadata.lang {
                    div { dt { "Language" } dd { (lang) } }
                }
            }
        }
    }
}
