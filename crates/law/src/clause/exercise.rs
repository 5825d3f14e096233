//! `exercise`: exercises use exercise data only.

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::keys::Keys;
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "exercise", once: false, read };

#[derive(Debug)]
struct Exercise;

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    keys.need("real_data")?.one_of(&[("prohibited", ())])?;
    Some(Box::new(Exercise))
}

impl Clause for Exercise {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "REAL_DATA_IN_EXERCISE",
                "context.exercise && !context.exercise_data",
                "it is real data, and the transfer is part of an exercise",
            ),
        );
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        if of.case.subject.transfer.exercise {
            out.push("banner:EXERCISE".into());
        }
    }

    fn covers_exercises(&self) -> bool {
        true
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["exercise"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways("exercise data in exercises, and no real data there");
        to.say(Side::Owes, "exercise data stays marked as such");
    }

    fn says(&self) -> String {
        "exercises are held with exercise data only, marked as such".into()
    }
}
