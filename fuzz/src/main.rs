//! The fuzzer: LibFuzzer's loop around one of the parsers.
//!
//! Started by `cargo xtask fuzz`, which builds it so that LibFuzzer sees which of our branches
//! an input takes, and names the parser in `ENTENTE_FUZZ`.

#![no_main]

mod parsers;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

use parsers::Parser;

static PARSER: OnceLock<&'static Parser> = OnceLock::new();

fn chosen() -> &'static Parser {
    let name = std::env::var("ENTENTE_FUZZ").unwrap_or_default();
    let all: Vec<&str> = parsers::PARSERS.iter().map(|parser| parser.name).collect();
    parsers::named(&name)
        .unwrap_or_else(|| panic!("ENTENTE_FUZZ is `{name}`: expected one of {}", all.join(", ")))
}

fuzz_target!(init: { PARSER.get_or_init(chosen); }, |bytes: &[u8]| {
    let parser = PARSER.get_or_init(chosen);
    if bytes.len() <= parser.bytes_max {
        (parser.check)(bytes);
    }
});
