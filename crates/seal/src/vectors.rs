//! Published known answers and a reproducible source of entropy, for the tests of this crate.

use entente_model::Entropy;
use serde_json::Value;

use crate::digest::sha256;

/// Entropy that follows from a number.
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&sha256(&self.0.to_be_bytes())[..chunk.len()]);
        }
    }
}

/// Entropy that gives these bytes once.
pub(crate) struct Given(pub(crate) Vec<u8>);

impl Entropy for Given {
    fn fill(&mut self, out: &mut [u8]) {
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&std::mem::replace(&mut self.0, rest));
    }
}

/// A decompressed vector file.
pub(crate) fn unpack(zst: &[u8]) -> Vec<u8> {
    zstd::decode_all(zst).unwrap()
}

/// The lines of a JSON-lines file.
pub(crate) fn lines(zst: &[u8]) -> Vec<Value> {
    unpack(zst)
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// The tests of a Wycheproof file, each with its group.
pub(crate) fn wycheproof(zst: &[u8]) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_slice(&unpack(zst)).unwrap();
    let mut tests = Vec::new();
    for group in file["testGroups"].as_array().unwrap() {
        let mut head = group.clone();
        head.as_object_mut().unwrap().remove("tests");
        for test in group["tests"].as_array().unwrap() {
            tests.push((head.clone(), test.clone()));
        }
    }
    tests
}

/// A hexadecimal field.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// A hexadecimal literal of 32 bytes.
pub(crate) fn hex32(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}
