import { writeFile } from "node:fs/promises";
import { printedSchema } from "../src/graphql/schema/schema.ts";

/** Writes `schema.graphql` from the code. A test fails when it is stale. */
await writeFile("schema.graphql", printedSchema());
process.stdout.write("Wrote schema.graphql\n");
