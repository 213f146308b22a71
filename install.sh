#!/bin/sh
# Installs url-notes for the current user: builds the program (or takes the one beside this file),
# copies it to ~/.local/bin with completions and manual page, and makes it register with the
# browsers. `--try` opens it in a temporary folder instead; `--uninstall` removes it.
#
# Doesn't load the extension into a browser in use (browsers don't permit it; prints the steps
# instead), write host manifests (`url-notes register` does), require root except for --system,
# download anything but cargo's crates, or touch the notes.
#
# The browsers and their folders are in manifests/browsers.tsv; what only some installations need is
# in the folder `installer`. Everything is in functions, and the last line runs them, so a truncated
# copy of this file does nothing.

# Most functions are run by name, by each_browser and each_item; variables that seem unused are read
# in the folder `installer`.
# shellcheck disable=SC2317,SC2034,SC1090

set -eu

TAB=$(printf '\t')
LINE_BREAK='
'

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
  --system        install into /usr/local for all users (needs root); DESTDIR
                  prefixes all written paths
  --service       start the site when you log in, without a browser
  --net           install url-notes-net, too: the only program that uses the
                  network, for feeds, dead links, texts and summaries
  --feeds         fetch feeds every hour (includes --net)
  --no-net        remove url-notes-net and that timer; the rest is installed
  --try           install nothing: open a browser with the extension, a few sample
                  notes and the site, all in a temporary folder
  --uninstall     remove everything that was installed; your notes stay
  --dry-run       show what would be done, but change nothing
  --help          show this help

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

# ---- Options and locations

parse_options() {
    job=install wanted=' ' prefix='' given_program='' dry_run=false for_all=false with_service=false
    with_net=false with_feeds=false without_net=false
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
            --net) with_net=true ;;
            --feeds) with_net=true with_feeds=true ;;
            --no-net) without_net=true ;;
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
    if $with_net && $without_net; then
        usage_error "--no-net removes what --net and --feeds install, so they can't go together."
    fi
    if $for_all && $with_feeds; then
        usage_error "Feeds are each user's own, so --feeds can't go with --system; each user runs ./install.sh --feeds."
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

# Without browsers that can't be registered with.
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
    # The XDG specification requires relative paths to be ignored.
    case ${XDG_CONFIG_HOME-} in
        /*) config=$XDG_CONFIG_HOME ;;
        *) config=$HOME/.config ;;
    esac
}

# Sets the locations of installed files. `root` is a prefix of paths that are written, but doesn't
# appear in the content of files.
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
    net_program=$prefix/bin/url-notes-net
    # A host manifest can't name a file with control characters.
    [ "$program" = "$(printf '%s' "$program" | LC_ALL=C tr -d '[:cntrl:]')" ] ||
        fail "The path of the program has a line break or another control character in it; choose another with --prefix."
}

# Under sudo, HOME may still be the user's, whose files would become root's. Or it is root's, where
# the user's browsers don't look.
refuse_borrowed_home() {
    [ -z "$(find "$HOME/" -prune ! -user "$(id -u)" -print)" ] ||
        fail "HOME ($HOME) belongs to another user. Run this as that user, without sudo."
    case $(id -u):${SUDO_USER:-root} in
        0:root | [!0]*) ;;
        *) fail "This would install url-notes for root. Run it without sudo, or with --system for all users." ;;
    esac
}

# load NAME: sources a file of the folder `installer`. Its last line sets `loaded`.
load() {
    loaded=''
    [ ! -f "$folder/installer/$1.sh" ] || . "$folder/installer/$1.sh"
    [ "$loaded" = "$1" ] ||
        fail "This has to stay in the url-notes folder: installer/$1.sh is missing there, or cut short."
}

# ---- The table of browsers

# Runs a function for each browser of this system, with the columns of its row as variables.
each_browser() {
    while IFS=$TAB read -r name family system package hosts _ programs title everyone <&3; do
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

# ---- Writing files

# Refuses paths with links that another user planted, because they could redirect the write to any
# file. Links of root are accepted: they are the system's layout, such as a moved /home. Sets
# `refusal`.
no_foreign_links() {
    component=$1
    while [ -n "$component" ]; do
        if [ -L "$component" ] &&
            [ -n "$(find "$component" -prune ! -user "$(id -u)" ! -user 0 -print)" ]; then
            refusal="$component is a link that belongs to another user, so url-notes doesn't write through it. Remove it and run this again."
            return 1
        fi
        component=${component%/*}
    done
}

# put_file SOURCE TARGET MODE: writes atomically, regardless of the umask, and only if something
# changes. Sets `outcome`, or `refusal` on failure.
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
        refusal="The folder ${2%/*} can't be created."
        return 1
    }
    unfinished=$(mktemp "${2%/*}/.url-notes.XXXXXX" 2>/dev/null) || {
        unfinished=''
        refusal="The folder ${2%/*} can't be written to."
        return 1
    }
    if ! { cp -- "$1" "$unfinished" && chmod "$3" "$unfinished" && mv "$onto" -- "$unfinished" "$2"; }; then
        refusal="$2 can't be written."
        rm -f -- "$unfinished"
        return 1
    fi
    unfinished=''
}

# GNU's mv has an option not to move into a folder that appears at the last moment.
find_move() {
    onto=-f
    : >"$work/moved"
    if mv -fT -- "$work/moved" "$work/moved onto" 2>/dev/null; then
        onto=-fT
    fi
}

# ---- Installing

build() {
    if [ -z "$given_program" ] && [ ! -f "$folder/Cargo.toml" ]; then
        # A release archive has the program beside this file.
        given_program=$folder/bin/url-notes
    fi
    if [ -n "$given_program" ]; then
        if [ ! -f "$given_program" ] || [ ! -x "$given_program" ]; then
            fail "$given_program is not a program that can be installed."
        fi
        case $given_program in
            /*) built=$given_program ;;
            *) built=$PWD/$given_program ;;
        esac
        [ "$this_system" != macos ] || lift_quarantine "$built" "${built%/*}/url-notes-net"
    else
        load build
        build_from_source
    fi
    # A program for another processor, or for a newer C library.
    if [ -e "$built" ] && ! ask "$built" --version >"$work/version" 2>&1; then
        fail "$built doesn't run on this computer ($(sed -n '$p' "$work/version")). Take the archive for $(uname -m) and $(uname -s), or build it here: run ./install.sh in a clone of the repository."
    fi
}

# lift_quarantine FILE…: macOS marks what a browser has downloaded, and its Gatekeeper doesn't run a
# marked program that Apple hasn't notarised.
lift_quarantine() {
    for marked; do
        xattr -p com.apple.quarantine "$marked" >/dev/null 2>&1 || continue
        if $dry_run; then
            say "Would remove the mark of downloaded files from $marked, so that macOS runs it."
        elif xattr -d com.apple.quarantine "$marked" 2>/dev/null; then
            say "Removed the mark of downloaded files from $marked, so that macOS runs it."
        else
            fail "macOS won't run $marked, which is marked as downloaded. Run: xattr -d com.apple.quarantine '$marked'"
        fi
    done
}

# ask PROGRAM WORDS…: runs it without access to the user's notes.
ask() { URL_NOTES_DATA_DIR=$work/none "$@" </dev/null; }

install_it() {
    find_targets
    build
    trouble=false replaced=false first=false
    if $dry_run && [ ! -e "$built" ]; then
        outcome='would be written'
    else
        put_file "$built" "$root$program" 0755 || fail "$refusal"
    fi
    case $outcome in
        replaced) replaced=true ;;
        written) first=true ;;
    esac
    say "Program: $root$program ($outcome)."
    if $without_net; then
        load uninstall
        load net
        remove_net
    elif $with_net || [ -e "$root$net_program" ]; then
        load net
        put_net
    fi
    extras=''
    each_extra put_extra
    [ -z "$extras" ] || say "Beside it, under $root$share: ${extras#, }."
    registrar=$built said=''
    if $dry_run && [ ! -e "$built" ]; then
        say "Would register it with the browsers found on this computer."
    else
        set --
        for name in $wanted; do set -- "$@" --browser "$name"; done
        [ $# -eq 0 ] || set -- "$@" --found
        run_register "$@"
    fi
    if $with_service; then
        load service
        put_service
    fi
    if $with_feeds; then
        load feeds
        put_feeds
    fi
    # With another root, no program is running from there yet.
    if $replaced && [ -z "$root" ]; then
        load running
        end_old_hosts
    fi
    chromium_steps='' firefox_steps='' firefox_programs=-
    each_browser list_registered
    [ -z "$chromium_steps$firefox_steps" ] || say_next_steps
    say_about_path
    ! $trouble || exit 1
}

# Runs a function for each file besides the program, with its location and the arguments that print
# it.
each_extra() {
    "$1" "$share/bash-completion/completions/url-notes" completions bash
    "$1" "$share/zsh/site-functions/_url-notes" completions zsh
    "$1" "$share/fish/vendor_completions.d/url-notes.fish" completions fish
    "$1" "$share/man/man1/url-notes.1" man
}

# An older program doesn't have all of them.
put_extra() {
    extra=$1
    shift
    if $dry_run && [ ! -e "$built" ]; then
        extras="$extras, $(extra_title "$@")"
        return
    fi
    if ! ask "$built" "$@" >"$work/extra" 2>/dev/null || [ ! -s "$work/extra" ]; then
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

# The other browsers go on, and the exit code is 1.
complain() {
    warn "$*"
    trouble=true
}

# run_register OPTION…: makes the program write or remove host manifests. Sets `said`.
run_register() {
    ! $dry_run || set -- "$@" --dry-run
    ! $for_all || set -- "$@" --system
    [ -z "$root" ] || set -- "$@" --root "$root"
    status=0
    said=$(ask "$registrar" register --platform "$this_system" --program "$program" "$@" 2>"$work/refused") || status=$?
    if [ "$status" -gt 1 ]; then
        complain "$registrar can't register itself with browsers (status $status): $(sed -n 1p "$work/refused")"
        said=''
        return
    fi
    [ -z "$said" ] || say "$said"
    if [ "$status" -ne 0 ]; then
        sed 's/^url-notes: /install.sh: /' "$work/refused" >&2
        trouble=true
    fi
}

list_registered() {
    case $LINE_BREAK$said in
        *"$LINE_BREAK$title: registered by "*) ;;
        *) return 0 ;;
    esac
    case $family in
        chromium) chromium_steps="$chromium_steps, $title" ;;
        firefox)
            [ -n "$firefox_steps" ] || firefox_programs=$programs
            firefox_steps="$firefox_steps, $title"
            ;;
    esac
}

# ---- What is left to do

FIREFOX_PAGE='about:debugging#/runtime/this-firefox'

# Whether somebody installs here for the first time, by hand, on a desktop, and for Firefox alone.
may_open_firefox() {
    $first && ! $for_all && [ -z "$root$chromium_steps" ] && [ -t 1 ] &&
        [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]
}

# open_firefox NAME: opens the page on which extensions are loaded, unless another program did.
# Browsers of Chromium's family open no such page for others.
open_firefox() {
    [ -z "$opened" ] && command -v "$1" >/dev/null || return 0
    opened=$1
    # The browser stays when the terminal is closed.
    trap '' HUP
    "$1" "$FIREFOX_PAGE" </dev/null >/dev/null 2>&1 &
    trap 'exit 129' HUP
}

say_next_steps() {
    say
    say "Only you can load the extension into a browser. To do so, follow these steps:"
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
        opened=''
        ! may_open_firefox || each_item "$firefox_programs" open_firefox
        if [ -n "$opened" ]; then
            say "  1. In the page of Firefox that opens now, click \"Load Temporary Add-on…\"."
            say "     (Its address is $FIREFOX_PAGE.)"
        else
            say "  1. Open $FIREFOX_PAGE and click \"Load Temporary Add-on…\"."
        fi
        say "  2. Choose the file"
        say "     $folder/extension/manifest.json"
        say "     It stays until the browser is closed: Firefox keeps only signed add-ons."
    fi
    # The port for browsers started from this environment.
    case ${URL_NOTES_PORT-} in
        '' | *[!0-9]*) port=6683 ;;
        *) port=$URL_NOTES_PORT ;;
    esac
    say
    say "Then click the button on any page. Your notes are at http://localhost:$port."
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

# ---- Start and end

end_process() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

clean_up() {
    trap '' HUP INT TERM
    tried=$browser_process
    end_process "$browser_process"
    end_process "$site_process"
    [ -z "$unfinished" ] || rm -f -- "$unfinished"
    # The browser's children may still write for a moment after it has ended, and make the folder again.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if rm -rf -- "$work" ${temporary:+"$temporary"} 2>/dev/null; then
            [ -n "$tried" ] || return 0
            sleep 1
            [ -e "$work" ] || return 0
        else
            sleep 1
        fi
    done
    warn "The temporary folder $work couldn't be deleted. You can delete it by hand."
}

main() {
    find_places
    parse_options "$@"
    # Created folders are writable for the user and readable for all; modes of files are set one by
    # one.
    umask 022
    browser_process='' site_process='' unfinished='' temporary=''
    work=$(mktemp -d "${TMPDIR:-/tmp}/url-notes.XXXXXX") || fail "No temporary folder can be made in ${TMPDIR:-/tmp}."
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    find_move
    # One function per job; this file contains what most people run.
    [ "$job" = install ] || load "$job"
    "${job}_it"
}

# In braces, so that the line does nothing before its end has been read.
{ main "$@"; exit; }
