//! Attacks by other pages, other programs and hostile notes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    client::{Client, get},
    markup::assert_harmless,
};
use crate::host::{TestHost, op_id, until};

const TARGETS: [&str; 10] = [
    "/",
    "/tags",
    "/tag/gpu",
    "/all/0",
    "/search?q=page",
    "/note/1",
    "/style.css",
    "/robots.txt",
    "/favicon.ico",
    "/nowhere",
];

fn host() -> (TestHost, u16) {
    let mut host = TestHost::new();
    let port = host.site_port();
    host.save("https://e.org/a", "A page", &["gpu"]);
    (host, port)
}

/// Sends a request unchanged. Returns the status of the answer, after which the server has closed.
#[track_caller]
fn refusal(port: u16, request: &str) -> u16 {
    let request = request
        .replace('\n', "\r\n")
        .replace("PORT", &port.to_string());
    let mut client = Client::new(port);
    let answer = client.send(&request).answer();
    assert_eq!(answer.header("Connection"), Some("close"), "{request:?}");
    assert_eq!(client.rest(), "", "{request:?}");
    assert!(!answer.body.contains("A page"), "{request:?}");
    answer.status
}

#[test]
fn only_the_sites_own_names_are_answered() {
    let (_host, port) = host();
    for host in [
        "Host: evil.example:PORT\n",
        "Host: evil.example\n",
        "Host: localhost\n",
        "Host: localhost.:PORT\n",
        "Host: localhost:1\n",
        "Host: localhost:PORT\nHost: localhost:PORT\n",
        "Host: localhost:PORT\nHost: evil.example\n",
        "",
    ] {
        for target in TARGETS {
            assert_eq!(
                refusal(port, &format!("GET {target} HTTP/1.1\n{host}\n")),
                421,
                "{host:?}"
            );
        }
    }
    let folded = "GET / HTTP/1.1\nX: 1\n Host: localhost:PORT\n\n";
    assert_eq!(refusal(port, folded), 400);
    let absolute = "GET http://localhost:PORT/ HTTP/1.1\nHost: localhost:PORT\n\n";
    assert_eq!(refusal(port, absolute), 400);
    let absolute = "GET http://evil.example/ HTTP/1.1\nHost: evil.example\n\n";
    assert_eq!(refusal(port, absolute), 421);
}

#[test]
fn other_web_pages_learn_nothing_not_even_whether_a_tag_exists() {
    let (_host, port) = host();
    for fetch in [
        "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n",
        "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\nOrigin: https://evil.example\n",
        "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe\n",
        "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: script\n",
        "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n",
    ] {
        let ask = |target: &str| {
            let mut client = Client::new(port);
            client.send(
                &format!("GET {target} HTTP/1.1\nHost: localhost:{port}\n{fetch}\n")
                    .replace('\n', "\r\n"),
            );
            let mut answer = client.answer();
            answer.head = answer
                .head
                .lines()
                .filter(|line| !line.starts_with("Date: "))
                .collect();
            answer
        };
        let (there, absent) = (ask("/tag/gpu"), ask("/tag/absent"));
        assert_eq!(there.status, 403, "{fetch}");
        assert_eq!((there.head, there.body), (absent.head, absent.body));
    }
}

#[test]
fn nothing_can_be_changed() {
    let (host, port) = host();
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(host.dir())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with("notes.db")
            })
            .filter(|path| !path.to_str().unwrap().ends_with("-shm"))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = files();
    assert!(!before.is_empty());
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    ] {
        for target in TARGETS {
            let request =
                format!("{method} {target} HTTP/1.1\nHost: localhost:PORT\nContent-Length: 0\n\n");
            assert_eq!(refusal(port, &request), 405, "{request}");
        }
    }
    for target in TARGETS {
        get(port, target);
    }
    assert!(files() == before, "reading the site changed the store");
}

#[test]
fn bodies_are_refused_unread() {
    let (_host, port) = host();
    for body in [
        "Content-Length: 100000000000\n\n",
        "Content-Length: 3\n\nabc",
        "Transfer-Encoding: chunked\n\n0\n\n",
    ] {
        assert_eq!(
            refusal(
                port,
                &format!("GET / HTTP/1.1\nHost: localhost:PORT\n{body}")
            ),
            413
        );
        assert_eq!(
            refusal(
                port,
                &format!("POST / HTTP/1.1\nHost: localhost:PORT\n{body}")
            ),
            405
        );
    }
    assert_eq!(get(port, "/").status, 200);
}

#[test]
fn endless_and_slow_heads_are_cut_off() {
    let (_host, port) = host();
    let mut slow = Client::new(port);
    slow.send("GET / HTTP/1.1\r\nHost: ");
    let mut silent = Client::new(port);

    let long = "x".repeat(20_000);
    assert_eq!(
        refusal(
            port,
            &format!("GET /{long} HTTP/1.1\nHost: localhost:PORT\n\n")
        ),
        431
    );
    assert_eq!(
        refusal(
            port,
            &format!("GET / HTTP/1.1\nHost: localhost:PORT\nX: {long}\n\n")
        ),
        431
    );
    let many = "X: 1\n".repeat(64);
    assert_eq!(
        refusal(
            port,
            &format!("GET / HTTP/1.1\nHost: localhost:PORT\n{many}\n")
        ),
        431
    );

    // By now the time limit of the slow client began long ago.
    assert_eq!(slow.answer().status, 408);
    assert_eq!(silent.rest(), "");
}

#[test]
fn answers_come_in_the_order_of_the_questions() {
    let (_host, port) = host();
    let mut client = Client::new(port);
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let head = get("/all/0").replace("GET", "HEAD");
    client.send(&(get("/tag/gpu") + &head + &get("/robots.txt") + &get("/nowhere")));
    assert!(client.answer().body.contains("A page"));
    assert_eq!(client.answer_without_body().status, 200);
    assert_eq!(client.answer().body, "User-agent: *\nDisallow: /\n");
    assert_eq!(client.answer().status, 404);
}

#[test]
fn paths_lead_nowhere_but_to_pages() {
    let (_host, port) = host();
    for target in [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/style.css/../../notes.db",
        "/notes.db",
        "//etc/passwd",
        "/tag/..%2f..%2fnotes.db",
        "/\\..\\..\\etc\\passwd",
        "/%00",
        "/tag/%00",
        "/%FF%FE",
        "/note/9223372036854775807",
        "/note/99999999999999999999",
        "/all/18446744073709551615",
    ] {
        let answer = get(port, target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(!answer.body.contains("root:"), "{target}");
        assert_harmless(&answer.body, target);
    }
    // Any target, as long as the request is valid.
    for target in [
        "/search?q=%FF&before=%00",
        "/tags?sort=%ff",
        "/tag/gpu?with=%00&without=%ff&before=-9223372036854775808",
        "/tag/gpu?with&without&before",
        "/?%",
        "/search?q=%",
        "/all/0?x=%",
        "/%",
        "/?&&&=&=",
    ] {
        let answer = get(port, target);
        assert!([200, 404].contains(&answer.status), "{target}");
        assert_harmless(&answer.body, target);
    }
    // A corrected address stays on the site.
    for target in [
        "//evil.example/",
        "/\\evil.example/",
        "/tag/GPU/",
        "/tag/%0d%0aX:%20y/",
    ] {
        let answer = get(port, target);
        if let Some(location) = answer.header("Location") {
            assert!(location.starts_with("/tag/"), "{target} → {location}");
        }
        assert_eq!(answer.header("X"), None);
    }
}

/// Each slash used to be a recursive call, and the host overflowed its stack.
#[test]
fn addresses_of_only_slashes_and_of_very_many_tags_do_not_end_the_host() {
    let (mut host, port) = host();
    let slashes = "/".repeat(15_800);
    assert_eq!(get(port, &slashes).status, 308);
    assert_eq!(get(port, &format!("/nowhere{slashes}")).status, 404);
    let tags: Vec<String> = (0..1_000)
        .map(|number| format!("without=t{number}"))
        .collect();
    let page = get(port, &format!("/tag/gpu?{}", tags.join("&")));
    assert_eq!(page.status, 200);
    assert!(page.body.len() < 100_000, "{}", page.body.len());
    // The host that serves it also continues.
    host.save("https://e.org/b", "Another page", &["gpu"]);
    assert_eq!(get(port, "/tag/gpu").status, 200);
}

#[test]
fn the_sixty_fifth_connection_gets_503() {
    let (_host, port) = host();
    let request = format!("GET /robots.txt HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    // The host's own start may still hold a connection for a moment.
    let mut seated: Vec<Client> = Vec::new();
    until("64 seats", || {
        let mut client = Client::new(port);
        if client
            .send(&request)
            .try_answer(true)
            .is_ok_and(|answer| answer.status == 200)
        {
            seated.push(client);
        }
        (seated.len() == 64).then_some(())
    });
    let mut surplus = Client::new(port);
    assert_eq!(surplus.answer().status, 503);
    assert_eq!(surplus.rest(), "");
    // Connections within the limit are still served.
    assert_eq!(seated[63].send(&request).answer().status, 200);
    drop(seated);
    until("a free seat", || {
        let mut client = Client::new(port);
        let answer = client.send(&request).try_answer(true).ok()?;
        (answer.status == 200).then_some(())
    });
}

#[test]
fn slow_clients_do_not_block_others() {
    let (_host, port) = host();
    let request = format!("GET /all/0 HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    // Their answers fill the socket buffers and wait to be read.
    let mut lazy: Vec<Client> = (0..40).map(|_| Client::new(port)).collect();
    for client in &mut lazy {
        client.send_what_fits(&request);
    }
    let mut slow: Vec<Client> = (0..20).map(|_| Client::new(port)).collect();
    for client in &mut slow {
        client.send("GET / HTTP/1.1\r\nHost: loc");
    }
    // Connections within the limit are served at once, the others are refused, and no one waits for
    // them.
    let mut reported = 0;
    for _ in 0..200 {
        let mut client = Client::new(port);
        match client.send(&request).try_answer(true) {
            Ok(answer) => assert!([200, 503].contains(&answer.status), "{}", answer.status),
            // Surplus connections beyond the queue are closed.
            Err(_) => reported += 1,
        }
    }
    assert!(reported < 200);
    drop(slow);
    until("a seat, while nobody reads", || {
        let page = super::client::try_get(port, "/").ok()?;
        (page.status == 200).then_some(())
    });
    drop(lazy);
    until("all seats to be free", || {
        let mut clients: Vec<Client> = (0..60).map(|_| Client::new(port)).collect();
        clients
            .iter_mut()
            .all(|client| {
                let answer = client.send(&request).try_answer(true);
                answer.is_ok_and(|answer| answer.status == 200)
            })
            .then_some(())
    });
}

#[test]
fn many_clients_that_disconnect_cost_nothing() {
    let (mut host, port) = host();
    for number in 0..3_000 {
        let mut client = Client::new(port);
        match number % 3 {
            // Closed with an unread answer: a reset.
            0 => {
                client.send(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"));
                let _ = client.peek();
            }
            // A reset before any request.
            1 => client.reset_when_dropped(),
            _ => {
                client.send("GET / HT").stop_sending();
            }
        }
    }
    until("a free seat", || {
        let page = super::client::try_get(port, "/").ok()?;
        (page.status == 200).then_some(())
    });
    let threads = std::fs::read_dir(format!("/proc/{}/task", host.process()));
    if let Ok(threads) = threads {
        assert!(threads.count() < 80);
    }
    let log = std::fs::read_to_string(host.dir().join("url-notes.log")).unwrap_or_default();
    assert!(!log.contains("panic"), "{log}");
    // Neither its other work nor its exit is delayed.
    host.save("https://e.org/b", "Another page", &["gpu"]);
    assert!(host.end().success());
}

#[test]
fn answers_do_not_wait_for_each_other_on_the_wire() {
    let (_host, port) = host();
    let mut client = Client::new(port);
    let request = format!("GET /tag/gpu HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let mut times: Vec<Duration> = (0..49)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(client.send(&request).answer().status, 200);
            start.elapsed()
        })
        .collect();
    times.sort();
    // Nagle's algorithm with delayed acknowledgement would cost 40 ms each, on any computer.
    assert!(times[24] < Duration::from_millis(40), "{times:?}");
}

/// Used in title, tag, address, summary and excerpt.
const PAYLOADS: [&str; 24] = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/tracker.png)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "[a](https://e.org/\"onmouseover=\"alert(1))",
    "[a](https://e.org 'x\" onmouseover=\"alert(1)')",
    "```\"><script>alert(1)</script>\nx\n```",
    "|<b>|\n|-|\n|<script>|",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><script>alert(1)</script>-->",
    "<style>@import '//evil.example'</style>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
];

#[test]
fn hostile_notes_are_shown_as_text() {
    let mut host = TestHost::new();
    let port = host.site_port();
    let mut targets: Vec<String> = [
        "/",
        "/tags",
        "/all/0",
        "/all/1",
        "/search?q=alert",
        "/search?q=script",
    ]
    .map(String::from)
    .to_vec();
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let tag: String = payload
            .chars()
            .filter(|c| !c.is_control() && *c != ',')
            .collect();
        let saved = host.call(
            "saveNote",
            json!({
                "opId": op_id(), "url": format!("https://e.org/{number}/{payload}"), "title": payload,
                "tags": [tag], "summary": payload, "excerpt": payload, "siteName": payload,
                "lang": payload, "publishedAt": payload,
            }),
        );
        targets.push(format!("/note/{}", saved["note"]["id"]));
        let encoded: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        let segment = encoded.replace('+', "%20");
        targets.push(format!("/search?q={encoded}"));
        targets.push(format!("/tags?filter={encoded}"));
        targets.push(format!("/tag/{segment}"));
        targets.push(format!("/tag/x?with={encoded}"));
        targets.push(format!("/{segment}"));
    }
    for target in &targets {
        let answer = get(port, target);
        assert!(
            matches!(answer.status, 200 | 308 | 404),
            "{target}: {}",
            answer.status
        );
        if answer.header("Content-Type") == Some("text/html; charset=utf-8") {
            assert_harmless(&answer.body, target);
        }
        let policy = answer.header("Content-Security-Policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"),
            "{target}"
        );
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
    }
}

#[test]
fn an_address_that_would_run_is_shown_and_never_a_link() {
    let (host, port) = host();
    // As an import may bring them; a save from a browser is refused.
    let addresses = [
        "javascript:alert(1)",
        "JavaScript:alert(document.domain)//",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "about:blank",
        "ftp://e.org/",
    ];
    let now = url_notes::clock::now();
    let mut store = url_notes::store::Store::open(&host.dir().join("notes.db")).unwrap();
    let ids: Vec<i64> = store
        .write(now, |writer| {
            addresses
                .iter()
                .map(|address| {
                    let saved = writer.save_note(&url_notes::domain::NewNote {
                        url: url_notes::domain::PageUrl::parse(address)?,
                        title: String::new(),
                        tags: url_notes::domain::parse_tags(&["odd".to_owned()])?,
                        summary: format!("[x]({address})"),
                        metadata: url_notes::domain::Metadata::default(),
                        quote: None,
                        read: true,
                    })?;
                    Ok(saved.note.id.0)
                })
                .collect()
        })
        .unwrap();
    drop(store);
    for (address, id) in addresses.iter().zip(ids) {
        let shown = super::markup::escaped(address);
        for target in [
            format!("/note/{id}"),
            "/tag/odd".into(),
            "/all/0".into(),
            "/".into(),
        ] {
            let page = get(port, &target);
            assert_eq!(page.status, 200);
            assert!(page.body.contains(&shown), "{target}: {address}");
            assert!(
                !page.body.contains(&format!("href=\"{shown}")),
                "{target}: {address}"
            );
            assert_harmless(&page.body, &target);
        }
    }
}

#[test]
fn look_alike_and_reversed_names_are_distinguishable() {
    let (mut host, port) = host();
    // A Cyrillic а, and a name that would reverse the text around it, both unescaped.
    let address = "https://ex\u{430}mple.org/\u{202e}gpj.exe";
    let title = "Bank \u{202e}moc.knab\u{202c}\u{2066}";
    let saved = host.save(address, title, &["\u{202e}gat"]);
    assert_eq!(saved["note"]["url"], address);
    assert_eq!(saved["note"]["title"], title);
    let id = &saved["note"]["id"];
    for target in [format!("/note/{id}"), "/all/0".into()] {
        let page = get(port, &target).body;
        assert!(page.contains("<bdi>xn--exmple-4nf.org</bdi>"), "{page}");
        // A direction override ends with its own element.
        assert!(
            page.contains(&format!("<span class=\"apart\">{title}</span>")),
            "{page}"
        );
        assert_harmless(&page, &target);
    }
    let page = get(port, &format!("/note/{id}")).body;
    assert!(page.contains(&format!("<bdi>{address}</bdi>")), "{page}");
}

/// Fragments to insert into heads.
const PIECES: [&[u8]; 32] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%ff",
    b"%2e%2e/",
    b"?",
    b"&",
    b"=",
    b"#",
    b"/",
    b"//",
    b"\\",
    b";",
    b",",
    b"\"",
    b"*",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\x98\x80",
    b"Host: evil\r\n",
    b"Cookie: ",
    b"If-None-Match: ",
    b"Content-Length: 9\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"HTTP/9.9",
    b"+",
];

#[test]
fn whatever_bytes_come_are_answered_with_a_plain_page_or_not_at_all() {
    let (mut host, port) = host();
    let targets = TARGETS.map(str::to_owned);
    let odd = [
        "/tag/gpu?with=a&without=b&before=5",
        "/search?q=c%2B%2B&sort=relevance",
        "/all/007",
        "/tags?sort=name&filter=x",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    for _ in 0..1_500 {
        let target = match random.usize(0..targets.len() + odd.len()) {
            at if at < targets.len() => targets[at].as_str(),
            at => odd[at - targets.len()],
        };
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: a=b\r\nAccept: text/html\r\n\r\n"
        )
        .into_bytes();
        for _ in 0..random.usize(1..4) {
            // Mostly where the address and header names are.
            let at = random.usize(0..request.len());
            match random.u8(0..4) {
                0 => request[at] = random.u8(..),
                1 => drop(request.drain(at..(at + random.usize(0..9)).min(request.len()))),
                _ => drop(request.splice(at..at, random.choice(PIECES).unwrap().iter().copied())),
            }
        }
        let whole = request.windows(4).any(|bytes| bytes == b"\r\n\r\n");
        let mut client = Client::new(port);
        // Only the first answer counts; further ones on this connection answer the rest of the
        // input.
        match client.send_bytes(&request).stop_sending().try_answer(false) {
            Ok(answer) => {
                let status = answer.status;
                assert!(
                    [200, 308, 400, 404, 405, 413, 421, 431, 505].contains(&status),
                    "{status}: {}",
                    request.escape_ascii()
                );
                *statuses.entry(status).or_default() += 1;
                assert!(answer.header("Content-Type").is_some());
                assert!(answer.header("Content-Security-Policy").is_some());
            }
            Err(error) => assert!(!whole, "{error}: {}", request.escape_ascii()),
        }
    }
    // The attacks reached different kinds of refusals.
    for status in [200, 400, 404, 405, 413, 421] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
    assert!(host.end().success());
}
