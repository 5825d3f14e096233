//! What was read in emergencies: the way to do it, and to judge it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::SqliteNode;
use entente_app::objects::ObjectView;
use entente_app::people::Role;
use entente_law::print_label;

use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Content, Marking, Moment, ObjectLink, clean};
use crate::words;

/// One opening.
#[derive(Debug, Clone)]
pub(crate) struct OpeningLine {
    pub(crate) id: i64,
    pub(crate) person: String,
    pub(crate) object: ObjectLink,
    pub(crate) at: Moment,
    pub(crate) why: String,
    pub(crate) due: Moment,
    pub(crate) state: Tag,
    pub(crate) judgement: String,
    /// Whether the reader may judge it.
    pub(crate) judges: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "pages/glass.html")]
pub(crate) struct GlassPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<OpeningLine>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let now = node.now();
        let may_judge = signed.actor.is(&[Role::SecurityOfficer, Role::Overseer]);
        let line = |row: entente_store::rows::OpeningRow| OpeningLine {
            id: row.id,
            object: ObjectLink(row.oid),
            at: Moment(row.at),
            why: clean(&row.why),
            due: Moment(row.due),
            state: Tag::new(match (row.judged, row.justified) {
                (Some(_), true) => ("justified", "good"),
                (Some(_), false) => ("not justified", "bad"),
                (None, _) if row.due <= now => ("overdue", "bad"),
                (None, _) => ("to be judged", "care"),
            }),
            judgement: clean(&row.judgement),
            judges: may_judge && row.judged.is_none() && row.person != signed.actor.name(),
            person: clean(&row.person),
        };
        let rows = node.openings(&signed.actor)?.into_iter().map(line).collect();
        Ok(GlassPage { rows, frame: Frame::of(node, &signed, "/approvals", words::GLASS)? })
    })
    .await
}

/// What was opened.
#[derive(Template)]
#[template(path = "pages/opened.html")]
pub(crate) struct OpenedPage {
    pub(crate) frame: Frame,
    pub(crate) oid: String,
    pub(crate) object_type: String,
    pub(crate) originator: String,
    pub(crate) content: Content,
}

impl OpenedPage {
    pub(crate) fn of(
        node: &SqliteNode,
        signed: &Signed,
        view: &ObjectView,
    ) -> entente_app::Result<Self> {
        let label = view.manifest.as_ref().map(|m| print_label(&m.label)).unwrap_or_default();
        let mut frame = Frame::of(node, signed, "/approvals", words::GLASS)?;
        frame.banner = Some(Marking::new(view.row.class, &label));
        Ok(Self {
            frame,
            oid: view.row.oid.to_string(),
            object_type: clean(&words::plain(&view.row.object_type)),
            originator: node.known().name_of(&view.row.nation),
            content: Content::of(view.payload.as_deref()),
        })
    }
}
