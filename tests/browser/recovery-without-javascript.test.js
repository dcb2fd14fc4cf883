import { suite } from "./harness/index.js";
import { recovery } from "./recovery.js";

recovery(suite({ context: { javaScriptEnabled: false } }));
