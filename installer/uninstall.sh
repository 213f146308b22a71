# Removes an installation. Sourced by install.sh for --uninstall; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317 # Shared variables; functions run by name.

uninstall_it() {
    find_targets
    removed=false trouble=false
    if ! $for_all; then
        load service
        remove_service
    fi
    unregister
    extras=''
    each_extra remove_extra
    [ -z "$extras" ] || say "Under $root$share: ${extras#, } ($outcome)."
    if remove_file "$root$program"; then
        removed=true
        say "Program: $root$program ($outcome)."
    fi
    load net
    remove_net
    if ! $for_all; then
        for log in "$(log_folder)/url-notes.log" "$(log_folder)/url-notes.log.old" "$(log_folder)/extensions.json"; do
            ! remove_file "$log" || say "Log: $log ($outcome)."
        done
    fi
    $removed || say "url-notes isn't installed, so there is nothing to remove."
    if $for_all; then
        say "The notes and settings of all users are kept."
    else
        say "Your notes and settings are kept: $(data_folders)."
    fi
    say "To remove the extension, use the browser's extensions page."
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
    find_registrar
    if [ -z "$registrar" ]; then
        each_browser remove_registration
        return
    fi
    run_register --remove
    case $said in *'removed).'*) removed=true ;; esac
}

# Finds a program that can remove registrations, because the installed one may be missing, broken or
# old. Sets `registrar`, or leaves it empty.
find_registrar() {
    registrar=''
    for candidate in "$given_program" "$root$program" \
        "$folder/bin/url-notes" "$folder/target/release/url-notes"; do
        try_registrar "$candidate"
    done
    each_browser try_registered
}

try_registrar() {
    if [ -z "$registrar" ] && [ -f "$1" ] && [ -x "$1" ]; then
        case $(ask "$1" register --help 2>/dev/null) in *--remove*) registrar=$1 ;; esac
    fi
}

# Another copy of the program, which the browsers start.
try_registered() { each_manifest try_named; }

try_named() {
    if is_own_manifest; then
        case $named in */url-notes) try_registrar "$named" ;; esac
    fi
}

# Without such a program, removes only what url-notes wrote for the installed one.
remove_registration() { each_manifest remove_manifest; }

remove_manifest() {
    if ! is_own_manifest || [ "$named" != "$program" ]; then
        say "$title: $manifest was not removed, because url-notes didn't write it for $program."
    elif remove_file "$manifest"; then
        removed=true
        say "$title: $manifest ($outcome)."
    fi
}

# Runs a function for each existing host manifest of a browser, with its path in `manifest`.
each_manifest() {
    with_manifest=$1
    if $for_all; then each_item "$everyone" present_manifest; else each_item "$hosts" present_manifest; fi
}

present_manifest() {
    manifest=$root$(expand "$1")/url_notes.json
    [ ! -f "$manifest" ] || "$with_manifest"
}

# Returns whether the manifest differs from the template only in the program's path. Sets `named` to
# that path.
is_own_manifest() {
    path_line='/^[[:space:]]*"path": /'
    sed "${path_line}d" "$folder/manifests/$family.json" >"$work/template"
    sed "${path_line}d" "$manifest" 2>/dev/null | cmp -s -- - "$work/template" || return
    named=$(sed -n "${path_line}p" "$manifest" | LC_ALL=C sed 's/^[^:]*: "\(.*\)",$/\1/; s/\\\(["\\]\)/\1/g')
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

# remove_file FILE: also removes folders above it that are then empty. Sets `outcome`.
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

# Folders that existed before, whether empty or not.
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

# Expands a folder as written in the table.
expand() {
    case $1 in
        \~/*) printf '%s\n' "$HOME/${1#??}" ;;
        "\$XDG_CONFIG_HOME/"*) printf '%s\n' "$config/${1#*/}" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

loaded=uninstall
