import { deviceGrant } from "./device-grant.js";
import { suite } from "./harness/index.js";

deviceGrant(suite({ context: { others: "any", javaScriptEnabled: false } }));
