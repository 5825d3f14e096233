//! Requests to the key process and its replies, as they cross the process boundary.

use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::item::WrapContext;
use entente_model::{Digest, KeyId, Manifest, NodeId, Terms, Timestamp, WrapContextId};

use super::{
    Content, KeyError, OpenBatch, OpenFault, OpenJob, OpenedBatch, OpenedJob, Plain, PublicKeys,
    ReadJob, SealJob, SealedJob, Shards, Target, TermsJob, VaultKeys,
};

/// What the key process can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each request is documented at the method that sends it")]
pub enum KeyRequest {
    Public,
    SignCheckpoint {
        origin: String,
        size: u64,
        root: Digest,
        consistency: Vec<Digest>,
        at: Timestamp,
    },
    LastSigned,
    Cosign {
        witness: String,
        origin: String,
        size: u64,
        root: Digest,
        at: Timestamp,
    },
    SignStatement {
        ty: String,
        payload: Vec<u8>,
    },
    OpenLink {
        src: NodeId,
        dst: NodeId,
        kem: Vec<u8>,
        epoch: u64,
        at: Timestamp,
    },
    Seal(Vec<SealJob>),
    SealTerms(Target, Terms),
    Open(OpenBatch),
    Read(Vec<ReadJob>),
    Rewrap(ReadJob, Vec<Target>),
    LoadShards(Shards),
    Sweep(Vec<(u16, VaultKeys)>),
    CommitSweep,
    TlsSign(Vec<u8>),
    OpenPart(Vec<u8>),
    KemId,
}

/// What the key process answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each reply is documented at the method that returns it")]
pub enum KeyReply {
    Failed(KeyError),
    Done,
    Bytes(Vec<u8>),
    Public(PublicKeys),
    Signed(Option<(u64, Digest)>),
    Link(WrapContextId, WrapContext),
    Sealed(Vec<SealedJob>, Shards),
    SealedTerms(Digest, Vec<u8>),
    Opened(OpenedBatch, Shards),
    Content(Vec<Content>),
    Wraps(Vec<[u8; 48]>),
    Swept(Shards, VaultKeys),
    KeyId(KeyId),
}

/// One message may not be longer than this: a full batch of the largest bodies.
const BYTES_MAX: usize = 64 << 20;

fn write_target(w: &mut Writer, target: &Target) {
    w.array(2).value(&target.dst).value(&target.wc);
}

fn read_target(r: &mut Reader<'_>) -> Result<Target, WireError> {
    r.record(2, |r| Ok(Target { dst: r.value()?, wc: r.value()? }))
}

fn write_shards(w: &mut Writer, shards: &Shards) {
    w.list(shards, |w, (shard, key)| {
        w.array(2).uint((*shard).into()).bytes(key);
    });
}

fn read_shard(r: &mut Reader<'_>) -> Result<u16, WireError> {
    let fault = r.fault(WireFault::Range { what: "the shard" });
    u16::try_from(r.uint()?).map_err(|_| fault)
}

fn read_shards(r: &mut Reader<'_>) -> Result<Shards, WireError> {
    r.list(|r| r.record(2, |r| Ok((read_shard(r)?, r.bytes()?.to_vec()))))
}

fn write_keys(w: &mut Writer, keys: &VaultKeys) {
    w.list(keys, |w, (oid, key)| {
        w.array(2).value(oid).bytes(key);
    });
}

fn read_keys(r: &mut Reader<'_>) -> Result<VaultKeys, WireError> {
    r.list(|r| r.record(2, |r| Ok((r.value()?, r.bytes()?.to_vec()))))
}

fn write_read_job(w: &mut Writer, job: &ReadJob) {
    w.array(4).value(&job.oid).value(&job.body).bytes(&job.vault_key).bytes(&job.ct);
}

fn read_read_job(r: &mut Reader<'_>) -> Result<ReadJob, WireError> {
    r.record(4, |r| {
        Ok(ReadJob {
            oid: r.value()?,
            body: r.value()?,
            vault_key: r.bytes()?.to_vec(),
            ct: r.bytes()?.to_vec(),
        })
    })
}

impl Wire for KeyRequest {
    const NAME: &'static str = "key request";
    const BYTES_MAX: usize = BYTES_MAX;

    fn write(&self, w: &mut Writer) {
        w.array(2);
        match self {
            Self::Public => {
                w.uint(0).null();
            }
            Self::SignCheckpoint { origin, size, root, consistency, at } => {
                w.uint(1).array(5).text(origin).uint(*size).value(root);
                w.list(consistency, |w, d| d.write(w)).value(at);
            }
            Self::LastSigned => {
                w.uint(2).null();
            }
            Self::Cosign { witness, origin, size, root, at } => {
                w.uint(3).array(5).text(witness).text(origin).uint(*size).value(root).value(at);
            }
            Self::SignStatement { ty, payload } => {
                w.uint(4).array(2).text(ty).bytes(payload);
            }
            Self::OpenLink { src, dst, kem, epoch, at } => {
                w.uint(5).array(5).value(src).value(dst).bytes(kem).uint(*epoch).value(at);
            }
            Self::Seal(jobs) => {
                w.uint(6).list(jobs, |w, job| {
                    w.array(3);
                    match &job.plain {
                        Plain::Object(manifest, payload) => {
                            w.value(&**manifest).bytes(payload);
                        }
                        Plain::Control(control) => {
                            w.null().bytes(control);
                        }
                    }
                    w.list(&job.targets, write_target);
                });
            }
            Self::SealTerms(target, terms) => {
                w.uint(7).array(2);
                write_target(w, target);
                w.value(terms);
            }
            Self::Open(batch) => {
                w.uint(8).array(3).list(&batch.contexts, |w, context| {
                    w.value(context);
                });
                w.list(&batch.terms, |w, job| {
                    w.array(3);
                    write_target(w, &job.target);
                    w.value(&job.digest).bytes(&job.sealed);
                });
                w.list(&batch.bodies, |w, job| {
                    w.array(6).value(&job.wc).value(&job.dst).value(&job.oid).value(&job.body);
                    w.bytes(&job.wrapped).bytes(&job.ct);
                });
            }
            Self::Read(jobs) => {
                w.uint(9).list(jobs, write_read_job);
            }
            Self::Rewrap(job, targets) => {
                w.uint(10).array(2);
                write_read_job(w, job);
                w.list(targets, write_target);
            }
            Self::LoadShards(shards) => {
                w.uint(11);
                write_shards(w, shards);
            }
            Self::Sweep(shards) => {
                w.uint(12).list(shards, |w, (shard, keys)| {
                    w.array(2).uint((*shard).into());
                    write_keys(w, keys);
                });
            }
            Self::CommitSweep => {
                w.uint(13).null();
            }
            Self::TlsSign(message) => {
                w.uint(14).bytes(message);
            }
            Self::OpenPart(sealed) => {
                w.uint(15).bytes(sealed);
            }
            Self::KemId => {
                w.uint(16).null();
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            let fault = r.fault(WireFault::Range { what: "the request" });
            Ok(match r.uint()? {
                0 => nothing(r, Self::Public)?,
                1 => r.record(5, |r| {
                    Ok(Self::SignCheckpoint {
                        origin: r.text()?.to_owned(),
                        size: r.uint()?,
                        root: r.value()?,
                        consistency: r.list(Reader::value)?,
                        at: r.value()?,
                    })
                })?,
                2 => nothing(r, Self::LastSigned)?,
                3 => r.record(5, |r| {
                    Ok(Self::Cosign {
                        witness: r.text()?.to_owned(),
                        origin: r.text()?.to_owned(),
                        size: r.uint()?,
                        root: r.value()?,
                        at: r.value()?,
                    })
                })?,
                4 => r.record(2, |r| {
                    Ok(Self::SignStatement {
                        ty: r.text()?.to_owned(),
                        payload: r.bytes()?.to_vec(),
                    })
                })?,
                5 => r.record(5, |r| {
                    Ok(Self::OpenLink {
                        src: r.value()?,
                        dst: r.value()?,
                        kem: r.bytes()?.to_vec(),
                        epoch: r.uint()?,
                        at: r.value()?,
                    })
                })?,
                6 => Self::Seal(r.list(|r| {
                    r.record(3, |r| {
                        let manifest: Option<Manifest> = r.optional(Reader::value)?;
                        let bytes = r.bytes()?.to_vec();
                        let plain = match manifest {
                            Some(manifest) => Plain::Object(Box::new(manifest), bytes),
                            None => Plain::Control(bytes),
                        };
                        Ok(SealJob { plain, targets: r.list(read_target)? })
                    })
                })?),
                7 => r.record(2, |r| Ok(Self::SealTerms(read_target(r)?, r.value()?)))?,
                8 => Self::Open(r.record(3, |r| {
                    Ok(OpenBatch {
                        contexts: r.list(Reader::value)?,
                        terms: r.list(|r| {
                            r.record(3, |r| {
                                Ok(TermsJob {
                                    target: read_target(r)?,
                                    digest: r.value()?,
                                    sealed: r.bytes()?.to_vec(),
                                })
                            })
                        })?,
                        bodies: r.list(|r| {
                            r.record(6, |r| {
                                Ok(OpenJob {
                                    wc: r.value()?,
                                    dst: r.value()?,
                                    oid: r.value()?,
                                    body: r.value()?,
                                    wrapped: r.fixed()?,
                                    ct: r.bytes()?.to_vec(),
                                })
                            })
                        })?,
                    })
                })?),
                9 => Self::Read(r.list(read_read_job)?),
                10 => r.record(2, |r| Ok(Self::Rewrap(read_read_job(r)?, r.list(read_target)?)))?,
                11 => Self::LoadShards(read_shards(r)?),
                12 => {
                    Self::Sweep(r.list(|r| r.record(2, |r| Ok((read_shard(r)?, read_keys(r)?))))?)
                }
                13 => nothing(r, Self::CommitSweep)?,
                14 => Self::TlsSign(r.bytes()?.to_vec()),
                15 => Self::OpenPart(r.bytes()?.to_vec()),
                16 => nothing(r, Self::KemId)?,
                _ => return Err(fault),
            })
        })
    }
}

/// A message without content.
fn nothing<T>(r: &mut Reader<'_>, value: T) -> Result<T, WireError> {
    let fault = r.fault(WireFault::Expected { expected: "null" });
    if r.optional(|_| Ok(()))?.is_some() { Err(fault) } else { Ok(value) }
}

impl Wire for KeyReply {
    const NAME: &'static str = "key reply";
    const BYTES_MAX: usize = BYTES_MAX;

    fn write(&self, w: &mut Writer) {
        w.array(2);
        match self {
            Self::Failed(error) => {
                w.uint(0);
                write_error(w, error);
            }
            Self::Done => {
                w.uint(1).null();
            }
            Self::Bytes(bytes) => {
                w.uint(2).bytes(bytes);
            }
            Self::Public(keys) => {
                w.uint(3).array(7).bytes(&keys.authority).bytes(&keys.log).bytes(&keys.witness);
                w.bytes(&keys.kem).bytes(&keys.airgap).bytes(&keys.certificate).value(&keys.spki);
            }
            Self::Signed(head) => {
                w.uint(4).optional(head.as_ref(), |w, (size, root)| {
                    w.array(2).uint(*size).value(root);
                });
            }
            Self::Link(id, context) => {
                w.uint(5).array(2).value(id).value(context);
            }
            Self::Sealed(sealed, shards) => {
                w.uint(6).array(2).list(sealed, |w, s| {
                    w.array(5).value(&s.oid).value(&s.body).bytes(&s.ct).bytes(&s.vault_key);
                    write_wraps(w, &s.wraps);
                });
                write_shards(w, shards);
            }
            Self::SealedTerms(digest, sealed) => {
                w.uint(7).array(2).value(digest).bytes(sealed);
            }
            Self::Opened(opened, shards) => {
                w.uint(8).array(3).list(&opened.terms, |w, terms| {
                    w.optional(terms.as_ref(), |w, terms| terms.write(w));
                });
                w.list(&opened.bodies, |w, job| {
                    w.array(2);
                    match job {
                        OpenedJob::Fault(fault) => {
                            w.uint(*fault as u64).null();
                        }
                        OpenedJob::Object(manifest, key) => {
                            w.value(&**manifest).bytes(key);
                        }
                        OpenedJob::Control(payload) => {
                            w.null().bytes(payload);
                        }
                    }
                });
                write_shards(w, shards);
            }
            Self::Content(content) => {
                w.uint(9).list(content, |w, item| {
                    w.optional(item.as_ref(), |w, (manifest, payload)| {
                        w.array(2).value(manifest).bytes(payload);
                    });
                });
            }
            Self::Wraps(wraps) => {
                w.uint(10);
                write_wraps(w, wraps);
            }
            Self::Swept(shards, keys) => {
                w.uint(11).array(2);
                write_shards(w, shards);
                write_keys(w, keys);
            }
            Self::KeyId(id) => {
                w.uint(12).value(id);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            let fault = r.fault(WireFault::Range { what: "the reply" });
            Ok(match r.uint()? {
                0 => Self::Failed(read_error(r)?),
                1 => nothing(r, Self::Done)?,
                2 => Self::Bytes(r.bytes()?.to_vec()),
                3 => r.record(7, |r| {
                    Ok(Self::Public(PublicKeys {
                        authority: r.bytes()?.to_vec(),
                        log: r.bytes()?.to_vec(),
                        witness: r.bytes()?.to_vec(),
                        kem: r.bytes()?.to_vec(),
                        airgap: r.bytes()?.to_vec(),
                        certificate: r.bytes()?.to_vec(),
                        spki: r.value()?,
                    }))
                })?,
                4 => Self::Signed(r.optional(|r| r.record(2, |r| Ok((r.uint()?, r.value()?))))?),
                5 => r.record(2, |r| Ok(Self::Link(r.value()?, r.value()?)))?,
                6 => r.record(2, |r| {
                    let sealed = r.list(|r| {
                        r.record(5, |r| {
                            Ok(SealedJob {
                                oid: r.value()?,
                                body: r.value()?,
                                ct: r.bytes()?.to_vec(),
                                vault_key: r.bytes()?.to_vec(),
                                wraps: r.list(Reader::fixed)?,
                            })
                        })
                    })?;
                    Ok(Self::Sealed(sealed, read_shards(r)?))
                })?,
                7 => r.record(2, |r| Ok(Self::SealedTerms(r.value()?, r.bytes()?.to_vec())))?,
                8 => r.record(3, |r| {
                    let terms = r.list(|r| r.optional(Reader::value))?;
                    let bodies = r.list(|r| r.record(2, read_opened))?;
                    Ok(Self::Opened(OpenedBatch { terms, bodies }, read_shards(r)?))
                })?,
                9 => Self::Content(r.list(|r| {
                    r.optional(|r| r.record(2, |r| Ok((r.value()?, r.bytes()?.to_vec()))))
                })?),
                10 => Self::Wraps(r.list(Reader::fixed)?),
                11 => r.record(2, |r| Ok(Self::Swept(read_shards(r)?, read_keys(r)?)))?,
                12 => Self::KeyId(r.value()?),
                _ => return Err(fault),
            })
        })
    }
}

fn write_wraps(w: &mut Writer, wraps: &[[u8; 48]]) {
    w.list(wraps, |w, wrap| {
        w.bytes(wrap);
    });
}

/// A fault has a number, an object a manifest, a control item null.
fn read_opened(r: &mut Reader<'_>) -> Result<OpenedJob, WireError> {
    let start = r.position();
    let first = r.any()?;
    let fault = WireError::new(start, WireFault::Range { what: "the fault" });
    Ok(match first.first().map(|b| b >> 5) {
        Some(0) => {
            let fault = match first {
                [0] => OpenFault::WrapContext,
                [1] => OpenFault::Digest,
                [2] => OpenFault::Decrypt,
                [3] => OpenFault::Oid,
                _ => return Err(fault),
            };
            nothing(r, OpenedJob::Fault(fault))?
        }
        Some(5) => OpenedJob::Object(Box::new(Manifest::from_bytes(first)?), r.bytes()?.to_vec()),
        Some(7) => OpenedJob::Control(r.bytes()?.to_vec()),
        _ => return Err(fault),
    })
}

fn write_error(w: &mut Writer, error: &KeyError) {
    w.array(4);
    let (code, text, a, b) = match error {
        KeyError::Unreachable(text) => (0, text.as_str(), 0, 0),
        KeyError::Rollback { asked, signed } => (1, "", *asked, *signed),
        KeyError::Anchor(text) => (2, text.as_str(), 0, 0),
        KeyError::Unknown(what) => (3, *what, 0, 0),
        KeyError::Failed(text) => (4, text.as_str(), 0, 0),
    };
    w.uint(code).text(text).uint(a).uint(b);
}

fn read_error(r: &mut Reader<'_>) -> Result<KeyError, WireError> {
    r.record(4, |r| {
        let code = r.uint()?;
        let text = r.text()?.to_owned();
        let (asked, signed) = (r.uint()?, r.uint()?);
        Ok(match code {
            0 => KeyError::Unreachable(text),
            1 => KeyError::Rollback { asked, signed },
            2 => KeyError::Anchor(text),
            // The words for what is unknown are fixed in the key process, not here.
            3 => KeyError::Failed(format!("{text} is not known to the key process")),
            _ => KeyError::Failed(text),
        })
    })
}
