//! What is handed out: an archive and a Debian package, and the proof that the package works on
//! a bare system without a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::say;

/// The program may not be larger than this, stripped.
const PROGRAM_BYTES_MAX: u64 = 40 << 20;

/// What goes beside the program, and where in the package.
const SHIPPED: [(&str, &str); 6] = [
    ("agreements", "usr/share/entente/agreements"),
    ("laws", "usr/share/entente/laws"),
    ("samples", "usr/share/entente/samples"),
    ("docs/guides", "usr/share/doc/entente/guides"),
    ("README.md", "usr/share/doc/entente/README.md"),
    ("LICENSE", "usr/share/doc/entente/copyright"),
];

/// Builds the archive and the package; with `check` installs the package on a bare system.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let built = build(root)?;
    let target = built.parent().and_then(Path::parent).context("no target folder")?;
    let dist = target.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    let stage = dist.join("stage");
    lay_out(root, &built, &stage)?;
    let archive = archive(&dist, &stage, version)?;
    let package = package(&dist, &stage, version)?;
    for file in [&archive, &package] {
        say(&format!("{} ({} bytes)", file.display(), fs::metadata(file)?.len()));
    }
    if check { prove(&dist, &package) } else { Ok(()) }
}

fn build(root: &Path) -> Result<PathBuf> {
    run_in(root, "cargo", &["build", "--release", "--locked", "-p", "entente"])?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release").join("entente"))
}

/// Puts every file where the package has it.
fn lay_out(root: &Path, built: &Path, stage: &Path) -> Result<()> {
    let program = stage.join("usr/bin/entente");
    fs::create_dir_all(stage.join("usr/bin"))?;
    fs::copy(built, &program)?;
    run_in(stage, "strip", &["usr/bin/entente"])?;
    let bytes = fs::metadata(&program)?.len();
    if bytes > PROGRAM_BYTES_MAX {
        bail!("the program has {bytes} bytes, more than {PROGRAM_BYTES_MAX}");
    }
    say(&format!("usr/bin/entente ({bytes} bytes, stripped)"));
    let unit = stage.join("lib/systemd/system");
    fs::create_dir_all(&unit)?;
    fs::copy(root.join("packaging/entente.service"), unit.join("entente.service"))?;
    for (from, to) in SHIPPED {
        copy_all(&root.join(from), &stage.join(to))?;
    }
    for (shell, to) in [
        ("bash", "usr/share/bash-completion/completions/entente"),
        ("zsh", "usr/share/zsh/vendor-completions/_entente"),
        ("fish", "usr/share/fish/vendor_completions.d/entente.fish"),
    ] {
        let told = Command::new(&program).args(["completions", shell]).output()?;
        if !told.status.success() {
            bail!("the program gives no completions for {shell}");
        }
        let to = stage.join(to);
        fs::create_dir_all(to.parent().unwrap_or(stage))?;
        fs::write(to, told.stdout)?;
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to).with_context(|| format!("{} is missing", from.display()))?;
    Ok(())
}

fn archive(dist: &Path, stage: &Path, version: &str) -> Result<PathBuf> {
    let name = format!("entente-{version}-linux-{}", std::env::consts::ARCH);
    let file = dist.join(format!("{name}.tar.gz"));
    run_in(
        dist,
        "tar",
        &[
            "--sort=name",
            "--mtime=2026-01-01 00:00:00Z",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            &format!("--transform=s,^stage,{name},"),
            "-czf",
            &file.display().to_string(),
            &stage.file_name().unwrap_or_default().to_string_lossy(),
        ],
    )?;
    Ok(file)
}

fn package(dist: &Path, stage: &Path, version: &str) -> Result<PathBuf> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let control = stage.join("DEBIAN");
    fs::create_dir_all(&control)?;
    fs::write(
        control.join("control"),
        format!(
            "Package: entente\nVersion: {version}\nArchitecture: {architecture}\n\
             Maintainer: The Entente maintainers <maintainers@entente.invalid>\n\
             Section: net\nPriority: optional\nDepends: libc6 (>= 2.36), libgcc-s1\n\
             Description: exchange of intelligence between sovereign nations, under law\n \
             Each nation runs its own node. Treaties and national laws are enforced as written,\n \
             objects are sealed for exactly those who may have them, and every release is in a\n \
             ledger that partners witness.\n"
        ),
    )?;
    let file = dist.join(format!("entente_{version}_{architecture}.deb"));
    run_in(
        dist,
        "dpkg-deb",
        &["--root-owner-group", "--build", "stage", &file.display().to_string()],
    )?;
    fs::remove_dir_all(&control)?;
    Ok(file)
}

/// Installs the package on a bare Debian 12 without a network, and runs the demonstration there.
fn prove(dist: &Path, package: &Path) -> Result<()> {
    let bare = dist.join("bare");
    say("a bare Debian 12 is made (debootstrap)");
    run_in(dist, "debootstrap", &["--variant=minbase", "bookworm", &bare.display().to_string()])?;
    fs::copy(package, bare.join("entente.deb"))?;
    // A network namespace of its own: nothing but the loopback interface, which has to be woken.
    let inside = "dpkg -i /entente.deb && entente --version && \
                  HOME=/root TMPDIR=/tmp entente demo --once";
    let outside = format!(
        "ip link set lo up && mount -t proc proc {bare}/proc && chroot {bare} /bin/sh -c '{inside}'",
        bare = bare.display()
    );
    run_in(dist, "unshare", &["--net", "--mount", "/bin/sh", "-c", &outside])?;
    fs::remove_dir_all(&bare)?;
    say("the package installs and runs on a bare Debian 12 without a network");
    Ok(())
}

fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status()
        .with_context(|| format!("{program} could not be started: is it installed?"))?;
    if status.success() { Ok(()) } else { bail!("{program} failed: {status}") }
}
