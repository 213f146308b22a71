#!/bin/sh
# Builds the packages for the stores: packaging/extension.sh [--homepage ADDRESS] [FOLDER] writes
# url-notes-VERSION-chrome.zip and url-notes-VERSION-firefox.zip into FOLDER (default: dist). The
# build is reproducible.
#
# ADDRESS is the page where users download the program. Packages that are published need it: who
# installs the extension from a store has no other way to find the program.
#
# The packages contain the folder `extension` as packaging/bundle.js makes it. A store that asks for
# the sources gets this project; README.md and this script say how to build. Chrome's package has a
# manifest without `key`, which the Chrome Web Store refuses: it assigns an id at the first upload,
# which must then be added to manifests/chromium.json (docs/releasing.md).

set -eu

# The earliest date in a zip file.
MOMENT=198001010000

say() { printf '%s\n' "$*"; }

fail() {
    printf 'packaging/extension.sh: %s\n' "$*" >&2
    exit 1
}

# Lists the files, one per line, in an order that doesn't depend on the computer.
files() { find . -type f | sed 's|^\./||' | LC_ALL=C sort; }

# pack STORE: zips the folder prepared for a store.
pack() {
    package=$target/url-notes-$version-$1.zip
    rm -f "$package"
    find "$work/$1" -exec touch -t "$MOMENT" {} +
    find "$work/$1" -type f -exec chmod 644 {} +
    (cd "$work/$1" && files | TZ=UTC zip -X -9 -q "$package" -@)
    # Zopfli makes it 3 % smaller.
    advzip --recompress --shrink-insane --quiet "$package"
    say "$package"
}

main() {
    homepage=
    if [ "${1-}" = --homepage ]; then
        case ${2-} in
            https://?*) homepage=$2 ;;
            *) fail "--homepage needs an address after it that begins with https://." ;;
        esac
        shift 2
    fi
    for tool in zip node; do
        command -v "$tool" >/dev/null || fail "$tool is needed and isn't installed."
    done
    command -v advzip >/dev/null || fail "advzip is needed and isn't installed (advancecomp)."
    project=$(cd "$(dirname "$0")/.." && pwd)
    [ -d "$project/node_modules/esbuild" ] ||
        fail "The tools that bundle the extension are missing: npm ci"
    mkdir -p "${1:-$project/dist}"
    target=$(cd "${1:-$project/dist}" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    export TZ=UTC
    node "$project/packaging/bundle.js" "$work/firefox"
    cp -R "$work/firefox" "$work/chrome"
    version=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).version' \
        "$work/firefox/manifest.json")
    node -e '
        const fs = require("fs");
        const [, chrome, firefox, homepage_url] = process.argv;
        const manifest = JSON.parse(fs.readFileSync(firefox, "utf8"));
        if (homepage_url) manifest.homepage_url = homepage_url;
        const write = (file, content) =>
            fs.writeFileSync(file, JSON.stringify(content, null, "\t") + "\n");
        const { key, browser_specific_settings, ...rest } = manifest;
        write(chrome, rest);
        if (homepage_url) write(firefox, manifest);
    ' "$work/chrome/manifest.json" "$work/firefox/manifest.json" "$homepage"
    pack chrome
    pack firefox
}

main "$@"
