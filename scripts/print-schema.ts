import { writeFile } from "node:fs/promises";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "../src/graphql/schema.ts";

/** Writes `schema.graphql` from the code. A test fails when it is stale. */
await writeFile("schema.graphql", `${printSchema(lexicographicSortSchema(schema))}\n`);
process.stdout.write("Wrote schema.graphql\n");
