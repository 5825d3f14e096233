//! `third_party`: whether the receiver may pass information on.
//!
//! It obliges the receiver now, and binds it later, when something made from the information is
//! to go to a third nation (README section 7.3).

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::keys::Keys;
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "third_party", once: true, read };

#[derive(Debug, Clone, Copy)]
enum Rule {
    OriginatorConsent,
    PartiesAllowed,
    Prohibited,
}

#[derive(Debug)]
struct ThirdParty {
    rule: Rule,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let rule = keys.need("rule")?.one_of(&[
        ("originator_consent", Rule::OriginatorConsent),
        ("parties_allowed", Rule::PartiesAllowed),
        ("prohibited", Rule::Prohibited),
    ])?;
    Some(Box::new(ThirdParty { rule }))
}

/// Sending information back to who gave it is never onward release.
const ONWARD: &str =
    "context.provider != context.sender && context.provider != context.recipient";

/// The prohibition where no clause says anything else: the provider must consent.
pub(crate) fn needs_consent(besides: &str) -> Forbid {
    Forbid::deny(
        "ORIGINATOR_CONSENT_REQUIRED",
        format!("{ONWARD} && !context.release_from.contains(context.provider){besides}"),
        "it holds information of {provider}, which has not consented to its release to {recipient}",
    )
    .refer_to("originator:{provider}")
}

impl Clause for ThirdParty {
    fn forbids(&self, out: &mut Forbids<'_>) {
        let forbid = match self.rule {
            Rule::OriginatorConsent => needs_consent(""),
            Rule::PartiesAllowed => {
                needs_consent(" && !context.parties.contains(context.recipient)")
            }
            Rule::Prohibited => Forbid::deny(
                "THIRD_PARTY_PROHIBITED",
                ONWARD,
                "it holds information of {provider}, which may not be passed to any third party",
            ),
        };
        out.add(Scope::Onward, forbid);
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        out.push(match self.rule {
            Rule::OriginatorConsent => "no_onward_without_consent".into(),
            Rule::PartiesAllowed => format!("onward_parties_only:{}", of.agreement),
            Rule::Prohibited => "no_onward".into(),
        });
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let owed = match self.rule {
            Rule::OriginatorConsent => "nothing of it goes to a third party without its originator's consent",
            Rule::PartiesAllowed => "nothing of it goes to others than the parties without its originator's consent",
            Rule::Prohibited => "nothing of it ever goes to a third party",
        };
        to.say(Side::Owes, owed);
    }

    fn says(&self) -> String {
        match self.rule {
            Rule::OriginatorConsent => {
                "information goes to a third party only with its originator's consent"
            }
            Rule::PartiesAllowed => {
                "information may be passed on to the other parties, and to others only with its originator's consent"
            }
            Rule::Prohibited => "information is never passed on to a third party",
        }
        .into()
    }
}
