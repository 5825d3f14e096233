//! What all handlers share, and how they ask the node.
//!
//! The node is synchronous: every call runs on a blocking thread, and only so many at a time, so
//! that readers of pages never take the threads that partners' bundles need.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use entente_app::{AppError, SqliteNode};
use tokio::sync::{Notify, Semaphore, watch};

use crate::Site;
use crate::refusal::Refusal;
use crate::voucher::IdentityProvider;

/// Calls of the node at once; further ones wait.
const CALLS_MAX: usize = 8;
/// Open event streams; further ones are refused, and their pages work without.
const STREAMS_MAX: usize = 1024;

/// What all handlers share.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) node: Arc<SqliteNode>,
    pub(crate) events: Arc<Notify>,
    pub(crate) site: Site,
    pub(crate) provider: Option<Arc<dyn IdentityProvider>>,
    pub(crate) streams: Arc<Semaphore>,
    closing: Option<watch::Receiver<bool>>,
    calls: Arc<Semaphore>,
    faults: AtomicU64,
}

impl Door {
    pub(crate) fn new(
        node: Arc<SqliteNode>,
        events: Arc<Notify>,
        site: Site,
        closing: Option<watch::Receiver<bool>>,
        provider: Option<Arc<dyn IdentityProvider>>,
    ) -> Self {
        Self {
            node,
            events,
            site,
            provider,
            closing,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            calls: Arc::new(Semaphore::new(CALLS_MAX)),
            faults: AtomicU64::new(0),
        }
    }

    /// Completes when the server closes.
    pub(crate) async fn closes(&self) {
        match self.closing.clone() {
            // A sender that is gone is as good as a word to close.
            Some(mut closing) => drop(closing.wait_for(|closing| *closing).await),
            None => std::future::pending().await,
        }
    }

    /// Asks the node on a blocking thread.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&SqliteNode) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = Arc::clone(&self.calls).acquire_owned().await.map_err(|_| self.failed())?;
        let node = Arc::clone(&self.node);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&node);
            drop(permit);
            done
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.refuse(&error)),
            Err(_) => Err(self.failed()),
        }
    }

    /// Asks the node for a page's context and renders it.
    pub(crate) async fn page<T: Template + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&SqliteNode) -> Result<T, AppError> + Send + 'static,
    ) -> Result<Response, Refusal> {
        let rendered = self.ask(|node| Ok(work(node)?.render())).await?;
        rendered.map(|page| Html(page).into_response()).map_err(|error| {
            tracing::error!(%error, "a page could not be rendered");
            self.failed()
        })
    }

    /// What an error of the node means to the reader. A fault that they cannot help gets a
    /// reference, and its chain goes to the log only.
    pub(crate) fn refuse(&self, error: &AppError) -> Refusal {
        Refusal::of(error, || {
            let reference = self.reference();
            tracing::error!(reference, %error, "a page could not be made");
            reference
        })
    }

    fn failed(&self) -> Refusal {
        Refusal::fault(self.reference())
    }

    fn reference(&self) -> String {
        let number = self.faults.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{:x}-{number}", self.node.identity().code, self.node.now().seconds())
    }
}
