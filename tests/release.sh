#!/usr/bin/env bash
# The long runs before a release, which a person starts:
#
#     tests/release.sh [--install] [STEP ...]
#
# Without a step it runs all of them. A step that lacks a tool is skipped and says what it lacks;
# with --install it gets that by `cargo install` first. Ends non-zero if a step failed.
set -uo pipefail
cd "$(dirname "$0")/.."

steps=(msrv deny external hermetic money bills speed cost clients browser fuzz coverage mutants semver package)
# The code that verifies, and that decides what an error costs.
core=(platform_keys signing notify error money id)

: "${FUZZ_SECONDS:=60}"    # for each target
: "${HERMETIC_RUNS:=50}"
: "${MONEY:=10000}"         # refunds, and as many orders
: "${MUTANTS_MINUTES:=90}" # then it stops with what it has

out=${CARGO_TARGET_DIR:-target}/release-checks
result=passed
figure=
table=()

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    echo "steps: ${steps[*]}"
}

fail() {
    result=FAILED
    figure=$1
}

skip() {
    result=skipped
    figure=$1
}

# Has the cargo command, or gets it where that was asked for.
tool() {
    cargo "$1" --help >/dev/null 2>&1 && return
    if [ "$install" = yes ] && cargo install --locked "cargo-$1"; then
        return
    fi
    skip "needs cargo-$1: cargo install cargo-$1, or --install"
    return 1
}

# The figure in a line that matches, or nothing.
pick() { grep -oE "$1" "$2" | tail -n 1; }

step_msrv() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! cargo "+$version" --version >/dev/null 2>&1; then
        skip "needs the toolchain $version: rustup toolchain install $version"
    elif cargo "+$version" test --quiet; then
        figure="tests pass on $version"
    else
        fail "on $version"
    fi
}

step_deny() {
    local -a checks=(bans licenses sources)
    local manifest
    tool deny || return
    # The list of advisories is somewhere else; if it cannot be reached, the figure does not contain it.
    cargo deny fetch db && checks+=(advisories)
    figure="${checks[*]}, of the example shop and the fuzz targets as well"
    for manifest in Cargo.toml examples/shop/Cargo.toml tests/fuzz/Cargo.toml; do
        cargo deny --manifest-path "$manifest" --workspace --offline --config deny.toml check "${checks[@]}" ||
            fail "$manifest, see above"
    done
}

# Reads the compiler's own description of the library, which a nightly compiler alone gives.
step_external() {
    tool check-external-types || return
    if ! cargo +nightly --version >/dev/null 2>&1; then
        skip "needs a nightly toolchain: rustup toolchain install nightly"
    elif cargo +nightly check-external-types --all-features; then
        figure="no type of another crate in public, serde's traits aside"
    else
        fail "see above"
    fi
}

step_hermetic() {
    local -a tests
    local run
    if ! unshare -rn true 2>/dev/null; then
        skip "needs unshare -rn, that is namespaces of users and networks"
        return
    fi
    # Compiled with the network at hand, so that a crate may still be fetched; and optimised, since each run of fifty counts.
    if ! cargo test --release --quiet --no-run --message-format=json >"$out/tests.json"; then
        fail "does not compile"
        return
    fi
    # Examples are compiled as well, and are no tests.
    mapfile -t tests < <(grep '"test":true' "$out/tests.json" |
        grep -oE '"executable":"[^"]+"' | cut -d '"' -f 4)
    for run in $(seq "$HERMETIC_RUNS"); do
        for test in "${tests[@]}"; do
            if ! hermetic "$test" >"$out/hermetic.log" 2>&1; then
                tail -n 40 "$out/hermetic.log"
                fail "run $run of $HERMETIC_RUNS: $(basename "$test"), see $out/hermetic.log"
                return
            fi
        done
        printf .
    done
    echo
    figure="$HERMETIC_RUNS runs of ${#tests[@]} programs without a network"
}

# A network of its own that has nothing but loopback; where tests look for files is the root.
hermetic() {
    # shellcheck disable=SC2016 # expanded within
    unshare -rn sh -c 'ip link set lo up 2>/dev/null || ifconfig lo up; exec "$0" --quiet' "$1"
}

step_money() {
    if WECHATPAY_MONEY=$MONEY cargo test --release -p wechatpay-blocking --all-features --test it money -- --nocapture 2>&1 |
        tee "$out/money.log"; then
        figure="$MONEY refunds and $MONEY orders, $(pick '[0-9]+ passed' "$out/money.log")"
        # A filter that meets no test passes as well.
        grep -q '^test money::' "$out/money.log" || fail "there is no such test"
    else
        fail "see $out/money.log"
    fi
}

step_clients() {
    local -a missing=()
    local program
    for program in python3 node npm; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        skip "needs ${missing[*]}: apt-get install python3 python3-venv nodejs npm"
    elif sandbox/tests/clients/run | tee "$out/clients.log"; then
        figure="$(grep -c '^ok ' "$out/clients.log") checks by $(sed -n 's/^ok *\([^,]*\),.*/\1/p' "$out/clients.log" | sort -u | paste -sd ' ')"
    else
        fail "see $out/clients.log"
    fi
}

step_browser() {
    local -a missing=()
    local program
    for program in python3 chromium chromedriver; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        skip "needs ${missing[*]}: apt-get install python3 chromium chromium-driver"
        return
    fi
    if ! cargo build --quiet --bin wechatpay-sandbox --bin wechatpay --example h5_order --example app_order; then
        fail "does not compile"
    elif sandbox/tests/browser/pay.py "$out/browser" | tee "$out/browser.log"; then
        figure="$(grep -c ' ok$' "$out/browser.log") plays in $(chromium --version 2>/dev/null)"
    else
        fail "see $out/browser"
    fi
}

# A gigabyte, made while it is sent.
step_bills() {
    if ! cargo bench --bench bill | tee "$out/bills.log"; then
        fail "see $out/bills.log"
    elif grep MISSED "$out/bills.log"; then
        fail "takes more of the heap than it may, see $out/bills.log"
    else
        figure="$(pick '[0-9]{4} MB .*' "$out/bills.log" | tr -s ' ')"
    fi
}

# Times are told and not judged, since no machine is quiet enough; allocations are.
step_speed() {
    if ! cargo bench --bench call --bench heap --bench wire | tee "$out/speed.log"; then
        fail "see $out/speed.log"
        return
    fi
    # The last table holds those before it.
    tac "$out/speed.log" | sed '/^figure /q' | tac >"$out/figures.log"
    figure="$(grep -c ' met$' "$out/figures.log") met, $(grep -c ' MISSED$' "$out/figures.log") missed"
    figure="$figure, see $out/speed.log"
    ! grep -E '^allocations .* MISSED$' "$out/speed.log" || fail "$figure"
}

step_cost() {
    if benches/cost.sh | tee "$out/cost.log"; then
        figure="default build: $(awk '$1 == "default" { print $2 " crates, " $5 " KB" }' "$out/cost.log")"
    else
        fail "see above"
    fi
}

step_fuzz() {
    local -a toolchain=(env RUSTC_BOOTSTRAP=1 cargo) targets
    local target runs=0 found=()
    tool fuzz || return
    cargo +nightly --version >/dev/null 2>&1 && toolchain=(cargo +nightly)
    mapfile -t targets < <("${toolchain[@]}" fuzz list --fuzz-dir tests/fuzz)
    if ! "${toolchain[@]}" fuzz build --fuzz-dir tests/fuzz -s none; then
        fail "does not compile"
        return
    fi
    for target in "${targets[@]}"; do
        mkdir -p "tests/fuzz/corpus/$target"
        # The first folder takes what is found; the second is committed.
        "${toolchain[@]}" fuzz run --fuzz-dir tests/fuzz -s none "$target" \
            "tests/fuzz/corpus/$target" "tests/data/corpus/$target" -- \
            "-max_total_time=$FUZZ_SECONDS" -max_len=16384 -timeout=10 -rss_limit_mb=1024 \
            -print_final_stats=1 >"$out/fuzz-$target.log" 2>&1 || found+=("$target")
        local count
        count=$(pick 'number_of_executed_units: [0-9]+' "$out/fuzz-$target.log" | tr -dc 0-9)
        printf '%-16s %12s inputs\n' "$target" "${count:-0}"
        runs=$((runs + ${count:-0}))
    done
    figure="${#targets[@]} targets, ${FUZZ_SECONDS} s each, $runs inputs"
    [ ${#found[@]} = 0 ] || fail "findings in ${found[*]}: $out/fuzz-*.log, tests/fuzz/artifacts"
}

step_coverage() {
    local percent file
    tool llvm-cov || return
    # Or else it would ask rustup for what it lacks.
    export CARGO_LLVM_COV_SETUP=no
    if ! cargo llvm-cov report --help >/dev/null || ! cargo llvm-cov --no-report; then
        skip "needs llvm-tools: rustup component add llvm-tools, or LLVM_COV and LLVM_PROFDATA"
        return
    fi
    if ! cargo llvm-cov report | tee "$out/coverage" || ! cargo llvm-cov report --text >"$out/lines"; then
        fail "no report"
        return
    fi
    percent=$(awk '/^TOTAL/ { print $10 + 0 }' "$out/coverage")
    for file in "${core[@]}"; do
        awk -v file="/src/$file.rs:" '
            /^\// { here = substr($0, length($0) - length(file) + 1) == file }
            here && /^ *[0-9]+\| *0\|/ { print file, $0 }' "$out/lines"
    done
    figure="$percent % of the lines"
    awk -v percent="$percent" 'BEGIN { exit !(percent >= 90) }' || fail "$figure, and not 90"
}

# The tests beside the code kill nearly all of them in a tenth of the time; what they let live meets the others.
step_mutants() {
    local -a files=() passes=(--lib --test=it)
    local file pass missed
    local end=$((SECONDS + MUTANTS_MINUTES * 60))
    tool mutants || return
    rm -rf "$out/mutants.out" "$out/mutants.out.old"
    for file in "${core[@]}"; do files+=(--file "src/$file.rs"); done
    for pass in "${passes[@]}"; do
        timeout "$((end - SECONDS))" cargo mutants -p wechatpay-blocking --all-features "${files[@]}" --jobs 1 --no-shuffle --iterate \
            --output "$out" --cargo-arg="$pass"
        case $? in
            0) break ;;
            2 | 3) ;;
            124) fail "not done in $MUTANTS_MINUTES minutes" && return ;;
            *) fail "cargo mutants itself failed" && return ;;
        esac
    done
    cat "$out"/mutants.out/{missed,timeout}.txt
    missed=$(wc -l <"$out/mutants.out/missed.txt")
    figure="$(cat "$out"/mutants.out/{caught,previously_caught}.txt | grep -c "^src/") caught, $missed survived"
    [ "$missed" = 0 ] || fail "$figure"
}

step_semver() {
    if [ -z "$(git tag --list 'v*')" ]; then
        skip "nothing is released yet"
        return
    fi
    tool semver-checks || return
    if cargo semver-checks -p wechatpay-blocking; then
        figure="against $(git describe --tags --abbrev=0 --match 'v*')"
    else
        fail "see above"
    fi
}

step_package() {
    if cargo package --workspace --quiet; then
        figure="$(cargo package --list -p wechatpay-blocking | wc -l) files in the library"
    else
        fail "see above"
    fi
}

install=no
chosen=()
for argument in "$@"; do
    case " ${steps[*]} " in
        *" $argument "*) chosen+=("$argument") ;;
        *)
            if [ "$argument" = --install ]; then
                install=yes
            else
                usage >&2
                exit 2
            fi
            ;;
    esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${steps[@]}")

mkdir -p "$out"
for step in "${chosen[@]}"; do
    printf '\n== %s\n' "$step"
    result=passed
    figure=
    "step_$step"
    table+=("$(printf '%-10s %-8s %s %s' "$step" "$result" "$(date +%F)" "$figure")")
done

printf '\n%-10s %-8s %-10s %s\n' step result date figure
printf '%s\n' "${table[@]}" | tee "$out/table"
! grep -q ' FAILED ' "$out/table"
