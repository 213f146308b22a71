//! Names of columns and members that contain passwords, one-time codes or card numbers.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::error::Error;

/// Most names that are cached with their meaning.
const REMEMBERED_NAMES: usize = 10_000;

/// Longest name of a column that is examined, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Length in characters from which a word is also found if it is split.
const LONG: usize = 8;

/// The content of a column that is never imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Password,
    OneTimeCode,
    Card,
}

/// Words that mean a password anywhere in a name, even within a word: "Benutzerpasswort",
/// "encryptedPassword". Normalised when they are compared.
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

/// Words that mean a password as a separate word of a name, or as the whole name.
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

/// Words that change the meaning of [`PASSWORD_WORDS`]: "parola chiave" and "palabra clave" are
/// keywords, and a "boarding pass" isn't a password.
const NOT_PASSWORDS: &[&str] = &[
    "chiave", "palabra", "palabras", "boarding", "season", "count",
];

/// Words that mean a one-time code or its secret.
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

/// Words that mean the number of a card or its security code.
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

/// The words above in normalised form.
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

/// Returns the kind of secret in a column with this name.
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

/// Names of columns with a user name. A table of bookmarks has none of them beside a PIN.
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

/// Returns whether a table with these columns holds logins with a PIN. A column `pin` alone may mean
/// something else.
pub(super) fn is_login(names: &[String]) -> bool {
    let is = |name: &String, wanted: &[&str]| {
        let words = words(name);
        wanted.contains(&words.concat().as_str())
            || words.iter().any(|word| wanted.contains(&word.as_str()))
    };
    names.iter().any(|name| is(name, &["pin", "pincode"]))
        && names.iter().any(|name| is(name, USERS))
}

/// Returns the words of a name without case, accents, full width, signs and invisible characters.
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

/// Returns whether a character is invisible. Names may contain such characters between their
/// letters.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Returns why a file with this secret isn't imported.
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

/// Returns whether a value is the secret of one-time codes
/// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
pub(super) fn is_code_secret(value: &str) -> bool {
    let value = value.trim_start();
    ["otpauth:", "otpauth-migration:"].iter().any(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Returns whether a text contains a word for a secret.
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
