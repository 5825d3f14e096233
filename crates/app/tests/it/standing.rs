//! Standing rules: what they add, what they may not, what is counted, looked at and taken back.

use entente_app::people::{Approval, Role};
use entente_app::publish::{Audience, Order, Published};
use entente_app::standing::{Narrowing, Reaction, StandingRule};
use entente_formats::Piece;
use entente_model::codec::Wire;
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, NationCode, Timestamp};
use entente_store::Store as _;
use entente_testkit::{Alliance, Member, treaty};

use crate::world::{alliance, order, payload, verify};

const DAY: u64 = 86_400_000;

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

fn rule(name: &str, query: &str, to: &[&str]) -> StandingRule {
    StandingRule {
        name: name.to_owned(),
        query: query.to_owned(),
        under: treaty::CODE.to_owned(),
        to: to.iter().map(|code| nation(code)).collect(),
        not_to: Vec::new(),
        purpose: None,
        daily: None,
        sample: 0,
        at: Timestamp::from_millis(0),
    }
}

fn make(member: &Member, rule: &StandingRule) {
    let node = member.node().unwrap();
    let first = node.add_rule(&member.actor("release-1").unwrap(), rule).unwrap();
    assert!(matches!(first, Approval::Waiting { .. }), "one officer is not enough");
    let second = node.add_rule(&member.actor("release-2").unwrap(), rule).unwrap();
    assert!(matches!(second, Approval::Granted { .. }));
}

fn refusal(member: &Member, person: &str, rule: &StandingRule) -> String {
    let actor = member.actor(person).unwrap();
    member.node().unwrap().add_rule(&actor, rule).unwrap_err().to_string()
}

fn agreed(n: usize) -> (tempfile::TempDir, Alliance) {
    let (folder, alliance) = alliance(n);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    (folder, alliance)
}

fn publish(member: &Member, order: &Order, titles: &[&str]) -> Published {
    let pieces: Vec<Piece<'_>> = titles
        .iter()
        .map(|title| Piece {
            name: "report".to_owned(),
            object_type: "report".to_owned(),
            media_type: "text/plain".to_owned(),
            payload: title.as_bytes(),
            title: (*title).to_owned(),
            created: None,
            markings: Vec::new(),
            records: 1,
            exercise: false,
            findings: Vec::new(),
        })
        .collect();
    let analyst = member.actor("analyst").unwrap();
    member.node().unwrap().publish(&analyst, order, &pieces).unwrap()
}

/// To whom each object went, and of those by a rule.
fn went(published: &Published) -> Vec<(Vec<String>, Vec<String>)> {
    let of = |verdict: &entente_app::publish::Verdict| {
        let going = || verdict.nations.iter().filter(|w| w.goes());
        let all = going().map(|w| w.code.to_string()).collect();
        let by_rule = going().filter(|w| w.by_rule.is_some()).map(|w| w.code.to_string());
        (all, by_rule.collect())
    };
    published.verdicts.iter().map(of).collect()
}

fn texts(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

/// What was noted in the ledger about rules, with the digests.
fn noted(member: &Member) -> Vec<(String, Option<Digest>)> {
    let read = |work: &dyn entente_store::Work| {
        let mut found = Vec::new();
        for row in work.leaves_of_kind(RecordKind::Admin, 1000)? {
            let opening =
                entente_app::leaf::LeafOpening::from_bytes(&row.opening.unwrap()).unwrap();
            let record = Record::from_bytes(&opening.record).unwrap();
            let note = NoteRecord::from_bytes(&record.body).unwrap();
            if note.act.contains("standing rule") {
                found.push((note.act, note.digest));
            }
        }
        Ok::<_, entente_app::AppError>(found)
    };
    let mut noted = member.node().unwrap().store().read(|work| read(work)).unwrap();
    noted.reverse();
    noted
}

#[test]
fn two_release_officers_make_a_rule_and_what_is_wrong_with_it_is_said() {
    let (_folder, alliance) = agreed(3);
    let arvenia = &alliance.members[0];
    let sound = rule("watch", "type = report", &["XCO"]);
    for person in ["analyst", "legal-1", "overseer"] {
        let why = refusal(arvenia, person, &sound);
        assert!(why.contains("make standing rules"), "{person}: {why}");
    }
    for (wrong, part) in [
        (rule("Watch", "type = report", &[]), "is no name for a rule"),
        (rule("watch", "type = report or x", &[]), "wrong at character 15, `or`"),
        (rule("watch", "type = report", &["XDO"]), "XDO is no other party to SIM-1"),
        (rule("watch", "type = report", &["XAR"]), "XAR is no other party"),
        (StandingRule { under: "X-9".to_owned(), ..sound.clone() }, "no agreement `X-9`"),
        (StandingRule { daily: Some(0), ..sound.clone() }, "shares nothing"),
        (StandingRule { sample: 101, ..sound.clone() }, "0 to 100"),
        (rule("watch", "origin = XBR", &[]), "for which purpose"),
    ] {
        let why = refusal(arvenia, "release-1", &wrong);
        assert!(why.contains(part), "{why}");
    }
    make(arvenia, &sound);
    let why = refusal(arvenia, "release-1", &sound);
    assert!(why.contains("there is a rule `watch` already"), "{why}");
    let entered = noted(arvenia);
    let view = &arvenia.node().unwrap().rules(&arvenia.actor("analyst").unwrap()).unwrap()[0];
    assert_eq!(entered, [("standing rule made".to_owned(), Some(view.held.row.id))]);
}

#[test]
fn a_rule_adds_recipients_that_the_law_permits_and_the_author_narrows() {
    let (_folder, alliance) = agreed(4);
    let [arvenia, _, costaluna, _] = &alliance.members[..] else { panic!() };
    make(arvenia, &rule("ferries", "type = report and title has \"ferry\"", &["XCO", "XDO"]));
    let to_xbr = order(arvenia, "OPEN", &["XBR"]);

    // Piece by piece: one is about ferries, the other is not.
    let published = publish(arvenia, &to_xbr, &["A ferry at night", "Weather"]);
    let all = texts(&["XBR", "XCO", "XDO"]);
    let by_rule = texts(&["XCO", "XDO"]);
    assert_eq!(went(&published), [(all, by_rule.clone()), (texts(&["XBR"]), Vec::new())]);
    alliance.quiet().unwrap();
    assert!(payload(costaluna, published.objects[0]).is_some());
    assert!(payload(costaluna, published.objects[1]).is_none());

    // Every release by a rule names the rule.
    let overseer = arvenia.actor("overseer").unwrap();
    let node = arvenia.node().unwrap();
    let decided = node.decisions(&overseer, 2).unwrap();
    let of = |oid| decided.iter().find(|d| d.oid == oid).unwrap().rules.clone();
    assert_eq!(of(published.objects[0]), ["ferries"]);
    assert_eq!(of(published.objects[1]), Vec::<String>::new());
    let releases = node.rules_of(&overseer, published.objects[0]).unwrap();
    assert_eq!((releases[0].name.as_str(), releases[0].nations.as_str()), ("ferries", "XCO,XDO"));
    verify(arvenia);

    // The author narrows: nobody by rules, not to some, by the label; or asks the rules alone.
    let ferry = ["The ferry again"];
    let with = |audience: Audience, exclude: &[&str]| {
        let mut order = order(arvenia, "OPEN", &["XBR"]);
        order.circumstances.audience = audience;
        order.circumstances.exclude = exclude.iter().map(|code| nation(code)).collect();
        order
    };
    let named = publish(arvenia, &with(Audience::Named, &[]), &ferry);
    assert_eq!(went(&named), [(texts(&["XBR"]), Vec::new())]);
    let without = publish(arvenia, &with(Audience::WithRules, &["XCO", "XBR"]), &ferry);
    assert_eq!(went(&without), [(texts(&["XDO"]), texts(&["XDO"]))]);
    let mut alone = with(Audience::RulesAlone, &[]);
    alone.to = Vec::new();
    assert_eq!(went(&publish(arvenia, &alone, &ferry)), [(by_rule.clone(), by_rule)]);
    assert_eq!(went(&publish(arvenia, &alone, &["Weather"])), [(Vec::new(), Vec::new())]);
    let rel = publish(arvenia, &order(arvenia, "OPEN//REL TO XBR, XDO", &["XBR"]), &ferry);
    assert_eq!(went(&rel), [(texts(&["XBR", "XDO"]), texts(&["XDO"]))]);
    let refused = rel.verdicts[0].nations.iter().find(|w| w.code == nation("XCO")).unwrap();
    assert!(!refused.goes() && !refused.ruling.reason_codes.is_empty(), "it is on record");
    let noforn = publish(arvenia, &order(arvenia, "OPEN//NOFORN", &["XBR"]), &ferry);
    assert_eq!(went(&noforn), [(Vec::new(), Vec::new())]);
    // A purpose that the agreement does not have goes to nobody by a rule either.
    let mut elsewhere = order(arvenia, "OPEN", &["XBR"]);
    "trade".clone_into(&mut elsewhere.purpose);
    assert_eq!(went(&publish(arvenia, &elsewhere, &ferry)), [(Vec::new(), Vec::new())]);
}

#[test]
fn a_rule_goes_by_its_own_agreement_and_ends_with_it() {
    let (_folder, alliance) = agreed(3);
    let [arvenia, ..] = &alliance.members[..] else { panic!() };
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    let narrow =
        treaty::text(&profiles).replace(treaty::CODE, "SIM-2").replace("\"cyber_defence\", ", "");
    alliance.agree(&narrow).unwrap();
    let mut under = rule("narrow", "type = report", &["XCO"]);
    "SIM-2".clone_into(&mut under.under);
    make(arvenia, &under);
    // SIM-1 would carry it there, SIM-2 does not.
    let published = publish(arvenia, &order(arvenia, "OPEN", &["XBR"]), &["x"]);
    assert_eq!(went(&published), [(texts(&["XBR"]), Vec::new())]);
    let notes = published.verdicts[0].notes.join(" ");
    assert!(notes.contains("under another agreement than SIM-2"), "{notes}");
    let mut ships = order(arvenia, "OPEN", &["XBR"]);
    "maritime_security".clone_into(&mut ships.purpose);
    let node = arvenia.node().unwrap();
    let id = node.find_agreement("SIM-2").unwrap();
    for person in ["legal-1", "legal-2"] {
        let actor = arvenia.actor(person).unwrap();
        node.suspend_agreement(&actor, &id, None, "a breach").unwrap();
    }
    assert_eq!(went(&publish(arvenia, &ships, &["x"])), [(texts(&["XBR"]), Vec::new())]);
}

#[test]
fn the_number_for_the_day_is_counted_across_a_restart() {
    let (_folder, mut alliance) = agreed(3);
    let limited = StandingRule { daily: Some(3), ..rule("watch", "type = report", &["XCO"]) };
    make(&alliance.members[0], &limited);
    let by_rule = |alliance: &Alliance, titles: &[&str]| {
        let member = &alliance.members[0];
        let published = publish(member, &order(member, "OPEN", &["XBR"]), titles);
        let pieces = |v: &entente_app::publish::Verdict| {
            if v.nations.iter().any(|w| w.by_rule.is_some() && w.goes()) { v.pieces } else { 0 }
        };
        published.verdicts.iter().map(pieces).sum::<usize>()
    };
    assert_eq!(by_rule(&alliance, &["1", "2"]), 2);
    alliance.members[0].stop();
    alliance.members[0].start().unwrap();
    alliance.quiet().unwrap();
    assert_eq!(by_rule(&alliance, &["3", "4"]), 1, "one is left of the day");
    assert_eq!(by_rule(&alliance, &["5"]), 0);
    let today = |member: &Member| {
        let officer = member.actor("release-1").unwrap();
        member.node().unwrap().rule(&officer, "watch", 0).unwrap().today
    };
    assert_eq!(today(&alliance.members[0]), 3);
    // Narrowed, it still counts what it shared in its form before.
    let officer = alliance.members[0].actor("release-1").unwrap();
    let node = alliance.members[0].node().unwrap();
    let fewer = Narrowing { daily: Some(2), ..Narrowing::default() };
    node.narrow_rule(&officer, "watch", &fewer).unwrap();
    assert_eq!(by_rule(&alliance, &["6"]), 0);
    alliance.clock.advance(DAY);
    assert_eq!(today(&alliance.members[0]), 0);
    assert_eq!(by_rule(&alliance, &["7", "8", "9"]), 2);
}

#[test]
fn a_rule_is_narrowed_suspended_and_removed_by_one_and_widened_by_none() {
    let (_folder, mut alliance) = agreed(4);
    let wide = StandingRule { sample: 10, ..rule("watch", "type = report", &[]) };
    make(&alliance.members[0], &wide);
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let officer = arvenia.actor("release-1").unwrap();
    let analyst = arvenia.actor("analyst").unwrap();
    let goes = |alliance: &Alliance, title: &str| {
        let member = &alliance.members[0];
        went(&publish(member, &order(member, "OPEN", &["XBR"]), &[title])).remove(0).1
    };
    assert_eq!(goes(&alliance, "x"), ["XCO", "XDO"]);
    let narrowing = Narrowing {
        and: Some("not title has draft".to_owned()),
        not_to: vec![nation("XDO")],
        ..Narrowing::default()
    };
    let why = node.narrow_rule(&analyst, "watch", &narrowing).unwrap_err().to_string();
    assert!(why.contains("narrow standing rules"), "{why}");
    let before = node.rules(&analyst).unwrap()[0].held.row.id;
    let after = node.narrow_rule(&officer, "watch", &narrowing).unwrap();
    assert_ne!(before, after, "another form, another digest");
    assert_eq!(goes(&alliance, "x"), ["XCO"]);
    assert_eq!(goes(&alliance, "x (draft)"), Vec::<String>::new());
    for (widening, part) in [
        (Narrowing { sample: Some(5), ..Narrowing::default() }, "a smaller sample would widen"),
        (Narrowing::default(), "changes nothing"),
        (
            Narrowing { and: Some("type".to_owned()), ..Narrowing::default() },
            "wrong at character 5, its end",
        ),
    ] {
        let why = node.narrow_rule(&officer, "watch", &widening).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
    node.narrow_rule(&officer, "watch", &Narrowing { daily: Some(5), ..Narrowing::default() })
        .unwrap();
    let more = Narrowing { daily: Some(6), ..Narrowing::default() };
    let why = node.narrow_rule(&officer, "watch", &more).unwrap_err().to_string();
    assert!(why.contains("more a day would widen"), "{why}");

    node.stop_rule(&officer, "watch", "too broad", false).unwrap();
    assert_eq!(goes(&alliance, "x"), Vec::<String>::new());
    alliance.members[0].stop();
    alliance.members[0].start().unwrap();
    alliance.quiet().unwrap();
    assert_eq!(goes(&alliance, "x"), Vec::<String>::new());
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let (one, two) = (arvenia.actor("release-1").unwrap(), arvenia.actor("release-2").unwrap());
    let why = node.stop_rule(&one, "watch", "again", false).unwrap_err().to_string();
    assert!(why.contains("is suspended already"), "{why}");
    let first = node.resume_rule(&one, "watch", "narrowed").unwrap();
    assert!(matches!(first, Approval::Waiting { .. }));
    assert_eq!(goes(&alliance, "x"), Vec::<String>::new());
    node.resume_rule(&two, "watch", "narrowed").unwrap();
    assert_eq!(goes(&alliance, "x"), ["XCO"]);

    node.stop_rule(&one, "watch", "not needed", true).unwrap();
    assert_eq!(goes(&alliance, "x"), Vec::<String>::new());
    let why = node.rule(&one, "watch", 0).unwrap_err().to_string();
    assert!(why.contains("a standing rule `watch`"), "{why}");
    let acts: Vec<String> = noted(arvenia).into_iter().map(|(act, _)| act).collect();
    let past = ["made", "narrowed", "narrowed", "suspended", "resumed", "removed"];
    assert_eq!(acts, past.map(|past| format!("standing rule {past}")));
    // Its name is free for another one.
    make(arvenia, &wide);
    assert_eq!(goes(&alliance, "x"), ["XCO", "XDO"]);
}

#[test]
fn a_sample_waits_for_a_reviewer_who_may_recall_or_suspend() {
    let (_folder, mut alliance) = agreed(3);
    let all = StandingRule { sample: 100, ..rule("watch", "type = report", &["XCO"]) };
    let none = rule("quiet", "title has \"quiet\"", &["XCO"]);
    make(&alliance.members[0], &none);
    make(&alliance.members[0], &all);
    let arvenia = &alliance.members[0];
    let published = publish(arvenia, &order(arvenia, "OPEN", &["XBR"]), &["a", "b", "c"]);
    alliance.quiet().unwrap();
    alliance.members[0].stop();
    alliance.members[0].start().unwrap();
    alliance.quiet().unwrap();
    let [arvenia, _, costaluna] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    let officer = arvenia.actor("release-1").unwrap();
    let waiting = node.rule_reviews(&officer, Some("watch")).unwrap();
    let waits: Vec<_> = waiting.iter().map(|row| row.oid).collect();
    assert_eq!(waits, published.objects);
    assert_eq!(node.rule_reviews(&officer, Some("quiet")).unwrap(), []);

    let analyst = arvenia.actor("analyst").unwrap();
    let why = node.accept_release(&analyst, waits[0], None).unwrap_err().to_string();
    assert!(why.contains("review what standing rules released"), "{why}");
    node.accept_release(&officer, waits[0], None).unwrap();
    let why = node.accept_release(&officer, waits[0], None).unwrap_err().to_string();
    assert!(why.contains("that waits for review"), "{why}");

    let objects = |oid, why, then| node.object_to_release(&officer, oid, None, why, then);
    let why = objects(waits[1], " ", Some(Reaction::Recall)).unwrap_err().to_string();
    assert!(why.contains("says why"), "{why}");
    let why = objects(waits[1], "names a source", None).unwrap_err().to_string();
    assert!(why.contains("recall, suspend or both"), "{why}");
    objects(waits[1], "names a source", Some(Reaction::Recall)).unwrap();
    alliance.quiet().unwrap();
    assert_eq!(payload(costaluna, waits[1]), None, "taken back from its holders");
    let state = |name: &str| node.rule(&officer, name, 0).unwrap().held.row.state;
    assert_eq!(state("watch"), "active");
    objects(waits[2], "too much of this", Some(Reaction::Suspend)).unwrap();
    assert_eq!(state("watch"), "suspended");
    assert!(payload(costaluna, waits[2]).is_some());
    assert_eq!(node.rule_reviews(&officer, None).unwrap(), []);
    let shown = node.rule(&officer, "watch", 10).unwrap().releases;
    let reviews: Vec<&str> = shown.iter().map(|row| row.review.as_str()).collect();
    assert_eq!(reviews, ["objected", "objected", "accepted"]);
    verify(arvenia);
}

#[test]
fn what_a_partner_gave_is_shared_when_it_arrives_if_its_terms_allow() {
    for (terms, shared) in [("parties_allowed", true), ("originator_consent", false)] {
        let (_folder, mut alliance) = alliance(3);
        let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
        let text = treaty::text(&profiles).replace("originator_consent", terms);
        alliance.agree(&text).unwrap();
        let [arvenia, brenmark, _] = &alliance.members[..] else { panic!() };
        let old = publish(arvenia, &order(arvenia, "OPEN", &["XBR"]), &["old"]);
        alliance.quiet().unwrap();
        let relay = StandingRule {
            purpose: Some("cyber_defence".to_owned()),
            daily: Some(1),
            ..rule("relay", "type = report and origin = XAR", &[])
        };
        make(brenmark, &relay);
        publish(arvenia, &order(arvenia, "OPEN", &["XBR"]), &["new", "more"]);
        alliance.quiet().unwrap();
        let overseer = brenmark.actor("overseer").unwrap();
        let node = brenmark.node().unwrap();
        let decided = node.decisions(&overseer, 10).unwrap();
        let by_rule = decided.iter().filter(|d| d.rules == ["relay"]).count();
        assert_eq!(by_rule, usize::from(shared), "{terms}: one a day");
        let about_old = decided.iter().filter(|d| d.oid == old.objects[0]).count();
        assert_eq!(about_old, 0, "it was here before the rule");
        let asks = node.asks(&overseer).unwrap();
        let states: Vec<&str> = asks.iter().map(|ask| ask.state.as_str()).collect();
        let costaluna = &alliance.members[2];
        if shared {
            let released = states.iter().filter(|state| **state == "released").count();
            assert_eq!(released, 1, "its originator's ledger says what its terms say: {states:?}");
            let held =
                costaluna.node().unwrap().store().read(|w| w.objects(None, 9, None)).unwrap();
            assert_eq!(held.len(), 1, "it is taken in with that proof");
        } else {
            assert!(asks.is_empty(), "a rule asks nobody for consent");
            assert_eq!(decided.len(), 2, "each refusal is on record");
        }
        verify(brenmark);

        // Nothing is shared again after a restart.
        alliance.members[1].stop();
        alliance.members[1].start().unwrap();
        alliance.quiet().unwrap();
        let node = alliance.members[1].node().unwrap();
        assert_eq!(node.decisions(&overseer, 10).unwrap().len(), decided.len());
    }
}

#[test]
fn who_may_not_know_of_an_object_does_not_see_that_a_rule_released_it() {
    let (_folder, alliance) = agreed(3);
    let arvenia = &alliance.members[0];
    let all = StandingRule { sample: 100, ..rule("watch", "type = report", &["XCO"]) };
    make(arvenia, &all);
    let label = entente_law::Schemes::builtin().get("XAR").unwrap().marking(2).unwrap().to_owned();
    let published = publish(arvenia, &order(arvenia, &label, &["XBR"]), &["secret"]);
    assert_eq!(went(&published)[0].1, ["XCO"]);
    let node = arvenia.node().unwrap();
    let low = crate::gate::someone(arvenia, Role::Analyst, "OPEN");
    let view = node.rule(&low, "watch", 10).unwrap();
    assert_eq!((view.today, view.waiting, view.releases.len()), (0, 0, 0));
    assert_eq!(node.rule_reviews(&low, None).unwrap(), []);
    assert_eq!(node.rules_of(&low, published.objects[0]).unwrap(), []);
    let cleared = arvenia.actor("analyst").unwrap();
    assert_eq!(node.rule(&cleared, "watch", 10).unwrap().today, 1);
}
