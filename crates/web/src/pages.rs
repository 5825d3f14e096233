//! One module per page: a context that holds what the page shows, and a handler that asks for it.
//!
//! A context holds text that is ready to be shown and knows nothing of the store, so that every
//! page renders in tests from samples.

pub(crate) mod act;
pub(crate) mod agreements;
pub(crate) mod approvals;
pub(crate) mod draft;
pub(crate) mod events;
pub(crate) mod glass;
pub(crate) mod holdings;
pub(crate) mod links;
pub(crate) mod object;
pub(crate) mod overview;
pub(crate) mod preview;
pub(crate) mod proof;
pub(crate) mod recalls;
pub(crate) mod refused;
pub(crate) mod review;
#[cfg(test)]
mod tests;
pub(crate) mod you;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use entente_app::{AppError, SqliteNode};
use serde::Deserialize;

use crate::assets;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Marking, clean};
use crate::words::{MENU, SEAT_MENU};

/// Rows on one page.
pub(crate) const ROWS: usize = 50;

/// Rows that are asked for: one more than is shown tells whether the list goes on.
pub(crate) fn one_more() -> u64 {
    u64::try_from(ROWS).unwrap_or(u64::MAX).saturating_add(1)
}

/// What every page shows around its content.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) code: String,
    pub(crate) nation: String,
    pub(crate) title: String,
    pub(crate) here: &'static str,
    pub(crate) menu: &'static [(&'static str, &'static str)],
    pub(crate) person: Option<PersonView>,
    /// Whether the reader sits here for another nation.
    pub(crate) is_seat: bool,
    /// What the page must be treated as, if it shows anything that is marked.
    pub(crate) banner: Option<Marking>,
    /// Whether that is the highest of several markings.
    pub(crate) is_mixed: bool,
    /// The event after which the page is live.
    pub(crate) live: Option<i64>,
    pub(crate) version: &'static str,
}

/// Who reads.
#[derive(Debug, Clone)]
pub(crate) struct PersonView {
    pub(crate) name: String,
    pub(crate) roles: String,
    pub(crate) form_token: String,
}

impl Frame {
    /// The frame of a page that anyone may see.
    pub(crate) fn outside(node: &SqliteNode, here: &'static str, title: &str) -> Self {
        let identity = node.identity();
        Self {
            code: identity.code.to_string(),
            nation: clean(&identity.name),
            title: title.to_owned(),
            here,
            menu: &MENU,
            person: None,
            is_seat: false,
            banner: None,
            is_mixed: false,
            live: None,
            version: &assets::VERSION,
        }
    }

    /// The frame of a page for a person, live from the newest event on.
    pub(crate) fn of(
        node: &SqliteNode,
        signed: &Signed,
        here: &'static str,
        title: &str,
    ) -> Result<Self, AppError> {
        let mut frame = Self::outside(node, here, title);
        if signed.actor.is_seated() {
            frame.menu = &SEAT_MENU;
            frame.is_seat = true;
        }
        let roles: Vec<&str> = signed.actor.roles().iter().map(|r| r.as_str()).collect();
        frame.person = Some(PersonView {
            name: signed.actor.name().to_owned(),
            roles: roles.join(", "),
            form_token: signed.form_token(),
        });
        frame.live =
            Some(node.events(&signed.actor, None, None, 1)?.first().map_or(0, |event| event.seq));
        Ok(frame)
    }

    pub(crate) fn with_banner<'m>(
        mut self,
        markings: impl IntoIterator<Item = &'m Marking>,
    ) -> Self {
        self.banner = Marking::highest(markings);
        self.is_mixed = true;
        self
    }
}

/// A position from which a list goes on.
#[derive(Debug, Deserialize)]
pub(crate) struct Older {
    before: Option<i64>,
}

/// The query of a list.
pub(crate) type ListQuery = Result<Query<Older>, QueryRejection>;

/// The position in a list's query.
pub(crate) fn before(query: ListQuery) -> Result<Option<i64>, Refusal> {
    query.map(|Query(older)| older.before).map_err(|_| Refusal::wrong_address())
}

/// A word that matters to some degree: `calm`, `good`, `care`, `bad`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) word: String,
    pub(crate) tone: &'static str,
}

impl Tag {
    pub(crate) fn new((word, tone): (impl Into<String>, &'static str)) -> Self {
        Self { word: word.into(), tone }
    }
}
