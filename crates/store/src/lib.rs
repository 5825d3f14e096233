//! Storage in domain words: what a node keeps, and the promises that the keeping makes.
//!
//! Traits say what is kept ([`Ledger`], [`Lanes`], [`Objects`], [`Peers`], [`Policy`],
//! [`Facts`], [`Standing`], [`People`], [`Accesses`], [`Journal`]); [`sqlite`] keeps it. A unit of work is one durable transaction: all
//! of it or nothing. Nothing here assumes that one process owns the data: every write by the
//! sequencer is conditional on its fence ([`Ledger::advance_head`]), so a paused old leader
//! fails at commit.
//!
//! Deciding, sealing and signing belong to others; this crate never interprets a body.

#[doc(hidden)]
pub mod conformance;
pub mod rows;
pub mod sqlite;

use entente_model::item::Lane;
use entente_model::record::RecordKind;
use entente_model::{
    AgreementId, Digest, LawId, NationId, NodeId, ObjectId, Timestamp, WrapContextId,
};
use thiserror::Error;

use crate::rows::{
    AccessFilter, AccessRow, AgreementActRow, AgreementRow, AskRow, AtHomeRow, BadgeRow,
    CheckpointRow, CodeRow, ConsentRow, ContextRow, EffectRow, EventRow, FactRow, FactUseRow,
    HeadRow, IntentRow, LaneInRow, LaneOutRow, LawRow, LeafRow, MarkedCount, ObjectRow, OpeningRow,
    OutboxRow, PasskeyRow, PeerLogRow, PeerRow, PersonRow, PresenceRow, ProposalRow, QuarantineRow,
    RecallRow, ReleaseContextRow, RuleReleaseRow, RuleRow, SessionRow, SignatureRow,
};

/// Why something could not be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The disk is full: nothing was changed.
    #[error("the disk is full; nothing was changed: free space and try again")]
    Full,
    /// Another writer came first.
    #[error("{0} was changed by another writer")]
    Conflict(&'static str),
    /// The data was written by a newer version of the program.
    #[error(
        "the data has schema version {found}, this program knows {known}: use the newer program"
    )]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// What was read is not what was written.
    #[error("stored {0} is damaged")]
    Damaged(&'static str),
    /// Anything else that the storage engine says.
    #[error("storage failed: {0}")]
    Engine(String),
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The node's own Merkle log and its openings.
pub trait Ledger {
    /// The log's head, once it has begun.
    fn head(&self) -> Result<Option<HeadRow>>;
    /// Moves the head if it is still at `expected` (0 before the log has begun) and `next` has
    /// the fence that was taken last; else a conflict.
    fn advance_head(&mut self, expected: u64, next: &HeadRow) -> Result<()>;
    /// Takes the sequencer's office: raises the fence above every earlier one.
    fn take_fence(&mut self) -> Result<u64>;
    /// A hash tile, as concatenated 32-byte hashes.
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>>;
    /// Stores a hash tile, replacing a partial one.
    fn put_tile(&mut self, level: u8, index: u64, hashes: &[u8]) -> Result<()>;
    /// Stores a leaf and what opens it; a conflict if the log has a leaf there.
    fn put_leaf(&mut self, leaf: &LeafRow) -> Result<()>;
    /// A leaf.
    fn leaf(&self, index: u64) -> Result<Option<LeafRow>>;
    /// Leaves from `from`, at most `count`.
    fn leaves(&self, from: u64, count: u64) -> Result<Vec<LeafRow>>;
    /// The newest leaves of a record kind, newest first.
    fn leaves_of_kind(&self, kind: RecordKind, count: u64) -> Result<Vec<LeafRow>>;
    /// Destroys what opens a leaf; the leaf's commitment stays.
    fn erase_opening(&mut self, index: u64) -> Result<()>;
    /// Stores a signed checkpoint; a conflict if another root was signed at that size.
    fn put_checkpoint(&mut self, row: &CheckpointRow) -> Result<()>;
    /// The newest signed checkpoint.
    fn checkpoint(&self) -> Result<Option<CheckpointRow>>;
    /// The signed checkpoint at exactly this size.
    fn checkpoint_at(&self, size: u64) -> Result<Option<CheckpointRow>>;
    /// Stores a witness's cosignature lines for a checkpoint.
    fn put_cosignature(&mut self, size: u64, witness: NodeId, lines: &[u8]) -> Result<()>;
    /// Cosignatures, newest checkpoint first.
    fn cosignatures(&self, count: u64) -> Result<Vec<(u64, NodeId, Vec<u8>)>>;
    /// Keeps bytes under their digest; keeping them again changes nothing.
    fn put_preimage(&mut self, digest: Digest, bytes: &[u8]) -> Result<()>;
    /// Bytes kept under a digest.
    fn preimage(&self, digest: Digest) -> Result<Option<Vec<u8>>>;
}

/// What is on its way out and in, link by link and lane by lane.
pub trait Lanes {
    /// Where an outgoing lane stands.
    fn lane_out(&self, dst: NodeId, lane: Lane) -> Result<LaneOutRow>;
    /// Records where an outgoing lane stands.
    fn put_lane_out(&mut self, dst: NodeId, lane: Lane, row: &LaneOutRow) -> Result<()>;
    /// Where an incoming lane stands.
    fn lane_in(&self, src: NodeId, lane: Lane) -> Result<LaneInRow>;
    /// Records where an incoming lane stands.
    fn put_lane_in(&mut self, src: NodeId, lane: Lane, row: &LaneInRow) -> Result<()>;
    /// Queues a run of items for a partner; a conflict if it was queued before.
    fn put_outbox(&mut self, dst: NodeId, lane: Lane, row: &OutboxRow) -> Result<()>;
    /// Runs that hold items from `from` on, at most `count` runs.
    fn outbox(&self, dst: NodeId, lane: Lane, from: u64, count: u64) -> Result<Vec<OutboxRow>>;
    /// Forgets runs that were receipted entirely.
    fn trim_outbox(&mut self, dst: NodeId, lane: Lane, upto: u64) -> Result<()>;
    /// Counts no bytes any longer for runs up to a position; the runs stay.
    fn empty_outbox(&mut self, dst: NodeId, lane: Lane, upto: u64) -> Result<()>;
    /// Bytes that wait for a partner, and since when.
    fn outbox_waiting(&self, dst: NodeId) -> Result<(u64, Option<Timestamp>)>;
    /// Something to be sealed and sequenced at the next tick.
    fn put_intent(&mut self, intent: &IntentRow) -> Result<()>;
    /// What waits to be sequenced, oldest first.
    fn intents(&self, count: u64) -> Result<Vec<IntentRow>>;
    /// Whether anything waits.
    fn has_intents(&self) -> Result<bool>;
    /// It was sequenced.
    fn drop_intent(&mut self, id: i64) -> Result<()>;
    /// A context under which items are released; the same content gives the same number.
    fn put_release_context(&mut self, row: &ReleaseContextRow) -> Result<i64>;
    /// A context under which items are released.
    fn release_context(&self, id: i64) -> Result<Option<ReleaseContextRow>>;
    /// Stores a wrap context.
    fn put_wrap_context(&mut self, row: &ContextRow) -> Result<()>;
    /// A wrap context.
    fn wrap_context(&self, peer: NodeId, id: WrapContextId) -> Result<Option<ContextRow>>;
    /// Keeps an item that came before its predecessors; one that comes again replaces it.
    fn put_early(&mut self, src: NodeId, lane: Lane, seq: u64, frames: &[u8]) -> Result<()>;
    /// Early items kept for a lane.
    fn early_count(&self, src: NodeId, lane: Lane) -> Result<u64>;
    /// An early item.
    fn early(&self, src: NodeId, lane: Lane, seq: u64) -> Result<Option<Vec<u8>>>;
    /// Forgets early items up to a position.
    fn trim_early(&mut self, src: NodeId, lane: Lane, upto: u64) -> Result<()>;
    /// Keeps an item that was refused, with its evidence: the first for each position and code.
    fn put_quarantine(&mut self, row: &QuarantineRow) -> Result<()>;
    /// Bytes of evidence that are kept of a partner's refused items.
    fn quarantine_bytes(&self, src: NodeId) -> Result<u64>;
    /// Refused items, newest first.
    fn quarantine(&self, count: u64) -> Result<Vec<QuarantineRow>>;
    /// Keeps what proves that a partner receipted one of our lanes up to a position.
    fn put_receipt(&mut self, from: NodeId, lane: Lane, upto: u64, evidence: &[u8]) -> Result<()>;
    /// The first receipt of a partner that covers a position of a lane: how far it reaches, and
    /// what proves it.
    fn receipt(&self, from: NodeId, lane: Lane, seq: u64) -> Result<Option<(u64, Vec<u8>)>>;
    /// The largest checkpoint verified of a partner's log.
    fn peer_log(&self, origin: &str) -> Result<Option<PeerLogRow>>;
    /// Records the largest checkpoint verified of a partner's log; a conflict if it is smaller
    /// than the one that is known, or of another root at the same size.
    fn put_peer_log(&mut self, origin: &str, row: &PeerLogRow) -> Result<()>;
    /// What every partner's log was last seen at.
    fn peer_logs(&self) -> Result<Vec<(String, PeerLogRow)>>;
    /// The root known of some log at some size.
    fn root_seen(&self, origin: &str, size: u64) -> Result<Option<Digest>>;
    /// A root that some partner reports of some log; returns the root already known, if any.
    fn note_root(&mut self, origin: &str, size: u64, root: Digest) -> Result<Option<Digest>>;
}

/// Holdings.
pub trait Objects {
    /// Stores an object, unless it is held already.
    fn put_object(&mut self, row: &ObjectRow, ct: &[u8]) -> Result<bool>;
    /// An object.
    fn object(&self, oid: ObjectId) -> Result<Option<ObjectRow>>;
    /// The sealed body of an object.
    fn body(&self, oid: ObjectId) -> Result<Option<Vec<u8>>>;
    /// Changes an object's state, if it is known.
    fn set_object_state(&mut self, oid: ObjectId, state: u8) -> Result<()>;
    /// Destroys the sealed body; the object is remembered, but no longer held.
    fn drop_body(&mut self, oid: ObjectId) -> Result<()>;
    /// Objects before a position, newest first.
    fn objects(&self, before: Option<i64>, count: u64, own: Option<bool>)
    -> Result<Vec<ObjectRow>>;
    /// How many objects are held, with their bodies: (own, received).
    fn object_counts(&self) -> Result<(u64, u64)>;
    /// How many of them are of at most this class, by what their markings say, whose they are, for
    /// whom they are held, to whom they went, and their state.
    fn object_counts_to(&self, class: u8) -> Result<Vec<MarkedCount>>;
    /// Objects that are held although their time to be deleted has come, the oldest first.
    fn objects_due(&self, now: Timestamp, count: u64) -> Result<Vec<ObjectRow>>;
    /// Changes the agencies of our nation that an object is held for.
    fn set_agencies(&mut self, oid: ObjectId, agencies: &[String]) -> Result<()>;
    /// Changes the nations that an object was released to from here.
    fn set_released_to(&mut self, oid: ObjectId, nations: &[String]) -> Result<()>;
    /// Records that an agency holds an object of another, anew if it held it before.
    fn put_at_home(&mut self, row: &AtHomeRow) -> Result<()>;
    /// What agencies of ours hold or held of an object because another shared it with them.
    fn at_home(&self, oid: ObjectId) -> Result<Vec<AtHomeRow>>;
    /// Holds of agencies that last although their time to end has come, the oldest first.
    fn at_home_due(&self, now: Timestamp, count: u64) -> Result<Vec<AtHomeRow>>;
    /// Ends an agency's hold of an object.
    fn end_at_home(&mut self, oid: ObjectId, agency: &str, at: Timestamp) -> Result<()>;
    /// Starts or updates a recall. Its class only grows: a weaker one that comes later, or is
    /// overtaken, takes nothing back.
    fn put_recall(&mut self, row: &RecallRow) -> Result<()>;
    /// Recalls, newest first.
    fn recalls(&self, count: u64) -> Result<Vec<RecallRow>>;
    /// A nation's recall of an object.
    fn recall(&self, oid: ObjectId, nation: NationId) -> Result<Option<RecallRow>>;
    /// An effect that is expected of a holder, or that it reported.
    fn put_effect(&mut self, row: &EffectRow) -> Result<()>;
    /// Effects of a recall.
    fn effects(&self, oid: ObjectId) -> Result<Vec<EffectRow>>;
    /// Records that a consent was given or refused.
    fn put_consent(&mut self, row: &ConsentRow) -> Result<()>;
    /// Consents for an object.
    fn consents(&self, oid: ObjectId) -> Result<Vec<ConsentRow>>;
    /// A release that waits for someone's consent.
    fn put_ask(&mut self, row: &AskRow) -> Result<i64>;
    /// Releases that wait, ours and partners', newest first.
    fn asks(&self) -> Result<Vec<AskRow>>;
    /// Changes the state of a waiting release.
    fn set_ask(&mut self, id: i64, state: &str) -> Result<()>;
}

/// Other nations.
pub trait Peers {
    /// Appends a statement to a nation's identity chain; a conflict if another is there.
    fn put_statement(&mut self, nation: NationId, seq: u64, statement: &[u8]) -> Result<()>;
    /// A nation's identity chain from `from`.
    fn statements(&self, nation: NationId, from: u64) -> Result<Vec<Vec<u8>>>;
    /// Stores what is known of a nation.
    fn put_peer(&mut self, row: &PeerRow) -> Result<()>;
    /// All nations that are known, ours included.
    fn peers(&self) -> Result<Vec<PeerRow>>;
}

/// Agreements and laws.
pub trait Policy {
    /// Stores an agreement or its new status.
    fn put_agreement(&mut self, row: &AgreementRow) -> Result<()>;
    /// All agreements.
    fn agreements(&self) -> Result<Vec<AgreementRow>>;
    /// Stores a party's signature.
    fn put_signature(&mut self, row: &SignatureRow) -> Result<()>;
    /// Signatures on an agreement.
    fn signatures(&self, agreement: AgreementId) -> Result<Vec<SignatureRow>>;
    /// A partner said, in this entry of its ledger, that it holds the agreement complete.
    fn put_activation(&mut self, agreement: AgreementId, nation: NationId, leaf: u64)
    -> Result<()>;
    /// The entry of its ledger in which a partner said so; 0 if it was not kept.
    fn activation_leaf(&self, agreement: AgreementId, nation: NationId) -> Result<Option<u64>>;
    /// Partners that hold the agreement complete.
    fn activations(&self, agreement: AgreementId) -> Result<Vec<NationId>>;
    /// Stores what a party did about an agreement; the first of one number stays.
    fn put_agreement_act(&mut self, row: &AgreementActRow) -> Result<()>;
    /// What parties did about an agreement, by party and number.
    fn agreement_acts(&self, agreement: AgreementId) -> Result<Vec<AgreementActRow>>;
    /// Stores a law or its new status.
    fn put_law(&mut self, row: &LawRow) -> Result<()>;
    /// All laws.
    fn laws(&self) -> Result<Vec<LawRow>>;
    /// Forgets a law that was never in force here; one in force stays.
    fn drop_law(&mut self, id: LawId) -> Result<()>;
}

/// Facts on record, and the releases that rest on them.
pub trait Facts {
    /// Stores a fact, or its new state.
    fn put_fact(&mut self, row: &FactRow) -> Result<()>;
    /// A fact.
    fn fact(&self, id: Digest) -> Result<Option<FactRow>>;
    /// Facts that were not withdrawn and hold now or later.
    fn facts_standing(&self, now: Timestamp) -> Result<Vec<FactRow>>;
    /// All facts, the newest first.
    fn facts(&self, count: u64) -> Result<Vec<FactRow>>;
    /// Facts that hold no more, or were withdrawn, without people having been told.
    fn facts_lapsed(&self, now: Timestamp) -> Result<Vec<FactRow>>;
    /// Records that releases rest on a fact.
    fn put_fact_use(&mut self, row: &FactUseRow) -> Result<()>;
    /// Releases that rest on a fact, the newest first.
    fn fact_uses(&self, fact: Digest, count: u64) -> Result<Vec<FactUseRow>>;
}

/// Standing rules, and the releases that they made.
pub trait Standing {
    /// Stores a form of a rule, or its new state.
    fn put_rule(&mut self, row: &RuleRow) -> Result<()>;
    /// All forms of all rules, by name, the oldest first.
    fn rules(&self) -> Result<Vec<RuleRow>>;
    /// Stores a release that a rule made, or what a reviewer said of it.
    fn put_rule_release(&mut self, row: &RuleReleaseRow) -> Result<()>;
    /// What a rule released, the newest first.
    fn rule_releases(&self, name: &str, count: u64) -> Result<Vec<RuleReleaseRow>>;
    /// The rules that released an object.
    fn rule_releases_of(&self, oid: ObjectId) -> Result<Vec<RuleReleaseRow>>;
    /// What waits for a reviewer, the oldest first.
    fn rule_reviews(&self) -> Result<Vec<RuleReleaseRow>>;
    /// How many objects a rule released on a day since 1970.
    fn rule_releases_on(&self, name: &str, day: u64) -> Result<u64>;
}

/// Persons of this nation, and acts that need two of them.
pub trait People {
    /// Stores a person.
    fn put_person(&mut self, row: &PersonRow) -> Result<()>;
    /// A person by name.
    fn person(&self, name: &str) -> Result<Option<PersonRow>>;
    /// All persons.
    fn people(&self) -> Result<Vec<PersonRow>>;
    /// Stores a secret's digest for a person: a credential, a session or a one-time link.
    fn put_token(
        &mut self,
        digest: Digest,
        person: &str,
        kind: &str,
        expires: Option<Timestamp>,
    ) -> Result<()>;
    /// Whose secret it is, what kind, and until when.
    fn token(&self, digest: Digest) -> Result<Option<(String, String, Option<Timestamp>)>>;
    /// Forgets every secret of a person; says how many there were.
    fn drop_tokens_of(&mut self, person: &str) -> Result<u64>;
    /// Forgets a secret; says whether it was there.
    fn drop_token(&mut self, digest: Digest) -> Result<bool>;
    /// An act that waits for a second person.
    fn put_proposal(&mut self, row: &ProposalRow) -> Result<()>;
    /// An act that waits for a second person.
    fn proposal(&self, digest: Digest) -> Result<Option<ProposalRow>>;
    /// Acts that wait.
    fn proposals(&self) -> Result<Vec<ProposalRow>>;
    /// The act was carried out or dropped.
    fn drop_proposal(&mut self, digest: Digest) -> Result<()>;
}

/// How persons sign in, and their sessions.
pub trait SignIns {
    /// Stores a session.
    fn put_session(&mut self, row: &SessionRow) -> Result<()>;
    /// A session by its secret's digest.
    fn session(&self, digest: Digest) -> Result<Option<SessionRow>>;
    /// All sessions, or those of one person; the one that began last comes first.
    fn sessions(&self, person: Option<&str>) -> Result<Vec<SessionRow>>;
    /// Records that something was asked for in a session, if it is there.
    fn touch_session(&mut self, digest: Digest, seen: Timestamp) -> Result<()>;
    /// Forgets a session; says whether it was there.
    fn drop_session(&mut self, digest: Digest) -> Result<bool>;
    /// Forgets every session of a person; says how many there were.
    fn drop_sessions_of(&mut self, person: &str) -> Result<u64>;
    /// Stores a passkey, or when it was used last; a conflict if another person has it.
    fn put_passkey(&mut self, row: &PasskeyRow) -> Result<()>;
    /// A passkey by its id.
    fn passkey(&self, id: &[u8]) -> Result<Option<PasskeyRow>>;
    /// The passkeys of a person, the oldest first.
    fn passkeys(&self, person: &str) -> Result<Vec<PasskeyRow>>;
    /// Forgets a passkey; says whether it was there.
    fn drop_passkey(&mut self, id: &[u8]) -> Result<bool>;
    /// Stores when a person was here last.
    fn put_presence(&mut self, row: &PresenceRow) -> Result<()>;
    /// When a person was here last.
    fn presence(&self, person: &str) -> Result<Option<PresenceRow>>;
    /// Stores the sealed secret of a person's codes, in the place of an earlier one.
    fn put_code(&mut self, row: &CodeRow) -> Result<()>;
    /// The sealed secret of a person's codes.
    fn code(&self, person: &str) -> Result<Option<CodeRow>>;
    /// Whether the vault's key of this id opens the secret of someone's codes.
    fn is_key_of_code(&self, oid: ObjectId) -> Result<bool>;
    /// Forgets the secret of a person's codes.
    fn drop_code(&mut self, person: &str) -> Result<()>;
    /// Stores a badge; a conflict if it is there.
    fn put_badge(&mut self, row: &BadgeRow) -> Result<()>;
    /// A badge by its kind, its issuer and its subject.
    fn badge(&self, kind: &str, issuer: &str, subject: &str) -> Result<Option<BadgeRow>>;
    /// The badges of a person, or all of them, the oldest first.
    fn badges(&self, person: Option<&str>) -> Result<Vec<BadgeRow>>;
    /// Forgets a badge; says whether it was there.
    fn drop_badge(&mut self, kind: &str, issuer: &str, subject: &str) -> Result<bool>;
}

/// Who read what, for the overseers.
pub trait Accesses {
    /// Keeps an access.
    fn put_access(&mut self, row: &AccessRow) -> Result<()>;
    /// Accesses that no ledger entry covers yet, oldest first.
    fn accesses_open(&self, count: u64) -> Result<Vec<AccessRow>>;
    /// Records the ledger entry that covers those up to a number; says how many it covers.
    fn enter_accesses(&mut self, upto: i64, leaf: u64) -> Result<u64>;
    /// The accesses that a ledger entry covers, oldest first.
    fn accesses_of(&self, leaf: u64) -> Result<Vec<AccessRow>>;
    /// Stores an opening, or what became of it.
    fn put_opening(&mut self, row: &OpeningRow) -> Result<()>;
    /// An opening by its number.
    fn opening(&self, id: i64) -> Result<Option<OpeningRow>>;
    /// Openings, newest first.
    fn openings(&self, count: u64) -> Result<Vec<OpeningRow>>;
    /// Accesses, newest first.
    fn accesses(&self, filter: &AccessFilter, count: u64) -> Result<Vec<AccessRow>>;
}

/// What happened, for pages and people; the ledger is for proving.
pub trait Journal {
    /// Adds an event and returns its number.
    fn put_event(&mut self, row: &EventRow) -> Result<i64>;
    /// Events after a number, oldest first.
    fn events_after(&self, after: i64, count: u64) -> Result<Vec<EventRow>>;
    /// The newest events, newest first, of one kind if given.
    fn events(&self, kind: Option<&str>, before: Option<i64>, count: u64) -> Result<Vec<EventRow>>;
    /// A named value.
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Stores a named value.
    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()>;
}

/// Everything that one unit of work may read and change.
pub trait Work:
    Ledger + Lanes + Objects + Peers + Policy + Facts + Standing + People + SignIns + Accesses + Journal
{
}

impl<T> Work for T where
    T: Ledger
        + Lanes
        + Objects
        + Peers
        + Policy
        + Facts
        + Standing
        + People
        + SignIns
        + Accesses
        + Journal
{
}

/// The main database.
pub trait Store: Send + Sync {
    /// Does `work` in one durable transaction: all of it, or nothing if it fails.
    fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Work) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E>;

    /// Looks at one consistent state.
    fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&dyn Work) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E>;
}

/// The vault's shard of an object: the first two bytes of its id (`protocol.md` 5.3).
pub fn shard_of(oid: ObjectId) -> u16 {
    let [high, low, ..] = *oid.as_bytes();
    u16::from_be_bytes([high, low])
}

/// The key vault: a second database, so that destroying a key destroys it everywhere
/// (`protocol.md` 5.3). It holds sealed keys only.
pub trait Vault: Send + Sync {
    /// Adds sealed body keys and new shard keys in one durable transaction; a conflict if a
    /// shard has another key.
    fn put(&self, shards: &[(u16, Vec<u8>)], keys: &[(ObjectId, Vec<u8>)]) -> Result<()>;
    /// The sealed keys of some objects, in order.
    fn keys(&self, oids: &[ObjectId]) -> Result<Vec<Option<Vec<u8>>>>;
    /// Every shard key, sealed under the epoch key.
    fn shards(&self) -> Result<Vec<(u16, Vec<u8>)>>;
    /// Deletes body keys; returns the shards that a sweep must renew.
    fn shred(&self, oids: &[ObjectId]) -> Result<Vec<u16>>;
    /// Shards that saw a deletion since the last sweep.
    fn dirty(&self) -> Result<Vec<u16>>;
    /// The body keys of a shard.
    fn shard_keys(&self, shard: u16) -> Result<Vec<(ObjectId, Vec<u8>)>>;
    /// Replaces shard keys and the body keys under them, and clears the dirty marks, in one
    /// durable transaction. A shard that is dirty, or of which any body key is given, must come
    /// with all of its body keys: a conflict if one came or went meanwhile. The body keys of
    /// other shards stay: their shard keys were only sealed anew.
    fn renew(&self, shards: &[(u16, Vec<u8>)], keys: &[(ObjectId, Vec<u8>)]) -> Result<()>;
}
