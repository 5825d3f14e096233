//! What the command line says.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> Value {
    assert_eq!(text(&output.stdout).lines().count(), 1, "one document");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    document
}

/// A folder with a configuration.
fn configured(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("entente.toml");
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (dir, file)
}

const GOOD: &str = "[nation]\ncode = \"XAR\"\nname = \"Arvenia\"\n";

/// Visits every subcommand with the words that lead to it.
fn visit(
    command: &clap::Command,
    words: &[String],
    see: &mut dyn FnMut(&clap::Command, &[String]),
) {
    for sub in command.get_subcommands() {
        let words: Vec<_> = words.iter().cloned().chain([sub.get_name().to_owned()]).collect();
        see(sub, &words);
        visit(sub, &words, see);
    }
}

#[test]
fn the_overview_names_every_command_and_every_help_has_an_example() {
    let overview = run(&["--help"]);
    assert!(overview.status.success());
    let overview = text(&overview.stdout).to_owned();
    assert!(overview.contains("Example:") && overview.contains("Exit codes:"), "{overview}");
    let short = run(&["-h"]);
    let mut seen = 0;
    visit(&entente::cli::command(), &[], &mut |command, words| {
        let mut arguments: Vec<_> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = run(&arguments);
        let help = text(&help.stdout);
        assert!(help.contains("Example:\n  entente "), "{words:?}: {help}");
        assert_eq!(help.matches("Example:").count(), 1, "{words:?}: {help}");
        assert!(!help.contains("\\\""), "{words:?} shows the quotes of the source: {help}");
        assert!(help.contains("--json"), "{words:?}: {help}");
        if let ([name], false) = (words, command.is_hide_set()) {
            let line = format!("\n  {name} ");
            assert!(overview.contains(&line), "{name} is missing: {overview}");
            assert!(text(&short.stdout).contains(&line), "{name} is missing");
        }
        seen += 1;
    });
    assert!(seen >= 4, "{seen}");
    assert!(!overview.contains("keyd"), "the key process is not for people");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert!(script.status.success());
        assert!(text(&script.stdout).contains("config"), "{shell}");
    }
}

#[test]
fn a_correct_configuration_is_reported() {
    let (_dir, file) = configured(GOOD);
    let people = run(&["config", "check", &file]);
    assert_eq!(people.status.code(), Some(0));
    assert!(text(&people.stdout).starts_with(&format!("{file} is correct\n")));
    let programs = json(&run(&["--json", "config", "check", &file]));
    assert_eq!(programs["ok"], true);
    assert_eq!(programs["nation"], "XAR");
    assert_eq!(programs["web_origin"], "http://xar.localhost");
}

#[test]
fn a_wrong_configuration_names_the_line() {
    let (dir, file) = configured(&format!("{GOOD}\n[witness]\nquorom = 2\n"));
    let people = run(&["config", "check", dir.path().to_str().unwrap()]);
    assert_eq!(people.status.code(), Some(2));
    assert!(people.stdout.is_empty());
    assert_eq!(
        text(&people.stderr),
        format!(
            "error: {file}, line 6: `quorom = 2`: unknown key `quorom`, expected `start_quorum`\n"
        )
    );
    // The documented call, from inside the folder.
    let here = |arguments: &[&str]| {
        Command::new(program()).current_dir(dir.path()).args(arguments).output().unwrap()
    };
    for bare in [&["config", "check"][..], &["config", "check", "entente.toml"]] {
        assert!(text(&here(bare).stderr).contains("line 6: `quorom = 2`"), "{bare:?}");
    }
    std::fs::write(&file, GOOD).unwrap();
    assert!(here(&["config", "check"]).status.success());
    std::fs::write(&file, format!("{GOOD}\n[witness]\nquorom = 2\n")).unwrap();
    let output = run(&["config", "check", &file, "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.is_empty());
    let programs = json(&output);
    assert_eq!(programs["ok"], false);
    assert_eq!(programs["exit"], 2);
    assert_eq!(programs["place"]["line"], 6);
    assert_eq!(programs["place"]["text"], "quorom = 2");
}

#[test]
fn causes_are_shown_only_when_asked_for() {
    let missing = ["config", "check", "/nowhere/entente.toml"];
    let plain = run(&missing);
    assert_eq!(plain.status.code(), Some(2));
    assert!(!text(&plain.stderr).contains("cause:"));
    let verbose = run(&[&missing[..], &["--verbose"]].concat());
    assert!(text(&verbose.stderr).contains("cause: No such file"), "{}", text(&verbose.stderr));
}

#[test]
fn a_wrong_command_line_is_bad_input() {
    let people = run(&["confige"]);
    assert_eq!(people.status.code(), Some(2));
    assert!(text(&people.stderr).starts_with("error: "));
    let programs = run(&["confige", "--json"]);
    assert_eq!(programs.status.code(), Some(2));
    assert!(json(&programs)["error"].as_str().unwrap().contains("confige"));
    let version = run(&["--version"]);
    assert_eq!(text(&version.stdout), concat!("entente ", env!("CARGO_PKG_VERSION"), "\n"));
}
