//! `informative`: what has no effect on a release, such as costs and disputes.

use super::{Clause, ClauseType};
use crate::keys::Keys;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "informative", once: false, read };

#[derive(Debug)]
struct Informative {
    topic: String,
    text: String,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let topic = keys.need("topic").and_then(|i| i.token());
    let text = keys.need("text")?.str()?.to_owned();
    Some(Box::new(Informative { topic: topic?, text }))
}

impl Clause for Informative {
    fn tells(&self, to: &mut Telling<'_>) {
        to.say(Side::Besides, self.says());
    }

    fn says(&self) -> String {
        format!("{}: {}", self.topic, self.text)
    }
}
