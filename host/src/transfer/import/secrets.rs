//! Refuses tables and lists with a column for passwords, one-time codes or card numbers.
//!
//! Browsers and password managers export logins in the same formats as bookmarks, and with
//! addresses in them. The name of a column reveals its content. The names are those that Chromium,
//! Firefox and Safari, 1Password, Bitwarden, Dashlane, KeePass and its derivatives, LastPass,
//! NordPass, Proton Pass and RoboForm write, and the words for a password in the languages of the
//! browsers.

use std::collections::HashSet;

use encoding_rs::Encoding;

use super::{columns, csv, source::Source};
use crate::{
    error::Result,
    transfer::import::secret_names::{
        Secret, is_code_secret, is_login, may_hold, of_name, refusal,
    },
};

/// Length of the part of a text that is searched for a header row, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// Most signs of a line that are tried as delimiters.
const MAX_SIGNS: usize = 50;
/// Number of lines that are searched for names of columns.
const HEAD_LINES: usize = 10;

/// Length of the part of a file that is tried in other encodings, in bytes.
const HEAD_BYTES: u64 = 8 * 1024;

/// Encodings of tables that aren't in Unicode.
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

/// Refuses a table with a column that is never imported, whatever its declared format.
///
/// # Errors
/// `InvalidParams` for such a table; those of reading the file.
pub(super) fn refuse_tables(source: &mut Source) -> Result<()> {
    if source.is_zip()? {
        return Ok(());
    }
    let mut secret = in_table(&source.head()?);
    // The guessed encoding may be wrong.
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

/// Searches a line for names of columns separated by spaces or an unusual sign, or the header of an
/// HTML table.
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
    // A row of data may contain two words that are also names of columns.
    ways.retain(|names| !below || names.len() > 2);
    ways.into_iter().find_map(|names| of_names(&names))
}

/// Returns the kind of secret if all names are those of columns of logins.
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

/// Returns the names in the header of an HTML table.
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
        // In a table without a header row, those before the first cell that can't be a name.
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
    // This decides nearly all files.
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
        // From this line on, because the first record may contain line breaks.
        let from = line.as_ptr().addr() - text.as_ptr().addr();
        in_record(&text[from..], at > 0).or_else(|| in_unusual_line(line, at > 0))
    })
}

/// Returns the kind of secret in the first record of a table. `below`: whether it isn't the first
/// record of the file, and so may be data.
fn in_record(text: &str, below: bool) -> Option<Secret> {
    csv::DELIMITERS.iter().find_map(|delimiter| {
        let records = csv::first_records(text, *delimiter);
        let (names, next) = (records.first()?, records.get(1));
        let mut fields = records.iter().filter(|record| record.len() > 1).flatten();
        if fields.any(|field| is_code_secret(field)) {
            return Some(Secret::OneTimeCode);
        }
        // A name is short and isn't an address.
        let is_head = names.len() > 1
            && names
                .iter()
                .all(|name| name.chars().count() <= 60 && !name.contains("://"));
        if !is_head {
            return None;
        }
        let secret = names
            .iter()
            .find_map(|name| of_name(name))
            .or_else(|| is_login(names).then_some(Secret::Password))?;
        let others = names.iter().filter(|name| of_name(name).is_none());
        let known = others.filter(|name| columns::is_known(name)).count();
        let is_table = match below {
            // A bookmark may have the title "password", so all fields must be names.
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
    use crate::transfer::import::secret_names::{Secret, is_code_secret};

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
    fn a_table_of_logins_is_recognised_by_its_columns_not_its_content() {
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
