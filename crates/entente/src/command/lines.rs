//! The lines of a file, one after another in bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use zstd::stream::read::Decoder;

/// How much is read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// The widest window that a compressed file may ask for: 8 MiB, what every encoder stays within
/// unless told otherwise.
const WINDOW_LOG_MAX: u32 = 23;

/// One line of a file, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than allowed; what it says is not held.
    TooLong,
}

/// The lines of a file, none of them held when it is longer than allowed.
pub(super) struct Lines<R> {
    file: PathBuf,
    reader: R,
    bytes_max: usize,
    line: Vec<u8>,
    number: u64,
}

impl Lines<BufReader<File>> {
    /// The lines of a file as it is.
    pub(super) fn open(file: &Path, bytes_max: usize) -> anyhow::Result<Self> {
        Ok(Self::of(file, BufReader::with_capacity(BUFFER_BYTES, opened(file)?), bytes_max))
    }
}

impl Lines<Box<dyn BufRead>> {
    /// The lines of a file, decompressed while it is read when its name ends in `.zst`.
    pub(super) fn open_plain_or_zst(file: &Path, bytes_max: usize) -> anyhow::Result<Self> {
        let reader = BufReader::with_capacity(BUFFER_BYTES, opened(file)?);
        let reader: Box<dyn BufRead> = if file.extension().is_some_and(|name| name == "zst") {
            let mut decoder = Decoder::with_buffer(reader)
                .map_err(|error| anyhow!("{} cannot be read: {error}", file.display()))?;
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
        } else {
            Box::new(reader)
        };
        Ok(Self::of(file, reader, bytes_max))
    }
}

fn opened(file: &Path) -> anyhow::Result<File> {
    // One sentence says all: what was attempted, and what the system said.
    File::open(file).map_err(|error| anyhow!("{} cannot be read: {error}", file.display()))
}

impl<R: BufRead> Lines<R> {
    fn of(file: &Path, reader: R, bytes_max: usize) -> Self {
        Self { file: file.to_owned(), reader, bytes_max, line: Vec::new(), number: 0 }
    }

    /// The next line with its number, from 1.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<(u64, Line<'_>)>> {
        self.line.clear();
        let mut any = false;
        let mut too_long = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(anyhow!("{} cannot be read: {error}", self.file.display()));
                }
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk, |end| chunk.get(..end).unwrap_or_default());
            if self.line.len() + taken.len() > self.bytes_max {
                too_long = true;
                self.line.clear();
            }
            if !too_long {
                self.line.extend_from_slice(taken);
            }
            let used = taken.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let line = if too_long { Line::TooLong } else { Line::Whole(&self.line) };
        Ok(Some((self.number, line)))
    }
}

#[test]
fn lines_are_counted_and_a_long_one_is_passed_over_in_pieces() {
    let long = vec![b'x'; 1000 + 1];
    let mut text = b"one\n\n".to_vec();
    text.extend_from_slice(&long);
    text.extend_from_slice(b"\nlast");
    let reader = BufReader::with_capacity(7, text.as_slice());
    let mut lines = Lines::of(Path::new("rows"), reader, 1000);
    for (number, line) in [
        (1, Line::Whole(b"one".as_slice())),
        (2, Line::Whole(b"".as_slice())),
        (3, Line::TooLong),
        (4, Line::Whole(b"last".as_slice())),
    ] {
        assert_eq!(lines.next().unwrap(), Some((number, line)));
    }
    assert_eq!(lines.next().unwrap(), None);
}
