//! A node at work: its parts, what it knows, and how it starts.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use entente_exchange::chain::{ChainStanding, ChainState, NodeState};
use entente_exchange::send::Owed;
use entente_law::{Register, Schemes};
use entente_model::item::Lane;
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{
    Clock, Digest, Entropy, KeyId, NationCode, NationId, NodeId, Timestamp, WrapContextId,
};
use entente_seal::wrap::KemPublic;
use entente_store::rows::{EventRow, PeerRow};
use entente_store::{Store, StoreError, Vault, Work};

use crate::error::{AppError, Result};
use crate::identity;
use crate::keys::{KeyError, Keys, Shards};
use crate::leap::Seen;
use crate::people::{Attempts, Tickets};
use crate::policy::Policy;
use crate::rollback::{self, Guard};
use crate::sequencer::{self, LeafDraft};
use crate::settings::{Disk, Intake, Settings};
use crate::standing::{self, HeldRule};

/// Who this node is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its nation.
    pub nation: NationId,
    /// Itself.
    pub node: NodeId,
    /// The nation's code.
    pub code: NationCode,
    /// The nation's name.
    pub name: String,
    /// Its log's origin line.
    pub origin: String,
    /// The bodies that act through this node; the first is the one that sends by default.
    pub bodies: Vec<String>,
    /// What it is accredited to, on the common ladder.
    pub accreditation: u8,
}

/// A nation that this node knows, itself included.
#[derive(Debug, Clone)]
pub struct Nation {
    /// What the store keeps of it.
    pub row: PeerRow,
    /// Its identity chain.
    pub chain: ChainState,
}

impl Nation {
    /// Its node. In this version a nation receives at its first node.
    pub fn node(&self) -> Option<(NodeId, &NodeState)> {
        self.chain.nodes().find(|(_, node)| node.revoked.is_none())
    }
}

/// Everything that is known of other nations and of the law, at one moment.
#[derive(Debug)]
pub struct Known {
    /// Nations, ours included.
    pub nations: BTreeMap<NationId, Nation>,
    /// Agreements and laws.
    pub policy: Policy,
    /// Facts on record.
    pub register: Register,
    /// Standing rules, in force and suspended.
    pub standing: Vec<HeldRule>,
    /// How often the ground had given way when this was read.
    pub(crate) ground: u64,
}

impl Known {
    /// A nation by id.
    pub fn nation(&self, id: &NationId) -> Option<&Nation> {
        self.nations.get(id)
    }

    /// A nation by code.
    pub fn by_code(&self, code: NationCode) -> Option<&Nation> {
        self.nations.values().find(|n| n.row.code == code)
    }

    /// The nation of a node.
    pub fn by_node(&self, node: &NodeId) -> Option<&Nation> {
        self.nations.values().find(|n| n.chain.node(node).is_some())
    }

    /// A nation's code, or the start of its id if it is not known.
    pub fn name_of(&self, id: &NationId) -> String {
        self.nation(id).map_or_else(|| id.short(), |n| n.row.code.to_string())
    }

    /// Nations that may be dealt with: recognised by us, not suspended, with a sound chain.
    pub fn partners(&self, own: NationId) -> impl Iterator<Item = (&Nation, NodeId, &NodeState)> {
        self.nations
            .values()
            .filter(move |n| n.row.nation != own && n.row.status == "accepted")
            .filter(|n| matches!(n.chain.standing(), ChainStanding::Good | ChainStanding::Frozen))
            .filter_map(|n| n.node().map(|(id, node)| (n, id, node)))
    }
}

/// A wrap context towards a partner that is still good.
#[derive(Debug, Clone)]
pub(crate) struct OpenLink {
    pub(crate) wc: WrapContextId,
    pub(crate) opened: Timestamp,
    pub(crate) items: u64,
    /// Terms that were sealed under it, by their digest. They change with agreements and days, so
    /// that most releases find theirs here.
    pub(crate) terms: BTreeMap<Digest, Vec<u8>>,
}

/// Called when something changed that someone may wait for.
pub type Wake = Box<dyn Fn(&WakeUp) + Send + Sync>;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeUp {
    /// Something waits to be sent to a partner.
    Outgoing(NodeId),
    /// There are new events.
    Events,
    /// Something waits to be sequenced.
    Intents,
}

/// A node at work.
pub struct Node<S, V> {
    pub(crate) store: S,
    pub(crate) vault: V,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Mutex<Box<dyn Entropy>>,
    pub(crate) identity: Identity,
    /// The classification schemes, as they were when it started.
    schemes: Schemes,
    /// The sealing keys that the key process holds, for links and for media.
    pub(crate) kem_ids: [KeyId; 2],
    pub(crate) fence: AtomicU64,
    pub(crate) known: RwLock<Arc<Known>>,
    pub(crate) links: Mutex<HashMap<NodeId, OpenLink>>,
    /// Bytes that the ROUTINE lane of each link is owed, so that it never starves.
    pub(crate) routine_owed: Mutex<HashMap<NodeId, Owed>>,
    /// The running heads of lanes to partners where bundles ended.
    pub(crate) sent_heads: Mutex<BTreeMap<(NodeId, Lane), BTreeMap<u64, Digest>>>,
    /// One bundle of a partner at a time.
    pub(crate) receiving: Mutex<HashMap<NodeId, Arc<Mutex<()>>>>,
    pub(crate) tick: Mutex<()>,
    /// Held for reading from the sealing of keys until what they open is stored, for writing
    /// while the vault's keys are renewed and orphans swept.
    pub(crate) keeping: RwLock<()>,
    /// One change of the vault at a time, from the key process's answer to the durable row:
    /// a shard's new key must be kept before anything that another thread seals under it.
    /// Taken after the store's writer, never before it.
    pub(crate) vaulting: Mutex<()>,
    /// The key process may believe that a shard key is kept that is not, or may have begun anew:
    /// it is told again what the vault keeps before it seals anything more for it.
    pub(crate) shards_unsure: AtomicBool,
    /// One tick at a time: what waits is sequenced once.
    pub(crate) ticking: Mutex<()>,
    pub(crate) settings: Settings,
    pub(crate) disk: Box<dyn Disk>,
    /// What partners said of our ledger since the start.
    pub(crate) guard: Mutex<Guard>,
    /// Why the newest head could not be signed, if its anchor could not be written.
    pub(crate) anchor_fault: Mutex<Option<String>>,
    /// What was seen of the clock, once it was looked at.
    pub(crate) clock_seen: Mutex<Option<Seen>>,
    /// How many lanes the disk closed when people were told last.
    pub(crate) lanes_closed: AtomicUsize,
    /// Failed sign-ins since the start.
    pub(crate) attempts: Mutex<Attempts>,
    /// What passkeys were asked, and what was answered.
    pub(crate) tickets: Mutex<Tickets>,
    pub(crate) wake: Wake,
}

impl<S, V> std::fmt::Debug for Node<S, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node of {}", self.identity.code)
    }
}

/// What a node is made of.
pub struct Parts<S, V> {
    /// The main database.
    pub store: S,
    /// The key vault.
    pub vault: V,
    /// The key process.
    pub keys: Arc<dyn Keys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Box<dyn Entropy>,
    /// What the operator sets.
    pub settings: Settings,
    /// The disk that the databases are on.
    pub disk: Box<dyn Disk>,
    /// Told when something changed.
    pub wake: Wake,
}

const OWN: &str = "own";

/// Locks, whatever became of the last holder: the data behind is a cache, the store is the truth.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Lays down a newly founded nation in empty storage.
    pub fn lay_down(
        store: &S,
        founded: &identity::Founded,
        founding: &identity::Founding,
        now: Timestamp,
    ) -> Result<()> {
        store.write(|work| {
            if work.peers()?.iter().any(|p| p.status == OWN) {
                return Err(AppError::Operator(
                    "this folder already holds a nation; choose an empty folder".to_owned(),
                ));
            }
            for (seq, statement) in (0_u64..).zip(&founded.statements) {
                work.put_statement(founded.nation, seq, statement)?;
            }
            work.put_peer(&PeerRow {
                nation: founded.nation,
                code: founding.code,
                name: founding.name.clone(),
                status: OWN.to_owned(),
                endpoint: None,
                at: now,
                heard: None,
            })?;
            work.put_setting("node", founded.node.as_bytes())?;
            Ok(())
        })
    }

    /// Starts the node: reads what is stored, takes the sequencer's office, begins the ledger if
    /// it is new, and signs the head again if a crash prevented it.
    pub fn open(parts: Parts<S, V>) -> Result<Self> {
        Self::open_with(parts, Schemes::builtin())
    }

    /// Starts the node with these classification schemes.
    pub fn open_with(parts: Parts<S, V>, schemes: Schemes) -> Result<Self> {
        let Parts { store, vault, keys, clock, entropy, settings, disk, wake } = parts;
        let now = clock.now();
        let (own, known) = store.read(|work| {
            let known = load(work, now, &schemes)?;
            let own =
                known.nations.values().find(|n| n.row.status == OWN).cloned().ok_or_else(|| {
                    AppError::Operator(
                        "this folder holds no nation yet: run `entente init` first".to_owned(),
                    )
                })?;
            Ok::<_, AppError>((own, known))
        })?;
        let (node, state) =
            own.node().ok_or_else(|| AppError::Operator("this nation has no node".to_owned()))?;
        let identity = Identity {
            nation: own.row.nation,
            node,
            code: own.row.code,
            name: own.row.name.clone(),
            origin: state.spec.origin.clone(),
            bodies: state.spec.bodies.clone(),
            accreditation: state.spec.accreditation,
        };
        let kem_ids = kem_ids(&*keys)?;
        let fence = store.write(|work| work.take_fence())?;
        let node = Self {
            store,
            vault,
            keys,
            clock,
            entropy: Mutex::new(entropy),
            identity,
            schemes,
            kem_ids,
            fence: AtomicU64::new(fence),
            known: RwLock::new(Arc::new(known)),
            links: Mutex::new(HashMap::new()),
            routine_owed: Mutex::new(HashMap::new()),
            sent_heads: Mutex::new(BTreeMap::new()),
            receiving: Mutex::new(HashMap::new()),
            tick: Mutex::new(()),
            keeping: RwLock::new(()),
            vaulting: Mutex::new(()),
            shards_unsure: AtomicBool::new(false),
            ticking: Mutex::new(()),
            settings,
            disk,
            guard: Mutex::new(Guard::new(now)),
            anchor_fault: Mutex::new(None),
            clock_seen: Mutex::new(None),
            lanes_closed: AtomicUsize::new(0),
            attempts: Mutex::new(Attempts::default()),
            tickets: Mutex::new(Tickets::default()),
            wake,
        };
        node.match_anchor()?;
        let shards = node.vault.shards()?;
        node.match_vault(&shards)?;
        node.keys.load_shards(shards)?;
        node.recall_proof()?;
        if node.must_not_be_stale().is_ok() {
            node.begin_ledger(now)?;
            node.sign_head()?;
            node.tell_standing()?;
        }
        Ok(node)
    }

    /// The first leaf: the nation begins.
    fn begin_ledger(&self, now: Timestamp) -> Result<()> {
        let begun = self.store.read(|work| work.head())?.is_some();
        if begun {
            return Ok(());
        }
        let record = self.note(
            RecordKind::Genesis,
            now,
            "ledger begun",
            "init",
            &format!("nation {}, node {}", self.identity.nation, self.identity.node),
            None,
        );
        self.record(&[record])?;
        Ok(())
    }

    /// Refuses to go on with data that is older than what was signed (`protocol.md` 10.3).
    fn match_anchor(&self) -> Result<()> {
        let head = self.store.read(|work| work.head())?;
        let signed = self.keys.last_signed()?;
        match (head, signed) {
            (Some(head), Some((size, root)))
                if !self.store.read(|work| rollback::continues(work, size, root))? =>
            {
                Err(AppError::Operator(format!(
                    "the ledger here has {} entries and does not continue the {size} that were \
                     signed before: this is an old or a copied database. Nothing is signed or \
                     sent; put the newest data in place",
                    head.size
                )))
            }
            (None, Some((size, _))) => Err(AppError::Operator(format!(
                "the ledger here is empty, but entry {size} was signed before: the database was \
                 lost or replaced. Restore the newest backup"
            ))),
            (Some(_), None) => match self.store.read(|work| work.checkpoint())? {
                Some(signed) if signed.size > 0 => Err(AppError::Operator(format!(
                    "the anchor is empty, but {} entries of this ledger were signed before: the \
                     anchor was emptied or replaced. Nothing is signed; put the anchor back",
                    signed.size
                ))),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Refuses a vault without the keys of what is held.
    fn match_vault(&self, shards: &Shards) -> Result<()> {
        if !shards.is_empty() {
            return Ok(());
        }
        let (own, received) = self.store.read(|work| work.object_counts())?;
        let held = own + received;
        if held == 0 {
            return Ok(());
        }
        Err(AppError::Operator(format!(
            "the vault holds no keys, but {held} objects are held: the vault was lost or replaced. \
             Put it back; what is held cannot be read without it"
        )))
    }

    /// Who this node is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The present moment by this node's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The main database, for the doors' own housekeeping: backup, integrity.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// What the operator set.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the disk lets this node take in at this moment.
    pub fn intake(&self) -> Intake {
        Intake::at(self.disk.used_percent(), self.settings.disk_percent)
    }

    /// Refuses to release what the disk has no room for.
    pub(crate) fn must_have_room(&self, lane: Lane) -> Result<()> {
        self.intake().refusal(lane).map_or(Ok(()), |why| Err(AppError::Operator(why)))
    }

    /// The key process.
    pub fn keys(&self) -> &Arc<dyn Keys> {
        &self.keys
    }

    /// What is known at this moment.
    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads nations and policy again after a change.
    pub(crate) fn reload(&self) -> Result<()> {
        let now = self.now();
        // Held while reading, so that no older state can take the place of a newer one.
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(self.store.read(|work| load(work, now, &self.schemes))?);
        Ok(())
    }

    pub(crate) fn fence(&self) -> u64 {
        self.fence.load(Ordering::SeqCst)
    }

    /// Asks the key process for something that the vault must keep, and keeps it. `work` gets the
    /// key process and the vault; if it fails, neither is trusted to know what the other has.
    pub(crate) fn with_vault<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let _one_at_a_time = lock(&self.vaulting);
        if self.shards_unsure.load(Ordering::SeqCst) {
            self.keys.load_shards(self.vault.shards()?)?;
            self.shards_unsure.store(false, Ordering::SeqCst);
        }
        let done = work();
        if let Err(error) = &done {
            self.shards_unsure.store(true, Ordering::SeqCst);
            self.forget_links_after(error);
        }
        done
    }

    /// A key process that began anew does not know the wrap contexts that it opened before.
    pub(crate) fn forget_links_after(&self, error: &AppError) {
        if matches!(error, AppError::Keys(KeyError::Unknown(_) | KeyError::Unreachable(_))) {
            lock(&self.links).clear();
        }
    }

    /// A random 32-byte value.
    pub(crate) fn random(&self) -> [u8; 32] {
        lock(&self.entropy).bytes32()
    }

    /// A leaf that only tells the overseers something.
    pub(crate) fn note(
        &self,
        kind: RecordKind,
        now: Timestamp,
        act: &str,
        by: &str,
        about: &str,
        digest: Option<Digest>,
    ) -> LeafDraft {
        let body =
            NoteRecord { act: act.to_owned(), by: by.to_owned(), about: about.to_owned(), digest };
        LeafDraft { record: Record::new(kind, now, &body), item: None }
    }

    /// Appends leaves in a transaction of their own, together with `also`, and signs the head.
    pub(crate) fn record_with<T>(
        &self,
        leaves: &[LeafDraft],
        also: impl FnOnce(&mut dyn Work, u64) -> Result<T>,
    ) -> Result<T> {
        self.must_not_be_stale()?;
        let now = self.now();
        let _office = lock(&self.tick);
        let value = self.store.write(|work| {
            let first = {
                let mut entropy = lock(&self.entropy);
                sequencer::append(work, self.fence(), &mut || entropy.bytes32(), leaves, now)?
            };
            self.bound_outboxes(work, leaves, now)?;
            also(work, first)
        })?;
        self.sign_now_or_later(now)?;
        self.woken(leaves);
        Ok(value)
    }

    /// Signs the head of what was just kept. If the key process, its anchor or the disk does not
    /// let it, what was kept waits, nothing leaves, and the next tick tries again; only a history
    /// that may not be signed at all is the caller's error.
    pub(crate) fn sign_now_or_later(&self, now: Timestamp) -> Result<()> {
        match self.sign_head() {
            Ok(_) => Ok(()),
            Err(
                error @ (AppError::Keys(KeyError::Unreachable(_) | KeyError::Anchor(_))
                | AppError::Store(StoreError::Full)),
            ) => {
                let text = format!("the ledger's head is not signed yet, nothing leaves: {error}");
                // Who cannot be told now sees it from the tick, which fails for the same reason.
                let _ = self.store.write(|work| event(work, now, "alarm", text, (None, None)));
                Ok(())
            }
            Err(error) => {
                // The change is kept: what is remembered must not contradict it.
                let _ = self.reload();
                Err(error)
            }
        }
    }

    /// Appends leaves that only tell the overseers something.
    pub(crate) fn record(&self, leaves: &[LeafDraft]) -> Result<()> {
        self.record_with(leaves, |_, _| Ok(()))
    }

    /// Wakes whoever delivers what was sequenced.
    pub(crate) fn woken(&self, leaves: &[LeafDraft]) {
        let mut told = Vec::new();
        for (context, _) in
            leaves.iter().filter_map(|l| l.item.as_ref()).flat_map(|i| &i.recipients)
        {
            if !told.contains(&context.dst) {
                told.push(context.dst);
                (self.wake)(&WakeUp::Outgoing(context.dst));
            }
        }
        (self.wake)(&WakeUp::Events);
    }
}

/// Adds an event for pages and people.
pub(crate) fn event(
    work: &mut dyn Work,
    at: Timestamp,
    kind: &str,
    text: String,
    about: (Option<entente_model::ObjectId>, Option<NationId>),
) -> Result<()> {
    work.put_event(&EventRow {
        seq: 0,
        at,
        kind: kind.to_owned(),
        oid: about.0,
        nation: about.1,
        text,
        detail: String::new(),
    })?;
    Ok(())
}

/// Adds an event unless one of the newest of its kind says the same; says whether it was added.
/// For what a partner repeats with every bundle.
pub(crate) fn event_once(
    work: &mut dyn Work,
    at: Timestamp,
    kind: &str,
    text: String,
    nation: NationId,
) -> Result<bool> {
    let newest = work.events(Some(kind), None, REPEATS_LOOKED_FOR)?;
    if newest.iter().any(|row| row.nation == Some(nation) && row.text == text) {
        return Ok(false);
    }
    event(work, at, kind, text, (None, Some(nation)))?;
    Ok(true)
}

/// How many of the newest events are looked through for a repetition.
const REPEATS_LOOKED_FOR: u64 = 64;

/// Later than any statement.
const END_OF_TIME: Timestamp = Timestamp::from_millis(u64::MAX);

/// Asked once: the key process derives its public keys anew for every answer, which takes longer
/// than anything else in taking in a small bundle.
fn kem_ids(keys: &dyn Keys) -> Result<[KeyId; 2]> {
    let public = keys.public()?;
    let id = |raw: &[u8]| {
        KemPublic::from_raw(raw)
            .map(|key| key.id())
            .map_err(|e| AppError::Operator(format!("our own sealing key: {e}")))
    };
    Ok([id(&public.kem)?, id(&public.airgap)?])
}

fn load(work: &dyn Work, now: Timestamp, schemes: &Schemes) -> Result<Known> {
    let mut nations = BTreeMap::new();
    for row in work.peers()? {
        // Each was in time when it was accepted. That our clock stood wrong then, or does now, must
        // not keep the node from starting.
        let chain = identity::replay(&work.statements(row.nation, 0)?, END_OF_TIME)?;
        nations.insert(row.nation, Nation { row, chain });
    }
    let policy = Policy::load(work, &nations, now, schemes)?;
    let register = crate::facts::register(work, &nations, now)?;
    let ground = crate::ground::count(work)?;
    let own = nations.values().find(|n: &&Nation| n.row.status == OWN);
    let scheme = own.and_then(|own| schemes.get(own.row.code.as_str()).ok());
    let standing = standing::load(work, scheme)?;
    Ok(Known { nations, policy, register, standing, ground })
}
