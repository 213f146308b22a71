//! Linker options.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment and standard output"
)]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A position-independent program is relocated at each start: eight thousand pointers, most of
    // them to the names of HTML entities, on thirty memory pages that have to be copied. Browsers
    // start a host for each port and wait for its first answer; relocation took a tenth of that
    // time (cargo bench --bench start). Libraries, stack and heap are still randomised.
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
