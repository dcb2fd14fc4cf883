// Devices: seen, named, removed and trusted, with and without JavaScript.

import assert from "node:assert/strict";

import { PASSWORD, address } from "./harness/index.js";
import { totp } from "./harness/authenticator.js";
import { setUp } from "./factors.js";

const PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/156.0.0.0 Mobile Safari/537.36";

export function devices(person) {
  person("a person names a device and removes another one, which is signed out", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD, email_verified: true });
    const phone = await another({ userAgent: PHONE });
    await phone.signIn(email);
    await phone.sees("account/overview");
    await jane.signIn(email);
    await jane.sees("account/overview");
    await server.mail(email, "new_device");
    await jane.go("/account/sessions");
    await jane.sees("account-sessions/list", "devices");
    assert.equal(await jane.page.locator("#device-list li").count(), 2);
    await jane.reads("Chrome on Android");
    await jane.page.locator("#device-list li.this summary").click();
    await jane.page.locator("#device-list li.this [name=name]").fill("Work laptop");
    await jane.press("#device-list li.this .rename button");
    await jane.sees("account-sessions/list", "device-named");
    await jane.reads("The device has its new name.");
    assert.equal(await jane.page.getByText("Work laptop", { exact: true }).filter({ visible: true }).count(), 2, "of the session, too");
    await jane.press("#device-list li:not(.this) > .device-acts > form button");
    await jane.sees("account-sessions/list", "device-removed");
    await jane.reads("The device was removed, and its sessions were ended.");
    assert.equal(await phone.isSignedIn(), false);
    assert.equal(await jane.isSignedIn(), true);
    assert.equal(await jane.page.locator("#device-list li").count(), 1);
  });

  person("a person who removes the device they are at is signed out", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.signIn(email);
    await jane.go("/account/sessions");
    await jane.press("#device-list li.this > .device-acts > form button");
    await jane.sees("sign-out/done");
    assert.equal(await jane.isSignedIn(), false);
  });

  person("a person skips the second step on a device until it is removed", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD, email_verified: true });
    await jane.signIn(email);
    await jane.sees("account/overview");
    const { key } = await setUp(jane);
    await jane.signOut();
    await jane.signIn(email);
    await jane.sees("sign-in/second_factor", "may-be-skipped");
    await jane.page.getByLabel("Skip the second factor on this device").check();
    await jane.send({ totp_code: totp(key, 1) });
    await jane.sees("account/overview");
    await jane.signOut();
    await jane.signIn(email);
    await jane.sees("account/overview");
    await jane.go("/account/sessions");
    await jane.sees("account-sessions/list", "device-trusted");
    await jane.reads("Skips the second step; asks again");
    const elsewhere = await another();
    await elsewhere.signIn(email);
    await elsewhere.sees("sign-in/second_factor", "may-be-skipped");
    await jane.press("#device-list li.this > .device-acts > form button");
    await jane.sees("sign-out/done");
    await jane.signIn(email);
    await jane.sees("sign-in/second_factor", "may-be-skipped");
  });
}
