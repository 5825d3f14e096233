//! `use_restriction`: whether information may be used as evidence.

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::case::Use;
use crate::keys::Keys;
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "use_restriction", once: false, read };

#[derive(Debug, Clone, Copy)]
enum Evidence {
    Allowed,
    Consent,
    Prohibited,
}

#[derive(Debug)]
struct UseRestriction {
    evidence: Evidence,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let evidence = keys.need("evidence")?.one_of(&[
        ("allowed", Evidence::Allowed),
        ("consent", Evidence::Consent),
        ("prohibited", Evidence::Prohibited),
    ])?;
    Some(Box::new(UseRestriction { evidence }))
}

impl Clause for UseRestriction {
    fn forbids(&self, out: &mut Forbids<'_>) {
        match self.evidence {
            Evidence::Allowed => {}
            Evidence::Consent => out.add(
                Scope::Always,
                Forbid::deny(
                    "EVIDENCE_USE_CONSENT_REQUIRED",
                    "context.use == \"evidence\" && !context.evidence_from.contains(context.sender)",
                    "use as evidence needs the separate consent of {sender}",
                )
                .refer_to("provider:{sender}"),
            ),
            Evidence::Prohibited => out.add(
                Scope::Always,
                Forbid::deny(
                    "EVIDENCE_USE_PROHIBITED",
                    "context.use == \"evidence\"",
                    "information exchanged under the agreement is not used as evidence",
                ),
            ),
        }
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let intelligence = of.case.subject.transfer.use_ == Use::Intelligence;
        if intelligence && !matches!(self.evidence, Evidence::Allowed) {
            out.push("use:intelligence_only".into());
        }
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["use"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        match self.evidence {
            Evidence::Allowed => to.both_ways("for use as intelligence and as evidence"),
            Evidence::Consent => {
                to.say(Side::MayGive, "for use as intelligence; use as evidence needs our consent");
                to.say(Side::Owes, "no use as evidence without the provider's consent");
            }
            Evidence::Prohibited => {
                to.say(Side::MayGive, "for use as intelligence, never as evidence");
                to.say(Side::Owes, "no use as evidence");
            }
        }
    }

    fn says(&self) -> String {
        match self.evidence {
            Evidence::Allowed => "information may be used as intelligence and as evidence",
            Evidence::Consent => {
                "information is used as intelligence only; use as evidence needs the provider's consent"
            }
            Evidence::Prohibited => "information is used as intelligence only, never as evidence",
        }
        .into()
    }
}
