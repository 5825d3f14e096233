//! Chance that follows from a seed: what the simulator draws, and nodes' entropy.

use entente_model::Entropy;

/// A stream of numbers that follows from its seed (xoshiro256**, seeded by SplitMix64).
///
/// Not for keys that matter: its output says what comes next.
#[derive(Debug, Clone)]
pub struct Chance([u64; 4]);

impl Chance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// A stream of its own for a part of the world, so that one part drawing more does not
    /// change what another draws.
    #[must_use]
    pub fn fork(&self, part: &str, number: u64) -> Self {
        let mut seed = self.0[0] ^ self.0[2].rotate_left(17) ^ number.wrapping_mul(0x2545_f491);
        for byte in part.bytes() {
            seed = seed.wrapping_mul(0x0000_0100_0000_01b3) ^ u64::from(byte);
        }
        Self::new(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let out = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        out
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// An index into something of this length.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.index(of.len());
        of.get(index)
    }

    /// True this many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        self.fill(&mut out);
        out
    }
}

impl Entropy for Chance {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let word = self.draw().to_le_bytes();
            chunk.copy_from_slice(word.get(..chunk.len()).unwrap_or(&word));
        }
    }
}

#[test]
fn a_seed_gives_one_stream_and_forks_are_apart() {
    let draw = |mut c: Chance| (0..8).map(|_| c.draw()).collect::<Vec<_>>();
    let root = Chance::new(7);
    assert_eq!(draw(root.clone()), draw(Chance::new(7)));
    assert_ne!(draw(root.clone()), draw(Chance::new(8)));
    assert_ne!(draw(root.fork("keys", 0)), draw(root.fork("keys", 1)));
    assert_ne!(draw(root.fork("keys", 0)), draw(root.fork("node", 0)));
}
