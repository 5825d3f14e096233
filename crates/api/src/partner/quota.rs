//! What each partner has in use, and where it ends.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entente_model::NodeId;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::PartnerLimits;

const MINUTE: Duration = Duration::from_mins(1);

/// The use of every partner that has connected. INVARIANT: it has no more entries than the
/// directory has had nodes, because only authenticated ones get one.
#[derive(Default)]
pub(super) struct Quotas(Mutex<HashMap<NodeId, Arc<Quota>>>);

impl Quotas {
    pub(super) fn of(&self, peer: NodeId) -> Arc<Quota> {
        Arc::clone(lock(&self.0).entry(peer).or_default())
    }
}

/// The use of one partner.
#[derive(Default)]
pub(super) struct Quota {
    requests: AtomicUsize,
    polls: AtomicUsize,
    minute: Mutex<Option<Minute>>,
    connections: Mutex<VecDeque<Arc<Notify>>>,
}

struct Minute {
    began: Instant,
    requests: u64,
    bytes: u64,
}

/// Refused for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted {
    pub(super) retry_after: Duration,
}

/// Counts down when dropped.
pub(super) struct Counted {
    quota: Arc<Quota>,
    of: fn(&Quota) -> &AtomicUsize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.of)(&self.quota).fetch_sub(1, Ordering::AcqRel);
    }
}

impl Quota {
    /// Admits a request, until the answer is out.
    pub(super) fn request(self: &Arc<Self>, limits: &PartnerLimits) -> Result<Counted, Exhausted> {
        let counted = self.count(|quota| &quota.requests, limits.requests_in_flight)?;
        let mut minute = lock(&self.minute);
        let now = Instant::now();
        let minute = current(&mut minute, now);
        if minute.requests >= limits.requests_per_minute || minute.bytes >= limits.bytes_per_minute
        {
            return Err(Exhausted { retry_after: minute.began + MINUTE - now });
        }
        minute.requests += 1;
        Ok(counted)
    }

    /// Admits a long poll, until it ends.
    pub(super) fn poll(self: &Arc<Self>, limits: &PartnerLimits) -> Result<Counted, Exhausted> {
        self.count(|quota| &quota.polls, limits.polls_max)
    }

    fn count(
        self: &Arc<Self>,
        of: fn(&Self) -> &AtomicUsize,
        max: usize,
    ) -> Result<Counted, Exhausted> {
        let before = of(self).fetch_add(1, Ordering::AcqRel);
        let counted = Counted { quota: Arc::clone(self), of };
        if before < max {
            Ok(counted)
        } else {
            Err(Exhausted { retry_after: Duration::from_secs(1) })
        }
    }

    /// Counts bytes of bodies, whichever way they went.
    pub(super) fn moved(&self, bytes: usize) {
        let mut minute = lock(&self.minute);
        let minute = current(&mut minute, Instant::now());
        minute.bytes = minute.bytes.saturating_add(bytes as u64);
    }

    /// Enters a connection and tells the oldest to close when there are too many: after a cut
    /// in the network the new one is alive, and the old one may not be.
    pub(super) fn connect(self: &Arc<Self>, max: usize) -> Connected {
        let mut connections = lock(&self.connections);
        let close = Arc::new(Notify::new());
        connections.push_back(Arc::clone(&close));
        while connections.len() > max.max(1) {
            if let Some(oldest) = connections.pop_front() {
                oldest.notify_one();
            }
        }
        Connected { quota: Arc::clone(self), close }
    }
}

/// A connection that is entered, until dropped.
pub(super) struct Connected {
    pub(super) quota: Arc<Quota>,
    /// Notified when the connection is to close.
    pub(super) close: Arc<Notify>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        lock(&self.quota.connections).retain(|other| !Arc::ptr_eq(other, &self.close));
    }
}

/// Handshakes under way, by address.
#[derive(Default)]
pub(super) struct Handshakes(Mutex<HashMap<IpAddr, usize>>);

impl Handshakes {
    pub(super) fn begin(self: &Arc<Self>, from: IpAddr, max: usize) -> Option<Handshake> {
        let mut under_way = lock(&self.0);
        let count = under_way.entry(from).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Handshake { all: Arc::clone(self), from })
    }
}

/// A handshake under way, until dropped.
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    from: IpAddr,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut under_way = lock(&self.all.0);
        if let Some(count) = under_way.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.from);
            }
        }
    }
}

fn current(minute: &mut Option<Minute>, now: Instant) -> &mut Minute {
    let fresh = || Minute { began: now, requests: 0, bytes: 0 };
    let minute = minute.get_or_insert_with(fresh);
    if now.duration_since(minute.began) >= MINUTE {
        *minute = fresh();
    }
    minute
}

/// The counts are right after each statement, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_end_at_their_limit_and_come_back() {
        let limits = PartnerLimits { requests_in_flight: 2, ..PartnerLimits::default() };
        let quota = Quotas::default().of(NodeId::from_array([1; 32]));
        let first = quota.request(&limits);
        let second = quota.request(&limits);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(quota.request(&limits).err().unwrap().retry_after, Duration::from_secs(1));
        drop(first);
        assert!(quota.request(&limits).is_ok());
    }

    #[test]
    fn used_up_bytes_refuse_the_next_request_of_that_partner_only() {
        let limits = PartnerLimits { bytes_per_minute: 10, ..PartnerLimits::default() };
        let quotas = Quotas::default();
        let (one, two) = (NodeId::from_array([1; 32]), NodeId::from_array([2; 32]));
        assert!(quotas.of(one).request(&limits).is_ok());
        quotas.of(one).moved(10);
        let exhausted = quotas.of(one).request(&limits).err().unwrap();
        assert!(exhausted.retry_after > Duration::ZERO && exhausted.retry_after <= MINUTE);
        assert!(quotas.of(two).request(&limits).is_ok());
    }

    #[test]
    fn a_minute_ends() {
        let mut minute = None;
        let began = Instant::now();
        current(&mut minute, began).bytes = 7;
        assert_eq!(current(&mut minute, began + Duration::from_secs(59)).bytes, 7);
        assert_eq!(current(&mut minute, began + MINUTE).bytes, 0);
    }

    #[tokio::test]
    async fn one_connection_more_closes_the_oldest() {
        let quota = Arc::new(Quota::default());
        let first = quota.connect(2);
        let second = quota.connect(2);
        let third = quota.connect(2);
        first.close.notified().await;
        drop(second);
        drop(first);
        let _fourth = quota.connect(2);
        assert_eq!(lock(&quota.connections).len(), 2);
        assert!(Arc::ptr_eq(lock(&quota.connections).front().unwrap(), &third.close));
    }

    #[test]
    fn handshakes_are_counted_by_address() {
        let all = Arc::new(Handshakes::default());
        let here: IpAddr = [127, 0, 0, 1].into();
        let first = all.begin(here, 1);
        assert!(first.is_some() && all.begin(here, 1).is_none());
        assert!(all.begin([127, 0, 0, 2].into(), 1).is_some());
        drop(first);
        assert!(all.begin(here, 1).is_some());
    }
}
