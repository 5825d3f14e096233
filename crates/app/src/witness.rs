//! Witnessing: cosigning partners' checkpoints, and having ours cosigned.

use entente_ledger::note::Note;
use entente_ledger::proof;
use entente_ledger::witness::{AddCheckpoint, KnownLog, SIZE_MEDIA_TYPE, Verdict, decide};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, NodeId};
use entente_store::rows::PeerLogRow;
use entente_store::{Store, Vault};

use crate::deliver::{OfferedCosig, link_state, put_link_state};
use crate::error::{AppError, Result};
use crate::node::{Node, event};
use crate::sequencer::{LeafDraft, StoredTiles, proof_error};

/// An answer for the witness endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Answers a partner's request to cosign its checkpoint (C2SP tlog-witness).
    pub fn add_checkpoint(&self, peer: NodeId, body: &[u8]) -> Result<WitnessAnswer> {
        let text = |status, body: String| WitnessAnswer {
            status,
            media_type: "text/plain; charset=utf-8",
            body: body.into_bytes(),
        };
        if !self.may_sign()? {
            return Ok(text(503, "this node does not cosign yet: try again later\n".to_owned()));
        }
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Ok(text(400, format!("{error}\n"))),
        };
        let known = self.known();
        let Some(spec) =
            known.by_node(&peer).and_then(|n| n.chain.node(&peer)).map(|n| n.spec.clone())
        else {
            return Ok(text(404, "unknown log\n".to_owned()));
        };
        let log = KnownLog { origin: &spec.origin, key: &spec.log };
        let now = self.now();
        let checkpoint = request.checkpoint().clone();
        // Checked and kept in one transaction, before the reply (`protocol.md` 3.4).
        let verdict = self.store.write(|work| {
            let held = work.peer_log(&spec.origin)?;
            let verdict = decide(&request, held.as_ref().map(|row| (row.size, row.root)), &log);
            if matches!(verdict, Verdict::Cosign) {
                work.note_root(&spec.origin, checkpoint.size, checkpoint.root)?;
                work.put_peer_log(
                    &spec.origin,
                    &PeerLogRow {
                        size: checkpoint.size,
                        root: checkpoint.root,
                        note: request.note().to_string().into_bytes(),
                        at: now,
                        cosigned: true,
                    },
                )?;
            }
            if matches!(verdict, Verdict::NotShown(_)) {
                let text = format!("{} asked to cosign what its ledger does not show", spec.origin);
                event(work, now, "alarm", text, (None, None))?;
            }
            Ok::<_, AppError>(verdict)
        })?;
        Ok(match verdict {
            Verdict::Cosign => {
                let lines = self.keys.cosign(
                    &self.identity.origin,
                    &checkpoint.origin,
                    checkpoint.size,
                    checkpoint.root,
                    now,
                )?;
                WitnessAnswer { status: 200, media_type: "text/plain; charset=utf-8", body: lines }
            }
            Verdict::Conflict { .. } => WitnessAnswer {
                status: verdict.status(),
                media_type: SIZE_MEDIA_TYPE,
                body: verdict.body().into_bytes(),
            },
            Verdict::BadRequest
            | Verdict::NotSigned
            | Verdict::UnknownLog
            | Verdict::NotShown(_) => text(verdict.status(), verdict.body()),
        })
    }

    /// The largest checkpoint that we hold of a log, for its own rollback guard.
    pub fn latest_of(&self, origin: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.store.read(|work| work.peer_log(origin))?.map(|row| row.note))
    }

    /// Size, root and note of the newest checkpoint that we verified of a log, or signed of ours.
    pub fn seen_of(&self, origin: &str) -> Result<Option<(u64, Digest, Vec<u8>)>> {
        self.store.read(|work| {
            if origin == self.identity.origin {
                return Ok(work.checkpoint()?.map(|row| (row.size, row.root, row.note)));
            }
            Ok(work.peer_log(origin)?.map(|row| (row.size, row.root, row.note)))
        })
    }

    /// The request to have our newest checkpoint cosigned by a witness that holds size `old`.
    pub fn cosign_request(&self, old: u64) -> Result<Option<(u64, Vec<u8>)>> {
        self.store.read(|work| {
            let Some(row) = work.checkpoint()? else { return Ok(None) };
            if old > row.size {
                return Err(AppError::Partner(format!(
                    "a witness holds size {old} of our ledger, which has only {}",
                    row.size
                )));
            }
            let hashes = if old == 0 || old == row.size {
                Vec::new()
            } else {
                proof::consistency(&StoredTiles(work), old, row.size).map_err(proof_error)?
            };
            let note = Note::parse(&row.note)
                .map_err(|e| AppError::Operator(format!("our own checkpoint: {e}")))?;
            let request = AddCheckpoint::new(old, hashes, note)
                .map_err(|e| AppError::Operator(format!("our own checkpoint: {e}")))?;
            Ok(Some((row.size, request.to_string().into_bytes())))
        })
    }

    /// Takes in a witness's answer to [`Self::cosign_request`]; says whether it cosigned.
    pub fn take_cosignature(&self, peer: NodeId, size: u64, lines: &[u8]) -> Result<bool> {
        let known = self.known();
        self.store.write(|work| self.keep_cosignature(work, &known, peer, size, lines))
    }

    /// Cosigns the newest checkpoint held of each partner that was not cosigned yet, to go out
    /// with the next bundle: the way for partners that are reached on media only, and for all
    /// where nobody asks.
    pub fn cosign_held(&self) -> Result<usize> {
        if !self.may_sign()? {
            return Ok(0);
        }
        let known = self.known();
        let now = self.now();
        let held = self.store.read(|work| work.peer_logs())?;
        let mut leaves = Vec::new();
        let mut given: Vec<(NodeId, String, PeerLogRow, Vec<u8>)> = Vec::new();
        for (origin, row) in held.into_iter().filter(|(_, row)| !row.cosigned) {
            let node = known
                .partners(self.identity.nation)
                .find(|(_, _, state)| state.spec.origin == origin)
                .map(|(_, node, _)| node);
            let Some(node) = node else { continue };
            let lines =
                self.keys.cosign(&self.identity.origin, &origin, row.size, row.root, now)?;
            let body = NoteRecord {
                act: "cosigned".to_owned(),
                by: self.identity.code.to_string(),
                about: format!("{origin} at size {}", row.size),
                digest: Some(row.root),
            };
            leaves.push(LeafDraft {
                record: Record::new(RecordKind::Cosigned, now, &body),
                item: None,
            });
            given.push((node, origin, row, lines));
        }
        if given.is_empty() {
            return Ok(0);
        }
        self.record_with(&leaves, |work, first| {
            let since = first + leaves.len() as u64;
            for (node, origin, row, lines) in &given {
                // It may have moved on meanwhile; then the newer one is cosigned next time.
                let held = work.peer_log(origin)?;
                if held.as_ref().is_some_and(|h| h.size == row.size) {
                    work.put_peer_log(origin, &PeerLogRow { cosigned: true, ..row.clone() })?;
                }
                let mut state = link_state(work, *node)?;
                state.cosig = Some(OfferedCosig { size: row.size, lines: lines.clone(), since });
                put_link_state(work, *node, &state)?;
            }
            Ok(())
        })?;
        Ok(given.len())
    }

    /// Witnesses of our newest checkpoints: size, and who cosigned it.
    pub fn cosigned_by(&self) -> Result<Vec<(u64, NodeId)>> {
        let rows = self.store.read(|work| work.cosignatures(256))?;
        Ok(rows.into_iter().map(|(size, node, _)| (size, node)).collect())
    }
}
