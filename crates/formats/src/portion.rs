//! Portions of a text: where each begins and ends, and the text without some of them.
//!
//! A text is divided by marks, each alone on its line: `<!-- portion P1 -->`, which Markdown does
//! not show. A portion goes from its mark to the next mark or the end of the text, and may have
//! several stretches. Everything must lie in some portion: what nobody marked is not known to be
//! releasable.
//!
//! INVARIANT: a text is cut only if its marks name exactly the portions that its facts name.
//! A comment that is no mark is an error: a mark that was overlooked would let one portion's text go
//! as another's.

use thiserror::Error;

/// Why portions cannot be cut out of a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CutError {
    /// It is no text.
    #[error("only text and Markdown can be cut, and this is `{media_type}`")]
    NotText {
        /// What it is.
        media_type: String,
    },
    /// It is no UTF-8.
    #[error("its text is not UTF-8")]
    NotUtf8,
    /// Text stands before the first mark.
    #[error(
        "line {line}: text stands before the first portion mark, such as `<!-- portion P1 -->`"
    )]
    Unmarked {
        /// The line.
        line: usize,
    },
    /// A comment that is no mark.
    #[error(
        "line {line}: a comment must be a portion mark that stands alone on its line, as \
         `<!-- portion P1 -->`"
    )]
    Malformed {
        /// The line.
        line: usize,
    },
    /// A mark names a portion that the facts do not.
    #[error("line {line}: the facts name no portion `{id}`")]
    Unknown {
        /// The line.
        line: usize,
        /// What it names.
        id: String,
    },
    /// A portion of the facts has no mark.
    #[error("portion `{id}` of the facts has no mark in the text")]
    Missing {
        /// The portion.
        id: String,
    },
}

/// Whether portions can be cut out of content of this media type.
pub fn is_text(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/plain") || essence.eq_ignore_ascii_case("text/markdown")
}

/// The text without the portions that have no new name; the marks of the others bear their new
/// names. `portions` are all portions of the facts.
pub fn cut(
    media_type: &str,
    payload: &[u8],
    portions: &[(&str, Option<String>)],
) -> Result<Vec<u8>, CutError> {
    if !is_text(media_type) {
        return Err(CutError::NotText { media_type: media_type.to_owned() });
    }
    let text = std::str::from_utf8(payload).map_err(|_| CutError::NotUtf8)?;
    let mut kept = String::with_capacity(text.len());
    let mut seen: Vec<&str> = Vec::new();
    let mut current: Option<bool> = None;
    for (n, whole) in text.split_inclusive('\n').enumerate() {
        let line = n + 1;
        if let Some(id) = mark(whole, line)? {
            let Some((known, name)) = portions.iter().find(|(known, _)| *known == id) else {
                return Err(CutError::Unknown { line, id: id.to_owned() });
            };
            seen.push(known);
            current = Some(name.is_some());
            if let Some(name) = name {
                let end = if whole.ends_with("\r\n") { "\r\n" } else { "\n" };
                kept.push_str("<!-- portion ");
                kept.push_str(name);
                kept.push_str(" -->");
                kept.push_str(end);
            }
            continue;
        }
        match current {
            Some(true) => kept.push_str(whole),
            Some(false) => {}
            // A byte order mark is no text.
            None if whole.trim_start_matches('\u{feff}').trim().is_empty() => {}
            None => return Err(CutError::Unmarked { line }),
        }
    }
    if let Some((id, _)) = portions.iter().find(|(id, _)| !seen.contains(id)) {
        return Err(CutError::Missing { id: (*id).to_owned() });
    }
    Ok(kept.into_bytes())
}

/// The portion whose mark this line is, if it is one.
fn mark(whole: &str, line: usize) -> Result<Option<&str>, CutError> {
    let text = whole.trim_start_matches('\u{feff}').trim();
    let id = text
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .and_then(|inner| inner.trim().strip_prefix("portion "))
        .map(str::trim)
        .filter(|id| !id.is_empty() && !id.contains(char::is_whitespace) && !id.contains("--"));
    if id.is_some() {
        return Ok(id);
    }
    // Any other comment is text that readers of Markdown do not see, or a mark with a slip in it.
    if text.contains("<!--") { Err(CutError::Malformed { line }) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, portions: &[(&str, Option<&str>)]) -> Result<String, String> {
        let portions: Vec<(&str, Option<String>)> =
            portions.iter().map(|(id, name)| (*id, name.map(str::to_owned))).collect();
        cut("text/markdown; charset=utf-8", text.as_bytes(), &portions)
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_cut_leaves_no_trace() {
        let text = "<!-- portion P1 -->\nopen\n\n<!-- portion P2 -->\nsecret\n\n<!-- portion P3 -->\nmore\n";
        let cut = check(text, &[("P1", Some("P1")), ("P2", None), ("P3", Some("P2"))]).unwrap();
        assert_eq!(cut, "<!-- portion P1 -->\nopen\n\n<!-- portion P2 -->\nmore\n");
        // It reads like a text that was written with these portions.
        assert_eq!(check(&cut, &[("P1", Some("P1")), ("P2", Some("P2"))]).unwrap(), cut);
    }

    #[test]
    fn a_portion_may_have_several_stretches_and_lines_may_end_as_on_windows() {
        let text = "\u{feff}<!--portion A-->\r\n1\r\n  <!-- portion B -->  \r\n2\r\n<!-- portion A -->\r\n3";
        let cut = check(text, &[("A", Some("P1")), ("B", None)]).unwrap();
        assert_eq!(cut, "<!-- portion P1 -->\r\n1\r\n<!-- portion P1 -->\r\n3");
    }

    #[test]
    fn what_is_not_marked_as_the_facts_say_is_not_cut() {
        let p1 = [("P1", Some("P1")), ("P2", None)];
        for (text, expected) in [
            ("", "portion `P1` of the facts has no mark"),
            ("title\n<!-- portion P1 -->\na\n", "line 1: text stands before the first"),
            ("<!-- portion P1 -->\na\n", "portion `P2` of the facts has no mark"),
            (
                "<!-- portion P1 -->\n<!-- portion P9 -->\n",
                "line 2: the facts name no portion `P9`",
            ),
            (
                "<!-- portion P1 -->\na <!-- portion P2 --> b\n",
                "line 2: a comment must be a portion mark",
            ),
            (
                "<!-- portion P1 -->\n<!-- Portion P2 -->\n",
                "line 2: a comment must be a portion mark",
            ),
            ("<!-- portion P1 -->\n<!-- portion P2\n", "line 2: a comment must be a portion mark"),
            ("<!-- portion P1 -->\n<!-- a note -->\n", "line 2: a comment must be"),
            (
                "<!-- portion P1 --> <!-- portion P2 -->\n",
                "line 1: a comment must be a portion mark",
            ),
        ] {
            let problem = check(text, &p1).unwrap_err();
            assert!(problem.contains(expected), "{text:?}: {problem}");
        }
        assert_eq!(
            cut("application/pdf", b"", &[]).unwrap_err().to_string(),
            "only text and Markdown can be cut, and this is `application/pdf`"
        );
        assert_eq!(cut("text/plain", &[0xff], &[]), Err(CutError::NotUtf8));
    }
}
