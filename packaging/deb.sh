#!/bin/sh
# Builds the Debian packages of url-notes:
#
# - url-notes: program, manual page, completions, host manifests for all users, and the extension,
#   which Debian's Chromium and Firefox load at their next start without any further step;
# - url-notes-net: the program that uses the network, and a timer that fetches feeds for each user
#   who enables it.
#
#   packaging/deb.sh [--target TRIPLE] [--program FILE] [--native FILE] [FOLDER]
#
# writes FOLDER/url-notes_VERSION_ARCHITECTURE.deb and FOLDER/url-notes-net_VERSION_ARCHITECTURE.deb
# (default folder: target/packages) and prints their paths. The options are those of release.sh. The
# build is reproducible: SOURCE_DATE_EPOCH, or else the last commit, sets the dates of all files.
# DEBFULLNAME and DEBEMAIL name the packages' maintainer.
#
# Doesn't sign or upload the packages. They run nothing when they are installed: dpkg only puts files
# in their places, and removes them again.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"
. "$folder/installer/feeds.sh"

FIREFOX='{ec8030f7-c20a-464f-9b0e-13a3a9e97384}'

main() {
    read_options "$@"
    for tool in dpkg-deb dpkg-shlibdeps readelf gzip; do
        command -v "$tool" >/dev/null ||
            fail "There is no $tool here. Debian, Ubuntu: sudo apt install dpkg-dev"
    done
    begin
    find_version
    find_epoch
    find_program
    case $system-$processor in
        linux-x86_64) architecture=amd64 ;;
        linux-aarch64) architecture=arm64 ;;
        *)
            [ "$program" = "$native" ] || fail "No Debian package is made here for $processor and $system."
            architecture=$(dpkg --print-architecture)
            ;;
    esac
    mkdir -p -- "$into"
    pack url-notes
    [ -z "$net_program" ] || pack url-notes-net
}

# pack NAME: builds the package of this name from the functions put_files_…, put_overrides_… and
# control_….
pack() {
    packed=$1
    function=$(printf '%s' "$packed" | tr - _)
    tree=$work/$packed
    "put_files_$function"
    put_documents
    put_control
    age "$tree"
    package=$into/${packed}_${version}_$architecture.deb
    # One thread, because the number of threads could change the output.
    dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$tree" "$package" >"$work/words" ||
        fail "dpkg-deb made no package: $(cat "$work/words")"
    printf '%s\n' "$package"
}

# put_program FILE NAME
put_program() {
    put 755 "$1" "$tree/usr/bin/$2"
    # Debian requires stripped binaries; release builds are stripped already.
    if [ "$architecture" = "$(dpkg --print-architecture)" ] && command -v strip >/dev/null; then
        strip --strip-unneeded "$tree/usr/bin/$2"
    fi
}

put_files_url_notes() {
    put_program "$program" url-notes
    put_system_files vendor-completions
    # One copy, where Debian keeps extensions, and a link to it for each browser.
    put_extension "$tree/usr/share/webext/url-notes"
    mkdir -p "$tree/usr/share/chromium/extensions" "$tree/usr/share/mozilla/extensions/$FIREFOX"
    ln -s ../../webext/url-notes "$tree/usr/share/chromium/extensions/url-notes"
    ln -s ../../../webext/url-notes "$tree/usr/share/mozilla/extensions/$FIREFOX/url-notes@url-notes"
}

put_files_url_notes_net() {
    put_program "$net_program" url-notes-net
    # url-notes runs it, and has its commands in the manual page.
    printf '.so man1/url-notes.1\n' >"$work/page"
    put 644 "$work/page" "$tree/usr/share/man/man1/url-notes-net.1"
    gzip -9n "$tree/usr/share/man/man1/url-notes-net.1"
    # For each user; nobody's is enabled.
    net_program=/usr/bin/url-notes-net
    feeds_service >"$work/unit"
    put 644 "$work/unit" "$tree/usr/lib/systemd/user/$FEEDS.service"
    feeds_timer >"$work/unit"
    put 644 "$work/unit" "$tree/usr/lib/systemd/user/$FEEDS.timer"
}

put_documents() {
    documents=$tree/usr/share/doc/$packed
    {
        cat <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: url-notes

Files: *
Copyright: $(sed -n 's/^Copyright (c) //p' "$folder/LICENSE")
License: Expat

TEXT
        [ "$packed" != url-notes ] || cat <<TEXT
Files: extension/vendor/Readability.js
Copyright: 2010 Arc90 Inc
License: Apache-2.0
 On Debian systems, the license is in /usr/share/common-licenses/Apache-2.0.

TEXT
        cat <<TEXT
License: Expat
TEXT
        sed -n '/^Permission is/,$p' "$folder/LICENSE" | sed 's/^$/./; s/^/ /'
    } >"$work/copyright"
    put 644 "$work/copyright" "$documents/copyright"
    changes >"$work/changelog"
    put 644 "$work/changelog" "$documents/changelog"
    gzip -9n "$documents/changelog"
    # Lintian overrides, with reasons.
    {
        if is_static "$tree/usr/bin/$packed"; then
            printf '# One program for all releases of all distributions, that starts in half the time.\n'
            printf '%s: statically-linked-binary *\n' "$packed"
        fi
        [ "$packed" != url-notes ] || cat <<'TEXT'
# The only place where Chrome, Edge, Brave, Vivaldi and Opera read host manifests for all users.
url-notes: dir-or-file-in-etc-opt *
# Browsers start the program for each port; a fixed address saves the relocation.
url-notes: hardening-no-pie *
TEXT
    } >"$work/overrides"
    [ ! -s "$work/overrides" ] || put 644 "$work/overrides" "$tree/usr/share/lintian/overrides/$packed"
}

# Prints the entries of this version in CHANGELOG.md in Debian's format.
changes() {
    printf '%s (%s) unstable; urgency=medium\n\n' "$packed" "$version"
    awk -v heading="## $version" '
        /^## / { inside = index($0, heading) == 1; next }
        inside && /^- / { sub(/^- /, "  * "); print }' "$folder/CHANGELOG.md" |
        fold -s -w 76 | sed 's/^\([^ ]\)/    \1/; s/ *$//'
    printf '\n -- %s  %s\n' "$(maintainer)" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
}

maintainer() { printf '%s <%s>' "${DEBFULLNAME:-The url-notes authors}" "${DEBEMAIL:-url-notes@localhost}"; }

put_control() {
    mkdir -p "$tree/DEBIAN" "$work/control/debian"
    if is_static "$tree/usr/bin/$packed"; then
        depends=''
    else
        # dpkg-shlibdeps has to run in a source package.
        printf 'Source: url-notes\n\nPackage: %s\nArchitecture: any\nDescription: none\n' "$packed" >"$work/control/debian/control"
        depends=$(cd "$work/control" && dpkg-shlibdeps -O "$tree/usr/bin/$packed" 2>"$work/words" | sed -n 's/^shlibs:Depends=//p')
        [ -n "$depends" ] || fail "What the program needs wasn't found out: $(cat "$work/words")"
    fi
    size=$(du -k -s --apparent-size "$tree" | cut -f 1)
    {
        cat <<TEXT
Package: $packed
Source: url-notes
Version: $version
Architecture: $architecture
Maintainer: $(maintainer)
Installed-Size: $size
TEXT
        "control_$function"
    } >"$tree/DEBIAN/control"
    [ ! -e "$tree/etc" ] || (cd "$tree" && find etc -type f | LC_ALL=C sort | sed 's|^|/|') >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find usr -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    chmod 644 "$tree"/DEBIAN/*
}

control_url_notes() {
    [ -z "$depends" ] || printf 'Depends: %s\n' "$depends"
    cat <<TEXT
Recommends: chromium | firefox-esr | firefox | www-browser
Suggests: url-notes-net
Enhances: chromium, firefox, firefox-esr
Section: web
Priority: optional
Description: saves web pages with tags and notes by one click
 A button in the browser's toolbar saves the page; tags and a Markdown note are
 typed in its popup. What was saved is found again by tag or by search on pages
 that only this computer shows, at http://localhost:6683.
 .
 Everything is one SQLite file in the home folder of each user: no account, no
 cloud. This package brings the extension for Chromium and Firefox, the program
 that keeps the notes, and its command line. None of them uses the network.
TEXT
}

# The version is the same one, because both programs read the same database.
control_url_notes_net() {
    cat <<TEXT
Depends: url-notes (= $version), ca-certificates${depends:+, $depends}
Section: web
Priority: optional
Description: network part of url-notes: feeds, dead links, missing texts
 url-notes keeps saved web pages with tags and notes, and never uses the network
 itself. It runs this program to fetch feeds, to find saved links that are dead,
 to download texts of saved pages, and to have a language model summarise them.
 Nothing is requested unless a user asks for it.
 .
 To fetch feeds every hour, a user enables a timer:
 systemctl --user enable --now url-notes-feeds.timer
TEXT
}

main "$@"
