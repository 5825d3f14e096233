//! A disk that is full: said in one sentence, nothing half done, and survived.
//!
//! A real small file system, which only the superuser may make; others are told that the test
//! was left out.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use entente::ambient;
use serde_json::Value;

use crate::program;

/// A file system in memory that ends with this.
struct Mount(tempfile::TempDir);

impl Mount {
    /// None, with a word to the reader, where it cannot be made.
    fn of(megabytes: u32) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("fd").tempdir().unwrap();
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=700"), "tmpfs"])
            .arg(dir.path())
            .output();
        if made.is_ok_and(|made| made.status.success()) {
            return Some(Self(dir));
        }
        println!("left out: a small file system cannot be mounted here (this needs the superuser)");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn resize(&self, megabytes: u32) {
        let size = format!("remount,size={megabytes}m");
        let resized = Command::new("mount").args(["-o", &size]).arg(self.path()).status();
        assert!(resized.unwrap().success());
    }

    fn free_bytes(&self) -> u64 {
        let about = rustix::fs::statvfs(self.path()).unwrap();
        about.f_bavail * about.f_frsize
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a process that still ends may hold a file.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

struct Node<'m> {
    mount: &'m Mount,
    process: Child,
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl<'m> Node<'m> {
    fn start(mount: &'m Mount) -> Self {
        let folder = mount.path().join("xar");
        let process = Command::new(program())
            .args(["serve", "--folder"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self { mount, process };
        for _ in 0..400 {
            if node.run("sena", &["status"]).status.success() {
                return node;
            }
            ambient::pause(Duration::from_millis(50));
        }
        panic!("the node does not answer: {:?}", node.run("sena", &["status"]));
    }

    fn run(&self, person: &str, arguments: &[&str]) -> Output {
        let folder = self.mount.path().join("xar");
        Command::new(program())
            .args(arguments)
            .arg("--folder")
            .arg(folder)
            .args(["--as", person])
            .output()
            .unwrap()
    }

    fn json(&self, person: &str, arguments: &[&str]) -> Value {
        let output = self.run(person, &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    fn publish(&self, file: &Path) -> Output {
        let file = file.to_str().unwrap();
        self.run("ana", &["publish", file, "--label", "SERVICE", "--purpose", "piracy"])
    }

    fn objects(&self) -> usize {
        let listed = self.json("ana", &["objects", "list", "--count", "10000"]);
        listed["objects"].as_array().unwrap().len()
    }
}

#[test]
fn a_full_disk_is_said_loses_nothing_and_work_goes_on_when_there_is_room() {
    let Some(mount) = Mount::of(24) else { return };
    let made = Command::new(program())
        .arg("init")
        .arg(mount.path().join("xar"))
        .args(["--nation", "XAR", "--name", "Arvenia", "--body", "CERT-A"])
        .args(["--person", "sena=security-officer+operator", "--person", "ana=analyst"])
        .args(["--person", "viktor=overseer", "--accredited", "SERVICE"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    // So late that the file system itself may be the first to refuse.
    let config = mount.path().join("xar/entente.toml");
    let text = fs::read_to_string(&config).unwrap();
    let marks = text.lines().find(|line| line.contains("disk_percent")).unwrap().to_owned();
    fs::write(&config, text.replace(&marks, "disk_percent = [97, 98, 99]")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("report.txt");

    let node = Node::start(&mount);
    let mut published = 0;
    let refused = loop {
        // Nothing in it can be made smaller.
        let mut noise = vec![0; 900_000];
        entente_model::Entropy::fill(&mut ambient::OsEntropy, &mut noise);
        // What begins with a bracket would be taken for JSON.
        noise[0] = 0xff;
        fs::write(&file, &noise).unwrap();
        let answer = node.publish(&file);
        if !answer.status.success() {
            break answer;
        }
        published += 1;
        assert!(published < 60, "more fits than the disk holds");
    };
    assert!(published > 2, "the disk was full too soon: {refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    // The last mark of `disk_percent`, or the file system's own end, whichever came first.
    assert!(said.starts_with("error: the disk is "), "{said}");
    assert!(
        said.contains("free space and try again") || said.contains("free some space"),
        "{said}"
    );

    // It still answers, and holds what it said it holds.
    assert_eq!(node.objects(), published);
    // Small things do not slip through half done either.
    for _ in 0..40 {
        fs::write(&file, vec![b'x'; 40_000]).unwrap();
        let answer = node.publish(&file);
        if answer.status.success() {
            published += 1;
        } else {
            let said = String::from_utf8(answer.stderr).unwrap();
            assert!(said.contains("the disk is "), "{said}");
        }
    }
    assert_eq!(node.objects(), published, "with {} bytes free", mount.free_bytes());

    // A start on a full disk works or says why in one sentence.
    drop(node);
    let folder = mount.path().join("xar");
    let mut filler = 0;
    while fs::write(mount.path().join(format!("filler-{filler}")), vec![1; 4096]).is_ok() {
        filler += 1;
    }
    let tried = Command::new("timeout")
        .args(["5", program().to_str().unwrap(), "serve", "--folder"])
        .arg(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8(tried.stderr).unwrap();
    if tried.status.code() != Some(124) && !tried.status.success() {
        assert!(said.contains("the disk is full") || said.contains("No space left"), "{said}");
    }
    assert!(!said.contains("panicked"), "{said}");

    // Room again: it goes on where it stood.
    mount.resize(64);
    let node = Node::start(&mount);
    assert_eq!(node.objects(), published);
    fs::write(&file, vec![b'y'; 900_000]).unwrap();
    let again = node.publish(&file);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(node.objects(), published + 1);
    let verified = node.run("viktor", &["oversight", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}
