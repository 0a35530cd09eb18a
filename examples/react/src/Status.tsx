import type { MessageStatus } from "./gql/graphql.ts";

const good: readonly MessageStatus[] = ["DELIVERED", "READ"];

export function Status({ status, isFinal = false }: { status: MessageStatus; isFinal?: boolean }) {
  const kind = good.includes(status) ? "good" : isFinal ? "bad" : "under-way";
  return <span className={`status ${kind}`}>{status}</span>;
}
