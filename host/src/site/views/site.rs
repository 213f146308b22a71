//! `/site/{host}`: the notes of a web site.

use maud::{Markup, html};

use crate::{
    site::views::{
        layout::{Breadcrumb, Layout, Tab, counted, turn_page},
        sites::counted_sites,
    },
    store::SiteFamily,
};

/// Renders a page of the notes of `site`. `newest` is the address of the first page unless this is
/// it, and `older` that of the next page, if any.
pub(in crate::site) fn site(
    layout: &Layout,
    site: &str,
    family: &SiteFamily,
    notes: &Markup,
    newest: Option<String>,
    older: Option<String>,
) -> String {
    let place = Breadcrumb {
        steps: vec![("site", Some(layout.links.sites())), (site, None)],
        tab: Some(Tab::Sites),
        lists_notes: true,
        ..Breadcrumb::default()
    };
    let first = newest.is_none();
    let newer = newest.map(|address| ("Newest notes", address));
    let older = older.map(|address| ("Older notes", address));
    let below: Vec<_> = family
        .sites
        .iter()
        .filter(|other| other.site != site)
        .collect();
    let search = format!("site:{site} ");
    let content = html! {
        p.status {
            @if !family.complete { "More than " }
            (counted(family.notes(), "note"))
            " · "
            a href=(layout.links.best(&search)) { "Search this site" }
        }
        @if first && !below.is_empty() {
            details.related open[below.len() < 30] {
                summary { "Subdomains" }
                (counted_sites(layout, below.into_iter()))
            }
        }
        section aria-label="Notes" { (notes) }
        (turn_page(newer, older))
    };
    layout.page(&place, &content)
}
