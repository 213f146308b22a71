//! `fetch`: the texts of pages that have none.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Mutex, mpsc},
};

use serde_json::Value;
use url_notes::{
    clock,
    config::Config,
    domain::{Metadata, NewNote, NoteId, PageUrl},
    store::{self, NewText, Store, TextSource},
};

use super::{
    Notes,
    server::{TestServer, redirect, response},
};

impl Notes {
    fn database(&self) -> PathBuf {
        self.path("notes.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.database()).unwrap()
    }

    /// Saves a page without a text.
    fn save(&self, url: &str, title: &str) -> NoteId {
        let new = NewNote {
            url: PageUrl::parse(url).unwrap(),
            title: title.into(),
            tags: Vec::new(),
            summary: String::new(),
            metadata: Metadata::default(),
            quote: None,
            read: false,
        };
        let saved = self
            .store()
            .write(clock::now(), |writer| writer.save_note(&new));
        saved.unwrap().note.id
    }

    fn text(&self, id: NoteId) -> Option<String> {
        self.store().text(id).unwrap().map(|text| text.markdown)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn page(title: &str) -> String {
    let words = "Some words of the page. ".repeat(10);
    let html = format!(
        "<html lang=en><title>{title}</title><meta name=description content='About {title}'>
         <main><h1>{title}</h1><p>{words}</main>"
    );
    response("200 OK", "Content-Type: text/html\r\n", &html)
}

fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// Returns the arguments of a run that may ask the servers of a test.
fn fetch<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["fetch"];
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.3",
        "127.0.0.4",
        "127.0.0.5",
    ] {
        arguments.extend(["--allow-private", host]);
    }
    arguments.extend(more);
    arguments
}

#[test]
fn a_note_without_a_text_gets_it_from_its_page() {
    let server = TestServer::always(page("The page"));
    let notes = Notes::new();
    let id = notes.save(server.url("/page").as_str(), "");
    let printed = notes.prints(&fetch(&[]));
    assert_eq!(printed, "The page: 52 words\n1 page, 1 text.\n");
    let markdown = notes.text(id).unwrap();
    assert!(
        markdown.starts_with("# The page\n\nSome words"),
        "{markdown}"
    );
    let store = notes.store();
    let summary = store.text_summary(id).unwrap().unwrap();
    assert_eq!((summary.source, summary.whole), (TextSource::Fetch, true));
    let note = store.note(id).unwrap().unwrap();
    assert_eq!(note.title, "The page");
    assert_eq!(note.metadata.excerpt.as_deref(), Some("About The page"));
    assert_eq!(note.metadata.lang.as_deref(), Some("en"));
    let printed = notes.prints(&fetch(&[]));
    assert_eq!(printed, "There is no matching note without a text.\n");
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn only_the_notes_of_a_query_are_fetched_newest_first() {
    let server = TestServer::always(page("The page"));
    let notes = Notes::new();
    let ids: Vec<NoteId> = (0..4)
        .map(|n| {
            notes.save(
                server.url(&format!("/page/{n}")).as_str(),
                &format!("Title {n}"),
            )
        })
        .collect();
    notes.save("mailto:somebody@e.org", "Title 9");
    let listed = notes.prints(&fetch(&["--dry-run", "title:title", "-3", "--limit", "2"]));
    let url = |n: usize| server.url(&format!("/page/{n}"));
    assert_eq!(
        listed,
        format!(
            "Title 2: {}\nTitle 1: {}\n2 pages would be asked for. 1 more note has no text.\n",
            url(2),
            url(1)
        )
    );
    assert_eq!(server.heads(), [""; 0]);
    let fetched = notes.json(&fetch(&["--limit", "1", "title:title", "-3"]));
    assert_eq!(fetched.as_array().unwrap().len(), 1);
    assert_eq!(fetched[0]["id"], ids[2].0);
    assert_eq!(
        (&fetched[0]["result"], &fetched[0]["words"]),
        (&"kept".into(), &52.into())
    );
    assert_eq!(fetched[0]["problem"], Value::Null);
    assert!(notes.text(ids[2]).is_some() && notes.text(ids[3]).is_none());
    for (query, sentence) in [
        (
            "is:deleted",
            "The pages of notes in the trash aren't fetched.",
        ),
        ("before:yesteryear", "Nothing was fetched."),
    ] {
        let (_, said) = notes.fails(&fetch(&[query]));
        assert!(said.contains(sentence), "{said}");
    }
    assert_eq!(notes.run(&["fetch", "--limit", "0"]).status.code(), Some(2));
}

#[test]
fn a_page_without_a_text_is_named_and_not_asked_for_again_at_once() {
    let server = TestServer::start(|_, stream| {
        send(stream, &response("404 Not Found", "", ""));
    });
    let good = TestServer::start_at([127, 0, 0, 2].into(), |_, stream| {
        send(stream, &page("Good"));
    });
    let notes = Notes::new();
    let id = notes.save(server.url("/page").as_str(), "Bad\u{1b}[31m");
    notes.save(good.url("/page").as_str(), "Good");
    let (printed, sentence) = notes.fails(&fetch(&[]));
    let mut lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.pop(), Some("2 pages, 1 text, 1 without one."));
    lines.sort_unstable();
    assert!(
        lines[0].ends_with(": The page isn't there any more."),
        "{printed}"
    );
    assert!(!printed.contains('\u{1b}'), "{printed:?}");
    assert_eq!(lines[1], "Good: 51 words");
    assert_eq!(
        sentence,
        "url-notes: A page gave no text. To see it again, run `url-notes fetch --problems`.\n"
    );
    let printed = notes.prints(&fetch(&[]));
    assert_eq!(
        printed,
        "No page is due. 1 page gave no text lately; to ask for it now, use --again.\n"
    );
    assert_eq!(server.heads().len(), 1);
    let known = notes.json(&["fetch", "--problems"]);
    assert_eq!(
        (&known[0]["id"], &known[0]["problem"]),
        (&id.0.into(), &"not_found".into())
    );
    assert!(known[0]["nextAt"].as_str() > known[0]["triedAt"].as_str());
    assert!(
        notes
            .prints(&["fetch", "--problems"])
            .ends_with(": The page isn't there any more.\n")
    );
    let (printed, _) = notes.fails(&fetch(&["--again"]));
    assert!(
        printed.ends_with("1 page, 0 texts, 1 without one.\n"),
        "{printed}"
    );
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn private_addresses_are_refused_unless_their_host_is_named() {
    let server = TestServer::always(page("The page"));
    let notes = Notes::new();
    let id = notes.save(server.url("/page").as_str(), "Own");
    let (printed, _) = notes.fails(&["fetch", "--allow-private", "wiki.intern"]);
    assert!(
        printed.contains("leads into a private network"),
        "{printed}"
    );
    assert!(printed.contains("--allow-private HOST"), "{printed}");
    assert_eq!(server.heads(), [""; 0]);
    // It is due at once.
    notes.prints(&["fetch", "--allow-private", "127.0.0.1"]);
    assert!(notes.text(id).is_some());
    let (_, sentence) = notes.fails(&["fetch", "--allow-private", "a b"]);
    assert_eq!(sentence, "url-notes: \"a b\" isn't the name of a host.\n");
}

#[test]
fn user_name_and_password_are_neither_sent_nor_printed() {
    let server = TestServer::always(response("401 Unauthorized", "", ""));
    let notes = Notes::new();
    let mut url = server.url("/page");
    url.set_username("somebody").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    notes.save(url.as_str(), "");
    let listed = notes.prints(&fetch(&["--dry-run"]));
    let (printed, sentence) = notes.fails(&fetch(&[]));
    assert!(printed.contains("The page asks for a login."), "{printed}");
    let known = notes.prints(&["fetch", "--problems"]);
    let json = notes.json(&["fetch", "--problems"]).to_string();
    let heads = server.heads().concat();
    assert!(heads.starts_with("GET /page "), "{heads}");
    for text in [listed, printed, sentence, known, json, heads] {
        for secret in ["somebody", "hunter2", "uthorization"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn undoing_an_import_removes_notes_whose_texts_were_downloaded() {
    let server = TestServer::always(page("The page"));
    let notes = Notes::new();
    let run = |arguments: &[&str]| {
        let folder = notes.path("").display().to_string();
        let all = [&["url-notes", "--data-dir", &folder], arguments].concat();
        let argv = all.iter().map(std::ffi::OsString::from).collect();
        let config = Config::load(Some(&notes.path(""))).unwrap();
        let mut out = Vec::new();
        let arguments = url_notes::cli::Arguments::read(argv).unwrap();
        arguments.run(config, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let file = notes.path("list.txt");
    fs::write(&file, server.url("/page").as_str()).unwrap();
    run(&["import", file.to_str().unwrap()]);
    notes.prints(&fetch(&[]));
    let before = notes.store().counts().unwrap().notes;
    run(&["import", "--undo"]);
    assert_eq!((before, notes.store().counts().unwrap().notes), (1, 0));
    assert_eq!(notes.store().text_stats().unwrap().texts, 0);
    assert!(!store::check(&notes.database()).unwrap().is_damaged());
}

#[test]
fn a_text_that_was_removed_stays_away_and_never_means_never() {
    let server = TestServer::always(page("The page"));
    let notes = Notes::new();
    let id = notes.save(server.url("/page").as_str(), "Title");
    notes.prints(&fetch(&[]));
    notes
        .store()
        .write(clock::now(), |writer| writer.remove_text(id))
        .unwrap();
    for more in [&[][..], &["--again"]] {
        notes.prints(&fetch(more));
        assert_eq!(notes.text(id), None);
    }
    assert_eq!(server.heads().len(), 1);
    let known = notes.json(&["fetch", "--problems"]);
    assert_eq!(known[0]["problem"], "removed");
    assert_eq!(known[0]["nextAt"], Value::Null);
    notes.configure("keep-text = \"never\"\n");
    let (_, sentence) = notes.fails(&fetch(&[]));
    assert_eq!(
        sentence,
        "url-notes: No text is downloaded, because keep-text is \"never\" in config.toml.\n"
    );
}

#[test]
fn a_note_that_changes_meanwhile_keeps_what_it_has() {
    for change in ["delete", "move", "click"] {
        let (asked, is_asked) = mpsc::channel();
        let (answer, may_answer) = mpsc::channel::<()>();
        let may_answer = Mutex::new(may_answer);
        let server = TestServer::start(move |_, stream| {
            asked.send(()).unwrap();
            may_answer.lock().unwrap().recv().unwrap();
            send(stream, &page("The page"));
        });
        let notes = Notes::new();
        let id = notes.save(server.url("/page").as_str(), "Title");
        let run = notes
            .command(&fetch(&["--json"]))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        is_asked.recv().unwrap();
        let now = clock::now();
        let seen = NewText::new("seen", now, TextSource::Click, true).unwrap();
        let other = PageUrl::parse("https://e.org/other").unwrap();
        notes
            .store()
            .write(now, |writer| match change {
                "delete" => writer.delete_note(id).map(drop),
                "move" => writer.change_address(id, &other).map(drop),
                _ => writer.put_text(id, &seen, false).map(drop),
            })
            .unwrap();
        answer.send(()).unwrap();
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success());
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed[0]["result"], "skipped", "{change}");
        let expected = (change == "click").then_some("seen");
        assert_eq!(notes.text(id).as_deref(), expected, "{change}");
        assert!(!store::check(&notes.database()).unwrap().is_damaged());
    }
}

#[test]
fn many_pages_are_asked_for_only_as_robots_txt_allows() {
    let server = TestServer::start(|head, stream| {
        let answer = match path_of(head) {
            "/robots.txt" => response("200 OK", "", "User-agent: *\nDisallow: /private/\n"),
            _ => page("The page"),
        };
        send(stream, &answer);
    });
    let notes = Notes::new();
    let open = notes.save(server.url("/open").as_str(), "Open");
    for n in 0..20 {
        notes.save(
            server.url(&format!("/private/{n}")).as_str(),
            &format!("Page {n}"),
        );
    }
    let (printed, _) = notes.fails(&fetch(&[]));
    assert!(
        printed.contains("Page 7: The web site doesn't allow programs"),
        "{printed}"
    );
    assert!(
        printed.ends_with("21 pages, 1 text, 20 without one.\n"),
        "{printed}"
    );
    assert!(notes.text(open).is_some());
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn two_runs_do_not_download_at_the_same_time() {
    let (asked, is_asked) = mpsc::channel();
    let (answer, may_answer) = mpsc::channel::<()>();
    let may_answer = Mutex::new(may_answer);
    let server = TestServer::start(move |_, stream| {
        asked.send(()).unwrap();
        may_answer.lock().unwrap().recv().unwrap();
        send(stream, &page("The page"));
    });
    let notes = Notes::new();
    notes.save(server.url("/page").as_str(), "Title");
    let first = notes
        .command(&fetch(&[]))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    let (_, sentence) = notes.fails(&fetch(&[]));
    assert_eq!(
        sentence,
        "url-notes: Texts are being downloaded already. Run this again when that is done.\n"
    );
    // What asks for nothing can run.
    notes.prints(&fetch(&["--dry-run"]));
    answer.send(()).unwrap();
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.stdout, b"Title: 52 words\n1 page, 1 text.\n");
}

/// Servers of which each answers after it was asked and then released.
struct Held {
    servers: Vec<TestServer>,
    is_asked: mpsc::Receiver<usize>,
}

impl Held {
    fn start(count: u8) -> Self {
        let (asked, is_asked) = mpsc::channel();
        let servers = (1..=count)
            .map(|n| {
                let asked = asked.clone();
                TestServer::start_at([127, 0, 0, n].into(), move |_, stream| {
                    let _ = asked.send(usize::from(n));
                    send(stream, &page("The page"));
                })
            })
            .collect();
        Self { servers, is_asked }
    }
}

/// Starts a run, and ends it by a signal once a number of pages was asked for.
fn interrupted(notes: &Notes, held: &Held, requests: usize, end: impl Fn(&mut Child)) {
    let mut run = notes
        .command(&fetch(&[]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..requests {
        held.is_asked.recv().unwrap();
    }
    end(&mut run);
    run.wait().unwrap();
    // Requests that were on their way.
    while held.is_asked.try_recv().is_ok() {}
}

#[test]
fn a_run_that_was_killed_is_continued_and_keeps_what_it_had() {
    let notes = Notes::new();
    let held = Held::start(5);
    let ids: Vec<NoteId> = held
        .servers
        .iter()
        .map(|server| notes.save(server.url("/page").as_str(), "Title"))
        .collect();
    for requests in [1, 2, 1, 3] {
        let left = ids.iter().filter(|id| notes.text(**id).is_none()).count();
        if left < requests {
            break;
        }
        let kept = |notes: &Notes| -> Vec<Option<String>> {
            ids.iter().map(|id| notes.text(*id)).collect()
        };
        let before = kept(&notes);
        interrupted(&notes, &held, requests, |run| run.kill().unwrap());
        assert!(!store::check(&notes.database()).unwrap().is_damaged());
        for (before, after) in before.iter().zip(kept(&notes)) {
            assert!(before.is_none() || *before == after);
        }
    }
    notes.run(&fetch(&[]));
    for id in &ids {
        assert!(notes.text(*id).unwrap().starts_with("# The page"));
    }
    assert!(!store::check(&notes.database()).unwrap().is_damaged());
    // Pages with a text aren't asked for again.
    let asked: usize = held.servers.iter().map(|server| server.heads().len()).sum();
    notes.prints(&fetch(&[]));
    let after: usize = held.servers.iter().map(|server| server.heads().len()).sum();
    assert_eq!(after, asked);
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_keeps_what_is_done() {
    let notes = Notes::new();
    let held = Held::start(2);
    // The second host redirects to a page that doesn't come.
    let (release, end) = mpsc::channel::<()>();
    let end = Mutex::new(end);
    let (asked, is_asked) = mpsc::channel();
    let slow = TestServer::start_at([127, 0, 0, 3].into(), move |_, stream| {
        asked.send(()).unwrap();
        let _ = end.lock().unwrap().recv();
        send(stream, &redirect("302 Found", "/"));
    });
    let done = notes.save(held.servers[0].url("/page").as_str(), "Title");
    let open = notes.save(slow.url("/page").as_str(), "Title");
    let mut run = notes
        .command(&fetch(&[]))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    // Its line is printed once it is stored.
    let mut line = String::new();
    let mut out = std::io::BufReader::new(run.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(line, "Title: 52 words\n");
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(!run.wait().unwrap().success());
    assert!(notes.text(done).is_some() && notes.text(open).is_none());
    drop(release);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_with_a_sentence_and_loses_nothing() {
    let server = TestServer::start(|_, stream| {
        let words: String = (0..60_000_u32)
            .map(|n| format!("word{} ", n.wrapping_mul(2_654_435_761)))
            .collect();
        let html = format!("<title>The page</title><p>{words}");
        send(
            stream,
            &response("200 OK", "Content-Type: text/html\r\n", &html),
        );
    });
    let notes = Notes::new();
    let id = notes.save(server.url("/page").as_str(), "Title");
    let program = notes.command(&[]).get_program().to_owned();
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\""])
        .arg(program)
        .args(fetch(&[]))
        .env_clear()
        .env("URL_NOTES_DATA_DIR", notes.path(""))
        .output()
        .unwrap();
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.contains("disk"), "{sentence}");
    let begin = "url-notes: The run ended after 0 of 1 pages, whose results are kept: ";
    assert!(sentence.starts_with(begin), "{sentence}");
    assert_eq!(notes.text(id), None);
    assert!(!store::check(&notes.database()).unwrap().is_damaged());
    notes.prints(&fetch(&[]));
    assert!(notes.text(id).is_some());
}

#[test]
fn the_log_of_downloads_never_has_addresses_or_titles() {
    let server = TestServer::always(page("Secret-title"));
    let notes = Notes::new();
    notes.configure("log-level = \"trace\"\n");
    notes.save(server.url("/secret-path").as_str(), "Secret note");
    notes.prints(&fetch(&[]));
    drop(server);
    notes.save("http://127.0.0.2:1/secret", "Secret note");
    notes.fails(&fetch(&[]));
    let log = fs::read_to_string(notes.path("url-notes.log")).unwrap_or_default();
    for secret in ["secret", "Secret", "127.0.0.1", "127.0.0.2"] {
        assert!(!log.contains(secret), "{log}");
    }
}
