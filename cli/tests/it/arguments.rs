//! Arguments, help, and errors that repeat no argument.

use crate::program::Program;

#[test]
fn help_of_each_command_is_printed() {
    let program = Program::new("help");
    for (arguments, expected) in [
        (&["--help"][..], "WECHATPAY_PLATFORM_CERT_FILE"),
        (&["-h"], "doctor"),
        (&["help"], "Usage: wechatpay [OPTIONS] <COMMAND>"),
        (&["order", "-h"], "native"),
        (&["help", "order", "app"], "Usage: wechatpay order app [OPTIONS] <FILE>"),
        (&["order", "native", "--help"], "--qr <FILE>"),
        (&["bill", "trade", "--help"], "--gzip"),
        (&["v2", "query", "--help"], "--md5"),
        (&["notice", "--help"], "--received <TIME>"),
    ] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{arguments:?}");
        assert!(done.out.contains(expected), "{arguments:?}: {}", done.out);
    }
    let version = concat!("wechatpay ", env!("CARGO_PKG_VERSION"), "\n");
    for arguments in [&["--version"][..], &["-V"]] {
        assert_eq!(program.run(arguments).out, version);
    }
}

#[test]
fn no_arguments_print_help_on_standard_error() {
    let program = Program::new("no-arguments");
    for arguments in [&[][..], &["order"], &["combine"], &["bill"], &["v2"]] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{arguments:?}");
        assert!(done.err.contains("\nUsage: wechatpay "), "{arguments:?}: {}", done.err);
        assert!(!done.err.starts_with("error"), "{arguments:?}: {}", done.err);
    }
}

#[test]
fn wrong_arguments_are_explained_with_the_usage() {
    let program = Program::new("wrong-arguments");
    let file = program.order("arguments-1");
    for (arguments, what, usage) in [
        (&["order", "app"][..], "missing arguments: <FILE>", "order app [OPTIONS] <FILE>"),
        (&["doctor", "more"], "too many arguments", "doctor [OPTIONS]"),
        (&["close"], "missing arguments: <OUT_TRADE_NO>", "close [OPTIONS] <OUT_TRADE_NO>"),
        (
            &["v2", "close"],
            "missing arguments: <OUT_TRADE_NO>",
            "v2 close [OPTIONS] <OUT_TRADE_NO>",
        ),
        (
            &["order", "wap", &file],
            "unknown command; use one of: app, jsapi, native, h5",
            "order [OPTIONS] <COMMAND>",
        ),
        (
            &["order", "app", &file, "--gzip"],
            "--gzip is not an option of this command",
            "order app [OPTIONS] <FILE>",
        ),
        (&["query", "1", "--md5"], "--md5 is not an option of this command", QUERY),
        (&["order", "app", &file, "--frob"], "unknown option", "order app [OPTIONS] <FILE>"),
        (&["query"], "missing arguments: <OUT_TRADE_NO|--id <TRANSACTION_ID>>", QUERY),
        (&["query", "1", "2"], "too many arguments", QUERY),
        (&["query", "--id"], "--id <TRANSACTION_ID> needs a value", QUERY),
        (
            &["query", "1", "--id", "2"],
            "[OUT_TRADE_NO] and --id <TRANSACTION_ID> cannot be used together",
            QUERY,
        ),
        (
            &["order", "native", &file, "--qr", "a.svg", "--qr", "b.svg"],
            "--qr <FILE> can be used only once",
            "order native [OPTIONS] <FILE>",
        ),
        (
            &["v2", "query", "1", "--md5=1"],
            "--md5 takes no value",
            "v2 query [OPTIONS] <OUT_TRADE_NO|--id <TRANSACTION_ID>>",
        ),
    ] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{arguments:?}");
        let expected = format!(
            "error: {what}\noutcome: nothing was sent to WeChat Pay\nadvice: use: wechatpay {usage}\n"
        );
        assert_eq!(done.err, expected, "{arguments:?}");
    }
    assert!(program.sandbox.received().is_empty());
}

#[test]
fn options_before_the_command_are_no_command() {
    let program = Program::new("options-first");
    let done = program.run(&["--settings", "settings.env", "--lang", "en", "order", "app"]);
    let expected = "\nadvice: use: wechatpay order app [OPTIONS] <FILE>\n";
    assert!(done.status == 2 && done.err.ends_with(expected), "{}", done.err);
    let done = program.run(&["--lang", "en"]);
    let expected = "error: no command is given; use one of: order, query, ";
    assert!(done.status == 2 && done.err.starts_with(expected), "{}", done.err);
}

/// A script reads each line of standard error as an object.
#[test]
fn json_errors_and_notes_are_objects() {
    let mut program = Program::new("json-errors");
    program.settings.clear();
    for (arguments, key, start) in [
        (&["--json"][..], "error", "no command is given; use one of: order, "),
        (&["--json", "order"], "error", "no command is given; use one of: app, "),
        (&["order", "app", "no/such", "--json"], "error", "no setting is set; "),
        (&["order", "app", "no/such", "--json", "--sandbox"], "note", "using a sandbox at "),
    ] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{}", done.err);
        let lines: Vec<serde_json::Value> =
            done.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines[0][key].as_str().unwrap().starts_with(start), "{}", done.err);
        assert_eq!(lines.last().unwrap()["status"], 2, "{}", done.err);
    }
}

/// A key may be pasted to the wrong place.
#[test]
fn wrong_arguments_are_never_repeated() {
    let program = Program::new("secret-arguments");
    let file = program.order("arguments-2");
    let key = program.sandbox.v2().api_key().to_owned();
    let (option, with_value) = (format!("--{key}"), format!("--gzip={key}"));
    let (short, unknown) = (format!("-{key}"), format!("--key={key}"));
    let words = [&key, &option, &with_value, &short, &unknown];
    for start in [
        &[][..],
        &["help"],
        &["help", "order"],
        &["order"],
        &["order", "app", &file],
        &["order", "native", &file, "--qr", "code.svg"],
        &["query", "1", "--id"],
        &["bill"],
        &["bill", "trade", "2018-06-08", "-o", "bill.csv", "--gzip"],
        &["notification", "headers.json", "body"],
        &["sign", "GET", "/v3/certificates", &file],
        &["sign", "GET"],
        &["v2"],
        &["v2", "query", "1"],
        &["doctor"],
    ] {
        for word in words {
            let done = program.run(&[start, &[word]].concat());
            assert_eq!((done.status, done.out.as_str()), (2, ""), "{start:?} {}", done.err);
            assert!(!done.err.contains(&key), "{start:?}");
            assert!(done.err.starts_with("error: "), "{start:?} {}", done.err);
        }
    }
}

#[test]
fn unreadable_file_is_named() {
    let program = Program::new("unreadable");
    let done = program.run(&["order", "app", "no/such/file"]);
    assert_eq!(done.status, 2);
    let expected = "error: no/such/file cannot be read: No such file";
    assert!(done.err.starts_with(expected), "{}", done.err);
    assert!(
        done.err.ends_with("\nadvice: use a file that can be read or written\n"),
        "{}",
        done.err
    );
}

const QUERY: &str = "query [OPTIONS] <OUT_TRADE_NO|--id <TRANSACTION_ID>>";
