//! Parties with keys and certificates, a directory that can change, and a door that runs.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use entente_api::partner::{PartnerDoor, PartnerLimits, PartnerService, Reply};
use entente_api::partner_client::{ClientLimits, Endpoint, PartnerClient};
use entente_api::tls::{PeerDirectory, TlsIdentity, TlsSigner};
use entente_model::{Entropy, NodeId};
use entente_seal::sign::TlsKey;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, date_time_ymd};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

/// Signs in this process what the node's key process would.
pub(crate) struct KeyHere(pub(crate) TlsKey);

impl TlsSigner for KeyHere {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.sign(message))
    }
}

/// A node with a key of its own.
pub(crate) struct Party {
    pub(crate) node: NodeId,
    pub pkcs8: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) identity: TlsIdentity,
}

impl Party {
    /// Its certificate expired long ago and names nobody: neither means anything here.
    pub(crate) fn new(number: u8) -> Self {
        let key = TlsKey::generate(&mut Fixed(number));
        let pkcs8 = key.to_pkcs8().to_vec();
        let pair = KeyPair::try_from(pkcs8.as_slice()).unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.not_before = date_time_ymd(1999, 1, 1);
        params.not_after = date_time_ymd(1999, 1, 2);
        let certificate = params.self_signed(&pair).unwrap().der().to_vec();
        let spki_sha256 = *key.spki_sha256().as_bytes();
        let identity = TlsIdentity::new(certificate.clone(), Arc::new(KeyHere(key))).unwrap();
        assert_eq!(identity.spki_sha256(), &spki_sha256);
        Self { node: NodeId::from_array([number; 32]), pkcs8, certificate, identity }
    }

    pub(crate) fn pin(&self) -> [u8; 32] {
        *self.identity.spki_sha256()
    }

    pub(crate) fn client(&self, of: &Running, pins: &[&Self]) -> PartnerClient {
        let pins = pins.iter().map(|party| party.pin()).collect();
        PartnerClient::new(of.endpoint(), pins, &self.identity, ClientLimits::default()).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct Directory(Mutex<HashMap<[u8; 32], NodeId>>);

impl Directory {
    pub(crate) fn of(parties: &[&Party]) -> Arc<Self> {
        let pins = parties.iter().map(|party| (party.pin(), party.node)).collect();
        Arc::new(Self(Mutex::new(pins)))
    }

    pub(crate) fn withdraw(&self, party: &Party) {
        self.0.lock().unwrap().remove(&party.pin());
    }
}

impl PeerDirectory for Directory {
    fn node_by_spki(&self, spki_sha256: &[u8; 32]) -> Option<NodeId> {
        self.0.lock().unwrap().get(spki_sha256).copied()
    }
}

type OnBundle = Box<dyn Fn(NodeId, Vec<u8>) -> Reply + Send + Sync>;
type OnPoll = Box<dyn Fn(NodeId, u64) -> Option<Vec<u8>> + Send + Sync>;

/// Echoes bundles and has nothing to send, unless told otherwise.
pub(crate) struct Service {
    pub(crate) on_bundle: OnBundle,
    pub(crate) on_poll: OnPoll,
    pub(crate) ready: Arc<Notify>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            on_bundle: Box::new(|_, body| Reply::bundle(body)),
            on_poll: Box::new(|_, _| None),
            ready: Arc::default(),
        }
    }
}

impl PartnerService for Service {
    fn bundle(&self, peer: NodeId, body: Vec<u8>) -> Reply {
        (self.on_bundle)(peer, body)
    }

    fn outgoing(&self, peer: NodeId, from: u64) -> Option<Vec<u8>> {
        (self.on_poll)(peer, from)
    }

    fn outgoing_ready(&self, _peer: NodeId) -> Arc<Notify> {
        Arc::clone(&self.ready)
    }

    fn add_checkpoint(&self, _peer: NodeId, _body: Vec<u8>) -> Reply {
        Reply { status: 409, media_type: "text/x.tlog.size", body: b"12\n".to_vec() }
    }

    fn latest(&self, peer: NodeId, origin: &str) -> Reply {
        Reply::sentence(200, &format!("{} {origin}", peer.short()))
    }

    fn chain(&self, _peer: NodeId, from: u64) -> Reply {
        Reply::sentence(200, &from.to_string())
    }
}

/// A door that is open until [`Running::stop`].
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(
        of: &Party,
        directory: &Arc<Directory>,
        service: Service,
        limits: PartnerLimits,
    ) -> Self {
        let directory = Arc::clone(directory);
        let door = PartnerDoor::new(&of.identity, directory, Arc::new(service), limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(door.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), serving }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("https://{}", self.address).parse().unwrap()
    }

    pub(crate) async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Begins to close; the future is done when it has.
    pub(crate) fn stop(&mut self) -> impl Future<Output = ()> + '_ {
        self.stop.take().unwrap().send(()).unwrap();
        async { (&mut self.serving).await.unwrap() }
    }
}
