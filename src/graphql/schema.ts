import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./errors.ts";
import "./viewer.ts";
import "./provider.ts";
import "./provider-mutations.ts";
import "./provider-subscriptions.ts";
import "./provider-messages.ts";
import "./message-queries.ts";
import "./message-timeline.ts";
import "./message-mutations.ts";
import "./message-subscriptions.ts";
import "./text-preview.ts";
import "./campaign.ts";
import "./balances.ts";
import "./number-lookup.ts";

/** The executable schema. */
export const schema = builder.toSchema();

/** What `schema.graphql` must hold. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
