//! Who holds what, and whether it is still needed.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::people::{Holding, Role};

use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, clean};
use crate::words;

/// What one person holds.
#[derive(Debug, Clone)]
pub(crate) struct HoldingOf {
    pub(crate) name: String,
    /// Who answers for it, if it is a program.
    pub(crate) owner: Option<String>,
    pub(crate) roles: Vec<(String, Moment)>,
    pub(crate) clearance: String,
    pub(crate) read_ins: String,
    pub(crate) signed_in: Option<Moment>,
    pub(crate) asked: Option<Moment>,
    pub(crate) due: Moment,
    pub(crate) state: Tag,
    /// Whether the reader may confirm it: nobody reviews themselves.
    pub(crate) confirms: bool,
}

impl HoldingOf {
    fn of(holding: Holding, signed: &Signed) -> Self {
        let row = holding.row;
        let given = row.roles_at.iter().copied().chain(std::iter::repeat(row.at));
        Self {
            confirms: signed.actor.is(&[Role::SecurityOfficer]) && row.name != signed.actor.name(),
            roles: row.roles.iter().map(|role| clean(role)).zip(given.map(Moment)).collect(),
            name: clean(&row.name),
            owner: row.owner.as_deref().map(clean),
            clearance: clean(&row.clearance),
            read_ins: clean(&row.read_ins.join(", ")),
            signed_in: holding.signed_in.map(Moment),
            asked: holding.asked.map(Moment),
            due: Moment(holding.due),
            state: Tag::new(if holding.is_overdue { ("overdue", "bad") } else { ("due", "calm") }),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/review.html")]
pub(crate) struct ReviewPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<HoldingOf>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let holdings = node.reviews(&signed.actor)?;
        let rows = holdings.into_iter().map(|h| HoldingOf::of(h, &signed)).collect();
        Ok(ReviewPage { rows, frame: Frame::of(node, &signed, "/you", words::REVIEW)? })
    })
    .await
}
