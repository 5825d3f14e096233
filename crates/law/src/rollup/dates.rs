//! Roll-up of what has an order: dates, and the colours of TLP and PAP.

use entente_model::Control;

use super::{Weighed, Work};
use crate::control;

/// From the freest to the strictest.
const TLP: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];
const PAP: [&str; 4] = ["CLEAR", "GREEN", "AMBER", "RED"];

pub(super) fn dates(work: &mut Work<'_>) {
    tlp(work);
    strictest(work, "PAP", "the strictest of the portions", |values| {
        PAP.iter().position(|c| Some(*c) == values.first().map(String::as_str)).unwrap_or(PAP.len())
    });
    // Days and instants are written so that their texts sort as they do.
    strictest(work, "EMBARGO", "the latest of the portions", <[String]>::to_vec);
    strictest(work, "EXPIRES", "the earliest of the portions", |values| {
        std::cmp::Reverse(values.to_vec())
    });
    declassify(work);
}

fn values<'w>(portion: &'w Weighed<'_>, tag: &str) -> Option<&'w Control> {
    portion.controls.iter().find(|c| c.tag == tag)
}

/// Takes over the strictest control of a kind.
fn strictest<K: Ord>(work: &mut Work<'_>, tag: &str, rule: &str, key: impl Fn(&[String]) -> K) {
    let all: Vec<&Control> = work.portions.iter().filter_map(|p| values(p, tag)).collect();
    let Some(found) = all.into_iter().max_by_key(|c| key(&c.values)).cloned() else { return };
    let names = work.names(|p| values(p, tag) == Some(&found));
    work.add(found, rule, names);
}

/// TLP: the strictest colour; RED for those whom every RED portion names.
fn tlp(work: &mut Work<'_>) {
    let colour = |c: &Control| {
        TLP.iter()
            .position(|t| Some(*t) == c.values.first().map(String::as_str))
            .unwrap_or(TLP.len())
    };
    let all: Vec<&Control> = work.portions.iter().filter_map(|p| values(p, "TLP")).collect();
    let Some(strictest) = all.iter().max_by_key(|c| colour(c)).copied() else { return };
    let same: Vec<&Control> = all.into_iter().filter(|c| colour(c) == colour(strictest)).collect();
    let mut found = strictest.clone();
    found.values = strictest.values.first().cloned().into_iter().collect();
    let mut named: Vec<String> = strictest
        .values
        .iter()
        .skip(1)
        .filter(|name| same.iter().all(|c| c.values.iter().skip(1).any(|n| n == *name)))
        .cloned()
        .collect();
    named.sort_unstable();
    found.values.extend(named);
    let names: Vec<String> =
        work.names(|p| values(p, "TLP").is_some_and(|c| c.values.first() == found.values.first()));
    work.add(
        found,
        "the strictest colour of the portions, and the readers whom all of it name",
        names,
    );
}

/// Declassification: the latest day, and none if a classified portion has none or may have none.
fn declassify(work: &mut Work<'_>) {
    let dated = work.names(|p| p.has("DECLASSIFY"));
    if dated.is_empty() {
        return;
    }
    let never = |p: &Weighed<'_>| {
        p.controls
            .iter()
            .any(|one| work.scheme.controls().iter().any(|c| c.never_declassified && c.is(one)))
    };
    let never = work.names(never);
    if !never.is_empty() {
        work.fire(
            "DECLASSIFY ON",
            "left out: what these hold is never declassified by a date",
            never,
        );
        return;
    }
    let lacking = work.names(|p| p.is_classified() && !p.has("DECLASSIFY"));
    if !lacking.is_empty() {
        work.fire("DECLASSIFY ON", "left out: these have no date", lacking);
        return;
    }
    let days = work.portions.iter().filter_map(|p| values(p, "DECLASSIFY")?.values.first());
    let Some(latest) = days.max().cloned() else { return };
    let names =
        work.names(|p| values(p, "DECLASSIFY").is_some_and(|c| c.values.first() == Some(&latest)));
    if let Ok(one) = control::with_values("DECLASSIFY", &latest) {
        work.add(one, "the latest date of the portions", names);
    }
}
