//! The site with `require-token`, which is also how it works if the system doesn't identify the
//! connecting user.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::client::{Answer, Client, ask_at, get, get_at};
use crate::host::{ORIGIN, TestHost, program, until};

/// A host whose site is locked, and a program that opens browsers.
struct Locked {
    host: TestHost,
    /// The site's origin for browsers.
    origin: String,
    port: u16,
    dir: tempfile::TempDir,
}

impl Locked {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = "require-token = true\nlog-level = \"trace\"\n";
        fs::write(dir.path().join("config.toml"), settings).unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for opener in ["xdg-open", "open"] {
            let script = bin.join(opener);
            fs::write(&script, "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$OPENED\"\n").unwrap();
            fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let mut host = TestHost::start(program(dir.path()).arg(ORIGIN), dir.path());
        let origin = host.site_origin();
        let port = host.site_port();
        host.save("https://e.org/a", "A page", &["gpu"]);
        Self {
            host,
            origin,
            port,
            dir,
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self) -> Command {
        let mut command = program(self.path());
        command
            .env("URL_NOTES_PORT", self.port.to_string())
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path().join("bin").display()),
            )
            .env("OPENED", self.path().join("opened"));
        command
    }

    /// Runs `url-notes open`. Returns its output and the argument of the browser.
    fn open(&self, arguments: &[&str]) -> (String, PathBuf) {
        let output = self.command().arg("open").args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        let opened = fs::read_to_string(self.path().join("opened")).unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (said, opened.trim_end().into())
    }

    /// Returns the path with a new token, as in the page that is opened.
    fn entrance(&self) -> String {
        let (_, page) = self.open(&[]);
        let page = fs::read_to_string(page).unwrap();
        let start = format!("0;url={}", self.origin);
        let (_, rest) = page.split_once(&start).unwrap();
        let (path, _) = rest.split_once('"').unwrap();
        path.to_owned()
    }

    /// Returns the answer to a browser that follows the entry address.
    fn enter(&self, entrance: &str) -> Answer {
        get_at(&self.origin, entrance)
    }

    fn get(&self, target: &str, cookie: &str) -> Answer {
        let cookies = format!("Cookie: a=b; {cookie}\n");
        ask_at(&self.origin, target, &cookies)
    }

    /// Returns the cookie that an answer sets, as the browser sends it back.
    fn cookie(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.header("Set-Cookie").unwrap();
        let (cookie, rest) = cookie.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict");
        assert!(cookie.starts_with(&format!("url-notes-{}=", self.port)));
        cookie.to_owned()
    }
}

#[test]
fn only_url_notes_open_opens_a_locked_site() {
    let locked = Locked::new();
    for target in [
        "/",
        "/tags",
        "/tag/gpu",
        "/tag/absent",
        "/all/0",
        "/note/1",
        "/enter/",
        "/enter/x/tags",
    ] {
        let answer = get(locked.port, target);
        assert_eq!(answer.status, 403, "{target}");
        assert!(answer.body.contains("url-notes open"), "{}", answer.body);
        assert!(!answer.body.contains("A page"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    // The answer doesn't depend on whether the page exists.
    assert_eq!(
        get(locked.port, "/tag/gpu").body,
        get(locked.port, "/tag/absent").body
    );

    let (_, page) = locked.open(&["gpu"]);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("/tag/gpu\""), "{page}");
    let entrance = locked.entrance();
    // The token works only at the cookie's origin.
    let elsewhere = get(locked.port, &entrance);
    assert_eq!(elsewhere.status, 403);
    assert_eq!(elsewhere.header("Set-Cookie"), None);
    let entered = locked.enter(&entrance);
    let cookie = locked.cookie(&entered);
    assert!(
        entered.body.contains("content=\"0;url=/\""),
        "{}",
        entered.body
    );
    assert_eq!(entered.header("Cache-Control"), Some("no-store"));
    for target in ["/", "/tag/gpu", "/all/0"] {
        let answer = locked.get(target, &cookie);
        assert_eq!(answer.status, 200, "{target}");
        assert!(answer.body.contains("A page"), "{target}");
    }
    // The token is used up, and no other cookie is accepted.
    assert_eq!(locked.enter(&entrance).status, 403);
    for wrong in [
        &cookie[..cookie.len() - 1],
        &cookie.replace('=', "0="),
        "url-notes=x",
        "",
    ] {
        assert_eq!(locked.get("/", wrong).status, 403, "{wrong}");
    }
}

#[test]
fn of_many_requests_with_one_token_one_is_admitted() {
    let locked = Locked::new();
    let entrance = locked.entrance();
    let mut clients: Vec<Client> = (0..16).map(|_| Client::new(locked.port)).collect();
    for client in &mut clients {
        client.send(&format!(
            "GET {entrance} HTTP/1.1\r\nHost: {}\r\n\r\n",
            locked.origin.strip_prefix("http://").unwrap()
        ));
    }
    let statuses: Vec<u16> = clients.iter_mut().map(|c| c.answer().status).collect();
    let let_in = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| [200, 403].contains(status)));
    assert_eq!(let_in, 1);
}

#[test]
fn a_key_is_valid_for_the_next_process_that_serves_the_site() {
    let mut locked = Locked::new();
    let cookie = locked.cookie(&locked.enter(&locked.entrance()));
    let entrance = locked.entrance();
    let mut next = TestHost::at_port(locked.path(), locked.port);
    let hello = next.call(
        "hello",
        serde_json::json!({"protocol": 1, "extension": "0.1.0"}),
    );
    // The next process also recognises a locked site as its own.
    assert_eq!(hello["siteProblem"], serde_json::Value::Null);
    locked.host.kill();
    let answer = until("the next one to serve", || {
        super::client::try_get(locked.port, "/robots.txt").ok()
    });
    assert_eq!(answer.status, 200);
    assert_eq!(locked.get("/", &cookie).status, 200);
    assert_eq!(locked.cookie(&locked.enter(&entrance)), cookie);
}

#[test]
fn neither_token_nor_key_is_revealed() {
    let locked = Locked::new();
    let (said, page) = locked.open(&["gpu"]);
    // Every user can read the arguments of programs, so they name a file that only this user can
    // read.
    assert!(page.starts_with(locked.path()), "{}", page.display());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&page), 0o600);
    assert_eq!(mode(page.parent().unwrap()), 0o700);
    // The address is printed on the user's terminal.
    let address = said.lines().last().unwrap();
    let prefix = format!("{}/enter/", locked.origin);
    let token = address
        .strip_prefix(&prefix)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let id = page.file_stem().unwrap().to_str().unwrap();
    let secret = token.strip_prefix(id).unwrap();

    let cookie = locked.cookie(&locked.enter(&format!("/enter/{token}/tag/gpu")));
    let (_, key) = cookie.split_once('=').unwrap();
    assert_eq!(locked.get("/tag/gpu", &cookie).status, 200);
    assert_eq!(
        locked.get(&format!("/enter/{token}/tag/gpu"), "").status,
        403
    );
    // Not even at the highest log level.
    let log = fs::read_to_string(locked.path().join("url-notes.log")).unwrap();
    assert!(log.contains("GET /tag/gpu"), "{log}");
    assert!(!log.contains(secret) && !log.contains(key), "{log}");
    let (label, _) = locked.origin.split_once(".localhost").unwrap();
    assert!(
        !log.contains(label.strip_prefix("http://").unwrap()),
        "{log}"
    );
    assert_eq!(mode(&locked.path().join("site.secret")), 0o600);
}

#[test]
fn without_a_browser_the_address_is_printed_only_on_the_terminal() {
    let locked = Locked::new();
    let output = locked
        .command()
        .env("PATH", "/nowhere")
        .arg("open")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("No browser could be opened") && !stderr.contains("/enter/"),
        "{stderr}"
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (_, entrance) = stdout.split_once(&locked.origin).unwrap();
    locked.cookie(&locked.enter(entrance.trim_end()));
    let log = fs::read_to_string(locked.path().join("url-notes.log")).unwrap();
    assert!(
        log.contains("No browser could be opened") && !log.contains("/enter/0"),
        "{log}"
    );
    assert!(!log.contains(entrance.trim_end()), "{log}");
}

#[test]
fn open_serves_a_locked_site_itself_where_nobody_does() {
    let mut locked = Locked::new();
    locked.host.kill();
    let mut command = locked.command();
    command.arg("open").stdout(Stdio::piped());
    let _service = TestHost::start(&mut command, locked.path());
    let opened = until("the browser to be asked", || {
        fs::read_to_string(locked.path().join("opened"))
            .ok()
            .filter(|text| !text.is_empty())
    });
    let page = fs::read_to_string(opened.trim_end()).unwrap();
    let (_, rest) = page
        .split_once(&format!("0;url={}", locked.origin))
        .unwrap();
    let entrance = rest.split('"').next().unwrap();
    until("the site", || {
        super::client::try_get(locked.port, "/robots.txt").ok()
    });
    locked.cookie(&locked.enter(entrance));
}
