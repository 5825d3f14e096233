//! Groups of nations that may stand in a releasability list, such as `FVEY`, as data.
//!
//! Membership changes with time, so a group is expanded with the members of the document's day: a
//! later member does not see older material without a decision. A group whose members are not
//! known is never expanded.

use std::collections::{BTreeMap, BTreeSet};

use entente_model::Timestamp;

use crate::keys::{Fragment, Item, Keys};
use crate::problem::Problems;
use crate::scheme::{Certainty, Period};

/// Who belonged to a group in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Membership {
    period: Period,
    nations: BTreeSet<String>,
}

/// A group of nations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Group {
    name: String,
    members: Vec<Membership>,
}

/// The groups that may stand in a list, by code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    source: String,
    groups: BTreeMap<String, Group>,
}

impl Groups {
    /// Reads a file of groups.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let (groups, problems) = Fragment::new(text, 1).read(|keys| {
            let source = keys.need("source").and_then(|i| i.phrase());
            let _checked = keys.need("checked").and_then(|i| i.one_of(&Certainty::WORDS))?;
            let mut groups = BTreeMap::new();
            let mut whole = true;
            for item in keys.need("groups")?.list()? {
                whole &= item.table(|k| group(&item, k, &mut groups)).is_some();
            }
            whole.then_some(Self { source: source?, groups })
        });
        Problems::check(problems)?;
        groups.ok_or_else(|| Problems::one(1, 1, "", "the list of groups is incomplete"))
    }

    /// Where the facts come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The groups' codes, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.groups.iter().map(|(code, group)| (code.as_str(), group.name.as_str()))
    }

    /// The members of a group on a day, if it is a group and they are known.
    pub fn members(&self, code: &str, on: Timestamp) -> Option<&BTreeSet<String>> {
        let group = self.groups.get(code)?;
        group.members.iter().find(|m| m.period.holds(on)).map(|m| &m.nations)
    }
}

fn group(
    item: &Item<'_, '_>,
    keys: &Keys<'_, '_>,
    groups: &mut BTreeMap<String, Group>,
) -> Option<()> {
    let code = keys.need("code").and_then(|i| i.token());
    let name = keys.need("name").and_then(|i| i.phrase());
    let members = keys.optional("members", Item::nations);
    let from = keys.optional("from", Item::day);
    let until = keys.optional("until", Item::day);
    let (code, name) = (code?, name?);
    let known = groups.contains_key(&code);
    let group = groups.entry(code).or_insert_with(|| Group { name, members: Vec::new() });
    match members? {
        Some(nations) => {
            let period = Period { from: from?, until: until? };
            if group.members.iter().any(|m| m.period.overlaps(&period)) {
                return item
                    .fault("the members of this group are already given for a part of this time");
            }
            let nations = nations.iter().map(ToString::to_string).collect();
            group.members.push(Membership { period, nations });
            Some(())
        }
        None if known => item.fault("this group stands in the list already; give its members"),
        None => Some(()),
    }
}

#[test]
fn a_group_is_expanded_with_the_members_of_the_day() {
    let text = "source = \"x\"\nchecked = \"invented\"\n\
        [[groups]]\ncode = \"XG3\"\nname = \"G\"\nmembers = [\"XAR\"]\nuntil = \"2030-12-31\"\n\
        [[groups]]\ncode = \"XG3\"\nname = \"G\"\nmembers = [\"XAR\", \"XBR\"]\nfrom = \"2031-01-01\"\n\
        [[groups]]\ncode = \"XG4\"\nname = \"H\"\n";
    let groups = Groups::parse(text).unwrap();
    let members = |code, day| groups.members(code, crate::time::day_start(day).unwrap());
    assert_eq!(members("XG3", "2030-12-31").unwrap().len(), 1);
    assert_eq!(members("XG3", "2031-01-01").unwrap().len(), 2);
    assert_eq!((members("XG4", "2031-01-01"), members("XAR", "2031-01-01")), (None, None));
    let twice = text.replace("from = \"2031-01-01\"", "from = \"2030-12-31\"");
    let problems = Groups::parse(&twice).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().line, 8, "{problems}");
}
