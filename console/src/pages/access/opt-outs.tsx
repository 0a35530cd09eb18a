import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import { problemOf } from "../../answer.ts";
import {
  ImportSuppressionsDocument,
  SuppressionsDocument,
  SuppressNumberDocument,
  UnsuppressNumberDocument,
} from "../../gql/graphql.ts";
import { ofSuppressions } from "../../lists.ts";
import { useMay } from "../../session.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Input, readForm } from "../../ui/field.tsx";
import { formatCount } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { Erase } from "./erase.tsx";
import { OptOutWords } from "./opt-out-words.tsx";

/** The numbers that are not to be texted. */
export function OptOuts() {
  const [number, setNumber] = useState<string>();
  const [{ data, error }] = useQuery({
    query: SuppressionsDocument,
    variables: { number },
    requestPolicy: "cache-and-network",
    context: ofSuppressions,
  });
  const [, unsuppress] = useMutation(UnsuppressNumberDocument);
  const [problem, setProblem] = useState<string>();
  const [mayChange, mayErase] = [useMay("SEND"), useMay("ADMIN")];
  const rows = data?.suppressions.edges.map(({ node }) => node);

  function search(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    setNumber(readForm(event.currentTarget)["number"]);
  }

  return (
    <div className="column">
      {mayChange && <AddNumbers />}
      <Card title="Numbers that are not texted">
        <form className="filters inner-first" role="search" aria-label="Opt-outs" onSubmit={search}>
          <div className="fields">
            <Input label="Find a number" name="number" type="search" placeholder="+421 901 000 000" />
          </div>
          <button className="button">Find</button>
        </form>
        <Problem>{problem ?? wordsOf(error)}</Problem>
        {!rows && !error && <Loading />}
        {rows?.length === 0 && (
          <Empty title={number === undefined ? "Everybody may be texted" : "This number is not on the list"}>
            {number === undefined && <p>Who answers STOP comes on the list by itself.</p>}
          </Empty>
        )}
        {rows && rows.length > 0 && (
          <Table label="Numbers that are not texted" heads={["Number", "By", "Why", "Source", "Since", ""]}>
            {rows.map(({ number: to, sender, reason, source, createdAt }) => (
              <tr key={`${to} ${sender}`}>
                <td>
                  <PhoneNumber value={to} />
                </td>
                <td>{sender ?? "Every sender"}</td>
                <td className="quiet">{reason}</td>
                <td>{inWords(source)}</td>
                <td>
                  <Time at={createdAt} />
                </td>
                <td>
                  {mayChange && (
                    <Confirm
                      action="Take off"
                      title="Take this number off the list?"
                      onConfirm={() =>
                        void unsuppress({ number: to, sender }, ofSuppressions).then((answer) =>
                          setProblem(problemOf(answer)),
                        )
                      }
                    >
                      It may be texted again from now on.
                    </Confirm>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Card>
      <OptOutWords />
      {mayErase && <Erase />}
    </div>
  );
}

function AddNumbers() {
  const [, suppress] = useMutation(SuppressNumberDocument);
  const [, importFile] = useMutation(ImportSuppressionsDocument);
  const [said, setSaid] = useState<{ problem?: string | undefined; done?: string }>({});

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const { number = "", sender, reason } = readForm(form);
    const problem = problemOf(await suppress({ number, sender, reason }));
    setSaid(problem === undefined ? { done: "It is on the list." } : { problem });
    if (problem === undefined) form.reset();
  }

  async function bring(file: File | undefined): Promise<void> {
    if (!file) return;
    const answer = await importFile({ input: { file } }, ofSuppressions);
    const result = answer.data?.importSuppressions;
    if (!result || "message" in result) return setSaid({ problem: problemOf(answer) });
    const { added, known, refusedCount } = result;
    setSaid({
      done: `${formatCount(added)} added, ${formatCount(known)} known already, ${formatCount(refusedCount)} could not be read.`,
    });
  }

  return (
    <Card title="Put numbers on the list">
      <form className="filters inner-first" onSubmit={(event) => void submit(event)}>
        <div className="fields">
          <Input label="Number" name="number" type="tel" required placeholder="+421 901 000 000" />
          <Input label="Only by this sender" name="sender" placeholder="Every sender" />
          <Input label="Why" name="reason" />
        </div>
        <div className="row">
          <button className="button primary">Add</button>
          <label className="button">
            Import a file
            <input
              className="visually-hidden"
              type="file"
              accept=".csv,.txt,text/csv"
              onChange={({ target }) => void bring(target.files?.[0])}
            />
          </label>
        </div>
      </form>
      <Problem>{said.problem}</Problem>
      {said.done && (
        <p className="done" role="status">
          {said.done}
        </p>
      )}
    </Card>
  );
}
