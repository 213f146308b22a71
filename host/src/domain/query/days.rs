//! Parses the days of a query: `2025-08-01`, `yesterday`, `-7d`.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

/// The time zone and the current day, which decide when the days of a query begin.
#[derive(Debug, Clone)]
pub struct Days {
    zone: TimeZone,
    today: Date,
}

impl Days {
    /// Returns the days of a time zone; `now` determines which of them is today.
    #[must_use]
    pub fn at(now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            today: now.to_zoned(zone.clone()).date(),
            zone: zone.clone(),
        }
    }

    /// Returns the first moment of a day, month or year in the time zone, or `None` if the text
    /// isn't a date. If clocks are set forward at midnight, the day begins an hour later.
    pub(super) fn moment(&self, text: &str) -> Option<Timestamp> {
        let date = self.date(text)?;
        Some(date.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    fn date(&self, text: &str) -> Option<Date> {
        if text.eq_ignore_ascii_case("today") {
            return Some(self.today);
        }
        if text.eq_ignore_ascii_case("yesterday") {
            return self.today.yesterday().ok();
        }
        if let Some(ago) = text.strip_prefix('-') {
            return self.ago(ago);
        }
        match text.len() {
            4 => format!("{text}-01-01").parse().ok(),
            7 => format!("{text}-01").parse().ok(),
            10 => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the day that is `7d`, `2w`, `3m` or `1y` before today.
    fn ago(&self, text: &str) -> Option<Date> {
        let unit = text.chars().next_back()?;
        let count = &text[..text.len() - unit.len_utf8()];
        if !(1..=5).contains(&count.len()) || !count.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let count: i64 = count.parse().ok()?;
        let span = match unit.to_ascii_lowercase() {
            'd' => Span::new().try_days(count),
            'w' => Span::new().try_weeks(count),
            'm' => Span::new().try_months(count),
            'y' => Span::new().try_years(count),
            _ => return None,
        };
        self.today.checked_sub(span.ok()?).ok()
    }
}
