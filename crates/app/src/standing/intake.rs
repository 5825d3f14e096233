//! What standing rules share of what partners gave: looked at when it is new here, decided like any
//! onward release, under its originator's terms.

use entente_exchange::state::ObjectState;
use entente_model::{NationCode, Timestamp};
use entente_store::rows::{AskRow, ObjectRow};
use entente_store::{Store, Vault, Work};

use super::apply::tags_of;
use super::query::Candidate;
use super::{ByRule, HeldRule, day_of};
use crate::error::{AppError, Result};
use crate::node::{Known, Node, event};
use crate::onward::{OnwardOrder, OpenedObject};

/// Up to which of the objects here rules have looked.
const SEEN: &str = "standing_seen";
/// Objects that rules look at in one tick at most.
const ARRIVALS_MAX: usize = 50;
/// Rows read at once.
const PAGE: u64 = 500;

fn seen(work: &dyn Work) -> Result<i64> {
    let bytes = work.setting(SEEN)?.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map_or(0, i64::from_be_bytes))
}

/// Rules that are made now look at nothing that is here already.
pub(super) fn begin(work: &mut dyn Work) -> Result<()> {
    let newest = work.objects(None, 1, Some(false))?.first().map_or(0, |row| row.position);
    work.put_setting(SEEN, &newest.to_be_bytes())?;
    Ok(())
}

/// Whether any rule in force is about what others originated.
pub(super) fn any(known: &Known, own: NationCode) -> bool {
    known
        .standing
        .iter()
        .any(|held| held.row.state == "active" && held.query.is_about_others(own.as_str()))
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Shares what arrived since the last time; says how many objects were looked at.
    pub(crate) fn share_arrivals(&self) -> Result<usize> {
        let known = self.known();
        if !any(&known, self.identity.code) {
            return Ok(0);
        }
        let arrivals = self.store.read(|work| {
            let seen = seen(work)?;
            let mut arrivals: Vec<ObjectRow> = Vec::new();
            let mut before = None;
            loop {
                let page = work.objects(before, PAGE, Some(false))?;
                let is_last = (page.len() as u64) < PAGE;
                before = page.last().map(|row| row.position);
                let reached = page.iter().any(|row| row.position <= seen);
                arrivals.extend(page.into_iter().filter(|row| row.position > seen));
                if is_last || reached {
                    return Ok::<_, AppError>(arrivals);
                }
            }
        })?;
        let mut looked = 0;
        for row in arrivals.into_iter().rev().take(ARRIVALS_MAX) {
            self.share_arrival(&row)?;
            self.store.write(|work| work.put_setting(SEEN, &row.position.to_be_bytes()))?;
            looked += 1;
        }
        Ok(looked)
    }

    /// Decides anew on an object whose originator has said in its ledger what its terms say.
    pub(crate) fn share_granted(&self, ask: &AskRow) -> Result<()> {
        let row = self.store.read(|work| work.object(ask.oid))?;
        if let Some(row) = row {
            self.share_arrival(&row)?;
        }
        let to = self.known().name_of(&ask.to);
        self.store.write(|work| {
            let mut released = work.rule_releases_of(ask.oid)?.into_iter();
            let went = released.any(|row| row.nations.split(',').any(|code| code == to));
            work.set_ask(ask.id, if went { "released" } else { "denied" })
        })?;
        Ok(())
    }

    fn share_arrival(&self, row: &ObjectRow) -> Result<()> {
        let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
        if state.recalled().is_some() {
            return Ok(());
        }
        let object = match self.open_object(row.oid) {
            Ok(object) => object,
            // It was erased meanwhile.
            Err(AppError::Invalid(_) | AppError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let known = self.known();
        let Some(origin) = known.nation(&row.nation).map(|n| n.row.code) else { return Ok(()) };
        let manifest = &object.manifest;
        let tags = tags_of(&manifest.media_type, &object.payload);
        let candidate = Candidate {
            object_type: &manifest.facts.object_type,
            class: manifest.label.class,
            source: None,
            author: None,
            origin: origin.as_str(),
            title: "",
            tags: &tags,
            area: manifest.facts.area.as_deref(),
            categories: &manifest.facts.data_categories,
        };
        let own = self.identity.code.as_str();
        let matching = known.standing.iter().filter(|held| {
            held.row.state == "active"
                && held.query.is_about_others(own)
                && held.query.matches(&candidate)
        });
        for held in matching {
            self.share_under(&known, held, &object, origin)?;
        }
        Ok(())
    }

    fn share_under(
        &self,
        known: &Known,
        held: &HeldRule,
        object: &OpenedObject,
        origin: NationCode,
    ) -> Result<()> {
        let rule = &held.rule;
        let now = self.now();
        let in_force = known.policy.by_code(&rule.under).filter(|a| a.state.is_in_force(now));
        let (Some(agreement), Some(purpose)) = (in_force, &rule.purpose) else { return Ok(()) };
        let oid = object.row.oid;
        let recipients: Vec<NationCode> = known
            .partners(self.identity.nation)
            .map(|(nation, _, _)| nation.row.code)
            .filter(|code| {
                *code != origin
                    && agreement.agreement.has_party(*code)
                    && (rule.to.is_empty() || rule.to.contains(code))
                    && !rule.not_to.contains(code)
            })
            .collect();
        for to in recipients {
            if !self.may_share(held, oid, to, now)? {
                continue;
            }
            let body = self.identity.bodies.first().cloned().unwrap_or_default();
            let purpose = purpose.clone();
            let order = OnwardOrder { oid, to, to_body: None, purpose, body, evidence: false };
            // What changed under the decision before this one is known by now.
            let known = self.known();
            let refused = match self.weigh_onward(&known, object, &order) {
                Ok(mut weighed) => {
                    weighed.by_rule = Some(ByRule { id: held.row.id, name: rule.name.clone() });
                    let basis = weighed.ruling.basis.as_ref();
                    let by_it = basis.is_some_and(|basis| basis.0 == agreement.row.id);
                    if weighed.goes()
                        && by_it
                        && !self.is_proven(&object.row, weighed.nation, now)?
                    {
                        self.ask_for_proof_of_terms(&known, object, &weighed, &order)?;
                        None
                    } else if weighed.goes() && by_it {
                        self.dispatch_onward(&known, object, &order, weighed, None)?;
                        None
                    } else if weighed.goes() {
                        Some(format!("it would go under another agreement than {}", rule.under))
                    } else {
                        self.record_refusal(&known, object, &order, weighed)?;
                        None
                    }
                }
                Err(error @ (AppError::Store(_) | AppError::Keys(_) | AppError::Operator(_))) => {
                    return Err(error);
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = refused {
                let text = format!("the standing rule {} does not bring it {to}: {why}", rule.name);
                let about = (Some(oid), known.by_code(to).map(|n| n.row.nation));
                self.store.write(|work| event(work, now, "held", text, about))?;
            }
        }
        Ok(())
    }

    /// Whether a rule still may share an object with a nation: it did not yet, and its number for
    /// the day is not reached.
    fn may_share(
        &self,
        held: &HeldRule,
        oid: entente_model::ObjectId,
        to: NationCode,
        now: Timestamp,
    ) -> Result<bool> {
        self.store.read(|work| {
            let mut shared = work.rule_releases_of(oid)?.into_iter();
            if let Some(row) = shared.find(|row| row.name == held.rule.name) {
                // The object counts already; it is one more recipient.
                return Ok(!row.nations.split(',').any(|code| code == to.as_str()));
            }
            let used = work.rule_releases_on(&held.rule.name, day_of(now))?;
            Ok(held.rule.daily.is_none_or(|daily| used < daily))
        })
    }
}
