//! One object: its label, what it obliges us to, who has it and why, and its content as text.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use entente_app::access::Reading;
use entente_app::decisions::Decided;
use entente_app::gate::DECISIONS;
use entente_app::people::Role;
use entente_app::variant::Family;
use entente_app::{AppError, SqliteNode};
use entente_law::print_label;
use entente_model::record::Outcome;
use entente_model::{Manifest, ObjectId, Terms};
use entente_store::rows::{AtHomeRow, RuleReleaseRow};
use serde::Deserialize;

use super::holdings::{DeliveryView, HoldingLine, obligation};
use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Content, Marking, Moment, ObjectLink, clean};
use crate::words;

/// Decisions looked through for an object's own.
const DECISIONS_MAX: u64 = 500;

/// What was decided for one nation.
#[derive(Debug, Clone)]
pub(crate) struct OutcomeView {
    pub(crate) nation: String,
    /// The body that it was decided for; empty if that is not known.
    pub(crate) body: String,
    pub(crate) decision: Tag,
    pub(crate) reasons: Vec<(String, String)>,
    pub(crate) policies: Vec<String>,
    pub(crate) obligations: Vec<String>,
    pub(crate) ask: Vec<String>,
}

impl OutcomeView {
    pub(crate) fn of(outcome: &Outcome, body: Option<&str>) -> Self {
        let texts = |all: &[String]| all.iter().map(|text| clean(text)).collect();
        Self {
            nation: outcome.nation.to_string(),
            body: body.map_or_else(String::new, clean),
            decision: Tag::new(words::decision(outcome.decision)),
            reasons: outcome
                .reason_codes
                .iter()
                .map(|code| (clean(code), clean(&words::reason(code))))
                .collect(),
            policies: texts(&words::in_order(&outcome.policies)),
            obligations: outcome.obligations.iter().map(|o| obligation(o)).collect(),
            ask: texts(&outcome.refer_to),
        }
    }
}

/// What the manifest says.
#[derive(Debug, Clone)]
pub(crate) struct ManifestView {
    pub(crate) label: String,
    pub(crate) agency: Option<String>,
    pub(crate) created: Moment,
    pub(crate) handling: Vec<String>,
    pub(crate) supersedes: Vec<ObjectLink>,
    pub(crate) sha256: String,
}

impl ManifestView {
    fn of(manifest: &Manifest) -> Self {
        let handling = &manifest.handling;
        let mut words: Vec<String> = Vec::new();
        for (holds, said) in [
            (handling.orcon, "originator control: nothing onward without its consent"),
            (handling.third_party, "the third-party rule applies"),
            (handling.personal_data, "holds personal data"),
            (handling.evidence, "evidence in a proceeding"),
        ] {
            words.extend(holds.then(|| said.to_owned()));
        }
        if !handling.purposes.is_empty() {
            let purposes: Vec<String> = handling.purposes.iter().map(|p| words::plain(p)).collect();
            words.push(clean(&format!("only for {}", purposes.join(", "))));
        }
        Self {
            label: clean(&print_label(&manifest.label)),
            agency: manifest.agency.as_deref().map(clean),
            created: Moment(manifest.created_at),
            handling: words,
            supersedes: manifest.supersedes.iter().copied().map(ObjectLink).collect(),
            sha256: manifest.payload_sha256.to_string(),
        }
    }
}

/// The terms under which we hold it.
#[derive(Debug, Clone)]
pub(crate) struct TermsView {
    pub(crate) agreement: String,
    pub(crate) clauses: Vec<String>,
    pub(crate) obligations: Vec<String>,
}

impl TermsView {
    fn of(node: &SqliteNode, terms: &Terms) -> Self {
        let known = node.known();
        Self {
            agreement: known
                .policy
                .agreement(&terms.agreement)
                .map_or_else(|| terms.agreement.short(), |held| clean(&held.row.code)),
            clauses: words::in_order(&terms.clauses).iter().map(|c| clean(c)).collect(),
            obligations: terms.obligations.iter().map(|o| obligation(o)).collect(),
        }
    }
}

/// What the ledger says was decided.
#[derive(Debug, Clone)]
pub(crate) struct DecidedView {
    pub(crate) leaf: u64,
    pub(crate) at: Moment,
    pub(crate) outcomes: Vec<OutcomeView>,
}

impl DecidedView {
    fn of(decided: &Decided) -> Self {
        Self {
            leaf: decided.leaf,
            at: Moment(decided.at),
            outcomes: decided.by_body().map(|(o, body)| OutcomeView::of(o, body)).collect(),
        }
    }
}

/// A standing rule that shared the object, and with whom.
#[derive(Debug, Clone)]
pub(crate) struct RuleView {
    pub(crate) name: String,
    pub(crate) nations: String,
    pub(crate) at: Moment,
}

impl RuleView {
    fn of(release: &RuleReleaseRow) -> Self {
        let nations = clean(&release.nations.replace(',', ", "));
        Self { name: clean(&release.name), nations, at: Moment(release.at) }
    }
}

/// An agency of our own that the object was shared with.
#[derive(Debug, Clone)]
pub(crate) struct SharedView {
    pub(crate) agency: String,
    pub(crate) at: Moment,
    pub(crate) until: Option<Moment>,
    pub(crate) ended: Option<Moment>,
}

impl SharedView {
    fn of(hold: &AtHomeRow) -> Self {
        Self {
            agency: clean(&hold.agency),
            at: Moment(hold.at),
            until: hold.delete_at.map(Moment),
            ended: hold.ended.map(Moment),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/object.html")]
pub(crate) struct ObjectPage {
    pub(crate) frame: Frame,
    pub(crate) oid: String,
    pub(crate) line: HoldingLine,
    pub(crate) is_own: bool,
    pub(crate) manifest: Option<ManifestView>,
    pub(crate) terms: Option<TermsView>,
    pub(crate) deliveries: Vec<DeliveryView>,
    /// The agencies of ours that it is held for; none if for all of them.
    pub(crate) agencies: Vec<String>,
    /// The agency that shared it with the reader's, and the terms towards it.
    pub(crate) at_home: Option<(String, TermsView)>,
    /// The agencies that it was shared with.
    pub(crate) shared: Vec<SharedView>,
    /// What standing rules did.
    pub(crate) standing: Vec<RuleView>,
    /// Objects that it was made of, or that were made of it, and how.
    pub(crate) family: Vec<(&'static str, ObjectLink, String)>,
    pub(crate) decisions: Vec<DecidedView>,
    /// The object's entry, if it is older than the decisions that are looked through.
    pub(crate) older_leaf: Option<u64>,
    pub(crate) content: Content,
    /// Whether the reader takes objects back.
    pub(crate) recalls: bool,
}

fn family(family: &Family) -> Vec<(&'static str, ObjectLink, String)> {
    let base = family.base.iter().map(|(oid, form)| ("Made of", oid, form));
    let made = family.made.iter().map(|(oid, form)| ("Made of it", oid, form));
    base.chain(made)
        .map(|(heading, oid, form)| (heading, ObjectLink(*oid), clean(&form.describe())))
        .collect()
}

fn context(
    node: &SqliteNode,
    signed: &Signed,
    oid: ObjectId,
    necessity: Option<&str>,
) -> Result<ObjectPage, AppError> {
    // An empty field says nothing.
    let necessity = necessity.filter(|said| !said.trim().is_empty());
    let read = Reading::through("page", necessity)
        .and_then(|reading| node.object(&signed.actor, oid, &reading));
    let (view, withheld) = match read {
        Ok(view) => (view, None),
        // The page asks for it.
        Err(AppError::NotNecessary(why)) => (node.outline(&signed.actor, oid)?, Some(why)),
        Err(AppError::Invalid(why)) if necessity.is_some() => {
            (node.outline(&signed.actor, oid)?, Some(why))
        }
        Err(error) => return Err(error),
    };
    let mut line = HoldingLine::of(node, &view.row);
    line.delete_at = view.row.delete_at.map(Moment);
    let title = format!("{} {}", line.object_type, oid.short());
    let mut frame = Frame::of(node, signed, "/object", &title)?;
    let is_own = view.row.nation == node.identity().nation;
    frame.here = if is_own { "/out" } else { "/in" };
    let label = view.manifest.as_ref().map(|m| print_label(&m.label));
    frame.banner = Some(match &label {
        Some(label) => Marking::new(view.row.class, label),
        None => line.marking.clone(),
    });
    let mut decisions = Vec::new();
    if signed.actor.is(&DECISIONS) {
        // No more of them can have come since than entries have.
        let since =
            view.row.leaf.map(|leaf| node.ledger_status().map(|l| l.size - leaf.min(l.size)));
        let count = since.transpose()?.unwrap_or(DECISIONS_MAX).min(DECISIONS_MAX);
        decisions = node
            .decisions(&signed.actor, count)?
            .iter()
            .filter(|decided| decided.oid == oid)
            .map(DecidedView::of)
            .collect();
    }
    Ok(ObjectPage {
        frame,
        oid: oid.to_string(),
        line,
        is_own,
        manifest: view.manifest.as_ref().map(ManifestView::of),
        terms: view.terms.as_ref().map(|terms| TermsView::of(node, terms)),
        deliveries: view.deliveries.iter().map(DeliveryView::of).collect(),
        agencies: view.row.agencies.iter().map(|agency| clean(agency)).collect(),
        at_home: view
            .at_home
            .as_ref()
            .map(|(giver, terms)| (clean(giver), TermsView::of(node, terms))),
        shared: view.shared.iter().map(SharedView::of).collect(),
        standing: node.rules_of(&signed.actor, oid)?.iter().map(RuleView::of).collect(),
        family: family(&view.family),
        older_leaf: view.row.leaf.filter(|_| decisions.is_empty() && !signed.actor.is_seated()),
        decisions,
        recalls: signed.actor.is(&[Role::ReleaseOfficer, Role::SecurityOfficer]),
        content: match withheld {
            Some(why) => Content::Withheld { why: clean(&words::sentence(&why)) },
            None => Content::of(view.payload.as_deref()),
        },
    })
}

/// What a reader says of the necessity to read.
#[derive(Deserialize)]
pub(crate) struct Said {
    necessity: Option<String>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Path(oid): Path<String>,
    query: Result<Query<Said>, QueryRejection>,
) -> Result<Response, Refusal> {
    let said = query.ok().and_then(|Query(said)| said.necessity);
    door.page(move |node| {
        // What is no id is nothing that is known here.
        let oid = oid
            .parse::<ObjectId>()
            .map_err(|_| AppError::NotFound("an object of this address".to_owned()))?;
        context(node, &signed, oid, said.as_deref())
    })
    .await
}
