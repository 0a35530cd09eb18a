import { Link } from "@tanstack/react-router";
import { useQuery } from "../../query.ts";
import { AttentionDocument, type AttentionQuery } from "../../gql/graphql.ts";
import { useMay } from "../../session.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { useRefresh } from "./history.tsx";

type Item = AttentionQuery["attention"][number];

/** What somebody has to look at, each with the way there. Nothing is shown while all is well. */
export function Attention() {
  const [{ data, error }, refresh] = useQuery({
    query: AttentionDocument,
    requestPolicy: "cache-and-network",
  });
  useRefresh(refresh);
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  const paused = data?.campaigns.edges ?? [];
  if (!data) return null;
  if (data.attention.length + paused.length === 0)
    return data.messages.edges.length === 0 ? <FirstSteps /> : null;
  return (
    <Card title="Needs attention">
      <ul className="attention">
        {data.attention.map((item) => (
          <li key={`${item.kind} ${item.targetId}`}>
            <Target item={item} />
            <span className="quiet">
              {item.advice}
              {item.since && (
                <>
                  {" "}
                  Since <Time at={item.since} />.
                </>
              )}
            </span>
          </li>
        ))}
        {paused.map(({ node: { id, name } }) => (
          <li key={id}>
            <Link to="/campaigns/$id" params={{ id }}>
              {name} is paused
            </Link>
            <span className="quiet">Its messages wait until it is resumed.</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Target({ item: { kind, count, provider, targetId } }: { item: Item }) {
  const [isAdmin, mayHook] = [useMay("ADMIN"), useMay("WEBHOOKS")];
  const most = count >= 1000 ? "1,000 or more" : formatCount(count);
  const text = `${inWords(kind)}${provider ? `: ${provider.name}` : ""}${count > 1 ? ` (${most})` : ""}`;
  switch (kind) {
    case "UNKNOWN_OUTCOMES":
      return <MessagesLink status={["OUTCOME_UNKNOWN"]} provider={provider?.id} text={text} />;
    case "GIVEN_UP_MESSAGES":
      return <MessagesLink status={["UNKNOWN"]} provider={provider?.id} text={text} />;
    case "OVERDUE_MESSAGES":
      return <MessagesLink overdue provider={provider?.id} text={text} />;
    case "QUARANTINED_CALLBACKS":
    case "UNMATCHED_RECEIPTS":
      if (!isAdmin) return <strong>{text}</strong>;
      return (
        <Link
          to="/receipts"
          search={{
            show: kind === "QUARANTINED_CALLBACKS" ? "quarantined" : "unmatched",
            provider: provider?.id,
          }}
        >
          {text}
        </Link>
      );
    case "FAILING_WEBHOOK":
    case "DISABLED_WEBHOOK":
      if (!mayHook || !targetId) return <strong>{text}</strong>;
      return (
        <Link to="/access/webhooks/$id" params={{ id: targetId }}>
          {text}
        </Link>
      );
    default:
      if (!provider) return <strong>{text}</strong>;
      return (
        <Link to="/providers/$id" params={{ id: provider.id }}>
          {text}
        </Link>
      );
  }
}

interface MessagesLinkProps {
  status?: ("OUTCOME_UNKNOWN" | "UNKNOWN")[];
  overdue?: true;
  provider: string | undefined;
  text: string;
}

const MessagesLink = ({ status, overdue, provider, text }: MessagesLinkProps) => (
  <Link to="/messages" search={{ status, overdue, provider }}>
    {text}
  </Link>
);
