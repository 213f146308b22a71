# Completion of url-notes for elvish, made by: url-notes completions elvish

use str

set edit:completion:arg-completer[url-notes] = {|@words|
    url-notes complete (- (count $words) 1) -- $@words 2>/dev/null | each {|line|
        var value help = (str:split &max=2 "\t" $line)
        edit:complex-candidate $value &display=$value'  '$help
    }
}
