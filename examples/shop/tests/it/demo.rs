//! `shop demo`, which needs no settings.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::shop::{KEY, click};

#[test]
fn demo_takes_an_order_without_settings() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command.arg("demo").env_clear().env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    let mut demo = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    // It prints the address in a command for the shell.
    let address = lines.map_while(Result::ok).find_map(|line| {
        let url = line.split(' ').find(|word| word.starts_with("http://"))?;
        Some(url.to_owned())
    });
    let order = click(&address.unwrap(), KEY, "", &json!({ "item": "mug", "quantity": 2 }));
    demo.kill().unwrap();
    demo.wait().unwrap();
    let (status, order) = order.unwrap();
    assert_eq!((status, &order["total"]), (201, &json!(7_800)));
}
