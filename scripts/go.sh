#!/usr/bin/env bash
# Runs go. A go since 1.21 fetches by itself the version that a go.mod asks for; an older one (Debian 12 has 1.19) is used here
# to fetch it, as a module whose checksum is verified.
# Usage: scripts/go.sh ARGUMENT...
set -euo pipefail

VERSION=1.26.0

command -v go > /dev/null || "$(dirname "$0")/install-packages.sh" golang ca-certificates
IFS=. read -r major minor _ <<< "$(go env GOVERSION | tr -d 'go')"
if [ "$major" -gt 1 ] || [ "${minor%%[!0-9]*}" -ge 21 ]; then
  GOTOOLCHAIN=${GOTOOLCHAIN:-auto} exec go "$@"
fi

module="golang.org/toolchain@v0.0.1-go$VERSION.$(go env GOOS)-$(go env GOARCH)"
root=$(cd / && go mod download -json "$module" | sed -n 's/^\s*"Dir": "\(.*\)",\?$/\1/p')
# An archive of a module holds no programs, and no go.mod but its own.
if [ ! -e "$root/src/go.mod" ]; then
  chmod u+x "$root"/bin/* "$root"/pkg/tool/*/*
  chmod u+w "$root/src"
  cp "$root/src/_go.mod" "$root/src/go.mod.new"
  mv "$root/src/go.mod.new" "$root/src/go.mod"
fi
GOROOT=$root PATH="$root/bin:$PATH" exec "$root/bin/go" "$@"
