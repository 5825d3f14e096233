//! The agreement under which simulated nations exchange.

use crate::failure::{Failure, Result};
use crate::member::Profile;

/// The code of the agreement.
pub const CODE: &str = "SIM-1";

/// Purposes that the agreement allows.
pub const PURPOSES: [&str; 2] = ["cyber_defence", "maritime_security"];

/// The nations of a simulated alliance, the first `n` of four.
pub fn profiles(n: usize) -> Result<Vec<Profile>> {
    [
        ("XAR", &["CERT-A", "NAVY-FUSION"][..]),
        ("XBR", &["CERT-B"]),
        ("XCO", &["CERT-C", "GUARDA-COSTERA"]),
        ("XEL", &["CERT-E"]),
    ]
    .into_iter()
    .take(n)
    .map(|(code, bodies)| Profile::new(code, bodies))
    .collect::<Result<_>>()
    .map_err(|error| Failure(format!("the nations of the simulation: {error}")))
}

/// The literate text of an agreement between these nations.
pub fn text(profiles: &[Profile]) -> String {
    let party = |p: &Profile| format!("[[parties]]\nnation = \"{}\"\n\n", p.code);
    let bodies = |p: &Profile| {
        let bodies: Vec<String> = p.bodies.iter().map(|b| format!("\"{b}\"")).collect();
        format!("{} = [{}]\n", p.code, bodies.join(", "))
    };
    let parties = profiles.iter().map(party).collect::<Vec<_>>().concat();
    let bodies = profiles.iter().map(bodies).collect::<Vec<_>>().concat();
    let purposes: Vec<String> = PURPOSES.iter().map(|p| format!("\"{p}\"")).collect();
    format!(
        r#"+++
id = "{CODE}"
title = "Agreement of the simulated nations"
kind = "multilateral"
in_force_from = "2026-01-01"
survival = true

{parties}+++

# Agreement of the simulated nations

## Article 1 — Purposes

```clause
type = "purpose"
allowed = [{purposes}]
```

## Article 2 — Bodies

```clause
type = "bodies"

[authorised]
{bodies}```

## Article 3 — Classification

```clause
type = "classification_ceiling"
level = "SECRET"
```

## Article 4 — Third parties

```clause
type = "third_party"
rule = "originator_consent"
```

## Article 5 — Retention

```clause
type = "retention"
max_days = 180
```
"#,
        purposes = purposes.join(", "),
    )
}
