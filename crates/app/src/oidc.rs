//! What an identity provider says (OpenID Connect Core 1.0, Discovery 1.0), read and checked.
//!
//! Every document passes the guard for JSON first, and is bounded by whoever fetched it. A
//! provider's word about a person is an [`IdToken`] that verifies: signed by a key of its set, for
//! us, for this sign-in, now. What the word is good for is `people::Badge`'s to say.
//!
//! Pure: fetching and keeping documents is the door's work.

use entente_formats::json::{JsonLimits, StrictJson};
use entente_model::Timestamp;
use entente_seal::jws::{Algorithm, Jwk, JwsError, Token, VerifyKey};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// The largest document of a provider, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 10;
/// The most keys in a set.
const KEYS_MAX: usize = 32;
/// How far the clocks may be apart.
const SKEW_SECONDS: u64 = 60;
/// A token was issued no longer ago than this.
const ISSUED_SECONDS_MAX: u64 = 600;
/// The longest claim that is looked at, in bytes.
const CLAIM_BYTES_MAX: usize = 255;

/// Why a provider's word is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OidcError {
    /// A document that is not what it should be.
    #[error("the provider's {document} cannot be used: {why}")]
    Document {
        /// Which.
        document: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A token in no form.
    #[error(transparent)]
    Token(#[from] JwsError),
    /// A token by a key that is not in the set.
    #[error("the token is signed by a key that the provider does not publish")]
    UnknownKey,
    /// A signature that does not verify.
    #[error("the token's signature does not verify")]
    Signature,
    /// A claim that does not fit.
    #[error("the token is not good here: {0}")]
    Claim(&'static str),
}

fn fault(document: &'static str, why: impl Into<String>) -> OidcError {
    OidcError::Document { document, why: why.into() }
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], document: &'static str) -> Result<T, OidcError> {
    let limits = JsonLimits { bytes_max: DOCUMENT_BYTES_MAX, depth_max: 16 };
    let text = StrictJson::check(bytes, &limits).map_err(|e| fault(document, e.to_string()))?;
    serde_json::from_str(text.as_str()).map_err(|e| fault(document, e.to_string()))
}

/// What a provider says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Where browsers are sent.
    pub authorization: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Where its keys are.
    pub keys: String,
    /// Whether it names itself in what browsers bring back (RFC 9207).
    pub names_itself: bool,
}

impl Discovery {
    /// Reads the document of the provider with this issuer. Everything is at the issuer's own
    /// origin, so that nothing in the document can send persons or codes elsewhere.
    pub fn read(bytes: &[u8], issuer: &str) -> Result<Self, OidcError> {
        #[derive(Deserialize)]
        struct Text {
            issuer: String,
            authorization_endpoint: String,
            token_endpoint: String,
            jwks_uri: String,
            #[serde(default)]
            authorization_response_iss_parameter_supported: bool,
        }
        const DOCUMENT: &str = "description of itself";
        let text: Text = read(bytes, DOCUMENT)?;
        if text.issuer != issuer {
            return Err(fault(DOCUMENT, "it names another issuer than the one configured"));
        }
        let origin = origin_of(issuer);
        for address in [&text.authorization_endpoint, &text.token_endpoint, &text.jwks_uri] {
            let plain = address.len() <= 1024 && address.chars().all(|c| c.is_ascii_graphic());
            if !plain || address.contains('#') || origin_of(address) != origin {
                return Err(fault(DOCUMENT, "it names an address outside the issuer's own origin"));
            }
        }
        Ok(Self {
            authorization: text.authorization_endpoint,
            token: text.token_endpoint,
            keys: text.jwks_uri,
            names_itself: text.authorization_response_iss_parameter_supported,
        })
    }
}

/// Scheme and authority of an address.
fn origin_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    (!authority.is_empty() && !authority.contains(['@', '\\'])).then_some(authority)
}

/// A provider's keys.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<(Jwk, VerifyKey)>);

impl KeySet {
    /// Reads a set. Keys of kinds that are not taken here are left out.
    pub fn read(bytes: &[u8]) -> Result<Self, OidcError> {
        #[derive(Deserialize)]
        struct Text {
            keys: Vec<Value>,
        }
        const DOCUMENT: &str = "set of keys";
        let Text { keys } = read(bytes, DOCUMENT)?;
        if keys.len() > KEYS_MAX {
            return Err(fault(DOCUMENT, format!("it has more than {KEYS_MAX} keys")));
        }
        let usable = |value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let key = jwk.key()?;
            Some((jwk, key))
        };
        Ok(Self(keys.into_iter().filter_map(usable).collect()))
    }

    /// Whether it has any key that is taken here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token may be signed with: that of its name, or all if it names none.
    fn fitting(&self, token: &Token<'_>) -> impl Iterator<Item = &VerifyKey> {
        let (kid, algorithm) = (token.kid.clone(), token.algorithm);
        self.0
            .iter()
            .filter(move |(jwk, _)| kid.is_none() || jwk.kid == kid)
            .filter(move |(jwk, _)| {
                jwk.alg.as_deref().is_none_or(|alg| Algorithm::named(alg) == Some(algorithm))
            })
            .map(|(_, key)| key)
    }
}

/// What a provider answers to a code.
pub fn id_token_of(answer: &[u8]) -> Result<String, OidcError> {
    #[derive(Deserialize)]
    struct Text {
        id_token: Option<String>,
    }
    const DOCUMENT: &str = "answer to the code";
    let Text { id_token } = read(answer, DOCUMENT)?;
    id_token.ok_or_else(|| fault(DOCUMENT, "it has no `id_token`"))
}

/// What a token must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// Us, as it knows us.
    pub client: &'a str,
    /// What this sign-in began with.
    pub nonce: &'a str,
    /// The claim that names the person.
    pub claim: &'a str,
    /// How long ago the person may have shown who they are.
    pub max_age_seconds: u64,
    /// This node's clock.
    pub now: Timestamp,
}

/// A provider's word about a person, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    /// Who it is, there.
    pub subject: String,
    /// How they showed it.
    pub acr: Option<String>,
}

impl IdToken {
    /// Checks a token.
    pub fn check(text: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Self, OidcError> {
        let token = Token::read(text)?;
        let mut fitting = keys.fitting(&token).peekable();
        if fitting.peek().is_none() {
            return Err(OidcError::UnknownKey);
        }
        let payload = fitting.find_map(|key| token.signed_by(key)).ok_or(OidcError::Signature)?;
        let claims: Map<String, Value> = read(payload, "token")?;
        Self::check_claims(&claims, expected)
    }

    fn check_claims(
        claims: &Map<String, Value>,
        expected: &Expected<'_>,
    ) -> Result<Self, OidcError> {
        let must =
            |holds: bool, otherwise| if holds { Ok(()) } else { Err(OidcError::Claim(otherwise)) };
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let seconds = |name: &str| claims.get(name).map(Value::as_u64);
        let now = expected.now.seconds();

        must(text("iss") == Some(expected.issuer), "it is of another issuer")?;
        let (for_us, audiences) = match claims.get("aud") {
            Some(Value::String(one)) => (one == expected.client, 1),
            Some(Value::Array(all)) => {
                (all.iter().any(|one| one.as_str() == Some(expected.client)), all.len())
            }
            _ => (false, 0),
        };
        must(for_us, "it is for another program than this node")?;
        must(audiences == 1 || claims.contains_key("azp"), "it is for several and names no party")?;
        if claims.contains_key("azp") {
            must(text("azp") == Some(expected.client), "it was given to another party")?;
        }
        must(text("nonce") == Some(expected.nonce), "it belongs to another sign-in")?;
        let until = seconds("exp").flatten().unwrap_or(0);
        must(until.saturating_add(SKEW_SECONDS) > now, "its time is over, or the clocks differ")?;
        let early = now.saturating_add(SKEW_SECONDS);
        let issued = seconds("iat").flatten().unwrap_or(0);
        must(issued <= early, "it is of the future: the clocks differ")?;
        must(issued.saturating_add(ISSUED_SECONDS_MAX) > now, "it was issued too long ago")?;
        if let Some(begins) = seconds("nbf") {
            must(begins.is_some_and(|at| at <= early), "its time has not come")?;
        }
        let shown = seconds("auth_time").flatten();
        let shown = shown.ok_or(OidcError::Claim("it does not say when the person was there"))?;
        must(shown <= early, "it says that the person was there in the future")?;
        let oldest = expected.max_age_seconds.saturating_add(SKEW_SECONDS);
        must(shown.saturating_add(oldest) >= now, "the person was there too long ago")?;

        let fits = |text: &&str| (1..=CLAIM_BYTES_MAX).contains(&text.len());
        let subject = text(expected.claim).filter(fits);
        let subject = subject.ok_or(OidcError::Claim("it does not name the person"))?;
        Ok(Self { subject: subject.to_owned(), acr: text("acr").filter(fits).map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn claims(change: impl Fn(&mut Value)) -> Result<IdToken, OidcError> {
        let mut claims = serde_json::json!({
            "iss": "https://id.example", "aud": "node", "nonce": "n", "sub": "17",
            "exp": NOW + 300, "iat": NOW, "auth_time": NOW - 10, "acr": "high",
        });
        change(&mut claims);
        let expected = Expected {
            issuer: "https://id.example",
            client: "node",
            nonce: "n",
            claim: "sub",
            max_age_seconds: 3600,
            now: Timestamp::from_millis(NOW * 1000),
        };
        IdToken::check_claims(claims.as_object().unwrap(), &expected)
    }

    #[test]
    fn every_claim_is_looked_at() {
        let good = claims(|_| ()).unwrap();
        assert_eq!((good.subject.as_str(), good.acr.as_deref()), ("17", Some("high")));
        assert!(claims(|c| c["aud"] = serde_json::json!(["node"])).is_ok());
        let both = serde_json::json!(["node", "other"]);
        assert!(claims(|c| c["aud"] = both.clone()).is_err());
        assert!(claims(|c| (c["aud"], c["azp"]) = (both.clone(), "node".into())).is_ok());
        for (name, value) in [
            ("iss", "https://id.example/".into()),
            ("aud", "other".into()),
            ("aud", Value::Null),
            ("azp", "other".into()),
            ("nonce", "m".into()),
            ("nonce", Value::Null),
            ("exp", (NOW - 61).into()),
            ("exp", Value::Null),
            ("exp", "tomorrow".into()),
            ("iat", (NOW + 61).into()),
            ("iat", (NOW - 601).into()),
            ("nbf", (NOW + 61).into()),
            ("nbf", "later".into()),
            ("auth_time", (NOW - 3661).into()),
            ("auth_time", (NOW + 61).into()),
            ("auth_time", Value::Null),
            ("sub", Value::Null),
            ("sub", "".into()),
            ("sub", "s".repeat(256).into()),
        ] {
            let refused = claims(|c| c[name] = value.clone());
            assert!(matches!(refused, Err(OidcError::Claim(_))), "{name} {value}: {refused:?}");
        }
    }

    #[test]
    fn a_description_keeps_to_its_own_origin() {
        let read = |change: fn(&mut Value)| {
            let mut text = serde_json::json!({
                "issuer": "https://id.example:8443/realm",
                "authorization_endpoint": "https://id.example:8443/auth?x=1",
                "token_endpoint": "https://id.example:8443/token",
                "jwks_uri": "https://id.example:8443/keys",
            });
            change(&mut text);
            Discovery::read(text.to_string().as_bytes(), "https://id.example:8443/realm")
        };
        assert!(!read(|_| ()).unwrap().names_itself);
        for change in [
            (|t| t["issuer"] = "https://id.example:8443".into()) as fn(&mut Value),
            |t| t["token_endpoint"] = "http://id.example:8443/token".into(),
            |t| t["token_endpoint"] = "https://evil.example/token".into(),
            |t| t["jwks_uri"] = "https://id.example:8443@evil.example/keys".into(),
            |t| t["authorization_endpoint"] = "https://id.example:8443/a b".into(),
            |t| t["jwks_uri"] = Value::Null,
        ] {
            assert!(matches!(read(change), Err(OidcError::Document { .. })));
        }
        let twice = br#"{"keys":[],"keys":[]}"#;
        assert!(KeySet::read(twice).unwrap_err().to_string().contains("twice"));
        let many = format!("{{\"keys\":[{}]}}", vec!["{}"; 33].join(","));
        assert!(KeySet::read(many.as_bytes()).is_err());
        let odd = br#"{"keys":[{"kty":"oct","k":"AA"},{"kty":"XX"},7]}"#;
        assert!(KeySet::read(odd).unwrap().is_empty());
    }
}
