//! Secrets in addresses: user name and password, and tokens in query and fragment.

use std::{borrow::Cow, collections::HashMap, iter, ops::Range};

use percent_encoding::percent_decode_str;
use url::Url;

/// Parameters that give access to everyone who has them, whatever their value. Case, `-` and `_`
/// are ignored. Sources: RFC 6749 and `OpenID` Connect (tokens), AWS Signature Version 4 and Google
/// Cloud Storage V4 (signed addresses), Azure shared access signatures, and the parameters that
/// secret scanners search for (gitleaks, `detect-secrets`).
const TOKENS: &[&str] = &[
    "token",
    "accesstoken",
    "idtoken",
    "refreshtoken",
    "authtoken",
    "authenticationtoken",
    "oauthtoken",
    "oauthverifier",
    "sessiontoken",
    "securitytoken",
    "logintoken",
    "resettoken",
    "resetpasswordtoken",
    "confirmationtoken",
    "invitationtoken",
    "invitetoken",
    "verificationtoken",
    "usertoken",
    "apitoken",
    "privatetoken",
    "emailtoken",
    "jobtoken",
    "feedtoken",
    "rsstoken",
    "csrftoken",
    "bearer",
    "jwt",
    "assertion",
    "samlresponse",
    "samlart",
    "sig",
    "signature",
    "hmac",
    "xamzsignature",
    "xamzsecuritytoken",
    "xamzcredential",
    "xgoogsignature",
    "xgoogcredential",
    "xgoogsecuritytoken",
    "xosssignature",
    "xossecuritytoken",
    "xosscredential",
    "xobssignature",
    "qsignature",
    "ossaccesskeyid",
    "awsaccesskeyid",
    "googleaccessid",
    "apikey",
    "apisecret",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "clientsecret",
    "secret",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "passcode",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "sessionid",
    "sessid",
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "cfid",
    "cftoken",
    "otp",
    "magiclink",
    "keypairid",
    "hdnea",
    "hdnts",
    "unlockedarticlecode",
    "rlkey",
    "resourcekey",
];

/// Parameters that name a session or a visit, unless the value is a number or a word
/// (`?session=12` is a talk, `?ticket=345` a bug).
const SESSIONS: &[&str] = &["session", "sid", "ticket", "sign", "magic"];

/// Parameters with several meanings: secret if the value looks like a secret.
const PERHAPS: &[&str] = &[
    "key", "k", "code", "hash", "h", "st", "sk", "pass", "pw", "t", "access", "policy", "nonce",
    "state", "share", "invite", "s",
];

/// Minimum length of a value that looks random.
const RANDOM_CHARS: usize = 20;

fn plain(name: &str) -> String {
    percent_decode_str(name)
        .decode_utf8_lossy()
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | '[' | ']' | '$'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns whether a parameter with this name is a token, whatever its value.
pub(super) fn is_token_name(name: &str) -> bool {
    TOKENS.contains(&plain(name).as_str())
}

/// Returns whether a value looks random: long, of letters and digits, without words.
fn looks_random(value: &str) -> bool {
    let value = percent_decode_str(value).decode_utf8_lossy();
    let body: Vec<char> = value.chars().collect();
    let allowed = |c: &char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~')
    };
    let digits = body.iter().filter(|c| c.is_ascii_digit()).count();
    let letters = body.iter().filter(|c| c.is_ascii_alphabetic()).count();
    // Titles in addresses are words between hyphens.
    let words = value.split(['-', '_', '.', '+', ' ']).count();
    body.len() >= RANDOM_CHARS
        && body.iter().all(allowed)
        && digits > 1
        && letters > 1
        && words <= body.len() / 10
}

/// Returns whether a value is neither a number nor a word.
fn is_no_word(value: &str) -> bool {
    value.len() >= 8
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Returns whether a value is a JSON Web Token (RFC 7519): its first two parts are JSON objects in
/// base64.
fn is_jwt(value: &str) -> bool {
    let mut parts = value.split('.');
    matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(head), Some(body), Some(_), None)
            if head.starts_with("eyJ") && body.starts_with("eyJ") && head.len() > 10
    )
}

/// Returns the names of the parameters of an address that look like access tokens, in order and
/// without duplicates: in the query, the fragment, and the path (`;jsessionid=`). At most ten.
/// Empty if there are none or the text isn't an address.
#[must_use]
pub fn tokens_in(url: &str) -> Vec<String> {
    const MOST: usize = 10;
    let Ok(url) = Url::parse(url) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    let fragment = url.fragment().unwrap_or_default();
    let texts = url
        .path()
        .split([';', '/'])
        .filter(|part| part.contains('='))
        .chain(url.query())
        .chain(std::iter::once(fragment));
    for text in texts {
        for parameter in text.split(['&', ';', '?', '#', '/']) {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let is_token = is_token_name(name)
                || is_jwt(value)
                || SESSIONS.contains(&plain(name).as_str()) && is_no_word(value)
                || PERHAPS.contains(&plain(name).as_str()) && looks_random(value);
            if value.is_empty() || !is_token {
                continue;
            }
            let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
            if !found.contains(&name) && found.len() < MOST {
                found.push(name);
            }
        }
    }
    found
}

/// Returns the address without user names and passwords, as it is shown. Also removes them from
/// addresses within it that have a password. Everything else stays byte for byte.
#[must_use]
pub fn without_user_info(url: &str) -> Cow<'_, str> {
    match without_plain_user_info(url) {
        Cow::Borrowed(url) => without_encoded_passwords(url),
        Cow::Owned(url) => Cow::Owned(without_encoded_passwords(&url).into_owned()),
    }
}

/// The address without the passwords of addresses that are percent-encoded within it
/// (`?next=https%3A%2F%2Fuser%3Apassword%40host%2F`), or have no scheme (`?u=//user:…@host`).
fn without_encoded_passwords(url: &str) -> Cow<'_, str> {
    let lower = url.to_ascii_lowercase();
    let has_sign = lower.contains("%40") || lower.contains('@');
    if !has_sign || !(lower.contains("%2f%2f") || lower.contains("=//")) {
        return Cow::Borrowed(url);
    }
    let mut text = String::with_capacity(url.len());
    let mut copied = 0;
    for slashes in ["%2f%2f", "=//"] {
        for (at, _) in lower.match_indices(slashes) {
            let start = at + slashes.len();
            if start < copied {
                continue;
            }
            let rest = &lower[start..];
            let ends = ["%2f", "%3f", "%23", "/", "?", "#", "&"];
            let end = ends.iter().filter_map(|end| rest.find(end)).min();
            let authority = &rest[..end.unwrap_or(rest.len())];
            let sign = authority.rfind("%40").map(|sign| (sign, 3));
            let Some((sign, length)) = sign.or_else(|| Some((authority.rfind('@')?, 1))) else {
                continue;
            };
            let user_info = &authority[..sign];
            if user_info.contains(':') || user_info.contains("%3a") {
                text.push_str(&url[copied..start]);
                copied = start + sign + length;
            }
        }
    }
    text.push_str(&url[copied..]);
    match copied {
        0 => Cow::Borrowed(url),
        _ => Cow::Owned(text),
    }
}

/// As [`without_user_info`], except for what is percent-encoded: what page keys are made of.
pub(super) fn without_plain_user_info(url: &str) -> Cow<'_, str> {
    if !url.contains('@') {
        return Cow::Borrowed(url);
    }
    let mut text = String::with_capacity(url.len());
    let mut rest = url;
    let mut outermost = true;
    while let Some(at) = rest.find("//") {
        let (before, from) = rest.split_at(at + 2);
        text.push_str(before);
        // As browsers parse it: all slashes of `///` are skipped, and `\` counts as `/`.
        let skipped = from.len() - from.trim_start_matches(['/', '\\']).len();
        let (slashes, from) = from.split_at(skipped);
        text.push_str(slashes);
        let end = from.find(['/', '\\', '?', '#']).unwrap_or(from.len());
        let (authority, after) = from.split_at(end);
        match authority.rfind('@') {
            Some(sign)
                if before.ends_with("://") && (outermost || authority[..sign].contains(':')) =>
            {
                text.push_str(&authority[sign + 1..]);
            }
            _ => text.push_str(authority),
        }
        outermost = false;
        rest = after;
    }
    text.push_str(rest);
    // A notation that only the standard's parser understands.
    let has_user_info = |url: &Url| !url.username().is_empty() || url.password().is_some();
    match Url::parse(&text) {
        Ok(mut parsed) if has_user_info(&parsed) => {
            let cleared = parsed.set_username("").is_ok() && parsed.set_password(None).is_ok();
            if cleared {
                Cow::Owned(parsed.into())
            } else {
                Cow::Owned(text)
            }
        }
        _ if text == url => Cow::Borrowed(url),
        _ => Cow::Owned(text),
    }
}

/// Schemes whose links lose their user info in texts. Other addresses of this form, such as those
/// of databases, aren't links.
const LINKED: [&str; 3] = ["https", "http", "ftp"];

/// A link in a text, from after the slashes of its scheme.
struct TextLink<'t> {
    /// User name and password, with the `@`; may be empty.
    user_info: Range<usize>,
    /// The rest of the link.
    rest: &'t str,
}

/// Returns the links of a text in order, including links within another one's query.
fn links_of(text: &str) -> impl Iterator<Item = TextLink<'_>> {
    let is_linked = |colon: usize| {
        LINKED.iter().any(|scheme| {
            colon.checked_sub(scheme.len()).is_some_and(|start| {
                text.as_bytes()[start..colon].eq_ignore_ascii_case(scheme.as_bytes())
            })
        })
    };
    text.match_indices(':').filter_map(move |(colon, _)| {
        if !is_linked(colon) {
            return None;
        }
        let after = &text[colon + 1..];
        let from = after.trim_start_matches(['/', '\\']);
        if from.len() == after.len() {
            return None;
        }
        let start = text.len() - from.len();
        let end = start + user_info_bytes(from);
        let rest = &text[end..];
        let is_end = |c: char| c.is_whitespace() || "<>\"`)]".contains(c);
        let rest = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        Some(TextLink {
            user_info: start..end,
            rest: rest.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']),
        })
    })
}

/// Returns the length of user name and password at the start of an authority, including the `@`.
fn user_info_bytes(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut escaped = false;
    // Markdown escapes punctuation by a backslash; the closing bracket ends a link.
    let end = text.find(|c: char| {
        let was_escaped = std::mem::replace(&mut escaped, c == '\\');
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return !was_escaped,
            ')' => depth -= 1,
            _ => {}
        }
        c.is_whitespace() || "/?#<>\"`[]{}".contains(c)
    });
    let authority = &text[..end.unwrap_or(text.len())];
    let Some(sign) = authority.rfind('@') else {
        return 0;
    };
    let user = authority[..sign].split(':').next().unwrap_or_default();
    // Two addresses in a list look much like one with a user name.
    let is_name = |c: char| c.is_alphanumeric() || "-._~%!$&'*+=@\\".contains(c);
    match user.chars().all(is_name) {
        true => sign + 1,
        false => 0,
    }
}

/// Returns a text without the user names and passwords of its links, as it is shown. Everything
/// else stays byte for byte, including what only looks like user info, such as the address of a
/// database.
pub(super) fn text_without_user_info(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut copied = 0;
    for link in links_of(text) {
        let TextLink { user_info, .. } = link;
        if user_info.is_empty() || user_info.start < copied {
            continue;
        }
        shown.push_str(&text[copied..user_info.start]);
        copied = user_info.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

/// Restores in an edited text the user names and passwords that were hidden when `stored` was
/// shown, so that an edit removes nothing that the user couldn't see. Links that differ only in
/// them are matched by their order.
pub(super) fn with_user_info_of(stored: &str, edited: String) -> String {
    if !stored.contains('@') || stored == edited {
        return edited;
    }
    let mut known: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in links_of(stored) {
        let infos = known.entry(link.rest).or_default();
        infos.push(&stored[link.user_info]);
    }
    if known.values().flatten().all(|info| info.is_empty()) {
        return edited;
    }
    let mut used: HashMap<&str, iter::Copied<std::slice::Iter<'_, &str>>> = known
        .iter()
        .map(|(rest, infos)| (*rest, infos.iter().copied()))
        .collect();
    let mut whole = String::new();
    let mut copied = 0;
    for link in links_of(&edited) {
        let Some(info) = used.get_mut(link.rest).and_then(Iterator::next) else {
            continue;
        };
        if link.user_info.is_empty() && !info.is_empty() && link.user_info.start >= copied {
            whole.push_str(&edited[copied..link.user_info.start]);
            whole.push_str(info);
            copied = link.user_info.start;
        }
    }
    whole.push_str(&edited[copied..]);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page_url::PageUrl;

    #[test]
    fn links_in_texts_are_shown_without_user_name_and_password() {
        for (text, shown) in [
            (
                "[s](https://jo:pw@e.org/a#:~:text=x)",
                "[s](https://e.org/a#:~:text=x)",
            ),
            ("<https://jo@e.org:8443/b>.", "<https://e.org:8443/b>."),
            ("see HTTPS://jo:p@w@E.ORG. And", "see HTTPS://E.ORG. And"),
            ("(https://jo:pw@e.org)", "(https://e.org)"),
            ("[s](https://jo:p(w)@e.org/a)", "[s](https://e.org/a)"),
            (
                "http://a:b@bücher.example ftp://c:d@e.org/",
                "http://bücher.example ftp://e.org/",
            ),
            ("https://jö:pw@[::1]:8080/", "https://[::1]:8080/"),
            ("`curl https://:pw@e.org`", "`curl https://e.org`"),
            ("[s](https://jo\\:pw@e.org)", "[s](https://e.org)"),
            ("https:\\\\jo:pw@e.org", "https:\\\\e.org"),
            (
                "https://web.archive.org/web/1/http://jo:pw@e.org/",
                "https://web.archive.org/web/1/http://e.org/",
            ),
            (
                "https://a:b@e.org https://c:d@e.org/",
                "https://e.org https://e.org/",
            ),
        ] {
            assert_eq!(text_without_user_info(text), shown, "{text}");
            assert_eq!(with_user_info_of(text, shown.into()), text, "{text}");
        }
        for same in [
            "https://e.org/@jo, jo@e.org",
            "[a](https://e.org)[b](mailto:jo@e.org)",
            "[https://e.org](mailto:jo@e.org)",
            "https://a.org,jo@b.org",
            "https://a.org、jo@b.org",
            "|https://a.org|jo@b.org|",
            "postgres://jo:pw@localhost/db and git@e.org:a/b.git",
            "https: jo@e.org",
            "://@",
        ] {
            assert_eq!(text_without_user_info(same), same);
        }
    }

    #[test]
    fn an_edit_keeps_the_passwords_that_it_was_not_shown() {
        let stored = "One https://jo:pw@e.org/a, https://e.org/a and <https://me:x@f.org/>";
        for (edited, kept) in [
            (
                "Two https://e.org/a. Then https://e.org/a and [y](https://f.org/)",
                "Two https://jo:pw@e.org/a. Then https://e.org/a and [y](https://me:x@f.org/)",
            ),
            (
                "https://other:one@f.org/ https://f.org/x",
                "https://other:one@f.org/ https://f.org/x",
            ),
            ("", ""),
        ] {
            assert_eq!(with_user_info_of(stored, edited.into()), kept);
        }
    }

    #[test]
    fn user_name_and_password_are_left_out_of_what_is_shown() {
        for (url, shown) in [
            ("https://jo:pw@e.org/a", "https://e.org/a"),
            ("https://jo@e.org/a", "https://e.org/a"),
            ("https://:pw@e.org", "https://e.org"),
            ("https://jo:p@w@e.org/a@b", "https://e.org/a@b"),
            (
                "https://jo%40x:p%2Fw@e.org:8443/?q=a@b#c@d",
                "https://e.org:8443/?q=a@b#c@d",
            ),
            ("HTTP://jo:pw@E.org/%7e", "HTTP://E.org/%7e"),
            ("ftp://jo:pw@e.org/a", "ftp://e.org/a"),
            ("https:/jo:pw@e.org/a", "https://e.org/a"),
            ("https:\\\\jo:pw@e.org/a", "https://e.org/a"),
            ("https:jo:pw@e.org/a", "https://e.org/a"),
            ("https:////jo:pw@e.org/a", "https:////e.org/a"),
            (" https://jo:pw@e.org/a", " https://e.org/a"),
            ("ht\ttps://jo:pw@e.org/a", "ht\ttps://e.org/a"),
            (
                "view-source:https://jo:pw@e.org/",
                "view-source:https://e.org/",
            ),
            (
                "https://web.archive.org/web/1/http://jo:pw@e.org/",
                "https://web.archive.org/web/1/http://e.org/",
            ),
            (
                "https://e.org/?u=https://jo:pw@f.org/",
                "https://e.org/?u=https://f.org/",
            ),
            (
                "https://e.org/?next=https%3A%2F%2Fjo%3Apw%40f.org%2Fa&b=1",
                "https://e.org/?next=https%3A%2F%2Ff.org%2Fa&b=1",
            ),
            (
                "https://e.org/?a=http%3a%2f%2fjo:pw@f.org",
                "https://e.org/?a=http%3a%2f%2ff.org",
            ),
            (
                "https://e.org/?u=//jo:pw@f.org/",
                "https://e.org/?u=//f.org/",
            ),
            (
                "https://jo:pw@e.org/?u=https%3A%2F%2Fa%3Ab%40f.org",
                "https://e.org/?u=https%3A%2F%2Ff.org",
            ),
            (
                "https://e.org/?q=%2F%2Fa%40b&m=x%3Ay%40z",
                "https://e.org/?q=%2F%2Fa%40b&m=x%3Ay%40z",
            ),
            ("https://e.org/@jo", "https://e.org/@jo"),
            ("https://e.org/a//b@c", "https://e.org/a//b@c"),
            ("https://e.org?a=b://c@d", "https://e.org?a=b://c@d"),
            ("mailto:jo@e.org", "mailto:jo@e.org"),
            ("javascript:'a@b'", "javascript:'a@b'"),
        ] {
            assert_eq!(without_user_info(url), shown, "{url}");
        }
    }

    #[test]
    fn access_tokens_in_addresses_are_detected() {
        for (url, names) in [
            ("https://e.org/?token=abc", vec!["token"]),
            (
                "https://e.org/?a=1&access_token=x#id_token=y",
                vec!["access_token", "id_token"],
            ),
            (
                "https://e.org/#access_token=x&token_type=bearer",
                vec!["access_token"],
            ),
            ("https://e.org/#/done?access_token=x", vec!["access_token"]),
            (
                "https://b.s3.example/k?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-Date=c",
                vec!["X-Amz-Credential", "X-Amz-Signature"],
            ),
            (
                "https://s.example/o?X-Goog-Signature=b",
                vec!["X-Goog-Signature"],
            ),
            (
                "https://a.blob.example/c?sv=2020&se=2030-01-01&sig=a%2Bb",
                vec!["sig"],
            ),
            ("https://e.org/a;jsessionid=0A1B?x=1", vec!["jsessionid"]),
            ("https://e.org/a?PHPSESSID=1", vec!["PHPSESSID"]),
            (
                "https://e.org/a?api%5Fkey=1&apiKey=2",
                vec!["api_key", "apiKey"],
            ),
            (
                "https://e.org/a?x=eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln",
                vec!["x"],
            ),
            (
                "https://e.org/a?key=9f86d081884c7d659a2feaa0c55ad015",
                vec!["key"],
            ),
            ("https://e.org/a?key=title&code=5", vec![]),
            (
                "https://e.org/a?key=how-to-write-good-tests-in-2024-and-2025",
                vec![],
            ),
            ("https://e.org/a?token=&design=1&tokens=3&signal=b", vec![]),
            ("https://e.org/token/abc#section", vec![]),
            ("https://e.org/?q=a&page=2&id=12345678901234567890", vec![]),
            ("https://e.org/?session=12&ticket=12345678", vec![]),
            ("https://e.org/?sid=5f2a9c81d0", vec!["sid"]),
            ("nothing", vec![]),
        ] {
            assert_eq!(tokens_in(url), names, "{url}");
        }
    }

    #[test]
    fn fuzz_secrets() {
        crate::fuzz::text(
            &[
                "https://user:pass@[::1]:8080/a;jsessionid=1?token=a&b=c#access_token=d",
                "https:\\\\u:p@e.org/http://x:y@z/@@",
                "view-source:ftp://u@h//a@b",
            ],
            |text| {
                let _ = tokens_in(text);
                let without = text_without_user_info(text).into_owned();
                let _ = with_user_info_of(text, without);
                let _ = with_user_info_of("<https://a:b@e.org/>", text.into());
                let shown = without_user_info(text).into_owned();
                if let Ok(url) = Url::parse(&shown) {
                    assert_eq!((url.username(), url.password()), ("", None), "{text}");
                }
                if let (Ok(a), Ok(b)) = (PageUrl::parse(text), PageUrl::parse(&shown))
                    && text.starts_with("https://")
                    && text.matches("//").count() == 1
                    && !text.contains('\\')
                {
                    assert_eq!(a.key(), b.key(), "{text}");
                }
            },
        );
    }
}
