//! One act that binds the nation: shown as it is, and signed for with a passkey.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::Response;
use entente_app::AppError;
use entente_app::people::{Approval, Deed};
use entente_model::ObjectId;
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

/// What is to be done: one of the first six, with what belongs to it.
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
}

impl What {
    fn deed(&self) -> Result<Deed, Refusal> {
        let wrong = Refusal::wrong_address;
        let asked =
            [&self.approve, &self.consent, &self.recall, &self.review, &self.glass, &self.judge];
        if asked.iter().filter(|text| !text.is_empty()).count() != 1 {
            return Err(wrong());
        }
        if !self.review.is_empty() {
            return Ok(Deed::Review { person: self.review.clone(), why: self.why.clone() });
        }
        if !self.glass.is_empty() {
            return Ok(Deed::BreakGlass {
                oid: self.glass.parse().map_err(|_| wrong())?,
                necessity: self.why.clone(),
            });
        }
        if !self.judge.is_empty() {
            return Ok(Deed::Judge {
                opening: self.judge.parse().map_err(|_| wrong())?,
                justified: match self.answer.as_str() {
                    "justified" => true,
                    "not" => false,
                    _ => return Err(wrong()),
                },
                why: self.why.clone(),
            });
        }
        match (self.approve.as_str(), self.consent.as_str(), self.recall.as_str()) {
            (act, "", "") if !act.is_empty() => {
                Ok(Deed::Approve(act.parse().map_err(|_| wrong())?))
            }
            ("", ask, "") if !ask.is_empty() => Ok(Deed::Consent {
                ask: ask.parse().map_err(|_| wrong())?,
                granted: match self.answer.as_str() {
                    "grant" => true,
                    "refuse" => false,
                    _ => return Err(wrong()),
                },
                conditions: self.conditions.trim().to_owned(),
            }),
            ("", "", oid) if !oid.is_empty() => Ok(Deed::Recall {
                oid: oid.parse::<ObjectId>().map_err(|_| wrong())?,
                class: words::recall_class_named(&self.class).ok_or_else(wrong)?,
                basis: self.basis.trim().to_owned(),
                deadline_millis: self
                    .hours
                    .parse::<u64>()
                    .ok()
                    .filter(|hours| (1..=HOURS_MAX).contains(hours))
                    .ok_or_else(wrong)?
                    * 3_600_000,
            }),
            _ => Err(wrong()),
        }
    }

    /// The same once more, for the form that carries it out.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("approve", &self.approve),
            ("consent", &self.consent),
            ("recall", &self.recall),
            ("review", &self.review),
            ("glass", &self.glass),
            ("judge", &self.judge),
            ("why", &self.why),
            ("answer", &self.answer),
            ("conditions", &self.conditions),
            ("class", &self.class),
            ("basis", &self.basis),
            ("hours", &self.hours),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.clone()))
            .collect()
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
