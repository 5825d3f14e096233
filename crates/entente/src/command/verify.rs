//! `entente verify`: what an evidence file proves, checked without a node and without a network.

use std::fmt::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use entente_exchange::card::{Card, SpokenId};
use entente_exchange::evidence::{Addressee, EvidenceFile, FILE_BYTES_MAX, Party, Proven, Said};
use entente_law::print_label;
use entente_model::item::{EffectStatus, NackCode};
use entente_model::{Clock as _, NationId, Timestamp};
use serde_json::{Value, json};

use crate::ambient::SystemClock;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, clean, list, text};

use super::{Run, input};

/// Say what an evidence file proves; needs no node and no network
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente verify event.tlog-proof --card xar.card
  entente verify event.tlog-proof --nation-id 7f3c…e2

The file is one that `entente ledger prove` wrote, anywhere. Everything in it is checked against the
id of the nation whose ledger it is from. That id must come to you by another way than the file: on
the nation's card, or as its 64 digits. Without it the file is checked in itself, and the id is shown
to be compared. A file that was changed in any bit ends with exit code 1 and the reason.")]
pub struct VerifyArgs {
    /// The evidence file
    file: PathBuf,
    /// The introduction card of the nation whose ledger it is, in a file
    #[arg(long, value_name = "FILE", conflicts_with = "nation_id")]
    card: Option<PathBuf>,
    /// The id of the nation whose ledger it is: 64 hexadecimal digits
    #[arg(long, value_name = "ID")]
    nation_id: Option<String>,
}

impl Run for VerifyArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let nation = self.nation()?;
        let bytes = input::bytes(&self.file)?;
        let shown = self.file.display();
        if bytes.len() > FILE_BYTES_MAX {
            return Err(refused(&anyhow!("{shown} is longer than any evidence file")));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| refused(&anyhow!("{shown} is not an evidence file: it is not text")))?;
        let (file, seal) = EvidenceFile::read(&text)
            .with_context(|| format!("{shown} is not an evidence file, or was changed"))
            .map_err(|error| refused(&error))?;
        let proven = file
            .verify(&seal, nation, now())
            .with_context(|| format!("{shown} proves nothing"))
            .map_err(|error| refused(&error))?;
        output.report(&Answer::new(report(&proven), page))?;
        Ok(Exit::Done)
    }
}

impl VerifyArgs {
    /// The nation that the reader means.
    fn nation(&self) -> Result<Option<NationId>, Failure> {
        if let Some(id) = &self.nation_id {
            let id = id.trim().parse().map_err(|_| {
                Failure::usage(anyhow!(
                    "`{id}` is not a nation's id: use its 64 hexadecimal digits"
                ))
            })?;
            return Ok(Some(id));
        }
        let Some(path) = &self.card else { return Ok(None) };
        card(&input::bytes(path)?).map(Some).ok_or_else(|| {
            Failure::usage(anyhow!(
                "{} is not a nation's card: use the file that `entente card` wrote",
                path.display()
            ))
        })
    }
}

/// The nation of a card, as `entente card` writes it or as people copy it.
fn card(bytes: &[u8]) -> Option<NationId> {
    use entente_model::codec::Wire;
    if let Ok(card) = entente_app::identity::Card::from_bytes(bytes) {
        return card.check(now()).ok().map(|chain| chain.nation());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse::<Card>().ok().map(|card| card.nation)
}

/// A file that does not convince, with the whole reason in one sentence.
fn refused(error: &anyhow::Error) -> Failure {
    Failure::failed(anyhow!("{error:#}"))
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| "an unknown time".to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn named(party: &Party) -> String {
    format!("{} ({})", party.code, party.name)
}

fn addressee(to: &Addressee) -> String {
    match to {
        Addressee::Known(party) => named(party),
        Addressee::Unknown(node) => format!("the node {}", node.short()),
    }
}

/// What is proved, in sentences.
fn proved(proven: &Proven) -> Vec<String> {
    let by = named(&proven.by);
    let to = addressee(&proven.to);
    let entry = format!(
        "entry {} of its ledger {}, which it signed at {} entries with an Ed25519 and an ML-DSA-44 \
         signature",
        proven.index, proven.checkpoint.origin, proven.checkpoint.size
    );
    let mut all = Vec::new();
    match &proven.said {
        Said::Release => all.push(format!(
            "{by} released object {} to {to}, as item {} of lane {}: {entry}.",
            proven.link.oid,
            proven.link.seq,
            proven.link.lane.as_str()
        )),
        Said::Receipt(receipt) => {
            all.push(format!(
                "{by} acknowledged to {to} everything in lane {} up to item {}: {entry}.",
                receipt.lane.as_str(),
                receipt.upto
            ));
            if let Some(release) = &proven.release {
                let excepted = receipt.dispositions.iter().find(|(seq, _)| *seq == release.link.seq);
                all.push(match excepted {
                    None => format!(
                        "Among it is object {}, which it took in.",
                        release.link.oid
                    ),
                    Some((_, code)) => format!(
                        "Among it is object {}, which it did not take in ({}).",
                        release.link.oid,
                        NackCode::from_code(*code)
                            .map_or_else(|| format!("code {code}"), |c| c.says().to_owned())
                    ),
                });
            }
        }
        Said::Effect(effect) => all.push(format!(
            "{by} answered the recall of object {} by {to}: {}, at {}, in backups at {}, by its own \
             clock: {entry}.",
            effect.oid,
            status(effect.status),
            moment(effect.live_at),
            moment(effect.backup_at)
        )),
    }
    all.extend(grounds(proven));
    for witness in &proven.witnesses {
        all.push(format!(
            "{}, nation {}, witnessed that state of the ledger at {}, by its own clock.",
            named(&witness.by),
            witness.by.nation,
            moment(witness.at)
        ));
    }
    all
}

/// What stands behind it: the release that was answered, its basis and terms, and the object.
fn grounds(proven: &Proven) -> Vec<String> {
    let by = named(&proven.by);
    let mut all = Vec::new();
    if let Some(release) = &proven.release {
        all.push(format!(
            "{} had released it to {by} as item {} of lane {}: entry {} of the ledger {}.",
            named(&release.by),
            release.link.seq,
            release.link.lane.as_str(),
            release.index,
            release.checkpoint.origin
        ));
    }
    if let Some(basis) = proven.basis.as_ref().filter(|b| !b.agreements.is_empty()) {
        let ids: Vec<String> = basis.agreements.iter().map(ToString::to_string).collect();
        all.push(format!(
            "The basis of the release is the agreement {}, under the policy {}.",
            ids.join(" and "),
            basis.policy_epoch
        ));
    }
    if let Some(terms) = &proven.terms {
        let obliges = if terms.obligations.is_empty() {
            "nothing beyond the label".to_owned()
        } else {
            terms.obligations.join(", ")
        };
        all.push(format!(
            "The terms given are those of {}; they oblige to: {obliges}.",
            terms.clauses.join(", ")
        ));
    }
    if let Some(manifest) = &proven.manifest {
        all.push(format!(
            "The object is of type {}, made at {} by nation {}, with the label {}.",
            manifest.facts.object_type,
            moment(manifest.created_at),
            manifest.nation,
            print_label(&manifest.label)
        ));
    }
    if let Some(bytes) = proven.content_bytes {
        all.push(format!("The {bytes} bytes of content in the file are the object's."));
    }
    all
}

const fn status(status: EffectStatus) -> &'static str {
    match status {
        EffectStatus::Erased => "its keys are destroyed",
        EffectStatus::Retracted => "it is hidden or kept with a banner",
        EffectStatus::NeverHeld => "it was never held",
        EffectStatus::LegalHold => "a court order keeps it",
        EffectStatus::Refused => "refused",
    }
}

/// What is not proved, in sentences.
fn not_proved(proven: &Proven) -> Vec<String> {
    let mut all = Vec::new();
    if !proven.is_anchored {
        let words = SpokenId::of(&proven.by.nation).words().join(" ");
        all.push(format!(
            "That this is really {}: compare the id {} with its card, or say its words: {words}.",
            named(&proven.by),
            proven.by.nation
        ));
    }
    if let Addressee::Unknown(node) = &proven.to {
        all.push(format!("Which nation the node {node} belongs to: the file does not show it."));
    }
    match &proven.said {
        Said::Release => all.push(
            "That it arrived, or was read: only its receiver's own ledger says so.".to_owned(),
        ),
        Said::Receipt(_) if proven.release.is_none() => {
            all.push("Which objects it covers: the file holds no release.".to_owned());
        }
        Said::Receipt(_) => all.push("That anyone read it.".to_owned()),
        Said::Effect(_) => {
            all.push(
                "That nobody had copied it before: the answer is the holder's word.".to_owned(),
            );
        }
    }
    if proven.witnesses.is_empty() {
        all.push(
            "When it was, by anyone else's clock: no witness cosigned that state of the ledger."
                .to_owned(),
        );
    } else {
        all.push(
            "That the witnesses are who their codes say: compare the ids of those you rely on."
                .to_owned(),
        );
    }
    if proven.unknown_lines > 0 {
        all.push(format!(
            "What {} further signature lines are worth: their keys are not in the file.",
            proven.unknown_lines
        ));
    }
    if proven.manifest.is_none() {
        all.push("What the object says, and its label: they are not in the file.".to_owned());
    } else if proven.content_bytes.is_none() {
        all.push("What the object says: its content is not in the file.".to_owned());
    }
    if proven.by.is_revoked {
        all.push(format!(
            "That the node could be trusted: {} has revoked it since.",
            proven.by.code
        ));
    }
    all.push(
        "That no other state of the ledger exists: that is for those who watch it.".to_owned(),
    );
    all
}

fn party(party: &Party) -> Value {
    json!({
        "nation": party.code.to_string(),
        "name": party.name,
        "nation_id": party.nation.to_string(),
        "node_id": party.node.to_string(),
        "revoked": party.is_revoked,
    })
}

fn report(proven: &Proven) -> Value {
    let to = match &proven.to {
        Addressee::Known(to) => party(to),
        Addressee::Unknown(node) => json!({ "node_id": node.to_string() }),
    };
    let (kind, object) = match &proven.said {
        Said::Release => ("release", Some(proven.link.oid)),
        Said::Receipt(_) => ("receipt", proven.release.as_ref().map(|r| r.link.oid)),
        Said::Effect(effect) => ("recall", Some(effect.oid)),
    };
    let witnesses: Vec<Value> = proven
        .witnesses
        .iter()
        .map(|w| json!({ "witness": party(&w.by), "at": moment(w.at) }))
        .collect();
    let agreements: Vec<String> =
        proven.basis.iter().flat_map(|b| &b.agreements).map(ToString::to_string).collect();
    json!({
        "proves": kind,
        "object": object.map(|o| o.to_string()),
        "by": party(&proven.by),
        "anchored": proven.is_anchored,
        "to": to,
        "ledger": {
            "origin": proven.checkpoint.origin,
            "entry": proven.index,
            "size": proven.checkpoint.size,
            "root": proven.checkpoint.root.to_string(),
        },
        "lane": proven.link.lane.as_str(),
        "seq": proven.link.seq,
        "agreements": agreements,
        "policy_epoch": proven.basis.as_ref().map(|b| b.policy_epoch.to_string()),
        "clauses": proven.terms.as_ref().map(|t| t.clauses.clone()),
        "obligations": proven.terms.as_ref().map(|t| t.obligations.clone()),
        "label": proven.manifest.as_ref().map(|m| print_label(&m.label)),
        "content_bytes": proven.content_bytes,
        "witnesses": witnesses,
        "proved": proved(proven),
        "not_proved": not_proved(proven),
    })
}

fn page(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(
        page,
        "PROVED by the ledger of {}",
        text(answer.get("by").unwrap_or(answer), "nation")
    )?;
    for sentence in list(answer, "proved") {
        writeln!(page, "  {}", clean(sentence.as_str().unwrap_or_default()))?;
    }
    writeln!(page, "NOT PROVED")?;
    for sentence in list(answer, "not_proved") {
        writeln!(page, "  {}", clean(sentence.as_str().unwrap_or_default()))?;
    }
    Ok(())
}
