//! Messages of AIS.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Around, Outcome, Unfit, same};
use crate::ais::bits::{Text, Value as Field};
use crate::ais::{Body, Decoded, Decoder, Message};

/// The sentences of one message, decoded. A case records what another decoder read, which leaves
/// wrong checksums to its caller: where those are recorded as wrong, a refusal is expected.
pub(super) fn decode(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let what = "the sentences of one message";
    let lines = case.get("nmea").and_then(Value::as_array);
    let lines = lines.ok_or(Unfit::Member { member: "nmea", what })?;
    let mut decoder = Decoder::default();
    let mut message = Err("its sentences make no whole message".to_owned());
    for line in lines {
        let line = line.as_str().ok_or(Unfit::Member { member: "nmea", what })?;
        match decoder.line(line.trim().as_bytes()) {
            Ok(Decoded::Message(decoded)) => message = Ok(decoded),
            Ok(Decoded::Waiting | Decoded::Other) => {}
            Err(error) => {
                message = Err(error.to_string());
                break;
            }
        }
    }
    let damaged = case.get("checksum_ok") == Some(&Value::Bool(false));
    Ok(match message {
        Ok(message) => {
            let recorded = case.get("decoded");
            let ok = recorded.map(|recorded| same(&fields(&message), recorded));
            let ok = ok.or(case.get("error").map(|_| false));
            Outcome { got: answer(&message), ok: ok.map(|ok| ok && !damaged) }
        }
        Err(error) => {
            let refused = case.get("error").map(|_| true);
            let ok = refused.or(case.get("decoded").map(|_| damaged));
            Outcome { got: json!({ "error": error }), ok }
        }
    })
}

fn answer(message: &Message) -> Value {
    json!({"type": message.kind, "mmsi": message.mmsi, "fields": fields(message)})
}

/// All of them, the head as well, under the names that the recorded decodings have.
fn fields(message: &Message) -> Value {
    let mut all = Map::new();
    all.insert("msg_type".to_owned(), json!(message.kind));
    all.insert("repeat".to_owned(), json!(message.repeat));
    all.insert("mmsi".to_owned(), json!(message.mmsi));
    message.fields(&mut |name, value| {
        all.insert(name.to_owned(), plain(value));
    });
    if let Body::Aid(aid) = &message.body {
        let name = aid.name.as_ref().map(Text::as_str).unwrap_or_default();
        let more = aid.name_ext.as_ref().map(Text::as_str).unwrap_or_default();
        all.insert("full_name".to_owned(), json!(format!("{name}{more}")));
    }
    Value::Object(all)
}

fn plain(value: Field<'_>) -> Value {
    match value {
        Field::Absent => Value::Null,
        Field::Whole(number) => json!(number),
        Field::Decimal(number) => json!(number),
        Field::Flag(flag) => json!(flag),
        Field::Text(text) => json!(text),
        Field::Data(octets) => {
            let mut digits = String::new();
            for octet in octets {
                // Writing to a string cannot fail.
                let _ = write!(digits, "{octet:02x}");
            }
            json!(digits)
        }
    }
}

#[cfg(test)]
mod tests;
