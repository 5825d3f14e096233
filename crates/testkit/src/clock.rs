//! Time set by hand: one clock for the world, and each nation's own, which may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use entente_model::{Clock, Timestamp};

/// The world's time.
#[derive(Debug, Clone)]
pub struct WorldClock(Arc<AtomicU64>);

impl WorldClock {
    /// A world that begins at this time.
    pub fn starting(at: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(at.millis())))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Time passes.
    pub fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// A nation's clock by this world's.
    pub fn local(&self) -> Arc<LocalClock> {
        Arc::new(LocalClock { world: self.clone(), wrong_by: AtomicI64::new(0) })
    }
}

/// One nation's clock.
#[derive(Debug)]
pub struct LocalClock {
    world: WorldClock,
    wrong_by: AtomicI64,
}

impl LocalClock {
    /// Sets how far it is from the world's time, in milliseconds.
    pub fn set_wrong_by(&self, millis: i64) {
        self.wrong_by.store(millis, Ordering::SeqCst);
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let world = self.world.now().millis();
        Timestamp::from_millis(world.saturating_add_signed(self.wrong_by.load(Ordering::SeqCst)))
    }
}
