import { suite } from "./harness/index.js";
import { devices } from "./devices.js";

devices(suite({ settings: { remember_device_days: 14 } }));
