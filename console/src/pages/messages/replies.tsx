import { useQuery } from "../../query.ts";
import { MessageReceivedDocument, RepliesToMessageDocument } from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { Card } from "../../ui/page.tsx";
import { InboundRows } from "../inbound/inbound-rows.tsx";

/** What the person answered, as it comes; nothing while there is nothing. */
export function Replies({ id }: { id: string }) {
  const [{ data }, refresh] = useQuery({ query: RepliesToMessageDocument, variables: { id } });
  useLive(MessageReceivedDocument, {}, ({ messageReceived }) => {
    if (messageReceived.__typename !== "CaughtUp") refresh({ requestPolicy: "network-only" });
  });
  const rows = data?.inboundMessages.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title="Replies">
      <InboundRows rows={rows} />
    </Card>
  );
}
