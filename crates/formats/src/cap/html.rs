//! HTML in a text that should have none (CAP 1.2, 3.3.3).

/// The entities of HTML 4, sorted.
#[rustfmt::skip]
const ENTITIES: [&str; 252] = [
    "AElig", "Aacute", "Acirc", "Agrave", "Alpha", "Aring", "Atilde", "Auml", "Beta", "Ccedil",
    "Chi", "Dagger", "Delta", "ETH", "Eacute", "Ecirc", "Egrave", "Epsilon", "Eta", "Euml",
    "Gamma", "Iacute", "Icirc", "Igrave", "Iota", "Iuml", "Kappa", "Lambda", "Mu", "Ntilde",
    "Nu", "OElig", "Oacute", "Ocirc", "Ograve", "Omega", "Omicron", "Oslash", "Otilde", "Ouml",
    "Phi", "Pi", "Prime", "Psi", "Rho", "Scaron", "Sigma", "THORN", "Tau", "Theta", "Uacute",
    "Ucirc", "Ugrave", "Upsilon", "Uuml", "Xi", "Yacute", "Yuml", "Zeta", "aacute", "acirc",
    "acute", "aelig", "agrave", "alefsym", "alpha", "amp", "and", "ang", "aring", "asymp",
    "atilde", "auml", "bdquo", "beta", "brvbar", "bull", "cap", "ccedil", "cedil", "cent", "chi",
    "circ", "clubs", "cong", "copy", "crarr", "cup", "curren", "dArr", "dagger", "darr", "deg",
    "delta", "diams", "divide", "eacute", "ecirc", "egrave", "empty", "emsp", "ensp", "epsilon",
    "equiv", "eta", "eth", "euml", "euro", "exist", "fnof", "forall", "frac12", "frac14",
    "frac34", "frasl", "gamma", "ge", "gt", "hArr", "harr", "hearts", "hellip", "iacute",
    "icirc", "iexcl", "igrave", "image", "infin", "int", "iota", "iquest", "isin", "iuml",
    "kappa", "lArr", "lambda", "lang", "laquo", "larr", "lceil", "ldquo", "le", "lfloor",
    "lowast", "loz", "lrm", "lsaquo", "lsquo", "lt", "macr", "mdash", "micro", "middot", "minus",
    "mu", "nabla", "nbsp", "ndash", "ne", "ni", "not", "notin", "nsub", "ntilde", "nu", "oacute",
    "ocirc", "oelig", "ograve", "oline", "omega", "omicron", "oplus", "or", "ordf", "ordm",
    "oslash", "otilde", "otimes", "ouml", "para", "part", "permil", "perp", "phi", "pi", "piv",
    "plusmn", "pound", "prime", "prod", "prop", "psi", "quot", "rArr", "radic", "rang", "raquo",
    "rarr", "rceil", "rdquo", "real", "reg", "rfloor", "rho", "rlm", "rsaquo", "rsquo", "sbquo",
    "scaron", "sdot", "sect", "shy", "sigma", "sigmaf", "sim", "spades", "sub", "sube", "sum",
    "sup", "sup1", "sup2", "sup3", "supe", "szlig", "tau", "there4", "theta", "thetasym",
    "thinsp", "thorn", "tilde", "times", "trade", "uArr", "uacute", "uarr", "ucirc", "ugrave",
    "uml", "upsih", "upsilon", "uuml", "weierp", "xi", "yacute", "yen", "yuml", "zeta", "zwj",
    "zwnj",
];

/// Whether a text holds an entity: `&nbsp;`, `&#160;`, `&#xa0;`.
pub(super) fn has_entities(text: &str) -> bool {
    text.split('&').skip(1).any(|after| {
        after.split_once(';').is_some_and(|(name, _)| match name.strip_prefix('#') {
            Some(number) => is_number(number),
            None => ENTITIES.binary_search(&name).is_ok(),
        })
    })
}

fn is_number(text: &str) -> bool {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
}

/// Whether a text holds a tag: `<`, at least one character that is no white space, and `>` on
/// the same line.
pub(super) fn has_tags(text: &str) -> bool {
    text.split('<').skip(1).any(|after| {
        let name = !after.starts_with(|c: char| c.is_whitespace() || c == '>') && !after.is_empty();
        let line = after.split(['\n', '\r']).next().unwrap_or_default();
        name && line.contains('>')
    })
}

#[test]
fn entities_and_tags_are_told_from_text() {
    assert!(ENTITIES.is_sorted());
    for (text, entities, tags) in [
        ("threat&nbsp;level", true, false),
        ("a&#160;b &#xA0;", true, false),
        ("R&D; AT&T &bogus; &amp", false, false),
        ("a<b>note</b>", false, true),
        ("to <strong>ORANGE</strong>.", false, true),
        ("1 < 2 > 0 <> <\n>", false, false),
        ("x <y\nz>", false, false),
    ] {
        assert_eq!((has_entities(text), has_tags(text)), (entities, tags), "{text}");
    }
}
