//! The solver that proofs need, as a process of its own with a limit on its time.
//!
//! It is never on the way of a decision: without it everything runs, and proofs answer that they
//! need it. What it says is not believed where it can be checked: a counterexample is decided for
//! real, in `entente-law`.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use entente_law::prove::{Satisfiable, Solver, SolverFault};

/// The program that is looked for on the path.
pub const PROGRAM: &str = "cvc5";

/// How to get it.
pub const HOW_TO_INSTALL: &str =
    "install it with `apt-get install cvc5`, or name the program with --solver";

/// Solvers that work side by side, at most.
const SOLVERS_MAX: usize = 16;

/// A model may not be longer than this.
const MODEL_BYTES_MAX: usize = 4 << 20;

/// The `cvc5` program, started when it is first asked.
#[derive(Debug)]
pub struct Cvc5 {
    program: PathBuf,
    limit: Duration,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It holds nothing that could be lost, and may be deep in thought.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Cvc5 {
    /// The solver at this path, or of this name, with so much time for each question.
    pub fn new(program: &Path, limit: Duration) -> Self {
        Self { program: program.to_owned(), limit, running: None }
    }

    /// As many as can work side by side on this machine.
    pub fn side_by_side(program: &Path, limit: Duration) -> Vec<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        (0..processors.min(SOLVERS_MAX)).map(|_| Self::new(program, limit)).collect()
    }

    /// Whether the program is there and runs.
    pub fn is_installed(program: &Path) -> bool {
        let mut version = Command::new(program);
        version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    }

    fn start(&self) -> Result<Running, SolverFault> {
        let millis = self.limit.as_millis();
        let mut child = Command::new(&self.program)
            .args(["--lang", "smt", &format!("--tlimit-per={millis}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| self.not_started(&e))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SolverFault("the solver has no standard input or output".to_owned()));
        };
        let (send, lines) = mpsc::channel();
        // Ends with the process, whose output it reads.
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Running { child, input, lines })
    }

    fn not_started(&self, error: &std::io::Error) -> SolverFault {
        let program = self.program.display();
        SolverFault(if error.kind() == ErrorKind::NotFound {
            format!("the solver `{program}` is not installed: {HOW_TO_INSTALL}")
        } else {
            format!("the solver `{program}` cannot be started: {error}")
        })
    }

    fn ask(&mut self, script: &str) -> Result<Satisfiable, SolverFault> {
        let limit = self.limit;
        let started = match self.running.take() {
            Some(running) => running,
            None => self.start()?,
        };
        let running = self.running.insert(started);
        running.write(script)?;
        running.write("(check-sat)\n")?;
        match running.line(limit)?.as_str() {
            "unsat" => Ok(Satisfiable::No),
            "unknown" => Ok(Satisfiable::Unknown),
            "sat" => {
                running.write("(get-model)\n")?;
                running.model(limit).map(Satisfiable::Yes)
            }
            other => Err(SolverFault(format!("the solver answered `{other}`"))),
        }
    }
}

impl Running {
    fn write(&mut self, text: &str) -> Result<(), SolverFault> {
        self.input
            .write_all(text.as_bytes())
            .and_then(|()| self.input.flush())
            .map_err(|e| SolverFault(format!("the solver does not listen: {e}")))
    }

    /// One line of its answer. It watches the time itself; this is for when it does not.
    fn line(&self, limit: Duration) -> Result<String, SolverFault> {
        let patience = limit.saturating_mul(2).saturating_add(Duration::from_secs(1));
        self.lines.recv_timeout(patience).map(|line| line.trim().to_owned()).map_err(|e| {
            SolverFault(match e {
                RecvTimeoutError::Timeout => {
                    format!("the solver took longer than {} s", limit.as_secs())
                }
                RecvTimeoutError::Disconnected => "the solver ended without an answer".to_owned(),
            })
        })
    }

    fn model(&self, limit: Duration) -> Result<String, SolverFault> {
        let mut model = self.line(limit)?;
        if model != "(" {
            return Err(SolverFault(format!("the solver answered `{model}` in place of a model")));
        }
        model.push('\n');
        loop {
            let line = self.line(limit)?;
            model.push_str(&line);
            model.push('\n');
            if line == ")" {
                return Ok(model);
            }
            if model.len() > MODEL_BYTES_MAX {
                return Err(SolverFault("the solver's model is too long to be read".to_owned()));
            }
        }
    }
}

impl Solver for Cvc5 {
    fn solve(&mut self, script: &str) -> Result<Satisfiable, SolverFault> {
        let answer = self.ask(script);
        if answer.is_err() {
            // What it thinks now is anyone's guess; the next question gets a new one.
            self.running = None;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "(reset)\n(set-option :produce-models true)\n(set-logic ALL)\n";

    #[test]
    fn a_solver_that_is_not_there_says_how_to_get_it() {
        let mut solver = Cvc5::new(Path::new("no-such-solver"), Duration::from_secs(1));
        let fault = solver.solve(SCRIPT).unwrap_err().to_string();
        assert!(
            fault.contains("not installed") && fault.contains("apt-get install cvc5"),
            "{fault}"
        );
        assert!(!Cvc5::is_installed(Path::new("no-such-solver")));
    }

    #[test]
    fn a_program_that_is_no_solver_is_not_believed() {
        let mut solver = Cvc5::new(Path::new("true"), Duration::from_millis(200));
        let fault = solver.solve(SCRIPT).unwrap_err().to_string();
        assert!(fault.contains("the solver"), "{fault}");
    }

    #[test]
    fn the_solver_answers_one_question_after_the_other() {
        if !Cvc5::is_installed(Path::new(PROGRAM)) {
            println!("skipped: {PROGRAM} is not installed");
            return;
        }
        let mut solver = Cvc5::new(Path::new(PROGRAM), Duration::from_secs(10));
        for (said, satisfiable) in [("(< x 0)", true), ("(and (< x 0) (> x 0))", false)] {
            let script = format!("{SCRIPT}(declare-const x Int)\n(assert {said})\n");
            let answer = solver.solve(&script).unwrap();
            assert_eq!(matches!(answer, Satisfiable::Yes(_)), satisfiable, "{answer:?}");
        }
    }
}
