use super::*;
use crate::fixture::{NOW, nation, node, oid};
use crate::state::Event;

fn recall(class: RecallClass) -> Recall {
    Recall {
        oids: vec![oid(1), oid(2)],
        class,
        reason: 4,
        basis: "Data Act 9".to_owned(),
        deadline: NOW,
        onward: true,
    }
}

fn effect(object: u8, status: EffectStatus) -> RecallEffect {
    RecallEffect {
        oid: oid(object),
        status,
        live_at: NOW,
        backup_at: NOW,
        viewed: 0,
        exports: vec![],
        derived: 0,
        onward: vec![],
    }
}

#[test]
fn every_holder_answers_once_for_every_object() {
    let releases = [(1, 10), (1, 11), (2, 10), (3, 12), (1, 10)].map(|(o, n)| (oid(o), node(n)));
    let mut book = RecallBook::open(&recall(RecallClass::Erase), releases);
    assert_eq!(book.holders().collect::<Vec<_>>(), [node(10), node(11)]);
    assert_eq!(book.objects_at(node(10)), [oid(1), oid(2)]);
    assert_eq!(book.progress(), Progress { expected: 3, ..Progress::default() });
    assert!(book.late(NOW).is_empty());
    assert_eq!(book.late(NOW.plus_millis(1)).len(), 3);

    let erased = effect(1, EffectStatus::Erased);
    assert_eq!(book.answer(node(10), &erased), Ok(Answered::Taken));
    assert_eq!(book.answer(node(10), &erased), Ok(Answered::Again));
    let contradiction = book.answer(node(10), &effect(1, EffectStatus::NeverHeld));
    assert!(matches!(contradiction, Err(AnswerError::Contradicts { .. })));
    let stranger = book.answer(node(12), &erased);
    assert_eq!(stranger, Err(AnswerError::NotAsked { from: node(12), oid: oid(1) }));

    let refused = effect(1, EffectStatus::Refused);
    assert_eq!(book.answer(node(11), &refused), Ok(Answered::Taken));
    assert_eq!(book.progress(), Progress { expected: 3, done: 1, held: 0, refused: 1 });
    assert_eq!(book.progress().open(), 1);
    assert_eq!(book.answer(node(11), &erased), Ok(Answered::Improved));
    assert_eq!(book.late(NOW.plus_millis(1)), [Due { oid: oid(2), holder: node(10) }]);
    assert_eq!(book.effects().count(), 2);
}

#[test]
fn a_holder_answers_by_what_it_had() {
    use {CourtOrder as C, EffectStatus as E, RecallClass as R};
    let unknown = ObjectState::UNKNOWN;
    let held = unknown.apply(Event::Arrived);
    let stub = unknown.apply(Event::Stub);
    let gone = held.apply(Event::Erased);
    let cases = [
        (unknown, R::Emergency, C::None, E::NeverHeld),
        (stub, R::Erase, C::Keep, E::NeverHeld),
        (held, R::Note, C::None, E::Retracted),
        (held, R::Retract, C::Keep, E::Retracted),
        (held, R::Erase, C::None, E::Erased),
        (held, R::Erase, C::Keep, E::LegalHold),
        (gone, R::Retract, C::None, E::Erased),
        (gone, R::Emergency, C::Keep, E::Erased),
    ];
    for (state, class, order, expected) in cases {
        assert_eq!(effect_for(state, class, order), expected, "{state:?} {class:?} {order:?}");
    }
}

#[test]
fn onward_holders_are_reported_at_their_worst() {
    let answers = [
        (nation(1), Some(EffectStatus::Erased)),
        (nation(1), Some(EffectStatus::LegalHold)),
        (nation(2), None),
        (nation(3), Some(EffectStatus::NeverHeld)),
        (nation(3), Some(EffectStatus::Erased)),
    ];
    let expected = [
        (nation(1), EffectStatus::LegalHold),
        (nation(2), EffectStatus::Refused),
        (nation(3), EffectStatus::Erased),
    ];
    assert_eq!(aggregate_onward(answers), expected);
}
