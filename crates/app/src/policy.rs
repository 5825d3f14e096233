//! Agreements and laws as they stand at this node, compiled.
//!
//! A snapshot: any change of an agreement, a law, a party or an activation makes a new one, with
//! a new policy epoch and nothing remembered from the old one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use entente_exchange::agreement::{AgreementState, verify_kept_signature};
use entente_law::agreement::Agreement;
use entente_law::decider::Decider;
use entente_law::national::NationalLaw;
use entente_law::rules::{AgreementStatus, InForce, PartyStatus, Rules};
use entente_law::scheme::Schemes;
use entente_model::codec::Wire;
use entente_model::tag::Tag;
use entente_model::{AgreementId, Digest, LawId, NationCode, NationId, Timestamp};
use entente_seal::digest;
use entente_seal::statement::SignedStatement;
use entente_store::Work;
use entente_store::rows::{AgreementActRow, AgreementRow, LawRow};

use crate::agreements::{life, versions};
use crate::error::{AppError, Result};
use crate::node::Nation;
use crate::receive::agreement_id;
use crate::simulate::Draft;

/// An agreement as it stands here.
#[derive(Debug)]
pub struct HeldAgreement {
    /// What the store keeps of it.
    pub row: AgreementRow,
    /// Its text, understood.
    pub agreement: Agreement,
    /// Who offered, signed, activated, suspended, left.
    pub state: AgreementState,
    /// What parties did about it after signing.
    pub acts: Vec<AgreementActRow>,
}

/// A national law as it stands here.
#[derive(Debug)]
pub struct HeldLaw {
    /// What the store keeps of it.
    pub row: LawRow,
    /// Its text, understood.
    pub law: NationalLaw,
}

/// Everything that decisions rest on.
#[derive(Debug)]
pub struct Policy {
    /// Agreements, in the order in which they came.
    pub agreements: Vec<HeldAgreement>,
    /// National laws.
    pub laws: Vec<HeldLaw>,
    /// Classification schemes.
    pub schemes: Schemes,
    /// The compiled rules.
    pub rules: Arc<Rules>,
    /// Names the rules exactly.
    pub epoch: Digest,
    /// The bytes that the epoch is the digest of.
    pub epoch_preimage: Vec<u8>,
    /// The next moment at which time alone changes where an agreement stands.
    pub changes_at: Option<Timestamp>,
    /// Decides, and remembers.
    pub decider: Mutex<Decider>,
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| AppError::invalid("the text is not UTF-8"))
}

/// Reads the text of an agreement.
pub fn read_agreement(bytes: &[u8]) -> Result<Agreement> {
    Agreement::parse(text_of(bytes)?).map_err(|p| AppError::Invalid(p.to_string()))
}

/// Reads the text of a national law.
pub fn read_law(bytes: &[u8]) -> Result<NationalLaw> {
    NationalLaw::parse(text_of(bytes)?).map_err(|p| AppError::Invalid(p.to_string()))
}

impl Policy {
    /// Reads and compiles what is stored.
    pub(crate) fn load(
        work: &dyn Work,
        nations: &BTreeMap<NationId, Nation>,
        now: Timestamp,
        schemes: &Schemes,
    ) -> Result<Self> {
        let agreements = all_held(work, nations, now)?;
        let mut laws = Vec::new();
        for row in work.laws()? {
            laws.push(HeldLaw { law: read_law(&row.text)?, row });
        }
        let schemes = schemes.clone();
        let parties: Vec<Vec<(NationCode, PartyStatus)>> =
            agreements.iter().map(|a| party_standing(a, nations)).collect();
        let in_force: Vec<InForce<'_>> = agreements
            .iter()
            .zip(&parties)
            .zip(versions::standings(&agreements, now))
            .filter_map(|((held, parties), status)| {
                let (agreement, id) = (&held.agreement, held.row.id);
                Some(InForce { agreement, id, status: status?, parties })
            })
            .collect();
        let active: Vec<(LawId, &NationalLaw)> =
            laws.iter().filter(|l| l.row.active).map(|l| (l.row.id, &l.law)).collect();
        let rules = Rules::compile(&in_force, &active, &schemes)
            .map_err(|e| AppError::Operator(format!("the rules do not compile: {e}")))?;
        let epoch_preimage = rules.epoch_preimage();
        let epoch = Digest::from_array(digest::h(Tag::PolicyEpoch, &[&epoch_preimage]));
        let rules = Arc::new(rules);
        let decider = Mutex::new(Decider::new(Arc::clone(&rules)));
        let changes_at = agreements.iter().filter_map(|a| a.state.changes_after(now)).min();
        Ok(Self { agreements, laws, schemes, rules, epoch, epoch_preimage, changes_at, decider })
    }

    /// The rules as they would be with a draft in place of what has its code.
    ///
    /// A draft agreement counts as in force for all its parties, whenever its text says that it
    /// begins: it is tried out on decisions of the past.
    pub(crate) fn with_draft(
        &self,
        nations: &BTreeMap<NationId, Nation>,
        now: Timestamp,
        draft: &Draft,
    ) -> Result<Rules> {
        let (agreement, law) = match draft {
            Draft::Agreement(agreement) => (Some(agreement), None),
            Draft::Law(law) => (None, Some(law)),
        };
        let parties: Vec<Vec<(NationCode, PartyStatus)>> =
            self.agreements.iter().map(|held| party_standing(held, nations)).collect();
        let replaced =
            |held: &HeldAgreement| agreement.is_some_and(|draft| draft.code() == held.row.code);
        let mut in_force: Vec<InForce<'_>> = self
            .agreements
            .iter()
            .zip(&parties)
            .zip(versions::standings(&self.agreements, now))
            .filter_map(|((held, parties), status)| {
                // What was received under the text that it replaces stays bound by that.
                let status = if replaced(held) { AgreementStatus::Terminated } else { status? };
                let (agreement, id) = (&held.agreement, held.row.id);
                held.state.is_complete().then_some(InForce { agreement, id, status, parties })
            })
            .collect();
        in_force.extend(agreement.map(|draft| InForce {
            agreement: draft,
            id: agreement_id(draft.text().as_bytes()),
            status: AgreementStatus::InForce,
            parties: &[],
        }));
        let active = self.laws.iter().filter(|l| l.row.active);
        let active = active.filter(|l| law.is_none_or(|draft| draft.code() != l.row.code));
        let mut laws: Vec<(LawId, &NationalLaw)> = active.map(|l| (l.row.id, &l.law)).collect();
        laws.extend(law.map(|draft| (digest::law_id(draft.text().as_bytes()), draft)));
        let mut rules = Rules::compile(&in_force, &laws, &self.schemes).map_err(|e| {
            AppError::Invalid(format!("with the draft the rules do not compile: {e}"))
        })?;
        if let Some(draft) = agreement {
            rules.as_if_always_in_force(draft.code());
        }
        Ok(rules)
    }

    /// An agreement by id.
    pub fn agreement(&self, id: &AgreementId) -> Option<&HeldAgreement> {
        self.agreements.iter().find(|a| a.row.id == *id)
    }

    /// The same, or a refusal.
    pub fn must_hold(&self, id: &AgreementId) -> Result<&HeldAgreement> {
        self.agreement(id).ok_or_else(|| AppError::NotFound(format!("an agreement {}", id.short())))
    }

    /// The agreement that people mean by a code: the text that operates, or else the newest one
    /// that has not ended, or the newest of all.
    pub fn by_code(&self, code: &str) -> Option<&HeldAgreement> {
        let of_code = || self.agreements.iter().filter(|held| held.row.code == code);
        let newest = |held: &&HeldAgreement| (held.row.offered_at, held.row.at);
        let operates = of_code().filter(|held| held.state.is_complete() && !held.has_ended());
        let open = of_code().filter(|held| !held.has_ended());
        operates
            .min_by_key(|held| (held.row.offered_at, held.row.at))
            .or_else(|| open.max_by_key(newest))
            .or_else(|| of_code().max_by_key(newest))
    }

    /// How the provenance of what was received under an agreement names it: by its code, or by its
    /// digest where the code has several texts that bind.
    pub(crate) fn provenance_name(&self, held: &HeldAgreement) -> String {
        let same =
            |other: &&HeldAgreement| other.row.code == held.row.code && other.state.is_complete();
        if self.agreements.iter().filter(same).count() > 1 {
            held.row.id.to_string()
        } else {
            held.row.code.clone()
        }
    }

    /// The texts of a code that are offered and not signed by all.
    pub fn open_of(&self, code: &str) -> impl Iterator<Item = &HeldAgreement> {
        // An amendment of a text that another one replaced meanwhile can be signed by nobody.
        let is_current = |held: &HeldAgreement| {
            let base = held.agreement.supersedes().and_then(|id| self.agreement(&id));
            base.is_none_or(|base| base.row.status != "superseded")
        };
        let open = move |held: &&HeldAgreement| {
            held.row.code == code && held.is_open() && is_current(held)
        };
        self.agreements.iter().filter(open)
    }

    /// The agreements of the negotiation that a text belongs to: what answers what, from the text
    /// that began it.
    pub fn negotiation(&self, id: &AgreementId) -> Vec<&HeldAgreement> {
        let begun_by = |id: AgreementId| {
            let up = |id: &AgreementId| self.agreement(id)?.row.counters;
            std::iter::successors(Some(id), up).last()
        };
        let root = begun_by(*id);
        self.agreements.iter().filter(|held| begun_by(held.row.id) == root).collect()
    }

    /// Where a text stands, from its offer to its end, in a word.
    pub fn stage<'h>(&self, held: &'h HeldAgreement) -> &'h str {
        let is_answered = || {
            let mut all = self.agreements.iter();
            all.any(|other| other.row.counters == Some(held.row.id) && other.is_open())
        };
        match (held.row.status.as_str(), held.is_open()) {
            ("offered", true) if is_answered() => "countered",
            ("offered", false) => "signed",
            (status, _) => status,
        }
    }

    /// Whether an agreement is complete and in force here.
    pub fn is_in_force(&self, id: &AgreementId, now: Timestamp) -> bool {
        self.agreement(id).is_some_and(|a| a.state.is_in_force(now))
    }
}

impl HeldAgreement {
    /// Whether it had ended for good when it was read.
    pub fn has_ended(&self) -> bool {
        matches!(self.row.status.as_str(), "superseded" | "withdrawn" | "terminated" | "expired")
    }

    /// What parties said of its standing, in the order of the moments.
    pub fn acts_in_order(&self) -> Vec<&AgreementActRow> {
        let mut acts: Vec<&AgreementActRow> = self.acts.iter().collect();
        acts.sort_by_key(|act| (act.at, act.nation, act.number));
        acts
    }

    /// Whether it is offered, and not signed by all.
    pub fn is_open(&self) -> bool {
        self.row.status == "offered" && !self.state.is_complete()
    }
}

/// A party counts as active only once it says that it holds the agreement complete; before, what
/// is sent under it would have to wait at the other side (`protocol.md` amendment 5).
fn party_standing(
    held: &HeldAgreement,
    nations: &BTreeMap<NationId, Nation>,
) -> Vec<(NationCode, PartyStatus)> {
    held.agreement
        .parties()
        .iter()
        .map(|party| {
            let nation = party.id.and_then(|id| nations.get(&id));
            let suspended = party.id.is_none_or(|id| held.state.suspended(Some(id)).is_some());
            let status = match nation {
                _ if suspended => PartyStatus::Suspended,
                Some(n) if n.row.status == "own" => PartyStatus::Active,
                Some(n) if n.row.status == "accepted" => {
                    if held.state.activated_by(&n.row.nation) {
                        PartyStatus::Active
                    } else {
                        PartyStatus::Suspended
                    }
                }
                _ => PartyStatus::Suspended,
            };
            (party.nation, status)
        })
        .collect()
}

/// Where an agreement stands by what is stored, this transaction's changes included.
pub(crate) fn state_now(
    work: &dyn Work,
    nations: &BTreeMap<NationId, Nation>,
    id: &AgreementId,
    now: Timestamp,
) -> Result<Option<AgreementState>> {
    let all = all_held(work, nations, now)?;
    Ok(all.into_iter().find(|held| held.row.id == *id).map(|held| held.state))
}

fn all_held(
    work: &dyn Work,
    nations: &BTreeMap<NationId, Nation>,
    now: Timestamp,
) -> Result<Vec<HeldAgreement>> {
    let mut agreements = Vec::new();
    for row in work.agreements()? {
        agreements.push(held(work, nations, row, now)?);
    }
    versions::relate(&mut agreements, now);
    Ok(agreements)
}

fn held(
    work: &dyn Work,
    nations: &BTreeMap<NationId, Nation>,
    row: AgreementRow,
    now: Timestamp,
) -> Result<HeldAgreement> {
    let agreement = read_agreement(&row.text)?;
    let parties = agreement.parties().iter().filter_map(|p| p.id);
    let mut state =
        AgreementState::draft(row.id, parties, agreement.in_force_from(), agreement.ends_on());
    if row.status != "draft" {
        state.offer();
    }
    for signature in work.signatures(row.id)? {
        let Some(nation) = nations.get(&signature.nation) else { continue };
        let statement = SignedStatement::from_bytes(&signature.statement)?;
        // It was verified when it came. A key that was revoked or has expired since does not
        // undo a signature, so the keys and the time that count are those of its arrival.
        let verified = verify_kept_signature(&statement, &nation.chain, signature.at.min(now));
        // What does not fit does not count: without it the agreement is not complete, and it
        // must not keep the node from starting.
        let _counts = verified.and_then(|verified| state.sign(&verified)).is_ok();
    }
    for nation in work.activations(row.id)? {
        let _counts = state.activate(nation, now).is_ok();
    }
    let acts = work.agreement_acts(row.id)?;
    for act in &acts {
        // Who is no party has nothing to say; it may have spoken before its text was here.
        let _counts = match life::standing_of(act) {
            Some(said) => state.stand(act.nation, &said),
            None => state.withdraw(act.nation, act.at),
        }
        .is_ok();
    }
    if row.status == "withdrawn" && !acts.iter().any(|act| act.number == life::LEAVING) {
        // Left before this node kept by whom; that someone did is enough to stop.
        if let Some(own) = nations.values().find(|n| n.row.status == "own") {
            let _known_party = state.withdraw(own.row.nation, row.at);
        }
    }
    Ok(HeldAgreement { row, agreement, state, acts })
}
