//! `/tags`: every tag with its number of notes.

use maud::{Markup, html};

use crate::{
    domain::Tag,
    site::{
        links::order_name,
        views::{
            layout::{Breadcrumb, Layout, Tab, counted, filter_form, sorted_by, turn_page},
            note_card::{counted_tags, long_day, saved_on, tag_count, uses_group},
        },
    },
    store::{ListedTag, TagBranch, TagList, TagOrder, TagPlace, TagTree},
};

/// First code point of scripts with too many initial characters for jump links: those of East Asia,
/// and emoji.
pub(in crate::site) const MANY_INITIALS: char = '\u{2E80}';

/// The content of the list of tags.
#[derive(Debug)]
pub(in crate::site) struct TagsPage<'a> {
    pub order: TagOrder,
    pub filter: &'a str,
    pub list: &'a TagList,
    /// The implied tags.
    pub tree: &'a TagTree,
    /// Number of notes without a tag.
    pub untagged: u64,
    /// Address of the first page, unless this is it.
    pub first: Option<String>,
    /// Address of the next page, if any.
    pub more: Option<String>,
    /// Jump links of the list by name, each with a label and an address.
    pub initials: &'a [(String, String)],
}

pub(in crate::site) fn tags(layout: &Layout, page: &TagsPage<'_>) -> String {
    let TagsPage {
        order,
        filter,
        list,
        untagged,
        ..
    } = *page;
    let place = Breadcrumb {
        steps: vec![("tags", None)],
        heading: Some("Tags"),
        tab: Some(Tab::Tags),
        wide: true,
        ..Breadcrumb::default()
    };
    let orders = [
        (TagOrder::Uses, "Most used"),
        (TagOrder::Name, "By name"),
        (TagOrder::Recent, "Most recent"),
    ]
    .map(|(other, name)| {
        let address = layout.links.tags_sorted(other, filter);
        (name, address, other == order)
    });
    let sort = (order != TagOrder::default()).then(|| order_name(order));
    let newer = page.first.clone().map(|address| ("First tags", address));
    let older = page.more.clone().map(|address| ("More tags", address));
    let content = html! {
        div.tools {
            (sorted_by("Order of the tags", &orders))
            @if !layout.links.are_files() {
                (filter_form(&layout.links.tags(), "Filter tags", sort, filter))
            }
        }
        p.status role="status" {
            @match list.matching {
                Some(matching) => (counted(matching, "tag")),
                None => { "At least " (counted(list.tags.len() as u64, "tag")) },
            }
            @if !filter.is_empty() { " with “" bdi { (filter) } "” in the name" }
        }
        @if untagged > 0 && filter.is_empty() && page.first.is_none() {
            p.untagged {
                a href=(layout.links.best("is:untagged")) {
                    (counted(untagged, "note")) " without a tag"
                }
            }
        }
        @if list.tags.is_empty() && list.next.is_none() {
            (nothing(layout, filter))
        }
        @if !page.tree.branches.is_empty() { (tree(layout, page.tree)) }
        (jumps(page.initials))
        @for group in groups(layout, order, &list.tags) {
            section.group .(group.weight) id=[group.id.as_deref()] {
                h2 { (group.name) }
                (counted_tags(group.tags.iter().map(|tag| &tag.count), |tag| layout.links.tag(tag)))
            }
        }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}

/// Renders the tags that imply others below those.
fn tree(layout: &Layout, tree: &TagTree) -> Markup {
    html! {
        section.group.tree {
            h2 { "Implied tags" }
            (branches(layout, &tree.branches))
            @if tree.is_cut {
                p.hint { "More tags than fit here. " code { "url-notes tag imply" } " lists all." }
            }
        }
    }
}

fn branches(layout: &Layout, all: &[TagBranch]) -> Markup {
    html! {
        ul role="list" {
            @for TagBranch { count, below } in all {
                li {
                    @if count.total() > 0 {
                        a href=(layout.links.tag(&count.tag)) { bdi { (count.tag) } " " (tag_count(count)) }
                    } @else {
                        bdi { (count.tag) } " " (tag_count(count))
                    }
                    @if !below.is_empty() { (branches(layout, below)) }
                }
            }
        }
    }
}

fn nothing(layout: &Layout, filter: &str) -> Markup {
    html! {
        section.paper aria-label="Message" {
            @if layout.links.are_files() {
                p { "No note has a tag." }
            } @else if filter.is_empty() {
                p {
                    "This view lists the tags of your notes. To add tags, click the button on a page, type them and press Enter after each. "
                    a href=(layout.links.home()) { "How to save a page" }
                }
            } @else {
                p {
                    a href=(layout.links.tags()) { "Show all tags" } " or "
                    a href=(layout.links.best(filter)) { "search the notes for “" bdi { (filter) } "”" }
                }
            }
        }
    }
}

/// Returns jump links to the first tag below each heading. `initials` are the first characters of
/// all tags, in order.
pub(in crate::site) fn initials(layout: &Layout, initials: &[char]) -> Vec<(String, String)> {
    let mut jumps: Vec<(String, String)> = Vec::new();
    for initial in initials {
        let name = initial_of(*initial);
        if jumps.iter().all(|(known, _)| *known != name)
            && let Ok(tag) = Tag::parse(&initial.to_string())
        {
            let address = layout
                .links
                .tags_from(TagOrder::Name, "", &TagPlace::From(tag));
            jumps.push((name, address));
        }
    }
    jumps
}

fn jumps(jumps: &[(String, String)]) -> Markup {
    html! {
        @if jumps.len() > 1 {
            nav.initials aria-label="Tags by their first letter" {
                ul.menu role="list" {
                    @for (name, address) in jumps { li { a href=(address) { (name) } } }
                }
            }
        }
    }
}

/// Returns the id of a heading on the page by name.
pub(in crate::site) fn place_of(initial: char) -> String {
    format!("tags-{:x}", u32::from(initial))
}

/// Returns the heading for tags with this first character.
pub(in crate::site) fn initial_of(initial: char) -> String {
    match initial {
        '0'..='9' => "0–9".into(),
        MANY_INITIALS.. => "文字 ☺".into(),
        letter if letter.is_alphabetic() => letter.to_uppercase().collect(),
        _ => "Signs".into(),
    }
}

/// Consecutive tags with a common heading.
struct Group<'a> {
    name: String,
    /// How prominent its tags are.
    weight: &'static str,
    /// Target of jump links.
    id: Option<String>,
    tags: &'a [ListedTag],
}

fn groups<'a>(layout: &Layout, order: TagOrder, tags: &'a [ListedTag]) -> Vec<Group<'a>> {
    let name = |tag: &ListedTag| match order {
        TagOrder::Uses => uses_group(tag.count.total()).0,
        TagOrder::Name => {
            let initial = tag.count.tag.as_str().chars().next().unwrap_or('#');
            initial_of(initial)
        }
        TagOrder::Recent => tag
            .newest
            .map_or_else(String::new, |saved| long_day(saved_on(layout, saved))),
    };
    tags.chunk_by(|a, b| name(a) == name(b))
        .map(|tags| Group {
            name: name(&tags[0]),
            weight: match order {
                TagOrder::Uses => uses_group(tags[0].count.total()).1,
                TagOrder::Name => "light lettered",
                TagOrder::Recent => "light",
            },
            id: match order {
                // On the served site, each jump link leads to a page of its own.
                TagOrder::Name if layout.links.are_files() => {
                    tags[0].count.tag.as_str().chars().next().map(place_of)
                }
                _ => None,
            },
            tags,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_under_their_first_letter() {
        for (initial, group) in [
            ('a', "A"),
            ('ö', "Ö"),
            ('7', "0–9"),
            ('.', "Signs"),
            ('機', "文字 ☺"),
        ] {
            assert_eq!(initial_of(initial), group);
        }
    }
}
