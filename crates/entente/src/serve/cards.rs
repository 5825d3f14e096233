//! TLS of the pages' own, and the certificates of people's cards.
//!
//! A handshake takes any certificate whose key the browser shows to have, and judges it afterwards:
//! who comes with a card that has ended or was withdrawn reads one clear sentence on the page
//! instead of an error of their browser, and nothing opens with it. INVARIANT: TLS 1.3, no tickets
//! and no resumption, so that each connection presents its certificate anew.
//!
//! The key of the pages' certificate is in this process. It is no key of the nation: with it one
//! can pretend to be the pages, and neither sign nor open anything.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use entente_model::Timestamp;
use entente_web::Card;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio_rustls::TlsAcceptor;

use crate::certificate;
use crate::config::{CardSetup, PageTls};
use crate::files;
use crate::provider::certificates;

/// The largest key.
const KEY_BYTES_MAX: u64 = 64 << 10;
/// The largest list of certificates that were withdrawn.
const CRL_BYTES_MAX: u64 = 64 << 20;

/// TLS of the pages.
pub(super) struct PagesTls {
    pub(super) acceptor: TlsAcceptor,
    cards: Option<Arc<Cards>>,
}

impl PagesTls {
    /// Reads certificate and key and, if cards are taken, who issues them and which are withdrawn.
    pub(super) fn open(tls: &PageTls, cards: Option<&CardSetup>) -> anyhow::Result<Self> {
        let chain = certificates(&tls.certificate_file)?;
        let path = &tls.key_file;
        let key = PrivateKeyDer::from_pem_slice(&files::read_private(path, KEY_BYTES_MAX)?)
            .map_err(|_| anyhow!("{}: expected a private key in PEM", path.display()))?;
        let provider = Arc::new(default_provider());
        let cards = cards.map(|setup| Cards::open(setup, &provider).map(Arc::new)).transpose()?;
        let verifier: Arc<dyn ClientCertVerifier> = match &cards {
            Some(cards) => Arc::new(Presented(Arc::clone(cards))),
            None => Arc::new(NoClientAuth {}),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .with_context(|| {
                format!("{} and {} do not fit", tls.certificate_file.display(), path.display())
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), cards })
    }

    /// What a certificate that was presented is worth, now.
    pub(super) fn judge(
        &self,
        presented: Option<&[CertificateDer<'_>]>,
        now: Timestamp,
    ) -> Option<Card> {
        let cards = self.cards.as_ref()?;
        let (end, between) = presented?.split_first()?;
        Some(match cards.check(end, between, now) {
            Ok(()) => certificate::foreign(end).map_or_else(
                || Card::Refused("the certificate of your card cannot be read".to_owned()),
                |card| Card::Good(card.spki_sha256),
            ),
            Err(why) => Card::Refused(why),
        })
    }
}

/// When a file was written last, and how long it is.
type Version = (SystemTime, u64);

/// Who issues cards, and which were withdrawn.
struct Cards {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    crl_file: Option<PathBuf>,
    is_required: bool,
    /// What signatures and names are checked with.
    plain: Arc<dyn ClientCertVerifier>,
    /// What certificates are judged with, and the version of the list that is in it.
    latest: Mutex<(Option<Version>, Arc<dyn ClientCertVerifier>)>,
}

impl std::fmt::Debug for Cards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cards").finish_non_exhaustive()
    }
}

impl Cards {
    fn open(setup: &CardSetup, provider: &Arc<CryptoProvider>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        for root in certificates(&setup.ca_file)? {
            roots
                .add(root)
                .with_context(|| format!("{} cannot be used", setup.ca_file.display()))?;
        }
        let roots = Arc::new(roots);
        let build = |lists: Vec<CertificateRevocationListDer<'static>>| {
            verifier(&roots, provider, lists).map_err(|error| anyhow!(error))
        };
        let plain = build(Vec::new())?;
        let latest = match &setup.crl_file {
            None => (None, Arc::clone(&plain)),
            Some(path) => {
                let version = version_of(path)?;
                let built = build(withdrawn(path)?)
                    .with_context(|| format!("{} cannot be used", path.display()))?;
                (Some(version), built)
            }
        };
        Ok(Self {
            roots: Arc::clone(&roots),
            provider: Arc::clone(provider),
            crl_file: setup.crl_file.clone(),
            is_required: setup.required,
            plain,
            latest: Mutex::new(latest),
        })
    }

    /// What certificates are judged with: the list is read again when its file was written anew.
    fn latest(&self) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.crl_file {
            let version = Some(version_of(path)?);
            if latest.0 != version {
                let built = verifier(&self.roots, &self.provider, withdrawn(path)?)
                    .map_err(|error| anyhow!(error))?;
                *latest = (version, built);
            }
        }
        Ok(Arc::clone(&latest.1))
    }

    /// Refuses a certificate with one sentence for whoever has it.
    fn check(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), String> {
        let verifier = self.latest().map_err(|error| {
            tracing::error!(%error, "the list of withdrawn certificates cannot be used");
            "whether your card was withdrawn cannot be told now: sign in another way".to_owned()
        })?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
        verifier.verify_client_cert(end, between, now).map(drop).map_err(|error| sentence(&error))
    }
}

fn version_of(path: &std::path::Path) -> anyhow::Result<Version> {
    let about = fs::metadata(path).with_context(|| format!("{}", path.display()))?;
    Ok((about.modified()?, about.len()))
}

/// Lists of withdrawn certificates, in PEM or one in DER.
fn withdrawn(path: &std::path::Path) -> anyhow::Result<Vec<CertificateRevocationListDer<'static>>> {
    let bytes = files::read(path, CRL_BYTES_MAX)?;
    let read: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    Ok(match read {
        Ok(lists) if !lists.is_empty() => lists,
        _ => vec![CertificateRevocationListDer::from(bytes)],
    })
}

/// What judges certificates. Where there are lists, one that is too old or says nothing of a
/// certificate counts against it.
fn verifier(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
    lists: Vec<CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, rustls::server::VerifierBuilderError> {
    WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .with_crls(lists)
        .only_check_end_entity_revocation()
        .enforce_revocation_expiration()
        .build()
}

/// One sentence for whoever has the card.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other fault is no matter of the person")]
fn sentence(error: &Error) -> String {
    use CertificateError as Fault;
    let why = match error {
        Error::InvalidCertificate(fault) => match fault {
            Fault::Expired | Fault::ExpiredContext { .. } => "has ended: bring a new one on record",
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => "is not good yet",
            Fault::Revoked => "was withdrawn by who issued it: ask them for another",
            Fault::UnknownIssuer => "was issued by nobody whose cards are taken here",
            Fault::UnknownRevocationStatus
            | Fault::ExpiredRevocationList
            | Fault::ExpiredRevocationListContext { .. } => {
                "may have been withdrawn: the list that would tell is missing or too old, sign in \
                 another way"
            }
            _ => "is not one to sign in with",
        },
        _ => "is not one to sign in with",
    };
    format!("the certificate of your card {why}")
}

/// Takes every certificate whose key the browser has; what it is worth is judged afterwards.
#[derive(Debug)]
struct Presented(Arc<Cards>);

impl ClientCertVerifier for Presented {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.plain.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.is_required
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.plain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.plain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.plain.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
