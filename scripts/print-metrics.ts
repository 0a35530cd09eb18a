import { writeFile } from "node:fs/promises";
import { metricsDocument } from "./metrics-document.ts";

/** Writes `docs/metrics.md` from the code. A test fails when it is stale. */
await writeFile("docs/metrics.md", metricsDocument());
process.stdout.write("Wrote docs/metrics.md\n");
