//! The manifest: an object's label bound to its content (`protocol.md` 2.2).

use crate::codec::{Extra, Reader, Wire, WireError, WireFault, Writer};
use crate::facts::ReleaseFacts;
use crate::id::{Digest, NationId, NodeId, ObjectId};
use crate::label::{Handling, Label};
use crate::time::Timestamp;

/// An attachment that travels beside the payload, sealed under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// File name.
    pub name: String,
    /// Media type.
    pub media: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content.
    pub sha256: Digest,
    /// SHA-256 of the sealed content.
    pub sealed_sha256: Digest,
    /// Length of the sealed content in bytes.
    pub sealed_bytes: u64,
    /// The key that opens it.
    pub dek: [u8; 32],
}

impl Wire for Part {
    const NAME: &'static str = "attachment";
    const BYTES_MAX: usize = 1024;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .text(&self.name)
            .text(&self.media)
            .uint(self.bytes)
            .value(&self.sha256)
            .value(&self.sealed_sha256)
            .uint(self.sealed_bytes)
            .bytes(&self.dek);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            Ok(Self {
                name: r.text()?.to_owned(),
                media: r.text()?.to_owned(),
                bytes: r.uint()?,
                sha256: r.value()?,
                sealed_sha256: r.value()?,
                sealed_bytes: r.uint()?,
                dek: r.fixed()?,
            })
        })
    }
}

/// What the originator says of an object. Its digest is the object's id, so changing one bit of
/// label, facts or payload makes another object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Random, so that nobody can confirm a guess from the object's id.
    pub salt: [u8; 32],
    /// The originating nation.
    pub nation: NationId,
    /// Its node.
    pub node: NodeId,
    /// The producing agency's code; never a person.
    pub agency: Option<String>,
    /// The payload's media type.
    pub media_type: String,
    /// The payload's length in bytes.
    pub payload_bytes: u64,
    /// SHA-256 of the payload.
    pub payload_sha256: Digest,
    /// The label.
    pub label: Label,
    /// Handling instructions.
    pub handling: Handling,
    /// When it was created.
    pub created_at: Timestamp,
    /// Objects of the same originator that it replaces.
    pub supersedes: Vec<ObjectId>,
    /// The object of which it is a variant.
    pub variant_of: Option<ObjectId>,
    /// The object whose tear-line it is.
    pub tearline_of: Option<ObjectId>,
    /// Attachments.
    pub parts: Vec<Part>,
    /// Related objects, and how.
    pub links: Vec<(ObjectId, String)>,
    /// The producing agency's own signed attestation.
    pub attestation: Option<Vec<u8>>,
    /// Whether the payload is stored compressed (zstd).
    pub compressed: bool,
    /// What decisions rest on. A critical key: who does not know it must not act on the object.
    pub facts: ReleaseFacts,
    /// Keys of later versions, kept as they came.
    pub extra: Extra,
}

impl Manifest {
    /// The payload may not be longer than this; larger content goes into attachments.
    pub const PAYLOAD_BYTES_MAX: u64 = 1 << 20;
    const FACTS_KEY: i64 = -1;
}

impl Wire for Manifest {
    const NAME: &'static str = "manifest";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.map(19 + self.extra.len());
        w.key(0).uint(1);
        w.key(1).bytes(&self.salt);
        w.key(2).value(&self.nation);
        w.key(3).value(&self.node);
        w.key(4).optional(self.agency.as_ref(), |w, a| {
            w.text(a);
        });
        w.key(5).text(&self.media_type);
        w.key(6).uint(self.payload_bytes);
        w.key(7).value(&self.payload_sha256);
        w.key(8).bytes(&self.label.to_bytes());
        w.key(9).bytes(&self.handling.to_bytes());
        w.key(10).value(&self.created_at);
        w.key(11).list(&self.supersedes, |w, o| o.write(w));
        w.key(12).optional(self.variant_of.as_ref(), |w, o| o.write(w));
        w.key(13).optional(self.tearline_of.as_ref(), |w, o| o.write(w));
        w.key(14).list(&self.parts, |w, p| p.write(w));
        w.key(15).list(&self.links, |w, (oid, relation)| {
            w.array(2).value(oid).text(relation);
        });
        w.key(16).optional(self.attestation.as_ref(), |w, a| {
            w.bytes(a);
        });
        w.key(17).uint(self.compressed.into());
        self.extra.write(w);
        w.key(Self::FACTS_KEY).bytes(&self.facts.to_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut m = ManifestParts::default();
        r.map(|r, key| m.take(r, key))?;
        m.finish(r)
    }
}

/// A manifest being read.
#[expect(clippy::option_option, reason = "absent and null are different: null is a value")]
#[derive(Default)]
struct ManifestParts {
    version: Option<u64>,
    salt: Option<[u8; 32]>,
    nation: Option<NationId>,
    node: Option<NodeId>,
    agency: Option<Option<String>>,
    media_type: Option<String>,
    payload_bytes: Option<u64>,
    payload_sha256: Option<Digest>,
    label: Option<Label>,
    handling: Option<Handling>,
    created_at: Option<Timestamp>,
    supersedes: Option<Vec<ObjectId>>,
    variant_of: Option<Option<ObjectId>>,
    tearline_of: Option<Option<ObjectId>>,
    parts: Option<Vec<Part>>,
    links: Option<Vec<(ObjectId, String)>>,
    attestation: Option<Option<Vec<u8>>>,
    compressed: Option<bool>,
    facts: Option<ReleaseFacts>,
    extra: Extra,
}

impl ManifestParts {
    fn take(&mut self, r: &mut Reader<'_>, key: i64) -> Result<(), WireError> {
        match key {
            0 => {
                crate::decision::version_1(r)?;
                self.version = Some(1);
            }
            1 => self.salt = Some(r.fixed()?),
            2 => self.nation = Some(r.value()?),
            3 => self.node = Some(r.value()?),
            4 => self.agency = Some(r.optional(|r| r.text().map(str::to_owned))?),
            5 => self.media_type = Some(r.text()?.to_owned()),
            6 => {
                self.payload_bytes =
                    Some(r.uint_to(Manifest::PAYLOAD_BYTES_MAX, "the payload's length")?);
            }
            7 => self.payload_sha256 = Some(r.value()?),
            8 => self.label = Some(Label::from_bytes(r.bytes()?)?),
            9 => self.handling = Some(Handling::from_bytes(r.bytes()?)?),
            10 => self.created_at = Some(r.value()?),
            11 => self.supersedes = Some(r.list(Reader::value)?),
            12 => self.variant_of = Some(r.optional(Reader::value)?),
            13 => self.tearline_of = Some(r.optional(Reader::value)?),
            14 => self.parts = Some(r.list(Reader::value)?),
            15 => {
                self.links =
                    Some(r.list(|r| r.record(2, |r| Ok((r.value()?, r.text()?.to_owned()))))?);
            }
            16 => self.attestation = Some(r.optional(|r| r.bytes().map(<[u8]>::to_vec))?),
            17 => self.compressed = Some(r.small(1, "the compression")? == 1),
            Manifest::FACTS_KEY => self.facts = Some(ReleaseFacts::from_bytes(r.bytes()?)?),
            _ => self.extra.keep(r, key)?,
        }
        Ok(())
    }

    fn finish(self, r: &Reader<'_>) -> Result<Manifest, WireError> {
        fn need<T>(r: &Reader<'_>, value: Option<T>, key: i64) -> Result<T, WireError> {
            value.ok_or_else(|| r.fault(WireFault::MissingKey { key }))
        }
        need(r, self.version, 0)?;
        Ok(Manifest {
            salt: need(r, self.salt, 1)?,
            nation: need(r, self.nation, 2)?,
            node: need(r, self.node, 3)?,
            agency: need(r, self.agency, 4)?,
            media_type: need(r, self.media_type, 5)?,
            payload_bytes: need(r, self.payload_bytes, 6)?,
            payload_sha256: need(r, self.payload_sha256, 7)?,
            label: need(r, self.label, 8)?,
            handling: need(r, self.handling, 9)?,
            created_at: need(r, self.created_at, 10)?,
            supersedes: need(r, self.supersedes, 11)?,
            variant_of: need(r, self.variant_of, 12)?,
            tearline_of: need(r, self.tearline_of, 13)?,
            parts: need(r, self.parts, 14)?,
            links: need(r, self.links, 15)?,
            attestation: need(r, self.attestation, 16)?,
            compressed: need(r, self.compressed, 17)?,
            facts: need(r, self.facts, Manifest::FACTS_KEY)?,
            extra: self.extra,
        })
    }
}

/// What stands in the place of a manifest for an item that is not an object: a receipt, a
/// recall, an agreement. The salt makes its id say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlItem {
    /// Random.
    pub salt: [u8; 32],
    /// The item's own encoding.
    pub payload: Vec<u8>,
}

impl Wire for ControlItem {
    const NAME: &'static str = "control item";
    const BYTES_MAX: usize = (1 << 20) + 64;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).bytes(&self.salt).bytes(&self.payload);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            crate::decision::version_1(r)?;
            Ok(Self { salt: r.fixed()?, payload: r.bytes()?.to_vec() })
        })
    }
}
