use super::*;
use crate::vectors::{Seeded, hex32};

const CHEAP: Params = Params { memory_kib: 8, passes: 1 };

#[test]
fn the_passphrase_opens_and_nothing_else() {
    let locked = lock(b"correct horse", b"keys", CHEAP, &mut Seeded(1)).unwrap();
    assert_eq!(unlock(b"correct horse", &locked).unwrap().as_slice(), b"keys");
    assert_eq!(unlock(b"wrong", &locked), Err(KeystoreError::Passphrase));
    for at in 0..locked.len() {
        // Parameters stay in bounds for the low bits of their last bytes only; whatever a flip
        // does, it must not open.
        let mut changed = locked.clone();
        changed[at] ^= 1;
        assert!(unlock(b"correct horse", &changed).is_err(), "byte {at}");
    }
    assert_eq!(unlock(b"correct horse", &locked[..HEADER_LEN]), Err(KeystoreError::Format));
    assert_eq!(unlock(b"correct horse", b""), Err(KeystoreError::Format));
}

#[test]
fn parameters_are_bounded_before_any_memory_is_taken() {
    let mut locked = lock(b"p", b"keys", CHEAP, &mut Seeded(1)).unwrap();
    locked[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    let refused = KeystoreError::Params { memory_kib: u32::MAX, passes: 1 };
    assert_eq!(unlock(b"p", &locked), Err(refused));
    let greedy = Params { memory_kib: 8, passes: 17 };
    assert!(lock(b"p", b"keys", greedy, &mut Seeded(1)).is_err());
    assert!(lock(b"p", &vec![0; BLOB_BYTES_MAX + 1], CHEAP, &mut Seeded(1)).is_err());
}

#[test]
fn stretching_answers_the_reference_implementation() {
    // Test of github.com/P-H-C/phc-winner-argon2: Argon2id, 2 passes, 2^8 KiB, one lane.
    let key = stretch(b"password", b"somesalt", Params { memory_kib: 256, passes: 2 }).unwrap();
    let answer = hex32("9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    assert_eq!(*key, answer);
}
