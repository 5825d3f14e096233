//! The log of a running node, on standard error.
//!
//! Log lines hold ids, label levels and outcomes; never content, names, keys or query text. What
//! happened in law stands in the ledger, not here.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel, LogSetup};

/// Starts the log; a second start changes nothing.
///
/// The level is that of this program. Libraries only warn: they do not know what may be said.
pub fn start(setup: LogSetup) {
    let level = match setup.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let others = if setup.level == LogLevel::Error { "error" } else { "warn" };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{others},entente={level}")))
        .with_writer(io::stderr)
        .with_ansi(false);
    let started = match setup.format {
        LogFormat::Plain => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
}
