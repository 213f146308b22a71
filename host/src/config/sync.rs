//! `[sync]` in `config.toml`: when and how notes are synced. The place is chosen by `url-notes sync`.

use std::time::Duration;

use serde::Deserialize;

/// The shortest time between two looks at a place on the network, which others share.
const LEAST_EVERY: Duration = Duration::from_secs(10);
/// The longest one.
const MOST_EVERY: Duration = Duration::from_secs(7 * 24 * 3600);

/// The settings of sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSettings {
    /// Whether notes are synced after saves, and now and then, by themselves.
    pub auto: bool,
    /// Time between two looks at a place that isn't a folder, or that commands carry.
    pub every: Duration,
    /// A shell command that brings the folder up to date before it is read.
    pub pull: Option<String>,
    /// A shell command that carries the folder further after it was written.
    pub push: Option<String>,
    /// Whether the texts of pages are sent to the other devices.
    pub texts: bool,
}

impl SyncSettings {
    /// Returns whether commands carry a folder.
    #[must_use]
    pub fn has_commands(&self) -> bool {
        self.pull.is_some() || self.push.is_some()
    }
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            auto: true,
            every: Duration::from_secs(5 * 60),
            pull: None,
            push: None,
            texts: true,
        }
    }
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SyncSection {
    auto: Option<bool>,
    every: Option<String>,
    pull: Option<String>,
    push: Option<String>,
    texts: Option<bool>,
}

/// Returns the settings in a section. Adds a sentence to `warnings` for what is wrong, and uses the
/// default there.
pub(super) fn read(section: toml::Value, warnings: &mut Vec<String>) -> SyncSettings {
    let mut settings = SyncSettings::default();
    let section = match section.try_into::<SyncSection>() {
        Ok(section) => section,
        Err(error) => {
            let lines = error.to_string();
            let lines: Vec<&str> = lines.split_whitespace().collect();
            warnings.push(format!("[sync] isn't used: {}.", lines.join(" ")));
            // What was meant isn't known, and nothing is lost by waiting.
            settings.auto = false;
            return settings;
        }
    };
    settings.auto = section.auto.unwrap_or(settings.auto);
    if let Some(text) = section.every {
        match duration(&text).filter(|time| (LEAST_EVERY..=MOST_EVERY).contains(time)) {
            Some(time) => settings.every = time,
            None => warnings.push(
                "every in [sync] must be a time from \"10s\" to \"7d\". The value \"5m\" is used."
                    .into(),
            ),
        }
    }
    let some = |command: Option<String>| command.filter(|command| !command.trim().is_empty());
    settings.pull = some(section.pull);
    settings.push = some(section.push);
    settings.texts = section.texts.unwrap_or(settings.texts);
    settings
}

/// Reads a number with s, m, h or d.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].trim().parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> (SyncSettings, Vec<String>) {
        let mut warnings = Vec::new();
        let section = toml::from_str(text).unwrap();
        (read(section, &mut warnings), warnings)
    }

    #[test]
    fn settings_have_defaults_and_limits() {
        assert_eq!(settings("").0, SyncSettings::default());
        let (read, warnings) =
            settings("auto = false\nevery = '90s'\npush = 'x'\npull = ' '\ntexts = false");
        assert!(!read.texts);
        assert_eq!((read.auto, read.every), (false, Duration::from_secs(90)));
        assert_eq!((read.push.as_deref(), read.pull), (Some("x"), None));
        assert!(warnings.is_empty());
        for every in [
            "",
            "5",
            "5 weeks",
            "1s",
            "8d",
            "-1m",
            "99999999999999999999d",
            "m",
        ] {
            let (read, warnings) = settings(&format!("every = '{every}'"));
            assert_eq!(read.every, Duration::from_secs(300), "{every}");
            assert_eq!(warnings.len(), 1, "{every}");
        }
        let (read, warnings) = settings("place = 'x'");
        assert!(!read.auto);
        assert!(
            warnings[0].starts_with("[sync] isn't used: "),
            "{}",
            warnings[0]
        );
    }
}
