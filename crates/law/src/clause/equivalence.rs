//! `equivalence`: how each party marks and protects the others' levels.

use std::collections::BTreeMap;

use super::{Clause, ClauseType, Equivalence, Forbids, Release, Scope};
use crate::keys::{Item, Keys};
use crate::level;
use crate::policy::{Forbid, is_level_of};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "equivalence", once: true, read };

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let unmapped = keys.need("unmapped").and_then(|i| i.one_of(&[("next_higher", true), ("deny", false)]));
    let mut table = Equivalence::default();
    for row in keys.need("rows")?.list()? {
        let (level, markings) = row.table(read_row)?;
        if table.rows.insert(level, markings).is_some() {
            return row.fault(format!("there are two rows for {}", level::name(level)));
        }
    }
    table.next_higher = unmapped?;
    Some(Box::new(table))
}

fn read_row<'t>(row: &Keys<'t, '_>) -> Option<(u8, BTreeMap<entente_model::NationCode, String>)> {
    let level = row.need("level").and_then(|i| i.level());
    let markings = row.need("markings")?.table(|table| {
        let mut markings = BTreeMap::new();
        for (nation, marking) in table.entries() {
            let marking: Item<'t, '_> = marking;
            let Ok(nation) = nation.parse() else {
                return marking.fault("the markings are listed by nation code, such as XAR");
            };
            markings.insert(nation, marking.token()?);
        }
        Some(markings)
    })?;
    Some((level?, markings))
}

impl Clause for Equivalence {
    fn forbids(&self, out: &mut Forbids<'_>) {
        for nation in out.parties {
            let lacking: Vec<u8> =
                level::all().filter(|l| out.handling.lacks(*nation, *l)).collect();
            if lacking.is_empty() {
                continue;
            }
            out.add(
                Scope::To(*nation),
                Forbid::deny(
                    "NO_EQUIVALENT_LEVEL",
                    is_level_of("context.level", &lacking),
                    format!("{nation} has no marking that is equivalent to {{level}}"),
                ),
            );
        }
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let recipient = of.case.recipient.nation;
        if let Some(marking) = of.handling.marking(recipient, of.unit.level) {
            out.push(match of.unit.portion {
                Some(portion) => format!("mark_as:{portion}={marking}"),
                None => format!("mark_as:{marking}"),
            });
        }
    }

    fn equivalence(&self) -> Option<&Equivalence> {
        Some(self)
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["recipient", "level"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let handling = to.handling(self);
        for level in level::all().filter(|l| *l >= level::RESTRICTED) {
            match handling.marking(to.party, level) {
                Some(marking) => {
                    let name = level::name(level);
                    to.say(Side::Owes, format!("what is {name} is marked and protected as {marking}"));
                }
                None => to.say(Side::Gets, format!("nothing that is {}", level::name(level))),
            }
            let lacking: Vec<String> = to
                .others
                .iter()
                .filter(|n| handling.lacks(**n, level))
                .map(ToString::to_string)
                .collect();
            if !lacking.is_empty() {
                let own = to.level(level);
                let nations = lacking.join(", ");
                to.say(Side::MayGive, format!("nothing that is {own} to {nations}: no equivalent marking"));
            }
        }
    }

    fn nations(&self) -> Vec<entente_model::NationCode> {
        self.rows.values().flat_map(BTreeMap::keys).copied().collect()
    }

    fn says(&self) -> String {
        let missing =
            if self.next_higher { "the next higher marking is used" } else { "nothing is sent" };
        format!(
            "classified information is marked and protected by the table of equivalent markings; where a party has none, {missing}"
        )
    }
}
