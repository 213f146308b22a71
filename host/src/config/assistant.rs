//! `[assistant]` in `config.toml`: what assistants may read through `url-notes mcp`.

use serde::Deserialize;

/// The settings for assistants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssistantSettings {
    /// Tags as written; no note that has one of them is shown to an assistant.
    pub exclude_tags: Vec<String>,
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AssistantSection {
    #[serde(default)]
    exclude_tags: Vec<String>,
}

/// Returns the settings in a section.
///
/// # Errors
/// A sentence. Assistants must get nothing then, since what was to be excluded isn't known.
pub(super) fn read(section: toml::Value) -> Result<AssistantSettings, String> {
    match section.try_into::<AssistantSection>() {
        Ok(section) => Ok(AssistantSettings {
            exclude_tags: section.exclude_tags,
        }),
        Err(error) => {
            let lines = error.to_string();
            let lines: Vec<&str> = lines.split_whitespace().collect();
            Err(format!("[assistant] can't be read: {}.", lines.join(" ")))
        }
    }
}
