//! Compares exported files with the served site.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    domain::{Icon, Metadata, NewNote, PageUrl, parse_tags, plain_png},
    site::{controller::Controller, files::folder::TOP},
    store::{NewText, Store, TextSource, Writer},
};

/// Creates a store with pages of notes, tags and sites of all kinds.
fn store(folder: &Path) -> Store {
    let mut store = Store::open(&folder.join("notes.db")).unwrap();
    let start: Timestamp = "2025-08-01T08:00:00Z".parse().unwrap();
    for number in 0..61_i64 {
        let tags = [
            "common".to_owned(),
            format!("third {}", number % 3),
            format!("seventh/{}", number % 7),
            format!("own {number}"),
        ];
        let new = NewNote {
            url: PageUrl::parse(&match number % 5 {
                0 => format!("https://a.example.org/{number}"),
                1 => format!("https://www.example.org/{number}"),
                2 => format!("mailto:{number}@e.org"),
                _ => format!("http://b{}.example.net/{number}", number % 2),
            })
            .unwrap(),
            title: if number % 9 == 0 {
                String::new()
            } else {
                format!("Title {number}")
            },
            tags: parse_tags(&tags[..1 + usize::try_from(number % 4).unwrap()]).unwrap(),
            summary: if number % 2 == 0 {
                "# Head\n- **one** <b>\n".into()
            } else {
                String::new()
            },
            metadata: Metadata::from_page(
                Some("Says."),
                Some("2025-07-01"),
                Some("Site"),
                Some("de"),
            ),
            quote: None,
            read: true,
        };
        let now = start + SignedDuration::from_hours(number * 7);
        store.write(now, |writer| writer.save_note(&new)).unwrap();
    }
    let icon = Icon::parse(&plain_png(7)).unwrap();
    let put = |writer: &Writer<'_>| {
        writer.put_icon("other.example", &Icon::parse(&plain_png(8))?)?;
        writer.put_icon("a.example.org", &icon)
    };
    assert!(store.write(start, put).unwrap());
    store
}

/// Returns the readable text of a page's content.
fn words(html: &str) -> String {
    let (_, content) = html.split_once("<main").unwrap();
    let content = content.split_once("</main>").unwrap().0;
    let mut text = String::new();
    for piece in content.split('<').skip(1) {
        text.push('|');
        text.push_str(piece.split_once('>').unwrap().1);
    }
    text.replace("||", "|")
}

/// Removes the sections of the first page that are others each day.
fn without_today(page: &str) -> String {
    let mut parts = page.split("<section class=\"on-this-day");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rest.push_str(part.split_once("</section>").unwrap().1);
    }
    rest
}

#[test]
fn files_hold_what_the_site_shows() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let out = dir.path().join("out");
    let written = write_files(
        &store,
        &TagFilter::default(),
        &Extras::default(),
        &Address::default(),
        &out,
        &|_, _| {},
        &AtomicBool::new(false),
    );
    assert_eq!(written.unwrap().notes, 61);
    let top: Vec<String> = fs::read_to_string(out.join(".url-notes-site"))
        .unwrap()
        .lines()
        .filter(|line| !line.contains(' '))
        .map(str::to_owned)
        .collect();
    assert_eq!(top, TOP);
    let site = Controller::new(
        dir.path().join("notes.db"),
        "http://localhost:6683".into(),
        "http://localhost:6683",
    );
    let file = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    // Only the icons of the web sites on the exported site.
    let icons: Vec<_> = fs::read_dir(out.join("icon")).unwrap().collect();
    assert_eq!(icons.len(), 1);
    let icon = Icon::parse(&plain_png(7)).unwrap();
    let image = fs::read(out.join(format!("icon/{}.png", icon.name()))).unwrap();
    assert_eq!(image, icon.png());
    let address = format!("src=\"../../icon/{}.png\"", icon.name());
    assert!(file("site/a.example.org/index.html").contains(&address));
    assert!(file("search/notes/0.js").contains(&format!("\"icon\":\"{}\"", icon.name())));
    assert!(file("search/notes/0.js").contains("\"icon\":\"\""));
    let page = |target: &str| {
        let answer = site.answer_to(target, None);
        assert_eq!(answer.status, 200, "{target}");
        answer.body.into_owned()
    };
    let mut pairs = vec![
        ("/".to_owned(), "index.html".to_owned()),
        ("/all/0".into(), "all/0/index.html".into()),
        ("/all/3".into(), "all/3/index.html".into()),
        (
            "/site/a.example.org".into(),
            "site/a.example.org/index.html".into(),
        ),
        (
            "/site/example.org".into(),
            "site/example.org/index.html".into(),
        ),
        (
            "/site/b1.example.net".into(),
            "site/b1.example.net/index.html".into(),
        ),
    ];
    for id in store.outline(&TagFilter::default()).unwrap().notes {
        pairs.push((
            format!("/note/{}", id.0),
            format!("note/{}/index.html", id.0),
        ));
    }
    for (target, name) in pairs {
        let served = words(&without_today(&page(&target))).replace("| · |Random note|", "|");
        assert_eq!(served, words(&file(&name)), "{target}");
    }
    // Filters and narrowing need a server.
    let after =
        |html: &str, mark: &str| words(&format!("<main>{}", html.split_once(mark).unwrap().1));
    for (target, name) in [
        ("/tags", "tags/index.html"),
        ("/sites", "sites/index.html"),
        ("/sites?sort=name", "sites/name/index.html"),
        ("/tags?sort=name", "tags/name/index.html"),
    ] {
        let (page, file) = (page(target), file(name));
        assert_eq!(
            after(&page, "role=\"status\">"),
            after(&file, "role=\"status\">"),
            "{target}"
        );
    }
    // In tests the site considers few notes for the most recent tags.
    let recent = after(&page("/tags?sort=recent"), "role=\"status\">");
    let recent = recent.split_once("||More tags").unwrap().0;
    assert!(after(&file("tags/recent/index.html"), "role=\"status\">").starts_with(recent));
    for (target, name) in [
        ("/tag/common", "tag/common/index.html"),
        ("/tag/third%202", "tag/third 2/index.html"),
    ] {
        let (page, file) = (page(target), file(name));
        assert_eq!(
            after(&page, "</details>"),
            after(&file, "</details>"),
            "{target}"
        );
        // The same tags are listed, though in a different form.
        let related = |html: &str, links: &str| -> Vec<String> {
            let related = html.split_once("<summary>").unwrap().1;
            let related = related.split_once("</details>").unwrap().0;
            let names = related.split(links).skip(1);
            names
                .map(|rest| rest.split_once("</bdi>").unwrap().0.to_owned())
                .collect()
        };
        assert_eq!(related(&page, "<bdi>"), related(&file, "<bdi>"), "{target}");
    }
    // Each later page continues where the one before ended.
    let older = page("/tag/common");
    let older = older
        .split_once("rel=\"next\" href=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    let second = file("tag/common/2.html");
    assert_eq!(
        after(&page(older), "</details>"),
        after(&second, "</details>")
    );
    let feed: atom_syndication::Feed = file("tag/common/feed.atom").parse().unwrap();
    let live: atom_syndication::Feed = page("/tag/common/feed.atom").parse().unwrap();
    assert_eq!(feed.id(), live.id());
    assert_eq!(feed.updated(), live.updated());
    let ids = |feed: &atom_syndication::Feed| -> Vec<String> {
        feed.entries()
            .iter()
            .map(|entry| entry.id().to_owned())
            .collect()
    };
    assert_eq!(ids(&feed), ids(&live));
}

#[test]
fn an_address_is_a_path_or_a_whole_one() {
    for (typed, base) in [
        ("/", ""),
        ("/url-notes", "/url-notes"),
        ("url-notes/", "/url-notes"),
        ("//a//b/", "/a//b"),
        ("/ü", "/%C3%BC"),
        (
            "https://me.github.io/url-notes/",
            "https://me.github.io/url-notes",
        ),
        ("http://localhost:8000", "http://localhost:8000"),
    ] {
        assert_eq!(
            typed.parse::<Address>(),
            Ok(Address(base.into())),
            "{typed}"
        );
    }
    for wrong in [
        "ftp://e.org/",
        "/a?b",
        "/a#b",
        "https://user@e.org/",
        "https://",
    ] {
        assert!(wrong.parse::<Address>().is_err(), "{wrong}");
    }
}

#[test]
fn modules_become_one_script() {
    for modules in [&SEARCH_SCRIPTS[..], &LOST_SCRIPTS[..]] {
        let script = as_one_script(modules);
        for line in script.lines() {
            assert!(
                !line.starts_with("import ") && !line.starts_with("export "),
                "{line}"
            );
            assert!(!line.contains(" from \"./"), "{line}");
        }
        assert!(script.contains("\nfunction wordsOf(text) {"));
    }
}

#[test]
fn a_failing_thread_ends_the_export_with_its_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let out = dir.path().join("out");
    // Removes what the export needs while it runs.
    let pull = |_, _| {
        for entry in fs::read_dir(dir.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().ends_with(".part") {
                let _ = fs::remove_dir_all(entry.path());
                let _ = fs::write(entry.path(), "");
            }
        }
    };
    let filter = TagFilter::default();
    let error = write_files(
        &store,
        &filter,
        &Extras::default(),
        &Address::default(),
        &out,
        &pull,
        &AtomicBool::new(false),
    )
    .unwrap_err();
    assert!(error.is::<io::Error>(), "{error:?}");
    assert!(!out.exists());
}

#[test]
fn texts_of_pages_are_published_as_the_site_shows_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path());
    let id = store.outline(&TagFilter::default()).unwrap().notes[4];
    let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let text = NewText::new("# Title 4\n\nHead one\n\nx", now, TextSource::Click, true).unwrap();
    let put = |writer: &Writer<'_>| writer.put_text(id, &text, false);
    store.write(now, put).unwrap();
    let out = dir.path().join("out");
    let written = write_files(
        &store,
        &TagFilter::default(),
        &Extras {
            texts: true,
            ..Extras::default()
        },
        &Address::default(),
        &out,
        &|_, _| {},
        &AtomicBool::new(false),
    );
    assert_eq!(written.unwrap().notes, 61);
    let site = Controller::new(
        dir.path().join("notes.db"),
        "http://localhost:6683".into(),
        "http://localhost:6683",
    );
    for page in [format!("note/{}", id.0), format!("note/{}/text", id.0)] {
        let served = site.answer_to(&format!("/{page}"), None).body.into_owned();
        let file = fs::read_to_string(out.join(format!("{page}/index.html"))).unwrap();
        assert_eq!(words(&served), words(&file), "{page}");
    }
    let file = |page: &str| fs::read_to_string(out.join(page).join("index.html")).unwrap();
    let note = file(&format!("note/{}", id.0));
    assert!(note.contains(&format!("href=\"../../note/{}/text/index.html\"", id.0)));
    let text = file(&format!("note/{}/text", id.0));
    assert!(text.contains(&format!("href=\"../../../note/{}/index.html\"", id.0)));
    assert!(text.contains("href=\"../../../style.css\""));
}

#[test]
fn a_site_presents_itself_as_its_publisher_wants() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let out = dir.path().join("out");
    let chosen = store.outline(&TagFilter::default()).unwrap().notes[..3].to_vec();
    let write = |extras: &Extras, address: &str| {
        let address = address.parse().unwrap();
        let written = write_files(
            &store,
            &TagFilter::default(),
            extras,
            &address,
            &out,
            &|_, _| {},
            &AtomicBool::new(false),
        );
        written.unwrap()
    };
    let extras = Extras {
        only: Some(chosen.iter().copied().collect()),
        publication: Publication {
            title: "Ann <reads>".into(),
            author: Some("Ann & Co".into()),
            description: Some("What \"we\" read".into()),
            lang: Some("de".into()),
            start: Some("# Welcome\n\n<script>alert(1)</script> [home](https://e.org)".into()),
            css: Some("main { color: red }".into()),
        },
        ..Extras::default()
    };
    let written = write(&extras, "https://ann.example/notes");
    assert_eq!(written.notes, 3);
    let file = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let home = file("index.html");
    for part in [
        "<html lang=\"de\">",
        "<title>Ann &lt;reads&gt;</title>",
        "<meta property=\"og:site_name\" content=\"Ann &lt;reads&gt;\">",
        "<meta property=\"og:description\" content=\"What &quot;we&quot; read\">",
        "<meta name=\"author\" content=\"Ann &amp; Co\">",
        "<link rel=\"canonical\" href=\"https://ann.example/notes/\">",
        "<link rel=\"stylesheet\" href=\"./custom.css\">",
        "By <bdi>Ann &amp; Co</bdi>",
        "<h2>Welcome</h2>",
        "&lt;script&gt;alert(1)",
    ] {
        assert!(home.contains(part), "{part}: {home}");
    }
    assert_eq!(file("custom.css"), "main { color: red }");
    let id = chosen[0].0;
    let note = file(&format!("note/{id}/index.html"));
    let address = format!("https://ann.example/notes/note/{id}/");
    assert!(note.contains(&format!("<meta property=\"og:url\" content=\"{address}\">")));
    assert!(note.contains("<meta property=\"og:type\" content=\"article\">"));
    assert!(!note.contains("og:description"), "{note}");
    let feed = file("feed.atom");
    assert!(feed.contains("<title>Ann &lt;reads&gt;</title>"), "{feed}");
    assert!(feed.contains("<name>Ann &amp; Co</name>"), "{feed}");
    let sitemap = file("sitemap.xml");
    assert!(
        sitemap.contains(&format!("<url><loc>{address}</loc></url>")),
        "{sitemap}"
    );
    assert!(
        sitemap.contains("<url><loc>https://ann.example/notes/</loc></url>"),
        "{sitemap}"
    );
    // Each is a page.
    for address in sitemap.split("<loc>").skip(1) {
        let address = address.split("</loc>").next().unwrap();
        let path = url::Url::parse(address).unwrap();
        let path = percent_encoding::percent_decode_str(path.path())
            .decode_utf8()
            .unwrap();
        let path = path.strip_prefix("/notes/").unwrap();
        assert!(out.join(path).join("index.html").is_file(), "{address}");
        let page = file(&format!("{path}index.html"));
        assert!(
            page.contains(&format!("<link rel=\"canonical\" href=\"{address}\">")),
            "{address}"
        );
    }
    let robots = file("robots.txt");
    assert!(robots.ends_with("Sitemap: https://ann.example/notes/sitemap.xml\n"));

    // Where it isn't known where the site will be, there are no such addresses, and what is no longer
    // wanted goes.
    write(&Extras::default(), "/notes");
    let home = file("index.html");
    assert!(home.contains("<title>url-notes</title>") && home.contains("<html lang=\"en\">"));
    assert!(!home.contains("canonical") && !home.contains("custom.css"));
    assert!(!out.join("sitemap.xml").exists() && !out.join("custom.css").exists());
}

/// Returns the notes of a test of implied tags. `tokio` implies `rust`, which implies `code`, as `go`
/// does.
fn implying(folder: &Path, more: &[(&str, &str)]) -> Store {
    let mut store = Store::open(&folder.join("notes.db")).unwrap();
    let start: Timestamp = "2025-08-01T08:00:00Z".parse().unwrap();
    let notes: [&[&str]; 9] = [
        &["tokio", "async"],
        &["rust", "to read"],
        &["go", "async"],
        &["code", "to read"],
        &["async"],
        &["rust", "go"],
        &["nursery", "hush"],
        &["code", "rust", "hush"],
        &["spring"],
    ];
    for (number, tags) in (0..).zip(notes) {
        let url = format!("https://e.org/{number}");
        let new = crate::store::test_store::new_note(&url, &format!("Title {number}"), tags, "");
        let now = start + SignedDuration::from_hours(number * 7);
        store.write(now, |writer| writer.save_note(&new)).unwrap();
    }
    let edges = [("tokio", "rust"), ("rust", "code"), ("go", "code")];
    for (tag, implied) in edges.iter().chain(more) {
        let [tag, implied] = [tag, implied].map(|name| Tag::parse(name).unwrap());
        store
            .write(start, |writer| writer.imply_tag(&tag, &implied))
            .unwrap();
    }
    store
}

/// Implications from and to tags that no published note has.
const HIDDEN: [(&str, &str); 5] = [
    ("spring", "middleware"),
    ("middleware", "code"),
    ("nursery", "code"),
    ("hush", "rust"),
    ("code", "hypernym"),
];

fn exported(store: &Reader, without: &[&str], out: &Path) {
    let filter = TagFilter {
        with: Vec::new(),
        without: without.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
    };
    let extras = Extras::default();
    let address = Address::default();
    let stop = AtomicBool::new(false);
    write_files(store, &filter, &extras, &address, out, &|_, _| {}, &stop).unwrap();
}

#[test]
fn pages_of_implied_tags_show_what_the_site_shows() {
    let dir = tempfile::tempdir().unwrap();
    let store = implying(dir.path(), &[]);
    let out = dir.path().join("out");
    exported(&store, &[], &out);
    let site = Controller::new(
        dir.path().join("notes.db"),
        "http://localhost:6683".into(),
        "http://localhost:6683",
    );
    for tag in ["code", "rust", "go", "tokio", "async", "to read"] {
        let served = site.answer_to(&format!("/tag/{}", tag.replace(' ', "%20")), None);
        let file = fs::read_to_string(out.join(format!("tag/{tag}/index.html"))).unwrap();
        // Narrowing needs a server, so related tags look different.
        let shown = |page: &str| -> [Vec<String>; 3] {
            let (head, rest) = page.split_once("Related tags").unwrap();
            let (related, notes) = rest.split_once("</details>").unwrap();
            let parts = |html: &str| -> Vec<String> {
                let text = words(&format!("<main>{html}</main>"));
                let parts = text.split('|').map(|part| part.trim_end_matches(" · "));
                let parts = parts.filter(|part| !["", "Random one"].contains(&part.trim()));
                parts.map(str::to_owned).collect()
            };
            let related = related.split("<bdi>").skip(1);
            let related = related.map(|rest| rest.split_once("</bdi>").unwrap().0.to_owned());
            let (_, head) = head.split_once("class=\"status\"").unwrap();
            let (notes, _) = notes.split_once("</main>").unwrap();
            [parts(head), related.collect(), parts(notes)]
        };
        assert_eq!(shown(&served.body), shown(&file), "{tag}");
        let live = site.answer_to(&format!("/tag/{}/feed.atom", tag.replace(' ', "%20")), None);
        let live: atom_syndication::Feed = live.body.parse().unwrap();
        let feed = fs::read_to_string(out.join(format!("tag/{tag}/feed.atom"))).unwrap();
        let feed: atom_syndication::Feed = feed.parse().unwrap();
        let titles = |feed: &atom_syndication::Feed| -> Vec<String> {
            let entries = feed.entries().iter();
            entries.map(|entry| entry.title().to_string()).collect()
        };
        assert_eq!(titles(&feed), titles(&live), "{tag}");
    }
    for (target, name) in [("/tags", "tags"), ("/", ".")] {
        let served = site.answer_to(target, None).body.into_owned();
        let file = fs::read_to_string(out.join(name).join("index.html")).unwrap();
        let counted = |html: &str| -> Vec<String> {
            let links = html.split("<bdi>").skip(1);
            let counts = links.filter_map(|link| link.split_once("class=\"count\""));
            counts
                .map(|(name, count)| {
                    let (name, _) = name.split_once("</bdi>").unwrap();
                    format!("{name}{}", count.split_once("</span>").unwrap().0)
                })
                .collect()
        };
        let counts = counted(&file);
        assert_eq!(counted(&without_today(&served)), counts, "{target}");
        let code = " title=\"2 with the tag, 4 with tags that imply it\">2 + 4";
        assert!(counts.contains(&format!("code{code}")), "{counts:?}");
    }
}

#[test]
fn implied_tags_publish_no_name_that_no_published_note_has() {
    let dir = tempfile::tempdir().unwrap();
    let store = implying(dir.path(), &HIDDEN);
    let out = dir.path().join("out");
    // `hush` implies `rust`; notes with what implies an excluded tag aren't published, either.
    exported(&store, &["hush"], &out);
    let mut folders = vec![out.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = match path.is_dir() {
                true => {
                    folders.push(path.clone());
                    String::new()
                }
                false => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            };
            for secret in ["hush", "nursery", "middleware", "hypernym", "Title 7"] {
                let path = path.strip_prefix(&out).unwrap().to_string_lossy();
                assert!(
                    !text.contains(secret) && !path.contains(secret),
                    "{secret} in {path}"
                );
            }
        }
    }
    // Through the tag that isn't published, `spring` implies `code` directly.
    let code = fs::read_to_string(out.join("tag/code/index.html")).unwrap();
    let code = words(&code);
    assert!(
        code.contains("6 notes: |1 with this tag| + 5 with tags"),
        "{code}"
    );
    assert!(code.contains("|spring| |1|"), "{code}");
    assert!(code.contains("|Title 8|"), "{code}");
    exported(&store, &["rust"], &out);
    let tags = fs::read_to_string(out.join("tags/index.html")).unwrap();
    for (tag, is_there) in [
        ("tokio", false),
        ("rust", false),
        ("hush", false),
        ("go", true),
    ] {
        assert_eq!(
            tags.contains(&format!("<bdi>{tag}</bdi>")),
            is_there,
            "{tag}"
        );
    }
}
