#!/bin/sh
# Builds the RPM packages of url-notes, for Fedora and its like:
#
# - url-notes: program, manual page, completions, host manifests for all users, and the extension as
#   a folder that Chromium can load. Firefox there takes only signed extensions: from its store.
# - url-notes-net: the program that uses the network, and a timer that fetches feeds for each user
#   who enables it.
#
#   packaging/rpm.sh [--target TRIPLE] [--program FILE] [--native FILE] [FOLDER]
#
# writes FOLDER/url-notes-VERSION-1.PROCESSOR.rpm and FOLDER/url-notes-net-VERSION-1.PROCESSOR.rpm
# (default folder: target/packages) and prints their paths. The options are those of release.sh. The
# build is reproducible: SOURCE_DATE_EPOCH, or else the last commit, sets the dates of all files.
#
# Doesn't sign or upload the packages. They run nothing when they are installed.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"
. "$folder/installer/feeds.sh"

main() {
    read_options "$@"
    command -v rpmbuild >/dev/null ||
        fail "There is no rpmbuild here. Debian, Ubuntu: sudo apt install rpm; Fedora: sudo dnf install rpm-build"
    command -v readelf >/dev/null || fail "There is no readelf here. Install binutils."
    begin
    find_version
    find_epoch
    find_program
    [ "$system" = linux ] || fail "RPM packages are for Linux, and this program is for $system."
    mkdir -p -- "$into"
    into=$(CDPATH='' cd -- "$into" && pwd -P)
    tree=$work/tree
    put_files
    age "$tree"
    spec >"$work/url-notes.spec"
    # Without the host's name and the time of the build, compressed as any rpm can read it.
    rpmbuild -bb --quiet --target "$processor-linux" --nodeps \
        --define "_topdir $work/rpm" --define "_rpmdir $work/made" --define "_buildhost localhost" \
        --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
        --define "use_source_date_epoch_as_buildtime 1" \
        --define "clamp_mtime_to_source_date_epoch 1" --define "_binary_payload w6.gzdio" \
        --define "_build_id_links none" --define "debug_package %{nil}" \
        --define "__os_install_post %{nil}" "$work/url-notes.spec" >"$work/words" 2>&1 ||
        fail "rpmbuild made no package: $(cat "$work/words")"
    for name in url-notes ${net_program:+url-notes-net}; do
        made=$name-$version-1.$processor.rpm
        put 644 "$work/made/$made" "$into/$made"
        printf '%s\n' "$into/$made"
    done
}

put_files() {
    put 755 "$program" "$tree/usr/bin/url-notes"
    put_system_files site-functions
    # Fedora's Firefox looks there.
    put 644 "$tree/usr/lib/mozilla/native-messaging-hosts/url_notes.json" \
        "$tree/usr/lib64/mozilla/native-messaging-hosts/url_notes.json"
    put_extension "$tree/usr/share/url-notes/extension"
    put 644 "$folder/LICENSE" "$tree/usr/share/licenses/url-notes/LICENSE"
    [ -n "$net_program" ] || return 0
    put 755 "$net_program" "$tree/usr/bin/url-notes-net"
    net_program=/usr/bin/url-notes-net
    feeds_service >"$work/unit"
    put 644 "$work/unit" "$tree/usr/lib/systemd/user/$FEEDS.service"
    feeds_timer >"$work/unit"
    put 644 "$work/unit" "$tree/usr/lib/systemd/user/$FEEDS.timer"
}

# requires FILE: lets rpmbuild find out the libraries of a program that has any.
requires() { is_static "$1" && printf 'AutoReqProv: no\n' || printf 'AutoReqProv: yes\n'; }

spec() {
    cat <<TEXT
Name: url-notes
Version: $version
Release: 1
Summary: Saves web pages with tags and notes by one click
License: MIT AND Apache-2.0
$(requires "$tree/usr/bin/url-notes")

%description
A button in the browser's toolbar saves the page; tags and a Markdown note are
typed in its popup. What was saved is found again by tag or by search on pages
that only this computer shows, at http://localhost:6683.

Everything is one SQLite file in the home folder of each user: no account, no
cloud. This package brings the program that keeps the notes, its command line
and its registration with the browsers. None of them uses the network.

The extension comes from the browser's store, or from /usr/share/url-notes/extension.

%install
cp -a -- "$tree/." "%{buildroot}"

%files
$(files url-notes)
TEXT
    [ -z "$net_program" ] || cat <<TEXT

%package net
Summary: Network part of url-notes: feeds, dead links, missing texts
Requires: url-notes = $version-1, ca-certificates
$(requires "$tree/usr/bin/url-notes-net")

%description net
url-notes keeps saved web pages with tags and notes, and never uses the network
itself. It runs this program to fetch feeds, to find saved links that are dead,
to download texts of saved pages, and to have a language model summarise them.
Nothing is requested unless a user asks for it.

To fetch feeds every hour, a user enables a timer:
systemctl --user enable --now url-notes-feeds.timer

%files net
$(files url-notes-net)
TEXT
}

# files PACKAGE: lists its files, and the folders that are its alone.
files() {
    (cd "$tree" && find . -type f | LC_ALL=C sort | sed 's/^\.//') | while IFS= read -r file; do
        case $file in
            /usr/bin/url-notes-net | /usr/lib/systemd/*) owner=url-notes-net ;;
            *) owner=url-notes ;;
        esac
        [ "$owner" = "$1" ] || continue
        case $file in
            /etc/*) printf '%%config(noreplace) "%s"\n' "$file" ;;
            /usr/share/licenses/*) printf '%%license "%s"\n' "$file" ;;
            *) printf '"%s"\n' "$file" ;;
        esac
    done
    [ "$1" = url-notes-net ] || printf '%%dir /usr/share/url-notes\n%%dir /usr/share/licenses/url-notes\n%s\n' \
        "$(cd "$tree" && find ./usr/share/url-notes/extension -type d | LC_ALL=C sort | sed 's/^\./%dir /')"
}

main "$@"
