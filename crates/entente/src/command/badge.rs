//! `entente person badge`: what other authorities know persons by.

use std::fmt::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use entente_model::Timestamp;
use serde_json::{Value, json};

use crate::certificate;
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, id, list, moment, text};

use super::{Run, approval};

/// Put on record what an identity provider or a card knows a person by, list it, or remove it
///
/// With a badge a person signs in to the pages on another authority's word, to read and to work.
/// What decides is signed for with a passkey all the same.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person badge add eva --subject 248289761001 \
                        --why \"joins the watch\" --as sena")]
pub(super) struct BadgeArgs {
    #[command(subcommand)]
    command: BadgeCommand,
}

#[derive(Debug, Subcommand)]
enum BadgeCommand {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
}

/// Put a person's badge on record
///
/// Nobody does so for themselves. It takes two persons for someone whose office decides.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person badge add eva --subject 248289761001 \
                        --why \"joins the watch\" --as sena\n  \
                        entente person badge add eva --certificate eva.pem \
                        --why \"has a card\" --as sena")]
struct AddArgs {
    /// The person's name
    name: String,
    /// What the identity provider names the person by
    #[arg(long, value_name = "SUBJECT", required_unless_present = "certificate")]
    subject: Option<String>,
    /// The provider's issuer; without it the one in the node's configuration
    #[arg(long, value_name = "ISSUER", requires = "subject")]
    issuer: Option<String>,
    /// The certificate of the person's card, in PEM or DER
    #[arg(long, value_name = "FILE", conflicts_with = "subject")]
    certificate: Option<PathBuf>,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// List badges
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person badge list --as sena\n  \
                        entente person badge list eva --as eva")]
struct ListArgs {
    /// Whose; without it everyone's
    name: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Remove a badge, and end the sessions that badges of this person opened
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person badge remove eva 5f3a1c0e \
                        --why \"lost the card\" --as sena")]
struct RemoveArgs {
    /// The person's name
    name: String,
    /// The badge whose number begins so
    badge: String,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for BadgeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            BadgeCommand::Add(args) => args.run(output),
            BadgeCommand::List(args) => args.run(output),
            BadgeCommand::Remove(args) => args.run(output),
        }
    }
}

impl Run for AddArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let request = if let Some(file) = self.certificate {
            let card = certificate::read(&file)?;
            json!({
                "name": self.name,
                "key": card.spki_sha256.to_string(),
                "until": card.ends.map(Timestamp::millis),
                "why": self.why,
            })
        } else {
            let issuer = match self.issuer {
                Some(issuer) => issuer,
                None => {
                    desk.folder().config()?.provider.map(|setup| setup.issuer).ok_or_else(|| {
                        anyhow!(
                            "this node has no identity provider: expected [people.oidc] in its \
                             configuration, or --issuer"
                        )
                    })?
                }
            };
            json!({
                "name": self.name, "issuer": issuer, "subject": self.subject, "why": self.why,
            })
        };
        let answer = desk.call("person.add-badge", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("the badge of {} is on record", text(answer, "person"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("person.badges", &json!({ "name": self.name }))?;
        output.report(&Answer::new(answer, badges))?;
        Ok(Exit::Done)
    }
}

fn badges(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["badge", "person", "kind", "issuer", "subject", "since", "until"]);
    for badge in list(answer, "badges") {
        table.row([
            id(badge, "badge"),
            text(badge, "person"),
            text(badge, "kind"),
            text(badge, "issuer"),
            text(badge, "subject"),
            moment(badge, "since"),
            moment(badge, "until"),
        ]);
    }
    table.write(page, "there are no badges")
}

impl Run for RemoveArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "name": self.name, "badge": self.badge, "why": self.why });
        let answer = self.person.desk()?.call("person.remove-badge", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let (badge, person) = (text(answer, "removed"), text(answer, "person"));
            writeln!(page, "the badge {badge} of {person} is removed")
        }))?;
        Ok(Exit::Done)
    }
}
