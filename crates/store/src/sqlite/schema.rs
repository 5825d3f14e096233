//! Schemas: numbered steps, each applied in one transaction, so that a process killed at any
//! point finds at its next start either the old schema or the new one.
//!
//! The SQL keeps to what PostgreSQL and its kin share in shape: upserts, conditional updates,
//! no triggers. Two things are SQLite's own: an `INTEGER PRIMARY KEY` numbers rows in order of
//! arrival, and `WITHOUT ROWID` keeps small rows inside their key's tree, which saves a second
//! one. Tables with large cells are left as they are: the tree of a large row is slow to walk.
//! In tables that are walked, large cells come last, so that they are skipped.

use rusqlite::{Connection, OptionalExtension as _};

use super::session::engine;
use crate::{Result, StoreError};

/// What a database is for, and how its tables came to be.
pub(super) struct Schema {
    /// Stands in the file, so that one is not opened for the other.
    pub(super) purpose: &'static str,
    /// Whether deleted bytes are overwritten: wherever it costs nothing, or always.
    pub(super) secure_delete: &'static str,
    /// Bytes of a page in a new file.
    pub(super) page_bytes: u32,
    /// Steps; the schema's version is how many were applied.
    pub(super) steps: &'static [&'static str],
}

/// The main database. A sealed indicator takes 2,120 bytes: two of them do not fit a page of
/// 4 KiB.
pub(super) const STORE: Schema = Schema {
    purpose: "store",
    secure_delete: "FAST",
    page_bytes: 8192,
    steps: &[
        STORE_1, STORE_2, STORE_3, STORE_4, STORE_5, STORE_6, STORE_7, STORE_8, STORE_9, STORE_10,
        STORE_11,
    ],
};

/// The key vault. Its keys are in the order of digests, so every one that is added changes another
/// page: the smaller a page, the less is written.
pub(super) const VAULT: Schema =
    Schema { purpose: "vault", secure_delete: "ON", page_bytes: 2048, steps: &[VAULT_1] };

const STORE_1: &str = "
CREATE TABLE head (
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB, written_under INTEGER NOT NULL,
    fence INTEGER NOT NULL);
INSERT INTO head (id, size, root, written_under, fence) VALUES (1, 0, NULL, 0, 0);
CREATE TABLE tile (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, idx));
CREATE TABLE leaf (
    idx INTEGER PRIMARY KEY, kind INTEGER NOT NULL, leaf BLOB NOT NULL, opening BLOB);
CREATE INDEX leaf_by_kind ON leaf (kind, idx);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL);
CREATE TABLE cosignature (
    size INTEGER NOT NULL, witness BLOB NOT NULL, lines BLOB NOT NULL,
    PRIMARY KEY (size, witness));
CREATE TABLE preimage (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL);

CREATE TABLE lane_out (
    dst BLOB NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL,
    acked INTEGER NOT NULL, receipted INTEGER NOT NULL, announced INTEGER NOT NULL,
    PRIMARY KEY (dst, lane)) WITHOUT ROWID;
CREATE TABLE lane_in (
    src BLOB NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL,
    receipted INTEGER NOT NULL, announced INTEGER NOT NULL,
    PRIMARY KEY (src, lane)) WITHOUT ROWID;
CREATE TABLE outbox (
    dst BLOB NOT NULL, lane INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL,
    size INTEGER NOT NULL, at INTEGER NOT NULL, bytes INTEGER NOT NULL, items BLOB NOT NULL,
    PRIMARY KEY (dst, lane, last));
CREATE TABLE intent (
    id INTEGER PRIMARY KEY, dst BLOB, lane INTEGER NOT NULL, kind INTEGER,
    payload BLOB NOT NULL, record BLOB NOT NULL);
CREATE TABLE release_context (
    id INTEGER PRIMARY KEY, dst BLOB NOT NULL, lane INTEGER NOT NULL, wc BLOB NOT NULL,
    basis BLOB NOT NULL, terms BLOB, terms_sealed BLOB);
CREATE INDEX release_context_by_wc ON release_context (wc, basis);
CREATE TABLE wrap_context (
    peer BLOB NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL, frame BLOB NOT NULL,
    PRIMARY KEY (peer, id));
CREATE TABLE early (
    src BLOB NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL, frames BLOB NOT NULL,
    PRIMARY KEY (src, lane, seq));
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY, src BLOB NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL,
    code INTEGER NOT NULL, at INTEGER NOT NULL, evidence BLOB NOT NULL,
    UNIQUE (src, lane, seq, code));
CREATE TABLE peer_log (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, at INTEGER NOT NULL,
    cosigned INTEGER NOT NULL, note BLOB NOT NULL);
CREATE TABLE seen_root (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    UNIQUE (origin, size));

CREATE TABLE object (
    position INTEGER PRIMARY KEY, oid BLOB NOT NULL UNIQUE, own INTEGER NOT NULL,
    held INTEGER NOT NULL, nation BLOB NOT NULL, state INTEGER NOT NULL,
    object_type TEXT NOT NULL, media_type TEXT NOT NULL, marking TEXT NOT NULL,
    class INTEGER NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL,
    leaf INTEGER, source_node BLOB, source_lane INTEGER, source_seq INTEGER, delete_at INTEGER,
    terms BLOB, evidence BLOB);
CREATE INDEX object_by_own ON object (own, position);
CREATE INDEX object_due ON object (delete_at) WHERE held = 1 AND delete_at IS NOT NULL;
CREATE TABLE body (position INTEGER PRIMARY KEY, ct BLOB NOT NULL);
CREATE TABLE holdings (own INTEGER PRIMARY KEY, count INTEGER NOT NULL);
INSERT INTO holdings (own, count) VALUES (0, 0), (1, 0);
CREATE TABLE recall (
    id INTEGER PRIMARY KEY, oid BLOB NOT NULL, nation BLOB NOT NULL, own INTEGER NOT NULL,
    class INTEGER NOT NULL, basis TEXT NOT NULL, at INTEGER NOT NULL, deadline INTEGER NOT NULL,
    UNIQUE (oid, nation));
CREATE TABLE effect (
    oid BLOB NOT NULL, node BLOB NOT NULL, nation BLOB NOT NULL, status INTEGER, at INTEGER,
    effect BLOB, PRIMARY KEY (oid, node)) WITHOUT ROWID;
CREATE TABLE consent (
    oid BLOB NOT NULL, from_nation BLOB NOT NULL, to_nation BLOB NOT NULL,
    granted INTEGER NOT NULL, until INTEGER NOT NULL, evidence BLOB NOT NULL,
    PRIMARY KEY (oid, from_nation, to_nation));
CREATE TABLE ask (
    id INTEGER PRIMARY KEY, oid BLOB NOT NULL, ours INTEGER NOT NULL, peer BLOB NOT NULL,
    to_nation BLOB NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, request BLOB NOT NULL,
    plan BLOB NOT NULL);

CREATE TABLE statement (
    nation BLOB NOT NULL, seq INTEGER NOT NULL, statement BLOB NOT NULL,
    PRIMARY KEY (nation, seq));
CREATE TABLE peer (
    nation BLOB PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    endpoint TEXT, at INTEGER NOT NULL, heard INTEGER);

CREATE TABLE agreement (
    id BLOB PRIMARY KEY, code TEXT NOT NULL, text BLOB NOT NULL, status TEXT NOT NULL,
    at INTEGER NOT NULL);
CREATE TABLE signature (
    agreement BLOB NOT NULL, nation BLOB NOT NULL, statement BLOB NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (agreement, nation));
CREATE TABLE activation (
    agreement BLOB NOT NULL, nation BLOB NOT NULL,
    PRIMARY KEY (agreement, nation)) WITHOUT ROWID;
CREATE TABLE law (
    id BLOB PRIMARY KEY, code TEXT NOT NULL, text BLOB NOT NULL, active INTEGER NOT NULL,
    at INTEGER NOT NULL);

CREATE TABLE person (
    name TEXT PRIMARY KEY, roles BLOB NOT NULL, body TEXT NOT NULL, clearance TEXT NOT NULL,
    active INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE token (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL, kind TEXT NOT NULL,
    expires INTEGER) WITHOUT ROWID;
CREATE TABLE proposal (
    digest BLOB PRIMARY KEY, act TEXT NOT NULL, about TEXT NOT NULL, bytes BLOB NOT NULL,
    approvers BLOB NOT NULL, at INTEGER NOT NULL);

CREATE TABLE event (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, oid BLOB, nation BLOB,
    text TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX event_by_kind ON event (kind, seq);
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL);
";

/// Facts on record.
const STORE_2: &str = "
CREATE TABLE fact (
    id BLOB PRIMARY KEY, until INTEGER NOT NULL, leaf INTEGER NOT NULL, revoked_at INTEGER,
    revoked_by TEXT, revoked_why TEXT, lapse_told INTEGER NOT NULL, asserted BLOB NOT NULL);
CREATE INDEX fact_by_leaf ON fact (leaf);
CREATE INDEX fact_standing ON fact (until) WHERE revoked_at IS NULL;
CREATE INDEX fact_lapsed ON fact (until) WHERE lapse_told = 0;
CREATE TABLE fact_use (
    fact BLOB NOT NULL, first INTEGER NOT NULL, nation BLOB NOT NULL, inputs BLOB NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (fact, first, nation)) WITHOUT ROWID;
";

/// Receipts are kept with what proves them, and holdings are counted by class.
const STORE_3: &str = "
CREATE TABLE receipt (
    src BLOB NOT NULL, lane INTEGER NOT NULL, upto INTEGER NOT NULL, evidence BLOB NOT NULL,
    PRIMARY KEY (src, lane, upto));
CREATE INDEX object_by_class ON object (own, class) WHERE held = 1;
";

/// What parties did about agreements after signing them.
const STORE_4: &str = "
CREATE TABLE agreement_act (
    agreement BLOB NOT NULL, nation BLOB NOT NULL, number INTEGER NOT NULL, act TEXT NOT NULL,
    party BLOB, at INTEGER NOT NULL, ends INTEGER, reason TEXT NOT NULL,
    PRIMARY KEY (agreement, nation, number));
";

/// Persons have a desk, a nationality, compartments, and roles that were given at a time; holdings
/// are counted by what their markings say; who read what is kept. `x'80'` is an empty array.
const STORE_5: &str = "
ALTER TABLE person ADD COLUMN desk TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN nation TEXT;
ALTER TABLE person ADD COLUMN read_ins BLOB NOT NULL DEFAULT x'80';
ALTER TABLE person ADD COLUMN roles_at BLOB NOT NULL DEFAULT x'80';
DROP INDEX object_by_class;
CREATE INDEX object_by_marking ON object (own, nation, marking, class) WHERE held = 1;
CREATE TABLE access (
    id INTEGER PRIMARY KEY, person TEXT NOT NULL, oid BLOB NOT NULL, at INTEGER NOT NULL,
    leaf INTEGER, access BLOB NOT NULL);
CREATE INDEX access_open ON access (id) WHERE leaf IS NULL;
CREATE INDEX access_by_leaf ON access (leaf, id) WHERE leaf IS NOT NULL;
";

/// Passkeys, the secrets of codes, programs, when who holds what was reviewed, and what was opened
/// in an emergency. Sessions are kept apart from other secrets, with where and when they began.
/// Those that were open have neither: their persons sign in again.
const STORE_6: &str = "
CREATE TABLE session (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL, began INTEGER NOT NULL, seen INTEGER NOT NULL,
    ends INTEGER NOT NULL, how TEXT NOT NULL, source TEXT NOT NULL,
    agent TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person, began);
CREATE TABLE passkey (
    id BLOB PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
    used INTEGER, counter INTEGER NOT NULL, key BLOB NOT NULL);
CREATE INDEX passkey_by_person ON passkey (person, at);
ALTER TABLE person ADD COLUMN owner TEXT;
ALTER TABLE person ADD COLUMN until INTEGER;
ALTER TABLE person ADD COLUMN reviewed INTEGER;
ALTER TABLE person ADD COLUMN reviewed_by TEXT NOT NULL DEFAULT '';
CREATE TABLE presence (
    person TEXT PRIMARY KEY, signed_in INTEGER, asked INTEGER) WITHOUT ROWID;
CREATE TABLE glass (
    id INTEGER PRIMARY KEY, person TEXT NOT NULL, oid BLOB NOT NULL, at INTEGER NOT NULL,
    why TEXT NOT NULL, due INTEGER NOT NULL, told INTEGER NOT NULL, judged INTEGER,
    judge TEXT NOT NULL, justified INTEGER NOT NULL, judgement TEXT NOT NULL);
CREATE TABLE code (
    person TEXT PRIMARY KEY, at INTEGER NOT NULL, confirmed INTEGER NOT NULL, step INTEGER NOT NULL,
    oid BLOB NOT NULL UNIQUE, body BLOB NOT NULL, ct BLOB NOT NULL);
DELETE FROM token WHERE kind = 'session';
";

/// Who offered an agreement's text and what it answers, and where in its ledger a partner said that
/// it holds one complete.
const STORE_7: &str = "
ALTER TABLE agreement ADD COLUMN offered_by BLOB;
ALTER TABLE agreement ADD COLUMN offered_at INTEGER;
ALTER TABLE agreement ADD COLUMN counters BLOB;
ALTER TABLE activation ADD COLUMN leaf INTEGER;
";

/// Standing rules, and the releases that they made.
const STORE_8: &str = "
CREATE TABLE rule (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL,
    by_whom TEXT NOT NULL, leaf INTEGER NOT NULL, rule BLOB NOT NULL);
CREATE TABLE rule_release (
    name TEXT NOT NULL, oid BLOB NOT NULL, rule BLOB NOT NULL, leaf INTEGER NOT NULL,
    at INTEGER NOT NULL, day INTEGER NOT NULL, nations TEXT NOT NULL, review TEXT NOT NULL,
    review_by TEXT, review_at INTEGER, review_why TEXT, PRIMARY KEY (name, oid));
CREATE INDEX rule_release_by_object ON rule_release (oid);
CREATE INDEX rule_release_by_day ON rule_release (name, day);
CREATE INDEX rule_release_waiting ON rule_release (leaf) WHERE review = 'waiting';
";

/// By what others vouch for persons, and for which offices and with which certificate a session is.
const STORE_9: &str = "
CREATE TABLE badge (
    kind TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, person TEXT NOT NULL,
    at INTEGER NOT NULL, by_whom TEXT NOT NULL, until INTEGER,
    PRIMARY KEY (kind, issuer, subject)) WITHOUT ROWID;
CREATE INDEX badge_by_person ON badge (person, at);
ALTER TABLE session ADD COLUMN bound BLOB;
ALTER TABLE session ADD COLUMN suffices INTEGER;
";

/// For which agencies of the nation an object is held, what they shared with each other, and which
/// nations it was released to. What was held before is held for all agencies, and no liaison seat
/// sees it. `x'80'` is an empty array.
const STORE_10: &str = "
ALTER TABLE object ADD COLUMN agencies BLOB NOT NULL DEFAULT x'80';
ALTER TABLE object ADD COLUMN released_to BLOB NOT NULL DEFAULT x'80';
DROP INDEX object_by_marking;
CREATE INDEX object_by_marking ON object (
    own, nation, marking, agencies, released_to, state, class) WHERE held = 1;
CREATE TABLE at_home (
    oid BLOB NOT NULL, agency TEXT NOT NULL, giver TEXT NOT NULL, terms BLOB NOT NULL,
    leaf INTEGER NOT NULL, at INTEGER NOT NULL, delete_at INTEGER, ended INTEGER,
    PRIMARY KEY (oid, agency)) WITHOUT ROWID;
CREATE INDEX at_home_due ON at_home (delete_at) WHERE ended IS NULL AND delete_at IS NOT NULL;
";

/// Facts that partners state about themselves, and to whom ours were stated.
const STORE_11: &str = "
ALTER TABLE fact ADD COLUMN source BLOB;
ALTER TABLE fact ADD COLUMN evidence BLOB;
ALTER TABLE fact ADD COLUMN told_to BLOB NOT NULL DEFAULT x'80';
";

const VAULT_1: &str = "
CREATE TABLE shard (shard INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE body_key (oid BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE dirty (shard INTEGER PRIMARY KEY);
";

impl Schema {
    /// Applies the steps that are missing. Refuses data of a newer program.
    pub(super) fn bring_up_to_date(&self, conn: &Connection) -> Result<()> {
        while let Some(step) = self.missing_step(conn)? {
            conn.execute_batch("BEGIN IMMEDIATE").map_err(engine)?;
            let applied = self.apply(conn, step);
            if applied.is_err() {
                // Closing the connection undoes it as well.
                let _ = conn.execute_batch("ROLLBACK");
            }
            applied?;
        }
        Ok(())
    }

    /// Refuses data of another purpose, of an older or of a newer program.
    pub(super) fn must_be_current(&self, conn: &Connection) -> Result<()> {
        match self.missing_step(conn)? {
            None => Ok(()),
            Some(0) => {
                Err(StoreError::Engine(format!("the file is no {} of a node", self.purpose)))
            }
            Some(step) => Err(StoreError::Engine(format!(
                "the file is of an older program (schema {step}): start the node once to bring \
                 it up to date"
            ))),
        }
    }

    fn apply(&self, conn: &Connection, step: usize) -> Result<()> {
        // Another process may have applied it while we waited for the lock.
        if self.missing_step(conn)? != Some(step) {
            return conn.execute_batch("COMMIT").map_err(engine);
        }
        if step == 0 {
            conn.execute_batch(
                "CREATE TABLE meta (
                     id INTEGER PRIMARY KEY, purpose TEXT NOT NULL,
                     schema_version INTEGER NOT NULL)",
            )
            .map_err(engine)?;
            conn.execute(
                "INSERT INTO meta (id, purpose, schema_version) VALUES (1, ?1, 0)",
                [self.purpose],
            )
            .map_err(engine)?;
        }
        let sql = self.steps.get(step).copied().unwrap_or_default();
        conn.execute_batch(sql).map_err(engine)?;
        conn.execute_batch("UPDATE meta SET schema_version = schema_version + 1 WHERE id = 1")
            .map_err(engine)?;
        conn.execute_batch("COMMIT").map_err(engine)
    }

    /// The next step to apply, if any.
    fn missing_step(&self, conn: &Connection) -> Result<Option<usize>> {
        let begun: bool = conn
            .query_row(
                "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
                [],
                |row| row.get(0),
            )
            .map_err(engine)?;
        if !begun {
            return Ok(Some(0));
        }
        let (purpose, found): (String, i64) = conn
            .query_row("SELECT purpose, schema_version FROM meta WHERE id = 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(engine)?
            .ok_or(StoreError::Damaged("schema version"))?;
        if purpose != self.purpose {
            return Err(StoreError::Engine(format!(
                "the file is a {purpose}, expected a {}",
                self.purpose
            )));
        }
        let known = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(StoreError::TooNew { found, known });
        }
        let next = usize::try_from(found).map_err(|_| StoreError::Damaged("schema version"))?;
        Ok((next < self.steps.len()).then_some(next))
    }
}
