#!/bin/sh
# Builds the files of a release: an archive with everything needed to install without a compiler,
# Debian packages if dpkg is available, and their checksums.
#
#   packaging/release.sh [--program FILE] [FOLDER]
#
# writes into FOLDER (default: target/packages) and prints the paths. With --program, packs that
# program, and the url-notes-net beside it, instead of building them. The build is reproducible:
# SOURCE_DATE_EPOCH, or else the last commit, sets the dates of all files.
#
# Doesn't build the stores' zip files, sign, upload, or tag.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

main() {
    read_options "$@"
    tar --version 2>/dev/null | grep -q GNU || fail "This takes GNU tar, which can pack the same bytes twice."
    begin
    find_version
    find_epoch
    find_program "$given"
    archive=url-notes-$version-$(uname -m)-$(uname -s | tr '[:upper:]' '[:lower:]')
    put_files "$work/$archive"
    mkdir -p -- "$into"
    into=$(CDPATH='' cd -- "$into" && pwd -P)
    (cd "$work" && tar --create --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner -- "$archive") | gzip -9n >"$into/$archive.tar.gz"
    set -- "$archive.tar.gz"
    if command -v dpkg-deb >/dev/null; then
        "$folder/packaging/deb.sh" --program "$program" "$into" >"$work/packages" ||
            fail "The Debian packages weren't built."
        while IFS= read -r package; do set -- "$@" "${package##*/}"; done <"$work/packages"
    fi
    (cd "$into" && sha256sum -- "$@") >"$work/sums"
    put 644 "$work/sums" "$into/SHA256SUMS"
    for file in "$@" SHA256SUMS; do printf '%s\n' "$into/$file"; done
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
