//! What can go wrong, and who must act.

use entente_model::WireError;
use entente_store::StoreError;
use thiserror::Error;

/// Who must act on an error; doors turn it into a status, an exit code and a log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The person who asked: the request cannot be done as it is.
    Caller,
    /// The person may not do it, or may not know whether it exists.
    Refused,
    /// What was asked for is not here.
    Absent,
    /// The partner.
    Partner,
    /// The operator: disk, keys, configuration.
    Operator,
    /// Us: a defect.
    Us,
}

/// Why a piece of work was not done. Nothing was changed.
#[derive(Debug, Error)]
pub enum AppError {
    /// The request cannot be done as it is.
    #[error("{0}")]
    Invalid(String),
    /// The person may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// It is not said, or not so, that it is necessary.
    #[error("{0}")]
    NotNecessary(String),
    /// Too many signed in wrongly: the next try is looked at after so many seconds.
    #[error("too many failed sign-ins: wait {0} s and try again")]
    TooSoon(u64),
    /// It is not here, or the person may not know of it.
    #[error("{0} is not known here")]
    NotFound(String),
    /// The partner broke the protocol.
    #[error("{0}")]
    Partner(String),
    /// Keys are not available or refuse.
    #[error("{0}")]
    Keys(#[from] crate::keys::KeyError),
    /// Storage failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Stored bytes do not decode.
    #[error("stored data is damaged: {0}")]
    Damaged(#[from] WireError),
    /// The node may not do this in its present state.
    #[error("{0}")]
    Operator(String),
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, AppError>;

impl AppError {
    /// Who must act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Invalid(_) => Blame::Caller,
            Self::Forbidden(_) | Self::NotNecessary(_) | Self::TooSoon(_) => Blame::Refused,
            Self::NotFound(_) => Blame::Absent,
            Self::Partner(_) => Blame::Partner,
            Self::Keys(_) | Self::Store(_) | Self::Operator(_) => Blame::Operator,
            Self::Damaged(_) => Blame::Us,
        }
    }

    /// A request that cannot be done as it is.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }
}
