//! The clock, the randomness and the environment of the machine.
//!
//! The only place that reads them: everything else is given a clock and an entropy source as
//! arguments, and the configuration as a value.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use entente_model::{Clock, Entropy, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone is given")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// Ends the program if the system gives no random bytes: nothing may go on without them.
    fn fill(&mut self, out: &mut [u8]) {
        if getrandom::fill(out).is_err() {
            std::process::abort();
        }
    }
}

/// A variable of the environment, if it is set and not empty.
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[test]
fn the_clock_is_past_the_release_of_this_program_and_random_bytes_differ() {
    assert!(SystemClock.now().seconds() > 1_700_000_000);
    assert_ne!(OsEntropy.bytes32(), OsEntropy.bytes32());
}

/// A clock for measuring, which no operator can set.
#[expect(clippy::disallowed_methods, reason = "measuring and waiting belong to the doors")]
pub fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}

/// Waits, on a thread of a door.
#[expect(clippy::disallowed_methods, reason = "measuring and waiting belong to the doors")]
pub fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}

/// Ports of this machine that nothing listens on now, for nodes that are started a moment later.
/// They are below those that the system gives to outgoing connections, which could take them before.
pub fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    const TRIES: usize = 1000;
    let mut ports = [0; N];
    // Held until all are known, so that no two are the same.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let mut tried = (0..TRIES).map(|_| {
            let [high, low, ..] = OsEntropy.bytes32();
            TcpListener::bind(("127.0.0.1", 20_000 + u16::from_be_bytes([high, low]) % 12_000))
        });
        let free = tried.find_map(Result::ok).ok_or(io::ErrorKind::AddrNotAvailable)?;
        *port = free.local_addr()?.port();
        held.push(free);
    }
    Ok(ports)
}
