//! Bundles on media: the same bundles as over HTTP, sealed as a whole to the partner.
//!
//! `protocol.md` 4.9. An export is a set of files, each one sealed bundle; the courier and the
//! medium learn only size and destination. Import takes them in any order and any number of
//! times. There is one code for bundles, whatever carries them.

use std::collections::BTreeSet;

use entente_exchange::bundle::{self, Limits};
use entente_exchange::verify::LinkFault;
use entente_model::item::Lane;
use entente_model::{NationCode, NodeId};
use entente_seal::wrap::{self, KemPublic};
use entente_store::{Store, Vault};

use crate::deliver::put_shown_on_media;
use crate::error::{AppError, Result};
use crate::node::{Node, lock};
use crate::people::{Actor, Role};
use crate::receive::{Carrier, Received};

/// How a file on a medium begins; the destination follows, so that a courier can sort.
pub const MAGIC: &[u8; 6] = b"ENTM1\n";
/// Bundles in one export at most.
const PARTS_MAX: usize = 4096;

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// A name for it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many items it carries.
    pub items: usize,
}

/// What to do with a file whose checkpoint is not shown to follow from what is held here.
pub(crate) fn no_way_from(code: NationCode, fault: &LinkFault) -> String {
    if matches!(fault, LinkFault::NoConsistency { size, last } if size < last) {
        format!(
            "the file is older than what is held here of {code}'s ledger: nothing was taken, and \
             what it may have brought that is missing here comes with the next file"
        )
    } else {
        format!(
            "the file begins at a point of {code}'s ledger that is not held here: nothing was \
             taken; export a file for {code}, and when it was read there ask for a new one"
        )
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Everything that waits for a partner, as files for a medium. Exporting again gives it
    /// again, until an answer from the partner comes back.
    pub fn export(&self, actor: &Actor, code: NationCode) -> Result<Vec<MediaFile>> {
        actor.must_act_as(&[Role::Operator, Role::Liaison], "export bundles")?;
        let known = self.known();
        let now = self.now();
        let (node, key) = known
            .partners(self.identity.nation)
            .find(|(nation, _, _)| nation.row.code == code)
            .map(|(_, node, state)| (node, state.air_gap_key(now).map(|k| k.public.clone())))
            .ok_or_else(|| AppError::NotFound(format!("the partner {code}")))?;
        let key = key.ok_or_else(|| {
            AppError::Partner(format!("{code} has no key for media that is valid now"))
        })?;
        let mut files = Vec::new();
        let mut shown = BTreeSet::new();
        let mut from: Option<[u64; 4]> = None;
        loop {
            let outgoing = self.outgoing_from(node, from)?;
            shown.insert(outgoing.size);
            let next = self.after(node, from, &outgoing.bytes)?;
            let last = outgoing.items == 0 || files.len() + 1 >= PARTS_MAX;
            if outgoing.items > 0 || files.is_empty() {
                files.push(MediaFile {
                    name: format!(
                        "{}-to-{code}-{}-{:03}.entm",
                        self.identity.code,
                        now.seconds(),
                        files.len() + 1
                    ),
                    bytes: self.seal_for_medium(node, &key, &outgoing.bytes)?,
                    items: outgoing.items,
                });
            }
            if last {
                self.store.write(|work| put_shown_on_media(work, node, &shown))?;
                return Ok(files);
            }
            from = Some(next);
        }
    }

    /// The positions after a bundle of ours.
    fn after(&self, node: NodeId, from: Option<[u64; 4]>, bytes: &[u8]) -> Result<[u64; 4]> {
        let mut after = [0; 4];
        for (slot, lane) in after.iter_mut().zip(Lane::ALL) {
            let start = from.and_then(|f| f.get(usize::from(lane.number())).copied());
            *slot = match start {
                Some(start) => start,
                None => self.store.read(|work| work.lane_out(node, lane))?.acked,
            };
        }
        let parsed = bundle::parse(bytes, Limits::default())
            .map_err(|e| AppError::Operator(e.to_string()))?;
        for frame in parsed.frames() {
            if let Ok(bundle::Frame::Item(item)) = frame.decode()
                && let Ok(link) = <entente_model::item::LinkItem as entente_model::Wire>::from_bytes(
                    &item.opening.entry,
                )
                && let Some(slot) = after.get_mut(usize::from(link.lane.number()))
            {
                *slot = (*slot).max(link.seq);
            }
        }
        Ok(after)
    }

    fn seal_for_medium(&self, node: NodeId, key: &KemPublic, bundle: &[u8]) -> Result<Vec<u8>> {
        let sealed = {
            let mut entropy = lock(&self.entropy);
            wrap::seal_part(key, bundle, entropy.as_mut())
                .map_err(|e| AppError::Operator(format!("the bundle cannot be sealed: {e}")))?
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(node.as_bytes());
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Takes in one file from a medium.
    pub fn import(&self, actor: &Actor, bytes: &[u8]) -> Result<(NationCode, Received)> {
        actor.must_act_as(&[Role::Operator, Role::Liaison], "import bundles")?;
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
            AppError::invalid("this is not an Entente file: expected it to begin with ENTM1")
        })?;
        let (dst, sealed) = rest
            .split_first_chunk::<32>()
            .ok_or_else(|| AppError::invalid("the file is cut off"))?;
        if NodeId::from_array(*dst) != self.identity.node {
            return Err(AppError::invalid("this file is for another node"));
        }
        let bundle = self
            .keys
            .open_part(sealed.to_vec())
            .map_err(|_| AppError::invalid("the file does not open: it is damaged or cut off"))?;
        let src = bundle::parse(&bundle, Limits::default())
            .map_err(|e| AppError::Partner(e.to_string()))?
            .header()
            .src;
        let received = self.receive_by(Carrier::Medium, src, &bundle)?;
        let code = self
            .known()
            .by_node(&src)
            .map(|n| n.row.code)
            .ok_or_else(|| AppError::Partner("the sender is not known here".to_owned()))?;
        Ok((code, received))
    }
}
