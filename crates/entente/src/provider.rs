//! The identity provider of a ministry, spoken with as a relying party (OpenID Connect Core 1.0).
//!
//! Authorization code flow with PKCE. What the provider says is read by `entente_app::oidc`; here
//! it is fetched, within bounds of size and time and from the named roots only, and kept for a
//! while. A provider that does not answer is asked again only after a pause, so that nobody at the
//! sign-in page can make this node knock on its door all day.
//!
//! This runs in the process that serves, which holds no key of the nation.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use entente_api::https::{HttpsClient, form, form_value};
use entente_app::oidc::{
    DOCUMENT_BYTES_MAX, Discovery, Expected, IdToken, KeySet, OidcError, id_token_of,
};
use entente_app::people::{Flow, Roles, Vouched};
use entente_model::Timestamp;
use entente_seal::digest::sha256;
use entente_web::{BACK_PATH, Back, IdentityProvider, Pending};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::{Mutex, Semaphore};
use zeroize::Zeroizing;

use crate::files;

/// A secret or a list of certificates longer than this is none.
const SECRET_BYTES_MAX: u64 = 4 << 10;
const ROOTS_BYTES_MAX: u64 = 1 << 20;
/// What the provider said is good for so long.
const KEPT_MILLIS: u64 = 3_600_000;
/// Its keys are fetched again for an unknown one no sooner than after this.
const KEYS_AGAIN_MILLIS: u64 = 60_000;
/// After a failure it is asked again no sooner than after this.
const FAILED_MILLIS: u64 = 10_000;
/// Codes exchanged at once.
const EXCHANGES_MAX: usize = 4;

/// How a provider is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSetup {
    /// What people call it.
    pub name: String,
    /// Its issuer, exactly as it writes it.
    pub issuer: String,
    /// What it knows this node by.
    pub client_id: String,
    /// The file with the secret that goes with it.
    pub client_secret_file: PathBuf,
    /// The certificates that its certificate must lead to.
    pub ca_file: PathBuf,
    /// The claim that names a person.
    pub claim: String,
    /// How long ago a person may have shown who they are.
    pub max_age_millis: u64,
    /// The offices that each strength of a sign-in suffices for.
    pub acr: Vec<(String, Roles)>,
}

/// A provider.
pub struct Provider {
    setup: ProviderSetup,
    client: HttpsClient,
    authorization: Zeroizing<String>,
    redirect: String,
    known: Mutex<Known>,
    exchanges: Semaphore,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.setup.issuer).finish_non_exhaustive()
    }
}

/// What the provider said, and when.
#[derive(Default)]
struct Known {
    discovery: Option<(Timestamp, Discovery)>,
    keys: Option<(Timestamp, KeySet)>,
    failed: Option<(Timestamp, String)>,
}

/// The certificates in a file, in PEM; at least one.
pub fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = files::read(path, ROOTS_BYTES_MAX)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(anyhow!("{}: expected certificates in PEM", path.display())),
    }
}

impl Provider {
    /// Reads its files. Nothing is asked yet: a provider that is down keeps no node from starting.
    pub fn open(setup: ProviderSetup, origin: &str) -> anyhow::Result<Self> {
        let path = &setup.client_secret_file;
        let bytes = Zeroizing::new(files::read_private(path, SECRET_BYTES_MAX)?);
        let secret = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
        if secret.is_empty() {
            return Err(anyhow!("{}: expected the client's secret, as text", path.display()));
        }
        let pair =
            Zeroizing::new(format!("{}:{}", form_value(&setup.client_id), form_value(secret)));
        let client = HttpsClient::new(&certificates(&setup.ca_file)?)
            .with_context(|| format!("{} cannot be used", setup.ca_file.display()))?;
        Ok(Self {
            client,
            authorization: Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))),
            redirect: format!("{origin}{BACK_PATH}"),
            known: Mutex::default(),
            exchanges: Semaphore::new(EXCHANGES_MAX),
            setup,
        })
    }

    /// One sentence for whoever signs in; what happened is for the operators.
    fn trouble(&self, why: &dyn fmt::Display) -> String {
        let name = &self.setup.name;
        tracing::warn!(issuer = self.setup.issuer, %why, "the identity provider is of no use");
        format!("{name} cannot be used now: sign in another way, or try again later")
    }

    async fn discovery(&self, known: &mut Known, now: Timestamp) -> Result<Discovery, String> {
        if let Some((at, discovery)) = &known.discovery
            && now.since(*at) < KEPT_MILLIS
        {
            return Ok(discovery.clone());
        }
        let issuer = &self.setup.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let bytes = self.client.get(&address, DOCUMENT_BYTES_MAX).await;
        let bytes = bytes.map_err(|error| error.to_string())?;
        let discovery = Discovery::read(&bytes, issuer).map_err(|error| error.to_string())?;
        known.discovery = Some((now, discovery.clone()));
        Ok(discovery)
    }

    async fn keys(&self, known: &mut Known, now: Timestamp, kept: u64) -> Result<KeySet, String> {
        if let Some((at, keys)) = &known.keys
            && now.since(*at) < kept
        {
            return Ok(keys.clone());
        }
        let discovery = self.discovery(known, now).await?;
        let bytes = self.client.get(&discovery.keys, DOCUMENT_BYTES_MAX).await;
        let keys = KeySet::read(&bytes.map_err(|error| error.to_string())?);
        let keys = keys.map_err(|error| error.to_string())?;
        if keys.is_empty() {
            return Err("the provider publishes no key of a kind that is taken here".to_owned());
        }
        known.keys = Some((now, keys.clone()));
        Ok(keys)
    }

    /// What the provider says of itself, and its keys, no older than `kept`.
    async fn look(&self, now: Timestamp, kept: u64) -> Result<(Discovery, KeySet), String> {
        let mut known = self.known.lock().await;
        if let Some((at, why)) = &known.failed
            && now.since(*at) < FAILED_MILLIS
        {
            return Err(why.clone());
        }
        let found = match self.discovery(&mut known, now).await {
            Ok(discovery) => self.keys(&mut known, now, kept).await.map(|keys| (discovery, keys)),
            Err(why) => Err(why),
        };
        known.failed = found.as_ref().err().map(|why| (now, why.clone()));
        found
    }

    /// Whether it answers, and with what is needed.
    pub async fn examine(&self, now: Timestamp) -> Result<(), String> {
        self.look(now, KEPT_MILLIS).await.map(drop)
    }

    async fn there(&self, flow: &Flow, now: Timestamp) -> Result<String, String> {
        let (discovery, _) = self.look(now, KEPT_MILLIS).await.map_err(|why| self.trouble(&why))?;
        let strengths: Vec<&str> = self.setup.acr.iter().map(|(acr, _)| acr.as_str()).collect();
        let challenge = URL_SAFE_NO_PAD.encode(sha256(flow.verifier.as_bytes()));
        let query = form(&[
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", &self.setup.client_id),
            ("redirect_uri", &self.redirect),
            ("state", &flow.state),
            ("nonce", &flow.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("max_age", &(self.setup.max_age_millis / 1000).to_string()),
            ("acr_values", &strengths.join(" ")),
        ]);
        let joint = if discovery.authorization.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}{query}", discovery.authorization))
    }

    async fn exchange(&self, back: &Back, flow: &Flow, now: Timestamp) -> Result<Vouched, String> {
        let ProviderSetup { name, issuer, client_id, claim, .. } = &self.setup;
        let (discovery, keys) =
            self.look(now, KEPT_MILLIS).await.map_err(|why| self.trouble(&why))?;
        let from_it = match &back.iss {
            Some(from) => from == issuer,
            None => !discovery.names_itself,
        };
        if !from_it {
            return Err(format!("this answer is not from {name}: begin again"));
        }
        if let Some(error) = &back.error {
            let plain = |c: &char| c.is_ascii_lowercase() || *c == '_';
            let error: String = error.chars().filter(plain).take(40).collect();
            return Err(format!("{name} did not sign you in (`{error}`)"));
        }
        let Some(code) = &back.code else {
            return Err(format!("{name} sent no code: begin again"));
        };
        let Ok(_one_of_few) = self.exchanges.try_acquire() else {
            return Err("too many people sign in at once: begin again in a moment".to_owned());
        };
        let sent = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &flow.verifier),
        ]);
        let answer = self
            .client
            .post(&discovery.token, &self.authorization, sent, DOCUMENT_BYTES_MAX)
            .await
            .map(Zeroizing::new)
            .map_err(|why| self.trouble(&why))?;
        let token = id_token_of(&answer).map_err(|why| self.trouble(&why))?;
        let expected = Expected {
            issuer,
            client: client_id,
            nonce: &flow.nonce,
            claim,
            max_age_seconds: self.setup.max_age_millis / 1000,
            now,
        };
        let mut checked = IdToken::check(&token, &keys, &expected);
        if checked == Err(OidcError::UnknownKey) {
            // A provider that renewed its keys is asked for them once.
            let (_, keys) =
                self.look(now, KEYS_AGAIN_MILLIS).await.map_err(|why| self.trouble(&why))?;
            checked = IdToken::check(&token, &keys, &expected);
        }
        let word = checked.map_err(|why| {
            tracing::warn!(issuer, %why, "the identity provider's word is not taken");
            format!("the word of {name} is not taken: {why}")
        })?;
        let strength = self.setup.acr.iter().find(|(acr, _)| Some(acr) == word.acr.as_ref());
        let Some((_, suffices)) = strength else {
            return Err(format!(
                "you signed in to {name} in a way that is not strong enough here: use a stronger one"
            ));
        };
        Ok(Vouched::Provider { issuer: issuer.clone(), subject: word.subject, suffices: *suffices })
    }
}

impl IdentityProvider for Provider {
    fn name(&self) -> &str {
        &self.setup.name
    }

    fn way_there<'a>(&'a self, flow: &'a Flow, now: Timestamp) -> Pending<'a, String> {
        Box::pin(self.there(flow, now))
    }

    fn word<'a>(&'a self, back: &'a Back, flow: &'a Flow, now: Timestamp) -> Pending<'a, Vouched> {
        Box::pin(self.exchange(back, flow, now))
    }
}
