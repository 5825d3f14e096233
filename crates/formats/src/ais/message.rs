//! One AIS message: which of its forms the bits have.

use thiserror::Error;

use super::application as app;
use super::bits::{Bits, Value};
use super::layout::{self, Layout};

/// Message type, repeat indicator and MMSI: what every message begins with.
const HEAD_BITS: usize = 38;
/// Up to here, message 16 is for one station.
const ASSIGNMENT_BITS: usize = 96;
/// Up to here, message 6 has no room for application data after an address.
const ADDRESS_BITS: usize = 72;
/// MMSI of craft that belong to a ship: 98, the digits of the flag, four more.
const CRAFT: std::ops::RangeInclusive<u32> = 980_000_000..=989_999_999;

/// A message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Message {
    /// 1 to 28.
    pub kind: u8,
    /// How often it was repeated.
    pub repeat: u8,
    /// Who sent it.
    pub mmsi: u32,
    /// What it says.
    pub body: Body,
    /// How many bits it has.
    pub bits: usize,
}

/// Why bits are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// They end before it is clear who sent it.
    #[error("it has {0} bits, and the sender's MMSI ends at bit 38")]
    Short(usize),
    /// The type is not assigned.
    #[error("its type is {0}; ITU-R M.1371 has messages 1 to 28")]
    Unknown(u8),
    /// Message 24 has two parts.
    #[error("it is part {0} of message 24, which has parts 0 and 1")]
    Part(u32),
}

/// Declares which forms there are.
macro_rules! bodies {
    ($( $(#[$doc:meta])+ $body:ident($layout:ty), )+) => {
        /// What a message says.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Body {
            $( $(#[$doc])+ $body($layout), )+
        }

        impl Body {
            fn fields<'a>(&'a self, show: &mut dyn FnMut(&'static str, Value<'a>)) {
                match self {
                    $( Self::$body(layout) => layout.fields(show), )+
                }
            }
        }
    };
}

bodies! {
    /// Messages 1, 2, 3.
    Position(layout::Position),
    /// Messages 4, 11.
    StationReport(layout::StationReport),
    /// Message 5.
    Voyage(layout::Voyage),
    /// Message 6, of no application below.
    BinaryAddressed(layout::BinaryAddressed),
    /// Messages 7, 13.
    Acknowledge(layout::Acknowledge),
    /// Message 8, of no application below.
    BinaryBroadcast(layout::BinaryBroadcast),
    /// Message 9.
    SearchAircraft(layout::SearchAircraft),
    /// Message 10.
    TimeInquiry(layout::TimeInquiry),
    /// Message 12.
    SafetyAddressed(layout::SafetyAddressed),
    /// Message 14.
    SafetyBroadcast(layout::SafetyBroadcast),
    /// Message 15.
    Interrogation(layout::Interrogation),
    /// Message 16 for one.
    Assignment(layout::Assignment),
    /// Message 16 for two.
    Assignments(layout::Assignments),
    /// Message 17.
    Corrections(layout::Corrections),
    /// Message 18.
    PositionB(layout::PositionB),
    /// Message 19.
    PositionBExtended(layout::PositionBExtended),
    /// Message 20.
    Reservations(layout::Reservations),
    /// Message 21.
    Aid(layout::Aid),
    /// Message 22 for an area.
    ChannelsInArea(layout::ChannelsInArea),
    /// Message 22 for stations.
    ChannelsOfStations(layout::ChannelsOfStations),
    /// Message 23.
    GroupAssignment(layout::GroupAssignment),
    /// Message 24, part A.
    StaticA(layout::StaticA),
    /// Message 24, part B.
    StaticB(layout::StaticB),
    /// Message 24, part B, of a craft.
    StaticBOfCraft(layout::StaticBOfCraft),
    /// Message 25, addressed, of an application.
    SlotAddressedOf(layout::SlotAddressedOf),
    /// Message 25, broadcast, of an application.
    SlotBroadcastOf(layout::SlotBroadcastOf),
    /// Message 25, addressed.
    SlotAddressed(layout::SlotAddressed),
    /// Message 25, broadcast.
    SlotBroadcast(layout::SlotBroadcast),
    /// Message 26.
    SlotsBinary(layout::SlotsBinary),
    /// Message 27.
    LongRange(layout::LongRange),
    /// Message 28.
    AidBrief(layout::AidBrief),
    /// Message 6, persons on board.
    PersonsOnBoard(app::PersonsOnBoard),
    /// Message 6, persons on board.
    PersonsOnBoardAddressed(app::PersonsOnBoardAddressed),
    /// Message 6, clearance.
    PortClearance(app::PortClearance),
    /// Message 6, berth.
    BerthAddressed(app::BerthAddressed),
    /// Message 6, area notice.
    AreaAddressed(app::AreaAddressed),
    /// Message 6, dangerous cargo.
    Cargo(app::Cargo),
    /// Message 8, text.
    FreeText(app::FreeText),
    /// Message 8, weather of old.
    WeatherOld(app::WeatherOld),
    /// Message 8, targets.
    Targets(app::Targets),
    /// Message 8, targets.
    TargetsOfService(app::TargetsOfService),
    /// Message 8, traffic signal.
    TrafficSignal(app::TrafficSignal),
    /// Message 8, berth.
    Berth(app::Berth),
    /// Message 8, a ship's weather.
    WeatherOfShip(app::WeatherOfShip),
    /// Message 8, area notice.
    Area(app::Area),
    /// Message 8, voyage.
    VoyageExtended(app::VoyageExtended),
    /// Message 8, sensors.
    Environment(app::Environment),
    /// Message 8, route.
    Route(app::Route),
    /// Message 8, description.
    Description(app::Description),
    /// Message 8, weather.
    Weather(app::Weather),
    /// Message 8, inland ship.
    InlandShip(app::InlandShip),
    /// Message 8, inland warning.
    InlandWarning(app::InlandWarning),
    /// Message 8, inland water levels.
    InlandLevels(app::InlandLevels),
    /// Message 8, inland signal.
    InlandSignal(app::InlandSignal),
    /// Message 8, sensors, United States.
    EnvironmentUs(app::EnvironmentUs),
}

impl Message {
    /// Decodes the bits of one message.
    pub fn decode(bits: Bits<'_>) -> Result<Self, MessageError> {
        if bits.len() < HEAD_BITS {
            return Err(MessageError::Short(bits.len()));
        }
        let small = |at, width| u8::try_from(bits.unsigned(at, width)).unwrap_or_default();
        let (kind, repeat, mmsi) = (small(0, 6), small(6, 2), bits.unsigned(8, 30));
        Ok(Self { kind, repeat, mmsi, body: body(kind, mmsi, bits)?, bits: bits.len() })
    }

    /// Shows each field after the head by its name.
    pub fn fields<'a>(&'a self, show: &mut dyn FnMut(&'static str, Value<'a>)) {
        self.body.fields(show);
    }
}

fn body(kind: u8, mmsi: u32, bits: Bits<'_>) -> Result<Body, MessageError> {
    Ok(match kind {
        1..=3 => Body::Position(read(bits)),
        4 | 11 => Body::StationReport(read(bits)),
        5 => Body::Voyage(read(bits)),
        6 => addressed(bits),
        7 | 13 => Body::Acknowledge(read(bits)),
        8 => broadcast(bits),
        9 => Body::SearchAircraft(read(bits)),
        10 => Body::TimeInquiry(read(bits)),
        12 => Body::SafetyAddressed(read(bits)),
        14 => Body::SafetyBroadcast(read(bits)),
        15 => Body::Interrogation(read(bits)),
        16 if bits.len() <= ASSIGNMENT_BITS => Body::Assignment(read(bits)),
        16 => Body::Assignments(read(bits)),
        17 => Body::Corrections(read(bits)),
        18 => Body::PositionB(read(bits)),
        19 => Body::PositionBExtended(read(bits)),
        20 => Body::Reservations(read(bits)),
        21 => Body::Aid(read(bits)),
        // Whether the corners of an area or two stations come first is said after them.
        22 if bits.unsigned(139, 1) == 1 => Body::ChannelsOfStations(read(bits)),
        22 => Body::ChannelsInArea(read(bits)),
        23 => Body::GroupAssignment(read(bits)),
        24 => match bits.unsigned(HEAD_BITS, 2) {
            0 => Body::StaticA(read(bits)),
            1 if CRAFT.contains(&mmsi) => Body::StaticBOfCraft(read(bits)),
            1 => Body::StaticB(read(bits)),
            part => return Err(MessageError::Part(part)),
        },
        25 => match bits.unsigned(HEAD_BITS, 2) {
            0b11 => Body::SlotAddressedOf(read(bits)),
            0b10 => Body::SlotAddressed(read(bits)),
            0b01 => Body::SlotBroadcastOf(read(bits)),
            _ => Body::SlotBroadcast(read(bits)),
        },
        26 => Body::SlotsBinary(read(bits)),
        27 => Body::LongRange(read(bits)),
        28 => Body::AidBrief(read(bits)),
        _ => return Err(MessageError::Unknown(kind)),
    })
}

fn read<L: Layout>(bits: Bits<'_>) -> L {
    L::read(bits, HEAD_BITS)
}

/// Message 6 by its application: designated area code and function identifier.
fn addressed(bits: Bits<'_>) -> Body {
    if bits.len() <= ADDRESS_BITS && (bits.unsigned(40, 10), bits.unsigned(50, 6)) == (1, 16) {
        return Body::PersonsOnBoard(read(bits));
    }
    match (bits.unsigned(72, 10), bits.unsigned(82, 6)) {
        (1, 16) => Body::PersonsOnBoardAddressed(read(bits)),
        (1, 18) => Body::PortClearance(read(bits)),
        (1, 20) => Body::BerthAddressed(read(bits)),
        (1, 23) => Body::AreaAddressed(read(bits)),
        (1, 25) => Body::Cargo(read(bits)),
        _ => Body::BinaryAddressed(read(bits)),
    }
}

/// Message 8 by its application.
fn broadcast(bits: Bits<'_>) -> Body {
    match (bits.unsigned(40, 10), bits.unsigned(50, 6)) {
        (1, 0) => Body::FreeText(read(bits)),
        (1, 11) => Body::WeatherOld(read(bits)),
        (1, 16) => Body::Targets(read(bits)),
        (1, 17) => Body::TargetsOfService(read(bits)),
        (1, 19) => Body::TrafficSignal(read(bits)),
        (1, 20) => Body::Berth(read(bits)),
        // With this bit it is in the code of the World Meteorological Organization.
        (1, 21) if bits.unsigned(56, 1) == 0 => Body::WeatherOfShip(read(bits)),
        (1, 22) => Body::Area(read(bits)),
        (1, 24) => Body::VoyageExtended(read(bits)),
        (1, 26) => Body::Environment(read(bits)),
        (1, 27) => Body::Route(read(bits)),
        (1, 29) => Body::Description(read(bits)),
        (1, 31) => Body::Weather(read(bits)),
        (200, 10) => Body::InlandShip(read(bits)),
        (200, 23) => Body::InlandWarning(read(bits)),
        (200, 24) => Body::InlandLevels(read(bits)),
        (200, 40) => Body::InlandSignal(read(bits)),
        (367, 33) => Body::EnvironmentUs(read(bits)),
        _ => Body::BinaryBroadcast(read(bits)),
    }
}
