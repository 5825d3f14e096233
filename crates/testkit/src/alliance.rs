//! Several nations in one process, with the acts that they do together.

use std::path::Path;

use entente_app::deliver::Outgoing;
use entente_app::people::Approval;
use entente_app::receive::Received;
use entente_app::{AppError, Result as AppResult};
use entente_model::codec::Wire;
use entente_model::{AgreementId, Timestamp};

use crate::chance::Chance;
use crate::clock::WorldClock;
use crate::failure::{Failure, Result};
use crate::member::{Member, Profile};

/// When every world begins: 22 November 2026, noon UTC.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// Rounds of exchange after which an alliance that is not quiet is broken.
const ROUNDS_MAX: usize = 200;

/// Several nations.
pub struct Alliance {
    /// The world's time.
    pub clock: WorldClock,
    /// The nations.
    pub members: Vec<Member>,
}

impl Alliance {
    /// Founds nations in folders under `folder`.
    pub fn found(profiles: &[Profile], folder: &Path, seed: u64) -> Result<Self> {
        let clock = WorldClock::starting(BEGINNING);
        let chance = Chance::new(seed);
        let members = profiles
            .iter()
            .map(|profile| {
                let home = folder.join(profile.code.as_str());
                Member::found(profile.clone(), &home, &clock, &chance)
            })
            .collect::<Result<_>>()?;
        Ok(Self { clock, members })
    }

    /// The same nations as they are now, in copies of their folders under `folder`, with chance
    /// that follows from another seed. None of these may be running.
    pub fn resumed(&self, folder: &Path, seed: u64) -> Result<Self> {
        let clock = WorldClock::starting(self.clock.now());
        let chance = Chance::new(seed);
        let mut members = Vec::new();
        for member in &self.members {
            let home = folder.join(member.profile.code.as_str());
            let mut member = member.resumed(&home, &clock, &chance)?;
            member.start()?;
            members.push(member);
        }
        Ok(Self { clock, members })
    }

    /// Stops every node.
    pub fn stop(&mut self) {
        for member in &mut self.members {
            member.stop();
        }
    }

    /// A nation by its place.
    pub fn member(&self, place: usize) -> Result<&Member> {
        self.members.get(place).ok_or_else(|| Failure(format!("there is no member {place}")))
    }

    /// A nation by its place.
    pub fn member_mut(&mut self, place: usize) -> Result<&mut Member> {
        self.members.get_mut(place).ok_or_else(|| Failure(format!("there is no member {place}")))
    }

    /// Every nation takes in the card of every other, by two persons who compared the words.
    pub fn introduce_all(&self) -> Result<()> {
        for (a, one) in self.members.iter().enumerate() {
            for (b, other) in self.members.iter().enumerate() {
                if a != b {
                    introduce(one, other)?;
                }
            }
        }
        Ok(())
    }

    /// One nation offers an agreement, and all sign it once they have it; then they exchange
    /// until it is in force everywhere.
    pub fn agree(&self, text: &str) -> Result<AgreementId> {
        let first = self.member(0)?;
        let id = first.node()?.propose(&first.actor("legal-1")?, text)?;
        self.quiet()?;
        for member in &self.members {
            sign(member, &id)?;
        }
        self.quiet()?;
        Ok(id)
    }

    /// Ticks everywhere and exchanges bundles until nobody has news for anybody.
    pub fn quiet(&self) -> Result<usize> {
        for round in 0..ROUNDS_MAX {
            let mut busy = false;
            for member in &self.members {
                let ticked = member.node()?.tick()?;
                busy |= ticked.sequenced + ticked.deleted > 0 || ticked.more;
            }
            for (a, one) in self.members.iter().enumerate() {
                for (b, other) in self.members.iter().enumerate() {
                    if a != b {
                        ask(one, other)?;
                        busy |= exchange(one, other)?;
                    }
                }
            }
            if !busy {
                return Ok(round);
            }
        }
        Err(Failure(format!("the alliance is not quiet after {ROUNDS_MAX} rounds")))
    }
}

/// `one` takes in the card of `other`.
pub fn introduce(one: &Member, other: &Member) -> Result<()> {
    let (card, words) = other.node()?.card()?;
    let card = card.to_bytes();
    let words = words.join(" ");
    for person in ["security-1", "security-2"] {
        one.node()?.introduce(&one.actor(person)?, &card, &words, None)?;
    }
    Ok(())
}

/// Two persons sign for a nation.
pub fn sign(member: &Member, id: &AgreementId) -> Result<()> {
    let node = member.node()?;
    node.sign_agreement(&member.actor("legal-1")?, id)?;
    match node.sign_agreement(&member.actor("legal-2")?, id)? {
        Approval::Granted { .. } => Ok(()),
        Approval::Waiting { .. } => Err(Failure("two signatures were not enough".to_owned())),
    }
}

/// Asks another nation what it last saw of our ledger, as the doors do once after each start.
pub fn ask(one: &Member, other: &Member) -> Result<()> {
    let node = one.node()?;
    if node.wants_word_of(other.id) {
        let note = other.node()?.latest_of(&node.identity().origin)?;
        node.take_word(other.id, note.as_deref())?;
    }
    Ok(())
}

/// Sends one bundle and takes the answer back; says whether anything was news.
pub fn exchange(from: &Member, to: &Member) -> Result<bool> {
    let sent = from.node()?.outgoing(to.id)?;
    if !sent.news {
        return Ok(false);
    }
    let answer = deliver(from, to, &sent)?;
    deliver(to, from, &answer.reply)?;
    Ok(true)
}

/// Delivers a bundle that must be taken in.
pub fn deliver(from: &Member, to: &Member, bundle: &Outgoing) -> Result<Received> {
    receive(from, to, &bundle.bytes)
        .map_err(|e| Failure(format!("{} to {}: {e}", from.profile.code, to.profile.code)))
}

/// Hands bytes over a connection that `from` opened.
pub fn receive(from: &Member, to: &Member, bytes: &[u8]) -> AppResult<Received> {
    let node = to.node().map_err(|e| AppError::Operator(e.to_string()))?;
    node.receive(from.id, bytes)
}
