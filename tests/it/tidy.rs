//! Project rules that a test can check.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the files below a folder of the project, as paths from its root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

/// Checks that only files under `home` contain one of `words` outside of comments.
fn only_in(folder: &str, ending: &str, home: &str, words: &[&str]) {
    for (name, text) in files(folder, ending) {
        if name.starts_with(home) {
            continue;
        }
        for line in text.lines() {
            let code = line.trim_start();
            if ["//", "*", "/*"]
                .iter()
                .any(|comment| code.starts_with(comment))
            {
                continue;
            }
            for word in words {
                assert!(!code.contains(word), "{name} names {word}: {code}");
            }
        }
    }
}

#[test]
fn only_the_store_names_rusqlite() {
    only_in("host/src", ".rs", "host/src/store/", &["rusqlite"]);
}

#[test]
fn only_the_server_names_tiny_http() {
    only_in("host/src", ".rs", "host/src/site/server.rs", &["tiny_http"]);
}

#[test]
fn only_the_rules_of_fetching_name_the_http_client() {
    only_in("net/src", ".rs", "net/src/fetch", &["ureq", "rustls"]);
}

#[test]
fn only_messaging_names_byteorder() {
    only_in("host/src", ".rs", "host/src/messaging/", &["byteorder"]);
}

/// Checks that the code of a folder, without its tests, names a system only in `home`.
fn systems_only_in(folder: &str, home: &str) {
    const WORDS: [&str; 13] = [
        "os::unix",
        "os::windows",
        "os::fd",
        "rustix",
        "winapi_util",
        "windows_registry",
        "fs4::",
        "terminal_size",
        "target_os",
        "target_family",
        "cfg(unix",
        "cfg(windows",
        "cfg!(windows",
    ];
    for (name, text) in files(folder, ".rs") {
        if name.starts_with(home) || name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        for line in text.lines().take(lines_of_code(&text)) {
            let is_comment = line.trim_start().starts_with("//");
            let word = WORDS.iter().find(|word| line.contains(**word));
            assert!(
                is_comment || word.is_none(),
                "{name} names a system, which only {home} does: {line}"
            );
        }
    }
}

#[test]
fn only_the_platform_names_systems() {
    let home = "host/src/platform/";
    for folder in ["host/src", "net/src"] {
        systems_only_in(folder, home);
    }
}

#[test]
fn the_platform_names_unix_and_windows() {
    for (system, word) in [("unix", "rustix"), ("windows", "winapi_util")] {
        let folder = format!("host/src/platform/{system}");
        let found = files(&folder, ".rs");
        assert!(
            found.iter().any(|(_, text)| text.contains(word)),
            "{folder}"
        );
    }
}

#[test]
fn only_browser_js_names_the_browsers_interface() {
    only_in(
        "extension",
        ".js",
        "extension/shared/browser.js",
        &["chrome.", "globalThis.browser", "globalThis.chrome"],
    );
}

/// Most lines of a file of the program or the extension, comments included.
const MAX_LINES: usize = 600;

/// Files that are mostly a table, and may be longer.
const TABLES: [&str; 1] = ["host/src/domain/share_parameters.rs"];

/// Lines of a file without the module of tests at its foot.
fn lines_of_code(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    });
    tests.unwrap_or(lines.len())
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut long = Vec::new();
    for (folder, ending) in [
        ("host/src", ".rs"),
        ("net/src", ".rs"),
        ("host/src/site/assets", ".js"),
        ("extension", ".js"),
    ] {
        for (name, text) in files(folder, ending) {
            if name.starts_with("extension/vendor/") {
                continue; // Others wrote it; tests/extension/tidy.test.js holds its hash.
            }
            let is_tests = name.ends_with("tests.rs") || name.contains("/tests/");
            let lines = lines_of_code(&text);
            if !is_tests && !TABLES.contains(&name.as_str()) && lines > MAX_LINES {
                long.push(format!("{name}: {lines} lines"));
            }
        }
    }
    assert_eq!(long, [""; 0]);
}

#[test]
fn the_tests_at_the_foot_of_a_file_are_not_counted() {
    let code = "//! A module.\n\nfn f() {}\n\n";
    assert_eq!(lines_of_code(code), 4);
    let tests = "#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(lines_of_code(&format!("{code}{tests}")), 4);
    assert_eq!(
        lines_of_code(&format!("#[cfg(test)]\nmod tests;\n{code}")),
        6
    );
}

#[test]
fn the_main_file_stays_small() {
    let text = fs::read_to_string(root().join("host/src/main.rs")).unwrap();
    assert!(text.lines().count() <= 60);
}

/// Cargo ignores `strip` for a package whose profile is overridden, and symbols would enlarge the
/// program by an eighth.
#[test]
fn the_release_profile_does_not_name_our_own_package() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\nstrip = true\n"));
    let (_, packages) = manifest
        .split_once("\n[profile.release.package]\n")
        .unwrap();
    assert!(!packages.contains("\nurl-notes"), "{packages}");
}

#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    let manifest = fs::read_to_string(root().join("extension/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["version"], version);
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains(&format!("## {version}")));
}
