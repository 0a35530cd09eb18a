import { expect, test } from "vitest";
import { readRecipientFile, type MappedColumn } from "../../../src/campaigns/intake/recipient-file.ts";
import { parseTemplate } from "../../../src/campaigns/intake/template.ts";

async function read(file: string, text: string, columns: MappedColumn[] = []): Promise<unknown[]> {
  const bytes = (async function* () {
    yield Buffer.from(file);
  })();
  const rows = [];
  for await (const part of await readRecipientFile(bytes, parseTemplate(text), columns)) rows.push(...part);
  return rows.map(({ to, clientRef, values }) => [to, clientRef, ...values]);
}

test.each([
  "To,First Name,Client-Ref",
  "TO,FIRST_NAME,client_ref",
  "to,firstname,clientref",
  "ｔｏ,first\u00A0name,Client Ref",
])("the header %s has the columns `to`, `clientRef` and {{first_name}}", async (header) => {
  expect(await read(`${header}\n+421901000000,Eva,a1\n`, "Hi {{first_name}}")).toEqual([
    ["+421901000000", "a1", "Eva"],
  ]);
});

test("a column of exactly the placeholder's name goes before one that is only alike", async () => {
  expect(await read("to,Name,name\n+421901000000,A,B\n", "Hi {{name}}")).toEqual([
    ["+421901000000", null, "B"],
  ]);
});

test("two columns that are only alike are not guessed between", async () => {
  await expect(read("to,Name,NAME\n+421901000000,A,B\n", "Hi {{name}}")).rejects.toThrow(/\{\{name\}\}/);
});

test("`columns` says which columns are `to`, a reference and a placeholder", async () => {
  const columns = [
    { column: "mobil", as: "to" },
    { column: "Číslo", as: "clientRef" },
    { column: "Meno", as: "name" },
  ];
  expect(await read("Mobil;Číslo;Meno\n+421901000000;7;Eva\n", "Hi {{name}}", columns)).toEqual([
    ["+421901000000", "7", "Eva"],
  ]);
});

test("a column that the file does not have is named in the error, with those that it has", async () => {
  const wrong = read("Mobil,Meno\n1,2\n", "Hi", [{ column: "Telefon", as: "to" }]);
  await expect(wrong).rejects.toThrow(/no column "Telefon"\. It has Mobil, Meno/);
});
