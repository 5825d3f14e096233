//! The watch at the border: every bundle that leaves a nation is opened here, and what it must
//! fulfil is asserted before the network gets it.

use std::collections::{BTreeMap, BTreeSet};

use entente_exchange::bundle::{self, Frame, FrameType, ItemFrame, Limits};
use entente_model::codec::Wire;
use entente_model::item::{Basis, ItemKind, Lane, LinkItem};
use entente_model::{BasisId, NodeId};
use entente_seal::body::sealed_len;
use entente_seal::digest;
use entente_seal::pad::padded_len;
use entente_store::Store as _;

use crate::failure::{Failure, Result};
use crate::ledgers::outcomes;
use crate::member::Member;

/// Sender, recipient, lane, position.
type Place = (NodeId, NodeId, Lane, u64);

/// What crossed the borders so far.
#[derive(Debug, Default)]
pub struct Watch {
    /// Digest of each item's frame, as it first crossed.
    frames: BTreeMap<Place, [u8; 32]>,
    /// How many items crossed.
    pub items: usize,
    /// How many bundles crossed.
    pub bundles: usize,
    /// How many items crossed again.
    pub again: usize,
}

fn broken<T>(what: String) -> Result<T> {
    Err(Failure(what))
}

impl Watch {
    /// Watches a bundle leave.
    pub fn leaves(&mut self, from: &Member, to: &Member, bytes: &[u8]) -> Result<()> {
        self.bundles += 1;
        let parsed = bundle::parse(bytes, Limits::default())
            .map_err(|e| Failure(format!("{} wrote no bundle: {e}", from.profile.code)))?;
        let mut items = Vec::new();
        let mut bases: BTreeMap<BasisId, Basis> = BTreeMap::new();
        for raw in parsed.frames() {
            let frame = raw.decode().map_err(|e| {
                Failure(format!("I10: a frame of type {} does not read: {e}", raw.ftype.code()))
            })?;
            i10_encodings_are_canonical(raw.ftype, raw.body, &frame)?;
            if let Frame::Item(item) = frame {
                items.push(item);
            } else if let Frame::Basis(basis) = frame {
                bases.insert(digest::basis_id(&basis), basis);
            }
        }
        let mut first_in_lane: BTreeMap<Lane, u64> = BTreeMap::new();
        for item in &items {
            let link = LinkItem::from_bytes(&item.opening.entry)?;
            self.items += 1;
            first_in_lane.entry(link.lane).or_insert(link.seq);
            i1_nothing_leaves_undecided(from, to, item, &link)?;
            i7_only_complete_agreements_are_cited(from, &link, &bases)?;
            i15_sizes_are_buckets(item)?;
            self.i18_again_means_the_same_bytes(from, to, item, &link)?;
        }
        i21_flash_goes_first(from, to, &first_in_lane)
    }

    /// I18: a retransmission is byte-identical.
    fn i18_again_means_the_same_bytes(
        &mut self,
        from: &Member,
        to: &Member,
        item: &ItemFrame<'_>,
        link: &LinkItem,
    ) -> Result<()> {
        // Where an object was erased meanwhile, its empty body crosses instead of the sealed one.
        if item.ct.is_empty() {
            return Ok(());
        }
        let place = (from.id, to.id, link.lane, link.seq);
        let now = digest::sha256(&item.to_bytes());
        match self.frames.insert(place, now) {
            Some(before) if before != now => broken(format!(
                "I18: item {} of lane {} from {} to {} left with other bytes than before",
                link.seq,
                link.lane.as_str(),
                from.profile.code,
                to.profile.code
            )),
            before => {
                self.again += usize::from(before.is_some());
                Ok(())
            }
        }
    }

    /// Items that ever crossed from one nation to another.
    pub fn crossed(&self, from: NodeId, to: NodeId) -> BTreeSet<(Lane, u64)> {
        let of_link = |place: &&Place| place.0 == from && place.1 == to;
        self.frames.keys().filter(of_link).map(|(_, _, lane, seq)| (*lane, *seq)).collect()
    }
}

/// I1: what leaves is named by a leaf below a signed, stored checkpoint, and if it is an object,
/// the decision in that leaf permits it for that nation.
fn i1_nothing_leaves_undecided(
    from: &Member,
    to: &Member,
    item: &ItemFrame<'_>,
    link: &LinkItem,
) -> Result<()> {
    let index = item.opening.index;
    let of = format!("I1: item of leaf {index} from {}", from.profile.code);
    from.node()?.store().read(|work| {
        let signed = work.checkpoint()?.map_or(0, |row| row.size);
        if index >= signed {
            return broken(format!("{of} left before its checkpoint was stored ({signed})"));
        }
        if link.dst != to.id {
            return broken(format!("{of} left towards another nation than its entry names"));
        }
        if link.kind != ItemKind::Object {
            return Ok(());
        }
        let Some((decision, outcomes)) = outcomes(work, index)? else {
            return broken(format!("{of} left without a decision"));
        };
        let permitted =
            outcomes.iter().any(|o| o.nation == to.profile.code && o.decision.releases());
        if decision.oid == link.oid && permitted {
            Ok(())
        } else {
            broken(format!("{of} left although it was not permitted for {}", to.profile.code))
        }
    })
}

/// I7: a cited agreement carries the signatures of all its parties.
fn i7_only_complete_agreements_are_cited(
    from: &Member,
    link: &LinkItem,
    bases: &BTreeMap<BasisId, Basis>,
) -> Result<()> {
    let Some(basis) = bases.get(&link.basis) else {
        return broken("I7: an item left without its grounds".to_owned());
    };
    if link.kind == ItemKind::Object && basis.agreements.is_empty() {
        return broken("I7: an object left without an agreement".to_owned());
    }
    let known = from.node()?.known();
    for id in &basis.agreements {
        if !known.policy.agreement(id).is_some_and(|held| held.state.is_complete()) {
            return broken(format!(
                "I7: an item cites agreement {}, which is not complete",
                id.short()
            ));
        }
    }
    Ok(())
}

/// I10: what was read is written again to the same bytes.
fn i10_encodings_are_canonical(ftype: FrameType, body: &[u8], frame: &Frame<'_>) -> Result<()> {
    let again = match frame {
        Frame::Item(item) => item.to_bytes(),
        Frame::Terms(terms) => terms.to_bytes(),
        Frame::Consistency(value) => value.to_bytes(),
        Frame::Multiproof(value) => value.to_bytes(),
        Frame::WrapCtx(value) => value.to_bytes(),
        Frame::Basis(value) => value.to_bytes(),
        Frame::Ack(value) => value.to_bytes(),
        Frame::Nack(value) => value.to_bytes(),
        Frame::Cosig(value) => value.to_bytes(),
        Frame::Chain(value) => value.to_bytes(),
        Frame::Fork(value) => value.to_bytes(),
        Frame::Grant(value) => value.to_bytes(),
        Frame::Checkpoint(_) | Frame::Pad => return Ok(()),
    };
    if again == body {
        Ok(())
    } else {
        broken(format!("I10: a frame of type {} has two encodings", ftype.code()))
    }
}

/// I15: the length of a sealed body is that of a padded plaintext.
fn i15_sizes_are_buckets(item: &ItemFrame<'_>) -> Result<()> {
    let len = item.ct.len();
    if len == 0 {
        return Ok(());
    }
    // Sealing adds a header and one tag for each chunk; the plaintext is found by trying.
    let plain = (len.saturating_sub(len / 512 + 128)..len).find(|plain| sealed_len(*plain) == len);
    match plain {
        Some(plain) if padded_len(plain) == plain => Ok(()),
        _ => broken(format!("I15: a sealed body of {len} bytes is of no padded length")),
    }
}

/// I21: while a FLASH item waits for a partner, no bundle goes there without the first one.
fn i21_flash_goes_first(
    from: &Member,
    to: &Member,
    first_in_lane: &BTreeMap<Lane, u64>,
) -> Result<()> {
    let others = first_in_lane.keys().any(|lane| *lane != Lane::Flash);
    if !others || first_in_lane.contains_key(&Lane::Flash) {
        return Ok(());
    }
    from.node()?.store().read(|work| {
        let row = work.lane_out(to.id, Lane::Flash)?;
        let waiting = work.outbox(to.id, Lane::Flash, row.acked + 1, 1)?;
        let signed = work.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
        if row.acked < row.seq && waiting.iter().any(|run| run.size <= signed) {
            return broken(format!(
                "I21: {} sent others to {} while FLASH item {} waited",
                from.profile.code,
                to.profile.code,
                row.acked + 1
            ));
        }
        Ok(())
    })
}
