#!/bin/sh
# Installs url-notes for the user who runs it: builds the program, puts it into
# ~/.local/bin and tells each browser where it is. `--try` shows it all in a
# throw-away folder instead, `--uninstall` takes it back.
#
# What it does not do: load the extension into a browser that is in use (no browser
# lets a program do that; it prints the clicks), need root, or touch the notes.
#
# The browsers and their folders are manifests/browsers.tsv, the host manifests are
# manifests/*.json. Everything is in functions and the last line runs them, so a
# copy of this file that was cut short does nothing at all.

# Most functions are run by name, by each_browser and each_item.
# shellcheck disable=SC2317

set -eu

HOST=url_notes
TAB=$(printf '\t')

say() { printf '%s\n' "$*"; }

warn() { printf 'install.sh: %s\n' "$*" >&2; }

fail() {
    warn "$*"
    exit 1
}

usage() {
    cat <<'TEXT'
Usage: ./install.sh [OPTION]...

Builds url-notes, installs it for you alone and registers it with your browsers.

  --browser NAME  register with this browser even if it isn't found; may be given
                  more than once; with --try: the browser to open
  --prefix DIR    install into DIR/bin instead of ~/.local/bin
  --program FILE  install this program instead of building it
  --try           install nothing: open a browser with the extension, a few sample
                  notes and the site, all in a throw-away folder
  --uninstall     take everything back; your notes stay
  --dry-run       say what would be done and do nothing
  --help          show this

TEXT
    names=
    each_browser list_name
    say "Browsers here: ${names# }."
}

usage_error() {
    warn "$*"
    usage >&2
    exit 2
}

# ---- What was asked for, and where things are

parse_options() {
    job=install wanted=' ' prefix='' given_program='' dry_run=false
    while [ $# -gt 0 ]; do
        case $1 in
            --browser | --prefix | --program)
                [ -n "${2-}" ] || usage_error "$1 needs a value after it."
                case $1 in
                    --browser) want_browser "$2" ;;
                    --prefix) prefix=$2 ;;
                    --program) given_program=$2 ;;
                esac
                shift
                ;;
            --try) job=try ;;
            --uninstall) job=uninstall ;;
            --dry-run) dry_run=true ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) usage_error "There is no option \"$1\"." ;;
        esac
        shift
    done
}

want_browser() {
    names=
    each_browser list_name
    case "$names " in
        *" $1 "*) wanted="$wanted$1 " ;;
        *) usage_error "There is no browser \"$1\" in the list." ;;
    esac
}

list_name() { names="$names $name"; }

find_places() {
    folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
    for part in Cargo.toml extension/manifest.json manifests/browsers.tsv; do
        [ -f "$folder/$part" ] ||
            fail "This has to stay in the url-notes folder: there is no $part beside it."
    done
    case $(uname -s) in
        Darwin) this_system=macos ;;
        Linux | *BSD | DragonFly) this_system=linux ;;
        *) fail "url-notes runs on Linux, the BSDs and macOS; $(uname -s) isn't supported yet." ;;
    esac
    case ${HOME-} in
        /*) ;;
        *) fail "HOME has to be the absolute path of your home folder." ;;
    esac
    # The specification has relative paths ignored.
    case ${XDG_CONFIG_HOME-} in
        /*) config=$XDG_CONFIG_HOME ;;
        *) config=$HOME/.config ;;
    esac
}

find_prefix() {
    case $prefix in
        '') prefix=$HOME/.local ;;
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    program=${prefix%/}/bin/url-notes
    # Nothing that a host manifest could say names such a file.
    [ "$program" = "$(printf '%s' "$program" | LC_ALL=C tr -d '[:cntrl:]')" ] ||
        fail "The path of the program has a line break or another control character in it; choose another with --prefix."
    # Under sudo, HOME may still be the user's: what is written there would be root's.
    [ -z "$(find "$HOME/" -prune ! -user "$(id -u)" -print)" ] ||
        fail "HOME ($HOME) belongs to another user. Run this as that user, without sudo."
}

# ---- The table of browsers

# Runs a function for each browser of this system, with the columns of its row as
# variables.
each_browser() {
    while IFS=$TAB read -r name family system package hosts profiles programs title <&3; do
        case $name in '#'* | '') continue ;; esac
        [ "$system" != "$this_system" ] || "$1"
    done 3<"$folder/manifests/browsers.tsv"
}

# each_item LIST FUNCTION: runs the function with each part of a comma-separated list.
each_item() {
    [ "$1" != - ] || return 0
    items=$1,
    while [ -n "$items" ]; do
        item=${items%%,*}
        items=${items#*,}
        "$2" "$item"
    done
}

# A folder as the table writes it → its path.
expand() {
    case $1 in
        \~/*) printf '%s\n' "$HOME/${1#??}" ;;
        "\$XDG_CONFIG_HOME/"*) printf '%s\n' "$config/${1#*/}" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

browser_found() {
    found=false
    each_item "$profiles" check_profile
    each_item "$programs" check_program
    $found
}

check_profile() { [ ! -d "$(expand "$1")" ] || found=true; }

check_program() {
    located=$(command -v -- "$1") || return 0
    # A Snap on PATH is a browser of its own, in another row.
    case $package:$located in
        plain:/snap/*) ;;
        *) found=true executable=$located ;;
    esac
}

# ---- Writing files

# A link that somebody else planted could send what is written to any place. Links
# of root are the machine's own layout, such as a moved /home.
refuse_foreign_links() {
    component=$1
    while [ -n "$component" ]; do
        if [ -L "$component" ] &&
            [ -n "$(find "$component" -prune ! -user "$(id -u)" ! -user 0 -print)" ]; then
            fail "$component is a link that belongs to another user; nothing is written through it. Remove it and run this again."
        fi
        component=${component%/*}
    done
}

# put_file SOURCE TARGET MODE: whole or not at all, whatever the umask, and only
# where something changes. Sets `outcome`.
put_file() {
    refuse_foreign_links "$2"
    [ ! -d "$2" ] || fail "$2 is a folder, where url-notes needs a file. Move it away and run this again."
    if [ ! -L "$2" ] && cmp -s -- "$1" "$2" && [ -n "$(find "$2" -prune -perm "$3" -print)" ]; then
        outcome='already there'
        return
    fi
    if $dry_run; then
        outcome='would be written'
        return
    fi
    mkdir -p -- "${2%/*}" || fail "The folder ${2%/*} can't be made."
    unfinished=$(mktemp "${2%/*}/.url-notes.XXXXXX") || fail "${2%/*} can't be written to."
    if ! { cp -- "$1" "$unfinished" && chmod "$3" "$unfinished" && mv -f -- "$unfinished" "$2"; }; then
        fail "$2 can't be written."
    fi
    unfinished=
    outcome=written
}

# remove_file FILE: and the folders above it that are empty then. Sets `outcome`.
remove_file() {
    [ -e "$1" ] || [ -L "$1" ] || return 1
    refuse_foreign_links "${1%/*}"
    if $dry_run; then
        outcome='would be removed'
        return
    fi
    rm -f -- "$1" || fail "$1 can't be removed."
    outcome=removed
    emptied=${1%/*}
    while [ "$emptied" != "$HOME" ] && [ "$emptied" != "$config" ] && rmdir -- "$emptied" 2>/dev/null; do
        emptied=${emptied%/*}
    done
}

# host_manifest FAMILY PROGRAM: the template with the program's path as a JSON string.
host_manifest() {
    quoted=$(printf '%s' "$2" | LC_ALL=C sed 's/[\\"]/\\&/g')
    # Through the environment, since awk would read backslashes in a variable.
    PROGRAM=$quoted LC_ALL=C awk '
        at = index($0, "@PROGRAM@") {
            $0 = substr($0, 1, at - 1) ENVIRON["PROGRAM"] substr($0, at + length("@PROGRAM@"))
        }
        { print }' "$folder/manifests/$1.json"
}

# ---- Installing

build() {
    if [ -n "$given_program" ]; then
        if [ ! -f "$given_program" ] || [ ! -x "$given_program" ]; then
            fail "$given_program is no program that could be installed."
        fi
        case $given_program in
            /*) built=$given_program ;;
            *) built=$PWD/$given_program ;;
        esac
        return
    fi
    built=${CARGO_TARGET_DIR:-$folder/target}/release/url-notes
    if $dry_run; then
        say "Would build $built."
        return
    fi
    cargo=$(command -v cargo) || cargo=$HOME/.cargo/bin/cargo
    [ -x "$cargo" ] ||
        fail "Building url-notes takes Rust, and there is no cargo here. Get it from https://rustup.rs and run this again."
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        fail "Building url-notes takes a C compiler (for SQLite). Debian, Ubuntu: sudo apt install gcc. Fedora: sudo dnf install gcc. macOS: xcode-select --install."
    say "Building url-notes …"
    (cd "$folder" && "$cargo" build --release --locked --package url-notes \
        --target-dir "${CARGO_TARGET_DIR:-$folder/target}") ||
        fail "url-notes wasn't built; the messages above say why."
}

install_all() {
    find_prefix
    build
    if $dry_run && [ ! -e "$built" ]; then
        outcome='would be written'
    else
        put_file "$built" "$program" 0755
    fi
    say "Program: $program ($outcome)."
    registered=0 chromium_steps='' firefox_steps='' notices=''
    each_browser register
    if [ "$registered" -eq 0 ]; then
        say "No browser was found. Register with one that you use by ./install.sh --browser NAME:"
        names=
        each_browser list_name
        say " $names"
        return
    fi
    say_next_steps
}

register() {
    case $wanted in
        *" $name "*) ;;
        *) browser_found || return 0 ;;
    esac
    case $package:$hosts in
        *:-)
            say "$title: can't be registered, its $package sandbox shuts every program outside it off. Use a browser that isn't installed as a $package."
            return
            ;;
        snap:*) notices="$notices
$title asks once whether it may start url-notes. To answer beforehand:
  flatpak permission-set webextensions $HOST snap.firefox yes" ;;
        flatpak:*) notices="$notices
$title reaches programs outside its sandbox only where xdg-native-messaging-proxy is installed." ;;
    esac
    host_manifest "$family" "$program" >"$work/manifest.json"
    each_item "$hosts" put_manifest
    registered=$((registered + 1))
    case $family in
        chromium) chromium_steps="$chromium_steps, $title" ;;
        firefox) firefox_steps="$firefox_steps, $title" ;;
    esac
}

put_manifest() {
    put_file "$work/manifest.json" "$(expand "$1")/$HOST.json" 0644
    say "$title: registered by $(expand "$1")/$HOST.json ($outcome)."
}

say_next_steps() {
    say
    say "What is left are the clicks that no program may do for you:"
    if [ -n "$chromium_steps" ]; then
        say
        say "${chromium_steps#, }:"
        say "  1. Open chrome://extensions and turn on \"Developer mode\" (top right)."
        say "  2. Click \"Load unpacked\" and choose the folder"
        say "     $folder/extension"
        say "  3. Pin url-notes: click the puzzle piece in the toolbar, then the pin."
    fi
    if [ -n "$firefox_steps" ]; then
        say
        say "${firefox_steps#, }:"
        say "  1. Open about:debugging#/runtime/this-firefox and click \"Load Temporary Add-on…\"."
        say "  2. Choose the file"
        say "     $folder/extension/manifest.json"
        say "     It stays until the browser is closed: Firefox keeps only signed add-ons."
    fi
    [ -z "$notices" ] || say "$notices"
    say
    say "Then click the button on any page. Your notes are at http://localhost:6683."
    case :${PATH-}: in
        *":${program%/*}:"*) ;;
        *) say "For the command line, add ${program%/*} to your PATH." ;;
    esac
}

# ---- Taking it back

uninstall_all() {
    find_prefix
    removed=false elsewhere=''
    each_browser unregister
    if remove_file "$program"; then
        removed=true
        say "Program: $program ($outcome)."
    fi
    for log in "$(log_folder)/url-notes.log" "$(log_folder)/url-notes.log.old" "$(log_folder)/extensions.json"; do
        ! remove_file "$log" || say "Log: $log ($outcome)."
    done
    $removed || say "url-notes isn't installed: there is nothing to take back."
    [ -z "$elsewhere" ] ||
        say "The browsers were told of another copy of the program, which is left alone:$elsewhere"
    say "Your notes and settings stay: $(data_folders)."
    say "The extension goes by \"Remove\" on the browser's own extensions page."
}

unregister() { each_item "$hosts" remove_manifest; }

remove_manifest() {
    manifest=$(expand "$1")/$HOST.json
    [ -f "$manifest" ] || [ -L "$manifest" ] || return 0
    host_manifest "$family" "$program" | cmp -s -- - "$manifest" || note_other_program
    if remove_file "$manifest"; then
        removed=true
        say "$title: $manifest ($outcome)."
    fi
}

note_other_program() {
    other=$(sed -n 's/^[[:space:]]*"path": "\(.*\)",$/\1/p' "$manifest" 2>/dev/null) || other=''
    case $elsewhere in
        *" $other"*) ;;
        *) [ ! -e "$other" ] || elsewhere="$elsewhere $other" ;;
    esac
}

log_folder() {
    if [ "$this_system" = macos ]; then
        printf '%s' "$HOME/Library/Application Support/url-notes"
    else
        printf '%s' "${XDG_STATE_HOME:-$HOME/.local/state}/url-notes"
    fi
}

data_folders() {
    if [ -n "${URL_NOTES_DATA_DIR-}" ]; then
        printf '%s' "$URL_NOTES_DATA_DIR"
    elif [ "$this_system" = macos ]; then
        printf '%s' "$HOME/Library/Application Support/url-notes"
    else
        printf '%s and %s' "${XDG_DATA_HOME:-$HOME/.local/share}/url-notes" "$config/url-notes"
    fi
}

# ---- Trying it out

# Everything of a try, the browser's profile and the notes included, is under $work
# and goes with it.
try_it() {
    build
    if $dry_run; then
        say "Would open a browser with the extension and sample notes in a throw-away folder."
        return
    fi
    trap 'exit 0' HUP INT TERM
    URL_NOTES_DATA_DIR=$work/data
    export URL_NOTES_DATA_DIR
    umask 077
    add_sample_notes
    serve_site
    executable=''
    each_browser choose_browser
    if [ -z "$executable" ]; then
        go_without_browser "No browser was found that a throw-away profile could be opened in."
    elif ! display_present; then
        go_without_browser "There is no display here, so $chosen_title can't be shown."
    else
        open_browser
    fi
}

add_sample() {
    url=$1 sample_title=$2 summary=$3
    shift 3
    for tag; do
        shift
        set -- "$@" --tag "$tag"
    done
    "$built" add "$url" --title "$sample_title" --summary "$summary" "$@" >/dev/null ||
        fail "A sample note could not be saved; the message above says why."
}

# shellcheck disable=SC2016 # The backquotes are Markdown.
add_sample_notes() {
    add_sample https://www.rfc-editor.org/rfc/rfc8259 \
        'RFC 8259: The JavaScript Object Notation (JSON) Data Interchange Format' \
        'The whole of JSON in 16 pages.

- Text that goes between systems **must** be UTF-8 (section 8.1).
- Two members of one name in an object: every reader does what it likes (section 4).
- Numbers: count on no more than an IEEE 754 double (section 6).' \
        json standards
    add_sample https://commonmark.org/help/ 'Markdown Reference' \
        'Ten minutes, and all of Markdown is in the fingers.

1. `*one*` and `**two**` stars
2. lists, also
   - nested
   - like this one
3. > a quote

| what | how |
| --- | --- |
| link | `[text](address)` |
| code | `` `between backticks` `` |' \
        markdown writing
    add_sample https://ja.wikipedia.org/wiki/%E6%A9%9F%E6%A2%B0%E5%AD%A6%E7%BF%92 '機械学習 - Wikipedia' \
        '教師あり学習と教師なし学習の違いを復習する。' \
        機械学習 'to read'
    add_sample https://developer.mozilla.org/en-US/docs/Mozilla/Add-ons/WebExtensions/Native_messaging \
        'Native messaging - Mozilla | MDN' \
        'How an extension talks to a program: 32 bits of length in the order of the machine, then UTF-8 JSON.

The browser starts the program named in a *host manifest*, and takes **at most 1 MB** in one message from it.' \
        'web extensions' browsers json
    add_sample https://www.sqlite.org/whentouse.html 'Appropriate Uses For SQLite' \
        'SQLite does not compete with client/server databases. **It competes with `fopen()`.**

- [x] the file format of a program
- [x] a site of one machine
- [ ] many writers at once' \
        sqlite databases
    add_sample https://en.wikipedia.org/wiki/As_We_May_Think 'As We May Think - Wikipedia' \
        'Vannevar Bush in *The Atlantic*, July 1945. The **memex**: a desk that holds all that one has read, joined by *trails* from item to item.' \
        hypertext history 'note taking'
}

# The site runs from here, so that it is there before the browser is. Without a port
# of the user's choice it moves on from a taken one, and says so.
serve_site() {
    if [ -n "${URL_NOTES_PORT-}" ]; then
        start_site "$URL_NOTES_PORT" ||
            fail "$refusal Another port for this try: URL_NOTES_PORT=6700 ./install.sh --try"
        return
    fi
    for port in 6683 6684 6685 6686 6687 6688 6689; do
        if start_site "$port"; then
            return
        fi
        say "$refusal This try takes another port."
    done
    fail "No port could be had for the site; give one: URL_NOTES_PORT=6700 ./install.sh --try"
}

# start_site PORT: waits for the program's word that it serves. Sets `refusal`.
start_site() {
    rm -f -- "$work/serve.out"
    mkfifo "$work/serve.out"
    URL_NOTES_PORT=$1 "$built" serve --json >"$work/serve.out" 2>"$work/serve.err" &
    site_process=$!
    # Stays open, so that a later line has a reader.
    exec 4<"$work/serve.out"
    answer=''
    read -r answer <&4 || true
    case $answer in
        '{'*)
            URL_NOTES_PORT=$1
            export URL_NOTES_PORT
            address=http://localhost:$URL_NOTES_PORT
            return
            ;;
    esac
    # Another program has the port; or the user's own url-notes, whose end it waits for.
    end_process "$site_process"
    site_process=''
    refusal="$(sed 's/^url-notes: //' "$work/serve.err")${answer:+Port $1 is that of your own url-notes.}"
    return 1
}

choose_browser() {
    case $executable:$package:$wanted in
        ":plain: " | ":plain:"*" $name "*) ;;
        *) return 0 ;;
    esac
    each_item "$programs" check_program
    chosen_title=$title chosen_family=$family
}

display_present() {
    [ "$this_system" = macos ] || [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]
}

open_browser() {
    mkdir -p -- "$work/home" "$work/profile" "$work/tmp"
    say "Opening $chosen_title with url-notes, sample notes and $address in a throw-away profile."
    "open_$chosen_family"
    say
    say "Go to any page and click the url-notes button in the toolbar, type tags and a note."
    say "Then read it at $address/ or at the address of one of its tags, $address/tag/…"
    say_how_to_load
    say
    say "To end: close the browser or press Ctrl+C. Everything of this try is then deleted."
    started=$(date +%s)
    wait "$browser_process" || {
        status=$?
        browser_process=''
        # It never came up: a display that isn't there, a sandbox that isn't allowed …
        if [ $(($(date +%s) - started)) -lt 5 ]; then
            tail -n 3 "$work/browser.log" >&2
            go_without_browser "$chosen_title ended at once with status $status; its last words are above."
        fi
    }
}

say_how_to_load() {
    case $chosen_family in
        chromium) say "No button? Some builds take extensions by hand only: chrome://extensions, \"Developer mode\", \"Load unpacked\", $folder/extension" ;;
        firefox) say "No button? Mozilla's release build takes unsigned add-ons by hand only: about:debugging#/runtime/this-firefox, \"Load Temporary Add-on…\", $folder/extension/manifest.json" ;;
    esac
}

open_chromium() {
    mkdir -p -- "$work/profile/NativeMessagingHosts" "$work/profile/Default"
    host_manifest chromium "$built" >"$work/profile/NativeMessagingHosts/$HOST.json"
    # The button would be inside the puzzle piece's menu otherwise.
    printf '{"extensions": {"pinned_extensions": ["%s"]}}\n' "$(chromium_id)" >"$work/profile/Default/Preferences"
    # By its relative path: a comma in an absolute one would begin another extension.
    set -- --user-data-dir="$work/profile" --load-extension=extension \
        --disable-features=DisableLoadExtensionCommandLineSwitch \
        --no-first-run --no-default-browser-check --use-mock-keychain "$address/"
    # Chromium refuses to run as root with its sandbox.
    [ "$(id -u)" -ne 0 ] || set -- --no-sandbox "$@"
    start_browser "$@"
}

open_firefox() {
    if [ "$this_system" = macos ]; then
        hosts_of_try="$work/home/Library/Application Support/Mozilla/NativeMessagingHosts"
    else
        hosts_of_try=$work/home/.mozilla/native-messaging-hosts
    fi
    mkdir -p -- "$hosts_of_try" "$work/profile/extensions"
    host_manifest firefox "$built" >"$hosts_of_try/$HOST.json"
    # A file of the extension's name that holds a path stands for the folder there.
    printf '%s\n' "$folder/extension" >"$work/profile/extensions/$(firefox_id)"
    cat >"$work/profile/user.js" <<'PREFS'
user_pref("xpinstall.signatures.required", false);
user_pref("extensions.autoDisableScopes", 0);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.auto", false);
PREFS
    start_browser --no-remote --profile "$work/profile" "$address/"
}

# With a home of its own, so that nothing of the try is left in the user's.
start_browser() {
    (
        unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME
        cd "$folder" || exit
        exec env HOME="$work/home" CFFIXED_USER_HOME="$work/home" TMPDIR="$work/tmp" \
            XAUTHORITY="${XAUTHORITY:-$HOME/.Xauthority}" \
            "$executable" "$@" >"$work/browser.log" 2>&1 4<&-
    ) &
    browser_process=$!
}

chromium_id() { chromium_origin | sed 's|^.*//\(.*\)/$|\1|'; }

chromium_origin() { sed -n 's|^.*"\(chrome-extension://.*/\)".*$|\1|p' "$folder/manifests/chromium.json"; }

firefox_id() { sed -n 's/^.*"allowed_extensions": \["\(.*\)"\].*$/\1/p' "$folder/manifests/firefox.json"; }

# Without a browser, what the button does is done by hand: the program is started as
# Chromium starts it and gets the extension's own messages.
go_without_browser() {
    say "$1"
    {
        frame '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"extension":"install.sh"}}'
        frame '{"jsonrpc":"2.0","id":2,"method":"saveNote","params":{"opId":"6f9ad2a4-7a0c-4f0e-9d3e-1f1f5a0c6683","url":"https://en.wikipedia.org/wiki/Hypertext","title":"Hypertext - Wikipedia","tags":["hypertext","to read"],"summary":"Saved by a native messaging frame, as the toolbar button does it."}}'
    } | "$built" "$(chromium_origin)" >"$work/answers" || fail "The program ended with an error."
    LC_ALL=C tr -d '\000-\037\200-\377' <"$work/answers" | grep -q '"created":true' ||
        fail "The program did not save the page; it answered: $(LC_ALL=C tr -cd '\040-\176' <"$work/answers")"
    say "So a page was saved as the button would do it, with the tags \"hypertext\" and \"to read\"."
    say
    say "Read it on its tag page: $address/tag/hypertext"
    say
    say "To have the button: run ./install.sh on a computer with a browser and a display, and"
    say "load the folder $folder/extension as it then says."
    say "To end: press Ctrl+C. Everything of this try is then deleted."
    wait "$site_process" || fail "The site ended: $(cat "$work/serve.err")"
}

# frame JSON: with its length in 32 bits in front, in the byte order of this machine.
frame() {
    length=$(printf '%s' "$1" | wc -c)
    set -- "$1" $((length & 255)) $((length >> 8 & 255)) $((length >> 16 & 255)) $((length >> 24 & 255))
    if [ "$(printf '\001\000' | od -An -tu2 | tr -d ' ')" != 1 ]; then
        set -- "$1" "$5" "$4" "$3" "$2"
    fi
    printf '%b' "$(printf '\\0%03o' "$2" "$3" "$4" "$5")"
    printf '%s' "$1"
}

# ---- Beginning and end

end_process() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

clean_up() {
    trap '' HUP INT TERM
    end_process "$browser_process"
    end_process "$site_process"
    [ -z "$unfinished" ] || rm -f -- "$unfinished"
    # The browser's children may write for a moment longer than it lives.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if rm -rf -- "$work" 2>/dev/null; then
            return
        fi
        sleep 1
    done
    warn "The throw-away folder $work could not be deleted; it may be deleted by hand."
}

main() {
    find_places
    parse_options "$@"
    # Folders that are made are for the user to write and for all to see; the modes
    # of files are set one by one.
    umask 022
    browser_process='' site_process='' unfinished=''
    work=$(mktemp -d "${TMPDIR:-/tmp}/url-notes.XXXXXX") || fail "No temporary folder can be made in ${TMPDIR:-/tmp}."
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    case $job in
        install) install_all ;;
        uninstall) uninstall_all ;;
        try) try_it ;;
    esac
}

# In braces, so that the line does nothing before its end has been read.
{ main "$@"; exit; }
