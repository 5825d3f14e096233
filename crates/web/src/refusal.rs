//! What people read when something cannot be done: what it is, what to do, and a reference.
//!
//! Who may not know that a thing exists is answered as if it did not. A fault that the reader
//! cannot help is told without its causes; those are in the node's log under the reference.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use entente_app::{AppError, Blame};
use http::StatusCode;

use crate::guard::WRONG_HOST;
use crate::show::clean;
use crate::words;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    heading: &'static str,
    sentence: String,
    advice: String,
    reference: Option<String>,
}

/// The page that says so.
#[derive(Template)]
#[template(path = "pages/refusal.html")]
pub(crate) struct RefusalPage {
    pub(crate) status: u16,
    pub(crate) heading: &'static str,
    pub(crate) sentence: String,
    pub(crate) advice: String,
    pub(crate) reference: Option<String>,
    pub(crate) version: &'static str,
}

impl Refusal {
    fn new(status: StatusCode, heading: &'static str, sentence: &str, advice: &str) -> Self {
        let (sentence, advice) = (sentence.to_owned(), advice.to_owned());
        Self { status, heading, sentence, advice, reference: None }
    }

    /// What an error of the node means to the reader.
    pub(crate) fn of(error: &AppError, reference: impl FnOnce() -> String) -> Self {
        let said = words::sentence(&error.to_string());
        match error.blame() {
            Blame::Caller => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This cannot be done as it was asked",
                &said,
                "Go back and change what you asked for.",
            ),
            Blame::Refused => Self::new(
                StatusCode::FORBIDDEN,
                "Not for your role",
                &said,
                "If your work needs it, ask a security officer for the role.",
            ),
            Blame::Absent => Self::new(
                StatusCode::NOT_FOUND,
                "Not known here",
                &said,
                "It may have been deleted, or the address may be incomplete. The lists show what \
                 you may read.",
            ),
            Blame::Partner | Blame::Operator | Blame::Us => Self::fault(reference()),
        }
    }

    /// Something that the reader cannot help.
    pub(crate) fn fault(reference: String) -> Self {
        let mut refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The node cannot do this now",
            "Something failed inside the node. Nothing was changed.",
            "Try again in a moment. If it stays so, give the reference below to the operator, who \
             finds the cause in the node’s log.",
        );
        refusal.reference = Some(reference);
        refusal
    }

    pub(crate) fn wrong_host(origin: &str) -> Self {
        Self {
            status: WRONG_HOST,
            heading: "This node answers to another name",
            sentence: "The address that you used is not this node’s.".to_owned(),
            advice: format!("Use {origin} instead."),
            reference: None,
        }
    }

    /// Two fields of a form that do not go together.
    pub(crate) fn does_not_fit(why: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This cannot be done as it was asked",
            &words::sentence(why),
            "Go back and change what you asked for.",
        )
    }

    pub(crate) fn form_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The form is too long, or is no form",
            "A form of this page has at most 64 KiB.",
            "Go back and shorten what you wrote. What is longer goes by the command line.",
        )
    }

    pub(crate) fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This did not come from one of our pages",
            "Forms are taken only from pages of this node that are open in your own session.",
            "Open the page again and repeat what you did. If another site brought you here, do \
             not go back to it.",
        )
    }

    pub(crate) fn not_signed_in() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "You are not signed in",
            "Your session has ended, or never began.",
            "Sign in again with a new link.",
        )
    }

    pub(crate) fn not_for_seats() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not for a liaison seat",
            "A liaison seat reads what was released to its nation, and nothing else.",
            "The lists of what came in and what went out show it.",
        )
    }

    pub(crate) fn wrong_address() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "This address cannot be read",
            "A part of the address has a value that it cannot have.",
            "Go back to the list and follow its links.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let page = RefusalPage {
            status: self.status.as_u16(),
            heading: self.heading,
            sentence: clean(&self.sentence),
            advice: clean(&self.advice),
            reference: self.reference,
            version: &crate::assets::VERSION,
        };
        match page.render() {
            Ok(page) => (self.status, Html(page)).into_response(),
            Err(_) => self.status.into_response(),
        }
    }
}

/// No such page.
pub(crate) async fn nowhere() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "This node has no page at this address.",
        "Begin at the overview.",
    )
}

/// No such method.
pub(crate) async fn no_such_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address cannot be used like that",
        "The page exists, but does not take this kind of request.",
        "Begin at the overview.",
    )
}
