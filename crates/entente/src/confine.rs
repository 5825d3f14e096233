//! What a process of the node gives up at its start.
//!
//! Each step is the strongest that needs no privilege; the service manager adds its own (see
//! `packaging/entente.service`).

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Open files that the key process needs: the pipe, the key file, the anchor and a folder.
const FILES_MAX: u64 = 32;

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

fn limit(resource: Resource, most: u64) -> std::io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
