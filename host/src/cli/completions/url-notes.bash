# Completion of url-notes for bash, made by: url-notes completions bash

_url_notes() {
    local -a words=()
    local rest=$COMP_LINE before= quote= word value help i
    # bash takes words apart at : and =, as in addresses; here they are put together.
    for ((i = 0; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i == 0 || $rest == [[:space:]]* ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
    word=${COMP_WORDS[COMP_CWORD]}
    if [[ -n $word && $rest != [[:space:]]* ]]; then
        before=${words[${#words[@]} - 1]}
        unset "words[${#words[@]}-1]"
    fi
    if [[ $word == [:=] ]]; then
        before+=$word
    else
        before+=
        set -- "$1" "$2" "$3" "$before$2"
    fi
    local current=${4-$before}
    # The quote that is open at the cursor: what is put there has to stay text in it.
    for ((i = 0; i < COMP_POINT; i++)); do
        case $quote${COMP_LINE:i:1} in
            [\"\']) quote=${COMP_LINE:i:1} ;;
            '""' | "''") quote= ;;
            '\' | '"\') ((i++)) ;;
        esac
    done
    COMPREPLY=()
    while IFS=$'\t' read -r value help; do
        value=${value:${#before}}
        case $quote in
            '"')
                # Nothing keeps it from being history there, and is gone afterwards.
                [[ $value != *!* ]] || continue
                value=${value//\\/\\\\}
                value=${value//\"/\\\"}
                value=${value//\$/\\\$}
                value=${value//\`/\\\`}
                ;;
            "'") [[ $value != *\'* ]] || continue ;;
            *) printf -v value %q "$value" ;;
        esac
        COMPREPLY+=("$value")
    done < <("${1/#\~/$HOME}" complete "${#words[@]}" -- "${words[@]}" "$current" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o nosort -F _url_notes url-notes 2>/dev/null || complete -F _url_notes url-notes
