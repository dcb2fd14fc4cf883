import { deviceGrant } from "./device-grant.js";
import { suite } from "./harness/index.js";

deviceGrant(suite());
