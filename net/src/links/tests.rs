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
    made_up_end: &'a str,
    front: Option<(&'a str, &'a str)>,
}

const THERE: Case<'_> = Case {
    status: 200,
    end: "https://e.org/page",
    moved_to: None,
    title: "A page",
    text: "",
    kept: None,
    made_up: None,
    made_up_end: "https://e.org/made-up",
    front: None,
};

fn answer(status: u16, end: &str, title: &str, text: &str) -> Answer {
    Answer {
        status,
        // As far as that counts: only for the address that can't be there.
        asked: url("https://e.org/made-up"),
        url: url(end),
        moved_to: None,
        page: Page {
            title: title.to_owned(),
            text: text.to_owned(),
            ..Page::default()
        },
    }
}

fn found(case: &Case<'_>) -> Finding {
    let answer = Answer {
        moved_to: case.moved_to.map(url),
        ..answer(case.status, case.end, case.title, case.text)
    };
    let mut ask = |probe| match probe {
        Probe::MadeUp => case
            .made_up
            .map(|(title, text)| self::answer(200, case.made_up_end, title, text)),
        Probe::Front => case
            .front
            .map(|(title, text)| self::answer(200, "https://e.org/", title, text)),
    };
    finding(&url("https://e.org/page"), case.kept, &answer, &mut ask)
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
        (511, Finding::Walled),
        (521, Finding::Down),
        (600, Finding::Walled),
        (999, Finding::Walled),
    ] {
        assert_eq!(found(&Case { status, ..THERE }), expected, "{status}");
    }
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
    let front = text("front");
    assert_eq!(
        found(&Case {
            kept: Some(&own),
            front: Some(("A page", &front)),
            ..same
        }),
        Finding::Replaced
    );
}

#[test]
fn a_page_that_a_script_fills_is_there_although_all_addresses_answer_the_same() {
    let (own, shell) = (text("own"), text("shell"));
    let case = Case {
        text: &shell,
        kept: Some(&own),
        made_up: Some(("A page", &shell)),
        ..THERE
    };
    let front = Some(("A page", &*shell));
    assert_eq!(found(&Case { front, ..case }), Finding::There);
    // Nobody knows.
    assert_eq!(
        found(&Case {
            front: None,
            ..case
        }),
        Finding::There
    );
}

#[test]
fn a_text_after_the_part_that_was_read_is_not_missing() {
    let mut cut = answer(200, "https://e.org/", "A page", &text("menu"));
    let kept = text("own");
    let mut ask = |_| None;
    let page = url("https://e.org/page");
    assert_eq!(
        finding(&page, Some(&kept), &cut, &mut ask),
        Finding::Replaced
    );
    cut.page.is_cut = true;
    assert_eq!(finding(&page, Some(&kept), &cut, &mut ask), Finding::There);
}

#[test]
fn a_login_in_place_of_a_page_is_a_wall() {
    let mut login = answer(200, "https://e.org/", "404", "");
    login.page.asks_for_password = true;
    let page = url("https://e.org/page");
    let mut ask = |_| None;
    assert_eq!(finding(&page, None, &login, &mut ask), Finding::Walled);
    // A page with a login at its edge is no wall.
    login.url = page.clone();
    assert_eq!(finding(&page, None, &login, &mut ask), Finding::There);
}

#[test]
fn other_addresses_are_asked_for_only_if_they_decide() {
    let page = url("https://e.org/page");
    let mut asked = Vec::new();
    let mut count = |answer: &Answer, kept: Option<&str>| {
        let mut ask = |probe| {
            asked.push(probe);
            None
        };
        let _ = finding(&page, kept, answer, &mut ask);
        std::mem::take(&mut asked)
    };
    let own = text("own");
    let there = answer(200, "https://e.org/page", "A page", &own);
    assert_eq!(count(&there, Some(&own)), []);
    assert_eq!(count(&there, None), []);
    let missing = answer(404, "https://e.org/page", "404", "");
    assert_eq!(count(&missing, None), []);
    let front = answer(200, "https://e.org/", "A page", &own);
    assert_eq!(count(&front, None), [Probe::MadeUp]);
    let moved = Answer {
        moved_to: Some(url("https://f.org/page")),
        ..answer(200, "https://f.org/page", "A page", &own)
    };
    assert_eq!(count(&moved, Some(&own)), []);
    assert_eq!(count(&moved, None), [Probe::MadeUp]);
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
    // All addresses of the host lead there.
    let sold = "https://f.org/for-sale";
    let sold = Case {
        end: sold,
        moved_to: Some(sold),
        made_up: Some(("A page", &other)),
        made_up_end: sold,
        kept: None,
        text: &other,
        ..THERE
    };
    assert_eq!(found(&sold), Finding::Replaced);
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

/// Returns the verdicts after findings at these hours.
fn verdicts(findings: &[(i64, Finding)]) -> Vec<Verdict> {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut history = None;
    let verdict = |(hours, finding): &(i64, Finding)| {
        let now = begin + SignedDuration::from_hours(*hours);
        let next = judged(history, finding, now);
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
    for between in [There, Down] {
        let found = verdicts(&[(0, Missing), (day, between.clone()), (7 * day, Missing)]);
        assert_ne!(found[2], Gone, "{between:?}");
    }
    // A host that asks to wait says nothing of the page.
    let found = verdicts(&[(0, Missing), (day, Walled), (7 * day, Missing)]);
    assert_eq!(found[1..], [Ok, Gone]);
    // The page isn't gone because its host shuts programs out now.
    let found = verdicts(&[(0, Missing), (7 * day, Walled), (8 * day, There)]);
    assert_eq!(found[1..], [Ok, Ok]);
}

#[test]
fn a_wall_changes_no_verdict_but_that_a_host_does_not_answer() {
    use Finding::{Down, Missing, Moved, Replaced, There, Walled};
    let day = 24;
    let target = url("https://f.org/");
    for (before, verdict) in [
        (Moved(target), Verdict::Moved),
        (Replaced, Verdict::Soft),
        (There, Verdict::Walled),
    ] {
        assert_eq!(verdicts(&[(0, before), (day, Walled)])[1], verdict);
    }
    let gone = [(0, Missing), (7 * day, Missing), (90 * day, Walled)];
    assert_eq!(verdicts(&gone)[2], Verdict::Gone);
    let down = [0, 4 * day, 8 * day].map(|at| (at, Down));
    let back = [&down[..], &[(9 * day, Walled), (10 * day, Down)]].concat();
    assert_eq!(
        verdicts(&back)[2..],
        [Verdict::Unreachable, Verdict::Walled, Verdict::Walled]
    );
    // An answer begins the count again.
    let busy = [
        (0, Down),
        (4 * day, Walled),
        (6 * day, Down),
        (8 * day, Down),
    ];
    assert_eq!(verdicts(&busy)[3], Verdict::Walled);
}

#[test]
fn a_host_is_unreachable_after_three_checks_and_a_week() {
    use Finding::Down;
    use Verdict::{Ok, Unreachable};
    let day = 24;
    let down = |hours: &[i64]| verdicts(&hours.iter().map(|at| (*at, Down)).collect::<Vec<_>>());
    // Weekly and monthly runs, and as often as pages are due.
    assert_eq!(down(&[0, 7 * day, 14 * day]), [Ok, Ok, Unreachable]);
    assert_eq!(down(&[0, 30 * day, 60 * day]), [Ok, Ok, Unreachable]);
    let often: Vec<i64> = (0..10).map(|at| at * 20).collect();
    let found = down(&often);
    assert_eq!(found[..9], [Ok; 9], "less than a week");
    assert_eq!(found[9], Unreachable);
    assert_eq!(down(&[0, day, 2 * day, 6 * day]), [Ok; 4]);
    assert_eq!(down(&[0, 7 * day]), [Ok; 2]);
    // An afternoon without a network is one failure.
    assert_eq!(down(&[0, 1, 2, 3, 7 * day]), [Ok; 5]);
    // Failures that are months apart have nothing to do with each other.
    assert_eq!(down(&[0, 90 * day, 180 * day, 270 * day]), [Ok; 4]);
}

#[test]
fn failures_in_the_future_are_none() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let later = now + SignedDuration::from_hours(24);
    for (since, last) in [
        (later, later),
        (now - SignedDuration::from_hours(2400), later),
    ] {
        for is_missing in [true, false] {
            let known = History {
                verdict: Verdict::Ok,
                failures: Some(LinkFailures {
                    since,
                    last,
                    count: 7,
                    is_missing,
                }),
            };
            let finding = match is_missing {
                true => Finding::Missing,
                false => Finding::Down,
            };
            let judged = judged(Some(known), &finding, now);
            assert_eq!(judged.verdict, Verdict::Ok);
            let failures = judged.failures.unwrap();
            assert_eq!((failures.since, failures.count), (now, 1));
        }
    }
}

#[test]
fn a_page_that_is_gone_stays_gone_while_its_host_is_down() {
    use Finding::{Down, Missing, There};
    let day = 24;
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let gone = [(0, Missing), (7 * day, Missing), (100 * day, Down)];
    assert_eq!(verdicts(&gone)[2], Verdict::Gone);
    let mut known = None;
    for (hours, finding) in &gone {
        known = Some(judged(
            known,
            finding,
            begin + SignedDuration::from_hours(*hours),
        ));
    }
    assert_eq!(known.unwrap().failures.unwrap().since, begin);
    // A host that is back, without the page.
    let down = [0, day, 7 * day].map(|at| (at, Down));
    let back = [&down[..], &[(8 * day, Missing), (9 * day, There)]].concat();
    assert_eq!(
        verdicts(&back)[2..],
        [Verdict::Unreachable, Verdict::Ok, Verdict::Ok]
    );
}

#[test]
fn failed_checks_are_repeated_in_time_for_a_verdict() {
    use Finding::{Down, Missing, There, Walled};
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let wait = |findings: &[(i64, Finding)], busy: Option<u64>| {
        let (mut before, mut known) = (None, None);
        let mut now = begin;
        for (hours, finding) in findings {
            now = begin + SignedDuration::from_hours(*hours);
            before = known;
            known = Some(judged(known, finding, now));
        }
        let busy = busy.map(Duration::from_secs);
        let due = due_at(before, &known.unwrap(), busy, now);
        due.duration_since(now).as_hours()
    };
    let day = 24;
    assert_eq!(wait(&[(0, There)], None), 90 * day);
    assert_eq!(wait(&[(0, Missing)], None), 7 * day);
    assert_eq!(wait(&[(0, Missing), (2 * day, Missing)], None), 5 * day);
    assert_eq!(wait(&[(0, Missing), (7 * day, Missing)], None), 90 * day);
    assert_eq!(wait(&[(0, Down)], None), 20);
    let down = [0, day, 7 * day, 14 * day].map(|at| (at, Down));
    assert_eq!(wait(&down[..2], None), 20);
    assert_eq!(wait(&down[..3], None), 7 * day);
    assert_eq!(wait(&down, None), 30 * day);
    assert_eq!(wait(&[(0, Walled)], None), 90 * day);
    assert_eq!(wait(&[(0, Walled)], Some(60)), day);
    assert_eq!(wait(&[(0, Walled)], Some(7 * 24 * 3600)), 7 * day);
    assert_eq!(wait(&[(0, Walled)], Some(u64::MAX)), 90 * day);
    let busy = [(0, Missing), (day, Walled)];
    assert_eq!(wait(&busy, Some(60)), 6 * day);
    assert_eq!(wait(&busy, Some(8 * 24 * 3600)), 8 * day);
    assert_eq!(wait(&[(0, Missing), (7 * day, Walled)], None), 7 * day);
    let gone = [(0, Missing), (7 * day, Missing), (8 * day, Walled)];
    assert_eq!(wait(&gone, Some(60)), 90 * day);
}

#[test]
fn a_page_has_not_moved_to_where_every_address_leads() {
    let home = text("home");
    let case = |end, made_up_end, text| {
        found(&Case {
            end,
            moved_to: Some(end),
            text,
            made_up: Some(("A page", text)),
            made_up_end,
            ..THERE
        })
    };
    let end = "https://e.org/home?ref=%2Fpage";
    let other = "https://e.org/home?ref=%2Fmade-up";
    assert_eq!(case(end, other, &home), Finding::Replaced);
    // Too short to be compared.
    assert_eq!(case(end, other, "Hello"), Finding::There);
    let end = "https://park.test/?domain=e.org&from=/page";
    let other = "https://park.test/?domain=e.org&from=/made-up";
    assert_eq!(case(end, other, "For sale"), Finding::There);
    // The same page under an address with a number.
    let (end, other) = ("https://e.org/home?id=1", "https://e.org/home?id=2");
    assert_eq!(case(end, other, &home), Finding::There);
    // A whole web site that has moved and answers everything with status 200.
    let moved = Case {
        end: "https://f.org/page",
        moved_to: Some("https://f.org/page"),
        text: &text("own"),
        made_up: Some(("Sorry", &home)),
        made_up_end: "https://f.org/made-up",
        ..THERE
    };
    assert_eq!(found(&moved), Finding::Moved(url("https://f.org/page")));
    // A place that is named by the query, and has other texts.
    let other = Case {
        end: "https://f.org/read?id=5",
        moved_to: Some("https://f.org/read?id=5"),
        made_up_end: "https://f.org/read?id=0",
        ..moved
    };
    assert_eq!(
        found(&other),
        Finding::Moved(url("https://f.org/read?id=5"))
    );
}

#[test]
fn a_page_with_too_little_text_is_not_where_a_kept_one_moved() {
    let kept = text("own");
    let case = Case {
        end: "https://f.org/new",
        moved_to: Some("https://f.org/new"),
        text: "Hello",
        kept: Some(&kept),
        ..THERE
    };
    assert_eq!(found(&case), Finding::There);
    let short = Case {
        kept: Some("Hello"),
        ..case
    };
    assert_eq!(found(&short), Finding::There);
}

#[test]
fn a_password_field_at_another_path_or_in_place_of_the_text_is_a_wall() {
    let page = url("https://e.org/page");
    let kept = text("own");
    let judge = |end: &str, text: &str, kept: Option<&str>, is_cut: bool| {
        let mut login = answer(200, end, "Willkommen", text);
        login.moved_to = (end != page.as_str()).then(|| url(end));
        login.page.asks_for_password = true;
        login.page.is_cut = is_cut;
        finding(&page, kept, &login, &mut |_| None)
    };
    let abroad = "https://e.org/anmelden?ziel=/page";
    let welcome = text("welcome");
    for kept in [None, Some(&*kept)] {
        for text in ["Passwort", &*welcome] {
            assert_eq!(judge(abroad, text, kept, false), Finding::Walled);
        }
    }
    let other_host = "https://konto.e.org/page";
    assert_eq!(judge(other_host, "", None, false), Finding::Walled);
    // At the same address.
    for text in ["Passwort", &*welcome] {
        assert_eq!(
            judge(page.as_str(), text, Some(&kept), false),
            Finding::Walled
        );
    }
    // With a login at its edge.
    let with_menu = format!("{kept} Login");
    for (end, expected) in [
        ("https://e.org/page", Finding::There),
        (
            "https://www.e.org/page/",
            Finding::Moved(url("https://www.e.org/page/")),
        ),
        (
            "https://e.org/new",
            Finding::Moved(url("https://e.org/new")),
        ),
    ] {
        assert_eq!(
            judge(end, &with_menu, Some(&kept), false),
            expected,
            "{end}"
        );
    }
    assert_eq!(
        judge(page.as_str(), &welcome, Some(&kept), true),
        Finding::There
    );
    assert_eq!(
        judge(page.as_str(), &welcome, Some("Hello"), false),
        Finding::There
    );
}

#[test]
fn a_page_with_a_user_name_in_its_address_is_never_missing() {
    let kept = text("own");
    let other = text("other");
    for address in ["https://me:pass@e.org/page", "https://me@e.org/page"] {
        let judge = |answer: &Answer| finding(&url(address), Some(&kept), answer, &mut |_| None);
        let page = |status, title, text| answer(status, "https://e.org/page", title, text);
        assert_eq!(judge(&page(404, "404", "")), Finding::Walled);
        assert_eq!(judge(&page(410, "", "")), Finding::Walled);
        assert_eq!(
            judge(&page(200, "404 - Not found", &other)),
            Finding::Walled
        );
        assert_eq!(judge(&page(200, "A page", &kept)), Finding::There);
        assert_eq!(judge(&page(500, "", "")), Finding::Down);
    }
}

#[test]
fn an_app_whose_front_page_differs_from_its_shell_is_there() {
    let (own, menu, front) = (text("own"), text("menu"), text("front"));
    let page = url("https://e.org/page");
    let judge = |is_shell: bool, end: &str| {
        let mut shell = answer(200, end, "An app", &menu);
        shell.page.is_shell = is_shell;
        let made_up = shell.clone();
        let front = answer(200, "https://e.org/", "Welcome", &front);
        let mut ask = |probe| match probe {
            Probe::MadeUp => Some(made_up.clone()),
            Probe::Front => Some(front.clone()),
        };
        finding(&page, Some(&own), &shell, &mut ask)
    };
    assert_eq!(judge(true, page.as_str()), Finding::There);
    assert_eq!(judge(true, "https://e.org/"), Finding::There);
    assert_eq!(judge(false, page.as_str()), Finding::Replaced);
}
