//! Witnessing: recorded exchanges, every answer, and cosignatures that count only together.

use entente_ledger::checkpoint::{Checkpoint, CheckpointError};
use entente_ledger::note::{Note, SignatureKind, key_id};
use entente_ledger::proof::consistency;
use entente_ledger::tile::root_at;
use entente_ledger::tree::empty_root;
use entente_ledger::witness::{
    AddCheckpoint, KnownLog, KnownLogs, LogCheck, PROOF_LINES_MAX, Verdict, cosign, decide,
    verify_cosignatures,
};
use entente_model::{Digest, Timestamp};
use entente_seal::sign::verify_ed25519;
use proptest::prelude::*;

use crate::support::{NOW, ORIGIN, checkpoint_of, json_lines, log_key, log_of, signed};

const WITNESS: &str = "ent1/test/witness";

/// A log of the kind that signs with Ed25519 alone.
struct Classical {
    origin: String,
    key: [u8; 32],
}

impl KnownLogs for Classical {
    fn check(&self, note: &Note, checkpoint: &Checkpoint) -> LogCheck {
        if checkpoint.origin != self.origin {
            return LogCheck::UnknownLog;
        }
        let id = key_id(&self.origin, SignatureKind::Ed25519, &self.key);
        let mut signatures =
            note.signatures().iter().filter(|l| l.name == self.origin && l.key_id == id).peekable();
        let text = note.text().as_bytes();
        if signatures.peek().is_some()
            && signatures.all(|line| verify_ed25519(&self.key, text, &line.signature))
        {
            LogCheck::Signed
        } else {
            LogCheck::NotSigned
        }
    }
}

#[test]
fn recorded_exchanges_are_answered_as_recorded() {
    let lines = json_lines("witness-exchanges.jsonl");
    let (head, exchanges) = lines.split_first().unwrap();
    let mut key = [0; 32];
    hex::decode_to_slice(head["log"]["ed25519_public_key_hex"].as_str().unwrap(), &mut key)
        .unwrap();
    let log = Classical { origin: head["log"]["origin"].as_str().unwrap().to_owned(), key };
    let mut known = None;
    for exchange in exchanges {
        let body = exchange["body"].as_str().unwrap();
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        let verdict = decide(&request, known, &log);
        // Recorded before the specification parted unknown logs (404) from bad signatures (403).
        let recorded = exchange["status"].as_u64().unwrap();
        let unknown = exchange["response_contains"][0] == "unknown log";
        let wanted = if unknown { 404 } else { recorded };
        assert_eq!(u64::from(verdict.status()), wanted, "{exchange}");
        if verdict == Verdict::Cosign {
            let new = request.checkpoint();
            known = Some((new.size, new.root));
        } else {
            assert!(verdict.body().contains(exchange["response_contains"][0].as_str().unwrap()));
        }
    }
    assert_eq!(known.unwrap().0, 3);
}

fn request(old: u64, size: u64) -> AddCheckpoint {
    let (tiles, root) = log_of(size);
    let proof = consistency(&tiles, old.min(size), size).unwrap();
    let note = Note::parse(signed(&log_key(1), size, root).as_bytes()).unwrap();
    AddCheckpoint::new(old, proof, note).unwrap()
}

fn check(request: &AddCheckpoint, known: Option<(u64, Digest)>, status: u16) -> Verdict {
    let key = log_key(1).public();
    let verdict = decide(request, known, &KnownLog { origin: ORIGIN, key: &key });
    assert_eq!(verdict.status(), status, "{verdict:?}");
    verdict
}

#[test]
fn every_answer_of_the_specification() {
    let at = |size| Some((size, log_of(size).1));
    check(&request(0, 0), None, 200);
    check(&request(0, 40), None, 200);
    check(&request(17, 40), at(17), 200);
    check(&request(40, 40), at(40), 200);
    check(&request(41, 40), at(41), 400);
    assert_eq!(check(&request(0, 40), at(17), 409).body(), "17\n");
    assert_eq!(check(&request(17, 40), None, 409).body(), "0\n");

    let other = Some((17, empty_root()));
    check(&request(17, 40), other, 422);
    check(&request(40, 40), Some((40, empty_root())), 422);
    let proof = request(17, 40).proof().to_vec();
    let spoiled = AddCheckpoint::new(0, proof.clone(), request(0, 40).note().clone()).unwrap();
    check(&spoiled, None, 422);
    let spoiled = AddCheckpoint::new(40, proof, request(0, 40).note().clone()).unwrap();
    check(&spoiled, at(40), 422);
    // A checkpoint of nothing with the root of something.
    let note = Note::parse(signed(&log_key(1), 0, log_of(1).1).as_bytes()).unwrap();
    check(&AddCheckpoint::new(0, vec![], note).unwrap(), None, 422);

    let note = Note::parse(signed(&log_key(2), 40, log_of(40).1).as_bytes()).unwrap();
    check(&AddCheckpoint::new(0, vec![], note).unwrap(), None, 403);
    let whole = request(0, 40).note().clone();
    let half = Note::new(whole.text().to_owned(), whole.signatures()[..1].to_vec());
    check(&AddCheckpoint::new(0, vec![], half).unwrap(), None, 403);
    let key = log_key(1).public();
    let logs = KnownLog { origin: "another", key: &key };
    assert_eq!(decide(&request(0, 40), None, &logs).status(), 404);
}

#[test]
fn requests_have_one_form() {
    let good = request(17, 40);
    let text = good.to_string();
    assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(good.clone()));
    assert!(text.starts_with("old 17\n"));
    let hash = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let lines = |n: usize| format!("old 1\n{}\n{}", hash.repeat(n), good.note());
    let most = AddCheckpoint::parse(lines(PROOF_LINES_MAX).as_bytes()).unwrap();
    assert_eq!(most.proof().len(), PROOF_LINES_MAX);
    for wrong in [
        lines(PROOF_LINES_MAX + 1),
        text.replacen("old 17", "old 017", 1),
        text.replacen("old 17", "old  17", 1),
        text.replacen("old 17\n", "", 1),
        text.replacen("=\n", "\n", 1),
        "old 0\n".to_owned(),
        "old 0\n\n".to_owned(),
        "old 0\n\nlog\n1\n".to_owned(),
    ] {
        assert!(AddCheckpoint::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn cosignatures_count_only_together() {
    let key = log_key(9);
    let witness = key.public();
    let (tiles, root) = log_of(40);
    let note = Note::parse(signed(&log_key(1), 40, root).as_bytes()).unwrap();
    let checkpoint = checkpoint_of(40, root);
    let [classical, post_quantum] = cosign(&key, WITNESS, &checkpoint, NOW).unwrap();
    let seen = |note: Note| verify_cosignatures(&note, WITNESS, &witness).map(Timestamp::seconds);

    let both = note.clone().with([classical.clone(), post_quantum.clone()]);
    assert_eq!(seen(both.clone()), Some(NOW.seconds()));
    assert_eq!(seen(Note::parse(both.to_string().as_bytes()).unwrap()), Some(NOW.seconds()));
    assert_eq!(seen(note.clone()), None);
    assert_eq!(seen(note.clone().with([classical.clone()])), None);
    assert_eq!(seen(note.clone().with([post_quantum.clone()])), None);

    let later = NOW.plus_millis(60_000);
    let again = cosign(&key, WITNESS, &checkpoint, later).unwrap();
    assert_eq!(seen(both.clone().with(again.clone())), Some(later.seconds()));
    // Lines of two times are not one cosignature.
    assert_eq!(seen(note.clone().with([classical.clone(), again[1].clone()])), None);

    // A false line spoils the true ones; a cosignature of another tree or name is none.
    for line in [classical, post_quantum] {
        for byte in [7, 8, 60] {
            let mut wrong = line.clone();
            wrong.signature[byte] ^= 1;
            assert_eq!(seen(both.clone().with([wrong])), None);
        }
    }
    let smaller = checkpoint_of(39, root_at(&tiles, 39).unwrap());
    assert_eq!(seen(note.clone().with(cosign(&key, WITNESS, &smaller, NOW).unwrap())), None);
    assert_eq!(seen(note.clone().with(cosign(&key, "other", &checkpoint, NOW).unwrap())), None);
    assert_eq!(seen(note.with(cosign(&log_key(8), WITNESS, &checkpoint, NOW).unwrap())), None);
    let never = Timestamp::from_millis(999);
    assert_eq!(cosign(&key, WITNESS, &checkpoint, never), Err(CheckpointError::Time));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(text in "(old |\n|— |a|=|A|[0-9]| ){0,60}") {
        let _ = AddCheckpoint::parse(text.as_bytes());
    }
}
