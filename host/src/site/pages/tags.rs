//! `/tags`: every tag with its number of notes.

use maud::{Markup, html};

use super::preview::counted_tags;
use super::shell::{Place, Shell, Tab, counted, grouped};
use crate::site::links::order_name;
use crate::store::{TagCount, TagOrder};

/// `tags` are the first of all `matching` ones.
pub(in crate::site) fn tags(
    shell: &Shell,
    order: TagOrder,
    filter: &str,
    tags: &[TagCount],
    matching: usize,
) -> String {
    let place = Place {
        steps: vec![("tags", None)],
        tab: Some(Tab::Tags),
        wide: true,
        ..Place::default()
    };
    let content = html! {
        (tools(shell, order, filter))
        p.status {
            (counted(matching as u64, "tag"))
            @if !filter.is_empty() { " with “" bdi { (filter) } "” in the name" }
            @if tags.len() < matching {
                "; these are the first " (grouped(tags.len() as u64)) ". Filter to see others."
            }
        }
        @if tags.is_empty() {
            p.status { a href=(shell.links.tags()) { "Show all tags" } }
        } @else {
            (counted_tags(tags, |tag| shell.links.tag(tag)))
        }
    };
    shell.page(&place, &content)
}

fn tools(shell: &Shell, order: TagOrder, filter: &str) -> Markup {
    let orders = [
        (TagOrder::Uses, "Most used"),
        (TagOrder::Name, "By name"),
        (TagOrder::Recent, "Most recent"),
    ];
    html! {
        div.tools {
            nav aria-label="Order of the tags" {
                ul.menu role="list" {
                    @for (other, name) in orders {
                        li {
                            a href=(shell.links.tags_sorted(other, filter))
                                aria-current=[(other == order).then_some("true")] { (name) }
                        }
                    }
                }
            }
            form action=(shell.links.tags()) {
                @if order != TagOrder::default() {
                    input type="hidden" name="sort" value=(order_name(order));
                }
                label for="filter" { "Filter" }
                input #filter type="search" name="filter" value=(filter) dir="auto"
                    autocomplete="off" spellcheck="false";
                button { "Filter" }
            }
        }
    }
}
