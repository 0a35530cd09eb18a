/** What a person lists in one field, separated by commas; undefined where there is nothing. */
export function listIn(text: string | undefined): string[] | undefined {
  const words = (text ?? "").split(",").map((word) => word.trim());
  const given = words.filter((word) => word !== "");
  return given.length > 0 ? given : undefined;
}
