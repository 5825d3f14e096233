//! Rows: what the storage keeps of each noun.

use entente_model::item::{ItemKind, Lane};
use entente_model::{
    AgreementId, BasisId, BodyDigest, Digest, LawId, NationCode, NationId, NodeId, ObjectId,
    Timestamp, WrapContextId,
};

/// The head of the node's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadRow {
    /// Number of leaves.
    pub size: u64,
    /// Root at that size.
    pub root: Digest,
    /// The fence under which it was written.
    pub fence: u64,
}

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRow {
    /// Its index.
    pub index: u64,
    /// The commitment: the leaf's 33 bytes.
    pub leaf: [u8; 33],
    /// The kind of the overseers' record in it, by code.
    pub kind: u16,
    /// What opens it, an encoding that belongs to `app`; none once erased.
    pub opening: Option<Vec<u8>>,
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Tree size.
    pub size: u64,
    /// Root.
    pub root: Digest,
    /// The signed note.
    pub note: Vec<u8>,
}

/// Where an outgoing lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneOutRow {
    /// The last position that was sequenced.
    pub seq: u64,
    /// The running head there.
    pub chain: Digest,
    /// The partner has everything up to here.
    pub acked: u64,
    /// The partner's ledger says that it has everything up to here.
    pub receipted: u64,
    /// The position that the last lane head announced.
    pub announced: u64,
}

impl Default for LaneOutRow {
    fn default() -> Self {
        Self { seq: 0, chain: Digest::from_array([0; 32]), acked: 0, receipted: 0, announced: 0 }
    }
}

/// Where an incoming lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneInRow {
    /// Everything up to here was taken in or refused.
    pub seq: u64,
    /// The running head there.
    pub chain: Digest,
    /// Our ledger says so up to here.
    pub receipted: u64,
    /// The partner announced that the lane goes this far.
    pub announced: u64,
}

impl Default for LaneInRow {
    fn default() -> Self {
        Self { seq: 0, chain: Digest::from_array([0; 32]), receipted: 0, announced: 0 }
    }
}

/// A run of items that waits for a partner: consecutive positions sequenced in one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// First position.
    pub first: u64,
    /// Last position.
    pub last: u64,
    /// The log's size after the tick: a proof needs a checkpoint at least as large.
    pub size: u64,
    /// When they were sequenced.
    pub at: Timestamp,
    /// Bytes of sealed bodies in the run.
    pub bytes: u64,
    /// The items, an encoding that belongs to `app`.
    pub items: Vec<u8>,
}

/// Something to be sealed and sequenced at the next tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRow {
    /// Its number; ignored when it is stored.
    pub id: i64,
    /// The partner; none for a record that concerns only our overseers.
    pub dst: Option<NodeId>,
    /// The lane, for an item.
    pub lane: Lane,
    /// The item's kind, for an item.
    pub kind: Option<ItemKind>,
    /// The item's payload.
    pub payload: Vec<u8>,
    /// The overseers' record that goes into the same leaf.
    pub record: Vec<u8>,
}

/// What many items of one link share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseContextRow {
    /// The receiving node.
    pub dst: NodeId,
    /// The lane.
    pub lane: Lane,
    /// The wrap context.
    pub wc: WrapContextId,
    /// The grounds.
    pub basis: BasisId,
    /// Digest of the recipient's terms.
    pub terms: Option<Digest>,
    /// The terms, sealed.
    pub terms_sealed: Option<Vec<u8>>,
}

/// A wrap context, ours or a partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextRow {
    /// The partner.
    pub peer: NodeId,
    /// Its id.
    pub id: WrapContextId,
    /// The frame that carries it.
    pub frame: Vec<u8>,
    /// When it was first seen or made.
    pub at: Timestamp,
}

/// An item that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// The sender.
    pub src: NodeId,
    /// The lane.
    pub lane: Lane,
    /// The position.
    pub seq: u64,
    /// Why, by code.
    pub code: u16,
    /// When.
    pub at: Timestamp,
    /// The item as it came.
    pub evidence: Vec<u8>,
}

/// The largest checkpoint verified of a partner's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerLogRow {
    /// Tree size.
    pub size: u64,
    /// Root.
    pub root: Digest,
    /// The signed note.
    pub note: Vec<u8>,
    /// When it was verified.
    pub at: Timestamp,
    /// Whether we cosigned it.
    pub cosigned: bool,
}

/// An object that is held, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Position in the order of arrival; ignored when it is stored.
    pub position: i64,
    /// Its id.
    pub oid: ObjectId,
    /// The originating nation.
    pub nation: NationId,
    /// State, by number (`exchange::state`).
    pub state: u8,
    /// The kind of intelligence.
    pub object_type: String,
    /// The payload's media type.
    pub media_type: String,
    /// The marking, as people write it.
    pub marking: String,
    /// Level on the common ladder.
    pub class: u8,
    /// The payload's length in bytes.
    pub bytes: u64,
    /// Digest of the sealed body.
    pub body: BodyDigest,
    /// When it was stored.
    pub at: Timestamp,
    /// The leaf that released it, for our own.
    pub leaf: Option<u64>,
    /// Whence it came, for others': node, lane, position.
    pub source: Option<(NodeId, Lane, u64)>,
    /// The terms under which we hold it, for others'.
    pub terms: Option<Vec<u8>>,
    /// When it must be deleted.
    pub delete_at: Option<Timestamp>,
    /// What proves to others that it was released to us, for others'; an encoding that belongs to
    /// `app`.
    pub evidence: Option<Vec<u8>>,
    /// The agencies of our nation that it is held for, in order; empty if for all of them.
    pub agencies: Vec<String>,
    /// The nations that it was released to from here, by code, in order.
    pub released_to: Vec<String>,
}

/// One agency's hold of an object that another agency of our nation shared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtHomeRow {
    /// The object.
    pub oid: ObjectId,
    /// The agency that it was shared with.
    pub agency: String,
    /// The agency that shared it.
    pub giver: String,
    /// The terms under which that agency holds it.
    pub terms: Vec<u8>,
    /// The leaf of the decision.
    pub leaf: u64,
    /// When it was shared.
    pub at: Timestamp,
    /// When the agency's hold must end.
    pub delete_at: Option<Timestamp>,
    /// When it ended; none while it lasts.
    pub ended: Option<Timestamp>,
}

/// A recall, ours or a partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallRow {
    /// The object.
    pub oid: ObjectId,
    /// Who ordered it. It binds only if that is the object's originator, which may not be known
    /// when the recall comes first.
    pub nation: NationId,
    /// Whether we are the originator.
    pub own: bool,
    /// The class, by number.
    pub class: u8,
    /// Legal basis, in words.
    pub basis: String,
    /// When it was ordered.
    pub at: Timestamp,
    /// When answers are due.
    pub deadline: Timestamp,
}

/// What one holder did about a recall; no status means that it is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// The object.
    pub oid: ObjectId,
    /// The holder's node.
    pub node: NodeId,
    /// The holder's nation.
    pub nation: NationId,
    /// What it did, by number.
    pub status: Option<u16>,
    /// When its answer came.
    pub at: Option<Timestamp>,
    /// The answer, with what proves it to others; an encoding that belongs to `app`.
    pub effect: Option<Vec<u8>>,
}

/// A consent that was given or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The object.
    pub oid: ObjectId,
    /// Who decided.
    pub from: NationId,
    /// Who may receive.
    pub to: NationId,
    /// Whether it may.
    pub granted: bool,
    /// Until when.
    pub until: Timestamp,
    /// The proof that a third nation can check.
    pub evidence: Vec<u8>,
}

/// A release that waits for someone's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskRow {
    /// Its number; ignored when it is stored.
    pub id: i64,
    /// The object.
    pub oid: ObjectId,
    /// Whether we ask (true) or are asked (false).
    pub ours: bool,
    /// The other node: the one that is asked, or that asks.
    pub peer: NodeId,
    /// Who would receive it.
    pub to: NationId,
    /// The exact request.
    pub request: Vec<u8>,
    /// What was to be released and how, an encoding that belongs to `app`.
    pub plan: Vec<u8>,
    /// `waiting`, `granted`, `refused`, `released`, `denied`.
    pub state: String,
    /// Since when.
    pub at: Timestamp,
}

/// What is known of a nation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRow {
    /// Its id.
    pub nation: NationId,
    /// Its code, as our operator bound it.
    pub code: NationCode,
    /// Its name.
    pub name: String,
    /// `own`, `introduced`, `accepted` or `suspended`.
    pub status: String,
    /// Where it is reached, if our operator set that.
    pub endpoint: Option<String>,
    /// Since when.
    pub at: Timestamp,
    /// Last time anything was heard from it.
    pub heard: Option<Timestamp>,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRow {
    /// Its id.
    pub id: AgreementId,
    /// Its code, such as `ESM-MISA`.
    pub code: String,
    /// Its literate text.
    pub text: Vec<u8>,
    /// `draft`, `offered`, `in_force`, `suspended`, `superseded`, `withdrawn`, `terminated`,
    /// `expired`.
    pub status: String,
    /// Since when.
    pub at: Timestamp,
    /// Who offered it; not known of what was offered before this was kept.
    pub offered_by: Option<NationId>,
    /// When it was offered, or came here.
    pub offered_at: Option<Timestamp>,
    /// The text that it was offered in answer to.
    pub counters: Option<AgreementId>,
}

/// A party's signature on an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureRow {
    /// The agreement.
    pub agreement: AgreementId,
    /// The party.
    pub nation: NationId,
    /// The signed statement.
    pub statement: Vec<u8>,
    /// When it was accepted here.
    pub at: Timestamp,
}

/// What a party did about an agreement after signing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementActRow {
    /// The agreement.
    pub agreement: AgreementId,
    /// The party that did it.
    pub nation: NationId,
    /// Which of its acts about this agreement it is; 0 is its leaving.
    pub number: u64,
    /// `suspend`, `resume`, `notice` or `withdraw`.
    pub act: String,
    /// The party that it concerns; none for all.
    pub party: Option<NationId>,
    /// When it was done, by the word of who did it.
    pub at: Timestamp,
    /// The moment at which the agreement ends, with a notice.
    pub ends: Option<Timestamp>,
    /// Why, in words.
    pub reason: String,
}

/// A national law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawRow {
    /// Its id.
    pub id: LawId,
    /// Its own identifier, such as `XAR-DPA-12`.
    pub code: String,
    /// Its literate text.
    pub text: Vec<u8>,
    /// Whether it is in force.
    pub active: bool,
    /// Since when.
    pub at: Timestamp,
}

/// A person of this nation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The name that they act under.
    pub name: String,
    /// Roles, in words.
    pub roles: Vec<String>,
    /// The body that they belong to.
    pub body: String,
    /// Their clearance: a marking of this nation's scheme.
    pub clearance: String,
    /// Whether they may act.
    pub active: bool,
    /// Since when.
    pub at: Timestamp,
    /// The desk within the body, if they sit at one.
    pub desk: String,
    /// The nation whose national they are, unless it is this one.
    pub nation: Option<NationCode>,
    /// The compartments that they are read into.
    pub read_ins: Vec<String>,
    /// When each role was given, in the order of the roles; one that is missing was given when the
    /// person was added.
    pub roles_at: Vec<Timestamp>,
    /// Of a program: the person who answers for it. None for a person.
    pub owner: Option<String>,
    /// Of a program: until when its credential is good.
    pub until: Option<Timestamp>,
    /// When somebody confirmed last that what they hold is needed.
    pub reviewed: Option<Timestamp>,
    /// Who did; empty if nobody has.
    pub reviewed_by: String,
}

/// When a person was here last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceRow {
    /// The person.
    pub person: String,
    /// When they signed in to the pages last.
    pub signed_in: Option<Timestamp>,
    /// When they asked for anything last, to within an hour.
    pub asked: Option<Timestamp>,
}

/// A person's session in a browser. Its secret is with the browser alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Digest of its secret.
    pub digest: Digest,
    /// Whose it is.
    pub person: String,
    /// When it began.
    pub began: Timestamp,
    /// When something was asked for last, to within half a minute.
    pub seen: Timestamp,
    /// When it ends whatever is asked for.
    pub ends: Timestamp,
    /// How its person signed in: `link`, for instance.
    pub how: String,
    /// Where they came from, if that is known.
    pub source: String,
    /// What their browser calls itself.
    pub agent: String,
    /// The certificate without which it is none.
    pub bound: Option<Digest>,
    /// The offices that its beginning suffices for, as bits, if another authority vouched.
    pub suffices: Option<u64>,
}

/// What another authority knows a person by, and vouches for them with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeRow {
    /// `provider` or `certificate`.
    pub kind: String,
    /// Whose word it is; empty for a certificate, which its key tells apart.
    pub issuer: String,
    /// What the person is there: a name of theirs, or the digest of a public key.
    pub subject: String,
    /// Whose it is here.
    pub person: String,
    /// Since when.
    pub at: Timestamp,
    /// Who put it on record.
    pub by_whom: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// A person's passkey: the public half, which the authenticator keeps the other of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The authenticator's name for it.
    pub id: Vec<u8>,
    /// Whose it is.
    pub person: String,
    /// What they call it.
    pub name: String,
    /// Since when.
    pub at: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
    /// Its counter then; zero for one that does not count.
    pub counter: u64,
    /// Its public key, in COSE.
    pub key: Vec<u8>,
}

/// The secret of a person's codes, sealed like an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Whose it is.
    pub person: String,
    /// Since when.
    pub at: Timestamp,
    /// Whether a code of it was seen.
    pub confirmed: bool,
    /// The step whose code was used last.
    pub step: u64,
    /// Under which its key is in the vault.
    pub oid: ObjectId,
    /// Digest of the sealed secret.
    pub body: BodyDigest,
    /// The sealed secret.
    pub ct: Vec<u8>,
}

/// One object that a person read in an emergency without being cleared for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningRow {
    /// Its number; zero gives it a new one.
    pub id: i64,
    /// By whom.
    pub person: String,
    /// What.
    pub oid: ObjectId,
    /// When.
    pub at: Timestamp,
    /// For which case, and why.
    pub why: String,
    /// By when another person judges it.
    pub due: Timestamp,
    /// Whether it was said that nobody did in time.
    pub told: bool,
    /// When it was judged.
    pub judged: Option<Timestamp>,
    /// By whom; empty until then.
    pub judge: String,
    /// Whether it was justified.
    pub justified: bool,
    /// Why.
    pub judgement: String,
}

/// One reading of an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// Its number; ignored when it is stored.
    pub id: i64,
    /// By whom.
    pub person: String,
    /// What.
    pub oid: ObjectId,
    /// When.
    pub at: Timestamp,
    /// The access, as the ledger covers it.
    pub access: Vec<u8>,
    /// The ledger entry that covers it, once there is one.
    pub leaf: Option<u64>,
}

/// Which accesses are looked for; what is not named may be any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessFilter {
    /// By whom.
    pub person: Option<String>,
    /// Of what.
    pub oid: Option<ObjectId>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Before this number.
    pub before: Option<i64>,
}

/// How many objects of one nation are held under one marking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedCount {
    /// Whether they are our own.
    pub own: bool,
    /// The originating nation.
    pub nation: NationId,
    /// The marking, as people write it.
    pub marking: String,
    /// The agencies that they are held for; empty if for all of them.
    pub agencies: Vec<String>,
    /// The nations that they were released to.
    pub released_to: Vec<String>,
    /// Their state, by number.
    pub state: u8,
    /// How many there are.
    pub count: u64,
}

/// An act that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// Digest of the exact act.
    pub digest: Digest,
    /// What kind of act.
    pub act: String,
    /// What it is about, for people.
    pub about: String,
    /// The exact act.
    pub bytes: Vec<u8>,
    /// Who approved so far.
    pub approvers: Vec<String>,
    /// Since when.
    pub at: Timestamp,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its number; ignored when it is stored.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `received`, `released`, `refused`, `held`, `link`, `alarm`, ….
    pub kind: String,
    /// The object it concerns.
    pub oid: Option<ObjectId>,
    /// The nation it concerns.
    pub nation: Option<NationId>,
    /// One line for people: no content.
    pub text: String,
    /// Details as JSON, or empty.
    pub detail: String,
}

/// A fact on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// Its id.
    pub id: Digest,
    /// The fact, with who asserted it and when, as its id covers it.
    pub asserted: Vec<u8>,
    /// The first moment at which it holds no more.
    pub until: Timestamp,
    /// The ledger entry that records it, in the ledger of who asserted it.
    pub leaf: u64,
    /// When it was withdrawn, by whom and why.
    pub revoked: Option<(Timestamp, String, String)>,
    /// Whether people were told that it holds no more.
    pub lapse_told: bool,
    /// The partner that stated it; none for our own.
    pub source: Option<NationId>,
    /// What proves that the partner did; an encoding that belongs to `app`.
    pub evidence: Option<Vec<u8>>,
    /// The partners that it was stated to, by code.
    pub told_to: Vec<String>,
}

/// Releases to one nation that rest on a fact: leaves of one batch with the same inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactUseRow {
    /// The fact.
    pub fact: Digest,
    /// The nation that received.
    pub nation: NationId,
    /// The inputs of the decisions.
    pub inputs: Digest,
    /// The first of the leaves.
    pub first: u64,
    /// The last of them; between them are leaves with other inputs too.
    pub last: u64,
}

/// A standing rule, in one of its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// The digest of its exact bytes.
    pub id: Digest,
    /// Its name.
    pub name: String,
    /// `active`, `suspended`, `replaced` by a narrower form, or `removed`.
    pub state: String,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The ledger entry that says so.
    pub leaf: u64,
    /// Its exact bytes.
    pub rule: Vec<u8>,
}

/// A release that a standing rule made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReleaseRow {
    /// The rule, in the form that it had.
    pub rule: Digest,
    /// The rule's name.
    pub name: String,
    /// The object.
    pub oid: ObjectId,
    /// The ledger entry.
    pub leaf: u64,
    /// When.
    pub at: Timestamp,
    /// The day since 1970, by which the daily limit is counted.
    pub day: u64,
    /// The codes of the nations that got it by the rule, with commas.
    pub nations: String,
    /// `none`, `waiting`, `accepted` or `objected`.
    pub review: String,
    /// Who reviewed it, when and what they said.
    pub reviewed: Option<(String, Timestamp, String)>,
}
