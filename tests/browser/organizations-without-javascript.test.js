import { suite } from "./harness/index.js";
import { records } from "./organization-audit.js";
import { entries } from "./organization-entry.js";
import { permissions } from "./organization-permissions.js";
import { teams } from "./teams.js";

const person = suite({ context: { javaScriptEnabled: false } });
teams(person);
entries(person);
records(person);
permissions(person);
