//! Signed words of an identity provider: compact JWS with the keys of a JWK set (RFC 7515, 7517).
//!
//! Only algorithms with a public key are known: RS256, PS256, ES256 and EdDSA with Ed25519. There
//! is no `none` and no HMAC, so a token cannot choose to be checked by something weaker, and a key
//! is used with algorithms of its own kind only.
//!
//! Pure: whose keys they are, and what the words mean, is for others.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use thiserror::Error;

use crate::sign::verify_ed25519;

/// Bytes of a token, at most.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Bytes of an RSA modulus: 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA exponent, at most.
const EXPONENT_BYTES_MAX: usize = 8;

/// Why a token's form is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JwsError {
    /// Too long.
    #[error("the token has more than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not three parts, or one that is not base64url, or a header that is not JSON of this kind.
    #[error("the {0} of the token cannot be read")]
    Malformed(&'static str),
    /// Another algorithm.
    #[error("the token is signed with `{0}`: expected RS256, PS256, ES256 or EdDSA")]
    Algorithm(String),
    /// Something in its header that must be understood.
    #[error("the token asks for extensions that are not known here")]
    Critical,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// By the name in a header; others are none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A token that has the form of one. Nothing in it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// The key that it names.
    pub kid: Option<String>,
    /// What it says. Nothing of it is true before [`Token::signed_by`] gives it.
    payload: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    pub fn read(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(JwsError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed("form"))?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed("form"))?;
        let decode =
            |part: &str, what| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed(what));
        let header: Header = serde_json::from_slice(&decode(header, "header")?)
            .map_err(|_| JwsError::Malformed("header"))?;
        if header.crit.is_some() {
            return Err(JwsError::Critical);
        }
        let algorithm = Algorithm::named(&header.alg).ok_or_else(|| {
            let plain = header.alg.chars().filter(char::is_ascii_alphanumeric);
            JwsError::Algorithm(plain.take(16).collect())
        })?;
        Ok(Self {
            algorithm,
            kid: header.kid,
            payload: decode(payload, "payload")?,
            signed,
            signature: decode(signature, "signature")?,
        })
    }

    /// What it says, if this key signed it.
    pub fn signed_by(&self, key: &VerifyKey) -> Option<&[u8]> {
        key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature)
            .then_some(self.payload.as_slice())
    }
}

/// A public key of a JWK set.
#[derive(Clone, PartialEq, Eq)]
pub enum VerifyKey {
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// The uncompressed point.
    P256([u8; 65]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(..) => "VerifyKey(RSA)",
            Self::P256(_) => "VerifyKey(P-256)",
            Self::Ed25519(_) => "VerifyKey(Ed25519)",
        })
    }
}

/// The members of a JWK that matter here, as text.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Jwk {
    /// The kind of key.
    pub kty: String,
    /// Its name.
    pub kid: Option<String>,
    /// What it is for: `sig`, if it says so.
    #[serde(rename = "use")]
    pub used_for: Option<String>,
    /// The only algorithm that it is for, if it says so.
    pub alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it is of a kind that is taken here, and for signatures.
    pub fn key(&self) -> Option<VerifyKey> {
        if self.used_for.as_deref().is_some_and(|used| used != "sig") {
            return None;
        }
        let bytes = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_deref()?).ok();
        let fixed = |part| <[u8; 32]>::try_from(bytes(part)?).ok();
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => {
                let (n, e) = (bytes(&self.n)?, bytes(&self.e)?);
                let fits = MODULUS_BYTES.contains(&n.len())
                    && n.first().is_some_and(|first| *first != 0)
                    && (1..=EXPONENT_BYTES_MAX).contains(&e.len());
                fits.then_some(VerifyKey::Rsa(n, e))
            }
            ("EC", Some("P-256")) => {
                let mut point = [0x04; 65];
                let (_, rest) = point.split_at_mut(1);
                rest.copy_from_slice(&[fixed(&self.x)?, fixed(&self.y)?].concat());
                Some(VerifyKey::P256(point))
            }
            ("OKP", Some("Ed25519")) => Some(VerifyKey::Ed25519(fixed(&self.x)?)),
            _ => None,
        }
    }
}

impl VerifyKey {
    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa(n, e), Algorithm::Rs256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Self::Rsa(n, e), Algorithm::Ps256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Self::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .is_ok()
            }
            (Self::Ed25519(key), Algorithm::EdDsa) => verify_ed25519(key, message, signature),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.4.
    const ED25519: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const ED25519_KEY: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// RFC 7515, appendix A.3.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0\
        dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgf\
        TjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const ES256_KEY: &str = r#"{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    fn key(jwk: &str) -> VerifyKey {
        serde_json::from_str::<Jwk>(jwk).unwrap().key().unwrap()
    }

    #[test]
    fn the_vectors_of_the_standards_verify() {
        for (token, jwk, other) in
            [(ED25519, ED25519_KEY, ES256_KEY), (ES256, ES256_KEY, ED25519_KEY)]
        {
            let read = Token::read(token).unwrap();
            assert!(read.signed_by(&key(jwk)).is_some());
            assert_eq!(read.signed_by(&key(other)), None);
            let changed = token.replacen(".e", ".f", 1).replacen(".R", ".S", 1);
            assert_eq!(Token::read(&changed).unwrap().signed_by(&key(jwk)), None);
        }
    }

    /// The two numbers of an RSA public key in DER (RFC 8017, A.1.1), as a JWK has them.
    fn numbers(der: &[u8]) -> [String; 2] {
        fn number(bytes: &[u8]) -> (&[u8], &[u8]) {
            let (length, rest) = match bytes[1] {
                0x82 => (usize::from(bytes[2]) << 8 | usize::from(bytes[3]), &bytes[4..]),
                0x81 => (usize::from(bytes[2]), &bytes[3..]),
                short => (usize::from(short), &bytes[2..]),
            };
            rest.split_at(length)
        }
        let (both, _) = number(der);
        let (n, rest) = number(both);
        let (e, _) = number(rest);
        [n, e].map(|all| URL_SAFE_NO_PAD.encode(&all[usize::from(all[0] == 0)..]))
    }

    #[test]
    fn rsa_is_checked_with_the_padding_that_the_token_names() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::rsa::KeySize;
        use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let [n, e] = numbers(pair.public_key().as_ref());
        let rsa = key(&format!("{{\"kty\":\"RSA\",\"n\":\"{n}\",\"e\":\"{e}\"}}"));
        let token = |said: &str, pss: bool| {
            let signed =
                format!("{}.e30", URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"{said}\"}}")));
            let mut signature = vec![0; pair.public_modulus_len()];
            let padding = if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
            pair.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        for (said, pss, holds) in [
            ("RS256", false, true),
            ("PS256", true, true),
            ("RS256", true, false),
            ("PS256", false, false),
        ] {
            let token = token(said, pss);
            assert_eq!(Token::read(&token).unwrap().signed_by(&rsa).is_some(), holds, "{said}");
        }
        // A key is used with algorithms of its own kind only.
        let crossed = token("EdDSA", false);
        assert_eq!(Token::read(&crossed).unwrap().signed_by(&rsa), None);
    }

    #[test]
    fn nothing_weaker_is_known() {
        let with = |header: &str| {
            let rest = ED25519.split_once('.').unwrap().1;
            format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
        };
        let refused = |header: &str| Token::read(&with(header)).unwrap_err();
        for alg in ["none", "HS256", "ES384", "eddsa"] {
            assert_eq!(refused(&format!("{{\"alg\":\"{alg}\"}}")), JwsError::Algorithm(alg.into()));
        }
        assert_eq!(refused(r#"{"alg":"EdDSA","crit":["x"]}"#), JwsError::Critical);
        assert_eq!(refused(r#"{"alg":"EdDSA","alg":"EdDSA"}"#), JwsError::Malformed("header"));
        assert_eq!(refused("{}"), JwsError::Malformed("header"));
        for text in ["", "a", "a.b", "..", "a.b.c", "a.b.c.d"] {
            assert!(matches!(Token::read(text), Err(JwsError::Malformed(_))), "{text}");
        }
        assert_eq!(Token::read(&"a".repeat(TOKEN_BYTES_MAX + 1)), Err(JwsError::TooLong));
        for jwk in [
            r#"{"kty":"oct","k":"AAAA"}"#,
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#,
            &ED25519_KEY.replace("\"crv\"", "\"use\":\"enc\",\"crv\""),
        ] {
            assert_eq!(serde_json::from_str::<Jwk>(jwk).unwrap().key(), None, "{jwk}");
        }
    }
}
