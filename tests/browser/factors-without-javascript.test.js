import { suite } from "./harness/index.js";
import { factors } from "./factors.js";

factors(suite({ context: { javaScriptEnabled: false } }));
