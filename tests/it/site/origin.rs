//! The site's own origin: what browsers get there, what they get under its other names, and who can
//! learn it.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use serde_json::json;

use super::client::{Answer, ask_at, get_at, try_get};
use crate::host::{TestHost, program, recording_browser, run_ok, until};

const TARGETS: [&str; 16] = [
    "/",
    "/tags",
    "/tag/gpu",
    "/tag/absent",
    "/tag/GPU/?with=a%20b&before=5",
    "/all/0",
    "/all/007",
    "/note/1",
    "/search?q=page",
    "/feed.atom",
    "/api/notes",
    "/site.js",
    "/robots.txt",
    "/enter/0/",
    "//evil.example/",
    "/nowhere",
];

const VISIT: &str = "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Fetch-User: ?1\n";

/// The four names that any program can have.
fn common_names(origin: &str) -> [String; 4] {
    let (_, port) = origin.rsplit_once(':').unwrap();
    ["localhost", "127.0.0.1", "[::1]", "url-notes.localhost"]
        .map(|name| format!("http://{name}:{port}"))
}

fn label(origin: &str) -> &str {
    let host = origin.strip_prefix("http://").unwrap();
    host.split('.').next().unwrap()
}

/// Returns status, header lines except the date, and body.
fn all_of(answer: &Answer) -> (u16, Vec<&str>, &str) {
    let lines = answer
        .head
        .lines()
        .filter(|line| !line.starts_with("Date: "));
    (answer.status, lines.collect(), &answer.body)
}

fn host_with_a_note(settings: &str) -> (TestHost, String, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.toml"), settings).unwrap();
    let mut host = TestHost::on(dir.path());
    let origin = host.site_origin();
    host.save("https://e.org/a", "A page", &["gpu"]);
    (host, origin, dir)
}

#[test]
fn a_visit_under_a_common_name_is_redirected_whatever_is_there_or_not() {
    for settings in ["", "require-token = true\n"] {
        let (_host, origin, _dir) = host_with_a_note(settings);
        for name in common_names(&origin) {
            for site in ["none", "cross-site", "same-origin"] {
                for target in TARGETS {
                    let lines = format!("Sec-Fetch-Site: {site}\n{VISIT}");
                    let answer = ask_at(&name, target, &lines);
                    assert_eq!(
                        answer.header("Location"),
                        Some(&*format!("{origin}{target}"))
                    );
                    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
                    // Apart from the requested address, the answer reveals nothing.
                    let head = answer.head.replace(&format!("{origin}{target}"), "…");
                    let masked = Answer { head, ..answer };
                    let first = ask_at(&name, "/first", &lines);
                    let head = first.head.replace(&format!("{origin}/first"), "…");
                    let first = Answer { head, ..first };
                    assert_eq!(all_of(&masked), all_of(&first), "{name}{target}");
                    assert_eq!(masked.status, 307);
                    assert_eq!(masked.header("Set-Cookie"), None);
                }
            }
        }
    }
}

#[test]
fn whatever_else_a_browser_asks_for_under_a_common_name_is_refused_in_one_way() {
    let (_host, origin, _dir) = host_with_a_note("");
    let mut answers = BTreeSet::new();
    for name in common_names(&origin) {
        for target in TARGETS {
            for lines in [
                "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\n",
                "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: empty\n",
                "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: script\n",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe\n",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Purpose: prefetch\n",
                "Sec-WebSocket-Key: x\nUpgrade: websocket\nOrigin: http://localhost:1\n",
            ] {
                let answer = ask_at(&name, target, lines);
                assert_eq!(answer.status, 403, "{name}{target}: {lines}");
                let (status, head, body) = all_of(&answer);
                answers.insert((status, head.join("\n"), body.to_owned()));
            }
        }
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let (_, head, _) = answers.first().unwrap();
    assert!(
        !head.contains("Location") && head.contains("no-store"),
        "{head}"
    );
    assert!(!head.contains(label(&origin)));
}

#[test]
fn at_its_own_origin_a_visit_gets_the_page_and_a_script_nothing() {
    let (mut host, origin, _dir) = host_with_a_note("");
    let id = host.save("https://e.org/b", "B page", &[])["note"]["id"].clone();
    let pages = [
        "/",
        "/tag/gpu",
        "/all/0",
        &format!("/note/{id}"),
        "/api/notes",
        "/feed.atom",
    ];
    let mut refused = BTreeSet::new();
    for target in pages {
        for site in ["none", "same-origin", "cross-site"] {
            let visit = ask_at(&origin, target, &format!("Sec-Fetch-Site: {site}\n{VISIT}"));
            assert_eq!(visit.status, 200, "{target}");
            assert!(visit.body.contains(" page"), "{target}");
            assert_eq!(
                visit.header("Vary"),
                visit
                    .header("ETag")
                    .map(|_| "Sec-Fetch-Site, Sec-Fetch-Dest")
            );
        }
        for site in ["none", "same-origin", "same-site", "cross-site"] {
            for (mode, dest) in [
                ("cors", "empty"),
                ("no-cors", "empty"),
                ("same-origin", "empty"),
                ("navigate", "empty"),
                ("navigate", "iframe"),
                ("navigate", "object"),
                ("no-cors", "script"),
                ("no-cors", "image"),
            ] {
                let answer = ask_at(
                    &origin,
                    target,
                    &format!(
                        "Sec-Fetch-Site: {site}\nSec-Fetch-Mode: {mode}\nSec-Fetch-Dest: {dest}\n"
                    ),
                );
                assert_eq!(answer.status, 403, "{target}: {site} {mode} {dest}");
                let (status, head, body) = all_of(&answer);
                refused.insert((status, head.join("\n"), body.to_owned()));
            }
        }
    }
    assert_eq!(refused.len(), 1, "{refused:#?}");
    for (target, dest) in [
        ("/site.js", "script"),
        ("/style.css", "style"),
        ("/favicon.ico", "image"),
    ] {
        let lines = format!(
            "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: {dest}\n"
        );
        assert_eq!(ask_at(&origin, target, &lines).status, 200, "{target}");
    }
}

#[test]
fn programs_get_the_same_under_every_name() {
    let (_host, origin, _dir) = host_with_a_note("");
    for target in ["/", "/tag/gpu", "/api/notes", "/feed.atom", "/nowhere"] {
        let own = get_at(&origin, target);
        for name in common_names(&origin) {
            let answer = get_at(&name, target);
            assert_eq!(all_of(&answer), all_of(&own), "{name}{target}");
            // `fetch` of Node.js, which isn't a browser.
            let node = ask_at(&name, target, "Sec-Fetch-Mode: cors\n");
            assert_eq!(node.body, own.body);
        }
    }
    // What other programs read contains the name that all of them resolve, whatever they requested,
    // and never the label. A browser is redirected from there.
    let port = origin.rsplit_once(':').unwrap().1;
    let common = format!("http://localhost:{port}");
    for name in [&common, &origin] {
        for (target, page) in [("/feed.atom", "/"), ("/tag/gpu/feed.atom", "/tag/gpu")] {
            let feed = get_at(name, target).body;
            assert!(!feed.contains(label(&origin)), "{feed}");
            for link in [target, page] {
                let link = format!("href=\"{common}{link}\"");
                assert!(feed.contains(&link), "{link} in {feed}");
            }
            assert!(feed.contains(&format!("href=\"{common}/note/")), "{feed}");
            let page = get_at(name, page).body;
            let offers = format!("href=\"{common}{target}\"");
            assert_eq!(page.matches(&offers).count(), 2, "{offers} in {page}");
        }
    }
    let feed = get_at(&common, "/feed.atom").body;
    assert!(
        feed.contains("<id>tag:url-notes.localhost,2025:note/"),
        "{feed}"
    );
    let search = get_at(&common_names(&origin)[0], "/opensearch.xml").body;
    assert!(search.contains(&format!("{origin}/search?q=")), "{search}");
}

#[test]
fn the_origin_stays_until_its_file_is_removed_and_is_not_revealed() {
    let (mut host, origin, dir) = host_with_a_note("log-level = \"trace\"\n");
    let (_, port) = origin.rsplit_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    get_at(&origin, "/tag/gpu");
    run_ok(dir.path(), &["backup"]);
    let doctor = program(dir.path()).args(["doctor"]).output().unwrap();
    let site = dir.path().join("exported");
    run_ok(dir.path(), &["export", "site", site.to_str().unwrap()]);
    let secret = dir.path().join("site.secret");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&secret), 0o600);

    assert!(host.end().success());
    let mut again = TestHost::at_port(dir.path(), port);
    assert_eq!(again.site_origin(), origin);
    // Neither in a log nor in a backup, nor in what is published or shown in a bug report.
    let mut looked_at = 0;
    for file in walk(dir.path()) {
        looked_at += 1;
        let bytes = fs::read(&file).unwrap();
        let found = bytes
            .windows(17)
            .any(|part| part == label(&origin).as_bytes());
        assert!(!found, "{}", file.display());
    }
    assert!(looked_at > 10);
    for said in [doctor.stdout, doctor.stderr] {
        assert!(!String::from_utf8(said).unwrap().contains(label(&origin)));
    }

    // The running host uses the new secret at once.
    fs::remove_file(&secret).unwrap();
    let next = again.site_origin();
    assert_ne!(next, origin);
    assert_eq!(get_at(&next, "/tag/gpu").status, 200);
    assert_eq!(get_at(&origin, "/tag/gpu").status, 421);
    let search = get_at(&next, "/opensearch.xml").body;
    assert!(
        search.contains(&next) && !search.contains(&origin),
        "{search}"
    );
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_foreign_service_worker_is_ended_and_one_at_the_own_origin_ends_that_origin() {
    let (mut host, origin, _dir) = host_with_a_note("");
    let worker = "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: same-origin\n\
                  Sec-Fetch-Dest: serviceworker\nService-Worker: script\n";
    for name in common_names(&origin) {
        let answer = ask_at(&name, "/any/worker.js", worker);
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("registration.unregister()"));
        assert!(!answer.body.contains(label(&origin)));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        assert_eq!(host.site_origin(), origin);
    }
    let at_own = ask_at(&origin, "/worker.js", worker);
    assert!(at_own.body.contains("registration.unregister()"));
    let next = host.site_origin();
    assert_ne!(next, origin);
    let preload = format!("Sec-Fetch-Site: none\n{VISIT}Service-Worker-Navigation-Preload: true\n");
    let answer = ask_at(&next, "/all/0", &preload);
    assert_eq!(answer.status, 403);
    assert!(!answer.body.contains("A page") && !answer.head.contains("Location"));
    assert_ne!(host.site_origin(), next);
}

#[test]
fn another_user_learns_no_origin_by_the_headers_of_a_browser() {
    // Only root can act as another user.
    if cfg!(not(target_os = "linux")) || !rustix::process::geteuid().is_root() {
        return;
    }
    let (_host, origin, _dir) = host_with_a_note("");
    let (_, port) = origin.rsplit_once(':').unwrap();
    let lines = format!("Sec-Fetch-Site: none\n{VISIT}").replace('\n', "\\r\\n");
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET / HTTP/1.1\\r\\nHost: localhost:{port}\\r\\n\
         {lines}Connection: close\\r\\n\\r\\n' >&3; cat <&3"
    );
    let mut command = Command::new("/bin/bash");
    command.args(["-c", &script]);
    std::os::unix::process::CommandExt::uid(&mut command, 65533);
    let answer = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(!answer.contains(label(&origin)), "{answer}");
}

#[test]
fn a_locked_site_repeats_a_typed_address_to_get_the_cookie() {
    let (mut host, origin, _dir) = host_with_a_note("require-token = true\n");
    let first = ask_at(
        &origin,
        "/tag/gpu?with=a",
        &format!("Sec-Fetch-Site: none\n{VISIT}"),
    );
    assert_eq!(first.status, 200);
    assert!(
        first.body.contains("0;url=/tag/gpu?with=a"),
        "{}",
        first.body
    );
    assert!(!first.body.contains("A page"));
    for site in ["same-origin", "cross-site"] {
        let lines = format!("Sec-Fetch-Site: {site}\n{VISIT}");
        assert_eq!(ask_at(&origin, "/tag/gpu", &lines).status, 403);
    }
    host.call("stats", json!({}));
}

#[test]
fn the_browser_is_started_without_the_origin_in_its_arguments() {
    let (mut host, origin, dir) = host_with_a_note("");
    let (_, port) = origin.rsplit_once(':').unwrap();
    let path = recording_browser(dir.path());
    let opened = dir.path().join("opened");
    let output = program(dir.path())
        .env("URL_NOTES_PORT", port)
        .env("PATH", path)
        .args(["open", "gpu", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["url"], format!("{origin}/tag/gpu"));
    let argument = until("the browser to be asked", || {
        fs::read_to_string(&opened).ok()
    });
    // If the system doesn't identify users, it is the name of a file.
    if cfg!(target_os = "linux") {
        assert_eq!(argument, format!("http://localhost:{port}/tag/gpu\n"));
    }
    assert!(!argument.contains(label(&origin)), "{argument}");
    host.kill();
    assert!(try_get(port.parse().unwrap(), "/").is_err());
}
