//! What waits for a partner has a bound (`protocol.md` 10.2).
//!
//! A partner that is away for months must not fill our disk with what waits for it. Above the
//! bound, the oldest ROUTINE objects that it has not acknowledged become stubs: their places in
//! the lane go, since its sequence has no gaps, and their bodies do not, so the partner refuses
//! them and says so. Which objects they are is told to people and to the overseers at once;
//! nothing is discarded in silence, and whoever still wants them there publishes them again. More
//! urgent items, and whatever is no object, always stay whole. So does what was released last.

use entente_model::codec::Wire;
use entente_model::item::{ItemKind, Lane};
use entente_model::record::RecordKind;
use entente_model::{NodeId, ObjectId, Timestamp};
use entente_store::{Store, StoreError, Vault, Work};

use crate::error::{AppError, Result};
use crate::leaf::{LeafOpening, RunItems};
use crate::node::{Node, event, event_once};
use crate::sequencer::LeafDraft;

/// Runs looked at together.
const RUNS: u64 = 64;

fn stubs_name(dst: NodeId) -> String {
    format!("stubs/{dst}")
}

/// Up to which position of the ROUTINE lane objects go to a partner without their bodies.
pub(crate) fn stubs_upto(work: &dyn Work, dst: NodeId) -> Result<u64> {
    let Some(bytes) = work.setting(&stubs_name(dst))? else { return Ok(0) };
    let bytes = bytes.try_into().map_err(|_| AppError::Store(StoreError::Damaged("stubs")))?;
    Ok(u64::from_be_bytes(bytes))
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Keeps the outboxes of those to whom objects were just released within their bounds.
    pub(crate) fn bound_outboxes(
        &self,
        work: &mut dyn Work,
        leaves: &[LeafDraft],
        now: Timestamp,
    ) -> Result<()> {
        let mut partners: Vec<NodeId> = Vec::new();
        let items = leaves.iter().filter_map(|leaf| leaf.item.as_ref());
        for (context, _) in
            items.filter(|item| item.kind == ItemKind::Object).flat_map(|item| &item.recipients)
        {
            if !partners.contains(&context.dst) {
                partners.push(context.dst);
            }
        }
        for dst in partners {
            self.bound_outbox(work, dst, now)?;
        }
        Ok(())
    }

    fn bound_outbox(&self, work: &mut dyn Work, dst: NodeId, now: Timestamp) -> Result<()> {
        let bound = self.settings.outbox_bytes_per_partner;
        let (waiting, _) = work.outbox_waiting(dst)?;
        let mut over = waiting.saturating_sub(bound);
        if over == 0 {
            return Ok(());
        }
        let newest = work.head()?.map_or(0, |head| head.size);
        let acked = work.lane_out(dst, Lane::Routine)?.acked;
        let before = stubs_upto(work, dst)?.max(acked);
        let mut upto = before;
        let mut objects = Vec::new();
        'runs: loop {
            let runs = work.outbox(dst, Lane::Routine, upto + 1, RUNS)?;
            if runs.is_empty() {
                break;
            }
            for run in runs {
                if over == 0 || run.size >= newest {
                    break 'runs;
                }
                over = over.saturating_sub(run.bytes);
                for (seq, item) in (run.first..).zip(RunItems::read(&run.items)?) {
                    if seq > before {
                        objects.extend(object_of(work, item.leaf)?);
                    }
                }
                upto = run.last;
            }
        }
        let known = self.known();
        let Some(nation) = known.by_node(&dst) else { return Ok(()) };
        let (id, code) = (nation.row.nation, nation.row.code);
        if upto > before {
            work.empty_outbox(dst, Lane::Routine, upto)?;
            work.put_setting(&stubs_name(dst), &upto.to_be_bytes())?;
            for oid in &objects {
                let text = format!(
                    "goes to {code} without its content: too much waits for {code}; publish it \
                     again if {code} still needs it"
                );
                event(work, now, "held", text, (Some(*oid), Some(id)))?;
            }
            let about = format!(
                "{} objects up to item {upto} of the ROUTINE lane to {code}: {waiting} bytes \
                 waited, {bound} may",
                objects.len()
            );
            self.tell_overseers(work, RecordKind::Alarm, now, "released as stubs", &about, None)?;
            event(
                work,
                now,
                "alarm",
                format!("too much waits for {code}: {about}"),
                (None, Some(id)),
            )?;
        }
        if over > 0 {
            let text = format!(
                "more waits for {code} than its bound, and no older ROUTINE object among it: \
                 urgent items are kept whole"
            );
            event_once(work, now, "alarm", text, id)?;
        }
        Ok(())
    }
}

/// The object that a leaf releases, if it does.
fn object_of(work: &dyn Work, leaf: u64) -> Result<Option<ObjectId>> {
    let Some(opening) = work.leaf(leaf)?.and_then(|row| row.opening) else { return Ok(None) };
    let item = LeafOpening::from_bytes(&opening)?.item;
    Ok(item.filter(|item| item.kind == ItemKind::Object).map(|item| item.oid))
}
