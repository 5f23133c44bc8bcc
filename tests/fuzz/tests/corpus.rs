//! Runs the corpora: seeds for fuzzing, and inputs that once violated an invariant.

use std::path::Path;

use fuzz::BOUNDARIES;

#[test]
fn every_corpus_keeps_all_invariants() {
    for (name, check) in BOUNDARIES {
        let inputs = corpus(name);
        assert!(inputs.len() > 2, "{name}: the corpus has too few inputs");
        inputs.iter().for_each(|input| check(input));
    }
}

#[test]
fn truncated_and_changed_inputs_keep_all_invariants() {
    for (name, check) in BOUNDARIES {
        for input in corpus(name) {
            for position in 0..input.len() {
                check(&input[..position]);
                for byte in [0, b'"', b'{', b',', 0x7f, 0xff] {
                    let mut input = input.clone();
                    input[position] = byte;
                    check(&input);
                }
            }
        }
    }
}

fn corpus(boundary: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(boundary);
    let files = std::fs::read_dir(folder).expect("a folder for each boundary");
    files.map(|file| std::fs::read(file.expect("an entry").path()).expect("a file")).collect()
}
