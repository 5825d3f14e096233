//! Items: what one nation says to another, one ledger slot each.
//!
//! `protocol.md` 2.5, 4.6 and appendix A. A [`LinkItem`] is the entry that the sender's ledger
//! commits to; its payload is either an object or one of the control records here.

mod agreement;

pub use agreement::{
    AgreementCounter, AgreementNote, AgreementPropose, AgreementSign, AgreementStanding,
    StandingAct,
};

use crate::codec::{Reader, Wire, WireError, WireFault, Writer};
use crate::decision::version_1;
use crate::id::{
    AgreementId, BasisId, BodyDigest, Digest, KeyId, NationId, NodeId, ObjectId, WrapContextId,
};
use crate::time::Timestamp;

/// One of the four precedences of a link; each keeps its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Seconds matter.
    Flash,
    /// Minutes matter.
    Immediate,
    /// Today.
    Priority,
    /// Everything else.
    Routine,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 4] = [Self::Flash, Self::Immediate, Self::Priority, Self::Routine];

    /// The lane with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Flash,
            1 => Self::Immediate,
            2 => Self::Priority,
            3 => Self::Routine,
            _ => return None,
        })
    }

    /// The lane's number, 0 to 3.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The precedence, as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flash => "FLASH",
            Self::Immediate => "IMMEDIATE",
            Self::Priority => "PRIORITY",
            Self::Routine => "ROUTINE",
        }
    }
}

impl Wire for Lane {
    const NAME: &'static str = "lane";
    const BYTES_MAX: usize = 1;

    fn write(&self, w: &mut Writer) {
        w.uint(self.number().into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let fault = r.fault(WireFault::Range { what: "the lane" });
        Self::from_number(r.small(3, "the lane")?).ok_or(fault)
    }
}

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $($(#[$vdoc:meta])* $variant:ident = $code:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every kind that this version knows.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The kind with this code, if this version knows it.
            pub const fn from_code(code: u64) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl Wire for $name {
            const NAME: &'static str = $noun;
            const BYTES_MAX: usize = 3;

            fn write(&self, w: &mut Writer) {
                w.uint(self.code().into());
            }

            fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
                let fault = r.fault(
                    crate::codec::WireFault::Range { what: concat!("the ", $noun) });
                Self::from_code(r.uint()?).ok_or(fault)
            }
        }
    };
}
pub(crate) use kinds;

kinds!(
    /// What an item is. Codes of `protocol.md` 4.6; 41 is ours (amendment 5), and 42 and 43 (decisions
    /// 30 and 42).
    ItemKind, "item kind",
    /// A piece of intelligence.
    Object = 1,
    /// What arrived, up to where, and what was done with it.
    Receipt = 2,
    /// The originator takes objects back.
    Recall = 3,
    /// What a holder did about a recall.
    RecallEffect = 4,
    /// A holder asks the originator whether it may pass an object on.
    OnwardRequest = 5,
    /// The originator's answer.
    OnwardDecision = 6,
    /// The literate text of an agreement.
    AgreementPropose = 14,
    /// A changed text, in answer to one that was offered.
    AgreementCounter = 15,
    /// A party's signature on an agreement.
    AgreementSign = 16,
    /// A party leaves an agreement.
    AgreementWithdraw = 17,
    /// How far a lane goes, so that a withheld item shows.
    LaneHead = 37,
    /// A party holds an agreement complete and in force.
    AgreementActivated = 41,
    /// A party suspends an agreement, takes that back, or gives notice. Ours (decision 30).
    AgreementStanding = 42,
    /// A nation states a fact about itself, or withdraws one. Ours (decision 42).
    FactTold = 43,
);

/// What the sender's ledger says of one item for one recipient: the entry of a slot.
///
/// `protocol.md` 2.5 and amendment 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkItem {
    /// The receiving node.
    pub dst: NodeId,
    /// The precedence.
    pub lane: Lane,
    /// Position in the lane, from 1.
    pub seq: u64,
    /// What it is.
    pub kind: ItemKind,
    /// Digest of the sealed body.
    pub body: BodyDigest,
    /// The wrap context that its key is wrapped under.
    pub wc: WrapContextId,
    /// The object's id, or the control item's.
    pub oid: ObjectId,
    /// On what grounds.
    pub basis: BasisId,
    /// After this it need not be delivered.
    pub expires: Option<Timestamp>,
    /// Digest of the recipient's terms; none for control items.
    pub terms: Option<Digest>,
}

impl Wire for LinkItem {
    const NAME: &'static str = "link item";
    const BYTES_MAX: usize = 320;

    fn write(&self, w: &mut Writer) {
        w.array(11)
            .uint(1)
            .value(&self.dst)
            .value(&self.lane)
            .uint(self.seq)
            .value(&self.kind)
            .value(&self.body)
            .value(&self.wc)
            .value(&self.oid)
            .value(&self.basis)
            .optional(self.expires.as_ref(), |w, t| t.write(w))
            .optional(self.terms.as_ref(), |w, t| t.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(11, |r| {
            version_1(r)?;
            Ok(Self {
                dst: r.value()?,
                lane: r.value()?,
                seq: r.uint()?,
                kind: r.value()?,
                body: r.value()?,
                wc: r.value()?,
                oid: r.value()?,
                basis: r.value()?,
                expires: r.optional(Reader::value)?,
                terms: r.optional(Reader::value)?,
            })
        })
    }
}

/// What one audience needs to see its slot in a leaf (`protocol.md` appendix A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The leaf's index in the ledger.
    pub index: u64,
    /// The leaf has 2^k slots.
    pub k: u8,
    /// This slot's position.
    pub slot: u16,
    /// Sibling commitments from the slot up to the slots' root.
    pub path: Vec<Digest>,
    /// The slot's blinding.
    pub r: [u8; 32],
    /// The slot's content: a [`LinkItem`], an overseers' record, or padding.
    pub entry: Vec<u8>,
}

impl Wire for Opening {
    const NAME: &'static str = "opening";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(6)
            .uint(self.index)
            .uint(self.k.into())
            .uint(self.slot.into())
            .list(&self.path, |w, d| d.write(w))
            .bytes(&self.r)
            .bytes(&self.entry);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            let index = r.uint()?;
            let k = r.small(8, "the slot count")?;
            let slot = u16::from(r.small(255, "the slot")?);
            let at = r.position();
            let path: Vec<Digest> = r.list(Reader::value)?;
            if path.len() != usize::from(k) || u32::from(slot) >= 1 << k {
                return Err(WireError::new(
                    at,
                    WireFault::Invalid { what: "the slot's path does not fit the slot count" },
                ));
            }
            Ok(Self { index, k, slot, path, r: r.fixed()?, entry: r.bytes()?.to_vec() })
        })
    }
}

/// How a wrap context came to be (`protocol.md` 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapContext {
    /// 0 LINK. The other kinds are reserved.
    pub kind: u8,
    /// The bytes that both sides derived it from.
    pub info: Vec<u8>,
    /// The encapsulation.
    pub enc: Vec<u8>,
    /// The recipient's key that it was made for.
    pub kem_key: KeyId,
    /// It is good from here …
    pub not_before: Timestamp,
    /// … until here.
    pub not_after: Timestamp,
}

impl Wire for WrapContext {
    const NAME: &'static str = "wrap context";
    const BYTES_MAX: usize = 2048;

    fn write(&self, w: &mut Writer) {
        w.array(6)
            .uint(self.kind.into())
            .bytes(&self.info)
            .bytes(&self.enc)
            .value(&self.kem_key)
            .value(&self.not_before)
            .value(&self.not_after);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            Ok(Self {
                kind: r.small(3, "the wrap context's kind")?,
                info: r.bytes()?.to_vec(),
                enc: r.bytes()?.to_vec(),
                kem_key: r.value()?,
                not_before: r.value()?,
                not_after: r.value()?,
            })
        })
    }
}

kinds!(
    /// Why an item was not taken in (`protocol.md` appendix A).
    NackCode, "NACK code",
    /// Inclusion in the ledger could not be shown.
    Proof = 1,
    /// The slot does not open.
    Opening = 2,
    /// It names another recipient.
    NotForMe = 3,
    /// Its wrap context is unknown or its key was not valid.
    WrapContext = 4,
    /// The body is not the one in the ledger.
    Digest = 5,
    /// It does not decrypt.
    Decrypt = 6,
    /// Manifest or payload do not match the object's id.
    Oid = 7,
    /// The sender neither owns it nor holds a grant.
    NotOrigin = 8,
    /// An agreement that it cites is not held complete and in force.
    Agreement = 9,
    /// Its label is above what this node may hold.
    Label = 10,
    /// Its media type is not accepted.
    MediaType = 11,
    /// It is too large.
    Size = 12,
    /// A quota is used up.
    Quota = 13,
    /// It has expired.
    Expired = 14,
    /// Another item came under the same number: evidence of a fork.
    DuplicateConflict = 15,
    /// This nation's own rules refuse it.
    Policy = 16,
);

impl NackCode {
    /// The reason for people, as what follows "because".
    pub const fn says(self) -> &'static str {
        match self {
            Self::Proof => "the sender's ledger does not prove that it holds this item",
            Self::Opening => "its slot in the sender's ledger does not open",
            Self::NotForMe => "it names another recipient",
            Self::WrapContext => "the receiver does not know the key that it was sealed under",
            Self::Digest => "its body is not the one that the sender's ledger names",
            Self::Decrypt => "it does not decrypt",
            Self::Oid => "its label or content does not match its identifier",
            Self::NotOrigin => {
                "the sender neither originated it nor shows its originator's consent"
            }
            Self::Agreement => "an agreement that it cites is not in force between the two",
            Self::Label => "its level is above what the receiver is accredited to hold",
            Self::MediaType => "the receiver does not accept its media type",
            Self::Size => "it is too large",
            Self::Quota => "the sender's quota is used up",
            Self::Expired => "it had expired before it came",
            Self::DuplicateConflict => {
                "another item came under the same number, as when the sender's ledger forked"
            }
            Self::Policy => "it came without terms that the receiver's own rules accept",
        }
    }
}

/// One item that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nack {
    /// Its lane.
    pub lane: Lane,
    /// Its position.
    pub seq: u64,
    /// Why.
    pub code: NackCode,
    /// Digest of the evidence that was kept.
    pub evidence: Option<Digest>,
}

impl Wire for Nack {
    const NAME: &'static str = "NACK";
    const BYTES_MAX: usize = 64;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .value(&self.lane)
            .uint(self.seq)
            .value(&self.code)
            .optional(self.evidence.as_ref(), |w, d| d.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            Ok(Self {
                lane: r.value()?,
                seq: r.uint()?,
                code: r.value()?,
                evidence: r.optional(Reader::value)?,
            })
        })
    }
}

/// Where a receiver stands in one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneAck {
    /// Everything up to here was taken in or refused.
    pub seq: u64,
    /// How many more bytes it will take now.
    pub credit: u64,
}

/// The largest checkpoint of some log that a node has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gossip {
    /// The log's origin line.
    pub origin: String,
    /// Tree size.
    pub size: u64,
    /// Root at that size.
    pub root: Digest,
}

impl Wire for Gossip {
    const NAME: &'static str = "gossip";
    const BYTES_MAX: usize = 300;

    fn write(&self, w: &mut Writer) {
        w.array(3).text(&self.origin).uint(self.size).value(&self.root);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self { origin: r.text()?.to_owned(), size: r.uint()?, root: r.value()? })
        })
    }
}

/// The answer to a bundle (`protocol.md` appendix A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Where the receiver stands, lane by lane.
    pub lanes: [LaneAck; 4],
    /// Milliseconds to wait before the next bundle.
    pub retry_after_ms: u64,
    /// The newest statement of the other nation's identity chain that the receiver holds.
    pub chain_seen: (u64, Digest),
    /// The other node's tree size that the receiver has verified.
    pub log_seen: u64,
    /// What the receiver has seen of other logs.
    pub gossip: Vec<Gossip>,
}

impl Wire for Ack {
    const NAME: &'static str = "ACK";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(5)
            .list(&self.lanes, |w, lane| {
                w.array(2).uint(lane.seq).uint(lane.credit);
            })
            .uint(self.retry_after_ms);
        w.array(2).uint(self.chain_seen.0).value(&self.chain_seen.1);
        w.uint(self.log_seen).list(&self.gossip, |w, g| g.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(5, |r| {
            let at = r.position();
            let lanes = r
                .list(|r| r.record(2, |r| Ok(LaneAck { seq: r.uint()?, credit: r.uint()? })))?
                .try_into()
                .map_err(|_| WireError::new(at, WireFault::Expected { expected: "four lanes" }))?;
            Ok(Self {
                lanes,
                retry_after_ms: r.uint()?,
                chain_seen: r.record(2, |r| Ok((r.uint()?, r.value()?)))?,
                log_seen: r.uint()?,
                gossip: r.list(Reader::value)?,
            })
        })
    }
}

/// What a receiver did with one item: 0 taken in, otherwise a [`NackCode`].
pub type Disposition = (u64, u64);

/// The receiver's signed word for everything up to `upto` in one lane (`protocol.md` 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The node that sent.
    pub src: NodeId,
    /// The node that received, and says so.
    pub dst: NodeId,
    /// The lane.
    pub lane: Lane,
    /// Everything up to here.
    pub upto: u64,
    /// The lane's running head after `upto`.
    pub chain: Digest,
    /// Items that were not simply taken in.
    pub dispositions: Vec<Disposition>,
}

impl Wire for Receipt {
    const NAME: &'static str = "receipt";
    const BYTES_MAX: usize = 256 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .uint(1)
            .value(&self.src)
            .value(&self.dst)
            .value(&self.lane)
            .uint(self.upto)
            .value(&self.chain)
            .list(&self.dispositions, |w, (seq, code)| {
                w.array(2).uint(*seq).uint(*code);
            });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            version_1(r)?;
            Ok(Self {
                src: r.value()?,
                dst: r.value()?,
                lane: r.value()?,
                upto: r.uint()?,
                chain: r.value()?,
                dispositions: r.list(|r| r.record(2, |r| Ok((r.uint()?, r.uint()?))))?,
            })
        })
    }
}

kinds!(
    /// How strongly an object is taken back (`protocol.md` 5.1).
    RecallClass, "recall class",
    /// A correction; keep it, with a banner.
    Note = 0,
    /// Do not rely on it; hide it from search.
    Retract = 1,
    /// Destroy it.
    Erase = 2,
    /// Destroy it at once: a source is at risk.
    Emergency = 3,
);

/// The originator takes objects back (`protocol.md` 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Which objects.
    pub oids: Vec<ObjectId>,
    /// How strongly.
    pub class: RecallClass,
    /// Reason code.
    pub reason: u64,
    /// Legal basis, in words.
    pub basis: String,
    /// An answer is due by then.
    pub deadline: Timestamp,
    /// Chase onward holders too.
    pub onward: bool,
}

impl Wire for Recall {
    const NAME: &'static str = "recall";
    const BYTES_MAX: usize = 512 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .uint(1)
            .list(&self.oids, |w, o| o.write(w))
            .value(&self.class)
            .uint(self.reason)
            .text(&self.basis)
            .value(&self.deadline)
            .bool(self.onward);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            version_1(r)?;
            Ok(Self {
                oids: r.list_nonempty(Reader::value)?,
                class: r.value()?,
                reason: r.uint()?,
                basis: r.text()?.to_owned(),
                deadline: r.value()?,
                onward: r.bool()?,
            })
        })
    }
}

kinds!(
    /// What a holder did about a recall.
    EffectStatus, "recall effect",
    /// Its keys are destroyed.
    Erased = 0,
    /// It is hidden, or kept with a banner.
    Retracted = 1,
    /// It never arrived here.
    NeverHeld = 2,
    /// A court order keeps it; access is restricted.
    LegalHold = 3,
    /// Refused.
    Refused = 4,
);

impl EffectStatus {
    /// The word for people and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Retracted => "retracted",
            Self::NeverHeld => "never held",
            Self::LegalHold => "legal hold",
            Self::Refused => "refused",
        }
    }
}

/// A holder's signed answer to a recall, one for each object (`protocol.md` appendix A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallEffect {
    /// The object.
    pub oid: ObjectId,
    /// What was done.
    pub status: EffectStatus,
    /// When it took effect in live data.
    pub live_at: Timestamp,
    /// When it takes effect in backups.
    pub backup_at: Timestamp,
    /// How many persons had viewed it.
    pub viewed: u64,
    /// Digests of exported copies.
    pub exports: Vec<Digest>,
    /// How many derived products were re-examined.
    pub derived: u64,
    /// Onward holders and what they answered.
    pub onward: Vec<(NationId, EffectStatus)>,
}

impl Wire for RecallEffect {
    const NAME: &'static str = "recall effect";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(9)
            .uint(1)
            .value(&self.oid)
            .value(&self.status)
            .value(&self.live_at)
            .value(&self.backup_at)
            .uint(self.viewed)
            .list(&self.exports, |w, d| d.write(w))
            .uint(self.derived)
            .list(&self.onward, |w, (nation, status)| {
                w.array(2).value(nation).value(status);
            });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(9, |r| {
            version_1(r)?;
            Ok(Self {
                oid: r.value()?,
                status: r.value()?,
                live_at: r.value()?,
                backup_at: r.value()?,
                viewed: r.uint()?,
                exports: r.list(Reader::value)?,
                derived: r.uint()?,
                onward: r.list(|r| r.record(2, |r| Ok((r.value()?, r.value()?))))?,
            })
        })
    }
}

/// A holder asks the originator whether it may pass an object on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnwardRequest {
    /// The object.
    pub oid: ObjectId,
    /// The nation that would receive it.
    pub grantee: NationId,
    /// For what purpose.
    pub purpose: String,
    /// On what legal basis, in words.
    pub basis: String,
    /// For how long the grant would be needed.
    pub until: Timestamp,
}

impl Wire for OnwardRequest {
    const NAME: &'static str = "onward request";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(6)
            .uint(1)
            .value(&self.oid)
            .value(&self.grantee)
            .text(&self.purpose)
            .text(&self.basis)
            .value(&self.until);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            version_1(r)?;
            Ok(Self {
                oid: r.value()?,
                grantee: r.value()?,
                purpose: r.text()?.to_owned(),
                basis: r.text()?.to_owned(),
                until: r.value()?,
            })
        })
    }
}

/// A nation's statement of a fact that decisions about it rely on, or its withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTold {
    /// The fact, in the encoding that belongs to `entente-law`.
    pub fact: Vec<u8>,
    /// When it was asserted there.
    pub at: Timestamp,
    /// Why it is withdrawn, if it is.
    pub withdrawn: Option<String>,
}

impl Wire for FactTold {
    const NAME: &'static str = "fact told";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).bytes(&self.fact).value(&self.at).optional(
            self.withdrawn.as_ref(),
            |w, why| {
                w.text(why);
            },
        );
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            version_1(r)?;
            Ok(Self {
                fact: r.bytes()?.to_vec(),
                at: r.value()?,
                withdrawn: r.optional(|r| r.text().map(str::to_owned))?,
            })
        })
    }
}

/// The originator's answer to an [`OnwardRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnwardDecision {
    /// The object.
    pub oid: ObjectId,
    /// The node that may pass it on.
    pub via: NodeId,
    /// The nation that may receive it.
    pub to: NationId,
    /// Whether it may.
    pub granted: bool,
    /// How many further hops after that.
    pub hops: u8,
    /// Until when.
    pub until: Timestamp,
    /// Conditions or the reason for refusal, in words.
    pub conditions: String,
}

impl Wire for OnwardDecision {
    const NAME: &'static str = "onward decision";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(8)
            .uint(1)
            .value(&self.oid)
            .value(&self.via)
            .value(&self.to)
            .bool(self.granted)
            .uint(self.hops.into())
            .value(&self.until)
            .text(&self.conditions);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(8, |r| {
            version_1(r)?;
            Ok(Self {
                oid: r.value()?,
                via: r.value()?,
                to: r.value()?,
                granted: r.bool()?,
                hops: r.small(255, "the number of hops")?,
                until: r.value()?,
                conditions: r.text()?.to_owned(),
            })
        })
    }
}

/// How far each lane of a link goes, so that a withheld item shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneHead {
    /// The receiving node.
    pub dst: NodeId,
    /// For each lane: the last position and the running head there.
    pub lanes: [(u64, Digest); 4],
}

impl Wire for LaneHead {
    const NAME: &'static str = "lane head";
    const BYTES_MAX: usize = 300;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).value(&self.dst).list(&self.lanes, |w, (seq, chain)| {
            w.array(2).uint(*seq).value(chain);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            version_1(r)?;
            let dst = r.value()?;
            let at = r.position();
            let lanes = r
                .list(|r| r.record(2, |r| Ok((r.uint()?, r.value()?))))?
                .try_into()
                .map_err(|_| WireError::new(at, WireFault::Expected { expected: "four lanes" }))?;
            Ok(Self { dst, lanes })
        })
    }
}

/// The grounds of a release: preimage of a basis id (`protocol.md` 2.5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Basis {
    /// The policy in force when it was decided.
    pub policy_epoch: Digest,
    /// The agreements it rests on; empty for items that need none.
    pub agreements: Vec<AgreementId>,
    /// Assurance level of the sending node; 0 is not stated.
    pub assurance: u64,
}

impl Wire for Basis {
    const NAME: &'static str = "basis";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .value(&self.policy_epoch)
            .list(&self.agreements, |w, a| a.write(w))
            .uint(self.assurance);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                policy_epoch: r.value()?,
                agreements: r.list(Reader::value)?,
                assurance: r.uint()?,
            })
        })
    }
}
