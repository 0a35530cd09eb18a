import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { CreateWatchTokenDocument } from "../../gql/graphql.ts";
import { ofWatchTokens } from "../../lists.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Input, readForm, Select } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Time } from "../../ui/time.tsx";

const kinds = [
  ["message", "A message"],
  ["campaign", "A campaign"],
] as const;

export function CreateWatchToken() {
  const [, create] = useMutation(CreateWatchTokenDocument);
  const [made, setMade] = useState<{ token: string; expiresAt: string }>();
  const [problem, setProblem] = useState<string>();

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { kind, id, seconds } = readForm(event.currentTarget);
    const input = {
      ...(kind === "campaign" ? { campaignId: id } : { messageId: id }),
      expiresInSeconds: Number(seconds),
    };
    const { data, error } = await create({ input }, ofWatchTokens);
    const result = data?.createWatchToken;
    setProblem(problemOf({ data, error }));
    setMade(result && "token" in result ? result : undefined);
  }

  return (
    <Card title="Create a watch token" className="narrow">
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p className="quiet">
          For a browser: it can read and watch one message or one campaign, and nothing else.
        </p>
        <div className="fields">
          <Select label="What" name="kind" options={kinds} />
          <Input label="Id" name="id" required />
          <Input
            label="Seconds"
            name="seconds"
            type="number"
            min="1"
            max="86400"
            defaultValue="900"
            required
          />
        </div>
        <Problem>{problem}</Problem>
        {made && (
          <>
            <Copyable text={made.token} label="the token" />
            <p className="quiet small">
              Until <Time at={made.expiresAt} />. It is not shown again.
            </p>
          </>
        )}
        <div className="row">
          <button className="button primary">Create</button>
        </div>
      </form>
    </Card>
  );
}
