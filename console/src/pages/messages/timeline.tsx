import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { ignoredReasons } from "./ignored-reasons.ts";
import type { MessageDetails } from "./message.tsx";

type Event = MessageDetails["events"]["edges"][number]["node"];

const sources: Readonly<Record<Event["source"], string>> = {
  API: "Through the API",
  CALLBACK: "Receipt of the provider",
  DISPATCH: "Sending",
  POLL: "Asked the provider, because a receipt was overdue",
  RECONCILE: "Asked the provider, because the outcome was unknown",
};

export const Timeline = ({ message: { events } }: { message: MessageDetails }) => (
  <>
    <ol className="timeline" aria-label="Timeline">
      {events.edges.map(({ node }) => (
        <Line key={node.id} event={node} />
      ))}
    </ol>
    {events.pageInfo.hasNextPage && <p className="quiet small">The first 100 events are shown.</p>}
  </>
);

function Line({ event }: { event: Event }) {
  const { status, applied, ignoredReason, detail, source, providerStatus, part, parts, provider, failure } =
    event;
  return (
    <li className={applied ? "" : "ignored"}>
      <span className="quiet">
        <Time at={event.receivedAt} />
      </span>
      <div className="timeline-detail">
        <span className="row">
          <Status status={status} />
          <span className="quiet small">
            {sources[source]}
            {provider && source !== "API" && ` · ${provider.name}`}
            {providerStatus && ` · “${providerStatus}”`}
            {parts > 1 && ` · part ${part} of ${parts}`}
          </span>
        </span>
        {ignoredReason && <span className="small">Ignored: {ignoredReasons[ignoredReason]}.</span>}
        {failure && <span className="small">{failure.text}</span>}
        {detail && <span className="quiet small">{detail}</span>}
        {event.occurredAt !== event.receivedAt && (
          <span className="quiet small">
            The provider says it happened at <Time at={event.occurredAt} />.
          </span>
        )}
      </div>
    </li>
  );
}
