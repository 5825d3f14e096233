//! The key process, as a real child.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use entente::ambient::OsEntropy;
use entente::anchor::{self, KeyFile};
use entente::certificate::certify;
use entente::keyd::{FRAME_BYTES_MAX, RemoteKeys, Start};
use entente::secrets::{self, Passphrase};
use entente_app::keys::{
    KeyError, KeyRequest, KeySecrets, Keys, OpenBatch, OpenFault, OpenJob, OpenedJob, Plain,
    PublicKeys, ReadJob, SealJob, Target, TermsJob,
};
use entente_ledger::tree;
use entente_model::codec::{Extra, Wire};
use entente_model::manifest::ControlItem;
use entente_model::{
    AgreementId, BodyDigest, Decision, Digest, Entropy, Handling, Label, Manifest, NationId,
    NodeId, ObjectId, ReleaseFacts, Terms, Timestamp,
};
use entente_seal::digest::sha256;
use entente_seal::keystore::Params;
use entente_seal::secret::Secret;
use entente_seal::wrap::{KemPublic, seal_part};

use crate::program;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ME: NodeId = NodeId::from_array([1; 32]);

/// A folder with a key file and an anchor.
struct Node {
    dir: tempfile::TempDir,
    start: Start,
    public: PublicKeys,
}

impl Node {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start = Start {
            keys: KeyFile {
                path: dir.path().join("keys.sealed"),
                passphrase: Passphrase::generate(&mut OsEntropy),
                params: Params { memory_kib: 8, passes: 1 },
            },
            anchor: dir.path().join("anchor"),
        };
        let keys = KeySecrets::generate(&mut OsEntropy, certify).unwrap();
        let KeyFile { path, passphrase, params } = &start.keys;
        secrets::create_keys(path, &keys, passphrase, *params, &mut OsEntropy).unwrap();
        anchor::create(&start.anchor).unwrap();
        Self { dir, start, public: keys.public() }
    }

    fn run(&self) -> RemoteKeys {
        RemoteKeys::start(program(), &self.start).unwrap()
    }
}

fn manifest(payload: &[u8]) -> Manifest {
    Manifest {
        salt: OsEntropy.bytes32(),
        nation: NationId::from_array([2; 32]),
        node: ME,
        agency: None,
        media_type: "text/plain".to_owned(),
        payload_bytes: payload.len() as u64,
        payload_sha256: Digest::from_array(sha256(payload)),
        label: Label {
            policy: "XAR".to_owned(),
            class: 2,
            marking: "RESTRICTED".to_owned(),
            controls: vec![],
            created: NOW,
            review: None,
            alternatives: vec![],
        },
        handling: Handling::default(),
        created_at: NOW,
        supersedes: vec![],
        variant_of: None,
        tearline_of: None,
        parts: vec![],
        links: vec![],
        attestation: None,
        compressed: false,
        facts: ReleaseFacts::default(),
        extra: Extra::default(),
    }
}

/// Opens a link from the node to itself, which is both of its ends.
fn link(keys: &dyn Keys, public: &PublicKeys) -> Target {
    let (wc, context) = keys.open_link(ME, ME, public.kem.clone(), 1, NOW).unwrap();
    let batch = OpenBatch { contexts: vec![context], ..OpenBatch::default() };
    assert_eq!(keys.open(batch).unwrap(), Default::default());
    Target { dst: ME, wc }
}

#[test]
fn signing_requests_come_back_from_the_child() {
    let node = Node::new();
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    assert_eq!(keys.public().unwrap(), node.public);
    assert_eq!(keys.kem_id().unwrap(), KemPublic::from_raw(&node.public.kem).unwrap().id());
    assert_eq!(keys.tls_sign(b"hello".to_vec()).unwrap().len(), 64);
    let signed = keys.sign_statement("application/x-test", b"payload".to_vec()).unwrap();
    assert!(signed.windows(7).any(|w| w == b"payload"));
    let root = tree::leaf_hash(b"leaf");
    let cosignature = keys.cosign("witness.example/w", "log.example/l", 1, root, NOW).unwrap();
    assert!(cosignature.starts_with("\u{2014} witness.example/w ".as_bytes()));
    let sealed = {
        let to = KemPublic::from_raw(&node.public.airgap).unwrap();
        seal_part(&to, b"part", &mut OsEntropy).unwrap()
    };
    assert_eq!(keys.open_part(sealed).unwrap(), b"part");
    assert!(matches!(keys.open_part(vec![0; 9]), Err(KeyError::Failed(_))));
}

#[test]
fn objects_are_sealed_opened_read_and_rewrapped_by_the_child() {
    let node = Node::new();
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    let target = link(keys, &node.public);
    let payload = b"two trawlers".to_vec();
    let manifest = manifest(&payload);
    let control = ControlItem { salt: [9; 32], payload: b"recall".to_vec() };
    let jobs = vec![
        SealJob {
            plain: Plain::Object(Box::new(manifest.clone()), payload.clone()),
            targets: vec![target],
        },
        SealJob { plain: Plain::Control(control.to_bytes()), targets: vec![target] },
    ];
    let (sealed, shards) = keys.seal(jobs).unwrap();
    assert_eq!(shards.len(), 1, "the object's shard is new");

    let open = sealed
        .iter()
        .map(|s| OpenJob {
            wc: target.wc,
            dst: ME,
            oid: s.oid,
            body: s.body,
            wrapped: s.wraps[0],
            ct: s.ct.clone(),
        })
        .collect::<Vec<_>>();
    let mut wrong = open[0].clone();
    wrong.body = BodyDigest::from_array([0; 32]);
    let terms = Terms {
        decision: Decision::Permit,
        agreement: AgreementId::from_array([3; 32]),
        clauses: vec!["AGR/1".to_owned()],
        reason_codes: vec![],
        obligations: vec![],
        variant: None,
    };
    let (digest, sealed_terms) = keys.seal_terms(target, &terms).unwrap();
    let terms_job = TermsJob { target, digest, sealed: sealed_terms };
    let others_terms = TermsJob { digest: Digest::from_array([0; 32]), ..terms_job.clone() };
    let batch = OpenBatch {
        contexts: vec![],
        terms: vec![terms_job, others_terms],
        bodies: [&open[..], &[wrong]].concat(),
    };
    let (opened, _) = keys.open(batch).unwrap();
    assert_eq!(opened.terms, [Some(terms), None]);
    let [OpenedJob::Object(found, _), OpenedJob::Control(said), OpenedJob::Fault(fault)] =
        &opened.bodies[..]
    else {
        panic!("{opened:?}");
    };
    assert_eq!(**found, manifest);
    assert_eq!(ControlItem::from_bytes(said).unwrap(), control);
    assert!(matches!(fault, OpenFault::Decrypt | OpenFault::Digest));

    let held = |vault_key: Vec<u8>| ReadJob {
        oid: sealed[0].oid,
        body: sealed[0].body,
        vault_key,
        ct: sealed[0].ct.clone(),
    };
    let job = held(sealed[0].vault_key.clone());
    let read = keys.read(vec![job.clone()]).unwrap();
    assert_eq!(read, [Some((manifest.clone(), payload.clone()))]);
    assert_eq!(keys.rewrap(job.clone(), vec![target, target]).unwrap().len(), 2);

    // A sweep gives the survivors new keys, and what it gave opens in the next process only.
    let shard = u16::from_be_bytes([job.oid.as_bytes()[0], job.oid.as_bytes()[1]]);
    let survivors = vec![(shard, vec![(job.oid, job.vault_key.clone())])];
    let (swept, renewed) = keys.sweep(survivors).unwrap();
    keys.commit_sweep().unwrap();
    assert_eq!(
        keys.commit_sweep(),
        Err(KeyError::Failed("the sweep is not known to the key process".to_owned()))
    );
    drop(remote);
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    assert!(keys.load_shards(shards).is_err(), "the old epoch key was not destroyed");
    keys.load_shards(swept).unwrap();
    let [(_, vault_key)] = <[(ObjectId, Vec<u8>); 1]>::try_from(renewed).unwrap();
    assert_eq!(keys.read(vec![held(vault_key)]).unwrap(), [Some((manifest, payload))]);
    assert_eq!(keys.read(vec![job]).unwrap(), [None], "the old key still opens the object");
}

#[test]
fn a_head_that_does_not_extend_the_last_is_refused_also_after_a_restart() {
    let node = Node::new();
    let one = tree::leaf_hash(b"one");
    let two = tree::node_hash(&one, &tree::leaf_hash(b"two"));
    let forked = tree::leaf_hash(b"another");
    let origin = "log.example/l";
    {
        let remote = node.run();
        let keys: &dyn Keys = &remote;
        assert_eq!(keys.last_signed().unwrap(), None);
        let signed = keys.sign_checkpoint(origin, 1, one, vec![], NOW).unwrap();
        assert!(signed.starts_with(b"log.example/l\n1\n"));
        keys.sign_checkpoint(origin, 2, two, vec![tree::leaf_hash(b"two")], NOW).unwrap();
    }
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    assert_eq!(keys.last_signed().unwrap(), Some((2, two)));
    let rollback = Err(KeyError::Rollback { asked: 1, signed: 2 });
    assert_eq!(keys.sign_checkpoint(origin, 1, forked, vec![], NOW), rollback);
    let error = keys.sign_checkpoint(origin, 3, forked, vec![], NOW).unwrap_err();
    assert_eq!(error, KeyError::Rollback { asked: 3, signed: 2 });
}

#[test]
fn a_killed_child_is_a_clear_error_and_is_not_started_again() {
    let node = Node::new();
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    keys.public().unwrap();
    assert_eq!(keys.gone(), None);
    let killed = Command::new("kill").args(["-9", &remote.process_id().to_string()]).status();
    assert!(killed.unwrap().success());
    for _ in 0..3 {
        let error = keys.public().unwrap_err();
        assert!(matches!(error, KeyError::Unreachable(_)), "{error}");
        let shown = error.to_string();
        assert!(shown.starts_with("the key process does not answer: it ended"), "{shown}");
    }
    assert!(keys.gone().is_some_and(|why| why.starts_with("it ended")));
    drop(remote);
    // What it had locked is free again.
    node.run();
}

#[test]
fn a_request_above_the_limit_is_refused_and_the_child_stays() {
    let node = Node::new();
    let remote = node.run();
    let error = remote.call(KeyRequest::TlsSign(vec![0; FRAME_BYTES_MAX])).unwrap_err();
    assert!(matches!(error, KeyError::Failed(_)), "{error}");
    assert!(error.to_string().contains("expected at most 67108864"), "{error}");
    (&remote as &dyn Keys).public().unwrap();
}

#[test]
fn a_request_that_cannot_be_read_is_refused_and_the_child_stays() {
    let node = Node::new();
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    let mut long = manifest(b"x");
    long.handling.purposes = vec!["a".repeat(Handling::BYTES_MAX)];
    let error = keys.seal(vec![SealJob::object(long, b"x".to_vec(), Vec::new())]).unwrap_err();
    assert!(error.to_string().contains("the request cannot be read: handling"), "{error}");
    keys.public().unwrap();
}

#[test]
fn an_idle_child_that_ended_is_noticed_before_it_is_asked() {
    let node = Node::new();
    let remote = node.run();
    let keys: &dyn Keys = &remote;
    keys.public().unwrap();
    let killed = Command::new("kill").args(["-9", &remote.process_id().to_string()]).status();
    assert!(killed.unwrap().success());
    while keys.gone().is_none() {
        entente::ambient::pause(std::time::Duration::from_millis(5));
    }
    assert!(matches!(keys.public(), Err(KeyError::Unreachable(_))));
}

#[test]
fn keys_that_do_not_open_are_explained() {
    fn refused(start: &Start, expected: &str) {
        let error = RemoteKeys::start(program(), start).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let node = Node::new();
    let mut wrong = node.start.clone();
    wrong.keys.passphrase = Passphrase::new(b"wrong".to_vec()).unwrap();
    refused(&wrong, "keys.sealed: the passphrase is wrong");
    let mut lost = node.start.clone();
    lost.anchor = node.dir.path().join("elsewhere");
    refused(&lost, "elsewhere is missing");
    let held = node.run();
    refused(&node.start, "in use by another process");
    drop(held);
    let mut bytes = fs::read(&node.start.anchor).unwrap();
    bytes[..10].copy_from_slice(b"0000000000");
    fs::write(&node.start.anchor, &bytes).unwrap();
    let torn = node.run();
    assert!(torn.note().unwrap().contains("torn"), "{:?}", torn.note());
}

/// A key process whose pipe the test holds itself.
fn bare() -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let child = Command::new(program())
        .arg("keyd")
        .stdin(Stdio::from(OwnedFd::from(theirs.try_clone().unwrap())))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (child, ours)
}

#[test]
fn the_child_refuses_what_no_parent_sends() {
    let above = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes().to_vec();
    let nonsense = vec![0, 0, 0, 1, 0xff];
    for (bytes, expected) in [(above, "expected at most 67108864"), (nonsense, "malformed")] {
        let (child, mut pipe) = bare();
        pipe.write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: ") && said.contains(expected), "{said}");
        let mut rest = Vec::new();
        pipe.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty());
    }
}

#[test]
fn a_person_cannot_start_it() {
    let output = Command::new(program()).arg("keyd").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("not by hand"));
}

#[test]
fn the_child_ends_with_its_pipe() {
    let (mut child, pipe) = bare();
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_child_leaves_no_dumps_and_sees_no_environment() {
    let node = Node::new();
    let remote = node.run();
    let about =
        |what: &str| fs::read_to_string(format!("/proc/{}/{what}", remote.process_id())).unwrap();
    let limits = about("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().rev().nth(2).unwrap().to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max open files"), "32");
    assert!(about("status").contains("NoNewPrivs:\t1"));
    assert!(about("environ").is_empty());
    let line = about("cmdline");
    assert!(line.ends_with("entente\0keyd\0"), "{line}");
}

#[test]
fn a_start_prints_no_passphrase() {
    let node = Node::new();
    assert!(format!("{:?}", node.start).contains("passphrase: [secret]"));
    // Secrets of all kinds do the same.
    assert_eq!(format!("{:?}", Secret::random(&mut OsEntropy)), "[secret]");
}
