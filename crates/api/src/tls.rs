//! Mutual TLS between nodes (`protocol.md` 1.7).
//!
//! Both sides present a self-signed Ed25519 certificate. It is accepted exactly when the SHA-256
//! of its public key (SPKI) is pinned; names, dates and issuers in it mean nothing. INVARIANT:
//! TLS 1.3, the group X25519MLKEM768 and a certificate from either side, or no connection; no
//! tickets, no resumption, no early data.
//!
//! The private key lives elsewhere: [`TlsSigner`] asks for signatures. Which keys are pinned is
//! known elsewhere too: [`PeerDirectory`].

use std::fmt;
use std::sync::Arc;

use entente_model::NodeId;
use entente_seal::digest::sha256;
use entente_seal::sign::verify_ed25519;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    ServerConfig, SignatureAlgorithm, SignatureScheme,
};
use thiserror::Error;
use tokio::runtime::{Handle, RuntimeFlavor};

/// The protocols spoken inside, most wanted first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the SPKI of every Ed25519 key begins with (RFC 8410); the 32 bytes of the key follow.
const ED25519_SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Knows which node a pinned key belongs to. Asked at every handshake and at every request, so
/// it answers from memory, and a pin that is withdrawn ends what its connections may do.
pub trait PeerDirectory: Send + Sync + 'static {
    /// The node whose valid pins include this SHA-256 of a DER `SubjectPublicKeyInfo`.
    fn node_by_spki(&self, spki_sha256: &[u8; 32]) -> Option<NodeId>;
}

/// Signs handshakes with this node's TLS key, which may live in another process.
pub trait TlsSigner: Send + Sync {
    /// The Ed25519 signature of the message, or why there is none.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String>;
}

/// Why TLS cannot be set up. Ours or the operator's to mend, never a partner's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsSetupError {
    /// Not a certificate.
    #[error("this node's TLS certificate cannot be read: {0}")]
    Certificate(Error),
    /// A certificate of another kind of key.
    #[error("this node's TLS certificate is not for an Ed25519 key")]
    NotEd25519,
    /// The provider lacks what is demanded.
    #[error("the TLS library refuses TLS 1.3 with X25519MLKEM768: {0}")]
    Provider(Error),
}

/// This node's certificate, and the way to its key.
#[derive(Clone)]
pub struct TlsIdentity {
    certified: Arc<CertifiedKey>,
    spki_sha256: [u8; 32],
}

impl TlsIdentity {
    /// Takes a DER certificate, self-signed by the key that the signer uses.
    pub fn new(certificate: Vec<u8>, signer: Arc<dyn TlsSigner>) -> Result<Self, TlsSetupError> {
        let certificate = CertificateDer::from(certificate);
        let spki = spki(&certificate).map_err(TlsSetupError::Certificate)?;
        let public: [u8; 32] = spki
            .as_ref()
            .strip_prefix(&ED25519_SPKI_PREFIX)
            .and_then(|key| key.try_into().ok())
            .ok_or(TlsSetupError::NotEd25519)?;
        let spki_sha256 = sha256(spki.as_ref());
        let key = Arc::new(DistantKey { signer, public, spki });
        Ok(Self { certified: Arc::new(CertifiedKey::new(vec![certificate], key)), spki_sha256 })
    }

    /// What partners pin.
    pub fn spki_sha256(&self) -> &[u8; 32] {
        &self.spki_sha256
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

/// For the side that answers: accepts the nodes in the directory.
pub fn server_config(
    identity: &TlsIdentity,
    directory: Arc<dyn PeerDirectory>,
) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let provider = provider();
    let verifier = KnownNodes { directory, provider: Arc::clone(&provider) };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsSetupError::Provider)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::clone(
            &identity.certified,
        ))));
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// For the side that calls: accepts one node, by its pins. The server name is not sent.
pub fn client_config(
    identity: &TlsIdentity,
    pins: Vec<[u8; 32]>,
) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let provider = provider();
    let verifier = OneNode { pins, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsSetupError::Provider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(OwnCertificate(Arc::clone(&identity.certified))));
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok(Arc::new(config))
}

/// The certificate of a server that is none of the pinned ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the certificate presented is not one that this partner has announced")]
pub struct NotPinned {
    /// SHA-256 of the public key that was presented.
    pub spki_sha256: [u8; 32],
}

/// SHA-256 of the public key in a certificate.
pub(crate) fn spki_sha256(certificate: &CertificateDer<'_>) -> Result<[u8; 32], Error> {
    spki(certificate).map(|spki| sha256(spki.as_ref()))
}

fn spki(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    ParsedCertificate::try_from(certificate).map(|parsed| parsed.subject_public_key_info())
}

fn provider() -> Arc<CryptoProvider> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519MLKEM768];
    Arc::new(provider)
}

/// A key that answers from a distance.
#[derive(Clone)]
struct DistantKey {
    signer: Arc<dyn TlsSigner>,
    public: [u8; 32],
    spki: SubjectPublicKeyInfoDer<'static>,
}

impl fmt::Debug for DistantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DistantKey([secret])")
    }
}

impl SigningKey for DistantKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.spki.clone())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for DistantKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = off_the_worker(|| self.signer.sign(message))
            .map_err(|reason| Error::General(format!("the TLS key did not sign: {reason}")))?;
        // Otherwise the partner would be the one to find out, with a worse message.
        if !verify_ed25519(&self.public, message, &signature) {
            return Err(Error::General(
                "the TLS key that signed is not the one in this node's certificate".to_owned(),
            ));
        }
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Waits for the key without keeping the other tasks of this thread waiting, where that can be.
fn off_the_worker<T>(call: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(call),
        _ => call(),
    }
}

/// Offers this node's certificate whatever issuers the other side asks for.
#[derive(Debug)]
struct OwnCertificate(Arc<CertifiedKey>);

impl ResolvesClientCert for OwnCertificate {
    fn resolve(
        &self,
        _issuers: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        schemes.contains(&SignatureScheme::ED25519).then(|| Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Accepts the client certificates of the nodes in the directory.
struct KnownNodes {
    directory: Arc<dyn PeerDirectory>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for KnownNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownNodes").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for KnownNodes {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let pin = presented(end_entity, intermediates)?;
        match self.directory.node_by_spki(&pin) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_handshake(message, cert, dss, &self.provider)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Accepts the server certificates of one node.
#[derive(Debug)]
struct OneNode {
    pins: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OneNode {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let spki_sha256 = presented(end_entity, intermediates)?;
        if self.pins.contains(&spki_sha256) {
            Ok(ServerCertVerified::assertion())
        } else {
            let refusal = OtherError(Arc::new(NotPinned { spki_sha256 }));
            Err(CertificateError::Other(refusal).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_handshake(message, cert, dss, &self.provider)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// The pin of a certificate that comes alone, as a self-signed one does.
fn presented(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Result<[u8; 32], Error> {
    if !intermediates.is_empty() {
        return Err(Error::General("a certificate chain where one certificate is due".to_owned()));
    }
    spki_sha256(end_entity)
}

fn verify_handshake(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    provider: &CryptoProvider,
) -> Result<HandshakeSignatureValid, Error> {
    if dss.scheme != SignatureScheme::ED25519 {
        return Err(Error::General("a handshake signed with another key than Ed25519".to_owned()));
    }
    verify_tls13_signature(message, cert, dss, &provider.signature_verification_algorithms)
}

fn only_tls13() -> Error {
    Error::General("a TLS 1.2 handshake where only TLS 1.3 is spoken".to_owned())
}
