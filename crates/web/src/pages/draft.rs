//! A draft of an agreement or a law, before anybody offers or loads it: what is wrong with it, what
//! it means, and what it would change. Nothing of it is kept.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::Response;
use entente_app::people::{Actor, Role};
use entente_app::simulate::{Changed, Draft, Simulation};
use entente_app::{AppError, SqliteNode};
use entente_law::reading::{Piece, Reading};
use entente_law::{Agreement, NationalLaw, Problem, Problems};
use serde::Deserialize;

use super::agreements::{ChangesView, SummaryView, law_summary, shown, summaries};
use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{ObjectLink, clean, number};
use crate::words;

/// Decisions that a draft is tried out on.
const REPLAYED: u64 = 500;

/// Whose work drafts are: trying one out may take the node some seconds.
const DRAFTERS: [Role; 4] =
    [Role::LegalAdviser, Role::Liaison, Role::ReleaseOfficer, Role::Overseer];

/// What was written into the form.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Written {
    #[serde(default)]
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) text: String,
}

/// Something that is wrong with a draft, or doubtful.
#[derive(Debug, Clone)]
pub(crate) struct ProblemView {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) text: String,
    pub(crate) message: String,
}

impl ProblemView {
    fn of(problem: &Problem) -> Self {
        Self {
            line: problem.line,
            column: problem.column,
            text: clean(&problem.text),
            message: clean(&words::sentence(&problem.message)),
        }
    }
}

/// Decisions of the past that would come out otherwise.
#[derive(Debug, Clone)]
pub(crate) struct OtherwiseLine {
    pub(crate) nation: String,
    pub(crate) now: Tag,
    pub(crate) then: Tag,
    pub(crate) reasons: Vec<String>,
    pub(crate) count: u64,
    pub(crate) objects: Vec<ObjectLink>,
}

impl OtherwiseLine {
    fn of(changed: &Changed) -> Self {
        Self {
            nation: changed.nation.to_string(),
            now: Tag::new(words::decision(changed.now)),
            then: Tag::new(words::decision(changed.then)),
            reasons: changed.reasons.iter().map(|code| clean(&words::reason(code))).collect(),
            count: changed.count,
            objects: changed.objects.iter().copied().map(ObjectLink).collect(),
        }
    }
}

/// What the replay of the past came to.
#[derive(Debug, Clone)]
pub(crate) struct ReplayView {
    pub(crate) replayed: String,
    pub(crate) lines: Vec<OtherwiseLine>,
}

impl ReplayView {
    fn of(simulation: &Simulation) -> Self {
        Self {
            replayed: number(simulation.replayed),
            lines: simulation.changed.iter().map(OtherwiseLine::of).collect(),
        }
    }

    /// The draft on what was decided here; why not, where it cannot be tried out.
    fn under(
        node: &SqliteNode,
        actor: &Actor,
        draft: &Draft,
    ) -> Result<Result<Self, String>, AppError> {
        match node.simulate(actor, draft, REPLAYED) {
            Ok(simulation) => Ok(Ok(Self::of(&simulation))),
            Err(AppError::Invalid(why) | AppError::Forbidden(why) | AppError::NotFound(why)) => {
                Ok(Err(clean(&words::sentence(&why))))
            }
            Err(error) => Err(error),
        }
    }
}

/// What came of it.
pub(crate) enum Tried {
    /// Nothing was written yet.
    Nothing,
    /// It is not understood.
    Wrong { problems: Vec<ProblemView> },
    /// An agreement that is understood.
    Agreement {
        title: String,
        code: String,
        doubts: Vec<ProblemView>,
        summaries: Vec<SummaryView>,
        changes: Option<Result<ChangesView, String>>,
        replay: Result<ReplayView, String>,
        reading: Reading,
    },
    /// A law that is understood.
    Law {
        title: String,
        code: String,
        summary: Vec<(&'static str, Vec<(String, String)>)>,
        replay: Result<ReplayView, String>,
        reading: Reading,
    },
}

impl Tried {
    fn of(node: &SqliteNode, actor: &Actor, written: &Written) -> Result<Self, AppError> {
        if written.text.trim().is_empty() {
            return Ok(Self::Nothing);
        }
        actor.must_be(&DRAFTERS, "try out drafts")?;
        // Browsers send forms with the line ends of the network.
        let text = written.text.replace("\r\n", "\n");
        let tried = match written.kind.as_str() {
            "law" => Self::law(node, actor, &text),
            _ => Self::agreement(node, actor, &text),
        };
        match tried? {
            Ok(tried) => Ok(tried),
            Err(problems) => {
                Ok(Self::Wrong { problems: problems.iter().map(ProblemView::of).collect() })
            }
        }
    }

    fn agreement(
        node: &SqliteNode,
        actor: &Actor,
        text: &str,
    ) -> Result<Result<Self, Problems>, AppError> {
        let known = node.known();
        let schemes = &known.policy.schemes;
        let draft = match Agreement::parse(text) {
            Ok(draft) => draft,
            Err(problems) => return Ok(Err(problems)),
        };
        if let Some(problems) = Problems::of(draft.unknown_markings(schemes)) {
            return Ok(Err(problems));
        }
        let against = known.policy.by_code(draft.code());
        let changes = against.map(|held| {
            let name = format!("{}, the text that is held here", held.row.id.short());
            ChangesView::between(&held.agreement, &draft, schemes, name)
                .map_err(|error| clean(&words::sentence(&error.to_string())))
        });
        Ok(Ok(Self::Agreement {
            title: clean(draft.title()),
            code: clean(draft.code()),
            doubts: draft.doubts().iter().map(ProblemView::of).collect(),
            summaries: summaries(&draft, node.identity().code, schemes),
            changes,
            replay: ReplayView::under(node, actor, &Draft::agreement(text)?)?,
            reading: shown(draft.reading()),
        }))
    }

    fn law(
        node: &SqliteNode,
        actor: &Actor,
        text: &str,
    ) -> Result<Result<Self, Problems>, AppError> {
        let draft = match NationalLaw::parse(text) {
            Ok(draft) => draft,
            Err(problems) => return Ok(Err(problems)),
        };
        Ok(Ok(Self::Law {
            title: clean(draft.title()),
            code: clean(draft.code()),
            summary: law_summary(&draft),
            replay: ReplayView::under(node, actor, &Draft::law(text)?)?,
            reading: shown(draft.reading()),
        }))
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/draft.html")]
pub(crate) struct DraftPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) written: Written,
    pub(crate) tried: Tried,
}

fn context(node: &SqliteNode, signed: &Signed, written: Written) -> Result<DraftPage, AppError> {
    Ok(DraftPage {
        frame: Frame::of(node, signed, "/agreements", words::DRAFT)?,
        form_token: signed.form_token(),
        tried: Tried::of(node, &signed.actor, &written)?,
        written,
    })
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| context(node, &signed, Written::default())).await
}

pub(crate) async fn tried(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<Written>, FormRejection>,
) -> Result<Response, Refusal> {
    let written = signed.own_long(form, |form| &form.token)?;
    door.page(move |node| context(node, &signed, written)).await
}
