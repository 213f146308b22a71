# Builds the program from its sources. Sourced by install.sh; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # Variables shared by both files.

build_from_source() {
    target_folder=${CARGO_TARGET_DIR:-$folder/target}
    case $target_folder in /*) ;; *) target_folder=$PWD/$target_folder ;; esac
    built=$target_folder/release/url-notes
    if $dry_run; then
        say "Would build $built."
        return
    fi
    cargo=$(command -v cargo) || cargo=$HOME/.cargo/bin/cargo
    [ -x "$cargo" ] ||
        fail "Building url-notes takes Rust, and there is no cargo here. Get it from https://rustup.rs and run this again."
    refuse_old_rust
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        fail "Building url-notes takes a C compiler (for SQLite). Debian, Ubuntu: sudo apt install gcc. Fedora: sudo dnf install gcc. macOS: xcode-select --install."
    say "Building url-notes …"
    (cd "$folder" && "$cargo" build --release --locked --package url-notes --target-dir "$target_folder") ||
        fail "url-notes wasn't built; the messages above say why."
}

# If cargo prints no version, its own message says why it can't build.
refuse_old_rust() {
    needed=$(sed -n 's/^rust-version = "\([0-9]*\.[0-9]*\).*/\1/p' "$folder/Cargo.toml")
    present=$("$cargo" --version 2>/dev/null | sed -n 's/^cargo \([0-9]*\.[0-9]*\).*/\1/p') || present=''
    if [ -z "$needed" ] || [ -z "$present" ]; then
        return
    fi
    if [ "${present%.*}" -lt "${needed%.*}" ] ||
        { [ "${present%.*}" -eq "${needed%.*}" ] && [ "${present#*.}" -lt "${needed#*.}" ]; }; then
        if command -v rustup >/dev/null; then
            cure='Run: rustup update stable'
        else
            cure='Get a newer one from https://rustup.rs and run this again.'
        fi
        fail "Building url-notes takes Rust $needed or newer; $cargo is $present. $cure"
    fi
}

loaded=build
