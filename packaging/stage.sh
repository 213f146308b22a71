# Functions shared by the scripts of this folder: the version, the date, the program, and the files that
# come with it. They source this file after setting `folder` (the project) and `work` (a folder that
# is removed at the end).
#
# shellcheck shell=sh
# shellcheck disable=SC2154

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# [--target TRIPLE] [--program FILE] [--native FILE] [FOLDER]: what to build or to pack, and the folder
# for the package.
# shellcheck disable=SC2034 # The sourcing script reads them.
read_options() {
    target='' given='' native='' into=$folder/target/packages
    while [ $# -gt 0 ]; do
        case $1 in
            --target | --program | --native)
                [ -n "${2-}" ] || fail "$1 needs a word after it."
                case $1 in
                    --target) target=$2 ;;
                    --program) given=$2 ;;
                    --native) native=$2 ;;
                esac
                shift
                ;;
            -*) fail "There is no option \"$1\"." ;;
            *) into=$1 ;;
        esac
        shift
    done
    [ -z "$target" ] || [ -z "$given" ] || fail "--target builds a program, and --program names one: give one of them."
}

# From the only file that has it.
find_version() {
    version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$folder/Cargo.toml")
    [ -n "$version" ] || fail "Cargo.toml has no version."
}

# All packed files get the date of the last change, so that the build is reproducible.
find_epoch() {
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$folder" log -1 --format=%ct 2>/dev/null)} ||
        fail "This isn't a clone, so SOURCE_DATE_EPOCH has to say what date the files get."
    export SOURCE_DATE_EPOCH
}

# build_packed PACKAGE: builds it for `target`, or for this computer. The build contains nothing of this
# computer: no paths, and no instructions of its particular CPU. Rust flags from the environment are
# added.
build_packed() {
    cargo_home=${CARGO_HOME:-$HOME/.cargo}
    flags=$(printf -- '--remap-path-prefix=%s=/cargo\037--remap-path-prefix=%s=/url-notes' "$cargo_home" "$folder")
    [ -z "${CARGO_ENCODED_RUSTFLAGS-}" ] || flags=$(printf '%s\037%s' "$flags" "$CARGO_ENCODED_RUSTFLAGS")
    if [ -n "$target" ]; then
        # SQLite is C, and zig has a compiler and a C library for each target.
        command -v cargo-zigbuild >/dev/null ||
            fail "There is no cargo-zigbuild here, which builds for $target: pip install cargo-zigbuild ziglang"
        set -- "$1" zigbuild --target "$target"
    else
        set -- "$1" build
    fi
    package=$1
    shift
    # In the project's folder, where cargo finds .cargo/config.toml.
    (cd "$folder" &&
        CARGO_ENCODED_RUSTFLAGS=$flags CFLAGS="-ffile-prefix-map=$cargo_home=/cargo" MACOSX_DEPLOYMENT_TARGET=11.0 \
            cargo "$@" --release --locked --package "$package" --target-dir target/packaged) ||
        fail "$package wasn't built; the messages above say why."
}

# find_program: uses the given program, or builds one. Sets `net_program` to the url-notes-net beside
# it, or leaves it empty; `native` to a program of this version that runs here; and `processor` and
# `system` to what the program is for.
find_program() {
    program=$given
    if [ -z "$program" ]; then
        build_packed url-notes
        # Apart from the other program, which would otherwise be linked with more than it needs.
        build_packed url-notes-net
        program=$folder/target/packaged/${target:+$target/}release/url-notes
    fi
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    [ -f "$program" ] || fail "There is no $program."
    net_program=${program%/*}/url-notes-net
    [ -f "$net_program" ] && [ -x "$net_program" ] || net_program=''
    [ -n "$native" ] || native=$program
    case $native in /*) ;; *) native=$PWD/$native ;; esac
    says=$(ask --version) ||
        fail "$native doesn't run here. With --native, name a program of url-notes $version that does; it writes the manual page, the completions and the host manifests."
    [ "$says" = "url-notes $version" ] ||
        fail "$native says it is \"$says\", and these files are of url-notes $version."
    find_machine
}

# bytes FILE OFFSET COUNT: prints bytes of a file, in hex.
bytes() { od -An -tx1 -j"$2" -N"$3" "$1" | tr -d ' \n'; }

# As `uname -m` and `uname -s` say it on the computer that the program is for.
# shellcheck disable=SC2034 # The sourcing script reads them.
find_machine() {
    case $(bytes "$program" 0 4) in
        # https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, e_machine
        7f454c46)
            system=$(uname -s | tr '[:upper:]' '[:lower:]')
            processor=$(bytes "$program" 18 2)
            ;;
        # <mach-o/loader.h>, mach_header_64
        cffaedfe)
            system=darwin
            processor=$(bytes "$program" 4 4)
            ;;
        *) fail "$program is no program for Linux or macOS." ;;
    esac
    case $processor in
        3e00 | 07000001) processor=x86_64 ;;
        b700) processor=aarch64 ;;
        0c000001) processor=arm64 ;;
        *)
            [ "$program" = "$native" ] || fail "$program is for a processor that isn't known here: $processor."
            processor=$(uname -m)
            ;;
    esac
}

# is_static FILE: whether an ELF program needs no library. The sourcing script has looked for readelf.
is_static() { ! LC_ALL=C readelf --dynamic --wide "$1" | grep -q '(NEEDED)'; }

# Runs the program, without access to the user's notes.
ask() { URL_NOTES_DATA_DIR=$work/none "$native" "$@" </dev/null; }

# put MODE SOURCE TARGET: copies a file and creates its folders.
put() {
    mkdir -p -- "${3%/*}"
    cp -- "$2" "$3"
    chmod "$1" "$3"
}

# put_output TARGET WORDS…: writes the program's output to a file.
put_output() {
    target=$1
    shift
    ask "$@" >"$work/output" || fail "$native doesn't know \"$*\"."
    put 644 "$work/output" "$target"
}

# put_system_files ZSH: puts completions, manual page and host manifests for all users below `tree`. ZSH
# is the distribution's folder for zsh's completions.
put_system_files() {
    put_output "$tree/usr/share/bash-completion/completions/url-notes" completions bash
    put_output "$tree/usr/share/zsh/$1/_url-notes" completions zsh
    put_output "$tree/usr/share/fish/vendor_completions.d/url-notes.fish" completions fish
    put_output "$tree/usr/share/man/man1/url-notes.1" man
    gzip -9n "$tree/usr/share/man/man1/url-notes.1"
    # Brave, Vivaldi and Opera read Chrome's folder.
    ask register --system --root "$tree" --program /usr/bin/url-notes --platform linux \
        --browser chromium --browser chrome --browser edge --browser firefox >/dev/null ||
        fail "$native wrote no host manifests."
}

# put_extension FOLDER: makes what a browser loads.
put_extension() {
    [ -d "$folder/node_modules/esbuild" ] || fail "The tools that bundle the extension are missing: npm ci"
    node "$folder/packaging/bundle.js" "$1" || fail "The extension wasn't bundled; the message above says why."
    find "$1" -type d -exec chmod 755 -- {} + -o -type f -exec chmod 644 -- {} +
}

# age FOLDER: sets the date of all files in it.
age() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" -- {} +; }

# begin: creates `work`, which is removed at the end, and sets a fixed umask.
begin() {
    umask 022
    work=$(mktemp -d) || fail "No temporary folder can be made."
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
