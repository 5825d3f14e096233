//! Persons come, change and leave: by others, with a reason, on record.
//!
//! Nobody changes themselves. An office whose holders' approvals count is given by two persons: a
//! security officer proposes, another one or an overseer confirms. Who leaves loses every secret
//! in the same moment.

use entente_model::codec::{Reader, WireError, Writer};
use entente_model::record::RecordKind;
use entente_model::{NationCode, Timestamp};
use entente_store::rows::PersonRow;
use entente_store::{Store, Vault, Work};

use super::approval::{FOUNDED, founded_at};
use super::{Act, Actor, Approval, Role, TokenKind, action_digest, actor_of};
use crate::error::{AppError, Result};
use crate::node::Node;
use crate::said::{SAID_BYTES_MAX, bounded};

/// Offices whose holders' approvals count, or who see everything.
pub(super) const DECIDING: [Role; 4] =
    [Role::ReleaseOfficer, Role::SecurityOfficer, Role::LegalAdviser, Role::Overseer];
/// What another nation's national may be here: one of ours, who reads and writes and decides
/// nothing for us, or one of theirs, who sits here for that nation.
const GUESTS: [Role; 2] = [Role::Analyst, Role::Seat];
/// What a program may be: it reads and writes, and decides nothing.
const PROGRAMS: [Role; 2] = [Role::Analyst, Role::Liaison];
/// The longest time for which a program's credential is good.
const PROGRAM_MILLIS_MAX: u64 = 400 * 86_400_000;
/// Who confirms that someone is given a deciding office.
pub(crate) const CONFIRMING: [Role; 2] = [Role::SecurityOfficer, Role::Overseer];
/// How many persons give a deciding office.
const GIVING: usize = 2;
/// The longest name of a desk or a compartment, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// How many compartments one person is read into at most.
const READ_INS_MAX: usize = 256;

/// What others decided about a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Post {
    /// What they may do.
    pub roles: Vec<Role>,
    /// The body that they act for; the node's usual one if it is empty.
    pub body: String,
    /// The desk within the body.
    pub desk: String,
    /// The highest marking that they may read; what is not classified if it is empty.
    pub clearance: String,
    /// Whose national they are, if not this nation's.
    pub nation: Option<NationCode>,
    /// The compartments that they are read into.
    pub read_ins: Vec<String>,
    /// The person who answers for it, if this is a program.
    pub owner: Option<String>,
    /// Until when a program's credential is good.
    pub until: Option<Timestamp>,
}

impl Post {
    /// Someone with these roles and nothing else.
    pub fn of(roles: &[Role]) -> Self {
        Self { roles: roles.to_vec(), ..Self::default() }
    }

    /// The same, cleared up to a marking.
    #[must_use]
    pub fn cleared(self, clearance: &str) -> Self {
        Self { clearance: clearance.to_owned(), ..self }
    }
}

/// What is to change about a person; what is not named stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Roles that are given.
    pub give: Vec<Role>,
    /// Roles that are taken.
    pub take: Vec<Role>,
    /// Another body.
    pub body: Option<String>,
    /// Another desk; an empty one is none.
    pub desk: Option<String>,
    /// Another clearance; an empty one is none.
    pub clearance: Option<String>,
    /// Another nationality.
    pub nation: Option<NationCode>,
    /// Compartments that they are read into.
    pub read_in: Vec<String>,
    /// Compartments that they are read out of.
    pub read_out: Vec<String>,
    /// Of a program: another person who answers for it.
    pub owner: Option<String>,
    /// Of a program: until when its next credential is good.
    pub until: Option<Timestamp>,
}

/// How an act about a person stands, and the secret to be handed to them if there is a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// How the act stands.
    pub approval: Approval,
    /// Their new credential, once the act is done.
    pub credential: Option<String>,
}

/// What happens to a person.
struct Step<'a> {
    act: &'static str,
    before: Option<PersonRow>,
    next: PersonRow,
    why: &'a str,
}

impl Step<'_> {
    /// Offices that are given and need two persons.
    fn given(&self) -> Result<Vec<Role>> {
        let held = match &self.before {
            Some(before) if before.active => deciding(before)?,
            _ => Vec::new(),
        };
        let next = if self.next.active { deciding(&self.next)? } else { Vec::new() };
        Ok(next.into_iter().filter(|role| !held.contains(role)).collect())
    }

    /// The exact act: what the person was, what they become, and why.
    fn bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(4).uint(1).optional(self.before.as_ref(), write_person);
        write_person(&mut w, &self.next);
        w.text(self.why);
        w.into_bytes()
    }
}

/// What a person is, without the moments at which it came about.
pub(super) fn write_person(w: &mut Writer, row: &PersonRow) {
    let nation = row.nation.map(|code| code.to_string()).unwrap_or_default();
    w.array(10)
        .text(&row.name)
        .texts(&row.roles)
        .text(&row.body)
        .text(&row.desk)
        .text(&row.clearance)
        .text(&nation)
        .texts(&row.read_ins)
        .uint(u64::from(row.active))
        .text(row.owner.as_deref().unwrap_or_default())
        .optional(row.until.as_ref(), |w, until| {
            w.value(until);
        });
}

fn read_person(r: &mut Reader<'_>) -> std::result::Result<PersonRow, WireError> {
    r.record(10, |r| {
        Ok(PersonRow {
            name: r.text()?.to_owned(),
            roles: r.texts()?,
            body: r.text()?.to_owned(),
            desk: r.text()?.to_owned(),
            clearance: r.text()?.to_owned(),
            nation: r.text()?.parse().ok(),
            read_ins: r.texts()?,
            active: r.small(1, "whether they act")? == 1,
            owner: Some(r.text()?.to_owned()).filter(|owner| !owner.is_empty()),
            until: r.optional(Reader::value)?,
            reviewed: None,
            reviewed_by: String::new(),
            at: Timestamp::from_millis(0),
            roles_at: Vec::new(),
        })
    })
}

/// The deciding offices of a person.
pub(super) fn deciding(row: &PersonRow) -> Result<Vec<Role>> {
    let roles: Vec<Role> = row.roles.iter().map(|r| r.parse()).collect::<Result<_>>()?;
    Ok(roles.into_iter().filter(|role| DECIDING.contains(role)).collect())
}

/// What everyone who sees the act may know of it: not which compartments there are.
pub(super) fn in_short(row: &PersonRow) -> String {
    let mut parts = vec![format!("{}: {} of {}", row.name, row.roles.join(", "), row.body)];
    for (name, value) in [("desk", row.desk.as_str()), ("cleared up to", &row.clearance)] {
        if !value.is_empty() {
            parts.push(format!("{name} {value}"));
        }
    }
    if let Some(nation) = row.nation {
        parts.push(format!("a national of {nation}"));
    }
    if let Some(owner) = &row.owner {
        parts.push(format!("a program of {owner}"));
    }
    match row.read_ins.len() {
        0 => {}
        1 => parts.push("read into one compartment".to_owned()),
        many => parts.push(format!("read into {many} compartments")),
    }
    parts.join(", ")
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Names the first persons of a new node and returns their credentials, in their order.
    /// Whoever holds the node's folder and passphrase founds it.
    pub fn found_people(&self, people: &[(&str, Post)]) -> Result<Vec<String>> {
        let now = self.now();
        let mut rows: Vec<PersonRow> = Vec::new();
        for (name, post) in people {
            check_name(name)?;
            if rows.iter().any(|row| row.name == *name) {
                return Err(AppError::invalid(format!("there is a person `{name}` already")));
            }
            rows.push(self.person_row(name, post, now)?);
        }
        let leaves: Vec<_> = rows
            .iter()
            .map(|row| {
                let about = in_full(row, "");
                self.note(RecordKind::Admin, now, "person added", "init", &about, None)
            })
            .collect();
        self.record_with(&leaves, |work, _| {
            if !work.people()?.is_empty() {
                return Err(AppError::Forbidden(
                    "persons exist here already: a security officer adds further ones".to_owned(),
                ));
            }
            work.put_setting(FOUNDED, &entente_model::codec::Wire::to_bytes(&now))?;
            for row in &rows {
                work.put_person(row)?;
            }
            Ok(())
        })?;
        rows.iter().map(|row| self.issue(&row.name, TokenKind::Credential)).collect()
    }

    /// Adds a person. Their credential is to be handed to them.
    pub fn add_person(&self, actor: &Actor, name: &str, post: &Post) -> Result<Admission> {
        actor.must_act_as(&CONFIRMING, "add persons")?;
        check_name(name)?;
        if self.store.read(|work| work.person(name))?.is_some() {
            return Err(AppError::invalid(format!("there is a person `{name}` already")));
        }
        let next = self.person_row(name, post, self.now())?;
        let approval =
            self.take_step(actor, &Step { act: "add person", before: None, next, why: "" })?;
        self.admission(approval, name)
    }

    fn admission(&self, approval: Approval, name: &str) -> Result<Admission> {
        let credential = match approval {
            Approval::Granted { .. } => Some(self.issue(name, TokenKind::Credential)?),
            Approval::Waiting { .. } => None,
        };
        Ok(Admission { approval, credential })
    }

    /// Changes what others decided about a person.
    pub fn change_person(
        &self,
        actor: &Actor,
        name: &str,
        change: &Change,
        why: &str,
    ) -> Result<Approval> {
        actor.must_act_as(&CONFIRMING, "change persons")?;
        let before = self.other(actor, name)?;
        let now = self.now();
        let mut post = post_of(&before)?;
        for role in &change.take {
            if !post.roles.contains(role) {
                return Err(AppError::invalid(format!("{name} is no {role}")));
            }
        }
        post.roles.retain(|role| !change.take.contains(role));
        for role in &change.give {
            if post.roles.contains(role) {
                return Err(AppError::invalid(format!("{name} is {role} already")));
            }
            post.roles.push(*role);
        }
        for word in &change.read_out {
            if !post.read_ins.contains(word) {
                return Err(AppError::invalid(format!("{name} is not read into `{word}`")));
            }
        }
        post.read_ins.retain(|word| !change.read_out.contains(word));
        for word in &change.read_in {
            if post.read_ins.contains(word) {
                return Err(AppError::invalid(format!("{name} is read into `{word}` already")));
            }
            post.read_ins.push(word.clone());
        }
        if let Some(body) = &change.body {
            post.body.clone_from(body);
        }
        if let Some(desk) = &change.desk {
            post.desk.clone_from(desk);
        }
        if let Some(clearance) = &change.clearance {
            post.clearance.clone_from(clearance);
        }
        if change.nation.is_some() {
            post.nation = change.nation;
        }
        if before.owner.is_none() && (change.owner.is_some() || change.until.is_some()) {
            return Err(AppError::invalid(format!("{name} is a person and no program")));
        }
        if let Some(owner) = &change.owner {
            post.owner = Some(owner.clone());
        }
        if change.until.is_some() {
            post.until = change.until;
        }
        let mut next = self.person_row(name, &post, now)?;
        next.at = before.at;
        next.active = before.active;
        next.reviewed = before.reviewed;
        next.reviewed_by.clone_from(&before.reviewed_by);
        next.roles_at = next.roles.iter().map(|role| given_at(&before, role, now)).collect();
        if next == before {
            return Err(AppError::invalid(format!("nothing would change about {name}")));
        }
        self.take_step(actor, &Step { act: "change person", before: Some(before), next, why })
    }

    /// Changes a person as someone else proposed, from the exact bytes of that. If the person is not
    /// what they were then, the bytes are no longer these, and nothing is approved.
    pub(super) fn repeat_change(&self, actor: &Actor, bytes: &[u8]) -> Result<Approval> {
        actor.must_act_as(&CONFIRMING, "change persons")?;
        let mut reader = Reader::new(bytes);
        let (mut next, why) = reader.record(4, |r| {
            r.small(1, "the version")?;
            r.optional(read_person)?;
            Ok((read_person(r)?, r.text()?.to_owned()))
        })?;
        let name = next.name.clone();
        let before = self.other(actor, &name)?;
        let now = self.now();
        next.at = before.at;
        next.reviewed = before.reviewed;
        next.reviewed_by.clone_from(&before.reviewed_by);
        next.roles_at = next.roles.iter().map(|role| given_at(&before, role, now)).collect();
        let step = Step { act: "change person", before: Some(before), next, why: &why };
        if step.bytes() != bytes {
            return Err(AppError::invalid(format!(
                "{name} has changed since this was proposed: it is proposed anew"
            )));
        }
        self.take_step(actor, &step)
    }

    /// Lets a person act no more, and ends every secret of theirs, at once.
    pub fn deactivate_person(&self, actor: &Actor, name: &str, why: &str) -> Result<Approval> {
        actor.must_act_as(&[Role::SecurityOfficer], "deactivate persons")?;
        let before = self.other(actor, name)?;
        if !before.active {
            return Err(AppError::invalid(format!("{name} has left already")));
        }
        let next = PersonRow { active: false, ..before.clone() };
        self.take_step(actor, &Step { act: "deactivate person", before: Some(before), next, why })
    }

    /// Lets a person who left act again, with a new credential. Their offices count for approvals
    /// as if they had been given now.
    pub fn reactivate_person(&self, actor: &Actor, name: &str, why: &str) -> Result<Admission> {
        actor.must_act_as(&CONFIRMING, "reactivate persons")?;
        let before = self.other(actor, name)?;
        if before.active {
            return Err(AppError::invalid(format!("{name} has not left")));
        }
        let roles_at = vec![self.now(); before.roles.len()];
        let next = PersonRow { active: true, roles_at, ..before.clone() };
        let step = Step { act: "reactivate person", before: Some(before), next, why };
        let approval = self.take_step(actor, &step)?;
        self.admission(approval, name)
    }

    /// Ends every secret of a person, and makes a new credential unless they shall have none.
    /// Everybody does so for themselves; for others a security officer, and a second person if
    /// what they decide counts.
    pub fn renew_credential(
        &self,
        actor: &Actor,
        name: &str,
        renew: bool,
        why: &str,
    ) -> Result<Admission> {
        let act = if renew { "renew credential" } else { "withdraw credential" };
        if actor.name() != name {
            actor.must_act_as(&CONFIRMING, "renew or withdraw the credentials of others")?;
        }
        let row = self.known_person(name)?;
        if !row.active {
            return Err(AppError::invalid(format!("{name} has left: reactivate them first")));
        }
        let why = if actor.name() == name { why.trim() } else { reason(why)? };
        let mut w = Writer::new();
        w.array(2).text(name).text(why);
        let bytes = w.into_bytes();
        let about = format!("{act} of {name}: {why}");
        let alone = actor.name() == name || !renew || deciding(&row)?.is_empty();
        let approval = self.by_one_or_two(actor, alone, act, &about, &bytes, name)?;
        let Approval::Granted { digest, approvers } = &approval else {
            return Ok(Admission { approval, credential: None });
        };
        let now = self.now();
        let by = approvers.join(", ");
        let leaf = self.note(RecordKind::Admin, now, act, &by, &about, Some(*digest));
        self.record_with(&[leaf], |work, _| end_secrets_of(work, name))?;
        let credential = if renew { Some(self.issue(name, TokenKind::Credential)?) } else { None };
        Ok(Admission { approval, credential })
    }

    /// The person, who is not the one that acts.
    pub(super) fn other(&self, actor: &Actor, name: &str) -> Result<PersonRow> {
        if actor.name() == name {
            return Err(AppError::Forbidden(format!(
                "{name} may not change themselves: another person does"
            )));
        }
        self.known_person(name)
    }

    /// Carries out what happens to a person, once enough others want it.
    fn take_step(&self, actor: &Actor, step: &Step<'_>) -> Result<Approval> {
        let why = if step.before.is_some() { reason(step.why)? } else { step.why.trim() };
        let name = &step.next.name;
        let about = with_reason(&format!("{}: {}", step.act, in_short(&step.next)), why);
        let alone = step.given()?.is_empty();
        let approval = self.by_one_or_two(actor, alone, step.act, &about, &step.bytes(), name)?;
        let Approval::Granted { digest, approvers } = &approval else { return Ok(approval) };
        let now = self.now();
        let by = approvers.join(", ");
        let about = in_full(&step.next, why);
        let act = match step.act {
            "add person" => "person added",
            "change person" => "person changed",
            "deactivate person" => "person deactivated",
            _ => "person reactivated",
        };
        let leaf = self.note(RecordKind::Admin, now, act, &by, &about, Some(*digest));
        self.record_with(&[leaf], |work, _| {
            if work.person(name)? != step.before {
                return Err(AppError::invalid(format!(
                    "{name} was changed by someone else meanwhile: look again"
                )));
            }
            work.put_person(&step.next)?;
            if !step.next.active {
                end_secrets_of(work, name)?;
                // Nobody answers any more for the programs of who leaves.
                for row in work.people()?.iter().filter(|p| p.owner.as_deref() == Some(name)) {
                    end_secrets_of(work, &row.name)?;
                }
            }
            must_keep_an_officer(work)?;
            must_keep_who_gives_offices(work, step.before.as_ref(), &step.next)
        })?;
        Ok(approval)
    }

    /// One security officer acts alone; what needs two, a security officer proposes.
    pub(super) fn by_one_or_two(
        &self,
        actor: &Actor,
        alone: bool,
        kind: &str,
        about: &str,
        bytes: &[u8],
        concerned: &str,
    ) -> Result<Approval> {
        let digest = action_digest(kind, bytes);
        if alone {
            if actor.name() != concerned {
                actor.must_act_as(&[Role::SecurityOfficer], kind)?;
            }
            return Ok(Approval::Granted { digest, approvers: vec![actor.name().to_owned()] });
        }
        let now = self.now();
        self.store.read(|work| {
            let founded = founded_at(work)?;
            let mut may = 0;
            for row in work.people()?.iter().filter(|p| p.active && p.name != concerned) {
                may += usize::from(actor_of(row, now, founded)?.is(&CONFIRMING));
            }
            if may < GIVING {
                return Err(AppError::invalid(format!(
                    "to {kind} with an office that decides takes two persons, and beside \
                     {concerned} there is only one security officer or overseer here"
                )));
            }
            if work.proposal(digest)?.is_none() {
                actor.must_act_as(&[Role::SecurityOfficer], &format!("propose to {kind}"))?;
            }
            Ok(())
        })?;
        self.approve(actor, &Act { kind, about, bytes, by: &CONFIRMING, needed: GIVING })
    }

    /// A person as they would be stored, after everything about them was checked.
    fn person_row(&self, name: &str, post: &Post, now: Timestamp) -> Result<PersonRow> {
        if post.roles.is_empty() {
            return Err(AppError::invalid(format!("{name} needs at least one role")));
        }
        let nation = post.nation.filter(|code| *code != self.identity.code);
        if let (Some(nation), Some(role)) =
            (nation, post.roles.iter().find(|role| !GUESTS.contains(role)))
        {
            return Err(AppError::invalid(format!(
                "{name} is a national of {nation} and cannot be {role} here: another nation's \
                 national works for us as analyst, or is that nation's liaison officer and holds \
                 a seat"
            )));
        }
        if post.roles.contains(&Role::Seat) {
            self.check_seat(name, nation, &post.roles)?;
        }
        self.check_program(name, post, now)?;
        let body = match post.body.as_str() {
            "" => self.identity.bodies.first().map_or("", String::as_str),
            body => body,
        };
        if !self.identity.bodies.iter().any(|b| b == body) {
            return Err(AppError::invalid(format!(
                "`{body}` is not a body of this node: use one of {}",
                self.identity.bodies.join(", ")
            )));
        }
        self.check_clearance(&post.clearance)?;
        if post.read_ins.len() > READ_INS_MAX {
            return Err(AppError::invalid(format!(
                "{name} would be read into more than {READ_INS_MAX} compartments"
            )));
        }
        for word in &post.read_ins {
            check_word(word, "a compartment, such as `LANTERN`")?;
        }
        if !post.desk.is_empty() {
            check_word(&post.desk, "a desk, such as `north`")?;
        }
        let mut roles: Vec<String> = Vec::new();
        for role in &post.roles {
            if !roles.iter().any(|have| have == role.as_str()) {
                roles.push(role.as_str().to_owned());
            }
        }
        Ok(PersonRow {
            name: name.to_owned(),
            roles_at: vec![now; roles.len()],
            roles,
            body: body.to_owned(),
            desk: post.desk.clone(),
            clearance: post.clearance.clone(),
            nation,
            read_ins: post.read_ins.clone(),
            active: true,
            at: now,
            owner: post.owner.clone(),
            until: post.until,
            reviewed: None,
            reviewed_by: String::new(),
        })
    }

    /// A program has an owner and an end, and no office that decides; a person has neither of the
    /// first two.
    fn check_program(&self, name: &str, post: &Post, now: Timestamp) -> Result<()> {
        let (owner, until) = match (&post.owner, post.until) {
            (None, None) => return Ok(()),
            (Some(owner), Some(until)) => (owner, until),
            _ => {
                return Err(AppError::invalid(format!(
                    "{name} needs an owner and an end date if it is a program, and neither if it \
                     is a person"
                )));
            }
        };
        if let Some(role) = post.roles.iter().find(|role| !PROGRAMS.contains(role)) {
            return Err(AppError::invalid(format!(
                "{name} is a program and cannot be {role}: programs are analyst or liaison"
            )));
        }
        // What is not changed stays, even if it is over: something else may be taken from it.
        let before = self.store.read(|work| work.person(name))?;
        let stays = before.as_ref().is_some_and(|row| row.until == Some(until));
        if !stays && (until <= now || until.since(now) > PROGRAM_MILLIS_MAX) {
            return Err(AppError::invalid(format!(
                "the credential of {name} must end within {} days from now",
                PROGRAM_MILLIS_MAX / 86_400_000
            )));
        }
        if before.is_some_and(|row| row.owner.as_deref() == Some(owner)) {
            return Ok(());
        }
        self.must_answer_for(name, owner)
    }

    /// Refuses an owner who is not here, or is a program or another nation's national.
    pub(super) fn must_answer_for(&self, program: &str, owner: &str) -> Result<()> {
        let row = self.store.read(|work| work.person(owner))?;
        if row.is_some_and(|row| row.active && row.owner.is_none() && row.nation.is_none()) {
            return Ok(());
        }
        Err(AppError::invalid(format!(
            "{owner} cannot answer for {program}: name a person of this nation who is here"
        )))
    }

    /// A seat is held for a nation that we know, and by whoever holds nothing else here.
    fn check_seat(&self, name: &str, nation: Option<NationCode>, roles: &[Role]) -> Result<()> {
        let Some(nation) = nation else {
            return Err(AppError::invalid(format!(
                "{name} holds a seat for another nation: say for which, with --nationality"
            )));
        };
        if roles != [Role::Seat] {
            return Err(AppError::invalid(format!(
                "{name} holds a seat for {nation} and can have no other role here"
            )));
        }
        if self.known().by_code(nation).is_none() {
            return Err(AppError::invalid(format!(
                "{nation} is not known here: introduce it first, then give its liaison officer a \
                 seat"
            )));
        }
        Ok(())
    }

    fn check_clearance(&self, clearance: &str) -> Result<()> {
        let known = self.known();
        let Ok(scheme) = known.policy.schemes.get(self.identity.code.as_str()) else {
            return Ok(());
        };
        if clearance.is_empty() || scheme.level(clearance).is_some() {
            return Ok(());
        }
        let markings: Vec<&str> = scheme.markings().map(|(marking, _)| marking).collect();
        Err(AppError::invalid(format!(
            "`{clearance}` is not a marking of {}: use one of {}",
            self.identity.code,
            markings.join(", ")
        )))
    }

    /// All persons. Which compartments someone is read into is told to themselves, to security
    /// officers and to overseers.
    pub fn people(&self, actor: &Actor) -> Result<Vec<PersonRow>> {
        let mut people = self.store.read(|work| work.people())?;
        if actor.is_seated() {
            // Who works here is not theirs to know.
            people.retain(|person| person.name == actor.name());
        }
        if !actor.is(&CONFIRMING) {
            for person in people.iter_mut().filter(|person| person.name != actor.name()) {
                person.read_ins.clear();
            }
        }
        Ok(people)
    }

    /// One person, as [`Node::people`] tells them.
    pub fn person(&self, actor: &Actor, name: &str) -> Result<PersonRow> {
        let found = self.people(actor)?.into_iter().find(|person| person.name == name);
        found.ok_or_else(|| AppError::NotFound(format!("the person `{name}`")))
    }
}

/// Ends everything by which a person could ask or sign in.
fn end_secrets_of(work: &mut dyn Work, name: &str) -> Result<()> {
    work.drop_tokens_of(name)?;
    work.drop_sessions_of(name)?;
    // Its key in the vault is destroyed with the next sweep, as that of nothing.
    work.drop_code(name)?;
    for badge in work.badges(Some(name))? {
        work.drop_badge(&badge.kind, &badge.issuer, &badge.subject)?;
    }
    for passkey in work.passkeys(name)? {
        work.drop_passkey(&passkey.id)?;
    }
    Ok(())
}

/// A node without a security officer could never change anything about its persons again.
fn must_keep_an_officer(work: &dyn Work) -> Result<()> {
    let officer = Role::SecurityOfficer.as_str();
    if work.people()?.iter().any(|p| p.active && p.roles.iter().any(|role| role == officer)) {
        return Ok(());
    }
    Err(AppError::invalid("this is the last security officer here: name another one first"))
}

/// Whoever takes an office that decides from somebody leaves two who can give it again, and an
/// overseer who sees it. A secret that was stolen is ended without that: `person credential`.
fn must_keep_who_gives_offices(
    work: &dyn Work,
    before: Option<&PersonRow>,
    next: &PersonRow,
) -> Result<()> {
    let holds = |row: &PersonRow, roles: &[Role]| {
        row.active && row.roles.iter().any(|held| roles.iter().any(|role| role.as_str() == held))
    };
    let Some(before) = before else { return Ok(()) };
    for (roles, least, what) in [
        (
            &CONFIRMING[..],
            GIVING,
            "two persons who can give offices, security officers or overseers,",
        ),
        (&[Role::Overseer][..], 1, "an overseer"),
    ] {
        if !holds(before, roles) || holds(next, roles) {
            continue;
        }
        let left = work.people()?.iter().filter(|row| holds(row, roles)).count();
        if left < least {
            return Err(AppError::invalid(format!(
                "without {} there would not be {what} here any more: name another first; a stolen \
                 secret is ended with `person credential {} --withdraw`",
                next.name, next.name
            )));
        }
    }
    Ok(())
}

fn post_of(row: &PersonRow) -> Result<Post> {
    Ok(Post {
        roles: row.roles.iter().map(|role| role.parse()).collect::<Result<_>>()?,
        body: row.body.clone(),
        desk: row.desk.clone(),
        clearance: row.clearance.clone(),
        nation: row.nation,
        read_ins: row.read_ins.clone(),
        owner: row.owner.clone(),
        until: row.until,
    })
}

/// When a role was given: now, if the person did not have it before.
fn given_at(before: &PersonRow, role: &str, now: Timestamp) -> Timestamp {
    let place = before.roles.iter().position(|held| held == role);
    place.map_or(now, |place| before.roles_at.get(place).copied().unwrap_or(before.at))
}

/// What the overseers are told.
pub(super) fn in_full(row: &PersonRow, why: &str) -> String {
    let mut about = in_short(row);
    if !row.read_ins.is_empty() {
        about = format!("{about} ({})", row.read_ins.join(", "));
    }
    with_reason(&about, why)
}

fn with_reason(about: &str, why: &str) -> String {
    if why.is_empty() { about.to_owned() } else { format!("{about}; {why}") }
}

/// A reason that someone gave.
pub(super) fn reason(why: &str) -> Result<&str> {
    bounded(why).ok_or_else(|| {
        AppError::invalid(format!(
            "this needs a reason of 1 to {SAID_BYTES_MAX} bytes, which goes on record"
        ))
    })
}

fn check_word(word: &str, what: &str) -> Result<()> {
    let fits = !word.trim().is_empty()
        && word.trim() == word
        && word.len() <= NAME_BYTES_MAX
        && !word.contains("//")
        && !word.chars().any(|c| c.is_control() || ",[]".contains(c));
    if fits {
        return Ok(());
    }
    Err(AppError::invalid(format!("`{word}` cannot be the name of {what}")))
}

fn check_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if fits {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "`{name}` cannot be a person's name: use 1 to 64 letters, digits, dots or hyphens"
    )))
}
