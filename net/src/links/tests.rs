//! Verdicts on pages that are there, that moved and that are gone.

use super::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// Returns a text of a hundred words that no other topic has.
fn text(topic: &str) -> String {
    (0..100).map(|at| format!("{topic}{at} ")).collect()
}

/// A check of `https://e.org/page`.
struct Case<'a> {
    status: u16,
    end: &'a str,
    moved_to: Option<&'a str>,
    title: &'a str,
    text: &'a str,
    kept: Option<&'a str>,
    made_up: Option<(&'a str, &'a str)>,
}

const THERE: Case<'_> = Case {
    status: 200,
    end: "https://e.org/page",
    moved_to: None,
    title: "A page",
    text: "",
    kept: None,
    made_up: None,
};

fn found(case: &Case<'_>) -> Finding {
    let end = url(case.end);
    let moved_to = case.moved_to.map(url);
    let answer = Answer {
        status: case.status,
        url: &end,
        moved_to: moved_to.as_ref(),
        title: case.title,
        text: case.text,
    };
    let nowhere = url("https://e.org/made-up");
    let made_up = case.made_up.map(|(title, text)| Answer {
        status: 200,
        url: &nowhere,
        moved_to: None,
        title,
        text,
    });
    finding(
        &url("https://e.org/page"),
        case.kept,
        Some(&answer),
        made_up.as_ref(),
    )
}

#[test]
fn a_status_is_a_finding() {
    for (status, expected) in [
        (200, Finding::There),
        (204, Finding::There),
        (302, Finding::Walled),
        (400, Finding::Walled),
        (401, Finding::Walled),
        (403, Finding::Walled),
        (404, Finding::Missing),
        (408, Finding::Down),
        (410, Finding::Missing),
        (429, Finding::Walled),
        (451, Finding::Walled),
        (500, Finding::Down),
        (503, Finding::Walled),
        (521, Finding::Down),
    ] {
        assert_eq!(found(&Case { status, ..THERE }), expected, "{status}");
    }
    assert_eq!(
        finding(&url("https://e.org/"), None, None, None),
        Finding::Down
    );
}

#[test]
fn walls_are_never_missing_pages() {
    for title in [
        "Just a moment...",
        "Access Denied",
        "Sign in - Forum",
        "Attention Required! | Cloudflare",
    ] {
        assert_eq!(found(&Case { title, ..THERE }), Finding::Walled, "{title}");
    }
    for end in [
        "https://e.org/login?next=/page",
        "https://id.e.org/sso/x",
        "https://consent.e.org/consent.html",
    ] {
        assert_eq!(
            found(&Case {
                end,
                title: "404",
                ..THERE
            }),
            Finding::Walled,
            "{end}"
        );
    }
}

#[test]
fn one_sign_of_a_replaced_page_is_not_enough_and_two_are() {
    let (own, other) = (text("own"), text("other"));
    let front = Case {
        end: "https://e.org/",
        ..THERE
    };
    assert_eq!(found(&front), Finding::There);
    let title = Case {
        title: "Seite nicht gefunden",
        ..THERE
    };
    assert_eq!(found(&title), Finding::There);
    let changed = Case {
        text: &other,
        kept: Some(&own),
        ..THERE
    };
    assert_eq!(found(&changed), Finding::There);
    let same = Case {
        text: &other,
        made_up: Some(("A page", &other)),
        ..THERE
    };
    assert_eq!(found(&same), Finding::There);

    assert_eq!(
        found(&Case {
            title: "404 - e.org",
            ..front
        }),
        Finding::Replaced
    );
    assert_eq!(
        found(&Case {
            end: "https://e.org/404.html",
            ..title
        }),
        Finding::Replaced
    );
    assert_eq!(
        found(&Case {
            title: "ページが見つかりません",
            ..changed
        }),
        Finding::Replaced
    );
    assert_eq!(
        found(&Case {
            kept: Some(&own),
            ..same
        }),
        Finding::Replaced
    );
}

#[test]
fn a_page_that_only_speaks_of_errors_is_there() {
    let (own, other) = (text("own"), text("other"));
    for title in [
        "How to fix error 404",
        "Peugeot 404",
        "Lost and not found: a very long story about all that I have looked for in many years and places",
    ] {
        let case = Case {
            title,
            text: &own,
            kept: Some(&own),
            made_up: Some((title, &other)),
            ..THERE
        };
        assert_eq!(found(&case), Finding::There, "{title}");
    }
}

#[test]
fn a_page_has_moved_if_its_text_is_there() {
    let (own, other) = (text("own"), text("other"));
    let target = "https://f.org/new";
    let case = Case {
        end: target,
        moved_to: Some(target),
        ..THERE
    };
    assert_eq!(found(&case), Finding::Moved(url(target)));
    let case = Case {
        text: &own,
        kept: Some(&own),
        ..case
    };
    assert_eq!(found(&case), Finding::Moved(url(target)));
    // Something else is there now.
    let case = Case {
        text: &other,
        ..case
    };
    assert_eq!(found(&case), Finding::There);
    // Another form of the same address is no move.
    let same = "http://e.org/page/?utm_source=x";
    let case = Case {
        end: same,
        moved_to: Some(same),
        kept: None,
        ..case
    };
    assert_eq!(found(&case), Finding::There);
    // All of a closed web site leads to the front page of another.
    let front = "https://f.org/";
    let case = Case {
        end: front,
        moved_to: Some(front),
        ..case
    };
    assert_eq!(found(&case), Finding::There);
}

#[test]
fn text_without_spaces_is_compared_too() {
    let text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で";
    assert_eq!(shared(text, text), Some(1.0));
    assert_eq!(shared("too short", text), None);
}

/// Returns the verdicts after findings on these days.
fn verdicts(findings: &[(i64, Finding)]) -> Vec<Verdict> {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut history = None;
    let verdict = |(hours, finding): &(i64, Finding)| {
        let now = begin + SignedDuration::from_hours(*hours);
        let next = judged(history.as_ref(), finding, now);
        history = Some(next);
        next.verdict
    };
    findings.iter().map(verdict).collect()
}

#[test]
fn a_page_is_gone_when_it_is_missing_twice_a_week_apart() {
    use Finding::{Down, Missing, There, Walled};
    use Verdict::{Gone, Ok};
    let day = 24;
    assert_eq!(
        verdicts(&[
            (0, Missing),
            (day, Missing),
            (6 * day, Missing),
            (7 * day, Missing),
            (8 * day, There)
        ]),
        [Ok, Ok, Ok, Gone, Ok]
    );
    // Between them it was there, or nobody knows.
    for between in [There, Walled, Down] {
        let found = verdicts(&[(0, Missing), (day, between.clone()), (7 * day, Missing)]);
        assert_ne!(found[2], Gone, "{between:?}");
    }
}

#[test]
fn a_host_is_unreachable_after_three_checks_within_two_weeks() {
    use Finding::Down;
    use Verdict::{Ok, Unreachable};
    let day = 24;
    let down = |hours: &[i64]| verdicts(&hours.iter().map(|at| (*at, Down)).collect::<Vec<_>>());
    assert_eq!(
        down(&[0, day, 2 * day, 30 * day]),
        [Ok, Ok, Unreachable, Unreachable]
    );
    // An afternoon without a network is one failure.
    assert_eq!(down(&[0, 1, 2, 3, 4]), [Ok; 5]);
    // Failures that are months apart have nothing to do with each other.
    assert_eq!(down(&[0, 90 * day, 180 * day, 270 * day]), [Ok; 4]);
}
