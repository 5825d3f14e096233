//! Joins cells into boxes: for each dimension, a set of values.

use std::collections::{BTreeMap, BTreeSet};

/// One cell: for each dimension, the position of its value.
pub(crate) type Cell = Vec<usize>;

/// A set of cells that is the product of its sides.
pub(crate) type Sides = Vec<BTreeSet<usize>>;

/// Covers the cells exactly with few boxes. No two boxes share a cell.
pub(crate) fn join(cells: impl IntoIterator<Item = Cell>) -> Vec<Sides> {
    let one = |at: usize| BTreeSet::from([at]);
    let mut boxes: BTreeSet<Sides> =
        cells.into_iter().map(|cell| cell.into_iter().map(one).collect()).collect();
    let dimensions = boxes.first().map_or(0, Vec::len);
    loop {
        let before = boxes.len();
        // From the last dimension: the first ones are nations and levels, which read best apart.
        for dimension in (0..dimensions).rev() {
            let mut rows: BTreeMap<Sides, BTreeSet<usize>> = BTreeMap::new();
            for mut sides in boxes {
                let side = sides.get_mut(dimension).map(std::mem::take).unwrap_or_default();
                rows.entry(sides).or_default().extend(side);
            }
            boxes = rows
                .into_iter()
                .map(|(mut sides, joined)| {
                    if let Some(side) = sides.get_mut(dimension) {
                        *side = joined;
                    }
                    sides
                })
                .collect();
        }
        if boxes.len() == before {
            return boxes.into_iter().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boxes_cover_exactly_their_cells(
            cells in proptest::collection::btree_set(
                proptest::collection::vec(0_usize..4, 3), 0..40),
        ) {
            let mut covered = Vec::new();
            for sides in join(cells.iter().cloned()) {
                for a in &sides[0] {
                    for b in &sides[1] {
                        for c in &sides[2] {
                            covered.push(vec![*a, *b, *c]);
                        }
                    }
                }
            }
            covered.sort();
            prop_assert_eq!(covered, cells.into_iter().collect::<Vec<_>>());
        }
    }
}
