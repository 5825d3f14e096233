use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use entente_api::partner::{BUNDLE_MEDIA_TYPE, PartnerLimits, Reply};
use entente_api::partner_client::{ClientError, ClientLimits, LaneGroup, PartnerClient};
use entente_api::tls::client_config;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Directory, Party, Running, Service};

async fn start(of: &Party, known: &[&Party], service: Service, limits: PartnerLimits) -> Running {
    Running::start(of, &Directory::of(known), service, limits).await
}

/// A connection that speaks HTTP/1.1 by hand.
async fn by_hand(party: &Party, to: &Running, pin: [u8; 32]) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::clone(&*client_config(&party.identity, vec![pin]).unwrap());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("any.invalid").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, to.dial().await).await.unwrap()
}

/// All that the server says until it closes, after a request of which only this is sent.
async fn answer_to(mut tls: TlsStream<TcpStream>, request: &str) -> String {
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server may close without a farewell; what it said is what counts.
    let _ = tls.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn big_bundle() -> Vec<u8> {
    (0..3_u32 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

fn status(error: &ClientError) -> u16 {
    let ClientError::Status { status, .. } = error else { panic!("not a status: {error:?}") };
    *status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_of_3_mib_comes_back_over_http_2() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = start(&one, &[&two], Service::default(), PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    for lanes in [LaneGroup::Urgent, LaneGroup::Bulk] {
        assert!(client.post_bundle(lanes, big_bundle()).await.unwrap() == big_bundle());
    }
}

#[tokio::test]
async fn a_bundle_of_3_mib_comes_back_over_http_1() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = start(&one, &[&two], Service::default(), PartnerLimits::default()).await;
    let tls = by_hand(&two, &running, one.pin()).await;
    let (mut requests, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = http::Request::post("/ent/v1/bundle")
            .header("host", "any")
            .header("content-type", BUNDLE_MEDIA_TYPE)
            .body(Full::<Bytes>::from(big_bundle()))
            .unwrap();
        let response = requests.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], BUNDLE_MEDIA_TYPE);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body == big_bundle());
    }
}

#[tokio::test]
async fn the_other_endpoints_reach_the_service_with_their_arguments_and_the_caller() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = start(&one, &[&two], Service::default(), PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    assert_eq!(client.chain(41).await.unwrap(), b"41\n");
    let latest = client.latest("xaa.example/log & more=1").await.unwrap();
    assert_eq!(latest, b"02020202 xaa.example/log & more=1\n");
    let conflict = client.add_checkpoint(b"old 10\n".to_vec()).await.unwrap_err();
    let ClientError::Status { status: 409, sentence, retry_after: None, .. } = &conflict else {
        panic!("{conflict:?}")
    };
    assert_eq!(sentence, "12");
    assert_eq!(status(&client.latest("").await.unwrap_err()), 400);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent_or_kept() {
    let (one, two) = (Party::new(1), Party::new(2));
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let service = Service {
        on_bundle: Box::new(move |_, body| {
            seen.fetch_add(1, Ordering::SeqCst);
            Reply::bundle(body)
        }),
        ..Service::default()
    };
    let limits = PartnerLimits { bundle_bytes_max: 1 << 20, ..PartnerLimits::default() };
    let running = start(&one, &[&two], service, limits).await;

    // Declared: not one byte of the body is awaited.
    let declared = format!(
        "POST /ent/v1/bundle HTTP/1.1\r\nhost: x\r\ncontent-type: {BUNDLE_MEDIA_TYPE}\r\n\
         content-length: 1099511627776\r\n\r\n"
    );
    let tls = by_hand(&two, &running, one.pin()).await;
    let answer = answer_to(tls, &declared).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("larger than the 1048576 bytes"), "{answer}");

    // Undeclared: reading stops at the limit, though the body goes on for ever.
    let mut tls = by_hand(&two, &running, one.pin()).await;
    let head = format!(
        "POST /ent/v1/bundle HTTP/1.1\r\nhost: x\r\ncontent-type: {BUNDLE_MEDIA_TYPE}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let (mut from, mut to) = tokio::io::split(tls);
    let endless = tokio::spawn(async move { while to.write_all(&chunk).await.is_ok() {} });
    let mut line = [0; 12];
    from.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 413");
    endless.await.unwrap();

    // And over HTTP/2, with the reason for people.
    let client = two.client(&running, &[&one]);
    let error = client.post_bundle(LaneGroup::Bulk, big_bundle()).await.unwrap_err();
    assert_eq!(status(&error), 413, "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert!(client.post_bundle(LaneGroup::Bulk, vec![1; 1 << 20]).await.is_ok());
}

#[tokio::test]
async fn a_client_takes_no_more_than_it_expects() {
    let (one, two) = (Party::new(1), Party::new(2));
    let service =
        Service { on_bundle: Box::new(|_, _| Reply::bundle(vec![0; 1001])), ..Service::default() };
    let running = start(&one, &[&two], service, PartnerLimits::default()).await;
    let limits = ClientLimits { bundle_bytes_max: 1000, ..ClientLimits::default() };
    let client =
        PartnerClient::new(running.endpoint(), vec![one.pin()], &two.identity, limits).unwrap();
    let error = client.post_bundle(LaneGroup::Bulk, vec![1]).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { bytes_max: 1000, .. }), "{error:?}");
}

#[tokio::test]
async fn wrong_requests_get_a_clear_sentence_and_unknown_paths_none() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = start(&one, &[&two], Service::default(), PartnerLimits::default()).await;
    let cases = [
        ("POST /ent/v1/bundle", "HTTP/1.1 415", "a bundle has the media type"),
        ("GET /ent/v1/bundle?from=x", "HTTP/1.1 400", "`from` is not a whole number"),
        ("PUT /ent/v1/bundle", "HTTP/1.1 405", "no such method"),
        ("GET /ent/v1/nothing", "HTTP/1.1 404", "content-length: 0"),
        ("GET /", "HTTP/1.1 404", "content-length: 0"),
        ("GET /ent/v1/chain/../bundle", "HTTP/1.1 404", "content-length: 0"),
    ];
    for (line, status, text) in cases {
        let tls = by_hand(&two, &running, one.pin()).await;
        let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = answer_to(tls, &request).await;
        assert!(answer.starts_with(status) && answer.contains(text), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits =
        PartnerLimits { body_pause_max: Duration::from_millis(100), ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    let tls = by_hand(&two, &running, one.pin()).await;
    let slow = format!(
        "POST /ent/v1/bundle HTTP/1.1\r\nhost: x\r\ncontent-type: {BUNDLE_MEDIA_TYPE}\r\n\
         content-length: 100\r\n\r\nE"
    );
    let answer = answer_to(tls, &slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive in time"), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_pauses_but_never_ends_is_given_up() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits =
        PartnerLimits { body_time_max: Duration::from_millis(200), ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    let mut tls = by_hand(&two, &running, one.pin()).await;
    let head = format!(
        "POST /ent/v1/bundle HTTP/1.1\r\nhost: x\r\ncontent-type: {BUNDLE_MEDIA_TYPE}\r\n\
         content-length: 4000000\r\n\r\n"
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = tokio::io::split(tls);
    let trickle = tokio::spawn(async move {
        while to.write_all(b"x").await.is_ok() && to.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let mut line = [0; 12];
    from.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 408");
    trickle.await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits =
        PartnerLimits { handshake_time_max: Duration::from_millis(50), ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    let mut silent = running.dial().await;
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn one_address_has_so_many_handshakes_and_no_more() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits = PartnerLimits { handshakes_per_address_max: 1, ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    let first = running.dial().await;
    let mut second = running.dial().await;
    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0);
    drop(first);
    // Once the first is gone, there is room again.
    let client = two.client(&running, &[&one]);
    while let Err(error) = client.chain(0).await {
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
        tokio::task::yield_now().await;
    }
}

/// Holds calls until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_of_one_partner_do_not_delay_another() {
    let (one, slow, quick) = (Party::new(1), Party::new(2), Party::new(3));
    let gate = Arc::new(Gate::default());
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, mut entries) = mpsc::unbounded_channel();
    let service = Service {
        on_bundle: Box::new({
            let (gate, most, slow) = (Arc::clone(&gate), Arc::clone(&most), slow.node);
            move |peer, body| {
                if peer == slow {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    entered.send(()).unwrap();
                    gate.pass();
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
                Reply::bundle(body)
            }
        }),
        ..Service::default()
    };
    let limits = PartnerLimits { calls_per_connection: 4, ..PartnerLimits::default() };
    let running = start(&one, &[&slow, &quick], service, limits).await;

    // Each larger than a stream may send unread: those that wait must not starve those that run.
    let client = Arc::new(slow.client(&running, &[&one]));
    let mut requests = JoinSet::new();
    for number in 0..50_u8 {
        let client = Arc::clone(&client);
        let body = vec![number; 300 << 10];
        requests.spawn(async move {
            client.post_bundle(LaneGroup::Bulk, body.clone()).await.unwrap() == body
        });
    }
    for _ in 0..4 {
        entries.recv().await.unwrap();
    }
    let other = quick.client(&running, &[&one]);
    assert_eq!(other.post_bundle(LaneGroup::Bulk, vec![7; 100]).await.unwrap(), [7; 100]);
    // Nor does bulk delay what is urgent from the same partner's other connection.
    assert_eq!(client.chain(1).await.unwrap(), b"1\n");

    gate.open();
    while let Some(same) = requests.join_next().await {
        assert!(same.unwrap());
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_request_that_was_given_up_counts_until_the_service_is_done_with_it() {
    let (one, two) = (Party::new(1), Party::new(2));
    let gate = Arc::new(Gate::default());
    let (entered, mut entries) = mpsc::unbounded_channel();
    let service = Service {
        on_bundle: Box::new({
            let gate = Arc::clone(&gate);
            move |_, body| {
                entered.send(body.len()).unwrap();
                gate.pass();
                Reply::bundle(body)
            }
        }),
        ..Service::default()
    };
    let limits = PartnerLimits { calls_per_connection: 1, ..PartnerLimits::default() };
    let running = start(&one, &[&two], service, limits).await;
    let client = Arc::new(two.client(&running, &[&one]));
    let begin = |len: usize| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.post_bundle(LaneGroup::Bulk, vec![1; len]).await })
    };
    let first = begin(1);
    assert_eq!(entries.recv().await, Some(1));
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = begin(2);
    // It would soon be in the service if the first had been forgotten.
    let early = tokio::time::timeout(Duration::from_millis(200), entries.recv()).await;
    assert!(early.is_err(), "{early:?}");
    gate.open();
    assert_eq!(entries.recv().await, Some(2));
    assert_eq!(second.await.unwrap().unwrap(), [1, 1]);
}

#[tokio::test]
async fn a_poll_waits_for_something_to_send() {
    let (one, two) = (Party::new(1), Party::new(2));
    let ready = Arc::default();
    let next = Arc::new(Mutex::new(None));
    let (asked, mut asks) = mpsc::unbounded_channel();
    let service = Service {
        on_poll: Box::new({
            let next = Arc::clone(&next);
            move |_, from| {
                asked.send(from).unwrap();
                next.lock().unwrap().take()
            }
        }),
        ready: Arc::clone(&ready),
        ..Service::default()
    };
    let running = start(&one, &[&two], service, PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    let poll = tokio::spawn(async move { client.poll_bundle(77).await });
    assert_eq!(asks.recv().await, Some(77));
    // A wake-up without news does not end it.
    ready.notify_waiters();
    assert_eq!(asks.recv().await, Some(77));
    *next.lock().unwrap() = Some(b"news".to_vec());
    ready.notify_waiters();
    assert_eq!(poll.await.unwrap().unwrap(), Some(b"news".to_vec()));
}

#[tokio::test]
async fn a_poll_ends_with_nothing_after_its_time_and_when_the_door_closes() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits = PartnerLimits { poll_wait: Duration::from_millis(50), ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    assert_eq!(two.client(&running, &[&one]).poll_bundle(0).await, Ok(None));

    let (asked, mut asks) = mpsc::unbounded_channel();
    let service = Service {
        on_poll: Box::new(move |_, from| {
            asked.send(from).unwrap();
            None
        }),
        ..Service::default()
    };
    let mut running = start(&one, &[&two], service, PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    let poll = tokio::spawn(async move { client.poll_bundle(0).await });
    asks.recv().await.unwrap();
    running.stop().await;
    assert_eq!(poll.await.unwrap(), Ok(None));
}

#[tokio::test]
async fn closing_lets_requests_under_way_finish_and_takes_no_more() {
    let (one, two) = (Party::new(1), Party::new(2));
    let gate = Arc::new(Gate::default());
    let (entered, mut entries) = mpsc::unbounded_channel();
    let service = Service {
        on_bundle: Box::new({
            let gate = Arc::clone(&gate);
            move |_, body| {
                entered.send(()).unwrap();
                gate.pass();
                Reply::bundle(body)
            }
        }),
        ..Service::default()
    };
    let mut running = start(&one, &[&two], service, PartnerLimits::default()).await;
    let client = Arc::new(two.client(&running, &[&one]));
    let under_way = {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.post_bundle(LaneGroup::Urgent, vec![5; 9]).await })
    };
    entries.recv().await.unwrap();
    let stopped = running.stop();
    gate.open();
    assert_eq!(under_way.await.unwrap().unwrap(), [5; 9]);
    stopped.await;
    let error = client.chain(0).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_used_up_quota_says_when_to_come_back() {
    let (one, two, three) = (Party::new(1), Party::new(2), Party::new(3));
    let limits = PartnerLimits { requests_per_minute: 2, ..PartnerLimits::default() };
    let running = start(&one, &[&two, &three], Service::default(), limits).await;
    let client = two.client(&running, &[&one]);
    assert!(client.chain(0).await.is_ok());
    assert!(client.chain(0).await.is_ok());
    let error = client.chain(0).await.unwrap_err();
    let ClientError::Status { status: 429, retry_after: Some(after), .. } = error else {
        panic!("{error:?}")
    };
    assert!(after > Duration::ZERO && after <= Duration::from_mins(1));
    assert!(three.client(&running, &[&one]).chain(0).await.is_ok());
}

#[tokio::test]
async fn a_withdrawn_pin_ends_the_open_connection() {
    let (one, two) = (Party::new(1), Party::new(2));
    let directory = Directory::of(&[&two]);
    let running =
        Running::start(&one, &directory, Service::default(), PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    assert!(client.chain(0).await.is_ok());
    directory.withdraw(&two);
    assert_eq!(status(&client.chain(0).await.unwrap_err()), 403);
    // The door closes that connection, and no other comes about.
    loop {
        let error = client.chain(0).await.unwrap_err();
        if matches!(error, ClientError::Tls { .. }) {
            break;
        }
        let closing = matches!(error, ClientError::Unreachable { .. });
        assert!(closing || status(&error) == 403, "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_too_many_ends_the_oldest_and_the_client_opens_it_again() {
    let (one, two) = (Party::new(1), Party::new(2));
    let limits = PartnerLimits { connections_per_peer: 1, ..PartnerLimits::default() };
    let running = start(&one, &[&two], Service::default(), limits).await;
    let client = two.client(&running, &[&one]);
    for _ in 0..3 {
        for lanes in [LaneGroup::Urgent, LaneGroup::Bulk] {
            // The client may notice the end of a connection only when it tries to use it.
            let mut answer = client.post_bundle(lanes, vec![1]).await;
            if let Err(ClientError::Unreachable { .. }) = answer {
                answer = client.post_bundle(lanes, vec![1]).await;
            }
            assert_eq!(answer, Ok(vec![1]));
        }
    }
}

#[tokio::test]
async fn a_service_that_panics_is_an_error_of_ours_without_detail() {
    let (one, two) = (Party::new(1), Party::new(2));
    let service =
        Service { on_bundle: Box::new(|_, _| panic!("secret detail")), ..Service::default() };
    let running = start(&one, &[&two], service, PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    for _ in 0..6 {
        let error = client.post_bundle(LaneGroup::Urgent, vec![1]).await.unwrap_err();
        assert_eq!(status(&error), 500);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let (one, two) = (Party::new(1), Party::new(2));
    let mut running = start(&one, &[&two], Service::default(), PartnerLimits::default()).await;
    let client = two.client(&running, &[&one]);
    running.stop().await;
    let error = client.chain(0).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    let nowhere = "https://no-such-host.invalid:1".parse().unwrap();
    let limits = ClientLimits::default();
    let client = PartnerClient::new(nowhere, vec![one.pin()], &two.identity, limits).unwrap();
    let error = client.chain(0).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}
