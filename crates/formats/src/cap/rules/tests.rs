use super::*;

const HEAD: &str = "<identifier>43b080713727</identifier><sender>hsas@dhs.gov</sender>\
    <sent>2003-04-02T14:39:01-05:00</sent><status>Actual</status><msgType>Alert</msgType>\
    <scope>Public</scope>";
const INFO: &str = "<category>Security</category><event>Update</event><urgency>Past</urgency>\
    <severity>Minor</severity><certainty>Likely</certainty>";

fn check(version: Version, body: &str, expected: &[&str]) {
    let text = format!("<alert xmlns=\"{}\">{body}</alert>", version.namespace());
    let found = super::check(&text, &CapLimits::default());
    let found: Vec<String> = found.iter().map(|f| format!("{} {}", f.reason, f.xpath)).collect();
    assert_eq!(found, expected, "{version:?} {body}");
}

#[test]
fn order_and_number_of_elements() {
    let check = |body: &str, expected: &[&str]| check(Version::V1_2, body, expected);
    check(HEAD, &[]);
    check(&HEAD.replace("<scope>Public</scope>", ""), &["MISSING_REQUIRED_ELEMENT /alert[1]"]);
    check(&format!("{HEAD}<address>x</address>"), &["UNSUPPORTED_ELEMENT /alert[1]/address[1]"]);
    check(
        &format!("{HEAD}<info><audience>a</audience><contact>c</contact>{INFO}</info>"),
        &["INVALID_SEQUENCE /alert[1]/info[1]/audience[1]"],
    );
    check(&format!("{HEAD}<password>p</password>"), &["INVALID_SEQUENCE /alert[1]/password[1]"]);
    check(&format!("{HEAD}<note>a<b/></note>"), &["INVALID_VALUE /alert[1]/note[1]"]);
}

#[test]
fn identity_and_references() {
    for (version, references, expected) in [
        (Version::V1_2, "a,b,2002-04-02T14:39:01-05:00 ", &[][..]),
        (Version::V1_2, "", &["INVALID_REFERENCES /alert[1]/references[1]"]),
        (Version::V1_2, "a/b", &["INVALID_REFERENCES /alert[1]/references[1]"]),
        (
            Version::V1_2,
            "a,b,2002-04-02T14:39:01Z",
            &["INVALID_REFERENCES /alert[1]/references[1]"],
        ),
        (
            Version::V1_1,
            "x,43b080713727,2002-04-02T14:39:01-05:00",
            &["CIRCULAR_REFERENCE /alert[1]/references[1]"],
        ),
        (
            Version::V1_1,
            "x,y,2003-04-02T14:39:02-05:00",
            &["POSTDATED_REFERENCE /alert[1]/references[1]"],
        ),
        (Version::V1_0, "43b08071372/hsas@dhs.gov a/b", &[]),
        (
            Version::V1_0,
            "43b080713727/hsas@dhs.gov",
            &["CIRCULAR_REFERENCE /alert[1]/references[1]"],
        ),
        (Version::V1_0, "a", &["INVALID_REFERENCES /alert[1]/references[1]"]),
    ] {
        check(version, &format!("{HEAD}<references>{references}</references>"), expected);
    }
    check(
        Version::V1_2,
        &HEAD
            .replace("hsas@dhs.gov", "hsas at dhs")
            .replace("<identifier>43b080713727", "<identifier>"),
        &["INVALID_IDENTIFIER /alert[1]/identifier[1]", "INVALID_SENDER /alert[1]/sender[1]"],
    );
}

#[test]
fn areas() {
    for version in Version::ALL {
        let check = |area: &str, expected: &[&str]| {
            let area = format!("<area><areaDesc>x</areaDesc>{area}</area>");
            check(version, &format!("{HEAD}<info>{INFO}{area}</info>"), expected);
        };
        check(
            "<polygon>1,2 3,4 5,6 1,2</polygon><polygon>-11.,-12.1 13.2,14. 15,16 -11,-12.1</polygon>",
            &[],
        );
        check(
            "<polygon>0,0 4,4 0,4 4,0 0,0</polygon>",
            &["INVALID_POLYGON_SELF_INTERSECTION /alert[1]/info[1]/area[1]/polygon[1]"],
        );
        check(
            "<circle>1,2 3</circle><circle>1,2 -3</circle>",
            &["INVALID_CIRCLE /alert[1]/info[1]/area[1]/circle[2]"],
        );
        check("<altitude>x</altitude>", &["INVALID_VALUE /alert[1]/info[1]/area[1]/altitude[1]"]);
        check(
            "<altitude>2</altitude><ceiling>1</ceiling>",
            &["INVALID_ALTITUDE_CEILING_RANGE /alert[1]/info[1]/area[1]/ceiling[1]"],
        );
        check("<altitude>2</altitude><ceiling>2</ceiling>", &[]);
    }
}

#[test]
fn texts_languages_and_files() {
    let check = |info: &str, expected: &[&str]| {
        check(Version::V1_2, &format!("{HEAD}{info}"), expected);
    };
    let say = |language: &str, rest: &str| {
        format!("<info><language>{language}</language>{INFO}<headline>h</headline>{rest}</info>")
    };
    check(&format!("{}{}", say("en-US", ""), say("en-GB", "")), &[]);
    check(
        &format!("{}{}", say("en-US", ""), say("fr-CA", "").replace("Update", "Mise")),
        &["SAME_TEXT_DIFFERENT_LANGUAGE /alert[1]/info[2]/headline[1]"],
    );
    check(&say("en", "<web>www.example.org</web>"), &["INVALID_WEB /alert[1]/info[1]/web[1]"]);
    check(
        &say("en", "<contact><![CDATA[<b>a &lt; b</b>]]></contact>"),
        &[
            "TEXT_CONTAINS_HTML_ENTITIES /alert[1]/info[1]/contact[1]",
            "TEXT_CONTAINS_HTML_TAGS /alert[1]/info[1]/contact[1]",
        ],
    );
    check(
        &say("en", "<parameter><valueName>G&amp;nbsp;1</valueName><value>v</value></parameter>"),
        &["TEXT_CONTAINS_HTML_ENTITIES /alert[1]/info[1]/parameter[1]/valueName[1]"],
    );
    let file = |inner: &str| format!("<resource><resourceDesc>d</resourceDesc>{inner}</resource>");
    for (inner, expected) in [
        (
            "<mimeType>foo-type/bar</mimeType>",
            &["INVALID_MIME_TYPE /alert[1]/info[1]/resource[1]/mimeType[1]"][..],
        ),
        (
            "<mimeType>image</mimeType>",
            &["INVALID_MIME_TYPE /alert[1]/info[1]/resource[1]/mimeType[1]"],
        ),
        (
            "<mimeType>image/gif</mimeType><size>a</size>",
            &["INVALID_RESOURCE_SIZE /alert[1]/info[1]/resource[1]/size[1]"],
        ),
        ("<mimeType>image/gif</mimeType><uri>a/b</uri><derefUri>aaaa</derefUri>", &[]),
        (
            "<mimeType>image/gif</mimeType><derefUri>foo</derefUri>",
            &["INVALID_DEREF_URI /alert[1]/info[1]/resource[1]/derefUri[1]"],
        ),
    ] {
        check(&say("en", &file(inner)), expected);
    }
}

#[test]
fn old_pairs_have_an_equals_sign() {
    let info = |code: &str| format!("{HEAD}<info>{INFO}<eventCode>{code}</eventCode></info>");
    check(Version::V1_0, &info("EC=v1"), &[]);
    check(Version::V1_0, &info("EC"), &["INVALID_VALUE /alert[1]/info[1]/eventCode[1]"]);
}

#[test]
fn what_is_no_alert_is_said_to_be_none() {
    for (text, expected) in [
        ("<foo></foo>", Reason::NotCap),
        ("<alert/>", Reason::NotCap),
        ("<alert</alert>", Reason::Other),
        ("<!DOCTYPE alert><alert/>", Reason::Other),
    ] {
        let found = super::check(text, &CapLimits::default());
        assert_eq!(found, [Finding { xpath: "/".to_owned(), reason: expected }], "{text}");
    }
}
