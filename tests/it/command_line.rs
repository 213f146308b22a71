//! The command line as a user types it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::host::{program, run, run_ok};

fn json_of(dir: &std::path::Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, arguments)).unwrap()
}

#[test]
fn adds_lists_shows_finds_removes_and_restores() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let added = run_ok(
        dir,
        &[
            "add",
            "https://e.org/a",
            "--title",
            "A page",
            "--tag",
            "GPU",
            "--tag",
            "web/tech",
            "--summary",
            "**text**",
        ],
    );
    assert!(added.starts_with("Saved.\n"), "{added}");
    run_ok(dir, &["add", "https://e.org/b"]);

    let listed = json_of(dir, &["list", "--json"]);
    assert_eq!(listed[0]["url"], "https://e.org/b");
    assert_eq!(listed[1]["tags"], json!(["gpu", "web/tech"]));
    assert_eq!(
        json_of(dir, &["list", "--tag", "gpu", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        json_of(dir, &["list", "--tag", "gpu", "--tag", "x", "--json"]),
        json!([])
    );
    assert_eq!(
        json_of(dir, &["list", "--limit", "1", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(
        run_ok(dir, &["list"])
            .contains("A page\n            https://e.org/a\n            gpu, web/tech\n")
    );

    let id = listed[1]["id"].to_string();
    for which in [id.as_str(), "http://e.org/a/"] {
        assert_eq!(json_of(dir, &["show", which, "--json"]), listed[1]);
    }
    assert!(run_ok(dir, &["show", &id]).contains("\n\n**text**\n"));

    assert_eq!(
        json_of(dir, &["search", "text", "--json"])[0]["url"],
        "https://e.org/a"
    );
    assert_eq!(
        json_of(dir, &["search", "page", "-text", "--json"]),
        json!([])
    );
    assert_eq!(run_ok(dir, &["search", "nowhere"]), "");

    assert!(run_ok(dir, &["rm", "https://e.org/a"]).contains(&format!("url-notes restore {id}")));
    assert_eq!(
        json_of(dir, &["list", "--json"]).as_array().unwrap().len(),
        1
    );
    assert!(json_of(dir, &["show", &id, "--json"])["deletedAt"].is_string());
    let gone = run(dir, &["rm", "https://e.org/a"]);
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(gone.stderr).unwrap(),
        "url-notes: There is no note of https://e.org/a.\n"
    );
    assert!(run_ok(dir, &["restore", &id]).ends_with("Restored.\n"));
    assert_eq!(json_of(dir, &["show", &id, "--json"]), listed[1]);

    let stats = json_of(dir, &["stats", "--json"]);
    assert_eq!(
        (&stats["notes"], &stats["tags"], &stats["trash"]),
        (&json!(2), &json!(2), &json!(0))
    );
}

#[test]
fn adding_a_saved_page_says_so_and_keeps_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", "https://e.org/a", "--summary", "mine"]);
    let again = run_ok(
        dir,
        &[
            "add",
            "http://e.org/a?utm_source=x",
            "--tag",
            "t",
            "--summary",
            "other",
        ],
    );
    assert!(again.contains("Saved before"), "{again}");
    assert!(
        again.contains("same page without utm_source, over https"),
        "{again}"
    );
    assert!(again.contains("was kept"), "{again}");
    let note = json_of(dir, &["show", "https://e.org/a", "--json"]);
    assert_eq!(
        (&note["summary"], &note["tags"]),
        (&json!("mine"), &json!(["t"]))
    );
}

#[test]
fn a_text_may_begin_with_a_dash() {
    let dir = tempfile::tempdir().unwrap();
    let summary = "- **a**\n- b";
    let add = [
        "add",
        "https://e.org/",
        "--summary",
        summary,
        "--title",
        "-x",
        "--tag",
        "-y",
    ];
    run_ok(dir.path(), &add);
    let note = &json_of(dir.path(), &["list", "--tag", "-y", "--json"])[0];
    assert_eq!(
        (&note["summary"], &note["title"]),
        (&json!(summary), &json!("-x"))
    );
}

#[test]
fn a_summary_comes_from_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program(dir.path())
        .args(["add", "https://e.org/a", "--summary", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all("- größer\n- 機械\n".as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        json_of(dir.path(), &["show", "https://e.org/a", "--json"])["summary"],
        "- größer\n- 機械"
    );
}

#[test]
fn the_data_folder_is_the_options_then_the_environments() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let option = two.path().to_str().unwrap();
    run_ok(
        one.path(),
        &["--data-dir", option, "add", "https://e.org/a"],
    );
    assert!(!one.path().join("notes.db").exists());
    assert!(two.path().join("notes.db").exists());
    run_ok(
        one.path(),
        &["add", "https://e.org/a", "--data-dir", option],
    );
}

#[test]
fn the_places_are_those_of_xdg() {
    let home = tempfile::tempdir().unwrap();
    let added = program(home.path())
        .env_remove("URL_NOTES_DATA_DIR")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("my data"))
        .args(["add", "https://e.org/a"])
        .status()
        .unwrap();
    assert!(added.success());
    assert!(home.path().join("my data/url-notes/notes.db").exists());
    let added = program(home.path())
        .env_remove("URL_NOTES_DATA_DIR")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", "relative")
        .args(["add", "https://e.org/a"])
        .status()
        .unwrap();
    assert!(added.success());
    assert!(home.path().join(".local/share/url-notes/notes.db").exists());
}

#[test]
fn wrong_usage_ends_with_2_and_wrong_input_with_1() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["nonsense"][..], 2),
        (&[], 2),
        (&["add"], 2),
        (&["list", "--limit", "many"], 2),
        (&["show", "example.com"], 2),
        (&["add", "example.com"], 1),
        (&["add", "about:blank"], 1),
        (&["add", "https://e.org/", "--tag", "a,b"], 1),
        (&["add", "https://e.org/", "--tag", ""], 1),
        (&["show", "1"], 1),
        (&["open", "no such tag"], 1),
        (&["restore", "https://e.org/"], 1),
    ] {
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        if code == 1 {
            assert!(
                message.starts_with("url-notes: ") && message.ends_with(".\n"),
                "{message}"
            );
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    assert!(run_ok(dir.path(), &["--version"]).starts_with("url-notes "));
    assert!(run_ok(dir.path(), &["--help"]).contains("restore"));
}

#[test]
fn a_title_cannot_steer_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(
        dir.path(),
        &["add", "https://e.org/a", "--title", "a\u{1b}]0;pwned\u{7}b"],
    );
    for command in [
        &["list"][..],
        &["show", "https://e.org/a"],
        &["search", "pwned"],
    ] {
        assert!(!run_ok(dir.path(), command).contains('\u{1b}'));
    }
}

#[test]
fn serve_tells_its_address_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(
        dir.path(),
        &[
            "add",
            "https://e.org/a",
            "--title",
            "A page",
            "--tag",
            "gpu",
        ],
    );
    let mut child = program(dir.path())
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line
        .split("http://localhost:")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap()
        .parse()
        .unwrap();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET /tag/gpu HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut page = String::new();
    std::io::Read::read_to_string(&mut stream, &mut page).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(
        page.contains("<title>url-notes | tag | gpu</title>"),
        "{page}"
    );
    assert!(page.contains("A page"));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let squatter = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = squatter.local_addr().unwrap().port().to_string();
    let output = run(dir.path(), &["serve", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains(&port) && message.ends_with(".\n"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}
