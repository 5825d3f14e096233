//! Identity chains: who a nation is, statement by statement.
//!
//! `protocol.md` 1.2. Every nation publishes one append-only chain of signed statements; the
//! digest of the first is the nation's id. [`ChainState`] is what a chain that was read so far
//! says, and takes the next statement only if it follows, is signed by enough distinct keys of
//! the right role, and is understood whole (I33).
//!
//! INVARIANT: nothing here depends on signature bytes; a statement's digest covers its payload.
//!
//! An end of validity makes a statement's *effect* lapse, not its place in the chain: otherwise
//! nobody could catch up with a chain after months. So roles and keys are asked for with a time.
//!
//! Publishing, storing and comparing chains with others belong to `entente-app`; who meant to
//! introduce whom to [`crate::card`].

use std::collections::{BTreeMap, BTreeSet};

use entente_ledger::origin::parse_origin;
use entente_model::codec::{Wire, WireError};
use entente_model::id::{Digest, KeyId, NationId, NodeId};
use entente_model::nation::NationCode;
use entente_model::time::Timestamp;
use entente_seal::digest::{nation_id, node_id, statement_digest};
use entente_seal::sign::{StatementKey, StatementPublic};
use entente_seal::statement::{SignedStatement, sign_statement};
use thiserror::Error;

mod statement;

pub use statement::{
    Body, Genesis, IdKind, IdStmt, KEYS_MAX, KemKey, KeySet, NextRoots, NodeChange, NodeKeys,
    NodeSpec, Oversight, PeerAccept, PeerSuspend, Reason, Revoke, Revoked, Roots, WitnessPolicy,
};

/// The type under which identity statements are signed.
pub const STATEMENT_TYPE: &str = "ent/v1/identity";
/// A statement from further in the future than this is refused.
pub const AHEAD_MILLIS_MAX: u64 = 10 * 60 * 1000;
const NO_PREVIOUS: Digest = Digest::from_array([0; 32]);

/// Whose signatures a statement needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The nation's root keys.
    Root,
    /// The root keys that were committed to in advance.
    NextRoot,
    /// The nation's key-management authority.
    Authority,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::NextRoot => "next root",
            Self::Authority => "authority",
        })
    }
}

/// Why a statement was not taken into a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    /// It is signed as something else.
    #[error("a statement of type `{0}` cannot be part of an identity chain")]
    Type(String),
    /// It is malformed or of an unknown kind.
    #[error("the identity statement cannot be read")]
    Malformed(#[from] WireError),
    /// It is of another nation.
    #[error("the statement belongs to another nation's chain")]
    Nation,
    /// It is not the first, where the first was expected, or the reverse.
    #[error("a chain starts with one genesis statement, at position 0, and has no other")]
    Genesis,
    /// Statements are missing before it.
    #[error("the statement has position {seq}, but {expected} is next")]
    Gap {
        /// Its position.
        seq: u64,
        /// The next position.
        expected: u64,
    },
    /// It does not continue the statement before.
    #[error("statement {seq} does not continue the statement before it")]
    Prev {
        /// Its position.
        seq: u64,
    },
    /// It is dated before the statement it follows, or in the future, or ends before it begins.
    #[error("statement {seq} has a date that cannot be")]
    Time {
        /// Its position.
        seq: u64,
    },
    /// It has an end, but must not have one.
    #[error("a statement of kind {} may not have an end of validity", kind.code())]
    MayNotLapse {
        /// Its kind.
        kind: IdKind,
    },
    /// Too few distinct keys of the role signed.
    #[error("{got} of the {needed} needed {role} keys signed")]
    Threshold {
        /// The role.
        role: Role,
        /// How many of its keys signed.
        got: usize,
        /// How many had to.
        needed: u8,
    },
    /// The role has no keys that count at that time.
    #[error("the nation has no {role} keys that are in force")]
    NoRole {
        /// The role.
        role: Role,
    },
    /// The new root keys are not the committed ones.
    #[error("the new root keys are not the ones that were committed to")]
    NotCommitted,
    /// It names a node that the chain does not have.
    #[error("the statement names a node that this chain does not have, or that is revoked")]
    Node,
    /// A node's ledger has a name that is not its own.
    #[error("a node's ledger must be named `ent1/<nation id>/<node label>/<instance>` after it")]
    Origin,
    /// Two valid statements claim one place. The nation must not be dealt with.
    #[error("two valid statements claim position {}: the chain has forked", fork.seq)]
    Fork {
        /// The evidence.
        fork: Fork,
    },
    /// The chain has forked before, and takes no more statements.
    #[error("the chain has forked; it must be introduced anew")]
    Forked,
}

/// Two valid statements in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The place.
    pub seq: u64,
    /// Digest of the statement that was accepted there.
    pub held: Digest,
    /// Digest of the other.
    pub other: Digest,
}

/// What accepting a statement came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The chain is longer by it.
    Extended(IdKind),
    /// The chain had it already.
    Known,
}

/// Something in force from a statement on, perhaps until some time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lasting<T> {
    value: T,
    until: Option<Timestamp>,
}

impl<T> Lasting<T> {
    fn at(&self, time: Timestamp) -> Option<&T> {
        self.until.is_none_or(|until| time < until).then_some(&self.value)
    }
}

/// The keys that count from some position on. Kept for every change, so that a second statement
/// in an old place can be judged by the keys of its time.
#[derive(Debug, Clone)]
struct Era {
    from: u64,
    roots: Roots,
    authority: Option<Lasting<KeySet>>,
    revoked: BTreeSet<KeyId>,
}

/// A node as its chain describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Its description.
    pub spec: NodeSpec,
    /// It was revoked, and why.
    pub revoked: Option<Revoke>,
    keys: Option<Lasting<NodeKeys>>,
}

impl NodeState {
    /// Its transport and sealing keys at this time.
    pub fn keys(&self, now: Timestamp) -> Option<&NodeKeys> {
        self.keys.as_ref()?.at(now).filter(|_| self.revoked.is_none())
    }

    /// The key to seal to at this time: among those in their validity, the one that lasts
    /// longest; one for hand-carried bundles only if there is no other.
    pub fn kem_key(&self, now: Timestamp) -> Option<&KemKey> {
        let keys = self.keys(now)?;
        keys.kem
            .iter()
            .filter(|key| key.not_before <= now && now < key.not_after)
            .max_by_key(|key| (!key.air_gap, key.not_after))
    }

    /// The key to seal hand-carried bundles to at this time.
    pub fn air_gap_key(&self, now: Timestamp) -> Option<&KemKey> {
        let keys = self.keys(now)?;
        keys.kem
            .iter()
            .filter(|key| key.not_before <= now && now < key.not_after)
            .max_by_key(|key| (key.air_gap, key.not_after))
    }
}

/// What this nation says of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerStanding {
    /// It recognises it.
    Accepted(PeerAccept),
    /// It no longer deals with it.
    Suspended(PeerSuspend),
}

/// Whether a nation may be dealt with, by its own chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainStanding {
    /// Yes.
    Good,
    /// It has stopped all its releases; what it is sent still counts.
    Frozen,
    /// Its root keys were recovered; people must confirm the words out of band first.
    RecoveryUnconfirmed,
    /// Its chain has forked.
    Forked(Fork),
}

/// What a chain says, as far as it was read.
#[derive(Debug, Clone)]
pub struct ChainState {
    nation: NationId,
    code: NationCode,
    name: String,
    digests: Vec<Digest>,
    at: Timestamp,
    eras: Vec<Era>,
    oversight: Option<Lasting<Oversight>>,
    nodes: BTreeMap<NodeId, NodeState>,
    peers: BTreeMap<NationId, Lasting<PeerStanding>>,
    frozen: bool,
    unconfirmed: bool,
    fork: Option<Fork>,
}

impl ChainState {
    /// Begins with a genesis statement, signed by all of its root keys.
    pub fn start(statement: &SignedStatement, now: Timestamp) -> Result<Self, ChainError> {
        let stmt = read(statement)?;
        let Body::Genesis(genesis) = stmt.body else { return Err(ChainError::Genesis) };
        if stmt.nation.is_some() || stmt.seq != 0 || stmt.prev != NO_PREVIOUS {
            return Err(ChainError::Genesis);
        }
        if stmt.expires.is_some() {
            return Err(ChainError::MayNotLapse { kind: IdKind::Genesis });
        }
        if stmt.at > now.plus_millis(AHEAD_MILLIS_MAX) {
            return Err(ChainError::Time { seq: 0 });
        }
        let keys = genesis.roots.keys.keys();
        let all = u8::try_from(keys.len()).unwrap_or(u8::MAX);
        enough(statement, keys.iter(), all, Role::Root)?;
        Ok(Self {
            nation: nation_id(&statement.payload),
            code: genesis.code,
            name: genesis.name,
            digests: vec![statement_digest(&statement.payload)],
            at: stmt.at,
            eras: vec![Era {
                from: 0,
                roots: genesis.roots,
                authority: None,
                revoked: BTreeSet::new(),
            }],
            oversight: None,
            nodes: BTreeMap::new(),
            peers: BTreeMap::new(),
            frozen: false,
            unconfirmed: false,
            fork: None,
        })
    }

    /// Takes the next statement, or finds that the chain has forked.
    ///
    /// A statement that is refused changes nothing, except that a fork is remembered.
    pub fn accept(
        &mut self,
        statement: &SignedStatement,
        now: Timestamp,
    ) -> Result<Accepted, ChainError> {
        let digest = statement_digest(&statement.payload);
        if self.digests.contains(&digest) {
            return Ok(Accepted::Known);
        }
        if self.fork.is_some() {
            return Err(ChainError::Forked);
        }
        let stmt = read(statement)?;
        if stmt.body.kind() == IdKind::Genesis || stmt.seq == 0 {
            return Err(ChainError::Genesis);
        }
        if stmt.nation != Some(self.nation) {
            return Err(ChainError::Nation);
        }
        let next = self.next_seq();
        if stmt.seq > next {
            return Err(ChainError::Gap { seq: stmt.seq, expected: next });
        }
        if self.digest_at(stmt.seq - 1) != Some(stmt.prev) {
            return Err(ChainError::Prev { seq: stmt.seq });
        }
        self.check_signatures(statement, &stmt)?;
        if let Some(held) = self.digest_at(stmt.seq) {
            let fork = Fork { seq: stmt.seq, held, other: digest };
            self.fork = Some(fork);
            return Err(ChainError::Fork { fork });
        }
        self.check_time(&stmt, now)?;
        let kind = stmt.body.kind();
        self.apply(stmt, statement)?;
        self.digests.push(digest);
        Ok(Accepted::Extended(kind))
    }

    /// The payload of a statement that would continue this chain.
    pub fn compose(&self, at: Timestamp, body: Body, expires: Option<Timestamp>) -> IdStmt {
        IdStmt {
            nation: Some(self.nation),
            seq: self.next_seq(),
            prev: self.head().1,
            at,
            body,
            expires,
        }
    }

    /// When the newest statement was made, by its own word: none may be older than this.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// People compared the words of the recovered nation out of band, and they agree.
    pub const fn confirm_recovery(&mut self) {
        self.unconfirmed = false;
    }

    /// The nation.
    pub const fn nation(&self) -> NationId {
        self.nation
    }

    /// The country code that it claims.
    pub const fn code(&self) -> NationCode {
        self.code
    }

    /// The name that it claims.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Position and digest of the newest statement.
    pub fn head(&self) -> (u64, Digest) {
        (self.next_seq() - 1, self.digests.last().copied().unwrap_or(NO_PREVIOUS))
    }

    /// The position that comes next.
    pub fn next_seq(&self) -> u64 {
        self.digests.len() as u64
    }

    /// Digest of the statement at a position.
    pub fn digest_at(&self, seq: u64) -> Option<Digest> {
        self.digests.get(usize::try_from(seq).ok()?).copied()
    }

    /// Whether the nation may be dealt with.
    pub const fn standing(&self) -> ChainStanding {
        match self.fork {
            Some(fork) => ChainStanding::Forked(fork),
            None if self.unconfirmed => ChainStanding::RecoveryUnconfirmed,
            None if self.frozen => ChainStanding::Frozen,
            None => ChainStanding::Good,
        }
    }

    /// The root keys that count now.
    pub fn roots(&self) -> Option<&Roots> {
        self.eras.last().map(|era| &era.roots)
    }

    /// The authority's keys at this time, without revoked ones, and how many must sign.
    pub fn authority(&self, now: Timestamp) -> Option<(Vec<&StatementPublic>, u8)> {
        self.eras.last()?.authority(now)
    }

    /// The overseers at this time.
    pub fn oversight(&self, now: Timestamp) -> Option<&Oversight> {
        self.oversight.as_ref()?.at(now)
    }

    /// All nodes, revoked ones included.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &NodeState)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// One node, unless it is revoked.
    pub fn node(&self, node: &NodeId) -> Option<&NodeState> {
        self.nodes.get(node).filter(|node| node.revoked.is_none())
    }

    /// What this nation says of another at this time.
    pub fn peer(&self, nation: &NationId, now: Timestamp) -> Option<&PeerStanding> {
        self.peers.get(nation)?.at(now)
    }

    /// Whether a key was revoked.
    pub fn is_revoked(&self, key: &KeyId) -> bool {
        self.eras.last().is_some_and(|era| era.revoked.contains(key))
    }

    /// Checks that enough of the authority's keys signed a statement of any type.
    pub fn check_authority(
        &self,
        statement: &SignedStatement,
        at: Timestamp,
    ) -> Result<(), ChainError> {
        let era = self.eras.last().ok_or(ChainError::Genesis)?;
        era.check_authority(statement, at)
    }

    /// Checks that enough keys of the authority signed, as it was at some time of the chain: for
    /// what was accepted at `at` and is read again.
    pub fn check_authority_of_any_time(
        &self,
        statement: &SignedStatement,
        at: Timestamp,
    ) -> Result<(), ChainError> {
        let newest = self.check_authority(statement, at);
        if self.eras.iter().any(|era| era.check_authority(statement, at).is_ok()) {
            return Ok(());
        }
        newest
    }

    fn era_before(&self, seq: u64) -> Option<&Era> {
        self.eras.iter().rev().find(|era| era.from < seq)
    }

    fn check_signatures(
        &self,
        statement: &SignedStatement,
        stmt: &IdStmt,
    ) -> Result<(), ChainError> {
        let era = self.era_before(stmt.seq).ok_or(ChainError::Genesis)?;
        let roots =
            |threshold| enough(statement, era.roots.keys.keys().iter(), threshold, Role::Root);
        let next_roots = |new: &Roots| {
            if !era.roots.next.matches(&new.keys) {
                return Err(ChainError::NotCommitted);
            }
            enough(statement, new.keys.keys().iter(), new.keys.threshold(), Role::NextRoot)
        };
        let threshold = era.roots.keys.threshold();
        match &stmt.body {
            Body::Genesis(_) => Err(ChainError::Genesis),
            Body::RootRotate(new) => {
                roots(threshold)?;
                next_roots(new)
            }
            Body::RootRecover(new) => next_roots(new),
            Body::AuthoritySet(_)
            | Body::OversightSet(_)
            | Body::Unfreeze(_)
            | Body::Revoke(Revoke { what: Revoked::Key(_), .. }) => roots(threshold),
            // Any one custodian may pull the emergency brake.
            Body::Freeze(_) => roots(1),
            // Against a thief of the authority's keys the root may act too.
            Body::Revoke(_) => {
                era.check_authority(statement, stmt.at).or_else(|e| roots(threshold).map_err(|_| e))
            }
            Body::NodeAdd(_)
            | Body::NodeUpdate(_)
            | Body::NodeKeys(_)
            | Body::PeerAccept(_)
            | Body::PeerSuspend(_) => era.check_authority(statement, stmt.at),
        }
    }

    fn check_time(&self, stmt: &IdStmt, now: Timestamp) -> Result<(), ChainError> {
        let (seq, kind) = (stmt.seq, stmt.body.kind());
        let ends_first = stmt.expires.is_some_and(|end| end <= stmt.at);
        if stmt.at < self.at || stmt.at > now.plus_millis(AHEAD_MILLIS_MAX) || ends_first {
            return Err(ChainError::Time { seq });
        }
        if stmt.expires.is_some() && !kind.may_lapse() {
            return Err(ChainError::MayNotLapse { kind });
        }
        Ok(())
    }

    fn apply(&mut self, stmt: IdStmt, statement: &SignedStatement) -> Result<(), ChainError> {
        let IdStmt { seq, at, body, expires: until, .. } = stmt;
        match body {
            Body::Genesis(_) => return Err(ChainError::Genesis),
            Body::RootRotate(roots) => self.era(seq, |era| era.roots = roots),
            Body::RootRecover(roots) => {
                // Whoever stole the root keys may have named an authority of their own.
                self.era(seq, |era| {
                    era.roots = roots;
                    era.authority = None;
                });
                self.unconfirmed = true;
            }
            Body::AuthoritySet(value) => {
                self.era(seq, |era| era.authority = Some(Lasting { value, until }));
            }
            Body::OversightSet(value) => self.oversight = Some(Lasting { value, until }),
            Body::NodeAdd(spec) => {
                self.check_origin(&spec)?;
                let node = NodeState { spec, revoked: None, keys: None };
                self.nodes.insert(node_id(&statement.payload), node);
            }
            Body::NodeUpdate(change) => {
                self.check_origin(&change.spec)?;
                self.live_node(&change.node)?.spec = change.spec;
            }
            Body::NodeKeys(value) => {
                let node = self.live_node(&value.node)?;
                node.keys = Some(Lasting { value, until });
            }
            Body::Revoke(revoke) => match revoke.what {
                Revoked::Key(key) => self.era(seq, |era| {
                    era.revoked.insert(key);
                }),
                Revoked::Node(node) => self.live_node(&node)?.revoked = Some(revoke),
            },
            Body::PeerAccept(value) => self.peer_says(PeerStanding::Accepted(value), until),
            Body::PeerSuspend(value) => self.peer_says(PeerStanding::Suspended(value), None),
            Body::Freeze(_) => self.frozen = true,
            Body::Unfreeze(_) => self.frozen = false,
        }
        self.at = at;
        Ok(())
    }

    /// A nation may not name a ledger as if it were another's.
    fn check_origin(&self, spec: &NodeSpec) -> Result<(), ChainError> {
        let parts = parse_origin(&spec.origin).map_err(|_| ChainError::Origin)?;
        let own = parts.nation == self.nation && parts.label == spec.label;
        if own { Ok(()) } else { Err(ChainError::Origin) }
    }

    fn peer_says(&mut self, value: PeerStanding, until: Option<Timestamp>) {
        let nation = match &value {
            PeerStanding::Accepted(accept) => accept.nation,
            PeerStanding::Suspended(suspend) => suspend.nation,
        };
        self.peers.insert(nation, Lasting { value, until });
    }

    fn live_node(&mut self, node: &NodeId) -> Result<&mut NodeState, ChainError> {
        self.nodes.get_mut(node).filter(|node| node.revoked.is_none()).ok_or(ChainError::Node)
    }

    /// Begins a new era at a position.
    fn era(&mut self, from: u64, change: impl FnOnce(&mut Era)) {
        if let Some(last) = self.eras.last() {
            let mut era = Era { from, ..last.clone() };
            change(&mut era);
            self.eras.push(era);
        }
    }
}

impl Era {
    fn authority(&self, at: Timestamp) -> Option<(Vec<&StatementPublic>, u8)> {
        let keys = self.authority.as_ref()?.at(at)?;
        let live = keys.keys().iter().filter(|key| !self.revoked.contains(&key.id())).collect();
        Some((live, keys.threshold()))
    }

    fn check_authority(
        &self,
        statement: &SignedStatement,
        at: Timestamp,
    ) -> Result<(), ChainError> {
        let none = ChainError::NoRole { role: Role::Authority };
        let (keys, threshold) = self.authority(at).ok_or(none)?;
        enough(statement, keys.into_iter(), threshold, Role::Authority)
    }
}

/// The payload of the statement that begins a nation.
pub fn compose_genesis(at: Timestamp, genesis: Genesis) -> IdStmt {
    let body = Body::Genesis(genesis);
    IdStmt { nation: None, seq: 0, prev: NO_PREVIOUS, at, body, expires: None }
}

/// Signs a statement with each of these keys.
pub fn sign(stmt: &IdStmt, keys: &[&StatementKey]) -> SignedStatement {
    sign_statement(STATEMENT_TYPE, &stmt.to_bytes(), keys)
}

/// Reads a statement's payload, without checking who signed it.
pub fn read(statement: &SignedStatement) -> Result<IdStmt, ChainError> {
    if statement.ty != STATEMENT_TYPE {
        return Err(ChainError::Type(statement.ty.clone()));
    }
    Ok(IdStmt::from_bytes(&statement.payload)?)
}

fn enough<'a>(
    statement: &SignedStatement,
    keys: impl Iterator<Item = &'a StatementPublic>,
    needed: u8,
    role: Role,
) -> Result<(), ChainError> {
    let keys: Vec<StatementPublic> = keys.cloned().collect();
    let got = statement.signers(&keys).len();
    if got < usize::from(needed) {
        return Err(ChainError::Threshold { role, got, needed });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
