import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "../../query.ts";
import { ProviderDocument, ProviderStateChangesDocument, type ProviderQuery } from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { useMay } from "../../session.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatCount, Money } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Card, Facts, Page, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { formatDuration, Time } from "../../ui/time.tsx";
import { ProviderBadge } from "../overview/provider-states.tsx";
import { RateTable } from "../routing/rate-table.tsx";
import { BalanceHistory } from "./balance-history.tsx";
import { CallbackUrl } from "./callback-url.tsx";
import { ProviderActions } from "./provider-actions.tsx";
import { ProviderSettings } from "./provider-settings.tsx";

export type ProviderDetails = NonNullable<ProviderQuery["provider"]>;

const route = getRouteApi("/providers/$id");

export function ProviderPage() {
  const { id } = route.useParams();
  const [{ data, error }] = useQuery({
    query: ProviderDocument,
    variables: { id },
    requestPolicy: "cache-and-network",
  });
  const [live, setLive] = useState<Partial<ProviderDetails>>({});
  useLive(ProviderStateChangesDocument, {}, ({ providerChanged }) => {
    if (providerChanged.id === id) setLive(providerChanged);
  });
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  if (!data) return <Loading />;
  if (!data.provider) return <Empty title="There is no such provider" isPage />;
  return <Details key={id} provider={{ ...data.provider, ...live }} />;
}

function Details({ provider }: { provider: ProviderDetails }) {
  const mayChange = useMay("PROVIDERS");
  return (
    <Page
      title={
        <span className="row">
          {provider.name} <ProviderBadge provider={provider} />
        </span>
      }
      actions={<ProviderActions provider={provider} />}
    >
      <div className="grid">
        <div className="column two-thirds">
          <Card title="Health">
            <Health provider={provider} />
          </Card>
          {provider.capabilities.balance && (
            <Card title="Balance">
              <BalanceHistory history={provider.balanceHistory.edges.map(({ node }) => node)} />
            </Card>
          )}
          <Card title="Rates">
            <RateTable rates={provider.rates.edges.map(({ node }) => node)} />
          </Card>
          <Differences provider={provider} />
        </div>
        <div className="column third">
          {mayChange && (
            <>
              <Card title="Callback URL">
                <CallbackUrl provider={provider} />
              </Card>
              <Card title="Settings">
                <ProviderSettings provider={provider} />
              </Card>
            </>
          )}
          <Card title="What it can do">
            <Capabilities provider={provider} />
          </Card>
        </div>
      </div>
    </Page>
  );
}

const lag = (seconds: number | undefined): string => (seconds === undefined ? "–" : formatDuration(seconds));

const Health = ({ provider: { health, runway, balance } }: { provider: ProviderDetails }) => (
  <Facts
    entries={[
      ["Submissions per second", health.messagesPerSecond.toFixed(1)],
      ["Waiting", formatCount(health.queueDepth)],
      ["Balance", balance?.units == null ? <Money value={balance?.amount} /> : `${balance.units} units`],
      ["Lasts", runway?.hours == null ? "–" : formatDuration(runway.hours * 3600)],
      ["Median receipt lag", lag(health.receiptLag?.p50)],
      ["95th percentile", lag(health.receiptLag?.p95)],
      ["Breaker", health.breaker === "CLOSED" ? "Closed: messages are submitted" : "Open"],
      ["Next test", <Time at={health.breakerOpenUntil} none="None needed" />],
      ["Last problem", health.lastError ?? "None"],
      ["When", <Time at={health.lastErrorAt} />],
    ]}
  />
);

const yes = (can: boolean): string => (can ? "Yes" : "No");

const Capabilities = ({
  provider: { capabilities: can, callbackAddresses },
}: {
  provider: ProviderDetails;
}) => (
  <Facts
    entries={[
      ["Receipts", can.receipts === "CALLBACK" ? "It posts them" : "They are asked for"],
      ["Callbacks are taken from", callbackAddresses.join(", ") || "Everywhere"],
      ["Messages in one request", can.bulkSize],
      ["Longest text", `${can.maxSegments} segments`],
      ["Longest sender", `${can.senderMaxLength} letters, ${can.senderMaxDigits} digits`],
      ["Publishes rates", yes(can.rates)],
      ["Flash messages", yes(can.flash)],
      ["Number look-up", yes(can.numberLookup)],
    ]}
  />
);

function Differences({ provider: { costDifferences } }: { provider: ProviderDetails }) {
  const { edges } = costDifferences;
  if (edges.length === 0) return null;
  return (
    <Card title="Charged otherwise than estimated">
      <Table label="Charged otherwise than estimated" heads={["Message", "Estimate", "Charge", "Difference"]}>
        {edges.map(({ node: { message, estimated, charged, difference } }) => (
          <tr key={message.id}>
            <td>
              <Link to="/messages/$id" params={{ id: message.id }}>
                <PhoneNumber value={message.to} />
              </Link>
            </td>
            <td>
              <Money value={estimated} />
            </td>
            <td>
              <Money value={charged} />
            </td>
            <td>
              <Money value={difference} none="Other currency" />
            </td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}
