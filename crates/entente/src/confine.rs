//! What a process of the node gives up at its start.
//!
//! Each step is the strongest that needs no privilege; the service manager adds its own (see
//! `packaging/entente.service`).

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Open files that the key process needs: the pipe, the key file, the anchor and a folder.
const FILES_MAX: u64 = 32;
/// Open files that a node has use for.
const OPEN_FILES_MAX: u64 = 8192;

/// No memory of this process ever reaches a core file or a debugger of another process.
pub fn without_dumps() -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit(Resource::Core, 0)
}

/// For the key process: no dumps, no new programs, no privileges, few files, nothing to see in
/// the working folder.
pub fn to_pipe_and_files() -> std::io::Result<()> {
    without_dumps()?;
    rustix::thread::set_no_new_privs(true)?;
    limit(Resource::Nproc, 0)?;
    limit(Resource::Nofile, FILES_MAX)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    std::env::set_current_dir("/")
}

/// For a node: takes as many open files as it may have, and says how many that is. Readers of live
/// pages hold one each.
pub fn open_files() -> std::io::Result<usize> {
    let held = getrlimit(Resource::Nofile);
    let most = held.maximum.unwrap_or(OPEN_FILES_MAX).min(OPEN_FILES_MAX);
    let current = held.current.unwrap_or(OPEN_FILES_MAX).max(most);
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: held.maximum })?;
    Ok(usize::try_from(current).unwrap_or(usize::MAX))
}

fn limit(resource: Resource, most: u64) -> std::io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
