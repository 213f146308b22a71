#!/bin/sh
# Builds the files of a release: an archive with everything needed to install without a compiler,
# packages for Debian and Fedora where dpkg-deb and rpmbuild are, and their checksums.
#
#   packaging/release.sh [--target TRIPLE] [--program FILE] [--native FILE] [FOLDER]
#
# writes into FOLDER (default: target/packages) and prints the paths. With --target, builds for another
# computer, by cargo-zigbuild: x86_64-unknown-linux-musl and aarch64-unknown-linux-musl make programs
# that need no library, and start in half the time. With --program, packs that program, and the
# url-notes-net beside it, instead of building them. If the program doesn't run here, --native names
# one of the same version that does, for the texts that come from the program. The build is
# reproducible: SOURCE_DATE_EPOCH, or else the last commit, sets the dates of all files.
#
# Run for several computers, it adds to FOLDER and to SHA256SUMS. Doesn't build the stores' zip files,
# sign, upload, or tag.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

main() {
    read_options "$@"
    tar --version 2>/dev/null | grep -q GNU || fail "This takes GNU tar, which can pack the same bytes twice."
    begin
    find_version
    find_epoch
    find_program
    archive=url-notes-$version-$processor-$system
    put_files "$work/$archive"
    : >"$work/packages"
    mkdir -p -- "$into"
    into=$(CDPATH='' cd -- "$into" && pwd -P)
    (cd "$work" && tar --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner -- "$archive") | gzip -9n >"$into/$archive.tar.gz"
    set -- "$archive.tar.gz"
    if [ "$system" = linux ]; then
        ! command -v dpkg-deb >/dev/null || make_packages deb.sh
        ! command -v rpmbuild >/dev/null || make_packages rpm.sh
    fi
    while IFS= read -r package; do set -- "$@" "${package##*/}"; done <"$work/packages"
    if [ -f "$into/SHA256SUMS" ]; then
        # What other computers' files have there stays.
        for file in "$@"; do printf '  %s\n' "$file"; done >"$work/new"
        grep -vFf "$work/new" "$into/SHA256SUMS" >"$work/sums" || true
    fi
    (cd "$into" && sha256sum -- "$@") >>"$work/sums"
    LC_ALL=C sort -k 2 "$work/sums" >"$work/sorted"
    put 644 "$work/sorted" "$into/SHA256SUMS"
    for file in "$@" SHA256SUMS; do printf '%s\n' "$into/$file"; done
}

# make_packages SCRIPT: adds the paths of what it makes to the file `packages`.
make_packages() {
    "$folder/packaging/$1" --program "$program" --native "$native" "$into" >>"$work/packages" ||
        fail "$1 made no packages."
}

# put_files FOLDER
put_files() {
    put 755 "$folder/install.sh" "$1/install.sh"
    put 755 "$program" "$1/bin/url-notes"
    [ -z "$net_program" ] || put 755 "$net_program" "$1/bin/url-notes-net"
    put_output "$1/completions/url-notes.bash" completions bash
    put_output "$1/completions/_url-notes" completions zsh
    put_output "$1/completions/url-notes.fish" completions fish
    put_output "$1/man/url-notes.1" man
    for file in "$folder"/installer/*; do put 644 "$file" "$1/installer/${file##*/}"; done
    for file in "$folder"/manifests/*; do put 644 "$file" "$1/manifests/${file##*/}"; done
    put_extension "$1/extension"
    for file in LICENSE README.md CHANGELOG.md; do put 644 "$folder/$file" "$1/$file"; done
    for file in "$folder"/docs/*.md; do put 644 "$file" "$1/docs/${file##*/}"; done
    for file in "$folder"/docs/pictures/*; do
        [ ! -e "$file" ] || put 644 "$file" "$1/docs/pictures/${file##*/}"
    done
}

main "$@"
