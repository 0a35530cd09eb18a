import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import { divideLongAnswers } from "./long-answers.ts";
import "./scalars.ts";
import "./errors.ts";
import "./access/viewer.ts";
import "./providers/provider.ts";
import "./providers/mutations.ts";
import "./providers/subscriptions.ts";
import "./providers/messages.ts";
import "./messages/queries.ts";
import "./messages/timeline.ts";
import "./pricing/route-decision.ts";
import "./messages/attempts.ts";
import "./pricing/routing-policies.ts";
import "./pricing/spending-limits.ts";
import "./messages/mutations.ts";
import "./messages/subscriptions.ts";
import "./messages/text-preview.ts";
import "./pricing/quote.ts";
import "./upload.ts";
import "./campaigns/create.ts";
import "./campaigns/refused-recipients.ts";
import "./campaigns/queries.ts";
import "./campaigns/life-cycle.ts";
import "./providers/balances.ts";
import "./pricing/rate-mutations.ts";
import "./pricing/rate-queries.ts";
import "./providers/costs.ts";
import "./providers/balance.ts";
import "./messages/number-lookup.ts";
import "./access/api-keys.ts";
import "./access/watch-tokens.ts";
import "./webhooks/webhook.ts";
import "./webhooks/deliveries.ts";
import "./webhooks/mutations.ts";

/** The executable schema. */
export const schema = divideLongAnswers(builder.toSchema());

/** The expected content of `schema.graphql`. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
