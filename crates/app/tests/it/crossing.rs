//! One whole crossing: from strangers to receipts, recall, consent, discs and witnesses.

use entente_app::access::Reading;
use entente_app::onward::OnwardOrder;
use entente_app::people::{Actor, Approval, Post, Role};
use entente_model::item::{EffectStatus, RecallClass};
use entente_testkit::treaty;

use crate::people::added;
use crate::world::{
    ATTACK, EMBER_STRAIT, alliance, order, payload, publish, publish_bytes, publish_bytes_as,
    verify,
};

#[test]
fn strangers_become_partners_and_exchange_intelligence() {
    let (_folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    for member in &alliance.members {
        let overseer = member.actor("overseer").unwrap();
        let status = member.node().unwrap().status(&overseer).unwrap();
        assert_eq!(status.agreements[0].1, "in_force", "{}", member.profile.code);
    }
    let [arvenia, brenmark, costaluna, _, elandria] = &alliance.members[..] else { panic!() };

    // Released, delivered, readable, receipted.
    let published = publish(arvenia, &order(arvenia, "SERVICE", &["XBR", "XCO"]), ATTACK, 10);
    for weighed in &published.verdicts[0].nations {
        assert!(weighed.goes(), "{:?}", weighed.ruling.explanation);
    }
    alliance.quiet().unwrap();
    for oid in &published.objects {
        assert_eq!(payload(brenmark, *oid), payload(arvenia, *oid));
        assert!(payload(brenmark, *oid).is_some());
        assert_eq!(payload(elandria, *oid), None);
    }
    let node = arvenia.node().unwrap();
    let view = node
        .object(&arvenia.actor("analyst").unwrap(), published.objects[0], &Reading::by_command())
        .unwrap();
    let states: Vec<_> = view.deliveries.iter().map(|d| (d.nation.as_str(), d.state)).collect();
    assert_eq!(states, [("XBR", "receipted"), ("XCO", "receipted")]);

    // Onward: Brenmark asks, Arvenia's two release officers consent, Elandria checks the grant.
    let onward = OnwardOrder {
        oid: published.objects[1],
        to: elandria.profile.code,
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence: false,
    };
    let analyst = brenmark.actor("analyst").unwrap();
    let outcome = brenmark.node().unwrap().release_onward(&analyst, &onward).unwrap();
    assert!(!outcome.released);
    assert_eq!(outcome.asked, [arvenia.profile.code]);
    alliance.quiet().unwrap();
    assert_eq!(payload(elandria, onward.oid), None);
    let officer = arvenia.actor("release-1").unwrap();
    let ask = node.asks(&officer).unwrap().into_iter().find(|a| !a.ours).unwrap();
    for person in ["release-1", "release-2"] {
        node.consent(&arvenia.actor(person).unwrap(), ask.id, true, "").unwrap();
    }
    alliance.quiet().unwrap();
    assert_eq!(payload(elandria, onward.oid), payload(arvenia, onward.oid));

    // Recall: every holder's keys are gone, and each said so, the third nation included.
    let recalled = [published.objects[0], onward.oid];
    node.recall(&officer, &recalled, RecallClass::Erase, "Act 7", 86_400_000).unwrap();
    alliance.quiet().unwrap();
    for oid in recalled {
        for member in [brenmark, costaluna, elandria] {
            assert_eq!(payload(member, oid), None, "{}", member.profile.code);
        }
        let recalls = node.recalls(&officer).unwrap();
        let standing = recalls.iter().find(|r| r.recall.oid == oid).unwrap();
        assert!(standing.effects.iter().all(|h| h.status == Some(EffectStatus::Erased)));
        assert_eq!(standing.effects.len(), if oid == onward.oid { 3 } else { 2 });
    }

    // Discs, both ways.
    let published = publish(arvenia, &order(arvenia, "OPEN", &["XCO"]), ATTACK, 5);
    let operator = arvenia.actor("operator").unwrap();
    let files = node.export(&operator, costaluna.profile.code).unwrap();
    let there = costaluna.node().unwrap();
    let courier = costaluna.actor("operator").unwrap();
    for file in &files {
        there.import(&courier, &file.bytes).unwrap();
    }
    assert!(published.objects.iter().all(|oid| payload(costaluna, *oid).is_some()));
    there.tick().unwrap();
    for file in there.export(&courier, arvenia.profile.code).unwrap() {
        node.import(&operator, &file.bytes).unwrap();
    }
    let view = node
        .object(&arvenia.actor("analyst").unwrap(), published.objects[0], &Reading::by_command())
        .unwrap();
    assert_eq!(view.deliveries[0].state, "receipted");

    // Witnesses.
    brenmark.node().unwrap().cosign_held().unwrap();
    alliance.quiet().unwrap();
    assert!(node.cosigned_by().unwrap().iter().any(|(_, by)| *by == brenmark.id));
    let (size, request) = node.cosign_request(0).unwrap().unwrap();
    let held = there.latest_of(&node.identity().origin).unwrap();
    let answer = there.add_checkpoint(arvenia.id, &request).unwrap();
    assert!(held.is_some());
    // It holds a size already and asks for a proof from there.
    assert_eq!(answer.status, 409);
    let old: u64 = String::from_utf8(answer.body).unwrap().trim().parse().unwrap();
    let (_, request) = node.cosign_request(old).unwrap().unwrap();
    let answer = there.add_checkpoint(arvenia.id, &request).unwrap();
    assert_eq!(answer.status, 200);
    assert!(node.take_cosignature(costaluna.id, size, &answer.body).unwrap());

    // Leaving ends it.
    let agreement = node.find_agreement("ESM-MISA").unwrap();
    for person in ["legal-1", "legal-2"] {
        let approval = node.withdraw(&arvenia.actor(person).unwrap(), &agreement, "done").unwrap();
        assert_eq!(matches!(approval, Approval::Granted { .. }), person == "legal-2");
    }
    alliance.quiet().unwrap();
    let refused = publish(brenmark, &order(brenmark, "ALMEN", &[]), ATTACK, 1);
    assert!(!refused.verdicts[0].nations.iter().any(entente_app::weigh::Weighed::goes));

    for member in &alliance.members {
        verify(member);
    }
}

#[test]
fn what_the_terms_let_parties_pass_on_goes_with_the_word_of_the_originators_node() {
    let (_folder, alliance) = alliance(3);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let text = treaty::text(&profiles).replace("originator_consent", "parties_allowed");
    let agreement = alliance.agree(&text).unwrap();
    let [arvenia, brenmark, costaluna] = &alliance.members[..] else { panic!() };
    let give = |label: &str, text: &str| {
        let given = publish_bytes(arvenia, &order(arvenia, label, &["XBR"]), &[text.into()]);
        alliance.quiet().unwrap();
        given.objects[0]
    };
    let pass_on = |oid| {
        let onward = OnwardOrder {
            oid,
            to: costaluna.profile.code,
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: "CERT-B".to_owned(),
            evidence: false,
        };
        let analyst = brenmark.actor("analyst").unwrap();
        let outcome = brenmark.node().unwrap().release_onward(&analyst, &onward).unwrap();
        assert_eq!((outcome.released, outcome.asked), (false, vec![arvenia.profile.code]));
        alliance.quiet().unwrap();
        payload(costaluna, oid).is_some()
    };
    let free = give("OPEN", "free");
    assert!(pass_on(free));
    // Whom it went to is known, and a recall reaches them.
    let officer = arvenia.actor("release-1").unwrap();
    let node = arvenia.node().unwrap();
    node.recall(&officer, &[free], RecallClass::Erase, "Act 7", 86_400_000).unwrap();
    alliance.quiet().unwrap();
    assert_eq!(payload(costaluna, free), None);
    let recall = node.recalls(&officer).unwrap().remove(0);
    assert!(recall.effects.iter().any(|holder| holder.nation == costaluna.nation));
    assert!(recall.effects.iter().all(|holder| holder.status == Some(EffectStatus::Erased)));

    // Under its own control, or where the agreement does not operate, officers decide.
    let controlled = give("OPEN//ORCON", "controlled");
    assert!(!pass_on(controlled));
    let later = give("OPEN", "later");
    for person in ["legal-1", "legal-2"] {
        let person = arvenia.actor(person).unwrap();
        let whom = Some(costaluna.profile.code);
        node.suspend_agreement(&person, &agreement, whom, "a breach").unwrap();
    }
    // Brenmark has not heard of it yet.
    let onward = OnwardOrder {
        oid: later,
        to: costaluna.profile.code,
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence: false,
    };
    let analyst = brenmark.actor("analyst").unwrap();
    brenmark.node().unwrap().release_onward(&analyst, &onward).unwrap();
    alliance.quiet().unwrap();
    assert_eq!(payload(costaluna, later), None);
    let mut states: Vec<(_, String)> =
        node.asks(&officer).unwrap().into_iter().map(|ask| (ask.oid, ask.state)).collect();
    states.sort_by_key(|(oid, _)| [free, controlled, later].iter().position(|known| known == oid));
    let states: Vec<&str> = states.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, ["granted", "waiting", "waiting"]);
    for member in &alliance.members {
        verify(member);
    }
}

#[test]
fn an_object_names_the_agency_of_whoever_published_it() {
    let (_folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
    let post = Post {
        body: "NAVY-FUSION".to_owned(),
        clearance: "SECRET-A".to_owned(),
        ..Post::of(&[Role::Analyst])
    };
    let navy = added(arvenia, "nadia", &post);
    let order = order(arvenia, "SERVICE", &["XBR"]);
    let agency_of = |actor: &Actor, text: &[u8]| {
        let published = publish_bytes_as(arvenia, actor, &order, &[text.to_vec()]);
        alliance.quiet().unwrap();
        let reader = brenmark.actor("analyst").unwrap();
        let node = brenmark.node().unwrap();
        let view = node.object(&reader, published.objects[0], &Reading::by_command()).unwrap();
        view.manifest.unwrap().agency
    };
    // Decided for, and named to whoever receives it, is one and the same body: not the node's first.
    assert_eq!(agency_of(&navy, b"a vessel").as_deref(), Some("NAVY-FUSION"));
    let cert = arvenia.actor("analyst").unwrap();
    assert_eq!(agency_of(&cert, b"an address").as_deref(), Some("CERT-A"));
}
