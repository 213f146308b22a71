# Opens a browser with the extension, sample notes and the site, all in a temporary folder. Sourced
# by install.sh for --try; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317 # Shared variables; functions run by name.

# Everything of the trial, including the browser's profile and the notes, is in $work and is removed
# with it.
try_it() {
    build
    if $dry_run; then
        say "Would open a browser with the extension and sample notes in a temporary folder."
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
        go_without_browser "No browser was found that url-notes can open with a temporary profile."
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
        fail "A sample note couldn't be saved; the message above says why."
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

# Serves the site from here, so that it is ready before the browser. If the default port is taken,
# uses another one and says so; a port that the user chose is never replaced.
serve_site() {
    if [ -n "${URL_NOTES_PORT-}" ]; then
        start_site "$URL_NOTES_PORT" ||
            fail "$refusal To use another port for this trial: URL_NOTES_PORT=6700 ./install.sh --try"
        return
    fi
    for port in 6683 6684 6685 6686 6687 6688 6689; do
        if start_site "$port"; then
            return
        fi
        say "$refusal This trial uses another port."
    done
    fail "No port could be had for the site; give one: URL_NOTES_PORT=6700 ./install.sh --try"
}

# start_site PORT: waits until the program reports that it serves the site. Sets `refusal`.
start_site() {
    rm -f -- "$work/serve.out"
    mkfifo "$work/serve.out"
    URL_NOTES_PORT=$1 "$built" serve --json >"$work/serve.out" 2>"$work/serve.err" &
    site_process=$!
    # Kept open, so that later output of the program doesn't fail.
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
    # Another program holds the port, or the user's own url-notes, which this one would wait for.
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
    chosen=$name chosen_title=$title chosen_family=$family
}

check_program() {
    located=$(command -v -- "$1") || return 0
    # A Snap on PATH is a separate browser with its own row.
    case $package:$located in
        plain:/snap/*) ;;
        *) executable=$located ;;
    esac
}

display_present() {
    [ "$this_system" = macos ] || [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]
}

open_browser() {
    mkdir -p -- "$work/home" "$work/profile" "$work/tmp"
    # Chromium ends if the path of the socket that it makes there, 45 bytes longer, has more than 103
    # bytes (`sun_path` of sockaddr_un on macOS).
    if [ ${#work} -gt 50 ]; then
        temporary=$(mktemp -d /tmp/url-notes.XXXXXX) || fail "No temporary folder can be made in /tmp."
    fi
    say "Opening $chosen_title with url-notes, sample notes and $address in a temporary profile."
    register_for_try
    "open_$chosen_family"
    say
    say "Go to any page and click the url-notes button in the toolbar, type tags and a note."
    say "Then read it at $address/ or at the address of one of its tags, $address/tag/…"
    say_how_to_load
    say
    say "To end: close the browser or press Ctrl+C. Everything from this trial is then deleted."
    started=$(date +%s)
    wait "$browser_process" || {
        status=$?
        browser_process=''
        # The browser didn't start: no display, no permission for its sandbox …
        if [ $(($(date +%s) - started)) -lt 5 ]; then
            tail -n 3 "$work/browser.log" >&2
            go_without_browser "$chosen_title ended at once with status $status; its last messages are above."
        fi
    }
}

say_how_to_load() {
    case $chosen_family in
        chromium) say "No button? Some builds take extensions by hand only: chrome://extensions, \"Developer mode\", \"Load unpacked\", $folder/extension" ;;
        firefox) say "No button? Mozilla's release build takes unsigned add-ons by hand only: about:debugging#/runtime/this-firefox, \"Load Temporary Add-on…\", $folder/extension/manifest.json" ;;
    esac
}

# Registers in a home folder of the browser's own.
register_for_try() {
    (
        unset XDG_CONFIG_HOME
        HOME=$work/home ask "$built" register --browser "$chosen" --program "$built" --platform "$this_system"
    ) >/dev/null || fail "url-notes can't be registered with $chosen_title; the message above says why."
}

open_chromium() {
    # Most browsers look beside their profile, Brave and Opera in their usual folder.
    mkdir -p -- "$work/profile/Default" "$work/profile/NativeMessagingHosts"
    find "$work/home" -name url_notes.json -exec cp -- {} "$work/profile/NativeMessagingHosts" ';'
    # Otherwise the button would be hidden in the extensions menu.
    printf '{"extensions": {"pinned_extensions": ["%s"]}}\n' "$(chromium_id)" >"$work/profile/Default/Preferences"
    # As a relative path, because a comma in an absolute one would start another extension.
    set -- --user-data-dir="$work/profile" --load-extension=extension \
        --disable-features=DisableLoadExtensionCommandLineSwitch \
        --no-first-run --no-default-browser-check --use-mock-keychain "$address/"
    # Chromium refuses to run as root with its sandbox.
    [ "$(id -u)" -ne 0 ] || set -- --no-sandbox "$@"
    start_browser "$@"
}

open_firefox() {
    mkdir -p -- "$work/profile/extensions"
    # A file with the extension's id as its name, which contains a path, stands for the folder
    # there.
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

# With a home folder of its own, so that the trial leaves nothing in the user's.
start_browser() {
    (
        unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME
        cd "$folder" || exit
        exec env HOME="$work/home" CFFIXED_USER_HOME="$work/home" TMPDIR="${temporary:-$work/tmp}" \
            XAUTHORITY="${XAUTHORITY:-$HOME/.Xauthority}" \
            "$executable" "$@" >"$work/browser.log" 2>&1 4<&-
    ) &
    browser_process=$!
}

chromium_id() { chromium_origin | sed 's|^.*//\(.*\)/$|\1|'; }

# The first one is that of the folder `extension`; stores assign others.
chromium_origin() { sed -n 's|^.*"allowed_origins": \["\([^"]*\)".*$|\1|p' "$folder/manifests/chromium.json"; }

firefox_id() { sed -n 's/^.*"allowed_extensions": \["\(.*\)"\].*$/\1/p' "$folder/manifests/firefox.json"; }

# Without a browser, does what the button does: starts the program as Chromium does and sends it the
# extension's messages.
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
    say "To end: press Ctrl+C. Everything from this trial is then deleted."
    wait "$site_process" || fail "The site ended: $(cat "$work/serve.err")"
}

# frame JSON: prints it after its 32-bit length in the byte order of this computer.
frame() {
    length=$(printf '%s' "$1" | wc -c)
    set -- "$1" $((length & 255)) $((length >> 8 & 255)) $((length >> 16 & 255)) $((length >> 24 & 255))
    if [ "$(printf '\001\000' | od -An -tu2 | tr -d ' ')" != 1 ]; then
        set -- "$1" "$5" "$4" "$3" "$2"
    fi
    printf '%b' "$(printf '\\0%03o' "$2" "$3" "$4" "$5")"
    printf '%s' "$1"
}

loaded=try
