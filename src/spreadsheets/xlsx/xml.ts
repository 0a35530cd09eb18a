import { StringDecoder } from "node:string_decoder";
import { SaxesParser } from "saxes";
import type { FileReader } from "../file-reader.ts";
import { unreadable } from "../table.ts";

/** What happens while a document is read; names have no prefix. */
export interface XmlHandler {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

/**
 * Characters in which no tag, text or comment may end. The parser keeps what has not ended: a text of the longest cell with
 * all its characters escaped has a quarter of this.
 */
const maxOpen = 1024 ** 2;
/** Elements in each other; those of spreadsheets have some ten. */
const maxDepth = 100;

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

/** Feeds a document to its handler, and yields after each piece. Entities of its own and external ones are errors. */
export async function* readXml(
  bytes: AsyncIterable<Buffer>,
  handler: XmlHandler,
  reader: FileReader,
): AsyncGenerator<void> {
  const parser = new SaxesParser({ position: false });
  let [depth, open] = [0, 0];
  const noteEnd = (): void => void (open = 0);
  parser.on("doctype", () => {
    throw unreadable("The workbook has a document type, which no spreadsheet writes. Save it again.");
  });
  parser.on("opentag", ({ name, attributes }) => {
    noteEnd();
    if (++depth > maxDepth) throw unreadable("The workbook is nested too deeply. Save it again.");
    handler.open(localName(name), attributes as Record<string, string>);
  });
  parser.on("closetag", ({ name }) => {
    noteEnd();
    depth--;
    handler.close?.(localName(name));
  });
  const onText = (text: string): void => {
    noteEnd();
    handler.text?.(text);
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("comment", noteEnd);
  parser.on("processinginstruction", noteEnd);
  const decoder = new StringDecoder("utf8");
  try {
    for await (const chunk of bytes) {
      for (let start = 0; start < chunk.length;) {
        const end = start + reader.pieceLength;
        const piece = decoder.write(chunk.subarray(start, end));
        open += piece.length;
        if (open > maxOpen)
          throw unreadable("A text or a tag of the workbook is far too long. Save it again.");
        reader.begin();
        parser.write(piece);
        await reader.rest();
        yield;
        start = end;
      }
    }
    parser.close();
    yield;
  } catch (error) {
    if (error instanceof Error && error.constructor !== Error) throw error;
    throw unreadable(
      `A part of the workbook is no XML: ${error instanceof Error ? error.message.slice(0, 200) : "it is broken"}. Save it again.`,
    );
  }
}

/** Bytes of a document about a workbook; the styles of one that was copied together for years have a third of it. */
const maxWhole = 32 * 1024 ** 2;

/** Reads a small document to its end. @throws UnreadableTableError when it is not small */
export async function readWhole(
  bytes: AsyncIterable<Buffer>,
  handler: XmlHandler,
  reader: FileReader,
): Promise<void> {
  for await (const _ of readXml(atMost(bytes, maxWhole), handler, reader));
}

async function* atMost(bytes: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > most)
      throw unreadable(
        `A part of the workbook that says how it looks has more than ${most} bytes. Save it as CSV UTF-8.`,
      );
    yield chunk;
  }
}
