//! Grants: whether who sends us what is not its own may pass it on.

use entente_exchange::chain::PeerStanding;
use entente_exchange::onward::{self, GrantFor};
use entente_exchange::verify::VerifiedBundle;
use entente_model::{Manifest, NodeId, ObjectId, Timestamp};
use entente_store::{Store, Vault};

use crate::node::{Known, Node};

impl<S: Store, V: Vault> Node<S, V> {
    /// Whether a grant in the bundle lets the sender pass this object to us.
    pub(super) fn is_granted(
        &self,
        known: &Known,
        peer: NodeId,
        oid: ObjectId,
        manifest: &Manifest,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
    ) -> bool {
        let Some(origin) = known.nation(&manifest.nation) else { return false };
        let Some(spec) = origin.chain.node(&manifest.node).map(|n| &n.spec) else { return false };
        // A grant is void once its giver has suspended the nation that passes on, or ours.
        let via = known.by_node(&peer).map(|n| n.row.nation);
        let suspended = via.into_iter().chain([self.identity.nation]).any(|nation| {
            matches!(origin.chain.peer(&nation, now), Some(PeerStanding::Suspended(_)))
        });
        if suspended {
            return false;
        }
        let wanted = GrantFor {
            origin: &spec.origin,
            log: &spec.log,
            oid,
            via: peer,
            to: self.identity.nation,
        };
        verified.grants().iter().any(|frame| onward::verify_grant(frame, &wanted, now).is_ok())
    }
}
