use entente_model::item::{Lane, LaneAck, NackCode};
use proptest::prelude::*;

use super::*;
use crate::fixture::header;

fn digest(byte: u8) -> entente_model::Digest {
    entente_model::Digest::from_array([byte; 32])
}

fn small_bundle() -> Vec<u8> {
    let mut w = BundleWriter::new(&header());
    w.frame(FrameType::Checkpoint, b"note")
        .value(FrameType::Multiproof, &Multiproof { size: 9, hashes: vec![digest(1)] })
        .frame(FrameType::Pad, &[0; 300]);
    assert_eq!(w.bytes(), w.clone().finish().len());
    w.finish()
}

#[test]
fn what_is_written_is_read() {
    let bytes = small_bundle();
    let bundle = parse(&bytes, Limits::default()).unwrap();
    assert_eq!(*bundle.header(), header());
    let types: Vec<FrameType> = bundle.frames().iter().map(|f| f.ftype).collect();
    assert_eq!(types, [FrameType::Checkpoint, FrameType::Multiproof, FrameType::Pad]);
    assert_eq!(bundle.frames()[0].decode(), Ok(Frame::Checkpoint(b"note")));
}

#[test]
fn no_truncation_and_no_flipped_bit_is_taken() {
    let bytes = small_bundle();
    for len in 0..bytes.len() {
        assert!(parse(&bytes[..len], Limits::default()).is_err(), "cut at {len}");
    }
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(parse(&flipped, Limits::default()).is_err(), "bit {at}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(parse(&longer, Limits::default()), Err(BundleError::Framing(_))));
}

#[test]
fn limits_come_before_anything_else() {
    let bytes = small_bundle();
    let tight = Limits { bytes_max: bytes.len() - 1, ..Limits::default() };
    assert!(matches!(parse(&bytes, tight), Err(BundleError::TooLong { .. })));
    let few = Limits { frames_max: 2, ..Limits::default() };
    assert_eq!(parse(&bytes, few), Err(BundleError::TooManyFrames { max: 2 }));
}

fn with_frame(ftype: u64) -> Vec<u8> {
    let mut w = Writer::new();
    w.raw(MAGIC).value(&header()).array(2).uint(ftype).bytes(b"later");
    let before = w.clone().into_bytes();
    w.array(2).uint(TRAILER).bytes(&sha256_parts(&[&before]));
    w.into_bytes()
}

#[test]
fn unknown_frames_are_skipped_below_128_and_refused_above() {
    for ftype in [6, 12, 13, 18, 127] {
        assert!(parse(&with_frame(ftype), Limits::default()).unwrap().frames().is_empty());
    }
    for ftype in [128, 1 << 40] {
        let refused = Err(BundleError::UnknownFrame { ftype });
        assert_eq!(parse(&with_frame(ftype), Limits::default()), refused);
    }
}

#[test]
fn a_part_beyond_the_last_is_refused() {
    let wrong = Header { part: 1, ..header() };
    assert!(Header::from_bytes(&wrong.to_bytes()).is_err());
}

/// One valid body of every frame type.
fn samples() -> Vec<(FrameType, Vec<u8>)> {
    let opening = entente_model::item::Opening {
        index: 300,
        k: 3,
        slot: 5,
        path: vec![digest(1), digest(2), digest(3)],
        r: [4; 32],
        entry: b"entry".to_vec(),
    };
    let wc = entente_model::item::WrapContext {
        kind: 0,
        info: vec![1; 40],
        enc: vec![2; 30],
        kem_key: entente_model::KeyId::from_array([5; 32]),
        not_before: Timestamp::from_millis(1),
        not_after: Timestamp::from_millis(2),
    };
    let ack = entente_model::item::Ack {
        lanes: [LaneAck { seq: 70_000, credit: 3 }; 4],
        retry_after_ms: 10,
        chain_seen: (4, digest(6)),
        log_seen: 77,
        gossip: vec![],
    };
    let nack = entente_model::item::Nack {
        lane: Lane::Priority,
        seq: 25,
        code: NackCode::Oid,
        evidence: Some(digest(7)),
    };
    let basis = entente_model::item::Basis {
        policy_epoch: digest(8),
        agreements: vec![entente_model::AgreementId::from_array([9; 32])],
        assurance: 1,
    };
    let evidence = entente_ledger::evidence::Evidence {
        note: b"note".to_vec(),
        leaf_index: 300,
        path: vec![digest(1)],
        opening: opening.clone(),
    };
    let item = ItemFrame { opening, wrapped: [6; 48], ct: b"sealed" };
    let wc_id = entente_model::WrapContextId::from_array([1; 16]);
    let nation = crate::fixture::nation(2);
    let grant = GrantFrame { decision: evidence.clone(), control: vec![1], object: evidence };
    let fork = ForkFrame { kind: ForkKind::Chain, nation, one: vec![1], other: vec![2; 300] };
    vec![
        (FrameType::Checkpoint, b"a note".to_vec()),
        (
            FrameType::Consistency,
            Consistency { from: 3, to: 1 << 33, hashes: vec![digest(3)] }.to_bytes(),
        ),
        (FrameType::Multiproof, Multiproof { size: 24, hashes: vec![digest(3); 30] }.to_bytes()),
        (FrameType::WrapCtx, wc.to_bytes()),
        (FrameType::Item, item.to_bytes()),
        (
            FrameType::Chain,
            ChainFrame { nation, statements: vec![vec![1], vec![2; 30]] }.to_bytes(),
        ),
        (FrameType::Ack, ack.to_bytes()),
        (FrameType::Nack, nack.to_bytes()),
        (FrameType::Cosig, Cosig { size: 24, lines: b"lines".to_vec() }.to_bytes()),
        (FrameType::Fork, fork.to_bytes()),
        (FrameType::Pad, vec![0; 3]),
        (FrameType::Basis, basis.to_bytes()),
        (
            FrameType::Terms,
            TermsFrame { wc: wc_id, digest: digest(1), sealed: b"sealed" }.to_bytes(),
        ),
        (FrameType::Grant, grant.to_bytes()),
    ]
}

fn encoded(frame: &Frame<'_>) -> Option<Vec<u8>> {
    Some(match frame {
        Frame::Checkpoint(note) => note.to_vec(),
        Frame::Consistency(x) => x.to_bytes(),
        Frame::Multiproof(x) => x.to_bytes(),
        Frame::WrapCtx(x) => x.to_bytes(),
        Frame::Item(x) => x.to_bytes(),
        Frame::Chain(x) => x.to_bytes(),
        Frame::Ack(x) => x.to_bytes(),
        Frame::Nack(x) => x.to_bytes(),
        Frame::Cosig(x) => x.to_bytes(),
        Frame::Fork(x) => x.to_bytes(),
        Frame::Basis(x) => x.to_bytes(),
        Frame::Terms(x) => x.to_bytes(),
        Frame::Grant(x) => x.to_bytes(),
        // Padding has no meaning to keep.
        Frame::Pad => return None,
    })
}

#[test]
fn every_frame_type_round_trips() {
    let samples = samples();
    let types: Vec<FrameType> = samples.iter().map(|(t, _)| *t).collect();
    assert_eq!(types, FrameType::ALL);
    for (ftype, body) in &samples {
        let frame = RawFrame { ftype: *ftype, body }.decode().unwrap();
        assert_eq!(encoded(&frame).as_ref().unwrap_or(body), body, "{ftype:?}");
        assert_eq!(FrameType::from_code(ftype.code().into()), Some(*ftype));
        assert_eq!(small_frame(*ftype, body), frame_bytes(*ftype, body.len()));
    }
}

fn small_frame(ftype: FrameType, body: &[u8]) -> usize {
    let empty = BundleWriter::new(&header()).finish().len();
    let mut w = BundleWriter::new(&header());
    w.frame(ftype, body);
    w.finish().len() - empty
}

proptest! {
    /// I10: whatever is accepted encodes to exactly what it was read from.
    #[test]
    fn a_damaged_body_is_refused_or_reads_as_what_it_says(
        which in 0..14_usize,
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (ftype, mut body) = samples().swap_remove(which);
        let i = at.index(body.len());
        body[i] = value;
        for body in [&body[..], &body[..cut.index(body.len() + 1)]] {
            if let Ok(frame) = (RawFrame { ftype, body }).decode() {
                prop_assert!(encoded(&frame).is_none_or(|bytes| bytes == body));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let behind_magic = [MAGIC.as_slice(), &bytes].concat();
        prop_assert!(parse(&behind_magic, Limits::default()).is_err());
        for ftype in FrameType::ALL {
            let _ = (RawFrame { ftype: *ftype, body: &bytes }).decode();
        }
    }

    #[test]
    fn frames_of_any_size_round_trip(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..6),
    ) {
        let mut w = BundleWriter::new(&header());
        for body in &bodies {
            w.frame(FrameType::Pad, body);
        }
        let promised = w.bytes();
        let bytes = w.finish();
        prop_assert_eq!(promised, bytes.len());
        let bundle = parse(&bytes, Limits::default()).unwrap();
        let read: Vec<&[u8]> = bundle.frames().iter().map(|f| f.body).collect();
        prop_assert_eq!(read, bodies);
    }
}
