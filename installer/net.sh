# Installs and removes url-notes-net, the program that uses the network. Sourced by install.sh for
# --net, --feeds, --no-net, --uninstall, and where it is installed already; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # Variables shared by both files.

# An older one can't be left beside a newer program, whose notes it might not understand.
put_net() {
    find_net || return 0
    if $dry_run && [ ! -e "$built_net" ]; then
        outcome='would be written'
    elif ! put_file "$built_net" "$root$net_program" 0755; then
        complain "$refusal"
        return
    fi
    say "For the network: $root$net_program ($outcome)."
}

# Sets `built_net`.
find_net() {
    if [ -n "$given_program" ]; then
        built_net=${built%/*}/url-notes-net
        if [ -f "$built_net" ] && [ -x "$built_net" ]; then
            return
        fi
        if $with_net; then
            complain "There is no url-notes-net beside $built, so it isn't installed."
        else
            warn "There is no url-notes-net beside $built, so the installed one stays as it is."
        fi
        return 1
    fi
    built_net=${built%/*}/url-notes-net
    if $dry_run; then
        say "Would build $built_net."
        return
    fi
    say "Building url-notes-net …"
    # Apart from the other program, which would otherwise be linked with more than it needs.
    if ! (cd "$folder" && "$cargo" build --release --locked --package url-notes-net --target-dir "$target_folder"); then
        complain "url-notes-net wasn't built; the messages above say why."
        return 1
    fi
}

# Removes it with the timer that starts it. Needs installer/uninstall.sh.
remove_net() {
    if ! $for_all; then
        load feeds
        remove_feeds
    fi
    if remove_file "$root$net_program"; then
        removed=true
        say "For the network: $root$net_program ($outcome)."
    fi
}

loaded=net
