//! `/tag/{tag}`: the notes with a tag, and filters to narrow them.

use maud::{Markup, html};

use crate::{
    domain::Tag,
    site::views::{
        layout::{Breadcrumb, Layout, Tab, counted, grouped, turn_page},
        note_card::{counted_tags, tag_count},
    },
    store::{RELATED_WINDOW, RelatedTags, TagCount, TagFamily, TagFilter},
};

/// Most of the tags that imply a tag that its page links to.
const IMPLYING_SHOWN: usize = 24;

/// The content of a tag page.
#[derive(Debug)]
pub(in crate::site) struct TagPage<'a> {
    /// A filter with at least one tag, the page's own.
    pub filter: &'a TagFilter,
    /// Number of notes that pass the filter.
    pub count: u64,
    /// How many of them have the tag itself, if it is the only condition and other tags imply it.
    pub own: u64,
    /// The tag, if the page shows the notes with the tag itself, without those that imply it.
    pub alone_of: Option<&'a Tag>,
    /// The tag's neighbours, if it is the only condition.
    pub family: &'a TagFamily,
    pub related: &'a RelatedTags,
    /// The rendered list of notes.
    pub notes: &'a Markup,
    /// Address of the first page, unless this is it.
    pub newest: Option<String>,
    /// Address of the next page, if any.
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
            @if page.own < page.count && let [tag] = page.filter.with.as_slice() {
                @if page.own > 0 {
                    ": " a href=(layout.links.tag_alone(tag)) { (grouped(page.own)) " with this tag" }
                    " + " (grouped(page.count - page.own)) " with tags that imply it"
                } @else {
                    ", all with tags that imply it"
                }
            }
            @if let Some(tag) = page.alone_of {
                " · " a href=(layout.links.tag(tag)) { "Also with tags that imply it" }
            }
            @if !layout.links.are_files() && page.count > 2 && page.filter.with.len() == 1 && page.filter.without.is_empty() {
                " · " a href=(layout.links.random(page.filter.with.first())) { "Random one" }
            }
        }
        (chosen(layout, page.filter))
        (family(layout, page.family))
        @if layout.links.are_files() { (beside(layout, page)) } @else { (related(layout, page)) }
        section aria-label="Notes" { (page.notes) }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}

/// Renders links to the tags that imply a tag, and to those that it implies.
fn family(layout: &Layout, family: &TagFamily) -> Markup {
    html! {
        @if !family.implying.is_empty() {
            div.family {
                span { "Implied by" }
                (counted_tags(family.implying.iter().take(IMPLYING_SHOWN), |tag| layout.links.tag(tag)))
                @if let more @ 1.. = family.implying.len().saturating_sub(IMPLYING_SHOWN) {
                    a href=(layout.links.tags()) { (more) " more" }
                }
            }
        }
        @if !family.implied.is_empty() {
            div.family {
                span { "Implies" }
                ul.tags.counted role="list" {
                    @for tag in &family.implied {
                        li { a href=(layout.links.tag(tag)) { bdi { (tag) } } }
                    }
                }
            }
        }
    }
}

/// Formats a filter: `gpu + llm − amd`.
pub(in crate::site) fn name(filter: &TagFilter) -> String {
    let with: Vec<_> = filter.with.iter().map(Tag::as_str).collect();
    let mut name = with.join(" + ");
    for tag in &filter.without {
        name.push_str(" − ");
        name.push_str(tag.as_str());
    }
    name
}

/// Renders the conditions besides the page's own tag, each with a link that removes it.
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
                    // A filter needs at least one included tag.
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

/// Renders other tags of these notes. Each links to the notes that have it, and to those that
/// don't.
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
                    @for count in &page.related.tags {
                        @let TagCount { tag, .. } = count;
                        li {
                            a href=(narrowed(tag)) {
                                span.visually-hidden { "with " } bdi { (tag) } " " (tag_count(count))
                            }
                            // Excluding a tag that all notes have would leave none.
                            @if count.total() < page.count {
                                a.not href=(without(tag)) title={ "Without “" (tag) "”" } {
                                    span aria-hidden="true" { "−" } span.visually-hidden { "without " (tag) }
                                    @if page.related.exact {
                                        " " span.count { (grouped(page.count - count.total())) }
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

/// Renders the same for exported sites: each tag links to its own page and to a search for notes
/// with both.
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
                    @for count in &page.related.tags {
                        @let TagCount { tag, .. } = count;
                        li {
                            a href=(layout.links.tag(tag)) { bdi { (tag) } }
                            @if count.total() < page.count {
                                a.not href=(both(tag)) title={ (counted(count.total(), "note")) " also with “" (tag) "”" } {
                                    span aria-hidden="true" { "+ " } span.visually-hidden { "both: " }
                                    span.count { (grouped(count.total())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
