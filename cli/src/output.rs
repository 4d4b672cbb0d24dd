//! A file to be written, that is there only once it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::failure::Failure;

/// The place of a file, which is known to be one where it can be written.
pub(crate) struct Output {
    path: PathBuf,
    /// Beside it, until the file is whole.
    part: PathBuf,
    file: File,
}

impl Output {
    /// Before anything is asked, so that nothing stands in the way afterwards. What is there already
    /// stays until it is replaced.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let unwritable =
            |why: &str| Failure::File(format!("{} cannot be written: {why}", path.display()));
        let name = path.file_name().ok_or_else(|| unwritable("it names no file"))?;
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(unwritable("it is there, and no file"));
        }
        let mut part = OsString::from(name);
        part.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(part);
        let file = File::create(&part).map_err(|error| unwritable(&error.to_string()))?;
        Ok(Self { path: path.to_owned(), part, file })
    }

    pub(crate) fn write(mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a success there is nothing left to remove.
        let _ = fs::remove_file(&self.part);
    }
}
