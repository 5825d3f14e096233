//! Quarantine: what is kept of items that were refused.

use entente_exchange::verify::Arrival;
use entente_model::codec::Wire;
use entente_model::item::NackCode;
use entente_model::{NationId, NodeId, Timestamp};
use entente_store::rows::QuarantineRow;
use entente_store::{Store, Vault, Work};

use crate::error::Result;
use crate::node::{Node, event, event_once};

impl<S: Store, V: Vault> Node<S, V> {
    pub(super) fn quarantine(
        &self,
        work: &mut dyn Work,
        nation: NationId,
        peer: NodeId,
        arrival: &Arrival<'_>,
        code: NackCode,
        now: Timestamp,
    ) -> Result<()> {
        let (lane, seq, _) = arrival.position();
        let evidence = match arrival {
            Arrival::Item(item) => item.opening().to_bytes(),
            Arrival::Rejected(rejected) => rejected.opening().to_bytes(),
        };
        let bound = self.settings.quarantine_bytes_per_partner;
        if work.quarantine_bytes(peer)? + evidence.len() as u64 > bound {
            // The first are kept: they show how it began. What was refused is in the receipt.
            let text = "what is kept of refused items of this partner has reached its bound: of \
                        further ones only the receipts tell";
            event_once(work, now, "alarm", text.to_owned(), nation)?;
            return Ok(());
        }
        work.put_quarantine(&QuarantineRow {
            src: peer,
            lane,
            seq,
            code: code.code(),
            at: now,
            evidence,
        })?;
        event(
            work,
            now,
            "quarantine",
            format!("item {seq} of lane {} was refused: {code:?}", lane.as_str()),
            (None, Some(nation)),
        )
    }
}
