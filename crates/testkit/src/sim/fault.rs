//! What befalls nations: crashes, full disks, lost keys, cut links, wrong clocks, old and copied
//! disks.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use entente_app::AppError;
use entente_app::keys::KeyError;
use entente_app::people::{Post, Role};
use entente_app::rollback::Standing;

use super::Sim;
use crate::failure::{Failure, Result};
use crate::fate::Fate;
use crate::keys::Device;

/// A copy of a nation's disk, and of its anchor at that time.
#[derive(Clone)]
pub(super) struct DiskCopy {
    of: usize,
    path: PathBuf,
    /// How large its ledger was.
    size: u64,
    anchor: Device,
}

impl Sim {
    /// Perhaps something goes wrong, or something that was wrong ends.
    pub(super) fn misfortune(&mut self) -> Result<()> {
        let place = self.chance.index(self.count());
        match self.chance.below(100) {
            0..14 => self.crash_soon(place),
            14..18 => self.restart(place),
            18..24 => {
                self.cut_or_mend();
                Ok(())
            }
            24..28 => self.switch("the disk is full", place, Fate::is_full, Fate::set_full),
            28..31 => {
                self.switch("no key process", place, Fate::keys_are_down, Fate::set_keys_down)
            }
            31..34 => self.switch("no anchor", place, Fate::anchor_is_down, Fate::set_anchor_down),
            34..40 => {
                self.all_switches_off();
                Ok(())
            }
            40..44 => self.wrong_clock(place),
            44..50 => self.copy_disk(place),
            50..56 => self.old_disk(place),
            56..60 => self.second_machine(place),
            60..65 => self.old_disk_and_anchor(place),
            _ => Ok(()),
        }
    }

    fn crash_soon(&mut self, place: usize) -> Result<()> {
        let boundary = 1 + self.chance.below(30);
        self.alliance.member(place)?.fate.crash_after(u32::try_from(boundary).unwrap_or(1));
        Ok(())
    }

    fn restart(&mut self, place: usize) -> Result<()> {
        self.say(format!("{} restarts", self.name(place)));
        let member = self.alliance.member_mut(place)?;
        member.stop();
        member.fate.kind();
        member.start()
    }

    fn cut_or_mend(&mut self) {
        let (a, b) = self.pair();
        let cut = !self.network.is_cut(a, b);
        self.network.set_cut(a, b, cut);
        let word = if cut { "cut" } else { "mended" };
        self.say(format!("the link of {} and {} is {word}", self.name(a), self.name(b)));
    }

    fn switch(
        &mut self,
        what: &str,
        place: usize,
        is: fn(&Fate) -> bool,
        set: fn(&Fate, bool),
    ) -> Result<()> {
        let fate = Arc::clone(&self.alliance.member(place)?.fate);
        let on = !is(&fate);
        set(&fate, on);
        self.say(format!("{}: {what}: {on}", self.name(place)));
        Ok(())
    }

    fn all_switches_off(&mut self) {
        for member in &self.alliance.members {
            member.fate.set_full(false);
            member.fate.set_keys_down(false);
            member.fate.set_anchor_down(false);
        }
    }

    fn wrong_clock(&mut self, place: usize) -> Result<()> {
        let hours = i64::try_from(self.chance.below(48)).unwrap_or(0) - 24;
        self.say(format!("the clock of {} is wrong by {hours} hours", self.name(place)));
        self.alliance.member(place)?.clock.set_wrong_by(hours * 3_600_000);
        Ok(())
    }

    fn copy_disk(&mut self, place: usize) -> Result<()> {
        let to = self.fresh_folder("copy");
        let size = self.ledger_size(place)?;
        let member = self.alliance.member_mut(place)?;
        if member.fate.is_unkind() {
            return Ok(());
        }
        member.stop();
        member.fate.no_crash();
        member.copy_disk(&to)?;
        member.start()?;
        let anchor = self.alliance.member(place)?.device.copied();
        self.copies.push(DiskCopy { of: place, path: to, size, anchor });
        self.say(format!("the disk of {} is copied at size {size}", self.name(place)));
        Ok(())
    }

    fn fresh_folder(&mut self, name: &str) -> PathBuf {
        let number = self.chance.draw();
        self.folder.path().join(format!("{name}-{number:016x}"))
    }

    /// An old copy of the disk is put back while the anchor remembers more: the node must not
    /// start. Then the newest state comes back.
    fn old_disk(&mut self, place: usize) -> Result<()> {
        let Some(DiskCopy { path: old, size, .. }) = self.copy_of(place) else { return Ok(()) };
        if self.alliance.member(place)?.fate.is_unkind() {
            return Ok(());
        }
        let newest = self.fresh_folder("newest");
        let name = self.name(place);
        let signed = self.signed(place)?;
        let member = self.alliance.member_mut(place)?;
        member.stop();
        member.fate.no_crash();
        member.copy_disk(&newest)?;
        member.restore_disk(&old)?;
        let started = member.try_start();
        member.stop();
        match started {
            Err(AppError::Operator(_)) if size < signed => {}
            // Or the keys of that disk's vault were destroyed since.
            Ok(()) | Err(AppError::Keys(KeyError::Unknown(_))) if size >= signed => {}
            Ok(()) => {
                return Err(Failure(format!(
                    "I3: {name} starts from a disk of size {size} although {signed} is signed"
                )));
            }
            Err(error) => {
                return Err(Failure(format!("{name} refuses a disk wrongly: {error}")));
            }
        }
        let member = self.alliance.member_mut(place)?;
        member.restore_disk(&newest)?;
        member.start()?;
        self.say(format!("{name} was offered its disk of size {size} of {signed}"));
        Ok(())
    }

    /// One of the copies of a nation's disk.
    fn copy_of(&mut self, place: usize) -> Option<DiskCopy> {
        let ours: Vec<&DiskCopy> = self.copies.iter().filter(|copy| copy.of == place).collect();
        self.chance.pick(&ours).map(|copy| (*copy).clone())
    }

    /// An old copy of the disk is put back together with the anchor of that time, so that only
    /// partners know better: the node may start, and must sign nothing. Then the newest state
    /// comes back.
    fn old_disk_and_anchor(&mut self, place: usize) -> Result<()> {
        let lies = self.liar.as_ref().is_some_and(|liar| liar.place == place);
        if lies || self.alliance.member(place)?.fate.is_unkind() {
            return Ok(());
        }
        let Some(copy) = self.copy_of(place) else { return Ok(()) };
        let origin = self.alliance.member(place)?.node()?.identity().origin.clone();
        // Who can be asked, and saw more than the copy has.
        let mut witness = None;
        for other in (0..self.count()).filter(|other| *other != place) {
            let there = self.alliance.member(other)?;
            if self.network.is_cut(place, other) || there.fate.is_dead() {
                continue;
            }
            let held = there.node()?.seen_of(&origin)?;
            if held.is_some_and(|(size, _, _)| size > copy.size) {
                witness = Some(other);
            }
        }
        let Some(witness) = witness else { return Ok(()) };
        let newest = self.fresh_folder("newest");
        let member = self.alliance.member_mut(place)?;
        member.stop();
        member.fate.no_crash();
        member.copy_disk(&newest)?;
        let newest_anchor = member.device.clone();
        member.restore_disk(&copy.path)?;
        member.device = copy.anchor.copied();
        let started = member.try_start();
        match started {
            // Or the keys of that disk's vault were destroyed since.
            Ok(()) => self.is_stale_once_told(place, witness)?,
            Err(AppError::Keys(KeyError::Unknown(_))) => {}
            Err(error) => {
                return Err(Failure(format!("{} does not start: {error}", self.name(place))));
            }
        }
        let member = self.alliance.member_mut(place)?;
        member.restore_disk(&newest)?;
        member.device = newest_anchor;
        member.start()?;
        let size = copy.size;
        self.say(format!("{} was rolled back to size {size}, anchor and all", self.name(place)));
        Ok(())
    }

    /// A node that was rolled back does what people ask of it and signs nothing, and stops once
    /// a partner shows what it saw.
    fn is_stale_once_told(&self, place: usize, witness: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let node = member.node()?;
        let name = member.profile.code;
        let signed = || member.seen.lock().unwrap_or_else(PoisonError::into_inner).signed.len();
        let before = signed();
        let operator = member.actor("security-1")?;
        let analyst = Post::of(&[Role::Analyst]);
        node.add_person(&operator, "somebody-new", &analyst)?;
        node.tick()?;
        let told = crate::alliance::ask(member, self.alliance.member(witness)?);
        if told.is_ok() || !matches!(node.standing()?, Standing::Stale(_)) {
            return Err(Failure(format!("I3: {name} does not believe its own signature")));
        }
        node.tick()?;
        if node.add_person(&operator, "another-one", &analyst).is_ok() {
            return Err(Failure(format!("I3: {name} goes on with an old ledger")));
        }
        if signed() != before {
            return Err(Failure(format!("I3: {name} signed after its disk was rolled back")));
        }
        Ok(())
    }

    fn signed(&self, place: usize) -> Result<u64> {
        use entente_app::keys::Anchor as _;
        Ok(self.alliance.member(place)?.device.last_signed().map_or(0, |(size, _)| size))
    }

    /// A copy of the disk runs beside the original, with the same anchor: of two that go apart,
    /// one is refused. It then takes no further part, and the other is the nation.
    fn second_machine(&mut self, place: usize) -> Result<()> {
        if self.alliance.member(place)?.fate.is_unkind() {
            return Ok(());
        }
        let copy = self.fresh_folder("second");
        let fate = Arc::new(Fate::default());
        let member = self.alliance.member_mut(place)?;
        // Both sign at once: the anchor alone is to tell them apart.
        let quorum = std::mem::take(&mut member.settings.start_quorum);
        member.stop();
        member.fate.no_crash();
        member.copy_disk(&copy)?;
        member.start()?;
        let device = member.device.shared_with(Arc::clone(&fate));
        let mut second = member.cloned_onto(&copy, device, fate);
        second.start()?;
        let name = self.name(place);
        let operator = second.actor("security-1")?;
        let first_acts = self.chance.percent(50);
        let rename = |node: &entente_app::SqliteNode, who: &str| {
            node.add_person(&operator, who, &Post::of(&[Role::Analyst])).map(drop)
        };
        let person = format!("analyst-{}", self.step);
        let member = self.alliance.member_mut(place)?;
        let (winner, loser) = if first_acts { (&*member, &second) } else { (&second, &*member) };
        rename(winner.node()?, &person)?;
        let lost = rename(loser.node()?, "somebody-else");
        if lost.is_ok() {
            return Err(Failure(format!("I3: both machines of {name} sign")));
        }
        // The loser's ledger has gone its own way, unsigned; its disk is worthless from here.
        second.stop();
        if !first_acts {
            member.restore_disk(&copy)?;
        }
        let newest = self.fresh_folder("winner");
        let member = self.alliance.member_mut(place)?;
        member.settings.start_quorum = quorum;
        if first_acts {
            member.stop();
            member.copy_disk(&newest)?;
        }
        member.start()?;
        self.say(format!("{name} ran twice; one machine was refused"));
        Ok(())
    }
}
