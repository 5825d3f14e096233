//! Padding: how long a plaintext becomes, so that its length says little.

/// The length that `len` bytes are padded to: the next of 256, 512, 1024, 2048 and 4096, above
/// that Padmé (`protocol.md` 2.3): at most 12 % more.
pub fn padded_len(len: usize) -> usize {
    if len <= 4096 {
        return len.next_power_of_two().max(256);
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let step = 1_usize << (exponent - kept);
    len.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::padded_len;

    #[test]
    fn lengths_of_the_specification() {
        // protocol.md appendix D, last line.
        for (len, padded) in [
            (1, 256),
            (300, 512),
            (4096, 4096),
            (4097, 4352),
            (10_000, 10_240),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(padded_len(len), padded, "{len}");
        }
        assert_eq!(padded_len(0), 256);
        assert_eq!(padded_len(256), 256);
        assert_eq!(padded_len(257), 512);
    }

    proptest! {
        #[test]
        fn padding_grows_little_and_is_stable(len in 0_usize..1 << 40) {
            let padded = padded_len(len);
            prop_assert!(padded >= len);
            prop_assert_eq!(padded_len(padded), padded);
            prop_assert!(padded <= padded_len(len + 1));
            if len > 4096 {
                prop_assert!((padded - len) * 100 < len * 12);
            }
        }
    }
}
