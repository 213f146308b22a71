//! Checks of links against a server with faults, over weeks of a clock that tests set.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use url_notes::{
    domain::{LinkVerdict, NewNote, PageUrl},
    store::{NewText, TextSource},
};

use super::*;
use crate::{
    fetch::test_names::fetcher_with_names,
    test_server::{TestServer, redirect, response},
};

/// Looks up a name on a day: all are this computer, except those that begin with `nowhere`, and
/// those that begin with `lost` on the first day.
fn look_up(host: &str, day: i64) -> Option<Ipv4Addr> {
    if host.starts_with("nowhere") || host.starts_with("lost") && day < 1 {
        return None;
    }
    Some(match host.starts_with("router") {
        true => Ipv4Addr::new(127, 0, 0, 9),
        false => Ipv4Addr::LOCALHOST,
    })
}

/// Notes, and a clock by which days pass.
struct World {
    _dir: TempDir,
    store: Store,
    begin: Timestamp,
    day: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&dir.path().join("notes.db")).unwrap(),
            _dir: dir,
            begin: "2026-05-03T10:00:00Z".parse().unwrap(),
            day: Arc::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.begin + SignedDuration::from_hours(24 * self.day.load(Ordering::Relaxed))
    }

    /// Saves a page, with its text if there is one.
    fn save(&mut self, url: &str, text: Option<&str>) -> NoteId {
        let new = NewNote {
            url: PageUrl::parse(url).unwrap(),
            title: "A page".into(),
            tags: Vec::new(),
            summary: String::new(),
            metadata: url_notes::domain::Metadata::default(),
            quote: None,
            read: false,
        };
        let now = self.now();
        let saved = self.store.write(now, |writer| {
            let id = writer.save_note(&new)?.note.id;
            if let Some(text) = text {
                let text = NewText::new(text, now, TextSource::Click, true)?;
                writer.put_text(id, &text, false)?;
            }
            Ok(id)
        });
        saved.unwrap()
    }

    /// Checks what is due today.
    fn check(&mut self) -> (End, Vec<CheckedOutput>) {
        self.check_with(false)
    }

    fn check_with(&mut self, obeys_robots: bool) -> (End, Vec<CheckedOutput>) {
        let day = self.day.clone();
        let fetcher = fetcher_with_names(move |host| look_up(host, day.load(Ordering::Relaxed)));
        let now = self.now();
        let reader = Reader::open(&self._dir.path().join("notes.db")).unwrap();
        let asker = Asker::new(&fetcher, reader, false, obeys_robots);
        let links = self
            .store
            .links_to_check(None, false, now, usize::MAX)
            .unwrap();
        let controls = self.store.links_that_answered(CONTROLS).unwrap();
        let mut outputs = Vec::new();
        let end = Run {
            fetcher: &fetcher,
            asker: &asker,
            store: &mut self.store,
            now: &|| now,
            controls,
        }
        .check(links, |checked| {
            outputs.push(CheckedOutput::of(&checked));
            Ok(())
        });
        (end.unwrap(), outputs)
    }

    fn verdict(&self, id: NoteId) -> Option<LinkVerdict> {
        self.store.link(id).unwrap().map(|link| link.verdict)
    }

    fn next_day(&self) {
        self.day.fetch_add(1, Ordering::Relaxed);
    }
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// Returns the name by which a server is asked, without its port.
fn host_in(head: &str) -> &str {
    let lines = head.lines();
    let mut hosts = lines.filter_map(|line| line.split_once(": "));
    let host = hosts.find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = host.map_or("", |(_, host)| host);
    host.split(':').next().unwrap_or_default()
}

fn html(title: &str, text: &str) -> String {
    let page = format!("<!doctype html><title>{title}</title><main>{text}</main>");
    response(
        "200 OK",
        "Content-Type: text/html; charset=utf-8\r\n",
        &page,
    )
}

/// Returns a hundred words that no other topic has.
fn words(topic: &str) -> String {
    (0..100).map(|at| format!("{topic}word{at} ")).collect()
}

fn gzip_bomb() -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::best());
    zip.write_all(b"<title>A page</title>").unwrap();
    for _ in 0..640 {
        zip.write_all(&[b' '; 16 * 1024]).unwrap();
    }
    zip.finish().unwrap()
}

/// The pages that are there: what goes wrong, and what may be said of them.
const LIVE: [(&str, &[LinkVerdict]); 41] = {
    use LinkVerdict::{Moved, Ok, Unreachable, Walled};
    [
        ("plain", &[Ok]),
        ("404-once", &[Ok]),
        ("404-for-six-days", &[Ok]),
        ("500-for-a-day", &[Ok]),
        ("down-for-a-day", &[Ok]),
        ("lost-for-a-day", &[Ok]),
        ("nowhere", &[Unreachable]),
        ("no-tls", &[Unreachable]),
        ("login", &[Walled]),
        ("login-at-front", &[Walled]),
        ("consent", &[Walled]),
        ("challenge-403", &[Walled]),
        ("challenge-503", &[Walled]),
        ("challenge-200", &[Walled]),
        ("busy", &[Walled]),
        ("loop", &[Walled]),
        ("304", &[Walled]),
        ("cut", &[Ok]),
        ("wrong-charset", &[Ok]),
        ("empty", &[Ok]),
        ("bomb", &[Ok]),
        ("same-title", &[Ok]),
        ("app", &[Ok]),
        ("app-without-text", &[Ok]),
        ("long-menu", &[Ok]),
        ("pdf", &[Ok]),
        ("image", &[Ok]),
        ("refresh", &[Ok]),
        ("206", &[Ok]),
        ("moved", &[Moved]),
        ("www", &[Moved]),
        ("soft-host", &[Ok]),
        ("status-999", &[Walled]),
        ("network-login", &[Walled]),
        ("login-abroad", &[Walled]),
        ("login-here", &[Walled, Ok]),
        ("private-404", &[Walled]),
        ("app-with-front", &[Ok]),
        ("down-for-six-days", &[Ok]),
        ("down-or-busy", &[Ok, Walled]),
        ("moved-for-short-text", &[Ok, Moved]),
    ]
};

/// The pages that are lost, and what is said of them after a while.
const LOST: [(&str, LinkVerdict); 10] = [
    ("gone-404", LinkVerdict::Gone),
    ("gone-410", LinkVerdict::Gone),
    ("gone-soft-title", LinkVerdict::Soft),
    ("gone-soft-text", LinkVerdict::Soft),
    ("gone-to-front", LinkVerdict::Soft),
    ("gone-sold", LinkVerdict::Soft),
    ("gone-down", LinkVerdict::Unreachable),
    ("gone-between-429", LinkVerdict::Gone),
    ("gone-to-home", LinkVerdict::Soft),
    ("gone-parked", LinkVerdict::Soft),
];

/// Answers as the web site whose name begins with the fault.
#[expect(clippy::too_many_lines, reason = "a line for each fault")]
fn answer(head: &str, day: i64, stream: &mut TcpStream) {
    let (host, path) = (host_in(head), path_of(head));
    let host = host.strip_prefix("www.").unwrap_or(host);
    let is_www = host_in(head) != host;
    let fault = host.split('.').nth(1).unwrap_or_default();
    let is_page = path.starts_with("/page");
    let there = || html(&format!("Page {path}"), &words(path.trim_matches('/')));
    let missing = || {
        response(
            "404 Not Found",
            "Content-Type: text/html\r\n",
            "no such page",
        )
    };
    let port = head
        .split("ost: ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .and_then(|host| host.rsplit(':').next())
        .unwrap_or_default();
    let shell = || html("An app", &words("shell"));
    let text = match fault {
        // Whatever the address.
        "app" | "app-without-text" => shell(),
        "gone-down" => return,
        "gone-404" => missing(),
        "gone-410" => response("410 Gone", "", ""),
        "gone-sold" => match path {
            "/for-sale" => html("This name is for sale", &words("sale")),
            _ => redirect("301 Moved Permanently", "/for-sale"),
        },
        "gone-between-429" => match day {
            5..14 => response("429 Too Many Requests", "Retry-After: 30\r\n", ""),
            _ => missing(),
        },
        "gone-to-home" => match path.starts_with("/home") {
            true => html("Welcome", &words("home")),
            false => redirect("301 Moved Permanently", &format!("/home?ref={path}")),
        },
        "gone-parked" => match path.starts_with("/?domain") {
            true => html("This name is for sale", &words("sale")),
            false => redirect(
                "301 Moved Permanently",
                &format!("http://park.gone-parked.test:{port}/?domain={host}&from={path}"),
            ),
        },
        "gone-to-front" => match path {
            "/" => html("The front page", &words("front")),
            _ => redirect("302 Found", "/"),
        },
        "gone-soft-title" => html("Seite nicht gefunden", &words("sorry")),
        "gone-soft-text" => match path {
            "/" => html("The front page", &words("front")),
            _ => html("An old web site", &words("sorry")),
        },
        "soft-host" => match is_page {
            true => there(),
            false => html("An old web site", &words("sorry")),
        },
        "login" => match path.starts_with("/login") {
            true => html("Welcome", "<input type=password>"),
            false => redirect("302 Found", &format!("/login?next={path}")),
        },
        "login-at-front" => match path {
            "/" => html(
                "Welcome",
                "<form><input name=a><input type=\"password\"></form>",
            ),
            _ => redirect("302 Found", "/"),
        },
        "login-abroad" => match path.starts_with("/anmelden") {
            true => html("Willkommen", "Kennwort <input type=password>"),
            false => redirect("301 Moved Permanently", &format!("/anmelden?ziel={path}")),
        },
        "login-here" if is_page => html("Welcome", "Hello <input type=password>"),
        "private-404" => missing(),
        "status-999" => response("999 Request denied", "", ""),
        "network-login" => response("511 Network Authentication Required", "", ""),
        "app-with-front" => match path {
            "/" => html("The front page", &words("front")),
            _ => html(
                "An app",
                &format!(
                    "<nav>{}</nav><div id=root></div><script src=/app.js></script>",
                    words("menu")
                ),
            ),
        },
        "down-or-busy" => match day % 3 {
            0 => response("503 Service Unavailable", "Retry-After: 30\r\n", ""),
            _ => return,
        },
        "consent" => match path.starts_with("/consent") {
            true => html("Your privacy", &words("consent")),
            false => redirect("302 Found", "/consent/collect"),
        },
        "challenge-403" => response(
            "403 Forbidden",
            "Server: cloudflare\r\n",
            "<title>Just a moment...</title>",
        ),
        "challenge-503" => response(
            "503 Service Unavailable",
            "",
            "<title>Just a moment...</title>",
        ),
        "challenge-200" => html("Attention Required! | Cloudflare", &words("captcha")),
        "busy" => response("429 Too Many Requests", "Retry-After: 30\r\n", ""),
        "loop" => redirect("302 Found", &format!("{path}x")),
        _ if !is_page => missing(),
        "404-once" if day < 1 => missing(),
        "404-for-six-days" if day < 6 => missing(),
        "500-for-a-day" if day < 1 => response("500 Internal Server Error", "", ""),
        "down-for-a-day" if day < 1 => return,
        "down-for-six-days" if day < 6 => return,
        "moved-for-short-text" if !path.ends_with("-new") => {
            redirect("301 Moved Permanently", &format!("{path}-new"))
        }
        "moved-for-short-text" => html("A page", "short"),
        "304" => "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned(),
        "cut" => there().replace("Content-Length: ", "Content-Length: 9"),
        "wrong-charset" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-16\r\nConnection: close\r\n\r\n<title>caf\xe9 \xff</title>\xfe\xff");
            return;
        }
        "empty" => response("200 OK", "Content-Type: text/html\r\n", ""),
        "bomb" => {
            let bomb = gzip_bomb();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                bomb.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&bomb);
            return;
        }
        "same-title" => html("My web site", &words(path.trim_matches('/'))),
        "long-menu" => html(
            "Shop",
            &format!(
                "{}<p>{}",
                words("menu").repeat(80),
                words(path.trim_matches('/'))
            ),
        ),
        "pdf" => response(
            "200 OK",
            "Content-Type: application/pdf\r\n",
            "%PDF-1.7 404 not found",
        ),
        "image" => response("200 OK", "Content-Type: image/png\r\n", "\u{89}PNG"),
        "refresh" => html(
            "Redirecting",
            "<meta http-equiv=refresh content='0; url=/page-new'>",
        ),
        "206" => there().replace("200 OK", "206 Partial Content"),
        "moved" if !path.ends_with("-new") => {
            redirect("301 Moved Permanently", &format!("{path}-new"))
        }
        "moved" => html(
            "A page",
            &words(path.trim_start_matches('/').trim_end_matches("-new")),
        ),
        "www" if !is_www => redirect(
            "301 Moved Permanently",
            &format!("http://www.{host}:{port}{path}"),
        ),
        _ => there(),
    };
    let _ = stream.write_all(text.as_bytes());
}

/// Names with the fault as their second part; the first one decides what the names lead to.
fn name_of(fault: &str, number: usize) -> String {
    let first = match fault {
        "nowhere" => "nowhere",
        "lost-for-a-day" => "lost",
        _ => "site",
    };
    format!("{first}{}.{fault}.test", number % 4)
}

#[test]
fn of_656_pages_with_41_faults_none_is_called_gone_and_lost_ones_are() {
    const OF_EACH: usize = 16;
    let mut world = World::new();
    let day = world.day.clone();
    let server = TestServer::start(move |head, stream| {
        answer(head, day.load(Ordering::Relaxed), stream);
    });
    let port = server.url("/").port().unwrap();
    let mut live = Vec::new();
    for (fault, allowed) in LIVE {
        for number in 0..OF_EACH {
            let scheme = if fault == "no-tls" { "https" } else { "http" };
            let user = if fault == "private-404" {
                "me:pass@"
            } else {
                ""
            };
            let name = name_of(fault, number);
            let url = format!("{scheme}://{user}{name}:{port}/page{number}");
            // Half of them have a text.
            let text = words(&format!("page{number}"));
            let is_kept = fault != "app-without-text" && number % 2 == 0;
            live.push((fault, allowed, world.save(&url, is_kept.then_some(&*text))));
        }
    }
    let mut lost = Vec::new();
    for (fault, expected) in LOST {
        for number in 0..4 {
            let url = format!("http://{}:{port}/page{number}", name_of(fault, number));
            let text = words(&format!("page{number}"));
            let is_kept = number < 2 || !matches!(fault, "gone-to-home" | "gone-parked");
            lost.push((fault, expected, world.save(&url, is_kept.then_some(&*text))));
        }
    }
    let mut asked = 0;
    for _ in 0..20 {
        let (end, outputs) = world.check();
        assert_eq!(end, End::Done);
        asked += outputs.len();
        world.next_day();
    }
    let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut false_gone, mut false_other) = (0, 0);
    for (fault, allowed, id) in &live {
        let verdict = world.verdict(*id).unwrap();
        if !allowed.contains(&verdict) {
            *wrong.entry(fault).or_default() += 1;
        }
        if !allowed.contains(&verdict) {
            false_gone += usize::from(matches!(verdict, LinkVerdict::Gone | LinkVerdict::Soft));
            false_other += usize::from(matches!(
                verdict,
                LinkVerdict::Moved | LinkVerdict::Unreachable
            ));
        }
    }
    let missed: Vec<_> = lost
        .iter()
        .filter(|(_, expected, id)| world.verdict(*id) != Some(*expected))
        .map(|(fault, ..)| fault)
        .collect();
    eprintln!(
        "{} pages with {} faults: {false_gone} falsely lost, {false_other} falsely moved or unreachable, {} of {} lost ones missed, {asked} checks, {} requests",
        live.len(),
        LIVE.len(),
        missed.len(),
        lost.len(),
        server.heads().len(),
    );
    assert_eq!(wrong, BTreeMap::new());
    assert_eq!(missed, [&""; 0]);
    // The goal is at most 0.5 %.
    assert_eq!((false_gone, false_other), (0, 0));
    for head in server.heads() {
        let head = head.to_ascii_lowercase();
        for unwanted in ["cookie", "referer", "authorization"] {
            assert!(!head.contains(unwanted), "{head}");
        }
    }
}

#[test]
fn a_host_is_asked_for_one_made_up_address() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| answer(head, 0, stream));
    let port = server.url("/").port().unwrap();
    for number in 0..6 {
        let text = words("other");
        world.save(
            &format!("http://s.gone-soft-text.test:{port}/page{number}"),
            Some(&text),
        );
    }
    world.check();
    let heads = server.heads();
    let made_up = heads
        .iter()
        .filter(|head| path_of(head).contains("no-such-page"));
    assert_eq!(made_up.count(), 1);
    assert_eq!(heads.len(), 6 + 2);
}

#[test]
fn without_a_network_no_page_becomes_unreachable() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| answer(head, 0, stream));
    let port = server.url("/").port().unwrap();
    // Never before was there an answer.
    let down: Vec<NoteId> = (0..5)
        .map(|number| world.save(&format!("http://nowhere{number}.test/a"), None))
        .collect();
    for _ in 0..4 {
        let (end, outputs) = world.check();
        assert_eq!((end, outputs.len()), (End::NoNetwork, 0));
        world.next_day();
    }
    assert_eq!(world.verdict(down[0]), None);
    // One that answers shows that the others are down.
    let there = world.save(&format!("http://s.plain.test:{port}/page"), None);
    let (end, outputs) = world.check();
    assert_eq!((end, outputs.len()), (End::Done, 6));
    assert_eq!(world.verdict(there), Some(LinkVerdict::Ok));
    // Now only the others are due, and the one that answered is asked again.
    for _ in 0..7 {
        world.next_day();
        let (end, outputs) = world.check();
        assert_eq!((end, outputs.len()), (End::Done, 5));
    }
    assert_eq!(world.verdict(down[0]), Some(LinkVerdict::Unreachable));
    let asked = server.heads();
    assert_eq!(asked.len(), 8, "{asked:?}");
}

#[test]
fn private_addresses_and_passwords_are_not_sent_and_a_verdict_stays() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| answer(head, 0, stream));
    let port = server.url("/").port().unwrap();
    let id = world.save(
        &format!("http://me:secret@s.plain.test:{port}/page#part"),
        None,
    );
    let router = world.save("http://router.test/", None);
    let literal = world.save("http://192.168.0.1/", None);
    let (_, outputs) = world.check();
    assert_eq!(world.verdict(id), Some(LinkVerdict::Ok));
    for refused in [router, literal] {
        assert_eq!(world.verdict(refused), None);
        let output = outputs.iter().find(|output| output.id == refused.0);
        let line = output.unwrap().line(&TimeZone::UTC).unwrap();
        assert!(line.contains("its address is private"), "{line}");
    }
    let json = serde_json::to_string(&outputs).unwrap();
    assert!(!json.contains("secret"), "{json}");
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.starts_with("get /page http"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    // Not at each run.
    let (_, outputs) = world.check();
    assert_eq!(outputs.len(), 0);
}

#[test]
fn robots_txt_is_obeyed_in_long_runs_and_a_host_without_an_answer_is_down() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| {
        let text = match path_of(head) {
            "/robots.txt" => response("200 OK", "", "User-agent: *\nDisallow: /private"),
            _ => html("A page", ""),
        };
        let _ = stream.write_all(text.as_bytes());
    });
    let port = server.url("/").port().unwrap();
    let open = world.save(&format!("http://a.test:{port}/open"), None);
    let closed = world.save(&format!("http://a.test:{port}/private"), None);
    let down = world.save("http://nowhere.test/", None);
    let (end, outputs) = world.check_with(true);
    assert_eq!(end, End::Done);
    assert_eq!(world.verdict(open), Some(LinkVerdict::Ok));
    assert_eq!(world.verdict(closed), None);
    let link = world.store.link(down).unwrap().unwrap();
    assert_eq!(link.failures.unwrap().count, 1);
    let closed = outputs.iter().find(|output| output.id == closed.0).unwrap();
    assert_eq!(closed.result, "robots");
    assert!(
        !server
            .heads()
            .iter()
            .any(|head| path_of(head) == "/private")
    );
}

#[test]
fn a_host_that_asks_to_wait_is_left_alone_and_its_pages_are_due_later() {
    let mut world = World::new();
    let server = TestServer::always(response(
        "503 Service Unavailable",
        "Retry-After: 7200\r\n",
        "",
    ));
    let port = server.url("/").port().unwrap();
    for number in 0..5 {
        world.save(&format!("http://a.test:{port}/{number}"), None);
    }
    let (_, outputs) = world.check();
    assert_eq!(server.heads().len(), 1);
    let busy = outputs.iter().filter(|output| output.result == "busy");
    assert_eq!(busy.count(), 4);
    assert_eq!(world.check().1.len(), 0);
    world.next_day();
    assert_eq!(world.check().1.len(), 5);
}

#[test]
fn what_a_page_said_before_stays_if_its_note_changes_during_the_run() {
    let mut world = World::new();
    let server = TestServer::always(html("A page", ""));
    let id = world.save(server.url("/a").as_str(), None);
    let links = world
        .store
        .links_to_check(None, false, world.now(), 1)
        .unwrap();
    let other = PageUrl::parse("https://e.org/").unwrap();
    let now = world.now();
    world
        .store
        .write(now, |writer| writer.change_address(id, &other))
        .unwrap();
    assert_eq!(links[0].id, id);
    let check = url_notes::store::LinkCheck {
        verdict: LinkVerdict::Gone,
        status: Some(404),
        final_url: None,
        failures: None,
        due_at: now,
    };
    let recorded = world
        .store
        .write(now, |writer| writer.record_link(id, &links[0].url, &check));
    assert!(!recorded.unwrap());
    assert_eq!(world.verdict(id), None);
}

#[test]
fn copies_are_asked_for_only_of_pages_that_are_gone_and_without_secrets() {
    let mut world = World::new();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = asked.clone();
    let archive = TestServer::start(move |head, stream| {
        let path = path_of(head).to_owned();
        kept.lock().unwrap().push(path.clone());
        let body = match path.contains("none") {
            true => r#"{"url": "x", "archived_snapshots": {}}"#.to_owned(),
            false => r#"{"archived_snapshots": {"closest": {"status": "200", "available": true, "timestamp": "20260101000000", "url": "http://web.archive.org/web/20260101000000/https://e.org/gone"}}}"#.to_owned(),
        };
        let text = response("200 OK", "Content-Type: application/json\r\n", &body);
        let _ = stream.write_all(text.as_bytes());
    });
    let ids = [
        "https://e.org/there",
        "https://e.org/gone#x",
        "https://e.org/none",
        "https://e.org/gone?access_token=4f3a9b7c2d1e8f6a5b4c3d2e1f0a9b8c",
        "https://me:pass@e.org/gone/too",
    ]
    .map(|url| world.save(url, None));
    let now = world.now();
    for (at, id) in ids.into_iter().enumerate() {
        let check = url_notes::store::LinkCheck {
            verdict: match at {
                0 => LinkVerdict::Ok,
                _ => LinkVerdict::Gone,
            },
            status: Some(404),
            final_url: None,
            failures: None,
            due_at: now,
        };
        let url = world.store.note(id).unwrap().unwrap().url;
        world
            .store
            .write(now, |writer| writer.record_link(id, &url, &check))
            .unwrap();
    }
    let fetcher = fetcher_with_names(|host| look_up(host, 0));
    let links = world.store.links_without_archive(None, 100).unwrap();
    assert_eq!(links.len(), 4);
    let few = archive::within(1, links.iter().rev().cloned().collect());
    let few: Vec<NoteId> = few.iter().map(|link| link.id).collect();
    assert_eq!(few, [ids[2], ids[4], ids[3]], "secrets don't count");
    let endpoint = archive.url("/wayback/available");
    let said = archive_all(
        &fetcher,
        &endpoint,
        false,
        &mut world.store,
        &links,
        &mut [],
    );
    assert_eq!(
        said.unwrap(),
        "The Wayback Machine has copies of 1 of 2 pages that are gone. The Wayback Machine wasn't asked for 2 pages with a private address, a password or an access token."
    );
    let asked = asked.lock().unwrap().clone();
    assert_eq!(
        asked[0],
        "/wayback/available?url=https%3A%2F%2Fe.org%2Fgone&timestamp=20260503100000"
    );
    assert_eq!(asked.len(), 2);
    let copy = world.store.link(ids[1]).unwrap().unwrap().archive_url;
    assert_eq!(
        copy.as_deref(),
        Some("https://web.archive.org/web/20260101000000/https://e.org/gone")
    );
    // What isn't a copy there is no copy.
    let evil = TestServer::always(response(
        "200 OK",
        "",
        r#"{"archived_snapshots": {"closest": {"available": true, "url": "javascript:alert(1)"}}}"#,
    ));
    let odd = ["200 OK", "404 Not Found"].map(|status| response(status, "", "<html>"));
    let [html, missing] = odd.map(TestServer::always);
    for server in [evil, html, missing] {
        let said = archive_all(
            &fetcher,
            &server.url("/"),
            false,
            &mut world.store,
            &links[..1],
            &mut [],
        );
        assert_eq!(
            said.unwrap(),
            "The Wayback Machine gave no clear answer for 1 page."
        );
    }
    // One that can't be asked now is asked for no page more.
    for (status, cause) in [
        ("429 Too Many Requests", "status 429"),
        ("502 Bad Gateway", "status 502"),
    ] {
        let busy = TestServer::always(response(status, "", ""));
        let said = archive_all(
            &fetcher_with_names(|host| look_up(host, 0)),
            &busy.url("/"),
            false,
            &mut world.store,
            &links,
            &mut [],
        );
        assert!(said.unwrap_err().to_string().contains(cause));
        assert_eq!(busy.heads().len(), 1);
    }
    let nowhere = Url::parse("http://nowhere.test/").unwrap();
    let said = archive_all(&fetcher, &nowhere, false, &mut world.store, &links, &mut []);
    let error = format!("{:#}", said.unwrap_err());
    assert_eq!(error.matches("host").count(), 1, "{error}");
    // Nothing was asked for.
    let said = archive_all(
        &fetcher,
        &nowhere,
        false,
        &mut world.store,
        &links[2..],
        &mut [],
    );
    assert_eq!(
        said.unwrap(),
        "The Wayback Machine wasn't asked for 2 pages with a private address, a password or an access token."
    );
}

#[test]
fn two_pages_without_an_answer_are_not_recorded_if_nothing_answers() {
    let mut world = World::new();
    let down = ["http://nowhere1.test/", "https://nowhere2.test/"].map(|url| world.save(url, None));
    let (end, outputs) = world.check();
    assert_eq!((end, outputs.len()), (End::NoNetwork, 0));
    assert_eq!(down.map(|id| world.verdict(id)), [None; 2]);
}

/// Records a page as there, so that it shows whether there is a network.
fn answered(world: &mut World, url: &str) {
    let id = world.save(url, None);
    let now = world.now();
    let check = url_notes::store::LinkCheck {
        verdict: LinkVerdict::Ok,
        status: Some(200),
        final_url: None,
        failures: None,
        due_at: now + SignedDuration::from_hours(24 * 80),
    };
    let url = world.store.note(id).unwrap().unwrap().url;
    let recorded = world
        .store
        .write(now, |writer| writer.record_link(id, &url, &check));
    assert!(recorded.unwrap());
}

#[test]
fn pages_that_may_not_be_asked_for_do_not_show_that_there_is_no_network() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| answer(head, 0, stream));
    let port = server.url("/").port().unwrap();
    answered(&mut world, "http://192.168.0.1/");
    answered(&mut world, "https://router.test/");
    world.save(&format!("http://s.plain.test:{port}/page"), None);
    let down: Vec<NoteId> = (0..3)
        .map(|number| world.save(&format!("http://nowhere{number}.test/a"), None))
        .collect();
    let (end, _) = world.check();
    assert_eq!(end, End::Done);
    assert_eq!(world.verdict(down[0]), Some(LinkVerdict::Ok));
}

#[test]
fn answers_without_tls_show_no_network_if_pages_with_tls_answered_before() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| answer(head, 0, stream));
    let port = server.url("/").port().unwrap();
    // As a network does that asks for a login first.
    answered(&mut world, "https://nowhere-secure.test/");
    answered(&mut world, &format!("http://t.plain.test:{port}/page"));
    let there = world.save(&format!("http://s.plain.test:{port}/page"), None);
    let down = world.save("https://nowhere1.test/", None);
    let (end, outputs) = world.check();
    assert_eq!((end, outputs.len()), (End::NoNetwork, 1));
    assert_eq!(world.verdict(there), Some(LinkVerdict::Ok));
    assert_eq!(world.verdict(down), None);
}

#[test]
fn a_redirect_to_a_private_address_has_a_sentence_of_its_own() {
    let mut world = World::new();
    let server = TestServer::always(redirect("301 Moved Permanently", "http://router.test/"));
    world.save(server.url("/a").as_str(), None);
    let (_, outputs) = world.check();
    assert_eq!(outputs[0].result, "private_address");
    let line = outputs[0].line(&TimeZone::UTC).unwrap();
    assert!(line.contains("it redirects to a private address"), "{line}");
}

#[test]
fn days_are_those_of_the_time_zone() {
    let mut world = World::new();
    world.begin = "2026-05-03T23:30:00Z".parse().unwrap();
    let server = TestServer::always(response("404 Not Found", "", ""));
    world.save(server.url("/a").as_str(), None);
    let (_, outputs) = world.check();
    let east = TimeZone::fixed(jiff::tz::offset(9));
    for (zone, day) in [(TimeZone::UTC, "10 May 2026"), (east, "11 May 2026")] {
        let line = outputs[0].line(&zone).unwrap();
        assert!(line.contains(day), "{line}");
    }
}

#[test]
fn a_target_with_an_access_token_is_not_shown() {
    let mut world = World::new();
    let server = TestServer::start(|head, stream| {
        let text = match path_of(head) {
            "/a" => redirect(
                "301 Moved Permanently",
                "/b?access_token=4f3a9b7c2d1e8f6a5b4c3d2e1f0a9b8c",
            ),
            path if path.starts_with("/b") => html("A page", ""),
            _ => response("404 Not Found", "", ""),
        };
        let _ = stream.write_all(text.as_bytes());
    });
    let id = world.save(server.url("/a").as_str(), None);
    let (_, outputs) = world.check();
    assert_eq!(world.verdict(id), Some(LinkVerdict::Ok));
    assert_eq!(outputs[0].final_url, None);
    assert_eq!(outputs[0].line(&TimeZone::UTC), None);
}
