//! Parses publication dates in the forms that pages use.
//!
//! A date is accepted only if it can mean just one day. In `03/04/2017`, the language of the page
//! decides which number is the month; without a language it is rejected. The result is RFC 3339 if
//! the time zone is known, otherwise a day, month or year in ISO 8601.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::rfc2822,
};

use super::letters::folded;

/// Longest text that is parsed, in bytes. Longer ones contain more than a date.
const MAX_BYTES: usize = 200;
/// Plausible years of publication, from the first printed books on. Others are of another calendar,
/// or aren't years.
const YEARS: std::ops::RangeInclusive<i16> = 1450..=2200;

/// Names and abbreviations of the months, without accents and dots, in English, German, French,
/// Spanish, Portuguese, Italian, Catalan, Dutch, Danish, Norwegian, Swedish, Finnish, Polish,
/// Czech, Turkish, Indonesian, Russian and Ukrainian. Source: Unicode CLDR, `months`, format and
/// stand-alone. A name of different months in two languages is left out.
const MONTHS: [&str; 12] = [
    "january jan januar janner jaenner janvier janv enero ene janeiro gennaio gen gener januari \
     jan tammikuuta tammikuu tammik stycznia styczen sty ledna leden ocak oca января январь янв \
     січня січень січ",
    "february feb februar feber fevrier fevr fev febrero fevereiro febbraio febrer februari \
     helmikuuta helmikuu helmik lutego luty lut unora unor subat sub pebruari февраля февраль \
     фев февр лютого лютий лют",
    "march mar marz maerz mrz mars marzo marco marc maart mrt marts maaliskuuta maaliskuu \
     maalisk marca marzec brezna brezen mart maret марта март мар березня березень бер",
    "april apr avril avr abril abr aprile aprill huhtikuuta huhtikuu huhtik kwietnia kwiecien \
     kwi dubna duben nisan nis апреля апрель апр квітня квітень квіт",
    "may mai mayo maio maggio mag maig mei maj toukokuuta toukokuu toukok maja kvetna kveten \
     mayis мая май травня травень трав",
    "june jun juni juin junio junho giugno giu juny kesakuuta kesakuu kesak czerwca czerwiec \
     cze cervna cerven haziran haz июня июнь июн червня червень черв",
    "july jul juli juillet juil julio julho luglio lug juliol heinakuuta heinakuu heinak lipca \
     lipiec lip cervence cervenec temmuz tem июля июль июл липня липень лип",
    "august aug aout agosto ago agost augustus augusti elokuuta elokuu elok sierpnia sierpien \
     sie srpna srpen agustos agu agustus августа август авг серпня серпень серп",
    "september sep sept septembre septiembre setembro set settembre setembre syyskuuta syyskuu \
     syysk wrzesnia wrzesien wrz zari eylul eyl сентября сентябрь сен сент вересня вересень вер",
    "october oct oktober okt octobre octubre outubro out ottobre ott lokakuuta lokakuu lokak \
     pazdziernika pazdziernik paz rijna rijen ekim eki октября октябрь окт жовтня жовтень жовт",
    "november nov novembre noviembre novembro marraskuuta marraskuu marrask listopada listopadu \
     kasim kas ноября ноябрь ноя нояб листопада листопад лист",
    "december dec dezember dez decembre diciembre dic dezembro dicembre desembre desember des \
     joulukuuta joulukuu jouluk grudnia grudzien gru prosince prosinec aralik ara декабря \
     декабрь дек грудня грудень груд",
];

/// Words between the parts of a date.
const FILLERS: &[&str] = &[
    "of", "de", "del", "der", "den", "the", "di", "da", "do", "г", "p",
];

/// Languages in which the day comes first in a numeric date. Source: Unicode CLDR, `dateFormats`,
/// short.
const DAY_FIRST: &[&str] = &[
    "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "sk", "sl", "hr", "sr", "bg", "ro",
    "el", "tr", "da", "nb", "nn", "no", "fi", "et", "is", "ca", "gl", "id", "vi", "th", "he", "ar",
    "en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za", "br", "cy", "ga", "be", "mk", "sq", "bs",
    "az", "ka", "hy", "hi",
];
/// Languages in which the month comes first.
const MONTH_FIRST: &[&str] = &["en-us", "fil", "es-pa", "es-pr"];

/// Returns the first unambiguous date in a text. `lang` is the page's BCP 47 language tag.
#[must_use]
pub(super) fn read(text: &str, lang: Option<&str>) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_BYTES {
        return None;
    }
    if text
        .parse::<Timestamp>()
        .is_ok_and(|moment| moment == Timestamp::UNIX_EPOCH)
    {
        return None;
    }
    iso(text)
        .or_else(|| digits(text))
        .or_else(|| written(text, lang))
}

/// Parses ISO 8601, RFC 2822 and RFC 9110. RFC 3339 stays unchanged; the others become RFC 3339 or,
/// without a zone, their date.
fn iso(text: &str) -> Option<String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        let bytes = text.as_bytes();
        let tail = bytes
            .get(bytes.len().saturating_sub(6)..)
            .unwrap_or_default();
        let rfc3339 = bytes.get(10) == Some(&b'T')
            && (text.ends_with('Z') || (matches!(tail[0], b'+' | b'-') && tail[3] == b':'));
        return moment_text(moment).map(|utc| if rfc3339 { text.to_owned() } else { utc });
    }
    // Without a zone the time isn't known, but the day is.
    let date = text
        .parse::<DateTime>()
        .map(|moment| moment.date())
        .or_else(|_| text.parse::<Date>());
    if let Ok(date) = date {
        return day_text(date);
    }
    if let Ok(moment) = rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
    {
        return moment_text(moment);
    }
    // `2017-06-12 10:00:00 +0000`, `… UTC`.
    let (start, zone) = text.rsplit_once(' ')?;
    let zone = match zone {
        "UTC" | "GMT" | "Z" => "+00",
        offset if offset.starts_with(['+', '-']) => offset,
        _ => return None,
    };
    let moment: Timestamp = format!("{}{zone}", start.trim_end()).parse().ok()?;
    moment_text(moment)
}

fn moment_text(moment: Timestamp) -> Option<String> {
    let year = moment.to_zoned(jiff::tz::TimeZone::UTC).year();
    // The first moment of 1970 means no date.
    (YEARS.contains(&year) && moment != Timestamp::UNIX_EPOCH).then(|| moment.to_string())
}

fn day_text(date: Date) -> Option<String> {
    YEARS.contains(&date.year()).then(|| date.to_string())
}

/// Parses digits alone: seconds or milliseconds since 1970, `20170612`, `20170612100000`, a year;
/// and `2017-06`.
fn digits(text: &str) -> Option<String> {
    if let Some((year, month)) = text.split_once(['-', '/', '.'])
        && year.len() == 4
        && let (Ok(year), Ok(month)) = (year.parse(), month.parse())
    {
        return month_text(year, month);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    match text.len() {
        4 => {
            let year = part(0, 4)?;
            YEARS.contains(&year).then(|| text.to_owned())
        }
        8 | 12 | 14 => date_text(part(0, 4)?, part(4, 6)?, part(6, 8)?),
        // From September 2001 on.
        10 => moment_text(Timestamp::from_second(text.parse().ok()?).ok()?),
        13 => moment_text(Timestamp::from_millisecond(text.parse().ok()?).ok()?),
        _ => None,
    }
}

fn date_text(year: i16, month: i16, day: i16) -> Option<String> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    day_text(Date::new(year, month, day).ok()?)
}

fn month_text(year: i16, month: i16) -> Option<String> {
    (YEARS.contains(&year) && (1..=12).contains(&month)).then(|| format!("{year}-{month:02}"))
}

/// A part of a text that may be a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A number with its count of digits.
    Number(i16, usize),
    Month(i16),
    /// A sign as the only thing between two numbers.
    Sign(char),
    Word,
}

/// Splits a text into parts, without times of day.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    // Removes accents only in words; digits of other scripts are converted.
    let chars: Vec<char> = text.chars().map(plain_digit).collect();
    let mut at = 0;
    while at < chars.len() {
        let begin = at;
        let c = chars[at];
        if c.is_ascii_digit() {
            while at < chars.len() && chars[at].is_ascii_digit() {
                at += 1;
            }
            // A time of day with everything that belongs to it.
            if chars.get(at) == Some(&':') && chars.get(at + 1).is_some_and(char::is_ascii_digit) {
                while at < chars.len()
                    && (chars[at].is_ascii_digit() || matches!(chars[at], ':' | '.'))
                {
                    at += 1;
                }
                // Its offset from UTC.
                if matches!(chars.get(at), Some('+' | '-'))
                    && chars.get(at + 1).is_some_and(char::is_ascii_digit)
                {
                    at += 1;
                    while at < chars.len() && (chars[at].is_ascii_digit() || chars[at] == ':') {
                        at += 1;
                    }
                }
                parts.push(Part::Word);
                continue;
            }
            let number: String = chars[begin..at].iter().collect();
            match number.parse() {
                Ok(value) if at - begin <= 4 => parts.push(Part::Number(value, at - begin)),
                _ => parts.push(Part::Word),
            }
            // `2017-06-12T10:00`: not a word.
            if chars.get(at) == Some(&'T') && chars.get(at + 1).is_some_and(char::is_ascii_digit) {
                at += 1;
            }
        } else if c.is_alphabetic() && !is_counter(c) {
            while at < chars.len() && chars[at].is_alphabetic() && !is_counter(chars[at]) {
                at += 1;
            }
            let word: String = chars[begin..at].iter().collect();
            let word = folded(&word);
            let after_number =
                matches!(parts.last(), Some(Part::Number(..))) && chars[begin - 1].is_ascii_digit();
            if let Some(month) = month_of(&word) {
                parts.push(Part::Month(month));
            } else if after_number
                && matches!(
                    &*word,
                    "st" | "nd" | "rd" | "th" | "er" | "e" | "re" | "eme" | "º" | "o" | "a"
                )
            {
                // An ordinal number.
            } else if !FILLERS.contains(&&*word) {
                parts.push(Part::Word);
            }
        } else {
            at += 1;
            match c {
                '-' | '/' | '.' | '‐' | '‑' | '–' | '·' | '⁄' | '／' => {
                    let sign = match c {
                        '‐' | '‑' | '–' => '-',
                        '⁄' | '／' => '/',
                        '·' => '.',
                        sign => sign,
                    };
                    parts.push(Part::Sign(sign));
                }
                // `2017年6月12日`, `2017년 6월 12일`.
                c if is_counter(c) => parts.push(Part::Sign(c)),
                _ => {}
            }
        }
    }
    parts
}

fn is_counter(c: char) -> bool {
    matches!(c, '年' | '月' | '日' | '号' | '號' | '년' | '월' | '일')
}

/// Converts digits of other scripts to ASCII.
fn plain_digit(c: char) -> char {
    let zero = match c {
        '０'..='９' => '０',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '๐'..='๙' => '๐',
        _ => return c,
    };
    u32::from(c)
        .checked_sub(u32::from(zero))
        .and_then(|digit| char::from_digit(digit, 10))
        .unwrap_or(c)
}

fn month_of(word: &str) -> Option<i16> {
    let place = MONTHS
        .iter()
        .position(|names| names.split_whitespace().any(|name| name == word))?;
    i16::try_from(place + 1).ok()
}

/// Parses a date in words, or in numbers with signs between them.
fn written(text: &str, lang: Option<&str>) -> Option<String> {
    let parts = parts(text);
    if parts.iter().any(|part| matches!(part, Part::Month(_))) {
        in_words(&parts)
    } else {
        in_numbers(&parts, lang)
    }
}

fn in_words(parts: &[Part]) -> Option<String> {
    let plain: Vec<Part> = parts
        .iter()
        .copied()
        .filter(|part| !matches!(part, Part::Sign(_)))
        .collect();
    let year = |part: Option<&Part>| match part {
        Some(Part::Number(year, 4)) => Some(*year),
        _ => None,
    };
    let day = |part: Option<&Part>| match part {
        Some(Part::Number(day @ 1..=31, 1 | 2)) => Some(*day),
        _ => None,
    };
    let mut found = None;
    for (at, part) in plain.iter().enumerate() {
        let Part::Month(month) = *part else { continue };
        let before = |steps: usize| at.checked_sub(steps).and_then(|at| plain.get(at));
        let after = |steps: usize| plain.get(at + steps);
        let date = if let (Some(day), Some(year)) = (day(before(1)), year(after(1))) {
            date_text(year, month, day)
        } else if let (Some(day), Some(year)) = (day(after(1)), year(after(2))) {
            date_text(year, month, day)
        } else if let (Some(year), Some(day)) = (year(before(1)), day(after(1))) {
            date_text(year, month, day)
        // `Mon Jun 12 10:00:00 UTC 2017`.
        } else if let (Some(day), Some(Part::Word), Some(year)) =
            (day(after(1)), after(2), year(plain.last()))
        {
            date_text(year, month, day)
        } else if let (Some(year), false) = (
            year(after(1)).or_else(|| year(before(1))),
            matches!(before(1), Some(Part::Number(_, 1..=3))),
        ) {
            month_text(year, month)
        } else {
            continue;
        };
        // Takes the first one, but prefers a day to a month alone.
        if date.as_ref().is_some_and(|date| date.len() == 10) {
            return date;
        }
        found = found.or(date);
    }
    found
}

fn in_numbers(parts: &[Part], lang: Option<&str>) -> Option<String> {
    for at in 0..parts.len() {
        let (Part::Number(a, a_digits), Some(Part::Sign(sign)), Some(Part::Number(b, b_digits))) =
            (parts[at], parts.get(at + 1), parts.get(at + 2))
        else {
            continue;
        };
        let third = match (parts.get(at + 3), parts.get(at + 4)) {
            (Some(Part::Sign(second)), Some(Part::Number(c, digits)))
                if second == sign || is_counter(*second) =>
            {
                Some((*c, *digits))
            }
            _ => None,
        };
        match third {
            Some((c, 1 | 2)) if a_digits == 4 && *b_digits <= 2 => return date_text(a, *b, c),
            Some((c, 4)) if a_digits <= 2 && *b_digits <= 2 => {
                return day_and_month(a, *b, lang)
                    .and_then(|(day, month)| date_text(c, month, day));
            }
            Some(_) => return None,
            // `2017年6月`.
            None if a_digits == 4 && *b_digits <= 2 && is_counter(*sign) => {
                return month_text(a, *b);
            }
            None => {}
        }
    }
    None
}

/// Decides which of two numbers is the day.
fn day_and_month(first: i16, second: i16, lang: Option<&str>) -> Option<(i16, i16)> {
    match (first > 12, second > 12) {
        (true, true) => return None,
        (true, false) => return Some((first, second)),
        (false, true) => return Some((second, first)),
        (false, false) if first == second => return Some((first, second)),
        (false, false) => {}
    }
    let lang = lang?.trim().to_ascii_lowercase().replace('_', "-");
    let is = |known: &&str| {
        lang.strip_prefix(*known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if MONTH_FIRST.iter().any(is) {
        Some((second, first))
    } else if DAY_FIRST.iter().any(is) {
        Some((first, second))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form_that_pages_write() {
        for (text, date) in [
            ("2017-06-12", "2017-06-12"),
            ("2017-06-12T10:00:00Z", "2017-06-12T10:00:00Z"),
            (
                "2017-06-12T10:00:00.000+02:00",
                "2017-06-12T10:00:00.000+02:00",
            ),
            ("2017-06-12T10:00:00+0200", "2017-06-12T08:00:00Z"),
            ("2017-06-12 10:00:00 +0000", "2017-06-12T10:00:00Z"),
            ("2017-06-12 10:00:00 -0730", "2017-06-12T17:30:00Z"),
            ("2017-06-12 10:00:00 UTC", "2017-06-12T10:00:00Z"),
            ("2017-06-12 10:00:00+00:00", "2017-06-12T10:00:00Z"),
            ("2017-06-12 10:00:00", "2017-06-12"),
            ("2017-06-12T10:00", "2017-06-12"),
            ("20170612T100000Z", "2017-06-12T10:00:00Z"),
            ("20170612", "2017-06-12"),
            ("20170612100000", "2017-06-12"),
            ("2017-06", "2017-06"),
            ("2017/06", "2017-06"),
            ("2017", "2017"),
            ("1497261600", "2017-06-12T10:00:00Z"),
            ("1497261600000", "2017-06-12T10:00:00Z"),
            ("2017/06/12", "2017-06-12"),
            ("2017/6/2", "2017-06-02"),
            ("2017.06.12", "2017-06-12"),
            ("2017. 6. 12.", "2017-06-12"),
            ("2017-6-2", "2017-06-02"),
            ("2017/06/12 10:00", "2017-06-12"),
            ("2017-06-12/2017-06-14", "2017-06-12"),
            ("Mon, 12 Jun 2017 10:00:00 GMT", "2017-06-12T10:00:00Z"),
            ("Mon, 12 Jun 2017 10:00:00 +0200", "2017-06-12T08:00:00Z"),
            ("12 Jun 2017 10:00:00 GMT", "2017-06-12T10:00:00Z"),
            ("Mon Jun 12 10:00:00 2017", "2017-06-12"),
            ("Mon Jun 12 10:00:00 UTC 2017", "2017-06-12"),
            ("Mon Jun 12 2017 10:00:00 GMT+0200 (CEST)", "2017-06-12"),
            ("June 12, 2017", "2017-06-12"),
            ("Jun. 12, 2017", "2017-06-12"),
            ("Jun 12 2017", "2017-06-12"),
            ("JUNE 12, 2017", "2017-06-12"),
            ("June 12th, 2017", "2017-06-12"),
            ("Monday, June 12, 2017 at 10:00 AM", "2017-06-12"),
            ("Published on June 12, 2017 · 5 min read", "2017-06-12"),
            ("12 June 2017", "2017-06-12"),
            ("12th of June, 2017", "2017-06-12"),
            ("12-Jun-2017", "2017-06-12"),
            ("2017 Jun 12", "2017-06-12"),
            ("2017-Jun-12", "2017-06-12"),
            ("June 2017", "2017-06"),
            ("2017 June", "2017-06"),
            ("12. Juni 2017", "2017-06-12"),
            ("Montag, 12. Juni 2017, 10:00 Uhr", "2017-06-12"),
            ("1. März 2017", "2017-03-01"),
            ("1. Maerz 2017", "2017-03-01"),
            ("12 juin 2017", "2017-06-12"),
            ("1er août 2017", "2017-08-01"),
            ("mar. 12 déc. 2017", "2017-12-12"),
            ("12 de junio de 2017", "2017-06-12"),
            ("12 de junho de 2017", "2017-06-12"),
            ("12 giugno 2017", "2017-06-12"),
            ("12 juni 2017", "2017-06-12"),
            ("12 czerwca 2017", "2017-06-12"),
            ("12 июня 2017 г.", "2017-06-12"),
            ("12 Haziran 2017", "2017-06-12"),
            ("2017年6月12日", "2017-06-12"),
            ("２０１７年６月１２日", "2017-06-12"),
            ("2017年06月12日 10:00", "2017-06-12"),
            ("2017年6月", "2017-06"),
            ("2017년 6월 12일", "2017-06-12"),
            ("25/12/2017", "2017-12-25"),
            ("12/25/2017", "2017-12-25"),
            ("25.12.2017", "2017-12-25"),
            ("06/06/2017", "2017-06-06"),
        ] {
            assert_eq!(read(text, None).as_deref(), Some(date), "{text}");
        }
    }

    #[test]
    fn the_dates_of_the_corpus_of_pages_are_read() {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            what: String,
            lang: Option<String>,
            dates: Vec<String>,
            published_at: Option<String>,
        }
        let corpus: Vec<Page> =
            serde_json::from_str(include_str!("../../../tests/fixtures/published-dates.json"))
                .unwrap();
        assert!(corpus.len() >= 40);
        let mut wrong = Vec::new();
        for page in corpus {
            let lang = page.lang.as_deref();
            let found = page.dates.iter().find_map(|date| read(date, lang));
            if found != page.published_at {
                wrong.push((page.what, found, page.published_at));
            }
        }
        assert!(wrong.is_empty(), "form, found, expected: {wrong:#?}");
    }

    #[test]
    fn an_ambiguous_date_is_read_by_the_language_of_the_page() {
        for (text, lang, date) in [
            ("03/04/2017", None, None),
            ("03.04.2017", None, None),
            ("03/04/2017", Some("en"), None),
            ("03/04/2017", Some("en-US"), Some("2017-03-04")),
            ("03/04/2017", Some("en-GB"), Some("2017-04-03")),
            ("03/04/2017", Some("fr"), Some("2017-04-03")),
            ("03.04.2017", Some("de-AT"), Some("2017-04-03")),
            ("3.4.2017, 10:00 Uhr", Some("de"), Some("2017-04-03")),
            ("03-04-2017", Some("nl_NL"), Some("2017-04-03")),
            ("03/04/2017", Some("ja"), None),
            ("03/04/2017", Some("deu"), None),
        ] {
            assert_eq!(read(text, lang).as_deref(), date, "{text} {lang:?}");
        }
    }

    #[test]
    fn an_invalid_date_is_none() {
        for text in [
            "",
            "yesterday",
            "3 days ago",
            "2017-02-30",
            "2017/13/01",
            "0000-00-00",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "0",
            "12",
            "9999",
            "2560/06/12",
            "32 June 2017",
            "June",
            "June 12",
            "12/06/17",
            "may be 12",
            "10:00",
            "99999999999999999999",
            "1.2.3",
            "平成29年6月12日",
        ] {
            assert_eq!(read(text, Some("de")), None, "{text}");
        }
    }

    #[test]
    fn fuzz_published_date() {
        crate::fuzz::text(
            &[
                "Mon, 12 Jun 2017 10:00:00 +0200",
                "2017年6月12日",
                "1er août 2017 à 10:00",
                "03/04/2017",
                "20170612T100000Z",
            ],
            |text| {
                for lang in [None, Some("de"), Some(text)] {
                    if let Some(date) = read(text, lang) {
                        // Parsing the result again gives the same.
                        assert_eq!(read(&date, None).as_deref(), Some(date.as_str()), "{text}");
                    }
                }
            },
        );
    }
}
