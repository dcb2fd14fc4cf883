// oauth4webapi with requests that are pushed or signed, and tokens that are bound to a key: each step by itself.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oauth from "oauth4webapi";

import { CALLBACK, ISSUER, KEYS, Person, keyPair, register } from "./house.js";

// The server of a test speaks plain http.
const PLAIN = { [oauth.allowInsecureRequests]: true };

let server;
let jane;
before(async () => {
  const issuer = new URL(ISSUER);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, PLAIN));
  jane = await Person.create();
});

/** A client of FAPI 2.0. */
async function bank() {
  const pair = await keyPair("PS256", KEYS.PS256);
  const members = { security_profile: "fapi2", refresh_token_rotation: false, jwks: pair.jwks };
  const { id } = await register("web", { token_endpoint_auth_method: "private_key_jwt", ...members });
  return { ...pair, client: { client_id: id }, authentication: oauth.PrivateKeyJwt(pair) };
}

/** Says it again with the nonce that was asked for. */
async function withNonce(say) {
  try {
    return await say();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return say();
  }
}

async function pushed({ client, authentication }, parameters, DPoP) {
  const push = async () => {
    const answer = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, { ...PLAIN, DPoP });
    return oauth.processPushedAuthorizationResponse(server, client, answer);
  };
  const { request_uri, expires_in } = await withNonce(push);
  assert.equal(expires_in, 90);
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, request_uri });
  return url;
}

async function redeem({ client, authentication }, parameters, verifier, DPoP) {
  const exchange = async () => {
    const answer = await oauth.authorizationCodeGrantRequest(
      server, client, authentication, parameters, CALLBACK, verifier, { ...PLAIN, DPoP },
    );
    return oauth.processAuthorizationCodeResponse(server, client, answer, { requireIdToken: true });
  };
  return withNonce(exchange);
}

async function request() {
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters = {
    response_type: "code",
    redirect_uri: CALLBACK,
    scope: "openid email",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  return { verifier, parameters };
}

test("a code of a pushed request is for the key that was proven then", async () => {
  const shop = await bank();
  const DPoP = oauth.DPoP(shop.client, await oauth.generateKeyPair("ES256"));
  const { verifier, parameters } = await request();
  const back = await jane.authorize(await pushed(shop, parameters, DPoP));
  const came = oauth.validateAuthResponse(server, shop.client, back, oauth.expectNoState);
  const other = oauth.DPoP(shop.client, await oauth.generateKeyPair("ES256"));
  await assert.rejects(redeem(shop, came, verifier, other), { error: "invalid_grant" });
});

test("a bound token is taken with a fresh proof alone", async () => {
  const shop = await bank();
  const DPoP = oauth.DPoP(shop.client, await oauth.generateKeyPair("ES256"));
  const { verifier, parameters } = await request();
  const back = await jane.authorize(await pushed(shop, parameters, DPoP));
  const came = oauth.validateAuthResponse(server, shop.client, back, oauth.expectNoState);
  const got = await redeem(shop, came, verifier, DPoP);
  assert.equal(got.token_type, "dpop");
  const told = async (options) => {
    const answer = await oauth.userInfoRequest(server, shop.client, got.access_token, { ...PLAIN, ...options });
    return oauth.processUserInfoResponse(server, shop.client, jane.id, answer);
  };
  assert.equal((await withNonce(() => told({ DPoP }))).email, jane.email);
  await assert.rejects(told({}), { status: 401 });
  // A proof that was seen on its way is good for nothing.
  const headers = {};
  const keep = (url, options) => {
    Object.assign(headers, Object.fromEntries(new Headers(options.headers)));
    return fetch(url, options);
  };
  await told({ DPoP, [oauth.customFetch]: keep });
  const replayed = await fetch(server.userinfo_endpoint, { headers });
  assert.equal(replayed.status, 401);
  assert.match(replayed.headers.get("www-authenticate"), /^DPoP error="invalid_dpop_proof"/);
});

test("what is pushed may be signed as well", async () => {
  const shop = await bank();
  const DPoP = oauth.DPoP(shop.client, await oauth.generateKeyPair("PS256"));
  const { verifier, parameters } = await request();
  const signed = await oauth.issueRequestObject(server, shop.client, parameters, { key: shop.key, kid: shop.kid });
  const back = await jane.authorize(await pushed(shop, { request: signed }, DPoP));
  const came = oauth.validateAuthResponse(server, shop.client, back, oauth.expectNoState);
  assert.equal((await redeem(shop, came, verifier, DPoP)).token_type, "dpop");
});
