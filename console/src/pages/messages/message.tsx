import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "../../query.ts";
import { MessageChangedDocument, MessageDocument, type MessageQuery } from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatMoney } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge, Status } from "../../ui/status.tsx";
import { Attempts } from "./attempts.tsx";
import { InboundFacts, MessageFacts } from "./message-facts.tsx";
import { MessageActions } from "./message-actions.tsx";
import { RawCallbacks } from "./raw-callbacks.tsx";
import { Replies } from "./replies.tsx";
import { Timeline } from "./timeline.tsx";

export type MessageDetails = NonNullable<MessageQuery["message"]>;

const route = getRouteApi("/messages/$id");

export const MessagePage = () => <MessageView key={route.useParams().id} id={route.useParams().id} />;

/** One message, and everything that has happened to it, as it happens. */
export function MessageView({ id }: { id: string }) {
  const [{ data, error }, refresh] = useQuery({ query: MessageDocument, variables: { id } });
  const known = data?.message?.version;
  useLive(MessageChangedDocument, { id }, ({ messageChanged }) => {
    if (messageChanged.version !== known) refresh({ requestPolicy: "network-only" });
  });
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  if (!data) return <Loading />;
  if (!data.message) return <Empty title="There is no such message" isPage />;
  return <Details message={data.message} />;
}

function Details({ message }: { message: MessageDetails }) {
  const isInbound = message.direction === "INBOUND";
  return (
    <Page
      title={
        <span className="row">
          <PhoneNumber value={isInbound ? message.from : message.to} /> <Status status={message.status} />
          {message.isOverdue && <Badge tone="warn">Overdue</Badge>}
        </span>
      }
      actions={!isInbound && <MessageActions message={message} />}
    >
      <div className="grid">
        <div className="column two-thirds">
          <Card title="Timeline">
            {message.failure && (
              <p className="problem">
                {message.failure.text}{" "}
                <span className="small">
                  ({message.failure.code}
                  {message.failure.permanent ? ", sending again cannot help" : ", sending again might help"})
                </span>
              </p>
            )}
            <Timeline message={message} />
          </Card>
          {!isInbound && (
            <Card title="Attempts">
              <Attempts attempts={message.attempts} />
            </Card>
          )}
          <Replies id={message.id} />
          {!isInbound && <RawCallbacks id={message.id} version={message.version} />}
        </div>
        <div className="column third">
          <Card title="Text">
            <p className="bubble">{message.text}</p>
            {message.answers && (
              <p className="quiet small">
                In answer to{" "}
                <Link to="/messages/$id" params={{ id: message.answers.id }}>
                  “{message.answers.text}”
                </Link>
              </p>
            )}
            <p className="quiet small">
              {message.segments} {message.segments === 1 ? "segment" : "segments"},{" "}
              {message.encoding === "GSM7" ? "GSM-7" : "UCS-2"}
              {message.flash && ", flash"}
            </p>
          </Card>
          <Card title="Details">
            {isInbound ? <InboundFacts message={message} /> : <MessageFacts message={message} />}
          </Card>
          {!isInbound && (
            <Card title="Route">
              <Route message={message} />
            </Card>
          )}
        </div>
      </div>
    </Page>
  );
}

function Route({ message: { route: decision, provider } }: { message: MessageDetails }) {
  if (!decision) return <p className="quiet">No route was chosen yet.</p>;
  const { providerName, reason, price, rejected } = decision;
  return (
    <div className="stack">
      <p>
        <strong>{provider?.name ?? providerName}</strong>
        {price && <span className="quiet"> at {formatMoney(price)} a segment</span>}
        <br />
        <span className="quiet">{reason}</span>
      </p>
      {rejected.length > 0 && (
        <div>
          <h3>Not chosen</h3>
          <ul className="alternatives">
            {rejected.map((each) => (
              <li key={each.providerId}>
                <strong>{each.providerName}</strong> <span className="quiet">{each.reason}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
