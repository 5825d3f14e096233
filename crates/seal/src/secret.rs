//! Secrets: 32 bytes that nobody may see by accident.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use entente_model::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 32-byte key. It prints as `[secret]`, compares in constant time, is erased when dropped and
/// is copied only on purpose.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes a key.
    pub const fn from_array(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes a key out of a slice of 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Draws a key.
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The key itself.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second copy of the key.
    #[must_use]
    pub const fn duplicate(&self) -> Self {
        Self(self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Secret {}

#[test]
fn a_secret_does_not_print() {
    let secret = Secret::from_array([7; 32]);
    assert_eq!(format!("{secret:?}"), "[secret]");
    assert_eq!(secret, secret.duplicate());
    assert_ne!(secret, Secret::from_array([8; 32]));
}
