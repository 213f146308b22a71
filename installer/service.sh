# Starts the site when the user logs in, with systemd or launchd. Sourced by install.sh for
# --service and --uninstall; contains only functions.
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # Variables shared by both files.

SERVICE='url-notes'

service_file() {
    if [ "$this_system" = macos ]; then
        printf '%s' "$HOME/Library/LaunchAgents/$SERVICE.plist"
    else
        printf '%s' "$config/systemd/user/$SERVICE.service"
    fi
}

put_service() {
    unit=$(service_file)
    if [ "$this_system" = macos ]; then
        launch_agent >"$work/service"
        start="launchctl bootstrap gui/$(id -u) \"$unit\""
    elif command -v systemctl >/dev/null; then
        systemd_unit >"$work/service"
        start="systemctl --user daemon-reload && systemctl --user enable --now $SERVICE.service"
    else
        complain "There is no systemd here for --service; have your session start: $program serve"
        return
    fi
    put_file "$work/service" "$unit" 0644 || {
        complain "$refusal"
        return
    }
    say "Service: $unit ($outcome)."
    if $dry_run; then
        return
    fi
    if start_service; then
        say "The site is running and will start whenever you log in."
    else
        say "The service couldn't be started from here. To start it, run this in your own session:"
        say "  $start"
    fi
}

start_service() {
    if [ "$this_system" = macos ]; then
        launchctl bootout "gui/$(id -u)/$SERVICE" 2>/dev/null || true
        launchctl bootstrap "gui/$(id -u)" "$unit" 2>/dev/null
    else
        # Restarted, because the old program may be running.
        systemctl --user daemon-reload 2>/dev/null &&
            systemctl --user enable "$SERVICE.service" 2>/dev/null &&
            systemctl --user restart "$SERVICE.service" 2>/dev/null
    fi
}

systemd_unit() {
    # systemd interprets backslashes, quotation marks, percent and dollar signs, even inside
    # quotation marks.
    quoted=$(printf '%s' "$program" | LC_ALL=C sed 's/[\\"]/\\&/g; s/%/%%/g; s/\$/$$/g')
    cat <<UNIT
[Unit]
Description=The site of url-notes

[Service]
ExecStart="$quoted" serve
Restart=on-failure
NoNewPrivileges=yes

[Install]
WantedBy=default.target
UNIT
}

launch_agent() {
    quoted=$(printf '%s' "$program" | LC_ALL=C sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
    cat <<AGENT
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>$SERVICE</string>
	<key>ProgramArguments</key>
	<array>
		<string>$quoted</string>
		<string>serve</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<true/>
</dict>
</plist>
AGENT
}

remove_service() {
    unit=$(service_file)
    [ -e "$unit" ] || [ -L "$unit" ] || return 0
    if ! $dry_run; then
        if [ "$this_system" = macos ]; then
            launchctl bootout "gui/$(id -u)/$SERVICE" 2>/dev/null || true
        else
            systemctl --user disable --now "$SERVICE.service" 2>/dev/null || true
        fi
    fi
    # The link created by enabling the service, if systemctl couldn't be asked.
    remove_file "$config/systemd/user/default.target.wants/$SERVICE.service" || true
    if remove_file "$unit"; then
        removed=true
        say "Service: $unit ($outcome)."
    fi
}

loaded=service
