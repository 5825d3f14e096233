//! `reciprocity`: what follows when the recipient does not answer in kind.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::policy::Forbid;
use crate::keys::Keys;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "reciprocity", once: false, read };

#[derive(Debug)]
struct Reciprocity {
    refer: bool,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let refer = keys.need("effect")?.one_of(&[("refer", true), ("deny", false)])?;
    Some(Box::new(Reciprocity { refer }))
}

impl Clause for Reciprocity {
    fn forbids(&self, out: &mut Forbids<'_>) {
        let forbid = Forbid::deny(
            "RECIPROCITY_NOT_MET",
            "!context.reciprocity_met",
            "{recipient} does not meet its obligations of reciprocity",
        );
        let refer = forbid.clone().refer_to("agreement_authority:{sender}");
        out.add(Scope::Always, if self.refer { refer } else { forbid });
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let then = if self.refer { "our agreement authority decides" } else { "nothing" };
        to.say(Side::MayGive, format!("to a party that does not reciprocate: {then}"));
        to.say(Side::Owes, "answers in kind; whoever does not give them may receive nothing");
    }

    fn says(&self) -> String {
        let then = if self.refer { "the agreement authority decides" } else { "nothing is sent" };
        format!("where a party does not reciprocate, {then}")
    }
}
