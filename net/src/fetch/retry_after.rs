//! The time for which a server asks to be left alone.

use std::time::Duration;

use jiff::Timestamp;

/// Longest time that a server may ask for.
const MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Reads a `Retry-After` field (RFC 9110, section 10.2.3): seconds, or a date. A time in the past
/// is none. Times over a week are a week. `None` if it can't be read.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let time = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // Too many digits are a long time, too.
        value.parse().map_or(MAX, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        // A date at the end of the calendar is out of reach of `Timestamp`.
        Timestamp::try_from(date).map_or(MAX, |date| {
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        })
    };
    Some(time.min(MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_dates_and_nothing_else() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let read = |value| retry_after(value, now).map(|time| time.as_secs());
        assert_eq!(read("120"), Some(120));
        assert_eq!(read(" 0 "), Some(0));
        assert_eq!(read("99999999999999999999999"), Some(604_800));
        assert_eq!(read("Sun, 29 Nov 2026 12:02:00 GMT"), Some(120));
        assert_eq!(read("Sunday, 29-Nov-26 12:02:00 GMT"), Some(120));
        assert_eq!(read("Sun, 29 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT"), Some(604_800));
        for unclear in ["", "-1", "1.5", "soon", "12 minutes"] {
            assert_eq!(read(unclear), None, "{unclear}");
        }
    }
}
