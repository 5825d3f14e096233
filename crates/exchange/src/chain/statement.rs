//! What an identity statement can say (`docs/protocol/wire.md` section 4).

use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::id::{Digest, KeyId, NationId, NodeId};
use entente_model::nation::NationCode;
use entente_model::time::Timestamp;
use entente_seal::sign::{LogPublic, StatementPublic};
use entente_seal::wrap::KemPublic;

/// A role has at most so many keys.
pub const KEYS_MAX: usize = 7;

/// A statement's payload, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdStmt {
    /// The nation; none in the first statement, whose digest is the nation's id.
    pub nation: Option<NationId>,
    /// Its position, from 0.
    pub seq: u64,
    /// Digest of the statement before; zeros in the first.
    pub prev: Digest,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub body: Body,
    /// After this its effect lapses. Only kinds that [`IdKind::may_lapse`] have one.
    pub expires: Option<Timestamp>,
}

impl Wire for IdStmt {
    const NAME: &'static str = "identity statement";
    const BYTES_MAX: usize = 40 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(8)
            .uint(1)
            .optional(self.nation.as_ref(), |w, n| n.write(w))
            .uint(self.seq)
            .value(&self.prev)
            .value(&self.at)
            .value(&self.body.kind())
            .bytes(&self.body.to_bytes())
            .optional(self.expires.as_ref(), |w, t| t.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(8, |r| {
            let version = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(version);
            }
            let nation = r.optional(Reader::value)?;
            let (seq, prev, at, kind) = (r.uint()?, r.value()?, r.value()?, r.value()?);
            let body = Body::from_bytes(kind, r.bytes()?)?;
            Ok(Self { nation, seq, prev, at, body, expires: r.optional(Reader::value)? })
        })
    }
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $code:literal,)+) => {
        /// What kind of statement it is. Unknown kinds are refused: a chain must be understood
        /// whole. 13 and 14 (suites) are reserved.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum IdKind {
            $($(#[$doc])* $name,)+
        }

        impl IdKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The number on the wire.
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }

            const fn from_code(code: u64) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }
        }

        /// What a statement says.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Body {
            $($(#[$doc])* $name($body),)+
        }

        impl Body {
            /// Its kind.
            pub const fn kind(&self) -> IdKind {
                match self { $(Self::$name(_) => IdKind::$name,)+ }
            }

            fn to_bytes(&self) -> Vec<u8> {
                match self { $(Self::$name(body) => body.to_bytes(),)+ }
            }

            fn from_bytes(kind: IdKind, bytes: &[u8]) -> Result<Self, WireError> {
                Ok(match kind { $(IdKind::$name => Self::$name(Wire::from_bytes(bytes)?),)+ })
            }
        }
    };
}

bodies! {
    /// The nation begins.
    Genesis(Genesis) = 0,
    /// The root keys change as planned.
    RootRotate(Roots) = 1,
    /// The root keys change by the committed next keys alone.
    RootRecover(Roots) = 2,
    /// The authority's keys change.
    AuthoritySet(KeySet) = 3,
    /// The overseers' keys change; every partner is alarmed.
    OversightSet(Oversight) = 4,
    /// A node is added; the digest of this statement is its id.
    NodeAdd(NodeSpec) = 5,
    /// A node's description changes.
    NodeUpdate(NodeChange) = 6,
    /// A node's transport and sealing keys change.
    NodeKeys(NodeKeys) = 7,
    /// A key or node is revoked.
    Revoke(Revoke) = 8,
    /// Another nation is recognised.
    PeerAccept(PeerAccept) = 9,
    /// Another nation is no longer dealt with.
    PeerSuspend(PeerSuspend) = 10,
    /// All releases stop.
    Freeze(Reason) = 11,
    /// Releases resume.
    Unfreeze(Reason) = 12,
}

impl IdKind {
    /// Whether such a statement may have an end. The others hold until another replaces them.
    pub const fn may_lapse(self) -> bool {
        matches!(self, Self::AuthoritySet | Self::OversightSet | Self::NodeKeys | Self::PeerAccept)
    }

    /// Whether people at every partner must look at it.
    pub const fn alarms(self) -> bool {
        matches!(
            self,
            Self::RootRotate | Self::RootRecover | Self::OversightSet | Self::Revoke | Self::Freeze
        )
    }
}

impl Wire for IdKind {
    const NAME: &'static str = "identity statement kind";
    const BYTES_MAX: usize = 2;

    fn write(&self, w: &mut Writer) {
        w.uint(self.code().into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let fault = r.fault(WireFault::Range { what: "the statement's kind" });
        Self::from_code(r.uint()?).ok_or(fault)
    }
}

/// Distinct keys, of which `threshold` must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<StatementPublic>,
    threshold: u8,
}

impl KeySet {
    /// Keys and how many of them must sign; none if a key repeats, there are more than
    /// [`KEYS_MAX`], or the threshold is not between one and their number.
    pub fn new(keys: Vec<StatementPublic>, threshold: u8) -> Option<Self> {
        let distinct = keys.iter().enumerate().all(|(i, key)| {
            !keys.iter().skip(i + 1).any(|k| {
                // A key that shares a half with another would count twice for one secret.
                k.ed25519 == key.ed25519 || k.mldsa65 == key.mldsa65
            })
        });
        let reachable = threshold >= 1 && usize::from(threshold) <= keys.len();
        (distinct && reachable && keys.len() <= KEYS_MAX).then_some(Self { keys, threshold })
    }

    /// The keys.
    pub fn keys(&self) -> &[StatementPublic] {
        &self.keys
    }

    /// How many must sign.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }
}

impl Wire for KeySet {
    const NAME: &'static str = "key set";
    const BYTES_MAX: usize = 20 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).list(&self.keys, |w, k| k.write(w)).uint(self.threshold.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            let at = r.position();
            let keys = r.list(Reader::value)?;
            let threshold = r.small(255, "the threshold")?;
            Self::new(keys, threshold).ok_or(WireError::new(
                at,
                WireFault::Invalid {
                    what: "keys repeat, are too many or too few for their threshold",
                },
            ))
        })
    }
}

/// A commitment to keys that nobody has seen yet, by their ids; so they may be of any algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRoots {
    /// Their ids, ascending.
    keys: Vec<KeyId>,
    /// How many of them will have to sign.
    threshold: u8,
}

impl NextRoots {
    /// Commits to these keys.
    pub fn of(keys: &KeySet) -> Self {
        let mut ids: Vec<KeyId> = keys.keys.iter().map(StatementPublic::id).collect();
        ids.sort_unstable();
        Self { keys: ids, threshold: keys.threshold }
    }

    /// Whether these are the keys that were committed to.
    pub fn matches(&self, keys: &KeySet) -> bool {
        *self == Self::of(keys)
    }
}

impl Wire for NextRoots {
    const NAME: &'static str = "next root keys";
    const BYTES_MAX: usize = 512;

    fn write(&self, w: &mut Writer) {
        w.array(2).list(&self.keys, |w, k| k.write(w)).uint(self.threshold.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            let at = r.position();
            let keys: Vec<KeyId> = r.list(Reader::value)?;
            let threshold = r.small(255, "the threshold")?;
            let ascending = keys.iter().zip(keys.iter().skip(1)).all(|(a, b)| a < b);
            let reachable = threshold >= 1 && usize::from(threshold) <= keys.len();
            if ascending && reachable && keys.len() <= KEYS_MAX {
                Ok(Self { keys, threshold })
            } else {
                Err(WireError::new(
                    at,
                    WireFault::Invalid {
                        what: "key ids repeat, are unsorted, too many or too few",
                    },
                ))
            }
        })
    }
}

/// Root keys, and the commitment to the ones after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// The keys that now count.
    pub keys: KeySet,
    /// The ones that will.
    pub next: NextRoots,
}

impl Wire for Roots {
    const NAME: &'static str = "root keys";
    const BYTES_MAX: usize = 21 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).value(&self.keys).value(&self.next);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| Ok(Self { keys: r.value()?, next: r.value()? }))
    }
}

/// How a nation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Its root keys.
    pub roots: Roots,
    /// The country code it claims.
    pub code: NationCode,
    /// The name it claims.
    pub name: String,
}

impl Wire for Genesis {
    const NAME: &'static str = "genesis";
    const BYTES_MAX: usize = 22 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3).value(&self.roots).value(&self.code).text(&self.name);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self { roots: r.value()?, code: r.value()?, name: r.text()?.to_owned() })
        })
    }
}

/// The overseers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oversight {
    /// Their signing keys.
    pub keys: KeySet,
    /// The key that their slots are sealed to.
    pub kem: Option<KemPublic>,
    /// Where their mirror of the ledger is.
    pub mirror: Option<String>,
    /// The law that gives them their mandate.
    pub mandate: String,
}

impl Wire for Oversight {
    const NAME: &'static str = "oversight";
    const BYTES_MAX: usize = 24 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .value(&self.keys)
            .optional(self.kem.as_ref(), |w, k| k.write(w))
            .optional(self.mirror.as_ref(), |w, m| {
                w.text(m);
            })
            .text(&self.mandate);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            Ok(Self {
                keys: r.value()?,
                kem: r.optional(Reader::value)?,
                mirror: r.optional(|r| r.text().map(str::to_owned))?,
                mandate: r.text()?.to_owned(),
            })
        })
    }
}

/// Whose cosignatures a node's checkpoints should carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WitnessPolicy {
    /// Nodes that act as witnesses.
    pub nodes: Vec<NodeId>,
    /// How many of them are needed.
    pub quorum: u8,
}

impl Wire for WitnessPolicy {
    const NAME: &'static str = "witness policy";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).list(&self.nodes, |w, n| n.write(w)).uint(self.quorum.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            let at = r.position();
            let nodes: Vec<NodeId> = r.list(Reader::value)?;
            let quorum = r.small(255, "the witness quorum")?;
            if usize::from(quorum) > nodes.len() {
                return Err(WireError::new(
                    at,
                    WireFault::Invalid { what: "the witness quorum exceeds the witnesses" },
                ));
            }
            Ok(Self { nodes, quorum })
        })
    }
}

/// A node, as its nation's authority describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name within the nation, such as `mod-1`.
    pub label: String,
    /// The origin line of its ledger.
    pub origin: String,
    /// The keys that sign its checkpoints.
    pub log: LogPublic,
    /// The keys with which it cosigns other ledgers' checkpoints.
    pub witness: LogPublic,
    /// Base addresses at which it can be reached; none if it cannot be dialled.
    pub endpoints: Vec<String>,
    /// Suites that it can use.
    pub suites: Vec<u64>,
    /// The highest classification it is accredited for, on the common ladder.
    pub accreditation: u8,
    /// The bodies of its nation that receive here, such as `MOD-INT`.
    pub bodies: Vec<String>,
    /// Media types that it accepts; empty means all.
    pub media_types: Vec<String>,
    /// Whose cosignatures it seeks.
    pub witnesses: WitnessPolicy,
}

impl Wire for NodeSpec {
    const NAME: &'static str = "node description";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(10)
            .text(&self.label)
            .text(&self.origin)
            .value(&self.log)
            .value(&self.witness)
            .texts(&self.endpoints)
            .list(&self.suites, |w, s| {
                w.uint(*s);
            })
            .uint(self.accreditation.into())
            .texts(&self.bodies)
            .texts(&self.media_types)
            .value(&self.witnesses);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(10, |r| {
            Ok(Self {
                label: r.text()?.to_owned(),
                origin: r.text()?.to_owned(),
                log: r.value()?,
                witness: r.value()?,
                endpoints: r.texts()?,
                suites: r.list(Reader::uint)?,
                accreditation: r.small(7, "the accreditation")?,
                bodies: r.texts()?,
                media_types: r.texts()?,
                witnesses: r.value()?,
            })
        })
    }
}

/// A new description of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    /// The node.
    pub node: NodeId,
    /// What it is from now on.
    pub spec: NodeSpec,
}

impl Wire for NodeChange {
    const NAME: &'static str = "node update";
    const BYTES_MAX: usize = 17 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).value(&self.node).value(&self.spec);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| Ok(Self { node: r.value()?, spec: r.value()? }))
    }
}

/// A key that others seal to, for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KemKey {
    /// The key.
    pub public: KemPublic,
    /// It is good from here …
    pub not_before: Timestamp,
    /// … until here.
    pub not_after: Timestamp,
    /// It is for bundles that are carried by hand.
    pub air_gap: bool,
}

impl Wire for KemKey {
    const NAME: &'static str = "sealing key";
    const BYTES_MAX: usize = 1400;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .value(&self.public)
            .value(&self.not_before)
            .value(&self.not_after)
            .bool(self.air_gap);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            Ok(Self {
                public: r.value()?,
                not_before: r.value()?,
                not_after: r.value()?,
                air_gap: r.bool()?,
            })
        })
    }
}

/// A node's transport and sealing keys; all of them, each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeKeys {
    /// The node.
    pub node: NodeId,
    /// SHA-256 of the public keys (SPKI) that it may show in TLS.
    pub tls_pins: Vec<Digest>,
    /// The keys that others seal to.
    pub kem: Vec<KemKey>,
}

impl Wire for NodeKeys {
    const NAME: &'static str = "node keys";
    const BYTES_MAX: usize = 24 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .value(&self.node)
            .list(&self.tls_pins, |w, p| p.write(w))
            .list(&self.kem, |w, k| k.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                node: r.value()?,
                tls_pins: r.list(Reader::value)?,
                kem: r.list(Reader::value)?,
            })
        })
    }
}

/// What is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revoked {
    /// A key of the authority or the overseers; the root signs this.
    Key(KeyId),
    /// A node with everything it has.
    Node(NodeId),
}

/// A key or node that must no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    /// What.
    pub what: Revoked,
    /// For a node: its ledger is to be believed up to this size and root (`protocol.md` 1.5).
    pub trusted_until: Option<(u64, Digest)>,
    /// Why, in words.
    pub reason: String,
}

impl Wire for Revoke {
    const NAME: &'static str = "revocation";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4);
        match &self.what {
            Revoked::Key(key) => w.uint(0).value(key),
            Revoked::Node(node) => w.uint(1).value(node),
        };
        w.optional(self.trusted_until.as_ref(), |w, (size, root)| {
            w.array(2).uint(*size).value(root);
        });
        w.text(&self.reason);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            Ok(Self {
                what: match r.small(1, "what is revoked")? {
                    0 => Revoked::Key(r.value()?),
                    _ => Revoked::Node(r.value()?),
                },
                trusted_until: r.optional(|r| r.record(2, |r| Ok((r.uint()?, r.value()?))))?,
                reason: r.text()?.to_owned(),
            })
        })
    }
}

/// "I recognise that nation by this chain."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAccept {
    /// The nation.
    pub nation: NationId,
    /// Position and digest of the newest statement of its chain that was seen.
    pub head: (u64, Digest),
    /// What the recognition is for, in words.
    pub scope: String,
}

impl Wire for PeerAccept {
    const NAME: &'static str = "recognition";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3).value(&self.nation);
        w.array(2).uint(self.head.0).value(&self.head.1);
        w.text(&self.scope);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                nation: r.value()?,
                head: r.record(2, |r| Ok((r.uint()?, r.value()?)))?,
                scope: r.text()?.to_owned(),
            })
        })
    }
}

/// "I no longer deal with that nation."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSuspend {
    /// The nation.
    pub nation: NationId,
    /// Digest of the evidence, if there is any to show.
    pub evidence: Option<Digest>,
    /// Why, in words.
    pub reason: String,
}

impl Wire for PeerSuspend {
    const NAME: &'static str = "suspension";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .value(&self.nation)
            .optional(self.evidence.as_ref(), |w, d| d.write(w))
            .text(&self.reason);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                nation: r.value()?,
                evidence: r.optional(Reader::value)?,
                reason: r.text()?.to_owned(),
            })
        })
    }
}

/// Why a nation freezes or unfreezes its releases, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(pub String);

impl Wire for Reason {
    const NAME: &'static str = "reason";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(1).text(&self.0);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(1, |r| Ok(Self(r.text()?.to_owned())))
    }
}
