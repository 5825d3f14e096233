//! Agreements between the nations of a benchmark, and partners that only receive.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use entente_app::identity::{self, Card, Founding};
use entente_app::keys::KeySecrets;
use entente_app::people::Approval;
use entente_exchange::agreement::{self, Signature};
use entente_exchange::card::SpokenId;
use entente_law::Schemes;
use entente_model::codec::Wire;
use entente_model::{AgreementId, Clock as _, NationCode, NationId};
use entente_store::Store;
use entente_store::rows::SignatureRow;

use super::nation::{BODY, Nation, OFFICERS, PURPOSE};
use crate::ambient::{OsEntropy, SystemClock};
use crate::certificate::certify;

/// Exchanges after which two nodes that are not quiet are broken.
const ROUNDS_MAX: usize = 200;

/// Codes for partners: user-assigned ones that no scheme of this program uses.
pub(super) fn codes(count: usize) -> anyhow::Result<Vec<NationCode>> {
    let schemes = Schemes::builtin();
    let letters = || b'A'..=b'Z';
    let codes: Vec<NationCode> = letters()
        .flat_map(|second| letters().map(move |third| [b'X', second, third]))
        .filter_map(|code| std::str::from_utf8(&code).ok()?.parse().ok())
        .filter(|code: &NationCode| schemes.get(code.as_str()).is_err())
        .take(count)
        .collect();
    if codes.len() < count {
        bail!("there are codes for {} partners only", codes.len());
    }
    Ok(codes)
}

/// A literate agreement between these parties.
pub(super) fn text(parties: &[NationCode]) -> String {
    let (mut tables, mut bodies) = (String::new(), String::new());
    for code in parties {
        // Writing to a string cannot fail.
        let _ = writeln!(tables, "[[parties]]\nnation = \"{code}\"\n");
        let _ = writeln!(bodies, "{code} = [\"{BODY}\"]");
    }
    format!(
        "+++\nid = \"BENCH-1\"\ntitle = \"Agreement on the Exchange of Indicators\"\n\
         kind = \"multilateral\"\nin_force_from = \"2026-01-01\"\nsurvival = true\n\n{tables}+++\n\n\
         # Agreement on the Exchange of Indicators\n\n\
         ## Article 1 — Purposes\n\nThe Parties exchange information for this purpose only.\n\n\
         ```clause\ntype = \"purpose\"\nallowed = [\"{PURPOSE}\"]\n```\n\n\
         ## Article 2 — Competent bodies\n\nInformation passes between these bodies only.\n\n\
         ```clause\ntype = \"bodies\"\n\n[authorised]\n{bodies}```\n\n\
         ## Article 3 — Classification\n\nNothing above this level is exchanged.\n\n\
         ```clause\ntype = \"classification_ceiling\"\nlevel = \"RESTRICTED\"\n```\n\n\
         ## Article 4 — Information exchanged\n\nThe Parties exchange indicators.\n\n\
         ```clause\ntype = \"object_types\"\nallowed = [\"indicator\"]\n```\n\n\
         ## Article 5 — Third parties\n\nNothing is passed on without its originator's consent.\n\n\
         ```clause\ntype = \"third_party\"\nrule = \"originator_consent\"\n```\n\n\
         ## Article 6 — Retention\n\nInformation is deleted after this time.\n\n\
         ```clause\ntype = \"retention\"\nmax_days = 180\n```\n"
    )
}

/// Introduces a nation to another by two persons.
fn introduce(nation: &Nation, card: &Card) -> anyhow::Result<()> {
    let words = SpokenId::of(&card.nation).words().join(" ");
    for officer in OFFICERS {
        nation.node.introduce(&nation.actor(officer)?, &card.to_bytes(), &words, None)?;
    }
    Ok(())
}

/// Two persons sign for a nation.
fn sign(nation: &Nation, id: &AgreementId) -> anyhow::Result<()> {
    let mut granted = false;
    for officer in OFFICERS {
        let approval = nation.node.sign_agreement(&nation.actor(officer)?, id)?;
        granted = matches!(approval, Approval::Granted { .. });
    }
    if granted { Ok(()) } else { bail!("two signatures were not enough") }
}

/// Gives a nation this many partners that have signed an agreement with it and activated it.
///
/// The partners are real identities: chains, sealing keys, signatures. They have no node, so
/// what they would have sent to put the agreement into force is laid into the nation's database
/// as its node would have kept it.
pub(super) fn with_partners(nation: Nation, count: usize) -> anyhow::Result<Nation> {
    let codes = codes(count)?;
    let mut partners: Vec<(NationId, KeySecrets)> = Vec::with_capacity(count);
    for code in &codes {
        let secrets = KeySecrets::generate(&mut OsEntropy, certify)?;
        let founding = Founding {
            code: *code,
            name: format!("Nation {code}"),
            label: "node-1".to_owned(),
            endpoints: Vec::new(),
            bodies: vec![BODY.to_owned()],
            accreditation: 3,
            mandate: String::new(),
        };
        let founded = identity::found(&founding, &secrets, &mut OsEntropy, SystemClock.now())?;
        introduce(&nation, &Card { nation: founded.nation, statements: founded.statements })?;
        partners.push((founded.nation, secrets));
    }
    let parties: Vec<NationCode> =
        std::iter::once(nation.node.identity().code).chain(codes).collect();
    let id = nation.node.propose(&nation.actor(OFFICERS[0])?, &text(&parties))?;
    sign(&nation, &id)?;
    let at = SystemClock.now();
    nation.node.store().write(|work| {
        for (partner, secrets) in &partners {
            let signature = Signature { agreement: id, nation: *partner, at };
            let statement = agreement::sign(&signature, &[secrets.authority()]).to_bytes();
            work.put_signature(&SignatureRow { agreement: id, nation: *partner, statement, at })?;
            work.put_activation(id, *partner, 0)?;
        }
        Ok::<_, entente_store::StoreError>(())
    })?;
    let nation = nation.reopen()?;
    nation.settle()?;
    in_force(&nation, &id)?;
    Ok(nation)
}

fn in_force(nation: &Nation, id: &AgreementId) -> anyhow::Result<()> {
    if nation.node.known().policy.is_in_force(id, nation.node.now()) {
        return Ok(());
    }
    bail!("the agreement is not in force at {}", nation.node.identity().code)
}

/// Introduces two nations to each other and puts an agreement between them into force, all by
/// their nodes.
pub(super) fn ally(one: &Nation, other: &Nation) -> anyhow::Result<()> {
    introduce(one, &other.node.card()?.0)?;
    introduce(other, &one.node.card()?.0)?;
    let parties = [one.node.identity().code, other.node.identity().code];
    let id = one.node.propose(&one.actor(OFFICERS[0])?, &text(&parties))?;
    quiet(one, other)?;
    sign(one, &id)?;
    sign(other, &id)?;
    quiet(one, other)?;
    in_force(one, &id)?;
    in_force(other, &id)
}

/// One bundle from a node to another and the answer back; says how many items it carried.
pub(super) fn exchange(from: &Nation, to: &Nation) -> anyhow::Result<usize> {
    let sent = from.node.outgoing(to.node.identity().node)?;
    let answer = to
        .node
        .receive(from.node.identity().node, &sent.bytes)
        .context("a bundle was not taken in")?;
    from.node.receive(to.node.identity().node, &answer.reply.bytes)?;
    Ok(sent.items)
}

/// Ticks and exchanges until neither node has items for the other.
pub(super) fn quiet(one: &Nation, other: &Nation) -> anyhow::Result<()> {
    for _ in 0..ROUNDS_MAX {
        one.settle()?;
        other.settle()?;
        if exchange(one, other)? + exchange(other, one)? == 0 {
            return Ok(());
        }
    }
    bail!("the nodes are not quiet after {ROUNDS_MAX} rounds")
}

#[test]
fn the_agreement_is_understood_and_its_codes_have_no_scheme() {
    let codes = codes(30).unwrap();
    assert_eq!(codes.len(), 30);
    let agreement = entente_law::agreement::Agreement::parse(&text(&codes)).unwrap();
    assert_eq!(agreement.parties().len(), 30);
}
