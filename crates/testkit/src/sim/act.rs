//! What nations do: publish, recall, ask, consent, announce, witness, sweep, carry discs, leave.

use entente_app::AppError;
use entente_app::onward::OnwardOrder;
use entente_app::publish::{Circumstances, Order};
use entente_app::weigh::Weighed;
use entente_formats::Piece;
use entente_law::marking::parse_label;
use entente_law::scheme::Schemes;
use entente_model::item::{Lane, RecallClass};
use entente_model::{ObjectId, ReleaseFacts};
use entente_store::Store as _;

use super::Sim;
use crate::failure::{Failure, Result};
use crate::treaty::{CODE, PURPOSES};

impl Sim {
    /// One nation does one thing.
    pub(super) fn act(&mut self) -> Result<()> {
        let place = self.chance.index(self.count());
        match self.chance.below(100) {
            0..38 => self.publish(place),
            38..48 => self.recall(place),
            48..58 => self.ask_onward(place),
            58..66 => self.consent(place),
            66..73 => self.announce(place),
            73..78 => self.witness(place),
            78..88 => self.carry_disc(place),
            88..92 => self.sweep(place),
            92..94 => {
                self.let_time_pass();
                Ok(())
            }
            94 if self.step > 30 => self.leave(place),
            _ => Ok(()),
        }
    }

    fn publish(&mut self, place: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let schemes = Schemes::builtin();
        let scheme = schemes
            .get(member.profile.code.as_str())
            .map_err(|e| Failure(format!("no scheme: {e}")))?;
        let class = self.chance.below(4);
        let mut text = (0..=u8::try_from(class).unwrap_or(0))
            .rev()
            .find_map(|level| scheme.marking(level))
            .unwrap_or_default()
            .to_owned();
        match self.chance.below(100) {
            0..10 => text.push_str("//NOFORN"),
            10..28 => text.push_str("//ORCON"),
            28..43 => {
                let to = self.chance.index(self.count());
                text = format!("{text}//REL TO {}", self.name(to));
            }
            _ => {}
        }
        let member = self.alliance.member(place)?;
        let label = parse_label(&text, scheme, member.now())
            .map_err(|e| Failure(format!("the label `{text}`: {e}")))?;
        let actor = member.actor("analyst")?;
        let lawful = !self.chance.percent(8);
        let purpose = if lawful {
            (*self.chance.pick(&PURPOSES).unwrap_or(&"cyber_defence")).to_owned()
        } else {
            "tourism".to_owned()
        };
        let mut to = Vec::new();
        if self.chance.percent(40) {
            let other = self.pair_of(place);
            to.push((self.alliance.member(other)?.profile.code, None));
        }
        let lane = *self.chance.pick(&Lane::ALL).unwrap_or(&Lane::Routine);
        let mut supersedes = Vec::new();
        if self.chance.percent(10) {
            supersedes.extend(self.own_object(place)?);
        }
        let order = Order {
            label,
            facts: ReleaseFacts::default(),
            purpose: purpose.clone(),
            to,
            circumstances: Circumstances::default(),
            lane,
            supersedes,
        };
        let count = 1 + self.chance.below(4);
        let payloads: Vec<Vec<u8>> = (0..count).map(|_| self.payload()).collect();
        let pieces: Vec<Piece<'_>> = payloads.iter().map(|payload| piece(payload)).collect();
        let before = self.ledger_size(place)?;
        let what = format!("publish {count} pieces `{text}` for {purpose}, {}", lane.as_str());
        self.say(format!("{}: {what}", self.name(place)));
        let crashes = self.tally.crashes;
        let done = self.at(place, &what, |node| node.publish(&actor, &order, &pieces))?;
        let Some(published) = done else {
            // I38: what fails without the machine dying has left nothing behind.
            if crashes == self.tally.crashes && self.ledger_size(place)? != before {
                return Err(Failure("I38: a refused publication is in the ledger".to_owned()));
            }
            return Ok(());
        };
        // I5, and the agreement's first article: nothing goes for another purpose.
        let goes = published.verdicts.iter().flat_map(|v| &v.nations).any(Weighed::goes);
        if goes && !lawful {
            return Err(Failure("I5: an object goes for a purpose that is not allowed".to_owned()));
        }
        self.tally.published += published.objects.len();
        let nation = self.alliance.member(place)?.nation;
        self.account.published.extend(published.objects.into_iter().map(|oid| (nation, oid)));
        Ok(())
    }

    fn payload(&mut self) -> Vec<u8> {
        let most = if self.chance.percent(4) { 300_000 } else { 6_000 };
        let len = 1 + self.chance.below(most);
        let len = usize::try_from(len).unwrap_or(1);
        let mut bytes = self.chance.bytes(len);
        if self.chance.percent(50) {
            // Something that can be compressed.
            for byte in &mut bytes {
                *byte = b'a' + (*byte & 3);
            }
        }
        bytes
    }

    /// Another nation than this.
    pub(super) fn pair_of(&mut self, place: usize) -> usize {
        let count = self.count();
        (place + 1 + self.chance.index(count - 1)) % count
    }

    fn own_object(&mut self, place: usize) -> Result<Option<ObjectId>> {
        self.held(place, true)
    }

    fn held(&mut self, place: usize, own: bool) -> Result<Option<ObjectId>> {
        let node = self.alliance.member(place)?.node()?;
        let rows = node.store().read(|work| work.objects(None, 1000, Some(own)))?;
        Ok(self.chance.pick(&rows).map(|row| row.oid))
    }

    fn recall(&mut self, place: usize) -> Result<()> {
        let Some(oid) = self.own_object(place)? else { return Ok(()) };
        let class = *self.chance.pick(RecallClass::ALL).unwrap_or(&RecallClass::Erase);
        let actor = self.alliance.member(place)?.actor("release-1")?;
        let what = format!("recall {} as {class:?}", oid.short());
        self.say(format!("{}: {what}", self.name(place)));
        self.at(place, &what, |node| {
            node.recall(&actor, &[oid], class, "Act 7", 3_600_000).map(drop)
        })?;
        Ok(())
    }

    fn ask_onward(&mut self, place: usize) -> Result<()> {
        let Some(oid) = self.held(place, false)? else { return Ok(()) };
        let to = self.pair_of(place);
        let member = self.alliance.member(place)?;
        let order = OnwardOrder {
            oid,
            to: self.alliance.member(to)?.profile.code,
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: member.profile.bodies.first().cloned().unwrap_or_default(),
            evidence: false,
        };
        let actor = member.actor("analyst")?;
        let what = format!("pass {} on to {}", oid.short(), order.to);
        let done = self.at(place, &what, |node| node.release_onward(&actor, &order))?;
        if let Some(outcome) = done {
            let to = outcome.verdict.nations.iter().map(|w| w.ruling.decision).next();
            self.say(format!("{}: {what}: {to:?}, asked {:?}", self.name(place), outcome.asked));
        }
        Ok(())
    }

    fn consent(&mut self, place: usize) -> Result<()> {
        let overseer = self.alliance.member(place)?.actor("overseer")?;
        let Some(asks) = self.at(place, "list requests", |node| node.asks(&overseer))? else {
            return Ok(());
        };
        let waiting: Vec<_> =
            asks.into_iter().filter(|a| !a.ours && a.state == "waiting").collect();
        let Some(ask) = self.chance.pick(&waiting).cloned() else { return Ok(()) };
        let granted = self.chance.percent(75);
        let member = self.alliance.member(place)?;
        let officers = [member.actor("release-1")?, member.actor("release-2")?];
        let what = format!("consent to {}: {granted}", ask.oid.short());
        self.say(format!("{}: {what}", self.name(place)));
        for officer in &officers {
            self.at(place, &what, |node| node.consent(officer, ask.id, granted, "").map(drop))?;
        }
        Ok(())
    }

    fn announce(&mut self, place: usize) -> Result<()> {
        self.at(place, "announce lanes", |node| node.announce_lanes().map(drop))?;
        Ok(())
    }

    /// A nation cosigns what it holds, or asks another to cosign its own newest checkpoint.
    fn witness(&mut self, place: usize) -> Result<()> {
        if self.chance.percent(50) {
            self.at(place, "cosign", |node| node.cosign_held().map(drop))?;
            return Ok(());
        }
        let witness = self.pair_of(place);
        if self.network.is_cut(place, witness) || self.is_shunned(place) {
            return Ok(());
        }
        let me = self.alliance.member(place)?.id;
        let other = self.alliance.member(witness)?.id;
        let mut old = 0;
        for _ in 0..2 {
            let asked = self.at(place, "ask a witness", |node| node.cosign_request(old))?;
            let Some(Some((size, request))) = asked else { return Ok(()) };
            let answer =
                self.at(witness, "cosign on request", |node| node.add_checkpoint(me, &request))?;
            let Some(answer) = answer else { return Ok(()) };
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            match answer.status {
                200 => {
                    let taken = self.at(place, "take a cosignature", |node| {
                        node.take_cosignature(other, size, &answer.body)
                    })?;
                    if taken == Some(false) {
                        return Err(Failure("a witness's cosignature does not hold".to_owned()));
                    }
                    return Ok(());
                }
                409 => old = text.trim().parse().unwrap_or(0),
                // It has started and waits itself for partners to confirm its ledger.
                503 => return Ok(()),
                status => {
                    return Err(Failure(format!("a witness answered {status}: {text}")));
                }
            }
        }
        Ok(())
    }

    /// A courier carries what waits for a partner, in any order, perhaps twice, perhaps loses
    /// some of it.
    fn carry_disc(&mut self, from: usize) -> Result<()> {
        let to = self.pair_of(from);
        if self.is_shunned(from) || self.is_shunned(to) {
            return Ok(());
        }
        let code = self.alliance.member(to)?.profile.code;
        let sender = self.alliance.member(from)?.actor("operator")?;
        let courier = self.alliance.member(to)?.actor("operator")?;
        let files = self.at(from, "export", |node| node.export(&sender, code))?;
        let Some(mut files) = files else { return Ok(()) };
        self.say(format!("{}: {} files for {code}", self.name(from), files.len()));
        if self.chance.percent(40) {
            files.reverse();
        }
        if self.chance.percent(30) {
            files.extend(files.clone());
        }
        for file in files {
            let mut bytes = file.bytes;
            let damaged = self.chance.percent(10);
            if damaged {
                let at = self.chance.index(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1;
                }
            }
            let refused =
                |error: &AppError| matches!(error, AppError::Invalid(_) | AppError::Partner(_));
            let taken = self.at(to, "import", |node| match node.import(&courier, &bytes) {
                Err(error) if damaged && refused(&error) => Ok(None),
                Err(AppError::Partner(why)) => Err(AppError::Partner(why)),
                other => other.map(Some),
            })?;
            if damaged && matches!(taken, Some(Some(_))) {
                return Err(Failure("I11: a damaged file was imported".to_owned()));
            }
        }
        Ok(())
    }

    fn sweep(&mut self, place: usize) -> Result<()> {
        self.at(place, "sweep", |node| node.sweep().map(drop))?;
        Ok(())
    }

    /// Hours or days go by; once in a while so many that what is held must be deleted.
    fn let_time_pass(&mut self) {
        let days = if self.chance.percent(25) { 181 } else { self.chance.below(20) };
        self.say(format!("{days} days go by"));
        self.alliance.clock.advance(days * 86_400_000);
    }

    fn leave(&mut self, place: usize) -> Result<()> {
        if !self.chance.percent(30) {
            return Ok(());
        }
        let member = self.alliance.member(place)?;
        let advisers = [member.actor("legal-1")?, member.actor("legal-2")?];
        self.say(format!("{} leaves the agreement", self.name(place)));
        self.account.left = true;
        for adviser in &advisers {
            self.at(place, "leave the agreement", |node| {
                let id = node.find_agreement(CODE)?;
                node.withdraw(adviser, &id, "a change of government").map(drop)
            })?;
        }
        Ok(())
    }
}

pub(crate) fn piece(payload: &[u8]) -> Piece<'_> {
    Piece {
        name: "indicator".to_owned(),
        object_type: "indicator".to_owned(),
        media_type: "application/octet-stream".to_owned(),
        payload,
        title: "An indicator".to_owned(),
        created: None,
        markings: Vec::new(),
        records: 1,
        exercise: false,
        findings: Vec::new(),
    }
}
