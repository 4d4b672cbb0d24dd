//! Bills.

use std::fs;

use serde_json::json;
use wechatpay::bill::Date;

use crate::program::Program;
use crate::sample_bodies::app_order;
use crate::support::noon;

#[test]
fn bill_is_downloaded_to_a_file() {
    let program = Program::new("bills");
    let day = Date::of(noon(&program.sandbox)).to_string();
    let file = program.body(
        {
            let mut order = app_order();
            order["detail"] = json!({});
            order
        },
        "bill-001",
    );
    program.result(&["order", "app", &file]);
    program.sandbox.pay("bill-001").unwrap();
    program.sandbox.let_time_pass(22 * 3600);
    let mut files = Vec::new();
    for (name, arguments) in [
        ("all", &["bill", "trade", &day][..]),
        ("packed", &["bill", "trade", &day, "--gzip"]),
        ("paid", &["bill", "trade", &day, "--type", "SUCCESS"]),
        ("flow", &["bill", "fund-flow", &day, "--type", "BASIC", "--gzip"]),
    ] {
        let out = program.path(name);
        let fetched = program.result(&[arguments, &["-o", &out]].concat());
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(fetched["bytes"], text.len());
        assert!(text.contains("bill-001") || name == "flow", "{text}");
        files.push(text);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // In the folder where the program runs, without a path.
        let done = program.run_script("exec \"$@\"", &["bill", "trade", &day, "-o", "bill.csv"]);
        assert_eq!((done.status, done.err.as_str()), (0, ""));
        let mode = fs::metadata(program.path("bill.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a bill holds the openids of payers");
    }
    assert_eq!(files[0], files[1]);
    let done = program.run(&["bill", "trade", "2018-02-30", "-o", &program.path("never")]);
    assert_eq!(done.status, 1);
    assert!(done.err.starts_with("error: bill_date must be "), "{}", done.err);
    let count = program.sandbox.received().len();
    let (folder, nowhere) = (program.path("folder"), program.path("no/such/bill.csv"));
    fs::create_dir(&folder).unwrap();
    for (out, expected) in [
        (&[][..], "missing arguments: --out <FILE>\n"),
        (&["-o", "-"], "--out must name a file, since the result goes to standard output\n"),
        (&["-o", &folder], &format!("{folder} cannot be written: it exists and is not a file")),
        (&["-o", &nowhere], &format!("{nowhere} cannot be written: No such file")),
    ] {
        let done = program.run(&[&["bill", "trade", &day], out].concat());
        assert_eq!(done.status, 2, "{}", done.err);
        assert!(done.err.starts_with(&format!("error: {expected}")), "{}", done.err);
    }
    assert_eq!(
        program.sandbox.received().len(),
        count,
        "no request for a bill that cannot be saved"
    );
}
