/** An analysis in, a Mermaid flow chart out: the same text as `nb2pipe graph --mermaid` prints. */

import type { Analysis } from '../wire';

/** As GitHub and JupyterLab show it in Markdown. */
export function mermaid(analysis: Pick<Analysis, 'steps' | 'edges'>): string {
  const numbers = new Map(
    analysis.steps.map((step, place) => [step.id, place])
  );
  const lines = ['flowchart TD'];
  for (const [place, step] of analysis.steps.entries()) {
    lines.push(`    s${place}["${plain(step.name)}"]`);
  }
  for (const edge of analysis.edges) {
    const source = numbers.get(edge.source);
    const target = numbers.get(edge.target);
    lines.push(
      edge.variables.length
        ? `    s${source} -->|"${plain(edge.variables.join(', '))}"| s${target}`
        : `    s${source} -.->|"${plain(edge.reasons.join('; '))}"| s${target}`
    );
  }
  return `${lines.join('\n')}\n`;
}

const HARMLESS = /^[\p{L}\p{Nd}\p{No}\p{Nl} _\-.,:/]$/u;

/** Mermaid's own entities: everything that is no letter, digit or harmless sign becomes `#code;`. */
function plain(text: string): string {
  return Array.from(text.replace(/\s+/g, ' ').trim(), character =>
    HARMLESS.test(character) ? character : `#${character.codePointAt(0)};`
  ).join('');
}
