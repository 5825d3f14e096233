//! What the machine itself can do, measured in the same run as everything that rests on it.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use entente_seal::digest;
use serde_json::Value;

use super::indicators;
use super::stats::{float, median, millis};
use crate::ambient::monotonic;

const SYNCS: usize = 200;
const SYNC_BYTES: usize = 1 << 10;
const DISK_BYTES: u64 = 128 << 20;
const BLOCK_BYTES: usize = 1 << 20;
const CPU_TIME: Duration = Duration::from_millis(300);

/// The machine's limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Appending 1 KiB and waiting until it is on the device, half of the times below this.
    pub(super) fsync_p50_ms: f64,
    /// Writing a long file.
    pub(super) disk_mb_s: f64,
    /// SHA-256 on one core.
    pub(super) sha256_mb_s: f64,
    /// Parsing JSON into a tree on one core.
    pub(super) json_mb_s: f64,
}

/// Measures them in a folder.
pub(super) fn measure(folder: &Path) -> anyhow::Result<Limits> {
    let path = folder.join("limits");
    let fsync_p50_ms = syncs(&path)?;
    let disk_mb_s = stream(&path)?;
    std::fs::remove_file(&path)?;
    let block = vec![0x5a; BLOCK_BYTES];
    let sha256_mb_s = on_one_core(BLOCK_BYTES, || {
        std::hint::black_box(digest::sha256(std::hint::black_box(&block)));
        Ok(())
    })?;
    let bundle = indicators::bundle(1000, 1);
    let json_mb_s = on_one_core(bundle.len(), || {
        let tree: Value = serde_json::from_slice(std::hint::black_box(&bundle))?;
        std::hint::black_box(tree);
        Ok(())
    })?;
    Ok(Limits { fsync_p50_ms, disk_mb_s, sha256_mb_s, json_mb_s })
}

fn syncs(path: &Path) -> anyhow::Result<f64> {
    let mut file = File::create(path).context("the folder cannot be written")?;
    let bytes = [0x5a; SYNC_BYTES];
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = monotonic();
        file.write_all(&bytes)?;
        file.sync_data()?;
        times.push(millis(started.elapsed()));
    }
    Ok(median(&times))
}

fn stream(path: &Path) -> anyhow::Result<f64> {
    let mut file = File::create(path)?;
    let block = vec![0x5a; BLOCK_BYTES];
    let started = monotonic();
    let mut written = 0;
    while written < DISK_BYTES {
        file.write_all(&block)?;
        written += block.len() as u64;
    }
    file.sync_data()?;
    Ok(float(written) / 1e6 / started.elapsed().as_secs_f64())
}

/// Megabytes a second of something that works through `bytes` each time.
fn on_one_core(bytes: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = monotonic();
    let mut done = 0;
    while started.elapsed() < CPU_TIME {
        work()?;
        done += bytes as u64;
    }
    Ok(float(done) / 1e6 / started.elapsed().as_secs_f64())
}
