//! One question to the solver: can anything pass these prohibitions and still be like this?

#![expect(clippy::wildcard_enum_match_arm, reason = "every other error is told as it is")]
#![expect(clippy::format_collect, reason = "policies are written rarely and read by a solver")]

use std::future::Future;
use std::pin::pin;
use std::str::FromStr;
use std::task::{Context as Task, Poll, Waker};

use cedar_policy::{
    Context, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, RequestEnv, Schema,
};
use cedar_policy_symcc::err::{Error, SolverError};
use cedar_policy_symcc::solver::{self, Decision, DecisionWithModel};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use tokio::io::AsyncWrite;

use super::{Satisfiable, Solver, SolverFault, fence};
use crate::policy::{Action, CompileError};

/// What came of a question.
pub(super) enum Reply {
    /// There is no such thing.
    Never,
    /// There is: its attributes.
    Possible(Context),
    /// Neither could be found out.
    Unknown(String),
}

/// Collects a script, and has it solved when the engine asks.
struct Writer<'s> {
    script: Vec<u8>,
    solver: &'s mut dyn Solver,
}

impl Writer<'_> {
    fn ask(&mut self) -> Result<Satisfiable, SolverError> {
        let script = String::from_utf8(std::mem::take(&mut self.script))
            .map_err(|e| SolverError::Solver(e.to_string()))?;
        self.solver.solve(&script).map_err(|SolverFault(why)| SolverError::Solver(why))
    }
}

impl solver::Solver for Writer<'_> {
    fn smtlib_input(&mut self) -> &mut (dyn AsyncWrite + Unpin + Send) {
        &mut self.script
    }

    async fn enable_models(&mut self) -> Result<(), SolverError> {
        self.script.extend_from_slice(b"(set-option :produce-models true)\n");
        Ok(())
    }

    async fn check_sat(&mut self) -> Result<Decision, SolverError> {
        Ok(match self.ask()? {
            Satisfiable::No => Decision::Unsat,
            Satisfiable::Yes(_) => Decision::Sat,
            Satisfiable::Unknown => Decision::Unknown,
        })
    }

    async fn check_sat_with_model(&mut self) -> Result<DecisionWithModel, SolverError> {
        Ok(match self.ask()? {
            Satisfiable::No => DecisionWithModel::Unsat,
            Satisfiable::Yes(model) => DecisionWithModel::Sat { model },
            Satisfiable::Unknown => DecisionWithModel::Unknown,
        })
    }
}

/// Runs what never waits: the script is written to memory, and the solver is waited for within.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// A set of policies, compiled for the solver.
pub(super) struct Compiled(CompiledPolicySet);

/// Asks. Holds what every question shares.
pub(super) struct Desk<'s> {
    schema: Schema,
    compiler: CedarSymCompiler<Writer<'s>>,
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
fn refused(what: &str, reason: impl ToString) -> CompileError {
    CompileError::Refused { clause: what.to_owned(), reason: reason.to_string() }
}

impl<'s> Desk<'s> {
    pub(super) fn new(solver: &'s mut dyn Solver) -> Result<Self, CompileError> {
        let (schema, _) =
            Schema::from_cedarschema_str(&fence::schema()).map_err(|e| refused("schema", e))?;
        let compiler = CedarSymCompiler::new(Writer { script: Vec::new(), solver })
            .map_err(|e| refused("solver", e))?;
        Ok(Self { schema, compiler })
    }

    fn env(action: Action) -> Result<RequestEnv, CompileError> {
        let kind = |name: &str| EntityTypeName::from_str(name).map_err(|e| refused(name, e));
        let uid = format!("Action::\"{}\"", action.name());
        let uid = EntityUid::from_str(&uid).map_err(|e| refused(&uid, e))?;
        Ok(RequestEnv::new(kind("Nation")?, uid, kind("Unit")?))
    }

    /// Compiles: everything passes that none of `forbidden` stops.
    pub(super) fn passes(
        &self,
        action: Action,
        forbidden: impl IntoIterator<Item = String>,
    ) -> Result<Compiled, CompileError> {
        let set = prohibitions(action, forbidden)?;
        self.compile(action, &set)
    }

    /// Compiles: whatever fulfils one of `conditions` passes.
    pub(super) fn any(
        &self,
        action: Action,
        conditions: impl IntoIterator<Item = String>,
    ) -> Result<Compiled, CompileError> {
        let mut set = PolicySet::new();
        let texts = conditions
            .into_iter()
            .map(|c| format!("permit (principal, action, resource) when {{ {c} }};"));
        add(&mut set, action, texts)?;
        self.compile(action, &set)
    }

    fn compile(&self, action: Action, set: &PolicySet) -> Result<Compiled, CompileError> {
        CompiledPolicySet::compile(set, &Self::env(action)?, &self.schema)
            .map(Compiled)
            .map_err(|e| refused(action.name(), told(&e)))
    }

    /// Whether anything passes both.
    pub(super) fn both(&mut self, one: &Compiled, other: &Compiled) -> Reply {
        let asked = self.compiler.check_disjoint_with_counterexample_opt(&one.0, &other.0);
        reply(at_once(asked))
    }

    /// Whether anything passes the first and not the second.
    pub(super) fn only_first(&mut self, one: &Compiled, other: &Compiled) -> Reply {
        let asked = self.compiler.check_implies_with_counterexample_opt(&one.0, &other.0);
        reply(at_once(asked))
    }

    /// Whether a condition can fail to have a value, in a case where nothing impossible happens.
    pub(super) fn errs(
        &mut self,
        action: Action,
        condition: &str,
        impossible: &[String],
    ) -> Result<Reply, CompileError> {
        let possible: String = impossible.iter().map(|i| format!("!({i}) && ")).collect();
        let text = policy(
            action,
            &format!("forbid (principal, action, resource) when {{ {possible}({condition}) }};"),
        );
        let policy =
            Policy::parse(Some(PolicyId::new("p")), text).map_err(|e| refused(condition, e))?;
        let compiled = CompiledPolicy::compile(&policy, &Self::env(action)?, &self.schema)
            .map_err(|e| refused(condition, told(&e)))?;
        let asked = self.compiler.check_never_errors_with_counterexample_opt(&compiled);
        Ok(reply(at_once(asked)))
    }
}

fn policy(action: Action, text: &str) -> String {
    let head = format!("principal, action == Action::\"{}\", resource", action.name());
    text.replacen("principal, action, resource", &head, 1)
}

/// Policies by which everything passes that none of `forbidden` stops.
pub(super) fn prohibitions(
    action: Action,
    forbidden: impl IntoIterator<Item = String>,
) -> Result<PolicySet, CompileError> {
    let mut set = PolicySet::new();
    let forbids = forbidden
        .into_iter()
        .map(|c| format!("forbid (principal, action, resource) when {{ {c} }};"));
    let permit = "permit (principal, action, resource);".to_owned();
    add(&mut set, action, std::iter::once(permit).chain(forbids))?;
    Ok(set)
}

fn add(
    set: &mut PolicySet,
    action: Action,
    texts: impl Iterator<Item = String>,
) -> Result<(), CompileError> {
    for (n, text) in texts.enumerate() {
        let parsed = Policy::parse(Some(PolicyId::new(n.to_string())), policy(action, &text))
            .map_err(|e| refused(&text, e))?;
        set.add(parsed).map_err(|e| refused(&text, e))?;
    }
    Ok(())
}

fn told(error: &Error) -> String {
    match error {
        Error::PolicyNotWellTyped { errs } => {
            errs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn reply(answer: Option<Result<Option<cedar_policy_symcc::Env>, Error>>) -> Reply {
    match answer {
        Some(Ok(None)) => Reply::Never,
        Some(Ok(Some(env))) => match env.request.context() {
            Some(context) => Reply::Possible(context.clone()),
            None => Reply::Unknown("the solver's case has no attributes".to_owned()),
        },
        Some(Err(Error::SolverUnknown)) => {
            Reply::Unknown("the solver does not know, or ran out of its time".to_owned())
        }
        Some(Err(Error::SolverError(SolverError::Solver(why)))) => Reply::Unknown(why),
        Some(Err(error)) => Reply::Unknown(format!("the solver's answer cannot be used: {error}")),
        None => Reply::Unknown("the question was left waiting".to_owned()),
    }
}
