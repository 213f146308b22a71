#!/bin/sh
# Gives the extension a new key, and with it a new id in Chromium-based browsers:
#
#   packaging/new-key.sh PRIVATE-KEY-FILE
#
# The private key signs packages that are installed outside of a store. Whoever has it can publish an
# update of such a package, so it belongs into a safe and never into the project. This script creates
# the file if it isn't there, and otherwise uses the key in it. It then replaces the public key in
# extension/manifest.json and the id wherever files of the project name it.
#
# Users with the old id lose the extension's own storage, and their host manifests must be written
# again (`url-notes register`). Do it before the first release, or not at all.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

fail() {
    printf 'packaging/new-key.sh: %s\n' "$*" >&2
    exit 1
}

# id_of KEY: the id that Chromium derives from a public key: the first 16 bytes of its SHA-256, each
# hexadecimal digit as one of the letters a to p
# (https://developer.chrome.com/docs/extensions/reference/manifest/key).
id_of() {
    printf '%s' "$1" | openssl base64 -d -A | openssl dgst -sha256 -r | cut -c1-32 | tr '0-9a-f' 'a-p'
}

main() {
    [ $# -eq 1 ] || fail "Name the file of the private key, for example: packaging/new-key.sh ~/url-notes.pem"
    private=$1
    for tool in openssl git; do
        command -v "$tool" >/dev/null || fail "$tool is needed and isn't installed."
    done
    case $(cd "$(dirname -- "$private")" && pwd -P)/ in
        "$folder"/*) fail "A private key doesn't belong into the project. Name a file elsewhere." ;;
    esac
    manifest=$folder/extension/manifest.json
    old_key=$(sed -n 's/^.*"key": "\(.*\)".*$/\1/p' "$manifest")
    [ -n "$old_key" ] || fail "extension/manifest.json has no key."
    old_id=$(id_of "$old_key")
    if [ ! -e "$private" ]; then
        (umask 077 && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$private" 2>/dev/null) ||
            fail "$private can't be written."
    fi
    key=$(openssl pkey -in "$private" -pubout -outform DER 2>/dev/null | openssl base64 -A)
    [ -n "$key" ] || fail "$private has no private key that openssl can read."
    id=$(id_of "$key")
    [ "$id" != "$old_id" ] || fail "The extension has this key already."
    work=$(mktemp -d) || fail "No temporary folder can be made."
    trap 'rm -rf -- "$work"' EXIT
    git -C "$folder" grep -lF -e "$old_id" -e "$old_key" -- . >"$work/files" || true
    while IFS= read -r file; do
        # Base64 has no character that sed takes for its own but "/" and "+", which aren't special
        # between bars and in a basic expression.
        sed "s|$old_key|$key|g; s|$old_id|$id|g" "$folder/$file" >"$work/new"
        cat "$work/new" >"$folder/$file"
        printf '%s\n' "$file"
    done <"$work/files"
    printf 'The id was %s and is %s.\n' "$old_id" "$id"
}

main "$@"
