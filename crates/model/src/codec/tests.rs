use proptest::prelude::*;

use super::*;

fn refused(hex: &str, expected: &WireFault) {
    let bytes = hex::decode(hex).unwrap();
    let mut r = Reader::new(&bytes);
    let outcome = r.any().and_then(|_| r.end());
    assert_eq!(&outcome.unwrap_err().fault, expected, "{hex}");
}

#[test]
fn every_form_but_the_shortest_is_refused() {
    for hex in
        ["1817", "190017", "1a00000017", "1b0000000000000017", "5801ff", "980100", "b8010000"]
    {
        refused(hex, &WireFault::NotShortest);
    }
}

#[test]
fn floats_tags_undefined_and_indefinite_lengths_are_refused() {
    for hex in ["f97e00", "fb3ff0000000000000", "c000", "f7", "5fff", "9fff", "bfff", "e0", "f800"]
    {
        refused(hex, &WireFault::Unsupported);
    }
}

#[test]
fn keys_must_ascend_without_repeating() {
    refused("a201000000", &WireFault::KeyOrder);
    refused("a201000100", &WireFault::KeyOrder);
    refused("a220000100", &WireFault::KeyOrder);
    refused("a221002000", &WireFault::KeyOrder);
}

#[test]
fn a_false_length_is_refused_before_anything_is_allocated() {
    refused("5b7fffffffffffffff", &WireFault::Truncated);
    refused("9b7fffffffffffffff", &WireFault::Truncated);
    refused("bb7fffffffffffffff", &WireFault::Truncated);
}

#[test]
fn depth_is_limited() {
    refused(&format!("{}00", "81".repeat(DEPTH_MAX + 1)), &WireFault::TooDeep);
    let bytes = hex::decode(format!("{}00", "81".repeat(DEPTH_MAX))).unwrap();
    assert!(Reader::new(&bytes).any().is_ok());
}

#[test]
fn text_is_utf8_and_nothing_trails() {
    refused("62c328", &WireFault::NotUtf8);
    refused("0000", &WireFault::Trailing);
}

/// Writes again what was read, so that equality shows the encoding to be the only one.
fn rewrite(r: &mut Reader<'_>, w: &mut Writer) -> Result<(), WireError> {
    match r.peek()? >> 5 {
        0 => {
            w.uint(r.uint()?);
        }
        1 => {
            w.key(r.key()?);
        }
        2 => {
            w.bytes(r.bytes()?);
        }
        3 => {
            w.text(r.text()?);
        }
        4 => {
            let mut inner = Writer::new();
            let n = r.list(|r| rewrite(r, &mut inner))?.len();
            w.array(n).raw(&inner.into_bytes());
        }
        5 => {
            let mut inner = Writer::new();
            let mut n = 0;
            r.map(|r, key| {
                n += 1;
                inner.key(key);
                rewrite(r, &mut inner)
            })?;
            w.map(n).raw(&inner.into_bytes());
        }
        _ => match r.optional(Reader::bool)? {
            Some(b) => {
                w.bool(b);
            }
            None => {
                w.null();
            }
        },
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_again_byte_for_byte(
        bytes in proptest::collection::vec(any::<u8>(), 0..64)
    ) {
        let mut w = Writer::new();
        let mut r = Reader::new(&bytes);
        if rewrite(&mut r, &mut w).and_then(|()| r.end()).is_ok() {
            prop_assert_eq!(w.into_bytes(), bytes);
        }
    }

    #[test]
    fn numbers_agree_with_an_independent_encoder(n in any::<u64>()) {
        prop_assert_eq!(Writer::new().uint(n).clone().into_bytes(), minicbor::to_vec(n).unwrap());
    }
}
