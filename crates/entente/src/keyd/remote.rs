//! The node's end of the pipe to the key process.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use entente_app::keys::{KeyError, KeyReply, KeyRequest, Keys};
use entente_model::codec::Wire;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use thiserror::Error;
use zeroize::Zeroizing;

use super::frame::{self, FrameError};
use super::{FRAME_BYTES_MAX, Start};

/// A key process that has not answered for this long is given up.
const REPLY_SECONDS_MAX: u64 = 120;

/// Why the key process did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The system did not start it.
    #[error("the key process could not be started: {0}")]
    Spawn(#[from] io::Error),
    /// The keys, the anchor or the passphrase.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// The keys of a node, in a process of their own.
///
/// A key process that ended is not started again: every call then gives
/// [`KeyError::Unreachable`], so that the node stops releasing and a person finds out why.
#[derive(Debug)]
pub struct RemoteKeys {
    child: Child,
    /// The pipe, or why there is none any more. The lock keeps requests and replies in step.
    pipe: Mutex<Result<UnixStream, String>>,
    note: Option<String>,
}

impl RemoteKeys {
    /// Starts `program` as the key process and opens the keys in it.
    pub fn start(program: &Path, start: &Start) -> Result<Self, StartError> {
        let (ours, theirs) = UnixStream::pair()?;
        let patience = Some(Duration::from_secs(REPLY_SECONDS_MAX));
        ours.set_read_timeout(patience)?;
        ours.set_write_timeout(patience)?;
        let theirs_too = theirs.try_clone()?;
        let child = Command::new(program)
            .arg("keyd")
            .env_clear()
            // Ctrl-C at the terminal is for the node, which still needs its keys to end in order.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(theirs_too)))
            .spawn()?;
        let mut keys = Self { child, pipe: Mutex::new(Ok(ours)), note: None };
        if let KeyReply::Bytes(note) = keys.exchange(&Zeroizing::new(start.to_bytes()))? {
            keys.note = Some(String::from_utf8_lossy(&note).into_owned());
        }
        Ok(keys)
    }

    /// What the operator should know about the start, for the log.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The id of the key process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one message and waits for its answer; a refusal is an error.
    fn exchange(&self, request: &[u8]) -> Result<KeyReply, KeyError> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = pipe.as_mut().map_err(|reason| KeyError::Unreachable(reason.clone()))?;
        match talk(stream, request) {
            Ok(KeyReply::Failed(error)) => Err(error),
            Ok(reply) => Ok(reply),
            Err(reason) => {
                *pipe = Err(reason.clone());
                Err(KeyError::Unreachable(reason))
            }
        }
    }
}

/// What became of a key process that closed its end.
const ENDED: &str = "it ended; see its last message in the log, then restart the node";

/// Whether the other end of an idle pipe was closed.
fn is_closed(pipe: &UnixStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    match rustix::net::recv(pipe, &mut [0_u8; 1], flags) {
        Ok((_, received)) => received == 0,
        Err(Errno::AGAIN | Errno::INTR) => false,
        Err(_) => true,
    }
}

/// One request and its reply; after an error the pipe is out of step and of no more use.
fn talk(pipe: &mut UnixStream, request: &[u8]) -> Result<KeyReply, String> {
    use io::ErrorKind as Kind;
    let ended = || ENDED.to_owned();
    let failed = |error: FrameError| {
        let FrameError::Io(e) = &error else { return error.to_string() };
        if matches!(e.kind(), Kind::WouldBlock | Kind::TimedOut) {
            format!("no answer for {REPLY_SECONDS_MAX} seconds; restart the node")
        } else if matches!(e.kind(), Kind::BrokenPipe | Kind::ConnectionReset | Kind::UnexpectedEof)
        {
            ended()
        } else {
            e.to_string()
        }
    };
    frame::write(pipe, request).map_err(failed)?;
    let bytes = frame::read(pipe).map_err(failed)?.ok_or_else(ended)?;
    KeyReply::from_bytes(&bytes).map_err(|e| e.to_string())
}

impl Keys for RemoteKeys {
    fn call(&self, request: KeyRequest) -> Result<KeyReply, KeyError> {
        let bytes = Zeroizing::new(request.to_bytes());
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(KeyError::Failed(format!(
                "the request takes {} bytes: expected at most {FRAME_BYTES_MAX}; ask for less at \
                 once",
                bytes.len()
            )));
        }
        self.exchange(&bytes)
    }

    fn gone(&self) -> Option<String> {
        // Whoever holds the pipe is being answered.
        let mut pipe = self.pipe.try_lock().ok()?;
        if pipe.as_ref().is_ok_and(is_closed) {
            *pipe = Err(ENDED.to_owned());
        }
        pipe.as_ref().err().cloned()
    }
}

impl Drop for RemoteKeys {
    /// Every reply came after its effects were durable, so there is nothing to wait for.
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
