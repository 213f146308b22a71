# Functions shared by deb.sh and release.sh: the version, the date, the program, and the files that
# come with it. Both source this file after setting `folder` (the project) and `work` (a folder that
# is removed at the end).
#
# shellcheck shell=sh
# shellcheck disable=SC2154

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# [--program FILE] [FOLDER]: the program to pack, and the folder for the package.
# shellcheck disable=SC2034 # Both variables are read by the sourcing script.
read_options() {
    given='' into=$folder/target/packages
    while [ $# -gt 0 ]; do
        case $1 in
            --program)
                [ -n "${2-}" ] || fail "--program needs a file after it."
                given=$2
                shift
                ;;
            -*) fail "There is no option \"$1\"." ;;
            *) into=$1 ;;
        esac
        shift
    done
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

# build_packed PACKAGE: the build contains nothing of this computer: no paths, and no instructions of
# its particular CPU.
build_packed() {
    cargo_home=${CARGO_HOME:-$HOME/.cargo}
    # In the project's folder, where cargo finds .cargo/config.toml.
    (cd "$folder" &&
        CARGO_ENCODED_RUSTFLAGS=$(printf -- '--remap-path-prefix=%s=/cargo\037--remap-path-prefix=%s=/url-notes' "$cargo_home" "$folder") \
        CFLAGS="-ffile-prefix-map=$cargo_home=/cargo" \
            cargo build --release --locked --package "$1" --target-dir target/packaged) ||
        fail "$1 wasn't built; the messages above say why."
}

# find_program FILE: uses FILE or, if it is empty, builds the program. Sets `net_program` to the
# url-notes-net beside it, or leaves it empty.
find_program() {
    program=$1
    if [ -z "$program" ]; then
        build_packed url-notes
        # Apart from the other program, which would otherwise be linked with more than it needs.
        build_packed url-notes-net
        program=$folder/target/packaged/release/url-notes
    fi
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    net_program=${program%/*}/url-notes-net
    [ -f "$net_program" ] && [ -x "$net_program" ] || net_program=''
    says=$(ask --version) || fail "$program doesn't run here."
    [ "$says" = "url-notes $version" ] ||
        fail "$program says it is \"$says\", and these files are of url-notes $version."
}

# Runs the program without access to the user's notes.
ask() { URL_NOTES_DATA_DIR=$work/none "$program" "$@" </dev/null; }

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
    ask "$@" >"$work/output" || fail "$program doesn't know \"$*\"."
    put 644 "$work/output" "$target"
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
