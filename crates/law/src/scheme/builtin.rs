//! The schemes, tables of equivalence and groups that come with the program.

use super::{Scheme, Schemes};
use crate::equivalence::Table;
use crate::group::Groups;

/// Every scheme, with the name of its file.
pub(super) const SCHEMES: [(&str, &str); 57] = [
    ("aus.toml", include_str!("../../../../schemes/aus.toml")),
    ("aut.toml", include_str!("../../../../schemes/aut.toml")),
    ("bel.toml", include_str!("../../../../schemes/bel.toml")),
    ("bgr.toml", include_str!("../../../../schemes/bgr.toml")),
    ("can.toml", include_str!("../../../../schemes/can.toml")),
    ("cyp.toml", include_str!("../../../../schemes/cyp.toml")),
    ("cze.toml", include_str!("../../../../schemes/cze.toml")),
    ("deu.toml", include_str!("../../../../schemes/deu.toml")),
    ("dnk.toml", include_str!("../../../../schemes/dnk.toml")),
    ("esp.toml", include_str!("../../../../schemes/esp.toml")),
    ("est.toml", include_str!("../../../../schemes/est.toml")),
    ("eu.toml", include_str!("../../../../schemes/eu.toml")),
    ("euratom.toml", include_str!("../../../../schemes/euratom.toml")),
    ("europol.toml", include_str!("../../../../schemes/europol.toml")),
    ("fin.toml", include_str!("../../../../schemes/fin.toml")),
    ("fra.toml", include_str!("../../../../schemes/fra.toml")),
    ("gbr.toml", include_str!("../../../../schemes/gbr.toml")),
    ("grc.toml", include_str!("../../../../schemes/grc.toml")),
    ("hrv.toml", include_str!("../../../../schemes/hrv.toml")),
    ("hun.toml", include_str!("../../../../schemes/hun.toml")),
    ("idn.toml", include_str!("../../../../schemes/idn.toml")),
    ("interpol.toml", include_str!("../../../../schemes/interpol.toml")),
    ("irl.toml", include_str!("../../../../schemes/irl.toml")),
    ("ita.toml", include_str!("../../../../schemes/ita.toml")),
    ("jpn.toml", include_str!("../../../../schemes/jpn.toml")),
    ("kor.toml", include_str!("../../../../schemes/kor.toml")),
    ("ltu.toml", include_str!("../../../../schemes/ltu.toml")),
    ("lux.toml", include_str!("../../../../schemes/lux.toml")),
    ("lva.toml", include_str!("../../../../schemes/lva.toml")),
    ("mlt.toml", include_str!("../../../../schemes/mlt.toml")),
    ("mys.toml", include_str!("../../../../schemes/mys.toml")),
    ("nato.toml", include_str!("../../../../schemes/nato.toml")),
    ("nld.toml", include_str!("../../../../schemes/nld.toml")),
    ("nor.toml", include_str!("../../../../schemes/nor.toml")),
    ("nzl.toml", include_str!("../../../../schemes/nzl.toml")),
    ("phl.toml", include_str!("../../../../schemes/phl.toml")),
    ("pol.toml", include_str!("../../../../schemes/pol.toml")),
    ("prt.toml", include_str!("../../../../schemes/prt.toml")),
    ("rou.toml", include_str!("../../../../schemes/rou.toml")),
    ("sgp.toml", include_str!("../../../../schemes/sgp.toml")),
    ("svk.toml", include_str!("../../../../schemes/svk.toml")),
    ("svn.toml", include_str!("../../../../schemes/svn.toml")),
    ("swe.toml", include_str!("../../../../schemes/swe.toml")),
    ("tha.toml", include_str!("../../../../schemes/tha.toml")),
    ("tur.toml", include_str!("../../../../schemes/tur.toml")),
    ("un.toml", include_str!("../../../../schemes/un.toml")),
    ("usa.toml", include_str!("../../../../schemes/usa.toml")),
    ("vnm.toml", include_str!("../../../../schemes/vnm.toml")),
    ("xar.toml", include_str!("../../../../schemes/xar.toml")),
    ("xbr.toml", include_str!("../../../../schemes/xbr.toml")),
    ("xco.toml", include_str!("../../../../schemes/xco.toml")),
    ("xdo.toml", include_str!("../../../../schemes/xdo.toml")),
    ("xel.toml", include_str!("../../../../schemes/xel.toml")),
    ("xfe.toml", include_str!("../../../../schemes/xfe.toml")),
    ("xga.toml", include_str!("../../../../schemes/xga.toml")),
    ("xhe.toml", include_str!("../../../../schemes/xhe.toml")),
    ("xis.toml", include_str!("../../../../schemes/xis.toml")),
];

/// Every table of equivalence, with the name of its file.
pub(super) const TABLES: [(&str, &str); 3] = [
    ("eu-appendix-b.toml", include_str!("../../../../schemes/equivalence/eu-appendix-b.toml")),
    ("eu-usa.toml", include_str!("../../../../schemes/equivalence/eu-usa.toml")),
    ("jpn-kor-2012.toml", include_str!("../../../../schemes/equivalence/jpn-kor-2012.toml")),
];

/// The groups.
pub(super) const GROUPS: &str = include_str!("../../../../schemes/groups.toml");

/// Reads them all. A test reads every one, so that none can be left out here.
pub(super) fn load() -> Schemes {
    let mut schemes = Schemes::default();
    for (_, text) in SCHEMES {
        if let Ok(scheme) = Scheme::parse(text) {
            schemes.add(scheme);
        }
    }
    if let Ok(groups) = Groups::parse(GROUPS) {
        schemes.set_groups(groups);
    }
    for (_, text) in TABLES {
        if let Ok(table) = Table::parse(text, &schemes) {
            schemes.add_table(table);
        }
    }
    schemes
}
