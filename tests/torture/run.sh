#!/bin/sh
# Runs the tests of tests/it/torture at full length, of which each test run does only a small part:
# 10,000 kills, 1,000 power cuts, failing disks at each call with each kind of failure, 32 writers
# of 1,000 saves, 720 first opens, 360 histories of five devices that sync, all pages with notes
# that were made to do harm, and, if one can be mounted, a disk that is really full. Takes an hour and a half or more.
#
# Usage: tests/torture/run.sh [NAME…], with the names below; without any, all of them.
# URL_NOTES_TORTURE_SEED=N repeats the random choices of a run that printed "seed N".

set -eu

ALL_NAMES='kills cuts disks crowd opens links sync notes full'

# more FACTOR TEST: runs the tests whose names begin with TEST, multiplied by FACTOR.
more() {
    URL_NOTES_TORTURE=$1 cargo test --quiet --locked --test it "torture::$2" -- --nocapture --test-threads 1
}

# 16 writers, 20 kills each, times 32.
kills() { more 32 kills; }

# 60 cuts, times 17.
cuts() { more 17 power_cuts; }

# Each kind of failure at each call.
disks() { more 5 failing_disk; }

# 32 writers, 20 saves each, times 50.
crowd() { more 50 crowds::no_save; }

# 12 stores opened by 12 programs each, times 5.
opens() { more 5 crowds::twelve; }

# 10,000 links, whose checks are killed 400 times.
links() {
    URL_NOTES_TORTURE=50 cargo test --quiet --locked --package url-notes-net --test net links::torture -- --nocapture
}

# 2 histories of five devices that sync, times 180.
sync() { more 180 sync; }

# All pages with notes that were made to do harm, in each browser.
notes() {
    cargo build --quiet --locked --package url-notes --bins --examples &&
        URL_NOTES_TORTURE=1 node --test --test-name-pattern='runs no code' tests/browser/site-attacks.test.js
}

# A disk of 1 MB, filled by saves until one is refused.
full() {
    cargo build --quiet --locked --package url-notes
    disk=$(mktemp -d)
    if ! mount -t tmpfs -o size=1m url-notes-torture "$disk"; then
        rmdir "$disk"
        echo "full: not tried, since nobody but root can mount a disk." >&2
        return 1
    fi
    trap 'umount "$disk"; rmdir "$disk"' EXIT
    trap 'exit 130' INT TERM
    export URL_NOTES_DATA_DIR="$disk"
    program=${CARGO_TARGET_DIR:-target}/debug/url-notes
    summary=$(head -c 6000 /dev/zero | tr '\0' 'x')
    saved=0
    while "$program" add "https://e.org/$saved" --summary "$summary" >/dev/null 2>"$disk.said"; do
        saved=$((saved + 1))
    done
    said=$(cat "$disk.said")
    rm "$disk.said"
    echo "full: $saved saves, then: $said"
    case $said in
        *"disk is full"*) ;;
        *) return 1 ;;
    esac
    # Nothing is lost, and after freeing space the same save succeeds.
    [ "$("$program" list --json --limit 10000 | grep -o '"url"' | wc -l)" -eq "$saved" ]
    mount -o remount,size=8m "$disk"
    "$program" add "https://e.org/$saved" --summary "$summary" >/dev/null
    [ "$("$program" list --json --limit 10000 | grep -o '"url"' | wc -l)" -eq $((saved + 1)) ]
    echo "full: all there, and saved again with room"
}

main() {
    cd "$(dirname "$0")/../.."
    : "${URL_NOTES_TORTURE_SEED:=$(date +%s)}"
    export URL_NOTES_TORTURE_SEED
    # shellcheck disable=SC2086 # One word per name.
    [ $# -gt 0 ] || set -- $ALL_NAMES
    for name; do
        case " $ALL_NAMES " in
            *" $name "*) ;;
            *)
                printf 'tests/torture/run.sh: there is no "%s". Names: %s\n' "$name" "$ALL_NAMES" >&2
                exit 2
                ;;
        esac
    done
    failed=
    for name; do
        printf '==== %s\n' "$name"
        # Each runs even if another has failed. In the background, because the shell ignores
        # failures within a condition.
        "$name" &
        wait $! || failed="$failed $name"
    done
    if [ -n "$failed" ]; then
        echo "failed:$failed"
        exit 1
    fi
    echo "all held"
}

main "$@"
