//! `entente person`: the persons of a node.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_app::people::Role;
use serde_json::{Value, json};

use crate::files;
use crate::local::{PEOPLE, PersonArgs, credential_file, write_credential};
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, list, moment, put, text};

use super::Run;

/// Add persons, list them, and give them links to the pages
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person add eva --role analyst --body CERT-A \
                        --clearance SECRET-A --as anna")]
pub struct PersonCommandArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    Add(AddArgs),
    List(ListArgs),
    Link(LinkArgs),
}

/// Add a person and write their credential to a file
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person add eva --role analyst --body CERT-A \
                        --clearance SECRET-A --as anna")]
struct AddArgs {
    /// The person's name
    name: String,
    /// What they may do; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',', required = true)]
    role: Vec<Role>,
    /// The body that they act for; without it the node's usual one
    #[arg(long, default_value = "", hide_default_value = true)]
    body: String,
    /// The highest marking that they may read; without it what is not classified
    #[arg(long, value_name = "MARKING", default_value = "", hide_default_value = true)]
    clearance: String,
    /// Where to write their credential; without it people/ in the node's folder
    #[arg(long, value_name = "FILE")]
    credential_to: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

/// List the persons and their roles
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person list --as anna")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Make a link that signs a person in to the pages once
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person link --as anna\n  \
                        entente person link eva --as anna")]
struct LinkArgs {
    /// For whom; without it for oneself
    name: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for PersonCommandArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            PersonCommand::Add(args) => args.run(output),
            PersonCommand::List(args) => args.run(output),
            PersonCommand::Link(args) => args.run(output),
        }
    }
}

impl Run for AddArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let file = if let Some(file) = self.credential_to {
            file
        } else {
            let people = desk.folder().path().join(PEOPLE);
            files::private_folder(&people).map_err(Failure::failed)?;
            credential_file(desk.folder().path(), &self.name)
        };
        let roles: Vec<&str> = self.role.iter().map(|role| role.as_str()).collect();
        let mut answer = desk.call(
            "person.add",
            &json!({
                "name": self.name,
                "roles": roles,
                "body": self.body,
                "clearance": self.clearance,
            }),
        )?;
        // The credential is shown if there is no other way to hand it over: it is nowhere else.
        let credential = text(&answer, "credential");
        match write_credential(&file, &credential) {
            Ok(()) => put(&mut answer, "credential", file),
            Err(error) => output.progress(&format!("{error}; the credential is shown instead")),
        }
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "{} is added", text(answer, "person"))?;
            writeln!(page, "  credential  {}", text(answer, "credential"))
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("person.list", &json!({}))?;
        output.report(&Answer::new(answer, people))?;
        Ok(Exit::Done)
    }
}

fn people(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["person", "roles", "body", "cleared up to", "since", "status"]);
    for person in list(answer, "people") {
        table.row([
            text(person, "person"),
            text(person, "roles"),
            text(person, "body"),
            text(person, "clearance"),
            moment(person, "since"),
            if flag(person, "active") { "active" } else { "left" }.to_owned(),
        ]);
    }
    table.write(page, "there are no persons")
}

impl Run for LinkArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let config = desk.folder().config()?;
        let mut answer = desk.call("person.link", &json!({ "person": self.name }))?;
        let secret = text(&answer, "link");
        let origin = config.web.origin();
        put(&mut answer, "url", format!("{origin}/sign-in?link={secret}"));
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "{}", text(answer, "url"))?;
            let person = text(answer, "person");
            writeln!(page, "signs {person} in once, within a quarter of an hour")
        }))?;
        Ok(Exit::Done)
    }
}
