#!/bin/sh
# Runs the fuzz targets, one after the other, with many inputs; see host/src/fuzz.rs. Ten million
# inputs per target by default:
#
#     tests/torture/fuzz.sh [EXECUTIONS [TARGET]]

set -eu
cd "$(dirname "$0")/../.."
executions=${1:-10000000}
echo "$executions inputs for each target"
URL_NOTES_FUZZ=$executions cargo test --profile fuzz --locked --package url-notes --package url-notes-net --lib -- "${2:-fuzz_}" --nocapture
