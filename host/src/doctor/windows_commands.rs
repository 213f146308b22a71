//! What findings advise on Windows, where there are neither `install.sh` nor a POSIX shell.

use super::finding::Finding;

/// Replaces a finding's command by one that works on Windows, or by advice.
pub(super) fn translate(finding: &mut Finding) {
    let Some(command) = finding.command.take() else {
        return;
    };
    let (new, advice) = translated(&command);
    finding.command = new;
    finding.advice = finding.advice.take().or(advice);
}

/// Returns the command for Windows, or else advice.
fn translated(command: &str) -> (Option<String>, Option<String>) {
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
        return (Some("url-notes register".to_owned()), None);
    }
    if command.contains("install.sh") {
        return advice("Install the newest version of url-notes.");
    }
    (Some(command.to_owned()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let found = translated(command);
            assert_eq!(found.0.as_deref(), new, "{command}");
            assert_eq!(found.1.is_some(), advice.is_some(), "{command}");
            assert!(
                found.1.unwrap_or_default().contains(advice.unwrap_or("")),
                "{command}"
            );
        }
    }
}
