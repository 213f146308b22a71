//! `/sites`: every web site with its number of notes.

use maud::{Markup, html};

use crate::{
    site::{
        links::site_order_name,
        views::{
            layout::{
                Breadcrumb, Layout, Tab, counted, filter_form, grouped, sorted_by, turn_page,
            },
            note_card::{site_icon, uses_group},
        },
    },
    store::{SITES_LISTED, SiteCount, SiteList, SiteOrder},
};

/// Renders a page of the sites. `first` is the address of the first page unless this is it, and
/// `more` that of the next page, if any.
pub(in crate::site) fn sites(
    layout: &Layout,
    order: SiteOrder,
    filter: &str,
    list: &SiteList,
    first: Option<String>,
    more: Option<String>,
) -> String {
    let place = Breadcrumb {
        steps: vec![("sites", None)],
        heading: Some("Sites"),
        tab: Some(Tab::Sites),
        wide: true,
        ..Breadcrumb::default()
    };
    let orders = [
        (SiteOrder::Uses, "Most notes"),
        (SiteOrder::Name, "By name"),
    ]
    .map(|(other, name)| {
        let address = layout.links.sites_sorted(other, filter, None);
        (name, address, other == order)
    });
    let sort = (order != SiteOrder::default()).then(|| site_order_name(order));
    let newer = first.map(|address| ("First sites", address));
    let older = more.map(|address| ("More sites", address));
    let content = html! {
        div.tools {
            (sorted_by("Order of the sites", &orders))
            @if !layout.links.are_files() {
                (filter_form(&layout.links.sites(), "Filter sites", sort, filter))
            }
        }
        p.status role="status" {
            @match list.matching {
                Some(matching) => (counted(matching, "site")),
                None => { "The first " (grouped(SITES_LISTED.into())) " sites that you saved from" }
            }
            @if !filter.is_empty() { " with “" bdi { (filter) } "” in the name" }
        }
        @if list.sites.is_empty() {
            section.paper aria-label="Message" {
                @if layout.links.are_files() {
                    p { "No note is from a web site." }
                } @else if filter.is_empty() {
                    p { "This view lists the web sites of the pages you save. " a href=(layout.links.home()) { "How to save your first page" } }
                } @else {
                    p { a href=(layout.links.sites()) { "Show all sites" } }
                }
            }
        }
        @if order == SiteOrder::Uses {
            @for sites in list.sites.chunk_by(|a, b| uses_group(a.notes) == uses_group(b.notes)) {
                @let (name, weight) = uses_group(sites[0].notes);
                section.group .(weight) {
                    h2 { (name) }
                    (counted_sites(layout, sites.iter()))
                }
            }
        } @else {
            div.light { (counted_sites(layout, list.sites.iter())) }
        }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}

/// Renders sites with their numbers of notes.
pub(super) fn counted_sites<'a>(
    layout: &Layout,
    sites: impl Iterator<Item = &'a SiteCount>,
) -> Markup {
    html! {
        ul.tags.counted role="list" {
            @for SiteCount { site, notes } in sites {
                li { a href=(layout.links.site(site, None)) { (site_icon(layout, site)) bdi { (site) } " " span.count { (grouped(*notes)) } } }
            }
        }
    }
}
