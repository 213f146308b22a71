//! `/search`: search results, or help on searching.

use maud::{Markup, html};

use crate::{
    domain::{Query, Tag},
    site::{
        links::tag_condition,
        views::{
            layout::{Breadcrumb, Layout, Tab, counted, grouped, turn_page},
            note_card::{Body, by_day, counted_tags, moment, preview},
        },
    },
    store::{Best, Found, Hit, RANKED, TagCount},
};

/// Most tags offered to narrow a search.
const NARROWING: usize = 8;

/// Renders search results, newest first. `near` are tags to suggest if there are none.
pub(in crate::site) fn search(
    layout: &Layout,
    query: &str,
    found: &Found,
    first: bool,
    near: &[TagCount],
) -> String {
    let newer = (!first).then(|| ("Newest notes", layout.links.found(query, None)));
    let older = found.next.map(|next| {
        let name = match found.hits.is_empty() {
            true => "Search older notes",
            false => "Older notes",
        };
        (name, layout.links.found(query, Some(next)))
    });
    let content = html! {
        p.status role="status" {
            (outcome(layout, found, first))
            @if !found.hits.is_empty() { " · " a href=(layout.links.best(query)) { "Best match first" } }
        }
        (conditions(layout, query))
        (narrowing(layout, query, &found.hits))
        section aria-label="Notes" {
            (by_day(layout, 2, &found.hits, |hit| &hit.note, |hit| preview(layout, &hit.note, 3, &Body::Snippet(&hit.snippet))))
        }
        (turn_page(newer, older))
        @if found.hits.is_empty() {
            (near_tags(layout, near))
            (operators(true))
        }
    };
    layout.page(&place(layout, query), &content)
}

/// Renders search results by relevance.
pub(in crate::site) fn best(layout: &Layout, query: &str, best: &Best) -> String {
    let content = html! {
        p.status role="status" {
            (ranked(best)) " · " a href=(layout.links.found(query, None)) { "Newest first" }
        }
        (conditions(layout, query))
        (narrowing(layout, query, &best.hits))
        section aria-label="Notes" {
            @for hit in &best.hits { (preview(layout, &hit.note, 2, &Body::Snippet(&hit.snippet))) }
        }
        @if best.hits.is_empty() { (operators(true)) }
    };
    layout.page(&place(layout, query), &content)
}

/// Renders the conditions of a search, each with a link that removes it.
fn conditions(layout: &Layout, query: &str) -> Markup {
    let conditions = Query::conditions(query);
    let without = |dropped: usize| {
        let kept = conditions.iter().enumerate();
        let kept = kept.filter(|(place, _)| *place != dropped);
        let kept: Vec<&str> = kept.map(|(_, condition)| *condition).collect();
        layout.links.found(&kept.join(" "), None)
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

/// Renders the most frequent tags of the results, each as a further condition.
fn narrowing(layout: &Layout, query: &str, hits: &[Hit]) -> Markup {
    let asked = Query::parse(query);
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
            && !asked.with.contains(tag)
            && !tag.as_str().contains('"')
    });
    // The sort is stable: tags with the same count keep the order of the results.
    tags.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    tags.truncate(NARROWING);
    let with = |sign: &str, tag: &Tag| {
        let query = format!("{} {} ", query.trim_end(), tag_condition(sign, tag));
        layout.links.found(&query, None)
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
pub(in crate::site) fn search_help(layout: &Layout, query: &str) -> String {
    layout.page(&place(layout, query), &operators(true))
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

fn outcome(layout: &Layout, found: &Found, first: bool) -> Markup {
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
        (None, true) if first => "No matches.".into(),
        (None, true) => "No older matches.".into(),
        (None, false) if first => shown,
        (None, false) => format!("The oldest {shown}"),
    };
    html! { (sentence) }
}

fn ranked(best: &Best) -> Markup {
    let shown = counted(best.hits.len() as u64, "note");
    html! {
        @if best.hits.is_empty() && best.more { "None of the newest notes matches. Older notes weren’t searched." }
        @else if best.hits.is_empty() { "No matches." }
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
    let rows = [
        (
            "gpu prices",
            "notes with both words or longer words that begin like them, ignoring case and accents",
        ),
        (
            "\"context window\"",
            "exactly this phrase; \"gpu\" finds this word but no longer one",
        ),
        (
            "wifi",
            "also Wi-Fi; snake_case, camelCase and v1.2.3 can be found by their parts",
        ),
        (
            "c++ .net #lojban",
            "words with these characters; c also finds c++",
        ),
        ("-nvidia", "not this word"),
        (
            "tag:llm",
            "with this tag; tag:\"large language model\" for one with spaces",
        ),
        ("-tag:amd", "without this tag"),
        (
            "#llm",
            "the tag #llm or llm, if it exists; #\"large language model\" for one with spaces",
        ),
        ("is:untagged", "without any tag"),
        ("site:arxiv.org", "from this web site"),
        (
            "before:2025-08-01",
            "saved before this day; a month or a year works too",
        ),
        ("after:2025-08-01", "saved on this day or later"),
    ];
    html! {
        section.paper aria-labelledby="how" {
            h2 #how { "How to search" }
            p { "The search covers titles, notes, descriptions, tags and addresses. Every term must match. A word can be just the beginning of a longer one, unless it is in quotation marks." }
            dl.operators {
                @for (typed, meaning) in rows {
                    div { dt { code { (typed) } } dd { (meaning) } }
                }
            }
            @if best { p {
                "Newest notes come first. “Best match” puts the newest " (RANKED)
                " matches in order: titles and tags count most, then notes, then descriptions and addresses."
            } } @else { p { "Newest notes come first." } }
        }
    }
}
