# Ends the old program in running browsers. Sourced by install.sh after it has replaced a program;
# contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # Variables shared by both files.

# Hosts that browsers started before keep running the old program until they end. The extension
# starts the new one on its own and repeats what was not answered.
end_old_hosts() {
    command -v ps >/dev/null || return 0
    ended=0
    for process in $(list_hosts); do
        ! kill "$process" 2>/dev/null || ended=$((ended + 1))
    done
    [ "$ended" -eq 0 ] ||
        say "Stopped $ended old url-notes processes, so that running browsers start the new program."
}

# Lists the process ids of the program when run by a browser: its argument is an extension's origin,
# or a host manifest and an extension's id.
list_hosts() {
    # Passed in the environment, because awk interprets backslashes in a variable.
    ps -axo pid=,args= 2>/dev/null | PROGRAM=$program LC_ALL=C awk '{
        id = $1
        sub(/^[ \t]*[0-9]+[ \t]/, "")
        start = ENVIRON["PROGRAM"] " "
        if (index($0, start) != 1) next
        rest = substr($0, length(start) + 1)
        if (rest ~ /^chrome-extension:\/\// || rest ~ /\/url_notes\.json url-notes@url-notes/) print id
    }'
}

loaded=running
