//! What became of an object at a receiver, whatever order the news came in.
//!
//! `protocol.md` 4.5 and amendment 7. The state is a join-semilattice: every event only adds,
//! events commute and repeat without effect, so any permutation, duplication or path gives the
//! same state (I20). A recall that overtakes its object leaves a tombstone here.
//!
//! This is the logical state. Destroying keys and telling people are the caller's acts.

use entente_model::item::RecallClass;

/// Where an object stands, weakest first; a state's standing never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nothing is known of it.
    Unknown,
    /// It is known to exist; its content was not sent.
    Stub,
    /// It is held.
    Held,
    /// A later object of the same originator replaces it.
    Superseded,
    /// It was recalled: kept with a banner or hidden (classes 0 and 1), or recalled for erasure
    /// before it ever arrived.
    Recalled,
    /// It must not be held.
    Erased,
}

/// News about one object, always from its originator or from this nation's own law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A stub came in the place of its content.
    Stub,
    /// Its content arrived.
    Arrived,
    /// An object arrived that says it replaces this one.
    Superseded,
    /// It was recalled.
    Recalled(RecallClass),
    /// It was erased here for a reason of this nation's own, such as retention.
    Erased,
}

/// Whether the content of an object that arrives now may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnArrival {
    /// Store it.
    Keep,
    /// Store it under the banner of an earlier recall.
    KeepUnder(RecallClass),
    /// Drop it: it was recalled for erasure, or erased, before.
    Drop,
}

/// What is known of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ObjectState {
    presence: Presence,
    superseded: bool,
    recalled: Option<RecallClass>,
    erased: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
enum Presence {
    #[default]
    None,
    Stub,
    Content,
}

impl ObjectState {
    /// Nothing is known.
    pub const UNKNOWN: Self =
        Self { presence: Presence::None, superseded: false, recalled: None, erased: false };

    /// The state after this news.
    #[must_use]
    pub fn apply(self, event: Event) -> Self {
        let news = match event {
            Event::Stub => Self { presence: Presence::Stub, ..Self::UNKNOWN },
            Event::Arrived => Self { presence: Presence::Content, ..Self::UNKNOWN },
            Event::Superseded => Self { superseded: true, ..Self::UNKNOWN },
            Event::Recalled(class) => Self { recalled: Some(class), ..Self::UNKNOWN },
            Event::Erased => Self { erased: true, ..Self::UNKNOWN },
        };
        self.merge(news)
    }

    /// The state that knows what both know.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            presence: self.presence.max(other.presence),
            superseded: self.superseded || other.superseded,
            recalled: self.recalled.max(other.recalled),
            erased: self.erased || other.erased,
        }
    }

    /// Where the object stands.
    pub fn standing(self) -> Standing {
        let arrived = self.presence == Presence::Content;
        match self.recalled {
            _ if self.erased => Standing::Erased,
            Some(class) if arrived && erases(class) => Standing::Erased,
            Some(_) => Standing::Recalled,
            None if self.superseded => Standing::Superseded,
            None => match self.presence {
                Presence::Content => Standing::Held,
                Presence::Stub => Standing::Stub,
                Presence::None => Standing::Unknown,
            },
        }
    }

    /// The strongest recall so far.
    pub const fn recalled(self) -> Option<RecallClass> {
        self.recalled
    }

    /// Whether a later object replaces it.
    pub const fn superseded(self) -> bool {
        self.superseded
    }

    /// Whether its content arrived at some time.
    pub fn arrived(self) -> bool {
        self.presence == Presence::Content
    }

    /// Whether its content may be held.
    pub fn may_hold_content(self) -> bool {
        !self.erased && !self.recalled.is_some_and(erases)
    }

    /// What to do with its content if it arrives now.
    pub fn on_arrival(self) -> OnArrival {
        match self.recalled {
            _ if !self.may_hold_content() => OnArrival::Drop,
            Some(class) => OnArrival::KeepUnder(class),
            None => OnArrival::Keep,
        }
    }

    /// The state as a small number, for storage.
    pub fn code(self) -> u16 {
        let presence = match self.presence {
            Presence::None => 0,
            Presence::Stub => 1,
            Presence::Content => 2,
        };
        let recalled = self.recalled.map_or(0, |class| class.code() + 1);
        presence | u16::from(self.superseded) << 2 | recalled << 3 | u16::from(self.erased) << 6
    }

    /// The state with this number.
    pub fn from_code(code: u16) -> Option<Self> {
        let state = Self {
            presence: match code & 3 {
                0 => Presence::None,
                1 => Presence::Stub,
                2 => Presence::Content,
                _ => return None,
            },
            superseded: code & 4 != 0,
            recalled: match code >> 3 & 7 {
                0 => None,
                class => Some(RecallClass::from_code(u64::from(class) - 1)?),
            },
            erased: code & 64 != 0,
        };
        (code < 128).then_some(state)
    }
}

/// Whether a recall of this class destroys; classes 0 and 1 never do (amendment 7).
pub fn erases(class: RecallClass) -> bool {
    class >= RecallClass::Erase
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Stub),
            Just(Event::Arrived),
            Just(Event::Superseded),
            (0_usize..4).prop_map(|i| Event::Recalled(RecallClass::ALL[i])),
            Just(Event::Erased),
        ]
    }

    fn after(events: &[Event]) -> ObjectState {
        events.iter().fold(ObjectState::UNKNOWN, |state, event| state.apply(*event))
    }

    proptest! {
        /// I20.
        #[test]
        fn order_and_repetition_change_nothing(
            (events, shuffled) in proptest::collection::vec(event(), 0..8)
                .prop_flat_map(|v| {
                    let doubled = [v.clone(), v.clone()].concat();
                    (Just(v), Just(doubled).prop_shuffle())
                }),
        ) {
            prop_assert_eq!(after(&events), after(&shuffled));
        }

        #[test]
        fn standing_never_goes_back(events in proptest::collection::vec(event(), 0..12)) {
            let mut state = ObjectState::UNKNOWN;
            for event in events {
                let next = state.apply(event);
                prop_assert!(next.standing() >= state.standing());
                prop_assert!(!next.may_hold_content() || state.may_hold_content());
                state = next;
            }
        }

        #[test]
        fn a_code_names_one_state(code in any::<u16>()) {
            if let Some(state) = ObjectState::from_code(code) {
                prop_assert_eq!(state.code(), code);
            }
        }

        #[test]
        fn a_state_has_a_code(events in proptest::collection::vec(event(), 0..8)) {
            prop_assert_eq!(ObjectState::from_code(after(&events).code()), Some(after(&events)));
        }
    }

    #[test]
    fn a_recall_that_overtakes_its_object() {
        let erase = after(&[Event::Recalled(RecallClass::Emergency)]);
        assert_eq!((erase.standing(), erase.on_arrival()), (Standing::Recalled, OnArrival::Drop));
        assert_eq!(erase.apply(Event::Arrived).standing(), Standing::Erased);

        let retract = after(&[Event::Recalled(RecallClass::Retract)]);
        assert_eq!(retract.on_arrival(), OnArrival::KeepUnder(RecallClass::Retract));
        assert_eq!(retract.apply(Event::Arrived).standing(), Standing::Recalled);
        assert!(retract.apply(Event::Arrived).may_hold_content());
    }
}
