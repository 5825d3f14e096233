//! Weighing: what the rules say of one subject, for everyone concerned.
//!
//! Partners are decided for once each, for the better of the bodies that receive at their node.
//! Agencies of our own nation are decided for one by one, and only when they are named: they share
//! this node, and each holds what it was given and nothing else (decision 40).

use std::sync::Arc;

use entente_law::case::{Recipient, Subject, Transfer};
use entente_law::decider::{ClassKey, Difference};
use entente_law::register::Relied;
use entente_law::ruling::Ruling;
use entente_model::{Digest, NationCode, NationId, NodeId, ObjectId, Timestamp};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::node::{Known, Node, event, lock};
use crate::standing::ByRule;

/// What was decided for one nation, for one class of pieces.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The nation.
    pub nation: NationId,
    /// Its code.
    pub code: NationCode,
    /// Its node.
    pub node: NodeId,
    /// The recipient as it was decided for.
    pub recipient: Recipient,
    /// The ruling.
    pub ruling: Arc<Ruling>,
    /// The class of the object towards this nation.
    pub(crate) class: ClassKey,
    /// The facts on record that it rests on.
    pub facts: Vec<Digest>,
    /// Whether its node has a key that can be sealed to now; at home nothing need be sealed.
    pub sealable: bool,
    /// The standing rule that made it a recipient; none if a person did.
    pub by_rule: Option<ByRule>,
    /// Whether it is an agency of our own nation, at this node.
    pub at_home: bool,
}

impl Weighed {
    /// Who it was decided for, as people name them: a nation, or an agency of our own.
    pub fn name(&self) -> String {
        if self.at_home {
            format!("{}/{}", self.code, self.recipient.body)
        } else {
            self.code.to_string()
        }
    }

    /// Whether an object goes out under this ruling as it is. A variant that has yet to be made
    /// does not.
    pub fn goes(&self) -> bool {
        self.sealable && self.ruling.decision.releases() && !self.ruling.requires_variant()
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// The recipients at a nation's node that a decision is asked for.
    fn recipients(
        known: &Known,
        nation: NationCode,
        bodies: &[String],
        accreditation: u8,
    ) -> Vec<Recipient> {
        let scheme = known.policy.schemes.get(nation.as_str()).ok();
        let held = scheme.and_then(|s| {
            (0..=accreditation).rev().find_map(|level| s.marking(level)).map(str::to_owned)
        });
        bodies
            .iter()
            .map(|body| {
                let mut recipient = Recipient::new(nation, body.as_str());
                // The node's accreditation bounds who may read there: its own gate lets nobody
                // read above their clearance.
                recipient.accredited_to.clone_from(&held);
                recipient.clearance.clone_from(&held);
                recipient
            })
            .collect()
    }

    /// Decides for every partner concerned, each for the better of its bodies, and for every
    /// agency of our own that is named.
    pub(crate) fn weigh(
        &self,
        known: &Known,
        subject: &Subject<'_>,
        to: &[(NationCode, Option<String>)],
        object: Option<ObjectId>,
        now: Timestamp,
    ) -> Result<Vec<Weighed>> {
        let mut decider = lock(&known.policy.decider);
        let mut classes: Vec<(Transfer, ClassKey)> = Vec::new();
        let offence = subject.transfer.offence.as_ref().map(|o| o.kind.as_str());
        // All are asked for together, so that they are worked out side by side.
        let (mut asked, mut candidates) = (Vec::new(), Vec::new());
        let own = known.nation(&self.identity.nation);
        let home =
            own.and_then(|n| Some((n, self.identity.node, n.chain.node(&self.identity.node)?)));
        // Silence means every partner, and no agency of our own.
        let home = home.filter(|(n, _, _)| to.iter().any(|(code, _)| *code == n.row.code));
        for (nation, node, state) in known.partners(self.identity.nation).chain(home) {
            let code = nation.row.code;
            if known.suspended_by_origin(subject, nation.row.nation, now).is_some() {
                continue;
            }
            let wanted: Vec<&(NationCode, Option<String>)> =
                to.iter().filter(|(to, _)| *to == code).collect();
            if !to.is_empty() && wanted.is_empty() {
                continue;
            }
            let bodies: Vec<String> =
                if wanted.iter().any(|(_, body)| body.is_none()) || wanted.is_empty() {
                    state.spec.bodies.clone()
                } else {
                    wanted.iter().filter_map(|(_, body)| body.clone()).collect()
                };
            let transfer = known.register.transfer(now, subject.transfer.clone(), code, object);
            let class = classes.iter().find(|(known, _)| *known == transfer.value).map(|c| c.1);
            let class = class.unwrap_or_else(|| {
                let class = decider.class_of(&Subject { transfer: &transfer.value, ..*subject });
                classes.push((transfer.value.clone(), class));
                class
            });
            for recipient in Self::recipients(known, code, &bodies, state.spec.accreditation) {
                let Relied { value: recipient, mut facts } =
                    known.register.recipient(now, recipient, offence, &known.policy.schemes);
                facts.extend(&transfer.facts);
                facts.sort_unstable();
                asked.push((class, decider.recipient(&recipient)));
                candidates.push((nation, node, state, recipient, facts));
            }
        }
        let rulings = decider.rulings(now, &asked).ok_or_else(|| {
            AppError::Operator("the rules changed while deciding; try again".to_owned())
        })?;
        let mut weighed: Vec<Weighed> = Vec::new();
        for ((candidate, ruling), (class, _)) in candidates.into_iter().zip(rulings).zip(asked) {
            let (nation, node, state, recipient, facts) = candidate;
            let better = Weighed {
                nation: nation.row.nation,
                code: nation.row.code,
                node,
                recipient,
                ruling,
                class,
                facts,
                sealable: node == self.identity.node || state.kem_key(now).is_some(),
                by_rule: None,
                at_home: node == self.identity.node,
            };
            match weighed.last_mut().filter(|best| best.node == node && !best.at_home) {
                Some(best) if better.ruling.decision < best.ruling.decision => *best = better,
                Some(_) => {}
                None => weighed.push(better),
            }
        }
        weighed.sort_by(|a, b| {
            (a.code, a.at_home.then_some(&a.recipient.body))
                .cmp(&(b.code, b.at_home.then_some(&b.recipient.body)))
        });
        let differences = decider.recheck();
        drop(decider);
        if let Some(first) = differences.first() {
            return Err(self.memory_differs(first, now));
        }
        Ok(weighed)
    }

    /// A remembered ruling was not what the rules say: a defect of this program. Nothing is
    /// released by what was remembered, and people are told.
    fn memory_differs(&self, found: &Difference, now: Timestamp) -> AppError {
        let text = format!(
            "a remembered decision for {} ({}) was not what the rules say ({}): nothing was \
             released by it, and everything remembered was forgotten; report this defect",
            found.recipient.nation,
            found.remembered.decision.as_str(),
            found.fresh.decision.as_str()
        );
        // Who cannot be told now is told by the error.
        let _ = self.store.write(|work| event(work, now, "alarm", text.clone(), (None, None)));
        AppError::Operator(text)
    }

    /// Checks that every nation named is a partner, and every agency of our own another than the
    /// one that gives.
    pub(crate) fn check_addressees(
        &self,
        known: &Known,
        giver: &str,
        to: &[(NationCode, Option<String>)],
    ) -> Result<()> {
        for (code, body) in to {
            if *code == self.identity.code {
                self.check_agency(giver, body.as_deref())?;
                continue;
            }
            let partner = known
                .partners(self.identity.nation)
                .find(|(nation, _, _)| nation.row.code == *code);
            let Some((_, _, state)) = partner else {
                let suspended = known.by_code(*code).is_some_and(|n| n.row.status == "suspended");
                return Err(AppError::invalid(if suspended {
                    format!("{code} is suspended here: nothing goes there until that is lifted")
                } else {
                    format!(
                        "{code} is not a partner of this node: see `entente status` for partners"
                    )
                }));
            };
            if let Some(body) = body
                && !state.spec.bodies.contains(body)
            {
                return Err(AppError::invalid(format!(
                    "{code} has no reception point `{body}`: it names {}",
                    state.spec.bodies.join(", ")
                )));
            }
        }
        Ok(())
    }

    fn check_agency(&self, giver: &str, agency: Option<&str>) -> Result<()> {
        let own = self.identity.code;
        let others: Vec<String> = self
            .identity
            .bodies
            .iter()
            .filter(|body| *body != giver)
            .map(|body| format!("{own}/{body}"))
            .collect();
        let named = agency.map_or_else(|| own.to_string(), |agency| format!("{own}/{agency}"));
        if others.contains(&named) {
            return Ok(());
        }
        Err(AppError::invalid(match (agency, others.is_empty()) {
            (_, true) => {
                format!("{own} is this nation, and this node serves no agency but {giver}")
            }
            (None, false) => {
                format!("{own} is this nation: name one of its agencies, {}", others.join(" or "))
            }
            (Some(agency), false) if agency == giver => {
                format!("{giver} gives it, and holds it already: name {}", others.join(" or "))
            }
            (Some(agency), false) => {
                format!("{agency} is no agency of this node: name {}", others.join(" or "))
            }
        }))
    }
}
