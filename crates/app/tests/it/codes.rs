//! Codes of an authenticator app: beside a link, once each, and from a secret that is sealed.

use entente_app::people::{Arrival, CodeStanding, Role, Roles};
use entente_app::settings::Settings;
use entente_app::{AppError, SqliteNode};
use entente_testkit::Member;
use entente_testkit::authenticator::app_shows;

use crate::people::one_nation;

fn shown(node: &SqliteNode, secret: &str) -> String {
    app_shows(secret, node.now().seconds())
}

fn sign_in(node: &SqliteNode, link: &str, code: Option<&str>) -> Result<String, AppError> {
    node.sign_in(link, code, &Arrival::default())
}

fn said<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

fn confirmed(at: &Member, name: &str) -> String {
    let (node, person) = (at.node().unwrap(), at.actor(name).unwrap());
    let made = node.set_up_code(&person).unwrap();
    node.confirm_code(&person, &shown(node, &made.secret), &Arrival::default()).unwrap();
    made.secret
}

#[test]
fn a_link_is_good_with_a_code_once_and_a_wrong_code_does_not_use_it_up() {
    let (_folder, mut alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let eva = at.actor("analyst").unwrap();
    let here = Arrival::default();
    assert!(said(node.confirm_code(&eva, "123456", &here)).contains("set them up first"));
    let made = node.set_up_code(&eva).unwrap();
    assert!(made.address.starts_with("otpauth://totp/XAR:analyst?secret="), "{}", made.address);
    assert_eq!(made.secret.len(), 32);
    // Until a code was seen, a link is good alone; another secret takes the place of the first.
    sign_in(node, &node.link_for(&eva, "analyst").unwrap(), None).unwrap();
    let secret = confirmed(at, "analyst");
    assert_ne!(secret, made.secret);
    assert_eq!(node.code_standing(&eva, "analyst").unwrap(), CodeStanding::Confirmed);
    assert!(said(node.set_up_code(&eva)).contains("remove them before"));

    let link = node.link_for(&eva, "analyst").unwrap();
    assert!(node.link_needs_code(&link).unwrap());
    let used = shown(node, &secret);
    assert!(said(sign_in(node, &link, None)).contains("the code is wrong"));
    assert!(said(sign_in(node, &link, Some(&used))).contains("was used already"));
    alliance.clock.advance(30_000);
    let fresh = shown(node, &secret);
    let wrong = if fresh == "000000" { "000001" } else { "000000" };
    assert!(said(sign_in(node, &link, Some(wrong))).contains("the code is wrong"));
    // Who guesses waits, even with the right code.
    assert!(matches!(sign_in(node, &link, Some(&fresh)), Err(AppError::TooSoon(1))));
    alliance.clock.advance(1000);
    let session = sign_in(node, &link, Some(&fresh)).unwrap();
    assert_eq!(node.asked_in(&session, None).unwrap().name(), "analyst");
    assert_eq!(node.sessions(&eva, "analyst").unwrap()[0].how, "link and code");
    let second = node.link_for(&eva, "analyst").unwrap();
    assert!(said(sign_in(node, &second, Some(&fresh))).contains("used already"), "once");

    // The secret outlives a sweep of the vault and a restart; nothing of it lies in the open.
    node.sweep().unwrap();
    let member = alliance.member_mut(0).unwrap();
    member.stop();
    member.start().unwrap();
    alliance.clock.advance(60_000);
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let link = node.link_for(&eva, "analyst").unwrap();
    sign_in(node, &link, Some(&shown(node, &secret))).unwrap();

    // A security officer ends them, with a reason; colleagues do not, nor see them.
    let [officer, legal] = ["security-1", "legal-1"].map(|name| at.actor(name).unwrap());
    assert!(said(node.code_standing(&legal, "analyst")).contains("may not see"));
    assert!(said(node.remove_code(&legal, "analyst", "because")).contains("may not remove"));
    assert!(said(node.remove_code(&officer, "analyst", "")).contains("needs a reason"));
    node.remove_code(&officer, "analyst", "lost the phone").unwrap();
    assert_eq!(node.code_standing(&eva, "analyst").unwrap(), CodeStanding::None);
    sign_in(node, &node.link_for(&eva, "analyst").unwrap(), None).unwrap();
    node.sweep().unwrap();
    assert!(node.verify_ledger(&at.actor("overseer").unwrap()).unwrap().faults.is_empty());
}

#[test]
fn codes_do_where_an_office_needs_more_than_a_link_and_end_with_their_persons_leave() {
    let (_folder, mut alliance) = one_nation();
    let member = alliance.member_mut(0).unwrap();
    member.settings = Settings { passkeys_for: Roles::of(&[Role::Analyst]), ..member.settings };
    member.stop();
    member.start().unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let eva = at.actor("analyst").unwrap();
    let secret = confirmed(at, "analyst");
    alliance.clock.advance(30_000);
    let link = node.link_for(&eva, "analyst").unwrap();
    let session = sign_in(node, &link, Some(&shown(node, &secret))).unwrap();
    assert!(node.asked_in(&session, None).unwrap().is(&[Role::Analyst]));
    let officer = at.actor("security-1").unwrap();
    node.deactivate_person(&officer, "analyst", "left the service").unwrap();
    node.reactivate_person(&officer, "analyst", "is back").unwrap();
    assert_eq!(node.code_standing(&officer, "analyst").unwrap(), CodeStanding::None);
}

#[test]
fn who_guesses_while_codes_are_confirmed_waits_too() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let (node, eva) = (at.node().unwrap(), at.actor("analyst").unwrap());
    let made = node.set_up_code(&eva).unwrap();
    let here = Arrival::default();
    let right = shown(node, &made.secret);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..3 {
        assert!(said(node.confirm_code(&eva, wrong, &here)).contains("the code is wrong"));
    }
    let early = node.confirm_code(&eva, &right, &here);
    assert!(matches!(early, Err(AppError::TooSoon(1))), "{early:?}");
    assert_eq!(node.code_standing(&eva, "analyst").unwrap(), CodeStanding::Begun);
    alliance.clock.advance(1000);
    node.confirm_code(&eva, &shown(node, &made.secret), &here).unwrap();
    assert_eq!(node.code_standing(&eva, "analyst").unwrap(), CodeStanding::Confirmed);
}
