//! Records: what a node tells its own nation's overseers, in a slot only they can open.
//!
//! `protocol.md` 3.2. Every leaf has exactly one such slot or is made of nothing else, so
//! whoever opens all overseers' slots has the node's whole history.

use crate::codec::{Reader, Wire, WireError, Writer};
use crate::decision::{Decision, version_1};
use crate::id::{AgreementId, Digest, NationId, NodeId, ObjectId};
use crate::item::{Disposition, Lane, kinds};
use crate::nation::NationCode;
use crate::time::Timestamp;

/// The content of an unused slot.
pub const PAD: [u8; 3] = [0x82, 0x01, 0x00];

kinds!(
    /// What a record says.
    RecordKind, "record kind",
    /// The ledger begins.
    Genesis = 1,
    /// A statement of an identity chain was accepted.
    Identity = 2,
    /// A release was decided.
    Decision = 3,
    /// Items were received.
    Receive = 4,
    /// Objects were recalled, by us or from us.
    Recall = 5,
    /// Something was erased.
    Erasure = 6,
    /// Onward release was asked for, granted or refused.
    Onward = 7,
    /// An agreement changed its state.
    Agreement = 8,
    /// The policy in force changed.
    PolicyEpoch = 9,
    /// Lane heads were sent.
    LaneHead = 10,
    /// Content was read.
    Access = 16,
    /// An administrative act.
    Admin = 18,
    /// We witnessed another ledger's checkpoint.
    Cosigned = 19,
    /// Something that people must look at.
    Alarm = 20,
    /// Something was exported.
    Export = 22,
);

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it says.
    pub kind: RecordKind,
    /// When it was written, by this node's clock.
    pub at: Timestamp,
    /// The body, an encoding of the type that belongs to the kind.
    pub body: Vec<u8>,
}

impl Record {
    /// A record with this body.
    pub fn new<T: Wire>(kind: RecordKind, at: Timestamp, body: &T) -> Self {
        Self { kind, at, body: body.to_bytes() }
    }
}

impl Wire for Record {
    const NAME: &'static str = "record";
    const BYTES_MAX: usize = 256 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).value(&self.kind).value(&self.at).bytes(&self.body);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            version_1(r)?;
            Ok(Self { kind: r.value()?, at: r.value()?, body: r.bytes()?.to_vec() })
        })
    }
}

/// What was decided for one nation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The nation, by code.
    pub nation: NationCode,
    /// The answer.
    pub decision: Decision,
    /// The agreement it rests on.
    pub agreement: Option<AgreementId>,
    /// Clauses and laws that spoke.
    pub policies: Vec<String>,
    /// Reason codes.
    pub reason_codes: Vec<String>,
    /// Obligations.
    pub obligations: Vec<String>,
    /// Who must be asked.
    pub refer_to: Vec<String>,
}

impl Wire for Outcome {
    const NAME: &'static str = "outcome";
    const BYTES_MAX: usize = 32 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .value(&self.nation)
            .value(&self.decision)
            .optional(self.agreement.as_ref(), |w, a| a.write(w))
            .texts(&self.policies)
            .texts(&self.reason_codes)
            .texts(&self.obligations)
            .texts(&self.refer_to);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            Ok(Self {
                nation: r.value()?,
                decision: r.value()?,
                agreement: r.optional(Reader::value)?,
                policies: r.texts()?,
                reason_codes: r.texts()?,
                obligations: r.texts()?,
                refer_to: r.texts()?,
            })
        })
    }
}

/// A release decision: everything needed to decide again, and no content.
///
/// Inputs and outcomes are the same for all objects of a label class, so they are kept once,
/// under their digests, and opened to the overseers beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// The object.
    pub oid: ObjectId,
    /// The policy it was decided under.
    pub policy_epoch: Digest,
    /// Digest of the inputs: label, facts, recipients, transfer.
    pub inputs: Digest,
    /// Digest of the list of [`Outcome`]s.
    pub outcomes: Digest,
    /// Digests of the approvals that were required.
    pub approvals: Vec<Digest>,
}

impl Wire for DecisionRecord {
    const NAME: &'static str = "decision record";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(6)
            .uint(1)
            .value(&self.oid)
            .value(&self.policy_epoch)
            .value(&self.inputs)
            .value(&self.outcomes)
            .list(&self.approvals, |w, d| d.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            version_1(r)?;
            Ok(Self {
                oid: r.value()?,
                policy_epoch: r.value()?,
                inputs: r.value()?,
                outcomes: r.value()?,
                approvals: r.list(Reader::value)?,
            })
        })
    }
}

/// Items received in one lane of one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiveRecord {
    /// The sending node.
    pub src: NodeId,
    /// The lane.
    pub lane: Lane,
    /// Everything up to here.
    pub upto: u64,
    /// The lane's running head there.
    pub chain: Digest,
    /// Objects and control items, by position.
    pub items: Vec<(u64, ObjectId)>,
    /// Items that were not simply taken in.
    pub dispositions: Vec<Disposition>,
}

impl Wire for ReceiveRecord {
    const NAME: &'static str = "receive record";
    const BYTES_MAX: usize = 240 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .uint(1)
            .value(&self.src)
            .value(&self.lane)
            .uint(self.upto)
            .value(&self.chain)
            .list(&self.items, |w, (seq, oid)| {
                w.array(2).uint(*seq).value(oid);
            })
            .list(&self.dispositions, |w, (seq, code)| {
                w.array(2).uint(*seq).uint(*code);
            });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            version_1(r)?;
            Ok(Self {
                src: r.value()?,
                lane: r.value()?,
                upto: r.uint()?,
                chain: r.value()?,
                items: r.list(|r| r.record(2, |r| Ok((r.uint()?, r.value()?))))?,
                dispositions: r.list(|r| r.record(2, |r| Ok((r.uint()?, r.uint()?))))?,
            })
        })
    }
}

/// Something that was erased: the leaf stays, what it said does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRecord {
    /// The object whose keys were destroyed.
    pub oid: Option<ObjectId>,
    /// The leaf whose opening was destroyed.
    pub leaf: Option<u64>,
    /// On whose authority.
    pub authority: String,
    /// On what legal basis.
    pub basis: String,
}

impl Wire for ErasureRecord {
    const NAME: &'static str = "erasure record";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(5)
            .uint(1)
            .optional(self.oid.as_ref(), |w, o| o.write(w))
            .optional(self.leaf.as_ref(), |w, l| {
                w.uint(*l);
            })
            .text(&self.authority)
            .text(&self.basis);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(5, |r| {
            version_1(r)?;
            Ok(Self {
                oid: r.optional(Reader::value)?,
                leaf: r.optional(Reader::uint)?,
                authority: r.text()?.to_owned(),
                basis: r.text()?.to_owned(),
            })
        })
    }
}

/// An agreement changed its state here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRecord {
    /// The agreement.
    pub agreement: AgreementId,
    /// What happened: `offered`, `signed`, `activated`, `withdrawn`, ….
    pub act: String,
    /// By which nation.
    pub by: NationId,
}

impl Wire for AgreementRecord {
    const NAME: &'static str = "agreement record";
    const BYTES_MAX: usize = 1024;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).value(&self.agreement).text(&self.act).value(&self.by);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            version_1(r)?;
            Ok(Self { agreement: r.value()?, act: r.text()?.to_owned(), by: r.value()? })
        })
    }
}

/// Anything else that the overseers are told: an act, about something, by someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRecord {
    /// What happened, as a short code: `person added`, `fork evidence`, ….
    pub act: String,
    /// By whom: a person of this node, or a partner's code.
    pub by: String,
    /// What it was about, in words.
    pub about: String,
    /// Digest of the exact bytes it was about, if any.
    pub digest: Option<Digest>,
}

impl Wire for NoteRecord {
    const NAME: &'static str = "note record";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(5)
            .uint(1)
            .text(&self.act)
            .text(&self.by)
            .text(&self.about)
            .optional(self.digest.as_ref(), |w, d| d.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(5, |r| {
            version_1(r)?;
            Ok(Self {
                act: r.text()?.to_owned(),
                by: r.text()?.to_owned(),
                about: r.text()?.to_owned(),
                digest: r.optional(Reader::value)?,
            })
        })
    }
}
