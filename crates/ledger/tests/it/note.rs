//! Notes, keys and checkpoint texts as other software writes them.

use entente_ledger::checkpoint::{Checkpoint, CheckpointError};
use entente_ledger::note::{
    NOTE_BYTES_MAX, Note, NoteError, SIGNATURES_MAX, SignatureKind, VerifierKey,
};
use entente_seal::digest::sha256;
use entente_seal::sign::verify_ed25519;
use proptest::prelude::*;

use crate::support::json_lines;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

// Both from C2SP signed-note.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn the_specification_s_example_verifies() {
    let key: VerifierKey = VKEY.parse().unwrap();
    assert_eq!(key.kind(), SignatureKind::Ed25519);
    assert_eq!(key.to_string(), VKEY);
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.text(), "This is an example message.\n");
    let [line] = note.signatures() else { panic!("one line") };
    assert_eq!((line.name.as_str(), line.key_id), (key.name(), key.key_id()));
    assert!(verify_ed25519(
        key.public().try_into().unwrap(),
        note.text().as_bytes(),
        &line.signature
    ));
}

#[test]
fn other_keys_are_refused() {
    for wrong in [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0=",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ] {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_not_a_note_is_refused() {
    let line = "— a AAAAAAA=\n";
    let many = |n: usize| format!("text\n\n{}", line.repeat(n));
    assert!(Note::parse(many(SIGNATURES_MAX).as_bytes()).is_ok());
    let check = |bytes: &[u8], expected| assert_eq!(Note::parse(bytes), Err(expected));
    check(many(SIGNATURES_MAX + 1).as_bytes(), NoteError::TooManySignatures);
    check(&vec![b'\n'; NOTE_BYTES_MAX + 1], NoteError::TooLong);
    check(b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n", NoteError::NotText);
    check("te\txt\n\n— a AAAAAAA=\n".as_bytes(), NoteError::NotText);
    check("te\rxt\n\n— a AAAAAAA=\n".as_bytes(), NoteError::NotText);
    check("text\n— a AAAAAAA=\n".as_bytes(), NoteError::NoSignatures);
    check(b"text\n\n", NoteError::NoSignatures);
    check(b"text\n\n\n", NoteError::NoSignatures);
    check("text\n\n— a AAAAAAA=".as_bytes(), NoteError::NoSignatures);
    for wrong in [
        "-- a AAAAAAA=",
        "—  AAAAAAA=",
        "— a",
        "— a AAAAAA==",
        "— a AAAAAAA",
        "— a AAAAAAA= ",
        "— a+b AAAAAAA=",
        "— a\u{a0}b AAAAAAA=",
        "— a !AAAAAA=",
    ] {
        check(format!("text\n\n{line}{wrong}\n").as_bytes(), NoteError::SignatureLine(2));
    }
    // The last empty line parts text and signatures.
    let note = Note::parse("a\n\nb\n\n— a AAAAAAA=\n".as_bytes()).unwrap();
    assert_eq!(note.text(), "a\n\nb\n");
}

#[test]
fn checkpoint_texts_are_read_as_published() {
    for case in json_lines("checkpoint-parse.jsonl") {
        let text = case["text"].as_str().unwrap();
        if case["error"].as_bool().unwrap() {
            assert!(Checkpoint::parse_body(text).is_err(), "{case}");
            continue;
        }
        // Their roots are words; here a root is a SHA-256 value.
        let word = case["root_text"].as_str().unwrap().as_bytes();
        let expected = CheckpointError::Body { line: 3, expected: "a SHA-256 value in base64" };
        assert_eq!(Checkpoint::parse_body(text), Err(expected), "{case}");
        let text = text.replace(&STANDARD.encode(word), &STANDARD.encode(sha256(word)));
        let (checkpoint, rest) = Checkpoint::parse_body(&text).unwrap();
        assert_eq!(case["origin"], checkpoint.origin);
        assert_eq!(case["size"], checkpoint.size);
        assert_eq!(*checkpoint.root.as_bytes(), sha256(word));
        let want = case["rest"].as_str().unwrap_or_default();
        assert_eq!(rest, want.lines().collect::<Vec<_>>());
    }
}

#[test]
fn checkpoint_texts_have_one_form() {
    let root = STANDARD.encode([7; 32]);
    let parse = |text: String| Checkpoint::parse_body(&text).map(|(c, _)| c.body());
    let good = format!("log\n12\n{root}\n");
    assert_eq!(parse(good.clone()), Ok(good));
    for wrong in [
        format!("log\n012\n{root}\n"),
        format!("log\n+12\n{root}\n"),
        format!("log\n\n{root}\n"),
        format!("log\n12 \n{root}\n"),
        format!("\n12\n{root}\n"),
        format!("log\n12\n{root}"),
        format!("log\n12\n{root}\n\n"),
        format!("log\n12\n{root}\nmore\n\nmore\n"),
        format!("log\n12\n{}\n", root.trim_end_matches('=')),
        format!("log\n18446744073709551616\n{root}\n"),
        String::new(),
    ] {
        assert!(parse(wrong.clone()).is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn any_note_that_is_read_prints_the_same(text in "[ -~\n]{0,40}", name in "[a-z/.]{1,9}", signature in prop::collection::vec(any::<u8>(), 5..90)) {
        let written = format!("{text}\n\n— {name} {}\n", STANDARD.encode(&signature));
        let note = Note::parse(written.as_bytes()).unwrap();
        prop_assert_eq!(note.to_string(), written);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(\n|— |a|=|A|[0-9]| |\\PC){0,60}") {
        let _ = Note::parse(text.as_bytes());
        let _ = Checkpoint::parse_body(&text);
        let _ = text.parse::<VerifierKey>();
    }
}
