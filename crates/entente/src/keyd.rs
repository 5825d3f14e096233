//! The key process: this program, started again, holding all private keys of the node.
//!
//! It parses nothing from outside (`protocol.md` 8.8, I39): its parent sends it typed requests
//! over a pipe, and every other door is closed to it ([`crate::confine`]). The pipe is its
//! standard input and output; the first message is [`Start`], with the passphrase, so that this
//! stands in no argument and no environment. When the pipe closes, the process ends.
//!
//! [`RemoteKeys`] is the parent's end. What can be asked, and what is refused, is
//! `entente_app::keys`.

mod frame;
mod remote;

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use entente_app::keys::{KeyError, KeyReply, KeyRequest, Keyring, Keys};
use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_seal::keystore::Params;
use rustix::fs::FileType;
use thiserror::Error;

use crate::ambient::OsEntropy;
use crate::anchor::{FileAnchor, KeyFile};
use crate::confine;
use crate::secrets::{self, PASSPHRASE_BYTES_MAX, Passphrase};

pub use frame::{FRAME_BYTES_MAX, FrameError};
pub use remote::{RemoteKeys, StartError};

/// The first message to the key process.
#[derive(Debug, Clone)]
pub struct Start {
    /// The key file and what opens it.
    pub keys: KeyFile,
    /// The anchor.
    pub anchor: PathBuf,
}

impl Wire for Start {
    const NAME: &'static str = "start of the key process";
    const BYTES_MAX: usize = PASSPHRASE_BYTES_MAX + (16 << 10);

    fn write(&self, w: &mut Writer) {
        w.array(5).bytes(self.keys.passphrase.expose());
        w.bytes(self.keys.path.as_os_str().as_bytes()).bytes(self.anchor.as_os_str().as_bytes());
        w.uint(self.keys.params.memory_kib.into()).uint(self.keys.params.passes.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        fn path(r: &mut Reader<'_>) -> Result<PathBuf, WireError> {
            Ok(OsStr::from_bytes(r.bytes()?).into())
        }
        fn small(r: &mut Reader<'_>) -> Result<u32, WireError> {
            let fault = r.fault(WireFault::Range { what: "the parameter" });
            u32::try_from(r.uint()?).map_err(|_| fault)
        }
        r.record(5, |r| {
            let fault = r.fault(WireFault::Invalid { what: "not a passphrase" });
            let passphrase = Passphrase::new(r.bytes()?.to_vec()).map_err(|_| fault)?;
            let (keys, anchor) = (path(r)?, path(r)?);
            let params = Params { memory_kib: small(r)?, passes: small(r)? };
            Ok(Self { keys: KeyFile { path: keys, passphrase, params }, anchor })
        })
    }
}

/// Why the key process ended.
#[derive(Debug, Error)]
pub enum KeydError {
    /// Started by a person.
    #[error("the key process is started by `entente serve` and not by hand")]
    ByHand,
    /// The system refused to confine it.
    #[error("the key process could not give up its privileges: {0}")]
    Confine(io::Error),
    /// The pipe failed.
    #[error("the pipe to the node failed: {0}")]
    Pipe(#[from] FrameError),
    /// The parent sent what no parent sends.
    #[error(transparent)]
    Malformed(#[from] WireError),
}

/// Serves the keys over standard input and output until the pipe closes.
pub fn serve() -> Result<(), KeydError> {
    let about = rustix::fs::fstat(io::stdin()).map_err(io::Error::from);
    let kind = about.map(|about| FileType::from_raw_mode(about.st_mode));
    if !matches!(kind, Ok(FileType::Socket)) {
        return Err(KeydError::ByHand);
    }
    confine::to_pipe_and_files().map_err(KeydError::Confine)?;
    let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(FrameError::from)?;
    // Both ends of the pipe are one socket, so one of them is enough.
    let mut pipe = io::BufReader::new(UnixStream::from(stdin));

    let Some(first) = frame::read(&mut pipe)? else { return Ok(()) };
    let (keyring, ready) = match unlock(&Start::from_bytes(&first)?) {
        Ok(opened) => opened,
        Err(error) => return Ok(reply(&mut pipe, &KeyReply::Failed(error))?),
    };
    drop(first);
    reply(&mut pipe, &ready)?;

    while let Some(request) = frame::read(&mut pipe)? {
        // A request that cannot be read is the node's mistake: it is refused, and the keys stay.
        let answer = KeyRequest::from_bytes(&request)
            .map_err(|error| KeyError::Failed(format!("the request cannot be read: {error}")))
            .and_then(|request| keyring.call(request))
            .unwrap_or_else(KeyReply::Failed);
        reply(&mut pipe, &answer)?;
    }
    Ok(())
}

/// Opens the keys; the reply says what an operator should know.
fn unlock(start: &Start) -> Result<(Keyring, KeyReply), KeyError> {
    fn failed(error: impl std::fmt::Display) -> KeyError {
        KeyError::Failed(error.to_string())
    }
    // The anchor first: it is cheap, and a node that is served twice fails on it.
    let anchor = FileAnchor::open(&start.anchor, start.keys.clone()).map_err(failed)?;
    let secrets = secrets::read_keys(&start.keys.path, &start.keys.passphrase).map_err(failed)?;
    let ready = if anchor.was_torn() {
        KeyReply::Bytes(
            b"the last line of the anchor was torn by a crash; nothing was signed under it"
                .to_vec(),
        )
    } else {
        KeyReply::Done
    };
    Ok((Keyring::new(secrets, Box::new(anchor), Box::new(OsEntropy)), ready))
}

fn reply(pipe: &mut io::BufReader<UnixStream>, reply: &KeyReply) -> Result<(), FrameError> {
    let bytes = reply.to_bytes();
    if bytes.len() > FRAME_BYTES_MAX {
        let failed = KeyError::Failed(format!(
            "the reply takes {} bytes: expected at most {FRAME_BYTES_MAX}; ask for less at once",
            bytes.len()
        ));
        return frame::write(pipe.get_mut(), &KeyReply::Failed(failed).to_bytes());
    }
    frame::write(pipe.get_mut(), &bytes)
}
