import { Link } from "@tanstack/react-router";
import { useMay } from "../../session.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatCount, Money } from "../../ui/money.tsx";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Badge } from "../../ui/status.tsx";
import { formatDuration } from "../../ui/time.tsx";
import type { ProviderStateFragment } from "../../gql/graphql.ts";
import { ProviderBadge, useProviderStates } from "../overview/provider-states.tsx";

export function Providers() {
  const { providers, problem } = useProviderStates();
  return (
    <Page title="Providers" actions={<ConnectLink />}>
      <Problem>{problem}</Problem>
      {providers === undefined ? (
        !problem && <Loading />
      ) : providers.length === 0 ? (
        <Empty title="No provider is connected">
          <p>Connect an account at a provider, and messages go through it.</p>
          <ConnectLink />
        </Empty>
      ) : (
        <ul className="cards">
          {providers.map((provider) => (
            <ProviderCard key={provider.id} provider={provider} />
          ))}
        </ul>
      )}
    </Page>
  );
}

function ProviderCard({ provider }: { provider: ProviderStateFragment }) {
  const { id, name, kind, balance, balanceIsLow, runway, health } = provider;
  return (
    <li className="card stack">
      <div className="row">
        <h2>
          <Link to="/providers/$id" params={{ id }}>
            {name}
          </Link>
        </h2>
        <ProviderBadge provider={provider} />
        {balanceIsLow && <Badge tone="warn">Low balance</Badge>}
      </div>
      <dl className="facts">
        <div>
          <dt>Kind</dt>
          <dd>{kind}</dd>
        </div>
        <div>
          <dt>Balance</dt>
          <dd>{balance?.units == null ? <Money value={balance?.amount} /> : `${balance.units} units`}</dd>
        </div>
        <div>
          <dt>Lasts</dt>
          <dd>{runway?.hours == null ? "–" : formatDuration(runway.hours * 3600)}</dd>
        </div>
        <div>
          <dt>Per second, and waiting</dt>
          <dd>
            {health.messagesPerSecond.toFixed(1)}, {formatCount(health.queueDepth)}
          </dd>
        </div>
      </dl>
      {health.lastError && <p className="quiet small">Last problem: {health.lastError}</p>}
    </li>
  );
}

const ConnectLink = () =>
  useMay("PROVIDERS") ? (
    <Link to="/providers/connect" className="button primary">
      Connect a provider
    </Link>
  ) : null;
