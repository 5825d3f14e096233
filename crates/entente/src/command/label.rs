//! `entente label`: what a label means, in its own scheme and in others'.

mod banner;
mod convert;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use entente_law::confidentiality::to_4774;
use entente_law::{
    Scheme, Schemes, canonical, day_start, level, parse_marking, print_banner, print_in_document,
    print_portion_mark,
};
use entente_model::{Clock, ControlKind, Label, Timestamp};
use serde_json::{Value, json};

use crate::ambient::SystemClock;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, list, text};

use super::Run;
use super::scheme::WithArgs;

/// Read labels, compute banners, and convert labels between schemes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente label parse \"(TS//SI//OC/NF)\" --scheme USA")]
pub struct LabelArgs {
    #[command(subcommand)]
    command: LabelCommand,
}

#[derive(Debug, Subcommand)]
enum LabelCommand {
    Parse(ParseArgs),
    Banner(banner::BannerArgs),
    Convert(convert::ConvertArgs),
}

/// Say what a banner or portion mark means, and its canonical forms
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente label parse \"SECRET//REL TO USA, GBR\" --scheme USA\n\n\
                        Without --scheme the only owner that has such a marking is taken."
)]
struct ParseArgs {
    /// The label
    text: String,
    /// Whose words it is written in
    #[arg(long, value_name = "CODE")]
    scheme: Option<String>,
    /// The banner of its document, for a portion that writes REL alone
    #[arg(long, value_name = "TEXT")]
    banner: Option<String>,
    #[command(flatten)]
    on: OnArgs,
    #[command(flatten)]
    with: WithArgs,
}

/// The day of a document.
#[derive(Debug, Args)]
struct OnArgs {
    /// The day of the document; today if it is left out
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<Timestamp>,
}

fn day(text: &str) -> Result<Timestamp, String> {
    day_start(text).ok_or_else(|| "expected a day such as 2026-11-25".to_owned())
}

impl OnArgs {
    fn day(&self) -> Timestamp {
        self.on.unwrap_or_else(|| SystemClock.now())
    }
}

impl Run for LabelArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            LabelCommand::Parse(args) => args.run(output),
            LabelCommand::Banner(args) => args.run(output),
            LabelCommand::Convert(args) => args.run(output),
        }
    }
}

/// A failure of a label, with the label and a mark under the place.
fn wrong(text: &str, error: &entente_law::LabelError) -> Failure {
    Failure::usage(anyhow!("`{text}`, {error}"))
}

/// The scheme that is asked for, or the only one in whose words the text is written.
fn scheme_of<'a>(
    all: &'a Schemes,
    asked: Option<&str>,
    text: &str,
    on: Timestamp,
) -> Result<&'a Scheme, Failure> {
    if let Some(code) = asked {
        return all.get(code).map_err(Failure::usage);
    }
    let reads = |s: &&Scheme| parse_marking(text, s, all, None, on).is_ok();
    let fitting: Vec<&Scheme> = all.iter().filter(reads).collect();
    match fitting.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage(anyhow!("`{text}` is no label of any scheme that is known here"))
            .hint("name the owner with --scheme, and the error says what is wrong and where")),
        _ => {
            let codes: Vec<&str> = fitting.iter().map(|s| s.owner()).collect();
            Err(Failure::usage(anyhow!(
                "`{text}` may be a label of {}; the same words mean different levels there",
                codes.join(", ")
            ))
            .hint("say whose it is with --scheme"))
        }
    }
}

const fn kind(kind: ControlKind) -> &'static str {
    match kind {
        ControlKind::Permissive => "permissive",
        ControlKind::Restrictive => "restrictive",
        ControlKind::Informative => "informative",
    }
}

/// A label as programs get it.
fn label_json(label: &Label, all: &Schemes) -> Value {
    let controls: Vec<Value> = label
        .controls
        .iter()
        .map(|c| json!({ "control": c.tag, "kind": kind(c.kind), "values": c.values }))
        .collect();
    let forms = all.get(&label.policy).ok().map(|scheme| {
        let languages: serde_json::Map<String, Value> = scheme
            .spelt(&label.marking, Some(label.created))
            .map(|spelt| spelt.level.words.clone())
            .unwrap_or_default()
            .into_iter()
            .map(|(language, word)| (language, json!(word)))
            .collect();
        (
            print_banner(label, scheme),
            print_portion_mark(label, scheme, None),
            languages,
            spelt_note(label, scheme),
        )
    });
    let (banner, portion, languages, level_id) = forms.unwrap_or_default();
    json!({
        "scheme": label.policy,
        "marking": label.marking,
        "level": level_id,
        "class": level::name(label.class),
        "controls": controls,
        "banner": banner,
        "portion": portion,
        "languages": languages,
    })
}

fn spelt_note(label: &Label, scheme: &Scheme) -> String {
    scheme
        .spelt(&label.marking, Some(label.created))
        .map(|spelt| spelt.level.id.clone())
        .unwrap_or_default()
}

/// The label as STANAG 4774 has it, for programs; why not, if it cannot be mapped.
fn stanag(label: &Label, all: &Schemes) -> Value {
    match to_4774(label, all) {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(mapped) => {
            let categories: Vec<Value> = mapped
                .label
                .categories
                .iter()
                .map(|c| json!({ "tag": c.tag_name, "type": kind(c.kind), "values": c.values }))
                .collect();
            json!({
                "policy": mapped.label.policy,
                "classification": mapped.label.classification,
                "categories": categories,
                "losses": mapped.losses,
            })
        }
    }
}

impl Run for ParseArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let all = self.with.schemes()?;
        let on = self.on.day();
        let scheme = scheme_of(&all, self.scheme.as_deref(), &self.text, on)?;
        let banner = match &self.banner {
            Some(text) => Some(
                parse_marking(text, scheme, &all, None, on).map_err(|e| wrong(text, &e))?.label,
            ),
            None => None,
        };
        let read = parse_marking(&self.text, scheme, &all, banner.as_ref(), on)
            .map_err(|e| wrong(&self.text, &e))?;
        let own = all.get(&read.label.policy).map_err(Failure::usage)?;
        let label = canonical(&read.label, own);
        let mut value = label_json(&label, &all);
        let in_document = (own.owner() != scheme.owner())
            .then(|| print_in_document(&label, scheme, &all))
            .flatten();
        crate::page::put(&mut value, "in_document", in_document);
        crate::page::put(&mut value, "findings", &read.findings);
        crate::page::put(&mut value, "stanag4774", stanag(&label, &all));
        output.report(&Answer::new(value, |value, page| {
            write_label(value, page)?;
            let document = text(value, "in_document");
            if !document.is_empty() {
                writeln!(page, "in document   {document}")?;
            }
            if let Some(stanag) = value.get("stanag4774") {
                let classification = text(stanag, "classification");
                writeln!(page, "STANAG 4774   {}: {classification}", text(stanag, "policy"))?;
                for one in list(stanag, "categories") {
                    let (tag, values) = (text(one, "tag"), text(one, "values"));
                    writeln!(page, "              {} {tag}: {values}", text(one, "type"))?;
                }
                for loss in list(stanag, "losses") {
                    writeln!(page, "loss          {}", plain(loss))?;
                }
            }
            for finding in list(value, "findings") {
                writeln!(page, "note          {}", plain(finding))?;
            }
            Ok(())
        }))?;
        Ok(Exit::Done)
    }
}

/// An element of a list of sentences.
fn plain(value: &Value) -> String {
    crate::page::clean(value.as_str().unwrap_or_default())
}

/// A label's lines.
fn write_label(value: &Value, page: &mut dyn std::fmt::Write) -> std::fmt::Result {
    writeln!(page, "scheme        {}", text(value, "scheme"))?;
    writeln!(page, "level         {} ({})", text(value, "marking"), text(value, "class"))?;
    writeln!(page, "banner        {}", text(value, "banner"))?;
    writeln!(page, "portion       {}", text(value, "portion"))?;
    if let Some(languages) = value.get("languages").and_then(Value::as_object)
        && languages.len() > 1
    {
        for (language, word) in languages {
            writeln!(page, "in {language:<10} {}", plain(word))?;
        }
    }
    for one in list(value, "controls") {
        let what = format!("{} {}", text(one, "control"), text(one, "values"));
        writeln!(page, "{:<13} {}", text(one, "kind"), what.trim_end())?;
    }
    Ok(())
}
