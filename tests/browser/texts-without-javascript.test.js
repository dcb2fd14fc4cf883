import { suite } from "./harness/index.js";
import { texts } from "./texts.js";

texts(suite({ context: { javaScriptEnabled: false } }));
