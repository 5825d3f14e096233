//! Pages for people.

use std::sync::Arc;

use entente_app::SqliteNode;
use tokio::sync::Notify;

/// Where the pages are.
#[derive(Debug, Clone)]
pub struct Site {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Origin.
    pub origin: String,
}

/// The pages.
pub fn router(_node: Arc<SqliteNode>, _events: Arc<Notify>, _site: Site) -> axum::Router {
    axum::Router::new()
}
