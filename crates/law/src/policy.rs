//! Prohibitions as Cedar policies: written, strictly validated once, evaluated in slices.
//!
//! Every clause, control and rule becomes `forbid` policies beside one constant `permit`; the
//! forbids that are satisfied are the failures. Cedar leaves out a policy that errors, so a
//! prohibition that fails while running would read as no prohibition: any diagnostic is reported
//! and makes the decision deny. Policy text is parsed while compiling and never again.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision as Answer, Entities, EntityUid, Policy, PolicyId, PolicySet,
    Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use thiserror::Error;

/// What the policies may read. Strict validation refuses everything else.
pub(crate) const SCHEMA: &str = include_str!("policy.cedarschema");

/// The policy that every set holds, so that only the forbids decide.
const PERMIT: &str = "permit";

/// The rules could not be made into policies.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompileError {
    /// Two agreements that have not ended have the same code, so neither can be cited by it.
    #[error("two agreements have the code `{0}`, and neither has ended or was superseded")]
    SameCode(String),
    /// A group means different things in two agreements.
    #[error("group `{group}` has other members in `{agreement}` than in an earlier agreement")]
    GroupConflict {
        /// The group's code.
        group: String,
        /// The later agreement.
        agreement: String,
    },
    /// A clause names a marking that its nation's scheme does not have.
    #[error(
        "clause `{clause}` gives {nation} the marking `{marking}`, which its scheme does not have"
    )]
    UnknownMarking {
        /// The clause.
        clause: String,
        /// The nation.
        nation: String,
        /// The marking.
        marking: String,
    },
    /// A generated policy was refused; a defect of this program.
    #[error("the policy of `{clause}` was refused: {reason}")]
    Refused {
        /// The clause, control or rule.
        clause: String,
        /// What the engine said.
        reason: String,
    },
}

/// What follows when a prohibition applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Effect {
    /// At best a variant may go.
    Modify,
    /// A named authority decides.
    Refer,
    /// It may not go.
    Deny,
}

impl Effect {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Modify => "modify",
            Self::Refer => "refer",
            Self::Deny => "deny",
        }
    }
}

/// What a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// One unit of an object, to one recipient.
    Release,
    /// One control of its label.
    Control,
    /// One piece of foreign information inside it.
    Onward,
}

impl Action {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Control => "control",
            Self::Onward => "onward",
        }
    }
}

/// One prohibition, before it is compiled.
///
/// Sentence, target, obligation and code may hold names in braces, such as `{sender}`, which
/// stand for values of the case.
#[derive(Debug, Clone)]
pub(crate) struct Forbid {
    pub effect: Effect,
    pub code: String,
    /// A Cedar condition over `context`.
    pub condition: String,
    /// Why, for people: what follows "because".
    pub sentence: String,
    /// Who decides, for [`Effect::Refer`].
    pub refer_to: Option<String>,
    /// What the variant needs, for [`Effect::Modify`].
    pub obligation: Option<String>,
}

impl Forbid {
    pub(crate) fn deny(
        code: impl Into<String>,
        condition: impl Into<String>,
        sentence: impl Into<String>,
    ) -> Self {
        Self {
            effect: Effect::Deny,
            code: code.into(),
            condition: condition.into(),
            sentence: sentence.into(),
            refer_to: None,
            obligation: None,
        }
    }

    /// Refers instead of denying.
    pub(crate) fn refer_to(mut self, authority: impl Into<String>) -> Self {
        self.effect = Effect::Refer;
        self.refer_to = Some(authority.into());
        self
    }

    /// Lets a variant go instead of denying.
    pub(crate) fn modify(mut self, obligation: impl Into<String>) -> Self {
        self.effect = Effect::Modify;
        self.obligation = Some(obligation.into());
        self
    }
}

/// Where a prohibition comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The clause, control or rule: `ESM-MISA/4`, `label:NOFORN`, `XAR-DPA/12`.
    pub id: String,
    /// The article or section it implements; empty for controls.
    pub article: String,
    /// The type of clause, control or rule.
    pub kind: &'static str,
}

/// A compiled prohibition.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub origin: Origin,
    pub forbid: Forbid,
    policy: Policy,
}

/// Everything that was compiled; a slice is a set of positions in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    entries: Vec<Compiled>,
    /// Attributes that some policy reads.
    reads: BTreeSet<String>,
    /// Texts that some policy compares something with, as they are quoted.
    literals: BTreeSet<String>,
    /// Ages below which some policy applies.
    ages: BTreeSet<u64>,
}

/// Facts that are recorded with a decision only as far as some policy reads them.
const LEFT_OUT: [&str; 12] = [
    "collected_at",
    "records",
    "collected_for",
    "area",
    "object_case",
    "court_sealed",
    "pending_case",
    "data_categories",
    "persons",
    "nationalities",
    "roles",
    "youngest",
];

impl Book {
    /// Writes one prohibition down and parses it.
    pub(crate) fn add(
        &mut self,
        action: Action,
        origin: &Origin,
        forbid: Forbid,
    ) -> Result<usize, CompileError> {
        let position = self.entries.len();
        let source = format!(
            "@clause({})\n@article({})\n@effect({})\n@code({})\n{}{}forbid (principal, action == Action::{}, resource)\nwhen {{ {} }};",
            quoted(&origin.id),
            quoted(&origin.article),
            quoted(forbid.effect.as_str()),
            quoted(&forbid.code),
            annotation("refer_to", forbid.refer_to.as_deref()),
            annotation("obligation", forbid.obligation.as_deref()),
            quoted(action.name()),
            forbid.condition,
        );
        let refused = |reason: String| CompileError::Refused { clause: origin.id.clone(), reason };
        let policy = Policy::parse(Some(PolicyId::new(position.to_string())), source)
            .map_err(|e| refused(e.to_string()))?;
        // Asking whether an attribute is there reads it too.
        for access in ["context.", "context has "] {
            for part in forbid.condition.split(access).skip(1) {
                let name = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_');
                self.reads.insert(name.collect());
            }
        }
        self.literals.extend(literals(&forbid.condition));
        for part in forbid.condition.split("context.youngest < ").skip(1) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            self.ages.extend(digits.parse::<u64>());
        }
        self.entries.push(Compiled { origin: origin.clone(), forbid, policy });
        Ok(position)
    }

    /// Validates everything strictly against the schema.
    pub(crate) fn validate(&self) -> Result<(), CompileError> {
        let refused = |clause: &str, reason: String| CompileError::Refused {
            clause: clause.to_owned(),
            reason,
        };
        let (schema, _) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|e| refused("schema", e.to_string()))?;
        let every: Vec<usize> = (0..self.entries.len()).collect();
        let set = self.set(&every)?;
        let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            let id: &str = error.policy_id().as_ref();
            let clause = id.parse().ok().and_then(|n: usize| self.get(n));
            return Err(refused(clause.map_or(id, |c| c.origin.id.as_str()), error.to_string()));
        }
        Ok(())
    }

    /// The policies at these positions, ready to be evaluated.
    pub(crate) fn set(&self, positions: &[usize]) -> Result<PolicySet, CompileError> {
        let refused = |reason: String| CompileError::Refused { clause: "slice".into(), reason };
        let mut set = PolicySet::new();
        let permit =
            Policy::parse(Some(PolicyId::new(PERMIT)), "permit (principal, action, resource);")
                .map_err(|e| refused(e.to_string()))?;
        set.add(permit).map_err(|e| refused(e.to_string()))?;
        for position in positions {
            let entry = self.get(*position).ok_or_else(|| refused("no such policy".into()))?;
            set.add(entry.policy.clone()).map_err(|e| refused(e.to_string()))?;
        }
        Ok(set)
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Compiled> {
        self.entries.get(position)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether some policy reads this attribute of the case.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        self.reads.contains(attribute)
    }

    /// Whether some policy compares something with this text.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.literals.contains(&quoted(text))
    }

    /// The lowest age that no policy tells from this one.
    pub(crate) fn age(&self, age: u8) -> u8 {
        let reached = self.ages.range(..=u64::from(age)).next_back();
        reached.and_then(|reached| u8::try_from(*reached).ok()).unwrap_or(0)
    }

    /// Facts that what was recorded under these policies lacks and that others would read.
    pub(crate) fn left_out_for(&self, other: &Self) -> Vec<&'static str> {
        let persons = ["persons", "nationalities", "roles", "youngest"];
        let has_persons = persons.iter().any(|name| self.reads(name));
        let names_more = |name: &str| {
            let read = format!("context.{name}");
            let reading = other.entries.iter().filter(|e| e.forbid.condition.contains(&read));
            let mut named = reading.flat_map(|entry| literals(&entry.forbid.condition));
            named.any(|text| !self.literals.contains(&text))
        };
        let is_left_out = |name: &&str| match *name {
            "data_categories" => !self.reads(name) || names_more(name),
            "nationalities" | "roles" => !has_persons || names_more(name),
            "persons" => !has_persons,
            "youngest" => !has_persons || !other.ages.is_subset(&self.ages),
            _ => !self.reads(name),
        };
        LEFT_OUT.into_iter().filter(|n| other.reads(n)).filter(is_left_out).collect()
    }

    /// The text of every policy, for people and provers.
    pub(crate) fn source(&self) -> String {
        self.entries.iter().fold(String::new(), |mut all, entry| {
            all.push_str(&entry.policy.to_string());
            all.push_str("\n\n");
            all
        })
    }
}

/// Evaluates slices. Holds what every evaluation shares.
pub(crate) struct Engine {
    authorizer: Authorizer,
    entities: Entities,
    resource: EntityUid,
    principal: EntityUid,
    release: EntityUid,
    control: EntityUid,
    onward: EntityUid,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// What an evaluation found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Positions of the satisfied prohibitions, ascending.
    pub fired: Vec<usize>,
    /// The engine could not evaluate everything.
    pub failed: bool,
    /// How many policies were looked at.
    pub evaluated: usize,
}

impl Engine {
    pub(crate) fn new() -> Result<Self, CompileError> {
        let uid = |text: &str| {
            EntityUid::from_str(text).map_err(|e| CompileError::Refused {
                clause: text.to_owned(),
                reason: e.to_string(),
            })
        };
        Ok(Self {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            resource: uid("Unit::\"unit\"")?,
            principal: uid("Nation::\"recipient\"")?,
            release: uid("Action::\"release\"")?,
            control: uid("Action::\"control\"")?,
            onward: uid("Action::\"onward\"")?,
        })
    }

    /// Evaluates one slice.
    pub(crate) fn evaluate(&self, action: Action, set: &PolicySet, context: Context) -> Found {
        let uid = match action {
            Action::Release => &self.release,
            Action::Control => &self.control,
            Action::Onward => &self.onward,
        };
        let evaluated = set.num_of_policies();
        let request = Request::new(
            self.principal.clone(),
            uid.clone(),
            self.resource.clone(),
            context,
            // The context is built by `Attributes` alone; a test validates it against the schema.
            None,
        );
        let Ok(request) = request else {
            return Found { failed: true, evaluated, fired: Vec::new() };
        };
        let response = self.authorizer.is_authorized(&request, set, &self.entities);
        let mut failed = response.diagnostics().errors().next().is_some();
        let mut fired = Vec::new();
        if response.decision() == Answer::Deny {
            for id in response.diagnostics().reason() {
                match AsRef::<str>::as_ref(id).parse() {
                    Ok(position) => fired.push(position),
                    Err(_) => failed = true,
                }
            }
            // A refusal without a reason is not one that we can explain.
            failed |= fired.is_empty();
        }
        fired.sort_unstable();
        Found { fired, failed, evaluated }
    }
}

/// The attributes of a case, as the policies read them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Attributes<'b> {
    entries: Vec<(String, RestrictedExpression)>,
    /// Attributes that none of its policies reads are left out: making them would take longer than
    /// evaluating the policies.
    book: Option<&'b Book>,
}

impl<'b> Attributes<'b> {
    /// Those that some policy of the book reads.
    pub(crate) fn read_by(book: &'b Book) -> Self {
        Self { entries: Vec::new(), book: Some(book) }
    }

    fn push(&mut self, name: &str, value: impl FnOnce() -> RestrictedExpression) -> &mut Self {
        if self.book.is_none_or(|book| book.reads(name)) {
            self.entries.push((name.into(), value()));
        }
        self
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.push(name, || RestrictedExpression::new_string(value.to_owned()))
    }

    pub(crate) fn maybe_text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    pub(crate) fn long(&mut self, name: &str, value: i64) -> &mut Self {
        self.push(name, || RestrictedExpression::new_long(value))
    }

    pub(crate) fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.push(name, || RestrictedExpression::new_bool(value))
    }

    pub(crate) fn set<S: AsRef<str>>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = S>,
    ) -> &mut Self {
        self.push(name, || {
            RestrictedExpression::new_set(
                values.into_iter().map(|v| RestrictedExpression::new_string(v.as_ref().to_owned())),
            )
        })
    }

    pub(crate) fn record(&mut self, name: &str, fields: Self) -> &mut Self {
        match RestrictedExpression::new_record(fields.entries) {
            Ok(record) => self.push(name, || record),
            Err(_) => self,
        }
    }

    /// The context of a request; `None` if it cannot be made, which must be a denial.
    pub(crate) fn context(self) -> Option<Context> {
        Context::from_pairs(self.entries).ok()
    }
}

/// The strings in a condition, with their quotation marks.
fn literals(condition: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    let mut escaped = false;
    for c in condition.chars() {
        let Some(text) = &mut open else {
            if c == '"' {
                open = Some(c.to_string());
            }
            continue;
        };
        text.push(c);
        if c == '"' && !escaped {
            found.extend(open.take());
        }
        escaped = c == '\\' && !escaped;
    }
    found
}

#[test]
fn the_strings_of_a_condition_are_found_as_they_were_quoted() {
    let hostile = "a\"] \\ \u{301}\n";
    let condition =
        format!("{} && context.x == \"\"", is_one_of("context.purpose", &[hostile, "b"]));
    assert_eq!(literals(&condition), [quoted(hostile), quoted("b"), quoted("")]);
}

/// Cedar text for a string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

fn annotation(name: &str, value: Option<&str>) -> String {
    value.map(|v| format!("@{name}({})\n", quoted(v))).unwrap_or_default()
}

fn list<S: AsRef<str>>(values: &[S]) -> String {
    let values: Vec<String> = values.iter().map(|v| quoted(v.as_ref())).collect();
    format!("[{}]", values.join(", "))
}

/// Cedar condition: the text attribute is one of the values.
pub(crate) fn is_one_of<S: AsRef<str>>(attribute: &str, values: &[S]) -> String {
    if values.is_empty() {
        return "false".into();
    }
    format!("{}.contains({attribute})", list(values))
}

/// Cedar condition: the set attribute has one of the values.
pub(crate) fn has_one_of<S: AsRef<str>>(attribute: &str, values: &[S]) -> String {
    if values.is_empty() {
        return "false".into();
    }
    format!("{attribute}.containsAny({})", list(values))
}

/// Cedar condition: the number attribute is one of the values.
pub(crate) fn is_level_of(attribute: &str, values: &[u8]) -> String {
    if values.is_empty() {
        return "false".into();
    }
    let values: Vec<String> = values.iter().map(u8::to_string).collect();
    format!("[{}].contains({attribute})", values.join(", "))
}

/// The schema, for tests that validate requests against it.
#[cfg(test)]
pub(crate) fn schema() -> Schema {
    Schema::from_cedarschema_str(SCHEMA).unwrap().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_whether_an_attribute_is_there_reads_it() {
        let mut book = Book::default();
        let forbid = Forbid::deny("X", "context has area && context.level > 1", "it is so");
        book.add(Action::Release, &origin(), forbid).unwrap();
        assert_eq!(["area", "level", "records"].map(|name| book.reads(name)), [true, true, false]);
    }

    #[test]
    fn what_was_not_read_or_not_told_apart_is_missing_from_the_record() {
        let book = |conditions: &[&str]| {
            let mut book = Book::default();
            for condition in conditions {
                let forbid = Forbid::deny("X", *condition, "it is so");
                book.add(Action::Release, &origin(), forbid).unwrap();
            }
            book
        };
        let dna = "context.data_categories.contains(\"dna\")";
        let health = "context.data_categories.contains(\"health\")";
        let young = "context has youngest && context.youngest < 18";
        let younger = "context has youngest && context.youngest < 16";
        for (old, new, missing) in [
            (&[dna][..], &[dna][..], &[][..]),
            (&[dna], &[health], &["data_categories"]),
            (&[dna, health], &[health], &[]),
            (&["context.persons"], &[young], &["youngest"]),
            (&[young, younger], &[younger], &[]),
            (&[young], &["context.persons && context.records > 5"], &["records"]),
            (&[dna], &["context.persons", "context.court_sealed"], &["court_sealed", "persons"]),
        ] {
            assert_eq!(book(old).left_out_for(&book(new)), missing, "{old:?} {new:?}");
        }
    }

    fn origin() -> Origin {
        Origin { id: "A/1".into(), article: "1".into(), kind: "purpose" }
    }

    #[test]
    fn a_policy_that_errors_is_reported_and_never_read_as_silence() {
        let mut book = Book::default();
        let forbid = Forbid::deny("X", "context.level > 1", "it is so");
        let position = book.add(Action::Release, &origin(), forbid).unwrap();
        let set = book.set(&[position]).unwrap();
        let engine = Engine::new().unwrap();
        // The attribute is missing, so the engine answers Allow, with a diagnostic.
        let found = engine.evaluate(Action::Release, &set, Context::empty());
        assert!(found.failed && found.fired.is_empty());
        for (level, fired) in [(1, vec![]), (2, vec![position])] {
            let mut attributes = Attributes::default();
            attributes.long("level", level);
            let found = engine.evaluate(Action::Release, &set, attributes.context().unwrap());
            assert_eq!((found.failed, found.fired, found.evaluated), (false, fired, 2));
        }
    }

    #[test]
    fn what_the_schema_does_not_know_is_refused() {
        for condition in ["context.levle > 1", "context.area == \"x\"", "context.level == \"x\""] {
            let mut book = Book::default();
            book.add(Action::Release, &origin(), Forbid::deny("X", condition, "it is so")).unwrap();
            let refused = book.validate().unwrap_err().to_string();
            assert!(refused.starts_with("the policy of `A/1` was refused"), "{refused}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = "x\"]; permit(principal, action, resource); \\ \u{301}\n";
        let mut book = Book::default();
        let condition = is_one_of("context.purpose", &[text]);
        let position =
            book.add(Action::Release, &origin(), Forbid::deny("X", condition, text)).unwrap();
        book.validate().unwrap();
        let mut attributes = Attributes::default();
        attributes.text("purpose", text);
        let set = book.set(&[position]).unwrap();
        let found =
            Engine::new().unwrap().evaluate(Action::Release, &set, attributes.context().unwrap());
        assert_eq!(found.fired, [position]);
    }
}
