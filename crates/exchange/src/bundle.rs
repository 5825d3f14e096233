//! Bundles: the unit of transfer, the same bytes over HTTP and on a disc.
//!
//! `protocol.md` 4.2. A bundle is `"ENTB1\n"`, a header, frames and a trailer that holds the
//! digest of everything before it, so that damage on the way is told apart from a lie in the
//! ledger. [`parse`] checks the framing, borrows the frames and decodes none of them; what the
//! frames mean to a receiver is [`crate::verify`]'s.

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::id::NodeId;
use entente_model::time::Timestamp;
use entente_seal::digest::sha256_parts;
use thiserror::Error;

mod frame;

pub use frame::{
    ChainFrame, Consistency, Cosig, ForkFrame, ForkKind, Frame, FrameType, GrantFrame, ItemFrame,
    Multiproof, TermsFrame,
};

/// The first bytes of every bundle.
pub const MAGIC: &[u8; 6] = b"ENTB1\n";
/// A bundle may not be longer than this, unless both sides set less.
pub const BUNDLE_BYTES_MAX: usize = 4 << 20;
/// A bundle may not have more frames than this.
pub const FRAMES_MAX: usize = 16 << 10;
/// How many bytes the trailer takes.
pub const TRAILER_BYTES: usize = 36;
/// What follows a bundle's frames in the place of a frame type.
const TRAILER: u64 = 0;

/// Who sends a bundle to whom, and which part of what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The sending node.
    pub src: NodeId,
    /// The receiving node.
    pub dst: NodeId,
    /// Counts the openings of the link, so that a restart shows.
    pub link_epoch: u64,
    /// Minor version of the protocol.
    pub minor: u64,
    /// This part, from 0 …
    pub part: u32,
    /// … of so many.
    pub parts: u32,
    /// When it was made, by the sender's clock; orders nothing.
    pub created: Timestamp,
    /// Link profile: 0 is standard.
    pub profile: u64,
}

impl Wire for Header {
    const NAME: &'static str = "bundle header";
    const BYTES_MAX: usize = 128;

    fn write(&self, w: &mut Writer) {
        w.array(7).value(&self.src).value(&self.dst).uint(self.link_epoch).uint(self.minor);
        w.array(2).uint(self.part.into()).uint(self.parts.into());
        w.value(&self.created).uint(self.profile);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            let (src, dst) = (r.value()?, r.value()?);
            let (link_epoch, minor) = (r.uint()?, r.uint()?);
            let (part, parts) = r.record(2, |r| Ok((count(r)?, count(r)?)))?;
            if part >= parts {
                return Err(r.fault(entente_model::codec::WireFault::Range { what: "the part" }));
            }
            let (created, profile) = (r.value()?, r.uint()?);
            Ok(Self { src, dst, link_epoch, minor, part, parts, created, profile })
        })
    }
}

/// A number that fits in 32 bits.
fn count(r: &mut Reader<'_>) -> Result<u32, WireError> {
    let value = r.uint_to(u32::MAX.into(), "the part")?;
    Ok(u32::try_from(value).unwrap_or(u32::MAX))
}

/// How large a bundle may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub bytes_max: usize,
    /// Frames in all.
    pub frames_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: BUNDLE_BYTES_MAX, frames_max: FRAMES_MAX }
    }
}

/// Why bytes are not a bundle. The transport or the peer's software is at fault, not its ledger.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// Too long.
    #[error("the bundle has {bytes} bytes, more than the {max} that are accepted")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Too many frames.
    #[error("the bundle has more than {max} frames")]
    TooManyFrames {
        /// The limit.
        max: usize,
    },
    /// It starts with something else.
    #[error("this is not a bundle: expected it to start with `ENTB1` and a line feed")]
    Magic,
    /// Header, frame or trailer is not well formed.
    #[error("the bundle's framing is wrong")]
    Framing(#[from] WireError),
    /// A frame type that may not be skipped.
    #[error("frame type {ftype} is unknown here and may not be skipped")]
    UnknownFrame {
        /// The type.
        ftype: u64,
    },
    /// Damaged on the way.
    #[error("the bundle was damaged on its way: its digest does not match its content")]
    Damaged,
}

/// One frame as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFrame<'a> {
    /// Its type.
    pub ftype: FrameType,
    /// Its body, not yet decoded.
    pub body: &'a [u8],
}

/// A bundle whose framing and digest are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle<'a> {
    header: Header,
    frames: Vec<RawFrame<'a>>,
}

impl<'a> Bundle<'a> {
    /// Its header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its frames of known types, in their order.
    pub fn frames(&self) -> &[RawFrame<'a>] {
        &self.frames
    }
}

/// Reads a bundle's framing.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Bundle<'_>, BundleError> {
    if bytes.len() > limits.bytes_max {
        return Err(BundleError::TooLong { bytes: bytes.len(), max: limits.bytes_max });
    }
    let content = bytes.strip_prefix(MAGIC).ok_or(BundleError::Magic)?;
    let mut r = Reader::new(content);
    let header = r.value()?;
    let mut frames = Vec::new();
    let mut seen = 0;
    loop {
        let start = r.position();
        let (ftype, body) = r.record(2, |r| Ok((r.uint()?, r.bytes()?)))?;
        if ftype == TRAILER {
            r.end()?;
            let before = bytes.get(..MAGIC.len() + start).unwrap_or(bytes);
            let intact = body == sha256_parts(&[before]);
            return if intact { Ok(Bundle { header, frames }) } else { Err(BundleError::Damaged) };
        }
        seen += 1;
        if seen > limits.frames_max {
            return Err(BundleError::TooManyFrames { max: limits.frames_max });
        }
        match FrameType::from_code(ftype) {
            Some(ftype) => frames.push(RawFrame { ftype, body }),
            None if ftype < FrameType::CRITICAL_FROM => {}
            None => return Err(BundleError::UnknownFrame { ftype }),
        }
    }
}

/// Writes a bundle, frame by frame.
#[derive(Debug, Clone)]
pub struct BundleWriter {
    w: Writer,
    bytes: usize,
}

impl BundleWriter {
    /// Begins a bundle.
    pub fn new(header: &Header) -> Self {
        let mut w = Writer::new();
        w.raw(MAGIC).value(header);
        Self { w, bytes: MAGIC.len() + header.to_bytes().len() }
    }

    /// Appends a frame.
    pub fn frame(&mut self, ftype: FrameType, body: &[u8]) -> &mut Self {
        self.bytes += frame_bytes(ftype, body.len());
        self.w.array(2).uint(ftype.code().into()).bytes(body);
        self
    }

    /// Appends a frame with this value as its body.
    pub fn value<T: Wire>(&mut self, ftype: FrameType, value: &T) -> &mut Self {
        self.frame(ftype, &value.to_bytes())
    }

    /// How long the bundle will be if nothing more is added.
    pub const fn bytes(&self) -> usize {
        self.bytes + TRAILER_BYTES
    }

    /// Ends the bundle.
    pub fn finish(self) -> Vec<u8> {
        let before = self.w.into_bytes();
        let digest = sha256_parts(&[&before]);
        let mut w = Writer::new();
        w.raw(&before).array(2).uint(TRAILER).bytes(&digest);
        w.into_bytes()
    }
}

/// How many bytes a frame with a body of `body` bytes takes.
pub const fn frame_bytes(ftype: FrameType, body: usize) -> usize {
    1 + head_bytes(ftype.code() as usize) + head_bytes(body) + body
}

/// How many bytes the head of a number or length takes.
pub(crate) const fn head_bytes(value: usize) -> usize {
    match value {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests;
