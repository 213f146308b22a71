# What deb.sh and release.sh have in common: the version, the moment, the program, and
# the files that come with it. Sourced by both, with `folder` (the project) and `work`
# (a folder that goes when they end) set.
#
# shellcheck shell=sh
# shellcheck disable=SC2154

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# [--program FILE] [FOLDER]: what is packed, and where the package goes.
# shellcheck disable=SC2034 # Both are read by who sources this.
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

# From the one place that has it.
find_version() {
    version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$folder/Cargo.toml")
    [ -n "$version" ] || fail "Cargo.toml has no version."
}

# Everything that is packed is of one moment, the last change's: the same sources make
# the same bytes.
find_epoch() {
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$folder" log -1 --format=%ct 2>/dev/null)} ||
        fail "This isn't a clone, so SOURCE_DATE_EPOCH has to say what date the files get."
    export SOURCE_DATE_EPOCH
}

# find_program FILE: or, where it is empty, one that is built here. Nothing of this
# computer is in that: neither its paths nor its processor's own instructions.
find_program() {
    program=$1
    if [ -z "$program" ]; then
        cargo_home=${CARGO_HOME:-$HOME/.cargo}
        # From the folder, where cargo finds .cargo/config.toml.
        (cd "$folder" &&
            CARGO_ENCODED_RUSTFLAGS=$(printf -- '--remap-path-prefix=%s=/cargo\037--remap-path-prefix=%s=/url-notes' "$cargo_home" "$folder") \
            CFLAGS="-ffile-prefix-map=$cargo_home=/cargo" \
                cargo build --release --locked --package url-notes --target-dir target/packaged) ||
            fail "The program wasn't built; the messages above say why."
        program=$folder/target/packaged/release/url-notes
    fi
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    says=$(ask --version) || fail "$program doesn't run here."
    [ "$says" = "url-notes $version" ] ||
        fail "$program says it is \"$says\", and these files are of url-notes $version."
}

# What the program prints, without a look at anybody's notes.
ask() { URL_NOTES_DATA_DIR=$work/none "$program" "$@" </dev/null; }

# put MODE SOURCE TARGET: a file, and the folders above it.
put() {
    mkdir -p -- "${3%/*}"
    cp -- "$2" "$3"
    chmod "$1" "$3"
}

# put_output TARGET WORDS…: what the program prints for them.
put_output() {
    target=$1
    shift
    ask "$@" >"$work/output" || fail "$program doesn't know \"$*\"."
    put 644 "$work/output" "$target"
}

# put_extension FOLDER: what a browser loads; how it was made stays here.
put_extension() {
    (cd "$folder/extension" && find . -type f ! -name '*.d.ts' ! -path ./icons/render.js ! -path ./icons/icon.svg) |
        LC_ALL=C sort >"$work/extension-files"
    while IFS= read -r name; do
        put 644 "$folder/extension/$name" "$1/${name#./}"
    done <"$work/extension-files"
}

# age FOLDER: all that is in it is of the one moment.
age() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" -- {} +; }

# begin: sets `work`, which goes at the end, and modes that aren't the user's.
begin() {
    umask 022
    work=$(mktemp -d) || fail "No temporary folder can be made."
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
