//! Checks whether a browser can start the program: its host manifest, the program that this names,
//! who may change either, and what the program answers.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Environment,
    doctor::{
        cause::Cause,
        finding::{self, Area, Finding, Fix, Level},
        probe::{self, ProbeFailure},
    },
    extension_registry::Visit,
    platform::{self, Danger, ManifestKey},
    registration::{
        Browser, Unreachable,
        manifest::{self, Manifest},
        program,
    },
};

/// Age after which the last connection of an extension says nothing about its present state.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A host manifest of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The file.
    pub file: PathBuf,
    /// Whether it applies to all users.
    pub for_machine: bool,
    /// The program that it names, if the manifest is readable.
    pub program: Option<PathBuf>,
}

/// The state of a browser.
#[derive(Debug, Clone)]
pub struct BrowserState {
    /// The browser.
    pub browser: Browser,
    /// Its host manifests, in the order in which the browser looks for them. The first takes
    /// effect.
    pub registrations: Vec<Registration>,
    /// The last connection of its extension.
    pub visit: Option<Visit>,
}

impl BrowserState {
    /// Returns the browsers with their registrations and the last connections of their extensions,
    /// and the connections of unknown browsers.
    pub(super) fn all(browsers: Vec<Browser>, visits: &[Visit]) -> (Vec<Self>, Vec<Visit>) {
        let mut states: Vec<Self> = browsers.into_iter().map(Self::of).collect();
        let mut strays = Vec::new();
        // Newest first.
        for visit in visits {
            match connected_browser(visit, &states) {
                Some(place) => drop(states[place].visit.get_or_insert_with(|| visit.clone())),
                None => strays.push(visit.clone()),
            }
        }
        (states, strays)
    }

    fn of(browser: Browser) -> Self {
        let folders = browser.hosts.iter().map(|folder| (folder, false));
        // It isn't known which system folders a sandboxed browser reads.
        let is_plain = browser.package == "plain";
        let system_hosts = browser.system_hosts.iter().filter(|_| is_plain);
        let folders = folders.chain(system_hosts.map(|folder| (folder, true)));
        let registrations = folders
            .filter_map(|(folder, for_machine)| {
                let file = match ManifestKey::of(folder, manifest::HOST) {
                    Some(key) => key.manifest()?,
                    None => manifest::file_in(folder),
                };
                let is_there = file.symlink_metadata().is_ok();
                (is_there || ManifestKey::of(folder, manifest::HOST).is_some())
                    .then_some((file, for_machine))
            })
            .map(|(file, for_machine)| Registration {
                program: manifest::read(&file, browser.family)
                    .ok()
                    .map(|manifest| manifest.program),
                file,
                for_machine,
            })
            .collect();
        Self {
            browser,
            registrations,
            visit: None,
        }
    }

    /// Returns whether the browser is worth reporting, given the `others`: browsers share folders,
    /// and a shared registration counts for the browser that is installed.
    pub(super) fn matters(&self, others: &[Self]) -> bool {
        let own = |registration: &&Registration| !registration.for_machine;
        let is_others = |file: &Path| {
            others.iter().any(|other| {
                other.browser.is_here()
                    && other.registrations.iter().any(|known| known.file == file)
            })
        };
        self.browser.is_here()
            || self.visit.is_some()
            || self
                .registrations
                .iter()
                .filter(own)
                .any(|known| !is_others(&known.file))
    }
}

/// Returns the index of the browser that an extension connected from, by its executable, or by the
/// registration that it passed, which several browsers may share.
fn connected_browser(visit: &Visit, states: &[BrowserState]) -> Option<usize> {
    let of_family = |state: &BrowserState| state.browser.family == visit.family;
    let process = visit.browser.as_deref();
    let by_program = states.iter().position(|state| {
        of_family(state) && process.is_some_and(|process| state.browser.is(process))
    });
    // A sandboxed browser has its hosts started by another process.
    by_program.or_else(|| {
        let folder = visit.manifest.as_ref()?.parent()?;
        states.iter().position(|state| {
            of_family(state)
                && state.browser.is_here()
                && state.browser.hosts.iter().any(|hosts| hosts == folder)
        })
    })
}

/// Reports an extension that connected from an unknown browser.
pub(super) fn stray(visit: &Visit) -> Finding {
    let from = visit.browser.as_ref().or(visit.manifest.as_ref());
    let from = from.map_or("an unknown program".into(), |from| {
        from.display().to_string()
    });
    let message = format!(
        "An extension (version {}) last connected {}, from {from}.",
        finding::clean(&visit.extension),
        ago(&visit.at, crate::clock::now())
    );
    if visit.speaks_with_us() {
        return Finding::new(Area::Browser, Level::Ok, message);
    }
    let cause = not_spoken(visit);
    Finding {
        cause: Some(cause.name().to_owned()),
        command: Some(cause.fix().to_owned()),
        // The browser may have been uninstalled, with its extension.
        ..Finding::new(
            Area::Browser,
            Level::Warning,
            format!("{} {message}", cause.sentence()),
        )
    }
}

/// Returns why this program and that extension have no protocol in common.
fn not_spoken(visit: &Visit) -> Cause {
    if visit.protocol < crate::protocol::PROTOCOL {
        Cause::HostTooNew
    } else {
        Cause::HostTooOld
    }
}

/// Checks one browser. Starts the program that the browser would start.
pub(super) fn examine(state: &BrowserState, around: &Environment) -> Vec<Finding> {
    let browser = &state.browser;
    if browser.hosts.is_empty() {
        return vec![unreachable(browser)];
    }
    let mut findings = Vec::new();
    // Opera reads one of two folders, depending on its build, so both must be correct.
    let own: Vec<&Registration> = state
        .registrations
        .iter()
        .filter(|registration| !registration.for_machine)
        .collect();
    let (counting, unregistered) = if own.is_empty() {
        let machine: Vec<&Registration> = state.registrations.iter().take(1).collect();
        (machine, state.registrations.is_empty())
    } else {
        let unregistered = own.len() < browser.hosts.len();
        (own, unregistered)
    };
    if unregistered {
        findings.push(not_registered(browser, around));
    } else {
        let judged: Vec<Judgement> = counting
            .iter()
            .map(|registration| judge(browser, registration, around))
            .collect();
        let mut version = None;
        for judgement in judged {
            match judgement {
                Judgement::Works(running) => version = Some(running),
                Judgement::Wrong(finding) => findings.push(*finding),
            }
        }
        if let (Some(version), [], [first, ..]) = (version, &findings[..], &counting[..]) {
            findings.extend(registered(state, first, &version));
        }
    }
    findings.extend(visited(state));
    findings.extend(sandboxed(browser));
    findings
}

fn finding(browser: &Browser, level: Level, message: String) -> Finding {
    Finding {
        about: Some(browser.title),
        ..Finding::new(Area::Browser, level, message)
    }
}

fn wrong(browser: &Browser, cause: Cause, detail: &str) -> Finding {
    let message = match detail {
        "" => cause.sentence().to_owned(),
        detail => format!("{} {detail}.", cause.sentence()),
    };
    Finding {
        cause: Some(cause.name().to_owned()),
        command: Some(cause.fix().to_owned()),
        ..finding(browser, Level::Fault, message)
    }
}

fn unreachable(browser: &Browser) -> Finding {
    let is_refused = browser.unreachable(false) == Some(Unreachable::Refused);
    let message = if is_refused {
        "This browser is made to leave no trace of what you read, so url-notes doesn't register with it.".to_owned()
    } else {
        format!(
            "This browser can't start url-notes: its {} sandbox blocks programs outside it.",
            browser.package
        )
    };
    Finding {
        advice: Some(if is_refused {
            "Use another browser to save pages.".to_owned()
        } else {
            format!(
                "Use a browser that isn't installed as a {}.",
                browser.package
            )
        }),
        ..finding(browser, Level::Warning, message)
    }
}

fn not_registered(browser: &Browser, around: &Environment) -> Finding {
    let fixes = register(browser, around);
    if browser.profile.is_some() {
        return Finding {
            fixes,
            ..wrong(browser, Cause::NotRegistered, "")
        };
    }
    // The browser is installed, but this user has never started it.
    Finding {
        level: Level::Warning,
        message: format!(
            "{} You don't seem to use this browser.",
            Cause::NotRegistered.sentence()
        ),
        fixes,
        ..wrong(browser, Cause::NotRegistered, "")
    }
}

/// Rewrites the registration for this user and this program.
fn register(browser: &Browser, around: &Environment) -> Vec<Fix> {
    let Some(program) = program::to_register(around) else {
        return Vec::new();
    };
    let fix = |folder: &PathBuf| Fix::Register {
        folder: folder.clone(),
        family: browser.family,
        program: program.clone(),
        others: Vec::new(),
        title: browser.title,
    };
    browser.hosts.iter().map(fix).collect()
}

/// Adds our extension to the manifest if it belongs to this user and names this program.
fn let_in(browser: &Browser, found: &Manifest, file: &Path, around: &Environment) -> Vec<Fix> {
    let mut fixes = register(browser, around);
    for fix in &mut fixes {
        if let Fix::Register {
            folder,
            program,
            others,
            ..
        } = fix
            && manifest::file_in(folder) == file
            && finding::same_file(Some(&found.program), Some(program))
        {
            program.clone_from(&found.program);
            others.clone_from(&found.others);
        }
    }
    fixes
}

enum Judgement {
    /// The program's version.
    Works(String),
    Wrong(Box<Finding>),
}

fn judge(browser: &Browser, registration: &Registration, around: &Environment) -> Judgement {
    let file = &registration.file;
    let shown = file.display();
    let wrong = |cause, detail: &str, fixes| {
        Judgement::Wrong(Box::new(Finding {
            fixes,
            ..wrong(browser, cause, detail)
        }))
    };
    let reregister = || register(browser, around);
    let manifest = match manifest::read(file, browser.family) {
        Ok(manifest) => manifest,
        Err(why) => {
            let detail = format!("{shown}: {why}");
            return wrong(Cause::RegistrationDamaged, &detail, reregister());
        }
    };
    if let Some(danger) = platform::danger(file) {
        return Judgement::Wrong(Box::new(unsafe_file(browser, danger)));
    }
    if !manifest.missing.is_empty() {
        let detail = format!("{shown} must list {}", manifest.missing.join(", "));
        let fixes = let_in(browser, &manifest, file, around);
        return wrong(Cause::NotAllowed, &detail, fixes);
    }
    let program = &manifest.program;
    let named = format!("{shown} names {}", program.display());
    if !program.exists() {
        return wrong(
            Cause::ProgramMissing,
            &format!("{named}, which doesn't exist"),
            reregister(),
        );
    }
    if !program.is_file() || !platform::may_execute(program) {
        let fixes = match platform::executable_mode(program) {
            Some(mode) => vec![Fix::Mode {
                path: program.clone(),
                mode,
            }],
            None => reregister(),
        };
        return wrong(Cause::ProgramNotExecutable, &named, fixes);
    }
    // A program that others may change isn't started.
    if let Some(danger) = platform::danger(program) {
        return Judgement::Wrong(Box::new(unsafe_file(browser, danger)));
    }
    match probe::start_and_greet(file, &manifest, browser.family, &around.temporary) {
        Ok(greeted) => {
            if manifest.others.is_empty() {
                Judgement::Works(greeted.version)
            } else {
                let message = format!(
                    "It is registered, but {shown} also lets other extensions read the notes: {}.",
                    finding::clean(&manifest.others.join(", "))
                );
                Judgement::Wrong(Box::new(Finding {
                    advice: Some(
                        "Remove from this file the extensions that you didn't add.".into(),
                    ),
                    ..finding(browser, Level::Warning, message)
                }))
            }
        }
        Err(ProbeFailure { cause, detail }) => {
            // This program works; if the manifest names another one, this one can replace it.
            let ours = program::to_register(around);
            let is_this = finding::same_file(Some(program), ours.as_deref());
            let fixes = if is_this { Vec::new() } else { reregister() };
            let detail = format!("{} (named in {shown}): {detail}", program.display());
            wrong(cause, detail.trim_end_matches([':', ' ']), fixes)
        }
    }
}

fn unsafe_file(browser: &Browser, danger: Danger) -> Finding {
    Finding {
        about: Some(browser.title),
        ..finding::unsafe_path(Area::Browser, danger)
    }
}

fn registered(state: &BrowserState, first: &Registration, version: &str) -> Vec<Finding> {
    let browser = &state.browser;
    let whose = if first.for_machine {
        "for all users of this computer"
    } else {
        "for you"
    };
    let mut message = format!(
        "Registered {whose}. The program responds, version {version} ({}).",
        first.file.display()
    );
    if !first.for_machine && state.registrations.iter().any(|file| file.for_machine) {
        message.push_str(" Your registration takes precedence over the one for all users.");
    }
    if version == env!("CARGO_PKG_VERSION") {
        return vec![finding(browser, Level::Ok, message)];
    }
    let other = first.program.as_deref().unwrap_or(Path::new("?"));
    vec![Finding {
        command: Some(Cause::HostTooOld.fix().to_owned()),
        ..finding(
            browser,
            Level::Warning,
            format!(
                "This browser starts version {version} of the program ({}). This is version {}.",
                other.display(),
                env!("CARGO_PKG_VERSION")
            ),
        )
    }]
}

/// Reports what is known about the browser's extension.
fn visited(state: &BrowserState) -> Option<Finding> {
    let visit = state.visit.as_ref()?;
    let ago = ago(&visit.at, crate::clock::now());
    let version = finding::clean(&visit.extension);
    let seen = format!("The extension (version {version}) last connected {ago}.");
    if !visit.speaks_with_us() {
        let found = wrong(
            &state.browser,
            not_spoken(visit),
            seen.trim_end_matches('.'),
        );
        let level = if is_of_late(visit) {
            Level::Fault
        } else {
            // The extension may have been updated since, and not used.
            Level::Warning
        };
        return Some(Finding { level, ..found });
    }
    if version != env!("CARGO_PKG_VERSION") {
        let message = format!(
            "{seen} This program is version {}.",
            env!("CARGO_PKG_VERSION")
        );
        return Some(Finding {
            advice: Some(
                "Update both, then reload the extension on the browser's extensions page.".into(),
            ),
            ..finding(&state.browser, Level::Warning, message)
        });
    }
    Some(finding(&state.browser, Level::Ok, seen))
}

fn is_of_late(visit: &Visit) -> bool {
    let at = visit.at.parse::<Timestamp>();
    at.is_ok_and(|at| crate::clock::now().duration_since(at) < RECENT)
}

/// Formats a past time for people.
fn ago(at: &str, now: Timestamp) -> String {
    let Ok(at) = at.parse::<Timestamp>() else {
        return "at an unknown time".into();
    };
    let seconds = now.duration_since(at).as_secs().max(0);
    let (count, unit) = match seconds {
        0..60 => return "just now".into(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// Reports the permission that a sandboxed browser needs.
fn sandboxed(browser: &Browser) -> Option<Finding> {
    let needed = browser.sandbox_permission()?;
    let unseen = match needed.command {
        Some(_) => " url-notes can't check whether you allowed it.",
        None => "",
    };
    Some(Finding {
        command: needed.command.map(str::to_owned),
        advice: needed.advice.map(str::to_owned),
        ..finding(
            browser,
            Level::Warning,
            format!("{}{unseen}", needed.sentence),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        caller::Family,
        doctor::probe::tests::{program_that, says},
        registration::{Platform, browsers, files},
    };

    const HELLO: &str = concat!(
        r#"{"result":{"protocol":1,"host":""#,
        env!("CARGO_PKG_VERSION"),
        r#""}}"#
    );

    /// Sets up a computer with Chromium and a program, and the given manifests for user and system.
    fn findings(user: Option<&str>, machine: Option<&str>) -> (Vec<Finding>, Vec<bool>) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let program = program_that(&home, &says(HELLO));
        let around = Environment {
            home: Some(home),
            config_home: Some(dir.path().join("home/.config")),
            path: Vec::new(),
            program: Some(program.clone()),
            temporary: dir.path().join("tmp"),
            root: dir.path().join("root"),
            under_sudo: false,
            variables: Vec::new(),
        };
        fs::create_dir_all(dir.path().join("home/.config/chromium")).unwrap();
        fs::create_dir(&around.temporary).unwrap();
        let all = browsers::all(Platform::here(), &around);
        let chromium = all
            .into_iter()
            .find(|browser| browser.name == "chromium")
            .unwrap();
        for (folder, text) in [
            (&chromium.hosts[0], user),
            (&chromium.system_hosts[0], machine),
        ] {
            if let Some(text) = text {
                files::write(folder, Family::Chromium, &program, &[], false).unwrap();
                let file = manifest::file_in(folder);
                if text != "good" {
                    fs::write(file, text).unwrap();
                }
            }
        }
        let state = BrowserState::of(chromium);
        let order = state
            .registrations
            .iter()
            .map(|file| file.for_machine)
            .collect();
        (examine(&state, &around), order)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_users_registration_takes_precedence_over_the_systems() {
        let (found, order) = findings(None, Some("good"));
        assert_eq!((found[0].level, order), (Level::Ok, vec![true]));
        assert!(found[0].message.contains("for all users"), "{found:?}");
        let (found, order) = findings(Some("good"), Some("nonsense"));
        assert_eq!((found[0].level, order), (Level::Ok, vec![false, true]));
        assert!(found[0].message.contains("takes precedence"), "{found:?}");
        // The first manifest that exists takes effect, even if it is unusable.
        for (user, machine) in [(Some("nonsense"), Some("good")), (None, Some("nonsense"))] {
            let (found, _) = findings(user, machine);
            assert_eq!(found[0].cause.as_deref(), Some("registration_damaged"));
            // The user's manifest takes precedence over the system's.
            let [Fix::Register { folder, .. }] = &found[0].fixes[..] else {
                panic!("{found:?}");
            };
            assert!(folder.ends_with("home/.config/chromium/NativeMessagingHosts"));
        }
    }

    #[test]
    fn an_extension_in_an_unknown_browser_is_reported() {
        let mut visit = Visit {
            family: Family::Chromium,
            browser: Some("/opt/odd/browser".into()),
            manifest: None,
            extension: "0.0.1".into(),
            protocol: 1,
            at: "2026-01-01T00:00:00Z".into(),
        };
        let found = stray(&visit);
        assert_eq!(found.level, Level::Ok);
        assert!(found.message.contains("/opt/odd/browser"), "{found:?}");
        visit.protocol = 0;
        assert_eq!(stray(&visit).cause.as_deref(), Some("host_too_new"));
    }

    #[test]
    fn past_times_are_formatted_for_people() {
        let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        for (at, found) in [
            ("2026-11-25T09:59:30Z", "just now"),
            ("2026-11-25T10:00:30Z", "just now"),
            ("2026-11-25T09:58:30Z", "1 minute ago"),
            ("2026-11-25T07:58:30Z", "2 hours ago"),
            ("2026-11-21T07:58:30Z", "4 days ago"),
            ("yesterday", "at an unknown time"),
        ] {
            assert_eq!(ago(at, now), found);
        }
    }
}
