import { suite } from "./harness/index.js";
import { twoClients } from "./two-clients.js";

twoClients(suite({ context: { others: "any" } }));
