use proptest::prelude::*;

use super::*;
use crate::vectors::Seeded;

fn keys() -> [StatementKey; 3] {
    [1, 2, 3].map(|seed| StatementKey::generate(&mut Seeded(seed * 100)))
}

#[test]
fn pae_is_that_of_dsse() {
    // The example of the DSSE v1 protocol.
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn signers_are_distinct_known_keys_with_both_signatures() {
    let [a, b, c] = keys();
    let mut statement = sign_statement("ent/v1/identity", b"payload", &[&a, &b]);
    let publics = [a.public(), b.public(), c.public()];
    assert_eq!(statement.signers(&publics), BTreeSet::from([a.id(), b.id()]));
    assert_eq!(statement.signers(&publics[..1]), BTreeSet::from([a.id()]));
    assert_eq!(SignedStatement::from_bytes(&statement.to_bytes()), Ok(statement.clone()));

    statement.countersign(&a);
    let doubled = [a.public(), a.public()];
    assert_eq!(statement.signers(&doubled).len(), 1, "a key counts once");

    let mut other = statement.clone();
    other.ty = "ent/v1/agreement".to_owned();
    assert!(other.signers(&publics).is_empty(), "the type is signed");

    let mut renamed = statement.clone();
    renamed.sigs.truncate(1);
    renamed.sigs[0].key = c.id();
    assert!(renamed.signers(&publics).is_empty(), "a signature names its key");
}

#[test]
fn half_a_signature_is_none() {
    let [a, b, _] = keys();
    let publics = [a.public(), b.public()];
    let good = sign_statement("t", b"p", &[&a]);
    let foreign = sign_statement("t", b"p", &[&b]);
    for swap in [true, false] {
        let mut half = good.clone();
        if swap {
            half.sigs[0].ed25519.clone_from(&foreign.sigs[0].ed25519);
        } else {
            half.sigs[0].mldsa65.clone_from(&foreign.sigs[0].mldsa65);
        }
        assert!(half.signers(&publics).is_empty());
    }
}

#[test]
fn a_statement_without_signatures_is_not_read() {
    let unsigned = sign_statement("t", b"p", &[]);
    assert!(SignedStatement::from_bytes(&unsigned.to_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_flipped_bit_of_the_payload_loses_the_signers(bit in 0_usize..56) {
        let [a, ..] = keys();
        let mut statement = sign_statement("t", b"payload", &[&a]);
        statement.payload[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(statement.signers(&[a.public()]).is_empty());
    }
}
