#!/bin/sh
# Installs url-notes for the user who runs it: builds the program (or takes the one
# that came beside this file), puts it into ~/.local/bin with its completions and man
# page, and tells each browser where it is. `--try` shows it all in a throw-away
# folder instead, `--uninstall` takes it back.
#
# What it does not do: load the extension into a browser that is in use (no browser
# lets a program do that; it prints the clicks), need root unless --system is given,
# load anything but cargo's crates, or touch the notes.
#
# The browsers and their folders are manifests/browsers.tsv, the host manifests are
# manifests/*.json. Everything is in functions and the last line runs them, so a
# copy of this file that was cut short does nothing at all.

# Most functions are run by name, by each_browser and each_item.
# shellcheck disable=SC2317

set -eu

HOST=url_notes
SERVICE='url-notes'
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
  --prefix DIR    install into DIR/bin and DIR/share instead of ~/.local
  --program FILE  install this program instead of building it
  --system        install into /usr/local for all users (needs root); DESTDIR is
                  put before every path that is written
  --service       have the site started when you log in, without a browser
  --try           install nothing: open a browser with the extension, a few sample
                  notes and the site, all in a throw-away folder
  --uninstall     take everything back; your notes stay
  --dry-run       say what would be done and do nothing
  --help          show this

TEXT
    names=
    each_browser list_reachable
    say "Browsers here: ${names# }."
}

usage_error() {
    warn "$*"
    usage >&2
    exit 2
}

# ---- What was asked for, and where things are

parse_options() {
    job=install wanted=' ' prefix='' given_program='' dry_run=false for_all=false with_service=false
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
            --system) for_all=true ;;
            --service) with_service=true ;;
            --dry-run) dry_run=true ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) usage_error "There is no option \"$1\"." ;;
        esac
        shift
    done
    if $for_all && $with_service; then
        usage_error "The site is each user's own, so --service can't go with --system; each user runs ./install.sh --service."
    fi
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

# Without those that can't be had.
list_reachable() { [ "$hosts" = - ] || names="$names $name"; }

find_places() {
    folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
    for part in extension/manifest.json manifests/browsers.tsv; do
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

# What is installed where. `root` stands before what is written, and is not in what
# is said in the files themselves.
find_targets() {
    root=''
    case $prefix in
        '') if $for_all; then prefix=/usr/local; else prefix=$HOME/.local; fi ;;
        /*) prefix=${prefix%/} ;;
        *) prefix=$PWD/${prefix%/} ;;
    esac
    share=$prefix/share
    if $for_all; then
        root=${DESTDIR-}
        root=${root%/}
        [ -n "$root" ] || [ "$(id -u)" -eq 0 ] ||
            fail "Installing for all users takes root: sudo ./install.sh --system"
    else
        refuse_borrowed_home
        # Where shells look for a user's own completions.
        if [ "$prefix" = "$HOME/.local" ]; then
            case ${XDG_DATA_HOME-} in /*) share=$XDG_DATA_HOME ;; esac
        fi
    fi
    program=$prefix/bin/url-notes
    # Nothing that a host manifest could say names such a file.
    [ "$program" = "$(printf '%s' "$program" | LC_ALL=C tr -d '[:cntrl:]')" ] ||
        fail "The path of the program has a line break or another control character in it; choose another with --prefix."
}

# Under sudo, HOME may still be the user's: what is written there would be root's. Or it
# is root's, and the user's own browsers would be told of nothing.
refuse_borrowed_home() {
    [ -z "$(find "$HOME/" -prune ! -user "$(id -u)" -print)" ] ||
        fail "HOME ($HOME) belongs to another user. Run this as that user, without sudo."
    case $(id -u):${SUDO_USER:-root} in
        0:root | [!0]*) ;;
        *) fail "This would install url-notes for root. Run it without sudo, or with --system for all users." ;;
    esac
}

# ---- The table of browsers

# Runs a function for each browser of this system, with the columns of its row as
# variables.
each_browser() {
    while IFS=$TAB read -r name family system package hosts profiles programs title everyone <&3; do
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
    # Whose profiles are there says nothing of what others use.
    $for_all || each_item "$profiles" check_profile
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
# of root are the machine's own layout, such as a moved /home. Sets `refusal`.
no_foreign_links() {
    component=$1
    while [ -n "$component" ]; do
        if [ -L "$component" ] &&
            [ -n "$(find "$component" -prune ! -user "$(id -u)" ! -user 0 -print)" ]; then
            refusal="$component is a link that belongs to another user; nothing is written through it. Remove it and run this again."
            return 1
        fi
        component=${component%/*}
    done
}

# put_file SOURCE TARGET MODE: whole or not at all, whatever the umask, and only
# where something changes. Sets `outcome`, or `refusal` where it can't be done.
put_file() {
    no_foreign_links "$2" || return
    if [ -d "$2" ]; then
        refusal="$2 is a folder, where url-notes needs a file. Move it away and run this again."
        return 1
    fi
    if [ ! -L "$2" ] && cmp -s -- "$1" "$2" && [ -n "$(find "$2" -prune -perm "$3" -print)" ]; then
        outcome='already there'
        return
    fi
    if $dry_run; then
        outcome='would be written'
        return
    fi
    if [ -e "$2" ] || [ -L "$2" ]; then outcome=replaced; else outcome=written; fi
    mkdir -p -- "${2%/*}" 2>/dev/null || {
        refusal="The folder ${2%/*} can't be made."
        return 1
    }
    unfinished=$(mktemp "${2%/*}/.url-notes.XXXXXX" 2>/dev/null) || {
        unfinished=''
        refusal="The folder ${2%/*} can't be written to."
        return 1
    }
    if ! { cp -- "$1" "$unfinished" && chmod "$3" "$unfinished" && mv $onto -- "$unfinished" "$2"; }; then
        refusal="$2 can't be written."
        rm -f -- "$unfinished"
        return 1
    fi
    unfinished=''
}

# GNU's mv can be told not to move into a folder that appears at the last moment.
find_move() {
    onto=-f
    : >"$work/moved"
    if mv -fT -- "$work/moved" "$work/moved onto" 2>/dev/null; then
        onto=-fT
    fi
}

# remove_file FILE: and the folders above it that are empty then. Sets `outcome`.
remove_file() {
    [ -e "$1" ] || [ -L "$1" ] || return 1
    no_foreign_links "${1%/*}" || fail "$refusal"
    if $dry_run; then
        outcome='would be removed'
        return
    fi
    rm -f -- "$1" || fail "$1 can't be removed."
    outcome=removed
    emptied=${1%/*}
    while ! is_kept "$emptied" && rmdir -- "$emptied" 2>/dev/null; do
        emptied=${emptied%/*}
    done
}

# Folders that were there before, empty or not.
is_kept() {
    case $1 in
        "$HOME" | "$config" | "$root") return 0 ;;
    esac
    $for_all || return 1
    case ${1#"$root"} in
        /etc | /etc/opt | /usr | /usr/lib | /usr/lib64 | /Library | "/Library/Application Support" | \
            "$prefix" | "$prefix/bin" | "$share" | "$share/man" | "$share/man/man1")
            return 0
            ;;
    esac
    return 1
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
    if [ -z "$given_program" ] && [ ! -f "$folder/Cargo.toml" ]; then
        # A released archive has it beside this file.
        given_program=$folder/bin/url-notes
    fi
    if [ -n "$given_program" ]; then
        if [ ! -f "$given_program" ] || [ ! -x "$given_program" ]; then
            fail "$given_program is no program that could be installed."
        fi
        case $given_program in
            /*) built=$given_program ;;
            *) built=$PWD/$given_program ;;
        esac
    else
        build_from_source
    fi
    # A program for another processor, or for a newer C library.
    if [ -e "$built" ] && ! ask_program --version >"$work/version" 2>&1; then
        fail "$built doesn't run on this computer ($(sed -n '$p' "$work/version")). Build it here instead: run ./install.sh in a clone of the repository."
    fi
}

build_from_source() {
    target_folder=${CARGO_TARGET_DIR:-$folder/target}
    case $target_folder in /*) ;; *) target_folder=$PWD/$target_folder ;; esac
    built=$target_folder/release/url-notes
    if $dry_run; then
        say "Would build $built."
        return
    fi
    cargo=$(command -v cargo) || cargo=$HOME/.cargo/bin/cargo
    [ -x "$cargo" ] ||
        fail "Building url-notes takes Rust, and there is no cargo here. Get it from https://rustup.rs and run this again."
    refuse_old_rust
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        fail "Building url-notes takes a C compiler (for SQLite). Debian, Ubuntu: sudo apt install gcc. Fedora: sudo dnf install gcc. macOS: xcode-select --install."
    say "Building url-notes …"
    (cd "$folder" && "$cargo" build --release --locked --package url-notes --target-dir "$target_folder") ||
        fail "url-notes wasn't built; the messages above say why."
}

# One that doesn't tell its version says itself why it can't build.
refuse_old_rust() {
    needed=$(sed -n 's/^rust-version = "\([0-9]*\.[0-9]*\).*/\1/p' "$folder/Cargo.toml")
    present=$("$cargo" --version 2>/dev/null | sed -n 's/^cargo \([0-9]*\.[0-9]*\).*/\1/p') || present=''
    if [ -z "$needed" ] || [ -z "$present" ]; then
        return
    fi
    if [ "${present%.*}" -lt "${needed%.*}" ] ||
        { [ "${present%.*}" -eq "${needed%.*}" ] && [ "${present#*.}" -lt "${needed#*.}" ]; }; then
        if command -v rustup >/dev/null; then
            cure='Run: rustup update stable'
        else
            cure='Get a newer one from https://rustup.rs and run this again.'
        fi
        fail "Building url-notes takes Rust $needed or newer; $cargo is $present. $cure"
    fi
}

# The program's own answer, without a look at the user's notes.
ask_program() { URL_NOTES_DATA_DIR=$work/none "$built" "$@" </dev/null; }

install_all() {
    find_targets
    build
    trouble=false replaced=false
    if $dry_run && [ ! -e "$built" ]; then
        outcome='would be written'
    else
        put_file "$built" "$root$program" 0755 || fail "$refusal"
    fi
    [ "$outcome" != replaced ] || replaced=true
    say "Program: $root$program ($outcome)."
    extras=''
    each_extra put_extra
    [ -z "$extras" ] || say "Beside it, under $root$share: ${extras#, }."
    registered=0 refused=0 chromium_steps='' firefox_steps='' notices=''
    each_browser register
    ! $with_service || put_service
    # What goes into another root runs nowhere yet.
    ! $replaced || [ -n "$root" ] || end_old_hosts
    if [ "$registered" -eq 0 ]; then
        none='No browser was found. '
        [ "$refused" -eq 0 ] || none=''
        say "${none}Register with one that you use by ./install.sh --browser NAME:"
        names=
        each_browser list_reachable
        say " $names"
    else
        say_next_steps
    fi
    say_about_path
    ! $trouble || exit 1
}

# Runs a function for each file besides the program, with its place and what the
# program has to be asked for it.
each_extra() {
    "$1" "$share/bash-completion/completions/url-notes" completions bash
    "$1" "$share/zsh/site-functions/_url-notes" completions zsh
    "$1" "$share/fish/vendor_completions.d/url-notes.fish" completions fish
    "$1" "$share/man/man1/url-notes.1" man
}

# An older program doesn't know all of them.
put_extra() {
    extra=$1
    shift
    if $dry_run && [ ! -e "$built" ]; then
        extras="$extras, $(extra_title "$@")"
        return
    fi
    if ! ask_program "$@" >"$work/extra" 2>/dev/null || [ ! -s "$work/extra" ]; then
        return
    fi
    if put_file "$work/extra" "$root$extra" 0644; then
        extras="$extras, $(extra_title "$@")"
    else
        complain "$refusal"
    fi
}

extra_title() {
    case $1 in
        completions) printf 'completions for %s' "$2" ;;
        *) printf 'the man page' ;;
    esac
}

# The others go on; the exit code tells.
complain() {
    warn "$*"
    trouble=true
}

register() {
    case $wanted in
        *" $name "*) ;;
        *) browser_found || return 0 ;;
    esac
    case $package:$hosts in
        refused:*)
            say "$title: not registered, on purpose. It is for leaving no trace of what you read, and a note is one."
            refused=$((refused + 1))
            return
            ;;
        *:-)
            say "$title: can't be registered, its $package sandbox shuts every program outside it off. Use a browser that isn't installed as a $package."
            refused=$((refused + 1))
            return
            ;;
    esac
    folders=$hosts
    if $for_all; then
        folders=$everyone
        if [ "$folders" = - ]; then
            say "$title: reads no folder that is for all users; each user of it runs ./install.sh."
            refused=$((refused + 1))
            return
        fi
    fi
    case $package in
        snap) notices="$notices

$title asks once whether it may start url-notes. To answer beforehand:
  flatpak permission-set webextensions $HOST snap.firefox yes" ;;
        flatpak) notices="$notices

$title reaches url-notes only from version 157 on, and only with
xdg-native-messaging-proxy installed. In the browser's about:config, set
  widget.use-xdg-desktop-portal.native-messaging-proxy
to 1. For an older one, use a browser that isn't installed as a Flatpak." ;;
    esac
    host_manifest "$family" "$program" >"$work/manifest.json"
    done_here=true
    each_item "$folders" put_manifest
    $done_here || return 0
    registered=$((registered + 1))
    case $family in
        chromium) chromium_steps="$chromium_steps, $title" ;;
        firefox) firefox_steps="$firefox_steps, $title" ;;
    esac
}

put_manifest() {
    manifest=$root$(expand "$1")/$HOST.json
    has_lib64 "$manifest" || return 0
    kept=''
    if keep_old "$work/manifest.json" && put_file "$work/manifest.json" "$manifest" 0644; then
        say "$title: registered by $manifest ($outcome)."
        [ -z "$kept" ] || say "$title: what stood there is kept as $kept."
    else
        complain "$title can't be registered: $refusal"
        done_here=false
    fi
}

# keep_old OURS: a manifest that differs from ours in more than the program's path isn't
# one that this wrote, so it is kept beside the new one. Sets `kept`, or `refusal` where it
# can't be done.
keep_old() {
    if $dry_run || [ ! -f "$manifest" ] || [ ! -s "$manifest" ]; then
        return 0
    fi
    no_foreign_links "$manifest" || return
    path_line='/^[[:space:]]*"path": /d'
    sed "$path_line" "$manifest" >"$work/theirs" 2>/dev/null || : >"$work/theirs"
    ! sed "$path_line" "$1" | cmp -s -- - "$work/theirs" || return 0
    kept=$manifest.old number=1
    while [ -e "$kept" ] || [ -L "$kept" ]; do
        # One copy of it is enough.
        ! cmp -s -- "$manifest" "$kept" || return 0
        number=$((number + 1))
        kept=$manifest.old.$number
    done
    cp -p -- "$manifest" "$kept" 2>/dev/null || {
        refusal="$manifest isn't one that url-notes wrote, and can't be kept as $kept. Move it away and run this again."
        kept=''
        return 1
    }
}

# Only systems that keep Mozilla's folder there read it there.
has_lib64() {
    case ${1#"$root"} in
        /usr/lib64/*) [ -d "$root/usr/lib64/mozilla" ] ;;
    esac
}

# Programs that browsers started before go on as the old one until they end. The
# extension starts the new one by itself, and sends again what was not answered.
end_old_hosts() {
    command -v ps >/dev/null || return 0
    ended=0
    for process in $(list_hosts); do
        ! kill "$process" 2>/dev/null || ended=$((ended + 1))
    done
    [ "$ended" -eq 0 ] ||
        say "Running browsers have been made to start the new program: $ended of the old one ended."
}

# Process ids of the program where a browser runs it: its argument is an extension's
# origin, or a host manifest and an extension's id.
list_hosts() {
    # Through the environment, since awk would read backslashes in a variable.
    ps -axo pid=,args= 2>/dev/null | PROGRAM=$program LC_ALL=C awk '{
        id = $1
        sub(/^[ \t]*[0-9]+[ \t]/, "")
        start = ENVIRON["PROGRAM"] " "
        if (index($0, start) != 1) next
        rest = substr($0, length(start) + 1)
        if (rest ~ /^chrome-extension:\/\// || rest ~ /\/url_notes\.json url-notes@url-notes/) print id
    }'
}

# ---- The site without a browser

service_file() {
    if [ "$this_system" = macos ]; then
        printf '%s' "$HOME/Library/LaunchAgents/$SERVICE.plist"
    else
        printf '%s' "$config/systemd/user/$SERVICE.service"
    fi
}

put_service() {
    unit=$(service_file)
    if [ "$this_system" = macos ]; then
        launch_agent >"$work/service"
        start="launchctl bootstrap gui/$(id -u) \"$unit\""
    elif command -v systemctl >/dev/null; then
        systemd_unit >"$work/service"
        start="systemctl --user daemon-reload && systemctl --user enable --now $SERVICE.service"
    else
        complain "There is no systemd here for --service; have your session start: $program serve"
        return
    fi
    put_file "$work/service" "$unit" 0644 || {
        complain "$refusal"
        return
    }
    say "Service: $unit ($outcome)."
    if $dry_run; then
        return
    fi
    if start_service; then
        say "The site runs now, and from now on whenever you log in."
    else
        say "The service could not be started from here. Start it in your own session by:"
        say "  $start"
    fi
}

start_service() {
    if [ "$this_system" = macos ]; then
        launchctl bootout "gui/$(id -u)/$SERVICE" 2>/dev/null || true
        launchctl bootstrap "gui/$(id -u)" "$unit" 2>/dev/null
    else
        # Restarted, since it may be the old program that runs.
        systemctl --user daemon-reload 2>/dev/null &&
            systemctl --user enable "$SERVICE.service" 2>/dev/null &&
            systemctl --user restart "$SERVICE.service" 2>/dev/null
    fi
}

systemd_unit() {
    # systemd reads backslashes, quotes, percent and dollar signs even in quotes.
    quoted=$(printf '%s' "$program" | LC_ALL=C sed 's/[\\"]/\\&/g; s/%/%%/g; s/\$/$$/g')
    cat <<UNIT
[Unit]
Description=The site of url-notes

[Service]
ExecStart="$quoted" serve
Restart=on-failure
NoNewPrivileges=yes

[Install]
WantedBy=default.target
UNIT
}

launch_agent() {
    quoted=$(printf '%s' "$program" | LC_ALL=C sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
    cat <<AGENT
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>$SERVICE</string>
	<key>ProgramArguments</key>
	<array>
		<string>$quoted</string>
		<string>serve</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<true/>
</dict>
</plist>
AGENT
}

remove_service() {
    unit=$(service_file)
    [ -e "$unit" ] || [ -L "$unit" ] || return 0
    if ! $dry_run; then
        if [ "$this_system" = macos ]; then
            launchctl bootout "gui/$(id -u)/$SERVICE" 2>/dev/null || true
        else
            systemctl --user disable --now "$SERVICE.service" 2>/dev/null || true
        fi
    fi
    # What enabling it made, where systemctl could not be asked.
    remove_file "$config/systemd/user/default.target.wants/$SERVICE.service" || true
    if remove_file "$unit"; then
        removed=true
        say "Service: $unit ($outcome)."
    fi
}

# ---- What is left to do

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
    [ -z "$notices" ] || say "${notices#?}"
    say
    say "Then click the button on any page. Your notes are at $(site_address)."
}

# Where browsers that are started from here have it.
site_address() {
    case ${URL_NOTES_PORT-} in
        '' | *[!0-9]*) printf 'http://localhost:6683' ;;
        *) printf 'http://localhost:%s' "$URL_NOTES_PORT" ;;
    esac
}

say_about_path() {
    case $for_all:${SHELL-} in
        false:*/zsh)
            if [ -e "$share/zsh/site-functions/_url-notes" ]; then
                say
                say "For the completions in zsh, put this above compinit in ~/.zshrc:"
                say "  fpath=(\"$share/zsh/site-functions\" \$fpath)"
            fi
            ;;
    esac
    case :${PATH-}: in
        *":${program%/*}:"*) return ;;
    esac
    case ${program%/*} in
        "$HOME"/*) shown="\$HOME${program#"$HOME"}" ;;
        *) shown=$program ;;
    esac
    say
    say "${program%/*} isn't on your PATH. For url-notes on the command line:"
    case ${SHELL-} in
        */fish) say "  fish_add_path \"${shown%/*}\"" ;;
        */zsh) say "  echo 'export PATH=\"${shown%/*}:\$PATH\"' >>~/.zshrc" ;;
        */bash) say "  echo 'export PATH=\"${shown%/*}:\$PATH\"' >>~/.bashrc" ;;
        *) say "  echo 'export PATH=\"${shown%/*}:\$PATH\"' >>~/.profile" ;;
    esac
}

# ---- Taking it back

uninstall_all() {
    find_targets
    removed=false elsewhere='' trouble=false
    $for_all || remove_service
    each_browser unregister
    extras=''
    each_extra remove_extra
    [ -z "$extras" ] || say "Under $root$share: ${extras#, } ($outcome)."
    if remove_file "$root$program"; then
        removed=true
        say "Program: $root$program ($outcome)."
    fi
    if ! $for_all; then
        for log in "$(log_folder)/url-notes.log" "$(log_folder)/url-notes.log.old" "$(log_folder)/extensions.json"; do
            ! remove_file "$log" || say "Log: $log ($outcome)."
        done
    fi
    $removed || say "url-notes isn't installed: there is nothing to take back."
    [ -z "$elsewhere" ] ||
        say "The browsers were told of another copy of the program, which is left alone:$elsewhere"
    if $for_all; then
        say "Each user's notes and settings stay."
    else
        say "Your notes and settings stay: $(data_folders)."
    fi
    say "The extension goes by \"Remove\" on the browser's own extensions page."
    ! $trouble || exit 1
}

remove_extra() {
    if remove_file "$root$1"; then
        removed=true
        shift
        extras="$extras, $(extra_title "$@")"
    fi
}

unregister() {
    if $for_all; then
        each_item "$everyone" remove_manifest
    else
        each_item "$hosts" remove_manifest
    fi
}

remove_manifest() {
    manifest=$root$(expand "$1")/$HOST.json
    [ -f "$manifest" ] || [ -L "$manifest" ] || return 0
    host_manifest "$family" "$program" >"$work/manifest.json"
    cmp -s -- "$work/manifest.json" "$manifest" || note_other_program
    kept=''
    keep_old "$work/manifest.json" || {
        complain "$title: $refusal"
        return 0
    }
    if remove_file "$manifest"; then
        removed=true
        say "$title: $manifest ($outcome)."
        [ -z "$kept" ] || say "$title: url-notes didn't write it, so it is kept as $kept."
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
    chosen_title=$title chosen_family=$family chosen_hosts=$hosts
}

display_present() {
    [ "$this_system" = macos ] || [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]
}

open_browser() {
    mkdir -p -- "$work/home" "$work/profile" "$work/tmp"
    say "Opening $chosen_title with url-notes, sample notes and $address in a throw-away profile."
    each_item "$chosen_hosts" put_try_manifest
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

# Where the browser looks in a home of its own. put_try_manifest FOLDER
put_try_manifest() {
    try_folder=$(HOME=$work/home config=$work/home/.config expand "$1")
    mkdir -p -- "$try_folder"
    host_manifest "$chosen_family" "$built" >"$try_folder/$HOST.json"
}

open_chromium() {
    # Most look beside their profile, Brave and Opera in their usual place.
    put_try_manifest "$work/profile/NativeMessagingHosts"
    mkdir -p -- "$work/profile/Default"
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
    mkdir -p -- "$work/profile/extensions"
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
    find_move
    case $job in
        install) install_all ;;
        uninstall) uninstall_all ;;
        try) try_it ;;
    esac
}

# In braces, so that the line does nothing before its end has been read.
{ main "$@"; exit; }
