import { guarded, wayRound } from "./captcha.js";

wayRound(await guarded({ javaScriptEnabled: false }));
