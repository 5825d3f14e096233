//! The certificate around a node's TLS key.
//!
//! Partners pin the key; they ignore the name and the dates (`protocol.md` 4.1). So the
//! certificate names no nation, lasts as long as the format allows, and follows from the key
//! alone: the same key always gives the same certificate.

use entente_seal::sign::TlsKey;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
    PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey,
};

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

#[test]
fn the_certificate_holds_the_key_and_follows_from_it() {
    let key = TlsKey::generate(&mut crate::ambient::OsEntropy);
    let der = certify(&key).unwrap();
    assert!(der.windows(key.spki().len()).any(|w| w == key.spki()), "the key is not inside");
    assert_eq!(der, certify(&key).unwrap());
    let other = TlsKey::generate(&mut crate::ambient::OsEntropy);
    assert_ne!(der, certify(&other).unwrap());
}
