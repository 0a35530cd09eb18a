import { useQuery } from "../../query.ts";
import { PreviewTextDocument, type PreviewTextQuery } from "../../gql/graphql.ts";
import { Badge } from "../../ui/status.tsx";

type Preview = PreviewTextQuery["previewText"];

/** How the text is split and charged, what makes it dear, and how it gets cheaper. */
export function Segments({ text, onRewrite }: { text: string; onRewrite: (text: string) => void }) {
  const [{ data }] = useQuery({ query: PreviewTextDocument, variables: { text }, pause: text === "" });
  if (text === "" || !data) return <p className="quiet small">Segments are counted as you write.</p>;
  const { previewText: preview } = data;
  return (
    <div className="stack" aria-live="polite">
      <p className="row small">
        <Badge tone={preview.encoding === "GSM7" ? "good" : "warn"}>
          {preview.encoding === "GSM7" ? "GSM-7" : "UCS-2"}
        </Badge>
        <strong>
          {preview.segments} {preview.segments === 1 ? "segment" : "segments"}
        </strong>
        <span className="quiet">
          {preview.charactersUsed} characters used, {preview.charactersLeft} left in the last of{" "}
          {preview.charactersPerSegment}
        </span>
      </p>
      {preview.forcingCharacters.length > 0 && (
        <Forcing text={text} preview={preview} onRewrite={onRewrite} />
      )}
      {preview.warnings.map((warning) => (
        <p key={warning} className="note">
          {warning}
        </p>
      ))}
    </div>
  );
}

interface ForcingProps {
  text: string;
  preview: Preview;
  onRewrite: (text: string) => void;
}

function Forcing({
  text,
  preview: { forcingCharacters, gsmSafeText, segmentsSaved },
  onRewrite,
}: ForcingProps) {
  return (
    <>
      <p className="composed" aria-label="Characters that force UCS-2">
        {highlight(text, forcingCharacters)}
      </p>
      {gsmSafeText != null && (
        <div className="row">
          <button type="button" className="button small" onClick={() => onRewrite(gsmSafeText)}>
            Rewrite to GSM-7
          </button>
          <span className="quiet small">
            {segmentsSaved > 0
              ? `Saves ${segmentsSaved} ${segmentsSaved === 1 ? "segment" : "segments"} a message.`
              : "Saves no segment yet."}
          </span>
        </div>
      )}
    </>
  );
}

/** The text with the characters marked that are not in GSM-7. */
function highlight(text: string, forcing: Preview["forcingCharacters"]) {
  let end = 0;
  const parts = forcing.flatMap(({ character, codePoint, position, replacement }) => {
    const before = text.slice(end, position);
    end = position + character.length;
    const title = replacement == null ? codePoint : `${codePoint}, as GSM-7: ${replacement}`;
    return [
      before,
      <mark key={position} title={title}>
        {character}
      </mark>,
    ];
  });
  return [...parts, text.slice(end)];
}
