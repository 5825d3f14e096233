//! Taking objects back: ordering, and following up.

use entente_exchange::state::{Event, ObjectState};
use entente_model::codec::Wire;
use entente_model::item::{EffectStatus, ItemKind, Lane, Recall, RecallClass};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, NationId, NodeId, ObjectId, Timestamp};
use entente_store::rows::{AtHomeRow, EffectRow, IntentRow, RecallRow};
use entente_store::{Store, Vault, Work};

use crate::at_home::must_hold_first;
use crate::error::{AppError, Result};
use crate::gate::{RECALLS, unknown};
use crate::leaf::sent_to;
use crate::node::{Known, Node, event};
use crate::people::{Actor, Role};
use crate::said::said;
use crate::variant::Family;

/// A recall and what came of it.
#[derive(Debug, Clone)]
pub struct RecallStanding {
    /// The recall.
    pub recall: RecallRow,
    /// Each holder's answer, or none yet.
    pub effects: Vec<Holder>,
    /// The agencies of our own that held it, and no longer do.
    pub agencies: Vec<AtHomeRow>,
}

/// One holder of a recalled object.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The nation.
    pub nation: NationId,
    /// What it did.
    pub status: Option<EffectStatus>,
    /// When its answer came.
    pub at: Option<Timestamp>,
    /// Whether its answer is overdue.
    pub late: bool,
}

/// Answers are due within a year.
const DEADLINE_MILLIS_MAX: u64 = 8784 * 3_600_000;
/// Recalls that are listed.
const RECALLS_MAX: usize = 1000;

impl<S: Store, V: Vault> Node<S, V> {
    /// Recalls objects of ours from everyone who was sent them.
    pub fn recall(
        &self,
        actor: &Actor,
        oids: &[ObjectId],
        class: RecallClass,
        basis: &str,
        deadline_millis: u64,
    ) -> Result<Vec<RecallStanding>> {
        actor.must_act_as(&[Role::ReleaseOfficer, Role::SecurityOfficer], "recall")?;
        if oids.is_empty() {
            return Err(AppError::invalid("name the objects to be recalled"));
        }
        let basis = said(basis, "a recall needs its legal basis")?;
        if deadline_millis > DEADLINE_MILLIS_MAX {
            return Err(AppError::invalid(
                "the answers to a recall are due within a year: give at most 8784 hours, and 0 for \
                 at once",
            ));
        }
        let oids = &self.with_variants(oids)?[..];
        let known = self.known();
        let now = self.now();
        let deadline = now.plus_millis(deadline_millis);
        let mut gate = self.gate(actor)?;
        let orders_all = actor.is(&[Role::SecurityOfficer]);
        self.store.write(|work| {
            for oid in oids {
                if !orders_all && !gate.sees(work, *oid)? {
                    return Err(unknown(*oid));
                }
                let row = work
                    .object(*oid)?
                    .filter(|row| row.nation == self.identity.nation)
                    .ok_or_else(|| unknown(*oid))?;
                if !orders_all {
                    must_hold_first(work, *oid, actor)?;
                }
                let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
                // At home it is kept: what is taken back is what others hold.
                let after = state.apply(Event::Recalled(class.min(RecallClass::Retract)));
                work.set_object_state(*oid, crate::state_code(after))?;
                work.put_recall(&RecallRow {
                    oid: *oid,
                    nation: self.identity.nation,
                    own: true,
                    class: u8::try_from(class.code()).unwrap_or(3),
                    basis: basis.to_owned(),
                    at: now,
                    deadline,
                })?;
                let recall = Recall {
                    oids: vec![*oid],
                    class,
                    reason: 0,
                    basis: basis.to_owned(),
                    deadline,
                    onward: true,
                };
                let lane =
                    if class == RecallClass::Emergency { Lane::Flash } else { Lane::Immediate };
                if class != RecallClass::Note {
                    self.take_back_at_home(work, *oid, actor.name(), basis, now)?;
                }
                for (node, nation) in self.holders(work, &known, *oid, row.leaf)? {
                    work.put_effect(&EffectRow {
                        oid: *oid,
                        node,
                        nation,
                        status: None,
                        at: None,
                        effect: None,
                    })?;
                    let note = NoteRecord {
                        act: "recalled".to_owned(),
                        by: actor.name().to_owned(),
                        about: format!("object {oid} from {}: {basis}", known.name_of(&nation)),
                        digest: Some(Digest::from_array(*oid.as_bytes())),
                    };
                    work.put_intent(&IntentRow {
                        id: 0,
                        dst: Some(node),
                        lane,
                        kind: Some(ItemKind::Recall),
                        payload: recall.to_bytes(),
                        record: Record::new(RecordKind::Recall, now, &note).to_bytes(),
                    })?;
                }
                let text = format!("{} recalled: {basis}", row.object_type);
                event(work, now, "recall", text, (Some(*oid), None))?;
            }
            Ok::<_, AppError>(())
        })?;
        (self.wake)(&crate::node::WakeUp::Intents);
        let all = self.recalls(actor)?;
        Ok(all.into_iter().filter(|r| oids.contains(&r.recall.oid)).collect())
    }

    /// These objects, and the variants that were made of them: they go back together.
    fn with_variants(&self, oids: &[ObjectId]) -> Result<Vec<ObjectId>> {
        self.store.read(|work| {
            let mut all = oids.to_vec();
            for oid in oids {
                for variant in Family::of(work, *oid)?.variants() {
                    if !all.contains(&variant) {
                        all.push(variant);
                    }
                }
            }
            Ok(all)
        })
    }

    /// Everyone who was sent an object, by us or with our consent.
    pub(crate) fn holders(
        &self,
        work: &dyn Work,
        known: &Known,
        oid: ObjectId,
        leaf: Option<u64>,
    ) -> Result<Vec<(NodeId, NationId)>> {
        let mut holders: Vec<(NodeId, NationId)> = Vec::new();
        let mut add = |node: NodeId| {
            // What came home is here, and owes nobody an answer.
            if let Some(nation) = known.by_node(&node)
                && node != self.identity.node
                && !holders.iter().any(|(n, _)| *n == node)
            {
                holders.push((node, nation.row.nation));
            }
        };
        for link in sent_to(work, leaf)? {
            add(link.dst);
        }
        for ask in work.asks()? {
            if !ask.ours && ask.oid == oid && ask.state == "granted" {
                let to = known.nation(&ask.to).and_then(crate::node::Nation::node);
                if let Some((node, _)) = to {
                    add(node);
                }
            }
        }
        Ok(holders)
    }

    /// Recalls, newest first, with each holder's answer. Who orders or oversees recalls knows of
    /// all of them.
    pub fn recalls(&self, actor: &Actor) -> Result<Vec<RecallStanding>> {
        actor.must_be(&RECALLS, "see recalls")?;
        let sees_all = actor.is(&[Role::SecurityOfficer, Role::Overseer]);
        let mut gate = self.gate(actor)?;
        let now = self.now();
        self.store.read(|work| {
            let mut standings = Vec::new();
            // All of them are looked at, or how many are hidden would decide which are shown.
            for recall in work.recalls(u64::MAX)? {
                if standings.len() >= RECALLS_MAX {
                    break;
                }
                if !sees_all && !gate.sees(work, recall.oid)? {
                    continue;
                }
                let effects = work
                    .effects(recall.oid)?
                    .into_iter()
                    .map(|row| Holder {
                        nation: row.nation,
                        status: row.status.and_then(|s| EffectStatus::from_code(s.into())),
                        at: row.at,
                        late: row.status.is_none() && now > recall.deadline,
                    })
                    .collect();
                let taken_back = |hold: &AtHomeRow| hold.ended.is_some_and(|at| at >= recall.at);
                let agencies = if recall.own { work.at_home(recall.oid)? } else { Vec::new() };
                let agencies = agencies.into_iter().filter(taken_back).collect();
                standings.push(RecallStanding { recall, effects, agencies });
            }
            Ok(standings)
        })
    }
}
