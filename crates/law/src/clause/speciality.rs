//! `speciality`: information given for one case serves that case only.

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "speciality", once: false, read: |_| Some(Box::new(Speciality)) };

#[derive(Debug)]
struct Speciality;

impl Clause for Speciality {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "SPECIALITY_CONSENT_REQUIRED",
                "context has object_case && !(context has transfer_case && context.transfer_case == context.object_case) && !context.facts.contains(\"speciality_waiver\")",
                "it belongs to another case than the one it is to serve, and {sender} has not waived speciality",
            )
            .refer_to("provider:{sender}"),
        );
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let case = of.case.subject.transfer.case_id.as_ref();
        out.extend(case.map(|case| format!("use_only_for_case:{case}")));
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["transfer_case"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.say(Side::Owes, "what was given for a case serves that case only, unless its provider waives this");
        to.say(Side::Gets, "a say before what we gave for one case serves another");
    }

    fn says(&self) -> String {
        "information is used only for the case for which it was given".into()
    }
}
