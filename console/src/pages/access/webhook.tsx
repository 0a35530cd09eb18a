import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { useQuery } from "../../query.ts";
import { WebhookDocument, type WebhookQuery } from "../../gql/graphql.ts";
import { TargetLink, useTargets } from "../../targets.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Card, Facts, Page, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge, inWords, Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { WebhookActions } from "./webhook-actions.tsx";

export type WebhookDetails = NonNullable<WebhookQuery["webhook"]>;

const route = getRouteApi("/access/webhooks/$id");

/** Nothing tells when a delivery was made: it is asked for again while the page is open. */
const refreshMs = 5000;

export function WebhookPage() {
  const { id } = route.useParams();
  const [{ data, error }, refresh] = useQuery({ query: WebhookDocument, variables: { id } });
  useEffect(() => {
    const timer = setInterval(() => refresh({ requestPolicy: "network-only" }), refreshMs);
    return () => clearInterval(timer);
  }, [refresh]);
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  if (!data) return <Loading />;
  if (!data.webhook) return <Empty title="There is no such webhook" isPage />;
  return <Details webhook={data.webhook} />;
}

function Details({ webhook }: { webhook: WebhookDetails }) {
  const { name, url, status, problem } = webhook;
  return (
    <Page
      title={
        <span className="row">
          {name} <Status status={status} />
        </span>
      }
      actions={<WebhookActions webhook={webhook} />}
    >
      <div className="column">
        <Problem>{problem}</Problem>
        <Card title="Details">
          <Facts
            entries={[
              ["Address", <code>{url}</code>],
              ["Delivers", <Delivered webhook={webhook} />],
              ["In one request", webhook.batchSize],
              ...(webhook.stream === "MESSAGES"
                ? [["Texts", webhook.withoutTexts ? "Left out" : "Included"] as const]
                : []),
              ["Created", <Time at={webhook.createdAt} />],
              ["Next attempt", <Time at={webhook.nextAttemptAt} none="None outstanding" />],
            ]}
          />
        </Card>
        <Card title="Deliveries">
          <Deliveries webhook={webhook} />
        </Card>
      </div>
    </Page>
  );
}

/** Which events, with links to what they have to be about. */
function Delivered({ webhook: { stream, filter } }: { webhook: WebhookDetails }) {
  const ids = [filter.providerId, filter.campaignId].filter((id) => id != null);
  const targets = useTargets(ids);
  if (stream === "AUDIT") return "The audit log";
  const words = [
    ...(filter.status ?? []).map(inWords),
    ...(filter.country ?? []),
    ...(filter.clientRefPrefix ? [`references that begin with ${filter.clientRefPrefix}`] : []),
    ...(filter.messageIds ? [`${filter.messageIds.length} messages`] : []),
  ].join(", ");
  if (words === "" && ids.length === 0) return "All events of messages";
  return (
    <>
      {words}
      {ids.map((id) => (
        <div key={id}>
          <TargetLink id={id} targets={targets} />
        </div>
      ))}
    </>
  );
}

function Deliveries({ webhook: { deliveries } }: { webhook: WebhookDetails }) {
  if (deliveries.edges.length === 0) return <p className="quiet">Nothing was delivered yet.</p>;
  return (
    <Table label="Deliveries" heads={["When", "State", "Events", "Attempts", "Answer", "Took", "Problem"]}>
      {deliveries.edges.map(({ node }) => (
        <tr key={`${node.webhookId} ${node.lastAttemptedAt}`}>
          <td>
            <Time at={node.lastAttemptedAt} />
          </td>
          <td>
            <Badge tone={node.status === "DELIVERED" ? "good" : "bad"}>{inWords(node.status)}</Badge>
          </td>
          <td className="figure">{node.events}</td>
          <td className="figure">{node.attempts}</td>
          <td className="figure">{node.responseCode ?? "None"}</td>
          <td className="figure">{node.latencyMilliseconds} ms</td>
          <td className="quiet">{node.problem}</td>
        </tr>
      ))}
    </Table>
  );
}
