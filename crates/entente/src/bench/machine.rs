//! The machine, and what processes take of it, from `/proc`.

use std::fs;
use std::time::Duration;

use serde::Serialize;

/// Linux counts the time of processes in hundredths of a second for everyone outside the kernel.
const TICK: Duration = Duration::from_millis(10);

/// Where a benchmark ran.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    load_before: String,
    build: &'static str,
    version: &'static str,
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value of a line `key : value`.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then_some(value.trim())
    })
}

/// A value such as `1234 kB`, in KiB.
fn kib(text: &str, key: &str) -> u64 {
    field(text, key)
        .and_then(|value| value.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// Describes this machine.
pub(super) fn describe() -> Machine {
    let cpuinfo = read("/proc/cpuinfo");
    Machine {
        cpu: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kib(&read("/proc/meminfo"), "MemTotal") >> 10,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        load_before: read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The load of the last minute, if it is more than a machine at rest has.
pub(super) fn busy() -> Option<f64> {
    let load: f64 = read("/proc/loadavg").split_whitespace().next()?.parse().ok()?;
    (load > 0.5).then_some(load)
}

/// The parent of a process and the time that it has computed.
fn stat(id: u32) -> Option<(u32, Duration)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u32>().ok();
    Some((number(1)?, TICK * (number(11)? + number(12)?)))
}

/// The time that a process has computed so far.
pub(super) fn computed(id: u32) -> Duration {
    stat(id).map(|(_, time)| time).unwrap_or_default()
}

/// A process's children.
pub(super) fn children(id: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|other| stat(*other).is_some_and(|(parent, _)| parent == id))
        .collect()
}

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Resident now.
    pub(super) resident: u64,
    /// The most that was ever resident.
    pub(super) peak: u64,
    /// Resident, with what several processes share counted once between them.
    pub(super) proportional: u64,
}

/// The memory of a process.
pub(super) fn memory(id: u32) -> Memory {
    let status = read(&format!("/proc/{id}/status"));
    let rollup = read(&format!("/proc/{id}/smaps_rollup"));
    Memory {
        resident: kib(&status, "VmRSS"),
        peak: kib(&status, "VmHWM"),
        proportional: kib(&rollup, "Pss"),
    }
}

#[test]
fn this_process_has_a_parent_memory_and_time() {
    let me = std::process::id();
    let (parent, _) = stat(me).unwrap();
    assert!(children(parent).contains(&me));
    let memory = memory(me);
    assert!(memory.resident > 0 && memory.peak >= memory.resident, "{memory:?}");
    assert!(describe().memory_mib > 0);
}
