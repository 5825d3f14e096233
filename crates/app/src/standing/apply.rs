//! What standing rules add to a publication: more recipients, each decided like any other.

use std::collections::BTreeMap;

use entente_formats::Piece;
use entente_formats::json::{JsonLimits, StrictJson};
use entente_law::case::Subject;
use entente_model::{Digest, NationCode, Timestamp};
use entente_store::rows::RuleReleaseRow;
use entente_store::{Store, Vault, Work};

use super::query::Candidate;
use super::{HeldRule, day_of};
use crate::error::{AppError, Result};
use crate::node::{Known, Node};
use crate::people::Actor;
use crate::publish::{Audience, Order, Verdict};
use crate::weigh::Weighed;

/// Tags of one object that are looked at.
const TAGS_MAX: usize = 64;
/// Bytes of a payload in which tags are looked for.
const TAGGED_BYTES_MAX: usize = 1 << 20;

/// The form of a rule that brought a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByRule {
    /// Its digest.
    pub id: Digest,
    /// Its name.
    pub name: String,
}

/// For each piece, the places of the rules that it is under.
pub(crate) type Matched = Vec<Vec<usize>>;

impl<S: Store, V: Vault> Node<S, V> {
    /// The rules that each piece of a publication is under. A rule whose number for the day is
    /// reached takes no more.
    pub(crate) fn matched(
        &self,
        actor: &Actor,
        known: &Known,
        order: &Order,
        pieces: &[Piece<'_>],
        now: Timestamp,
    ) -> Result<Matched> {
        let of_purpose = |held: &HeldRule| {
            held.rule.purpose.as_ref().is_none_or(|purpose| *purpose == order.purpose)
        };
        let rules: Vec<(usize, &HeldRule)> = known
            .standing
            .iter()
            .enumerate()
            .filter(|(_, held)| held.row.state == "active" && of_purpose(held))
            .collect();
        // What one named audience was meant for as evidence goes to nobody else as evidence.
        let applies = order.circumstances.audience != Audience::Named
            && !order.circumstances.evidence
            && !rules.is_empty();
        if !applies {
            return Ok(vec![Vec::new(); pieces.len()]);
        }
        let mut left: BTreeMap<usize, u64> = BTreeMap::new();
        self.store.read(|work| {
            for (place, held) in &rules {
                if let Some(daily) = held.rule.daily {
                    let used = work.rule_releases_on(&held.rule.name, day_of(now))?;
                    left.insert(*place, daily.saturating_sub(used));
                }
            }
            Ok::<_, AppError>(())
        })?;
        let mut matched = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let tags = tags_of(piece.media_type.as_str(), piece.payload);
            let facts = &order.facts;
            let object_type = match facts.object_type.as_str() {
                "" => piece.object_type.as_str(),
                given => given,
            };
            let candidate = Candidate {
                object_type,
                class: order.label.class,
                source: Some(actor.body()),
                author: Some(actor.name()),
                origin: self.identity.code.as_str(),
                title: &piece.title,
                tags: &tags,
                area: facts.area.as_deref(),
                categories: &facts.data_categories,
            };
            let mut under = Vec::new();
            for (place, held) in &rules {
                if !held.query.matches(&candidate) {
                    continue;
                }
                match left.get_mut(place) {
                    Some(0) => {}
                    Some(left) => {
                        *left -= 1;
                        under.push(*place);
                    }
                    None => under.push(*place),
                }
            }
            matched.push(under);
        }
        Ok(matched)
    }

    /// Adds the recipients that rules name to what was decided on a class of pieces. Who is a
    /// recipient already, by a person's choice, stays that; who is excluded is not added.
    pub(crate) fn add_by_rule(
        &self,
        known: &Known,
        order: &Order,
        subject: &Subject<'_>,
        verdict: &mut Verdict,
        rules: &[usize],
        now: Timestamp,
    ) -> Result<()> {
        let mut refused: Vec<Weighed> = Vec::new();
        for held in rules.iter().filter_map(|place| known.standing.get(*place)) {
            let rule = &held.rule;
            let in_force = known.policy.by_code(&rule.under).filter(|a| a.state.is_in_force(now));
            let Some(agreement) = in_force else { continue };
            let wanted = |code: NationCode| {
                (rule.to.is_empty() || rule.to.contains(&code))
                    && !rule.not_to.contains(&code)
                    && !order.circumstances.exclude.contains(&code)
                    && verdict.nations.iter().all(|w| w.code != code)
            };
            let to: Vec<(NationCode, Option<String>)> = known
                .partners(self.identity.nation)
                .map(|(nation, _, _)| nation.row.code)
                .filter(|code| agreement.agreement.has_party(*code) && wanted(*code))
                .map(|code| (code, None))
                .collect();
            if to.is_empty() {
                continue;
            }
            for mut weighed in self.weigh(known, subject, &to, None, now)? {
                let by_it = weighed.ruling.basis.as_ref().is_some_and(|b| b.0 == agreement.row.id);
                weighed.by_rule = Some(ByRule { id: held.row.id, name: rule.name.clone() });
                if weighed.goes() && by_it {
                    verdict.nations.push(weighed);
                } else if weighed.goes() {
                    verdict.notes.push(format!(
                        "the standing rule {} does not bring {}: it would go under another \
                         agreement than {}",
                        rule.name, weighed.code, rule.under
                    ));
                } else {
                    refused.push(weighed);
                }
            }
        }
        for weighed in refused {
            // What a rule asked for and the law did not permit is recorded like any refusal.
            if verdict.nations.iter().all(|w| w.code != weighed.code) {
                verdict.nations.push(weighed);
            }
        }
        verdict.nations.sort_by_key(|w| w.code);
        Ok(())
    }

    /// Keeps what rules released of one object, in the transaction that releases it; a share of it
    /// is put before a reviewer.
    pub(crate) fn keep_by_rule(
        &self,
        work: &mut dyn Work,
        known: &Known,
        verdict: &Verdict,
        (oid, leaf): (entente_model::ObjectId, u64),
        now: Timestamp,
    ) -> Result<()> {
        let mut by_rule: BTreeMap<&str, (Digest, Vec<&str>)> = BTreeMap::new();
        for weighed in verdict.nations.iter().filter(|w| w.goes()) {
            if let Some(by) = &weighed.by_rule {
                let (_, nations) = by_rule.entry(&by.name).or_insert((by.id, Vec::new()));
                nations.push(weighed.code.as_str());
            }
        }
        for (name, (rule, mut nations)) in by_rule {
            let held = work.rule_releases_of(oid)?.into_iter().find(|row| row.name == name);
            if let Some(mut row) = held {
                // Of what a partner gave, one nation is decided after the other.
                nations.retain(|code| !row.nations.split(',').any(|known| known == *code));
                for code in nations {
                    row.nations.push(',');
                    row.nations.push_str(code);
                }
                work.put_rule_release(&row)?;
                continue;
            }
            let sample =
                known.standing.iter().find(|h| h.row.id == rule).map_or(100, |h| h.rule.sample);
            let [first, second, ..] = self.random();
            // Of 65,536 draws, the share of a hundred within one part in six hundred.
            let drawn = u32::from(u16::from_be_bytes([first, second])) * 100 / 65_536;
            let review = if drawn < u32::from(sample) { "waiting" } else { "none" };
            work.put_rule_release(&RuleReleaseRow {
                rule,
                name: name.to_owned(),
                oid,
                leaf,
                at: now,
                day: day_of(now),
                nations: nations.join(","),
                review: review.to_owned(),
                reviewed: None,
            })?;
        }
        Ok(())
    }
}

/// Refuses, in the transaction that releases by rules, more than one of them may release in a day:
/// another publication may have come first.
pub(crate) fn must_be_within(
    work: &dyn Work,
    known: &Known,
    verdicts: &[Verdict],
    now: Timestamp,
) -> Result<()> {
    let weighed = verdicts.iter().flat_map(|verdict| &verdict.nations);
    let mut used: Vec<Digest> =
        weighed.filter_map(|w| w.by_rule.as_ref().map(|by| by.id)).collect();
    used.sort_unstable();
    used.dedup();
    for held in known.standing.iter().filter(|held| used.contains(&held.row.id)) {
        let Some(daily) = held.rule.daily else { continue };
        if work.rule_releases_on(&held.rule.name, day_of(now))? > daily {
            return Err(AppError::Operator(format!(
                "the standing rule {} reached its number for the day while this was decided, and \
                 nothing was released: try again",
                held.rule.name
            )));
        }
    }
    Ok(())
}

/// The digests of the rules that release something of a class.
pub(crate) fn rules_used(verdict: &Verdict) -> Vec<Digest> {
    let going = verdict.nations.iter().filter(|w| w.goes());
    let mut used: Vec<Digest> = going.filter_map(|w| w.by_rule.as_ref().map(|by| by.id)).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// The tags that an object of a JSON format gives itself: STIX calls them `labels`.
pub(crate) fn tags_of(media_type: &str, payload: &[u8]) -> Vec<String> {
    if !media_type.contains("stix") || payload.len() > TAGGED_BYTES_MAX {
        return Vec::new();
    }
    let limits = JsonLimits { bytes_max: TAGGED_BYTES_MAX, ..JsonLimits::default() };
    let Ok(checked) = StrictJson::check(payload, &limits) else { return Vec::new() };
    let Ok(object) = serde_json::from_str::<serde_json::Value>(checked.as_str()) else {
        return Vec::new();
    };
    let labels = object.get("labels").and_then(serde_json::Value::as_array);
    let texts = labels.into_iter().flatten().filter_map(serde_json::Value::as_str);
    texts.take(TAGS_MAX).map(str::to_owned).collect()
}
