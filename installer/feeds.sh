# Fetches feeds every hour, with systemd or launchd. Sourced by install.sh for --feeds and
# --uninstall; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # Variables shared by both files.

FEEDS='url-notes-feeds'

put_feeds() {
    units=$config/systemd/user
    if [ "$this_system" = macos ]; then
        units=$HOME/Library/LaunchAgents
        feeds_agent >"$work/feeds"
        put_unit "$FEEDS.plist" || return 0
        unit=$units/$FEEDS.plist
        start="launchctl bootstrap gui/$(id -u) \"$unit\""
    elif command -v systemctl >/dev/null; then
        feeds_service >"$work/feeds"
        put_unit "$FEEDS.service" || return 0
        feeds_timer >"$work/feeds"
        put_unit "$FEEDS.timer" || return 0
        unit=$units/$FEEDS.timer
        start="systemctl --user daemon-reload && systemctl --user enable --now $FEEDS.timer"
    else
        complain "There is no systemd here for --feeds; have cron run this every hour: $net_program feed fetch"
        return
    fi
    say "Feeds: $unit ($outcome)."
    if $dry_run; then
        return
    fi
    if start_feeds; then
        say "Feeds are fetched every hour."
    else
        say "The timer couldn't be started from here. To start it, run this in your own session:"
        say "  $start"
    fi
}

put_unit() {
    put_file "$work/feeds" "$units/$1" 0644 || {
        complain "$refusal"
        return 1
    }
}

start_feeds() {
    if [ "$this_system" = macos ]; then
        launchctl bootout "gui/$(id -u)/$FEEDS" 2>/dev/null || true
        launchctl bootstrap "gui/$(id -u)" "$unit" 2>/dev/null
    else
        systemctl --user daemon-reload 2>/dev/null &&
            systemctl --user enable "$FEEDS.timer" 2>/dev/null &&
            systemctl --user restart "$FEEDS.timer" 2>/dev/null
    fi
}

# Exit code 1 says that a feed couldn't be fetched, which is everyday life: `feed list --problems`
# has the reason.
feeds_service() {
    quoted=$(printf '%s' "$net_program" | LC_ALL=C sed 's/[\\"]/\\&/g; s/%/%%/g; s/\$/$$/g')
    cat <<UNIT
[Unit]
Description=Fetch the feeds of url-notes

[Service]
Type=oneshot
ExecStart="$quoted" feed fetch
SuccessExitStatus=1
NoNewPrivileges=yes
Nice=10
UNIT
}

feeds_timer() {
    cat <<UNIT
[Unit]
Description=Fetch the feeds of url-notes every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=900
Persistent=true

[Install]
WantedBy=timers.target
UNIT
}

# An interval begins when the agent is loaded, so computers don't ask at the same minute.
feeds_agent() {
    quoted=$(printf '%s' "$net_program" | LC_ALL=C sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
    cat <<AGENT
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>$FEEDS</string>
	<key>ProgramArguments</key>
	<array>
		<string>$quoted</string>
		<string>feed</string>
		<string>fetch</string>
	</array>
	<key>StartInterval</key>
	<integer>3600</integer>
	<key>ProcessType</key>
	<string>Background</string>
</dict>
</plist>
AGENT
}

remove_feeds() {
    if [ "$this_system" = macos ]; then
        unit=$HOME/Library/LaunchAgents/$FEEDS.plist
    else
        unit=$config/systemd/user/$FEEDS.timer
    fi
    [ -e "$unit" ] || [ -L "$unit" ] || return 0
    if ! $dry_run; then
        if [ "$this_system" = macos ]; then
            launchctl bootout "gui/$(id -u)/$FEEDS" 2>/dev/null || true
        else
            systemctl --user disable --now "$FEEDS.timer" 2>/dev/null || true
        fi
    fi
    # The link created by enabling the timer, if systemctl couldn't be asked.
    remove_file "$config/systemd/user/timers.target.wants/$FEEDS.timer" || true
    remove_file "$config/systemd/user/$FEEDS.service" || true
    if remove_file "$unit"; then
        removed=true
        say "Feeds: $unit ($outcome)."
    fi
}

loaded=feeds
