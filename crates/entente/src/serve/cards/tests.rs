use std::path::Path;

use axum::routing::get;
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_model::Clock as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::super::pages::{Bounds, Pages, serve};
use super::*;
use crate::ambient::SystemClock;

fn pem(path: &Path, kind: &str, der: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    let text = STANDARD.encode(der);
    fs::write(path, format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Who issues certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

impl Authority {
    fn found(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// A certificate that ends at the beginning of this year.
    fn issue(&self, serial: u64, names: &[&str], ends: i32) -> Holder {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(ends, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Holder { der, key: key.serialize_der() }
    }

    /// Writes the list of those that were withdrawn, which is good until this year.
    fn withdraw(&self, serials: &[u64], until: i32, path: &Path) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(serials.len() as u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        pem(path, "X509 CRL", list.signed_by(&self.issuer).unwrap().der());
    }
}

struct Holder {
    der: CertificateDer<'static>,
    key: Vec<u8>,
}

/// Pages that tell what the certificate that came with a request is worth.
struct Served {
    folder: tempfile::TempDir,
    ministry: Authority,
    roots: Arc<RootCertStore>,
    address: std::net::SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Served {
    async fn begin(is_required: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (pages, ministry) = (Authority::found("pages"), Authority::found("ministry"));
        let own = pages.issue(1, &["node.xar.example"], 2999);
        pem(&at("pages.pem"), "CERTIFICATE", &own.der);
        pem(&at("pages.key"), "PRIVATE KEY", &own.key);
        pem(&at("ministry.pem"), "CERTIFICATE", &ministry.der);
        ministry.withdraw(&[13], 2999, &at("crl.pem"));
        let tls = PageTls { certificate_file: at("pages.pem"), key_file: at("pages.key") };
        let cards = CardSetup {
            ca_file: at("ministry.pem"),
            crl_file: Some(at("crl.pem")),
            required: is_required,
        };
        let tls = PagesTls::open(&tls, Some(&cards)).unwrap();
        let told = |card: Option<Extension<Card>>| async move {
            match card {
                None => "no card".to_owned(),
                Some(Extension(Card::Good(key))) => format!("good {key}"),
                Some(Extension(Card::Refused(why))) => why,
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let bounds = Bounds { connections_max: 8, header_time_max: Duration::from_secs(30) };
        let router = Router::new().route("/", get(told));
        let pages_served = Pages { router, tls: Some(Arc::new(tls)), bounds };
        tokio::spawn(serve(listener, pages_served, stopped));
        let mut roots = RootCertStore::empty();
        roots.add(pages.der).unwrap();
        Self { folder, ministry, roots: Arc::new(roots), address, _stop: stop }
    }

    /// What the pages say to whoever comes with this.
    async fn ask(&self, holder: Option<&Holder>) -> Result<String, std::io::Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let config = match holder {
            None => config.with_no_client_auth(),
            Some(Holder { der, key }) => config
                .with_client_auth_cert(vec![der.clone()], PrivateKeyDer::Pkcs8(key.clone().into()))
                .unwrap(),
        };
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("node.xar.example").unwrap();
        let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        tls.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await?;
        Ok(answer.rsplit("\r\n\r\n").next().unwrap().to_owned())
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_card_is_one_clear_sentence() {
    let served = Served::begin(false).await;
    assert_eq!(served.ask(None).await.unwrap(), "no card");
    let good = served.ministry.issue(7, &["eva"], 2999);
    let key = certificate::foreign(&good.der).unwrap().spki_sha256;
    assert_eq!(served.ask(Some(&good)).await.unwrap(), format!("good {key}"));
    let stranger = Authority::found("elsewhere").issue(7, &["eva"], 2999);
    for (holder, why) in [
        (served.ministry.issue(8, &["eva"], 2024), "has ended"),
        (served.ministry.issue(13, &["eva"], 2999), "was withdrawn by who issued it"),
        (stranger, "was issued by nobody whose cards are taken here"),
    ] {
        let said = served.ask(Some(&holder)).await.unwrap();
        assert!(said.starts_with("the certificate of your card ") && said.contains(why), "{said}");
    }

    // A list that is written anew counts at once; one that is too old, or nonsense, opens nothing.
    let list = served.folder.path().join("crl.pem");
    served.ministry.withdraw(&[13, 7], 2999, &list);
    assert!(served.ask(Some(&good)).await.unwrap().contains("was withdrawn"));
    served.ministry.withdraw(&[], 2025, &list);
    assert!(served.ask(Some(&good)).await.unwrap().contains("missing or too old"));
    fs::write(&list, "nonsense").unwrap();
    assert!(served.ask(Some(&good)).await.unwrap().contains("cannot be told now"));
    served.ministry.withdraw(&[], 2999, &list);
    assert_eq!(served.ask(Some(&good)).await.unwrap(), format!("good {key}"));
}

#[tokio::test]
async fn a_card_that_is_required_is_asked_for_before_any_page() {
    let served = Served::begin(true).await;
    assert!(served.ask(None).await.is_err());
    let good = served.ministry.issue(7, &["eva"], 2999);
    assert!(served.ask(Some(&good)).await.unwrap().starts_with("good "));
    // Somebody else's certificate without its key is none.
    let other = served.ministry.issue(9, &["bo"], 2999);
    let stolen = Holder { der: good.der.clone(), key: other.key };
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(Arc::clone(&served.roots))
        .with_client_auth_cert(vec![stolen.der], PrivateKeyDer::Pkcs8(stolen.key.into()));
    assert!(config.is_err(), "not even a client takes the two together");
}

#[test]
fn what_the_pages_need_for_tls_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let own = Authority::found("pages").issue(1, &["node.xar.example"], 2999);
    let other = Authority::found("pages").issue(1, &["node.xar.example"], 2999);
    pem(&at("pages.pem"), "CERTIFICATE", &own.der);
    pem(&at("pages.key"), "PRIVATE KEY", &other.key);
    let tls = PageTls { certificate_file: at("pages.pem"), key_file: at("pages.key") };
    let refused = || format!("{:#}", PagesTls::open(&tls, None).err().unwrap());
    assert!(refused().contains("do not fit"), "{}", refused());
    fs::write(at("pages.key"), "nonsense").unwrap();
    assert!(refused().contains("expected a private key in PEM"), "{}", refused());
    fs::set_permissions(at("pages.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    assert!(refused().contains("pages.key"), "{}", refused());
    pem(&at("pages.key"), "PRIVATE KEY", &own.key);
    let good = PagesTls::open(&tls, None).unwrap();
    assert_eq!(good.judge(Some(&[own.der]), SystemClock.now()), None, "cards are not taken");
}
