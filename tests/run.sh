#!/bin/sh
# Runs everything that has to pass before a change lands, on a fresh computer or in CI: installs
# what it needs, then runs formatters, linters and all tests, including real browsers. `tests/run.sh
# STEP…` runs only some steps. The last line has the number of passed and failed tests; each linter
# counts as one.
#
# Never skips: if a browser can't be installed, the tests that need it fail.

# The steps are run by name.
# shellcheck disable=SC2317

set -u

ALL_STEPS='tools format clippy shell types biome webext workflows windows rust host extension install browsers'

# ---- The steps

# Installs what is missing from Debian's packages, PyPI and npm.
tools() {
    missing=
    need chromium chromium
    need firefox-esr firefox-esr
    need shellcheck shellcheck
    need Xvfb xvfb
    need xdotool xdotool
    need xprop x11-utils
    need ps procps
    need dpkg-shlibdeps dpkg-dev
    need script bsdutils
    need python3 python3
    need less less
    need man man-db
    need zsh zsh
    need fish fish
    need mandoc mandoc
    need cc gcc
    need zip zip
    need advzip advancecomp
    need rpmbuild rpm
    need cpio cpio
    need pdftotext poppler-utils
    need git git
    need openssl openssl
    need age age
    need epubcheck epubcheck
    need java default-jre-headless
    need rclone rclone
    need syncthing syncthing
    need pip3 python3-pip
    [ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
    [ -n "$(fc-list :lang=ja family 2>/dev/null)" ] || missing="$missing fonts-noto-cjk"
    [ -n "$(fc-list :lang=he family 2>/dev/null)" ] || missing="$missing fonts-noto-core"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # One word per package.
        install_packages $missing || return
    fi
    # A server of S3 for the tests of sync, where those look for it.
    [ -d target/moto/moto ] ||
        python3 -m pip install --quiet --no-input --disable-pip-version-check \
            --root-user-action=ignore --target target/moto 'moto[s3]==5.2.5' flask flask-cors || return
    # The linter of GitHub's workflows.
    [ -x target/zizmor/bin/zizmor ] ||
        python3 -m pip install --quiet --no-input --disable-pip-version-check \
            --root-user-action=ignore --target target/zizmor 'zizmor==1.32.0' || return
    have cargo || give_up "cargo isn't installed; get Rust from https://rustup.rs." || return
    # Older ones can't end tests that hang.
    have node && node --test-timeout=1 --version >/dev/null 2>&1 ||
        give_up "Node 20.11 or newer isn't installed; get it from https://nodejs.org." || return
    if [ ! -e node_modules/.package-lock.json ] ||
        [ -n "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
        # Not `npm ci`, which refuses a lock file that lacks a package for another platform which
        # some registry doesn't have. The versions are those of the lock file.
        npm install --no-save --no-audit --no-fund
    fi
}

have() { command -v "$1" >/dev/null; }

need() { have "$1" || missing="$missing $2"; }

give_up() {
    printf '%s\n' "$*"
    return 1
}

install_packages() {
    have apt-get || give_up "These are missing, and there is no apt-get to install them with: $*." || return
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        give_up "These are missing: $*. Install them by: sudo apt-get install $*" || return
    fi
    # shellcheck disable=SC2086 # Empty, or two words.
    DEBIAN_FRONTEND=noninteractive $as_root apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq --no-install-recommends "$@"
}

format() { cargo fmt --all --check -- --color=never; }

clippy() { cargo clippy --quiet --locked --workspace --all-targets -- --deny warnings; }

shell() { shellcheck --external-sources install.sh installer/*.sh packaging/*.sh tests/run.sh tests/windows/*.sh tests/bench/site.sh tests/torture/fuzz.sh tests/torture/run.sh tests/torture/sync.sh .ci/run; }

types() { npx --no-install tsc --project .; }

biome() { npx --no-install biome ci --colors=off .; }

# Lints the package for Firefox's store with the linter that the store uses. One warning is
# expected: Firefox ignores the service worker that Chromium starts.
webext() {
    packaging/extension.sh "$logs" || return
    npx --no-install addons-linter --output json "$logs"/url-notes-*-firefox.zip >"$logs/webext.json"
    # shellcheck disable=SC2016 # The dollar is JavaScript's.
    node -e '
        const { errors, warnings, notices } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
        // Readability is unmodified and works on an inert copy of the page (tests/extension/tidy.test.js).
        const isKnown = ({ code, file }) =>
            code === "BACKGROUND_SERVICE_WORKER_IGNORED" ||
            (code === "UNSAFE_VAR_ASSIGNMENT" && file === "vendor/Readability.js");
        const wrong = [...errors, ...warnings, ...notices].filter((message) => !isKnown(message));
        for (const { code, message, file, line } of wrong) console.log(`${file ?? ""}:${line ?? ""} ${code}: ${message}`);
        process.exit(wrong.length === 0 ? 0 : 1);
    ' "$logs/webext.json"
}

workflows() { target/zizmor/bin/zizmor --offline --no-progress --persona=pedantic .github/workflows; }

# Compiles for Windows, where Rust's std for it can be had. tests/windows/run.sh runs that program.
windows() { tests/windows/check.sh; }

# With the same random choices in each run, so that what fails here fails again. `cargo test` alone has
# others, and tests/torture has many of them.
rust() {
    PROPTEST_RNG_SEED=1 URL_NOTES_SEED=1 \
        cargo test --quiet --locked --workspace --no-fail-fast
}

extension() { node_tests 2 tests/extension; }

# Tests the program that the Rust tests built.
host() { build_program && node_tests 1 tests/host; }

install() { build_program && node_tests 1 tests/install; }

browsers() { build_program && node_tests 3 tests/browser; }

build_program() { cargo build --quiet --locked --package url-notes --bins --examples; }

# node_tests FILES FOLDER: runs the tests of a folder, that many files at once. Of three that wait
# for their browsers now and then, two keep two processors busy. Under more load than that,
# a browser is slow enough to look broken. A file that hangs fails. (`--test-force-exit` would lose
# results of files that end quickly: Node 20.)
node_tests() {
    node --test --test-concurrency="$1" --test-timeout=1500000 --test-reporter=spec "$2"/*.test.js
}

# use_memory: has temporary files kept in memory if that has room for them. The tests wait for the
# disk ten thousand times otherwise: each save is written through to it. Programs are run from there.
use_memory() {
    [ -z "${TMPDIR:-}" ] && [ -d /dev/shm ] && [ -w /dev/shm ] || return 0
    [ "$(stat -f -c %T /dev/shm)" = tmpfs ] || return 0
    [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt $((4 * 1024 * 1024)) ] || return 0
    [ "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)" -gt $((8 * 1024 * 1024)) ] || return 0
    memory=$(mktemp -d /dev/shm/url-notes-tests.XXXXXX) || return 0
    # As of /tmp: some tests run a program as another user.
    chmod 1777 "$memory"
    # Some systems let no program run from there.
    printf '#!/bin/sh\n' >"$memory/program" && chmod +x "$memory/program"
    if "$memory/program" 2>/dev/null; then
        export TMPDIR="$memory"
    else
        rm -rf "$memory"
        memory=
    fi
}

# ---- Running and counting

# sum EXPRESSION: sums the numbers that a sed expression extracts from the step's output.
sum() { sed -nE "$1" "$log" | awk '{ n += $1 } END { print n + 0 }'; }

run_step() {
    log=$logs/$1.log
    started=$(date +%s)
    "$1" >"$log" 2>&1 </dev/null
    status=$?
    case $1 in
        rust)
            good=$(sum 's/^test result: .* ([0-9]+) passed;.*/\1/p')
            bad=$(sum 's/^test result: .* ([0-9]+) failed;.*/\1/p')
            ;;
        host | extension | install | browsers)
            good=$(sum 's/^ℹ pass ([0-9]+)$/\1/p')
            # A skipped or cancelled test hasn't passed.
            bad=$(sum 's/^ℹ (fail|cancelled|skipped|todo) ([0-9]+)$/\2/p')
            ;;
        *)
            good=$((status == 0))
            bad=0
            ;;
    esac
    # Also if a step failed before it could count, or had nothing to count.
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        printf '\n==== %s, status %s:\n' "$1" "$status"
        cat "$log"
        printf '==== end of %s\n\n' "$1"
    fi
    # Nor does a check pass in silence that couldn't be made.
    grep 'was NOT checked' "$log"
    # What passed at its second try (tests/browser/driver/twice.js) is worth a look.
    grep '^second try of' "$log"
    printf '%-10s %4d passed, %d failed (%d s)\n' "$1" "$good" "$bad" $(($(date +%s) - started))
}

main() {
    cd "$(dirname "$0")/.." || exit 1
    # shellcheck disable=SC2086 # One word per step.
    [ $# -gt 0 ] || set -- $ALL_STEPS
    for step; do
        case " $ALL_STEPS " in
            *" $step "*) ;;
            *)
                printf 'tests/run.sh: there is no step "%s". Steps: %s\n' "$step" "$ALL_STEPS" >&2
                exit 2
                ;;
        esac
    done
    use_memory
    logs=$(mktemp -d)
    trap 'rm -rf "$logs" ${memory:+"$memory"}' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    passed=0 failed=0
    for step; do
        run_step "$step"
    done
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

main "$@"
