//! `/search`: search results, or help on searching.

use maud::{Markup, html};

use crate::{
    domain::{Query, SEARCH_HELP, SearchPlace, Tag},
    site::{
        links::tag_condition,
        views::{
            layout::{Breadcrumb, Layout, Tab, counted, grouped, turn_page},
            note_card::{Body, by_day, counted_tags, moment, preview},
        },
    },
    store::{Best, Found, Hit, RANKED, TagCount},
};

/// Examples of the search help that an exported site leaves out, because it has neither the trash
/// nor the texts of pages to search in.
const ONLY_HERE: [&str; 3] = ["is:deleted", "has:text", "in:text rotary"];

/// Most tags offered to narrow a search.
const NARROWING: usize = 8;

/// A requested search.
pub(in crate::site) struct Asked<'a> {
    /// The query as typed.
    pub text: &'a str,
    /// The parsed query.
    pub query: &'a Query,
    /// Whether the newest match comes first; otherwise the best.
    pub newest: bool,
}

/// Renders the matches, newest first, and below them those in the texts of pages. `near` are tags to
/// suggest if there are no matches.
pub(in crate::site) fn search(
    layout: &Layout,
    asked: &Asked<'_>,
    found: &Found,
    in_texts: &Found,
    first: bool,
    near: &[TagCount],
) -> String {
    let query = asked.text;
    let newer = (!first).then(|| ("Newest notes", layout.links.found(query, None)));
    let older = found.next.map(|next| {
        let name = match found.hits.is_empty() {
            true => "Search older notes",
            false => "Older notes",
        };
        (name, layout.links.found(query, Some(next)))
    });
    let is_of_texts = asked.query.place == Some(SearchPlace::Text);
    let ranks = asked.query.ranks() && !is_of_texts && !found.hits.is_empty();
    let content = html! {
        p.status role="status" {
            (outcome(layout, found, in_texts, first))
            @if ranks { " · " a href=(layout.links.best(query)) { "Best match first" } }
        }
        (problems(asked.query))
        (conditions(layout, asked))
        (narrowing(layout, asked, &found.hits))
        section aria-label="Notes" {
            (by_day(layout, 2, &found.hits, |hit| &hit.note, |hit| preview(layout, &hit.note, 3, &Body::Found(hit))))
        }
        (turn_page(newer, older))
        (texts(layout, asked, in_texts))
        @if found.hits.is_empty() && in_texts.hits.is_empty() {
            (near_tags(layout, near))
            (operators(true))
        }
    };
    layout.page(&result_place(layout, asked), &content)
}

/// Renders the matches, best first. `near` is as in [`search`].
pub(in crate::site) fn best(
    layout: &Layout,
    asked: &Asked<'_>,
    best: &Best,
    in_texts: &Found,
    near: &[TagCount],
) -> String {
    let content = html! {
        p.status role="status" {
            (ranked(best, in_texts))
            @if !best.hits.is_empty() || best.more {
                " · " a href=(layout.links.found(asked.text, None)) { "Newest first" }
            }
        }
        (problems(asked.query))
        (conditions(layout, asked))
        (narrowing(layout, asked, &best.hits))
        section aria-label="Notes" {
            @for hit in &best.hits { (preview(layout, &hit.note, 2, &Body::Found(hit))) }
        }
        (texts(layout, asked, in_texts))
        @if best.hits.is_empty() && in_texts.hits.is_empty() {
            (near_tags(layout, near))
            (operators(true))
        }
    };
    layout.page(&result_place(layout, asked), &content)
}

fn result_place<'a>(layout: &Layout, asked: &Asked<'a>) -> Breadcrumb<'a> {
    Breadcrumb {
        newest: asked.newest,
        ..place(layout, asked.text)
    }
}

/// Renders the matches in the texts of pages, below those in notes.
fn texts(layout: &Layout, asked: &Asked<'_>, found: &Found) -> Markup {
    let all = format!("in:text {}", asked.text);
    html! {
        @if !found.hits.is_empty() {
            section.in-texts aria-labelledby="in-texts" {
                h2 #in-texts { "In the text of pages" }
                @for hit in &found.hits { (preview(layout, &hit.note, 3, &Body::Found(hit))) }
                @if found.next.is_some() {
                    p { a href=(layout.links.found(&all, None)) { "More in the text of pages" } }
                }
            }
        }
    }
}

/// Renders the sentences for the invalid parts of the query.
fn problems(query: &Query) -> Markup {
    html! {
        @if !query.problems.is_empty() {
            ul.problems role="list" aria-label="Problems with the query" {
                @for problem in &query.problems { li { (problem) } }
            }
        }
    }
}

/// Renders the conditions of the query, each as a link that removes it.
fn conditions(layout: &Layout, asked: &Asked<'_>) -> Markup {
    let conditions = Query::conditions(asked.text);
    let without = |dropped: usize| {
        let kept = conditions.iter().enumerate();
        let kept = kept.filter(|(place, _)| *place != dropped);
        let kept: Vec<&str> = kept.map(|(_, condition)| *condition).collect();
        layout.links.search_for(&kept.join(" "), asked.newest)
    };
    html! {
        @if conditions.len() > 1 {
            ul.tags.chosen role="list" aria-label="Conditions" {
                @for (place, condition) in conditions.iter().enumerate() {
                    li { a href=(without(place)) { bdi { (condition) } (super::tag::drop_sign()) } }
                }
            }
        }
    }
}

/// Renders the most frequent tags of the matches, each as a link that adds a condition.
fn narrowing(layout: &Layout, asked: &Asked<'_>, hits: &[Hit]) -> Markup {
    let mut tags: Vec<(&Tag, usize)> = Vec::new();
    for tag in hits.iter().flat_map(|hit| &hit.note.tags) {
        match tags.iter_mut().find(|(known, _)| *known == tag) {
            Some((_, count)) => *count += 1,
            None => tags.push((tag, 1)),
        }
    }
    // A tag on all results, or on only one, isn't useful.
    tags.retain(|(tag, count)| {
        *count > 1
            && *count < hits.len()
            && !asked.query.with.contains(tag)
            && !tag.as_str().contains('"')
    });
    // The sort is stable: tags with the same count keep the order of the results.
    tags.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    tags.truncate(NARROWING);
    let with = |sign: &str, tag: &Tag| {
        let query = format!("{} {} ", asked.text.trim_end(), tag_condition(sign, tag));
        layout.links.search_for(&query, asked.newest)
    };
    html! {
        @if !tags.is_empty() {
            details.related open {
                summary { "Narrow by tag" }
                ul.tags.counted role="list" {
                    @for (tag, _) in tags {
                        li {
                            a href=(with("", tag)) { span.visually-hidden { "with " } bdi { (tag) } }
                            a.not href=(with("-", tag)) title={ "Without “" (tag) "”" } {
                                span aria-hidden="true" { "−" } span.visually-hidden { "without " (tag) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Renders the search page without a query.
pub(in crate::site) fn search_help(layout: &Layout, text: &str, query: &Query) -> String {
    let content = html! { (problems(query)) (operators(true)) };
    layout.page(&place(layout, text), &content)
}

/// Renders the search page of an exported site, which searches in the browser.
pub(in crate::site) fn search_alone(layout: &Layout) -> String {
    let content = html! {
        p.status #outcome role="status" {
            "The search needs JavaScript, which is turned off. You can browse all notes "
            a href=(layout.links.all(0)) { "day by day" } ", "
            a href=(layout.links.tags()) { "by tag" } " and "
            a href=(layout.links.sites()) { "by site" } "."
        }
        div #found {}
        div #how-to { (operators(false)) }
    };
    let place = Breadcrumb {
        searches: true,
        lists_notes: true,
        ..place(layout, "")
    };
    layout.page(&place, &content)
}

fn place<'a>(layout: &Layout, query: &'a str) -> Breadcrumb<'a> {
    let page = (!query.is_empty()).then(|| layout.links.search());
    let mut steps = vec![("search", page)];
    if !query.is_empty() {
        steps.push((query, None));
    }
    Breadcrumb {
        heading: query.is_empty().then_some("Search"),
        lists_notes: !query.is_empty(),
        steps,
        query,
        tab: query.is_empty().then_some(Tab::Search),
        ..Breadcrumb::default()
    }
}

/// Says that no notes match, above matches in texts or none.
fn nothing(in_texts: &Found) -> &'static str {
    match in_texts.hits.is_empty() {
        true => "No matches.",
        false => "No matches in your notes.",
    }
}

fn outcome(layout: &Layout, found: &Found, in_texts: &Found, first: bool) -> Markup {
    let shown = counted(found.hits.len() as u64, "note");
    let sentence = match (found.next, found.hits.is_empty()) {
        // A rare combination of frequent words takes several steps.
        (Some(next), true) => {
            return html! {
                "No note since " (moment(layout, next.moment())) " matches all terms. Older notes weren’t searched yet."
            };
        }
        (Some(_), false) if first => format!("The newest {shown} of more"),
        (Some(_), false) => format!("{shown} of more"),
        (None, true) if first => nothing(in_texts).into(),
        (None, true) => "No older matches.".into(),
        (None, false) if first => shown,
        (None, false) => format!("The oldest {shown}"),
    };
    html! { (sentence) }
}

fn ranked(best: &Best, in_texts: &Found) -> Markup {
    let shown = counted(best.hits.len() as u64, "note");
    html! {
        @if best.hits.is_empty() && best.more { "None of the newest notes match. Older notes weren’t searched." }
        @else if best.hits.is_empty() { (nothing(in_texts)) }
        @else if best.more { "The best " (shown) " of the newest " (grouped(best.compared as u64)) " that were found" }
        @else if best.hits.len() < best.compared { "The best " (shown) " of " (grouped(best.compared as u64)) }
        @else { (shown) ", the best first" }
    }
}

/// Renders tags that may be meant.
pub(super) fn near_tags(layout: &Layout, near: &[TagCount]) -> Markup {
    html! {
        @if !near.is_empty() {
            section aria-labelledby="near" {
                h2 #near { "Did you mean" }
                (counted_tags(near, |tag| layout.links.tag(tag)))
            }
        }
    }
}

fn operators(best: bool) -> Markup {
    html! {
        section.paper aria-labelledby="how" {
            h2 #how { "How to search" }
            p { "The search covers titles, notes, descriptions, tags and addresses" @if best { ", then the texts of pages" } ". Every term must match. A word can be just the beginning of a longer one, unless it is in quotation marks." }
            dl.operators {
                @for (typed, meaning) in SEARCH_HELP.iter().filter(|(typed, _)| best || !ONLY_HERE.contains(typed)) {
                    div { dt { code { (typed) } } dd { (meaning) } }
                }
            }
            @if best { p {
                "The best matches come first: of the newest " (RANKED)
                " matches, those in titles and tags count most, then notes, then descriptions and addresses. “Newest first” on the results changes the order. A search without words always shows the newest first."
            } } @else { p { "Newest notes come first." } }
        }
    }
}
