use super::*;

#[test]
fn every_builtin_file_reads_and_none_is_left_out() {
    let schemes = Schemes::builtin();
    for (file, text) in builtin::SCHEMES {
        let scheme = Scheme::parse(text).unwrap_or_else(|p| panic!("{file}: {p}"));
        assert_eq!(file, format!("{}.toml", scheme.owner().to_lowercase()));
    }
    assert_eq!(schemes.iter().count(), builtin::SCHEMES.len());
    Groups::parse(builtin::GROUPS).unwrap();
    for (file, text) in builtin::TABLES {
        let table = Table::parse(text, &schemes).unwrap_or_else(|p| panic!("{file}: {p}"));
        assert_eq!(file, format!("{}.toml", table.code().to_lowercase()));
    }
    assert_eq!(schemes.tables().count(), builtin::TABLES.len());
}
