//! A file that appears under its name only when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::input_name::is_standard_input;
use crate::random::random_hexadecimal;

/// Checks that `--out` names a file that can be written. Call this before anything is sent.
pub(crate) fn check_out(path: &Path) -> Result<()> {
    if is_standard_input(path) {
        let what = "--out must name a file, since the result goes to standard output";
        return Err(Failure::Usage(what.to_owned()));
    }
    OutputFile::open(path).map(drop)
}

/// A file that is to be written.
pub(crate) struct OutputFile {
    path: PathBuf,
    /// Beside it, until the file is complete.
    part: PathBuf,
    file: File,
}

impl OutputFile {
    /// Checks that the file can be written. Call this before anything is sent. An existing file stays
    /// until it is replaced.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let unwritable =
            |why: &str| Failure::File(format!("{} cannot be written: {why}", path.display()));
        let name = path.file_name().ok_or_else(|| unwritable("it has no file name"))?;
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(unwritable("it exists and is not a file"));
        }
        // No one can guess the name and put a symbolic link there; one that is there is not followed.
        let mut part = OsString::from(name);
        part.push(format!(".{}.part", random_hexadecimal()?));
        let part = path.with_file_name(part);
        let file = File::create_new(&part).map_err(|error| unwritable(&error.to_string()))?;
        Ok(Self { path: path.to_owned(), part, file })
    }

    pub(crate) fn write(mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        // After a success there is nothing left to remove.
        let _ = fs::remove_file(&self.part);
    }
}
