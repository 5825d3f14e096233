//! A question at the terminal whose answer does not show.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use thiserror::Error;
use zeroize::Zeroizing;

use super::PASSPHRASE_BYTES_MAX;

/// Why there was no answer.
#[derive(Debug, Error)]
pub enum PromptError {
    /// Not started by a person.
    #[error(
        "there is no terminal to ask for the passphrase on: expected `source = \"file\"` or \
         `source = \"credential\"` under [keys] for an unattended start"
    )]
    NoTerminal,
    /// The person pressed Ctrl-C or Ctrl-D.
    #[error("no passphrase was given")]
    Cancelled,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Io(#[from] io::Error),
}

/// Asks on the controlling terminal, whatever the standard streams are.
pub(super) fn ask(question: &str) -> Result<Vec<u8>, PromptError> {
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| PromptError::NoTerminal)?;
    ask_on(&terminal, question)
}

/// Puts the terminal back as it was, also after an error.
struct Restore<'a>(&'a File, Termios);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        // Nothing better can be done with a terminal that has gone.
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Reads key by key, and signals as keys: a signal could end the program with echo switched off.
fn ask_on(mut terminal: &File, question: &str) -> Result<Vec<u8>, PromptError> {
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const BACKSPACE: u8 = 8;
    const CTRL_U: u8 = 21;
    const DELETE: u8 = 127;

    let before = tcgetattr(terminal).map_err(io::Error::from)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    let _restore = Restore(terminal, before);
    tcsetattr(terminal, OptionalActions::Flush, &hidden).map_err(io::Error::from)?;

    terminal.write_all(question.as_bytes())?;
    // Never grows, so that no copy stays behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES_MAX + 1));
    let done = loop {
        let mut key = [0];
        if terminal.read(&mut key)? == 0 {
            break Err(PromptError::Cancelled);
        }
        match key {
            [b'\n' | b'\r'] => break Ok(()),
            [CTRL_C | CTRL_D] => break Err(PromptError::Cancelled),
            [BACKSPACE | DELETE] => {
                // The last character, not the last byte.
                while answer.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            [CTRL_U] => answer.clear(),
            [byte] if answer.len() <= PASSPHRASE_BYTES_MAX => answer.push(byte),
            _ => {}
        }
    };
    terminal.write_all(b"\n")?;
    done.map(|()| std::mem::take(&mut *answer))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};

    use super::*;

    /// Types `keys` at a terminal and gives the answer and what the terminal showed.
    fn type_at_terminal(keys: &[u8]) -> (Result<Vec<u8>, PromptError>, String) {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        let mut ours = File::from(ours);
        let keys = keys.to_vec();
        // Switching echo off discards what was typed before, so wait for the question.
        let typist = std::thread::spawn(move || {
            let mut shown = vec![0; 3];
            ours.read_exact(&mut shown).unwrap();
            ours.write_all(&keys).unwrap();
            let mut rest = [0; 64];
            let len = ours.read(&mut rest).unwrap();
            shown.extend_from_slice(&rest[..len]);
            // Both ends of the terminal stay open until its modes were looked at.
            (ours, String::from_utf8(shown).unwrap())
        });
        let answer = ask_on(&theirs, "Q: ");
        let (_ours, shown) = typist.join().unwrap();
        let modes = tcgetattr(&theirs).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ISIG), "echo stayed off");
        (answer, shown)
    }

    #[test]
    fn the_answer_does_not_show() {
        let (answer, shown) = type_at_terminal("geheimnisß\x7fs\r".as_bytes());
        assert_eq!(answer.unwrap(), b"geheimniss");
        assert_eq!(shown, "Q: \r\n");
    }

    #[test]
    fn ctrl_c_leaves_the_terminal_usable() {
        let (answer, _) = type_at_terminal(b"half\x03");
        assert!(matches!(answer, Err(PromptError::Cancelled)));
    }
}
