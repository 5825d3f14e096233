//! Offering a text: a first one, a changed one in answer to it, or an amendment of what is in force.
//!
//! All texts of a negotiation stay readable; people sign the one that they agree on, and with that
//! withdraw what they offered or signed of it before. An amendment names what it supersedes and
//! goes to the parties of both texts, so that a party that is left out knows it.

use entente_exchange::agreement::Phase;
use entente_law::Agreement;
use entente_law::agreement::bind_over;
use entente_model::codec::Wire;
use entente_model::item::{AgreementCounter, AgreementPropose, ItemKind};
use entente_model::{AgreementId, NationCode, NationId};
use entente_store::rows::AgreementRow;
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::node::{Known, Node, WakeUp, event};
use crate::people::{Actor, Role};
use crate::policy::{self, HeldAgreement};
use crate::receive::agreement_id;

/// Who may offer a text.
const OFFERERS: [Role; 2] = [Role::LegalAdviser, Role::Liaison];

/// A text on its way to be offered.
struct Offer<'k> {
    text: &'k str,
    /// What it answers.
    counters: Option<&'k HeldAgreement>,
    /// The text that it would take the place of.
    supersedes: Option<AgreementId>,
    /// How the event names it.
    past: &'static str,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Offers an agreement to its parties. A draft whose parties are not bound to identities yet
    /// is bound to the nations that are known here under those codes.
    pub fn propose(&self, actor: &Actor, text: &str) -> Result<AgreementId> {
        actor.must_act_as(&OFFERERS, "offer agreements")?;
        self.keep_time()?;
        let known = self.known();
        let draft = policy::read_agreement(text.as_bytes())?;
        let code = draft.code();
        let standing = known.policy.by_code(code).filter(|held| !held.has_ended());
        if let Some(held) = standing {
            return Err(AppError::invalid(if held.is_open() {
                format!(
                    "{code} was offered already: answer it with `entente agreement counter \
                     {code}`, or withdraw it"
                )
            } else {
                format!("{code} is there already: change it with `entente agreement amend {code}`")
            }));
        }
        self.offer(&known, &Offer { text, counters: None, supersedes: None, past: "offered" })
    }

    /// Answers a text that was offered with a changed one, which names it.
    pub fn counter(&self, actor: &Actor, id: &AgreementId, text: &str) -> Result<AgreementId> {
        actor.must_act_as(&OFFERERS, "offer agreements")?;
        self.keep_time()?;
        let known = self.known();
        let held = known.policy.must_hold(id)?;
        if let Some(why) = not_open(&known, held, self.now()) {
            return Err(AppError::invalid(why));
        }
        let draft = policy::read_agreement(text.as_bytes())?;
        must_be_of(&draft, held)?;
        if let Some(base) = held.agreement.supersedes().and_then(|id| known.policy.agreement(&id)) {
            must_be_related(&draft, base)?;
        }
        let supersedes = held.agreement.supersedes();
        self.offer(&known, &Offer { text, counters: Some(held), supersedes, past: "countered" })
    }

    /// Offers another text of an agreement in force, which takes its place once all have signed.
    pub fn amend(&self, actor: &Actor, id: &AgreementId, text: &str) -> Result<AgreementId> {
        actor.must_act_as(&OFFERERS, "offer agreements")?;
        self.keep_time()?;
        let known = self.known();
        let held = known.policy.must_hold(id)?;
        let code = held.row.code.as_str();
        match held.state.phase(self.now()) {
            Phase::InForce | Phase::Suspended { .. } => {}
            Phase::Draft | Phase::Offered | Phase::SignedBy(_) => {
                return Err(AppError::invalid(format!(
                    "{code} is not in force: change what is offered with `entente agreement \
                     counter {code}`"
                )));
            }
            phase @ (Phase::Signed
            | Phase::Superseded { .. }
            | Phase::Withdrawn { .. }
            | Phase::Terminated { .. }
            | Phase::Expired) => {
                return Err(AppError::invalid(format!(
                    "{code} is not in force, it is {}: there is nothing to amend",
                    phase.as_str()
                )));
            }
        }
        if let Some(open) =
            known.policy.open_of(code).find(|open| open.agreement.supersedes() == Some(*id))
        {
            return Err(AppError::invalid(format!(
                "an amendment of {code} is being negotiated: answer it with `entente agreement \
                 counter {}`, or withdraw it",
                open.row.id.short()
            )));
        }
        let draft = policy::read_agreement(text.as_bytes())?;
        must_be_of(&draft, held)?;
        must_be_related(&draft, held)?;
        let supersedes = Some(held.row.id);
        self.offer(&known, &Offer { text, counters: None, supersedes, past: "amendment offered" })
    }

    fn offer(&self, known: &Known, offer: &Offer<'_>) -> Result<AgreementId> {
        let Offer { text, counters, supersedes, past } = *offer;
        let draft = policy::read_agreement(text.as_bytes())?;
        let identities = self.identities(known, &draft)?;
        let bound = bind_over(text, &identities, supersedes)
            .map_err(|p| AppError::Invalid(p.to_string()))?;
        let agreement = policy::read_agreement(bound.as_bytes())?;
        let id = agreement_id(bound.as_bytes());
        if known.policy.agreement(&id).is_some() {
            return Err(AppError::invalid(format!(
                "this text of {} was offered already, as {}",
                agreement.code(),
                id.short()
            )));
        }
        let now = self.now();
        let texts = vec![bound.clone().into_bytes()];
        let (kind, payload) = match counters {
            Some(held) => {
                let counter = AgreementCounter { counters: held.row.id, texts };
                (ItemKind::AgreementCounter, counter.to_bytes())
            }
            None => (ItemKind::AgreementPropose, AgreementPropose { texts }.to_bytes()),
        };
        let row = AgreementRow {
            id,
            code: agreement.code().to_owned(),
            text: bound.into_bytes(),
            status: "offered".to_owned(),
            at: now,
            offered_by: Some(self.identity.nation),
            offered_at: Some(now),
            counters: counters.map(|held| held.row.id),
        };
        let concerned = concerned(known, &agreement, row.counters);
        self.store.write(|work| {
            work.put_agreement(&row)?;
            self.tell_of_agreement(work, id, past, self.identity.nation, now)?;
            for node in self.other_parties(known, concerned) {
                self.queue_agreement(work, node, kind, payload.clone(), (id, past), now)?;
            }
            event(work, now, "agreement", format!("{} {past}", row.code), (None, None))
        })?;
        self.reload()?;
        (self.wake)(&WakeUp::Intents);
        Ok(id)
    }

    /// The nations that are known here under the codes of a draft's parties.
    fn identities(&self, known: &Known, draft: &Agreement) -> Result<Vec<(NationCode, NationId)>> {
        let identities: Vec<(NationCode, NationId)> = draft
            .parties()
            .iter()
            .map(|party| {
                let nation = known.by_code(party.nation).ok_or_else(|| {
                    AppError::invalid(format!(
                        "party {} is not known here: introduce it first",
                        party.nation
                    ))
                })?;
                Ok((party.nation, nation.row.nation))
            })
            .collect::<Result<_>>()?;
        if !identities.iter().any(|(_, id)| *id == self.identity.nation) {
            return Err(AppError::invalid("this nation is not a party to the agreement"));
        }
        Ok(identities)
    }

    /// The agreement that a person means, to act about it: by code, the text that operates; by the
    /// start of its id, exactly that text.
    pub fn find_agreement(&self, name: &str) -> Result<AgreementId> {
        let known = self.known();
        if let Some(held) = known.policy.by_code(name) {
            return Ok(held.row.id);
        }
        by_id(&known, name)
    }

    /// The text that a person means, to sign or to answer it: by code, the one that is open.
    pub fn find_offer(&self, name: &str) -> Result<AgreementId> {
        let known = self.known();
        let mut open = known.policy.open_of(name);
        match (open.next(), open.next()) {
            (Some(held), None) => Ok(held.row.id),
            (Some(_), Some(_)) => {
                let ids: Vec<String> =
                    known.policy.open_of(name).map(|held| held.row.id.short()).collect();
                Err(AppError::invalid(format!(
                    "several texts of {name} are offered: name one by the start of its id: {}",
                    ids.join(", ")
                )))
            }
            (None, _) => self.find_agreement(name),
        }
    }

    /// The exact text of an agreement, offered or signed, whatever became of it.
    pub fn agreement_text(&self, id: &AgreementId) -> Result<String> {
        let known = self.known();
        let held = known.policy.must_hold(id)?;
        Ok(held.agreement.text().to_owned())
    }
}

/// Every nation that a text concerns: its parties, those of the text that it would take the place
/// of, and those of the text that it answers.
pub(crate) fn concerned(
    known: &Known,
    agreement: &Agreement,
    counters: Option<AgreementId>,
) -> Vec<NationId> {
    let mut nations: Vec<NationId> = agreement.parties().iter().filter_map(|p| p.id).collect();
    for other in [agreement.supersedes(), counters].into_iter().flatten() {
        let held = known.policy.agreement(&other);
        nations.extend(held.into_iter().flat_map(|held| held.state.parties()));
    }
    nations.sort_unstable();
    nations.dedup();
    nations
}

/// Why a text takes no answer and no signature any more; none if it does.
pub(crate) fn not_open(
    known: &Known,
    held: &HeldAgreement,
    now: entente_model::Timestamp,
) -> Option<String> {
    let code = &held.row.code;
    match held.state.phase(now) {
        Phase::Draft | Phase::Offered | Phase::SignedBy(_) => None,
        Phase::Signed => Some(format!("{code} is signed by every party already")),
        Phase::InForce => {
            Some(format!("{code} is in force: change it with `entente agreement amend {code}`"))
        }
        Phase::Suspended { .. } => Some(format!(
            "{code} is in force and suspended: change it with `entente agreement amend {code}`"
        )),
        Phase::Superseded { by } => {
            Some(format!("this text of {code} was superseded by {}", by.short()))
        }
        Phase::Withdrawn { by, .. } => {
            Some(format!("this text of {code} was withdrawn by {}", known.name_of(&by)))
        }
        Phase::Terminated { .. } | Phase::Expired => Some(format!("{code} has ended")),
    }
}

fn by_id(known: &Known, name: &str) -> Result<AgreementId> {
    let mut found =
        known.policy.agreements.iter().filter(|a| a.row.id.to_string().starts_with(name));
    match (found.next(), found.next()) {
        (Some(held), None) if name.len() >= 8 => Ok(held.row.id),
        _ => Err(AppError::NotFound(format!("an agreement `{name}`"))),
    }
}

fn must_be_of(draft: &Agreement, held: &HeldAgreement) -> Result<()> {
    if draft.code() == held.row.code {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "the text has the code {}; a changed text of {} keeps its code",
        draft.code(),
        held.row.code
    )))
}

/// An amendment is among the same parties, or some join, or some are left out.
pub(crate) fn must_be_related(draft: &Agreement, base: &HeldAgreement) -> Result<()> {
    let parties = |a: &Agreement| -> Vec<NationCode> {
        let mut codes: Vec<NationCode> = a.parties().iter().map(|p| p.nation).collect();
        codes.sort_unstable();
        codes
    };
    let (new, old) = (parties(draft), parties(&base.agreement));
    let within = |a: &[NationCode], b: &[NationCode]| a.iter().all(|code| b.contains(code));
    if within(&new, &old) || within(&old, &new) {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "an amendment of {} has the same parties, or more, or fewer; this one both adds and leaves \
         out: make two amendments of it",
        base.row.code
    )))
}
