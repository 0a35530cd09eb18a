import type { MessagePriority } from "../gql/graphql.ts";

export const priorities = [
  ["NORMAL", "Normal"],
  ["HIGH", "Before everything else"],
  ["LOW", "After everything else"],
] as const satisfies readonly (readonly [MessagePriority, string])[];
