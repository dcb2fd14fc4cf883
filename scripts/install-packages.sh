#!/usr/bin/env bash
# Installs Debian packages that are missing; says what to do where it cannot.
# Usage: scripts/install-packages.sh PACKAGE...
set -euo pipefail

# A package is there when its program is, whoever put it there.
has() {
  case $1 in
    chromium | curl | jq | npm | oathtool) command -v "$1" > /dev/null ;;
    golang) command -v go > /dev/null ;;
    nodejs) command -v node > /dev/null ;;
    postgresql) command -v initdb > /dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null ;;
    python3-venv) python3 -c 'import venv, ensurepip' 2> /dev/null ;;
    build-essential) command -v cc > /dev/null ;;
    *) dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null | grep -qx installed ;;
  esac
}

missing=()
for package in "$@"; do has "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get > /dev/null; then
  echo "install-packages: please install ${missing[*]} (these are the names of Debian's packages)" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "install-packages: as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "install-packages: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
