#!/usr/bin/env bash
# The tour of README.md; scripts/check-tour.sh runs it and holds README.md to it.
# Needs a fresh server at $URL, its log in tour.log, its bootstrap API key in tour.key, and a name server whose records
# are in tour.zone; curl 7.82 or newer, and jq.
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

# --- a second factor
curl -sS "$URL/v1/flows/settings?section=totp" -H "Authorization: Bearer $TOKEN" > flow.json
SECRET=$(jq -r '.ui.nodes[] | select(.attributes.id == "totp_secret").attributes.text' flow.json)
curl -sS "$(jq -r .ui.action flow.json)" -H "Authorization: Bearer $TOKEN" \
  --json "{\"method\": \"totp\", \"body\": {\"totp_code\": \"$(oathtool --totp --base32 "$SECRET")\"}}" > answer.json
jq -c '[.continue_flow.ui.messages[].text]' answer.json
jq -r '.continue_flow.ui.nodes[] | select(.attributes.id == "recovery_codes").attributes.text' answer.json > codes.txt
FORM=$(curl -sS "$URL/v1/flows/login?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json '{"method": "password", "body": {"identifier": "jane@example.com",
  "password": "seven herons cross the marsh"}}' | jq -c '.continue_flow | {state, asked: [.ui.nodes[].group] | unique}'
curl -sS "$FORM" --json "{\"method\": \"recovery_code\", \"body\": {\"recovery_code\": \"$(head -n 1 codes.txt)\"}}" |
  jq -c '.session | {aal, methods: [.authentication_methods[].method]}'
curl -sS "$URL/v1/privacy:exportMyData" -X POST -H "Authorization: Bearer $TOKEN" | jq -c '{status, code, continue_with: .continue_flow.type}'

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

# --- create a team
newest() { sleep 2; grep "\"to\":\"$1\"" tour.log | tail -n 1; }
sign_up() { # prints the session token
  local form; form=$(curl -sS "$URL/v1/flows/registration?type=api" | jq -r .ui.action)
  curl -sS "$form" --json "{\"method\": \"code\", \"body\": {\"traits\": {\"email\": \"$1\"}}}" > /dev/null
  curl -sS "$form" --json "{\"method\": \"code\", \"body\": {\"code\": \"$(newest "$1" | jq -r .code)\"}}" | jq -r .session_token
}
ANN=$(sign_up ann@acme.example)
curl -sS "$URL/v1/me/organizations" -H "Authorization: Bearer $ANN" | jq -c '{memberships}'
curl -sS "$URL/v1/organizations" -H "Authorization: Bearer $ANN" --json '{"name": "Acme"}' |
  jq -c '{name, slug, state, registration_mode, member_count}'

# --- invite
curl -sS "$URL/v1/organizations/acme/invitations" -H "Authorization: Bearer $ANN" \
  --json '{"email": "bill@partner.example", "role": "admin"}' | jq -c '{email, role, status}'
INVITATION=$(newest bill@partner.example | jq -r '.link | split("/")[-1]')
curl -sS "$URL/v1/invitations:lookup" --json "{\"token\": \"$INVITATION\"}" | jq -c '{email, role, organization: .organization.name}'
FORM=$(curl -sS "$URL/v1/flows/registration?type=api" | jq -r .ui.action)
curl -sS "$FORM" --json "{\"method\": \"invitation\", \"body\": {\"invitation_token\": \"$INVITATION\"}}" > /dev/null
BILL=$(curl -sS "$FORM" --json '{"method": "password", "body": {"password": "four grey geese at dusk"}}' | jq -r .session_token)
curl -sS "$URL/v1/me/organizations" -H "Authorization: Bearer $BILL" | jq -c '.memberships[] | {organization: .organization.slug, role, source}'

# --- domain
curl -sS "$URL/v1/organizations/acme/domains" -H "Authorization: Bearer $ANN" --json '{"domain": "acme.example"}' > answer.json
jq -r '.txt_record | "\(.name) TXT \"\(.value)\""' answer.json >> tour.zone
curl -sS "$URL/v1/organizations/acme/domains:verify" -H "Authorization: Bearer $ANN" \
  --json '{"domain": "acme.example"}' | jq -c '{domain, status, auto_join, sign_in_routing}'
curl -sS -X PATCH "$URL/v1/organizations/acme" -H "Authorization: Bearer $ANN" \
  -d '{"registration_mode": "by_invitation_or_domain"}' -H 'Content-Type: application/json' | jq -c '{slug, registration_mode}'
CARL=$(sign_up carl@acme.example)
curl -sS "$URL/v1/me/organizations" -H "Authorization: Bearer $CARL" | jq -c '.memberships[] | {organization: .organization.slug, role, source}'

# --- two tabs
curl -sS "$URL/v1/organizations" -H "Authorization: Bearer $ANN" --json '{"name": "Initech"}' | jq -c '{name, slug}'
for tab in acme initech personal; do
  curl -sS "$URL/v1/me/permissions" -H "Authorization: Bearer $ANN" -H "X-Avnology-Org: $tab" |
    jq -c --arg tab "$tab" '{$tab, role, permissions: (.permissions | length)}'
done
curl -sS "$URL/v1/sessions:switchOrganization" -H "Authorization: Bearer $ANN" --json '{"organization_id": "acme"}' | jq -c '.organization | {slug, role}'
curl -sS "$URL/v1/organizations/acme/members" -H "Authorization: Bearer $BILL" -H 'X-Avnology-Org: initech' | jq -c '{status, code}'

# --- keys
TEAMKEY=$(curl -sS "$URL/v1/organizations/acme/api-keys" -H "Authorization: Bearer $ANN" \
  --json '{"name": "billing", "scopes": ["members:read", "audit:read"]}' | jq -r .key)
curl -sS -G "$URL/v1/organizations/acme/members" -H "Authorization: Bearer $TEAMKEY" -H 'X-Avnology-Org: acme' \
  -d order_by=identity.email | jq -c '.members[] | {email: .identity.email, role, source}'
curl -sS "$URL/v1/organizations/initech/members" -H "Authorization: Bearer $TEAMKEY" | jq -c '{status, code}'

# --- audit
sleep 2
curl -sS -G "$URL/v1/audit/events" -H "Authorization: Bearer $TEAMKEY" \
  --data-urlencode 'filter=action = "organization.member.added" OR action = "organization.domain.verified"' |
  jq -c '.events[] | {sequence, action, actor: .actor.type, result}'

# --- permissions
SCHEMA='class folders implements Namespace {
  related: {
    organization: organizations[]
    parent: folders[]
    viewer: (identities | SubjectSet<groups, "member">)[]
  }
  permits = {
    edit: (ctx) => this.related.organization.traverse((o) => o.related.admin.includes(ctx.subject)) ||
      this.related.parent.traverse((p) => p.permits.edit(ctx)),
    view: (ctx) => this.permits.edit(ctx) || this.related.viewer.includes(ctx.subject) ||
      this.related.parent.traverse((p) => p.permits.view(ctx)),
  }
}'
curl -sS -X PUT "$URL/v1/permissions/namespaces" -H "Authorization: Bearer $KEY" \
  --json "$(jq -n --arg schema "$SCHEMA" '{$schema}')" | jq -c '.namespaces[-1] | {name, relations, permits}'
CARLID=$(curl -sS "$URL/v1/sessions/whoami" -H "Authorization: Bearer $CARL" | jq -r .identity.id)
GROUP=$(curl -sS "$URL/v1/organizations/acme/groups" -H "Authorization: Bearer $ANN" --json '{"name": "Readers"}' | jq -r .id)
tell() { curl -sS "$URL/v1/permissions$1" -H "Authorization: Bearer $ANN" -H 'X-Avnology-Org: acme' --json "$2"; }
tell '' '{"namespace": "folders", "object": "root", "relation": "organization", "subject": "organizations:acme"}' > /dev/null
tell '' '{"namespace": "folders", "object": "plans", "relation": "parent", "subject": "folders:root"}' | jq -c '{object, relation, subject, source}'
tell '' "{\"namespace\": \"folders\", \"object\": \"root\", \"relation\": \"viewer\", \"subject\": \"groups:$GROUP#member\"}" > /dev/null
tell '' "{\"namespace\": \"groups\", \"object\": \"$GROUP\", \"relation\": \"member\", \"subject\": \"$CARLID\"}" > /dev/null
for permit in view edit; do
  curl -sS "$URL/v1/permissions:check" -H "Authorization: Bearer $CARL" -H 'X-Avnology-Org: acme' \
    --json "{\"namespace\": \"folders\", \"object\": \"plans\", \"relation\": \"$permit\"}" | jq -c --arg permit $permit '{$permit, allowed}'
done
tell :explain "{\"namespace\": \"folders\", \"object\": \"plans\", \"relation\": \"view\", \"subject\": \"$CARLID\"}" |
  jq -c '{allowed, because: [.path[] | "\(.namespace)#\(.relation)"]}'
tell :listSubjects '{"namespace": "folders", "object": "plans", "relation": "edit"}' | jq -c '{editors: (.subjects | length)}'
curl -sS -G "$URL/relation-tuples/check" -H "Authorization: Bearer $ANN" -H 'X-Avnology-Org: acme' \
  -d namespace=folders -d object=plans -d relation=view -d subject_id="$CARLID" | jq -c .
