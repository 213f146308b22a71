#compdef url-notes
# Completion of url-notes for zsh, made by: url-notes completions zsh

_url-notes() {
    local -a lines described
    local line value
    lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" complete $((CURRENT - 1)) -- \
        "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in $lines; do
        value=${line%%$'\t'*}
        described+=("${value//:/\\:}:${line#*$'\t'}")
    done
    if ((${#described} == 1)) && [[ $value == */ ]]; then
        _describe -V url-notes described -S ''
    elif ((${#described})); then
        _describe -V url-notes described
    fi
}

# zsh runs the file as the function itself. A user who sources it gets the function registered.
if [[ $funcstack[1] == _url-notes ]]; then
    _url-notes "$@"
else
    compdef _url-notes url-notes
fi
