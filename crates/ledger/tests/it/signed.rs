//! What only keys can show: checkpoints, forks, evidence.

use entente_ledger::checkpoint::{self, Checkpoint, CheckpointError, Line};
use entente_ledger::evidence::{Evidence, EvidenceError, TlogProof};
use entente_ledger::fork::{ForkError, ForkEvidence, verify_fork};
use entente_ledger::note::{Note, SignatureLine};
use entente_ledger::proof::{ProofError, inclusion};
use entente_ledger::tree::{empty_root, leaf_hash};
use entente_model::item::Opening;
use entente_model::{Digest, Timestamp, Wire};
use entente_seal::slot::{Leaf, LeafSeed};

use crate::support::{
    NOW, ORIGIN, Tiles, checkpoint_of, grow, json_lines, leaves, log_key, signed,
};

#[test]
fn a_checkpoint_needs_both_signatures() {
    let key = log_key(1);
    let log = key.public();
    let root = leaf_hash(b"x");
    let text = signed(&key, 1, root);
    let verify = |note: &Note| checkpoint::verify(note.to_string().as_bytes(), ORIGIN, &log);
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(verify(&note), Ok(checkpoint_of(1, root)));
    let lines = note.signatures().to_vec();
    assert_eq!((lines[0].signature.len(), lines[1].signature.len()), (64, 8 + 2420));

    let with = |lines: &[SignatureLine]| verify(&Note::new(note.text().to_owned(), lines.to_vec()));
    assert_eq!(with(&lines[..1]), Err(CheckpointError::Missing(Line::MlDsa44)));
    assert_eq!(with(&lines[1..]), Err(CheckpointError::Missing(Line::Ed25519)));
    assert!(with(&[lines[1].clone(), lines[0].clone()]).is_ok());

    // Every bit of either line counts, the time among them; so does a second, false line.
    for (at, which) in [(0, Line::Ed25519), (1, Line::MlDsa44)] {
        for byte in [0, 7, 8, 40, 63] {
            let mut wrong = lines.clone();
            wrong[at].signature[byte] ^= 1;
            assert_eq!(with(&wrong), Err(CheckpointError::Wrong(which)));
            assert_eq!(with(&[lines.clone(), wrong].concat()), Err(CheckpointError::Wrong(which)));
        }
        let mut short = lines.clone();
        short[at].signature.truncate(5);
        assert_eq!(with(&short), Err(CheckpointError::Wrong(which)));
    }
    // Lines of others are ignored, even under the log's name.
    let stranger = SignatureLine { key_id: [0; 4], ..lines[0].clone() };
    assert!(with(&[lines.clone(), vec![stranger]].concat()).is_ok());

    for changed in [
        note.text().replacen("\n1\n", "\n2\n", 1),
        Checkpoint { root: empty_root(), ..checkpoint_of(1, root) }.body(),
    ] {
        let wrong = verify(&Note::new(changed, lines.clone()));
        assert_eq!(wrong, Err(CheckpointError::Wrong(Line::Ed25519)));
    }
    let extended = Note::new(format!("{}more\n", note.text()), lines.clone());
    assert_eq!(verify(&extended), Err(CheckpointError::Extensions));
    let found = ORIGIN.to_owned();
    assert_eq!(
        checkpoint::verify(text.as_bytes(), "other", &log),
        Err(CheckpointError::Origin { expected: "other".into(), found })
    );
    let other = log_key(2).public();
    let missing = Err(CheckpointError::Missing(Line::Ed25519));
    assert_eq!(checkpoint::verify(text.as_bytes(), ORIGIN, &other), missing);
}

#[test]
fn ml_dsa_signs_the_message_of_the_specification() {
    // C2SP tlog-cosignature: label, name, time, origin, start, end, hash.
    let mut message = b"subtree/v1\n\0".to_vec();
    message.push(u8::try_from(ORIGIN.len()).unwrap());
    message.extend_from_slice(ORIGIN.as_bytes());
    message.extend_from_slice(&NOW.seconds().to_be_bytes());
    message.push(u8::try_from(ORIGIN.len()).unwrap());
    message.extend_from_slice(ORIGIN.as_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&7_u64.to_be_bytes());
    message.extend_from_slice(&[9; 32]);

    let key = log_key(3);
    let note = signed(&key, 7, Digest::from_array([9; 32]));
    let note = Note::parse(note.as_bytes()).unwrap();
    let (time, signature) = note.signatures()[1].signature.split_at(8);
    assert_eq!(time, NOW.seconds().to_be_bytes());
    assert!(entente_seal::sign::verify_mldsa44(&key.public().mldsa44, &message, signature));
}

#[test]
fn names_that_cannot_be_signed_are_refused() {
    for origin in ["", "a b", "a+b", "a\nb", &"a".repeat(256)] {
        let checkpoint = Checkpoint { origin: origin.into(), size: 0, root: empty_root() };
        let refused = checkpoint::sign(&log_key(1), &checkpoint, NOW);
        assert_eq!(refused, Err(CheckpointError::Name(origin.into())));
    }
}

#[test]
fn two_roots_of_one_size_convict_a_log() {
    let key = log_key(1);
    let log = key.public();
    let note = |size, root: u8| signed(&key, size, Digest::from_array([root; 32])).into_bytes();
    let check = |a: Vec<u8>, b: Vec<u8>| {
        let evidence = ForkEvidence { a, b };
        assert_eq!(ForkEvidence::from_bytes(&evidence.to_bytes()), Ok(evidence.clone()));
        verify_fork(&evidence, ORIGIN, &log).map(|(a, b)| (a.size, b.size))
    };
    assert_eq!(check(note(5, 1), note(5, 2)), Ok((5, 5)));
    assert_eq!(check(note(5, 1), note(5, 1)), Err(ForkError::Same));
    assert_eq!(check(note(5, 1), note(6, 2)), Err(ForkError::Sizes { a: 5, b: 6 }));
    // Signed again later, a checkpoint is still the same checkpoint.
    let later = Timestamp::from_millis(NOW.millis() + 5000);
    let again = checkpoint::sign(&key, &checkpoint_of(5, Digest::from_array([1; 32])), later);
    assert_eq!(check(note(5, 1), again.unwrap().into_bytes()), Err(ForkError::Same));
    let forged = signed(&log_key(2), 5, Digest::from_array([2; 32])).into_bytes();
    assert!(matches!(check(note(5, 1), forged), Err(ForkError::Checkpoint(_))));
}

fn evidence() -> Evidence {
    let entries = [b"first".to_vec(), b"second".to_vec()];
    let leaf = Leaf::build(&LeafSeed::from_array([5; 32]), &entries).unwrap();
    let mut tiles = Tiles::new();
    let before = leaves(299);
    grow(&mut tiles, 0, &before);
    grow(&mut tiles, 299, &[leaf_hash(&leaf.bytes())]);
    let root = grow(&mut tiles, 300, &leaves(100));
    Evidence {
        note: signed(&log_key(1), 400, root).into_bytes(),
        leaf_index: 299,
        path: inclusion(&tiles, 299, 400).unwrap(),
        opening: leaf.opening(299, 1).unwrap(),
    }
}

#[test]
fn evidence_stands_alone() {
    let keys = log_key(1).public();
    let good = evidence();
    assert_eq!(good.verify(ORIGIN, &keys).unwrap().size, 400);
    assert_eq!(good.opening.entry, b"second");
    assert_eq!(Evidence::from_bytes(&good.to_bytes()), Ok(good.clone()));

    let mut wrong = good.clone();
    wrong.opening.entry = b"sekond".to_vec();
    assert_eq!(wrong.verify(ORIGIN, &keys), Err(EvidenceError::NotIncluded(ProofError::Root)));
    let mut wrong = good.clone();
    wrong.leaf_index = 298;
    let expected = EvidenceError::Index { proof: 298, opening: 299 };
    assert_eq!(wrong.verify(ORIGIN, &keys), Err(expected));
    let mut wrong = good.clone();
    (wrong.leaf_index, wrong.opening.index) = (298, 298);
    assert_eq!(wrong.verify(ORIGIN, &keys), Err(EvidenceError::NotIncluded(ProofError::Root)));
    let mut wrong = good.clone();
    wrong.opening.k = 1;
    assert_eq!(wrong.verify(ORIGIN, &keys), Err(EvidenceError::Opening));
    let mut wrong = good.clone();
    wrong.path.pop();
    assert_eq!(wrong.verify(ORIGIN, &keys), Err(EvidenceError::NotIncluded(ProofError::Length)));
    let other = log_key(2).public();
    assert!(matches!(good.verify(ORIGIN, &other), Err(EvidenceError::Checkpoint(_))));
    let mut long = good;
    long.path = vec![empty_root(); 65];
    assert!(Evidence::from_bytes(&long.to_bytes()).is_err());
}

#[test]
fn evidence_is_a_tlog_proof_to_others() {
    let evidence = evidence();
    let text = evidence.to_tlog_proof();
    let proof: TlogProof = text.parse().unwrap();
    assert_eq!(proof.to_string(), text);
    assert_eq!((proof.index, &proof.path), (299, &evidence.path));
    assert_eq!(proof.checkpoint.as_bytes(), evidence.note);
    assert_eq!(Opening::from_bytes(&proof.extra.unwrap()), Ok(evidence.opening));
}

#[test]
fn tlog_proofs_are_read_as_published() {
    for case in json_lines("tlog-proof-parse.jsonl") {
        let parsed = case["text"].as_str().unwrap().parse::<TlogProof>();
        let Some(index) = case.get("index") else {
            assert!(parsed.is_err(), "{case}");
            continue;
        };
        let proof = parsed.unwrap();
        assert_eq!((*index == proof.index, proof.path.len()), (true, 0));
        assert_eq!(case["checkpoint"], proof.checkpoint);
    }
    for wrong in ["index 1\n", "index 01\n\n", "extra !\nindex 1\n\n", "index 1\nAAAA\n\n", ""] {
        let wrong = format!("c2sp.org/tlog-proof@v1\n{wrong}");
        assert!(wrong.parse::<TlogProof>().is_err(), "{wrong}");
    }
}
