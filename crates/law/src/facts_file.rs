//! Facts about an object as people write them, for `publish --facts`.
//!
//! TOML with the names of the decision vocabulary. Every key may be left out; a key that is not
//! known is an error, because a fact that nobody reads might have forbidden the release.

use entente_model::facts::{Person, Portion, Provenance};
use entente_model::{NationCode, ReleaseFacts};

use crate::keys::{Fragment, Item, Keys};
use crate::marking;
use crate::problem::Problems;
use crate::scheme::Scheme;

/// A facts file may not be longer than this.
pub const FACTS_BYTES_MAX: usize = 256 << 10;

/// Reads a facts file. The portions' markings are in the originator's scheme.
pub fn parse_facts(text: &str, scheme: &Scheme) -> Result<ReleaseFacts, Problems> {
    if text.len() > FACTS_BYTES_MAX {
        let limit = format!("the facts file is longer than {FACTS_BYTES_MAX} bytes");
        return Err(Problems::one(1, 1, "", limit));
    }
    let (facts, problems) = Fragment::new(text, 1).read(|keys| read(keys, scheme));
    Problems::check(problems)?;
    facts.ok_or_else(|| Problems::one(1, 1, "", "the facts are incomplete"))
}

fn read(keys: &Keys<'_, '_>, scheme: &Scheme) -> Option<ReleaseFacts> {
    let flag = |key| keys.or(key, false, Item::bool);
    let object_type = keys.or("object_type", "report".to_owned(), Item::token);
    let portions = keys.or("portions", Vec::new(), |item| {
        all(item, |entry| entry.table(|keys| portion(keys, scheme)))
    });
    let divisible = flag("divisible");
    let personal_data = flag("personal_data");
    let persons = keys.or("persons", Vec::new(), persons);
    let data_categories = keys.or("data_categories", Vec::new(), Item::tokens);
    let area = keys.optional("area", Item::token);
    let records = keys.or("records", 1, Item::uint);
    let collected_for = keys.optional("collected_for", Item::token);
    let collected_at = keys.optional("collected_at", Item::instant);
    let case_id = keys.optional("case_id", Item::token);
    let provenance =
        keys.or("provenance", Vec::new(), |item| all(item, |entry| entry.table(provenance)));
    let exercise = flag("exercise");
    let court_sealed = flag("court_sealed");
    let pending_case = flag("pending_case");
    Some(ReleaseFacts {
        object_type: object_type?,
        portions: portions?,
        divisible: divisible?,
        personal_data: personal_data?,
        persons: persons?,
        data_categories: data_categories?,
        area: area?,
        records: records?,
        collected_for: collected_for?,
        collected_at: collected_at?,
        case_id: case_id?,
        provenance: provenance?,
        exercise: exercise?,
        court_sealed: court_sealed?,
        pending_case: pending_case?,
    })
}

/// Reads every element of a list; `None` if any is wrong, after all were looked at.
fn all<'t, 'f, T>(
    item: &Item<'t, 'f>,
    read: impl Fn(&Item<'t, 'f>) -> Option<T>,
) -> Option<Vec<T>> {
    let items = item.list()?;
    let values: Vec<T> = items.iter().filter_map(read).collect();
    (values.len() == items.len()).then_some(values)
}

fn persons(item: &Item<'_, '_>) -> Option<Vec<Person>> {
    all(item, |entry| {
        entry.table(|person| {
            let nationalities = person.or("nationalities", Vec::new(), Item::nations);
            let roles = person.or("roles", Vec::new(), Item::tokens);
            let age = person.optional("age", |i| {
                u8::try_from(i.uint()?).ok().or_else(|| i.fault("an age is at most 255 years"))
            });
            Some(Person { nationalities: nationalities?, roles: roles?, age: age? })
        })
    })
}

fn portion(keys: &Keys<'_, '_>, scheme: &Scheme) -> Option<Portion> {
    let id = keys.need("id").and_then(|i| i.token());
    let label = keys.need("label").and_then(|item| {
        marking::read(item.str()?, scheme).map_err(|e| item.fault::<()>(e.to_string())).ok()
    });
    let personal_data = keys.optional("personal_data", Item::bool);
    let persons = keys.optional("persons", persons);
    let data_categories = keys.optional("data_categories", Item::tokens);
    let (marking, class, controls) = label?;
    Some(Portion {
        id: id?,
        marking,
        class,
        controls,
        personal_data: personal_data?,
        persons: persons?,
        data_categories: data_categories?,
    })
}

fn provenance(keys: &Keys<'_, '_>) -> Option<Provenance> {
    let nation: Option<NationCode> = keys.need("nation").and_then(|i| i.nation());
    let agreement = keys.optional("agreement", Item::token);
    let portions = keys.or("portions", Vec::new(), Item::tokens);
    Some(Provenance { nation: nation?, agreement: agreement?, portions: portions? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::Schemes;

    fn check(text: &str) -> Result<ReleaseFacts, Problems> {
        parse_facts(text, Schemes::builtin().get("XAR").unwrap())
    }

    #[test]
    fn a_facts_file_with_portions_reads() {
        let facts = check(
            r#"
object_type = "vessel_track"
divisible = true
area = "ember_strait"
collected_at = 2031-04-12T05:40:00Z
persons = [{ nationalities = ["XAR"], roles = ["master"], age = 40 }]

[[portions]]
id = "P1"
label = "SERVICE//REL TO XBR"

[[portions]]
id = "P2"
label = "SECRET-A//NOFORN"
persons = []

[[provenance]]
nation = "XCO"
agreement = "ESM-MISA"
portions = ["P2"]
"#,
        )
        .unwrap();
        assert_eq!(facts.portions[0].class, 1);
        assert_eq!(facts.portions[1].controls[0].tag, "NOFORN");
        assert_eq!(facts.portions[1].persons, Some(vec![]));
        assert_eq!(facts.persons[0].age, Some(40));
        assert_eq!(facts.records, 1);
    }

    #[test]
    fn every_problem_is_reported_with_its_line() {
        let problems = check(
            "object_typ = \"x\"\ndivisible = 3\n[[portions]]\nid = \"P1\"\nlabel = \"SERVCE\"\n[[provenance]]\n",
        )
        .unwrap_err();
        let text = problems.to_string();
        let lines: Vec<usize> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [1, 2, 5, 6], "{text}");
        assert!(text.contains("did you mean `object_type`?"), "{text}");
        assert!(text.contains("did you mean `SERVICE`?"), "{text}");
        assert!(text.contains("the key `nation` is missing"), "{text}");
    }
}
