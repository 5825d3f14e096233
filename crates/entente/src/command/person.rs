//! `entente person`: the persons of a node.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_app::people::Role;
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::files;
use crate::local::{PEOPLE, PersonArgs, credential_file, renew_credential, write_credential};
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, count, flag, id, list, moment, number, put, text};

use super::badge::BadgeArgs;
use super::{Run, approval};

/// Add persons, show and change them, and give them credentials and links to the pages
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person add eva --role analyst --body CERT-A \
                        --clearance SECRET-A --as sena")]
pub struct PersonCommandArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    Add(AddArgs),
    List(ListArgs),
    Show(ShowArgs),
    Change(ChangeArgs),
    Deactivate(DeactivateArgs),
    Reactivate(ReactivateArgs),
    Credential(CredentialArgs),
    Link(LinkArgs),
    Sessions(SessionsArgs),
    Passkeys(PasskeysArgs),
    Badge(BadgeArgs),
    Code(CodeArgs),
    Review(ReviewArgs),
}

/// Add a person and write their credential to a file
///
/// An office that decides (release-officer, security-officer, legal-adviser, overseer) is given by
/// two persons, and counts for approvals a day later.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person add eva --role analyst --body CERT-A \
                        --clearance SECRET-A --as sena\n  \
                        entente person add feed --role analyst --service --owner eva \
                        --until 2027-06-30 --as sena\n\n\
                        An office that decides needs a second person, who repeats the command.")]
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
    /// The desk within the body
    #[arg(long, default_value = "", hide_default_value = true)]
    desk: String,
    /// The nation whose national they are, if it is another one; with the role `seat`, the nation
    /// whose liaison officer they are
    #[arg(long, value_name = "CODE")]
    nationality: Option<NationCode>,
    /// A compartment that they are read into; may be repeated
    #[arg(long, value_name = "NAME")]
    read_in: Vec<String>,
    /// This is a program: it reads and writes with a credential that ends, and decides nothing
    #[arg(long, requires_all = ["owner", "until"])]
    service: bool,
    /// The person who answers for the program
    #[arg(long, value_name = "PERSON", requires = "service")]
    owner: Option<String>,
    /// The day or moment at which the program's credential ends
    #[arg(long, value_name = "WHEN", requires = "service")]
    until: Option<String>,
    #[command(flatten)]
    to: CredentialTo,
    #[command(flatten)]
    person: PersonArgs,
}

/// List the persons and their roles
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person list --as sena")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Show what is known of a person
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person show eva --as sena")]
struct ShowArgs {
    /// The person's name
    name: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Change a person's roles, body, desk, clearance, nationality or compartments
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente person change eva --clearance SECRET-A --read-in LANTERN \
                        --why \"joins the watch\" --as sena\n\n\
                        An office that decides needs a second person, who repeats the command."
)]
struct ChangeArgs {
    /// The person's name
    name: String,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    /// A role to give; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    give: Vec<Role>,
    /// A role to take; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    take: Vec<Role>,
    /// Another body
    #[arg(long)]
    body: Option<String>,
    /// Another desk; "" for none
    #[arg(long)]
    desk: Option<String>,
    /// Another clearance; "" for none
    #[arg(long, value_name = "MARKING")]
    clearance: Option<String>,
    /// Another nationality
    #[arg(long, value_name = "CODE")]
    nationality: Option<NationCode>,
    /// A compartment to read them into; may be repeated
    #[arg(long, value_name = "NAME")]
    read_in: Vec<String>,
    /// A compartment to read them out of; may be repeated
    #[arg(long, value_name = "NAME")]
    read_out: Vec<String>,
    /// Of a program: another person who answers for it
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// Of a program: the day or moment at which its next credential ends
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Let a person act no more, and end their credentials and sessions at once
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente person deactivate eva --why \"left the service\" --as sena"
)]
struct DeactivateArgs {
    /// The person's name
    name: String,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Let a person who left act again, with a new credential
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person reactivate eva --why \"is back\" --as sena")]
struct ReactivateArgs {
    /// The person's name
    name: String,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    to: CredentialTo,
    #[command(flatten)]
    person: PersonArgs,
}

/// Renew a person's credential, or withdraw it, and end their sessions
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente person credential eva --why \"lost the laptop\" --as sena\n  \
                        entente person credential eva --withdraw --why stolen --as sena\n\n\
                        Everybody renews their own. For someone whose office decides, a second \
                        person repeats the command."
)]
struct CredentialArgs {
    /// The person's name
    name: String,
    /// Why, for the record; needed for others
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    why: String,
    /// Make no new one
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    to: CredentialTo,
    #[command(flatten)]
    person: PersonArgs,
}

/// Where a new credential goes.
#[derive(Debug, Args)]
struct CredentialTo {
    /// Where to write their credential; without it people/ in the node's folder
    #[arg(long, value_name = "FILE")]
    credential_to: Option<PathBuf>,
}

/// Make a link that signs a person in to the pages once
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person link --as sena\n  \
                        entente person link eva --as sena")]
struct LinkArgs {
    /// For whom; without it for oneself
    name: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// List a person's sessions in browsers, or end them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person sessions --as eva\n  \
                        entente person sessions --end 5f3a1c0e --as eva\n  \
                        entente person sessions eva --end-all --why \"lost the laptop\" --as sena")]
struct SessionsArgs {
    /// Whose; without it one's own
    name: Option<String>,
    /// End the session whose number begins so
    #[arg(long, value_name = "SESSION", conflicts_with = "end_all")]
    end: Option<String>,
    /// End all of them
    #[arg(long)]
    end_all: bool,
    /// Why, for the record; needed to end those of others
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// List a person's passkeys, or remove one
///
/// A passkey is added on the page that opens under one's name, after a sign-in with a link.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person passkeys --as eva\n  \
                        entente person passkeys eva --remove 5f3a1c0e --why \"lost\" --as sena")]
struct PasskeysArgs {
    /// Whose; without it one's own
    name: Option<String>,
    /// Remove the passkey whose number begins so
    #[arg(long, value_name = "PASSKEY")]
    remove: Option<String>,
    /// Why, for the record; needed to remove those of others
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Set up codes of an authenticator app, beside links, or end them
///
/// For persons who have no passkey: once a code was confirmed, a link signs them in with a code only.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person code --set-up --as eva\n  \
                        entente person code --confirm 123456 --as eva\n  \
                        entente person code eva --remove --why \"lost the phone\" --as sena")]
struct CodeArgs {
    /// Whose; without it one's own
    name: Option<String>,
    /// Make a new secret of one's own, and show it once
    #[arg(long, conflicts_with_all = ["confirm", "remove", "name"])]
    set_up: bool,
    /// Confirm it with a code that the app shows
    #[arg(long, value_name = "CODE", conflicts_with_all = ["remove", "name"])]
    confirm: Option<String>,
    /// Ask for no codes any more
    #[arg(long)]
    remove: bool,
    /// Why, for the record; needed to remove those of others
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Review who holds what: list it, and confirm or take it
///
/// Without a name, everyone is listed with what they hold, when they were here last, and when their
/// review is due. With one, a security officer confirms what the person holds, or takes some of it
/// and confirms the rest. Nobody reviews themselves.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente person review --as sena\n  \
                        entente person review eva --why \"still at the watch\" --as sena\n  \
                        entente person review eva --read-out LANTERN --why \"LANTERN ended\" \
                        --as sena")]
struct ReviewArgs {
    /// Whose; without it everyone is listed
    #[arg(requires = "why")]
    name: Option<String>,
    /// Why it is needed, or no longer, for the record
    #[arg(long, value_name = "REASON", requires = "name")]
    why: Option<String>,
    /// A role that is no longer needed; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',', requires = "name")]
    take: Vec<Role>,
    /// A compartment that is no longer needed; may be repeated
    #[arg(long, value_name = "NAME", requires = "name")]
    read_out: Vec<String>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for PersonCommandArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            PersonCommand::Add(args) => args.run(output),
            PersonCommand::List(args) => args.run(output),
            PersonCommand::Show(args) => args.run(output),
            PersonCommand::Change(args) => args.run(output),
            PersonCommand::Deactivate(args) => args.run(output),
            PersonCommand::Reactivate(args) => args.run(output),
            PersonCommand::Credential(args) => args.run(output),
            PersonCommand::Link(args) => args.run(output),
            PersonCommand::Sessions(args) => args.run(output),
            PersonCommand::Passkeys(args) => args.run(output),
            PersonCommand::Badge(args) => args.run(output),
            PersonCommand::Code(args) => args.run(output),
            PersonCommand::Review(args) => args.run(output),
        }
    }
}

/// Asks for something that may make a credential, and writes it to its file.
fn admit(
    output: Output,
    person: &PersonArgs,
    to: CredentialTo,
    name: &str,
    (command, request): (&str, &Value),
    page: fn(&Value, &mut dyn Write) -> fmt::Result,
) -> Result<Exit, Failure> {
    let desk = person.desk()?;
    let file = if let Some(file) = to.credential_to {
        file
    } else {
        let people = desk.folder().path().join(PEOPLE);
        files::private_folder(&people).map_err(Failure::failed)?;
        credential_file(desk.folder().path(), name)
    };
    let mut answer = desk.call(command, request)?;
    let exit = approval::exit(&answer);
    if !answer.get("credential").is_none_or(Value::is_null) {
        // The credential is shown if there is no other way to hand it over: it is nowhere else.
        let credential = text(&answer, "credential");
        let renewed = command != "person.add";
        let written = if renewed { renew_credential } else { write_credential };
        match written(&file, &credential) {
            Ok(()) => put(&mut answer, "credential", file),
            Err(error) => output.progress(&format!("{error}; the credential is shown instead")),
        }
    }
    output.report(&Answer::new(answer, page))?;
    Ok(exit)
}

/// How an act stands, and where the credential is, if there is one.
fn admitted(answer: &Value, done: &str, page: &mut dyn Write) -> fmt::Result {
    approval::write(answer, &format!("{} {done}", text(answer, "person")), page)?;
    match answer.get("credential") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => writeln!(page, "  credential  {}", text(answer, "credential")),
    }
}

impl Run for AddArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let roles: Vec<&str> = self.role.iter().map(|role| role.as_str()).collect();
        let request = json!({
            "name": self.name,
            "roles": roles,
            "body": self.body,
            "desk": self.desk,
            "clearance": self.clearance,
            "nationality": self.nationality.map(|code| code.to_string()),
            "read_ins": self.read_in,
            "owner": self.owner,
            "until": self.until,
        });
        let ask = ("person.add", &request);
        admit(output, &self.person, self.to, &self.name, ask, |answer, page| {
            admitted(answer, "is added", page)
        })
    }
}

impl Run for ShowArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("person.show", &json!({ "name": self.name }))?;
        output.report(&Answer::new(answer, one_person))?;
        Ok(Exit::Done)
    }
}

fn one_person(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let status = if flag(answer, "active") { "active" } else { "left" };
    writeln!(
        page,
        "{} ({status}, here since {})",
        text(answer, "person"),
        moment(answer, "since")
    )?;
    for role in list(answer, "roles_since") {
        writeln!(page, "  {:<17} since {}", text(role, "role"), moment(role, "since"))?;
    }
    for (title, name) in [
        ("body", "body"),
        ("desk", "desk"),
        ("cleared up to", "clearance"),
        ("national of", "nationality"),
        ("read into", "read_ins"),
        ("program of", "owner"),
        ("reviewed by", "reviewed_by"),
    ] {
        let value = text(answer, name);
        if !value.is_empty() {
            writeln!(page, "  {title:<17} {value}")?;
        }
    }
    for (title, name) in [("credential until", "until"), ("reviewed", "reviewed")] {
        let at = moment(answer, name);
        if !at.is_empty() {
            writeln!(page, "  {title:<17} {at}")?;
        }
    }
    Ok(())
}

impl Run for ChangeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let words = |roles: &[Role]| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>();
        let request = json!({
            "name": self.name,
            "why": self.why,
            "give": words(&self.give),
            "take": words(&self.take),
            "body": self.body,
            "desk": self.desk,
            "clearance": self.clearance,
            "nationality": self.nationality.map(|code| code.to_string()),
            "read_in": self.read_in,
            "read_out": self.read_out,
            "owner": self.owner,
            "until": self.until,
        });
        let answer = self.person.desk()?.call("person.change", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| admitted(answer, "is changed", page)))?;
        Ok(exit)
    }
}

impl Run for DeactivateArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "name": self.name, "why": self.why });
        let answer = self.person.desk()?.call("person.deactivate", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            admitted(answer, "may act no more; their credentials and sessions are ended", page)
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ReactivateArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "name": self.name, "why": self.why });
        let ask = ("person.reactivate", &request);
        admit(output, &self.person, self.to, &self.name, ask, |answer, page| {
            admitted(answer, "may act again", page)
        })
    }
}

impl Run for CredentialArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "name": self.name, "why": self.why, "withdraw": self.withdraw });
        let ask = ("person.credential", &request);
        admit(output, &self.person, self.to, &self.name, ask, |answer, page| {
            admitted(answer, "has no other credentials and sessions any more", page)
        })
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
            match (flag(person, "active"), text(person, "owner").as_str()) {
                (false, _) => "left".to_owned(),
                (true, "") => "active".to_owned(),
                (true, owner) => format!("program of {owner}"),
            },
        ]);
    }
    table.write(page, "there are no persons")
}

impl Run for SessionsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        if self.end.is_none() && !self.end_all {
            let answer = desk.call("person.sessions", &json!({ "name": self.name }))?;
            output.report(&Answer::new(answer, sessions))?;
            return Ok(Exit::Done);
        }
        let request = json!({ "name": self.name, "session": self.end, "why": self.why });
        let answer = desk.call("person.end-sessions", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let ended = count(number(answer, "ended"), "session");
            writeln!(page, "{ended} of {} ended", text(answer, "person"))
        }))?;
        Ok(Exit::Done)
    }
}

fn sessions(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table =
        Table::new(["session", "began", "last asked", "ends at", "by", "from", "browser"]);
    for session in list(answer, "sessions") {
        table.row([
            id(session, "session"),
            moment(session, "began"),
            moment(session, "seen"),
            moment(session, "ends"),
            text(session, "how"),
            text(session, "from"),
            text(session, "browser"),
        ]);
    }
    table.write(page, "there are no sessions")
}

impl Run for PasskeysArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let Some(passkey) = self.remove else {
            let answer = desk.call("person.passkeys", &json!({ "name": self.name }))?;
            output.report(&Answer::new(answer, passkeys))?;
            return Ok(Exit::Done);
        };
        let request = json!({ "name": self.name, "passkey": passkey, "why": self.why });
        let answer = desk.call("person.remove-passkey", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let (passkey, person) = (text(answer, "removed"), text(answer, "person"));
            writeln!(page, "the passkey {passkey} of {person} is removed")
        }))?;
        Ok(Exit::Done)
    }
}

fn passkeys(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["passkey", "name", "since", "used"]);
    for passkey in list(answer, "passkeys") {
        table.row([
            id(passkey, "passkey"),
            text(passkey, "name"),
            moment(passkey, "since"),
            moment(passkey, "used"),
        ]);
    }
    table.write(page, "there are no passkeys")
}

impl Run for CodeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        if self.set_up {
            let answer = desk.call("person.set-up-code", &json!({}))?;
            output.report(&Answer::new(answer, |answer, page| {
                writeln!(page, "{}", text(answer, "secret"))?;
                writeln!(page, "{}", text(answer, "address"))?;
                writeln!(page, "give one of these to the app, then confirm a code with --confirm")
            }))?;
            return Ok(Exit::Done);
        }
        let answer = if let Some(code) = self.confirm {
            desk.call("person.confirm-code", &json!({ "code": code }))?
        } else if self.remove {
            desk.call("person.remove-code", &json!({ "name": self.name, "why": self.why }))?
        } else {
            desk.call("person.code", &json!({ "name": self.name }))?
        };
        output.report(&Answer::new(answer, |answer, page| {
            let person = text(answer, "person");
            match text(answer, "code").as_str() {
                "confirmed" => writeln!(page, "a link signs {person} in with a code only"),
                "begun" => writeln!(page, "{person} has set up an app, and no code was seen yet"),
                _ => writeln!(page, "no codes are asked of {person}"),
            }
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ReviewArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let Some(name) = self.name else {
            let answer = desk.call("person.reviews", &json!({}))?;
            output.report(&Answer::new(answer, reviews))?;
            return Ok(Exit::Done);
        };
        let take: Vec<&str> = self.take.iter().map(|role| role.as_str()).collect();
        let request =
            json!({ "name": name, "why": self.why, "take": take, "read_out": self.read_out });
        let answer = desk.call("person.review", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "what {} holds is reviewed", text(answer, "person"))?;
            one_person(answer, page)
        }))?;
        Ok(Exit::Done)
    }
}

fn reviews(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let heading =
        ["person", "roles", "cleared up to", "read into", "signed in", "last asked", "due"];
    let mut table = Table::new(heading);
    for person in list(answer, "people") {
        let due = moment(person, "due");
        let owner = text(person, "owner");
        let name = text(person, "person");
        table.row([
            if owner.is_empty() { name } else { format!("{name} (program of {owner})") },
            text(person, "roles"),
            text(person, "clearance"),
            text(person, "read_ins"),
            moment(person, "signed_in"),
            moment(person, "asked"),
            if flag(person, "overdue") { format!("OVERDUE {due}") } else { due },
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
