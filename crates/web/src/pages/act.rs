//! One act that binds the nation: shown as it is, and signed for with a passkey.

use std::str::FromStr;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::Response;
use entente_app::AppError;
use entente_app::people::{Approval, Deed};
use entente_law::day_start;
use entente_model::item::StandingAct;
use entente_model::{AgreementId, NationCode};
use serde::Deserialize;

use super::Frame;
use super::glass::OpenedPage;
use crate::door::Door;
use crate::passkey::{Answered, Asked, site_of};
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::clean;
use crate::words;

/// The longest deadline of a recall, in hours.
const HOURS_MAX: u64 = 24 * 365;

/// What is to be done: one of the first ten, with what belongs to it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct What {
    #[serde(default)]
    approve: String,
    #[serde(default)]
    consent: String,
    #[serde(default)]
    recall: String,
    #[serde(default)]
    review: String,
    #[serde(default)]
    glass: String,
    #[serde(default)]
    judge: String,
    #[serde(default)]
    sign: String,
    #[serde(default)]
    stand: String,
    #[serde(default)]
    unkey: String,
    #[serde(default)]
    uncode: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    conditions: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    basis: String,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    doing: String,
    #[serde(default)]
    party: String,
    #[serde(default)]
    ends: String,
}

/// A word of an address as what it stands for.
fn read<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::wrong_address())
}

/// Which of two words it is.
fn is_first(text: &str, [first, second]: [&str; 2]) -> Result<bool, Refusal> {
    match text {
        text if text == first => Ok(true),
        text if text == second => Ok(false),
        _ => Err(Refusal::wrong_address()),
    }
}

impl What {
    fn deed(&self) -> Result<Deed, Refusal> {
        let mut about = self.about().into_iter().filter(|(_, id)| !id.is_empty());
        let (Some((name, id)), None) = (about.next(), about.next()) else {
            return Err(Refusal::wrong_address());
        };
        match name {
            "approve" => Ok(Deed::Approve(read(id)?)),
            "consent" => Ok(Deed::Consent {
                ask: read(id)?,
                granted: is_first(&self.answer, ["grant", "refuse"])?,
                conditions: self.conditions.trim().to_owned(),
            }),
            "review" => Ok(Deed::Review { person: id.clone(), why: self.why.clone() }),
            "glass" => Ok(Deed::BreakGlass { oid: read(id)?, necessity: self.why.clone() }),
            "judge" => Ok(Deed::Judge {
                opening: read(id)?,
                justified: is_first(&self.answer, ["justified", "not"])?,
                why: self.why.clone(),
            }),
            "sign" => Ok(Deed::Sign(read(id)?)),
            "stand" => self.standing(read(id)?),
            "unkey" => Ok(Deed::DropPasskey(id.clone())),
            "uncode" => Ok(Deed::DropCode),
            _ => Ok(Deed::Recall {
                oid: read(id)?,
                class: words::recall_class_named(&self.class).ok_or_else(Refusal::wrong_address)?,
                basis: self.basis.trim().to_owned(),
                deadline_millis: read::<u64>(&self.hours)
                    .ok()
                    .filter(|hours| (1..=HOURS_MAX).contains(hours))
                    .ok_or_else(Refusal::wrong_address)?
                    * 3_600_000,
            }),
        }
    }

    /// What is done about an agreement that binds.
    fn standing(&self, agreement: AgreementId) -> Result<Deed, Refusal> {
        let reason = self.why.trim().to_owned();
        let stand = |act, party, ends| {
            let reason = reason.clone();
            Deed::Stand { agreement, act, party, ends, reason }
        };
        let unless = |text: &str, field: &str| match text {
            "" => Ok(()),
            _ => Err(Refusal::does_not_fit(field)),
        };
        let party = || match self.party.as_str() {
            "" => Ok(None),
            party => read::<NationCode>(party).map(Some),
        };
        match self.doing.as_str() {
            "suspend" | "resume" => {
                unless(&self.ends, "A day on which it ends goes with a notice only")?;
                let act = match self.doing.as_str() {
                    "suspend" => StandingAct::Suspend,
                    _ => StandingAct::Resume,
                };
                Ok(stand(act, party()?, None))
            }
            "terminate" => {
                unless(&self.party, "Notice ends the agreement for all parties: name none")?;
                let ends = day_start(&self.ends).ok_or_else(|| {
                    Refusal::does_not_fit("Notice needs the day on which it ends")
                })?;
                Ok(stand(StandingAct::Notice, None, Some(ends)))
            }
            "leave" => {
                unless(&self.ends, "Leaving is at once: for a day to come, give notice")?;
                unless(&self.party, "We leave for ourselves: name no party")?;
                Ok(Deed::Leave { agreement, reason })
            }
            _ => Err(Refusal::wrong_address()),
        }
    }

    /// The fields that say what it is.
    fn about(&self) -> [(&'static str, &String); 10] {
        [
            ("approve", &self.approve),
            ("consent", &self.consent),
            ("recall", &self.recall),
            ("review", &self.review),
            ("glass", &self.glass),
            ("judge", &self.judge),
            ("sign", &self.sign),
            ("stand", &self.stand),
            ("unkey", &self.unkey),
            ("uncode", &self.uncode),
        ]
    }

    /// The same once more, for the form that carries it out.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let more = [
            ("why", &self.why),
            ("answer", &self.answer),
            ("conditions", &self.conditions),
            ("class", &self.class),
            ("basis", &self.basis),
            ("hours", &self.hours),
            ("doing", &self.doing),
            ("party", &self.party),
            ("ends", &self.ends),
        ];
        let said = self.about().into_iter().chain(more).filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| (name, value.clone())).collect()
    }
}

/// The page that asks.
#[derive(Template)]
#[template(path = "pages/act.html")]
pub(crate) struct ActPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) about: String,
    pub(crate) act: String,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) asked: Asked,
    pub(crate) has_passkeys: bool,
}

/// The page that says what came of it.
#[derive(Template)]
#[template(path = "pages/acted.html")]
pub(crate) struct ActedPage {
    pub(crate) frame: Frame,
    pub(crate) outcome: String,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: Result<Query<What>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(what) = query.map_err(|_| Refusal::wrong_address())?;
    let deed = what.deed()?;
    let site = door.site.clone();
    door.page(move |node| {
        let offer = node.offer_deed(&signed.actor, &deed)?;
        Ok(ActPage {
            frame: Frame::of(node, &signed, "/approvals", words::ACT)?,
            form_token: signed.form_token(),
            about: clean(&words::sentence(&offer.about)),
            act: offer.act.to_string(),
            fields: what.fields(),
            has_passkeys: !offer.passkeys.is_empty(),
            asked: Asked::new(&site, offer.ticket, &offer.challenge, &offer.passkeys),
        })
    })
    .await
}

/// What came back from the page that asks.
#[derive(Deserialize)]
pub(crate) struct ActForm {
    token: String,
    #[serde(flatten)]
    what: What,
    #[serde(flatten)]
    answered: Answered,
}

pub(crate) async fn carry_out(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<ActForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let form = signed.own(form, |form| &form.token)?;
    let (deed, used, site) = (form.what.deed()?, form.answered.used()?, site_of(&door.site));
    if let Deed::BreakGlass { oid, necessity } = deed {
        let opened = door.page(move |node| {
            let what = (oid, necessity.as_str());
            let view = node.break_glass_signed(&signed.actor, &site, what, &used)?;
            OpenedPage::of(node, &signed, &view)
        });
        return opened.await;
    }
    door.page(move |node| {
        let outcome = match node.do_deed(&signed.actor, &site, &deed, &used)? {
            Approval::Granted { approvers, .. } => {
                format!("Done, approved by {}.", approvers.join(" and "))
            }
            Approval::Waiting { needed, .. } => {
                let persons = if needed == 1 { "one more person" } else { "more persons" };
                format!("Your approval is kept with its proof; it waits for {persons}.")
            }
        };
        let frame = Frame::of(node, &signed, "/approvals", words::ACT)?;
        Ok::<_, AppError>(ActedPage { frame, outcome: clean(&outcome) })
    })
    .await
}
