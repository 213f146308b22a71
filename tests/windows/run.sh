#!/bin/sh
# Builds the program and its installer for Windows and tries them under wine:
#
#   tests/windows/run.sh
#
# Needs mingw-w64 (gcc-mingw-w64-x86-64-win32), wine (wine, wine64), NSIS (nsis), zip and Node. Debian 12's
# wine lacks a DLL that Rust's std needs; a stand-in is built beside the program, for this test only.
#
# What wine can't show: browsers on Windows (which start the program through the registry), access
# lists of files, SmartScreen and Defender, what NTFS keeps at a power cut, the console and its keys,
# and whether Windows' own loader and file locks behave as wine's.

set -u

fail() {
    printf 'FAILED  %s\n' "$*"
    exit 1
}

ok() { printf 'ok  %s\n' "$*"; }

# windows_path PATH: prints it as wine's programs know it.
windows_path() { printf 'Z:%s' "$1" | sed 's|/|\\|g'; }

# notes WORD…: runs the program on the test's notes.
notes() { wine "$program" "$@"; }

# in_place COMMAND…: runs a command in the program's folder.
in_place() { (cd "$place" && "$@"); }

# is PATTERN WHAT COMMAND…: checks that a command succeeds and prints the pattern.
is() {
    pattern=$1 what=$2
    shift 2
    said=$("$@" 2>&1) || fail "$what: $said"
    printf '%s\n' "$said" | grep -q -- "$pattern" || fail "$what printed: $said"
    ok "$what"
}

# refuses PATTERN WHAT COMMAND…: checks that a command fails with one sentence that has the pattern.
refuses() {
    pattern=$1 what=$2
    shift 2
    if said=$("$@" 2>&1); then fail "$what succeeded: $said"; fi
    printf '%s\n' "$said" | grep -q -- "$pattern" || fail "$what printed: $said"
    [ "$(printf '%s\n' "$said" | grep -c .)" -eq 1 ] || fail "$what printed more than a sentence: $said"
    ok "$what"
}

main() {
    cd "$(dirname "$0")/../.." || exit 1
    for tool in x86_64-w64-mingw32-gcc wine makensis zip node cargo; do
        command -v "$tool" >/dev/null || {
            printf 'Nothing was tried for Windows: %s is missing here.\n' "$tool"
            exit 2
        }
    done
    . tests/windows/std.sh
    find_windows_std || {
        printf 'Nothing was tried for Windows. %s\n' "$no_std"
        exit 2
    }
    windows_cargo build --quiet --locked --package url-notes --bins || fail "the build"
    ok "the program is built"

    work=$(mktemp -d)
    export WINEPREFIX="$work/prefix" WINEDEBUG=-all WINEARCH=win64
    trap 'wineserver -k 2>/dev/null; rm -rf "$work"' EXIT
    # A path with spaces and letters beyond ASCII.
    place="$work/url notes ü 機"
    mkdir -p "$place"
    x86_64-w64-mingw32-gcc -shared -O2 -o "$place/bcryptprimitives.dll" tests/windows/bcryptprimitives.c -ladvapi32 ||
        fail "the stand-in DLL"
    program="$place/url-notes.exe"
    cp "target/windows/$WINDOWS/debug/url-notes.exe" "$program"
    windows_place=$(windows_path "$place")
    wine wineboot --init >/dev/null 2>&1 || fail "wine doesn't start"
    app_data=$(find "$work/prefix/drive_c/users" -mindepth 1 -maxdepth 1 ! -name Public | head -n 1)/AppData/Local

    try_commands
    try_exports
    try_sync
    node tests/windows/messages.js "$program" "$windows_place\\data of hosts" || fail "native messages"
    try_registration
    try_installer
    printf 'Everything passed. %s\n' "Not shown by wine: see the head of tests/windows/run.sh."
}

try_commands() {
    is 'Saved' 'add' notes add https://example.org/a --tag gpu --title 'Ä 機械'
    [ -f "$app_data/url-notes/notes.db" ] || fail "the notes aren't in AppData\\Local"
    ok 'the notes are in AppData\Local'
    notes add https://example.org/b --tag cpu >/dev/null || fail "a second save"
    is 'Ä 機械' 'list' notes list
    is 'example.org/a' 'search' notes search gpu
    is 'Ä 機械' 'show' notes show https://example.org/a
    is 'read, gpu\|gpu, read' 'edit' notes edit https://example.org/a --tag read
    is 'trash' 'rm' notes rm https://example.org/b
    is 'No problems found' 'check' notes check
    printf 'url,title\nhttps://e.org/1,One\nhttps://e.org/2,Two\n' >"$place/in.csv"
    is '2 new' 'import' notes import "$windows_place\\in.csv"
    is 'ndone\|2 ' 'import --undo' notes import --undo
    # notepad can't be typed into here. The editor is a script with an argument, the file has spaces.
    printf '@echo off\r\necho typed in the editor>>%%2\r\n' >"$place/editor.cmd"
    EDITOR="\"$windows_place\\editor.cmd\" --wait" is 'Ä 機械' 'edit with an editor that has arguments' \
        notes edit https://example.org/a
    [ -z "$(ls -A "$app_data/url-notes/edits")" ] || fail "the draft of an edit stays"
    is 'typed in the editor' 'what the editor wrote is saved' notes show https://example.org/a
    # Wine sets the variable itself, so cmd takes it away.
    printf '@set LOCALAPPDATA=\r\n@url-notes.exe list\r\n@exit %%errorlevel%%\r\n' >"$place/missing.cmd"
    refuses 'LOCALAPPDATA' 'a missing LOCALAPPDATA gets a sentence' in_place wine cmd /d /c missing.cmd
    is 'verified' 'backup' notes backup "$windows_place\\backup.db"
    is '' 'restore-backup' notes restore-backup "$windows_place\\backup.db"
    printf 'damaged' | dd of="$app_data/url-notes/notes.db" bs=1 seek=0 conv=notrunc 2>/dev/null
    is '' 'check --repair of a database without its header' notes check --repair
    is 'Ä 機械' 'the notes are back after the repair' notes list
    is 'No problems found' 'the repaired database is sound' notes check
}

try_sync() {
    mkdir "$place/synced"
    is '' 'sync init with a folder' notes sync init "$windows_place\\synced"
    is '' 'sync now' notes sync now
    notes sync join "$windows_place\\synced" --data-dir "$windows_place\\other device" >/dev/null ||
        fail "another device can't join"
    is 'Ä 機械' 'another device gets the notes' notes list --data-dir "$windows_place\\other device"
    is '' 'sync stop' notes sync stop
}

try_exports() {
    for format in json netscape csv jsonl; do
        is '' "export $format" notes export "$format" "$windows_place\\out.$format"
        [ -s "$place/out.$format" ] || fail "export $format wrote nothing"
    done
    for format in markdown site; do
        notes export "$format" "$windows_place\\$format" >/dev/null || fail "export $format"
        notes add "https://example.org/$format" --tag "$format" >/dev/null || fail "a save"
        is 'otes' "export $format again, into the same folder" notes export "$format" "$windows_place\\$format"
    done
    [ -f "$place/site/tag/site/index.html" ] || [ -f "$place/site/tag/site.html" ] || [ -d "$place/site/tag" ] ||
        fail "the exported site lacks its tags"
    # As if the second export was killed between the two renames that exchange a folder.
    left="$place/site/.url-notes.4000000-0.part"
    mkdir -p "$left/old" "$left/site"
    mv "$place/site/tag" "$left/old/tag"
    is 'otes' 'an export repairs what a killed one left' notes export site "$windows_place\\site"
    if [ ! -d "$place/site/tag" ] || [ -e "$left" ]; then fail "the killed export wasn't repaired"; fi
    printf 'changed\n' >>"$place/site/index.html"
    refuses 'was changed after it was exported' "a file that the user changed isn't replaced" \
        notes export site "$windows_place\\site"
}

key() { printf 'HKCU\\Software\\%s\\NativeMessagingHosts\\url_notes' "$1"; }

try_registration() {
    # Somebody else's registration.
    printf '{ "name": "url_notes", "path": "C:\\\\other.exe", "type": "stdio" }' >"$place/other.json"
    wine reg add "$(key 'Google\Chrome')" /ve /d "$windows_place\\other.json" /f >/dev/null 2>&1
    is 'kept as .*other.json' "a registration of another program is named, and its file stays" \
        notes register --program "$windows_place\\url-notes.exe" --browser chrome
    [ -f "$place/other.json" ] || fail "the other program's manifest is gone"
    is '' 'register with four browsers' notes register --program "$windows_place\\url-notes.exe" \
        --browser chrome --browser chromium --browser edge --browser firefox
    for browser in 'Google\Chrome' Chromium 'Microsoft\Edge' Mozilla; do
        is 'url_notes.json' "the key of $browser" wine reg query "$(key "$browser")" /ve
    done
    is 'already there' 'register again changes nothing' notes register --program "$windows_place\\url-notes.exe" --browser edge
    is 'Firefox: Registered for you. The program responds' 'doctor starts the registered program' notes doctor
    rm "$app_data/url-notes/browsers/Mozilla/url_notes.json"
    said=$(notes doctor 2>&1)
    case $said in *'Firefox'*'url_notes.json'*) ok "doctor names a key whose file is gone" ;; *) fail "doctor printed: $said" ;; esac
    wine reg add "$(key Mozilla)" /ve /d 'C:\other.json' /f >/dev/null 2>&1
    is 'removed' 'register --remove' notes register --remove
    is 'other.json' "a key of another program stays" wine reg query "$(key Mozilla)" /ve
    if wine reg query "$(key 'Google\Chrome')" /ve >/dev/null 2>&1; then fail "Chrome's key is still there"; fi
    wine reg delete "$(key Mozilla)" /f >/dev/null 2>&1
}

# Prints type and value of the user's PATH.
search_path() {
    wine reg query 'HKCU\Environment' /v Path 2>/dev/null | tr -d '\r' | sed -n 's/^ *Path  *\(REG_[A-Z_]*\)  *\(.*\)$/\1 \2/p'
}

try_installer() {
    packaging/windows.sh --program "$program" "$work/packages" >"$work/log" 2>&1 ||
        fail "packaging/windows.sh: $(cat "$work/log")"
    packaging/windows.sh --manifests https://example.org/releases "$work/packages" >"$work/log" 2>&1 ||
        fail "packaging/windows.sh --manifests: $(cat "$work/log")"
    [ "$(find "$work/packages/winget" -name '*.yaml' | wc -l)" -eq 3 ] || fail "manifests of winget are missing"
    ok "installer, archive and manifests are built"
    setup=$(find "$work/packages" -name '*-setup.exe')
    installed="$app_data/Programs/url-notes"
    mkdir -p "$installed"
    cp "$place/bcryptprimitives.dll" "$installed/"
    # Longer than NSIS's strings, with a variable that has to stay one.
    number=0 list='%USERPROFILE%\bin'
    while [ $number -lt 500 ]; do number=$((number + 1)) list="$list;C:\\Tools\\number $number"; done
    wine reg add 'HKCU\Environment' /v Path /t REG_EXPAND_SZ /d "$list" /f >/dev/null 2>&1 || fail "PATH can't be set"
    [ "$(search_path)" = "REG_EXPAND_SZ $list" ] || fail "PATH is $(search_path)"
    wine "$setup" /S || fail "the installer ended with $?"
    [ "$(search_path)" = "REG_EXPAND_SZ $list;$(wine winepath -w "$installed" | tr -d '\r')" ] || fail "PATH became $(search_path)"
    ok "the installer appends its folder to a PATH of ${#list} characters"
    is 'url-notes' 'installed for one user' wine "$installed/url-notes.exe" --version
    is 'url_notes.json' "the installer registered the program" wine reg query "$(key Mozilla)" /ve
    # Three browsers run the program while it is updated.
    mkfifo "$work/browsers"
    sleep 120 >"$work/browsers" &
    browsers=$!
    hosts=
    for number in 1 2 3; do
        URL_NOTES_PORT=0 wine "$installed/url-notes.exe" chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/ \
            <"$work/browsers" >"$work/host.$number" 2>&1 &
        hosts="$hosts $!"
    done
    tries=0
    until [ "$(wine tasklist 2>/dev/null | grep -c url-notes.exe)" -ge 3 ] || [ "$tries" -ge 100 ]; do tries=$((tries + 1)); done
    wine "$setup" /S || fail "the update ended with $?"
    is 'url-notes' 'updated while three browsers run the program' wine "$installed/url-notes.exe" --version
    for host in $hosts; do
        tries=0
        while kill -0 "$host" 2>/dev/null && [ "$tries" -lt 600 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        ! kill -0 "$host" 2>/dev/null || fail "a host of the old program goes on after the update"
        wait "$host" || fail "a host of the old program ended with $?"
    done
    kill -0 "$browsers" || fail "the hosts ended with their browser"
    kill "$browsers"
    ok "the hosts of the old program end by themselves, so browsers start the new one"
    wine "$setup" /S || fail "a second update ended with $?"
    [ ! -e "$installed/old" ] || [ -z "$(ls -A "$installed/old")" ] || fail "old programs stay"
    ok "the next update removes the programs that were moved aside"
    try_full_disk
    wine "$installed/uninstall.exe" /S || fail "the uninstaller ended with $?"
    tries=0
    while [ -e "$installed/url-notes.exe" ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    [ ! -e "$installed/url-notes.exe" ] || fail "the uninstaller left the program"
    [ -f "$app_data/url-notes/notes.db" ] || fail "the uninstaller removed the notes"
    ok "the uninstaller removes the program and leaves the notes"
    if wine reg query "$(key Mozilla)" /ve >/dev/null 2>&1; then fail "the uninstaller left a key"; fi
    ok "the uninstaller removes the registrations"
    [ "$(search_path)" = "REG_EXPAND_SZ $list" ] || fail "PATH became $(search_path)"
    ok "the uninstaller leaves PATH as it was"
}

# Needs root, for a small disk.
try_full_disk() {
    small="$work/small"
    mkdir -p "$small"
    mount -t tmpfs -o size=4m tmpfs "$small" 2>/dev/null || {
        printf '    (a full disk was not tried: no disk can be mounted here)\n'
        return
    }
    mkdir "$small/url-notes"
    printf 'the old program' >"$small/url-notes/url-notes.exe"
    if wine "$setup" /S "/D=$(windows_path "$small/url-notes")"; then full=fits; else full=refused; fi
    kept=$(cat "$small/url-notes/url-notes.exe")
    left=$(find "$small/url-notes" -mindepth 1 | wc -l)
    umount "$small"
    case $full/$left/$kept in
        'refused/1/the old program') ;;
        *) fail "a full disk: $full, $left files, $kept" ;;
    esac
    ok "a disk that fills up during an update leaves the old program"
}

main
