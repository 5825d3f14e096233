//! The configuration as written: what TOML gives, with each value parsed at once.
//!
//! A value that is wrong by itself is refused here, where TOML still knows its line; what is
//! wrong only beside another value is refused in [`super::Config`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use entente_app::AppError;
use entente_app::people::{NEVER_VOUCHED, Role, Roles};
use entente_model::NationCode;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use toml::Spanned;

use crate::provider::ProviderSetup;

use super::{Limits, LogFormat, LogLevel, LogSetup, PeopleSetup, Wrong, wrong};

/// The longest name or endpoint, so that a card stays small.
const TEXT_BYTES_MAX: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigText {
    pub(super) nation: NationText,
    #[serde(default)]
    pub(super) partner: PartnerText,
    #[serde(default)]
    pub(super) web: WebText,
    #[serde(default)]
    pub(super) data: DataText,
    #[serde(default)]
    pub(super) keys: KeysText,
    #[serde(default)]
    pub(super) people: PeopleText,
    #[serde(default)]
    pub(super) witness: WitnessText,
    #[serde(default)]
    pub(super) limits: LimitsText,
    #[serde(default, deserialize_with = "log")]
    pub(super) log: LogSetup,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NationText {
    pub(super) code: Code,
    pub(super) name: Name,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PartnerText {
    pub(super) listen: Spanned<Vec<Address>>,
    pub(super) endpoint: Option<Spanned<Endpoint>>,
}

impl Default for PartnerText {
    fn default() -> Self {
        Self { listen: Spanned::new(0..0, Vec::new()), endpoint: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebText {
    pub(super) listen: Spanned<Vec<Address>>,
    pub(super) host: Option<Host>,
    pub(super) port: Option<NonZeroU16>,
    pub(super) tls: Option<TlsText>,
    pub(super) dangerous_listen_beyond_loopback: bool,
}

impl Default for WebText {
    fn default() -> Self {
        Self {
            listen: Spanned::new(0..0, Vec::new()),
            host: None,
            port: None,
            tls: None,
            dangerous_listen_beyond_loopback: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DataText {
    pub(super) database: PathBuf,
    pub(super) vault: Spanned<PathBuf>,
}

impl Default for DataText {
    fn default() -> Self {
        Self { database: "node.db".into(), vault: Spanned::new(0..0, "vault.db".into()) }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeysText {
    pub(super) file: PathBuf,
    pub(super) anchor: PathBuf,
    pub(super) source: SourceText,
    pub(super) passphrase_file: Option<Spanned<PathBuf>>,
    pub(super) credential: Option<Spanned<CredentialName>>,
}

impl Default for KeysText {
    fn default() -> Self {
        Self {
            file: "keys.sealed".into(),
            anchor: "anchor".into(),
            source: SourceText::Prompt,
            passphrase_file: None,
            credential: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceText {
    File,
    Credential,
    Prompt,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PeopleText {
    session_idle: Option<Spanned<Span>>,
    session_whole: Option<Spanned<Span>>,
    passkeys_for: Vec<RoleName>,
    review_every: Option<Spanned<Span>>,
    pub(super) oidc: Option<Spanned<OidcText>>,
    pub(super) certificates: Option<Spanned<CertificatesText>>,
}

impl PeopleText {
    pub(super) fn check(self) -> Result<PeopleSetup, Wrong> {
        let mut setup = PeopleSetup::default();
        let sessions = &mut setup.sessions;
        sessions.idle_millis =
            span(self.session_idle.as_ref(), sessions.idle_millis, MINUTE, 2 * HOUR)?;
        sessions.whole_millis =
            span(self.session_whole.as_ref(), sessions.whole_millis, 15 * MINUTE, DAY)?;
        if let Some(idle) = self.session_idle
            && sessions.idle_millis > sessions.whole_millis
        {
            return wrong(
                idle.span(),
                format!(
                    "a session lasts \"{}\" as a whole: expected no more than that",
                    show_span(sessions.whole_millis)
                ),
            );
        }
        setup.review_millis =
            span(self.review_every.as_ref(), setup.review_millis, 7 * DAY, 400 * DAY)?;
        let roles: Vec<Role> = self.passkeys_for.into_iter().map(|role| role.0).collect();
        setup.passkeys_for = Roles::of(&roles);
        Ok(setup)
    }
}

/// A ministry's identity provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcText {
    name: Name,
    issuer: Issuer,
    client_id: ClientId,
    client_secret_file: PathBuf,
    ca_file: PathBuf,
    #[serde(default)]
    claim: Option<ClientId>,
    #[serde(default)]
    max_age: Option<Spanned<Span>>,
    acr: Spanned<BTreeMap<String, Vec<VouchedRole>>>,
}

impl OidcText {
    pub(super) fn check(self, folder: &Path) -> Result<ProviderSetup, Wrong> {
        let at = self.acr.span();
        let acr = self.acr.into_inner();
        if acr.is_empty() || acr.len() > 16 || acr.values().any(Vec::is_empty) {
            return wrong(
                at,
                "expected 1 to 16 values of `acr`, each with the roles that it suffices for",
            );
        }
        let plain = |name: &str| {
            (1..=TEXT_BYTES_MAX).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic())
        };
        if let Some(name) = acr.keys().find(|name| !plain(name)) {
            return wrong(at, format!("`{name}` is no value of `acr`: expected no spaces in it"));
        }
        Ok(ProviderSetup {
            name: self.name.0,
            issuer: self.issuer.0,
            client_id: self.client_id.0,
            client_secret_file: folder.join(self.client_secret_file),
            ca_file: folder.join(self.ca_file),
            claim: self.claim.map_or_else(|| "sub".to_owned(), |claim| claim.0),
            max_age_millis: span(self.max_age.as_ref(), 8 * HOUR, MINUTE, DAY)?,
            acr: acr
                .into_iter()
                .map(|(name, roles)| {
                    let roles: Vec<Role> = roles.into_iter().map(|role| role.0).collect();
                    (name, Roles::of(&roles))
                })
                .collect(),
        })
    }
}

/// Cards with certificates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificatesText {
    pub(super) ca_file: PathBuf,
    pub(super) crl_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) required: bool,
}

/// The pages' own TLS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsText {
    pub(super) certificate_file: PathBuf,
    pub(super) key_file: PathBuf,
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A time within bounds, in milliseconds.
fn span(value: Option<&Spanned<Span>>, default: u64, min: u64, max: u64) -> Result<u64, Wrong> {
    let Some(value) = value else { return Ok(default) };
    let millis = value.get_ref().0;
    if (min..=max).contains(&millis) {
        return Ok(millis);
    }
    let (min, max) = (show_span(min), show_span(max));
    wrong(value.span(), format!("out of bounds: expected \"{min}\" to \"{max}\""))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WitnessText {
    pub(super) start_quorum: u16,
}

impl Default for WitnessText {
    fn default() -> Self {
        Self { start_quorum: 1 }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsText {
    bundle_bytes: Option<Spanned<Bytes>>,
    publish_bytes: Option<Spanned<Bytes>>,
    outbox_bytes_per_partner: Option<Spanned<Bytes>>,
    quarantine_bytes_per_partner: Option<Spanned<Bytes>>,
    requests_per_minute_per_partner: Option<Spanned<u32>>,
    disk_percent: Option<Spanned<[u8; 3]>>,
}

impl LimitsText {
    pub(super) fn check(self) -> Result<Limits, Wrong> {
        const KIB: u64 = 1 << 10;
        const MIB: u64 = 1 << 20;
        const GIB: u64 = 1 << 30;
        const TIB: u64 = 1 << 40;
        fn bytes(
            value: Option<Spanned<Bytes>>,
            default: u64,
            min: u64,
            max: u64,
        ) -> Result<u64, Wrong> {
            let Some(value) = value else { return Ok(default) };
            let bytes = value.get_ref().0;
            if (min..=max).contains(&bytes) {
                return Ok(bytes);
            }
            let (min, max) = (show_bytes(min), show_bytes(max));
            wrong(value.span(), format!("out of bounds: expected \"{min}\" to \"{max}\""))
        }
        let usual = Limits::default();
        let requests = match self.requests_per_minute_per_partner {
            None => usual.requests_per_minute_per_partner,
            Some(value) if (60..=1_000_000).contains(value.get_ref()) => value.into_inner(),
            Some(value) => return wrong(value.span(), "out of bounds: expected 60 to 1000000"),
        };
        let disk_percent = match self.disk_percent {
            None => usual.disk_percent,
            Some(value) => match *value.get_ref() {
                [a, b, c] if 0 < a && a < b && b < c && c < 100 => [a, b, c],
                _ => {
                    return wrong(
                        value.span(),
                        "expected three rising percentages below 100, such as [90, 95, 98]",
                    );
                }
            },
        };
        Ok(Limits {
            bundle_bytes: bytes(self.bundle_bytes, usual.bundle_bytes, 64 * KIB, 4 * MIB)?,
            publish_bytes: bytes(self.publish_bytes, usual.publish_bytes, MIB, GIB)?,
            outbox_bytes_per_partner: bytes(
                self.outbox_bytes_per_partner,
                usual.outbox_bytes_per_partner,
                16 * MIB,
                16 * TIB,
            )?,
            quarantine_bytes_per_partner: bytes(
                self.quarantine_bytes_per_partner,
                usual.quarantine_bytes_per_partner,
                MIB,
                TIB,
            )?,
            requests_per_minute_per_partner: requests,
            disk_percent,
        })
    }
}

fn log<'de, D: Deserializer<'de>>(from: D) -> Result<LogSetup, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct LogText {
        format: LogFormat,
        level: LogLevel,
    }
    LogText::deserialize(from).map(|LogText { format, level }| LogSetup { format, level })
}

/// A value that is a string in the file, and what it means.
macro_rules! from_text {
    ($name:ident($inner:ty), $parse:expr) => {
        #[derive(Debug)]
        pub(super) struct $name(pub(super) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(&text).map(Self).map_err(D::Error::custom)
            }
        }
    };
}

from_text!(Code(NationCode), |text| {
    text.parse().map_err(|e: entente_model::nation::NationCodeError| e.to_string())
});
from_text!(Name(String), |text| {
    let fits = !text.trim().is_empty() && text.len() <= TEXT_BYTES_MAX;
    if fits && !text.chars().any(char::is_control) {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("expected a name of 1 to {TEXT_BYTES_MAX} bytes on one line"))
    }
});
from_text!(Address(SocketAddr), |text| {
    text.parse().ok().filter(|a: &SocketAddr| a.port() != 0).ok_or_else(|| {
        "expected an address and a port, such as \"127.0.0.1:7101\" or \"[::]:7101\"".to_owned()
    })
});
from_text!(Endpoint(String), |text| {
    let uri = text.parse::<http::Uri>().ok().filter(|uri| {
        uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !uri.authority().is_some_and(|a| a.as_str().contains('@'))
    });
    if uri.is_some() && text.len() <= TEXT_BYTES_MAX {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("expected a base address, such as \"https://node.example:7101\"".to_owned())
    }
});
from_text!(Issuer(String), |text| {
    let uri = text.parse::<http::Uri>().ok().filter(|uri| {
        uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !uri.authority().is_some_and(|a| a.as_str().contains('@'))
    });
    if uri.is_some() && text.len() <= TEXT_BYTES_MAX && !text.contains('#') {
        Ok(text.to_owned())
    } else {
        Err("expected the provider's issuer, exactly as it writes it, such as \
             \"https://id.ministry.example/realm\""
            .to_owned())
    }
});
from_text!(ClientId(String), |text| {
    if (1..=TEXT_BYTES_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected 1 to {TEXT_BYTES_MAX} letters, digits or signs without spaces"))
    }
});
from_text!(VouchedRole(Role), |text| {
    let role: Role = text.parse().map_err(|e: AppError| e.to_string())?;
    if NEVER_VOUCHED.contains(&role) {
        return Err(format!(
            "the word of an identity provider never suffices for {role}: expected other roles"
        ));
    }
    Ok(role)
});
from_text!(Host(String), |text| {
    let label = |l: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&l.len())
            && l.chars().all(inner)
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let named = text.split('.').all(label) && text.parse::<std::net::IpAddr>().is_err();
    if named && text.len() <= 253 {
        Ok(text.to_owned())
    } else {
        Err("expected a host name in small letters, such as \"xar.localhost\": passkeys and \
             cookies need a name and no address"
            .to_owned())
    }
});
from_text!(CredentialName(String), |text| {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=255).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('.') {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a credential, such as \"entente-passphrase\"".to_owned())
    }
});
from_text!(Bytes(u64), |text| {
    let parse = || {
        let (number, unit) = text.split_once(' ')?;
        let factor: u64 = match unit {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor)
    };
    parse()
        .ok_or_else(|| "expected a number and KiB, MiB, GiB or TiB, such as \"4 MiB\"".to_owned())
});

from_text!(RoleName(Role), |text| text.parse().map_err(|e: AppError| e.to_string()));
from_text!(Span(u64), |text| {
    let parse = || {
        let (number, unit) = text.split_once(' ')?;
        let factor = match unit {
            "s" => SECOND,
            "min" => MINUTE,
            "h" => HOUR,
            "days" | "day" => DAY,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor)
    };
    parse().ok_or_else(|| "expected a number and s, min, h or days, such as \"15 min\"".to_owned())
});

/// A time as it is written in the file.
pub(super) fn show_span(millis: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("days", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)];
    UNITS
        .iter()
        .find(|(_, factor)| millis >= 2 * *factor && millis.is_multiple_of(*factor))
        .map_or_else(
            || format!("{} s", millis / SECOND),
            |(unit, factor)| format!("{} {unit}", millis / factor),
        )
}

/// A size as it is written in the file.
pub(super) fn show_bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    UNITS.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor)).map_or_else(
        || format!("{bytes} bytes"),
        |(unit, factor)| format!("{} {unit}", bytes / factor),
    )
}
