//! Parses dates for all importers.
//!
//! Formats are those of RFC 3339 and ISO 8601, RFC 9110 section 5.6.7 (all three HTTP dates), RFC
//! 5322 with the zones of its section 4.3, the log of web servers, the `toString` of Ruby, Go and
//! JavaScript, and numbers of seconds, milliseconds, microseconds or nanoseconds since 1970, or of
//! microseconds since 1601 (Chromium's `base::Time`). Dates without a zone are in UTC.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

/// Seconds from 1601 to 1970.
const UNTIL_1970: i64 = 11_644_473_600;
/// Longest text that is parsed, in bytes.
const MAX_BYTES: usize = 200;

/// A date of a bookmark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Moment {
    /// The file gives none.
    #[default]
    Unsaid,
    At(Timestamp),
    /// The text isn't a date.
    Unread(String),
    /// The text can mean two days: 02/03/2024.
    Ambiguous(String),
}

impl Moment {
    pub(super) fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(moment) => Some(*moment),
            _ => None,
        }
    }

    /// Returns this date or, if it isn't one, the other.
    pub(super) fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::At(_), _) | (_, Self::Unsaid) => self,
            _ => other,
        }
    }
}

/// The order of day and month in a numeric date with the year at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Day,
    Month,
}

/// Why a text isn't a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    NoDate,
    TwoDays,
}

/// Parses a time since 1970. Zeros, and the epochs of Unix, Chromium and .NET, mean that there is
/// no date.
pub(super) fn date(text: &str) -> Moment {
    date_in(text, None)
}

/// Like [`date`], for a file in which the order of day and month may be known.
pub(super) fn date_in(text: &str, order: Option<Order>) -> Moment {
    let text = text.trim();
    match is_unsaid(text) || is_unix_epoch(text) {
        true => Moment::Unsaid,
        false => read_or_unread(text, order),
    }
}

/// Like [`date_in`], but accepts 1 January 1970 in words.
pub(super) fn date_of_table(text: &str, order: Option<Order>) -> Moment {
    let text = text.trim();
    if is_unsaid(text) {
        return Moment::Unsaid;
    }
    if is_unix_epoch(text) {
        // The earliest time of a note.
        return Timestamp::from_microsecond(1).map_or(Moment::Unsaid, Moment::At);
    }
    read_or_unread(text, order)
}

fn read_or_unread(text: &str, order: Option<Order>) -> Moment {
    match read(text, order) {
        // Notes are never earlier than 1970.
        Ok(moment) if moment > Timestamp::UNIX_EPOCH => Moment::At(moment),
        Err(Unread::TwoDays) => Moment::Ambiguous(text.to_owned()),
        _ => Moment::Unread(text.to_owned()),
    }
}

/// Returns the order of day and month that a date reveals, if any.
pub(super) fn order_shown(text: &str) -> Option<Order> {
    let parts = Parts::of(text)?;
    let [first, second, _] = parts.slashed()?;
    match (first > 12, second > 12) {
        (true, false) => Some(Order::Day),
        (false, true) => Some(Order::Month),
        _ => None,
    }
}

/// Returns whether a date can mean two days.
pub(super) fn is_ambiguous(text: &str) -> bool {
    matches!(read(text.trim(), None), Err(Unread::TwoDays))
}

/// Returns whether an exporter means that there is no date.
fn is_unsaid(text: &str) -> bool {
    text.bytes().all(|byte| b"0-:.+TZ/ ".contains(&byte))
        // The epochs of Chromium and of .NET.
        || ["1601-01-01", "0001-01-01"].iter().any(|day| text.starts_with(day))
        || text == "-11644473600"
        || ["null", "none", "nil", "nan"].iter().any(|none| text.eq_ignore_ascii_case(none))
}

/// Returns whether a text is the Unix epoch in words.
fn is_unix_epoch(text: &str) -> bool {
    text.starts_with("1970-01-01")
        && read(text, None).is_ok_and(|moment| moment == Timestamp::UNIX_EPOCH)
}

fn read(text: &str, order: Option<Order>) -> Result<Timestamp, Unread> {
    if text.len() > MAX_BYTES {
        return Err(Unread::NoDate);
    }
    if let Ok(number) = text.parse::<i64>() {
        return of_digits(text)
            .or_else(|| of_number(number))
            .ok_or(Unread::NoDate);
    }
    if let Ok(number) = text.parse::<f64>() {
        return of_fraction(number).ok_or(Unread::NoDate);
    }
    // `Date.toJSON` of .NET.
    if let Some(number) = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"))
    {
        let millis = number.parse().ok();
        return millis
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .ok_or(Unread::NoDate);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    Parts::of(text).ok_or(Unread::NoDate)?.moment(order)
}

/// Parses `20240102` and `20240102030405`, which nobody means as a number of seconds.
fn of_digits(text: &str) -> Option<Timestamp> {
    if !matches!(text.len(), 8 | 14) || !text.starts_with(['1', '2']) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse::<i16>().ok()?;
    let date = Date::new(year, number(4, 6)?, number(6, 8)?).ok();
    let date = date.filter(|date| (1971..2100).contains(&date.year()))?;
    let time = match text.len() {
        8 => Time::midnight(),
        _ => Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?,
    };
    in_zone(date.to_datetime(time), 0)
}

/// Rejects a number of milliseconds or microseconds before 1990, the first year in which pages
/// could be saved: it has another unit, or isn't a date.
fn not_early(moment: Result<Timestamp, jiff::Error>) -> Option<Timestamp> {
    const FIRST: Timestamp = Timestamp::constant(631_152_000, 0);
    moment.ok().filter(|moment| *moment >= FIRST)
}

fn of_number(number: i64) -> Option<Timestamp> {
    match number {
        ..=0 => None,
        // Until the year 5138.
        1..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => not_early(Timestamp::from_millisecond(number)),
        // Later than any plausible time since 1970, so these are Chromium's microseconds since
        // 1601.
        100_000_000_000_000..10_000_000_000_000_000 => {
            not_early(Timestamp::from_microsecond(number))
        }
        10_000_000_000_000_000..100_000_000_000_000_000 => since_1601(number),
        // Nanoseconds.
        _ => Timestamp::from_microsecond(number / 1_000).ok(),
    }
}

/// Parses a number with a fraction or an exponent, with the units of [`of_number`].
fn of_fraction(number: f64) -> Option<Timestamp> {
    let micros = match number {
        0.0..1e11 => number * 1e6,
        1e11..1e14 => number * 1e3,
        1e14..1e16 => number,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 1e17, within the range of what i64 holds"
    )]
    let moment = Timestamp::from_microsecond(micros as i64);
    match number {
        ..1e11 => moment.ok(),
        _ => not_early(moment),
    }
}

/// Like [`date`], for Chromium's microseconds since 1601 (`base::Time`).
pub(super) fn chromium_date(text: &str) -> Moment {
    let text = text.trim();
    if is_unsaid(text) {
        return Moment::Unsaid;
    }
    let read = text.parse().ok().and_then(since_1601);
    read.map_or_else(|| Moment::Unread(text.to_owned()), Moment::At)
}

fn since_1601(micros: i64) -> Option<Timestamp> {
    let moment = Timestamp::from_microsecond(micros).ok()?;
    let moment = moment
        .checked_sub(SignedDuration::from_secs(UNTIL_1970))
        .ok()?;
    (moment > Timestamp::UNIX_EPOCH).then_some(moment)
}

/// Applies an offset in seconds.
fn in_zone(civil: DateTime, offset: i64) -> Option<Timestamp> {
    let moment = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    moment.checked_sub(SignedDuration::from_secs(offset)).ok()
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Digits(&'a str),
    Word(&'a str),
    Sign(char),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
        let end = match kind(first) {
            (false, false) => first.len_utf8(),
            own => rest
                .char_indices()
                .find(|(_, c)| kind(*c) != own)
                .map_or(rest.len(), |(at, _)| at),
        };
        let (piece, after) = rest.split_at(end);
        match kind(first) {
            (true, _) => pieces.push(Piece::Digits(piece)),
            (_, true) => pieces.push(Piece::Word(piece)),
            _ => pieces.push(Piece::Sign(first)),
        }
        rest = after;
    }
    pieces
}

/// The parts of a date in words and numbers.
#[derive(Debug, Default)]
struct Parts<'a> {
    /// Day, month and year, in the order of the text.
    numbers: Vec<&'a str>,
    /// The sign between the first two of them.
    separator: Option<char>,
    /// The month, if given by name.
    month: Option<i8>,
    weekday: bool,
    time: Option<Time>,
    afternoon: Option<bool>,
    /// In seconds.
    offset: i64,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        // JavaScript appends the zone's name, Temporal its id.
        let text = text.split(['(', '[']).next().unwrap_or_default().trim();
        let pieces = pieces(text);
        let mut parts = Self::default();
        let mut at = 0;
        while let Some(piece) = pieces.get(at) {
            at += match piece {
                Piece::Digits(digits) => parts.digits(digits, &pieces[at..])?,
                Piece::Word(word) => {
                    parts.word(word)?;
                    1
                }
                Piece::Sign('+' | '-' | '\u{2212}') if parts.time.is_some() => {
                    parts.zone(&pieces[at..])?
                }
                Piece::Sign(sign) => {
                    if parts.numbers.len() == 1 && !sign.is_whitespace() {
                        parts.separator.get_or_insert(*sign);
                    }
                    let usual = sign.is_whitespace() || "-/.,:'’".contains(*sign);
                    usual.then_some(1)?
                }
            };
        }
        Some(parts)
    }

    /// Reads a number, or a time that begins with it. Returns the number of parts used.
    fn digits(&mut self, digits: &'a str, pieces: &[Piece<'a>]) -> Option<usize> {
        if let (true, None, [_, Piece::Sign(':'), Piece::Digits(minute), rest @ ..]) =
            (digits.len() <= 2, self.time, pieces)
        {
            let (second, used) = match rest {
                [Piece::Sign(':'), Piece::Digits(second), ..] => (second.parse::<i8>().ok()?, 5),
                _ => (0, 3),
            };
            let (fraction, used) = match pieces.get(used..used + 2) {
                Some([Piece::Sign('.' | ','), Piece::Digits(fraction)]) if used == 5 => {
                    (*fraction, used + 2)
                }
                _ => ("", used),
            };
            let nanos: String = fraction
                .chars()
                .chain("000000000".chars())
                .take(9)
                .collect();
            let time = Time::new(
                digits.parse().ok()?,
                minute.parse().ok()?,
                // A leap second.
                second.min(if second == 60 { 59 } else { second }),
                nanos.parse().ok()?,
            );
            self.time = Some(time.ok()?);
            return Some(used);
        }
        // `20240102T030405Z`
        if let ([date], 4 | 6, None) = (&self.numbers[..], digits.len(), self.time)
            && date.len() == 8
        {
            let number = |from| digits.get(from..from + 2).unwrap_or("00").parse::<i8>();
            let time = Time::new(number(0).ok()?, number(2).ok()?, number(4).unwrap_or(0), 0);
            self.time = Some(time.ok()?);
            return Some(1);
        }
        self.numbers.push(digits);
        (self.numbers.len() <= 3).then_some(1)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let word = word.to_lowercase();
        if let Some(offset) = ZONES.iter().find(|(name, _)| *name == word) {
            self.offset = offset.1 * 3600;
            return Some(());
        }
        match word.as_str() {
            "am" | "a" => self.afternoon = Some(false),
            "pm" | "p" => self.afternoon = Some(true),
            "m" if self.afternoon.is_some() => {}
            "t" | "at" | "of" | "st" | "nd" | "rd" | "th" | "年" | "月" | "日" | "年月日" => {
            }
            _ if is_name(&word, &WEEKDAYS) => self.weekday = true,
            _ => {
                let month = MONTHS.iter().position(|name| is_named(&word, name))?;
                if self.month.is_some() {
                    return None;
                }
                self.month = i8::try_from(month + 1).ok();
            }
        }
        Some(())
    }

    /// Reads a zone such as `+0200`, `+02:00`, `+2`. Returns the number of parts used.
    fn zone(&mut self, pieces: &[Piece<'_>]) -> Option<usize> {
        let [Piece::Sign(sign), Piece::Digits(hours), rest @ ..] = pieces else {
            return None;
        };
        let (hours, minutes, used) = match (hours.len(), rest) {
            (1 | 2, [Piece::Sign(':'), Piece::Digits(minutes), ..]) => (*hours, *minutes, 4),
            (1 | 2, _) => (*hours, "0", 2),
            (4, _) => (&hours[..2], &hours[2..], 2),
            _ => return None,
        };
        let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
        if hours > 15 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        self.offset = if *sign == '+' { seconds } else { -seconds };
        Some(used)
    }

    /// Returns first number, second number and year of a date with slashes or hyphens whose year is
    /// at the end.
    fn slashed(&self) -> Option<[i16; 3]> {
        let [first, second, year] = self.numbers[..] else {
            return None;
        };
        let fits = self.month.is_none()
            && first.len() <= 2
            && second.len() <= 2
            && matches!(year.len(), 2 | 4)
            && matches!(self.separator, Some('/' | '-'));
        let number = |text: &str| text.parse().ok();
        fits.then_some([number(first)?, number(second)?, number(year)?])
    }

    fn date(&self, order: Option<Order>) -> Result<Date, Unread> {
        let number = |text: &str| text.parse::<i16>().map_err(|_| Unread::NoDate);
        let date = |year: i16, month: i16, day: i16| {
            let small = |number: i16| i8::try_from(number).map_err(|_| Unread::NoDate);
            Date::new(year, small(month)?, small(day)?).map_err(|_| Unread::NoDate)
        };
        if let Some(month) = self.month {
            let [first, second] = self.numbers[..] else {
                return Err(Unread::NoDate);
            };
            let (one, two) = (number(first)?, number(second)?);
            return match (first.len(), second.len()) {
                (4, 1 | 2) => date(one, month.into(), two),
                (1 | 2, 4) => date(two, month.into(), one),
                // RFC 850 includes the day of the week.
                (1 | 2, 2) if self.weekday || two > 31 => date(full_year(two), month.into(), one),
                (1 | 2, 2) => Err(Unread::TwoDays),
                _ => Err(Unread::NoDate),
            };
        }
        if let [whole] = self.numbers[..]
            && whole.len() == 8
        {
            return date(
                number(&whole[..4])?,
                number(&whole[4..6])?,
                number(&whole[6..])?,
            );
        }
        if let Some([first, second, year]) = self.slashed() {
            let short = self.numbers[2].len() == 2;
            let order = match (first > 12, second > 12) {
                // The position of a two-digit year isn't known.
                _ if short => order.ok_or(Unread::TwoDays)?,
                (true, _) => Order::Day,
                (_, true) => Order::Month,
                _ if first == second => Order::Day,
                _ => order.ok_or(Unread::TwoDays)?,
            };
            let year = if short { full_year(year) } else { year };
            return match order {
                Order::Day => date(year, second, first),
                Order::Month => date(year, first, second),
            };
        }
        let [first, second, third] = self.numbers[..] else {
            return Err(Unread::NoDate);
        };
        let numbers = [number(first)?, number(second)?, number(third)?];
        match (first.len(), third.len()) {
            (4, 1 | 2) => date(numbers[0], numbers[1], numbers[2]),
            // With dots, the day always comes first.
            (1 | 2, 4) if self.separator == Some('.') => date(numbers[2], numbers[1], numbers[0]),
            _ => Err(Unread::NoDate),
        }
    }

    fn moment(&self, order: Option<Order>) -> Result<Timestamp, Unread> {
        let date = self.date(order)?;
        let time = self.time.unwrap_or(Time::midnight());
        let time = match self.afternoon {
            Some(afternoon) => {
                let hour = time.hour() % 12 + if afternoon { 12 } else { 0 };
                if time.hour() > 12 || time.hour() == 0 {
                    return Err(Unread::NoDate);
                }
                time.with().hour(hour).build().map_err(|_| Unread::NoDate)?
            }
            None => time,
        };
        in_zone(date.to_datetime(time), self.offset).ok_or(Unread::NoDate)
    }
}

/// Expands a two-digit year to the last hundred years (RFC 9110 section 5.6.7).
fn full_year(year: i16) -> i16 {
    if year >= 70 { 1900 + year } else { 2000 + year }
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Names of zones, in hours (RFC 5322 section 4.3).
const ZONES: [(&str, i64); 12] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

fn is_name(word: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_named(word, name))
}

/// Returns whether a word is a name or a prefix of it with at least three letters.
fn is_named(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.starts_with(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::At(text.parse().unwrap())
    }

    #[test]
    fn dates_are_read_however_they_are_written() {
        for text in [
            "971211336",
            "971211336000",
            "971211336000000",
            "971211336000000000",
            "10/Oct/2000:23:55:36 +0300",
            "2000-10-10T20:55:36Z",
            "2000-10-10T20:55:36.000+00:00",
            "2000-10-10T20:55:36+0000",
            "2000-10-10T22:55:36+02",
            "2000-10-10 20:55:36",
            "2000/10/10 20:55:36",
            "2000-10-10 20:55:36 UTC",
            "2000-10-10 22:55:36 +0200",
            "2000-10-10 20:55:36.000000000 +0000 UTC",
            "20001010T205536Z",
            "20001010205536",
            " 971211336.0 ",
            "9.71211336e8",
            "971211336000.0",
            "12615684936000000",
            "Tue, 10 Oct 2000 20:55:36 GMT",
            "Tuesday, 10-Oct-00 20:55:36 GMT",
            "Tue Oct 10 20:55:36 2000",
            "Tue, 10 Oct 2000 16:55:36 EDT",
            "10 Oct 2000 22:55:36 +0200",
            "Tue Oct 10 2000 22:55:36 GMT+0200 (Central European Summer Time)",
            "October 10, 2000, 8:55:36 PM",
            "10/10/2000, 08:55:36 p.m.",
            "10.10.2000 20:55:36",
            "2000年10月10日 20:55:36",
            "2000-10-10T20:55:36Z[Europe/Berlin]",
            "/Date(971211336000)/",
        ] {
            assert_eq!(date(text), at("2000-10-10T20:55:36Z"), "{text}");
        }
        for text in [
            "2000-10-10",
            "20001010",
            "10 October 2000",
            "Oct 10th, 2000",
        ] {
            assert_eq!(date(text), at("2000-10-10T00:00:00Z"), "{text}");
        }
        for text in [
            "-5",
            "yesterday",
            "9e99",
            "99/Foo/2000",
            "1969-07-20",
            "2000-13-01",
            "31/02/2000",
            "2000-10-10 25:00:00",
            "10:00",
            "1 2 3 4",
        ] {
            assert_eq!(date(text), Moment::Unread(text.into()), "{text}");
        }
        for text in [
            "",
            " ",
            "0",
            "0.0",
            "null",
            "NaN",
            "0000-00-00 00:00:00",
            "1970-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "-11644473600",
        ] {
            assert_eq!(date(text), Moment::Unsaid, "{text}");
        }
        assert_eq!(chromium_date("0"), Moment::Unsaid);
        assert_eq!(chromium_date("x"), Moment::Unread("x".into()));
    }

    #[test]
    fn slashes_are_read_only_where_they_can_mean_one_day() {
        for (text, order, expected) in [
            ("13/02/2024", None, Some("2024-02-13T00:00:00Z")),
            ("02/13/2024", None, Some("2024-02-13T00:00:00Z")),
            ("03/03/2024 4:05", None, Some("2024-03-03T04:05:00Z")),
            ("02/03/2024", None, None),
            ("02-03-2024", None, None),
            ("02/03/2024", Some(Order::Day), Some("2024-03-02T00:00:00Z")),
            (
                "02/03/2024",
                Some(Order::Month),
                Some("2024-02-03T00:00:00Z"),
            ),
            ("02/03/24", Some(Order::Day), Some("2024-03-02T00:00:00Z")),
            ("02/03/24", None, None),
            ("13/02/24", None, None),
            ("02-Jan-24", None, None),
        ] {
            let expected = expected.map_or_else(|| Moment::Ambiguous(text.into()), at);
            assert_eq!(date_in(text, order), expected, "{text}");
        }
        assert_eq!(order_shown("13/02/2024"), Some(Order::Day));
        assert_eq!(order_shown("02/13/2024 01:02"), Some(Order::Month));
        assert_eq!(order_shown("02/03/2024"), None);
        assert_eq!(order_shown("2024-02-13"), None);
        assert!(is_ambiguous("02/03/2024") && !is_ambiguous("13/02/2024"));
    }

    #[test]
    fn the_first_day_of_1970_is_a_day_in_a_table() {
        assert_eq!(
            date_of_table("1970-01-01T00:00:00Z", None),
            at("1970-01-01T00:00:00.000001Z")
        );
        let noon = "1970-01-01T12:00:00Z";
        assert_eq!(date_of_table(noon, None), at(noon));
        assert_eq!(date(noon), at(noon));
        for text in ["0", "", "0000-00-00"] {
            assert_eq!(date_of_table(text, None), Moment::Unsaid, "{text}");
        }
    }

    #[test]
    fn fuzz_date() {
        crate::fuzz::text(
            &[
                "10/Oct/2000:23:55:36 +0300",
                "971211336",
                "Tue, 10 Oct 2000 20:55:36 GMT",
                "13/02/2024 1:02 PM",
            ],
            |text| {
                for order in [None, Some(Order::Day), Some(Order::Month)] {
                    if let Moment::At(moment) = date_of_table(text, order) {
                        assert!(moment > Timestamp::UNIX_EPOCH);
                    }
                }
                let _ = (order_shown(text), chromium_date(text), is_ambiguous(text));
            },
        );
    }
}
