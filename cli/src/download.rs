//! A file that is not signed (文件下载), downloaded by a link or a path.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use wechatpay::call::{self, FileHash};

use crate::failure::Result;
use crate::language::language;
use crate::output_file::check_out;
use crate::session::Session;
use crate::terminal::print_note;

#[derive(Args)]
pub(crate) struct Download {
    /// 文件下载: writes the response, a file that is not signed, to FILE; PATH may be the link to it
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["body", "upload", "encrypt"])]
    pub(crate) out: Option<PathBuf>,
    /// 哈希值: SHA-1 of the file, from the response with the link
    #[arg(long, value_name = "HEX", requires = "out", conflicts_with = "sha256")]
    sha1: Option<String>,
    /// 哈希值: SHA-256 of the file, from the response with the link
    #[arg(long, value_name = "HEX", requires = "out")]
    sha256: Option<String>,
    /// The link is to a compressed file (tar_type=GZIP); FILE and its hash are those of the decompressed file
    #[arg(long, requires = "out")]
    gzip: bool,
}

impl Download {
    pub(crate) fn run(&self, session: &Session, link: &str, out: &Path) -> Result<Value> {
        let hash = match (&self.sha1, &self.sha256) {
            (Some(sha1), _) => Some(FileHash::sha1(sha1)?),
            (None, Some(sha256)) => Some(FileHash::sha256(sha256)?),
            (None, None) => None,
        };
        check_out(out)?;
        let download = match &hash {
            Some(hash) => call::Download::new(link, hash.clone()),
            None => {
                print_note(language().choose(
                    "no hash is given, so only TLS vouches for the bytes of the file",
                    "没有给出哈希值，文件内容只有 TLS 保证",
                ));
                call::Download::unverified(link)
            }
        };
        let download = if self.gzip { download.compressed() } else { download };
        let bytes = download.save(session.signer(), &session.gateway, out)?;
        Ok(json!({
            "file": out.display().to_string(),
            "bytes": bytes,
            "hash_type": hash.as_ref().map(FileHash::hash_type),
            "hash_value": hash.as_ref().map(FileHash::hash_value),
        }))
    }
}
