//! What nations' own ledgers and stores say, read as their overseers could.

use entente_app::leaf::{Contexts, LeafOpening};
use entente_model::codec::{Reader, Wire};
use entente_model::item::{ItemKind, Lane, LinkItem};
use entente_model::record::{DecisionRecord, Outcome, Record, RecordKind};
use entente_model::{Digest, NodeId};
use entente_store::{Store as _, Work};

use crate::failure::{Failure, Result};
use crate::member::Member;

/// One slot of a ledger that is for a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The leaf.
    pub leaf: u64,
    /// What it says.
    pub link: LinkItem,
}

/// Every slot for partners, in the order of the ledger.
pub fn releases(member: &Member) -> Result<Vec<Release>> {
    let node = member.node()?;
    node.store().read(|work| {
        let size = work.head()?.map_or(0, |head| head.size);
        let mut contexts = Contexts::default();
        let mut releases = Vec::new();
        for row in work.leaves(0, size)? {
            let Some(opening) = row.opening else { continue };
            let Some(item) = LeafOpening::from_bytes(&opening)?.item else { continue };
            for (context, seq) in &item.recipients {
                let context = contexts.get(work, *context).map_err(Failure::from)?;
                let link = item.link_item(context, *seq);
                releases.push(Release { leaf: row.index, link });
            }
        }
        Ok::<_, Failure>(releases)
    })
}

/// What was decided in a leaf; none if it is no decision.
pub fn outcomes(work: &dyn Work, leaf: u64) -> Result<Option<(DecisionRecord, Vec<Outcome>)>> {
    let Some(bytes) = work.leaf(leaf)?.and_then(|row| row.opening) else { return Ok(None) };
    let record = Record::from_bytes(&LeafOpening::from_bytes(&bytes)?.record)?;
    if record.kind != RecordKind::Decision {
        return Ok(None);
    }
    let decision = DecisionRecord::from_bytes(&record.body)?;
    let Some(bytes) = work.preimage(decision.outcomes)? else { return Ok(None) };
    let outcomes = Reader::new(&bytes).list(Reader::value)?;
    Ok(Some((decision, outcomes)))
}

/// Where the lanes from `src` stand at a member: positions and running heads.
pub fn lanes_in(member: &Member, src: NodeId) -> Result<[(u64, Digest); 4]> {
    member.node()?.store().read(|work| {
        let mut lanes = [(0, Digest::from_array([0; 32])); 4];
        for (slot, lane) in lanes.iter_mut().zip(Lane::ALL) {
            let row = work.lane_in(src, lane)?;
            *slot = (row.seq, row.chain);
        }
        Ok::<_, Failure>(lanes)
    })
}

/// Where the lanes to `dst` stand at a member.
pub fn lanes_out(member: &Member, dst: NodeId) -> Result<[(u64, Digest); 4]> {
    member.node()?.store().read(|work| {
        let mut lanes = [(0, Digest::from_array([0; 32])); 4];
        for (slot, lane) in lanes.iter_mut().zip(Lane::ALL) {
            let row = work.lane_out(dst, lane)?;
            *slot = (row.seq, row.chain);
        }
        Ok::<_, Failure>(lanes)
    })
}

/// Whether a slot releases an object.
pub fn is_object(release: &Release) -> bool {
    release.link.kind == ItemKind::Object
}
