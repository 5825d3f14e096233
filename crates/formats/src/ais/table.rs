//! Tables of AIS with reserved entries, and what each reserved number is answered as.
//!
//! A field keeps the number that was sent ([`super::bits::Entry::sent`]). For people a reserved
//! number stands under the entry that reserves it, or under *not available*.

use super::bits::Table;

macro_rules! tables {
    ($( $(#[$doc:meta])+ $table:ident: |$sent:ident| $entry:expr; )+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $table;

        impl Table for $table {
            fn entry($sent: u32) -> u32 {
                $entry
            }
        }
    )+ };
}

tables! {
    /// What fixes positions (messages 4, 5, 19 and 21); 9 to 14 are not used.
    Epfd: |sent| if matches!(sent, 9..=14) { 0 } else { sent };

    /// What a ship is (message 5).
    ShipType: |sent| match sent {
        25..=28 => 25,
        45..=48 => 45,
        56..=57 => 56,
        65..=68 => 65,
        75..=78 => 75,
        85..=88 => 85,
        95..=98 => 95,
        20..=24 | 29..=37 | 40..=44 | 49..=55 | 58..=64 | 69..=74 | 79..=84 | 89..=94 | 99 => sent,
        _ => 0,
    };

    /// What an aid to navigation is (message 21; beyond 31 message 28).
    AidType: |sent| if sent > 50 { 0 } else { sent };

    /// Which stations are meant (message 23); 6 to 9 are regional.
    StationType: |sent| match sent {
        6..=9 => 6,
        10.. => 1,
        _ => sent,
    };

    /// How often to report (message 23); 11 to 15 are for future use.
    Interval: |sent| sent.min(11);

    /// In which waters an aid lies (M.1371-6).
    AidMark: |sent| sent;

    /// What kind of aid it is (M.1371-6); 6 and 7 are reserved.
    AidStation: |sent| sent.min(6);

    /// What the dimensions of an aid mean (M.1371-6).
    Dimension: |sent| sent;

    /// Whether a barge is loaded (inland AIS).
    Loaded: |sent| sent;

    /// What equipment does (IMO SN.1/Circ.289).
    Equipment: |sent| sent;

    /// How a ship stands ice (IMO SN.1/Circ.289); 11 to 14 are for future use.
    IceClass: |sent| if sent > 10 { 15 } else { sent };

    /// What weather a warning is about (inland AIS).
    Weather: |sent| if sent > 9 { 0 } else { sent };

    /// Where wind comes from (inland AIS).
    Wind: |sent| if sent > 8 { 0 } else { sent };

    /// Whom a signal is for (inland AIS).
    Impact: |sent| if sent > 4 { 0 } else { sent };
}

#[test]
fn reserved_numbers_stand_under_their_entry() {
    for (sent, entry) in
        [(0, 0), (19, 0), (26, 25), (29, 29), (39, 0), (57, 56), (99, 99), (155, 0)]
    {
        assert_eq!(ShipType::entry(sent), entry, "{sent}");
    }
    assert_eq!([5, 6, 9, 10, 15].map(StationType::entry), [5, 6, 6, 1, 1]);
}
