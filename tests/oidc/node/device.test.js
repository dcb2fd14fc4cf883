// openid-client on a device without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as oidc from "openid-client";

import { ISSUER, Person, register } from "./house.js";

const television = async () => {
  const { id } = await register("device", { redirect_uris: [], post_logout_redirect_uris: [], first_party: false });
  return oidc.discovery(new URL(ISSUER), id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
};

test("a device waits for its person, and gets tokens of them", async () => {
  const [tv, jane] = [await television(), await Person.create()];
  const codes = await oidc.initiateDeviceAuthorization(tv, { scope: "openid email offline_access" });
  assert.equal(codes.verification_uri_complete, `${ISSUER}/device?user_code=${codes.user_code}`);
  const waiting = oidc.pollDeviceAuthorizationGrant(tv, codes);
  await jane.answerDevice(codes, "accept");
  const tokens = await waiting;
  assert.equal(tokens.claims().email, jane.email);
  assert.ok((await oidc.refreshTokenGrant(tv, tokens.refresh_token)).access_token);
});

test("a device is told that its person said no", async () => {
  const [tv, jane] = [await television(), await Person.create()];
  const codes = await oidc.initiateDeviceAuthorization(tv, { scope: "openid" });
  await jane.answerDevice(codes, "deny");
  await assert.rejects(oidc.pollDeviceAuthorizationGrant(tv, codes), { error: "access_denied" });
});
