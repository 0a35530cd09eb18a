import { useState } from "react";
import { useMutation } from "urql";
import { RotateCallbackSecretDocument } from "../../gql/graphql.ts";
import { Copyable } from "../../ui/copy.tsx";
import { problemOf } from "../../answer.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import type { ProviderDetails } from "./provider.tsx";

export function CallbackUrl({ provider: { id, callbackUrl } }: { provider: ProviderDetails }) {
  const [, rotate] = useMutation(RotateCallbackSecretDocument);
  const [problem, setProblem] = useState<string>();
  if (!callbackUrl) return <p className="quiet">It has none.</p>;

  async function confirm(): Promise<void> {
    const { data, error } = await rotate({ id });
    setProblem(problemOf({ data, error }));
  }

  return (
    <div className="stack">
      <Copyable text={callbackUrl} label="the callback URL" />
      <p className="quiet small">The provider must post its receipts there. It is secret.</p>
      <Problem>{problem}</Problem>
      <div className="row">
        <Confirm
          action="Replace it"
          title="Replace the callback URL?"
          danger={false}
          onConfirm={() => void confirm()}
        >
          Set the new one at the provider. The present one still works for 96 hours.
        </Confirm>
      </div>
    </div>
  );
}
