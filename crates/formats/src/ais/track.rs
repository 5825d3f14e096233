//! Positions broadcast under one MMSI, put together to tracks.
//!
//! An MMSI is not proof of a ship: some transmitters have a wrong one, some use another ship's
//! on purpose, and receivers give old positions a new time. So positions that one ship cannot
//! have had belong to several tracks, kept side by side: a position joins the track whose ship
//! would be nearest to it, if that ship can have got there, and begins a new one otherwise.
//! Nothing is dropped as noise; what is odd is said ([`Placed`], [`Tracker::conflicts`]).

use entente_model::Timestamp;

use super::bits::{Degrees, Parts, Tenths};
use super::message::{Body, Message};

/// Mean radius of the earth in nautical miles.
const EARTH_NM: f64 = 3440.065;
const HOUR_MILLIS: f64 = 3_600_000.0;
/// Positions closer than this are the same: a ten-thousandth of a minute is a tenth of it.
const SAME_NM: f64 = 1e-3;

/// A position at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// When it was received.
    pub at: Timestamp,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Speed over ground in knots, if the ship says it.
    pub speed: Option<f64>,
    /// Course over ground in degrees, if the ship says it.
    pub course: Option<f64>,
}

/// What is taken for possible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRules {
    /// No ship is faster, whatever it says.
    pub knots_max: f64,
    /// How many times faster than it says a ship may have been in between.
    pub speed_factor: f64,
    /// And this many knots, for ships that just left or say nothing useful.
    pub speed_slack: f64,
    /// How far off a position may be, in nautical miles.
    pub error_nm: f64,
    /// How far off the time of a position may be, in milliseconds.
    pub error_millis: u64,
    /// A track that is silent for longer has ended.
    pub silence_millis: u64,
    /// A position that comes later than this after newer ones has no place.
    pub late_millis: u64,
    /// So many tracks are kept open at a time; the longest silent one ends.
    pub open_max: usize,
    /// So many positions are kept.
    pub fixes_max: usize,
}

impl Default for TrackRules {
    fn default() -> Self {
        Self {
            knots_max: 60.0,
            speed_factor: 1.5,
            speed_slack: 5.0,
            error_nm: 0.2,
            error_millis: 30_000,
            silence_millis: 24 * 3_600_000,
            late_millis: 3_600_000,
            open_max: 16,
            fixes_max: 1_000_000,
        }
    }
}

/// Positions that one ship can have had, in the order of their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    fixes: Vec<Fix>,
}

/// Where a position went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Placed {
    /// Into a track, by its number.
    Joined(usize),
    /// It is there already: several receivers heard it.
    Repeated(usize),
    /// Into a new track, because there was none, or none that still went on.
    Began(usize),
    /// Into a new track, because no ship on an open track can have got there.
    Jumped {
        /// The new track.
        track: usize,
        /// The track that came nearest.
        from: usize,
        /// How far away that was, in nautical miles.
        nm: f64,
    },
    /// Nowhere: it comes too late.
    TooLate,
    /// Nowhere: too many positions are held.
    Full,
}

/// The tracks of one MMSI.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracker {
    rules: TrackRules,
    tracks: Vec<Track>,
    /// Which of them go on.
    open: Vec<usize>,
    fixes: usize,
    newest: Timestamp,
}

impl Fix {
    /// The position that a message gives, if it gives one. Values for *not available* are none,
    /// and a message that ends within its position has none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other message tells where a ship is")]
    pub fn of(message: &Message, at: Timestamp) -> Option<Self> {
        // The bit after position and course.
        let (end, latitude, longitude, speed, course) = match &message.body {
            Body::Position(p) => (116, degrees(p.lat), degrees(p.lon), knots(p.speed), p.course),
            Body::PositionB(p) => (124, degrees(p.lat), degrees(p.lon), knots(p.speed), p.course),
            Body::PositionBExtended(p) => {
                (124, degrees(p.lat), degrees(p.lon), knots(p.speed), p.course)
            }
            Body::SearchAircraft(p) => {
                // From 1022 on: that fast and faster, or not known.
                let speed = p.speed.filter(|speed| speed.0 < 1022).map(|speed| f64::from(speed.0));
                (128, degrees(p.lat), degrees(p.lon), speed, p.course)
            }
            Body::LongRange(p) => {
                let speed = p.speed.filter(|speed| speed.0 < 63).map(|speed| f64::from(speed.0));
                let course = p.course.map(|course| Parts(course.0 * 10));
                (94, degrees(p.lat), degrees(p.lon), speed, course)
            }
            _ => return None,
        };
        let (latitude, longitude) = (latitude?, longitude?);
        let there = message.bits >= end && latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let course = course.filter(|course| course.0 < 3600).map(|c| f64::from(c.0) / 10.0);
        there.then_some(Self { at, latitude, longitude, speed, course })
    }

    /// How far away another position is, in nautical miles.
    pub fn distance(&self, other: &Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = (to - from) / 2.0;
        let east = (other.longitude - self.longitude).to_radians() / 2.0;
        let square = north.sin().powi(2) + from.cos() * to.cos() * east.sin().powi(2);
        2.0 * EARTH_NM * square.clamp(0.0, 1.0).sqrt().asin()
    }

    /// Where the ship would be at a time if it kept its speed and course.
    fn kept(&self, at: Timestamp) -> Self {
        let hours = hours_from(self.at, at);
        let (Some(speed), Some(course)) = (self.speed, self.course) else { return *self };
        let way = (speed * hours / 60.0, course.to_radians());
        let latitude = (self.latitude + way.0 * way.1.cos()).clamp(-90.0, 90.0);
        let wide = self.latitude.to_radians().cos().max(0.01);
        let longitude = self.longitude + way.0 * way.1.sin() / wide;
        Self { at, latitude, longitude, ..*self }
    }
}

impl Track {
    /// Its positions in the order of their times.
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// From when to when it goes.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.fixes.first()?.at, self.fixes.last()?.at))
    }

    /// How far its ship went, in nautical miles.
    pub fn length(&self) -> f64 {
        self.fixes
            .windows(2)
            .map(|pair| pair.first().zip(pair.last()).map_or(0.0, |(a, b)| a.distance(b)))
            .sum()
    }
}

impl Default for Tracker {
    fn default() -> Self {
        Self::new(TrackRules::default())
    }
}

impl Tracker {
    /// Begins without a position.
    pub fn new(rules: TrackRules) -> Self {
        Self {
            rules,
            tracks: Vec::new(),
            open: Vec::new(),
            fixes: 0,
            newest: Timestamp::from_millis(0),
        }
    }

    /// The tracks, in the order in which they began.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Puts a position into its track.
    pub fn add(&mut self, fix: Fix) -> Placed {
        if self.newest.since(fix.at) > self.rules.late_millis {
            return Placed::TooLate;
        }
        if self.fixes >= self.rules.fixes_max {
            return Placed::Full;
        }
        self.newest = self.newest.max(fix.at);
        self.close_silent();
        let offers: Vec<Offer> = self.open.iter().filter_map(|n| self.offer(*n, &fix)).collect();
        if let Some(offer) = offers.iter().find(|offer| offer.repeats) {
            return Placed::Repeated(offer.track);
        }
        self.fixes += 1;
        let reached = offers.iter().filter(|offer| offer.reached);
        if let Some(best) = reached.min_by(|one, other| one.off.total_cmp(&other.off)) {
            if let Some(track) = self.tracks.get_mut(best.track) {
                track.fixes.insert(best.place, fix);
            }
            return Placed::Joined(best.track);
        }
        let track = self.tracks.len();
        self.tracks.push(Track { fixes: vec![fix] });
        self.open_one(track);
        let nearest = offers.iter().min_by(|one, other| one.away.total_cmp(&other.away));
        nearest.map_or(Placed::Began(track), |nearest| Placed::Jumped {
            track,
            from: nearest.track,
            nm: nearest.away,
        })
    }

    /// What it would be for a position to join an open track.
    fn offer(&self, number: usize, fix: &Fix) -> Option<Offer> {
        let fixes = self.tracks.get(number)?.fixes.as_slice();
        let place = fixes.partition_point(|known| known.at <= fix.at);
        let before = place.checked_sub(1).and_then(|before| fixes.get(before));
        let after = fixes.get(place);
        let beside = before.or(after)?;
        let away = beside.distance(fix);
        Some(Offer {
            track: number,
            place,
            repeats: beside.at == fix.at && away < SAME_NM,
            reached: [before, after].iter().flatten().all(|known| self.reaches(known, fix)),
            off: beside.kept(fix.at).distance(fix),
            away,
        })
    }

    /// Pairs of tracks that go on at the same time, each with at least so many positions: two
    /// ships use the MMSI, or one ship's positions arrive twice, some late.
    pub fn conflicts(&self, fixes_min: usize) -> Vec<(usize, usize)> {
        let long = |track: &&Track| track.fixes.len() >= fixes_min;
        let mut spans: Vec<(Timestamp, Timestamp, usize)> = Vec::new();
        for (number, track) in self.tracks.iter().enumerate().filter(|(_, track)| long(track)) {
            spans.extend(track.span().map(|(from, to)| (from, to, number)));
        }
        spans.sort_unstable();
        let mut pairs = Vec::new();
        for (place, (_, to, one)) in spans.iter().enumerate() {
            let others = spans.iter().skip(place + 1).take_while(|(from, _, _)| from < to);
            pairs.extend(others.map(|(_, _, other)| (*one.min(other), *one.max(other))));
        }
        pairs.sort_unstable();
        pairs
    }

    /// Whether a ship can have been at both positions at their times.
    fn reaches(&self, one: &Fix, other: &Fix) -> bool {
        let rules = &self.rules;
        let said = one.speed.into_iter().chain(other.speed).fold(0.0, f64::max);
        let said =
            if one.speed.is_none() && other.speed.is_none() { rules.knots_max } else { said };
        let knots = (said * rules.speed_factor + rules.speed_slack).min(rules.knots_max);
        let hours = hours_from(one.at, other.at).abs() + millis(rules.error_millis) / HOUR_MILLIS;
        one.distance(other) <= knots * hours + rules.error_nm
    }

    fn last(&self, number: usize) -> Option<Timestamp> {
        self.tracks.get(number)?.fixes.last().map(|fix| fix.at)
    }

    fn close_silent(&mut self) {
        let mut open = std::mem::take(&mut self.open);
        let goes_on = |end: Timestamp| self.newest.since(end) <= self.rules.silence_millis;
        open.retain(|number| self.last(*number).is_some_and(goes_on));
        self.open = open;
    }

    fn open_one(&mut self, track: usize) {
        if self.open.len() >= self.rules.open_max {
            let silent = self.open.iter().enumerate().min_by_key(|(_, number)| self.last(**number));
            if let Some((place, _)) = silent {
                self.open.remove(place);
            }
        }
        self.open.push(track);
    }
}

/// What it would be for a position to join a track.
struct Offer {
    track: usize,
    /// Where among the track's positions.
    place: usize,
    /// It is there already.
    repeats: bool,
    /// A ship on the track can have got there.
    reached: bool,
    /// How far it is from where the ship would be by its speed and course.
    off: f64,
    /// How far it is from where the ship was.
    away: f64,
}

fn degrees<const W: usize, const PER: u32>(field: Option<Degrees<W, PER>>) -> Option<f64> {
    field.map(Degrees::degrees)
}

/// A speed in tenths of a knot; 102.2 is that fast and faster, 102.3 not known.
fn knots(field: Option<Tenths<10>>) -> Option<f64> {
    field.filter(|speed| speed.0 < 1022).map(|speed| f64::from(speed.0) / 10.0)
}

/// How many hours from one time to another; negative if that comes before.
fn hours_from(from: Timestamp, to: Timestamp) -> f64 {
    (millis(to.since(from)) - millis(from.since(to))) / HOUR_MILLIS
}

#[expect(clippy::cast_precision_loss, reason = "f64 counts milliseconds exactly for 285,000 years")]
fn millis(millis: u64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests;
