//! Web sites with their numbers of notes.

use rusqlite::{OptionalExtension as _, params};

use crate::{
    error::Result,
    store::{
        connection::reader::Reader, notes::note_rows::name_of, query::search::site_labels::range,
    },
};

/// Most sites that are read for a list, the earliest saved first.
pub const SITES_LISTED: u32 = if cfg!(test) { 50 } else { 100_000 };
/// Most subdomains of a site that are read.
const BELOW: u32 = 1_000;

/// A web site with its number of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCount {
    /// Its name, as in [`PageUrl::site`](crate::domain::PageUrl::site).
    pub site: String,
    /// Number of its notes, without the trash.
    pub notes: u64,
}

/// Order of a list of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SiteOrder {
    /// Most notes first.
    #[default]
    Uses,
    /// By name.
    Name,
}

/// A listing page of sites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteList {
    /// In the requested order.
    pub sites: Vec<SiteCount>,
    /// The first site of the next page, if there is one.
    pub next: Option<String>,
    /// Number of sites that pass the filter. Unknown if there are more than [`SITES_LISTED`]; then
    /// only those are listed.
    pub matching: Option<u64>,
}

/// A site and its subdomains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteFamily {
    /// The site, if it has notes, and its subdomains, most notes first.
    pub sites: Vec<SiteCount>,
    /// Whether the list is complete.
    pub complete: bool,
}

impl SiteFamily {
    /// Returns the number of notes from all of them.
    #[must_use]
    pub fn notes(&self) -> u64 {
        self.sites.iter().map(|site| site.notes).sum()
    }
}

impl Reader {
    /// Returns a listing page of the sites whose name contains `filter` (in lower case), starting
    /// at the site `from`.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn site_list(
        &self,
        order: SiteOrder,
        filter: &str,
        from: Option<&str>,
        limit: usize,
    ) -> Result<SiteList> {
        let mut sites = self.site_counts(
            "SELECT labels, uses FROM sites WHERE uses > 0 LIMIT ?",
            [SITES_LISTED + 1],
        )?;
        let listed = usize::try_from(SITES_LISTED).unwrap_or(usize::MAX);
        let complete = sites.len() <= listed;
        sites.truncate(listed);
        sites.retain(|site| site.site.contains(filter));
        match order {
            SiteOrder::Uses => sites.sort_by(by_notes),
            SiteOrder::Name => sites.sort_by(|a, b| a.site.cmp(&b.site)),
        }
        let matching = complete.then_some(sites.len() as u64);
        if let Some(from) = from {
            let start = sites.iter().position(|site| site.site == from);
            sites.drain(..start.unwrap_or(0));
        }
        let next = sites.get(limit).map(|site| site.site.clone());
        sites.truncate(limit);
        Ok(SiteList {
            sites,
            next,
            matching,
        })
    }

    /// Returns a site and its subdomains: `arxiv.org` includes `export.arxiv.org`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn site_family(&self, site: &str) -> Result<SiteFamily> {
        let (first, end) = range(site);
        let mut sites = self.site_counts(
            "SELECT labels, uses FROM sites WHERE labels >= ? AND labels < ? AND uses > 0 LIMIT ?",
            params![first, end, BELOW],
        )?;
        let complete = u32::try_from(sites.len()).is_ok_and(|found| found < BELOW);
        sites.sort_by(by_notes);
        Ok(SiteFamily { sites, complete })
    }

    /// Returns the name of a site by its id.
    pub(in crate::store) fn site_of_id(&self, id: i64) -> Result<Option<String>> {
        let mut query = self
            .conn
            .prepare_cached("SELECT labels FROM sites WHERE id = ?")?;
        let labels: Option<String> = query.query_row([id], |row| row.get(0)).optional()?;
        Ok(labels.map(|labels| name_of(&labels)))
    }

    fn site_counts(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<SiteCount>> {
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_map(params, |row| {
                let labels: String = row.get(0)?;
                Ok(SiteCount {
                    site: name_of(&labels),
                    notes: row.get(1)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }
}

fn by_notes(a: &SiteCount, b: &SiteCount) -> std::cmp::Ordering {
    b.notes.cmp(&a.notes).then_with(|| a.site.cmp(&b.site))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{test_store::new_note, transaction::Store};

    fn store_of(urls: &[&str]) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        for url in urls {
            let new = new_note(url, "", &[], "");
            store
                .write(crate::clock::now(), |writer| writer.save_note(&new))
                .unwrap();
        }
        (dir, store)
    }

    #[test]
    fn sites_are_listed_by_use_and_by_name_page_by_page() {
        let (_dir, store) = store_of(&[
            "https://www.b.org/1",
            "https://b.org/2",
            "https://a.b.org/",
            "http://[::1]:8080/",
            "http://127.0.0.1/",
            "https://bücher.example/",
            "mailto:a@b.org",
        ]);
        let names = |order, filter: &str, from: Option<&str>| {
            let list = store.site_list(order, filter, from, 3).unwrap();
            let names: Vec<String> = list.sites.into_iter().map(|site| site.site).collect();
            (names.join(" "), list.next)
        };
        assert_eq!(
            names(SiteOrder::Uses, "", None),
            ("b.org 127.0.0.1 [::1]".into(), Some("a.b.org".into()))
        );
        assert_eq!(
            names(SiteOrder::Uses, "", Some("a.b.org")),
            ("a.b.org xn--bcher-kva.example".into(), None)
        );
        assert_eq!(
            names(SiteOrder::Name, "b.o", None),
            ("a.b.org b.org".into(), None)
        );
        let list = store.site_list(SiteOrder::Name, "b.o", None, 1).unwrap();
        assert_eq!(list.matching, Some(2));
    }

    #[test]
    fn a_site_includes_subdomains_and_no_namesakes() {
        let (_dir, store) = store_of(&[
            "https://b.org/1",
            "https://a.b.org/1",
            "https://a.b.org/2",
            "https://xb.org/",
            "https://b.org.example/",
        ]);
        let family = store.site_family("b.org").unwrap();
        assert_eq!(family.notes(), 3);
        assert!(family.complete);
        assert_eq!(family.sites[0].site, "a.b.org");
        assert_eq!(store.site_family("org").unwrap().notes(), 4);
        assert_eq!(store.site_family("c.org").unwrap().notes(), 0);
    }
}
