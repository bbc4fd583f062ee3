//! Profiles: what differs from make to make, as data in `firmware-config/`. Built into the program; a path in the configuration names a file
//! of one's own. What a printer's profile says is defined beside its language.

use std::path::Path;

use serde::Deserialize;

use super::lang::display::DisplayLanguage;
use super::lang::escpos::PrinterProfile;
use super::lang::frame::Suffix;
use super::lang::scale::ScaleLanguage;
use super::lang::wedge::GsAs;
use super::lang::zpl::LabelProfile;
use super::port::SerialFormat;

/// A profile file larger than this is not one.
pub const PROFILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("there is no {kind} profile {name:?}: use one of {known}, or the path of a .toml file")]
    Unknown { kind: &'static str, name: String, known: String },
    #[error("{kind} profile {path} cannot be read: {why}")]
    Unreadable { kind: &'static str, path: String, why: String },
    #[error("{kind} profile {name} is not valid: {why}")]
    Invalid { kind: &'static str, name: String, why: String },
}

/// How sure we are of what a profile says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The maker's manual says so.
    Documented,
    /// Seen on a device.
    Probed,
    /// Neither.
    Unverified,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerProfile {
    pub name: String,
    pub about: String,
    pub provenance: Provenance,
    pub suffix: Suffix,
    /// Taken off the front of each scan. An AIM identifier is no prefix in this sense: it stays.
    #[serde(default)]
    pub prefix: String,
    /// After this much silence pending bytes are a scan (suffix "none") or a torn one (any other suffix).
    pub silence_ms: u64,
    /// Two equal scans within this are one; 0 switches it off.
    pub double_ms: u64,
    #[serde(default)]
    pub gs_as: GsAs,
    #[serde(default)]
    pub serial: SerialFormat,
}

impl ScannerProfile {
    const BUILT_IN: [(&str, &str); 4] = [
        ("usb-serial", include_str!("../../firmware-config/scanners/usb-serial.toml")),
        ("rs232", include_str!("../../firmware-config/scanners/rs232.toml")),
        ("keyboard", include_str!("../../firmware-config/scanners/keyboard.toml")),
        ("keyboard-f8", include_str!("../../firmware-config/scanners/keyboard-f8.toml")),
    ];

    /// A built-in profile by name, or a file by path (a name with a slash or ending in `.toml`).
    pub fn load(name: &str) -> Result<ScannerProfile, ProfileError> {
        let profile: ScannerProfile = load("scanner", name, &ScannerProfile::BUILT_IN)?;
        let invalid = |why: &str| Err(ProfileError::Invalid { kind: "scanner", name: name.to_owned(), why: why.to_owned() });
        if !(10..=5_000).contains(&profile.silence_ms) {
            return invalid("silence_ms must be from 10 to 5000");
        }
        if profile.double_ms > 5_000 {
            return invalid("double_ms must be at most 5000");
        }
        Ok(profile)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayProfile {
    pub name: String,
    pub about: String,
    pub provenance: Provenance,
    pub language: DisplayLanguage,
    #[serde(default)]
    pub serial: SerialFormat,
}

impl DisplayProfile {
    const BUILT_IN: [(&str, &str); 2] = [
        ("esc-pos", include_str!("../../firmware-config/displays/esc-pos.toml")),
        ("cd5220", include_str!("../../firmware-config/displays/cd5220.toml")),
    ];

    /// A built-in profile by name, or a file by path.
    pub fn load(name: &str) -> Result<DisplayProfile, ProfileError> {
        load("display", name, &DisplayProfile::BUILT_IN)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalProfile {
    pub name: String,
    pub about: String,
    pub provenance: Provenance,
    /// The configuration byte of the ZVT registration.
    pub config: u8,
}

impl TerminalProfile {
    const BUILT_IN: [(&str, &str); 2] = [
        ("zvt", include_str!("../../firmware-config/terminals/zvt.toml")),
        ("zvt-till-prints", include_str!("../../firmware-config/terminals/zvt-till-prints.toml")),
    ];

    /// A built-in profile by name, or a file by path.
    pub fn load(name: &str) -> Result<TerminalProfile, ProfileError> {
        load("terminal", name, &TerminalProfile::BUILT_IN)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleProfile {
    pub name: String,
    pub about: String,
    pub provenance: Provenance,
    pub language: ScaleLanguage,
    #[serde(default)]
    pub serial: SerialFormat,
}

impl ScaleProfile {
    const BUILT_IN: [(&str, &str); 1] = [("toledo-8217", include_str!("../../firmware-config/scales/toledo-8217.toml"))];

    /// A built-in profile by name, or a file by path.
    pub fn load(name: &str) -> Result<ScaleProfile, ProfileError> {
        load("scale", name, &ScaleProfile::BUILT_IN)
    }
}

const LABEL_PRINTERS: [(&str, &str); 3] = [
    ("zpl-203", include_str!("../../firmware-config/labels/zpl-203.toml")),
    ("zpl-300", include_str!("../../firmware-config/labels/zpl-300.toml")),
    ("zpl-203-mute", include_str!("../../firmware-config/labels/zpl-203-mute.toml")),
];

/// A built-in label printer profile by name, or a file by path.
pub fn load_label_printer(name: &str) -> Result<LabelProfile, ProfileError> {
    let profile: LabelProfile = load("label printer", name, &LABEL_PRINTERS)?;
    match profile.fault() {
        Some(why) => Err(ProfileError::Invalid { kind: "label printer", name: name.to_owned(), why }),
        None => Ok(profile),
    }
}

/// A built-in printer profile by name, or a file by path.
pub fn load_printer(name: &str) -> Result<PrinterProfile, ProfileError> {
    if is_path(name) {
        let invalid = |why: String| ProfileError::Invalid { kind: "printer", name: name.to_owned(), why };
        return PrinterProfile::from_toml(&read("printer", Path::new(name))?).map_err(|error| invalid(error.to_string()));
    }
    let known = || PrinterProfile::built_in_names().collect::<Vec<_>>().join(", ");
    PrinterProfile::built_in(name).ok_or_else(|| ProfileError::Unknown { kind: "printer", name: name.to_owned(), known: known() })
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".toml")
}

fn load<T: for<'de> Deserialize<'de>>(kind: &'static str, name: &str, built_in: &[(&str, &str)]) -> Result<T, ProfileError> {
    let text = if is_path(name) {
        read(kind, Path::new(name))?
    } else {
        let known = || built_in.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let found = built_in.iter().find(|(built_in, _)| *built_in == name);
        found.ok_or_else(|| ProfileError::Unknown { kind, name: name.to_owned(), known: known() })?.1.to_owned()
    };
    toml::from_str(&text).map_err(|error| ProfileError::Invalid { kind, name: name.to_owned(), why: error.message().to_owned() })
}

fn read(kind: &'static str, path: &Path) -> Result<String, ProfileError> {
    let unreadable = |why: String| ProfileError::Unreadable { kind, path: path.display().to_string(), why };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > PROFILE_BYTES_MAX {
        return Err(unreadable(format!("it has {size} bytes, more than {PROFILE_BYTES_MAX}")));
    }
    std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid_and_named_like_its_file() {
        for (name, _) in ScannerProfile::BUILT_IN {
            assert_eq!(ScannerProfile::load(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
        for (name, _) in DisplayProfile::BUILT_IN {
            assert_eq!(DisplayProfile::load(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
        for (name, _) in TerminalProfile::BUILT_IN {
            assert_eq!(TerminalProfile::load(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
        for (name, _) in ScaleProfile::BUILT_IN {
            assert_eq!(ScaleProfile::load(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
        for (name, _) in LABEL_PRINTERS {
            assert_eq!(load_label_printer(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
        for name in PrinterProfile::built_in_names() {
            assert_eq!(load_printer(name).map(|profile| profile.name), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_profile_of_ones_own_is_read_and_its_faults_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.toml");
        let load = |text: &str| {
            std::fs::write(&path, text).expect("written");
            ScannerProfile::load(path.to_str().expect("utf-8")).map_err(|error| error.to_string())
        };
        let good = "name='mine'\nabout=''\nprovenance='unverified'\nsuffix='tab'\nsilence_ms=100\ndouble_ms=0\ngs_as={text='|'}\n";
        assert_eq!(load(good).map(|profile| profile.gs_as), Ok(GsAs::Text("|".into())));
        assert!(load(&format!("{good}colour='red'\n")).is_err_and(|error| error.contains("colour")));
        assert!(load(&good.replace("100", "1")).is_err_and(|error| error.contains("silence_ms")));
        let missing = ScannerProfile::load("no-such").map_err(|error| error.to_string());
        assert!(missing.is_err_and(|error| error.contains("usb-serial")));
        assert!(ScannerProfile::load("/no/such.toml").is_err_and(|error| matches!(error, ProfileError::Unreadable { .. })));
    }
}
