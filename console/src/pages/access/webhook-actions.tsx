import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMutation } from "urql";
import {
  DeleteWebhookDocument,
  ReplayWebhookDocument,
  RotateWebhookSecretDocument,
  SendTestWebhookDocument,
  UpdateWebhookDocument,
} from "../../gql/graphql.ts";
import { problemOf } from "../../answer.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { readEvents, readWebhook, WebhookFields } from "./webhook-fields.tsx";
import type { WebhookDetails } from "./webhook.tsx";

const hourMs = 3_600_000;

export function WebhookActions({ webhook }: { webhook: WebhookDetails }) {
  const { id, name, status, stream } = webhook;
  const [said, setSaid] = useState<{ problem?: string | undefined; done?: string; secret?: string }>({});
  const [, test] = useMutation(SendTestWebhookDocument);
  const [, update] = useMutation(UpdateWebhookDocument);
  const [, replay] = useMutation(ReplayWebhookDocument);
  const [, rotate] = useMutation(RotateWebhookSecretDocument);
  const [, remove] = useMutation(DeleteWebhookDocument);
  const navigate = useNavigate();
  const isDisabled = status === "DISABLED";

  async function sendTest(): Promise<void> {
    const answer = await test({ id });
    const result = answer.data?.sendTestWebhook;
    if (!result || "message" in result) return setSaid({ problem: problemOf(answer) });
    const text = `${result.responseCode ?? "No answer"} in ${result.latencyMilliseconds} ms`;
    setSaid(result.delivered ? { done: `Delivered: ${text}` } : { problem: `${result.problem} (${text})` });
  }

  async function replayHour(): Promise<void> {
    const problem = problemOf(
      await replay({ input: { id, since: new Date(Date.now() - hourMs).toISOString() } }),
    );
    setSaid(problem === undefined ? { done: "The last hour is delivered again." } : { problem });
  }

  async function rotateSecret(): Promise<void> {
    const answer = await rotate({ id });
    const result = answer.data?.rotateWebhookSecret;
    setSaid(result && "secret" in result ? { secret: result.secret } : { problem: problemOf(answer) });
  }

  async function leave(): Promise<void> {
    const problem = problemOf(await remove({ id }));
    if (problem !== undefined) return setSaid({ problem });
    await navigate({ to: "/access", search: { tab: "webhooks" } });
  }

  return (
    <>
      <Problem>{said.problem}</Problem>
      {said.done && (
        <p className="done" role="status">
          {said.done}
        </p>
      )}
      {said.secret && <Copyable text={said.secret} label="the new secret" />}
      <button type="button" className="button" onClick={() => void sendTest()}>
        Send a test
      </button>
      <button type="button" className="button" onClick={() => void replayHour()}>
        Replay the last hour
      </button>
      <FormDialog
        title={`Change ${name}`}
        action="Change"
        submit="Save"
        onSubmit={async (form) =>
          problemOf(
            await update({
              input: { id, ...readWebhook(form), ...(stream === "MESSAGES" && readEvents(form, webhook)) },
            }),
          )
        }
      >
        <WebhookFields webhook={webhook} />
      </FormDialog>
      <button
        type="button"
        className="button"
        onClick={() =>
          void update({ input: { id, enabled: isDisabled } }).then((answer) =>
            setSaid({ problem: problemOf(answer) }),
          )
        }
      >
        {isDisabled ? "Enable" : "Disable"}
      </button>
      <Confirm
        action="New secret"
        title="Make a new secret?"
        danger={false}
        onConfirm={() => void rotateSecret()}
      >
        For 24 hours both sign, so that nothing is refused meanwhile.
      </Confirm>
      <Confirm action="Delete" title={`Delete ${name}?`} onConfirm={() => void leave()}>
        Its deliveries go with it. This cannot be undone.
      </Confirm>
    </>
  );
}
