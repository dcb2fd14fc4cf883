// openid-client as a relying party that registers itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as oidc from "openid-client";

import { CALLBACK, ISSUER, Person, initialAccessToken } from "./house.js";

const execute = [oidc.allowInsecureRequests];

const registered = async (metadata, authentication, token) =>
  oidc.dynamicClientRegistration(
    new URL(ISSUER),
    { client_name: "Notes", redirect_uris: [CALLBACK], ...metadata },
    authentication,
    { initialAccessToken: token ?? (await initialAccessToken()), execute },
  );

test("a client registers, and a person signs in who is asked", async () => {
  const notes = await registered({ token_endpoint_auth_method: "client_secret_post" });
  const metadata = notes.clientMetadata();
  assert.match(metadata.client_id, /^cli_/);
  assert.match(metadata.client_secret, /^avnl_cs_/);
  assert.equal(metadata.client_name, "Notes");
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(notes, {
    redirect_uri: CALLBACK,
    scope: "openid email",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const jane = await Person.create();
  const back = await jane.authorize(url);
  const tokens = await oidc.authorizationCodeGrant(notes, back, { pkceCodeVerifier: verifier, idTokenExpected: true });
  assert.equal(tokens.claims().email, jane.email);
  assert.equal(tokens.scope, "openid email");
});

test("a public client registers without a secret", async () => {
  const app = await registered({ token_endpoint_auth_method: "none", application_type: "native" }, oidc.None());
  assert.equal(app.clientMetadata().client_secret, undefined);
  assert.equal(app.clientMetadata().application_type, "native");
});

test("a client without a good token does not register", async () => {
  await assert.rejects(registered({}, undefined, "avnl_iat_nonsense"), (error) => {
    assert.equal(error.cause?.[0]?.parameters?.error ?? error.error, "invalid_token");
    return true;
  });
});

test("a client reads itself, changes itself and removes itself", async () => {
  const notes = await registered({});
  const { client_id, registration_client_uri, registration_access_token } = notes.clientMetadata();
  const call = (method, body) =>
    fetch(registration_client_uri, {
      method,
      headers: { authorization: `Bearer ${registration_access_token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
  assert.equal((await (await call("GET")).json()).client_name, "Notes");
  const changed = await call("PUT", { client_id, client_name: "Notebook", redirect_uris: [CALLBACK] });
  assert.equal((await changed.json()).client_name, "Notebook");
  assert.equal((await call("DELETE")).status, 204);
  assert.equal((await call("GET")).status, 401);
});
