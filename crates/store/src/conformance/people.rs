//! What every store keeps of persons: who they are, their secrets, their sessions, and acts that
//! wait for two of them.

use entente_model::{BodyDigest, ObjectId};

use super::{at, digest, read, write};
use crate::rows::{
    BadgeRow, CodeRow, OpeningRow, PasskeyRow, PersonRow, PresenceRow, ProposalRow, SessionRow,
};
use crate::{Result, Store, StoreError};

pub(super) fn check(store: &impl Store) -> Result<()> {
    people(store)?;
    sessions(store)?;
    passkeys(store)?;
    codes(store)?;
    badges(store)?;
    presence(store)?;
    openings(store)
}

fn sessions(store: &impl Store) -> Result<()> {
    let session = |byte: u8, person: &str, began: u64| SessionRow {
        digest: digest(byte),
        person: person.to_owned(),
        began: at(began),
        seen: at(began),
        ends: at(began + 100),
        how: "link".to_owned(),
        source: "192.0.2.7".to_owned(),
        agent: "a browser".to_owned(),
        bound: (person == "bo").then(|| digest(7)),
        suffices: (person == "bo").then_some(5),
    };
    let (first, other, newest) = (session(1, "ada", 1), session(2, "bo", 2), session(3, "ada", 3));
    write(store, |work| {
        for row in [&first, &other, &newest] {
            work.put_session(row)?;
        }
        work.touch_session(digest(1), at(9))?;
        work.touch_session(digest(9), at(9))
    })?;
    let seen = SessionRow { seen: at(9), ..first };
    read(store, |work| {
        assert_eq!(work.session(digest(1))?.as_ref(), Some(&seen));
        assert_eq!(work.session(digest(9))?, None);
        assert_eq!(work.sessions(Some("ada"))?, [newest.clone(), seen.clone()]);
        assert_eq!(work.sessions(None)?, [newest, other.clone(), seen]);
        Ok(())
    })?;
    write(store, |work| {
        assert!(work.drop_session(digest(1))?);
        assert!(!work.drop_session(digest(1))?, "only once");
        assert_eq!(work.drop_sessions_of("ada")?, 1);
        assert_eq!(work.sessions(None)?, [other]);
        Ok(())
    })
}

fn badges(store: &impl Store) -> Result<()> {
    let badge = |kind: &str, subject: &str, person: &str, millis| BadgeRow {
        kind: kind.to_owned(),
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        person: person.to_owned(),
        at: at(millis),
        by_whom: "eva".to_owned(),
        until: (kind == "certificate").then(|| at(99)),
    };
    let (first, second) = (badge("provider", "17", "ada", 2), badge("certificate", "17", "ada", 1));
    let other = badge("provider", "18", "bo", 3);
    write(store, |work| {
        for row in [&first, &second, &other] {
            work.put_badge(row)?;
        }
        Ok(())
    })?;
    let stolen = BadgeRow { person: "bo".to_owned(), ..first.clone() };
    let refused = write(store, |work| work.put_badge(&stolen));
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    write(store, |work| {
        assert_eq!(work.badge("provider", &first.issuer, "17")?.as_ref(), Some(&first));
        assert_eq!(work.badge("provider", "https://other.example", "17")?, None);
        assert_eq!(work.badges(Some("ada"))?, [second.clone(), first.clone()]);
        assert_eq!(work.badges(None)?, [second.clone(), first.clone(), other.clone()]);
        assert!(work.drop_badge("provider", &first.issuer, "17")?);
        assert!(!work.drop_badge("provider", &first.issuer, "17")?);
        assert_eq!(work.badges(None)?, [second, other]);
        Ok(())
    })
}

fn people(store: &impl Store) -> Result<()> {
    let person = |name: &str, roles: &[&str]| PersonRow {
        name: name.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        body: "MISA".to_owned(),
        clearance: "SECRET".to_owned(),
        active: true,
        at: at(1),
        desk: "watch".to_owned(),
        nation: (name == "bo").then(|| "XBR".parse().ok()).flatten(),
        read_ins: vec!["LANTERN".to_owned()],
        roles_at: roles.iter().map(|_| at(7)).collect(),
        owner: (name == "bo").then(|| "ada".to_owned()),
        until: (name == "bo").then(|| at(99)),
        reviewed: (name == "ada").then(|| at(8)),
        reviewed_by: if name == "ada" { "eva".to_owned() } else { String::new() },
    };
    let (ada, bo) = (person("ada", &["releasing officer", "overseer"]), person("bo", &[]));
    let proposal = |byte, millis, approvers: &[&str]| ProposalRow {
        digest: digest(byte),
        act: "ratify".to_owned(),
        about: "ESM-MISA".to_owned(),
        bytes: vec![byte],
        approvers: approvers.iter().map(|name| (*name).to_owned()).collect(),
        at: at(millis),
    };
    write(store, |work| {
        work.put_person(&bo)?;
        work.put_person(&person("ada", &["analyst"]))?;
        work.put_person(&ada)?;
        work.put_token(digest(1), "ada", "session", Some(at(5)))?;
        work.put_token(digest(2), "bo", "credential", None)?;
        work.put_token(digest(1), "ada", "session", Some(at(9)))?;
        work.put_proposal(&proposal(1, 20, &["ada"]))?;
        work.put_proposal(&proposal(2, 10, &[]))?;
        work.put_proposal(&proposal(1, 20, &["ada", "bo"]))
    })?;
    read(store, |work| {
        assert_eq!(work.person("ada")?, Some(ada.clone()));
        assert_eq!(work.person("cy")?, None);
        assert_eq!(work.people()?, [ada, bo]);
        // A token that has expired is still told: its expiry is for the asker to judge.
        let token = Some(("ada".to_owned(), "session".to_owned(), Some(at(9))));
        assert_eq!(work.token(digest(1))?, token);
        assert_eq!(work.token(digest(2))?.map(|(_, _, until)| until), Some(None));
        assert_eq!(work.token(digest(3))?, None);
        assert_eq!(work.proposal(digest(1))?, Some(proposal(1, 20, &["ada", "bo"])));
        assert_eq!(
            work.proposals()?,
            [proposal(2, 10, &[]), proposal(1, 20, &["ada", "bo"])],
            "oldest first"
        );
        Ok(())
    })?;
    write(store, |work| {
        assert!(work.drop_token(digest(1))?);
        assert!(!work.drop_token(digest(1))?);
        assert_eq!((work.drop_tokens_of("bo")?, work.drop_tokens_of("bo")?), (1, 0));
        assert_eq!(work.token(digest(2))?, None);
        assert_eq!(work.token(digest(1))?, None);
        work.drop_proposal(digest(1))?;
        work.drop_proposal(digest(1))?;
        assert_eq!(work.proposal(digest(1))?, None);
        Ok(())
    })
}

fn passkeys(store: &impl Store) -> Result<()> {
    let first = PasskeyRow {
        id: vec![1; 16],
        person: "ada".to_owned(),
        name: "a key".to_owned(),
        at: at(1),
        used: None,
        counter: 0,
        key: vec![9; 77],
    };
    let second = PasskeyRow { id: vec![2; 64], at: at(2), ..first.clone() };
    let used = PasskeyRow { used: Some(at(5)), counter: u64::from(u32::MAX), ..first.clone() };
    write(store, |work| {
        work.put_passkey(&second)?;
        work.put_passkey(&first)?;
        work.put_passkey(&used)
    })?;
    read(store, |work| {
        assert_eq!(work.passkey(&[1; 16])?.as_ref(), Some(&used));
        assert_eq!(work.passkey(&[3; 16])?, None);
        assert_eq!(work.passkeys("ada")?, [used.clone(), second.clone()]);
        assert_eq!(work.passkeys("bo")?, []);
        Ok(())
    })?;
    let stolen = PasskeyRow { person: "bo".to_owned(), ..first };
    let refused = write(store, |work| work.put_passkey(&stolen));
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    write(store, |work| {
        assert!(work.drop_passkey(&[1; 16])?);
        assert!(!work.drop_passkey(&[1; 16])?);
        assert_eq!(work.passkeys("ada")?, [second]);
        Ok(())
    })
}

fn codes(store: &impl Store) -> Result<()> {
    let oid = |byte: u8| ObjectId::from_array([byte; 32]);
    let code = |person: &str, byte: u8| CodeRow {
        person: person.to_owned(),
        at: at(1),
        confirmed: false,
        step: 0,
        oid: oid(byte),
        body: BodyDigest::from_array([byte; 32]),
        ct: vec![byte; 700],
    };
    let used = CodeRow { confirmed: true, step: 60_000_000, ..code("ada", 3) };
    write(store, |work| {
        work.put_code(&code("ada", 1))?;
        work.put_code(&code("bo", 2))?;
        work.put_code(&used)
    })?;
    read(store, |work| {
        assert_eq!(work.code("ada")?.as_ref(), Some(&used));
        assert_eq!(work.code("eva")?, None);
        assert_eq!(
            (work.is_key_of_code(oid(1))?, work.is_key_of_code(oid(2))?),
            (false, true),
            "an earlier one is gone"
        );
        Ok(())
    })?;
    write(store, |work| {
        work.drop_code("ada")?;
        assert_eq!(work.code("ada")?, None);
        assert!(work.code("bo")?.is_some() && !work.is_key_of_code(oid(3))?);
        Ok(())
    })
}

fn presence(store: &impl Store) -> Result<()> {
    let seen = |signed_in, asked| PresenceRow { person: "ada".to_owned(), signed_in, asked };
    write(store, |work| {
        work.put_presence(&seen(None, Some(at(1))))?;
        work.put_presence(&seen(Some(at(2)), Some(at(3))))
    })?;
    read(store, |work| {
        assert_eq!(work.presence("ada")?, Some(seen(Some(at(2)), Some(at(3)))));
        assert_eq!(work.presence("bo")?, None);
        Ok(())
    })
}

fn openings(store: &impl Store) -> Result<()> {
    let opening = |id: i64, person: &str| OpeningRow {
        id,
        person: person.to_owned(),
        oid: ObjectId::from_array([5; 32]),
        at: at(1),
        why: "case:OP-12: why".to_owned(),
        due: at(9),
        told: false,
        judged: None,
        judge: String::new(),
        justified: false,
        judgement: String::new(),
    };
    write(store, |work| {
        work.put_opening(&opening(0, "ada"))?;
        work.put_opening(&opening(0, "bo"))
    })?;
    let rows = read(store, |work| work.openings(9))?;
    let [second, first] = &rows[..] else { return Err(StoreError::Damaged("openings")) };
    assert_eq!([second, first], [&opening(second.id, "bo"), &opening(first.id, "ada")]);
    let judged = OpeningRow {
        told: true,
        judged: Some(at(7)),
        judge: "eva".to_owned(),
        justified: true,
        judgement: "a life was at stake".to_owned(),
        ..first.clone()
    };
    write(store, |work| work.put_opening(&judged))?;
    read(store, |work| {
        assert_eq!(work.opening(first.id)?, Some(judged));
        assert_eq!(work.opening(9_999)?, None);
        assert_eq!(work.openings(1)?.len(), 1);
        Ok(())
    })
}
