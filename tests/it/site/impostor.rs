//! Another program at the site's port that pretends to be url-notes.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::fchown,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

use super::client::try_get;
use crate::host::{TestHost, program, recording_browser, until};

/// A server that answers everything with 200 and `Server: url-notes`.
struct Impostor {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Impostor {
    /// Starts it. `body` returns the body of the answer to a request.
    fn start(listener: TcpListener, body: impl Fn(&str) -> String + Send + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let (asked, ends) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let thread = thread::spawn({
            let (asked, ends) = (Arc::clone(&asked), Arc::clone(&ends));
            move || {
                for stream in listener.incoming() {
                    if AtomicBool::load(&ends, Ordering::Relaxed) {
                        return;
                    }
                    let Ok(mut stream) = stream else { continue };
                    let mut request = Vec::new();
                    let mut byte = [0];
                    while !request.ends_with(b"\r\n\r\n")
                        && stream.read(&mut byte).is_ok_and(|n| n > 0)
                    {
                        request.push(byte[0]);
                    }
                    let request = String::from_utf8_lossy(&request).into_owned();
                    let body = body(&request);
                    asked.lock().unwrap().push(request);
                    let _ = write!(
                        stream,
                        "HTTP/1.1 200 OK\r\nServer: url-notes\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                }
            }
        });
        Self {
            address,
            asked,
            ends,
            thread: Some(thread),
        }
    }

    fn end(&mut self) -> Vec<String> {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// Runs `url-notes open` with a browser that records its arguments.
fn open(dir: &Path, port: u16) -> std::process::Output {
    program(dir)
        .env("URL_NOTES_PORT", port.to_string())
        .env("PATH", recording_browser(dir))
        .arg("open")
        .output()
        .unwrap()
}

fn origin_file(dir: &Path) -> String {
    fs::read_to_string(dir.join("site.secret")).unwrap()
}

/// Checks everything that an impostor could deceive. `sentence` is the correct one about it.
#[track_caller]
fn nobody_is_taken_in(mut impostor: Impostor, sentence: &str) {
    let port = impostor.address.port();
    let mut labels = Vec::new();
    for settings in ["", "require-token = true\n"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), settings).unwrap();
        // The notes have an origin, which the impostor may have learned from a visit.
        let mut before = TestHost::on(dir.path());
        let origin = before.site_origin();
        labels.push(origin.split(".localhost").next().unwrap()[7..].to_owned());
        let secret = origin_file(dir.path());
        assert!(before.end().success());

        let output = open(dir.path(), port);
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(sentence), "{stderr}");
        assert!(!stderr.contains("/enter/") && output.stdout.is_empty());
        assert!(!dir.path().join("opened").exists());
        assert_ne!(origin_file(dir.path()), secret, "it may be known");

        let doctor = program(dir.path())
            .env("URL_NOTES_PORT", port.to_string())
            .args(["doctor", "--json"])
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&doctor.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["cause"] == "port_taken");
        let found = found.unwrap_or_else(|| panic!("{report:#}"));
        assert!(
            found["message"].as_str().unwrap().contains(sentence),
            "{found}"
        );

        let mut host = TestHost::at_port(dir.path(), port);
        let hello = until("the impostor to be named", || {
            let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
            hello["siteProblem"].is_string().then_some(hello)
        });
        let problem = hello["siteProblem"].as_str().unwrap();
        assert!(problem.contains(sentence), "{problem}");
        // Opening the site from the popup doesn't reveal the origin to it.
        assert_eq!(hello["siteUrl"], format!("http://localhost:{port}/"));
        assert!(host.end().success());
    }
    for request in impostor.end() {
        assert!(!request.contains("/enter/"), "{request}");
        assert!(
            !labels.iter().any(|label| request.contains(label)),
            "{request}"
        );
        assert!(
            request.contains(&format!("Host: localhost:{port}")),
            "{request}"
        );
    }
}

#[test]
fn a_server_header_does_not_make_a_program_ours() {
    let impostor = Impostor::start(free_port(), |_| "0".repeat(64));
    nobody_is_taken_in(impostor, "another url-notes installation");
}

#[test]
fn a_program_of_another_user_is_recognised_whatever_it_answers() {
    // Only root can create a socket of another user.
    if cfg!(not(target_os = "linux")) || !rustix::process::geteuid().is_root() {
        return;
    }
    for user in [65533, 65534] {
        let listener = free_port();
        fchown(&listener, Some(user), None).unwrap();
        let impostor = Impostor::start(listener, |_| "0".repeat(64));
        nobody_is_taken_in(impostor, "a program of another user of this computer");
    }
}

#[test]
fn an_answer_relayed_from_another_port_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut real = TestHost::on(dir.path());
    let elsewhere = real.site_port();
    let secret = origin_file(dir.path());
    let relay = Impostor::start(free_port(), move |request| {
        let target = request.split(' ').nth(1).unwrap_or("/").to_owned();
        try_get(elsewhere, &target).map_or_else(|_| String::new(), |answer| answer.body)
    });
    let port = relay.address.port();
    let output = open(dir.path(), port);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("another url-notes installation"),
        "{stderr}"
    );
    assert_ne!(origin_file(dir.path()), secret);
    // It relayed a proof, but that of the other port.
    assert!(relay.asked.lock().unwrap()[0].contains("/.well-known/url-notes?nonce="));
}

#[test]
fn ones_own_host_with_other_notes_is_another_installation() {
    let theirs = tempfile::tempdir().unwrap();
    let mut other = TestHost::on(theirs.path());
    let port = other.site_port();
    let dir = tempfile::tempdir().unwrap();
    let output = open(dir.path(), port);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("another url-notes installation"),
        "{stderr}"
    );
    if cfg!(target_os = "linux") {
        assert!(
            stderr.contains(&format!("(process {})", other.process())),
            "{stderr}"
        );
    }
}

/// A server that knows no challenge, as the first versions were, by a program of this name.
const WITHOUT_CHALLENGE: &str = r#"
    use IO::Socket::INET; $| = 1;
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 5, ReuseAddr => 1);
    print $server->sockport, "\n";
    while (my $client = $server->accept) {
        while (defined(my $line = <$client>)) { last if $line =~ /^\r?$/ }
        print $client "HTTP/1.1 404 Not Found\r\nServer: url-notes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close $client;
    }
"#;

#[cfg(target_os = "linux")]
#[test]
fn a_host_of_an_older_version_is_named_as_that() {
    for (name, is_named) in [("url-notes", true), ("other-notes", false)] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        fs::copy("/usr/bin/perl", &file).unwrap();
        let mut old = Command::new(&file)
            .args(["-e", WITHOUT_CHALLENGE])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(old.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        let port: u16 = port.trim().parse().unwrap();
        let output = open(dir.path(), port);
        let doctor = program(dir.path())
            .env("URL_NOTES_PORT", port.to_string())
            .arg("doctor")
            .output()
            .unwrap();
        let mut host = TestHost::at_port(dir.path(), port);
        let problem = until("the host to say who has the port", || {
            let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
            hello["siteProblem"].as_str().map(str::to_owned)
        });
        let process = old.id();
        old.kill().unwrap();
        old.wait().unwrap();
        assert_eq!(output.status.code(), Some(1));
        for said in [
            String::from_utf8(output.stderr).unwrap(),
            String::from_utf8(doctor.stdout).unwrap(),
            problem,
        ] {
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(
                said.contains("an older version of url-notes listens at 127.0.0.1"),
                is_named,
                "{said}"
            );
            assert_eq!(
                said.contains("Close the browser that started it"),
                is_named,
                "{said}"
            );
            assert!(said.contains(&format!("(process {process})")), "{said}");
        }
        // Then the running host takes the port.
        until("the site to be served", || {
            let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
            hello["siteProblem"].is_null().then_some(())
        });
    }
}

#[test]
fn after_an_impostor_the_site_is_at_another_origin() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = TestHost::on(dir.path());
    let origin = before.site_origin();
    assert!(before.end().success());
    let mut impostor = Impostor::start(free_port(), |_| String::new());
    let port = impostor.address.port();
    let mut host = TestHost::at_port(dir.path(), port);
    until("the impostor to be named", || {
        let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
        hello["siteProblem"].is_string().then_some(())
    });
    let noticed = origin_file(dir.path());
    impostor.end();
    let next = until("the site to be served", || {
        let hello = host.call("hello", json!({"protocol": 1, "extension": "0.1.0"}));
        hello["siteProblem"]
            .is_null()
            .then(|| hello["siteUrl"].as_str().unwrap().to_owned())
    });
    assert!(!next.starts_with(origin.split(".localhost").next().unwrap()));
    assert_ne!(origin_file(dir.path()), noticed);
    assert!(next.ends_with(&format!(".localhost:{port}/")), "{next}");
}
