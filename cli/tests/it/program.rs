//! The program with settings, files and a sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use wechatpay_sandbox::Sandbox;

use crate::leaks::leaks;
use crate::sample_bodies::app_order;
use crate::support::start;

/// The program, set up for a sandbox as a merchant would set it up for WeChat Pay.
pub(crate) struct Program {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: PathBuf,
    pub(crate) settings: BTreeMap<&'static str, String>,
}

/// One finished run.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn new(test: &str) -> Self {
        let sandbox = start();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let mut program = Self { sandbox, folder, settings: BTreeMap::new() };
        let sandbox = &program.sandbox;
        let files = [
            ("WECHATPAY_PRIVATE_KEY_FILE", "apiclient_key.pem", sandbox.merchant_key_pem()),
            ("WECHATPAY_CERT_FILE", "apiclient_cert.pem", sandbox.merchant_certificate_pem()),
            ("WECHATPAY_PUBLIC_KEY_FILE", "pub_key.pem", sandbox.public_key_pem()),
            ("WECHATPAY_CA_FILE", "ca.pem", sandbox.ca_pem()),
        ]
        .map(|(name, file, text)| (name, program.write(file, text)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let owner_only = fs::Permissions::from_mode(0o600);
            fs::set_permissions(program.path("apiclient_key.pem"), owner_only).unwrap();
        }
        program.settings.extend(files);
        let sandbox = &program.sandbox;
        program.settings.extend([
            ("WECHATPAY_BASE_URL", sandbox.base_url().to_owned()),
            ("WECHATPAY_APPID", sandbox.appid().to_string()),
            ("WECHATPAY_MCHID", sandbox.mchid().to_owned()),
            ("WECHATPAY_SERIAL_NO", sandbox.serial_no().to_owned()),
            ("WECHATPAY_NOTIFY_URL", sandbox.notify_url().to_string()),
            ("WECHATPAY_PUBLIC_KEY_ID", sandbox.public_key_id().to_owned()),
            ("WECHATPAY_API_V3_KEY", sandbox.api_v3_key().to_owned()),
            ("WECHATPAY_V2_KEY", sandbox.v2().api_key().to_owned()),
        ]);
        program
    }

    /// A file in the folder of the test.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, b"")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Done {
        let mut command = self.command(env!("CARGO_BIN_EXE_wechatpay"));
        command.args(arguments);
        self.finish(command, input)
    }

    /// Runs a script in which `"$@"` is the program with these arguments, in the folder of the test.
    #[cfg(unix)]
    pub(crate) fn run_script(&self, script: &str, arguments: &[&str]) -> Done {
        let mut command = self.command("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_wechatpay")]).args(arguments);
        command.current_dir(&self.folder);
        self.finish(command, b"")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECHATPAY_") {
                command.env_remove(name);
            }
        }
        // The texts of the tests are English; a test may set another locale as a setting.
        command.env("LC_ALL", "C").envs(&self.settings);
        command
    }

    fn finish(&self, mut command: Command, input: &[u8]) -> Done {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may end without reading its input.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let done = Done {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&done.out, &done.err] {
            assert!(!leaks(text) && !text.contains(self.sandbox.v2().api_key()), "{text}");
        }
        done
    }

    /// The JSON result of a run that must succeed.
    #[track_caller]
    pub(crate) fn result(&self, arguments: &[&str]) -> Value {
        let done = self.run(arguments);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{arguments:?}");
        serde_json::from_str(&done.out).unwrap()
    }

    /// A file with a body from the documents, for the sandbox's merchant and with this order number.
    pub(crate) fn body(&self, mut body: Value, number: &str) -> String {
        let appid = self.sandbox.appid().to_string();
        for (pointer, value) in [
            ("/appid", appid.as_str()),
            ("/mchid", self.sandbox.mchid()),
            ("/out_trade_no", number),
            ("/combine_appid", &appid),
            ("/combine_mchid", self.sandbox.mchid()),
            ("/combine_out_trade_no", number),
            ("/sub_orders/0/mchid", self.sandbox.mchid()),
            ("/sub_orders/1/mchid", "1900009191"),
            ("/sub_orders/0/out_trade_no", &format!("{number}-1")),
            ("/sub_orders/1/out_trade_no", &format!("{number}-2")),
        ] {
            if let Some(place) = body.pointer_mut(pointer) {
                *place = value.into();
            }
        }
        if let Some(place) = body.pointer_mut("/time_expire") {
            *place = "2031-06-08T10:34:56+08:00".into();
        }
        self.write(&format!("{number}.json"), body.to_string())
    }

    pub(crate) fn order(&self, number: &str) -> String {
        self.body(app_order(), number)
    }
}
