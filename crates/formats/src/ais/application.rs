//! What applications put into messages 6 and 8.
//!
//! International ones are of IMO SN.1/Circ.289, unless said; inland ones of the European standard
//! for inland AIS. Reports of varying kinds inside one message stay as they were sent.

use super::bits::{
    Bits, Data, Degrees, Entry, Field, Flag, Hundredths, Offset, Parts, Signed, SignedTenths,
    Tenths, Text, Unsigned, Value,
};
use super::layout::{Latitude, Layout, Longitude, layouts};
use super::table;

layouts! {
    /// Message 6, unaddressed, as some ships send it: how many persons are on board.
    PersonsOnBoard {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, persons: Unsigned<13>,
    }

    /// Message 6: how many persons are on board.
    PersonsOnBoardAddressed {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, persons: Unsigned<13>,
    }

    /// Message 6: when a ship may enter a port.
    PortClearance {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, linkage: Unsigned<10>, month: Unsigned<4>, day: Unsigned<5>,
        hour: Unsigned<5>, minute: Unsigned<6>, port_name: Text<20>, destination: Text<5>,
        lon: Degrees<25, 60_000>, lat: Degrees<24, 60_000>,
    }

    /// Message 6: a berth and what is to be had there.
    BerthAddressed {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, linkage: Unsigned<10>, berth_length: Unsigned<9>,
        berth_depth: Tenths<8>, position: Unsigned<3>, month: Unsigned<4>, day: Unsigned<5>,
        hour: Unsigned<5>, minute: Unsigned<6>, availability: Flag, agent: Unsigned<2>,
        fuel: Unsigned<2>, chandler: Unsigned<2>, stevedore: Unsigned<2>,
        electrical: Unsigned<2>, water: Unsigned<2>, customs: Unsigned<2>,
        cartage: Unsigned<2>, crane: Unsigned<2>, lift: Unsigned<2>, medical: Unsigned<2>,
        navrepair: Unsigned<2>, provisions: Unsigned<2>, shiprepair: Unsigned<2>,
        surveyor: Unsigned<2>, steam: Unsigned<2>, tugs: Unsigned<2>, solidwaste: Unsigned<2>,
        liquidwaste: Unsigned<2>, hazardouswaste: Unsigned<2>, ballast: Unsigned<2>,
        additional: Unsigned<2>, regional1: Unsigned<2>, regional2: Unsigned<2>,
        future1: Unsigned<2>, future2: Unsigned<2>, berth_name: Text<20>,
        berth_lon: Degrees<25, 60_000>, berth_lat: Degrees<24, 60_000>,
    }

    /// Message 6: a notice about an area.
    AreaAddressed {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, linkage: Unsigned<10>, notice: Unsigned<7>, month: Unsigned<4>,
        day: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>, duration: Unsigned<18>,
        area_data: Data<870, 109>,
    }

    /// Message 6: dangerous cargo.
    Cargo {
        seqno: Unsigned<2>, dest_mmsi: Unsigned<30>, retransmit: Flag, [1] dac: Unsigned<10>,
        fid: Unsigned<6>, unit: Unsigned<2>, amount: Unsigned<10>, cargo_data: Data<476, 60>,
    }

    /// Message 8: text.
    FreeText {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, ack_required: Flag,
        text_sequence: Unsigned<11>, text: Text<151>,
    }

    /// Message 8: weather and water, as IMO SN/Circ.236 has it.
    WeatherOld {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, lat: Degrees<24, 60_000>,
        lon: Degrees<25, 60_000>, day: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>,
        wspeed: Unsigned<7>, wgust: Unsigned<7>, wdir: Unsigned<9>, wgustdir: Unsigned<9>,
        airtemp: Parts<11, 10, 60>, humidity: Unsigned<7>, dewpoint: Parts<10, 10, 20>,
        pressure: Offset<9, 800>, pressuretend: Unsigned<2>, visibility: Tenths<8>,
        waterlevel: Parts<9, 10, 10>, leveltrend: Unsigned<2>, cspeed: Tenths<8>,
        cdir: Unsigned<9>, cspeed2: Tenths<8>, cdir2: Unsigned<9>, cdepth2: Unsigned<5>,
        cspeed3: Tenths<8>, cdir3: Unsigned<9>, cdepth3: Unsigned<5>, waveheight: Tenths<8>,
        waveperiod: Unsigned<6>, wavedir: Unsigned<9>, swellheight: Tenths<8>,
        swellperiod: Unsigned<6>, swelldir: Unsigned<9>, seastate: Unsigned<4>,
        watertemp: Parts<10, 10, 10>, preciptype: Unsigned<3>, salinity: Tenths<9>,
        ice: Unsigned<2>,
    }

    /// Message 8: targets that a traffic service sees.
    Targets {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, target_data: Data<840, 105>,
    }

    /// Message 8: targets that a traffic service made.
    TargetsOfService {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, target_data: Data<480, 60>,
    }

    /// Message 8: a signal for ships.
    TrafficSignal {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>, station: Text<20>,
        lon: Degrees<25, 60_000>, lat: Degrees<24, 60_000>, status: Unsigned<2>,
        signal: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>, nextsignal: Unsigned<5>,
    }

    /// Message 8: a berth and what is to be had there.
    Berth {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>,
        berth_length: Unsigned<9>, berth_depth: Tenths<8>, position: Unsigned<3>,
        month: Unsigned<4>, day: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>,
        availability: Flag, agent: Unsigned<2>, fuel: Unsigned<2>, chandler: Unsigned<2>,
        stevedore: Unsigned<2>, electrical: Unsigned<2>, water: Unsigned<2>,
        customs: Unsigned<2>, cartage: Unsigned<2>, crane: Unsigned<2>, lift: Unsigned<2>,
        medical: Unsigned<2>, navrepair: Unsigned<2>, provisions: Unsigned<2>,
        shiprepair: Unsigned<2>, surveyor: Unsigned<2>, steam: Unsigned<2>, tugs: Unsigned<2>,
        solidwaste: Unsigned<2>, liquidwaste: Unsigned<2>, hazardouswaste: Unsigned<2>,
        ballast: Unsigned<2>, additional: Unsigned<2>, regional1: Unsigned<2>,
        regional2: Unsigned<2>, future1: Unsigned<2>, future2: Unsigned<2>,
        berth_name: Text<20>, berth_lon: Degrees<25, 60_000>, berth_lat: Degrees<24, 60_000>,
    }

    /// Message 8: the weather that a ship observes.
    WeatherOfShip {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, wmo: Flag, location: Text<20>,
        lon: Degrees<25, 60_000>, lat: Degrees<24, 60_000>, day: Unsigned<5>,
        hour: Unsigned<5>, minute: Unsigned<6>, weather: Unsigned<4>, vislimit: Flag,
        visibility: Tenths<7>, humidity: Unsigned<7>, wspeed: Unsigned<7>, wdir: Unsigned<9>,
        pressure: Offset<9, 799>, pressuretend: Unsigned<4>, airtemp: SignedTenths<11>,
        watertemp: SignedTenths<10>, waveperiod: Unsigned<6>, waveheight: Tenths<8>,
        wavedir: Unsigned<9>, swellheight: Tenths<8>, swelldir: Unsigned<9>,
        swellperiod: Unsigned<6>,
    }

    /// Message 8: a notice about an area.
    Area {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>, notice: Unsigned<7>,
        month: Unsigned<4>, day: Unsigned<5>, hour: Unsigned<5>, minute: Unsigned<6>,
        duration: Unsigned<18>, area_data: Data<870, 109>,
    }

    /// Message 8: more about a ship and its voyage.
    VoyageExtended {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>,
        airdraught: Hundredths<13>, lastport: Text<5>, nextport: Text<5>, secondport: Text<5>,
        ais_state: Entry<2, table::Equipment>, ata_state: Entry<2, table::Equipment>,
        bnwas_state: Entry<2, table::Equipment>, ecdisb_state: Entry<2, table::Equipment>,
        chart_state: Entry<2, table::Equipment>, sounder_state: Entry<2, table::Equipment>,
        epaid_state: Entry<2, table::Equipment>, steer_state: Entry<2, table::Equipment>,
        gnss_state: Entry<2, table::Equipment>, gyro_state: Entry<2, table::Equipment>,
        lrit_state: Entry<2, table::Equipment>, magcomp_state: Entry<2, table::Equipment>,
        navtex_state: Entry<2, table::Equipment>, arpa_state: Entry<2, table::Equipment>,
        sband_state: Entry<2, table::Equipment>, xband_state: Entry<2, table::Equipment>,
        hfradio_state: Entry<2, table::Equipment>, inmarsat_state: Entry<2, table::Equipment>,
        mfradio_state: Entry<2, table::Equipment>, vhfradio_state: Entry<2, table::Equipment>,
        grndlog_state: Entry<2, table::Equipment>, waterlog_state: Entry<2, table::Equipment>,
        thd_state: Entry<2, table::Equipment>, tcs_state: Entry<2, table::Equipment>,
        vdr_state: Entry<2, table::Equipment>, [2] iceclass: Entry<4, table::IceClass>,
        horsepower: Unsigned<18>, vhfchan: Unsigned<12>, lshiptype: Text<7>,
        tonnage: Unsigned<18>, lading: Unsigned<2>, heavyoil: Unsigned<2>,
        lightoil: Unsigned<2>, dieseloil: Unsigned<2>, totaloil: Unsigned<14>,
        persons: Unsigned<13>,
    }

    /// Message 8: reports of sensors.
    Environment {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, reports_data: Data<560, 70>,
    }

    /// Message 8: a route.
    Route {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>, sender: Unsigned<3>,
        rtype: Unsigned<5>, month: Unsigned<4>, day: Unsigned<5>, hour: Unsigned<5>,
        minute: Unsigned<6>, duration: Unsigned<18>, waycount: Unsigned<5>,
        waypoints_data: Data<880, 110>,
    }

    /// Message 8: a description in words.
    Description {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, linkage: Unsigned<10>, description: Text<161>,
    }

    /// Message 8: weather and water.
    Weather {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, lon: Degrees<25, 60_000>,
        lat: Degrees<24, 60_000>, accuracy: Flag, day: Unsigned<5>, hour: Unsigned<5>,
        minute: Unsigned<6>, wspeed: Unsigned<7>, wgust: Unsigned<7>, wdir: Unsigned<9>,
        wgustdir: Unsigned<9>, airtemp: SignedTenths<11>, humidity: Unsigned<7>,
        dewpoint: SignedTenths<10>, pressure: Offset<9, 799>, pressuretend: Unsigned<2>,
        visgreater: Flag, visibility: Tenths<7>, waterlevel: Parts<12, 100, 10>,
        leveltrend: Unsigned<2>, cspeed: Tenths<8>, cdir: Unsigned<9>, cspeed2: Tenths<8>,
        cdir2: Unsigned<9>, cdepth2: Unsigned<5>, cspeed3: Tenths<8>, cdir3: Unsigned<9>,
        cdepth3: Unsigned<5>, waveheight: Tenths<8>, waveperiod: Unsigned<6>,
        wavedir: Unsigned<9>, swellheight: Tenths<8>, swellperiod: Unsigned<6>,
        swelldir: Unsigned<9>, seastate: Unsigned<4>, watertemp: SignedTenths<10>,
        preciptype: Unsigned<3>, salinity: Tenths<9>, ice: Unsigned<2>,
    }

    /// Message 8 of inland AIS: a ship and its voyage.
    InlandShip {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, vin: Text<8>, length: Tenths<13>,
        beam: Tenths<10>, shiptype: Unsigned<14>, hazard: Unsigned<3>, draught: Hundredths<11>,
        loaded: Entry<2, table::Loaded>, speed_q: Flag, course_q: Flag, heading_q: Flag,
    }

    /// Message 8 of inland AIS: a warning about the weather.
    InlandWarning {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, start_year: Unsigned<8>,
        start_month: Unsigned<4>, start_day: Unsigned<5>, end_year: Unsigned<8>,
        end_month: Unsigned<4>, end_day: Unsigned<5>, start_hour: Unsigned<5>,
        start_minute: Unsigned<6>, end_hour: Unsigned<5>, end_minute: Unsigned<6>,
        start_lon: Longitude, start_lat: Latitude, end_lon: Longitude, end_lat: Latitude,
        r#type: Entry<4, table::Weather>, min: Signed<9>, max: Signed<9>,
        intensity: Unsigned<2>, wind: Entry<4, table::Wind>,
    }

    /// Message 8 of inland AIS: water levels.
    InlandLevels {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, country: Text<2>, gauge_id_1: Unsigned<11>,
        water_level_1: Signed<14>, gauge_id_2: Unsigned<11>, water_level_2: Signed<14>,
        gauge_id_3: Unsigned<11>, water_level_3: Signed<14>, gauge_id_4: Unsigned<11>,
        water_level_4: Signed<14>,
    }

    /// Message 8 of inland AIS: a signal.
    InlandSignal {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, lon: Longitude, lat: Latitude,
        form: Unsigned<4>, facing: Unsigned<9>, direction: Entry<3, table::Impact>,
        status_raw: Unsigned<30>,
    }

    /// Message 8 of the United States: reports of sensors.
    EnvironmentUs {
        [2] dac: Unsigned<10>, fid: Unsigned<6>, reports_data: Data<896, 112>,
    }
}
