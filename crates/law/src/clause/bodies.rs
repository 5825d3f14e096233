//! `bodies`: which bodies of each party may send and receive.

use std::collections::BTreeMap;

use entente_model::NationCode;

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, is_one_of};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "bodies", once: false, read };

#[derive(Debug)]
struct Bodies {
    authorised: BTreeMap<NationCode, Vec<String>>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let authorised = keys.need("authorised")?.table(|table| {
        let mut authorised = BTreeMap::new();
        for (nation, bodies) in table.entries() {
            let Ok(nation) = nation.parse() else {
                return bodies.fault("the bodies are listed by nation code, such as XAR");
            };
            authorised.insert(nation, bodies.tokens()?);
        }
        Some(authorised)
    })?;
    Some(Box::new(Bodies { authorised }))
}

impl Clause for Bodies {
    fn forbids(&self, out: &mut Forbids<'_>) {
        for nation in out.parties {
            let bodies = self.authorised.get(nation).map_or(&[][..], Vec::as_slice);
            let listed = bodies.join(", ");
            let authorised =
                if listed.is_empty() { "has none there".into() } else { format!("has {listed}") };
            out.add(
                Scope::From(*nation),
                Forbid::deny(
                    "BODY_NOT_AUTHORISED",
                    format!("!{}", is_one_of("context.sender_body", bodies)),
                    format!(
                        "{{sender_body}} is not a body of {nation} authorised to send: {nation} {authorised}"
                    ),
                ),
            );
            out.add(
                Scope::To(*nation),
                Forbid::deny(
                    "BODY_NOT_AUTHORISED",
                    format!("!{}", is_one_of("context.recipient_body", bodies)),
                    format!(
                        "{{recipient_body}} is not a body of {nation} authorised to receive: {nation} {authorised}"
                    ),
                ),
            );
        }
    }

    fn authorised(&self, nation: NationCode) -> Option<&[String]> {
        Some(self.authorised.get(&nation).map_or(&[][..], Vec::as_slice))
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let list = |nation: &NationCode| self.authorised.get(nation).filter(|b| !b.is_empty()).map(|b| b.join(", "));
        let party = to.party;
        match list(&party) {
            Some(bodies) => {
                to.say(Side::MayGive, format!("only through {bodies}"));
                to.say(Side::Gets, format!("only at {bodies}"));
            }
            None => to.both_ways("nothing: none of our bodies is authorised"),
        }
        if to.others != [to.party] {
            let others: Vec<String> = to
                .others
                .iter()
                .map(|n| format!("{n}: {}", list(n).unwrap_or_else(|| "none".into())))
                .collect();
            to.say(Side::MayGive, format!("only to these bodies: {}", others.join("; ")));
        }
    }

    fn nations(&self) -> Vec<NationCode> {
        self.authorised.keys().copied().collect()
    }

    fn says(&self) -> String {
        let nations: Vec<String> = self
            .authorised
            .iter()
            .map(|(nation, bodies)| format!("{nation}: {}", bodies.join(", ")))
            .collect();
        format!("only these bodies send and receive: {}", nations.join("; "))
    }
}
