use super::*;

const URL: &str = "https://e.org/2013/the-page.html";

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// Reads a page that came from `end`.
fn found_at(end: &str, title: &str, body: &str) -> Found {
    let asked = url(URL);
    let asked = AskedPage {
        url: &asked,
        title,
        is_moved: false,
    };
    read(
        asked,
        &url(end),
        Some("text/html; charset=utf-8"),
        body.as_bytes(),
    )
}

fn found(body: &str) -> Found {
    found_at(URL, "The page", body)
}

#[track_caller]
fn problem(found: Found) -> TextProblem {
    match found {
        Found::Nothing(problem) => problem,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn page(found: Found) -> PageText {
    match found {
        Found::Page(page) => *page,
        other => panic!("{other:?}"),
    }
}

/// Some words, to be the text of a page.
fn text(sentences: usize) -> String {
    "These are eight words of the page's text. ".repeat(sentences)
}

#[test]
fn a_page_gives_its_text_and_what_it_says_of_itself() {
    let html = format!(
        "<!doctype html><html lang=en-GB><head><title>The page – Example</title>
         <meta name=Description content=' About\n it '><meta property=og:site_name content=Example>
         <meta property=og:title content='The page'><base href=/base/>
         <meta property=article:published_time content=2013-05-06T07:08:09Z>
         <link rel=canonical href=/2013/the-page.html></head><body><nav><a href=/>Home</a></nav>
         <main><h1>The page</h1><p>{}</p><p><a href=more>More</a></main>",
        text(10)
    );
    let page = page(found(&html));
    assert!(page.text.markdown.starts_with("# The page\n\nThese are"));
    assert!(
        page.text
            .markdown
            .ends_with("[More](https://e.org/base/more)")
    );
    assert!(page.text.whole);
    assert_eq!(page.title, "The page – Example");
    assert_eq!(page.other_titles, ["The page"]);
    let metadata = page.metadata;
    assert_eq!(metadata.excerpt.as_deref(), Some("About it"));
    assert_eq!(metadata.site_name.as_deref(), Some("Example"));
    assert_eq!(metadata.lang.as_deref(), Some("en-GB"));
    assert_eq!(
        metadata.published_at.as_deref(),
        Some("2013-05-06T07:08:09Z")
    );
}

#[test]
fn what_stands_in_place_of_a_page_gives_no_text() {
    let short = text(3);
    for (name, html) in [
        ("login", format!("<title>Log in · Example</title><p>{short}")),
        ("login", format!("<title>Example</title><p>{short}<form><input type=Password></form>")),
        ("challenge", format!("<title>Just a moment...</title><p>{short}")),
        (
            "challenge",
            format!("<title>Example</title><script></script><p>Verify you are human. {short}"),
        ),
        ("consent", format!("<title>Before you continue</title><p>{short}")),
        (
            "consent",
            format!("<title>Example</title><div role=dialog><h2>We value your privacy</h2><p>{short}</div>"),
        ),
        ("not_found", format!("<title>Page not found</title><p>{short}")),
        ("not_found", format!("<title>Example</title><h1>Seite nicht gefunden</h1><p>{short}")),
        ("scripts", "<title>The page</title><body><div id=root></div><script src=a.js></script>".into()),
        (
            "scripts",
            "<title>The page</title><div id=x></div><noscript>You need to enable JavaScript to run this app.</noscript><script>".into(),
        ),
        (
            "scripts",
            format!("<title>The page</title><main><p>JavaScript is disabled. {short}</main><script></script>"),
        ),
        ("no_text", "<title>The page</title><p>Short.".into()),
        ("no_text", String::new()),
        (
            "no_text",
            format!("<title>The page</title><ul>{}</ul>", "<li><a href=/a>Some other page</a>".repeat(20)),
        ),
    ] {
        assert_eq!(problem(found(&html)).name(), name, "{html}");
    }
}

#[test]
fn pages_about_such_things_are_pages() {
    let long = text(60);
    for (title, html) in [
        (
            "Log in with a key",
            format!("<title>Log in with a key</title><p>{}", text(5)),
        ),
        (
            "The page",
            format!("<title>Please wait for it</title><p>{long}"),
        ),
        (
            "404 Not Found",
            format!("<title>404 Not Found: an essay</title><p>{}", text(5)),
        ),
        (
            "The page",
            format!("<title>Not found in nature</title><p>{long}"),
        ),
        (
            "The page",
            format!("<title>The page</title><p>{long}<input type=password>"),
        ),
        (
            "Cookies",
            format!(
                "<title>Cookies</title><p>Accept cookies of your aunt. {}",
                text(5)
            ),
        ),
        (
            "The page",
            format!(
                "<title>A list</title><ul>{}</ul>",
                "<li><a href=/a>One of many links</a>".repeat(60)
            ),
        ),
        (
            "The page",
            format!("<div id=root><p>{}</div><script></script>", text(3)),
        ),
    ] {
        page(found_at(URL, title, &html));
    }
}

#[test]
fn another_page_is_not_taken_for_the_one_that_was_asked_for() {
    let html = |title: &str| format!("<title>{title}</title><p>{}", text(20));
    for (end, title, other) in [
        // The front page, whatever its title.
        ("https://e.org/", "The page", true),
        ("https://e.org/error/404.html", "The page", true),
        (
            "https://e.org/login?next=/2013/the-page.html",
            "The page",
            true,
        ),
        ("https://e.org/blog/", "Blog", true),
        ("https://shop.example/offers", "Offers of the week", true),
        // Another spelling of the address.
        (
            "http://www.e.org/2013/the-page.html?utm_source=x",
            "Anything",
            false,
        ),
        // Its name in the path.
        ("https://new.example/blog/the-page/", "Anything", false),
        // Its title.
        (
            "https://new.example/posts/17",
            "A note on pages that have moved | Example",
            false,
        ),
    ] {
        let found = found_at(end, "A note on pages that have moved", &html(title));
        let is_other = matches!(
            found,
            Found::Nothing(TextProblem::OtherPage | TextProblem::Login)
        );
        assert_eq!(is_other, other, "{end} {title}");
    }
    let canonical = format!("{}<link rel=canonical href={URL}>", html("Anything"));
    page(found_at("https://amp.e.org/p/17", "", &canonical));
    assert_eq!(
        problem(found_at("https://e.org/sso/start", "", &html("Start"))),
        TextProblem::Login
    );
    let plain = read(
        AskedPage {
            url: &url(URL),
            title: "",
            is_moved: false,
        },
        &url("https://e.org/"),
        Some("text/plain"),
        b"Welcome",
    );
    assert_eq!(problem(plain), TextProblem::OtherPage);
}

#[test]
fn a_page_that_moved_for_good_needs_no_title() {
    let html = format!("<title>Anything</title><p>{}", text(20));
    for (title, is_moved, end, is_page) in [
        ("", true, "https://e.org/posts/17", true),
        ("", false, "https://e.org/posts/17", false),
        ("", true, "https://e.org/", false),
        (
            "Another title than it has",
            true,
            "https://e.org/posts/17",
            false,
        ),
    ] {
        let asked = url(URL);
        let asked = AskedPage {
            url: &asked,
            title,
            is_moved,
        };
        let found = read(asked, &url(end), Some("text/html"), html.as_bytes());
        assert_eq!(matches!(found, Found::Page(_)), is_page, "{title} {end}");
    }
}

#[test]
fn brackets_in_code_hide_no_words() {
    for (markdown, left) in [
        ("a [b](c) d", "a  d"),
        ("[b \\[1\\]](c)d", "d"),
        ("x\\[0\\] [b](c)", "x\\[0\\] "),
        (
            "```\nx[0] = 1;\n```\nwords [b](c)",
            "```\nx[0] = 1;\n```\nwords ",
        ),
        ("`x[0]` and [b](c) more", "`x[0]` and  more"),
        ("[a](b", "[a](b"),
    ] {
        assert_eq!(without_links(markdown), left, "{markdown}");
    }
}

#[test]
fn a_view_of_a_page_that_scripts_show_is_not_asked_for() {
    for (address, expected) in [
        ("https://e.org/a#part", false),
        ("https://e.org/a", false),
        ("https://app.e.org/#/items/17", true),
        ("https://app.e.org/#!items/17", true),
    ] {
        assert_eq!(is_shown_by_scripts(&url(address)), expected, "{address}");
    }
}

#[test]
fn a_page_that_refers_to_another_is_a_redirect() {
    for (content, target) in [
        ("0; url=/new", Some("https://e.org/new")),
        ("5;URL='https://f.org/a'", Some("https://f.org/a")),
        ("0, new#part", Some("https://e.org/2013/new")),
        ("0; url=file:///etc/passwd", Some("file:///etc/passwd")),
        ("60; url=/new", None),
        ("30", None),
        ("0; url=", None),
        ("0; url=the-page.html", None),
        ("x; url=/new", None),
        ("0; url=http://[", None),
    ] {
        let html = format!(
            r#"<meta http-equiv=Refresh content="{content}"><p>{}"#,
            text(3)
        );
        let found = match found(&html) {
            Found::Refresh(url) => Some(url.to_string()),
            _ => None,
        };
        assert_eq!(found.as_deref(), target, "{content}");
    }
    let html = format!(
        r#"<meta http-equiv=refresh content="0; url=/new"><p>{}"#,
        text(30)
    );
    page(found(&html));
}

#[test]
fn only_pages_and_plain_text_are_read() {
    let asked = url(URL);
    let asked = AskedPage {
        url: &asked,
        title: "",
        is_moved: false,
    };
    let kind = |content_type: Option<&str>, bytes: &[u8]| match read(
        asked,
        asked.url,
        content_type,
        bytes,
    ) {
        Found::Nothing(problem) => problem.name(),
        Found::Refresh(_) => "refresh",
        Found::Page(_) => "page",
    };
    let html = format!("<!DOCTYPE html><p>{}", text(5));
    let xhtml = format!("<?xml version='1.0'?><html xmlns='x'><p>{}", text(5));
    let png = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x01\0\x08\x06\0\0\0"[..],
        &[0xfe, 1, 2, 3, 0, 9].repeat(99),
    ]
    .concat();
    for (content_type, bytes, expected) in [
        (Some("text/html"), html.as_bytes(), "page"),
        (Some("Text/HTML ; charset=x"), html.as_bytes(), "page"),
        (Some("application/xhtml+xml"), xhtml.as_bytes(), "page"),
        (Some("application/xml"), xhtml.as_bytes(), "page"),
        (None, html.as_bytes(), "page"),
        (Some("text/plain"), text(5).as_bytes(), "page"),
        (Some("text/markdown"), text(3).as_bytes(), "page"),
        (Some("text/plain"), b"short", "no_text"),
        (Some("text/plain"), b" \n", "no_text"),
        (Some("text/plain"), &png, "wrong_type"),
        (Some("text/html"), &png, "wrong_type"),
        (Some("image/png"), &png, "wrong_type"),
        (Some("application/zip"), b"PK\x03\x04", "wrong_type"),
        (Some("application/rss+xml"), b"<rss/>", "wrong_type"),
        (Some("application/xml"), b"<rss/>", "wrong_type"),
        (Some("application/json"), b"{}", "wrong_type"),
        (None, b"words", "wrong_type"),
        (Some("application/pdf"), b"%PDF-1.7", "pdf"),
        (Some("text/html"), b"%PDF-1.7", "pdf"),
    ] {
        assert_eq!(kind(content_type, bytes), expected, "{content_type:?}");
    }
}

#[test]
fn pages_are_decoded_and_damaged_ones_are_read_as_far_as_possible() {
    let asked = url(URL);
    let asked = AskedPage {
        url: &asked,
        title: "",
        is_moved: false,
    };
    let read = |content_type: &str, bytes: &[u8]| {
        page(read(asked, asked.url, Some(content_type), bytes))
            .text
            .markdown
    };
    let words = "これは日本語の文章です。".repeat(9);
    let html = format!("<title>題</title><p>{words}");
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(&html);
    assert_eq!(read("text/html; charset=Shift_JIS", &bytes), words);
    let declared = [&b"<meta charset=shift_jis>"[..], &bytes].concat();
    assert_eq!(read("text/html", &declared), words);
    let utf_16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(html.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read("text/html", &utf_16), words);
    let invalid = [
        b"<p>".to_vec(),
        text(5).into_bytes(),
        b"caf\xff\xfe \0nul\0 \xc3\xa4\xc3\xa4\xc3\xa4".to_vec(),
    ]
    .concat();
    let found = read("text/html; charset=utf-8", &invalid);
    assert!(
        found.starts_with("These are") && !found.contains('\0'),
        "{found}"
    );
    assert!(found.ends_with('ä'), "{found}");
}

#[test]
fn hostile_pages_end_soon() {
    let nested = format!("{}{}", "<div>".repeat(20_000), text(30));
    assert!(page(found(&nested)).text.markdown.starts_with("These are"));
    let line = format!("<p>{}", "word ".repeat(400_000));
    let read = page(found(&line));
    assert!(!read.text.whole && read.text.markdown.len() <= 256 * 1024);
    for html in [
        "<meta name=a content=b>".repeat(20_000),
        "<title>a".repeat(20_000),
        "<noscript>a</noscript><h1>b</h1>".repeat(20_000),
        "[".repeat(1 << 20),
        format!("<p>{}", "[a](b ".repeat(20_000)),
        format!("<p>{}", "<a href=b>c</a>".repeat(20_000)),
    ] {
        let _ = found(&html);
    }
}

#[test]
fn fuzz_downloaded_pages() {
    let seeds = [
        "<html lang=en><title>a</title><meta http-equiv=refresh content='0; url=\"b\"'><main><p>c",
        "<meta property=og:title content=a><link rel=canonical href=//b><noscript>enable javascript",
        "<input type=password><div id=root><time itemprop=datePublished datetime=2013-05-06>[a](b)",
    ];
    let asked = url(URL);
    crate::fuzz::text(&seeds, |html| {
        for content_type in ["text/html", "text/plain", ""] {
            let asked = AskedPage {
                url: &asked,
                title: html,
                is_moved: false,
            };
            if let Found::Page(page) = read(asked, asked.url, Some(content_type), html.as_bytes()) {
                assert!(!page.text.is_empty());
                assert!(!page.title.contains(['\n', '\0']));
            }
        }
    });
}
