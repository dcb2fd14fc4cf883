#!/usr/bin/env bash
# The tour of README.md; scripts/check-tour.sh runs it and holds README.md to it.
# Needs a fresh server at $URL, its log in tour.log, its bootstrap API key in tour.key; curl 7.82 or newer, and jq.
set -euo pipefail

# --- begin
URL=${URL:-http://localhost:8080}
KEY=$(cat tour.key)
curl -sS -X PATCH "$URL/v1/tenant" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
  -d '{"rate_limits": {"message.address": {"limit": 10, "window_seconds": 60}}}' | jq -c '{name, rate_limits, etag}'

# --- register
FORM=$(curl -sS "$URL/v1/flows/registration?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json '{"method": "password", "body": {"password": "quiet lantern over water",
  "traits": {"email": "jane@example.com", "first_name": "Jane"}}}' > answer.json
jq '{session: {id: .session.id, aal: .session.aal}, session_token, verification_flow_id}' answer.json

# --- verify
mailed_code() { sleep 2; grep '"to":"jane@example.com"' tour.log | tail -n 1 | jq -r .code; }
FORM="$URL/v1/flows/verification/$(jq -r .verification_flow_id answer.json):submit"
curl -sS "$FORM" --json "{\"method\": \"code\", \"body\": {\"code\": \"$(mailed_code)\"}}" |
  jq -c '.continue_flow | {state, told: [.ui.messages[].text]}'

# --- whoami
TOKEN=$(jq -r .session_token answer.json)
curl -sS "$URL/v1/sessions/whoami" -H "Authorization: Bearer $TOKEN" |
  jq -c '{id, aal, identity: (.identity | {id, email, email_verified})}'

# --- sign out
curl -sS -X POST "$URL/v1/sessions:logout" -H "Authorization: Bearer $TOKEN" -w '%{http_code}\n'
curl -sS "$URL/v1/sessions/whoami" -H "Authorization: Bearer $TOKEN" | jq .

# --- sign in with a code
FORM=$(curl -sS "$URL/v1/flows/login?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json '{"method": "code", "body": {"identifier": "jane@example.com"}}' | jq -c '.continue_flow | {state, active}'
curl -sS "$FORM" --json "{\"method\": \"code\", \"body\": {\"code\": \"$(mailed_code)\"}}" > answer.json
jq -c '.session.authentication_methods' answer.json

# --- recover
FORM=$(curl -sS "$URL/v1/flows/recovery?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json '{"method": "code", "body": {"email": "jane@example.com"}}' | jq -c '.continue_flow | {state, active}'
curl -sS "$FORM" --json "{\"method\": \"code\", \"body\": {\"code\": \"$(mailed_code)\"}}" > answer.json
jq -c '{kind: .session.kind, next: .continue_flow.type}' answer.json
FORM=$(jq -r .continue_flow.ui.action answer.json)
curl -sS "$FORM" -H "Authorization: Bearer $(jq -r .session_token answer.json)" \
  --json '{"method": "password", "body": {"password": "seven herons cross the marsh"}}' > answer.json
jq -c '{kind: .session.kind, told: [.continue_flow.ui.messages[].text]}' answer.json

# --- profile
TOKEN=$(jq -r .session_token answer.json)
curl -sS -X PATCH "$URL/v1/me" -H "Authorization: Bearer $TOKEN" \
  -H 'Content-Type: application/merge-patch+json' -d '{"last_name": "Doe", "locale": "en-GB"}' |
  jq -c '{display_name, locale, etag}'

# --- sessions
FORM=$(curl -sS "$URL/v1/flows/login?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json '{"method": "password", "body": {"identifier": "jane@example.com",
  "password": "seven herons cross the marsh"}}' > answer.json
curl -sS "$URL/v1/sessions" -H "Authorization: Bearer $TOKEN" | jq -c '.sessions[] | {id, device: .device.name, issued_at}'
OTHER=$(jq -r .session.id answer.json)
curl -sS -X DELETE "$URL/v1/sessions/$OTHER" -H "Authorization: Bearer $TOKEN" -w '%{http_code}\n'
curl -sS "$URL/v1/sessions/whoami" -H "Authorization: Bearer $(jq -r .session_token answer.json)" | jq -c '{status, code}'

# --- administer
curl -sS -G "$URL/v1/identities" -H "Authorization: Bearer $KEY" \
  --data-urlencode 'filter=email_verified = true AND email ~ "j*@example.com"' \
  --data-urlencode 'order_by=email' -d include_total=true |
  jq -c '{total_size, identities: [.identities[] | {email, state}]}'
curl -sS -D headers.txt "$URL/v1/identities" -H "Authorization: Bearer $KEY" -H 'Idempotency-Key: sam-1' \
  --json '{"identity": {"email": "sam@example.com", "email_verified": true}}' | tee answer.json | jq -c '{id, email, state, etag}'
grep -iE '^(HTTP|location|etag)' headers.txt
SAM=$(jq -r .id answer.json)
curl -sS -X POST "$URL/v1/identities/$SAM:deactivate" -H "Authorization: Bearer $KEY" \
  -H "If-Match: \"$(jq -r .etag answer.json)\"" --json '{"reason": "left the company"}' | jq -c '{email, state, etag}'
curl -sS -X POST "$URL/v1/identities/$SAM:deactivate" -H "Authorization: Bearer $KEY" | jq -c '{status, code, title}'
