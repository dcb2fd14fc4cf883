// openid-client as a relying party.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oidc from "openid-client";

import { CALLBACK, ISSUER, KEYS, Person, SCOPE, SIGNED_OUT, keyPair, register } from "./house.js";

// The server of a test speaks plain http.
const discover = (client, authentication, metadata) =>
  oidc.discovery(new URL(ISSUER), client.id, metadata, authentication, { execute: [oidc.allowInsecureRequests] });

let shop;
let jane;
before(async () => {
  const client = await register();
  shop = await discover(client, oidc.ClientSecretBasic(client.secret));
  jane = await Person.create();
});

/** A person comes back; what is to be checked then. */
async function authorize(person = jane) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(shop, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  return { back: await person.authorize(url), checks };
}

async function tokens(person) {
  const { back, checks } = await authorize(person);
  return oidc.authorizationCodeGrant(shop, back, checks);
}

const isActive = async (token) => (await oidc.tokenIntrospection(shop, token)).active;
const refused = (error) => ({ error });
const noticed = (what) => ({ cause }) => what.test(cause.message);

test("the server is found by its issuer", () => {
  const server = shop.serverMetadata();
  assert.equal(server.issuer, ISSUER);
  assert.ok(server.supportsPKCE());
  assert.equal(server.authorization_response_iss_parameter_supported, true);
});

test("a person signs in, and the ID token says who it is", async () => {
  const got = await tokens();
  assert.equal(got.token_type, "bearer");
  assert.equal(got.scope, SCOPE);
  const claims = got.claims();
  assert.deepEqual([claims.iss, claims.aud, claims.sub], [ISSUER, shop.clientMetadata().client_id, jane.id]);
  assert.equal(claims.email, jane.email);
});

test("the ID token is verified by the published keys", async () => {
  const client = await register();
  const strict = await discover(client, oidc.ClientSecretBasic(client.secret));
  oidc.enableNonRepudiationChecks(strict);
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(strict, {
    redirect_uri: CALLBACK,
    scope: "openid",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const got = await oidc.authorizationCodeGrant(strict, await jane.authorize(url), { pkceCodeVerifier: verifier });
  assert.equal(got.claims().sub, jane.id);
  assert.equal(oidc.getJwksCache(strict).jwks.keys.length >= 2, true);
});

test("an application in a browser does without a secret", async () => {
  const spa = await discover(await register("spa"), oidc.None());
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedNonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(spa, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const got = await oidc.authorizationCodeGrant(spa, await jane.authorize(url), checks);
  const more = await oidc.refreshTokenGrant(spa, got.refresh_token);
  await oidc.tokenRevocation(spa, more.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(spa, more.refresh_token), refused("invalid_grant"));
});

test("an answer of another issuer, another state or another nonce is noticed", async () => {
  const { back, checks } = await authorize();
  assert.equal(back.searchParams.get("iss"), ISSUER);
  const foreign = new URL(back);
  foreign.searchParams.set("iss", "https://id.example.com");
  await assert.rejects(oidc.authorizationCodeGrant(shop, foreign, checks), noticed(/iss/));
  const without = new URL(back);
  without.searchParams.delete("iss");
  await assert.rejects(oidc.authorizationCodeGrant(shop, without, checks), noticed(/iss/));
  await assert.rejects(oidc.authorizationCodeGrant(shop, back, { ...checks, expectedState: "other" }), noticed(/state/));
  await assert.rejects(oidc.authorizationCodeGrant(shop, back, { ...checks, expectedNonce: "other" }), noticed(/nonce/));
});

test("userinfo tells the claims of the scopes", async () => {
  const got = await tokens();
  const told = await oidc.fetchUserInfo(shop, got.access_token, got.claims().sub);
  assert.deepEqual(
    [told.sub, told.email, told.email_verified, told.given_name, told.family_name],
    [jane.id, jane.email, true, "Jane", "Doe"],
  );
});

test("a refresh gives new tokens of the same person", async () => {
  const first = await tokens();
  const second = await oidc.refreshTokenGrant(shop, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, jane.id);
  assert.equal((await oidc.fetchUserInfo(shop, second.access_token, jane.id)).sub, jane.id);
});

test("introspection tells of tokens until they are revoked", async () => {
  const got = await tokens();
  const told = await oidc.tokenIntrospection(shop, got.access_token, { token_type_hint: "access_token" });
  assert.deepEqual([told.active, told.sub, told.client_id], [true, jane.id, shop.clientMetadata().client_id]);
  assert.equal(await isActive(got.refresh_token), true);
  await oidc.tokenRevocation(shop, got.refresh_token);
  assert.deepEqual([await isActive(got.refresh_token), await isActive(got.access_token)], [false, false]);
  await assert.rejects(oidc.fetchUserInfo(shop, got.access_token, jane.id), { status: 401 });
  await assert.rejects(oidc.refreshTokenGrant(shop, got.refresh_token), refused("invalid_grant"));
});

test("a replayed code is refused, and its tokens are dead", async () => {
  const { back, checks } = await authorize();
  const got = await oidc.authorizationCodeGrant(shop, back, checks);
  assert.equal(await isActive(got.access_token), true);
  await assert.rejects(oidc.authorizationCodeGrant(shop, back, checks), refused("invalid_grant"));
  assert.deepEqual([await isActive(got.access_token), await isActive(got.refresh_token)], [false, false]);
  await assert.rejects(oidc.fetchUserInfo(shop, got.access_token, jane.id), { status: 401 });
});

test("a wrong verifier is refused, and uses the code up", async () => {
  const { back, checks } = await authorize();
  const wrong = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
  await assert.rejects(oidc.authorizationCodeGrant(shop, back, wrong), refused("invalid_grant"));
  await assert.rejects(oidc.authorizationCodeGrant(shop, back, checks), refused("invalid_grant"));
});

for (const [method, Authentication] of Object.entries({
  client_secret_basic: oidc.ClientSecretBasic,
  client_secret_post: oidc.ClientSecretPost,
})) {
  test(`a program gets a token by ${method}`, async () => {
    const client = await register("machine", { token_endpoint_auth_method: method });
    const program = await discover(client, Authentication(client.secret));
    const got = await oidc.clientCredentialsGrant(program);
    assert.deepEqual([got.token_type, got.refresh_token, got.id_token], ["bearer", undefined, undefined]);
    assert.equal((await oidc.tokenIntrospection(program, got.access_token)).active, true);
    const wrong = await discover(client, Authentication(`${client.secret}x`));
    await assert.rejects(oidc.clientCredentialsGrant(wrong), { status: 401 });
  });
}

for (const [alg, parameters] of Object.entries(KEYS)) {
  test(`a program gets a token by private_key_jwt with ${alg}`, async () => {
    const { key, kid, jwks } = await keyPair(alg, parameters);
    const client = await register("machine", { token_endpoint_auth_method: "private_key_jwt", jwks });
    assert.equal(client.secret, undefined);
    const program = await discover(client, oidc.PrivateKeyJwt({ key, kid }));
    const got = await oidc.clientCredentialsGrant(program);
    assert.equal((await oidc.tokenIntrospection(program, got.access_token)).active, true);
    await oidc.tokenRevocation(program, got.access_token);
    assert.equal((await oidc.tokenIntrospection(program, got.access_token)).active, false);
  });
}

test("signing out at the client's wish ends the session", async () => {
  const joe = await Person.create();
  const got = await tokens(joe);
  assert.equal(await joe.isSignedIn(), true);
  const url = oidc.buildEndSessionUrl(shop, {
    id_token_hint: got.id_token,
    post_logout_redirect_uri: SIGNED_OUT,
    state: "the-state",
  });
  assert.equal(await joe.visit(url), `${SIGNED_OUT}?state=the-state`);
  assert.equal(await joe.isSignedIn(), false);
});
