import { useQuery } from "../../query.ts";
import { ProviderNamesDocument, QuotePricesDocument, type QuoteInput } from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { Money } from "../../ui/money.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge } from "../../ui/status.tsx";

interface PricesProps {
  to: string;
  text: string;
  from: string;
  providerId: string;
}

/** What the message would cost with each provider, and which one would take it. */
export function Prices({ to, text, from, providerId }: PricesProps) {
  const [{ data: names }] = useQuery({ query: ProviderNamesDocument, context: ofProviders });
  const input: QuoteInput = { recipients: [{ to }], text, from: from || undefined };
  const [{ data, error }] = useQuery({
    query: QuotePricesDocument,
    variables: { input: { ...input, providerId: providerId || undefined } },
    pause: to === "" || text === "",
  });
  if (to === "" || text === "")
    return <p className="quiet">Write a number and a text to see what it costs.</p>;
  if (error) return <Problem>{wordsOf(error)}</Problem>;
  const line = data?.quote.lines[0];
  const refusal = data?.quote.refused[0]?.reason;
  const providers = names?.providers ?? [];
  if (providers.length === 0) return <p className="quiet">Connect a provider first.</p>;
  return (
    <div className="stack">
      {refusal && <p className="note">{refusal}</p>}
      <ul className="prices">
        {providers.map(({ id, name }) => (
          <Price
            key={id}
            input={{ ...input, providerId: id }}
            name={name}
            isChosen={line?.route.providerId === id}
          />
        ))}
      </ul>
      {line && <p className="quiet small">{line.route.reason}</p>}
    </div>
  );
}

function Price({ input, name, isChosen }: { input: QuoteInput; name: string; isChosen: boolean }) {
  const [{ data }] = useQuery({ query: QuotePricesDocument, variables: { input } });
  const line = data?.quote.lines[0];
  const refusal = data?.quote.refused[0]?.reason;
  return (
    <li>
      <strong>{name}</strong>
      {isChosen && <Badge tone="good">Chosen</Badge>}
      <span className="price">{line && <Money value={line.cost} none="No rate" />}</span>
      {refusal && <span className="quiet small wide">{refusal}</span>}
    </li>
  );
}
