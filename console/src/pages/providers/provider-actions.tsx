import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMutation } from "urql";
import {
  CheckProviderDocument,
  DisconnectProviderDocument,
  RefreshBalanceDocument,
  RefreshRatesDocument,
  UpdateProviderDocument,
} from "../../gql/graphql.ts";
import { problemOf, type Answer } from "../../answer.ts";
import { useMay } from "../../session.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Connection } from "./connection.tsx";
import type { ProviderDetails } from "./provider.tsx";

export function ProviderActions({ provider }: { provider: ProviderDetails }) {
  const { id, name, enabled, capabilities } = provider;
  const [said, setSaid] = useState<{ problem?: string | undefined; done?: string | undefined }>({});
  const [{ fetching: isChecking }, check] = useMutation(CheckProviderDocument);
  const [, refreshBalance] = useMutation(RefreshBalanceDocument);
  const [, refreshRates] = useMutation(RefreshRatesDocument);
  const [, update] = useMutation(UpdateProviderDocument);
  const [, disconnect] = useMutation(DisconnectProviderDocument);
  const navigate = useNavigate();
  const [mayConnect, mayBill] = [useMay("PROVIDERS"), useMay("BILLING")];

  async function tell(asked: Promise<Answer>, done: string): Promise<void> {
    const problem = problemOf(await asked);
    setSaid(problem === undefined ? { done } : { problem });
  }

  async function runCheck(): Promise<void> {
    const answer = await check({ id });
    const result = answer.data?.checkProvider;
    if (!result || "message" in result) return setSaid({ problem: problemOf(answer) });
    const text = `${result.detail} (${result.latencyMilliseconds} ms)`;
    setSaid(result.reachable && result.authenticated ? { done: text } : { problem: text });
  }

  async function leave(): Promise<void> {
    const problem = problemOf(await disconnect({ id }));
    if (problem !== undefined) return setSaid({ problem });
    await navigate({ to: "/providers" });
  }

  return (
    <>
      <Problem>{said.problem}</Problem>
      {said.done && (
        <p className="done" role="status">
          {said.done}
        </p>
      )}
      {mayConnect && (
        <button type="button" className="button" disabled={isChecking} onClick={() => void runCheck()}>
          Check
        </button>
      )}
      {mayBill && capabilities.balance && (
        <button
          type="button"
          className="button"
          onClick={() => void tell(refreshBalance({ providerId: id }), "The balance was fetched.")}
        >
          Fetch balance
        </button>
      )}
      {mayBill && capabilities.rates && (
        <button
          type="button"
          className="button"
          onClick={() => void tell(refreshRates({ providerId: id }), "The rates were fetched.")}
        >
          Fetch rates
        </button>
      )}
      {mayConnect && (
        <>
          <Connection provider={provider} />
          <button
            type="button"
            className="button"
            onClick={() =>
              void tell(
                update({ input: { id, enabled: !enabled } }),
                enabled ? "It is disabled." : "It is enabled.",
              )
            }
          >
            {enabled ? "Disable" : "Enable"}
          </button>
          <Confirm action="Disconnect" title={`Disconnect ${name}?`} onConfirm={() => void leave()}>
            Its messages are kept. Its callback URL stops working at once.
          </Confirm>
        </>
      )}
    </>
  );
}
