//! Texts of one code: answered, agreed on, amended.

use entente_app::policy::HeldAgreement;
use entente_model::{AgreementId, NationCode};
use entente_testkit::alliance::{exchange, sign};
use entente_testkit::{Alliance, Member, treaty};

use crate::world::{EMBER_STRAIT, alliance, order, payload, publish_bytes, verify};

/// The text with another retention, and so another digest.
fn changed(text: &str, days: u64) -> String {
    let changed = text.replace("max_days = 180", &format!("max_days = {days}"));
    assert_ne!(changed, text, "the text has no retention of 180 days");
    changed
}

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

fn stage(member: &Member, id: &AgreementId) -> String {
    member.node().unwrap().known().policy.agreement(id).unwrap().row.status.clone()
}

fn with<T>(member: &Member, id: &AgreementId, look: impl FnOnce(&HeldAgreement) -> T) -> T {
    look(member.node().unwrap().known().policy.agreement(id).unwrap())
}

fn propose(member: &Member, text: &str) -> AgreementId {
    member.node().unwrap().propose(&member.actor("legal-1").unwrap(), text).unwrap()
}

fn counter(member: &Member, id: &AgreementId, text: &str) -> entente_app::Result<AgreementId> {
    member.node().unwrap().counter(&member.actor("legal-1").unwrap(), id, text)
}

fn amend(member: &Member, id: &AgreementId, text: &str) -> entente_app::Result<AgreementId> {
    member.node().unwrap().amend(&member.actor("legal-1").unwrap(), id, text)
}

fn refusal<T: std::fmt::Debug>(result: entente_app::Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn sign_refusal(member: &Member, id: &AgreementId) -> String {
    refusal(member.node().unwrap().sign_agreement(&member.actor("legal-1").unwrap(), id))
}

/// The agreement and the obligations under which a new report goes to a nation; none if it does not.
fn under(from: &Member, to: &str) -> Option<(AgreementId, Vec<String>)> {
    let schemes = entente_law::Schemes::builtin();
    let lowest = schemes.get(from.profile.code.as_str()).unwrap().marking(0).unwrap().to_owned();
    let published = publish_bytes(from, &order(from, &lowest, &[to]), &[b"report".to_vec()]);
    let weighed = published.verdicts[0].nations.first()?;
    let terms = weighed.goes().then(|| weighed.ruling.terms().unwrap())?;
    Some((terms.agreement, terms.obligations))
}

fn goes_under(from: &Member, to: &str) -> Option<AgreementId> {
    under(from, to).map(|(agreement, _)| agreement)
}

fn deletes(from: &Member, to: &str, days: u64) -> bool {
    let day = entente_law::day_text(from.now().plus_millis(days * 86_400_000));
    let (_, obligations) = under(from, to).unwrap();
    obligations.contains(&format!("delete_by:{day}"))
}

fn restart(alliance: &mut Alliance) {
    for member in &mut alliance.members {
        member.stop();
        member.start().unwrap();
    }
}

#[test]
fn an_offer_is_answered_and_the_answer_is_signed_instead() {
    let (_folder, mut alliance) = alliance(5);
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let offered = propose(arvenia, EMBER_STRAIT);
    let why = refusal(
        arvenia
            .node()
            .unwrap()
            .propose(&arvenia.actor("legal-1").unwrap(), &changed(EMBER_STRAIT, 9)),
    );
    assert!(why.contains("was offered already") && why.contains("counter ESM-MISA"), "{why}");
    alliance.quiet().unwrap();
    sign(arvenia, &offered).unwrap();
    let answer = counter(brenmark, &offered, &changed(EMBER_STRAIT, 90)).unwrap();
    let why = refusal(counter(brenmark, &offered, &changed(EMBER_STRAIT, 90)));
    assert!(why.contains("was offered already"), "{why}");
    alliance.quiet().unwrap();

    // Everybody sees both, and what answers what.
    for member in &alliance.members {
        with(member, &answer, |held| {
            assert_eq!(held.row.counters, Some(offered));
            assert_eq!(held.row.offered_by, Some(brenmark.nation));
            assert!(held.agreement.text().contains("max_days = 90"));
        });
        assert_eq!(with(member, &offered, |held| held.row.offered_by), Some(arvenia.nation));
        let why = refusal(member.node().unwrap().find_offer("ESM-MISA"));
        assert!(why.contains("several texts") && why.contains(&answer.short()), "{why}");
    }

    // Who signs the answer withdraws what it offered, signed or not.
    sign(arvenia, &answer).unwrap();
    assert_eq!(stage(arvenia, &offered), "withdrawn");
    alliance.quiet().unwrap();
    assert_eq!(stage(costaluna, &offered), "withdrawn");
    assert_eq!(costaluna.node().unwrap().find_offer("ESM-MISA").unwrap(), answer);
    let why = sign_refusal(costaluna, &offered);
    assert!(why.contains("was withdrawn by XAR") && why.contains("no more signatures"), "{why}");
    let why = refusal(counter(costaluna, &offered, &changed(EMBER_STRAIT, 30)));
    assert!(why.contains("was withdrawn by XAR"), "{why}");

    for member in &alliance.members[1..] {
        sign(member, &answer).unwrap();
    }
    alliance.quiet().unwrap();
    let why = refusal(counter(costaluna, &answer, &changed(EMBER_STRAIT, 30)));
    assert!(why.contains("is in force: change it with") && why.contains("amend ESM-MISA"), "{why}");
    assert_eq!(goes_under(arvenia, "XBR"), Some(answer));
    assert!(deletes(arvenia, "XBR", 90));
    restart(&mut alliance);
    let [arvenia, ..] = &alliance.members[..] else { panic!() };
    assert_eq!(goes_under(arvenia, "XBR"), Some(answer));
    let node = arvenia.node().unwrap();
    assert!(node.agreement_text(&offered).unwrap().contains("max_days = 180"), "still readable");
}

#[test]
fn an_answer_to_what_was_withdrawn_meanwhile_is_refused() {
    let (_folder, alliance) = alliance(5);
    let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
    let offered = propose(arvenia, EMBER_STRAIT);
    alliance.quiet().unwrap();
    for person in ["legal-1", "legal-2"] {
        let actor = arvenia.actor(person).unwrap();
        arvenia.node().unwrap().withdraw(&actor, &offered, "a better one is coming").unwrap();
    }
    let answer = counter(brenmark, &offered, &changed(EMBER_STRAIT, 90)).unwrap();
    alliance.quiet().unwrap();
    let known = arvenia.node().unwrap().known();
    assert!(known.policy.agreement(&answer).is_none(), "it was not taken");
    let events = arvenia.node().unwrap().store();
    let told = entente_store::Store::read(events, |w| w.events(Some("agreement"), None, 50));
    let told: Result<_, entente_store::StoreError> = told;
    assert!(told.unwrap().iter().any(|e| e.text.contains("a changed text of XBR was not taken")));

    // The way is free for another text of that code.
    propose(arvenia, &changed(EMBER_STRAIT, 60));
}

#[test]
fn an_amendment_takes_the_place_of_the_text_before_when_all_have_signed() {
    let (_folder, mut alliance) = alliance(5);
    let old = alliance.agree(EMBER_STRAIT).unwrap();
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let before = publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[b"old".to_vec()]);
    let new = amend(arvenia, &old, &changed(EMBER_STRAIT, 30)).unwrap();
    assert_eq!(with(arvenia, &new, |held| held.agreement.supersedes()), Some(old));
    let why = refusal(amend(arvenia, &old, &changed(EMBER_STRAIT, 31)));
    assert!(why.contains("is being negotiated"), "{why}");
    alliance.quiet().unwrap();

    for member in &alliance.members[1..] {
        sign(member, &new).unwrap();
    }
    alliance.quiet().unwrap();
    assert_eq!(goes_under(arvenia, "XBR"), Some(old), "one signature is missing");
    // From the last signature on, the older text carries nothing more, at this node at once.
    sign(arvenia, &new).unwrap();
    assert_eq!(stage(arvenia, &old), "superseded");
    assert_eq!(goes_under(arvenia, "XBR"), None, "XBR has not said yet that it holds it complete");
    assert_eq!(goes_under(brenmark, "XCO"), Some(old), "it does not hold all signatures yet");
    alliance.quiet().unwrap();
    for member in &alliance.members {
        assert_eq!(stage(member, &old), "superseded", "{}", member.profile.code);
        assert_eq!(stage(member, &new), "in_force", "{}", member.profile.code);
        verify(member);
    }
    assert_eq!(goes_under(costaluna, "XAR"), Some(new));
    assert!(deletes(arvenia, "XBR", 30));

    // What was released under the older text keeps its terms, and is decided again by it.
    let day = entente_law::day_text(brenmark.now().plus_millis(180 * 86_400_000));
    let node = brenmark.node().unwrap();
    let reading = entente_app::access::Reading::by_command();
    let analyst = brenmark.actor("analyst").unwrap();
    let held = node.object(&analyst, before.objects[0], &reading).unwrap();
    assert!(format!("{held:?}").contains(&day), "{held:?}");
    let leaf = before.first_leaf.unwrap();
    let replayed =
        arvenia.node().unwrap().replay(&arvenia.actor("overseer").unwrap(), leaf).unwrap();
    assert!(replayed.same);

    restart(&mut alliance);
    let [arvenia, ..] = &alliance.members[..] else { panic!() };
    assert_eq!(goes_under(arvenia, "XBR"), Some(new));
    let replayed =
        arvenia.node().unwrap().replay(&arvenia.actor("overseer").unwrap(), leaf).unwrap();
    assert!(replayed.same);
    assert_eq!(arvenia.node().unwrap().find_agreement("ESM-MISA").unwrap(), new);

    // And once more, over the newer one.
    let third = amend(arvenia, &new, &changed(EMBER_STRAIT, 20)).unwrap();
    alliance.quiet().unwrap();
    for member in &alliance.members {
        sign(member, &third).unwrap();
    }
    alliance.quiet().unwrap();
    for member in &alliance.members {
        assert_eq!(stage(member, &new), "superseded", "{}", member.profile.code);
    }
    assert!(deletes(&alliance.members[0], "XBR", 20));
}

#[test]
fn what_was_on_its_way_under_the_older_text_arrives_and_nothing_after_it() {
    let (_folder, alliance) = alliance(5);
    let old = alliance.agree(EMBER_STRAIT).unwrap();
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let new = amend(arvenia, &old, &changed(EMBER_STRAIT, 30)).unwrap();
    alliance.quiet().unwrap();
    for member in &alliance.members[1..] {
        sign(member, &new).unwrap();
    }
    alliance.quiet().unwrap();
    // It goes out before the last signature is there, and comes after it.
    let late =
        publish_bytes(costaluna, &order(costaluna, "ABIERTO", &["XBR"]), &[b"late".to_vec()]);
    sign(arvenia, &new).unwrap();
    arvenia.node().unwrap().tick().unwrap();
    exchange(arvenia, brenmark).unwrap();
    assert_eq!(stage(brenmark, &old), "superseded");
    exchange(costaluna, brenmark).unwrap();
    assert!(payload(brenmark, late.objects[0]).is_some(), "the older text bound it");
    alliance.quiet().unwrap();
    assert_eq!(goes_under(costaluna, "XBR"), Some(new));
}

#[test]
fn a_suspension_outlives_an_amendment_unless_it_begins_afresh() {
    for afresh in [false, true] {
        let (_folder, mut alliance) = alliance(5);
        let old = alliance.agree(EMBER_STRAIT).unwrap();
        let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
        for party in [Some(nation("XCO")), None] {
            for person in ["legal-1", "legal-2"] {
                let actor = brenmark.actor(person).unwrap();
                let node = brenmark.node().unwrap();
                node.suspend_agreement(&actor, &old, party, "a breach").unwrap();
            }
        }
        alliance.quiet().unwrap();
        let mut text = changed(EMBER_STRAIT, 30);
        if afresh {
            text = text.replace("survival = true", "survival = true\nafresh = true");
        }
        let new = amend(arvenia, &old, &text).unwrap();
        alliance.quiet().unwrap();
        for member in &alliance.members {
            sign(member, &new).unwrap();
        }
        alliance.quiet().unwrap();
        restart(&mut alliance);
        alliance.quiet().unwrap();
        let [arvenia, brenmark, _, ..] = &alliance.members[..] else { panic!() };
        let (stands, goes) = if afresh { ("in_force", Some(new)) } else { ("suspended", None) };
        assert_eq!(stage(arvenia, &new), stands);
        assert_eq!(goes_under(arvenia, "XBR"), goes);
        if afresh {
            continue;
        }
        // Whoever suspended it takes that back, of the text as it is now.
        for (party, after) in [(None, None), (Some(nation("XCO")), Some(new))] {
            for person in ["legal-1", "legal-2"] {
                let actor = brenmark.actor(person).unwrap();
                let node = brenmark.node().unwrap();
                node.resume_agreement(&actor, &new, party, "repaired").unwrap();
            }
            alliance.quiet().unwrap();
            assert_eq!(goes_under(&alliance.members[0], "XBR"), Some(new));
            assert_eq!(goes_under(&alliance.members[0], "XCO"), after);
        }
    }
}

#[test]
fn a_party_joins_and_another_is_left_out() {
    let (_folder, alliance) = alliance(4);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let [arvenia, brenmark, costaluna, dorvania] = &alliance.members[..] else { panic!() };
    let first = propose(arvenia, &treaty::text(&profiles[..3]));
    alliance.quiet().unwrap();
    for member in &alliance.members[..3] {
        sign(member, &first).unwrap();
    }
    alliance.quiet().unwrap();
    assert_eq!(goes_under(arvenia, "XDO"), None);

    let mixed = [profiles[0].clone(), profiles[1].clone(), profiles[3].clone()];
    let why = refusal(amend(arvenia, &first, &treaty::text(&mixed)));
    assert!(why.contains("make two amendments of it"), "{why}");
    let other = treaty::text(&profiles).replace("SIM-1", "SIM-2");
    let why = refusal(amend(arvenia, &first, &other));
    assert!(why.contains("keeps its code"), "{why}");

    let joined = amend(arvenia, &first, &treaty::text(&profiles)).unwrap();
    alliance.quiet().unwrap();
    for member in &alliance.members {
        sign(member, &joined).unwrap();
    }
    alliance.quiet().unwrap();
    assert_eq!(goes_under(arvenia, "XDO"), Some(joined));
    assert_eq!(goes_under(dorvania, "XCO"), Some(joined));
    assert_eq!(goes_under(brenmark, "XCO"), Some(joined));

    // Who is left out is told by those who agreed on it, and signs nothing.
    let left = [profiles[0].clone(), profiles[1].clone(), profiles[3].clone()];
    let fewer = amend(dorvania, &joined, &treaty::text(&left)).unwrap();
    alliance.quiet().unwrap();
    let why = sign_refusal(costaluna, &fewer);
    assert!(why.contains("is no party to this text"), "{why}");
    for member in [arvenia, brenmark, dorvania] {
        sign(member, &fewer).unwrap();
    }
    alliance.quiet().unwrap();
    for member in &alliance.members {
        assert_eq!(stage(member, &joined), "superseded", "{}", member.profile.code);
    }
    assert_eq!(goes_under(costaluna, "XAR"), None);
    assert_eq!(goes_under(arvenia, "XCO"), None);
    assert_eq!(goes_under(arvenia, "XBR"), Some(fewer));
}

#[test]
fn a_nation_signs_one_text_of_a_code() {
    let (_folder, mut alliance) = alliance(3);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let [arvenia, brenmark, costaluna] = &alliance.members[..] else { panic!() };
    let one = propose(arvenia, &treaty::text(&profiles[..2]));
    // Another nation chose the same code for something else.
    let both = [profiles[0].clone(), profiles[2].clone()];
    let other = propose(costaluna, &treaty::text(&both));
    alliance.quiet().unwrap();
    let why = refusal(arvenia.node().unwrap().find_offer("SIM-1"));
    assert!(why.contains("several texts"), "{why}");
    sign(arvenia, &one).unwrap();
    let why = sign_refusal(arvenia, &other);
    assert!(
        why.contains("has signed another text of SIM-1") && why.contains(&one.short()),
        "{why}"
    );
    sign(brenmark, &one).unwrap();
    sign(costaluna, &other).unwrap();
    alliance.quiet().unwrap();
    let why = sign_refusal(arvenia, &other);
    assert!(why.contains("has signed another text of SIM-1"), "{why}");
    let why = refusal(amend(arvenia, &other, &changed(&treaty::text(&both), 3)));
    assert!(why.contains("is not in force: change what is offered"), "{why}");

    // One that was left makes room for another of its name, and both are kept.
    for person in ["legal-1", "legal-2"] {
        let actor = arvenia.actor(person).unwrap();
        arvenia.node().unwrap().withdraw(&actor, &one, "over").unwrap();
    }
    sign(arvenia, &other).unwrap();
    alliance.quiet().unwrap();
    assert_eq!(goes_under(arvenia, "XCO"), Some(other));
    assert_eq!(goes_under(arvenia, "XBR"), None);
    restart(&mut alliance);
    assert_eq!(goes_under(&alliance.members[0], "XCO"), Some(other));
}

#[test]
fn who_leaves_is_not_bound_by_the_amendment_that_it_signed() {
    let (_folder, alliance) = alliance(3);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let old = alliance.agree(&treaty::text(&profiles)).unwrap();
    let [arvenia, brenmark, costaluna] = &alliance.members[..] else { panic!() };
    let new = amend(arvenia, &old, &changed(&treaty::text(&profiles), 30)).unwrap();
    alliance.quiet().unwrap();
    sign(brenmark, &new).unwrap();
    for person in ["legal-1", "legal-2"] {
        let actor = brenmark.actor(person).unwrap();
        brenmark.node().unwrap().withdraw(&actor, &old, "a change of government").unwrap();
    }
    alliance.quiet().unwrap();
    for member in [arvenia, costaluna] {
        assert_eq!(stage(member, &old), "withdrawn");
        assert_eq!(stage(member, &new), "withdrawn");
    }
    let why = sign_refusal(costaluna, &new);
    assert!(why.contains("was withdrawn by XBR"), "{why}");
}

#[test]
fn what_has_expired_takes_no_signature_even_before_the_next_tick() {
    let (_folder, alliance) = alliance(2);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let ends = entente_law::day_text(alliance.clock.now().plus_millis(10 * 86_400_000));
    let text = treaty::text(&profiles)
        .replace("survival = true", &format!("survival = true\nends_on = \"{ends}\""));
    let id = propose(&alliance.members[0], &text);
    alliance.quiet().unwrap();
    alliance.clock.advance(11 * 86_400_000);
    let why = sign_refusal(&alliance.members[1], &id);
    assert!(why.contains("has ended") && why.contains("no more signatures"), "{why}");
}

#[test]
fn what_was_received_under_the_older_text_is_passed_on_by_its_rule() {
    let (_folder, alliance) = alliance(3);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let strict = treaty::text(&profiles);
    let old = alliance.agree(&strict).unwrap();
    let [arvenia, brenmark, _] = &alliance.members[..] else { panic!() };
    let first = publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[b"1".to_vec()]);
    alliance.quiet().unwrap();
    let loose = strict.replace("originator_consent", "parties_allowed");
    let new = amend(arvenia, &old, &loose).unwrap();
    alliance.quiet().unwrap();
    for member in &alliance.members {
        sign(member, &new).unwrap();
    }
    alliance.quiet().unwrap();
    let second = publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[b"2".to_vec()]);
    alliance.quiet().unwrap();
    let pass_on = |oid| {
        let onward = entente_app::onward::OnwardOrder {
            oid,
            to: nation("XCO"),
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: "CERT-B".to_owned(),
            evidence: false,
        };
        let analyst = brenmark.actor("analyst").unwrap();
        brenmark.node().unwrap().release_onward(&analyst, &onward).unwrap()
    };
    let outcome = pass_on(first.objects[0]);
    assert!(!outcome.released, "an amendment never loosens what was released before it");
    assert_eq!(outcome.asked, [nation("XAR")]);
    // What the newer text lets parties pass on goes once its originator's ledger says so, which
    // nobody there has to decide.
    let outcome = pass_on(second.objects[0]);
    assert_eq!((outcome.released, outcome.asked), (false, vec![nation("XAR")]));
    alliance.quiet().unwrap();
    let costaluna = &alliance.members[2];
    assert!(crate::world::payload(costaluna, second.objects[0]).is_some());
    assert!(crate::world::payload(costaluna, first.objects[0]).is_none());
    let asks = arvenia.node().unwrap().asks(&arvenia.actor("release-1").unwrap()).unwrap();
    let mut states: Vec<&str> = asks.iter().map(|ask| ask.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["granted", "waiting"]);
}
