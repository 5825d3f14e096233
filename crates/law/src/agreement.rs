//! Agreements: literate text, parsed once into clauses that cannot be wrong.
//!
//! The digest of the text is the agreement's identity, so everything here follows from the text:
//! two nodes that hold the same text derive the same decisions. Signing and the agreement's life
//! belong to `entente-app`.

use std::collections::BTreeMap;
use std::sync::Arc;

use entente_model::{AgreementId, NationCode, NationId, Timestamp};

use crate::clause::{self, Clause, ClauseType};
use crate::equivalence::{Row, Table};
use crate::keys::{Fragment, Item, Keys};
use crate::literate::{self, Article};
use crate::policy::{CompileError, Origin};
use crate::problem::{Problem, Problems, nearest};
use crate::scheme::Schemes;

/// The most parties that an agreement may have.
pub const PARTIES_MAX: usize = 200;

/// The most clauses that an agreement may have: the terms of a release name each that was tested.
pub const CLAUSES_MAX: usize = 150;

/// What kind of instrument an agreement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreementKind {
    /// Between two nations.
    Bilateral,
    /// Between several nations.
    Multilateral,
    /// A memorandum of understanding.
    Memorandum,
    /// Between bodies of one nation, which is its only party.
    Domestic,
}

/// The words for the kinds of instrument.
const KINDS: [(&str, AgreementKind); 4] = [
    ("bilateral", AgreementKind::Bilateral),
    ("multilateral", AgreementKind::Multilateral),
    ("mou", AgreementKind::Memorandum),
    ("domestic", AgreementKind::Domestic),
];

impl AgreementKind {
    /// The word in the front matter.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// A party to an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its code.
    pub nation: NationCode,
    /// Its identity; absent in a draft that was not bound yet.
    pub id: Option<NationId>,
}

/// One clause with its place in the text.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub origin: Origin,
    /// The line on which its block starts.
    pub line: usize,
    pub article_title: String,
    pub clause: Arc<dyn Clause>,
}

/// An agreement whose every clause was understood.
#[derive(Debug)]
pub struct Agreement {
    text: String,
    code: String,
    title: String,
    languages: Vec<String>,
    titles: BTreeMap<String, String>,
    kind: AgreementKind,
    in_force_from: Timestamp,
    ends_on: Option<Timestamp>,
    survival: bool,
    supersedes: Option<AgreementId>,
    afresh: bool,
    parties: Vec<Party>,
    groups: BTreeMap<String, Vec<NationCode>>,
    articles: Vec<(String, String)>,
    clauses: Vec<Numbered>,
}

/// The front matter.
pub(crate) struct Front {
    pub code: String,
    pub title: String,
    pub tongues: Tongues,
    pub kind: AgreementKind,
    pub in_force_from: Timestamp,
    pub ends_on: Option<Timestamp>,
    pub survival: bool,
    pub supersedes: Option<AgreementId>,
    pub afresh: bool,
    pub parties: Vec<Party>,
    pub groups: BTreeMap<String, Vec<NationCode>>,
}

/// The equally authentic languages of a text, and its titles in those after the first.
#[derive(Debug, Default)]
pub(crate) struct Tongues {
    pub languages: Vec<String>,
    pub titles: BTreeMap<String, String>,
}

impl Agreement {
    /// Reads a literate agreement. Either everything in it is understood, or it fails with every
    /// problem that was found.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let (pieces, mut problems) = literate::split(text, "clause")?;
        let (front, found) = Fragment::new(pieces.front, pieces.front_line).read(front);
        problems.extend(found);
        let code = front.as_ref().map_or("", |f| f.code.as_str());
        let languages = front.as_ref().map_or(&[][..], |f| f.tongues.languages.as_slice());
        literate::check_languages(&pieces, languages, &mut problems);
        let clauses = read_clauses(code, &pieces.articles, languages, &mut problems);
        if clauses.is_empty() && problems.is_empty() {
            problems.push(Problem {
                line: 1,
                column: 1,
                text: String::new(),
                message: "the agreement has no ```clause block, so it would forbid nothing".into(),
            });
        }
        if clauses.len() > CLAUSES_MAX {
            problems.push(Problem {
                line: 1,
                column: 1,
                text: String::new(),
                message: format!(
                    "the agreement has {} clauses: at most {CLAUSES_MAX}, as each release names \
                     those that it was tested by",
                    clauses.len()
                ),
            });
        }
        Problems::check(problems)?;
        let front = front.ok_or_else(|| {
            Problems::one(1, 1, "", "the particulars between the `+++` lines are incomplete")
        })?;
        let languages = &front.tongues.languages;
        let articles =
            pieces.articles.iter().map(|a| (a.number.to_owned(), a.name(languages))).collect();
        Ok(Self { text: text.to_owned(), articles, ..Self::unwritten(front, clauses) })
    }

    /// An agreement that is no literate text, such as one in a decision row. It has no text, so
    /// it cannot be signed.
    pub(crate) fn unwritten(front: Front, clauses: Vec<Numbered>) -> Self {
        Self {
            text: String::new(),
            articles: Vec::new(),
            code: front.code,
            title: front.title,
            languages: front.tongues.languages,
            titles: front.tongues.titles,
            kind: front.kind,
            in_force_from: front.in_force_from,
            ends_on: front.ends_on,
            survival: front.survival,
            supersedes: front.supersedes,
            afresh: front.afresh,
            parties: front.parties,
            groups: front.groups,
            clauses,
        }
    }

    /// The exact text, over which the agreement's id is computed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its code, such as `ESM-MISA`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its equally authentic languages; empty where the text names none.
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Its titles in the languages after the first.
    pub const fn titles(&self) -> &BTreeMap<String, String> {
        &self.titles
    }

    /// The numbers and titles of its articles, in the order of the text.
    pub fn articles(&self) -> &[(String, String)] {
        &self.articles
    }

    /// What kind of instrument it is.
    pub const fn kind(&self) -> AgreementKind {
        self.kind
    }

    /// Whether bodies of one nation may share under it. A treaty between nations says nothing of
    /// that; a row of the decision vocabulary, which has no word for a domestic arrangement, asks
    /// only whether sender and recipient are parties.
    pub(crate) fn serves_at_home(&self) -> bool {
        self.kind == AgreementKind::Domestic || self.text.is_empty()
    }

    /// It is in force from this moment.
    pub const fn in_force_from(&self) -> Timestamp {
        self.in_force_from
    }

    /// It is no longer in force from this moment.
    pub const fn ends_on(&self) -> Option<Timestamp> {
        self.ends_on
    }

    /// Whether its protection outlives it.
    pub const fn survival(&self) -> bool {
        self.survival
    }

    /// The text that it takes the place of: it is an amendment.
    pub const fn supersedes(&self) -> Option<AgreementId> {
        self.supersedes
    }

    /// Whether it begins without the suspensions and notices of the text that it supersedes.
    pub const fn begins_afresh(&self) -> bool {
        self.afresh
    }

    /// Its parties, in the order of the text.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Whether every party is bound to an identity, as signing requires.
    pub fn is_bound(&self) -> bool {
        self.parties.iter().all(|p| p.id.is_some())
    }

    /// Whether the nation is a party.
    pub fn has_party(&self, nation: NationCode) -> bool {
        self.parties.iter().any(|p| p.nation == nation)
    }

    /// Groups of nations that labels may name.
    pub const fn groups(&self) -> &BTreeMap<String, Vec<NationCode>> {
        &self.groups
    }

    /// Ids of its clauses with their types and what they say, in the order of the text.
    pub fn clauses(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.clauses.iter().map(|c| (c.origin.id.as_str(), c.origin.kind, c.clause.says()))
    }

    /// The clause that sets the shortest time within which a breach must be told, and the hours.
    pub fn breach_notification(&self) -> Option<(&str, u64)> {
        let clauses = self.clauses.iter();
        let timed = clauses.filter_map(|c| Some((c.origin.id.as_str(), c.clause.breach_hours()?)));
        timed.min_by_key(|(_, hours)| *hours)
    }

    /// Which of these bodies of a nation every clause about bodies authorises to send and to
    /// receive: all of them, where none says which.
    pub fn authorised<'b>(&self, nation: NationCode, bodies: &'b [String]) -> Vec<&'b String> {
        let lists = || self.clauses.iter().filter_map(|c| c.clause.authorised(nation));
        bodies.iter().filter(|body| lists().all(|list| list.contains(body))).collect()
    }

    /// The TOML of each clause's block, in the order of the text.
    pub fn blocks(&self) -> Vec<&str> {
        literate::blocks(&self.text, "clause").into_iter().map(|(_, toml)| toml).collect()
    }

    /// Its table of equivalence, if it has one. A marking that its nation's scheme does not have is
    /// an error.
    pub fn equivalence(&self, schemes: &Schemes) -> Result<Option<Table>, CompileError> {
        let found = self.clauses.iter().find_map(|c| Some((c, c.clause.equivalence()?)));
        let Some((clause, table)) = found else { return Ok(None) };
        let mut rows = Vec::new();
        for (class, markings) in &table.rows {
            let mut levels = BTreeMap::new();
            for (nation, marking) in markings {
                let known = schemes.find(nation.as_str()).and_then(|s| s.spelt(marking, None));
                let level = known.ok_or_else(|| CompileError::UnknownMarking {
                    clause: clause.origin.id.clone(),
                    nation: nation.to_string(),
                    marking: marking.clone(),
                })?;
                levels.insert(nation.to_string(), level.level.id.clone());
            }
            rows.push(Row { class: *class, levels, prescribed: BTreeMap::new() });
        }
        Ok(Some(Table::of_agreement(self.code(), self.title(), table.next_higher, rows)))
    }

    pub(crate) fn numbered(&self) -> &[Numbered] {
        &self.clauses
    }
}

/// A code that can stand in clause ids, file names and obligations.
pub(crate) fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

pub(crate) fn code(keys: &Keys<'_, '_>) -> Option<String> {
    let item = keys.need("id")?;
    let text = item.str()?;
    if is_code(text) {
        return Some(text.to_owned());
    }
    item.fault("a code has capital letters, digits and hyphens, as in ESM-MISA")
}

pub(crate) fn title(keys: &Keys<'_, '_>) -> Option<String> {
    title_text(&keys.need("title")?)
}

fn title_text(item: &Item<'_, '_>) -> Option<String> {
    let text = item.str()?.trim();
    if text.is_empty() || text.contains(['{', '}']) {
        return item.fault("a title is not empty and has no braces");
    }
    Some(text.to_owned())
}

fn front(keys: &Keys<'_, '_>) -> Option<Front> {
    let code = code(keys);
    let title = title(keys);
    let tongues = tongues(keys);
    let kind = keys.need("kind").and_then(|i| i.one_of(&KINDS));
    let in_force_from = keys.need("in_force_from").and_then(|i| i.day());
    let ends_on = keys.optional("ends_on", Item::day);
    let survival = keys.need("survival").and_then(|i| i.bool());
    let supersedes = keys.optional("supersedes", |item| {
        let id = item.str()?.parse::<AgreementId>();
        id.or_else(|_| {
            let right = "an amendment names the digest of the whole text that it supersedes, in 64 \
                         hexadecimal digits";
            item.fault(right).ok_or(())
        })
        .ok()
    });
    let afresh = keys.or("afresh", false, Item::bool);
    let parties = parties(keys, kind);
    let groups = keys.or("groups", BTreeMap::new(), |item| {
        item.table(|table| {
            let mut groups = BTreeMap::new();
            for (group, members) in table.entries() {
                if !is_code(group) || group.parse::<NationCode>().is_ok() {
                    return members.fault("a group has a code that no nation could have, as ESM5");
                }
                groups.insert(group.to_owned(), members.nations()?);
            }
            Some(groups)
        })
    });
    let (in_force_from, ends_on) = (in_force_from?, ends_on?);
    if ends_on.is_some_and(|end| end <= in_force_from) {
        return keys.fault("the agreement ends before it is in force");
    }
    Some(Front {
        code: code?,
        title: title?,
        tongues: tongues?,
        kind: kind?,
        in_force_from,
        ends_on,
        survival: survival?,
        supersedes: supersedes?,
        afresh: afresh?,
        parties: parties?,
        groups: groups?,
    })
}

/// Reads the languages of a text and its further titles.
pub(crate) fn tongues(keys: &Keys<'_, '_>) -> Option<Tongues> {
    let languages = keys.or("languages", Vec::new(), |item| {
        let mut languages: Vec<String> = Vec::new();
        for entry in item.list()? {
            let language = entry.str()?;
            if !literate::is_language(language) {
                return entry.fault("a language has a tag such as `en`, `fr` or `pt-BR`");
            }
            if languages.iter().any(|known| known == language) {
                return entry.fault("this language is there already");
            }
            languages.push(language.to_owned());
        }
        Some(languages)
    });
    let titles = keys.or("titles", BTreeMap::new(), |item| {
        item.table(|table| {
            let entries = table.entries();
            let read: BTreeMap<String, String> = entries
                .iter()
                .filter_map(|(language, item)| Some(((*language).to_owned(), title_text(item)?)))
                .collect();
            (read.len() == entries.len()).then_some(read)
        })
    });
    let (languages, titles) = (languages?, titles?);
    let further = languages.get(1..).unwrap_or(&[]);
    if let Some(language) = further.iter().find(|l| !titles.contains_key(*l)) {
        return keys.fault(format!(
            "the title in `{language}` is missing; write it as `{language} = \"…\"` under `[titles]`"
        ));
    }
    if let Some(language) = titles.keys().find(|l| !further.contains(l)) {
        return keys.fault(format!(
            "there is a title in `{language}`, which is not one of the further `languages`"
        ));
    }
    Some(Tongues { languages, titles })
}

fn parties(keys: &Keys<'_, '_>, kind: Option<AgreementKind>) -> Option<Vec<Party>> {
    let item = keys.need("parties")?;
    let mut parties: Vec<Party> = Vec::new();
    for entry in item.list()? {
        let party = entry.table(|party| {
            let nation = party.need("nation").and_then(|i| i.nation());
            let id = party.optional("nation_id", |i| {
                i.str()?.parse().or_else(|e| i.fault(format!("{e}")).ok_or(())).ok()
            });
            Some(Party { nation: nation?, id: id? })
        })?;
        if parties.iter().any(|p| p.nation == party.nation) {
            return entry.fault(format!("{} is a party already", party.nation));
        }
        parties.push(party);
    }
    match (kind, parties.len()) {
        (None | Some(AgreementKind::Domestic), 1) => Some(parties),
        (Some(AgreementKind::Domestic), _) => item
            .fault("a domestic arrangement has one party, the nation whose bodies it is between"),
        (_, n) if !(2..=PARTIES_MAX).contains(&n) => {
            item.fault(format!("an agreement has 2 to {PARTIES_MAX} parties"))
        }
        _ => Some(parties),
    }
}

/// The type named by a block, or a problem.
pub(crate) fn known_type<'a, T>(
    keys: &Keys<'_, '_>,
    names: impl Iterator<Item = &'a str> + Clone,
    find: impl Fn(&str) -> Option<T>,
    noun: &str,
) -> Option<T> {
    let item = keys.need("type")?;
    let name = item.str()?;
    find(name).or_else(|| {
        let hint = match nearest(name, names.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known types: {}", names.collect::<Vec<_>>().join(", ")),
        };
        item.fault(format!("unknown type of {noun}; {hint}"))
    })
}

/// The id of a block: the article's, with a number where there are several.
pub(crate) fn block_id(code: &str, article: &Article<'_>, n: usize) -> String {
    if article.blocks.len() == 1 {
        format!("{code}/{}", article.number)
    } else {
        format!("{code}/{}.{}", article.number, n + 1)
    }
}

fn read_clauses(
    code: &str,
    articles: &[Article<'_>],
    languages: &[String],
    problems: &mut Vec<Problem>,
) -> Vec<Numbered> {
    let mut clauses: Vec<Numbered> = Vec::new();
    for article in articles {
        for (n, block) in article.blocks.iter().enumerate() {
            let (read, found) = Fragment::new(block.toml, block.line).read(|keys| {
                let names = clause::TYPES.iter().map(|t| t.name);
                let kind: &ClauseType = known_type(keys, names, clause::find, "clause")?;
                if kind.once && clauses.iter().any(|c| c.origin.kind == kind.name) {
                    return keys
                        .fault(format!("there is a clause of type `{}` already", kind.name));
                }
                (kind.read)(keys).map(|clause| (kind.name, clause))
            });
            // An unknown type leaves all its keys unread; the type is the problem then.
            let unknown_type = found.iter().any(|p| p.message.starts_with("unknown type"));
            problems.extend(
                found
                    .into_iter()
                    .filter(|p| !unknown_type || !p.message.starts_with("unknown key")),
            );
            if let Some((kind, clause)) = read {
                clauses.push(Numbered {
                    origin: Origin {
                        id: block_id(code, article, n),
                        article: article.number.to_owned(),
                        kind,
                    },
                    line: block.line,
                    article_title: article.name(languages),
                    clause: Arc::from(clause),
                });
            }
        }
    }
    clauses
}

/// Binds the parties of a draft to identities: writes a `nation_id` line under each party's
/// `nation` line in the front matter, replacing one that is there. The same draft and identities
/// give the same text.
pub fn bind(text: &str, identities: &[(NationCode, NationId)]) -> Result<String, Problems> {
    bind_over(text, identities, None)
}

/// The same for an amendment, which names the text that it supersedes under its own code. A draft
/// that names another text already is refused.
pub fn bind_over(
    text: &str,
    identities: &[(NationCode, NationId)],
    supersedes: Option<AgreementId>,
) -> Result<String, Problems> {
    let draft = Agreement::parse(text)?;
    if let Some(named) = draft.supersedes()
        && supersedes != Some(named)
    {
        let message = match supersedes {
            Some(right) => format!("it would supersede {right}: leave the line out, or name that"),
            None => "it says that it supersedes another text, and is not offered as an amendment"
                .to_owned(),
        };
        return Err(Problems::one(1, 1, "supersedes", message));
    }
    if draft.begins_afresh() && supersedes.is_none() {
        let message = "only an amendment, which supersedes another text, can begin afresh";
        return Err(Problems::one(1, 1, "afresh", message));
    }
    let named = draft.supersedes().is_some();
    for party in draft.parties() {
        if !identities.iter().any(|(nation, _)| *nation == party.nation) {
            let missing = format!("the identity of party {} is not known here", party.nation);
            return Err(Problems::one(1, 1, party.nation.as_str(), missing));
        }
    }
    let mut out = String::with_capacity(text.len() + identities.len() * 80);
    let mut inside = false;
    let mut fences = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "+++" {
            fences += 1;
        }
        let front = fences == 1;
        let trimmed = line.trim();
        if front && trimmed.starts_with('[') {
            inside = trimmed == "[[parties]]";
        }
        if front && inside && trimmed.starts_with("nation_id") {
            continue;
        }
        if fences == 1
            && trimmed == "+++"
            && !named
            && let Some(older) = supersedes
        {
            out.push_str(line);
            out.push_str("supersedes = \"");
            out.push_str(&older.to_string());
            out.push_str("\"\n");
            continue;
        }
        out.push_str(line);
        let named = trimmed
            .strip_prefix("nation")
            .and_then(|rest| rest.trim_start().strip_prefix('='))
            .map(|rest| rest.trim().trim_matches('"'));
        let identity = identities.iter().find(|(n, _)| Some(n.as_str()) == named);
        if let (true, true, Some((_, id))) = (front, inside, identity) {
            out.push_str("nation_id = \"");
            out.push_str(&id.to_string());
            out.push_str("\"\n");
        }
    }
    let bound = Agreement::parse(&out)?;
    let right = bound.supersedes() == supersedes
        && bound.parties().iter().all(|p| {
            identities.iter().any(|(nation, id)| *nation == p.nation && Some(*id) == p.id)
        });
    if !right {
        let message = "write each party as a table `[[parties]]` with a line `nation = \"XAR\"`";
        return Err(Problems::one(2, 1, "parties", message));
    }
    Ok(bound.text)
}
