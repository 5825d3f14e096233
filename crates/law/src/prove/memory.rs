//! What the solvers answered in this run, by the script that they were given.
//!
//! Agreements of one pack share their laws, controls and much of their terms, so many questions
//! come to the same script, letter for letter; what one solver found out of it, none need find
//! again. A script says all that a solver knows, and its answer depends on nothing else. That a
//! solver failed or did not know is not remembered: it may have been short of time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Satisfiable, Solver, SolverFault};

/// Scripts and models are remembered up to this size altogether.
const BYTES_MAX: usize = 64 << 20;

#[derive(Default)]
struct Known {
    answers: HashMap<String, Satisfiable>,
    bytes: usize,
}

/// The answers of all solvers of one run.
#[derive(Default)]
pub(super) struct Answers(Mutex<Known>);

impl Answers {
    fn get(&self, script: &str) -> Option<Satisfiable> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.answers.get(script).cloned()
    }

    fn keep(&self, script: &str, answer: &Satisfiable) {
        let model = match answer {
            Satisfiable::No => 0,
            Satisfiable::Yes(model) => model.len(),
            Satisfiable::Unknown => return,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = known.bytes + script.len() + model;
        if bytes <= BYTES_MAX {
            known.bytes = bytes;
            known.answers.insert(script.to_owned(), answer.clone());
        }
    }
}

/// A solver that is not asked what another has answered.
pub(super) struct Remembering<'m, S> {
    solver: S,
    answers: &'m Answers,
}

impl<'m, S: Solver> Remembering<'m, S> {
    pub(super) const fn new(solver: S, answers: &'m Answers) -> Self {
        Self { solver, answers }
    }
}

impl<S: Solver> Solver for Remembering<'_, S> {
    fn solve(&mut self, script: &str) -> Result<Satisfiable, SolverFault> {
        if let Some(answer) = self.answers.get(script) {
            return Ok(answer);
        }
        let answer = self.solver.solve(script)?;
        self.answers.keep(script, &answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers in turn, and counts how often it is asked.
    struct Turns(Vec<Result<Satisfiable, SolverFault>>);

    impl Solver for Turns {
        fn solve(&mut self, _: &str) -> Result<Satisfiable, SolverFault> {
            self.0.remove(0)
        }
    }

    #[test]
    fn only_what_was_found_out_is_remembered() {
        let answers = Answers::default();
        let yes = Satisfiable::Yes("(\n)\n".to_owned());
        let fault = SolverFault("it ended".to_owned());
        let turns = vec![
            Err(fault.clone()),
            Ok(Satisfiable::Unknown),
            Ok(Satisfiable::No),
            Ok(yes.clone()),
        ];
        let mut one = Remembering::new(Turns(turns), &answers);
        assert_eq!(one.solve("a"), Err(fault));
        assert_eq!(one.solve("a"), Ok(Satisfiable::Unknown));
        assert_eq!(one.solve("a"), Ok(Satisfiable::No));
        assert_eq!(one.solve("b"), Ok(yes.clone()));
        // Another solver of the same run has nothing to do.
        let mut other = Remembering::new(Turns(Vec::new()), &answers);
        assert_eq!(other.solve("a"), Ok(Satisfiable::No));
        assert_eq!(other.solve("b"), Ok(yes));
    }
}
