//! Which network addresses and pages are public.
//!
//! A page or a feed may name any address, also one of this computer or of the network that it is
//! in, where a router or a printer trusts whoever asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::domain::secrets::tokens_in;

/// Last labels of names that aren't of the public internet: RFC 6761, RFC 6762, RFC 8375, and those
/// that networks at home and at work use.
const PRIVATE_ENDINGS: &[&str] = &[
    "arpa",
    "corp",
    "home",
    "internal",
    "intern",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];

/// Returns whether a page is one of the public web, so that others may be asked about it: an address
/// of http or https at a public name or address, without user name, password and access token.
#[must_use]
pub fn is_public_page(url: &str) -> bool {
    let Ok(page) = Url::parse(url) else {
        return false;
    };
    let is_web = matches!(page.scheme(), "http" | "https");
    let is_secret =
        !page.username().is_empty() || page.password().is_some() || !tokens_in(url).is_empty();
    let is_public_host = match page.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.rsplit_once('.')
                .is_some_and(|(_, ending)| !PRIVATE_ENDINGS.contains(&ending))
        }
        None => false,
    };
    is_web && !is_secret && is_public_host
}

/// Returns whether an address is one of the public internet.
///
/// Everything else is private here: loopback, private and shared networks, link-local, multicast,
/// documentation, benchmarks, reserved (IANA's registries of special-purpose addresses, RFC 6890).
/// An IPv6 address that stands for an IPv4 address (mapped, RFC 4291; translated, RFC 6052) is as
/// public as that.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..] => true,
        // Shared address space of providers (RFC 6598).
        [100, second, ..] => second & 0xc0 == 64,
        [169, 254, ..] => true,
        [172, second, ..] => second & 0xf0 == 16,
        // Protocol assignments, documentation, the old 6to4 relays.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [192, 168, ..] => true,
        [198, 18 | 19, ..] | [198, 51, 100, _] => true,
        [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [first, ..] => first >= 224,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = address.segments();
    match segments {
        // NAT64: networks without IPv4 reach all of it by these addresses.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments, with Teredo, which embeds an IPv4 address.
        [0x2001, second, ..] if second < 0x200 => false,
        // Documentation.
        [0x2001, 0xdb8, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // 6to4 embeds an IPv4 address.
        [0x2002, ..] => false,
        // Of all others, only global unicast is in use.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], public: bool) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn pages_of_private_networks_and_with_secrets_are_not_public() {
        for url in [
            "https://e.org/a?b=c#d",
            "http://8.8.8.8/",
            "https://xn--bcher-kva.example./",
        ] {
            assert!(is_public_page(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:9000/x",
            "http://[::1]/",
            "http://10.1.2.3/",
            "http://wiki/page",
            "http://localhost/",
            "http://wiki.localhost/",
            "http://printer.local/",
            "http://nas.lan./",
            "http://router.home.arpa/",
            "https://wiki.corp.internal/",
            "https://me:secret@e.org/a",
            "https://me@e.org/a",
            "https://e.org/a?access_token=eyJhbGciOiJIUzI1NiJ9.abc",
            "ftp://e.org/",
            "not an address",
        ] {
            assert!(!is_public_page(url), "{url}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        check(
            &[
                "1.1.1.1",
                "8.8.8.8",
                "100.63.255.255",
                "100.128.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00:1450:4001::1",
                "::ffff:1.1.1.1",
                "64:ff9b::101:101",
            ],
            true,
        );
    }

    #[test]
    fn addresses_of_this_computer_and_its_network_are_private() {
        check(
            &[
                "0.0.0.0",
                "10.0.0.1",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.8",
                "192.0.2.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::1",
                "100::1",
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "3fff::1",
                "fc00::1",
                "fd12:3456::1",
                "fe80::1",
                "fec0::1",
                "ff02::1",
            ],
            false,
        );
    }
}
