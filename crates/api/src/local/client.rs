//! A client of the socket for programs that are not asynchronous, such as the command line.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::{LOCAL_BODY_BYTES_MAX, LOCAL_UPLOAD_BYTES_MAX, LocalError, socket_path};
use crate::body::{BodyBounds, BodyFault, read_bounded};

/// For a command, its upload and its answer.
const COMMAND_TIME_MAX: Duration = Duration::from_mins(10);
/// Three of the node's signs of life.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Bytes of one event.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Why a command was not done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LocalClientError {
    /// Nothing listens.
    #[error(
        "the node at `{}` is not running: start it with `entente serve --dir {}`",
        dir.display(),
        dir.display()
    )]
    NotRunning {
        /// The node's folder.
        dir: PathBuf,
    },
    /// Another user's node.
    #[error(
        "this user may not use the node at `{}`: run the command as the user that runs it",
        dir.display()
    )]
    NoAccess {
        /// The node's folder.
        dir: PathBuf,
    },
    /// The node says no, or failed.
    #[error(transparent)]
    Refused(LocalError),
    /// The node went away, or something else is listening.
    #[error("the node at `{}` broke off: {reason}", dir.display())]
    Broken {
        /// The node's folder.
        dir: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The node did not answer.
    #[error("the node at `{}` did not answer within {} s", dir.display(), after.as_secs())]
    Timeout {
        /// The node's folder.
        dir: PathBuf,
        /// How long we waited.
        after: Duration,
    },
    /// What was to be sent cannot be.
    #[error("{0}")]
    Unsendable(&'static str),
    /// The system refuses.
    #[error("the node at `{}` cannot be reached", dir.display())]
    Io {
        /// The node's folder.
        dir: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

/// Speaks to the node in a folder. Each call opens a connection of its own. Not to be used from
/// asynchronous code, because it waits.
pub struct LocalClient {
    dir: PathBuf,
    authorization: Option<HeaderValue>,
    runtime: Runtime,
}

impl fmt::Debug for LocalClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalClient").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl LocalClient {
    /// Connects to nothing yet.
    pub fn new(dir: &Path, token: Option<&str>) -> Result<Self, LocalClientError> {
        let dir = dir.to_owned();
        let authorization = match token {
            None => None,
            Some(token) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| LocalClientError::Unsendable("the token is not printable text"))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| LocalClientError::Io { dir: dir.clone(), source })?;
        Ok(Self { dir, authorization, runtime })
    }

    /// Has a command done and gives its answer.
    pub fn call(&self, name: &str, body: &Value) -> Result<Value, LocalClientError> {
        let after = COMMAND_TIME_MAX;
        let bytes = body.to_string().into_bytes();
        if bytes.len() > LOCAL_UPLOAD_BYTES_MAX {
            return Err(LocalClientError::Unsendable(
                "this is larger than the 1 GiB of files that a node takes at once",
            ));
        }
        self.runtime.block_on(async {
            let call = async {
                let request = self.request(Method::POST, &format!("/v1/{name}"), bytes)?;
                let response = self.send(request).await?;
                self.answer(response).await
            };
            timeout(after, call)
                .await
                .unwrap_or_else(|_| Err(LocalClientError::Timeout { dir: self.dir.clone(), after }))
        })
    }

    /// Hands over each event after this number, and those to come, until told to stop or the
    /// node closes.
    pub fn events(
        &self,
        after: i64,
        each: &mut dyn FnMut(i64, &str) -> ControlFlow<()>,
    ) -> Result<(), LocalClientError> {
        self.runtime.block_on(async {
            let path = format!("/v1/events?after={after}");
            let request = self.request(Method::GET, &path, Vec::new())?;
            let response = self.send(request).await?;
            if response.status() != 200 {
                return self.answer(response).await.map(|_| ());
            }
            let mut body = response.into_body();
            let mut events = EventReader::default();
            loop {
                let after = SILENCE_MAX;
                let Some(frame) = timeout(after, body.frame())
                    .await
                    .map_err(|_| LocalClientError::Timeout { dir: self.dir.clone(), after })?
                else {
                    return Ok(());
                };
                let frame = frame.map_err(|error| self.broken(error.to_string()))?;
                let Ok(data) = frame.into_data() else { continue };
                let flow = events
                    .read(&data, each)
                    .map_err(|TooLong| self.broken("an event is too long".to_owned()))?;
                if flow.is_break() {
                    return Ok(());
                }
            }
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, LocalClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "node")
            .header(CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request
            .body(Full::from(body))
            .map_err(|_| LocalClientError::Unsendable("this is not the name of a command"))
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, LocalClientError> {
        let stream = UnixStream::connect(socket_path(&self.dir))
            .await
            .map_err(|source| self.unconnected(source))?;
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(error.to_string()))?;
        tokio::spawn(connection);
        requests.send_request(request).await.map_err(|error| self.broken(error.to_string()))
    }

    async fn answer(&self, response: Response<Incoming>) -> Result<Value, LocalClientError> {
        let status = response.status().as_u16();
        let bounds = BodyBounds {
            bytes_max: LOCAL_BODY_BYTES_MAX,
            pause: SILENCE_MAX,
            whole: COMMAND_TIME_MAX,
        };
        let bytes = read_bounded(response.into_body(), bounds, |_| ())
            .await
            .map_err(|fault: BodyFault| self.broken(fault.to_string()))?;
        let body: Value = serde_json::from_slice(&bytes)
            .map_err(|_| self.broken("its answer is not JSON".to_owned()))?;
        if status == 200 {
            Ok(body)
        } else {
            Err(LocalClientError::Refused(LocalError::from_json(status, &body)))
        }
    }

    fn unconnected(&self, source: io::Error) -> LocalClientError {
        let dir = self.dir.clone();
        if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
            LocalClientError::NotRunning { dir }
        } else if source.kind() == io::ErrorKind::PermissionDenied {
            LocalClientError::NoAccess { dir }
        } else {
            LocalClientError::Io { dir, source }
        }
    }

    fn broken(&self, reason: String) -> LocalClientError {
        LocalClientError::Broken { dir: self.dir.clone(), reason }
    }
}

/// Takes server-sent events out of bytes, wherever these are cut.
#[derive(Default)]
struct EventReader {
    line: Vec<u8>,
    seq: i64,
    data: Vec<u8>,
}

struct TooLong;

impl EventReader {
    fn read(
        &mut self,
        bytes: &[u8],
        each: &mut dyn FnMut(i64, &str) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TooLong> {
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() + self.data.len() >= EVENT_BYTES_MAX {
                    return Err(TooLong);
                }
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(seq) = line.strip_prefix(b"id: ") {
                let seq = std::str::from_utf8(seq).ok().and_then(|seq| seq.parse().ok());
                self.seq = seq.unwrap_or(self.seq);
            } else if let Some(data) = line.strip_prefix(b"data: ") {
                self.data.extend_from_slice(data);
                self.data.push(b'\n');
            } else if line.is_empty() && !self.data.is_empty() {
                let mut data = std::mem::take(&mut self.data);
                data.pop();
                if each(self.seq, &String::from_utf8_lossy(&data)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn events_are_read_wherever_the_bytes_are_cut() {
    let text = ":\n\nid: 7\ndata: one\ndata: t\u{e9}o\n\nid: 8\ndata: \n\n";
    for cut in 1..text.len() {
        let mut seen = Vec::new();
        let mut reader = EventReader::default();
        for piece in text.as_bytes().chunks(cut) {
            let flow = reader.read(piece, &mut |seq, data| {
                seen.push((seq, data.to_owned()));
                ControlFlow::Continue(())
            });
            assert!(flow.is_ok());
        }
        assert_eq!(seen, [(7, "one\nt\u{e9}o".to_owned()), (8, String::new())]);
    }
}
