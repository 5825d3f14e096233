//! The key process with a clock beside it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entente_app::keys::{KeyError, KeyReply, KeyRequest, Keys};

use crate::ambient::monotonic;
use crate::keyd::RemoteKeys;

/// Keys whose calls are timed, the way there and back included.
#[derive(Debug)]
pub(super) struct TimedKeys {
    inner: RemoteKeys,
    seal: AtomicU64,
    sign: AtomicU64,
    other: AtomicU64,
}

/// Time spent waiting for the key process, by what was asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyTime {
    /// Sealing bodies and wrapping their keys.
    pub(super) seal: Duration,
    /// Signing checkpoints, the anchor's fsync included.
    pub(super) sign: Duration,
    /// Anything else.
    pub(super) other: Duration,
}

impl TimedKeys {
    pub(super) const fn new(inner: RemoteKeys) -> Self {
        Self { inner, seal: AtomicU64::new(0), sign: AtomicU64::new(0), other: AtomicU64::new(0) }
    }

    /// The id of the key process.
    pub(super) fn process_id(&self) -> u32 {
        self.inner.process_id()
    }

    /// The time spent since this was last asked.
    pub(super) fn take(&self) -> KeyTime {
        let taken = |slot: &AtomicU64| Duration::from_nanos(slot.swap(0, Ordering::Relaxed));
        KeyTime { seal: taken(&self.seal), sign: taken(&self.sign), other: taken(&self.other) }
    }
}

impl Keys for TimedKeys {
    fn call(&self, request: KeyRequest) -> Result<KeyReply, KeyError> {
        let slot = if matches!(request, KeyRequest::Seal(_)) {
            &self.seal
        } else if matches!(request, KeyRequest::SignCheckpoint { .. }) {
            &self.sign
        } else {
            &self.other
        };
        let started = monotonic();
        let reply = self.inner.call(request);
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        slot.fetch_add(nanos, Ordering::Relaxed);
        reply
    }
}
