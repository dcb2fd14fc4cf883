import { clients } from "./clients.js";
import { suite } from "./harness/index.js";

clients(suite({ context: { others: "any", javaScriptEnabled: false } }));
