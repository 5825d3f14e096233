//! Every parser of bytes from outside, with what must hold for any bytes at all.
//!
//! Not only that nothing panics: what is read is written back to the same bytes (I10), what is
//! refused is refused with a place inside the text, and what is accepted is accepted by the
//! next reader too. The fuzzer (`main.rs`) feeds these with what it makes up; the test
//! `corpora` of the `entente` crate feeds them with the seeds under `corpus/`, in each gate.

use std::path::Path;
use std::sync::LazyLock;

use entente::config::Config;
use entente_app::oidc::{Discovery, Expected, IdToken, KeySet, id_token_of};
use entente_exchange::bundle::{self, Frame};
use entente_exchange::card::{Card, SpokenId};
use entente_exchange::chain::{self, ChainState};
use entente_exchange::{agreement, bundle as frames, chain as statements};
use entente_formats::ais::assemble::OPEN_MAX;
use entente_formats::ais::bits::Value;
use entente_formats::ais::{Decoded, Decoder};
use entente_formats::cap::tree::{CapLimits, Tree};
use entente_formats::cap::{Alert, rules, schema};
use entente_formats::json::{JsonLimits, StrictJson};
use entente_formats::pattern::{Matcher, Observations, Pattern, Version, equivalent};
use entente_formats::{Kind, Limits, MediaHint, OnBad, sniff, split};
use entente_law::{
    Agreement, NationalLaw, Problems, Scheme, Schemes, case, fact, parse_facts, parse_label,
    print_label,
};
use entente_ledger::checkpoint::Checkpoint;
use entente_ledger::evidence::Evidence;
use entente_ledger::fork::ForkEvidence;
use entente_ledger::note::{Note, VerifierKey};
use entente_ledger::origin::parse_origin;
use entente_ledger::tile::{TilePath, decode_bundle, encode_bundle};
use entente_ledger::witness::AddCheckpoint;
use entente_model::codec::Reader;
use entente_model::{Entropy, Timestamp, Wire, facts, item, label, manifest, record};
use entente_seal::passkey::{self, Assertion, PasskeyError, Site};
use entente_seal::sign::{LogPublic, StatementPublic};
use entente_seal::statement::SignedStatement;
use entente_seal::wrap::{self, KemKey, KemPublic};

/// One parser.
pub(crate) struct Parser {
    /// Its name, which is that of its folder of seeds.
    pub(crate) name: &'static str,
    /// Longer inputs teach nothing new.
    pub(crate) bytes_max: usize,
    /// Panics if something does not hold.
    pub(crate) check: fn(&[u8]),
}

/// All of them.
pub(crate) const PARSERS: [Parser; 22] = [
    Parser { name: "wire", bytes_max: 16_384, check: wire },
    Parser { name: "bundle", bytes_max: 16_384, check: bundle },
    Parser { name: "frames", bytes_max: 8192, check: frame_bodies },
    Parser { name: "note", bytes_max: 8192, check: note },
    Parser { name: "witness-request", bytes_max: 8192, check: witness_request },
    Parser { name: "tile", bytes_max: 4096, check: tile },
    Parser { name: "chain", bytes_max: 16_384, check: chain },
    Parser { name: "card", bytes_max: 1024, check: card },
    Parser { name: "medium", bytes_max: 32_768, check: medium },
    Parser { name: "label", bytes_max: 512, check: label_text },
    Parser { name: "facts", bytes_max: 4096, check: facts_file },
    Parser { name: "agreement", bytes_max: 16_384, check: agreement_text },
    Parser { name: "law", bytes_max: 16_384, check: law_text },
    Parser { name: "scheme", bytes_max: 4096, check: scheme_text },
    Parser { name: "config", bytes_max: 4096, check: config },
    Parser { name: "json", bytes_max: 8192, check: json },
    Parser { name: "passkey", bytes_max: 4200, check: passkey },
    Parser { name: "identity", bytes_max: 16_384, check: identity },
    Parser { name: "pattern", bytes_max: 2048, check: pattern },
    Parser { name: "intake", bytes_max: 16_384, check: intake },
    Parser { name: "ais", bytes_max: 4096, check: ais },
    Parser { name: "cap", bytes_max: 16_384, check: cap },
];

/// Finds a parser by its name.
pub(crate) fn named(name: &str) -> Option<&'static Parser> {
    PARSERS.iter().find(|parser| parser.name == name)
}

/// A moment after every date in the seeds.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// I10: what is read is written back to the same bytes.
fn same<T: Wire>(bytes: &[u8]) -> bool {
    let Ok(value) = T::from_bytes(bytes) else { return false };
    assert_eq!(value.to_bytes(), bytes, "{} is written differently", T::NAME);
    assert!(bytes.len() <= T::BYTES_MAX, "{} is longer than it may be", T::NAME);
    true
}

macro_rules! wires {
    ($($ty:ty),* $(,)?) => { &[$((same::<$ty>, <$ty as Wire>::NAME)),*] };
}

/// Whether the bytes are of the type.
type IsOf = fn(&[u8]) -> bool;

/// Every type that crosses a border or lies in a ledger, with its name.
pub(crate) const WIRES: &[(IsOf, &str)] = wires![
    entente_model::Terms,
    entente_model::ReleaseFacts,
    facts::Person,
    facts::Portion,
    facts::Provenance,
    label::Control,
    label::Label,
    label::Handling,
    manifest::Part,
    manifest::Manifest,
    manifest::ControlItem,
    record::Record,
    record::Outcome,
    record::DecisionRecord,
    record::ReceiveRecord,
    record::ErasureRecord,
    record::AgreementRecord,
    record::NoteRecord,
    item::LinkItem,
    item::Opening,
    item::WrapContext,
    item::Nack,
    item::Gossip,
    item::Ack,
    item::Receipt,
    item::Recall,
    item::RecallEffect,
    item::OnwardRequest,
    item::OnwardDecision,
    item::AgreementPropose,
    item::AgreementSign,
    item::AgreementNote,
    item::AgreementStanding,
    item::LaneHead,
    item::Basis,
    KemPublic,
    LogPublic,
    StatementPublic,
    SignedStatement,
    Evidence,
    ForkEvidence,
    frames::Header,
    frames::Consistency,
    frames::Multiproof,
    frames::ChainFrame,
    frames::Cosig,
    frames::ForkFrame,
    frames::GrantFrame,
    agreement::Signature,
    Card,
    statements::IdStmt,
    statements::KeySet,
    statements::Genesis,
    statements::NodeSpec,
    statements::NodeKeys,
    case::Recipient,
    case::Transfer,
    case::Consent,
    case::Inputs,
    case::Question,
    fact::Fact,
    fact::Asserted,
    item::AgreementCounter,
];

/// The first byte says of which type the others are.
fn wire(bytes: &[u8]) {
    let Some((number, rest)) = bytes.split_first() else { return };
    if let Some((is_of, _)) = WIRES.get(usize::from(*number)) {
        is_of(rest);
    }
}

fn bundle(bytes: &[u8]) {
    // Found damaged is found early: the digest is made right, so that what follows is reached.
    let mended = mended(bytes);
    for bytes in [bytes, &mended] {
        let Ok(read) = bundle::parse(bytes, bundle::Limits::default()) else { continue };
        let mut again = bundle::BundleWriter::new(read.header());
        let mut body_bytes = 0;
        for frame in read.frames() {
            again.frame(frame.ftype, frame.body);
            body_bytes += frame.body.len();
            if let Ok(frame) = frame.decode() {
                same_frame(&frame);
            }
        }
        assert!(body_bytes <= bytes.len());
        let again = again.finish();
        // Frames of unknown types are left out; without any it is the same bundle.
        assert!(again.len() <= bytes.len());
        let reread = bundle::parse(&again, bundle::Limits::default()).unwrap();
        assert_eq!(reread, read);
        assert!(again.len() < bytes.len() || again == bytes, "another bundle of the same length");
    }
}

/// The same bytes with the digest at their end that a bundle needs.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    if let Some(at) = bytes.len().checked_sub(32) {
        let before = at.saturating_sub(4);
        let digest = entente_seal::digest::sha256(&bytes[..before]);
        mended[at..].copy_from_slice(&digest);
    }
    mended
}

fn same_frame(frame: &Frame<'_>) {
    match frame {
        Frame::Item(item) => {
            assert_eq!(bundle::ItemFrame::from_bytes(&item.to_bytes()).as_ref(), Ok(item));
        }
        Frame::Terms(terms) => {
            assert_eq!(bundle::TermsFrame::from_bytes(&terms.to_bytes()).as_ref(), Ok(terms));
        }
        Frame::Checkpoint(bytes) => note(bytes),
        Frame::Chain(frame) => frame.statements.iter().for_each(|statement| signed(statement)),
        Frame::Consistency(_)
        | Frame::Multiproof(_)
        | Frame::WrapCtx(_)
        | Frame::Ack(_)
        | Frame::Nack(_)
        | Frame::Cosig(_)
        | Frame::Fork(_)
        | Frame::Pad
        | Frame::Basis(_)
        | Frame::Grant(_) => {}
    }
}

/// The two frames that borrow, which are no `Wire`.
fn frame_bodies(bytes: &[u8]) {
    if let Ok(item) = bundle::ItemFrame::from_bytes(bytes) {
        assert_eq!(item.to_bytes(), bytes);
    }
    if let Ok(terms) = bundle::TermsFrame::from_bytes(bytes) {
        assert_eq!(terms.to_bytes(), bytes);
    }
}

fn note(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        // Spare bits at the end of a signature in base64 are passed over, as others do.
        let written = note.to_string();
        assert_eq!(Note::parse(written.as_bytes()), Ok(note.clone()), "a note reads differently");
        if let Ok((checkpoint, extensions)) = Checkpoint::parse_body(note.text()) {
            let mut text = checkpoint.body();
            for line in extensions {
                text.push_str(line);
                text.push('\n');
            }
            assert_eq!(text, note.text());
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = text.parse::<VerifierKey>() {
            assert_eq!(key.to_string(), text);
        }
        // What it means is of no account here.
        let _ = parse_origin(text);
    }
}

fn witness_request(bytes: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        let written = request.to_string();
        assert_eq!(AddCheckpoint::parse(written.as_bytes()), Ok(request), "it reads differently");
    }
}

fn tile(bytes: &[u8]) {
    if let Ok(leaves) = decode_bundle(bytes) {
        assert_eq!(encode_bundle(&leaves), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(path) = text.parse::<TilePath>()
    {
        let _shown = format!("{path:?}");
    }
}

fn signed(bytes: &[u8]) {
    if let Ok(statement) = SignedStatement::from_bytes(bytes) {
        assert_eq!(statement.to_bytes(), bytes);
        if let Ok(read) = chain::read(&statement) {
            assert_eq!(read.to_bytes(), statement.payload, "a statement is written differently");
        }
    }
}

/// A list of signed statements, taken in as a chain.
fn chain(bytes: &[u8]) {
    signed(bytes);
    let mut reader = Reader::new(bytes);
    let Ok(list) = reader.list(|r| r.bytes().map(<[u8]>::to_vec)) else { return };
    let mut chain: Option<ChainState> = None;
    for bytes in &list {
        signed(bytes);
        let Ok(statement) = SignedStatement::from_bytes(bytes) else { return };
        match &mut chain {
            None => match ChainState::start(&statement, NOW) {
                Ok(started) => chain = Some(started),
                Err(_) => return,
            },
            Some(chain) => {
                let before = chain.next_seq();
                let taken = chain.accept(&statement, NOW).is_ok();
                assert!(chain.next_seq() == before || taken, "what was refused had an effect");
            }
        }
    }
}

fn card(bytes: &[u8]) {
    same::<Card>(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(card) = text.parse::<Card>() {
        assert_eq!(card.to_string().parse::<Card>().as_ref(), Ok(&card));
    }
    for spoken in [SpokenId::from_words(text), SpokenId::from_digits(text)] {
        match spoken {
            Ok(spoken) => {
                assert_eq!(SpokenId::from_words(&spoken.words().join(" ")), Ok(spoken));
                assert_eq!(SpokenId::from_digits(&spoken.digits()), Ok(spoken));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Numbers without chance.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(5).wrapping_add(1);
            *byte = self.0;
        }
    }
}

/// The key that the seeds of `medium` are sealed to.
pub(crate) static MEDIUM_KEY: LazyLock<KemKey> =
    LazyLock::new(|| KemKey::generate(&mut Counting(7)));

fn medium(bytes: &[u8]) {
    if let Ok(plain) = wrap::open_part(&MEDIUM_KEY, bytes) {
        assert!(plain.len() < bytes.len());
        bundle(&plain);
    }
}

fn label_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let schemes = Schemes::builtin();
    for owner in ["XAR", "XBR"] {
        let scheme = schemes.get(owner).unwrap();
        match parse_label(text, scheme, NOW) {
            Ok(label) => {
                let printed = print_label(&label);
                assert_eq!(parse_label(&printed, scheme, NOW).as_ref(), Ok(&label), "{printed}");
                same::<label::Label>(&label.to_bytes());
            }
            Err(error) => {
                let columns = text.chars().count() + 1;
                assert!((1..=columns).contains(&error.column), "{error} in {text:?}");
                one_sentence(&error.to_string());
            }
        }
    }
}

/// What a person reads is one line without control characters.
fn one_sentence(text: &str) {
    assert!(!text.is_empty() && !text.chars().any(char::is_control), "not one line: {text:?}");
}

/// Each problem stands somewhere in the text.
fn places(problems: &Problems, text: &str) {
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in problems {
        let line = problem.line.checked_sub(1).and_then(|line| lines.get(line));
        let line = line.unwrap_or_else(|| panic!("{problem}: no such line"));
        let columns = line.chars().count() + 1;
        assert!((1..=columns).contains(&problem.column), "{problem}: no such column in {line:?}");
        one_sentence(&problem.to_string());
    }
}

fn facts_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let schemes = Schemes::builtin();
    match parse_facts(text, schemes.get("XAR").unwrap()) {
        Ok(facts) => assert!(same::<entente_model::ReleaseFacts>(&facts.to_bytes())),
        Err(problems) => places(&problems, text),
    }
}

fn agreement_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(problems) = Agreement::parse(text) {
        places(&problems, text);
    }
}

fn law_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(problems) = NationalLaw::parse(text) {
        places(&problems, text);
    }
}

fn scheme_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(problems) = Scheme::parse(text) {
        places(&problems, text);
    }
}

fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folder = Path::new("/etc/entente");
    if let Err(error) = Config::read(text, &folder.join("entente.toml"), folder) {
        one_sentence(&error.to_string());
    }
}

fn json(bytes: &[u8]) {
    match StrictJson::check(bytes, &JsonLimits::default()) {
        Ok(json) => {
            let read = serde_json::from_str::<serde_json::Value>(json.as_str());
            assert!(read.is_ok(), "another reader refuses it: {read:?}");
        }
        Err(error) => {
            assert!(error.offset <= bytes.len() && error.line >= 1 && error.column >= 1, "{error}");
            one_sentence(&error.to_string());
        }
    }
}

/// Whatever a file is taken for, its pieces are slices of it.
fn intake(bytes: &[u8]) {
    let found = sniff(bytes, Some("file.json"));
    let kinds = [found.kind, Kind::Stix, Kind::Misp, Kind::Cap, Kind::Ais];
    for kind in kinds {
        let hint = MediaHint { kind, file_name: None };
        match split(bytes, &hint, &Limits::default(), OnBad::TakeRest) {
            Ok(split) => {
                let whole = bytes.as_ptr_range();
                for piece in &split.pieces {
                    let part = piece.payload.as_ptr_range();
                    assert!(whole.start <= part.start && part.end <= whole.end, "{}", piece.name);
                    one_sentence(&piece.name);
                }
                for refused in &split.refused {
                    one_sentence(&refused.to_string());
                }
                assert!(!split.pieces.is_empty(), "nothing was taken, and nobody said so");
                let all = split_all(bytes, &hint);
                assert_eq!(all.is_ok(), split.refused.is_empty(), "all or none: {all:?}");
            }
            Err(error) => {
                one_sentence(&error.to_string());
                assert!(split_all(bytes, &hint).is_err());
            }
        }
    }
}

/// Whatever the lines, a message says who sent it, what waits is bounded, and errors are sentences.
fn ais(bytes: &[u8]) {
    let mut decoder = Decoder::default();
    for line in bytes.split(|b| *b == b'\n') {
        match decoder.line(line) {
            Ok(Decoded::Message(message)) => {
                assert!((1..=28).contains(&message.kind) && message.mmsi < 1 << 30, "{message:?}");
                message.fields(&mut |name, value| {
                    if let Value::Text(text) = value {
                        assert!(text.is_ascii() && text.trim_ascii() == text, "{name}: {text}");
                    }
                });
            }
            Ok(Decoded::Waiting | Decoded::Other) => {}
            Err(error) => one_sentence(&error.to_string()),
        }
        assert!(decoder.waiting() <= OPEN_MAX, "{} messages wait", decoder.waiting());
    }
}

/// An alert is typed if its schema is kept, and whatever is found in it has a place there.
fn cap(bytes: &[u8]) {
    let limits = CapLimits::default();
    let alert = Alert::parse(bytes, &limits);
    if let Err(error) = &alert {
        one_sentence(&error.to_string());
    }
    let Ok(tree) = Tree::read(bytes, &limits) else {
        assert!(alert.is_err(), "an alert without elements");
        return;
    };
    assert_eq!(alert.is_ok(), schema::faults(&tree).is_empty(), "{alert:?}");
    for finding in rules::findings(&tree) {
        assert!(finding.xpath.starts_with("/alert[1]"), "{finding:?}");
    }
}

fn split_all(bytes: &[u8], hint: &MediaHint) -> Result<usize, entente_formats::IntakeError> {
    split(bytes, hint, &Limits::default(), OnBad::RefuseAll).map(|split| split.pieces.len())
}

/// What a browser says that was asked with zeros, for a registration.
const CREATED: &[u8] = b"{\"type\":\"webauthn.create\",\
    \"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"origin\":\"http://xar.localhost\"}";

/// A key of the standards, whose private half is known to everyone, in a set (RFC 8037, A.2).
const KEYS: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// What an identity provider says: of itself, of its keys, and of a person, by the first byte.
fn identity(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let issuer = "https://id.example/realm";
    match which % 3 {
        0 => {
            let Ok(found) = Discovery::read(rest, issuer) else { return };
            for address in [found.authorization, found.token, found.keys] {
                let beyond = address.strip_prefix("https://id.example").expect("its own origin");
                assert!(beyond.is_empty() || beyond.starts_with(['/', '?']), "{address}");
                assert!(!address.chars().any(char::is_whitespace), "{address}");
            }
        }
        1 => {
            let _ = KeySet::read(rest);
            let _ = id_token_of(rest);
        }
        _ => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            let expected = Expected {
                issuer,
                client: "node",
                nonce: "this sign-in",
                claim: "sub",
                max_age_seconds: 3600,
                now: NOW,
            };
            let keys = KeySet::read(KEYS).expect("a set of keys");
            assert!(IdToken::check(text, &keys, &expected).is_err(), "nobody signed this");
        }
    }
}

/// The first byte says whether the rest is from the authenticator or from the browser. Whatever is
/// registered has a key that can be used, and no garbage is its signature.
fn passkey(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let site = Site { host: "xar.localhost".into(), origin: "http://xar.localhost".into() };
    let asked = |client_data: &[u8], authenticator_data: &[u8], key: &[u8]| {
        let assertion = Assertion {
            client_data: client_data.to_vec(),
            authenticator_data: authenticator_data.to_vec(),
            signature: vec![7; 64],
        };
        passkey::verify(&site, &[0; 32], key, 0, &assertion)
    };
    if which % 2 == 1 {
        assert!(asked(rest, &[0; 37], &[]).is_err());
        return;
    }
    let Ok(made) = passkey::register(&site, &[0; 32], CREATED, rest) else { return };
    assert!((1..=passkey::CREDENTIAL_ID_BYTES_MAX).contains(&made.id.len()));
    let got = CREATED.to_vec();
    let got = String::from_utf8(got).expect("text").replace("create", "get");
    assert_eq!(asked(got.as_bytes(), rest, &made.key), Err(PasskeyError::Signature));
}

/// Observed data of both versions of STIX, with what paths may lead to.
static OBSERVED: LazyLock<serde_json::Value> = LazyLock::new(|| {
    serde_json::json!([
        {
            "type": "observed-data", "number_observed": 3,
            "first_observed": "2024-01-01T00:00:00Z", "last_observed": "2024-01-01T00:00:02Z",
            "objects": {
                "0": {"type": "a", "b": 1, "c": "x", "d_bin": "AQID", "e": [1, {"f": null}], "g_ref": "1"},
                "1": {"type": "file", "name": "x", "hashes": {"MD5": "00"}, "h_refs": ["0", "1", "2"]}
            }
        },
        {
            "type": "bundle",
            "objects": [
                {
                    "type": "observed-data", "number_observed": 1, "object_refs": ["ipv4-addr--1"],
                    "first_observed": "2024-01-01T00:00:01Z", "last_observed": "2024-01-01T00:00:01Z"
                },
                {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "198.51.100.1"}
            ]
        }
    ])
});

/// The first byte says which version. A wrong pattern is wrong at a place inside the text; a
/// right one means what it means, and holds or does not, in bounded time.
fn pattern(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let version = if which % 2 == 0 { Version::V21 } else { Version::V20 };
    let pattern = match Pattern::parse(text, version) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(error.offset <= text.len() && text.is_char_boundary(error.offset), "{error}");
            assert!(error.line >= 1 && error.column >= 1, "{error}");
            return;
        }
    };
    let _ = pattern.check();
    assert!(equivalent(&pattern, &pattern) != Ok(false), "a pattern means what it means");
    let twice = Pattern::parse(&format!("({text}\n) OR ({text}\n)"), version);
    if let Ok(twice) = twice {
        assert!(equivalent(&pattern, &twice) != Ok(false), "twice the same is the same");
    }
    if let Ok(matcher) = Matcher::compile(&pattern) {
        let observations = Observations::read(&OBSERVED).expect("observed data");
        let _ = matcher.matches(&observations);
    }
}
