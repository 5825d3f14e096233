//! The guide `docs/guides/first-exchange.md`, run command by command as it stands.
//!
//! Each `sh` block must succeed, or end with the exit code that its heading names. Waiting for
//! what a reader would see a moment later is in comments that begin with `<!-- test`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use entente::ambient;

use crate::program;

/// The whole guide takes a few seconds on a quiet machine.
const PATIENCE: Duration = Duration::from_mins(5);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The guide as one script. A failing block is named by its first line.
fn script(guide: &str) -> String {
    let mut script = String::from("set -u\n");
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let (end, wanted) = match line {
            "<!-- test" => ("-->", "0"),
            _ => match line.strip_prefix("```sh") {
                Some(rest) => ("```", rest.strip_prefix(" exit=").unwrap_or("0")),
                None => continue,
            },
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        // Commands that go on over several lines are one.
        let mut commands: Vec<String> = Vec::new();
        for line in &block {
            match commands.last_mut() {
                Some(last) if last.ends_with('\\') => {
                    last.pop();
                    last.push_str(line.trim_start());
                }
                _ if line.trim().is_empty() => {}
                _ => commands.push((*line).to_owned()),
            }
        }
        for command in commands {
            let quoted = command.replace('\'', "'\\''");
            let background = command.ends_with('&');
            writeln!(script, "echo '$ {quoted}'\n{command}").unwrap();
            if background {
                writeln!(script, "PIDS=\"${{PIDS:-}} $!\"").unwrap();
            } else {
                writeln!(
                    script,
                    "code=$?; [ $code = {wanted} ] || {{ echo \"ended with $code\"; exit 1; }}"
                )
                .unwrap();
            }
        }
    }
    script.push_str("kill $PIDS\nwait\nexit 0\n");
    script
}

#[test]
fn the_guide_works_as_it_stands() {
    let dir = tempfile::Builder::new().prefix("fx").tempdir().unwrap();
    for name in ["docs", "laws", "samples"] {
        symlink(repository().join(name), dir.path().join(name)).unwrap();
    }
    let nodes = dir.path().join("n");
    let mut guide = fs::read_to_string(dir.path().join("docs/guides/first-exchange.md")).unwrap();
    guide = guide.replace("/tmp/first-exchange", nodes.to_str().unwrap());
    guide = guide.replace("$PWD/target/release", program().parent().unwrap().to_str().unwrap());
    let free = ambient::free_ports::<4>().unwrap();
    for (written, free) in ["7101", "7102", "8101", "8102"].iter().zip(&free) {
        assert!(guide.contains(written));
        guide = guide.replace(written, &free.to_string());
    }

    let (log, errors) = (dir.path().join("log"), dir.path().join("errors"));
    let mut shell = Command::new("sh")
        .args(["-c", &script(&guide)])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(fs::File::create(&log).unwrap())
        .stderr(fs::File::create(&errors).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let started = ambient::monotonic();
    let ended = loop {
        match shell.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if started.elapsed() > PATIENCE => break None,
            None => ambient::pause(Duration::from_millis(50)),
        }
    };
    if ended.is_none_or(|status| !status.success()) {
        // The nodes are in the shell's group.
        let group = rustix::process::Pid::from_child(&shell);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let tail = |path: &Path| {
            let text = fs::read_to_string(path).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(40)..].join("\n")
        };
        panic!("{ended:?}\n{}\n--- errors\n{}", tail(&log), tail(&errors));
    }
    let said = fs::read_to_string(&log).unwrap();
    for expected in [
        "waits for 1 more person",
        "is recognised (approved by sena, tariq)",
        "goes       XBR/CERT-B",
        "adds up to what was signed",
        "PROVED by the ledger of XAR",
        "PROVED by the ledger of XBR",
        "acknowledged to XAR",
        "erased",
    ] {
        assert!(said.contains(expected), "`{expected}` is missing:\n{said}");
    }
}
