/** A step's name in, its colour out: the same in graph, list and headers, in every theme. */

/** JupyterLab's own set of colours that tell things apart without meaning anything: `--jp-collaborator-color1` to 7. */
const COLOURS = 7;

/** The colour of a step as CSS. It goes by the name alone, so that no step changes its colour when others come. */
export function stepColour(name: string): string {
  let hash = 0x811c9dc5;
  for (const character of name.normalize('NFC')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return `var(--jp-collaborator-color${((hash >>> 8) % COLOURS) + 1})`;
}
