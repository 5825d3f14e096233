use super::*;

fn document(media_type: &str, bytes: &[u8]) -> Result<String, String> {
    let kind = Kind::Document { media_type: media_type.to_owned() };
    let hint = MediaHint { kind, file_name: Some("re\u{202e}port.pdf".to_owned()) };
    split(bytes, &hint, &Limits::default(), OnBad::TakeRest)
        .map(|split| {
            assert_eq!(split.pieces[0].payload, bytes);
            split.pieces[0].name.clone()
        })
        .map_err(|e| e.to_string())
}

#[test]
fn any_file_with_a_media_type_is_a_document() {
    assert_eq!(document("application/pdf", b"%PDF-1.7 \xff"), Ok("report.pdf".to_owned()));
    assert!(document("text/plain; charset=utf-8", b"x").is_ok());
    for wrong in ["", "pdf", "a/b/c", "text/", "text/plain\n", "te xt/plain"] {
        assert!(document(wrong, b"x").unwrap_err().contains("is not a media type"), "{wrong}");
    }
}

#[test]
fn json_documents_pass_the_guard_too() {
    assert!(document("application/json", b"{\"a\": 1}").is_ok());
    for media_type in ["application/json", "application/geo+json;x=y"] {
        assert!(document(media_type, b"{\"a\": 1,}").unwrap_err().contains("JSON is refused"));
    }
}

#[test]
fn empty_and_oversized_files_are_refused() {
    assert!(document("text/plain", b" \n ").unwrap_err().contains("the file is empty"));
    let large = vec![b'x'; (1 << 20) + 1];
    let error = document("text/plain", &large).unwrap_err();
    assert!(error.contains("it has 1048577 bytes; one piece may have at most 1048576"), "{error}");
    let limits = Limits { file_bytes_max: 4, pieces_max: 1, ..Limits::default() };
    let hint = MediaHint { kind: Kind::Stix, file_name: None };
    let error = split(b"hello", &hint, &limits, OnBad::TakeRest).unwrap_err();
    assert_eq!(error, IntakeError::TooLarge { bytes: 5, max: 4 });
    let limits = Limits { pieces_max: 1, ..Limits::default() };
    let error = split(br#"{"type": "bundle", "objects": [1, 2]}"#, &hint, &limits, OnBad::TakeRest);
    assert_eq!(error.unwrap_err(), IntakeError::TooMany { pieces: 2, max: 1 });
}
