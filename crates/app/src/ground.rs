//! The ground that a release stands on, and the moment at which it gives way.
//!
//! A release is decided first and entered in the ledger afterwards; in between, a nation or an
//! agreement may be suspended. Whatever narrows what may go counts the ground up in its own
//! transaction, and a release is entered only while the count is the one under which it was
//! decided. So the order of the ledger is the order of the acts: behind a suspension there is no
//! release that was decided before it (decision 15).

use entente_store::{StoreError, Work};

use crate::error::{AppError, Result};
use crate::node::Known;

const NAME: &str = "ground";

/// How often the ground has given way.
pub(crate) fn count(work: &dyn Work) -> Result<u64> {
    let Some(bytes) = work.setting(NAME)? else { return Ok(0) };
    let bytes = bytes.try_into().map_err(|_| AppError::Store(StoreError::Damaged("ground")))?;
    Ok(u64::from_be_bytes(bytes))
}

/// What was decided before this transaction is no longer entered after it.
pub(crate) fn give_way(work: &mut dyn Work) -> Result<()> {
    let next = count(work)? + 1;
    work.put_setting(NAME, &next.to_be_bytes())?;
    Ok(())
}

impl Known {
    /// Refuses, in the transaction that enters a release, what was decided on other ground.
    pub(crate) fn must_stand(&self, work: &dyn Work) -> Result<()> {
        if count(work)? == self.ground {
            return Ok(());
        }
        Err(AppError::Operator(
            "a nation, an agreement or a law changed while this was being decided, and nothing \
             was released: try again"
                .to_owned(),
        ))
    }
}
