//! The files of a merchant, and its settings for shells and Docker Compose.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use wechatpay_sandbox::{KeyMode, Sandbox};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Writes the keys and certificates, with the names that WeChat Pay gives them, and the settings.
pub(super) fn write(sandbox: &Sandbox, mode: KeyMode, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    match fs::read(folder.join(MERCHANT_KEY)) {
        Ok(key) if key == sandbox.merchant_key_pem().as_bytes() => clear(folder)?,
        Ok(_) => return Err("contains other keys than the sandbox's; use another folder".into()),
        Err(_) => {}
    }
    for (name, key) in
        [(MERCHANT_KEY, sandbox.merchant_key_pem()), (NEIGHBOUR_KEY, sandbox.neighbour_key_pem())]
    {
        write_key(&folder.join(name), key)?;
    }
    for (name, text) in [
        (MERCHANT_CERTIFICATE, sandbox.merchant_certificate_pem()),
        (NEIGHBOUR_CERTIFICATE, sandbox.neighbour_certificate_pem()),
        (PUBLIC_KEY, sandbox.public_key_pem()),
        (&platform_certificate(sandbox), sandbox.platform_certificate_pem()),
        (CA, sandbox.ca_pem()),
        ("settings.json", &settings_json(sandbox, folder)),
    ] {
        fs::write(folder.join(name), text)?;
    }
    write_settings("settings-neighbour", &neighbour_settings(sandbox, mode, folder), folder)?;
    // These files are written last: a program that waits for settings.env finds all files.
    write_settings("settings", &settings(sandbox, mode, folder), folder)
}

/// Writes the settings of a merchant for bash, PowerShell, Docker Compose, and tools that read `NAME=value`.
fn write_settings(stem: &str, settings: &[(String, String)], folder: &Path) -> Result<()> {
    let lines = |line: fn(&str, &str) -> String| {
        settings.iter().map(|(name, value)| line(name, value)).collect::<String>()
    };
    for (extension, text) in [
        ("sh", lines(|name, value| format!("export {name}={}\n", in_shell(value)))),
        ("ps1", lines(|name, value| format!("$env:{name} = {}\n", doubled(value)))),
        ("compose.yaml", compose(settings, folder)),
        ("env", lines(|name, value| format!("{name}={value}\n"))),
    ] {
        fs::write(folder.join(format!("{stem}.{extension}")), text)?;
    }
    Ok(())
}

/// Writes a key, which only the owner of the file can read: `wechatpay doctor` warns about other keys.
fn write_key(path: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    let mut file = options.open(path)?;
    // A file of an earlier sandbox keeps its permissions when it is opened.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(OWNER_ONLY))?;
    file.write_all(key.as_bytes())
}

/// Removes the platform certificates of earlier sandboxes, so that none is mistaken for one of this sandbox.
fn clear(folder: &Path) -> Result<()> {
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PLATFORM_CERTIFICATE) && name.ends_with(".pem") {
            fs::remove_file(folder.join(&*name))?;
        }
    }
    Ok(())
}

/// The environment variables, with the keys of WeChat Pay that this mode uses.
fn settings(sandbox: &Sandbox, mode: KeyMode, folder: &Path) -> Vec<(String, String)> {
    let file = |name: &str| folder.join(name).display().to_string();
    let public_key = [
        ("PUBLIC_KEY_ID", sandbox.public_key_id().to_owned()),
        ("PUBLIC_KEY_FILE", file(PUBLIC_KEY)),
    ];
    let certificate = [("PLATFORM_CERT_FILE", file(&platform_certificate(sandbox)))];
    let merchant = [
        ("BASE_URL", sandbox.base_url().to_owned()),
        ("CA_FILE", file(CA)),
        ("APPID", sandbox.appid().as_str().to_owned()),
        ("MCHID", sandbox.mchid().to_owned()),
        ("SERIAL_NO", sandbox.serial_no().to_owned()),
        ("PRIVATE_KEY_FILE", file(MERCHANT_KEY)),
        ("CERT_FILE", file(MERCHANT_CERTIFICATE)),
        ("API_V3_KEY", sandbox.api_v3_key().to_owned()),
        ("V2_KEY", sandbox.v2().api_key().to_owned()),
        ("NOTIFY_URL", sandbox.notify_url().as_str().to_owned()),
    ];
    let public_key = public_key.into_iter().filter(|_| mode != KeyMode::Certificate);
    let certificate = certificate.into_iter().filter(|_| mode != KeyMode::PublicKey);
    let all = merchant.into_iter().chain(public_key).chain(certificate);
    all.map(|(name, value)| (format!("WECHATPAY_{name}"), value)).collect()
}

/// The same for the neighbour, which has no APIv2 key.
fn neighbour_settings(sandbox: &Sandbox, mode: KeyMode, folder: &Path) -> Vec<(String, String)> {
    let file = |name: &str| folder.join(name).display().to_string();
    let own = [
        ("WECHATPAY_APPID", sandbox.neighbour_appid().as_str().to_owned()),
        ("WECHATPAY_MCHID", sandbox.neighbour_mchid().to_owned()),
        ("WECHATPAY_SERIAL_NO", sandbox.neighbour_signer().serial_no().to_owned()),
        ("WECHATPAY_PRIVATE_KEY_FILE", file(NEIGHBOUR_KEY)),
        ("WECHATPAY_CERT_FILE", file(NEIGHBOUR_CERTIFICATE)),
    ];
    let settings = settings(sandbox, mode, folder).into_iter();
    let settings = settings.filter(|(name, _)| name != "WECHATPAY_V2_KEY");
    let replaced = settings.map(|(name, value)| {
        let own = own.iter().find(|(own, _)| *own == name);
        (name, own.map_or(value, |(_, value)| value.clone()))
    });
    replaced.collect()
}

fn settings_json(sandbox: &Sandbox, folder: &Path) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let settings = json!({
        "base_url": sandbox.base_url(),
        "mchid": sandbox.mchid(),
        "appid": sandbox.appid().as_str(),
        "sub_mchid": sandbox.sub_mchid(),
        "sub_appid": sandbox.sub_appid().as_str(),
        "neighbour_mchid": sandbox.neighbour_mchid(),
        "neighbour_appid": sandbox.neighbour_appid().as_str(),
        "neighbour_serial_no": sandbox.neighbour_signer().serial_no(),
        "serial_no": sandbox.serial_no(),
        "public_key_id": sandbox.public_key_id(),
        "platform_certificate_serial_no": sandbox.platform_certificate_serial_no(),
        "api_v3_key": sandbox.api_v3_key(),
        "api_v2_key": sandbox.v2().api_key(),
        "notify_url": sandbox.notify_url().as_str(),
        "files": {
            "merchant_key": file(MERCHANT_KEY),
            "merchant_certificate": file(MERCHANT_CERTIFICATE),
            "neighbour_key": file(NEIGHBOUR_KEY),
            "neighbour_certificate": file(NEIGHBOUR_CERTIFICATE),
            "public_key": file(PUBLIC_KEY),
            "platform_certificate": file(&platform_certificate(sandbox)),
            "ca": file(CA),
        },
    });
    format!("{settings:#}\n")
}

/// A service on the network of this machine, because the sandbox listens on loopback alone. It finds the
/// files under the same paths.
fn compose(settings: &[(String, String)], folder: &Path) -> String {
    let folder = doubled(&folder.display().to_string());
    let environment = settings
        .iter()
        .map(|(name, value)| format!("      {name}: {}\n", doubled(&value.replace('$', "$$"))));
    format!(
        "# Rename app to your service:\n\
         # docker compose -f compose.yaml -f settings.compose.yaml up\n\
         services:\n  app:\n    network_mode: host\n    environment:\n{}    volumes:\n      - type: bind\n        \
         source: {folder}\n        target: {folder}\n        read_only: true\n",
        environment.collect::<String>()
    )
}

/// As one word of a POSIX shell.
fn in_shell(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// In single quotation marks of PowerShell and YAML.
fn doubled(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn platform_certificate(sandbox: &Sandbox) -> String {
    format!("{PLATFORM_CERTIFICATE}{}.pem", sandbox.platform_certificate_serial_no())
}

const MERCHANT_KEY: &str = "apiclient_key.pem";
const MERCHANT_CERTIFICATE: &str = "apiclient_cert.pem";
const NEIGHBOUR_KEY: &str = "neighbour_key.pem";
const NEIGHBOUR_CERTIFICATE: &str = "neighbour_cert.pem";
const PLATFORM_CERTIFICATE: &str = "wechatpay_";
const PUBLIC_KEY: &str = "pub_key.pem";
const CA: &str = "ca.pem";
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_the_keys_of_their_mode() {
        let sandbox = Sandbox::start().unwrap();
        let names = |mode| {
            let settings = settings(&sandbox, mode, Path::new("/a"));
            let names = ["WECHATPAY_PUBLIC_KEY_ID", "WECHATPAY_PLATFORM_CERT_FILE"];
            names.map(|name| settings.iter().any(|(other, _)| other == name))
        };
        assert_eq!(names(KeyMode::PublicKey), [true, false]);
        assert_eq!(names(KeyMode::Certificate), [false, true]);
        assert_eq!(names(KeyMode::Mixed), [true, true]);
    }

    #[test]
    fn neighbour_settings_name_its_own_key() {
        let sandbox = Sandbox::start().unwrap();
        let own = settings(&sandbox, KeyMode::Mixed, Path::new("/a"));
        let neighbour = neighbour_settings(&sandbox, KeyMode::Mixed, Path::new("/a"));
        let differing = own.iter().filter(|setting| !neighbour.contains(setting));
        let names: Vec<_> =
            differing.map(|(name, _)| name.trim_start_matches("WECHATPAY_")).collect();
        let expected = ["APPID", "MCHID", "SERIAL_NO", "PRIVATE_KEY_FILE", "CERT_FILE", "V2_KEY"];
        assert_eq!(names, expected);
        assert_eq!(neighbour.len() + 1, own.len());
    }

    #[cfg(unix)]
    #[test]
    fn key_files_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("sandbox-key-files-{}", std::process::id()));
        let sandbox = Sandbox::start().unwrap();
        let keys = [MERCHANT_KEY, NEIGHBOUR_KEY].map(|name| folder.join(name));
        let modes = || {
            write(&sandbox, KeyMode::PublicKey, &folder).unwrap();
            keys.each_ref().map(|key| fs::metadata(key).unwrap().permissions().mode() & 0o777)
        };
        assert_eq!(modes(), [0o600; 2]);
        // Files of a version that let others read them.
        for key in &keys {
            fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
        }
        assert_eq!(modes(), [0o600; 2]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn values_are_quoted_for_each_reader() {
        assert_eq!(in_shell("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(doubled("it's"), "'it''s'");
        let settings = [("A".to_owned(), "x y$z".to_owned())];
        let yaml = compose(&settings, Path::new("/a b"));
        assert!(
            yaml.contains("      A: 'x y$$z'\n") && yaml.contains("target: '/a b'\n"),
            "{yaml}"
        );
    }
}
