//! Who waits for what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entente_app::node::WakeUp;
use entente_model::NodeId;
use tokio::sync::Notify;

/// One bell for each thing that someone may wait for.
#[derive(Debug, Default)]
pub struct Wakes {
    events: Arc<Notify>,
    intents: Arc<Notify>,
    partners: Mutex<HashMap<NodeId, Bells>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Bells {
    /// Rung for the worker that delivers to the partner.
    delivery: Arc<Notify>,
    /// Rung for the partner's own long polls.
    poll: Arc<Notify>,
}

impl Wakes {
    /// Rings the bell.
    pub fn wake(&self, wake: WakeUp) {
        match wake {
            WakeUp::Events => {
                self.events.notify_waiters();
                self.changed.notify_one();
            }
            WakeUp::Intents => self.intents.notify_one(),
            WakeUp::Outgoing(peer) => {
                let partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(bells) = partners.get(&peer) {
                    bells.delivery.notify_one();
                    bells.poll.notify_waiters();
                }
            }
        }
    }

    /// Rings every bell.
    pub fn all(&self) {
        self.events.notify_waiters();
        self.intents.notify_one();
        self.changed.notify_one();
        let partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        for bells in partners.values() {
            bells.delivery.notify_one();
            bells.poll.notify_waiters();
        }
    }

    /// Rung when there are new events.
    pub fn events(&self) -> Arc<Notify> {
        Arc::clone(&self.events)
    }

    /// Rung when something waits to be sequenced.
    pub fn intents(&self) -> Arc<Notify> {
        Arc::clone(&self.intents)
    }

    /// Rung when partners may have come or gone.
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Rung when something waits to be sent to a partner.
    pub fn delivery(&self, peer: NodeId) -> Arc<Notify> {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&partners.entry(peer).or_default().delivery)
    }

    /// Rung when something waits to be fetched by a partner.
    pub fn poll(&self, peer: NodeId) -> Arc<Notify> {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&partners.entry(peer).or_default().poll)
    }
}
