#!/bin/sh
# Checks that the program compiles for Windows, without warnings, where Rust's std for Windows can be
# had; else says so and ends well. Links nothing, so no other compiler is needed.

set -u

main() {
    cd "$(dirname "$0")/../.." || exit 1
    . tests/windows/std.sh
    if ! find_windows_std; then
        printf 'The program was NOT checked for Windows. %s\n' "$no_std"
        exit 0
    fi
    # SQLite's C isn't looked at: an assembler of nothing stands in for its compiler.
    export CC_x86_64_pc_windows_gnu=true AR_x86_64_pc_windows_gnu=true
    export RUSTFLAGS='--deny warnings'
    windows_cargo check --quiet --locked --package url-notes --bins &&
        printf 'The program compiles for Windows.\n'
}

main
