//! What goes wrong on one machine: crashes at effect boundaries, a full disk, keys that do not
//! answer, an anchor that cannot be written.
//!
//! Every effect of a node (a commit of either database, a call of the key process, a record of
//! the anchor) has a boundary before it and one after it. [`Fate::crash_after`] names the
//! boundary at which the machine dies; from then on every effect fails, until it is started
//! again. What had been kept before is kept, and the caller does not know.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};

use entente_store::sqlite::Faults;
use entente_store::{Result, StoreError};

/// What goes wrong on one machine.
#[derive(Debug, Default)]
pub struct Fate {
    boundaries_left: AtomicI64,
    dead: AtomicBool,
    full: AtomicBool,
    keys_down: AtomicBool,
    anchor_down: AtomicBool,
    used_percent: AtomicU8,
    passed: AtomicU64,
    died_at: Mutex<Option<&'static str>>,
}

/// The machine died here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

impl Fate {
    /// Nothing goes wrong from now on; a machine that died may start again.
    pub fn kind(&self) {
        self.boundaries_left.store(0, Ordering::SeqCst);
        for switch in [&self.dead, &self.full, &self.keys_down, &self.anchor_down] {
            switch.store(false, Ordering::SeqCst);
        }
    }

    /// The machine dies at a boundary from here: 1 is the next one.
    pub fn crash_after(&self, boundaries: u32) {
        self.boundaries_left.store(boundaries.into(), Ordering::SeqCst);
    }

    /// Forgets a crash that has not come.
    pub fn no_crash(&self) {
        self.boundaries_left.store(0, Ordering::SeqCst);
    }

    /// Whether the machine died.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Where it died, for the step log.
    pub fn died_at(&self) -> Option<&'static str> {
        *self.died_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the disk takes nothing more.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }

    /// How full the disk seems to be, in percent.
    pub fn set_used_percent(&self, percent: u8) {
        self.used_percent.store(percent, Ordering::SeqCst);
    }

    /// Whether the key process answers nothing.
    pub fn set_keys_down(&self, down: bool) {
        self.keys_down.store(down, Ordering::SeqCst);
    }

    /// Whether the key process answers nothing.
    pub fn keys_are_down(&self) -> bool {
        self.keys_down.load(Ordering::SeqCst)
    }

    /// Whether the anchor's device is gone.
    pub fn set_anchor_down(&self, down: bool) {
        self.anchor_down.store(down, Ordering::SeqCst);
    }

    /// Whether the anchor's device is gone.
    pub fn anchor_is_down(&self) -> bool {
        self.anchor_down.load(Ordering::SeqCst)
    }

    /// Whether anything is wrong with the machine now.
    pub fn is_unkind(&self) -> bool {
        self.is_dead() || self.is_full() || self.keys_are_down() || self.anchor_is_down()
    }

    /// How many boundaries were passed since the machine was built.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Passes a boundary, or dies there.
    pub fn pass(&self, place: &'static str) -> std::result::Result<(), Died> {
        if self.is_dead() {
            return Err(Died);
        }
        self.passed.fetch_add(1, Ordering::SeqCst);
        let left = self.boundaries_left.load(Ordering::SeqCst);
        if left <= 0 {
            return Ok(());
        }
        self.boundaries_left.store(left - 1, Ordering::SeqCst);
        if left > 1 {
            return Ok(());
        }
        *self.died_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(place);
        self.dead.store(true, Ordering::SeqCst);
        Err(Died)
    }
}

/// A machine's disk as its node measures it.
pub struct Gauge(pub std::sync::Arc<Fate>);

impl entente_app::settings::Disk for Gauge {
    fn used_percent(&self) -> u8 {
        self.0.used_percent.load(Ordering::SeqCst)
    }
}

/// The faults of one of a machine's two databases.
pub struct DiskFate {
    fate: std::sync::Arc<Fate>,
    before: &'static str,
    after: &'static str,
}

impl DiskFate {
    /// The faults of the main database.
    pub const fn store(fate: std::sync::Arc<Fate>) -> Self {
        Self { fate, before: "before a commit", after: "after a commit" }
    }

    /// The faults of the key vault.
    pub const fn vault(fate: std::sync::Arc<Fate>) -> Self {
        Self { fate, before: "before a vault commit", after: "after a vault commit" }
    }
}

fn died(_: Died) -> StoreError {
    StoreError::Engine("the machine died".to_owned())
}

impl Faults for DiskFate {
    fn before_commit(&self) -> Result<()> {
        self.fate.pass(self.before).map_err(died)?;
        if self.fate.is_full() { Err(StoreError::Full) } else { Ok(()) }
    }

    fn after_commit(&self) -> Result<()> {
        self.fate.pass(self.after).map_err(died)
    }
}

#[test]
fn a_machine_dies_once_and_stays_dead_until_it_is_started() {
    let fate = Fate::default();
    fate.crash_after(2);
    assert_eq!(fate.pass("a"), Ok(()));
    assert_eq!(fate.pass("b"), Err(Died));
    assert_eq!((fate.died_at(), fate.pass("c")), (Some("b"), Err(Died)));
    fate.kind();
    assert_eq!(fate.pass("d"), Ok(()));
}
