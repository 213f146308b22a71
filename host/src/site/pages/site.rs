//! `/site/{host}`: the notes of a web site.

use maud::html;

use super::preview::{Body, by_day, preview};
use super::shell::{Place, Shell, Tab, counted, turn_page};
use crate::site::pages::sites::counted_sites;
use crate::store::{Found, SiteFamily};

/// A page of the notes of `site`, the first one or a later one.
pub(in crate::site) fn site(
    shell: &Shell,
    site: &str,
    family: &SiteFamily,
    found: &Found,
    first: bool,
) -> String {
    let place = Place {
        steps: vec![("site", Some(shell.links.sites())), (site, None)],
        tab: Some(Tab::Sites),
        ..Place::default()
    };
    let newer = (!first).then(|| ("Newest notes", shell.links.site(site, None)));
    let older = found
        .next
        .map(|next| ("Older notes", shell.links.site(site, Some(next))));
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
            a href=(shell.links.found(&search, None)) { "Search this site" }
        }
        @if first && !below.is_empty() {
            details.related open[below.len() < 30] {
                summary { "Sites below it" }
                (counted_sites(shell, below.into_iter()))
            }
        }
        section aria-label="Notes" {
            (by_day(shell, 2, &found.hits, |hit| &hit.note, |hit| preview(shell, &hit.note, 3, &Body::Whole)))
        }
        (turn_page(newer, older))
    };
    shell.page(&place, &content)
}
