// openid-client with requests that are pushed or signed, and tokens that are bound to a key; and by FAPI 2.0 in all.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oidc from "openid-client";

import { CALLBACK, ISSUER, KEYS, Person, SCOPE, keyPair, register } from "./house.js";

// The server of a test speaks plain http.
const discover = (client, authentication) =>
  oidc.discovery(new URL(ISSUER), client.id, undefined, authentication, { execute: [oidc.allowInsecureRequests] });

let jane;
before(async () => {
  jane = await Person.create();
});

/** A client that shows who it is by a key. */
async function signing(members, alg = "ES256") {
  const pair = await keyPair(alg, KEYS[alg]);
  const client = await register("web", { token_endpoint_auth_method: "private_key_jwt", jwks: pair.jwks, ...members });
  return { ...pair, config: await discover(client, oidc.PrivateKeyJwt(pair)) };
}

/** What a client asks for, and what it checks when the person comes back. */
async function request() {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const parameters = {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  return { parameters, checks: { pkceCodeVerifier: verifier, expectedState: state } };
}

const dpop = async (config) => oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());

/** Tokens that are bound to a key, of a request that was pushed. */
async function bound(config, DPoP) {
  const { parameters, checks } = await request();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const got = await oidc.authorizationCodeGrant(config, await jane.authorize(url), checks, undefined, { DPoP });
  assert.equal(got.token_type, "dpop");
  return got;
}

test("a request is pushed, and its URI is good once", async () => {
  const { config } = await signing({ require_par: true });
  const { parameters, checks } = await request();
  const plain = await jane.visit(oidc.buildAuthorizationUrl(config, parameters));
  assert.match(plain, /error=invalid_request/);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  const got = await oidc.authorizationCodeGrant(config, await jane.authorize(url), checks);
  assert.equal(got.claims().sub, jane.id);
  await assert.rejects(jane.visit(url));
});

for (const alg of Object.keys(KEYS)) {
  test(`a request is signed with ${alg}`, async () => {
    const { config, key, kid } = await signing({ request_object_signing_alg: alg }, alg);
    const { parameters, checks } = await request();
    const url = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key, kid });
    const got = await oidc.authorizationCodeGrant(config, await jane.authorize(url), checks);
    assert.equal(got.claims().sub, jane.id);
  });
}

test("a bound token is taken with a proof of its key, and as bearer it is not", async () => {
  const { config } = await signing();
  const DPoP = await dpop(config);
  const got = await bound(config, DPoP);
  assert.equal((await oidc.fetchUserInfo(config, got.access_token, jane.id, { DPoP })).sub, jane.id);
  await assert.rejects(oidc.fetchUserInfo(config, got.access_token, jane.id), { status: 401 });
  const other = await dpop(config);
  await assert.rejects(oidc.fetchUserInfo(config, got.access_token, jane.id, { DPoP: other }), { status: 401 });
  const told = await oidc.tokenIntrospection(config, got.access_token);
  assert.deepEqual([told.token_type, typeof told.cnf.jkt], ["DPoP", "string"]);
});

test("an application in a browser proves its key with a nonce", async () => {
  const spa = await discover(await register("spa", { require_dpop: true }), oidc.None());
  const DPoP = await dpop(spa);
  const got = await bound(spa, DPoP);
  assert.equal((await oidc.fetchUserInfo(spa, got.access_token, jane.id, { DPoP })).sub, jane.id);
  await assert.rejects(oidc.refreshTokenGrant(spa, got.refresh_token, undefined, { DPoP: await dpop(spa) }), {
    error: "invalid_grant",
  });
  const more = await oidc.refreshTokenGrant(spa, got.refresh_token, undefined, { DPoP });
  assert.equal(more.token_type, "dpop");
});

test("the API takes a bound token with its proof", async () => {
  const { config } = await signing({ scopes: ["openid", "account:self"] });
  const DPoP = await dpop(config);
  const { parameters, checks } = await request();
  const url = oidc.buildAuthorizationUrl(config, { ...parameters, scope: "openid account:self" });
  const got = await oidc.authorizationCodeGrant(config, await jane.authorize(url), checks, undefined, { DPoP });
  const me = new URL("/v1/me", ISSUER);
  const read = await oidc.fetchProtectedResource(config, got.access_token, me, "GET", undefined, undefined, { DPoP });
  assert.equal((await read.json()).id, jane.id);
  const bearer = await fetch(me, { headers: { authorization: `Bearer ${got.access_token}` } });
  assert.equal(bearer.status, 401);
});

test("a client lives by FAPI 2.0", async () => {
  const { config } = await signing({ security_profile: "fapi2", refresh_token_rotation: false });
  const DPoP = await dpop(config);
  const got = await bound(config, DPoP);
  assert.equal(got.claims().sub, jane.id);
  assert.equal((await oidc.fetchUserInfo(config, got.access_token, jane.id, { DPoP })).sub, jane.id);
  const more = await oidc.refreshTokenGrant(config, got.refresh_token, undefined, { DPoP });
  assert.equal(more.refresh_token, got.refresh_token);
  const { parameters, checks } = await request();
  assert.match(await jane.visit(oidc.buildAuthorizationUrl(config, parameters)), /error=invalid_request/);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  await assert.rejects(oidc.authorizationCodeGrant(config, await jane.authorize(url), checks), {
    error: "invalid_dpop_proof",
  });
});
