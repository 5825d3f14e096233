//! Who this nation is, and whom it knows: founding, cards, introduction, chains.
//!
//! `protocol.md` 1.2 to 1.4. A nation is founded once, its root keys go to custodians, and from
//! then on its authority key extends the chain. Two nations meet by exchanging cards by hand
//! and comparing sixteen words; two persons on each side must agree before the other is
//! recognised.

use entente_exchange::chain::{
    self, Body, ChainState, Genesis, KemKey, KeySet, NextRoots, NodeKeys, NodeSpec, Oversight,
    PeerAccept, Roots, WitnessPolicy,
};
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::{Entropy, NationCode, NationId, NodeId, Timestamp};
use entente_seal::digest;
use entente_seal::sign::{LogPublic, StatementKey};
use entente_seal::statement::SignedStatement;
use entente_seal::wrap::KemPublic;

use crate::error::{AppError, Result};
use crate::keys::{KeySecrets, PublicKeys};

/// KEM keys are published for this long (`protocol.md` amendment 13).
pub const KEM_MILLIS: u64 = 30 * 86_400_000;
/// A partner whose clock is this far behind may seal to new keys at once.
const SLOW_CLOCK_MILLIS: u64 = 2 * 86_400_000;
/// How many custodians hold root keys, and how many of them must act together.
pub const ROOT_KEYS: usize = 3;
/// How many root keys must sign.
pub const ROOT_THRESHOLD: u8 = 2;

/// What an operator says of a nation and its node when founding it.
#[derive(Debug, Clone)]
pub struct Founding {
    /// The nation's code.
    pub code: NationCode,
    /// Its name.
    pub name: String,
    /// The node's label within the nation, such as `mod-1`.
    pub label: String,
    /// Where partners reach it; none for a node that is reached on media only.
    pub endpoints: Vec<String>,
    /// The bodies that receive at this node.
    pub bodies: Vec<String>,
    /// What the node is accredited to, on the common ladder.
    pub accreditation: u8,
    /// Where the mandate of the overseers is laid down.
    pub mandate: String,
}

/// What founding gives: the chain, and secrets that go to custodians.
pub struct Founded {
    /// The nation.
    pub nation: NationId,
    /// Its node.
    pub node: NodeId,
    /// The chain's first statements, encoded.
    pub statements: Vec<Vec<u8>>,
    /// Root keys, one for each custodian; they are not kept on the node.
    pub roots: Vec<StatementKey>,
    /// The next root keys, committed to and never used with the present ones.
    pub next_roots: Vec<StatementKey>,
    /// The overseers' key.
    pub oversight: StatementKey,
}

fn key_set(keys: &[StatementKey], threshold: u8) -> Result<KeySet> {
    KeySet::new(keys.iter().map(StatementKey::public).collect(), threshold)
        .ok_or_else(|| AppError::invalid("a key set needs 1 to 7 distinct keys"))
}

fn broken(error: impl std::fmt::Display) -> AppError {
    AppError::Operator(format!("the node's own identity cannot be built: {error}"))
}

/// The log and witness keys of a node's public keys.
fn log_key(bytes: &[u8]) -> Result<LogPublic> {
    LogPublic::from_bytes(bytes).map_err(AppError::from)
}

/// The body of a statement that publishes a node's transport and sealing keys.
pub fn node_keys(node: NodeId, keys: &PublicKeys, now: Timestamp) -> Result<NodeKeys> {
    let kem = |bytes: &[u8], air_gap| -> Result<KemKey> {
        Ok(KemKey {
            public: KemPublic::from_raw(bytes).map_err(broken)?,
            not_before: Timestamp::from_millis(now.millis().saturating_sub(SLOW_CLOCK_MILLIS)),
            not_after: now.plus_millis(if air_gap { 12 * KEM_MILLIS } else { KEM_MILLIS }),
            air_gap,
        })
    };
    Ok(NodeKeys {
        node,
        tls_pins: vec![keys.spki],
        kem: vec![kem(&keys.kem, false)?, kem(&keys.airgap, true)?],
    })
}

/// Founds a nation: root keys, authority, overseers, one node and its keys.
pub fn found(
    founding: &Founding,
    secrets: &KeySecrets,
    entropy: &mut dyn Entropy,
    now: Timestamp,
) -> Result<Founded> {
    let make = |entropy: &mut dyn Entropy| -> Vec<StatementKey> {
        (0..ROOT_KEYS).map(|_| StatementKey::generate(entropy)).collect()
    };
    let roots = make(entropy);
    let next_roots = make(entropy);
    let oversight = StatementKey::generate(entropy);
    let public = secrets.public();

    let root_set = key_set(&roots, ROOT_THRESHOLD)?;
    let genesis = Genesis {
        roots: Roots {
            keys: root_set,
            next: NextRoots::of(&key_set(&next_roots, ROOT_THRESHOLD)?),
        },
        code: founding.code,
        name: founding.name.clone(),
    };
    let all: Vec<&StatementKey> = roots.iter().collect();
    let quorum: Vec<&StatementKey> = roots.iter().take(ROOT_THRESHOLD.into()).collect();
    let authority = [secrets.authority()];

    let first = chain::sign(&chain::compose_genesis(now, genesis), &all);
    let mut state = ChainState::start(&first, now).map_err(broken)?;
    let mut statements = vec![first.to_bytes()];
    let mut extend = |state: &mut ChainState, body: Body, keys: &[&StatementKey]| -> Result<_> {
        let signed = chain::sign(&state.compose(now, body, None), keys);
        state.accept(&signed, now).map_err(broken)?;
        statements.push(signed.to_bytes());
        Ok(signed)
    };
    let one = |key: &StatementKey| {
        KeySet::new(vec![key.public()], 1)
            .ok_or_else(|| AppError::invalid("a key set needs 1 to 7 distinct keys"))
    };
    extend(&mut state, Body::AuthoritySet(one(secrets.authority())?), &quorum)?;
    extend(
        &mut state,
        Body::OversightSet(Oversight {
            keys: one(&oversight)?,
            kem: None,
            mirror: None,
            mandate: founding.mandate.clone(),
        }),
        &quorum,
    )?;
    let nation = state.nation();
    let spec = NodeSpec {
        label: founding.label.clone(),
        origin: entente_ledger::origin::origin(&nation, &founding.label, 1).map_err(broken)?,
        log: log_key(&public.log)?,
        witness: log_key(&public.witness)?,
        endpoints: founding.endpoints.clone(),
        suites: vec![1],
        accreditation: founding.accreditation,
        bodies: founding.bodies.clone(),
        media_types: Vec::new(),
        witnesses: WitnessPolicy { nodes: Vec::new(), quorum: 0 },
    };
    let added = extend(&mut state, Body::NodeAdd(spec), &authority)?;
    let node = digest::node_id(&added.payload);
    extend(&mut state, Body::NodeKeys(node_keys(node, &public, now)?), &authority)?;
    Ok(Founded { nation, node, statements, roots, next_roots, oversight })
}

/// What one nation hands another when they meet: its whole chain. What makes it trustworthy is
/// the comparison of words, not the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The nation that it introduces.
    pub nation: NationId,
    /// Its chain.
    pub statements: Vec<Vec<u8>>,
}

impl Wire for Card {
    const NAME: &'static str = "card";
    const BYTES_MAX: usize = 4 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).value(&self.nation).list(&self.statements, |w, s| {
            w.bytes(s);
        });
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(3, |r| {
            r.uint_to(1, "the version")?;
            Ok(Self {
                nation: r.value()?,
                statements: r.list_nonempty(|r| r.bytes().map(<[u8]>::to_vec))?,
            })
        })
    }
}

/// Replays a chain from its first statement.
pub fn replay(statements: &[Vec<u8>], now: Timestamp) -> Result<ChainState> {
    let wrong = |error: &dyn std::fmt::Display| {
        AppError::Partner(format!("the identity chain does not hold: {error}"))
    };
    let mut decoded = statements.iter().map(|bytes| SignedStatement::from_bytes(bytes));
    let first = decoded.next().ok_or_else(|| wrong(&"it is empty"))?.map_err(|e| wrong(&e))?;
    let mut state = ChainState::start(&first, now).map_err(|e| wrong(&e))?;
    for statement in decoded {
        state.accept(&statement.map_err(|e| wrong(&e))?, now).map_err(|e| wrong(&e))?;
    }
    Ok(state)
}

impl Card {
    /// Checks the card by itself: the chain holds and is that of the nation it names.
    pub fn check(&self, now: Timestamp) -> Result<ChainState> {
        let state = replay(&self.statements, now)?;
        if state.nation() == self.nation {
            Ok(state)
        } else {
            Err(AppError::Partner("the card names another nation than its chain".to_owned()))
        }
    }
}

/// The recognition of another nation.
pub fn recognition(other: &ChainState, scope: &str) -> Body {
    Body::PeerAccept(PeerAccept {
        nation: other.nation(),
        head: other.head(),
        scope: scope.to_owned(),
    })
}
