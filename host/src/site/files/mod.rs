//! Exports the site as files, for static hosting (GitHub Pages) and for the disk, with the same
//! pages and the same renderer.
//!
//! Owns which file has which content. Notes are read from the store once, oldest first, and each is
//! rendered once into `fragment_store`. Which notes are on which page is known beforehand as
//! numbers (`page_plan`). Then all pages are assembled in parallel into `folder`.
//!
//! Features that need a server are different or absent: narrowing becomes a search, which the page
//! does itself (`index`), and pages of a list have numbers.

mod address;
mod assets;
mod extras;
mod folder;
mod fragment_store;
mod index;
mod page_plan;
mod render;
mod shell;
mod sitemap;
#[cfg(test)]
mod tests;
mod texts;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use anyhow::bail;
use folder::{Folder, NO_JEKYLL};
use jiff::Timestamp;

use super::{
    feed::{self, Feed},
    links::Links,
};
use crate::{
    domain::Tag,
    site::{
        controller::{
            FEED_NOTES, HOME_TAGS, ICON, PAGE_NOTES, PAGE_TAGS, RELATED_NOTES, RELATED_TAGS, STYLE,
        },
        files::{
            assets::{LOST_SCRIPTS, ROBOTS, SEARCH_SCRIPTS, as_one_script, icon, page_script},
            fragment_store::Piece,
            page_plan::{PagePlan, Sites, Tally},
            render::{Made, Renderer, newest, threads},
            shell::{layout, numbered},
        },
        known_links::KnownLinks,
        publication::Publication,
        site_icons::SiteIcons,
        views::{self, Layout, Related},
    },
    store::{
        Reader, RelatedTags, SiteCount, SiteList, SiteOrder, TagFilter, TagList, TagOrder, TagTree,
    },
};

pub use address::Address;
pub use extras::{Extras, Tokens, Written};

pub(super) use crate::site::file_names::FileNames;

/// Pages of notes that are assembled at once.
const PAGES_AT_ONCE: usize = 240;

/// Writes the site of the notes that pass the filter into a folder. Calls `progress` with the
/// completed and the total number. If `stop` is set, the folder stays unchanged.
///
/// # Errors
/// Those of the store and of files; `Interrupted` if it was stopped; a sentence if a tag of the
/// filter isn't in use or something else is in the way.
pub fn write_files(
    store: &Reader,
    filter: &TagFilter,
    extras: &Extras,
    address: &Address,
    place: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
    stop: &AtomicBool,
) -> anyhow::Result<Written> {
    store.read_transaction(|store| {
        Ok(export(
            store, filter, extras, address, place, progress, stop,
        ))
    })?
}

fn export(
    store: &Reader,
    filter: &TagFilter,
    extras: &Extras,
    address: &Address,
    place: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
    stop: &AtomicBool,
) -> anyhow::Result<Written> {
    for tag in filter.with.iter().chain(&filter.without) {
        // A typo in a tag would publish what should be left out.
        if !store.has_notes(tag)? {
            bail!("No note has the tag “{tag}”.");
        }
    }
    let filter = TagFilter {
        with: store.tags_of_names(&filter.with)?,
        without: store.tags_of_names(&filter.without)?,
    };
    let left_out = match extras.tokens {
        Tokens::LeaveOut => store.notes_with_tokens()?,
        Tokens::Publish => HashSet::new(),
    };
    let (outline, with_tokens) = store.outline_without(&filter, extras.only.as_ref(), &left_out)?;
    let catalog = PagePlan::of(outline, store.tag_graph()?);
    let sites = Sites::of(&catalog.outline);
    let folder = Folder::new(place, stop)?;
    let tags = catalog.outline.tags.iter().map(Tag::as_str);
    let names = tags.chain(sites.counts().map(|count| count.site.as_str()));
    let names = Arc::new(FileNames::of_all(names));
    let count = catalog.outline.notes.len() as u64;
    let icons = Arc::new(SiteIcons::default());
    icons.refresh(store)?;
    let known = Arc::new(KnownLinks::for_export(store, extras.texts)?);
    let publication = Arc::new(extras.publication.clone());
    let layout = |links| layout(links, &icons, &known, &publication);
    let site = Maker {
        names: &names,
        shells: [0, 1, 2, 3].map(|depth| layout(Links::relative(&names, depth))),
        feed_links: [0, 2].map(|depth| match address.is_whole() {
            true => Links::below(&names, &address.0),
            false => Links::relative(&names, depth),
        }),
        folder: &folder,
        address,
        publication: &extras.publication,
        catalog: &catalog,
        sites: &sites,
        progress: &|done| progress(done, 2 * count),
        done: AtomicU64::new(0),
    };
    let texts = match extras.texts {
        true => texts::summaries(store, &catalog.outline.notes)?,
        false => HashMap::new(),
    };
    let write = || {
        let renderer = Renderer {
            texts: &texts,
            names: &names,
            layout: &site.shells[2],
            feed_links: &site.feed_links[1],
            folder: &folder,
            plan: &catalog,
            advance: &|notes| site.advance(notes),
        };
        let made = renderer.make_pieces(store)?;
        site.write_pages(&made)?;
        site.write_icons(store)?;
        texts::write(store, &site.shells[3], &folder, texts.keys())?;
        site.write_rest(&made, &layout(Links::below(&names, &address.0)))
    };
    let changes = write().and_then(|()| folder.finish())?;
    Ok(Written {
        with_tokens,
        notes: count,
        tags: catalog.outline.tags.len() as u64,
        written: changes.written,
        unchanged: changes.unchanged,
        removed: changes.removed,
    })
}

/// The state of one export.
struct Maker<'a> {
    names: &'a Arc<FileNames>,
    /// Layouts for pages in folders of depth 0 to 3.
    shells: [Layout; 4],
    /// Links for the feed of all notes and those of tags.
    feed_links: [Links; 2],
    folder: &'a Folder<'a>,
    address: &'a Address,
    publication: &'a Publication,
    catalog: &'a PagePlan,
    sites: &'a Sites,
    progress: &'a (dyn Fn(u64) + Sync),
    done: AtomicU64,
}

/// A part of the pages.
#[derive(Debug, Clone, Copy)]
enum Job {
    /// The search index.
    Words,
    /// The pages of a tag.
    Tag(u32),
    /// The pages of a site.
    Site(usize),
    /// Pages of all notes, starting at this one.
    All(usize),
    /// Pages of single notes, starting at this number.
    Notes(usize),
}

impl Maker<'_> {
    fn advance(&self, notes: usize) {
        let done = self.done.fetch_add(notes as u64, Relaxed) + notes as u64;
        (self.progress)(done);
    }

    /// Assembles all pages with notes in parallel.
    fn write_pages(&self, made: &Made) -> anyhow::Result<()> {
        let count = self.catalog.outline.notes.len();
        // The longest first, so that no thread is left with a long one at the end.
        let tags = self.catalog.tags_by(TagOrder::Uses).into_iter();
        let mut jobs = vec![Job::Words];
        jobs.extend(tags.map(Job::Tag));
        let pages = count.div_ceil(PAGE_NOTES as usize).max(1);
        jobs.extend((0..pages).step_by(PAGES_AT_ONCE).map(Job::All));
        jobs.extend((0..self.sites.len()).map(Job::Site));
        jobs.extend((0..count).step_by(PAGES_AT_ONCE).map(Job::Notes));
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let work = || -> anyhow::Result<()> {
            let mut tags = Tally::below(self.catalog.outline.tags.len());
            let mut notes = Tally::below(count);
            while let Some(job) = jobs.get(next.fetch_add(1, Relaxed)) {
                if failed.load(Relaxed) {
                    break;
                }
                let done = match job {
                    Job::Words => self.words(made),
                    Job::Tag(tag) => self.tag(*tag, made, &mut tags),
                    Job::Site(site) => self.site(*site, made),
                    Job::All(from) => self.all(*from..pages.min(from + PAGES_AT_ONCE), pages, made),
                    Job::Notes(from) => {
                        self.notes(*from..count.min(from + PAGES_AT_ONCE), made, &mut notes)
                    }
                };
                if done.is_err() {
                    failed.store(true, Relaxed);
                }
                done?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            done.collect()
        })
    }

    /// Renders a list of notes by their numbers, newest first.
    fn list(&self, notes: &[u32], made: &Made) -> io::Result<maud::Markup> {
        Ok(views::listed_one_by_one(&self.previews(notes, made)?))
    }

    /// The same with a heading for each day.
    fn list_by_day(&self, notes: &[u32], made: &Made) -> io::Result<maud::Markup> {
        let previews = self.previews(notes, made)?;
        Ok(views::listed_day_by_day(&self.shells[2], &previews))
    }

    fn previews(&self, notes: &[u32], made: &Made) -> io::Result<Vec<(Timestamp, String)>> {
        let notes = notes.iter().rev().map(|note| {
            let number = *note as usize;
            let preview = made.spools.get(&made.places[number], Piece::Listed)?;
            Ok((self.catalog.outline.saved[number], preview))
        });
        notes.collect()
    }

    fn tag(&self, tag: u32, made: &Made, tally: &mut Tally<u32>) -> anyhow::Result<()> {
        let notes = self.catalog.notes_with(tag);
        let name = self.catalog.tag(tag);
        let (count, family) = (self.catalog.counted(tag), self.catalog.family(tag));
        let layout = &self.shells[2];
        let filter = TagFilter::of(name);
        let related = RelatedTags {
            tags: self.catalog.related_tags(tag, RELATED_TAGS as usize, tally),
            exact: true,
        };
        let folder = format!("tag/{}", self.names.of(name.as_str()));
        let pages = notes.rchunks(PAGE_NOTES as usize);
        let last = pages.len().saturating_sub(1);
        for (number, notes) in pages.enumerate() {
            let page = views::TagPage {
                filter: &filter,
                count: count.total(),
                own: count.uses,
                alone_of: None,
                family: &family,
                related: &related,
                notes: &self.list(notes, made)?,
                newest: (number > 0).then(|| layout.links.tag(name)),
                older: (number < last).then(|| layout.links.tag_page(name, number + 1)),
            };
            self.put(&numbered(&folder, number), &views::tag(layout, &page))?;
        }
        let links = &self.feed_links[1];
        let notes: Vec<&u32> = newest(notes, FEED_NOTES).iter().rev().collect();
        let updated = notes.iter().map(|note| made.updated[**note as usize]);
        let entries = notes.iter().map(|note| {
            let place = &made.places[**note as usize];
            made.spools.get(place, Piece::Entry)
        });
        let feed = Feed {
            title: &format!("{} | tag | {name}", self.publication.title),
            author: self.publication.author(),
            address: &links.tag_feed(&filter),
            page: &links.tag(name),
            updated: updated.max().unwrap_or(Timestamp::UNIX_EPOCH),
        };
        let identity = links.identity(&Links::default().tag_feed(&filter));
        let entries: Vec<String> = entries.collect::<io::Result<_>>()?;
        let feed = feed::feed_of_entries(&feed, &identity, &entries);
        Ok(self.put(&format!("{folder}/feed.atom"), &feed)?)
    }

    fn site(&self, site: usize, made: &Made) -> anyhow::Result<()> {
        let name = self.sites.name(site);
        let family = self.sites.family(site);
        let notes = self.sites.notes_of(site);
        let layout = &self.shells[2];
        let folder = format!("site/{}", self.names.of(name));
        let pages = notes.rchunks(PAGE_NOTES as usize);
        let last = pages.len().saturating_sub(1);
        for (number, notes) in pages.enumerate() {
            let list = self.list(notes, made)?;
            let newest = (number > 0).then(|| layout.links.site(name, None));
            let older = (number < last).then(|| layout.links.site_page(name, number + 1));
            let page = views::site(layout, name, &family, &list, newest, older);
            self.put(&numbered(&folder, number), &page)?;
        }
        Ok(())
    }

    fn all(&self, wanted: std::ops::Range<usize>, pages: usize, made: &Made) -> anyhow::Result<()> {
        let count = u32::try_from(self.catalog.outline.notes.len())?;
        let length = PAGE_NOTES as usize;
        for page in wanted {
            let end = count.saturating_sub(u32::try_from(page * length)?);
            let notes: Vec<u32> = (end.saturating_sub(PAGE_NOTES)..end).collect();
            let list = match notes.is_empty() {
                true => None,
                false => Some(self.list_by_day(&notes, made)?),
            };
            let layout = &self.shells[2];
            // On each page they would be more than its notes, where there are many.
            let months = match page {
                0 => self.catalog.months(&layout.zone),
                _ => Vec::new(),
            };
            let months = months
                .into_iter()
                .map(|(month, newer)| (month, layout.links.all(newer as u64 / length as u64)));
            let html = views::all(
                layout,
                &views::AllPage {
                    page: page as u64,
                    pages: pages as u64,
                    notes: list.as_ref(),
                    months: &months.collect::<Vec<_>>(),
                },
            );
            self.put(&format!("all/{page}/index.html"), &html)?;
        }
        Ok(())
    }

    fn notes(
        &self,
        wanted: std::ops::Range<usize>,
        made: &Made,
        tally: &mut Tally<f64>,
    ) -> anyhow::Result<()> {
        let count = wanted.len();
        for number in wanted {
            let place = &made.places[number];
            let note = u32::try_from(number)?;
            let related = self.catalog.related_notes(note, RELATED_NOTES, tally);
            let related = related.into_iter().map(|other| {
                Ok(Related {
                    about: made
                        .spools
                        .get(&made.places[other as usize], Piece::About)?,
                    shared: self.catalog.shared(note, other),
                })
            });
            let related: Vec<Related> = related.collect::<io::Result<_>>()?;
            let title = made.spools.get(place, Piece::Title)?;
            let article = maud::PreEscaped(made.spools.get(place, Piece::Article)?);
            let page = views::around(&self.shells[2], &title, &article, &related);
            let id = self.catalog.outline.notes[number].0;
            self.put(&format!("note/{id}/index.html"), &page)?;
        }
        self.advance(count);
        Ok(())
    }

    /// Writes the single pages and the lists of tags and sites.
    fn write_rest(&self, made: &Made, at_base: &Layout) -> anyhow::Result<()> {
        let [home, one_deep, ..] = &self.shells;
        for order in [TagOrder::Uses, TagOrder::Name, TagOrder::Recent] {
            self.tag_list(order)?;
        }
        for order in [SiteOrder::Uses, SiteOrder::Name] {
            self.site_list(order)?;
        }
        let latest = &made.newest[..made.newest.len().min(PAGE_NOTES as usize)];
        let tags = self.catalog.top_tags(HOME_TAGS as usize);
        let first = views::HomePage {
            counts: self.catalog.counts(),
            notes: latest,
            // What a model wrote isn't published, and saved searches may contain private words.
            gists: &super::leads::Gists::new(),
            tags: &tags,
            // Which day it is when the page is read, isn't known.
            on_this_day: &[],
            again: &[],
            searches: &[],
        };
        self.put("index.html", &views::home(home, &first))?;
        self.put("search/index.html", &views::search_alone(one_deep))?;
        self.put("404.html", &views::lost(at_base))?;
        let links = &self.feed_links[0];
        let feed = Feed {
            title: &self.publication.title,
            author: self.publication.author(),
            address: &links.feed(),
            page: &links.home(),
            updated: feed::updated(&made.newest),
        };
        let entries = made.newest.iter().map(|note| feed::entry(links, note));
        let entries: Vec<String> = entries.collect();
        let identity = links.identity(&Links::default().feed());
        self.put(
            "feed.atom",
            &feed::feed_of_entries(&feed, &identity, &entries),
        )?;
        self.put("style.css", STYLE)?;
        self.put("site.js", &page_script())?;
        self.put("search.js", &as_one_script(&SEARCH_SCRIPTS))?;
        self.put("404.js", &as_one_script(&LOST_SCRIPTS))?;
        self.put("favicon.svg", ICON)?;
        self.folder.put("favicon.ico", &icon()?)?;
        if let Some(css) = &self.publication.css {
            self.put("custom.css", css)?;
        }
        let mut robots = ROBOTS.to_owned();
        if self.address.is_whole() {
            for (name, content) in sitemap::files(self.address, &self.addresses()) {
                self.put(&name, &content)?;
            }
            robots.push_str(&format!("Sitemap: {}/sitemap.xml\n", self.address.0));
        }
        self.put("robots.txt", &robots)?;
        // Without this file, GitHub Pages would run Jekyll, which skips names that begin with `_`
        // and takes time.
        self.put(NO_JEKYLL, "")?;
        Ok(())
    }

    /// Returns the addresses of the first page, the notes, and the first pages of tags and web sites.
    fn addresses(&self) -> Vec<String> {
        let links = Links::below(self.names, &self.address.0);
        let outline = &self.catalog.outline;
        let mut all = vec![links.home(), links.tags(), links.sites()];
        all.extend(outline.notes.iter().rev().map(|id| links.note(*id)));
        all.extend(outline.tags.iter().map(|tag| links.tag(tag)));
        all.extend(
            self.sites
                .counts()
                .map(|count| links.site(&count.site, None)),
        );
        all
    }

    /// Writes the icons of the web sites that notes of this site are from.
    fn write_icons(&self, store: &Reader) -> anyhow::Result<()> {
        let icons = &self.shells[0].icons;
        let sites = self.sites.counts();
        let names: BTreeSet<String> = sites
            .filter_map(|count| icons.name_of(&count.site))
            .collect();
        for name in names {
            if let Some(icon) = store.icon_named(&name)? {
                self.folder.put(&format!("icon/{name}.png"), icon.png())?;
            }
        }
        Ok(())
    }

    fn words(&self, made: &Made) -> anyhow::Result<()> {
        Ok(index::write(
            self.folder,
            &made.words,
            &self.catalog.outline,
        )?)
    }

    fn tag_list(&self, order: TagOrder) -> anyhow::Result<()> {
        let (layout, folder) = match order {
            TagOrder::Uses => (&self.shells[1], "tags"),
            TagOrder::Name => (&self.shells[2], "tags/name"),
            TagOrder::Recent => (&self.shells[2], "tags/recent"),
        };
        let links = &layout.links;
        let tags = self.catalog.tags_by(order);
        let (tree, no_tree) = (self.catalog.tree(), TagTree::default());
        let length = PAGE_TAGS as usize;
        let mut jumps: Vec<(String, String)> = Vec::new();
        if order == TagOrder::Name {
            for (place, tag) in tags.iter().enumerate() {
                let initial = self.catalog.tag(*tag).as_str().chars().next();
                let initial = initial.unwrap_or('#');
                let name = views::initial_of(initial);
                if jumps.last().is_none_or(|(last, _)| *last != name)
                    && jumps.iter().all(|(known, _)| *known != name)
                {
                    let page = links.tags_page(order, place / length);
                    jumps.push((name, format!("{page}#{}", views::place_of(initial))));
                }
            }
        }
        let count = tags.len();
        let last = count.div_ceil(length).max(1) - 1;
        for number in 0..=last {
            let shown = &tags[number * length..count.min((number + 1) * length)];
            let list = TagList {
                tags: shown.iter().map(|tag| self.catalog.listed(*tag)).collect(),
                next: None,
                matching: Some(count as u64),
            };
            let page = views::TagsPage {
                order,
                filter: "",
                list: &list,
                tree: if number == 0 { &tree } else { &no_tree },
                untagged: self.catalog.outline.untagged(),
                first: (number > 0).then(|| links.tags_page(order, 0)),
                more: (number < last).then(|| links.tags_page(order, number + 1)),
                initials: &jumps,
            };
            self.put(&numbered(folder, number), &views::tags(layout, &page))?;
        }
        Ok(())
    }

    fn site_list(&self, order: SiteOrder) -> anyhow::Result<()> {
        let (layout, folder) = match order {
            SiteOrder::Uses => (&self.shells[1], "sites"),
            SiteOrder::Name => (&self.shells[2], "sites/name"),
        };
        let links = &layout.links;
        let mut sites: Vec<&SiteCount> = self.sites.counts().collect();
        sites.sort_by_key(|site| match order {
            SiteOrder::Uses => (Reverse(site.notes), &site.site),
            SiteOrder::Name => (Reverse(0), &site.site),
        });
        let count = sites.len();
        let length = PAGE_TAGS as usize;
        let last = count.div_ceil(length).max(1) - 1;
        for number in 0..=last {
            let shown = &sites[number * length..count.min((number + 1) * length)];
            let list = SiteList {
                sites: shown.iter().map(|site| (*site).clone()).collect(),
                next: None,
                matching: Some(count as u64),
            };
            let first = (number > 0).then(|| links.sites_page(order, 0));
            let more = (number < last).then(|| links.sites_page(order, number + 1));
            let page = views::sites(layout, order, "", &list, first, more);
            self.put(&numbered(folder, number), &page)?;
        }
        Ok(())
    }

    fn put(&self, path: &str, content: &str) -> io::Result<()> {
        let page = match path.ends_with(".html") && path != "404.html" {
            true => sitemap::with_address(self.address, path, content),
            false => None,
        };
        let content = page.as_deref().unwrap_or(content);
        self.folder.put(path, content.as_bytes())
    }
}
