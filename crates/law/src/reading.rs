//! A literate text as people read it: article by article, the prose in each language, and beside
//! it what machines enforce of it, in words and as written.
//!
//! Nothing is interpreted: prose is shown as it was signed, Markdown marks and all, so that no two
//! programs show it differently.

use crate::agreement::Agreement;
use crate::literate::{self, HEADINGS, heading, language_heading};
use crate::national::NationalLaw;

/// A text that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// What stands before the first article.
    pub preamble: Vec<Passage>,
    /// The articles, in the order of the text.
    pub articles: Vec<Article>,
}

/// One article or section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Article {
    /// Its number, such as `4` or `4bis`.
    pub number: String,
    /// Its title; empty where the titles stand with the languages.
    pub title: String,
    /// Its prose: one passage for each language, or one alone.
    pub passages: Vec<Passage>,
    /// What is enforced of it.
    pub blocks: Vec<Block>,
}

/// Prose in one language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passage {
    /// The language, where the text says it.
    pub language: Option<String>,
    /// The title in that language.
    pub title: String,
    /// What it consists of.
    pub pieces: Vec<Piece>,
}

/// A piece of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A heading inside an article.
    Heading(String),
    /// A paragraph, its lines joined.
    Paragraph(String),
    /// A block for readers, or a row of a table, as it stands.
    Verbatim(String),
}

/// A clause or a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its id, such as `ESM-MISA/4`.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// What it says, in words.
    pub says: String,
    /// As it is written.
    pub toml: String,
}

impl Agreement {
    /// The agreement as people read it.
    pub fn reading(&self) -> Reading {
        let several = self.languages().len() > 1;
        read(self.text(), "clause", several, self.clauses())
    }
}

impl NationalLaw {
    /// The law as people read it.
    pub fn reading(&self) -> Reading {
        let several = self.languages().len() > 1;
        read(self.text(), "rule", several, self.rules())
    }
}

/// Reads a text that was parsed before; `enforced` is what its blocks are, in their order.
fn read<'b>(
    text: &str,
    fence: &str,
    several: bool,
    mut enforced: impl Iterator<Item = (&'b str, &'b str, String)>,
) -> Reading {
    let Ok((_, _, body, _)) = literate::front_matter(text) else { return Reading::default() };
    let opening = format!("```{fence}");
    let mut reader = Reader { several, out: Reading::default(), paragraph: String::new() };
    // The block being read, and whether it binds.
    let mut open: Option<(bool, String)> = None;
    for line in body.lines() {
        match &mut open {
            Some((binds, content)) if line == "```" => {
                let content = std::mem::take(content);
                if *binds {
                    let (id, kind, says) = enforced.next().unwrap_or_default();
                    let (id, kind) = (id.to_owned(), kind.to_owned());
                    let block = Block { id, kind, says, toml: content };
                    if let Some(article) = reader.out.articles.last_mut() {
                        article.blocks.push(block);
                    }
                } else {
                    reader.piece(Piece::Verbatim(content));
                }
                open = None;
            }
            Some((_, content)) => {
                content.push_str(line);
                content.push('\n');
            }
            None if line.starts_with("```") => {
                reader.end_paragraph();
                open = Some((line == opening, String::new()));
            }
            None => reader.line(line.trim_end()),
        }
    }
    reader.end_paragraph();
    reader.out
}

struct Reader {
    several: bool,
    out: Reading,
    /// The paragraph being read.
    paragraph: String,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return self.end_paragraph();
        }
        if let Some(rest) = HEADINGS.iter().find_map(|h| line.strip_prefix(h)) {
            self.end_paragraph();
            let (number, title) = heading(rest);
            let (number, title) = (number.to_owned(), title.to_owned());
            self.out.articles.push(Article { number, title, ..Article::default() });
            return;
        }
        if let Some((language, title)) = language_heading(line).filter(|_| self.several) {
            self.end_paragraph();
            let (language, title) = (Some(language.to_owned()), title.to_owned());
            self.passages().push(Passage { language, title, pieces: Vec::new() });
            return;
        }
        if line.starts_with("# ") {
            return self.end_paragraph();
        }
        if line.starts_with('#') {
            self.end_paragraph();
            let heading = line.trim_start_matches('#').trim().to_owned();
            return self.piece(Piece::Heading(heading));
        }
        if line.trim_start().starts_with('|') {
            self.end_paragraph();
            return self.piece(Piece::Verbatim(line.trim_start().to_owned()));
        }
        if begins(line) {
            self.end_paragraph();
        }
        if !self.paragraph.is_empty() {
            self.paragraph.push(' ');
        }
        self.paragraph.push_str(line.trim_start());
    }

    fn passages(&mut self) -> &mut Vec<Passage> {
        match self.out.articles.last_mut() {
            Some(article) => &mut article.passages,
            None => &mut self.out.preamble,
        }
    }

    fn piece(&mut self, piece: Piece) {
        let passages = self.passages();
        if passages.is_empty() {
            passages.push(Passage::default());
        }
        if let Some(passage) = passages.last_mut() {
            match (passage.pieces.last_mut(), piece) {
                (Some(Piece::Verbatim(rows)), Piece::Verbatim(row)) if row.starts_with('|') => {
                    rows.push('\n');
                    rows.push_str(&row);
                }
                (_, piece) => passage.pieces.push(piece),
            }
        }
    }

    fn end_paragraph(&mut self) {
        if !self.paragraph.is_empty() {
            let paragraph = std::mem::take(&mut self.paragraph);
            self.piece(Piece::Paragraph(paragraph));
        }
    }
}

/// Whether a line begins a paragraph of its own: a numbered one, or an item of a list.
fn begins(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.split_once(['.', ')']).map_or("", |(number, _)| number);
    let number = number.trim_start_matches('(');
    let numbered = (1..=3).contains(&number.len())
        && (number.bytes().all(|b| b.is_ascii_digit())
            || (line.starts_with('(') && number.bytes().all(|b| b.is_ascii_lowercase())));
    numbered || line.starts_with("- ") || line.starts_with("* ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraphs(passage: &Passage) -> Vec<&str> {
        passage
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Paragraph(text) => Some(text.as_str()),
                Piece::Heading(_) | Piece::Verbatim(_) => None,
            })
            .collect()
    }

    const TEXT: &str = "+++\nid = \"T-1\"\ntitle = \"T\"\nkind = \"bilateral\"\n\
        in_force_from = \"2031-01-01\"\nsurvival = true\n\n[[parties]]\nnation = \"XAR\"\n\n\
        [[parties]]\nnation = \"XBR\"\n+++\n\n# T\n\nThe parties\nhave agreed:\n\n\
        ## Article 1 — Level\n\n1. One\n   goes on.\n2. Two.\n\n- an item\n(a) another\n\n\
        ### Remark\n\n   | a | b |\n   | 1 | 2 |\n\n```text\nfor readers\n```\n\n```clause\n\
        type = \"classification_ceiling\"\nlevel = \"SECRET\"\n```\n\n## Article 2bis — Purpose\n\n\
        Only this.\n\n```clause\ntype = \"purpose\"\nallowed = [\"cyber_defence\"]\n```\n";

    #[test]
    fn prose_is_read_in_paragraphs_and_each_block_stands_with_its_article() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let reading = agreement.reading();
        assert_eq!(paragraphs(&reading.preamble[0]), ["The parties have agreed:"]);
        let [first, second] = reading.articles.as_slice() else { panic!("{reading:?}") };
        assert_eq!((first.number.as_str(), first.title.as_str()), ("1", "Level"));
        let passage = &first.passages[0];
        let expected = ["1. One goes on.", "2. Two.", "- an item", "(a) another"];
        assert_eq!(paragraphs(passage), expected);
        assert!(passage.pieces.contains(&Piece::Heading("Remark".into())));
        assert!(passage.pieces.contains(&Piece::Verbatim("| a | b |\n| 1 | 2 |".into())));
        assert!(passage.pieces.contains(&Piece::Verbatim("for readers\n".into())));
        assert_eq!((second.number.as_str(), second.blocks.len()), ("2bis", 1));
        let enforced: Vec<(String, String)> = reading
            .articles
            .iter()
            .flat_map(|article| &article.blocks)
            .map(|block| (block.id.clone(), block.says.clone()))
            .collect();
        let clauses: Vec<(String, String)> =
            agreement.clauses().map(|(id, _, says)| (id.to_owned(), says)).collect();
        assert_eq!(enforced, clauses);
        assert_eq!(second.blocks[0].toml, agreement.blocks()[1]);
    }

    #[test]
    fn the_whole_library_reads_with_every_block_and_language() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut read = 0;
        for folder in ["agreements", "laws"] {
            for entry in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|e| e != "md") || path.ends_with("README.md") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let (reading, languages, blocks) = if folder == "laws" {
                    let law = NationalLaw::parse(&text).unwrap();
                    (law.reading(), law.languages().len(), law.rules().count())
                } else {
                    let agreement = Agreement::parse(&text).unwrap();
                    let (languages, clauses) =
                        (agreement.languages().len(), agreement.clauses().count());
                    (agreement.reading(), languages, clauses)
                };
                let shown: usize = reading.articles.iter().map(|a| a.blocks.len()).sum();
                assert_eq!(shown, blocks, "{}", path.display());
                for article in &reading.articles {
                    assert_eq!(article.passages.len(), languages.max(1), "{}", path.display());
                    assert!(article.blocks.iter().all(|block| !block.says.is_empty()));
                }
                read += 1;
            }
        }
        assert!(read > 20, "{read} texts were read");
    }
}
