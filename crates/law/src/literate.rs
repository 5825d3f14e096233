//! Literate texts: Markdown that people sign, with fenced blocks that machines enforce.
//!
//! Front matter in TOML between two lines `+++`; headings `## Article 4 …`; under them, prose and
//! blocks. What looks like a block but is not written exactly so is an error, because a clause
//! that machines overlook, or that readers cannot see, must not be signed.
//!
//! A text of several languages has each article's prose once in each, under headings
//! `### fr — Objet`, and then the blocks, which bind all languages alike ([`check_languages`]).

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
    /// What stands before the first article.
    pub preamble: Prose<'a>,
    pub articles: Vec<Article<'a>>,
}

/// The prose of one article, or of the preamble.
#[derive(Debug, Default)]
pub(crate) struct Prose<'a> {
    /// One for each heading such as `### fr — Objet`.
    pub passages: Vec<Passage<'a>>,
    /// The first line before any such heading.
    before: Option<(usize, &'a str)>,
    /// The first line after a block.
    after: Option<(usize, &'a str)>,
}

/// The prose of an article in one language.
#[derive(Debug)]
pub(crate) struct Passage<'a> {
    pub language: &'a str,
    pub title: &'a str,
    /// The line of its heading.
    line: usize,
    /// How many lines of prose it has.
    lines: usize,
    /// The numbers of its paragraphs.
    paragraphs: Vec<&'a str>,
}

/// One numbered article or section.
#[derive(Debug)]
pub(crate) struct Article<'a> {
    /// `4` or `4bis`.
    pub number: &'a str,
    /// What follows the number, without the dash.
    pub title: &'a str,
    /// The line of its heading.
    line: usize,
    pub prose: Prose<'a>,
    pub blocks: Vec<Block<'a>>,
}

impl Article<'_> {
    /// Its title: of the first language, if it has passages in several.
    pub(crate) fn name(&self, languages: &[String]) -> String {
        let passage = languages
            .first()
            .filter(|_| languages.len() > 1)
            .and_then(|first| self.prose.passages.iter().find(|p| p.language == first));
        passage.map_or(self.title, |p| p.title).to_owned()
    }
}

/// One fenced block.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub toml: &'a str,
    /// The line on which its content starts.
    pub line: usize,
}

/// The words with which a heading may number an article.
pub(crate) const HEADINGS: [&str; 3] = ["## Article ", "## Section ", "## § "];

/// Takes a literate text apart, and says what is wrong with its form. `fence` is the word after
/// the backticks of a block. Fails only if nothing else can be read.
pub(crate) fn split<'a>(
    text: &'a str,
    fence: &str,
) -> Result<(Pieces<'a>, Vec<Problem>), Problems> {
    if text.len() > TEXT_BYTES_MAX {
        let limit = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let (front, front_line, body, body_line) = front_matter(text)?;
    let mut splitter =
        Splitter { fence, problems: Vec::new(), preamble: Prose::default(), articles: Vec::new() };
    splitter.invisible(text);
    splitter.body(body, body_line);
    let Splitter { problems, preamble, articles, .. } = splitter;
    Ok((Pieces { front, front_line, preamble, articles }, problems))
}

/// The blocks of a text that was read before: the number of the article, and the TOML.
pub(crate) fn blocks<'a>(text: &'a str, fence: &str) -> Vec<(&'a str, &'a str)> {
    let articles = split(text, fence).map(|(pieces, _)| pieces.articles).unwrap_or_default();
    articles.iter().flat_map(|a| a.blocks.iter().map(|block| (a.number, block.toml))).collect()
}

/// Splits off the front matter: its text and line, and the rest and its line.
pub(crate) fn front_matter(text: &str) -> Result<(&str, usize, &str, usize), Problems> {
    if text.lines().next() == Some("+++") && text.starts_with("+++\r") {
        let message = "lines end with a line feed alone, not with carriage return and line feed; `fmt` writes them so";
        return Err(Problems::one(1, 4, "+++", message));
    }
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

/// Whether a text names a language, as `en` or `pt-BR`.
pub(crate) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Checks that every article says the same things in every language, as far as that can be seen
/// without reading them: each is there once, is not empty, and has the same paragraphs.
pub(crate) fn check_languages(
    pieces: &Pieces<'_>,
    languages: &[String],
    problems: &mut Vec<Problem>,
) {
    if languages.len() < 2 {
        return;
    }
    let preamble = pieces.front_line.saturating_sub(1);
    check_prose(&pieces.preamble, "the preamble", (preamble, ""), languages, problems);
    for article in &pieces.articles {
        let name = format!("article {}", article.number);
        let place = (article.line, article.number);
        check_prose(&article.prose, &name, place, languages, problems);
        if !article.title.is_empty() {
            let right =
                "in a text of several languages the titles stand in the headings `### en — …`";
            problems.push(problem(article.line, article.title, right));
        }
    }
}

fn check_prose(
    prose: &Prose<'_>,
    name: &str,
    (line, text): (usize, &str),
    languages: &[String],
    problems: &mut Vec<Problem>,
) {
    if let Some((line, text)) = prose.before {
        let right = "this stands in no language; put it under a heading such as `### en — …`";
        problems.push(problem(line, text, right));
    }
    if let Some((line, text)) = prose.after {
        let right = "the clauses bind all languages alike: they stand after the last of them";
        problems.push(problem(line, text, right));
    }
    for language in languages {
        let mut found = prose.passages.iter().filter(|p| p.language == language);
        let Some(passage) = found.next() else {
            let right = format!(
                "{name} is missing in `{language}`; it needs a heading `### {language} — …` and its text"
            );
            problems.push(problem(line, text, right));
            continue;
        };
        if let Some(again) = found.next() {
            let twice =
                format!("{name} is there in `{language}` already, in line {}", passage.line);
            problems.push(problem(again.line, language, twice));
        }
        if passage.lines == 0 {
            problems.push(problem(
                passage.line,
                language,
                format!("{name} is empty in `{language}`"),
            ));
        }
        let first = prose
            .passages
            .iter()
            .find(|p| Some(p.language) == languages.first().map(String::as_str));
        if let Some(first) = first.filter(|first| first.paragraphs != passage.paragraphs) {
            let differs = format!(
                "{name} has {} in `{language}`, but {} in `{}`; every language has the same paragraphs",
                numbered(&passage.paragraphs),
                numbered(&first.paragraphs),
                first.language
            );
            problems.push(problem(passage.line, language, differs));
        }
    }
    for strange in prose.passages.iter().filter(|p| !languages.iter().any(|l| l == p.language)) {
        let right =
            format!("this is not one of the languages of the text: {}", languages.join(", "));
        problems.push(problem(strange.line, strange.language, right));
    }
}

fn numbered(paragraphs: &[&str]) -> String {
    match paragraphs {
        [] => "no numbered paragraph".to_owned(),
        [one] => format!("paragraph {one}"),
        some => format!("paragraphs {}", some.join(", ")),
    }
}

fn problem(line: usize, text: &str, message: impl Into<String>) -> Problem {
    Problem { line, column: 1, text: excerpt(text), message: message.into() }
}

struct Splitter<'a, 'f> {
    fence: &'f str,
    problems: Vec<Problem>,
    preamble: Prose<'a>,
    articles: Vec<Article<'a>>,
}

impl<'a> Splitter<'a, '_> {
    fn fault(&mut self, line: usize, text: &str, message: impl Into<String>) {
        let column = text.chars().take_while(|c| c.is_whitespace()).count() + 1;
        self.problems.push(Problem { line, column, text: excerpt(text), message: message.into() });
    }

    /// Finds characters that a signatory would not see.
    fn invisible(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some((at, c)) = line.chars().enumerate().find(|(_, c)| is_invisible(*c)) {
                let message = format!(
                    "the character U+{:04X} is invisible, or makes the line read as another one; leave it out",
                    u32::from(c)
                );
                let text = excerpt(&line.replace(is_invisible, "\u{fffd}"));
                self.problems.push(Problem { line: n + 1, column: at + 1, text, message });
            }
        }
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
        if text.contains("<!--") || is_link_definition(text) {
            self.fault(line, text, "a comment is invisible to who signs; write it out or leave it");
        } else if has_html(text) {
            self.fault(line, text, "HTML can hide text from who signs; write it in plain Markdown");
        }
        let Some(rest) = HEADINGS.iter().find_map(|h| text.strip_prefix(h)) else {
            if text.trim_start().starts_with('#')
                && HEADINGS.iter().any(|h| text.contains(h.trim_start_matches('#')))
            {
                let right = "an article has a heading such as `## Article 4 — Purpose`";
                self.fault(line, text, right);
            }
            self.passage(text, line);
            return;
        };
        let (number, title) = heading(rest);
        let digits = number.chars().take_while(char::is_ascii_digit).count();
        let numbered = digits > 0 && number.chars().skip(digits).all(|c| c.is_ascii_lowercase());
        if !numbered {
            self.fault(line, text, "an article is numbered, as in `## Article 4 — Purpose`");
        } else if self.articles.iter().any(|a| a.number == number) {
            self.fault(line, text, format!("article {number} is there already"));
        } else {
            self.articles.push(Article {
                number,
                title,
                line,
                prose: Prose::default(),
                blocks: Vec::new(),
            });
        }
    }

    /// Keeps what the comparison of languages needs of a line.
    fn passage(&mut self, text: &'a str, line: usize) {
        if text.trim().is_empty() || text.starts_with("# ") {
            return;
        }
        let (prose, blocks) = match self.articles.last_mut() {
            Some(article) => (&mut article.prose, article.blocks.len()),
            None => (&mut self.preamble, 0),
        };
        if blocks > 0 {
            prose.after.get_or_insert((line, text));
            return;
        }
        if let Some((language, title)) = language_heading(text) {
            let paragraphs = Vec::new();
            prose.passages.push(Passage { language, title, line, lines: 0, paragraphs });
            return;
        }
        let Some(passage) = prose.passages.last_mut() else {
            prose.before.get_or_insert((line, text));
            return;
        };
        passage.lines += 1;
        let number = text.split_once(". ").map_or("", |(number, _)| number);
        if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
            passage.paragraphs.push(number);
        }
    }
}

/// What may stand between a number or language and a title.
const DASHES: [char; 5] = ['—', '–', '-', ':', ' '];

/// The number and title of a heading, from what follows its word.
pub(crate) fn heading(rest: &str) -> (&str, &str) {
    let (number, title) = rest.split_once(' ').unwrap_or((rest, ""));
    (number, title.trim_start_matches(DASHES).trim())
}

/// The language and title of a heading such as `### fr — Objet`.
pub(crate) fn language_heading(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("### ")?;
    let (language, title) = rest.split_once(' ').unwrap_or((rest, ""));
    let dashed = title.is_empty() || title.starts_with(['—', '–', '-', ':']);
    (is_language(language) && dashed).then(|| (language, title.trim_start_matches(DASHES).trim()))
}

/// Characters that no reader sees: controls, zero-width ones, and those that turn the order of a
/// line around. Joiners and direction marks are part of some scripts and stay.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether Markdown would take the line for a link definition, which is not shown.
fn is_link_definition(text: &str) -> bool {
    text.trim_start().strip_prefix('[').is_some_and(|rest| rest.contains("]:"))
}

/// Whether Markdown would take something in the line for HTML.
fn has_html(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or("");
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
    })
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
        match split(text, "clause") {
            Ok((_, problems)) => problems.iter().map(|p| p.line).collect(),
            Err(problems) => problems.iter().map(|p| p.line).collect(),
        }
    }

    #[test]
    fn articles_and_blocks_are_found_with_their_lines() {
        let text = "+++\nid = 1\n+++\n# T\n\n## Article 1 — Aim\nprose\n```clause\na = 1\n```\n## Article 2bis\n";
        let (pieces, problems) = split(text, "clause").unwrap();
        assert!(problems.is_empty());
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
            "[x]: # (hidden)\n",
            "<p hidden>not to be seen</p>\n",
            "a line \u{202e}that turns around\n",
            "## Article one\n",
            "## Article 1\n",
            "# Article 2\n",
        ] {
            assert_eq!(lines(&format!("{head}{block}"))[0], 4, "{block}");
        }
        assert_eq!(lines("+++\n+++\n```clause\na = 1\n```\n"), [3]);
        assert_eq!(lines("# T\n"), [1]);
        assert_eq!(lines("+++\r\n+++\r\n"), [1]);
        assert!(lines(&format!("{head}What is < 3 or > 4 [see Article 2] stays.\n")).is_empty());
    }

    fn languages(body: &str) -> Vec<(usize, String)> {
        let text = format!("+++\n+++\n### en — T\nWe\n### fr — T\nNous\n{body}");
        let (pieces, mut problems) = split(&text, "clause").unwrap();
        check_languages(&pieces, &["en".into(), "fr".into()], &mut problems);
        problems.into_iter().map(|p| (p.line, p.message)).collect()
    }

    #[test]
    fn every_article_is_there_once_in_every_language() {
        let good = "## Article 1\n### en — Aim\n1. One.\n### fr — But\n1. Un.\n```clause\n```\n";
        assert_eq!(languages(good), []);
        for (body, line, says) in [
            ("## Article 1\n### en — Aim\n1. One.\n", 7, "article 1 is missing in `fr`"),
            ("## Article 1\n### en — Aim\nOne.\n### fr — But\n", 10, "article 1 is empty in `fr`"),
            ("## Article 1\nOne.\n### en\nA.\n### fr\nB.\n", 8, "stands in no language"),
            (
                "## Article 1\n### en\nA.\n### fr\nB.\n### en\nC.\n",
                12,
                "in `en` already, in line 8",
            ),
            ("## Article 1\n### en\nA.\n### fr\nB.\n### es\nC.\n", 12, "not one of the languages"),
            (
                "## Article 1\n### en\n1. A.\n2. B.\n### fr\n1. C.\n",
                11,
                "has paragraph 1 in `fr`, but paragraphs 1, 2",
            ),
            ("## Article 1 — Aim\n### en\nA.\n### fr\nB.\n", 7, "the titles stand in the headings"),
            (
                "## Article 1\n### en\nA.\n```clause\n```\n### fr\nB.\n",
                12,
                "after the last of them",
            ),
        ] {
            let found = languages(body);
            assert!(found.iter().any(|(l, m)| *l == line && m.contains(says)), "{body}: {found:?}");
        }
        assert!(languages("").is_empty());
    }

    #[test]
    fn languages_have_the_usual_tags() {
        assert!(["en", "pt-BR", "sr-Latn", "arb"].iter().all(|t| is_language(t)));
        assert!(!["EN", "e", "english", "en-", "en-x", ""].iter().any(|t| is_language(t)));
    }
}
