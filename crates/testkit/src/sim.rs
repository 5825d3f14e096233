//! One simulated history: nations act, machines and networks fail, one nation may lie; then all
//! is healed, and the invariants are checked. Everything follows from the seed.

mod act;
mod fault;
mod lie;

pub(crate) use act::piece;

use std::sync::{Mutex, PoisonError};

use entente_app::deliver::Outgoing;
use entente_app::keys::KeyError;
use entente_app::rollback::Standing;
use entente_app::{AppError, Result as AppResult, SqliteNode};
use entente_exchange::bundle;
use entente_store::{Store as _, StoreError};
use tempfile::TempDir;

use crate::alliance::Alliance;
use crate::chance::Chance;
use crate::failure::{Failure, Result};
use crate::invariant::{self, Account};
use crate::ledgers::lanes_in;
use crate::network::{Letter, Network, Weather};
use crate::treaty;
use crate::watch::Watch;

/// How a history goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// What it follows from.
    pub seed: u64,
    /// How many steps are taken before all is healed.
    pub steps: u64,
    /// How many nations there are, 2 to 4.
    pub nations: usize,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed).fork("plan", 0);
        Self { seed, steps: 40 + chance.below(40), nations: 3 + usize::from(chance.percent(30)) }
    }
}

/// What a history came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects published.
    pub published: usize,
    /// Items that crossed a border, and how many of them again.
    pub items: (usize, usize),
    /// Machines that died.
    pub crashes: usize,
    /// Lies that were told.
    pub lies: usize,
}

/// A history under way.
pub struct Sim {
    alliance: Alliance,
    folder: TempDir,
    chance: Chance,
    network: Network,
    watch: Watch,
    account: Account,
    tally: Tally,
    step: u64,
    /// Copies of disks.
    copies: Vec<fault::DiskCopy>,
    /// The nation that lies, and what it keeps for that.
    liar: Option<lie::Liar>,
    /// Written for people.
    log: Vec<String>,
    tell: fn(&str),
}

/// Alliances that are founded once in a process, for histories to begin with: by size.
static FOUNDED: Mutex<Vec<(usize, TempDir, Alliance)>> = Mutex::new(Vec::new());

/// Where histories are played: in memory if the machine offers that.
fn playground() -> Result<TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    Ok(made?)
}

/// Plays the history of a plan; `tell` hears each step.
pub fn play(plan: &Plan, tell: fn(&str)) -> Result<Tally> {
    let mut sim = Sim::begin(plan, tell)?;
    sim.run(plan)
        .map_err(|failure| Failure(format!("seed {}, step {}: {failure}", plan.seed, sim.step)))?;
    Ok(Tally { items: (sim.watch.items, sim.watch.again), ..sim.tally })
}

impl Sim {
    fn begin(plan: &Plan, tell: fn(&str)) -> Result<Self> {
        let folder = playground()?;
        let chance = Chance::new(plan.seed).fork("history", 0);
        // Some histories begin with strangers, most with partners.
        let afresh = plan.seed.is_multiple_of(32);
        let mut alliance = if afresh {
            founded(plan.nations, &folder.path().join("nations"), plan.seed)?
        } else {
            let mut all = FOUNDED.lock().unwrap_or_else(PoisonError::into_inner);
            let index = all.iter().position(|(size, _, _)| *size == plan.nations);
            let index = if let Some(index) = index {
                index
            } else {
                let home = playground()?;
                let mut alliance = founded(plan.nations, home.path(), 0)?;
                alliance.stop();
                all.push((plan.nations, home, alliance));
                all.len() - 1
            };
            let (_, _, template) =
                all.get(index).ok_or_else(|| Failure("no alliance was founded".to_owned()))?;
            template.resumed(&folder.path().join("nations"), plan.seed)?
        };
        for member in &mut alliance.members {
            // From the next start on, a partner must confirm what is there.
            member.settings.start_quorum = 1;
        }
        Ok(Self {
            alliance,
            folder,
            chance,
            network: Network::default(),
            watch: Watch::default(),
            account: Account::default(),
            tally: Tally::default(),
            step: 0,
            copies: Vec::new(),
            liar: None,
            log: Vec::new(),
            tell,
        })
    }

    fn run(&mut self, plan: &Plan) -> Result<()> {
        self.network.weather = Weather {
            loss: self.chance.below(25),
            twice: self.chance.below(20),
            damage: self.chance.below(15),
            delay: self.chance.below(6),
        };
        let weather = self.network.weather;
        self.say(format!("{} nations, {} steps, {weather:?}", plan.nations, plan.steps));
        if self.chance.percent(40) {
            self.begin_to_lie();
        }
        while self.step < plan.steps {
            self.step += 1;
            let time = 1 + self.chance.below(90_000);
            self.alliance.clock.advance(time);
            self.misfortune()?;
            self.act()?;
            if self.chance.percent(20) {
                self.lie()?;
            }
            self.breathe()?;
        }
        self.heal()?;
        self.check()
    }

    /// Writes a line for people.
    fn say(&mut self, line: String) {
        (self.tell)(&format!("[{:3}] {line}", self.step));
        self.log.push(line);
    }

    fn count(&self) -> usize {
        self.alliance.members.len()
    }

    fn name(&self, place: usize) -> String {
        self.alliance.members.get(place).map_or_else(String::new, |m| m.profile.code.to_string())
    }

    /// Does something at a nation's node. If the machine died meanwhile it is started again. An
    /// error that no fault explains ends the history.
    fn at<T>(
        &mut self,
        place: usize,
        what: &str,
        work: impl FnOnce(&SqliteNode) -> AppResult<T>,
    ) -> Result<Option<T>> {
        let member = self.alliance.member(place)?;
        let done = work(member.node()?);
        let name = member.profile.code;
        let (dead, unkind) = (member.fate.is_dead(), member.fate.is_unkind());
        if dead {
            let at = member.fate.died_at().unwrap_or("?");
            self.say(format!("{name} died {at}, at: {what}"));
            self.tally.crashes += 1;
            self.revive(place)?;
            return Ok(None);
        }
        match done {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                // Until partners confirm its ledger after a start, a node signs nothing and says so.
                let waits = matches!(member.node()?.standing(), Ok(Standing::Waits { .. }));
                let explained = match &error {
                    AppError::Keys(KeyError::Unreachable(_) | KeyError::Anchor(_))
                    | AppError::Store(StoreError::Full) => unkind,
                    AppError::Operator(_) => waits,
                    AppError::Keys(_) | AppError::Store(_) | AppError::Damaged(_) => false,
                    AppError::Invalid(_)
                    | AppError::Forbidden(_)
                    | AppError::NotNecessary(_)
                    | AppError::TooSoon(_)
                    | AppError::NotFound(_)
                    | AppError::Partner(_) => true,
                };
                self.say(format!("{name}: {what}: {error}"));
                if explained { Ok(None) } else { Err(Failure(format!("{name}: {what}: {error}"))) }
            }
        }
    }

    /// Starts a machine that died, perhaps to die again while it starts.
    fn revive(&mut self, place: usize) -> Result<()> {
        let again = self.chance.percent(20);
        let boundary = 1 + self.chance.below(8);
        let member = self.alliance.member_mut(place)?;
        member.stop();
        member.fate.kind();
        if again {
            member.fate.crash_after(u32::try_from(boundary).unwrap_or(1));
            let started = member.try_start();
            if member.fate.is_dead() {
                let name = member.profile.code;
                let at = member.fate.died_at().unwrap_or("?");
                member.stop();
                member.fate.kind();
                self.tally.crashes += 1;
                self.say(format!("{name} died {at}, while it started"));
                return self.alliance.member_mut(place)?.start();
            }
            member.fate.no_crash();
            return started.map_err(Failure::from);
        }
        member.start()
    }

    /// Nations tick and write to each other; the network delivers what is due.
    fn breathe(&mut self) -> Result<()> {
        let count = self.count();
        let ticks = 1 + self.chance.index(count);
        for _ in 0..ticks {
            let place = self.chance.index(count);
            self.at(place, "tick", |node| node.tick().map(drop))?;
        }
        for _ in 0..count {
            let (from, to) = self.pair();
            self.write(from, to)?;
        }
        for place in 0..count {
            if self.chance.percent(50) {
                self.ask_partners(place)?;
            }
        }
        for _ in 0..8 {
            let Some(letter) = self.network.take(&mut self.chance, self.step) else { break };
            self.deliver(&letter)?;
        }
        Ok(())
    }

    /// A nation that was started asks the partners that it can reach what they saw of its ledger.
    fn ask_partners(&mut self, place: usize) -> Result<()> {
        if self.liar.as_ref().is_some_and(|liar| liar.place == place) {
            // It signed two histories by itself.
            return Ok(());
        }
        for other in (0..self.count()).filter(|other| *other != place) {
            let there = self.alliance.member(other)?;
            if self.network.is_cut(place, other) || there.fate.is_dead() {
                continue;
            }
            let (peer, asked) = (there.id, there.node()?);
            let node = self.alliance.member(place)?.node()?;
            if !node.wants_word_of(peer) {
                continue;
            }
            let note = asked.latest_of(&node.identity().origin)?;
            self.at(place, "hear what a partner saw", |node| {
                node.take_word(peer, note.as_deref())
            })?;
        }
        Ok(())
    }

    /// Two nations.
    fn pair(&mut self) -> (usize, usize) {
        let count = self.count();
        let from = self.chance.index(count);
        let to = (from + 1 + self.chance.index(count - 1)) % count;
        (from, to)
    }

    /// A nation writes to another what it has for it.
    fn write(&mut self, from: usize, to: usize) -> Result<()> {
        let peer = self.alliance.member(to)?.id;
        let written = self.at(from, "write a bundle", |node| node.outgoing(peer))?;
        match written {
            Some(outgoing) if outgoing.news => self.post((from, to), &outgoing, false),
            _ => Ok(()),
        }
    }

    /// A bundle crosses the border.
    fn post(&mut self, way: (usize, usize), outgoing: &Outgoing, answers: bool) -> Result<()> {
        let (from, to) = (self.alliance.member(way.0)?, self.alliance.member(way.1)?);
        self.watch.leaves(from, to, &outgoing.bytes)?;
        if let Some(liar) = &mut self.liar {
            liar.remember(way, &outgoing.bytes);
            if liar.twists(way) {
                return self.twist(way, outgoing, answers);
            }
        }
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, way, &outgoing.bytes, (answers, false));
        Ok(())
    }

    /// A letter arrives.
    fn deliver(&mut self, letter: &Letter) -> Result<()> {
        let (from, to) = (letter.from, letter.to);
        let peer = self.alliance.member(from)?.id;
        let before = lanes_in(self.alliance.member(to)?, peer)?;
        let crashes = self.tally.crashes;
        let what = format!(
            "take in {} bytes from {}{}{}",
            letter.bytes.len(),
            self.name(from),
            if letter.damaged { ", damaged" } else { "" },
            if letter.lie { ", a lie" } else { "" },
        );
        let taken = self.at(to, &what, |node| match node.receive(peer, &letter.bytes) {
            Err(AppError::Partner(why) | AppError::Forbidden(why)) => Ok(Err(why)),
            other => other.map(Ok),
        })?;
        let after = lanes_in(self.alliance.member(to)?, peer)?;
        if before.iter().zip(&after).any(|(b, a)| a.0 < b.0) {
            return Err(Failure(format!("I16: a lane of {} went back", self.name(to))));
        }
        let Some(taken) = taken else { return Ok(()) };
        match taken {
            Err(why) if letter.damaged => {
                self.say(format!("{}: refused what was damaged: {why}", self.name(to)));
            }
            Err(why) => {
                let excused = letter.lie || self.is_shunned(from) || self.is_shunned(to);
                self.say(format!("{}: {what}: {why}", self.name(to)));
                if !excused {
                    return Err(Failure(format!("an honest bundle was refused: {why}")));
                }
            }
            Ok(_) if letter.damaged => {
                return Err(Failure("I11: a damaged bundle was taken in".to_owned()));
            }
            Ok(received) => {
                if received.objects + received.controls + received.refused > 0 {
                    self.say(format!(
                        "{} has {} objects, {} others, {} refused from {}",
                        self.name(to),
                        received.objects,
                        received.controls,
                        received.refused,
                        self.name(from)
                    ));
                }
                if received.refused > 0 && crashes == self.tally.crashes {
                    self.note_refusals(to)?;
                }
                if !letter.answers {
                    self.post((to, from), &received.reply, true)?;
                }
            }
        }
        Ok(())
    }

    fn note_refusals(&mut self, at: usize) -> Result<()> {
        let member = self.alliance.member(at)?;
        let refused = member.node()?.quarantined(&member.actor("overseer")?, 3)?;
        for row in refused {
            self.say(format!("   refused: lane {:?} item {} code {}", row.lane, row.seq, row.code));
        }
        Ok(())
    }

    /// Whether this nation lied so that links to it may be stopped.
    fn is_shunned(&self, place: usize) -> bool {
        self.liar.as_ref().is_some_and(|liar| liar.place == place && liar.shunned)
    }

    /// Everything works again, and what waits is delivered, until nobody has anything to say.
    fn heal(&mut self) -> Result<()> {
        self.say("all is healed".to_owned());
        self.network.heal();
        self.stop_lying();
        for place in 0..self.count() {
            let member = self.alliance.member_mut(place)?;
            let was_dead = member.fate.is_dead();
            member.fate.kind();
            member.clock.set_wrong_by(0);
            if was_dead || !member.is_running() {
                member.start()?;
            }
        }
        // What was dated by a clock that ran ahead is in the past by now.
        self.alliance.clock.advance(2 * 86_400_000);
        self.step += 1000;
        while let Some(letter) = self.network.take(&mut self.chance, self.step) {
            self.deliver(&letter)?;
        }
        let count = self.count();
        for place in 0..count {
            self.ask_partners(place)?;
        }
        for round in 0..80 {
            let mut busy = false;
            for place in 0..count {
                let ticked = self.at(place, "tick", SqliteNode::tick)?;
                busy |= ticked.is_none_or(|t| t.sequenced + t.deleted > 0 || t.more);
            }
            for from in 0..count {
                for to in (0..count).filter(|to| *to != from) {
                    if self.is_shunned(from) || self.is_shunned(to) {
                        continue;
                    }
                    let peer = self.alliance.member(to)?.id;
                    let outgoing = self.alliance.member(from)?.node()?.outgoing(peer)?;
                    if outgoing.news {
                        busy = true;
                        self.post((from, to), &outgoing, false)?;
                    }
                    while let Some(letter) = self.network.take(&mut self.chance, self.step) {
                        self.deliver(&letter)?;
                    }
                }
            }
            if !busy {
                self.say(format!("quiet after {round} rounds"));
                return Ok(());
            }
        }
        self.tell_what_stirs()?;
        Err(Failure("the nations are not quiet after all was healed".to_owned()))
    }

    /// Says what nations still have for each other.
    fn tell_what_stirs(&mut self) -> Result<()> {
        for from in 0..self.count() {
            for to in (0..self.count()).filter(|to| *to != from) {
                let peer = self.alliance.member(to)?.id;
                let outgoing = self.alliance.member(from)?.node()?.outgoing(peer)?;
                let parsed = bundle::parse(&outgoing.bytes, bundle::Limits::default())
                    .map_err(|e| Failure(e.to_string()))?;
                let frames: Vec<_> = parsed.frames().iter().map(|f| f.ftype).collect();
                let (from, to) = (self.name(from), self.name(to));
                self.say(format!("{from} to {to}: news {}, {frames:?}", outgoing.news));
            }
        }
        for place in 0..self.count() {
            let member = self.alliance.member(place)?;
            let overseer = member.actor("overseer")?;
            for event in member.node()?.events(&overseer, Some("alarm"), None, 10)? {
                self.say(format!("{}: alarm: {}", self.name(place), event.text));
            }
        }
        Ok(())
    }

    /// The invariants.
    fn check(&mut self) -> Result<()> {
        for place in 0..self.count() {
            self.at(place, "sweep", |node| node.sweep().map(drop))?;
        }
        let honest: Vec<_> = (0..self.count())
            .filter(|place| !self.is_shunned(*place))
            .filter_map(|place| self.alliance.members.get(place))
            .collect();
        invariant::check_all(&honest, &self.account)?;
        self.check_liar()
    }

    /// The size of a nation's ledger.
    fn ledger_size(&self, place: usize) -> Result<u64> {
        let node = self.alliance.member(place)?.node()?;
        node.store().read(|work| Ok(work.head()?.map_or(0, |head| head.size)))
    }
}

/// Founds the nations of a history, introduces them and lets them agree.
fn founded(n: usize, folder: &std::path::Path, seed: u64) -> Result<Alliance> {
    let profiles = treaty::profiles(n)?;
    let alliance = Alliance::found(&profiles, folder, seed)?;
    alliance.introduce_all()?;
    alliance.agree(&treaty::text(&profiles))?;
    Ok(alliance)
}
