//! The first page: how the node stands, what needs someone, what happened last.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use entente_app::gate::{APPROVALS, CONSENTS, RECALLS};
use entente_app::people::Actor;
use entente_app::rollback::Standing;
use entente_app::standing::{REVIEWERS, SEE_RULES};
use entente_app::{AppError, SqliteNode};
use entente_model::Timestamp;
use entente_model::codec::Wire;
use entente_model::item::OnwardRequest;
use http::StatusCode;

use super::events::{EventLine, lines_of};
use super::links::{LedgerView, LinkLine};
use super::{Frame, Tag, recalls};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::{self, Signed};
use crate::show::{Moment, ObjectLink, clean, number};
use crate::voucher::Card;
use crate::words;

/// Something that someone must look at.
#[derive(Debug, Clone)]
pub(crate) struct Attention {
    pub(crate) tag: Tag,
    pub(crate) text: String,
    pub(crate) advice: String,
    /// What to type for it.
    pub(crate) command: Option<String>,
    pub(crate) at: Option<Moment>,
    pub(crate) object: Option<ObjectLink>,
}

/// A standing rule.
#[derive(Debug, Clone)]
pub(crate) struct RuleLine {
    pub(crate) name: String,
    pub(crate) tag: Tag,
    pub(crate) says: String,
    /// Objects that it shared today, of those that the reader may know of.
    pub(crate) today: String,
    /// How many it may; none for no limit.
    pub(crate) daily: Option<String>,
    /// Releases that wait for a reviewer, of those.
    pub(crate) waiting: u64,
}

/// The page.
#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) own: String,
    pub(crate) received: String,
    pub(crate) ledger: LedgerView,
    pub(crate) links: Vec<LinkLine>,
    pub(crate) agreements: Vec<(String, Tag)>,
    pub(crate) laws: Vec<String>,
    pub(crate) rules: Vec<RuleLine>,
    pub(crate) epoch: String,
    pub(crate) attention: Vec<Attention>,
    pub(crate) events: Vec<EventLine>,
}

impl RuleLine {
    /// The rules that a person may see.
    fn all(node: &SqliteNode, actor: &Actor) -> Result<Vec<Self>, AppError> {
        if !actor.is(&SEE_RULES) {
            return Ok(Vec::new());
        }
        let lines = node.rules(actor)?.into_iter().map(|view| Self {
            name: view.held.rule.name.clone(),
            tag: Tag::new(words::rule(&view.held.row.state)),
            says: clean(&words::sentence(&view.held.rule.says())),
            today: number(view.today),
            daily: view.held.rule.daily.map(number),
            waiting: view.waiting,
        });
        Ok(lines.collect())
    }
}

const EVENTS: u64 = 12;
const ALARMS: u64 = 5;
/// Releases by rules that are shown for review; the command lists all.
const REVIEWS: usize = 10;
/// Alarms older than this are history; the list of events has them.
const ALARM_MILLIS: u64 = 7 * 86_400_000;

/// That the node signs nothing, and why.
fn unsigned(standing: &Standing) -> Option<Attention> {
    let (tone, text, advice) = match standing {
        Standing::Clear => return None,
        Standing::Waits { .. } => (
            "care",
            format!("the node {standing}"),
            "See to it that these partners can be reached, and look:",
        ),
        Standing::Stale(why) => {
            ("bad", why.clone(), "Tell the security officer: the node must be stopped. Look:")
        }
        Standing::Keyless(_) | Standing::Unanchored(_) => (
            "bad",
            format!("the node {standing}"),
            "Tell the operator: the node must be restarted. Look:",
        ),
    };
    Some(Attention {
        tag: Tag::new(("nothing is signed", tone)),
        text: clean(&words::sentence(&text)),
        advice: advice.into(),
        command: Some("entente doctor".into()),
        at: None,
        object: None,
    })
}

fn attention(
    node: &SqliteNode,
    actor: &Actor,
    standing: &Standing,
    links: &[LinkLine],
    now: Timestamp,
) -> Result<Vec<Attention>, AppError> {
    let mut all = Vec::new();
    all.extend(unsigned(standing));
    for alarm in node.events(actor, Some("alarm"), None, ALARMS)? {
        if now.since(alarm.at) <= ALARM_MILLIS {
            all.push(Attention {
                tag: Tag::new(words::event("alarm")),
                text: clean(&words::sentence(&alarm.text)),
                advice: "Tell the security officer, and look for the cause:".into(),
                command: Some("entente doctor".into()),
                at: Some(Moment(alarm.at)),
                object: None,
            });
        }
    }
    for link in links {
        if let Some(why) = &link.stopped {
            all.push(Attention {
                tag: Tag::new(("link stopped", "bad")),
                text: format!("{}: {why}", link.code),
                advice: "Nothing goes to this partner until a security officer has looked.".into(),
                command: None,
                at: None,
                object: None,
            });
        }
    }
    if actor.is(&RECALLS) {
        for recall in recalls::lines_of(node, actor)?.into_iter().filter(|r| r.is_late) {
            let late: Vec<&str> = recall
                .holders
                .iter()
                .filter(|h| h.state.word == "late")
                .map(|h| h.nation.as_str())
                .collect();
            all.push(Attention {
                tag: Tag::new(("recall late", "bad")),
                text: format!("No answer yet from {}.", late.join(", ")),
                advice: "Look at the link, and call the partner’s duty desk. Answers were due"
                    .into(),
                command: None,
                at: Some(recall.deadline),
                object: Some(recall.object),
            });
        }
    }
    if actor.is(&CONSENTS) {
        let known = node.known();
        for ask in node.asks(actor)?.into_iter().filter(|ask| ask.state == "waiting" && !ask.ours) {
            let asker = known
                .by_node(&ask.peer)
                .map_or_else(|| ask.peer.short(), |n| n.row.code.to_string());
            let purpose = OnwardRequest::from_bytes(&ask.request)
                .map(|request| format!(" for {}", words::plain(&request.purpose)))
                .unwrap_or_default();
            let to = known.name_of(&ask.to);
            all.push(Attention {
                tag: Tag::new(("consent asked", "care")),
                text: clean(&format!("{asker} asks to pass it on to {to}{purpose}.")),
                advice: "Two release officers decide:".into(),
                command: Some(format!("entente consent grant {}", ask.id)),
                at: Some(Moment(ask.at)),
                object: Some(ObjectLink(ask.oid)),
            });
        }
    }
    if actor.is(&REVIEWERS) {
        for waiting in node.rule_reviews(actor, None)?.into_iter().take(REVIEWS) {
            let nations = waiting.nations.replace(',', ", ");
            all.push(Attention {
                tag: Tag::new(("sample", "care")),
                text: clean(&format!("The rule {} shared it with {nations}.", waiting.name)),
                advice: "Look at it, and accept it or object:".into(),
                command: Some(format!("entente rule review accept {}", waiting.oid.short())),
                at: Some(Moment(waiting.at)),
                object: Some(ObjectLink(waiting.oid)),
            });
        }
    }
    if actor.is(&APPROVALS) {
        for proposal in node.proposals(actor)? {
            all.push(Attention {
                tag: Tag::new(("second person", "care")),
                text: clean(&words::sentence(&proposal.about)),
                advice: clean(&format!(
                    "Approved by {}; another person must approve the same act within a day.",
                    proposal.approvers.join(", ")
                )),
                command: None,
                at: Some(Moment(proposal.at)),
                object: None,
            });
        }
    }
    Ok(all)
}

fn context(node: &SqliteNode, signed: &Signed) -> Result<OverviewPage, AppError> {
    let status = node.status(&signed.actor)?;
    let now = node.now();
    let links = LinkLine::all(&status.links, now);
    let rows = node.events(&signed.actor, None, None, EVENTS)?;
    Ok(OverviewPage {
        frame: Frame::of(node, signed, "/", words::OVERVIEW)?,
        own: number(status.objects.0),
        received: number(status.objects.1),
        ledger: LedgerView::of(&status.ledger),
        attention: attention(node, &signed.actor, &status.standing, &links, now)?,
        links,
        agreements: status
            .agreements
            .iter()
            .filter(|(_, state)| state != "superseded")
            .map(|(code, state)| (clean(code), Tag::new(words::agreement(state))))
            .collect(),
        rules: RuleLine::all(node, &signed.actor)?,
        laws: status.laws.iter().map(|law| clean(law)).collect(),
        epoch: status.policy_epoch.short(),
        events: lines_of(node, &rows),
    })
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    signed: Option<Extension<Signed>>,
    card: Option<Extension<Card>>,
) -> Result<Response, Refusal> {
    let Some(Extension(signed)) = signed else {
        return Ok(session::how(&door, card.as_deref()).answer(StatusCode::OK));
    };
    if signed.actor.is_enrolling() {
        return Ok(Redirect::to("/you").into_response());
    }
    if signed.actor.is_seated() {
        return Ok(Redirect::to("/out").into_response());
    }
    door.page(move |node| context(node, &signed)).await
}
