import { applications } from "./applications.js";
import { suite } from "./harness/index.js";

applications(suite({ context: { others: "any" } }));
