#!/bin/sh
# Compares the speed of a tag page with nginx serving the same bytes from a file. Rounds alternate
# between both, so that they meet the same noise. The ratio of the medians is what counts; the
# figures depend on the computer.
#
# unchanged   the browser has the page: 304
# again       the page was requested before
# anew        it wasn't, but its notes were on another page, as after each save
# never seen  neither was requested before
#
# Needs nginx, wrk and curl (Debian: apt-get install nginx-light wrk curl).

set -eu

cd "$(dirname "$0")/../.."
for tool in nginx wrk curl; do
    command -v "$tool" >/dev/null || {
        echo "site.sh: $tool isn't there; apt-get install nginx-light wrk curl" >&2
        exit 1
    }
done

cargo build --quiet --release --locked --package url-notes
program=$PWD/target/release/url-notes
work=$(mktemp -d)
servers=

finish() {
    # shellcheck disable=SC2086 # One process each.
    kill $servers 2>/dev/null || :
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Enough pages of twenty notes that the site can't cache all rendered texts. All notes have the tag,
# a kilobyte of Markdown and eight tags each.
summary=$(
    for point in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2016 # The backquotes are Markdown's.
        printf -- '- **Point %s:** a line of text with `code` and *emphasis*\n  - and one below it, to have nested lists as well\n' "$point"
    done
)
note=0
while [ "$note" -lt 1900 ]; do
    note=$((note + 1))
    "$program" --data-dir "$work/data" add "https://example.org/$note" --title "A page on many things, number $note" \
        --tag gpu --tag "topic $((note % 9))" --tag llm --tag inference --tag "memory bandwidth" --tag quantization \
        --tag "open source" --tag "number $note" --summary "$summary" >/dev/null
done

"$program" --data-dir "$work/data" serve --port 0 >"$work/address" &
servers=$!
until [ -s "$work/address" ]; do sleep 0.05; done
# Before the first request.
fresh=$(sed -n 's/^RssAnon:[[:space:]]*//p' "/proc/$servers/status")
ours=$(sed -n 's|.*\(http://localhost:[0-9]*\)/.*|\1|p' "$work/address")/tag/gpu

mkdir "$work/www"
curl --silent --show-error --fail --output "$work/www/page.html" "$ours"
cat >"$work/nginx.conf" <<TEXT
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 256; }
http {
    access_log off;
    types { text/html html; }
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server { listen 127.0.0.1:NGINX_PORT; root $work/www; }
}
TEXT
# Lets the kernel choose a free port by opening and closing a server.
port=$(node -e 's = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
sed -i "s/NGINX_PORT/$port/" "$work/nginx.conf"
# If started by root, its workers would run as a user who can't enter this folder.
[ "$(id -u)" -ne 0 ] || sed -i '1i user root;' "$work/nginx.conf"
nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null &
servers="$servers $!"
theirs=http://127.0.0.1:$port/page.html
until curl --silent --fail --output /dev/null "$theirs"; do sleep 0.05; done

# A page is cached until something is written, so it is also requested under addresses that nobody
# has requested before.
cat >"$work/anew.lua" <<'LUA'
local before = 9007199254740991
request = function()
    before = before - 1
    return wrk.format("GET", wrk.path .. string.format("?before=%.0f", before))
end
LUA

# Requests each page of the notes with the tag in turn. By the time a page is requested again, its
# texts have left the cache. A number per round makes its address new.
"$program" --data-dir "$work/data" list --tag gpu --limit 1900 --json |
    sed -n 's/^ *"id": \([0-9]*\),$/\1/p' | awk 'NR % 20 == 1' >"$work/starts"
{
    printf 'local starts = {'
    tr '\n' ',' <"$work/starts"
    cat <<'LUA'
}
local count = 0
request = function()
    count = count + 1
    local start = starts[count % #starts + 1]
    return wrk.format("GET", wrk.path .. string.format("?before=%.0f&x=%d", start, count))
end
LUA
} >"$work/never.lua"

tag=$(curl --silent --head "$ours" | tr -d '\r' | sed -n 's/^ETag: //p')
printf "wrk.headers['If-None-Match'] = '%s'\n" "$tag" >"$work/unchanged.lua"

run() { # URL CONNECTIONS [SCRIPT] → requests a second, and the slowest answer
    wrk --threads 1 --connections "$2" --duration 3s --latency ${3:+--script "$3"} "$1" |
        awk '/^ *Latency / && !slowest { slowest = $4 } /^Requests\/sec/ { print $2, slowest } /Non-2xx/ { print "0 " $0 }'
}

middle() { # FILE → the median of its first column
    sort -n "$1" | sed -n 3p | cut -d' ' -f1
}

report() { # NAME FILE BASE
    printf '%-22s %8.0f   %.3f x   slowest of each round: %s\n' "$1" "$(middle "$2")" \
        "$(awk -v a="$(middle "$2")" -v b="$(middle "$3")" 'BEGIN { print a / b }')" \
        "$(cut -d' ' -f2 "$2" | tr '\n' ' ')"
}

printf 'tag page of 20 notes, %s bytes; requests/s, medians of 5 rounds of 3 s each\n' "$(wc -c <"$work/www/page.html")"
for connections in 1 16; do
    rm -f "$work/nginx" "$work/unchanged" "$work/again" "$work/anew" "$work/never"
    for _ in 1 2 3 4 5; do
        run "$theirs" "$connections" >>"$work/nginx"
        run "$ours" "$connections" "$work/unchanged.lua" >>"$work/unchanged"
        run "$ours" "$connections" >>"$work/again"
        run "$ours" "$connections" "$work/anew.lua" >>"$work/anew"
        run "$ours" "$connections" "$work/never.lua" >>"$work/never"
    done
    printf '%s connection(s)\n' "$connections"
    report '  nginx, from a file' "$work/nginx" "$work/nginx"
    report '  unchanged' "$work/unchanged" "$work/nginx"
    report '  again' "$work/again" "$work/nginx"
    report '  anew' "$work/anew" "$work/nginx"
    report '  never seen' "$work/never" "$work/nginx"
done
printf 'anonymous memory: %s at first, %s now\n' "$fresh" \
    "$(sed -n 's/^RssAnon:[[:space:]]*//p' "/proc/${servers%% *}/status")"
