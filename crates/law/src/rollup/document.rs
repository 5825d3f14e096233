//! A text with portion marks: paragraphs that each begin with one, between two banners.

use entente_model::{Label, Timestamp};

use super::Part;
use crate::marking::{LabelError, parse_marking};
use crate::problem::{Problem, Problems, excerpt};
use crate::scheme::{Scheme, Schemes};

/// A document may not be longer than this.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Stands before the mark of a portion that does not count.
const EXTERNAL: &str = "[external]";

/// A document whose marks were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The banner that is written in it, if one is.
    pub written: Option<Label>,
    /// Its portions, in their order, named by their line.
    pub parts: Vec<Part>,
}

/// A paragraph, and the line on which it begins.
struct Paragraph<'t> {
    line: usize,
    text: &'t str,
}

fn paragraphs(text: &str) -> Vec<Paragraph<'_>> {
    let mut found = Vec::new();
    let mut blank = true;
    for (n, line) in text.lines().enumerate() {
        if blank && !line.trim().is_empty() {
            found.push(Paragraph { line: n + 1, text: line });
        }
        blank = line.trim().is_empty();
    }
    found
}

/// Reads the marks of a document. A first or last paragraph that is no portion is its banner.
pub fn read_document(
    text: &str,
    scheme: &Scheme,
    schemes: &Schemes,
    on: Timestamp,
) -> Result<Document, Problems> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let limit = format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let all = paragraphs(text);
    let mut problems = Vec::new();
    let mut written: Option<Label> = None;
    let mut parts = Vec::new();
    for (n, paragraph) in all.iter().enumerate() {
        let line = paragraph.text.trim_end();
        let column = line.chars().take_while(|c| c.is_whitespace()).count();
        let marked = line.trim_start();
        let (external, mark) = match marked.strip_prefix(EXTERNAL) {
            Some(rest) => (true, rest.trim_start()),
            None => (false, marked),
        };
        let column = column + marked.chars().count() - mark.chars().count();
        let mut wrong = |column: usize, text: &str, message: String| {
            problems.push(Problem { line: paragraph.line, column, text: excerpt(text), message });
        };
        if mark.starts_with('(') {
            let Some((mark, _)) = mark.split_once(')') else {
                wrong(column + 1, mark, "the portion mark is not closed with `)`".to_owned());
                continue;
            };
            let mark = format!("{mark})");
            match parse_marking(&mark, scheme, schemes, written.as_ref(), on) {
                Ok(read) => {
                    let name = format!("line {} {mark}", paragraph.line);
                    parts.push(Part { name, label: read.label, external });
                }
                Err(LabelError { column: at, fault }) => {
                    wrong(column + at, &mark, fault.to_string());
                }
            }
            continue;
        }
        if n != 0 && n + 1 != all.len() {
            let says = format!(
                "the paragraph has no portion mark; begin it with one, as in `({})`",
                scheme.levels().first().map_or("", |l| l.short())
            );
            wrong(column + 1, line, says);
            continue;
        }
        match parse_marking(line, scheme, schemes, None, on) {
            Ok(read) if written.as_ref().is_some_and(|first| *first != read.label) => {
                wrong(
                    column + 1,
                    line,
                    "the banner at the end is not the one at the top".to_owned(),
                );
            }
            Ok(read) => written = Some(read.label),
            Err(LabelError { column: at, fault }) => wrong(column + at, line, fault.to_string()),
        }
    }
    Problems::check(problems)?;
    Ok(Document { written, parts })
}

#[test]
fn a_document_reads_and_what_is_wrong_is_at_its_line() {
    let schemes = Schemes::builtin();
    let scheme = schemes.get("USA").unwrap();
    let on = crate::time::day_start("2026-11-25").unwrap();
    let text = "SECRET//REL TO USA, GBR\n\n(S//REL) One,\nstill one.\n\n(U) Two.\n\n\
        [external] (TS//NF) A notice.\n\nSECRET//REL TO USA, GBR\n";
    let document = read_document(text, scheme, &schemes, on).unwrap();
    let names: Vec<&str> = document.parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["line 3 (S//REL)", "line 6 (U)", "line 8 (TS//NF)"]);
    assert!(document.parts[2].external);
    assert_eq!(document.parts[0].label, document.written.unwrap());
    for (from, to, line, column, says) in [
        ("(U) Two", "Two", 6, 1, "has no portion mark"),
        ("(U) Two", "(U Two", 6, 1, "not closed"),
        ("(U) Two", " (U//NFO) Two", 6, 6, "did you mean `NOFORN`?"),
        ("(TS//NF)", "(TX//NF)", 8, 13, "is not a marking of USA"),
        ("\n\nSECRET//REL TO USA, GBR\n", "\n\nSECRET//NOFORN\n", 10, 1, "not the one at the top"),
    ] {
        let changed = text.replacen(from, to, 1);
        let problems = read_document(&changed, scheme, &schemes, on).unwrap_err();
        let first = problems.iter().next().unwrap();
        assert_eq!((first.line, first.column), (line, column), "{problems}");
        assert!(first.message.contains(says), "{problems}");
    }
}
