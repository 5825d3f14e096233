//! Who would receive an object, before it is published: the same decision as publishing takes,
//! asked for while the label is typed.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::Response;
use entente_app::order::Words;
use entente_app::publish::{Circumstances, Verdict};
use entente_app::weigh::Weighed;
use entente_app::{AppError, SqliteNode};
use entente_law::print_label;
use entente_model::Decision;
use serde::Deserialize;

use super::holdings::obligation;
use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Marking, clean};
use crate::words;

/// What is typed into the form. Unknown fields are left out of account, as browsers may add some.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) object_type: String,
    #[serde(default)]
    pub(crate) purpose: String,
    #[serde(default)]
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) emergency: String,
    #[serde(default)]
    pub(crate) facts: String,
    #[serde(default)]
    pub(crate) evidence: Option<String>,
}

/// What people say instead of nothing.
fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Typed {
    fn words(&self) -> Words {
        Words {
            label: self.label.trim().to_owned(),
            purpose: self.purpose.trim().to_owned(),
            facts: said(&self.facts),
            to: self.to.split([' ', ',', ';']).filter_map(said).collect(),
            circumstances: Circumstances {
                evidence: self.evidence.is_some(),
                offence: None,
                emergency: said(&self.emergency),
                ..Circumstances::default()
            },
            precedence: None,
            supersedes: Vec::new(),
        }
    }
}

/// What would become of it towards one nation.
#[derive(Debug, Clone)]
pub(crate) struct NationView {
    pub(crate) nation: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) answer: Tag,
    pub(crate) sentences: Vec<String>,
    pub(crate) obligations: Vec<String>,
    pub(crate) ask: Vec<String>,
    pub(crate) basis: String,
}

impl NationView {
    fn of(node: &SqliteNode, weighed: &Weighed) -> Self {
        let ruling = &weighed.ruling;
        let answer = match ruling.decision {
            Decision::Permit if weighed.goes() => ("receives it", "good"),
            Decision::PermitModified if weighed.goes() => ("receives it, marked or bound", "good"),
            Decision::PermitModified => ("receives a variant", "care"),
            Decision::Permit => ("has no key that is valid now", "care"),
            Decision::Refer => ("someone must be asked", "care"),
            Decision::Deny => ("does not receive it", "bad"),
        };
        let mut sentences: Vec<String> = ruling.explanation.iter().map(|s| clean(s)).collect();
        if sentences.is_empty() {
            sentences = ruling.reason_codes.iter().map(|code| words::reason(code)).collect();
        }
        Self {
            nation: weighed.code.to_string(),
            name: node
                .known()
                .nation(&weighed.nation)
                .map_or_else(String::new, |n| clean(&n.row.name)),
            body: clean(&weighed.recipient.body),
            answer: Tag::new(answer),
            sentences,
            obligations: ruling.obligations.iter().map(|o| obligation(o)).collect(),
            ask: ruling.refer_to.iter().map(|who| clean(who)).collect(),
            basis: ruling.basis.as_ref().map_or_else(String::new, |(_, code)| clean(code)),
        }
    }
}

/// What was decided for one form of the object: itself, or what would be made of it.
#[derive(Debug, Clone)]
pub(crate) struct FormView {
    pub(crate) heading: String,
    pub(crate) notes: Vec<String>,
    pub(crate) nations: Vec<NationView>,
}

impl FormView {
    fn of(node: &SqliteNode, verdict: &Verdict) -> Self {
        Self {
            heading: clean(&words::sentence(&verdict.form.describe()).replace('.', "")),
            notes: verdict.notes.iter().map(|n| clean(&words::sentence(n))).collect(),
            nations: verdict.recipients().map(|w| NationView::of(node, w)).collect(),
        }
    }

    fn receiving(&self) -> usize {
        self.nations.iter().filter(|n| n.answer.tone == "good").count()
    }
}

/// The answer beside the form.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/preview.html")]
pub(crate) enum Answer {
    /// Nothing was typed yet.
    Nothing,
    /// It cannot be decided as it stands, and why.
    Wrong { problem: String },
    /// Who would have what.
    Decided { marking: Marking, count: String, forms: Vec<FormView> },
}

// Rendered by a template that escapes.
impl HtmlSafe for Answer {}

impl Answer {
    fn of(node: &SqliteNode, signed: &Signed, typed: &Typed) -> Result<Self, AppError> {
        if said(&typed.label).is_none() && said(&typed.purpose).is_none() {
            return Ok(Self::Nothing);
        }
        match Self::decided(node, signed, typed) {
            Err(AppError::Invalid(why) | AppError::NotFound(why)) => {
                Ok(Self::Wrong { problem: clean(&words::sentence(&why)) })
            }
            other => other,
        }
    }

    fn decided(node: &SqliteNode, signed: &Signed, typed: &Typed) -> Result<Self, AppError> {
        let order = node.order(&typed.words())?;
        let object_type = said(&typed.object_type).unwrap_or_else(|| "document".to_owned());
        let decided = node.preview_of_kind(&signed.actor, &order, &object_type)?;
        let forms: Vec<FormView> =
            decided.verdicts.iter().map(|verdict| FormView::of(node, verdict)).collect();
        let receiving: usize = forms.iter().map(FormView::receiving).sum();
        let partners = forms.first().map_or(0, |form| form.nations.len());
        Ok(Self::Decided {
            marking: Marking::new(order.label.class, &print_label(&order.label)),
            count: format!("{receiving} of {partners} would receive it"),
            forms,
        })
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/preview.html")]
pub(crate) struct PreviewPage {
    pub(crate) frame: Frame,
    pub(crate) typed: Typed,
    pub(crate) markings: Vec<String>,
    pub(crate) answer: Answer,
}

fn context(node: &SqliteNode, signed: &Signed, typed: Typed) -> Result<PreviewPage, AppError> {
    let frame = Frame::of(node, signed, "/preview", words::PREVIEW)?;
    let known = node.known();
    let scheme = known.policy.schemes.get(node.identity().code.as_str());
    let markings = scheme.map_or_else(
        |_| Vec::new(),
        |scheme| scheme.markings().map(|(marking, _)| clean(marking)).collect(),
    );
    let answer = Answer::of(node, signed, &typed)?;
    Ok(PreviewPage { frame, typed, markings, answer })
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| context(node, &signed, Typed::default())).await
}

/// The whole page for what was typed: without a script, the form's button asks for it.
pub(crate) async fn asked(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let typed = signed.own_long(form, |typed| &typed.token)?;
    door.page(move |node| context(node, &signed, typed)).await
}

/// The answer alone, while it is being typed.
pub(crate) async fn nations(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Refusal> {
    let typed = signed.own_long(form, |typed| &typed.token)?;
    door.page(move |node| Answer::of(node, &signed, &typed)).await
}
