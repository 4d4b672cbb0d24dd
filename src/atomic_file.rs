//! A file that appears under its name only when it is complete.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::signer;

/// A file that is written beside its target and then moved there. If it is dropped before
/// [`commit`](Self::commit), it is removed.
pub(crate) struct AtomicFile {
    file: File,
    part: Part,
    target: PathBuf,
}

impl AtomicFile {
    /// Creates the partial file, which only its owner can read.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the target is not the name of a file; else why the
    /// partial file cannot be created.
    pub(crate) fn create(target: &Path) -> io::Result<Self> {
        let invalid = |rule: &str| io::Error::new(io::ErrorKind::InvalidInput, rule);
        let name = target.file_name().ok_or_else(|| invalid("must name a file"))?;
        // A device or folder must not be replaced by a file.
        if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
            return Err(invalid("must name a file, but names a folder or device"));
        }
        // No one can guess the name and put a symbolic link there. Two downloads to one target
        // have two partial files.
        let random = signer::nonce().map_err(io::Error::other)?;
        let mut part = OsString::from(name);
        part.push(format!(".{}.part", random.chars().take(8).collect::<String>()));
        let path = target.with_file_name(part);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
        let file = options.open(&path)?;
        Ok(Self { file, part: Part { path }, target: target.to_owned() })
    }

    /// Syncs the file and moves it to its target. A file that is there is replaced, and passes its
    /// permissions on.
    ///
    /// # Errors
    /// Why the file is not at its target, or may not be there after a power failure.
    pub(crate) fn commit(self) -> io::Result<()> {
        let Self { file, part, target } = self;
        #[cfg(unix)]
        if let Ok(replaced) = fs::metadata(&target) {
            file.set_permissions(replaced.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&part.path, &target)?;
        sync_folder(&target)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that is removed on drop, unless it was moved away.
struct Part {
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a success there is no file to remove: it was moved to its target.
        let _ = fs::remove_file(&self.path);
    }
}

/// Without this, a power failure may undo the renaming.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|it| it.sync_all());
    match synced {
        // A folder that can be written but not read, or a file system that cannot sync a folder.
        Err(error) if [InvalidInput, PermissionDenied, Unsupported].contains(&error.kind()) => {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Bills and receipts hold openids and names.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder for one test.
    fn folder(name: &str) -> PathBuf {
        let name = format!("wechatpay-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn file_appears_only_when_it_is_complete() {
        let folder = folder("complete");
        let target = folder.join("bill.csv");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!target.exists());
        drop(file);
        assert!(names(&folder).is_empty());
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"complete").unwrap();
        file.commit().unwrap();
        assert_eq!(names(&folder), ["bill.csv"]);
        assert_eq!(fs::read(&target).unwrap(), b"complete");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn partial_files_of_one_target_differ() {
        let folder = folder("differ");
        let target = folder.join("bill.csv");
        let files = [AtomicFile::create(&target).unwrap(), AtomicFile::create(&target).unwrap()];
        let names = names(&folder);
        assert_eq!(names.len(), files.len(), "{names:?}");
        assert!(names.iter().all(|name| name.starts_with("bill.csv.") && name.ends_with(".part")));
        drop(files);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn new_file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("mode");
        let target = folder.join("bill.csv");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let file = AtomicFile::create(&target).unwrap();
        assert_eq!(mode(&file.part.path), 0o600);
        file.commit().unwrap();
        assert_eq!(mode(&target), 0o600);
        // The permissions of an earlier file are kept for its successor, but not for the partial
        // file.
        for chosen in [0o640, 0o644, 0o400] {
            fs::set_permissions(&target, fs::Permissions::from_mode(chosen)).unwrap();
            let file = AtomicFile::create(&target).unwrap();
            assert_eq!(mode(&file.part.path), 0o600);
            file.commit().unwrap();
            assert_eq!(mode(&target), chosen);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn folder_is_no_target() {
        for (path, expected) in [
            (std::env::temp_dir(), "must name a file, but names a folder or device"),
            (PathBuf::from("/"), "must name a file"),
            (PathBuf::from(".."), "must name a file"),
        ] {
            let error = AtomicFile::create(&path).map(drop).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn folder_of_a_relative_name_is_synced() {
        assert!(sync_folder(Path::new("bill.csv")).is_ok());
        assert!(sync_folder(Path::new("no/such/folder/bill.csv")).is_err());
    }
}
