//! The fuzz targets, on a stable compiler and for a few seconds: every seed as it is, then seeds
//! changed at random. `tests/release.sh fuzz` runs them for as long as one likes.

use std::fs;
use std::panic;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

#[path = "../fuzz_bodies/fuzz_bodies.rs"]
mod fuzz_bodies;

/// Whether the library took the input.
type Target = fn(&[u8]) -> bool;

/// How many inputs each target gets: about the same time for each, and 100,000 in all.
const INPUTS: &[(&str, Target, usize)] = &[
    ("keys", fuzz_bodies::keys, 7_000),
    ("der", fuzz_bodies::der, 5_000),
    ("notification", fuzz_bodies::notification, 12_000),
    ("notification_signed", fuzz_bodies::notification_signed, 3_000),
    ("response", fuzz_bodies::response, 1_500),
    ("api_error", fuzz_bodies::api_error, 14_000),
    ("call", fuzz_bodies::call, 10_000),
    ("product", fuzz_bodies::product, 1_000),
    #[cfg(feature = "v2")]
    ("xml_read", fuzz_bodies::xml_read, 3_000),
    #[cfg(feature = "v2")]
    ("xml_write", fuzz_bodies::xml_write, 1_000),
    #[cfg(feature = "v2")]
    ("xml_recut", fuzz_bodies::xml_recut, 500),
    ("time", fuzz_bodies::time, 10_500),
    ("order", fuzz_bodies::order, 9_000),
    ("own_json", fuzz_bodies::own_json, 4_000),
    #[cfg(feature = "v2")]
    ("own_xml", fuzz_bodies::own_xml, 2_000),
    ("bill", fuzz_bodies::bill, 16_500),
];

macro_rules! tests {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            fuzz(stringify!($name));
        })+
    };
}

tests! {
    keys der notification notification_signed response api_error call product time order own_json bill
}
#[cfg(feature = "v2")]
tests! { xml_read xml_write xml_recut own_xml }

#[test]
#[cfg(feature = "v2")]
fn inputs_are_a_hundred_thousand_in_all() {
    assert_eq!(INPUTS.iter().map(|(.., inputs)| inputs).sum::<usize>(), 100_000);
}

fn fuzz(name: &str) {
    let (_, target, inputs) = *INPUTS.iter().find(|(other, ..)| *other == name).unwrap();
    let corpus = corpus(name);
    let taken = corpus.iter().filter(|seed| run(name, target, seed, "as it is")).count();
    assert!(taken > 0, "{name}: the library takes nothing of the corpus");
    let seed = seed();
    let mut random = Random(seed);
    for number in corpus.len()..inputs {
        let input = random.input(&corpus);
        run(name, target, &input, &format!("input {number} of WECHATPAY_SEED={seed}"));
    }
}

/// Runs a target, and if it panics says on what and keeps that.
fn run(name: &str, target: Target, input: &[u8], origin: &str) -> bool {
    panic::catch_unwind(|| target(input)).unwrap_or_else(|_| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
        fs::write(&path, input).unwrap();
        panic!("{name}, {origin}, kept in {}: \"{}\"", path.display(), input.escape_ascii());
    })
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/corpus").join(name);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.collect();
    // The same seed of random numbers means the same inputs everywhere.
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn seed() -> u64 {
    let given = std::env::var("WECHATPAY_SEED").ok().map(|seed| seed.parse().unwrap());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    given.unwrap_or(since.as_nanos() as u64 | 1)
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A seed with one to four changes.
    fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one(corpus).clone();
        for _ in 0..=self.below(4) {
            let start = self.below(input.len() + 1);
            let end = (start + self.below(17)).min(input.len());
            match self.below(7) {
                0 => input.iter_mut().skip(start).take(1).for_each(|byte| *byte ^= 1 << (end % 8)),
                1 => input.insert(start, self.next() as u8),
                2 => drop(input.drain(start..end)),
                3 => drop(input.splice(start..start, input[start..end].to_vec())),
                4 => drop(input.splice(start..end, self.one(&WORDS).bytes())),
                5 => drop(input.splice(start..start, self.one(&WORDS).bytes())),
                _ => {
                    let other = self.one(corpus);
                    input.truncate(start);
                    input.extend_from_slice(&other[self.below(other.len())..]);
                }
            }
        }
        input.truncate(LONGEST);
        input
    }
}

/// Bytes that often break parsers.
const WORDS: [&str; 24] = [
    "",
    "\0",
    "\n",
    "\r\n",
    "\n\n",
    "\u{1e}",
    " ",
    "\"",
    "\\",
    "\\ud800",
    "`",
    ",`",
    "=",
    "-1",
    "0",
    "1e2",
    "9223372036854775807",
    "18446744073709551616",
    "null",
    "[[[[[[[[",
    "{}",
    "\u{feff}",
    "\u{2028}",
    "公仔🧸",
];

const LONGEST: usize = 16 * 1024;
