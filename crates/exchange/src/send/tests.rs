use proptest::prelude::*;

use super::*;
use crate::bundle::{Limits, parse};
use crate::fixture::{Sender, header};

const OPEN: [u64; 4] = [u64::MAX; 4];

#[test]
fn the_most_urgent_goes_first() {
    let batch = plan_batch([&[40, 40], &[40], &[40], &[40]], 100, OPEN, Owed::default());
    assert_eq!((batch.items, batch.bytes), ([2, 0, 0, 0], [80, 0, 0, 0]));
    // What does not fit leaves its room to others.
    let batch = plan_batch([&[70, 70], &[40], &[20], &[5]], 100, OPEN, Owed::default());
    assert_eq!(batch.items, [1, 0, 1, 1]);
    // A lane without credit is closed; the others are not.
    let batch = plan_batch([&[10], &[10, 10], &[], &[10]], 100, [0, 15, 9, 10], Owed::default());
    assert_eq!(batch.items, [0, 1, 0, 1]);
}

#[test]
fn routine_is_owed_until_it_is_paid() {
    let mut owed = Owed::default();
    for round in 1..=4 {
        let batch = plan_batch([&[50; 9], &[], &[], &[18]], 100, OPEN, owed);
        let paid = round == 4;
        assert_eq!(batch.items, if paid { [1, 0, 0, 1] } else { [2, 0, 0, 0] });
        owed = batch.owed;
        assert_eq!(owed.bytes, if paid { 0 } else { round * 5 });
    }
}

fn sizes() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(1..2_000_u64, 0..12)
}

proptest! {
    #[test]
    fn a_plan_keeps_limit_credit_and_order(
        lanes in prop::array::uniform4(sizes()),
        limit in 1..8_000_u64,
        credits in prop::array::uniform4(0..6_000_u64),
        owed in 0..10_000_u64,
        flash_waited: bool,
    ) {
        let pending = lanes.each_ref().map(Vec::as_slice);
        let batch = plan_batch(pending, limit, credits, Owed { bytes: owed, flash_waited });
        let total: u64 = batch.bytes.iter().sum();
        prop_assert!(total <= limit);
        prop_assert!(batch.owed.bytes <= limit + limit / ROUTINE_SHARE);
        for i in 0..4 {
            let taken: u64 = lanes[i][..batch.items[i]].iter().sum();
            prop_assert_eq!(taken, batch.bytes[i]);
            prop_assert!(taken <= credits[i]);
            // Nothing that fits is left behind.
            if let Some(next) = lanes[i].get(batch.items[i]) {
                prop_assert!(total + next > limit || taken + next > credits[i]);
            }
        }
        // Strict priority, apart from what ROUTINE is owed.
        let paid = batch.bytes[3].min(owed.saturating_add(limit / ROUTINE_SHARE));
        let mut above = 0;
        for i in 0..3 {
            above += batch.bytes[i];
            if let Some(next) = lanes[i].get(batch.items[i]) {
                prop_assert!(above + next + paid > limit || batch.bytes[i] + next > credits[i]);
            }
        }
    }

    /// I21, and no starvation.
    #[test]
    fn routine_gets_its_share_and_flash_waits_for_one_bundle(
        sizes in prop::collection::vec(1..1_000_u64, 1..6),
        limit in 1_000..4_000_u64,
    ) {
        let endless: Vec<u64> = sizes.iter().copied().cycle().take(50_000).collect();
        let routine = endless.clone();
        let mut owed = Owed::default();
        let (mut at, mut bytes, mut waited) = (0, 0, 0);
        let rounds = 200;
        for _ in 0..rounds {
            let batch = plan_batch([&endless, &[], &[], &routine[at..]], limit, OPEN, owed);
            owed = batch.owed;
            at += batch.items[3];
            bytes += batch.bytes[3];
            waited = if batch.items[0] == 0 { waited + 1 } else { 0 };
            prop_assert!(waited <= 1);
        }
        let due = rounds * (limit / ROUTINE_SHARE);
        prop_assert!(bytes + 1_000 >= due, "{} of {}", bytes, due);
    }
}

#[test]
fn what_is_planned_is_written_once() {
    let mut sender = Sender::new(1);
    sender.say(entente_model::item::Lane::Routine, b"one");
    let frames = [sender.said[0].frame()];
    let (digest, sealed) = sender.terms("A");
    let terms = TermsFrame { wc: sender.wc_id, digest, sealed: &sealed };
    let (note, proof) = (sender.note(), sender.multiproof(&frames));
    let ledger = LedgerView { note: &note, consistency: &[], multiproof: Some(&proof) };
    let bases = [sender.basis.clone(), sender.basis.clone()];
    let terms = [terms.clone(), terms];
    let plan = SendPlan {
        ledger: Some(ledger),
        items: &frames,
        bases: &bases,
        terms: &terms,
        chains: &[(crate::fixture::nation(1), vec![])],
        ..SendPlan::empty(header())
    };
    let bytes = assemble(&plan).unwrap();
    let bundle = parse(&bytes, Limits::default()).unwrap();
    let types: Vec<FrameType> = bundle.frames().iter().map(|f| f.ftype).collect();
    let expected = [
        FrameType::Checkpoint,
        FrameType::Multiproof,
        FrameType::Basis,
        FrameType::Terms,
        FrameType::Item,
    ];
    assert_eq!(types, expected);
    // I18.
    assert_eq!(assemble(&plan).unwrap(), bytes);

    let tight = SendPlan { bytes_max: bytes.len() - 1, ..plan.clone() };
    let max = bytes.len() - 1;
    assert_eq!(assemble(&tight), Err(AssembleError::TooLong { bytes: bytes.len(), max }));
    let unproven = SendPlan { ledger: None, ..plan.clone() };
    assert_eq!(assemble(&unproven), Err(AssembleError::NoProof));

    let alone = item_bytes(&frames[0]);
    let without = assemble(&SendPlan { items: &[], ..plan.clone() }).unwrap().len() as u64;
    let proof = crate::bundle::frame_bytes(FrameType::Multiproof, proof.to_bytes().len()) as u64;
    let exact = bytes.len() as u64 - without - proof;
    assert!(exact <= alone && alone <= exact + 8, "{exact} {alone}");

    for multiple in [256, 1000, 4096, 70_000] {
        let padded = SendPlan { pad_to_multiple: multiple, ..plan.clone() };
        assert_eq!(assemble(&padded).unwrap().len() % multiple, 0);
    }
}

#[test]
fn every_size_can_be_padded() {
    for extra in 0..700 {
        let note = vec![0; extra];
        let ledger = LedgerView { note: &note, consistency: &[], multiproof: None };
        let plan =
            SendPlan { ledger: Some(ledger), pad_to_multiple: 256, ..SendPlan::empty(header()) };
        let bytes = assemble(&plan).unwrap();
        // A frame of some lengths does not exist, because its head grows; then it is one short.
        let short = bytes.len().next_multiple_of(256) - bytes.len();
        assert!(short <= 1, "{extra}: {short} short");
    }
}
