#!/usr/bin/env bash
# about: the template, evaluated for every choice and read through Microsoft's models; mutations of it are detected
# needs: cargo:https://rustup.rs git
# tools: python
# limit: 600
set -euo pipefail

# The same packages as in the suite `rust`, so that the features of the dependencies are the same and nothing is built twice.
cargo build --workspace --bins --examples --locked
arm/stamp.sh --check
export PYTHONDONTWRITEBYTECODE=1
# The mutations take about as long as all other tests.
python3 -m unittest discover --verbose --start-directory tests/arm --pattern 'test_b*.py' &
python3 -m unittest discover --verbose --start-directory tests/arm --pattern 'test_[!b]*.py'
wait $!
