//! Standing rules: new objects that match a query are shared under an agreement without a person
//! asking each time (decision 37).
//!
//! A rule selects objects and names recipients; what may go is decided by the same function as
//! everything else, each time, and a rule goes by its own agreement alone. Two release officers make
//! one; one of them narrows, suspends or removes it. Every form of a rule is in the ledger with its
//! digest, and every release names the form that made it.

mod apply;
mod intake;
pub mod query;
mod review;

pub use review::{REVIEWERS, Reaction};

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::record::RecordKind;
use entente_model::{Digest, NationCode, ObjectId, Timestamp};
use entente_store::rows::{RuleReleaseRow, RuleRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::ground;
use crate::node::{Known, Node, event};
use crate::people::{Act, Actor, Approval, Role, action_digest};
use crate::said::{check_word, said};
use crate::sequencer::LeafDraft;
use query::Query;

pub use apply::ByRule;
pub(crate) use apply::{Matched, must_be_within, rules_used};

/// Two release officers make a rule, or take its suspension back.
const MAKING: usize = 2;
/// Whose approvals count.
const MAKERS: [Role; 1] = [Role::ReleaseOfficer];
/// Who may see the rules.
pub const SEE_RULES: [Role; 6] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::LegalAdviser,
    Role::SecurityOfficer,
    Role::Overseer,
];
/// Letters of a name.
const NAME_BYTES_MAX: usize = 40;
/// Rules of a node, removed ones left out.
const RULES_MAX: usize = 200;
/// Releases of a rule that are looked through.
const RELEASES_MAX: u64 = 100_000;
/// A day of the count.
pub(crate) const DAY_MILLIS: u64 = 86_400_000;

/// A standing rule, in one of its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingRule {
    /// Its name.
    pub name: String,
    /// Which new objects it is about.
    pub query: String,
    /// The code of the agreement under which it shares.
    pub under: String,
    /// With whom; empty for every other party.
    pub to: Vec<NationCode>,
    /// With none of these.
    pub not_to: Vec<NationCode>,
    /// It is for publications for this purpose, and shares what partners gave for it.
    pub purpose: Option<String>,
    /// Objects a day, in UTC.
    pub daily: Option<u64>,
    /// How many of a hundred releases a reviewer looks at.
    pub sample: u8,
    /// When this form was made.
    pub at: Timestamp,
}

impl Wire for StandingRule {
    const NAME: &'static str = "standing rule";
    const BYTES_MAX: usize = 32 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(10)
            .uint(1)
            .text(&self.name)
            .text(&self.query)
            .text(&self.under)
            .list(&self.to, |w, n| n.write(w))
            .list(&self.not_to, |w, n| n.write(w))
            .optional(self.purpose.as_ref(), |w, p| {
                w.text(p);
            })
            .optional(self.daily.as_ref(), |w, n| {
                w.uint(*n);
            })
            .uint(self.sample.into())
            .value(&self.at);
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(10, |r| {
            r.uint_to(1, "the version")?;
            Ok(Self {
                name: r.text()?.to_owned(),
                query: r.text()?.to_owned(),
                under: r.text()?.to_owned(),
                to: r.list(Reader::value)?,
                not_to: r.list(Reader::value)?,
                purpose: r.optional(|r| Ok(r.text()?.to_owned()))?,
                daily: r.optional(Reader::uint)?,
                sample: r.small(100, "the sample")?,
                at: r.value()?,
            })
        })
    }
}

impl StandingRule {
    /// The digest that names exactly this form.
    pub fn id(&self) -> Digest {
        action_digest("standing rule", &self.to_bytes())
    }

    /// What it says, in one sentence.
    pub fn says(&self) -> String {
        let list = |codes: &[NationCode]| {
            codes.iter().map(NationCode::as_str).collect::<Vec<_>>().join(", ")
        };
        let to = match self.to.as_slice() {
            [] => "every other party".to_owned(),
            to => list(to),
        };
        let not_to = match self.not_to.as_slice() {
            [] => String::new(),
            not_to => format!(", but not to {}", list(not_to)),
        };
        let purpose = self.purpose.as_ref().map_or_else(String::new, |p| format!(", for {p}"));
        let daily = self.daily.map_or_else(String::new, |n| format!(", {n} a day at most"));
        let Self { query, under, .. } = self;
        format!(
            "new objects of which `{query}` holds go to {to}{not_to}, under {under}{purpose}{daily}"
        )
    }
}

/// A rule in force or suspended, understood.
#[derive(Debug, Clone)]
pub struct HeldRule {
    /// What the store keeps of it.
    pub row: RuleRow,
    /// What it says.
    pub rule: StandingRule,
    /// Its query.
    pub query: Query,
}

/// A rule as a person sees it.
#[derive(Debug, Clone)]
pub struct RuleView {
    /// The rule.
    pub held: HeldRule,
    /// Objects that it released today, of those that the person may know of.
    pub today: u64,
    /// Releases of it that wait for a reviewer, of those.
    pub waiting: u64,
    /// The newest releases, if they were asked for.
    pub releases: Vec<RuleReleaseRow>,
    /// The forms that it had before, the oldest first.
    pub before: Vec<(RuleRow, StandingRule)>,
}

/// How a rule is narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrowing {
    /// A query that objects must match besides.
    pub and: Option<String>,
    /// Nations to which it shares no longer.
    pub not_to: Vec<NationCode>,
    /// A smaller number of objects a day.
    pub daily: Option<u64>,
    /// A larger share for the reviewer.
    pub sample: Option<u8>,
}

/// Reads the rules that are in force or suspended.
pub(crate) fn load(work: &dyn Work, scheme: Option<&entente_law::Scheme>) -> Result<Vec<HeldRule>> {
    let Some(scheme) = scheme else { return Ok(Vec::new()) };
    let mut held = Vec::new();
    for row in work.rules()? {
        if !matches!(row.state.as_str(), "active" | "suspended") {
            continue;
        }
        let rule = StandingRule::from_bytes(&row.rule)?;
        // A query that is no longer understood, because our scheme changed, selects nothing.
        if let Ok(query) = Query::parse(&rule.query, scheme) {
            held.push(HeldRule { row, rule, query });
        }
    }
    Ok(held)
}

/// The day since 1970 of a moment.
pub(crate) fn day_of(at: Timestamp) -> u64 {
    at.millis() / DAY_MILLIS
}

fn changed_meanwhile(rule: &str) -> AppError {
    AppError::invalid(format!(
        "the rule `{rule}` was changed at the same time: look at it and try again"
    ))
}

impl<S: Store, V: Vault> Node<S, V> {
    fn query(&self, known: &Known, text: &str) -> Result<Query> {
        let scheme = known.policy.schemes.get(self.identity.code.as_str());
        let scheme = scheme.map_err(|e| AppError::Operator(e.to_string()))?;
        Query::parse(text, scheme).map_err(|e| AppError::Invalid(e.to_string()))
    }

    /// Makes a standing rule, by two release officers.
    pub fn add_rule(&self, actor: &Actor, rule: &StandingRule) -> Result<Approval> {
        actor.must_act_as(&MAKERS, "make standing rules")?;
        self.must_be_clear()?;
        self.keep_time()?;
        let known = self.known();
        self.must_be_sound(&known, rule)?;
        if known.standing.iter().any(|held| held.rule.name == rule.name) {
            return Err(AppError::invalid(format!("there is a rule `{}` already", rule.name)));
        }
        if known.standing.len() >= RULES_MAX {
            return Err(AppError::invalid(format!("a node has at most {RULES_MAX} rules")));
        }
        let exact = StandingRule { at: Timestamp::from_millis(0), ..rule.clone() };
        let about = format!("standing rule {}: {}", rule.name, rule.says());
        let approval = self.approve(
            actor,
            &Act {
                kind: "make standing rule",
                about: &about,
                bytes: &exact.to_bytes(),
                by: &MAKERS,
                needed: MAKING,
            },
        )?;
        let Approval::Granted { approvers, .. } = &approval else { return Ok(approval) };
        let rule = StandingRule { at: self.now(), ..rule.clone() };
        self.enter_rule(&rule, "active", "standing rule made", &approvers.join(", "), None)?;
        Ok(approval)
    }

    fn must_be_sound(&self, known: &Known, rule: &StandingRule) -> Result<()> {
        let is_named = !rule.name.is_empty()
            && rule.name.len() <= NAME_BYTES_MAX
            && rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_named {
            return Err(AppError::invalid(format!(
                "`{}` is no name for a rule: use small letters, digits and hyphens, \
                 {NAME_BYTES_MAX} at most",
                rule.name
            )));
        }
        rule.purpose.as_ref().map_or(Ok(()), |purpose| check_word(purpose, "purpose"))?;
        let query = self.query(known, &rule.query)?;
        if query.is_about_others(self.identity.code.as_str()) && rule.purpose.is_none() {
            return Err(AppError::invalid(
                "a rule about what partners gave says for which purpose it shares that (--purpose)",
            ));
        }
        let now = self.now();
        let held = known.policy.by_code(&rule.under).filter(|held| held.state.is_complete());
        let Some(held) = held.filter(|held| !held.state.phase(now).has_ended()) else {
            return Err(AppError::invalid(format!(
                "no agreement `{}` is in force here: see `entente agreement status`",
                rule.under
            )));
        };
        for code in rule.to.iter().chain(&rule.not_to) {
            if !held.agreement.has_party(*code) || *code == self.identity.code {
                return Err(AppError::invalid(format!(
                    "{code} is no other party to {}",
                    rule.under
                )));
            }
        }
        if rule.daily == Some(0) {
            return Err(AppError::invalid(
                "a rule that shares nothing is no rule: leave the daily limit out, or give 1 or \
                 more",
            ));
        }
        if rule.sample > 100 {
            return Err(AppError::invalid("a sample is 0 to 100 of a hundred"));
        }
        Ok(())
    }

    /// The rule of a name that is in force or suspended.
    fn held_rule<'k>(&self, known: &'k Known, name: &str) -> Result<&'k HeldRule> {
        let mut rules = known.standing.iter();
        rules
            .find(|held| held.rule.name == name)
            .ok_or_else(|| AppError::NotFound(format!("a standing rule `{name}`")))
    }

    /// Narrows a rule: it can only come to select less, share with fewer, or be looked at more. One
    /// release officer may.
    pub fn narrow_rule(&self, actor: &Actor, name: &str, by: &Narrowing) -> Result<Digest> {
        actor.must_act_as(&MAKERS, "narrow standing rules")?;
        let known = self.known();
        let held = self.held_rule(&known, name)?;
        let mut rule = held.rule.clone();
        if let Some(more) = &by.and {
            // It must be a query by itself, so that its error has its own place.
            self.query(&known, more)?;
            rule.query = held.query.and(more);
        }
        for code in &by.not_to {
            if !rule.not_to.contains(code) {
                rule.not_to.push(*code);
            }
        }
        if let Some(daily) = by.daily {
            if rule.daily.is_some_and(|now| daily > now) {
                return Err(AppError::invalid(
                    "more a day would widen the rule: remove it, and make another",
                ));
            }
            rule.daily = Some(daily);
        }
        if let Some(sample) = by.sample {
            if sample < rule.sample {
                return Err(AppError::invalid(
                    "a smaller sample would widen the rule: remove it, and make another",
                ));
            }
            rule.sample = sample;
        }
        self.must_be_sound(&known, &rule)?;
        if rule == held.rule {
            return Err(AppError::invalid("this changes nothing about the rule"));
        }
        rule.at = self.now();
        let state = held.row.state.clone();
        self.enter_rule(&rule, &state, "standing rule narrowed", actor.name(), Some(held))?;
        Ok(rule.id())
    }

    /// Suspends a rule, or removes it; one release officer may. What it shared stays shared.
    pub fn stop_rule(&self, actor: &Actor, name: &str, why: &str, for_good: bool) -> Result<()> {
        let verb = if for_good { "remove" } else { "suspend" };
        actor.must_act_as(&MAKERS, &format!("{verb} standing rules"))?;
        let why = said(why, &format!("to {verb} a rule, say why"))?;
        let known = self.known();
        let held = self.held_rule(&known, name)?;
        if held.row.state == "suspended" && !for_good {
            return Err(AppError::invalid(format!("the rule `{name}` is suspended already")));
        }
        let (state, past) = if for_good {
            ("removed", "standing rule removed")
        } else {
            ("suspended", "standing rule suspended")
        };
        self.change_rule(held, (state, past), actor.name(), why)
    }

    /// Takes the suspension of a rule back, by two release officers.
    pub fn resume_rule(&self, actor: &Actor, name: &str, why: &str) -> Result<Approval> {
        actor.must_act_as(&MAKERS, "resume standing rules")?;
        let why = said(why, "to resume a rule, say why")?;
        let known = self.known();
        let held = self.held_rule(&known, name)?;
        if held.row.state != "suspended" {
            return Err(AppError::invalid(format!("the rule `{name}` is not suspended")));
        }
        let mut exact = held.row.id.as_bytes().to_vec();
        exact.extend_from_slice(&held.row.leaf.to_be_bytes());
        let about = format!("resume standing rule {name}: {}", held.rule.says());
        let approval = self.approve(
            actor,
            &Act {
                kind: "resume standing rule",
                about: &about,
                bytes: &exact,
                by: &MAKERS,
                needed: MAKING,
            },
        )?;
        let Approval::Granted { approvers, .. } = &approval else { return Ok(approval) };
        self.change_rule(held, ("active", "standing rule resumed"), &approvers.join(", "), why)?;
        Ok(approval)
    }

    /// Enters a new form of a rule in the ledger; from there on it holds.
    fn enter_rule(
        &self,
        rule: &StandingRule,
        state: &str,
        past: &str,
        by: &str,
        before: Option<&HeldRule>,
    ) -> Result<()> {
        let now = self.now();
        let text = format!("{}: {}", rule.name, rule.says());
        let leaf = self.note(RecordKind::Admin, now, past, by, &text, Some(rule.id()));
        self.record_rule(leaf, |work, leaf| {
            let held = work.rules()?;
            let stands = |row: &&RuleRow| {
                row.name == rule.name && matches!(row.state.as_str(), "active" | "suspended")
            };
            let same = held.iter().find(stands);
            if same.map(|row| row.id) != before.map(|held| held.row.id) {
                return Err(changed_meanwhile(&rule.name));
            }
            if let Some(held) = before {
                let replaced = RuleRow { state: "replaced".to_owned(), ..held.row.clone() };
                work.put_rule(&replaced)?;
            }
            work.put_rule(&RuleRow {
                id: rule.id(),
                name: rule.name.clone(),
                state: state.to_owned(),
                at: now,
                by: by.to_owned(),
                leaf,
                rule: rule.to_bytes(),
            })?;
            event(work, now, "standing", format!("{past}: {text}"), (None, None))
        })
    }

    /// Enters an act about a rule, after which decisions are taken anew.
    fn record_rule(
        &self,
        leaf: LeafDraft,
        put: impl FnOnce(&mut dyn Work, u64) -> Result<()>,
    ) -> Result<()> {
        let looks_already = intake::any(&self.known(), self.identity.code);
        self.record_with(&[leaf], |work, leaf| {
            ground::give_way(work)?;
            // What came while no rule looked is shared by none later.
            if !looks_already {
                intake::begin(work)?;
            }
            put(work, leaf)
        })?;
        self.reload()
    }

    fn change_rule(
        &self,
        held: &HeldRule,
        (state, past): (&str, &str),
        by: &str,
        why: &str,
    ) -> Result<()> {
        let now = self.now();
        let text = format!("{}: {why}", held.rule.name);
        let leaf = self.note(RecordKind::Admin, now, past, by, &text, Some(held.row.id));
        self.record_rule(leaf, |work, leaf| {
            let rules = work.rules()?;
            let row = rules.into_iter().find(|row| row.id == held.row.id);
            let row = row
                .filter(|row| row.state == held.row.state)
                .ok_or_else(|| changed_meanwhile(&held.rule.name))?;
            let (state, by) = (state.to_owned(), by.to_owned());
            work.put_rule(&RuleRow { state, at: now, by, leaf, ..row })?;
            event(work, now, "standing", format!("{past}: {text}"), (None, None))
        })
    }

    /// The rules in force and suspended.
    pub fn rules(&self, actor: &Actor) -> Result<Vec<RuleView>> {
        actor.must_be(&SEE_RULES, "see standing rules")?;
        let known = self.known();
        known.standing.iter().map(|held| self.view_of(actor, held, 0)).collect()
    }

    /// One rule, with its newest releases and the forms that it had before.
    pub fn rule(&self, actor: &Actor, name: &str, count: u64) -> Result<RuleView> {
        actor.must_be(&SEE_RULES, "see standing rules")?;
        let known = self.known();
        let mut view = self.view_of(actor, self.held_rule(&known, name)?, count)?;
        let rows = self.store.read(|work| work.rules())?;
        for row in rows.into_iter().filter(|row| row.name == name && row.id != view.held.row.id) {
            let rule = StandingRule::from_bytes(&row.rule)?;
            view.before.push((row, rule));
        }
        Ok(view)
    }

    fn view_of(&self, actor: &Actor, held: &HeldRule, count: u64) -> Result<RuleView> {
        let mut gate = self.gate(actor)?;
        let today = day_of(self.now());
        self.store.read(|work| {
            let name = &held.rule.name;
            let mut waiting = 0;
            for row in work.rule_reviews()?.into_iter().filter(|row| row.name == *name) {
                waiting += u64::from(gate.sees(work, row.oid)?);
            }
            // The newest come first. For a list of them every one is looked at, or how many are
            // hidden would decide which are shown.
            let newest =
                if count == 0 { work.rule_releases_on(name, today)? } else { RELEASES_MAX };
            let mut of_today = 0;
            let mut releases = Vec::new();
            for row in work.rule_releases(name, newest)? {
                if !gate.sees(work, row.oid)? {
                    continue;
                }
                of_today += u64::from(row.day == today);
                if (releases.len() as u64) < count {
                    releases.push(row);
                }
            }
            Ok(RuleView {
                held: held.clone(),
                today: of_today,
                waiting,
                releases,
                before: Vec::new(),
            })
        })
    }

    /// The rules that released an object, by name, with the nations; for whoever may know of it.
    pub fn rules_of(&self, actor: &Actor, oid: ObjectId) -> Result<Vec<RuleReleaseRow>> {
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            if gate.seat().is_none() && gate.sees(work, oid)? {
                Ok(work.rule_releases_of(oid)?)
            } else {
                Ok(Vec::new())
            }
        })
    }
}
