//! Identifiers: one type for each noun, so that none can stand in for another.
//!
//! All are SHA-256 values computed by `entente-seal` under a tag of [`crate::tag`]; a name or
//! a code never identifies anything on the wire.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::codec::{Reader, Wire, WireError, Writer};

/// Text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an identifier: expected {expected} hexadecimal digits")]
pub struct IdError {
    /// The text.
    pub text: String,
    /// How many digits would be right.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// How many bytes it takes.
            pub const LEN: usize = $len;

            /// Takes bytes that are known to be such an identifier.
            pub const fn from_array(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Takes a slice of the right length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The first eight hexadecimal digits, for people and logs.
            pub fn short(&self) -> String {
                hex::encode(self.0).chars().take(8).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", $noun, self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| IdError { text: text.to_owned(), expected: $len * 2 })?;
                Ok(Self(bytes))
            }
        }

        impl Wire for $name {
            const NAME: &'static str = $noun;
            const BYTES_MAX: usize = $len + 2;

            fn write(&self, w: &mut Writer) {
                w.bytes(&self.0);
            }

            fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
                r.fixed().map(Self)
            }
        }
    };
}

id!(
    /// A nation: the digest of the first statement of its identity chain.
    NationId, 32, "nation id"
);
id!(
    /// A node of a nation: the digest of the statement that added it.
    NodeId, 32, "node id"
);
id!(
    /// An object: the digest of its manifest.
    ObjectId, 32, "object id"
);
id!(
    /// An agreement: the digest of the literate text that its parties sign.
    AgreementId, 32, "agreement id"
);
id!(
    /// A national law: the digest of its literate text.
    LawId, 32, "law id"
);
id!(
    /// The digest of a sealed body.
    BodyDigest, 32, "body digest"
);
id!(
    /// The grounds of a release: policy epoch and agreements.
    BasisId, 32, "basis id"
);
id!(
    /// A public key.
    KeyId, 32, "key id"
);
id!(
    /// Any other SHA-256 value.
    Digest, 32, "digest"
);
id!(
    /// A wrap context: a key agreed once and used for many objects.
    WrapContextId, 16, "wrap context id"
);

#[test]
fn text_round_trips_and_other_text_is_refused() {
    let id = ObjectId::from_array([0xab; 32]);
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!("abc".parse::<ObjectId>().unwrap_err().expected, 64);
    assert_eq!(format!("{id:?}"), "object id(abababab)");
}
