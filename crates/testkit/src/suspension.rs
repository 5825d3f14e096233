//! Random alliances in which, at a random moment, one nation suspends another.
//!
//! Who has met whom, who is bound by which agreement, what was released, passed on and delivered
//! before the act: all drawn. Afterwards everybody goes on. What must hold (decision 15):
//!
//! - behind the act's leaf, the suspender's ledger has no slot for the suspended nation but those
//!   that the protocol needs;
//! - a nation that has heard of it releases nothing of the suspender's to the suspended nation;
//! - the suspended nation holds nothing that the suspender published after the act.

use std::collections::BTreeSet;
use std::path::Path;

use entente_app::AppError;
use entente_app::onward::OnwardOrder;
use entente_app::publish::{Circumstances, Order};
use entente_exchange::chain::PeerStanding;
use entente_law::Schemes;
use entente_law::marking::parse_label;
use entente_model::item::{ItemKind, Lane, RecallClass};
use entente_model::{NationId, ObjectId, ReleaseFacts};
use entente_store::Store as _;

use crate::alliance::{Alliance, exchange, introduce, sign};
use crate::chance::Chance;
use crate::failure::{Failure, Result};
use crate::ledgers::releases;
use crate::member::Profile;
use crate::sim::piece;
use crate::treaty;

/// What one history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Objects of the suspender's that others passed on to the nation before it was suspended.
    pub passed: usize,
    /// Slots for the suspended nation before the act.
    pub before: usize,
    /// Slots for it behind the act, all of kinds that the protocol needs.
    pub after: usize,
    /// Objects of the suspender's that others wanted to pass on to it after they had heard.
    pub stopped: usize,
    /// Objects that others released to it afterwards, of their own.
    pub others: usize,
}

struct World {
    alliance: Alliance,
    chance: Chance,
    /// Pairs that have met, both ways.
    met: BTreeSet<(usize, usize)>,
    /// Objects, and whose they are.
    published: Vec<(usize, ObjectId)>,
    tally: Tally,
}

/// Plays one history.
pub fn play(seed: u64, folder: &Path) -> Result<Tally> {
    let mut chance = Chance::new(seed).fork("suspension", 0);
    let count = 3 + chance.index(2);
    let profiles = treaty::profiles(count)?;
    let alliance = Alliance::found(&profiles, folder, seed)?;
    let mut world = World {
        alliance,
        chance,
        met: BTreeSet::new(),
        published: Vec::new(),
        tally: Tally::default(),
    };
    world.meet()?;
    world.agree(&profiles)?;
    let suspender = 0;
    let suspended = 1 + world.chance.index(count - 1);
    world.met_now(suspender, suspended)?;
    for _ in 0..6 + world.chance.index(10) {
        world.act(None)?;
    }
    if world.chance.percent(70) {
        world.pass_all(suspender, suspended)?;
    }
    world.suspend(suspender, suspended)
}

impl World {
    fn count(&self) -> usize {
        self.alliance.members.len()
    }

    fn met_now(&mut self, a: usize, b: usize) -> Result<()> {
        if self.met.insert((a.min(b), a.max(b))) {
            introduce(self.alliance.member(a)?, self.alliance.member(b)?)?;
            introduce(self.alliance.member(b)?, self.alliance.member(a)?)?;
        }
        Ok(())
    }

    /// A random topology in which everybody is reached: a path, and some more.
    fn meet(&mut self) -> Result<()> {
        for place in 1..self.count() {
            self.met_now(place - 1, place)?;
        }
        for a in 0..self.count() {
            for b in a + 1..self.count() {
                if self.chance.percent(80) {
                    self.met_now(a, b)?;
                }
            }
        }
        Ok(())
    }

    /// Some groups of nations that have all met agree; pairs mostly.
    fn agree(&mut self, profiles: &[Profile]) -> Result<()> {
        let mut groups: Vec<Vec<usize>> = self.met.iter().map(|(a, b)| vec![*a, *b]).collect();
        let all = self.count() * (self.count() - 1) / 2;
        if self.met.len() == all && self.chance.percent(85) {
            groups.push((0..self.count()).collect());
        }
        for (number, group) in groups.into_iter().enumerate() {
            if group.len() == 2 && self.chance.percent(25) {
                continue;
            }
            let parties: Vec<Profile> =
                group.iter().filter_map(|place| profiles.get(*place).cloned()).collect();
            // Passing on among the parties without asking, or only with consent.
            let rule =
                if self.chance.percent(50) { "parties_allowed" } else { "originator_consent" };
            let text = treaty::text(&parties)
                .replace(treaty::CODE, &format!("SIM-{}", number + 1))
                .replace("originator_consent", rule);
            let Some(first) = group.first() else { continue };
            let first = self.alliance.member(*first)?;
            let id = first.node()?.propose(&first.actor("legal-1")?, &text)?;
            self.exchange_for(4, None)?;
            for place in &group {
                sign(self.alliance.member(*place)?, &id)?;
            }
            self.exchange_for(4, None)?;
        }
        Ok(())
    }

    /// Everybody who has met exchanges, but for a pair that does not deal with each other.
    fn exchange_for(&self, rounds: usize, apart: Option<(usize, usize)>) -> Result<()> {
        for _ in 0..rounds {
            for member in &self.alliance.members {
                member.node()?.tick()?;
            }
            for (a, b) in &self.met {
                if apart.is_some_and(|(x, y)| (x.min(y), x.max(y)) == (*a, *b)) {
                    continue;
                }
                let (one, other) = (self.alliance.member(*a)?, self.alliance.member(*b)?);
                exchange(one, other)?;
                exchange(other, one)?;
            }
        }
        Ok(())
    }

    /// Something that nations do.
    fn act(&mut self, apart: Option<(usize, usize)>) -> Result<()> {
        let place = self.chance.index(self.count());
        match self.chance.below(10) {
            0..4 => self.publish(place),
            4..7 => self.pass_on(place),
            7 => self.consent(place),
            _ => self.exchange_for(1, apart),
        }
    }

    fn publish(&mut self, place: usize) -> Result<()> {
        let payload = self.chance.bytes(200);
        let member = self.alliance.member(place)?;
        let schemes = Schemes::builtin();
        let scheme = schemes
            .get(member.profile.code.as_str())
            .map_err(|e| Failure(format!("no scheme: {e}")))?;
        let marking = scheme.marking(0).unwrap_or_default();
        let label = parse_label(marking, scheme, member.now())
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
        let analyst = member.actor("analyst")?;
        let published = member.node()?.publish(&analyst, &order, &[piece(&payload)])?;
        self.published.extend(published.objects.into_iter().map(|oid| (place, oid)));
        Ok(())
    }

    /// What a nation holds of others, it passes on to some nation.
    fn pass_on(&mut self, place: usize) -> Result<()> {
        let held = self.held(place)?;
        let Some((oid, _)) = self.chance.pick(&held).copied() else { return Ok(()) };
        let to = self.chance.index(self.count());
        self.pass(place, oid, to).map(drop)
    }

    /// Others pass on what they hold of the suspender's while they may: with its consent where they
    /// need it, which they keep.
    fn pass_all(&mut self, suspender: usize, suspended: usize) -> Result<()> {
        self.publish(suspender)?;
        self.exchange_for(2, None)?;
        let own = self.alliance.member(suspender)?.nation;
        for place in (0..self.count()).filter(|place| *place != suspender && *place != suspended) {
            for (oid, originator) in self.held(place)? {
                if originator == own {
                    self.pass(place, oid, suspended)?;
                }
            }
        }
        self.exchange_for(1, None)?;
        self.consent(suspender)?;
        self.exchange_for(2, None)?;
        let node = self.alliance.member(suspended)?.id;
        for place in (0..self.count()).filter(|place| *place != suspender && *place != suspended) {
            let passed = releases(self.alliance.member(place)?)?.into_iter().filter(|release| {
                release.link.dst == node && self.published.contains(&(suspender, release.link.oid))
            });
            self.tally.passed += passed.count();
        }
        Ok(())
    }

    /// Objects of others at a nation, with their originators.
    fn held(&self, place: usize) -> Result<Vec<(ObjectId, NationId)>> {
        let rows = self
            .alliance
            .member(place)?
            .node()?
            .store()
            .read(|w| w.objects(None, 1000, Some(false)))?;
        Ok(rows.into_iter().map(|row| (row.oid, row.nation)).collect())
    }

    /// Whether it went; what people are refused is no failure.
    fn pass(&self, place: usize, oid: ObjectId, to: usize) -> Result<bool> {
        let member = self.alliance.member(place)?;
        let order = OnwardOrder {
            oid,
            to: self.alliance.member(to)?.profile.code,
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: member.profile.bodies.first().cloned().unwrap_or_default(),
            evidence: false,
        };
        match member.node()?.release_onward(&member.actor("analyst")?, &order) {
            Ok(outcome) => Ok(outcome.released),
            Err(AppError::Invalid(_) | AppError::Forbidden(_) | AppError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Two officers grant whatever waits; what concerns a suspended nation they may not.
    fn consent(&self, place: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let node = member.node()?;
        for ask in node.asks(&member.actor("overseer")?)? {
            if ask.ours || ask.state != "waiting" {
                continue;
            }
            for officer in ["release-1", "release-2"] {
                match node.consent(&member.actor(officer)?, ask.id, true, "") {
                    Ok(_) => {}
                    Err(AppError::Invalid(why)) if why.contains("suspended") => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// The act, and what comes after it.
    fn suspend(mut self, suspender: usize, suspended: usize) -> Result<Tally> {
        let code = self.alliance.member(suspended)?.profile.code;
        let (nation, node) =
            (self.alliance.member(suspended)?.nation, self.alliance.member(suspended)?.id);
        let own = self.alliance.member(suspender)?.nation;
        let member = self.alliance.member(suspender)?;
        for officer in ["release-1", "release-2"] {
            member.node()?.suspend_nation(&member.actor(officer)?, code, "a breach")?;
        }
        let head = member.node()?.store().read(|work| work.head())?;
        // The act's own leaf is the last one.
        let act = head.map_or(0, |head| head.size) - 1;
        let sent_before = self.published.len();

        let apart = Some((suspender, suspended));
        self.recall_from(suspender)?;
        for _ in 0..4 + self.chance.index(8) {
            self.act(apart)?;
            self.consent(suspender)?;
        }
        // Everybody who can hear of it has heard.
        self.exchange_for(2 * self.count(), apart)?;
        let mut sizes = Vec::new();
        for place in 0..self.count() {
            sizes.push(releases(self.alliance.member(place)?)?.len());
        }
        for _ in 0..4 {
            self.act(apart)?;
        }
        for place in 0..self.count() {
            self.try_all(place, own, nation, suspended)?;
        }
        self.exchange_for(4, apart)?;
        self.check_ledger(suspender, node, act)?;
        self.check_others(own, nation, node, &sizes)?;
        self.check_holdings(suspender, suspended, sent_before)?;
        Ok(self.tally)
    }

    /// The suspender takes back what it published: the suspended nation may hold some of it.
    fn recall_from(&self, place: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let oids: Vec<_> = self
            .published
            .iter()
            .filter(|(by, _)| *by == place)
            .map(|(_, oid)| *oid)
            .take(1)
            .collect();
        if !oids.is_empty() {
            let officer = member.actor("release-1")?;
            member.node()?.recall(&officer, &oids, RecallClass::Retract, "Act 7", 3_600_000)?;
        }
        Ok(())
    }

    /// A nation that has heard tries to pass everything of the suspender's on.
    fn try_all(
        &mut self,
        place: usize,
        own: NationId,
        nation: NationId,
        suspended: usize,
    ) -> Result<()> {
        let member = self.alliance.member(place)?;
        if member.nation == own || member.nation == nation {
            return Ok(());
        }
        let heard = member.node()?.known().nation(&own).is_some_and(|n| {
            matches!(n.chain.peer(&nation, member.now()), Some(PeerStanding::Suspended(_)))
        });
        let direct = self.met.contains(&(0, place));
        if direct && !heard {
            return Err(Failure(format!(
                "member {place} exchanges with the suspender and has not heard"
            )));
        }
        if !heard {
            return Ok(());
        }
        for (oid, originator) in self.held(place)? {
            if originator == own {
                if self.pass(place, oid, suspended)? {
                    return Err(Failure(format!(
                        "member {place} passes on what the suspender no longer lets go"
                    )));
                }
                self.tally.stopped += 1;
            }
        }
        Ok(())
    }

    /// Behind the act no slot of the suspender's ledger is for the suspended nation, but what the
    /// protocol needs.
    fn check_ledger(
        &mut self,
        suspender: usize,
        node: entente_model::NodeId,
        act: u64,
    ) -> Result<()> {
        for release in releases(self.alliance.member(suspender)?)? {
            if release.link.dst != node {
                continue;
            }
            if release.leaf < act {
                self.tally.before += 1;
                continue;
            }
            self.tally.after += 1;
            let needed = matches!(
                release.link.kind,
                ItemKind::Recall
                    | ItemKind::RecallEffect
                    | ItemKind::Receipt
                    | ItemKind::AgreementWithdraw
                    | ItemKind::AgreementStanding
            );
            if !needed {
                return Err(Failure(format!(
                    "leaf {} is behind the act in leaf {act}, and holds {:?} for the suspended \
                     nation",
                    release.leaf, release.link.kind
                )));
            }
        }
        Ok(())
    }

    /// What others released to the suspended nation after they had heard is not the suspender's.
    fn check_others(
        &mut self,
        own: NationId,
        nation: NationId,
        node: entente_model::NodeId,
        sizes: &[usize],
    ) -> Result<()> {
        let owner = |oid: ObjectId| {
            self.published
                .iter()
                .find(|(_, known)| *known == oid)
                .and_then(|(place, _)| self.alliance.members.get(*place))
                .map(|member| member.nation)
        };
        let mut others = 0;
        for (place, before) in sizes.iter().enumerate() {
            let member = self.alliance.member(place)?;
            if member.nation == own || member.nation == nation {
                continue;
            }
            let heard = member.node()?.known().nation(&own).is_some_and(|n| {
                matches!(n.chain.peer(&nation, member.now()), Some(PeerStanding::Suspended(_)))
            });
            for release in releases(member)?.into_iter().skip(*before) {
                if release.link.dst != node || release.link.kind != ItemKind::Object {
                    continue;
                }
                if heard && owner(release.link.oid) == Some(own) {
                    return Err(Failure(format!(
                        "{} released what is the suspender's to the suspended nation",
                        member.profile.code
                    )));
                }
                others += 1;
            }
        }
        self.tally.others += others;
        Ok(())
    }

    /// Whoever exchanges with the suspender hears of the act before, or with, what was published
    /// after it; so nothing of that can have reached the suspended nation by any way.
    fn check_holdings(&self, suspender: usize, suspended: usize, from: usize) -> Result<()> {
        let held: BTreeSet<ObjectId> =
            self.held(suspended)?.into_iter().map(|(oid, _)| oid).collect();
        let after = self.published.iter().skip(from);
        match after.filter(|(by, _)| *by == suspender).find(|(_, oid)| held.contains(oid)) {
            Some((_, oid)) => Err(Failure(format!(
                "the suspended nation holds {}, which was published after the act",
                oid.short()
            ))),
            None => Ok(()),
        }
    }
}
