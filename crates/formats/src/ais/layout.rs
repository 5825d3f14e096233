//! Where the fields of each message lie: one declaration a message makes its type, its reader
//! and the names under which its fields are printed.
//!
//! Numbers are those of ITU-R M.1371-5, annex 8; message 28 is of M.1371-6. A field is `None` if
//! the message ended before it.

use super::bits::{
    Bits, Data, Degrees, Entry, Field, Flag, Ones, SignedTenths, Tenths, Text, Turn, Unsigned,
    Value,
};
use super::table::{
    AidMark, AidStation, AidType, Dimension, Epfd, Interval, ShipType, StationType,
};

/// What every message's type can do.
pub trait Layout: Sized {
    /// Reads the fields that lie after the first `at` bits.
    fn read(bits: Bits<'_>, at: usize) -> Self;

    /// Shows each field by its name, in order.
    fn fields<'a>(&'a self, show: &mut dyn FnMut(&'static str, Value<'a>));
}

/// Declares messages. `[n]` before a field says that `n` spare bits lie before it.
macro_rules! layouts {
    ($(
        $(#[$doc:meta])+
        $message:ident { $( $([$spare:literal])? $field:ident: $kind:ty, )+ }
    )+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $message {
            $( #[doc = concat!("`", stringify!($field), "`.")] pub $field: Option<$kind>, )+
        }

        impl Layout for $message {
            fn read(bits: Bits<'_>, mut at: usize) -> Self {
                $(
                    $( at += $spare; )?
                    let $field = bits.field::<$kind>(at);
                    at += <$kind>::WIDTH;
                )+
                let _end = at;
                Self { $( $field, )+ }
            }

            fn fields<'a>(&'a self, show: &mut dyn FnMut(&'static str, Value<'a>)) {
                $(
                    let value = self.$field.as_ref().map_or(Value::Absent, Field::value);
                    // A name that is a word of Rust is declared raw.
                    show(stringify!($field).trim_start_matches("r#"), value);
                )+
            }
        }
    )+ };
}
pub(super) use layouts;

/// A longitude in ten-thousandths of a minute.
pub type Longitude = Degrees<28, 600_000>;
/// A latitude in ten-thousandths of a minute.
pub type Latitude = Degrees<27, 600_000>;
/// A longitude in tenths of a minute.
pub type CoarseLongitude = Degrees<18, 600>;
/// A latitude in tenths of a minute.
pub type CoarseLatitude = Degrees<17, 600>;

layouts! {
    /// Messages 1, 2 and 3: where a class A ship is and how it moves.
    Position {
        status: Unsigned<4>, turn: Turn, speed: Tenths<10>, accuracy: Flag, lon: Longitude,
        lat: Latitude, course: Tenths<12>, heading: Unsigned<9>, second: Unsigned<6>,
        maneuver: Unsigned<2>, [3] raim: Flag, radio: Unsigned<19>,
    }

    /// Messages 4 and 11: where a station is, and what time it has.
    StationReport {
        year: Unsigned<14>, month: Unsigned<4>, day: Unsigned<5>, hour: Unsigned<5>,
        minute: Unsigned<6>, second: Unsigned<6>, accuracy: Flag, lon: Longitude, lat: Latitude,
        epfd: Entry<4, Epfd>, [10] raim: Flag, radio: Unsigned<19>,
    }

    /// Message 5: what a class A ship is, and where it sails.
    Voyage {
        ais_version: Unsigned<2>, imo: Unsigned<30>, callsign: Text<7>, shipname: Text<20>,
        ship_type: Entry<8, ShipType>, to_bow: Unsigned<9>, to_stern: Unsigned<9>,
        to_port: Unsigned<6>, to_starboard: Unsigned<6>, epfd: Entry<4, Epfd>,
        month: Unsigned<4>, day: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>,
        draught: Tenths<8>, destination: Text<20>, dte: Flag,
    }

    /// Message 6: something for one station that its application reads.
    BinaryAddressed {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, data: Data<920, 115>,
    }

    /// Messages 7 and 13: what was received.
    Acknowledge {
        [2] mmsi1: Unsigned<30>, mmsiseq1: Unsigned<2>, mmsi2: Unsigned<30>,
        mmsiseq2: Unsigned<2>, mmsi3: Unsigned<30>, mmsiseq3: Unsigned<2>, mmsi4: Unsigned<30>,
        mmsiseq4: Unsigned<2>,
    }

    /// Message 8: something for everyone that an application reads.
    BinaryBroadcast {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, data: Data<952, 119>,
    }

    /// Message 9: where an aircraft that searches or rescues is.
    SearchAircraft {
        alt: Unsigned<12>, speed: Ones<10>, accuracy: Flag, lon: Longitude, lat: Latitude,
        course: Tenths<12>, second: Unsigned<6>, reserved_1: Unsigned<8>, dte: Flag,
        [3] assigned: Flag, raim: Flag, radio: Unsigned<20>,
    }

    /// Message 10: a station is asked for its time.
    TimeInquiry {
        [2] dest_mmsi: Unsigned<30>,
    }

    /// Message 12: a word of safety for one station.
    SafetyAddressed {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] text: Text<156>,
    }

    /// Message 14: a word of safety for everyone.
    SafetyBroadcast {
        [2] text: Text<161>,
    }

    /// Message 15: stations are asked for messages.
    Interrogation {
        [2] mmsi1: Unsigned<30>, type1_1: Unsigned<6>, offset1_1: Unsigned<12>,
        [2] type1_2: Unsigned<6>, offset1_2: Unsigned<12>, [2] mmsi2: Unsigned<30>,
        type2_1: Unsigned<6>, offset2_1: Unsigned<12>,
    }

    /// Message 16 for one station: when it is to send.
    Assignment {
        [2] mmsi1: Unsigned<30>, offset1: Unsigned<12>, increment1: Unsigned<10>,
    }

    /// Message 16 for two stations.
    Assignments {
        [2] mmsi1: Unsigned<30>, offset1: Unsigned<12>, increment1: Unsigned<10>,
        mmsi2: Unsigned<30>, offset2: Unsigned<12>, increment2: Unsigned<10>,
    }

    /// Message 17: corrections for satellite navigation, and where they hold.
    Corrections {
        [2] lon: CoarseLongitude, lat: CoarseLatitude, [5] data: Data<736, 92>,
    }

    /// Message 18: where a class B ship is and how it moves.
    PositionB {
        reserved_1: Unsigned<8>, speed: Tenths<10>, accuracy: Flag, lon: Longitude,
        lat: Latitude, course: Tenths<12>, heading: Unsigned<9>, second: Unsigned<6>,
        reserved_2: Unsigned<2>, cs: Flag, display: Flag, dsc: Flag, band: Flag, msg22: Flag,
        assigned: Flag, raim: Flag, radio: Unsigned<20>,
    }

    /// Message 19: the same with what the ship is.
    PositionBExtended {
        reserved_1: Unsigned<8>, speed: Tenths<10>, accuracy: Flag, lon: Longitude,
        lat: Latitude, course: Tenths<12>, heading: Unsigned<9>, second: Unsigned<6>,
        reserved_2: Unsigned<4>, shipname: Text<20>, ship_type: Entry<8, ShipType>,
        to_bow: Unsigned<9>, to_stern: Unsigned<9>, to_port: Unsigned<6>,
        to_starboard: Unsigned<6>, epfd: Entry<4, Epfd>, raim: Flag, dte: Flag, assigned: Flag,
    }

    /// Message 20: slots that base stations keep.
    Reservations {
        [2] offset1: Unsigned<12>, number1: Unsigned<4>, timeout1: Unsigned<3>,
        increment1: Unsigned<11>, offset2: Unsigned<12>, number2: Unsigned<4>,
        timeout2: Unsigned<3>, increment2: Unsigned<11>, offset3: Unsigned<12>,
        number3: Unsigned<4>, timeout3: Unsigned<3>, increment3: Unsigned<11>,
        offset4: Unsigned<12>, number4: Unsigned<4>, timeout4: Unsigned<3>,
        increment4: Unsigned<11>,
    }

    /// Message 21: an aid to navigation.
    Aid {
        aid_type: Entry<5, AidType>, name: Text<20>, accuracy: Flag, lon: Longitude,
        lat: Latitude, to_bow: Unsigned<9>, to_stern: Unsigned<9>, to_port: Unsigned<6>,
        to_starboard: Unsigned<6>, epfd: Entry<4, Epfd>, second: Unsigned<6>,
        off_position: Flag, reserved_1: Unsigned<8>, raim: Flag, virtual_aid: Flag,
        assigned: Flag, [1] name_ext: Text<14>,
    }

    /// Message 22 for an area, its corners in minutes: which channels to use.
    ChannelsInArea {
        [2] channel_a: Unsigned<12>, channel_b: Unsigned<12>, txrx: Unsigned<4>, power: Flag,
        ne_lon: SignedTenths<18>, ne_lat: SignedTenths<17>, sw_lon: SignedTenths<18>,
        sw_lat: SignedTenths<17>, addressed: Flag, band_a: Flag, band_b: Flag,
        zonesize: Unsigned<3>,
    }

    /// Message 22 for two stations.
    ChannelsOfStations {
        [2] channel_a: Unsigned<12>, channel_b: Unsigned<12>, txrx: Unsigned<4>, power: Flag,
        dest1: Unsigned<30>, empty_1: Unsigned<5>, dest2: Unsigned<30>, empty_2: Unsigned<5>,
        addressed: Flag, band_a: Flag, band_b: Flag, zonesize: Unsigned<3>,
    }

    /// Message 23: how the stations of an area, its corners in minutes, are to send.
    GroupAssignment {
        [2] ne_lon: SignedTenths<18>, ne_lat: SignedTenths<17>, sw_lon: SignedTenths<18>,
        sw_lat: SignedTenths<17>, station_type: Entry<4, StationType>,
        ship_type: Entry<8, ShipType>, [22] txrx: Unsigned<2>, interval: Entry<4, Interval>,
        quiet: Unsigned<4>,
    }

    /// Message 24, part A: what a class B ship is called.
    StaticA {
        partno: Unsigned<2>, shipname: Text<20>,
    }

    /// Message 24, part B: what a class B ship is.
    StaticB {
        partno: Unsigned<2>, ship_type: Unsigned<8>, vendorid: Text<3>, model: Unsigned<4>,
        serial: Unsigned<20>, callsign: Text<7>, to_bow: Unsigned<9>, to_stern: Unsigned<9>,
        to_port: Unsigned<6>, to_starboard: Unsigned<6>,
    }

    /// Message 24, part B of a craft that belongs to a ship: that ship in place of dimensions.
    StaticBOfCraft {
        partno: Unsigned<2>, ship_type: Unsigned<8>, vendorid: Text<3>, model: Unsigned<4>,
        serial: Unsigned<20>, callsign: Text<7>, mothership_mmsi: Unsigned<30>,
    }

    /// Message 25 for one station, of a known application.
    SlotAddressedOf {
        addressed: Flag, structured: Flag, dest_mmsi: Unsigned<30>, app_id: Unsigned<16>,
        data: Data<82, 11>,
    }

    /// Message 25 for everyone, of a known application.
    SlotBroadcastOf {
        addressed: Flag, structured: Flag, app_id: Unsigned<16>, data: Data<112, 14>,
    }

    /// Message 25 for one station.
    SlotAddressed {
        addressed: Flag, structured: Flag, dest_mmsi: Unsigned<30>, data: Data<98, 13>,
    }

    /// Message 25 for everyone.
    SlotBroadcast {
        addressed: Flag, structured: Flag, data: Data<128, 16>,
    }

    /// Message 27: where a ship is, for satellites far away.
    LongRange {
        accuracy: Flag, raim: Flag, status: Unsigned<4>, lon: CoarseLongitude,
        lat: CoarseLatitude, speed: Ones<6>, course: Ones<9>, gnss: Flag,
    }

    /// Message 28: an aid to navigation, briefly (M.1371-6).
    AidBrief {
        second: Unsigned<6>, lon: Longitude, lat: Latitude, restricted: Entry<2, AidMark>,
        station_type: Entry<3, AidStation>, aid_type: Entry<7, AidType>, iala_mrn: Unsigned<17>,
        dimension: Entry<4, Dimension>, dimensions_a: Unsigned<9>, dimensions_b: Unsigned<11>,
        dimension_additional_data: Unsigned<1>, charted_status: Unsigned<1>,
        station_status: Unsigned<4>, status_bits: Unsigned<8>, [1] auth: Unsigned<1>,
    }
}

/// Message 26: something in several slots, with the state of the link at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlotsBinary {
    /// Whether it is for one station.
    pub addressed: Flag,
    /// Whether it is of a known application.
    pub structured: Flag,
    /// The station.
    pub dest_mmsi: Option<Unsigned<30>>,
    /// The application.
    pub app_id: Option<Unsigned<16>>,
    /// What it carries.
    pub data: Option<Data<1004, 126>>,
    /// State of the link: selector and communication state.
    pub radio: Option<Unsigned<20>>,
}

/// Message 26 ends with the state of the link, and before that spare bits that align it.
const LINK_STATE_BITS: usize = 20;
const ALIGNING_BITS: usize = 4;

impl Layout for SlotsBinary {
    fn read(bits: Bits<'_>, at: usize) -> Self {
        let (addressed, structured) = (bits.unsigned(at, 1) == 1, bits.unsigned(at + 1, 1) == 1);
        let mut at = at + 2;
        let mut dest_mmsi = None;
        if addressed {
            dest_mmsi = bits.field(at);
            at += 30;
        }
        let mut app_id = None;
        if structured {
            app_id = bits.field(at);
            at += 16;
        }
        let link = bits.len().checked_sub(LINK_STATE_BITS).filter(|link| *link >= at);
        let radio = link.and_then(|link| bits.field(link));
        let data = link.and_then(|link| Data::between(bits, at, link.checked_sub(ALIGNING_BITS)?));
        let (addressed, structured) = (Flag(addressed), Flag(structured));
        Self { addressed, structured, dest_mmsi, app_id, data, radio }
    }

    fn fields<'a>(&'a self, show: &mut dyn FnMut(&'static str, Value<'a>)) {
        show("addressed", self.addressed.value());
        show("structured", self.structured.value());
        if self.addressed.0 {
            show("dest_mmsi", self.dest_mmsi.as_ref().map_or(Value::Absent, Field::value));
        }
        if self.structured.0 {
            show("app_id", self.app_id.as_ref().map_or(Value::Absent, Field::value));
        }
        show("data", self.data.as_ref().map_or(Value::Absent, Field::value));
        show("radio", self.radio.as_ref().map_or(Value::Absent, Field::value));
    }
}
