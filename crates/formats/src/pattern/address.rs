//! IP addresses and blocks of them, as `ISSUBSET` and `ISSUPERSET` compare them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

/// A block of addresses; a single address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The first address, in the low bits.
    first: u128,
    prefix: u32,
    is_v4: bool,
}

impl Block {
    /// Reads an address, or a block in CIDR notation.
    pub(super) fn of(text: &str) -> Option<Self> {
        Self::of_v4(text).or_else(|| Self::of_v6(text))
    }

    pub(super) fn of_v4(text: &str) -> Option<Self> {
        let (address, prefix) = parts(text, 32)?;
        let bits = u32::from(v4(address)?);
        Some(Self { first: u128::from(bits), prefix, is_v4: true }.masked())
    }

    pub(super) fn of_v6(text: &str) -> Option<Self> {
        let (address, prefix) = parts(text, 128)?;
        let bits = u128::from(address.parse::<Ipv6Addr>().ok()?);
        Some(Self { first: bits, prefix, is_v4: false }.masked())
    }

    const fn bits(self) -> u32 {
        if self.is_v4 { 32 } else { 128 }
    }

    /// The part of an address that a block of this size fixes.
    fn network(self, prefix: u32) -> u128 {
        self.first.checked_shr(self.bits().saturating_sub(prefix)).unwrap_or(0)
    }

    fn masked(self) -> Self {
        let first = self.network(self.prefix).checked_shl(self.bits() - self.prefix).unwrap_or(0);
        Self { first, ..self }
    }

    /// Whether every address of the other block is in this one.
    pub(super) fn holds(self, other: Self) -> bool {
        self.is_v4 == other.is_v4
            && self.prefix <= other.prefix
            && self.network(self.prefix) == other.network(self.prefix)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match u32::try_from(self.first) {
            Ok(first) if self.is_v4 => IpAddr::V4(Ipv4Addr::from(first)),
            _ => IpAddr::V6(Ipv6Addr::from(self.first)),
        };
        write!(f, "{address}")?;
        if self.prefix < self.bits() { write!(f, "/{}", self.prefix) } else { Ok(()) }
    }
}

/// The address and the number of bits that are fixed.
fn parts(text: &str, bits: u32) -> Option<(&str, u32)> {
    let Some((address, prefix)) = text.split_once('/') else { return Some((text, bits)) };
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= bits)?;
    Some((address, prefix))
}

/// An IPv4 address. Zeros may lead a part as long as all readers agree on its value: `010` is
/// ten to some and eight to others.
fn v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let plain = part.trim_start_matches('0');
        let (digits, ambiguous) = match plain {
            "" if !part.is_empty() => ("0", false),
            _ => (plain, plain.len() < part.len() && plain.len() > 1),
        };
        let fits = part.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit()) && !ambiguous;
        *octet = digits.parse().ok().filter(|_| fits)?;
        if plain.len() < part.len() && *octet > 7 {
            return None;
        }
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

#[test]
fn blocks_hold_each_other() {
    let block = |text: &str| Block::of(text).unwrap();
    for (outer, inner, holds) in [
        ("11.22.41.123/20", "11.22.33.44", true),
        ("11.22.33.44", "11.22.33.44/32", true),
        ("11.22.33.44/29", "11.22.33.44/20", false),
        ("0.0.0.0/0", "255.1.2.3", true),
        ("0.0.0.0/0", "::1", false),
        ("2001:db8::/32", "2001:db8:1::5", true),
        ("::/0", "2001:db8:1::5/64", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
    ] {
        assert_eq!(block(outer).holds(block(inner)), holds, "{outer} {inner}");
    }
    for wrong in ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4/33", "1.2.3.4/-5", "1.2.3.4/+5"] {
        assert_eq!(Block::of(wrong), None, "{wrong}");
    }
    for wrong in ["010.1.1.1", "08.1.1.1", "::/129", "1:2:3:4:5:6:7:8/-5", "foo", "1.2.3.4/"] {
        assert_eq!(Block::of(wrong), None, "{wrong}");
    }
    assert_eq!(block("01.02.003.0").to_string(), "1.2.3.0");
    assert_eq!(block("1:2:3:4:5:6:ffff:8/111").to_string(), "1:2:3:4:5:6:fffe:0/111");
    assert_eq!(block("1.2.255.4/0").to_string(), "0.0.0.0/0");
}
