//! What must hold once everything was healed and delivered, by the numbers of the protocol's
//! invariants. Each function reads the honest nations' own ledgers and stores; what the
//! originators' ledgers say is the truth that holdings are compared with.

use entente_app::access::Reading;
use std::collections::{BTreeMap, BTreeSet};

use entente_app::publish::object_id;
use entente_exchange::state::{ObjectState, erases};
use entente_law::marking::print_label;
use entente_ledger::tile::root_at;
use entente_model::item::{ItemKind, LinkItem, NackCode, RecallClass};
use entente_model::{NationId, NodeId, ObjectId};
use entente_store::rows::ObjectRow;
use entente_store::{Store as _, Work};

use crate::failure::{Failure, Result};
use crate::ledgers::{lanes_in, lanes_out, releases};
use crate::member::Member;

/// What the driver of a simulation knows beside the nations themselves.
#[derive(Debug, Default)]
pub struct Account {
    /// Objects that a nation was told are published.
    pub published: Vec<(NationId, ObjectId)>,
    /// A party has left the agreement, so what was on its way may be refused.
    pub left: bool,
    /// Objects that a liar's node passed on with a forged grant.
    pub forged: Vec<(NodeId, ObjectId)>,
    /// Items that a liar sent with another body than its ledger names.
    pub poisoned: Vec<(NodeId, LinkItem)>,
}

impl Account {
    /// Whether a liar poisoned an item of this kind for another nation: what that item would have
    /// told cannot be known there.
    fn poisoned(&self, by: NodeId, dst: NodeId, kind: ItemKind) -> bool {
        self.poisoned.iter().any(|(from, link)| *from == by && link.dst == dst && link.kind == kind)
    }
}

/// Every invariant, for these honest nations.
pub fn check_all(honest: &[&Member], account: &Account) -> Result<()> {
    for member in honest {
        i3_one_history_is_signed(member)?;
        i4_everything_opens(member)?;
        i14_labels_are_the_manifests(member)?;
        i23_keys_are_those_of_what_is_held(member)?;
        i38_nothing_told_as_published_is_lost(member, account)?;
    }
    for from in honest {
        for to in honest.iter().filter(|to| to.id != from.id) {
            i16_lanes_are_equal_at_both_ends(from, to)?;
            i17_each_item_had_its_effect_once(from, to, honest, account)?;
            i22_nothing_is_missing(from, to)?;
            receipts_come_home(from, to, account)?;
        }
    }
    for member in honest {
        i2_nothing_is_held_without_a_release(member, honest)?;
        i26_every_recall_is_answered(member, honest, account)?;
    }
    Ok(())
}

fn broken<T>(what: String) -> Result<T> {
    Err(Failure(what))
}

/// I3: one root for each size that was ever signed, and all of them of one history. I12, which
/// is watched at the same place: no key and nonce for two plaintexts.
pub fn i3_one_history_is_signed(member: &Member) -> Result<()> {
    let seen = member.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(first) = seen.broken.first() {
        return broken(format!("{}: {first}", member.profile.code));
    }
    let roots: BTreeMap<_, _> = seen.signed.iter().copied().collect();
    drop(seen);
    member.node()?.store().read(|work| {
        let size_now = work.head()?.map_or(0, |head| head.size);
        for (size, root) in roots {
            if size > size_now {
                return broken(format!(
                    "I3: {} signed size {size} and has only {size_now} entries",
                    member.profile.code
                ));
            }
            let tiles = entente_app::sequencer::StoredTiles(work);
            let now = root_at(&tiles, size).map_err(|e| Failure(format!("I3: tiles: {e}")))?;
            if now != root {
                return broken(format!(
                    "I3: {} signed another root at size {size} than its ledger has",
                    member.profile.code
                ));
            }
        }
        Ok(())
    })
}

/// I4, and the parts of I1, I6 and I16 that the node's own verification covers.
pub fn i4_everything_opens(member: &Member) -> Result<()> {
    let findings = member.node()?.verify_ledger(&member.actor("overseer")?)?;
    match findings.faults.first() {
        None => Ok(()),
        Some(fault) => broken(format!("I4: {}: {fault}", member.profile.code)),
    }
}

/// I14: the label that is shown is the one in the manifest whose digest is the object's id.
pub fn i14_labels_are_the_manifests(member: &Member) -> Result<()> {
    let node = member.node()?;
    let analyst = member.actor("analyst")?;
    for row in node.objects(&analyst, None, 10_000, None)? {
        let view = node.object(&analyst, row.oid, &Reading::by_command())?;
        let Some(manifest) = view.manifest else { continue };
        if object_id(&manifest) != row.oid || print_label(&manifest.label) != row.marking {
            return broken(format!("I14: object {} is shown with another label", row.oid));
        }
    }
    Ok(())
}

/// I23 and amendment 10: after a sweep the vault holds a key for every body that is held, and for
/// nothing else: neither for what was erased, nor for what never came to be stored.
pub fn i23_keys_are_those_of_what_is_held(member: &Member) -> Result<()> {
    let keys = member.keys_held()?;
    let held = member.node()?.store().read(|work| {
        let mut held = BTreeSet::new();
        for row in work.objects(None, 100_000, None)? {
            if work.body(row.oid)?.is_some() {
                held.insert(row.oid);
            }
        }
        Ok::<_, Failure>(held)
    })?;
    if let Some(oid) = held.difference(&keys).next() {
        return broken(format!("I23: {} lost the key of {oid}", member.profile.code));
    }
    match keys.difference(&held).next() {
        None => Ok(()),
        Some(oid) => broken(format!("I23: {} still has a key for {oid}", member.profile.code)),
    }
}

/// I38: what a nation was told is published is in its ledger, whatever happened since.
pub fn i38_nothing_told_as_published_is_lost(member: &Member, account: &Account) -> Result<()> {
    member.node()?.store().read(|work| {
        for (_, oid) in account.published.iter().filter(|(by, _)| *by == member.nation) {
            let row = work.object(*oid)?;
            if row.as_ref().and_then(|row| row.leaf).is_none() {
                return broken(format!("I38: {} lost {oid}", member.profile.code));
            }
        }
        Ok(())
    })
}

/// I16: what was accepted is what was committed, item by item.
pub fn i16_lanes_are_equal_at_both_ends(from: &Member, to: &Member) -> Result<()> {
    if lanes_out(from, to.id)? == lanes_in(to, from.id)? {
        return Ok(());
    }
    broken(format!(
        "I16: lanes from {} to {} end at {:?} and are taken in to {:?}",
        from.profile.code,
        to.profile.code,
        lanes_out(from, to.id)?.map(|(seq, _)| seq),
        lanes_in(to, from.id)?.map(|(seq, _)| seq),
    ))
}

/// I22, at the end: nothing announced is missing.
pub fn i22_nothing_is_missing(from: &Member, to: &Member) -> Result<()> {
    let status = to.node()?.status(&to.actor("overseer")?)?;
    let link = status.links.iter().find(|link| link.node == from.id);
    match link {
        Some(link) if link.missing == 0 => Ok(()),
        Some(link) => broken(format!(
            "I22: {} still misses {} items of {}",
            to.profile.code, link.missing, from.profile.code
        )),
        None => broken(format!("{} has no link to {}", to.profile.code, from.profile.code)),
    }
}

/// Amendment 6: the sender's ledger knows every object as receipted, unless the receipt was
/// poisoned by who gave it.
pub fn receipts_come_home(from: &Member, to: &Member, account: &Account) -> Result<()> {
    if account.poisoned(to.id, from.id, ItemKind::Receipt) {
        return Ok(());
    }
    let receipted = |release: &crate::ledgers::Release| {
        !matches!(release.link.kind, ItemKind::Receipt | ItemKind::LaneHead)
    };
    let mut last = BTreeMap::new();
    for release in releases(from)?.into_iter().filter(|r| r.link.dst == to.id && receipted(r)) {
        last.insert(release.link.lane, release.link.seq);
    }
    from.node()?.store().read(|work| {
        for (lane, seq) in last {
            let row = work.lane_out(to.id, lane)?;
            if row.receipted < seq {
                return broken(format!(
                    "{} has no receipt of {} for item {seq} of lane {}, only up to {}",
                    from.profile.code,
                    to.profile.code,
                    lane.as_str(),
                    row.receipted
                ));
            }
        }
        Ok(())
    })
}

/// I17, I19, I20 and I23: each object that a ledger releases is held at the other side exactly if
/// nothing says otherwise, in the state that follows from what its originator did, and arrived
/// once.
pub fn i17_each_item_had_its_effect_once(
    from: &Member,
    to: &Member,
    honest: &[&Member],
    account: &Account,
) -> Result<()> {
    let node = to.node()?;
    let arrivals = node.events(&to.actor("overseer")?, Some("received"), None, 100_000)?;
    let vault_holds = |oid| -> Result<bool> {
        let analyst = to.actor("analyst")?;
        Ok(node
            .object(&analyst, oid, &Reading::by_command())
            .is_ok_and(|view| view.payload.is_some()))
    };
    for release in releases(from)?.iter().filter(|r| r.link.dst == to.id) {
        if release.link.kind != ItemKind::Object {
            continue;
        }
        let (oid, lane, seq) = (release.link.oid, release.link.lane, release.link.seq);
        let of = format!(
            "I17: object {} from {} at {}",
            oid.short(),
            from.profile.code,
            to.profile.code
        );
        if arrivals.iter().filter(|event| event.oid == Some(oid)).count() > 1 {
            return broken(format!("{of} arrived more than once"));
        }
        let sent = from.node()?.store().read(|work| work.object(oid))?;
        let origin = sent.as_ref().map_or(from.nation, |row| row.nation);
        let recalled = recall_by_origin(honest, origin, oid)?;
        let told = node.store().read(|work| Ok::<_, Failure>(work.recall(oid, origin)?))?;
        let (row, body, refused) = node.store().read(|work| {
            let refused = work
                .quarantine(100_000)?
                .into_iter()
                .find(|q| q.src == from.id && q.lane == lane && q.seq == seq);
            Ok::<_, Failure>((work.object(oid)?, work.body(oid)?, refused))
        })?;
        let poisoned = |m: &&&Member| account.poisoned(m.id, to.id, ItemKind::Recall);
        let may_not_know = honest.iter().filter(|m| m.nation == origin).any(|m| poisoned(&m));
        if let Some(recall) = &told
            && !may_not_know
            && recalled.is_some_and(|class| class.code() != u16::from(recall.class))
        {
            return broken(format!("{of}: its recall's class did not arrive"));
        }
        let gone = told.is_some_and(|r| class_of(r.class).is_some_and(erases));
        // A holder that passed it on had to delete it before it was sent.
        let was_due = sent.and_then(|row| row.delete_at).is_some_and(|at| at <= from.now());
        let Some(row) = row else {
            let forged = account.forged.contains(&(from.id, oid));
            let poisoned = account.poisoned.contains(&(from.id, release.link.clone()));
            let excused = refused.as_ref().is_some_and(|q| {
                forged || poisoned || may_be_refused(q.code, account, gone || was_due)
            });
            if gone || excused {
                continue;
            }
            return broken(format!(
                "{of} is lost: neither held, refused ({:?}) nor recalled",
                refused.map(|q| q.code)
            ));
        };
        if row.nation == to.nation {
            // It came home to its originator, which keeps its own.
            continue;
        }
        let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
        if state.recalled() != told_class(node.store(), oid, origin)? {
            return broken(format!("{of} is in state {state:?}, which its recall does not give"));
        }
        let due = row.delete_at.is_some_and(|at| at <= to.now());
        let wanted = !gone && !due;
        let readable = vault_holds(oid)?;
        if body.is_some() != wanted || (readable && !wanted) || (wanted && !readable) {
            return broken(format!(
                "{of}: wanted {wanted}, body {}, readable {readable}, state {state:?}",
                body.is_some()
            ));
        }
    }
    Ok(())
}

fn class_of(code: u8) -> Option<RecallClass> {
    RecallClass::from_code(code.into())
}

fn told_class(
    store: &impl entente_store::Store,
    oid: ObjectId,
    origin: NationId,
) -> Result<Option<RecallClass>> {
    store.read(|work: &dyn Work| {
        Ok(work.recall(oid, origin)?.and_then(|recall| class_of(recall.class)))
    })
}

/// The class of the recall of an object at its originator, if that is honest.
fn recall_by_origin(
    honest: &[&Member],
    origin: NationId,
    oid: ObjectId,
) -> Result<Option<RecallClass>> {
    let Some(origin) = honest.iter().find(|m| m.nation == origin) else { return Ok(None) };
    told_class(origin.node()?.store(), oid, origin.nation)
}

/// Why an honest nation's object may have been refused by another.
fn may_be_refused(code: u16, account: &Account, erased: bool) -> bool {
    match NackCode::from_code(code.into()) {
        // It was on its way when a party left.
        Some(NackCode::Agreement) => account.left,
        // Its body was erased at the holder that passed it on.
        Some(NackCode::Digest) => erased,
        _ => false,
    }
}

/// I2: nothing is held that its sender's ledger does not release to this nation.
pub fn i2_nothing_is_held_without_a_release(member: &Member, honest: &[&Member]) -> Result<()> {
    let rows: Vec<ObjectRow> =
        member.node()?.store().read(|work| work.objects(None, 100_000, Some(false)))?;
    for row in rows {
        let Some((src, lane, seq)) = row.source else {
            return broken(format!("I2: {} holds {} from nowhere", member.profile.code, row.oid));
        };
        let Some(sender) = honest.iter().find(|m| m.id == src) else { continue };
        let released = releases(sender)?.into_iter().any(|r| {
            r.link.dst == member.id
                && (r.link.lane, r.link.seq, r.link.oid) == (lane, seq, row.oid)
                && r.link.kind == ItemKind::Object
        });
        if !released {
            return broken(format!(
                "I2: {} holds {}, which {}'s ledger does not release to it",
                member.profile.code, row.oid, sender.profile.code
            ));
        }
    }
    Ok(())
}

/// I26: every honest holder answered every recall once, unless the recall or its answer was
/// poisoned by who sent it.
pub fn i26_every_recall_is_answered(
    member: &Member,
    honest: &[&Member],
    account: &Account,
) -> Result<()> {
    let overseer = member.actor("overseer")?;
    for standing in member.node()?.recalls(&overseer)?.iter().filter(|r| r.recall.own) {
        for holder in &standing.effects {
            let Some(asked) = honest.iter().find(|m| m.nation == holder.nation) else { continue };
            let poisoned = account.poisoned(member.id, asked.id, ItemKind::Recall)
                || account.poisoned(asked.id, member.id, ItemKind::RecallEffect);
            if holder.status.is_none() && !poisoned {
                let oid = standing.recall.oid;
                let told = asked.node()?.store().read(|work| work.recall(oid, member.nation))?;
                return broken(format!(
                    "I26: {} has no answer about {} from {}, which was told: {told:?}",
                    member.profile.code,
                    oid.short(),
                    asked.profile.code
                ));
            }
        }
    }
    Ok(())
}
