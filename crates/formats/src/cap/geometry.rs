//! Areas of an alert: polygons, circles, and the quoted lists beside them.

use std::cmp::Ordering;

use super::value::decimal;

/// Comparisons of edges that the search for crossings may take: far more than the largest
/// coast line needs, and too few to hold anybody up.
const COMPARISONS_MAX: usize = 20_000_000;

/// A place (WGS 84), in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

impl Point {
    /// Reads `latitude,longitude`.
    pub fn read(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        Some(Self { latitude: decimal(latitude)?, longitude: decimal(longitude)? })
    }

    /// Whether there is such a place. Areas across the date line may count on beyond 180°.
    fn exists(self) -> bool {
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 360.0
    }

    /// Its longitude between -180° and 180°.
    fn wrapped(self) -> Self {
        let longitude = match self.longitude {
            east if east > 180.0 => east - 360.0,
            west if west < -180.0 => west + 360.0,
            longitude => longitude,
        };
        Self { longitude, ..self }
    }
}

/// A polygon: its corners in order, the last one the first again.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon(Vec<Point>);

/// What is wrong with a polygon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolygonFault {
    /// It has fewer than four corners.
    Few,
    /// It does not end where it begins.
    Open,
    /// A corner lies nowhere on earth.
    Nowhere,
    /// Two of its edges meet that should not.
    Crossing,
    /// Too many of its edges overlap to tell.
    Intricate,
}

impl Polygon {
    /// Reads corners parted by white space; what they make is not judged here.
    pub fn read(text: &str) -> Option<Self> {
        let points: Option<Vec<Point>> = text.split_ascii_whitespace().map(Point::read).collect();
        points.filter(|points| !points.is_empty()).map(Self)
    }

    /// The corners.
    pub fn points(&self) -> &[Point] {
        &self.0
    }

    /// What is wrong with it (CAP 1.2, 3.2.4).
    pub fn faults(&self) -> Vec<PolygonFault> {
        let mut faults = Vec::new();
        if self.0.len() < 4 {
            faults.push(PolygonFault::Few);
        }
        if self.0.first() != self.0.last() {
            faults.push(PolygonFault::Open);
        }
        if !self.0.iter().all(|point| point.exists()) {
            faults.push(PolygonFault::Nowhere);
        }
        faults.extend(self.crossing(COMPARISONS_MAX));
        faults
    }

    /// Looks for edges that meet, other than neighbours at their corner. Degrees are taken for
    /// a plane, which does for areas without a pole.
    fn crossing(&self, comparisons_max: usize) -> Option<PolygonFault> {
        let mut corners: Vec<Point> = self.0.iter().map(|point| point.wrapped()).collect();
        corners.dedup();
        let last = corners.len().saturating_sub(2);
        let pairs = corners.iter().zip(corners.iter().skip(1)).enumerate();
        let mut edges: Vec<Edge> =
            pairs.map(|(nth, (from, to))| Edge { nth, from: *from, to: *to }).collect();
        // Edges that lie side by side along one axis seldom do along the other.
        let along = [Edge::latitudes, Edge::longitudes].into_iter();
        let mut tries = along.map(|span| meeting(&mut edges, last, span, comparisons_max));
        let meet = tries.find_map(|meet| meet);
        meet.map_or(Some(PolygonFault::Intricate), |meet| meet.then_some(PolygonFault::Crossing))
    }
}

/// Whether edges meet that are no neighbours; `None` if too many overlap along this axis.
fn meeting(
    edges: &mut [Edge],
    last: usize,
    span: fn(&Edge) -> (f64, f64),
    comparisons_max: usize,
) -> Option<bool> {
    edges.sort_by(|one, other| span(one).0.total_cmp(&span(other).0));
    let mut comparisons = 0;
    for (place, edge) in edges.iter().enumerate() {
        let end = span(edge).1;
        for other in edges.iter().skip(place + 1).take_while(|other| span(other).0 <= end) {
            comparisons += 1;
            if comparisons > comparisons_max {
                return None;
            }
            let (low, high) = (edge.nth.min(other.nth), edge.nth.max(other.nth));
            let neighbours = high - low <= 1 || (low == 0 && high == last);
            if !neighbours && edge.meets(other) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// One edge of a polygon.
struct Edge {
    nth: usize,
    from: Point,
    to: Point,
}

impl Edge {
    fn latitudes(&self) -> (f64, f64) {
        span(self.from.latitude, self.to.latitude)
    }

    fn longitudes(&self) -> (f64, f64) {
        span(self.from.longitude, self.to.longitude)
    }

    fn meets(&self, other: &Self) -> bool {
        let apart = |one: (f64, f64), other: (f64, f64)| one.0 > other.1 || other.0 > one.1;
        let beside = |edge: &Self, other: &Self| {
            let from = side(edge, other.from);
            from == side(edge, other.to) && from != Ordering::Equal
        };
        !apart(self.latitudes(), other.latitudes())
            && !apart(self.longitudes(), other.longitudes())
            && !beside(self, other)
            && !beside(other, self)
    }
}

fn span(one: f64, other: f64) -> (f64, f64) {
    (one.min(other), one.max(other))
}

/// On which side of an edge's line a point lies.
fn side(edge: &Edge, point: Point) -> Ordering {
    let (from, to) = (edge.from, edge.to);
    let one = (to.longitude - from.longitude) * (point.latitude - from.latitude);
    let other = (to.latitude - from.latitude) * (point.longitude - from.longitude);
    one.partial_cmp(&other).unwrap_or(Ordering::Equal)
}

/// A circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// Its middle.
    pub center: Point,
    /// Its radius in kilometres.
    pub radius: f64,
}

impl Circle {
    /// Reads `latitude,longitude radius`.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        let (center, radius) = (Point::read(parts.next()?)?, decimal(parts.next()?)?);
        let whole = parts.next().is_none() && radius >= 0.0;
        whole.then_some(Self { center, radius })
    }

    /// Whether it lies on earth.
    pub(crate) fn exists(&self) -> bool {
        self.center.exists()
    }
}

/// Reads a list parted by white space; what holds white space stands in quotation marks.
/// `None` if it holds nothing.
pub fn quoted_list(text: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !value.is_empty() {
                    values.push(std::mem::take(&mut value));
                }
            }
            c => value.push(c),
        }
    }
    if !value.is_empty() {
        values.push(value);
    }
    (!values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[PolygonFault]) {
        assert_eq!(Polygon::read(text).unwrap().faults(), expected, "{text}");
    }

    #[test]
    fn polygons_are_closed_simple_and_on_earth() {
        check("1,2 3,4 5,6.5 1,2", &[]);
        // A line there and back: its edges are neighbours.
        check("1,2 3,4 5,6 1,2", &[]);
        check("1,2 3,4 1,2", &[PolygonFault::Few]);
        check("300,200 3,4 5,6 7,8", &[PolygonFault::Open, PolygonFault::Nowhere]);
        check("0,0 0,4 4,4 4,0 0,0", &[]);
        check("0,0 0,0 0,4 4,4 4,4 4,0 0,0 0,0", &[]);
        // An hourglass, and two triangles that touch in a corner.
        check("0,0 4,4 0,4 4,0 0,0", &[PolygonFault::Crossing]);
        check("0,0 0,4 2,2 4,4 4,0 2,2 0,0", &[PolygonFault::Crossing]);
        check("10,170 10,190 20,190 20,170 10,170", &[]);
    }

    #[test]
    fn a_long_coast_is_checked_and_a_tangle_given_up() {
        use std::fmt::Write as _;
        let mut coast = String::new();
        for nth in 0..20_000_u32 {
            let turn = f64::from(nth) / 20_000.0 * std::f64::consts::TAU;
            let far = 10.0 + f64::from(nth % 2) * 0.001;
            let _ = write!(coast, "{:.6},{:.6} ", far * turn.sin(), far * turn.cos());
        }
        let mut comb = "0,0 ".to_owned();
        for nth in 1..10_000_u32 {
            let _ = write!(comb, "{},{:.6} ", nth % 2, f64::from(nth) / 1000.0);
        }
        for long in [coast + "0.000000,10.000000", comb + "-1,10 -1,0 0,0"] {
            let polygon = Polygon::read(&long).unwrap();
            assert_eq!(polygon.crossing(COMPARISONS_MAX), None);
            assert_eq!(polygon.crossing(100), Some(PolygonFault::Intricate));
        }
    }

    #[test]
    fn lists_keep_what_is_quoted_together() {
        let list = |text| quoted_list(text).map(|values| values.join("|"));
        assert_eq!(list("\"a b\" c").as_deref(), Some("a b|c"));
        assert_eq!(list("a,b\t\n").as_deref(), Some("a,b"));
        assert_eq!(list(" \t "), None);
    }
}
