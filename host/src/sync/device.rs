//! The name of a device: of one database that takes part in sync.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A device's id: 64 random bits, written as 16 hexadecimal digits in lower case. Copying a
/// database copies its id, so two devices may have the same one; nothing relies on ids being
/// unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DeviceId(u64);

/// A text isn't a [`DeviceId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A device's id has 16 digits of 0-9 and a-f.")]
pub struct NotADeviceId;

impl DeviceId {
    /// Returns a new id.
    #[must_use]
    pub fn random() -> Self {
        // Fixed bits of a random UUID are the last 16 of the first half and the first two of the
        // second one (RFC 9562, section 5.4).
        let (first, second) = Uuid::new_v4().as_u64_pair();
        Self(first & !0xffff | second & 0xffff)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for DeviceId {
    type Err = NotADeviceId;

    fn from_str(text: &str) -> Result<Self, NotADeviceId> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.bytes().all(is_hex) {
            return Err(NotADeviceId);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| NotADeviceId)
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for DeviceId {
    type Error = NotADeviceId;

    fn try_from(text: String) -> Result<Self, NotADeviceId> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id: DeviceId = "00c0ffee00000001".parse().unwrap();
        assert_eq!(id.to_string(), "00c0ffee00000001");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"00c0ffee00000001\"");
        let back: DeviceId = serde_json::from_str("\"00c0ffee00000001\"").unwrap();
        assert_eq!(back, id);
        assert!(serde_json::from_str::<DeviceId>("\"x\"").is_err());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "0",
            "00C0FFEE00000001",
            "+0c0ffee00000001",
            "00c0ffee000000012",
            "00c0ffee0000000g",
            "00c0ffee0000000é",
        ] {
            assert_eq!(text.parse::<DeviceId>(), Err(NotADeviceId), "{text}");
        }
    }

    #[test]
    fn all_bits_are_random() {
        let ids: Vec<u64> = (0..200).map(|_| DeviceId::random().0).collect();
        let ones = ids.iter().fold(0, |all, id| all | id);
        let zeros = ids.iter().fold(0, |all, id| all | !id);
        assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
    }
}
