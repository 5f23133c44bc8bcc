#!/usr/bin/env bash
# about: the stories of Azure Pipelines: the handler with an emulated organization and emulated agents
# needs: cargo:https://rustup.rs
# nightly: yes
set -euo pipefail

cargo test --workspace --locked --test pipelines
