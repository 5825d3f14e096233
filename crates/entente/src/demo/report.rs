//! What the demonstration came to, as one document.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::output::Report;

/// What the demonstration came to.
#[derive(Debug, Default, Serialize)]
pub struct DemoReport {
    /// Whether everything held.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// What did not hold, each in one sentence.
    pub failures: Vec<String>,
    /// The nodes.
    pub nodes: Vec<NodeReport>,
    /// Decisions, over all nodes.
    pub decisions: DecisionsReport,
    /// Receipts that came back, over all nodes.
    pub receipts: u64,
    /// Consents that were asked for and given or refused.
    pub consents: Vec<ConsentReport>,
    /// The recall.
    pub recall: RecallReport,
    /// The nation that is reached by disc only.
    pub disc: DiscReport,
    /// The ledger that was tampered with.
    pub tamper: TamperReport,
}

/// One node.
#[derive(Debug, Serialize)]
pub struct NodeReport {
    /// The nation's code.
    pub nation: String,
    /// Its name.
    pub name: String,
    /// Its id.
    pub nation_id: String,
    /// Objects that it published.
    pub published: u64,
    /// Objects that it received.
    pub received: u64,
    /// Its ledger.
    pub ledger: LedgerReport,
}

/// A node's ledger.
#[derive(Debug, Serialize)]
pub struct LedgerReport {
    /// Number of entries.
    pub size: u64,
    /// Root.
    pub root: String,
    /// Nations that cosigned a checkpoint of it.
    pub cosignatures: usize,
    /// Whether all of it verified.
    pub verified: bool,
}

/// Decisions by answer and reason.
#[derive(Debug, Default, Serialize)]
pub struct DecisionsReport {
    /// It may go.
    pub permit: u64,
    /// A variant may go.
    pub permit_modified: u64,
    /// It is held.
    pub refer: u64,
    /// It may not go.
    pub deny: u64,
    /// By reason code.
    pub by_reason: BTreeMap<String, u64>,
}

/// One consent.
#[derive(Debug, Serialize)]
pub struct ConsentReport {
    /// The object.
    pub object: String,
    /// Who decided.
    pub authority: String,
    /// What.
    pub decision: String,
}

/// The recall.
#[derive(Debug, Default, Serialize)]
pub struct RecallReport {
    /// The object.
    pub object: String,
    /// What each holder did.
    pub effects: Vec<EffectReport>,
    /// Who was late while it was off the net.
    pub late: Vec<String>,
}

/// One holder's answer.
#[derive(Debug, Serialize)]
pub struct EffectReport {
    /// The holder.
    pub nation: String,
    /// What it did.
    pub status: String,
}

/// The nation that is reached by disc only.
#[derive(Debug, Default, Serialize)]
pub struct DiscReport {
    /// Its code.
    pub nation: String,
    /// Objects that reached it, or left it, by disc.
    pub objects: u64,
}

/// The ledger that was tampered with.
#[derive(Debug, Default, Serialize)]
pub struct TamperReport {
    /// Partners that found it.
    pub found_by: Vec<String>,
    /// The entry that they named.
    pub leaf: Option<u64>,
}

impl Report for DemoReport {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        writeln!(
            page,
            "{:<8}{:>10}{:>10}{:>9}{:>11}  ledger",
            "", "published", "received", "entries", "witnesses"
        )?;
        for node in &self.nodes {
            writeln!(
                page,
                "{:<8}{:>10}{:>10}{:>9}{:>11}  {}",
                node.nation,
                node.published,
                node.received,
                node.ledger.size,
                node.ledger.cosignatures,
                if node.ledger.verified { "verified" } else { "NOT VERIFIED" }
            )?;
        }
        for failure in &self.failures {
            writeln!(page, "failed: {failure}")?;
        }
        Ok(())
    }
}
