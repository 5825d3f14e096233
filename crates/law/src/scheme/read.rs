//! Reads a scheme file, and checks all that can be wrong with it.

use std::collections::BTreeMap;

use entente_model::{ControlKind, NationCode, Timestamp};

use super::level::{Certainty, Combined, Legacy, Level, Period, Place};
use super::{Form, FormKind, Meaning, OwnerKind, Policy4774, Scheme, SchemeControl};
use crate::control;
use crate::keys::{Fragment, Item, Keys};
use crate::problem::Problems;

/// A scheme file may not be longer than this.
const SCHEME_BYTES_MAX: usize = 256 << 10;

pub(super) fn scheme(text: &str) -> Result<Scheme, Problems> {
    if text.len() > SCHEME_BYTES_MAX {
        let limit = format!("the scheme is longer than {SCHEME_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let (scheme, problems) = Fragment::new(text, 1).read(top);
    Problems::check(problems)?;
    scheme.ok_or_else(|| Problems::one(1, 1, "", "the scheme is incomplete"))
}

fn top(keys: &Keys<'_, '_>) -> Option<Scheme> {
    let owner = owner(keys);
    let name = keys.need("name").and_then(|i| i.phrase());
    let languages = keys.need("languages").and_then(|i| languages(&i));
    let joined = keys.optional("joined", Item::phrase_with_spaces);
    let period = period(keys);
    let unmarked = keys.optional("unmarked", |i| Some((*i, marking_text(i)?)));
    let clearance_from = keys.optional("clearance_from", Item::level);
    let foreign = keys.or("foreign", false, Item::bool);
    let owner_first = keys.or("owner_first", false, Item::bool);
    let needs_release = keys.or("needs_release_marking", false, Item::bool);
    let categories = keys.or("categories", Vec::new(), Item::tokens);
    let source = keys.need("source").and_then(|i| i.phrase());
    let checked = keys.need("checked").and_then(|i| i.one_of(&Certainty::WORDS));
    let notes = keys.or("notes", Vec::new(), Item::phrases);
    let policy = keys.optional("stanag4774", |i| i.table(policy));
    let printed = Printed { languages: languages.clone().unwrap_or_default(), joined: joined? };
    let mut levels = Levels::default();
    if let Some(Some((item, word))) = &unmarked {
        levels.unmarked(item, word, &printed);
    }
    let listed = keys.need("levels").and_then(|i| i.list());
    let mut whole = listed.is_some();
    for item in listed.iter().flatten() {
        whole &= item.table(|k| levels.read(k, &printed)).is_some();
    }
    for item in keys.find("combined").and_then(|i| i.list()).iter().flatten() {
        whole &= item.table(|k| levels.combine(item, k)).is_some();
    }
    let known = categories.clone().unwrap_or_default();
    let controls = keys.or("controls", Vec::new(), |i| controls(i, &known, &levels));
    let controls = controls?;
    for one in &levels.combined {
        if !controls.iter().any(|c| c.marking == one.control) {
            whole = false;
            keys.fault::<()>(format!(
                "`{}` includes `{}`, which is not among the scheme's controls",
                one.marking, one.control
            ));
        }
    }
    if !whole {
        return None;
    }
    let (owner, kind) = owner?;
    let (levels, combined, forms) = levels.finish();
    Some(Scheme {
        owner,
        kind,
        name: name?,
        period: period?,
        languages: languages?,
        clearance_from: clearance_from?,
        foreign: foreign?,
        owner_first: owner_first?,
        needs_release: needs_release?,
        categories: known,
        source: source?,
        checked: checked?,
        notes: notes?,
        policy: policy?,
        levels,
        combined,
        controls,
        forms,
    })
}

fn owner(keys: &Keys<'_, '_>) -> Option<(String, OwnerKind)> {
    match (keys.find("nation"), keys.find("organisation")) {
        (Some(nation), None) => Some((nation.nation()?.to_string(), OwnerKind::Nation)),
        (None, Some(item)) => {
            let code = item.str()?;
            let right = (2..=16).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
                && code.parse::<NationCode>().is_err();
            if right {
                return Some((code.to_owned(), OwnerKind::Organisation));
            }
            item.fault(
                "expected an organisation's code in capital letters, which is not one of three letters, such as NATO",
            )
        }
        _ => keys.fault("expected either the key `nation` or the key `organisation`"),
    }
}

fn languages(item: &Item<'_, '_>) -> Option<Vec<String>> {
    let languages = item.tokens()?;
    let right =
        |l: &String| (2..=3).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_lowercase());
    if languages.is_empty() || !languages.iter().all(right) {
        return item.fault("expected language codes of ISO 639, such as [\"fr\", \"nl\"]");
    }
    Some(languages)
}

/// Reads `from` and `until`.
fn period(keys: &Keys<'_, '_>) -> Option<Period> {
    let from = keys.optional("from", Item::day)?;
    let until: Option<(Item<'_, '_>, Timestamp)> =
        keys.optional("until", |i| Some((*i, i.day()?)))?;
    if let (Some(from), Some((item, until))) = (from, until)
        && until < from
    {
        return item.fault("`until`, the last day, is before `from`, the first");
    }
    Some(Period { from, until: until.map(|(_, day)| day) })
}

/// A marking, an abbreviation or an alias.
fn marking_text(item: &Item<'_, '_>) -> Option<String> {
    let text = item.str()?;
    let written = text.trim() == text
        && !text.is_empty()
        && text.len() <= 128
        && !text.contains("//")
        && !text.starts_with('(')
        && !text.chars().any(char::is_control);
    if written {
        Some(text.to_owned())
    } else {
        item.fault("a marking is not empty, has no `//` and does not begin with a bracket")
    }
}

fn marking_texts<'t, 'f>(item: &Item<'t, 'f>) -> Option<Vec<(Item<'t, 'f>, String)>> {
    item.list()?.iter().map(|i| Some((*i, marking_text(i)?))).collect()
}

fn policy(keys: &Keys<'_, '_>) -> Option<Policy4774> {
    let policy = keys.need("policy").and_then(|i| i.phrase());
    let oid = keys.optional("oid", Item::token);
    let releasable_to = keys.optional("releasable_to", Item::phrase);
    let restrictive = keys.optional("restrictive", Item::phrase);
    let context = keys.optional("context", Item::phrase);
    let releasable_context = keys.optional("releasable_context", Item::phrase);
    Some(Policy4774 {
        policy: policy?,
        oid: oid?,
        releasable_to: releasable_to?,
        restrictive: restrictive?,
        context: context?,
        releasable_context: releasable_context?,
    })
}

/// In which languages markings are printed, and with what between them if all are.
struct Printed {
    languages: Vec<String>,
    joined: Option<String>,
}

impl Printed {
    /// The marking as printed.
    fn whole(&self, words: &[(String, String)]) -> String {
        let first = words.first().map_or("", |(_, word)| word.as_str());
        match &self.joined {
            Some(between) if words.iter().any(|(_, word)| word != first) => {
                words.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(between)
            }
            _ => first.to_owned(),
        }
    }
}

/// The levels that were read so far, and every way to write them.
#[derive(Default)]
struct Levels {
    list: Vec<Level>,
    combined: Vec<Combined>,
    forms: BTreeMap<String, Vec<Form>>,
    /// What was written in the file, apart from what follows from it.
    written: Vec<(String, usize, Period)>,
}

impl Levels {
    /// The word for information that the owner leaves unmarked.
    fn unmarked(&mut self, item: &Item<'_, '_>, word: &str, printed: &Printed) {
        let mut level = Level::plain(word, 0);
        "UNMARKED".clone_into(&mut level.id);
        level.note = Some("printed as nothing; the word is ours, for labels".to_owned());
        level.words = printed.languages.iter().map(|l| (l.clone(), word.to_owned())).collect();
        self.list.push(level);
        let _new = self.form(item, word, &FormKind::Current, Period::default());
    }

    fn read(&mut self, keys: &Keys<'_, '_>, printed: &Printed) -> Option<()> {
        let id = keys.need("id").and_then(|i| {
            let id = i.token()?;
            if self.list.iter().any(|level| level.id == id) {
                return i.fault("another level of the scheme has this id");
            }
            Some(id)
        });
        let place = match (keys.find("level"), keys.find("counts_as")) {
            (Some(level), None) => level.level().map(|class| (class, Place::Ladder)),
            (None, Some(level)) => level.level().map(|class| (class, Place::Beside)),
            _ => keys.fault(
                "expected either `level`, its level on the common ladder, or `counts_as` for a marking beside it",
            ),
        };
        let marking = keys.need("marking");
        let words = marking.and_then(|i| words(&i, &printed.languages));
        let abbreviation = keys.optional("abbreviation", |i| Some((*i, marking_text(i)?)));
        let aliases = keys.or("aliases", Vec::new(), marking_texts);
        let legacy = keys.or("legacy", Vec::new(), |i| {
            i.list()?.iter().map(|one| Some((*one, one.table(legacy)?))).collect()
        });
        let period = period(keys);
        let classification = keys.optional("classification", Item::bool);
        let marks_lower = keys.optional("marks_lower", Item::phrase);
        let declassify_years = keys.optional("declassify_years", Item::uint);
        let duration = keys.optional("duration", Item::phrase);
        let stanag4774 = keys.optional("stanag4774", Item::phrase);
        let checked = keys.optional("checked", |i| i.one_of(&Certainty::WORDS));
        let note = keys.optional("note", Item::phrase);
        let ((class, place), words, period) = (place?, words?, period?);
        let (abbreviation, aliases, legacy) = (abbreviation?, aliases?, legacy?);
        let whole = printed.whole(&words);
        let marking = marking?;
        self.list.push(Level {
            id: id?,
            class,
            place,
            classification: classification?.unwrap_or(class > 0),
            marking: whole.clone(),
            words: words.clone(),
            abbreviation: abbreviation.as_ref().map(|(_, text)| text.clone()),
            aliases: aliases.iter().map(|(_, text)| text.clone()).collect(),
            legacy: legacy.iter().map(|(_, legacy)| legacy.clone()).collect(),
            period,
            marks_lower: marks_lower?,
            declassify_years: declassify_years?,
            duration: duration?,
            stanag4774: stanag4774?,
            checked: checked?,
            note: note?,
        });
        let mut spoken: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
        spoken.push(&whole);
        spoken.sort_unstable();
        spoken.dedup();
        let mut right = true;
        for word in spoken {
            right &= self.form(&marking, word, &FormKind::Current, period).is_some();
        }
        for (at, text) in abbreviation.iter().chain(&aliases) {
            right &= self.form(at, text, &FormKind::Current, period).is_some();
        }
        for (at, one) in &legacy {
            let kind = FormKind::Legacy(one.marking.clone());
            right &= self.form(at, &one.marking, &kind, one.period).is_some();
        }
        right.then_some(())
    }

    fn combine(&mut self, item: &Item<'_, '_>, keys: &Keys<'_, '_>) -> Option<()> {
        let level = keys.need("level").and_then(|i| {
            let id = i.token()?;
            match self.list.iter().position(|level| level.id == id) {
                Some(place) => Some((id, place)),
                None => i.fault("no level of the scheme has this id"),
            }
        });
        let control = keys.need("control").and_then(|i| i.token());
        let marking = keys.need("marking").and_then(|i| marking_text(&i));
        let abbreviation = keys.need("abbreviation").and_then(|i| marking_text(&i));
        let ((level, place), marking, abbreviation) = (level?, marking?, abbreviation?);
        let period = self.list.get(place)?.period;
        let combined = self.combined.len();
        self.combined.push(Combined {
            level,
            control: control?,
            marking: marking.clone(),
            abbreviation: abbreviation.clone(),
        });
        for text in [&marking, &abbreviation] {
            self.form_of(item, text, place, &FormKind::Combined(combined), period)?;
        }
        Some(())
    }

    /// Notes a way to write the level that was read last.
    fn form(
        &mut self,
        at: &Item<'_, '_>,
        text: &str,
        kind: &FormKind,
        period: Period,
    ) -> Option<()> {
        let level = self.list.len().checked_sub(1)?;
        self.form_of(at, text, level, kind, period)
    }

    /// Notes a way to write a level, in its own letters and in capitals.
    fn form_of(
        &mut self,
        at: &Item<'_, '_>,
        text: &str,
        level: usize,
        kind: &FormKind,
        period: Period,
    ) -> Option<()> {
        let own = self.list.get(level)?.id.clone();
        let capitals = text.to_uppercase();
        let both = if text == capitals { vec![text] } else { vec![text, capitals.as_str()] };
        for written in &both {
            let forms = self.forms.get(*written).map_or(&[][..], Vec::as_slice);
            let clash = forms.iter().find(|f| f.level != level && f.period.overlaps(&period));
            if let Some(named) = clash.and_then(|f| self.list.get(f.level)) {
                return at.fault(format!(
                    "`{text}` already means the level {}, and the times of {} and {own} overlap; a marking means one level at a time",
                    named.id, named.id
                ));
            }
        }
        let twice =
            |(t, l, p): &(String, usize, Period)| t == text && *l == level && p.overlaps(&period);
        if self.written.iter().any(twice) {
            return at.fault(format!("`{text}` already stands for the level {own}; write it once"));
        }
        self.written.push((text.to_owned(), level, period));
        for written in both {
            let form = Form { level, period, kind: kind.clone() };
            let forms = self.forms.entry(written.to_owned()).or_default();
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        Some(())
    }

    /// The levels from the lowest to the highest, and the ways to write them.
    fn finish(self) -> (Vec<Level>, Vec<Combined>, BTreeMap<String, Vec<Form>>) {
        let mut order: Vec<(usize, Level)> = self.list.into_iter().enumerate().collect();
        order.sort_by_key(|(place, level)| (level.class, *place));
        let mut forms = self.forms;
        for form in forms.values_mut().flatten() {
            if let Some(now) = order.iter().position(|(place, _)| *place == form.level) {
                form.level = now;
            }
        }
        (order.into_iter().map(|(_, level)| level).collect(), self.combined, forms)
    }
}

/// A marking: one text, or one for each language.
fn words(item: &Item<'_, '_>, languages: &[String]) -> Option<Vec<(String, String)>> {
    if let [language] = languages
        && item.is_str()
    {
        return Some(vec![(language.clone(), marking_text(item)?)]);
    }
    if item.is_str() {
        return item.fault(format!(
            "the scheme prints in {}: expected a table with a marking for each",
            languages.join(", ")
        ));
    }
    item.table(|keys| {
        languages
            .iter()
            .map(|language| {
                let Some(word) = keys.find(language) else {
                    return item.fault(format!(
                        "the marking in `{language}` is missing; the scheme prints in {}",
                        languages.join(", ")
                    ));
                };
                Some((language.clone(), marking_text(&word)?))
            })
            .collect()
    })
}

fn legacy(keys: &Keys<'_, '_>) -> Option<Legacy> {
    let marking = keys.need("marking").and_then(|i| marking_text(&i));
    let period = period(keys);
    Some(Legacy { marking: marking?, period: period? })
}

fn controls(
    item: &Item<'_, '_>,
    categories: &[String],
    levels: &Levels,
) -> Option<Vec<SchemeControl>> {
    let items = item.list()?;
    let mut controls: Vec<SchemeControl> = Vec::new();
    let mut named: Vec<(Item<'_, '_>, String)> = Vec::new();
    for one in &items {
        let read = one.table(|keys| control(keys, categories, levels, &mut named))?;
        let forms = [Some(&read.marking), read.portion.as_ref()];
        let taken = controls.iter().flat_map(|c| [Some(&c.marking), c.portion.as_ref()]);
        if let Some(twice) = taken.flatten().find(|t| forms.contains(&Some(t))) {
            return one.fault(format!("`{twice}` is already another control of the scheme"));
        }
        controls.push(read);
    }
    let mut whole = true;
    for (at, name) in named {
        if !controls.iter().any(|c| c.marking == name) {
            whole = false;
            at.fault::<()>(format!("`{name}` is not a control of the scheme"));
        }
    }
    whole.then_some(controls)
}

fn control<'t, 'f>(
    keys: &Keys<'t, 'f>,
    categories: &[String],
    levels: &Levels,
    named: &mut Vec<(Item<'t, 'f>, String)>,
) -> Option<SchemeControl> {
    let marking = keys.need("marking").and_then(|i| marking_text(&i));
    let portion = keys.optional("portion", marking_text);
    let meaning = match (keys.find("is"), keys.find("class")) {
        (Some(item), None) => {
            let tags: Vec<(&str, &'static str)> =
                control::TYPES.iter().map(|t| (t.tag(), t.tag())).collect();
            item.one_of(&tags).map(Meaning::Common)
        }
        (None, Some(item)) => item
            .one_of(&[
                ("restrictive", ControlKind::Restrictive),
                ("informative", ControlKind::Informative),
            ])
            .map(Meaning::Own),
        _ => keys.fault(
            "expected either `is`, a common control, or `class`, how the owner's own bears on access",
        ),
    };
    let value = keys.optional("value", Item::phrase);
    let category = keys.optional("category", |i| {
        let name = i.token()?;
        categories.iter().position(|c| *c == name).or_else(|| match categories {
            [] => i.fault(
                "expected one of the scheme's `categories`, a key above its tables; it has none",
            ),
            _ => i.fault(format!("expected one of {}", categories.join(", "))),
        })
    });
    let levels = keys.or("levels", Vec::new(), |i| {
        let known = |id: &String| levels.list.iter().any(|level| level.id == *id);
        match i.tokens()? {
            ids if ids.iter().all(known) => Some(ids),
            _ => i.fault("expected ids of levels of the scheme"),
        }
    });
    let mut names = |key: &str| -> Option<Option<Vec<String>>> {
        keys.optional(key, |i| {
            let items: Vec<(Item<'t, 'f>, String)> =
                i.list()?.iter().map(|one| Some((*one, one.token()?))).collect::<Option<_>>()?;
            named.extend(items.iter().cloned());
            Some(items.into_iter().map(|(_, name)| name).collect())
        })
    };
    let excludes = names("excludes");
    let implies = names("implies");
    let in_classified = names("in_classified");
    let yields_to = names("yields_to");
    let compartments = keys.or("compartments", false, Item::bool);
    let never_declassified = keys.or("never_declassified", false, Item::bool);
    let retired = keys.optional("retired", Item::day);
    let instead = keys.optional("instead", Item::phrase);
    let _checked = keys.optional("checked", |i| i.one_of(&Certainty::WORDS))?;
    let note = keys.optional("note", Item::phrase);
    let retired = match (retired?, instead?) {
        (Some(day), Some(instead)) => Some((day, instead)),
        (None, None) => None,
        _ => return keys.fault("`retired` and `instead` go together"),
    };
    Some(SchemeControl {
        marking: marking?,
        portion: portion?,
        meaning: meaning?,
        value: value?,
        category: category?,
        compartments: compartments?,
        levels: levels?,
        excludes: excludes?.unwrap_or_default(),
        implies: implies?.unwrap_or_default(),
        in_classified: in_classified?,
        yields_to: yields_to?.unwrap_or_default(),
        never_declassified: never_declassified?,
        retired,
        note: note?,
    })
}
