//! Time and entropy, as arguments.

use crate::time::Timestamp;

/// Tells the time. The simulator's clock is set by hand.
pub trait Clock: Send + Sync {
    /// The present moment by this clock.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. The simulator's source follows from its seed.
pub trait Entropy: Send {
    /// Fills `out` with bytes that nobody can guess.
    fn fill(&mut self, out: &mut [u8]);

    /// A random 32-byte value.
    fn bytes32(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        self.fill(&mut out);
        out
    }
}
