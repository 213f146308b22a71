//! `feed add` and `feed fetch`.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use serde_json::Value;

use super::{
    Notes,
    server::{TestServer, redirect, response},
};

/// Returns a feed with these numbers as its entries.
fn rss(title: &str, entries: &[u32]) -> String {
    let items: String = entries
        .iter()
        .map(|entry| {
            format!("<item><title>Page {entry}</title><link>https://pages.example/{title}/{entry}</link></item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>{title}</title>{items}</channel></rss>")
}

fn ok(body: &str) -> String {
    response("200 OK", "ETag: \"1\"\r\nContent-Type: text/html\r\n", body)
}

fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn a_feed_is_added_by_its_address() {
    let server = TestServer::always(ok(&rss("News", &[1, 2, 3])));
    let notes = Notes::new();
    let url = server.url("/feed").to_string();
    let added = notes.prints(&[
        "feed",
        "add",
        &url,
        "--allow-private",
        "--tag",
        "b",
        "--tag",
        "c",
    ]);
    assert_eq!(added, "Added: News, 3 new pages in the inbox\n");
    let again = notes.prints(&["feed", "add", &url, "--allow-private", "--json"]);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["isNew"], false);
    assert_eq!((&again["url"], &again["arrived"]), (&url.into(), &0.into()));
}

#[test]
fn the_feed_of_a_page_is_found() {
    let server = TestServer::start(|head, stream| {
        let page = "<title>x</title><link rel=alternate type=application/rss+xml href=/rss>
                    <link rel=alternate type=application/atom+xml href=/atom>";
        let body = match path_of(head) {
            "/blog/" => page.to_owned(),
            "/old" => return send(stream, &redirect("301 Moved Permanently", "/blog/")),
            "/rss" => rss("Blog", &[1]),
            _ => String::new(),
        };
        send(stream, &ok(&body));
    });
    let notes = Notes::new();
    let url = server.url("/old").to_string();
    let added = notes.prints(&["feed", "add", &url, "--allow-private"]);
    let other = server.url("/atom");
    assert_eq!(
        added,
        format!(
            "Added: Blog, 1 new page in the inbox\nThe page has other feeds, too:\n  {other}\n"
        )
    );
    let fetched = notes.prints(&["feed", "fetch", "--force", "--json"]);
    let fetched: Value = serde_json::from_str(&fetched).unwrap();
    assert_eq!(fetched[0]["url"], server.url("/rss").as_str());
}

#[test]
fn what_is_no_feed_is_not_added() {
    let notes = Notes::new();
    let server = TestServer::always(ok("<p>A page</p>"));
    let url = server.url("/").to_string();
    let (_, sentence) = notes.fails(&["feed", "add", &url, "--allow-private"]);
    assert_eq!(
        sentence,
        "url-notes: This is no feed, and it names none. Give the address of the feed itself.\n"
    );
    let gone = TestServer::always(response("404 Not Found", "", ""));
    let url = gone.url("/").to_string();
    let (_, sentence) = notes.fails(&["feed", "add", &url, "--allow-private"]);
    assert!(
        sentence.contains("nothing at the address. (status 404)"),
        "{sentence}"
    );
    for wrong in ["file:///etc/passwd", "feed.xml", "javascript:alert(1)"] {
        let (_, sentence) = notes.fails(&["feed", "add", wrong]);
        assert!(
            sentence.contains("isn't the address of a feed"),
            "{sentence}"
        );
    }
    let none = notes.prints(&["feed", "fetch"]);
    assert_eq!(
        none,
        "There are no feeds. To add one, run `url-notes feed add URL`.\n"
    );
}

#[test]
fn a_private_address_is_refused_unless_it_is_allowed() {
    let server = TestServer::always(ok(&rss("News", &[1])));
    let notes = Notes::new();
    let url = server.url("/").to_string();
    let (printed, sentence) = notes.fails(&["feed", "add", &url]);
    assert_eq!(printed, "");
    assert!(sentence.contains("private address"), "{sentence}");
    assert!(sentence.contains("use --allow-private"), "{sentence}");
    assert_eq!(server.heads(), [""; 0]);
}

#[test]
fn feeds_that_are_due_are_fetched_and_unchanged_ones_are_not_sent_again() {
    let changes = AtomicUsize::new(0);
    let news = TestServer::start(move |_, stream| {
        let entries: &[u32] = match changes.fetch_add(1, Ordering::Relaxed) {
            0 => &[1],
            _ => &[3, 2, 1],
        };
        send(stream, &ok(&rss("News", entries)));
    });
    let blog = TestServer::start_at([127, 0, 0, 2].into(), |head, stream| {
        let answer = match head
            .to_ascii_lowercase()
            .contains("if-none-match: \"1\"\r\n")
        {
            true => "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
            false => ok(&rss("Blog", &[1])),
        };
        send(stream, &answer);
    });
    let notes = Notes::new();
    for server in [&news, &blog] {
        let url = server.url("/").to_string();
        notes.prints(&["feed", "add", &url, "--allow-private"]);
    }
    let none = notes.prints(&["feed", "fetch"]);
    assert_eq!(
        none,
        "No feed is due. To fetch all feeds now, use --force.\n"
    );
    let fetched = notes.prints(&["feed", "fetch", "--force"]);
    let mut lines: Vec<&str> = fetched.lines().collect();
    assert_eq!(lines.pop(), Some("2 feeds, 2 new pages"));
    lines.sort_unstable();
    assert_eq!(lines, ["Blog: unchanged", "News: 2 new"]);
    let one = notes.prints(&["feed", "fetch", "blog"]);
    assert_eq!(one, "Blog: unchanged\n1 feed, 0 new pages\n");
}

#[test]
fn a_feed_that_fails_is_named_and_the_others_go_on() {
    let is_good = Mutex::new(true);
    let bad = TestServer::start(move |_, stream| {
        let answer = match std::mem::take(&mut *is_good.lock().unwrap()) {
            true => ok(&rss("Bad\u{1b}[31m", &[1])),
            false => response("500 Internal Server Error", "", ""),
        };
        send(stream, &answer);
    });
    let good = TestServer::start_at([127, 0, 0, 2].into(), |_, stream| {
        send(stream, &ok(&rss("Good", &[1])));
    });
    let notes = Notes::new();
    for server in [&bad, &good] {
        let url = server.url("/").to_string();
        notes.prints(&["feed", "add", &url, "--allow-private"]);
    }
    let (printed, sentence) = notes.fails(&["feed", "fetch", "--force"]);
    let mut lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.pop(), Some("2 feeds, 0 new pages, 1 failed"));
    lines.sort_unstable();
    assert!(!printed.contains('\u{1b}'), "{printed:?}");
    assert!(lines[0].starts_with("Bad"), "{printed}");
    assert!(lines[0].ends_with(": The server has a fault."), "{printed}");
    assert_eq!(lines[1], "Good: nothing new");
    assert_eq!(
        sentence,
        "url-notes: A feed couldn't be fetched. To see it again, run `url-notes feed list --problems`.\n"
    );
}

#[test]
fn a_feed_that_begins_to_redirect_to_this_computer_is_refused() {
    let private = TestServer::start_at([127, 0, 0, 2].into(), |_, _| {});
    for (target, sentence) in [
        (private.url("/").to_string(), "private network"),
        ("http://localhost:6683/".into(), "private network"),
        ("file:///etc/passwd".into(), "isn't followed"),
    ] {
        let is_first = Mutex::new(true);
        let server = TestServer::start(move |_, stream| {
            let answer = match std::mem::take(&mut *is_first.lock().unwrap()) {
                true => ok(&rss("News", &[1])),
                false => redirect("301 Moved Permanently", &target),
            };
            send(stream, &answer);
        });
        let notes = Notes::new();
        let url = server.url("/").to_string();
        notes.prints(&["feed", "add", &url, "--allow-private"]);
        let (printed, _) = notes.fails(&["feed", "fetch", "--force"]);
        assert!(printed.contains(sentence), "{printed}");
    }
    assert_eq!(private.heads(), [""; 0]);
}

#[test]
fn two_runs_do_not_fetch_at_the_same_time() {
    let (asked, is_asked) = mpsc::channel();
    let (answer, may_answer) = mpsc::channel::<()>();
    let may_answer = Mutex::new(may_answer);
    let is_first = Mutex::new(true);
    let server = TestServer::start(move |_, stream| {
        if !std::mem::take(&mut *is_first.lock().unwrap()) {
            asked.send(()).unwrap();
            may_answer.lock().unwrap().recv().unwrap();
        }
        send(stream, &ok(&rss("News", &[1])));
    });
    let notes = Notes::new();
    let url = server.url("/").to_string();
    notes.prints(&["feed", "add", &url, "--allow-private"]);
    let first = notes
        .command(&["feed", "fetch", "--force"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    let (_, sentence) = notes.fails(&["feed", "fetch", "--force"]);
    assert_eq!(
        sentence,
        "url-notes: Feeds are being fetched already. Run this again when that is done.\n"
    );
    answer.send(()).unwrap();
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.stdout, b"News: nothing new\n1 feed, 0 new pages\n");
}

#[test]
fn the_log_never_has_addresses_or_titles() {
    let server = TestServer::always(ok(&rss("Secret-title", &[1])));
    let notes = Notes::new();
    notes.configure("log-level = \"trace\"\n");
    let url = server.url("/secret-path").to_string();
    notes.prints(&["feed", "add", &url, "--allow-private"]);
    notes.prints(&["feed", "fetch", "--force"]);
    drop(server);
    notes.fails(&["feed", "fetch", "--force"]);
    notes.fails(&["feed", "add", &url]);
    let log = fs::read_to_string(notes.path("url-notes.log")).unwrap_or_default();
    for secret in ["secret", "Secret", "pages.example", "127.0.0.1"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_configured_proxy_is_used_and_a_wrong_one_is_named() {
    let proxy = TestServer::start(|head, stream| {
        assert!(head.starts_with("CONNECT feeds.example:80 "), "{head}");
        send(stream, "HTTP/1.1 200 OK\r\n\r\n");
        send(stream, &ok(&rss("By proxy", &[1])));
    });
    let notes = Notes::new();
    notes.configure(&format!("proxy = \"{}\"\n", proxy.url("/")));
    let added = notes.prints(&["feed", "add", "http://feeds.example/"]);
    assert_eq!(added, "Added: By proxy, 1 new page in the inbox\n");
    notes.configure("proxy = \"proxy.example\"\n");
    let (_, sentence) = notes.fails(&["feed", "add", "http://feeds.example/"]);
    assert!(
        sentence.contains("The setting proxy must be an address"),
        "{sentence}"
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    let notes = Notes::new();
    assert_eq!(notes.run(&["feed", "add"]).status.code(), Some(2));
    assert_eq!(notes.run(&["list"]).status.code(), Some(2));
    assert_eq!(notes.run(&["--version"]).status.code(), Some(0));
}
