//! Accesses: who read what, for a nation's own overseers.
//!
//! Every access is kept before its answer is given. Those of a minute are entered in the ledger
//! together, as the root of a tree over their exact bytes, so that none can be left out, added or
//! changed later (`protocol.md` I36).

use crate::codec::{Reader, Wire, WireError, Writer};
use crate::decision::version_1;
use crate::id::{Digest, ObjectId};
use crate::time::Timestamp;

/// One reading of an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub person: String,
    /// Through which door: `command`, `page` or `export`.
    pub door: String,
    /// What.
    pub oid: ObjectId,
    /// Why it was necessary, if they said so: `case:ID: why`.
    pub necessity: Option<String>,
}

impl Wire for Access {
    const NAME: &'static str = "access";
    const BYTES_MAX: usize = 4 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(6).uint(1).value(&self.at).text(&self.person).text(&self.door).value(&self.oid);
        w.optional(self.necessity.as_ref(), |w, why| {
            w.text(why);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            version_1(r)?;
            Ok(Self {
                at: r.value()?,
                person: r.text()?.to_owned(),
                door: r.text()?.to_owned(),
                oid: r.value()?,
                necessity: r.optional(|r| r.text().map(str::to_owned))?,
            })
        })
    }
}

/// The accesses of about a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// When the first of them took place.
    pub from: Timestamp,
    /// When the last of them took place.
    pub until: Timestamp,
    /// How many there were.
    pub count: u64,
    /// The root of the tree over their bytes, in their order.
    pub root: Digest,
}

impl Wire for AccessRecord {
    const NAME: &'static str = "access record";
    const BYTES_MAX: usize = 256;

    fn write(&self, w: &mut Writer) {
        w.array(5).uint(1).value(&self.from).value(&self.until).uint(self.count).value(&self.root);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(5, |r| {
            version_1(r)?;
            Ok(Self { from: r.value()?, until: r.value()?, count: r.uint()?, root: r.value()? })
        })
    }
}
