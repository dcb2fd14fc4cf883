import { suite } from "./harness/index.js";
import { journeys } from "./journeys.js";

journeys(suite());
