#!/bin/sh
# The full figures of what tests/it/torture tries a little of in each run of the tests:
# 10,000 kills, 1,000 power cuts, failing disks at each call with each sort of
# failure, 32 writers of 1,000 saves, 720 first opens; and a disk that is really full,
# where one can be mounted. Takes half an hour or more.
#
# Usage: tests/torture/run.sh [NAME…], of the names below; all of them without any.
# URL_NOTES_TORTURE_SEED=N repeats what chance decided in a run that said "seed N".

set -eu

ALL_NAMES='kills cuts disks crowd opens full'

# more FACTOR TEST: runs the tests whose names begin so, with so much more of everything.
more() {
    URL_NOTES_TORTURE=$1 cargo test --quiet --locked --test it "torture::$2" -- --nocapture --test-threads 1
}

# 16 writers, 20 kills each, so often.
kills() { more 32 kills; }

# 60 cuts, so often.
cuts() { more 17 power_cuts; }

# Each sort of failure at each call.
disks() { more 5 failing_disk; }

# 32 writers, 20 saves each, so often.
crowd() { more 50 crowds::no_save; }

# 12 stores opened by 12 programs each, so often.
opens() { more 5 crowds::twelve; }

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
    # Nothing is lost, and with room again the same save is done.
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
    # shellcheck disable=SC2086 # One word a name.
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
        # Each by itself: what one finds is no reason not to look for the rest.
        # In the background, since the shell minds no failure within a condition.
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
