#!/usr/bin/env bash
# about: the template: evaluated for every choice, read through Microsoft's models, and broken on purpose
# needs: cargo:https://rustup.rs git
# tools: python
# limit: 600
set -euo pipefail

# All at once, as part `rust` builds: the features of the dependencies are the same, and nothing is built twice.
cargo build --workspace --bins --examples --locked
arm/stamp.sh --check
export PYTHONDONTWRITEBYTECODE=1
# The breaks take about as long as all others together.
python3 -m unittest discover --verbose --start-directory tests/arm --pattern 'test_b*.py' &
python3 -m unittest discover --verbose --start-directory tests/arm --pattern 'test_[!b]*.py'
wait $!
