//! Messages on the pipe: a length of four bytes, the highest first, and that many bytes.

use std::io::{self, IoSlice, Read, Write};

use thiserror::Error;
use zeroize::Zeroizing;

/// One message may not be longer than this.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// Why a message did not cross the pipe.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The pipe closed or failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Longer than any message.
    #[error("a message of {bytes} bytes: expected at most {FRAME_BYTES_MAX}")]
    TooLong {
        /// How long it claims to be, or is.
        bytes: usize,
    },
}

/// Reads one message; none if the pipe was closed before it.
pub(super) fn read(pipe: &mut impl Read) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
    let mut head = Vec::with_capacity(4);
    pipe.by_ref().take(4).read_to_end(&mut head)?;
    let len = match <[u8; 4]>::try_from(head) {
        Ok(head) => usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX),
        Err(head) if head.is_empty() => return Ok(None),
        Err(_) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    };
    if len > FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { bytes: len });
    }
    // Never grows, so that no copy of a secret stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len));
    pipe.by_ref().take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() == len {
        Ok(Some(bytes))
    } else {
        Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
    }
}

/// Writes one message.
pub(super) fn write(pipe: &mut impl Write, bytes: &[u8]) -> Result<(), FrameError> {
    let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= FRAME_BYTES_MAX);
    let len = len.ok_or(FrameError::TooLong { bytes: bytes.len() })?;
    let head = len.to_be_bytes();
    // One write wakes the other side once.
    let sent = pipe.write_vectored(&[IoSlice::new(&head), IoSlice::new(bytes)])?;
    if let Some(rest) = head.get(sent..) {
        pipe.write_all(rest)?;
    }
    if let Some(rest) = bytes.get(sent.saturating_sub(head.len())..) {
        pipe.write_all(rest)?;
    }
    Ok(pipe.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_and_in_order() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"one").unwrap();
        write(&mut pipe, b"").unwrap();
        let mut pipe = pipe.as_slice();
        assert_eq!(read(&mut pipe).unwrap().unwrap().as_slice(), b"one");
        assert_eq!(read(&mut pipe).unwrap().unwrap().as_slice(), b"");
        assert!(read(&mut pipe).unwrap().is_none());
    }

    #[test]
    fn a_message_above_the_limit_or_cut_off_is_refused() {
        let above = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes();
        assert!(matches!(read(&mut above.as_slice()), Err(FrameError::TooLong { .. })));
        assert!(matches!(read(&mut [0, 0].as_slice()), Err(FrameError::Io(_))));
        assert!(matches!(read(&mut [0, 0, 0, 2, 1].as_slice()), Err(FrameError::Io(_))));
        let long = vec![0; FRAME_BYTES_MAX + 1];
        let mut pipe = Vec::new();
        assert!(matches!(write(&mut pipe, &long), Err(FrameError::TooLong { .. })));
        assert!(pipe.is_empty());
    }
}
