//! Imports: what is never imported, zip files, and detection of formats.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
    process::Output,
};

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::host::{run, run_ok};

/// The password in tests. It must not be anywhere afterwards.
const SECRET: &str = "correct-horse";

fn attempt(dir: &Path, name: &str, content: impl AsRef<[u8]>, options: &[&str]) -> Output {
    let file = dir.join(name);
    fs::write(&file, content).unwrap();
    let arguments = [&["import", file.to_str().unwrap(), "--json"], options].concat();
    let output = run(dir, &arguments);
    fs::remove_file(file).unwrap();
    output
}

fn report(dir: &Path, content: impl AsRef<[u8]>, options: &[&str]) -> Value {
    let output = attempt(dir, "import.file", content, options);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{reported}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the single error sentence of an import that must fail.
fn refusal(dir: &Path, content: impl AsRef<[u8]>, options: &[&str]) -> String {
    let output = attempt(dir, "import.file", content, options);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{reported}");
    assert!(output.stdout.is_empty(), "{reported}");
    assert_eq!(reported.lines().count(), 1, "{reported}");
    assert!(reported.ends_with(".\n"), "{reported}");
    reported
}

fn notes(dir: &Path) -> Vec<Value> {
    serde_json::from_str(&run_ok(dir, &["list", "--limit", "1000", "--json"])).unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn utf16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Returns tables and lists of logins as browsers and password managers write them.
fn logins() -> Vec<Vec<u8>> {
    let table = |head: &str, delimiter: &str| {
        let row = head.split(',').map(|name| match name {
            name if name.to_ascii_lowercase().contains("url") => "https://bank.example/",
            _ => SECRET,
        });
        let row: Vec<&str> = row.collect();
        let text = format!("{head}\n{}\n", row.join(","));
        text.replace(',', delimiter)
    };
    let encoded =
        |encoding: &'static encoding_rs::Encoding, text: &str| encoding.encode(text).0.into_owned();
    let mut all: Vec<Vec<u8>> = [
        "name,url,username,password,note",
        "Title,URL,Username,Password,Notes,OTPAuth",
        "url,username,password,httpRealm,formActionOrigin,guid,timeCreated",
        "url,username,password,totp,extra,name,grouping,fav",
        "folder,favorite,type,name,login_url,login_username,login_password",
        "username,title,url,otpSecret",
        "name,url,cardnumber,cvc",
        "Titel,URL,Benutzername,Kennwort",
        "Titre,URL,Identifiant,Mot de passe",
        "Título,URL,Usuario,Contraseña",
        "Titolo,URL,Utente,Parola d'ordine",
        "titel,url,gebruikersnaam,wachtwoord",
        "nazwa,url,użytkownik,hasło",
        "название,url,логин,пароль",
        "名前,URL,ユーザー名,ﾊﾟｽﾜｰﾄﾞ",
        "名称,网址url,用户名,密码",
        "이름,url,사용자 이름,비밀번호",
        "الاسم,url,المستخدم,كلمة المرور",
        "שם,url,משתמש,סיסמה",
        "NAME,URL,USERNAME,ＰＡＳＳＷＯＲＤ",
    ]
    .iter()
    .flat_map(|head| [",", ";", "\t", "|"].map(|sign| table(head, sign).into_bytes()))
    .collect();
    let chromium = table("name,url,username,password,note", ",");
    for sign in ["^", ":", "   ", "~"] {
        all.push(chromium.replace(',', sign).into_bytes());
    }
    all.push(
        format!(
            "url,title\nhttps://a.example/,x\n\nurl,password\nhttps://bank.example/,{SECRET}\n"
        )
        .into_bytes(),
    );
    all.push(utf16(&chromium));
    all.push(format!("\u{feff}\r\n\r\n{}", chromium.replace('\n', "\r\n")).into_bytes());
    all.push(chromium.replace('\n', "\r").into_bytes());
    all.push(format!("sep=,\n{chromium}").into_bytes());
    all.push(format!("My logins\n{chromium}").into_bytes());
    all.push(encoded(
        encoding_rs::WINDOWS_1251,
        &table("название,url,логин,пароль", ";"),
    ));
    all.push(encoded(
        encoding_rs::SHIFT_JIS,
        &table("名前,url,ユーザー名,パスワード", ","),
    ));
    all.push(encoded(
        encoding_rs::EUC_KR,
        &table("이름,url,사용자 이름,비밀번호", ","),
    ));
    for object in [
        json!({"items": [{"type": 1, "name": "x", "login": {"uris": [{"uri": "https://bank.example/"}], "password": SECRET, "totp": null}}]}),
        json!({"logins": [{"hostname": "https://bank.example", "encryptedPassword": SECRET}]}),
        json!([{"href": "https://bank.example/", "description": "x", "time": "2024-01-02", "password": SECRET}]),
        json!([{"url": "https://fine.example/"}, {"url": "https://bank.example/", "Passwort": SECRET}]),
        json!({"url": "https://bank.example/", "title": "x", "code": format!("otpauth://totp/x?secret={SECRET}")}),
    ] {
        all.push(object.to_string().into_bytes());
    }
    all.push(
        format!("{{\"url\":\"https://a.example/\"}}\n{{\"url\":\"https://b.example/\",\"password\":\"{SECRET}\"}}\n")
            .into_bytes(),
    );
    // Nothing names the columns of this one.
    all.push(
        format!("https://bank.example/,me,{SECRET}\nhttps://shop.example/,me,{SECRET}\n")
            .into_bytes(),
    );
    all.push(
        format!("title,url,code\nx,https://bank.example/,otpauth://totp/x?secret={SECRET}\n")
            .into_bytes(),
    );
    all
}

/// Returns whether a file below a folder contains a text.
fn is_anywhere(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_anywhere(&path, text),
            false => {
                let bytes = fs::read(&path).unwrap();
                bytes
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            }
        }
    })
}

#[test]
fn passwords_are_never_imported_whatever_the_format_option() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (at, content) in logins().iter().enumerate() {
        let zipped = zip(&[("Export/inner/Logins.txt", content)]);
        let format = ["csv", "lines", "netscape", "json-list", "pinboard", "jsonl"][at % 6];
        for (content, options) in [
            (content, &[][..]),
            (content, &["--dry-run"]),
            (content, &["--format", "csv"]),
            (content, &["--format", format]),
            (&zipped, &[]),
        ] {
            let output = attempt(dir, "import.file", content, options);
            let about = format!("{options:?} {}", String::from_utf8_lossy(content));
            for reported in [&output.stdout, &output.stderr] {
                assert!(
                    !String::from_utf8_lossy(reported).contains(SECRET),
                    "{about}"
                );
            }
            assert_eq!(output.status.code(), Some(1), "{about}");
            assert!(
                String::from_utf8_lossy(&output.stderr).ends_with(".\n"),
                "{about}"
            );
        }
    }
    assert_eq!(notes(dir), [] as [Value; 0]);
    assert!(!is_anywhere(dir, SECRET));
}

#[test]
fn a_bookmark_with_the_title_password_is_imported() {
    for (content, count) in [
        ("title,url,tags\npassword,https://a.example/,password\nusername,https://b.example/,\"otp,2fa\"\n".to_owned(), 2),
        ("https://a.example/ | password\nhttps://b.example/ | url, username, password\n".into(), 2),
        (json!([{"href": "https://a.example/", "description": "password", "extended": "\"password\": \"x\"", "tags": "password"}]).to_string(), 1),
        (json!([{"url": "https://a.example/", "title": "password", "passwordProtected": false}]).to_string(), 1),
        ("<DL><DT><A HREF=\"https://a.example/\">url,username,password</A></DL>".into(), 1),
        ("url,title,Parola chiave\nhttps://a.example/,x,y\n".into(), 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let reported = report(dir.path(), &content, &[]);
        assert_eq!(reported["new"], count, "{content}: {reported}");
    }
}

#[test]
fn an_address_that_is_the_secret_of_one_time_codes_is_refused_unquoted() {
    let dir = tempfile::tempdir().unwrap();
    let page = format!(
        "<DL><DT><A HREF=\"otpauth://totp/x?secret={SECRET}\">code</A><DT><A HREF=\"https://a.example/\">a</A></DL>"
    );
    let reported = report(dir.path(), page, &[]);
    assert_eq!(
        (&reported["new"], &reported["refused"]),
        (&json!(1), &json!(1))
    );
    assert!(!reported.to_string().contains(SECRET), "{reported}");
}

#[test]
fn a_zip_file_is_read_file_by_file_and_each_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let table = format!("name,url,username,password\nx,https://bank.example/,me,{SECRET}\n");
    let inner = zip(&[(
        "Bookmarks.html",
        b"<DL><DT><A HREF=\"https://in.example/\">x</A></DL>",
    )]);
    let file = zip(&[
        ("Signets.html", b"<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF=\"https://one.example/\">1</A></DL>"),
        ("deep/down/pins.json", br#"[{"href":"https://two.example/","description":"2","time":"2024-01-02T03:04:05Z","tags":"x"}]"#),
        ("deep/table.csv", b"url,title,tags\nhttps://three.example/,3,y\nhttps://one.example/,1,z\n"),
        ("secret/Logins.csv", table.as_bytes()),
        ("again.zip", &inner),
        ("page.html", b"<html><p><a href=\"https://page.example/\">link</a></html>"),
        ("list.txt", b"https://list.example/\n"),
        ("History.json", br#"{"Browser History":[{"url":"https://seen.example/","title":"x","time_usec":1}]}"#),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0"),
        ("__MACOSX/._Signets.html", b"\0\x05\x16\x07"),
        ("nothing.csv", b""),
    ]);
    let dry_run = report(dir, &file, &["--dry-run"]);
    let reported = report(dir, &file, &[]);
    assert_eq!(dry_run["files"], reported["files"]);
    assert_eq!(reported["format"], "zip");
    let [read, new, merged] =
        ["read", "new", "merged"].map(|name| reported[name].as_u64().unwrap());
    assert_eq!([read, new, merged], [4, 3, 1], "{reported}");
    let files: Vec<(&str, Option<&str>, bool, u64, &str)> = reported["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["name"].as_str().unwrap(),
                file["format"].as_str(),
                file["taken"].as_bool().unwrap(),
                file["read"].as_u64().unwrap(),
                file["reason"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    for (name, format, taken, read, reason) in [
        ("Signets.html", Some("netscape"), true, 1, ""),
        ("deep/down/pins.json", Some("pinboard"), true, 1, ""),
        ("deep/table.csv", Some("csv"), true, 2, ""),
        ("secret/Logins.csv", None, false, 0, "passwords"),
        ("again.zip", None, false, 0, "zip file inside"),
        (
            "page.html",
            Some("netscape"),
            false,
            0,
            "may not be a file of bookmarks",
        ),
        (
            "list.txt",
            Some("lines"),
            false,
            0,
            "may not be a file of bookmarks",
        ),
        ("History.json", None, false, 0, "browsing history"),
        ("picture.png", None, false, 0, "isn't a file of bookmarks"),
        ("__MACOSX/._Signets.html", None, false, 0, "macOS"),
        ("nothing.csv", None, false, 0, "empty"),
    ] {
        let file = files.iter().find(|file| file.0 == name).unwrap();
        assert_eq!((file.1, file.2, file.3), (format, taken, read), "{file:?}");
        assert_eq!(reason.is_empty(), file.4.is_empty(), "{file:?}");
        assert!(file.4.contains(reason), "{file:?}");
    }
    assert_eq!(files.len(), 11);
    assert!(!reported.to_string().contains(SECRET) && !is_anywhere(dir, SECRET));
    // The message on a terminal.
    let path = dir.join("mixed.zip");
    fs::write(&path, &file).unwrap();
    let text = run_ok(dir, &["import", path.to_str().unwrap()]);
    assert!(text.contains("Signets.html: netscape, 1 rows"), "{text}");
    assert!(
        text.contains("secret/Logins.csv: left out. It has a column for passwords"),
        "{text}"
    );
    // With a format, only its files are imported.
    let reported = report(dir, &file, &["--format", "pinboard"]);
    assert_eq!(
        (&reported["format"], &reported["read"]),
        (&json!("pinboard"), &json!(1))
    );
}

#[test]
fn encrypted_files_in_a_zip_file_are_left_out_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let page: &[u8] =
        b"<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF=\"https://one.example/\">1</A></DL>";
    let mut file = zip(&[("a.html", page), ("b.html", page)]);
    // The flag of the second file, in its own header and in the directory.
    let places = |sign: &[u8]| {
        let starts = file
            .windows(4)
            .enumerate()
            .filter(|(_, four)| *four == sign);
        starts.map(|(at, _)| at).nth(1).unwrap()
    };
    let (own, directory) = (places(b"PK\x03\x04"), places(b"PK\x01\x02"));
    file[own + 6] |= 1;
    file[directory + 8] |= 1;
    let reported = report(dir.path(), &file, &[]);
    assert_eq!(reported["new"], 1, "{reported}");
    assert!(
        reported["files"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("encrypted"),
        "{reported}"
    );
    let only = zip(&[("b.html", page)]);
    let mut only = only;
    only[6] |= 1;
    let directory = only
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    only[directory + 8] |= 1;
    let reported = refusal(dir.path(), &only, &[]);
    assert!(reported.contains("encrypted"), "{reported}");
}

#[test]
fn a_single_file_in_a_zip_file_is_imported_even_if_its_format_is_a_guess() {
    let dir = tempfile::tempdir().unwrap();
    let reported = report(
        dir.path(),
        zip(&[("links.txt", b"https://a.example/\n")]),
        &[],
    );
    assert_eq!(
        (&reported["format"], &reported["new"]),
        (&json!("lines"), &json!(1))
    );
}

#[test]
fn formats_are_detected_by_structure_and_never_by_a_word_in_a_text() {
    let words = [
        "children",
        "roots",
        "href",
        "bookmarks",
        "guid",
        "urlNotes",
        "savedAt",
        "slug",
        "shorturl",
        "tag_names",
        "is_archived",
        "is_starred",
        "url",
        "lists",
        "content",
        "collections",
    ];
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let text = quoted.join(", ");
    for (format, content) in [
        (
            "karakeep",
            json!({"bookmarks": [{"createdAt": 1, "title": text, "tags": words, "lists": [], "content": {"type": "link", "url": "https://a.example/"}, "note": text}], "lists": []}),
        ),
        (
            "firefox",
            json!({"guid": "root________", "title": "", "children": [{"guid": "x", "title": text, "uri": "https://a.example/", "tags": words.join(",")}]}),
        ),
        (
            "chrome",
            json!({"roots": {"other": {"type": "folder", "name": text, "children": [{"type": "url", "name": text, "url": "https://a.example/"}]}}}),
        ),
        (
            "shaarli",
            json!([{"id": 1, "url": "https://a.example/", "shorturl": "x", "title": text, "tags": words, "description": text, "private": false, "created": "2015-05-05T12:30:00+03:00"}]),
        ),
        (
            "linkding",
            json!({"results": [{"url": "https://a.example/", "title": text, "tag_names": words, "description": text}]}),
        ),
        (
            "pinboard",
            json!([{"href": "https://a.example/", "description": text, "extended": text, "tags": words.join(" "), "time": "2024-01-02T03:04:05Z"}]),
        ),
        (
            "wallabag",
            json!([{"url": "https://a.example/", "title": text, "is_archived": 0, "is_starred": 0, "tags": words, "content": text}]),
        ),
        (
            "omnivore",
            json!([{"url": "https://a.example/", "slug": "x", "title": text, "labels": words, "savedAt": "2024-02-03T00:00:00.000Z"}]),
        ),
        (
            "delicious",
            json!([{"url": "https://a.example/", "title": text, "tags": words, "description": text, "created": "1358531607", "others": 1, "owner": "me", "private": "0"}]),
        ),
        (
            "readability",
            json!({"bookmarks": [{"article__url": "https://a.example/", "article__title": text, "article__excerpt": text, "archive": false, "favorite": false, "date_added": "2016-05-01T12:00:00"}]}),
        ),
        (
            "json-list",
            json!([{"link": "https://a.example/", "name": text, "labels": words}]),
        ),
    ] {
        for content in [
            content.to_string(),
            serde_json::to_string_pretty(&content).unwrap(),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let reported = report(dir.path(), &content, &[]);
            assert_eq!(
                (&reported["format"], &reported["new"]),
                (&json!(format), &json!(1)),
                "{reported}"
            );
        }
    }
}

#[test]
fn a_file_without_bookmarks_is_an_error_that_describes_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (content, format, seen) in [
        (
            r#"{"some": {"json": 1}}"#,
            None,
            "a JSON object with the members \"some\"",
        ),
        (
            r#"{"some": {"json": 1}}"#,
            Some("pinboard"),
            "a JSON object with the members \"some\"",
        ),
        (
            r#"[{"title": "x"}]"#,
            Some("csv"),
            "a JSON list of objects with the members \"title\"",
        ),
        (
            r#"[{"href": "https://a.example/"}]"#,
            Some("lines"),
            "a JSON list",
        ),
        (
            r#"[{"href": "https://a.example/"}]"#,
            Some("netscape"),
            "a JSON list",
        ),
        (
            r#"[{"href": "https://a.example/"}]"#,
            Some("firefox"),
            "a JSON list",
        ),
        (
            r#"{"links": [{"u": "https://a.example/"}]}"#,
            Some("karakeep"),
            "\"links\"",
        ),
        (
            r#"{"roots": {}, "x": "https://a.example/"}"#,
            Some("linkwarden"),
            "\"roots\"",
        ),
        (
            "url,title\nhttps://a.example/,x\n",
            Some("json"),
            "a table with the columns \"url\", \"title\"",
        ),
        (
            "url,title\nhttps://a.example/,x\n",
            Some("netscape"),
            "a table with the columns",
        ),
        (
            "<html><p>https://a.example/</html>",
            Some("netscape"),
            "begins with <html>",
        ),
        (
            "just a text",
            Some("csv"),
            "The table has no line with column names",
        ),
        ("just a text", Some("chrome"), "plain text"),
        ("just a text", Some("buku"), "plain text"),
        ("just a text", Some("zip"), "plain text"),
        ("", Some("csv"), "empty"),
        (" \n", Some("lines"), "empty"),
    ] {
        let options: Vec<&str> = format.iter().flat_map(|name| ["--format", name]).collect();
        let reported = refusal(dir, content, &options);
        assert!(reported.contains(seen), "{content} {format:?}: {reported}");
    }
    assert_eq!(notes(dir), [] as [Value; 0]);
}

#[test]
fn an_empty_export_has_no_bookmarks() {
    let dir = tempfile::tempdir().unwrap();
    for content in [
        "[]",
        r#"{"bookmarks": [], "lists": []}"#,
        r#"{"urlNotes": 1, "notes": [], "trash": [], "aliases": []}"#,
        r#"{"guid": "root________", "title": "", "children": []}"#,
        "url,title,tags\n",
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<DL><p>\n</DL><p>\n",
    ] {
        let reported = report(dir.path(), content, &[]);
        assert_eq!(
            (&reported["read"], &reported["notices"]),
            (&json!(0), &json!(["The file contains no bookmarks."])),
            "{content}"
        );
    }
}

#[test]
fn a_value_of_another_type_loses_no_row() {
    for (tags, expected) in [
        (json!(["a", "b c"]), vec!["a", "b c"]),
        (json!("a, b c"), vec!["a", "b c"]),
        (json!([{"name": "a"}, {"label": "b c"}]), vec!["a", "b c"]),
        (json!([["a", "b c"]]), vec!["a", "b c"]),
        (
            json!({"a": true, "b c": {}, "off": false}),
            vec!["a", "b c"],
        ),
        (json!({"0": "a", "2": "b c"}), vec!["a", "b c"]),
        (json!("[\"a\",\"b c\"]"), vec!["a", "b c"]),
        (json!(null), vec![]),
        (json!(false), vec![]),
        (json!([null, "a", 7]), vec!["a", "7"]),
    ] {
        let rows = [
            json!([{"url": "https://a.example/", "slug": "x", "savedAt": 1_704_164_645, "title": 5, "labels": tags, "state": null, "description": ["odd"]}]),
            json!([{"url": "https://a.example/", "tag_names": tags, "title": {"odd": 1}, "date_added": "1704164645000", "unread": "no"}]),
            json!({"0": {"url": "https://a.example/", "shorturl": "x", "tags": tags, "created": 1_704_164_645_000_000_u64, "description": false}}),
        ];
        for rows in rows {
            let dir = tempfile::tempdir().unwrap();
            let reported = report(dir.path(), rows.to_string(), &[]);
            assert_eq!(reported["new"], 1, "{rows}: {reported}");
            let note = &notes(dir.path())[0];
            assert_eq!(note["tags"], json!(expected), "{rows}");
            assert_eq!(note["savedAt"], "2024-01-02T03:04:05.000Z", "{rows}");
        }
    }
}

#[test]
fn a_lone_surrogate_is_replaced_and_reported_in_every_json_format() {
    let row = r#"{"url":"https://a.example/","href":"https://a.example/","uri":"https://a.example/","slug":"x","savedAt":"2024-02-03T00:00:00.000Z","title":"cut \ud83d","description":"cut \ud83d","type":"url","k\ude00":"\ud83d"}"#;
    for (format, content) in [
        (
            "pinboard",
            format!("[{}]", row.replace("\"slug\"", "\"s\"")),
        ),
        (
            "omnivore",
            format!("[{}]", row.replace("\"href\"", "\"h\"")),
        ),
        (
            "firefox",
            format!("{{\"guid\":\"r\",\"children\":[{row}]}}"),
        ),
        (
            "json-list",
            format!(
                "{{\"x\\ud83d\":[{}]}}",
                row.replace("savedAt", "sa").replace("\"href\"", "\"h\"")
            ),
        ),
        (
            "jsonl",
            "{\"url\":\"https://a.example/\",\"title\":\"cut \\ud83d\"}\n".into(),
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let reported = report(dir.path(), &content, &[]);
        assert_eq!(
            (&reported["format"], &reported["new"]),
            (&json!(format), &json!(1)),
            "{reported}"
        );
        assert_eq!(notes(dir.path())[0]["title"], "cut \u{fffd}", "{format}");
        assert!(
            reported["omissions"][0]["reason"]
                .as_str()
                .unwrap()
                .contains("Half of a character"),
            "{reported}"
        );
    }
}

#[test]
fn lines_of_a_table_are_counted_however_they_end() {
    for end in ["\n", "\r\n", "\r"] {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            "url,title",
            "https://a.example/,x",
            "nope,y",
            "https://b.example/,\"two",
            "lines\"",
            "nope,z",
            "",
        ];
        let reported = report(dir.path(), lines.join(end), &[]);
        let refused: Vec<u64> = reported["refusals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["line"].as_u64().unwrap())
            .collect();
        assert_eq!(refused, [3, 6], "{end:?} {reported}");
    }
}

#[test]
fn the_first_day_of_1970_comes_back_from_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let page = "<DL><DT><A HREF=\"https://a.example/\" ADD_DATE=\"1\">1</A>\n<DT><A HREF=\"https://b.example/\" ADD_DATE=\"86399\">2</A></DL>";
    report(dir.path(), page, &[]);
    let table = run_ok(dir.path(), &["export", "csv"]);
    let new = tempfile::tempdir().unwrap();
    let reported = report(new.path(), &table, &[]);
    assert_eq!(
        (&reported["new"], &reported["notices"]),
        (&json!(2), &json!([]))
    );
    assert_eq!(run_ok(new.path(), &["export", "csv"]), table);
    let midnight =
        "url,title,created\nhttps://c.example/,x,1970-01-01T00:00:00Z\nhttps://d.example/,x,0\n";
    report(new.path(), midnight, &[]);
    let saved = |url: &str| {
        let note: Value =
            serde_json::from_str(&run_ok(new.path(), &["show", url, "--json"])).unwrap();
        note["savedAt"].as_str().unwrap().to_owned()
    };
    assert!(saved("https://c.example/").starts_with("1970-01-01T00:00:00"));
    assert!(!saved("https://d.example/").starts_with("1970"));
}

#[test]
fn an_ambiguous_date_is_left_out_unless_other_rows_settle_it() {
    for (dates, expected, incomplete) in [
        (["02/03/2024", "04/05/2024"], None, 2),
        (
            ["02/03/2024", "13/05/2024"],
            Some("2024-03-02T00:00:00.000Z"),
            0,
        ),
        (
            ["02/03/2024", "05/13/2024"],
            Some("2024-02-03T00:00:00.000Z"),
            0,
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let table = format!(
            "url,title,date\nhttps://a.example/,x,{}\nhttps://b.example/,x,{}\n",
            dates[0], dates[1]
        );
        let reported = report(dir.path(), table, &[]);
        assert_eq!(
            (&reported["new"], &reported["incomplete"]),
            (&json!(2), &json!(incomplete)),
            "{reported}"
        );
        let note: Value = serde_json::from_str(&run_ok(
            dir.path(),
            &["show", "https://a.example/", "--json"],
        ))
        .unwrap();
        match expected {
            Some(expected) => assert_eq!(note["savedAt"], expected),
            None => assert!(
                reported["omissions"][0]["reason"]
                    .as_str()
                    .unwrap()
                    .contains("is ambiguous"),
                "{reported}"
            ),
        }
    }
}

#[test]
fn tags_that_look_like_lists_or_quotes_come_back_from_our_own_table() {
    let dir = tempfile::tempdir().unwrap();
    let tags = [
        &["a;b"][..],
        &["a|b", "c"],
        &["\"quoted\"", "x"],
        &["'s-gravenhage"],
        &["[brackets]"],
        &["{braces}", "(parentheses)"],
        &["ft (financial times)", "c++"],
        &["plain", "two words"],
    ];
    for (at, tags) in tags.iter().enumerate() {
        let url = format!("https://e.org/{at}");
        let mut arguments = vec!["add", &url];
        for tag in *tags {
            arguments.extend(["--tag", tag]);
        }
        run_ok(dir.path(), &arguments);
    }
    let table = run_ok(dir.path(), &["export", "csv"]);
    let new = tempfile::tempdir().unwrap();
    report(new.path(), &table, &[]);
    let mut found = notes(new.path());
    found.reverse();
    let found: Vec<&Value> = found.iter().map(|note| &note["tags"]).collect();
    let expected = tags.map(|tags| json!(tags));
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
}

/// Bookmarks with a password in each field that a report quotes.
const WITH_PASSWORDS: &str = "<DL>\
    <DT><A HREF=\"https://joe:correct-horse@e.org/1\">1</A>\n\
    <DT><A HREF=\"https://joe:correct-horse@[e.org/2\">2</A>\n\
    <DT><A HREF=\"view-source:https://joe:correct-horse@e.org/3\">3</A>\n\
    <DT><A HREF=\"//joe:correct-horse@e.org/4\">4</A>\n\
    <DT><A HREF=\"/\\joe:correct-horse@e.org/5\">5</A>\n\
    <DT><A HREF=\"https://e.org/6\" TAGS=\"https://joe:Correct-Horse@e.org/\">6</A>\n\
    <DT><A HREF=\"https://e.org/7\" ADD_DATE=\"https://joe:correct-horse@e.org/\">7</A>\n\
    <DT><A HREF=\"www.joe:correct-horse@e.org/8\">8</A>\n\
    </DL>";

#[test]
fn a_report_of_an_import_never_has_a_password_of_an_address() {
    let wrapped = "<DL><DT><A \
        HREF=\"https://www.google.com/url?url=https%3A%2F%2Fjoe%3Acorrect-horse%40e.org%2F9\">9</A></DL>";
    let lines = "https://e.org/1\njoe:correct-horse@e.org two\n//joe:correct-horse@e.org/3\n";
    let table = "url,title,tags,time_added\n\
        //joe:correct-horse@e.org/1,T,,x\n\
        https://e.org/2,T,https://joe:correct-horse@e.org/,https://joe:correct-horse@e.org/\n";
    for (content, options) in [
        (WITH_PASSWORDS, &[][..]),
        (wrapped, &[]),
        (lines, &[]),
        (lines, &["--format", "lines"]),
        (table, &[]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let file = dir.join("import.file");
        fs::write(&file, content).unwrap();
        let written = dir.join("report.json");
        let arguments = ["import", file.to_str().unwrap(), "--report"];
        let arguments = [&arguments[..], &[written.to_str().unwrap()], options].concat();
        for json in [&["--json"][..], &[]] {
            let output = run(dir, &[&arguments[..], json].concat());
            let reported = [output.stdout, output.stderr].concat();
            let reported = String::from_utf8(reported).unwrap().to_lowercase();
            assert!(!reported.contains(SECRET), "{reported}");
            if output.status.success() {
                let written = fs::read_to_string(&written).unwrap().to_lowercase();
                assert!(!written.contains(SECRET), "{written}");
            }
        }
    }
}

#[test]
fn an_import_removes_passwords_where_the_configuration_says_so() {
    let own = r#"{"urlNotes": 1, "notes": [{"url": "https://joe:correct-horse@e.org/a", "title": "A",
        "addresses": ["https://joe:correct-horse@e.org/a?utm_source=x"]}]}"#;
    let plain = "<DL><DT><A HREF=\"https://joe:correct-horse@e.org/1\">T</A>\n\
        <DT><A HREF=\"view-source:https://joe:correct-horse@e.org/2\">T</A>\n\
        <DT><A HREF=\"//joe:correct-horse@e.org/3\">T</A></DL>";
    for content in [plain, own] {
        for strips in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path();
            let setting = format!("strip-user-info = {strips}\n");
            fs::write(dir.join("config.toml"), setting).unwrap();
            let reported = report(dir, content, &[]);
            assert_eq!(reported["refused"], 0, "{reported}");
            for note in notes(dir) {
                let url = note["url"].as_str().unwrap();
                assert!(url.starts_with("https://e.org/"), "{url}");
            }
            // By default the store keeps addresses as they are in the file.
            assert_eq!(is_anywhere(dir, SECRET), !strips, "{content}");
        }
    }
}

#[test]
fn a_date_outside_1970_to_2200_loses_no_bookmark_in_any_format() {
    // Microseconds of Chromium as seconds, a date before 1970, the year 9999, and impossible
    // values.
    let numbers = [
        "13350000000",
        "-1",
        "-99999999999999",
        "99999999999999999999",
        "99999999999",
    ];
    let texts = [
        "9999-01-01T00:00:00Z",
        "2201-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
    ];
    let netscape =
        |date: &str| format!("<DL><DT><A HREF=\"https://e.org/a\" ADD_DATE=\"{date}\">A</A></DL>");
    let table = |date: &str| format!("url,title,time_added\nhttps://e.org/a,A,{date}\n");
    let own = |date: &str| {
        format!(
            r#"{{"urlNotes": 1, "notes": [{{"url": "https://e.org/a", "title": "A", "savedAt": "{date}"}}]}}"#
        )
    };
    let chrome = |date: &str| {
        format!(
            r#"{{"checksum": "0", "roots": {{"bookmark_bar": {{"children": [{{"date_added": "{date}",
            "id": "2", "name": "A", "type": "url", "url": "https://e.org/a"}}], "id": "1",
            "name": "Bar", "type": "folder"}}}}, "version": 1}}"#
        )
    };
    let mut files: Vec<String> = Vec::new();
    for date in numbers.iter().chain(&texts) {
        files.extend([netscape(date), table(date), own(date), chrome(date)]);
    }
    // Values of another unit or another epoch in Chromium's file.
    for date in [
        "1700000000",
        "1700000000000",
        "1700000000000000",
        "9223372036854775807",
    ] {
        files.push(chrome(date));
    }
    for file in files {
        let dir = tempfile::tempdir().unwrap();
        let reported = report(dir.path(), &file, &[]);
        assert_eq!(
            (&reported["new"], &reported["refused"]),
            (&json!(1), &json!(0)),
            "{file}: {reported}"
        );
        let reason = reported["omissions"][0]["reason"]
            .as_str()
            .unwrap_or_default();
        assert!(
            reason.starts_with("Its date") && reason.ends_with("was left out."),
            "{file}: {reported}"
        );
        let note = &notes(dir.path())[0];
        assert!(
            note["savedAt"].as_str().unwrap().starts_with("20"),
            "{note}"
        );
    }
}

#[test]
fn milliseconds_microseconds_and_the_epoch_of_chromium_are_read_as_what_they_are() {
    for date in [
        "1500000000",
        "1500000000000",
        "1500000000000000",
        "13144473600000000",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = format!("<DL><DT><A HREF=\"https://e.org/a\" ADD_DATE=\"{date}\">A</A></DL>");
        let reported = report(dir.path(), &file, &[]);
        assert_eq!(reported["incomplete"], 0, "{date}: {reported}");
        let note = &notes(dir.path())[0];
        assert_eq!(note["savedAt"], "2017-07-14T02:40:00.000Z", "{date}");
    }
}

#[test]
fn a_deleted_note_with_an_unusable_date_stays_deleted() {
    for date in ["never", "9999-01-01", "-1"] {
        let dir = tempfile::tempdir().unwrap();
        let own = format!(
            r#"{{"urlNotes": 1, "notes": [], "trash": [{{"url": "https://e.org/a", "title": "A",
            "deletedAt": "{date}"}}]}}"#
        );
        let reported = report(dir.path(), &own, &[]);
        assert_eq!(
            (&reported["new"], &reported["incomplete"]),
            (&json!(1), &json!(1)),
            "{reported}"
        );
        assert!(notes(dir.path()).is_empty(), "{reported}");
        let trash = run_ok(dir.path(), &["list", "--trash", "--json"]);
        assert!(trash.contains("https://e.org/a"), "{trash}");
    }
}

#[test]
fn a_note_with_several_addresses_keeps_them_through_an_export() {
    let own = r#"{"urlNotes": 1, "notes": [{"url": "https://e.org/a", "title": "A", "tags": ["x"],
        "savedAt": "2024-01-02T03:04:05.000Z",
        "addresses": ["https://e.org/a?utm_source=one", "https://e.org/a#two",
        "https://e.org/a?utm_medium=three"]}]}"#;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let reported = report(one.path(), own, &[]);
    assert_eq!(
        (&reported["new"], &reported["incomplete"]),
        (&json!(1), &json!(0)),
        "{reported}"
    );
    for format in ["json", "jsonl"] {
        let exported = run_ok(one.path(), &["export", format]);
        for address in ["utm_source=one", "a#two", "utm_medium=three"] {
            assert!(exported.contains(address), "{exported}");
        }
        report(other.path(), &exported, &[]);
        assert_eq!(run_ok(other.path(), &["export", format]), exported);
        let again = report(other.path(), &exported, &[]);
        assert_eq!(again["unchanged"], 1, "{again}");
    }
}

#[test]
fn a_number_that_would_be_a_date_before_1990_is_no_date() {
    // Milliseconds and microseconds of 1973 to 1989; as seconds they are of the year 5138 on.
    for date in [
        "253402300800",
        "100000000001",
        "631151999999",
        "253402300800000",
        "631151999999999",
        "253402300800.5",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = format!("<DL><DT><A HREF=\"https://e.org/a\" ADD_DATE=\"{date}\">A</A></DL>");
        let reported = report(dir.path(), &file, &[]);
        assert_eq!(
            (&reported["new"], &reported["incomplete"]),
            (&json!(1), &json!(1)),
            "{date}: {reported}"
        );
        let note = &notes(dir.path())[0];
        assert!(note["savedAt"].as_str().unwrap() > "2026", "{date}: {note}");
    }
    // Seconds of those years, which some programs had, and the first that count.
    for (date, moment) in [
        ("500000000", "1985-11-05T00:53:20.000Z"),
        ("631152000000", "1990-01-01T00:00:00.000Z"),
        ("631152000000000", "1990-01-01T00:00:00.000Z"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = format!("<DL><DT><A HREF=\"https://e.org/a\" ADD_DATE=\"{date}\">A</A></DL>");
        report(dir.path(), &file, &[]);
        assert_eq!(notes(dir.path())[0]["savedAt"], moment, "{date}");
    }
}

#[test]
fn a_table_of_links_beside_bookmarks_in_a_zip_file_is_taken_with_them() {
    let page: &[u8] =
        b"<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF=\"https://one.example/\">1</A></DL>";
    let logins = format!("url,username,password\nhttps://bank.example/,me,{SECRET}\n");
    for (table, new) in [
        ("url,title,tags\nhttps://two.example/,2,y\n", 2),
        ("title,url\n2,https://two.example/\n", 2),
        ("Name,Link\n2,https://two.example/\n", 2),
        ("Title,Note,URL,Comment\n2,,https://two.example/,\n", 2),
        ("url\nhttps://two.example/\n", 2),
        // Other tables have addresses, too.
        (
            "Channel Id,Channel Url,Channel Title\n2,https://two.example/,x\n",
            1,
        ),
        ("name,address\nJo,1 High Street\n", 1),
        ("title,url,visits\n2,https://two.example/,7\n", 1),
        ("title,url\nx,none\n2,https://two.example/\n", 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = zip(&[
            ("Bookmarks.html", page),
            ("Saved/Links.csv", table.as_bytes()),
            ("Logins.csv", logins.as_bytes()),
        ]);
        let reported = report(dir.path(), &file, &[]);
        assert_eq!(reported["new"], new, "{table}: {reported}");
        assert!(!is_anywhere(dir.path(), SECRET));
        run_ok(dir.path(), &["import", "--undo"]);
        assert_eq!(notes(dir.path()), Vec::<Value>::new());
    }
}

#[test]
fn our_own_export_without_its_mark_keeps_all_that_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let own = json!({"urlNotes": 1, "notes": [
        {"url": "https://e.org/a", "title": "A", "tags": ["x"], "summary": "mine",
         "savedAt": "2024-01-02T03:04:05.000Z", "updatedAt": "2024-01-03T03:04:05.000Z",
         "addresses": ["https://e.org/a?utm_source=one", "https://e.org/b"]},
        {"url": "https://e.org/c", "title": "", "tags": [], "summary": "",
         "savedAt": "2024-01-04T03:04:05.000Z"},
    ], "trash": [
        {"url": "https://e.org/d", "title": "D", "tags": [], "summary": "gone",
         "savedAt": "2024-01-05T03:04:05.000Z", "deletedAt": url_notes::clock::now().to_string()},
    ], "aliases": [{"alias": "ex", "tag": "x"}]});
    report(dir.path(), own.to_string(), &[]);
    let exported = run_ok(dir.path(), &["export", "json"]);
    let mut unmarked: Value = serde_json::from_str(&exported).unwrap();
    unmarked.as_object_mut().unwrap().remove("urlNotes");
    let mut added = unmarked.clone();
    for list in ["notes", "trash"] {
        for note in added[list].as_array_mut().unwrap() {
            note["mood"] = "fine".into();
        }
    }
    let cut = json!({"archive": unmarked["notes"], "bin": unmarked["trash"],
        "names": unmarked["aliases"]});
    for (file, is_whole) in [(unmarked, true), (cut, true), (added, false)] {
        let other = tempfile::tempdir().unwrap();
        let reported = report(other.path(), file.to_string(), &[]);
        assert_eq!(reported["format"], "json-list", "{reported}");
        assert_eq!(
            (&reported["refused"], &reported["incomplete"]),
            (&json!(0), &json!(0)),
            "{reported}"
        );
        assert!(
            reported["notices"].to_string().contains("guessed"),
            "{reported}"
        );
        if is_whole {
            assert_eq!(
                run_ok(other.path(), &["export", "json"]),
                exported,
                "{reported}"
            );
        } else {
            let note = &notes(other.path())[1];
            assert_eq!(note["addresses"].as_array().unwrap().len(), 2, "{note}");
            assert_eq!(notes(other.path()).len(), 2);
            assert!(
                reported["notices"].to_string().contains("mood"),
                "{reported}"
            );
        }
        let trash = run_ok(other.path(), &["list", "--trash", "--json"]);
        assert!(trash.contains("https://e.org/d"), "{trash}");
    }
}

#[test]
fn a_list_of_links_under_the_heading_links_is_markdown_and_no_table() {
    for heading in ["# Links", "## URLs, titles", "# Link"] {
        let dir = tempfile::tempdir().unwrap();
        let file =
            format!("{heading}\n\n- [A](https://a.example/) - note\n- [B](https://b.example/)\n");
        let reported = report(dir.path(), &file, &[]);
        assert_eq!(
            (&reported["format"], &reported["new"], &reported["refused"]),
            (&json!("markdown"), &json!(2), &json!(0)),
            "{reported}"
        );
    }
    // A column of numbers may have this name.
    let dir = tempfile::tempdir().unwrap();
    let reported = report(dir.path(), "#,url,title\n1,https://a.example/,A\n", &[]);
    assert_eq!(
        (&reported["format"], &reported["new"]),
        (&json!("csv"), &json!(1)),
        "{reported}"
    );
}

#[test]
fn titles_and_notes_of_another_form_are_read_from_any_list() {
    let dir = tempfile::tempdir().unwrap();
    let file = json!([
        {"url": "https://a.example/", "title": ["One", "two"], "note": {"text": "mine"}},
        {"url": "https://b.example/", "title": {"rendered": "Three"}, "note": ["x", "y"]},
    ]);
    let reported = report(dir.path(), file.to_string(), &[]);
    assert_eq!(
        (&reported["format"], &reported["new"]),
        (&json!("json-list"), &json!(2)),
        "{reported}"
    );
    let read: Vec<_> = notes(dir.path())
        .iter()
        .map(|note| (note["title"].clone(), note["summary"].clone()))
        .collect();
    assert_eq!(
        read,
        [
            (json!("Three"), json!("x\n\ny")),
            (json!("One two"), json!("mine"))
        ]
    );
}

#[test]
fn a_table_of_logins_by_pin_is_never_imported() {
    for table in [
        "website,user,PIN\nhttps://bank.example/,me,1234\n",
        "url;Benutzername;PIN-Code\nhttps://bank.example/;ich;1234\n",
        "url,логин,pin\nhttps://bank.example/,я,1234\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        assert!(refusal(dir.path(), table, &[]).contains("column for passwords"));
        assert_eq!(notes(dir.path()), Vec::<Value>::new());
    }
    // What is pinned is no PIN, and neither is a pin without a user.
    for table in [
        "url,title,pin\nhttps://a.example/,A,1\n",
        "url,title,pinned,account\nhttps://a.example/,A,1,x\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(report(dir.path(), table, &[])["new"], 1);
    }
}
