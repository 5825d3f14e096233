//! The certificate around a node's TLS key.
//!
//! Partners pin the key; they ignore the name and the dates (`protocol.md` 4.1). So the
//! certificate names no nation, lasts as long as the format allows, and follows from the key
//! alone: the same key always gives the same certificate.

use std::path::Path;

use anyhow::anyhow;
use entente_model::{Digest, Timestamp};
use entente_seal::digest::sha256;
use entente_seal::sign::TlsKey;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
    PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey,
};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;

use crate::files;

/// How many bytes an Ed25519 public key has, at the end of its `SubjectPublicKeyInfo`.
const PUBLIC_LEN: usize = 32;

/// Lets the key sign where it is, without handing out its private half.
struct Signer<'a>(&'a TlsKey);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.spki().last_chunk::<PUBLIC_LEN>().map_or(&[], |key| key)
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message))
    }
}

/// The self-signed certificate of a TLS key, DER.
pub fn certify(key: &TlsKey) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Entente node");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params.self_signed(&Signer(key))?.der().to_vec())
}

/// A certificate of somebody else's, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// SHA-256 of its public key.
    pub spki_sha256: Digest,
    /// When it ends; none if that cannot be read.
    pub ends: Option<Timestamp>,
}

/// The largest certificate.
const BYTES_MAX: u64 = 64 << 10;

/// Reads a certificate, in PEM or DER.
pub fn read(path: &Path) -> anyhow::Result<Foreign> {
    let bytes = files::read(path, BYTES_MAX)?;
    let der = CertificateDer::from_pem_slice(&bytes).unwrap_or_else(|_| bytes.into());
    foreign(&der)
        .ok_or_else(|| anyhow!("{} is no certificate: expected one in PEM or DER", path.display()))
}

/// What matters of a certificate.
pub fn foreign(der: &CertificateDer<'_>) -> Option<Foreign> {
    let parsed = ParsedCertificate::try_from(der).ok()?;
    let spki_sha256 = Digest::from_array(sha256(parsed.subject_public_key_info().as_ref()));
    Some(Foreign { spki_sha256, ends: ends(der) })
}

/// One element of DER: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([tag, length], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            let length = digits.iter().fold(0_usize, |all, digit| (all << 8) | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// When a certificate ends (RFC 5280, 4.1.2.5).
fn ends(der: &[u8]) -> Option<Timestamp> {
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    let (tag, _, rest) = element(fields)?;
    if tag == VERSION {
        fields = rest;
    }
    // Serial number, algorithm and issuer stand before.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (_, _, validity) = element(validity)?;
    let (tag, time, _) = element(validity)?;
    let time = std::str::from_utf8(time).ok()?;
    let full = match tag {
        0x17 if time.starts_with(['5', '6', '7', '8', '9']) => format!("19{time}"),
        0x17 => format!("20{time}"),
        0x18 => time.to_owned(),
        _ => return None,
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_millis)
}

#[test]
fn the_end_of_a_certificate_is_read() {
    for (year, millis) in [(2027, 1_798_761_600_000), (2077, 3_376_684_800_000)] {
        let mut params = CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let foreign = foreign(certificate.der()).unwrap();
        assert_eq!(foreign.ends, Some(Timestamp::from_millis(millis)));
        let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
        assert_eq!(foreign.spki_sha256, Digest::from_array(sha256(&spki)));
        for cut in 0..certificate.der().len() {
            let _ = ends(&certificate.der()[..cut]);
        }
    }
}

#[test]
fn the_certificate_holds_the_key_and_follows_from_it() {
    let key = TlsKey::generate(&mut crate::ambient::OsEntropy);
    let der = certify(&key).unwrap();
    assert!(der.windows(key.spki().len()).any(|w| w == key.spki()), "the key is not inside");
    assert_eq!(der, certify(&key).unwrap());
    let other = TlsKey::generate(&mut crate::ambient::OsEntropy);
    assert_ne!(der, certify(&other).unwrap());
}
