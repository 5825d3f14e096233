//! A node with two partners that has nothing to do: what it takes of the machine all the same.

use std::time::Duration;

use super::report::{BenchReport, Want};
use super::stats::{float, median, millis};
use super::{Lab, server};
use crate::ambient::{monotonic, pause};

/// Until links are up and receipts have gone.
const SETTLE: Duration = Duration::from_secs(5);
const MEMORY_MIB: f64 = 64.0;
/// CPU that cannot be told from none, in thousandths of one core.
const CPU_PERMILLE: f64 = 5.0;

pub(super) fn run(lab: &Lab<'_>, seconds: u64, report: &mut BenchReport) -> anyhow::Result<()> {
    report.method(
        "three `entente serve` processes in an agreement, connected; the memory of each node and \
         of its key process after that, and their CPU while nothing happens. Shared pages count \
         in full for `resident` and are divided for `proportional`.",
        3,
    );
    let servers = server::allied(lab, &["XAR", "XBR", "XCO"])?;
    pause(SETTLE);
    lab.say(&format!("Watching for {seconds} s."));
    let before: Vec<Duration> = servers.iter().map(server::Server::computed).collect();
    let started = monotonic();
    pause(Duration::from_secs(seconds));
    let watched = started.elapsed();
    let cpu: Vec<f64> = servers
        .iter()
        .zip(before)
        .map(|(server, before)| {
            1e3 * millis(server.computed().saturating_sub(before)) / millis(watched)
        })
        .collect();
    let memory: Vec<_> = servers.iter().map(server::Server::memory).collect();
    let mib = |kib: &dyn Fn(usize) -> u64| {
        let values: Vec<f64> = (0..memory.len()).map(|at| float(kib(at)) / 1024.0).collect();
        median(&values)
    };
    let of = |at: usize| memory.get(at).copied().unwrap_or_default();
    let together = mib(&|at| of(at).0.resident + of(at).1.resident);
    report.metric("resident_node", "median", mib(&|at| of(at).0.resident), "MiB");
    report.metric("resident_keys", "median", mib(&|at| of(at).1.resident), "MiB");
    report.metric("resident_together", "median", together, "MiB");
    report.metric(
        "proportional_together",
        "median",
        mib(&|at| of(at).0.proportional + of(at).1.proportional),
        "MiB",
    );
    report.metric("peak_node", "median", mib(&|at| of(at).0.peak), "MiB");
    report.metric("peak_keys", "median", mib(&|at| of(at).1.peak), "MiB");
    report.metric("cpu", "median", median(&cpu), "permille of a core");
    report.target("memory_mib", Want::AtMost, MEMORY_MIB, together);
    report.target("cpu_permille", Want::AtMost, CPU_PERMILLE, median(&cpu));
    Ok(())
}
