//! The header fields of a request.

/// The header fields of a request.
pub(super) struct Fields<'a>(pub(super) &'a [httparse::Header<'a>]);

impl<'a> Fields<'a> {
    /// Returns the field names as they were sent.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.iter().map(|line| line.name)
    }

    /// Returns the first value of a field.
    pub(super) fn first(&self, name: &'static str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    pub(super) fn values(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0
            .iter()
            .filter(move |line| line.name.eq_ignore_ascii_case(name))
            .map(|line| line.value)
    }

    /// Returns the value of a field that occurs once, if it is text.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        let mut values = self.values(name);
        let value = values.next().filter(|_| values.next().is_none())?;
        String::from_utf8(value.to_owned()).ok()
    }

    /// Returns the first cookie of this name (RFC 6265, 4.2).
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        self.values("cookie")
            .filter_map(|value| str::from_utf8(value).ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim_ascii().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// Returns whether a comma-separated field contains this token.
    pub(super) fn has_token(&self, name: &'static str, token: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|byte| matches!(byte, b',' | b';')))
            .any(|word| word.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Returns whether the field is present with this as its only value.
    pub(super) fn is(&self, name: &'static str, value: &str) -> bool {
        let mut values = self.values(name);
        values.next() == Some(value.as_bytes()) && values.next().is_none()
    }
}
