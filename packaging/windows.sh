#!/bin/sh
# Builds the files for Windows, an installer for one user and an archive for Scoop:
#
#   packaging/windows.sh [--program FILE] [FOLDER]
#
# writes into FOLDER (default: target/packages) and prints the paths. Without --program, builds
# url-notes and url-notes-net by cargo for x86_64-pc-windows-gnu, which takes that target of Rust and
# mingw-w64. With it, packs that program and the url-notes-net.exe beside it. Needs makensis (NSIS), zip
# and node.
#
#   packaging/windows.sh --manifests ADDRESS [FOLDER]
#
# writes the manifests of winget and Scoop for the two files in FOLDER, which are downloaded from
# ADDRESS/FILE.
#
# Doesn't sign or upload.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

# The earliest date in a zip file.
MOMENT=198001010000

main() {
    program='' address='' into=$folder/target/packages
    while [ $# -gt 0 ]; do
        case $1 in
            --program | --manifests)
                [ -n "${2-}" ] || fail "$1 needs a word after it."
                case $1 in
                    --program) program=$2 ;;
                    --manifests) address=${2%/} ;;
                esac
                shift
                ;;
            -*) fail "There is no option \"$1\"." ;;
            *) into=$1 ;;
        esac
        shift
    done
    case $address in '' | https://?*) ;; *) fail "The address has to begin with https://." ;; esac
    for tool in makensis zip node sha256sum; do
        command -v "$tool" >/dev/null || fail "$tool is needed and isn't installed."
    done
    begin
    find_version
    mkdir -p -- "$into"
    into=$(CDPATH='' cd -- "$into" && pwd -P)
    archive=url-notes-$version-x86_64-windows.zip
    installer=url-notes-$version-x86_64-windows-setup.exe
    if [ -n "$address" ]; then
        put_manifests
        return
    fi
    find_windows_program

    files=$work/files
    put 755 "$program" "$files/url-notes.exe"
    net_program=${program%/*}/url-notes-net.exe
    [ ! -f "$net_program" ] || put 755 "$net_program" "$files/url-notes-net.exe"
    put 644 "$folder/LICENSE" "$files/LICENSE.txt"
    for file in "$folder"/docs/*.md; do put 644 "$file" "$files/docs/${file##*/}"; done
    put_extension "$files/extension"
    find "$files" -exec env TZ=UTC touch -t "$MOMENT" {} +

    rm -f -- "$into/$archive"
    (cd "$files" && find . -type f | sed 's|^\./||' | LC_ALL=C sort | TZ=UTC zip -X -9 -q "$into/$archive" -@)
    makensis -V2 '-XTarget amd64-unicode' -NOCD "-DVERSION=$version" "-DFILES=$files" "-DOUTPUT=$into/$installer" \
        "$folder/packaging/windows.nsi" >"$work/makensis" 2>&1 || {
        cat "$work/makensis" >&2
        fail "The installer wasn't built; the messages above say why."
    }
    printf '%s\n' "$into/$archive" "$into/$installer"
}

# Uses the given program, or builds one.
find_windows_program() {
    if [ -z "$program" ]; then
        target=x86_64-pc-windows-gnu
        for package in url-notes url-notes-net; do
            (cd "$folder" && cargo build --release --locked --package "$package" --target "$target" --target-dir target/packaged) ||
                fail "$package wasn't built; the messages above say why."
        done
        program=$folder/target/packaged/$target/release/url-notes.exe
    fi
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    [ -f "$program" ] || fail "There is no $program."
    # The signature of a program for Windows (Microsoft, "PE Format", "MS-DOS Stub").
    [ "$(bytes "$program" 0 2)" = 4d5a ] || fail "$program is no program for Windows."
}

checksum() { sha256sum -- "$1" | cut -d ' ' -f 1; }

# Manifests for winget (schema 1.9) and Scoop. Winget wants three files.
put_manifests() {
    for file in "$archive" "$installer"; do [ -f "$into/$file" ] || fail "There is no $into/$file."; done
    winget=$into/winget
    rm -rf -- "$winget"
    mkdir -p -- "$winget"
    id=UrlNotes.UrlNotes
    # shellcheck disable=SC2016 # The dollar is that of JSON schema.
    head() {
        printf '# yaml-language-server: $schema=https://aka.ms/winget-manifest.%s.1.9.0.schema.json\n' "$1"
        printf 'PackageIdentifier: %s\nPackageVersion: %s\n' "$id" "$version"
    }
    tail() { printf 'ManifestType: %s\nManifestVersion: 1.9.0\n' "$1"; }
    {
        head version
        printf 'DefaultLocale: en-US\n'
        tail version
    } >"$winget/$id.yaml"
    {
        head installer
        cat <<YAML
InstallerType: nullsoft
Scope: user
UpgradeBehavior: install
Installers:
  - Architecture: x64
    InstallerUrl: $address/$installer
    InstallerSha256: $(checksum "$into/$installer" | tr '[:lower:]' '[:upper:]')
YAML
        tail installer
    } >"$winget/$id.installer.yaml"
    {
        head defaultLocale
        cat <<YAML
PackageLocale: en-US
Publisher: The contributors of url-notes
PackageName: url-notes
License: MIT
ShortDescription: Save web pages with tags and notes by one click, in one file on this computer.
PackageUrl: $address
YAML
        tail defaultLocale
    } >"$winget/$id.locale.en-US.yaml"
    # Scoop keeps the program below its own folder, where `current` leads to the newest version.
    cat >"$into/url-notes.json" <<JSON
{
	"version": "$version",
	"description": "Save web pages with tags and notes by one click, in one file on this computer.",
	"homepage": "$address",
	"license": "MIT",
	"architecture": {
		"64bit": {
			"url": "$address/$archive",
			"hash": "$(checksum "$into/$archive")"
		}
	},
	"bin": "url-notes.exe",
	"post_install": "& \"\$dir\\\\url-notes.exe\" register --program \"\$dir\\\\url-notes.exe\" --browser chrome --browser chromium --browser edge --browser firefox",
	"pre_uninstall": "& \"\$dir\\\\url-notes.exe\" register --remove"
}
JSON
    node -e 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))' "$into/url-notes.json" ||
        fail "The manifest for Scoop is no JSON."
    printf '%s\n' "$winget" "$into/url-notes.json"
}

main "$@"
