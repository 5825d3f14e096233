//! The commands, one file each.
//!
//! To add one: write its file, with an [`Args`](clap::Args) struct whose first doc line is its
//! summary, an example in its `after_help`, and [`Run`]; then add its line to the list below.

mod agreement;
mod approval;
mod backup;
mod badge;
mod bench;
mod breach;
mod bundle;
mod card;
mod completions;
mod config;
mod conform;
mod consent;
mod decisions;
mod demo;
mod doctor;
mod endpoint;
mod events;
mod fact;
mod glass;
mod init;
mod input;
mod introduce;
mod keyd;
mod label;
mod law;
mod ledger;
mod lines;
mod objects;
mod oversight;
mod person;
mod publish;
mod recall;
mod receipts;
mod release;
mod rule;
mod scheme;
mod serve;
mod status;
mod suspend;
mod texts;
mod verify;

use clap::Subcommand;

use crate::output::{Exit, Failure, Output};

/// What a command does.
pub trait Run {
    /// Does it, and says how it ended.
    fn run(self, output: Output) -> Result<Exit, Failure>;
}

/// Makes the subcommands and [`GROUPS`], their headings with how many come under each.
macro_rules! commands {
    ($($heading:literal { $($(#[$meta:meta])* $name:ident($args:ty),)* })*) => {
        /// What can be asked on the command line.
        #[derive(Debug, Subcommand)]
        #[expect(missing_docs, reason = "each command is documented in its file")]
        pub enum Command {
            $($($(#[$meta])* $name($args),)*)*
        }

        /// The headings in the overview, in the order of the commands.
        pub const GROUPS: &[(&str, usize)] =
            &[$(($heading, [$(stringify!($name)),*].len())),*];

        impl Run for Command {
            fn run(self, output: Output) -> Result<Exit, Failure> {
                match self {
                    $($(Self::$name(args) => args.run(output),)*)*
                }
            }
        }
    };
}

commands! {
    "Set up a node" {
        Init(init::InitArgs),
        Config(config::ConfigArgs),
        Doctor(doctor::DoctorArgs),
        Backup(backup::BackupArgs),
    }
    "Run" {
        Serve(serve::ServeArgs),
        Demo(demo::DemoArgs),
        Bench(bench::BenchArgs),
    }
    "Persons" {
        Person(person::PersonCommandArgs),
        Approvals(approval::ApprovalsArgs),
    }
    "Partners" {
        Card(card::CardArgs),
        Introduce(introduce::IntroduceArgs),
        Suspend(suspend::SuspendArgs),
        Endpoint(endpoint::EndpointArgs),
        Bundle(bundle::BundleArgs),
    }
    "Agreements and laws" {
        Agreement(agreement::AgreementArgs),
        Law(law::LawArgs),
        Fact(fact::FactArgs),
        Scheme(scheme::SchemeArgs),
        Label(label::LabelArgs),
    }
    "Intelligence" {
        Publish(publish::PublishArgs),
        Objects(objects::ObjectsArgs),
        Decisions(decisions::DecisionsArgs),
        Release(release::ReleaseArgs),
        Rule(rule::RuleArgs),
        Consent(consent::ConsentArgs),
        Receipts(receipts::ReceiptsArgs),
        Recall(recall::RecallArgs),
        Recalls(recall::RecallsArgs),
        Breach(breach::BreachArgs),
        Glass(glass::GlassArgs),
    }
    "Watch and verify" {
        Status(status::StatusArgs),
        Events(events::EventsArgs),
        Ledger(ledger::LedgerArgs),
        Oversight(oversight::OversightArgs),
        Verify(verify::VerifyArgs),
    }
    "This program" {
        Conform(conform::ConformArgs),
        Completions(completions::CompletionsArgs),
        #[command(hide = true)]
        Keyd(keyd::KeydArgs),
    }
}
