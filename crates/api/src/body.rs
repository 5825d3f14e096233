//! Bodies with an end: read within bounds of size and time, sent in small pieces.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes handed to the connection at once.
const PIECE_BYTES: usize = 64 << 10;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum BodyFault {
    /// More than may be.
    #[error("the body is larger than the {bytes_max} bytes that are accepted here")]
    TooLarge {
        /// What may be.
        bytes_max: usize,
    },
    /// The other side paused for too long, or took too long in all.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The connection broke, or the framing was wrong.
    #[error("the body broke off before its end")]
    Broken,
}

/// How much of a body is read, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyBounds {
    pub(crate) bytes_max: usize,
    /// Between two pieces.
    pub(crate) pause: Duration,
    /// From first to last.
    pub(crate) whole: Duration,
}

/// Reads a body that stays within its bounds. A declared length above them is refused before
/// the first byte is read, and no memory is set aside for bytes that have not come.
pub(crate) async fn read_bounded<B>(
    body: B,
    bounds: BodyBounds,
    mut arrived: impl FnMut(usize),
) -> Result<Vec<u8>, BodyFault>
where
    B: Body<Data = Bytes>,
{
    let BodyBounds { bytes_max, pause, whole } = bounds;
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > bytes_max {
        return Err(BodyFault::TooLarge { bytes_max });
    }
    let deadline = Instant::now() + whole;
    let mut body = pin!(body);
    let mut bytes = Vec::with_capacity(declared.min(PIECE_BYTES));
    loop {
        let piece = timeout_at(deadline, timeout(pause, body.frame())).await;
        let frame = match piece {
            Err(_) | Ok(Err(_)) => return Err(BodyFault::TimedOut),
            Ok(Ok(None)) => return Ok(bytes),
            Ok(Ok(Some(Err(_)))) => return Err(BodyFault::Broken),
            Ok(Ok(Some(Ok(frame)))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        arrived(data.len());
        if data.len() > bytes_max - bytes.len() {
            return Err(BodyFault::TooLarge { bytes_max });
        }
        bytes.extend_from_slice(&data);
    }
}

/// A body that is copied out piece by piece as the connection has room, and that keeps `held`
/// until its last piece is out. A receiver that stops reading so ties up what it was granted,
/// and no more than a piece of memory beyond it.
pub(crate) struct Paced<T> {
    rest: Vec<u8>,
    sent: usize,
    held: Option<T>,
}

impl<T> Paced<T> {
    pub(crate) fn new(bytes: Vec<u8>, held: Option<T>) -> Self {
        Self { rest: bytes, sent: 0, held }
    }
}

impl<T: Unpin> Body for Paced<T> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let end = self.rest.len().min(self.sent.saturating_add(PIECE_BYTES));
        let piece = match self.rest.get(self.sent..end) {
            Some(piece) if !piece.is_empty() => Bytes::copy_from_slice(piece),
            _ => return Poll::Ready(None),
        };
        self.sent = end;
        if end == self.rest.len() {
            self.rest = Vec::new();
            self.sent = 0;
            self.held = None;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.rest.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.rest.len() - self.sent) as u64)
    }
}

/// Runs synchronous work on a blocking thread. `None` is a panic inside, already reported.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Option<T>> {
    let task = tokio::task::spawn_blocking(work);
    async move { task.await.ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: BodyBounds =
        BodyBounds { bytes_max: 100, pause: Duration::from_secs(1), whole: Duration::from_secs(5) };

    /// Declares a length and then refuses to be read.
    struct Boast(u64);

    impl Body for Boast {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("a body that is declared too large is not read")
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    /// Gives a byte each time it is asked, without an end and without a declared length.
    struct Endless(usize);

    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0 += 1;
            assert!(self.0 <= 101, "reading goes on after the limit");
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test]
    async fn a_declared_excess_is_refused_unread_and_an_undeclared_one_at_the_limit() {
        let too_large = Err(BodyFault::TooLarge { bytes_max: 100 });
        assert_eq!(read_bounded(Boast(101), BOUNDS, |_| ()).await, too_large);
        let mut arrived = 0;
        assert_eq!(read_bounded(Endless(0), BOUNDS, |n| arrived += n).await, too_large);
        assert_eq!(arrived, 101);
    }

    #[tokio::test]
    async fn a_paced_body_comes_whole_and_lets_go_when_out() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let held = std::sync::Arc::new(());
        let mut body = Paced::new(bytes.clone(), Some(std::sync::Arc::clone(&held)));
        let mut out = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            assert!(data.len() <= PIECE_BYTES);
            out.extend_from_slice(&data);
            let done = out.len() == bytes.len();
            assert_eq!(body.is_end_stream(), done);
            assert_eq!(std::sync::Arc::strong_count(&held), if done { 1 } else { 2 });
        }
        assert_eq!(out, bytes);
        assert!(Paced::<()>::new(Vec::new(), None).is_end_stream());
    }
}
