import { useState, type DragEvent } from "react";
import { useClient } from "urql";
import { Checkbox, Input, Select } from "../../ui/field.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { readFile, type Mapping, type Reading } from "./read-file.ts";
import type { StepProps } from "./new-campaign.tsx";

export function RecipientsStep({ draft, onChange, onNext }: StepProps) {
  const { file, mapping } = draft;
  const client = useClient();
  const [problem, setProblem] = useState<string>();
  const [isReading, setReading] = useState(false);

  async function take(chosen: File | undefined, reading?: Reading): Promise<void> {
    if (!chosen) return;
    setReading(true);
    const read = await readFile(client, chosen, reading);
    setReading(false);
    setProblem(read.problem);
    onChange({
      file: chosen,
      mapping: read.mapping,
      ...(chosen !== file && { name: chosen.name.replace(/\.\w+$/, "") }),
    });
  }

  return (
    <div className="column">
      <Card title="Recipients">
        <div className="stack">
          <DropField file={file} isReading={isReading} onFile={(chosen) => void take(chosen)} />
          <Problem>{problem}</Problem>
          {mapping && (
            <Columns
              mapping={mapping}
              onChange={(next) => onChange({ mapping: next })}
              onRead={(reading) => void take(file, reading)}
            />
          )}
          {mapping && <Numbers draft={draft} onChange={onChange} />}
        </div>
      </Card>
      <div className="row">
        <button type="button" className="button primary" disabled={!file || !mapping} onClick={onNext}>
          Continue
        </button>
      </div>
    </div>
  );
}

/** What is done with numbers as they stand in spreadsheets. */
const Numbers = ({ draft, onChange }: Pick<StepProps, "draft" | "onChange">) => (
  <div className="fields">
    <Input
      label="Country of numbers without a code"
      value={draft.defaultCountry}
      maxLength={2}
      placeholder="As in the account’s settings"
      hint="Two letters, such as SK."
      onChange={({ target }) => onChange({ defaultCountry: target.value })}
    />
    <Checkbox
      label="Text a number as often as it is in the file"
      checked={draft.keepsDuplicates}
      onChange={({ target }) => onChange({ keepsDuplicates: target.checked })}
    />
  </div>
);

interface DropFieldProps {
  file: File | undefined;
  isReading: boolean;
  onFile: (file: File | undefined) => void;
}

function DropField({ file, isReading, onFile }: DropFieldProps) {
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    onFile(event.dataTransfer.files[0]);
  };
  return (
    <label
      className={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        className="visually-hidden"
        type="file"
        accept=".xlsx,.csv,.tsv,.txt,text/csv"
        aria-label="File with recipients"
        onChange={({ target }) => onFile(target.files?.[0])}
      />
      <strong>{file ? file.name : "Drop a workbook or a CSV file here, or choose one"}</strong>
      <span className="small">
        {isReading
          ? "It is being read."
          : file
            ? `${(file.size / 1024).toFixed(1)} kB. Choose another one to replace it.`
            : "XLSX or CSV with a header row. One column has the numbers; the others are values for the text."}
      </span>
    </label>
  );
}

interface ColumnsProps {
  mapping: Mapping;
  onChange: (mapping: Mapping) => void;
  onRead: (reading: Reading) => void;
}

/** Those that files come in where the one that was found may be wrong. */
const encodings = ["utf-8", "windows-1250", "windows-1252", "windows-1251", "utf-16le"];

function Columns({ mapping, onChange, onRead }: ColumnsProps) {
  const { head, to, clientRef } = mapping;
  const { columns, sample, sheet, sheets } = head;
  const named = columns.filter((name) => name !== "").map((name) => [name, name] as const);
  return (
    <>
      <div className="fields">
        {sheet && sheets && sheets.length > 1 && (
          <Select
            label="Sheet"
            value={sheet}
            onChange={({ target }) => onRead({ sheet: target.value })}
            options={sheets.map((name) => [name, name] as const)}
          />
        )}
        {head.encoding && (
          <Select
            label="Encoding"
            value={mapping.encoding ?? ""}
            onChange={({ target }) => onRead({ encoding: target.value || undefined })}
            options={[
              ["", mapping.encoding ? "As it is found" : `Found: ${head.encoding}`],
              ...encodings.map((name) => [name, name] as const),
            ]}
          />
        )}
        <Select
          label="Column with the numbers"
          value={to}
          onChange={({ target }) => onChange({ ...mapping, to: target.value })}
          options={named}
        />
        <Select
          label="Column with your references"
          value={clientRef}
          onChange={({ target }) => onChange({ ...mapping, clientRef: target.value })}
          options={[["", "None"], ...named.filter(([name]) => name !== to)]}
        />
      </div>
      <Table label="The first rows" heads={columns}>
        {sample.map((row, index) => (
          <tr key={index}>
            {columns.map((name, at) => (
              <td key={`${at} ${name}`} className="clip">
                {name === to ? <PhoneNumber value={row[at] ?? ""} /> : row[at]}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </>
  );
}
