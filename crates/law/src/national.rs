//! National laws: literate text, parsed once into rules that cannot be wrong.

use entente_model::NationCode;

use crate::agreement::{block_id, code, known_type, title, tongues};
use crate::keys::{Fragment, Item, Keys};
use crate::literate;
use crate::policy::{Effect, Forbid, Origin, has_one_of};
use crate::problem::{Problem, Problems};
use crate::rule::{self, RuleType, Trigger};

/// Which way information goes when a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Out of the nation.
    Export,
    /// Into the nation.
    Import,
}

/// One rule with its place in the text.
#[derive(Debug)]
pub(crate) struct Rule {
    pub origin: Origin,
    pub section_title: String,
    pub direction: Direction,
    effect: Effect,
    unless: Vec<String>,
    /// Whether it applies between bodies of the nation itself, too.
    at_home: bool,
    authority: Option<String>,
    transform: Option<String>,
    trigger: Box<dyn Trigger>,
}

/// A nation's law whose every rule was understood.
#[derive(Debug)]
pub struct NationalLaw {
    text: String,
    code: String,
    nation: NationCode,
    title: String,
    languages: Vec<String>,
    rules: Vec<Rule>,
}

impl NationalLaw {
    /// Reads a literate law. Either everything in it is understood, or it fails with every
    /// problem that was found.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let (pieces, mut problems) = literate::split(text, "rule")?;
        let (front, found) = Fragment::new(pieces.front, pieces.front_line).read(|keys| {
            let code = code(keys);
            let nation = keys.need("nation").and_then(|i| i.nation());
            let title = title(keys);
            let tongues = tongues(keys);
            Some((code?, nation?, title?, tongues?))
        });
        problems.extend(found);
        let code = front.as_ref().map_or("", |f| f.0.as_str());
        let languages = front.as_ref().map_or(&[][..], |f| f.3.languages.as_slice());
        literate::check_languages(&pieces, languages, &mut problems);
        let mut rules = Vec::new();
        for article in &pieces.articles {
            for (n, block) in article.blocks.iter().enumerate() {
                let origin = |kind| Origin {
                    id: block_id(code, article, n),
                    article: article.number.to_owned(),
                    kind,
                };
                let (rule, found) = Fragment::new(block.toml, block.line)
                    .read(|keys| read_rule(keys, article.name(languages), origin));
                let unknown_type = found.iter().any(|p| p.message.starts_with("unknown type"));
                problems.extend(
                    found
                        .into_iter()
                        .filter(|p| !unknown_type || !p.message.starts_with("unknown key")),
                );
                rules.extend(rule);
            }
        }
        if rules.is_empty() && problems.is_empty() {
            problems.push(Problem {
                line: 1,
                column: 1,
                text: String::new(),
                message: "the law has no ```rule block, so it would forbid nothing".into(),
            });
        }
        Problems::check(problems)?;
        let (code, nation, title, tongues) = front.ok_or_else(|| {
            Problems::one(1, 1, "", "the particulars between the `+++` lines are incomplete")
        })?;
        let languages = tongues.languages;
        Ok(Self { text: text.to_owned(), code, nation, title, languages, rules })
    }

    /// A law of one rule that is no literate text, such as one in a decision row.
    pub(crate) fn unwritten(code: String, nation: NationCode, title: String, rule: Rule) -> Self {
        let languages = Vec::new();
        Self { text: String::new(), code, nation, title, languages, rules: vec![rule] }
    }

    /// The exact text, over which the law's id is computed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its code, such as `XAR-DPA`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whose law it is.
    pub const fn nation(&self) -> NationCode {
        self.nation
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its equally authentic languages; empty where the text names none.
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Ids of its rules with their types and what they say, in the order of the text.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.rules.iter().map(|r| (r.origin.id.as_str(), r.origin.kind, r.says(self.nation)))
    }

    /// The TOML of each rule's block with the rule's id, in the order of the text.
    pub fn blocks(&self) -> Vec<(&str, &str)> {
        let ids = self.rules.iter().map(|rule| rule.origin.id.as_str());
        ids.zip(literate::blocks(&self.text, "rule").into_iter().map(|(_, toml)| toml)).collect()
    }

    pub(crate) fn numbered(&self) -> &[Rule] {
        &self.rules
    }

    /// What the law lets out and in: headings, each with its rules' ids and what they say.
    pub fn summary(&self) -> Vec<(&'static str, Vec<(&str, String)>)> {
        let parts = [
            ("Never leaves", Direction::Export, Effect::Deny),
            ("Leaves only by decision", Direction::Export, Effect::Refer),
            ("Leaves only in changed form", Direction::Export, Effect::Modify),
            ("Is never taken in", Direction::Import, Effect::Deny),
            ("Is taken in only by decision", Direction::Import, Effect::Refer),
            ("Is taken in only in changed form", Direction::Import, Effect::Modify),
        ];
        let of = |direction, effect| {
            let rules = self
                .rules
                .iter()
                .filter(move |r: &&Rule| r.direction == direction && r.effect == effect);
            rules.map(|r| (r.origin.id.as_str(), r.tells(self.nation))).collect::<Vec<_>>()
        };
        let parts = parts.map(|(heading, direction, effect)| (heading, of(direction, effect)));
        parts.into_iter().filter(|(_, rules)| !rules.is_empty()).collect()
    }
}

impl Rule {
    /// The rule as a prohibition.
    pub(crate) fn forbid(&self, nation: NationCode) -> Forbid {
        let mut condition = self.trigger.condition(nation);
        if !self.unless.is_empty() {
            condition = format!("({condition}) && !{}", has_one_of("context.facts", &self.unless));
        }
        if !self.at_home {
            condition = format!("context.sender != context.recipient && ({condition})");
        }
        let forbid = Forbid::deny(
            format!("LAW_{}", self.origin.kind.to_uppercase()),
            condition,
            self.trigger.says(nation),
        );
        match (self.effect, &self.authority, &self.transform) {
            (Effect::Refer, Some(authority), _) => {
                forbid.refer_to(format!("authority:{authority}"))
            }
            (Effect::Modify, _, Some(transform)) => forbid.modify(format!("transform:{transform}")),
            (Effect::Deny | Effect::Refer | Effect::Modify, _, _) => forbid,
        }
    }

    /// When it fires, of no recipient in particular.
    fn when(&self, nation: NationCode) -> String {
        let says = self.trigger.says(nation);
        let says = says.replace("the purpose {purpose}", "the purpose of the release");
        says.replace("{recipient}", "the recipient's nation")
    }

    /// The rule under the heading that says which way and with which effect.
    fn tells(&self, nation: NationCode) -> String {
        let mut out = format!("where {}", self.when(nation));
        match (self.effect, &self.authority, &self.transform) {
            (Effect::Refer, Some(authority), _) => {
                out.push_str("; it is for ");
                out.push_str(authority);
                out.push_str(" to decide");
            }
            (Effect::Modify, _, Some(transform)) => {
                out.push_str("; what is done: ");
                out.push_str(transform);
            }
            (Effect::Deny | Effect::Refer | Effect::Modify, _, _) => {}
        }
        if !self.unless.is_empty() {
            out.push_str("; unless there is ");
            out.push_str(&self.unless.join(" or "));
        }
        if !self.at_home {
            out.push_str("; not between the nation's own bodies");
        }
        out
    }

    fn says(&self, nation: NationCode) -> String {
        let when = match (self.direction, self.at_home) {
            (Direction::Export, true) => "information leaves",
            (Direction::Export, false) => "information leaves the nation",
            (Direction::Import, true) => "information enters",
            (Direction::Import, false) => "information enters from abroad",
        };
        let then = match (self.effect, &self.authority, &self.transform) {
            (Effect::Refer, Some(authority), _) => format!("only on the decision of {authority}"),
            (Effect::Modify, _, Some(transform)) => format!("only after {transform}"),
            (Effect::Deny | Effect::Refer | Effect::Modify, _, _) => "never".into(),
        };
        let unless = if self.unless.is_empty() {
            String::new()
        } else {
            format!(", unless there is {}", self.unless.join(" or "))
        };
        format!("where {}, {when} {then}{unless}", self.when(nation))
    }
}

/// Reads the keys of one rule.
pub(crate) fn read_rule(
    keys: &Keys<'_, '_>,
    section_title: String,
    origin: impl Fn(&'static str) -> Origin,
) -> Option<Rule> {
    let names = rule::TYPES.iter().map(|t| t.name);
    let kind: &RuleType = known_type(keys, names, rule::find, "rule")?;
    let direction = keys
        .need("direction")
        .and_then(|i| i.one_of(&[("export", Direction::Export), ("import", Direction::Import)]));
    let effect = keys.need("effect").and_then(|i| {
        i.one_of(&[("forbid", Effect::Deny), ("refer", Effect::Refer), ("modify", Effect::Modify)])
    });
    let unless = keys.or("unless", Vec::new(), Item::tokens);
    let at_home = keys.or("at_home", true, Item::bool);
    let authority = keys.optional("authority", Item::token);
    let transform = keys.optional("transform", |i| {
        i.one_of(&[
            ("remove_categories", "remove_categories"),
            ("pseudonymise_persons", "pseudonymise_persons"),
        ])
    });
    let trigger = (kind.read)(keys);
    let (effect, authority, transform) = (effect?, authority?, transform?);
    if effect == Effect::Refer && authority.is_none() {
        return keys.fault("a rule that refers names the `authority` that decides");
    }
    if effect == Effect::Modify && transform.is_none() {
        return keys.fault("a rule that modifies names the `transform` that is applied");
    }
    Some(Rule {
        origin: origin(kind.name),
        section_title,
        direction: direction?,
        effect,
        unless: unless?,
        at_home: at_home?,
        authority,
        transform: transform.map(str::to_owned),
        trigger: trigger?,
    })
}
