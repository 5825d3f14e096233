//! Second thoughts about a correct agreement: what its drafter probably did not mean.
//!
//! An agreement with any of these can be signed and decides as written. They are for who checks a
//! text before that, each with the line of its clause.

use std::collections::BTreeSet;

use crate::agreement::{Agreement, AgreementKind, Numbered};
use crate::problem::{Problem, excerpt, nearest};
use crate::scheme::Schemes;

impl Agreement {
    /// What would make the agreement fail to come into force here: markings that their nations'
    /// schemes do not have.
    pub fn unknown_markings(&self, schemes: &Schemes) -> Vec<Problem> {
        let mut found = BTreeSet::new();
        for numbered in self.numbered() {
            let Some(table) = numbered.clause.equivalence() else { continue };
            let rows = table.rows.values().flatten();
            for (nation, marking) in rows.filter(|(n, _)| self.has_party(**n)) {
                let message = match schemes.get(nation.as_str()) {
                    Ok(scheme) if scheme.level(marking).is_some() => continue,
                    Ok(scheme) => {
                        let known: Vec<&str> = scheme.markings().map(|(m, _)| m).collect();
                        let hint = match nearest(marking, known.iter().copied()) {
                            Some(meant) => format!("did you mean `{meant}`?"),
                            None => format!("it has {}", known.join(", ")),
                        };
                        format!("{nation} has no such marking; {hint}")
                    }
                    Err(unknown) => unknown.to_string(),
                };
                found.insert(self.at(numbered, marking, message));
            }
        }
        found.into_iter().collect()
    }

    /// What the drafter may want to look at again.
    pub fn doubts(&self) -> Vec<Problem> {
        let mut found = BTreeSet::new();
        for numbered in self.numbered() {
            let named: BTreeSet<_> = numbered.clause.nations().into_iter().collect();
            for strange in named.iter().filter(|n| !self.has_party(**n)) {
                let message = format!("{strange} is no party, so this has no effect");
                found.insert(self.at(numbered, strange.as_str(), message));
            }
            let bodies = numbered.origin.kind == "bodies";
            for party in self.parties().iter().filter(|p| bodies && !named.contains(&p.nation)) {
                let message =
                    format!("{} has no body here, so it can neither give nor get", party.nation);
                found.insert(self.at(numbered, "", message));
            }
            self.doubt_relaxed(numbered, &mut found);
        }
        self.doubt_twins(&mut found);
        let count = self.parties().len();
        if self.kind() == AgreementKind::Bilateral && count != 2 {
            let line = self.text().lines().position(|l| l.starts_with("kind")).map_or(1, |n| n + 1);
            let message =
                format!("a bilateral agreement is between 2 parties, and this has {count}");
            found.insert(Problem { line, column: 1, text: "bilateral".into(), message });
        }
        found.into_iter().collect()
    }

    /// An emergency that sets aside what the agreement does not have.
    fn doubt_relaxed(&self, numbered: &Numbered, found: &mut BTreeSet<Problem>) {
        let Some(emergency) = numbered.clause.emergency() else { return };
        let there = |kind: &&String| self.numbered().iter().any(|n| n.origin.kind == kind.as_str());
        for kind in emergency.relaxes.iter().filter(|kind| !there(kind)) {
            let message = format!("there is no clause of type `{kind}` to set aside");
            found.insert(self.at(numbered, kind, message));
        }
    }

    /// Two clauses that list what is allowed: only what both list passes.
    fn doubt_twins(&self, found: &mut BTreeSet<Problem>) {
        let lists = ["purpose", "bodies", "object_types", "geographic_scope", "retention"];
        for kind in lists {
            let mut same = self.numbered().iter().filter(|n| n.origin.kind == kind);
            let first = same.next();
            for (again, first) in same.zip(first.into_iter().cycle()) {
                let message = format!(
                    "clause {} is of type `{kind}` too, and both must be met; make them one",
                    first.origin.id
                );
                found.insert(self.at(again, kind, message));
            }
        }
    }

    /// A problem in a clause's block, at the line that holds `text` if one does.
    fn at(&self, numbered: &Numbered, text: &str, message: String) -> Problem {
        let block = self.text().lines().enumerate().skip(numbered.line.saturating_sub(1));
        let mut block = block.take_while(|(_, line)| *line != "```");
        let place = block.find_map(|(n, line)| {
            let at = line.find(text).filter(|_| !text.is_empty())?;
            Some((n + 1, line.get(..at).unwrap_or("").chars().count() + 1))
        });
        let (line, column) = place.unwrap_or((numbered.line, 1));
        Problem { line, column, text: excerpt(text), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"+++
id = "A"
title = "A"
kind = "bilateral"
in_force_from = "2031-01-01"
survival = true
parties = [{ nation = "XAR" }, { nation = "XBR" }]
+++
## Article 1
```clause
type = "bodies"
authorised = { XAR = ["A"], XCO = ["C"] }
```
## Article 2
```clause
type = "equivalence"
unmapped = "next_higher"
rows = [{ level = "SECRET", markings = { XAR = "SECRTE-A", XBR = "LUKKET" } }]
```
## Article 3
```clause
type = "emergency"
triggers = ["flood"]
relaxes = ["purpose"]
obligations = []
```
"#;

    #[test]
    fn second_thoughts_have_their_lines() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let doubts: Vec<String> = agreement.doubts().iter().map(ToString::to_string).collect();
        assert_eq!(
            doubts,
            [
                "line 11, column 1: XBR has no body here, so it can neither give nor get",
                "line 12, column 29: `XCO`: XCO is no party, so this has no effect",
                "line 24, column 13: `purpose`: there is no clause of type `purpose` to set aside",
            ]
        );
        let markings = agreement.unknown_markings(&Schemes::builtin());
        let text: Vec<String> = markings.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            ["line 18, column 49: `SECRTE-A`: XAR has no such marking; did you mean `SECRET-A`?"]
        );
    }
}
