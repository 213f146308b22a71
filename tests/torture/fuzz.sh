#!/bin/sh
# Throws many mangled inputs at everything that reads what others wrote, each target
# for itself; see host/src/fuzz.rs. Ten million inputs a target, or as many as are given:
#
#     tests/torture/fuzz.sh [EXECUTIONS [TARGET]]

set -eu
cd "$(dirname "$0")/../.."
executions=${1:-10000000}
echo "$executions inputs for each target"
URL_NOTES_FUZZ=$executions cargo test --profile fuzz --locked --package url-notes --lib -- "${2:-fuzz_}" --nocapture
