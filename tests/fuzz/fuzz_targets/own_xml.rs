#![no_main]

#[path = "../../targets/targets.rs"]
#[allow(dead_code, unused_imports, reason = "each fuzzer runs one target of many")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::own_xml(data);
});
