//! Tables and lists that are never imported: those with a column for passwords,
//! one-time codes or card numbers.
//!
//! Browsers and password managers export logins beside bookmarks, in the same formats
//! and with addresses in them. A name of a column says what it holds. The names here
//! are those that Chromium, Firefox and Safari, 1Password, Bitwarden, Dashlane, KeePass
//! and its relatives, LastPass, NordPass, Proton Pass and RoboForm write, and the word
//! for a password in the languages of the browsers.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use encoding_rs::Encoding;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::{columns, csv, source::Source};
use crate::error::{Error, Result};

/// So many names are remembered with what they mean.
const REMEMBERED_NAMES: usize = 10_000;
/// Longest name of a column that is looked at, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// From so many characters on, a word is found also where it is written in several.
const LONG: usize = 8;
/// So much of a text is looked at for the head of a table, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// So many signs of a line are tried as what stands between names.
const MAX_SIGNS: usize = 50;
/// So many lines of a file are looked at for the names of columns.
const HEAD_LINES: usize = 10;

/// So much of a file is looked at in other encodings, in bytes.
const HEAD_BYTES: u64 = 8 * 1024;

/// In which tables are written that aren't in Unicode.
static ENCODINGS: [&Encoding; 16] = [
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1251,
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1253,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1255,
    encoding_rs::WINDOWS_1256,
    encoding_rs::WINDOWS_1257,
    encoding_rs::WINDOWS_1258,
    encoding_rs::WINDOWS_874,
    encoding_rs::KOI8_U,
    encoding_rs::SHIFT_JIS,
    encoding_rs::EUC_JP,
    encoding_rs::GB18030,
    encoding_rs::BIG5,
    encoding_rs::EUC_KR,
];

/// What a column holds that is never imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Password,
    OneTimeCode,
    Card,
}

/// Words that mean a password wherever they stand in a name, also within a word:
/// "Benutzerpasswort", "encryptedPassword". Normalised when they are compared.
const PASSWORD_PARTS: &[&str] = &[
    "password",
    "passwort",
    "passwd",
    "passphrase",
    "passcode",
    "kennwort",
    "kodeord",
    "mot de passe",
    "motdepasse",
    "contraseña",
    "contrasenya",
    "contrasinal",
    "palavra-passe",
    "palavra passe",
    "parola d'ordine",
    "parola d’accesso",
    "wachtwoord",
    "wagwoord",
    "lösenord",
    "losenord",
    "adgangskode",
    "adgangsord",
    "passord",
    "lykilorð",
    "salasana",
    "tunnussana",
    "hasło",
    "jelszó",
    "lozinka",
    "zaporka",
    "slaptažodis",
    "salasõna",
    "parool",
    "fjalëkalim",
    "пароль",
    "парола",
    "лозинка",
    "κωδικός",
    "συνθηματικό",
    "şifre",
    "şifrə",
    "パスワード",
    "パスフレーズ",
    "暗証番号",
    "密码",
    "密碼",
    "口令",
    "비밀번호",
    "암호",
    "패스워드",
    "كلمة المرور",
    "كلمة مرور",
    "كلمة السر",
    "كلمه المرور",
    "الرقم السري",
    "رمز المرور",
    "گذرواژه",
    "رمز عبور",
    "کلمه عبور",
    "پاس ورڈ",
    "پاسورڈ",
    "סיסמה",
    "סיסמא",
    "ססמה",
    "पासवर्ड",
    "कूटशब्द",
    "संकेतशब्द",
    "পাসওয়ার্ড",
    "गोप्यशब्द",
    "கடவுச்சொல்",
    "పాస్‌వర్డ్",
    "సంకేతపదం",
    "ಪಾಸ್‌ವರ್ಡ್",
    "ಗುಪ್ತಪದ",
    "പാസ്‌വേഡ്",
    "രഹസ്യവാക്ക്",
    "પાસવર્ડ",
    "ਪਾਸਵਰਡ",
    "ପାସୱାର୍ଡ",
    "මුරපදය",
    "รหัสผ่าน",
    "ລະຫັດຜ່ານ",
    "ពាក្យសម្ងាត់",
    "စကားဝှက်",
    "mật khẩu",
    "kata sandi",
    "kata laluan",
    "sandi lewat",
    "nenosiri",
    "pasfhocal",
    "focal faire",
    "cyfrinair",
    "pasahitz",
    "fjalekalim",
    "құпия сөз",
    "құпиясөз",
    "нууц үг",
    "сырсөз",
    "პაროლი",
    "գաղտնաբառ",
    "የይለፍ ቃል",
];

/// Words that mean a password where they are a word of a name, or all of it.
const PASSWORD_WORDS: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "psw",
    "psswd",
    "pswd",
    "heslo",
    "heslá",
    "senha",
    "clave",
    "parola",
    "parolă",
    "parole",
    "parol",
    "lösen",
    "zugangscode",
    "pasvorto",
    "pasword",
    "passwrd",
    "geslá",
    "sifre",
    "mdp",
    "geslo",
];

/// Words that make another thing of a name of [`PASSWORD_WORDS`]: "parola chiave" and
/// "palabra clave" are keywords, "boarding pass" is none.
const NOT_PASSWORDS: &[&str] = &[
    "chiave", "palabra", "palabras", "boarding", "season", "count",
];

/// Words that mean a one-time code or the secret that makes them.
const CODE_PARTS: &[&str] = &[
    "otpauth",
    "otpurl",
    "otpsecret",
    "onetimepassword",
    "onetimecode",
    "twofactor",
    "mfasecret",
    "authenticatorkey",
    "verificationcode",
    "einmalcode",
    "einmalpasswort",
    "ワンタイム",
    "一次性密码",
    "验证码",
];
const CODE_WORDS: &[&str] = &["otp", "mfa", "totp", "hotp", "2fa"];

/// Words that mean the number of a card or the code on it.
const CARD_PARTS: &[&str] = &[
    "cardnumber",
    "creditcard",
    "ccnumber",
    "cardno",
    "kartennummer",
    "kreditkarte",
    "numerodecarte",
    "numerodetarjeta",
    "numerodicarta",
    "numerodocartao",
    "kaartnummer",
    "kortnummer",
    "numerkarty",
    "cislokarty",
    "номер карты",
    "カード番号",
    "卡号",
    "카드번호",
    "securitycode",
    "cardcvv",
];
const CARD_WORDS: &[&str] = &["cvv", "cvc", "cvv2", "cvc2", "cvn", "iban"];

/// The words above as they are compared.
static NORMAL: LazyLock<[Words; 3]> = LazyLock::new(|| {
    [
        Words::new(Secret::OneTimeCode, CODE_PARTS, CODE_WORDS),
        Words::new(Secret::Password, PASSWORD_PARTS, PASSWORD_WORDS),
        Words::new(Secret::Card, CARD_PARTS, CARD_WORDS),
    ]
});

struct Words {
    secret: Secret,
    /// With spaces between the words of each, and without.
    parts: Vec<(String, String)>,
    words: Vec<String>,
}

impl Words {
    fn new(secret: Secret, parts: &[&str], single: &[&str]) -> Self {
        let normal = |text: &&str| words(text).join(" ");
        let parts = parts.iter().map(normal);
        Self {
            secret,
            parts: parts
                .map(|part| (part.clone(), part.replace(' ', "")))
                .collect(),
            words: single.iter().map(normal).collect(),
        }
    }

    fn mean(&self, words: &[String], spaced: &str, joined: &str) -> bool {
        let part = self.parts.iter().any(|(part, whole)| {
            spaced.contains(part.as_str())
                || joined == whole
                || whole.chars().count() >= LONG && joined.contains(whole.as_str())
        });
        let other = || {
            words
                .iter()
                .any(|word| NOT_PASSWORDS.contains(&word.as_str()))
        };
        part || words.iter().any(|word| self.words.contains(word)) && !other()
    }
}

/// What a column of this name holds that is never imported.
pub(super) fn of_name(name: &str) -> Option<Secret> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Option<Secret>>> = RefCell::default();
    }
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(secret) = known.get(name) {
            return *secret;
        }
        let words = words(name);
        let (spaced, joined) = (words.join(" "), words.concat());
        let mut all = NORMAL.iter();
        let secret = all
            .find(|known| known.mean(&words, &spaced, &joined))
            .map(|known| known.secret);
        if known.len() < REMEMBERED_NAMES {
            known.insert(name.to_owned(), secret);
        }
        secret
    })
}

/// The words of a name, without case, accents, full width, signs and what can't be seen.
pub(super) fn words(name: &str) -> Vec<String> {
    let compatible: String = name.nfkc().filter(|c| !is_invisible(*c)).collect();
    let mut spaced = String::new();
    let mut chars = compatible.chars().peekable();
    let mut before = None::<char>;
    while let Some(c) = chars.next() {
        // loginPassword, OTPAuth
        let begins = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || before.is_some_and(char::is_uppercase)
                    && chars.peek().is_some_and(|next| next.is_lowercase()));
        if begins {
            spaced.push(' ');
        }
        spaced.push(c);
        before = Some(c);
    }
    let plain: String = spaced
        .to_lowercase()
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .collect();
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Characters without a look of their own, which a name may have between its letters.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Why a file with this isn't imported.
pub(super) fn refusal(secret: Secret) -> Error {
    let what = match secret {
        Secret::Password => "passwords",
        Secret::OneTimeCode => "one-time codes",
        Secret::Card => "card numbers",
    };
    Error::InvalidParams(format!(
        "It has a column for {what}, so it isn't a file of bookmarks. Passwords, one-time codes and card numbers are never imported; nothing was imported."
    ))
}

/// Whether a value is the secret that one-time codes are made of
/// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
pub(super) fn is_code_secret(value: &str) -> bool {
    let value = value.trim_start();
    ["otpauth:", "otpauth-migration:"].iter().any(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Refuses a table with a column for what is never imported, whatever it is said to be.
///
/// # Errors
/// `InvalidParams` where it is one; those of reading the file.
pub(super) fn refuse_tables(source: &mut Source) -> Result<()> {
    if source.is_zip()? {
        return Ok(());
    }
    let mut secret = in_table(&source.head()?);
    // A guess at the encoding may be wrong.
    if secret.is_none() && source.encoding() != "UTF-8" {
        let start = source.start_bytes(HEAD_BYTES)?;
        let mut decoded = ENCODINGS.iter().map(|encoding| encoding.decode(&start).0);
        secret = decoded.find_map(|text| in_table(&text));
    }
    match secret {
        Some(secret) => Err(refusal(secret)),
        None => Ok(()),
    }
}

/// What a record of a table holds that is names of columns again.
pub(super) fn in_names(record: &::csv::ByteRecord, address: usize) -> Option<Secret> {
    let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
    // No address has no sign but letters.
    let first = name(record.get(address).unwrap_or_default());
    if first.contains([':', '.', '/']) || !columns::is_known(&first) {
        return None;
    }
    record.iter().find_map(|field| of_name(&name(field)))
}

/// Whether a word for a secret is anywhere in a text.
fn may_hold(text: &str) -> bool {
    let words = words(text);
    let (spaced, joined) = (words.join(" "), words.concat());
    joined.contains("otpauth")
        || NORMAL.iter().any(|known| {
            known.parts.iter().any(|(part, whole)| {
                spaced.contains(part.as_str()) || joined.contains(whole.as_str())
            }) || words.iter().any(|word| known.words.contains(word))
        })
}

/// Names of columns in a line with a sign between them that isn't usual, or spaces; or in
/// the head of a table of HTML.
fn in_unusual_line(line: &str, below: bool) -> Option<Secret> {
    let signs = line
        .chars()
        .filter(|c| !c.is_alphanumeric() && !"\"'_-./ ".contains(*c) && !c.is_control())
        .take(MAX_SIGNS);
    let signs: HashSet<char> = signs.collect();
    let by_sign = signs.into_iter().map(|sign| line.split(sign).collect());
    let mut ways: Vec<Vec<&str>> = by_sign.collect();
    ways.push(line.split_whitespace().collect());
    ways.push(line.split("  ").collect());
    // A row may have two words that are names of columns as well.
    ways.retain(|names| !below || names.len() > 2);
    ways.into_iter().find_map(|names| of_names(&names))
}

/// What columns of these names hold, where all are names of columns of logins.
fn of_names(names: &[&str]) -> Option<Secret> {
    let names: Vec<&str> = names
        .iter()
        .map(|name| name.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\''))
        .filter(|name| !name.is_empty())
        .collect();
    if names.len() < 2 || names.len() > 100 {
        return None;
    }
    let secret = names.iter().find_map(|name| of_name(name))?;
    let known = names.iter().filter(|name| columns::is_known(name)).count();
    let all = names
        .iter()
        .all(|name| columns::is_known(name) || of_name(name).is_some());
    (known > 0 && all).then_some(secret)
}

/// The names in the head of a table of HTML.
fn in_html(text: &str) -> Option<Secret> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    ["<th", "<td"].iter().find_map(|cell| {
        let cells = lower.split(cell).skip(1).take(100);
        let names: Vec<String> = cells
            .filter(|cell| cell.starts_with(['>', ' ', '\n', '\t', '\r']))
            .map(|cell| {
                let content = cell.split_once('>').map_or("", |(_, content)| content);
                let content = content.split("</t").next().unwrap_or_default();
                let texts = content
                    .split('<')
                    .map(|piece| piece.rsplit('>').next().unwrap_or_default());
                texts.collect::<String>()
            })
            .collect();
        // Of a table without a head, those before the first that is no name.
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let head = names
            .iter()
            .take_while(|name| columns::is_known(name) || of_name(name).is_some());
        let head: Vec<&str> = head.copied().collect();
        of_names(&head)
    })
}

fn in_table(text: &str) -> Option<Secret> {
    let text = &text[..text.floor_char_boundary(MAX_HEAD_BYTES)];
    // Nearly all files are settled by this.
    if !may_hold(text) {
        return None;
    }
    if let Some(secret) = in_html(text) {
        return Some(secret);
    }
    let lines = text
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty());
    let starts = lines.take(HEAD_LINES);
    starts.enumerate().find_map(|(at, line)| {
        // From this line on: the first record may have line breaks in it.
        let from = line.as_ptr().addr() - text.as_ptr().addr();
        in_record(&text[from..], at > 0).or_else(|| in_unusual_line(line, at > 0))
    })
}

/// What the first record of a table has a column for. `below` where it isn't the first
/// of the file, and so may be one of data.
fn in_record(text: &str, below: bool) -> Option<Secret> {
    csv::DELIMITERS.iter().find_map(|delimiter| {
        let records = csv::first_records(text, *delimiter);
        let (names, next) = (records.first()?, records.get(1));
        let mut fields = records.iter().filter(|record| record.len() > 1).flatten();
        if fields.any(|field| is_code_secret(field)) {
            return Some(Secret::OneTimeCode);
        }
        // A name is short, and no address.
        let is_head = names.len() > 1
            && names
                .iter()
                .all(|name| name.chars().count() <= 60 && !name.contains("://"));
        if !is_head {
            return None;
        }
        let secret = names.iter().find_map(|name| of_name(name))?;
        let others = names.iter().filter(|name| of_name(name).is_none());
        let known = others.filter(|name| columns::is_known(name)).count();
        let is_table = match below {
            // A bookmark may have the title "password": all of it has to be names.
            true => {
                let secrets = names.iter().filter(|name| of_name(name).is_some());
                names.len() > 2 && known + secrets.count() == names.len()
            }
            false => known > 0 || next.is_some_and(|next| next.len() == names.len()),
        };
        is_table.then_some(secret)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_the_languages_of_browsers() {
        for name in [
            "password",
            "Password",
            "PASSWORD",
            "login_password",
            "loginPassword",
            "Password 1",
            "Ｐａｓｓｗｏｒｄ",
            "\u{feff}password",
            "pass\u{ad}word",
            "pass word",
            "passwd",
            "pwd",
            "Pass",
            "Passwort",
            "Kennwort",
            "Benutzerpasswort",
            "mot de passe",
            "Mot_de_passe",
            "Contraseña",
            "contrasena",
            "Senha",
            "Palavra-passe",
            "Wachtwoord",
            "Lösenord",
            "Adgangskode",
            "Passord",
            "Salasana",
            "Hasło",
            "Heslo",
            "Jelszó",
            "Пароль",
            "Κωδικός πρόσβασης",
            "Parola",
            "Şifre",
            "ŞİFRE",
            "パスワード",
            "ﾊﾟｽﾜｰﾄﾞ",
            "密码",
            "密碼",
            "登录密码",
            "비밀번호",
            "암호",
            "كلمة المرور",
            "סיסמה",
            "पासवर्ड",
            "รหัสผ่าน",
            "Mật khẩu",
            "mat khau",
            "Kata sandi",
        ] {
            assert_eq!(of_name(name), Some(Secret::Password), "{name}");
        }
        for name in [
            "OTPAuth",
            "otpUrl",
            "otp_secret",
            "TOTP",
            "2FA",
            "login_totp",
            "one-time password",
        ] {
            assert_eq!(of_name(name), Some(Secret::OneTimeCode), "{name}");
        }
        for name in [
            "card_number",
            "Card Number",
            "cardNumber",
            "CVV",
            "cc_number",
            "Kartennummer",
        ] {
            assert_eq!(of_name(name), Some(Secret::Card), "{name}");
        }
        for name in [
            "url",
            "title",
            "name",
            "passport",
            "Images Logo",
            "compass",
            "bypass",
            "Parola chiave",
            "Palabras clave",
            "Boarding pass",
            "keywords",
            "hotpink",
            "notes",
            "tags",
            "card",
            "code",
            "pinned",
            "description",
            "",
        ] {
            assert_eq!(of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_table_of_logins_is_known_by_its_columns_and_not_by_its_content() {
        for text in [
            "name,url,username,password,note\nx,https://e.org/,me,secret,",
            "\n\nTitle;URL;Username;Password;Notes;OTPAuth\n",
            "sep=;\nname;url;username;password\n",
            "url\tusername\tpassword\n",
            "url|login|pwd\n",
            "\"Web Site\",\"Login\nName\",\"Pass\nword\"\n",
            "Sivusto,Käyttäjätunnus,Salasana\na,b,c\n",
            "title,url,code\nx,https://e.org/,otpauth://totp/x?secret=ABC\n",
            "url^username^password\nhttps://e.org/^me^secret\n",
            "url:username:password\n",
            "url   username   password\n",
            "<html><table><tr><th>Title</th><th class=x><b>URL</b></th><th>Password</th></tr>",
            "<table><tr><td>url</td><td>username</td><td>password</td></tr><tr><td>x</td></tr>",
            "Exported on Monday\nname,url,username,password\n",
        ] {
            assert!(in_table(text).is_some(), "{text}");
        }
        for text in [
            "url,title\nhttps://e.org/,password\n",
            "title,url\npassword,https://e.org/\n",
            "title,note\npassword,username\n",
            "https://e.org/ | Forgot password\nhttps://f.org/ | x\n",
            "<table><tr><td><a href=\"https://e.org/\">password</a></td><td>x</td></tr></table>",
            "password: how to choose one\nhttps://e.org/\n",
            "# My list, password things, and so on\nhttps://e.org/\n",
            "<DL><DT><A HREF=\"https://e.org/\">password, username</A></DL>",
            "",
        ] {
            assert_eq!(in_table(text), None, "{text}");
        }
    }

    #[test]
    fn fuzz_secrets() {
        crate::fuzz::text(
            &["name,url,username,password\n", "Şifre;ﾊﾟｽﾜｰﾄﾞ|passwords\n"],
            |text| {
                let _ = (in_table(text), of_name(text), is_code_secret(text));
            },
        );
    }
}
