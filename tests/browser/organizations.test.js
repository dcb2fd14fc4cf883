import { suite } from "./harness/index.js";
import { teams } from "./teams.js";

teams(suite());
