//! `check-links`.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    process::Stdio,
    sync::{Arc, Mutex, mpsc},
};

use serde_json::Value;
use url_notes::{
    clock,
    domain::{LinkVerdict, Metadata, NewNote, NoteId, PageUrl},
    store::{Reader, Store},
};

use super::{
    Notes,
    server::{TestServer, redirect, response},
};

/// Saves pages, in one transaction.
fn save(notes: &Notes, urls: &[String]) -> Vec<NoteId> {
    let mut store = Store::open(&notes.path("notes.db")).unwrap();
    let saved = store.write(clock::now(), |writer| {
        let save = |url: &String| {
            let note = NewNote {
                url: PageUrl::parse(url)?,
                title: String::new(),
                tags: Vec::new(),
                summary: String::new(),
                metadata: Metadata::default(),
                quote: None,
                read: false,
            };
            Ok(writer.save_note(&note)?.note.id)
        };
        urls.iter().map(save).collect()
    });
    saved.unwrap()
}

fn reader(notes: &Notes) -> Reader {
    Reader::open(&notes.path("notes.db")).unwrap()
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

fn page(text: &str) -> String {
    response("200 OK", "Content-Type: text/html\r\n", text)
}

#[test]
fn links_are_checked_and_what_was_found_is_printed_and_kept() {
    let there = TestServer::start_at([127, 0, 0, 21].into(), |head, stream| {
        let text = match path_of(head) {
            "/old" => redirect("301 Moved Permanently", "/new"),
            "/robots.txt" => response("404 Not Found", "", ""),
            path if path.contains("no-such-page") => response("404 Not Found", "", ""),
            _ => page("<title>A page</title>"),
        };
        let _ = stream.write_all(text.as_bytes());
    });
    let missing = TestServer::start_at([127, 0, 0, 22].into(), |_, stream| {
        let _ = stream.write_all(response("404 Not Found", "", "").as_bytes());
    });
    let notes = Notes::new();
    let urls = [there.url("/old"), missing.url("/a")].map(|url| url.to_string());
    let ids = save(&notes, &urls);
    let counted = notes.prints(&["check-links", "--dry-run", "--allow-private"]);
    assert_eq!(counted, "2 pages would be asked for of 2 web sites.\n");
    assert_eq!(
        notes.prints(&["check-links", "--dry-run"]),
        "No page would be asked for.\n2 pages seem to be in private networks; to ask for them, use --allow-private.\n"
    );
    let private = notes.prints(&["check-links", "--again"]);
    assert!(private.contains("its address is private"), "{private}");
    assert!(private.ends_with("2 pages: 2 not asked for\n"), "{private}");
    assert_eq!((there.heads().len(), missing.heads().len()), (0, 0));

    // Those that were refused are due if they are allowed.
    let printed = notes.prints(&["check-links", "--allow-private"]);
    assert!(
        printed.contains(&format!("{}: moved to {}", urls[0], there.url("/new"))),
        "{printed}"
    );
    assert!(printed.contains("says that it isn't there"), "{printed}");
    assert!(
        printed.ends_with("2 pages: 1 moved, 1 failed and checked again soon\n"),
        "{printed}"
    );
    let link = reader(&notes).link(ids[0]).unwrap().unwrap();
    assert_eq!(link.verdict, LinkVerdict::Moved);
    assert_eq!(
        notes.prints(&["check-links", "--allow-private"]),
        "No page is due. To check pages again, use --again.\n"
    );

    let json = notes.prints(&[
        "check-links",
        "--again",
        "--allow-private",
        "--json",
        "url:a",
        "-tag:other",
    ]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(
        (&json[0]["verdict"], &json[0]["status"]),
        (&"ok".into(), &404.into())
    );
    assert_eq!(json[0]["result"], "checked");
    assert!(json[0]["failingSince"].is_string() && json[0]["dueAt"].is_string());
    // Nothing of addresses is in the log.
    let log = fs::read_to_string(notes.path("host.log")).unwrap_or_default();
    assert!(!log.contains("127.0.0."), "{log}");
}

#[test]
fn wrong_queries_and_a_second_run_are_refused() {
    let notes = Notes::new();
    save(&notes, &["https://e.org/".to_owned()]);
    let (_, sentence) = notes.fails(&["check-links", "is:odd"]);
    assert!(sentence.contains("“is:odd”"), "{sentence}");
    assert!(sentence.ends_with("Nothing was checked.\n"), "{sentence}");
    assert_eq!(
        notes.prints(&["check-links", "nothing", "here"]),
        "No note matches.\n"
    );
    let (_, sentence) = notes.fails(&["check-links", "is:deleted"]);
    assert!(sentence.contains("in the trash"), "{sentence}");
    assert_eq!(
        notes.run(&["check-links", "--limit", "0"]).status.code(),
        Some(2)
    );
    let lock = fs::File::create(notes.path("links.lock")).unwrap();
    lock.lock().unwrap();
    let (_, sentence) = notes.fails(&["check-links"]);
    assert!(sentence.contains("being checked already"), "{sentence}");
}

#[test]
fn without_a_network_one_sentence_says_so() {
    let notes = Notes::new();
    // Ports at which nothing listens.
    let urls: Vec<String> = (1..=4).map(|n| format!("http://127.0.0.3{n}:9/")).collect();
    let ids = save(&notes, &urls);
    let (printed, sentence) = notes.fails(&["check-links", "--allow-private"]);
    assert_eq!(printed, "4 more pages are due.\n");
    assert!(sentence.contains("Is this computer online?"), "{sentence}");
    assert_eq!(reader(&notes).link(ids[0]).unwrap(), None);
}

/// What the server was asked for, by address; and where it says how often.
type Asked = Arc<Mutex<HashMap<String, usize>>>;

/// Answers on all addresses of this computer, and sends the number of pages asked for so far.
fn crowd(asked: &Asked, count: mpsc::Sender<usize>) -> TestServer {
    let asked = asked.clone();
    TestServer::start_at(
        Ipv4Addr::UNSPECIFIED.into(),
        move |head, stream: &mut TcpStream| {
            let text = match path_of(head) {
                "/robots.txt" => response("404 Not Found", "", ""),
                // The program was killed while it asked.
                "" => return,
                path => {
                    let mut asked = asked.lock().unwrap();
                    *asked.entry(path.to_owned()).or_default() += 1;
                    let _ = count.send(asked.values().sum());
                    page("<title>A page</title>")
                }
            };
            let _ = stream.write_all(text.as_bytes());
        },
    )
}

/// `URL_NOTES_TORTURE=50` checks 10,000 links.
#[test]
fn torture_killed_checks_are_resumed_and_nothing_is_asked_twice_but_what_was_in_the_air() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how much to try is the tester's choice, no configuration of the program"
    )]
    let times: usize = std::env::var("URL_NOTES_TORTURE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let (links, kills) = (200 * times, 8 * times);
    let asked: Asked = Arc::default();
    let (send, count) = mpsc::channel();
    let server = crowd(&asked, send);
    let port = server.url("/").port().unwrap();
    let notes = Notes::new();
    // Each at a host of its own, since a host is asked once in five seconds.
    let urls: Vec<String> = (0..links)
        .map(|n| format!("http://127.{}.{}.1:{port}/{n}", 1 + n / 250, n % 250))
        .collect();
    let ids = save(&notes, &urls);
    let all = links.to_string();
    let arguments = ["check-links", "--allow-private", "--limit", &all];
    let mut lost = Vec::new();
    for _ in 0..kills {
        let before: usize = asked.lock().unwrap().values().sum();
        if before + links / kills >= links {
            break;
        }
        let mut child = notes
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = before + fastrand::usize(1..links / kills);
        while count.recv().is_ok_and(|done| done < until) {}
        child.kill().unwrap();
        child.wait().unwrap();
        let asked: usize = asked.lock().unwrap().len();
        let store = reader(&notes);
        let recorded = ids.iter().filter(|id| store.link(**id).unwrap().is_some());
        lost.push(asked - recorded.count());
    }
    let printed = notes.prints(&arguments);
    assert!(printed.contains(" there\n"), "{printed}");
    assert_eq!(
        notes.prints(&arguments),
        "No page is due. To check pages again, use --again.\n"
    );
    let asked = asked.lock().unwrap();
    let total: usize = asked.values().sum();
    eprintln!(
        "{links} links, {} kills: {total} requests, at most {} checks lost by a kill",
        lost.len(),
        lost.iter().max().unwrap()
    );
    assert_eq!(asked.len(), links);
    // Four hosts are asked at once, and one result is being recorded.
    assert!(lost.iter().all(|lost| *lost <= 5), "{lost:?}");
    assert!(total <= links + 5 * kills, "{total}");
    let store = reader(&notes);
    for id in ids {
        assert_eq!(store.link(id).unwrap().unwrap().verdict, LinkVerdict::Ok);
    }
}
