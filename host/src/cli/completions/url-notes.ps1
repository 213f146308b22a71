# Completion of url-notes for PowerShell, made by: url-notes completions powershell

Register-ArgumentCompleter -Native -CommandName url-notes -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { "$_".Trim("'", '"') })
    # An empty word would be lost on its way: it is the one behind the last.
    $index = if ($wordToComplete) { $words.Count - 1 } else { $words.Count }
    & $words[0] complete $index '--' @words 2>$null | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        # For PowerShell a typographic quote ends a text as well as a straight one.
        $quoted = $value -replace "['\u2018-\u201B]", '$0$0'
        $text = if ($value -match '[^\w./:=+@%-]') { "'$quoted'" } else { $value }
        [System.Management.Automation.CompletionResult]::new(
            $text, $value, 'ParameterValue', $(if ($help) { $help } else { $value }))
    }
}
