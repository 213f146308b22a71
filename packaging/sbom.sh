#!/bin/sh
# Writes a software bill of materials for each program, as CycloneDX JSON: packaging/sbom.sh FOLDER
# writes url-notes-VERSION.cdx.json and url-notes-net-VERSION.cdx.json there and prints their paths.
# They list the crates that are compiled into the program, for any system, with their checksums.
#
# cargo-cyclonedx finds out what Cargo.lock and cargo's metadata say. It is installed into
# target/tools unless cargo has it already. The bills are reproducible: SOURCE_DATE_EPOCH, or else the
# last commit, sets their date.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

main() {
    into=${1:?"a folder is needed"}
    begin
    find_version
    find_epoch
    PATH=$folder/target/tools/bin:$PATH
    cargo cyclonedx --version >/dev/null 2>&1 ||
        cargo install --quiet --locked --root "$folder/target/tools" cargo-cyclonedx@0.5.7
    # It writes beside each Cargo.toml.
    mkdir -p -- "$work/sources" "$into"
    git -C "$folder" archive HEAD | tar -x -C "$work/sources"
    for package in url-notes:host url-notes-net:net; do
        (cd "$work/sources" &&
            cargo cyclonedx --quiet --format json --spec-version 1.5 --target all \
                --no-build-deps --override-filename bom --manifest-path "${package#*:}/Cargo.toml") ||
            fail "The bill of materials of ${package%:*} wasn't made."
        # The same bytes twice: without a random number, the time and the folder.
        node -e '
            const fs = require("fs");
            const [, file, folder, epoch] = process.argv;
            const text = fs.readFileSync(file, "utf8").replaceAll(folder, "/url-notes");
            const { serialNumber, ...bill } = JSON.parse(text);
            bill.metadata.timestamp = new Date(epoch * 1000).toISOString();
            fs.writeFileSync(file, JSON.stringify(bill, null, 2) + "\n");
        ' "$work/sources/${package#*:}/bom.json" "$work/sources" "$SOURCE_DATE_EPOCH"
        made=$into/${package%:*}-$version.cdx.json
        put 644 "$work/sources/${package#*:}/bom.json" "$made"
        printf '%s\n' "$made"
    done
}

main "$@"
