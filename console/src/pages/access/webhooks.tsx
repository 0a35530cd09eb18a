import { Link } from "@tanstack/react-router";
import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import { CreateWebhookDocument, WebhooksDocument } from "../../gql/graphql.ts";
import { ofWebhooks } from "../../lists.ts";
import { problemOf } from "../../answer.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Dialog, DialogClose } from "../../ui/dialog.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { readForm } from "../../ui/field.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Status } from "../../ui/status.tsx";
import { readEvents, readWebhook, WebhookFields } from "./webhook-fields.tsx";

export function Webhooks() {
  const [{ data, error }] = useQuery({
    query: WebhooksDocument,
    requestPolicy: "cache-and-network",
    context: ofWebhooks,
  });
  const rows = data?.webhooks.edges.map(({ node }) => node);
  return (
    <Card title="Webhooks" actions={<CreateWebhook />}>
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 && (
        <Empty title="No webhooks">
          <p>Create one, and every event is posted to your own server, signed, as it happens.</p>
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <Table label="Webhooks" heads={["Name", "Address", "Delivers", "State", "Problem"]}>
          {rows.map(({ id, name, url, stream, status, problem }) => (
            <tr key={id}>
              <td>
                <Link to="/access/webhooks/$id" params={{ id }}>
                  {name}
                </Link>
              </td>
              <td>
                <code>{url}</code>
              </td>
              <td>{stream === "AUDIT" ? "Audit log" : "Messages"}</td>
              <td>
                <Status status={status} />
              </td>
              <td className="quiet">{problem}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

function CreateWebhook() {
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [, create] = useMutation(CreateWebhookDocument);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = readForm(event.currentTarget);
    const isAudit = form["stream"] === "AUDIT";
    const input = { ...readWebhook(form), ...(isAudit ? { stream: "AUDIT" as const } : readEvents(form)) };
    const { data, error } = await create({ input });
    const result = data?.createWebhook;
    setProblem(problemOf({ data, error }));
    if (result && "secret" in result) setSecret(result.secret);
  }

  return (
    <Dialog
      title="Create a webhook"
      trigger={
        <button type="button" className="button primary">
          Create a webhook
        </button>
      }
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setSecret(undefined);
        setProblem(undefined);
      }}
    >
      {secret ? (
        <div className="stack">
          <p>It signs the requests. Store it now: it is not shown again.</p>
          <Copyable text={secret} label="the secret" />
          <div className="dialog-actions">
            <DialogClose>Done</DialogClose>
          </div>
        </div>
      ) : (
        <form className="stack" onSubmit={(event) => void submit(event)}>
          <WebhookFields />
          <Problem>{problem}</Problem>
          <div className="dialog-actions">
            <DialogClose>Cancel</DialogClose>
            <button className="button primary">Create</button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
