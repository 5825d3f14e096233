//! Alerts of the Common Alerting Protocol.

use serde_json::{Value, json};

use super::{Around, Outcome, Unfit, text};
use crate::cap::geometry::{Circle, Polygon, quoted_list};
use crate::cap::rules::{self, Finding};
use crate::cap::schema;
use crate::cap::tree::{CapLimits, Element, Tree};

/// An alert in which everything is as it should be, for cases that change one value of it.
const GOOD: &str = include_str!("cap/good.xml");

/// A polygon, a circle or a quoted list, as what it is read as.
pub(super) fn geometry(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let written = text(case, "text")?;
    let point = |point: &crate::cap::geometry::Point| json!([point.latitude, point.longitude]);
    let (value, member) = match text(case, "type")? {
        "polygon" => {
            let polygon = Polygon::read(written);
            let points = polygon.map(|polygon| polygon.points().iter().map(point).collect());
            (points.map(Value::Array), "points")
        }
        "circle" => {
            let circle = Circle::read(written);
            let values = circle.map(|c| json!([c.center.latitude, c.center.longitude, c.radius]));
            (values, "lat_lon_radius")
        }
        "group" => (quoted_list(written).map(|values| json!(values)), "values"),
        _ => {
            let what = "`polygon`, `circle` or `group`";
            return Err(Unfit::Member { member: "type", what });
        }
    };
    let expected = case.get(member).map(|value| json!({ "value": value }));
    Ok(Outcome::against(json!({ "value": value }), expected.as_ref()))
}

/// One value in an alert that is good otherwise.
pub(super) fn field_rules(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let (xpath, value) = (text(case, "xpath")?, text(case, "value")?);
    let unfit = || Unfit::Member { member: "xpath", what: "the place of an element of an alert" };
    let mut tree = Tree::text(GOOD, &CapLimits::default())
        .map_err(|error| Unfit::File(format!("the good alert is not: {error:?}")))?;
    let steps = steps(xpath).ok_or_else(unfit)?;
    let (_, below) =
        steps.split_first().filter(|(root, _)| **root == ("alert", 1)).ok_or_else(unfit)?;
    set(&mut tree.root, below, value).ok_or_else(unfit)?;
    let found = rules::findings(&tree);
    let there = found.iter().find(|finding| finding.xpath == xpath).or(found.first());
    let expected = case.get("reason").map(|reason| json!({ "reason": reason }));
    let reason = there.map(|finding| finding.reason.name());
    Ok(Outcome::against(json!({ "reason": reason }), expected.as_ref()))
}

/// All that is wrong with an alert.
pub(super) fn whole(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let found = rules::check(text(case, "xml")?, &CapLimits::default());
    let reason =
        |finding: &Finding| json!({"reason": finding.reason.name(), "xpath": finding.xpath});
    let got = json!({"reasons": found.iter().map(reason).collect::<Vec<_>>()});
    let expected = case.get("reasons").map(|reasons| json!({ "reasons": reasons }));
    Ok(Outcome::against(got, expected.as_ref()))
}

/// `/alert[1]/info[2]` as names and numbers.
fn steps(xpath: &str) -> Option<Vec<(&str, usize)>> {
    xpath.strip_prefix('/')?.split('/').map(step).collect()
}

fn step(step: &str) -> Option<(&str, usize)> {
    let (name, nth) = step.strip_suffix(']')?.split_once('[')?;
    Some((name, nth.parse().ok().filter(|nth| (1..=8).contains(nth))?))
}

/// Puts a value in its place. Where there are too few elements of a name, the last is doubled, and
/// where there is none, one is put where the schema has it.
fn set(element: &mut Element, steps: &[(&str, usize)], value: &str) -> Option<()> {
    let Some(((name, nth), below)) = steps.split_first() else {
        value.clone_into(&mut element.text);
        return Some(());
    };
    loop {
        let places = element.children.iter().enumerate().filter(|(_, child)| child.name == *name);
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        if let Some(place) = places.get(nth - 1) {
            return set(element.children.get_mut(*place)?, below, value);
        }
        if let Some(last) = places.last() {
            let double = element.children.get(*last)?.clone();
            element.children.insert(last + 1, double);
        } else {
            insert(element, name)?;
        }
    }
}

/// Puts an empty element where the schema has it; `None` if it has none there.
fn insert(element: &mut Element, name: &str) -> Option<()> {
    let order = schema::names_within(&element.name);
    let rank = |name: &str| order.iter().position(|known| *known == name);
    let own = rank(name)?;
    let later = |child: &Element| rank(&child.name).is_some_and(|rank| rank > own);
    let place = element.children.iter().position(later).unwrap_or(element.children.len());
    let new = Element {
        name: name.to_owned(),
        space: element.space,
        text: String::new(),
        children: Vec::new(),
        attribute: None,
        at: element.at,
    };
    element.children.insert(place, new);
    Some(())
}

#[cfg(test)]
mod tests;
