import type { Attributes, NewSpan } from "../tracing/tracing.ts";
import type { Task } from "./contract.ts";

/** One run of a job. */
export const jobSpan = (task: Task, attributes: Attributes = {}): NewSpan => ({
  name: `process ${task}`,
  kind: "consumer",
  attributes: {
    "messaging.system": "graphile_worker",
    "messaging.destination.name": task,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    ...attributes,
  },
});
