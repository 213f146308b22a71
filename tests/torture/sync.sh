#!/bin/sh
# Lets five devices sync for about an hour: random changes, runs that are killed, places that are cut
# off, damaged and lost (tests/it/torture/sync). URL_NOTES_TORTURE_SEED=N repeats the random choices
# of a run that printed "seed N".

set -eu

exec "$(dirname "$0")/run.sh" sync
