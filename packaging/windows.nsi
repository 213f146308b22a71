; The installer for Windows, for one user and without administrator rights. packaging/windows.sh calls
; makensis with VERSION, FILES (the folder with the files) and OUTPUT.
;
; Notes are in $LOCALAPPDATA\url-notes, apart from the program, and are neither read nor removed here.
; The program itself registers with browsers: `url-notes register`.

Unicode true
SetCompressor /SOLID lzma
SetDatablockOptimize on
!include LogicLib.nsh
!include WinMessages.nsh

Name "url-notes ${VERSION}"
OutFile "${OUTPUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\url-notes"
ShowInstDetails nevershow
ShowUninstDetails nevershow
BrandingText " "

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "url-notes"
VIAddVersionKey "FileDescription" "Installer of url-notes"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT licence"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\url-notes"

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

; A file that can't be written, as on a full disk, ends the installation.
AllowSkipFiles off

; Everything is as it was: nothing has been replaced yet.
Function .onInstFailed
    SetOutPath "$LOCALAPPDATA"
    RMDir /r "$INSTDIR\new"
    RMDir "$INSTDIR\old"
FunctionEnd

; Stops with a sentence.
!macro stop SENTENCE
    MessageBox MB_OK|MB_ICONSTOP "${SENTENCE}" /SD IDOK
    Abort "${SENTENCE}"
!macroend

; Puts a program from the folder `new` into place. One that runs can't be overwritten, but renamed. A
; host sees that and ends (host/src/platform/windows.rs); the file goes with a later installation.
!macro place PROGRAM
    ${If} ${FileExists} "$INSTDIR\new\${PROGRAM}"
        ClearErrors
        Delete "$INSTDIR\${PROGRAM}"
        ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
            ClearErrors
            GetTempFileName $1 "$INSTDIR\old"
            Delete $1
            Rename "$INSTDIR\${PROGRAM}" $1
            ${If} ${Errors}
                !insertmacro stop "${PROGRAM} can't be replaced. Close the browsers, then install again."
            ${EndIf}
        ${EndIf}
        ClearErrors
        Rename "$INSTDIR\new\${PROGRAM}" "$INSTDIR\${PROGRAM}"
        ${If} ${Errors}
            Rename $1 "$INSTDIR\${PROGRAM}"
            !insertmacro stop "${PROGRAM} can't be written. The old one is still there."
        ${EndIf}
    ${EndIf}
!macroend

Section "url-notes"
    StrCpy $2 "update"
    ${IfNot} ${FileExists} "$INSTDIR\url-notes.exe"
        StrCpy $2 "first"
    ${EndIf}

    ; Those of earlier updates that no longer run.
    CreateDirectory "$INSTDIR\old"
    Delete "$INSTDIR\old\*.*"
    RMDir /r "$INSTDIR\new"

    ; Everything is unpacked before anything is replaced, because the disk may be full.
    SetOutPath "$INSTDIR\new"
    File /r "${FILES}\*.*"
    SetOutPath "$INSTDIR"

    StrCpy $1 ""
    !insertmacro place "url-notes.exe"
    !insertmacro place "url-notes-net.exe"
    RMDir /r "$INSTDIR\extension"
    Rename "$INSTDIR\new\extension" "$INSTDIR\extension"
    RMDir /r "$INSTDIR\docs"
    Rename "$INSTDIR\new\docs" "$INSTDIR\docs"
    Delete "$INSTDIR\LICENSE.txt"
    Rename "$INSTDIR\new\LICENSE.txt" "$INSTDIR\LICENSE.txt"
    RMDir /r "$INSTDIR\new"
    RMDir "$INSTDIR\old"

    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "url-notes"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\url-notes.exe"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1

    ; All four, whether they are there or not: a browser that is installed later finds the program, too.
    ; The program also puts its folder on PATH: NSIS would cut a long one.
    nsExec::ExecToStack '"$INSTDIR\url-notes.exe" register --on-path --browser chrome --browser chromium --browser edge --browser firefox'
    Pop $0
    Pop $1
    ${If} $0 != 0
        MessageBox MB_OK|MB_ICONEXCLAMATION "url-notes is installed, but not everything could be done. $1" /SD IDOK
        SetErrorLevel 2
    ${ElseIf} $2 == "first"
        MessageBox MB_OK|MB_ICONINFORMATION "url-notes is installed. If your browser doesn't have its extension yet, load this folder on the browser's extensions page:$\r$\n$\r$\n$INSTDIR\extension" /SD IDOK
    ${EndIf}
    ; Programs that start terminals read PATH again.
    SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
SectionEnd

Section "un.url-notes"
    nsExec::ExecToStack '"$INSTDIR\url-notes.exe" register --remove --on-path'
    Pop $0
    Pop $1
    SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
    ; A program that runs can't be removed, but moved away.
    Delete "$INSTDIR\url-notes.exe"
    ${If} ${FileExists} "$INSTDIR\url-notes.exe"
        GetTempFileName $1 "$TEMP"
        Delete $1
        Rename "$INSTDIR\url-notes.exe" $1
    ${EndIf}
    Delete "$INSTDIR\url-notes-net.exe"
    Delete "$INSTDIR\old\*.*"
    RMDir "$INSTDIR\old"
    RMDir /r "$INSTDIR\extension"
    RMDir /r "$INSTDIR\docs"
    Delete "$INSTDIR\LICENSE.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
