use super::*;

/// Bits of a double in hexadecimal, and its text.
const NUMBERS: &[u8] = include_bytes!("../../../../vectors/jcs/es6-numbers.csv.zst");

#[test]
fn the_published_documents_have_the_published_form() {
    macro_rules! document {
        ($name:literal) => {
            (
                include_str!(concat!("../../../../vectors/jcs/input/", $name, ".json")),
                include_str!(concat!("../../../../vectors/jcs/output/", $name, ".json")),
            )
        };
    }
    for (input, output) in
        [document!("arrays"), document!("structures"), document!("unicode"), document!("values")]
    {
        let value: Value = serde_json::from_str(input).unwrap();
        assert_eq!(canonical(&value).unwrap(), output.trim_end());
    }
}

#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    let lines = zstd::decode_all(NUMBERS).unwrap();
    let mut count = 0;
    for line in String::from_utf8(lines).unwrap().lines() {
        let (bits, text) = line.split_once(',').unwrap();
        let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(double(value).unwrap(), text, "{bits}");
        count += 1;
    }
    assert_eq!(count, 1989);
    for (value, text) in [
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123_456_789.125, "123456789.125"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-7, "-1.5e-7"),
        (-0.0, "0"),
    ] {
        assert_eq!(double(value).unwrap(), text);
    }
    assert_eq!(double(f64::NAN), None);
}

#[test]
fn keys_stand_in_the_order_of_utf16() {
    let value = serde_json::json!({"\u{10000}": 1, "\u{ff61}": 2, "\u{1}": 3, "": 4});
    assert_eq!(canonical(&value).unwrap(), "{\"\":4,\"\\u0001\":3,\"\u{10000}\":1,\"\u{ff61}\":2}");
}

#[test]
fn depth_is_bounded() {
    let mut value = Value::Null;
    for _ in 0..DEPTH_MAX {
        value = Value::Array(vec![value]);
    }
    assert!(canonical(&value).is_ok());
    assert_eq!(canonical(&Value::Array(vec![value])), Err(JcsError::TooDeep));
}
