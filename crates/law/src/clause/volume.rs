//! `volume`: how many records go at once.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "volume", once: false, read };

#[derive(Debug)]
struct Volume {
    max_records: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(Volume { max_records: keys.need("max_records")?.uint()? }))
}

impl Clause for Volume {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "VOLUME_LIMIT_EXCEEDED",
                format!("context.records > {}", self.max_records),
                format!("it has more than {} records", self.max_records),
            )
            .refer_to("agreement_authority:{sender}"),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let own = "only by decision of our agreement authority";
        to.say(Side::MayGive, format!("more than {} records at once {own}", self.max_records));
    }

    fn says(&self) -> String {
        format!("more than {} records at once need a separate decision", self.max_records)
    }
}
