//! The schemes, groups, agreements and national laws of a row.

use std::collections::BTreeMap;
use std::sync::Arc;

use entente_model::{AgreementId, LawId, NationCode};
use serde_json::{Map, Value};

use super::json::Spot;
use super::{EVALUATIONS_MAX, POLICIES_MAX, Result, RowError};
use crate::agreement::{Agreement, AgreementKind, Front, Numbered, PARTIES_MAX, Party, Tongues};
use crate::clause;
use crate::keys::{Fragment, Keys};
use crate::national::{NationalLaw, Rule, read_rule};
use crate::policy::Origin;
use crate::problem::Problem;
use crate::rule;
use crate::rules::{AgreementStatus, InForce, PartyStatus, Rules};
use crate::scheme::{Scheme, Schemes};

/// Groups of nations, by code.
pub(super) type Groups = BTreeMap<String, Vec<NationCode>>;

/// An agreement with its place in its life.
pub(super) struct Held {
    agreement: Agreement,
    status: AgreementStatus,
    parties: Vec<(NationCode, PartyStatus)>,
}

pub(super) fn schemes(spot: &Spot<'_>) -> Result<Schemes> {
    let mut schemes = Schemes::default();
    for (owner, markings) in spot.fields()?.entries() {
        let levels = markings
            .fields()?
            .entries()
            .map(|(marking, level)| Ok((marking.to_owned(), level.level()?)))
            .collect::<Result<Vec<_>>>()?;
        schemes.add(Scheme::new(owner, owner, levels));
    }
    Ok(schemes)
}

pub(super) fn groups(spot: &Spot<'_>) -> Result<Groups> {
    let fields = spot.fields()?;
    fields
        .entries()
        .map(|(group, members)| Ok((group.to_owned(), members.each(|item| item.nation())?)))
        .collect()
}

pub(super) fn agreements(
    spot: &Spot<'_>,
    groups: &Groups,
    schemes: &Schemes,
    recipient: NationCode,
) -> Result<Vec<Held>> {
    spot.each(|item| agreement(&item, groups, schemes, recipient))
}

fn agreement(
    spot: &Spot<'_>,
    groups: &Groups,
    schemes: &Schemes,
    recipient: NationCode,
) -> Result<Held> {
    let fields = spot.fields()?;
    let code = fields.need("id")?.name()?;
    let status = fields.need("status")?.one_of(&[
        ("in_force", AgreementStatus::InForce),
        ("suspended", AgreementStatus::Suspended),
        ("terminated", AgreementStatus::Terminated),
    ])?;
    let listed = fields.need("parties")?;
    let parties = listed.each(|item| party(&item))?;
    let mut nations: Vec<NationCode> = parties.iter().map(|(nation, _)| *nation).collect();
    nations.sort_unstable();
    nations.dedup();
    if nations.len() != parties.len() {
        return listed.fault("a nation is listed as a party twice");
    }
    if parties.len() > PARTIES_MAX {
        return listed.fault(format!("an agreement has at most {PARTIES_MAX} parties"));
    }
    let mut clauses: Vec<Numbered> = Vec::new();
    for item in fields.need("clauses")?.list()? {
        let read = read_clause(&item, &code, clauses.len() + 1, schemes, recipient)?;
        let kind = read.origin.kind;
        let once = clause::find(kind).is_some_and(|t| t.once);
        if once && clauses.iter().any(|c| c.origin.kind == kind) {
            return item.fault(format!("there is a clause of type `{kind}` already"));
        }
        clauses.push(read);
    }
    let front = Front {
        code,
        title: fields.need("title")?.owned()?,
        tongues: Tongues::default(),
        kind: fields.need("kind")?.one_of(&[
            ("bilateral", AgreementKind::Bilateral),
            ("multilateral", AgreementKind::Multilateral),
            ("mou", AgreementKind::Memorandum),
        ])?,
        in_force_from: fields.need("in_force_from")?.day()?,
        ends_on: fields.need("ends_on")?.some().map(|s| s.day()).transpose()?,
        survival: fields.need("survival")?.bool()?,
        supersedes: None,
        afresh: false,
        parties: parties.iter().map(|(nation, _)| Party { nation: *nation, id: None }).collect(),
        groups: groups.clone(),
    };
    fields.finish()?;
    Ok(Held { agreement: Agreement::unwritten(front, clauses), status, parties })
}

fn party(spot: &Spot<'_>) -> Result<(NationCode, PartyStatus)> {
    let fields = spot.fields()?;
    let nation = fields.need("nation")?.nation()?;
    let status = fields.need("status")?.one_of(&[
        ("active", PartyStatus::Active),
        ("suspended", PartyStatus::Suspended),
        ("withdrawn", PartyStatus::Withdrawn),
    ])?;
    fields.finish()?;
    Ok((nation, status))
}

/// Names of types, for whoever wrote one that there is not.
fn known_type(
    spot: &Spot<'_>,
    noun: &str,
    names: impl Iterator<Item = &'static str>,
) -> Result<&'static str> {
    let place = spot.fields()?.need("type")?;
    let written = place.text()?;
    let names: Vec<&'static str> = names.collect();
    names.iter().copied().find(|name| *name == written).map_or_else(
        || place.fault(format!("unknown type of {noun}; known types: {}", names.join(", "))),
        Ok,
    )
}

fn read_clause(
    spot: &Spot<'_>,
    code: &str,
    number: usize,
    schemes: &Schemes,
    recipient: NationCode,
) -> Result<Numbered> {
    let name = known_type(spot, "clause", clause::TYPES.iter().map(|t| t.name))?;
    let Some(kind) = clause::find(name) else { return spot.fault("unknown type of clause") };
    let mut value = spot.value.clone();
    if name == "equivalence" {
        leave_out_strangers(&mut value, schemes, recipient);
    }
    let read = fragment(spot, &value, &[], |keys| {
        keys.find("type");
        (kind.read)(keys)
    })?;
    Ok(Numbered {
        origin: Origin { id: format!("{code}/{number}"), article: String::new(), kind: name },
        line: 0,
        article_title: name.replace('_', " "),
        clause: Arc::from(read),
    })
}

/// Leaves out markings of nations that the row does not concern and whose schemes it does not
/// hold. Nothing in the row can read them.
fn leave_out_strangers(clause: &mut Value, schemes: &Schemes, recipient: NationCode) {
    let rows = clause.get_mut("rows").and_then(Value::as_array_mut);
    for row in rows.into_iter().flatten() {
        if let Some(markings) = row.get_mut("markings").and_then(Value::as_object_mut) {
            markings.retain(|nation, marking| {
                let known = marking.as_str().is_none_or(|m| schemes.level(nation, m).is_some());
                known || nation == recipient.as_str()
            });
        }
    }
}

pub(super) fn laws(spot: &Spot<'_>) -> Result<Vec<NationalLaw>> {
    spot.each(|item| law(&item))
}

fn law(spot: &Spot<'_>) -> Result<NationalLaw> {
    let fields = spot.fields()?;
    let nation = fields.need("nation")?.nation()?;
    let code = fields.need("id")?.name()?;
    let title = fields.need("title")?.owned()?;
    for key in ["unless", "authority", "transform"] {
        fields.need(key)?;
    }
    known_type(spot, "rule", rule::TYPES.iter().map(|t| t.name))?;
    let origin = |kind| Origin { id: code.clone(), article: String::new(), kind };
    let rule: Rule = fragment(spot, spot.value, &["nation", "id", "title"], |keys| {
        read_rule(keys, title.clone(), origin)
    })?;
    Ok(NationalLaw::unwritten(code.clone(), nation, title.clone(), rule))
}

/// Has the readers of literate texts read a JSON object.
fn fragment<T>(
    spot: &Spot<'_>,
    value: &Value,
    skip: &[&str],
    read: impl FnOnce(&Keys<'_, '_>) -> Option<T>,
) -> Result<T> {
    let Value::Object(map) = value else { return spot.fault("expected an object in braces") };
    let mut text = String::new();
    for (key, value) in map.iter().filter(|(key, v)| !skip.contains(&key.as_str()) && !v.is_null())
    {
        string(key, &mut text);
        text.push_str(" = ");
        toml(value, &mut text);
        text.push('\n');
    }
    let (read, problems) = Fragment::new(&text, 1).read(read);
    match (problems.first(), read) {
        (Some(problem), _) => spot.fault(told(problem)),
        (None, Some(read)) => Ok(read),
        (None, None) => spot.fault("it could not be understood"),
    }
}

/// A problem without the line and column of a text that nobody wrote.
fn told(problem: &Problem) -> String {
    if problem.text.is_empty() {
        problem.message.clone()
    } else {
        // What stood in quotation marks there does so here.
        format!("`{}`: {}", problem.text.trim_matches('"'), problem.message)
    }
}

/// A JSON value as TOML on one line; what is null is left out.
fn toml(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                // A null in a list is wrong, and this is no value that any reader takes.
                if item.is_null() {
                    out.push_str("{}");
                } else {
                    toml(item, out);
                }
                out.push_str(", ");
            }
            out.push(']');
        }
        Value::Object(entries) => table(entries, out),
        Value::String(text) => string(text, out),
        Value::Null | Value::Number(_) | Value::Bool(_) => out.push_str(&value.to_string()),
    }
}

fn table(entries: &Map<String, Value>, out: &mut String) {
    out.push_str("{ ");
    let mut first = true;
    for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        string(key, out);
        out.push_str(" = ");
        toml(value, out);
    }
    out.push_str(" }");
}

/// A string as TOML writes it.
fn string(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // Writing to a string cannot fail.
            c if c.is_control() => drop(write!(out, "\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Refuses a row whose rules would take too long.
pub(super) fn check_size(agreements: &[Held], laws: usize, units: usize) -> Result<()> {
    let clauses: usize = agreements
        .iter()
        .map(|held| held.agreement.numbered().len() * (2 * held.parties.len()).max(1))
        .sum();
    let policies = clauses + laws;
    if policies > POLICIES_MAX {
        let limit = format!(
            "the clauses, for each of their parties, and the laws come to up to {policies} \
             policies; at most {POLICIES_MAX} are decided by at once"
        );
        return Err(RowError::at("agreements", limit));
    }
    if policies.saturating_mul(units) > EVALUATIONS_MAX {
        let limit = format!(
            "{units} portions under up to {policies} policies are more than are decided at once"
        );
        return Err(RowError::at("object.portions", limit));
    }
    Ok(())
}

pub(super) fn compile(
    agreements: &[Held],
    laws: &[NationalLaw],
    schemes: &Schemes,
) -> Result<Rules> {
    let held: Vec<InForce<'_>> = (1_u64..)
        .zip(agreements)
        .map(|(n, held)| InForce {
            agreement: &held.agreement,
            id: AgreementId::from_array(numbered(n)),
            status: held.status,
            parties: &held.parties,
        })
        .collect();
    let laws: Vec<(LawId, &NationalLaw)> =
        (1_u64..).zip(laws).map(|(n, law)| (LawId::from_array(numbered(n)), law)).collect();
    Rules::compile(&held, &laws, schemes)
        .map_err(|error| RowError::at("agreements", error.to_string()))
}

/// An identity within one row; its texts have none of their own.
fn numbered(n: u64) -> [u8; 32] {
    let mut id = [0; 32];
    for (slot, byte) in id.iter_mut().rev().zip(n.to_le_bytes()) {
        *slot = byte;
    }
    id
}
