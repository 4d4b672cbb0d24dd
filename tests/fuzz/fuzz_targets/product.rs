#![no_main]

#[path = "../../fuzz_bodies/fuzz_bodies.rs"]
#[allow(dead_code, unused_imports, reason = "each fuzzer runs one target of many")]
mod fuzz_bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz_bodies::product(data);
});
