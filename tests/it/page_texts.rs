//! The texts of pages on the command line, in exports and imports, and where they must not be.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};
use zip::ZipArchive;

use crate::{
    host::{TestHost, op_id, program, run, run_ok},
    site::client::get,
};

const PAGE: &str = "https://e.org/a";
/// A word that is only in a text.
const CANARY: &str = "kanarienvogel";

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, arguments)).unwrap()
}

fn add(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> Output {
    let file = dir.join(name);
    fs::write(&file, content).unwrap();
    run(dir, &["text", "add", PAGE, file.to_str().unwrap()])
}

/// Returns the single error sentence of a command that must fail.
fn sentence(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message.trim_end().to_owned()
}

/// Returns the files below a folder with their contents.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

/// Returns all that is in a book, one file after the other.
fn chapters(book: Vec<u8>) -> String {
    let mut book = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut all = String::new();
    for at in 0..book.len() {
        book.by_index(at).unwrap().read_to_string(&mut all).unwrap();
    }
    all
}

fn has(content: &[u8], word: &str) -> bool {
    content
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[test]
fn a_text_is_added_shown_counted_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE, "--title", "A page"]);
    let id = json_of(dir, &["list", "--json"])[0]["id"].to_string();
    let nothing = "url-notes: No text of this page is kept.";
    assert_eq!(sentence(&run(dir, &["text", "show", PAGE])), nothing);
    assert_eq!(sentence(&run(dir, &["text", "rm", &id])), nothing);

    let added = add(
        dir,
        "a.md",
        "# Head\n\nSome *words* and `code\tx`.\u{1b}[1m\n",
    );
    assert!(added.status.success(), "{added:?}");
    let printed = String::from_utf8(added.stdout).unwrap();
    assert!(printed.ends_with("Text kept: 7 words.\n"), "{printed}");
    assert_eq!(
        run_ok(dir, &["text", "show", &id]),
        "# Head\n\nSome *words* and `code\tx`.[1m\n"
    );
    let shown = json_of(dir, &["text", "show", PAGE, "--json"]);
    assert_eq!(shown["id"].to_string(), id);
    assert_eq!(
        shown["markdown"],
        "# Head\n\nSome *words* and `code\tx`.[1m"
    );
    assert_eq!(
        (&shown["words"], &shown["source"], &shown["whole"]),
        (&json!(7), &json!("file"), &json!(true))
    );
    let stats = json_of(dir, &["text", "stats", "--json"]);
    assert_eq!((&stats["texts"], &stats["words"]), (&json!(1), &json!(7)));
    assert_eq!(
        stats["sources"],
        json!({"click": 0, "fetch": 0, "file": 1, "import": 0})
    );
    let printed = run_ok(dir, &["text", "stats"]);
    assert!(printed.starts_with("texts     1\nwords     7\n"));
    assert!(printed.ends_with("\nsources   1 from files\n"), "{printed}");

    // A shorter one replaces it, because the user chose the file.
    let added = add(dir, "b.txt", "*One*\n\n# two");
    let printed = String::from_utf8(added.stdout).unwrap();
    assert!(
        printed.ends_with("Text kept: 2 words, instead of 7 words.\n"),
        "{printed}"
    );
    assert_eq!(
        run_ok(dir, &["text", "show", PAGE]),
        "\\*One\\*\n\n\\# two\n"
    );

    let removed = run_ok(dir, &["text", "rm", PAGE]);
    assert!(
        removed.ends_with("Removed its text of 2 words. The note stays.\n"),
        "{removed}"
    );
    assert_eq!(sentence(&run(dir, &["text", "show", PAGE])), nothing);
    assert_eq!(json_of(dir, &["text", "stats", "--json"])["texts"], 0);
    run_ok(dir, &["check"]);
}

#[test]
fn a_click_keeps_the_text_of_a_file_and_a_text_that_was_read_later() {
    let mut host = TestHost::new();
    let saved = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": PAGE, "title": ""}),
    );
    let id = saved["note"]["id"].as_i64().unwrap();
    let dir = host.dir().to_owned();
    let mut put = |text: &str, taken_at: &str, force: bool| {
        let params = json!({"opId": op_id(), "id": id, "text": text, "whole": true,
                            "takenAt": taken_at, "force": force});
        let put = host.call("putText", params);
        put["kept"].as_str().unwrap().to_owned()
    };
    let future = "2200-01-01T00:00:00Z";
    let (early, late) = ("2025-01-20T12:00:00Z", "2025-01-29T12:00:00Z");
    assert_eq!(put("one two three", late, false), "new");
    assert_eq!(put("one two four", early, false), "older");
    // A browser's clock may be ahead.
    assert_eq!(put("one two five", future, false), "new");
    let text = || json_of(&dir, &["text", "show", PAGE, "--json"]);
    let taken_at = text()["takenAt"].as_str().unwrap().to_owned();
    assert!(saved["note"]["savedAt"].as_str().unwrap() <= &*taken_at);
    assert!(&*taken_at < "2199", "{taken_at}");

    assert!(add(&dir, "a.md", "my file").status.success());
    assert_eq!(put("a click", future, false), "older");
    assert_eq!(run_ok(&dir, &["text", "show", PAGE]), "my file\n");
    assert_eq!(text()["source"], "file");
    assert_eq!(put("a click", future, true), "new");
    assert_eq!(text()["source"], "click");
    assert!(host.end().success());
}

#[test]
fn a_saved_page_becomes_its_main_text_with_complete_links() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE]);
    let words = "words of the article ".repeat(20);
    let page = format!(
        "<!DOCTYPE html><meta charset=windows-1252><nav>Menu</nav><main><h1>Gr\u{fc}\u{df}e</h1>\
         <p>{words}<a href=b>b</a></p></main><script>x</script>"
    );
    let latin: Vec<u8> = page
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let shown = format!(
        "# Gr\u{fc}\u{df}e\n\n{} [b](https://e.org/b)\n",
        words.trim_end()
    );
    assert!(add(dir, "p.HTML", &latin).status.success());
    assert_eq!(run_ok(dir, &["text", "show", PAGE]), shown);
    run_ok(dir, &["text", "rm", PAGE]);
    // From standard input, by its content.
    let mut child = program(dir)
        .args(["text", "add", PAGE, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&latin).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(run_ok(dir, &["text", "show", PAGE]), shown);
}

#[test]
fn a_file_without_a_text_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE]);
    for (name, content, expected) in [
        (
            "a.docx",
            "x",
            "a.docx: Give a file whose name ends in .md, .txt, .html, .htm or .pdf.",
        ),
        (
            "a.html",
            "<script>x</script>",
            "a.html: No text was found in it.",
        ),
        ("a.txt", " \n", "a.txt: No text was found in it."),
        ("a.md", "---", "The text of the page has no words."),
    ] {
        assert_eq!(
            sentence(&add(dir, name, content)),
            format!("url-notes: {expected}")
        );
    }
    let missing = run(dir, &["text", "add", PAGE, "/nowhere/a.md"]);
    assert_eq!(
        sentence(&missing),
        "url-notes: a.md: The file doesn't exist."
    );
    assert!(sentence(&run(dir, &["text", "add", "7", "a.md"])).contains("no note with the id 7"));
    let log = fs::read_to_string(dir.join("url-notes.log")).unwrap_or_default();
    assert!(!log.contains("a.docx"), "{log}");
}

/// A PDF with one page and one line.
fn pdf(line: &str) -> String {
    let content = format!("BT /F1 18 Tf 40 100 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = file.len();
    file.push_str("xref\n0 6\n0000000000 65535 f \n");
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file + &format!("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
}

/// Adds a PDF with a program of this content as `pdftotext`, the only one in the path.
fn add_pdf_with(dir: &Path, script: Option<&str>) -> Output {
    use std::os::unix::fs::PermissionsExt as _;
    let tools = dir.join("tools");
    fs::create_dir_all(&tools).unwrap();
    if let Some(script) = script {
        let file = tools.join("pdftotext");
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let file = dir.join("-paper.pdf");
    fs::write(&file, pdf("Words of a paper")).unwrap();
    program(dir)
        .current_dir(dir)
        .env("PATH", &tools)
        .args(["text", "add", PAGE, "--", "-paper.pdf"])
        .output()
        .unwrap()
}

#[test]
fn a_pdf_is_read_by_pdftotext_where_it_is_installed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE]);
    assert_eq!(
        sentence(&add_pdf_with(dir, None)),
        "url-notes: -paper.pdf: To read a PDF, install pdftotext: the package poppler-utils on \
         Linux, poppler on macOS."
    );
    for (script, expected) in [
        ("#!/bin/sh\nexit 1\n", "pdftotext can't read this PDF."),
        (
            "#!/bin/sh\nprintf '\\f'\n",
            "The PDF contains no text. It may consist of images.",
        ),
    ] {
        let failed = sentence(&add_pdf_with(dir, Some(script)));
        assert_eq!(failed, format!("url-notes: -paper.pdf: {expected}"));
    }
    // The real arguments, and output without an end.
    let endless = "#!/bin/sh\nfor argument in \"$@\"; do echo \"$argument\"; echo; done\n\
                   while echo 'many words'; do :; done\n";
    assert!(add_pdf_with(dir, Some(endless)).status.success());
    let shown = json_of(dir, &["text", "show", PAGE, "--json"]);
    let text = shown["markdown"].as_str().unwrap();
    assert!(
        text.starts_with("\\-q\n\n\\-enc\n\nUTF-8\n\n/"),
        "{}",
        &text[..80]
    );
    assert!(text.len() <= 256 * 1024 && shown["whole"] == false);
    // The real program, if it is installed.
    let real = std::process::Command::new("pdftotext").arg("-v").output();
    if real.is_ok() {
        assert!(
            add(dir, "real.pdf", pdf("Words of a paper"))
                .status
                .success()
        );
        assert_eq!(run_ok(dir, &["text", "show", PAGE]), "Words of a paper\n");
    }
}

/// A store with notes, one of which has a text with the canary and one of which is in the trash.
fn with_texts(dir: &Path) {
    run_ok(
        dir,
        &[
            "add",
            PAGE,
            "--title",
            "A page",
            "--tag",
            "x",
            "--summary",
            "> the second line\n\nMine.",
        ],
    );
    let text =
        format!("# A page\n\nFirst {CANARY}.\n\nThe **second** line. {{{{< x >}}}}\n\n<b>\n");
    assert!(add(dir, "a.md", text).status.success());
    fs::remove_file(dir.join("a.md")).unwrap();
    run_ok(dir, &["add", "https://e.org/b"]);
    run_ok(dir, &["add", "https://e.org/gone"]);
    let file = dir.join("gone.txt");
    fs::write(&file, "A text of a deleted note").unwrap();
    run_ok(
        dir,
        &["text", "add", "https://e.org/gone", file.to_str().unwrap()],
    );
    fs::remove_file(file).unwrap();
    run_ok(dir, &["rm", "https://e.org/gone"]);
}

#[test]
fn json_has_the_texts_and_an_import_brings_them_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_texts(dir);
    for format in ["json", "jsonl"] {
        let exported = run_ok(dir, &["export", format]);
        assert_eq!(
            exported.matches("\"pageText\":{\"markdown\":").count(),
            2,
            "{exported}"
        );
        assert!(has(exported.as_bytes(), CANARY));
        let without = run_ok(dir, &["export", format, "--no-text"]);
        assert!(!has(without.as_bytes(), CANARY) && !without.contains("pageText"));

        let new = tempfile::tempdir().unwrap();
        let new = new.path();
        let file = new.join("export");
        fs::write(&file, &exported).unwrap();
        let import = ["import", file.to_str().unwrap(), "--json"];
        let report = json_of(new, &import);
        assert_eq!(
            (&report["new"], &report["incomplete"]),
            (&json!(3), &json!(0)),
            "{report}"
        );
        assert_eq!(run_ok(new, &["export", format]), exported);
        run_ok(new, &["check"]);
        let report = json_of(new, &import);
        assert_eq!(report["unchanged"], 3, "{report}");
        run_ok(new, &["restore", "https://e.org/gone"]);
        assert_eq!(
            run_ok(new, &["text", "show", "https://e.org/gone"]),
            "A text of a deleted note\n"
        );
    }
}

#[test]
fn undoing_an_import_removes_the_texts_that_it_brought() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for page in ["a", "b", "c", "d"] {
        run_ok(
            dir,
            &["add", &format!("https://e.org/{page}"), "--title", page],
        );
    }
    // `a` has a text, `b` gets one, `c` gets a tag and one, `d` gets one and then another by hand.
    assert!(add(dir, "own.md", "my own text").status.success());
    let row = |page: &str, tags: &[&str]| {
        json!({"url": format!("https://e.org/{page}"), "title": page, "tags": tags,
               "content": format!("<p>imported {page}</p>"), "is_archived": 1,
               "is_starred": 0, "created_at": "2017-07-14T02:40:00+00:00"})
    };
    let rows = json!([
        row("a", &[]),
        row("b", &[]),
        row("c", &["new"]),
        row("d", &[]),
        row("new", &[])
    ]);
    let file = dir.join("wallabag.json");
    fs::write(&file, rows.to_string()).unwrap();
    let before = run_ok(dir, &["export", "json"]);
    let report = json_of(dir, &["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(
        (&report["new"], &report["merged"]),
        (&json!(1), &json!(4)),
        "{report}"
    );
    let show = |page: &str| {
        let shown = run(dir, &["text", "show", &format!("https://e.org/{page}")]);
        String::from_utf8(shown.stdout).unwrap()
    };
    assert_eq!(show("a"), "my own text\n");
    assert_eq!(show("b"), "imported b\n");
    assert_eq!(show("new"), "imported new\n");
    let text = json_of(dir, &["text", "show", "https://e.org/b", "--json"]);
    assert_eq!(
        (&text["source"], &text["takenAt"]),
        (&json!("import"), &json!("2017-07-14T02:40:00.000Z"))
    );
    let by_hand = dir.join("hand.md");
    fs::write(&by_hand, "by hand").unwrap();
    run_ok(
        dir,
        &["text", "add", "https://e.org/d", by_hand.to_str().unwrap()],
    );
    run_ok(dir, &["import", "--undo"]);
    assert_eq!(show("d"), "by hand\n");
    run_ok(dir, &["text", "rm", "https://e.org/d"]);
    assert_eq!(run_ok(dir, &["export", "json"]), before);
    run_ok(dir, &["check"]);
}

#[test]
fn an_unchanged_note_gets_the_text_of_a_row_and_loses_it_at_the_undo() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE, "--title", "A"]);
    let before = run_ok(dir, &["export", "jsonl"]);
    let mut note: Value = serde_json::from_str(before.lines().next().unwrap()).unwrap();
    note["pageText"] = json!({"markdown": "Words", "takenAt": "2025-01-02T03:04:05.678Z",
                              "source": "click", "whole": false});
    let file = dir.join("in.jsonl");
    fs::write(&file, note.to_string() + "\n").unwrap();
    let report = json_of(dir, &["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(report["merged"], 1, "{report}");
    let exported = run_ok(dir, &["export", "jsonl"]);
    let with_text: Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    let mut expected = note.clone();
    expected["pageText"]["words"] = json!(1);
    assert_eq!(with_text, expected);
    run_ok(dir, &["import", "--undo"]);
    assert_eq!(run_ok(dir, &["export", "jsonl"]), before);
}

#[test]
fn a_text_is_in_no_feed_no_export_but_json_and_books_and_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_texts(dir);
    // A note without a text of the user: only the site shows the first sentence of the page.
    let sentence = format!("The second {CANARY}.");
    let file = dir.join("b.md");
    fs::write(&file, sentence).unwrap();
    let arguments = ["text", "add", "https://e.org/b", file.to_str().unwrap()];
    run_ok(dir, &arguments);
    fs::remove_file(file).unwrap();
    for format in ["csv", "netscape", "jsonld"] {
        let exported = run_ok(dir, &["export", format]);
        assert!(!has(exported.as_bytes(), CANARY), "{format}: {exported}");
    }
    let folder = |name: &str| dir.join(name);
    for (name, arguments) in [
        ("notes", ["export", "markdown"]),
        ("site", ["export", "site"]),
    ] {
        let place = folder(name);
        let place = place.to_str().unwrap();
        run_ok(dir, &[&arguments[..], &[place]].concat());
        for (file, content) in files(Path::new(place)) {
            assert!(!has(&content, CANARY) && !file.contains("text"), "{file}");
        }
        run_ok(dir, &[&arguments[..], &[place, "--with-text"]].concat());
        let with: Vec<String> = files(Path::new(place))
            .into_iter()
            .filter(|(_, content)| has(content, CANARY))
            .map(|(file, _)| file)
            .collect();
        assert_eq!(with.len(), 2, "{with:?}");
        // And away again.
        run_ok(dir, &[&arguments[..], &[place]].concat());
        for (file, content) in files(Path::new(place)) {
            assert!(!has(&content, CANARY) && !file.contains("text"), "{file}");
        }
    }
    // A book is for its owner's e-reader. Beside JSON it alone has the texts unasked.
    let book = |arguments: &[&str]| {
        let arguments = [&["export", "epub", "", "-"][..], arguments].concat();
        chapters(run(dir, &arguments).stdout)
    };
    assert_eq!(book(&[]).matches(CANARY).count(), 2);
    assert!(!has(book(&["--no-text"]).as_bytes(), CANARY));
    let mut host = TestHost::on(dir);
    let port = host.site_port();
    for (address, shows) in [
        ("/feed.atom", "https://e.org/b"),
        ("/tag/x/feed.atom", "A page"),
        ("/api/notes", "https://e.org/b"),
        ("/api/notes?q=page", "A page"),
        ("/tag/x", "A page"),
        ("/search?q=page", "Mine."),
        ("/search?q=page&sort=relevance", "Mine."),
        ("/search?q=in:note%20e.org", ">e.org<"),
        ("/search?q=in:note%20e.org&sort=relevance", ">e.org<"),
        ("/inbox", "Inbox"),
    ] {
        let answer = get(port, address);
        assert_eq!(answer.status, 200, "{address}");
        assert!(answer.body.contains(shows), "{address}: {}", answer.body);
        assert!(!has(answer.body.as_bytes(), CANARY), "{address}");
    }
    // Its findings are pasted into bug reports.
    for arguments in [&["doctor", "--json"][..], &["doctor"]] {
        let found = run(dir, arguments);
        assert!(!found.stdout.is_empty(), "{arguments:?}");
        for printed in [found.stdout, found.stderr] {
            assert!(!has(&printed, CANARY), "{arguments:?}");
        }
    }
    assert!(host.end().success());
    let log = fs::read_to_string(dir.join("url-notes.log")).unwrap_or_default();
    assert!(!log.contains(CANARY), "{log}");
}

#[test]
fn markdown_has_the_text_beside_its_note() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_texts(dir);
    let place = dir.join("notes");
    run_ok(
        dir,
        &["export", "markdown", place.to_str().unwrap(), "--with-text"],
    );
    let names: Vec<String> = files(&place)
        .into_iter()
        .map(|(file, _)| file.rsplit('/').next().unwrap().to_owned())
        .filter(|name| name.ends_with(".md"))
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let text = names
        .iter()
        .find(|name| name.ends_with(".text.md"))
        .unwrap();
    let note = text.replace(".text.md", ".md");
    assert!(note.starts_with("a-page-") && names.contains(&note));
    let content = fs::read_to_string(place.join(text)).unwrap();
    assert!(
        content.starts_with("---\ntitle: \"Text of A page\"\nlink: \"https://e.org/a\"\n"),
        "{content}"
    );
    assert!(
        content.ends_with(
            "\nwords: 9\nwhole: true\n---\n\n# A page\n\nFirst kanarienvogel.\n\n\
                           The **second** line. {\\{< x >}}\n\n&lt;b>\n"
        ),
        "{content}"
    );
}

#[test]
fn a_text_in_exported_markdown_loads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", PAGE, "--title", "A"]);
    let given = "Wow ![a *cat*](https://t.example/x) <img src=https://t.example/y>\n";
    assert!(add(dir, "a.md", given).status.success());
    // As it was given.
    assert_eq!(run_ok(dir, &["text", "show", PAGE]), given);
    let place = dir.join("notes");
    run_ok(
        dir,
        &["export", "markdown", place.to_str().unwrap(), "--with-text"],
    );
    let files = files(&place);
    let text = files.iter().find(|(name, _)| name.ends_with(".text.md"));
    let text = String::from_utf8(text.unwrap().1.clone()).unwrap();
    assert!(
        text.ends_with("---\n\nWow a cat &lt;img src=https://t.example/y>\n"),
        "{text}"
    );
}

#[test]
fn quotes_are_exported_as_web_annotations() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_texts(dir);
    run_ok(
        dir,
        &[
            "edit",
            "https://e.org/b",
            "--summary",
            "> *quoted* text\n>\n> [Go to passage](<https://e.org/b#:~:text=before%20it-,quoted%20text,-after>)\n\n> alone",
        ],
    );
    let exported = json_of(dir, &["export", "jsonld", "--with-text"]);
    assert_eq!(exported["@context"], "http://www.w3.org/ns/anno.jsonld");
    assert_eq!(
        (&exported["type"], &exported["total"]),
        (&json!("AnnotationCollection"), &json!(3))
    );
    assert_eq!(exported["first"]["type"], "AnnotationPage");
    let items = exported["first"]["items"].as_array().unwrap();
    for item in items {
        assert_eq!(
            (&item["type"], &item["motivation"]),
            (&json!("Annotation"), &json!("highlighting"))
        );
        assert!(
            item["id"]
                .as_str()
                .unwrap()
                .starts_with("tag:url-notes.localhost,2025:note/")
        );
    }
    let target = |number: usize| &items[number]["target"];
    assert_eq!(
        target(0),
        // The words around it come from the text of the page.
        &json!({"source": "https://e.org/a", "selector": {
            "type": "TextQuoteSelector", "exact": "the second line",
            "prefix": "A page\nFirst kanarienvogel.\n", "suffix": ". {{< x >}}\n<b>"}})
    );
    assert_eq!(
        target(1),
        &json!({"source": "https://e.org/b", "selector": {
            "type": "TextQuoteSelector", "exact": "quoted text",
            "prefix": "before it", "suffix": "after"}})
    );
    assert_eq!(
        target(2)["selector"],
        json!({"type": "TextQuoteSelector", "exact": "alone"})
    );
    // Without the texts of pages, the words around a quote come from its link alone.
    let without = json_of(dir, &["export", "jsonld"]);
    let without = without["first"]["items"].as_array().unwrap();
    let selector = |number: usize| &without[number]["target"]["selector"];
    assert_eq!(
        *selector(0),
        json!({"type": "TextQuoteSelector", "exact": "the second line"})
    );
    for number in [1, 2] {
        assert_eq!(without[number], items[number]);
    }
    assert_eq!(without.len(), 3);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        json_of(empty.path(), &["export", "jsonld"])["first"]["items"],
        json!([])
    );
}

#[test]
fn imports_take_the_texts_that_other_programs_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let fixtures = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/import"
    ));
    let import = |file: &Path| json_of(dir, &["import", file.to_str().unwrap(), "--json"]);
    let report = import(&fixtures.join("omnivore.zip"));
    let files: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    // What belongs to a page was read with it.
    assert_eq!(files, ["metadata_0_to_2.json", "../../climbs"], "{report}");
    import(&fixtures.join("wallabag-v1.json"));
    import(&fixtures.join("wallabag.json"));
    let karakeep = dir.join("karakeep.json");
    let page = json!({"createdAt": 1_700_000_000, "title": "K", "tags": [], "lists": [],
        "content": {"type": "link", "url": "https://k.example/a/",
                    "htmlContent": "<div><h1>K</h1><p>See <a href='../b'>b</a>.</p><img src=x></div>"},
        "note": "mine", "archived": false});
    fs::write(
        &karakeep,
        json!({"bookmarks": [page], "lists": []}).to_string(),
    )
    .unwrap();
    import(&karakeep);
    for (page, text) in [
        ("https://o.example/", "long\n"),
        ("https://w1.example/1", "x\n"),
        ("https://w.example/", "long\n"),
        (
            "https://k.example/a/",
            "# K\n\nSee [b](https://k.example/b).\n",
        ),
    ] {
        assert_eq!(run_ok(dir, &["text", "show", page]), text, "{page}");
    }
    assert_eq!(json_of(dir, &["text", "stats", "--json"])["texts"], 4);
    let note = json_of(dir, &["show", "https://k.example/a/", "--json"]);
    assert_eq!(note["summary"], "mine");
}

#[test]
fn a_text_over_the_limit_is_cut_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let content = "<p>word</p>".repeat(60_000);
    let rows = json!([{"url": PAGE, "title": "A", "tags": [], "content": content,
                       "is_archived": 0, "is_starred": 0}]);
    let file = dir.join("wallabag.json");
    fs::write(&file, rows.to_string()).unwrap();
    let report = json_of(dir, &["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(report["new"], 1, "{report}");
    assert_eq!(
        report["omissions"][0]["reason"],
        "The text of its page has more than 256 KiB and was cut."
    );
    let text = json_of(dir, &["text", "show", PAGE, "--json"]);
    assert_eq!(text["whole"], false);
    assert!(text["markdown"].as_str().unwrap().ends_with("\n\nword"));
}
