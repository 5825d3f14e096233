use std::io::ErrorKind;
use std::sync::Arc;

use entente_api::partner::PartnerLimits;
use entente_api::partner_client::{ClientError, ClientLimits, PartnerClient, TlsFault};
use entente_api::tls::{
    NotPinned, TlsIdentity, TlsSetupError, TlsSigner, client_config, server_config,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::{kx_group, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    AlertDescription, ClientConfig, Error, NamedGroup, ProtocolVersion, ServerConfig,
    SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Directory, Party, Running, Service};

async fn running(of: &Party, known: &[&Party]) -> Running {
    let directory = Directory::of(known);
    Running::start(of, &directory, Service::default(), PartnerLimits::default()).await
}

async fn connect(config: Arc<ClientConfig>, to: &Running) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("any.invalid").unwrap();
    TlsConnector::from(config).connect(name, to.dial().await).await
}

fn alert(error: &std::io::Error) -> AlertDescription {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(alert)) => *alert,
        _ => panic!("not an alert: {error:?}"),
    }
}

fn fault(error: ClientError) -> TlsFault {
    let ClientError::Tls { fault, .. } = error else { panic!("not about TLS: {error:?}") };
    fault
}

#[tokio::test]
async fn the_handshake_is_tls_1_3_with_the_hybrid_group_and_leaves_no_ticket() {
    let (one, two) = (Party::new(1), Party::new(2));
    let server = server_config(&one.identity, Directory::of(&[&two])).unwrap();
    assert_eq!(server.send_tls13_tickets, 0);
    assert_eq!(server.max_early_data_size, 0);
    assert!(!server.ticketer.enabled());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(server).accept(tcp).await.unwrap()
    });
    let client = client_config(&two.identity, vec![one.pin()]).unwrap();
    let name = ServerName::try_from("any.invalid").unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    let there = TlsConnector::from(client).connect(name, tcp).await.unwrap();
    let here = accepted.await.unwrap();
    for (version, group, alpn) in [
        (
            there.get_ref().1.protocol_version(),
            there.get_ref().1.negotiated_key_exchange_group(),
            there.get_ref().1.alpn_protocol(),
        ),
        (
            here.get_ref().1.protocol_version(),
            here.get_ref().1.negotiated_key_exchange_group(),
            here.get_ref().1.alpn_protocol(),
        ),
    ] {
        assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
        assert_eq!(group.unwrap().name(), NamedGroup::X25519MLKEM768);
        assert_eq!(alpn, Some(b"h2".as_slice()));
    }
    assert_eq!(here.get_ref().1.server_name(), None);
}

#[tokio::test]
async fn a_tls_1_2_client_is_told_that_its_version_is_not_spoken() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = running(&one, &[&two]).await;
    let mut hello = hex::decode(concat!(
        "16030100450100004103030000000000000000000000000000000000000000000000000000000000000000",
        "000004c02bc02f",     // two ECDHE suites of TLS 1.2
        "0100",               // no compression
        "0014",               // extensions
        "000a00040002001d",   // groups: x25519
        "000d000800060403080408 07",
    )
    .replace(' ', ""))
    .unwrap();
    // The lengths of record, message and extensions.
    let len = hello.len();
    let extensions = len - hello.windows(2).rposition(|pair| pair == [0x00, 0x14]).unwrap() - 2;
    let at = len - extensions - 2;
    hello[at..at + 2].copy_from_slice(&u16::try_from(extensions).unwrap().to_be_bytes());
    hello[3..5].copy_from_slice(&u16::try_from(len - 5).unwrap().to_be_bytes());
    hello[7..9].copy_from_slice(&u16::try_from(len - 9).unwrap().to_be_bytes());

    let mut tcp = running.dial().await;
    tcp.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    // A fatal alert, protocol_version.
    assert_eq!(answer.first(), Some(&0x15));
    assert_eq!(answer[5..], [2, 70]);
}

#[tokio::test]
async fn a_client_that_offers_only_x25519_is_refused() {
    let (one, two) = (Party::new(1), Party::new(2));
    let running = running(&one, &[&two]).await;
    let good = client_config(&two.identity, vec![one.pin()]).unwrap();
    let mut provider = (**good.crypto_provider()).clone();
    provider.kx_groups = vec![kx_group::X25519];
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    config.enable_sni = false;
    let error = connect(Arc::new(config), &running).await.unwrap_err();
    assert_eq!(alert(&error), AlertDescription::HandshakeFailure);
    assert!(connect(good, &running).await.is_ok());
}

/// Presents what it was given, or nothing.
#[derive(Debug)]
struct Presents(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// What the server says to a client that presents this. In TLS 1.3 it is read after the
/// handshake, which is over for the client when it has sent its certificate.
async fn refusal(presented: Option<CertifiedKey>, of: &Party, running: &Running) -> String {
    let mut config =
        ClientConfig::clone(&*client_config(&of.identity, vec![Party::new(1).pin()]).unwrap());
    config.client_auth_cert_resolver = Arc::new(Presents(presented.map(Arc::new)));
    let mut tls = connect(Arc::new(config), running).await.unwrap();
    let error = tls.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    format!("{:?}", alert(&error))
}

fn certified(certificate: &Party, key: &Party) -> CertifiedKey {
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(key.pkcs8.as_slice())).unwrap();
    CertifiedKey::new(vec![CertificateDer::from(certificate.certificate.clone())], key)
}

#[tokio::test]
async fn a_client_is_refused_without_a_certificate_with_an_unknown_one_or_with_a_stolen_one() {
    let (one, two, stranger) = (Party::new(1), Party::new(2), Party::new(9));
    let running = running(&one, &[&two]).await;
    assert_eq!(refusal(None, &two, &running).await, "CertificateRequired");
    let unknown = certified(&stranger, &stranger);
    assert_eq!(refusal(Some(unknown), &two, &running).await, "AccessDenied");
    // The certificate of a known node is public; without its key it is worth nothing.
    let stolen = certified(&two, &stranger);
    assert_eq!(refusal(Some(stolen), &two, &running).await, "DecryptError");
    let mut chain = certified(&two, &two);
    chain.cert.push(CertificateDer::from(stranger.certificate.clone()));
    assert!(!refusal(Some(chain), &two, &running).await.is_empty());
}

#[tokio::test]
async fn the_client_tells_that_its_own_certificate_was_not_accepted() {
    let (one, two, stranger) = (Party::new(1), Party::new(2), Party::new(9));
    let running = running(&one, &[&two]).await;
    let error = stranger.client(&running, &[&one]).chain(0).await.unwrap_err();
    assert_eq!(fault(error), TlsFault::NotAccepted { alert: "access_denied" });
}

#[tokio::test]
async fn the_client_tells_that_another_nation_answered() {
    let (one, two, three) = (Party::new(1), Party::new(2), Party::new(3));
    let running = running(&one, &[&two]).await;
    let error = two.client(&running, &[&three]).chain(0).await.unwrap_err();
    let presented = NotPinned { spki_sha256: one.pin() };
    assert_eq!(fault(error), TlsFault::WrongNode(presented));
    // One of several pins is enough: keys overlap while they are changed.
    assert!(two.client(&running, &[&three, &one]).chain(0).await.is_ok());
    assert!(two.client(&running, &[]).chain(0).await.is_err());
}

#[tokio::test]
async fn a_server_with_a_pinned_certificate_but_not_its_key_is_refused() {
    let (one, two, stranger) = (Party::new(1), Party::new(2), Party::new(9));
    let honest = server_config(&one.identity, Directory::of(&[&two])).unwrap();
    let mut config = ServerConfig::clone(&honest);
    config.cert_resolver = Arc::new(SingleCertAndKey::from(certified(&one, &stranger)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let accepted = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(tcp).await.err().unwrap()
    });
    let client =
        PartnerClient::new(endpoint, vec![one.pin()], &two.identity, ClientLimits::default())
            .unwrap();
    let fault = fault(client.chain(0).await.unwrap_err());
    assert!(matches!(&fault, TlsFault::Other(text) if text.contains("BadSignature")), "{fault}");
    assert_eq!(alert(&accepted.await.unwrap()), AlertDescription::DecryptError);
}

struct Unwilling;

impl TlsSigner for Unwilling {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, String> {
        Err("the key process is not running".to_owned())
    }
}

struct WrongKey(entente_seal::sign::TlsKey);

impl TlsSigner for WrongKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.sign(message))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_does_not_sign_or_is_another_is_named_as_the_cause() {
    let (one, two, other) = (Party::new(1), Party::new(2), Party::new(3));
    let running = running(&one, &[&two]).await;
    let other = entente_seal::sign::TlsKey::from_pkcs8(&other.pkcs8).unwrap();
    let signers: [(Arc<dyn TlsSigner>, &str); 2] = [
        (Arc::new(Unwilling), "the key process is not running"),
        (Arc::new(WrongKey(other)), "not the one in this node's certificate"),
    ];
    for (signer, expected) in signers {
        let identity = TlsIdentity::new(two.certificate.clone(), signer).unwrap();
        let limits = ClientLimits::default();
        let client =
            PartnerClient::new(running.endpoint(), vec![one.pin()], &identity, limits).unwrap();
        let error = client.chain(0).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn only_an_ed25519_certificate_makes_an_identity() {
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    let certificate = params.self_signed(&other).unwrap().der().to_vec();
    let refused = TlsIdentity::new(certificate, Arc::new(Unwilling)).unwrap_err();
    assert!(matches!(refused, TlsSetupError::NotEd25519));
    let refused = TlsIdentity::new(vec![0; 40], Arc::new(Unwilling)).unwrap_err();
    assert!(matches!(refused, TlsSetupError::Certificate(_)));
}
