//! How full the disk is.

use std::io;
use std::path::{Path, PathBuf};

use entente_app::settings::Disk;

use crate::config::DataFiles;

/// How full the devices of the databases are: the fuller counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gauge(Vec<PathBuf>);

/// What is left of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How much is used, in percent, rounded up.
    pub used_percent: u8,
    /// What is free for this user.
    pub free_bytes: u64,
}

impl Gauge {
    /// The devices of these files.
    pub fn of(data: &DataFiles) -> Self {
        let folder = |file: &Path| file.parent().unwrap_or(Path::new(".")).to_owned();
        Self(vec![folder(&data.database), folder(&data.vault)])
    }

    /// The fuller device.
    pub fn level(&self) -> io::Result<Level> {
        let levels = self.0.iter().map(|folder| level(folder)).collect::<io::Result<Vec<_>>>()?;
        let fuller = levels.into_iter().max_by_key(|level| level.used_percent);
        fuller.ok_or_else(|| io::Error::other("there is no device"))
    }
}

fn level(folder: &Path) -> io::Result<Level> {
    let about = rustix::fs::statvfs(folder)?;
    // What is kept back for the system is not there for us.
    let blocks = about.f_blocks.max(1);
    let free = about.f_bavail.min(blocks);
    let used = 100 - free.saturating_mul(100) / blocks;
    Ok(Level {
        used_percent: u8::try_from(used).unwrap_or(100),
        free_bytes: free.saturating_mul(about.f_frsize),
    })
}

impl Disk for Gauge {
    fn used_percent(&self) -> u8 {
        // Who cannot see how much room there is takes nothing more.
        self.level().map_or(100, |level| level.used_percent)
    }
}

#[test]
fn a_disk_that_cannot_be_seen_counts_as_full() {
    let here = Gauge(vec![env!("CARGO_MANIFEST_DIR").into()]);
    assert_eq!(here.used_percent(), here.level().unwrap().used_percent);
    assert!(here.used_percent() <= 100);
    let nowhere = Gauge(vec![env!("CARGO_MANIFEST_DIR").into(), "/nowhere/at/all".into()]);
    assert_eq!(nowhere.used_percent(), 100);
}
