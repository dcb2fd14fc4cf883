import { guarded, wayRound, widget } from "./captcha.js";

const house = await guarded();
widget(house);
wayRound(house);
