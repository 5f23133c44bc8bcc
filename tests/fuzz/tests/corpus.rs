//! Goes through the inputs that were corpus: beginnings for fuzzing, and whatever once broke a promise.

use std::path::Path;

use fuzz::ENTRANCES;

#[test]
fn what_was_kept_keeps_every_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, entrance) in ENTRANCES {
        let files = std::fs::read_dir(corpus.join(name)).expect("a folder for each entrance");
        let mut tried = 0;
        for file in files {
            let file = file.expect("an entry").path();
            entrance(&std::fs::read(&file).expect("a file"));
            tried += 1;
        }
        assert!(tried > 2, "{name}: too few inputs were corpus");
    }
}

#[test]
fn what_ends_early_or_holds_anything_keeps_every_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, entrance) in ENTRANCES {
        for file in std::fs::read_dir(corpus.join(name)).expect("a folder for each entrance") {
            let input = std::fs::read(file.expect("an entry").path()).expect("a file");
            for place in 0..input.len() {
                entrance(&input[..place]);
                for byte in [0, b'"', b'{', b',', 0x7f, 0xff] {
                    let mut input = input.clone();
                    input[place] = byte;
                    entrance(&input);
                }
            }
        }
    }
}
