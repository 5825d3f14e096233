//! The rollback guard: before anything is signed, partners say what they last saw of our ledger.
//!
//! The anchor shows that a database is old, unless the anchor was restored with it or copied with
//! the disk. Then only partners know better (`protocol.md` 10.3, amendment 8). Until as many of
//! them as the operator set confirm that this ledger continues what they saw, the node receives,
//! but signs nothing and releases nothing. A checkpoint that this node signed and that does not
//! fit its ledger proves that the ledger is old or copied: from then on nothing is signed, sent
//! or received, also after the next start, until newer data is in place. A partner's mere word
//! that it saw more proves nothing, and confirms nothing either.
//!
//! No partner waits for the other: what one saw is told by a node that itself still waits. Whom
//! a node counts, and whom it does not wait for, is decided in `Guard::wanted`. Asking is left to the
//! doors, which tell what they heard through [`Node::take_word`].

use std::collections::BTreeMap;
use std::fmt;

use entente_ledger::checkpoint::{self, Checkpoint};
use entente_ledger::tile::root_at;
use entente_model::item::Ack;
use entente_model::{Digest, NodeId, Timestamp};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::node::{Known, Node, WakeUp, event, event_once, lock};
use crate::receive::Carrier;
use crate::sequencer::{StoredTiles, proof_error};

/// A partner that this node was never connected to is waited for no longer than this.
const STRANGER_MILLIS: u64 = 60_000;
/// An acknowledgement that names fewer logs than this names all that its sender holds.
const GOSSIP_COMPLETE: usize = 64;

/// How a node stands to its own past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It signs and releases.
    Clear,
    /// It receives, and waits for partners to confirm its ledger.
    Waits {
        /// How many more must confirm.
        needed: usize,
        /// Who could, by code.
        from: Vec<String>,
        /// Partners that say they saw more of our ledger than there is, and how much.
        doubts: Vec<(String, u64)>,
    },
    /// Its ledger is old or copied: why, and what to do.
    Stale(String),
    /// Its key process is gone: why, and what to do.
    Keyless(String),
    /// Its anchor cannot be written: why. It tries again with each entry.
    Unanchored(String),
}

/// How the standing of a node without its key process begins.
pub const KEYLESS: &str = "signs and opens nothing, as its key process is gone";

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("signs and releases"),
            Self::Stale(why) => f.write_str(why),
            Self::Keyless(why) => write!(f, "{KEYLESS}: {why}"),
            Self::Unanchored(why) => write!(f, "signs nothing: {why}"),
            Self::Waits { needed, from, doubts } => {
                let s = if *needed == 1 { "" } else { "s" };
                write!(
                    f,
                    "waits for {needed} confirmation{s} from {} that this ledger is the one they \
                     saw last; until then it receives, and signs and releases nothing",
                    from.join(", ")
                )?;
                for (code, size) in doubts {
                    write!(f, "; {code} says that it saw {size} entries, more than there are")?;
                }
                Ok(())
            }
        }
    }
}

/// What a partner said of our ledger since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Our ledger continues what it saw.
    Continues,
    /// It holds nothing of our ledger, so it can say nothing of it.
    Nothing,
    /// It says, without proof, that it saw more entries than there are, or others.
    More(u64),
}

/// What was heard since the start, and what follows from it.
#[derive(Debug)]
pub(crate) struct Guard {
    opened: Timestamp,
    words: BTreeMap<NodeId, Word>,
    clear: bool,
    stale: Option<String>,
    /// What was last written for `entente doctor`.
    told: Option<String>,
}

impl Guard {
    pub(crate) const fn new(opened: Timestamp) -> Self {
        Self { opened, words: BTreeMap::new(), clear: false, stale: None, told: None }
    }

    /// Whether a partner counts among those that could confirm: one that said it holds nothing of
    /// our ledger does not, or a partner that was introduced and never written to would be waited
    /// for in vain. One that we were connected to before is waited for however long it takes, since
    /// it is the one that may know more. One that we were never connected to may still know more
    /// than a database that is old, so it is asked, and waited for a little while; not longer, or
    /// a partner that never recognised us, or is reached on media only, would stop us for ever.
    fn wanted(&self, peer: NodeId, linked: bool, reachable: bool, now: Timestamp) -> bool {
        match self.words.get(&peer) {
            Some(Word::Continues | Word::More(_)) => true,
            Some(Word::Nothing) => false,
            None => linked || (reachable && now.since(self.opened) < STRANGER_MILLIS),
        }
    }
}

fn linked_name(peer: NodeId) -> String {
    format!("linked/{peer}")
}

/// Remembers that a partner proved who it is over a connection.
pub(crate) fn put_linked(work: &mut dyn Work, peer: NodeId) -> Result<()> {
    if work.setting(&linked_name(peer))?.is_none() {
        work.put_setting(&linked_name(peer), &[1])?;
    }
    Ok(())
}

/// The checkpoint that proves this database old, if there is one.
const PROOF: &str = "rollback";
/// How the node stands, for whoever looks at the folder from outside.
const STANDING: &str = "standing";

/// How the node that last worked on this database stood; none if it signed.
pub fn standing_told(work: &dyn Work) -> Result<Option<String>> {
    let told = work.setting(STANDING)?.unwrap_or_default();
    Ok(String::from_utf8(told).ok().filter(|text| !text.is_empty()))
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Looks at what earlier starts found out, before anything else is done.
    pub(crate) fn recall_proof(&self) -> Result<()> {
        let note = self.store.read(|work| work.setting(PROOF))?.unwrap_or_default();
        if note.is_empty() {
            return Ok(());
        }
        // Newer data may be in place since.
        if self.weigh_note("a partner", &note)?.is_none() {
            self.store.write(|work| work.put_setting(PROOF, &[]))?;
        }
        Ok(())
    }

    /// How this node stands, as people are told: one that tries in vain to sign is no different to
    /// them from one that does not.
    pub fn shown_standing(&self) -> Result<Standing> {
        match (self.standing()?, lock(&self.anchor_fault).clone()) {
            (Standing::Clear, Some(why)) => Ok(Standing::Unanchored(why)),
            (standing, _) => Ok(standing),
        }
    }

    /// How this node stands to its own past.
    pub fn standing(&self) -> Result<Standing> {
        let known = self.known();
        let now = self.now();
        let quorum = usize::from(self.settings.start_quorum);
        let mut linked = BTreeMap::new();
        if !lock(&self.guard).clear {
            for (_, node, _) in known.partners(self.identity.nation) {
                let setting = self.store.read(|work| work.setting(&linked_name(node)))?;
                linked.insert(node, setting.is_some());
            }
        }
        let mut guard = lock(&self.guard);
        if let Some(why) = &guard.stale {
            return Ok(Standing::Stale(why.clone()));
        }
        if let Some(why) = self.keys.gone() {
            return Ok(Standing::Keyless(why));
        }
        if guard.clear {
            return Ok(Standing::Clear);
        }
        let (mut counted, mut confirmed) = (0, 0);
        let (mut from, mut doubts) = (Vec::new(), Vec::new());
        for (nation, node, _) in known.partners(self.identity.nation) {
            let reachable = self.endpoint(&nation.row.nation).is_some();
            let linked = linked.get(&node).copied().unwrap_or(false);
            if !guard.wanted(node, linked, reachable, now) {
                continue;
            }
            counted += 1;
            let code = nation.row.code.to_string();
            match guard.words.get(&node) {
                Some(Word::Continues) => confirmed += 1,
                Some(Word::More(size)) => {
                    doubts.push((code.clone(), *size));
                    from.push(code);
                }
                Some(Word::Nothing) | None => from.push(code),
            }
        }
        from.sort();
        let needed = quorum.min(counted).saturating_sub(confirmed);
        if needed == 0 {
            guard.clear = true;
            return Ok(Standing::Clear);
        }
        Ok(Standing::Waits { needed, from, doubts })
    }

    /// Whether checkpoints, cosignatures and statements may be signed and items released.
    pub(crate) fn may_sign(&self) -> Result<bool> {
        Ok(self.standing()? == Standing::Clear)
    }

    /// Nothing is done with data that is proven old.
    pub(crate) fn must_not_be_stale(&self) -> Result<()> {
        match &lock(&self.guard).stale {
            Some(why) => Err(AppError::Operator(why.clone())),
            None => Ok(()),
        }
    }

    /// A statement is signed only by a node that may sign.
    pub(crate) fn must_be_clear(&self) -> Result<()> {
        match self.standing()? {
            Standing::Clear => Ok(()),
            Standing::Stale(why) => Err(AppError::Operator(why)),
            waits @ Standing::Waits { .. } => {
                Err(AppError::Operator(format!("nothing is signed yet: this node {waits}")))
            }
            gone @ (Standing::Keyless(_) | Standing::Unanchored(_)) => {
                Err(AppError::Operator(format!("this node {gone}")))
            }
        }
    }

    /// Tells people and the folder when the standing changed; says whether the node signs.
    pub(crate) fn tell_standing(&self) -> Result<bool> {
        let standing = self.standing()?;
        let text = match &standing {
            Standing::Clear => String::new(),
            Standing::Waits { .. }
            | Standing::Stale(_)
            | Standing::Keyless(_)
            | Standing::Unanchored(_) => standing.to_string(),
        };
        let clear = standing == Standing::Clear;
        let before = lock(&self.guard).told.clone();
        if before.as_ref() == Some(&text) {
            return Ok(clear);
        }
        let now = self.now();
        let news = match &standing {
            Standing::Clear if before.is_some() => {
                Some("partners confirm our ledger: the node signs and releases".to_owned())
            }
            Standing::Waits { .. } if before.is_none() => Some(format!("the node {text}")),
            Standing::Keyless(_) | Standing::Unanchored(_) => Some(format!("the node {text}")),
            Standing::Clear | Standing::Waits { .. } | Standing::Stale(_) => None,
        };
        let kind = if matches!(standing, Standing::Keyless(_)) { "alarm" } else { "link" };
        let written = self.store.read(|work| work.setting(STANDING))?.unwrap_or_default();
        if news.is_some() || written != text.as_bytes() {
            self.store.write(|work| {
                work.put_setting(STANDING, text.as_bytes())?;
                match news {
                    Some(news) => event(work, now, kind, news, (None, None)),
                    None => Ok(()),
                }
            })?;
        }
        lock(&self.guard).told = Some(text);
        if clear && before.is_some() {
            self.begin_to_sign()?;
        }
        Ok(clear)
    }

    /// What was kept while the node waited is signed, and goes.
    fn begin_to_sign(&self) -> Result<()> {
        {
            let _office = lock(&self.tick);
            self.sign_now_or_later(self.now())?;
        }
        for (_, node, _) in self.known().partners(self.identity.nation) {
            (self.wake)(&WakeUp::Outgoing(node));
        }
        (self.wake)(&WakeUp::Intents);
        (self.wake)(&WakeUp::Events);
        Ok(())
    }

    /// Whether this partner has yet to say, since the start, what it saw of our ledger.
    pub fn wants_word_of(&self, peer: NodeId) -> bool {
        let guard = lock(&self.guard);
        guard.stale.is_none()
            && !matches!(guard.words.get(&peer), Some(Word::Continues | Word::Nothing))
    }

    /// Takes in what a partner answered over a connection when it was asked for the newest
    /// checkpoint that it holds of our ledger; none if it holds none.
    pub fn take_word(&self, peer: NodeId, note: Option<&[u8]>) -> Result<()> {
        let known = self.known();
        let code = known.by_node(&peer).map_or_else(|| peer.short(), |n| n.row.code.to_string());
        let word = match note {
            None => Word::Nothing,
            Some(note) => {
                if let Some(why) = self.weigh_note(&code, note)? {
                    return Err(AppError::Operator(why));
                }
                Word::Continues
            }
        };
        self.store.write(|work| put_linked(work, peer))?;
        lock(&self.guard).words.insert(peer, word);
        self.tell_standing()?;
        Ok(())
    }

    /// Weighs a checkpoint of our own ledger that someone holds. If it is genuine and does not fit,
    /// the node signs nothing any more: says why.
    fn weigh_note(&self, holder: &str, note: &[u8]) -> Result<Option<String>> {
        let known = self.known();
        let own = known
            .nation(&self.identity.nation)
            .and_then(|n| n.chain.node(&self.identity.node))
            .ok_or_else(|| AppError::Operator("this node does not know itself".to_owned()))?;
        let seen = checkpoint::verify(note, &self.identity.origin, &own.spec.log)
            .map_err(|e| AppError::Partner(format!("{holder} shows a false checkpoint: {e}")))?;
        let Checkpoint { size, root, .. } = seen;
        let held = match self.store.read(|work| fits(work, size, root))? {
            Fit::Continues => return Ok(None),
            Fit::Breaks(held) => held,
        };
        let why = format!(
            "{holder} holds this ledger at size {size}, signed by this node, and the {held} entries \
             here do not continue it: this is an old or a copied database. Nothing is signed, sent \
             or received; stop the node and put its newest data in place"
        );
        let now = self.now();
        lock(&self.guard).stale = Some(why.clone());
        self.store.write(|work| {
            work.put_setting(PROOF, note)?;
            work.put_setting(STANDING, why.as_bytes())?;
            event(work, now, "alarm", why.clone(), (None, None))
        })?;
        (self.wake)(&WakeUp::Events);
        Ok(Some(why))
    }

    /// What a bundle's acknowledgement says of our ledger, before anything of the bundle is taken
    /// in. A partner that saw more than we have is believed so far that nothing of its bundle is
    /// acknowledged while we wait: what an old database takes in is lost with it.
    pub(crate) fn hear(
        &self,
        carrier: Carrier,
        known: &Known,
        peer: NodeId,
        ack: Option<&Ack>,
    ) -> Result<()> {
        let Some(ack) = ack else { return Ok(()) };
        let said = ack.gossip.iter().find(|seen| seen.origin == self.identity.origin);
        let Some(said) = said else {
            if carrier == Carrier::Connection
                && ack.gossip.len() < GOSSIP_COMPLETE
                && self.wants_word_of(peer)
            {
                lock(&self.guard).words.insert(peer, Word::Nothing);
                self.tell_standing()?;
            }
            return Ok(());
        };
        if self.store.read(|work| fits(work, said.size, said.root))? == Fit::Continues {
            // A medium says what was true when it was written, which may be long ago, and anyone
            // may have written it: it can raise a doubt, and confirms nothing.
            if carrier == Carrier::Connection && self.wants_word_of(peer) {
                lock(&self.guard).words.insert(peer, Word::Continues);
                self.tell_standing()?;
            }
            return Ok(());
        }
        let code = known.by_node(&peer).map_or_else(|| peer.short(), |n| n.row.code.to_string());
        let text = format!(
            "{code} says that it saw {} entries of our ledger, and what is here does not continue \
             them: this may be an old or a copied database",
            said.size
        );
        if let Some(nation) = known.by_node(&peer).map(|n| n.row.nation) {
            let now = self.now();
            self.store.write(|work| event_once(work, now, "alarm", text.clone(), nation))?;
        }
        if carrier == Carrier::Connection {
            // It is asked for what proves it.
            lock(&self.guard).words.insert(peer, Word::More(said.size));
        }
        if self.may_sign()? { Ok(()) } else { Err(AppError::Operator(text)) }
    }
}

/// How a head fits our ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Continues,
    /// Our ledger, of so many entries, ends before it or has another root there.
    Breaks(u64),
}

/// Whether our ledger continues the head that was signed last.
pub(crate) fn continues(work: &dyn Work, size: u64, root: Digest) -> Result<bool> {
    Ok(fits(work, size, root)? == Fit::Continues)
}

fn fits(work: &dyn Work, size: u64, root: Digest) -> Result<Fit> {
    let held = work.head()?.map_or(0, |head| head.size);
    if size > held {
        return Ok(Fit::Breaks(held));
    }
    // What partners saw was signed, so it need not be computed again.
    if work.checkpoint_at(size)?.is_some_and(|row| row.root == root) {
        return Ok(Fit::Continues);
    }
    let ours = root_at(&StoredTiles(work), size).map_err(proof_error)?;
    Ok(if ours == root { Fit::Continues } else { Fit::Breaks(held) })
}
