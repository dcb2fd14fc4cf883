// oauth4webapi as a relying party: each request and each answer by itself.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oauth from "oauth4webapi";

import { CALLBACK, ISSUER, KEYS, Person, SCOPE, SIGNED_OUT, keyPair, register } from "./house.js";

// The server of a test speaks plain http.
const PLAIN = { [oauth.allowInsecureRequests]: true };

let server;
let shop;
let jane;
before(async () => {
  const issuer = new URL(ISSUER);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, PLAIN));
  shop = await relyingParty();
  jane = await Person.create();
});

async function relyingParty(members) {
  const { id, secret } = await register("web", members);
  return { client: { client_id: id }, authentication: oauth.ClientSecretBasic(secret) };
}

/** A person comes back; what is to be checked then. */
async function authorize(person = jane) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: shop.client.client_id,
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  return { back: await person.authorize(url), verifier, state, nonce };
}

/** The answer to a code, checked, and the ID token verified by the published keys. */
async function redeem({ back, verifier, state, nonce }) {
  const parameters = oauth.validateAuthResponse(server, shop.client, back, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server, shop.client, shop.authentication, parameters, CALLBACK, verifier, PLAIN,
  );
  const got = await oauth.processAuthorizationCodeResponse(server, shop.client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer, PLAIN);
  return got;
}

async function refresh(token) {
  const answer = await oauth.refreshTokenGrantRequest(server, shop.client, shop.authentication, token, PLAIN);
  return oauth.processRefreshTokenResponse(server, shop.client, answer);
}

async function userInfo(token, subject) {
  const answer = await oauth.userInfoRequest(server, shop.client, token, PLAIN);
  return oauth.processUserInfoResponse(server, shop.client, subject, answer);
}

async function introspect(token, { client, authentication } = shop) {
  const answer = await oauth.introspectionRequest(server, client, authentication, token, PLAIN);
  return oauth.processIntrospectionResponse(server, client, answer);
}

async function revoke(token) {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, shop.client, shop.authentication, token, PLAIN),
  );
}

async function tokenOfProgram({ client, authentication }) {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, PLAIN);
  return oauth.processClientCredentialsResponse(server, client, answer);
}

const isActive = async (token, program) => (await introspect(token, program)).active;
const tokens = async (person) => redeem(await authorize(person));
const refused = (error) => ({ error });

test("both documents of metadata are those of the issuer", async () => {
  const issuer = new URL(ISSUER);
  const answer = await oauth.discoveryRequest(issuer, { ...PLAIN, algorithm: "oauth2" });
  assert.deepEqual(await oauth.processDiscoveryResponse(issuer, answer), server);
  assert.ok(server.code_challenge_methods_supported.includes("S256"));
});

test("a person signs in, and the ID token says who it is", async () => {
  const got = await tokens();
  const claims = oauth.getValidatedIdTokenClaims(got);
  assert.deepEqual([claims.iss, claims.aud, claims.sub], [ISSUER, shop.client.client_id, jane.id]);
  assert.deepEqual([got.scope, claims.email], [SCOPE, jane.email]);
});

test("an answer of another issuer, another state or another nonce is noticed", async () => {
  const came = await authorize();
  const foreign = new URL(came.back);
  foreign.searchParams.set("iss", "https://id.example.com");
  await assert.rejects(redeem({ ...came, back: foreign }), /iss/);
  await assert.rejects(redeem({ ...came, state: "other" }), /state/);
  await assert.rejects(redeem({ ...came, nonce: "other" }), /nonce/);
});

test("the access token is one of RFC 9068 for a server of resources", async () => {
  const audience = "https://api.example.com/";
  const got = await tokens();
  const request = () => new Request(audience, { headers: { authorization: `Bearer ${got.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request(), ISSUER, PLAIN);
  assert.deepEqual([claims.sub, claims.client_id], [jane.id, shop.client.client_id]);
  await assert.rejects(oauth.validateJwtAccessToken(server, request(), audience, PLAIN), /aud/);
});

test("userinfo tells the claims of the scopes", async () => {
  const told = await userInfo((await tokens()).access_token, jane.id);
  assert.deepEqual(
    [told.email, told.email_verified, told.given_name, told.family_name],
    [jane.email, true, "Jane", "Doe"],
  );
});

test("a refresh gives new tokens of the same person", async () => {
  const first = await tokens();
  const second = await refresh(first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(oauth.getValidatedIdTokenClaims(second).sub, jane.id);
  assert.equal((await userInfo(second.access_token, jane.id)).sub, jane.id);
});

test("introspection tells of tokens until they are revoked", async () => {
  const got = await tokens();
  const told = await introspect(got.access_token);
  assert.deepEqual([told.active, told.sub, told.client_id], [true, jane.id, shop.client.client_id]);
  assert.equal(await isActive(got.refresh_token), true);
  await revoke(got.refresh_token);
  assert.deepEqual([await isActive(got.refresh_token), await isActive(got.access_token)], [false, false]);
  await assert.rejects(userInfo(got.access_token, jane.id), { status: 401 });
  await assert.rejects(refresh(got.refresh_token), refused("invalid_grant"));
});

test("a replayed code is refused, and its tokens are dead", async () => {
  const came = await authorize();
  const got = await redeem(came);
  assert.equal(await isActive(got.access_token), true);
  await assert.rejects(redeem(came), refused("invalid_grant"));
  assert.deepEqual([await isActive(got.access_token), await isActive(got.refresh_token)], [false, false]);
  await assert.rejects(userInfo(got.access_token, jane.id), { status: 401 });
});

test("a wrong verifier is refused, and uses the code up", async () => {
  const came = await authorize();
  const wrong = { ...came, verifier: oauth.generateRandomCodeVerifier() };
  await assert.rejects(redeem(wrong), refused("invalid_grant"));
  await assert.rejects(redeem(came), refused("invalid_grant"));
});

for (const [method, Authentication] of Object.entries({
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
})) {
  test(`a program gets a token by ${method}`, async () => {
    const { id, secret } = await register("machine", { token_endpoint_auth_method: method });
    const program = { client: { client_id: id }, authentication: Authentication(secret) };
    const got = await tokenOfProgram(program);
    assert.equal(await isActive(got.access_token, program), true);
    const wrong = { ...program, authentication: Authentication(`${secret}x`) };
    await assert.rejects(tokenOfProgram(wrong), { status: 401 });
  });
}

for (const [alg, parameters] of Object.entries(KEYS)) {
  test(`a program gets a token by private_key_jwt with ${alg}`, async () => {
    const { key, kid, jwks } = await keyPair(alg, parameters);
    const { id } = await register("machine", { token_endpoint_auth_method: "private_key_jwt", jwks });
    const program = { client: { client_id: id }, authentication: oauth.PrivateKeyJwt({ key, kid }) };
    const got = await tokenOfProgram(program);
    assert.equal(await isActive(got.access_token, program), true);
  });
}

test("signing out at the client's wish ends the session", async () => {
  const joe = await Person.create();
  const got = await tokens(joe);
  const url = new URL(server.end_session_endpoint);
  url.search = new URLSearchParams({
    id_token_hint: got.id_token,
    post_logout_redirect_uri: SIGNED_OUT,
    state: "the-state",
  });
  assert.equal(await joe.isSignedIn(), true);
  assert.equal(await joe.visit(url), `${SIGNED_OUT}?state=the-state`);
  assert.equal(await joe.isSignedIn(), false);
});
