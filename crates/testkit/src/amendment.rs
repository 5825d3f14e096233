//! Random alliances that amend their agreement while nodes crash and messages are lost.
//!
//! When which nation signs, publishes, hears of the others and dies is drawn. What must hold
//! (decision 35):
//!
//! - from its place in a nation's ledger at which it holds all signatures of the new text, nothing
//!   goes out under the old one;
//! - what was released under the old text arrives, and keeps its terms;
//! - a new text that loosens loosens nothing that was released before it.

use std::path::Path;

use entente_app::AppError;
use entente_app::onward::OnwardOrder;
use entente_app::publish::{Circumstances, Order};
use entente_app::weigh::Weighed;
use entente_law::Schemes;
use entente_law::marking::parse_label;
use entente_model::codec::Wire;
use entente_model::item::{Basis, ItemKind, Lane};
use entente_model::{AgreementId, Digest, ObjectId, ReleaseFacts, Terms};
use entente_store::Store as _;

use crate::alliance::{Alliance, ask, receive};
use crate::chance::Chance;
use crate::failure::{Failure, Result};
use crate::ledgers::releases;
use crate::sim::piece;
use crate::treaty;

/// What one history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Machines that died.
    pub crashes: usize,
    /// Bundles or answers that were lost.
    pub lost: usize,
    /// Objects released under the old text.
    pub old: usize,
    /// Objects released under the new one.
    pub new: usize,
    /// Objects of the old text that a holder wanted to pass on without consent.
    pub kept: usize,
    /// Objects of the new text that were passed on without it.
    pub passed: usize,
}

/// Steps of a history before everything heals.
const STEPS: u64 = 70;
/// From this step on, the new text may be offered.
const OFFERED_FROM: u64 = 10;

struct World {
    alliance: Alliance,
    chance: Chance,
    old: AgreementId,
    new: Option<AgreementId>,
    text: String,
    /// For each nation, how large its ledger was when it held all signatures of the new text.
    since: Vec<Option<u64>>,
    /// A bundle that may come again: from whom, to whom.
    letter: Option<(usize, usize, Vec<u8>)>,
    tally: Tally,
}

/// Plays one history.
pub fn play(seed: u64, folder: &Path) -> Result<Tally> {
    let mut chance = Chance::new(seed).fork("amendment", 0);
    let count = 3 + chance.index(2);
    let profiles = treaty::profiles(count)?;
    let alliance = Alliance::found(&profiles, folder, seed)?;
    alliance.introduce_all()?;
    let text = treaty::text(&profiles);
    let old = alliance.agree(&text)?;
    let text = text.replace("originator_consent", "parties_allowed").replace("180", "30");
    let since = vec![None; count];
    let tally = Tally::default();
    let mut world = World { alliance, chance, old, new: None, text, since, letter: None, tally };
    for step in 0..STEPS {
        world.act(step)?;
        world.revive()?;
        world.observe()?;
    }
    world.finish()?;
    Ok(world.tally)
}

impl World {
    fn count(&self) -> usize {
        self.alliance.members.len()
    }

    /// What a dead machine did not do is no failure of the program.
    fn unless_dead<T>(
        &self,
        place: usize,
        result: std::result::Result<T, AppError>,
    ) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(_) if self.alliance.member(place)?.fate.is_dead() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn act(&mut self, step: u64) -> Result<()> {
        let place = self.chance.index(self.count());
        match self.chance.below(100) {
            0..25 => self.publish(place),
            25..60 => self.exchange(place),
            60..70 => self.repeat(),
            70..80 => {
                let ticked = self.alliance.member(place)?.node()?.tick();
                self.unless_dead(place, ticked).map(drop)
            }
            80..88 => {
                let boundary = u32::try_from(1 + self.chance.below(25)).unwrap_or(1);
                self.alliance.member(place)?.fate.crash_after(boundary);
                Ok(())
            }
            _ if step < OFFERED_FROM => self.publish(place),
            _ => self.sign(place),
        }
    }

    fn publish(&mut self, place: usize) -> Result<()> {
        let payload = self.chance.bytes(120);
        let member = self.alliance.member(place)?;
        let schemes = Schemes::builtin();
        let scheme = schemes
            .get(member.profile.code.as_str())
            .map_err(|e| Failure(format!("no scheme: {e}")))?;
        let label = parse_label(scheme.marking(0).unwrap_or_default(), scheme, member.now())
            .map_err(|e| Failure(format!("the label: {e}")))?;
        let order = Order {
            label,
            facts: ReleaseFacts::default(),
            purpose: "cyber_defence".to_owned(),
            to: Vec::new(),
            circumstances: Circumstances::default(),
            lane: *self.chance.pick(&Lane::ALL).unwrap_or(&Lane::Routine),
            supersedes: Vec::new(),
        };
        let analyst = member.actor("analyst");
        let published =
            analyst.and_then(|a| Ok(member.node()?.publish(&a, &order, &[piece(&payload)])));
        match published {
            Ok(published) => self.unless_dead(place, published).map(drop),
            Err(_) if member.fate.is_dead() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One bundle and its answer; either may be lost, and the bundle may come again later.
    fn exchange(&mut self, place: usize) -> Result<()> {
        let other = (place + 1 + self.chance.index(self.count() - 1)) % self.count();
        let (loses, loses_answer) = (self.chance.percent(25), self.chance.percent(25));
        let (one, two) = (self.alliance.member(place)?, self.alliance.member(other)?);
        let Some(sent) = self.unless_dead(place, one.node()?.outgoing(two.id))? else {
            return Ok(());
        };
        if loses {
            self.tally.lost += 1;
            return Ok(());
        }
        let received = receive(one, two, &sent.bytes);
        let Some(received) = self.unless_dead(other, received)? else { return Ok(()) };
        if loses_answer {
            self.tally.lost += 1;
        } else {
            let answered = receive(two, one, &received.reply.bytes);
            self.unless_dead(place, answered)?;
        }
        if self.chance.percent(30) {
            self.letter = Some((place, other, sent.bytes));
        }
        Ok(())
    }

    fn repeat(&mut self) -> Result<()> {
        let Some((from, to, bytes)) = self.letter.take() else { return Ok(()) };
        let (one, two) = (self.alliance.member(from)?, self.alliance.member(to)?);
        self.unless_dead(to, receive(one, two, &bytes)).map(drop)
    }

    /// A nation offers the new text if nobody has, or signs it if it has it.
    fn sign(&mut self, place: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let Some(new) = self.new else {
            let adviser = member.actor("legal-1")?;
            let offered = member.node()?.amend(&adviser, &self.old, &self.text);
            self.new = self.unless_dead(place, offered)?;
            return self.find_offer(place);
        };
        let known = member.node()?.known();
        let signs = known
            .policy
            .agreement(&new)
            .is_some_and(|held| !held.state.signatures().contains_key(&member.nation));
        if signs {
            self.sign_now(place, &new)?;
        }
        Ok(())
    }

    /// A machine that died may have kept the offer before.
    fn find_offer(&mut self, place: usize) -> Result<()> {
        self.revive()?;
        if self.new.is_none() {
            let known = self.alliance.member(place)?.node()?.known();
            let held =
                known.policy.agreements.iter().find(|h| h.agreement.supersedes() == Some(self.old));
            self.new = held.map(|held| held.row.id);
        }
        Ok(())
    }

    fn sign_now(&self, place: usize, new: &AgreementId) -> Result<()> {
        let member = self.alliance.member(place)?;
        for person in ["legal-1", "legal-2"] {
            if member.fate.is_dead() {
                return Ok(());
            }
            let actor = match member.actor(person) {
                Err(_) if member.fate.is_dead() => return Ok(()),
                actor => actor?,
            };
            match member.node()?.sign_agreement(&actor, new) {
                // Before it died, the same person had approved it.
                Err(AppError::Forbidden(_)) => {}
                result => drop(self.unless_dead(place, result)?),
            }
        }
        Ok(())
    }

    /// Machines that died start again, and ask the others what they last saw of their ledgers.
    fn revive(&mut self) -> Result<()> {
        for place in 0..self.count() {
            let member = self.alliance.member_mut(place)?;
            if member.fate.is_dead() {
                self.tally.crashes += 1;
                member.stop();
                member.fate.kind();
                member.start()?;
            }
        }
        for one in &self.alliance.members {
            for other in self.alliance.members.iter().filter(|m| m.nation != one.nation) {
                if one.fate.is_dead() || other.fate.is_dead() {
                    continue;
                }
                match ask(one, other) {
                    Err(_) if one.fate.is_dead() || other.fate.is_dead() => {}
                    result => result?,
                }
            }
        }
        Ok(())
    }

    /// Notes who holds all signatures of the new text now.
    fn observe(&mut self) -> Result<()> {
        let Some(new) = self.new else { return Ok(()) };
        for place in 0..self.count() {
            let member = self.alliance.member(place)?;
            if member.fate.is_dead() || self.since.get(place).is_some_and(Option::is_some) {
                continue;
            }
            let known = member.node()?.known();
            if known.policy.agreement(&new).is_some_and(|held| held.state.is_complete()) {
                let size =
                    member.node()?.store().read(|work| work.head())?.map_or(0, |head| head.size);
                if let Some(since) = self.since.get_mut(place) {
                    *since = Some(size);
                }
            }
        }
        Ok(())
    }

    /// Everything heals, all sign, all publish once more; then the ledgers and stores are read.
    fn finish(&mut self) -> Result<()> {
        for member in &self.alliance.members {
            member.fate.no_crash();
        }
        self.revive()?;
        if self.new.is_none() {
            self.sign(0)?;
        }
        let new = self.new.ok_or_else(|| Failure("nobody offered the new text".to_owned()))?;
        self.alliance.quiet()?;
        for place in 0..self.count() {
            let member = self.alliance.member(place)?;
            let known = member.node()?.known();
            let held = known.policy.agreement(&new);
            if held.is_none_or(|held| !held.state.signatures().contains_key(&member.nation)) {
                self.sign_now(place, &new)?;
                self.observe()?;
            }
        }
        self.alliance.quiet()?;
        self.observe()?;
        for place in 0..self.count() {
            self.publish(place)?;
        }
        self.alliance.quiet()?;
        for place in 0..self.count() {
            self.check_standing(place, &new)?;
            self.check_ledger(place, &new)?;
        }
        for place in 0..self.count() {
            self.check_holdings(place, &new)?;
        }
        Ok(())
    }

    fn check_standing(&self, place: usize, new: &AgreementId) -> Result<()> {
        let known = self.alliance.member(place)?.node()?.known();
        for (id, right) in [(&self.old, "superseded"), (new, "in_force")] {
            let status = known.policy.agreement(id).map(|held| held.row.status.clone());
            if status.as_deref() != Some(right) {
                return Err(Failure(format!("member {place}: {} is {status:?}", id.short())));
            }
        }
        Ok(())
    }

    fn agreement_of(&self, place: usize, basis: &[u8; 32]) -> Result<Option<AgreementId>> {
        let node = self.alliance.member(place)?.node()?;
        let bytes = node.store().read(|work| work.preimage(Digest::from_array(*basis)))?;
        let bytes = bytes.ok_or_else(|| Failure("a basis was not kept".to_owned()))?;
        let basis = Basis::from_bytes(&bytes).map_err(|e| Failure(format!("a basis: {e}")))?;
        Ok(basis.agreements.first().copied())
    }

    fn check_ledger(&mut self, place: usize, new: &AgreementId) -> Result<()> {
        let since = self.since.get(place).copied().flatten();
        let since = since.ok_or_else(|| Failure(format!("member {place} is not complete")))?;
        for release in releases(self.alliance.member(place)?)? {
            if release.link.kind != ItemKind::Object {
                continue;
            }
            let under = self.agreement_of(place, release.link.basis.as_bytes())?;
            if under == Some(*new) {
                self.tally.new += 1;
                if release.leaf < since {
                    return Err(Failure(format!("member {place} releases by half an agreement")));
                }
            } else {
                self.tally.old += 1;
                if release.leaf >= since {
                    return Err(Failure(format!(
                        "leaf {} of member {place} goes out under the old text, and all signatures \
                         of the new one were held from {since} on",
                        release.leaf
                    )));
                }
            }
            self.check_arrival(&release.link.dst, release.link.oid, under)?;
        }
        Ok(())
    }

    fn check_arrival(
        &self,
        dst: &entente_model::NodeId,
        oid: ObjectId,
        under: Option<AgreementId>,
    ) -> Result<()> {
        let Some(member) = self.alliance.members.iter().find(|m| m.id == *dst) else {
            return Err(Failure("an object for nobody".to_owned()));
        };
        let row = member.node()?.store().read(|work| work.object(oid))?;
        let terms = row.and_then(|row| row.terms);
        let terms = terms.ok_or_else(|| {
            Failure(format!("{} does not hold {}", member.profile.code, oid.short()))
        })?;
        let terms = Terms::from_bytes(&terms).map_err(|e| Failure(format!("terms: {e}")))?;
        if Some(terms.agreement) != under {
            return Err(Failure(format!("{} came under other terms", oid.short())));
        }
        Ok(())
    }

    /// Every holder passes on what it holds: of the old text only with consent, which nobody gave.
    fn check_holdings(&mut self, place: usize, new: &AgreementId) -> Result<()> {
        let member = self.alliance.member(place)?;
        let held = member.node()?.store().read(|w| w.objects(None, 1000, Some(false)))?;
        let to = self.alliance.member((place + 1) % self.count())?;
        let (mut kept, mut passed) = (0, 0);
        for row in held.into_iter().filter(|row| row.nation != to.nation) {
            let Some(bytes) = &row.terms else { continue };
            let terms = Terms::from_bytes(bytes).map_err(|e| Failure(format!("terms: {e}")))?;
            let order = OnwardOrder {
                oid: row.oid,
                to: to.profile.code,
                to_body: None,
                purpose: "cyber_defence".to_owned(),
                body: member.profile.bodies.first().cloned().unwrap_or_default(),
                evidence: false,
            };
            let outcome = member.node()?.release_onward(&member.actor("analyst")?, &order)?;
            // What may go waits for the word of its originator's ledger, and is decided already.
            let may_go = outcome.verdict.nations.first().is_some_and(Weighed::goes);
            match (terms.agreement == *new, may_go) {
                (false, true) => {
                    return Err(Failure(format!(
                        "member {place} passes {} on, which the text that it came under forbids",
                        row.oid.short()
                    )));
                }
                (false, false) => kept += 1,
                (true, true) => passed += 1,
                (true, false) => {
                    return Err(Failure(format!("member {place} does not pass on what it may")));
                }
            }
        }
        self.tally.kept += kept;
        self.tally.passed += passed;
        Ok(())
    }
}
