use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use entente_api::local::{
    EventSource, LocalClient, LocalClientError, LocalError, LocalLimits, LocalService, LocalSocket,
    SocketError, socket_path,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

/// Says what it was asked, except for some names.
struct Service;

impl LocalService for Service {
    fn command(&self, token: Option<&str>, name: &str, body: Value) -> Result<Value, LocalError> {
        match name {
            "no" => Err(LocalError {
                reference: Some("e-17".to_owned()),
                ..LocalError::new(409, "it is suspended").with_hint("resume it first")
            }),
            "panic" => panic!("secret detail"),
            _ => Ok(json!({ "token": token, "name": name, "body": body })),
        }
    }
}

#[derive(Default)]
struct Events {
    all: Mutex<Vec<(i64, String)>>,
    ready: Arc<Notify>,
}

impl Events {
    fn add(&self, seq: i64, data: &str) {
        self.all.lock().unwrap().push((seq, data.to_owned()));
        self.ready.notify_waiters();
    }
}

impl EventSource for Events {
    fn after(&self, token: Option<&str>, seq: i64) -> Result<Vec<(i64, String)>, LocalError> {
        if token == Some("nobody") {
            return Err(LocalError::new(403, "this token may not watch"));
        }
        let all = self.all.lock().unwrap();
        Ok(all.iter().filter(|(number, _)| *number > seq).take(2).cloned().collect())
    }

    fn ready(&self) -> Arc<Notify> {
        Arc::clone(&self.ready)
    }
}

struct Node {
    dir: TempDir,
    events: Arc<Events>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Node {
    fn start(limits: LocalLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = LocalSocket::bind(dir.path()).unwrap();
        let events = Arc::new(Events::default());
        let (stop, stopped) = oneshot::channel();
        let source: Arc<Events> = Arc::clone(&events);
        let serving = tokio::spawn(socket.serve(Arc::new(Service), source, limits, async {
            let _ = stopped.await;
        }));
        Self { dir, events, stop, serving }
    }

    fn client(&self, token: Option<&str>) -> LocalClient {
        LocalClient::new(self.dir.path(), token).unwrap()
    }

    async fn call(
        &self,
        token: Option<&'static str>,
        name: &'static str,
        body: Value,
    ) -> Result<Value, LocalClientError> {
        let dir = self.dir.path().to_owned();
        spawn_blocking(move || LocalClient::new(&dir, token).unwrap().call(name, &body))
            .await
            .unwrap()
    }

    async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.dir
    }
}

#[tokio::test]
async fn a_command_goes_to_the_service_and_its_answer_comes_back() {
    let node = Node::start(LocalLimits::default());
    let body = json!({ "title": "é", "sizes": [1, 2] });
    let answer = node.call(Some("t0k"), "object.share", body.clone()).await.unwrap();
    assert_eq!(answer, json!({ "token": "t0k", "name": "object.share", "body": body }));
    let large = json!("x".repeat(5 << 20));
    let answer = node.call(None, "import", large.clone()).await.unwrap();
    assert_eq!(answer, json!({ "token": null, "name": "import", "body": large }));
}

#[tokio::test]
async fn refusals_keep_their_status_hint_and_reference() {
    let node = Node::start(LocalLimits { body_bytes_max: 1000, ..LocalLimits::default() });
    let refused = |error: LocalClientError| {
        let LocalClientError::Refused(refusal) = error else { panic!("{error:?}") };
        refusal
    };
    let refusal = refused(node.call(None, "no", Value::Null).await.unwrap_err());
    assert_eq!(
        refusal,
        LocalError {
            status: 409,
            message: "it is suspended".to_owned(),
            hint: Some("resume it first".to_owned()),
            reference: Some("e-17".to_owned()),
        }
    );
    let refusal = refused(node.call(None, "panic", Value::Null).await.unwrap_err());
    assert_eq!(refusal.status, 500);
    assert!(!refusal.message.contains("secret"));
    let refusal = refused(node.call(None, "x", json!("x".repeat(1000))).await.unwrap_err());
    assert_eq!(refusal.status, 413);
    let refusal = refused(node.call(None, "a/b", Value::Null).await.unwrap_err());
    assert_eq!(refusal.status, 404);
}

async fn by_hand(dir: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket_path(dir)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn any_http_client_can_use_it() {
    let node = Node::start(LocalLimits::default());
    let dir = node.dir.path();
    let answer = by_hand(
        dir,
        "POST /v1/status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer abc\r\n\
         connection: close\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let expected = json!({ "token": "abc", "name": "status", "body": null });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
    for (request, status, text) in [
        ("GET /v1/status", "405", "no such method"),
        ("GET /", "404", "there is no such endpoint"),
        ("GET /v1/events?after=x", "400", "`after` is not a whole number"),
        ("POST /v1/x HTTP/1.1\r\nauthorization: Basic x\r\nx:", "401", "not a bearer token"),
    ] {
        let request = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = by_hand(dir, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains(text), "{answer}");
    }
    let request =
        "POST /v1/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{]";
    let answer = by_hand(dir, request).await;
    assert!(answer.contains("the body is not JSON"), "{answer}");
}

#[tokio::test]
async fn the_socket_is_for_its_user_only_and_goes_away_with_the_node() {
    let node = Node::start(LocalLimits::default());
    let path = socket_path(node.dir.path());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let dir = node.stop().await;
    assert!(!path.exists());
    let names = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(names).collect();
    assert_eq!(left, ["entente.lock"]);
}

#[tokio::test]
async fn a_live_socket_is_never_taken_over() {
    let node = Node::start(LocalLimits::default());
    let refused = LocalSocket::bind(node.dir.path()).unwrap_err();
    assert!(matches!(refused, SocketError::InUse { .. }), "{refused}");
    // Not even when somebody removed the lock.
    std::fs::remove_file(node.dir.path().join("entente.lock")).unwrap();
    let refused = LocalSocket::bind(node.dir.path()).unwrap_err();
    assert!(matches!(refused, SocketError::InUse { .. }), "{refused}");
    assert!(node.call(None, "x", Value::Null).await.is_ok());
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = socket_path(dir.path());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    std::fs::create_dir(dir.path().join(".bind")).unwrap();
    assert!(path.exists());
    let client = LocalClient::new(dir.path(), None).unwrap();
    let error = spawn_blocking(move || client.call("x", &Value::Null)).await.unwrap().unwrap_err();
    assert!(matches!(error, LocalClientError::NotRunning { .. }), "{error}");
    let socket = LocalSocket::bind(dir.path()).unwrap();
    assert_eq!(socket.path(), path);
    drop(socket);
    assert!(LocalSocket::bind(dir.path()).is_ok());
}

#[test]
fn a_node_that_is_not_running_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let client = LocalClient::new(dir.path(), None).unwrap();
    let error = client.call("x", &Value::Null).unwrap_err().to_string();
    let dir = dir.path().display();
    let expected =
        format!("the node at `{dir}` is not running: start it with `entente serve --dir {dir}`");
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_said_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("d".repeat(100));
    let refused = LocalSocket::bind(&deep).unwrap_err();
    let text = refused.to_string();
    assert!(text.ends_with("move the node to a folder of at most 90 bytes"), "{text}");
}

#[tokio::test]
async fn events_come_in_order_those_past_and_those_to_come() {
    let node = Node::start(LocalLimits::default());
    for seq in 1..=5 {
        node.events.add(seq, &format!("{{\"n\":{seq}}}"));
    }
    let client = node.client(Some("t"));
    let (seen, mut events) = mpsc::unbounded_channel();
    let watching = spawn_blocking(move || {
        client.events(2, &mut |seq, data| {
            seen.send((seq, data.to_owned())).unwrap();
            if seq == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    for seq in 3..=5 {
        assert_eq!(events.recv().await, Some((seq, format!("{{\"n\":{seq}}}"))));
    }
    node.events.add(6, "two\nlines");
    assert_eq!(events.recv().await, Some((6, "two\nlines".to_owned())));
    node.events.add(7, "last");
    assert_eq!(events.recv().await, Some((7, "last".to_owned())));
    watching.await.unwrap().unwrap();
}

#[tokio::test]
async fn watching_needs_a_token_that_may_and_ends_with_the_node() {
    let node = Node::start(LocalLimits::default());
    let client = node.client(Some("nobody"));
    let refused = spawn_blocking(move || client.events(0, &mut |_, _| ControlFlow::Continue(())))
        .await
        .unwrap()
        .unwrap_err();
    let LocalClientError::Refused(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.status, 403);

    node.events.add(1, "one");
    let client = node.client(None);
    let (seen, mut events) = mpsc::unbounded_channel();
    let watching = spawn_blocking(move || {
        client.events(0, &mut |seq, _| {
            seen.send(seq).unwrap();
            ControlFlow::Continue(())
        })
    });
    assert_eq!(events.recv().await, Some(1));
    node.stop().await;
    watching.await.unwrap().unwrap();
}
