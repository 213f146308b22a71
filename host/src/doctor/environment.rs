//! Checks the surroundings of browsers and notes: this program and others of its name on PATH, the
//! site's port, the settings and the log.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    config::{Config, Environment},
    doctor::finding::{self, Area, Finding, Fix, Level, quoted, same_file, unsafe_path},
    platform::{self, Running, fs_open},
    protocol::PROTOCOL,
    registration::program::{self, NAME},
    site::{self, ServeError},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// Time limit for a program to print its version, and for the system to resolve a name.
const BRIEFLY: Duration = Duration::from_secs(2);
/// Bytes at the end of the log that are read.
const LOG_END: u64 = 128 * 1024;

/// Checks this program and whose home folder it uses.
pub(super) fn program(around: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(program) = around.program.as_deref().filter(|file| file.is_file()) else {
        let message = "The file of this program no longer exists. It was moved or replaced while the program ran.".into();
        return vec![Finding::new(Area::Program, Level::Warning, message)];
    };
    let message = format!(
        "This is version {} with protocol {PROTOCOL} ({}).",
        env!("CARGO_PKG_VERSION"),
        program.display()
    );
    findings.push(Finding::new(Area::Program, Level::Ok, message));
    findings.extend(platform::danger(program).map(|danger| unsafe_path(Area::Program, danger)));
    findings.extend(is_passing(program, around));
    match &around.home {
        None => findings.push(Finding {
            advice: Some("Set HOME to the absolute path of your home folder.".into()),
            ..Finding::new(
                Area::Program,
                Level::Fault,
                "The home folder isn't known, so the browsers' folders can't be found.".into(),
            )
        }),
        Some(home) if platform::is_of_another(home) => findings.push(Finding {
            advice: Some("Run this command as that user, without sudo.".into()),
            ..Finding::new(
                Area::Program,
                Level::Fault,
                format!("HOME ({}) belongs to another user.", home.display()),
            )
        }),
        Some(_) => {}
    }
    findings.extend(on_path(program, around));
    findings
}

/// Warns if this program is in a temporary location and can't be registered.
fn is_passing(program: &Path, around: &Environment) -> Option<Finding> {
    let folder = program::throw_away_folder(program, around)?;
    let what = match program::to_register(around) {
        Some(other) => format!("`--fix` registers {} instead", other.display()),
        None => "`--fix` registers nothing".to_owned(),
    };
    Some(Finding {
        command: Some("./install.sh".into()),
        ..Finding::new(
            Area::Program,
            Level::Warning,
            format!(
                "This program is in a temporary or cache folder ({}), so {what}.",
                folder.display()
            ),
        )
    })
}

fn on_path(program: &Path, around: &Environment) -> Vec<Finding> {
    let mut found: Vec<PathBuf> = Vec::new();
    for file in around.path.iter().map(|folder| program::in_folder(folder)) {
        let runs = file.is_file() && platform::may_execute(&file);
        if runs
            && !found
                .iter()
                .any(|other| same_file(Some(other), Some(&file)))
        {
            found.push(file);
        }
    }
    let Some(first) = found.first() else {
        let folder = program.parent().unwrap_or(program);
        return vec![Finding {
            command: Some(format!("export PATH={}:\"$PATH\"", quoted(folder))),
            ..Finding::new(
                Area::Path,
                Level::Warning,
                format!("There is no `{NAME}` on PATH, so you can run it only by its full path."),
            )
        }];
    };
    let mut findings = Vec::new();
    if same_file(Some(first), Some(program)) {
        let message = format!("`{NAME}` on PATH is this program.");
        findings.push(Finding::new(Area::Path, Level::Ok, message));
    }
    for other in found
        .iter()
        .filter(|other| !same_file(Some(other), Some(program)))
    {
        let version = version_of(other);
        let is_first = other == first;
        let place = if is_first { "first" } else { "also" };
        let message = match &version {
            Some(version) => format!(
                "{} is {place} on PATH, {version}; this is {NAME} {}.",
                other.display(),
                env!("CARGO_PKG_VERSION")
            ),
            None => format!(
                "{} is {place} on PATH. Its version is unknown.",
                other.display()
            ),
        };
        let same = version.is_some_and(|version| {
            version.strip_prefix("url-notes ") == Some(env!("CARGO_PKG_VERSION"))
        });
        findings.push(Finding {
            advice: (!same).then(|| "Keep only one of the two.".into()),
            ..Finding::new(
                Area::Path,
                if same { Level::Ok } else { Level::Warning },
                message,
            )
        });
    }
    findings
}

/// Runs `--version` with a time limit and returns its output.
pub(super) fn version_of(program: &Path) -> Option<String> {
    if platform::danger(program).is_some() {
        return None;
    }
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Running::spawn(&mut command).ok()?;
    let (_, stdout, _) = child.take_pipes();
    let mut stdout = stdout?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.by_ref().take(100).read_to_end(&mut output);
        let _ = sender.send(read.map(|_| output));
    });
    let output = receiver.recv_timeout(BRIEFLY).ok().and_then(Result::ok);
    // Ends the program and everything it started.
    child.kill_all();
    let _ = child.wait();
    let output = String::from_utf8(output?).ok()?;
    let line = finding::clean(output.lines().next()?);
    (!line.is_empty()).then_some(line)
}

/// Checks the port of the site and who may open it.
pub(super) fn port(config: &Config) -> Vec<Finding> {
    let port = config.port;
    let mut findings = vec![match site::look_at_port(&site::Settings::from(config)) {
        Ok(()) => Finding::new(
            Area::Site,
            Level::Ok,
            format!(
                "Port {port} is free. The site runs while a browser with the extension or `url-notes serve` runs."
            ),
        ),
        Err(ServeError::AlreadyServed { port }) => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let by = platform::listening_at(address);
            let by = by.map_or(String::new(), |program| format!(", served by {program}"));
            Finding::new(
                Area::Site,
                Level::Ok,
                format!("The site is at http://localhost:{port}/{by}."),
            )
        }
        Err(error) => Finding {
            cause: Some("port_taken".into()),
            advice: Some(format!(
                "Stop that program, or set another port in {}.",
                config.file.display()
            )),
            ..Finding::new(Area::Site, Level::Fault, error.to_string())
        },
    }];
    findings.extend(names(port));
    let message = match (site::identifies_users(), config.require_token) {
        (_, true) => {
            "Only browsers with the extension, or that you opened with `url-notes open`, can see the site (require-token)."
        }
        (true, false) => "Only you can see the site: the system identifies the connecting user.",
        (false, false) => {
            "The system can't identify the connecting user, so open the site from the extension, or with `url-notes open`, once in each browser."
        }
    };
    findings.push(Finding::new(Area::Site, Level::Ok, message.into()));
    findings
}

/// Checks whether the site's host names resolve to this computer.
fn names(port: u16) -> Vec<Finding> {
    let asked = ["localhost", "url-notes.localhost"].map(|name| {
        let (sender, receiver) = mpsc::channel();
        // Resolving may block on a DNS server that doesn't respond.
        thread::spawn(move || {
            let _ = sender.send((name, port).to_socket_addrs().map(Vec::from_iter));
        });
        (name, receiver)
    });
    let findings = asked.into_iter().map(|(name, receiver)| {
        let found = receiver.recv_timeout(BRIEFLY).ok().and_then(io::Result::ok);
        of_name(name, &found.unwrap_or_default())
    });
    findings.collect()
}

fn of_name(name: &str, found: &[SocketAddr]) -> Finding {
    let away = found.iter().find(|address| !address.ip().is_loopback());
    let line = format!("{} {name}", Ipv4Addr::LOCALHOST);
    let message = match (away, found, name) {
        (Some(address), ..) => {
            format!("{name} resolves to {}, not to this computer.", address.ip())
        }
        (None, [], "localhost") => "localhost doesn't resolve to an address.".to_owned(),
        // Browsers resolve names that end in `.localhost` themselves.
        (None, [], _) => {
            let message = format!("The system can't resolve {name}, but browsers can.");
            return Finding::new(Area::Site, Level::Ok, message);
        }
        _ => {
            let addresses: Vec<String> = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
                .into_iter()
                .filter(|known| found.iter().any(|address| address.ip() == *known))
                .map(|known: std::net::IpAddr| known.to_string())
                .collect();
            let message = format!("{name} resolves to {}.", addresses.join(" and "));
            return Finding::new(Area::Site, Level::Ok, message);
        }
    };
    Finding {
        advice: Some(format!("Add the line `{line}` to /etc/hosts.")),
        ..Finding::new(Area::Site, Level::Warning, message)
    }
}

/// Checks the configuration file and the environment variables that override it.
pub(super) fn settings(config: &Config) -> Vec<Finding> {
    let shown = config.file.display();
    if config.warnings.is_empty() {
        let message = if config.file.exists() {
            format!("The settings in {shown} apply.")
        } else {
            format!("There is no {shown}, so the default settings apply.")
        };
        return vec![Finding::new(Area::Settings, Level::Ok, message)];
    }
    let found = config.warnings.iter().map(|warning| {
        let of_environment = warning.starts_with("URL_NOTES_PORT");
        let command = format!("${{EDITOR:-vi}} {}", quoted(&config.file));
        Finding {
            cause: Some("settings".into()),
            command: (!of_environment).then_some(command),
            advice: of_environment.then(|| {
                "Set URL_NOTES_PORT to a number, or remove it from the environment.".into()
            }),
            ..Finding::new(Area::Settings, Level::Fault, warning.clone())
        }
    });
    found.collect()
}

/// Checks whether the computer's time zone is known. If not, dates and times are shown in UTC.
pub(super) fn time_zone() -> Option<Finding> {
    if TimeZone::try_system().is_ok() {
        return None;
    }
    Some(Finding {
        cause: Some("time_zone".into()),
        advice: Some(
            "Set TZ to a name such as Europe/Berlin, or remove it from the environment.".into(),
        ),
        ..Finding::new(
            Area::Settings,
            Level::Warning,
            "The time zone set by TZ or by this system is unknown, so dates and times are shown in UTC."
                .into(),
        )
    })
}

/// Checks who may read the log, and reports recent errors.
pub(super) fn log(config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let private = [
        config.log.clone(),
        config.log.with_extension("log.old"),
        config.extensions_file.clone(),
        // Contains the secret that opens the site.
        config.database.with_file_name("site"),
    ];
    findings.extend(private.iter().filter_map(|path| open_to_others(path)));
    if let Some(obstacle) = &config.log_obstacle {
        findings.push(Finding {
            advice: Some("Connect the disk, or remove the link.".into()),
            ..Finding::new(Area::Log, Level::Warning, obstacle.clone())
        });
        return findings;
    }
    let lines = end_of(&config.log).unwrap_or_default();
    let recent: Vec<&str> = lines
        .lines()
        .filter(|line| is_recent_error(line, now - SignedDuration::from_hours(24)))
        .collect();
    let shown = config.log.display();
    findings.push(match recent.last() {
        None => Finding::new(
            Area::Log,
            Level::Ok,
            format!("The log has no errors from the last 24 hours ({shown})."),
        ),
        Some(last) => {
            let last = finding::clean(last.splitn(4, ' ').nth(3).unwrap_or(last).trim());
            let count = match recent.len() {
                1 => "1 error".to_owned(),
                many => format!("{many} errors"),
            };
            Finding {
                command: Some(format!("tail {}", quoted(&config.log))),
                ..Finding::new(
                    Area::Log,
                    Level::Warning,
                    format!("The log has {count} from the last 24 hours. The latest: {last}"),
                )
            }
        }
    });
    findings
}

/// Returns a finding if others may read a private file.
fn open_to_others(path: &Path) -> Option<Finding> {
    let mode = platform::mode(&fs::metadata(path).ok()?);
    let private = mode & !0o077;
    (mode != private).then(|| Finding {
        cause: Some("unsafe".into()),
        command: Some(format!("chmod {private:o} {}", quoted(path))),
        fixes: vec![Fix::Mode {
            path: path.to_owned(),
            mode: private,
        }],
        ..Finding::new(
            Area::Log,
            Level::Fault,
            format!("Other users of this computer can read {}.", path.display()),
        )
    })
}

fn end_of(log: &Path) -> io::Result<String> {
    let mut file = fs_open::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
    let mut end = Vec::new();
    file.take(LOG_END).read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}

/// Returns whether a line of the log, as `logging.rs` writes it, is an error after that time.
fn is_recent_error(line: &str, after: Timestamp) -> bool {
    let mut parts = line.split(' ');
    let at = parts.next().and_then(|at| at.parse::<Timestamp>().ok());
    at.is_some_and(|at| at >= after) && parts.next() == Some("ERROR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_resolve_to_this_computer() {
        let addresses = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter().map(|text| text.parse().unwrap()).collect()
        };
        for (name, found, level, says) in [
            (
                "localhost",
                addresses(&["127.0.0.1:1", "[::1]:1"]),
                Level::Ok,
                "127.0.0.1 and ::1",
            ),
            ("localhost", vec![], Level::Warning, "doesn't resolve"),
            (
                "localhost",
                addresses(&["[::1]:1", "10.0.0.1:1"]),
                Level::Warning,
                "10.0.0.1",
            ),
            ("url-notes.localhost", vec![], Level::Ok, "but browsers can"),
            (
                "url-notes.localhost",
                addresses(&["10.0.0.1:1"]),
                Level::Warning,
                "10.0.0.1",
            ),
        ] {
            let finding = of_name(name, &found);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.message.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn only_recent_errors_are_reported() {
        let after: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        for (line, expected) in [
            ("2026-11-25T10:00:01.000Z ERROR 7 The disk is full.", true),
            ("2026-11-25T10:00:01.000Z WARN  7 Not so bad.", false),
            ("2026-11-25T09:00:01.000Z ERROR 7 Long ago.", false),
            ("and so on", false),
            ("", false),
        ] {
            assert_eq!(is_recent_error(line, after), expected, "{line}");
        }
    }
}
