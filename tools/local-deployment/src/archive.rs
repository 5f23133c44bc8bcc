//! The package from which a Function App runs.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::app_files;

/// Packs the handler, host.json and the function definitions.
pub fn pack(handler: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut entries: Vec<(String, &[u8], u32)> =
        app_files().map(|(path, text)| (path, text.as_bytes(), 0o644)).collect();
    // On some plans the host runs the unpacked file without setting its permissions.
    entries.push(("handler".to_owned(), handler, 0o755));
    entries.sort();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes, mode) in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        archive.start_file(&path, options).with_context(|| format!("pack {path}"))?;
        archive.write_all(bytes).with_context(|| format!("pack {path}"))?;
    }
    Ok(archive.finish().context("finish the package")?.into_inner())
}

/// Unpacks a package into a folder, as the Functions host does.
pub fn unpack(package: &Path, folder: &Path) -> anyhow::Result<()> {
    let file = File::open(package).with_context(|| format!("read {}", package.display()))?;
    let archive = ZipArchive::new(file);
    let unpacked = archive.and_then(|mut archive| archive.extract(folder));
    unpacked.with_context(|| format!("unpack {}", package.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_package_is_complete_and_reproducible() {
        let folder = tempfile::tempdir().expect("a folder");
        let (package, app) = (folder.path().join("p.zip"), folder.path().join("app"));
        let packed = pack(b"program").expect("a package");
        assert_eq!(packed, pack(b"program").expect("a package"));
        fs::write(&package, packed).expect("a file");
        unpack(&package, &app).expect("a valid package");
        let mode = |name: &str| fs::metadata(app.join(name)).expect(name).permissions().mode();
        assert_eq!((mode("handler") & 0o777, mode("host.json") & 0o777), (0o755, 0o644));
        assert_eq!(fs::read(app.join("handler")).expect("the handler"), b"program");
    }

    #[test]
    fn every_function_is_in_the_package() {
        let definitions = concat!(env!("CARGO_MANIFEST_DIR"), "/../../function-definitions");
        let folders = fs::read_dir(definitions).expect("the definitions");
        let folders: BTreeSet<String> = folders
            .map(|folder| folder.expect("a folder").file_name().to_string_lossy().into_owned())
            .collect();
        let packed = app_files()
            .filter_map(|(path, _)| path.strip_suffix("/function.json").map(str::to_owned));
        assert_eq!(packed.collect::<BTreeSet<String>>(), folders);
    }
}
