//! Reads a table of equivalence, and checks that it names levels that exist.

use std::collections::BTreeMap;

use super::{Row, Table};
use crate::keys::{Fragment, Item, Keys};
use crate::level;
use crate::problem::Problems;
use crate::scheme::{Certainty, Period, Schemes};

/// A table may not be longer than this.
const TABLE_BYTES_MAX: usize = 256 << 10;

pub(super) fn table(text: &str, schemes: &Schemes) -> Result<Table, Problems> {
    if text.len() > TABLE_BYTES_MAX {
        let limit = format!("the table is longer than {TABLE_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let (table, problems) = Fragment::new(text, 1).read(|keys| top(keys, schemes));
    Problems::check(problems)?;
    table.ok_or_else(|| Problems::one(1, 1, "", "the table is incomplete"))
}

fn top(keys: &Keys<'_, '_>, schemes: &Schemes) -> Option<Table> {
    let code = keys.need("table").and_then(|i| i.token());
    let title = keys.need("title").and_then(|i| i.phrase());
    let source = keys.need("source").and_then(|i| i.phrase());
    let checked = keys.need("checked").and_then(|i| i.one_of(&Certainty::WORDS));
    let next_higher =
        keys.need("unmapped").and_then(|i| i.one_of(&[("next_higher", true), ("deny", false)]));
    let notes = keys.or("notes", Vec::new(), Item::phrases);
    let from = keys.optional("from", Item::day);
    let until = keys.optional("until", Item::day);
    let mut rows: Vec<Row> = Vec::new();
    let mut whole = true;
    for item in keys.need("rows")?.list()? {
        match item.table(|k| row(&item, k, schemes, &rows)) {
            Some(row) => rows.push(row),
            None => whole = false,
        }
    }
    if !whole {
        return None;
    }
    rows.sort_by_key(|row| row.class);
    Some(Table {
        code: code?,
        title: title?,
        source: source?,
        checked: checked?,
        period: Period { from: from?, until: until? },
        next_higher: next_higher?,
        notes: notes?,
        rows,
    })
}

fn row(
    item: &Item<'_, '_>,
    keys: &Keys<'_, '_>,
    schemes: &Schemes,
    earlier: &[Row],
) -> Option<Row> {
    let class = keys.need("level").and_then(|i| i.level());
    let levels = keys.need("levels").and_then(|i| {
        i.table(|owners| {
            let mut levels = BTreeMap::new();
            for (owner, item) in owners.entries() {
                let id = item.token()?;
                let Some(scheme) = schemes.find(owner) else {
                    return item.fault(format!("`{owner}` has no classification scheme here"));
                };
                if scheme.level_by_id(&id).is_none() {
                    let known: Vec<&str> = scheme.levels().iter().map(|l| l.id.as_str()).collect();
                    return item.fault(format!(
                        "`{owner}` has no level `{id}`; its levels are {}",
                        known.join(", ")
                    ));
                }
                if earlier.iter().any(|row| row.levels.get(owner) == Some(&id)) {
                    return item
                        .fault(format!("the level `{id}` of {owner} stands in another row"));
                }
                levels.insert(owner.to_owned(), id);
            }
            Some(levels)
        })
    });
    let prescribed = keys.or("prescribed", BTreeMap::new(), |i| {
        i.table(|owners| {
            let mut texts = BTreeMap::new();
            for (owner, item) in owners.entries() {
                if schemes.find(owner).is_none() {
                    return item.fault(format!("`{owner}` has no classification scheme here"));
                }
                texts.insert(owner.to_owned(), item.phrase()?);
            }
            Some(texts)
        })
    });
    let (class, levels, prescribed) = (class?, levels?, prescribed?);
    if earlier.iter().any(|row| row.class == class) {
        return item.fault(format!("there are two rows for {}", level::name(class)));
    }
    if let Some(both) = prescribed.keys().find(|owner| levels.contains_key(*owner)) {
        return item
            .fault(format!("`{both}` has an equivalent and a prescribed protection; give one"));
    }
    Some(Row { class, levels, prescribed })
}
