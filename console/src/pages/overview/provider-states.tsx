import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "../../query.ts";
import {
  ProviderStateChangesDocument,
  ProviderStatesDocument,
  type ProviderStateFragment,
} from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { useLive } from "../../live.ts";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatCount, Money } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge } from "../../ui/status.tsx";
import { formatDuration } from "../../ui/time.tsx";

/** The providers as they are now, kept up to date. */
export function useProviderStates() {
  const [{ data, error }] = useQuery({
    query: ProviderStatesDocument,
    requestPolicy: "cache-and-network",
    context: ofProviders,
  });
  const [changed, setChanged] = useState<Readonly<Record<string, ProviderStateFragment>>>({});
  useLive(ProviderStateChangesDocument, {}, ({ providerChanged }) =>
    setChanged((known) => ({ ...known, [providerChanged.id]: providerChanged })),
  );
  const providers = data?.providers.map((provider) => ({ ...provider, ...changed[provider.id] }));
  return { providers, problem: wordsOf(error) };
}

interface ProviderStatesProps {
  providers: readonly ProviderStateFragment[] | undefined;
  problem: string | undefined;
}

export function ProviderStates({ providers, problem }: ProviderStatesProps) {
  return (
    <Card title="Providers">
      <Problem>{problem}</Problem>
      {providers === undefined ? (
        <Loading />
      ) : providers.length === 0 ? (
        <Empty title="No provider is connected">
          <p>Connect one, and messages go through it.</p>
        </Empty>
      ) : (
        <Table
          label="Providers"
          heads={[
            "Provider",
            "State",
            "Per second",
            "Queue",
            "Balance",
            "Lasts",
            "Receipt lag (median, p95)",
          ]}
        >
          {providers.map((provider) => (
            <ProviderRow key={provider.id} provider={provider} />
          ))}
        </Table>
      )}
    </Card>
  );
}

function ProviderRow({ provider }: { provider: ProviderStateFragment }) {
  const { id, name, balance, balanceIsLow, runway, health } = provider;
  return (
    <tr>
      <td>
        <Link to="/providers/$id" params={{ id }}>
          {name}
        </Link>
      </td>
      <td>
        <ProviderBadge provider={provider} />
      </td>
      <td className="figure">{health.messagesPerSecond.toFixed(1)}</td>
      <td className="figure">{formatCount(health.queueDepth)}</td>
      <td>
        {balance?.units == null ? <Money value={balance?.amount} /> : `${balance.units} units`}{" "}
        {balanceIsLow && <Badge tone="warn">Low</Badge>}
      </td>
      <td className="figure">{runway?.hours == null ? "–" : formatDuration(runway.hours * 3600)}</td>
      <td className="figure">
        {health.receiptLag
          ? `${formatDuration(health.receiptLag.p50)}, ${formatDuration(health.receiptLag.p95)}`
          : "–"}
      </td>
    </tr>
  );
}

export function ProviderBadge({
  provider: { enabled, health },
}: {
  provider: Pick<ProviderStateFragment, "enabled" | "health">;
}) {
  if (!enabled) return <Badge tone="idle">Disabled</Badge>;
  if (health.noCreditSince) return <Badge tone="bad">No credit</Badge>;
  if (health.breaker === "OPEN") return <Badge tone="bad">Breaker open</Badge>;
  if (health.breaker === "HALF_OPEN") return <Badge tone="warn">Testing</Badge>;
  return <Badge tone="good">Healthy</Badge>;
}
