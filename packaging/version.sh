#!/bin/sh
# Checks that a tag and the files agree on the version: packaging/version.sh TAG fails unless TAG is
# "v" and the version of Cargo.toml, the extension has the same version, and CHANGELOG.md has it with
# a date.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

main() {
    tag=${1:?"a tag is needed"}
    find_version
    [ "$tag" = "v$version" ] || fail "The tag is $tag, and Cargo.toml has version $version."
    grep -Eq "^[[:space:]]*\"version\": \"$version\"" "$folder/extension/manifest.json" ||
        fail "extension/manifest.json has another version than $version."
    grep -Eq "^## $version \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$" "$folder/CHANGELOG.md" ||
        fail "CHANGELOG.md has no heading \"## $version (YYYY-MM-DD)\"."
}

main "$@"
