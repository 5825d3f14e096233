//! Why a run ended early: a promise was broken, or something failed that may not fail.

use thiserror::Error;

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// Shorthand.
pub type Result<T> = std::result::Result<T, Failure>;

macro_rules! from {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })+
    };
}

from!(
    entente_app::AppError,
    entente_app::keys::KeyError,
    entente_store::StoreError,
    entente_model::WireError,
    std::io::Error
);

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self(what)
    }
}
