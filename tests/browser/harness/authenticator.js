// What people prove themselves with besides a password: an authenticator app, and a device with passkeys.

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(text) {
  let bits = "";
  for (const letter of text) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/gu).map((byte) => Number.parseInt(byte, 2)));
}

/** The code of an authenticator app (RFC 6238) `ahead` steps from now. */
export function totp(key, ahead = 0) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const tag = createHmac("sha1", base32(key)).update(step).digest();
  const bits = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(bits % 1_000_000).padStart(6, "0");
}

/** Gives the person's browser a device with passkeys that verifies them, by Chromium's virtual authenticator. */
export async function device(person, more = {}) {
  const cdp = await person.page.context().newCDPSession(person.page);
  await cdp.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true,
    hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...more,
  };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  return {
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    verifies: (isUserVerified) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    /** Has answers lie: `isBogusSignature`, `isBadUV`, `isBadUP`. */
    forges: (bits) => cdp.send("WebAuthn.setResponseOverrideBits", {
      authenticatorId, isBogusSignature: false, isBadUV: false, isBadUP: false, ...bits,
    }),
    /** Becomes a copy of a device as it was. */
    becomes: async (credential) => {
      await cdp.send("WebAuthn.clearCredentials", { authenticatorId });
      await cdp.send("WebAuthn.addCredential", { authenticatorId, credential });
    },
    answers: (enabled) => cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled }),
  };
}
