#!/usr/bin/env bash
# What this dependency costs a program that places one order: crates, time to build from nothing (by
# the clock, and of all processors), size, time to start. For each set of features one line:
#
#     benches/cost.sh [FEATURES ...]
#
# Without arguments: the default build, and each feature that a shop may want.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD
shop=${CARGO_TARGET_DIR:-$here/target}/cost
[ $# -gt 0 ] || set -- "" aws-lc-rs gzip v2
trap 'rm -rf "$shop"' EXIT
# What `time` prints is read; what cargo says goes where it would.
TIMEFORMAT='%R %U %S'
exec 3>&2

row='%-12s %7s %10s %10s %14s %11s\n'
# shellcheck disable=SC2059 # one format for all lines
printf "$row" features crates 'build, s' 'of CPUs, s' 'stripped, KB' 'start, ms'
for features in "$@"; do
    rm -rf "$shop"
    mkdir -p "$shop/src"
    cp Cargo.lock "$shop"
    cat >"$shop/Cargo.toml" <<TOML
[package]
name = "shop"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
wechatpay-blocking = { path = "$here", features = [$(printf '"%s",' $features | sed 's/"",//')] }
[profile.release]
strip = true
TOML
    cat >"$shop/src/main.rs" <<'RUST'
use wechatpay::pay::{Order, app};
use wechatpay::{AppId, Fen, Gateway, NotifyUrl, OutTradeNo, PlatformKeys, RsaSigner};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<_> = std::env::args().skip(1).collect();
    let signer = RsaSigner::from_pem_file("1900000109", "AB12", &files[0])?;
    let keys = PlatformKeys::from_pem("PUB_KEY_ID_01", std::fs::read(&files[1])?)?;
    let gateway = Gateway::new(keys)?;
    let order = Order::new(
        AppId::new("wxd678efh567hg6787")?,
        OutTradeNo::new("1217752501201407033233368018")?,
        "Image形象店-深圳腾大-QQ公仔",
        Fen(100),
        NotifyUrl::new("https://www.weixin.qq.com/wxpay/pay.php")?,
    );
    // Ready to order; a start costs no more than this.
    if files.len() == 2 {
        return Ok(());
    }
    println!("{}", app::prepay(&signer, &gateway, &order)?);
    Ok(())
}
RUST
    case " $features " in *" aws-lc-rs "*) sed -i 's/RsaSigner/AwsLcSigner/g' "$shop/src/main.rs" ;; esac
    cd "$shop"
    export CARGO_TARGET_DIR=$shop/target
    # Whatever is not here yet is fetched outside the measure.
    cargo fetch --quiet
    crates=$(($(cargo tree -e normal --prefix none | awk '{ print $1, $2 }' | sort -u | wc -l) - 1))
    read -r built user system < <({ time cargo build --release --quiet --jobs 2 2>&3; } 2>&1)
    used=$(awk "BEGIN { print $user + $system }")
    size=$(($(wc -c <target/release/shop) / 1000))
    keys=("$here/tests/data/keys/rsa2048.pem" "$here/tests/data/keys/rsa2048.pub.pem")
    started=$(date +%s%N)
    for _ in $(seq 50); do target/release/shop "${keys[@]}"; done
    start=$(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $started) / 5e7 }")
    unset CARGO_TARGET_DIR
    cd "$here"
    # shellcheck disable=SC2059
    printf "$row" "${features:-default}" "$crates" "$built" "$used" "$size" "$start"
done
printf '\n%s, %s cores, %s, %s\n' "$(date +%F)" "$(nproc)" \
    "$(grep -m 1 'model name' /proc/cpuinfo | cut -d : -f 2 | sed 's/^ //')" "$(rustc --version)"
