//! Downloads from servers with faults. 127.0.0.1 counts as public here, the rest of its network as
//! private.

use std::{
    io::Write as _,
    net::TcpStream,
    sync::{Mutex, mpsc},
};

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::{
    fetch::{Times, fetcher_with},
    test_server::{TestServer, redirect, response},
};

fn page(words: &str) -> String {
    let text = format!(
        "<title>A page of words - Example</title><main><p>{}</main>",
        words.repeat(10)
    );
    response("200 OK", "Content-Type: text/html\r\n", &text)
}

fn job(url: Url) -> Job {
    Job {
        id: NoteId(1),
        stored: url.to_string(),
        address: url.to_string(),
        url,
        title: "A page of words".into(),
        allow_private: false,
    }
}

fn downloaded(job: &Job) -> Result<PageText, Failure> {
    let (fetcher, _) = fetcher_with(Times::default(), None);
    download(&mut fetcher.visit(), job, true)
}

/// Returns the text at an address, or why there is none.
fn text(url: Url) -> String {
    match downloaded(&job(url)) {
        Ok(page) => page.text.markdown,
        Err((problem, _)) => problem.name().to_owned(),
    }
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

fn send(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    let _ = stream.write_all(bytes.as_ref());
}

#[test]
fn a_page_is_asked_for_once_and_says_nothing_of_the_user() {
    let server = TestServer::always(page("Some words of it. "));
    let mut url = server.url("/page");
    url.set_fragment(Some("part"));
    assert!(text(url).starts_with("Some words of it. Some"));
    let heads = server.heads();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert!(heads[0].starts_with("GET /robots.txt "), "{heads:?}");
    assert!(heads[1].starts_with("GET /page HTTP"), "{heads:?}");
    let head = heads[1].to_ascii_lowercase();
    assert!(head.contains("accept: text/html"), "{head}");
    for unwanted in ["cookie", "referer", "authorization", "if-none-match"] {
        assert!(!head.contains(unwanted), "{head}");
    }
}

#[test]
fn bodies_without_end_and_bombs_are_too_large() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let server = TestServer::start(move |head, stream| {
        let kind = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
        match path_of(head) {
            "/honest" => send(stream, format!("{kind}Content-Length: 1073741824\r\n\r\n")),
            "/bomb" => {
                let length = bomb.len();
                let fields = format!("Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
                send(stream, format!("{kind}{fields}"));
                send(stream, &bomb);
                return;
            }
            "/endless" => send(stream, format!("{kind}\r\n")),
            _ => return send(stream, response("404 Not Found", "", "")),
        }
        let block = vec![b'x'; 64 * 1024];
        // Until the reader has enough and closes the connection.
        while stream.write_all(&block).is_ok() {}
    });
    for path in ["/honest", "/bomb", "/endless"] {
        assert_eq!(text(server.url(path)), "too_large", "{path}");
    }
}

#[test]
fn a_long_line_is_cut_and_deep_nesting_is_read() {
    let server = TestServer::start(|head, stream| {
        let body = match path_of(head) {
            "/line" => format!("<p>{}", "word ".repeat(500_000)),
            "/more" => format!("<p>{}", "word ".repeat(2_000_000)),
            "/deep" => format!("{}{}", "<div>".repeat(20_000), "deep words ".repeat(30)),
            _ => return send(stream, response("404 Not Found", "", "")),
        };
        send(
            stream,
            response("200 OK", "Content-Type: text/html\r\n", &body),
        );
    });
    let line = text(server.url("/line"));
    assert!(line.starts_with("word word") && line.len() <= 256 * 1024);
    assert_eq!(text(server.url("/more")), "too_large");
    assert!(text(server.url("/deep")).starts_with("deep words"));
}

#[test]
fn a_server_that_sends_a_byte_a_minute_is_too_slow() {
    let (release, end) = mpsc::channel::<()>();
    let end = Mutex::new(end);
    let server = TestServer::start(move |_, stream| {
        send(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
        loop {
            send(stream, "x");
            // The next byte comes when the test is over.
            if end.lock().unwrap().recv().is_err() {
                return;
            }
        }
    });
    let times = Times {
        total: Duration::from_millis(200),
        ..Times::default()
    };
    let (fetcher, _) = fetcher_with(times, None);
    let failure = download(&mut fetcher.visit(), &job(server.url("/")), false).unwrap_err();
    assert_eq!(failure, (TextProblem::TooSlow, None));
    drop(release);
}

#[test]
fn redirects_in_circles_and_into_private_networks_are_refused() {
    let private = TestServer::start_at([127, 0, 0, 2].into(), |_, _| {});
    let target = private.url("/").to_string();
    let server = TestServer::start(move |head, stream| {
        let refresh = |to: &str| {
            let html = format!("<meta http-equiv=refresh content='0; url={to}'>");
            response("200 OK", "Content-Type: text/html\r\n", &html)
        };
        let answer = match path_of(head) {
            "/circle" => redirect("302 Found", "/circle"),
            "/private" => redirect("302 Found", &target),
            "/file" => redirect("302 Found", "file:///etc/passwd"),
            "/once" => refresh("/the-page-once"),
            "/the-page-once" => page("Some words of it. "),
            "/again" => refresh("/again/more"),
            "/again/more" => refresh("/again"),
            "/refers/private" => refresh(&target),
            "/refers/file" => refresh("file:///etc/passwd"),
            "/refers/site" => refresh("http://127.0.0.1:6683/"),
            _ => response("404 Not Found", "", ""),
        };
        send(stream, answer);
    });
    for (path, expected) in [
        ("/circle", "redirects"),
        ("/private", "private_address"),
        ("/file", "redirects"),
        ("/again", "redirects"),
        ("/refers/private", "private_address"),
        ("/refers/file", "redirects"),
    ] {
        assert_eq!(text(server.url(path)), expected, "{path}");
    }
    assert!(text(server.url("/once")).starts_with("Some words"));
    assert_eq!(private.heads(), [""; 0]);
    // A host that is allowed doesn't extend that to others.
    let mut allowed = job(server.url("/refers/private"));
    allowed.allow_private = true;
    let (problem, _) = downloaded(&allowed).unwrap_err();
    assert_eq!(problem, TextProblem::PrivateAddress);
    let mut own = job(private.url("/"));
    let (problem, _) = downloaded(&own).unwrap_err();
    assert_eq!(problem, TextProblem::PrivateAddress);
    assert_eq!(private.heads(), [""; 0]);
    own.allow_private = true;
    let (problem, _) = downloaded(&own).unwrap_err();
    assert_eq!(problem, TextProblem::Unreachable);
    assert_ne!(private.heads(), [""; 0]);
}

#[test]
fn statuses_and_types_have_their_reasons() {
    for (status, fields, body, expected) in [
        ("401 Unauthorized", "", "", "login"),
        ("402 Payment Required", "", "", "refused"),
        ("403 Forbidden", "", "", "refused"),
        ("404 Not Found", "", "", "not_found"),
        ("410 Gone", "", "", "not_found"),
        ("451 Unavailable For Legal Reasons", "", "", "refused"),
        ("500 Internal Server Error", "", "", "server_error"),
        ("503 Service Unavailable", "", "", "busy"),
        ("204 No Content", "", "", "no_text"),
        ("300 Multiple Choices", "", "", "redirects"),
        (
            "200 OK",
            "Content-Type: image/png\r\n",
            "\u{fffd}PNG",
            "wrong_type",
        ),
        (
            "200 OK",
            "Content-Type: application/zip\r\n",
            "PK",
            "wrong_type",
        ),
        (
            "200 OK",
            "Content-Type: application/pdf\r\n",
            "%PDF-1.4",
            "pdf",
        ),
        ("200 OK", "Content-Type: text/html\r\n", "", "no_text"),
    ] {
        let answer = response(status, fields, body);
        let server = TestServer::start(move |head, stream| match path_of(head) {
            "/robots.txt" => send(stream, response("404 Not Found", "", "")),
            _ => send(stream, &answer),
        });
        assert_eq!(text(server.url("/page")), expected, "{status} {fields}");
    }
}

#[test]
fn a_busy_server_says_how_long_it_wants_to_be_left_alone() {
    let server = TestServer::start(|head, stream| {
        let answer = match path_of(head) {
            "/robots.txt" => response("404 Not Found", "", ""),
            _ => response("429 Too Many Requests", "Retry-After: 7200\r\n", ""),
        };
        send(stream, answer);
    });
    let wait = Some(Duration::from_secs(7200));
    let (fetcher, _) = fetcher_with(Times::default(), None);
    for path in ["/first", "/second"] {
        let job = job(server.url(path));
        let failure = download(&mut fetcher.visit(), &job, true).unwrap_err();
        assert_eq!(failure, (TextProblem::Busy, wait));
    }
    // The second page wasn't asked for.
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn robots_txt_decides_and_its_end_may_never_come() {
    let server = TestServer::start(|head, stream| {
        if path_of(head) != "/robots.txt" {
            return send(stream, page("Some words of it. "));
        }
        send(
            stream,
            "HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /private\n",
        );
        let block = "# a comment of robots.txt\n".repeat(2000);
        while stream.write_all(block.as_bytes()).is_ok() {}
    });
    assert_eq!(text(server.url("/private/page")), "robots");
    assert!(text(server.url("/page")).starts_with("Some words"));
    // A few pages are what a user opens by hand.
    let (fetcher, _) = fetcher_with(Times::default(), None);
    let job = job(server.url("/private/page"));
    assert!(download(&mut fetcher.visit(), &job, false).is_ok());
}

#[test]
fn a_page_that_refers_to_another_chooses_no_password() {
    let server = TestServer::start(|head, stream| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: "));
        let answer = match path_of(head) {
            "/robots.txt" => response("404 Not Found", "", ""),
            "/page" => response(
                "200 OK",
                "Content-Type: text/html\r\n",
                &format!(
                    "<meta http-equiv=refresh content='0; url=http://me:secret@{}/a-page-of-words'>",
                    host.unwrap_or_default().trim()
                ),
            ),
            _ => page("Some words of it. "),
        };
        send(stream, answer);
    });
    assert!(text(server.url("/page")).starts_with("Some words"));
    let heads = server.heads().concat().to_ascii_lowercase();
    assert!(heads.contains("get /a-page-of-words "), "{heads}");
    assert!(!heads.contains("authorization"), "{heads}");
}

#[test]
fn a_redirect_to_what_robots_txt_forbids_is_not_followed() {
    let server = TestServer::start(|head, stream| {
        let answer = match path_of(head) {
            "/robots.txt" => response("200 OK", "", "User-agent: *\nDisallow: /private/\n"),
            "/open" => redirect("302 Found", "/private/a-page-of-words"),
            "/moved" => redirect("302 Found", "/a-page-of-words"),
            _ => page("Some words of it. "),
        };
        send(stream, answer);
    });
    assert_eq!(text(server.url("/open")), "robots");
    assert!(text(server.url("/moved")).starts_with("Some words"));
    let heads = server.heads().concat();
    assert!(!heads.contains("/private/"), "{heads}");
    // Few pages are asked for as in a browser.
    let (fetcher, _) = fetcher_with(Times::default(), None);
    let job = job(server.url("/open"));
    assert!(download(&mut fetcher.visit(), &job, false).is_ok());
}

#[test]
fn a_fault_at_robots_txt_is_a_fault_of_the_server() {
    for status in ["500 Internal Server Error", "503 Service Unavailable"] {
        let server = TestServer::always(response(status, "", ""));
        assert_eq!(text(server.url("/page")), "server_error");
    }
}

#[test]
fn a_host_that_is_down_is_asked_once_in_a_long_run() {
    let server = TestServer::always("");
    let url = server.url("/page");
    drop(server);
    let (fetcher, clock) = fetcher_with(Times::default(), None);
    for _ in 0..3 {
        let failure = download(&mut fetcher.visit(), &job(url.clone()), true).unwrap_err();
        assert_eq!(failure, (TextProblem::Unreachable, None));
    }
    assert!(clock.slept().is_empty());
}

#[test]
fn a_redirect_to_another_page_gives_no_text() {
    let server = TestServer::start(|head, stream| {
        let answer = match path_of(head) {
            "/2013/a-page" => redirect("301 Moved Permanently", "/"),
            "/2014/a-page" => redirect("301 Moved Permanently", "/posts/17/"),
            "/robots.txt" => response("404 Not Found", "", ""),
            _ => page("Some words of it. "),
        };
        send(stream, answer);
    });
    assert_eq!(text(server.url("/2013/a-page")), "other_page");
    let same_title = job(server.url("/2014/a-page"));
    assert!(downloaded(&same_title).is_ok());
}

#[test]
fn hosts_are_named_with_or_without_their_addresses() {
    let url = |text: &str| Url::parse(text).unwrap();
    let names = [
        "wiki.intern",
        "http://10.0.0.1:8080/x",
        "[::1]",
        "LOCALHOST",
    ];
    let allowed = hosts(&names.map(str::to_owned)).unwrap();
    for (address, expected) in [
        ("https://wiki.intern/a", true),
        ("http://10.0.0.1:8080/", true),
        ("http://10.0.0.1/", false),
        ("http://[::1]:80/", true),
        ("http://localhost/", true),
        ("http://other.intern/", false),
        ("http://10.0.0.2/", false),
    ] {
        assert_eq!(is_allowed(&allowed, &url(address)), expected, "{address}");
    }
    for wrong in ["", "a b", "http://", "file:///etc"] {
        assert!(hosts(&[wrong.to_owned()]).is_err(), "{wrong}");
    }
}
