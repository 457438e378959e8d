/** An analysis in, a picture as an SVG file out: no script, font or link; readable on light and on dark pages. */

import type { Analysis } from '../wire';
import {
  type Direction,
  drawingOf,
  headOf,
  lineId,
  middleOf,
  pathOf,
  shortened
} from './layout';

const MARGIN = 14;
const NAME_CHARACTERS = 24;
const LABEL_CHARACTERS = 28;

const STYLE = `
text { font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; text-anchor: middle }
.step { fill: #ffffff; stroke: #3b6fb6; stroke-width: 1.5 }
.name { fill: #1b2430; font-size: 13px; font-weight: 600 }
.note { fill: #5b6675; font-size: 11px }
.edge { fill: none; stroke: #8592a3; stroke-width: 1.4 }
.order { stroke-dasharray: 4 4 }
.head { fill: #8592a3 }
.label { fill: #31577f; font-size: 11px; font-family: ui-monospace, Menlo, Consolas, monospace; paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
@media (prefers-color-scheme: dark) {
  .step { fill: #1d2733; stroke: #6ea3e8 }
  .name { fill: #eaf0f7 }
  .note { fill: #a3b0c0 }
  .edge { stroke: #7c8a9c }
  .head { fill: #7c8a9c }
  .label { fill: #b6d2f3; stroke: #111921 }
}
`;

/** An element: its name, attributes, and what it holds. Texts are text: they are escaped when it is written. */
interface IElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly content: ReadonlyArray<IElement | string>;
}

function element(
  name: string,
  attributes: IElement['attributes'],
  ...content: IElement['content']
): IElement {
  return { name, attributes, content };
}

/** The picture as text. `cells`: what is said of a step's cells. */
export function svg(
  analysis: Pick<Analysis, 'steps' | 'edges'>,
  direction: Direction,
  title: string,
  cells: (cells: readonly number[]) => string
): string {
  const drawing = drawingOf(analysis, direction);
  const width = Math.ceil(drawing.width + 2 * MARGIN);
  const height = Math.ceil(drawing.height + 2 * MARGIN);
  const canvas: IElement[] = [];
  const labels: IElement[] = [];
  for (const edge of analysis.edges) {
    const points = drawing.lines.get(lineId(edge));
    if (!points) {
      continue;
    }
    const kind = edge.kind === 'order' ? 'edge order' : 'edge';
    const path = pathOf(shortened(points, direction), direction);
    const tip = element('title', {}, edge.reasons.join('\n'));
    canvas.push(element('path', { class: kind, d: path }, tip));
    canvas.push(
      element('path', { class: 'head', d: headOf(points, direction) })
    );
    const { x, y } = middleOf(points);
    const text = cut(edge.variables.join(', '), LABEL_CHARACTERS);
    labels.push(element('text', { class: 'label', x, y: y + 4 }, text));
  }
  for (const step of analysis.steps) {
    const box = drawing.boxes.get(step.id);
    if (box) {
      const { x, y, width, height } = box;
      const middle = x + width / 2;
      canvas.push(
        element(
          'g',
          {},
          element('title', {}, step.name),
          element('rect', { class: 'step', x, y, width, height, rx: 6 }),
          element(
            'text',
            { class: 'name', x: middle, y: y + 19 },
            cut(step.name, NAME_CHARACTERS)
          ),
          element(
            'text',
            { class: 'note', x: middle, y: y + 35 },
            cells(step.cells)
          )
        )
      );
    }
  }
  const root = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img'
    },
    element('title', {}, title),
    element('style', {}, STYLE),
    element(
      'g',
      { transform: `translate(${MARGIN} ${MARGIN})` },
      ...canvas,
      ...labels
    )
  );
  return `${written(root)}\n`;
}

function cut(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length
    ? text
    : `${characters.slice(0, length - 1).join('')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;'
};

/** What no XML file may hold: control characters, and halves of characters. */
const NO_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escaped(text: string): string {
  return text
    .replace(NO_XML, '')
    .replace(/[&<>"]/g, sign => ENTITIES[sign] ?? sign);
}

function written(node: IElement | string): string {
  if (typeof node === 'string') {
    return escaped(node);
  }
  const attributes = Object.entries(node.attributes).map(
    ([name, value]) => ` ${name}="${escaped(String(value))}"`
  );
  const head = `${node.name}${attributes.join('')}`;
  return node.content.length
    ? `<${head}>${node.content.map(written).join('')}</${node.name}>`
    : `<${head}/>`;
}
