#!/usr/bin/env bash
# Installs cargo-deny where it is missing: a few minutes on two cores, once for each machine.
set -euo pipefail
version=0.20.2

if [ "$(cargo deny --version 2> /dev/null)" = "cargo-deny $version" ]; then exit 0; fi
# A directory of its own, so that it neither waits for nor disturbs our own build; without debug info it is small.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
CARGO_TARGET_DIR=$work CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
  CARGO_PROFILE_RELEASE_DEBUG=0 cargo install --quiet --locked "cargo-deny@$version"
