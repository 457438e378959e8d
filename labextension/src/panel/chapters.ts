/** The manual of diagnostics in, its chapter on one code out. */

/** The text below the heading `## CODE`, up to the next heading; null if there is none. */
export function chapterOf(manual: string, code: string): string | null {
  const lines = manual.split('\n');
  const start = lines.findIndex(line => line.trim() === `## ${code}`);
  if (start < 0) {
    return null;
  }
  const rest = lines.slice(start + 1);
  const end = rest.findIndex(line => /^#{1,2} /.test(line));
  return (end < 0 ? rest : rest.slice(0, end)).join('\n').trim();
}
