//! The program's dependencies: licences, versions and sources.
//!
//! Equivalent to `cargo deny check licenses bans sources`, based on the metadata that cargo prints.
//! Advisories aren't checked: their database is only in a Git repository, not in a package registry.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde_json::Value;
use spdx::{Expression, LicenseReq};

/// Licences that are compatible with distributing the program under MIT or Apache 2.0. The copyleft
/// of the MPL applies only to the files of its own crate.
const ALLOWED: [&str; 8] = [
    "Apache-2.0",
    "BSD-3-Clause",
    // Of lists of certificates, which are used on Android alone.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Returns the packages of the lock file that are built for this computer, except those of tests.
fn packages() -> Vec<Value> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    // Follows all dependencies from the program, except those of tests.
    let mut wanted = Vec::new();
    let mut queue: Vec<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    while let Some(id) = queue.pop() {
        if wanted.contains(&id) {
            continue;
        }
        wanted.push(id);
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                queue.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| wanted.contains(&package["id"].as_str().unwrap()))
        .cloned()
        .collect()
}

fn is_allowed(licence: &str) -> bool {
    let allowed = |requirement: &LicenseReq| {
        let id = requirement.license.id();
        id.is_some_and(|id| ALLOWED.contains(&id.name))
    };
    // Older crates write `MIT/Apache-2.0`.
    Expression::parse(&licence.replace('/', " OR "))
        .is_ok_and(|expression| expression.evaluate(allowed))
}

#[test]
fn crates_have_licences_that_fit_the_programs() {
    assert!(is_allowed("MIT/GPL-3.0-only") && is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("GPL-3.0-only") && !is_allowed("MIT AND GPL-3.0-only"));
    let packages = packages();
    assert!(packages.len() > 50, "{}", packages.len());
    let wrong: Vec<String> = packages
        .iter()
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} {}", package["name"], package["license"]))
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_crate_has_two_versions() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        // Procedural macros aren't part of the program.
        let name = package["name"].as_str().unwrap();
        if !["syn", "proc-macro2", "quote"].contains(&name) {
            let version = package["version"].as_str().unwrap().to_owned();
            versions.entry(name.to_owned()).or_default().push(version);
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    // ring, the cryptography of TLS, has old ones. Only url-notes-net is linked with it.
    for of_ring in ["getrandom", "windows-sys"] {
        let found = versions.remove(of_ring);
        assert!(found.is_none_or(|found| found.len() == 2), "{of_ring}");
    }
    assert!(!names_in("url-notes").contains("ring"));
    assert!(versions.is_empty(), "{versions:?}");
}

/// Returns the names of the crates that one of our programs is linked with on any platform.
fn names_in(program: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package",
            program,
            "--edges",
            "normal",
        ])
        .args(["--target", "all", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let names = lines.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// Crates that ask other computers for something.
const NETWORK: &[&str] = &[
    "aws-lc",
    "curl",
    "h2",
    "hickory",
    "http",
    "hyper",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "ring",
    "rustls",
    "tokio",
    "trust-dns",
    "ureq",
    "url-notes-net",
    "webpki",
];

fn is_for_network(name: &str) -> bool {
    let is_part = |whole: &str| {
        let rest = name.strip_prefix(whole);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    // These parse the heads and dates of HTTP.
    !["httparse", "httpdate"].contains(&name) && NETWORK.iter().any(|whole| is_part(whole))
}

#[test]
fn the_program_that_browsers_start_has_no_http_client_no_tls_and_no_resolver() {
    let linked = names_in("url-notes");
    assert!(linked.contains("rusqlite"), "{linked:?}");
    let wrong: Vec<_> = linked.iter().filter(|name| is_for_network(name)).collect();
    assert_eq!(wrong, [""; 0]);
    // The same test finds what the other program has.
    let linked = names_in("url-notes-net");
    for name in ["http", "ring", "rustls", "rustls-webpki", "ureq"] {
        assert!(linked.contains(name) && is_for_network(name), "{name}");
    }
}

#[test]
fn crates_come_from_the_registry_alone() {
    for package in packages() {
        // Our own packages have no source.
        if let Some(source) = package["source"].as_str() {
            assert!(source.starts_with("registry+"), "{}", package["name"]);
        }
    }
}
