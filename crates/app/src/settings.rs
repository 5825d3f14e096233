//! What an operator sets, and what the doors measure for a node that may not look itself.

use entente_model::item::Lane;

use crate::people::Roles;

/// What an operator sets for a node, in words of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many partners must confirm at a start that our ledger continues what they saw.
    pub start_quorum: u16,
    /// The largest bundle made, unless a single item is larger.
    pub bundle_bytes: u64,
    /// The largest file that a person may publish.
    pub publish_bytes: u64,
    /// What may wait for one partner.
    pub outbox_bytes_per_partner: u64,
    /// What is kept of refused items of one partner.
    pub quarantine_bytes_per_partner: u64,
    /// How full the disk may be before ROUTINE, PRIORITY and IMMEDIATE items are no longer taken.
    pub disk_percent: [u8; 3],
    /// How long persons' sessions last.
    pub sessions: SessionLimits,
    /// Offices whose holders sign in to the pages with a passkey; a link lets them add one.
    pub passkeys_for: Roles,
    /// Within which time somebody looks whether what a person holds is still needed.
    pub review_millis: u64,
}

/// How long a person's session in a browser lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without anything being asked for.
    pub idle_millis: u64,
    /// At most, whatever is asked for.
    pub whole_millis: u64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle_millis: 15 * 60_000, whole_millis: 8 * 3_600_000 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start_quorum: 1,
            bundle_bytes: 4 << 20,
            publish_bytes: 64 << 20,
            outbox_bytes_per_partner: 10 << 30,
            quarantine_bytes_per_partner: 64 << 20,
            disk_percent: [90, 95, 98],
            sessions: SessionLimits::default(),
            passkeys_for: Roles::NONE,
            review_millis: 90 * 86_400_000,
        }
    }
}

/// The disk, measured by whoever may look at it.
pub trait Disk: Send + Sync {
    /// How much of it is used, in percent; 100 if that cannot be told.
    fn used_percent(&self) -> u8;
}

/// A disk that never fills, for a node that keeps nothing for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndlessDisk;

impl Disk for EndlessDisk {
    fn used_percent(&self) -> u8 {
        0
    }
}

/// What a disk's level lets a node take in (`protocol.md` 4.4, 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intake {
    used: u8,
    marks: [u8; 3],
}

impl Intake {
    /// At this level, with these three marks.
    pub const fn at(used: u8, marks: [u8; 3]) -> Self {
        Self { used, marks }
    }

    /// How much of the disk is used, in percent.
    pub const fn used(self) -> u8 {
        self.used
    }

    /// From this on, a lane is closed. FLASH has half of what the last mark leaves; the other half
    /// is the ledger's, which must never lose an entry for want of room (I38).
    pub const fn mark(self, lane: Lane) -> u8 {
        let [routine, priority, immediate] = self.marks;
        match lane {
            Lane::Routine => routine,
            Lane::Priority => priority,
            Lane::Immediate => immediate,
            Lane::Flash => immediate + 100_u8.saturating_sub(immediate).div_ceil(2),
        }
    }

    /// Whether items of this lane are taken.
    pub const fn takes(self, lane: Lane) -> bool {
        self.used < self.mark(lane)
    }

    /// Whether anything new may be released.
    pub const fn releases(self) -> bool {
        self.takes(Lane::Immediate)
    }

    /// The lanes that are closed, the most urgent first.
    pub fn closed(self) -> Vec<Lane> {
        Lane::ALL.into_iter().filter(|lane| !self.takes(*lane)).collect()
    }

    /// Why nothing new may be released in this lane, if so.
    pub(crate) fn refusal(self, lane: Lane) -> Option<String> {
        let Self { used, .. } = self;
        let what = if !self.releases() {
            "nothing is released".to_owned()
        } else if !self.takes(lane) {
            format!("{} items are not taken", lane.as_str())
        } else {
            return None;
        };
        Some(format!(
            "the disk is {used} % full: {what} until there is room again; free some space, or see \
             `disk_percent` under [limits]"
        ))
    }

    /// What of a partner's items is taken in a lane at once, of what is usual.
    pub(crate) const fn credit(self, lane: Lane, usual: u64, reserve: u64) -> u64 {
        match (self.takes(lane), self.releases()) {
            (false, _) => 0,
            (true, true) => usual,
            (true, false) => reserve,
        }
    }
}

#[test]
fn lanes_close_one_after_another_and_flash_last() {
    let closed = |used| Intake::at(used, [90, 95, 98]).closed().len();
    assert_eq!([0, 89, 90, 94, 95, 97, 98, 99, 100].map(closed), [0, 0, 1, 1, 2, 2, 3, 4, 4]);
    let tight = Intake::at(99, [10, 20, 99]);
    assert!(tight.takes(Lane::Flash) && !tight.releases());
    assert!(!Intake::at(100, [10, 20, 99]).takes(Lane::Flash));
}
