//! A ministry's identity provider that behaves, and one that does not.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entente::provider::{Provider, ProviderSetup};
use entente_app::people::{Flow, Role, Roles, Vouched};
use entente_model::Timestamp;
use entente_seal::digest::{h, sha256};
use entente_web::{Back, IdentityProvider as _};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519, SigningKey as _,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const CLIENT: &str = "entente-xar";
const ORIGIN: &str = "https://node.xar.example";
const SECRET: &str = "a secret: with%signs";

/// Bends claims.
type Bend = fn(&mut Value);
/// Makes a token of claims.
type Make = fn(&KeyPair, &str) -> String;

/// What the provider does, which tests bend.
struct Conduct {
    issuer: String,
    /// Documents in the place of the right ones, by path.
    documents: BTreeMap<&'static str, (StatusCode, Vec<u8>)>,
    /// Bends the claims of the next token.
    claims: Box<dyn Fn(&mut Value) + Send>,
    /// Makes the token of header and claims; none for the right way.
    token: Option<Make>,
    kid: String,
    published: String,
    key: KeyPair,
    /// Codes that were given, with the nonce and the challenge that they were asked with.
    codes: BTreeMap<String, (String, String)>,
}

/// A provider with its own roots, in this process.
struct World {
    conduct: Arc<Mutex<Conduct>>,
    asked: Arc<AtomicUsize>,
    keys_asked: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
    issuer: String,
    serving: tokio::task::JoinHandle<()>,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn x_of(key: &KeyPair) -> String {
    use rcgen::PublicKeyData as _;
    b64(key.der_bytes())
}

fn signed(key: &KeyPair, header: &Value, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(claims));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", b64(signature))
}

fn flow(seed: u8) -> Flow {
    Flow {
        ticket: hex::encode([seed; 32]).parse().unwrap(),
        state: hex::encode(sha256(&[seed, 1])),
        nonce: hex::encode(sha256(&[seed, 2])),
        verifier: hex::encode(sha256(&[seed, 3])),
    }
}

async fn answer(world: &Answering, request: Request<Incoming>) -> Response<Full<Bytes>> {
    world.asked.fetch_add(1, Ordering::Relaxed);
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").cloned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut conduct = world.conduct.lock().unwrap();
    if path == "/keys" {
        world.keys_asked.fetch_add(1, Ordering::Relaxed);
    }
    if let Some((status, bytes)) = conduct.documents.get(path.as_str()) {
        let answer =
            Response::builder().status(*status).header("location", "https://evil.example/");
        return answer.body(Full::new(bytes.clone().into())).unwrap();
    }
    let said = match path.as_str() {
        "/.well-known/openid-configuration" => json!({
            "issuer": conduct.issuer,
            "authorization_endpoint": format!("{}/authorize", conduct.issuer),
            "token_endpoint": format!("{}/token", conduct.issuer),
            "jwks_uri": format!("{}/keys", conduct.issuer),
            "authorization_response_iss_parameter_supported": true,
        }),
        "/keys" => json!({ "keys": [
            { "kty": "oct", "k": "AAAA", "kid": conduct.kid },
            { "kty": "OKP", "crv": "Ed25519", "x": x_of(&conduct.key), "kid": conduct.published,
              "use": "sig", "alg": "EdDSA" },
        ] }),
        "/token" => {
            // RFC 6749, 2.3.1: both are form-encoded before they are joined.
            let basic = base64::engine::general_purpose::STANDARD
                .encode(format!("{CLIENT}:a+secret%3A+with%25signs"));
            assert_eq!(authorization.unwrap().to_str().unwrap(), format!("Basic {basic}"));
            let form = String::from_utf8(body.to_vec()).unwrap();
            let field = |name: &str| {
                let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
            };
            assert_eq!(field("grant_type"), "authorization_code");
            let back = "https%3A%2F%2Fnode.xar.example%2Fsign-in%2Fprovider%2Fback";
            assert_eq!(field("redirect_uri"), back);
            // A code is good once, and with what it was asked with.
            let Some((nonce, challenge)) = conduct.codes.remove(&field("code")) else {
                let refusal = Response::builder().status(StatusCode::BAD_REQUEST);
                return refusal
                    .body(Full::new(Bytes::from("{\"error\":\"invalid_grant\"}")))
                    .unwrap();
            };
            assert_eq!(b64(sha256(field("code_verifier").as_bytes())), challenge);
            let seconds = NOW.seconds();
            let mut claims = json!({
                "iss": conduct.issuer, "aud": CLIENT, "sub": "17", "nonce": nonce,
                "iat": seconds, "exp": seconds + 300, "auth_time": seconds - 5,
                "acr": "high", "email": "eva@ministry.example",
            });
            (conduct.claims)(&mut claims);
            let claims = claims.to_string();
            let token = match conduct.token {
                Some(make) => make(&conduct.key, &claims),
                None => {
                    signed(&conduct.key, &json!({ "alg": "EdDSA", "kid": conduct.kid }), &claims)
                }
            };
            json!({ "access_token": "x", "token_type": "Bearer", "id_token": token })
        }
        other => panic!("asked for {other}"),
    };
    Response::new(Full::new(said.to_string().into()))
}

#[derive(Clone)]
struct Answering {
    conduct: Arc<Mutex<Conduct>>,
    asked: Arc<AtomicUsize>,
    keys_asked: Arc<AtomicUsize>,
}

/// A server certificate for `localhost`, and the root above it, in PEM.
fn certified() -> (String, Arc<ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&own, &issuer).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&tokio_rustls::rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(own.serialize_der().into()),
        )
        .unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(root.der());
    let root = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    (root, Arc::new(config))
}

impl World {
    async fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let issuer = format!("https://localhost:{}", address.port());
        let (root, tls) = certified();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), root).unwrap();
        write_secret(&folder.path().join("secret"), SECRET);
        let conduct = Arc::new(Mutex::new(Conduct {
            issuer: issuer.clone(),
            documents: BTreeMap::new(),
            claims: Box::new(|_| ()),
            token: None,
            kid: "k1".to_owned(),
            published: "k1".to_owned(),
            key: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            codes: BTreeMap::new(),
        }));
        let (asked, keys_asked) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let answering = Answering {
            conduct: Arc::clone(&conduct),
            asked: Arc::clone(&asked),
            keys_asked: Arc::clone(&keys_asked),
        };
        let acceptor = TlsAcceptor::from(tls);
        let serving = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (acceptor, answering) = (acceptor.clone(), answering.clone());
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                    let service = service_fn(move |request| {
                        let answering = answering.clone();
                        async move { Ok::<_, Infallible>(answer(&answering, request).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(tls), service)
                        .await;
                });
            }
        });
        Self { conduct, asked, keys_asked, folder, issuer, serving }
    }

    fn setup(&self) -> ProviderSetup {
        ProviderSetup {
            name: "Ministry ID".to_owned(),
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret_file: self.folder.path().join("secret"),
            ca_file: self.folder.path().join("ca.pem"),
            claim: "sub".to_owned(),
            max_age_millis: 3_600_000,
            acr: vec![
                ("high".to_owned(), Roles::of(&[Role::Analyst, Role::ReleaseOfficer])),
                ("low".to_owned(), Roles::of(&[Role::Analyst])),
            ],
        }
    }

    fn provider(&self) -> Provider {
        Provider::open(self.setup(), ORIGIN).unwrap()
    }

    fn bend(&self, bend: impl FnOnce(&mut Conduct)) {
        bend(&mut self.conduct.lock().unwrap());
    }

    /// What a browser brings back after its person signed in.
    async fn signs_in(&self, provider: &Provider, flow: &Flow, now: Timestamp) -> Back {
        let there = provider.way_there(flow, now).await.unwrap();
        let (page, query) = there.split_once('?').unwrap();
        assert_eq!(page, format!("{}/authorize", self.issuer));
        let field = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
        };
        assert_eq!(field("response_type"), "code");
        assert_eq!(field("code_challenge_method"), "S256");
        assert_eq!(field("acr_values"), "high+low");
        assert_eq!((field("scope"), field("max_age")), ("openid".to_owned(), "3600".to_owned()));
        assert!(!query.contains(&flow.verifier));
        let code = format!("code-{}", flow.state);
        self.bend(|conduct| {
            conduct.codes.insert(code.clone(), (field("nonce"), field("code_challenge")));
        });
        Back {
            code: Some(code),
            state: Some(field("state")),
            iss: Some(self.issuer.clone()),
            error: None,
        }
    }

    /// Signs in once, a while after everything before, and gives what comes of it.
    async fn whole(&self, provider: &Provider, seed: u8) -> Result<Vouched, String> {
        let back = self.signs_in(provider, &flow(seed), NOW).await;
        provider.word(&back, &flow(seed), NOW).await
    }
}

fn write_secret(path: &Path, secret: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, format!("{secret}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_person_is_vouched_for() {
    let world = World::begin().await;
    let provider = world.provider();
    let word = world.whole(&provider, 1).await.unwrap();
    let suffices = Roles::of(&[Role::Analyst, Role::ReleaseOfficer]);
    let expected = |subject: &str, suffices| Vouched::Provider {
        issuer: world.issuer.clone(),
        subject: subject.to_owned(),
        suffices,
    };
    assert_eq!(word, expected("17", suffices));
    world.bend(|c| c.claims = Box::new(|claims| claims["acr"] = "low".into()));
    let word = world.whole(&provider, 2).await.unwrap();
    assert_eq!(word, expected("17", Roles::of(&[Role::Analyst])));
    // What it said of itself was kept: from then on, one question for each sign-in.
    assert_eq!(world.asked.load(Ordering::Relaxed), 4);

    // Another claim may name the person, if the configuration says so.
    let setup = ProviderSetup { claim: "email".to_owned(), ..world.setup() };
    let provider = Provider::open(setup, ORIGIN).unwrap();
    let word = world.whole(&provider, 3).await.unwrap();
    assert_eq!(word, expected("eva@ministry.example", Roles::of(&[Role::Analyst])));
}

#[tokio::test]
async fn a_word_that_is_not_right_is_not_taken() {
    let world = World::begin().await;
    let provider = world.provider();
    let mut seed = 0;
    let cases: Vec<(&str, Bend)> = vec![
        ("of another issuer", |c| c["iss"] = "https://evil.example".into()),
        ("for another program", |c| c["aud"] = "another".into()),
        ("given to another party", |c| c["azp"] = "another".into()),
        ("belongs to another sign-in", |c| c["nonce"] = "another".into()),
        ("its time is over", |c| c["exp"] = (NOW.seconds() - 61).into()),
        ("issued too long ago", |c| c["iat"] = (NOW.seconds() - 601).into()),
        ("its time has not come", |c| c["nbf"] = (NOW.seconds() + 61).into()),
        ("there too long ago", |c| c["auth_time"] = (NOW.seconds() - 3700).into()),
        ("not say when", |c| drop(c.as_object_mut().unwrap().remove("auth_time"))),
        ("not strong enough here", |c| c["acr"] = "none".into()),
        ("not strong enough here", |c| drop(c.as_object_mut().unwrap().remove("acr"))),
        ("not name the person", |c| c["sub"] = 17.into()),
    ];
    for (why, bend) in cases {
        seed += 1;
        world.bend(|conduct| conduct.claims = Box::new(bend));
        let refused = world.whole(&provider, seed).await.unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
    }
    world.bend(|conduct| conduct.claims = Box::new(|_| ()));
    let tokens: Vec<(&str, Make)> = vec![
        ("signed with `none`", |_, claims| {
            format!("{}.{}.", b64(r#"{"alg":"none","kid":"k1"}"#), b64(claims))
        }),
        ("signed with `HS256`", |key, claims| {
            // What passes where the public key is taken for a shared secret.
            use rcgen::PublicKeyData as _;
            let signed = format!("{}.{}", b64(r#"{"alg":"HS256","kid":"k1"}"#), b64(claims));
            let code = h(entente_model::tag::Tag::Act, &[key.der_bytes(), signed.as_bytes()]);
            format!("{signed}.{}", b64(code))
        }),
        ("signature does not verify", |_, claims| {
            let other = KeyPair::generate_for(&PKCS_ED25519).unwrap();
            signed(&other, &json!({ "alg": "EdDSA", "kid": "k1" }), claims)
        }),
        ("a key that the provider does not publish", |key, claims| {
            signed(key, &json!({ "alg": "ES256", "kid": "k1" }), claims)
        }),
        ("more than 16384 bytes", |key, claims| {
            let long = "x".repeat(20_000);
            signed(key, &json!({ "alg": "EdDSA", "kid": "k1", "x": long }), claims)
        }),
        ("form of the token", |_, _| "nonsense".to_owned()),
    ];
    for (why, make) in tokens {
        seed += 1;
        world.bend(|conduct| conduct.token = Some(make));
        let refused = world.whole(&provider, seed).await.unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
    }
    world.bend(|conduct| conduct.token = None);
    assert!(world.whole(&provider, 99).await.is_ok(), "and a right one is taken all the same");
}

#[tokio::test]
async fn what_comes_back_is_from_this_provider_and_good_once() {
    let world = World::begin().await;
    let provider = world.provider();
    let flow = flow(1);
    let good = world.signs_in(&provider, &flow, NOW).await;
    for iss in [None, Some("https://evil.example".to_owned())] {
        let back = Back { iss, ..good.clone() };
        let refused = provider.word(&back, &flow, NOW).await.unwrap_err();
        assert!(refused.contains("not from Ministry ID"), "{refused}");
    }
    let error = Some("access_denied<script>".to_owned());
    let refused = provider.word(&Back { error, ..good.clone() }, &flow, NOW).await.unwrap_err();
    assert!(refused.contains("(`access_deniedscript`)"), "{refused}");
    let refused = provider.word(&Back { code: None, ..good.clone() }, &flow, NOW).await;
    assert!(refused.unwrap_err().contains("sent no code"));
    provider.word(&good, &flow, NOW).await.unwrap();
    let replayed = provider.word(&good, &flow, NOW).await.unwrap_err();
    assert!(replayed.contains("Ministry ID cannot be used now"), "{replayed}");
}

#[tokio::test]
async fn keys_that_were_renewed_are_fetched_once_in_a_minute() {
    let world = World::begin().await;
    let provider = world.provider();
    world.whole(&provider, 1).await.unwrap();
    world.bend(|conduct| {
        conduct.key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        (conduct.kid, conduct.published) = ("k2".to_owned(), "k2".to_owned());
    });
    let keys_asked = || world.keys_asked.load(Ordering::Relaxed);
    let later = |millis| NOW.plus_millis(millis);
    let at = async |seed, now| {
        let back = world.signs_in(&provider, &flow(seed), now).await;
        provider.word(&back, &flow(seed), now).await
    };
    // Not within a minute after the keys were fetched, whoever knocks.
    for seed in 2..6 {
        let refused = at(seed, later(1000)).await.unwrap_err();
        assert!(refused.contains("does not publish"), "{refused}");
    }
    assert_eq!(keys_asked(), 1);
    at(6, later(60_000)).await.unwrap();
    at(7, later(61_000)).await.unwrap();
    assert_eq!(keys_asked(), 2);
}

#[tokio::test]
async fn documents_are_bounded_and_nothing_is_followed() {
    const DISCOVERY: &str = "/.well-known/openid-configuration";
    let large = vec![b' '; 70 << 10];
    let foreign = |world: &World| {
        json!({
            "issuer": world.issuer,
            "authorization_endpoint": format!("{}/authorize", world.issuer),
            "token_endpoint": "https://evil.example/token",
            "jwks_uri": format!("{}/keys", world.issuer),
        })
    };
    let cases: Vec<(&'static str, StatusCode, Option<Vec<u8>>, &str)> = vec![
        ("/keys", StatusCode::OK, Some(large.clone()), "larger than"),
        (DISCOVERY, StatusCode::OK, Some(large), "larger than"),
        ("/keys", StatusCode::FOUND, Some(Vec::new()), "status 302"),
        (DISCOVERY, StatusCode::TEMPORARY_REDIRECT, Some(Vec::new()), "status 307"),
        (DISCOVERY, StatusCode::OK, None, "outside the issuer's own origin"),
        ("/keys", StatusCode::OK, Some(b"{\"keys\":[],\"keys\":[]}".to_vec()), "twice"),
        ("/keys", StatusCode::OK, Some(b"{\"keys\":[]}".to_vec()), "no key of a kind"),
    ];
    for (path, status, bytes, why) in cases {
        let world = World::begin().await;
        let bytes = bytes.unwrap_or_else(|| foreign(&world).to_string().into_bytes());
        world.bend(|conduct| drop(conduct.documents.insert(path, (status, bytes))));
        let provider = world.provider();
        let refused = provider.examine(NOW).await.unwrap_err();
        assert!(refused.contains(why), "{path} {why}: {refused}");
        let told = provider.way_there(&flow(1), NOW).await.unwrap_err();
        assert!(told.contains("Ministry ID cannot be used now: sign in another way"), "{told}");
        // Nobody makes the node ask again and again.
        let asked = world.asked.load(Ordering::Relaxed);
        for _ in 0..9 {
            provider.way_there(&flow(1), NOW).await.unwrap_err();
        }
        assert_eq!(world.asked.load(Ordering::Relaxed), asked);
        world.bend(|conduct| conduct.documents.clear());
        assert!(provider.way_there(&flow(1), NOW.plus_millis(10_000)).await.is_ok(), "mended");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_or_not_trusted_is_named() {
    let world = World::begin().await;
    // Another root: what the system or anyone else trusts does not count.
    let (other, _) = certified();
    fs::write(world.folder.path().join("other.pem"), other).unwrap();
    let setup = ProviderSetup { ca_file: world.folder.path().join("other.pem"), ..world.setup() };
    let provider = Provider::open(setup, ORIGIN).unwrap();
    let refused = provider.examine(NOW).await.unwrap_err();
    assert!(refused.contains("cannot be reached") && refused.contains("certificate"), "{refused}");
    assert_eq!(world.asked.load(Ordering::Relaxed), 0);

    world.serving.abort();
    let provider = world.provider();
    while provider.examine(NOW).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = provider.examine(NOW.plus_millis(20_000)).await.unwrap_err();
    assert!(refused.contains("cannot be reached"), "{refused}");

    // Its files are as private as every secret.
    let secret = world.folder.path().join("secret");
    let open = || format!("{:#}", Provider::open(world.setup(), ORIGIN).unwrap_err());
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(open().contains("secret"), "{}", open());
    write_secret(&secret, "");
    assert!(open().contains("expected the client's secret"), "{}", open());
    write_secret(&secret, SECRET);
    fs::write(world.folder.path().join("ca.pem"), "none").unwrap();
    assert!(open().contains("expected certificates in PEM"), "{}", open());
}
