//! The key process's own state: all private keys of one node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entente_ledger::checkpoint::{self, Checkpoint};
use entente_ledger::{proof, witness};
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::item::WrapContext;
use entente_model::manifest::ControlItem;
use entente_model::tag::Tag;
use entente_model::{Digest, Entropy, NodeId, ObjectId, Terms, Timestamp, WrapContextId};
use entente_seal::digest;
use entente_seal::envelope::{self, OpenError, Opened};
use entente_seal::secret::Secret;
use entente_seal::sign::{LogKey, StatementKey, TlsKey};
use entente_seal::statement::sign_statement;
use entente_seal::vault::{open_dek, seal_dek};
use entente_seal::wrap::{self, KemKey, KemPublic, Wck};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{
    KeyError, KeyReply, KeyRequest, Keys, OpenBatch, OpenFault, OpenJob, OpenedBatch, OpenedJob,
    Plain, PublicKeys, ReadJob, SealJob, SealedJob, Shards, Target, TermsJob, VaultKeys,
};

/// How long a wrap context is good for new items (`protocol.md` 2.4).
const LINK_MILLIS: u64 = 3_600_000;
/// A partner's wrap contexts that are kept open at once; older ones are opened again on demand.
const LINKS_MAX: usize = 4096;

/// Why the anchor could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AnchorError(pub String);

/// What the key process keeps outside the databases, on a device or file of its own.
pub trait Anchor: Send {
    /// The largest head that was ever signed.
    fn last_signed(&self) -> Option<(u64, Digest)>;
    /// Records durably that a head is about to be signed.
    fn record(&mut self, size: u64, root: Digest) -> Result<(), AnchorError>;
    /// Replaces the epoch keys durably, so that the old ones cannot be recovered.
    fn replace_epochs(&mut self, epochs: &[Secret]) -> Result<(), AnchorError>;
}

/// The private keys of a node, as they are kept sealed in its key file.
pub struct KeySecrets {
    authority: StatementKey,
    log: LogKey,
    witness: LogKey,
    tls: TlsKey,
    certificate: Vec<u8>,
    kem: KemKey,
    airgap: KemKey,
    epochs: Vec<Secret>,
}

impl std::fmt::Debug for KeySecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl KeySecrets {
    /// Makes all keys; `certify` wraps the TLS key's public half in a certificate.
    pub fn generate<E>(
        entropy: &mut dyn Entropy,
        certify: impl FnOnce(&TlsKey) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let tls = TlsKey::generate(entropy);
        let certificate = certify(&tls)?;
        Ok(Self {
            authority: StatementKey::generate(entropy),
            log: LogKey::generate(entropy),
            witness: LogKey::generate(entropy),
            tls,
            certificate,
            kem: KemKey::generate(entropy),
            airgap: KemKey::generate(entropy),
            epochs: vec![Secret::random(entropy)],
        })
    }

    /// The public halves.
    pub fn public(&self) -> PublicKeys {
        PublicKeys {
            authority: self.authority.public().to_bytes(),
            log: self.log.public().to_bytes(),
            witness: self.witness.public().to_bytes(),
            kem: self.kem.public().as_bytes().to_vec(),
            airgap: self.airgap.public().as_bytes().to_vec(),
            certificate: self.certificate.clone(),
            spki: self.tls.spki_sha256(),
        }
    }

    /// Signs a statement as the authority.
    pub fn authority(&self) -> &StatementKey {
        &self.authority
    }

    /// The bytes that the key file seals.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::new();
        w.array(9).uint(1);
        w.bytes(&*self.authority.to_bytes());
        w.bytes(&*self.log.to_bytes());
        w.bytes(&*self.witness.to_bytes());
        w.bytes(&self.tls.to_pkcs8());
        w.bytes(&self.certificate);
        w.bytes(&self.kem.to_bytes()[..]);
        w.bytes(&self.airgap.to_bytes()[..]);
        w.list(&self.epochs, |w, epoch| {
            w.bytes(epoch.expose());
        });
        Zeroizing::new(w.into_bytes())
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        fn wrong(error: impl std::fmt::Display) -> KeyError {
            KeyError::Failed(format!("the key file is damaged: {error}"))
        }
        fn read(r: &mut Reader<'_>) -> Result<Vec<Zeroizing<Vec<u8>>>, WireError> {
            r.record(9, |r| {
                r.uint_to(1, "the version")?;
                let mut parts = Vec::new();
                for _ in 0..7 {
                    parts.push(Zeroizing::new(r.bytes()?.to_vec()));
                }
                parts.extend(r.list_nonempty(|r| r.bytes().map(|b| Zeroizing::new(b.to_vec())))?);
                Ok(parts)
            })
        }
        let parts = read(&mut Reader::new(bytes)).map_err(wrong)?;
        let [authority, log, witness, tls, certificate, kem, airgap, epochs @ ..] = &parts[..]
        else {
            return Err(wrong("a key is missing"));
        };
        Ok(Self {
            authority: StatementKey::from_bytes(authority).map_err(wrong)?,
            log: LogKey::from_bytes(log).map_err(wrong)?,
            witness: LogKey::from_bytes(witness).map_err(wrong)?,
            tls: TlsKey::from_pkcs8(tls).map_err(wrong)?,
            certificate: certificate.to_vec(),
            kem: KemKey::from_bytes(kem).map_err(wrong)?,
            airgap: KemKey::from_bytes(airgap).map_err(wrong)?,
            epochs: epochs
                .iter()
                .map(|e| Secret::from_slice(e).ok_or_else(|| wrong("an epoch key has no 32 bytes")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The epoch keys, for the anchor to seal anew.
    pub fn set_epochs(&mut self, epochs: &[Secret]) {
        self.epochs = epochs.iter().map(Secret::duplicate).collect();
    }
}

struct Held {
    secrets: KeySecrets,
    anchor: Box<dyn Anchor>,
    entropy: Box<dyn Entropy>,
    /// Wrap contexts that this node opened, until it restarts.
    out: HashMap<WrapContextId, Wck>,
    /// Wrap contexts that partners opened.
    inn: BTreeMap<WrapContextId, Wck>,
    shards: HashMap<u16, Secret>,
    /// A sweep that the vault has not confirmed yet: the new epoch key and shard keys.
    pending: Option<(Secret, Vec<(u16, Secret)>)>,
}

/// All private keys of a node, in this process.
pub struct Keyring(Mutex<Held>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Keyring {
    /// Takes the keys into use.
    pub fn new(secrets: KeySecrets, anchor: Box<dyn Anchor>, entropy: Box<dyn Entropy>) -> Self {
        Self(Mutex::new(Held {
            secrets,
            anchor,
            entropy,
            out: HashMap::new(),
            inn: BTreeMap::new(),
            shards: HashMap::new(),
            pending: None,
        }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys for Keyring {
    fn call(&self, request: KeyRequest) -> Result<KeyReply, KeyError> {
        self.held().answer(request)
    }
}

const fn shard_of(oid: &ObjectId) -> u16 {
    let bytes = oid.as_bytes();
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// Shard keys are sealed like body keys, under a name of their own.
fn shard_name(shard: u16) -> ObjectId {
    ObjectId::from_array(digest::h(Tag::Vault, &[&shard.to_be_bytes()]))
}

fn failed(error: impl std::fmt::Display) -> KeyError {
    KeyError::Failed(error.to_string())
}

impl Held {
    fn answer(&mut self, request: KeyRequest) -> Result<KeyReply, KeyError> {
        Ok(match request {
            KeyRequest::Public => KeyReply::Public(self.secrets.public()),
            KeyRequest::SignCheckpoint { origin, size, root, consistency, at } => {
                KeyReply::Bytes(self.sign_checkpoint(origin, size, root, &consistency, at)?)
            }
            KeyRequest::LastSigned => KeyReply::Signed(self.anchor.last_signed()),
            KeyRequest::Cosign { witness, origin, size, root, at } => {
                let checkpoint = Checkpoint { origin, size, root };
                let lines = witness::cosign(&self.secrets.witness, &witness, &checkpoint, at)
                    .map_err(failed)?;
                KeyReply::Bytes(
                    lines
                        .iter()
                        .flat_map(|line| [line.to_string(), "\n".to_owned()])
                        .collect::<String>()
                        .into_bytes(),
                )
            }
            KeyRequest::SignStatement { ty, payload } => KeyReply::Bytes(
                sign_statement(&ty, &payload, &[&self.secrets.authority]).to_bytes(),
            ),
            KeyRequest::OpenLink { src, dst, kem, epoch, at } => {
                self.open_link(src, dst, &kem, epoch, at)?
            }
            KeyRequest::Seal(jobs) => self.seal(jobs)?,
            KeyRequest::SealTerms(target, terms) => {
                let wck = self.out(target.wc)?;
                let (digest, sealed) = wck.seal_terms(target.dst.as_bytes(), &terms, &target.wc);
                KeyReply::SealedTerms(digest, sealed)
            }
            KeyRequest::Open(batch) => self.open(&batch)?,
            KeyRequest::Read(jobs) => {
                KeyReply::Content(jobs.iter().map(|job| self.read(job)).collect())
            }
            KeyRequest::Rewrap(job, targets) => {
                let dek = self.dek(&job.oid, &job.vault_key)?;
                let wraps = targets
                    .iter()
                    .map(|t| self.wrap(t, &job.oid, &job.body, &dek))
                    .collect::<Result<_, _>>()?;
                KeyReply::Wraps(wraps)
            }
            KeyRequest::LoadShards(shards) => {
                self.load_shards(&shards)?;
                KeyReply::Done
            }
            KeyRequest::Sweep(shards) => self.sweep(shards)?,
            KeyRequest::CommitSweep => {
                self.commit_sweep()?;
                KeyReply::Done
            }
            KeyRequest::TlsSign(message) => KeyReply::Bytes(self.secrets.tls.sign(&message)),
            KeyRequest::OpenPart(sealed) => {
                KeyReply::Bytes(wrap::open_part(&self.secrets.airgap, &sealed).map_err(failed)?)
            }
            KeyRequest::KemId => KeyReply::KeyId(self.secrets.kem.public().id()),
        })
    }

    /// INVARIANT: what is recorded in the anchor is a chain of heads, each consistent with the
    /// one before; nothing is signed that is not recorded.
    fn sign_checkpoint(
        &mut self,
        origin: String,
        size: u64,
        root: Digest,
        consistency: &[Digest],
        at: Timestamp,
    ) -> Result<Vec<u8>, KeyError> {
        if let Some((signed, old_root)) = self.anchor.last_signed() {
            let extends = match size.cmp(&signed) {
                std::cmp::Ordering::Less => false,
                std::cmp::Ordering::Equal => root == old_root,
                std::cmp::Ordering::Greater => {
                    signed == 0
                        || proof::verify_consistency(signed, &old_root, size, &root, consistency)
                            .is_ok()
                }
            };
            if !extends {
                return Err(KeyError::Rollback { asked: size, signed });
            }
        }
        if self.anchor.last_signed() != Some((size, root)) {
            self.anchor.record(size, root).map_err(|e| KeyError::Anchor(e.0))?;
        }
        let checkpoint = Checkpoint { origin, size, root };
        checkpoint::sign(&self.secrets.log, &checkpoint, at).map(String::into_bytes).map_err(failed)
    }

    fn out(&self, wc: WrapContextId) -> Result<&Wck, KeyError> {
        self.out.get(&wc).ok_or(KeyError::Unknown("the wrap context"))
    }

    fn open_link(
        &mut self,
        src: NodeId,
        dst: NodeId,
        kem: &[u8],
        epoch: u64,
        at: Timestamp,
    ) -> Result<KeyReply, KeyError> {
        let public = KemPublic::from_raw(kem).map_err(failed)?;
        let kem_key = public.id();
        let info = wrap::wrap_info(src, dst, &kem_key, epoch);
        let (enc, wck) =
            wrap::setup_sender(&public, &info, self.entropy.as_mut()).map_err(failed)?;
        let id = wrap::wrap_context_id(0, &info, &enc);
        self.out.insert(id, wck);
        let context = WrapContext {
            kind: 0,
            info,
            enc,
            kem_key,
            not_before: at,
            not_after: at.plus_millis(LINK_MILLIS),
        };
        Ok(KeyReply::Link(id, context))
    }

    fn accept_link(&mut self, context: &WrapContext) -> Result<(), KeyError> {
        let id = wrap::wrap_context_id(context.kind, &context.info, &context.enc);
        if !self.inn.contains_key(&id) {
            // A partner that was away for long has only the key for media left.
            let own = [&self.secrets.kem, &self.secrets.airgap];
            let key = own
                .into_iter()
                .find(|key| key.public().id() == context.kem_key)
                .ok_or(KeyError::Unknown("the KEM key that the wrap context was made for"))?;
            let wck = wrap::setup_receiver(key, &context.info, &context.enc).map_err(failed)?;
            if self.inn.len() >= LINKS_MAX {
                self.inn.pop_first();
            }
            self.inn.insert(id, wck);
        }
        Ok(())
    }

    fn wrap(
        &self,
        target: &Target,
        oid: &ObjectId,
        body: &entente_model::BodyDigest,
        dek: &Secret,
    ) -> Result<[u8; 48], KeyError> {
        Ok(self.out(target.wc)?.wrap(target.dst.as_bytes(), oid, body, &target.wc, dek))
    }

    /// Seals a body key for the vault, making the shard's key if it is the first in its shard.
    fn vault_key(&mut self, oid: &ObjectId, dek: &Secret, new: &mut Shards) -> Vec<u8> {
        let shard = shard_of(oid);
        if !self.shards.contains_key(&shard) {
            let kek = Secret::random(self.entropy.as_mut());
            if let Some(epoch) = self.secrets.epochs.last() {
                let sealed = seal_dek(epoch, &shard_name(shard), &kek, self.entropy.as_mut());
                new.push((shard, sealed));
            }
            self.shards.insert(shard, kek);
        }
        match self.shards.get(&shard) {
            Some(kek) => seal_dek(kek, oid, dek, self.entropy.as_mut()),
            None => Vec::new(),
        }
    }

    fn seal(&mut self, jobs: Vec<SealJob>) -> Result<KeyReply, KeyError> {
        let mut shards = Shards::new();
        let mut sealed = Vec::with_capacity(jobs.len());
        for job in jobs {
            let keep = matches!(job.plain, Plain::Object(..));
            let body = match job.plain {
                Plain::Object(manifest, payload) => {
                    envelope::seal_object(&manifest, &payload, self.entropy.as_mut())
                }
                Plain::Control(control) => envelope::seal_control(
                    &ControlItem::from_bytes(&control).map_err(failed)?,
                    self.entropy.as_mut(),
                ),
            }
            .map_err(failed)?;
            let vault_key =
                if keep { self.vault_key(&body.oid, &body.dek, &mut shards) } else { Vec::new() };
            let wraps = job
                .targets
                .iter()
                .map(|t| self.wrap(t, &body.oid, &body.body, &body.dek))
                .collect::<Result<_, _>>()?;
            sealed.push(SealedJob {
                oid: body.oid,
                body: body.body,
                ct: body.ct,
                vault_key,
                wraps,
            });
        }
        Ok(KeyReply::Sealed(sealed, shards))
    }

    fn open(&mut self, batch: &OpenBatch) -> Result<KeyReply, KeyError> {
        for context in &batch.contexts {
            self.accept_link(context)?;
        }
        let terms = batch.terms.iter().map(|job| self.open_terms(job)).collect();
        let mut shards = Shards::new();
        let bodies = batch
            .bodies
            .iter()
            .map(|job| self.open_one(job, &mut shards).unwrap_or_else(OpenedJob::Fault))
            .collect();
        Ok(KeyReply::Opened(OpenedBatch { terms, bodies }, shards))
    }

    fn open_terms(&self, job: &TermsJob) -> Option<Terms> {
        let Target { dst, wc } = job.target;
        let wck = self.inn.get(&wc)?;
        wck.open_terms(dst.as_bytes(), &job.digest, &wc, &job.sealed).ok()
    }

    fn open_one(&mut self, job: &OpenJob, shards: &mut Shards) -> Result<OpenedJob, OpenFault> {
        let wck = self.inn.get(&job.wc).ok_or(OpenFault::WrapContext)?;
        let dek = wck
            .unwrap(job.dst.as_bytes(), &job.oid, &job.body, &job.wc, &job.wrapped)
            .map_err(|_| OpenFault::Decrypt)?;
        match envelope::open_body(&dek, &job.oid, &job.body, &job.ct).map_err(|e| open_fault(&e))? {
            Opened::Object { manifest, .. } => {
                let key = self.vault_key(&job.oid, &dek, shards);
                Ok(OpenedJob::Object(Box::new(manifest), key))
            }
            Opened::Control(control) => Ok(OpenedJob::Control(control.to_bytes())),
        }
    }

    fn dek(&self, oid: &ObjectId, vault_key: &[u8]) -> Result<Secret, KeyError> {
        let kek = self.shards.get(&shard_of(oid)).ok_or(KeyError::Unknown("the shard's key"))?;
        open_dek(kek, oid, vault_key).map_err(failed)
    }

    fn read(&self, job: &ReadJob) -> Option<(entente_model::Manifest, Vec<u8>)> {
        let dek = self.dek(&job.oid, &job.vault_key).ok()?;
        match envelope::open_body(&dek, &job.oid, &job.body, &job.ct).ok()? {
            Opened::Object { manifest, payload, .. } => Some((manifest, payload)),
            Opened::Control(_) => None,
        }
    }

    fn load_shards(&mut self, shards: &Shards) -> Result<(), KeyError> {
        let mut loaded = HashMap::with_capacity(shards.len());
        for (shard, sealed) in shards {
            // After a crash in mid-sweep there are two epoch keys, and each shard key is under
            // one of them.
            let kek = self
                .secrets
                .epochs
                .iter()
                .rev()
                .find_map(|epoch| open_dek(epoch, &shard_name(*shard), sealed).ok())
                .ok_or(KeyError::Unknown("the epoch key of the vault"))?;
            loaded.insert(*shard, kek);
        }
        self.shards = loaded;
        Ok(())
    }

    fn sweep(&mut self, dirty: Vec<(u16, VaultKeys)>) -> Result<KeyReply, KeyError> {
        let epoch = Secret::random(self.entropy.as_mut());
        let mut renewed = Vec::new();
        let mut keys = Vec::new();
        let names: BTreeSet<u16> = dirty.iter().map(|(shard, _)| *shard).collect();
        for (shard, survivors) in dirty {
            let kek = Secret::random(self.entropy.as_mut());
            for (oid, sealed) in survivors {
                let dek = self.dek(&oid, &sealed)?;
                keys.push((oid, seal_dek(&kek, &oid, &dek, self.entropy.as_mut())));
            }
            renewed.push((shard, kek));
        }
        let mut shards = Shards::new();
        for (shard, kek) in &renewed {
            shards
                .push((*shard, seal_dek(&epoch, &shard_name(*shard), kek, self.entropy.as_mut())));
        }
        for (shard, kek) in self.shards.iter().filter(|(shard, _)| !names.contains(shard)) {
            shards
                .push((*shard, seal_dek(&epoch, &shard_name(*shard), kek, self.entropy.as_mut())));
        }
        shards.sort_unstable_by_key(|(shard, _)| *shard);
        let mut both: Vec<Secret> = self.secrets.epochs.iter().map(Secret::duplicate).collect();
        both.push(epoch.duplicate());
        self.anchor.replace_epochs(&both).map_err(|e| KeyError::Anchor(e.0))?;
        self.secrets.epochs = both;
        self.pending = Some((epoch, renewed));
        Ok(KeyReply::Swept(shards, keys))
    }

    fn commit_sweep(&mut self) -> Result<(), KeyError> {
        let Some((epoch, renewed)) = self.pending.take() else {
            return Err(KeyError::Unknown("the sweep"));
        };
        let only = vec![epoch];
        self.anchor.replace_epochs(&only).map_err(|e| KeyError::Anchor(e.0))?;
        self.secrets.epochs = only;
        self.shards.extend(renewed);
        Ok(())
    }
}

const fn open_fault(error: &OpenError) -> OpenFault {
    match error {
        OpenError::Digest | OpenError::TooLong { .. } => OpenFault::Digest,
        OpenError::Decrypt(_) => OpenFault::Decrypt,
        OpenError::Layout { .. } | OpenError::Content(_) | OpenError::Oid | OpenError::Payload => {
            OpenFault::Oid
        }
    }
}
