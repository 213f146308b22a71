//! `/tag/{tag}`: the notes with a tag, and what narrows them further.

use maud::{Markup, html};

use crate::{
    domain::Tag,
    site::views::layout::{Breadcrumb, Layout, Tab, counted, grouped, turn_page},
    store::{RELATED_WINDOW, RelatedTags, TagCount, TagFilter},
};

/// What a tag page shows.
#[derive(Debug)]
pub(in crate::site) struct TagPage<'a> {
    /// Has at least one tag to be had: the page's own.
    pub filter: &'a TagFilter,
    /// How many notes pass it.
    pub count: u64,
    pub related: &'a RelatedTags,
    /// The list of them.
    pub notes: &'a Markup,
    /// The page of the newest ones, if this is another one.
    pub newest: Option<String>,
    /// The page of older ones, if there are any.
    pub older: Option<String>,
}

pub(in crate::site) fn tag(layout: &Layout, page: &TagPage<'_>) -> String {
    let name = name(page.filter);
    let place = Breadcrumb {
        steps: vec![("tag", Some(layout.links.tags())), (&name, None)],
        tab: Some(Tab::Tags),
        lists_notes: true,
        feed: Some(layout.feeds.tag_feed(page.filter)),
        ..Breadcrumb::default()
    };
    let newer = page.newest.clone().map(|address| ("Newest notes", address));
    let older = page.older.clone().map(|address| ("Older notes", address));
    let content = html! {
        p.status {
            (counted(page.count, "note"))
            @if !layout.links.are_files() && page.count > 2 && page.filter.with.len() == 1 && page.filter.without.is_empty() {
                " · " a href=(layout.links.random(page.filter.with.first())) { "Random one" }
            }
        }
        (chosen(layout, page.filter))
        @if layout.links.are_files() { (beside(layout, page)) } @else { (related(layout, page)) }
        section aria-label="Notes" { (page.notes) }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}

/// `gpu + llm − amd`.
pub(in crate::site) fn name(filter: &TagFilter) -> String {
    let with: Vec<_> = filter.with.iter().map(Tag::as_str).collect();
    let mut name = with.join(" + ");
    for tag in &filter.without {
        name.push_str(" − ");
        name.push_str(tag.as_str());
    }
    name
}

/// The conditions beyond the page's own tag, each a link that drops it.
pub(super) fn chosen(layout: &Layout, filter: &TagFilter) -> Markup {
    let without_this = |tag: &Tag| {
        let mut wider = filter.clone();
        wider.with.retain(|other| other != tag);
        wider.without.retain(|other| other != tag);
        layout.links.narrowed(&wider, None)
    };
    html! {
        @if filter.with.len() > 1 || !filter.without.is_empty() {
            ul.tags.chosen role="list" aria-label="Narrowed by" {
                @for tag in &filter.with {
                    // Without any tag to be had there is no such page.
                    @if filter.with.len() > 1 {
                        li { a href=(without_this(tag)) { "with " bdi { (tag) } (drop_sign()) } }
                    }
                }
                @for tag in &filter.without {
                    li { a href=(without_this(tag)) { "without " bdi { (tag) } (drop_sign()) } }
                }
            }
        }
    }
}

pub(super) fn drop_sign() -> Markup {
    html! { " " span aria-hidden="true" { "×" } span.visually-hidden { "(drop this)" } }
}

/// Other tags of these notes: each narrows to the notes that have it, or to those that don't.
fn related(layout: &Layout, page: &TagPage<'_>) -> Markup {
    let narrowed = |tag: &Tag| {
        let mut filter = page.filter.clone();
        filter.with.push(tag.clone());
        layout.links.narrowed(&filter, None)
    };
    let without = |tag: &Tag| {
        let mut filter = page.filter.clone();
        filter.without.push(tag.clone());
        layout.links.narrowed(&filter, None)
    };
    html! {
        @if !page.related.tags.is_empty() {
            details.related open[page.newest.is_none()] {
                summary {
                    "Related tags"
                    @if !page.related.exact {
                        " (of the newest " (grouped(RELATED_WINDOW.into())) " notes)"
                    }
                }
                ul.tags.counted role="list" {
                    @for TagCount { tag, uses } in &page.related.tags {
                        li {
                            a href=(narrowed(tag)) {
                                span.visually-hidden { "with " } bdi { (tag) } " " span.count { (grouped(*uses)) }
                            }
                            // To be without what all of them have would leave nothing.
                            @if *uses < page.count {
                                a.not href=(without(tag)) title={ "Without “" (tag) "”" } {
                                    span aria-hidden="true" { "−" } span.visually-hidden { "without " (tag) }
                                    @if page.related.exact {
                                        " " span.count { (grouped(page.count - uses)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The same where nobody answers questions: each leads to its own page, and to a search
/// for the notes that have both.
fn beside(layout: &Layout, page: &TagPage<'_>) -> Markup {
    let both = |tag: &Tag| {
        let mut filter = page.filter.clone();
        filter.with.push(tag.clone());
        layout.links.narrowed(&filter, None)
    };
    html! {
        @if !page.related.tags.is_empty() {
            details.related open[page.newest.is_none()] {
                summary { "Related tags" }
                ul.tags.counted role="list" {
                    @for TagCount { tag, uses } in &page.related.tags {
                        li {
                            a href=(layout.links.tag(tag)) { bdi { (tag) } }
                            @if *uses < page.count {
                                a.not href=(both(tag)) title={ (counted(*uses, "note")) " also with “" (tag) "”" } {
                                    span aria-hidden="true" { "+ " } span.visually-hidden { "both: " }
                                    span.count { (grouped(*uses)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
