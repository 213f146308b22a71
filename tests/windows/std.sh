# Rust's std for Windows. tests/windows/check.sh and run.sh source this file in the project's folder.
#
# shellcheck shell=sh
# shellcheck disable=SC2034 # The sourcing script reads `no_std`.

WINDOWS=x86_64-pc-windows-gnu

# windows_cargo COMMAND WORD…: runs cargo for Windows, with the std that find_windows_std has found. A
# target folder of its own, because the compiler that builds std counts as another one.
windows_cargo() {
    if [ -n "$built_std" ]; then
        RUSTC_BOOTSTRAP=1 RUSTC="$built_std/toolchain/bin/rustc" PATH="$built_std/toolchain/bin:$PATH" \
            cargo "$@" --target "$WINDOWS" --target-dir target/windows -Zbuild-std=std,panic_unwind
    else
        cargo "$@" --target "$WINDOWS" --target-dir target/windows
    fi
}

# find_windows_std: finds the std of the target or gets it from rustup; else Debian's sources of Rust,
# of the very version of this compiler, from which cargo builds it. Fails, with a sentence in `no_std`.
find_windows_std() {
    built_std='' no_std=''
    is_here() { [ -n "$(find "$(rustc --print sysroot)/lib/rustlib/$WINDOWS/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]; }
    ! is_here || return 0
    if command -v rustup >/dev/null; then
        # A registry that lacks it makes rustup wait.
        timeout 120 rustup target add "$WINDOWS" >/dev/null 2>&1 && is_here && return 0
    fi
    version=$(rustc --version | cut -d ' ' -f 2)
    kept=$PWD/target/rust-src-$version
    if [ ! -f "$kept/complete" ]; then
        get_debian_sources || return 1
    fi
    built_std=$kept
}

# Puts the sources, and a copy of the compiler that has them where cargo looks, into `kept`.
get_debian_sources() {
    no_std="There is no std of Rust $version for $WINDOWS here: neither rustup nor Debian has it."
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -f "$keyring" ] || return 1
    rm -rf "$kept"
    mkdir -p "$kept/apt/etc" "$kept/apt/state/lists/partial" "$kept/apt/cache/archives/partial" "$kept/src"
    # Apart from the lists of this computer, which may be of another release of Debian.
    mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1)
    mirror=${mirror%% *}
    printf 'deb [signed-by=%s] %s trixie-backports main\n' "$keyring" "${mirror:-http://deb.debian.org/debian}" \
        >"$kept/apt/etc/sources.list"
    cat >"$kept/apt/apt.conf" <<APT
Dir::Etc "$kept/apt/etc";
Dir::Etc::sourceparts "-";
Dir::State "$kept/apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$kept/apt/cache";
APT::Sandbox::User "root";
APT
    (
        cd "$kept/src" || exit
        export APT_CONFIG="$kept/apt/apt.conf"
        apt-get update -qq || exit
        found=$(apt-cache madison rust-src | awk -F ' *[|] *' -v version="$version" \
            'index($2, version "+") == 1 { print $2; exit }')
        [ -n "$found" ] && apt-get download -qq "rust-src=$found" && dpkg -x rust-src_*.deb . && rm -f rust-src_*.deb
    ) >"$kept/log" 2>&1 || return 1
    sources=$(find "$kept/src/usr/src" -maxdepth 1 -name "rustc-$version*" | head -n 1)
    [ -d "$sources/library/std" ] || return 1
    # Hard links, where they are possible, cost nothing.
    cp -al "$(rustc --print sysroot)" "$kept/toolchain" 2>/dev/null ||
        { rm -rf "$kept/toolchain" && cp -a "$(rustc --print sysroot)" "$kept/toolchain"; } || return 1
    mkdir -p "$kept/toolchain/lib/rustlib/src"
    rm -rf "$kept/toolchain/lib/rustlib/src/rust"
    ln -s "$sources" "$kept/toolchain/lib/rustlib/src/rust" || return 1
    rm -rf "$kept/apt"
    : >"$kept/complete"
    no_std=''
}
