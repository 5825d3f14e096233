//! A key process and its anchor in memory, with faults, and watched: what was signed and sealed
//! is written down, so that the invariants can be checked against all of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entente_app::keys::{
    Anchor, AnchorError, KeyError, KeyReply, KeyRequest, KeySecrets, Keyring, Keys,
};
use entente_model::{BodyDigest, Digest, Entropy, ObjectId, WrapContextId};
use entente_seal::secret::Secret;

use crate::fate::Fate;

/// What the key process keeps on a device of its own. Clones share the device.
#[derive(Clone)]
pub struct Device(Arc<Mutex<DeviceState>>, Arc<Fate>);

#[derive(Default)]
struct DeviceState {
    signed: Option<(u64, Digest)>,
    epochs: Vec<Secret>,
}

impl Device {
    /// A new device.
    pub fn new(fate: Arc<Fate>) -> Self {
        Self(Arc::default(), fate)
    }

    fn state(&self) -> MutexGuard<'_, DeviceState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vault's epoch keys; empty if they were never replaced.
    pub fn epochs(&self) -> Vec<Secret> {
        self.state().epochs.iter().map(Secret::duplicate).collect()
    }

    /// A copy that goes its own way, for a machine that was copied with its device.
    #[must_use]
    pub fn copied(&self) -> Self {
        let epochs = self.epochs();
        let copy = DeviceState { signed: self.state().signed, epochs };
        Self(Arc::new(Mutex::new(copy)), Arc::clone(&self.1))
    }

    /// The same device, seen by a machine with its own fate.
    #[must_use]
    pub fn shared_with(&self, fate: Arc<Fate>) -> Self {
        Self(Arc::clone(&self.0), fate)
    }

    fn works(&self, place: &'static str) -> Result<(), AnchorError> {
        if self.1.anchor_is_down() {
            return Err(AnchorError("the device does not answer".to_owned()));
        }
        self.1.pass(place).map_err(|_| AnchorError("the machine died".to_owned()))
    }
}

impl Anchor for Device {
    fn last_signed(&self) -> Option<(u64, Digest)> {
        self.state().signed
    }

    fn record(&mut self, size: u64, root: Digest) -> Result<(), AnchorError> {
        self.works("before the anchor's record")?;
        self.state().signed = Some((size, root));
        self.works("after the anchor's record")
    }

    fn replace_epochs(&mut self, epochs: &[Secret]) -> Result<(), AnchorError> {
        self.works("before the epoch keys")?;
        self.state().epochs = epochs.iter().map(Secret::duplicate).collect();
        self.works("after the epoch keys")
    }
}

/// Everything that one nation's key processes ever signed, sealed and wrapped.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Checkpoints: size and root, in order, with every repetition.
    pub signed: Vec<(u64, Digest)>,
    /// Sealed bodies by the part of them that fixes key and nonces.
    pub headers: BTreeMap<Vec<u8>, BodyDigest>,
    /// Wrapped keys by all that fixes the wrapping key.
    pub wraps: BTreeMap<(WrapContextId, [u8; 32], ObjectId, BodyDigest), [u8; 48]>,
    /// What broke a promise, at the moment it happened.
    pub broken: Vec<String>,
}

/// What was seen, shared with every process of the nation.
pub type SharedSeen = Arc<Mutex<Seen>>;

/// A key process that is watched.
pub struct WatchedKeys {
    keyring: Keyring,
    fate: Arc<Fate>,
    seen: SharedSeen,
}

/// How many bytes of a sealed body come before its first chunk: a random salt and the key
/// commitment, which fix the keys and nonces of all its chunks.
const HEADER_BYTES: usize = 56;

impl WatchedKeys {
    /// Starts the key process of a machine.
    pub fn start(
        secrets: &[u8],
        device: &Device,
        entropy: Box<dyn Entropy>,
        fate: Arc<Fate>,
        seen: SharedSeen,
    ) -> Result<Self, KeyError> {
        let mut secrets = KeySecrets::from_bytes(secrets)?;
        let epochs = device.epochs();
        if !epochs.is_empty() {
            secrets.set_epochs(&epochs);
        }
        Ok(Self { keyring: Keyring::new(secrets, Box::new(device.clone()), entropy), fate, seen })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// I3 and I12, at the moment of signing and sealing.
    fn note(&self, asked: &KeyRequest, reply: &KeyReply) {
        match (asked, reply) {
            (KeyRequest::SignCheckpoint { size, root, .. }, KeyReply::Bytes(_)) => {
                self.seen().sign(*size, *root);
            }
            (KeyRequest::Seal(jobs), KeyReply::Sealed(sealed, _)) => {
                let mut seen = self.seen();
                for (job, sealed) in jobs.iter().zip(sealed) {
                    let header = sealed.ct.get(..HEADER_BYTES).unwrap_or(&sealed.ct).to_vec();
                    if let Some(other) = seen.headers.insert(header, sealed.body)
                        && other != sealed.body
                    {
                        seen.broken.push(format!(
                            "I12: bodies {other} and {} share a key and a nonce",
                            sealed.body
                        ));
                    }
                    for (target, wrap) in job.targets.iter().zip(&sealed.wraps) {
                        let place = (target.wc, *target.dst.as_bytes(), sealed.oid, sealed.body);
                        seen.wrap(place, *wrap);
                    }
                }
            }
            (KeyRequest::Rewrap(job, targets), KeyReply::Wraps(wraps)) => {
                let mut seen = self.seen();
                for (target, wrap) in targets.iter().zip(wraps) {
                    let place = (target.wc, *target.dst.as_bytes(), job.oid, job.body);
                    seen.wrap(place, *wrap);
                }
            }
            _ => {}
        }
    }
}

impl Seen {
    fn sign(&mut self, size: u64, root: Digest) {
        if let Some((_, other)) = self.signed.iter().find(|(s, r)| *s == size && *r != root) {
            self.broken.push(format!("I3: size {size} was signed with roots {other} and {root}"));
        }
        self.signed.push((size, root));
    }

    fn wrap(&mut self, place: (WrapContextId, [u8; 32], ObjectId, BodyDigest), wrapped: [u8; 48]) {
        if let Some(other) = self.wraps.insert(place, wrapped)
            && other != wrapped
        {
            self.broken.push(format!("I12: two keys were wrapped under one key for {}", place.2));
        }
    }
}

impl Keys for WatchedKeys {
    fn call(&self, request: KeyRequest) -> Result<KeyReply, KeyError> {
        let down = || KeyError::Unreachable("the machine died".to_owned());
        if self.fate.keys_are_down() {
            return Err(KeyError::Unreachable("it was stopped".to_owned()));
        }
        self.fate.pass("before a key call").map_err(|_| down())?;
        let reply = self.keyring.call(request.clone())?;
        self.note(&request, &reply);
        self.fate.pass("after a key call").map_err(|_| down())?;
        Ok(reply)
    }
}
