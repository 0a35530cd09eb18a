import { writeFile } from "node:fs/promises";
import { errorsDocument } from "./errors-document.ts";

/** Writes `docs/errors.md` from the code. A test fails when it is stale. */
await writeFile("docs/errors.md", errorsDocument());
process.stdout.write("Wrote docs/errors.md\n");
