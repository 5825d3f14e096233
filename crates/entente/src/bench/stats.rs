//! Medians, percentiles and rounded numbers.

use std::time::Duration;

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

/// A length as a number to divide by.
pub(super) fn count(len: usize) -> f64 {
    float(u64::try_from(len).unwrap_or(u64::MAX))
}

/// Milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Things in a time, for one second.
pub(super) fn rate(things: usize, time: Duration) -> f64 {
    count(things) / time.as_secs_f64().max(1e-9)
}

/// The value below which `percent` of the values lie; 0 of none.
pub(super) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) * percent).div_ceil(100);
    sorted.get(place).copied().unwrap_or(0.0)
}

/// The value in the middle; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// Four digits that count.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 3.0 - value.abs().log10().floor();
    let scale = 10_f64.powf(digits.clamp(-12.0, 12.0));
    let rounded = (value * scale).round() / scale;
    // Scaling back leaves dust in the last places.
    format!("{rounded:.6}").parse().unwrap_or(rounded)
}

#[test]
fn percentiles_are_values_that_were_measured() {
    let values: Vec<f64> = (1..=101).rev().map(f64::from).collect();
    let measured = [0, 50, 99, 100].map(|p| percentile(&values, p).to_string());
    assert_eq!(measured, ["1", "51", "100", "101"]);
    assert_eq!(median(&[]).to_string(), "0");
    let rounded = [12_345.6, 0.012_345_6, 7.0].map(|value| rounded(value).to_string());
    assert_eq!(rounded, ["12350", "0.01235", "7"]);
}
