//! What findings advise on Windows, where there are neither `install.sh` nor a POSIX shell.

use super::{
    cause::Cause,
    finding::{Area, Finding},
};
use crate::platform::System;
use crate::registration::program::how_to_install;

/// The file in which Windows looks up names.
const HOSTS: &str = r"C:\Windows\System32\drivers\etc\hosts";

/// Replaces a finding's command by one that works on Windows, or by advice.
pub(super) fn translate(finding: &mut Finding) {
    finding.advice = finding.advice.take().map(|advice| {
        advice
            .replace("/etc/hosts", HOSTS)
            .replace("Set HOME", "Set USERPROFILE")
    });
    let Some(command) = finding.command.take() else {
        return;
    };
    let (new, advice) = translated(&command, finding);
    finding.command = new;
    finding.advice = finding.advice.take().or(advice);
}

/// Returns the command for Windows, or else advice.
fn translated(command: &str, finding: &Finding) -> (Option<String>, Option<String>) {
    let quoted = |path: &str| format!("\"{}\"", path.trim_matches('\''));
    let advice = |text: &str| (None, Some(text.to_owned()));
    if let Some(names) = command.strip_prefix("./install.sh --browser ") {
        return (Some(format!("url-notes register --browser {names}")), None);
    }
    if let Some(path) = command.strip_prefix("export PATH=") {
        let folder = path.trim_end_matches(":\"$PATH\"").trim_matches('\'');
        return advice(&format!(
            "Add {folder} to the variable Path: in Settings, search for environment variables."
        ));
    }
    for editor in ["${EDITOR:-vi} ", "tail "] {
        if let Some(path) = command.strip_prefix(editor) {
            return (Some(format!("notepad {}", quoted(path))), None);
        }
    }
    if command == "./install.sh" {
        return installed(finding);
    }
    if command.contains("install.sh") {
        let reload = match finding.cause.as_deref() == Some(Cause::HostTooNew.name()) {
            true => " Then reload the extension.",
            false => "",
        };
        return advice(&format!("{NEWEST}{reload}"));
    }
    (Some(command.to_owned()), None)
}

const NEWEST: &str = "Install the newest version of url-notes.";

/// Returns what is done instead of `./install.sh`: this program registers itself, unless a program has
/// to be replaced.
fn installed(finding: &Finding) -> (Option<String>, Option<String>) {
    let replaced = [
        Cause::ProgramCrashed,
        Cause::ProgramGarbled,
        Cause::ProgramSilent,
    ];
    let cause = finding.cause.as_deref();
    if cause == Some(Cause::HostTooOld.name()) {
        return (None, Some(NEWEST.to_owned()));
    }
    // A program in a temporary folder can't register itself.
    if finding.area == Area::Program || replaced.iter().any(|one| cause == Some(one.name())) {
        return (None, Some(format!("{}.", how_to_install(System::Windows))));
    }
    (Some("url-notes register".to_owned()), None)
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};
    use crate::registration::program::WINDOWS_INSTALLER;

    fn found(area: Area, cause: Option<Cause>, command: &str) -> Finding {
        Finding {
            cause: cause.map(|cause| cause.name().to_owned()),
            command: Some(command.to_owned()),
            ..Finding::new(area, Level::Fault, String::new())
        }
    }

    #[test]
    fn commands_of_other_systems_become_those_of_windows() {
        for (command, new, advice) in [
            (
                "./install.sh --browser NAME",
                Some("url-notes register --browser NAME"),
                None,
            ),
            ("./install.sh", Some("url-notes register"), None),
            (
                "git pull && ./install.sh",
                None,
                Some("Install the newest version of url-notes."),
            ),
            (
                r#"export PATH='C:\My programs':"$PATH""#,
                None,
                Some("environment variables"),
            ),
            (
                r"${EDITOR:-vi} 'C:\My files\config.toml'",
                Some(r#"notepad "C:\My files\config.toml""#),
                None,
            ),
            ("url-notes repair", Some("url-notes repair"), None),
        ] {
            let mut finding = found(Area::Browser, None, command);
            translate(&mut finding);
            assert_eq!(finding.command.as_deref(), new, "{command}");
            assert_eq!(finding.advice.is_some(), advice.is_some(), "{command}");
            assert!(
                finding
                    .advice
                    .unwrap_or_default()
                    .contains(advice.unwrap_or("")),
                "{command}"
            );
        }
    }

    #[test]
    fn each_cause_has_a_cure_that_works_on_windows() {
        for cause in Cause::ALL {
            let mut finding = found(Area::Browser, Some(cause), cause.fix());
            translate(&mut finding);
            let cure = [finding.command, finding.advice]
                .map(Option::unwrap_or_default)
                .concat();
            let expected = match cause {
                Cause::HostTooOld => NEWEST,
                Cause::HostTooNew => "url-notes. Then reload the extension.",
                Cause::ProgramCrashed | Cause::ProgramGarbled | Cause::ProgramSilent => {
                    WINDOWS_INSTALLER
                }
                _ => "url-notes register",
            };
            assert!(cure.contains(expected), "{cause:?}: {cure}");
            assert!(!cure.contains(".sh"), "{cause:?}: {cure}");
        }
    }

    #[test]
    fn a_program_in_a_temporary_folder_is_installed_rather_than_registered() {
        let mut finding = found(Area::Program, None, "./install.sh");
        translate(&mut finding);
        assert_eq!(finding.command, None);
        assert!(finding.advice.unwrap().contains(WINDOWS_INSTALLER));
    }

    #[test]
    fn the_file_of_host_names_is_that_of_windows() {
        let mut finding = Finding {
            advice: Some("Add the line `x` to /etc/hosts.".to_owned()),
            ..Finding::new(Area::Site, Level::Warning, String::new())
        };
        translate(&mut finding);
        assert!(finding.advice.unwrap().contains(r"drivers\etc\hosts."));
    }
}
