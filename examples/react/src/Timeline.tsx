import { useEffect } from "react";
import { useQuery } from "urql";
import { TimelineDocument } from "./gql/graphql.ts";
import type { LiveMessage } from "./live-messages.ts";
import { Status } from "./Status.tsx";

/** Everything that has happened to a message, ignored receipts included. */
export function Timeline({ message: { id, to, latestEvent } }: { message: LiveMessage }) {
  const [{ data, error }, refresh] = useQuery({ query: TimelineDocument, variables: { id } });
  // The stream says when there is more to see.
  useEffect(() => refresh({ requestPolicy: "network-only" }), [latestEvent, refresh]);
  return (
    <section className="timeline" aria-label="Timeline">
      <h2>{to}</h2>
      {error && <p role="alert">{error.message}</p>}
      <ol>
        {data?.message?.events.edges.map(({ node: event }) => (
          <li key={event.id} className={event.applied ? "" : "ignored"}>
            <time dateTime={event.receivedAt}>{new Date(event.receivedAt).toLocaleTimeString()}</time>
            <Status status={event.status} />
            <span className="quiet">
              {event.source.toLowerCase()}
              {event.providerStatus && `, “${event.providerStatus}”`}
              {event.ignoredReason && `, ignored: ${event.ignoredReason.toLowerCase()}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
