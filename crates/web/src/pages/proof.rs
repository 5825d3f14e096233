//! The ledger's proof of one object, as a file to keep or to hand to someone who checks it with
//! `entente verify`. It holds neither the object's label nor its content: those go by the command
//! line, by whom may hand them out.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use entente_app::AppError;
use entente_app::access::Reading;
use entente_app::evidence::{Enclosed, EvidenceOf, EvidenceOrder};
use entente_model::{NationCode, ObjectId};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;

/// What of the object, and whose.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    of: Option<String>,
    to: Option<String>,
}

pub(crate) async fn file(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Path(oid): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(wanted) = query.map_err(|_| Refusal::wrong_address())?;
    let (of, word) = match wanted.of.as_deref() {
        None | Some("release") => (EvidenceOf::Release, "release"),
        Some("receipt") => (EvidenceOf::Receipt, "receipt"),
        Some("recall") => (EvidenceOf::Recall, "recall"),
        Some(_) => return Err(Refusal::wrong_address()),
    };
    let to = match wanted.to.map(|code| code.parse::<NationCode>()) {
        None => None,
        Some(Ok(code)) => Some(code),
        Some(Err(_)) => return Err(Refusal::wrong_address()),
    };
    let (name, text) = door
        .ask(move |node| {
            // What is no id is nothing that is known here.
            let oid = oid
                .parse::<ObjectId>()
                .map_err(|_| AppError::NotFound("an object of this address".to_owned()))?;
            let order = EvidenceOrder { oid, of, to, enclosed: Enclosed::Nothing };
            let written =
                node.write_evidence(&signed.actor, &order, &Reading::through("page", None)?)?;
            let to = to.map(|code| format!("-{code}")).unwrap_or_default();
            Ok((format!("{}-{word}{to}.tlog-proof", oid.short()), written.text))
        })
        .await?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        // Letters, digits and hyphens only.
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text).into_response())
}
