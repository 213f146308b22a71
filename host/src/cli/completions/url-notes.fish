# Completion of url-notes for fish, made by: url-notes completions fish

function __url_notes_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor | string unescape)
    $words[1] complete (count $words) -- $words "$current" 2>/dev/null
end

complete --command url-notes --no-files --keep-order --arguments '(__url_notes_complete)'
