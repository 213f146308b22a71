//! `gist`, against a fake model.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use serde_json::{Value, json};
use url_notes::{
    clock,
    domain::{Metadata, NewNote, Note, NoteId, PageUrl, parse_tags},
    store::{GistProblem, GistSelection, NewText, Reader, Store, TextSource},
};

use super::{
    Notes,
    server::{TestServer, body, redirect, response},
};

impl Notes {
    /// Saves a page, with its text unless that is empty.
    fn page(&self, number: usize, title: &str, text: &str, lang: Option<&str>) -> NoteId {
        let mut store = store_of(self);
        let new = NewNote {
            url: PageUrl::parse(&format!("https://pages.example/{number}")).unwrap(),
            title: title.into(),
            tags: parse_tags(&["rust", "cooking", "travel", "機械学習"]).unwrap(),
            summary: String::new(),
            metadata: Metadata {
                lang: lang.map(str::to_owned),
                ..Metadata::default()
            },
            quote: None,
            read: true,
        };
        let now = clock::now();
        store
            .write(now, |writer| {
                let id = writer.save_note(&new)?.note.id;
                if !text.is_empty() {
                    let text = NewText::new(text, now, TextSource::Click, true)?;
                    writer.put_text(id, &text, true)?;
                }
                Ok(id)
            })
            .unwrap()
    }

    fn pages(&self, count: usize) -> Vec<NoteId> {
        (0..count)
            .map(|number| self.page(number, &format!("Page {number}"), "Bread rises.", None))
            .collect()
    }

    fn model(&self, server: &TestServer, more: &str) {
        self.configure(&format!(
            "[model]\nurl = \"{}\"\nname = \"bread:4b\"\n{more}",
            server.url("/v1")
        ));
    }

    fn summary(&self, id: NoteId) -> Option<String> {
        let gist = store_of(self).gist(id).unwrap();
        gist.map(|gist| gist.text)
    }
}

fn store_of(notes: &Notes) -> Store {
    Store::open(&notes.path("notes.db")).unwrap()
}

fn json_of(notes: &Notes, arguments: &[&str]) -> Value {
    serde_json::from_slice(&notes.run(arguments).stdout).unwrap()
}

fn all_notes(store: &Reader) -> Vec<Note> {
    store.latest_notes(None, 1000).unwrap()
}

/// Reads a question to the model.
fn question(head: &str, stream: &mut TcpStream) -> Value {
    serde_json::from_slice(&body(head, stream)).unwrap()
}

/// Returns the response in which a model writes this.
fn writes(content: &str) -> String {
    let body = json!({
        "choices": [{ "message": { "content": content }, "finish_reason": "stop" }],
    });
    response(
        "200 OK",
        "Content-Type: application/json\r\n",
        &body.to_string(),
    )
}

fn good() -> String {
    writes("{\"summary\": \"Bread rises.\", \"tags\": [\"cooking\"]}")
}

/// Starts a model that answers each request by a function of its body and its number.
fn model(answer: impl Fn(&Value, usize) -> String + Send + Sync + 'static) -> TestServer {
    let count = AtomicUsize::new(0);
    TestServer::start(move |head, stream| {
        let asked = question(head, stream);
        let answer = answer(&asked, count.fetch_add(1, Ordering::SeqCst));
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn without_a_model_a_sentence_says_what_to_write() {
    let notes = Notes::new();
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(sentence.contains("No model is set up."), "{sentence}");
    assert!(sentence.contains("config.toml: [model]"), "{sentence}");
    assert!(
        sentence.contains("url = \"http://localhost:11434/v1\""),
        "{sentence}"
    );
}

#[test]
fn the_newest_notes_are_summarised_and_nothing_of_the_notes_changes() {
    let server = model(|_, _| good());
    let notes = Notes::new();
    notes.model(&server, "");
    let ids = notes.pages(3);
    let unread = notes.page(9, "Nothing to read", "", None);
    let before = all_notes(&store_of(&notes));
    let printed = notes.prints(&["gist", "--limit", "2"]);
    assert_eq!(
        printed,
        "Page 2\n    Bread rises.\n    Tags that fit: cooking\n\
         Page 1\n    Bread rises.\n    Tags that fit: cooking\n\
         2 summaries by bread:4b. 1 more note is due. 1 note has neither a text nor a description, \
         so there is nothing to send.\n"
    );
    assert_eq!(all_notes(&store_of(&notes)), before);
    assert_eq!((notes.summary(ids[0]), notes.summary(unread)), (None, None));
    let gist = store_of(&notes).gist(ids[2]).unwrap().unwrap();
    assert_eq!(
        (gist.text.as_str(), gist.maker.as_str()),
        ("Bread rises.", "bread:4b")
    );
    assert!(!gist.is_outdated);
    assert_eq!(gist.tags, parse_tags(&["cooking"]).unwrap());
    // The next run goes on where this one ended.
    let rest = json_of(&notes, &["gist", "--json"]);
    assert_eq!(
        (&rest[0]["id"], rest.as_array().unwrap().len()),
        (&ids[0].0.into(), 1)
    );
    assert_eq!(
        (&rest[0]["result"], &rest[0]["text"]),
        (&"made".into(), &"Bread rises.".into())
    );
    assert_eq!(json_of(&notes, &["gist", "--json"]), json!([]));
    assert_eq!(server.heads().len(), 3);
    let sentence = notes.prints(&["gist", &unread.0.to_string()]);
    assert!(
        sentence.starts_with("1 note has neither a text"),
        "{sentence}"
    );
}

#[test]
fn what_is_sent_is_the_page_its_language_and_own_tags() {
    let sent: &'static Mutex<Vec<Value>> = Box::leak(Box::default());
    let server = model(|asked, _| {
        sent.lock().unwrap().push(asked.clone());
        good()
    });
    let notes = Notes::new();
    notes.model(&server, "max-chars = 500");
    let long = format!(
        "{}\n\n{}",
        "Brot geht auf. ".repeat(30),
        "Ende. ".repeat(30)
    );
    let id = notes.page(1, "Brot", &long, Some("de"));
    let private = "My own words.";
    store_of(&notes)
        .write(clock::now(), |writer| {
            let change = url_notes::domain::Change {
                summary: Some(private.into()),
                ..Default::default()
            };
            writer.update_note(id, change)
        })
        .unwrap();
    notes.prints(&["gist"]);
    let sent = sent.lock().unwrap();
    let text = sent[0].to_string();
    assert!(!text.contains(private) && !text.contains("Ende."), "{text}");
    for part in [
        "Title: Brot",
        "https://pages.example/1",
        "\\\"de\\\"",
        "機械学習",
        "Brot geht auf.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let names =
        &sent[0]["response_format"]["json_schema"]["schema"]["properties"]["tags"]["items"]["enum"];
    assert_eq!(names.as_array().unwrap().len(), 4);
}

#[test]
fn a_dry_run_sends_nothing() {
    let server = model(|_, _| good());
    let notes = Notes::new();
    notes.model(&server, "");
    notes.pages(2);
    let printed = notes.prints(&["gist", "--dry-run"]);
    assert!(
        printed.starts_with(
            "Page 1: 12 characters\nPage 0: 12 characters\n2 notes would be sent to 127.0.0.1:"
        ),
        "{printed}"
    );
    assert_eq!(
        json_of(&notes, &["gist", "--dry-run", "--json"])[0]["result"],
        "due"
    );
    assert_eq!(server.heads(), Vec::<String>::new());
}

#[test]
fn notes_are_chosen_by_id_query_and_tag() {
    let server = model(|_, _| good());
    let notes = Notes::new();
    notes.model(&server, "");
    let ids = notes.pages(4);
    let chosen = |arguments: &[&str]| -> Vec<Value> {
        let output = json_of(
            &notes,
            &[&["gist", "--json", "--dry-run"], arguments].concat(),
        );
        output
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["id"].clone())
            .collect()
    };
    let id = ids[1].0.to_string();
    assert_eq!(chosen(&[&id]), [ids[1].0]);
    assert_eq!(chosen(&["https://pages.example/2"]), [ids[2].0]);
    assert_eq!(chosen(&["--query", "title:2"]), [ids[2].0]);
    assert_eq!(chosen(&["--tag", "rust", "--limit", "1"]), [ids[3].0]);
    assert_eq!(chosen(&["--tag", "none"]), Vec::<Value>::new());
    let (_, sentence) = notes.fails(&["gist", "--query", "before:x"]);
    assert!(sentence.contains("Nothing was sent."), "{sentence}");
    let (_, sentence) = notes.fails(&["gist", "7"]);
    assert_eq!(sentence, "url-notes: There is no note with the id 7.\n");
    notes.prints(&["gist", &id]);
    assert_eq!(chosen(&[&id]), Vec::<Value>::new());
    assert_eq!(chosen(&[&id, "--again"]), [ids[1].0]);
}

#[test]
fn a_day_has_a_limit_of_its_own() {
    let server = model(|_, _| good());
    let notes = Notes::new();
    notes.model(&server, "per-day = 2\nper-run = 9");
    notes.pages(4);
    let printed = notes.prints(&["gist"]);
    assert!(
        printed.ends_with(
            "2 summaries by bread:4b. 2 more notes are due.\n\
             The model was asked 2 times today, the most that per-day in [model] allows.\n"
        ),
        "{printed}"
    );
    let output = notes.run(&["gist", "--json"]);
    assert_eq!(
        (output.status.code(), output.stdout),
        (Some(0), b"[]\n".into())
    );
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(
        sentence.contains("most that per-day in [model] allows."),
        "{sentence}"
    );
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn another_computer_is_asked_only_with_permission() {
    let notes = Notes::new();
    let id = notes.pages(1)[0];
    let configure = |url: &str, more: &str| {
        notes.configure(&format!("[model]\nurl = \"{url}\"\nname = \"m\"\n{more}"));
    };
    configure("https://model.invalid/v1", "");
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("model.invalid is another computer. If"),
        "{sentence}"
    );
    configure("http://192.0.2.1/v1", "remote = true");
    let (_, sentence) = notes.fails(&["gist", "--yes"]);
    assert!(sentence.contains("must begin with https://"), "{sentence}");
    configure("https://model.invalid/v1", "remote = true");
    let (_, sentence) = notes.fails(&["gist"]);
    assert_eq!(
        sentence,
        "url-notes: Title, address, text and language of 1 note, with up to 60 of your tags, will be \
         sent to model.invalid. To allow it, use --yes.\n"
    );
    let (_, sentence) = notes.fails(&["gist", "--yes"]);
    assert!(
        sentence.contains("model.invalid: The name of the host can't be found."),
        "{sentence}"
    );
    assert_eq!(notes.summary(id), None);
}

#[test]
fn a_key_is_sent_and_never_printed() {
    let server = TestServer::start(|head, stream| {
        body(head, stream);
        let answer = match head.to_ascii_lowercase().contains("bearer sk-secret") {
            true => good(),
            false => response("401 Unauthorized", "", "{\"error\": \"sk-secret\"}"),
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let notes = Notes::new();
    notes.model(&server, "");
    notes.pages(1);
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("asks for a key (status 401)"),
        "{sentence}"
    );
    notes.model(&server, "key-file = \"key\"");
    let key = notes.path("key");
    fs::write(&key, "sk-wrong\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("Other users can read the key file"),
        "{sentence}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (output, sentence) = notes.fails(&["gist"]);
    assert!(sentence.contains("doesn't accept the key"), "{sentence}");
    assert!(!format!("{output}{sentence}").contains("sk-"));
    fs::write(&key, "sk-secret\n").unwrap();
    notes.prints(&["gist"]);
    let log = fs::read_to_string(notes.path("url-notes.log")).unwrap_or_default();
    assert!(
        !log.contains("sk-") && !log.contains("pages.example"),
        "{log}"
    );
}

#[test]
fn faults_of_the_server_end_the_run_and_leave_the_notes_due() {
    let missing = "{\"error\": {\"message\": \"model 'bread:4b' not found\"}}";
    for (answer, expected) in [
        (
            response("404 Not Found", "", missing),
            "For Ollama, run `ollama pull bread:4b`.",
        ),
        (
            response("404 Not Found", "", "404 page not found"),
            "It usually ends with /v1.",
        ),
        (
            response("403 Forbidden", "", ""),
            "asks for a key (status 403)",
        ),
        (response("429 Too Many", "", ""), "Try again later."),
        (
            response("418 Teapot", "", ""),
            "refuses the request (status 418)",
        ),
        (
            redirect("302 Found", "https://evil.example/"),
            "which isn't followed",
        ),
    ] {
        let server = model(move |_, _| answer.clone());
        let notes = Notes::new();
        notes.model(&server, "");
        notes.pages(2);
        let (_, sentence) = notes.fails(&["gist"]);
        assert!(sentence.contains(expected), "{sentence}");
        let due = store_of(&notes).due_gists(GistSelection {
            among: None,
            again: false,
            limit: 9,
        });
        assert_eq!(due.unwrap().ids.len(), 2, "{expected}");
    }
    // Nobody is there.
    let notes = Notes::new();
    notes.model(&TestServer::always(""), "");
    notes.pages(2);
    let (printed, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("Is Ollama, or another server with a model, running?"),
        "{sentence}"
    );
    assert!(
        printed.ends_with("0 summaries by bread:4b, 1 failed. 2 notes are still due.\n"),
        "{printed}"
    );
}

#[test]
fn three_failures_in_a_row_end_the_run() {
    for (answer, is_recorded) in [
        (response("500 Oh", "", ""), false),
        (response("200 OK", "", "<html>"), false),
        (writes("I can't."), true),
    ] {
        let server = model(move |_, number| match number {
            1 => good(),
            _ => answer.clone(),
        });
        let notes = Notes::new();
        notes.model(&server, "");
        notes.pages(9);
        let (printed, sentence) = notes.fails(&["gist"]);
        assert!(
            sentence.contains("Stopped after 3 failures in a row."),
            "{sentence}"
        );
        let becomes = match is_recorded {
            true => {
                "4 notes have no summary. The next runs leave them out; --again asks once more."
            }
            false => "The server failed for 4 notes, which stay due.",
        };
        assert!(sentence.ends_with(&format!("{becomes}\n")), "{sentence}");
        let due_now = match is_recorded {
            true => "4 more notes are due.",
            false => "8 notes are still due.",
        };
        assert!(printed.contains(due_now), "{printed}");
        assert!(
            printed.contains("1 summary by bread:4b, 4 failed."),
            "{printed}"
        );
        assert_eq!(server.heads().len(), 5);
        let due = store_of(&notes).due_gists(GistSelection {
            among: None,
            again: false,
            limit: 9,
        });
        // What was recorded is left out by the next run.
        assert_eq!(due.unwrap().ids.len(), if is_recorded { 4 } else { 8 });
    }
}

#[test]
fn a_note_that_the_server_refuses_is_left_out_by_later_runs() {
    let reason = json!({ "error": {
        "message": format!("The request exceeds the context\u{1b}[2J size.\n{}", "x".repeat(500)),
    } });
    for (answer, requests, expected) in [
        (
            response("400 Bad", "", &reason.to_string()),
            2,
            "To send less of each text, lower max-chars in [model].",
        ),
        (
            response("413 Large", "", ""),
            2,
            "(status 413). To send less of each text",
        ),
        (
            response("422 No", "", "{\"detail\": \"I can't.\"}"),
            6,
            "refuses the request (status 422): \"I can't.\".",
        ),
        (
            response("400 Bad", "", "<html>"),
            6,
            "refuses the request (status 400).",
        ),
    ] {
        let server = model(move |asked, _| match asked.to_string().contains("Page 1") {
            true => answer.clone(),
            false => good(),
        });
        let notes = Notes::new();
        notes.model(&server, "");
        let ids = notes.pages(2);
        let output = notes.run(&["gist", "--json"]);
        let done: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&done[0]["problem"], &done[1]["result"]),
            (&json!("refused"), &json!("made"))
        );
        let message = done[0]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        assert!(
            message.chars().count() < 350 && !message.contains(char::is_control),
            "{message}"
        );
        assert_eq!(server.heads().len(), requests + 1);
        assert_eq!(
            (notes.summary(ids[1]), notes.summary(ids[0])),
            (None, Some("Bread rises.".into()))
        );
        assert_eq!(json_of(&notes, &["gist", "--json"]), json!([]));
        assert_eq!(server.heads().len(), requests + 1);
    }
}

#[test]
fn a_text_that_is_too_long_is_sent_in_half() {
    let server = model(|asked, _| {
        let text = asked["messages"][1]["content"].as_str().unwrap();
        // The schema is sent again: it wasn't the cause.
        match text.len() < 2500 && asked.get("response_format").is_some() {
            true => good(),
            false => response("400 Bad", "", "maximum context length"),
        }
    });
    let notes = Notes::new();
    notes.model(&server, "");
    let id = notes.page(1, "Long", &"Bread rises. ".repeat(300), None);
    notes.prints(&["gist"]);
    assert_eq!(notes.summary(id).as_deref(), Some("Bread rises."));
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn a_fault_in_the_settings_of_the_model_is_named() {
    let notes = Notes::new();
    notes.configure("[model]\nurl = \"http://localhost:1/v1\"\nname = \"m\"\nmax-char = 7\n");
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("[model] isn't used: unknown field `max-char`"),
        "{sentence}"
    );
    assert!(
        sentence.contains("No model is asked until that is mended in"),
        "{sentence}"
    );
    let output = notes.run(&["gist", "--limit", "0"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_answer_that_cant_be_used_is_named_and_the_others_go_on() {
    let cut = json!({ "choices": [{
        "message": { "content": "{\"summary\": \"Bread" }, "finish_reason": "length",
    }] });
    let large = format!("{{\"choices\": [], \"x\": \"{}\"}}", "x".repeat(10 << 20));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let half =
        "{\"choices\": [{\"message\": {\"content\": \"{\\\"summary\\\": \\\"In parts.\\\"}\"}}]}";
    let (one, two) = half.split_at(20);
    let chunks = format!(
        "{chunked}{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    for (answer, problem) in [
        (writes("Bread is a food."), "unusable"),
        (writes(""), "unusable"),
        (writes("{\"summary\": [1]}"), "unusable"),
        (response("200 OK", "", "{\"choices\": []}"), "unusable"),
        (response("200 OK", "", &cut.to_string()), "cut_off"),
        (response("200 OK", "", &large), "too_large"),
        (chunks, ""),
    ] {
        let server = model(move |_, number| match number {
            0 => answer.clone(),
            _ => good(),
        });
        let notes = Notes::new();
        notes.model(&server, "");
        notes.pages(2);
        let done = json_of(&notes, &["gist", "--json"]);
        assert_eq!(done[0]["problem"].as_str().unwrap_or_default(), problem);
        assert_eq!(done[1]["result"], "made", "{problem}");
    }
    // Bytes that aren't UTF-8.
    let server = TestServer::start(|head, stream| {
        body(head, stream);
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(b"{\"choices\": [{\"message\": {\"content\": \"\xc3\x28\"}}]}");
    });
    let notes = Notes::new();
    notes.model(&server, "");
    notes.pages(1);
    let done = json_of(&notes, &["gist", "--json"]);
    let sentence = done[0]["message"].as_str().unwrap();
    assert!(
        sentence.contains("isn't that of an OpenAI-compatible interface"),
        "{sentence}"
    );
}

#[test]
fn a_model_that_never_answers_is_given_up() {
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let server = TestServer::start(move |head, stream| {
        body(head, stream);
        let _ = held.lock().unwrap().recv();
    });
    let notes = Notes::new();
    notes.model(&server, "timeout = 1");
    let id = notes.pages(1)[0];
    let done = json_of(&notes, &["gist", "--json"]);
    assert_eq!(done[0]["problem"], GistProblem::TooSlow.name());
    assert_eq!(
        done[0]["message"],
        "The answer took longer than 1 s, the timeout in [model]."
    );
    drop(hold);
    assert_eq!(notes.summary(id), None);
}

#[test]
fn servers_that_know_less_are_asked_more_simply() {
    let server = model(|asked, _| {
        if asked.get("response_format").is_some() {
            return response("400 Bad Request", "", "response_format isn't supported");
        }
        if asked.get("max_tokens").is_some() {
            // It repeats the question, whose words aren't the reason.
            let reason = json!({ "detail": [{ "msg": "Not permitted", "input": "a context" }] });
            return response("422 Unprocessable", "", &reason.to_string());
        }
        good()
    });
    let notes = Notes::new();
    notes.model(&server, "");
    notes.pages(3);
    notes.prints(&["gist"]);
    // What the server understood is remembered within the run.
    assert_eq!(server.heads().len(), 5);
}

#[test]
fn thoughts_and_invented_tags_are_left_out() {
    let server = model(|_, _| {
        writes(
            "<think>rust?</think>{\"summary\": \"Bread rises.\", \"tags\": [\"Rust\", \"bread\", \"dough\"]}",
        )
    });
    let notes = Notes::new();
    notes.model(&server, "");
    notes.pages(1);
    let printed = notes.prints(&["gist"]);
    assert!(
        printed.starts_with(
            "Page 0\n    Bread rises.\n    Tags that fit: rust; 2 invented tags left out\n"
        ),
        "{printed}"
    );
}

#[test]
fn whatever_a_page_demands_nothing_changes_but_a_marked_summary() {
    let pages = include_str!("../fixtures/model/hostile-pages.json");
    let pages: Vec<Value> = serde_json::from_str(pages).unwrap();
    assert_eq!(pages.len(), 44);
    let obeyed = pages.clone();
    // This model does what the page says.
    let server = model(move |asked, _| {
        let material = asked["messages"][1]["content"].as_str().unwrap();
        let page = obeyed.iter().find(|page| {
            material.contains(&format!("Title: {}\n", page["title"].as_str().unwrap()))
        });
        writes(page.unwrap()["obeys"].as_str().unwrap())
    });
    let notes = Notes::new();
    notes.model(&server, "");
    for (number, page) in pages.iter().enumerate() {
        let part = |name: &str| page[name].as_str().unwrap();
        notes.page(number, part("title"), part("text"), None);
    }
    let store = store_of(&notes);
    let before = all_notes(&store);
    let done = json_of(&notes, &["gist", "--limit", "44", "--json"]);
    assert_eq!(done.as_array().unwrap().len(), 44);
    assert_eq!(server.heads().len(), 44);
    assert_eq!(all_notes(&store), before);
    let own = &before[0].tags;
    let gists = store.gists(None, 100).unwrap();
    let failed = done
        .as_array()
        .unwrap()
        .iter()
        .filter(|note| note["result"] == "failed");
    let failed: Vec<&str> = failed.map(|note| note["title"].as_str().unwrap()).collect();
    // Newest first.
    let expected = [
        "An answer to the host",
        "A very long word",
        "A function call in place of the answer",
    ];
    assert_eq!(failed, expected);
    for (id, gist) in gists {
        let (text, lower) = (&gist.text, gist.text.to_lowercase());
        assert_eq!(gist.maker, "bread:4b");
        assert!(text.chars().count() <= 800, "{id:?}");
        for unwanted in [
            "<s",
            "<i",
            "</",
            "=",
            "](",
            "![",
            "```",
            "://",
            "www.",
            "evil.example",
            "javascript:",
            "data:",
            "mailto:",
            "\n",
        ] {
            // A bare name of a host is text wherever a summary is shown.
            let is_host = unwanted == "evil.example" && text == "Go to evil.example now.";
            assert!(!lower.contains(unwanted) || is_host, "{unwanted}: {text}");
        }
        let is_hidden = |c: char| {
            c.is_control()
                || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
        };
        assert!(!text.contains(is_hidden), "{text:?}");
        assert!(gist.tags.len() <= 5 && gist.tags.iter().all(|tag| own.contains(tag)));
    }
}

#[test]
fn two_runs_at_once_are_one() {
    let (hold, held) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let (held, began) = (Mutex::new(held), Mutex::new(began));
    let server = TestServer::start(move |head, stream| {
        body(head, stream);
        began.lock().unwrap().send(()).unwrap();
        let _ = held.lock().unwrap().recv();
        let _ = stream.write_all(good().as_bytes());
    });
    let notes = Notes::new();
    notes.model(&server, "");
    let ids = notes.pages(2);
    let mut first = notes.command(&["gist", "--limit", "1"]).spawn().unwrap();
    begun.recv().unwrap();
    let (_, sentence) = notes.fails(&["gist"]);
    assert!(
        sentence.contains("A model is being asked already."),
        "{sentence}"
    );
    // Killed, it leaves what was done and the rest due.
    first.kill().unwrap();
    first.wait().unwrap();
    drop(hold);
    let done = json_of(&notes, &["gist", "--json"]);
    assert_eq!(done.as_array().unwrap().len(), ids.len());
}
