//! Literate texts: Markdown that people sign, with fenced blocks that machines enforce.
//!
//! Front matter in TOML between two lines `+++`; headings `## Article 4 …`; under them, prose and
//! blocks. What looks like a block but is not written exactly so is an error, because a clause
//! that machines overlook, or that readers cannot see, must not be signed.

use crate::problem::{Problem, Problems, excerpt};

/// A literate text may not be longer than this.
pub const TEXT_BYTES_MAX: usize = 512 << 10;

/// What a literate text is made of.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    /// The TOML between the `+++` lines.
    pub front: &'a str,
    /// The line on which it starts.
    pub front_line: usize,
    pub articles: Vec<Article<'a>>,
}

/// One numbered article or section.
#[derive(Debug)]
pub(crate) struct Article<'a> {
    /// `4` or `4bis`.
    pub number: &'a str,
    /// What follows the number, without the dash.
    pub title: &'a str,
    pub blocks: Vec<Block<'a>>,
}

/// One fenced block.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub toml: &'a str,
    /// The line on which its content starts.
    pub line: usize,
}

/// The words with which a heading may number an article.
const HEADINGS: [&str; 3] = ["## Article ", "## Section ", "## § "];

/// Takes a literate text apart. `fence` is the word after the backticks of a block.
pub(crate) fn split<'a>(text: &'a str, fence: &str) -> Result<Pieces<'a>, Problems> {
    if text.len() > TEXT_BYTES_MAX {
        let limit = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let mut splitter = Splitter { fence, problems: Vec::new(), articles: Vec::new() };
    let (front, front_line, body, body_line) = front_matter(text)?;
    splitter.body(body, body_line);
    Problems::check(splitter.problems)?;
    Ok(Pieces { front, front_line, articles: splitter.articles })
}

/// The blocks of a text that was read before: the number of the article, and the TOML.
pub(crate) fn blocks<'a>(text: &'a str, fence: &str) -> Vec<(&'a str, &'a str)> {
    let articles = split(text, fence).map(|pieces| pieces.articles).unwrap_or_default();
    articles.iter().flat_map(|a| a.blocks.iter().map(|block| (a.number, block.toml))).collect()
}

/// Splits off the front matter: its text and line, and the rest and its line.
fn front_matter(text: &str) -> Result<(&str, usize, &str, usize), Problems> {
    let missing = "the text starts with a line `+++`, then its particulars in TOML, then `+++`";
    let rest = text.strip_prefix("+++\n").ok_or_else(|| Problems::one(1, 1, text, missing))?;
    let (front, body) = if let Some(body) = rest.strip_prefix("+++\n") {
        ("", body)
    } else {
        rest.split_once("\n+++\n")
            .ok_or_else(|| Problems::one(1, 1, "+++", "the closing line `+++` is missing"))?
    };
    let body_line = front.matches('\n').count() + if front.is_empty() { 3 } else { 4 };
    Ok((front, 2, body, body_line))
}

struct Splitter<'a, 'f> {
    fence: &'f str,
    problems: Vec<Problem>,
    articles: Vec<Article<'a>>,
}

impl<'a> Splitter<'a, '_> {
    fn fault(&mut self, line: usize, text: &str, message: impl Into<String>) {
        let column = text.chars().take_while(|c| c.is_whitespace()).count() + 1;
        self.problems.push(Problem { line, column, text: excerpt(text), message: message.into() });
    }

    fn body(&mut self, body: &'a str, first_line: usize) {
        // The block being read: where its content starts, and whether it is to be kept.
        let mut open: Option<(usize, usize, bool)> = None;
        let mut at = 0;
        for (n, full) in body.split_inclusive('\n').enumerate() {
            let line = first_line + n;
            let start = at;
            at += full.len();
            let text = full.trim_end_matches(['\n', '\r']);
            match open {
                Some((from, from_line, kept)) if text == "```" => {
                    open = None;
                    if kept {
                        self.block(body.get(from..start).unwrap_or(""), from_line);
                    }
                }
                Some(_) => {}
                None if is_fence(text) => open = Some((at, line + 1, self.opens(text, line))),
                None => self.prose(text, line),
            }
        }
        if let Some((_, line, _)) = open {
            self.fault(line - 1, "```", "this block is not closed by a line ```");
        }
    }

    /// Judges the line that opens a block: whether machines must read it.
    fn opens(&mut self, text: &str, line: usize) -> bool {
        let word = self.fence;
        match text.strip_prefix("```") {
            Some(info) if info == word => true,
            Some("" | "text") => false,
            _ => {
                let right = format!(
                    "a block that binds machines starts with a line ```{word}; one for readers only, with ```text"
                );
                self.fault(line, text, right);
                false
            }
        }
    }

    fn block(&mut self, toml: &'a str, line: usize) {
        match self.articles.last_mut() {
            Some(article) => article.blocks.push(Block { toml, line }),
            None => self.fault(line - 1, "```", "a block stands under the article it implements"),
        }
    }

    fn prose(&mut self, text: &'a str, line: usize) {
        if text.contains("<!--") {
            self.fault(line, text, "a comment is invisible to who signs; write it out or leave it");
        }
        let Some(rest) = HEADINGS.iter().find_map(|h| text.strip_prefix(h)) else {
            if text.trim_start().starts_with('#')
                && HEADINGS.iter().any(|h| text.contains(h.trim_start_matches('#')))
            {
                let right = "an article has a heading such as `## Article 4 — Purpose`";
                self.fault(line, text, right);
            }
            return;
        };
        let (number, title) = rest.split_once(' ').unwrap_or((rest, ""));
        let digits = number.chars().take_while(char::is_ascii_digit).count();
        let numbered = digits > 0 && number.chars().skip(digits).all(|c| c.is_ascii_lowercase());
        if !numbered {
            self.fault(line, text, "an article is numbered, as in `## Article 4 — Purpose`");
        } else if self.articles.iter().any(|a| a.number == number) {
            self.fault(line, text, format!("article {number} is there already"));
        } else {
            let title = title.trim_start_matches(['—', '–', '-', ':', ' ']).trim();
            self.articles.push(Article { number, title, blocks: Vec::new() });
        }
    }
}

/// Whether Markdown would take the line for the start of a fenced block.
fn is_fence(text: &str) -> bool {
    let text = text.trim_start().trim_start_matches(['>', ' ']);
    text.starts_with("```") || text.starts_with("~~~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        split(text, "clause").unwrap_err().iter().map(|p| p.line).collect()
    }

    #[test]
    fn articles_and_blocks_are_found_with_their_lines() {
        let text = "+++\nid = 1\n+++\n# T\n\n## Article 1 — Aim\nprose\n```clause\na = 1\n```\n## Article 2bis\n";
        let pieces = split(text, "clause").unwrap();
        assert_eq!((pieces.front, pieces.front_line), ("id = 1", 2));
        let first = &pieces.articles[0];
        assert_eq!((first.number, first.title), ("1", "Aim"));
        assert_eq!((first.blocks[0].toml, first.blocks[0].line), ("a = 1\n", 9));
        assert_eq!(pieces.articles[1].number, "2bis");
    }

    #[test]
    fn what_only_looks_like_a_clause_is_an_error() {
        let head = "+++\n+++\n## Article 1\n";
        for block in [
            "``` clause\na = 1\n```\n",
            "```Clause\na = 1\n```\n",
            "~~~clause\na = 1\n~~~\n",
            " ```clause\na = 1\n```\n",
            "> ```clause\n> a = 1\n> ```\n",
            "```rule\na = 1\n```\n",
            "```clause\na = 1\n",
            "<!-- hidden -->\n",
            "## Article one\n",
            "## Article 1\n",
            "# Article 2\n",
        ] {
            assert_eq!(lines(&format!("{head}{block}"))[0], 4, "{block}");
        }
        assert_eq!(lines("+++\n+++\n```clause\na = 1\n```\n"), [3]);
        assert_eq!(lines("# T\n"), [1]);
    }
}
