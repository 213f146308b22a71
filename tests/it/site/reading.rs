//! Feeds, the API and conditional requests, over the wire.

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run_ok};
use crate::site::client::{Answer, Client, get};
use crate::site::markup::assert_harmless;

/// Every kind of answer, for a store with a note tagged `gpu`; `{id}` is the note's.
const TARGETS: [&str; 20] = [
    "/",
    "/tags",
    "/tags?sort=name",
    "/tags?sort=recent",
    "/tag/gpu",
    "/all/0",
    "/inbox",
    "/note/{id}",
    "/search",
    "/search?q=page",
    "/sites",
    "/site/e.org",
    "/feed.atom",
    "/tag/gpu/feed.atom",
    "/api/notes",
    "/api/notes/{id}",
    "/api/tags",
    "/style.css",
    "/site.js",
    "/opensearch.xml",
];

fn host_with_a_note() -> (TestHost, u16, Vec<String>) {
    let mut host = TestHost::new();
    let port = host.site_port();
    let saved = host.call(
        "saveNote",
        json!({
            "opId": op_id(), "url": "https://e.org/a?b=1&c=2", "title": "A page & more",
            "tags": ["gpu", "c++"], "summary": "- **bold** <i>", "excerpt": "In its own words.",
            "publishedAt": "2025-08-12", "siteName": "E", "lang": "en",
        }),
    );
    let id = saved["note"]["id"].to_string();
    let targets = TARGETS.map(|target| target.replace("{id}", &id)).to_vec();
    (host, port, targets)
}

fn ask(port: u16, method: &str, target: &str, line: &str) -> Answer {
    let mut client = Client::new(port);
    client.send(&format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\n{line}\r\n"
    ));
    match method {
        "HEAD" => client.answer_without_body(),
        _ => client.answer(),
    }
}

/// Returns the status and the rest of the connection: a 304 has neither length nor body.
fn ask_again(port: u16, target: &str, tag: &str) -> String {
    let mut client = Client::new(port);
    client.send(&format!(
        "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n"
    ));
    client.rest()
}

#[test]
fn head_describes_every_answer_like_get() {
    let (_host, port, targets) = host_with_a_note();
    for target in &targets {
        let got = ask(port, "GET", target, "");
        let reported = ask(port, "HEAD", target, "");
        let lines = |answer: &Answer| -> Vec<String> {
            let lines = answer
                .head
                .lines()
                .filter(|line| !line.starts_with("Date: "));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(got.status, 200, "{target}");
        assert_eq!(lines(&reported), lines(&got), "{target}");
        assert_eq!(reported.body, "");
        assert_eq!(
            reported.header("Content-Length").unwrap(),
            got.body.len().to_string(),
            "{target}"
        );
    }
}

#[test]
fn what_the_browser_has_is_not_sent_again_until_something_is_written() {
    let (mut host, port, targets) = host_with_a_note();
    let tags: Vec<String> = targets
        .iter()
        .map(|target| get(port, target).header("ETag").unwrap().to_owned())
        .collect();
    for (target, tag) in targets.iter().zip(&tags) {
        let again = ask_again(port, target, tag);
        assert!(again.starts_with("HTTP/1.1 304 "), "{target}: {again}");
        assert!(again.ends_with("\r\n\r\n"), "{target}: {again}");
    }
    host.save("https://e.org/b", "Another", &["gpu"]);
    for (target, tag) in targets.iter().zip(&tags) {
        let of_the_program = ["/style.css", "/site.js", "/opensearch.xml"].contains(&&**target);
        let status = if of_the_program { "304" } else { "200" };
        let again = ask_again(port, target, tag);
        assert!(
            again.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {again}"
        );
    }
}

#[test]
fn another_programs_parser_reads_the_feeds() {
    let (_host, port, _) = host_with_a_note();
    let origin = format!("http://localhost:{port}");
    for target in [
        "/feed.atom",
        "/tag/gpu/feed.atom",
        "/tag/c%2B%2B/feed.atom?without=rust",
    ] {
        let answer = get(port, target);
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/atom+xml; charset=utf-8")
        );
        let feed: atom_syndication::Feed = answer.body.parse().unwrap();
        let this = feed
            .links()
            .iter()
            .find(|link| link.rel() == "self")
            .unwrap();
        assert_eq!(this.href(), format!("{origin}{target}"));
        let [entry] = feed.entries() else {
            panic!("{feed:?}")
        };
        assert_eq!(entry.title().as_str(), "A page & more");
        assert_eq!(entry.links()[0].href(), "https://e.org/a?b=1&c=2");
        assert_eq!(entry.published(), Some(entry.updated()));
        assert_eq!(feed.updated(), entry.updated());
        let content = entry.content().unwrap();
        assert_eq!(content.content_type(), Some("html"));
        assert!(
            content
                .value()
                .unwrap()
                .contains("<strong>bold</strong> &lt;i&gt;")
        );
        // A feed reader finds the feed from its page.
        let page = target.split_once("/feed.atom").unwrap().0;
        let page = get(port, if page.is_empty() { "/" } else { page });
        assert!(page.body.contains("type=\"application/atom+xml\""));
    }
    let (status, missing) = {
        let answer = get(port, "/tag/nothing/feed.atom");
        (answer.status, answer.body)
    };
    assert_eq!(status, 404, "{missing}");
}

#[test]
fn scripts_get_notes_as_the_messages_have_them() {
    let (host, port, _) = host_with_a_note();
    let data = |target: &str| -> Value { serde_json::from_str(&get(port, target).body).unwrap() };
    let notes = data("/api/notes?with=gpu");
    let shown: Value = serde_json::from_str(&run_ok(host.dir(), &["list", "--json"])).unwrap();
    assert_eq!(notes["notes"], shown);
    assert_eq!(notes["count"], 1);
    let mut note = data(&format!("/api/notes/{}", shown[0]["id"]));
    // A note by itself also says whether the text of its page is kept.
    assert_eq!(
        note.as_object_mut().unwrap().remove("text"),
        Some(Value::Null)
    );
    assert_eq!(note, shown[0]);
    let fields = "id url addresses title tags summary excerpt savedAt updatedAt publishedAt siteName lang \
         deletedAt read";
    let found: Vec<&String> = note.as_object().unwrap().keys().collect();
    assert_eq!(found.len(), fields.split(' ').count());
    for field in fields.split(' ') {
        assert!(note.get(field).is_some(), "{field}");
    }
    assert_eq!(
        data("/api/tags?sort=name")["tags"],
        json!([{"name": "c++", "count": 1}, {"name": "gpu", "count": 1}])
    );
    // Other web pages get neither notes nor a hint that there are any.
    let line = "Sec-Fetch-Site: same-site\r\n";
    assert_eq!(ask(port, "GET", "/api/notes", line).status, 403);
}

#[test]
fn no_valid_request_is_an_internal_error() {
    let (_host, port, _) = host_with_a_note();
    for odd in [
        "",
        "%00",
        "abc%00def",
        "%FF",
        "%22",
        "%27",
        "*",
        "..",
        "%2e%2e",
        "-1",
        "9223372036854775808",
        "a,b",
        "%3Cscript%3E",
        "tag%3A",
        "site%3A",
        "%F0%9F%99%82",
        "e.org",
        ".",
        "%5B%3A%3A1%5D",
        "xn--",
        "%2F",
    ] {
        for target in [
            "/tags?from=",
            "/tags?sort=name&from=",
            "/tags?sort=recent&before=",
            "/tags?sort=recent&filter=",
            "/tags?sort=name&filter=",
            "/sites?filter=",
            "/sites?sort=name&from=",
            "/sites?sort=",
            "/site/",
            "/site/e.org?before=",
            "/tag/gpu/feed.atom?with=",
            "/tag/gpu/feed.atom?without=",
            "/feed.atom?",
            "/api/",
            "/api/notes/",
            "/api/notes?q=",
            "/api/notes?site=",
            "/api/notes?with=",
            "/api/notes?without=",
            "/api/notes?limit=",
            "/api/notes?before=",
            "/api/notes?sort=",
            "/api/tags?from=",
            "/api/tags?before=",
            "/api/tags?sort=recent&filter=",
            "/api/tags?with=",
            "/api/tags?limit=",
            "/opensearch.xml?",
            "/site.js?",
        ] {
            let target = format!("{target}{odd}");
            let answer = get(port, &target);
            assert!(
                [200, 308, 400, 404].contains(&answer.status),
                "{target}: {}",
                answer.status
            );
            if answer.header("Content-Type") == Some("text/html; charset=utf-8") {
                assert_harmless(&answer.body, &target);
            }
            if target.starts_with("/api/") && answer.status != 308 {
                serde_json::from_str::<Value>(&answer.body).unwrap();
            }
        }
    }
}

#[test]
fn an_icon_is_an_image_that_browsers_keep() {
    let mut host = TestHost::new();
    host.save("https://e.org/1", "A", &[]);
    let icon = crate::icons::icon();
    host.call("putIcon", json!({"url": "https://e.org/1", "icon": icon}));
    let port = host.site_port();
    let page = get(port, "/all/0").body;
    let (_, rest) = page.split_once("src=\"/icon/").unwrap();
    let name = rest.split_once('"').unwrap().0;
    let request = format!("HEAD /icon/{name} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let answer = Client::new(port).send(&request).answer_without_body();
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("Content-Type", "image/png"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{}", answer.head);
    }
    assert!(answer.head.contains("img-src 'self'"), "{}", answer.head);
}
