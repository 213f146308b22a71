//! The scripts, icon and `robots.txt` of an exported site.

use crate::site::controller::SCRIPT;

/// The script of exported pages, in addition to the site's own.
const FILES_SCRIPT: &str = include_str!("../assets/files.js");
/// The scripts of the search page, each after those that it imports.
pub(super) const SEARCH_SCRIPTS: [&str; 11] = [
    include_str!("../assets/invisible.js"),
    include_str!("../assets/letters.js"),
    include_str!("../assets/words.js"),
    include_str!("../assets/spellings.js"),
    include_str!("../assets/occurrences.js"),
    include_str!("../assets/days.js"),
    include_str!("../assets/query.js"),
    include_str!("../assets/pieces.js"),
    include_str!("../assets/dates.js"),
    include_str!("../assets/matches.js"),
    include_str!("../assets/search.js"),
];
/// The scripts that find the equivalent of an address of the served site.
pub(super) const LOST_SCRIPTS: [&str; 8] = [
    include_str!("../assets/invisible.js"),
    include_str!("../assets/letters.js"),
    include_str!("../assets/words.js"),
    include_str!("../assets/spellings.js"),
    include_str!("../assets/days.js"),
    include_str!("../assets/query.js"),
    include_str!("../assets/pieces.js"),
    include_str!("../assets/lost.js"),
];
/// The icon for clients that don't read the page before they request one.
const PNG_ICON: &[u8] = include_bytes!("../../../../extension/icons/icon-32.png");
/// Published notes are meant to be found.
pub(super) const ROBOTS: &str = "User-agent: *\nAllow: /\n";

/// Returns the script of all pages.
pub(super) fn page_script() -> String {
    [SCRIPT, FILES_SCRIPT].concat()
}

/// Joins modules into one script in the order of their dependencies, because a page opened from a
/// disk can't load modules.
pub(super) fn as_one_script(modules: &[&str]) -> String {
    let mut script = String::from("\"use strict\";\n{\n");
    let mut importing = false;
    for line in modules.iter().flat_map(|module| module.lines()) {
        // An import may span several lines.
        importing |= line.starts_with("import ");
        if importing {
            importing = !line.contains(" from \"./");
            continue;
        }
        script.push_str(line.strip_prefix("export ").unwrap_or(line));
        script.push('\n');
    }
    script.push_str("}\n");
    script
}

/// Returns a PNG as an ICO file: a header and the PNG itself.
pub(super) fn icon() -> anyhow::Result<Vec<u8>> {
    let mut icon = vec![0, 0, 1, 0, 1, 0, 32, 32, 0, 0, 1, 0, 32, 0];
    icon.extend(u32::try_from(PNG_ICON.len())?.to_le_bytes());
    icon.extend(22_u32.to_le_bytes());
    icon.extend(PNG_ICON);
    Ok(icon)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_joined_modules_have_no_name_in_common() {
        for modules in [&SEARCH_SCRIPTS[..], &LOST_SCRIPTS[..]] {
            let script = as_one_script(modules);
            let mut names = HashSet::new();
            for line in script.lines() {
                let declared = ["const ", "let ", "function ", "async function ", "class "]
                    .iter()
                    .find_map(|word| line.strip_prefix(word));
                let Some(declared) = declared else { continue };
                let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
                let name = declared.split(|c| !is_in_name(c)).next().unwrap();
                assert!(names.insert(name), "{name} is declared twice");
            }
            assert!(names.len() > 20, "{names:?}");
        }
    }
}
