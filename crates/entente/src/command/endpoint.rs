//! `entente endpoint`: where partners are reached.

use clap::{Args, Subcommand};
use entente_model::NationCode;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, text, text_or};

use super::Run;

/// Set where a partner is reached
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente endpoint set XBR https://10.1.2.3:7101 --as sena")]
pub struct EndpointArgs {
    #[command(subcommand)]
    command: EndpointCommand,
}

#[derive(Debug, Subcommand)]
enum EndpointCommand {
    Set(SetArgs),
}

/// Set where a partner is reached, over what it says of itself
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente endpoint set XBR https://10.1.2.3:7101 --as sena\n  \
                        entente endpoint set XEL media-only --as sena\n  \
                        entente endpoint set XBR default --as sena")]
struct SetArgs {
    /// The partner
    nation: NationCode,
    /// https://HOST:PORT; media-only, to be reached by files only; default, as it says itself
    #[arg(value_name = "URL|media-only|default")]
    endpoint: String,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for EndpointArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let EndpointCommand::Set(SetArgs { nation, endpoint, person }) = self.command;
        let endpoint = (endpoint != "default").then_some(endpoint);
        let request = json!({ "nation": nation.to_string(), "endpoint": endpoint });
        let answer = person.desk()?.call("endpoint.set", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let where_to = text_or(answer, "endpoint", "where it says itself");
            writeln!(page, "{} is reached at: {where_to}", text(answer, "nation"))
        }))?;
        Ok(Exit::Done)
    }
}
