//! Onward release: a third nation checks an originator's grant in the originator's own ledger.
//!
//! `protocol.md` 4.6. The nation that passes an object on sends, beside its own item, two slots
//! of the originator's ledger: the one in which the originator granted, and the one in which it
//! had released the object. So the grant cannot be invented, moved to another object, or used
//! by another nation than the one it was given to.
//!
//! Whether the grant's conditions are met is for law and people; whether the object may come in
//! at all is decided as for any other.

use entente_ledger::evidence::EvidenceError;
use entente_model::codec::{Wire, WireError};
use entente_model::id::{BodyDigest, NationId, NodeId, ObjectId};
use entente_model::item::{ItemKind, LinkItem, OnwardDecision};
use entente_model::manifest::ControlItem;
use entente_model::time::Timestamp;
use entente_seal::digest::object_id;
use entente_seal::sign::LogPublic;
use thiserror::Error;

use crate::bundle::GrantFrame;

/// A grant that the originator's ledger holds. Only [`verify_grant`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    decision: OnwardDecision,
    body: BodyDigest,
}

impl Grant {
    /// What the originator said.
    pub const fn decision(&self) -> &OnwardDecision {
        &self.decision
    }

    /// The sealed body in which the originator itself released the object to the grantee.
    pub const fn original_body(&self) -> BodyDigest {
        self.body
    }
}

/// Why a grant does not convince.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantError {
    /// A slot is not in the originator's ledger.
    #[error("the {slot} is not shown to be in the originator's ledger")]
    Evidence {
        /// Which slot.
        slot: GrantSlot,
        /// What is wrong.
        source: EvidenceError,
    },
    /// A slot cannot be read.
    #[error("the {slot} cannot be read")]
    Malformed {
        /// Which slot.
        slot: GrantSlot,
        /// What is wrong.
        source: WireError,
    },
    /// A slot says something else.
    #[error("the {slot} is of another kind")]
    Kind {
        /// Which slot.
        slot: GrantSlot,
    },
    /// A slot was for another node.
    #[error("the {slot} was meant for another node than the one that passes the object on")]
    Via {
        /// Which slot.
        slot: GrantSlot,
    },
    /// The control item is not the one in the ledger.
    #[error("the grant's text is not the one in the originator's ledger")]
    Control,
    /// It is about another object.
    #[error("the {slot} is about another object")]
    Object {
        /// Which slot.
        slot: GrantSlot,
    },
    /// The originator refused.
    #[error("the originator refused onward release")]
    Refused,
    /// It is for another nation.
    #[error("the grant is for another nation")]
    To,
    /// It is no longer valid.
    #[error("the grant has expired")]
    Expired,
}

/// The two ledger slots that a grant rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantSlot {
    /// The one in which the originator granted.
    Decision,
    /// The one in which it released the object.
    Object,
}

impl std::fmt::Display for GrantSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Decision => "originator's decision",
            Self::Object => "originator's release",
        })
    }
}

/// What a grant must be about.
#[derive(Debug, Clone, Copy)]
pub struct GrantFor<'a> {
    /// The origin line of the originator's ledger.
    pub origin: &'a str,
    /// Its keys.
    pub log: &'a LogPublic,
    /// The object.
    pub oid: ObjectId,
    /// The node that passes it on.
    pub via: NodeId,
    /// The nation that receives it.
    pub to: NationId,
}

/// Checks a grant against the originator's ledger.
pub fn verify_grant(
    frame: &GrantFrame,
    expected: &GrantFor<'_>,
    now: Timestamp,
) -> Result<Grant, GrantError> {
    let granted = slot(frame, GrantSlot::Decision, expected)?;
    let released = slot(frame, GrantSlot::Object, expected)?;
    if released.oid != expected.oid {
        return Err(GrantError::Object { slot: GrantSlot::Object });
    }
    if object_id(&frame.control) != granted.oid {
        return Err(GrantError::Control);
    }
    let malformed = |source| GrantError::Malformed { slot: GrantSlot::Decision, source };
    let control = ControlItem::from_bytes(&frame.control).map_err(malformed)?;
    let decision = OnwardDecision::from_bytes(&control.payload).map_err(malformed)?;
    if !decision.granted {
        return Err(GrantError::Refused);
    }
    if decision.oid != expected.oid {
        return Err(GrantError::Object { slot: GrantSlot::Decision });
    }
    if decision.via != expected.via {
        return Err(GrantError::Via { slot: GrantSlot::Decision });
    }
    if decision.to != expected.to {
        return Err(GrantError::To);
    }
    if now >= decision.until {
        return Err(GrantError::Expired);
    }
    Ok(Grant { decision, body: released.body })
}

/// One slot of the originator's ledger, addressed to the node that passes the object on.
fn slot(
    frame: &GrantFrame,
    slot: GrantSlot,
    expected: &GrantFor<'_>,
) -> Result<LinkItem, GrantError> {
    let (evidence, kind) = match slot {
        GrantSlot::Decision => (&frame.decision, ItemKind::OnwardDecision),
        GrantSlot::Object => (&frame.object, ItemKind::Object),
    };
    evidence
        .verify(expected.origin, expected.log)
        .map_err(|source| GrantError::Evidence { slot, source })?;
    let link = LinkItem::from_bytes(&evidence.opening.entry)
        .map_err(|source| GrantError::Malformed { slot, source })?;
    if link.kind != kind {
        return Err(GrantError::Kind { slot });
    }
    if link.dst != expected.via {
        return Err(GrantError::Via { slot });
    }
    Ok(link)
}

#[cfg(test)]
mod tests;
