//! `entente config`: the configuration.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::Config;
use crate::folder::CONFIG_FILE;
use crate::output::{Exit, Failure, Output, Report};
use crate::secrets::PassphraseSource;

use super::Run;

/// Check the configuration
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente config check /var/lib/entente/entente.toml")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Check(CheckArgs),
}

/// Check a configuration and name the line that is wrong
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente config check /var/lib/entente/entente.toml\n  \
                        entente config check --json")]
struct CheckArgs {
    /// The file, or the folder that it is in
    #[arg(default_value = CONFIG_FILE)]
    file: PathBuf,
}

impl Run for ConfigArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            ConfigCommand::Check(args) => args.run(output),
        }
    }
}

impl Run for CheckArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let file = if self.file.is_dir() { self.file.join(CONFIG_FILE) } else { self.file };
        let config = Config::load(&file)?;
        output.report(&Checked::new(file, config))?;
        Ok(Exit::Done)
    }
}

/// What a correct configuration says.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    file: PathBuf,
    nation: String,
    name: String,
    partner_listen: Vec<SocketAddr>,
    endpoint: Option<String>,
    web_listen: Vec<SocketAddr>,
    web_origin: String,
    database: PathBuf,
    vault: PathBuf,
    keys: PathBuf,
    anchor: PathBuf,
    passphrase: String,
    start_quorum: u16,
}

impl Checked {
    fn new(file: PathBuf, config: Config) -> Self {
        Self {
            ok: true,
            file,
            nation: config.nation.to_string(),
            name: config.name,
            partner_listen: config.partner.listen,
            endpoint: config.partner.endpoint,
            web_origin: config.web.origin(),
            web_listen: config.web.listen,
            database: config.data.database,
            vault: config.data.vault,
            keys: config.keys.file,
            anchor: config.keys.anchor,
            passphrase: match config.keys.passphrase {
                PassphraseSource::File(path) => format!("file {}", path.display()),
                PassphraseSource::Credential(name) => format!("credential {name}"),
                PassphraseSource::Prompt => "prompt".to_owned(),
            },
            start_quorum: config.witness.start_quorum,
        }
    }
}

impl Report for Checked {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        fn list(addresses: &[SocketAddr]) -> String {
            match addresses {
                [] => "nothing".to_owned(),
                some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            }
        }
        writeln!(page, "{} is correct", self.file.display())?;
        writeln!(page, "  nation      {} {}", self.nation, self.name)?;
        writeln!(page, "  partners    listens on {}", list(&self.partner_listen))?;
        writeln!(
            page,
            "  endpoint    {}",
            self.endpoint.as_deref().unwrap_or("cannot be dialled")
        )?;
        writeln!(page, "  pages       {}, listens on {}", self.web_origin, list(&self.web_listen))?;
        writeln!(page, "  database    {}", self.database.display())?;
        writeln!(page, "  vault       {}", self.vault.display())?;
        writeln!(page, "  keys        {}", self.keys.display())?;
        writeln!(page, "  anchor      {}", self.anchor.display())?;
        writeln!(page, "  passphrase  {}", self.passphrase)?;
        writeln!(page, "  witnesses   {} at a start", self.start_quorum)
    }
}
