import { useState, type SubmitEvent } from "react";
import { useQuery } from "../../query.ts";
import { TryNumberDocument, type TryNumberQuery } from "../../gql/graphql.ts";
import { Input, readForm } from "../../ui/field.tsx";
import { formatMoney, Money } from "../../ui/money.tsx";
import { Card, Facts, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge, inWords } from "../../ui/status.tsx";

/** Which provider would take a message to this number, why, and why not the others. Nothing is sent. */
export function TryNumber() {
  const [asked, setAsked] = useState<{ number: string; text: string }>();
  const { number = "", text = "" } = asked ?? {};
  const [{ data, error, fetching }] = useQuery({
    query: TryNumberDocument,
    variables: { number, input: { recipients: [{ to: number }], text } },
    pause: asked === undefined,
  });

  function submit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    const { number: to = "", text: words = "Hello" } = readForm(event.currentTarget);
    setAsked({ number: to, text: words });
  }

  return (
    <div className="column">
      <form className="card filters" onSubmit={submit}>
        <div className="fields">
          <Input label="Number" name="number" type="tel" required placeholder="+421 901 000 000" />
          <Input label="Text" name="text" placeholder="Hello" />
        </div>
        <button className="button primary" disabled={fetching}>
          Try
        </button>
      </form>
      <Problem>{wordsOf(error)}</Problem>
      {data && !error && <Answer answer={data} />}
    </div>
  );
}

function Answer({ answer: { lookupPhoneNumber: known, quote } }: { answer: TryNumberQuery }) {
  const line = quote.lines[0];
  const refusal = quote.refused[0];
  return (
    <div className="grid">
      <Card title="Number" className="third">
        <Facts
          entries={[
            ["Number", known.international],
            ["Country", known.country ?? "Not known"],
            ["Type", known.type ? inWords(known.type) : "Not known"],
            ["Assigned", known.valid ? "Yes" : "No"],
          ]}
        />
      </Card>
      <Card title="Route" className="two-thirds">
        {refusal && <Problem>{refusal.reason}</Problem>}
        {line && (
          <div className="stack">
            <p className="row">
              <strong>{line.route.providerName}</strong> <Badge tone="good">Chosen</Badge>
              <span className="quiet">{line.route.reason}</span>
            </p>
            <Facts
              entries={[
                ["Price of a segment", line.price ? formatMoney(line.price) : "No rate"],
                ["Cost", <Money value={line.cost} />],
                ["Network", line.network ?? "Whole country"],
                ["From", line.from],
              ]}
            />
            {line.route.rejected.length > 0 && (
              <Table label="Not chosen" heads={["Not chosen", "Why"]}>
                {line.route.rejected.map(({ providerId, providerName, reason }) => (
                  <tr key={providerId}>
                    <td>{providerName}</td>
                    <td className="quiet">{reason}</td>
                  </tr>
                ))}
              </Table>
            )}
          </div>
        )}
      </Card>
    </div>
  );
}
