// What a person does with an account, from the first page to the last. Run with JavaScript and without it.

import assert from "node:assert/strict";

import { NEW_PASSWORD, PASSWORD, address } from "./harness/index.js";

/** Adds the tests of the consumer's path to a suite. */
export function journeys(person) {
  person("a person registers, proves the mailbox with the mailed code, and sees the account", async ({ jane, server }) => {
    const email = address();
    await jane.signUp(email);
    await jane.sees("verify/sent_email");
    assert.ok(await jane.isSignedIn(), "a new account is signed in at once");
    const { code } = await server.mail(email, "verification");
    assert.match(code, /^\d{6}$/);
    await jane.send({ code });
    await jane.sees("verify/passed_challenge");
    await jane.press("#continue");
    await jane.sees("account/overview");
    await jane.reads(email);
    await jane.reads("Verified");
  });

  person("a person who goes on without proving the mailbox finds the way back to it", async ({ jane, server }) => {
    const email = address();
    await jane.signUp(email);
    await jane.sees("verify/sent_email");
    await jane.go("/account");
    await jane.sees("account/overview", "unverified");
    await jane.press('a[href^="/verify"]');
    await jane.sees("verify/show_form");
    await server.api("DELETE", "/v1/outbox/messages");
    await jane.press();
    await jane.sees("verify/sent_email");
    const { code } = await server.mail(email, "verification");
    await jane.send({ code });
    await jane.sees("verify/passed_challenge");
  });

  person("the mailed link proves the mailbox as well, by its button and not by being opened", async ({ jane, server }) => {
    const email = address();
    await jane.signUp(email);
    await jane.sees("verify/sent_email");
    const { link } = await server.mail(email, "verification");
    await jane.go(link);
    await jane.sees("verify/confirm");
    const before = await server.api("GET", `/v1/identities?filter=${encodeURIComponent(`email = "${email}"`)}`);
    assert.equal(before.identities[0].email_verified, false);
    await jane.press();
    await jane.sees("verify/passed_challenge");
    await jane.go(link);
    await jane.sees("verify/used_or_expired");
  });

  person("a wrong code is refused with words, and the right one still works", async ({ jane, server }) => {
    const email = address();
    await jane.signUp(email);
    await jane.sees("verify/sent_email");
    const { code } = await server.mail(email, "verification");
    await jane.send({ code: code === "000000" ? "111111" : "000000" });
    await jane.sees("verify/sent_email", "wrong-code");
    await jane.reads("The code is not right");
    await jane.send({ code });
    await jane.sees("verify/passed_challenge");
  });

  person("a person signs out and in again by password", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD, first_name: "Jane", last_name: "Doe" });
    await jane.signIn(email);
    await jane.sees("account/overview");
    await jane.reads("Jane Doe");
    await jane.signOut();
    assert.equal(await jane.isSignedIn(), false);
    await jane.go("/account");
    await jane.sees("sign-in/choose_method", "identifier");
  });

  person("a person who opens the sign-in page while signed in is told so", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.signIn(email);
    await jane.go("/sign-in");
    await jane.sees("sign-in/signed_in_already");
    await jane.reads(email);
    await jane.press("#continue");
    await jane.sees("account/overview");
  });

  person("after signing in the person is where they wanted to go", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/account/sessions");
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    await jane.sees("account-sessions/list", "one");
  });

  person("a person signs in by a mailed code", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/sign-in");
    await jane.identify(email);
    await jane.choose("code");
    await jane.sees("sign-in/sent_email", "code");
    const { code } = await server.mail(email, "sign_in_code");
    await jane.send({ code });
    await jane.sees("account/overview");
  });

  person("a person signs in by a mailed link in the same browser", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/sign-in");
    await jane.identify(email);
    await jane.choose("link");
    await jane.sees("sign-in/sent_email", "link");
    const { link } = await server.mail(email, "sign_in_link");
    await jane.go(link);
    await jane.sees("sign-in-link/confirm");
    assert.equal(await jane.isSignedIn(), false, "opening the link does nothing");
    await jane.press();
    await jane.sees("account/overview");
    await jane.go(link);
    await jane.sees("sign-in-link/used_or_expired");
  });

  person("a link opened in another browser signs in there, and never where it was asked for", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/sign-in");
    await jane.identify(email);
    await jane.choose("link");
    await jane.sees("sign-in/sent_email", "link");
    const asked = jane.page.url();
    const { link } = await server.mail(email, "sign_in_link");
    const phone = await another();
    await phone.go(link);
    await phone.sees("sign-in-link/confirm_other_device");
    await phone.press();
    await phone.sees("account/overview");
    assert.ok(await phone.isSignedIn());
    assert.equal(await jane.isSignedIn(), false);
    await jane.go(asked);
    await jane.sees("sign-in/passed", "elsewhere");
    assert.equal(await jane.isSignedIn(), false);
  });

  person("an unknown address gets the same pages as a known one, and no mail", async ({ jane, server }) => {
    const email = address("nobody");
    await jane.go("/sign-in");
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    await jane.sees("sign-in/choose_method", "wrong-password");
    await jane.reads("The e-mail or password is not right");
    await jane.choose("code");
    await jane.sees("sign-in/sent_email", "code");
    assert.deepEqual(await server.mails(email), []);
  });

  person("a wrong password is told, and after five the account is locked for a while", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go("/sign-in");
    await jane.identify(email);
    for (let i = 1; i <= 4; i += 1) {
      await jane.send({ password: `wrong-${i}-wrong` });
      await jane.sees("sign-in/choose_method", "wrong-password");
      await jane.reads("The e-mail or password is not right");
    }
    await jane.send({ password: "wrong-5-wrong" });
    await jane.send({ password: PASSWORD });
    await jane.sees("sign-in/choose_method", "locked");
    await jane.reads(/Too many attempts/);
    assert.equal(await jane.isSignedIn(), false);
  });

  person("a forgotten password is replaced by way of the mailed code", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    const elsewhere = await another();
    await elsewhere.signIn(email);
    await elsewhere.sees("account/overview");
    await jane.go("/sign-in");
    await jane.identify(email);
    await jane.press('a[href^="/recovery"]');
    await jane.sees("recovery/show_form");
    await jane.send({ email });
    await jane.sees("recovery/sent_email");
    const { code } = await server.mail(email, "recovery");
    await jane.send({ code });
    await jane.sees("recovery/new_password");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("recovery/done");
    await jane.press("#continue");
    await jane.sees("account/overview");
    assert.equal(await elsewhere.isSignedIn(), false, "recovery signs out everywhere else");
    await jane.signOut();
    await jane.signIn(email, PASSWORD);
    await jane.sees("sign-in/choose_method", "wrong-password");
    await jane.signIn(email, NEW_PASSWORD);
    await jane.sees("account/overview");
  });

  person("a link from the administrator leads to a new password", async ({ jane, server }) => {
    const email = address();
    const { id } = await server.account({ email, password: PASSWORD });
    const { recovery_link: link } = await server.api("POST", `/v1/identities/${id}:recoveryLink`, {});
    await jane.go(link);
    await jane.sees("recovery/link");
    await jane.press();
    await jane.sees("recovery/new_password");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("recovery/done");
    await jane.go(link);
    assert.equal(jane.answer.status(), 410);
    await jane.sees("recovery/flow_expired");
  });

  person("a weak new password is refused with the reason, and what was typed elsewhere stays", async ({ jane }) => {
    const email = address();
    await jane.go("/sign-up");
    await jane.sees("sign-up/show_form");
    await jane.send({ "traits.email": email, password: "password1" });
    await jane.sees("sign-up/show_form", "weak-password");
    assert.equal(await jane.page.locator('[id="traits.email"]').inputValue(), email);
    assert.equal(await jane.page.locator("#password").inputValue(), "", "a password is never sent back");
  });

  person("an address that has an account is told at registration", async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.signUp(email);
    await jane.sees("sign-up/show_form", "email-taken");
    await jane.reads("already registered");
  });

  person("a person changes the profile", async ({ jane, server }) => {
    const email = address();
    const { id } = await server.account({ email, password: PASSWORD, first_name: "Jane" });
    await jane.signIn(email);
    await jane.go("/account/profile");
    await jane.sees("account-profile/show_form");
    await jane.send({ "traits.first_name": "Zoë", "traits.last_name": "O’Neill <b>" });
    await jane.sees("account-profile/show_form", "saved");
    await jane.reads("Saved");
    assert.equal(await jane.page.locator('[id="traits.last_name"]').inputValue(), "O’Neill <b>");
    const saved = await server.api("GET", `/v1/identities/${id}`);
    assert.equal(saved.last_name, "O’Neill <b>");
  });

  person("a new address takes effect when it is proven, and the old mailbox can take it back", async ({ jane, server }) => {
    const [email, next] = [address("old"), address("new")];
    const { id } = await server.account({ email, password: PASSWORD });
    await jane.signIn(email);
    await jane.go("/account/profile");
    await jane.sees("account-profile/show_form");
    await jane.send({ "traits.email": next });
    await jane.sees("account-profile/show_form", "pending");
    assert.equal((await server.api("GET", `/v1/identities/${id}`)).email, email);
    await jane.press('a[href^="/verify"]');
    // The code is on its way already.
    await jane.sees("verify/sent_email");
    const { code } = await server.mail(next, "verification");
    await jane.send({ code });
    await jane.sees("verify/passed_challenge");
    assert.equal((await server.api("GET", `/v1/identities/${id}`)).email, next);
    const { link } = await server.mail(email, "email_changed");
    await jane.go(link);
    await jane.sees("verify/confirm_undo");
    await jane.press();
    await jane.sees("verify/undone");
    assert.equal((await server.api("GET", `/v1/identities/${id}`)).email, email);
    await jane.go(link);
    await jane.sees("verify/used_or_expired");
  });

  person("a person sees where they are signed in, and ends another session", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    const phone = await another({ userAgent: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/156.0.0.0 Mobile Safari/537.36" });
    await phone.signIn(email);
    await phone.sees("account/overview");
    await jane.signIn(email);
    await jane.go("/account/sessions");
    await jane.sees("account-sessions/list", "two");
    await jane.press("#session-list li:not(.this) button");
    await jane.sees("account-sessions/list", "ended");
    await jane.reads("The session was ended.");
    assert.equal(await phone.isSignedIn(), false);
    assert.equal(await jane.isSignedIn(), true);
    await phone.go("/account");
    await phone.sees("sign-in/choose_method", "identifier");
  });

  person("a person ends all other sessions at once", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    const others = [await another(), await another()];
    for (const other of others) await other.signIn(email);
    await jane.signIn(email);
    await jane.go("/account/sessions");
    await jane.sees("account-sessions/list", "three");
    await jane.press(".panel-foot button");
    await jane.sees("account-sessions/list", "all-ended");
    for (const other of others) assert.equal(await other.isSignedIn(), false);
    assert.equal(await jane.isSignedIn(), true);
  });

  person("a person changes the password, and other sessions end", async ({ jane, another, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    const other = await another();
    await other.signIn(email);
    await jane.signIn(email);
    await jane.go("/account/security");
    await jane.sees("account-security/show_form", "form");
    await jane.send({ password: NEW_PASSWORD });
    await jane.sees("account-security/show_form", "saved");
    assert.equal(await other.isSignedIn(), false);
    assert.equal(await jane.isSignedIn(), true);
    await server.mail(email, "password_changed");
    await jane.signOut();
    await jane.signIn(email, NEW_PASSWORD);
    await jane.sees("account/overview");
  });
}
