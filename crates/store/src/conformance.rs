//! What every store must do, whatever it is built on: the same checks run against each.
//!
//! A check panics where a promise is broken, and returns the error of a store that fails.

mod people;
mod standing;

use std::slice;

use entente_model::item::{ItemKind, Lane};
use entente_model::record::RecordKind;
use entente_model::{
    AgreementId, BasisId, BodyDigest, Digest, LawId, NationId, NodeId, ObjectId, Timestamp,
    WrapContextId,
};

use crate::rows::{
    AgreementActRow, AgreementRow, AskRow, AtHomeRow, CheckpointRow, ConsentRow, ContextRow,
    EffectRow, EventRow, FactRow, FactUseRow, HeadRow, IntentRow, LaneInRow, LaneOutRow, LawRow,
    LeafRow, MarkedCount, ObjectRow, OutboxRow, PeerLogRow, PeerRow, QuarantineRow, RecallRow,
    ReleaseContextRow, SignatureRow,
};
use crate::{Result, Store, StoreError, Vault, Work, shard_of};

/// Runs every check against an empty store.
pub fn check(store: &impl Store) -> Result<()> {
    units_of_work(store)?;
    head(store)?;
    log(store)?;
    lanes(store)?;
    outbox(store)?;
    intents(store)?;
    contexts(store)?;
    refused_and_early(store)?;
    other_logs(store)?;
    objects(store)?;
    recalls(store)?;
    asks(store)?;
    peers(store)?;
    policy(store)?;
    facts(store)?;
    people::check(store)?;
    standing::check(store)?;
    journal(store)?;
    extremes(store)
}

/// Runs every check against an empty vault.
pub fn check_vault(vault: &impl Vault) -> Result<()> {
    let oid = |shard: u16, last: u8| {
        let mut bytes = [last; 32];
        let [high, low, ..] = &mut bytes;
        [*high, *low] = shard.to_be_bytes();
        ObjectId::from_array(bytes)
    };
    let key = |byte: u8| vec![byte; 60];
    let (a, b, c) = (oid(7, 1), oid(7, 2), oid(0xff00, 3));
    assert_eq!((shard_of(a), shard_of(c)), (7, 0xff00));

    vault.put(&[(7, key(70)), (0xff00, key(71))], &[(a, key(1)), (b, key(2)), (c, key(3))])?;
    assert_eq!(vault.keys(&[c, oid(7, 9), a])?, [Some(key(3)), None, Some(key(1))]);
    assert_eq!(vault.shards()?, [(7, key(70)), (0xff00, key(71))]);
    assert_eq!(vault.shard_keys(7)?, [(a, key(1)), (b, key(2))]);
    assert_eq!(vault.shard_keys(8)?, []);

    // Putting the same again is nothing new; another key for a shard is refused, with all of it.
    vault.put(&[(7, key(70))], &[(a, key(1))])?;
    let refused = vault.put(&[(9, key(9)), (7, key(72))], &[(oid(9, 9), key(9))]);
    assert_eq!(refused, Err(StoreError::Conflict("the shard key")));
    assert_eq!(vault.keys(&[oid(9, 9)])?, [None]);
    assert_eq!(vault.shards()?.len(), 2);

    // What was never there needs no sweep.
    assert_eq!(vault.shred(&[oid(5, 5)])?, []);
    assert_eq!(vault.dirty()?, []);
    assert_eq!(vault.shred(&[c, a])?, [7, 0xff00]);
    assert_eq!(vault.dirty()?, [7, 0xff00]);
    assert_eq!(vault.keys(&[a, b, c])?, [None, Some(key(2)), None]);

    // A sweep that lacks a survivor, or brings back what was shredded, changes nothing.
    let lacking = vault.renew(&[(7, key(80))], &[]);
    assert_eq!(lacking, Err(StoreError::Conflict("the shard")));
    let revived = vault.renew(&[(7, key(80))], &[(a, key(5)), (b, key(6))]);
    assert_eq!(revived, Err(StoreError::Conflict("the shard")));
    let orphan = vault.renew(&[(7, key(80))], &[(b, key(6)), (oid(8, 8), key(8))]);
    assert_eq!(orphan, Err(StoreError::Conflict("the shard")));
    assert_eq!(vault.dirty()?, [7, 0xff00]);
    assert_eq!(vault.keys(&[b])?, [Some(key(2))]);

    vault.renew(&[(7, key(80)), (0xff00, key(81))], &[(b, key(6))])?;
    assert_eq!(vault.dirty()?, []);
    assert_eq!(vault.shards()?, [(7, key(80)), (0xff00, key(81))]);
    assert_eq!(vault.shard_keys(7)?, [(b, key(6))]);

    // A new epoch key seals every shard key anew and leaves clean shards' body keys alone.
    vault.renew(&[(7, key(90)), (0xff00, key(91))], &[])?;
    assert_eq!(vault.shards()?, [(7, key(90)), (0xff00, key(91))]);
    assert_eq!(vault.keys(&[a, b])?, [None, Some(key(6))]);
    Ok(())
}

fn write<T>(store: &impl Store, work: impl FnOnce(&mut dyn Work) -> Result<T>) -> Result<T> {
    store.write(work)
}

fn read<T>(store: &impl Store, work: impl FnOnce(&dyn Work) -> Result<T>) -> Result<T> {
    store.read(work)
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

const fn digest(byte: u8) -> Digest {
    Digest::from_array([byte; 32])
}

const fn node(byte: u8) -> NodeId {
    NodeId::from_array([byte; 32])
}

const fn nation(byte: u8) -> NationId {
    NationId::from_array([byte; 32])
}

const fn oid(byte: u8) -> ObjectId {
    ObjectId::from_array([byte; 32])
}

/// All of a unit of work or nothing, seen by itself at once and by others when it is done.
fn units_of_work(store: &impl Store) -> Result<()> {
    let failed: Result<()> = store.write(|work| {
        work.put_setting("unit", b"1")?;
        work.put_event(&event("unit", 1))?;
        assert_eq!(work.setting("unit")?, Some(b"1".to_vec()));
        assert_eq!(read(store, |other| other.setting("unit"))?, None);
        Err(StoreError::Conflict("the test"))
    });
    assert_eq!(failed, Err(StoreError::Conflict("the test")));
    read(store, |work| {
        assert_eq!(work.setting("unit")?, None);
        assert_eq!(work.events_after(0, 9)?, []);
        Ok(())
    })?;

    // A unit that meets an error and goes on keeps the rest.
    write(store, |work| {
        work.put_setting("unit", b"2")?;
        work.put_leaf(&leaf(900))?;
        assert_eq!(work.put_leaf(&leaf(900)), Err(StoreError::Conflict("the log")));
        work.put_setting("unit", b"3")
    })?;

    // One state for as long as one looks.
    read(store, |work| {
        assert_eq!(work.setting("unit")?, Some(b"3".to_vec()));
        write(store, |other| other.put_setting("unit", b"4"))?;
        assert_eq!(work.setting("unit")?, Some(b"3".to_vec()));
        Ok(())
    })?;
    assert_eq!(read(store, |work| work.setting("unit"))?, Some(b"4".to_vec()));
    Ok(())
}

/// The head moves from where its mover thinks it is, under the fence that holds.
fn head(store: &impl Store) -> Result<()> {
    let conflict = Err(StoreError::Conflict("the head of the log"));
    let to = |size: u64, fence| HeadRow { size, root: digest(9), fence };
    assert_eq!(read(store, |work| work.head())?, None);

    let first = write(store, |work| work.take_fence())?;
    assert_eq!(read(store, |work| work.head())?, None, "a fence is not a beginning");
    assert_eq!(write(store, |work| work.advance_head(3, &to(5, first))), conflict);
    write(store, |work| work.advance_head(0, &to(5, first)))?;
    assert_eq!(write(store, |work| work.advance_head(4, &to(6, first))), conflict);
    assert_eq!(write(store, |work| work.advance_head(5, &to(4, first))), conflict, "back");
    write(store, |work| work.advance_head(5, &to(6, first)))?;

    let second = write(store, |work| work.take_fence())?;
    assert!(second > first);
    assert_eq!(read(store, |work| work.head())?, Some(to(6, first)));
    let late = write(store, |work| {
        work.put_setting("late leader", b"")?;
        work.advance_head(6, &to(7, first))
    });
    assert_eq!(late, conflict);
    assert_eq!(read(store, |work| work.setting("late leader"))?, None);
    write(store, |work| work.advance_head(6, &to(7, second)))?;
    assert_eq!(read(store, |work| work.head())?, Some(to(7, second)));
    Ok(())
}

fn leaf(index: u64) -> LeafRow {
    LeafRow {
        index,
        leaf: [5; 33],
        kind: RecordKind::Decision.code(),
        opening: Some(vec![1, 2, 3]),
    }
}

fn log(store: &impl Store) -> Result<()> {
    write(store, |work| {
        for index in 0..6 {
            work.put_leaf(&leaf(index))?;
        }
        work.put_leaf(&LeafRow { kind: RecordKind::Alarm.code(), ..leaf(6) })?;
        work.erase_opening(2)?;
        work.erase_opening(77)?;

        work.put_tile(0, 0, &[1; 64])?;
        work.put_tile(0, 0, &[1; 96])?;
        work.put_tile(1, 0, &[2; 32])?;

        for size in [3, 9, 7] {
            let row = CheckpointRow { size, root: digest(1), note: b"note".to_vec() };
            work.put_checkpoint(&row)?;
        }
        work.put_cosignature(3, node(1), b"old")?;
        work.put_cosignature(9, node(1), b"a")?;
        work.put_cosignature(9, node(1), b"b")?;
        work.put_preimage(digest(3), b"preimage")?;
        work.put_preimage(digest(3), b"preimage")
    })?;
    let again = CheckpointRow { size: 9, root: digest(1), note: b"signed again".to_vec() };
    write(store, |work| work.put_checkpoint(&again))?;
    let other = CheckpointRow { root: digest(2), ..again.clone() };
    assert_eq!(
        write(store, |work| work.put_checkpoint(&other)),
        Err(StoreError::Conflict("the checkpoint")),
        "one size, one root"
    );
    read(store, |work| {
        assert_eq!(work.leaf(1)?, Some(leaf(1)));
        assert_eq!(work.leaf(2)?, Some(LeafRow { opening: None, ..leaf(2) }));
        assert_eq!(work.leaf(50)?, None);
        assert_eq!(work.leaves(3, 2)?, [leaf(3), leaf(4)]);
        let decisions: Vec<_> =
            work.leaves_of_kind(RecordKind::Decision, 3)?.iter().map(|row| row.index).collect();
        assert_eq!(decisions, [900, 5, 4]);
        assert_eq!(work.leaves_of_kind(RecordKind::Alarm, 9)?.len(), 1);

        assert_eq!(work.tile(0, 0)?, Some(vec![1; 96]));
        assert_eq!(work.tile(1, 0)?, Some(vec![2; 32]));
        assert_eq!(work.tile(0, 1)?, None);

        assert_eq!(work.checkpoint()?, Some(again.clone()));
        assert_eq!(work.checkpoint_at(7)?.map(|row| row.size), Some(7));
        assert_eq!(work.checkpoint_at(8)?, None);
        let signed = [(9, node(1), b"b".to_vec()), (3, node(1), b"old".to_vec())];
        assert_eq!(work.cosignatures(9)?, signed);
        assert_eq!(work.cosignatures(1)?.len(), 1);

        assert_eq!(work.preimage(digest(3))?, Some(b"preimage".to_vec()));
        assert_eq!(work.preimage(digest(4))?, None);
        Ok(())
    })
}

fn lanes(store: &impl Store) -> Result<()> {
    let out = LaneOutRow { seq: 9, chain: digest(1), acked: 8, receipted: 7, announced: 6 };
    let incoming = LaneInRow { seq: 4, chain: digest(2), receipted: 3, announced: 5 };
    write(store, |work| {
        assert_eq!(work.lane_out(node(1), Lane::Flash)?, LaneOutRow::default());
        assert_eq!(work.lane_in(node(1), Lane::Flash)?, LaneInRow::default());
        work.put_lane_out(node(1), Lane::Flash, &LaneOutRow { seq: 1, ..out })?;
        work.put_lane_out(node(1), Lane::Flash, &out)?;
        work.put_lane_in(node(1), Lane::Flash, &LaneInRow { seq: 1, ..incoming })?;
        work.put_lane_in(node(1), Lane::Flash, &incoming)
    })?;
    read(store, |work| {
        assert_eq!(work.lane_out(node(1), Lane::Flash)?, out);
        assert_eq!(work.lane_in(node(1), Lane::Flash)?, incoming);
        assert_eq!(work.lane_out(node(1), Lane::Routine)?, LaneOutRow::default());
        assert_eq!(work.lane_in(node(2), Lane::Flash)?, LaneInRow::default());
        Ok(())
    })
}

fn outbox(store: &impl Store) -> Result<()> {
    let run = |first, last, millis| OutboxRow {
        first,
        last,
        size: 40,
        at: at(millis),
        bytes: 100,
        items: vec![7; 5_000],
    };
    let (a, b, c) = (run(1, 10, 50), run(11, 11, 60), run(12, 30, 70));
    write(store, |work| {
        for row in [&a, &b, &c] {
            work.put_outbox(node(1), Lane::Routine, row)?;
        }
        work.put_outbox(node(1), Lane::Flash, &run(1, 1, 40))?;
        work.put_outbox(node(2), Lane::Routine, &run(1, 1, 30))
    })?;
    assert_eq!(
        write(store, |work| work.put_outbox(node(1), Lane::Routine, &b)),
        Err(StoreError::Conflict("the outbox"))
    );
    read(store, |work| {
        let from = |from, count| work.outbox(node(1), Lane::Routine, from, count);
        assert_eq!(from(0, 9)?, [a.clone(), b.clone(), c.clone()]);
        assert_eq!(from(10, 1)?, [a], "a run that holds the position comes whole");
        assert_eq!(from(11, 9)?, [b.clone(), c.clone()]);
        assert_eq!(from(31, 9)?, []);
        assert_eq!(work.outbox_waiting(node(1))?, (400, Some(at(40))));
        assert_eq!(work.outbox_waiting(node(3))?, (0, None));
        Ok(())
    })?;
    write(store, |work| {
        let before = work.outbox(node(1), Lane::Routine, 0, 9)?;
        let [first, ..] = &before[..] else { return Err(StoreError::Damaged("outbox")) };
        let (waiting, since) = work.outbox_waiting(node(1))?;
        work.empty_outbox(node(1), Lane::Routine, first.last)?;
        assert_eq!(work.outbox_waiting(node(1))?, (waiting - first.bytes, since));
        let after = work.outbox(node(1), Lane::Routine, 0, 9)?;
        assert_eq!((after.len(), after.get(1..)), (before.len(), before.get(1..)), "runs stay");
        assert_eq!(work.outbox_waiting(node(2))?.0, 100);
        Ok(())
    })?;
    write(store, |work| {
        work.trim_outbox(node(1), Lane::Routine, 29)?;
        assert_eq!(work.outbox(node(1), Lane::Routine, 0, 9)?, [c], "only whole runs go");
        assert_eq!(work.outbox(node(1), Lane::Flash, 0, 9)?.len(), 1);
        assert_eq!(work.outbox(node(2), Lane::Routine, 0, 9)?.len(), 1);
        Ok(())
    })
}

fn intents(store: &impl Store) -> Result<()> {
    let intent = |byte: u8| IntentRow {
        id: 0,
        dst: Some(node(byte)),
        lane: Lane::Priority,
        kind: Some(ItemKind::Recall),
        payload: vec![byte],
        record: vec![byte, byte],
    };
    let local = IntentRow { dst: None, kind: None, ..intent(2) };
    write(store, |work| {
        assert!(!work.has_intents()?);
        work.put_intent(&intent(1))?;
        work.put_intent(&local)?;
        work.put_intent(&intent(3))
    })?;
    let waiting = read(store, |work| {
        assert!(work.has_intents()?);
        assert_eq!(work.intents(1)?.len(), 1);
        work.intents(9)
    })?;
    let without_ids: Vec<_> =
        waiting.iter().map(|row| IntentRow { id: 0, ..row.clone() }).collect();
    assert_eq!(without_ids, [intent(1), local, intent(3)], "first in, first out");
    write(store, |work| {
        for row in &waiting {
            work.drop_intent(row.id)?;
        }
        assert!(!work.has_intents()?);
        Ok(())
    })
}

fn contexts(store: &impl Store) -> Result<()> {
    let bare = ReleaseContextRow {
        dst: node(1),
        lane: Lane::Routine,
        wc: WrapContextId::from_array([1; 16]),
        basis: BasisId::from_array([2; 32]),
        terms: None,
        terms_sealed: None,
    };
    let full = ReleaseContextRow {
        terms: Some(digest(1)),
        terms_sealed: Some(vec![1; 300]),
        ..bare.clone()
    };
    let kinds = [
        bare.clone(),
        full.clone(),
        ReleaseContextRow { terms_sealed: Some(vec![2; 300]), ..full.clone() },
        ReleaseContextRow { terms: Some(digest(2)), ..full.clone() },
        ReleaseContextRow { lane: Lane::Flash, ..full.clone() },
        ReleaseContextRow { dst: node(2), ..full },
    ];
    let ids = write(store, |work| {
        let ids =
            kinds.iter().map(|row| work.put_release_context(row)).collect::<Result<Vec<_>>>()?;
        for (row, id) in kinds.iter().zip(&ids) {
            assert_eq!(work.put_release_context(row)?, *id, "same content, same number");
        }
        Ok(ids)
    })?;
    read(store, |work| {
        for (row, id) in kinds.iter().zip(ids) {
            assert_eq!(work.release_context(id)?.as_ref(), Some(row));
        }
        assert_eq!(work.release_context(9_999)?, None);
        Ok(())
    })?;

    let wrap = ContextRow { peer: node(1), id: bare.wc, frame: vec![3; 1_200], at: at(5) };
    write(store, |work| {
        work.put_wrap_context(&wrap)?;
        work.put_wrap_context(&ContextRow { at: at(6), ..wrap.clone() })
    })?;
    read(store, |work| {
        assert_eq!(work.wrap_context(node(1), bare.wc)?, Some(wrap), "as it was first seen");
        assert_eq!(work.wrap_context(node(2), bare.wc)?, None);
        Ok(())
    })
}

fn refused_and_early(store: &impl Store) -> Result<()> {
    let refused = |seq, code| QuarantineRow {
        src: node(1),
        lane: Lane::Flash,
        seq,
        code,
        at: at(1),
        evidence: vec![9; 10],
    };
    write(store, |work| {
        for seq in [4, 5, 9] {
            work.put_early(node(1), Lane::Flash, seq, b"frames")?;
        }
        work.put_early(node(1), Lane::Flash, 5, b"again")?;
        assert_eq!(work.early_count(node(1), Lane::Flash)?, 3);
        assert_eq!(work.early_count(node(1), Lane::Routine)?, 0);
        assert_eq!(work.early(node(1), Lane::Flash, 5)?, Some(b"again".to_vec()));
        assert_eq!(work.early(node(1), Lane::Flash, 6)?, None);
        work.trim_early(node(1), Lane::Flash, 5)?;
        assert_eq!(work.early_count(node(1), Lane::Flash)?, 1);

        work.put_quarantine(&refused(1, 3))?;
        work.put_quarantine(&refused(2, 3))?;
        work.put_quarantine(&refused(1, 4))?;
        work.put_quarantine(&QuarantineRow { at: at(99), ..refused(1, 3) })
    })?;
    read(store, |work| {
        assert_eq!(work.quarantine(9)?, [refused(1, 4), refused(2, 3), refused(1, 3)]);
        assert_eq!(work.quarantine(1)?, [refused(1, 4)]);
        let bytes = [work.quarantine_bytes(node(1))?, work.quarantine_bytes(node(9))?];
        assert_eq!(bytes, [30, 0], "the evidence of one partner");
        Ok(())
    })?;

    write(store, |work| {
        for upto in [9, 3, 3] {
            work.put_receipt(node(1), Lane::Flash, upto, &[u8::try_from(upto).unwrap_or(0)])?;
        }
        work.put_receipt(node(1), Lane::Flash, 3, b"another")
    })?;
    read(store, |work| {
        // The first that reaches so far, as it first came.
        assert_eq!(work.receipt(node(1), Lane::Flash, 1)?, Some((3, vec![3])));
        assert_eq!(work.receipt(node(1), Lane::Flash, 3)?, Some((3, vec![3])));
        assert_eq!(work.receipt(node(1), Lane::Flash, 4)?, Some((9, vec![9])));
        assert_eq!(work.receipt(node(1), Lane::Flash, 10)?, None);
        assert_eq!(work.receipt(node(1), Lane::Routine, 1)?, None);
        assert_eq!(work.receipt(node(2), Lane::Flash, 1)?, None);
        Ok(())
    })
}

fn other_logs(store: &impl Store) -> Result<()> {
    let row = |size, root, cosigned| PeerLogRow {
        size,
        root: digest(root),
        note: vec![1; 9],
        at: at(3),
        cosigned,
    };
    let conflict = Err(StoreError::Conflict("the partner's log"));
    write(store, |work| {
        assert_eq!(work.peer_log("b")?, None);
        work.put_peer_log("b", &row(5, 1, false))?;
        work.put_peer_log("b", &row(5, 1, true))?;
        work.put_peer_log("a", &row(2, 2, false))
    })?;
    assert_eq!(write(store, |work| work.put_peer_log("b", &row(4, 1, false))), conflict);
    assert_eq!(write(store, |work| work.put_peer_log("b", &row(5, 7, false))), conflict);
    write(store, |work| work.put_peer_log("b", &row(6, 3, false)))?;
    read(store, |work| {
        assert_eq!(work.peer_log("b")?, Some(row(6, 3, false)));
        let all = [("a".to_owned(), row(2, 2, false)), ("b".to_owned(), row(6, 3, false))];
        assert_eq!(work.peer_logs()?, all);
        Ok(())
    })?;

    write(store, |work| {
        assert_eq!(work.note_root("a", 1, digest(1))?, None);
        assert_eq!(work.note_root("a", 1, digest(1))?, Some(digest(1)));
        assert_eq!(work.note_root("a", 1, digest(2))?, Some(digest(1)), "the first one stays");
        assert_eq!(work.root_seen("b", 1)?, None);
        assert_eq!(work.note_root("b", 1, digest(2))?, None, "another log");
        assert_eq!(work.root_seen("b", 1)?, Some(digest(2)));
        // A flood forgets what is old of that log, and nothing of the others.
        for size in 0..1_100 {
            work.note_root("a", 10 + size, digest(3))?;
        }
        assert_eq!(work.note_root("a", 10 + 1_099, digest(3))?, Some(digest(3)));
        assert_eq!(work.note_root("a", 1, digest(4))?, None);
        assert_eq!(work.note_root("b", 1, digest(4))?, Some(digest(2)));
        Ok(())
    })
}

fn own_object(byte: u8) -> ObjectRow {
    ObjectRow {
        position: 0,
        oid: oid(byte),
        nation: nation(1),
        state: 1,
        object_type: "vessel_track".to_owned(),
        media_type: "application/stix+json".to_owned(),
        marking: "SECRET//REL TO XAR, XBE".to_owned(),
        class: 3,
        bytes: 1_234,
        body: BodyDigest::from_array([byte; 32]),
        at: at(77),
        leaf: Some(4),
        source: None,
        terms: None,
        delete_at: None,
        evidence: None,
        agencies: vec!["COAST-GUARD".to_owned()],
        released_to: vec!["XBE".to_owned()],
    }
}

fn received_object(byte: u8, delete_at: u64) -> ObjectRow {
    ObjectRow {
        nation: nation(2),
        leaf: None,
        source: Some((node(2), Lane::Priority, 12)),
        terms: Some(vec![6; 400]),
        delete_at: Some(at(delete_at)),
        evidence: Some(vec![7; 900]),
        ..own_object(byte)
    }
}

#[expect(clippy::many_single_char_names, reason = "objects that differ only in their place")]
fn objects(store: &impl Store) -> Result<()> {
    let rows = [
        own_object(1),
        received_object(2, 500),
        received_object(3, 100),
        own_object(4),
        received_object(5, 300),
    ];
    write(store, |work| {
        assert_eq!(work.object_counts()?, (0, 0));
        for row in &rows {
            assert!(work.put_object(row, &[row.class; 2_000])?);
        }
        assert_eq!(work.object_counts()?, (2, 3), "a unit of work counts what it adds");
        assert!(!work.put_object(&own_object(1), b"other")?, "held already");
        assert_eq!(work.object_counts()?, (2, 3));
        Ok(())
    })?;
    let lost: Result<()> = write(store, |work| {
        work.put_object(&own_object(8), b"lost")?;
        Err(StoreError::Conflict("the test"))
    });
    assert!(lost.is_err());

    let unplaced = |found: &[ObjectRow]| -> Vec<ObjectRow> {
        found.iter().map(|row| ObjectRow { position: 0, ..row.clone() }).collect()
    };
    let [a, b, c, d, e] = rows;
    read(store, |work| {
        assert_eq!(work.object_counts()?, (2, 3));
        let found = work.object(oid(3))?;
        assert_eq!(unplaced(found.as_slice()), std::slice::from_ref(&c));
        assert_eq!(work.object(oid(8))?, None);
        assert_eq!(work.body(oid(1))?, Some(vec![3; 2_000]));
        assert_eq!(work.body(oid(8))?, None);

        let all = work.objects(None, 9, None)?;
        assert_eq!(unplaced(&all), [e.clone(), d.clone(), c.clone(), b.clone(), a.clone()]);
        assert!(all.is_sorted_by(|x, y| x.position > y.position));
        let first = work.objects(None, 2, None)?;
        let next = work.objects(first.last().map(|row| row.position), 2, None)?;
        assert_eq!(unplaced(&next), [c.clone(), b.clone()], "the next page");
        assert_eq!(unplaced(&work.objects(None, 9, Some(true))?), [d.clone(), a.clone()]);
        let received = work.objects(first.last().map(|row| row.position), 9, Some(false))?;
        assert_eq!(unplaced(&received), [c.clone(), b.clone()]);

        assert_eq!(work.objects_due(at(99), 9)?, []);
        assert_eq!(unplaced(&work.objects_due(at(300), 9)?), [c.clone(), e.clone()]);
        assert_eq!(work.objects_due(at(999), 1)?.len(), 1);
        Ok(())
    })?;

    write(store, |work| {
        work.set_object_state(oid(3), 6)?;
        work.set_object_state(oid(99), 6)?;
        work.drop_body(oid(3))?;
        work.drop_body(oid(3))?;
        work.drop_body(oid(99))
    })?;
    read(store, |work| {
        assert_eq!(work.body(oid(3))?, None);
        assert_eq!(work.object(oid(3))?.map(|row| row.state), Some(6), "what was, is remembered");
        assert_eq!(work.object_counts()?, (2, 2), "only what is held counts");
        let marked = work.object_counts_to(3)?;
        let of = |own| marked.iter().filter(|m| m.own == own).map(|m| m.count).sum::<u64>();
        assert_eq!((of(true), of(false)), (2, 2));
        assert!(marked.iter().all(|m| m.marking == a.marking), "{marked:?}");
        let whole = |m: &MarkedCount| m.agencies == a.agencies && m.released_to == a.released_to;
        assert!(marked.iter().all(|m| whole(m) && m.state == a.state), "{marked:?}");
        assert_eq!(work.object_counts_to(2)?, [], "and only what is below it");
        assert_eq!(unplaced(&work.objects_due(at(300), 9)?), [e], "deleted is not due again");
        Ok(())
    })?;
    write(store, |work| {
        assert!(!work.put_object(&c, b"back again")?, "what was deleted does not come back");
        assert_eq!(work.body(oid(3))?, None);
        Ok(())
    })?;
    at_home(store)
}

/// What agencies of one nation share with each other.
fn at_home(store: &impl Store) -> Result<()> {
    let both = ["CERT-A".to_owned(), "COAST-GUARD".to_owned()];
    let row = |byte: u8, agency: &str, delete_at: Option<u64>| AtHomeRow {
        oid: oid(byte),
        agency: agency.to_owned(),
        giver: "COAST-GUARD".to_owned(),
        terms: vec![byte; 40],
        leaf: 7,
        at: at(80),
        delete_at: delete_at.map(at),
        ended: None,
    };
    let rows = [row(1, "CERT-A", Some(500)), row(1, "FIU-A", None), row(4, "CERT-A", Some(400))];
    write(store, |work| {
        for row in &rows {
            work.put_at_home(row)?;
        }
        work.set_released_to(oid(1), &[])?;
        work.set_agencies(oid(1), &both)?;
        work.set_agencies(oid(99), &both)
    })?;
    let [first, second, third] = rows;
    read(store, |work| {
        let row = work.object(oid(1))?.map(|row| (row.agencies, row.released_to));
        assert_eq!(row, Some((both.to_vec(), Vec::new())));
        let marked = work.object_counts_to(3)?;
        let shared: Vec<_> = marked.iter().filter(|m| m.agencies == both).collect();
        assert_eq!(shared.iter().map(|m| m.count).sum::<u64>(), 1, "{marked:?}");
        assert_eq!(work.at_home(oid(1))?, [first.clone(), second.clone()]);
        assert_eq!(work.at_home(oid(2))?, []);
        assert_eq!(work.at_home_due(at(399), 9)?, []);
        assert_eq!(work.at_home_due(at(500), 9)?, [third.clone(), first.clone()]);
        assert_eq!(work.at_home_due(at(500), 1)?, std::slice::from_ref(&third));
        Ok(())
    })?;
    write(store, |work| {
        work.end_at_home(oid(4), "CERT-A", at(401))?;
        work.end_at_home(oid(4), "CERT-A", at(999))?;
        work.end_at_home(oid(4), "NOBODY", at(401))
    })?;
    read(store, |work| {
        assert_eq!(work.at_home_due(at(500), 9)?, [first]);
        let ended = AtHomeRow { ended: Some(at(401)), ..third.clone() };
        assert_eq!(work.at_home(oid(4))?, [ended], "it ended once");
        Ok(())
    })?;
    write(store, |work| work.put_at_home(&third))?;
    read(store, |work| {
        assert_eq!(work.at_home(oid(4))?, [third], "shared anew");
        Ok(())
    })
}

fn recalls(store: &impl Store) -> Result<()> {
    let recall = |byte, class| RecallRow {
        oid: oid(byte),
        nation: nation(1),
        own: true,
        class,
        basis: "source at risk".to_owned(),
        at: at(1),
        deadline: at(2),
    };
    let foreign = RecallRow { nation: nation(2), own: false, ..recall(1, 1) };
    let awaited = EffectRow {
        oid: oid(1),
        node: node(1),
        nation: nation(1),
        status: None,
        at: None,
        effect: None,
    };
    let done =
        EffectRow { status: Some(2), at: Some(at(9)), effect: Some(vec![1]), ..awaited.clone() };
    let other = EffectRow { node: node(2), ..awaited.clone() };
    let consent = ConsentRow {
        oid: oid(1),
        from: nation(1),
        to: nation(2),
        granted: false,
        until: at(5),
        evidence: vec![4],
    };
    write(store, |work| {
        work.put_recall(&recall(1, 2))?;
        work.put_recall(&recall(2, 0))?;
        work.put_recall(&recall(1, 3))?;
        work.put_recall(&foreign)?;
        work.put_effect(&awaited)?;
        work.put_effect(&other)?;
        work.put_effect(&done)?;
        work.put_consent(&consent)?;
        work.put_consent(&ConsentRow { granted: true, ..consent.clone() })
    })?;
    read(store, |work| {
        assert_eq!(work.recalls(9)?, [foreign.clone(), recall(2, 0), recall(1, 3)]);
        assert_eq!(work.recalls(1)?.len(), 1);
        assert_eq!(work.recall(oid(1), nation(1))?, Some(recall(1, 3)));
        assert_eq!(work.recall(oid(1), nation(2))?, Some(foreign), "one does not hide another");
        assert_eq!(work.recall(oid(7), nation(1))?, None);
        assert_eq!(work.effects(oid(1))?, [done, other]);
        assert_eq!(work.effects(oid(2))?, []);
        assert_eq!(work.consents(oid(1))?, [ConsentRow { granted: true, ..consent }]);
        assert_eq!(work.consents(oid(2))?, []);
        Ok(())
    })
}

fn asks(store: &impl Store) -> Result<()> {
    let ask = |byte: u8, ours| AskRow {
        id: 0,
        oid: oid(byte),
        ours,
        peer: node(byte),
        to: nation(3),
        request: vec![1],
        plan: vec![2],
        state: "waiting".to_owned(),
        at: at(8),
    };
    let (first, second) =
        write(store, |work| Ok((work.put_ask(&ask(1, true))?, work.put_ask(&ask(2, false))?)))?;
    assert!(second > first);
    write(store, |work| work.set_ask(first, "granted"))?;
    let granted = AskRow { id: first, state: "granted".to_owned(), ..ask(1, true) };
    let waiting = AskRow { id: second, ..ask(2, false) };
    assert_eq!(read(store, |work| work.asks())?, [waiting, granted]);
    Ok(())
}

fn peers(store: &impl Store) -> Result<()> {
    let code = |text: &str| text.parse().map_err(|_| StoreError::Damaged("nation code"));
    let peer = |byte, code| PeerRow {
        nation: nation(byte),
        code,
        name: "Arland".to_owned(),
        status: "introduced".to_owned(),
        endpoint: None,
        at: at(1),
        heard: None,
    };
    let (xar, xbe) = (peer(1, code("XAR")?), peer(2, code("XBE")?));
    let accepted = PeerRow {
        status: "accepted".to_owned(),
        endpoint: Some("https://xar.example".to_owned()),
        heard: Some(at(6)),
        ..xar.clone()
    };
    write(store, |work| {
        work.put_peer(&xbe)?;
        work.put_peer(&xar)?;
        work.put_peer(&accepted)?;
        for seq in 0..3 {
            work.put_statement(nation(1), seq, &[b's', u8::try_from(seq).unwrap_or(0)])?;
        }
        work.put_statement(nation(2), 0, b"other")?;
        work.put_statement(nation(1), 2, &[b's', 2])
    })?;
    assert_eq!(
        write(store, |work| work.put_statement(nation(1), 2, b"fork")),
        Err(StoreError::Conflict("the identity chain"))
    );
    read(store, |work| {
        assert_eq!(work.peers()?, [accepted, xbe]);
        assert_eq!(work.statements(nation(1), 1)?, [b"s\x01", b"s\x02"]);
        assert_eq!(work.statements(nation(9), 0)?, Vec::<Vec<u8>>::new());
        Ok(())
    })
}

fn policy(store: &impl Store) -> Result<()> {
    let agreement = |byte, code: &str, status: &str| AgreementRow {
        id: AgreementId::from_array([byte; 32]),
        code: code.to_owned(),
        text: b"# Articles".to_vec(),
        status: status.to_owned(),
        at: at(1),
        offered_by: (byte == 1).then(|| nation(4)),
        offered_at: (byte == 1).then(|| at(5)),
        counters: (byte == 1).then(|| AgreementId::from_array([2; 32])),
    };
    let law = |byte, code: &str, active| LawRow {
        id: LawId::from_array([byte; 32]),
        code: code.to_owned(),
        text: b"# Law".to_vec(),
        active,
        at: at(2),
    };
    let (b, a) = (agreement(1, "B", "in_force"), agreement(2, "A", "draft"));
    let signature =
        SignatureRow { agreement: b.id, nation: nation(1), statement: vec![1], at: at(3) };
    let (active, proposed, unwanted) =
        (law(1, "XAR-1", true), law(2, "XAR-2", true), law(3, "XAR-3", false));
    let act = |number, act: &str, party, ends| AgreementActRow {
        agreement: b.id,
        nation: nation(1),
        number,
        act: act.to_owned(),
        party,
        at: at(4),
        ends,
        reason: "why".to_owned(),
    };
    let (suspended, noticed) =
        (act(1, "suspend", Some(nation(2)), None), act(2, "notice", None, Some(at(9))));
    write(store, |work| {
        work.put_agreement_act(&noticed)?;
        work.put_agreement_act(&suspended)?;
        // The first word of a number stays.
        work.put_agreement_act(&act(1, "resume", None, None))?;
        work.put_agreement(&agreement(1, "B", "draft"))?;
        work.put_agreement(&b)?;
        work.put_agreement(&a)?;
        work.put_signature(&signature)?;
        work.put_activation(b.id, nation(2), 7)?;
        work.put_activation(b.id, nation(1), 8)?;
        work.put_activation(b.id, nation(1), 9)?;
        work.put_law(&active)?;
        work.put_law(&LawRow { active: false, ..proposed.clone() })?;
        work.put_law(&proposed)?;
        work.put_law(&unwanted)?;
        work.drop_law(unwanted.id)?;
        work.drop_law(active.id)
    })?;
    read(store, |work| {
        assert_eq!(work.agreements()?, [a.clone(), b.clone()]);
        assert_eq!(work.signatures(b.id)?, [signature]);
        assert_eq!(work.signatures(a.id)?, []);
        assert_eq!(work.activations(b.id)?, [nation(1), nation(2)]);
        assert_eq!(work.activations(a.id)?, []);
        assert_eq!(work.activation_leaf(b.id, nation(1))?, Some(8), "the first one stays");
        assert_eq!(work.activation_leaf(a.id, nation(1))?, None);
        assert_eq!(work.agreement_acts(b.id)?, [suspended.clone(), noticed.clone()]);
        assert_eq!(work.agreement_acts(a.id)?, []);
        assert_eq!(work.laws()?, [active, proposed], "a law in force is not forgotten");
        Ok(())
    })
}

fn facts(store: &impl Store) -> Result<()> {
    let fact = |byte: u8, until: u64| FactRow {
        id: Digest::from_array([byte; 32]),
        asserted: vec![byte; 20],
        until: Timestamp::from_millis(until),
        leaf: byte.into(),
        revoked: None,
        lapse_told: false,
        source: None,
        evidence: None,
        told_to: Vec::new(),
    };
    let a = fact(1, 100);
    let b = FactRow { source: Some(nation(2)), evidence: Some(vec![3; 900]), ..fact(2, 200) };
    write(store, |work| {
        work.put_fact(&a)?;
        work.put_fact(&b)
    })?;
    let at = Timestamp::from_millis;
    read(store, |work| {
        assert_eq!(work.fact(a.id)?, Some(a.clone()));
        assert_eq!(work.fact(Digest::from_array([9; 32]))?, None);
        assert_eq!(work.facts_standing(at(99))?, [a.clone(), b.clone()]);
        assert_eq!(work.facts_standing(at(100))?, slice::from_ref(&b));
        assert_eq!(work.facts_lapsed(at(100))?, slice::from_ref(&a));
        assert_eq!(work.facts(1)?, slice::from_ref(&b));
        Ok(())
    })?;

    // Withdrawn, it stands no more, and people are told once.
    let gone = FactRow { revoked: Some((at(50), "eva".into(), "wrong".into())), ..b.clone() };
    let told_to = vec!["XBR".to_owned()];
    let told = FactRow { lapse_told: true, told_to, ..a.clone() };
    write(store, |work| {
        work.put_fact(&gone)?;
        work.put_fact(&told)
    })?;
    read(store, |work| {
        assert_eq!(work.facts_standing(at(50))?, slice::from_ref(&told));
        assert_eq!(work.facts_lapsed(at(100))?, slice::from_ref(&gone));
        Ok(())
    })?;

    let used = |first, last, nation: u8| FactUseRow {
        fact: a.id,
        nation: NationId::from_array([nation; 32]),
        inputs: Digest::from_array([7; 32]),
        first,
        last,
    };
    write(store, |work| {
        for row in [used(3, 5, 1), used(3, 5, 2), used(9, 9, 1)] {
            work.put_fact_use(&row)?;
            work.put_fact_use(&row)?;
        }
        Ok(())
    })?;
    read(store, |work| {
        assert_eq!(work.fact_uses(a.id, 2)?, [used(9, 9, 1), used(3, 5, 1)]);
        assert_eq!(work.fact_uses(b.id, 9)?, []);
        Ok(())
    })
}

fn event(kind: &str, millis: u64) -> EventRow {
    EventRow {
        seq: 0,
        at: at(millis),
        kind: kind.to_owned(),
        oid: None,
        nation: None,
        text: "something".to_owned(),
        detail: String::new(),
    }
}

fn journal(store: &impl Store) -> Result<()> {
    let kinds = ["received", "alarm", "received", "link"];
    let seqs = write(store, |work| {
        let put = |(kind, millis)| {
            work.put_event(&EventRow {
                oid: Some(oid(1)),
                nation: Some(nation(1)),
                detail: "{\"lane\":0}".to_owned(),
                ..event(kind, millis)
            })
        };
        kinds.into_iter().zip(1..).map(put).collect::<Result<Vec<_>>>()
    })?;
    let [a, b, c, d] = *seqs.as_slice() else {
        return Err(StoreError::Damaged("event"));
    };
    assert!(seqs.is_sorted_by(|x, y| x < y));
    let numbers = |rows: Vec<EventRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    read(store, |work| {
        assert_eq!(numbers(work.events_after(a, 2)?), [b, c]);
        assert_eq!(numbers(work.events_after(d, 9)?), Vec::<i64>::new());
        assert_eq!(numbers(work.events(None, None, 2)?), [d, c]);
        assert_eq!(numbers(work.events(None, Some(c), 9)?), [b, a]);
        assert_eq!(numbers(work.events(Some("received"), None, 9)?), [c, a]);
        assert_eq!(numbers(work.events(Some("received"), Some(c), 9)?), [a]);
        let first = EventRow {
            seq: a,
            oid: Some(oid(1)),
            nation: Some(nation(1)),
            detail: "{\"lane\":0}".to_owned(),
            ..event("received", 1)
        };
        assert_eq!(work.events_after(0, 1)?, [first]);
        assert_eq!(work.setting("none")?, None);
        Ok(())
    })
}

/// What a partner may say must not bend what we keep.
fn extremes(store: &impl Store) -> Result<()> {
    let for_ever = ObjectRow { delete_at: Some(at(u64::MAX)), ..received_object(60, 0) };
    write(store, |work| work.put_object(&for_ever, b""))?;
    let due = read(store, |work| work.objects_due(at(u64::MAX / 4), 99))?;
    assert!(due.iter().all(|row| row.oid != oid(60)), "for ever is not yesterday");
    assert_eq!(read(store, |work| work.body(oid(60)))?, Some(Vec::new()));

    let absurd = LaneInRow { announced: u64::MAX, ..LaneInRow::default() };
    let refused = write(store, |work| work.put_lane_in(node(60), Lane::Flash, &absurd));
    assert!(matches!(refused, Err(StoreError::Engine(_))), "{refused:?}");
    assert_eq!(read(store, |work| work.lane_in(node(60), Lane::Flash))?, LaneInRow::default());
    assert_eq!(read(store, |work| work.leaves(0, u64::MAX))?.len(), 8);
    Ok(())
}
