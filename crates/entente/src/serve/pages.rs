//! The door for people: bounded like the other two doors, so that no browser and no program in
//! front of it uses up what partners and commands need.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use entente_model::Clock as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::cards::PagesTls;
use crate::ambient::SystemClock;

/// Bytes of a request's head.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// How long the door pauses when the system has no connection to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// What browsers may take up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Connections at once; further ones wait in the system's queue.
    pub(super) connections_max: usize,
    /// How long a connection may take to send a request's head, and be idle before one.
    pub(super) header_time_max: Duration,
}

/// What is served.
pub(super) struct Pages {
    pub(super) router: Router,
    /// TLS of their own, unless a proxy in front has it.
    pub(super) tls: Option<Arc<PagesTls>>,
    pub(super) bounds: Bounds,
}

/// Serves pages until `stopped` says so.
pub(super) async fn serve(listener: TcpListener, pages: Pages, mut stopped: watch::Receiver<bool>) {
    let Pages { router, tls, bounds } = pages;
    let connections = Arc::new(Semaphore::new(bounds.connections_max));
    let mut tasks = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            next = next => next,
        };
        while tasks.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                // Pages count failed sign-ins by where they come from.
                let router = router.clone().layer(Extension(ConnectInfo(peer)));
                let (stopped, tls) = (stopped.clone(), tls.clone());
                tasks.spawn(async move {
                    match tls {
                        None => connection(stream, router, bounds, stopped).await,
                        Some(tls) => encrypted(&tls, stream, router, bounds, stopped).await,
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a browser's connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// A connection whose TLS ends here, and what its certificate is worth.
async fn encrypted(
    tls: &PagesTls,
    stream: TcpStream,
    router: Router,
    bounds: Bounds,
    stopped: watch::Receiver<bool>,
) {
    let accepting = tls.acceptor.accept(stream);
    // Whoever shakes no hands, or too slowly, makes room for others.
    let Ok(Ok(stream)) = tokio::time::timeout(bounds.header_time_max, accepting).await else {
        return;
    };
    let card = tls.judge(stream.get_ref().1.peer_certificates(), SystemClock.now());
    let router = match card {
        Some(card) => router.layer(Extension(card)),
        None => router,
    };
    connection(stream, router, bounds, stopped).await;
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    bounds: Bounds,
    mut stopped: watch::Receiver<bool>,
) {
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.header_time_max)
            .max_buf_size(HEADER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => serving.as_mut().graceful_shutdown(),
    }
    // Whatever came of it, the browser has been told or is gone.
    let _ = serving.await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn ask(address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_connects_and_says_nothing_makes_room_for_others() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = Bounds { connections_max: 4, header_time_max: Duration::from_millis(100) };
        let (stop, stopped) = watch::channel(false);
        let from = |ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| async move {
            format!("a page for {}", peer.ip())
        };
        let router = Router::new().route("/", get(from));
        let pages = Pages { router, tls: None, bounds };
        let served = tokio::spawn(serve(listener, pages, stopped));
        let mut silent = Vec::new();
        for _ in 0..8 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        // Answered once those before it were given up.
        assert!(ask(address).await.ends_with("a page for 127.0.0.1"));
        drop(silent);
        stop.send(true).unwrap();
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
