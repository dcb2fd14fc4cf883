// Without a mouse: Tab, Enter and nothing else.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";

const person = suite();
const MOST_TABS = 30;

/** What has the focus: its name or text, and whether one can see that it has it. */
function focused(someone) {
  return someone.page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const shows = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    return {
      id: element.id,
      is: element.id || element.textContent.trim() || element.name,
      seen: element.matches(":focus-visible") && shows && box.width > 0 && box.height > 0,
      onBody: element === document.body,
    };
  });
}

/** Presses Tab until `wanted` has the focus; everything passed shows its focus. */
async function tabTo(someone, wanted) {
  for (let i = 0; i < MOST_TABS; i += 1) {
    const now = await focused(someone);
    if (!now.onBody) assert.ok(now.seen, `the focus on "${now.is}" is seen`);
    if (now.is === wanted) return;
    await someone.page.keyboard.press("Tab");
  }
  assert.fail(`no Tab leads to ${wanted}`);
}

async function type(someone, field, text) {
  await tabTo(someone, field);
  await someone.page.keyboard.type(text);
}

person("a person registers by keyboard alone", async ({ jane, server }) => {
  const email = address();
  await jane.go("/sign-up");
  await type(jane, "traits.email", email);
  await type(jane, "password", PASSWORD);
  await tabTo(jane, "Create account");
  await jane.page.keyboard.press("Enter");
  await jane.sees("verify/sent_email");
  assert.equal((await focused(jane)).id, "code", "the caret stands where the code goes");
  const { code } = await server.mail(email, "verification");
  await jane.page.keyboard.type(code);
  await jane.page.keyboard.press("Enter");
  await jane.sees("verify/passed_challenge");
  await tabTo(jane, "continue");
  await jane.page.keyboard.press("Enter");
  await jane.sees("account/overview");
});

person("a person signs in and out by keyboard alone", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.go("/sign-in");
  assert.equal((await focused(jane)).id, "identifier", "the caret stands in the only field");
  await jane.page.keyboard.type(email);
  await jane.page.keyboard.press("Enter");
  await jane.sees("sign-in/choose_method", "methods");
  assert.equal((await focused(jane)).id, "password");
  await jane.page.keyboard.type(PASSWORD);
  await jane.page.keyboard.press("Enter");
  await jane.sees("account/overview");
  await jane.page.keyboard.press("Tab");
  assert.equal((await focused(jane)).is, "Skip to content", "the first stop leads past the header");
  await jane.go("/sign-out");
  await tabTo(jane, "Sign out");
  await jane.page.keyboard.press("Enter");
  await jane.sees("sign-out/done");
});

person("the first stop leads past header and navigation to the content", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD });
  await jane.signIn(email);
  await jane.page.keyboard.press("Tab");
  await jane.page.keyboard.press("Enter");
  await jane.page.keyboard.press("Tab");
  const inside = await jane.page.evaluate(() => document.querySelector("#content").contains(document.activeElement));
  assert.ok(inside, "the next stop lies in the content");
});

person("the menu opens, and closes with Escape", async ({ jane, server }) => {
  const email = address();
  await server.account({ email, password: PASSWORD, first_name: "Jane", last_name: "W".repeat(60) });
  await jane.signIn(email);
  await jane.sees("account/overview", "named");
  await jane.page.locator("details.menu > summary").focus();
  await jane.page.keyboard.press("Enter");
  await jane.page.locator(".menu-body").waitFor();
  await jane.sees("account/overview", "menu");
  await jane.page.keyboard.press("Escape");
  await jane.page.locator(".menu-body").waitFor({ state: "hidden" });
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  person(`after an error the focus is on the summary, which leads to the field, ${how} JavaScript`, { javaScriptEnabled }, async ({ jane, server }) => {
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.signUp(email);
    await jane.sees("sign-up/show_form", "email-taken");
    assert.equal((await focused(jane)).id, "errors");
    await jane.page.keyboard.press("Tab");
    await jane.page.keyboard.press("Enter");
    assert.equal((await focused(jane)).id, "traits.email");
    const field = jane.page.locator('[id="traits.email"]');
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    const described = (await field.getAttribute("aria-describedby")).split(" ");
    assert.ok(described.includes("traits.email-error"));
  });
}

person("the hidden password can be shown and is hidden again, by keyboard", async ({ jane }) => {
  await jane.go("/sign-up");
  await type(jane, "password", "visible to me");
  await jane.page.keyboard.press("Tab");
  await jane.page.keyboard.press("Enter");
  assert.equal(await jane.page.locator("#password").getAttribute("type"), "text");
  await jane.page.keyboard.press("Enter");
  assert.equal(await jane.page.locator("#password").getAttribute("type"), "password");
});
