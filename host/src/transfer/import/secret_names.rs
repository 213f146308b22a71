//! Names of columns and members that hold passwords, one-time codes or card numbers.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::error::Error;

/// So many names are remembered with what they mean.
const REMEMBERED_NAMES: usize = 10_000;

/// Longest name of a column that is looked at, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// From so many characters on, a word is found also where it is written in several.
const LONG: usize = 8;

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

/// Names of columns with a user's name, which no table of bookmarks has beside a PIN.
const USERS: &[&str] = &[
    "user",
    "username",
    "login",
    "account",
    "email",
    "benutzer",
    "benutzername",
    "nutzer",
    "utilisateur",
    "identifiant",
    "usuario",
    "utente",
    "utilizador",
    "gebruiker",
    "bruger",
    "kayttaja",
    "uzytkownik",
    "пользователь",
    "логин",
    "用户名",
    "ユーザー名",
    "사용자",
];

/// Whether a table with these columns is one of logins by a PIN, which alone means other
/// things as well.
pub(super) fn is_login(names: &[String]) -> bool {
    let is = |name: &String, wanted: &[&str]| {
        let words = words(name);
        wanted.contains(&words.concat().as_str())
            || words.iter().any(|word| wanted.contains(&word.as_str()))
    };
    names.iter().any(|name| is(name, &["pin", "pincode"]))
        && names.iter().any(|name| is(name, USERS))
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
        "The file has a column for {what}, so it isn't a file of bookmarks. Passwords, one-time codes and card numbers are never imported; nothing was imported."
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

/// Whether a word for a secret is anywhere in a text.
pub(super) fn may_hold(text: &str) -> bool {
    let words = words(text);
    let (spaced, joined) = (words.join(" "), words.concat());
    joined.contains("otpauth")
        || words.iter().any(|word| word == "pin" || word == "pincode")
        || NORMAL.iter().any(|known| {
            known.parts.iter().any(|(part, whole)| {
                spaced.contains(part.as_str()) || joined.contains(whole.as_str())
            }) || words.iter().any(|word| known.words.contains(word))
        })
}
