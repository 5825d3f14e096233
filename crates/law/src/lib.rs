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
pub mod confidentiality;
pub mod consequence;
mod control;
mod decide;
pub mod decider;
pub mod epoch;
pub mod equivalence;
pub mod fact;
pub mod facts_file;
mod footprint;
pub mod grading;
pub mod group;
pub mod harmony;
mod keys;
pub mod layout;
pub mod level;
pub mod likelihood;
mod literate;
pub mod marking;
pub mod national;
mod policy;
pub mod problem;
pub mod prove;
pub mod reader;
pub mod reading;
pub mod register;
mod review;
pub mod rollup;
pub mod row;
mod rule;
pub mod rules;
pub mod ruling;
pub mod scenario;
pub mod scheme;
pub mod summary;
pub mod template;
mod time;
mod unit;

pub use agreement::{Agreement, AgreementKind, Party, bind};
pub use case::{
    Access, Case, Class, Consent, ConsentKind, DataProtection, Inputs, Offence, Question,
    Recipient, Request, Subject, TortureRisk, Transfer, TransferKind, Use,
};
pub use decider::{ClassKey, Counts, Decider, Difference, RecipientKey};
pub use epoch::{Epoch, EpochError};
pub use fact::{Asserted, Fact, FactError, FactKind, FactSubject};
pub use facts_file::parse_facts;
pub use literate::TEXT_BYTES_MAX;
pub use marking::{
    LabelError, LabelFault, Parsed, canonical, parse_label, parse_marking, print_banner,
    print_in_document, print_label, print_portion, print_portion_mark,
};
pub use national::{Direction, NationalLaw};
pub use policy::CompileError;
pub use problem::{Problem, Problems};
pub use register::{Register, Relied};
pub use row::{Row, RowError};
pub use rules::{AgreementStatus, ENGINE_VERSION, InForce, PartyStatus, Rules};
pub use ruling::{Permit, Ruling};
pub use scheme::{Scheme, Schemes, UnknownScheme};
pub use time::{day_start, day_text};
