//! Whether this computer runs on its battery.

use std::{fs, path::Path};

/// Where Linux lists supplies of power. Other systems have no such folder, and count as plugged in.
pub(super) const SUPPLIES: &str = "/sys/class/power_supply";

/// Returns whether a battery is discharging and no other supply is plugged in, by a folder such as
/// [`SUPPLIES`]. What can't be read doesn't count.
pub(super) fn is_on_battery(supplies: &Path) -> bool {
    let mut discharges = false;
    for supply in fs::read_dir(supplies).into_iter().flatten().flatten() {
        let value = |name: &str| {
            let text = fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match &*value("type") {
            // Those of mice and keyboards have a scope.
            "Battery" => {
                discharges |= value("status") == "Discharging" && value("scope") != "Device"
            }
            "" => {}
            _ if value("online") == "1" => return false,
            _ => {}
        }
    }
    discharges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is said of these supplies: each with its type and another file of it.
    fn with(supplies: &[(&str, &[(&str, &str)])]) -> bool {
        let dir = tempfile::tempdir().unwrap();
        for (at, (kind, files)) in supplies.iter().enumerate() {
            let supply = dir.path().join(at.to_string());
            fs::create_dir(&supply).unwrap();
            fs::write(supply.join("type"), format!("{kind}\n")).unwrap();
            for (name, value) in *files {
                fs::write(supply.join(name), format!("{value}\n")).unwrap();
            }
        }
        is_on_battery(dir.path())
    }

    #[test]
    fn a_battery_counts_while_it_discharges_and_nothing_is_plugged_in() {
        let battery = |status| ("Battery", [("status", status)]);
        for (status, online, expected) in [
            ("Discharging", "0", true),
            ("Discharging", "1", false),
            ("Charging", "1", false),
            ("Full", "0", false),
            ("Unknown", "0", false),
        ] {
            let (kind, files) = battery(status);
            for plug in ["Mains", "USB"] {
                let found = with(&[(plug, &[("online", online)]), (kind, &files)]);
                assert_eq!(found, expected, "{status}, {plug} {online}");
            }
        }
        assert!(with(&[("Battery", &[("status", "Discharging")])]));
        let mouse = [("status", "Discharging"), ("scope", "Device")];
        assert!(!with(&[("Battery", &mouse)]));
        assert!(!with(&[]));
        assert!(!is_on_battery(Path::new("/nowhere")));
    }
}
