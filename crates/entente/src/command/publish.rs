//! `entente publish`: gives intelligence a label and sends it to whom it may go.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use entente_law::{Schemes, parse_facts};
use serde_json::{Value, json};

use crate::config::Config;
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, count, flag, id, list, number, text};

use super::{Run, input};

/// Publish files under a label, to every partner that may have them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente publish event.json --label \"SERVICE//REL TO ESM5\" --purpose cyber_defence \\
      --dry-run --as ana
  entente publish report.md --label RESERVED --facts report.facts.toml --purpose cyber_defence \\
      --tear-line for-partners.txt --tear-line-label \"SERVICE//REL TO ESM5\" --as ana
  entente publish track.nmea --label SERVICE --purpose maritime_security --to XBR/COAST-WATCH \\
      --facts track.facts.toml --precedence priority --as ana

A STIX bundle is published object by object, a MISP event as one. Other files are recognised by
their content or need --media-type. The dry run says who would receive what, and why.")]
pub struct PublishArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The label: marking and controls (docs/guides/labels.md)
    #[arg(long)]
    label: String,
    /// The purpose that the release serves, in the words of the agreement
    #[arg(long)]
    purpose: String,
    /// What else the rules ask about: portions, persons, provenance (docs/guides/labels.md)
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Only to this nation, or this body of it; may be repeated
    #[arg(long, value_name = "NATION[/BODY]", value_delimiter = ',')]
    to: Vec<String>,
    #[command(flatten)]
    audience: AudienceArgs,
    /// The recipients want it as evidence before a court
    #[arg(long)]
    evidence: bool,
    /// The offence that it is about, as `entente fact` knows it
    #[arg(long, value_name = "NAME")]
    offence: Option<String>,
    /// The emergency that it answers, as it was declared with `entente fact add emergency`
    #[arg(long, value_name = "NAME")]
    emergency: Option<String>,
    /// How urgent it is
    #[arg(long, value_name = "WORD", value_parser = ["flash", "immediate", "priority", "routine"])]
    precedence: Option<String>,
    /// Say who would receive it and why, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave out what cannot be read in a file, and publish the rest of it
    #[arg(long)]
    take_rest: bool,
    /// The files are documents of this media type
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    /// An object of ours that this replaces; may be repeated
    #[arg(long, value_name = "OBJECT")]
    supersedes: Vec<String>,
    /// A text written for release, for those to whom the report itself does not go
    #[arg(long, value_name = "FILE", requires = "tear_line_label")]
    tear_line: Option<PathBuf>,
    /// The label of the tear-line
    #[arg(long, value_name = "LABEL", requires = "tear_line")]
    tear_line_label: Option<String>,
    /// What the rules ask about the tear-line, if the report holds what it could have taken over
    #[arg(long, value_name = "FILE", requires = "tear_line")]
    tear_line_facts: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

/// For whom it is meant, besides whom `--to` names.
#[derive(Debug, Args)]
struct AudienceArgs {
    /// Never to this nation, whoever else gets it; may be repeated
    #[arg(long, value_name = "NATION", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Only to those whom standing rules name (docs/guides/standing-rules.md)
    #[arg(long, conflicts_with_all = ["to", "no_standing"])]
    standing: bool,
    /// Standing rules add nobody
    #[arg(long)]
    no_standing: bool,
}

impl Run for PublishArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let mut texts = Vec::new();
        for path in [&self.facts, &self.tear_line_facts] {
            let Some(path) = path else {
                texts.push(None);
                continue;
            };
            let facts = input::text(path)?;
            if let Err(problems) = check_facts(&facts, &desk.folder().config()?) {
                return input::problems(path, &problems, output);
            }
            texts.push(Some(facts));
        }
        let tear_line_facts = texts.pop().flatten();
        let facts = texts.pop().flatten();
        let tear_line = match &self.tear_line {
            None => None,
            Some(path) => Some(json!({
                "file": { "name": name(path), "content": input::base64(&input::bytes(path)?) },
                "label": self.tear_line_label,
                "facts": tear_line_facts,
            })),
        };
        let files = self
            .files
            .iter()
            .map(|path| {
                Ok(json!({
                    "name": name(path),
                    "content": input::base64(&input::bytes(path)?),
                    "media_type": self.media_type,
                }))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let request = json!({
            "files": files,
            "label": self.label,
            "purpose": self.purpose,
            "facts": facts,
            "to": self.to,
            "exclude": self.audience.exclude,
            "standing": match (self.audience.standing, self.audience.no_standing) {
                (true, _) => "alone",
                (_, true) => "none",
                _ => "add",
            },
            "evidence": self.evidence,
            "offence": self.offence,
            "emergency": self.emergency,
            "precedence": self.precedence,
            "dry_run": self.dry_run,
            "take_rest": self.take_rest,
            "supersedes": self.supersedes,
            "tear_line": tear_line,
        });
        let answer = desk.call("publish", &request)?;
        output.report(&Answer::new(answer, published))?;
        Ok(Exit::Done)
    }
}

/// The file's name, by which its kind may be known.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Checks facts before they are sent, since only here is their file known.
fn check_facts(text: &str, config: &Config) -> Result<(), entente_law::Problems> {
    match Schemes::builtin().get(config.nation.as_str()) {
        Ok(scheme) => parse_facts(text, scheme).map(|_| ()),
        // The node knows, and says so.
        Err(_) => Ok(()),
    }
}

fn published(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let dry = flag(answer, "dry_run");
    for refused in list(answer, "refused") {
        let (file, place) = (text(refused, "file"), text(refused, "place"));
        writeln!(page, "left out: {file}, {place}: {}", text(refused, "problem"))?;
    }
    for finding in list(answer, "findings") {
        writeln!(page, "note: {}", crate::page::clean(finding.as_str().unwrap_or_default()))?;
    }
    let pieces = count(number(answer, "pieces"), "object");
    let done = if dry { "would be published" } else { "published" };
    writeln!(page, "{pieces} {done} under {}", text(answer, "label"))?;
    let waits = text(answer, "waits");
    if !waits.is_empty() {
        writeln!(page, "note: nothing leaves yet: the node {waits}")?;
    }
    for one in list(answer, "verdicts") {
        writeln!(page)?;
        verdict(one, page)?;
    }
    let objects = list(answer, "objects");
    if !objects.is_empty() {
        writeln!(page)?;
    }
    for object in objects.iter().take(OBJECTS_SHOWN) {
        let title = text(object, "title");
        writeln!(page, "object {}  {}  {title}", id(object, "object"), text(object, "type"))?;
    }
    for made in list(answer, "made").iter().take(OBJECTS_SHOWN) {
        let (form, of) = (form(made), id(made, "of"));
        writeln!(page, "object {}  {form} of {of}", id(made, "object"))?;
    }
    if objects.len() > OBJECTS_SHOWN {
        let more = objects.len() - OBJECTS_SHOWN;
        writeln!(page, "and {more} more: see `entente objects list`")?;
    }
    Ok(())
}

/// A feed has thousands.
const OBJECTS_SHOWN: usize = 20;

/// Who may have what kind of object, nation by nation, and why.
pub(super) fn verdict(verdict: &Value, page: &mut dyn Write) -> fmt::Result {
    let pieces = count(number(verdict, "pieces"), "object");
    match form(verdict) {
        form if form.is_empty() => writeln!(page, "{pieces} of type {}", text(verdict, "type"))?,
        form => writeln!(page, "{pieces} of type {}: the {form}", text(verdict, "type"))?,
    }
    for note in list(verdict, "notes") {
        writeln!(page, "  note: {}", crate::page::clean(note.as_str().unwrap_or_default()))?;
    }
    let nations = list(verdict, "nations");
    if nations.is_empty() {
        writeln!(page, "  there is no partner that it could go to")?;
    }
    for nation in nations {
        let to = match text(nation, "body") {
            body if body.is_empty() => text(nation, "nation"),
            body => format!("{}/{body}", text(nation, "nation")),
        };
        let codes = text(nation, "reason_codes");
        let codes = if codes.is_empty() { codes } else { format!("  ({codes})") };
        writeln!(page, "  {:<10} {to:<24} {}{codes}", word(nation), text(nation, "clauses"))?;
        let explanation: Vec<String> = list(nation, "explanation")
            .iter()
            .map(|sentence| crate::page::clean(sentence.as_str().unwrap_or_default()))
            .collect();
        for sentence in &explanation {
            writeln!(page, "  {:<10} {sentence}", "")?;
        }
        let shown = [("obligations", "under"), ("refer_to", "asks"), ("rule", "by the rule")];
        for (name, heading) in shown {
            let what = text(nation, name);
            // The explanation says it as a rule.
            if !what.is_empty() && !explanation.iter().any(|s| s.contains(&what)) {
                writeln!(page, "  {:<10} {heading}: {what}", "")?;
            }
        }
    }
    Ok(())
}

/// How something relates to what was given; empty if it is that.
pub(super) fn form(of: &Value) -> String {
    match text(of, "form").as_str() {
        "variant" => format!("variant without {}", text(of, "cut")),
        "tear_line" => "tear-line".to_owned(),
        _ => String::new(),
    }
}

/// What becomes of it towards one nation.
fn word(nation: &Value) -> &'static str {
    match text(nation, "decision").as_str() {
        _ if flag(nation, "goes") => "goes",
        "refer" => "must ask",
        "permit" | "permit_modified" => "held back",
        _ => "refused",
    }
}
