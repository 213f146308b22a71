//! The site as browsers and other programs on the computer reach it: over sockets, from the real
//! program.

pub(crate) mod client;
mod hostile;
mod impostor;
mod inbox;
mod locked;
mod markup;
mod origin;
mod reading;

use std::{
    fs,
    net::{Ipv6Addr, TcpListener},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::host::{ORIGIN, TestHost, op_id, program, run_ok, until};
use client::{Client, get, try_get};

/// Names that are difficult for addresses, HTML, forms or browsers.
const PICKY_TAGS: [&str; 14] = [
    "gpu",
    "large language model",
    "web/tech",
    "c++",
    "#lojban",
    "gödel",
    "ft (financial times)",
    "機械学習",
    "למידת מכונה",
    ".",
    "..",
    "100%",
    "a&b=c?d",
    "<b>\"'",
];

#[test]
fn a_host_without_requests_shows_an_empty_site() {
    let dir = tempfile::tempdir().unwrap();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let _host = TestHost::at_port(dir.path(), port);
    let page = until("the site", || try_get(port, "/").ok());
    assert_eq!(page.status, 200, "{}", page.body);
}

#[test]
fn a_save_is_read_on_its_tag_page() {
    let mut host = TestHost::new();
    let port = host.site_port();
    let saved = host.call(
        "saveNote",
        json!({
            "opId": op_id(), "url": "https://e.org/a", "title": "A page",
            "tags": ["GPU", "web/tech"], "summary": "- **bold**\n  - nested", "lang": "en",
        }),
    );
    for target in [
        "/",
        "/tag/gpu",
        "/tag/web%2Ftech",
        "/all/0",
        "/search?q=nested",
    ] {
        let page = get(port, target);
        assert_eq!(page.status, 200, "{target}");
        assert!(
            page.body.contains(
                "<a href=\"https://e.org/a\" target=\"_blank\" rel=\"noreferrer noopener\">"
            ),
            "{target}"
        );
    }
    assert!(get(port, "/tag/gpu").body.contains("<strong>bold</strong>"));
    let note = get(port, &format!("/note/{}", saved["note"]["id"]));
    assert!(note.body.contains("<title>url-notes | A page</title>"));
}

#[test]
fn every_tag_has_its_page_however_it_is_written() {
    let mut host = TestHost::new();
    let port = host.site_port();
    for (number, tag) in PICKY_TAGS.iter().enumerate() {
        host.save(
            &format!("https://e.org/{number}"),
            &format!("Note {number}."),
            &[tag],
        );
    }
    let tags = get(port, "/tags").body;
    for (number, tag) in PICKY_TAGS.iter().enumerate() {
        // The link in the list of tags, as a browser would follow it.
        let shown = format!("<bdi>{}</bdi>", markup::escaped(tag));
        let (before, _) = tags
            .split_once(&shown)
            .unwrap_or_else(|| panic!("no {shown}"));
        let address = before
            .rsplit_once("href=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0;
        let url = url::Url::parse(&format!("http://localhost:{port}"))
            .unwrap()
            .join(address)
            .unwrap();
        let page = get(port, &url[url::Position::BeforePath..]);
        assert_eq!(page.status, 200, "{tag}");
        assert!(page.body.contains(&format!("Note {number}.")), "{tag}");
    }
}

#[test]
fn an_alias_redirects_to_the_tags_page() {
    let mut host = TestHost::new();
    let port = host.site_port();
    host.save("https://e.org/a", "A page", &["machine learning", "gpu"]);
    run_ok(host.dir(), &["tag", "alias", "ml", "machine learning"]);
    for (target, address) in [
        ("/tag/ml", "/tag/machine%20learning"),
        ("/tag/ML?before=5", "/tag/ml?before=5"),
        ("/tag/ml?before=5", "/tag/machine%20learning?before=5"),
        ("/tag/gpu?with=ml", "/tag/gpu?with=machine+learning"),
        ("/tag/gpu?without=ml", "/tag/gpu?without=machine+learning"),
        ("/tag/ml?with=machine+learning", "/tag/machine%20learning"),
    ] {
        let answer = get(port, target);
        assert_eq!(answer.status, 308, "{target}");
        assert_eq!(answer.header("Location"), Some(address), "{target}");
        // Not cached, because an alias can be removed.
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    assert!(get(port, "/tag/machine%20learning").body.contains("A page"));
    assert!(get(port, "/search?q=tag:ml").body.contains("A page"));
    run_ok(host.dir(), &["tag", "alias", "--rm", "ml"]);
    assert_eq!(get(port, "/tag/ml").status, 404);
}

#[test]
fn another_host_takes_over_within_a_second_of_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = TestHost::on(dir.path());
    let origin = first.site_origin();
    let port = first.site_port();
    first.save("https://e.org/a", "A page", &["gpu"]);
    let mut second = TestHost::at_port(dir.path(), port);
    let hello = second.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
    assert_eq!(hello["siteUrl"], format!("{origin}/"));
    assert_eq!(hello["siteProblem"], Value::Null);

    first.kill();
    let gone = Instant::now();
    until("the second host to serve", || {
        try_get(port, "/tag/gpu").ok()
    });
    assert!(
        gone.elapsed() < Duration::from_secs(1),
        "{:?}",
        gone.elapsed()
    );
    assert!(get(port, "/tag/gpu").body.contains("A page"));
}

#[test]
fn of_three_hosts_the_next_serves_within_a_second_however_one_ends() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::TERM, Signal::KILL] {
        let dir = tempfile::tempdir().unwrap();
        let mut first = TestHost::on(dir.path());
        let port = first.site_port();
        first.save("https://e.org/a", "A page", &["gpu"]);
        let mut hosts = vec![first];
        for _ in 0..2 {
            let mut host = TestHost::at_port(dir.path(), port);
            let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
            assert_eq!(hello["siteProblem"], Value::Null);
            hosts.push(host);
        }
        while hosts.len() > 1 {
            // The process that listens is the one that serves.
            let serving = until("somebody to serve", || {
                let address = format!("127.0.0.1:{port}").parse().unwrap();
                let program = url_notes::platform::listening_at(address);
                hosts.iter().position(|host| match &program {
                    Some(program) => host.process() == program.process,
                    // If the system doesn't say, any of them will do.
                    None => cfg!(not(target_os = "linux")),
                })
            });
            let mut ending = hosts.remove(serving);
            let process = Pid::from_raw(ending.process().try_into().unwrap()).unwrap();
            kill_process(process, signal).unwrap();
            let gone = Instant::now();
            // The ending process may still answer; it is over when it no longer listens.
            let process = ending.process();
            let address = format!("127.0.0.1:{port}").parse().unwrap();
            until("the next one to serve", || {
                let holder = url_notes::platform::listening_at(address);
                let page = try_get(port, "/tag/gpu").ok()?;
                let next = holder.is_none_or(|program| program.process != process);
                (next && page.status == 200).then_some(())
            });
            let took = gone.elapsed();
            assert!(took < Duration::from_secs(1), "{signal:?}: {took:?}");
            ending.kill();
            // The remaining hosts keep saving.
            for (at, host) in hosts.iter_mut().enumerate() {
                host.save(&format!("https://e.org/{at}"), "Another", &["gpu"]);
            }
        }
    }
}

#[test]
fn serve_stands_by_and_takes_over_when_the_browser_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut browser = TestHost::on(dir.path());
    let port = browser.site_port();
    let _service = TestHost::start(
        program(dir.path()).args(["serve", "--port", &port.to_string()]),
        dir.path(),
    );
    assert!(browser.end().success());
    until("the service to serve", || try_get(port, "/").ok());
}

#[test]
fn a_holder_of_either_address_family_is_named_and_replaced_when_it_exits() {
    for family in ["127.0.0.1", "[::1]"] {
        // Without IPv6 there is no second family to occupy.
        if family == "[::1]" && TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            continue;
        }
        let squatter = TcpListener::bind(format!("{family}:0")).unwrap();
        let address = squatter.local_addr().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut host = TestHost::at_port(dir.path(), address.port());
        let problem = until("the squatter to be named", || {
            let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
            hello["siteProblem"].as_str().map(str::to_owned)
        });
        assert!(
            problem.contains(&format!("another program listens at {address}")),
            "{problem}"
        );
        assert!(problem.contains(&this_program()), "{problem}");
        // The other program would get half of the visits, so the site isn't served.
        let other = if family == "[::1]" {
            "127.0.0.1"
        } else {
            "[::1]"
        };
        assert!(Client::connect_to(&format!("{other}:{}", address.port())).is_err());
        // Saves succeed all the while.
        host.save("https://e.org/a", "A page", &["gpu"]);
        drop(squatter);
        until("the site to be served", || {
            try_get(address.port(), "/tag/gpu").ok()
        });
    }
}

#[test]
fn serve_says_at_once_that_its_port_is_taken() {
    let squatter = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = squatter.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let output = program(dir.path())
        .args(["serve", "--port", &port.to_string()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let sentence = format!(
        "another program listens at 127.0.0.1:{port}{}. Stop that program, or set another port",
        this_program()
    );
    assert!(stderr.contains(&sentence), "{stderr}");
}

/// How messages name this program when it holds the port.
fn this_program() -> String {
    if cfg!(not(target_os = "linux")) {
        return String::new();
    }
    let name = fs::read_to_string("/proc/self/comm").unwrap();
    format!(": {} (process {})", name.trim(), std::process::id())
}

#[test]
fn another_user_who_holds_the_port_is_recognised() {
    // Only root can act as another user.
    if cfg!(not(target_os = "linux")) || !rustix::process::geteuid().is_root() {
        return;
    }
    let theirs = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(theirs.path(), Some(65534), Some(65534)).unwrap();
    let copy = theirs.path().join("url-notes");
    fs::copy(env!("CARGO_BIN_EXE_url-notes"), &copy).unwrap();
    let mut command = Command::new(&copy);
    command
        .env_clear()
        .env("URL_NOTES_DATA_DIR", theirs.path())
        .env("URL_NOTES_PORT", "0")
        .arg(ORIGIN);
    std::os::unix::process::CommandExt::uid(&mut command, 65534);
    let mut other = TestHost::start(&mut command, theirs.path());
    let port = other.site_port();
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::at_port(dir.path(), port);
    let problem = until("the other user to be named", || {
        let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
        hello["siteProblem"].as_str().map(str::to_owned)
    });
    assert!(
        problem.contains("another user of this computer"),
        "{problem}"
    );
    assert_eq!(get(port, "/").status, 403);
}

#[test]
fn a_page_in_the_browsers_cache_is_sent_again_only_after_a_change() {
    let mut host = TestHost::new();
    let port = host.site_port();
    host.save("https://e.org/a", "A page", &["gpu"]);
    let ask = |target: &str, tag: &str| {
        let mut client = Client::new(port);
        client.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nIf-None-Match: {tag}\r\n\
             Connection: close\r\n\r\n"
        ));
        client.rest()
    };
    for (number, target) in ["/", "/tags", "/tag/gpu", "/all/0", "/search?q=page"]
        .iter()
        .enumerate()
    {
        let page = get(port, target);
        let tag = page.header("ETag").unwrap().to_owned();
        assert_eq!(page.header("Cache-Control"), Some("private, no-cache"));
        assert_eq!(page.header("Vary"), Some("Sec-Fetch-Site, Sec-Fetch-Dest"));
        for has in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let same = ask(target, &has);
            assert!(same.starts_with("HTTP/1.1 304 "), "{target}: {same}");
            assert!(
                same.ends_with("\r\n\r\n") && !same.contains("A page"),
                "{same}"
            );
        }
        for has in ["\"x\"", "", "*", tag.trim_matches('"')] {
            let whole = ask(target, has);
            assert!(whole.starts_with("HTTP/1.1 200 "), "{target}: {has}");
        }
        // Each write changes the pages.
        host.save("https://e.org/a", "A page", &[&format!("tag {number}")]);
        let changed = ask(target, &tag);
        assert!(changed.starts_with("HTTP/1.1 200 "), "{target}: {changed}");
        assert!(!changed.contains(&tag));
    }
    // What doesn't exist may exist in a moment, so its absence isn't cached.
    for target in ["/tag/absent", "/nowhere", "/tag/GPU"] {
        let answer = get(port, target);
        assert_eq!(answer.header("ETag"), None, "{target}");
        assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{target}");
    }
    // Another process may render the same notes differently.
    let tag = get(port, "/").header("ETag").unwrap().to_owned();
    let _next = TestHost::at_port(host.dir(), port);
    host.kill();
    until("the next host to serve", || try_get(port, "/").ok());
    assert!(ask("/", &tag).starts_with("HTTP/1.1 200 "));
}

#[test]
fn both_families_and_all_four_names_are_served() {
    let mut host = TestHost::new();
    let port = host.site_port();
    for address in ["127.0.0.1", "[::1]"] {
        if address == "[::1]" && TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            continue;
        }
        for name in ["localhost", "127.0.0.1", "[::1]", "url-notes.localhost"] {
            let mut client = Client::connect_to(&format!("{address}:{port}")).unwrap();
            client.send(&format!("GET / HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n"));
            assert_eq!(client.answer().status, 200, "{name} at {address}");
        }
    }
}

#[test]
fn other_users_of_the_machine_are_shown_nothing() {
    let mut host = TestHost::new();
    let port = host.site_port();
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; \
         printf 'GET / HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
    );
    let mut command = Command::new("/bin/bash");
    command.args(["-c", &script]);
    let me = rustix::process::geteuid();
    // Only root can act as another user; other users can at least act as themselves.
    let expected = if cfg!(target_os = "linux") && me.is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
        "HTTP/1.1 403 "
    } else {
        "HTTP/1.1 200 "
    };
    let answer = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(answer.starts_with(expected), "{answer}");
    assert_eq!(answer.contains("<html"), expected.contains("200"));
}

#[test]
fn a_host_short_of_descriptors_serves_again_when_it_has_some() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/bash");
    command
        .env_clear()
        .env("URL_NOTES_DATA_DIR", dir.path())
        .env("URL_NOTES_PORT", "0")
        .args(["-c", "ulimit -n 24; exec \"$0\" \"$1\""])
        .args([env!("CARGO_BIN_EXE_url-notes"), ORIGIN]);
    let mut host = TestHost::start(&mut command, dir.path());
    let port = host.site_port();
    let crowd: Vec<_> = (0..48).map(|_| Client::new(port)).collect();
    // At the limit of its descriptors it neither exits nor stops its other work.
    host.call("stats", json!({}));
    drop(crowd);
    until("the site to answer again", || {
        try_get(port, "/").ok().filter(|page| page.status == 200)
    });
    assert!(host.end().success());
}

#[test]
fn the_site_follows_a_replaced_database() {
    let mut host = TestHost::new();
    host.save("https://e.org/a", "Kept", &["x"]);
    let port = host.site_port();
    let place = |name: &str| host.dir().join(name);
    let copy = place("copy.db");
    run_ok(host.dir(), &["backup", copy.to_str().unwrap()]);
    run_ok(
        host.dir(),
        &["add", "https://e.org/b", "--title", "Moved away"],
    );
    assert!(get(port, "/").body.contains("Moved away"));
    for ending in ["", "-wal", "-shm"] {
        let name = format!("notes.db{ending}");
        fs::rename(place(&name), place(&format!("away.db{ending}"))).unwrap();
    }
    fs::rename(&copy, place("notes.db")).unwrap();
    // At the same revision, but with other notes.
    run_ok(host.dir(), &["add", "https://e.org/c", "--title", "Added"]);
    let page = get(port, "/").body;
    assert!(page.contains("Kept") && page.contains("Added"), "{page}");
    assert!(!page.contains("Moved away"), "{page}");
}
