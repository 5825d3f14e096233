use super::*;
use crate::fixture::{NOW, Said, Sender, nation, node};
use entente_model::item::Lane;

/// The nation that passes the object on, and the one that receives it.
const VIA: u8 = 0x22;
const TO: u8 = 0x33;

struct Origin {
    sender: Sender,
    oid: ObjectId,
    control: Vec<u8>,
}

/// An originator that released an object to [`VIA`] and then said this about it.
fn origin(say: impl FnOnce(OnwardDecision) -> OnwardDecision) -> Origin {
    let mut sender = Sender::new(1);
    let (object, said) = sender.seal(node(VIA), ItemKind::Object, b"the object");
    sender.log_entry(LinkItem { seq: 1, ..object.clone() }.to_bytes(), said);
    let oid = object.oid;
    let decision = say(OnwardDecision {
        oid,
        via: node(VIA),
        to: nation(TO),
        granted: true,
        hops: 0,
        until: NOW.plus_millis(10),
        conditions: String::new(),
    });
    let control = ControlItem { salt: [1; 32], payload: decision.to_bytes() }.to_bytes();
    let (link, said) = sender.seal(node(VIA), ItemKind::OnwardDecision, b"");
    let link = LinkItem { seq: 2, oid: object_id(&control), lane: Lane::Flash, ..link };
    sender.log_entry(link.to_bytes(), said);
    Origin { sender, oid, control }
}

impl Origin {
    fn frame(&self) -> GrantFrame {
        GrantFrame {
            decision: self.sender.evidence(1),
            control: self.control.clone(),
            object: self.sender.evidence(0),
        }
    }

    fn check(&self, frame: &GrantFrame) -> Result<Grant, GrantError> {
        let log = self.sender.log.public();
        let expected = GrantFor {
            origin: &self.sender.origin,
            log: &log,
            oid: self.oid,
            via: node(VIA),
            to: nation(TO),
        };
        verify_grant(frame, &expected, NOW)
    }

    fn entry(&mut self, no: usize, change: impl FnOnce(LinkItem) -> LinkItem) -> GrantFrame {
        let said: Said = self.sender.said[no].clone();
        let link = LinkItem::from_bytes(&said.opening.entry).unwrap();
        let other = self.sender.log_entry(change(link).to_bytes(), said);
        let mut frame = self.frame();
        *(if no == 0 { &mut frame.object } else { &mut frame.decision }) =
            self.sender.evidence(other);
        frame
    }
}

#[test]
fn a_grant_in_the_originators_ledger_convinces() {
    let origin = origin(|d| d);
    let frame = GrantFrame::from_bytes(&origin.frame().to_bytes()).unwrap();
    let grant = origin.check(&frame).unwrap();
    assert_eq!(grant.decision().to, nation(TO));
    let link = LinkItem::from_bytes(&origin.sender.said[0].opening.entry).unwrap();
    assert_eq!(grant.original_body(), link.body);
}

#[test]
fn a_decision_that_says_something_else_does_not() {
    let check = |say: fn(OnwardDecision) -> OnwardDecision| {
        let origin = origin(say);
        origin.check(&origin.frame())
    };
    let (decision, object) = (GrantSlot::Decision, ObjectId::from_array([9; 32]));
    assert_eq!(check(|d| OnwardDecision { granted: false, ..d }), Err(GrantError::Refused));
    assert_eq!(check(|d| OnwardDecision { to: nation(9), ..d }), Err(GrantError::To));
    assert_eq!(check(|d| OnwardDecision { until: NOW, ..d }), Err(GrantError::Expired));
    let refused = check(|d| OnwardDecision { via: node(9), ..d });
    assert_eq!(refused, Err(GrantError::Via { slot: decision }));
    let refused = check(|d| OnwardDecision { oid: ObjectId::from_array([9; 32]), ..d });
    assert_eq!(refused, Err(GrantError::Object { slot: decision }));

    let mut of_another = origin(|d| d);
    of_another.oid = object;
    let refused = of_another.check(&of_another.frame());
    assert_eq!(refused, Err(GrantError::Object { slot: GrantSlot::Object }));
}

#[test]
fn slots_cannot_be_lent_swapped_or_invented() {
    let mut whole = origin(|d| d);
    let lent = whole.entry(0, |link| LinkItem { dst: node(9), ..link });
    assert_eq!(whole.check(&lent), Err(GrantError::Via { slot: GrantSlot::Object }));
    let lent = whole.entry(1, |link| LinkItem { dst: node(9), ..link });
    assert_eq!(whole.check(&lent), Err(GrantError::Via { slot: GrantSlot::Decision }));
    let other = whole.entry(1, |link| LinkItem { kind: ItemKind::Receipt, ..link });
    assert_eq!(whole.check(&other), Err(GrantError::Kind { slot: GrantSlot::Decision }));

    let good = whole.frame();
    let swapped = GrantFrame { object: good.decision.clone(), ..good.clone() };
    assert_eq!(whole.check(&swapped), Err(GrantError::Kind { slot: GrantSlot::Object }));
    let rewritten = GrantFrame { control: vec![1], ..good.clone() };
    assert_eq!(whole.check(&rewritten), Err(GrantError::Control));

    let mut invented = good.clone();
    invented.decision.opening.r[0] ^= 1;
    assert!(matches!(whole.check(&invented), Err(GrantError::Evidence { .. })));
    let stranger = origin(|d| d);
    let other_log = Origin { sender: Sender::new(77), ..stranger };
    assert!(matches!(other_log.check(&good), Err(GrantError::Evidence { .. })));
}
