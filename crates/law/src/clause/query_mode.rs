//! `query_mode`: queries are answered with hit or no hit.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::Forbid;
use crate::summary::Telling;

pub(super) const TYPE: ClauseType = ClauseType { name: "query_mode", once: false, read };

#[derive(Debug)]
struct QueryMode;

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    keys.need("mode")?.one_of(&[("hit_no_hit", ())])?;
    Some(Box::new(QueryMode))
}

impl Clause for QueryMode {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "QUERY_HIT_ONLY",
                "context.transfer_kind == \"query_response\"",
                "a query is answered with hit or no hit only",
            )
            .modify("respond:hit_flag_only"),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways("queries are answered with hit or no hit; details follow on a separate request");
    }

    fn says(&self) -> String {
        "queries are answered with hit or no hit; details follow on request".into()
    }
}
