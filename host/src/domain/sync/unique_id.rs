//! Random numbers that identify versions and tag edits.

use std::{fmt, str::FromStr};

const BITS: u32 = 60;
const DIGITS: usize = 10;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 60 random bits, written as ten digits of base64url (RFC 4648, 5).
///
/// Two devices that share a copied database can't issue the same one, so neither a clone of a disk
/// nor a restored database reuses a number. Among a million versions of one page, the probability of
/// two equal ones is below one in two million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId(u64);

impl UniqueId {
    /// Uses the first 60 of 64 random bits.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self(bits >> (u64::BITS - BITS))
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..DIGITS).rev() {
            let digit = usize::try_from(self.0 >> (place * 6) & 63).unwrap_or(0);
            write!(f, "{}", char::from(ALPHABET[digit]))?;
        }
        Ok(())
    }
}

/// The text isn't an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of ten characters")]
pub struct NotAnId;

impl FromStr for UniqueId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != DIGITS {
            return Err(NotAnId);
        }
        let mut bits = 0;
        for byte in text.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|own| *own == byte)
                .ok_or(NotAnId)?;
            bits = bits << 6 | u64::try_from(digit).map_err(|_| NotAnId)?;
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let id = UniqueId::from_random(bits);
            assert_eq!(id.to_string().len(), DIGITS);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "AAAAAAAAA", "AAAAAAAAAAA", "AAAAAAAA+A", "ÄAAAAAAAA"] {
            assert_eq!(text.parse::<UniqueId>(), Err(NotAnId), "{text}");
        }
    }
}
