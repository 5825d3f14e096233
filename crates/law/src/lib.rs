//! Agreements and national laws: text to clauses to decisions.
//!
//! A nation's rules are literate texts ([`agreement`], [`national`]), parsed once into clauses and
//! rules that cannot be wrong, and compiled to policies ([`rules`]). [`Rules::decide`] answers
//! whether one object may go to one nation, and says why; a yes leaves a [`Permit`], which nothing
//! else can make. Labels are read and printed by [`marking`], in the schemes of [`scheme`].
//!
//! Pure: no files, clock, network or random source. Computing digests belongs to `entente-seal`,
//! storing decisions and the life of agreements to `entente-app`.

pub mod agreement;
pub mod case;
mod clause;
pub mod consequence;
mod control;
mod decide;
pub mod decider;
pub mod facts_file;
mod footprint;
pub mod harmony;
mod keys;
pub mod level;
mod literate;
pub mod marking;
pub mod national;
mod policy;
pub mod problem;
pub mod prove;
mod rule;
pub mod rules;
pub mod ruling;
pub mod scenario;
pub mod scheme;
mod time;
mod unit;

pub use agreement::{Agreement, AgreementKind, Party, bind};
pub use case::{
    Access, Case, Class, Consent, ConsentKind, DataProtection, Inputs, Offence, Recipient, Request,
    Subject, TortureRisk, Transfer, TransferKind, Use,
};
pub use decider::{ClassKey, Decider, RecipientKey};
pub use facts_file::parse_facts;
pub use literate::TEXT_BYTES_MAX;
pub use marking::{LabelError, LabelFault, parse_label, print_label, print_portion};
pub use national::{Direction, NationalLaw};
pub use policy::CompileError;
pub use problem::{Problem, Problems};
pub use rules::{AgreementStatus, ENGINE_VERSION, InForce, PartyStatus, Rules};
pub use ruling::{Permit, Ruling};
pub use scheme::{Scheme, Schemes, UnknownScheme};
