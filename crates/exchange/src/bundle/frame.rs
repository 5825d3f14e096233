//! The bodies of frames (`docs/protocol/wire.md` section 3).

use entente_ledger::evidence::Evidence;
use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::id::{Digest, NationId, WrapContextId};
use entente_model::item::{Ack, Basis, Nack, Opening, WrapContext};

use super::RawFrame;

macro_rules! frame_types {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// What a frame holds. Numbers below 128 that are not listed are skipped, others refused;
        /// 6, 12 and 13 are reserved.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FrameType {
            $($(#[$doc])* $name = $code,)+
        }

        impl FrameType {
            /// Every type that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The type with this number, if this version knows it.
            pub const fn from_code(code: u64) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

frame_types! {
    /// A signed checkpoint of the sender's ledger, with its cosignatures.
    Checkpoint = 1,
    /// Proof that one tree extends another.
    Consistency = 2,
    /// Proof that all items of the bundle are in the tree.
    Multiproof = 3,
    /// A wrap context.
    WrapCtx = 4,
    /// An item.
    Item = 5,
    /// Statements of an identity chain.
    Chain = 7,
    /// Where the sender of this bundle stands as a receiver.
    Ack = 8,
    /// An item that it did not take in.
    Nack = 9,
    /// Its cosignatures on a checkpoint of the other's ledger.
    Cosig = 10,
    /// Evidence that somebody's ledger or chain has forked.
    Fork = 11,
    /// Nothing, to hide the size.
    Pad = 14,
    /// The preimage of a basis id.
    Basis = 15,
    /// Sealed terms of one recipient.
    Terms = 16,
    /// An originator's grant of onward release, with its evidence.
    Grant = 17,
}

impl FrameType {
    /// Unknown types from this number on may not be skipped.
    pub const CRITICAL_FROM: u64 = 128;

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A frame, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The note's bytes; `entente_ledger::checkpoint::verify` reads them.
    Checkpoint(&'a [u8]),
    /// Proof that one tree extends another.
    Consistency(Consistency),
    /// Proof that all items of the bundle are in the tree.
    Multiproof(Multiproof),
    /// A wrap context.
    WrapCtx(WrapContext),
    /// An item.
    Item(ItemFrame<'a>),
    /// Statements of an identity chain.
    Chain(ChainFrame),
    /// An acknowledgement.
    Ack(Ack),
    /// A refusal of one item.
    Nack(Nack),
    /// Cosignatures.
    Cosig(Cosig),
    /// Evidence of a fork.
    Fork(ForkFrame),
    /// Padding.
    Pad,
    /// The preimage of a basis id.
    Basis(Basis),
    /// Sealed terms.
    Terms(TermsFrame<'a>),
    /// A grant of onward release.
    Grant(GrantFrame),
}

impl<'a> RawFrame<'a> {
    /// Decodes the body.
    pub fn decode(&self) -> Result<Frame<'a>, WireError> {
        Ok(match self.ftype {
            FrameType::Checkpoint => Frame::Checkpoint(note(self.body)?),
            FrameType::Consistency => Frame::Consistency(Wire::from_bytes(self.body)?),
            FrameType::Multiproof => Frame::Multiproof(Wire::from_bytes(self.body)?),
            FrameType::WrapCtx => Frame::WrapCtx(Wire::from_bytes(self.body)?),
            FrameType::Item => Frame::Item(ItemFrame::from_bytes(self.body)?),
            FrameType::Chain => Frame::Chain(Wire::from_bytes(self.body)?),
            FrameType::Ack => Frame::Ack(Wire::from_bytes(self.body)?),
            FrameType::Nack => Frame::Nack(Wire::from_bytes(self.body)?),
            FrameType::Cosig => Frame::Cosig(Wire::from_bytes(self.body)?),
            FrameType::Fork => Frame::Fork(Wire::from_bytes(self.body)?),
            FrameType::Pad => Frame::Pad,
            FrameType::Basis => Frame::Basis(Wire::from_bytes(self.body)?),
            FrameType::Terms => Frame::Terms(TermsFrame::from_bytes(self.body)?),
            FrameType::Grant => Frame::Grant(Wire::from_bytes(self.body)?),
        })
    }
}

/// A signed note with its cosignatures may not be longer than this.
const NOTE_BYTES_MAX: usize = 256 << 10;

fn note(body: &[u8]) -> Result<&[u8], WireError> {
    if body.len() > NOTE_BYTES_MAX {
        let fault = WireFault::TooLong { max: NOTE_BYTES_MAX };
        return Err(WireError::new(0, fault).within("checkpoint"));
    }
    Ok(body)
}

/// A list of hashes of at most `max`.
fn hashes(r: &mut Reader<'_>, max: usize) -> Result<Vec<Digest>, WireError> {
    let at = r.position();
    let hashes = r.list(Reader::value)?;
    if hashes.len() > max {
        return Err(WireError::new(at, WireFault::Range { what: "the number of hashes" }));
    }
    Ok(hashes)
}

/// Proof that the tree of `to` leaves extends the tree of `from` leaves (RFC 6962 2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The older size.
    pub from: u64,
    /// The newer size.
    pub to: u64,
    /// The proof.
    pub hashes: Vec<Digest>,
}

impl Consistency {
    /// No tree needs a longer proof.
    pub const HASHES_MAX: usize = 128;
}

impl Wire for Consistency {
    const NAME: &'static str = "consistency proof";
    const BYTES_MAX: usize = Self::HASHES_MAX * 34 + 32;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(self.from).uint(self.to).list(&self.hashes, |w, h| h.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self { from: r.uint()?, to: r.uint()?, hashes: hashes(r, Self::HASHES_MAX)? })
        })
    }
}

/// Proof that all items of the bundle are in the tree of `size` leaves: the hashes that cannot
/// be computed from the items, in the order in which `entente_ledger::proof` consumes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multiproof {
    /// The tree's size.
    pub size: u64,
    /// The proof.
    pub hashes: Vec<Digest>,
}

impl Wire for Multiproof {
    const NAME: &'static str = "multiproof";
    const BYTES_MAX: usize = 2 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(2).uint(self.size).list(&self.hashes, |w, h| h.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| Ok(Self { size: r.uint()?, hashes: r.list(Reader::value)? }))
    }
}

/// One item: its ledger opening, the wrapped key and the sealed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFrame<'a> {
    /// What the sender's ledger says of it.
    pub opening: Opening,
    /// The body's key, wrapped for this recipient.
    pub wrapped: [u8; 48],
    /// The sealed body.
    pub ct: &'a [u8],
}

impl<'a> ItemFrame<'a> {
    /// A sealed body may not be longer than this.
    pub const CT_BYTES_MAX: usize = entente_seal::envelope::CT_BYTES_MAX;
    const BYTES_MAX: usize = Self::CT_BYTES_MAX + Opening::BYTES_MAX + 64;

    /// Encodes the frame's body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(3).value(&self.opening).bytes(&self.wrapped).bytes(self.ct);
        w.into_bytes()
    }

    /// Decodes a frame's body without copying the sealed body.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, WireError> {
        bounded(bytes, Self::BYTES_MAX, "item", |r| {
            r.record(3, |r| {
                let (opening, wrapped) = (r.value()?, r.fixed()?);
                let at = r.position();
                let ct = r.bytes()?;
                if ct.len() > Self::CT_BYTES_MAX {
                    let fault = WireFault::TooLong { max: Self::CT_BYTES_MAX };
                    return Err(WireError::new(at, fault));
                }
                Ok(Self { opening, wrapped, ct })
            })
        })
    }
}

/// One recipient's terms, sealed under a wrap context; once for each context and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsFrame<'a> {
    /// The wrap context.
    pub wc: WrapContextId,
    /// Digest of the terms, as the items name it.
    pub digest: Digest,
    /// The sealed terms.
    pub sealed: &'a [u8],
}

impl<'a> TermsFrame<'a> {
    const BYTES_MAX: usize = 32 << 10;

    /// Encodes the frame's body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(3).value(&self.wc).value(&self.digest).bytes(self.sealed);
        w.into_bytes()
    }

    /// Decodes a frame's body.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, WireError> {
        bounded(bytes, Self::BYTES_MAX, "sealed terms", |r| {
            r.record(3, |r| Ok(Self { wc: r.value()?, digest: r.value()?, sealed: r.bytes()? }))
        })
    }
}

/// Reads a borrowing type that fills `bytes` exactly, as [`Wire::from_bytes`] reads others.
fn bounded<'a, T>(
    bytes: &'a [u8],
    max: usize,
    name: &'static str,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, WireError>,
) -> Result<T, WireError> {
    if bytes.len() > max {
        return Err(WireError::new(0, WireFault::TooLong { max }).within(name));
    }
    let mut r = Reader::new(bytes);
    let value = read(&mut r).map_err(|e| e.within(name))?;
    r.end().map_err(|e| e.within(name))?;
    Ok(value)
}

/// Consecutive statements of one nation's identity chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFrame {
    /// Whose chain.
    pub nation: NationId,
    /// Signed statements, in order.
    pub statements: Vec<Vec<u8>>,
}

impl Wire for ChainFrame {
    const NAME: &'static str = "chain statements";
    const BYTES_MAX: usize = 2 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(2).value(&self.nation).list(&self.statements, |w, s| {
            w.bytes(s);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            Ok(Self {
                nation: r.value()?,
                statements: r.list_nonempty(|r| r.bytes().map(<[u8]>::to_vec))?,
            })
        })
    }
}

/// Cosignature lines on a checkpoint of the receiver's own ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosig {
    /// The size of the checkpoint that they cover.
    pub size: u64,
    /// The note's signature lines, as a witness returns them.
    pub lines: Vec<u8>,
}

impl Wire for Cosig {
    const NAME: &'static str = "cosignatures";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).uint(self.size).bytes(&self.lines);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| Ok(Self { size: r.uint()?, lines: r.bytes()?.to_vec() }))
    }
}

/// What has forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForkKind {
    /// A ledger: two signed notes that cannot both be true.
    Log,
    /// An identity chain: two valid statements in one place.
    Chain,
}

/// Two signed things that cannot both be true; whoever holds the keys can check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkFrame {
    /// What has forked.
    pub kind: ForkKind,
    /// The nation whose ledger or chain it is.
    pub nation: NationId,
    /// One signed note or statement.
    pub one: Vec<u8>,
    /// The other.
    pub other: Vec<u8>,
}

impl Wire for ForkFrame {
    const NAME: &'static str = "fork frame";
    const BYTES_MAX: usize = 512 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .uint(match self.kind {
                ForkKind::Log => 0,
                ForkKind::Chain => 1,
            })
            .value(&self.nation)
            .bytes(&self.one)
            .bytes(&self.other);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            let kind = match r.small(1, "the kind of fork")? {
                0 => ForkKind::Log,
                _ => ForkKind::Chain,
            };
            let (nation, one, other) = (r.value()?, r.bytes()?.to_vec(), r.bytes()?.to_vec());
            Ok(Self { kind, nation, one, other })
        })
    }
}

/// An originator's grant of onward release, with what a third nation needs to check it against
/// the originator's own ledger. [`crate::onward::verify_grant`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFrame {
    /// The ledger slot in which the originator granted.
    pub decision: Evidence,
    /// The control item that the slot names.
    pub control: Vec<u8>,
    /// The ledger slot in which the originator released the object to the grantee.
    pub object: Evidence,
}

impl Wire for GrantFrame {
    const NAME: &'static str = "grant";
    const BYTES_MAX: usize = 256 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .bytes(&self.decision.to_bytes())
            .bytes(&self.control)
            .bytes(&self.object.to_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                decision: Evidence::from_bytes(r.bytes()?)?,
                control: r.bytes()?.to_vec(),
                object: Evidence::from_bytes(r.bytes()?)?,
            })
        })
    }
}
