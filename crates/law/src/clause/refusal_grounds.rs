//! `refusal_grounds`: grounds on which a request must or may be refused.

use std::collections::BTreeMap;

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, quoted};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "refusal_grounds", once: false, read };

#[derive(Debug)]
struct RefusalGrounds {
    mandatory: Vec<String>,
    optional: Vec<String>,
    curable: BTreeMap<String, String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let mandatory = keys.need("mandatory").and_then(|i| i.tokens());
    let optional = keys.need("optional").and_then(|i| i.tokens());
    let curable = keys.or("curable", BTreeMap::new(), |item| {
        item.table(|table| {
            let mut curable = BTreeMap::new();
            for (ground, fact) in table.entries() {
                curable.insert(ground.to_owned(), fact.token()?);
            }
            Some(curable)
        })
    });
    Some(Box::new(RefusalGrounds { mandatory: mandatory?, optional: optional?, curable: curable? }))
}

impl Clause for RefusalGrounds {
    fn forbids(&self, out: &mut Forbids<'_>) {
        for (ground, mandatory) in self.grounds() {
            let found = format!("context.grounds.contains({})", quoted(ground));
            let condition = match self.curable.get(ground) {
                Some(fact) => format!("{found} && !context.facts.contains({})", quoted(fact)),
                None => found,
            };
            let forbid = Forbid::deny(
                format!("REFUSAL_GROUND:{ground}"),
                condition,
                format!("the ground of refusal {ground} was found present"),
            );
            let refer = forbid.clone().refer_to("agreement_authority:{sender}");
            out.add(Scope::Always, if mandatory { forbid } else { refer });
        }
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let transfer = of.case.subject.transfer;
        let cured = transfer
            .grounds
            .iter()
            .filter_map(|ground| self.curable.get(ground))
            .filter(|fact| transfer.facts.contains(fact));
        out.extend(cured.map(|fact| format!("assurance:{fact}")));
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["grounds", "facts"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let (must, may) = (self.mandatory.join(", "), self.optional.join(", "));
        if !must.is_empty() {
            to.say(Side::MayGive, format!("nothing where one of these grounds is found: {must}"));
        }
        if !may.is_empty() {
            let own = "our agreement authority decides where one of these grounds is found";
            to.say(Side::MayGive, format!("{own}: {may}"));
        }
        for (ground, fact) in &self.curable {
            to.say(Side::Owes, format!("for our own requests, where {ground} may stand in the way: {fact}"));
        }
    }

    fn says(&self) -> String {
        format!(
            "a request is refused on grounds of {}, and may be on grounds of {}",
            self.mandatory.join(", "),
            self.optional.join(", ")
        )
    }
}

impl RefusalGrounds {
    /// Every ground, and whether it is mandatory; a ground listed twice is mandatory.
    fn grounds(&self) -> impl Iterator<Item = (&String, bool)> {
        let optional = self.optional.iter().filter(|g| !self.mandatory.contains(g));
        self.mandatory.iter().map(|g| (g, true)).chain(optional.map(|g| (g, false)))
    }
}
