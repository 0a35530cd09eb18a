import { useEffect } from "react";
import { useQuery } from "../../query.ts";
import { RawCallbacksDocument } from "../../gql/graphql.ts";
import { useMay } from "../../session.tsx";
import { Card } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import { RawBody } from "../receipts/callback.tsx";

interface RawCallbacksProps {
  id: string;
  /** Asked for again when the message has another one. */
  version: number;
}

/** The callbacks with receipts of the message, as they came. For admins: they may tell of other messages too. */
export function RawCallbacks({ id, version }: RawCallbacksProps) {
  const mayRead = useMay("ADMIN");
  const [{ data }, refresh] = useQuery({ query: RawCallbacksDocument, variables: { id }, pause: !mayRead });
  useEffect(() => {
    if (mayRead) refresh({ requestPolicy: "network-only" });
  }, [version, mayRead, refresh]);
  const rows = data?.receipts.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title="Raw callbacks">
      <ul className="entries">
        {rows.map(({ number, receivedAt, provider, body, contentType }) => (
          <li key={number}>
            <div className="row">
              <span>{provider?.name}</span>
              <span className="quiet entry-time">
                <Time at={receivedAt} />
              </span>
            </div>
            <RawBody callback={{ body, contentType }} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
