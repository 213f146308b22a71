//! How the program is linked.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment and standard output"
)]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A position-independent program is relocated at each start: eight thousand
    // pointers, most of them the names of HTML entities, on thirty pages that are
    // copied for it. Browsers start a host for each port and wait for its first
    // answer, a tenth of which this was (cargo bench --bench start). Libraries,
    // stack and heap are laid out at random all the same.
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
