//! When a feed should be asked again.

use jiff::Timestamp;

use super::parsed::ParsedFeed;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Longest wait.
const MAX: i64 = 7 * DAY;

/// Returns the seconds to wait after a response: an hour if the server can answer that nothing has
/// changed, a day otherwise (<https://rachelbythebay.com/w/feed/>); longer if the server
/// (`Cache-Control`) or the feed (`ttl`, `sy:updatePeriod`) asks for it, or if half the usual time
/// between two entries is longer, up to a day. At most a week.
#[must_use]
pub fn after_new(feed: &ParsedFeed, has_validators: bool, cache_control: Option<&str>) -> i64 {
    let gap = usual_gap(feed).map_or(0, |gap| (gap / 2).min(DAY));
    let asked = feed.wait_s.unwrap_or(0);
    after_unchanged(gap.max(asked), has_validators, cache_control)
}

/// Returns the seconds to wait after a response that says that nothing has changed. `wait_s` is the
/// wait until now.
#[must_use]
pub fn after_unchanged(wait_s: i64, has_validators: bool, cache_control: Option<&str>) -> i64 {
    let least = if has_validators { HOUR } else { DAY };
    let fresh = cache_control.and_then(max_age).unwrap_or(0);
    least.max(fresh).max(wait_s).min(MAX)
}

/// Returns the `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1) in seconds.
fn max_age(cache_control: &str) -> Option<i64> {
    let mut age = None;
    for directive in cache_control.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "no-store" => return None,
            "max-age" => {
                let digits = value.trim().trim_matches('"');
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                // Too many digits are a long time, too.
                age = is_number.then(|| digits.parse().unwrap_or(MAX).min(MAX));
            }
            _ => {}
        }
    }
    age
}

/// Returns the median of the times between entries, in seconds. `None` with fewer than three dates.
fn usual_gap(feed: &ParsedFeed) -> Option<i64> {
    let date = |text: &String| text.parse::<Timestamp>().ok();
    let dates = feed
        .entries
        .iter()
        .filter_map(|entry| entry.published_at.as_ref());
    let mut dates: Vec<i64> = dates.filter_map(date).map(Timestamp::as_second).collect();
    dates.sort_unstable();
    let mut gaps: Vec<i64> = dates.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.len() < 2 {
        return None;
    }
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::ParsedEntry;

    fn feed(wait_s: Option<i64>, days: &[u32]) -> ParsedFeed {
        let entry = |day: &u32| ParsedEntry {
            published_at: Some(format!("2026-11-{day:02}T12:00:00+00:00")),
            ..ParsedEntry::default()
        };
        ParsedFeed {
            wait_s,
            entries: days.iter().map(entry).collect(),
            ..ParsedFeed::default()
        }
    }

    #[test]
    fn the_wait_is_an_hour_with_validators_and_a_day_without() {
        assert_eq!(after_new(&feed(None, &[]), true, None), HOUR);
        assert_eq!(after_new(&feed(None, &[]), false, None), DAY);
        assert_eq!(after_unchanged(0, true, None), HOUR);
        assert_eq!(after_unchanged(5 * HOUR, true, None), 5 * HOUR);
    }

    #[test]
    fn server_and_feed_may_ask_for_more_up_to_a_week() {
        let plain = feed(None, &[]);
        for (cache_control, wait) in [
            ("max-age=60", HOUR),
            ("public, Max-Age = \"7200\"", 2 * HOUR),
            ("max-age=99999999999999999999", MAX),
            ("max-age=7200, no-cache", HOUR),
            ("max-age=-1", HOUR),
            ("max-age=", HOUR),
            ("private", HOUR),
        ] {
            assert_eq!(
                after_new(&plain, true, Some(cache_control)),
                wait,
                "{cache_control}"
            );
        }
        assert_eq!(after_new(&feed(Some(3 * HOUR), &[]), true, None), 3 * HOUR);
        assert_eq!(after_new(&feed(Some(i64::MAX), &[]), true, None), MAX);
    }

    #[test]
    fn a_feed_that_seldom_changes_is_asked_at_most_once_a_day() {
        assert_eq!(after_new(&feed(None, &[1, 2]), true, None), HOUR);
        assert_eq!(after_new(&feed(None, &[3, 1, 2]), true, None), 12 * HOUR);
        assert_eq!(after_new(&feed(None, &[1, 10, 20, 29]), true, None), DAY);
        assert_eq!(after_new(&feed(None, &[1, 1, 1, 1]), true, None), HOUR);
    }
}
