//! Settings from the environment.

use crate::program::Program;

/// The environment of a cron job is empty. Its script must not report success for a call that only a sandbox received.
#[test]
fn command_without_settings_does_nothing() {
    let mut program = Program::new("cron");
    program.settings.clear();
    let file = program.order("cron-1");
    for arguments in
        [&["order", "app", &file][..], &["query", "cron-1"], &["v2", "query", "cron-1"]]
    {
        let done = program.run(arguments);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{}", done.err);
        assert!(done.err.starts_with("error: no setting is set; set "), "{}", done.err);
    }
    let done = program.run(&["doctor"]);
    assert_eq!(done.status, 1);
    assert!(done.err.contains("no setting is set; set "), "{}", done.err);
}

#[test]
fn command_with_sandbox_uses_its_own_whatever_is_set() {
    let mut program = Program::new("alone");
    let file = program.order("alone-1");
    // Behind `--`, it is a value and not an option.
    let done = program.run(&["encrypt", "--", "--sandbox"]);
    assert_eq!((done.status, done.err.as_str()), (0, ""));
    for _ in 0..2 {
        let done = program.run(&["order", "app", &file, "--sandbox"]);
        assert_eq!(done.status, 0, "{}", done.err);
        let note = "note: using a sandbox at https://127.0.0.1:";
        assert!(done.err.starts_with(note), "{}", done.err);
        assert_eq!(program.sandbox.received().len(), 0);
        program.settings.clear();
    }
    let done = program.run(&["order", "app", &file, "--sandbox", "--lang", "zh"]);
    assert!(done.err.starts_with("提示：使用沙箱 https://127.0.0.1:"), "{}", done.err);
    assert_eq!(program.run(&["doctor", "--sandbox"]).status, 0);
    let done = program.run(&["doctor", "--sandbox", "--settings", &file]);
    assert_eq!(done.status, 2, "{}", done.err);
    // A misspelt setting is a setting.
    program.settings.insert("WECHATPAY_MCH_ID", "1900007291".into());
    let done = program.run(&["order", "app", &file]);
    assert_eq!(done.status, 2);
    let expected = "error: WECHATPAY_MCHID is not set; set it to the merchant number (商户号)\n";
    assert!(done.err.starts_with(expected), "{}", done.err);
    let expected =
        "\nerror: WECHATPAY_MCH_ID is set, but is not a setting, check its spelling\noutcome";
    assert!(done.err.contains(expected), "{}", done.err);
}

/// As in a file of settings that was edited on Windows.
#[test]
fn setting_with_carriage_return_is_trimmed() {
    let mut program = Program::new("line-ends");
    for value in program.settings.values_mut() {
        value.push('\r');
    }
    program.result(&["doctor"]);
}

#[test]
fn wrong_setting_is_named() {
    for (name, value, expected) in [
        ("WECHATPAY_CERT_FILE", "no/such", "WECHATPAY_CERT_FILE: no/such cannot be read: "),
        (
            "WECHATPAY_MCHID",
            "",
            "WECHATPAY_MCHID is not set; set it to the merchant number (商户号)\n",
        ),
        ("WECHATPAY_MCHID", "19 0", "WECHATPAY_MCHID: mchid must be the merchant number"),
        ("WECHATPAY_PUBLIC_KEY_ID", "01", "WECHATPAY_PUBLIC_KEY_ID: public_key_id must be"),
        (
            "WECHATPAY_PRIVATE_KEY_FILE",
            "no/such",
            "WECHATPAY_PRIVATE_KEY_FILE: no/such cannot be read: ",
        ),
        ("WECHATPAY_BASE_URL", "http://x", "WECHATPAY_BASE_URL: base_url must start with https://"),
        (
            "WECHATPAY_API_V3_KEY",
            "short",
            "WECHATPAY_API_V3_KEY: api_v3_key must be the 32 characters",
        ),
    ] {
        let mut program = Program::new("settings");
        program.settings.remove("WECHATPAY_SERIAL_NO");
        program.settings.insert(name, value.into());
        let done = program.run(&["certificates"]);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{}", done.err);
        assert!(done.err.starts_with(&format!("error: {expected}")), "{}", done.err);
        assert!(
            done.err.ends_with("\nadvice: check the settings with `wechatpay doctor`\n"),
            "{}",
            done.err
        );
    }
}

#[test]
fn certificate_file_replaces_the_serial_number() {
    let mut program = Program::new("certificate-alone");
    program.settings.remove("WECHATPAY_SERIAL_NO");
    for arguments in [&["doctor"][..], &["certificates"]] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{arguments:?}");
    }
    program.settings.remove("WECHATPAY_CERT_FILE");
    let done = program.run(&["certificates"]);
    assert_eq!(done.status, 2);
    let words = "WECHATPAY_SERIAL_NO is not set; set it to the serial number of the merchant's API \
                 certificate, or set WECHATPAY_CERT_FILE instead\n";
    assert!(done.err.contains(words), "{}", done.err);
}

/// Without a host, orders go to WeChat Pay; a misspelt setting must not send them there.
#[test]
fn misspelt_host_is_reported_and_nothing_sent() {
    let mut program = Program::new("misspelt-host");
    let host = program.settings.remove("WECHATPAY_BASE_URL").unwrap();
    program.settings.insert("WECHATPAY_BASEURL", host);
    let done = program.run(&["certificates"]);
    assert_eq!(done.status, 2);
    assert!(
        done.err.contains(
            "error: WECHATPAY_BASEURL is set, but is not a setting, check its spelling\n"
        ),
        "{}",
        done.err
    );
    assert!(program.sandbox.received().is_empty());
}
