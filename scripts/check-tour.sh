#!/usr/bin/env bash
# Runs docs/tour.sh against a fresh server, and fails unless README.md shows its commands and what they answer.
# Usage: scripts/check-tour.sh [path of avnology [path of the name server]]; builds what is not given.
# SHOW_ANSWERS=1 prints what the server answered, to be pasted into README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
binary=${1:-}
if [ -z "$binary" ]; then
  cargo build --quiet -p avnology-server
  binary=${CARGO_TARGET_DIR:-target}/debug/avnology
fi
binary=$(realpath "$binary")
names=${2:-}
if [ -z "$names" ]; then
  cargo build --quiet -p avnology-testkit --example dns
  names=${CARGO_TARGET_DIR:-target}/debug/examples/dns
fi
names=$(realpath "$names")
for tool in curl jq oathtool; do
  command -v "$tool" > /dev/null || { echo "check-tour: $tool is needed (apt-get install $tool)" >&2; exit 1; }
done

work=$(mktemp -d)
running=()
stop() {
  for process in "${running[@]}"; do kill "$process" 2> /dev/null && wait "$process" || true; done
  rm -rf "$work"
}
trap stop EXIT

# Code blocks of README.md between the markers: the commands (sh) or the answers (text), without the fences.
blocks() {
  awk -v kind="$1" '/<!-- tour -->/ { on = 1 } /<!-- end of tour -->/ { on = 0 }
    on && $0 == "```" kind { inside = 1; next } $0 == "```" { inside = 0 } inside' README.md
}
if ! diff <(sed '1,/^set -euo/d' docs/tour.sh | grep -v -e '^# ---' -e '^$') <(blocks sh | grep -v '^$') > "$work/diff"; then
  echo "check-tour: README.md and docs/tour.sh differ:" >&2
  cat "$work/diff" >&2
  exit 1
fi

cd "$work"
unset "${!AVNOLOGY_@}"
port=$((20000 + RANDOM % 20000))
touch tour.zone
"$names" --listen 127.0.0.1:$((port + 2)) --zone tour.zone > /dev/null 2>&1 &
running+=($!)
"$binary" key generate > tour.key
AVNOLOGY_DNS_SERVER=127.0.0.1:$((port + 2)) \
  AVNOLOGY_DATA_DIR=$work/data AVNOLOGY_LISTEN=127.0.0.1:$port AVNOLOGY_ADMIN_ADDR=127.0.0.1:$((port + 1)) \
  AVNOLOGY_PUBLIC_URL=http://localhost:$port AVNOLOGY_BOOTSTRAP_API_KEY_FILE=tour.key \
  "$binary" serve > tour.log 2>&1 &
server=$!
running+=("$server")
for _ in $(seq 100); do
  curl -sf -o /dev/null "http://localhost:$port/readyz" && break
  kill -0 "$server" || { cat tour.log >&2; exit 1; }
  sleep 0.1
done

if ! URL=http://localhost:$port bash "$root/docs/tour.sh" > answers.txt 2> errors.txt || [ -s errors.txt ]; then
  cat answers.txt errors.txt >&2
  exit 1
fi

# What differs from run to run is blanked out on both sides; a line of README.md counts up to its first "…".
blank() {
  sed -E -e 's/\r$//' -e "s/localhost:[0-9]+/localhost/g" -e 's/(ses|usr|flw)_[0-9a-z]{26}/\1_/g' -e 's/"avnl_ses_[^"…]*/"avnl_ses_/g' \
    -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' -e 's/"([0-9]+)-[0-9a-f]{4}"/"\1-TAG"/g' -e 's/("request_id": )"[^"]*"/\1""/'
}
blank < answers.txt > answers.blank
cd "$root"
missing=0
while IFS= read -r line; do
  shown=${line%%…*}
  if [ "$shown" = "$line" ]; then grep -qFx -e "$line" "$work/answers.blank"; else grep -qF -e "$shown" "$work/answers.blank"; fi ||
    { echo "check-tour: README.md shows, and the server does not answer: $line" >&2; missing=1; }
done < <(blocks text | blank)
if [ "$missing" = 1 ]; then
  cat "$work/answers.txt" >&2
  exit 1
fi
[ -z "${SHOW_ANSWERS:-}" ] || cat "$work/answers.txt"
echo "The tour of README.md works: $(wc -l < "$work/answers.txt") lines of answers."
