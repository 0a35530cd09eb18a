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
import "./route-decision.ts";
import "./message-attempts.ts";
import "./routing-policies.ts";
import "./spending-limits.ts";
import "./message-mutations.ts";
import "./message-subscriptions.ts";
import "./text-preview.ts";
import "./quote.ts";
import "./upload.ts";
import "./campaign-create.ts";
import "./refused-recipients.ts";
import "./campaign-queries.ts";
import "./campaign-life-cycle.ts";
import "./balances.ts";
import "./rates.ts";
import "./provider-costs.ts";
import "./provider-balance.ts";
import "./number-lookup.ts";
import "./api-keys.ts";
import "./watch-tokens.ts";

/** The executable schema. */
export const schema = builder.toSchema();

/** What `schema.graphql` must hold. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
