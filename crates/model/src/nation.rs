//! Nation codes: what people write; a claim, never an identity.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::codec::{Reader, Wire, WireError, WireFault, Writer};

/// A nation's three-letter code (ISO 3166-1 alpha-3), such as `XAR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NationCode([u8; 3]);

/// Text that is not a nation code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a nation code: expected three capital letters, such as XAR")]
pub struct NationCodeError(pub String);

impl NationCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for NationCode {
    type Err = NationCodeError;

    fn from_str(text: &str) -> Result<Self, NationCodeError> {
        let bytes: [u8; 3] =
            text.as_bytes().try_into().map_err(|_| NationCodeError(text.to_owned()))?;
        if bytes.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(bytes))
        } else {
            Err(NationCodeError(text.to_owned()))
        }
    }
}

impl fmt::Display for NationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for NationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Wire for NationCode {
    const NAME: &'static str = "nation code";
    const BYTES_MAX: usize = 4;

    fn write(&self, w: &mut Writer) {
        w.text(self.as_str());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let fault = r.fault(WireFault::Invalid { what: "not a nation code of three capitals" });
        r.text()?.parse().map_err(|_| fault)
    }
}

#[test]
fn three_capitals_and_nothing_else() {
    assert_eq!("XAR".parse::<NationCode>().unwrap().to_string(), "XAR");
    for wrong in ["", "XA", "XARA", "xar", "X1R", "ÄÖÜ"] {
        assert!(wrong.parse::<NationCode>().is_err(), "{wrong}");
    }
}
