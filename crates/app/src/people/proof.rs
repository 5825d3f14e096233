//! Proofs of approvals: what a person signed with a passkey, and that it is about this act.
//!
//! A proof holds everything that is needed to check it without the node: what was approved and by
//! whom, the public key, and what browser and authenticator said. Its digest is in the ledger, its
//! bytes are kept beside it, and overseers check them with the rest (`oversight verify`).

use entente_model::Digest;
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_seal::digest;
use entente_seal::passkey::{self, Assertion, Site};
use entente_store::Work;

use super::approval::action_digest;
use super::ticket::Ticket;
use crate::error::Result;

/// What the ledger calls what a person signed for, whether or not it was carried out afterwards.
pub(super) const PROVEN: &str = "signed with a passkey";

/// What a person approves: one act, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Approved {
    /// Digest of the exact act.
    pub(super) act: Digest,
    /// By whom.
    pub(super) person: String,
    /// The ticket, which makes it this once.
    pub(super) ticket: Ticket,
}

impl Approved {
    /// The exact bytes that are signed for.
    fn bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(4).uint(1).value(&self.act).text(&self.person).bytes(self.ticket.as_bytes());
        w.into_bytes()
    }

    /// `H("act", exact bytes)`: what the passkey is asked (`protocol.md` 8.1).
    pub(super) fn challenge(&self) -> [u8; 32] {
        *action_digest("approve", &self.bytes()).as_bytes()
    }
}

/// An approval with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) approved: Approved,
    pub(super) site: Site,
    /// The public key, in COSE.
    pub(super) key: Vec<u8>,
    pub(super) assertion: Assertion,
}

impl Proof {
    pub(super) fn digest(&self) -> Digest {
        digest::preimage(&self.to_bytes())
    }

    /// Whether the person did sign this.
    fn holds(&self) -> bool {
        // Its counter was looked at when it came.
        passkey::verify(&self.site, &self.approved.challenge(), &self.key, 0, &self.assertion)
            .is_ok()
    }
}

impl Wire for Proof {
    const NAME: &'static str = "approval proof";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        let Self { approved, site, key, assertion } = self;
        w.array(10).uint(1).value(&approved.act).text(&approved.person);
        w.bytes(approved.ticket.as_bytes()).text(&site.host).text(&site.origin).bytes(key);
        w.bytes(&assertion.client_data).bytes(&assertion.authenticator_data);
        w.bytes(&assertion.signature);
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(10, |r| {
            r.small(1, "the version")?;
            Ok(Self {
                approved: Approved {
                    act: r.value()?,
                    person: r.text()?.to_owned(),
                    ticket: Ticket::from_array(r.fixed()?),
                },
                site: Site { host: r.text()?.to_owned(), origin: r.text()?.to_owned() },
                key: r.bytes()?.to_vec(),
                assertion: Assertion {
                    client_data: r.bytes()?.to_vec(),
                    authenticator_data: r.bytes()?.to_vec(),
                    signature: r.bytes()?.to_vec(),
                },
            })
        })
    }
}

/// What is wrong with the proof of an approval that an entry tells of, if anything is.
pub(crate) fn fault_of(work: &dyn Work, leaf: u64, record: &Record) -> Result<Option<String>> {
    if record.kind != RecordKind::Admin {
        return Ok(None);
    }
    let Ok(NoteRecord { act, by, digest: Some(digest), .. }) = NoteRecord::from_bytes(&record.body)
    else {
        return Ok(None);
    };
    if act != PROVEN {
        return Ok(None);
    }
    let Some(bytes) = work.preimage(digest)? else {
        return Ok(Some(format!("the proof of the approval in entry {leaf} was not kept")));
    };
    let holds = digest::preimage(&bytes) == digest
        && Proof::from_bytes(&bytes).is_ok_and(|p| p.approved.person == by && p.holds());
    Ok((!holds).then(|| format!("the proof of the approval in entry {leaf} does not hold")))
}

#[test]
fn a_proof_is_of_one_act_by_one_person_once() {
    use entente_testkit::authenticator::Authenticator;
    let site = Site { host: "xar.localhost".into(), origin: "http://xar.localhost".into() };
    let mut passkey = Authenticator::at(&site, 1);
    let (client, said) = passkey.make(&[1; 32]);
    let key = passkey::register(&site, &[1; 32], &client, &said).unwrap().key;
    let approved = Approved {
        act: Digest::from_array([2; 32]),
        person: "eva".to_owned(),
        ticket: Ticket::from_array([3; 32]),
    };
    let assertion = passkey.answer(&approved.challenge());
    let proof = Proof { approved, site, key, assertion };
    assert!(proof.holds());
    assert_eq!(Proof::from_bytes(&proof.to_bytes()).unwrap(), proof);
    let check = |change: fn(&mut Proof)| {
        let mut other = proof.clone();
        change(&mut other);
        assert!(!other.holds() && other.digest() != proof.digest());
    };
    check(|proof| proof.approved.act = Digest::from_array([4; 32]));
    check(|proof| proof.approved.person = "bo".to_owned());
    check(|proof| proof.approved.ticket = Ticket::from_array([4; 32]));
    check(|proof| proof.site.origin = "http://evil.example".to_owned());
    check(|proof| proof.assertion.authenticator_data.push(0));
    check(|proof| *proof.key.last_mut().unwrap() ^= 1);
}
