import assert from "node:assert/strict";

import { guarded, wayRound } from "./captcha.js";

const house = await guarded({ javaScriptEnabled: false });
wayRound(house);

house.person("nothing is offered that only a widget could let through", async ({ jane }) => {
  for (const path of ["/recovery", "/sign-up"]) {
    await jane.go(path);
    const buttons = jane.page.locator("#flow button:visible");
    assert.deepEqual(await buttons.evaluateAll((all) => all.map((button) => button.value)), ["captcha"], path);
  }
});
