//! What an agreement can never allow: proved, or refuted by a case.
//!
//! A property says that something is never released. A unit of an object goes only if no
//! prohibition that denies or refers applies to it: that is the whole of `decide`, and it reads
//! only attributes that policies read. So the prohibitions in force, put together exactly as
//! `decide` puts them together (`prove/fence.rs`), are given to a solver with the question whether any
//! attributes at all pass them and have the property's fault. Controls of a label, portions and
//! provenance can only add prohibitions; what cannot pass without them cannot pass with them.
//!
//! PROVED therefore speaks of every case there is. A counterexample is turned into a case and
//! decided for real before it is believed. Anything else is NOT PROVED, with the reason.
//!
//! Pure: whoever calls brings the solver. Running one belongs to `entente-app`.

mod favourable;
mod fence;
mod memory;
mod property;
mod question;
mod witness;

#[cfg(test)]
mod tests;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use entente_model::{AgreementId, LawId};
use thiserror::Error;

use crate::agreement::Agreement;
use crate::national::NationalLaw;
use crate::policy::CompileError;
use crate::ruling::Ruling;
use crate::scenario::Scenario;
use crate::scheme::Schemes;

pub use property::{OwnProperty, Property, UnknownProperty};

/// Why a solver gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SolverFault(pub String);

/// What a solver found out about a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Satisfiable {
    /// Nothing satisfies it.
    No,
    /// Something does: the text of the model.
    Yes(String),
    /// It does not know.
    Unknown,
}

/// A program that solves SMT-LIB scripts.
pub trait Solver: Send {
    /// Solves a script, which starts with `(reset)`, sets `produce-models` and lacks the commands
    /// `(check-sat)` and, if that is satisfiable, `(get-model)`.
    fn solve(&mut self, script: &str) -> Result<Satisfiable, SolverFault>;
}

impl<S: Solver + ?Sized> Solver for &mut S {
    fn solve(&mut self, script: &str) -> Result<Satisfiable, SolverFault> {
        (**self).solve(script)
    }
}

/// An answer to one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds in every case there is.
    Proved,
    /// It does not hold in this one.
    Counterexample(Box<Counterexample>),
    /// Neither could be shown; why.
    NotProved(String),
}

/// A case in which a property does not hold, decided for real.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The case.
    pub scenario: Scenario,
    /// What the agreement decides.
    pub ruling: Ruling,
    /// What is wrong with that, in words.
    pub says: String,
    /// Texts of the agreements that decide it, in order.
    pub agreements: Vec<String>,
    /// Whether the national laws count, too.
    pub with_laws: bool,
}

/// One property of one agreement, with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The property's name.
    pub property: String,
    /// The agreements it is about.
    pub about: Vec<String>,
    /// What it says, in words.
    pub claim: String,
    /// The answer.
    pub verdict: Verdict,
}

/// What is to be proved about.
#[derive(Debug, Clone, Copy)]
pub struct Pack<'a> {
    /// The agreements, each taken as in force for all its parties.
    pub agreements: &'a [Agreement],
    /// The national laws in force.
    pub laws: &'a [NationalLaw],
    /// The classification schemes.
    pub schemes: &'a Schemes,
    /// The agreement that the others would replace.
    pub amends: Option<&'a Agreement>,
}

impl Pack<'_> {
    fn laws(&self) -> Vec<(LawId, &NationalLaw)> {
        self.laws.iter().map(|law| (LawId::from_array([0; 32]), law)).collect()
    }
}

/// The id that an agreement has while it is only a text.
const NO_ID: AgreementId = AgreementId::from_array([0; 32]);

/// The compiler of questions calls itself once for each prohibition of an agreement, and more for
/// two that are held against each other. What is not needed of this is not taken either.
const STACK_BYTES: usize = 256 << 20;

/// Answers these properties for every agreement of a pack, in their order. The solvers work side by
/// side; without one, nothing is answered.
pub fn prove<S: Solver>(
    pack: &Pack<'_>,
    properties: &[Property],
    solvers: &mut [S],
) -> Result<Vec<Finding>, CompileError> {
    let next = AtomicUsize::new(0);
    let answers = memory::Answers::default();
    let work = |solver: &mut S| -> Result<Vec<(usize, Vec<Finding>)>, CompileError> {
        let mut solver = memory::Remembering::new(solver, &answers);
        let mut prover = property::Prover::new(pack, &mut solver)?;
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= pack.agreements.len() {
                return Ok(found);
            }
            found.push((at, prover.prove(at, properties)?));
        }
    };
    let work = &work;
    let mut found = thread::scope(|scope| {
        let mut threads = Vec::new();
        for solver in solvers.iter_mut() {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            let started = thread.spawn_scoped(scope, move || work(solver));
            threads.push(started.map_err(|e| CompileError::Refused {
                clause: "prover".to_owned(),
                reason: format!("a thread for a solver cannot be started: {e}"),
            })?);
        }
        let mut found = Vec::new();
        for thread in threads {
            found.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(found)
    })?;
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().flat_map(|(_, findings)| findings).collect())
}
