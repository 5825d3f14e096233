//! Standing rules, and the releases that they made.

use entente_model::{Digest, ObjectId};

use super::{at, read, write};
use crate::rows::{RuleReleaseRow, RuleRow};
use crate::{Result, Store};

pub(super) fn check(store: &impl Store) -> Result<()> {
    let rule = |byte: u8, name: &str, state: &str, leaf| RuleRow {
        id: Digest::from_array([byte; 32]),
        name: name.to_owned(),
        state: state.to_owned(),
        at: at(leaf),
        by: "rita, rosa".to_owned(),
        leaf,
        rule: vec![byte],
    };
    let release = |byte: u8, name: &str, day, review: &str| RuleReleaseRow {
        rule: Digest::from_array([1; 32]),
        name: name.to_owned(),
        oid: ObjectId::from_array([byte; 32]),
        leaf: byte.into(),
        at: at(3),
        day,
        nations: "XBR,XCO".to_owned(),
        review: review.to_owned(),
        reviewed: None,
    };
    let (wide, narrow, other) =
        (rule(3, "b", "replaced", 4), rule(2, "b", "active", 9), rule(1, "a", "active", 5));
    let (one, two) = (release(1, "b", 7, "waiting"), release(2, "b", 7, "none"));
    let (three, both) = (release(3, "b", 8, "waiting"), release(1, "a", 7, "waiting"));
    write(store, |work| {
        work.put_rule(&rule(3, "b", "active", 4))?;
        for row in [&narrow, &other, &wide] {
            work.put_rule(row)?;
        }
        for row in [&three, &two, &one, &both] {
            work.put_rule_release(row)?;
        }
        Ok(())
    })?;
    let accepted = RuleReleaseRow {
        review: "accepted".to_owned(),
        reviewed: Some(("rosa".to_owned(), at(6), "fine".to_owned())),
        ..one.clone()
    };
    read(store, |work| {
        assert_eq!(work.rules()?, [other, wide, narrow]);
        assert_eq!(work.rule_releases("b", 2)?, [three.clone(), two.clone()]);
        assert_eq!(work.rule_releases_of(one.oid)?, [both.clone(), one.clone()]);
        assert_eq!(work.rule_releases_on("b", 7)?, 2);
        assert_eq!(work.rule_releases_on("b", 9)?, 0);
        Ok(())
    })?;
    write(store, |work| work.put_rule_release(&accepted))?;
    read(store, |work| {
        assert_eq!(work.rule_reviews()?, [both, three]);
        assert_eq!(work.rule_releases_on("b", 7)?, 2, "it counts once");
        assert_eq!(work.rule_releases("b", 9)?, [release(3, "b", 8, "waiting"), two, accepted]);
        Ok(())
    })
}
